#!/usr/bin/env bats
# Every example of the pages: each is run as it stands, in a place where what it
# names is there, or stands on a list with the reason why it is not.
#
# An example is named by the page and by words that only it has, so one that is
# changed or gone fails here, and the last test finds those that have no place.

load ../lib/helper

setup_file() {
	local page
	export EXAMPLES=$BATS_FILE_TMPDIR/examples ROOT
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$ROOT" || return
	for page in ./*.md lib/*.md tests/*.md tests/servers/*.md pipelines/*/*.md pipelines/service/*@* cmd/*.1 man/*.[17]; do
		page=${page#./}
		mkdir -p "$EXAMPLES/$page"
		awk -v dir="$EXAMPLES/$page" -f tests/lib/examples.awk "$page"
	done
}

# A directory as whoever reads the page has it: the tree, and what is installed.
setup() {
	local tool name
	bin=$BATS_TEST_TMPDIR/usr/bin
	mkdir -p "$bin" "$BATS_TEST_TMPDIR/usr/share/s3ev" "$BATS_TEST_TMPDIR/tmp" "$BATS_TEST_TMPDIR/tree/pipelines"
	for tool in "$ROOT"/cmd/*.c; do
		tool=${tool##*/}
		ln -s "$(type -P "${tool%.c}")" "$bin"
	done
	for name in audit backfill process redo try; do
		ln -s "$ROOT/pipelines/$name" "$bin/s3ev-$name"
	done
	ln -s "$ROOT"/pipelines/{shims,python,node} "$BATS_TEST_TMPDIR/usr/share/s3ev"
	cd "$BATS_TEST_TMPDIR/tree" || return
	ln -s "$ROOT"/pipelines/* pipelines
	ln -s "$ROOT"/{cmd,man,tests,README.md} .
	ln -s "$(dirname "$(type -P s3check)")" build
	unset BUILD
	TMPDIR=$BATS_TEST_TMPDIR/tmp
	PATH=$bin:${PATH#*:}
	export TMPDIR
	touch "$BATS_FILE_TMPDIR/ran-$BATS_TEST_NUMBER"
}

# Debian's aws does not know the variables for endpoints.
with_aws() {
	local aws
	aws=$(type -P aws) || { echo 'aws is not installed: apt-get install awscli' >&2; return 1; }
	export AWS_DEFAULT_OUTPUT=json AWS_ENDPOINT_URL_SQS=${SQS_URL-} AWS_ENDPOINT_URL_SNS=$AWS_ENDPOINT_URL_S3
	cat >"$bin/aws" <<-END
		#!/bin/bash
		case \$1 in
		s3 | s3api) url=\$AWS_ENDPOINT_URL_S3 ;;
		dynamodb) url=\$AWS_ENDPOINT_URL_DYNAMODB ;;
		sqs) url=\$AWS_ENDPOINT_URL_SQS ;;
		sns) url=\$AWS_ENDPOINT_URL_SNS ;;
		esac
		exec $aws \${url:+--endpoint-url "\$url"} "\$@"
	END
	chmod +x "$bin/aws"
}

# Makes buckets and a table with these names, with nothing in them, uploads four
# files, and writes what S3 announces of them. Sets the variables of the pipeline.
places() { # INCOMING PROCESSED BAD_DATA TABLE
	local bucket file key event
	for bucket in "${@:1:3}"; do
		s3c mb "$bucket"
		s3c empty "$bucket"
	done
	ddbc DeleteTable <<<"{\"TableName\":\"$4\"}" >/dev/null 2>&1 || :
	wait_until no_table "$4"
	make_ledger "$4"
	printf 'a,b\n1,2\n' >a.csv
	printf 'a,b\n1\n' >b.csv
	printf '{"order":1,"items":[]}\n' >c.json
	for file in a.csv b.csv c.json; do
		key=in/$file
		[ $file != b.csv ] || key='in/a b.csv'
		s3c put "$1" "$key" $file >/dev/null
		event=$(md5sum $file)
		printf '{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-23T05:54:00.123Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"%s"},"object":{"key":"%s","size":%d,"eTag":"%s","sequencer":"006B03D4F8D9%04d"}}}\n' \
			"$1" "${key// /+}" "$(stat -c %s $file)" "${event%% *}" $RANDOM
	done | jq -sc '{Records: .}' >event.json
	cp event.json events.json
	cp event.json events
	cp "$ROOT/pipelines/processor" processor
	export PROCESSED_BUCKET=$2 BAD_DATA_BUCKET=$3 RECORD_TABLE=$4 PROCESSOR=./processor AWS_MAX_ATTEMPTS=2
}

no_table() { # TABLE
	! ddbc DescribeTable <<<"{\"TableName\":\"$1\"}" >/dev/null 2>&1
}

# The objects of a bucket.
keys() { # BUCKET
	s3c ls "$1" | jq -r '.[].key' | LC_ALL=C sort | paste -sd ' '
}

# The items of a table: key, outcome.
items() { # TABLE
	ddbc Scan <<<"{\"TableName\":\"$1\"}" | jq -r '.Items[] | [.key.S, .outcome.S] | join("=")' | LC_ALL=C sort | paste -sd '|'
}

# What becomes of the four files.
processed='in/a.csv in/c.json'
bad_data='in/a b.csv in/a b.csv.why.json'
recorded='in/a b.csv=bad|in/a.csv=good|in/c.json=good'

# Finds the one example of a page that has these words, and sets block, its file.
block() { # PAGE WORDS
	local found
	mapfile -t found < <(grep -lF -- "$2" "$EXAMPLES/$1"/* || :)
	[ ${#found[@]} -eq 1 ] || { echo "$1: ${#found[@]} examples have these words, not one: $2" >&2; return 1; }
	block=${found[0]}
	echo "${block#"$EXAMPLES/"}" >>"$BATS_FILE_TMPDIR/placed"
}

# Runs an example as it stands, or as a filter changes it, and wants it to end with
# a status and to say nothing on stderr, or just that. Sets out.
runs() { # [-s STATUS] [-w STDERR] [-e SED] PAGE WORDS
	local want=0 said='' filter=''
	while [[ $1 == -? ]]; do
		case $1 in
		-s) want=$2 ;;
		-w) said=$2 ;;
		-e) filter=$2 ;;
		esac
		shift 2
	done
	block "$1" "$2"
	sed "$filter" "$block" >commands
	[ -z "$filter" ] || ! cmp -s "$block" commands || { echo "$1: nothing to change in: $2" >&2; return 1; }
	run3 timeout 60 bash -eu commands
	assert_eq "$status ${err%$'\n'}" "$want $said"
}

# Figures, times and identifiers, which differ from run to run.
masked() {
	sed -E 's/ +[0-9]+ ms / N ms /; s/[0-9a-f]{32}/ID/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g'
}

# What pipelines/try has said: outcome, name, why.
judged() {
	sed -E 's/^([a-z]+) .* ms  /\1  /' <<<"${out%$'\n'}"
}

# Runs each command behind a prompt, and compares what the page shows of it.
shows() { # PAGE WORDS
	local n=0
	block "$1" "$2"
	awk '/^\$ / { n++; sub(/^\$ /, ""); print >("command." n); next } { print >("wanted." n) }' "$block"
	while [ -e command.$((++n)) ]; do
		run3 timeout 60 bash command.$n
		[ ! -e wanted.$n ] || assert_eq "$(masked <<<"${out%$'\n'}")" "$(masked <wanted.$n)"
		assert_eq "$err" ''
	done
	[ $n -gt 1 ]
}

# Code that belongs to a sentence: the tool knows the options.
@test "words with options that stand in a sentence" {
	while IFS='|' read -r page words; do
		block "$page" "$words"
		read -ra command <"$block"
		run3 "${command[@]}" --help
		assert_eq "$words: $status$err" "$words: 0"
	done <<-'END'
		SECURITY.md|s3check --sandbox=required
		SECURITY.md|s3check --version
		pipelines/lambda/FROM-PYTHON.md|s3rm -r
		pipelines/lambda/FROM-PYTHON.md|ddb-record --failed
	END
}

# README.md

@test "README: the pipeline at its head" {
	places acme-incoming acme-processed acme-bad-data acme-ledger
	runs README.md 's3ev-split | s3fetch | s3check' <event.json
	assert_eq "$(jq -c 'has("failed")' <<<"$out" | uniq)" false
	assert_eq "$(keys acme-processed)/$(keys acme-bad-data)/$(items acme-ledger)" "$processed/$bad_data/$recorded"
}

# make has the tools built and passes its variables on; make -n says how.
makes() { # PAGE WORDS
	block "$1" "$2"
	grep '^make demo' "$block" >commands
	run3 env -u MAKELEVEL -u MAKEFLAGS bash -euc "make() { command make -C '$ROOT' -n \"\$@\" | grep 'tests/bin/demo' >demo; }; $(<commands)"
	sed -i "s,$ROOT/,$PWD/,g; s,tests/bin/demo,'$ROOT/tests/bin/demo'," demo
	run3 env BUILD="$(readlink -f build)" timeout 100 bash -eu demo
	assert_eq "$status $err" '0 '
}

@test "README: make demo with what is yours" {
	printf 'a,b\n1,2\n' >a.csv
	printf 'x\n' >b.csv
	cat >processor.py <<-'END'
		from s3ev_processor import BadData
		def process(file, record):
		    if b"a" not in file.read():
		        raise BadData("no a")
	END
	makes README.md 'make demo PROCESSOR=./processor.py'
	assert_eq "$(grep -E '^(good|bad|2 files)' <<<"$out" | tr -s ' ' | sed 's/already there.*; //' | LC_ALL=C sort | uniq -c | sed 's/^ *//')" '1 2 files: 1 processed, 1 bad, none lost, none twice.
