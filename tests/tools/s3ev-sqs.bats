#!/usr/bin/env bats
# s3ev-sqs: messages of a queue that is played, with a clock that is moved.

load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	put=$(jq -cS . "$tests/data/events/s3-put-v21.json")
	export TMPDIR=$BATS_TEST_TMPDIR
}

# Starts the service, on which a second of a poll takes 20 ms. Sets SQS_URL.
service() { # [OPTIONS_JSON]
	serve memory-sqs "${1-{\"second\":20,\"receives\":5\}}" || return
	SQS_URL=http://127.0.0.1:$port
	export QUEUE_URL=$SQS_URL/000000000000/${QUEUE-in}
}

# Starts a worker; its lines go to the files said and shown. Sets worker. What is started in the background ignores INT,
# unless it is told otherwise.
work() { # [OPTION...] -- COMMAND...
	env --default-signal=INT s3ev-sqs "$@" >>shown 2>>said 3>&- &
	worker=$!
	servers+=("$worker")
}

drain() { # [OPTION...] -- COMMAND...
	status=0
	timeout 20 s3ev-sqs --drain "$@" >>shown 2>>said 3>&- || status=$?
}

ask() { # PATH [BODY]
	untraced ask_resident ask "$SQS_URL$1" "${@:2}"
}

# Puts N messages into the queue, each of an object k1 in bucket b.
send() { # N [BUCKET [GROUP]]
	ask /send "$(jq -cn --argjson put "$put" --argjson n "$1" --arg b "${2-b}" --arg g "${3-}" --arg q "${QUEUE-in}" '{queue: $q, messages: [range($n) |
		{body: ($put | .Records[0].s3 |= (.bucket.name = $b | .object.key = "k1") | tojson)} + if $g != "" then {group: $g} else {} end]}')" >/dev/null
}

rule() { # JSON
	ask /rule "$1" >/dev/null
}

clock() { # SECONDS
	ask /clock "{\"ms\":${1}000}" >/dev/null
}

state() { # FILTER
	ask /state | jq -c --arg q "${QUEUE-in}" ".queues[\$q] as \$q | $1"
}

state_is() { # FILTER
	[ "$(state "$1")" = true ]
}

is_said() { # TEXT
	grep -qF "$1" said
}

ended() {
	status=0
	wait "$worker" || status=$?
}

# What is in the bucket "failing" fails, what is in "killing" kills its pipeline.
pipe='s3ev-split -m | jq -c --unbuffered "if .bucket == \"failing\" then .failed = {code: \"SlowDown\", message: \"m\", retry: true} else . end"'
kill_pipe='s3ev-split -m | while read -r line; do case $line in *killing*) kill -9 0 ;; *hanging*) sleep 100 ;; esac; echo "$line"; done'

@test "messages become records, and are deleted in batches when these are decided" {
	service
	send 25
	drain -v -- s3ev-split -m
	assert_eq "$status $(state '[$q.left, ($q.deleted | length), .calls.DeleteMessageBatch, .changes]')" '0 [0,25,3,[]]'
	assert_eq "$(jq -c '[.bucket, (.from.sqs | length), .from.receipt, (.deadline > now * 1000 + 40000000)]' shown | sort | uniq -c | xargs)" '25 [b,36,null,true]'
	assert_eq "$(cat said)" ''
}

@test "what fails comes again later, alone, and says why" {
	service
	send 2
	send 1 failing
	send 1
	ask /send "{\"queue\":\"in\",\"messages\":[{\"body\":\"poison\"},{\"body\":\"{\\\"Event\\\":\\\"s3:TestEvent\\\"}\"}]}" >/dev/null
	drain -- sh -c "$pipe"
	assert_eq "$status $(state '[$q.left, ($q.deleted | length), (.changes | map(.[1] >= 22 and .[1] <= 30) | unique)]')" '0 [2,4,[true]]'
	is_said 's3ev-sqs: 2 of 6 messages come again: RecordFailed: failing/k1: SlowDown: m'
	clock 31
	drain --backoff 0 -- sh -c "$pipe"
	assert_eq "$(state '[.changes[2:][] | .[1]]')" '[0,0,0,0,0,0]' || assert_eq "$(state '$q.dead | length')" 2
	assert_eq "$(state '[$q.left, ($q.dead | length)]')" '[0,2]'
}

