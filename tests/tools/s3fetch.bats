#!/usr/bin/env bats
# s3fetch: what lies in the spool, and what does not. See also topics/failure.bats.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
other=0123456789abcdef0123456789abcdef

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
	spool="$dir/a spool"
	mkdir "$spool"
}

fetch() { # RECORDS OPTION...
	run3 timeout 60 s3fetch -k -d "$spool" "${@:2}" <<<"$1"
}

# Fetches from a stub with these rules.
scripted() { # RULES RECORDS OPTION...
	stub "$1"
	AWS_ENDPOINT_URL_S3=$STUB_URL fetch "${@:2}"
}

# The only file in the spool.
spooled() {
	find "$spool" -type f
}

@test "an object becomes a file that only we can read, named by its id" {
	new_bucket in
	echo hello | s3c put "$in" a.csv >/dev/null
	line=$(record bucket="$in" key=a.csv size=6 etag=$hello)
	umask 0
	fetch "$line"
	assert_eq "$status $err" '0 '
	path=$(spooled)
	modified=$(date -ud "$(s3c head "$in" a.csv | jq -r '.headers["last-modified"]')" +%FT%TZ)
	assert_eq "$out" "${line%\}},\"fetch\":{\"path\":\"$path\",\"bytes\":6,\"md5\":true,\"modified\":\"$modified\"}}"$'\n'
	assert_eq "$(cat "$path") $(stat -c %a "$path")" 'hello 600'
	[[ ${path##*/} == "s3ev-$(jq -r .id <<<"$line")-"* ]]
}

@test "of an object that is named and no more, the record tells which one was read" {
	new_bucket in
	echo hello | s3c put "$in" k >/dev/null
	fetch "$(record bucket="$in" key=k)"$'\n'"$(record bucket="$in" key=k version=null)"
	assert_eq "$status $(jq -r .fetch.read_etag <<<"$out")" "0 $hello"$'\n'$hello
	fetch "$(record bucket="$in" key=k etag=$hello)"
	assert_eq "$status $(jq -c .fetch.read_etag <<<"$out")" '0 null'
}

@test "the spool is -d, else TMPDIR" {
	stub '[{"reply": {"body": "hello\n"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	TMPDIR="$spool" run3 s3fetch <<<"$(record bucket=in key=k)"
	assert_eq "$status $(jq -r .fetch.path <<<"$out")" "0 $(spooled)"
	mkdir "$dir/other"
	TMPDIR="$spool" run3 s3fetch -d "$dir/other" <<<"$(record bucket=in key=k)"
	[[ $(jq -r .fetch.path <<<"$out") == "$dir/other/"* ]]
}

@test "odd keys are fetched as they are and never become part of a path" {
	new_bucket in
	keys=(
		' a  b+c%20d%2Fe&f=g' $'quo"te\'s <xml> \\ `$' $'new\nline\r\ttab\n' 'é 日本 😀' .. ../../up a/../b
		// /lead trail/ '?versionId=1#;,:@!*()~[]{}|^' -dash "$(printf 'k%.0s' {1..1024})"
		"$(printf 'é%.0s' {1..512})"
	)
	for i in "${!keys[@]}"; do
		echo "$i" >"$dir/object"
		record bucket="$in" key="${keys[i]}" etag="$(s3c put "$in" -- "${keys[i]}" "$dir/object" | jq -r .etag)"
	done >"$dir/in"
	fetch "$(cat "$dir/in")"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r .fetch.path <<<"$out" | tr '\n' '\0' | xargs -0 cat)" "$(seq 0 $((${#keys[@]} - 1)))"
	assert_eq "$(jq -r .fetch.path <<<"$out" | sed 's,/s3ev-[0-9a-f]*-[0-9]*-[0-9]*$,,' | sort -u)" "$spool"
}

@test "an empty object, a large one, and one in many parts are whole" {
	new_bucket in
	: >"$dir/empty"
	head -c 9000000 /dev/urandom >"$dir/large"
	for name in empty large; do
		record bucket="$in" key=$name size="$(wc -c <"$dir/$name")" \
			etag="$(s3c put "$in" $name "$dir/$name" | jq -r .etag)"
	done >"$dir/in"
	record bucket="$in" key=parts size=9000000 etag="$(s3c mpu "$in" parts "$dir/large" 5242880 | jq -r .etag)" >>"$dir/in"
	fetch "$(cat "$dir/in")"
	assert_eq "$status $err" '0 '
	mapfile -t paths < <(jq -r .fetch.path <<<"$out")
	cmp "${paths[0]}" "$dir/empty"
	cmp "${paths[1]}" "$dir/large"
	cmp "${paths[2]}" "$dir/large"
}

@test "the same record twice becomes two files" {
	line=$(record bucket=in key=k id=same)
	scripted '[{"reply": {"body": "hello\n"}}]' "$line"$'\n'"$line"
	assert_eq "$status $(jq -r .fetch.path <<<"$out" | sort -u | wc -l)" '0 2'
}

@test "a read is pinned by version, else by ETag" {
	scripted '[{"reply": {"body": "hello\n"}}]' "$(record bucket=in key=a etag=$hello; record bucket=in key=b version='v+/=' etag=$hello; record bucket=in key=c)" -j 1
	assert_eq "$(jq -r '[.target, .headers["if-match"]] | tostring' "$STUB_LOG")" \
		'["/in/a","\"'$hello'\""]
["/in/b?versionId=v%2B%2F%3D",null]
["/in/c",null]'
}

@test "another object than was announced is never taken, whatever the server does with If-Match" {
	scripted '[{"match": {"path": "version"}, "reply": {"headers": {"ETag": "\"'$other-2'\"", "x-amz-version-id": "two", "x-amz-request-id": "R"}, "body": "other\n"}},
		{"reply": {"headers": {"x-amz-request-id": "R", "ETag": "\"'$other-2'\""}, "body": "other\n"}}]' \
		"$(record bucket=in key=k etag=$hello size=6; record bucket=in key=k version=one etag=$hello size=6)"
	# A server that answers with another version than it was asked for says nothing of that one.
	assert_eq "$status" 75
	assert_json '(.fetch | not) and (if .version then .failed.code else .gone.code end) == "PreconditionFailed"'
	assert_eq "$(spooled)" ''
}

@test "bytes that are not those of the ETag are failed: no file" {
	scripted '[{"reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "HELLO\n"}}]' "$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 BadDigest'
	assert_eq "$(spooled)" ''
}

@test "an ETag that is no MD5 is not taken for one" {
	for headers in '"ETag": "\"'$other'-3\""' '"ETag": "\"'$other'\"", "x-amz-server-side-encryption": "aws:kms"' \
		'"ETag": "\"'$other'\"", "x-amz-server-side-encryption": "aws:kms:dsse"' \
		'"ETag": "\"'$other'\"", "x-amz-server-side-encryption-customer-algorithm": "AES256"' '"x": "y"'; do
		scripted "[{\"reply\": {\"headers\": {$headers}, \"body\": \"hello\\n\"}}]" "$(record bucket=in key=k size=6)"
		assert_eq "$headers $status $err" "$headers 0 "
		stop_servers
	done
}

@test "another size than was announced is failed: no file" {
	for size in 5 7; do
		scripted '[{"chunked": true, "reply": {"headers": {"ETag": "\"'$other'-2\""}, "body": "hello\n"}}]' \
			"$(record bucket=in key=k etag=$other-2 size=$size)"
		assert_eq "$size $status $(jq -r .failed.code <<<"$out")" "$size 75 IncompleteBody"
		assert_eq "$(spooled)" ''
		stop_servers
	done
}

@test "an answer that is cut off is fetched again from its beginning" {
	node -e 'process.stdout.write(Buffer.alloc(100000, Buffer.alloc(65536, "0123456789abcde\n")))' >"$dir/whole"
	local rules='' cut=''
	for chunked in false true; do
		for at in 0 1 70000 99999; do
			rules+='{"match": {"path": "'$chunked-$at'"}, "times": 1, "chunked": '$chunked', "cutAfter": '$at', "reply": {"bodySize": 100000}},'
			cut+=$(record bucket=in key=$chunked-$at)$'\n'
		done
	done
	scripted "[$rules"'{"reply": {"bodySize": 100000}}]' "${cut%$'\n'}"
	assert_eq "$status $err" '0 '
	assert_eq "$(spooled | wc -l) $(wc -l <"$STUB_LOG")" '8 16'
	spooled | while read -r path; do
		cmp "$path" "$dir/whole"
	done
}

@test "an answer that is cut off each time is failed, and leaves no file" {
	scripted '[{"match": {"path": "chunks"}, "chunked": true, "cutAfter": 70000, "reply": {"bodySize": 100000}},
		{"cutAfter": 70000, "reply": {"bodySize": 100000}}]' "$(record bucket=in key=chunks; record bucket=in key=k)"
	assert_eq "$status $(jq -r .failed.code <<<"$out" | uniq -c) $(wc -l <"$STUB_LOG")" '75       2 ConnectionLost 4'
	[[ $err == *"s3fetch: in/k: ConnectionLost: ${STUB_URL#http://}: "* ]]
	assert_eq "$(find "$spool" -mindepth 1)" ''
}

@test "an answer that stalls is given up after S3EV_STALL_TIMEOUT, and leaves no file" {
	export S3EV_STALL_TIMEOUT=1 AWS_MAX_ATTEMPTS=1
	scripted '[{"stall": 100, "reply": {"bodySize": 100000}}]' "$(record bucket=in key=k)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 Timeout'
	assert_eq "$(find "$spool" -mindepth 1)" ''
}

@test "a full spool: failed, 74, no file" {
	stub '[{"reply": {"bodySize": 100000}}]'
	# To a file's size there can be a limit, too; the disk need not be full.
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 bash -c 'trap "" XFSZ; ulimit -f 8; s3fetch -d "$1"' bash "$spool" \
		<<<"$(record bucket=in key=k)"
	assert_eq "$status $(jq -r '.failed.code + " " + (.failed.retry | tostring)' <<<"$out")" '74 SystemError true'
	[[ $err == "s3fetch: in/k: SystemError: $spool/"*': File too large'$'\n' ]]
	assert_eq "$(find "$spool" -mindepth 1)" ''
}

@test "no spool directory, or one that is none: failed, 74" {
	for spool in "$dir/none" /dev/null; do
		fetch "$(record bucket=in key=k; record bucket=in key=l)"
		assert_eq "$status $(jq -r '.failed.code' <<<"$out")" $'74 SystemError\nSystemError'
		[[ $err == "s3fetch: in/k: SystemError: $spool/"* ]]
	done
}

@test "what is under way when stdout breaks leaves no part of a file" {
	stub '[{"match": {"path": "a$"}, "reply": {"body": "hello"}}, {"stall": 100, "reply": {"bodySize": 1000}}]'
	for i in {1..5}; do
		record bucket=in key=$i
	done >"$dir/in"
	# The last record is given when all others are on the disk.
	{
		cat "$dir/in"
		wait_until test_parts 5
		record bucket=in key=a
	} | AWS_ENDPOINT_URL_S3=$STUB_URL run3 sh -c 's3fetch -j 6 -d "$1" >/dev/full' sh "$spool"
	assert_eq "$(find "$spool" -name '.*')" ''
}

test_parts() { # COUNT
	[ "$(find "$spool" -name '.*' -size +0 | wc -l)" -eq "$1" ]
}
