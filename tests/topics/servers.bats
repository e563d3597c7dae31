#!/usr/bin/env bats
# The servers and clients that the other tests rely on.
# shellcheck disable=SC1091,SC2030,SC2031,SC2154

load ../lib/helper

# Processes that work in a directory, dead ones that nobody has waited for aside.
processes_in() { # DIR
	find /proc -maxdepth 2 -name cwd -lname "$1" 2>/dev/null
}

nothing_left_in() { # DIR
	[ -z "$(processes_in "$1")" ]
}

# One request on a connection of its own, which the stub closes; prints the answer.
ask() { # METHOD TARGET [HEADER...]
	{
		printf '%s %s HTTP/1.1\r\nHost: stub\r\n' "$1" "$2"
		printf '%s\r\n' "${@:3}" 'Connection: close' ''
	} | talk
}

# Sends stdin to the stub and prints what comes back, until the stub hangs up.
talk() {
	exec 5<>"/dev/tcp/127.0.0.1/$port"
	cat >&5
	cat <&5
	exec 5>&-
}

body() {
	sed '1,/^\r$/d'
}

as_second_user() {
	AWS_ACCESS_KEY_ID=$S3_SECOND_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECOND_SECRET_ACCESS_KEY "$@"
}

@test "up: what a user has in the environment does not leak into a test" {
	out=$(AWS_PROFILE=x AWS_SESSION_TOKEN=x AWS_ENDPOINT_URL=x https_proxy=x AWS_REGION=x \
		sh -c '. "$SERVERS_DIR/env"; env' | grep '=x$' || :)
	assert_eq "$out" ''
}

@test "up: two at once do not disturb each other, and down leaves no process" {
	a=$BATS_TEST_TMPDIR/a b="$BATS_TEST_TMPDIR/b b"
	"$tests/servers/up" "$a" 3>&- & up_a=$!
	"$tests/servers/up" "$b" 3>&- & up_b=$!
	wait $up_a
	wait $up_b
	for dir in "$a" "$b"; do
		. "$dir/env"
		s3c mb only-here
		printf %s "$dir" | s3c put only-here key
	done
	. "$a/env"
	assert_eq "$(s3c get only-here key)" "$a"

	run3 "$tests/servers/up" "$a"
	assert_eq "$status $err" "1 up: already running in $a"$'\n'
	assert_eq "$(s3c get only-here key)" "$a"

	"$tests/servers/down" "$a"
	nothing_left_in "$a"
	. "$b/env"
	assert_eq "$(s3c get only-here key)" "$b"

	# However the keeper dies, nothing stays.
	kill -KILL "$(<"$b/pid")"
	wait_until nothing_left_in "$b"
	"$tests/servers/down" "$b"
}

@test "up: the servers go when a server dies, or the process that they are for" {
	dir=$BATS_TEST_TMPDIR/s
	sleep 60 3>&- & sleeper=$!
	"$tests/servers/up" "$dir" --with $sleeper
	kill $sleeper
	wait_until nothing_left_in "$dir"

	"$tests/servers/up" "$dir"
	kill -KILL "$(pgrep -P "$(<"$dir/pid")" ceph-osd)"
	wait_until nothing_left_in "$dir"
}

@test "up: killed half-way, it leaves no process" {
	dir=$BATS_TEST_TMPDIR/s
	for signal in TERM KILL; do
		rm -rf "$dir"
		"$tests/servers/up" "$dir" 3>&- & up=$!
		wait_until test -e "$dir/mon.log"
		kill -$signal $up
		wait_until nothing_left_in "$dir"
	done
}

@test "up: names the missing packages" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for command in bash dirname node openssl; do
		ln -s "$(command -v $command)" "$BATS_TEST_TMPDIR/bin"
	done
	run3 env PATH="$BATS_TEST_TMPDIR/bin" "$tests/servers/up" "$BATS_TEST_TMPDIR/s"
	assert_eq "$status $err" \
		$'69 up: missing Debian packages: ceph-mon ceph-osd ceph-base radosgw ceph-common\n'
}

