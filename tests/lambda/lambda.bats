#!/usr/bin/env bats
# The whole flow as on Lambda: upload, the server's own notification, queue, bootstrap, pipeline, ledger.

load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	root=$tests/..
	mkdir once tmp
}

teardown() {
	stop_servers
}

# Makes buckets and table, starts the service before an environment that runs
# the bootstrap again whenever it ends, and lets RGW announce to its queue.
world() { # OPTIONS_JSON PROCESSOR
	new_places
	serve lambda "$(jq -cS --arg s3 "$AWS_ENDPOINT_URL_S3" '. + {proxy: $s3, proxyFile: "port.proxy"}' <<<"$1")"
	LAMBDA_URL=http://127.0.0.1:$port
	wait_until test -s port.proxy
	s3c notify "$in" "$LAMBDA_URL/announce"
	environment "$2" 3>&- &
	servers+=($!)
}

# What Lambda does around a bootstrap. It is stopped with all that it started.
environment() { # PROCESSOR
	trap 'kill -9 "$!"; exit' TERM
	while :; do
		# Its number is there before it does anything: a processor kills it by that.
		(echo "$BASHPID" >rt.pid && exec env AWS_LAMBDA_RUNTIME_API="127.0.0.1:$port" LAMBDA_TASK_ROOT="$root" AWS_LAMBDA_FUNCTION_NAME=process TMPDIR="$PWD/tmp" \
			AWS_ENDPOINT_URL_S3="http://127.0.0.1:$(<port.proxy)" PROCESSED_BUCKET="$to" BAD_DATA_BUCKET="$bad" RECORD_TABLE="$table" \
			PROCESSOR="$1" "$root/pipelines/lambda/bootstrap" >>logged 2>>said) &
		wait $! || :
		# Nothing of one environment is alive in the next.
		wait_until eval '! in_use'
	done
}

# Is a directory that a runtime made locked, by itself or its pipeline?
in_use() {
	local dir
	for dir in tmp/s3ev-rt.*; do
		[ ! -d "$dir" ] || flock -n "$dir" true || return 0
	done
	return 1
}

ask() { # PATH [BODY]
	untraced ask_resident ask "$LAMBDA_URL$1" "${@:2}"
}

state_is() { # FILTER
	ask /state | jq -e "$1" >/dev/null
}

# Waits, for three minutes at most, until so many messages are done and so many dead.
settled() { # DONE DEAD
	node -e '
		const [, url, done, dead] = process.argv
		const end = Date.now() + 180000
		const look = async () => {
			const state = await (await fetch(url)).json()
			if (state.deleted.length == done && state.dead.length == dead && state.idle)
				return
			if (Date.now() > end) {
				console.error("not settled:", state)
				process.exit(1)
			}
			setTimeout(look, 50)
		}
		look()' "$LAMBDA_URL/state" "$@" 3>&- && return
	tail -n 20 said >&2
	return 1
}

# Every item in the table: object, outcome.
ledger() {
	jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -r --arg in "$in/" '.Items[] | [(.object.S | ltrimstr($in)), .outcome.S] | join(" ")' | LC_ALL=C sort
}

keys() { # BUCKET
	s3c ls "$1" | jq -r '.[].key' | LC_ALL=C sort
}

upload() { # KEY CONTENT
	printf '%s\n' "$2" | s3c put "$in" "$1" - >/dev/null
}

@test "what is uploaded ends in processed or bad data, and in the ledger; a batch job and a direct trigger find it done" {
	world '{}' "$root/pipelines/processor"
	odd=$'in/2026/a b+c&é%20\'x".json'
	upload in/a.json '{"order":1}'
	upload "$odd" '[]'
	upload in/broken.json '{'
	upload in/a.csv $'a,b\n1,2'
	settled 4 0
	assert_eq "$(keys "$to")" "$(printf '%s\n' "$odd" in/a.csv in/a.json)"
	assert_eq "$(keys "$bad" | grep -v why)" in/broken.json
	assert_eq "$(ledger)" "$(printf '%s\n' "$odd good" 'in/a.csv good' 'in/a.json good' 'in/broken.json bad')"
	batch=$(jq -cn --arg b "arn:aws:s3:::$in" '{invocationSchemaVersion: "1.0", invocationId: "i", job: {id: "j"},
		tasks: [{taskId: "t1", s3Key: "in/a.json", s3VersionId: null, s3BucketArn: $b}, {taskId: "t2", s3Key: "in/broken.json", s3VersionId: null, s3BucketArn: $b},
			{taskId: "t3", s3Key: "in/none.json", s3VersionId: null, s3BucketArn: $b}, {taskId: "t4", s3Key: "", s3VersionId: null, s3BucketArn: $b}]}')
	assert_eq "$(ask /invoke "$batch" | jq -r .body | jq -c '.results[] | [.taskId, .resultCode, .resultString[:6]]')" '["t1","Succeeded","good"]
["t2","Succeeded","bad: l"]
["t3","Succeeded","gone: "]
["t4","PermanentFailure","Invali"]'
	direct=$(jq -cn --arg b "$in" '{Records: [{eventVersion: "2.1", eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3: {bucket: {name: $b}, object: {key: "in/a.csv"}}}]}')
	assert_eq "$(ask /invoke "$direct" | jq -r .body)" '{"records":1,"good":1,"bad":0,"gone":0}'
	assert_eq "$(keys "$to" | wc -l)" 3
	assert_eq "$(jq -s 'map(.Good) | add' logged) $(jq -s 'map(.Bad) | add' logged)" '5 2'
}

