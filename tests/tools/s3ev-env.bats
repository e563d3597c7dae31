#!/usr/bin/env bats
# What s3ev-env shows, and where it says that comes from.

load ../lib/helper

setup() {
	unset AWS_DEFAULT_REGION AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_DYNAMODB
	export HOME=$BATS_TEST_TMPDIR/home
	config=$BATS_TEST_TMPDIR/config
	export AWS_ACCESS_KEY_ID=AKIDEXAMPLE000000001 AWS_SECRET_ACCESS_KEY=hidden/secret
}

# Makes the config file of the lines.
config() { # LINE...
	printf '%s\n' "$@" >"$config"
	export AWS_CONFIG_FILE=$config
}

identity='<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/Alice</Arn>
  <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>'

@test "everything comes from the environment" {
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_eq "$(wc -l <<<"${out%$'\n'}")" 1
	assert_json 'del(.ca, .ca_from) == {
		pipeline: {},
		region: "us-east-1", region_from: "AWS_REGION",
		profile: "default", profile_from: "default",
		endpoints: {
			s3: "https://s3.us-east-1.amazonaws.com",
			dynamodb: "https://dynamodb.us-east-1.amazonaws.com",
			sts: "https://sts.us-east-1.amazonaws.com",
			sqs: "https://sqs.us-east-1.amazonaws.com"},
		endpoints_from: {s3: "default", dynamodb: "default", sts: "default", sqs: "default"},
		retry: {mode: "standard", mode_from: "default", max_attempts: 3, max_attempts_from: "default"},
		credentials: {access_key_id: "AKID...0001", from: "environment"}}'
}

@test "settings of a profile are named by file and line" {
	unset AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_PROFILE=work
	config '[default]' 'region = us-west-1' '[profile work]' 'region = eu-west-1 # here' \
		'max_attempts = 7' 'retry_mode = legacy' 'aws_access_key_id = AKIDEXAMPLE000000002' \
		'aws_secret_access_key = hidden/too' 'aws_account_id = 123456789012'
	run3 s3ev-env
	assert_eq "$status:$err" 0:
	assert_json ".region == \"eu-west-1\" and .region_from == \"$config:4\""
	assert_json '.profile == "work" and .profile_from == "AWS_PROFILE"'
	assert_json ".credentials == {access_key_id: \"AKID...0002\", from: \"profile ($config:7)\", account: \"123456789012\"}"
	assert_json ".retry == {mode: \"standard\", mode_from: \"$config:6\", max_attempts: 7, max_attempts_from: \"$config:5\"}"
}

@test "endpoints come from the most specific setting of the nearest place" {
	export AWS_ENDPOINT_URL_SQS=http://localhost:1/
	config '[default]' 'services = mine' 'endpoint_url = http://localhost:2' \
		'[services mine]' 's3 =' '  endpoint_url = http://localhost:3'
	run3 s3ev-env -b bucket
	assert_eq "$status:$err" 0:
	assert_json '.endpoints == {s3: "http://localhost:3", dynamodb: "http://localhost:2",
		sts: "http://localhost:2", sqs: "http://localhost:1"}'
	assert_json ".endpoints_from == {s3: \"$config:6\", dynamodb: \"$config:3\",
		sts: \"$config:3\", sqs: \"AWS_ENDPOINT_URL_SQS\"}"
	assert_json '.bucket_url == "http://localhost:3/bucket" and .bucket_region == "us-east-1"'
}

@test "the URL of a bucket follows S3's rules" {
	local bucket
	while read -r bucket url; do
		run3 s3ev-env --bucket "$bucket"
		assert_eq "$status:$err" 0:
		assert_json ".bucket_url == \"$url\""
	done <<-'E'
		incoming https://incoming.s3.us-east-1.amazonaws.com
		my.bucket https://s3.us-east-1.amazonaws.com/my.bucket
		Old_Bucket https://s3.us-east-1.amazonaws.com/Old_Bucket
		arn:aws:s3:us-west-2:123456789012:accesspoint/ap https://ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com
	E
}

@test "a bucket that cannot be is a wrong configuration" {
	run3 s3ev-env -b arn:aws:s3:::incoming
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: bucket "arn:aws:s3:::incoming": not the ARN of an access point\n'
	assert_json '.region and (has("bucket_url") | not)'
}

@test "without a region it says so, and shows the rest" {
	unset AWS_REGION
	run3 s3ev-env -b bucket
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: no region: set AWS_REGION, or region in the profile\n'
	assert_json '(has("region") or has("bucket_url") | not) and .endpoints == {} and .credentials.from == "environment"'
}

@test "without credentials it says so, and shows the rest" {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	run3 s3ev-env
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE\n'
	assert_json '.region == "us-east-1" and (has("credentials") | not)'
}

@test "half a key pair is a wrong configuration" {
	unset AWS_SECRET_ACCESS_KEY
	run3 s3ev-env
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not\n'
}

@test "a broken line is named by file and number, and nothing is shown" {
	config '[default]' 'region = us-east-1' 'what is this'
	run3 s3ev-env
	assert_eq "$status:$out" 78:
	assert_eq "$err" "s3ev-env: $config:3: Expected an '=' sign defining a property"$'\n'
}

@test "a profile that is not there is an error" {
	export AWS_PROFILE=nobody
	run3 s3ev-env
	assert_eq "$status:$out" 78:
	assert_eq "$err" $'s3ev-env: AWS_PROFILE: there is no profile "nobody"\n'
}

