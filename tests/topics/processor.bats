#!/usr/bin/env bats
# What a processor may do, and what it cannot do to others: s3ev-processor(7).

load ../lib/helper
load ../lib/s3check

setup() {
	dir=$BATS_TEST_TMPDIR
	export dir
	export TMPDIR=$dir/tmp
	mkdir "$TMPDIR"
	line=$(echo hello | spooled size=6)
}

# The one record with the processor, under a limit of time that none reaches
# unless it hangs.
process() { # PROCESSOR [OPTION...]
	check "$line" --env note --env said -x "$1" "${@:2}"
}

not_running() { # PID
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

nothing_left() {
	assert_eq "$(ls -A "$TMPDIR")" ''
}

# Limits

@test "--timeout: who takes longer is asked to end, and the record is failed" {
	process 'trap "echo ended >&2; exit 0" TERM; echo $$ >"$dir/pid"; sleep 100 & wait' --timeout 1
	assert_eq "$status $(outcomes)" '75 failed ProcessorTimeout'
	assert_json '.failed == {by: "s3check", code: "ProcessorTimeout", retry: true,
		message: "the processor was ended after 1 s: ended"}'
	not_running "$(<"$dir/pid")"
	nothing_left
}

@test "--timeout: who ignores SIGTERM, or has stopped itself, is killed with its group" {
	for processor in 'trap "" TERM; sleep 100 & echo $! >"$dir/pid"; wait; sleep 100' \
		'sleep 100 & echo $! >"$dir/pid"; kill -STOP $$'; do
		process "$processor" --timeout 1
		assert_eq "$processor: $status $(outcomes)" "$processor: 75 failed ProcessorTimeout"
		not_running "$(<"$dir/pid")"
	done
	nothing_left
}

@test "--timeout: nobody waits for one that does not read, and others go on meanwhile" {
	stub '[{"reply": {"bodySize": 3000000}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(for key in slow 1 2 3 4; do record bucket=in key=$key size=3000000; done)" \
		-j 2 --timeout 2 -x '[ $S3EV_KEY != slow ] || sleep 100; cat >/dev/null'
	assert_eq "$status $(jq -r '.key + " " + (.failed.code // "good")' <<<"$out" | tr '\n' ' ')" \
		'75 1 good 2 good 3 good 4 good slow ProcessorTimeout '
}

@test "--timeout 0 is none, and with timeout(1) slow data is bad" {
	process 'sleep 0.1' --timeout 0
	assert_eq "$status $(outcomes)" '0 good'
	process 'timeout 0.1 sleep 100'
	assert_eq "$status $(outcomes)" '0 bad the processor ended with status 124'
}

@test "--cpu: who uses more is killed, and is not to be tried again" {
	process 'while :; do :; done' --cpu 1
	assert_eq "$status" 75
	assert_json '.failed == {by: "s3check", code: "ProcessorLimit", retry: false,
		message: "the processor used up its 1 s of CPU time"}'
}

@test "--memory: who wants more does not get it" {
	echo '$x = "x" x 300e6; print STDERR "got it"; exit 3' >"$dir/greedy"
	process 'perl "$dir/greedy"' --memory 100000000
	[[ $out != *'got it'* ]]
	assert_json '.bad or .failed'
	process 'perl "$dir/greedy"' --memory 2G
	assert_eq "$(outcomes)" 'bad got it'
}

@test "limits are numbers" {
	for option in --timeout --cpu --memory; do
		process true "$option" 1x
		assert_eq "$status $out" '64 '
		[[ $err == 's3check: not a number of '*': 1x'$'\n' ]]
	done
}

# Bad manners

@test "gigabytes on stdout and stderr hold up nobody and are not kept" {
	check "$line"$'\n'"$(echo x | spooled key=other)" -j 2 -x '[ $S3EV_KEY = k ] || exit 0
		echo first >&2; head -c 10G /dev/zero; head -c 1G /dev/zero >&2; exit 1'
	assert_eq "$status $(outcomes | sort)" $'0 bad first\ngood'
}

@test "what goes on writing to its stderr behind it does not hold it up" {
	process 'yes >&2 & yes >&3 & echo no >&2; exit 1'
	[ "$status" -eq 0 ]
	assert_json '.bad'
	process '(trap "" TERM HUP; setsid yes >&2) & exit 0'
	assert_eq "$status $(outcomes)" '0 good'
}

@test "one that closes everything is heard all the same" {
	process 'exec 0<&- 1>&- 2>&- 3>&-; sleep 0.1; exit 3'
	assert_eq "$status $(outcomes)" '0 bad the processor ended with status 3'
	stub '[{"reply": {"bodySize": 3000000}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(record bucket=in key=k size=3000000)" -x 'exec 0<&- 1>&- 2>&- 3>&-; sleep 0.1'
	assert_eq "$status $(outcomes)" '0 good'
}

@test "one that kills its group kills only itself" {
	check "$line"$'\n'"$(echo x | spooled key=other)" -j 2 -x '[ $S3EV_KEY = k ] || exec sleep 0.3; kill -KILL 0'
	assert_eq "$status $(outcomes | sort)" $'75 failed ProcessorKilled\ngood'
}

@test "one that leaves its group is ended in time, and so is what is left of the group" {
	echo 'open $pid, ">", "$ENV{dir}/pid"; print $pid $$; close $pid; setpgrp(0, getpgrp(getppid)); sleep 100' >"$dir/move"
	process 'sleep 100 & echo $! >"$dir/left"; exec perl "$dir/move"' --timeout 1
	assert_eq "$status $(outcomes)" '75 failed ProcessorTimeout'
	not_running "$(<"$dir/pid")" && not_running "$(<"$dir/left")"
}

@test "daemons are ended with the processor that made them, and no other's" {
	# Twice forked, with a session of its own and all descriptors kept open.
	daemon='(setsid sh -c "echo \$\$ >\"\$dir/pid.\$S3EV_KEY\"; exec sleep 100" &)
		until [ -s "$dir/pid.$S3EV_KEY" ]; do sleep 0.01; done'
	run3 s3check --env dir --allow-write "$dir" -j 2 -x "$daemon"'
		[ $S3EV_KEY = slow ] || exit 0
		until [ -e "$dir/done" ]; do sleep 0.01; done; grep -q "^State:.[RS]" "/proc/$(cat "$dir/pid.slow")/status"' < <(
		echo x | spooled key=slow
		wait_until test -s "$dir/pid.slow"
		echo x | spooled key=quick
		wait_until test -s "$dir/pid.quick"
		wait_until not_running "$(<"$dir/pid.quick")"
		touch "$dir/done"
	)
	assert_eq "$status $(outcomes)" $'0 good\ngood'
	not_running "$(<"$dir/pid.slow")" && not_running "$(<"$dir/pid.quick")"
	nothing_left
}

