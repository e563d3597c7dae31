#!/usr/bin/env bats
# s3route: against a real RGW, and against servers that do what RGW never does.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
other=0123456789abcdef0123456789abcdef
# A server that keeps the condition of PutObject.
keeps_put='{"match": {"method": "PUT", "path": "s3ev-probe"}, "times": 1, "reply": {"headers": {"ETag": "\"p\""}}},
	{"match": {"method": "PUT", "path": "s3ev-probe"}, "reply": {"status": 412, "body": "<Error><Code>PreconditionFailed</Code></Error>"}},
	{"match": {"method": "DELETE", "path": "s3ev-probe"}, "reply": {"status": 204}}'
# What a server says to a HEAD of the source.
source_there='{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"}}}'
source_once=${source_there/\{/\{\"times\": 1, }
source_overwritten=${source_there/$hello/$other}
target_missing='{"match": {"method": "HEAD"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}'
# The same, and what it says once the copy is made, whose ETag is another.
target_made='{"times": 1, "match": {"method": "HEAD", "path": "^/to/"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}},
	{"match": {"method": "HEAD", "path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$other'\"", "Content-Length": "6"}}}'
copied='{"match": {"method": "PUT"}, "reply": {"body": "<CopyObjectResult><ETag>&quot;'$hello'&quot;</ETag></CopyObjectResult>"}}'

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
}

# Makes the buckets in, to and bad.
buckets() {
	local name
	for name in in to bad; do
		printf -v "$name" '%s-%04x%04x%04x' $name $RANDOM $RANDOM $RANDOM
		s3c mb "${!name}" &
	done 3>&-
	wait
}

# Uploads stdin and prints its record.
upload() { # KEY
	cat >"$dir/object"
	record bucket="$in" key="$1" size="$(wc -c <"$dir/object")" \
		etag="$(s3c put "$in" -- "$1" "$dir/object" | jq -r .etag)" sequencer=0055AED6DCD90281E5
}

# Runs s3route on the records.
route() { # RECORDS OPTION...
	run3 s3route -k -p "$to" -b "$bad" "${@:2}" <<<"$1"
}

# Runs s3route against a stub with these rules.
scripted() { # RULES RECORD OPTION...
	stub "$1"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3route -p to -b bad "${@:3}" <<<"$2"
}

# What was asked of the stub: METHOD PATH, one a line.
asked() {
	jq -r '.method + " " + .target' "$STUB_LOG"
}

keys() { # BUCKET
	s3c ls "$1" | jq -r '.[].key'
}

@test "good objects are copied to processed, bad ones to bad data, under their keys" {
	buckets
	good=$(echo hello | upload dir/good.csv)
	ugly=$(echo bad | upload dir/bad.csv | jq -cS '.bad = {by: "me", reason: "no"}')
	route "$good"$'\n'"$ugly"
	assert_eq "$status $err" '0 '
	assert_eq "$out" "${good%\}},"'"route":{"to":"processed","bucket":"'"$to"'","key":"dir/good.csv","etag":"'$hello'"}}
'"${ugly%\}},"'"route":{"to":"bad-data","bucket":"'"$bad"'","key":"dir/bad.csv","etag":"'"$(jq -r .etag <<<"$ugly")"$'","why":"dir/bad.csv.why.json"}}\n'
	assert_eq "$(s3c get "$to" dir/good.csv) $(keys "$to")" 'hello dir/good.csv'
	assert_eq "$(s3c get "$bad" dir/bad.csv) $(keys "$bad")" $'bad dir/bad.csv\ndir/bad.csv.why.json'
	assert_eq "$(keys "$in")" $'dir/bad.csv\ndir/good.csv'
}

@test "of an object that is named and no more, what was looked at is copied, or nothing" {
	buckets
	for look in 's3check --utf8' "s3fetch -d $dir"; do
		echo hello | s3c put "$in" k >/dev/null
		seen=$($look <<<"$(record bucket="$in" key=k)")
		echo another | s3c put "$in" k >/dev/null
		route "$seen"
		assert_eq "$status $(jq -c '[.failed.code, .failed.retry]' <<<"$out") $(keys "$to")" '75 ["PreconditionFailed",true] '
		route "$(jq -cS '.size = 6' <<<"$seen")"
		assert_eq "$status $(jq -r .gone.code <<<"$out") $(keys "$to")" '0 PreconditionFailed '
	done
	route "$($look <<<"$(record bucket="$in" key=k)")"
	assert_eq "$status $err$(s3c get "$to" k)" '0 another'
}

@test "metadata and content type are copied, an empty object too" {
	buckets
	: >"$dir/empty"
	s3c put "$in" e "$dir/empty" -H 'Content-Type: text/x' -H 'x-amz-meta-colour: blue' >/dev/null
	route "$(record bucket="$in" key=e size=0 etag=d41d8cd98f00b204e9800998ecf8427e)"
	assert_eq "$status $err" '0 '
	assert_json '.headers | ."content-type" == "text/x" and ."x-amz-meta-colour" == "blue" and ."content-length" == "0"' \
		"$(s3c head "$to" e)"
}

@test "buckets come from options, else from the environment" {
	buckets
	echo hello | upload a >"$dir/a"
	echo hello | upload b | jq -cS '.bad = {by: "me", reason: "no"}' >"$dir/b"
	PROCESSED_BUCKET=$to BAD_DATA_BUCKET=nowhere run3 s3route -b "$bad" < <(cat "$dir/a" "$dir/b")
	assert_eq "$status $err" '0 '
	PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad run3 s3route <"$dir/a"
	assert_eq "$status $err" '0 '
	assert_eq "$(keys "$to") $(keys "$bad")" $'a b\nb.why.json'
}

@test "both buckets are needed: 78 and one line before anything is read" {
	unset PROCESSED_BUCKET BAD_DATA_BUCKET
	for command in s3route 's3route -b b' 's3route -p p' 'env PROCESSED_BUCKET= s3route -b b'; do
		run3 $command <<<nonsense
		assert_eq "$status $out" '78 '
		assert_eq "$(wc -l <<<"$err")" 2
	done
	run3 s3route -p p <<<nonsense
	assert_eq "$err" $'s3route: no bucket for bad data: give -b or set BAD_DATA_BUCKET\n'
	for command in 's3route -b b -p in/sub' 's3route -p p -b in?b' 's3route -b b -p s3://in' 's3route -b b -p arn:aws:s3:::in/sub'; do
		run3 $command <<<nonsense
		assert_eq "$status $out$err" "78 s3route: not the name of a bucket, which is given alone: ${command##* }"$'\n'
	done
	run3 s3route -p in -b in <<<nonsense
	assert_eq "$status $out$err" $'78 s3route: good and bad objects would go to the same bucket; see --bad-template: in\n'
}

@test "odd keys arrive as they are" {
	buckets
	keys=(
		' a  b+c%20d%2Fe&f=g' $'quo"te\'s <xml> \\ `$' $'new\nline\r\ttab\n' 'é 日本 😀' .. ../../up a/../b
		// /lead trail/ '?versionId=1#;,:@!*()~[]{}|^' -dash '{key}' "$(printf 'k%.0s' {1..1024})"
		"$(printf '/%.0s' {1..1024})" "$(printf 'é%.0s' {1..512})"
	)
	for i in "${!keys[@]}"; do
		echo "$i" | upload "${keys[i]}"
	done >"$dir/in"
	route "$(cat "$dir/in")"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -c '[.route.key, .route.already]' <<<"$out")" \
		"$(jq -cn '$ARGS.positional[] | [., null]' --args -- "${keys[@]}")"
	assert_eq "$(s3c ls "$to" | jq -c 'map([.key, .etag]) | sort')" "$(s3c ls "$in" | jq -c 'map([.key, .etag]) | sort')"
	route "$(cat "$dir/in")"
	assert_eq "$status $err" '0 '
	assert_json '.route.already == true'
}

