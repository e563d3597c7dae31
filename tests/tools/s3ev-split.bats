load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	events=$tests/data/events
	reports=$tests/data/reports
}

# A notification of one object, with a filter over it.
event() { # FILTER
	jq -cS "${1:-.}" "$events/s3-put-v21.json"
}

split() {
	run3 s3ev-split "$@"
}

@test "every sample event gives the records it should" {
	local file records all=
	while IFS=$'\t' read -r file _; do
		split -e '*' <"$events/$file"
		records=${out%$'\n'}
		all+="[\"$file\",$status,[${records//$'\n'/,}]]"$'\n'
	done <"$tests/data/events.tsv"
	assert_eq "$(jq -r '[.[0], (.[1] | tostring), (.[2] | map(if .failed then {failed: .from.sqs} else [.event, .key] end) | tojson)] |
		join("\t")' <<<"$all")" "$(<"$tests/data/events.tsv")"
}

@test "what is no S3 event is refused by name" {
	split <"$events/reject-kinesis.json"
	assert_eq "$status$out$err" $'65s3ev-split: document 1: not an S3 event: it looks like a Kinesis batch\n'
	split <"$events/reject-scheduled.json"
	assert_eq "$err" $'s3ev-split: document 1: not an S3 event: it looks like an EventBridge event of aws.events, Scheduled Event\n'
	split <<<'{"alpha":1,"beta":2}'
	assert_eq "$err" $'s3ev-split: document 1: not an S3 event: it looks like an object with alpha, beta\n'
	split <<<'"text"'
	assert_eq "$status$err" $'65s3ev-split: document 1: not an S3 event: a value that is not an object\n'
}

@test "what it looks like is the same in any order of its members" {
	while IFS=$'\t' read -r document answer; do
		echo "$document" >&7
		wanted+=("$answer" "$answer")
	done 7>"$BATS_TEST_TMPDIR/documents" <<-'E'
		{"path":"/","httpMethod":"GET","requestContext":{"apiId":"1"}}	an API Gateway request
		{"rawPath":"/","requestContext":{"http":{},"apiId":"1"}}	an API Gateway request
		{"requestContext":{"connectionId":"1","apiId":"1"},"isBase64Encoded":false}	an API Gateway request
		{"methodArn":"a","httpMethod":"GET","requestContext":{"apiId":"1"}}	an API Gateway authorizer request
		{"authorizationToken":"t","requestContext":{"apiId":"1"}}	an AppSync authorizer request
		{"httpMethod":"GET","requestContext":{"elb":{"targetGroupArn":"a"}}}	a load balancer request
		{"method":"GET","requestContext":{"serviceArn":"a"}}	a VPC Lattice request
		{"body":"x","requestContext":{}}	an HTTP request
		{"version":"1.0","requestContext":{"functionArn":"a"},"DDBStreamBatchInfo":{}}	a record of a Lambda invocation
		{"httpMethod":"GET","actionGroup":"a"}	a Bedrock agent's request
		{"arguments":{},"source":null,"prev":null,"info":{}}	an AppSync request
		{"version":"1.0","session":{},"request":{}}	an Alexa request
		{"sessionId":"1","bot":{}}	a Lex event
		{"RequestType":"Create","ResponseURL":"u"}	a CloudFormation request
		{"id":"1","bucket":"b","key":"k","version":"1"}	a record, which the filters behind s3ev-split(1) read
		{"bucket":"b","key":"k","bad":{"by":"x","reason":"r"},"written":"2026-11-23T05:54:00Z"}	an explanation, which says why its object was bad
		{"object":"b/k","outcome":"bad","bucket":"b"}	an item of the ledger, which ddb-list(1) reads
		{"Contents":[{"Key":"k"}],"Name":"b"}	a list of objects, which s3ls(1) makes records of
		{"AlarmName":"a","NewStateValue":"ALARM"}	a CloudWatch alarm
		{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[]}	a batch of CloudWatch Logs
		{"specversion":"1.0","type":"t","data":{}}	a CloudEvent
		{"Type":"Notification","TopicArn":"a","Message":{}}	an SNS message without text
		{"Records":[{"cf":{"request":{}}}]}	a CloudFront request
		{"eventSource":"aws:amq","messages":[]}	an ActiveMQ batch
		{"Records":[{"eventVersion":"1.08","eventSource":"s3.amazonaws.com"}]}	a CloudTrail record of s3.amazonaws.com
	E
	jq -c '., (to_entries | reverse | from_entries)' "$BATS_TEST_TMPDIR/documents" >"$BATS_TEST_TMPDIR/orders"
	while read -r document; do
		split <<<"$document"
		assert_eq "$document: $status$out ${err##*it looks like }" "$document: 65 ${wanted[n++]}"$'\n'
	done <"$BATS_TEST_TMPDIR/orders"
	assert_eq "$n" "${#wanted[@]}"
}

@test "a record has its members in one form" {
	split <"$events/s3-put-v21.json"
	assert_eq "$status$err" 0
	assert_eq "$out" '{"id":"'"$(jq -r .id <<<"$out")"'","event":"ObjectCreated:Put","time":"2019-09-03T19:37:27.192Z","region":"us-east-2","bucket":"lambda-artifacts-deafc19498e3f2df","key":"b21b84d653bb07b05b1e6b33684dc11b","etag":"b21b84d653bb07b05b1e6b33684dc11b","size":1305107,"sequencer":"0C0F6F405D6ED209E1"}
'
	assert_json '.id | test("^[0-9a-f]{32}$")'
}

@test "the id is the same in every envelope" {
	split <"$events/eventbridge-object-created.json"
	id=$(jq -r .id <<<"$out")
	split <"$events/composed-sqs-fifo-eventbridge-s3.json"
	assert_eq "$(jq -r .id <<<"$out")" "$id"
	jq -cS '{Records: [{eventVersion: "2.1", eventSource: "aws:s3", awsRegion: .region, eventTime: "2023-03-08T17:50:14.123Z",
		eventName: "s3:ObjectCreated:Put", s3: {bucket: .detail.bucket, object: {key: .detail.object.key,
		size: .detail.object.size, eTag: .detail.object.etag, sequencer: (.detail.object.sequencer | ascii_downcase)}}}]}' \
		"$events/eventbridge-object-created.json" >direct.json
	split <direct.json
	assert_json '.id == "'"$id"'" and .event == "ObjectCreated:Put"'
}