@test "a hundred processes left behind are ended before the record goes out" {
	process 'for i in 1 2 3 4 5 6 7 8 9 10; do
		for j in 1 2 3 4 5 6 7 8 9 10; do sleep 100 & echo $! >>"$dir/pids"; done; done; exit 0'
	assert_eq "$status $(outcomes)" '0 good'
	while read -r pid; do
		not_running "$pid"
	done <"$dir/pids"
}

# Its folder

@test "it runs in a fresh folder of its own, which is TMPDIR, too" {
	for _ in 1 2; do
		process 'pwd >>"$dir/folders"; [ "$(pwd -P)" = "$TMPDIR" ] && [ "$TMPDIR" = "$S3EV_FOLDER" ] && [ "$TMPDIR" = "$PWD" ] &&
			[ -z "$(ls -A)" ] && [ "$(stat -c %a .)" = 700 ] && [ "$HOME" = "$PWD" ] && touch file && mktemp'
		assert_eq "$status $err$(outcomes)" '0 good'
	done
	assert_eq "$(sort -u "$dir/folders" | grep -c "^$TMPDIR/s3ev-work\.")" 2
	nothing_left
}

@test "the folder goes away with all that is in it, and nothing else does" {
	mkdir "$dir/outside"
	echo kept >"$dir/outside/file"
	process 'ln -s "$dir/outside" link; ln "$dir/outside/file" hard; mkdir -p a/b/c a/b/d a/e 0 1; touch a/f a/b/f a/b/c/f 0/f 2
		ln -s "$dir/outside/file" a/b/c/link; ln -s / a/e/root; mkfifo pipe; chmod 0 a/b/c; chmod 0 a .'
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_eq "$(<"$dir/outside/file")" kept
	nothing_left
}

@test "a folder deeper than any path, and one with many files, go away" {
	echo 'for (1 .. 200) { mkdir("x" x 100) or die; chdir("x" x 100) or die } open(F, ">", "file") or die' >"$dir/deep"
	process 'perl "$dir/deep" && seq 3000 | xargs touch'
	assert_eq "$status $err$(outcomes)" '0 good'
	process 'kill -KILL $(seq 3000 | xargs touch; echo $$)'
	nothing_left
}

@test "folders go away when the record is failed, and when stdout breaks" {
	process 'touch file; kill -KILL $$'
	process 'touch file; exec sleep 100' --timeout 1
	process no-such-command
	nothing_left
	{
		echo hello | spooled key=slow
		wait_until test -s "$dir/pid"
		echo hello | spooled key=quick
	} | run3 sh -c 's3check --env dir --allow-write "$dir" -j 2 -x "$1" >/dev/full' sh '[ $S3EV_KEY = quick ] || { touch file; echo $$ >"$dir/pid"; exec sleep 100; }'
	not_running "$(<"$dir/pid")"
	nothing_left
}

@test "the folder of one that was killed is removed by the next, and that of a living one is not" {
	mkdir "$TMPDIR/s3ev-work.notes"
	s3check --env dir --allow-write "$dir" -x 'touch file; echo "$PWD" >"$dir/there"; exec sleep 100' <<<"$line" >/dev/null 3>&- &
	wait_until test -s "$dir/there"
	process true
	[ -e "$(<"$dir/there")/file" ]
	kill -KILL $!
	wait $! || :
	[ -e "$(<"$dir/there")/file" ]
	process true
	assert_eq "$status $err$(ls "$TMPDIR")" '0 s3ev-work.notes'
}

@test "no folder, no processor: the record is failed" {
	TMPDIR=$dir/none process 'touch "$dir/ran"'
	assert_eq "$status $(outcomes)" '75 failed SystemError'
	[[ $err == *"$dir/none/s3ev-work."*': No such file or directory'$'\n' ]] && [ ! -e "$dir/ran" ]
}

@test "a processor beside us is found by its relative name" {
	mkdir -p "$dir/here/sub"
	cd "$dir/here"
	printf '#!/bin/sh\nexit 0\n' | tee p >sub/p
	chmod +x p sub/p
	for processor in ./p sub/p ../here/p '"$OLDPWD"/p' 'cd "$OLDPWD" && ./p' 'cd - >/dev/null; sh "$PWD/p"' \
		"bash -c '\"\$OLDPWD\"/p'" '[ "$OLDPWD" = "$dir/here" ]'; do
		process "$processor"
		assert_eq "$processor: $status $err$(outcomes)" "$processor: 0 good"
	done
	TMPDIR=../tmp process 'touch file'
	assert_eq "$status $err$(outcomes)" '0 good'
	nothing_left
}

@test "a path is executed itself, whatever it and our directory are called" {
	mkdir -p "$dir/a b; touch ran/it's \$here"
	cd "$dir/a b; touch ran"
	printf '#!/bin/sh\nexit 0\n' | tee p >"it's \$here/*"
	chmod +x p "it's \$here/*"
	for processor in ./p "$PWD/p" "it's \$here/*" "$PWD/it's \$here/*"; do
		process "$processor"
		assert_eq "$processor: $status $err$(outcomes)" "$processor: 0 good"
	done
	chmod -x "it's \$here/*"
	process "it's \$here/*"
	assert_eq "$status $out" '78 '
	nothing_left
}

@test "a shell command that names a file which it would not find is refused" {
	mkdir -p "$dir/here/sub"
	cd "$dir/here"
	touch p.py sub/p sed
	for processor in 'python3 p.py' './p.py -s' 'cat | sub/p' 'sed -n p <p.py' 'true; sh sub/p'; do
		process "$processor"
		assert_eq "$processor: $status $out" "$processor: 64 "
		[[ $err == 's3check: '*' is in this directory, but the command runs in another: write "$OLDPWD"/'*": $processor"$'\n' ]]
	done
	for processor in "grep -q -v 'p.py'" 'sed -n p; : sub' 'cat | sed -n p' 'true "p.py"'; do
		process "$processor"
		assert_eq "$processor: $status $err" "$processor: 0 "
	done
}