@test "a pipeline that dies or hangs takes nothing along but what it has not done" {
	service
	send 3
	send 1 killing
	send 2
	work -b 3 -- bash -c "$kill_pipe"
	wait_until state_is '($q.deleted | length) == 3 and (.changes | length) == 3'
	is_said 'come again: PipelineEnded: the pipeline ended with signal 9 (Killed)'
	send 1 hanging
	wait_until state_is '$q.inflight == 4'
	kill -9 "$worker"
	wait_until state_is '.polls == 0' # its last one goes on, and would take messages
	clock 121
	drain -- s3ev-split -m
	assert_eq "$(state '[$q.left, ($q.deleted | length)]')" '[0,7]'
}

@test "a message that kills each pipeline, or cannot be read, does not take its neighbours to the dead letters" {
	service
	send 1 killing
	ask /send "$(jq -cn '{queue: "in", messages: [{body: ({s3Bucket: "b", s3ObjectKey: [range(262000) | "a"]} | tojson)}]}')" >/dev/null
	send 4
	work --backoff 0 -- bash -c "$kill_pipe"
	wait_until state_is '$q.left == 0'
	kill -9 "$worker"
	assert_eq "$(state '[($q.deleted | length), ($q.dead | length)]')" '[4,2]'
	is_said 'InvalidJSON: a document that needs more than 8 MiB'
}

@test "a pipeline from which nothing comes back for long is killed, one that moves is not" {
	service
	send 5
	send 1 hanging
	work --stall 2 --backoff 0 -- bash -c 's3ev-split -m | while read -r line; do case $line in *hanging*) [ -e done ] || sleep 100 ;; *key*) sleep 0.7 ;; esac; echo "$line"; done'
	wait_until is_said '1 of 6 messages come again: DeadlineExceeded: the pipeline was not done in time'
	touch ./done
	wait_until state_is '$q.left == 0'
	assert_eq "$(state '[[$q.receives[]] | group_by(.)[] | length]')" '[5,1]'
}

@test "a queue that is empty is not asked without a pause, though no poll waits" {
	service
	work --wait 0 -- s3ev-split -m
	wait_until state_is '.calls.ReceiveMessage > 0'
	pause 1
	state_is '.calls.ReceiveMessage < 4'
	send 1
	wait_until state_is '$q.left == 0'
}

@test "several pipelines, and no more in flight than they have room for" {
	service
	send 20
	work -w 3 -b 2 -- bash -c 's3ev-split -m | while read -r line; do case $line in *k1\"*) until [ -e go ]; do sleep 0.02; done ;; esac; echo "$line"; done'
	wait_until state_is '$q.inflight == 6'
	pause 0.2
	assert_eq "$(state '[.most, ($q.deleted | length)]')" '[6,0]'
	touch go
	wait_until state_is '$q.left == 0'
	assert_eq "$(state '$q.deleted | length')" 20
}

@test "what the queue has is divided among the pipelines that are free" {
	service
	# shellcheck disable=SC2016 # the pipeline reads it
	work -w 3 -- bash -c 's3ev-split -m | tee "$0/lines.${S3EV_PIPELINE%/*}"' "$PWD"
	for i in 1 2 3; do wait_until grep -qs mark "lines.$i"; done
	send 45
	wait_until state_is '$q.left == 0'
	assert_eq "$(cat lines.? | grep -c '"id"')" 45
	for i in 1 2 3; do [ "$(grep -c '"id"' "lines.$i")" -le 25 ]; done
}

@test "one message goes at once, and again when it is renewed it stays ours" {
	service '{"second":1000,"receives":5}'
	work --visibility 2 --wait 1 -- bash -c 's3ev-split -m | while read -r line; do case $line in *hanging*) until [ -e go ]; do sleep 0.02; done ;; esac; echo "$line"; done'
	wait_until state_is '.polls == 1'
	send 1 hanging
	wait_until state_is '.changes | length >= 2'
	touch go
	wait_until state_is '$q.left == 0'
	assert_eq "$(state '[($q.receives[]), (.changes | map(.[1]) | unique)]')" '[1,[2]]'
	kill "$worker"
	ended
	assert_eq "$status" 0
}

