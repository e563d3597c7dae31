#!/usr/bin/env bats
# What was there before: pipelines/backfill, and moving what a list names.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	cd "$dir" || return
	backfill=$tests/../pipelines/backfill
}

# Puts N objects into $in, every fifth of them bad; and says so in the file wanted.
fill() { # N
	jq -nc --arg bucket "$in" --argjson n "$1" 'range($n) |
		{$bucket, key: "2025/\(. % 7)/\(. * 7919 % 10000)+é.csv", text: (if . % 5 == 0 then "\ufffdbad" else "good \(.)" end)}' |
		s3c load | jq -c '[.key, (.text | startswith("good"))]' | sort >"$dir/wanted"
}

settings() {
	new_places
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table
	# The processor is what runs most often: as little as can be.
	printf '#!/bin/sh\nread -r word rest\n[ "$word" = good ] || { echo "not good" >&2; exit 1; }\n' >processor
	chmod +x processor
	export PROCESSOR=$dir/processor
}

items() {
	jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -c '.Items[] | [.key.S, .outcome.S == "good"]' | sort
}

# Each object is where it belongs, and the ledger has it once.
assert_done() {
	{ s3c ls "$to" | jq -c '.[] | [.key, true]'; s3c ls "$bad" | jq -c '.[] | select(.key | endswith(".why.json") | not) | [.key, false]'; } |
		sort | diff "$dir/wanted" -
	items | diff "$dir/wanted" -
}

@test "backfill goes on where it was killed, and nothing is lost or done twice" {
	settings
	fill 120
	for i in 1 2; do
		# In a group of its own, with all its children.
		setsid "$backfill" --count --page-size 6 -j 4 "s3://$in" >"$dir/out.$i" 2>"$dir/err.$i" 3>&- &
		wait_until has_lines "$dir/out.$i" $((10 + RANDOM % 20))
		kill -9 -- -$!
		wait $! || :
	done
	[ -s backfill.state ] && [ "$(items | wc -l)" -lt 120 ]
	before=$(s3ls --page-size 6 --resume backfill.state "s3://$in" | wc -l)
	[ "$before" -lt 120 ]
	run3 "$backfill" "s3://$in"
	assert_eq "$status $err$(grep -c . <<<"$out")" "0 $before"
	assert_done
	# There is nothing more to do.
	run3 "$backfill" --count "s3://$in"
	assert_eq "$status $out$err" "0 "
	run3 "$backfill" "s3://$in"
	assert_eq "$status $out$err" '0 '
}