@test "keys are decoded once, as their source encodes them" {
	while IFS=$'\t' read -r source key wanted; do
		split < <(event ".Records[0].eventSource = \"$source\" | .Records[0].s3.object.key = \"$key\"")
		assert_eq "$source $key -> $(jq -r .key <<<"$out")" "$source $key -> $wanted"
	done <<-'E'
		aws:s3	a+b%2Bc%20d	a b+c d
		aws:s3	100%2525	100%25
		aws:s3	in/%C3%A9/%E2%82%AC	in/é/€
		aws:s3	50%	50%
		aws:s3	a%2	a%2
		aws:s3	a%zz	a%zz
		minio:s3	in%2Fa+b	in/a b
		ceph:s3	a+b%2Bc%20d	a+b%2Bc%20d
	E
	jq -cS '.detail.object.key = "a+b%25.csv"' "$events/eventbridge-object-created.json" >bridge.json
	split <bridge.json
	assert_json '.key == "a+b%25.csv"'
	jq -cS '.tasks[0].s3Key = "a+b%2Bc%20d"' "$events/batch-invocation-v2.json" >batch.json
	split <batch.json
	assert_json '.key == "a+b+c d" and .from.batch == "dGFza2lkZ29lc2hlcmUK"'
}

@test "odd values have their answers" {
	while IFS=$'\t' read -r filter wanted answer; do
		split < <(event "$filter")
		assert_eq "$filter: $status $(jq -c "$answer" <<<"$out")${err%$'\n'}" "$filter: $wanted"
	done <<-'E'
		.Records = null	0 	.
		.Records = []	0 	.
		.Records[0].s3.object.size = 5497558138880	0 5497558138880	.size
		.Records[0].s3.object.size = "17"	0 17	.size
		.Records[0].s3.object.size = null	0 null	.size
		.Records[0].s3.object.size = -1	65 s3ev-split: document 1: a size that is not a number of bytes	.
		.Records[0].s3.object.size = 1.5	65 s3ev-split: document 1: a size that is not a number of bytes	.
		.Records[0].s3.object.size = true	65 s3ev-split: document 1: a size that is not a number of bytes	.
		.Records[0].s3.object.key = 5	65 s3ev-split: document 1: an S3 event without the key of an object	.
		.Records[0].s3.object.key = ""	65 s3ev-split: document 1: an S3 event without the key of an object	.
		.Records[0].s3.object.key = "a%00b"	0 "a\u0000b"	.key
		.Records[0].s3.object.key = "a\u0000b"	0 "a\u0000b"	.key
		.Records[0].s3.object.key = "%FF"	65 s3ev-split: document 1: a key that is not UTF-8	.
		.Records[0].s3.object.key = "k" * 1024	0 1024	(.key | length)
		.Records[0].s3.object.key = "k" * 1025	65 s3ev-split: document 1: a key longer than 1024 bytes	.
		.Records[0].s3.object.key = "k" * 1048576	65 s3ev-split: document 1: a key longer than 1024 bytes	.
		.Records[0].s3.object.versionId = ""	0 null	.version
		.Records[0].s3.object.eTag = "\"abc\""	0 "abc"	.etag
		.Records[0].s3.bucket.name = 1	65 s3ev-split: document 1: an S3 event without the name of a bucket	.
		.Records[0].eventVersion = "3.0"	65 s3ev-split: document 1: an S3 event of eventVersion 3.0, not 2.x	.
		.Records[0].eventVersion = "2.99"	0 "ObjectCreated:Put"	.event
		.Records[0] += {new: {member: [1, {}]}}	0 "ObjectCreated:Put"	.event
		.Records = {}	65 s3ev-split: document 1: not an S3 event: an object where a list belongs	.
		.Records = "x"	65 s3ev-split: document 1: not an S3 event: a value that is not an object	.
	E
}

@test "a lone surrogate, bytes that are no UTF-8 and depth bombs break only their document" {
	event '.Records[0].s3.object.key = "good"' >good.json
	{
		cat good.json
		sed 's/"good"/"\\ud800"/' good.json
		sed 's/"good"/"\xff"/' good.json
		printf '{"a":%s\n' "$(printf '[%.0s' {1..600})"
		cat good.json
	} >input
	split <input
	assert_eq "$status $(wc -l <<<"$out")" '65 3'
	assert_eq "$(jq -r .key <<<"$out")" $'good\ngood'
	assert_eq "$err" 's3ev-split: document 2: a lone surrogate in a string
s3ev-split: document 3: lexical error: invalid bytes in UTF8 string.
s3ev-split: document 4: nested deeper than 512 levels
'
}

@test "a comment is refused, once" {
	printf '\n{// why\n' >input
	split -m <input
	assert_eq "$status $(jq -c 'del(.error)' <<<"$out")" '65 {"mark":"1","records":0}'
	assert_eq "$err" 's3ev-split: document 1: lexical error: probable comment found in input text, comments are not enabled.
'
}

@test "documents may follow each other, in one line or printed at length, in pieces of any size" {
	cat "$events/s3-put-v21.json" >input
	event . | tr -d '\n' >>input
	event . >>input
	split -m <input
	assert_eq "$(jq -c 'select(.mark)' <<<"$out")" '{"mark":"1","records":1}
{"mark":"2","records":1}
{"mark":"3","records":1}'
	whole=$out
	split -m < <(dd if=input bs=7 status=none)
	assert_eq "$out" "$whole"
}

@test "a broken line in the middle is said, and the others are split" {
	local one
	one=$(event .)
	for broken in '{"Records":[{"eventVersion"' '{"a":"b' '{"a":tru' x '{' '{x' ']' '{"a":1 2}' \
		'{"a":-' '{"a":"\ud800' '{"a":"\'; do
		printf '%s\n' "$one" "$broken" "$one" >input
		for size in 65536 1 7; do
			split -m < <(dd if=input bs=$size status=none)
			assert_eq "$broken: $status $(wc -l <<<"${err%$'\n'}") $(jq -c '.mark // .event' <<<"$out")" "$broken: 65 1 \"ObjectCreated:Put\"
\"1\"
\"2\"
\"ObjectCreated:Put\"
\"3\""
		done
	done
}