2 bad bad-data/b.csv no a
2 good processed/a.csv 8 bytes'
}

@test "README: try your files" {
	printf 'a,b\n1,2\n' >a.csv
	printf 'a,b\n1\n' >b.csv
	shows README.md 'pipelines/try pipelines/processor'
}

@test "README: a complete processor" {
	block README.md 'no order number'
	cp "$block" processor
	chmod +x processor
	printf '{"order":1}\n' >good
	printf '{"order":"1"}\n' >bad
	printf '{' >broken
	run3 pipelines/try processor good bad broken
	assert_eq "$status $(judged)" $'1 good  good\nbad  bad: no order number\nbad  broken: parse error: Unfinished JSON term at EOF at line 1, column 1'
}

@test "README: running it, and what its comments say" {
	service
	places acme-incoming acme-processed acme-bad-data acme-ledger
	s3c versioning acme-incoming on
	cp event.json first
	runs README.md 'build/s3ev-doctor -q'
	assert_eq "$(keys acme-processed)/$(keys acme-bad-data)/$(items acme-ledger)" "$processed/$bad_data/$recorded"
	assert_eq "$(<missing)" ''
	# What is missing is done, as the comment behind says.
	s3c put acme-incoming late.json <<<'{}' >/dev/null
	run3 bash -c "$(sed -n 's/.*>missing .*? \(.*<missing\) does.*/pipelines\/audit s3:\/\/acme-incoming\/ >missing; \1/p' "$block")"
	assert_eq "$status$err $(items acme-ledger)" "0 $recorded|late.json=good"
	run3 bash -c "$(sed -n 's,^\(build/ddb-list.*| pipelines/\).*; \(redo -n\) shows.*,\1\2,p' "$block")"
	assert_eq "$status$err$out" 0
	# All day.
	send event.json
	keeps_running "$(sed -n 's/.*# or all day: //p' "$block")" 'is_empty in'
}

