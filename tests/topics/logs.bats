#!/usr/bin/env bats
# What leaves on stderr and stdout can be seen, and each line is one that a tool meant to write.
#
# Bucket, key, code and message come from others: they hold newlines, escape codes, text that turns its direction, tags
# that nobody sees, bytes that are no UTF-8, and a line from which CloudWatch would make metrics.

load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$PWD spool=$PWD/spool AWS_MAX_ATTEMPTS=1
	unset AWS_LAMBDA_FUNCTION_NAME
	mkdir spool
}

metrics='{"_aws":{"CloudWatchMetrics":[]}}'
# XML has no escape and no other control character of ASCII.
tame=$'k\n'$metrics$'\n\x7f\u009b31m\u0085\u061c\u00ad\u200b\u200e\u2028\u2029\u202e\u2066\u2060\ufeff\U000e0041z'
wild=$tame$'\e[31m\r\t\b\a'

# Fails if one of the files holds what is not seen, or what is not UTF-8.
is_visible() { # FILE...
	perl -MEncode -0777 -ne 'my $t = eval { decode("UTF-8", $_, Encode::FB_CROAK) } // die "not UTF-8: $_\n"; $t =~ s/\n//g;
		$t =~ /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}])/ and die sprintf("U+%04X in %s\n", ord $1, $_)' "$@"
}

# Perl takes longer to start than most tools. So what they said is looked at once, in the end.
teardown() {
	stop_servers
	[ ! -e "$BATS_TEST_TMPDIR/said" ] || is_visible "$BATS_TEST_TMPDIR/said"
}

# Runs a command whose stderr then has so many lines, each of them the tool's own.
speaks() { # LINES BEGINNING COMMAND...
	run3 "${@:3}"
	cat out err >>"$BATS_TEST_TMPDIR/said"
	assert_eq "$(wc -l <err) $(grep -c "^$2" err)" "$1 $1" || { cat err >&2 && return 1; }
	! grep -q '^{"_aws"' out err
}

# A record whose text is escaped, as s3ev-split writes it.
hostile() { # [NAME=VALUE...]
	record bucket=in key="$wild" etag=b1946ac92492d2347c6235b4d2611184 size=6 "$@" | jq -ca .
}