@test "an end inside a document is said" {
	event . | head -c 300 >input
	split -m <input
	assert_eq "$status$err$out" $'65s3ev-split: document 1: the text is cut off\n{"mark":"1","records":0,"error":"the text is cut off"}\n'
}

@test "one poisoned message does not take its neighbours along" {
	split <"$events/composed-sqs-good-poison-good.json"
	assert_eq "$status $(jq -c '[.key, .from.sqs, .failed.code]' <<<"$out")" '65 ["samconfig.toml","44103047-3123-4583-aed3-7224000351a8",null]
[null,"c2f72267-c1b4-432b-b35e-c27a337798d1","NotAnS3Event"]
["samconfig.toml","519619da-e529-46d7-b58c-bc054405af0f",null]'
	deep=$(printf '{"requestPayload":%.0s' {1..40})'{}'$(printf '}%.0s' {1..40})
	jq --arg deep "$deep" '.Records[1].body = $deep' "$events/composed-sqs-good-poison-good.json" >deep.json
	split <deep.json
	assert_eq "$(jq -c .failed.message <<<"$out")" 'null
"not an S3 event: documents nested too deep"
null'
}

@test "a message without text is a failed record too" {
	for filter in 'del(.Records[1].body)' '.Records[1].body = (null, 5, true, {}, [])'; do
		split < <(jq -cS "$filter" "$events/composed-sqs-good-poison-good.json")
		assert_eq "$filter: $status $(jq -sc 'unique | map([.from.sqs, .failed.message])' <<<"$out")" "$filter: 65 "'[["44103047-3123-4583-aed3-7224000351a8",null],["519619da-e529-46d7-b58c-bc054405af0f",null],["c2f72267-c1b4-432b-b35e-c27a337798d1","not an S3 event: it looks like an SQS message without text"]]'
	done
	split <<<'{"Messages":[{"MessageId":"m","ReceiptHandle":"h","MD5OfBody":"5","Body":5}]}'
	assert_eq "$(jq -c '[.from, .failed.message]' <<<"$out")" '[{"sqs":"m","receipt":"h","position":0},"not an S3 event: it looks like an SQS message without text"]'
}

@test "s3:TestEvent is no error and no record" {
	split <"$events/s3-test-event.json"
	assert_eq "$status$out$err" 0
	split -v <"$events/s3-test-event.json"
	assert_eq "$status$out$err" $'0s3ev-split: no record: s3:TestEvent\n'
}

@test "-e picks names, and may be given more than once" {
	cat "$events"/s3-{put-v21,copy-v21-versioned,delete-v21,missing-event-name}.json >input
	split <input
	assert_eq "$(jq -r '.event // "-"' <<<"$out")" $'ObjectCreated:Put\nObjectCreated:Copy\n-'
	split -e 'ObjectRemoved:*' --event 'ObjectCreated:C*' <input
	assert_eq "$(jq -r '.event // "-"' <<<"$out")" $'ObjectCreated:Copy\nObjectRemoved:Delete\n-'
}

@test "-v says what is left out, in one line, without escape codes" {
	event '.Records[0].eventName = "Object\u001b[31m\nRemoved\\"' >input
	split -v <input
	assert_eq "$status$out$err" '0s3ev-split: left out: Object\x1b[31m\x0aRemoved\x5c'$'\n'
}

@test "the answer of ReceiveMessage and bare messages are read" {
	jq -cS '{Messages: [.Records[] | {MessageId: .messageId, ReceiptHandle: .receiptHandle, Body: .body}]}' \
		"$events/sqs-s3-put.json" >received.json
	split <received.json
	assert_json '.key == "samconfig.toml" and .from.sqs and .from.receipt'
	split < <(jq -cS '.Messages[0]' received.json)
	assert_json '.key == "samconfig.toml"'
	split < <(jq -cS '.Records[0]' "$events/s3-put-v21.json")
	assert_json .key
	split < <(jq -s . "$events"/s3-put-v21.json "$events"/sns-s3-put.json)
	assert_eq "$(jq -s length <<<"$out")" 2
}

@test "nothing in, nothing out" {
	split </dev/null
	assert_eq "$status$out$err" 0
	split -m < <(printf ' \n\n')
	assert_eq "$status$out$err" 0
}

@test "a full disk is an error, and a reader that goes away ends it" {
	run3 bash -c 's3ev-split >/dev/full' < <(event .)
	assert_eq "$status$err" $'74s3ev-split: stdout: No space left on device\n'
	event . >one
	yes "$(<one)" | head -n 3000 >many
	run3 bash -c 's3ev-split <many | head -n 1; echo ${PIPESTATUS[0]}'
	assert_eq "$(tail -n 1 <<<"${out%$'\n'}")" 141
}

@test "memory does not grow with the input" {
	event . >one
	{
		yes "$(<one)" | head -n 200
		head -c 20000000 /dev/zero | tr '\0' '['
	} >many
	# ASan maps terabytes.
	ldd "$(type -P s3ev-split)" | grep -q libasan || ulimit -v 200000
	split <many
	assert_eq "$status $(wc -l <<<"${out%$'\n'}")" '65 200'
	{ printf '{"a":"'; head -c 100000000 /dev/zero | tr '\0' 'x'; printf '"}\n'; cat one; } >long
	split <long
	assert_eq "$status $(wc -l <<<"${out%$'\n'}")" '65 1'
}

@test "wrong options are one line and 64, help goes to stdout" {
	for option in -x --nope extra; do
		split $option </dev/null
		assert_eq "$status $(wc -l <<<"${err%$'\n'}")$out" '64 1'
	done
	split -h
	assert_eq "$status$err $(sed -n 2p <<<"$out")" '0 usage: s3ev-split [-hlmuVv] [-e GLOB]... < EVENTS'
	split -V
	assert_eq "$status$err ${out%% *}" '0 s3ev-split'
}

