#!/usr/bin/env bats
# What the AWS client does with a service's oddities: redirects, retries,
# checksums, throttling. A scripted server plays each of them.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
other=0123456789abcdef0123456789abcdef
object='{"reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "hello\n"}}'

setup() {
	export AWS_REGION=us-east-1
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
}

# Fetches records from a stub with these rules; RECORD is a key or a record.
fetch() { # RULES RECORD OPTION...
	local line=$2
	[[ $line == *'{'* ]] || line=$(record bucket=in key="$2" etag=$hello size=6)
	stub "$1"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3fetch -k -d "$spool" "${@:3}" <<<"$line"
}

# A member of each logged request, one a line.
logged() { # FILTER
	jq -r "$1" "$STUB_LOG"
}

# The regions that requests were signed for.
regions() {
	logged '.headers.authorization // empty | split("/")[2]' | tr '\n' ' '
}

# RULES that answer the first request, or only those signed for a region, so.
once() { # REPLY...
	jq -cn '[$ARGS.positional[] | fromjson | {times: 1, reply: .}] + ['"$object"']' --args -- "$@"
}

wrong_region() { # REPLY
	jq -cn --argjson reply "$1" '[{match: {header: {authorization: "/us-east-1/"}}, $reply}, '"$object"']'
}

lines() { # COUNT
	jq -cn --arg etag $hello --argjson n "$1" 'range(1; $n + 1) |
		{id: "k\(.)", bucket: "in", key: "k\(.)", size: 6, $etag, time: "2026-11-23T05:54:00Z"}'
}

# What s3rm looks for before it deletes.
copied=$(record bucket=in key=k etag=$hello size=6 route:='{"to":"processed","bucket":"to","key":"k","etag":"'$hello'"}')

# Regions

@test "a bucket of another region is found by what S3 says, with one more request" {
	export AWS_MAX_ATTEMPTS=1
	for reply in \
		'{"status": 301, "headers": {"x-amz-bucket-region": "eu-west-1"}, "body": "<Error><Code>PermanentRedirect</Code></Error>"}' \
		'{"status": 301, "body": "<Error><Code>PermanentRedirect</Code><Endpoint>in.s3.eu-west-1.amazonaws.com</Endpoint></Error>"}' \
		'{"status": 301, "body": "<Error><Code>PermanentRedirect</Code><Endpoint>in.s3-eu-west-1.amazonaws.com</Endpoint></Error>"}' \
		'{"status": 307, "headers": {"x-amz-bucket-region": "eu-west-1"}, "body": "<Error><Code>TemporaryRedirect</Code></Error>"}' \
		'{"status": 400, "body": "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"}' \
		'{"status": 400, "headers": {"x-amz-bucket-region": "eu-west-1"}, "body": "<Error><Code>IllegalLocationConstraintException</Code></Error>"}'; do
		fetch "$(wrong_region "$reply")" k
		assert_eq "$reply $status $err" "$reply 0 "
		assert_json .fetch
		assert_eq "$(regions)" 'us-east-1 eu-west-1 '
		stop_servers
	done
}