# A server that refuses with words of its own choice.
refusing() { # STATUS
	TEXT=$tame stub "$(jq -n --argjson status "$1" '[{reply: {status: $status, body: "<Error><Code>\($ENV.TEXT)</Code><Message>\($ENV.TEXT)</Message></Error>"}}]')"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

@test "each filter of objects: a hostile key, and a server that refuses in hostile words" {
	for status in 403 404 409; do
		refusing "$status"
		speaks 1 's3fetch: ' s3fetch -v -d spool < <(hostile)
		speaks 1 's3check: ' s3check -v --utf8 < <(hostile)
		speaks 1 's3route: ' s3route -v -p to -b bad < <(hostile)
		speaks 1 's3rm: ' s3rm -v < <(hostile route:='{"to":"processed","bucket":"to\u009b","key":"k\n\u202e","etag":"e"}')
		stop_servers
	done
}

@test "each tool: an option that is none, in hostile words, and where to look" {
	for tool in ddb-list ddb-record lambda-rt s3check s3check-file s3ev-doctor s3ev-env s3ev-listen s3ev-missing s3ev-report s3ev-split s3ev-sqs s3ev-stat \
		s3fetch s3ls s3rm s3route; do
		for option in "--$wild" "--$wild=$wild" "-"$'\e' $'-\u202e' "--version=$wild" --; do
			[ "$option" != -- ] || option=-Z
			speaks 1 "$tool: " "$tool" "$option" </dev/null
			assert_eq "$tool $status" "$tool 64"
			[[ $err == *"; see $tool --help"$'\n' ]]
		done
	done
	for script in try audit redo; do
		speaks 1 "$script: " "$tests/../pipelines/$script" "-$wild" </dev/null
		assert_eq "$script $status" "$script 64"
	done
	speaks 1 'redo: ' "$tests/../pipelines/redo" -n "$wild" </dev/null
	speaks 2 s3 "$tests/../pipelines/backfill" "s3://$wild" </dev/null
}

@test "what is wrong with an option is said, and what was meant" {
	while IFS='|' read -r command wanted; do
		run3 $command </dev/null
		assert_eq "$command: $status $err" "$command: 64 ${command%% *}: $wanted; see ${command%% *} --help"$'\n'
	done <<-'TABLE'
		s3route -q|unknown option -q
		s3route -nq|unknown option -q
		s3route -qn|unknown option -q
		s3route --no-why -qn|unknown option -q
		s3route --foo=bar|unknown option --foo
		s3route --ss|--ss may be --sse or --sse-kms-key-id
		s3route --dry=x|--dry-run takes no argument
		s3route -p|-p needs an argument
		s3route -np|-p needs an argument
		s3route --processed|--processed needs an argument
		s3ev-env --bucket|--bucket needs an argument
		s3check-file --csv --fo|unknown option --fo
		lambda-rt -vm|-m needs an argument
	TABLE
}

@test "a record made by hand leaves as it was meant, but nothing in it is hidden" {
	export AWS_ENDPOINT_URL=http://127.0.0.1:1
	record bucket=in key="$wild" failed:='{"by": "me", "code": "c"}' | jq -c . >line
	is_visible line && return 1
	for filter in 's3fetch -d spool' 's3check --utf8' 's3route -p p -b b' s3rm; do
		run3 $filter <line
		is_visible out
		assert_eq "$status $(jq -r .key <<<"$out")" "75 $wild"
	done
	# A control inside a text is no JSON, whatever else is there.
	printf '{"bucket":"in","key":"a\001b\342\200\256"}\n' >line
	run3 s3rm <line
	assert_eq "$status $out" '65 '
	record bucket=in key='日本 é' failed:='{"by": "me", "code": "c"}' | jq -c . >line
	run3 s3rm <line
	assert_eq "$out" "$(<line)"$'\n'
}

@test "a line that is no record, a mark that is none, an id that names a file" {
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1
	printf '%s\n' '{"bucket":"b","key":"k","size":"'$'\u202e\x7f''"}' '{"bucket":"b","key":"k","id":"'$'\u009b''"}' \
		'{"bucket":"b'$'\u202e''\u001b","key":"k"}' $'\e[2J\xff\u2028' \
		'{"'$'\u202e''":' >lines
	speaks 5 's3fetch: line ' s3fetch -d spool <lines
	speaks 5 's3check: line ' s3check --utf8 <lines
	speaks 5 's3route: line ' s3route -p to -b bad <lines
	speaks 5 's3rm: line ' s3rm <lines
	speaks 5 'ddb-record: line ' ddb-record -t t <lines
}

@test "the ledger: a hostile table, key, and answer" {
	TEXT=$wild stub "$(jq -n '[{reply: {status: 400, body: ({__type: ("x#" + $ENV.TEXT), message: $ENV.TEXT} | tojson)}}]')"
	export AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
	speaks 1 'ddb-record: ' ddb-record -v -t "$wild" < <(hostile)
	speaks 1 'ddb-record: ' ddb-record -C -t "$wild" </dev/null
}

@test "a processor: what it says becomes a reason or an error, never a line of ours" {
	printf '%s' hello >file
	printf '#!/bin/sh\nprintf "%%s\\n\\377" "$WILD" >&2; printf "%%s" "$WILD" >&3; exit "$CODE"\n' >mine
	chmod +x mine
	# One line says what is wrong with its note, the last what became of the object.
	# If the processor failed, what it wrote to stderr comes between, line by line.
	for code in 0:2 1:2 3:2 75:6; do
		CODE=${code%:*} WILD=$wild speaks "${code#*:}" 's3check: ' s3check -v --env CODE --env WILD -x ./mine < <(hostile fetch:="$(jq -cn '{path: "\($ENV.PWD)/file", bytes: 5}')")
	done
	printf '#!/bin/sh\nprintf "%%s\\n" "$WILD" >&2; read -r l; printf "%%s\\n" "$WILD"; cat >/dev/null\n' >worker
	chmod +x worker
	WILD=$wild speaks 4 's3check: ' s3check -v --env WILD -X ./worker < <(hostile fetch:="$(jq -cn '{path: "\($ENV.PWD)/file", bytes: 5}')")
	WILD=$wild speaks 4 's3check: ' s3check -v -x "./none$wild" < <(hostile fetch:="$(jq -cn '{path: "\($ENV.PWD)/file", bytes: 5}')")
}

@test "s3ev-split: hostile events, names and lists" {
	event() { # NAME KEY
		jq -cn --arg name "$1" --arg key "$2" '{Records: [{eventVersion: "2.1", eventSource: "aws:s3", eventName: $name, awsRegion: "us-east-1",
			eventTime: "2026-11-23T05:54:00.123Z", s3: {bucket: {name: "in"}, object: {key: ($key | @uri), size: 1, eTag: "e", sequencer: "1"}}}]}'
	}
	speaks 1 's3ev-split: left out: ' s3ev-split -v < <(event "$wild" k)
	speaks 0 '' s3ev-split < <(event ObjectCreated:Put "$wild")
	assert_eq "$(jq -r .key <<<"$out")" "$wild"
	speaks 1 's3ev-split: ' s3ev-split -v < <(jq -cn --arg t "$wild" '{($t): $t}')
	speaks 3 's3ev-split: document ' s3ev-split -v <<<"{\"$tame"
	speaks 2 's3ev-split: ' s3ev-split -v -l < <(printf '%s\n' $'http\e://x' $'s3://b\u202e\xff/k')
}

