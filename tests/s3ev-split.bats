load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	events=$BATS_TEST_DIRNAME/data/events
}

# A notification of one object, with a filter over it.
event() { # FILTER
	jq -c "${1:-.}" "$events/s3-put-v21.json"
}

split() {
	run3 s3ev-split "$@"
}

@test "every sample event gives the records it should" {
	while IFS=$'\t' read -r file status_wanted records; do
		split -e '*' <"$events/$file"
		assert_eq "$file $status $(jq -sc 'map(if .failed then {failed: .from.sqs} else [.event, .key] end)' <<<"$out")" \
			"$file $status_wanted $records"
	done <"$BATS_TEST_DIRNAME/data/events.tsv"
}

@test "what is no S3 event is refused by name" {
	split <"$events/reject-kinesis.json"
	assert_eq "$status$out$err" $'65s3ev-split: document 1: not an S3 event: it looks like a Kinesis batch\n'
	split <"$events/reject-scheduled.json"
	assert_eq "$err" $'s3ev-split: document 1: not an S3 event: it looks like an EventBridge event of aws.events, Scheduled Event\n'
	split <<<'{"alpha":1,"beta":2}'
	assert_eq "$err" $'s3ev-split: document 1: not an S3 event: it looks like an object with alpha, beta\n'
	split <<<'"text"'
	assert_eq "$status$err" $'65s3ev-split: document 1: not an S3 event: a value that is no object\n'
}

@test "what it looks like is the same in any order of its members" {
	while IFS=$'\t' read -r document wanted; do
		for order in . 'to_entries | reverse | from_entries'; do
			split < <(jq -c "$order" <<<"$document")
			assert_eq "$document: $status$out ${err##*it looks like }" "$document: 65 $wanted"$'\n'
		done
	done <<-'E'
		{"path":"/","httpMethod":"GET","requestContext":{"apiId":"1"}}	an API Gateway request
		{"rawPath":"/","requestContext":{"http":{},"apiId":"1"}}	an API Gateway request
		{"requestContext":{"connectionId":"1","apiId":"1"},"isBase64Encoded":false}	an API Gateway request
		{"methodArn":"a","httpMethod":"GET","requestContext":{"apiId":"1"}}	an API Gateway authorizer request
		{"authorizationToken":"t","requestContext":{"apiId":"1"}}	an AppSync authorizer request
		{"httpMethod":"GET","requestContext":{"elb":{"targetGroupArn":"a"}}}	a load balancer request
		{"method":"GET","requestContext":{"serviceArn":"a"}}	a VPC Lattice request
		{"body":"x","requestContext":{}}	an HTTP request
		{"version":"1.0","requestContext":{"functionArn":"a"},"DDBStreamBatchInfo":{}}	a record of a Lambda invocation
		{"httpMethod":"GET","actionGroup":"a"}	a Bedrock agent's request
		{"arguments":{},"source":null,"prev":null,"info":{}}	an AppSync request
		{"version":"1.0","session":{},"request":{}}	an Alexa request
		{"sessionId":"1","bot":{}}	a Lex event
		{"RequestType":"Create","ResponseURL":"u"}	a CloudFormation request
		{"AlarmName":"a","NewStateValue":"ALARM"}	a CloudWatch alarm
		{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[]}	a batch of CloudWatch Logs
		{"specversion":"1.0","type":"t","data":{}}	a CloudEvent
		{"Type":"Notification","TopicArn":"a","Message":{}}	an SNS message without text
		{"Records":[{"cf":{"request":{}}}]}	a CloudFront request
		{"eventSource":"aws:amq","messages":[]}	an ActiveMQ batch
		{"Records":[{"eventVersion":"1.08","eventSource":"s3.amazonaws.com"}]}	a CloudTrail record of s3.amazonaws.com
	E
}

@test "a record has its members in one form" {
	split <"$events/s3-put-v21.json"
	assert_eq "$status$err" 0
	assert_eq "$out" '{"id":"'"$(jq -r .id <<<"$out")"'","event":"ObjectCreated:Put","time":"2019-09-03T19:37:27.192Z","region":"us-east-2","bucket":"lambda-artifacts-deafc19498e3f2df","key":"b21b84d653bb07b05b1e6b33684dc11b","etag":"b21b84d653bb07b05b1e6b33684dc11b","size":1305107,"sequencer":"0C0F6F405D6ED209E1"}
'
	assert_json '.id | test("^[0-9a-f]{32}$")'
}