@test "README: make demo prints what the page shows" {
	block README.md '# see the whole job on local servers'
	[ "$(awk '{ print $1, $2 }' "$block" | paste -sd ';')" = 'make demo;make check' ]
	run3 env BUILD="$(readlink -f build)" "$ROOT/tests/bin/demo"
	assert_eq "$status$err" 0
	block README.md 'Its events through pipelines/process:'
	awk -v file="$BATS_TEST_TMPDIR/out" '
		BEGIN { while ((getline line <file) > 0) { gsub(/\033\[[01]*m/, "", line); printed[++n] = line } }
		$0 == "..." { next }
		{ while (++at <= n && printed[at] != $0) ; if (at > n) { print "not printed, or not in this order: " $0; exit bad = 1 } }' "$block"
}

# A queue that is played, in which a second of a poll is 20 ms. Sets QUEUE_URL.
service() {
	serve memory-sqs '{"second":20,"receives":5}'
	export SQS_URL=http://127.0.0.1:$port QUEUE_URL=http://127.0.0.1:$port/000000000000/in AWS_ENDPOINT_URL_SQS=http://127.0.0.1:$port
}

send() { # FILE
	untraced ask_resident ask "$SQS_URL/send" "$(jq -c '{queue: "in", messages: [{body: tojson}]}' "$1")" >/dev/null
}

is_empty() { # QUEUE
	untraced ask_resident ask "$SQS_URL/state" | jq -e --arg q "$1" '.queues[$q] | .visible + .inflight == 0 and (.deleted | length > 0)' >/dev/null
}

# Runs what does not end by itself until a condition is true; a signal ends it well.
keeps_running() { # COMMANDS CONDITION
	setpriv --pdeathsig KILL -- bash -euc "$(sed '$s/^/exec /' <<<"$1")" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- </dev/null &
	wait_until eval "$2"
	status=0
	kill $! && wait $! || status=$?
	assert_eq "$status $(grep -v 'stopping: what is begun is finished$' "$BATS_TEST_TMPDIR/err")" '0 '
}

# The tools' pages

@test "s3check(1), s3check-file(1), s3ev-split(1), s3fetch(1), s3ls(1)" {
	local page=cmd/s3check.1
	places incoming processed bad-data files
	runs $page "--name '*.csv' --max-size"
	assert_eq "$(jq -r .bad.code <<<"$out" | sort | paste -sd ' ')" 'FieldCount FieldCount WrongName'
	runs $page "--delimiter ';'"
	runs $page '--ndjson'
	runs $page 's3check -j 4'
	runs $page 'select(.bad)'
	assert_eq "$out" $'in/a b.csv\tline 2: 1 fields, the first line has 2\n'

	page=cmd/s3check-file.1
	block $page 'exec s3check-file --json'
	cp "$block" chosen
	chmod +x chosen
	run3 pipelines/try chosen a.csv c.json
	assert_eq "$(judged)" $'bad  a.csv: not expected here\ngood  c.json'
	for n in a b; do mv $n.csv $n.old; done
	echo 1,2,3,4,5,6,7,8,9,10,11,12 >a.csv
	runs $page '--csv=12 *.csv'

	page=cmd/s3ev-split.1
	block $page '{"invocation"'
	run3 s3ev-split -m <"$block"
	assert_eq "$status$err $(jq -r .mark <<<"$out")" '0 8476'
	runs $page '-e ObjectCreated:Copy'
	assert_eq "$(jq -r .key <<<"$out" | paste -sd ' ')" 'in/a.csv in/a b.csv in/c.json'
	runs $page "jq -r 'select(.key) | .key'"
	assert_eq "$out" $'in/a.csv\nin/a b.csv\nin/c.json\n'
	jq -c '{message: {attributes: {eventType: "OBJECT_FINALIZE", bucketId: "incoming"}, data: ({name: "in/a.csv", bucket: "incoming", size: "8",
		timeCreated: "2026-11-23T05:54:00.123Z"} | @base64)}}' <<<null >push.json
	runs $page OBJECT_FINALIZE
	assert_eq "$(jq -r '.fetch.bytes' <<<"$out")" 8

	page=cmd/s3fetch.1
	printf 'PK' | s3c put incoming in/a.zip >/dev/null
	runs $page 'unzip -tqq'
	assert_eq "$(jq -r .bad.reason <<<"$out" | uniq)" 'not a ZIP archive that is whole'
	runs $page '.fetch.path'
	assert_eq "$(xargs -d '\n' cat <<<"${out%$'\n'}" | cmp - <(cat a.old b.old c.json))" ''

	page=cmd/s3ls.1
	for key in 2025/x.json 2025/y.json; do s3c put incoming $key <<<'{}' >/dev/null; done
	runs $page 's3://incoming/2025/'
	assert_eq "$(items files)" '2025/x.json=good|2025/y.json=good'
	runs $page '.class // "STANDARD"'
	assert_eq "$(jq -r 'keys[]' <<<"$out")" STANDARD
	# The mark in the page is one that s3ls goes on with.
	block $page '"mark":"in/7.csv"'
	sed 's,s3://b/,s3://incoming/,' "$block" >mark
	s3c put incoming in/8.csv <<<x >/dev/null
	run3 s3ls --resume mark s3://incoming/in/
	assert_eq "$status$err $(jq -r .key <<<"$out" | LC_ALL=C sort | paste -sd ' ')" '0 in/8.csv in/a b.csv in/a.csv in/a.zip in/c.json'
}

