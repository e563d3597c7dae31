#!/usr/bin/env bats
# ddb-list: the ledger as records again.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=3
	dir=$BATS_TEST_TMPDIR
	table=ledger-$RANDOM$RANDOM
	export RECORD_TABLE=$table
}

# Records stdin in a new table.
recorded() {
	make_ledger "$table"
	ddb-record >"$dir/recorded"
}

list() { # OPTION...
	run3 timeout 60 ddb-list "$@"
}

verdicts() {
	record bucket=in key='a b/é"' version=v1 etag=E1 size=6 sequencer=006B03D4F8D90281E5 source=aws:s3 \
		route:='{"to":"processed","bucket":"processed","key":"x/a","etag":"C1","version":"w1"}'
	record bucket=in key=bad etag=E2 bad:='{"by":"me","code":"Comma","reason":"no comma","line":7}' \
		route:='{"to":"bad-data","bucket":"bad-data","key":"bad","etag":"C2","why":"bad.why.json","endpoint":"aws"}'
	record bucket=in key=gone etag=E3 gone:='{"by":"s3fetch","code":"NoSuchKey","message":"x"}'
	jq -cn '{bucket: "in", key: "listed", etag: "E4", size: 0, modified: "2026-11-23T05:54:00.000Z"}'
}

@test "a record that can be processed anew, and what became of it" {
	recorded < <(verdicts)
	list
	assert_eq "$status $err$(jq -c 'del(.was.recorded, .id, .time, .event)' <<<"$out" | sort)" '0 {"bucket":"in","key":"bad","etag":"E2","was":{"outcome":"bad","by":"me","code":"Comma","reason":"no comma","line":7,"bucket":"bad-data","key":"bad","etag":"C2","endpoint":"aws","why":"bad.why.json","decided":1}}
{"bucket":"in","key":"gone","etag":"E3","was":{"outcome":"gone","by":"s3fetch","code":"NoSuchKey","reason":"x","decided":1}}
{"bucket":"in","key":"listed","etag":"E4","size":0,"modified":"2026-11-23T05:54:00.000Z","was":{"outcome":"good","decided":1}}
{"source":"aws:s3","bucket":"in","key":"a b/é\"","version":"v1","etag":"E1","size":6,"sequencer":"006B03D4F8D90281E5","was":{"outcome":"good","bucket":"processed","key":"x/a","etag":"C1","version":"w1","decided":1}}'
	assert_json '.was.recorded | test("^20[0-9-]{8}T[0-9:]{8}Z$")'
	# Its id, time and event are those of before; recorded again, it is the same item.
	assert_eq "$(jq -c 'select(.key == "bad") | [.id, .time, .event]' <<<"$out")" "$(jq -c 'select(.key == "bad") | [.id, .time, .event]' "$dir/recorded")"
	run3 ddb-record < <(jq -cS 'select(.key == "listed")' <<<"$out")
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 repeated'
}

@test "what is asked for, and nothing else" {
	recorded < <(verdicts)
	for what in 'bad:--outcome bad' 'gone:--outcome gone' 'bad:--code Comma' ':--outcome bad --code Other' 'a b/é",listed:--outcome good' \
		':--since 2100-01-01' 'a b/é",bad,gone,listed:--since 2026-01-01 --until 2100-01-01T00:00:00Z' ':--until 2026-01-02' \
		'bad:--object in/bad' ':--object in/none' ':--outcome failed' 'bad:--object in/bad --outcome bad --since 2026-01-01'; do
		read -ra options <<<"${what#*:}"
		list "${options[@]}"
		assert_eq "$what $status $err$(jq -sr 'map(.key) | sort | join(",")' <<<"$out")" "$what 0 ${what%%:*}"
	done
}

@test "the history of an object comes in its order, over pages" {
	recorded < <(for i in {9..1}; do record bucket=in key=k version="v$i" etag=E sequencer="006B03D4F${i}D90281E5"; done)
	list --object in/k --max-rcu 1 -v
	assert_eq "$status $(jq -r .version <<<"$out" | tr '\n' ' ')" '0 v1 v2 v3 v4 v5 v6 v7 v8 v9 '
	[[ $err =~ ^'ddb-list: 9 items in '[2-9][0-9]*' pages, ' ]]
}

many() { # COUNT
	jq -cn --argjson n "$1" 'range($n) | {bucket: "in", key: "k\(.)", etag: "e\(.)", size: 1, sequencer: "006B03D4F8D90281E5",
		time: "2026-11-23T05:54:00Z", event: "ObjectCreated:Put"}'
}

@test "every item once, in any number of segments; an interrupted list goes on at its last mark" {
	recorded < <(many 300)
	for segments in 1 7 32; do
		list -j "$segments"
		assert_eq "$segments $status $err$(jq -r .key <<<"$out" | sort -u | wc -l) $(wc -l <<<"${out%$'\n'}")" "$segments 0 300 300"
	done
	list -j 3 --marks --max-rcu 100
	mv "$dir/out" "$dir/all"
	last=$(grep -n '"mark"' "$dir/all" | tail -n 1 | cut -d : -f 1)
	assert_eq "$(wc -l <"$dir/all") $(tail -n 1 "$dir/all" | jq -c '[.list, .left]')" "$last [\"$table\",[]]"
	for lines in 0 1 50 299 "$last"; do
		head -n "$lines" "$dir/all" >"$dir/part"
		list --resume "$dir/part"
		assert_eq "$lines $status $err$({ sed '/"mark"/q' <(tac "$dir/part") | tac >/dev/null; cat "$dir/part" "$dir/out"; } |
			jq -r 'select(.mark | not).key' | sort -u | wc -l)" "$lines 0 300"
	done
	assert_eq "$out" ''
	list --resume "$dir/all" -t other
	assert_eq "$status $err" "64 ddb-list: --resume is about another table: $table"$'\n'
}

