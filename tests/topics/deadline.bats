#!/usr/bin/env bats
# Deadlines that records carry, and traces.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=5
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
	stalls='[{"match": {"path": "stalls"}, "stall": 100, "reply": {"bodySize": 100000}}, {"reply": {"body": "hello"}}]'
}

in_ms() { # MILLISECONDS
	echo $(($(date +%s%3N) + $1))
}

# One record that ends MILLISECONDS from now.
due() { # MILLISECONDS NAME=VALUE...
	record bucket=in deadline:="$(in_ms "$1")" "${@:2}"
}

code='.failed | "\(.by) \(.code) \(.retry)"'

@test "work on a record whose deadline has passed, or nearly, is not begun" {
	stub '[{"reply": {"body": "hello"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL PROCESSED_BUCKET=p BAD_DATA_BUCKET=b RECORD_TABLE=t
	for filter in 's3fetch' 's3check -x cat' 's3route' 'ddb-record' 's3rm'; do
		for ms in -1000 20; do
			run3 $filter <<<"$(due $ms key=k etag=e)"
			assert_eq "$status $(jq -r "$code" <<<"$out")" "75 ${filter%% *} DeadlineExceeded true"
			[[ $err == *'too late to begin'* ]]
		done
	done
	assert_eq "$(cat "$STUB_LOG" 2>/dev/null)" ''
}

@test "a deadline far away, or none, changes nothing" {
	stub "$stalls"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$spool" <<<"$(due 3600000 key=a; record bucket=in key=b deadline:=0)"
	assert_eq "$status $(jq -r .fetch.bytes <<<"$out")" $'0 5\n5'
}

@test "a deadline that is none is no record" {
	for deadline in '"soon"' -5 1.5 '{}'; do
		run3 s3check <<<"$(record bucket=in key=a deadline:="$deadline")"
		assert_eq "$deadline $status $out" "$deadline 65 "
		[[ $err == *'deadline is not a number of milliseconds'* ]]
	done
}

@test "a request under way is given up at the deadline, and leaves no file" {
	stub "$stalls"
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3fetch -k -d "$spool" <<<"$(due 3000 key=stalls; record bucket=in key=a)"
	assert_eq "$status $(jq -r "$code" <<<"$out")" $'75 s3fetch DeadlineExceeded true\nnull null null'
	assert_eq "$(find "$spool" -type f -exec cat {} +)" hello
	[[ $err == 's3fetch: in/stalls: DeadlineExceeded: not finished by its deadline'$'\n' ]]
}

@test "so are an answer that does not begin, a copy and an item" {
	stub '[{"stall": 0, "delayMs": 100000, "reply": {"body": ""}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL PROCESSED_BUCKET=p BAD_DATA_BUCKET=b RECORD_TABLE=t
	for filter in s3fetch s3route ddb-record; do
		TMPDIR=$spool run3 timeout 60 $filter <<<"$(due 400 key=k etag=e)"
		assert_eq "$status $(jq -r "$code" <<<"$out")" "75 $filter DeadlineExceeded true"
	done
}

@test "no retry sleeps past the deadline: failed at once, with the last answer" {
	stub '[{"reply": {"status": 503, "headers": {"x-amz-retry-after": "4000"}, "body": "<Error><Code>SlowDown</Code><Message>Reduce</Message></Error>"}}]'
	started=$(in_ms 0)
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$spool" <<<"$(due 3000 key=k)"
	assert_eq "$status $(jq -r "$code" <<<"$out") $(wc -l <"$STUB_LOG")" '75 s3fetch DeadlineExceeded true 1'
	[[ $(jq -r .failed.message <<<"$out") == *'SlowDown: Reduce' ]]
	(($(in_ms 0) - started < 2500))
}

@test "a processor is killed at the deadline with all its children; the next record has its own" {
	stub '[{"reply": {"body": "hello"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 60 s3check --allow-write "$dir" -j 1 -x 'case $S3EV_KEY in slow) sleep 987 & echo $! >'"$dir/pid"'; wait;; *) cat;; esac' \
		<<<"$(due 3000 key=slow; record bucket=in key=a; record bucket=in key=b)"
	assert_eq "$status $(jq -r "$code" <<<"$out")" $'75 s3check DeadlineExceeded true\nnull null null\nnull null null'
	wait_until has_ended "$(cat "$dir/pid")"
}

has_ended() { # PID
	! kill -0 "$1" 2>/dev/null
}

@test "records pass with their deadline and trace as they came" {
	line=$(record bucket=in key=a deadline:=99999999999999 trace='Root=1-5;Parent=2')
	run3 s3check <<<"$line"
	assert_eq "$out" "$line"$'\n'
}

@test "the trace of a record goes with its requests, before that of the environment" {
	stub '[{"times": 1, "reply": {"status": 500}}, {"reply": {"body": "hello"}}]'
	AWS_LAMBDA_FUNCTION_NAME=f _X_AMZN_TRACE_ID=Root=0 AWS_ENDPOINT_URL_S3=$STUB_URL \
		run3 s3fetch -j 1 -d "$spool" <<<"$(record bucket=in key=a trace='Root=1-5;Parent=2'; record bucket=in key=b; record bucket=in key=c trace=Root=3)"
	assert_eq "$status $(jq -r '.headers["x-amzn-trace-id"]' "$STUB_LOG")" $'0 Root=1-5;Parent=2\nRoot=1-5;Parent=2\nRoot=0\nRoot=3'
}

@test "a trace cannot become another header" {
	stub '[{"reply": {"body": "hello"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3fetch -d "$spool" <<<"$(record bucket=in key=a trace=$'a\r\nX-Evil: 1 \u00e9\x7f')"
	assert_eq "$status $out$(cat "$STUB_LOG")" '65 '
	[[ $err == *': a trace with control characters'* ]]
}
