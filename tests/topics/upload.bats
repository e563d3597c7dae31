#!/usr/bin/env bats
# What goes up: a processor's output, put by s3route, against a real RGW and
# against servers that are hard to please.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
free='{"match": {"method": "HEAD"}, "reply": {"status": 404}}'
stored='{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"{{md5}}\""}}}'

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
}

# Prints a record with stdin as its output. The file is $dir/s3ev-ID-out.
made() { # NAME=VALUE...
	cat >"$dir/s3ev-ID-out"
	record id=ID bucket=in key=k etag=$hello size=6 \
		output:="$(jq -cn --arg path "$dir/s3ev-ID-out" --argjson bytes "$(stat -c %s "$dir/s3ev-ID-out")" \
			'{$path, $bytes, type: "text/csv"}')" "$@"
}

# So many bytes that are not all the same.
bytes() { # COUNT
	seq 1000000 2000000 | head -c "$1"
}

route() { # RECORD OPTION...
	run3 timeout 60 s3route -p "${to:-to}" -b bad "${@:2}" <<<"$1"
}

# The same against a stub with these rules.
scripted() { # RULES RECORD OPTION...
	stub "$1"
	AWS_ENDPOINT_URL_S3=$STUB_URL route "${@:2}"
}

# Of the requests with this method, a value, one a line.
logged() { # METHOD FILTER
	jq -r --arg method "$1" "select(.method == \$method) | $2" "$STUB_LOG"
}

@test "a good record's output is put in the object's place, with its type and where it comes from" {
	new_bucket to
	line=$(echo made | made)
	route "$line"
	assert_eq "$status $err" '0 '
	md5=$(echo made | md5sum | head -c 32)
	assert_eq "$out" "${line%\}},"'"route":{"to":"processed","bucket":"'"$to"'","key":"k","etag":"'"$md5"'"}}
'
	assert_eq "$(s3c get "$to" k)" made
	assert_json '.headers | ."content-type" == "text/csv" and ."x-amz-meta-s3ev-id" == "ID" and
		."x-amz-meta-s3ev-etag" == "'$hello'"' "$(s3c head "$to" k)"
	[ ! -e "$dir/s3ev-ID-out" ]
}

@test "outputs of any size arrive whole" {
	new_bucket to
	for size in 0 1 65536 65537 1048575 1048576 1048577 9000001; do
		route "$(bytes $size | made key=k$size)"
		assert_eq "$size $status $err" "$size 0 "
		cmp <(s3c get "$to" k$size) <(bytes $size)
	done
}

@test "the output of a bad record is not for processed: the object itself is copied" {
	scripted '[{"match": {"method": "HEAD", "path": "/in/"}, "reply": {"headers": {"ETag": "\"'$hello'\""}}}, '"$free"', {"match": {"method": "PUT"},
		"reply": {"body": "<CopyObjectResult><ETag>&quot;'$hello'&quot;</ETag></CopyObjectResult>"}}]' \
		"$(echo made | made bad:='{"by": "me", "reason": "no"}')" --no-why
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '.target + " " + .headers["x-amz-copy-source"]')" '/bad/k in/k'
}

@test "a body sent to a connection that is cut is sent again from its first byte" {
	whole=$(bytes 3000000 | sha256sum | head -c 64)
	scripted "[$free, {\"match\": {\"method\": \"PUT\"}, \"times\": 1, \"cutBody\": 1000000}, $stored]" "$(bytes 3000000 | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '[.headers["amz-sdk-request"], .bodyBytes == 3000000, .bodySha256 == "'"$whole"'"] | tostring')" \
		'["attempt=1; max=2",false,false]
["attempt=2; max=2",true,true]'
}

@test "so it is after a 503 and on a kept connection that is dead" {
	whole=$(bytes 200000 | sha256sum | head -c 64)
	scripted "[${free%\}}, \"closeIdle\": true}, {\"match\": {\"method\": \"PUT\"}, \"times\": 1, \"closeIdle\": true, \"reply\": {\"status\": 503}}, $stored]" \
		"$(bytes 200000 | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT .bodySha256 | sort -u)" "$whole"
}

