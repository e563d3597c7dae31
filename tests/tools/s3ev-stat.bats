#!/usr/bin/env bats
# s3ev-stat: metrics of what passes.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	prom=$dir/s3ev.prom
	unset "${!OTEL_@}"
}

# Records of each kind, with what nobody knows, blanks, and marks between them.
all_kinds() {
	cat <<-'JSON'
		{"bucket":"in","key":"a","size":1000,"time":"2026-11-23T05:54:00.123Z","check":{"by":"x","took_ms":4}, "mine" : [1, 2.50]}
		{"bucket":"in","key":"b","size":7,"bad":{"by":"s3check","code":"InvalidUTF8","reason":"x"}}
		{"mark":"one"}
		{"bucket":"in","key":"c","bad":{"by":"me","reason":"x"}}
		{"bucket":"in","key":"d","bad":{"by":"me","code":"no word\n\"}","reason":"x"}}
		{"bucket":"in","key":"e","gone":{"by":"s3fetch","code":"NoSuchKey","message":"x"}}
		{"bucket":"in","key":"f","failed":{"by":"s3route","code":"SlowDown","message":"x"}}
		{"mark":"two"}
	JSON
}

value() { # METRIC; prints its value in $prom
	awk -v name="$1" '$1 == name { print $2 }' "$prom"
}

# Waits for a value in $prom.
has_value() { # METRIC VALUE
	[ "$(value "$1")" = "$2" ]
}

@test "records and marks pass as they are, in their order; what they were is counted" {
	all_kinds >"$dir/in"
	run3 s3ev-stat --prom "$prom" <"$dir/in"
	assert_eq "$status $err" '75 '
	cmp "$dir/out" "$dir/in"
	assert_eq "$(sed -n 's/^s3ev_\(records\|reasons\|object_bytes\)_total//p' "$prom" | sort)" '{outcome="bad",code="InvalidUTF8"} 1
{outcome="bad",code="none"} 1
{outcome="bad",code="other"} 1
{outcome="bad"} 3
{outcome="bad"} 7
{outcome="failed",code="SlowDown"} 1
{outcome="failed"} 0
{outcome="failed"} 1
{outcome="gone",code="NoSuchKey"} 1
{outcome="gone"} 0
{outcome="gone"} 1
{outcome="good"} 1
{outcome="good"} 1000'
	assert_eq "$(value s3ev_check_seconds_sum) $(value s3ev_check_seconds_count) $(value s3ev_lag_seconds_count)" '0.004 1 1'
	assert_eq "$(value 's3ev_check_seconds_bucket{le="0.0025"}') $(value 's3ev_check_seconds_bucket{le="0.005"}') $(value 's3ev_check_seconds_bucket{le="+Inf"}')" '0 1 1'
	assert_eq "$(value s3ev_newest_event_timestamp_seconds)" 1795413240.123
}

@test "an event from the future is one of now" {
	record bucket=in key=a time=2999-01-01T00:00:00Z | s3ev-stat --prom "$prom" >/dev/null
	assert_eq "$(value 's3ev_lag_seconds_bucket{le="0.5"}')" 1
	newest=$(value s3ev_newest_event_timestamp_seconds)
	[ "${newest%.*}" -le "$EPOCHSECONDS" ]
}

@test "what Prometheus' own tool reads, it has no fault to find with" {
	command -v promtool >/dev/null || skip 'no promtool (apt-get install prometheus; make check-browser)'
	all_kinds | s3ev-stat --prom "$prom" >/dev/null || [ $? -eq 75 ]
	run3 promtool check metrics <"$prom"
	assert_eq "$status $out$err" '0 '
	OTEL_SERVICE_NAME=$'a\xff"\n\u00fc' s3ev-stat --prom "$dir/odd.prom" </dev/null
	run3 promtool check metrics <"$dir/odd.prom"
	assert_eq "$status $out$err" '0 '
	jq -r '"groups: [{name: x, rules: [\([.panels[].targets[] | {record: "x", expr: .expr | gsub("[$]__[a-z_]*"; "5m")} | tojson] | join(", "))]}]"' \
		"$tests/../pipelines/service/grafana.json" >"$dir/rules.yml"
	run3 promtool check rules --lint=none "$dir/rules.yml"
	assert_eq "$status $err" '0 '
	# node_exporter skips a file with a timestamp, which would be a third word.
	assert_eq "$(grep -v '^#' "$prom" | sed 's/{[^}]*}//' | awk 'NF != 2')" ''
}

