#!/usr/bin/env bats
# The filters together: on events that the server itself sends, and by the thousand.

load ../lib/helper

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
}

# Makes the buckets in, to and bad, the table, and lets RGW announce to $RECEIVED what comes in.
world() {
	local name
	table=ledger-$RANDOM$RANDOM
	for name in in to bad; do
		printf -v "$name" '%s-%04x%04x%04x' $name $RANDOM $RANDOM $RANDOM
		s3c mb "${!name}" &
	done 3>&-
	wait
	make_ledger "$table"
	receiver
	s3c notify "$in" "$RECEIVER_URL"
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table TMPDIR=$spool
}

announced() { # COUNT
	[ -e "$RECEIVED" ] && [ "$(wc -l <"$RECEIVED")" -ge "$1" ]
}

# Good is what is JSON.
pipeline() {
	s3ev-split | s3fetch | s3check -x 'jq -e . >/dev/null 2>&1 || { echo "no JSON" >&2; exit 1; }' | s3route | ddb-record
	echo "${PIPESTATUS[*]}" >"$dir/statuses"
}

# Every item in the table: object, outcome, count.
ledger() {
	jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan |
		jq -r '.Items[] | [.object.S, .outcome.S, .decided.N] | join(" ")' | sort
}

keys() { # BUCKET
	s3c ls "$1" | jq -c '[.[].key] | sort'
}

@test "pipelines/process: a folder marker goes through, and is neither copied nor recorded nor deleted" {
	world
	: >"$dir/empty"
	echo '{}' >"$dir/good.json"
	s3c put "$in" new/ "$dir/empty" >/dev/null
	s3c put "$in" new/good.json "$dir/good.json" >/dev/null
	wait_until announced 2
	run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err" '0 '
	s3rm -r <"$dir/out" >"$dir/removed"
	assert_eq "$(jq -c 'select(.key == "new/") | [.check, .bad, .route, .record, .rm]' "$dir/removed")" '[{"skipped":"folder"},null,null,null,null]'
	assert_eq "$(keys "$in") $(keys "$to") $(keys "$bad")" '["new/"] ["new/good.json"] []'
	assert_eq "$(ledger)" "$in/new/good.json good 1"
	assert_eq "$(find "$spool" -type f)" ''
}

@test "pipelines/process: built-in checks come from CHECKS, with no processor if PROCESSOR is empty" {
	world
	printf 'a,b\n1,2\n' | s3c put "$in" good.csv >/dev/null
	printf 'a,b\n1\n' | s3c put "$in" bad.csv >/dev/null
	wait_until announced 2
	CHECKS='--utf8 --csv=2' PROCESSOR='' run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err" '0 '
	assert_eq "$(keys "$to") $(keys "$bad")" '["good.csv"] ["bad.csv","bad.csv.why.json"]'
	assert_eq "$(jq -c '[.check.by, .bad.reason]' <<<"$out" | sort)" $'["builtin",null]\n["csv","line 2: 1 field, not 2"]'
	cd "$dir"
	touch other.csv
	CHECKS=' --name *.csv  --csv=2 ' PROCESSOR='' run3 "$tests/../pipelines/process" <"$RECEIVED"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -c '[.check.by, .check.checks, .bad.code, .fetch]' <<<"$out" | sort)" $'["builtin",["name","csv"],null,null]\n["csv",["name","csv"],"FieldCount",null]'
	CHECKS='-X false' PROCESSOR='' run3 "$tests/../pipelines/process" <"$RECEIVED"
	assert_eq "$status $(jq -c 'has("fetch")' <<<"$out" | sort -u)" '75 true'
}

@test "pipelines/process: an object is read once, by the checks, and not at all for its name and size" {
	world
	printf 'a,b\n' | s3c put "$in" a.csv >/dev/null
	wait_until announced 1
	stub "[{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL PROCESSOR=''
	CHECKS='--name *.csv --max-size 100' run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(jq -r .route.to <<<"$out") $(grep -c '"method":"GET"' "$STUB_LOG")" '0 processed 0'
	CHECKS='--csv=2 --utf8' run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(jq -r .route.to <<<"$out") $(grep -c '"method":"GET"' "$STUB_LOG")" '0 processed 1'
}

