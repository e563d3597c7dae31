#!/usr/bin/env bats
# Servers that announce sizes and ETags in other ways than AWS does.

load ../lib/helper
load ../lib/s3check

md5=97570fe1797bcf3e469b9a17b9f0abf4 # of the body below
other=0123456789abcdef0123456789abcdef
body='"id,name\n1,a\n"'

setup() {
	export AWS_MAX_ATTEMPTS=1
	dir=$BATS_TEST_TMPDIR
	export dir
}

# A server that has an object of 12 bytes, after the RULES.
server() { # ETAG [RULES]
	stub "[${2-}{\"reply\": {\"headers\": {\"ETag\": \"\\\"$1\\\"\"}, \"body\": $body}}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

# The same from s3fetch, from the stream, and whether it was read as announced.
everywhere() { # RECORD OPTION...
	run3 s3fetch -d "$dir" "${@:2}" <<<"$1"
	echo "$status $(outcomes) $(jq -c .fetch.md5 <<<"$out")"
	check "$1" --csv "${@:2}"
	echo "$status $(outcomes)"
}

methods() {
	jq -r .method "$STUB_LOG" | tr '\n' ' '
}

@test "an ETag of 32 hex digits may be no MD5: --no-etag-md5, and the message says so" {
	server $other
	line=$(record bucket=in key=a.csv etag=$other size=12)
	assert_eq "$(everywhere "$line")" $'75 failed BadDigest null\n75 failed BadDigest'
	check "$line" --csv
	assert_eq "$(jq -r .failed.message <<<"$out")" \
		"the MD5 of the bytes is $md5, the ETag $other; if this server's ETags are not MD5 sums, say --no-etag-md5"
	assert_eq "$(everywhere "$line" --no-etag-md5)" $'0 good null\n0 good'
	check "$line" --etag --no-etag-md5
	assert_json '.check.etag == "unknown" and (.bad | not)'
	check "$(printf 'id,name\n1,a\n' | spooled etag=$other | jq -cS '.fetch.md5 = true')" --etag --no-etag-md5
	assert_json '.check.etag == "unknown" and (.bad | not)'
}

@test "the length of the answer counts, not the announced size, if it has the announced ETag" {
	for etag in $md5 $other-2; do
		server $etag
		for size in 0 6 1024; do
			line=$(record bucket=in key=a.csv etag=$etag size=$size source=ceph:s3)
			assert_eq "$size $(everywhere "$line")" "$size 0 good $([ $etag = $md5 ] && echo true || echo null)"$'\n0 good'
		done
		line=$(record bucket=in key=a.csv etag=$etag size=100 source=ceph:s3)
		run3 s3fetch -d "$dir" --part-size 64K <<<"${line/:100/:100000}"
		assert_eq "$status $err$(outcomes)" '0 good'
		stop_servers
	done
	server $md5 '{"cutAfter": 5, "reply": {"headers": {"ETag": "\"'$md5'\""}, "body": '"$body"'}},'
	assert_eq "$(everywhere "$line")" $'75 failed ConnectionLost null\n75 failed ConnectionLost'
}

@test "bytes that come without an ETag are held against the announced MD5" {
	server x '{"match": {"path": "good"}, "chunked": true, "reply": {"body": '"$body"'}},
		{"match": {"path": "other"}, "chunked": true, "reply": {"body": "unzipped\n"}},
		{"match": {"path": "kms"}, "reply": {"headers": {"x-amz-server-side-encryption": "aws:kms"}, "body": "other\n"}},'
	assert_eq "$(everywhere "$(record bucket=in key=good etag=$md5)")" $'0 good true\n0 good'
	assert_eq "$(everywhere "$(record bucket=in key=good etag=$md5 size=31)")" $'0 good true\n0 good'
	assert_eq "$(everywhere "$(record bucket=in key=other etag=$md5)")" $'75 failed BadDigest null\n75 failed BadDigest'
	assert_eq "$(everywhere "$(record bucket=in key=other etag=$md5)" --no-etag-md5)" $'0 good null\n0 good'
	assert_eq "$(everywhere "$(record bucket=in key=kms etag=$md5)")" $'0 good null\n0 good'
}

@test "what comes without an ETag decides nothing before its MD5 is known, however soon a fault is seen" {
	seq -f '%015.0f,x' 1 100000 >"$dir/whole"
	sum=$(md5sum <"$dir/whole" | head -c 32)
	cat >"$dir/rules.mjs" <<-JS
		import {readFileSync} from 'node:fs'
		const whole = readFileSync('$dir/whole')
		export default [
			{match: {path: 'good'}, reply: () => ({body: whole})},
			{match: {path: 'other'}, reply: () => ({body: Buffer.concat([Buffer.from('x'), whole.subarray(1)])})},
			{match: {path: 'cut'}, cutAfter: 1700000, reply: () => ({body: whole})}]
	JS
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_MAX_ATTEMPTS=1
	for options in --json --csv=3 --gzip '-z --json' '-x false' '--utf8 -x false'; do
		for line in "$(record bucket=in key=KEY etag="$sum")" "$(record bucket=in key=KEY etag="$sum" size=1800000)"; do
			# shellcheck disable=SC2086 # they are words
			check "${line/KEY/good}" $options
			assert_eq "$options $status $err" "$options 0 "
			assert_json .bad
			# shellcheck disable=SC2086
			check "${line/KEY/other}" $options
			assert_eq "$options $status $(outcomes)" "$options 75 failed BadDigest"
			# shellcheck disable=SC2086
			check "${line/KEY/cut}" $options
			assert_eq "$options $status $(outcomes)" "$options 75 failed ConnectionLost"
		done
	done
}

# Rules for objects of BYTES that have the ETag of other bytes, and for what has its own.
recoded() { # BYTES
	sum=$(head -c "$1" /dev/zero | md5sum | head -c 32)
	cat >"$dir/recoded.mjs" <<-JS
		const headers = {ETag: '"$sum"'}
		export default [
			{match: {path: 'good'}, reply: () => ({headers, body: Buffer.alloc($1)})},
			{match: {path: 'other'}, reply: () => ({headers, body: Buffer.alloc($1, 'x')})}]
	JS
}

@test "bytes that are not those of their ETag decide nothing, however soon a fault is seen: a proxy may have changed them" {
	recoded 5000000
	stub "$dir/recoded.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for options in --json '--csv --name=*' --gzip '-z --json' '-x false' '--max-size=5000000 -x false' '-x true'; do
		line=$(record bucket=in key=KEY etag="$sum" size=5000000)
		# shellcheck disable=SC2086 # they are words
		check "${line/KEY/good}" $options
		assert_eq "$options $status $err" "$options 0 "
		[ "$options" = '-x true' ] || assert_json .bad
		# shellcheck disable=SC2086
		check "${line/KEY/other}" $options
		assert_eq "$options $status $(outcomes)" "$options 75 failed BadDigest"
	done
	# What is long is not read to its end for that, or its digest would be seen.
	recoded 20000000
	stub "$dir/recoded.mjs"
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(record bucket=in key=other etag="$sum" size=20000000)" --json
	assert_eq "$status $(jq -r .bad.code <<<"$out")" '0 InvalidJSON'
}

@test "on AWS's S3 the digest counts where the rest comes anyway" {
	for size in 60000:'75 BadDigest' 5000000:'0 InvalidJSON'; do
		recoded ${size%%:*}
		stub_as_aws "$dir/recoded.mjs"
		check "$(record bucket=in key=other etag="$sum" size=${size%%:*})" --json
		assert_eq "$status $(jq -r '(.bad // .failed).code' <<<"$out")" "${size#*:}"
		stop_servers
	done
}

@test "a gzip object of a server that would unzip it is read as it is stored" {
	printf '{"a":1}\n%.0s' {1..20} | gzip -n >"$dir/gz"
	etag=$(md5sum <"$dir/gz" | cut -d' ' -f1)
	cat >"$dir/rules.mjs" <<-JS
		import {readFileSync} from 'node:fs'
		import {gunzipSync} from 'node:zlib'
		const gz = readFileSync('$dir/gz'), etag = '"$etag"'
		export default [
			{match: {header: {'accept-encoding': 'gzip'}}, reply: {headers: {etag, 'content-encoding': 'gzip'}, body: gz}},
			{chunked: true, reply: {body: gunzipSync(gz)}},
		]
	JS
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	size=$(wc -c <"$dir/gz")
	for line in "$(record bucket=in key=a etag="$etag" size="$size")" "$(record bucket=in key=a etag="$etag")" "$(record bucket=in key=a size="$size")"; do
		check "$line" -z --etag --ndjson
		assert_eq "$status $err$(outcomes)" '0 good'
		assert_json '.check.unzipped == 160'
	done
}

@test "what a proxy zips for who takes gzip is asked for once more, without that" {
	printf '{"a":1}\n%.0s' {1..2000} >"$dir/whole"
	sum=$(md5sum <"$dir/whole" | head -c 32)
	cat >"$dir/rules.mjs" <<-JS
		import {readFileSync} from 'node:fs'
		import {gzipSync} from 'node:zlib'
		const whole = readFileSync('$dir/whole')
		const etag = (target) => /parts/.test(target) ? '"$sum-2"' : '"$sum"'
		// As nginx, which weakens the ETag, and as others, which leave it as it is.
		const zipped = ({target}) => ({headers: {etag: (/strong/.test(target) ? '' : 'W/') + etag(target), 'content-encoding': 'gzip'}, body: gzipSync(whole)})
		export default [
			{match: {method: 'GET', path: 'tagging'}, reply: {body: '<Tagging><TagSet/></Tagging>'}},
			{match: {method: 'GET', header: {'accept-encoding': 'gzip'}}, chunked: true, reply: zipped},
			{match: {method: 'GET'}, reply: ({target}) => ({headers: {etag: etag(target)}, body: whole})},
			{match: {method: 'HEAD', path: '^/in/'}, reply: ({target}) => ({headers: {etag: etag(target), 'content-length': whole.length}})},
			{match: {method: 'HEAD'}, reply: {status: 404, headers: {'x-amz-request-id': 'R'}}},
			{match: {method: 'PUT'}, reply: {headers: {etag: '"{{md5}}"'}}}]
	JS
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_MAX_ATTEMPTS=2
	for key in weak strong weak-parts strong-parts; do
		parts=-2
		[[ $key == *parts ]] || parts=
		for size in size=16000 event=e; do
			line=$(record bucket=in key=$key etag="$sum$parts" $size)
			for options in --ndjson '--utf8 --etag' '-x true'; do
				# shellcheck disable=SC2086 # they are words
				check "$line" $options
				assert_eq "$key $options $status $err$(outcomes)" "$key $options 0 good"
			done
			run3 s3fetch -d "$dir" <<<"$line"
			assert_eq "$key $status $err" "$key 0 "
			cmp "$(jq -r .fetch.path <<<"$out")" "$dir/whole"
			run3 s3route --copy through -p to -b bad <<<"$line"
			assert_eq "$key $status $err$(jq -r .route.etag <<<"$out")" "$key 0 $sum"
		done
	done
	# A run finds it out once.
	run3 s3check -j 1 --ndjson < <(for key in 1 2 3; do record bucket=in key=weak-$key etag="$sum"; done)
	assert_eq "$status $err$(tail -n 4 "$STUB_LOG" | jq -c '.headers["accept-encoding"]' | uniq)" $'0 "gzip"\nnull'
}

@test "a body that ends with its connection, before the announced size, is asked for again" {
	cut='"reply": {"headers": {"ETag": "\"'$other-2'\""}, "body": '"$body"'}}'
	rest='{"match": {"header": {"range": "bytes=5-"}}, "reply": {"status": 206, "headers": {"ETag": "\"'$other-2'\"", "Content-Range": "bytes 5-11/12"}, "body": "me\n1,a\n"}},'
	server x "$rest"'{"unsized": true, "cutAfter": 5, '"$cut,"
	line=$(record bucket=in key=a etag=$other-2 size=12)
	check "$line" -x 'cat >"$dir/got"'
	assert_eq "$status $err$(outcomes)|$(<"$dir/got")|$(methods)" $'0 good|id,name\n1,a|GET GET '
	run3 s3fetch -d "$dir" <<<"$line"
	assert_eq "$status $err$(cat "$(jq -r .fetch.path <<<"$out")")" $'0 id,name\n1,a'
	stop_servers
	server x '{"unsized": true, "cutAfter": 5, '"$cut,"
	check "$line" --csv
	assert_eq "$status $(jq -c '[.failed.code, .failed.retry]' <<<"$out") $(methods)" '75 ["IncompleteBody",true] GET GET GET '
	stop_servers
	# It was whole, but the size that was announced is too large.
	server x '{"match": {"header": {"range": "."}}, "reply": {"status": 416}}, {"unsized": true, "reply": {"headers": {"ETag": "\"'$md5'\""}, "body": '"$body"'}},'
	check "$(record bucket=in key=a etag=$md5 size=1024)" --csv
	assert_eq "$status $err$(outcomes) $(methods)" '0 good GET GET '
}

@test "a body in chunks that is cut is asked for again" {
	server $other-2 '{"times": 1, "chunked": true, "cutAfter": 5, "reply": {"headers": {"ETag": "\"'$other-2'\""}, "body": '"$body"'}},'
	AWS_MAX_ATTEMPTS=2 check "$(record bucket=in key=a etag=$other-2)" -x 'cat >"$dir/got"'
	assert_eq "$status $err$(outcomes)|$(<"$dir/got")" $'0 good|id,name\n1,a'
}

@test "a size that others than AWS announce is looked up before it decides" {
	server $md5 '{"match": {"path": "/gone"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "1"}, "body": "<Error><Code>NoSuchKey</Code></Error>"}},
		{"match": {"path": "empty|folder"}, "reply": {"headers": {"ETag": "\"d41d8cd98f00b204e9800998ecf8427e\""}, "body": ""}},'
	for from in ceph:s3 minio:s3 aws:s3; do
		line() { record bucket=in etag=$md5 source=$from "$@" | jq -cS 'if .source == "aws:s3" then del(.source) else . end'; }
		for size in 0 1024 12; do
			check "$(line key=a.csv size=$size)" --min-size 1 --max-size 1000 --csv
			assert_eq "$from $size $status $err$(outcomes)" "$from $size 0 good"
		done
		check "$(line key=a.csv size=5)" --max-size 11
		assert_json '.bad == {by: "s3check", code: "TooLarge", reason: "12 bytes, more than the 11 allowed", count: 12} and .size == 5'
		check "$(line key=dir/ size=0)" --skip-folders --csv=3
		assert_json '.bad.code == "FieldCount" and (.check.skipped | not)'
		empty=d41d8cd98f00b204e9800998ecf8427e
		check "$(line key=folder/ etag=$empty size=0)" --skip-folders --csv=3
		assert_json '.check.skipped == "folder"'
		check "$(line key=empty etag=$empty size=1024)" --min-size 1
		assert_json '.bad.code == "EmptyFile"'
		check "$(line key=a.csv size=0)" --min-size 1 -x '[ "$S3EV_SIZE" = 12 ]'
		assert_eq "$status $err$(outcomes)" '0 good'
		check "$(line key=gone size=0)" --min-size 1
		assert_eq "$status $err$(outcomes)" '0 gone NoSuchKey'
	done
}

@test "a size is looked up only if it decides, and in the spool it is that of the file" {
	server $md5
	check "$(record bucket=in key=a.csv etag=$md5 size=0 source=ceph:s3)"
	check "$(record bucket=in key=a.csv etag=$md5 size=0 source=ceph:s3)" --min-size 1 --name '*.json'
	assert_eq "$(outcomes)" 'bad the name matches no expected pattern'
	check "$(printf hello | spooled size=0 source=ceph:s3)" --min-size 5 --max-size 5
	assert_eq "$status $err$(outcomes)" '0 good'
	check "$(record bucket=in key=a.csv size=12 etag=$md5)" --csv
	assert_eq "$(methods)" 'GET '
	stop_servers
	stub '[{"match": {"method": "HEAD"}, "reply": {"status": 503}}, {"reply": {"status": 503}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(record bucket=in key=a.csv etag=$md5 size=0)" --min-size 1
	assert_json '.failed.retry == null or .failed.retry == true'
	[ "$status" -eq 75 ]
}

@test "a size that is all that was announced, and is wrong, calls no object gone" {
	server $md5
	for from in scality:s3 aws:s3; do
		for size in 0 5 1024; do
			line=$(record bucket=in key=a.csv size=$size source=$from)
			assert_eq "$from $size $(everywhere "$line")" "$from $size 75 failed SizeDiffers null"$'\n75 failed SizeDiffers'
			check "$line" --min-size 1
			assert_eq "$from $size $status $(outcomes)" "$from $size 75 failed SizeDiffers"
		done
	done
	assert_json '.failed.message | test("12 bytes, not the 1024 that were announced")'
}

@test "a wrong size that was announced makes no copy another one: a repeat finds it" {
	cat >"$dir/rules.mjs" <<-JS
		const etag = '"$md5"', body = $body, made = new Set()
		const there = {headers: {etag, 'content-length': '12', 'x-amz-request-id': 'R'}, body}
		const absent = {status: 404, body: '<Error><Code>NoSuchKey</Code></Error>', headers: {'x-amz-request-id': 'R'}}
		export default [
			{match: {method: 'PUT'}, reply: ({target}) => (made.add(target), {headers: {etag}, body: '<CopyObjectResult><ETag>' + etag + '</ETag></CopyObjectResult>'})},
			{match: {method: 'DELETE'}, reply: ({target}) => (made.add(target.replace('/in/', '/gone/')), {status: 204})},
			{match: {path: '^/in/'}, reply: ({target}) => made.has(target.replace('/in/', '/gone/')) ? absent : there},
			{reply: ({target}) => made.has(target) ? there : absent},
		]
	JS
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for size in 0 1024; do
		line=$(record bucket=in key=$size etag=$md5 size=$size source=ceph:s3)
		for already in null true true; do
			run3 s3route -p to -b bad <<<"$line"
			assert_eq "$status $err$(jq -c '[.route.key, .route.already]' <<<"$out")" "0 [\"$size\",$already]"
		done
		# So it does when the source has been removed.
		run3 s3rm --unguarded < <(printf %s "$out")
		assert_eq "$status $(jq -r .rm.status <<<"$out")" '0 removed'
		run3 s3route -p to -b bad <<<"$line"
		assert_eq "$status $err$(jq -c '[.route.key, .route.already]' <<<"$out")" "0 [\"$size\",true]"
	done
}

@test "a size that AWS announces decides without a request" {
	unset AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	check "$(record bucket=in key=a size=0; record bucket=in key=b size=9; record bucket=in key=c/ size=0)" -k --min-size 1 --max-size 8 --skip-folders
	assert_eq "$status $err$(outcomes)" '0 bad empty file
bad 9 bytes, more than the 8 allowed
good'
}