@test "what cannot be done is named: adaptive retries" {
	AWS_RETRY_MODE=adaptive run3 s3ev-env
	assert_eq "$status:$out" 78:
	assert_eq "$err" $'s3ev-env: AWS_RETRY_MODE: the retry mode "adaptive" is not supported; use "standard"\n'
}

@test "a value cannot end a header" {
	AWS_SESSION_TOKEN=$'token\r\nX-Evil: yes' run3 s3ev-env
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: AWS_SESSION_TOKEN: control character in the value\n'
}

@test "what is passed over in a file is warned about" {
	config '[work]' 'region = eu-west-1' '[default]'
	run3 s3ev-env
	assert_eq "$status:$err" "0:s3ev-env: $config:1: [work] passed over: not [profile NAME]"$'\n'
}

@test "--check asks STS who that is" {
	stub "[{\"match\": {\"method\": \"POST\", \"header\": {
			\"authorization\": \"^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/\\\\d{8}/us-east-1/sts/aws4_request, \"}},
		\"reply\": {\"body\": $(jq -Rs . <<<"$identity")}}]"
	export AWS_ENDPOINT_URL_STS=$STUB_URL
	run3 s3ev-env --check
	assert_eq "$status:$err" 0:
	assert_json '.credentials == {access_key_id: "AKID...0001", from: "environment",
		account: "123456789012", arn: "arn:aws:iam::123456789012:user/Alice"}'
	assert_json '.method == "POST" and .target == "/"' "$(<"$STUB_LOG")"
}

@test "--check says it when STS refuses" {
	stub '[{"reply": {"status": 403, "body":
		"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>"}}]'
	export AWS_ENDPOINT_URL_STS=$STUB_URL
	run3 s3ev-env -c
	assert_eq "$status" 78
	assert_eq "$err" $'s3ev-env: GetCallerIdentity: The security token included in the request is invalid.\n'
	assert_json '.credentials.from == "environment" and (.credentials | has("arn") | not)'
}

@test "--check tells a service that is out of reach from one that refuses" {
	export AWS_ENDPOINT_URL_STS=http://127.0.0.1:1
	run3 s3ev-env -c
	assert_eq "$status" 69
	assert_eq "$err" $'s3ev-env: GetCallerIdentity: 127.0.0.1:1: Couldn\'t connect to server\n'
}

@test "secrets never appear" {
	export AWS_SESSION_TOKEN=hidden/token AWS_ENDPOINT_URL_STS=http://127.0.0.1:1
	run3 s3ev-env --check -b bucket
	[[ $out$err != *hidden* && $out$err != *EXAMPLE* ]]
	AWS_ENDPOINT_URL=https://user:hidden@example.com run3 s3ev-env
	assert_eq "$status:$out" 78:
	assert_eq "$err" $'s3ev-env: AWS_ENDPOINT_URL: "..." is not a URL of the form https://HOST[:PORT][/PATH]\n'
}

@test "a file too large is an error, be it by a byte or by far" {
	for size in 1048577 10000000; do
		config '[default]' 'region = eu-west-1'
		truncate -s $size "$config"
		run3 s3ev-env
		assert_eq "$status:$out" 78:
		assert_eq "$err" "s3ev-env: $config: larger than 1048576 bytes"$'\n'
	done
}

@test "FIPS and dual-stack are warned about where the endpoint is another" {
	export AWS_ENDPOINT_URL=http://127.0.0.1:1
	for name in AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT; do
		run3 env $name=true s3ev-env -b bucket
		assert_eq "$status:$err" "0:s3ev-env: $name: has no effect on the endpoint from AWS_ENDPOINT_URL"$'\n'
		assert_json '.bucket_url == "http://127.0.0.1:1/bucket"'
	done
}

@test "buckets that are not supported say so" {
	run3 s3ev-env -b arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap
	assert_eq "$status" 78
	[[ $err == *': multi-region access points are not supported'$'\n' ]]
	run3 s3ev-env -b test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3
	assert_eq "$status" 78
	[[ $err == *': aliases of Outposts are not supported; use the ARN'$'\n' ]]
}

@test "a full disk is an error" {
	status=0
	s3ev-env >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
	assert_eq "$status:$(<"$BATS_TEST_TMPDIR/err")" "74:s3ev-env: stdout: No space left on device"
}

@test "usage" {
	run3 s3ev-env --help
	assert_eq "$status:$err" 0:
	[[ $out == s3ev-env:*$'\nusage:'* ]]
	run3 s3ev-env -V
	assert_eq "$status:$err" 0:
	[[ $out == "s3ev-env "* ]]
	for option in -h -V; do
		run3 sh -c 's3ev-env "$1" >/dev/full' sh $option
		assert_eq "$option $status" "$option 74"
	done
	run3 s3ev-env x
	assert_eq "$status:$out:$err" $'64::s3ev-env: no arguments are taken: x\n'
	run3 s3ev-env -b
	assert_eq "$status:$out" 64:
}

@test "on a terminal it is a table, with where each value comes from" {
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 PROCESSED_BUCKET=acme RECORD_TABLE=$'a\e[2J'
	run3 script -qec 's3ev-env' /dev/null
	[[ ${out//$'\r'/} == *$'region      us-east-1  (AWS_REGION)\n'*$'S3          http://127.0.0.1:9  (AWS_ENDPOINT_URL_S3)\n'*$'processed   acme  (PROCESSED_BUCKET)\nledger      a\\x1b[2J  (RECORD_TABLE)\n' ]]
	[[ $out != *hidden* ]]
	run3 script -qec 's3ev-env -j' /dev/null
	assert_json '.pipeline == {processed_bucket: "acme", record_table: "a\u001b[2J"}'
}