# Starts pipelines/process on a FIFO, to which fd 7 writes; sets pid.
keep_running() { # OPTION...
	rm -f "$dir/events"
	mkfifo "$dir/events"
	: >"$dir/out"
	"$tests/../pipelines/process" "$@" <"$dir/events" >"$dir/out" 2>"$dir/err" 3>&- &
	pid=$!
	exec 7>"$dir/events"
}

filter_of() { # NAME
	filter=$(pgrep -P "$pid" -x "$1")
}

has_ended() { # PID
	! kill -0 "$1" 2>/dev/null
}

@test "pipelines/process: a filter that is killed, idle, ends all of them at once, with 75" {
	world
	echo '{}' | s3c put "$in" k.json >/dev/null
	wait_until announced 1
	export PROCESSOR='cat >/dev/null'
	for name in s3ev-split s3fetch s3check s3route ddb-record; do
		keep_running -m
		cat "$RECEIVED" >&7
		wait_until has_lines "$dir/out" 2
		mapfile -t filters < <(pgrep -P "$pid")
		assert_eq "$name ${#filters[@]}" "$name 5"
		filter_of "$name"
		kill -KILL "$filter"
		wait_until has_ended "$pid"
		status=0
		wait "$pid" || status=$?
		assert_eq "$status $(grep -v ': stdout: Broken pipe$' "$dir/err")" "75 process: $name ended before its time, with status 137"
		for filter in "${filters[@]}"; do
			wait_until has_ended "$filter"
		done
		exec 7>&-
		assert_eq "$name $(ls -A "$spool")" "$name "
	done
}

@test "pipelines/process: a filter that is killed, and dies after what is behind it, is seen" {
	mkdir "$dir/tools"
	for tool in s3ev-split s3fetch s3route ddb-record; do
		ln -s "$(type -P $tool)" "$dir/tools"
	done
	# The kernel closes what a process has open before it tells its parent.
	printf '%s\n' '#!/bin/sh' 'exec >&-' 'sleep 0.5' 'kill -KILL $$' >"$dir/tools/s3check"
	chmod +x "$dir/tools/s3check"
	export PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad RECORD_TABLE='' PROCESSOR=true TMPDIR=$dir
	BUILD=$dir/tools keep_running -m
	wait_until has_ended "$pid"
	status=0
	wait "$pid" || status=$?
	exec 7>&-
	assert_eq "$status $(<"$dir/err")" '75 process: s3check ended before its time, with status 137'
}