@test "the id is the same in every envelope" {
	split <"$events/eventbridge-object-created.json"
	id=$(jq -r .id <<<"$out")
	split <"$events/composed-sqs-fifo-eventbridge-s3.json"
	assert_eq "$(jq -r .id <<<"$out")" "$id"
	jq '{Records: [{eventVersion: "2.1", eventSource: "aws:s3", awsRegion: .region, eventTime: "2023-03-08T17:50:14.123Z",
		eventName: "s3:ObjectCreated:Put", s3: {bucket: .detail.bucket, object: {key: .detail.object.key,
		size: .detail.object.size, eTag: .detail.object.etag, sequencer: (.detail.object.sequencer | ascii_downcase)}}}]}' \
		"$events/eventbridge-object-created.json" >direct.json
	split <direct.json
	assert_json '.id == "'"$id"'" and .event == "ObjectCreated:Put"'
}

@test "keys are decoded once, as their source encodes them" {
	while IFS=$'\t' read -r source key wanted; do
		split < <(event ".Records[0].eventSource = \"$source\" | .Records[0].s3.object.key = \"$key\"")
		assert_eq "$source $key -> $(jq -r .key <<<"$out")" "$source $key -> $wanted"
	done <<-'E'
		aws:s3	a+b%2Bc%20d	a b+c d
		aws:s3	100%2525	100%25
		aws:s3	in/%C3%A9/%E2%82%AC	in/é/€
		aws:s3	50%	50%
		aws:s3	a%2	a%2
		aws:s3	a%zz	a%zz
		minio:s3	in%2Fa+b	in/a b
		ceph:s3	a+b%2Bc%20d	a+b%2Bc%20d
	E
	jq '.detail.object.key = "a+b%25.csv"' "$events/eventbridge-object-created.json" >bridge.json
	split <bridge.json
	assert_json '.key == "a+b%25.csv"'
	jq '.tasks[0].s3Key = "a+b%2Bc%20d"' "$events/batch-invocation-v2.json" >batch.json
	split <batch.json
	assert_json '.key == "a+b+c d" and .from.batch == "dGFza2lkZ29lc2hlcmUK"'
}

@test "odd values have their answers" {
	while IFS=$'\t' read -r filter wanted answer; do
		split < <(event "$filter")
		assert_eq "$filter: $status $(jq -c "$answer" <<<"$out")${err%$'\n'}" "$filter: $wanted"
	done <<-'E'
		.Records = null	0 	.
		.Records = []	0 	.
		.Records[0].s3.object.size = 5497558138880	0 5497558138880	.size
		.Records[0].s3.object.size = "17"	0 17	.size
		.Records[0].s3.object.size = null	0 null	.size
		.Records[0].s3.object.size = -1	65 s3ev-split: document 1: a size that is no number of bytes	.
		.Records[0].s3.object.size = 1.5	65 s3ev-split: document 1: a size that is no number of bytes	.
		.Records[0].s3.object.size = true	65 s3ev-split: document 1: a size that is no number of bytes	.
		.Records[0].s3.object.key = 5	65 s3ev-split: document 1: an S3 event without the key of an object	.
		.Records[0].s3.object.key = ""	65 s3ev-split: document 1: an S3 event without the key of an object	.
		.Records[0].s3.object.key = "a%00b"	0 "a\u0000b"	.key
		.Records[0].s3.object.key = "a\u0000b"	0 "a\u0000b"	.key
		.Records[0].s3.object.key = "%FF"	65 s3ev-split: document 1: a key that is not UTF-8	.
		.Records[0].s3.object.key = "k" * 1024	0 1024	(.key | length)
		.Records[0].s3.object.key = "k" * 1025	65 s3ev-split: document 1: a key longer than 1024 bytes	.
		.Records[0].s3.object.key = "k" * 1048576	65 s3ev-split: document 1: a key longer than 1024 bytes	.
		.Records[0].s3.object.versionId = ""	0 null	.version
		.Records[0].s3.object.eTag = "\"abc\""	0 "abc"	.etag
		.Records[0].s3.bucket.name = 1	65 s3ev-split: document 1: an S3 event without the name of a bucket	.
		.Records[0].eventVersion = "3.0"	65 s3ev-split: document 1: an S3 event of eventVersion 3.0, not 2.x	.
		.Records[0].eventVersion = "2.99"	0 "ObjectCreated:Put"	.event
		.Records[0] += {new: {member: [1, {}]}}	0 "ObjectCreated:Put"	.event
		.Records = {}	65 s3ev-split: document 1: not an S3 event: an object where a list belongs	.
		.Records = "x"	65 s3ev-split: document 1: not an S3 event: a value that is no object	.
	E
}