# Credentials

@test "--pass-credentials leaves them in its environment" {
	AWS_SESSION_TOKEN=token process 'env >"$dir/env"' --pass-credentials
	assert_eq "$status $err$(grep -c -e "^AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY\$" -e '^AWS_SESSION_TOKEN=token$' "$dir/env")" '0 2'
}

# Reasons with a place

@test "a note on descriptor 3 says where, and travels with the record" {
	process 'echo "no comma" >&2; echo "{\"code\":\"NoComma\",\"line\":3,\"column\":7,\"byte\":120,\"count\":1,\"other\":[]}" >&3; exit 1'
	assert_eq "$status $err" '0 '
	assert_json '.bad == {by: "s3check", code: "NoComma", reason: "no comma", line: 3, column: 7, byte: 120, count: 1}'
	note='{"reason":"é\nx","count":0}' process 'printf %s "$note" >&3; exit 1'
	assert_json '.bad == {by: "s3check", reason: "é\nx", count: 0}'
	process 'echo "{\"reason\":\"the license server\"}" >&3; exit 75'
	assert_json '.failed.message == "the processor ended with status 75: the license server"'
	process 'echo "{\"line\":3}" >&3; exit 0'
	assert_eq "$status $err$(outcomes)" '0 good'
}

@test "a note that is none changes nothing, and is told" {
	while IFS='|' read -r note why; do
		note=$note process 'echo no >&2; printf %s "$note" >&3; exit 1'
		assert_eq "$note: $status $(jq -cS .bad <<<"$out")" "$note: 0 {\"by\":\"s3check\",\"reason\":\"no\"}"
		[[ $err == "s3check: in/k: its note on descriptor 3: $why"* ]] || assert_eq "$err" "$why"
	done <<-'TABLE'
		line 3|lexical error
		[3]|
		3|
		{"line":3|
		{"line":-1}|line is not a number: -1
		{"line":1.5}|line is not a number: 1.5
		{"line":"x"}|line is not a number: x
		{"count":99999999999999999999999}|count is not a number
		{"line":3,"code":"two words"}|code is not a short word
		{"line":3,"code":""}|code is not a short word
		{"line":3}{"line":4}|
	TABLE
}

@test "of a note more than 4 KiB nothing is taken, and nobody waits to write it" {
	process 'printf "{\"line\":3,\"x\":\"%s\"}" "$(yes x | head -c 200000 | tr -d "\n")" >&3; exit 1'
	assert_eq "$status $(jq -cS .bad <<<"$out")" '0 {"by":"s3check","reason":"the processor ended with status 1"}'
	assert_eq "$err" $'s3check: in/k: its note on descriptor 3: more than 4096 bytes\n'
}

@test "stderr comes along when it says more than the reason" {
	process 'printf "\nfirst\nsecond\377\n\n" >&2; exit 1'
	assert_json '.bad == {by: "s3check", reason: "first", stderr: "first\nsecond\ufffd"}'
	process 'printf "\nfirst\n\n" >&2; exit 1'
	assert_json '.bad == {by: "s3check", reason: "first"}'
	process 'yes é | head -c 100000 >&2; exit 1'
	assert_json '.bad.reason == "é" and (.bad.stderr | utf8bytelength | . > 4000 and . <= 4096)'
	process 'echo told >&2; echo "{\"reason\":\"noted\"}" >&3; exit 1'
	assert_json '.bad == {by: "s3check", reason: "noted", stderr: "told"}'
	process 'echo warning >&2; exit 0'
	assert_json '.bad | not'
}

# Its output

# The one record with the processor, its output in a directory of its own.
make_output() { # PROCESSOR [OPTION...]
	rm -rf "$dir/out.d"
	mkdir "$dir/out.d"
	process "$1" -o -d "$dir/out.d" "${@:2}"
}

no_output() {
	assert_eq "$(ls -A "$dir/out.d") $(jq .output <<<"$out")" ' null'
}

@test "who could not run for want of a process has not decided, and is run again" {
	line=$(echo hello | spooled)
	short='echo x >>"$dir/runs"; cat >/dev/null; [ "$(wc -l <"$dir/runs")" -eq 3 ] || { echo "sh: 1: Cannot fork" >&2; exit 2; }'
	check "$line" -x "$short"
	assert_eq "$status $err$(outcomes) $(wc -l <"$dir/runs")" '0 good 3'
	rm "$dir/runs"
	stub '[{"reply": {"headers": {"ETag": "\"b1946ac92492d2347c6235b4d2611184\""}, "body": "hello\n"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(record bucket=in key=k)" --max-size 10 -x "$short"
	assert_eq "$status $err$(outcomes) $(wc -l <"$STUB_LOG")" '0 good 3'
	rm "$dir/runs"
	check "$line" -x 'echo x >>"$dir/runs"; echo "bash: fork: Resource temporarily unavailable" >&2; exit 254'
	assert_eq "$status $(wc -l <"$dir/runs")" '75 3'
	assert_json '.failed.code == "ProcessorFailed" and .failed.retry != false and
		.failed.message == "the processor could not run, status 254: bash: fork: Resource temporarily unavailable"'
	check "$line" -x 'echo "line 1: Cannot forklift" >&2; exit 1'
	assert_eq "$status $(outcomes)" '0 bad line 1: Cannot forklift'
	check "$line" --memory 1G -x 'echo "x: Cannot allocate memory" >&2; exit 1'
	assert_eq "$status $(outcomes)" '0 bad x: Cannot allocate memory'
}

# A processor that has started others, in its group and out of it.
busy='sleep 1000 & echo $! >"$dir/pids.new"; setsid sleep 1000 & echo $! >>"$dir/pids.new"; mv "$dir/pids.new" "$dir/pids"; wait'

none_runs() { # FILE
	local pid
	while read -r pid; do
		not_running "$pid" || return
	done <"$1"
}

@test "SIGTERM to s3check ends what processors have started, and removes their folders" {
	for signal in HUP INT TERM; do
		rm -f "$dir/pids"
		# Jobs of a shell without job control ignore SIGINT.
		env --default-signal=INT s3check --env dir --allow-write "$dir" -j 2 -x "$busy" <<<"$line" 3>&- &
		wait_until test -s "$dir/pids"
		kill -$signal $!
		status=0
		wait $! || status=$?
		assert_eq "$signal $status" "$signal $((128 + $(kill -l $signal)))"
		none_runs "$dir/pids"
		nothing_left
	done
	# Nobody writes to this FIFO.
	{ env --default-signal=INT s3check -x "$busy" <>"$SERVERS_DIR/quiet" 3>&- & } 2>/dev/null
	pid=$!
	wait_until grep -q '^SigCgt:.*[0-9a-f]*4[0-9a-f]\{3\}$' "/proc/$pid/status"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_eq "$status" 143
}

@test "SIGTERM to pipelines/process ends what processors have started" {
	stub '[{"reply": {"headers": {"ETag": "\"b1946ac92492d2347c6235b4d2611184\""}, "body": "hello\n"}}]'
	jq -n '{Records: [{eventVersion: "2.1", eventSource: "aws:s3", eventTime: "2026-11-23T05:54:00.123Z", eventName: "ObjectCreated:Put",
		s3: {bucket: {name: "in"}, object: {key: "k", size: 6, eTag: "b1946ac92492d2347c6235b4d2611184"}}}]}' >"$dir/event"
	PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad AWS_ENDPOINT_URL_S3=$STUB_URL CHECKS="--env dir --allow-write $dir" PROCESSOR=$busy \
		"$tests/../pipelines/process" <"$dir/event" 3>&- >"$dir/decided" &
	wait_until test -s "$dir/pids"
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_eq "$status" 75
	none_runs "$dir/pids"
	nothing_left
}

