#!/usr/bin/env bats
# Two objects with one ETag: what is checked is what is copied, also where the
# source has no version.

load ../lib/helper
load ../lib/s3check

first=2024-01-01T00:00:00Z # when memory-s3.mjs wrote its objects
x=9dd4e461268c8034f5c8564e155c67a6 # the MD5 of "x"
other=0123456789abcdef0123456789abcdef

setup() {
	export AWS_MAX_ATTEMPTS=1
	dir=$BATS_TEST_TMPDIR
	export dir
}

# Two files of 128 bytes with one MD5, good and ugly: the pair of Wang and Yu
# (How to Break MD5 and Other Hash Functions, 2005). They differ in one bit of
# some bytes.
twins() {
	local hex
	hex=d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89
	hex+=55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b
	hex+=d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0
	hex+=e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70
	# shellcheck disable=SC2059 # it is the bytes
	printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$dir/good"
	hex=${hex:0:38}07${hex:40:50}f1${hex:92:26}72${hex:120:46}34${hex:168:50}28${hex:220:26}ab${hex:248}
	# shellcheck disable=SC2059
	printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$dir/ugly"
	twin=$(md5sum <"$dir/good" | cut -c 1-32)
	assert_eq "$twin $(wc -c <"$dir/ugly")" "$(md5sum <"$dir/ugly" | cut -c 1-32) 128"
	! cmp -s "$dir/good" "$dir/ugly"
	printf '#!/bin/sh\nhead -c 128 | cmp -s - %q\n' "$dir/good" >"$dir/processor"
	chmod +x "$dir/processor"
}

route() { # RECORDS OPTION...
	run3 s3route -k -p "${to:-to}" -b "${bad:-bad}" "${@:2}" <<<"$1"
}

# Checks the object of the record, without what an earlier check has found.
checked() { # RECORD
	jq -cS 'del(.failed, .check)' <<<"$1" | s3check --sandbox=off -x "$dir/processor"
}

is_past() { # TIME
	[ "$(date +%s)" -gt "$(date -d "$1" +%s)" ]
}

@test "the copy of another file with the same MD5 is no copy of this one, where a checksum tells" {
	seen() { # PATH CHECKSUM
		printf '{"match": {"method": "HEAD", "path": "^%s$"}, "reply": {"headers": {"ETag": "\\"%s\\"", "Content-Length": "1", "x-amz-checksum-crc64nvme": "%s", "x-amz-checksum-type": "FULL_OBJECT"}}}' "$1" $x "$2"
	}
	copied='{"match": {"method": "PUT"}, "reply": {"body": "<CopyObjectResult><ETag>'$x'</ETag></CopyObjectResult>"}}'
	missing='{"match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}'
	line=$(record bucket=in key=k etag=$x size=1 sequencer=01)
	id=$(jq -r .id <<<"$line")
	stub "[$(seen /in/k akP7S61aVgc=),$(seen /to/k AkP7S61aVgc=),$missing,$copied]"
	AWS_ENDPOINT_URL_S3=$STUB_URL route "$line"
	assert_eq "$status $err$(jq -c '[.route.key, .route.already]' <<<"$out")" "0 [\"k~$id\",null]"
	stop_servers
	stub "[$(seen /in/k akP7S61aVgc=),$(seen /to/k AkP7S61aVgc=),$(seen "/to/k~$id" akP7S61aVgc=),$missing,$copied]"
	AWS_ENDPOINT_URL_S3=$STUB_URL route "$line"
	assert_eq "$status $err$(jq -c '[.route.key, .route.already]' <<<"$out")" "0 [\"k~$id\",true]"
	stop_servers
	# What the read has learned is enough, if the source is gone by now.
	stub "[{\"match\": {\"path\": \"^/in/\"}, \"reply\": {\"status\": 404, \"body\": \"<Error><Code>NoSuchKey</Code></Error>\"}},$(seen /to/k AkP7S61aVgc=),$missing]"
	AWS_ENDPOINT_URL_S3=$STUB_URL route "$(jq -cS '.check = {by: "x", checksum: "CRC64NVME:akP7S61aVgc="}' <<<"$line")"
	assert_eq "$status $(jq -c '[.gone.now, .route]' <<<"$out")" '0 ["deleted",null]'
}