@test "process: a pipe that broke since its reader was killed is not why it ended" {
	mkdir "$dir/tools"
	printf '%s\n' '#!/bin/sh' 'cat >/dev/null' >"$dir/tools/s3ev-split"
	printf '%s\n' '#!/bin/sh' 'read -r line' 'kill -KILL $$' >"$dir/tools/s3route"
	# It ends after its reader, with the status of a broken pipe.
	printf '%s\n' '#!/bin/sh' 'trap "" PIPE TERM' 'while echo line; do :; done 2>/dev/null' 'exit 74' >"$dir/tools/s3check"
	printf '%s\n' '#!/bin/sh' 'cat' >"$dir/tools/ddb-record"
	chmod +x "$dir"/tools/*
	export PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad RECORD_TABLE='' PROCESSOR='' TMPDIR=$dir
	BUILD=$dir/tools run3 pipelines/process </dev/null
	assert_eq "$status" 75
	# By itself, it is.
	printf '%s\n' '#!/bin/sh' 'cat >/dev/null' >"$dir/tools/s3route"
	printf '%s\n' '#!/bin/sh' 'exit 74' >"$dir/tools/s3check"
	BUILD=$dir/tools run3 pipelines/process </dev/null
	assert_eq "$status" 74
}

@test "pipelines/process: a filter that cannot begin ends all of them, with its own status" {
	world
	export PROCESSOR=
	for options in CHECKS=--nonsense ROUTE_OPTIONS=--help RECORD_OPTIONS='--ttl 0' SPLIT_OPTIONS=--nonsense 'ROUTE_OPTIONS=--target-profile nobody'; do
		export "${options?}"
		keep_running -m
		unset "${options%%=*}"
		wait_until has_ended "$pid"
		status=0
		wait "$pid" || status=$?
		exec 7>&-
		case $options in
		ROUTE_OPTIONS=--t*) wanted=78 ;;
		SPLIT*) wanted=64 ;;
		*) wanted=75 ;;
		esac
		assert_eq "$options $status $(ls -A "$spool")" "$options $wanted "
	done
}

@test "pipelines/process: it ends when its events do, and with the worst of its filters" {
	world
	export PROCESSOR=
	run3 pipelines/process -m </dev/null
	assert_eq "$status $out$err" '0 '
	echo '{}' | s3c put "$in" k.json >/dev/null
	wait_until announced 1
	PROCESSED_BUCKET=$in run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '78 WouldLoop'
	run3 pipelines/process < <(printf 'nonsense')
	assert_eq "$status $(jq -r .failed.by <<<"$out")" '65 '
}

@test "pipelines/process: --help says what it takes, and -n does nothing but look" {
	world
	export PROCESSOR=
	for help in -h --help; do
		run3 pipelines/process "$help"
		assert_eq "$status $err$(head -n 1 <<<"$out")" '0 usage: process [-hn] [OPTION of s3ev-split]... < EVENTS'
		[[ $out == *'PROCESSOR '*'(the processor that lies beside this,'* ]]
	done
	echo '{}' | s3c put "$in" k.json >/dev/null
	wait_until announced 1
	for dry in -n --dry-run; do
		run3 pipelines/process "$dry" <"$RECEIVED"
		assert_eq "$status $err" '0 '
		assert_json '.route.dry and .record.dry and .record.status == "written"'
		assert_eq "$(keys "$to") $(ledger)" '[] '
	done
}

@test "pipelines/process -r: what is no option of it is refused, not left out" {
	world
	export PROCESSOR=
	echo '{}' | s3c put "$in" k.json >/dev/null
	for option in --dryrun -nv records; do
		run3 pipelines/process -r "$option" < <(s3ls "s3://$in")
		assert_eq "$status $out$err" "64 process: not an option for records: $option"$'\n'
	done
	assert_eq "$(s3c ls "$to")" '[]'
}

@test "pipelines/process: each filter has options in the environment" {
	world
	echo hello | s3c put "$in" a.txt >/dev/null
	wait_until announced 1
	touch "$dir/*"
	cd "$dir"
	printf 's3://%s/a.txt\n' "$in" >"$dir/list"
	SPLIT_OPTIONS=' -l ' FETCH_OPTIONS='--stats f.json -j 3' CHECKS='--name *.csv' ROUTE_OPTIONS='--bad-template bad/{base} --no-why' \
		RECORD_OPTIONS="--ttl 7 -t $table" PROCESSOR=true run3 "$tests/../pipelines/process" <"$dir/list"
	assert_eq "$status $err$(keys "$bad")" '0 ["bad/a.txt"]'
	assert_json '.bad.by == "s3check"'
	[ -s f.json ]
	assert_json '.expires.N' "$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -c '.Items[]')"
}

@test "pipelines/process: METRICS is a file or a URL, and what s3ev-stat cannot do ends all of them" {
	world
	echo '{}' | s3c put "$in" k.json >/dev/null
	wait_until announced 1
	export PROCESSOR='jq . >/dev/null'
	METRICS=$dir/s3ev.prom run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(ledger)" "0 $in/k.json good 1"
	assert_json '.record.status == "written"'
	grep -qx 's3ev_records_total{outcome="good"} 1' "$dir/s3ev.prom"
	assert_eq "$(sed -n 's/^s3ev_requests_total{filter="\([^"]*\)"} [1-9].*/\1/p' "$dir/s3ev.prom" | sort | xargs)" 'ddb-record s3fetch s3route'
	stub '[{"reply": {"body": "{}"}}]'
	METRICS=$STUB_URL run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(jq -r .target "$STUB_LOG" | uniq)" '0 /v1/metrics'
	METRICS=$dir/none/s3ev.prom run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $out$(ls -A "$spool")" '74 '
	[[ $err == *"s3ev-stat: $dir/none/s3ev.prom: No such file"* ]]
}

