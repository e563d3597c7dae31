#!/usr/bin/env bats
# s3ev-listen: events over HTTP, from senders of all habits, given to pipelines of all kinds.

load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR SOURCE_BUCKETS=in
	pipe='s3ev-split -m'
	runs=0
}

# Starts s3ev-listen and waits until it takes connections; what it says goes to
# the file said. Sets listener and port.
listen() { # [OPTION...] -- COMMAND...
	start_listener "$@"
	wait_until is_up && [ -n "$port" ]
}

start_listener() {
	said=said$((++runs)) port=
	: >"$said"
	s3ev-listen -l 127.0.0.1:0 "$@" >>logged 2>"$said" 3>&- &
	listener=$!
	servers+=("$listener")
}

is_up() {
	local line
	while read -r line; do
		[[ ! $line =~ ' listening on http'.*:([0-9]+) ]] || { port=${BASH_REMATCH[1]}; return 0; }
	done <"$said"
	! kill -0 "$listener" 2>/dev/null
}

# Waits for the end of s3ev-listen. Sets status.
ended() {
	status=0
	wait "$listener" || status=$?
}

# An event of one object.
event() { # KEY [BUCKET]
	printf '{"Records":[{"eventVersion":"2.2","eventSource":"aws:s3","awsRegion":"r","eventTime":"2026-11-23T05:54:00.000Z",'
	printf '"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"%s"},"object":{"key":"%s","size":1,"eTag":"e","sequencer":"01"}}}]}' "${2-in}" "$1"
}

