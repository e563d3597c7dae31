#!/usr/bin/env bats
# Was everything that arrived handled? pipelines/audit on real servers.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=3
	dir=$BATS_TEST_TMPDIR
	new_places
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table TMPDIR=$dir PROCESSOR='' CHECKS=--utf8
}

audit() { # ARGUMENT...
	run3 "$tests/../pipelines/audit" "$@"
	cp "$dir/out" "$dir/missing"
}

process() {
	run3 "$tests/../pipelines/process" -r
}

# What was missing, and why.
missing() {
	jq -r '[.key, .was.missing] | join(": ")' <<<"$out" | sort
}

arrives() { # KEY CONTENT
	s3c put "$in" "$1" <<<"$2" >/dev/null
}

@test "what is missing is named, and nothing else; process does it, and then nothing is" {
	arrives 'in/a b/é"' a && arrives in/b $'\xff' && arrives other/c c && s3c put "$in" in/folder/ </dev/null >/dev/null
	audit "s3://$in"
	assert_eq "$status $err$(missing)" '1 in/a b/é": it is not in the ledger
in/b: it is not in the ledger
other/c: it is not in the ledger'
	audit "s3://$in/in/"
	assert_eq "$status $err$(jq -r .key <<<"$out" | sort | tr '\n' ' ')" '1 in/a b/é" in/b '
	process <"$dir/missing"
	assert_eq "$status $err$(jq -r .route.to <<<"$out" | sort | tr '\n' ' ')" '0 bad-data processed '
	audit "s3://$in/in/"
	assert_eq "$status $err$out" '0 '
	audit "s3://$in/in/" "s3://$in/other/"
	assert_eq "$status $err$(missing)" '1 other/c: it is not in the ledger'
}

@test "a copy that is not where the ledger says comes back, or is named again" {
	arrives a a && arrives b b && arrives c c && arrives d $'\xff'
	s3ls "s3://$in" | process >/dev/null
	s3c rm "$to" a && s3c rm "$bad" d && s3c put "$to" b <<<other >/dev/null && s3c rm "$to" c && s3c rm "$in" c
	audit "s3://$in"
	assert_eq "$status $err$(missing)" "1 a: $to/a is not there
b: $to/b is something else
c: $to/c is not there
d: $bad/d is not there"
	process <"$dir/missing"
	assert_eq "$status $err$(jq -r '[.key, .route.bucket, .gone.code] | join(" ")' <<<"$out" | sort)" "0 a $to 
b $to 
c  NoSuchKey
d $bad "
	audit "s3://$in"
	assert_eq "$status $err$(missing)" "1 c: $to/c is not there"
}

@test "an object that was overwritten since is another one; one whose event failed is missing" {
	arrives a a && arrives b b
	s3ls "s3://$in" >"$dir/listed"
	RECORD_OPTIONS=--failed ROUTE_OPTIONS="--require-version" process <"$dir/listed"
	assert_eq "$(jq -r .failed.code <<<"$out" | sort -u)" VersionRequired
	audit "s3://$in"
	assert_eq "$status $(missing | wc -l)" '1 2'
	process <"$dir/listed"
	arrives a new
	audit "s3://$in"
	assert_eq "$status $err$(missing)" '1 a: it is not in the ledger'
}

@test "a pipeline that was killed: exactly what it has not done is missing" {
	s3c putmany "$in" k 60 9
	s3ls "s3://$in" >"$dir/listed"
	ROUTE_OPTIONS='-j 1' RECORD_OPTIONS='-j 1' setsid "$tests/../pipelines/process" -r <"$dir/listed" >"$dir/done" 3>&- &
	pid=$!
	wait_until has_begun
	kill -KILL -- -$pid
	wait $pid 2>/dev/null || :
	ddb-list --consistent | jq -r .key | sort >"$dir/recorded"
	audit "s3://$in"
	[ "$(wc -l <"$dir/recorded")" -gt 5 ] && [ -n "$out" ]
	assert_eq "$(jq -r .key <<<"$out" | sort)" "$(s3c ls "$in" | jq -r '.[].key' | sort | comm -23 - "$dir/recorded")"
	process <"$dir/missing"
	audit "s3://$in"
	assert_eq "$status $err$out" '0 '
}

