#!/usr/bin/env bats
# The four outcomes, the exit statuses, and what all filters do alike.

load ../lib/helper

filters=(s3fetch s3check s3route ddb-record s3rm)
all=("${filters[@]}" s3ev-stat) # with those that only look
hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"

setup() {
	export S3EV_CONNECT_TIMEOUT=5 AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
}

# Sets filter, and the command that runs it with all it needs.
use() { # FILTER OPTION...
	filter=$1
	case $1 in
	s3fetch) command=(s3fetch -d "$spool" "${@:2}") ;;
	s3check) command=(s3check -x 'cat >/dev/null' "${@:2}") ;;
	s3route) command=(s3route -p processed -b bad-data "${@:2}") ;;
	ddb-record) command=(ddb-record -t ledger "${@:2}") ;;
	s3rm) command=(s3rm "${@:2}") ;;
	s3ev-stat) command=(s3ev-stat --prom "$dir/s3ev.prom" "${@:2}") ;;
	esac
}

# Runs a filter on the records in a file. Sets out, err, status as run3 does.
runs() { # FILTER FILE OPTION...
	use "$1" "${@:3}"
	run3 timeout 60 "${command[@]}" <"$2"
	unhinted
}

# These records have been routed before, and s3route says so once.
unhinted() {
	err=${err/"s3route: every record came with the verdict of an earlier run, so nothing was decided anew: see --redo, and ddb-list(1)"$'\n'/}
}

# A server for which all goes well, after the RULES. It has an object with the
# content "hello" under every key but those that are still to be written.
server() { # [RULES]
	stub "$(jq -n --argjson rules "${1:-[]}" --arg hello "\"$hello\"" '$rules + [
		{match: {method: "POST"}, reply: {body: "{\"Items\":[]}"}},
		{match: {method: "HEAD", path: "^/(processed|bad-data)/"}, reply: {status: 404, headers: {"x-amz-request-id": "R"}}},
		{match: {path: "[?]tagging"}, reply: {body: "<Tagging><TagSet/></Tagging>"}},
		{match: {method: "PUT", path: "/\\.s3ev-probe$"}, reply: {status: 412, headers: {"x-amz-request-id": "R"}, body: "<Error><Code>PreconditionFailed</Code></Error>"}},
		{match: {method: "PUT"}, reply: {headers: {ETag: $hello}, body: "<CopyObjectResult><ETag>\($hello)</ETag></CopyObjectResult>"}},
		{match: {method: "DELETE"}, reply: {status: 204}},
		{reply: {headers: {ETag: $hello}, body: "hello\n"}}]')" || return
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
}

# Whatever has to do with k1 takes a while longer than that of COUNT others, then fails.
slow_server() { # COUNT
	cat >"$dir/slow.mjs" <<-JS
		const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
		let others = new Set()
		export default [{reply: async ({target, body}) => {
			const [key] = /\bk[0-9]+\b/.exec(target + body) ?? []
			if (key !== 'k1')
				others.add(key)
			if (key === 'k1') {
				for (let i = 0; i < 500 && others.size < $1; i++)
					await sleep(10)
				await sleep(150)
				others = new Set()
			}
			return {status: 400}
		}}]
	JS
	stub "$dir/slow.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
}

# Records that any filter can work on, s3rm too, with ids and keys k1, k2, ...
records() { # COUNT
	jq -cn --arg etag $hello --argjson n "$1" 'range(1; $n + 1) |
		{id: "k\(.)", bucket: "in", key: "k\(.)", size: 6, $etag, time: "2026-11-23T05:54:00Z",
			route: {to: "processed", bucket: "copied", key: "k\(.)", $etag}}'
}

ids() { # [JSON]; else $out
	jq -r .id <<<"${1-$out}" | sort -V | tr '\n' ' '
}

# The line comes out with members added behind all others, and nothing else is changed.
is_extended() { # LINE EXTENDED
	[[ $2 == "${1%\}},"* && $2 == *\} ]] && return
	printf 'not extended: %s\nto: %s\n' "$1" "$2" >&2
	return 1
}