@test "a lone surrogate, bytes that are no UTF-8 and depth bombs break only their document" {
	event '.Records[0].s3.object.key = "good"' >good.json
	{
		cat good.json
		sed 's/"good"/"\\ud800"/' good.json
		sed 's/"good"/"\xff"/' good.json
		printf '{"a":%s\n' "$(printf '[%.0s' {1..600})"
		cat good.json
	} >input
	split <input
	assert_eq "$status $(wc -l <<<"$out")" '65 3'
	assert_eq "$(jq -r .key <<<"$out")" $'good\ngood'
	assert_eq "$err" 's3ev-split: document 2: a lone surrogate in a string
s3ev-split: document 3: lexical error: invalid bytes in UTF8 string.
s3ev-split: document 4: nested deeper than 512 levels
'
}

@test "a comment is refused, once" {
	printf '\n{// why\n' >input
	split -m <input
	assert_eq "$status $(jq -c 'del(.error)' <<<"$out")" '65 {"mark":"1","records":0}'
	assert_eq "$err" 's3ev-split: document 1: lexical error: probable comment found in input text, comments are not enabled.
'
}

@test "documents may follow each other, in one line or printed at length, in pieces of any size" {
	cat "$events/s3-put-v21.json" >input
	event . | tr -d '\n' >>input
	event . >>input
	split -m <input
	assert_eq "$(jq -c 'select(.mark)' <<<"$out")" '{"mark":"1","records":1}
{"mark":"2","records":1}
{"mark":"3","records":1}'
	whole=$out
	split -m < <(dd if=input bs=7 status=none)
	assert_eq "$out" "$whole"
}

@test "a broken line in the middle is said, and the others are split" {
	for broken in '{"Records":[{"eventVersion"' '{"a":"b' '{"a":tru' x '{' '{x' ']' '{"a":1 2}' \
		'{"a":-' '{"a":"\ud800' '{"a":"\'; do
		{ event . && printf '%s\n' "$broken" && event .; } >input
		for size in 65536 1 7; do
			split -m < <(dd if=input bs=$size status=none)
			assert_eq "$broken: $status $(wc -l <<<"${err%$'\n'}") $(jq -c '.mark // .event' <<<"$out")" "$broken: 65 1 \"ObjectCreated:Put\"
\"1\"
\"2\"
\"ObjectCreated:Put\"
\"3\""
		done
	done
}

@test "an end inside a document is said" {
	event . | head -c 300 >input
	split -m <input
	assert_eq "$status$err$out" $'65s3ev-split: document 1: the text is cut off\n{"mark":"1","records":0,"error":"the text is cut off"}\n'
}

@test "one poisoned message does not take its neighbours along" {
	split <"$events/composed-sqs-good-poison-good.json"
	assert_eq "$status $(jq -c '[.key, .from.sqs, .failed.code]' <<<"$out")" '65 ["samconfig.toml","44103047-3123-4583-aed3-7224000351a8",null]
[null,"c2f72267-c1b4-432b-b35e-c27a337798d1","NotAnS3Event"]
["samconfig.toml","519619da-e529-46d7-b58c-bc054405af0f",null]'
	deep=$(printf '{"requestPayload":%.0s' {1..40})'{}'$(printf '}%.0s' {1..40})
	jq --arg deep "$deep" '.Records[1].body = $deep' "$events/composed-sqs-good-poison-good.json" >deep.json
	split <deep.json
	assert_eq "$(jq -c .failed.message <<<"$out")" 'null
"not an S3 event: documents nested too deep"
null'
}