# Sends bytes (\r\n and the like are made of escapes) and reads to the end of the
# connection. Sets code, head and answer.
talk() { # BYTES
	local LC_ALL=C fd text=
	exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return
	printf %b "$1" >&"$fd" || : # it may have been refused before all is sent
	IFS= read -rd '' -t 15 text <&"$fd" || :
	exec {fd}>&-
	code=${text:9:3} head=${text%%$'\r\n\r\n'*} answer=${text#*$'\r\n\r\n'}
	answer=${answer%$'\n'}
}

# Sets code and answer.
post() { # BODY [PATH [HEADER]]
	local LC_ALL=C body=${1//\\/\\\\}
	talk "POST ${2-/} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${3:+$3\r\n}Content-Length: ${#1}\r\n\r\n$body"
}

# The same in the background; what it is answered goes to a file.
post_later() { # FILE BODY
	rm -f "$1" # of an earlier one
	{ post "$2"; printf '%s %s\n' "$code" "$answer" >"$1"; } 3>&- &
}

get() { # PATH
	talk "GET $1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
}

metric() { # NAME; prints its value
	get /metrics
	sed -n "s/^s3ev_listen_${1//\"/\\\"} //p" <<<"$answer"
}

metric_is() { # NAME VALUE
	[ "$(metric "$1")" = "$2" ]
}

# How many events the journal has.
kept() {
	local files=(journal/*.json)
	[ -e "${files[0]}" ] && echo ${#files[@]} || echo 0
}

kept_is() {
	[ "$(kept)" = "$1" ]
}

has_line() { # FILE TEXT
	grep -qF -- "$2" "$1" 2>/dev/null
}

# Who waits for a line of a FIFO, and has lost his listener, waits no longer.
teardown() {
	if [ -p go ]; then
		exec {go}<>go
		rm go
		exec {go}>&-
	fi
	stop_servers
}

@test "each request is answered as HTTP has it, and 2xx only if it was an event that is done" {
	echo s3cret >token
	listen --token-file token --path /hook -- $pipe
	event=$(event a)
	n=${#event} ok="Host: x\r\nConnection: close\r\nAuthorization: Bearer s3cret"
	chunked="$(printf %x "$n")\r\n${event}\r\n0\r\n\r\n"
	while IFS='|' read -r want request; do
		talk "${request//EVENT/$event}"
		echo "$want=$code ${request:0:60}"
	done >got <<-END
		200|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\n\r\nEVENT
		200|POST /hook?a=b HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\n\r\nEVENT
		200|POST /hook HTTP/1.1\r\n$ok\r\nTransfer-Encoding: chunked\r\n\r\n$chunked
		200|POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nauthorization: bearer s3cret\r\nContent-Length: $n\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\nContent-Length: $n\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\nContent-Length: 1\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\nTransfer-Encoding: chunked\r\n\r\n$chunked
		400|POST /hook HTTP/1.1\r\n$ok\r\nTransfer-Encoding: chunked\r\ncontent-length: 1\r\n\r\n$chunked
		400|POST /hook HTTP/1.1\r\n$ok\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n$chunked
		400|POST /hook HTTP/1.1\r\n$ok\r\nTransfer-Encoding: gzip, chunked\r\n\r\n$chunked
		400|POST /hook HTTP/1.1\r\n$ok\r\nTransfer-Encoding: identity\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\nTransfer-Encoding : chunked\r\n\r\nEVENT
		400|POST /hook HTTP/1.0\r\n$ok\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: -1\r\n\r\n
		400|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: ${n}x\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\n$ok\r\nAuthorization: Bearer no\r\nContent-Length: $n\r\n\r\nEVENT
		400|POST /hook HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer s3cret\r\nContent-Length: $n\r\n\r\nEVENT
		401|POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: $n\r\n\r\nEVENT
		401|POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer s3cre\r\nContent-Length: $n\r\n\r\nEVENT
		401|POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: s3cret\r\nContent-Length: $n\r\n\r\nEVENT
		401|POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic s3cret\r\nContent-Length: $n\r\n\r\nEVENT
		401|POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: $n\r\n\r\n
		404|POST /hoo HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\n\r\nEVENT
		404|POST /hook%00 HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\n\r\nEVENT
		404|GET / HTTP/1.1\r\n$ok\r\n\r\n
		405|GET /hook HTTP/1.1\r\n$ok\r\n\r\n
		405|PUT /hook HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\n\r\nEVENT
		405|POST /health HTTP/1.1\r\n$ok\r\nContent-Length: $n\r\n\r\nEVENT
		413|POST /hook HTTP/1.1\r\n$ok\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n
		413|POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: 99999999999\r\n\r\n
		200|GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n
		200|HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n
		200|HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n
	END
	assert_eq "$(sed 's/^\(...\)=\1 .*/as wanted/' got | sort -u)" 'as wanted'
	head -c $((1 << 20)) /dev/zero | tr '\0' ' ' >spaces # a MiB that is no event, and a byte more
	talk "POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: 1048577\r\n\r\n$(<spaces)x"
	assert_eq "$code" 413
	talk "POST /hook HTTP/1.1\r\n$ok\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n$(<spaces)x\r\n0\r\n\r\n"
	assert_eq "$code" 413
	talk "POST /hook HTTP/1.1\r\n$ok\r\nContent-Length: 1048576\r\n\r\n$event$(tail -c +$((n + 1)) spaces)"
	assert_eq "$code $answer" '200 {"status":"done"}'
	talk "PUT /hook HTTP/1.1\r\n$ok\r\n\r\n"
	has_line - 'Allow: POST' <<<"$head"
	assert_eq "$(cat "$said")" "s3ev-listen: listening on http://127.0.0.1:$port"
}

# A pipeline that takes its time for what is called slow..., until something is
# written to the FIFO go; fails what is called failing...; and dies of victim....
# What it saw is in the file seen.
odd_pipe() {
	# A writer that was slow to close it after a line is no line for the next reader.
	mkfifo go
	# shellcheck disable=SC2016
	printf %s 's3ev-split -m | while read -r line; do
		case $line in
		*\"key\":\"slow*) until read -r _ <go || [ ! -p go ]; do :; done ;;
		*\"key\":\"failing*) line="${line%?},\"failed\":{\"by\":\"me\",\"code\":\"SlowDown\",\"message\":\"not now\",\"retry\":true}}" ;;
		*\"key\":\"victim*) kill -9 0 ;;
		esac
		echo "$line" >>seen
		echo "$line"
	done'
}

seen() { # KEY; how often it was seen
	grep -c "\"key\":\"$1\"" seen || :
}

@test "without a journal: 2xx when all is decided; refusals are held back, repeats join" {
	listen -b 1 -- sh -c "$(odd_pipe)"
	post "$(event a)"
	assert_eq "$code $answer" '200 {"status":"done"}'
	post '{"Service":"S3","Event":"s3:TestEvent"}'
	assert_eq "$code" 200
	post "$(jq -cn --arg body "$(event wrapped)" '{version: "2.0", requestContext: {http: {method: "POST"}}, body: $body}')"
	assert_eq "$code $(seen wrapped)" '200 1'

	post_later one "$(event slow)"
	post_later two "$(event slow)"
	post_later three "$(event b)"
	wait_until metric_is received_total 5
	wait_until metric_is repeated_total 1
	[ ! -e one ] && [ ! -e two ]
	echo >go
	wait_until test -s one
	wait_until test -s two
	wait_until test -s three
	assert_eq "$(cat one two three | sort -u)" '200 {"status":"done"}'
	assert_eq "$(seen slow)" 1

	begun=${EPOCHREALTIME/[.,]/}
	post "$(event failing)"
	once=$((${EPOCHREALTIME/[.,]/} - begun))
	assert_eq "$code $answer" '503 {"status":"failed","reason":"not now"}'
	has_line - 'Retry-After: 1' <<<"$head"
	begun=${EPOCHREALTIME/[.,]/}
	post_later one "$(event failing)"
	post "$(event failing)"
	wait_until test -s one
	twice=$((${EPOCHREALTIME/[.,]/} - begun))
	[ "$once" -ge 950000 ] && [ "$twice" -ge 1950000 ]
	assert_eq "$code $(cut -c 1-3 one) $(seen failing)" '503 503 2'

	post nonsense
	assert_eq "$code $answer" '400 {"status":"refused","reason":"a message that is not JSON: lexical error: invalid string in json text."}'
	post $'{"a":"\xff"}'
	assert_eq "$code $answer" '400 {"status":"refused","reason":"it is not UTF-8"}'
}

@test "of events that are given at once, one that kills the pipeline harms no other" {
	listen -- sh -c "$(odd_pipe)"
	post_later first "$(event slow)"
	wait_until metric_is received_total 1
	for key in a victim b; do
		post_later "$key" "$(event "$key")"
	done
	wait_until metric_is received_total 4
	echo >go
	for key in first a victim b; do
		wait_until test -s "$key"
	done
	assert_eq "$(cat first a b | sort -u)" '200 {"status":"done"}'
	assert_eq "$(cut -c 1-3 victim)" 503
	assert_eq "$(metric 'events_total{outcome="failed"}') $(metric waiting_events)" '1 0'
}

@test "an event that needs more memory than one may have is refused, and its neighbours are not" {
	listen -J journal --answer-within 60 -- $pipe # the pipeline stands still meanwhile
	pkill -STOP -P "$listener"
	post_later one "$(event a)"
	wait_until kept_is 1
	post_later two "$(jq -cn '{s3Bucket: "in", s3ObjectKey: [range(262000) | "a"]}')"
	post_later three "$(event b)"
	wait_until kept_is 3
	pkill -CONT -P "$listener"
	for i in one two three; do wait_until test -s $i; done
	assert_eq "$(cat one three | sort -u) $(<two)" \
		'200 {"status":"done"} 200 {"status":"refused","reason":"a document that needs more than 8 MiB"}'
	kept_is 0
}

@test "as many connections as are allowed are served, also if they come at the same time" {
	listen -c 8 -- $pipe
	kill -STOP "$listener"
	for i in 1 2 3 4 5 6 7 8; do
		exec {fd}<>"/dev/tcp/127.0.0.1/$port"
		printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]' >&"$fd"
		fds+=("$fd")
	done
	kill -CONT "$listener"
	for fd in "${fds[@]}"; do
		read -rt 10 line <&"$fd" || line='no answer'
		echo "${line%$'\r'}"
		exec {fd}>&-
	done >answers
	assert_eq "$(sort answers | uniq -c | xargs)" '8 HTTP/1.1 200 OK'
}

@test "a pipeline that ends after its first mark is not started again without a pause" {
	listen -- sh -c 'head -n1 | { s3ev-split -m; sleep 0.1; }'
	begun=${EPOCHREALTIME/[.,]/}
	wait_until metric_is pipeline_restarts_total 2
	[ $((${EPOCHREALTIME/[.,]/} - begun)) -gt 900000 ]
}

@test "a journal keeps an event until it is done: plain files, and kill -9 loses nothing" {
	listen -J journal --answer-within 0 -b 1 -- sh -c "$(odd_pipe)"
	post "$(event slow-1)"
	assert_eq "$code $answer" '200 {"status":"kept"}'
	for key in a b c; do
		post "$(event $key)"
		assert_eq "$code" 200
	done
	post "$(event a)"
	assert_eq "$code $(kept)" '200 4'
	assert_eq "$(cat journal/*.json | s3ev-split | jq -r .key | paste -sd ' ')" 'slow-1 a b c'
	assert_eq "$(stat -c %a journal journal/*.json | sort -u | paste -sd ' ')" '600 700'

	printf -v blanks '%1048576s' ''
	event=$(event large)
	post "$event${blanks:${#event}}" # the largest that there may be
	assert_eq "$code $(stat -c %s journal/*.json | tail -n 1)" '200 1048576'

	run3 s3ev-listen -l 127.0.0.1:0 -J journal -- $pipe
	assert_eq "$status $out$err" '69 s3ev-listen: JournalInUse: journal: another process works on this journal'$'\n'

	kill -9 "$listener"
	ended
	assert_eq "$status $(kept)" '137 5'
	listen -J journal -v -- $pipe
	wait_until kept_is 0
	assert_eq "$(jq -r .key logged | paste -sd ' ')" 'slow-1 a b c large'
	post "$(event a)"
	assert_eq "$code $answer" '200 {"status":"done"}'
	kill "$listener"
	ended
	assert_eq "$status" 0
}

@test "a pipeline that outlives its listener keeps its files until it ends" {
	mkfifo go
	listen -J journal -- bash -c 'echo bytes >"$TMPDIR/file"; echo "${TMPDIR%/*}" >folder; s3ev-split -m
		read -r line <go; cat "$TMPDIR/file" &>found'
	read -r folder <folder
	kill -9 "$listener"
	ended
	listen -J one -- $pipe
	echo >go
	wait_until flock -n "$folder" true
	assert_eq "$(cat found)" bytes
	listen -J two -- $pipe
	[ ! -e "$folder" ]
}

@test "what fails is tried again, what is no event is put aside with the reason" {
	listen -J journal --backoff 1 -- sh -c "$(odd_pipe)"
	post "$(event failing)"
	assert_eq "$code $answer" '200 {"status":"kept","reason":"not now"}'
	assert_eq "$(kept)" 1
	wait_until eval '[ "$(seen failing)" -ge 2 ]'
	rm journal/*.json
	wait_until metric_is waiting_events 0
	has_line "$said" 'is no event in the journal any more'

	for _ in 1 2; do
		post nonsense
		assert_eq "$code" 200
	done
	post $'\xff'
	assert_eq "$code $(kept)" '200 0'
	post ''
	assert_eq "$code" 200
	assert_eq "$(cd journal/refused && for file in *.json; do echo "$(od -An -c "$file" | tr -d ' ') $(<"${file%.json}.why")"; done | sort)" \
		' a message that is not JSON: not one JSON value
377 it is not UTF-8
nonsense a message that is not JSON: lexical error: invalid string in json text.'

	# An event with a part that is none: the good part is done, and all of it kept.
	post "{\"Records\":[$(event ok | jq -c .Records[0]),{\"x\":1}]}"
	assert_eq "$code $(seen ok) $(find journal/refused -name '*.json' | wc -l)" '200 1 4'
	kill "$listener"
	ended
	listen -J journal --strict -- $pipe
	post nonsense
	assert_eq "$code" 400
}

@test "what is no event waits while refused is full, and no longer than that" {
	listen -J journal --journal-max 1 --backoff 1 -- $pipe
	post 'no event'
	assert_eq "$code $(kept)" '200 0'
	post 'nor this'
	assert_eq "$code $(kept)" '200 1'
	has_line "$said" 'RefusedFull: 1 events in refused of the journal: look at them and remove them'
	rm journal/refused/*
	wait_until kept_is 0
	assert_eq "$(cat journal/refused/*.json)" 'nor this'
}

@test "a full journal and a full disk take nothing more, and say so" {
	listen -J journal --journal-max 2 --answer-within 0 -b 1 -- sh -c "$(odd_pipe)"
	for key in slow-1 slow-2; do
		post "$(event $key)"
		assert_eq "$code" 200
	done
	post "$(event c)"
	assert_eq "$code $answer" '503 {"status":"not taken","reason":"there is no room, try again later"}'
	has_line "$said" 'JournalFull: 2 events are not done: no more is taken'
	echo >go
	wait_until kept_is 1
	post "$(event c)"
	assert_eq "$code" 200
	kill -9 "$listener"
	ended

	# A limit of the size of files is like a disk that is full.
	(trap '' XFSZ && ulimit -f 1 && exec s3ev-listen -l 127.0.0.1:0 -J journal2 -- $pipe) >>logged 2>said-full 3>&- &
	listener=$! said=said-full
	servers+=("$listener")
	wait_until is_up
	printf -v long '%2000s' x
	post "$(event "k${long// /y}")"
	assert_eq "$code" 503
	has_line said-full 'the journal: an event cannot be written: File too large'
	assert_eq "$(find journal2 -type f | wc -l)" 0
	post "$(event short)"
	assert_eq "$code $answer" '200 {"status":"done"}'
}

@test "an event of the journal that cannot be read at the start is tried again" {
	cat >open.c <<-'END'
		#define _GNU_SOURCE
		#include <errno.h>
		#include <fcntl.h>
		#include <stdarg.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int openat(int folder, const char *file, int flags, ...)
		{
			va_list more;
			va_start(more, flags);
			int mode = flags & O_CREAT ? va_arg(more, int) : 0;
			va_end(more);
			if (!(flags & O_NONBLOCK) || access("bad-disk", F_OK) != 0)
				return (int)syscall(SYS_openat, folder, file, flags, mode);
			errno = EIO;
			return -1;
		}
	END
	cc -shared -fPIC -o open.so open.c
	mkdir journal
	event a >journal/20261129T134215.000001Z.json
	event b >journal/20261129T134215.000002Z.json
	touch bad-disk
	ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 LD_PRELOAD=./open.so listen -J journal --backoff 1 -v -- $pipe
	has_line "$said" 'the journal: 20261129T134215.000001Z.json: Input/output error'
	wait_until metric_is waiting_events 2
	rm bad-disk
	wait_until kept_is 0
	assert_eq "$(jq -r .key logged | paste -sd ' ')" 'a b'
}

@test "what else lies in the journal is left alone, and half files go" {
	mkdir journal outside
	event a >journal/20261129T134215.000002Z.json
	event b >journal/20261129T134215.000001Z.json
	event half >journal/.20261129T134215.000003Z.tmp
	event secret >outside/event
	ln -s ../outside/event journal/20261129T134215.000004Z.json
	mkfifo journal/20261129T134215.000005Z.json
	mkdir journal/20261129T134215.000006Z.json
	head -c 1048577 /dev/zero >journal/20261129T134215.000007Z.json
	event c >journal/20261129T134215.00000xZ.json
	event d >journal/mine.json
	touch $'journal/\e[2Jx'
	ls journal >before
	listen -J journal -v -- $pipe
	wait_until eval '! [ -e journal/20261129T134215.000002Z.json ]'
	assert_eq "$(jq -r .key logged | paste -sd ' ')" 'b a'
	assert_eq "$(ls journal)" "$(grep -v '00000[12]Z' before | sort - <(echo refused))"
	[ ! -e journal/.20261129T134215.000003Z.tmp ]
	assert_eq "$(grep -c 'Foreign: .* is left alone' "$said")" 7
	has_line "$said" 'Foreign: \x1b[2Jx is left alone'
	kill "$listener"
	ended
	rm -r journal/refused
	ln -s ../outside journal/refused
	run3 s3ev-listen -l 127.0.0.1:0 -J journal -- $pipe
	assert_eq "$status" 71
}

@test "a connection that sends nothing or little is closed in time, and makes room before that" {
	listen -c 4 --idle 4 --read 1 -- $pipe
	for i in 1 2 3 4 5 6; do
		exec {fd}<>"/dev/tcp/127.0.0.1/$port"
		fds[i]=$fd
		printf 'POST / HTTP/1.1\r\nHost: x\r\nA: ' >&"$fd"
	done
	begun=${EPOCHREALTIME/[.,]/}
	post "$(event a)" # the fifth, sixth and this one pushed out the oldest
	assert_eq "$code" 200
	[ $((${EPOCHREALTIME/[.,]/} - begun)) -lt 3000000 ]
	printf 'b\r\nContent-Length: 5\r\n\r\n' >&"${fds[6]}"
	begun=${EPOCHREALTIME/[.,]/}
	IFS= read -rd '' -t 5 text <&"${fds[6]}" || :
	took=$((${EPOCHREALTIME/[.,]/} - begun))
	[ "$took" -ge 400000 ] && [ "$took" -lt 3000000 ]
	assert_eq "$text" ''
	wait_until metric_is connections 1
	assert_eq "$(grep -c . "$said")" 1 # it is no error
	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
}

@test "health is good only while the pipeline passes marks" {
	# shellcheck disable=SC2016
	listen -s 1000 -- sh -c 'echo $$ >pid; exec s3ev-split -m'
	get /health
	assert_eq "$code $answer" '200 {"status":"ok"}'
	kill -STOP "$(<pid)"
	pause 2 # the mark of the start proves it no longer
	get /health
	assert_eq "$code $answer" '503 {"status":"the pipeline passes no marks"}'
	wait_until metric_is pipeline_restarts_total 1
	wait_until eval 'get /health; [ "$code" = 200 ]'
}

@test "when stopped it finishes what is begun, within its grace; the rest stays in the journal" {
	listen -J journal -b 1 -- sh -c "$(odd_pipe)"
	post_later one "$(event slow-1)"
	wait_until metric_is received_total 1
	post_later two "$(event b)"
	wait_until metric_is received_total 2
	kill "$listener"
	wait_until test -s one
	wait_until test -s two
	assert_eq "$(sort -u one two)" '200 {"status":"kept"}'
	post_later three "$(event c)" 2>three.err # nobody listens any more
	echo >go
	ended
	assert_eq "$status $(kept) $(s3ev-split <journal/*.json | jq -r .key)" '0 1 b'

	# Without a journal what is not begun is refused; what is late is given up.
	rm one two
	listen -b 1 -G 1 -- sh -c "$(rm go && odd_pipe)"
	post_later one "$(event slow-1)"
	wait_until metric_is received_total 1
	post_later two "$(event b)"
	wait_until metric_is received_total 2
	kill "$listener"
	wait_until test -s two
	ended
	wait_until test -s one
	assert_eq "$status $(cut -c 1-3 one two | paste -sd ' ')" '0 503 503'
	listen -- sh -c "$(rm go && odd_pipe)"
	post_later one "$(event slow-1)"
	wait_until metric_is received_total 1
	kill "$listener"
	kill "$listener"
	ended
	assert_eq "$status" 0
}

@test "it takes sockets that are passed, tells the service manager, and speaks TLS" {
	cat >activate.py <<-'END'
		import os, socket, sys
		notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		notify.bind('notify')
		s = socket.socket()
		s.bind(('127.0.0.1', 0))
		s.listen()
		if os.fork() == 0:
		    os.dup2(s.fileno(), 3)
		    os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=os.path.abspath('notify'))
		    os.execvp(sys.argv[1], sys.argv[1:])
		with open('told', 'w', buffering=1) as told:
		    while True:
		        told.write(notify.recv(4096).decode() + '\n')
	END
	# shellcheck disable=SC2016
	python3 activate.py s3ev-listen --cert "$SERVERS_DIR/tls.crt" --key "$SERVERS_DIR/tls.key" -J journal -- \
		sh -c 'env | grep -E "^(LISTEN|NOTIFY|WATCHDOG)" >inherited; exec s3ev-split -m' >>logged 2>said 3>&- &
	servers+=($!)
	said=said listener=$!
	wait_until is_up
	event a >event
	openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null >got < <(
		printf 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' "$(stat -c %s event)" "$(<event)"
		wait_until has_line got '"done"')
	has_line got 'HTTP/1.1 200 OK'
	has_line "$said" "listening on https://127.0.0.1:$port"
	assert_eq "$(cat inherited)" ''
	wait_until has_line told READY=1
	has_line told 'STATUS=0 events done'
	pkill -TERM -P "$listener" # the process that python3 started
	wait_until has_line told STOPPING=1
}

@test "wrong use is told" {
	event a >file
	while IFS='|' read -r want arguments; do
		# shellcheck disable=SC2086
		run3 s3ev-listen $arguments
		echo "$want=$status ${err%%$'\n'*}"
	done >got <<-'END'
		64|
		64|-l
		64|-c 0 -- true
		64|-b 1001 -- true
		64|--path x -- true
		78|--cert x -- true
		78|-l nowhere -- true
		78|-l ::1:80 -- true
		78|-l 127.0.0.1: -- true
		71|--token-file none -- true
		71|-l 127.0.0.1:0 -J none/none -- true
		78|-l 127.0.0.1:0 --token-file file --cert file --key file -- true
		78|-l 127.0.0.1:0 -- ./none
		78|-l 127.0.0.1:0 -s 300 -- cat /dev/null
	END
	awk -F'[= ]' '$1 != $2' got >&2
	assert_eq "$(awk -F'[= ]' '$1 != $2' got)" ''
}

@test "what Ceph pushes is kept before its client is answered, and done after kill -9" {
	new_bucket pushed
	SOURCE_BUCKETS=$pushed listen -J journal --answer-within 0 -b 1 -- sh -c "$(odd_pipe)"
	s3c notify "$pushed" "http://127.0.0.1:$port/"
	s3c put "$pushed" slow - <<<x
	s3c putmany "$pushed" many/ 20 10
	assert_eq "$(kept) $(cat journal/*.json | s3ev-split | jq -r .key | sed 's,/.*,,' | uniq -c | paste -sd ' ')" \
		'21       1 slow      20 many'
	kill -9 "$listener"
	ended
	SOURCE_BUCKETS=$pushed listen -J journal -v -- $pipe
	wait_until kept_is 0
	assert_eq "$(jq -r .key logged | sort -u | wc -l) $(wc -l <logged)" '21 21'
}

@test "an event whose sync fails is not acknowledged, and not kept" {
	cat >sync.c <<-'END'
		#include <errno.h>
		#include <unistd.h>
		int fdatasync(int fd) { if (access("bad-disk", F_OK) != 0) return fsync(fd); errno = EIO; return -1; }
	END
	cc -shared -fPIC -o sync.so sync.c
	ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 LD_PRELOAD=./sync.so listen -J journal -- $pipe
	touch bad-disk
	post_later one "$(event a)"
	post_later two "$(event b)"
	post "$(event a)"
	wait_until test -s one
	wait_until test -s two
	assert_eq "$code $(cut -c 1-3 one two | paste -sd ' ') $(find journal -type f)" '503 503 503 '
	assert_eq "$(grep -c 'the journal: events cannot be written: Input/output error' "$said")" 1
	rm bad-disk
	post "$(event a)"
	assert_eq "$code $answer" '200 {"status":"done"}'
}