@test "of two files with one MD5 none is copied for the other, whoever copies" {
	new_places
	twins
	for name in good ugly; do
		{ cat "$dir/$name"; head -c 9000000 /dev/zero; } >"$dir/large-$name"
	done
	local -A lines checks
	for key in small-auto small-server large-auto large-server; do
		file=$dir/${key%-*}-good
		[ -e "$file" ] || file=$dir/good
		etag=$(s3c put "$in" $key "$file" | jq -r .etag)
		lines[$key]=$(record bucket="$in" key=$key etag="$etag" size="$(wc -c <"$file")" sequencer=01)
		checks[$key]=$(checked "${lines[$key]}")
		assert_eq "$(jq -r '[.bad, .failed] | join(" ")' <<<"${checks[$key]}")" ' '
	done
	wait_until is_past "$(jq -r .check.modified <<<"${checks[large-server]}")"
	for key in small-auto small-server large-auto large-server; do
		file=$dir/${key%-*}-ugly
		[ -e "$file" ] || file=$dir/ugly
		s3c put "$in" $key "$file" >/dev/null
		route "${checks[$key]}" --copy="${key#*-}" --part-size=5M
		assert_eq "$key $status $(jq -c '[.failed.code, .failed.retry]' <<<"$out")" "$key 75 [\"WrittenAgain\",true]"
		assert_eq "$(s3c ls "$to")$(s3c uploads "$to")" '[]'
		assert_eq "$(checked "$out" | jq -c '[.bad.by, .failed]')" '["s3check",null]'
		# What an ETag alone lets through.
		route "$(jq -cS 'del(.check)' <<<"${checks[$key]}")" --copy="${key#*-}" --part-size=5M
		assert_eq "$key $status $(jq -r .route.key <<<"$out")" "$key 0 $key"
		s3c rm "$to" $key
	done
}

@test "an object that was put again as it was is checked and copied again" {
	new_places
	twins
	s3c put "$in" k "$dir/good" >/dev/null
	line=$(checked "$(record bucket="$in" key=k etag="$twin" size=128)")
	wait_until is_past "$(jq -r .check.modified <<<"$line")"
	s3c put "$in" k "$dir/good" >/dev/null
	route "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 WrittenAgain'
	[[ $(jq -r .failed.message <<<"$out") == *--no-modified* ]]
	# Nor is it read for a second check, which could be of another than the first.
	run3 s3check --utf8 <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 WrittenAgain'
	run3 s3fetch -d "$dir" <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 WrittenAgain'
	route "$line" --no-modified
	assert_eq "$status $(jq -r .route.etag <<<"$out")" "0 $twin"
	s3c rm "$to" k
	route "$(checked "$line")"
	assert_eq "$status $(jq -r .route.etag <<<"$out")" "0 $twin"
}

@test "a version is pinned by itself, and then nothing else is noted or compared" {
	new_places
	s3c versioning "$in" on
	version=$(printf x | s3c put "$in" k | jq -r .version)
	run3 s3check --utf8 <<<"$(record bucket="$in" key=k etag=$x version="$version")"
	assert_eq "$status $(jq -c .check.modified <<<"$out")" '0 null'
	route "$(jq -cS --arg t $first '.check.modified = $t' <<<"$out")"
	assert_eq "$status $(jq -r .route.etag <<<"$out")" "0 $x"
}

# What an S3 in the place of AWS answers of in/k, "x", written at $first.
as_aws() { # CHECK OPTION...
	export MEMORY_S3=$dir/memory
	echo '{"in/k": ["x"], "vin/k": ["x"]}' >"$MEMORY_S3"
	stub_as_aws "$tests/servers/memory-s3.mjs"
	route "$(record bucket=in key=k size=1 etag=$x sequencer=01 | jq -c ". * $1")" "${@:2}"
}

# The conditions on the source of the copies.
conditions() {
	jq -r 'select(.headers["x-amz-copy-source"]).headers | [.["x-amz-copy-source-if-match"], .["x-amz-copy-source-if-unmodified-since"]] | map(. // "-") | join(" ")' "$STUB_LOG"
}

