#!/usr/bin/env bats
# The files of s3fetch: how many there are at once, and that none stays.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
	group='' # of processes, to be killed with the test
}

teardown() {
	[ -z "$group" ] || kill -KILL -- "-$group" 2>/dev/null || true
	stop_servers
}

# Objects of 100,000 bytes.
objects() {
	stub '[{"match": {"path": "stalls"}, "stall": 100, "reply": {"bodySize": 100000, "headers": {"ETag": "\"e-1\""}}}, {"reply": {"bodySize": 100000, "headers": {"ETag": "\"e-1\""}}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

records() { # KEY...
	local key
	for key; do
		record bucket=in key="$key" size=100000
	done
}

files() {
	find "$spool" -name 's3ev-*' | wc -l
}

parts() {
	find "$spool" -name '.s3ev-*' | wc -l
}

has_files() { # COUNT
	[ "$(files)" -eq "$1" ]
}

# Starts a command whose output goes to the file out; ended waits for it.
start() { # COMMAND...
	"$@" <&0 >"$dir/out" 2>"$dir/err" 3>&- &
	pid=$!
}

ended() {
	status=0
	wait "$pid" || status=$?
}

@test "no more than --max-spool bytes are there; what is taken away makes room" {
	objects
	start timeout 60 s3fetch -j 8 -d "$spool" --max-spool 250000 < <(records a b c d e)
	for left in 2 2 2 2 1; do
		wait_until has_files "$left"
		assert_eq "$(parts) $(wc -l <"$STUB_LOG")" "0 $(wc -l <"$dir/out")"
		find "$spool" -name 's3ev-*' | head -n 1 | xargs -d '\n' rm
	done
	ended
	assert_eq "$status $(wc -l <"$dir/out") $(cat "$dir/err")" '0 5 '
}

@test "objects whose size nobody has announced are asked for it, and take no more room" {
	objects
	jq -cn 'range(5) | {bucket: "in", key: "k\(.)"}' >"$dir/in"
	start timeout 60 s3fetch -j 8 -d "$spool" --max-spool 250000 <"$dir/in"
	for left in 2 2 2 2 1; do
		wait_until has_files "$left"
		assert_eq "$(parts)" 0
		find "$spool" -name 's3ev-*' | head -n 1 | xargs -d '\n' rm
	done
	ended
	assert_eq "$status $(wc -l <"$dir/out") $(jq -r .method "$STUB_LOG" | sort | uniq -c | tr -s ' ' | paste -sd,)" '0 5  5 GET, 5 HEAD'
}

@test "one larger than the bound is fetched when nothing else is there" {
	objects
	start timeout 60 s3fetch -j 8 -k -d "$spool" --max-spool 1K < <(records a b)
	wait_until has_files 1
	rm "$spool"/s3ev-*
	wait_until has_files 1
	ended
	assert_eq "$status $(wc -l <"$dir/out")" '0 2'
}

@test "files that stay for good do not keep others from being seen to go" {
	objects
	jq -cn 'range(700) | {bucket: "in", key: (if . < 600 then "stays" else "goes" end), size: 100000}' >"$dir/in"
	timeout 60 s3fetch -j 8 -k -d "$spool" --max-spool 60200000 <"$dir/in" 2>"$dir/err" |
		tee "$dir/records" | jq --unbuffered -r 'select(.key == "goes") | .fetch.path' | while read -r path; do
		rm "$path"
	done
	assert_eq "$(wc -l <"$dir/records") $(cat "$dir/err") $(files)" '700  600'
}

@test "who waits long for room says so" {
	objects
	start timeout 60 s3fetch -d "$spool" --max-spool 100K < <(records a b)
	wait_until has_files 1
	for _ in 1 2 3; do # of ten seconds each
		wait_until test -s "$dir/err" && break
	done
	assert_eq "$(cat "$dir/err")" 's3fetch: waiting for room: 100000 bytes are in 1 files that are not removed'
	rm "$spool"/s3ev-*
	ended
	assert_eq "$status" 0
}

@test "a record whose deadline comes while it waits is failed" {
	objects
	start timeout 60 s3fetch -k -d "$spool" --max-spool 100K < <(records a
		record bucket=in key=b size=100000 deadline:=$(($(date +%s%3N) + 500)))
	ended
	assert_eq "$status $(jq -r '.failed.code' "$dir/out")" $'75 null\nDeadlineExceeded'
}

@test "of many records with little room each comes through s3check and s3route, and no file stays" {
	new_bucket in
	new_bucket processed
	new_bucket bad
	head -c 50000 /dev/urandom >"$dir/object"
	etag=$(s3c put "$in" k "$dir/object" | jq -r .etag)
	jq -cn --arg bucket "$in" --arg etag "$etag" 'range(40) | {id: "r\(.)", $bucket, key: "k", size: 50000, $etag}' >"$dir/in"
	record bucket="$in" key=none size=50000 etag="$etag" >>"$dir/in"
	for options in '-j 16' '-k -j 4'; do
		# shellcheck disable=SC2086
		timeout 60 s3fetch $options -d "$spool" --max-spool 120K <"$dir/in" 2>"$dir/err" |
			s3check $options -x 'case $S3EV_ID in *3) exit 75;; *4) exit 1;; *) cat;; esac' 2>/dev/null |
			s3route $options -p "$processed" -b "$bad" >"$dir/out" || true
		assert_eq "$(wc -l <"$dir/out") $(jq -cS 'select(.failed)' "$dir/out" | wc -l) $(cat "$dir/err")" '41 4 '
		assert_eq "$(find "$spool" -type f)" ''
	done
}

# Runs bash commands with $spool as a file system of 1 MiB.
on_small_disk() { # COMMANDS
	run3 unshare -rm timeout 60 bash -c 'mount -t tmpfs -o size=1m none "$spool" && '"$1"
}

@test "a full disk: what is taken away makes room, and all records come" {
	objects
	records {1..40} >"$dir/in"
	export spool dir
	on_small_disk 's3fetch -j 16 -d "$spool" <"$dir/in" | tee "$dir/records" | jq --unbuffered -r .fetch.path | xargs -d "\n" -n 1 rm; ls -A "$spool"'
	assert_eq "$status $err $out" '0  '
	assert_eq "$(jq .fetch.bytes "$dir/records" | sort | uniq -c)" '     40 100000'
}

@test "a full disk under objects of unknown size: the same" {
	objects
	for i in {1..40}; do
		record bucket=in key="$i"
	done >"$dir/in"
	export spool dir
	on_small_disk 's3fetch -j 4 -d "$spool" <"$dir/in" | tee "$dir/records" | jq --unbuffered -r .fetch.path | xargs -d "\n" -n 1 rm; ls -A "$spool"'
	assert_eq "$status $err $out" '0  '
	assert_eq "$(jq .fetch.bytes "$dir/records" | sort | uniq -c)" '     40 100000'
}

@test "more at once than the disk has room for: some fail, the others come" {
	stub '[{"reply": {"bodySize": 700000}}]'
	export spool dir AWS_ENDPOINT_URL_S3=$STUB_URL
	for i in 1 2 3; do
		record bucket=in key="$i"
	done >"$dir/in"
	on_small_disk 's3fetch -j 3 -d "$spool" <"$dir/in" | tee "$dir/records" | jq --unbuffered -r ".fetch.path // empty" | xargs -r -d "\n" -n 1 rm; ls -A "$spool"'
	assert_eq "$out" ''
	assert_eq "$(wc -l <"$dir/records")" 3
	assert_json '.failed or .fetch.bytes == 700000' "$(cat "$dir/records")"
	assert_json '(.failed.code // "SystemError") == "SystemError"' "$(cat "$dir/records")"
}

@test "an object larger than the disk: failed, 74, no file" {
	stub '[{"reply": {"bodySize": 3000000}}]'
	export spool dir AWS_ENDPOINT_URL_S3=$STUB_URL
	{
		record bucket=in key=k size=3000000
		record bucket=in key=l
	} >"$dir/in"
	on_small_disk 's3fetch -j 1 -d "$spool" <"$dir/in"; status=$?; ls -A "$spool"; exit "$status"'
	assert_eq "$status $(jq -r '.failed | "\(.code) \(.retry)"' <<<"$out")" $'74 SystemError true\nSystemError true'
	[[ $err == *': No space left on device'* ]]
}

# The pipeline's own directory

# Starts pipelines/process on a record whose processor waits; sets pid.
waiting_pipeline() {
	new_bucket in
	new_bucket processed
	new_bucket bad
	echo hello | s3c put "$in" a >/dev/null
	export TMPDIR=$dir PROCESSED_BUCKET=$processed BAD_DATA_BUCKET=$bad RECORD_TABLE=
	export PROCESSOR="touch '$dir/runs'; exec sleep 1000" CHECKS="--allow-write $dir"
	echo "s3://$in/a" >"$dir/list"
	start setsid "$tests/../pipelines/process" -l <"$dir/list"
	wait_until test -e "$dir/runs"
	group=$pid
	assert_eq "$(find "$dir"/s3ev.?????? -maxdepth 1 -type f -name 's3ev-*' | wc -l)" 1
}

is_gone() {
	[ -z "$(find "$dir" -maxdepth 1 -name 's3ev.??????')" ]
}

no_group() { # PGID
	! kill -0 -- "-$1" 2>/dev/null
}

@test "a pipeline that is terminated leaves no directory" {
	waiting_pipeline
	kill "$pid"
	ended
	wait_until is_gone
	kill -KILL -- "-$pid" 2>/dev/null || true # its filters, should they still run
	wait_until no_group "$pid"
}

@test "one that was killed leaves it to the next, which takes none that is in use" {
	waiting_pipeline
	kill -KILL "$pid"
	ended
	old=$(echo "$dir"/s3ev.??????)
	PROCESSOR=true run3 "$tests/../pipelines/process" -l </dev/null
	assert_eq "$status $(find "$old" -maxdepth 1 -type f -name 's3ev-*' | wc -l)" '0 1' # its filters still run
	kill -KILL -- "-$pid"
	wait_until no_group "$pid"
	PROCESSOR=true run3 "$tests/../pipelines/process" -l </dev/null
	assert_eq "$status $err" '0 '
	is_gone
}

@test "one that was killed before it had its lock is gone after an hour, unless there is something in it" {
	export TMPDIR=$dir PROCESSED_BUCKET=p BAD_DATA_BUCKET=b RECORD_TABLE='' PROCESSOR=true
	mkdir "$dir"/s3ev.{new000,empty0,locked,full00}
	touch "$dir/s3ev.locked/lock.new" "$dir/s3ev.full00/file"
	touch -d '2 hours ago' "$dir"/s3ev.{empty0,locked,full00}
	run3 "$tests/../pipelines/process" -l </dev/null
	assert_eq "$status $err" '0 '
	assert_eq "$(cd "$dir" && echo s3ev.??????)" 's3ev.full00 s3ev.new000'
}

@test "where there is no flock it works, takes nothing of others, and leaves nothing" {
	mkdir "$dir/bin"
	for program in $(dpkg -L coreutils | sed -n 's,.*/bin/,,p') bash sh setsid; do
		ln -s "$(type -P "$program")" "$dir/bin"
	done
	BUILD=${BUILD:-$tests/../build}
	export BUILD
	waiting_pipeline
	old=$(echo "$dir"/s3ev.??????)
	run3 env PATH="$dir/bin" PROCESSOR=true "$tests/../pipelines/process" -l <"$dir/list"
	assert_eq "$status $err $(jq -c '[.route.to, .failed]' <<<"$out")" '0  ["processed",null]'
	assert_eq "$(echo "$dir"/s3ev.??????)" "$old"
	kill -KILL -- "-$pid"
	wait_until no_group "$pid"
	rm -r "$old" "$dir/runs"
	PATH=$dir/bin start "$dir/bin/setsid" "$tests/../pipelines/process" -l <"$dir/list"
	group=$pid
	wait_until test -e "$dir/runs"
	kill "$pid"
	ended
	wait_until is_gone
}

@test "where nothing can be locked, one that has waited for an hour keeps its directory" {
	new_bucket in
	new_bucket processed
	echo hello | s3c put "$in" a >/dev/null
	export TMPDIR=$dir PROCESSED_BUCKET=$processed BAD_DATA_BUCKET=none RECORD_TABLE='' PROCESSOR=true
	mkdir "$dir/bin"
	printf '#!/bin/sh\nexit 71\n' >"$dir/bin/flock"
	chmod +x "$dir/bin/flock"
	mkfifo "$dir/list"
	exec {list}<>"$dir/list"
	PATH=$dir/bin:$PATH start "$tests/../pipelines/process" -l <"$dir/list" {list}>&-
	wait_until pgrep -P "$pid" s3route
	old=$(echo "$dir"/s3ev.??????)
	touch -d '2 hours ago' "$old"
	PATH=$dir/bin:$PATH run3 "$tests/../pipelines/process" -l </dev/null
	assert_eq "$status $err" '0 '
	echo "s3://$in/a" >&"$list"
	exec {list}>&-
	ended
	assert_eq "$status $(cat "$dir/err") $(jq -c '[.route.to, .failed]' "$dir/out")" '0  ["processed",null]'
}

@test "in the directory of a driver it makes none, and calls no program but the filters" {
	new_bucket in
	new_bucket processed
	echo hello | s3c put "$in" a >/dev/null
	mkdir "$dir/bin" "$dir/scratch"
	ln -s "$(type -P bash)" "$dir/bin/bash"
	ln -s bash "$dir/bin/sh"
	echo "s3://$in/a" >"$dir/list"
	run3 env PATH="$dir/bin" BUILD="${BUILD:-$PWD/build}" TMPDIR="$dir/scratch" S3EV_SCRATCH="$dir/scratch" METRICS="$dir/s3ev.prom" \
		PROCESSED_BUCKET="$processed" BAD_DATA_BUCKET=b RECORD_TABLE='' PROCESSOR='[ -s "$S3EV_PATH" ]' "$tests/../pipelines/process" -l <"$dir/list"
	assert_eq "$status $err $(jq -c '[.route.to, .failed]' <<<"$out")" '0  ["processed",null]'
	assert_eq "$(ls -A "$dir/scratch")" ''
	# Without mkfifo the requests of each filter are not counted.
	assert_eq "$(grep -c '^s3ev_requests_total' "$dir/s3ev.prom") $(grep '^s3ev_records_total{outcome="good"}' "$dir/s3ev.prom")" '0 s3ev_records_total{outcome="good"} 1'
}
