#!/usr/bin/env bats
# What is too large for one request: copies and outputs in parts, against a real
# RGW and against servers that let one down in the middle.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184
part=5242880
size=12000000 # three parts
# A server that has the object and takes it in parts.
source='{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "'$size'"}}}'
target='{"times": 1, "match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}},
	{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"x-3\"", "Content-Length": "'$size'", "x-amz-meta-s3ev-id": "ID", "x-amz-meta-s3ev-upload": "{{x-amz-meta-s3ev-upload}}"}}}'
tags='{"match": {"method": "GET", "path": "tagging"}, "reply": {"body": "<Tagging><TagSet/></Tagging>"}}'
create='{"match": {"method": "POST", "path": "uploads"}, "reply": {"body": "<InitiateMultipartUploadResult><UploadId>U+1/=</UploadId></InitiateMultipartUploadResult>"}}'
list='{"match": {"method": "GET", "path": "uploads"}, "reply": {"body": "<ListMultipartUploadsResult/>"}}'
put='{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"{{md5}}\""}, "body": "<CopyPartResult><ETag>&quot;p&quot;</ETag></CopyPartResult>"}}'
complete='{"match": {"method": "POST", "path": "uploadId"}, "reply": {"body": "<CompleteMultipartUploadResult><ETag>&quot;x-3&quot;</ETag></CompleteMultipartUploadResult>"}}'
abort='{"match": {"method": "DELETE"}, "reply": {"status": 204}}'
all=$source,$target,$tags,$create,$list,$put,$complete,$abort
others=$(sed 's/"ID"/"OTHER"/; s/"{{x-amz-meta-s3ev-upload}}"/"another"/' <<<"$all")

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
}

bytes() { # COUNT
	seq 1000000 3000000 | head -c "$1"
}

object() { # NAME=VALUE...
	record id=ID bucket=in key=k etag=$hello size=$size "$@"
}

# Puts stdin and prints its record.
upload() { # KEY OPTION...
	cat >"$dir/object"
	record bucket="$in" key="$1" size="$(stat -c %s "$dir/object")" \
		etag="$(s3c put "$in" "$1" "$dir/object" "${@:2}" | jq -r .etag)"
}

# Prints a record with stdin as its output.
made() {
	cat >"$dir/s3ev-ID-out"
	object output:="{\"path\":\"$dir/s3ev-ID-out\",\"type\":\"text/csv\"}"
}

route() { # RECORD OPTION...
	run3 timeout 60 s3route -p "${to:-to}" -b bad --part-size $part "${@:2}" <<<"$1"
}

# The same against a stub with these rules, which may be RGW behind some.
scripted() { # RULES RECORD OPTION...
	stub "$1"
	AWS_ENDPOINT_URL_S3=$STUB_URL route "${@:2}"
}

asked() {
	jq -r '.method + " " + .target' "$STUB_LOG"
}

failed() {
	jq -r '.failed | "\(.code) \(.retry)"' <<<"$out"
}

