#!/usr/bin/env bats
# Situations from public bug reports, see data/reports: what happens there, and
# what should. Each is one of a kind.

load ../lib/helper

reports=$tests/data/reports

setup() {
	dir=$BATS_TEST_TMPDIR
	export AWS_MAX_ATTEMPTS=3
}

# Starts the server of a report. Its rules get the variable STUB_NAME.
at() { # REPORT [NAME=VALUE]
	local "STUB_${2-NONE=}"
	stub "$reports/$1/rules.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	record=$reports/$1/record.json
}

route() {
	run3 s3route --part-size 5M -p to -b bad "$@"
}

# The outcome of each record.
outcomes() {
	jq -r 'if .failed then "failed " + .failed.code elif .gone then "gone" elif .bad then "bad" else "good" end' <<<"$out"
}

@test "01: a weak ETag is the same ETag" {
	at 01-etag-weak-or-suffixed FORM=weak
	run3 s3check --csv <"$record"
	assert_eq "$status $err$(outcomes)" '0 good'
	run3 s3fetch -d "$dir" <"$record"
	assert_eq "$status $err$(outcomes)" '0 good'
	route <"$record"
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_json '.route.etag == "97570fe1797bcf3e469b9a17b9f0abf4"'
}

@test "01: an ETag that a proxy has added to is the server's oddity, not another object" {
	at 01-etag-weak-or-suffixed FORM=gzip
	for tool in 's3check --csv' "s3fetch -d $dir" 's3route -p to -b bad'; do
		run3 $tool <"$record"
		assert_eq "$tool: $status $(outcomes)" "$tool: 75 failed OddServer"
		assert_json '.failed.retry and (.failed.message | test("-gzip"))'
	done
}

@test "01: whatever is added to an ETag, each record fails, and is asked for a few times at most" {
	etag=97570fe1797bcf3e469b9a17b9f0abf4
	inputs=$(record bucket=in key=a etag=$etag size=6 && record bucket=in key=b etag=$etag size=6)
	copied=$(jq -cS --arg etag $etag '.route = {to: "processed", bucket: "to", key: .key, etag: $etag}' <<<"$inputs")
	for shown in "$etag-gzip" "$etag;br" "$etag:1423.9" "$etag+gzip" "$etag/x" "$etag-2-gzip" "$etag\\\"-gzip"; do
		answer='{"headers": {"ETag": "\"'$shown'\"", "Content-Length": "6", "x-amz-request-id": "R"}'
		stub '[{"match": {"method": "HEAD", "path": "/to/"}, "reply": {"headers": {"ETag": "\"'$etag'\""}}}, {"match": {"method": "HEAD"}, "reply": '"$answer"'}},
			{"match": {"header": {"if-match": "."}}, "reply": {"status": 412, "body": "<Error><Code>PreconditionFailed</Code></Error>"}},
			{"reply": '"$answer"', "body": "hello\n"}}]'
		export AWS_ENDPOINT_URL_S3=$STUB_URL
		for tool in 's3check -j 1 --utf8' "s3fetch -j 1 -d $dir" s3rm; do
			[ "$tool" = s3rm ] && run3 $tool <<<"$copied" || run3 $tool <<<"$inputs"
			assert_eq "$shown $tool: $status $(outcomes | tr '\n' ' ')" "$shown $tool: 75 failed OddServer failed OddServer "
		done
		(($(wc -l <"$STUB_LOG") < 24))
		stop_servers
	done
}

@test "02: a server that refuses its own ETag: the first record says so, the others are read without the condition" {
	at 02-if-match-refused WHERE=all
	for tool in 's3check -j 1 --csv' "s3fetch -j 1 -d $dir"; do
		run3 $tool <"$record"
		assert_eq "$tool: $status $(outcomes)" "$tool: 75 failed OddServer"
		run3 $tool < <(cat "$record" "$record" "$record")
		assert_eq "$tool: $status $(outcomes | sort | uniq -c | tr -s ' \n' ' ')" "$tool: 75  1 failed OddServer 2 good "
		# Also those that were under way when it was found out.
		run3 ${tool/-j 1/-j 8} < <(cat "$record" "$record" "$record" "$record")
		assert_eq "$tool: $status $(outcomes | sort | uniq -c | tr -s ' \n' ' ')" "$tool: 75  1 failed OddServer 3 good "
	done
}