# There is one line on stderr, from the filter, with a text in it.
says() { # TEXT
	local line=${err%$'\n'}
	[[ $line == "$filter: "* && $line != *$'\n'* && $line == *"$1"* && $err == *$'\n' ]] && return
	printf 'not one line of %s with: %s\n%s' "$filter" "$1" "$err" >&2
	return 1
}

# What all filters do alike

@test "no records: nothing comes out, no request is made, 0" {
	server
	for filter in "${all[@]}"; do
		runs "$filter" /dev/null
		assert_eq "$filter $status $out$err" "$filter 0 "
	done
	[ ! -s "$STUB_LOG" ]
}

@test "one record, many records: each comes out once, with what the filter adds, 0" {
	server
	records 1 >"$dir/one"
	records 40 >"$dir/many"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/one"
		assert_eq "$filter $status $err" "$filter 0 "
		is_extended "$(<"$dir/one")" "${out%$'\n'}"
		runs "$filter" "$dir/many"
		assert_eq "$filter $status $err" "$filter 0 "
		assert_eq "$(ids)" "$(ids "$(<"$dir/many")")"
		assert_json '.bad or .gone or .failed | not'
	done
}

@test "what a filter does not know passes byte for byte" {
	server
	line='{ "a":1e400,"b":1.0 , "c":12345678901234567890,"d":-0,"e":"\u00e9\/\ud83d\ude00é😀","f":[ null,{"bucket":0}],'
	line+='"":"","bucket" : "in","k\u0065y":"k","size":6,"etag":"'$hello'","id":"i",'
	line+='"time":"2026-11-23T05:54:00Z","route":{"bucket":"copied","key":"k","etag":"'$hello'","x":1E+2}	}'
	printf '%s\n' "$line" >"$dir/in"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $err" "$filter 0 "
		is_extended "$line" "${out%$'\n'}"
	done
}

@test "a malformed line in the middle: it is named, the others go through, 65" {
	server
	{
		records 1
		printf '%s\n' 'no JSON' '{"bucket":"in","key":"k"' '[]' '"x"' '' '{"bucket":"in"}' '{"key":"k"}' \
			'{"bucket":"in","key":""}' '{"bucket":"in","key":"k","size":"big"}' \
			'{"bucket":"in","key":"k","size":-1}' '{"bucket":"in","key":"k"}}' \
			'{"bucket":"in","key":"k","id":"../x"}' $'{"bucket":"in","key":"\xff"}' \
			'{"bucket":"in","key":"\ud800"}'
		records 2 | tail -n 1
	} >"$dir/in"
	for filter in "${all[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $(ids)" "$filter 65 k1 k2 "
		assert_eq "$(cut -d : -f 1,2 <<<"$err")" "$(printf "$filter: line %s\n" {2..15})"
	done
}

@test "a bucket and a key that are no strings are no record: 65" {
	server
	printf '%s\n' '{"bucket":"in","key":7}' '{"bucket":true,"key":"k"}' '{"bucket":"in","key":{"a":1}}' \
		'{"bucket":"in","key":null}' >"$dir/in"
	for filter in "${all[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $out" "$filter 65 "
	done
}

@test "a last line that is cut off is no record: 65" {
	server
	{
		records 1
		records 2 | tail -n 1 | head -c 20
	} >"$dir/in"
	# Not even if it looks whole: more might have followed.
	printf %s "$(records 1)" >"$dir/whole"
	for filter in "${all[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $(ids)" "$filter 65 k1 "
		says 'line 2: cut off'
		runs "$filter" "$dir/whole"
		assert_eq "$filter $status $out" "$filter 65 "
		says 'line 1: cut off'
	done
	run3 grep -c '"/in/k2"' "$STUB_LOG"
	assert_eq "$out" $'0\n'
}

@test "a line longer than a record may be is skipped and named: 65" {
	server
	{
		records 1
		printf '{"bucket":"in","key":"k2","x":"%2000000s"}\n' ''
		records 3 | tail -n 1
	} >"$dir/in"
	for filter in "${all[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $(ids)" "$filter 65 k1 k3 "
		says 'line 2: '
	done
}

