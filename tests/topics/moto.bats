#!/usr/bin/env bats
# Signatures and policies as moto sees them, where it is installed.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	command -v moto_server >/dev/null && command -v curl >/dev/null || skip "moto_server and curl are not installed"
	setpriv --pdeathsig KILL -- moto_server -H 127.0.0.1 -p 0 >"$dir/log" 2>&1 3>&- &
	servers+=($!)
	wait_until grep -q 'Running on' "$dir/log"
	url=$(grep -om1 'http://127[0-9.:]*' "$dir/log")
	export AWS_ENDPOINT_URL=$url AWS_ENDPOINT_URL_S3=$url AWS_ENDPOINT_URL_STS=$url AWS_ENDPOINT_URL_DYNAMODB=$url
	export HOME=$dir
	# Until the end of this nothing is verified, then everything is.
	read -r admin admin_secret < <(user admin '["*"]')
	read -r reader reader_secret < <(user reader '["s3:GetObject", "s3:GetObjectTagging", "s3:ListBucket"]')
	iam CreateRole RoleName=writer AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Principal": {"AWS": "arn:aws:iam::123456789012:user/admin"}, "Action": "sts:AssumeRole"}]}' >/dev/null
	iam PutRolePolicy RoleName=writer PolicyName=p PolicyDocument="$(policy '["s3:GetObject", "s3:GetObjectTagging", "s3:ListBucket", "s3:PutObject"]')" >/dev/null
	as "$admin" "$admin_secret"
	for bucket in incoming processed bad-data; do s3c mb $bucket; done
	line=$(record bucket=incoming key=a.txt size=6 etag="$(echo hello | s3c put incoming a.txt | jq -r '.etag | gsub("\""; "")')")
	curl -sf --noproxy '*' -H 'Content-Type: text/plain' -X POST --data 0 "$url/moto-api/reset-auth" >/dev/null
}

iam() { # ACTION NAME=VALUE...
	local parameters=()
	for parameter in "${@:2}"; do parameters+=(--data-urlencode "$parameter"); done
	curl -sf --noproxy '*' "$url/" --data-urlencode "Action=$1" --data-urlencode Version=2010-05-08 "${parameters[@]}" \
		-H 'Authorization: AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0'
}

policy() { # ACTIONS_JSON
	echo "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": $1, \"Resource\": \"*\"}]}"
}

field() { # NAME
	sed -n "s/.*<$1>\([^<]*\)<.*/\1/p" "$dir/key"
}

# Makes a user; prints id and secret of its key.
user() { # NAME ACTIONS_JSON
	iam CreateUser UserName="$1" >/dev/null
	iam PutUserPolicy UserName="$1" PolicyName=p PolicyDocument="$(policy "$2")" >/dev/null
	iam CreateAccessKey UserName="$1" >"$dir/key"
	echo "$(field AccessKeyId) $(field SecretAccessKey)"
}

as() { # ID SECRET
	export AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2
}

route() {
	run3 s3route -p processed -b bad-data <<<"$line"
}

@test "a user may do what the policy says, and is told what it does not say" {
	as "$reader" "$reader_secret"
	run3 s3fetch -d "$dir" <<<"$line"
	assert_eq "$status $err" '0 '
	assert_eq "$(cat "$(jq -r .fetch.path <<<"$out")")" hello
	route
	assert_eq "$status" 75
	assert_json '.failed.code == "AccessDenied" and (.failed.message | contains("s3:PutObject"))'
	as "$admin" "$admin_secret"
	route
	assert_eq "$status $err" '0 '
	run3 s3fetch -d "$dir" <<<"$(jq -c '{bucket: .route.bucket, key: .route.key}' <<<"$out")"
	assert_eq "$(cat "$(jq -r .fetch.path <<<"$out")")" hello
}

@test "a wrong secret is refused, and nothing else about it is secret" {
	as "$admin" not-the-secret
	run3 s3fetch -d "$dir" <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 SignatureDoesNotMatch'
	[[ $out$err != *not-the-secret* ]]
}

@test "a role is assumed, and may do what its policy says" {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONFIG_FILE=$dir/config AWS_SHARED_CREDENTIALS_FILE=$dir/none
	printf '%s\n' '[default]' 'role_arn = arn:aws:iam::123456789012:role/writer' 'source_profile = admin' \
		'[profile admin]' "aws_access_key_id = $admin" "aws_secret_access_key = $admin_secret" >"$dir/config"
	route
	assert_eq "$status $err" '0 '
	run3 s3rm <<<"$(jq -cS '.record = {table: "t", status: "written"}' <<<"$out")"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
}
