#!/usr/bin/env bats
# Large objects: ranges, what is cut off, what changes in between.

load ../lib/helper

etag=0123456789abcdef0123456789abcdef-2

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
	# 1,000,000 bytes of which no two lines are equal.
	seq -f '%015.0f' 1 62500 >"$dir/whole"
	size=$(stat -c %s "$dir/whole")
	line=$(record bucket=in key=k etag=$etag size="$size")
}

# Starts a stub that knows ranges of the file whole. RULES, of JavaScript, come
# first; there, ranged(request) makes an answer, headers are what HEAD says, and
# change(answer) puts another object there.
ranges() { # RULES [HEADERS]
	cat >"$dir/rules.mjs" <<-EOF
		import fs from 'node:fs'
		const whole = fs.readFileSync('$dir/whole', 'latin1')
		const headers = {ETag: '"$etag"', ${2-}}
		const ranged = (request, etag = '"$etag"') => {
			const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? []
			if (from === undefined)
				return {headers, body: whole}
			const end = to === '' ? whole.length : Number(to) + 1
			return {status: 206, headers: {ETag: etag, 'Content-Range': \`bytes \${from}-\${end - 1}/\${whole.length}\`},
				body: whole.slice(Number(from), end)}
		}
		let changed = false
		const change = (reply) => {
			changed = true
			return reply
		}
		const head = () => ({headers: {...headers, ...changed && {ETag: '"other"'}}, body: whole})
		export default [$1
			{match: {method: 'HEAD'}, reply: head},
			{reply: ranged}]
	EOF
	stub "$dir/rules.mjs"
}

fetch() { # RECORDS OPTION...
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3fetch -k -d "$spool" --part-size 256K "${@:2}" <<<"$1"
}

# What was asked for, in order.
asked() {
	jq -r '"\(.method) \(.headers.range // "-") \(.headers["if-match"] // "-")"' "$STUB_LOG" | sort -V
}

is_whole() {
	assert_eq "$status $err" '0 '
	assert_eq "$(jq .fetch.bytes <<<"$out")" "$size"
	cmp "$(jq -r .fetch.path <<<"$out")" "$dir/whole"
}

is_nothing() {
	assert_eq "$(find "$spool" -type f)" ''
}

@test "a large object comes in ranges, each pinned, and is whole" {
	ranges ''
	fetch "$line"
	is_whole
	assert_eq "$(asked)" "GET bytes=0-262143 \"$etag\"
GET bytes=262144-524287 \"$etag\"
GET bytes=524288-786431 \"$etag\"
GET bytes=786432-999999 \"$etag\"
HEAD - \"$etag\""
}

@test "a record that knows neither version nor ETag is pinned to what HEAD saw" {
	ranges ''
	fetch "$(record bucket=in key=k size="$size")" --parts 2
	is_whole
	assert_eq "$(asked | grep -c "GET bytes=.* \"$etag\"")" 4
}

@test "of the ranges of one object no more than --parts are under way, whatever -j is" {
	ranges '{match: {path: "k", header: {range: "bytes=0-"}}, stall: 10, reply: ranged},
		{match: {path: "k", header: {range: "bytes=262144-"}}, stall: 10, reply: ranged},'
	AWS_ENDPOINT_URL_S3=$STUB_URL S3EV_STALL_TIMEOUT=2 AWS_MAX_ATTEMPTS=1 run3 timeout 60 s3fetch -j 1 --parts 2 -d "$spool" --part-size 256K <<<"$line"
	assert_eq "$status $(asked | wc -l)" '75 3'
	is_nothing
}

@test "an object of RGW in ranges is whole, also one that was uploaded in parts" {
	new_bucket in
	head -c 9000000 /dev/urandom >"$dir/large"
	record bucket="$in" key=one size=9000000 etag="$(s3c put "$in" one "$dir/large" | jq -r .etag)" >"$dir/in"
	record bucket="$in" key=parts size=9000000 etag="$(s3c mpu "$in" parts "$dir/large" 5242880 | jq -r .etag)" >>"$dir/in"
	run3 s3fetch -d "$spool" --part-size 1M --parts 5 --stats "$dir/stats" <"$dir/in"
	assert_eq "$status $err" '0 '
	jq -r .fetch.path <<<"$out" | while read -r path; do
		cmp "$path" "$dir/large"
	done
	assert_eq "$(jq .requests "$dir/stats")" 20
}

@test "another object in its place on RGW is gone" {
	new_bucket in
	s3c put "$in" k "$dir/whole" >/dev/null
	run3 s3fetch -d "$spool" --part-size 64K <<<"$(record bucket="$in" key=k size="$size" etag=$etag)"
	assert_eq "$status $(jq -r .gone.code <<<"$out")" '0 PreconditionFailed'
	is_nothing
}

@test "a range that is cut off is read on from the byte it had come to" {
	ranges '{match: {header: {range: "bytes=262144-"}}, times: 1, cutAfter: 100000, reply: ranged},'
	fetch "$line"
	is_whole
	cut=$(asked | grep -E 'bytes=[0-9]+-524287' | grep -v bytes=262144)
	[[ $cut =~ bytes=([0-9]+)-524287 ]]
	((BASH_REMATCH[1] > 262144 && BASH_REMATCH[1] <= 362144))
}

@test "so is an object in one piece" {
	ranges '{times: 1, cutAfter: 500000, reply: ranged},'
	fetch "$line" --part-size 1M
	is_whole
	[[ $(asked) =~ 'GET bytes='[1-9][0-9]*'- "'$etag'"'$'\n' ]]
}

@test "as long as it gets on, a download is not given up" {
	for _ in {1..5}; do
		cat "$dir/whole"
	done >"$dir/more"
	mv "$dir/more" "$dir/whole"
	size=5000000
	ranges '{cutAfter: 1300000, reply: ranged},'
	AWS_MAX_ATTEMPTS=1 fetch "$(record bucket=in key=k etag=$etag size=$size)" --part-size 8M
	is_whole
}

@test "one that is cut off each time without getting on is failed, and leaves no file" {
	ranges '{match: {header: {range: "bytes=524288-"}}, cutAfter: 0, reply: ranged},'
	fetch "$line"
	assert_eq "$status $(jq -r '.failed | "\(.code) \(.retry)"' <<<"$out")" '75 ConnectionLost true'
	is_nothing
}

@test "from a server that ignores ranges the object comes in one piece" {
	stub '[{"reply": {"headers": {"ETag": "\"'$etag'\""}, "bodySize": 1000000}}]'
	node -e 'process.stdout.write(Buffer.alloc(1000000, Buffer.alloc(65536, "0123456789abcde\n")))' >"$dir/whole"
	fetch "$line" --parts 3
	is_whole
	assert_eq "$(asked | grep -c 'GET - ')" 1
}

@test "an object that changes between two ranges is gone, whatever the server does with If-Match" {
	for reply in '{status: 412, body: "<Error><Code>PreconditionFailed</Code></Error>"}' 'ranged(request, "\"other\"")'; do
		ranges '{match: {header: {range: "bytes=524288-"}}, reply: (request) => change('"$reply"')},'
		fetch "$line"
		assert_eq "$status $(jq -r .gone.code <<<"$out")" '0 PreconditionFailed'
		is_nothing
		stop_servers
	done
}

@test "another range than was asked for is failed" {
	ranges '{match: {header: {range: "bytes=524288-"}}, reply: {status: 206, headers: {"Content-Range": "bytes 0-9/10"}, body: "0123456789"}},'
	fetch "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 UnexpectedAnswer'
	is_nothing
}

@test "a part of an object that was asked for as a whole is not the object, and what follows it is fetched" {
	part() { # CONTENT-RANGE BODY
		jq -nc --arg etag "\"$etag\"" --arg range "$1" --arg body "$2" '[{reply: {status: 206, headers: {ETag: $etag, "Content-Range": $range}, $body}}]'
	}
	for answer in 'bytes 0-9/1000 0123456789' 'bytes 0-9/* 0123456789' 'bytes 0-9 0123456789' 'bytes */10 ' 'none '; do
		stub "$(part "${answer% *}" "${answer##* }")"
		for record in "$(record bucket=in key=k etag=$etag size=1000)" "$(record bucket=in key=k etag=$etag)"; do
			fetch "$record"
			assert_eq "$status $(jq .fetch <<<"$out")" '75 null'
			is_nothing
			AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3check --utf8 <<<"$record"
			assert_eq "$status $(jq .check <<<"$out")" '75 null'
		done
		stop_servers
	done
	stub "$(part 'bytes 0-9/10' 0123456789)"
	fetch "$(record bucket=in key=k etag=$etag size=10)"
	assert_eq "$status $err$(jq .fetch.bytes <<<"$out")" '0 10'
	stop_servers
	# As a cache that stores slices of 1 MiB.
	seq -f '%015.0f' 1 150000 >"$dir/whole"
	size=$(stat -c %s "$dir/whole")
	ranges '{match: {method: "GET"}, reply: (request) => {
		const from = Number(/\d+/.exec(request.headers.range ?? "0"))
		return ranged({headers: {range: `bytes=${from}-${Math.min(from + 1048575, whole.length - 1)}`}})
	}},'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$spool" <<<"$(record bucket=in key=k etag=$etag size="$size")"
	is_whole
}

@test "a range that is shorter or longer than it should be is failed" {
	for change in 'body.slice(1)' 'body + "x"'; do
		ranges '{match: {header: {range: "bytes=524288-"}}, reply: (request) => { const {body, ...rest} = ranged(request); return {...rest, body: '"$change"'} }},'
		fetch "$line"
		assert_eq "$status $(jq .fetch <<<"$out")" '75 null'
		is_nothing
		stop_servers
	done
}

@test "the bytes of all ranges are digested in their order" {
	md5=$(md5sum <"$dir/whole")
	sha=$(openssl dgst -sha256 -binary "$dir/whole" | base64)
	for headers in "ETag: '\"${md5%% *}\"'" "'x-amz-checksum-sha256': '$sha'"; do
		ranges '{match: {header: {range: "bytes=0-"}}, delayMs: 300, reply: (request) => ranged(request, headers.ETag)},
			{match: {method: "GET"}, reply: (request) => ranged(request, headers.ETag)},' "$headers"
		fetch "$(record bucket=in key=k size="$size")"
		is_whole
		rm "$spool"/*
		printf x | dd of="$dir/whole" bs=1 seek=700000 conv=notrunc 2>/dev/null
		stop_servers
		ranges '{match: {method: "GET"}, reply: (request) => ranged(request, headers.ETag)},' "$headers"
		fetch "$(record bucket=in key=k size="$size")"
		assert_eq "$headers $status $(jq -r .failed.code <<<"$out")" "$headers 75 BadDigest"
		is_nothing
		seq -f '%015.0f' 1 62500 >"$dir/whole"
		stop_servers
	done
}

# Straight from S3 into checks and a processor

stream() { # RECORD
	export dir
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3check --env dir --allow-write "$dir" --utf8 --csv=1 -x 'cat >"$dir/got"; touch "$dir/end"' <<<"$1"
}

@test "what is cut off on its way into checks and processor goes on from there" {
	ranges '{times: 2, cutAfter: 300000, reply: ranged},'
	AWS_MAX_ATTEMPTS=3 stream "$line"
	assert_eq "$status $err$(jq -c '[.bad, .failed]' <<<"$out")" '0 [null,null]'
	cmp "$dir/got" "$dir/whole"
	[[ $(jq -r '"\(.headers["if-match"]) \(.headers.range // "-")"' "$STUB_LOG") =~ ^'"'$etag'" -'$'\n"'$etag'" bytes='([0-9]+)-$'\n"'$etag'" bytes='([0-9]+)-$ ]]
	((BASH_REMATCH[1] <= 300000 && BASH_REMATCH[2] > BASH_REMATCH[1]))
}

@test "so it does where the server ignores ranges, and where it knows no ETag it is failed" {
	ranges '{times: 1, cutAfter: 300000, reply: ranged}, {reply: {headers, body: whole}},'
	stream "$line"
	assert_eq "$status $err$(jq -c '[.bad, .failed]' <<<"$out")" '0 [null,null]'
	cmp "$dir/got" "$dir/whole"
	stop_servers
	rm "$dir/end"
	stub '[{"cutAfter": 300000, "reply": {"bodySize": 1000000}}]'
	stream "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(asked | wc -l)" '75 ConnectionLost 1'
	[ ! -e "$dir/end" ]
}

@test "a stream that gets on is not given up, one that does not is" {
	for _ in {1..5}; do
		cat "$dir/whole"
	done >"$dir/more"
	mv "$dir/more" "$dir/whole"
	export AWS_MAX_ATTEMPTS=1
	ranges '{cutAfter: 1300000, reply: ranged},'
	stream "$(record bucket=in key=k etag=$etag size=5000000)"
	assert_eq "$status $err$(jq -c '[.bad, .failed]' <<<"$out")" '0 [null,null]'
	cmp "$dir/got" "$dir/whole"
	stop_servers
	rm "$dir/end"
	ranges '{cutAfter: 300000, reply: ranged},'
	stream "$(record bucket=in key=k etag=$etag size=5000000)"
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(asked | wc -l)" '75 ConnectionLost 1'
	[ ! -e "$dir/end" ]
}

@test "a stream never goes on with another object, or from another byte" {
	for reply in '{status: 412, body: "<Error><Code>PreconditionFailed</Code></Error>"}' 'ranged(request, "\"other\"")'; do
		ranges '{times: 1, cutAfter: 300000, reply: ranged}, {match: {method: "GET"}, reply: (request) => change('"$reply"')},'
		stream "$line"
		assert_eq "$status $(jq -r .gone.code <<<"$out")" '0 PreconditionFailed'
		stop_servers
	done
	ranges '{times: 1, cutAfter: 300000, reply: ranged}, {reply: {status: 206, headers: {"Content-Range": "bytes 0-9/10"}, body: "0123456789"}},'
	stream "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 UnexpectedAnswer'
	[ ! -e "$dir/end" ]
}

@test "where HEAD says nothing of use, GET decides" {
	ranges '{match: {method: "HEAD"}, reply: {status: 403}},'
	fetch "$line"
	is_whole
	stop_servers
	stub '[{"match": {"method": "HEAD"}, "reply": {"status": 404}}, {"reply": {"status": 404, "body": "<Error><Code>NoSuchBucket</Code></Error>"}}]'
	fetch "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 NoSuchBucket'
}

@test "another size than was announced is wrong if the ETag is the announced one; without one it decides nothing" {
	ranges ''
	fetch "$(record bucket=in key=k etag=$etag size=2000000)"
	is_whole
	rm "$(jq -r .fetch.path <<<"$out")"
	fetch "$(record bucket=in key=k size=2000000)"
	assert_eq "$status $(jq -r '(.failed // .gone).code' <<<"$out")" '75 SizeDiffers'
	is_nothing
}

@test "wrong sizes and numbers of parts: 64" {
	for option in --part-size=1 --part-size=x --part-size=99999999999T --parts=0 --parts=65 --max-spool=-1 --max-spool=1X; do
		run3 s3fetch "$option" </dev/null
		assert_eq "$option $status $out" "$option 64 "
		[[ $err == "s3fetch: "*": ${option#*=}"$'\n' ]]
	done
}