@test "-t gives each object a key made of its parts" {
	buckets
	line=$(echo hello | upload 'in/2026 x/a.tar.gz' | jq -cS '.id = "ID"')
	while read -r template key; do
		route "$line" -t "$template"
		assert_eq "$template $status $err" "$template 0 "
		assert_eq "$template $(jq -r .route.key <<<"$out")" "$template $key"
	done <<-TABLE
		{key} in/2026 x/a.tar.gz
		x{dir}y xin/2026 x/y
		{base} a.tar.gz
		{stem} a.tar
		1{ext}2 1.gz2
		{dir}{stem}{ext} in/2026 x/a.tar.gz
		b/{bucket} b/$in
		{version}/{sequencer}/{id} null/0055AED6DCD90281E5/ID
		{yyyy}/{mm}/{dd}/{hh} 2026/11/23/05
		{{{{{id}}} {{ID}}
		../{base} ../a.tar.gz
		/{base}/ /a.tar.gz/
		é+%20 é+%20
	TABLE
	s3c head "$to" 2026/11/23/05 >/dev/null
}

@test "a part that the record lacks fails it, unless the template says what to write" {
	buckets
	line=$(echo hello | upload a.csv | jq -cS 'del(.time)')
	route "$line" -t '{yyyy}/{base}'
	assert_eq "$status $(jq -r '.failed | [.code, .message] | join(": ")' <<<"$out")" \
		'75 InvalidTemplate: the record has no time; {yyyy|TEXT} says what to write then'
	assert_eq "$(keys "$to")" ''
	route "$line" -t '{yyyy|unknown}/{mm|}{base}'
	assert_eq "$status $err$(jq -r .route.key <<<"$out")" '0 unknown/a.csv'
	run3 s3route -p p -b b -t '{year|unknown}' <<<"$line"
	assert_eq "$status $out$err" '64 s3route: {year} is not a part of a record: {year|unknown}'$'\n'
}

@test "--bad-template is for bad data alone" {
	buckets
	good=$(echo hello | upload a.csv)
	ugly=$(echo bad | upload b.csv | jq -cS '.bad = {by: "me", reason: "no"}')
	route "$good"$'\n'"$ugly" -t '{stem}.jsonl' --bad-template 'bad/{key}'
	assert_eq "$status $err" '0 '
	assert_eq "$(keys "$to") $(keys "$bad")" $'a.jsonl bad/b.csv\nbad/b.csv.why.json'
	run3 s3route -p p -b b --bad-template '{kee}' <<<"$good"
	assert_eq "$status" 64
}

@test "--acl goes with everything that is written, and only canned names are taken" {
	line=$(record bucket=in key=k etag=$hello size=6)
	echo hello >"$dir/hello"
	head -c 6000000 /dev/zero >"$dir/large"
	output=$(record bucket=in key=o etag=$hello size=6 | jq -cS --arg path "$dir/hello" '.output = {$path}')
	large=$(record bucket=in key=l etag=$hello size=6 | jq -cS --arg path "$dir/large" '.output = {$path}')
	scripted '[{"match": {"method": "POST", "target": "uploads="}, "reply": {"body": "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"}},
		{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "<CopyObjectResult><ETag>\"'$hello'\"</ETag></CopyObjectResult>"}},
		{"match": {"method": "HEAD", "path": "^/in/"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"}}},
		{"reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}}]' \
		"$line"$'\n'"$output"$'\n'"$large"$'\n'"$(jq -cS '.bad = {by: "me", reason: "no"}' <<<"$line")" --acl bucket-owner-full-control --part-size 5M
	assert_eq "$(jq -r 'select(.method == "PUT" and (.target | test("partNumber|probe") | not) or (.target | test("uploads=$"))) |
		select(.method != "GET") | [.headers["x-amz-acl"], (.target | split("?")[0])] | join(" ")' "$STUB_LOG" | sort -u)" \
		$'bucket-owner-full-control /bad/k\nbucket-owner-full-control /bad/k.why.json\nbucket-owner-full-control /to/k\nbucket-owner-full-control /to/l\nbucket-owner-full-control /to/o'
	for acl in owner '' public-READ $'private\r\nx: y'; do
		run3 s3route -p to -b bad --acl "$acl" <<<"$line"
		assert_eq "$acl $status" "$acl 64"
	done
}

@test "a key of which the template leaves nothing is no key: failed" {
	buckets
	route "$(echo hello | upload noext)" -t '{ext}'
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 InvalidKey'
	assert_eq "$(keys "$to")" ''
}

@test "a key never gets longer than 1024 bytes, nor ends inside a character, and stays unique" {
	buckets
	long=$(printf 'é%.0s' {1..511})
	{
		echo one | upload "${long}1"
		echo two | upload "${long}2"
	} >"$dir/in"
	route "$(cat "$dir/in")" -t 'more/{key}'
	assert_eq "$status $err" '0 '
	jq -r .route.key <<<"$out" >"$dir/keys"
	assert_json '.route.key | utf8bytelength <= 1024 and utf8bytelength > 1020 and startswith("more/éé")'
	while read -r id key; do
		[[ $key == *"~$id" ]]
	done < <(jq -r '.id + " " + .route.key' <<<"$out")
	iconv -f UTF-8 -t UTF-8 <"$dir/keys" >/dev/null
	assert_eq "$(sort -u "$dir/keys" | wc -l)" 2
	assert_eq "$(keys "$to")" "$(sort "$dir/keys")"
	first=$out
	route "$(cat "$dir/in")" -t 'more/{key}'
	assert_eq "$(jq -c 'del(.route.already)' <<<"$out")" "$(jq -c . <<<"$first")"

	# A second name for a key of full length has to be cut, too.
	echo three | s3c put "$to" "${long}1" >/dev/null
	route "$(head -n 1 "$dir/in")"
	key=$(jq -r .route.key <<<"$out")
	[[ $(LC_ALL=C; echo ${#key}) -le 1024 && $key == *"~$(jq -r .id <<<"$out")" ]]
	assert_eq "$(s3c get "$to" "$key")" one
}

@test "done again it is 'already', and nothing is written" {
	buckets
	line=$(echo hello | upload k.csv)
	route "$line"
	first=$out
	before=$(s3c head "$to" k.csv)
	route "$line"
	assert_eq "$status $err" '0 '
	assert_eq "$out" "${first%'}}'?}"$',"already":true}}\n'
	assert_eq "$(s3c head "$to" k.csv | jq '.headers["last-modified"]')" "$(jq '.headers["last-modified"]' <<<"$before")"
	assert_eq "$(keys "$to")" k.csv
}

@test "a collision keeps both: the second gets a name made from its id, always the same" {
	buckets
	one=$(echo one | upload a/same.csv)
	two=$(echo two!! | upload b/same.csv)
	three=$(echo three | upload c/same.csv)
	for _ in 1 2 3; do
		route "$one"$'\n'"$two"$'\n'"$three" -j 1 -t '{base}'
		assert_eq "$status $err" '0 '
		assert_eq "$(jq -r .route.key <<<"$out")" "same.csv
same~$(jq -r .id <<<"$two").csv
same~$(jq -r .id <<<"$three").csv"
	done
	assert_json '.route.already'
	assert_eq "$(keys "$to" | wc -l)" 3
	for line in "$one same" "$two same~$(jq -r .id <<<"$two")" "$three same~$(jq -r .id <<<"$three")"; do
		assert_eq "$(s3c head "$to" "${line##* }.csv" | jq -r '.headers.etag | fromjson')" "$(jq -r .etag <<<"${line% *}")"
	done
}

@test "twelve objects with one name at the same instant are twelve, on a server that ignores conditions" {
	buckets
	for i in {a..l}; do
		echo "$i" | upload "$i/k"
	done >"$dir/in"
	route "$(<"$dir/in")" -j 12 -t '{base}'
	assert_eq "$status $err" '0 '
	assert_eq "$(keys "$to" | sort)" "$(jq -r .route.key <<<"$out" | sort -u)"
	assert_eq "$(keys "$to" | wc -l)" 12
	while read -r line; do
		assert_eq "$(s3c get "$to" "$(jq -r .route.key <<<"$line")")" "$(jq -r '.key[:1]' <<<"$line")"
	done <<<"${out%$'\n'}"
}

@test "what claims a key is neither the copy of an empty object nor replaced" {
	buckets
	: >"$dir/empty"
	s3c put "$to" e "$dir/empty" -H 'x-amz-meta-s3ev-claim: another' >/dev/null
	line=$(upload e </dev/null)
	route "$line"
	assert_eq "$status $(jq -r '"\(.route.key) \(.route.already)"' <<<"$out")" "0 e~$(jq -r .id <<<"$out") null"
	route "$line" -c replace
	assert_eq "$status $(jq -r '.failed | "\(.code) \(.retry)"' <<<"$out")" '75 Collision true'
	assert_json '.headers."x-amz-meta-s3ev-claim" == "another"' "$(s3c head "$to" e)"
	# Nor does s3rm take it for the copy.
	run3 s3rm <<<"$(jq -cS --arg to "$to" '.route = {to: "processed", bucket: $to, key: "e", etag: .etag}' <<<"$line")"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 CopyMissing'
	assert_eq "$(keys "$in")" e
}

@test "a copy that is there already is unguarded, too, where the server keeps no conditions, and s3rm keeps its source" {
	local -A probe targets
	there='{"match": {"method": "HEAD", "path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"VERSION}}}'
	targets=([there]=${there/VERSION/} [versioned]=${there/VERSION/, \"x-amz-version-id\": \"v\"})
	# What the stub answers to the probe itself is that it keeps none.
	probe=([none]="" [keeps_put]="$keeps_put," [refuses]='{"match": {"method": "PUT", "path": "s3ev-probe"}, "reply": {"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}},')
	versions='{"match": {"method": "GET", "path": "versions"}, "reply": {"body": "<ListVersionsResult><Version><Key>k</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><ETag>&quot;'$hello'&quot;</ETag></Version></ListVersionsResult>"}}'
	line=$(record bucket=in key=k etag=$hello size=6)
	while IFS='|' read -r server target options wanted deleted; do
		scripted "[${probe[$server]} $versions, $source_there, ${targets[$target]}, {\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" "$line" $options
		assert_eq "$server $target $options $status $(jq -c '[.route.already, .route.unguarded]' <<<"$out")" "$server $target $options 0 $wanted"
		AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3rm <<<"$out"
		assert_eq "$server $target $options $(jq -r '.rm.status // .failed.code' <<<"$out")" "$server $target $options $deleted"
		stop_servers
	done <<-'TABLE'
		none|there||[true,true]|NotSafe
		none|versioned||[true,true]|NotSafe
		keeps_put|versioned||[true,null]|removed
		none|versioned|--copy=server|[true,true]|NotSafe
		refuses|there||[true,true]|NotSafe
		keeps_put|there||[true,null]|removed
		keeps_put|there|--copy=server|[true,true]|NotSafe
	TABLE
}

@test "a server that a proxy speaks for is not tried out: failed, and nothing is written" {
	page='{"status": 404, "headers": {"Content-Type": "text/html"}, "body": "<html>no backend</html>"}'
	scripted '[{"match": {"method": "PUT", "path": "s3ev-probe"}, "reply": '"$page"'}, '"$source_there, $target_missing, $copied"']' \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $(jq -r .failed.retry <<<"$out")" '75 true'
	assert_eq "$(asked | grep PUT | grep -vc probe)" 0
}

@test "a bucket that is not there yet says nothing of its server" {
	missing='{"status": 404, "body": "<Error><Code>NoSuchBucket</Code></Error>"}'
	scripted '[{"times": 1, "match": {"method": "PUT", "path": "s3ev-probe"}, "reply": '"$missing"'}, '"$keeps_put, $source_there, $target_missing"',
		{"match": {"method": "GET", "path": "tagging"}, "reply": {"body": "<Tagging><TagSet/></Tagging>"}},
		{"match": {"method": "GET"}, "reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "hello\n"}},
		{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"'$hello'\""}}}]' \
		"$(record bucket=in key=a etag=$hello size=6; record bucket=in key=b etag=$hello size=6)" -j 1
	assert_eq "$status $(jq -r '.failed.code // .route.unguarded' <<<"$out")" $'75 NoSuchBucket\nnull'
}

@test "what somebody else put there is not overwritten" {
	buckets
	echo theirs | s3c put "$to" k >/dev/null
	route "$(echo ours | upload k)"
	assert_eq "$status $(jq -r .route.key <<<"$out")" "0 k~$(jq -r .id <<<"$out")"
	assert_eq "$(s3c get "$to" k)" theirs
	# Not under its second name either.
	echo 'theirs, too' | s3c put "$to" "$(jq -r .route.key <<<"$out")" >/dev/null
	echo 'theirs, now larger' | s3c put "$to" k >/dev/null
	route "$(echo ours | upload k | jq -c --arg id "$(jq -r .id <<<"$out")" '.id = $id')"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 Collision'
	assert_eq "$(s3c get "$to" "k~$(jq -r .id <<<"$out")")" 'theirs, too'
}

@test "the same object many times at once is written once" {
	buckets
	line=$(echo hello | upload k)
	route "$(for _ in {1..40}; do echo "$line"; done)" -j 40
	assert_eq "$status $err $(jq -r .route.key <<<"$out" | sort | uniq -c)" '0       40 k'
	assert_eq "$(keys "$to")" k
}

@test "refuses the bucket that events come from, writes nothing, 78" {
	buckets
	line=$(echo hello | upload k)
	for options in "-p $in -b $bad -t copy/{key}" "-p $to -b $in"; do
		# shellcheck disable=SC2086
		run3 s3route $options < <(jq -c '., (.id = "bad" | .bad = {by: "me", reason: "no"})' <<<"$line")
		assert_eq "$status $(jq -r 'select(.failed) | .failed.code' <<<"$out")" '78 WouldLoop'
		[[ $err == "s3route: $in/k: WouldLoop: "*$'\n' ]]
	done
	assert_eq "$(keys "$in") $(keys "$to") $(keys "$bad")" $'k k copy/k\ncopy/k.why.json'
}

@test "--source-prefix makes the rest of that bucket a destination" {
	buckets
	good=$(echo hello | upload new/k)
	ugly=$(echo bad | upload new/b | jq -cS '.bad = {by: "me", reason: "no"}')
	run3 s3route -k -p "$in" -b "$in" --source-prefix new/ -t 'done/{base}' --bad-template 'bad/{base}' <<<"$good"$'\n'"$ugly"
	assert_eq "$status $err" '0 '
	assert_eq "$(keys "$in")" $'bad/b\nbad/b.why.json\ndone/k\nnew/b\nnew/k'
	# What comes from elsewhere, and what would go back there, is refused.
	while read -r prefix template; do
		run3 s3route -p "$in" -b "$bad" --source-prefix "$prefix" -t "$template" <<<"$good"
		assert_eq "$prefix $template $status $(jq -r .failed.code <<<"$out")" "$prefix $template 78 WouldLoop"
		[[ $err == "s3route: $in/new/k: WouldLoop: "*"--source-prefix $prefix"* ]]
	done <<-'TABLE'
		new/ {key}
		new/ {dir}done/{base}
		new/ new/{id}
		n never/{base}
		old/ done/{base}
	TABLE
	run3 s3route -p "$in" -b "$bad" --source-prefix '' <<<nonsense
	assert_eq "$status $out$err" $'64 s3route: every key has this prefix: \n'
}

@test "as much as one CopyObject takes is copied by one, if so much is to go at once" {
	scripted "[${source_there/6/5368709120},$target_missing,$copied]" "$(record bucket=in key=k etag=$hello size=5368709120)" \
		--part-size 5368709120
	assert_eq "$status $err" '0 '
}

@test "wrong permissions, no source bucket, no destination bucket: failed, with AWS's words" {
	buckets
	line=$(echo hello | upload k)
	AWS_SECRET_ACCESS_KEY=wrong route "$line"
	assert_eq "$status" 75
	# HEAD has no body that could say more.
	[[ $(jq -r .failed.code <<<"$out") =~ ^(AccessDenied|SignatureDoesNotMatch)$ ]]
	AWS_ACCESS_KEY_ID=$S3_SECOND_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECOND_SECRET_ACCESS_KEY route "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
	[[ $err == "s3route: $in/k: AccessDenied: "*'s3:ListBucket'*' (request tx'*$')\n' ]]
	route "$(jq -cS '.bucket += "-none"' <<<"$line")"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 NoSuchBucket'
	run3 s3route -p "$to-none" -b "$bad" <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 NoSuchBucket'
	[[ $err == "s3route: $in/k: NoSuchBucket: "* ]]
	assert_eq "$(keys "$to")$(keys "$bad")" ''
}

@test "a source that is deleted after it was copied is 'already', not gone" {
	buckets
	line=$(echo hello | upload k)
	route "$line"
	s3c rm "$in" k
	route "$line"
	assert_eq "$status $err" '0 '
	assert_json '.route.already and (.gone | not)'
}

@test "the spool file goes with the record, whatever became of it, and no other file ever" {
	buckets
	line=$(echo hello | upload k)
	for failed in null '{"by": "x"}'; do
		run3 s3fetch -d "$dir" <<<"$line"
		path=$(jq -r .fetch.path <<<"$out")
		run3 s3route -p "$to-none" -b "$bad" <<<"$(jq -cS --argjson failed "$failed" '.failed = $failed' <<<"$out")"
		assert_eq "$status" 75
		[ ! -e "$path" ]
	done
	run3 s3fetch -d "$dir" <<<"$line"
	fetched=${out%$'\n'}
	path=$(jq -r .fetch.path <<<"$fetched")
	touch "$dir/precious" "$dir/s3ev-precious"
	for other in "$dir/precious" "$dir/s3ev-precious"; do
		route "$(jq -cS --arg path "$other" '.fetch.path = $path' <<<"$fetched")"
		assert_eq "$status" 0
		[ -e "$other" ]
	done
	route "$fetched"
	assert_eq "$status" 0
	[ ! -e "$path" ]
	route "$fetched"
	assert_eq "$status $err" '0 '

	gone=$(echo hello | upload gone)
	run3 s3fetch -d "$dir" <<<"$gone"
	s3c rm "$in" gone
	route "${out%$'\n'}"
	assert_json '.gone'
	[ ! -e "$(jq -r .fetch.path <<<"$out")" ]
}

# Collisions

@test "-c fail: what collides fails, and what is there stays" {
	buckets
	echo theirs | s3c put "$to" k >/dev/null
	line=$(echo ours | upload k)
	for option in '-c fail' --collision=fail; do
		# shellcheck disable=SC2086
		route "$line" $option
		assert_eq "$status $err" $'75 s3route: '"$in/k: DestinationExists: $to/k is taken by something else"$'\n'
		assert_json '.failed | .code == "DestinationExists" and .retry == false'
		assert_eq "$(jq -c 'del(.failed)' <<<"$out")" "$line"
		assert_eq "$(keys "$to") $(s3c get "$to" k)" 'k theirs'
	done
	# The same content is no collision.
	line=$(echo hello | upload same)
	route "$line" -c fail
	assert_eq "$status $(jq -c .route.already <<<"$out")" '0 null'
	route "$line" -c fail
	assert_eq "$status $(jq -c .route.already <<<"$out")" '0 true'
}

@test "-c replace: what collides is overwritten, and the same content is not" {
	buckets
	echo theirs | s3c put "$to" k >/dev/null
	line=$(echo ours | upload k)
	route "$line" -c replace
	assert_eq "$status $err$(jq -c '.route | [.key, .already]' <<<"$out")" '0 ["k",null]'
	assert_eq "$(keys "$to") $(s3c get "$to" k)" 'k ours'
	before=$(s3c head "$to" k | jq '.headers["last-modified"]')
	route "$line" -c replace
	assert_eq "$status $err$(jq -c '.route | [.key, .already]' <<<"$out")" '0 ["k",true]'
	assert_eq "$(s3c head "$to" k | jq '.headers["last-modified"]')" "$before"
}

@test "-c replace: so does what a processor made of an object" {
	buckets
	echo theirs | s3c put "$to" k >/dev/null
	line=$(echo ours | upload k)
	for _ in 1 2; do
		path=$dir/s3ev-$(jq -r .id <<<"$line")-out.x
		echo made of it >"$path"
		route "$(jq -cS --arg path "$path" '.output = {$path, bytes: 11}' <<<"$line")" -c replace
		assert_eq "$status $err$(jq -r .route.key <<<"$out")" '0 k'
		assert_eq "$(keys "$to") $(s3c get "$to" k)" 'k made of it'
	done
	assert_json '.route.already'
}

@test "where versions are all that is kept, the version of a killed run does not stay on top of another's" {
	buckets
	s3c versioning "$to" on
	echo theirs | s3c put "$to" k >/dev/null
	line=$(echo ours | upload k)
	printf '{"output":true}' >"$dir/s3ev-out"
	id=$(jq -r .id <<<"$line")
	for killed in ours out; do
		[ $killed = ours ] || line=$(jq -cS --arg path "$dir/s3ev-$id-out" '.output = {path: $path}' <<<"$line")
		cp "$dir/s3ev-out" "$dir/s3ev-$id-out"
		[ $killed = ours ] && echo ours >"$dir/object" || cp "$dir/s3ev-out" "$dir/object"
		s3c put "$to" k "$dir/object" -H "x-amz-meta-s3ev-id: $id" >/dev/null
		route "$line"
		assert_eq "$killed $status $(jq -r .route.key <<<"$out")" "$killed 0 k~$id"
		assert_eq "$killed $(s3c get "$to" k) $(s3c dump "$to" | jq -s 'map(select(.key == "k")) | length')" "$killed theirs 1"
		s3c rm "$to" "k~$id"
	done
	# What bears another's id, or none, is another's.
	echo ours | s3c put "$to" k -H 'x-amz-meta-s3ev-id: x' >/dev/null
	echo more | s3c put "$to" k -H "x-amz-meta-s3ev-id: $id" >/dev/null
	cp "$dir/s3ev-out" "$dir/s3ev-$id-out"
	route "$line"
	assert_eq "$status $(s3c get "$to" k) $(s3c dump "$to" | jq -s 'map(select(.key == "k")) | length')" '0 more 3'
}

@test "-c replace: of two versions the newer stays, whichever comes first" {
	buckets
	s3c versioning "$in" on
	for name in old new; do
		line=$(echo $name | upload k)
		printf -v $name %s "$(jq -c --argjson head "$(s3c head "$in" k)" '.version = $head.headers["x-amz-version-id"]' <<<"$line")"
	done
	route "$old"$'\n'"$new" -c replace -j 1
	assert_eq "$status $err$(s3c get "$to" k)" '0 new'
	assert_json '.route.key == "k"'
	for _ in 1 2; do
		route "$new"$'\n'"$old" -c replace -j 1
		assert_eq "$status $err$(s3c get "$to" k) $(keys "$to")" '0 new k'
		assert_eq "$(jq -c '[.route.key, .gone.code]' <<<"$out")" $'["k",null]\n[null,"PreconditionFailed"]'
	done
}

@test "-c replace: the explanation is that of the copy that stays, also if it is written late" {
	new_places
	for i in 1 2; do
		etag=$(echo "content $i" | s3c put "$in" "$i/k" | jq -r .etag)
		record bucket="$in" key=$i/k etag="$etag" size=10 sequencer=0$i bad:='{"by":"me","reason":"content '$i'"}'
	done >"$BATS_TEST_TMPDIR/bad"
	stub "$(jq -nc '$ENV.AWS_ENDPOINT_URL_S3 as $upstream |
		[{match: {method: "PUT", path: "why.json"}, times: 1, delayMs: 700, $upstream}, {$upstream}]')"
	AWS_ENDPOINT_URL_S3=$STUB_URL s3route -j 2 -c replace -t '{base}' -p "$to" -b "$bad" <"$BATS_TEST_TMPDIR/bad" >/dev/null
	assert_eq "$(s3c get "$bad" k)" 'content 2'
	assert_eq "$(s3c get "$bad" k.why.json | jq -r .bad.reason)" 'content 2'
}

@test "-c replace: the output of an object that was overwritten since replaces nothing" {
	buckets
	for name in old new; do
		echo $name >"$dir/$name"
		line=$(echo $name | upload k | jq -cS --arg path "$dir/$name" '.id = $path[-3:] | .output = {$path}')
		printf -v $name %s "$line"
	done
	for order in "$old"$'\n'"$new" "$new"$'\n'"$old"; do
		route "$order" -c replace -j 1
		assert_eq "$status $err$(s3c get "$to" k) $(keys "$to")" '0 new k'
	done
	assert_eq "$(jq -c '[.id, .route.key, .gone.code]' <<<"$out")" $'["new","k",null]\n["old",null,"PreconditionFailed"]'
}

@test "no other way to treat a collision is known" {
	run3 s3route -p to -b bad -c overwrite <<<nonsense
	assert_eq "$status $out$err" $'64 s3route: neither keep-both nor fail nor replace: overwrite\n'
}

# An S3 with these objects that keeps all conditions: with an endpoint of its
# own, or as AWS, found by its name.
memory_s3() { # custom|aws OBJECTS
	export MEMORY_S3=$dir/memory
	echo "$2" >"$MEMORY_S3"
	if [ "$1" = custom ]; then
		stub "$tests/servers/memory-s3.mjs"
		export AWS_ENDPOINT_URL_S3=$STUB_URL
		return
	fi
	stub_as_aws "$tests/servers/memory-s3.mjs"
}

# Routes the records in $dir/in by three workers at once, each in an order of its own.
workers() { # OPTION...
	local i statuses=()
	for i in 1 2 3; do
		shuf "$dir/in" >"$dir/in.$i"
		s3route -p to -b bad "$@" <"$dir/in.$i" >"$dir/out.$i" 2>"$dir/err.$i" 3>&- &
		statuses[i]=$!
	done
	for i in 1 2 3; do
		status=0
		wait "${statuses[i]}" || status=$?
		echo "$status" >"$dir/status.$i"
	done
}

# 12 different objects whose keys end in the same name.
twelve() { # BUCKET
	local i
	for i in {a..l}; do
		record bucket="$1" key="$i/k" size=1 etag="$(printf %s "$i" | md5sum | cut -d ' ' -f 1)" sequencer="0$i"
	done >"$dir/in"
	jq -s --arg b "$1" 'map({("\($b)/\(.key)"): [.key[:1]]}) | add' "$dir/in"
}

@test "three workers, one name, at the same instant: each object is there once, and all agree where" {
	for kind in custom aws; do
		(
			memory_s3 $kind "$(twelve in)"
			workers -t '{base}'
			assert_eq "$(cat "$dir"/status.? "$dir"/err.? | tr '\n' ' ')" '0 0 0 '
			for i in 1 2 3; do
				jq -c '[.key, .route.key]' "$dir/out.$i" | sort >"$dir/agreed.$i"
				cmp "$dir/agreed.$i" "$dir/agreed.1"
			done
			# Each lies where its record says.
			assert_eq "$(jq -r '"to/" + .route.key + " " + .key[:1]' "$dir/out.1" | sort)" \
				"$(jq -r 'to_entries[] | select(.key | startswith("to/")) | .key + " " + .value[0]' "$MEMORY_S3" | sort)"
			assert_eq "$(jq -r .route.key "$dir/out.1" | grep -cx k)" 1
			stop_servers
		)
	done
}

@test "three workers, one name, -c fail: one object is placed, all others fail, and all agree which" {
	for kind in custom aws; do
		(
			memory_s3 $kind "$(twelve in)"
			workers -t '{base}' -c fail
			assert_eq "$(cat "$dir"/status.? | tr '\n' ' ')" '75 75 75 '
			assert_eq "$(jq -r 'select(.failed) | .failed.code' "$dir"/out.? | sort | uniq -c)" '     33 DestinationExists'
			there=$(jq -r '.["to/k"][0]' "$MEMORY_S3")
			assert_eq "$(jq -r 'select(.route) | .key' "$dir"/out.? | sort -u)" "$there/k"
			stop_servers
		)
	done
}

@test "three workers, versions, -c replace: the newest is what stays" {
	for kind in custom aws; do
		(
			for i in 1 2 3 4 5 6; do
				record bucket=versioned key=k version="v$i" size=1 etag="$(printf %s "$i" | md5sum | cut -d ' ' -f 1)"
			done >"$dir/in"
			memory_s3 $kind '{"versioned/k": ["1", "2", "3", "4", "5", "6"]}'
			workers -c replace
			assert_eq "$(cat "$dir"/status.? "$dir"/err.? | tr '\n' ' ')" '0 0 0 '
			assert_eq "$(jq -c '.["to/k"]' "$MEMORY_S3")" '["6"]'
			assert_json '.route.key == "k" or .gone' "$(cat "$dir"/out.?)"
			assert_eq "$(jq -c 'select(.version == "v6") | .gone' "$dir"/out.? | uniq)" null
			stop_servers
		)
	done
}

@test "-c replace overwrites only what it has seen" {
	there='{"match": {"method": "HEAD", "path": "^/to/"}, "reply": {"headers": {"ETag": "\"'$other'\"", "Content-Length": "6"}}}'
	scripted "[$source_there,$there,$copied]" "$(record bucket=in key=k etag=$hello size=6)" -c replace
	assert_eq "$status $err$(jq -r .route.etag <<<"$out")" "0 $hello"
	assert_eq "$(tail -n 1 "$STUB_LOG" | jq -c '.headers | [.["if-match"], .["if-none-match"]]')" "[\"$other\",null]"
	stop_servers
	# Somebody else was faster; in the end they are the same.
	changed='{"match": {"method": "PUT"}, "times": 1, "reply": {"status": 412,
		"body": "<Error><Code>PreconditionFailed</Code><Condition>If-Match</Condition></Error>"}}'
	scripted "[$source_there,${there/\{/\{\"times\": 1, },${there/$other/$hello},$changed]" "$(record bucket=in key=k etag=$hello size=6)" -c replace
	assert_eq "$status $err$(jq -r .route.already <<<"$out")" '0 true'
	stop_servers
	# What was to be overwritten has gone meanwhile.
	vanished='{"match": {"method": "PUT"}, "times": 1, "reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}}'
	scripted "[$source_there,${there/\{/\{\"times\": 1, },$target_missing,$vanished,$copied]" "$(record bucket=in key=k etag=$hello size=6)" -c replace
	assert_eq "$status $err$(jq -r .route.etag <<<"$out")" "0 $hello"
	assert_eq "$(tail -n 1 "$STUB_LOG" | jq -r '.headers["if-none-match"]')" '*'
	stop_servers
	# Others never stop.
	scripted "[$source_there,$there,${changed/\"times\": 1, /}]" "$(record bucket=in key=k etag=$hello size=6)" -c replace
	assert_eq "$status $(jq -c '.failed | [.code, .retry]' <<<"$out")" '75 ["PreconditionFailed",true]'
	[ "$(asked | wc -l)" -lt 30 ]
}

@test "a version called null is none: each of those that lay there one after the other has a copy" {
	buckets
	for content in one two 333; do
		line=$(printf $content | upload k | jq -cS --arg sequencer "$content" 'del(.id) | .version = "null" | .sequencer = $sequencer')
		for already in null true; do
			route "$line"
			assert_eq "$status $err$(jq -c .route.already <<<"$out")" "0 $already"
			assert_eq "$(s3c get "$to" "$(jq -r .route.key <<<"$out")")" $content
		done
	done
	assert_eq "$(keys "$to" | wc -l)" 3
	# The last one is overwritten, perhaps while it is copied.
	printf 4th | s3c put "$in" k >/dev/null
	for policy in keep-both replace; do
		route "$(jq -cS '.key = "k"' <<<"$line")" -t new -c $policy
		assert_eq "$status $err$(jq -r .gone.code <<<"$out")" '0 PreconditionFailed'
	done
	assert_eq "$(keys "$to" | wc -l)" 3
}

@test "--require-version: what has only an ETag, or the version null, is not placed, and a repeat is of no use" {
	buckets
	s3c versioning "$in" on
	versioned=$(record bucket="$in" key=v size=6 etag=$hello version="$(echo hello | s3c put "$in" v | jq -r .version)")
	others=$(jq -cS 'del(.version)' <<<"$versioned"; jq -cS '.version = "null"' <<<"$versioned"; jq -cS '.version = "" | .bad = {by: "me", reason: "no"}' <<<"$versioned")
	route "$others" --require-version
	assert_eq "$status $(jq -c '.failed | [.code, .retry]' <<<"$out" | sort -u) $(keys "$to")$(keys "$bad")" '75 ["VersionRequired",false] '
	route "$versioned" --require-version
	assert_eq "$status $err$(jq -r .route.key <<<"$out") $(keys "$to")" '0 v v'
	route "$others"
	assert_eq "$status $err$(jq -r .failed.code <<<"$out" | sort -u)" '0 null'
}

@test "bucket and key alone do not tell one object from the next: it is not taken for a copy" {
	buckets
	for content in one two 333; do
		printf $content | s3c put "$in" k >/dev/null
		route "$(jq -cn --arg bucket "$in" '{$bucket, key: "k"}')"
		jq -r '.route.key // .failed.code' <<<"$out" >>"$dir/said"
	done
	assert_eq "$(sed 's/~.*/~/' "$dir/said" | tr '\n' ' ')" 'k k~ Collision '
	printf two | s3c put "$in" k >/dev/null
	route "$(jq -cn --arg bucket "$in" '{$bucket, key: "k"}')"
	assert_eq "$status $err$(jq -r .route.already <<<"$out")" '0 true'
}

@test "quotes around an ETag do not count, and what is empty is unknown" {
	buckets
	for change in '.etag = "\"\(.etag)\""' '.version = ""' '.etag = ""' '.etag = "\"\""'; do
		echo theirs | s3c put "$to" k >/dev/null
		route "$(echo hello | upload k | jq -cS "$change")" -c replace
		assert_eq "$change $status $err$(s3c get "$to" k)" "$change 0 hello"
	done
}

# Explanations

# Uploads stdin and prints the record of a bad object.
upload_bad() { # KEY [BAD]
	local bad='{"by":"me","reason":"no"}'
	upload "$1" | jq -cS --argjson bad "${2-$bad}" '.bad = $bad'
}

@test "beside a bad object lies why: the whole record, as a document" {
	buckets
	line=$(echo bad | upload_bad 'a b/é"+.csv' '{"by":"s3check","code":"Fields","reason":"line 2: 2 fields","line":2,"stderr":"line 2: 2 fields\nand more\u0001"}' |
		jq -cS '. + {fetch: {bytes: 4}, unknown: [1.50, 1e3]}')
	route "$line"
	assert_eq "$status $err$(jq -r .route.why <<<"$out")" '0 a b/é"+.csv.why.json'
	s3c get "$bad" 'a b/é"+.csv.why.json' >"$dir/why"
	# Byte for byte what it knew, then where it is, and when that was written.
	[[ $(<"$dir/why") == "${line%\}},\"route\":{"*'},"written":"20'??-??-??T??:??:??'Z"}' ]]
	assert_eq "$(jq -c .route "$dir/why")" "$(jq -c '.route | del(.why)' <<<"$out")"
	assert_json '.headers | ."content-type" == "application/json" and ."x-amz-meta-s3ev-id" == "'"$(jq -r .id <<<"$line")"'"' \
		"$(s3c head "$bad" 'a b/é"+.csv.why.json')"
}

@test "good, gone and failed ones need no explanation; --no-why gives none" {
	buckets
	{
		echo hello | upload good
		echo hello | upload gone | jq -cS '.gone = {by: "me", code: "NoSuchKey"}'
		echo hello | upload failed | jq -cS '.failed = {by: "me", code: "x"}'
		echo hello | upload missing | jq -cS '.etag = "0123456789abcdef0123456789abcdef" | .bad = {by: "me", reason: "no"}'
	} >"$dir/in"
	route "$(<"$dir/in")"
	assert_json '.route.why | not'
	route "$(echo bad | upload_bad bad)" --no-why
	assert_eq "$status $err$(jq -c '.route | keys' <<<"$out")" '0 ["bucket","etag","key","to"]'
	assert_eq "$(keys "$to") $(keys "$bad")" 'good bad'
}

@test "the same decision once more leaves the explanation as it is; another one replaces it" {
	buckets
	line=$(echo bad | upload_bad k | jq -cS '.from = {sqs: "b5d2-01", position: 1} | .trace = "Root=1-6a7f-0;Sampled=1" | .deadline = 9e12 | .check = {by: "me", took_ms: 5, modified: "2024-01-01T00:00:00Z"}')
	line=${line/9e12/9999999999999}
	route "$line" --no-modified
	before=$(s3c head "$bad" k.why.json | jq -c '.headers | [.etag, ."last-modified"]')
	# What differs from run to run is no other decision.
	other=$(jq -cS '.from = {sqs: "c6e3-02", position: 7} | .trace = "Root=1-7a7f-0" | .deadline += 1 | .check = {by: "me", took_ms: 7, modified: "2024-02-01T00:00:00Z"}' <<<"$line")
	route "$other" --no-modified
	assert_eq "$status $err$(jq -c '.route | [.why, .already]' <<<"$out")" '0 ["k.why.json",true]'
	assert_eq "$(s3c head "$bad" k.why.json | jq -c '.headers | [.etag, ."last-modified"]')" "$before"
	for change in '.bad.reason = "because"' '.bad.code = "Because"' '.bad.stderr = "line 7"' '.id = "ANOTHER"'; do
		line=$(jq -cS "$change" <<<"$line")
		[ "$change" = '.id = "ANOTHER"' ] && policy=replace || policy=keep-both
		route "$line" --no-modified -c $policy
		assert_eq "$change $status $err$(jq -r .route.why <<<"$out")" "$change 0 k.why.json"
		assert_eq "$(s3c get "$bad" k.why.json | jq -cS '[.id, .bad]')" "$(jq -cS '[.id, .bad]' <<<"$line")"
	done
	assert_eq "$(keys "$bad")" $'k\nk.why.json'
}

@test "what is none of ours is not overwritten by an explanation" {
	buckets
	line=$(echo bad | upload_bad dir/k.csv)
	second="dir/k~$(jq -r .id <<<"$line").csv.why.json"
	echo theirs | s3c put "$bad" dir/k.csv.why.json >/dev/null
	for _ in 1 2; do
		route "$line"
		assert_eq "$status $err$(jq -r .route.why <<<"$out")" "0 $second"
		assert_eq "$(s3c get "$bad" dir/k.csv.why.json) $(s3c get "$bad" "$second" | jq -r .route.key)" 'theirs dir/k.csv'
	done
	echo theirs | s3c put "$bad" "$second" >/dev/null
	route "$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 Collision'
	[[ $err == *"(writing $bad/$second)"* ]]
	assert_eq "$(s3c get "$bad" "$second")" theirs
}

@test "nor is an object that bears the metadata of an explanation, as a copy of one does" {
	buckets
	printf precious >"$dir/object"
	s3c put "$bad" k.why.json "$dir/object" -H 'x-amz-meta-s3ev-id: x' -H 'x-amz-meta-s3ev-why: y' >/dev/null
	line=$(echo bad | upload_bad k)
	for _ in 1 2; do
		route "$line"
		assert_eq "$status $err$(jq -r .route.why <<<"$out")" "0 k~$(jq -r .id <<<"$line").why.json"
		assert_eq "$(s3c get "$bad" k.why.json)" precious
	done
}

@test "a bad object with the name of an explanation gets its second name, a good one keeps it" {
	buckets
	line=$(echo bad | upload_bad k.why.json)
	second="k.why~$(jq -r .id <<<"$line").json"
	for already in null true; do
		route "$line"
		assert_eq "$status $err$(jq -c '[.route.key, .route.why, .route.already]' <<<"$out")" "0 [\"$second\",\"$second.why.json\",$already]"
	done
	route "$(jq -cS 'del(.bad)' <<<"$line")"
	assert_eq "$status $err$(jq -r .route.key <<<"$out") $(keys "$to") $(keys "$bad")" "0 k.why.json k.why.json $second"$'\n'"$second.why.json"
}

# Puts what the jq program makes of the explanation of k in its place.
forge() { # CHANGE
	jq -c "$1" "$dir/ours" >"$dir/forged"
	s3c put "$bad" k.why.json "$dir/forged" -H 'x-amz-meta-s3ev-id: x' -H 'x-amz-meta-s3ev-why: y' >/dev/null
}

# Which forgeries there are is a table in unit/why_same.c.
@test "no explanation stands as ours that says another thing than ours, whatever id and reason it has" {
	buckets
	line=$(echo bad | upload_bad k '{"by":"me","code":"C","reason":"no"}')
	second="k~$(jq -r .id <<<"$line").why.json"
	route "$line"
	s3c get "$bad" k.why.json >"$dir/ours"
	for change in '.key = "l"' '.route.bucket = "elsewhere"'; do
		forge "$change"
		route "$line"
		assert_eq "$change $status $err$(jq -r .route.why <<<"$out")" "$change 0 $second"
		assert_eq "$(s3c get "$bad" k.why.json)" "$(<"$dir/forged")"
		assert_eq "$(s3c get "$bad" "$second" | jq -c 'del(.written, .route.already)')" "$(jq -c 'del(.written)' "$dir/ours")"
	done
	forge '.bad.stderr = "call us"'
	route "$line"
	assert_eq "$status $err$(jq -r .route.why <<<"$out")" '0 k.why.json'
	assert_eq "$(s3c get "$bad" k.why.json | jq -c 'del(.written, .route.already)')" "$(jq -c 'del(.written)' "$dir/ours")"
}

@test "an object with the name of an explanation does not overwrite one" {
	buckets
	route "$(echo bad | upload_bad k)"
	line=$(echo '{}' | upload_bad k.why.json)
	route "$line"
	assert_eq "$status $(jq -c '[.route.key, .route.why]' <<<"$out")" "0 $(jq -c '["k.why~\(.id).json", "k.why~\(.id).json.why.json"]' <<<"$line")"
	assert_eq "$(s3c get "$bad" k.why.json | jq -r .key)" k
}

@test "keys that leave no room: the explanation's is cut, and keeps the id" {
	buckets
	long=$(printf 'é%.0s' {1..511})
	{
		echo one | upload_bad "${long}1"
		echo two | upload_bad "${long}2"
	} >"$dir/in"
	route "$(<"$dir/in")"
	assert_eq "$status $err" '0 '
	assert_json '(.route.why | utf8bytelength) as $n | $n <= 1024 and $n > 1020 and (.id as $id | .route.why | endswith("~" + $id + ".why.json"))'
	while read -r line; do
		assert_eq "$(s3c get "$bad" "$(jq -r .route.why <<<"$line")" | jq -r .route.key)" "$(jq -r .route.key <<<"$line")"
	done <<<"$out"
	assert_eq "$(keys "$bad" | wc -l)" 4
}

@test "an explanation that cannot be written: failed, the source stays, and the next time it is" {
	buckets
	line=$(echo bad | upload_bad k)
	stub "[{\"match\": {\"method\": \"PUT\", \"path\": \"why.json\"}, \"times\": 1, \"reply\": {\"status\": 403,
		\"body\": \"<Error><Code>AccessDenied</Code><Message>no</Message></Error>\"}}, {\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	route "$line"
	assert_eq "$status $(jq -c '[.failed.code, .route]' <<<"$out")" '75 ["AccessDenied",null]'
	[[ $err == "s3route: $in/k: AccessDenied: no (PUT in bucket $bad): s3:PutObject is needed"*"(writing $bad/k.why.json)"* ]]
	run3 s3rm <<<"${out%$'\n'}"
	assert_eq "$(keys "$in")" k
	route "$line"
	assert_eq "$status $err$(jq -c '.route | [.why, .already]' <<<"$out")" '0 ["k.why.json",true]'
	assert_eq "$(s3c get "$bad" k.why.json | jq -r .bad.reason)" no
}

@test "an explanation whose answer was lost is known again" {
	memory_s3 custom '{"in/k": ["x"]}'
	line=$(record bucket=in key=k size=1 etag="$(printf x | md5sum | cut -d ' ' -f 1)" bad:='{"by":"me","reason":"no"}')
	stub "[{\"match\": {\"path\": \"why.json\", \"method\": \"PUT\"}, \"times\": 1, \"loseAnswer\": true, \"upstream\": \"$STUB_URL\"}, {\"upstream\": \"$STUB_URL\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p to -b bad <<<"$line"
	assert_eq "$status $err$(jq -r .route.why <<<"$out")" '0 k.why.json'
	assert_eq "$(jq -r 'select(.method == "PUT" and (.target | endswith("why.json"))) | .headers["if-none-match"]' "$STUB_LOG")" $'*\n*'
}

@test "three workers, bad ones: each has one explanation, whoever comes first" {
	for kind in custom aws; do
		(
			memory_s3 $kind "$(twelve in)"
			jq -cS '.bad = {by: "me", reason: .key}' "$dir/in" >"$dir/bad" && mv "$dir/bad" "$dir/in"
			workers -t '{base}'
			assert_eq "$(cat "$dir"/status.? "$dir"/err.? | tr '\n' ' ')" '0 0 0 '
			assert_eq "$(jq -c 'with_entries(select(.key | endswith(".why.json"))) | length' "$MEMORY_S3")" 12
			jq -r '"bad/" + .route.why + " " + .route.key + " " + .key' "$dir"/out.? | sort -u >"$dir/said"
			jq -r 'to_entries[] | select(.key | endswith(".why.json")) | .key + " " + (.value[0] | fromjson | .route.key + " " + .key)' \
				"$MEMORY_S3" | sort | cmp - "$dir/said"
			stop_servers
		)
	done
}

@test "an explanation is encrypted as the object is, but never archived" {
	memory_s3 custom '{"in/k": ["x"]}'
	run3 s3route -p to -b bad --sse kms --sse-kms-key-id K --storage-class GLACIER < <(
		record bucket=in key=k size=1 etag="$(printf x | md5sum | cut -d ' ' -f 1)" bad:='{"by":"me","reason":"no"}')
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -c 'select(.method == "PUT") | [.target, .headers["x-amz-storage-class"], .headers["x-amz-server-side-encryption"],
		.headers["x-amz-server-side-encryption-aws-kms-key-id"]]' "$STUB_LOG")" '["/bad/k","GLACIER","aws:kms","K"]
["/bad/k.why.json",null,"aws:kms","K"]'
}

# Dry run

@test "-n says where each would go, and writes nothing" {
	buckets
	good=$(echo hello | upload k)
	ugly=$(echo bad | upload b | jq -cS '.bad = {by: "me", reason: "no"}')
	for option in -n --dry-run; do
		route "$good"$'\n'"$ugly" $option
		assert_eq "$status $err" '0 '
		assert_eq "$(jq -c .route <<<"$out")" "{\"to\":\"processed\",\"bucket\":\"$to\",\"key\":\"k\",\"dry\":true}
{\"to\":\"bad-data\",\"bucket\":\"$bad\",\"key\":\"b\",\"why\":\"b.why.json\",\"dry\":true}"
		assert_eq "$(keys "$to")$(keys "$bad")" ''
	done
	# What is there is seen: the same content, a collision, and by each policy.
	route "$good"
	second=$(echo second | upload k)
	route "$second" -n
	assert_eq "$status $(jq -c '.route | [.key, .dry, .already]' <<<"$out")" "0 [\"k~$(jq -r .id <<<"$second")\",true,null]"
	route "$second" -n -c fail
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 DestinationExists'
	route "$second" -n -c replace
	assert_eq "$status $(jq -c '.route | [.key, .dry, .already]' <<<"$out")" '0 ["k",true,null]'
	assert_eq "$(keys "$to") $(s3c get "$to" k)" 'k hello'
	# What was overwritten since had been copied before.
	route "$good" -n
	assert_json '.route.already and (.gone | not)'
	s3c rm "$in" k
	route "$second" -n
	assert_eq "$status $(jq -c '[.gone | type, .route]' <<<"$out" | head -c 9)" '0 ["object"'
}

@test "-n leaves spool files" {
	buckets
	run3 s3fetch -d "$dir" <<<"$(echo hello | upload k)"
	path=$(jq -r .fetch.path <<<"$out")
	route "${out%$'\n'}" -n
	assert_eq "$status $err" '0 '
	[ -e "$path" ]
}

@test "-n only looks, also where AWS would keep the conditions" {
	memory_s3 aws '{"in/k": ["x"], "in/l": ["y"], "to/k": ["x"]}'
	run3 s3route -k -n -p to -b bad < <(
		record bucket=in key=k size=1 etag="$(printf x | md5sum | cut -d ' ' -f 1)"
		record bucket=in key=l size=1 etag="$(printf y | md5sum | cut -d ' ' -f 1)"
	)
	assert_eq "$status $err$(jq -c '[.route.key, .route.already]' <<<"$out")" $'0 ["k",true]\n["l",null]'
	assert_eq "$(jq -r .method "$STUB_LOG" | sort -u)" HEAD
}

# What goes over the wire

@test "reads are pinned and writes conditional: by ETag, or by version" {
	scripted "[$source_there,$target_missing,$copied]" "$(record bucket=in key='a b+é/"' etag=$hello size=6)"
	assert_eq "$status $err" '0 '
	assert_eq "$(asked)" $'HEAD /in/a%20b%2B%C3%A9/%22\nHEAD /to/a%20b%2B%C3%A9/%22\nPUT /to/a%20b%2B%C3%A9/%22'
	assert_eq "$(head -n 1 "$STUB_LOG" | jq -r '.headers["if-match"]')" "\"$hello\""
	assert_eq "$(tail -n 1 "$STUB_LOG" | jq -c '.headers | [."x-amz-copy-source", ."x-amz-copy-source-if-match", ."if-none-match"]')" \
		"[\"in/a%20b%2B%C3%A9/%22\",\"\\\"$hello\\\"\",\"*\"]"
	# Each of them is signed.
	[[ $(tail -n 1 "$STUB_LOG" | jq -r .headers.authorization) == *'SignedHeaders=host;if-none-match;'*'x-amz-copy-source;x-amz-copy-source-if-match;'* ]]

	stop_servers
	scripted "[$source_there,$target_missing,$copied]" "$(record bucket=in key=k version='a+b/c=' etag=$hello size=6)"
	assert_eq "$status $err" '0 '
	assert_eq "$(tail -n 1 "$STUB_LOG" | jq -r '.headers["x-amz-copy-source"]')" 'in/k?versionId=a%2Bb%2Fc%3D'
}

@test "a look that tells no ETag does not loosen the pin" {
	scripted "[{\"match\": {\"method\": \"HEAD\", \"path\": \"^/in/\"}, \"reply\": {\"headers\": {\"Content-Length\": \"6\"}}},$target_missing,$copied]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err" '0 '
	assert_eq "$(tail -n 1 "$STUB_LOG" | jq -r '.headers["x-amz-copy-source-if-match"]')" "\"$hello\""
}

@test "a 200 with an error inside is an error: tried again, and right the second time" {
	for body in '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>We</Message></Error>' '' \
		'<CopyObjectResult><ETag>' '<html/>' '<CopyObjectResult><Error><Code>SlowDown</Code></Error>'; do
		reply=$(jq -n --arg body "$body" '{match: {method: "PUT"}, times: 1, reply: {status: 200, $body}}')
		scripted "[$source_there,$target_missing,$reply,$copied]" "$(record bucket=in key=k etag=$hello size=6)"
		assert_eq "$body $status $err" "$body 0 "
		assert_eq "$(asked | tail -n 2)" $'PUT /to/k\nPUT /to/k'
		stop_servers
	done
	reply=$(jq -n '{match: {method: "PUT"}, reply: {status: 200,
		body: "<Error><Code>InternalError</Code><Message>We</Message><RequestId>R</RequestId></Error>"}}')
	scripted "[$source_there,$target_missing,$reply]" "$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err" $'75 s3route: in/k: InternalError: We (request R)\n'
	assert_json '.failed == {by: "s3route", code: "InternalError", message: "We", request_id: "R", retry: true} and (.route | not)'
}

@test "blanks that keep a slow copy's connection alive do no harm" {
	reply=$(jq -n --arg etag "\"$hello\"" '{match: {method: "PUT"}, chunked: true,
		reply: {body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n    \n   <CopyObjectResult xmlns=\"x\"><ETag>\($etag)</ETag></CopyObjectResult>"}}')
	scripted "[$source_there,$target_missing,$reply]" "$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err $(jq -r .route.etag <<<"$out")" "0  $hello"
}

@test "a copy whose answer was lost is made once, and known again" {
	buckets
	line=$(echo hello | upload k)
	stub "[{\"match\": {\"method\": \"PUT\"}, \"times\": 1, \"loseAnswer\": true, \"upstream\": \"$AWS_ENDPOINT_URL_S3\"},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route -p "$to" -b "$bad" <<<"$line"
	assert_eq "$status $err $(keys "$to")" '0  k'
	# A server that keeps the condition says that it is there already.
	stop_servers
	scripted "[$source_there,{\"match\": {\"method\": \"HEAD\"}, \"times\": 1, \"reply\": {\"status\": 404, \"headers\": {\"x-amz-request-id\": \"R\"}}},
		{\"match\": {\"method\": \"PUT\"}, \"times\": 1, \"cutAfter\": 0},
		{\"match\": {\"method\": \"PUT\"}, \"reply\": {\"status\": 412,
			\"body\": \"<Error><Code>PreconditionFailed</Code><Condition>If-None-Match</Condition></Error>\"}},
		{\"reply\": {\"headers\": {\"ETag\": \"\\\"$hello\\\"\", \"Content-Length\": \"6\"}}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err" '0 '
	assert_json '.route.key == "k" and .route.already'
}

@test "a 409 is tried again" {
	scripted "[$source_there,$target_missing,{\"match\": {\"method\": \"PUT\"}, \"times\": 1, \"reply\": {\"status\": 409,
		\"body\": \"<Error><Code>ConditionalRequestConflict</Code></Error>\"}},$copied]" "$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err $(asked | grep -c PUT)" '0  2'
}

@test "overwritten between look and copy: gone, whether or not the server says which condition failed" {
	for condition in '<Condition>x-amz-copy-source-If-Match</Condition>' ''; do
		scripted "[$source_once,$source_overwritten,$target_missing,{\"match\": {\"method\": \"PUT\"}, \"reply\": {\"status\": 412,
			\"body\": \"<Error><Code>PreconditionFailed</Code>$condition</Error>\"}}]" "$(record bucket=in key=k etag=$hello size=6)"
		assert_eq "$condition $status $err" "$condition 0 "
		assert_json '.gone.by == "s3route" and .gone.code == "PreconditionFailed" and (.route | not)'
		[ "$(asked | wc -l)" -lt 10 ]
		stop_servers
	done
}

@test "a server that refuses for ever, without a reason that can be seen, is not asked for ever: failed" {
	scripted "[$source_there,$target_missing,{\"match\": {\"method\": \"PUT\"}, \"reply\": {\"status\": 412,
		\"body\": \"<Error><Code>PreconditionFailed</Code></Error>\"}}]" "$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 OddServer'
	[ "$(asked | wc -l)" -lt 30 ]
}

@test "the copy of a successor is taken away again: gone" {
	scripted "[$source_once,$source_overwritten,$target_missing,${copied/$hello/$other},{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err" '0 '
	assert_json '.gone.by == "s3route" and (.route | not)'
	# Nobody else's object is, should there be one by now.
	assert_eq "$(jq -r 'select(.method == "DELETE") | [.target, .headers["if-match"]] | tostring' "$STUB_LOG")" '["/to/k","\"'$other'\""]'
	# If that does not work, the record says so.
	stop_servers
	scripted "[$source_once,$source_overwritten,$target_missing,${copied/$hello/$other},{\"match\": {\"method\": \"DELETE\"},
		\"reply\": {\"status\": 403, \"body\": \"<Error><Code>AccessDenied</Code></Error>\"}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
}

@test "the copy of a successor is taken away again, on a server that ignores conditions on copies" {
	buckets
	line=$(echo hello | upload k)
	# The object is overwritten right after it was looked at.
	cat >"$dir/overtake.mjs" <<-JS
		import s3 from '$tests/servers/s3.js'
		export default (env) => {
			const upstream = env.AWS_ENDPOINT_URL_S3
			const overwrite = async () => {
				await s3.send({env, method: 'PUT', bucket: '$in', key: 'k', body: 'successor'})
				return {}
			}
			return [
				{match: {method: 'HEAD', path: '^/$to/'}, times: 1, upstream, reply: overwrite},
				{upstream}]
		}
	JS
	stub "$dir/overtake.mjs"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3route -p "$to" -b "$bad" <<<"$line"
	assert_eq "$status $err" '0 '
	assert_json '.gone.by == "s3route" and .gone.code == "PreconditionFailed" and (.route | not)'
	assert_eq "$(keys "$to") $(s3c get "$in" k)" ' successor'
}

@test "a copy that gets another ETag because it is encrypted with a KMS key is a copy" {
	# Such ETags look like an MD5 and are none.
	scripted "[$source_there,$target_made,$(jq --arg e "$other" '.reply.headers = {"x-amz-server-side-encryption": "aws:kms"}' \
		<<<"${copied/$hello/$other}"),{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err $(asked | grep -c DELETE)" '0  0'
	assert_json '.route.etag == "'$other'" and (.gone | not)'

	# Nor is the ETag of a source that is.
	stop_servers
	scripted "[$(jq '.reply.headers["x-amz-server-side-encryption"] = "aws:kms"' <<<"$source_there"),$target_made,
		${copied/$hello/$other},{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err $(asked | grep -c DELETE)" '0  0'
	assert_json '.route.etag == "'$other'" and (.gone | not)'
}

@test "what is there instead of the copy is not taken away: another has put it there" {
	scripted "[$source_there, ${target_made/\"Content-Length\": \"6\"/\"Content-Length\": \"7\"},
		${copied/$hello/ffffffffffffffffffffffffffffffff}, {\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $(jq -r '.failed | "\(.code) \(.retry)"' <<<"$out")" '75 CopyMissing true'
	assert_eq "$(asked | grep DELETE | grep -vc probe)" 0
}

@test "a copy that is not what its source is, is taken away again and not called done" {
	sum='"x-amz-checksum-crc64nvme": "akP7S61aVgc="'
	while IFS='|' read -r from to wanted; do
		scripted "[${source_there/\"Content/$from, \"Content},${target_made/\"Content-Length\": \"6\"/$to},${copied/$hello/$other},
			{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" "$(record bucket=in key=k etag=$hello size=6)"
		assert_eq "$from $to $status $(jq -r .failed.code <<<"$out") $(asked | grep -c DELETE)" "$from $to $wanted"
		stop_servers
	done <<-TABLE
		$sum|"Content-Length": "6", $sum|0 null 0
		$sum|"Content-Length": "6"|0 null 0
		$sum|"Content-Length": "6", ${sum/ak/Ak}|75 CopyDiffers 1
		$sum|"Content-Length": "7"|75 CopyDiffers 1
	TABLE
	scripted "[$source_there,$target_missing,${copied/$hello/$other}]" "$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ')" '75 CopyMissing true '
}

@test "the source's look is not believed if it shows another object" {
	# This server does not know If-Match.
	scripted "[${source_there/$hello/$other},$target_missing,${copied/$hello/$other},{\"match\": {\"method\": \"DELETE\"}, \"reply\": {\"status\": 204}}]" \
		"$(record bucket=in key=k etag=$hello size=6)"
	assert_eq "$status $err" '0 '
	assert_json '.gone and (.route | not)'
}

@test "a multipart object, whose copy has another ETag and no checksum, is kept twice rather than lost when it comes again" {
	target_there=$(jq -n --arg etag "\"$other\"" '{match: {method: "HEAD", path: "^/to/k$"}, reply: {headers: {ETag: $etag, "Content-Length": "6"}}}')
	scripted "[${source_there/$hello/$other-2},$target_there,$target_made,${copied/$hello/$other}]" \
		"$(record bucket=in key=k etag=$other-2 size=6)"
	assert_eq "$status $err $(asked | grep -c PUT)" '0  1'
	assert_json '.route.key == "k~" + .id and (.route.already | not)'
}

@test "the same content with another ETag, known by the checksum of the whole object, is 'already'" {
	sum='"x-amz-checksum-crc64nvme": "akP7S61aVgc=", "x-amz-checksum-type": "FULL_OBJECT"'
	seen() { # PATH ETAG HEADERS
		printf '{"match": {"method": "HEAD", "path": "^%s$"}, "reply": {"headers": {"ETag": "\\"%s\\"", "Content-Length": "6", %s}}}' "$@"
	}
	line=$(record bucket=in key=k etag=$other-2 size=6)
	# With or without a version, which makes the first look at the source needless.
	for line in "$line" "$(jq -cS '.version = "v"' <<<"$line")"; do
		scripted "[$(seen '/in/k.*' $other-2 "$sum"),$(seen /to/k $other "$sum"),$target_missing,$copied]" "$line"
		assert_eq "$status $err $(asked | grep -c PUT)" '0  0'
		assert_json '.route.key == "k" and .route.already'
		assert_eq "$(jq -r '.headers["x-amz-checksum-mode"]' "$STUB_LOG" | sort -u)" ENABLED
		stop_servers
	done
	# So it is with the id of the record, where checksums cannot be compared and
	# only we can have written it: where copies go through us.
	id=$(jq -r .id <<<"$line")
	scripted "[$keeps_put,$(seen '/in/k.*' $other-2 "$sum"),$(seen /to/k $other '"x-amz-meta-s3ev-id": "'"$id"'"'),$target_missing,$copied]" "$line"
	assert_eq "$status $err $(asked | grep PUT | grep -vc probe) $(jq .route.already <<<"$out")" '0  0 true'
	stop_servers
	# Other bytes, other kinds, and checksums of parts prove nothing.
	for theirs in "${sum/akP/AkP}" "${sum/akP/AkP}, \"x-amz-meta-s3ev-id\": \"$id\"" '"x-amz-meta-s3ev-id": "other"' '"x-amz-checksum-crc32": "NjowIA=="' "${sum/FULL_OBJECT/COMPOSITE}"; do
		scripted "[$(seen '/in/k.*' $other-2 "$sum"),$(seen /to/k $other "$theirs"),$target_made,${copied/$hello/$other}]" "$line"
		assert_eq "$theirs $status $err $(asked | grep -c PUT)" "$theirs 0  1"
		assert_json '.route.key == "k~" + .id'
		stop_servers
	done
}

# Neither the ETag nor a checksum shows that its copy is the same.
@test "to versions too: a multipart object that comes again is found, and its copy stays" {
	buckets
	s3c versioning "$to" on
	head -c 6000000 /dev/zero >"$dir/large"
	etag=$(s3c mpu "$in" parts "$dir/large" 5242880 | jq -r '.etag | gsub("\""; "")')
	printf x | s3c put "$to" taken - >/dev/null
	# Without a sequencer the second name might be known before.
	record bucket="$in" key=parts size=6000000 etag="$etag" | jq -cS 'del(.sequencer)' >"$dir/in"
	for template in '{key}' taken; do
		run3 s3route -p "$to" -b "$bad" -t $template <"$dir/in"
		assert_eq "$template $status $(jq -c .route.already <<<"$out")" "$template 0 null"
		before=$(s3ls --versions "s3://$to" | jq -c '[.key, .version]' | sort)
		for _ in 1 2; do
			run3 s3route -p "$to" -b "$bad" -t $template <"$dir/in"
			assert_eq "$template $status $(jq -c .route.already <<<"$out")" "$template 0 true"
			assert_eq "$(s3ls --versions "s3://$to" | jq -c '[.key, .version]' | sort)" "$before"
		done
	done
	# Where ids are not believed, it fails or has a second name, and nothing goes.
	for template in '{key}' taken; do
		run3 s3route -p "$to" -b "$bad" -t $template --copy=server <"$dir/in"
		assert_eq "$(s3ls --versions "s3://$to" | jq -c '[.key, .version]' | sort | comm -23 <(echo "$before") -)" ''
	done
}

@test "a multipart object goes through, twice, and is there once" {
	buckets
	head -c 6000000 /dev/zero >"$dir/big"
	etag=$(s3c mpu "$in" big "$dir/big" 5242880 | jq -r .etag)
	for _ in 1 2; do
		route "$(record bucket="$in" key=big size=6000000 etag="$etag")"
		assert_eq "$status $err" '0 '
	done
	assert_eq "$(keys "$to")" big
}

# Once, whoever takes the copies away

# What the ledger says of $in: outcome and decisions, one a line.
ledger() {
	jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan |
		jq -r --arg in "$in/" '.Items[] | select(.object.S | startswith($in)) | [.object.S, .outcome.S, .destination.S, .decided.N] | join(" ")' | sort
}

# Routes with --once and records.
once() { # RECORDS OPTION...
	run3 s3route -k -p "$to" -b "$bad" --once="$table" "${@:2}" <<<"$1"
	[ "$status" -ne 0 ] || run3 ddb-record -k -t "$table" < <(printf %s "$out")
}

@test "--once: what was recorded is not placed again when its copy has been taken away" {
	new_places
	good=$(echo hello | upload dir/a.csv)
	ugly=$(echo bad | upload b.csv | jq -cS '.bad = {by: "me", code: "C", reason: "no"}')
	echo text >"$dir/s3ev-output"
	made=$(echo made | upload c.csv | jq -cS --arg path "$dir/s3ev-output" '.output = {$path, bytes: 5}')
	all=$good$'\n'$ugly$'\n'$made
	once "$all"
	assert_eq "$status $err$(jq -c '[.route.already, .route.by, .record.status]' <<<"$out" | sort -u)" '0 [null,null,"written"]'
	before=$(ledger)
	for bucket in "$to" "$bad"; do
		s3c empty "$bucket"
	done
	for template in '{key}' 'other/{base}'; do
		once "$all" -t "$template"
		assert_eq "$status $err" '0 '
		assert_eq "$(jq -c .route <<<"$out")" \
			"$(printf '{"to":"%s","bucket":"%s","key":"%s","already":true,"by":"ledger"}\n' processed "$to" dir/a.csv bad-data "$bad" b.csv processed "$to" c.csv)"
		assert_eq "$(jq -r .record.status <<<"$out" | sort -u)" repeated
	done
	assert_eq "$(keys "$to")$(keys "$bad")$(ledger)" "$before"

	# Without it, a repeat is placed again.
	route "$good"
	assert_eq "$status $(keys "$to")" '0 dir/a.csv'
}

@test "--once: what is decided anew is placed, and so is a version that is not in the ledger" {
	new_places
	line=$(echo hello | upload k)
	once "$(jq -cS '.bad = {by: "me", reason: "no"}' <<<"$line")"
	assert_eq "$status $(jq -r .record.status <<<"$out")" '0 written'
	s3c empty "$bad"
	once "$(jq -cS '.bad = {by: "me", reason: "another"}' <<<"$line")"
	assert_eq "$status $(jq -r .record.status <<<"$out") $(keys "$bad")" $'0 replaced k\nk.why.json'
	once "$line"
	assert_eq "$status $(jq -r .record.status <<<"$out") $(keys "$to")" '0 replaced k'
	s3c empty "$to"
	once "$line"
	assert_eq "$status $(jq -r .route.by <<<"$out") $(keys "$to")" '0 ledger '
	once "$(echo other | upload k | jq -cS '.sequencer = "0055AED6DCD90281E6"')"
	assert_eq "$status $(jq -r .record.status <<<"$out") $(keys "$to")" '0 written k'
	# What failed, and what was gone, is no copy.
	line=$(echo again | upload gone | jq -cS '.gone = {by: "me", code: "NoSuchKey", message: "x"}')
	run3 ddb-record -t "$table" <<<"$line"
	once "$(jq -cS 'del(.gone)' <<<"$line")"
	assert_eq "$status $(jq -r .record.status <<<"$out") $(s3c get "$to" gone)" '0 replaced again'
}

@test "--once: a dry run says so, too, and of a mere name the ledger is not asked" {
	new_places
	line=$(echo hello | upload k)
	once "$line"
	s3c empty "$to"
	run3 s3route -n -p "$to" -b "$bad" --once="$table" <<<"$line"
	assert_eq "$status $(jq -c '.route | [.already, .by, .dry]' <<<"$out")" '0 [true,"ledger",true]'
	name=$(record bucket="$in" key=k)
	for _ in 1 2; do
		once "$name"
		assert_eq "$status $err$(jq -r .route.by <<<"$out") $(keys "$to")" '0 null k'
		s3c empty "$to"
	done
}

@test "--once: without an answer of the ledger nothing is placed, and it needs a table" {
	new_places
	line=$(echo hello | upload k)
	run3 s3route -p "$to" -b "$bad" --once=nowhere <<<"$line"
	assert_eq "$status $(jq -r '.failed | .by + " " + .code' <<<"$out") $(keys "$to")" '75 s3route ResourceNotFoundException '
	stub '[{"reply": {"status": 500}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL AWS_MAX_ATTEMPTS=1 run3 s3route -p "$to" -b "$bad" --once="$table" <<<"$line"
	assert_eq "$status $(jq -r '.failed.retry' <<<"$out") $(keys "$to")" '75 true '
	RECORD_TABLE=$table run3 s3route -p "$to" -b "$bad" --once <<<"$line"
	assert_eq "$status $err$(keys "$to")" '0 k'
	for unset in '' 'RECORD_TABLE='; do
		run3 env -u RECORD_TABLE $unset s3route -p "$to" -b "$bad" --once <<<"$line"
		assert_eq "$status $out$err" '78 s3route: --once: no table: give --once=TABLE or set RECORD_TABLE'$'\n'
	done
}

@test "--copy server: the copy in a bucket with versions is unguarded, also when it is found again: another may lie on it" {
	buckets
	s3c versioning "$to" on
	line=$(echo hello | upload k)
	for already in null true; do
		route "$line" --copy server
		assert_eq "$status $err$(jq -c '[.route.already, .route.unguarded]' <<<"$out")" "0 [$already,true]"
	done
	run3 s3rm < <(printf %s "$out")
	assert_eq "$(jq -r .failed.code <<<"$out") $(keys "$in")" 'NotSafe k'
	# Where it goes through us, the first copy stays on top.
	route "$line"
	assert_eq "$status $err$(jq -c '[.route.already, .route.unguarded]' <<<"$out")" '0 [true,null]'
}