@test "a record of 1 MiB passes, and what a filter adds to it" {
	server
	records 1 | jq -cS '. + {x: ("x" * (1048576 - (tostring | length) - 7))}' >"$dir/in"
	assert_eq "$(wc -c <"$dir/in")" $((1048576 + 1))
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $err" "$filter 0 "
		is_extended "$(<"$dir/in")" "${out%$'\n'}"
	done
}

@test "stdin cannot be read: 74" {
	server
	for filter in "${all[@]}"; do
		runs "$filter" /
		assert_eq "$filter $status $out" "$filter 74 "
		says stdin
	done
}

@test "stdout is full: 74" {
	server
	records 3 >"$dir/in"
	for filter in "${all[@]}"; do
		use "$filter"
		run3 sh -c '"$@" >/dev/full' sh "${command[@]}" <"$dir/in"
		unhinted
		assert_eq "$status $err" "74 $filter: stdout: No space left on device"$'\n'
	done
}

@test "stdout is full while requests are under way: 74, nothing else is said" {
	records 10 >"$dir/in"
	for filter in "${filters[@]}"; do
		server '[{"times": 9, "delayMs": 3000, "reply": {"status": 500}}]'
		use "$filter" -j 10
		run3 timeout 60 sh -c '"$@" >/dev/full' sh "${command[@]}" <"$dir/in"
		unhinted
		assert_eq "$status $err" "74 $filter: stdout: No space left on device"$'\n'
		stop_servers
	done
}

@test "stdout is closed: 74" {
	server
	records 1 >"$dir/in"
	for filter in "${all[@]}"; do
		use "$filter"
		run3 sh -c '"$@" >&-' sh "${command[@]}" <"$dir/in"
		unhinted
		assert_eq "$filter $status" "$filter 74"
		says stdout
	done
}

@test "a reader that goes away: SIGPIPE or 74, and no hang" {
	server
	records 3000 >"$dir/in"
	mkdir "$dir/tmp"
	for filter in "${all[@]}"; do
		use "$filter"
		TMPDIR=$dir/tmp run3 bash -c 'timeout 60 "$@" | head -n 1; exit "${PIPESTATUS[0]}"' bash "${command[@]}" <"$dir/in"
		[[ $status == 141 || $status == 74 ]]
		assert_eq "$(wc -l <<<"$out")" 2
		assert_eq "$(ls "$dir/tmp")" ''
	done
}

@test "a reader that goes away while there is nothing to write: the same" {
	server
	mkfifo "$dir/in"
	exec 7<>"$dir/in"
	for filter in "${all[@]}"; do
		use "$filter"
		run3 bash -c 'timeout 60 "$@" 7>&- | :; exit "${PIPESTATUS[0]}"' bash "${command[@]}" <"$dir/in"
		[[ $status == 141 || $status == 74 ]]
		# It waits for a reader of its statistics, and not without one of its records.
		rm -f "$dir/fifo"
		mkfifo "$dir/fifo"
		run3 bash -c 'timeout 60 "$@" 7>&- | :; exit "${PIPESTATUS[0]}"' bash "${command[@]}" --stats "$dir/fifo" <"$dir/in"
		[[ $status == 141 || $status == 74 ]]
	done
	run3 bash -c 'timeout 60 s3ev-split 7>&- | :; exit "${PIPESTATUS[0]}"' <"$dir/in"
	[[ $status == 141 ]]
	server '[{"delayMs": 120000}]'
	run3 bash -c 'timeout 60 s3ls s3://in 7>&- | :; exit "${PIPESTATUS[0]}"'
	[[ $status == 141 || $status == 74 ]]
}