@test "handles that are lost end the work, are no errors, and nothing is begun twice" {
	service
	send 1 hanging
	# For the pipeline that is free there is always a poll.
	work -w 2 --start 60000 --visibility 4 -- bash -c "echo x >>begun; $kill_pipe"
	wait_until eval '[ "$(cat begun 2>/dev/null | wc -l)" = 2 ]'
	wait_until state_is '$q.inflight == 1'
	# A renewal that is under way now is answered when the newer handle is here.
	rule '{"action":"ChangeMessageVisibilityBatch","late":1000}'
	ask /lose '{"queue":"in"}' >/dev/null
	wait_until state_is '([$q.receives[]] | max) >= 2 and (.changes | length) >= 1'
	assert_eq "$(wc -l <begun) $(grep -v 'come again\|^s3ev-sqs: the pipeline' said || :)" '2 '
	rule '{"action":"ReceiveMessage","times":1000,"code":"ServiceUnavailable","status":503}'
	wait_until is_said 'cannot receive: ServiceUnavailable'
	clock 100
	ask /lose '{"queue":"in"}' >/dev/null
	wait_until is_said 'messages come again: DeadlineExceeded: the pipeline was not done in time'
	assert_eq "$(grep -c 'cannot receive' said)" 1
}

@test "done but not deleted: the next receipt is deleted at once, and only its work is not done again" {
	service
	send 3
	rule '{"action":"DeleteMessageBatch","entry":{"code":"ReceiptHandleIsInvalid"}}'
	rule '{"action":"DeleteMessageBatch","cut":"after","times":1}'
	work -v -- s3ev-split -m
	wait_until state_is '.calls.DeleteMessageBatch == 1'
	clock 121
	wait_until state_is '$q.left == 0'
	assert_eq "$(state '[$q.receives[]]') $(wc -l <shown) $(cat said)" '[2,2,2] 3 '
}

@test "entries that fail in a call that succeeds are tried again, and said once" {
	service
	send 2
	rule '{"action":"DeleteMessageBatch","entry":{"code":"InternalError","message":"m","fault":false}}'
	drain -- s3ev-split -m
	assert_eq "$status $(state '[$q.left, .calls.DeleteMessageBatch]')" '0 [0,2]'
	assert_eq "$(cat said)" 's3ev-sqs: cannot delete: InternalError: m
s3ev-sqs: messages can be answered for again'
}

@test "an answer that is lost after the deletion, and one with a damaged body" {
	service
	send 2
	rule '{"action":"DeleteMessageBatch","cut":"after"}'
	rule '{"action":"ReceiveMessage","damage":true}'
	drain -- s3ev-split -m
	assert_eq "$(state '[$q.left, ([.changes[][1] >= 22] | unique)]')" '[2,[true]]'
	assert_eq "$(grep -c 'MD5OfBody is not that of its body: it is given back' said)" 2
	clock 31
	drain -- s3ev-split -m
	assert_eq "$status $(state '[$q.left, ($q.deleted | length)]')" '0 [0,2]'
}

@test "what the service refuses for a while is waited for, and said once" {
	service
	send 1
	for code in OverLimit KmsThrottled; do
		rule "{\"action\":\"ReceiveMessage\",\"code\":\"$code\",\"message\":\"m\"}"
	done
	AWS_MAX_ATTEMPTS=1 work -- s3ev-split -m
	wait_until state_is '$q.left == 0'
	assert_eq "$(sed 's/ (request.*//' said)" 's3ev-sqs: cannot receive: OverLimit: m
s3ev-sqs: cannot receive: KmsThrottled: m
s3ev-sqs: messages can be received again'
}

# The buckets of the records that came back, in order; of several in a row, one.
in_order() {
	jq -r .bucket shown | uniq | xargs
}

@test "FIFO: the first that fails and all of its group behind it, in order, and none overtakes" {
	QUEUE=in.fifo
	service
	send 3 b one
	send 1 failing one
	send 1 c one
	send 1 d one
	send 2 b two
	rule '{"action":"ReceiveMessage","cut":"after"}'
	drain -- sh -c "$pipe"
	assert_eq "$status $(state '[$q.left, ($q.deleted | length), $q.disorder, ($q.receives | length), (.changes | length), (.attempts | .[0] == .[1])]')" '0 [3,5,0,8,3,true]'
	clock 61
	drain -v -w 2 -b 1 --backoff 0 -- sh -c "$pipe"
	assert_eq "$(in_order) $(state '[$q.left, ($q.dead | length), ($q.deleted | length), $q.disorder]')" 'failing c d [0,1,7,0]'
}