@test "codes are words, and not more than 40 of them" {
	jq -cn 'range(100) | {bucket: "in", key: "k", bad: {by: "x", reason: "x", code: "Code\(.)"}}' |
		s3ev-stat --prom "$prom" >/dev/null
	assert_eq "$(grep -c '^s3ev_reasons_total' "$prom") $(value 's3ev_reasons_total{outcome="bad",code="other"}')" '41 60'
	# One that is called "other", or that has a NUL, makes no second series.
	for code in other 'A\u0000B' 'A\u0000B' A 'no word'; do
		echo '{"bucket":"in","key":"k","bad":{"by":"x","code":"'"$code"'","reason":"x"}}'
	done >"$dir/in"
	run3 s3ev-stat --emf --prom "$prom" <"$dir/in"
	assert_eq "$(grep '^s3ev_reasons_total' "$prom")" 's3ev_reasons_total{outcome="bad",code="A"} 1
s3ev_reasons_total{outcome="bad",code="other"} 4'
	[[ $err == *'"codes":{"bad":{"other":4,"A":1},'* ]]
}

@test "all is there from the start, again every few seconds, and when a signal ends it" {
	mkfifo "$dir/in"
	s3ev-stat --prom "$prom" --every 1 <"$dir/in" >"$dir/out" 3>&- &
	pid=$!
	exec {in}>"$dir/in"
	wait_until has_value 's3ev_records_total{outcome="good"}' 0
	record bucket=in key=a >&"$in"
	wait_until has_value 's3ev_records_total{outcome="good"}' 1
	record bucket=in key=b >&"$in"
	wait_until eval '[ "$(wc -l <"$dir/out")" -eq 2 ]'
	kill "$pid"
	wait "$pid" || status=$?
	exec {in}>&-
	assert_eq "$status $(value 's3ev_records_total{outcome="good"}')" '143 2'
	assert_eq "$(ls "$dir")" $'in\nout\ns3ev.prom'
}

@test "a file that cannot be written: 74, before anything is read" {
	run3 s3ev-stat --prom "$dir/none/s3ev.prom" <<<"$(record bucket=in key=a)"
	assert_eq "$status $out$err" "74 s3ev-stat: $dir/none/s3ev.prom: No such file or directory"$'\n'
	run3 s3ev-stat <<<"$(record bucket=in key=a)"
	assert_eq "$status $out$err" $'64 s3ev-stat: nowhere to write to: give --prom, --otlp or --emf\n'
}

@test "--from: what the other filters tell by --stats, through a FIFO or a file" {
	stub '[{"times": 1, "reply": {"status": 503, "body": "<Error><Code>SlowDown</Code></Error>"}}, {"reply": {"body": "hello"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL AWS_MAX_ATTEMPTS=4
	mkfifo "$dir/fifo"
	echo '{"filter":"s3fetch","pid":1,"requests":100,"retries":0,"throttles":0}' >"$dir/file"
	record bucket=in key=a >"$dir/in"
	for file in fifo file; do
		s3fetch -d "$dir" --stats "$dir/$file" <"$dir/in" | s3check --min-size 1 --stats "$dir/$file" |
			s3ev-stat --from "$dir/$file" --prom "$prom" >"$dir/out"
	done
	assert_eq "$(wc -l <"$dir/file")" 3
	# What was in the file is of an earlier run; of this one, the first filters may end last.
	s3fetch -d "$dir" --stats "$dir/fifo" <"$dir/in" | s3ev-stat --from "$dir/fifo" --prom "$prom" >"$dir/out"
	assert_eq "$(value 's3ev_requests_total{filter="s3fetch"}')" 1
	[[ $(value 's3ev_filter_p99_seconds{filter="s3fetch"}') == 0.* ]]
}