@test "a mark comes out in its place: after slow records before it, before quick ones behind" {
	slow_server 1
	records 4 | sed '2s/$/\n{ "mark" : "m" , "x":1.0 }\n{"mark":"n"}/' >"$dir/in"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		mapfile -t got < <(jq -r '.mark // .id' <<<"$out")
		assert_eq "$filter ${got[*]:0:4} ${#got[@]}" "$filter k2 k1 m n 6"
		[[ $out == *$'\n{ "mark" : "m" , "x":1.0 }\n{"mark":"n"}\n'* ]]
	done
	# Marks alone need nobody.
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1
	echo '{"mark":"m"}' >"$dir/in"
	for filter in "${all[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $out$err" "$filter 0 "$'{"mark":"m"}\n'
	done
}

@test "records come out as they finish, with -k in the order of the input" {
	slow_server 4
	records 5 >"$dir/in"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $(jq -r .id <<<"$out" | tail -n 1)" "$filter k1"
		runs "$filter" "$dir/in" -k
		assert_eq "$filter $(jq -r .id <<<"$out" | tr '\n' ' ')" "$filter k1 k2 k3 k4 k5 "
	done
}

@test "-j is how many records are in flight, no more and no fewer" {
	cat >"$dir/count.mjs" <<-'JS'
		// Answers when four requests are here, or after a while; request ids tell how many were.
		let waiting = [], timer
		const answer = () => {
			clearTimeout(timer)
			const count = waiting.length
			waiting.forEach((go) => go(count))
			waiting = []
		}
		const wait = () => new Promise((go) => {
			clearTimeout(timer)
			if (waiting.push(go) === 4)
				answer()
			else
				timer = setTimeout(answer, 30)
		})
		export default [{reply: async () => {
			const count = String(await wait())
			return {status: 400, headers: {'x-amz-request-id': count, 'x-amzn-requestid': count}}
		}}]
	JS
	stub "$dir/count.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
	records 6 >"$dir/in"
	for filter in "${filters[@]}"; do
		for jobs in 1 4; do
			runs "$filter" "$dir/in" -j $jobs
			assert_eq "$filter $status $(jq -s 'length' <<<"$out")" "$filter 75 6"
			assert_eq "$filter -j $(jq -s 'map(.failed.request_id | tonumber) | max' <<<"$out")" "$filter -j $jobs"
		done
	done
}

# Outcomes

@test "failed: passes every filter untouched, without a request, 75" {
	server
	line='{"bucket":"in","key":"k","id":"i","etag":"x" , "failed":{"by":"x","code":"y","message":"z","retry":false}, "n":1e400}'
	printf '%s\n' "$line" '{"failed":{"by":"s3ev-split","code":"x"}}' >"$dir/in"
	for filter in "${all[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $out$err" "$filter 75 $line"$'\n{"failed":{"by":"s3ev-split","code":"x"}}\n'
	done
	[ ! -s "$STUB_LOG" ]
}

@test "bad: is not read again, goes to bad data, and is recorded, 0" {
	server
	line='{"bucket":"in","key":"k","etag":"'$hello'","size":6,"bad":{"by":"me","reason":"I say so"}}'
	echo "$line" >"$dir/in"
	for filter in s3fetch s3check; do
		runs $filter "$dir/in"
		assert_eq "$filter $status $out$err" "$filter 0 $line"$'\n'
	done
	[ ! -s "$STUB_LOG" ]
	runs s3route "$dir/in"
	assert_eq "$status $out$err" "0 ${line%\}},"'"route":{"to":"bad-data","bucket":"bad-data","key":"k","etag":"'$hello$'","why":"k.why.json"}}\n'
	runs ddb-record "$dir/in"
	assert_eq "$status $out$err" "0 ${line%\}},"$'"record":{"table":"ledger","status":"written"}}\n'
}

@test "gone: nothing is done, it is only recorded, 0" {
	server
	line='{"bucket":"in","key":"k","etag":"'$hello'","gone":{"by":"me","code":"NoSuchKey","message":"it went"}}'
	echo "$line" >"$dir/in"
	for filter in s3fetch s3check s3route s3rm; do
		runs $filter "$dir/in"
		assert_eq "$filter $status $out$err" "$filter 0 $line"$'\n'
	done
	[ ! -s "$STUB_LOG" ]
	runs ddb-record "$dir/in"
	assert_eq "$status $out$err" "0 ${line%\}},"$'"record":{"table":"ledger","status":"written"}}\n'
}