@test "-l reads a list of s3://bucket/key, byte for byte" {
	split -l < <(printf 's3://b/in/a b%%20+c.csv\r\ns3://b/é/../x\nnope\ns3://b/\ns3://b/cut')
	assert_eq "$status $(jq -r .key <<<"$out")" $'65 in/a b%20+c.csv\né/../x'
	assert_eq "$err" 's3ev-split: document 1: not s3://bucket/key: nope
s3ev-split: document 1: an S3 event without the key of an object: s3://b/
s3ev-split: document 1: a line that is cut off: s3://b/cut
'
	assert_json '.bucket == "b" and (.id | length == 32) and (.etag | not)'
	split -l --bucket-arns < <(printf 's3://arn:aws:s3:us-east-1:123456789012:accesspoint/point/in/a\n')
	assert_eq "$status $err$(jq -r '[.bucket, .key] | join(" ")' <<<"$out")" '0 arn:aws:s3:us-east-1:123456789012:accesspoint/point in/a'
	split -l -m < <(printf 's3://b/1\ns3://b/2\n')
	assert_eq "$status$err $(jq -c '.mark // .key' <<<"$out" | tr '\n' ' ')" '0 "1" "2" "1" '
}

# One event of an object.
put() { # KEY SEQUENCER [NAME [SOURCE]]
	event ".Records[0] |= (.s3.object.key = \"$1\" | .s3.object.sequencer = \"$2\" | .eventName = \"${3-ObjectCreated:Put}\" |
		.eventSource = \"${4-aws:s3}\")"
}

@test "-u keeps the newest event of each object, by S3's rule for sequencers" {
	split -u <"$events/composed-s3-put-sequencers.json"
	assert_eq "$status $(jq -r .sequencer <<<"$out")" '0 55AED6DCD90281E6'
	assert_eq "$err" $'s3ev-split: 3 older events left out\n'
	{ put a 0055; put b 02; put a 0055aed6; put a 0055AED5; put b 01; put c 1; } >input
	split -u <input
	assert_eq "$(jq -r '.key + .sequencer' <<<"$out")" $'b02\na0055aed6\nc1'
	# A zero at the end changes nothing: of two equals one is enough.
	{ put a 12; put a 1200; } >input
	split -u <input
	assert_eq "$(jq -r .sequencer <<<"$out")" 12
}

@test "-u: a delete counts, although it is not wanted itself" {
	{ put a 01; put a 02 ObjectRemoved:Delete; put b 01 ObjectRemoved:Delete; put b 02; } >input
	split -u <input
	assert_eq "$(jq -r '.key + .sequencer' <<<"$out")" b02
	split -u -e '*' <input
	assert_eq "$(jq -r '.key + .sequencer + .event' <<<"$out")" $'a02ObjectRemoved:Delete\nb02ObjectCreated:Put'
}

@test "-u does not compare what cannot be compared" {
	{ put a 01 ObjectCreated:Put ceph:s3; put a 02 ObjectCreated:Put ceph:s3; put b nothex; put b nothey; } >input
	event 'del(.Records[0].s3.object.sequencer)' >>input
	event 'del(.Records[0].s3.object.sequencer)' >>input
	split -u <input
	assert_eq "$(jq -s length <<<"$out")$err" 6
}

@test "-u: memory grows with the objects, not with their events" {
	awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"k\",\"sequencer\":\"%012X\"}}}\n", i % 2 * i }' >many
	ldd "$(type -P s3ev-split)" | grep -q libasan || ulimit -S -d 12000
	split -u <many
	ulimit -S -d "$(ulimit -H -d)" # it is not for gojq
	assert_eq "$status $(jq -r .sequencer <<<"$out") $err" $'0 000000030D3F s3ev-split: 199999 older events left out\n'
}

@test "-u with marks: one document at a time" {
	{ put a 01; put a 02; } | jq -c -s '{Records: map(.Records[0])}' >input
	put a 01 >>input
	split -u -m <input
	assert_eq "$(jq -c '[.mark // .sequencer, .records]' <<<"$out" | tr '\n' ' ')" '["02",null] ["1",1] ["01",null] ["2",1] '
}

@test "a record knows the messages it came in, and its place among them" {
	split <"$events/composed-sqs-good-poison-good.json"
	assert_eq "$(jq -c '[.from.sqs, .from.position]' <<<"$out")" '["44103047-3123-4583-aed3-7224000351a8",0]
["c2f72267-c1b4-432b-b35e-c27a337798d1",1]
["519619da-e529-46d7-b58c-bc054405af0f",2]'
	split <"$events/sqs-sns-s3-put.json"
	assert_json '.from.sqs and .from.sns'
	split < <(jq -cS '{Records: [{messageId: "outer", receiptHandle: "now", body: ({requestPayload: .} | tojson)}]}' "$events/composed-sqs-good-poison-good.json")
	assert_eq "$(jq -c '[.key, .from.sqs, .from.receipt]' <<<"$out")" '["samconfig.toml","outer","now"]
[null,"outer","now"]
["samconfig.toml","outer","now"]'
	split <"$events/s3-put-v20-two-records-plus-key.json"
	assert_eq "$(jq -c .from <<<"$out")" $'null\n{"position":1}'
}

wrap() { # ID EVENT [MEMBERS]
	printf '{"invocation":{"id":"%s"%s},"event":%s}\n' "$1" "${3-}" "$2"
}

@test "an invocation's document is unwrapped; its records say until when, its mark whose" {
	put=$(event)
	plain=$(s3ev-split <<<"$put")
	split -m < <(wrap a/1 "$put" ',"deadline":1764000000123,"trace":"Root=1-2;Parent=\"3"'; wrap a/2 "$put"; echo "$put")
	assert_eq "$status$err" 0
	assert_eq "$out" "${plain%\}}"',"deadline":1764000000123,"trace":"Root=1-2;Parent=\"3"}
{"mark":"a/1","records":1}
'"$plain"'
{"mark":"a/2","records":1}
'"$plain"'
{"mark":"3","records":1}
'
	wrap a/1 "$put" ',"deadline":7' >wrapped
	one=$(s3ev-split -m <wrapped)
	split -m < <(while read -r -n 1 -d '' byte; do printf %s "${byte:- }"; done <wrapped)
	assert_eq "$out" "$one"$'\n'
	split -mu < <(wrap a/1 "$(event '.Records += .Records')" ',"deadline":7')
	assert_eq "$(jq -c '[.deadline, .mark]' <<<"$out")" $'[7,null]\n[null,"a/1"]'
}