@test "-o: what it writes becomes a file for s3route, and the record says so" {
	make_output 'tr a-z A-Z; [ "$(stat -c %a -L /dev/stdout)" = 600 ]' --output-type 'text/csv; charset=utf-8'
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_json '.output | keys == ["bytes", "path", "type"] and .bytes == 6 and .type == "text/csv; charset=utf-8"'
	path=$(jq -r .output.path <<<"$out")
	assert_eq "$(<"$path")" HELLO
	[[ $path == "$dir/out.d/s3ev-$(jq -r .id <<<"$out")-"* ]]
	make_output cat
	assert_json '.output.type == "application/octet-stream"'
	process 'echo x' -o
	assert_json '.output.path | startswith($ENV.TMPDIR + "/s3ev-")'
}

@test "-o: from a stream, too, and only when the stream is what was announced" {
	new_bucket in
	head -c 3000000 /dev/urandom >"$dir/object"
	etag=$(s3c put "$in" k "$dir/object" | jq -r .etag)
	line=$(record bucket="$in" key=k size=3000000 etag="$etag") make_output 'rev | rev'
	cmp "$(jq -r .output.path <<<"$out")" <(rev "$dir/object" | rev)
	stub '[{"reply": {"headers": {"ETag": "\"b1946ac92492d2347c6235b4d2611184\""}, "body": "hellO\n"}}]'
	line=$(record bucket=in key=k size=6) AWS_ENDPOINT_URL_S3=$STUB_URL make_output 'head -c 6'
	assert_eq "$status $(outcomes)" '75 failed BadDigest'
	no_output
}

@test "-o: the output is what s3route puts into processed, and its file goes away" {
	new_bucket in
	new_bucket to
	echo hello >"$dir/object"
	etag=$(s3c put "$in" k.txt "$dir/object" | jq -r .etag)
	line=$(record bucket="$in" key=k.txt size=6 etag="$etag") make_output 'tr a-z A-Z' --output-type text/plain
	PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$to-bad run3 s3route <<<"${out%$'\n'}"
	assert_eq "$status $err$(jq -r .route.key <<<"$out")" '0 k.txt'
	assert_eq "$(s3c get "$to" k.txt) $(s3c get "$in" k.txt)" 'HELLO hello'
	assert_eq "$(ls -A "$dir/out.d")" ''
}

@test "-o: one that writes nothing has made an empty object" {
	make_output true
	assert_eq "$status $err$(outcomes) $(jq .output.bytes <<<"$out")" '0 good 0'
}

@test "-o: no file is left of what is bad, failed or ended" {
	for processor in 'echo half; exit 1' 'echo half; exit 75' 'echo half; kill -KILL $$' 'echo half; exec sleep 100' 'no-such-command x'; do
		make_output "$processor" --timeout 1
		no_output
	done
	rm -rf "$dir/out.d"
	mkdir "$dir/out.d"
	{
		echo hello | spooled key=slow
		wait_until test -s "$dir/pid"
		echo hello | spooled key=quick
	} | run3 sh -c 's3check --env dir --allow-write "$dir" -j 2 -o -d "$dir/out.d" -x "$1" >/dev/full' sh 'echo half; [ $S3EV_KEY = quick ] && exit 1; echo $$ >"$dir/pid"; exec sleep 100'
	assert_eq "$(ls -A "$dir/out.d")" ''
}

@test "--max-output: what just fits is good, what is larger fails, whatever the processor makes of it" {
	make_output 'head -c 102400 /dev/zero' --max-output 100K
	assert_eq "$status $(jq .output.bytes <<<"$out")" '0 102400'
	for processor in 'head -c 100001 /dev/zero' 'exec head -c 10G /dev/zero' 'head -c 10G /dev/zero; exit 0' 'trap "" XFSZ; head -c 10G /dev/zero; exit 1' \
		'trap "" XFSZ; head -c 10G /dev/zero; exit 0'; do
		make_output "$processor" --max-output 100000
		[ "$status" -eq 75 ]
		assert_json '.failed.code == "OutputTooLarge" and .failed.retry == false'
		no_output
	done
	process 'head -c 10G /dev/zero >file; exit 3' --max-output 100000
	assert_json .bad
}

@test "-o: on a full disk nothing is good or bad: it is failed" {
	mkdir "$dir/small"
	export small=$dir/small
	run3 unshare --map-root-user --mount sh -c 'mount -t tmpfs -o size=200k s3ev "$small" && exec "$@"' sh \
		s3check -o -d "$small" -x 'head -c 300000 /dev/zero; exit $S3EV_SIZE' < <(
		echo hello | spooled size=0
		echo hello | spooled size=1
	)
	assert_eq "$status $(outcomes)" $'75 failed SpoolFull\nfailed SpoolFull'
	assert_json '.failed.retry'
}

