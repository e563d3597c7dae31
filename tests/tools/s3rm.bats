#!/usr/bin/env bats
# s3rm: deletes what has a copy, and nothing else. See also topics/failure.bats.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"

setup() {
	export AWS_MAX_ATTEMPTS=2
}

# Uploads "hello" to a bucket, and its copy to $to; prints the record of both.
moved() { # BUCKET KEY
	local version
	version=$(echo hello | s3c put "$1" "$2" | jq -r '.version // empty')
	echo hello | s3c put "$to" "$2" >/dev/null
	record bucket="$1" key="$2" etag=$hello size=6 ${version:+"version=$version"} \
		route:="$(jq -cn --arg bucket "$to" --arg key "$2" --arg etag $hello '{to: "processed", $bucket, $key, $etag}')"
}

keys() { # BUCKET
	s3c ls "$1" | jq -r '.[].key'
}

# Nothing is deleted: failed as NotSafe, for a reason.
refused() { # RECORD REASON OPTION...
	run3 s3rm "${@:3}" <<<"$1"
	assert_eq "$status $(jq -r '.failed | .by + " " + .code + " " + (.retry | tostring)' <<<"$out")" '75 s3rm NotSafe false'
	assert_json '.rm | not'
	[[ $err == "s3rm: $(jq -r '.bucket + "/" + .key' <<<"$1"): NotSafe: "*"$2"*$'\n' ]]
}

@test "what has a copy is deleted" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" 'a b/é+%"')
	moved "$in" stays >/dev/null
	run3 s3rm <<<"$line"
	assert_eq "$status $out$err" "0 ${line%\}},"$'"rm":{"status":"removed"}}\n'
	assert_eq "$(keys "$in") $(keys "$to" | wc -l)" 'stays 2'
	# Once more is no mistake.
	run3 s3rm <<<"$line"
	assert_eq "$status $out$err" "0 ${line%\}},"$'"rm":{"status":"gone"}}\n'
}

@test "exactly the announced version is deleted" {
	new_bucket in
	new_bucket to
	s3c versioning "$in" on
	line=$(moved "$in" k)
	second=$(echo second | s3c put "$in" k | jq -r .version)
	run3 s3rm <<<"$line"
	assert_eq "$status $(jq -r .rm.status <<<"$out")" '0 removed'
	run3 s3c get "$in" k -v"$(jq -r .version <<<"$line")"
	assert_eq "$status" 1
	assert_eq "$(s3c get "$in" k) $(s3c get "$in" k -v"$second")" 'second second'
}

@test "what was overwritten since is not deleted" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	echo successor | s3c put "$in" k >/dev/null
	run3 s3rm <<<"$line"
	assert_eq "$status $err$(jq -r .rm.status <<<"$out")" '0 gone'
	assert_eq "$(s3c get "$in" k)" successor
}

@test "a version called null may have been overwritten since: it is not deleted" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k | jq -cS '.version = "null"')
	echo successor | s3c put "$in" k >/dev/null
	run3 s3rm <<<"$line"
	assert_eq "$status $err$(jq -r .rm.status <<<"$out") $(s3c get "$in" k)" '0 gone successor'
	refused "$(jq -cS 'del(.etag)' <<<"$line")" 'neither version nor ETag'
	echo hello | s3c put "$in" k >/dev/null
	run3 s3rm <<<"$line"
	assert_eq "$status $err$(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "what was not copied is not deleted" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	refused "$(jq -cS 'del(.route)' <<<"$line")" 'no copy'
	for part in bucket key; do
		refused "$(jq -cS "del(.route.$part)" <<<"$line")" 'no copy'
	done
	refused "$(jq -cS "del(.route.etag)" <<<"$line")" 'gives copies no ETag'
	refused "$(jq -cS ".route.unguarded = true" <<<"$line")" 'lets others overwrite the copy'
	refused "$(jq -cS '.route = {} | .bad = {by: "me"}' <<<"$line")" 'no copy'
	refused "$(jq -cS 'del(.etag)' <<<"$line")" 'neither version nor ETag'
	# What is empty pins nothing.
	refused "$(jq -cS '.etag = "" | .version = ""' <<<"$line")" 'neither version nor ETag'
	refused "$(jq -cS '.route.etag = ""' <<<"$line")" 'gives copies no ETag'
	assert_eq "$(keys "$in")" k
}