@test "a message without text is a failed record too" {
	for filter in 'del(.Records[1].body)' '.Records[1].body = (null, 5, true, {}, [])'; do
		split < <(jq -c "$filter" "$events/composed-sqs-good-poison-good.json")
		assert_eq "$filter: $status $(jq -sc 'unique | map([.from.sqs, .failed.message])' <<<"$out")" "$filter: 65 "'[["44103047-3123-4583-aed3-7224000351a8",null],["519619da-e529-46d7-b58c-bc054405af0f",null],["c2f72267-c1b4-432b-b35e-c27a337798d1","not an S3 event: it looks like an SQS message without text"]]'
	done
	split <<<'{"Messages":[{"MessageId":"m","ReceiptHandle":"h","MD5OfBody":"5","Body":{"Records":[]}}]}'
	assert_eq "$(jq -c '[.from, .failed.message]' <<<"$out")" '[{"sqs":"m","receipt":"h","position":0},"not an S3 event: it looks like an SQS message without text"]'
}

@test "s3:TestEvent is no error and no record" {
	split <"$events/s3-test-event.json"
	assert_eq "$status$out$err" 0
	split -v <"$events/s3-test-event.json"
	assert_eq "$status$out$err" $'0s3ev-split: no record: s3:TestEvent\n'
}

@test "-e picks names, and may be given more than once" {
	cat "$events"/s3-{put-v21,copy-v21-versioned,delete-v21,missing-event-name}.json >input
	split <input
	assert_eq "$(jq -r '.event // "-"' <<<"$out")" $'ObjectCreated:Put\nObjectCreated:Copy\n-'
	split -e 'ObjectRemoved:*' --event 'ObjectCreated:C*' <input
	assert_eq "$(jq -r '.event // "-"' <<<"$out")" $'ObjectCreated:Copy\nObjectRemoved:Delete\n-'
}

@test "-v says what is left out, in one line, without escape codes" {
	event '.Records[0].eventName = "Object\u001b[31m\nRemoved\\"' >input
	split -v <input
	assert_eq "$status$out$err" '0s3ev-split: left out: Object\x1b[31m\x0aRemoved\x5c'$'\n'
}

@test "the answer of ReceiveMessage and bare messages are read" {
	jq '{Messages: [.Records[] | {MessageId: .messageId, ReceiptHandle: .receiptHandle, Body: .body}]}' \
		"$events/sqs-s3-put.json" >received.json
	split <received.json
	assert_json '.key == "samconfig.toml" and .from.sqs and .from.receipt'
	split < <(jq '.Messages[0]' received.json)
	assert_json '.key == "samconfig.toml"'
	split < <(jq '.Records[0]' "$events/s3-put-v21.json")
	assert_json .key
	split < <(jq -s . "$events"/s3-put-v21.json "$events"/sns-s3-put.json)
	assert_eq "$(jq -s length <<<"$out")" 2
}

@test "nothing in, nothing out" {
	split </dev/null
	assert_eq "$status$out$err" 0
	split -m < <(printf ' \n\n')
	assert_eq "$status$out$err" 0
}

@test "a full disk is an error, and a reader that goes away ends it" {
	run3 bash -c 's3ev-split >/dev/full' < <(event .)
	assert_eq "$status$err" $'74s3ev-split: stdout: No space left on device\n'
	event . >one
	for _ in {1..3000}; do cat one; done >many
	run3 bash -c 's3ev-split <many | head -n 1; echo ${PIPESTATUS[0]}'
	assert_eq "$(tail -n 1 <<<"${out%$'\n'}")" 141
}

@test "memory does not grow with the input" {
	event . >one
	{
		for _ in {1..200}; do cat one; done
		head -c 20000000 /dev/zero | tr '\0' '['
	} >many
	# ASan maps terabytes.
	ldd "$(type -P s3ev-split)" | grep -q libasan || ulimit -v 200000
	split <many
	assert_eq "$status $(wc -l <<<"${out%$'\n'}")" '65 200'
	{ printf '{"a":"'; head -c 100000000 /dev/zero | tr '\0' 'x'; printf '"}\n'; cat one; } >long
	split <long
	assert_eq "$status $(wc -l <<<"${out%$'\n'}")" '65 1'
}

@test "wrong options are one line and 64, help goes to stdout" {
	for option in -x --nope extra; do
		split $option </dev/null
		assert_eq "$status $(wc -l <<<"${err%$'\n'}")$out" '64 1'
	done
	split -h
	assert_eq "$status$err $(head -n 1 <<<"$out")" '0 usage: s3ev-split [-hlmuVv] [-e GLOB]... < EVENTS'
	split -V
	assert_eq "$status$err ${out%% *}" '0 s3ev-split'
}

