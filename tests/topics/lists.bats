#!/usr/bin/env bats
# Lists of 12,000 keys and a move of 10,000, on RGW: too long for make check.
# make check-lists runs them.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	command -v aws >/dev/null || { echo "the aws command is needed as a witness" >&2; false; }
}

keys_of() { # <RECORDS
	jq -c .key | LC_ALL=C sort
}

listed() { # OPERATION FILTER
	aws s3api "$1" --bucket "$in" --endpoint-url "$AWS_ENDPOINT_URL_S3" --output json | jq -c "$2" | LC_ALL=C sort
}

@test "12,000 keys of all kinds, as the aws command lists them" {
	new_bucket in
	jq -nc --arg bucket "$in" '(range(5000) | "2025/\(. % 12 + 1)/\(. % 28 + 1)/\(. * 2654435761 % 4294967296)"),
		(range(4000) | "\(. * 40503 % 65536)-\(. * 2654435761 % 4294967296)"),
		(range(2900) | "in/\(.).csv"), (range(100) | "é \(.)+%\u0001\([. + 19968] | implode)/x") |
		{$bucket, key: ., text: "x"}' | s3c load >"$dir/put"
	keys_of <"$dir/put" >"$dir/wanted"
	assert_eq "$(sort -u "$dir/wanted" | wc -l)" 12000
	for options in '' '-j 1' '-j 64 --page-size 100' '--v1 -j 32 --page-size 37' '--versions --page-size 250'; do
		# shellcheck disable=SC2086
		s3ls $options "s3://$in" | keys_of | diff -q "$dir/wanted" - || failed="$failed $options"
	done
	[ -z "$failed" ]
	# RGW's token is raw, so a page of aws's must not end at such a key.
	listed list-objects-v2 '.Contents[].Key' | diff -q "$dir/wanted" -
}

@test "versions and markers of deletions, as the aws command lists them" {
	new_bucket in
	s3c versioning "$in" on
	jq -nc --arg bucket "$in" 'range(1500) as $k | range($k % 4 + 1) | {$bucket, key: "k/\($k * 7919 % 10007)", text: "\(.)"}' | s3c load >"$dir/put"
	for k in {0..400..4}; do
		s3c rm "$in" "k/$((k * 7919 % 10007))"
	done
	listed list-object-versions '.Versions[] | [.Key, .VersionId]' >"$dir/wanted"
	assert_eq "$(wc -l <"$dir/wanted")" "$(wc -l <"$dir/put")"
	for options in '' '-j 32 --page-size 50' '-j 7 --page-size 1'; do
		# shellcheck disable=SC2086
		s3ls --versions $options "s3://$in" | jq -c '[.key, .version]' | LC_ALL=C sort | diff -q "$dir/wanted" - || failed="$failed $options"
	done
	[ -z "$failed" ]
	s3ls "s3://$in" | keys_of | diff -q <(listed list-objects-v2 '.Contents[].Key') -
}

@test "10,000 objects are moved, though the move is killed again and again" {
	new_places
	jq -nc --arg bucket "$in" 'range(10000) | {$bucket, key: "2025/\(. % 12 + 1)/\(. * 7919 % 100000).csv", text: "\(.)"}' |
		s3c load | keys_of >"$dir/wanted"
	move() {
		s3ls "s3://$in" | s3route -p "$to" -b "$bad" | ddb-record -t "$table" | s3rm -r
	}
	export -f move
	export in to bad table
	for _ in 1 2 3; do
		setsid bash -c move >"$dir/moved" 2>/dev/null 3>&- &
		wait_until has_lines "$dir/moved" $((100 + RANDOM % 900))
		kill -9 -- -$!
		wait $! || :
		{ s3c ls "$in"; s3c ls "$to"; } | jq -c '.[].key' | LC_ALL=C sort -u | diff -q "$dir/wanted" -
	done
	[ "$(s3c ls "$in" | jq length)" -gt 0 ]
	run3 bash -o pipefail -c move
	assert_eq "$status $err$(s3c ls "$in")" '0 []'
	s3c ls "$to" | jq -c '.[].key' | LC_ALL=C sort | diff -q "$dir/wanted" -
}

has_lines() { # FILE N
	[ "$(wc -l <"$1")" -ge "$2" ]
}