@test "an invocation whose event is refused or broken has its mark, with an error" {
	split -m < <(wrap 1 '{"alpha":1}'; wrap 2 '{"Records":[{"s3":{'; wrap 3 '{"a":"\ud800"}'; wrap 4 '"text"'
		wrap 5 null; wrap 6 '{"Event":"s3:TestEvent"}'; wrap 7 "$(event)")
	assert_eq "$status" 65
	assert_eq "$(jq -c 'select(.mark) | [.mark, .records, (.error // "" | .[:24])]' <<<"$out")" '["1",0,"not an S3 event: it look"]
["2",0,"parse error: after key a"]
["3",0,"a lone surrogate in a st"]
["4",0,"not an S3 event: a value"]
["5",0,"not an S3 event: a value"]
["6",0,""]
["7",1,""]'
}

@test "messages and tasks that are refused have records of their own, and the mark no error" {
	split -m < <(wrap 1 '{"Records":[{"messageId":"m1","eventSource":"aws:sqs","body":"x"}]}'
		wrap 2 "$(jq -cS '.tasks[0].s3Key = ""' "$events/batch-invocation-v2.json")")
	assert_eq "$(jq -c '[.mark, .records, .error, .from, .failed.retry]' <<<"$out")" '[null,null,null,{"sqs":"m1","position":0},false]
["1",1,null,null,null]
[null,null,null,{"batch":"dGFza2lkZ29lc2hlcmUK","position":0},false]
["2",1,null,null,null]'
}

@test "only the outermost document may be an invocation's, and it must be one" {
	inner=$(wrap inner "$(event)" ',"deadline":5')
	split -m < <(wrap outer "$inner"
		jq -cn --arg body "$inner" '{messageId: "m1", body: $body, eventSource: "aws:sqs"}'
		printf '{"event":%s}\n' "$(event)"
		printf '{"event":%s,"invocation":{"id":"late"}}\n' "$(event)"
		wrap '' "$(event)"
		wrap '1","deadline":"soon' "$(event)"
		wrap '1","trace":["' "$(event)" ']')
	assert_eq "$(jq -c '[.mark, .records, .error, .failed.message, .deadline]' <<<"$out")" \
'["outer",0,"not an S3 event: it looks like an object with invocation, event",null,null]
[null,null,null,"not an S3 event: it looks like an object with invocation, event",null]
["2",1,null,null,null]
["3",0,"not an S3 event: it looks like an object with event",null,null]
["late",0,"not an S3 event: it looks like an object with event, invocation",null,null]
["5",0,"not an S3 event: an invocation without id",null,null]
[null,null,null,null,null]
["1",1,"not an S3 event: an invocation with invalid members",null,null]
[null,null,null,null,null]
["1",1,"not an S3 event: an invocation with invalid members",null,null]'
}

@test "foreign servers' events are read as they write them" {
	while IFS=$'\t' read -r file wanted; do
		split <"$reports/$file"
		assert_eq "$file $status$err $(jq -sc 'map([.bucket, .key, .event, .version, .etag, .size, .time, .source])' <<<"$out")" "$file 0 $wanted"
	done <<-'E'
		04-keys-not-encoded/noobaa.json	[["drop","in/50%25 a+b.csv","ObjectCreated:Put",null,"mtime-d8r0y7dgoydc-ino-8hwl",12,"2026-03-27T10:01:58.434Z","noobaa-1:s3"]]
		04-keys-not-encoded/scality.json	[["drop","in/a+b.csv","ObjectCreated:Put",null,null,12,"2026-03-27T10:01:58.434Z","scality:s3"]]
		04-keys-not-encoded/versity.json	[["drop","in/a+b.csv","ObjectCreated:Put",null,"97570fe1797bcf3e469b9a17b9f0abf4",12,"2026-03-27T10:01:58Z",null]]
		14-dialects-refused/b2.json	[["drop","in/a b+c.csv","ObjectCreated:Put","4_z0",null,12,"2026-11-23T19:36:44.379Z","backblaze:b2"]]
		14-dialects-refused/r2.json	[["drop","in/a b+c.csv","ObjectCreated:Put",null,"97570fe1797bcf3e469b9a17b9f0abf4",12,"2026-11-24T19:36:44.379Z","cloudflare:r2"]]
		14-dialects-refused/guardduty.json	[["drop","in/a b+c.csv",null,"v1","97570fe1797bcf3e469b9a17b9f0abf4",null,"2026-11-24T19:36:44Z","aws.guardduty"]]
		14-dialects-refused/cloudtrail-sns.json	[["drop","logs/a.json.gz",null,null,null,null,null,null],["drop","logs/b.json.gz",null,null,null,null,null,null]]
		16-time-with-offset/event.json	[["drop","a.csv","ObjectCreated:Put",null,"97570fe1797bcf3e469b9a17b9f0abf4",12,"2026-03-26T17:01:58Z",null]]
	E
}

@test "names of R2's and B2's events become S3's, and deletes are not taken" {
	while IFS=$'\t' read -r file filter wanted; do
		split -e '*' < <(jq -cS "$filter" "$reports/14-dialects-refused/$file")
		assert_eq "$filter $(jq -r .event <<<"$out")" "$filter $wanted"
	done <<-'E'
		r2.json	.action = "CompleteMultipartUpload"	ObjectCreated:CompleteMultipartUpload
		r2.json	.action = "LifecycleDeletion"	LifecycleExpiration:Delete
		r2.json	.action = "Other"	Other
		b2.json	.events[0].eventType = "b2:ObjectCreated:Copy"	ObjectCreated:Copy
		b2.json	.events[0].eventType = "b2:HideMarkerCreated:Hide"	ObjectRemoved:DeleteMarkerCreated
	E
	split < <(jq -cS '.action = "DeleteObject"' "$reports/14-dialects-refused/r2.json")
	assert_eq "$status$out$err" 0
	split -v <<<'{"events":[{"eventType":"b2:TestEvent","eventVersion":1}]}'
	assert_eq "$status$out$err" $'0s3ev-split: no record: b2:TestEvent\n'
}