@test "02: so it is where it refuses only the condition of a copy" {
	at 02-if-match-refused WHERE=copy
	route <"$record"
	assert_eq "$status $(outcomes)" '75 failed OddServer'
	assert_json '.failed.retry and (.gone | not)'
}

@test "03: a key that XML cannot hold is copied in parts all the same" {
	at 03-control-bytes-in-key-multipart
	route <"$record"
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_eq "$(jq -r .method "$STUB_LOG" | grep -c POST) $(jq -r .method "$STUB_LOG" | grep -c DELETE)" '2 0'
}

@test "03: so it is on a real server" {
	new_bucket in
	new_bucket to
	key=$'scan\b\b\rA/x\x01\xef\xbf\xbf.bin'
	head -c 11000000 /dev/zero >"$dir/object"
	etag=$(s3c put "$in" "$key" "$dir/object" | jq -r .etag)
	run3 s3route --part-size 5M -p "$to" -b bad < <(jq -cn --arg b "$in" --arg k "$key" --arg e "$etag" '{bucket: $b, key: $k, etag: $e, size: 11000000}')
	assert_eq "$status $err$(outcomes)" '0 good'
	cmp <(s3c get "$to" "$key") "$dir/object"
	assert_eq "$(s3c uploads "$to")" ''
}