@test "s3route(1), s3rm(1), ddb-record(1), ddb-list(1), s3ev-missing(1)" {
	local page=cmd/s3route.1
	with_aws
	places incoming processed bad-data files
	runs $page '{yyyy}/{mm}/{dd}/{stem}'
	[[ $(keys processed) =~ ^2026/11/23/'a b-'[0-9a-f]+.csv\ 2026/11/23/a-[0-9a-f]+.csv\ 2026/11/23/c-[0-9a-f]+.json\ "$processed"$ ]]
	assert_eq "$(keys bad-data)" "$bad_data"
	places incoming processed bad-data files
	printf '[profile lab]\nregion = us-east-1\n' >config
	printf '[lab]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >credentials
	export AWS_CONFIG_FILE=$PWD/config AWS_SHARED_CREDENTIALS_FILE=$PWD/credentials
	runs -e "s,https://lab.example,$AWS_ENDPOINT_URL_S3," $page --target-profile
	assert_eq "$(keys processed)/$(keys bad-data)/$(items files)" "$processed/$bad_data/$recorded"

	page=cmd/s3rm.1
	places incoming processed bad-data files
	runs $page 's3rm -r'
	assert_eq "$(keys incoming)/$(keys processed)/$(items files)" "/$processed/$recorded"
	places incoming processed bad-data files
	runs $page 'select(.mark or .failed or (.bad | not))'
	assert_eq "$(keys incoming)/$(keys processed)/$(keys bad-data)" "in/a b.csv/$processed/"

	page=cmd/ddb-record.1
	ddbc DeleteTable <<<'{"TableName":"files"}' >/dev/null
	wait_until no_table files
	block $page 'aws dynamodb create-table'
	# dynalite knows nothing of expiry: what is sent is looked at.
	stub "[{\"match\": {\"header\": {\"x-amz-target\": \"UpdateTimeToLive\"}}, \"reply\": {\"body\": \"{}\"}}, {\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL runs $page 'aws dynamodb create-table'
	wait_until table_is_active files
	places incoming processed bad-data elsewhere
	unset RECORD_TABLE
	runs $page '-t files --create'
	assert_eq "$(items files)" "$recorded"
	runs $page '--no-scan-index-forward'
	assert_eq "$(jq -r '.Items[] | [.outcome.S, .reason.S] | join(": ")' <<<"$out")" 'bad: line 2: 1 fields, the first line has 2'

	page=cmd/ddb-list.1
	places incoming processed bad-data files
	pipelines/process <event.json >log
	cp "$ROOT/pipelines/processor" first
	printf '#!/bin/sh\nexec s3check-file --utf8\n' >processor
	runs $page --since
	assert_eq "$(jq -c '[.redo.changed, .outcome]' <<<"$out")" $'[true,null]\n[null,"good"]'
	assert_eq "$(jq -r 'select(.key) | .key' all | sort | uniq -c | xargs)" '1 in/a b.csv 1 in/a.csv 1 in/c.json'

	page=cmd/s3ev-missing.1
	cp first processor
	places incoming processed bad-data files
	pipelines/process <event.json >log
	s3c rm processed in/a.csv
	runs $page 's3ev-missing --places'
	assert_eq "$(jq -r .key <<<"$out") $(keys processed)/$(keys bad-data)/$(items files)" "in/a.csv $processed/$bad_data/$recorded"
}