@test "a body of more than 1 MiB waits until the server wants it" {
	for size in 1048576 1048577; do
		scripted "[$free, $stored]" "$(bytes $size | made)"
		assert_eq "$size $status $err" "$size 0 "
		assert_eq "$size $(logged PUT '"\(.bodyBytes) \(.headers.expect) \(.continued)"')" \
			"$size $([ $size -eq 1048577 ] && echo "$size 100-continue true" || echo "$size null null")"
		stop_servers
	done
}

@test "who refuses early has not been sent the body" {
	scripted "[$free, "'{"match": {"method": "PUT"}, "early": true, "reply": {"status": 403, "body": "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"}}]' \
		"$(bytes 5000000 | made)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
	assert_eq "$(logged PUT '"\(.bodyBytes) \(.continued)"')" '0 null'
	assert_eq "$err" 's3route: in/k: AccessDenied: no (PUT in bucket to): s3:PutObject is needed, and kms:GenerateDataKey where a KMS key encrypts; see s3ev-doctor
'
}

@test "who does not know 100 Continue gets the body all the same" {
	scripted "[$free, ${stored%\}}, \"silent\": true}]" "$(bytes 2000000 | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '"\(.bodyBytes) \(.continued)"')" '2000000 null'
	stop_servers
	scripted "[$free, "'{"match": {"method": "PUT", "header": {"expect": "100"}}, "early": true, "reply": {"status": 417}}, '"$stored]" \
		"$(bytes 2000000 | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '"\(.bodyBytes) \(.headers.expect)"')" $'0 100-continue\n2000000 null'
}

@test "a checksum goes along, unless it is only wanted where it is required" {
	scripted "[$free, $stored]" "$(echo hello | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '.headers | .["x-amz-checksum-crc64nvme"] + " " + .["x-amz-content-sha256"]')" \
		"akP7S61aVgc= $(echo hello | sha256sum | head -c 64)"
	assert_eq "$(logged PUT '.headers.authorization | test("x-amz-checksum-crc64nvme")')" true
	stop_servers
	AWS_REQUEST_CHECKSUM_CALCULATION=when_required scripted "[$free, $stored]" "$(echo hello | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '.headers["x-amz-checksum-crc64nvme"]')" null
}

@test "over TLS the checksum has to do, the body is not signed" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=stub \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key" -out "$dir/cert" 2>/dev/null
	export AWS_CA_BUNDLE=$dir/cert
	for when in when_supported when_required; do
		stub "[$free, $stored]" --tls "$dir/cert" "$dir/key"
		AWS_ENDPOINT_URL_S3=$STUB_URL AWS_REQUEST_CHECKSUM_CALCULATION=$when route "$(bytes 2000000 | made)"
		assert_eq "$status $err" '0 '
		wanted=UNSIGNED-PAYLOAD
		[ $when = when_supported ] || wanted=$(bytes 2000000 | sha256sum | head -c 64)
		assert_eq "$(logged PUT '.headers["x-amz-content-sha256"]')" "$wanted"
		stop_servers
	done
}

@test "what arrives with another checksum was not stored" {
	scripted "[$free, "'{"match": {"method": "PUT"}, "reply": {"status": 400, "body": "<Error><Code>BadDigest</Code><Message>no</Message></Error>"}}]' \
		"$(echo hello | made)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 BadDigest'
	stop_servers
	scripted "[$free, "'{"match": {"method": "PUT"}, "times": 1, "reply": {"headers": {"ETag": "\"x\"", "x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}}}, '"$stored]" \
		"$(echo hello | made)"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT .n | wc -l)" 2
}