@test "a large object is copied in parts, each pinned, with its headers, metadata and tags" {
	new_bucket in
	new_bucket to
	line=$(bytes $size | upload 'a b/é' -H 'Content-Type: text/x' -H 'Cache-Control: no-store' -H 'Content-Language: de' \
		-H 'Content-Disposition: inline' -H 'Content-Encoding: br' -H 'Expires: Thu, 01 Jan 2099 00:00:00 GMT' \
		-H 'x-amz-meta-colour: dark  blue' -H 'x-amz-meta-s3ev-id: other')
	s3c tag "$in" 'a b/é' 'k 1=a b+c' 'é=/&='
	scripted "[{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]" "$line"
	assert_eq "$status $err" '0 '
	assert_json '.route.key == "a b/é" and (.route.etag | endswith("-3"))'
	cmp <(s3c get "$to" 'a b/é') <(bytes $size)
	assert_json '.headers | ."content-type" == "text/x" and ."cache-control" == "no-store" and ."content-language" == "de" and
		."content-disposition" == "inline" and ."content-encoding" == "br" and .expires == "Thu, 01 Jan 2099 00:00:00 GMT" and
		."x-amz-meta-colour" == "dark  blue" and ."x-amz-meta-s3ev-id" == "'"$(jq -r .id <<<"$line")"'"' "$(s3c head "$to" 'a b/é')"
	# RGW does not look at them.
	assert_eq "$(jq -r 'select(.target | test("uploads=$")) | .headers["x-amz-tagging"] // empty' "$STUB_LOG")" 'k%201=a%20b%2Bc&%C3%A9=%2F%26%3D'
	etag=$(jq -r .etag <<<"$line")
	assert_eq "$(jq -r 'select(.target | test("partNumber")) | .headers | .["x-amz-copy-source-range"] + " " + .["x-amz-copy-source-if-match"]' \
		"$STUB_LOG" | sort)" "bytes=0-5242879 \"$etag\"
bytes=10485760-11999999 \"$etag\"
bytes=5242880-10485759 \"$etag\""
	assert_eq "$(s3c uploads "$to")" ''
	# Once more: it is known by the id in its metadata.
	route "$line"
	assert_eq "$status $err $(jq -c .route.already <<<"$out")" '0  true'
	# Another record's object is something else.
	route "$(jq -cS '.id = "other"' <<<"$line")"
	assert_eq "$status $err $(jq -r .route.key <<<"$out")" '0  a b/é~other'
}

@test "of a versioned object it is the version that is copied, with its tags" {
	new_bucket in
	new_bucket to
	s3c versioning "$in" on
	bytes $size >"$dir/old"
	version=$(s3c put "$in" k "$dir/old" | jq -r .version)
	s3c tag "$in" k which=old
	echo new | s3c put "$in" k >/dev/null
	scripted "[{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]" "$(record bucket="$in" key=k version="$version" size=$size)"
	assert_eq "$status $err" '0 '
	cmp <(s3c get "$to" k) "$dir/old"
	assert_eq "$(jq -r 'select(.target | test("uploads=$")) | .headers["x-amz-tagging"] // empty' "$STUB_LOG")" which=old
}

@test "a large output is put in parts, read from the file as they are sent" {
	new_bucket to
	scripted "[{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]" "$(bytes $size | made)"
	assert_eq "$status $err" '0 '
	cmp <(s3c get "$to" k) <(bytes $size)
	assert_json '.headers | ."content-type" == "text/csv" and ."x-amz-meta-s3ev-id" == "ID" and ."x-amz-meta-s3ev-etag" == "'$hello'"' \
		"$(s3c head "$to" k)"
	assert_eq "$(jq -r 'select(.target | test("partNumber")) | "\(.bodyBytes) \(.headers["x-amz-checksum-crc64nvme"] | length)"' "$STUB_LOG" | sort)" \
		$'1514240 12\n5242880 12\n5242880 12'
	[ ! -e "$dir/s3ev-ID-out" ]
	assert_eq "$(s3c uploads "$to")" ''
	route "$(bytes $size | made)"
	assert_eq "$status $err $(jq -c .route.already <<<"$out")" '0  true'
}

@test "what is as large as a part goes in one request, a byte more in two parts" {
	scripted "[${source/$size/$part},$target,$tags,$create,$list,{\"match\": {\"method\": \"PUT\"}, \"reply\": {\"body\": \"<CopyObjectResult><ETag>$hello</ETag></CopyObjectResult>\"}}]" \
		"$(object size:=$part)"
	assert_eq "$status $err $(asked | grep -c partNumber)" '0  0'
	stop_servers
	scripted "[${all//$size/$((part + 1))}]" "$(object size:=$((part + 1)))"
	assert_eq "$status $err $(asked | grep -c partNumber)" '0  2'
	for bad in 5242879 5368709121 0 -1 5MB ''; do
		run3 s3route -p to -b bad --part-size "$bad" <<<nonsense
		assert_eq "$status $err" "64 s3route: not from 5M to 5G bytes: $bad
"
	done
}