@test "a HEAD, which has no body, is told by the header" {
	for code in 301 400; do
		stub "[{\"match\": {\"method\": \"HEAD\", \"header\": {\"authorization\": \"/us-east-1/\"}},
				\"reply\": {\"status\": $code, \"headers\": {\"x-amz-bucket-region\": \"eu-west-1\"}}},
			{\"match\": {\"method\": \"HEAD\", \"path\": \"^/to/\"}, \"reply\": {\"status\": 404, \"headers\": {\"x-amz-request-id\": \"R\"}}},
			{\"match\": {\"method\": \"HEAD\"}, \"reply\": {\"headers\": {\"ETag\": \"\\\"$hello\\\"\", \"Content-Length\": \"6\"}}},
			{\"reply\": {\"body\": \"<CopyObjectResult><ETag>&quot;$hello&quot;</ETag></CopyObjectResult>\"}}]"
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p to -b bad <<<"$(record bucket=in key=k etag=$hello size=6)"
		assert_eq "$code $status $err" "$code 0 "
		assert_json '.route.key == "k"'
		# Two buckets, each learned once; the copy goes straight to where it belongs.
		assert_eq "$(regions)" 'us-east-1 eu-west-1 us-east-1 eu-west-1 eu-west-1 '
		stop_servers
	done
}

@test "a redirect that names no region: the bucket is asked where it is" {
	export AWS_MAX_ATTEMPTS=1
	told='{"headers": {"x-amz-bucket-region": "eu-west-1"}, "status": '
	for reply in '{"status": 301}' '{"status": 400, "body": "<Error><Code>AuthorizationHeaderMalformed</Code></Error>"}'; do
		for code in 200 301 307 400 403; do
			fetch "$(wrong_region "$reply" | jq --argjson told "$told $code}" '[{match: {method: "HEAD"}, reply: $told}] + .')" k -j 1
			assert_eq "$reply $code $status $err" "$reply $code 0 "
			assert_json .fetch
			assert_eq "$(logged '.method + " " + .target + " " + (.headers.authorization // "-" | split("/")[2] // "-")')" \
				$'GET /in/k us-east-1\nHEAD /in -\nGET /in/k eu-west-1'
			stop_servers
		done
	done
}

@test "a bucket that does not tell where it is: the first answer counts, and it is asked once" {
	for told in '{"status": 301}' '{"status": 307, "headers": {"Location": "http://127.0.0.1:1/in"}}' \
		'{"status": 403, "headers": {"x-amz-bucket-region": "us-east-1"}}' \
		'{"status": 403, "headers": {"x-amz-bucket-region": "evil.example/"}}'; do
		fetch "[{\"match\": {\"method\": \"HEAD\"}, \"reply\": $told},
			{\"reply\": {\"status\": 301, \"headers\": {\"x-amz-request-id\": \"R\"}}}]" k
		assert_eq "$told $status $(jq -r '.failed | .code, .request_id, .retry' <<<"$out" | tr '\n' ' ')" "$told 75 PermanentRedirect R false "
		assert_eq "$(logged .method | tr '\n' ' ')" 'GET HEAD '
		stop_servers
	done
	fetch '[{"match": {"method": "HEAD"}, "cutAfter": "connect"}, {"reply": {"status": 301}}]' k
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 PermanentRedirect'
}

@test "a bucket that cannot be asked where it is may tell the next time" {
	local fails
	for fails in '"reply": {"status": 503}' '"cutAfter": "head"'; do
		fetch "[{\"times\": 1, \"match\": {\"method\": \"HEAD\"}, $fails},
			{\"match\": {\"method\": \"HEAD\"}, \"reply\": {\"status\": 301, \"headers\": {\"x-amz-bucket-region\": \"eu-west-1\"}}},
			{\"match\": {\"header\": {\"authorization\": \"/us-east-1/\"}}, \"reply\": {\"status\": 301, \"headers\": {\"x-amz-request-id\": \"R\"}}}, $object]" k
		assert_eq "$fails $status $(jq .fetch.bytes <<<"$out")" "$fails 0 6"
		assert_eq "$(logged .method | tr '\n' ' ')" 'GET HEAD GET HEAD GET '
		stop_servers
		fetch "[{\"match\": {\"method\": \"HEAD\"}, $fails}, {\"reply\": {\"status\": 301, \"headers\": {\"x-amz-request-id\": \"R\"}}}]" k
		assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ')" '75 PermanentRedirect true '
		assert_eq "$(logged .method | sort | uniq -c | tr -s ' \n' ' ')" ' 3 GET 3 HEAD '
		stop_servers
	done
}

@test "a bucket's region is learned once for a process" {
	stub "$(wrong_region '{"status": 301, "headers": {"x-amz-bucket-region": "eu-west-1"}}')"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -j 1 -d "$spool" < <(
		lines 3
		lines 1 | jq -cS '.bucket = "other"'
		lines 2 | jq -cS '.bucket = "other"')
	assert_eq "$status $err" '0 '
	assert_eq "$(logged 'select(.headers.authorization | contains("/us-east-1/")) | .target')" $'/in/k1\n/other/k1'
	assert_eq "$(logged .n | wc -l)" 8
}

@test "a server that always sends elsewhere is followed once a request, then failed" {
	cat >"$dir/rules.mjs" <<-'JS'
		let n = 0
		export default [{reply: () => ({status: 301, headers: {'x-amz-bucket-region': `eu-west-${++n}`, 'x-amz-request-id': 'R'}})}]
	JS
	fetch "$dir/rules.mjs" k
	assert_eq "$status $(jq -r '.failed | .code, .request_id, .retry' <<<"$out" | tr '\n' ' ')" '75 PermanentRedirect R false '
	assert_eq "$(regions)" 'us-east-1 eu-west-1 '
}

@test "a region that is none, or that we are in already, is not followed" {
	for region in us-east-1 'evil.example/' 'a b' ''; do
		fetch "$(jq -n --arg region "$region" '[{reply: {status: 301, headers: {"x-amz-bucket-region": $region}}}]')" k
		assert_eq "$region $status $(regions)" "$region 75 us-east-1 "
		stop_servers
	done
}

@test "a 307 is followed to its Location on the same host, once, and signed for it" {
	cat >"$dir/rules.mjs" <<-'JS'
		const body = '<Error><Code>TemporaryRedirect</Code></Error>'
		export default [
			{match: {path: '^/in/a%20b'}, reply: ({headers}) => ({status: 307, headers: {Location: `http://${headers.host}/there/a%20b?x`}, body})},
			{match: {path: '^/there/'}, reply: {headers: {ETag: '"b1946ac92492d2347c6235b4d2611184"'}, body: 'hello\n'}},
		]
	JS
	fetch "$dir/rules.mjs" 'a b'
	assert_eq "$status $err" '0 '
	assert_json .fetch
	assert_eq "$(logged .target)" $'/in/a%20b\n/there/a%20b'
	for location in 'ftp://example.com/' '/in/k' 'http://user@127.0.0.1/' 'nonsense'; do
		fetch "[{\"reply\": {\"status\": 307, \"headers\": {\"Location\": \"$location\"}, \"body\": \"<Error><Code>TemporaryRedirect</Code></Error>\"}}]" k
		assert_eq "$location $status $(jq -r .failed.code <<<"$out")" "$location 75 TemporaryRedirect"
	done
}

@test "a 307 to another host or port is not followed: the credentials go nowhere else" {
	export AWS_SESSION_TOKEN=token AWS_MAX_ATTEMPTS=1
	stub "[$object]"
	there=$STUB_URL there_log=$STUB_LOG
	for location in "$there/in/k" "http://localhost:${there##*:}/in/k" "http://127.0.0.2:${there##*:}/in/k"; do
		for rule in '' '"match": {"method": "GET"}, '; do
			fetch "[{$rule\"reply\": {\"status\": 307, \"headers\": {\"Location\": \"$location\"}, \"body\": \"<Error><Code>TemporaryRedirect</Code></Error>\"}},
				{\"reply\": {\"status\": 307, \"headers\": {\"Location\": \"$location\"}}}]" k
			assert_eq "$location $status $(jq -r .failed.code <<<"$out")" "$location 75 TemporaryRedirect"
		done
	done
	[ ! -s "$there_log" ]
}

# Clocks

certificate() {
	[ -e "$dir/key" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key" -out "$dir/crt" 2>/dev/null
}

# Rules of a server whose clock differs from ours by so many seconds, and who refuses what is signed for another time.
skewed() { # SECONDS
	cat >"$dir/skewed.mjs" <<-JS
		const off = $1 * 1000
		const time = (text) => Date.parse(text?.replace(/(....)(..)(..)T(..)(..)(..)Z/, '\$1-\$2-\$3T\$4:\$5:\$6Z'))
		export default [{reply: ({headers}) => {
			const now = Date.now() + off
			const date = {Date: new Date(now).toUTCString()}
			return Math.abs(time(headers['x-amz-date']) - now) > 900000
				? {status: 403, headers: date, body: '<Error><Code>RequestTimeTooSkewed</Code><Message>too large</Message></Error>'}
				: {headers: {...date, ETag: '"b1946ac92492d2347c6235b4d2611184"'}, body: 'hello\n'}
		}}]
	JS
	echo "$dir/skewed.mjs"
}

# Fetches from such a server over TLS.
fetch_tls() { # SECONDS
	certificate
	stub "$(skewed "$1")" --tls "$dir/crt" "$dir/key"
	AWS_CA_BUNDLE=$dir/crt AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3fetch -d "$spool" <<<"$(record bucket=in key=k etag=$hello size=6)"
}

@test "a clock that is wrong by hours is put right by the server's, over TLS" {
	for seconds in -40000 1500 80000; do
		fetch_tls $seconds
		assert_eq "$seconds $status $err" "$seconds 0 "
		assert_eq "$(logged .n | wc -l)" 2
		stop_servers
	done
}

@test "over plain HTTP, and by more than a day, nothing moves, but the error says by how much the clock is wrong" {
	while read -r seconds words; do
		fetch "$(skewed "$seconds")" k
		assert_eq "$status $(jq -r '.failed | .code + ": " + .message' <<<"$out")" \
			"75 RequestTimeTooSkewed: too large; the clock of this machine is $words the server's; see s3ev-doctor"
		assert_eq "$(logged .n | wc -l)" 1
		stop_servers
	done <<-'E'
		1530 25 min behind
		-10830 3 h ahead of
		200000 2 days behind
	E
	fetch_tls 200000
	assert_eq "$status $(jq -r '.failed.message' <<<"$out")" "75 too large; the clock of this machine is 2 days behind the server's; see s3ev-doctor"
	assert_eq "$(logged .n | wc -l)" 1
}

# Starts a server like that whose refusal has this status and body. MORE_THAN is what it bears, in seconds.
refuses_skewed() { # SECONDS MORE_THAN STATUS BODY [GOOD_BODY]
	cat >"$dir/refuses.mjs" <<-JS
		const time = (text) => Date.parse(text?.replace(/(....)(..)(..)T(..)(..)(..)Z/, '\$1-\$2-\$3T\$4:\$5:\$6Z'))
		export default [{reply: ({headers}) => {
			const now = Date.now() + $1 * 1000
			const date = {Date: new Date(now).toUTCString(), ETag: '"$hello"', 'x-amz-request-id': 'r'}
			return Math.abs(time(headers['x-amz-date']) - now) > $2 * 1000
				? {status: $3, headers: date, body: '$4'}
				: {headers: date, body: '${5-{\"Items\":[]\}}'}
		}}]
	JS
	certificate
	stub "$dir/refuses.mjs" --tls "$dir/crt" "$dir/key"
	export AWS_CA_BUNDLE=$dir/crt
}

@test "a wrong clock is put right also where only the date of the answer tells of it" {
	refuses_skewed -1500 270 400 '{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired: a is now earlier than b"}'
	# All that are under way when the first is answered were signed for the wrong time, too.
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 timeout 60 ddb-record -j 8 -t t <<<"$(lines 8)"
	assert_eq "$status $err" '0 '
	stop_servers
	# HEAD is answered with a status alone.
	refuses_skewed 1500 900 403 ''
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3rm <<<"$copied"
	assert_eq "$(logged .method | head -n 2 | tr '\n' ' ')" 'HEAD HEAD '
}

@test "a role is assumed though the clock is wrong, over TLS" {
	local good
	good='<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE000000000000</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>'
	refuses_skewed 1500 900 403 '<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: a is now earlier than b</Message></Error></ErrorResponse>' "$good"
	printf '%s\n' '[default]' 'role_arn = a' 'source_profile = k' '[profile k]' 'aws_access_key_id = a' 'aws_secret_access_key = s' >"$dir/config"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONFIG_FILE=$dir/config
	AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3ev-env
	assert_eq "$status $err" '0 '
	assert_json '.credentials.access_key_id == "ASIA...0000"'
	assert_eq "$(logged .n | wc -l)" 2
	# A clock that is off by more than a day is for a person to look at.
	stop_servers
	refuses_skewed 200000 900 403 '<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired</Message></Error></ErrorResponse>'
	AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3ev-env
	assert_eq "$status $err" $'78 s3ev-env: assumed role (a): Signature expired\n'
	assert_eq "$(logged .n | wc -l)" 1
}

@test "a refusal by a server whose clock is ours is no wrong clock" {
	refuses_skewed 200 -1 403 ''
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3rm <<<"$copied"
	[[ $out == *AccessDenied* ]]
	assert_eq "$(logged .method | tr '\n' ' ')" 'HEAD GET '
}

@test "an error whose page is larger than it may be is tried again" {
	local status_of
	for status_of in 503 403; do
		fetch "[{\"times\": 2, \"reply\": {\"status\": $status_of, \"bodySize\": 5000000}}, $object]" k
		assert_eq "$status_of $status $(jq .fetch.bytes <<<"$out")" "$status_of 0 6"
		stop_servers
	done
	AWS_MAX_ATTEMPTS=1 fetch '[{"reply": {"status": 503, "bodySize": 5000000}}]' k
	assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ')" '75 UnexpectedAnswer true '
}

# Servers that hold a request for ever

@test "a server that sends a few bytes a second, of the headers or the body, is given up" {
	export S3EV_STALL_TIMEOUT=1 AWS_MAX_ATTEMPTS=1
	body='"reply": {"headers": {"ETag": "\"'$hello'\""}, "bodySize": 1000}'
	for rule in "\"trickle\": 100, $body" "\"trickleHead\": 100, $body" \
		'"trickle": 100, "reply": {"status": 500, "bodySize": 1000}'; do
		fetch "[{$rule}]" k
		assert_eq "$rule $status $(jq -r .failed.code <<<"$out")" "$rule 75 Timeout"
		stop_servers
	done
}

@test "a server that works for long may send a blank now and then" {
	export S3EV_STALL_TIMEOUT=1 AWS_MAX_ATTEMPTS=1
	stub "[{\"match\": {\"method\": \"HEAD\", \"path\": \"^/to/\"}, \"reply\": {\"status\": 404}},
		{\"match\": {\"method\": \"GET\"}, \"reply\": {\"status\": 404, \"body\": \"<Error><Code>NoSuchKey</Code></Error>\"}},
		{\"match\": {\"method\": \"HEAD\"}, \"reply\": {\"headers\": {\"ETag\": \"\\\"$hello\\\"\", \"Content-Length\": \"6\"}}},
		{\"trickle\": 20, \"chunked\": true, \"reply\": {\"body\": \"$(printf '%200s' '')<CopyObjectResult><ETag>&quot;$hello&quot;</ETag></CopyObjectResult>\"}}]"
	started=$(date +%s%3N)
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p to -b bad <<<"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err$(jq -r .failed <<<"$out")" '0 null'
	[ $(($(date +%s%3N) - started)) -gt 3000 ]
}

# Retries

@test "each try says which it is, and all of a request have one name" {
	fetch "$(once '{"status": 500}' '{"status": 503}')" k
	assert_eq "$status $err" '0 '
	assert_eq "$(logged '.headers["amz-sdk-request"]')" $'attempt=1; max=3\nattempt=2; max=3\nattempt=3; max=3'
	id=$(logged '.headers["amz-sdk-invocation-id"]' | sort -u)
	[[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	stop_servers
	stub "[$object]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$spool" < <(lines 20)
	assert_eq "$(logged '.headers["amz-sdk-invocation-id"]' | sort -u | wc -l)" 20
}

@test "x-amz-retry-after is waited for, but not for ever" {
	fetch "$(once '{"status": 500, "headers": {"x-amz-retry-after": "600"}}')" k
	start=$(date +%s%N)
	assert_eq "$status $err" '0 '
	stop_servers
	start=$(date +%s%N)
	fetch "$(once '{"status": 500, "headers": {"x-amz-retry-after": "700"}}')" k
	assert_eq "$status $err" '0 '
	[ $((($(date +%s%N) - start) / 1000000)) -ge 700 ]
	stop_servers
	for after in soon -1 '' 99999999999999999999999; do
		fetch "$(once "{\"status\": 500, \"headers\": {\"x-amz-retry-after\": \"$after\"}}")" k
		assert_eq "$after $status" "$after 0"
		stop_servers
	done
}

@test "a kept connection that is dead costs neither a try nor the request" {
	export AWS_MAX_ATTEMPTS=1
	stub "$(jq -c '[. + {closeIdle: true}]' <<<"$object")"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -j 1 -d "$spool" < <(lines 40)
	assert_eq "$status $err" '0 '
	assert_eq "$(logged '.headers["amz-sdk-request"]' | sort -u)" 'attempt=1; max=1'
	# So it is for requests with a body.
	stop_servers
	stub '[{"closeIdle": true, "reply": {"body": "{\"Items\":[]}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 ddb-record -t t -j 1 < <(lines 40 | jq -cS '.x = ("x" * 300)')
	assert_eq "$status $err" '0 '
}

@test "connections are kept when many requests end together" {
	stub "$(jq -c '[.[0] + {delayMs: 50}]' <<<"[$object]")"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -j 12 -d "$spool" < <(for _ in 1 2 3 4; do lines 12 && echo '{"mark":1}'; done)
	assert_eq "$status $err" '0 '
	assert_eq "$(logged .conn | sort -u | wc -l)" 12
}

@test "answers cut short are asked for again, errors too" {
	for rule in '"cutAfter": "head", "reply": {"body": "hello\n"}' '"cutAfter": 3, "reply": {"body": "hello\n"}' '"cutAfter": 0, "reply": {"body": "hello\n"}' \
		'"cutAfter": 8, "reply": {"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}' \
		'"chunked": true, "cutAfter": 2, "reply": {"body": "hello\n"}'; do
		fetch "[{\"times\": 2, $rule}, $object]" k
		assert_eq "$rule $status $err" "$rule 0 "
		assert_eq "$(cat "$(jq -r .fetch.path <<<"$out")")" hello
		stop_servers
	done
}

@test "an answer without a body that is cut in its headers is no answer" {
	rules='{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"}}}'
	stub "[{\"times\": 2, \"match\": {\"method\": \"HEAD\"}, \"cutAfter\": \"head\"}, $rules]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p to -b bad < <(record bucket=in key=k version=v etag=$hello size=6)
	assert_eq "$status $err" '0 '
	assert_json '.route.key == "k" and .route.already'
	assert_eq "$(logged .method)" $'HEAD\nHEAD\nHEAD\nHEAD\nHEAD'
}

# Checksums

# The right one of each kind for "hello\n".
sums=('CRC64NVME akP7S61aVgc=' 'CRC32C NT3Yvg==' 'CRC32 NjowIA==' 'SHA1 9XLTlvrpIGYocU+yzgD3LpTyJY8='
	'SHA256 WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=')

# An object with headers, and with an ETag that is not the MD5 of its bytes.
with_headers() { # NAME VALUE...
	jq -cn --arg etag "\"$other\"" '[{reply: {body: "hello\n",
		headers: ({ETag: $etag} + ($ARGS.positional as $a | [range(0; $a | length; 2) | {($a[.]): $a[. + 1]}] | add))}}]' --args -- "$@"
}

@test "the checksum that S3 keeps is asked for and compared; then the ETag need not be an MD5" {
	line=$(record bucket=in key=k etag=$other size=6)
	for sum in "${sums[@]}"; do
		fetch "$(with_headers "x-amz-checksum-${sum% *}" "${sum#* }" x-amz-checksum-type FULL_OBJECT)" "$line"
		assert_eq "$sum $status $err" "$sum 0 "
		assert_json .fetch
		assert_eq "$(logged '.headers["x-amz-checksum-mode"]')" ENABLED
		[[ $(logged .headers.authorization) == *x-amz-checksum-mode* ]]
		stop_servers
		fetch "$(with_headers "x-amz-checksum-${sum% *}" "A${sum#* ?}" x-amz-checksum-type FULL_OBJECT)" "$line"
		assert_eq "$sum $status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ')" "$sum 75 BadDigest true "
		[[ $err == "s3fetch: in/k: BadDigest: the ${sum% *} of the bytes is ${sum#* }, not A"*$'\n' ]]
		stop_servers
	done
	assert_eq "$(find "$spool" -type f | wc -l)" 5
}

@test "a checksum of an empty object, and one that comes with many bytes, are compared" {
	empty='{"reply": {"headers": {"x-amz-checksum-crc32": "AAAAAA=="}, "body": ""}}'
	fetch "[$empty]" "$(record bucket=in key=k size=0)"
	assert_eq "$status $err" '0 '
	stop_servers
	fetch "[${empty/AAAAAA/AAAAAB}]" "$(record bucket=in key=k size=0)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 BadDigest'
	stop_servers
	for _ in {1..1875}; do printf '0123456789abcde\n%.0s' {1..16}; done >"$dir/large"
	sum=$(node -e 'const crc = require("zlib").crc32; if (crc) process.stdout.write(String(crc(require("fs").readFileSync(process.argv[1]))))' "$dir/large")
	: "${sum:=$(gzip -c "$dir/large" | tail -c 8 | od -An -N4 -tu4)}"
	sum=$(printf '%08x' "$sum" | xxd -r -p | base64)
	fetch "[{\"reply\": {\"headers\": {\"x-amz-checksum-crc32\": \"$sum\"}, \"bodySize\": 480000}}]" "$(record bucket=in key=k size=480000)"
	assert_eq "$status $err" '0 '
}

@test "a checksum of parts is not compared, nor one of a kind that we do not know" {
	line=$(record bucket=in key=k etag=$other-2 size=6)
	for headers in 'x-amz-checksum-crc32 AAAAAA==-2' 'x-amz-checksum-crc32 AAAAAA== x-amz-checksum-type COMPOSITE' \
		'x-amz-checksum-xxhash64 AAAAAA== x-amz-checksum-type FULL_OBJECT'; do
		# shellcheck disable=SC2086
		fetch "$(with_headers $headers | sed "s/$other/$other-2/")" "$line"
		assert_eq "$headers $status $err" "$headers 0 "
		stop_servers
	done
	# Then it is the MD5 that counts.
	fetch "$(with_headers x-amz-checksum-crc32 AAAAAA==-2)" "$(record bucket=in key=k etag=$other size=6)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 BadDigest'
	[[ $err == *'MD5'* ]]
}

@test "a processor that is fed from S3 is told only when the checksum is right" {
	stub "$(with_headers x-amz-checksum-crc64nvme AkP7S61aVgc=)"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3check -x 'cat >/dev/null' <<<"$(record bucket=in key=k etag=$other size=6)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 BadDigest'
}

@test "when_required: no checksum is asked for" {
	AWS_RESPONSE_CHECKSUM_VALIDATION=when_required fetch "[$object]" k
	assert_eq "$status $err $(logged '.headers["x-amz-checksum-mode"]')" '0  null'
}

# DynamoDB

# The answer's CRC-32 is that of its body, 2770214093.
@test "an answer of DynamoDB whose CRC-32 is not the announced one is asked for again" {
	line=$(lines 1)
	stub '[{"times": 2, "reply": {"headers": {"x-amz-crc32": "2770214094"}, "body": "{\"Items\":[]}"}},
		{"reply": {"headers": {"x-amz-crc32": "2770214093"}, "body": "{\"Items\":[]}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 ddb-record -t t <<<"$line"
	# A look is answered the third time, the item is put, and there is a look behind it.
	assert_eq "$status $err $(logged .n | wc -l)" '0  5'
	stop_servers
	# An error is not believed either.
	stub '[{"reply": {"status": 400, "headers": {"x-amz-crc32": "1"}, "body": "{\"__type\":\"ResourceNotFoundException\"}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL AWS_MAX_ATTEMPTS=2 run3 ddb-record -t t <<<"$line"
	assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ') $(logged .n | wc -l)" '75 CRC32CheckFailed true  2'
}

@test "an error of DynamoDB has its name with every prefix, or in a header" {
	line=$(lines 1)
	for reply in '{"status": 400, "body": "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\",\"message\":\"m\"}"}' \
		'{"status": 400, "body": "{\"__type\":\"com.amazon.coral.service#ResourceNotFoundException\",\"Message\":\"m\"}"}' \
		'{"status": 400, "body": "{\"__type\":\"ResourceNotFoundException\",\"message\":\"m\"}"}' \
		'{"status": 400, "headers": {"x-amzn-ErrorType": "ResourceNotFoundException:http://internal.amazon.com/"}, "body": "{\"message\":\"m\"}"}'; do
		stub "[{\"reply\": $reply}]"
		AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 ddb-record -t t <<<"$line"
		assert_eq "$reply $status $(jq -r .failed.code <<<"$out")" "$reply 75 ResourceNotFoundException"
		stop_servers
	done
}

# A table that takes RATE writes a second, after a first BURST, and counts
# those that are under way at once.
throttling_table() { # RATE BURST
	cat >"$dir/table.mjs" <<-JS
		import fs from 'node:fs'
		let tokens = $2, last = Date.now(), busy = 0
		const written = {}, log = fs.openSync('$dir/busy', 'a')
		export default [{reply: async ({body}) => {
			fs.writeSync(log, ++busy + '\n')
			await new Promise((done) => setTimeout(done, 5))
			busy--
			const now = Date.now()
			tokens = Math.min($2, tokens + (now - last) / 1000 * $1)
			last = now
			if (tokens < 1)
				return {status: 400, body: '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow"}'}
			tokens--
			if (!JSON.parse(body).Item) // a look
				return {body: '{"Items":[]}'}
			fs.appendFileSync('$dir/written', JSON.parse(body).Item.object.S + '\n')
			return {body: '{}'}
		}}]
	JS
	stub "$dir/table.mjs"
	export AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
}

@test "a table that throttles gets all of a burst of 500 records: as few at once as it takes" {
	throttling_table 150 60
	run3 timeout 100 ddb-record -t t -j 32 -v < <(lines 500)
	assert_eq "$status" 0
	assert_eq "$(jq -r 'select(.record.status == "written") | .id' <<<"$out" | sort -u | wc -l)" 500
	assert_eq "$(sort -u "$dir/written" | wc -l)" 500
	# Half of those that were under way, or fewer where the machine is slow.
	first=$(sed -n 's/^ddb-record: \([0-9]*\) requests at once$/\1/p' <<<"$err" | head -n 1)
	[ "$first" -ge 1 ]
	[ "$first" -le 16 ]
	[ "$(sort -n "$dir/busy" | tail -n 1)" -le 32 ]
	# Few of the requests were in vain.
	[ "$(wc -l <"$STUB_LOG")" -lt 3000 ] # each is put, and looked for before and behind
}

@test "a table that takes nothing: all failed, to be tried again, soon" {
	throttling_table 0 0
	run3 timeout 60 ddb-record -t t -j 32 < <(lines 200)
	assert_eq "$status" 75
	assert_eq "$(jq -c '[.id, .failed.code, .failed.retry]' <<<"$out" | sort -u | wc -l)" 200
	assert_json '.failed.code == "ProvisionedThroughputExceededException" and .failed.retry'
	# 500 tokens are 100 retries, which all records share.
	assert_eq "$(wc -l <"$STUB_LOG")" 300
}

@test "the limit is halved once a round trip, and grows when the answers are clean" {
	cat >"$dir/rules.mjs" <<-'JS'
		const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
		const slow = {status: 503, body: '<Error><Code>SlowDown</Code></Error>'}
		export default [
			{times: 8, reply: async () => { await sleep(200); return slow }},
			{times: 1, reply: slow},
			{reply: {headers: {ETag: '"b1946ac92492d2347c6235b4d2611184"'}, body: 'hello\n'}}]
	JS
	stub "$dir/rules.mjs"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -v -j 8 -d "$spool" < <(lines 60)
	assert_eq "$status" 0
	assert_eq "$(grep 'at once' <<<"$err")" "$(printf 's3fetch: %d requests at once\n' 4 2 3 4 5 6 7 8)"
	# Without -v nothing is said.
	stop_servers
	stub "$dir/rules.mjs"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -j 8 -d "$spool" < <(lines 60)
	assert_eq "$status $err" '0 '
}

# Options

@test "expected owner and payer go with every request, encryption and class with copies" {
	line=$(lines 1 | jq -cS '. + {route: {to: "processed", bucket: "to", key: "k", etag: .etag}}')
	options=(--expected-bucket-owner 123456789012 --request-payer)
	asked='[.method, .headers["x-amz-expected-bucket-owner"], .headers["x-amz-request-payer"]] | tostring'
	there="{\"match\": {\"method\": \"HEAD\"}, \"reply\": {\"headers\": {\"ETag\": \"\\\"$hello\\\"\", \"Content-Length\": \"6\"}}}"
	for filter in "s3fetch -d $spool" 's3check -x cat' s3rm 's3route -p to -b bad'; do
		stub "[{\"match\": {\"method\": \"HEAD\", \"path\": \"^/to/\"}, \"times\": $([[ $filter == s3rm ]] && echo 0 || echo 9), \"reply\": {\"status\": 404}},
			$there, {\"match\": {\"method\": \"PUT\"}, \"reply\": {\"body\": \"<CopyObjectResult><ETag>&quot;$hello&quot;</ETag></CopyObjectResult>\"}}, $object]"
		# s3route says that it has been routed before.
		[[ $filter != s3route* ]] || line=$(lines 1)
		# shellcheck disable=SC2086
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 $filter "${options[@]}" <<<"$line"
		assert_eq "$filter $status $err" "$filter 0 "
		assert_eq "$(logged "$asked" | grep -vc '"123456789012","requester"')" 0
		[ "$(logged .n | wc -l)" -gt 0 ]
		[[ $(logged .headers.authorization) == *x-amz-expected-bucket-owner*x-amz-request-payer* ]]
		stop_servers
	done
	stub "[{\"match\": {\"method\": \"HEAD\", \"path\": \"^/to/\"}, \"reply\": {\"status\": 404}},
		$there, {\"match\": {\"method\": \"PUT\"}, \"reply\": {\"body\": \"<CopyObjectResult><ETag>&quot;$hello&quot;</ETag></CopyObjectResult>\"}}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p to -b bad --expected-bucket-owner 123456789012 --sse kms --sse-kms-key-id \
		arn:aws:kms:us-east-1:123456789012:key/1-2 --storage-class STANDARD_IA --annotations exclude <<<"$line"
	assert_eq "$status $err" '0 '
	assert_eq "$(logged 'select(.method == "PUT") | .headers | [.["x-amz-source-expected-bucket-owner", "x-amz-server-side-encryption",
		"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-storage-class", "x-amz-object-annotation-directive"]] | join(" ")')" \
		'123456789012 aws:kms arn:aws:kms:us-east-1:123456789012:key/1-2 STANDARD_IA EXCLUDE'
	assert_eq "$(logged 'select(.method == "HEAD") | .headers["x-amz-storage-class"]' | sort -u)" null
}

@test "options that could be another header, or are wrong: 64" {
	for option in --expected-bucket-owner=12 --expected-bucket-owner=12345678901x --sse=aes --sse-kms-key-id=$'a\tb' --sse-kms-key-id= \
		--storage-class='a b' --storage-class= --annotations=no; do
		run3 s3route -p to -b bad "$option" </dev/null
		assert_eq "$option $status $out" "$option 64 "
		assert_eq "$(wc -l <<<"$err")" 2
	done
}

@test "the owner that is expected may be in the environment, of every filter that talks to S3" {
	line=$(lines 1 | jq -cS '. + {route: {to: "processed", bucket: "to", key: "k", etag: .etag}}')
	for filter in "s3fetch -d $spool" 's3check -x cat' s3rm 's3route -p to -b bad'; do
		stub '[{"reply": {"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}}]'
		# shellcheck disable=SC2086
		EXPECTED_BUCKET_OWNER=123456789012 AWS_ENDPOINT_URL_S3=$STUB_URL run3 $filter <<<"$line"
		assert_eq "$filter $(logged '.headers["x-amz-expected-bucket-owner"]' | sort -u)" "$filter 123456789012"
		# shellcheck disable=SC2086
		EXPECTED_BUCKET_OWNER=123456789012 AWS_ENDPOINT_URL_S3=$STUB_URL run3 $filter --expected-bucket-owner 210987654321 <<<"$line"
		assert_eq "$filter $(logged '.headers["x-amz-expected-bucket-owner"]' | tail -n 1)" "$filter 210987654321"
		for owner in 12345678901 12345678901x ' 23456789012'; do
			# shellcheck disable=SC2086
			EXPECTED_BUCKET_OWNER=$owner run3 $filter </dev/null
			assert_eq "$owner $status $out$err" "$owner 78 ${filter%% *}: EXPECTED_BUCKET_OWNER is not an account of 12 digits"$'\n'
		done
		# shellcheck disable=SC2086
		EXPECTED_BUCKET_OWNER='' run3 $filter </dev/null
		assert_eq "$filter $status" "$filter 0"
		stop_servers
	done
}

# Lambda

@test "in Lambda the trace id goes with every request, unsigned" {
	id='Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1'
	AWS_LAMBDA_FUNCTION_NAME=f _X_AMZN_TRACE_ID=$id fetch "$(once '{"status": 500}')" k
	assert_eq "$status $(logged '.headers["x-amzn-trace-id"]' | sort | uniq -c | tr -s ' ')" "0  2 $id"
	[[ $(logged .headers.authorization) != *trace* ]]
	stop_servers
	_X_AMZN_TRACE_ID=$id fetch "[$object]" k
	assert_eq "$status $(logged '.headers["x-amzn-trace-id"]')" '0 null'
	stop_servers
	AWS_LAMBDA_FUNCTION_NAME=f _X_AMZN_TRACE_ID=$'a\r\nX-Evil: 1' fetch "[$object]" k
	assert_eq "$status $out" '78 '
	[[ $err == 's3fetch: '*_X_AMZN_TRACE_ID*$'\n' && $err != *Evil* ]]
	[ ! -s "$STUB_LOG" ]
}

# Secrets

@test "neither secret nor token is ever said, however a run fails" {
	export AWS_SECRET_ACCESS_KEY=SeCrEt/KeY+0123456789 AWS_SESSION_TOKEN=ToKeN0123456789 AWS_MAX_ATTEMPTS=1
	export AWS_ENDPOINT_URL_DYNAMODB
	lines 1 | jq -cS '. + {route: {to: "processed", bucket: "to", key: "k", etag: .etag}}' >"$dir/in"
	for rule in '"reply": {"status": 403, "body": "<Error><Code>SignatureDoesNotMatch</Code></Error>"}' \
		'"reply": {"status": 400, "body": "<Error><Code>ExpiredToken</Code></Error>"}' \
		'"reply": {"status": 301}' '"cutAfter": "connect"' '"reply": {"status": 503}' '"reply": {"body": "x"}'; do
		stub "[{$rule}]"
		export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
		for command in "s3fetch -v -d $spool" "s3check -v -x cat" 's3route -v -p to -b bad' 'ddb-record -v -t t' 's3rm -v'; do
			# shellcheck disable=SC2086
			run3 timeout 60 $command <"$dir/in"
			[[ $out$err != *SeCrEt* && $out$err != *ToKeN* ]]
		done
		# It was there to be said.
		[[ $(head -n 1 "$STUB_LOG") == *ToKeN* && $(<"$STUB_LOG") != *SeCrEt* ]]
		stop_servers
	done
	# Nor can others see it: the processor has none, and no argument does.
	printf '%s\n' '{"bucket":"in","key":"k","fetch":{"path":"/dev/null"}}' >"$dir/in"
	: >"$dir/file"
	jq -cS --arg path "$dir/file" '.fetch = {$path}' "$dir/in" >"$dir/in2"
	run3 s3check --allow-write "$dir" -x "env >$dir/env; cat /proc/\$PPID/cmdline >$dir/cmdline" <"$dir/in2"
	assert_eq "$status" 0
	run3 grep -c 'SeCrEt\|ToKeN' "$dir/env" "$dir/cmdline"
	assert_eq "$out" "$dir/env:0"$'\n'"$dir/cmdline:0"$'\n'
}