@test "pages without items are not the end, and units are kept within the rate" {
	item='{\"object\":{\"S\":\"in/k\"},\"seq\":{\"S\":\"1\"},\"bucket\":{\"S\":\"in\"},\"key\":{\"S\":\"k\"},\"outcome\":{\"S\":\"good\"}}'
	page() { # ITEMS LAST
		echo "{\"match\": {\"header\": {\"x-amz-target\": \"Scan\"}}, \"times\": 1, \"reply\": {\"body\":
			\"{\\\"Items\\\":[$1],\\\"ConsumedCapacity\\\":{\\\"CapacityUnits\\\":20}$2}\"}}"
	}
	last=',\"LastEvaluatedKey\":{\"object\":{\"S\":\"in/k\"},\"seq\":{\"S\":\"1\"}}'
	stub "[$(page '' "$last"), $(page '' "$last"), $(page "$item" "$last"), $(page "$item" '')]"
	export AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
	before=${EPOCHREALTIME/[.,]/}
	list -j 1 --max-rcu 100 -v
	assert_eq "$status $err$(jq -r .key <<<"$out" | tr '\n' ' ')" $'0 ddb-list: 2 items in 4 pages, 80.0 units of capacity\nk k '
	[ $((${EPOCHREALTIME/[.,]/} - before)) -ge 500000 ]
	assert_eq "$(jq -r '.headers["x-amz-target"]' "$STUB_LOG" | sort | uniq -c)" '      4 DynamoDB_20120810.Scan'
}

@test "the index knows what needs attention; a table without it says so" {
	ddb-record --create < <(verdicts; verdicts | jq -cS '.key += "2"') >/dev/null
	list --index --outcome bad -v
	assert_eq "$status $(jq -r .key <<<"$out" | sort | tr '\n' ' ')" '0 bad bad2 '
	[[ $err == 'ddb-list: 2 items in 1 pages, '* ]]
	list --index --outcome bad --since 2026-01-01 --until 2100-01-01 --code Comma
	assert_eq "$status $(jq -r .key <<<"$out" | sort | tr '\n' ' ')" '0 bad bad2 '
	list --index --outcome bad --since 2100-01-01
	assert_eq "$status $err$out" '0 '
	ddb-record < <(verdicts | jq -cS 'select(.key == "bad") | del(.bad, .route)') >/dev/null
	list --index --outcome bad
	assert_eq "$status $(jq -r .key <<<"$out")" '0 bad2'
	make_ledger "$table-old"
	list --index --outcome bad -t "$table-old"
	assert_eq "$status $out" '69 '
	[[ $err == "ddb-list: table $table-old: ValidationException: "*index* ]]
}

@test "what is no item, and what has expired, are no records; the first is told" {
	recorded < <(verdicts)
	jq -cn --arg t "$table" '{TableName: $t, Item: {object: {S: "somebody\u001b[2J"}, seq: {S: "else"}}}' | ddbc PutItem >/dev/null
	jq -cn --arg t "$table" '{TableName: $t, Item: {object: {S: "in/x"}, seq: {S: "1"}, bucket: {S: "in"}, key: {S: "x"}, outcome: {S: "good"},
		expires: {N: "1700000000"}}}' | ddbc PutItem >/dev/null
	jq -cn --arg t "$table" '{TableName: $t, Item: {object: {S: "in/y"}, seq: {S: "1"}, bucket: {S: "in"}, key: {S: "y"}, outcome: {S: "good"},
		decided: {N: "-1"}}}' | ddbc PutItem >/dev/null
	list
	assert_eq "$status $(sort <<<"${err%$'\n'}")"$'\n'"$(wc -l <<<"${out%$'\n'}")" $'65 ddb-list: in/y: no record: it is no item of a ledger
ddb-list: somebody\\x1b[2J: no record: it is no item of a ledger\n4'
}

@test "no table, a full disk, a reader that goes away, wrong options" {
	list
	assert_eq "$status $out" '69 '
	[[ $err == "ddb-list: table $table: ResourceNotFoundException: "* ]]
	recorded < <(many 100)
	run3 bash -c 'ddb-list >/dev/full'
	assert_eq "$status $err" $'74 ddb-list: stdout: No space left on device\n'
	run3 bash -c 'ddb-list | true'
	assert_eq "$status $err" '0 '
	RECORD_TABLE='' list
	assert_eq "$status $err" $'78 ddb-list: no table: give -t or set RECORD_TABLE\n'
	while IFS='|' read -r options wrong; do
		# shellcheck disable=SC2086
		list $options
		assert_eq "$options $status $out$err" "$options 64 ddb-list: $wrong"$'\n'
	done <<'END'
--outcome worse|neither good nor bad nor gone nor failed: worse
--since yesterday|not a time such as 2026-11-29 or 2026-11-29T12:00:00Z: yesterday
-j 0|not a number of jobs (1 to 1024): 0
--max-rcu none|not a number of units (1 to 1000000): none
--object in|--object: it is not BUCKET/KEY
--index|--index: it has only --outcome bad and failed
--since 2026-02-01 --until 2026-01-01|--until: it is not after --since
END
}
