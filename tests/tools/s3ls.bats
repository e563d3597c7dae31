#!/usr/bin/env bats
# s3ls: what is in a bucket, each object once. See also unit/walk.c, unit/page.c
# and unit/inventory.c.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	export AWS_MAX_ATTEMPTS=1
}

# Keys with anything that S3 takes, and many that look as keys do.
kinds='["a b","a+b","a%20b","é/日本","ctl\u0001x","ctl\u001f","nl\nx","cr\rx","tab\tx","del\u007f","u\uffff","u\ufffe","😀","<&>\"'\''",
	"\ufdd0ab"," lead","trail ","//","/","a//b",".","..","~","\u0080","x/../y","%","%41","[\"k\"]"]'
many='[range(300) | "2025/\(. % 9 + 1)/\(. * 7919 % 100000).csv"] + [range(200) | "\(. * 2654435761 % 4294967296 | tostring)-\(.)"]'

# Prints {bucket, key, text} for s3c load.
lines_for() { # BUCKET FILTER
	jq -nc --arg bucket "$1" "$2 | .[] | {\$bucket, key: ., text: \"hello\\n\"}"
}

# Starts the list of the stub; its rules are told in servers/list-s3.mjs.
lists() { # JSON
	export MEMORY_S3=$dir/lists-${EPOCHREALTIME/[.,]/}.json
	printf '%s' "$1" >"$MEMORY_S3"
	stub "$tests/servers/list-s3.mjs" "${@:2}"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

keys_of() { # <RECORDS
	jq -c 'select(.mark | not) | .key'
}

sorted() {
	LC_ALL=C sort "$@"
}

@test "every key is listed once, in any order or in that of keys" {
	new_bucket in
	lines_for "$in" "$kinds + $many" | s3c load >"$dir/put"
	keys_of <"$dir/put" | sorted >"$dir/wanted"
	s3ls -j 12 --page-size 20 "s3://$in" >"$dir/many"
	keys_of <"$dir/many" | sorted | diff "$dir/wanted" -
	s3c ls "$in" | jq -c '.[].key' >"$dir/order"
	for options in '' --v1 --versions; do
		# shellcheck disable=SC2086
		s3ls --ordered --page-size 70 $options "s3://$in" | keys_of | diff "$dir/order" - || failed="$failed $options"
	done
	[ -z "$failed" ]
	# What s3ev-split makes of a list, and what else a list tells.
	jq -r 'select(.key == "a//b") | "s3://\(.bucket)/\(.key)"' "$dir/many" | s3ev-split -l |
		jq -c '{bucket, key}' | assert_same "$(jq -c 'select(.key == "a//b") | {bucket, key}' "$dir/many")"
	assert_json '.id and .etag == "b1946ac92492d2347c6235b4d2611184" and .size == 6 and (.modified | startswith("20")) and
		(.time // .version // .class | not)' "$(<"$dir/many")"
	head -n 40 "$dir/many" | s3fetch -d "$dir" | jq -se 'length == 40 and all(.fetch.bytes == 6)' >/dev/null
	# A prefix, as it is.
	s3ls "s3://$in/2025/3/" "s3://$in/ctl"$'\x01' | keys_of | sorted |
		diff <(grep -E '^"(2025/3/|ctl.u0001)' "$dir/wanted") -
	# The aws command has the same to say.
	if command -v aws >/dev/null; then
		aws s3api list-objects-v2 --bucket "$in" --endpoint-url "$AWS_ENDPOINT_URL_S3" --output json |
			jq -c '.Contents[].Key' | sorted | diff "$dir/wanted" -
	fi
}

assert_same() { # WANTED <GOT
	assert_eq "$(cat)" "$1"
}

@test "versions are listed, and markers of deletions are not" {
	new_bucket in
	s3c versioning "$in" on
	jq -nc --arg bucket "$in" 'range(40) as $k | range($k % 5 + 1) | {$bucket, key: "k\($k)+\u0001", text: "\(.)"}' | s3c load >"$dir/put"
	for k in 3 13 23; do
		s3c rm "$in" "k$k+"$'\x01'
	done
	for size in 1 2 7 1000; do
		s3ls --versions -j 8 --page-size $size "s3://$in" | jq -c '[.key, .version]' | sorted |
			diff <(jq -c '[.key, .version]' "$dir/put" | sorted) - || failed="$failed $size"
	done
	[ -z "$failed" ]
	s3ls "s3://$in" | keys_of | sorted | diff <(keys_of <"$dir/put" | sorted -u | grep -vE '"k[12]?3\+') -
	# A version is pinned: it comes, also when it is an older one.
	s3ls --versions "s3://$in" | jq -c 'select(.key == "k4+\u0001")' | s3fetch -d "$dir" >"$dir/fetched"
	assert_eq "$(jq -r .fetch.path "$dir/fetched" | xargs cat | fold -w 1 | sort | tr -d '\n')" 01234
}

@test "what is not wanted is left out" {
	lists '{"keys": ["a.csv", "b/c.csv", "glacier/d.csv", "e.txt"]}'
	while read -r wanted options; do
		# shellcheck disable=SC2086
		got=$(set -f && s3ls --ordered $options s3://bucket | jq -r .key | paste -sd ,)
		[ "$got" = "${wanted//-/}" ] || { echo "$options: $got" >&2; failed=1; }
	done <<-'END'
		a.csv,b/c.csv,e.txt,glacier/d.csv --min-size 1
		- --min-size 1K
		a.csv,b/c.csv,glacier/d.csv --name *.csv
		a.csv,e.txt --name ?.* --name e*
		glacier/d.csv --class GLACIER
		a.csv,b/c.csv,e.txt --class STANDARD
		a.csv,b/c.csv,e.txt,glacier/d.csv --since 2026-11-23 --until 2026-11-24
		- --until 2026-11-23T05:54:00Z
		a.csv,b/c.csv,e.txt,glacier/d.csv --since 2026-11-23T05:54:00Z
		- --since 2026-11-23T05:54:01Z
	END
	[ -z "$failed" ]
	assert_eq "$(s3ls --name 'g*' s3://bucket | jq -c '[.class, .modified]')" '["GLACIER","2026-11-23T05:54:00.000Z"]'
}

@test "an access point may stand for the bucket, with a slash or a colon before its name" {
	arn=arn:aws:s3:us-east-1:123456789012:accesspoint
	lists '{"keys": ["accesspoint/a", "in/a", "in/b"]}'
	# Names below localhost are known to libcurl, which asks nobody.
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/localhost} AWS_REGION=us-east-1
	for point in "$arn/point" "$arn:point"; do
		for prefix in in/ in/a accesspoint/ ''; do
			run3 s3ls --ordered --marks "s3://$point/$prefix"
			assert_eq "$status $err$(jq -r .key <<<"$out" | tr '\n' ' ')" "0 $(printf '%s\n' accesspoint/a in/a in/b | grep "^$prefix" | tr '\n' ' ')null "
			assert_eq "$(jq -r '.bucket // empty' <<<"$out" | uniq) $(jq -r '.list // empty' <<<"$out")" "$point s3://$point/$prefix"
		done
		run3 s3ls "s3://$point"
		assert_eq "$status $err$(grep -c . <<<"$out")" '0 3'
	done
	assert_eq "$(jq -r .headers.host "$STUB_LOG" | uniq)" "point-123456789012.${AWS_ENDPOINT_URL_S3#http://}"
	run3 s3ls s3://arn:aws:s3:::point/in/
	assert_eq "$status $err" $'64 s3ls: not s3://BUCKET/PREFIX: s3://arn:aws:s3:::point/in/\n'
}

@test "servers have their ways, and lists are complete all the same" {
	keys=$(jq -c "$kinds + [range(60) | \"k\(.)\"]" <<<null)
	jq -c '.[]' <<<"$keys" | sorted >"$dir/wanted"
	for quirks in '' '"v1"' '"no-v2"' '"raw"' '"plain"' '"plain","quoted"' '"empty"' '"v1","plain"' '"raw","empty"'; do
		lists "{\"keys\": $keys, \"quirks\": [$quirks]}"
		s3ls -j 5 --page-size 4 s3://bucket >"$dir/out" || failed="$failed [$quirks]"
		keys_of <"$dir/out" | sorted | diff "$dir/wanted" - || failed="$failed $quirks"
		# In the middle the server is not known yet.
		s3ls -j 5 --page-size 4 -a k5 "s3://bucket/k" | keys_of | sorted |
			diff <(grep '^"k[6-9]\|"k5[0-9]' "$dir/wanted") - || failed="$failed -a $quirks"
		s3ls -j 5 --page-size 4 --marks s3://bucket >"$dir/out"
		head -n 50 "$dir/out" >"$dir/first"
		s3ls -j 5 --page-size 4 --resume "$dir/first" s3://bucket >"$dir/second"
		joined "$dir/first" "$dir/second" | diff "$dir/wanted" - || failed="$failed --resume $quirks"
	done
	[ -z "$failed" ]
	# A failure that passes is tried again, also within a good answer.
	for quirk in error cut; do
		lists "{\"keys\": [\"k\"], \"quirks\": [\"$quirk\"]}"
		AWS_MAX_ATTEMPTS=2 s3ls s3://bucket | keys_of | assert_same '"k"'
	done
}

@test "versions come whole, whichever is first" {
	keys=$(jq -nc '[range(30) | {key: "k\(.)", value: [range(. % 4 + 1) | "v\(.)"]}] | from_entries | .k7[0] = "-m" | .["b\u0001"] = ["-x", "y"]')
	jq -c 'to_entries[] | .key as $key | .value[] | select(startswith("-") | not) | [$key, .]' <<<"$keys" | sorted >"$dir/wanted"
	for quirks in '' '"oldest"' '"inclusive"' '"inclusive","oldest","raw"' '"plain"'; do
		lists "{\"keys\": $keys, \"quirks\": [$quirks]}"
		for size in 1 3 8; do
			s3ls --versions -j 4 --page-size $size s3://bucket | jq -c '[.key, .version]' | sorted | diff "$dir/wanted" - || failed="$failed $quirks $size"
			s3ls --versions -j 4 --page-size $size -a k3 s3://bucket | jq -c '[.key, .version]' | sorted |
				diff <(grep '^."k[4-9]\|^."k3[0-9]' "$dir/wanted") - || failed="$failed -a $quirks $size"
		done
	done
	[ -z "$failed" ]
}

@test "what does not lead on ends the list with an error" {
	while read -r quirk code options; do
		lists "{\"keys\": [\"a\", \"b\", \"c\", \"d\"], \"quirks\": [\"$quirk\"]}"
		# shellcheck disable=SC2086
		run3 s3ls --page-size 2 $options s3://bucket/
		[[ "$status $err" == "69 s3ls: s3://bucket/: ListObject"*": $code: "* ]] || { echo "$quirk: $status $err" >&2; failed=1; }
	done <<-'END'
		stuck NoProgress
		stuck NoProgress --v1
		stuck NoProgress --versions
		hollow NoProgress
		unsorted UnsortedList
	END
	[ -z "$failed" ]
}

@test "a list that breaks off does not look complete, and says how to go on" {
	keys=$(jq -nc '[range(90) | "k\(. + 10)"]')
	jq -c '.[]' <<<"$keys" >"$dir/wanted"
	while read -r wanted code http; do
		lists "{\"keys\": $keys, \"refuse\": {\"after\": 4, \"status\": $http, \"code\": \"$code\"}}"
		run3 s3ls -j 1 --page-size 10 s3://bucket/k
		[[ "$status $err" == "$wanted s3ls: s3://bucket/k: ListObjectsV2: $code: no"*"; the list is not complete; all up to this key is listed, go on with -a 'k39'"* ]] ||
			{ echo "$code: $status $err" >&2; failed=1; }
		assert_eq "$(wc -l <"$dir/out")" 30
	done <<-'END'
		69 AccessDenied 403
		75 SlowDown 503
		75 InternalError 500
	END
	[ -z "$failed" ]
	lists "{\"keys\": $keys}"
	{ keys_of <"$dir/out" && s3ls -a k39 s3://bucket/k | keys_of; } | sorted | diff "$dir/wanted" -
	unset AWS_ENDPOINT_URL_S3
	. "$SERVERS_DIR/env"
	run3 s3ls s3://no-such-bucket-here/x
	[[ "$status $out$err" == "69 s3ls: s3://no-such-bucket-here/x: ListObjectsV2: NoSuchBucket: "* ]]
	new_bucket theirs
	AWS_ACCESS_KEY_ID=$S3_SECOND_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECOND_SECRET_ACCESS_KEY run3 s3ls --versions "s3://$theirs"
	[[ "$status $err" == "69 s3ls: s3://$theirs: ListObjectVersions: AccessDenied: "*"s3:ListBucketVersions is needed"* ]]
}

# The keys that are out up to the last whole mark, and those of the run that
# goes on.
joined() { # FIRST SECOND
	head -n "$(wc -l <"$1")" "$1" >"$1.whole"
	sed -n "1,$(grep -n '^{"mark"' "$1.whole" | tail -n 1 | cut -d : -f 1)p" "$1.whole" | cat - "$2" | keys_of | sorted
}

@test "a run that was killed goes on where its last mark stands" {
	lists '{"make": {"kind": "date", "count": 3000}, "delayMs": 10}'
	s3ls s3://bucket >"$dir/all"
	keys_of <"$dir/all" | sorted >"$dir/wanted"
	[ "$(wc -c <"$dir/all")" -gt $((40000 + 8 * 32767 + 65536)) ]
	assert_eq "$(wc -l <"$dir/wanted")" 3000
	mkfifo "$dir/pipe"
	for jobs in 1 8; do
		s3ls -j $jobs --page-size 50 --marks s3://bucket >"$dir/pipe" &
		exec 5<"$dir/pipe"
		# More than a pipe holds is still to come, so it is not done yet.
		head -c $((40000 + 8 * RANDOM)) <&5 >"$dir/first"
		kill -9 $!
		wait $! || :
		exec 5<&-
		s3ls -j 5 --resume "$dir/first" --marks s3://bucket >"$dir/second"
		joined "$dir/first" "$dir/second" | diff "$dir/wanted" - || failed="$failed $jobs"
		# The key of the mark is good for -a: nothing is missed, some come again.
		s3ls -a "$(grep '^{"mark"' "$dir/first.whole" | tail -n 1 | jq -r .mark)" s3://bucket >"$dir/second"
		joined "$dir/first" "$dir/second" | sorted -u | diff "$dir/wanted" - || failed="$failed -a $jobs"
	done
	[ -z "$failed" ]
	# At the end nothing is left.
	s3ls --marks s3://bucket | tail -n 1 >"$dir/last"
	assert_json '.left == [] and .list == "s3://bucket"' "$(<"$dir/last")"
	assert_eq "$(s3ls --resume "$dir/last" s3://bucket | wc -l)" 0
	assert_eq "$(s3ls --resume "$dir/last" s3://bucket s3://bucket/2025/01/01/ | keys_of)" "$(grep '^"2025/01/01/' "$dir/wanted")"
	assert_eq "$(s3ls --resume "$dir/none" s3://bucket/2025/01/01/ | wc -l)" "$(grep -c '^"2025/01/01/' "$dir/wanted")"
	run3 s3ls --resume "$dir/last" s3://bucket/other
	assert_eq "$status $out$err" $'64 s3ls: --resume is about another list: s3://bucket\n'
}

@test "behind a list that failed no mark says that it is done" {
	new_bucket in
	new_bucket late
	echo hello | s3c put "$in" k >/dev/null
	echo hello | s3c put "$late" first >/dev/null
	for path in "s3://$late/k" "s3://$late-none"; do
		run3 s3ls --marks --page-size 1 "s3://$in" "$path" "s3://$late"
		if [[ $path == *-none ]]; then
			assert_eq "$status $(jq -c '.list // .key' <<<"$out" | tr '\n' ' ')" "69 \"k\" \"s3://$in\" \"first\" "
		else
			assert_eq "$status $(jq -c '.list // .key' <<<"$out" | tr '\n' ' ')" \
				"0 \"k\" \"s3://$in\" \"$path\" \"first\" \"s3://$late\" "
		fi
	done
	# The one that could not be listed is listed by the run that goes on.
	printf %s "$out" >"$dir/out"
	late=$late-none
	s3c mb "$late"
	echo hello | s3c put "$late" last >/dev/null
	assert_eq "$(s3ls --resume "$dir/out" "s3://$in" "s3://$late" | keys_of)" '"last"'
}

has_lines() { # FILE N
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "while stdout takes nothing, nothing is asked for" {
	lists '{"make": {"kind": "uuid", "count": 60000}}'
	mkfifo "$dir/pipe"
	s3ls -j 4 s3://bucket >"$dir/pipe" &
	exec 5<"$dir/pipe"
	wait_until has_lines "$STUB_LOG" 4
	pause 0.3
	[ "$(wc -l <"$STUB_LOG")" -lt 16 ]
	assert_eq "$(wc -l <&5)" 60000
	exec 5<&-
	wait $!
	[ "$(wc -l <"$STUB_LOG")" -ge 60 ]
}

# An inventory in the bucket $in, and a copy below $dir/copy, of the rows in $dir/rows.
inventory() { # [FORMAT]
	local place=inv/source/all stamp=2026-11-28T01-00Z schema='Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass'
	rm -rf "$dir/copy"
	mkdir -p "$dir/copy/data" "$dir/copy/$stamp"
	split -n l/2 -a 1 --additional-suffix=.csv "$dir/rows" "$dir/copy/data/"
	gzip -n "$dir/copy/data/"*.csv
	for file in "$dir/copy/data/"*; do
		jq -nc --arg key "$place/data/${file##*/}" --arg MD5checksum "$(md5sum <"$file" | cut -c 1-32)" \
			--argjson size "$(stat -c %s "$file")" '{$key, $size, $MD5checksum}'
		s3c put "$in" "$place/data/${file##*/}" "$file" >/dev/null
	done | jq -sc --arg fileSchema "$schema" --arg fileFormat "${1-CSV}" '{sourceBucket: "source", destinationBucket: "arn:aws:s3:::x",
		version: "2016-11-30", creationTimestamp: "1764000000000", $fileFormat, $fileSchema, files: .}' >"$dir/copy/$stamp/manifest.json"
	md5sum <"$dir/copy/$stamp/manifest.json" | cut -c 1-32 >"$dir/copy/$stamp/manifest.checksum"
	local_manifest=$dir/copy/$stamp/manifest.json
	remote_manifest=s3://$in/$place/$stamp/manifest.json
	for file in manifest.json manifest.checksum; do
		s3c put "$in" "$place/$stamp/$file" "$dir/copy/$stamp/$file" >/dev/null
	done
}

@test "an inventory is read, from S3 or a copy of it" {
	new_bucket in
	cat >"$dir/rows" <<-'END'
		"source","a+b%2C%22%0A","v2","true","false","12","2020-12-10T17:51:10.000Z","abc","STANDARD"
		"source","a+b%2C%22%0A","v1","false","false","3","2020-12-09T17:51:10.000Z","def","GLACIER"
		"source","gone","m","true","true","","2020-12-09T17:51:10.000Z","",""
		"source","gone","v1","false","false","7","2020-12-09T17:51:10.000Z","123","STANDARD"
		"source","%E6%97%A5/%01","","true","false","0","2020-12-10T17:51:10.000Z","d41d8cd98f00b204e9800998ecf8427e","STANDARD_IA"
	END
	inventory
	for manifest in "$local_manifest" "$remote_manifest"; do
		run3 s3ls --inventory "$manifest"
		assert_eq "$status $err$(jq -c 'del(.id)' <<<"$out")" "0 $(cat <<-'END'
			{"bucket":"source","key":"a b,\"\n","version":"v2","etag":"abc","size":12,"modified":"2020-12-10T17:51:10.000Z"}
			{"bucket":"source","key":"日/\u0001","etag":"d41d8cd98f00b204e9800998ecf8427e","size":0,"modified":"2020-12-10T17:51:10.000Z","class":"STANDARD_IA"}
		END
		)"
		assert_eq "$(s3ls --versions --inventory "$manifest" | jq -r .version | paste -sd ,)" v2,v1,v1,null
		assert_eq "$(s3ls --count --versions --inventory "$manifest" | jq -c '[.mark, .total, .left, .version]' | paste -sd ' ')" \
			'["",4,null,null] [null,null,null,"v2"] [null,null,null,"v1"] [null,null,null,"v1"] [null,null,null,null]'
		s3ls --count --marks --inventory "$manifest" | head -n 1 >"$dir/begun"
		assert_eq "$(s3ls --resume "$dir/begun" --inventory "$manifest")" "$(s3ls --inventory "$manifest")"
		assert_eq "$(s3ls --marks --inventory "$manifest" | jq -r '.mark // empty' | paste -sd ,)" inv/source/all/data/a.csv.gz,inv/source/all/data/b.csv.gz
		assert_eq "$(s3ls --versions -a inv/source/all/data/a.csv.gz --inventory "$manifest" | jq -r .version | paste -sd ,)" \
			"$(gunzip <"$dir/copy/data/b.csv.gz" | cut -d '"' -f 6 | grep -v m | sed 's/^$/null/' | paste -sd ,)"
	done
	s3ls --marks --inventory "$remote_manifest" | sed '/^{"mark/q' >"$dir/first"
	assert_eq "$(s3ls --resume "$dir/first" --inventory "$remote_manifest" | cat "$dir/first" - | jq -c 'select(.key).key' | sort)" \
		"$(s3ls --inventory "$remote_manifest" | jq -c .key | sort)"
}

@test "an inventory that is not what it says is refused" {
	new_bucket in
	echo '"source","k","v","true","false","12","","abc","STANDARD"' >"$dir/rows"
	inventory Parquet
	run3 s3ls --inventory "$remote_manifest"
	assert_eq "$status $out$err" "69 s3ls: $remote_manifest: NotSupported: an inventory in Parquet is not read: have S3 write one in CSV, or make records of it with DuckDB or Athena"$'\n'
	inventory
	echo x >>"$local_manifest"
	run3 s3ls --inventory "$local_manifest"
	[[ "$status $out$err" == "69 "*": BadDigest: the MD5 of manifest.json is not what manifest.checksum says"* ]]
	inventory
	rm "${local_manifest%json}checksum"
	s3c rm "$in" "$(sed "s,$dir/copy,inv/source/all,; s,json\$,checksum," <<<"$local_manifest")"
	run3 s3ls --inventory "$local_manifest"
	[[ "$status $out" == "74 " && $err == *manifest.checksum* ]]
	run3 s3ls --inventory "$remote_manifest"
	[[ "$status $out" == "69 " && $err == *": NoSuchKey: "* ]]
	inventory
	gzip -n <<<'"source","k2","v","true","false","12","","abc","STANDARD"' >"$dir/copy/data/a.csv.gz"
	run3 s3ls --inventory "$local_manifest"
	[[ "$status" == 69 && $err == *"inv/source/all/data/a.csv.gz: its MD5 is not MD5checksum of the manifest; the list is not complete"* ]] ||
		[[ "$status" == 69 && $err == *"IncompleteBody: inv/source/all/data/a.csv.gz: it has "* ]]
}

@test "what cannot be a record is named, and what is wrong is said" {
	lists '{"keys": ["good", "'"$(printf 'x%.0s' {1..1025})"'"]}'
	run3 s3ls s3://bucket
	[[ "$status $(jq -r .key <<<"$out") $err" == '65 good s3ls: bucket/xxx'*'x: no record: a key longer than 1024 bytes'$'\n' ]]
	run3 s3ls s3://bucket--use1-az4--x-s3
	[[ "$status $err" == *"NotSupported: the list of a directory bucket"* ]]
	while IFS='|' read -r wanted options; do
		# shellcheck disable=SC2086
		run3 s3ls $options
		[ "$status $out$err" = "64 s3ls: $wanted"$'\n' ] || { echo "$status $err" >&2; failed=1; }
	done <<-'END'
		nothing to list: give s3://BUCKET/PREFIX|
		not s3://BUCKET/PREFIX: bucket|bucket
		not s3://BUCKET/PREFIX: s3://|s3://
		not s3://BUCKET/PREFIX: s3:/a|--inventory s3:/a
		-a is for one list, not for several: s3://c|-a k s3://b s3://c
		-a and --resume say two things: f|-a k --resume f s3://b
		not a number of entries (1 to 1000): 1001|--page-size 1001 s3://b
		not a number of jobs (1 to 1024): 0|-j 0 s3://b
		not a number of bytes: x|--min-size x s3://b
		not a time such as 2026-11-29 or 2026-11-29T12:00:00Z: yesterday|--since yesterday s3://b
	END
	[ -z "$failed" ]
	run3 s3ls s3://bucket
	s3ls s3://bucket >/dev/full 2>"$dir/err" || status=$?
	assert_eq "$status $(grep -v record "$dir/err")" '74 s3ls: stdout: No space left on device'
	lists '{"keys": ["k"]}'
	s3ls -v --stats "$dir/stats" s3://bucket s3://bucket/x >/dev/null 2>"$dir/err"
	assert_eq "$(<"$dir/err")" $'s3ls: s3://bucket: 1 records\ns3ls: s3://bucket/x: 0 records'
	assert_json '.filter == "s3ls" and .good == 1 and .requests == 2 and .status == 0' "$(<"$dir/stats")"
}

@test "--count tells first how many records come, of all lists, and where all of it begins" {
	new_bucket in
	new_bucket more
	lines_for "$in" '["a.csv","b","c.csv","d.csv"]' | s3c load >/dev/null
	lines_for "$more" '["x.csv","y"]' | s3c load >/dev/null
	counted() { # [OPTION...]
		s3ls --count --ordered --page-size 2 "$@" "s3://$in/" "s3://$more/" >"$dir/out"
	}
	counted --name '*.csv'
	assert_eq "$(head -n 1 "$dir/out")" "{\"mark\":\"\",\"list\":\"s3://$in/\",\"total\":4,\"left\":[[\"\"]]}"
	assert_eq "$(jq -r 'select(.key).key' "$dir/out" | xargs) $(grep -c mark "$dir/out")" 'a.csv c.csv d.csv x.csv 1'
	# A run that knows only that mark begins at the beginning, one that knows more counts what is left.
	head -n 1 "$dir/out" >"$dir/begun"
	counted --resume "$dir/begun"
	assert_eq "$(jq -c '.total // .key' "$dir/out" | xargs)" '6 a.csv b c.csv d.csv x.csv y'
	counted --marks
	head -n 4 "$dir/out" >"$dir/begun"
	counted --resume "$dir/begun"
	assert_eq "$(jq -c '.total // .key' "$dir/out" | xargs)" '4 c.csv d.csv x.csv y'
	assert_eq "$(head -n 1 "$dir/out" | jq -c '[.mark, .left]')" '["b",[["b"]]]'
	# Where nothing is left the number comes all the same.
	s3ls --marks "s3://$more/" | tail -n 1 >"$dir/begun"
	counted --resume "$dir/begun"
	assert_eq "$(jq -c '[.total, .left]' "$dir/out")" '[0,[]]'
	counted
	# The mark goes through filters as it is.
	assert_eq "$(s3check --utf8 <"$dir/out" | head -n 1)" "$(head -n 1 "$dir/out")"
	run3 s3ls --count "s3://$in-none/"
	assert_eq "$status $out" '69 '
	[ "$(grep -c NoSuchBucket "$dir/err")" -eq 1 ]
}
