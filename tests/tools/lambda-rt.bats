#!/usr/bin/env bats
# lambda-rt: events of a Lambda service that is played, given to pipelines of all kinds.

load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	events=$tests/data/events
	unset AWS_LAMBDA_FUNCTION_NAME
	export TMPDIR=$BATS_TEST_TMPDIR
}

# Starts the service. Sets LAMBDA_URL.
service() { # [OPTIONS_JSON]
	serve lambda "${1-{\}}" || return
	LAMBDA_URL=http://127.0.0.1:$port
	export AWS_LAMBDA_RUNTIME_API=127.0.0.1:$port
}

# Starts lambda-rt; what it says goes to the files said and logged. Sets rt.
runtime() { # [OPTION...] -- COMMAND...
	lambda-rt "$@" >>logged 2>>said 3>&- &
	rt=$!
	servers+=("$rt")
}

# While it ends, it could still be given an event.
stop_runtime() {
	kill "$rt"
	wait "$rt" || :
}

# Sends a request to the service; prints what it answers.
ask() { # PATH [BODY]
	untraced ask_resident ask "$LAMBDA_URL$1" "${@:2}"
}

invoke() { # EVENT
	ask /invoke "$1"
}

# Prints the body of the answer.
answer() { # EVENT
	invoke "$1" | jq -r .body
}

state_is() { # FILTER
	ask /state | jq -e "$1" >/dev/null
}

put() { # [BUCKET]
	jq -cS --arg bucket "${1-}" 'if $bucket != "" then .Records[].s3.bucket.name = $bucket else . end' "$events/s3-put-v21.json"
}

# An event of a queue: each argument is the body of a message, m1, m2...
messages() { # BODY...
	jq -cn '{Records: [$ARGS.positional | to_entries[] | {messageId: "m\(.key + 1)", body: .value,
		eventSource: "aws:sqs", eventSourceARN: "arn:aws:sqs:us-east-1:1:\($ENV.QUEUE // "in")"}]}' --args -- "$@"
}

# Waits for lambda-rt to end. Sets status.
ended() {
	status=0
	wait "$rt" || status=$?
}

summary='{"records":1,"good":1,"bad":0,"gone":0}'
pipe='s3ev-split -m | jq -c --unbuffered .'

@test "a pipeline stays alive from event to event, and each log line has the request's id" {
	service
	runtime -- sh -c "echo begun >&2; $pipe"
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(invoke '{"a":"b"}' | jq -c '[.kind, .type, (.body | fromjson)]')" \
		'["error","s3ev.EventRefused",{"errorMessage":"not an S3 event: it looks like an object with a","errorType":"EventRefused","stackTrace":[]}]'
	assert_eq "$(invoke '{"a":' | jq -r .type)" s3ev.InvalidJSON
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(sed 's/^RequestId: [0-9a-f-]\{36\}/ID/' said)" "pipeline: begun
ID s3ev-split: document 4: not an S3 event: it looks like an object with a
ID lambda-rt: EventRefused: not an S3 event: it looks like an object with a
ID lambda-rt: InvalidJSON: the text is cut off"
	assert_eq "$(cat logged)" ''
}

@test "a queue hears which of its messages failed, a FIFO queue also what is behind" {
	service
	# What is in the bucket "failing" fails.
	runtime -- sh -c "$pipe | jq -c --unbuffered 'if .bucket == \"failing\" then .failed = {code: \"SlowDown\", message: \"m\", retry: true} else . end'"
	assert_eq "$(answer "$(messages "$(put)" "$(put)")")" '{"batchItemFailures":[]}'
	assert_eq "$(answer "$(messages "$(put)" "$(put failing)" poison "$(put)")")" '{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m3"}]}'
	export QUEUE=in.fifo
	assert_eq "$(answer "$(messages "$(put)" "$(put failing)" "$(put)")")" '{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m3"}]}'
	assert_eq "$(invoke "$(put failing)" | jq -c '[.kind, (.body | fromjson | .errorMessage)]')" \
		'["error","1 of 1 failed: failing/b21b84d653bb07b05b1e6b33684dc11b: SlowDown: m"]'
	assert_eq "$(answer "$(cat "$events/batch-invocation-v2.json")" | jq -c .results)" \
		'[{"taskId":"dGFza2lkZ29lc2hlcmUK","resultCode":"Succeeded","resultString":"good"}]'
}

@test "10,000 messages in one event" {
	service '{"timeout":60000}'
	runtime -- s3ev-split -m
	jq -c --slurpfile e "$events/s3-put-v21.json" -n '{Records: [range(10000) | {messageId: "m\(.)", eventSource: "aws:sqs",
		eventSourceARN: "arn:aws:sqs:us-east-1:1:in", body: (if . == 7777 then "x" else $e[0] | tojson end)}]}' >event
	node -e 'fetch(process.argv[1], {method: "POST", body: fs.readFileSync("event")}).then((r) => r.json()).then((a) => console.log(a.body))' \
		"$LAMBDA_URL/invoke" >got 3>&-
	assert_eq "$(cat got)" '{"batchItemFailures":[{"itemIdentifier":"m7777"}]}'
}