@test "good, bad, gone and failed together: each goes its way, 75" {
	server
	{
		records 1
		records 2 | tail -n 1 | jq -cS '.bad = {by: "me", reason: "no"}'
		records 3 | tail -n 1 | jq -cS '.gone = {by: "me", code: "NoSuchKey"}'
		records 4 | tail -n 1 | jq -cS '.failed = {by: "me", code: "x"}'
		echo cut
	} >"$dir/in"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in" -k
		assert_eq "$filter $status $(ids)" "$filter 75 k1 k2 k3 k4 "
		assert_eq "$(jq -c '[has("bad", "gone", "failed")]' <<<"$out")" \
			$'[false,false,false]\n[true,false,false]\n[false,true,false]\n[false,false,true]'
	done
}

@test "gone: deleted since, overwritten since, hidden by a delete marker" {
	new_bucket in
	new_bucket versioned
	new_bucket to
	s3c versioning "$versioned" on
	echo one >"$dir/object"
	etag=$(md5sum <"$dir/object" | cut -d ' ' -f 1)
	for key in deleted overwritten; do
		s3c put "$in" $key "$dir/object" >/dev/null
	done
	s3c rm "$in" deleted
	echo two | s3c put "$in" overwritten >/dev/null
	version=$(s3c put "$versioned" deleted "$dir/object" | jq -r .version)
	s3c rm "$versioned" deleted -v"$version"
	s3c put "$versioned" hidden "$dir/object" >/dev/null
	s3c rm "$versioned" hidden
	{
		record bucket="$in" key=deleted etag="$etag" size=4
		record bucket="$in" key=overwritten etag="$etag" size=4
		record bucket="$versioned" key=deleted etag="$etag" version="$version" size=4
		record bucket="$versioned" key=hidden etag="$etag" size=4
	} >"$dir/in"
	for filter in s3fetch s3check s3route; do
		use $filter -k
		[ $filter != s3route ] || command=(s3route -k -p "$to" -b "$to-none")
		run3 "${command[@]}" <"$dir/in"
		assert_eq "$filter $status $err" "$filter 0 "
		assert_eq "$(jq -r '.gone | .by + " " + .code' <<<"$out" | sed 's/NoSuchVersion/NoSuchKey/')" \
			"$(printf "$filter %s\n" NoSuchKey PreconditionFailed NoSuchKey NoSuchKey)"
		assert_json '(.gone.message | length > 0) and (.bad or .failed or .fetch or .check or .route | not)'
	done
	assert_eq "$(s3c ls "$to")$(ls -A "$spool")" '[]'
}

@test "a version that was announced is still taken after it was overwritten, even hidden" {
	new_bucket in
	new_bucket to
	s3c versioning "$in" on
	echo one >"$dir/object"
	version=$(s3c put "$in" key "$dir/object" | jq -r .version)
	echo two | s3c put "$in" key >/dev/null
	s3c rm "$in" key
	record bucket="$in" key=key version="$version" etag="$(md5sum <"$dir/object" | cut -d ' ' -f 1)" size=4 >"$dir/in"

	run3 s3fetch -d "$spool" <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_eq "$(cat "$(jq -r .fetch.path <<<"$out")")" one
	run3 s3check -x 'read -r line; [ "$line" = one ]' <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_json '.bad or .failed | not'
	run3 s3route -p "$to" -b "$to-none" <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_eq "$(s3c get "$to" key)" one
}

# What each record in $out failed of.
failures() {
	jq -r '.failed | .by + " " + .code + " " + (.retry | tostring)' <<<"$out"
}

@test "failed: nobody listens" {
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1
	records 3 >"$dir/in"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in" -k
		assert_eq "$filter $status" "$filter 75"
		assert_eq "$(failures)" "$(printf "$filter CouldNotConnect true\n%.0s" 1 2 3)"
		for i in 1 2 3; do
			[[ $err == *"$filter: in/k$i: CouldNotConnect: 127.0.0.1:1: "* ]]
		done
	done
	assert_eq "$(ls -A "$spool")" ''
}

