#!/usr/bin/env bats
# What a run tells of itself: --stats, --progress, -v.

load helper

setup() {
	dir=$BATS_TEST_TMPDIR
	file="$dir/the stats"
}

@test "--stats is one line of JSON about the run" {
	{
		record bucket=in key=a.csv size=10
		record bucket=in key=b size=7
		record bucket=in key=c.csv
		record bucket=in key=d failed:='{"by": "x"}' size=100
		record bucket=in key=e bad:='{"by": "x"}' size=100
		record bucket=in key=f gone:='{"by": "x"}' size=100
		echo '{"mark": 1}'
		echo nothing
	} >"$dir/in"
	run3 s3check --name '*.csv' --stats "$file" <"$dir/in"
	assert_eq "$status $(wc -l <"$file")" '75 1'
	assert_eq "$(jq -c 'del(.pid, .p50_ms, .p99_ms, .seconds)' "$file")" \
		'{"filter":"s3check","in":6,"good":2,"bad":2,"gone":1,"failed":1,"passed":3,"refused":1,"bytes":17,"requests":0,"retries":0,"throttles":0,"status":75}'
	assert_json '.p50_ms >= 0 and .p99_ms >= .p50_ms and .seconds >= 0 and .pid > 1' "$(cat "$file")"
}

@test "--stats counts requests, retries and throttling, and how long records took" {
	stub '[{"times": 2, "reply": {"status": 503, "body": "<Error><Code>SlowDown</Code></Error>"}},
		{"times": 1, "reply": {"status": 500}},
		{"match": {"path": "late"}, "delayMs": 300, "reply": {"body": "hello"}},
		{"reply": {"body": "hello"}}]'
	for key in a b c late; do
		record bucket=in key=$key
	done >"$dir/in"
	AWS_ENDPOINT_URL_S3=$STUB_URL AWS_MAX_ATTEMPTS=4 run3 s3fetch -j 1 -d "$dir" --stats "$file" <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_json '.good == 4 and .requests == 7 and .retries == 3 and .throttles == 2' "$(cat "$file")"
	assert_json '.p99_ms >= 280 and .seconds * 1000 >= .p99_ms * 0.9' "$(cat "$file")"
}

@test "all filters of a pipeline share one file" {
	for key in a b c; do
		printf 's3://in/%s\n' $key
	done | s3ev-split -l --stats "$file" | s3check --stats "$file" | RECORD_TABLE='' ddb-record --stats "$file" >/dev/null
	assert_eq "$(jq -r '"\(.filter) \(.good)"' "$file" | sort)" $'ddb-record 3\ns3check 3\ns3ev-split 3'
}

@test "s3ev-split counts documents, and what it could not read" {
	run3 s3ev-split --stats "$file" <<<'{"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": "nothing"}]} {"a": 1}'
	assert_eq "$status" 65
	assert_json '.filter == "s3ev-split" and .in == 2 and .failed == 1 and .refused == 2 and .status == 65' "$(cat "$file")"
}

@test "a file that cannot be written is told before anything is read" {
	for filter in s3check s3ev-split; do
		run3 "$filter" --stats "$dir/none/file" <<<"$(record bucket=in key=a)"
		assert_eq "$status $out" '74 '
		[[ $err == "$filter: $dir/none/file: No such file"* ]]
	done
}

@test "a full disk under the file: 74, and the records are out" {
	run3 s3check --stats /dev/full <<<"$(record bucket=in key=a)"
	assert_eq "$status $(grep -c . <<<"$out") $err" $'74 1 s3check: stats: No space left on device\n'
}

@test "-v on a terminal is columns, elsewhere the name comes first" {
	{
		record bucket=in key=a.csv size=1234567
		record bucket=in key='b c'
	} >"$dir/in"
	script -qec "s3check -k -v --name '*.csv' <'$dir/in' 2>&1 >/dev/null" /dev/null </dev/null >"$dir/shown" 3>&-
	assert_eq "$(tr -d '\r' <"$dir/shown" | sed 's/ [0-9]* ms/ 0 ms/')" \
		's3check: good        1234567       0 ms  in/a.csv
s3check: bad               -       0 ms  in/b c: the name is none of those expected'
	run3 s3check -k -v --name '*.csv' <"$dir/in"
	assert_eq "$err" $'s3check: in/a.csv: good\ns3check: in/b c: bad: the name is none of those expected\n'
}

@test "--progress on a terminal tells the state while the run lasts, and at its end" {
	mkfifo "$dir/go"
	record bucket=in key=a.csv >"$dir/first"
	record bucket=in key=b >"$dir/second"
	script -qefc "{ cat '$dir/first'; cat '$dir/go'; cat '$dir/second'; } | s3check --name '*.csv' --progress 2>&1 >/dev/null" \
		"$dir/shown" </dev/null >/dev/null 3>&- &
	wait_until grep -qF 's3check: 1 done: 1 good, 0 bad, 0 gone, 0 failed; ' "$dir/shown"
	echo >"$dir/go" # an empty line, which is no record: told on a line of its own
	wait $! || assert_eq $? 65
	[[ $(tr '\r' '\n' <"$dir/shown") == *$'\n'$'\033''[Ks3check: line 2: not one line of JSON'$'\n'* ]]
	[[ $(tr '\r' '\n' <"$dir/shown") == *'s3check: 2 done: 1 good, 1 bad, 0 gone, 0 failed; '*/s* ]]
}

@test "--progress elsewhere shows nothing" {
	run3 s3check --progress <<<"$(record bucket=in key=a)"
	assert_eq "$status $err" '0 '
}