@test "-o: what was cut on a full disk is failed, although there is room again when it ends" {
	mkdir "$dir/small"
	export small=$dir/small
	run3 unshare --map-root-user --mount sh -c 'mount -t tmpfs -o size=200k s3ev "$small" && head -c 100000 /dev/zero >"$small/other" && exec "$@"' sh \
		s3check -o -d "$small" --env small --allow-write "$small" -x 'trap "" PIPE TERM; head -c 300000 /dev/zero 2>/dev/null; rm "$small/other"; exit "$S3EV_SIZE"' < <(
		echo hello | spooled size=0
		echo hello | spooled size=1
	)
	assert_eq "$status $(outcomes)" $'75 failed SpoolFull\nfailed SpoolFull'
	assert_json '.failed.message | contains("the disk is full")'
}

@test "-o: a processor whose output is lost is ended" {
	make_output 'trap "" PIPE; cat /dev/zero; exec sleep 1000' --max-output 100000
	assert_eq "$status $(outcomes)" '75 failed OutputTooLarge'
	no_output
}

@test "-o: what it writes through, and does not wait for, may finish" {
	head -c 3000000 /dev/urandom >"$dir/random"
	line=$(spooled size=3000000 <"$dir/random")
	make_output 'bash -c "exec > >(gzip -9); exec cat"'
	assert_eq "$status $err$(outcomes)" '0 good'
	cmp "$dir/random" <(gzip -dc "$(jq -r .output.path <<<"$out")")
	make_output '(while kill -0 $$; do :; done 2>/dev/null; echo tail) & echo head'
	assert_eq "$status $err$(cat "$(jq -r .output.path <<<"$out")")" $'0 head\ntail'
}

@test "-o: what it leaves running with its output open makes nothing good, and holds up nobody" {
	make_output 'echo half; sleep 100 &'
	assert_eq "$status $(outcomes)" '75 failed OutputUnfinished'
	assert_json .failed.retry
	no_output
	make_output 'echo half; sleep 100 & exit 1'
	assert_json .bad
	no_output
	# While another runs, one that has cleared its environment is not found.
	line="$line"$'\n'$(echo hello | spooled key=slow) make_output \
		'[ $S3EV_KEY = slow ] && exec sleep 100; env -i setsid sh -c "while echo x; do :; done" & exit 0' --timeout 1 -j 2
	assert_eq "$status $(outcomes | sort)" $'75 failed ProcessorTimeout\nfailed ProcessorTimeout'
	assert_eq "$(ls -A "$dir/out.d")" ''
	nothing_left
}

@test "a processor that ran out of room on a disk has not decided" {
	process 'echo "sort: write failed: x: No space left on device" >&2; exit 2'
	assert_eq "$status $(outcomes)" '75 failed ProcessorFailed'
	assert_json .failed.retry
	# However much it has said before, and after.
	for n in 100 8000 8170 8190 8300 100000; do
		process "head -c $n /dev/zero | tr '\\0' x >&2; printf '\nsort: write failed: x: No space left on device\n%1000s' >&2; exit 2"
		assert_eq "$n $status $(outcomes)" "$n 75 failed ProcessorFailed"
	done
	process 'head -c 100000 /dev/zero | tr "\0" x >&2; exit 2'
	assert_eq "$status $(outcomes | head -c 7)" '0 bad xxx'
}

@test "-o: where memory is out for a piece of the object, what came of the others is not the output" {
	cat >"$dir/scarce.c" <<-'E'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <stdlib.h>

		/* The nth new buffer of this size is not to be had. */
		void *realloc(void *p, size_t n)
		{
			static int count;
			void *(*next)(void *, size_t) = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");

			return !p && n == 131072 && count++ == atoi(getenv("NTH")) ? NULL : next(p, n);
		}
	E
	cc -shared -fPIC -o "$dir/scarce.so" "$dir/scarce.c"
	line=$(seq 20000 | gzip | spooled)
	statuses=''
	for nth in 0 1 2 3; do
		run3 env ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0" NTH=$nth LD_PRELOAD="$dir/scarce.so" timeout 60 s3check -z -o -d "$dir" -x 'exec cat' <<<"$line"
		assert_eq "$nth $(jq -r 'select(.failed | not) | .output.bytes' <<<"$out")" "$nth $([ "$status" != 0 ] || echo 108894)"
		statuses+=" $status"
	done
	[[ $statuses == *' 75'* ]]
}

@test "-o: a directory that is not there fails the record" {
	process 'touch "$dir/ran"' -o -d "$dir/none"
	assert_eq "$status $(outcomes)" '75 failed SystemError'
	[ ! -e "$dir/ran" ]
}

@test "options of the output are checked" {
	while IFS='|' read -r options why; do
		# shellcheck disable=SC2086
		run3 s3check $options </dev/null
		assert_eq "$options: $status $out$err" "$options: 64 s3check: $why"$'\n'
	done <<-'TABLE'
		-o|-o needs -x
		-o -X true|-o needs -x
		-x true -X true|-x and -X do not go together
		-x true -d /tmp|-d needs -o
		-x true --max-output 1x|not a number of bytes: 1x
		-x true --output-type csv|not a media type: csv
		-x true --output-type /csv|not a media type: /csv
	TABLE
	run3 s3check --env dir --allow-write "$dir" -x true -o --output-type $'a/b\r\nX: y' </dev/null
	assert_eq "$status" 64
}

# One for many objects

# A worker in sh: it says what its script makes of $path, the file.
worker() { # SCRIPT
	{
		echo 'echo start >>"$dir/starts"; trap "echo end >>\"\$dir/starts\"" EXIT'
		echo 'while read -r record; do'
		echo 'path=${record#*\"path\":\"}; path=${path%%\"*}; text=$(cat "$path")'
		echo "$1"
		echo 'done'
	} >"$dir/worker"
	: >"$dir/starts"
}

# Asks it about files with these words, one after the other.
ask() { # WORD... [-- OPTION...]
	local words=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	run3 timeout 60 s3check --env dir --env answer --allow-write "$dir" -j 1 -X 'exec sh "$dir/worker"' "${@:2}" < <(for word in "${words[@]}"; do echo "$word" | spooled key="$word"; done)
}