@test "pipelines/process: with --create, the table is there before it is asked" {
	world
	echo '{}' | s3c put "$in" k.json >/dev/null
	wait_until announced 1
	RECORD_TABLE=new-$table RECORD_OPTIONS=--create PROCESSOR='' run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 written'
}

@test "pipelines/process: what a consumer has taken away is not placed again, and its source goes with s3rm -r" {
	world
	echo '{}' | s3c put "$in" k.json >/dev/null
	wait_until announced 1
	export PROCESSOR=
	run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(keys "$to")" '0 ["k.json"]'
	s3c empty "$to"
	run3 pipelines/process <"$RECEIVED"
	assert_eq "$status $err$(keys "$to") $(jq -c '[.route.by, .record.status]' <<<"$out")" '0 [] ["ledger","repeated"]'
	s3rm -r <"$dir/out" >"$dir/removed"
	assert_eq "$(jq -r .rm.status "$dir/removed") $(keys "$in")" 'removed []'
}

@test "the server's own events: good to processed, bad to bad data, gone recorded; and once more: nothing" {
	world
	odd=$'in/2026/a b+c&é%20\'x".json'
	echo '{"good": 1}' | s3c put "$in" "$odd" >/dev/null
	echo '[]' | s3c put "$in" plain.json >/dev/null
	echo 'broken {' | s3c put "$in" broken.json >/dev/null
	echo '{}' | s3c put "$in" deleted.json >/dev/null
	s3c rm "$in" deleted.json
	wait_until announced 5

	run3 pipeline <"$RECEIVED"
	assert_eq "$(<"$dir/statuses") $err" '0 0 0 0 0 '
	assert_eq "$(keys "$to")" "$(jq -cn '$ARGS.positional | sort' --args plain.json "$odd")"
	assert_eq "$(keys "$bad")" '["broken.json","broken.json.why.json"]'
	assert_eq "$(s3c get "$to" "$odd")" '{"good": 1}'
	assert_json 'select(.bad) | .bad == {by: "s3check", reason: "no JSON"} and .route.to == "bad-data"' \
		"$(jq -c 'select(.bad)' <<<"$out")"
	assert_json '.gone.by == "s3fetch"' "$(jq -c 'select(.gone)' <<<"$out")"
	assert_eq "$(ledger)" "$(printf '%s\n' "$in/broken.json bad 1" "$in/deleted.json gone 1" "$in/plain.json good 1" "$in/$odd good 1" | sort)"
	assert_eq "$(ls -A "$spool")" ''

	before=$(ledger)
	run3 pipeline < <(cat "$RECEIVED" "$RECEIVED")
	assert_eq "$(<"$dir/statuses") $err" '0 0 0 0 0 '
	assert_json '.record.status == "repeated" and (.route.already or .gone)'
	assert_eq "$(ledger)" "$before"
	assert_eq "$(keys "$to") $(keys "$bad")" "$(jq -cn '$ARGS.positional | sort' --args plain.json "$odd") [\"broken.json\",\"broken.json.why.json\"]"
	assert_eq "$(ls -A "$spool")" ''
}