@test "failed: the host is not known" {
	export AWS_ENDPOINT_URL_S3=http://no.such.host.invalid AWS_ENDPOINT_URL_DYNAMODB=http://no.such.host.invalid
	records 1 >"$dir/in"
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$status $(failures)" "75 $filter CouldNotResolve true"
		says 'in/k1: CouldNotResolve: no.such.host.invalid: '
	done
}

@test "failed: TLS is spoken by nobody, or by somebody whom no CA vouches for" {
	records 1 >"$dir/in"
	export AWS_ENDPOINT_URL_S3=$S3_TLS_ENDPOINT AWS_ENDPOINT_URL_DYNAMODB=$S3_TLS_ENDPOINT
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$status $(failures)" "75 $filter TLSVerificationFailed false"
	done
	stub '[]'
	export AWS_ENDPOINT_URL_S3=https${STUB_URL#http} AWS_ENDPOINT_URL_DYNAMODB=https${STUB_URL#http}
	for filter in "${filters[@]}"; do
		runs "$filter" "$dir/in"
		assert_eq "$status" 75
		[[ $(failures) == "$filter TLSError "* ]]
	done
}

@test "failed: wrong secret, unknown key, no such bucket, access denied: AWS's code, message, request id" {
	new_bucket in
	s3c put "$in" k <<<hello >/dev/null
	record bucket="$in" key=k etag=$hello size=6 >"$dir/in"
	record bucket="$in-none" key=k etag=$hello size=6 >"$dir/none"
	for filter in s3fetch s3check; do
		AWS_SECRET_ACCESS_KEY=wrong runs $filter "$dir/in"
		assert_eq "$status $(failures)" "75 $filter SignatureDoesNotMatch false"
		says "$in/k: SignatureDoesNotMatch"
		[[ $err == *" (request $(jq -r .failed.request_id <<<"$out"))"$'\n' && $err == *'(request tx'* ]]

		AWS_ACCESS_KEY_ID=nobody runs $filter "$dir/in"
		assert_eq "$status $(failures)" "75 $filter InvalidAccessKeyId false"

		runs $filter "$dir/none"
		assert_eq "$status $(failures)" "75 $filter NoSuchBucket false"
		says "$in-none/k: NoSuchBucket"

		AWS_ACCESS_KEY_ID=$S3_SECOND_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECOND_SECRET_ACCESS_KEY \
			runs $filter "$dir/in"
		assert_eq "$status $(failures)" "75 $filter AccessDenied false"
		says "$in/k: AccessDenied"
		# Of all errors, this one is the most misread.
		[[ $err == *s3:GetObject*s3:ListBucket*'missing object'* ]]
	done
	assert_eq "$(ls -A "$spool")" ''
}

@test "failed: SlowDown, as often as it was tried, then no more" {
	server '[{"match": {"method": "HEAD"}, "reply": {"status": 503, "headers": {"x-amz-request-id": "SLOW"}}},
		{"match": {"method": "POST"}, "reply": {"status": 400, "headers": {"x-amzn-RequestId": "SLOW"},
			"body": "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\",\"message\":\"Slow down\"}"}},
		{"reply": {"status": 503, "headers": {"x-amz-request-id": "SLOW"},
			"body": "<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>"}}]'
	records 1 >"$dir/in"
	codes=(SlowDown SlowDown ServiceUnavailable ThrottlingException ServiceUnavailable)
	for i in "${!filters[@]}"; do
		runs "${filters[i]}" "$dir/in"
		assert_eq "$status $(failures)" "75 $filter ${codes[i]} true"
		says "in/k1: ${codes[i]}: "
		[[ $err == *' (request SLOW)'$'\n' ]]
		assert_json '.failed.request_id == "SLOW"'
	done
	assert_eq "$(wc -l <"$STUB_LOG")" 10
	AWS_MAX_ATTEMPTS=1 runs s3fetch "$dir/in"
	assert_eq "$(wc -l <"$STUB_LOG")" 11
	assert_eq "$(ls -A "$spool")" ''
}

