#!/usr/bin/env bats
# Credentials from each place that AWS's tools look at, and what goes wrong there.

load ../lib/helper

setup() {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export HOME=$BATS_TEST_TMPDIR/home
	dir=$BATS_TEST_TMPDIR
	config=$dir/config
}

# Makes the config file of the lines.
config() { # LINE...
	printf '%s\n' "$@" >"$config"
	export AWS_CONFIG_FILE=$config
}

base=('[profile base]' 'aws_access_key_id = AKIDBASE000000000000' 'aws_secret_access_key = hidden')

# Prints an answer of STS as a JSON string.
sts() { # ACTION KEY_ID
	jq -cn --arg a "$1" --arg id "$2" '"<\($a)Response><\($a)Result><Credentials><AccessKeyId>\($id)</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey><SessionToken>token/\($id)</SessionToken><Expiration>2099-01-02T03:04:05Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser></\($a)Result></\($a)Response>"'
}

# Prints keys as container and instance give them, as a JSON string.
keys() { # KEY_ID [EXPIRATION]
	jq -cn --arg id "$1" --arg expires "${2-2099-01-02T03:04:05Z}" '{Code: "Success", AccessKeyId: $id,
		SecretAccessKey: "hidden", Token: "token", Expiration: $expires} | tojson'
}