@test "-l reads a list of s3://bucket/key, byte for byte" {
	split -l < <(printf 's3://b/in/a b%%20+c.csv\r\ns3://b/é/../x\nnope\ns3://b/\ns3://b/cut')
	assert_eq "$status $(jq -r .key <<<"$out")" $'65 in/a b%20+c.csv\né/../x'
	assert_eq "$err" 's3ev-split: document 1: not s3://bucket/key: nope
s3ev-split: document 1: an S3 event without the key of an object: s3://b/
s3ev-split: document 1: a line that is cut off: s3://b/cut
'
	assert_json '.bucket == "b" and (.id | length == 32) and (.etag | not)'
	split -l -m < <(printf 's3://b/1\ns3://b/2\n')
	assert_eq "$status$err $(jq -c '.mark // .key' <<<"$out" | tr '\n' ' ')" '0 "1" "2" "1" '
}

# One event of an object.
put() { # KEY SEQUENCER [NAME [SOURCE]]
	event ".Records[0] |= (.s3.object.key = \"$1\" | .s3.object.sequencer = \"$2\" | .eventName = \"${3-ObjectCreated:Put}\" |
		.eventSource = \"${4-aws:s3}\")"
}

@test "-u keeps the newest event of each object, by S3's rule for sequencers" {
	split -u <"$events/composed-s3-put-sequencers.json"
	assert_eq "$status $(jq -r .sequencer <<<"$out")" '0 55AED6DCD90281E6'
	assert_eq "$err" $'s3ev-split: 3 older events left out\n'
	{ put a 0055; put b 02; put a 0055aed6; put a 0055AED5; put b 01; put c 1; } >input
	split -u <input
	assert_eq "$(jq -r '.key + .sequencer' <<<"$out")" $'b02\na0055aed6\nc1'
	# A zero at the end changes nothing: of two equals one is enough.
	{ put a 12; put a 1200; } >input
	split -u <input
	assert_eq "$(jq -r .sequencer <<<"$out")" 12
}

@test "-u: a delete counts, although it is not wanted itself" {
	{ put a 01; put a 02 ObjectRemoved:Delete; put b 01 ObjectRemoved:Delete; put b 02; } >input
	split -u <input
	assert_eq "$(jq -r '.key + .sequencer' <<<"$out")" b02
	split -u -e '*' <input
	assert_eq "$(jq -r '.key + .sequencer + .event' <<<"$out")" $'a02ObjectRemoved:Delete\nb02ObjectCreated:Put'
}

@test "-u does not compare what cannot be compared" {
	{ put a 01 ObjectCreated:Put ceph:s3; put a 02 ObjectCreated:Put ceph:s3; put b nothex; put b nothey; } >input
	event 'del(.Records[0].s3.object.sequencer)' >>input
	event 'del(.Records[0].s3.object.sequencer)' >>input
	split -u <input
	assert_eq "$(jq -s length <<<"$out")$err" 6
}

@test "-u: memory grows with the objects, not with their events" {
	awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"k\",\"sequencer\":\"%012X\"}}}\n", i % 2 * i }' >many
	ldd "$(type -P s3ev-split)" | grep -q libasan || ulimit -d 12000
	split -u <many
	assert_eq "$status $(jq -r .sequencer <<<"$out") $err" $'0 000000030D3F s3ev-split: 199999 older events left out\n'
}

@test "-u with marks: one document at a time" {
	{ put a 01; put a 02; } | jq -c -s '{Records: map(.Records[0])}' >input
	put a 01 >>input
	split -u -m <input
	assert_eq "$(jq -c '[.mark // .sequencer, .records]' <<<"$out" | tr '\n' ' ')" '["02",null] ["1",1] ["01",null] ["2",1] '
}

@test "a record knows the messages it came in, and its place among them" {
	split <"$events/composed-sqs-good-poison-good.json"
	assert_eq "$(jq -c '[.from.sqs, .from.position]' <<<"$out")" '["44103047-3123-4583-aed3-7224000351a8",0]
["c2f72267-c1b4-432b-b35e-c27a337798d1",1]
["519619da-e529-46d7-b58c-bc054405af0f",2]'
	split <"$events/sqs-sns-s3-put.json"
	assert_json '.from.sqs and .from.sns'
	split < <(jq '{Records: [{messageId: "outer", receiptHandle: "now", body: ({requestPayload: .} | tojson)}]}' "$events/composed-sqs-good-poison-good.json")
	assert_eq "$(jq -c '[.key, .from.sqs, .from.receipt]' <<<"$out")" '["samconfig.toml","outer","now"]
[null,"outer","now"]
["samconfig.toml","outer","now"]'
	split <"$events/s3-put-v20-two-records-plus-key.json"
	assert_eq "$(jq -c .from <<<"$out")" $'null\n{"position":1}'
}