@test "what a processor says of a bad object lies beside it, and in the ledger" {
	world
	line=$(record bucket="$in" key=k size=6 etag="$(echo hello | s3c put "$in" k | jq -r .etag)")
	run3 ddb-record < <(s3check -x 'echo "no comma" >&2; echo "at all" >&2; echo "{\"code\":\"Comma\",\"line\":1,\"count\":2}" >&3; exit 1' <<<"$line" | s3route)
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 written'
	assert_eq "$(s3c get "$bad" k.why.json | jq -c '[.id, .bad, .route.key]')" \
		"$(jq -c '[.id, {by: "s3check", code: "Comma", reason: "no comma", line: 1, count: 2, stderr: "no comma\nat all"}, "k"]' <<<"$line")"
	assert_eq "$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -c '.Items[] | [.outcome, .by, .code, .reason, .line, .count, .destination | .S // .N]')" \
		"[\"bad\",\"s3check\",\"Comma\",\"no comma\",\"1\",\"2\",\"$bad/k\"]"
}

@test "a program of its own: jq between, no spool, no table, and a move at the end" {
	world
	unset RECORD_TABLE
	echo a,b | s3c put "$in" a.csv >/dev/null
	echo text | s3c put "$in" b.txt >/dev/null
	printf '' | s3c put "$in" empty.csv >/dev/null
	wait_until announced 3
	s3ev-split <"$RECEIVED" | jq -c 'select(.mark or .size > 0)' | s3check --name '*.csv' -x 'grep -q ,' | s3route | ddb-record | s3rm >"$dir/out"
	assert_eq "${PIPESTATUS[*]}" '0 0 0 0 0 0'
	assert_eq "$(jq -r '[.key, .route.to, .rm.status] | join(" ")' "$dir/out" | sort)" $'a.csv processed removed\nb.txt bad-data removed'
	assert_eq "$(keys "$in") $(keys "$to") $(keys "$bad")" '["empty.csv"] ["a.csv"] ["b.txt","b.txt.why.json"]'
}

@test "what fails in one filter passes the rest untouched, the others are done; run again, it is done" {
	world
	for key in one two three; do
		echo '{}' | s3c put "$in" $key >/dev/null
	done
	wait_until announced 3
	touch "$dir/down"
	broken_pipeline() {
		s3ev-split -m | s3fetch | s3check -x "[ \$S3EV_KEY != two ] || [ ! -e $dir/down ] || exit 75" | s3route | ddb-record
		echo "${PIPESTATUS[*]}" >"$dir/statuses"
	}
	run3 broken_pipeline <"$RECEIVED"
	assert_eq "$(<"$dir/statuses")" '0 0 75 75 75'
	assert_eq "$err" "s3check: $in/two: ProcessorFailed: the processor ended with status 75"$'\n'
	assert_json '.failed.by == "s3check" and .fetch and (.route or .record | not)' "$(jq -c 'select(.key == "two")' <<<"$out")"
	assert_eq "$(jq -r '.mark // empty' <<<"$out" | wc -l)" 3
	assert_eq "$(keys "$to") $(ledger | wc -l)" '["one","three"] 2'
	assert_eq "$(keys "$in")" '["one","three","two"]'
	rm "$dir/down"
	run3 broken_pipeline <"$RECEIVED"
	assert_eq "$(<"$dir/statuses") $err" '0 0 0 0 0 '
	assert_eq "$(keys "$to") $(ledger | wc -l)" '["one","three","two"] 3'
}

@test "a mark goes through all of them, behind what it ends" {
	world
	for key in a b c d; do
		echo '{}' | s3c put "$in" $key >/dev/null
	done
	wait_until announced 4
	s3ev-split -m <"$RECEIVED" | s3fetch | s3check -x 'cat >/dev/null' | s3route | ddb-record >"$dir/out"
	assert_eq "$(jq -r 'if .mark then "mark" else "record" end' "$dir/out" | tr '\n' ' ')" \
		'record mark record mark record mark record mark '
	assert_eq "$(jq -r 'select(.key) | .key' "$dir/out" | tr '\n' ' ')" \
		"$(s3ev-split <"$RECEIVED" | jq -r .key | tr '\n' ' ')"
}