has_begun() {
	[ "$(wc -l <"$dir/done")" -gt 5 ]
}

@test "where versions have replaced each other the last is expected; copies in other stores are not looked for, and that is said" {
	export ROUTE_OPTIONS='-c replace'
	for i in 1 2; do
		arrives a "version $i"
		process < <(s3ls "s3://$in")
	done
	audit "s3://$in"
	assert_eq "$status $err$(missing)" '0 '
	# The first came back, so that the second is not there.
	s3c put "$to" a <<<'version 1' >/dev/null
	audit "s3://$in"
	assert_eq "$status $err$(missing)" "1 a: $to/a is something else"
	# Others' copies in one place are not versions.
	ROUTE_OPTIONS='-c replace -t {base}'
	for key in x/b y/b; do
		arrives $key $key
		process < <(s3ls "s3://$in/$key")
	done
	audit "s3://$in/x" "s3://$in/y"
	assert_eq "$status $err$(missing)" "1 x/b: $to/b is something else"
	jq -cn --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -c --arg t "$table" '.Items[] | select(.key.S == "x/b") | {TableName: $t, Item: (.endpoint = {S: "https://far"})}' | ddbc PutItem >/dev/null
	audit "s3://$in/x" "s3://$in/y"
	assert_eq "$status $err$(missing)" $'0 audit: copies in other stores were not looked for: 1\n'
}

@test "in a bucket with versions each of them has arrived; --current looks at the present ones" {
	s3c versioning "$in" on
	for text in one two one; do arrives a "$text"; done
	arrives b b && arrives c c && s3c rm "$in" c
	s3ls --versions "s3://$in" | jq -c 'select(.key == "a")' | head -n 1 >"$dir/listed"
	process <"$dir/listed"
	audit "s3://$in"
	# Of equal bytes, too, each version is one of its own.
	assert_eq "$status $err$(jq -r '[.key, .version] | join(" ")' <<<"$out" | sort)" "1 $(s3ls --versions "s3://$in" |
		jq -r '[.key, .version] | join(" ")' | grep -vF -e "$(jq -r .version "$dir/listed")" | sort)"
	assert_eq "$(wc -l <"$dir/missing")" 4
	audit --current "s3://$in"
	assert_eq "$status $err$(missing)" '1 b: it is not in the ledger'
	audit "s3://$in"
	process <"$dir/missing"
	assert_eq "$status $err$(jq -r .route.to <<<"$out" | sort -u)" '0 processed'
	audit "s3://$in"
	assert_eq "$status $err$out" '0 '
	# A list without versions stands for all that have its bytes.
	arrives d d
	s3ls "s3://$in/d" | process >/dev/null
	audit "s3://$in"
	assert_eq "$status $err$out" '0 '
}

@test "what -c replace has left because of a newer version is decided" {
	s3c versioning "$in" on
	for text in one two; do arrives a "$text"; done
	s3ls --versions "s3://$in" >"$dir/listed"
	export ROUTE_OPTIONS='-c replace'
	# The newer one first, as it is listed: side by side it may be the other way round.
	for wanted in '1 processed' '2 PreconditionFailed'; do
		process < <(sed -n "${wanted%% *}p" "$dir/listed")
		assert_eq "$status $(jq -r '.gone.code // .route.to' <<<"$out")" "0 ${wanted#* }"
	done
	audit "s3://$in"
	assert_eq "$status $err$out" '0 '
}

@test "where versions cannot be listed the present objects are, and that is said" {
	arrives a a
	stub "[{\"match\": {\"path\": \"[?&]versions\"}, \"reply\": {\"status\": 403, \"body\": \"<Error><Code>AccessDenied</Code><Message>no</Message></Error>\"}}, {\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL audit "s3://$in"
	assert_eq "$status $(missing)" '1 a: it is not in the ledger'
	assert_eq "$(tail -n 1 <<<"${err%$'\n'}")" 'audit: versions cannot be listed, so older ones were not looked for'
}

