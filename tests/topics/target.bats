#!/usr/bin/env bats
# Quarantine in another store: copies go to another endpoint, with other keys.
# shellcheck disable=SC1091,SC2030,SC2031,SC2154

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
}

# Buckets in and, of another user and at another endpoint, to and bad. The
# first user may not read or write there, the second not at the source.
two_users() {
	new_bucket in
	as_second new_bucket to
	as_second new_bucket bad
	profile "$S3_SECOND_ACCESS_KEY_ID" "$S3_SECOND_SECRET_ACCESS_KEY"
	target=$S3_TLS_ENDPOINT
	export AWS_CA_BUNDLE=$S3_CACERT
}

# A profile called other, in a file of its own.
profile() { # KEY SECRET
	printf '[other]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$1" "$2" >"$dir/credentials"
	export AWS_SHARED_CREDENTIALS_FILE=$dir/credentials
}

as_second() { # COMMAND...
	AWS_ACCESS_KEY_ID=$S3_SECOND_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECOND_SECRET_ACCESS_KEY "$@"
}

# Runs s3route with the other store as its target.
route() { # RECORDS OPTION...
	run3 s3route -k -p "$to" -b "$bad" --target-endpoint "$target" --target-profile other "${@:2}" <<<"$1"
}

# Uploads a file; prints its record.
upload() { # KEY FILE HEADER...
	record bucket="$in" key="$1" size="$(wc -c <"$2")" etag="$(s3c put "$in" "$1" "$2" "${@:3}" | jq -r .etag)" sequencer=0055AED6DCD90281E5
}

@test "good and bad go to another endpoint with the keys of another user, and the explanation, metadata and tags too" {
	two_users
	echo hello >"$dir/hello"
	good=$(upload 'a b/é.csv' "$dir/hello" -H 'Content-Type: text/x' -H 'x-amz-meta-colour: blue' -H 'x-amz-tagging: a=1&b=x%20y')
	ugly=$(upload bad.csv "$dir/hello" | jq -cS '.bad = {by: "me", reason: "no"}')
	run3 s3route -p "$to" -b "$bad" <<<"$good"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
	route "$good"$'\n'"$ugly"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -c '.route | [.to, .endpoint, .already, .etag]' <<<"$out")" \
		"$(printf '["%s","%s",null,"%s"]\n' processed "$target" $hello bad-data "$target" $hello)"
	assert_eq "$(as_second s3c get "$to" 'a b/é.csv') $(as_second s3c get "$bad" bad.csv)" 'hello hello'
	assert_json '.headers | ."content-type" == "text/x" and ."x-amz-meta-colour" == "blue"' "$(as_second s3c head "$to" 'a b/é.csv')"
	assert_eq "$(as_second s3c tags "$to" 'a b/é.csv' | jq -c .)" '[["a","1"],["b","x y"]]'
	assert_json '.bad.reason == "no" and .route.bucket' "$(as_second s3c get "$bad" bad.csv.why.json)"
	first=$out
	route "$good"$'\n'"$ugly"
	assert_eq "$status $err$(jq -c 'del(.route.already)' <<<"$out")" "0 $(jq -c . <<<"$first")"
	assert_json '.route.already'
}

@test "a profile alone is enough at the same endpoint, and the environment may name both" {
	two_users
	echo hello >"$dir/hello"
	line=$(upload k "$dir/hello")
	run3 s3route -p "$to" -b "$bad" --target-profile other <<<"$line"
	assert_eq "$status $err$(jq -c '.route.endpoint' <<<"$out") $(as_second s3c get "$to" k)" '0 null hello'
	export TARGET_PROFILE=other TARGET_ENDPOINT_URL=$target/
	run3 s3route -p "$to" -b "$bad" <<<"$line"
	assert_eq "$status $err$(jq -c '[.route.endpoint, .route.already]' <<<"$out")" "0 [\"$target\",true]"
	run3 s3route -p "$to" -b "$bad" --target-profile nobody <<<"$line"
	assert_eq "$status $out$err" '78 s3route: the target: the chosen profile: there is no profile "nobody"'$'\n'
	run3 s3route -p "$to" -b "$bad" --target-endpoint nonsense <<<"$line"
	assert_eq "$status $out" '78 '
	run3 s3route -p "$to" -b "$bad" --copy server <<<"$line"
	assert_eq "$status $out$err" '78 s3route: --copy server: no server copies to another store'$'\n'
	run3 s3route -p "$to" -b "$bad" --target-region '' <<<"$line"
	assert_eq "$status $out" '64 '
}