@test "s3check-file and s3ev-env: hostile data, names and settings" {
	printf '%s' "{\"$wild" >"x$wild"
	speaks 1 '' s3check-file --json "x$wild"
	speaks 1 '' s3check-file --json "none$wild"
	speaks 1 's3check-file: ' s3check-file --max-size="$wild"
	printf '[default]\n\e[31m%s = x\nregion = us-east-1\n' $'\u202e' >config
	run3 env AWS_CONFIG_FILE=config AWS_PROFILE="$tame" AWS_EC2_METADATA_DISABLED=true s3ev-env -b $'b\u202e'
	is_visible out err
	assert_eq "$(grep -vc '^s3ev-env: ' err)" 0
	run3 s3ev-env "$wild"
	assert_eq "$(wc -l <err) $status" '1 64'
	is_visible err
}

@test "lambda-rt: records, errors, the pipeline's own words, before the first event too" {
	serve_alone "$PWD/port" "$tests/servers/lambda" "$PWD/port" '{}'
	url=http://127.0.0.1:$port
	printf '%s' "$wild" >wild
	printf '#!/bin/bash\necho %q >&2; cat wild - >&2 <<<"" ; exec s3ev-split -m\n' "$metrics" >pipeline
	chmod +x pipeline
	AWS_LAMBDA_RUNTIME_API=127.0.0.1:$port lambda-rt -v -M yes -- ./pipeline >out 2>err 3>&- &
	servers+=($!)
	jq -cn --arg key "$wild" '{Records: [{messageId: "m1", receiptHandle: "SECRET", eventSource: "aws:sqs", eventSourceARN: "arn:aws:sqs:us-east-1:1:in", body: ({
		Records: [{eventVersion: "2.1", eventSource: "aws:s3", eventName: "ObjectCreated:Put", awsRegion: "us-east-1",
		s3: {bucket: {name: "in"}, object: {key: ($key | @uri), size: 1, eTag: "e", sequencer: "1"}}}]} | tojson)}]}' >event
	jq -cn --arg t "$wild" '{($t): $t}' >refused
	printf '{"\e[31m' >broken
	for event in event refused broken; do
		curl -sf --noproxy '*' --data-binary "@$event" "$url/invoke" >"answer-$event"
	done
	wait_until eval '[ "$(grep -c _aws out)" -ge 3 ]'
	is_visible out err
	# Ours are the three lines of metrics; all others begin with words of ours.
	assert_eq "$(grep -c '^{"_aws"' out) $(grep -vcE '^(\{"_aws"|RequestId: [0-9a-f-]{36} )' out) $(grep -vcE '^(RequestId: [0-9a-f-]{36} |pipeline: |lambda-rt: )' err)" '3 0 0'
	assert_eq "$(jq -rn --arg t "$(sed -n 's/^RequestId: [^ ]* {/{/p' out)" '$t | fromjson | .key')" "$wild"
	! grep -q SECRET out err
}

@test "a receipt handle and the path of a file stay in the pipe" {
	printf '%s' hello >file
	printf '#!/bin/sh\nprintf "%%s\\n" "$S3EV_RECORD" >"%s"\n' "$PWD/seen" >mine
	chmod +x mine
	run3 s3check --allow-write "$PWD" -x ./mine < <(record bucket=b key=k size=5 x=y from:='{"receipt":"SECRET","sqs":"m"}' \
		fetch:="$(jq -cn '{path: "\($ENV.PWD)/file", bytes: 5}')")
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -c '[.from, .fetch, .x]' seen)" '[{"sqs":"m"},{"bytes":5},"y"]'
}

@test "no source writes to stderr or stdout by another way" {
	# A child says before exec why it cannot be executed; its stderr is ours to read.
	assert_eq "$(cd "$tests/.." && grep -rlE '\b(fprintf|vfprintf|dprintf|fputs|puts|fputc|putc|putchar|printf|perror|fwrite) ?\(|STDERR_FILENO' \
		cmd lib pipelines --include='*.c' | sort | tr '\n' ' ')" \
		'cmd/s3ev-doctor.c cmd/s3ev-env.c lib/doctor/doctor_round.c lib/filter/filter.c lib/filter/help.c lib/filter/say.c lib/filter/show.c lib/io/spawn.c pipelines/lambda/s3ev.c '
	assert_eq "$(grep -rnE '\bstderr *[,)]' "$tests"/../{cmd,lib,pipelines} --include='*.c')" ''
}