@test "03: no upload is left behind, whatever the answer was that told its id" {
	etag=97570fe1797bcf3e469b9a17b9f0abf4
	for answer in '<InitiateMultipartUploadResponse><UploadId>U</UploadId></InitiateMultipartUploadResponse>' \
		'<InitiateMultipartUploadResult><UploadId>U</UploadId><Key>cut' '<a:InitiateMultipartUploadResult xmlns:a=\"x\"><UploadId>U</UploadId><b>&lt;</c>'; do
		stub '[{"match": {"method": "POST", "path": "uploads="}, "reply": {"body": "'"$answer"'"}},
			{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$etag'\"", "Content-Length": "11000000"}}},
			{"match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}},
			{"match": {"method": "GET", "path": "uploads="}, "reply": {"body": "<ListMultipartUploadsResult/>"}},
			{"match": {"method": "GET", "path": "tagging"}, "reply": {"body": "<Tagging><TagSet/></Tagging>"}},
			{"match": {"method": "DELETE"}, "reply": {"status": 204}},
			{"reply": {"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}}]'
		AWS_ENDPOINT_URL_S3=$STUB_URL route < <(record bucket=in key=k etag=$etag size=11000000)
		assert_eq "$answer $status $(outcomes)" "$answer 75 failed AccessDenied"
		assert_eq "$(jq -r '.method + .target' "$STUB_LOG" | grep DELETE)" 'DELETE/to/k?uploadId=U'
		stop_servers
	done
}

@test "08: what is good, but no document of S3, is named by status, type and words" {
	for answer in '{"body": ""}|HTTP 200: not an answer of S3, perhaps of a proxy: the answer is no complete XML' \
		'{"status": 204}|HTTP 204: not an answer of S3, perhaps of a proxy: the answer is no complete XML' \
		'{"headers": {"Content-Type": "application/problem+json", "x-amz-request-id": "R"}, "body": "x"}|HTTP 200, application/problem+json: the answer is no complete XML' \
		'{"status": 400, "headers": {"Content-Type": "application/json"}, "body": "{\"message\": \"the tenant is suspended\"}"}|HTTP 400, application/json: not an answer of S3, perhaps of a proxy: {"message": "the tenant is suspended"}'; do
		stub '[{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"e\"", "Content-Length": "1"}}},
			{"match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}, {"reply": '"${answer%|*}"'}]'
		AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=$STUB_URL route < <(record bucket=in key=k etag=e size=1)
		assert_eq "$status $(jq -r .failed.message <<<"$out")" "75 ${answer#*|}"
		stop_servers
	done
}

@test "08: what is no answer of S3 says who may have answered, and decides nothing" {
	for answer in 502 503 403 404 405 412 400; do
		at 08-http-status-hidden STATUS=$answer
		for tool in 's3check --csv' "s3fetch -d $dir" 's3route -p to -b bad'; do
			AWS_MAX_ATTEMPTS=1 run3 $tool <"$record"
			assert_eq "$answer $tool: $status" "$answer $tool: 75"
			assert_json '.failed.retry and (.failed.message | test("HTTP '$answer', text/html: not an answer of S3")) and
				(.failed.message | test("s3:") | not)'
		done
		stop_servers
	done
}

@test "09: statuses that proxies use for 'later' are tried again" {
	for answer in 408 499 500 502 503 504 520 522 524 527 598; do
		at 09-transient-status-not-retried STATUS=$answer
		run3 s3fetch -d "$dir" <"$record"
		assert_eq "$answer $status $err$(outcomes)" "$answer 0 good"
		stop_servers
	done
}

@test "10: a server that knows no checksums gets none for the rest of the run" {
	at 10-checksum-header-refused
	route -j 1 < <(cat "$record" <(jq -cS '.id = "2" | .key = "b.csv"' "$record"))
	assert_eq "$status $err$(outcomes)" $'0 bad\nbad'
	assert_json '.route.why | endswith(".why.json")'
	assert_eq "$(jq -r '.headers["x-amz-checksum-crc64nvme"] // empty' "$STUB_LOG" | wc -l)" 1
}

@test "11: copies without an ETag are said once; the record has none, and s3rm deletes nothing" {
	at 11-copy-without-etag
	route <"$record"
	assert_eq "$status $(outcomes)" '0 good'
	assert_eq "$err" $'s3route: the server gives copies no ETag: s3rm will not know them\n'
	assert_json '.route | has("etag") | not'
	run3 s3rm --unguarded <<<"$out"
	assert_eq "$status $(outcomes)" '75 failed NotSafe'
	assert_json '.failed.message | test("gives copies no ETag")'
	assert_eq "$(jq -r .method "$STUB_LOG" | grep -c DELETE)" 0
}

# The kinds, in other clothes

@test "an object that is not there under its decoded key, but under the one that was announced: failed, with what to set" {
	scripted='[{"match": {"path": "^/in/a%2Bb"}, "reply": {"headers": {"ETag": "\"x\"", "Content-Length": "1"}}},
		{"reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}}]'
	stub "$scripted"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for tool in 's3check --csv' "s3fetch -d $dir" 's3route -p to -b bad'; do
		run3 $tool < <(record bucket=in key='a b' spelled=a+b etag=x size=1)
		assert_eq "$tool: $status $(outcomes)" "$tool: 75 failed OtherSpelling"
		assert_json '.failed.message | test("--keys raw")'
	done
	# A key that would be another one, were it decoded.
	stop_servers
	stub "${scripted/a%2Bb/a%20b}"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$dir" < <(record bucket=in key=a+b etag=x size=1)
	assert_eq "$status $(outcomes)" '75 failed OtherSpelling'
	assert_json '.failed.message | test("--keys form")'
}

@test "whether an object is there under another spelling is asked until S3 says so" {
	for answer in '{"status": 503}' '{"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}' '{"status": 404, "body": "no backend"}'; do
		stub '[{"match": {"path": "^/in/a%2Bb"}, "reply": '"$answer"'}, {"reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}}]'
		export AWS_ENDPOINT_URL_S3=$STUB_URL
		for tool in 's3check --csv' "s3fetch -d $dir" 's3route -p to -b bad'; do
			AWS_MAX_ATTEMPTS=1 run3 $tool < <(record bucket=in key='a b' spelled=a+b etag=x size=1)
			assert_eq "$answer $tool: $status $(jq -c '[.gone, has("failed")]' <<<"$out")" "$answer $tool: 75 [null,true]"
		done
		stop_servers
	done
}

@test "a spelling that no object can have is no doubt" {
	stub '[{"match": {"path": "^/in/a%252520"}, "reply": {"status": 400, "body": "<Error><Code>InvalidObjectName</Code></Error>"}},
		{"reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>", "headers": {"x-amz-request-id": "R"}}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for key in 'per%cent' 'a%20'; do
		run3 s3fetch -d "$dir" < <(record bucket=in key="$key" spelled="${key//%/%25}" etag=x size=1)
		assert_eq "$key: $status $(outcomes)" "$key: 0 gone"
	done
	[[ $(jq -r .path "$STUB_LOG") != *per%CE* ]]
}

@test "gone says what is there now: another ETag, or that it was deleted" {
	stub '[{"match": {"path": "^/in/other"}, "reply": {"headers": {"ETag": "\"new\"", "Content-Length": "1"}, "body": "y"}},
		{"reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>", "headers": {"x-amz-request-id": "R"}}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for tool in 's3check --csv' "s3fetch -d $dir" 's3route -p to -b bad'; do
		run3 $tool < <(record bucket=in key=other etag=old size=1)
		assert_eq "$tool: $status $(outcomes) $(jq -r .gone.now <<<"$out")" "$tool: 0 gone new"
		run3 $tool < <(record bucket=in key=none etag=old size=1)
		assert_eq "$tool: $status $(outcomes) $(jq -r .gone.now <<<"$out")" "$tool: 0 gone deleted"
	done
}

@test "a bucket that is not there is no reason to call an object gone" {
	new_bucket to
	for tool in 's3check --csv' "s3fetch -d $dir" "s3route -p $to -b bad"; do
		run3 $tool < <(record bucket=no-such-bucket-$RANDOM key=k etag=old size=1)
		assert_eq "$tool: $status $(outcomes)" "$tool: 75 failed NoSuchBucket"
	done
}

@test "405 is a delete marker only if S3 says so" {
	stub '[{"match": {"path": "marker"}, "reply": {"status": 405, "headers": {"x-amz-delete-marker": "true"}, "body": "<Error><Code>MethodNotAllowed</Code></Error>"}},
		{"reply": {"status": 405, "body": "<Error><Code>MethodNotAllowed</Code></Error>"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	run3 s3fetch -d "$dir" < <(record bucket=in key=marker version=v etag=old size=1)
	assert_eq "$status $(outcomes)" '0 gone'
	run3 s3fetch -d "$dir" < <(record bucket=in key=k version=v etag=old size=1)
	assert_eq "$status $(outcomes)" '75 failed MethodNotAllowed'
}

@test "a PUT that was answered, but not with an ETag, is believed only after a look" {
	made() { echo made >"$dir/s3ev-ID-out"; }
	made
	line=$(record id=ID bucket=in key=k etag=x size=1 output:="{\"path\":\"$dir/s3ev-ID-out\"}")
	there='{"match": {"method": "HEAD", "path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$(md5sum <"$dir/s3ev-ID-out" | head -c 32)'\"", "Content-Length": "5"}}}'
	free='{"match": {"method": "HEAD", "path": "^/to/"}, "times": 1, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}'
	for answer in '{"body": "<html>welcome</html>"}' '{"status": 204}' '{"body": ""}'; do
		stub "[$free,{\"match\": {\"method\": \"PUT\"}, \"reply\": $answer},$there]"
		AWS_ENDPOINT_URL_S3=$STUB_URL route <<<"$line"
		assert_eq "$answer $status $err$(outcomes)" "$answer 0 good"
		stop_servers
		made
		stub "[{\"match\": {\"method\": \"PUT\"}, \"reply\": $answer},
			{\"match\": {\"method\": \"HEAD\"}, \"reply\": {\"status\": 404, \"headers\": {\"x-amz-request-id\": \"R\"}}}]"
		AWS_ENDPOINT_URL_S3=$STUB_URL route <<<"$line"
		assert_eq "$answer $status $(outcomes)" "$answer 75 failed CopyMissing"
		stop_servers
		made
	done
	# A 200 with an error in it is none.
	stub "[{\"match\": {\"method\": \"PUT\"}, \"reply\": {\"body\": \"<Error><Code>InternalError</Code></Error>\"}},$free,$free,$there]"
	AWS_ENDPOINT_URL_S3=$STUB_URL route <<<"$line"
	assert_eq "$status $(outcomes)" '75 failed InternalError'
}

@test "a page at the destination is nothing that is there, nor one at the source" {
	page='{"headers": {"Content-Type": "text/html; charset=utf-8"}}'
	there='{"headers": {"ETag": "\"9a0364b9e99bb480dd25e1f0284c8555\"", "Content-Length": "7"}}'
	for path in to in; do
		stub '[{"match": {"method": "HEAD", "path": "^/'$path'/"}, "reply": '"$page"'}, {"match": {"method": "HEAD"}, "reply": '"$there"'}]'
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p to -b bad <<<"$(record bucket=in key=k etag=9a0364b9e99bb480dd25e1f0284c8555 size=7)"
		assert_eq "$status $(jq -c '[.failed.code, .failed.retry]' <<<"$out")" '75 ["UnexpectedAnswer",true]'
		[[ $err == *'HTTP 200, text/html; charset=utf-8: not an answer of S3'* ]]
		stop_servers
	done
}

@test "a page that stands before S3 is no object, and no object is gone because of it, although it has an ETag" {
	local html='"Content-Type": "text/html", "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"' made='"Content-Type": "application/json"'
	for headers in "$html" "$html"', "ETag": "\"65a8f1c2-267\""' "$made" "$made"', "ETag": "W/\"b-1\""'; do
		# It looks at no condition.
		stub "[{\"reply\": {\"headers\": {$headers}, \"body\": \"{\\\"ok\\\": 1}\\n\"}}]"
		for line in "$(record bucket=in key=k)" "$(record bucket=in key=k version=v)" "$(record bucket=in key=k size=6)" \
			"$(record bucket=in key=k etag=b1946ac92492d2347c6235b4d2611184-2)" "$(record bucket=in key=k etag=b1946ac92492d2347c6235b4d2611184)"; do
			for tool in "s3fetch -d $dir" 's3check --csv=3' 's3check -x false' 's3route -p to -b bad'; do
				# shellcheck disable=SC2086 # they are words
				AWS_ENDPOINT_URL_S3=$STUB_URL run3 $tool <<<"$line"
				assert_eq "$headers $tool $status $(jq -c '[.failed.code, .failed.retry]' <<<"$out")" "$headers $tool 75 [\"UnexpectedAnswer\",true]"
			done
		done
		stop_servers
	done
	# An object that is a page has the ETag that was announced, or a sign of S3.
	page='{"headers": {"Content-Type": "text/html", "ETag": "\"x-2\""SIGN}, "body": "<p>\n"}'
	for sign in 'etag=x-2 ' 'size=4 , "x-amz-request-id": "R"'; do
		stub "[{\"reply\": ${page/SIGN/${sign#* }}}]"
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3check --utf8 <<<"$(record bucket=in key=k "${sign%% *}")"
		assert_eq "$sign $status $err$(outcomes)" "$sign 0 good"
		stop_servers
	done
}

@test "what is there is not gone because of its size, nor a version at all" {
	local head='{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"e\"", "x-amz-request-id": "R" MORE}}}'
	local other='{"headers": {"ETag": "\"e\"", "x-amz-request-id": "R"}, "body": "hello"}' missing='{"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}'
	for more in ', "Content-Length": "6"' ', "Transfer-Encoding": "chunked"'; do
		for get in "$other" "$missing"; do
			stub "[{\"match\": {\"method\": \"GET\"}, \"reply\": $get}, ${head/MORE/$more}]"
			for tool in "s3fetch -d $dir" 's3check --utf8'; do
				# shellcheck disable=SC2086 # they are words
				AWS_ENDPOINT_URL_S3=$STUB_URL run3 $tool <<<"$(record bucket=in key=k size=6)"
				assert_eq "$more $get $status $(outcomes)" "$more $get 75 failed OddServer"
				assert_json .failed.retry
			done
			stop_servers
		done
	done
	stub "[{\"match\": {\"method\": \"GET\"}, \"reply\": $missing}, ${head/MORE/, \"x-amz-version-id\": \"v\", \"Content-Length\": \"7\"}]"
	for record in "$(record bucket=in key=k version=v)" "$(record bucket=in key=k version=v size=6)"; do
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3check --utf8 <<<"$record"
		assert_eq "$status $(outcomes)" '75 failed OddServer'
	done
}

@test "a HEAD that is answered with 200 whatever is asked, and without an ETag, is nothing that is there" {
	md5=b1946ac92492d2347c6235b4d2611184
	there='{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$md5'\"", "Content-Length": "6"}}}'
	absent='{"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}'
	copied='{"match": {"method": "PUT", "path": "^/(to|bad)/"}, "reply": {"headers": {"ETag": "\"'$md5'\""}, "body": "<CopyObjectResult><ETag>'$md5'</ETag></CopyObjectResult>"}}'
	good=$(record bucket=in key=k etag=$md5 size=6)
	ugly=$(record bucket=in key=k etag=$md5 size=6 bad:='{"by": "me", "reason": "no"}')
	# What a bare server, a proxy and a gateway of S3 say of everything.
	for head in '{}' '{"headers": {"Content-Length": "0", "Content-Type": "text/plain"}}' '{"headers": {"Content-Length": "2"}}' \
		'{"headers": {"x-amz-request-id": "R", "Content-Length": "0"}}' '{"headers": {"Content-Type": "text/html"}}'; do
		stub "[$there,{\"match\": {\"method\": \"HEAD\"}, \"reply\": $head},{\"match\": {\"method\": \"GET\"}, \"reply\": $absent},$copied]"
		AWS_ENDPOINT_URL_S3=$STUB_URL route <<<"$good"
		assert_eq "$head $status $err$(outcomes) $(jq -r .route.key <<<"$out")" "$head 0 good k"
		AWS_ENDPOINT_URL_S3=$STUB_URL route <<<"$ugly"
		assert_eq "$head $status $err$(outcomes) $(jq -r .route.why <<<"$out")" "$head 0 bad k.why.json"
		stop_servers
	done
	# Where the GET is answered so, too, there is no S3, and nothing is written.
	for answer in '{"body": ""}' '{"body": "ok", "headers": {"Content-Type": "text/plain"}}' '{"status": 404, "body": "nothing"}' \
		'{"status": 206, "headers": {"Content-Range": "bytes 0-0/2"}, "body": "o"}' '{"status": 416}' '{"status": 501}' '{"status": 503}'; do
		stub "[$there,{\"match\": {\"method\": \"HEAD\"}, \"reply\": {}},{\"match\": {\"method\": \"GET\"}, \"reply\": $answer},$copied]"
		for line in "$good" "$ugly"; do
			AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=$STUB_URL route <<<"$line"
			assert_eq "$answer $status $(outcomes)" "$answer 75 failed $([[ $answer != *503* ]] && echo UnexpectedAnswer || echo ServiceUnavailable)"
			assert_json '.failed.retry and (.failed.message | test("HTTP [0-9]+.*not an answer of S3"))'
		done
		assert_eq "$(jq -r .method "$STUB_LOG" | grep -c PUT)" 0
		stop_servers
	done
}

@test "what is there without an ETag is there, if S3 says so; an empty object, too" {
	for answer in '{"status": 206, "headers": {"Content-Range": "bytes 0-0/6", "x-amz-request-id": "R"}, "body": "t"}' \
		'{"status": 206, "headers": {"Content-Range": "bytes 0-0/6", "ETag": "\"0123456789abcdef0123456789abcdef\""}, "body": "t"}' \
		'{"status": 416, "body": "<Error><Code>InvalidRange</Code></Error>"}'; do
		stub '[{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"x\"", "Content-Length": "1"}}},
			{"match": {"method": "HEAD", "path": "^/to/k$"}, "reply": {}}, {"match": {"method": "GET", "path": "^/to/k$"}, "reply": '"$answer"'},
			{"match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}},
			{"match": {"method": "PUT"}, "reply": {"body": "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>"}}]'
		AWS_ENDPOINT_URL_S3=$STUB_URL route < <(record bucket=in key=k etag=x size=1)
		assert_eq "$answer $status $err$(outcomes)" "$answer 0 good"
		assert_json '.route.key == "k~" + .id'
		stop_servers
	done
}

@test "nothing is called gone, and nothing removed, where an answer shows neither ETag nor version" {
	md5=b1946ac92492d2347c6235b4d2611184
	line=$(record bucket=in key=k etag=$md5 size=6 route:='{"to": "processed", "bucket": "to", "key": "k", "etag": "'$md5'"}')
	shown='{"headers": {"ETag": "\"'$md5'\"", "Content-Length": "6", "x-amz-request-id": "R"}, "body": "hello\n"}'
	hidden='{"headers": {"Content-Length": "6", "x-amz-request-id": "R"}, "body": "hello\n"}'
	for side in in to; do
		stub "[{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}, {\"match\": {\"path\": \"^/$side/\"}, \"reply\": $hidden}, {\"reply\": $shown}]"
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm <<<"$line"
		assert_eq "$side $status $(outcomes) $(jq -r .method "$STUB_LOG" | grep -c DELETE)" "$side 75 failed OddServer 0"
		stop_servers
	done
	# The same of the version that is the current one.
	stub '[{"match": {"method": "HEAD", "path": "versionId"}, "reply": '"$shown"'}, {"match": {"method": "HEAD", "path": "^/in/"}, "reply": '"$hidden"'},
		{"match": {"method": "HEAD"}, "reply": '"${shown/$md5/another}"'}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL route -c replace < <(record bucket=in key=k version=v size=6 etag=$md5)
	assert_eq "$status $(outcomes)" '75 failed OddServer'
}

@test "a HEAD that is refused says why: one byte is asked for" {
	stub '[{"match": {"method": "HEAD"}, "reply": {"status": 403, "headers": {"x-amz-request-id": "R"}}},
		{"match": {"method": "GET"}, "reply": {"status": 403, "body": "<Error><Code>InvalidObjectState</Code><Message>archived</Message></Error>"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL route < <(record bucket=in key=k etag=x size=1)
	assert_eq "$status $(outcomes)" '75 failed InvalidObjectState'
}

@test "a server without CopyObject is served by GET and PUT" {
	md5=b1946ac92492d2347c6235b4d2611184
	stub '[{"match": {"method": "PUT", "header": {"x-amz-copy-source": "."}}, "reply": {"status": 501, "body": "<Error><Code>NotImplemented</Code></Error>"}},
		{"match": {"method": "GET", "path": "tagging"}, "reply": {"body": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"}},
		{"match": {"path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$md5'\"", "Content-Type": "text/x", "x-amz-meta-colour": "red"}, "body": "hello\n"}},
		{"match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}},
		{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"{{md5}}\""}}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL route < <(record bucket=in key=k etag=$md5 size=6)
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_json ".route.etag == \"$md5\""
	assert_json '.headers | ."content-type" == "text/x" and ."x-amz-meta-colour" == "red" and ."x-amz-tagging" == "a=b" and ."x-amz-meta-s3ev-id"' \
		"$(jq -c 'select(.method == "PUT" and (.headers["x-amz-copy-source"] | not))' "$STUB_LOG")"
}