@test "rgw: checks signatures and permissions" {
	new_bucket mine
	AWS_SECRET_ACCESS_KEY=wrong run3 s3c ls "$mine"
	assert_eq "$status ${err%%: GET*}" '1 s3c: SignatureDoesNotMatch'
	AWS_ACCESS_KEY_ID=nobody run3 s3c ls "$mine"
	assert_eq "$status ${err%%: GET*}" '1 s3c: InvalidAccessKeyId'
	run3 as_second_user s3c ls "$mine"
	assert_eq "$status ${err%%: GET*}" '1 s3c: AccessDenied'
}

@test "rgw: speaks TLS with a certificate that its CA file vouches for" {
	address=${S3_TLS_ENDPOINT#https://}
	run3 openssl s_client -connect "$address" -CAfile "$S3_CACERT" \
		-verify_return_error -verify_ip 127.0.0.1 -quiet \
		<<<$'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r'
	[[ $out == 'HTTP/1.1 200 OK'* ]]
}

@test "s3c: every key arrives as it is" {
	new_bucket bucket
	keys=(
		'plain' ' a  b+c%20d%2Fe&f=g' $'quo"te\'s <xml> \\ `$'
		$'new\nline\r\ttab\n' $'\x01\x1b\x7f' 'é 日本 😀' 'é'
		.. ../../up a/../b ./c // /lead trail/ '?versionId=1#;,:@!*()~[]{}|^' -dash
		"$(printf 'k%.0s' {1..1024})"
	)
	for i in "${!keys[@]}"; do
		printf %s "$i" | s3c put "$bucket" -- "${keys[i]}" >/dev/null
	done
	assert_eq "$(s3c ls "$bucket" | jq '[.[].key] | sort')" \
		"$(jq -n '$ARGS.positional | sort' --args -- "${keys[@]}")"
	for i in "${!keys[@]}"; do
		assert_eq "$(s3c get "$bucket" -- "${keys[i]}")" "$i"
	done
	s3c empty "$bucket"
	assert_eq "$(s3c ls "$bucket")" '[]'
}

@test "s3c: headers, tags, bytes, and what is not there" {
	new_bucket bucket
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	s3c put "$bucket" key "$BATS_TEST_TMPDIR/bytes" -H 'Content-Type: text/csv' -H 'x-amz-meta-a: b c'
	s3c get "$bucket" key | cmp - "$BATS_TEST_TMPDIR/bytes"
	assert_json '.status == 200 and .headers["content-type"] == "text/csv" and .headers["x-amz-meta-a"] == "b c"' \
		"$(s3c head "$bucket" key)"
	s3c tag "$bucket" key 'a b=<c>' d=
	s3c rm "$bucket" key
	run3 s3c get "$bucket" key
	assert_eq "$status $out$err" $'1 s3c: NoSuchKey: GET /'"$bucket"$'/key\n'
	run3 s3c head "$bucket" key
	assert_eq "$status $out$err" $'1 s3c: HTTP 404: HEAD /'"$bucket"$'/key\n'
	run3 s3c frobnicate
	assert_eq "$status" 64
}

@test "s3c: versions, multipart uploads, more than one page" {
	new_bucket bucket
	s3c versioning "$bucket" on
	first=$(echo one | s3c put "$bucket" key | jq -r .version)
	echo two | s3c put "$bucket" key
	assert_eq "$(s3c get "$bucket" key -v"$first")" one
	s3c rm "$bucket" key -v"$first"
	s3c rm "$bucket" key

	head -c 6000000 /dev/urandom >"$BATS_TEST_TMPDIR/big"
	etag=$(s3c mpu "$bucket" big "$BATS_TEST_TMPDIR/big" 5242880 | jq -r .etag)
	[[ $etag == *-2 ]]
	s3c get "$bucket" big | cmp - "$BATS_TEST_TMPDIR/big"

	s3c putmany "$bucket" 'many/ ' 100 10
	assert_json 'length == 101 and .[1].key == "many/ 000000" and .[100].size == 10' "$(s3c ls "$bucket" 30)"
	s3c empty "$bucket"
	assert_eq "$(s3c ls "$bucket")" '[]'
}

@test "s3c, ddbc: the programs do what the functions do, byte for byte" {
	new_bucket bucket
	bytes=$BATS_TEST_TMPDIR/bytes
	printf 'a\0b\377\n\n' >"$bytes"
	for s3c in s3c "$tests/servers/s3c"; do
		"$s3c" put "$bucket" key <"$bytes" >/dev/null
		"$s3c" get "$bucket" key | cmp - "$bytes"
		printf '\n\n' | "$s3c" put "$bucket" key >/dev/null
		run3 "$s3c" get "$bucket" key
		assert_eq "$status $out" $'0 \n\n'
		run3 "$s3c" get "$bucket" none
		assert_eq "$status $out$err" $'1 s3c: NoSuchKey: GET /'"$bucket"$'/none\n'
		run3 "$s3c" frobnicate
		assert_eq "$status" 64
	done
	for ddbc in ddbc "$tests/servers/ddbc"; do
		run3 "$ddbc" DescribeTable <<<'{"TableName": "none"}'
		[[ $status == 1 && $err == 'ddbc: {"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"'* ]]
	done
}

@test "clients: a request that finds its idle connection closed is sent anew, another is not" {
	run3 node -e '
		const {request} = require(process.argv[1])
		let connections = 0
		const server = require("net").createServer((socket) => {
			let requests = 0
			connections++
			socket.on("data", () => ++requests === 1 && connections < 3
				? socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") : socket.destroy())
		}).listen(0, "127.0.0.1", async () => {
			const ask = () => request(`http://127.0.0.1:${server.address().port}`, {service: "s3", env: {AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s"}})
			console.log((await ask()).status, (await ask()).status)
			console.log(await ask().catch((e) => e.message), connections)
			process.exit()
		})' "$tests/servers/lib.js"
	assert_eq "$status $out$err" $'0 200 200\nsocket hang up 3\n'
}

listens() { # PORT
	(: </dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

does_not_listen() { # PORT
	! listens "$1"
}

@test "resident: a server goes when it is stopped, and with the process that it is for" {
	stub '[{"reply": {"body": "there"}}]'
	mine=$port
	run3 bash -c '. "$1/lib/helper.bash" && stub "[]" && echo "$port" && kill -KILL $$' bash "$tests"
	assert_eq "$status" 137
	wait_until does_not_listen "$out"
	assert_eq "$(ask GET / | body)" there
	exec 6<>"/dev/tcp/127.0.0.1/$mine"
	stop_servers
	does_not_listen "$mine"
	run3 timeout 10 cat <&6
	assert_eq "$status $out" '0 '
	exec 6>&-
}

@test "resident: what a stub has to say is said when it is stopped" {
	stub '[{"upstream": "http://127.0.0.1:1"}]'
	ask GET / >/dev/null
	run3 stop_servers
	[[ $err == 'stub: '*ECONNREFUSED* ]]
}

@test "resident: does nothing for those who do not have its key" {
	new_bucket bucket
	RESIDENT_KEY=guessed run3 s3c mb "$bucket-2"
	[[ $status == 70 && $err == *resident.log* ]]
	run3 s3c ls "$bucket-2"
	assert_eq "$status ${err%%: GET*}" '1 s3c: NoSuchBucket'
}

@test "notify: RGW announces what is made and removed, the receiver notes it" {
	new_bucket bucket
	receiver
	s3c notify "$bucket" "$RECEIVER_URL"
	key='in/a b+c%20é.csv'
	etag=$(echo hello | s3c put "$bucket" "$key" | jq -r .etag)
	s3c rm "$bucket" "$key"
	both_arrived() {
		[ "$(wc -l <"$RECEIVED")" -eq 2 ]
	}
	wait_until both_arrived
	run3 jq -c '.Records[] | [.eventName, .s3.bucket.name, .s3.object.key, .s3.object.eTag]' "$RECEIVED"
	assert_eq "$out" "$(jq -cn '["ObjectCreated:Put", "ObjectRemoved:Delete"][] | [., $ARGS.positional[]]' \
		--args "$bucket" "$key" "$etag")"$'\n'
}

@test "ddbc: DynamoDB keeps conditions and says what stood in the way" {
	table=t-$RANDOM$RANDOM
	jq -n --arg t $table '{TableName: $t, BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: [{AttributeName: "object", AttributeType: "S"}],
		KeySchema: [{AttributeName: "object", KeyType: "HASH"}]}' | ddbc CreateTable
	put() { # VALUE
		jq -n --arg t $table --arg v "$1" '{TableName: $t, Item: {object: {S: "é"}, v: {S: $v}},
			ConditionExpression: "attribute_not_exists(#o)", ExpressionAttributeNames: {"#o": "object"},
			ReturnValuesOnConditionCheckFailure: "ALL_OLD"}' | ddbc PutItem
	}
	run3 put first
	assert_eq "$status $out$err" $'0 {}\n'
	run3 put second
	assert_eq "$status $out" '1 '
	assert_json '(.__type | endswith("#ConditionalCheckFailedException")) and .Item.v.S == "first"' "${err#ddbc: }"
}

@test "stub: rules match in order, are used up, and fill in their templates" {
	stub '[
		{"match": {"method": "PUT"}, "reply": {"status": 204}},
		{"match": {"path": "^/a b$"}, "reply": {"body": "never"}},
		{"match": {"path": "%20\\?x$", "header": {"X-Test": "^1"}}, "times": 1, "reply": {
			"status": 503, "headers": {"X-From": "{{host}}"}, "body": "{{n}} {{method}} {{target}} {{md5}}"}},
		{"match": {"path": "^/big"}, "reply": {"bodySize": 100000}},
		{"match": {"path": "^/chunked"}, "chunked": true, "reply": {"body": "{{x-test}}"}}]'
	run3 ask GET '/a%20?x' 'x-test: 12'
	[[ $out == 'HTTP/1.1 503 '*$'\r\nX-From: stub\r\nContent-Length: 46\r\n'*$'\r\n\r\n1 GET /a%20?x d41d8cd98f00b204e9800998ecf8427e' ]]
	run3 ask GET '/a%20?x' 'x-test: 12'
	[[ $out == 'HTTP/1.1 501 '* ]]
	run3 ask PUT /
	[[ $out == 'HTTP/1.1 204 '*$'\r\n\r\n' && $out != *Content-Length* ]]
	assert_eq "$(ask GET /big | body | wc -c)" 100000
	assert_eq "$(ask GET /chunked 'X-Test: abc' | body)" $'3\r\nabc\r\n0\r\n\r'

	run3 stub '[{"relpy": {}}]'
	[[ $status == 1 && $err == *'relpy: no such action'* ]]
}

@test "stub: logs each request and its connection" {
	stub '[{"reply": {}}]'
	{
		printf '%s\r\n' 'PUT /a?b=%20 HTTP/1.1' 'Host: x' 'X-Upper: Case' 'Content-Length: 5' '' abc
		wait_until test -s "$STUB_LOG"
		printf '%s\r\n' 'GET /two HTTP/1.1' 'Host: x' 'Connection: close' ''
	} | talk >/dev/null
	ask HEAD /three >/dev/null
	printf '%s\r\n' 'PUT /cut HTTP/1.1' 'Host: x' 'Content-Length: 5' '' >"/dev/tcp/127.0.0.1/$port"
	wait_until grep -q aborted "$STUB_LOG"
	run3 jq -c '[.n, .method, .target, .headers["x-upper"], .bodyBytes, .conn, .aborted]' "$STUB_LOG"
	assert_eq "$out" '[1,"PUT","/a?b=%20","Case",5,1,null]
[2,"GET","/two",null,0,1,null]
[3,"HEAD","/three",null,0,2,null]
[4,"PUT","/cut",null,0,3,true]
'
	assert_eq "$(head -n 1 "$STUB_LOG" | jq -r .bodySha256)" "$(printf 'abc\r\n' | sha256sum | cut -d ' ' -f 1)"
}

@test "stub: cuts, stalls, delays, and closes connections that seemed alive" {
	stub '[
		{"match": {"path": "/connect"}, "cutAfter": "connect"},
		{"match": {"path": "/0"}, "cutAfter": 0, "reply": {"body": "0123456789"}},
		{"match": {"path": "/4"}, "cutAfter": 4, "reply": {"body": "0123456789"}},
		{"match": {"path": "/70000"}, "cutAfter": 70000, "reply": {"bodySize": 100000}},
		{"match": {"path": "/chunked"}, "cutAfter": 4, "chunked": true, "reply": {"body": "0123456789"}},
		{"match": {"path": "/stall"}, "stall": 4, "reply": {"body": "0123456789"}},
		{"match": {"path": "/late"}, "delayMs": 300, "reply": {"body": "late"}},
		{"match": {"path": "/idle"}, "closeIdle": true, "reply": {"body": "bye"}}]'
	assert_eq "$(ask PUT /connect 'Content-Length: 5')" ''
	run3 ask GET /0
	[[ $out == *'Content-Length: 10'*$'\r\n\r\n' ]]
	assert_eq "$(ask GET /4 | body)" 0123
	assert_eq "$(ask GET /70000 | body | wc -c)" 70000
	assert_eq "$(ask GET /chunked | body)" $'4\r\n0123\r'

	exec 5<>"/dev/tcp/127.0.0.1/$port"
	printf '%s\r\n' 'GET /stall HTTP/1.1' 'Host: x' '' >&5
	until read -r -u 5 line && [ "$line" = $'\r' ]; do :; done
	read -r -u 5 -N 4 line
	assert_eq "$line" 0123
	run3 read -r -u 5 -t 0.2 -N 1
	[ "$status" -gt 128 ]
	exec 5>&-

	start=${EPOCHREALTIME/[.,]/}
	assert_eq "$(ask GET /late | body)" late
	[ $((${EPOCHREALTIME/[.,]/} - start)) -ge 300000 ]

	run3 talk < <(printf '%s\r\n' 'GET /idle HTTP/1.1' 'Host: x' '')
	[[ $out == *'Connection: keep-alive'*$'\r\n\r\nbye' ]]
}

@test "stub: stands in front of a server without breaking signatures" {
	new_bucket bucket
	stub "$(jq -n --arg upstream "$AWS_ENDPOINT_URL_S3" '[
		{match: {path: "/lost"}, times: 1, loseAnswer: true},
		{match: {path: "/failed"}, times: 1, reply: {status: 500, body: "<Error><Code>InternalError</Code></Error>"}},
		{match: {method: "GET", path: "/cut"}, times: 1, cutAfter: 3},
		{}] | map(. + {$upstream})')"
	through() {
		AWS_ENDPOINT_URL_S3=$STUB_URL s3c "$@"
	}
	echo content | through put "$bucket" 'é +%20/../"'
	assert_eq "$(through get "$bucket" 'é +%20/../"')" content

	echo content >"$BATS_TEST_TMPDIR/content"
	run3 through put "$bucket" lost "$BATS_TEST_TMPDIR/content"
	assert_eq "$status $err" $'1 s3c: socket hang up\n'
	assert_eq "$(through get "$bucket" lost)" content
	run3 through put "$bucket" failed "$BATS_TEST_TMPDIR/content"
	assert_eq "$status ${err%%: PUT*}" '1 s3c: InternalError'
	assert_eq "$(through get "$bucket" failed)" content
	through put "$bucket" cut "$BATS_TEST_TMPDIR/content"
	run3 through get "$bucket" cut
	assert_eq "$status $err" $'1 s3c: aborted\n'
	assert_eq "$(through get "$bucket" cut)" content
}

@test "stub: speaks TLS" {
	stub '[{"reply": {"body": "safe"}}]' --tls "$SERVERS_DIR/tls.crt" "$SERVERS_DIR/tls.key"
	[[ $STUB_URL == https://127.0.0.1:* ]]
	run3 openssl s_client -connect "127.0.0.1:$port" -CAfile "$SERVERS_DIR/tls.crt" -verify_return_error -quiet \
		<<<$'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r'
	[[ $out == *safe ]]
	assert_json '.conn == 1 and .tlsResumed == false' "$(cat "$STUB_LOG")"
}

@test "stub: serves 1000 connections at once" {
	stub '[{"delayMs": 300, "reply": {"body": "x"}}]'
	run3 node -e '
		let answered = 0
		for (let i = 0; i < 1000; i++)
			http.get(process.argv[1], (res) => res.on("end", () => { answered++ }).resume())
		process.on("exit", () => console.log(answered))' "$STUB_URL"
	assert_eq "$out" $'1000\n'
	assert_eq "$(jq -s 'map(.conn) | unique | length' "$STUB_LOG")" 1000
}

@test "stub: a module may compute its replies" {
	cat >"$BATS_TEST_TMPDIR/rules.mjs" <<-'E'
		export default [{reply: ({n, target, headers, body}) => ({status: 200 + n, body: `${target} ${headers.a} ${body}`})}]
	E
	stub "$BATS_TEST_TMPDIR/rules.mjs"
	run3 ask GET /x 'A: b'
	[[ $out == 'HTTP/1.1 201 '*'/x b ' ]]
}

# Asks the queue "in", or that of the URL in body; prints the answer.
sqs() { # ACTION BODY
	ask_resident ask "http://127.0.0.1:$port/" "$(jq -cS '{QueueUrl: "x/in"} + .' <<<"$2")" "X-Amz-Target: AmazonSQS.$1" \
		'Authorization: AWS4-HMAC-SHA256 Credential=a/20261129/us-east-1/sqs/aws4_request'
}

queue() { # PATH BODY
	ask_resident ask "http://127.0.0.1:$port/$1" "$2"
}

@test "memory-sqs: handles, visibility, receive counts and the 12 hours are AWS's, by a clock that is moved" {
	serve memory-sqs '{"receives":3}'
	queue send '{"queue":"in","messages":[{"body":"a"}]}' >/dev/null
	handle() { sqs ReceiveMessage '{"VisibilityTimeout":60}' | jq -r '.Messages[0] | "\(.ReceiptHandle) \(.Attributes.ApproximateReceiveCount)"'; }
	change() { sqs ChangeMessageVisibilityBatch "{\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"$1\",\"VisibilityTimeout\":$2}]}" | jq -r '(.Failed[0].Message // "done")'; }
	read -r first count < <(handle)
	assert_eq "$count $(sqs ReceiveMessage '{}')" '1 {}'
	assert_eq "$(change "$first" 43201)" 'Total VisibilityTimeout for the message is beyond the limit [43200 seconds]'
	assert_eq "$(change "$first" 100)" 'done'
	queue clock '{"ms":99000}' >/dev/null
	assert_eq "$(sqs ReceiveMessage '{}')" '{}'
	queue clock '{"ms":2000}' >/dev/null
	read -r second count < <(handle)
	assert_eq "$count $(change "$first" 10)" '2 The message referred to is not in flight.'
	sqs DeleteMessageBatch "{\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"$first\"}]}" | jq -e '.Successful[0].Id == "0"'
	assert_eq "$(queue state '{}' | jq -c '.queues.in | [.left, .inflight]')" '[1,1]'
	sqs DeleteMessageBatch "{\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"$second\"}]}" >/dev/null
	assert_eq "$(queue state '{}' | jq -c '.queues.in | [.left, .deleted]')" '[0,["a"]]'
	assert_eq "$(sqs ReceiveMessage '{"QueueUrl":"x/none"}' | jq -r .__type)" com.amazonaws.sqs#QueueDoesNotExist
}

@test "memory-sqs: the old protocol, to receive and delete; calls that are done late" {
	serve memory-sqs
	queue send '{"queue":"in","messages":[{"body":"<a>&\r"}]}' >/dev/null
	old() { # FORM
		ask_resident ask "http://127.0.0.1:$port/0/in" "QueueUrl=http%3A%2F%2Fx%2Fin&$1" 'Content-Type: application/x-www-form-urlencoded; charset=utf-8' \
			'Authorization: AWS4-HMAC-SHA256 Credential=a/20261129/us-east-1/sqs/aws4_request'
	}
	message=$(old 'Action=ReceiveMessage&MaxNumberOfMessages=10')
	[[ $message == '<ReceiveMessageResponse><ReceiveMessageResult><Message><MessageId>'*'<Body>&#60;a&#62;&#38;&#13;</Body>'*'</Message></ReceiveMessageResult></ReceiveMessageResponse>' ]]
	handle=${message#*<ReceiptHandle>} handle=${handle%%<*}
	queue rule '{"action":"DeleteMessageBatch","late":60000}' >/dev/null
	delete() { old "Action=DeleteMessageBatch&DeleteMessageBatchRequestEntry.1.Id=x&DeleteMessageBatchRequestEntry.1.ReceiptHandle=${handle/\#/%23}"; }
	delete 3>&- &
	late=$!
	is_called() { queue state '{}' | jq -e '.calls.DeleteMessageBatch == 1'; }
	wait_until is_called
	assert_eq "$(queue state '{}' | jq .queues.in.left)" 1
	assert_eq "$(delete) $(queue state '{}' | jq .queues.in.left)" \
		'<DeleteMessageBatchResponse><DeleteMessageBatchResult><DeleteMessageBatchResultEntry><Id>x</Id></DeleteMessageBatchResultEntry></DeleteMessageBatchResult></DeleteMessageBatchResponse> 0'
	kill "$late"
}

@test "memory-sqs: a group of a FIFO queue waits for what is in flight; an attempt gives the same again; what fails too often is dead" {
	serve memory-sqs '{"receives":2}'
	queue send '{"queue":"in.fifo","messages":[{"body":"a","group":"g"},{"body":"b","group":"g"},{"body":"c","group":"h"}]}' >/dev/null
	receive() { sqs ReceiveMessage "{\"QueueUrl\":\"x/in.fifo\",\"MaxNumberOfMessages\":$1,\"ReceiveRequestAttemptId\":\"$2\"}" | jq -c '[.Messages[]?.Body]'; }
	assert_eq "$(receive 1 one) $(receive 1 one) $(receive 10 two) $(receive 10 three)" '["a"] ["a"] ["c"] []'
	queue clock '{"ms":31000}' >/dev/null
	assert_eq "$(receive 10 four)" '["b","c"]'
	assert_eq "$(queue state '{}' | jq -c '.queues["in.fifo"] | [.dead, .inflight]')" '[["a"],2]'
}

@test "trace: bats names the same places of failures with it, and it is in use" {
	cd "$BATS_TEST_TMPDIR"
	# Bats makes functions of what looks like its tests, here too.
	sed 's/^TEST/@test/' >fails.bats <<-'E'
		[ -z "$TRACE" ] || . "$TRACE"
		teardown() { [ -z "${TEARDOWN-}" ] || inner a a; }
		outer() {
			local x=1
			"$@"
			echo not here
		}
		inner() {
			[[ $1 != "$2" ]]
			((1 == 2))
		}
		TEST "command" { outer false; }
		TEST "condition" {
			[[ 1 == 2 ]]
			echo
		}
		TEST "arithmetic in functions" { outer inner a b; }
		TEST "condition in functions" {
			outer inner a a
		}
		TEST "unset" {
			set -u
			echo "$nothing"
			echo
		}
		TEST "source" { . /nothing; }
		TEST "subshell" {
			(
				outer false
			)
		}
		TEST "pipe" {
			echo 1 | grep 2
			echo
		}
		TEST "last" { [ 1 = 2 ]; }
		TEST "exit" { exit 3; }
		TEST "teardown" { TEARDOWN=1; }
		TEST "passes" {
			! true
			[ -z "$TRACE" ] || [[ $(trap -p DEBUG) == *trace_last* ]]
		}
	E
	printf '%s\n' '[ -z "$TRACE" ] || . "$TRACE"' false '@test "not run" { true; }' >fails-early.bats
	printf '%s\n' '[ -z "$TRACE" ] || . "$TRACE"' '@test "not run" { true; }' '}' >is-wrong.bats
	for TRACE in '' "$tests/lib/trace.bash"; do
		for file in fails fails-early; do
			env -i PATH="$PATH" TRACE="$TRACE" "$BATS_ROOT/bin/bats" --tap $file.bats || :
		done >"told${TRACE:+-traced}" 2>&1
		run3 env -i PATH="$PATH" TRACE="$TRACE" "$BATS_ROOT/bin/bats" --tap is-wrong.bats
		[ "$status" -ne 0 ] && [[ $out$err == *'is-wrong.bats: line 3: syntax error'* ]]
	done
	diff told told-traced
	assert_eq "$(grep -c '^not ok' told) $(grep -c '^ok' told)" '12 1'
	grep -q "in test file fails-early.bats, line 2" told
	grep -q "from function .inner. in file fails.bats, line 10" told
}

@test "run3: keeps output, errors and status apart and whole" {
	both() {
		cat
		printf 'warning\n\n' >&2
		return 3
	}
	run3 both < <(printf 'line\n\n')
	assert_eq "$status,$out,$err" $'3,line\n\n,warning\n\n'
	run3 true
	assert_eq "$status,$out,$err" 0,,
}

@test "assertions: fail where they should, and show why" {
	run3 assert_eq got wanted
	[[ $status == 1 && $err == *-wanted$'\n'+got$'\n' ]]
	for json in '' '{"a":1}{"a":2}' '{"a"'; do
		run3 assert_json '.a == 1' "$json"
		[[ $status == 1 && $err == *'not true: .a == 1'* ]]
	done
	assert_json '.a == 1' '{"a":1}{"a":1}'
}

@test "record: makes a line of JSON of any key" {
	key=$'a=b "\n é'
	run3 record bucket=b key="$key" size=12 event=ObjectRemoved:Delete 'bad:={"by":"me"}'
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/out")" 1
	assert_json '.bucket == "b" and .size == 12 and .event == "ObjectRemoved:Delete" and .bad.by == "me" and (.id | length) == 32'
	assert_eq "$(jq -r .key <<<"$out")" "$key"
	printf -v key '\\x%x' {1..127}
	printf -v key '%b\303\251' "$key"
	assert_eq "$(record key="$key" | jq -r .key)" "$key"
	assert_eq "$(record a=b a:='{"c": 1}' size=2 | jq -c 'del(.id, .event, .time, .region)')" '{"a":{"c":1},"size":2}'
}

@test "record: its id follows from what it says" {
	assert_eq "$(record key=a)" "$(record key=a)"
	assert_eq "$(for i in {1..200}; do record key=$i; done | jq -r .id | sort -u | wc -l)" 200
	assert_eq "$(record key=a id=b | jq -r .id)" b
}

@test "data/reports: each says what it is for, and the stub has an answer of its server" {
	reports=0
	for want in "$tests"/data/reports/*/want; do
		[[ $(head -n 1 "$want") == *s3* && $(sed -n 2p "$want") == '' ]]
		((++reports))
		[ -e "${want%/*}/rules.mjs" ] || continue
		stub "${want%/*}/rules.mjs"
		run ask HEAD /in/k
		[[ $output == 'HTTP/1.1 '* && $output != 'HTTP/1.1 501 '* ]]
		stop_servers
	done
	assert_eq "$reports" 17
}

@test "torture finds mistakes that are put into filters" {
	run3 "$tests/bin/torture" 1 --objects 4 --selftest --seed "${TORTURE_SEED-$RANDOM}"
	printf '%s\n' "$out$err"
	[[ $status$err = 0 && $out == *$'\n8 passed, 0 failed\n' ]]
}