@test "what is no key in a list of keys is refused, and the keys are taken" {
	for odd in 1 null true '{"a": "b"}' '["b"]'; do
		split <<<'{"s3Bucket": "in", "s3ObjectKey": ["a", '"$odd"', "c"]}'
		assert_eq "$odd $status $err$(jq -r .key <<<"$out" | tr '\n' ' ')" "$odd 65 s3ev-split: document 1: not an S3 event: a list of keys with what is none
a c "
	done
}

@test "an envelope without an event is called so" {
	for envelope in '{"detail": {"a": 1}}' '{"body": "x"}' '{"detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}}'; do
		split <<<"$envelope"
		assert_eq "$envelope $status $out$err" "$envelope 65 "$'s3ev-split: document 1: not an S3 event: it looks like an envelope that holds no event\n'
	done
}

@test "a scan that found a threat makes a bad record, one that failed a failed one" {
	scan() { # FILTER [OPTION...]
		split "${@:2}" < <(jq -cS "$1" "$reports/14-dialects-refused/guardduty.json")
	}
	scan '.detail.scanResultDetails = {scanResultStatus: "THREATS_FOUND", threats: [{name: "EICAR"}, {name: "x"}]}' -u
	assert_eq "$status$err $(jq -c '[.key, .version, .bad]' <<<"$out")" '0 ["in/a b+c.csv","v1",{"by":"s3ev-split","code":"ThreatFound","reason":"EICAR"}]'
	for result in UNSUPPORTED ACCESS_DENIED FAILED OTHER; do
		scan ".detail.scanResultDetails.scanResultStatus = \"$result\"" -m
		assert_eq "$status $(jq -c '[.key, .failed.code, .failed.message, .failed.retry, .mark, .records]' <<<"$out")" '65 ["in/a b+c.csv","NotScanned","GuardDuty did not scan it: '$result$'",false,null,null]\n[null,null,null,null,"1",1]'
	done
	# Clean is only what was scanned to the end, and is named exactly.
	scan '.detail.scanStatus = "FAILED"'
	assert_eq "$status $(jq -r .failed.message <<<"$out")" '65 GuardDuty did not scan it: FAILED'
	scan '.detail.scanResultDetails.threats = [{name: "EICAR"}]'
	assert_eq "$status $(jq -r .bad.reason <<<"$out")" '0 EICAR'
	for unpinned in 'del(.detail.s3ObjectDetails["versionId", "eTag"])' '.detail.s3ObjectDetails["versionId", "eTag"] = ""'; do
		scan "$unpinned"
		assert_eq "$status $(jq -r '.failed.code + ": " + .failed.message' <<<"$out")" \
			'65 NotScanned: GuardDuty names neither the version nor the ETag of what it has scanned'
	done
	scan '.["detail-type"] = "GuardDuty Malware Protection Post Scan Action Failed"'
	assert_eq "$status$out" 65
	[[ $err = *'GuardDuty Malware Protection Post Scan Action Failed'* ]]
	scan .detail
	assert_eq "$status $(jq -r .key <<<"$out")" '0 in/a b+c.csv'
}