@test "s3ev-doctor(1), s3ev-env(1)" {
	places acme-incoming acme-processed acme-bad-data acme-ledger
	stub "[{\"match\": {\"method\": \"PUT\", \"path\": \"^/acme-processed/\"},
		\"reply\": {\"status\": 403, \"body\": \"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>\"}},
		{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	printf '%s=%s\n' PROCESSED_BUCKET acme-processed BAD_DATA_BUCKET acme-bad-data RECORD_TABLE acme-ledger PROCESSOR ./processor \
		AWS_ENDPOINT_URL_S3 "$STUB_URL" >prod.env
	unset PROCESSED_BUCKET BAD_DATA_BUCKET RECORD_TABLE
	runs -s 78 cmd/s3ev-doctor.1 '. ./prod.env'
	block cmd/s3ev-doctor.1 'bad   processed.put'
	assert_eq "$(grep '^bad' <<<"$out" | sed -E 's/(AccessDenied: ).*;/\1...;/; s/( on ).*/\1.../; s/put +/put   /')" "$(<"$block")"
	set -a && . ./prod.env && set +a
	runs cmd/s3ev-doctor.1 's3ev-doctor -j'
	[[ $out == 'allow s3:PutObject on '* ]]

	cat >rules.json <<-'END'
		[{"reply": {"body": "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>ASIA0000000000004LIi</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-11-23T15:04:19Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"}, "times": 1},
		{"reply": {"body": "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/worker/s3ev-1795446259</Arn><UserId>u</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"}}]
	END
	stub rules.json
	printf '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/worker\nsource_profile = keys\n' >config
	printf '[keys]\naws_access_key_id = AKIA\naws_secret_access_key = s\n' >credentials
	export AWS_ENDPOINT_URL_STS=$STUB_URL AWS_CONFIG_FILE=$PWD/config AWS_SHARED_CREDENTIALS_FILE=$PWD/credentials
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	shows cmd/s3ev-env.1 's3ev-env --check'
}

@test "s3ev-report(1), s3ev-stat(1)" {
	places acme-incoming acme-processed acme-bad-data acme-ledger
	pipelines/process <event.json >results
	runs cmd/s3ev-report.1 night.html
	grep -q 'line 2: 1 fields' night.html
	runs cmd/s3ev-report.1 run.html
	grep -q 'line 2: 1 fields' run.html
	mkdir run node_exporter
	runs -e "s,/run/s3ev/,run/,; s,/var/lib/,," cmd/s3ev-stat.1 'mkfifo /run/s3ev/stats'
	grep -q '^s3ev_records_total{outcome="good"} 3$' node_exporter/s3ev.prom
	grep -q '^s3ev_requests_total{filter="s3route"}' node_exporter/s3ev.prom
}

@test "s3ev-sqs(1), and messages that aws receives: s3ev-split(1), dead letters" {
	service
	with_aws
	places incoming processed bad ledger
	export PROCESSOR=$PWD/processor
	block cmd/s3ev-sqs.1 '-w 4'
	send event.json
	keeps_running "$(<"$block")" 'is_empty in'
	assert_eq "$(keys processed)/$(items ledger)" "$processed/$recorded"
	places incoming processed bad ledger
	export PROCESSOR=$PWD/processor
	send event.json
	runs cmd/s3ev-sqs.1 --drain
	is_empty in
	assert_eq "$(items ledger)" "$recorded"
	# Old ones of aws speak another protocol than memory-sqs.
	cat >rules.mjs <<-'END'
		import {readFileSync} from 'node:fs'
		const body = JSON.stringify(JSON.parse(readFileSync(new URL('event.json', import.meta.url))))
		const escaped = body.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
		export default [{reply: ({headers}) => headers['x-amz-target'] ? {body: JSON.stringify({Messages: [{MessageId: 'm', ReceiptHandle: 'h', Body: body}]})} :
			{body: `<ReceiveMessageResponse><ReceiveMessageResult><Message><MessageId>m</MessageId><ReceiptHandle>h</ReceiptHandle><Body>${escaped}</Body></Message></ReceiveMessageResult></ReceiveMessageResponse>`}}]
	END
	stub "$PWD/rules.mjs"
	export AWS_ENDPOINT_URL_SQS=$STUB_URL DEAD_LETTERS_URL=$STUB_URL/1/dead QUEUE_URL=$STUB_URL/1/in
	runs -w 's3ev-split: any bucket is taken: neither --bucket nor SOURCE_BUCKETS says which' cmd/s3ev-split.1 'aws sqs receive-message'
	assert_eq "$(jq -r '[.from.sqs, .key] | @tsv' <<<"$out")" $'m\tin/a.csv\nm\tin/a b.csv\nm\tin/c.json'
	places incoming processed bad ledger
	runs pipelines/lambda/README.md '"$DEAD_LETTERS_URL"'
	assert_eq "$(items ledger)" "$recorded"
}

# Starts an example; what it says goes to the file said, with the port in it.
listens() { # COMMANDS
	: >said
	setpriv --pdeathsig KILL -- bash -euc "$(sed '$s/^/exec /' <<<"$1")" >logged 2>said 3>&- </dev/null &
	servers+=($!)
	wait_until grep -q listening said
	port=$(sed -n 's/.*listening on http.*:\([0-9]*\).*/\1/p' said)
}

@test "s3ev-listen(1)" {
	local page=cmd/s3ev-listen.1
	with_aws
	places incoming processed bad-data ledger
	block $page 'export SOURCE_BUCKETS=incoming'
	listens "$(sed "s,/var/lib,$PWD,; s, -- , -l 127.0.0.1:0&," "$block")"
	assert_eq "$(untraced ask_resident ask "http://127.0.0.1:$port/4kX0pQ" "$(<event.json)")" '{"status":"done"}'
	assert_eq "$(items ledger)" "$recorded"
	runs $page 'aws sns create-topic'
	assert_eq "$(jq -r .TopicArn <<<"$out")" 'arn:aws:sns:default::s3ev'
	echo s3cret >token
	block $page MINIO_NOTIFY_WEBHOOK
	# shellcheck source=/dev/null
	(. "$block" && [ "$MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_S3EV" = s3cret ])
	stop_servers
	places incoming processed bad-data ledger
	cp event.json s3ev/20261129T134215.123456Z.json
	cp event.json s3ev/refused/20261129T134215.123456Z.json
	runs -e "s,/var/lib,$PWD," $page '/refused/*.json'
	assert_eq "$(jq -c 'has("route")' <<<"$out" | uniq -c | xargs) $(items ledger)" "3 false 3 true $recorded"
}

@test "lambda-rt(1): bootstraps" {
	places incoming processed bad-data files
	while IFS='|' read -r words answer; do
		block cmd/lambda-rt.1 "$words"
		serve lambda
		LAMBDA_TASK_ROOT=$PWD AWS_LAMBDA_RUNTIME_API=127.0.0.1:$port setpriv --pdeathsig KILL -- sh "$block" >said 2>&1 3>&- </dev/null &
		servers+=($!)
		assert_eq "$(untraced ask_resident ask "http://127.0.0.1:$port/invoke" "$(<event.json)")" '{"kind":"response","body":"'"${answer//\"/\\\"}"'"}'
		stop_servers
	done <<-'END'
		"$LAMBDA_TASK_ROOT/pipelines/process" -m|{"records":3,"good":2,"bad":1,"gone":0}
		--dropped=done|{"records":2,"good":1,"bad":1,"gone":0}
	END
}

# The pipelines' pages

@test "s3ev-process(1), s3ev-audit(1), s3ev-backfill(1), s3ev-redo(1), s3ev-try(1)" {
	places acme-incoming acme-processed acme-bad-data acme-ledger
	runs man/s3ev-process.1 "CHECKS='--utf8 --csv=12'"
	assert_eq "$(jq -r .bad.code <<<"$out" | sort -u | paste -sd ' ')" 'BareQuote FieldCount'
	places incoming processed bad-data files
	runs man/s3ev-audit.1 's3ev-audit s3://incoming/ >missing'
	assert_eq "$(items files)" "$recorded"
	for key in 2025/x.csv 2025/y.json; do s3c put incoming $key <a.csv >/dev/null; done
	runs man/s3ev-backfill.1 's3ev-backfill --progress'
	assert_eq "$(jq -r 'select(.key) | .key' results)" 2025/x.csv
	# The processor was mended: rows may have one field.
	printf '#!/bin/sh\nexec s3check-file --utf8\n' >processor
	runs man/s3ev-redo.1 's3ev-redo -n'
	assert_eq "$out" $'in/a b.csv bad good\n'
	assert_eq "$(jq -r .redo.changed results) $(items files)" 'true 2025/x.csv=good|in/a b.csv=good|in/a.csv=good|in/c.json=good'
	cp "$ROOT/pipelines/processor" processor
	rm b.csv
	runs man/s3ev-try.1 's3ev-try ./processor'
}

# s3ev(7) and its kin

@test "s3ev(7)" {
	with_aws
	places incoming processed bad-data files
	runs man/s3ev.7 list-objects-v2
	assert_eq "$(jq -r .key records | paste -sd ' ')" 'in/a b.csv in/a.csv in/c.json'
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 run3 s3check -x ./processor <records
	cp "$BATS_TEST_TMPDIR/out" log
	assert_eq "$(jq -c 'has("failed")' log | uniq)" true
	runs man/s3ev.7 'del(.failed, .fetch, .check)'
	assert_eq "$(items files)" "$recorded"
	: | s3c put incoming in/empty.csv >/dev/null
	jq -c '.Records += [.Records[0] | .s3.object |= (.key = "in/empty.csv" | .size = 0 | .sequencer = "7" | .eTag = "d41d8cd98f00b204e9800998ecf8427e")]' event.json >larger.json
	mv larger.json event.json
	runs man/s3ev.7 no-empties
	assert_eq "$(jq -rs 'group_by(.bad)[] | [(.[0].bad.reason // "-"), length] | @tsv' <<<"$out")" $'-\t6\nit is empty\t1'
}

@test "s3ev-processor(7): a processor that cannot be mistaken" {
	block man/s3ev-processor.7 'unless something is decided below'
	{ echo '#!/bin/sh' && cat "$block"; } >p
	chmod +x p
	echo 'a total' >a
	echo none >b
	run3 pipelines/try p a b
	assert_eq "$status $(judged)" $'1 good  a\nbad  b: no total'
}

@test "s3ev-processor(7): a module in JavaScript" {
	block man/s3ev-processor.7 'class BadData extends Error'
	cp "$block" p.mjs
	echo 'a total' >a
	echo none >b
	run3 pipelines/try p.mjs a b
	assert_eq "$status $(judged)" $'1 good  a\nbad  b: no total'
}

# Events of one object each, in lines and in a file for each: two that succeed, one
# of a bucket that is not there, one that succeeds.
one_by_one() {
	jq -c '.Records[] | {Records: [.]}' event.json >lines
	absent=absent-$RANDOM$RANDOM
	sed -i "2{p; s/incoming/$absent/g}" lines
	split -l 1 lines event.
}

@test "s3ev-sources(7): AMQP, by an amqp-consume that is played" {
	places incoming processed bad-data files
	one_by_one
	mkdir queue
	mv event.?? queue
	# It gives one message after the other to the command, and ends by a signal.
	cat >"$bin/amqp-consume" <<-'END'
		#!/bin/bash
		[[ "$*" == '-u amqp://here -q events -p 1 sh -c '* ]] || exit 64
		echo $$ >>../consumers
		for message in queue/*; do
			sh -c "${@: -1}" <"$message" && rm "$message"
		done
		exec sleep 60
	END
	chmod +x "$bin/amqp-consume"
	block man/s3ev-sources.7 amqp-consume
	export AMQP_URL=amqp://here
	: >../consumers
	repeats 's/sleep 5/sleep 0.05/' '[ "$(grep -c . ../consumers)" -ge 3 ]'
	assert_eq "$(ls queue | paste -sd ' ') $(items files)" 'event.ac event.ad in/a b.csv=bad|in/a.csv=good'
}

# Runs an example that does not end, changed by a filter, until a condition is true.
repeats() { # SED CONDITION
	: >said
	setpriv --pdeathsig KILL -- bash <(sed "$1" "$block") >said 2>&1 3>&- </dev/null &
	servers+=($!)
	wait_until eval "$2" || { cat said >&2; return 1; }
}

@test "s3ev-sources(7): Kafka, from a broker that librdkafka plays" {
	local broker
	places incoming processed bad-data files
	one_by_one
	mkfifo open
	exec {broker}<>open
	# The broker is there as long as the first process that writes to it.
	setpriv --pdeathsig KILL -- kcat -P -X test.mock.num.brokers=1 -d mock -b x -t events -p 0 <open >broker 2>&1 3>&- {broker}>&- &
	wait_until grep -q 'Created topic' broker
	export BROKERS
	BROKERS=$(grep -om 1 '127\.0\.0\.1:[0-9]*' broker)
	kcat -P -b "$BROKERS" -t events -p 0 <lines {broker}>&-
	block man/s3ev-sources.7 kcat
	repeats 's/sleep 1/sleep 0.05/' '[ "$(grep -c NoSuchBucket said)" -ge 2 ]'
	assert_eq "$(<offset)" 2
	# What failed works by now.
	s3c mb $absent
	s3c put $absent 'in/a b.csv' b.csv >/dev/null
	wait_until eval '[ "$(<offset)" = 4 ]'
	assert_eq "$(items files)" "in/a b.csv=bad|$recorded"
	exec {broker}>&-
}

@test "s3ev-sources(7): Redis" {
	places incoming processed bad-data files
	one_by_one
	# Debian's redis-tools has the server, too, under another name.
	setpriv --pdeathsig KILL -- bash -c 'exec -a redis-server redis-check-rdb --port 0 --unixsocket "$PWD/redis" --save "" --dir "$PWD"' >logged 2>&1 3>&- &
	servers+=($!)
	printf '#!/bin/sh\nexec %s -s %q "$@"\n' "$(type -P redis-cli)" "$PWD/redis" >"$bin/redis-cli"
	chmod +x "$bin/redis-cli"
	wait_until eval '[ "$(redis-cli ping 2>&1)" = PONG ]'
	block man/s3ev-sources.7 BLMOVE
	while read -r event; do redis-cli RPUSH events "$event" >/dev/null; done <lines
	repeats '' '[ "$(items files)" = "$recorded" ]'
	wait_until eval '[ "$(redis-cli LLEN working)" = 1 ]'
	assert_eq "$(redis-cli LLEN events) $(redis-cli --raw LINDEX working 0)" "0 $(sed -n 3p lines)"
}

@test "s3ev-c(7)" {
	local page=man/s3ev-c.7
	places incoming processed bad-data files
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CFLAGS -u LDFLAGS make -s -C "$ROOT" B="$(readlink -f build)" PREFIX="$PWD/c" install >/dev/null
	export PKG_CONFIG_PATH=$PWD/c/lib/pkgconfig LD_LIBRARY_PATH=$PWD/c/lib
	block $page 'sigv4_sign(&made'
	cp "$block" program.c
	runs $page '--cflags --libs s3ev'
	./program >with_so
	runs $page '-l:libs3ev.a'
	LD_LIBRARY_PATH='' ./program >with_a
	cmp with_so with_a
	grep -q '^Authorization:AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, .*Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31$' with_a
	block $page 'static void report'
	cp "$block" program.c
	block $page '--cflags --libs s3ev'
	# shellcheck source=/dev/null
	. "$block"
	mv program file
	runs $page './file --stats numbers'
	assert_eq "$(jq -r '[.file, .route.to] | @tsv' <<<"$out" | sort)" $'a b.csv\tprocessed\na.csv\tprocessed\nc.json\tprocessed'
	assert_eq "$(jq -r '[.filter, .good] | @tsv' numbers)" $'file\t3'
}

# Where an example is run elsewhere: the test there takes it from the page itself.
@test "examples that other tests run" {
	while IFS='|' read -r page words test; do
		block "$page" "$words"
		grep -qF -- "${page##*/}" "tests/${test%%:*}" || { echo "$test does not name $page" >&2; missing=1; }
		grep -qF -- "@test \"${test#*: }" "tests/${test%%:*}" || { echo "there is no $test" >&2; missing=1; }
	done <<-'END'
		man/s3ev-processor.7|Does it begin like a PDF|topics/processor.bats: the example in sh
		man/s3ev-processor.7|csv.DictReader|topics/processor.bats: the example of a module in Python
		man/s3ev-c.7|*most = ctx|topics/install.bats: a stranger's filter has options of its own
	END
	[ -z "$missing" ]
	# One for each program.
	block man/s3ev-processor.7 'Does it begin like a PDF'
	assert_eq "$(grep -c '^#!' "$block")" "$(grep -c '^@test "the example \(in\|for\)' tests/topics/processor.bats)"
}