@test "FIFO: what comes again before it is known that it went back is not overtaken" {
	QUEUE=in.fifo
	service
	send 1 failing one
	rule '{"action":"ChangeMessageVisibilityBatch","ms":300,"times":9}'
	work -v -b 2 --backoff 0 -- bash -c "s3ev-split -m | while read -r line; do case \$line in *failing*) until [ -e go ]; do sleep 0.02; done ;; esac; echo \"\$line\"; done |${pipe#*|}"
	wait_until state_is '$q.inflight == 1'
	send 1 c one
	send 1 d one
	touch go
	wait_until state_is '$q.left == 0'
	assert_eq "$(in_order) $(state '[($q.dead | length), $q.disorder]')" 'failing c d [1,0]'
}

@test "FIFO: what is behind one that kills its pipeline is not dead with it" {
	QUEUE=in.fifo
	service '{"second":20,"receives":2}'
	send 1 killing one
	send 5 b one
	work --backoff 1 -- bash -c "$kill_pipe"
	wait_until state_is '.changes | length == 7' # all of them, and then that one alone
	clock 5
	wait_until state_is '$q.left == 0'
	assert_eq "$(state '[$q.disorder, ($q.deleted | length), ($q.dead | length), ([$q.receives[]] | unique)]')" '[0,5,1,[2]]'
}

@test "FIFO: what is done is deleted in order, however long a call takes" {
	QUEUE=in.fifo
	service
	rule '{"action":"DeleteMessageBatch","late":500}'
	work -w 2 -b 2 -- bash -c 's3ev-split -m | while read -r line; do case $line in *hanging*) until [ -e go ]; do sleep 0.02; done ;; esac; echo "$line"; done'
	wait_until state_is '.calls.ReceiveMessage > 2' # one of them asks for as many as both take
	ask /send "$(jq -cn --argjson put "$put" '{queue: "in.fifo", messages: [("b", "b", "hanging", "hanging") as $b | {group: "one", body: ($put | .Records[0].s3.bucket.name = $b | tojson)}]}')" >/dev/null
	wait_until state_is '.calls.DeleteMessageBatch == 1'
	touch go
	wait_until state_is '$q.left == 0'
	assert_eq "$(state '[($q.deleted | length), $q.disorder]')" '[4,0]'
}

# The metrics in the file, without what they have in common.
metrics() {
	sed -n 's/^s3ev_sqs_\([a-z_]*\){queue="in",*\(.*\)} /\1 \2 /p' worker.prom
}

@test "--prom: what was received, how it ended and what was refused, from the start to the end" {
	service
	rule '{"action":"ReceiveMessage","code":"OverLimit"}'
	rule '{"action":"DeleteMessageBatch","entry":{"code":"InternalError","fault":false}}'
	send 3
	send 1 failing
	AWS_MAX_ATTEMPTS=1 work --prom worker.prom -- sh -c "$pipe"
	wait_until [ -e worker.prom ]
	assert_eq "$(metrics | grep -vc ' 0$')" 0
	wait_until state_is '$q.left == 1 and (.changes | length) == 1'
	kill "$worker"
	ended
	assert_eq "$status
$(metrics)" '0
received_total kind="new" 4
received_total kind="again" 0
received_total kind="done_before" 0
received_total kind="damaged" 0
received_total kind="not_taken" 0
messages_total outcome="done" 3
messages_total outcome="failed" 1
ended_total how="deleted" 3
ended_total how="given_back" 1
ended_total how="lost" 0
refused_total action="receive" 1
refused_total action="delete" 3
refused_total action="change" 0
records_total outcome="good" 3
records_total outcome="bad" 0
records_total outcome="gone" 0
records_total outcome="failed" 1
pipeline_restarts_total  0
held_messages  0
waiting_messages  0
healthy  0'
	! command -v promtool >/dev/null || promtool check metrics <worker.prom
	assert_eq "$(echo worker.prom*)" worker.prom
}

@test "--prom: a file that cannot be written is said once, and ends nothing" {
	service
	send 2
	drain --prom none/worker.prom -- s3ev-split -m
	assert_eq "$status $(state '$q.left') $(cat said)" '0 0 s3ev-sqs: none/worker.prom: No such file or directory'
}