@test "what fails for a moment is tried again and succeeds" {
	export AWS_MAX_ATTEMPTS=6
	records 6 >"$dir/in"
	for filter in "${filters[@]}"; do
		server '[
			{"times": 1, "reply": {"status": 503, "body": "<Error><Code>ServiceUnavailable</Code></Error>"}},
			{"times": 1, "reply": {"status": 500, "body": "not XML"}},
			{"times": 1, "cutAfter": "connect"},
			{"times": 1, "cutAfter": 0, "reply": {"body": "hello\n"}},
			{"times": 1, "cutAfter": 3, "reply": {"status": 500, "body": "<Error>"}},
			{"times": 1, "closeIdle": true, "reply": {"status": 502}}]'
		runs "$filter" "$dir/in"
		assert_eq "$filter $status $err" "$filter 0 "
		assert_eq "$(ids)" 'k1 k2 k3 k4 k5 k6 '
		stop_servers
	done
}

@test "failed: an answer that never comes, or never ends" {
	export S3EV_STALL_TIMEOUT=1 AWS_MAX_ATTEMPTS=1
	records 3 >"$dir/in"
	server '[{"match": {"path": "k1"}, "delayMs": 20000}, {"match": {"path": "k2"}, "stall": 0, "reply": {"body": "hello"}}]'
	for filter in s3fetch s3route; do
		runs "$filter" "$dir/in"
		assert_json '.failed.code == "Timeout" and .failed.retry' "$(jq -c 'select(.id == "k1")' <<<"$out")"
		[[ $status == 75 && $err == *": Timeout: ${STUB_URL#http://}: "* ]]
	done
	assert_eq "$(find "$spool" -name '.*')" ''
}

# Exit statuses

@test "usage: 64, one line, nothing is read" {
	for filter in "${filters[@]}"; do
		more=()
		[ "$filter" != s3fetch ] || more=(--none -j '-j 1025' '-j -1' '-j x' '-j 1x' '-k -- argument')
		for options in -q '-j 0' argument "${more[@]}"; do
			# shellcheck disable=SC2086
			run3 "$filter" $options <<<'{"bucket":"in","key":"k"}'
			assert_eq "$filter $options $status $out" "$filter $options 64 "
			says ''
		done
	done
	for command in 's3check -x' 's3check --max-size x' 's3check --max-size 1kb' 's3check --max-size -1' 's3check --name' \
		's3fetch -d' 's3route -p' 's3route -b' 's3route -t' 's3route -t {' 's3route -t {nothing}' \
		's3route -t {key' 'ddb-record -t'; do
		filter=${command%% *}
		run3 $command <<<'{"bucket":"in","key":"k"}'
		assert_eq "$command $status $out" "$command 64 "
		says ''
	done
}

@test "an empty option, as a script with an unset variable gives it, is wrong usage: 64" {
	server
	records 1 >"$dir/in"
	for option in 's3check -x' 's3check --max-size' 's3fetch -d' 's3route -p p -b b -t'; do
		filter=${option%% *}
		# shellcheck disable=SC2086
		run3 $option '' <"$dir/in"
		assert_eq "$option $status $out" "$option 64 "
		says ''
	done
}

@test "--help and --version go to stdout, 0, and to a full disk, 74" {
	for filter in "${all[@]}"; do
		for option in -h --help; do
			run3 "$filter" $option
			assert_eq "$filter $status $err" "$filter 0 "
			[[ $out == "$filter: "*$'\n'"usage: $filter [-h"* && $out == *' -j, --jobs '* && $out == *' -V, --version '* ]]
		done
		assert_eq "$("$filter" -h | awk 'length > 80')" ''
		for option in -V --version; do
			run3 "$filter" $option
			assert_eq "$filter $status $err" "$filter 0 "
			[[ $out =~ ^$filter\ [0-9]+\.[0-9]+\.[0-9]+$'\n'$ ]]
		done
		for option in -h -V; do
			run3 sh -c '"$@" >/dev/full' sh "$filter" $option
			assert_eq "$filter $option $status" "$filter $option 74"
		done
	done
}