wrap() { # ID EVENT [MEMBERS]
	printf '{"invocation":{"id":"%s"%s},"event":%s}\n' "$1" "${3-}" "$2"
}

@test "an invocation's document is unwrapped; its records say until when, its mark whose" {
	put=$(event)
	plain=$(s3ev-split <<<"$put")
	split -m < <(wrap a/1 "$put" ',"deadline":1764000000123,"trace":"Root=1-2;Parent=\"3"'; wrap a/2 "$put"; echo "$put")
	assert_eq "$status$err" 0
	assert_eq "$out" "${plain%\}}"',"deadline":1764000000123,"trace":"Root=1-2;Parent=\"3"}
{"mark":"a/1","records":1}
'"$plain"'
{"mark":"a/2","records":1}
'"$plain"'
{"mark":"3","records":1}
'
	wrap a/1 "$put" ',"deadline":7' >wrapped
	one=$(s3ev-split -m <wrapped)
	split -m < <(while read -r -n 1 -d '' byte; do printf %s "${byte:- }"; done <wrapped)
	assert_eq "$out" "$one"$'\n'
	split -mu < <(wrap a/1 "$(event '.Records += .Records')" ',"deadline":7')
	assert_eq "$(jq -c '[.deadline, .mark]' <<<"$out")" $'[7,null]\n[null,"a/1"]'
}

@test "an invocation whose event is refused or broken has its mark, with an error" {
	split -m < <(wrap 1 '{"alpha":1}'; wrap 2 '{"Records":[{"s3":{'; wrap 3 '{"a":"\ud800"}'; wrap 4 '"text"'
		wrap 5 null; wrap 6 '{"Event":"s3:TestEvent"}'; wrap 7 "$(event)")
	assert_eq "$status" 65
	assert_eq "$(jq -c 'select(.mark) | [.mark, .records, (.error // "" | .[:24])]' <<<"$out")" '["1",0,"not an S3 event: it look"]
["2",0,"parse error: after key a"]
["3",0,"a lone surrogate in a st"]
["4",0,"not an S3 event: a value"]
["5",0,"not an S3 event: a value"]
["6",0,""]
["7",1,""]'
}

@test "messages and tasks that are refused have records of their own, and the mark no error" {
	split -m < <(wrap 1 '{"Records":[{"messageId":"m1","eventSource":"aws:sqs","body":"x"}]}'
		wrap 2 "$(jq -c '.tasks[0].s3Key = ""' "$events/batch-invocation-v2.json")")
	assert_eq "$(jq -c '[.mark, .records, .error, .from, .failed.retry]' <<<"$out")" '[null,null,null,{"sqs":"m1","position":0},false]
["1",1,null,null,null]
[null,null,null,{"batch":"dGFza2lkZ29lc2hlcmUK","position":0},false]
["2",1,null,null,null]'
}

@test "only the outermost document may be an invocation's, and it must be one" {
	inner=$(wrap inner "$(event)" ',"deadline":5')
	split -m < <(wrap outer "$inner"
		jq -cn --arg body "$inner" '{messageId: "m1", body: $body, eventSource: "aws:sqs"}'
		printf '{"event":%s}\n' "$(event)"
		printf '{"event":%s,"invocation":{"id":"late"}}\n' "$(event)"
		wrap '' "$(event)"
		wrap '1","deadline":"soon' "$(event)"
		wrap '1","trace":["' "$(event)" ']')
	assert_eq "$(jq -c '[.mark, .records, .error, .failed.message, .deadline]' <<<"$out")" \
'["outer",0,"not an S3 event: it looks like an object with invocation, event",null,null]
[null,null,null,"not an S3 event: it looks like an object with invocation, event",null]
["2",1,null,null,null]
["3",0,"not an S3 event: it looks like an object with event",null,null]
["late",0,"not an S3 event: it looks like an object with event, invocation",null,null]
["5",0,"not an S3 event: an invocation without id",null,null]
[null,null,null,null,null]
["1",1,"not an S3 event: an invocation with odd members",null,null]
[null,null,null,null,null]
["1",1,"not an S3 event: an invocation with odd members",null,null]'
}