@test "-X: one processor answers for many records" {
	worker 'case $text in
		bad*) echo "{\"bad\":{\"reason\":\"is $text\",\"code\":\"Bad\",\"line\":3}}" ;;
		failed) echo "{\"failed\":{\"message\":\"no license\"}}" ;;
		never) echo "{\"failed\":{\"message\":\"no license\",\"retry\":false}}" ;;
		true) echo "{\"good\":true,\"other\":[1,{}]}" ;;
		*) echo "{}" ;;
	esac'
	ask good bad1 true failed never bad2 good
	assert_eq "$status $(outcomes | tr '\n' ';')" '75 good;bad is bad1;good;failed ProcessorFailed;failed ProcessorFailed;bad is bad2;good;'
	assert_json '.key != "bad1" or .bad == {by: "s3check", code: "Bad", reason: "is bad1", line: 3} and .check.by == "processor" and .check.took_ms >= 0'
	assert_json '(.failed | not) or .failed.message == "the processor failed: no license" and .failed.retry == (.key != "never")'
	assert_eq "$(tr '\n' ' ' <"$dir/starts")" 'start end '
	worker 'echo "{\"good\":null,\"bad\":null,\"failed\":null,\"id\":null}"'
	ask good
	assert_eq "$status $(outcomes)" '0 good'
	nothing_left
}

@test "-X: what is no answer fails its record, and another processor is started" {
	while IFS='|' read -r answer why; do
		worker 'case $text in no) printf "%s\n" "$answer" ;; *) echo "{}" ;; esac'
		export answer
		ask yes no yes
		assert_eq "$answer: $status $(outcomes | tr '\n' ';')" "$answer: 75 good;failed InvalidAnswer;good;"
		assert_json "(.failed | not) or (.failed.message | startswith(\"the processor's answer is not valid: $why\"))"
		assert_eq "$(grep -c start "$dir/starts")" 2
	done <<-'TABLE'
		ok|
		[]|
		|
		{"good":false}|good is not true
		{"bad":"no"}|
		{"bad":true}|
		{"bad":{"reason":"x","line":-1}}|line is not a number: -1
		{"good":true,"bad":{"reason":"x"}}|it tells more than one outcome
		{"failed":"x"}|failed is not an object
		{"level":"info","message":"started"}|it tells no outcome
		{"id":null,"error":{"bad":{}}}|it tells no outcome
	TABLE
}

@test "-X: one that speaks unasked, or without end, is not asked again" {
	# In one write: a second answer that comes when the next record is asked counts as its own.
	worker 'case $text in twice) printf "{}\n{}\n" ;; long) yes x | tr -d "\n" ;; *) echo "{}" ;; esac'
	ask twice good long good
	assert_eq "$status $(outcomes | tr '\n' ';')" '75 good;good;failed InvalidAnswer;good;'
	assert_eq "$(grep -c start "$dir/starts")" 3
}

@test "-X: one that answers before it has the whole record has not decided" {
	run3 timeout 60 s3check -k -j 1 -X 'head -c 10 >/dev/null; while echo "{}"; do read -r record || exit; done' < <(for key in a b; do echo x | spooled key=$key | jq -cS '.long = "x" * 300000'; done)
	assert_eq "$status $(outcomes)" '75 failed InvalidAnswer
failed InvalidAnswer'
	assert_json '.failed.message == "the processor answered before it had the whole record"'
	nothing_left
}

@test "-X: an answer with the id of another record is none" {
	line=$(echo x | spooled | jq -cS '.id = "mine"')
	for answer in '{"id":"mine"}|good' '{"id":null}|good' '{"id":"other"}|failed InvalidAnswer' '{"id":"other","bad":{"reason":"x"}}|failed InvalidAnswer'; do
		worker "echo '${answer%|*}'"
		check "$line" -X 'exec sh "$dir/worker"'
		assert_eq "$answer: $(outcomes)" "$answer: ${answer#*|}"
	done
	# One that answers twice, the second time when it was asked again.
	worker 'id=${record#*\"id\":\"}; id=${id%%\"*}; [ -z "$last" ] || echo "{\"id\":\"$last\"}"; echo "{\"id\":\"$id\"}"; last=$id'
	ask good good good
	assert_json '(.failed | not) or .failed.code == "InvalidAnswer"'
	assert_eq "$(jq -s 'map(select(.failed)) | length > 0' <<<"$out")" true
}

@test "-X: one that ends fails the record it had, and says why" {
	worker 'case $text in exit) echo "out of licenses" >&2; exit 3 ;; kill) kill -KILL $$ ;; last) echo "{}"; exit ;; mute) exec >&- ;; *) echo "{}" ;; esac'
	ask good exit good kill good last good mute good
	# What comes behind the last answer may be given to one that is just ending.
	[[ "$status $(outcomes | tr '\n' ';')" =~ ^'75 good;failed ProcessorFailed;good;failed ProcessorKilled;good;good;'(good|'failed ProcessorFailed')';failed ProcessorKilled;good;'$ ]]
	assert_json '.key != "exit" or .failed.message == "the processor ended with status 3, without an answer: out of licenses" and .failed.retry'
	nothing_left
}

@test "-X: one that ends with 78 at its start is set up wrongly: told once, started no more, and so ends s3check" {
	worker 'echo "{}"'
	sed -i '1a printf "first\\nthe license\\nis missing\\n" >&2; exit 78' "$dir/worker"
	ask a b c
	assert_eq "$status $(outcomes | sort -u) $(grep -c start "$dir/starts")" '78 failed ProcessorConfig 1'
	assert_json '.failed == {by: "s3check", code: "ProcessorConfig", retry: true,
		message: "the processor is set up wrongly (status 78): is missing"}'
	assert_eq "$err" 's3check: in/a: processor: first
s3check: in/a: processor: the license
s3check: in/a: processor: is missing
s3check: in/a: ProcessorConfig: the processor is set up wrongly (status 78): is missing
s3check: in/b: ProcessorConfig: the processor is set up wrongly (status 78): is missing
s3check: in/c: ProcessorConfig: the processor is set up wrongly (status 78): is missing
'
	# Many at once are no different.
	run3 timeout 60 s3check --env dir --allow-write "$dir" -j 8 -X 'exec sh "$dir/worker"' < <(for i in {1..30}; do echo x | spooled key=$i; done)
	assert_eq "$status $(outcomes | sort | uniq -c) $(grep -c missing <<<"${err//ProcessorConfig*/}")" '78      30 failed ProcessorConfig 1'
	nothing_left
}