@test "it is put with the options, and on the condition that the key is free" {
	scripted "[$free, $stored]" "$(echo hello | made)" --expected-bucket-owner 123456789012 --request-payer --sse kms \
		--sse-kms-key-id alias/k --storage-class STANDARD_IA
	assert_eq "$status $err" '0 '
	assert_eq "$(logged PUT '.headers | .["if-none-match"], .["x-amz-expected-bucket-owner"], .["x-amz-request-payer"],
		.["x-amz-server-side-encryption"], .["x-amz-server-side-encryption-aws-kms-key-id"], .["x-amz-storage-class"],
		.["x-amz-copy-source"], .["x-amz-source-expected-bucket-owner"]')" \
		'*
123456789012
requester
aws:kms
alias/k
STANDARD_IA
null
null'
}

@test "an output that is there already is not put again, another gets a second name" {
	new_bucket to
	route "$(echo made | made)"
	route "$(echo made | made)"
	assert_eq "$status $err $(jq -c '[.route.key, .route.already]' <<<"$out")" '0  ["k",true]'
	route "$(echo mode | made)"
	assert_eq "$status $err $(jq -c '[.route.key, .route.already]' <<<"$out")" '0  ["k~ID",null]'
	route "$(echo mode | made)"
	assert_eq "$status $err $(jq -c '[.route.key, .route.already]' <<<"$out")" '0  ["k~ID",true]'
	route "$(echo more | made)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 Collision'
	assert_eq "$(s3c get "$to" k) $(s3c get "$to" k~ID)" 'made mode'
}

@test "what is at the key is the same by its checksum, else its MD5, else the id in its metadata" {
	while IFS='|' read -r already headers; do
		scripted '[{"match": {"method": "HEAD", "path": "/k$"}, "reply": {"headers": {"Content-Length": "6", '"$headers"'}}}, '"$free, $stored]" \
			"$(echo hello | made)"
		assert_eq "$headers $status $err $(jq -r .route.already <<<"$out")" "$headers 0  $already"
		stop_servers
	done <<-TABLE
		true|"ETag": "\"x-2\"", "x-amz-checksum-crc64nvme": "akP7S61aVgc="
		true|"ETag": "\"x-2\"", "x-amz-checksum-sha256": "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="
		null|"ETag": "\"$hello\"", "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=", "x-amz-meta-s3ev-id": "ID"
		true|"ETag": "\"$hello\""
		null|"ETag": "\"${hello/b/c}\"", "x-amz-meta-s3ev-id": "ID"
		true|"ETag": "\"${hello/b/c}\"", "x-amz-server-side-encryption": "aws:kms", "x-amz-meta-s3ev-id": "ID"
		true|"ETag": "\"x-2\"", "x-amz-meta-s3ev-id": "ID"
		null|"ETag": "\"x-2\"", "x-amz-meta-s3ev-id": "OTHER"
		null|"ETag": "\"x-2\""
		null|"ETag": "\"x-2\"", "Content-Length": "7", "x-amz-meta-s3ev-id": "ID"
	TABLE
}

@test "two that put at once: whom the condition refuses looks at what is there" {
	scripted '[{"times": 1, "match": {"method": "HEAD"}, "reply": {"status": 404}},
		{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"}}},
		{"match": {"method": "PUT"}, "reply": {"status": 412, "body": "<Error><Code>PreconditionFailed</Code><Condition>If-None-Match</Condition></Error>"}}]' \
		"$(echo hello | made)"
	assert_eq "$status $err $(jq -r .route.already <<<"$out")" '0  true'
}

become_fifo() {
	rm "$1"
	mkfifo "$1"
}

@test "an output that is not what the record says is not put" {
	line=$(echo made | made)
	for break in 'rm' 'truncate -s 3' 'truncate -s 9' become_fifo; do
		echo made >"$dir/s3ev-ID-out"
		$break "$dir/s3ev-ID-out"
		scripted '[]' "$line"
		assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ')" \
			"75 $([ "$break" = rm ] && echo 'SystemError true' || echo 'IncompleteBody false') "
		[ ! -s "$STUB_LOG" ]
		stop_servers
	done
}

@test "only a file that has the record's id in its name is removed" {
	echo hello >"$dir/mine"
	scripted "[$free, $stored]" "$(record id=ID bucket=in key=k output:="{\"path\":\"$dir/mine\"}")"
	assert_eq "$status $err" '0 '
	[ -e "$dir/mine" ]
}