@test "the page for who comes from Python: its blocks are run by from-python.bats and deploy.bats, its words here" {
	local page=pipelines/lambda/FROM-PYTHON.md language
	grep -qF 'blocks sh >commands' "$ROOT/tests/topics/from-python.bats"
	grep -qF 'blocks python 2 >' "$ROOT/tests/topics/from-python.bats"
	grep -qF 'console >commands' "$ROOT/tests/lambda/deploy.bats"
	for language in sh python console; do
		ls "$EXAMPLES/$page"/*.$language
	done | sed "s,^$EXAMPLES/,," >blocks
	assert_eq "$(grep -c 'python$' blocks)" 2
	cat blocks >>"$BATS_FILE_TMPDIR/placed"
	places incoming processed bad-data files
	printf '%s\n' s3://incoming/in/a.csv >list
	runs $page 'pipelines/process -l'
	assert_eq "$(items files)" 'in/a.csv=good'
}

# What is not run here, with the reason.
@test "examples that are not run are shell, and make and aws understand them" {
	local page words reason command
	with_aws
	block lib/README.md 'one tool each: its source' # a list of folders
	while IFS='|' read -r page words reason; do
		[ -n "$reason" ]
		block "$page" "$words"
		bash -n "$block" || missing=1
		# A line each, without prompts and comments.
		sed -E 's/^\$ //; s/ +# .*//' "$block" | awk '/\\$/ { sub(/ *\\$/, ""); printf "%s ", $0; next } { print }' >commands
		while read -r command; do
			understood || { echo "$page: not understood: $command" >&2; missing=1; }
		done <commands
	done <<-'END'
		CONTRIBUTING.md|make compile_commands.json|they build, lint and test everything, this test included
		tests/README.md|bats -f 'has a copy'|they are tests, this one included
		tests/README.md|build/tests/sigv4-suite DIR|the suites are a test of their own
		tests/README.md|tests/servers/up $SERVERS_DIR|they are tests; topics/servers.bats starts and stops servers so
		README.md|make deploy STAGE=prod|it deploys to AWS; tests/lambda/deploy.bats does so in an emulator
		README.md|man ./cmd/s3check.1|man is for people; lint reads each page with mandoc
		README.md|man s3check|the same
		lib/README.md|man ./man/s3ev.7|the same
		pipelines/lambda/FROM-PYTHON.md|make deploy INTERPRETER=python3.13|it deploys to AWS, and wants a region besides
		pipelines/lambda/FROM-PYTHON.md|make demo PROCESSOR=function/|it needs the bundle, which make check-lambda tests
		pipelines/lambda/README.md|PROCESSOR=./processor DEPLOY='--param capacity|it deploys to AWS; tests/lambda/deploy.bats does so in an emulator
		pipelines/lambda/README.md|FROM=s3ev-lambda-arm64.zip|the same
		pipelines/lambda/README.md|aws cloudformation deploy|the same, with this command
		pipelines/lambda/README.md|make announce REGION|the same
		pipelines/lambda/README.md|make redrive STAGE|the same
		pipelines/lambda/README.md|make lambda PROCESSOR=./processor|it builds the bundle, which make check-lambda tests
		pipelines/lambda/README.md|pipelines/lambda/invoke build|it needs that bundle; tests/lambda/deploy.bats runs it
		pipelines/lambda/README.md|osls remove --stage|it removes a stack of AWS
		pipelines/image/README.md|make image|it builds the image, which make check-image tests and runs
		pipelines/image/README.md|IMAGE s3ev-doctor|the same; podman wants namespaces
		pipelines/image/README.md|FROM docker.io/library/python|it is for a registry of images
		pipelines/service/s3ev-listen@.service|systemctl|there is no systemd to ask; topics/install.bats has it verify the units
		pipelines/service/s3ev-listen@.socket|systemctl|the same
		pipelines/service/s3ev-sqs@.service|systemctl|the same
		man/s3ev-sources.7|aws sns subscribe|SNS and EventBridge are AWS's alone
	END
	[ -z "$missing" ]
}