@test "events are found as objects, strings in strings, details and bodies of requests" {
	put=$(event '.Records[0].s3.object.key = "k"')
	for file in "$reports"/15-envelopes-opened/*.json; do
		for size in 65536 1 7; do
			split < <(dd if="$file" bs=$size status=none)
			assert_eq "$file $status$err $(jq -c '[.bucket, .size, .etag, .event]' <<<"$out")" "$file 0 [\"drop\",20,\"e9c6a6caff59de9773a6e7e13c0dd329\",\"ObjectCreated:Put\"]"
		done
	done
	while IFS= read -r filter; do
		split < <(jq -cS "$filter" <<<"$put")
		assert_eq "$filter $status$err $(jq -c .key <<<"$out")" "$filter 0 \"k\""
	done <<-'E'
		tojson
		tojson | tojson
		[tojson]
		{messageId: "m", body: (tojson | tojson)}
		{Type: "Notification", MessageId: "m", Message: .}
		{Records: [{EventSource: "aws:sns", Sns: {MessageId: "m", Message: .}}]}
		{version: "2.0", requestContext: {http: {method: "POST"}}, body: tojson, isBase64Encoded: false}
		{version: "2.0", requestContext: {http: {method: "POST"}}, body: (tojson | @base64), isBase64Encoded: true}
		{isBase64Encoded: true, body: (tojson + " " | @base64), httpMethod: "POST", requestContext: {apiId: "1"}}
		{httpMethod: "POST", requestContext: {elb: {}}, body: .}
	E
	split < <(jq -c '{requestContext: {http: {}, apiId: "1"}, body: "not JSON"}' <<<"$put")
	[[ $err = *'it looks like an API Gateway request'* ]]
	split < <(jq -cS 'del(.reason)' "$reports/15-envelopes-opened/detail-only.json")
	assert_eq "$status$out$err" $'65s3ev-split: document 1: not an S3 event: the detail of an EventBridge event alone, which does not say what happened: send the whole event, without InputPath\n'
	split -e '*' < <(jq -cS '.reason = "DeleteObject" | .["deletion-type"] = "Permanently Deleted"' "$reports/15-envelopes-opened/detail-only.json")
	assert_json '.event == "ObjectRemoved:Delete"'
}

@test "--keys and S3EV_KEYS say how keys are written; a key in doubt is remembered as spelled" {
	plus=$(event '.Records[0].s3.object.key = "a+b%20c"')
	while IFS=$'\t' read -r option env filter wanted; do
		[ "$option" != - ] || option=
		run3 env S3EV_KEYS="${env#-}" s3ev-split $option < <(jq -cS "$filter" <<<"$plus")
		assert_eq "$option $env $filter $status$err $(jq -c '[.key, .spelled]' <<<"$out")" "$option $env $filter 0 $wanted"
	done <<-'E'
		-	-	.	["a b c",null]
		-	-	.Records[0].eventSource = "rustfs:s3"	["a b c","a+b%20c"]
		-	-	.Records[0].eventSource = "minio:s3"	["a b c","a+b%20c"]
		-	-	.Records[0].responseElements["x-amz-id-2"] = "short"	["a b c","a+b%20c"]
		-	-	.Records[0].awsRegion = ""	["a b c","a+b%20c"]
		-	-	.Records[0].userIdentity = {PrincipalId: "u"}	["a+b%20c",null]
		--keys=raw	-	.	["a+b%20c",null]
		--keys=form	-	.Records[0].eventSource = "ceph:s3"	["a b c",null]
		-	raw	.	["a+b%20c",null]
		-	form	.Records[0].userIdentity = {PrincipalId: "u"}	["a b c",null]
		--keys=auto	raw	.	["a b c",null]
	E
	split --keys=odd </dev/null
	assert_eq "$status$err" $'64s3ev-split: --keys is form, raw or auto, not: odd\n'
	S3EV_KEYS=odd split </dev/null
	assert_eq "$status$err" $'78s3ev-split: S3EV_KEYS is form, raw or auto, not: odd\n'
}

@test "times become UTC, and what is no time is unknown" {
	while IFS=$'\t' read -r filter wanted; do
		split < <(event ".Records[0].eventTime = $filter")
		assert_eq "$filter $status$err $(jq -c .time <<<"$out")" "$filter 0 $wanted"
	done <<-'E'
		"2026-03-27T01:01:58+08:00"	"2026-03-26T17:01:58Z"
		"2026-03-27T01:01:58.5-03:30"	"2026-03-27T04:31:58.5Z"
		"2026-03-27T01:01:58.123Z"	"2026-03-27T01:01:58.123Z"
		"1774572118"	null
		1774572118	null
		"2026-02-30T01:01:58Z"	null
		"yesterday"	null
	E
}

@test "lines for -l are named" {
	split <<<$'s3://bucket/key\ns3://bucket/other'
	[[ $status$out == 65 && $err == $'s3ev-split: document 1: an s where JSON should begin: is it a line of s3://bucket/key, which -l reads?\n'* ]]
}

@test "the bytes of a byte order mark inside a token are no mark, wherever the input is cut" {
	local token to
	mkfifo in
	for token in '-:malformed number' 'tr:invalid string' '/:probable comment'; do
		s3ev-split -m <in >out 2>/dev/null &
		exec {to}>in
		# The mark of the first document says that the token was read, too.
		printf '{"Event":"s3:TestEvent"}\n%s' "${token%%:*}" >&"$to"
		wait_until test -s out
		printf '\xef\xbb\xbf{"a":1}\n' >&"$to"
		exec {to}>&-
		wait $! || assert_eq $? 65
		[[ $(gojq -r '.error // "-"' out) == $'-\nlexical error: '"${token#*:}"* ]]
	done
}

@test "a byte order mark before a document is passed over, UTF-16 is named" {
	event '.Records[0].s3.object.key = "k"' >one
	{ printf '\xef\xbb\xbf'; cat one; printf '\n\xef\xbb\xbf'; cat one; tr -d '\n' <one; printf '\xef\xbb\xbf'; cat one; } >input
	for size in 65536 1 7; do
		split -m < <(dd if=input bs=$size status=none)
		assert_eq "$status$err $(jq -r '.key // .mark' <<<"$out" | tr '\n' ' ')" '0 k 1 k 2 k 3 k 4 '
		for broken in '\xef{' '\xef\xbb{"a":1}' '\xef\xbb\xbf}'; do
			split < <({ printf "$broken\n"; cat one; } | dd bs=$size status=none)
			assert_eq "$broken $status $(jq -r .key <<<"$out")" "$broken 65 k"
		done
		split < <(dd if="$reports/13-byte-order-mark/event-utf16.json" bs=$size status=none)
		assert_eq "$status$out$err" $'65s3ev-split: document 1: the input is UTF-16, with a byte order mark\n'
		split < <(iconv -t UTF-16LE one | dd bs=$size status=none)
		assert_eq "$status$out$err" $'65s3ev-split: document 1: a NUL between the tokens: is the input UTF-16?\n'
	done
	split < <(printf '\xef\xbb')
	assert_eq "$status$out $err" $'65 s3ev-split: document 1: bytes that are neither JSON nor a byte order mark\n'
	split -l < <(printf '\xef\xbb\xbfs3://bucket/k\n')
	assert_eq "$status$err $(jq -r .key <<<"$out")" '0 k'
	split < <(jq -Rs '{messageId: "m", body: ("\ufeff" + .)}' one)
	assert_eq "$status$err $(jq -r .key <<<"$out")" '0 k'
}

@test "only objects of the buckets that are named are taken" {
	jq -cs . <(event '.Records[0].s3.bucket.name = "mine"') <(event '.Records[0].s3.bucket.name = "other"') >input
	for try in '--bucket mine' '--bucket=x --bucket=mine' 'SOURCE_BUCKETS=mine' 'SOURCE_BUCKETS=x,mine' $'SOURCE_BUCKETS=x\tmine'; do
		case $try in
		--*) run3 s3ev-split -v -m $try <input ;;
		*) run3 env "$try" s3ev-split -v -m <input ;;
		esac
		assert_eq "$try $status $(jq -c '[.bucket, .failed.code, .failed.retry, .mark, .records, .error]' <<<"$out")" "$try"' 65 ["mine",null,null,null,null,null]
["other","ForeignBucket",false,null,null,null]
[null,null,null,"1",2,null]'
		assert_eq "$err" $'s3ev-split: document 1: bucket other is not among the source buckets\n'
	done
	# As two variables leave it that are not set.
	SOURCE_BUCKETS=' , ' split -v <input
	assert_eq "$status $(jq -r .failed.code <<<"$out" | uniq)" '65 ForeignBucket'
	SOURCE_BUCKETS='' split -v <input
	assert_eq "$status$err $(jq -s length <<<"$out")" $'0s3ev-split: any bucket is taken: neither --bucket nor SOURCE_BUCKETS says which\n 2'
	SOURCE_BUCKETS=other split --bucket=mine <input
	assert_eq "$(jq -c '[.bucket, .failed.code]' <<<"$out")" $'["mine",null]\n["other","ForeignBucket"]'
	split --bucket mine -e 'ObjectRemoved:*' <input
	assert_eq "$status$out$err" 0
}

@test "what could not be in a request is refused by name" {
	arn=arn:aws:s3:eu-west-1:000000000000:accesspoint/point
	while IFS=$'\t' read -r filter wanted; do
		split < <(event ".Records[0].s3$filter")
		assert_eq "$filter $status$out $err" "$filter 65 s3ev-split: document 1: $wanted"$'\n'
	done <<-'E'
		.bucket.name = "processed/sub"	not the name of a bucket
		.bucket.name = "a b"	not the name of a bucket
		.bucket.name = "..."	not the name of a bucket
		.bucket.name = "b\r\nx"	not the name of a bucket
		.bucket.name = "b" * 256	not the name of a bucket
		.bucket.name = "arn:aws:s3:::processed/sub"	not the name of a bucket
		.object.eTag = "abc\r\n x-evil: 1"	an ETag with blanks, quotes or control characters, or longer than 256
		.object.eTag = "a\"b"	an ETag with blanks, quotes or control characters, or longer than 256
		.object.eTag = "\u00e9"	an ETag with blanks, quotes or control characters, or longer than 256
		.object.eTag = "e" * 257	an ETag with blanks, quotes or control characters, or longer than 256
		.object.versionId = "a\nb"	a version with blanks, quotes or control characters, or longer than 1024
		.object.versionId = "v" * 1025	a version with blanks, quotes or control characters, or longer than 1024
		.object.sequencer = "1\n2"	a sequencer that is not printable ASCII, or longer than 64
		.object.sequencer = "1\u0085"	a sequencer that is not printable ASCII, or longer than 64
		.object.sequencer = "1" * 65	a sequencer that is not printable ASCII, or longer than 64
		.object.size = 54975581388801	a size of more than 50 TB
	E
	split < <(event '.Records[0].s3 |= (.bucket.name = "Old_name" | .object.size = 54975581388800 | .object.eTag = "e" * 256)')
	assert_eq "$status$err $(jq -r .bucket <<<"$out")" '0 Old_name'
	for name in "$arn" name--euw1-az1--x-s3; do
		event ".Records[0].s3.bucket.name = \"$name\"" >input
		split <input
		assert_eq "$status $(jq -c '[.bucket, .failed.code]' <<<"$out")" "65 [\"$name\",\"ForeignBucket\"]"
		assert_eq "$err" "s3ev-split: document 1: $name is taken only with --bucket-arns, or if --bucket names it"$'\n'
		for option in --bucket-arns "--bucket=$name"; do
			split "$option" <input
			assert_eq "$status$err $(jq -c .failed <<<"$out")" '0 null'
		done
	done
}

@test "a document that is too long is refused; missing memory is 71, not a signal" {
	event . >one
	{ printf '{"s3":{"object":{"versionId":"'; head -c 5000000 /dev/zero | tr '\0' x; printf '","key":"'
		head -c 5000000 /dev/zero | tr '\0' x; printf '"}}}\n'; cat one; } >long
	split -m <long
	assert_eq "$status $(jq -c '[.event, .mark, .error]' <<<"$out")" '65 [null,"1","a document that needs more than 8 MiB"]
["ObjectCreated:Put",null,null]
[null,"2",null]'
	! ldd "$(type -P s3ev-split)" | grep -q libasan || return 0
	printf '{"messageId":"m","body":"%s"}' "$(head -c 4000000 /dev/zero | tr '\0' 'x')" >large
	counts=()
	for ((size = 3000; size < 40000; size += 500)); do
		run3 bash -c "ulimit -v $size && exec s3ev-split -m <large"
		[[ $status = 65 || $status = 71 || $status = 127 ]] || { echo "$size: $status $err"; return 1; }
		counts[status]=$((${counts[status]-0} + 1))
	done
	[ "${counts[71]-0}" -gt 2 ]
}

@test "filters hold to SOURCE_BUCKETS and to names as well, for records made by hand" {
	export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=s AWS_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:9
	for filter in 's3fetch -d .' 's3check --utf8' 's3rm' 's3route -p p -b q' 'ddb-record -t t'; do
		SOURCE_BUCKETS=mine,ours run3 $filter <<<'{"bucket":"other","key":"k","etag":"e"}
{"mark":"1"}
{"bucket":"other","key":"k","failed":{"code":"x"}}'
		assert_eq "$filter $status $(jq -c '[.bucket, .mark, .failed.code, .failed.retry]' <<<"$out")" "$filter"' 75 ["other",null,"ForeignBucket",false]
[null,"1",null,null]
["other",null,"x",null]'
		while IFS=$'\t' read -r line wanted; do
			run3 $filter <<<"$line"
			assert_eq "$filter $status$out $err" "$filter 65 ${filter%% *}: line 1: $wanted"$'\n'
		done <<-'E'
			{"bucket":"processed/sub","key":"loop.csv"}	not the name of a bucket
			{"bucket":"b","key":"k","etag":"abc\r\n x-evil: 1"}	an ETag with blanks, quotes or control characters, or longer than 256
			{"bucket":"b","key":"k","version":"a\nb"}	a version with blanks, quotes or control characters, or longer than 1024
			{"bucket":"b","key":"k","trace":"a\nb"}	a trace with control characters
			{"bucket":"b","key":"k","fetch":{"read_etag":"a\nb"}}	a read_etag that is not printable ASCII, or longer than 256
			{"bucket":"b","key":"k","check":{"read_etag":"a\u202eb"}}	a read_etag that is not printable ASCII, or longer than 256
			{"bucket":"b","key":"a/k","etag":"e","route":{"to":"processed","bucket":"b/a","key":"k","etag":"e"}}	a copy in what is not the name of a bucket
			{"bucket":"b","key":"k","size":54975581388801}	a size of more than 50 TB
		E
	done
}