@test "the last line is the last, however much was said before it" {
	long='head -c 20000 /dev/zero | tr "\0" x >&2; printf "\nthe end\n" >&2'
	process "$long; exit 78"
	assert_json '.failed.message == "the processor is set up wrongly (status 78): the end"'
	worker "[ \$text = good ] || { $long; exit 3; }; echo before >&2; echo '{}'"
	ask good other
	assert_json '.key == "good" or .failed.message == "the processor ended with status 3, without an answer: the end"'
	worker '[ $text = good ] || exit 3; echo before >&2; echo "{}"'
	ask good other
	assert_json '.key == "good" or .failed.message == "the processor ended with status 3, without an answer"'
}

@test "-X: 78 of one that has answered before is an end like any other" {
	worker '[ $text = good ] || exit 78; echo "{}"'
	ask good other good
	assert_eq "$status $(outcomes | tr '\n' ';')" '75 good;failed ProcessorFailed;good;'
}

@test "-x: 78 says that it is set up wrongly, which is no fault of the data" {
	run3 timeout 60 s3check -k -x 'printf "why\nin short\n" >&2; exit 78' < <(for i in 1 2; do echo x | spooled key=$i; done)
	assert_eq "$status $(outcomes | sort -u)" '78 failed ProcessorConfig'
	assert_json '.failed.message == "the processor is set up wrongly (status 78): in short" and .failed.retry'
	assert_eq "$(grep -c ': processor: why' <<<"$err")" 1
}

@test "a traceback of Python is a reason by its last line, and all else by its first" {
	head='Traceback (most recent call last):\n  File "x", line 1, in <module>\n    x()\n'
	export said
	while IFS='|' read -r said why; do
		process 'printf "$said" >&2; exit 1'
		assert_eq "$said: $status $(outcomes)" "$said: 0 bad $why"
	done <<-TABLE
		$head$(echo 'ValueError: no\n')|ValueError: no
		$head$(echo 'a.B: no\nsecond line\n')|a.B: no
		$head$(echo 'KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n')$head$(echo 'OSError: 2\n')|OSError: 2
		$head$(echo '\r\n')|Traceback (most recent call last):
		$(echo 'no\n')$head$(echo 'ValueError: x')|no
	TABLE
	said="$head$(echo 'ValueError: no\n')"
	process 'printf "$said" >&2; exit 75'
	assert_eq "$status $(jq -r .failed.message <<<"$out")" '75 the processor ended with status 75: ValueError: no'
	assert_eq "$(grep -c ': processor: ' <<<"$err")" 4
}

@test "-X: what a failed one said on stderr is told; of one that is good or bad nothing is" {
	worker 'echo "$text, first" >&2; echo "and $text" >&2
		case $text in failed) echo "{\"failed\":{\"message\":\"m\"}}" ;; bad) echo "{\"bad\":{\"reason\":\"r\"}}" ;; end) exit 3 ;; *) echo "{}" ;; esac'
	ask good bad failed end
	assert_eq "$(sed 's,^s3check: in/,,' <<<"${err%$'\n'}")" 'failed: processor: failed, first
failed: processor: and failed
failed: ProcessorFailed: the processor failed: m
end: processor: end, first
end: processor: and end
end: ProcessorFailed: the processor ended with status 3, without an answer: and end'
}

@test "-X: an answer that is no JSON is shown, short and harmless" {
	worker 'printf "%s\n" "$answer"'
	export answer=$'debug \e[31m \377 value'
	ask a
	[[ $err == *": debug \\x1b[31m \\xff value"$'\n' ]]
	answer=$(printf 'é%.0s' {1..100})
	ask a
	assert_json '.failed.message | endswith(": " + "é" * 40 + "...")'
}

@test "-X --timeout is for each record, and the processor is replaced" {
	worker 'case $text in slow) sleep 100 ;; *) sleep 0.4; echo "{}" ;; esac'
	ask a b c slow d -- --timeout 1
	assert_eq "$status $(outcomes | tr '\n' ';')" '75 good;good;good;failed ProcessorTimeout;good;'
	assert_json '(.failed | not) or .failed.message == "the processor was ended after 1 s without an answer" and .failed.retry'
	nothing_left
}

@test "-X: one that cannot be started, or ends at once, is not started for ever" {
	line=$(jq -c 'range(200) as $i | .key = "\($i)"' <<<"$line")
	for processor in 'no-such-command x' 'echo start >>"$dir/tries"; exit 1'; do
		: >"$dir/tries"
		run3 timeout 60 s3check --env dir --allow-write "$dir" -j 2 -X "$processor" <<<"$line"
		assert_eq "$processor: $status $(jq -r .failed.by <<<"$out" | sort | uniq -c)" "$processor: 75     200 s3check"
		[ "$(wc -l <"$dir/tries")" -le 10 ]
	done
	assert_json '.failed.retry'
}

@test "-X: as many as -j, each busy with one record" {
	# Whoever is asked first waits for all others to be started.
	worker 'until [ "$(grep -c start "$dir/starts")" -ge "$jobs" ]; do sleep 0.01; done; echo "{}"'
	export jobs
	for jobs in 1 3; do
		: >"$dir/starts"
		run3 timeout 60 s3check --env dir --env jobs --allow-write "$dir" -j $jobs -X 'exec sh "$dir/worker"' < <(for i in {1..9}; do echo x | spooled key=$i; done)
		assert_eq "$status $(sort "$dir/starts" | uniq -c)" "0       $jobs end
      $jobs start"
	done
}

@test "-X: a record of a megabyte comes whole, and one without a file is failed" {
	worker '[ ${#record} -gt 1000000 ] && echo "{}"'
	run3 timeout 60 s3check --env dir --allow-write "$dir" -X 'exec sh "$dir/worker"' < <(echo x | spooled | jq -cS '.long = "x" * 1000000'; record bucket=in key=none)
	assert_eq "$status $(outcomes | sort | tr '\n' ';')" '75 failed NoFile;good;'
	[[ $err == 's3check: in/none: NoFile: the record has no fetch.path'* ]]
	run3 timeout 60 s3check --env dir --allow-write "$dir" -X 'exec sh "$dir/worker"' < <(echo x | spooled | jq -cS '.fetch.bytes = 100')
	assert_eq "$status $(outcomes)" '75 failed IncompleteBody'
}