@test "an item that cannot be read is named, and hides nothing of the others" {
	arrives a a && arrives b b && arrives c c
	s3ls "s3://$in/a" "s3://$in/c" | process >/dev/null
	s3c rm "$to" c
	jq -n --arg t "$table" '{TableName: $t, Item: {object: {S: "x/y"}, seq: {S: "0"}}}' | ddbc PutItem >/dev/null
	audit "s3://$in"
	assert_eq "$status $(missing)" "65 b: it is not in the ledger
c: $to/c is not there"
	[[ $err == *'x/y: no record: '* ]]
}

@test "an explanation that is not there is missing, and comes back" {
	arrives a $'\xff' && arrives b $'\xff'
	s3ls "s3://$in" | process >/dev/null
	s3c rm "$bad" a.why.json && s3c rm "$bad" b && s3c rm "$bad" b.why.json
	audit "s3://$in"
	assert_eq "$status $err$(missing)" "1 a: $bad/a.why.json is not there
b: $bad/b is not there"
	process <"$dir/missing"
	assert_eq "$status" 0
	audit "s3://$in" "s3://$in/a"
	assert_eq "$status $err$out" '0 '
}

@test "lists that overlap name nothing twice; files of the environment are found where it says" {
	arrives a a
	printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >"$dir/keys"
	cd "$dir"
	mkdir work
	run3 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_SHARED_CREDENTIALS_FILE=keys TMPDIR=work "$tests/../pipelines/audit" "s3://$in" "s3://$in/a"
	assert_eq "$status $err$(missing)$(ls work)" '1 a: it is not in the ledger'
}

@test "a list that cannot be read is no list without gaps" {
	audit "s3://$in-none"
	[ "$status" -ge 64 ]
	assert_eq "$out" ''
	RECORD_TABLE=none audit "s3://$in"
	assert_eq "$status $out" '69 '
	arrives a a
	s3ls "s3://$in" | process >/dev/null
	stub "[{\"match\": {\"path\": \"^/$to/\"}, \"reply\": {\"status\": 403, \"body\": \"<Error><Code>AccessDenied</Code><Message>no</Message></Error>\"}}, {\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL audit "s3://$in"
	[ "$status" -ge 64 ]
	assert_eq "$out" ''
	audit
	assert_eq "$status $err" $'64 audit: nothing to audit: give s3://BUCKET/PREFIX\n'
}

@test "an access point may stand for the bucket; others whose names begin alike are not audited" {
	arn=arn:aws:s3:us-east-1:123456789012:accesspoint
	# Names below localhost are known to libcurl, which asks nobody.
	stub "[{\"match\": {\"path\": \"[?&]versions\", \"header\": {\"host\": \"^point-123456789012\\\\.localhost:\"}}, \"reply\": {\"body\":
		\"<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>in/a</Key><VersionId>null</VersionId><ETag>e</ETag><Size>1</Size></Version><Version><Key>in/b</Key><VersionId>null</VersionId><ETag>e</ETag><Size>1</Size></Version></ListVersionsResult>\"}},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/localhost} AWS_REGION=us-east-1
	for object in point/in/a point2/in/a point/other; do
		jq -nc --arg object "$object" --arg arn "$arn" --arg to "$to" '{bucket: ($arn + "/" + ($object | split("/")[0])), key: $object | sub("^[^/]*/"; ""), etag: "e",
			route: {to: "processed", bucket: $to, key: $object}}'
	done | ddb-record >/dev/null
	for list in point/in/ point/in; do
		audit "s3://$arn/$list"
		assert_eq "$list $status $err$(missing)" "$list 1 in/a: $to/point/in/a is not there
in/b: it is not in the ledger"
	done
	s3c put "$to" point/in/a <<<a >/dev/null
	audit "s3://$arn/point"
	assert_eq "$status $err$(missing)" "1 in/b: it is not in the ledger
other: $to/point/other is not there"
}