@test "the first filter that cannot write ends them all" {
	world
	echo '{}' | s3c put "$in" k >/dev/null
	wait_until announced 1
	yes "$(<"$RECEIVED")" | head -n 2000 >"$dir/many"
	statuses=$(timeout 60 bash -c 's3ev-split | s3fetch | s3check | s3route | head -n 1 >/dev/null; echo "${PIPESTATUS[*]}"' <"$dir/many")
	[[ $statuses =~ ^(141|74)\ (141|74)\ (141|74)\ (141|74)\ 0$ ]]
}

@test "a wrong secret: nothing is lost, nothing is done, everything is 75" {
	world
	echo '{}' | s3c put "$in" k >/dev/null
	wait_until announced 1
	AWS_SECRET_ACCESS_KEY=wrong run3 pipeline <"$RECEIVED"
	assert_eq "$(<"$dir/statuses")" '0 75 75 75 75'
	assert_json '.failed.by == "s3fetch" and .failed.code == "SignatureDoesNotMatch"'
	assert_eq "$(keys "$to")$(keys "$bad")$(ledger)" '[][]'
}

# By the thousand

# A server for which all goes well.
server() {
	stub "$(jq -n --arg hello "\"$hello\"" '[
		{match: {method: "POST"}, reply: {body: "{\"Items\":[]}"}},
		{match: {method: "HEAD", path: "^/to/"}, reply: {status: 404}},
		{match: {method: "PUT"}, reply: {body: "<CopyObjectResult><ETag>\($hello)</ETag></CopyObjectResult>"}},
		{reply: {headers: {ETag: $hello}, body: "hello\n"}}]')" "$@"
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
}

records() { # COUNT [PADDING]
	jq -cn --argjson n "$1" --argjson x "${2:-100}" --arg etag $hello '("x" * $x) as $x | range($n) |
		{id: "k\(.)", bucket: "in", key: "k\(.)", size: 6, $etag, time: "2026-11-23T05:54:00Z", sequencer: "0\(.)", $x}'
}