@test "--from: a FIFO is read although nothing is to be written yet" {
	mkfifo "$dir/in" "$dir/fifo"
	s3ev-stat --every 3600 --from "$dir/fifo" --prom "$prom" <"$dir/in" >/dev/null 3>&- &
	exec {in}>"$dir/in"
	# More than it holds.
	jq -cn 'range(2000) | {filter: "s3fetch", pid: 1, requests: ., retries: 0, throttles: 0}' >"$dir/lines"
	timeout 30 dd status=none conv=notrunc if="$dir/lines" of="$dir/fifo"
	exec {in}>&-
	wait $!
	assert_eq "$(value 's3ev_requests_total{filter="s3fetch"}')" 1999
}

@test "a line in the file that no filter wrote is told of" {
	mkfifo "$dir/in"
	: >"$dir/file"
	s3ev-stat --from "$dir/file" --prom "$prom" <"$dir/in" >/dev/null 2>"$dir/err" 3>&- &
	exec {in}>"$dir/in"
	wait_until has_value 's3ev_records_total{outcome="good"}' 0
	echo '{"filter":"s3route"}' >>"$dir/file"
	exec {in}>&-
	wait $!
	assert_eq "$(<"$dir/err")" "s3ev-stat: $dir/file: 1 lines were not written by --stats"
}

# Each line is a name with labels and a number: what node_exporter would refuse.
doubled() { # FILE...
	sed '/^#/d; s/ [^ ]*$//' "$@" | sort | uniq -d
}

@test "pipelines side by side, and services: each has a file and series of its own" {
	for n in 1 2 3; do
		record bucket=in key=a | S3EV_PIPELINE=$n/3 s3ev-stat --prom "$prom" >/dev/null
	done
	record bucket=in key=a | OTEL_SERVICE_NAME=night s3ev-stat --prom "$dir/night.prom" >/dev/null
	assert_eq "$(doubled "$dir"/*.prom)" ''
	assert_eq "$(grep -h '^s3ev_records.*good' "$dir"/*.prom)" 's3ev_records_total{service="night",outcome="good"} 1
s3ev_records_total{pipeline="2",outcome="good"} 1
s3ev_records_total{pipeline="3",outcome="good"} 1
s3ev_records_total{pipeline="1",outcome="good"} 1'
	cat "$dir/night.prom" >"$dir/again.prom"
	[ -n "$(doubled "$dir"/*.prom)" ]
}

@test "files of pipelines that are not there any more go, and no others" {
	touch "$dir"/{s3ev,night}.pipeline-{2,3,64,65}.prom "$dir/s3ev-2.prom"
	S3EV_PIPELINE=2/2 s3ev-stat --prom "$prom" </dev/null
	assert_eq "$(cd "$dir" && echo s3ev.*)" 's3ev.pipeline-2.prom s3ev.pipeline-3.prom s3ev.pipeline-64.prom s3ev.pipeline-65.prom'
	S3EV_PIPELINE=1/2 s3ev-stat --prom "$prom" </dev/null
	assert_eq "$(cd "$dir" && echo s3ev.*)" 's3ev.pipeline-2.prom s3ev.pipeline-65.prom s3ev.prom'
	s3ev-stat --prom "$prom" </dev/null
	assert_eq "$(cd "$dir" && echo s3ev*)" 's3ev-2.prom s3ev.pipeline-65.prom s3ev.prom'
	assert_eq "$(cd "$dir" && echo night.*)" 'night.pipeline-2.prom night.pipeline-3.prom night.pipeline-64.prom night.pipeline-65.prom'
}