@test "the upload says how the object is kept, what it is made of, and that nothing may be there" {
	scripted "[$all]" "$(object)" --sse kms --sse-kms-key-id alias/k --storage-class STANDARD_IA --expected-bucket-owner 123456789012 --request-payer
	assert_eq "$status $err" '0 '
	assert_json '.route.etag == "x-3"'
	jq -c 'select(.method == "POST" and (.target | test("uploads"))) | .headers | [.["x-amz-server-side-encryption"],
		.["x-amz-server-side-encryption-aws-kms-key-id"], .["x-amz-storage-class"], .["x-amz-checksum-algorithm"],
		.["x-amz-checksum-type"], .["x-amz-meta-s3ev-id"], .["x-amz-tagging"]]' "$STUB_LOG" >"$dir/created"
	assert_eq "$(<"$dir/created")" '["aws:kms","alias/k","STANDARD_IA","CRC64NVME","FULL_OBJECT","ID",null]'
	assert_eq "$(jq -c 'select(.method == "POST" and (.target | test("uploadId"))) | .headers | [.["if-none-match"], .["x-amz-mp-object-size"]]' "$STUB_LOG")" \
		'["*","'$size'"]'
	# All requests but those for tags and lists are for the upload, all for the owner.
	assert_eq "$(jq -r '.headers | .["x-amz-expected-bucket-owner"] + " " + .["x-amz-request-payer"]' "$STUB_LOG" | sort -u)" '123456789012 requester'
	assert_eq "$(asked | grep -c 'uploadId=U%2B1%2F%3D')" 4
}

