#!/usr/bin/env bats
# Other servers than RGW, race, which judges what pipelines do on them, and a
# collector of metrics that goes by OpenTelemetry's own definitions.
# shellcheck disable=SC1091,SC2030,SC2031,SC2154

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
}

# Filters as they are built, but s3route is a script, to which $real is known.
mistaken() { # SCRIPT
	real=$(command -v s3route)
	mkdir "$dir/build"
	ln -s "${real%/*}"/* "$dir/build/"
	rm "$dir/build/s3route"
	printf '#!/bin/bash\nreal=%q\n%s\n' "$real" "$1" >"$dir/build/s3route"
	chmod +x "$dir/build/s3route"
}

round_trip() {
	s3c mb some-bucket
	echo hello | s3c put some-bucket 'in/a b+c' >/dev/null
	assert_eq "$(s3c get some-bucket 'in/a b+c')" hello
	s3c dump some-bucket >"$dir/dump"
	assert_json '.key == "in/a b+c" and .text == "hello\n" and .latest' "$(<"$dir/dump")"
}

@test "swift: an S3 with versions, which leaves nothing behind" {
	/usr/bin/python3 -c 'import swift' 2>/dev/null && command -v memcached >/dev/null || skip "Swift is not installed"
	serve_alone "$dir/swift/port" "$tests/servers/swift" "$dir/swift"
	. "$dir/swift/env"
	round_trip
	s3c versioning some-bucket on
	s3c put some-bucket k <<<old >/dev/null
	s3c put some-bucket k <<<new >/dev/null
	assert_eq "$(s3c dump some-bucket | jq -r 'select(.key == "k") | "\(.latest) \(.text)"' | sort | tr -d '\n')" 'false oldtrue new'
	memcached=$(pgrep -P "${servers[0]}" -x memcached)
	stop_servers
	wait_until ended "$memcached"
}

ended() { # PID
	! [[ -e /proc/$1 && $(<"/proc/$1/stat") != *') Z '* ]]
}

start_fauxqs() {
	[ -d "$tests/servers/node_modules/fauxqs" ] || skip "fauxqs is not installed"
	serve_alone "$dir/port" "$tests/servers/fauxqs" "$dir/port"
}

@test "fauxqs: an S3 and an SQS on loopback alone" {
	start_fauxqs
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$port
	round_trip
	assert_eq "$(awk -v port="$(printf %04X "$port")" '$4 == "0A" && substr($2, length($2) - 3) == port { print $2 }' /proc/net/tcp /proc/net/tcp6)" \
		"0100007F:$(printf %04X "$port")"
	exec 5<>"/dev/tcp/127.0.0.1/$port"
	printf '%s\r\n' 'POST / HTTP/1.1' 'Host: x' 'Connection: close' 'X-Amz-Target: AmazonSQS.ListQueues' \
		'Content-Type: application/x-amz-json-1.0' 'Content-Length: 2' '' >&5
	printf '{}' >&5
	[[ $(head -n 1 <&5) == 'HTTP/1.1 200 '* ]]
	exec 5>&-
}

@test "fauxqs: s3ev-sqs does all that is in its queue, which is empty then" {
	cd "$dir"
	start_fauxqs
	put=$(jq -cS . "$tests/data/events/s3-put-v21.json")
	sqs() { # ACTION BODY
		untraced ask_resident ask "http://127.0.0.1:$port/" "$2" "X-Amz-Target: AmazonSQS.$1" 'Content-Type: application/x-amz-json-1.0'
	}
	QUEUE_URL=$(sqs CreateQueue '{"QueueName":"in"}' | jq -r .QueueUrl)
	export QUEUE_URL AWS_ENDPOINT_URL_SQS=http://127.0.0.1:$port
	for _ in 1 2 3; do
		sqs SendMessageBatch "$(jq -cn --arg u "$QUEUE_URL" --arg b "$put" '{QueueUrl: $u, Entries: [range(10) | {Id: "m\(.)", MessageBody: $b}]}')" >/dev/null
	done
	run3 timeout 20 s3ev-sqs --drain --wait 1 -v -- s3ev-split -m
	assert_eq "$status $(wc -l <out) $err" '0 30 s3ev-sqs: the queue has no redrive policy: what fails each time comes again until it is too old, and is lost then
'
	assert_eq "$(sqs GetQueueAttributes "$(jq -cn --arg u "$QUEUE_URL" '{QueueUrl: $u, AttributeNames: ["All"]}')" |
		jq -c '.Attributes | [.ApproximateNumberOfMessages, .ApproximateNumberOfMessagesNotVisible]')" '["0","0"]'
}

@test "fauxqs: buckets of the same name are no loop at another endpoint, and a loop at the same" {
	start_fauxqs
	other=http://127.0.0.1:$port
	export AWS_SHARED_CREDENTIALS_FILE=$dir/credentials
	printf '[other]\naws_access_key_id = other\naws_secret_access_key = other\n' >"$dir/credentials"
	new_bucket in
	AWS_ENDPOINT_URL_S3=$other s3c mb "$in"
	echo hello >"$dir/hello"
	line=$(record bucket="$in" key=k size=6 etag="$(s3c put "$in" k "$dir/hello" | jq -r .etag)" sequencer=0055AED6DCD90281E5)
	run3 s3route -k -p "$in" -b unused --target-endpoint "$other" --target-profile other <<<"$line"
	assert_eq "$status $err$(AWS_ENDPOINT_URL_S3=$other s3c get "$in" k)" '0 hello'
	copied=${out%$'\n'}
	run3 s3route -k -p "$in" -b unused --target-endpoint "$AWS_ENDPOINT_URL_S3" --target-profile other <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '78 WouldLoop'
	run3 s3rm <<<"$copied"
	assert_eq "$status $(jq -r .failed.message <<<"$out")" \
		'75 its copy is in another store: not deleted, but see --target-endpoint'
	run3 s3rm --unguarded --target-endpoint "$other" --target-profile other <<<"$copied"
	assert_eq "$status $err$(jq -r .rm.status <<<"$out")" '0 removed'
	assert_eq "$(s3c ls "$in" | jq length) $(AWS_ENDPOINT_URL_S3=$other s3c ls "$in" | jq -r '.[].key')" '0 k'
}

@test "race: one pipeline alone loses nothing, whoever removes the sources" {
	export BUILD=${BUILD:-$tests/../build}
	for rm in no recorded; do
		out=$("$tests/servers/race" --pipelines 1 --rm $rm)
		assert_json '.contents > 100 and del(.contents) == {lost: 0, buried: 0, misplaced: 0, unguarded: 0, gone: 0, unexplained: 0, surplus: 0, failed: 0}'
	done
}

@test "race: what is overwritten is lost, or buried where there are versions" {
	mistaken 'exec "$real" -c replace "$@"'
	export BUILD=$dir/build
	out=$("$tests/servers/race" --pipelines 1 --rm plain)
	assert_json '.lost > 50 and .misplaced > 50 and .buried == 0'
	out=$("$tests/servers/race" --pipelines 1 --rm plain --to-versions)
	# How many depends on how often s3rm comes before the next copy: later it sees the other version, and fails.
	assert_json '.buried > 10 and .lost == 0'
}

@test "race: false words are counted: copies that are none, gone, explanations" {
	mistaken 'jq -c --unbuffered "if .mark then . elif .key | test(\"/a\") then .gone = {by: \"s3route\", code: \"NoSuchKey\"}
		else .route = {to: \"x\", bucket: (if .bad then \"bad\" else \"to\" end), key, why: \"x\"} end"'
	export BUILD=$dir/build
	out=$("$tests/servers/race" --pipelines 1)
	assert_json '.lost == 0 and .misplaced > 50 and .gone > 10 and .unexplained > 10' "$out"
}

@test "collector: it takes what s3ev-stat sends, and nothing else" {
	command -v protoc >/dev/null && /usr/bin/python3 -c 'import google.protobuf' 2>/dev/null || skip "protobuf is not installed"
	serve_alone "$dir/port" "$tests/servers/collector" "$dir/port" "$dir/points"
	local i url=http://127.0.0.1:$port
	for i in 1 2 3; do
		record bucket=in key="$i" size=7 check:='{"by":"x","took_ms":30}'
	done >"$dir/in"
	record bucket=in key=4 failed:='{"by":"s3route","code":"SlowDown","message":"no","retry":true}' >>"$dir/in"
	run3 s3ev-stat --otlp "$url" <"$dir/in"
	assert_eq "$status $err" '75 '
	for i in 's3ev_records_total {record} sum outcome=good 3' 's3ev_records_total {record} sum outcome=failed 1' \
		's3ev_object_bytes_total By sum outcome=good 21' 's3ev_check_seconds s histogram  3 0.09'; do
		grep -qxF "$(tr ' ' '\t' <<<"$i")" "$dir/points" || { cat "$dir/points" >&2 && return 1; }
	done
	for i in '{"resourceMetrics":[{"scopeMetric":[]}]}' '{"resource_metrics":3}' \
		'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","histogram":{"dataPoints":[{"count":"2","bucketCounts":["1"]}]}}]}]}]}'; do
		assert_eq "$(post "$url/v1/metrics" "$i")" 400
	done
}

# Prints the status.
post() { # URL JSON
	curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' --data-raw "$2" "$1"
}