has_lines() { # FILE N
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "what failed comes first the next time" {
	settings
	fill 12
	printf '#!/bin/sh\nread -r word rest\n[ -e "%s/mended" ] || case $S3EV_KEY in 2025/3/*) exit 75 ;; esac\n[ "$word" = good ] || exit 1\n' "$dir" >processor
	run3 "$backfill" -s state --page-size 3 "s3://$in"
	assert_eq "$status $(jq -r 'select(.failed) | .key' <<<"$out" | cut -d / -f 2 | sort -u) $(wc -l <state.failed)" '75 3 2'
	touch mended
	run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $err$(jq -r '.key' <<<"$out" | cut -d / -f 2 | sort -u) $(grep -c . <<<"$out") $(echo state*)" '0 3 2 state'
	assert_done
}

@test "what failed before comes again, whatever kills the run that tries it" {
	settings
	fill 12
	cp processor good
	printf '#!/bin/sh\nexit 75\n' >processor
	run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $(wc -l <state.failed)" '75 12'
	cp good processor
	kill_s3route
	BUILD=$dir/killed run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $(wc -l <state.again)" '75 12'
	# A line that was cut off, by a kill or a full disk, is not the end of the others.
	head -c 40 state.again >part
	cp state.again whole
	cat part >>state.again
	run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $(wc -l <state.again)" '74 12'
	mv whole state.again
	run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $err$(echo state*)" '0 state'
	assert_done
}

@test "what failed comes again as it was listed: it may have been written again since" {
	settings
	key=a.csv
	echo good | s3c put "$in" $key >/dev/null
	PROCESSED_BUCKET=$to-none run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $(jq -r '.failed.by, .check.by' <<<"$out" | tr '\n' ' ')" '75 s3route processor '
	modified=$(s3c head "$in" $key | jq -r '.headers["last-modified"]')
	wait_until is_written_again
	run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $err$(jq -r .route.key <<<"$out") $(grep -o '"fetch":' <<<"$out" | wc -l) $(echo state*)" '0 a.csv 1 state'
}

is_written_again() {
	echo good | s3c put "$in" $key >/dev/null
	[ "$(s3c head "$in" $key | jq -r '.headers["last-modified"]')" != "$modified" ]
}

# A filter is killed, as by a kernel without memory.
kill_s3route() {
	mkdir killed
	ln -s "$(type -P s3route | xargs dirname)"/s3* "$(type -P ddb-record)" killed/
	rm killed/s3route
	printf '#!/bin/sh\nread -r line\nkill -9 $$\n' >killed/s3route
	chmod +x killed/s3route
}

@test "where all ends since a filter was killed, the status is that of the filter" {
	settings
	fill 1
	s3ls "s3://$in" >one
	# More than fits into pipes: what writes it finds nobody that reads.
	yes "$(<one)" | head -n 5000 >state.again
	kill_s3route
	BUILD=$dir/killed run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $(wc -l <state.again)" '75 5000'
}

@test "a list that failed comes again, also if those behind it were done" {
	settings
	echo good | s3c put "$in" a.csv >/dev/null
	run3 "$backfill" -s state --count "s3://$in" "s3://$in-late" "s3://$in"
	assert_eq "$status $(ls)" '69 err
out
processor'
	for i in 1 2; do
		run3 "$backfill" -s state "s3://$in-late" "s3://$in"
		assert_eq "$status $(jq -r '[.bucket, .route.to] | join(" ")' <<<"$out")" "69 $in processed"
	done
	s3c mb "$in-late" && echo good | s3c put "$in-late" b.csv >/dev/null
	run3 "$backfill" -s state "s3://$in-late" "s3://$in"
	assert_eq "$status $err$(jq -r '[.bucket, .route.to] | join(" ")' <<<"$out" | sort)" "0 $(printf '%s\n' "$in processed" "$in-late processed" | sort)"
	run3 "$backfill" -s state "s3://$in-late" "s3://$in"
	assert_eq "$status $out$err" '0 '
}

@test "what an access point shows is worked on, and the state is about its whole name" {
	settings
	arn=arn:aws:s3:us-east-1:123456789012:accesspoint/point
	text=good etag=$(printf good | md5sum | cut -d ' ' -f 1)
	# Names below localhost are known to libcurl, which asks nobody.
	at='"header": {"host": "^point-123456789012\\.localhost:"}'
	stub "[{\"match\": {\"method\": \"GET\", \"path\": \"list-type=2\", $at}, \"reply\": {\"body\":
		\"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>in/a</Key><ETag>$etag</ETag><Size>4</Size></Contents></ListBucketResult>\"}},
		{\"match\": {\"path\": \"^/in/a\", $at}, \"reply\": {\"headers\": {\"ETag\": \"\\\"$etag\\\"\"}, \"body\": \"$text\"}},
		{\"match\": {\"method\": \"PUT\", \"header\": {\"x-amz-copy-source\": \"accesspoint(/|%2F)point/object/in/a\"}}, \"reply\": {\"body\":
		\"<CopyObjectResult><ETag>$etag</ETag></CopyObjectResult>\"}},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/localhost} AWS_REGION=us-east-1
	run3 "$backfill" "s3://$arn/in/"
	assert_eq "$status $err $(jq -c '[.bucket, .key, .route.to, .failed]' <<<"$out")" "0  [\"$arn\",\"in/a\",\"processed\",null]"
	assert_eq "$(items)" '["in/a",true]'
	assert_eq "$(jq -c '[.list, .mark]' backfill.state)" "[\"s3://$arn/in/\",\"in/a\"]"
}

@test "a signal to backfill ends all of it, and while any of it is left no other has its state" {
	settings
	fill 30
	printf '#!/bin/sh\ncd "%s"\n[ -e go ] || { touch begun; exec sleep 100; }\n' "$dir" >processor
	export CHECKS="--allow-write $dir"
	for signal in TERM KILL; do
		rm -f begun
		setsid "$backfill" -s state "s3://$in" >/dev/null 2>"$dir/said" 3>&- &
		pid=$!
		wait_until test -e begun
		run3 timeout 20 "$backfill" -s state "s3://$in"
		assert_eq "$status $out$err" $'69 backfill: another run has state\n'
		kill -$signal $pid
		run3 wait $pid
		if [ $signal = TERM ]; then
			# Nothing of it is left.
			run3 pgrep -g $pid
			assert_eq "$status $out $(echo state*)" '1  state*'
		fi
	done
	# What it has left behind works on.
	run3 timeout 20 "$backfill" -s state "s3://$in"
	assert_eq "$status $err" $'69 backfill: another run has state\n'
	touch go
	kill -KILL -- -$pid
	wait_until ends_with_0
	assert_eq "$err$(echo state*)" 'state'
}

@test "^C ends a loop of backfills, too" {
	settings
	fill 1
	printf '#!/bin/sh\ncd "%s"\ntouch begun\nexec sleep 100\n' "$dir" >processor
	export CHECKS="--allow-write $dir"
	# shellcheck disable=SC2016
	env --default-signal=INT setsid bash -c 'for prefix in 2025 2; do "$1" -s state "$2/$prefix"; echo next; done' \
		bash "$backfill" "s3://$in" >"$dir/said" 2>&1 3>&- &
	pid=$!
	wait_until test -e begun
	kill -INT -- -$pid
	run3 wait $pid
	assert_eq "$status $(grep -c next "$dir/said") $(echo state*)" '130 0 state*'
	run3 pgrep -g $pid
	assert_eq "$out" ''
}

@test "a signal while backfill starts what it needs ends all of it" {
	settings
	fill 1
	printf '#!/bin/sh\nexec sleep 100\n' >processor
	export BASH_ENV=$dir/begins
	echo "[[ \$0 != */backfill ]] || trap '[[ \$BASH_COMMAND != trap* || ! \$! ]] || kill -TERM \$\$' DEBUG" >"$BASH_ENV"
	setsid "$backfill" -s state "s3://$in" >/dev/null 2>&1 3>&- &
	pid=$!
	run3 wait $pid
	run3 pgrep -g $pid
	assert_eq "$out$(echo state*)" 'state*'
}

@test "what was killed may take a moment to end" {
	settings
	fill 2
	flock state.lock sleep 0.5 3>&- &
	wait_until is_locked
	run3 "$backfill" -s state "s3://$in"
	wait $!
	assert_eq "$status $err$(echo state*)" '0 state'
	assert_done
}

is_locked() {
	! flock -n state.lock true
}

@test "where nothing can be locked, backfill works all the same" {
	settings
	fill 2
	mkdir bin
	printf '#!/bin/sh\nexit 71\n' >bin/flock
	chmod +x bin/flock
	PATH=$dir/bin:$PATH run3 "$backfill" -s state "s3://$in"
	assert_eq "$status $err$(echo state*)" '0 state'
	assert_done
}

ends_with_0() {
	run3 timeout 60 "$backfill" -s state "s3://$in"
	[ "$status" = 0 ]
}

@test "a dry run of backfill writes nothing" {
	settings
	fill 5
	run3 "$backfill" -n --name '*.csv' "s3://$in"
	assert_eq "$status $(grep -c . <<<"$out") $(s3c ls "$to") $(s3c ls "$bad") $(items) $(ls)" "0 5 [] []  $(printf 'err\nout\nprocessor\nwanted')"
	run3 "$backfill" -s
	assert_eq "$status $out$err" $'64 backfill: no file after -s\n'
	run3 "$backfill"
	assert_eq "$status $out$err" $'64 s3ls: nothing to list: give s3://BUCKET/PREFIX\n'
}

@test "what a list names is moved, also when the move is killed" {
	new_places
	fill 300
	keys=$(jq -c '.[0]' wanted)
	move() {
		s3ls -j 4 --page-size 30 "s3://$in" | s3route -p "$to" -b "$bad" | ddb-record -t "$table" | s3rm -r
	}
	export -f move
	export in to bad table
	# Whoever reads the first lines kills all of them, and itself.
	setsid --wait bash -c "move | { head -n $((30 + RANDOM % 150)) >/dev/null; kill -9 0; }" 2>/dev/null 3>&- || status=$?
	assert_eq "$status" 137
	# Each object is somewhere at any time.
	{ s3c ls "$in"; s3c ls "$to"; } | jq -c '.[].key' | sort -u | diff <(printf '%s\n' "$keys") -
	[ "$(s3c ls "$in" | jq length)" -gt 0 ]
	run3 bash -o pipefail -c move
	assert_eq "$status $err" '0 '
	s3c ls "$to" | jq -c '.[].key' | sort | diff <(printf '%s\n' "$keys") -
	assert_eq "$(s3c ls "$in") $(items | wc -l)" '[] 300'
}