# The credentials are these, and nothing hidden was said.
assert_credentials() { # JSON
	assert_eq "$status:$err" 0:
	assert_json ".credentials == $1"
	[[ $out != *hidden* && $out != *token/* ]]
}

# The filter is true of the list of the requests that the stub has seen.
assert_logged() { # FILTER
	assert_json "$1" "$(jq -cS -s . "$STUB_LOG")"
}

@test "a role is assumed with the keys of another profile" {
	stub "[{\"reply\": {\"body\": $(sts AssumeRole ASIAROLE000000000000)}}]"
	export AWS_ENDPOINT_URL_STS=$STUB_URL
	config '[default]' 'role_arn = arn:aws:iam::123456789012:role/r' 'source_profile = base' \
		'external_id = e+ d' 'role_session_name = s' 'duration_seconds = 900' "${base[@]}"
	run3 s3ev-env
	assert_credentials '{access_key_id: "ASIA...0000", from: "assumed role (arn:aws:iam::123456789012:role/r)",
		expires: "2099-01-02T03:04:05Z", account: "123456789012"}'
	local form='Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=s&ExternalId=e%2B%20d&DurationSeconds=900'
	assert_logged ".[0].bodySha256 == \"$(printf %s "$form" | sha256sum | cut -d' ' -f1)\""
	assert_logged '.[0].headers.authorization | startswith("AWS4-HMAC-SHA256 Credential=AKIDBASE000000000000/")'
}

@test "roles are assumed one after the other" {
	stub "[{\"times\": 1, \"reply\": {\"body\": $(sts AssumeRole ASIAFIRST00000000000)}},
		{\"match\": {\"header\": {\"x-amz-security-token\": \"^token/ASIAFIRST\"}},
		 \"reply\": {\"body\": $(sts AssumeRole ASIASECOND0000000002)}}]"
	export AWS_ENDPOINT_URL_STS=$STUB_URL
	config '[default]' 'role_arn = a' 'source_profile = b' '[profile b]' 'role_arn = b' \
		'source_profile = base' "${base[@]}"
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_json '.credentials.access_key_id == "ASIA...0002" and .credentials.from == "assumed role (a)"'
	assert_logged 'length == 2'
}

@test "a role is assumed at a real STS, with a real signature" {
	role=$(printf 'r%04x%04x' $RANDOM $RANDOM)
	. "$SERVERS_DIR/env"
	iam -d Action=CreateRole --data-urlencode "AssumeRolePolicyDocument=$(jq -cn '{Version: "2012-10-17", Statement: [
		{Effect: "Allow", Principal: {AWS: ["arn:aws:iam:::user/first"]}, Action: ["sts:AssumeRole"]}]}')"
	config '[default]' "role_arn = arn:aws:iam:::role/$role" 'source_profile = base' '[profile base]' \
		"aws_access_key_id = $AWS_ACCESS_KEY_ID" "aws_secret_access_key = $AWS_SECRET_ACCESS_KEY"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_ENDPOINT_URL_STS=$AWS_ENDPOINT_URL_S3
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_json ".credentials.from == \"assumed role (arn:aws:iam:::role/$role)\" and (.credentials.expires | fromdate > now)"
	sed -i '/secret/s/$/x/' "$config"
	run3 s3ev-env
	assert_eq "$status" 78
	[[ $err == *"assumed role"* ]]
}

# Asks RGW's IAM for something about $role.
iam() { # CURL_OPTION...
	curl -fsS --aws-sigv4 aws:amz:us-east-1:iam --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H 'Content-Type: application/x-www-form-urlencoded' "$AWS_ENDPOINT_URL_S3/" \
		--data-urlencode "RoleName=$role" "$@" >/dev/null
}

@test "STS's refusal is told in its own words, once" {
	stub '[{"reply": {"status": 403, "body":
		"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"}}]'
	export AWS_ENDPOINT_URL_STS=$STUB_URL
	config '[default]' 'role_arn = a' 'source_profile = base' "${base[@]}"
	run3 s3ev-env
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: assumed role (a): not authorized to perform: sts:AssumeRole\n'
	assert_json '.credentials == {from: "assumed role (a)"}'
	assert_logged 'length == 1'
}

@test "STS is asked again when it is out of order, three times in all or as often as is set" {
	local reply
	reply="\"reply\": {\"body\": $(sts AssumeRole ASIAROLE000000000000)}"
	stub "[{\"times\": 1, \"reply\": {\"status\": 503}}, {\"times\": 1, \"cutAfter\": 100, $reply}, {$reply}]"
	export AWS_ENDPOINT_URL_STS=$STUB_URL
	config '[default]' 'role_arn = a' 'source_profile = base' "${base[@]}"
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_logged 'length == 3'
	stub '[{"reply": {"status": 503}}]'
	AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3ev-env
	assert_eq "$status:$err" $'69:s3ev-env: assumed role (a): HTTP 503\n'
	assert_logged 'length == 3'
	AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3ev-env
	assert_logged 'length == 4'
	AWS_MAX_ATTEMPTS=5 AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3ev-env
	assert_logged 'length == 9'
}

@test "a web identity is not signed, and its token is read from the file" {
	stub "[{\"reply\": {\"body\": $(sts AssumeRoleWithWebIdentity ASIAWEB0000000000001)}}]"
	printf 'jwt.token\n' >"$dir/jwt"
	export AWS_ENDPOINT_URL_STS=$STUB_URL AWS_ROLE_ARN=r AWS_ROLE_SESSION_NAME=s AWS_WEB_IDENTITY_TOKEN_FILE=$dir/jwt
	run3 s3ev-env
	assert_credentials '{access_key_id: "ASIA...0001", from: "web identity (r)", expires: "2099-01-02T03:04:05Z", account: "123456789012"}'
	local form='Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&RoleSessionName=s&WebIdentityToken=jwt.token'
	assert_logged ".[0].bodySha256 == \"$(printf %s "$form" | sha256sum | cut -d' ' -f1)\" and (.[0].headers | has(\"authorization\") | not)"
	rm "$dir/jwt"
	run3 s3ev-env
	assert_eq "$status:$err" "78:s3ev-env: $dir/jwt: No such file or directory"$'\n'
}

@test "SSO's cached token is used, by the name of the session" {
	mkdir -p "$HOME/.aws/sso/cache"
	local cache
	cache=$HOME/.aws/sso/cache/$(printf %s my-sso | sha1sum | cut -d' ' -f1).json
	printf '{"accessToken": "sso-hidden", "expiresAt": "2099-01-01T00:00:00Z"}' >"$cache"
	stub '[{"match": {"path": "^/federation/credentials\\?role_name=Worker%20Bee&account_id=123456789012$",
			"header": {"x-amz-sso_bearer_token": "^sso-hidden$"}},
		"reply": {"body": "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO0000000000001\",\"secretAccessKey\":\"hidden\",\"sessionToken\":\"token/\",\"expiration\":4070908800000}}"}}]'
	export AWS_ENDPOINT_URL_SSO=$STUB_URL
	config '[default]' 'sso_session = my-sso' 'sso_account_id = 123456789012' 'sso_role_name = Worker Bee' \
		'[sso-session my-sso]' 'sso_region = us-east-1' 'sso_start_url = https://example.awsapps.com/start'
	run3 s3ev-env
	assert_credentials '{access_key_id: "ASIA...0001", from: "SSO (profile \"default\")", expires: "2099-01-01T00:00:00Z", account: "123456789012"}'
	printf '{"accessToken": "sso-hidden", "expiresAt": "2001-01-01T00:00:00Z"}' >"$cache"
	run3 s3ev-env
	assert_eq "$status:$err" $'78:s3ev-env: SSO (profile "default"): the session has expired; run: aws sso login --profile default\n'
	rm "$cache"
	run3 s3ev-env
	assert_eq "$status" 78
	[[ $err == *"; run: aws sso login --profile default"$'\n' ]]
}

# A cache with a token that can be renewed; more members may be put over it.
sso_cache() { # EXPIRES [JSON]
	mkdir -p "$HOME/.aws/sso/cache"
	cache=$HOME/.aws/sso/cache/$(printf %s my-sso | sha1sum | cut -d' ' -f1).json
	jq -n --arg expires "$1" '{startUrl: "https://example.awsapps.com/start", region: "us-east-1", accessToken: "sso-old",
		expiresAt: $expires, clientId: "me", clientSecret: "client-hidden",
		registrationExpiresAt: "2099-01-01T00:00:00Z", refreshToken: "refresh-1"} + '"${2-{\}}" >"$cache"
	config '[default]' 'sso_session = my-sso' 'sso_account_id = 123456789012' 'sso_role_name = r' \
		'[sso-session my-sso]' 'sso_region = us-east-1' 'sso_start_url = https://example.awsapps.com/start'
}

# Keys for the token TOKEN, and STATUS and BODY for whoever wants it renewed.
sso_stub() { # TOKEN STATUS BODY
	stub "$(jq -n --arg token "^$1\$" --argjson status "$2" --arg body "$3" '[
		{match: {method: "POST", path: "^/token$"}, reply: {$status, $body}},
		{match: {path: "^/federation/credentials", header: {"x-amz-sso_bearer_token": $token}},
		 reply: {body: "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO0000000000001\",\"secretAccessKey\":\"hidden\",\"sessionToken\":\"t\",\"expiration\":4070908800000}}"}}]')"
	export AWS_ENDPOINT_URL_SSO=$STUB_URL AWS_ENDPOINT_URL_SSO_OIDC=$STUB_URL
}

@test "SSO's token is renewed before it expires, and the cache with it" {
	local form
	sso_cache "$(date -u -d '5 minutes' +%FT%TZ)"
	sso_stub sso-new 200 '{"accessToken":"sso-new","tokenType":"Bearer","expiresIn":3600,"refreshToken":"refresh-2"}'
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_credentials '{access_key_id: "ASIA...0001", from: "SSO (profile \"default\")", expires: "2099-01-01T00:00:00Z", account: "123456789012"}'
	form='{"clientId":"me","clientSecret":"client-hidden","grantType":"refresh_token","refreshToken":"refresh-1"}'
	assert_logged "length == 2 and .[0].bodySha256 == \"$(printf %s "$form" | sha256sum | cut -d' ' -f1)\" and .[0].headers[\"content-type\"] == \"application/json\" and (.[0].headers | has(\"authorization\") | not)"
	assert_json '(.expiresAt | fromdate - now | . > 3500 and . <= 3600) and del(.expiresAt) == {startUrl: "https://example.awsapps.com/start",
		region: "us-east-1", accessToken: "sso-new", clientId: "me", clientSecret: "client-hidden",
		registrationExpiresAt: "2099-01-01T00:00:00Z", refreshToken: "refresh-2"}' "$(cat "$cache")"
	assert_eq "$(stat -c %a "$cache"):$(ls "$HOME/.aws/sso/cache")" "600:$(basename "$cache")"
	run3 s3ev-env
	assert_logged 'length == 3' # the new one is good for an hour
}

@test "SSO's token serves to its end when it cannot be renewed, and then it is over" {
	sso_cache "$(date -u -d '5 minutes' +%FT%TZ)"
	sso_stub sso-old 400 '{"error":"invalid_grant"}'
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_logged '[.[].target] == ["/token", "/federation/credentials?role_name=r&account_id=123456789012"]'
	sso_cache 2001-01-01T00:00:00Z
	run3 s3ev-env
	assert_eq "$status:$err" $'78:s3ev-env: SSO (profile "default"): the session has expired and is not renewed; run: aws sso login --profile default\n'
	sso_cache 2001-01-01T00:00:00Z '{registrationExpiresAt: "2001-01-01T00:00:00Z"}'
	run3 s3ev-env
	assert_eq "$status:$err" $'78:s3ev-env: SSO (profile "default"): the session has expired; run: aws sso login --profile default\n'
	assert_logged 'length == 3' # nobody was asked with a client that is not known any more
}

@test "IAM Identity Center is asked three times, or as often as is set" {
	sso_cache 2001-01-01T00:00:00Z
	stub '[{"reply": {"status": 503}}]'
	export AWS_ENDPOINT_URL_SSO=$STUB_URL AWS_ENDPOINT_URL_SSO_OIDC=$STUB_URL
	AWS_MAX_ATTEMPTS=2 run3 s3ev-env
	assert_logged '[.[].target] == ["/token", "/token"]'
	sso_cache 2099-01-01T00:00:00Z
	AWS_MAX_ATTEMPTS=4 run3 s3ev-env
	assert_eq "$status" 69
	assert_logged 'length == 6'
}

@test "SSO's token is not taken from an answer that is none" {
	local body
	for body in '{"accessToken":"a\r\nb","expiresIn":3600}' '{"accessToken":"","expiresIn":3600}' \
			'{"accessToken":"a"}' '{"accessToken":"a","expiresIn":-1}' '[]'; do
		sso_cache 2001-01-01T00:00:00Z
		sso_stub sso-new 200 "$body"
		run3 s3ev-env
		assert_eq "$body $status:$(jq -r .accessToken "$cache")" "$body 78:sso-old"
		stop_servers
	done
}

@test "a container's keys, with the token that is in a file" {
	printf 'pod token' >"$dir/token"
	stub "[{\"match\": {\"path\": \"^/get\\\\?id=1$\", \"header\": {\"authorization\": \"^pod token$\"}}, \"reply\": {\"body\": $(keys ASIACONTAINER0000001)}}]"
	export AWS_CONTAINER_CREDENTIALS_FULL_URI="$STUB_URL/get?id=1"
	export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$dir/token AWS_CONTAINER_AUTHORIZATION_TOKEN=other
	run3 s3ev-env
	assert_credentials '{access_key_id: "ASIA...0001", from: "container", expires: "2099-01-02T03:04:05Z"}'
	printf 'a\r\nX-Evil: b' >"$dir/token"
	run3 s3ev-env
	assert_eq "$status:$err" $'78:s3ev-env: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: the token has a control character or the end of a line in it\n'
}

@test "a container's endpoint is asked three times" {
	stub "[{\"times\": 1, \"reply\": {\"status\": 500}}, {\"times\": 1, \"cutAfter\": 5, \"reply\": {\"body\": \"{\\\"Acces\"}},
		{\"reply\": {\"body\": $(keys ASIACONTAINER0000001)}}]"
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$STUB_URL run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_logged 'length == 3'
}

@test "a container's refusal is told in its own words" {
	local row
	for row in '200 container credentials: NoRole: the task has none' '400 container credentials: HTTP 400: NoRole: the task has none'; do
		stub "[{\"reply\": {\"status\": ${row%% *}, \"body\": \"{\\\"code\\\":\\\"NoRole\\\",\\\"message\\\":\\\"the task has none\\\"}\"}}]"
		AWS_CONTAINER_CREDENTIALS_FULL_URI=$STUB_URL run3 s3ev-env
		assert_eq "$status $err" "78 s3ev-env: ${row#* }"$'\n'
		stop_servers
	done
}

@test "keys are not asked for at another host in the clear" {
	local uri
	for uri in http://example.com/ http://127.0.0.1.example.com/ http://127.0.0.1@example.com/ http://169.254.170.3/; do
		AWS_CONTAINER_CREDENTIALS_FULL_URI=$uri run3 s3ev-env
		assert_eq "$status" 78
		[[ $err == "s3ev-env: AWS_CONTAINER_CREDENTIALS_FULL_URI: "* ]]
	done
}

imds() { # RULE...
	local IFS=,
	stub "[$*]"
	export AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$STUB_URL/
}
imds_token='{"match": {"method": "PUT", "path": "^/latest/api/token$", "header": {"x-aws-ec2-metadata-token-ttl-seconds": "^21600$"}},
	"reply": {"body": "session=="}}'
imds_role='{"match": {"method": "GET", "path": "/security-credentials/$", "header": {"x-aws-ec2-metadata-token": "^session==$"}},
	"reply": {"body": "worker\n"}}'

imds_keys() { # [EXPIRATION]
	printf '{"match": {"path": "/latest/meta-data/iam/security-credentials/worker$", "header": {"x-aws-ec2-metadata-token": "^session==$"}},
		"reply": {"body": %s}}' "$(keys ASIAINSTANCE00000001 "$@")"
}

@test "the instance's keys, with a session token" {
	imds "$imds_token" "$imds_role" "$(imds_keys)"
	run3 s3ev-env
	assert_credentials '{access_key_id: "ASIA...0001", from: "instance metadata", expires: "2099-01-02T03:04:05Z"}'
	assert_logged 'map(.method) == ["PUT", "GET", "GET"]'
}

@test "keys of the instance that seem expired are used until there are others" {
	imds "$imds_token" "$imds_role" "$(imds_keys 2001-01-02T03:04:05Z)"
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_json '.credentials.expires | fromdate > now + 900'
}

@test "an instance without a role, and no instance at all" {
	imds "$imds_token" '{"reply": {"status": 404}}'
	run3 s3ev-env
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: no credentials: none in the environment or the profile "default", and from the instance metadata service: instance metadata: the instance has no role\n'
	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 run3 s3ev-env
	assert_eq "$status" 78
	[[ $err == *"127.0.0.1:1: Couldn't connect"* ]]
}

@test "an instance whose service is there but fails is asked three times" {
	local fails
	for fails in '"reply": {"status": 503}' '"reply": {"body": "session==x"}, "cutAfter": 9' '"cutAfter": "head"'; do
		imds "{\"times\": 2, $fails}" "$imds_token" "{\"times\": 2, \"match\": {\"path\": \"ls/$\"}, $fails}" "$imds_role" \
			"{\"times\": 2, \"match\": {\"path\": \"worker$\"}, $fails}" "$(imds_keys)"
		run3 s3ev-env
		assert_credentials '{access_key_id: "ASIA...0001", from: "instance metadata", expires: "2099-01-02T03:04:05Z"}'
		assert_logged 'length == 9'
		stop_servers
		imds "{$fails}"
		run3 s3ev-env
		assert_eq "$status" 69
		[[ $err == "s3ev-env: instance metadata: "* ]]
		assert_logged 'length == 3'
		AWS_METADATA_SERVICE_NUM_ATTEMPTS=1 run3 s3ev-env
		assert_logged 'length == 4'
		stop_servers
	done
}

@test "an instance that has given keys before is there, though it does not answer now" {
	imds "${imds_token/\{/\{\"times\": 1, }" "${imds_role/\{/\{\"times\": 1, }" \
		"{\"times\": 1, $(imds_keys | cut -c2-)" '{"match": {"path": "^/latest/"}, "cutAfter": "connect"}' \
		'{"reply": {"status": 400, "body": "<Error><Code>ExpiredToken</Code></Error>"}}'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$dir" < <(record bucket=b key=k)
	assert_json '.failed | .code == "ConnectionLost" and .retry and (.message | startswith("instance metadata: "))'
}

@test "an instance that does not answer is waited for as long as one wants" {
	stub '[{"delayMs": 60000}]'
	export AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$STUB_URL AWS_METADATA_SERVICE_NUM_ATTEMPTS=2
	run3 timeout 60 s3ev-env
	assert_eq "$status" 78
	[[ $err == *"no answer in time"* ]]
	assert_logged 'length == 2'
}

@test "a process is run without a shell, and its output is JSON" {
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/args"\necho "{\\"Version\\":1,\\"AccessKeyId\\":\\"ASIAPROCESS000000001\\",\\"SecretAccessKey\\":\\"hidden\\"}"\n' "$dir" >"$dir/my process"
	chmod +x "$dir/my process"
	config '[default]' "credential_process = '$dir/my process' --user \"a b\" \$HOME \`id\` ; x\\ y # comment"
	run3 s3ev-env
	assert_credentials "{access_key_id: \"ASIA...0001\", from: \"credential_process ($config:2)\"}"
	assert_eq "$(<"$dir/args")" $'--user\na b\n$HOME\n`id`'
}

@test "a process that others can change is not run" {
	config '[default]' "credential_process = touch $dir/evil"
	chmod 666 "$config"
	run3 s3ev-env
	assert_eq "$status" 78
	[[ $err == *"$config:2: credential_process is not run: others can write this file"* ]]
	[ ! -e "$dir/evil" ]
}

@test "a process that prints no JSON, or a server that answers in HTML, is told so" {
	config '[default]' 'credential_process = echo hello | base64'
	run3 s3ev-env
	assert_eq "$status" 78
	assert_eq "$err" "s3ev-env: credential_process ($config:2): not the expected JSON: lexical error: invalid char in json text."$'\n'
	rm "$config"
	imds "$imds_token" "$imds_role" '{"reply": {"body": "<html>"}}'
	run3 s3ev-env
	assert_eq "$status" 78
	[[ $err == "s3ev-env: instance metadata: not the expected JSON: "* ]]
}

@test "a failing process is told by its first line" {
	config '[default]' "credential_process = sh -c 'echo hidden; echo please log in >&2; echo more >&2; exit 4'"
	run3 s3ev-env
	assert_eq "$status:$err" "78:s3ev-env: credential_process ($config:2): ended with status 4: please log in"$'\n'
}

@test "a filter gets new keys when a service says that they are expired" {
	local hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
	local expired='<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>'
	stub "[{\"match\": {\"header\": {\"authorization\": \"Credential=AK1/\"}}, \"reply\": {\"status\": 400, \"body\": $(jq -Rs . <<<"$expired")}},
		{\"match\": {\"header\": {\"authorization\": \"Credential=AK2/\"}}, \"reply\": {\"body\": \"hello\\n\", \"headers\": {\"etag\": \"\\\"$hello\\\"\"}}}]"
	printf '#!/bin/sh\necho >>"%s/runs"\necho "{\\"Version\\":1,\\"AccessKeyId\\":\\"AK$(grep -c "" "%s/runs")\\",\\"SecretAccessKey\\":\\"s\\",\\"Expiration\\":\\"2099-01-01T00:00:00Z\\"}"\n' "$dir" "$dir" >"$dir/process"
	chmod +x "$dir/process"
	config '[default]' "credential_process = $dir/process"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	local i
	for i in {1..20}; do record bucket=b "key=k$i"; done >"$dir/records"
	run3 s3fetch -j 20 -d "$dir" <"$dir/records"
	assert_eq "$status:$err" 0:
	assert_json '.fetch.bytes == 6'
	assert_eq "$(wc -l <"$dir/runs")" 2
}

@test "a record may be sent again when STS could not be asked, and not when it has refused" {
	local row
	config '[default]' 'role_arn = a' 'source_profile = base' "${base[@]}"
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1
	for row in '400 Throttling true' '400 IDPCommunicationError true' '500 InternalFailure true' '403 AccessDenied false'; do
		read -r http code again <<<"$row"
		stub "[{\"reply\": {\"status\": $http, \"body\": \"<ErrorResponse><Error><Code>$code</Code><Message>m</Message></Error></ErrorResponse>\"}}]"
		export AWS_ENDPOINT_URL_STS=$STUB_URL
		run3 s3fetch -d "$dir" < <(record bucket=b key=k)
		assert_json ".failed | .code == \"$code\" and .retry == $again"
		stop_servers
	done
	stub '[{"reply": {"status": 403, "headers": {"content-type": "text/html"}, "body": "<html><p>A proxy<br></html>"}}]'
	AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3fetch -d "$dir" < <(record bucket=b key=k)
	assert_json '.failed | .code == "CredentialsRefused" and .retry'
}

@test "SSO's cache is replaced though a process of the same number has left a part of one" {
	sso_cache 2001-01-01T00:00:00Z
	sso_stub sso-new 200 '{"accessToken":"sso-new","tokenType":"Bearer","expiresIn":3600,"refreshToken":"refresh-2"}'
	run3 bash -c 'touch "$0.$$" && exec s3ev-env' "$cache"
	assert_eq "$status:$err" 0:
	assert_json '.accessToken == "sso-new" and .refreshToken == "refresh-2"' "$(cat "$cache")"
	assert_eq "$(stat -c %a "$cache"):$(find "$HOME/.aws/sso/cache" -type f -size +0 -printf '%f\n')" "600:$(basename "$cache")"
}

@test "keys that have ended are known by other names too, and by none where HEAD is answered" {
	local row hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
	printf '#!/bin/sh\necho >>"%s/runs"\necho "{\\"Version\\":1,\\"AccessKeyId\\":\\"AK$(grep -c "" "%s/runs")\\",\\"SecretAccessKey\\":\\"s\\"}"\n' "$dir" "$dir" >"$dir/process"
	chmod +x "$dir/process"
	config '[default]' "credential_process = $dir/process"
	for row in 's3fetch -d '"$dir"' InvalidToken' 's3rm ExpiredToken'; do
		rm -f "$dir/runs"
		stub "[{\"match\": {\"header\": {\"authorization\": \"Credential=AK1/\"}}, \"reply\": {\"status\": 400, \"headers\": {\"x-amz-request-id\": \"r\"},
				\"body\": \"<Error><Code>${row##* }</Code><Message>m</Message></Error>\"}},
			{\"match\": {\"header\": {\"authorization\": \"Credential=AK2/\"}}, \"reply\": {\"body\": \"hello\\n\", \"headers\": {\"etag\": \"\\\"$hello\\\"\"}}}]"
		# shellcheck disable=SC2086 # words are wanted
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 ${row% *} < <(record bucket=b key=k etag=$hello size=6 \
			route:='{"to":"processed","bucket":"to","key":"k","etag":"'$hello'"}')
		assert_eq "$row $(wc -l <"$dir/runs") $(jq -r '.failed.code' <<<"$out")" "$row 2 null"
		stop_servers
	done
}

@test "of programs that renew a token of SSO together, all take what the first one gets" {
	local i pids=()
	sso_cache 2001-01-01T00:00:00Z
	# A refresh token is good for one answer; the others are refused at once.
	stub '[{"times": 1, "match": {"path": "^/token$"}, "delayMs": 700,
			"reply": {"body": "{\"accessToken\":\"sso-new\",\"expiresIn\":3600,\"refreshToken\":\"refresh-2\"}"}},
		{"match": {"path": "^/token$"}, "reply": {"status": 400, "body": "{\"error\":\"invalid_grant\"}"}},
		{"match": {"header": {"x-amz-sso_bearer_token": "^sso-new$"}}, "reply":
			{"body": "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO0000000000001\",\"secretAccessKey\":\"hidden\",\"sessionToken\":\"t\",\"expiration\":4070908800000}}"}}]'
	export AWS_ENDPOINT_URL_SSO=$STUB_URL AWS_ENDPOINT_URL_SSO_OIDC=$STUB_URL
	for i in {1..5}; do
		s3ev-env >"$dir/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	assert_eq "$(cat "$dir"/out.* | grep -c 'ASIA...0001')" 5
	assert_json '.refreshToken == "refresh-2"' "$(cat "$cache")"
}

@test "where a request is refused for another reason, keys are fetched anew once at most, and stay if there are no others" {
	local hello=b1946ac92492d2347c6235b4d2611184 key row code keys runs
	for key in odd1 odd2 odd3 good; do
		record bucket=in key=k etag=$hello size=6 route:='{"to":"processed","bucket":"to","key":"'$key'","etag":"'$hello'"}'
	done >"$dir/in"
	cat >"$dir/process" <<-'SH'
		#!/bin/sh
		echo >>"$1/runs"
		n=$(grep -c '' "$1/runs")
		[ "$n" = 1 ] || [ "$2" = many ] || exit 1
		echo '{"Version":1,"AccessKeyId":"AK'"$n"'","SecretAccessKey":"s"}'
	SH
	chmod +x "$dir/process"
	# Keys have a new id each time, as those of a role, or are given only once. HEAD has no code.
	for row in 'InvalidToken many 2' 'InvalidToken one 2' 'BadRequest many 1'; do
		read -r code keys runs <<<"$row"
		rm -f "$dir/runs"
		stub '[{"match": {"path": "odd"}, "reply": {"status": 400, "headers": {"x-amz-request-id": "r"}, "body": "<Error><Code>'$code'</Code><Message>m</Message></Error>"}},
			{"reply": {"body": "hello\n", "headers": {"etag": "\"'$hello'\"", "x-amz-request-id": "r"}}}]'
		config '[default]' "credential_process = $dir/process $dir $keys"
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm -j 1 <"$dir/in"
		assert_eq "$row: $(wc -l <"$dir/runs") $(jq -r '.failed.code' <<<"$out" | xargs)" "$row: $runs $code $code $code null"
		stop_servers
	done
}

@test "a session that is over is waited for once, not for each record" {
	local i
	sso_cache 2001-01-01T00:00:00Z
	stub '[{"match": {"path": "^/token$"}, "reply": {"status": 400, "body": "{\"error\":\"invalid_grant\"}"}}]'
	export AWS_ENDPOINT_URL_SSO=$STUB_URL AWS_ENDPOINT_URL_SSO_OIDC=$STUB_URL AWS_ENDPOINT_URL_S3=$STUB_URL
	for i in {1..10}; do record bucket=b key="$i"; done >"$dir/in"
	# To wait for each takes 30 seconds.
	run3 timeout 20 s3fetch -j 1 -d "$dir" <"$dir/in"
	assert_eq "$(jq -r .failed.code <<<"$out" | uniq -c | xargs)" '10 SSOTokenExpired'
}