@test "if a part cannot be copied, the upload is aborted, and the record fails" {
	while IFS='|' read -r reply wanted; do
		scripted "[{\"match\": {\"path\": \"partNumber=2\"}, \"reply\": $reply}, $all]" "$(object)"
		assert_eq "$reply $status $(jq -r '(.failed // .gone).code' <<<"$out")" "$reply $wanted"
		assert_eq "$(asked | grep -c '^DELETE .*uploadId') $(asked | grep -c '^POST .*uploadId')" '1 0'
		stop_servers
	done <<-TABLE
		{"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}|75 AccessDenied
		{"status": 500}|75 UnexpectedAnswer
		{"body": "<Error><Code>InternalError</Code></Error>"}|75 InternalError
		{"body": "<CopyPartResult></CopyPartResult>"}|75 UnexpectedAnswer
		{"status": 412, "body": "<Error><Code>PreconditionFailed</Code></Error>"}|75 OddServer
		{"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}|75 OddServer
	TABLE
}

@test "an upload is aborted when none of its parts is under way any more" {
	cat >"$dir/rules.mjs" <<-JS
		let answered
		export default [
			{match: {path: 'partNumber=2'}, reply: {status: 403, body: '<Error><Code>AccessDenied</Code></Error>'}},
			{match: {path: 'partNumber=3'}, reply: () => new Promise((resolve) =>
				setTimeout(() => resolve({status: (answered = 200), body: '<CopyPartResult><ETag>p</ETag></CopyPartResult>'}), 300))},
			{match: {method: 'DELETE'}, reply: () => ({status: answered ? 204 : 500})},
			$all]
	JS
	scripted "$dir/rules.mjs" "$(object)"
	assert_eq "$status $(failed)" '75 AccessDenied false'
	assert_eq "$(asked | grep -c DELETE)" 1
}

@test "a part that goes through us is the range that was asked for, and no other" {
	local other='{"match": {"method": "GET", "header": {"range": "=8388608-"}}, "reply": {"status": 206, "bodySize": 3611392, "headers": {"ETag": "\"'$hello'\"", RANGE}}}'
	local first='{"match": {"method": "GET", "header": {"range": "=0-"}}, "reply": {"status": 206, "bodySize": 8388608, "headers": {"ETag": "\"'$hello'\"", "Content-Range": "bytes 0-8388607/'$size'"}}}'
	for range in '"Content-Range": "bytes 0-3611391/'$size'"' '"x": "y"'; do
		stub "[$first,${other/RANGE/$range},$all]"
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route --copy through -p to -b bad <<<"$(object)"
		assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 UnexpectedAnswer'
		stop_servers
	done
	stub "[$first,${other/RANGE/\"Content-Range\": \"bytes 8388608-11999999\/$size\"},$all]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route --copy through -p to -b bad <<<"$(object)"
	assert_eq "$status $err$(jq -r .route.etag <<<"$out")" '0 x-3'
}

@test "each part is tried again on its own, whole" {
	scripted "[{\"match\": {\"path\": \"partNumber=2\"}, \"times\": 1, \"cutBody\": 2000000}, {\"match\": {\"path\": \"partNumber=3\"}, \"times\": 1, \"reply\": {\"status\": 503}}, $all]" \
		"$(bytes $size | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r 'select(.target | test("partNumber")) | .target[9:10] + .bodySha256' "$STUB_LOG" | sort -u | grep -c .)" 4
	for i in 0 1 2; do
		grep -q "$(bytes $size | tail -c +$((i * part + 1)) | head -c $part | sha256sum | head -c 64)" "$STUB_LOG"
	done
}

@test "blanks before the answer and an error in a 200 are seen, when it is completed" {
	blanks=$(printf ' %.0s' {1..3000})
	scripted "[{\"match\": {\"method\": \"POST\", \"path\": \"uploadId\"}, \"times\": 1, \"reply\": {\"body\": \"$blanks<Error><Code>InternalError</Code></Error>\"}},
		$source,$target,$tags,$create,$list,$put,$abort,${complete/<Comp/$blanks\\n<Comp}]" "$(object)"
	assert_eq "$status $err" '0 '
	assert_json '.route.etag == "x-3"'
	assert_eq "$(asked | grep -c '^POST .*uploadId') $(asked | grep -c DELETE)" '2 0'
}

@test "where the answer to the completion was lost, what is there bears the mark of our upload" {
	lost='{"match": {"method": "POST", "path": "uploadId"}, "times": 1, "cutAfter": 0},
		{"match": {"method": "POST", "path": "uploadId"}, "reply": {"status": 404, "body": "<Error><Code>NoSuchUpload</Code></Error>"}}'
	scripted "[$lost,$all]" "$(object)"
	assert_eq "$status $err" '0 '
	assert_json '.route.etag == "x-3" and (.route.already | not)'
	stop_servers
	scripted "[$lost,$others]" "$(object)"
	assert_eq "$status $(failed)" '75 NoSuchUpload true'
	stop_servers
	scripted "[$lost,$(sed 's/"times": 1, //' <<<"$all")]" "$(object)"
	assert_eq "$status $(failed)" '75 NoSuchUpload true'
}

@test "where S3 told the version when the upload began, that version is looked at, whatever lies over it" {
	lost='{"match": {"method": "POST", "path": "uploadId"}, "times": 1, "cutAfter": 0},
		{"match": {"method": "POST", "path": "uploadId"}, "reply": {"status": 404, "body": "<Error><Code>NoSuchUpload</Code></Error>"}}'
	promised=$(jq -c '.reply.headers["x-amz-version-id"] = "V9"' <<<"$create")
	of_version=$(jq -cS '.match.path = "versionId=V9"' <<<"${target#*$'\n'}")
	scripted "[$lost,$of_version,$promised,$others]" "$(object)"
	assert_eq "$status $err" '0 '
	assert_json '.route.version == "V9"'
	stop_servers
	scripted "[$lost,{\"match\": {\"path\": \"versionId=V9\"}, \"reply\": {\"status\": 404, \"headers\": {\"x-amz-request-id\": \"R\"}}},$promised,$all]" "$(object)"
	assert_eq "$status $(failed)" '75 NoSuchUpload true'
}

@test "so it is on a real server" {
	new_bucket in
	new_bucket to
	scripted "[{\"match\": {\"method\": \"POST\", \"path\": \"uploadId\"}, \"times\": 1, \"upstream\": \"$AWS_ENDPOINT_URL_S3\", \"loseAnswer\": true},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]" "$(bytes $size | upload k)"
	assert_eq "$status $err" '0 '
	cmp <(s3c get "$to" k) <(bytes $size)
	assert_eq "$(s3c ls "$to" | jq length) $(s3c uploads "$to")" '1 '
}

@test "whom the condition refuses at the end looks at what is there, and leaves no parts" {
	taken='{"match": {"method": "POST", "path": "uploadId"}, "times": 1, "reply": {"status": 412, "body": "<Error><Code>PreconditionFailed</Code><Condition>If-None-Match</Condition></Error>"}}'
	scripted "[$taken,$all]" "$(object)"
	assert_eq "$status $err $(jq -c .route.already <<<"$out") $(asked | grep -c DELETE)" '0  true 1'
	stop_servers
	scripted "[$(sed 's/"status": 412, //' <<<"$taken"),
		{\"match\": {\"method\": \"HEAD\", \"path\": \"k~\"}, \"times\": 1, \"reply\": {\"status\": 404, \"headers\": {\"x-amz-request-id\": \"R\"}}}, $others]" "$(object)"
	assert_eq "$status $(asked | grep -c 'POST /to/k?uploads') $(asked | grep -c 'POST /to/k~ID?uploads')" '0 1 1'
}

@test "where somebody else writes at the same time, the upload is begun anew" {
	conflict='{"match": {"method": "POST", "path": "uploadId"}, "times": 1, "reply": {"status": 409, "body": "<Error><Code>ConditionalRequestConflict</Code></Error>"}}'
	for answer in "$conflict" "${conflict/\"status\": 409, /}"; do
		scripted "[$answer,$(sed 's/"times": 1/"times": 2/' <<<"$all")]" "$(object)"
		assert_eq "$status $err$(jq -c .route.etag <<<"$out")" '0 "x-3"'
		assert_eq "$(asked | grep -c 'POST /to/k?uploads') $(asked | grep -c uploadId= | tr -d '\n') $(asked | grep -c DELETE)" "2 $((2 * (3 + 1) + 1)) 1"
		stop_servers
	done
}

@test "a copy with another size or checksum is taken away again" {
	sum='"x-amz-checksum-crc64nvme":"akP7S61aVgc="' other='"x-amz-checksum-crc64nvme":"AkP7S61aVgc="'
	while read -r theirs ours length wanted; do
		scripted "[${source/\"ETag\"/$theirs, \"ETag\"},{\"times\": 1, \"match\": {\"method\": \"HEAD\"}, \"reply\": {\"status\": 404, \"headers\": {\"x-amz-request-id\": \"R\"}}},
			{\"match\": {\"method\": \"HEAD\"}, \"reply\": {\"headers\": {\"ETag\": \"x-3\", $ours, \"Content-Length\": \"$length\"}}},
			$tags,$create,$list,$put,$complete,$abort]" "$(object)"
		assert_eq "$theirs $ours $status $(failed) $(asked | grep -c '^DELETE /to/k$')" "$theirs $ours $wanted"
		stop_servers
	done <<-TABLE
		$sum $sum $size 0 null null 0
		$sum "x":"1" $size 0 null null 0
		"x":"1" $sum $size 0 null null 0
		$sum $other $size 75 CopyDiffers true 1
		"x":"1" "x":"1" 11999999 75 CopyDiffers true 1
	TABLE
}

@test "tags need a permission, or can be left behind" {
	scripted "[{\"match\": {\"path\": \"tagging\"}, \"reply\": {\"status\": 403, \"body\": \"<Error><Code>AccessDenied</Code><Message>no</Message></Error>\"}},$all]" "$(object)"
	assert_eq "$status $err" '75 s3route: in/k: AccessDenied: no (GET in bucket in): s3:GetObjectTagging (s3:GetObjectVersionTagging for a version) is needed, or tags left out with --no-tags; see s3ev-doctor
'
	[ "$(asked | grep -c POST)" -eq 0 ]
	stop_servers
	scripted "[$source,$target,$create,$list,$put,$complete]" "$(object)" --no-tags
	assert_eq "$status $err" '0 '
	stop_servers
	scripted "[$source,$target,{\"match\": {\"path\": \"tagging\"}, \"reply\": {\"status\": 404, \"body\": \"<Error><Code>NoSuchTagSet</Code></Error>\"}},$create,$list,$put,$complete]" "$(object)"
	assert_eq "$status $err" '0 '
	stop_servers
	scripted "[${all//$size/6}]" "$(object size:=6)" --no-tags
	assert_eq "$(jq -r 'select(.method == "PUT") | .headers["x-amz-tagging-directive"]' "$STUB_LOG" | uniq)" REPLACE
}

@test "metadata that no request can hold fails the record, not the run" {
	many=$(for i in {1..120}; do printf '"x-amz-meta-%s": "v", ' "$i"; done)
	scripted "[${source/\"ETag\"/$many \"ETag\"},$all]" "$(object)"
	assert_eq "$status $(failed)" '75 TooMuchMetadata false'
	many=$(for i in {1..90}; do printf '"x-amz-meta-%s": "v", ' "$i"; done)
	stop_servers
	scripted "[${source/\"ETag\"/$many \"ETag\"},$all]" "$(object)"
	assert_eq "$status $err" '0 '
}

# Orphans

@test "what a killed run has left at the key is aborted an hour later, nothing else is" {
	upload() { # KEY ID INITIATOR MINUTE
		printf '<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiator><ID>%s</ID></Initiator><Initiated>2026-01-01T0%s:00.000Z</Initiated></Upload>' "$@"
	}
	parts() { # ID MODIFIED [NEXT]
		printf '{"match": {"method": "GET", "path": "%s"}, "reply": {"body": "<ListPartsResult><IsTruncated>%s</IsTruncated><NextPartNumberMarker>%s</NextPartNumberMarker><Part><LastModified>2026-01-01T0%s:00Z</LastModified></Part></ListPartsResult>"}}' \
			"$1" "$([ -n "${3-}" ] && echo true || echo false)" "${3-}" "$2"
	}
	uploads=$(upload k OLD me 1:00 && upload k LIVE me 1:01 && upload k PAGED me 1:02 && upload k EMPTY me 1:03 && upload k YOUNG me 2:31 &&
		upload k THEIRS you 1:00 && upload kk OTHER me 1:00 && upload k%2Bx PLUS me 1:00 && upload k U+1/= me 3:30)
	scripted "[${list/<ListMultipartUploadsResult\/>/<ListMultipartUploadsResult><EncodingType>url<\/EncodingType>$uploads<\/ListMultipartUploadsResult>},
		$(parts OLD 1:30),$(parts LIVE 3:00),$(parts 'marker=1000&uploadId=PAGED' 2:50),$(parts PAGED 2:00 1000),
		{\"match\": {\"method\": \"GET\", \"path\": \"EMPTY\"}, \"reply\": {\"body\": \"<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>\"}},$all]" "$(object)"
	assert_eq "$status $err" '0 '
	assert_eq "$(asked | grep DELETE)" $'DELETE /to/k?uploadId=OLD\nDELETE /to/k?uploadId=EMPTY'
	assert_eq "$(asked | grep -c 'GET /to/?encoding-type=url&prefix=k&uploads=')" 1
}

@test "who may not list uploads copies all the same" {
	for reply in '{"status": 403}' '{"status": 501}' '{"body": "nonsense"}' '{"body": "<ListMultipartUploadsResult><Upload><Key>k</Key></Upload></ListMultipartUploadsResult>"}'; do
		scripted "[{\"match\": {\"method\": \"GET\", \"path\": \"uploads\"}, \"reply\": $reply},$all]" "$(object)"
		assert_eq "$reply $status $err" "$reply 0 "
		stop_servers
	done
}

@test "a run that is killed loses nothing; an hour later what it left is found, on a real server" {
	new_bucket in
	new_bucket to
	line=$(bytes $size | upload k)
	stub "[{\"match\": {\"path\": \"partNumber=3\"}, \"delayMs\": 60000}, {\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL s3route -p "$to" -b bad --part-size $part <<<"$line" >"$dir/killed" 3>&- &
	killed=$!
	wait_until grep -q partNumber=3 "$STUB_LOG"
	kill -KILL $killed
	wait $killed || :
	orphan=$(s3c uploads "$to")
	[ -n "$orphan" ]
	# It is minutes old, so it might be a live worker's.
	route "$line"
	assert_eq "$status $err $(s3c uploads "$to")" "0  $orphan"
	cmp <(s3c get "$to" k) <(bytes $size)
	# A proxy that makes everything but the newest upload two hours older.
	cat >"$dir/later.mjs" <<-JS
		import http from 'node:http'
		const upstream = '$AWS_ENDPOINT_URL_S3'
		const earlier = (time) => new Date(Date.parse(time) - 7200000).toISOString()
		const ask = ({target, headers}) => new Promise((resolve, reject) => http.get(upstream + target, {headers}, async (res) => {
			let body = ''
			for await (const piece of res)
				body += piece
			resolve({status: res.statusCode, body: body
				.replace(/(<LastModified>)([^<]*)/g, (_, tag, time) => tag + earlier(time))
				.replace(/<Upload>.*?<\\/Upload>/gs, (upload) => !upload.includes('$orphan') ? upload
					: upload.replace(/(<Initiated>)([^<]*)/, (_, tag, time) => tag + earlier(time)))})
		}).on('error', reject))
		export default [{match: {method: 'GET', path: 'upload'}, reply: ask}, {upstream}]
	JS
	scripted "$dir/later.mjs" "$(jq -cS '.id = "again"' <<<"$line")" -c replace
	assert_eq "$status $err $(s3c uploads "$to")" '0  '
}

# RGW, but the first request that matches is held until the file $dir/NAME is
# there, and is then to be sent again.
held() { # NAME METHOD PATH
	cat >"$dir/$1.mjs" <<-JS
		import fs from 'node:fs'
		import {setTimeout as sleep} from 'node:timers/promises'
		const hold = async () => {
			fs.writeFileSync('$dir/$1.held', '')
			while (!fs.existsSync('$dir/$1'))
				await sleep(10)
			return {status: 503, body: '<Error><Code>SlowDown</Code></Error>'}
		}
		export default [{match: {path: 's3ev-probe'}, upstream: '$AWS_ENDPOINT_URL_S3'}, {match: {method: '$2', path: '$3'}, times: 1, reply: hold}, {upstream: '$AWS_ENDPOINT_URL_S3'}]
	JS
	stub "$dir/$1.mjs"
}

@test "-c replace: while a copy is completed nobody replaces its claim, on a real server that keeps only PutObject's condition" {
	new_bucket in
	new_bucket to
	first=$(bytes $size | upload first/k)
	other=$(echo other | upload other/k)
	large=$(seq 2000000 4000000 | head -c $size | upload large/k)
	for there in nothing another; do
		rm -f "$dir"/copy* "$dir"/put*
		s3c rm "$to" k
		[ $there = nothing ] || echo old | s3c put "$to" k >/dev/null
		# Another that has seen what was there before the claim, and is about to write.
		held put PUT "^/$to/k$"
		AWS_ENDPOINT_URL_S3=$STUB_URL s3route -p "$to" -b bad -t '{base}' -c replace <<<"$other" >"$dir/put.out" 2>/dev/null 3>&- &
		put=$!
		wait_until test -e "$dir/put.held"
		held copy POST uploadId
		AWS_ENDPOINT_URL_S3=$STUB_URL s3route -p "$to" -b bad -t '{base}' -c replace <<<"$first" >"$dir/copy.out" 3>&- &
		copy=$!
		wait_until test -e "$dir/copy.held"
		assert_json '.headers."x-amz-meta-s3ev-claim"' "$(s3c head "$to" k)"
		for line in "$other" "$large"; do
			route "$line" -t '{base}' -c replace
			assert_eq "$there $status $(failed)" "$there 75 Collision true"
		done
		touch "$dir/put"
		status=0
		wait $put || status=$?
		assert_eq "$there $status $(jq -r .failed.code "$dir/put.out")" "$there 75 Collision"
		touch "$dir/copy"
		wait $copy
		assert_eq "$there $(jq -r .route.key "$dir/copy.out")" "$there k"
		cmp <(s3c get "$to" k) <(bytes $size)
		# Once it is made it is an object as any other.
		route "$large" -t '{base}' -c replace
		assert_eq "$status $(s3c get "$to" k | head -n 1)" '0 2000000'
		stop_servers
	done
}

@test "an object that is smaller than its record says is copied all the same, whoever copies" {
	local rules='{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"}}},
		'$tags',
		{"match": {"method": "GET"}, "reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "hello\n"}},
		{"match": {"method": "PUT", "header": {"x-amz-copy-source": "."}}, "reply": {"body": "<CopyObjectResult><ETag>&quot;'$hello'&quot;</ETag></CopyObjectResult>"}},
		'$put
	stub_as_aws "[$rules]"
	route "$(object)"
	assert_eq "$status $err" '0 '
	assert_json '.route.etag == "'$hello'"'
	route "$(object)" --copy=through
	assert_eq "$status $err" '0 '
	assert_json '.route.etag == "'$hello'"'
	assert_eq "$(jq -r 'select(.method == "PUT") | [.headers."x-amz-copy-source", .bodyBytes] | @text' "$STUB_LOG")" '["in/k",0]
[null,6]'
}

@test "a run that is broken off aborts what it has begun" {
	# The second record is answered once a part of the first is under way.
	cat >"$dir/rules.mjs" <<-JS
		let begun
		const part = new Promise((resolve) => begun = resolve)
		export default [
			{match: {path: 'partNumber=3'}, reply: () => new Promise(begun)},
			{match: {path: '/in/other'}, reply: async () => (await part, {status: 412})},
			$all]
	JS
	stub "$dir/rules.mjs"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 sh -c 's3route -p to -b bad --part-size 5M >/dev/full' \
		< <(object && object id=other key=other)
	assert_eq "$status" 74
	assert_eq "$(asked | grep DELETE)" 'DELETE /to/k?uploadId=U%2B1%2F%3D'
	# A signal that comes after the line of --stats, while that is waited for, writes no other.
	sed -i "s|export default .|&{match: {method: 'DELETE'}, delayMs: 2500, reply: {status: 204}},|" "$dir/rules.mjs"
	stub "$dir/rules.mjs"
	(object && object id=other key=other) >"$dir/in"
	AWS_ENDPOINT_URL_S3=$STUB_URL s3route -p to -b bad --part-size 5M --stats "$dir/stats" <"$dir/in" >/dev/full 2>"$dir/err" 3>&- &
	wait_until test -s "$dir/stats"
	kill "$!" || true
	wait "$!" || true
	assert_eq "$(wc -l <"$dir/stats") $(grep stats: "$dir/err")" '1 '
}