@test "a copy that is the object itself is none" {
	new_bucket to
	line=$(moved "$to" k)
	run3 s3rm <<<"$line"
	assert_eq "$status $(keys "$to")" '75 k'
}

@test "a bad object with a copy is deleted" {
	new_bucket in
	new_bucket to
	run3 s3rm < <(moved "$in" k | jq -cS '.bad = {by: "me", reason: "no"} | .route.to = "bad-data"')
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "what a processor made of an object counts as its copy" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	etag=$(echo made of it | s3c put "$to" k | jq -r .etag)
	run3 s3rm <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(keys "$in")" '75 CopyMissing k'
	run3 s3rm < <(jq -cS --arg etag "$etag" '.route.etag = $etag' <<<"$line")
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "a copy that is missing or another object: failed, nothing is deleted" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	echo other | s3c put "$to" other >/dev/null
	run3 s3rm -k < <(jq -c '(.route.key = "none"), (.route.key = "other"), (.route.bucket += "-none")' <<<"$line")
	assert_eq "$status $(jq -r .failed.code <<<"$out" | tr '\n' ' ')" '75 CopyMissing CopyMissing CopyMissing '
	[[ $err == "s3rm: $in/k: CopyMissing: "* ]]
	assert_eq "$(keys "$in")" k
}

@test "-r deletes only what was recorded" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	for option in -r --recorded; do
		refused "$line" 'not recorded' $option
		refused "$(jq -cS '.record = {table: "t"}' <<<"$line")" 'not recorded' $option
	done
	assert_eq "$(keys "$in")" k
	run3 s3rm -r < <(jq -cS '.record = {table: "t", status: "written"}' <<<"$line")
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "no permission: failed, nothing is deleted" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	AWS_ACCESS_KEY_ID=$S3_SECOND_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECOND_SECRET_ACCESS_KEY run3 s3rm <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(keys "$in")" '75 AccessDenied k'
	# The copy can be seen, the source not be deleted.
	stub "[{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 403, \"body\": \"<Error><Code>AccessDenied</Code></Error>\"}},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(keys "$in")" '75 AccessDenied k'
	[[ $err == *s3:DeleteObject* ]]
}

@test "what goes over the wire is pinned: the copy, the source, and the delete" {
	stub '[{"match": {"method": "DELETE"}, "reply": {"status": 204}}, {"match": {"path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$hello'\""}}},
		{"reply": {"headers": {"ETag": "\"E\""}}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	route='{"bucket":"to","key":"x y","etag":"'$hello'"}'
	run3 s3rm -j 1 < <(
		record bucket=in key='a b' etag=E route:="$route"
		record bucket=in key=v version='1+2' etag=E route:="$route"
		record bucket=in key=n version=null etag=E route:="$route"
	)
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r '[.method, .target, .headers["if-match"]] | tostring' "$STUB_LOG")" '["HEAD","/to/x%20y","\"'$hello'\""]
["HEAD","/in/a%20b","\"E\""]
["DELETE","/in/a%20b","\"E\""]
["HEAD","/to/x%20y","\"'$hello'\""]
["DELETE","/in/v?versionId=1%2B2",null]
["HEAD","/to/x%20y","\"'$hello'\""]
["HEAD","/in/n?versionId=null","\"E\""]
["DELETE","/in/n?versionId=null","\"E\""]'
}

@test "a version too long for a URL is not taken for none" {
	stub '[{"reply": {"status": 200, "headers": {"ETag": "\"E\""}}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm <<<"$(record bucket=in key=k version="$(printf v%.0s {1..9000})" \
		route:='{"to":"processed","bucket":"to","key":"k","etag":"E"}')"
	assert_eq "$status$out $err" $'65 s3rm: line 1: a version with blanks, quotes or control characters, or longer than 1024\n'
	assert_eq "$(cat "$STUB_LOG")" ''
}