@test "a pipeline that cannot work is an error at the start, with advice" {
	service
	for command in 'echo no config >&2; exit 3' 'kill -9 $$' 'exec ./none' 's3ev-split -m | jq -c .'; do
		runtime -s 1000 -- sh -c "$command"
		ended
		echo "$status $(ask /state | jq -c '.init[-1] | [.type, .body.errorType, .body.errorMessage[:62]]')"
	done >got
	assert_eq "$(cat got)" '78 ["s3ev.PipelineEnded","PipelineEnded","the pipeline ended with status 3: no config"]
78 ["s3ev.PipelineEnded","PipelineEnded","the pipeline ended with signal 9 (Killed)"]
78 ["s3ev.PipelineEnded","PipelineEnded","the pipeline ended with status 127: sh: 1: exec: ./none: not f"]
78 ["s3ev.NoMark","NoMark","a filter of the pipeline holds lines back until its input ends"]'
	runtime -- ./none
	ended
	assert_eq "$status $(ask /state | jq -c '.init[-1].body.errorMessage')" \
		'78 "the pipeline ended with status 127: ./none: cannot be executed: No such file or directory"'
}

@test "a filter that swallows marks is explained" {
	service
	runtime -s 1000 -- sh -c 's3ev-split -m | jq -c --unbuffered "select(.key)"'
	ended
	assert_eq "$status $(ask /state | jq -c '.init[0].body.errorMessage[:70]')" '78 "a filter of the pipeline swallows marks: let it pass lines with a memb"'
}

@test "a pipeline that dies is reported and started anew; what it left is removed" {
	service
	runtime -- sh -c 'mktemp -d "$TMPDIR/spool.XXXXXX" >>spools
		s3ev-split -m | while read -r line; do
			case $line in *victim*) kill -9 0 ;; esac
			echo "$line"
		done'
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(answer "$(messages "$(put)" "$(put victim)" "$(put)")")" '{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m3"}]}'
	assert_eq "$(grep -c 'RequestId: .* lambda-rt: PipelineEnded: the pipeline ended with signal 9 (Killed)$' said)" 1
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(invoke "$(put victim)" | jq -r .type)" s3ev.PipelineEnded
	assert_eq "$(answer "$(put)")" "$summary"
	mapfile -t made <spools
	assert_eq "${#made[@]} $(printf '%s\n' s3ev-rt.*/files/spool.*)" "3 ${made[2]#"$PWD/"}"
}