@test "the file can be read by another user, whatever the umask" {
	(umask 077 && s3ev-stat --prom "$prom" </dev/null)
	assert_eq "$(stat -c %a "$prom")" 644
}

@test "the dashboard asks for metrics that are there, by labels that they have" {
	echo '{"filter":"s3route","pid":1,"requests":1,"retries":0,"throttles":0}' >"$dir/one"
	mkfifo "$dir/fifo"
	cat "$dir/one" >"$dir/fifo" &
	all_kinds | s3ev-stat --from "$dir/fifo" --prom "$prom" >/dev/null || [ $? -eq 75 ]
	# A worker writes others. It finds no queue, which it says, but counts.
	AWS_REGION=us-east-1 s3ev-sqs -q http://127.0.0.1:1/1/q --drain --prom "$dir/sqs.prom" -- s3ev-split -m 2>/dev/null || [ $? -eq 69 ]
	cat "$dir/sqs.prom" >>"$prom"
	sed -n 's/^# TYPE \([^ ]*\) histogram/\1_bucket/p; s/^# TYPE \([^ ]*\) [cg].*/\1/p' "$prom" | sort >"$dir/there"
	board=$tests/../pipelines/service/grafana.json
	jq -r '.panels[].targets[].expr, .templating.list[].query?.query?' "$board" | grep -o 's3ev_[a-z0-9_]*' | sort -u >"$dir/asked"
	# Each metric has its place, so that none is there for nothing.
	assert_eq "$(<"$dir/asked")" "$(<"$dir/there")"
	labels=$(grep -oE '[{,][a-z]+=' "$prom" | tr -d '{,=' | sort -u | paste -sd '|')
	assert_eq "$(jq -r '.panels[].targets[].expr' "$board" | grep -oP 'by \(\K[^)]*' | tr -d ' ' | tr , '\n' | grep -vxE "$labels")" ''
}

@test "--emf: one line on stderr, with what is new, in the form that CloudWatch reads" {
	all_kinds >"$dir/in"
	OTEL_SERVICE_NAME=night run3 s3ev-stat --emf <"$dir/in"
	assert_eq "$status $(wc -l <"$dir/err")" '75 1'
	assert_json '._aws.CloudWatchMetrics[0] as $m | $m.Namespace == "s3ev" and $m.Dimensions == [["Service"]] and .Service == "night"
		and (. as $all | all($m.Metrics[]; .Name as $n | $all | has($n))) and (._aws.Timestamp > 1e12)
		and .Records == 6 and .Good == 1 and .Bad == 3 and .ObjectBytes == 1007 and .CheckSeconds == [0.004] and (.LagSeconds | length) == 1
		and .codes == {bad: {other: 1, InvalidUTF8: 1, none: 1}, gone: {NoSuchKey: 1}, failed: {SlowDown: 1}}' "$err"
	run3 s3ev-stat --emf </dev/null
	assert_eq "$status $err" '0 '
	# CloudWatch takes 100 values of a metric at most.
	jq -cn 'range(1000) | {bucket: "in", key: "k", check: {by: "x", took_ms: .}}' | s3ev-stat --emf 2>"$dir/err" >/dev/null
	assert_json '(.CheckSeconds | length) as $n | $n > 50 and $n <= 100 and .CheckSeconds[0] == 0 and .CheckSeconds[-1] > 0.9' "$(<"$dir/err")"
}

# A module for stub that answers by rules and keeps the last body in a file.
collector() { # REPLIES; an array in JavaScript
	cat >"$dir/collector.mjs" <<-JS
		import fs from 'node:fs'
		const replies = $1
		export default [{reply: ({body, headers, n}) => {
			fs.writeFileSync('$dir/body', body)
			fs.appendFileSync('$dir/headers', JSON.stringify(headers) + '\n')
			return replies[Math.min(n, replies.length) - 1]
		}}]
	JS
	stub "$dir/collector.mjs"
}