has_lines() { # FILE COUNT
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# Runs a filter on COUNT records; sets kib, the most memory it ever had.
takes() { # FILE COUNT COMMAND...
	local pid
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	: >"$dir/out"
	"${@:3}" <"$dir/fifo" >"$dir/out" 2>"$dir/err" 3>&- &
	pid=$!
	exec 7>"$dir/fifo"
	cat "$1" >&7
	wait_until has_lines "$dir/out" "$2" || wait_until has_lines "$dir/out" "$2"
	kib=$(own_memory "$pid")
	# ASan keeps what is freed.
	! grep -q libasan "/proc/$pid/maps" || kib=0
	exec 7>&-
	wait $pid
	assert_eq "$(<"$dir/err")$(wc -l <"$dir/out")" "$2"
	assert_eq "$(jq -r .id "$dir/out" | sort | uniq | wc -l)" "$2"
	assert_eq "$(grep -c '"failed"\|"gone"\|"bad"' "$dir/out")" 0
}

@test "10,000 records through 64 in flight: in less than 8 MiB of its own" {
	server --log ''
	records 10000 >"$dir/in"
	for command in "s3fetch -d $spool" 's3route -p to -b bad' 'ddb-record -t t'; do
		# shellcheck disable=SC2086
		takes "$dir/in" 10000 $command -j 64
		[ "$kib" -lt $((8 * 1024)) ]
	done
	assert_eq "$(find "$spool" -type f | wc -l)" 10000
}

@test "records of 1 MB by the hundred, -k and the first one slow: in less than 56 MiB with four in flight" {
	server
	records 100 1000000 >"$dir/in"
	takes "$dir/in" 100 s3fetch -j 4 -k -d "$spool"
	[ "$kib" -lt $((56 * 1024)) ]
}

@test "a reader that does not read stops the reading, and memory" {
	server
	records 400 20000 >"$dir/in"
	mkfifo "$dir/fifo"
	s3fetch -j 8 -d "$spool" <"$dir/in" >"$dir/fifo" 3>&- &
	exec 7<"$dir/fifo"
	wait_until is_steady
	# 64 KiB in the pipe, 256 in the filter, what is in flight, and what was being written.
	[ "$before" -lt 40 ] && [ "$before" -gt 8 ]
	cat <&7 >"$dir/out"
	exec 7<&-
	wait $!
	assert_eq "$(wc -l <"$dir/out")" 400
}

# The stub has not been asked for a while.
before=-1 steady=0
is_steady() {
	local now
	now=$(wc -l <"$STUB_LOG")
	if [ "$now" -gt 0 ] && [ "$now" -eq "$before" ]; then
		steady=$((steady + 1))
	else
		steady=0
	fi
	before=$now
	[ $steady -ge 25 ]
}

@test "pipelines/process: without a stdin or a stdout it does nothing: 74" {
	export TMPDIR=$spool PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad PROCESSOR=
	for closed in '<&-' '>&-'; do
		run3 timeout 20 bash -c "\"\$@\" $closed" bash "$tests/../pipelines/process" -r <<<'{"bucket": "in", "key": "a"}'
		assert_eq "$closed $status $out$err$(ls "$spool")" "$closed 74 process: stdin or stdout is closed"$'\n'
	done
}

@test "pipelines/process: a signal while it starts its filters ends all of them" {
	export TMPDIR=$spool PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad RECORD_TABLE='' PROCESSOR=true BASH_ENV=$dir/begins
	echo "trap '[[ \$BASH_COMMAND != finish* ]] || kill -TERM \$\$' DEBUG" >"$BASH_ENV"
	mkfifo "$dir/events"
	setsid "$tests/../pipelines/process" <"$dir/events" >/dev/null 2>"$dir/err" 3>&- &
	pid=$!
	exec {events}>"$dir/events"
	run3 wait $pid
	assert_eq "$status $(<"$dir/err")" '75 '
	wait_until none_of_group $pid
	exec {events}>&-
	assert_eq "$(ls "$spool")" ''
}

none_of_group() { # ID
	! pgrep -g "$1"
}

@test "pipelines/process: a TMPDIR that is told from the current directory is as good" {
	new_places
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad TMPDIR=spool PROCESSOR='[ "$S3EV_PATH" -ef /dev/stdin ]'
	s3c put "$in" a <<<a >/dev/null
	cd "$dir"
	run3 "$tests/../pipelines/process" -r < <(s3ls "s3://$in")
	assert_eq "$status $err$(jq -r .route.to <<<"$out") $(ls spool)" '0 processed '
}

@test "scripts find what lies beside them, whatever CDPATH says" {
	mkdir "$dir/tree"
	cp -r "$tests/../pipelines" "$dir/tree"
	ln -s "$(type -P s3ls | xargs dirname)" "$dir/tree/build"
	cd "$dir/tree"
	unset BUILD
	export PATH=/usr/bin:/bin CDPATH=.:.. PROCESSOR='' PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad
	for script in 'process -r' 'process -n'; do
		run3 pipelines/$script </dev/null
		assert_eq "$script: $status $out$err" "$script: 0 "
	done
	run3 pipelines/redo </dev/null
	assert_eq "$status $out$err" $'78 s3route: --redo: no table: give --redo=TABLE or set RECORD_TABLE\n'
	run3 pipelines/backfill
	assert_eq "$status $out$err" $'64 s3ls: nothing to list: give s3://BUCKET/PREFIX\n'
	run3 pipelines/audit s3://
	[[ "$status $err" == '64 s3ls: '* ]]
	run3 pipelines/try - "$BATS_TEST_FILENAME"
	assert_eq "$status $err" '0 '
}