@test "a look that shows another object does not lead to a delete, whatever the server does with If-Match" {
	stub '[{"match": {"method": "DELETE"}, "reply": {"status": 204}},
		{"match": {"path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$hello'\""}}},
		{"reply": {"headers": {"ETag": "\"0123456789abcdef0123456789abcdef\""}}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm < <(record bucket=in key=k etag=$hello \
		route:='{"bucket":"to","key":"k","etag":"'$hello'"}')
	assert_eq "$(grep -c DELETE "$STUB_LOG")" 0
}

@test "what a proxy says of a delete is not believed, nor a 200 with an error in it" {
	while read -r wanted reply; do
		stub '[{"match": {"method": "DELETE"}, "reply": '"$reply"'}, {"match": {"path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$hello'\""}}},
			{"reply": {"headers": {"ETag": "\"E\""}}}]'
		for version in null 'V1'; do
			AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm < <(record bucket=in key=k version=$version etag=E \
				route:='{"bucket":"to","key":"k","etag":"'$hello'"}')
			assert_eq "$reply $(jq -r '.rm.status // .failed.code' <<<"$out")" "$reply $wanted"
		done
	done <<-'END'
		UnexpectedAnswer {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html><p>Log in</html>"}
		UnexpectedAnswer {"status": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}
		InternalError {"status": 200, "body": "<Error><Code>InternalError</Code><Message>x</Message></Error>"}
		removed {"status": 200, "body": ""}
		removed {"status": 204, "headers": {"Content-Type": "text/html"}, "body": ""}
		removed {"status": 200, "headers": {"x-amz-request-id": "R", "Content-Type": "text/plain"}, "body": "deleted"}
	END
}

@test "a delete whose answer was lost is made again" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	stub "[{\"match\": {\"method\": \"DELETE\"}, \"times\": 1, \"loseAnswer\": true, \"upstream\": \"$AWS_ENDPOINT_URL_S3\"},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm <<<"$line"
	assert_eq "$status $err$(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "a source whose server says that it was written later than now is not waited for for ever" {
	stub '[{"match": {"method": "HEAD", "path": "^/copies/"}, "reply": {"headers": {"ETag": "\"e\""}}},
		{"match": {"method": "HEAD"}, "reply": {"headers": {"ETag": "\"e\"", "Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT"}}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3rm < <(record bucket=in key=k etag=e 'route:={"to":"processed","bucket":"copies","key":"k","etag":"e"}')
	assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ') $(grep -c DELETE "$STUB_LOG")" '75 OddServer true  0'
}

@test "-n says what would be done, and deletes nothing" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k)
	for option in -n --dry-run; do
		run3 s3rm $option <<<"$line"
		assert_eq "$status $out$err" "0 ${line%\}},"$'"rm":{"status":"removed","dry":true}}\n'
		assert_eq "$(keys "$in")" k
	done
	# The copy is looked at, and the object.
	run3 s3rm -n < <(jq -cS '.route.key = "none"' <<<"$line")
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 CopyMissing'
	echo successor | s3c put "$in" k >/dev/null
	run3 s3rm -n <<<"$line"
	assert_eq "$status $err$(jq -c .rm <<<"$out") $(keys "$in")" '0 {"status":"gone","dry":true} k'
	# So it is with versions.
	s3c versioning "$in" on
	line=$(moved "$in" v)
	run3 s3rm -n <<<"$line"
	assert_eq "$status $err$(jq -c .rm <<<"$out") $(keys "$in")" $'0 {"status":"removed","dry":true} k\nv'
}