@test "filters, pipeline and runtime are killed, one is late, one is poison: each is done once, only the poison is dead" {
	# The first time that it sees one of these it does what its name says.
	sed "s|@|$PWD|" >processor <<-'E'
		#!/bin/bash
		cd "@" && once=once/${S3EV_KEY##*/}
		[ ! -e "$once" ] && case $S3EV_KEY in
		*/kill-*) touch "$once" ;;&
		*/kill-filter) kill -9 "$PPID" ;;
		*/kill-pipeline) kill -9 -- "-$(cut -d ' ' -f 5 "/proc/$PPID/stat")" ;;
		*/kill-runtime) kill -9 "$(<rt.pid)" ;;
		*/kill-time) sleep 100 ;;
		esac
		! grep bad >&2
	E
	chmod +x processor
	export CHECKS=--sandbox=off # in it, the processor could kill nobody
	world '{"timeout":2500,"receives":10,"visibility":100,"batch":5}' "$PWD/processor"
	ask /announce '{"Records":[{"s3":' >/dev/null
	for name in a kill-filter b kill-pipeline c kill-runtime d kill-time e; do
		upload "in/$name" "$name"
	done
	upload in/f bad
	settled 10 1
	assert_eq "$(ask /state | jq -c .dead)" '["{\"Records\":[{\"s3\":"]'
	# What was killed while it tried the server leaves its probe to the next, see server.h.
	assert_eq "$(keys "$to" | grep -vx .s3ev-probe | tr '\n' ' ')" 'in/a in/b in/c in/d in/e in/kill-filter in/kill-pipeline in/kill-runtime in/kill-time '
	assert_eq "$(keys "$bad" | grep -vx -e '.*\.why\.json' -e .s3ev-probe)" in/f
	assert_eq "$(ledger | grep -c good) $(ledger | grep -v good)" '9 in/f bad'
	assert_eq "$(ls once | wc -l)" 4
	# Nothing is left of what was killed but the directory that the living one has.
	wait_until eval '[ "$(find tmp -maxdepth 1 -name "s3ev-rt.*" | wc -l)" = 1 ]'
	assert_eq "$(find tmp -mindepth 3 | wc -l) $(find tmp -name 's3ev-*' -type f)" '0 '
}

@test "a FIFO queue: what fails comes again with all that is behind it, in order" {
	cat >processor <<-E
		#!/bin/bash
		cd "$PWD"
		[[ \$S3EV_KEY != */fails || \$(ls once | wc -l) -ge 2 ]] || { mktemp -p once >/dev/null; exit 75; }
	E
	chmod +x processor
	export CHECKS="--allow-write $PWD/once"
	world '{"arn":"arn:aws:sqs:us-east-1:000000000000:in.fifo","poll":false,"receives":5,"visibility":100}' "$PWD/processor"
	for name in a b fails c d; do
		upload "in/$name" "$name"
	done
	wait_until state_is '.queue == 5'
	ask /poll
	settled 5 0
	assert_eq "$(ask /state | command jq -c '[[.receives[]], .disorder]')" '[[1,1,3,3,3],0]'
	assert_eq "$(keys "$to" | tr '\n' ' ')$(ledger | grep -c good)" 'in/a in/b in/c in/d in/fails 5'
	assert_eq "$(ask /state | jq -r '.answers[0].body | fromjson.batchItemFailures | length')" 3
}

@test "a frozen minute: all connections are dead, and no message notices" {
	world '{"receives":1}' true
	upload in/a a
	settled 1 0
	group=$(ps -o pid= --ppid "$(<rt.pid)")
	kill -STOP "$(<rt.pid)" -- "-${group// }"
	ask /freeze
	upload in/b b
	kill -CONT -- "-${group// }" "$(<rt.pid)"
	settled 2 0
	assert_eq "$(ledger)" $'in/a good\nin/b good'
	assert_eq "$(cat said)" ''
}

@test "many objects: each once in processed and in the ledger" {
	objects=${LAMBDA_OBJECTS:-200} # 1000 in make check-lambda
	world '{"receives":1,"timeout":60000}' true
	s3c putmany "$in" in/ "$objects" 100
	settled "$objects" 0
	assert_eq "$(keys "$to" | wc -l) $(ledger | uniq | wc -l)" "$objects $objects"
	assert_eq "$(jq -s 'map(.Records) | add' logged) $(jq -s 'map(.Good) | add' logged) $(cat said)" "$objects $objects "
}