@test "on AWS the time of the read is the condition, since beside an ETag it would not count" {
	while IFS='|' read -r check options wanted made since; do
		(
			as_aws "$check" $options
			assert_eq "$check $(jq -r '[.failed.code // .gone.code // "good", .gone.now] | join(" ")' <<<"$out")" "$check $wanted"
			assert_eq "$check $(jq -r '.["to/k"][0]' "$MEMORY_S3")" "$check $made"
			assert_eq "$check $(conditions)" "$check $since"
			stop_servers
		)
	done <<-TABLE
		{}||good |x|"$x" -
		{"check": {"modified": "$first"}}||good |x|- Mon, 01 Jan 2024 00:00:00 GMT
		{"fetch": {"modified": "$first"}}||good |x|- Mon, 01 Jan 2024 00:00:00 GMT
		{"check": {"modified": "2023-12-31T23:59:59Z"}}||WrittenAgain |null|- Sun, 31 Dec 2023 23:59:59 GMT
		{"check": {"modified": "2023-12-31T23:59:59Z"}}|--no-modified|good |x|"$x" -
		{"check": {"modified": "2023-12-31T23:59:59Z"}, "etag": "$other"}||PreconditionFailed $x|null|- Sun, 31 Dec 2023 23:59:59 GMT
		{"check": {"modified": "$first"}, "etag": "$other"}||PreconditionFailed $x|null|- Mon, 01 Jan 2024 00:00:00 GMT
	TABLE
}

@test "a copy on AWS that is not made by CopyObject says that it lacks annotations; a repeat changes no explanation" {
	for options in '' '--copy=through --no-tags'; do
		(
			as_aws '{"bad": {"by": "me", "reason": "no"}}' $options
			assert_eq "$options $(jq -c '[.route.annotations, .route.already]' <<<"$out")" "$options [$([ "$options" ] && echo '"excluded"' || echo null),null]"
			before=$(<"$MEMORY_S3")
			run3 s3route -p to -b bad $options < <(jq -c 'del(.route)' <<<"$out")
			assert_eq "$options $status $(jq -c '[.route.annotations, .route.already]' <<<"$out")" "$options 0 [null,true]"
			assert_eq "$(<"$MEMORY_S3")" "$before"
			[[ $before == *bad/k.why.json* ]]
			stop_servers
		)
	done
}

# Routes a record that was read at $first, with what else CHECK says, by an S3 in
# the place of AWS whose copies have another ETag.
aws_scripted() { # CHECK RULE...
	local IFS=,
	stub_as_aws "[${*:2}]"
	route "$(record bucket=in key=k size=1 etag=$x sequencer=01 | jq -cS ".check = {modified: \"$first\"} + $1")"
}

requests() {
	jq -r '.method + " " + (.target | split("/")[1])' "$STUB_LOG" | paste -sd ,
}

source_at() { # TIME
	echo '{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$x'\"", "Content-Length": "1", "Last-Modified": "'"$1"'"}}}'
}
copied='{"match": {"method": "PUT"}, "reply": {"body": "<CopyObjectResult><ETag>e</ETag><ChecksumCRC64NVME>b</ChecksumCRC64NVME></CopyObjectResult>"}}'
target='{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"e\"", "Content-Length": "1"}}}'
removed='{"match": {"method": "DELETE"}, "reply": {"status": 204}}'

@test "on AWS a copy with an ETag of its own is good if its source is what was read" {
	while IFS='|' read -r check time wanted asked; do
		(
			aws_scripted "$check" "$(source_at "$time")" "$copied" "$target" "$removed"
			assert_eq "$time $(jq -r '.failed.code // .route.etag' <<<"$out")" "$time $wanted"
			assert_eq "$time $(requests)" "$time $asked"
			stop_servers
		)
	done <<-TABLE
		{}|Mon, 01 Jan 2024 00:00:00 GMT|e|PUT to,HEAD in,HEAD to
		{}|Mon, 01 Jan 2024 00:00:01 GMT|e|PUT to,HEAD in,HEAD to
		{}|Sun, 31 Dec 2023 23:59:59 GMT|WrittenAgain|PUT to,HEAD in,DELETE to
		{"checksum": "CRC64NVME:b"}|Mon, 01 Jan 2024 00:00:00 GMT|e|PUT to,HEAD in,HEAD to
		{"checksum": "CRC64NVME:a"}|Mon, 01 Jan 2024 00:00:00 GMT|CopyDiffers|PUT to,DELETE to
	TABLE
}