@test "what other filters only would have done is not enough, but in a dry run" {
	new_bucket in
	new_bucket to
	line=$(moved "$in" k | jq -cS '.record = {table: "t", status: "written"}')
	routed=$(jq -cS '.route = {to: "processed", bucket: .route.bucket, key: "none", dry: true}' <<<"$line")
	recorded=$(jq -cS '.record.dry = true' <<<"$line")
	refused "$routed" 'no copy'
	refused "$recorded" 'not recorded' -r
	assert_eq "$(keys "$in")" k
	run3 s3rm -n -r <<<"$routed"$'\n'"$recorded"
	assert_eq "$status $err$(jq -c .rm <<<"$out" | uniq)" '0 {"status":"removed","dry":true}'
	run3 s3rm -r < <(jq -cS '.route.dry = false | .record.dry = false' <<<"$recorded")
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "a copy that others may overwrite is none because the ledger has it" {
	new_places
	etag=$(echo hello | s3c put "$in" k | jq -r .etag)
	line=$(record bucket="$in" key=k etag="$etag" size=6 sequencer=01 time="$(date -u +%FT%TZ)")
	for by in null ledger; do
		run3 eval 's3route -p "$to" -b "$bad" --copy=server --once="$table" <<<"$line" | ddb-record -t "$table"'
		assert_eq "$status $(jq -c '[.route.by // "null", .route.unguarded]' <<<"$out")" "0 [\"$by\",true]"
		routed=${out%$'\n'}
		refused "$routed" 'others overwrite the copy' -r
	done
	run3 s3rm -r --unguarded <<<"$routed"
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "a source whose copy was recorded and taken away is deleted with -r alone, and pinned" {
	new_places
	etag=$(echo hello | s3c put "$in" k | jq -r .etag)
	line=$(record bucket="$in" key=k etag="$etag" size=6 sequencer=01 time="$(date -u +%FT%TZ)")
	route() {
		s3route -p "$to" -b "$bad" --once="$table" <<<"$line" | ddb-record -t "$table"
	}
	run3 route
	s3c empty "$to"
	run3 route
	assert_eq "$status $(jq -r .route.by <<<"$out")" '0 ledger'
	routed=${out%$'\n'}
	refused "$routed" 'the ledger has it: not deleted, but see --recorded'
	refused "$(jq -cS '.record.status = "written"' <<<"$routed")" 'the ledger does not have its copy any more' -r
	refused "$(jq -cS 'del(.record)' <<<"$routed")" 'it was not recorded' -r
	refused "$(jq -cS 'del(.etag)' <<<"$routed")" 'neither version nor ETag' -r
	run3 s3rm -r -n <<<"$routed"
	assert_eq "$status $(jq -c .rm <<<"$out") $(keys "$in")" '0 {"status":"removed","dry":true} k'
	echo other | s3c put "$in" k >/dev/null
	run3 s3rm -r <<<"$routed"
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(s3c get "$in" k)" '0 gone other'
	echo hello | s3c put "$in" k >/dev/null
	run3 s3rm -r < <(jq -c --arg now "$(date -u +%FT%TZ)" '.time = $now' <<<"$routed")
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}

@test "what was put again with the same bytes is not deleted because the ledger has the first" {
	new_places
	etag=$(echo hello | s3c put "$in" k | jq -r .etag)
	line=$(record bucket="$in" key=k etag="$etag" size=6 sequencer=01 time="$(date -u -d '1 minute ago' +%FT%TZ)" \
		route:="{\"to\":\"processed\",\"bucket\":\"$to\",\"key\":\"k\",\"already\":true,\"by\":\"ledger\"}" \
		record:='{"table":"t","status":"repeated"}')
	for options in -rn -r; do
		run3 s3rm $options <<<"$line"
		assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 gone k'
	done
	run3 s3rm -r <<<"$(jq -cS 'del(.time) | .modified = "2026-01-01T00:00:00.000Z"' <<<"$line")"
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 gone k'
	# Where tags make it look like that, one says so.
	run3 s3rm -r --no-modified <<<"$line"
	assert_eq "$status $(jq -r .rm.status <<<"$out") $(keys "$in")" '0 removed '
}