@test "-v says a line for each record, and what became of it" {
	server '[{"match": {"path": "k2$"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}, "body": "<Error><Code>NoSuchKey</Code></Error>"}}]'
	{
		records 2
		records 3 | tail -n 1 | jq -cS '.bad = {by: "me", reason: "not\nso"}'
	} >"$dir/in"
	for filter in s3fetch s3check s3route; do
		runs $filter "$dir/in" -k -v
		assert_eq "$status" 0
		assert_eq "$(grep -c "^$filter: in/k[13]: " <<<"$err")" "$([ $filter = s3route ] && echo 2 || echo 1)"
		[[ $err == *"$filter: in/k1: good$([ $filter != s3route ] || echo ': processed/k1')"$'\n'* && $err == *"$filter: in/k2: gone"* ]]
	done
}

@test "configuration that is missing or wrong: 78, one line, no record is taken" {
	server
	records 1 >"$dir/in"
	for filter in s3fetch s3route ddb-record s3rm; do
		more=()
		[ $filter != s3fetch ] || more=('AWS_ENDPOINT_URL_S3=nonsense' 'S3EV_STALL_TIMEOUT=x' 'AWS_MAX_ATTEMPTS=x'
			'AWS_CA_BUNDLE=/nowhere')
		for change in '-u AWS_REGION -u AWS_DEFAULT_REGION' '-u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY' "${more[@]}"; do
			use "$filter"
			# shellcheck disable=SC2086
			run3 env $change timeout 60 "${command[@]}" <"$dir/in"
			assert_eq "$filter $change $status $out" "$filter $change 78 "
			says ''
		done
	done
	[ ! -s "$STUB_LOG" ]
	# What makes no request needs no configuration. A size that AWS has announced is not asked for again.
	run3 env -u AWS_ENDPOINT_URL_S3 -u AWS_REGION -u AWS_DEFAULT_REGION -u AWS_ACCESS_KEY_ID s3check --max-size 6 <"$dir/in"
	assert_eq "$status $(jq -c 'del(.check)' <<<"$out")" "0 $(<"$dir/in")"
	run3 env -u AWS_REGION -u AWS_DEFAULT_REGION -u AWS_ACCESS_KEY_ID ddb-record <"$dir/in"
	assert_eq "$status $out" "0 $(<"$dir/in")"$'\n'
}

@test "what is worse is the exit status: 65 < 75 < 78 < 74" {
	server '[{"match": {"path": "k1$"}, "reply": {"status": 403}}]'
	records 2 >"$dir/in"
	{
		cat "$dir/in"
		echo broken
	} >"$dir/broken"
	runs s3fetch "$dir/broken"
	assert_eq "$status" 75
	run3 s3route -p in -b bad-data <"$dir/broken"
	assert_eq "$status $(jq -r .failed.code <<<"$out" | sort -u)" '78 WouldLoop'
	run3 s3fetch -d "$dir/nowhere" <"$dir/broken"
	assert_eq "$status" 74
}

@test "a name in a list that was never there is a mistake of the list, not gone" {
	new_bucket in
	s3ev-split -l <<<"s3://$in/typo" >"$dir/list"
	jq -cS '.event = "ObjectCreated:Put"' "$dir/list" >"$dir/event"
	for filter in s3fetch s3check s3route; do
		runs $filter "$dir/list"
		assert_eq "$filter $status $(jq -c '[.gone, .failed.code, .failed.retry]' <<<"$out")" "$filter 75 [null,\"NoSuchKey\",false]"
		[[ $err == "$filter: $in/typo: NoSuchKey: it is not there, and nothing says that it ever was"* ]]
		runs $filter "$dir/event"
		assert_eq "$filter $status $(jq -c '[.gone.now, .failed]' <<<"$out")" "$filter 0 [\"deleted\",null]"
	done
}