@test "-X: at the end its stdin is closed, and who does not mind is ended" {
	worker 'echo "{}"'
	echo 'trap "" TERM; echo $$ >"$dir/pid"; sleep 100' >>"$dir/worker"
	ask a b
	assert_eq "$status $(outcomes | tr '\n' ';')" '0 good;good;'
	not_running "$(<"$dir/pid")"
	nothing_left
}

@test "-X: a signal at the end, while the last of them is waited for, ends s3check then" {
	worker 'echo "{}"'
	echo 'trap "" TERM; echo $$ >"$dir/pid"; sleep 100' >>"$dir/worker"
	s3check --env dir --allow-write "$dir" -j 1 -X 'exec sh "$dir/worker"' < <(echo x | spooled) >"$dir/out" 2>"$dir/err" 3>&- &
	wait_until test -s "$dir/pid"
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_eq "$status $(<"$dir/err")" '143 '
	not_running "$(<"$dir/pid")"
	nothing_left
}

@test "-X: stdout that breaks and deadlines leave no processor behind" {
	worker 'echo $$ >"$dir/pid"; sleep 100'
	line=$(echo x | spooled)
	run3 timeout 60 s3check --env dir --allow-write "$dir" -X 'exec sh "$dir/worker"' <<<"${line%\}},\"deadline\":$(($(date +%s%3N) + 2000))}"
	assert_eq "$status $(outcomes)" '75 failed DeadlineExceeded'
	not_running "$(<"$dir/pid")"
	worker '[ $text = quick ] && { echo "{}"; continue; }; echo $$ >"$dir/pid"; sleep 100'
	rm -f "$dir/pid"
	{
		echo slow | spooled key=slow
		wait_until test -s "$dir/pid"
		echo quick | spooled key=quick
	} | run3 sh -c 's3check --env dir --allow-write "$dir" -j 2 -X "$1" >/dev/full' sh 'exec sh "$dir/worker"'
	not_running "$(<"$dir/pid")"
	nothing_left
}

@test "-X: checks are made before" {
	unset AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 # sizes are those of AWS
	worker 'echo "{\"bad\":{\"reason\":\"asked\"}}"'
	run3 timeout 60 s3check --env dir --allow-write "$dir" -k --json --max-size 7 -X 'exec sh "$dir/worker"' < <(echo '{' | spooled size=2; echo '[]' | spooled size=3; echo x | spooled size=8)
	assert_eq "$status $(jq -r '.check.by + " " + (.bad.reason == "asked" | tostring)' <<<"$out" | tr '\n' ';')" '0 json false;processor true;size false;'
}

# The examples of the manual page

# Writes those whose text has WORD to $dir/example, which can be run.
example() { # WORD
	awk -v word="$1" '
		/^\.Sh EXAMPLES/ { inside = 1 }
		/^\.Bd/ { text = ""; lines = 0 }
		/^\.Ed/ { if (found) exit }
		!inside || /^\./ { next }
		/^#!/ { if (found) exit; text = ""; lines = 0 }
		{ gsub(/\\e/, "\\"); text = text $0 "\n"; lines++ }
		index($0, word) { found = 1 }
		END { printf "%s", text; exit !found || lines > 15 }' "$tests/../man/s3ev-processor.7" >"$dir/example" &&
		chmod +x "$dir/example"
}

# What it says of objects with these contents: the reason and the line, or good.
judge() { # OPTION CONTENT...
	run3 timeout 60 s3check --env dir --env PROCESSOR_PY --allow-write "$dir" -k "$1" "$dir/example" < <(for content in "${@:2}"; do printf "$content" | spooled; done)
	jq -r 'if .failed then "failed: " + .failed.message elif .bad then [.bad.reason, .bad.line // empty] | join(" @") else "good" end' <<<"$out"
}

@test "the example in sh" {
	example PDF
	assert_eq "$(judge -x '%%PDF-1.7\nxx' '' '%%PS' '%%PDF')" $'good\nnot a PDF\nnot a PDF\nnot a PDF'
}

@test "the example in jq" {
	example 'exec jq'
	assert_eq "$(judge -x '{"id":1,"total":2}\n{"id":2,"total":3.5}' '' '{"id":7,"total":"2"}' '{"total":1}' | sed 's/ (at <.*>[0-9:]*)//')" \
		$'good\ngood\njq: error: total of 7 is no number\njq: error: total of null is no number'
	assert_eq "$(judge -x '{"id"' '[]' | grep -c '^jq: error')" 2
}

@test "the example in awk" {
	example 'FS = ","'
	assert_eq "$(judge -x 'a,b,c\n1,2,3\n4,5,6\n' 'a,b,c\n1,2,3\n4,5\n6\n' 'a,b,c\n' '')" \
		$'good\nline 3: 2 fields, not 3 @3\nno lines @1\nno lines'
}

@test "the example in Python" {
	example csv.reader
	assert_eq "$(judge -x 'a,b\n1,"2\n,3"\n' '' 'a,b\n1\n' '\377' 'a,b\n1,"2\n')" \
		"good
good
row 2: 1 fields, not 2
'utf-8' codec can't decode byte 0xff in position 0: invalid start byte
unexpected end of data"
}

@test "the example in Perl" {
	example perl
	assert_eq "$(judge -x 'plain\ttext é\r\n' '' 'a\nb\033[31m' '\303')" \
		$'good\ngood\nline 2: not plain text\nline 1: not plain text'
}

@test "the example for -X" {
	example 'For -X'
	assert_eq "$(judge -X '{"a":1}' '[]' '{' '\377' '{}')" \
		"good
no object
Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
'utf-8' codec can't decode byte 0xff in position 0: invalid start byte
good"
}

@test "the example of a module in Python" {
	example BadData
	mv "$dir/example" "$dir/module.py"
	export PROCESSOR_PY=$dir/module.py
	ln -s "$tests/../pipelines/python/s3ev_processor.py" "$dir/example"
	for how in -X -x; do
		assert_eq "$(judge $how 'id,x\n1,2\n' 'id,x\n1,2\n,3\n' 'id\n\377' 'id\n"1')" \
			"good
no id @3
'utf-8' codec can't decode byte 0xff in position 3: invalid start byte
unexpected end of data"
	done
}