@test "metrics of several pipelines: a file each, also of one that takes another's place, and none of more that were there before" {
	service
	send 4
	send 1 killing
	count='s3ev-stat --prom records.prom'
	work -b 1 -w 3 --backoff 0 -- bash -c "echo \$S3EV_PIPELINE \$S3EV_INSTANCE >>names; $kill_pipe | $count"
	wait_until state_is '($q.dead | length) == 1 and ($q.deleted | length) == 4'
	kill "$worker"
	ended
	assert_eq "$status $(echo records*)" '0 records.pipeline-2.prom records.pipeline-3.prom records.prom'
	assert_eq "$(sed '/^#/d; s/ [^ ]*$//' records*.prom | sort | uniq -d)" ''
	# One that is replaced is still the same to those who count.
	[ "$(wc -l <names)" -gt 3 ]
	assert_eq "$(sort -u names | cut -d ' ' -f 1 | xargs) $(sort -u names | cut -d ' ' -f 2 | sort -u | wc -l)" '1/3 2/3 3/3 3'
	send 2
	OTEL_SERVICE_NAME=night drain --prom worker.prom -- bash -c "s3ev-split -m | $count"
	assert_eq "$status $(echo records*) $(grep '^s3ev_records_.*good' records.prom)" '0 records.prom s3ev_records_total{service="night",outcome="good"} 2'
	assert_eq "$(grep -v '^#' worker.prom | grep -vc 'service="night",queue="in"')" 0
}

# Only build-asan shows what is wrong then.
@test "an answer that comes when it is too late for it harms nothing" {
	cat >rules.mjs <<-'JS'
		import fs from 'node:fs'
		import path from 'node:path'
		const dir = path.dirname(new URL(import.meta.url).pathname)
		const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
		const all_live = () => fs.readFileSync(`${dir}/pids`, 'utf8').trim().split('\n').every((pid) => fs.existsSync(`/proc/${pid}`))
		const asks = (action, rule) => ({match: {header: {'x-amz-target': action}}, ...rule})
		async function late() {
			fs.writeFileSync(`${dir}/asked`, '')
			while (all_live())
				await sleep(1)
			return {body: '{"Successful":[{"Id":"0"}]}'}
		}
		export default [
			asks('GetQueueAttributes', {reply: {body: '{"Attributes":{"RedrivePolicy":"{}"}}'}}),
			asks('ReceiveMessage', {times: 1, reply: {body: '{"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"{\\"Event\\":\\"s3:TestEvent\\"}"}]}'}}),
			asks('ReceiveMessage', {delayMs: 60000, reply: {body: '{}'}}),
			asks('Delete', {reply: late})]
	JS
	stub "$PWD/rules.mjs"
	QUEUE_URL=$STUB_URL/1/in work -G 0 -w 32 -s 60000 -- sh -c 'echo $$ >>pids; exec s3ev-split -m'
	wait_until test -e asked
	wait_until eval '[ "$(wc -l <pids)" = 32 ]'
	kill "$worker"
	ended
	assert_eq "$status $(cat said)" '0 s3ev-sqs: stopping: what is begun is finished'
}

@test "SIGTERM: the poll ends by itself, what is begun is finished, the rest goes back; twice: all goes back" {
	service
	send 4
	work -b 2 -- bash -c 's3ev-split -m | while read -r line; do until [[ -e go || $line != *k1* ]]; do sleep 0.02; done; echo "$line"; done'
	wait_until state_is '$q.inflight == 2'
	kill "$worker"
	wait_until is_said 'stopping: what is begun is finished'
	touch go
	ended
	assert_eq "$status $(state '[$q.left, ($q.deleted | length), .most, .polls]')" '0 [2,2,2,0]'
	rm go
	work -b 2 -- bash -c "$kill_pipe"
	wait_until state_is '$q.left == 0'
	send 2 hanging
	wait_until state_is '$q.inflight == 2'
	kill "$worker"
	wait_until is_said 'stopping: what is begun is finished'
	kill -INT "$worker"
	ended
	assert_eq "$status $(state '[$q.visible, $q.inflight, ([.changes[][1]] | unique)]')" '0 [2,0,[0]]'
	work --grace 0 -- bash -c "$kill_pipe"
	wait_until state_is '$q.inflight == 2'
	kill "$worker"
	ended
	assert_eq "$status $(state '[$q.visible, $q.inflight]')" '0 [2,0]'
}