@test "what is too large for one piece goes in parts, and is known again" {
	two_users
	head -c 20000000 /dev/urandom >"$dir/large"
	for header in 'x-amz-meta-colour: blue' 'x-amz-meta-colour: red'; do
		line=$(upload large "$dir/large" -H "$header")
		route "$line"
		assert_eq "$status $err" '0 '
	done
	assert_json '.route.already and (.route.etag | endswith("-3"))'
	as_second s3c get "$to" large >"$dir/got"
	cmp "$dir/large" "$dir/got"
	assert_json '.headers."x-amz-meta-colour" == "blue"' "$(as_second s3c head "$to" large)"
	assert_eq "$(as_second s3c ls "$to" | jq -r '.[].key')" large
	run3 s3rm --target-endpoint "$target" --target-profile other --unguarded < <(printf %s "$out")
	assert_eq "$status $err$(jq -r .rm.status <<<"$out")" '0 removed'
}

@test "what a processor made goes there, too" {
	two_users
	echo hello >"$dir/hello"
	line=$(upload k "$dir/hello" | jq -cS --arg path "$dir/hello" '.output = {$path, bytes: 6, type: "text/y"}')
	route "$line"
	assert_eq "$status $err" '0 '
	assert_json '.headers."content-type" == "text/y"' "$(as_second s3c head "$to" k)"
}

@test "s3rm does not take an object for its copy that is the same by another URL of its store" {
	new_bucket in
	new_bucket bad
	to=$in
	profile "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
	target=$S3_TLS_ENDPOINT
	export AWS_CA_BUNDLE=$S3_CACERT
	echo hello >"$dir/hello"
	for versions in off on; do
		[ $versions = off ] || s3c versioning "$in" on
		put=$(s3c put "$in" k "$dir/hello")
		line=$(record bucket="$in" key=k size=6 sequencer=01 etag=$hello "version=$(jq -r ".version // \"null\"" <<<"$put")")
		route "$line"
		assert_eq "$status $(jq -r .route.already <<<"$out")" '0 true'
		run3 s3rm --unguarded --target-endpoint "$target" --target-profile other < <(printf %s "$out")
		assert_eq "$status $(jq -r '.failed | .code + " " + .message' <<<"$out")" \
			'75 NotSafe the copy seems to be the object itself, by another URL of its store: not deleted'
		# A repeat is left to the ledger, which knows of no other copy.
		run3 s3rm -r --target-endpoint "$target" --target-profile other < <(jq -cS 'del(.route.etag, .route.endpoint) |
			.route.by = "ledger" | .record = {table: "t", status: "repeated"}' <<<"$out" | sed 's/,"failed":{[^}]*}//')
		assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 NotSafe'
		assert_eq "$(s3c get "$in" k)" hello
	done
}

@test "s3rm deletes nothing if the copy is not in the other store any more" {
	two_users
	echo hello >"$dir/hello"
	route "$(upload k "$dir/hello")"
	as_second s3c rm "$to" k
	run3 s3rm --unguarded --target-endpoint "$target" --target-profile other < <(printf %s "$out")
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(s3c get "$in" k)" '75 CopyMissing hello'
}

@test "owner, region and keys are the target's own, and it is asked for nothing of the source" {
	stub '[{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"'$hello'\""}}}, {"reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}]'
	new_bucket in
	echo hello >"$dir/hello"
	profile other other
	line=$(upload k "$dir/hello")
	export TARGET_ENDPOINT_URL=$STUB_URL
	run3 s3route -p to -b bad --target-profile other --target-region eu-west-3 \
		--expected-bucket-owner 111122223333 --target-bucket-owner 444455556666 <<<"$line"
	assert_eq "$(jq -r 'select(.method == "PUT") | .headers."x-amz-expected-bucket-owner"' "$STUB_LOG" | sort -u)" 444455556666
	assert_eq "$(jq -r '.headers.authorization' "$STUB_LOG" | grep -c 'Credential=other/[0-9]*/eu-west-3/s3/')" "$(wc -l <"$STUB_LOG")"
	assert_eq "$(jq -r 'select(.method == "GET") | .target' "$STUB_LOG" | grep -c '^/in')" 0
}