@test "where AWS refuses the time that it shows itself, the ETag is the condition, and the source is looked at" {
	refused='{"match": {"method": "PUT", "header": {"x-amz-copy-source-if-unmodified-since": "."}}, "reply": {"status": 412, "body": "<Error><Code>PreconditionFailed</Code><Condition>x-amz-copy-source-If-Unmodified-Since</Condition></Error>"}}'
	missing='{"match": {"method": "HEAD", "path": "^/to/"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}'
	aws_scripted '{}' "$refused" "$missing" "${copied//>e</>$x<}" "$(source_at 'Mon, 01 Jan 2024 00:00:00 GMT')"
	assert_eq "$status $(jq -r .route.etag <<<"$out")" "0 $x"
	assert_eq "$(conditions)" "- Mon, 01 Jan 2024 00:00:00 GMT"$'\n'"\"$x\" -"
	assert_eq "$(requests)" 'PUT to,HEAD to,HEAD in,PUT to,HEAD in'
}

@test "an object that is written again between two ranges is not taken for one" {
	late='{"match": {"header": {"range": "."}}, "reply": {"status": 206, "headers": {"ETag": "\"e\"", "Content-Range": "bytes 65536-131071/131072", "Last-Modified": "Mon, 01 Jan 2024 00:00:02 GMT"}, "bodySize": 65536}}'
	there='"ETag": "\"e\"", "Last-Modified": "Mon, 01 Jan 2024 00:00:01 GMT"'
	stub '[{"match": {"method": "HEAD"}, "times": 1, "reply": {"headers": {'"$there"', "Content-Length": "131072"}}},
		{"match": {"header": {"range": "=0-"}}, "reply": {"status": 206, "headers": {'"$there"', "Content-Range": "bytes 0-65535/131072"}, "bodySize": 65536}},
		'"$late"', {"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"e\"", "Content-Length": "131072", "Last-Modified": "Mon, 01 Jan 2024 00:00:02 GMT"}}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$dir" --part-size 64K <<<"$(record bucket=in key=k etag=e size=131072)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 WrittenAgain'
}

@test "what a record says of a read is checked before it goes into a request" {
	while IFS=$'\t' read -r check wanted; do
		run3 s3route -p to -b bad <<<"$(record bucket=in key=k | jq -cS ".check = $check")"
		assert_eq "$status $err" "65 s3route: line 1: $wanted"$'\n'
	done <<-'TABLE'
		{"modified": "now\r\nx: y"}	modified is not a time: now\x0d\x0ax: y
		{"checksum": "a\nb"}	a checksum that is not printable ASCII, or longer than 256
	TABLE
}

@test "on AWS each part of a large copy has the time as its condition, and the source is looked at behind" {
	head='{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$x'\"", "Content-Length": "6000000", "Last-Modified": "TIME"}}}'
	before=${head/TIME/Mon, 01 Jan 2024 00:00:00 GMT}
	parts='{"match": {"method": "POST", "path": "uploads"}, "reply": {"body": "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"}},
		{"match": {"method": "GET"}, "reply": {"body": "<ListMultipartUploadsResult></ListMultipartUploadsResult>"}},
		{"match": {"method": "PUT"}, "reply": {"body": "<CopyPartResult><ETag>p</ETag></CopyPartResult>"}},
		{"match": {"method": "POST"}, "reply": {"body": "<CompleteMultipartUploadResult><ETag>e-2</ETag></CompleteMultipartUploadResult>"}},
		{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"e-2\"", "Content-Length": "6000000"}}}, '$removed
	line=$(record bucket=in key=k size=6000000 etag=$x | jq -cS --arg t $first '.check.modified = $t')
	while IFS='|' read -r time wanted last; do
		(
			stub_as_aws "[{\"times\": 1, ${before#?}, ${head/TIME/$time}, $parts]"
			route "$line" --part-size=5M --no-tags
			assert_eq "$time $(jq -r '.failed.code // "\(.route.etag) \(.route.annotations)"' <<<"$out")" "$time $wanted"
			assert_eq "$(conditions)" $'- Mon, 01 Jan 2024 00:00:00 GMT\n- Mon, 01 Jan 2024 00:00:00 GMT'
			assert_eq "$(requests | rev | cut -d , -f 1,2 | rev)" "$last"
			stop_servers
		)
	done <<-TABLE
		Mon, 01 Jan 2024 00:00:00 GMT|e-2 excluded|HEAD in,HEAD to
		Sun, 31 Dec 2023 23:59:59 GMT|WrittenAgain|HEAD in,DELETE to
	TABLE
}