# Is command something that make, aws or bash could begin with?
understood() {
	case $command in
	make\ *) env -u MAKELEVEL -u MAKEFLAGS bash -c "make() { command make -C '$ROOT' -n \"\$@\"; }; $command" >/dev/null 2>said || { cat said >&2; return 1; } ;;
	aws\ s3\ *) ;;
	aws\ cloudformation\ deploy\ *) ;;
	aws\ *) TOPIC_ARN=t QUEUE_ARN=q bash -euc "$command --generate-cli-skeleton output" >/dev/null 2>said || { cat said >&2; return 1; } ;;
	man\ ./*) [ -f "${command#man }" ] ;;
	build/*) [ -e "tests/unit/$(basename "${command%% *}").c" ] ;;
	tests/* | .ci/*) [ -x "$ROOT/${command%% *}" ] ;;
	esac
}

@test "each example has its place" {
	local ran=("$BATS_FILE_TMPDIR"/ran-*)
	[ ${#ran[@]} -eq "$(grep -c '^@test' "$BATS_TEST_FILENAME")" ] || skip 'only known when all others have run'
	(cd "$EXAMPLES" && find . -type f | sed 's,^\./,,') | sort >all
	sort -u "$BATS_FILE_TMPDIR/placed" | comm -23 all - >without
	while read -r block; do
		echo "${block%/*}: this example has no place here, is not run: $(head -n 3 "$EXAMPLES/$block")" >&2
	done <without
	[ ! -s without ]
}