@test "--otlp: the JSON that a collector takes, with the headers and names of the environment" {
	collector "[{status: 200, body: '{}'}]"
	all_kinds >"$dir/in"
	OTEL_EXPORTER_OTLP_HEADERS='api-key=a%20b, x-two=2' OTEL_SERVICE_NAME=night OTEL_RESOURCE_ATTRIBUTES='stage=prod,service.name=no' \
		run3 s3ev-stat --otlp "$STUB_URL" <"$dir/in"
	assert_eq "$status $err" '75 '
	cmp "$dir/out" "$dir/in"
	assert_json '.method == "POST" and .target == "/v1/metrics"' "$(<"$STUB_LOG")"
	assert_json '.["content-type"] == "application/json" and .["api-key"] == "a b" and .["x-two"] == "2" and (has("authorization") | not)' "$(<"$dir/headers")"
	assert_json '.resourceMetrics[0].resource.attributes [:2] == [{key: "service.name", value: {stringValue: "night"}}, {key: "stage", value: {stringValue: "prod"}}]
		and (.resourceMetrics[0].scopeMetrics[0].metrics | map({key: .name, value: .}) | from_entries |
			(.s3ev_records_total.sum | .aggregationTemporality == 2 and .isMonotonic and
				(.dataPoints[0] | .asInt == "1" and .attributes == [{key: "outcome", value: {stringValue: "good"}}]
					and (.timeUnixNano | tonumber) >= (.startTimeUnixNano | tonumber) and (.startTimeUnixNano | test("^[0-9]{19}$"))))
			and (.s3ev_check_seconds | .unit == "s" and (.histogram.dataPoints[0] | .count == "1" and .sum == 0.004
				and (.bucketCounts | length) == (.explicitBounds | length) + 1 and (.bucketCounts | map(tonumber) | add) == 1))
			and .s3ev_newest_event_timestamp_seconds.gauge.dataPoints[0].asDouble > 1e9)' "$(<"$dir/body")"
}