@test "a terminal that is closed stops a worker as SIGTERM does, and one below nohup or in the background is let be" {
	service
	send 1 hanging
	work -- bash -c 's3ev-split -m | while read -r line; do case $line in *hanging*) until [ -e go ]; do sleep 0.02; done ;; esac; echo "$line"; done'
	wait_until state_is '$q.inflight == 1'
	kill -HUP "$worker"
	wait_until is_said 'stopping: what is begun is finished'
	touch go
	ended
	assert_eq "$status $(state '[$q.left, ($q.deleted | length)]')" '0 [0,1]'
	rm said
	env --ignore-signal=HUP,INT s3ev-sqs -- s3ev-split -m >>shown 2>>said 3>&- &
	worker=$!
	wait_until grep -q '^SigBlk:.*4...$' "/proc/$worker/status"
	kill -HUP "$worker"
	kill -INT "$worker"
	send 1
	wait_until state_is '$q.left == 0'
	[ "$(grep -c stopping said)" = 0 ]
	kill "$worker"
	ended
	assert_eq "$status" 0
}

@test "a SIGHUP that comes twice, or behind SIGTERM, hurries nobody" {
	service
	for first in HUP TERM; do
		send 1 hanging
		work -- bash -c 's3ev-split -m | while read -r line; do case $line in *hanging*) until [ -e go ]; do sleep 0.02; done ;; esac; echo "$line"; done'
		wait_until state_is '$q.inflight == 1'
		kill "-$first" "$worker"
		wait_until is_said 'stopping: what is begun is finished'
		kill -HUP "$worker"
		wait_until grep -q '^ShdPnd:.*0$' "/proc/$worker/status"
		touch go
		ended
		assert_eq "$status $(state '$q.left') $(grep -c stopping said)" '0 0 1'
		rm said go
	done
}

@test "a queue that does not exist, and other things that cannot begin" {
	service
	status=0
	s3ev-sqs -q "$SQS_URL/1/none" -- s3ev-split -m 2>said || status=$?
	assert_eq "$status $(sed 's/ (request.*//' said)" '69 s3ev-sqs: QueueDoesNotExist: The specified queue does not exist; see s3ev-doctor'
	status=0
	s3ev-sqs -- false 2>said || status=$?
	assert_eq "$status $(cat said)" '78 s3ev-sqs: PipelineEnded: the pipeline ended with status 1'
	run3 s3ev-sqs --drain -q http://127.0.0.1:1/1/q -- s3ev-split -m
	assert_eq "$status${err%%:1:*}" '69s3ev-sqs: CouldNotConnect: 127.0.0.1'
	run3 s3ev-sqs -q nothing -- x
	assert_eq "$status$err" $'64s3ev-sqs: InvalidQueueUrl: "nothing" is not a URL of the form https://HOST/ACCOUNT/NAME\n'
	run3 env -u QUEUE_URL s3ev-sqs -- x
	assert_eq "$status$err" $'64s3ev-sqs: no queue: give --queue, or set QUEUE_URL\n'
	run3 s3ev-sqs -w 0 -- x
	assert_eq "$status$err" $'64s3ev-sqs: not a number of pipelines (1 to 64): 0\n'
	run3 s3ev-sqs
	assert_eq "$status$err" $'64s3ev-sqs: no command: see s3ev-sqs --help\n'
}

@test "a service manager hears of the start, the counts and the end; the pipeline cannot speak to it" {
	service
	cat >listen.py <<-'E'
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		open("bound", "w").close()
		while True:
		    text = s.recv(4096).decode()
		    print(text.replace("\n", "|"), flush=True)
	E
	/usr/bin/python3 listen.py >heard 3>&- &
	servers+=($!)
	wait_until [ -e bound ]
	NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=200000 work -- sh -c 'echo "${NOTIFY_SOCKET-none}" >&2; s3ev-split -m'
	wait_until grep -q 'READY=1|STATUS=waiting' heard
	send 3
	wait_until state_is '$q.left == 0'
	wait_until grep -q WATCHDOG=1 heard
	kill "$worker"
	ended
	wait_until grep -q '^STATUS=3 messages done, 0 given back, 0 held' heard
	grep -q '^STOPPING=1|EXTEND_TIMEOUT_USEC=35000000$' heard
	grep -qx none said
}