@test "what a pipeline left is removed, however deep" {
	service
	echo 'chdir($ENV{TMPDIR}) or die; for ($$, ("x" x 100) x 200) { mkdir($_) or die; chdir($_) or die } open(F, ">", "file") or die' >deep
	runtime --each -- sh -c 'perl deep && s3ev-split -m'
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(printf '%s\n' s3ev-rt.*/files/* | wc -l) $(cat said)" '1 '
}

@test "one that dies between two events, or closes its output, is started anew" {
	service
	runtime -- sh -c 'echo $$ >pid; s3ev-split -m | while read -r line; do
		case $line in *victim*) exec >&-; sleep 100 ;; esac
		echo "$line"
	done; cat'
	assert_eq "$(answer "$(put)")" "$summary"
	pipeline=$(<pid)
	kill -9 "$pipeline"
	wait_until [ ! -e "/proc/$pipeline" ] # it has been waited for
	assert_eq "$(answer "$(put)")" "$summary"
	stop_runtime
	runtime -- bash -c 's3ev-split -m | while read -r line; do
		case $line in *victim*) exit ;; esac
		echo "$line"
	done & exec >&-; wait; sleep 100'
	assert_eq "$(invoke "$(put victim)" | jq -r .type)" s3ev.PipelineEnded
	assert_eq "$(answer "$(put)")" "$summary"
}

@test "what is not done before the deadline failed, and the pipeline is replaced" {
	service '{"timeout":6000}'
	runtime -m 4500 -- sh -c 's3ev-split -m | while read -r line; do
		case $line in *victim*) sleep 100 ;; esac
		echo "$line"
	done'
	assert_eq "$(answer "$(messages "$(put)" "$(put victim)" "$(put)")")" '{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m3"}]}'
	assert_eq "$(answer "$(messages "$(put)")")" '{"batchItemFailures":[]}'
	assert_eq "$(sed 's/.* lambda-rt/lambda-rt/' said)" 'lambda-rt: DeadlineExceeded: the pipeline was not done in time'
}

@test "records know the deadline, less the margin, and the trace" {
	service '{"timeout":60000}'
	runtime -v -m 5000 -- s3ev-split -m
	before=$(date +%s%3N)
	assert_eq "$(answer "$(put)")" "$summary"
	after=$(date +%s%3N)
	assert_json ".deadline >= $before + 55000 and .deadline <= $after + 55000 and (.trace | startswith(\"Root=1-5759e988\"))" \
		"$(sed 's/^RequestId: [^ ]* //' logged)"
}

@test "one that floods its stderr is answered for all the same" {
	service
	lambda-rt -- bash -c "yes noise >&2 & $pipe" >logged 2>/dev/null 3>&- &
	servers+=($!)
	invoke "$(put)" >answered &
	servers+=($!)
	wait_until [ -s answered ]
	assert_eq "$(jq -r .body answered)" "$summary"
}

@test "--each runs it anew for each event; marks are not needed, its exit status counts" {
	service
	runtime --each -- sh -c 'echo $$ $_X_AMZN_TRACE_ID >>runs
		s3ev-split | jq -c "if .bucket == \"failing\" then .failed = {code: \"SlowDown\", message: \"m\"} else . end" >out
		cat out
		! grep -q failed out || exit 75
		! grep -q victim out || exit 1'
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(answer "$(messages "$(put)" "$(put failing)")")" '{"batchItemFailures":[{"itemIdentifier":"m2"}]}'
	assert_eq "$(invoke "$(put victim)" | jq -c '[.kind, (.body | fromjson | .errorMessage)]')" '["error","the pipeline ended with status 1"]'
	assert_eq "$(answer "$(put)")" "$summary"
	assert_eq "$(cut -d ' ' -f 1 runs | sort -u | wc -l) $(cut -d = -f 2- runs | sort -u)" \
		"4 1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0
1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
}

@test "what is gone or left out counts as one says" {
	service
	runtime --gone=fail --dropped=done -- sh -c "$pipe | jq -c --unbuffered 'if .bucket == \"out\" then empty
		elif .key then .gone = {code: \"NoSuchKey\", message: \"not there\"} else . end'"
	assert_eq "$(answer "$(messages "$(put)")")" '{"batchItemFailures":[{"itemIdentifier":"m1"}]}'
	assert_eq "$(answer "$(put out)")" '{"records":0,"good":0,"bad":0,"gone":0}'
	stop_runtime
	runtime -- sh -c "$pipe | jq -c --unbuffered 'if .bucket then empty else . end'"
	assert_eq "$(invoke "$(put)" | jq -r .type)" s3ev.RecordsMissing
}

@test "a frozen environment whose connections died answers the next event" {
	service
	runtime -- s3ev-split -m
	assert_eq "$(answer "$(put)")" "$summary"
	for _ in 1 2; do
		wait_until state_is .idle
		kill -STOP "$rt"
		ask /freeze
		kill -CONT "$rt"
		assert_eq "$(answer "$(put)")" "$summary"
	done
	assert_eq "$(cat said)" ''
}

@test "metrics are a line of CloudWatch's, on Lambda or when asked for" {
	service
	AWS_LAMBDA_FUNCTION_NAME=mine runtime -- s3ev-split -m
	assert_eq "$(answer "$(messages "$(put)" x)")" '{"batchItemFailures":[{"itemIdentifier":"m2"}]}'
	assert_eq "$(jq -c '[._aws.CloudWatchMetrics[0].Namespace, ._aws.CloudWatchMetrics[0].Dimensions, .Function, .Records, .Good, .Bad, .Gone, .Failed,
		(._aws.CloudWatchMetrics[0].Metrics | map(.Name + " " + .Unit) | join(", ")), (.DurationMs | type), (._aws.Timestamp > 1700000000000)]' logged)" \
		'["s3ev",[["Function"]],"mine",2,1,0,0,1,"Records Count, Good Count, Bad Count, Gone Count, Failed Count, DurationMs Milliseconds","number",true]'
}

@test "directories that a killed one left are removed, those of a living one stay" {
	service
	mkdir -m 700 s3ev-rt.dead00 && mkdir s3ev-rt.dead00/files && echo x >s3ev-rt.dead00/files/x
	(umask 077 && echo 's3ev removes this directory' >s3ev-rt.dead00/made-by-s3ev)
	runtime -- s3ev-split -m
	wait_until state_is .idle
	[ ! -e s3ev-rt.dead00 ]
	living=$(echo s3ev-rt.*)
	run3 timeout 60 env AWS_LAMBDA_RUNTIME_API=127.0.0.1:1 lambda-rt -- s3ev-split -m
	assert_eq "$status $err" $'69 lambda-rt: CouldNotConnect: 127.0.0.1:1: Couldn\'t connect to server\n'
	assert_eq "$(echo s3ev-rt.*)" "$living"
}

@test "wrong usage is one line and 64; without a Runtime API there is nothing to do" {
	run3 lambda-rt
	assert_eq "$status$err" $'64lambda-rt: no command: see lambda-rt --help\n'
	run3 lambda-rt --gone=maybe -- x
	assert_eq "$status$err" $'64lambda-rt: neither fail nor done: maybe\n'
	run3 lambda-rt -m soon -- x
	assert_eq "$status$err" $'64lambda-rt: not a number of ms (up to 900000): soon\n'
	run3 env -u AWS_LAMBDA_RUNTIME_API lambda-rt -- x
	assert_eq "$status$err" $'78lambda-rt: NoRuntime: AWS_LAMBDA_RUNTIME_API is not set\n'
	run3 lambda-rt --help
	assert_eq "$status${out:0:16}$err" '0lambda-rt: run a'
}