@test "--otlp: who sends has an id, its own, its driver's or the user's, and pipelines differ besides" {
	collector "[{status: 200}]"
	ids() {
		jq -r '.resourceMetrics[0] | [.resource.attributes[] | select(.key == "service.instance.id").value.stringValue], [.. | .attributes? // [] | .[] | select(.key == "pipeline").value.stringValue] | unique | join(" ")' "$dir/body" | xargs
	}
	s3ev-stat --otlp "$STUB_URL" </dev/null
	first=$(ids)
	[[ $first =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
	s3ev-stat --otlp "$STUB_URL" </dev/null
	[ "$(ids)" != "$first" ]
	S3EV_INSTANCE=$first S3EV_PIPELINE=2/4 s3ev-stat --otlp "$STUB_URL" </dev/null
	assert_eq "$(ids)" "$first 2"
	OTEL_RESOURCE_ATTRIBUTES=service.instance.id=mine S3EV_INSTANCE=$first s3ev-stat --otlp "$STUB_URL" </dev/null
	assert_eq "$(ids)" mine
}

@test "--otlp: later means later, no means no, and what was not taken is told once" {
	collector "[{status: 503, headers: {'Retry-After': '1'}}, {status: 429}, {status: 200, body: '{\"partialSuccess\":{\"rejectedDataPoints\":\"2\",\"errorMessage\":\"too\\\\nold\"}}'}]"
	began=$EPOCHREALTIME
	run3 s3ev-stat --otlp "$STUB_URL/x/metrics" </dev/null
	# The first body, and then the last one: of both some was not taken.
	assert_eq "$status $err" $'0 s3ev-stat: some metrics were not taken: too\\x0aold\n'
	assert_eq "$(jq -r .target "$STUB_LOG" | uniq -c | xargs)" '4 /x/metrics'
	[ $((${EPOCHREALTIME/[.,]/} - ${began/[.,]/})) -ge 1000000 ]
	# With no point rejected, a message is a warning.
	collector "[{status: 200, body: '{\"partialSuccess\":{\"rejectedDataPoints\":\"0\",\"errorMessage\":\"use gzip\"}}'}]"
	run3 s3ev-stat --otlp "$STUB_URL" </dev/null
	assert_eq "$status $err" $'0 s3ev-stat: metrics were taken, but: use gzip\n'
	# Who has warned may refuse some later.
	collector "[{status: 200, body: '{\"partialSuccess\":{\"errorMessage\":\"use gzip\"}}'}, {status: 200, body: '{\"partialSuccess\":{\"rejectedDataPoints\":\"2\",\"errorMessage\":\"old\"}}'}]"
	run3 s3ev-stat --otlp "$STUB_URL" </dev/null
	assert_eq "$status $err" $'0 s3ev-stat: metrics were taken, but: use gzip\ns3ev-stat: some metrics were not taken: old\n'
	collector "[{status: 400, body: 'not\\nso'}]"
	run3 s3ev-stat --otlp "$STUB_URL" <<<"$(record bucket=in key=a)"
	assert_eq "$status $(wc -l <"$STUB_LOG") $err" $'69 2 s3ev-stat: metrics were not taken: HTTPError: status 400: not\\x0aso\n'
	assert_json '.key == "a"'
	for seconds in 60 100000; do
		collector "[{status: 503, headers: {'Retry-After': '$seconds'}}]"
		OTEL_EXPORTER_OTLP_TIMEOUT=2000 run3 s3ev-stat --otlp "$STUB_URL" </dev/null
		assert_eq "$seconds $status $(wc -l <"$STUB_LOG")" "$seconds 69 1"
	done
}

@test "--otlp: the environment alone is enough; what makes no sense in it is 78" {
	collector "[{status: 200}]"
	OTEL_EXPORTER_OTLP_ENDPOINT=$STUB_URL/base/ run3 s3ev-stat </dev/null
	assert_eq "$status $err$(jq -r .target "$STUB_LOG" | uniq)" '0 /base/v1/metrics'
	OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=$STUB_URL/as/it/is run3 s3ev-stat </dev/null
	assert_eq "$status $err$(jq -r .target "$STUB_LOG" | tail -n 1)" '0 /as/it/is'
	export OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=$STUB_URL
	for setting in OTEL_EXPORTER_OTLP_TIMEOUT=0 OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_HEADERS=x \
		OTEL_EXPORTER_OTLP_HEADERS=a=%0ab OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=ftp://x; do
		run3 env "$setting" s3ev-stat </dev/null
		assert_eq "$setting $status $(wc -l <"$dir/err")" "$setting 78 1"
	done
	run3 s3ev-stat --otlp nonsense </dev/null
	assert_eq "$status $err" $'78 s3ev-stat: not the URL of a collector: nonsense\n'
}

@test "--otlp: for CloudWatch the request is signed, with the credentials of the environment" {
	collector "[{status: 500}, {status: 200}]"
	export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret AWS_REGION=eu-west-1
	run3 s3ev-stat --sigv4 --otlp "$STUB_URL/v1/metrics" </dev/null
	assert_eq "$status $err" '0 '
	assert_json '.authorization | test("^AWS4-HMAC-SHA256 Credential=AKID/[0-9]{8}/eu-west-1/monitoring/aws4_request, SignedHeaders=[a-z;-]*content-type[a-z;-]*, Signature=[0-9a-f]{64}$")' \
		"$(<"$dir/headers")"
	# Known by its host: it is not asked without keys.
	run3 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED=true OTEL_EXPORTER_OTLP_TIMEOUT=200 \
		s3ev-stat --otlp https://monitoring.eu-west-1.amazonaws.com </dev/null
	assert_eq "$status" 78
}
