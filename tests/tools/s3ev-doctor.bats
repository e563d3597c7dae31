#!/usr/bin/env bats
# What s3ev-doctor says of a set-up that is well, and of one fault at a time.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=1 PROCESSOR='' CHECKS=--utf8
	server=$AWS_ENDPOINT_URL_S3
}

# A set-up that is well: the answer about events is a stub's, since RGW asks for
# topics of its own. Sets in, to, bad and table.
well() { # [RULE...]
	local rules
	rules=$(IFS=, && echo "$*")
	new_places
	s3c versioning "$in" on
	export SOURCE_BUCKETS=$in PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table
	stub "[${rules//@in/$in}${rules:+,}
		{\"match\": {\"method\": \"GET\", \"path\": \"notification=\"}, \"reply\": {\"body\": \"$(events 's3:ObjectCreated:*')\"}},
		{\"upstream\": \"$server\"}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

events() { # EVENT...
	local event all=
	for event; do
		all+="<Event>$event</Event>"
	done
	echo "<NotificationConfiguration><QueueConfiguration><Id>a</Id><Queue>arn:aws:sqs:eu-west-1:123456789012:arrivals</Queue>$all</QueueConfiguration></NotificationConfiguration>"
}

# Exactly these are not well, each a line: LEVEL CHECK: WORDS, which its line has.
named() { # STATUS LEVEL|CHECK|WORDS...
	local row level check words line
	run3 s3ev-doctor -q -j
	assert_eq "$status $(jq -r '.level + " " + .check' <<<"$out" | sort)" \
		"$1 $([ $# -eq 1 ] || printf '%s\n' "${@:2}" | awk -F '|' '{print $1, $2}' | sort)"
	for row in "${@:2}"; do
		IFS='|' read -r level check words <<<"$row"
		line=$(jq -r --arg c "$check" 'select(.check == $c) | .what + "; " + .mend' <<<"$out")
		[[ $line == *"$words"* ]] || { echo "$row: $line" >&2 && return 1; }
	done
}

# All that is not well is one line: LEVEL CHECK: WORDS.
only() { # STATUS LEVEL CHECK WORDS
	run3 s3ev-doctor -q -j
	assert_eq "$status $(jq -r '.level + " " + .check' <<<"$out")" "$1 $2 $3"
	[[ $(jq -r '.what + "; " + .mend' <<<"$out") == *"$4"* ]] || { echo "$out" >&2 && return 1; }
	assert_eq "$err" ''
}

# A rule for what a bucket tells of its objects.
told() { # DOCUMENT
	echo "{\"match\": {\"path\": \"notification=\"}, \"reply\": {\"body\": \"$1\"}}"
}

denied='{"status": 403, "body": "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"}'

# A rule for requests that are refused.
refuse() { # METHOD PATH
	echo "{\"match\": {\"method\": \"$1\", \"path\": \"$2\"}, \"reply\": $denied}"
}

@test "of what is well nothing is said but that, and nothing is changed" {
	well
	run3 s3ev-doctor
	assert_eq "$status $(grep -Ec '^(ok|skip) ' <<<"$out") $(grep -Evc '^(ok|skip) ' <<<"${out%$'\n'}")" "0 $(wc -l <<<"${out%$'\n'}") 0"
	[[ $out == *"ok    processed.put       $to: allowed"* ]]
	assert_eq "$(s3c ls "$in")$(s3c ls "$to")$(s3c ls "$bad")$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq .Count)" '[][][]0'
	run3 s3ev-doctor -q
	assert_eq "$status:$out$err" 0:
}

@test "--write sends a file through the filters, and removes what came of it" {
	well
	# The stub would answer for the server what it keeps of conditions.
	AWS_ENDPOINT_URL_S3=$server run3 s3ev-doctor --write -j
	assert_eq "$status:$err" 0:
	assert_eq "$(jq -r 'select(.check | test("round|server")) | .level + " " + .check' <<<"$out" | paste -sd ' ')" \
		'ok server.conditions ok round ok round'
	assert_eq "$(jq -r 'select(.check == "round").what' <<<"$out" | sed 's/[0-9]*-[0-9]*,/N,/')" \
		"a good file went to $to/.s3ev-doctor/N, and was recorded
a bad file went to $bad/.s3ev-doctor/N, and was recorded"
	assert_eq "$(s3c ls "$to")$(s3c ls "$bad")$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq .Count)" '[][]0'
	assert_eq "$(s3c dump "$in" | jq -c 'select(.marker != true)')" ''
}

@test "settings that are wrong, without a network" {
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:9
	local -a wrong=(
		"PROCESSED_BUCKET=s3://acme/|settings.processed|no bucket's name: s3://acme/"
		'PROCESSED_BUCKET=a/b|settings.processed|the name alone'
		'SOURCE_BUCKETS=source, s3://more|settings.sources|no bucket'"'"'s name: s3://more'
		'SOURCE_BUCKETS= , |settings.sources|no bucket is allowed'
		'PROCESSED_BUCKET=|settings.processed|not set'
		'BAD_DATA_BUCKET=good|settings.differ|the same: good'
		'PROCESSED_BUCKET=source|settings.loop|would be events again'
		'PROCESSOR=./nowhere|settings.processor|./nowhere: No such file'
		"PROCESSOR=$BATS_TEST_TMPDIR/crlf|settings.processor|sed -i 's/\\r"
		"PROCESSOR=$BATS_TEST_TMPDIR/plain|settings.processor|chmod +x"
		"PROCESSOR=$BATS_TEST_TMPDIR/lost|settings.processor|wants /no/such/shell"
		"PROCESSOR=$BATS_TEST_TMPDIR/env|settings.processor|no-such-program, which is not in PATH"
		"PROCESSOR=$BATS_TEST_TMPDIR/empty|settings.processor|has no processor"
		'CHECKS=--utf9|settings.options|CHECKS: '
		'ROUTE_OPTIONS=-t {nowhere}|settings.options|see s3route --help'
		'RECORD_OPTIONS=--ttl never|settings.options|RECORD_OPTIONS: '
		'ROUTE_OPTIONS=--no-tags -t|settings.options|the last option lacks its argument'
		'CHECKS=--utf8 --stats|settings.options|--s3ev-doctor/none: No such file'
		'CHECKS=--utf8 --help|settings.options|asks for help'
		'FETCH_OPTIONS=-V|settings.options|asks for help'
		'CHECKS=file --utf8|settings.options|no arguments are taken: file'
		'TMPDIR=/no/such/folder|settings.tmpdir|No such file'
		"TMPDIR=$BATS_TEST_TMPDIR/crlf|settings.tmpdir|Not a directory"
	)
	printf '#!/bin/sh\r\nexit 0\r\n' >"$BATS_TEST_TMPDIR/crlf"
	echo 'exit 0' >"$BATS_TEST_TMPDIR/plain"
	echo '#!/no/such/shell' >"$BATS_TEST_TMPDIR/lost"
	echo '#!/usr/bin/env -S no-such-program -x' >"$BATS_TEST_TMPDIR/env"
	mkdir "$BATS_TEST_TMPDIR/empty"
	chmod +x "$BATS_TEST_TMPDIR"/{crlf,lost,env}
	local row setting check words
	for row in "${wrong[@]}"; do
		IFS='|' read -r setting check words <<<"$row"
		run3 env SOURCE_BUCKETS=source PROCESSED_BUCKET=good BAD_DATA_BUCKET=bad "$setting" s3ev-doctor -j
		assert_eq "$status $(jq -r 'select(.level == "bad" and (.check | startswith("settings."))).check' <<<"$out")" "78 $check"
		[[ $(jq -r 'select(.level == "bad") | .what + "; " + .mend' <<<"$out") == *"$words"* ]] || { echo "$row: $out" >&2 && return 1; }
	done
}

@test "a disk for temporary files that is full" {
	well
	# shellcheck disable=SC2016 # the other shell's
	run3 unshare -rm sh -c 'mount -t tmpfs -o size=16k none /mnt && head -c 1M /dev/zero >/mnt/full
		TMPDIR=/mnt exec s3ev-doctor -q' 2>/dev/null
	assert_eq "$status $out" '78 bad   settings.tmpdir     /mnt: No space left on device; set TMPDIR to a directory with room that can be written to
'
}

@test "a service out of reach: 69" {
	well
	AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:9 only 69 bad table.table 'the endpoint that s3ev-env prints'
	# Once for all buckets.
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 only 69 bad source.bucket 'the endpoint that s3ev-env prints'
}

@test "no credentials, or keys that are not known: 78, and nothing else is asked" {
	well
	AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' only 78 bad settings.aws NoCredentials
	AWS_SECRET_ACCESS_KEY=wrong only 78 bad account.keys SignatureDoesNotMatch
	AWS_ACCESS_KEY_ID=AKIDOFNOBODY00000000 only 78 bad account.keys InvalidAccessKeyId
}

@test "buckets that are not there, or may not be read or written" {
	well "$(refuse GET '/@in/.*nothing$')" "$(refuse PUT '/@in/')"
	only 78 bad source.read "allow s3:GetObject on arn:aws:s3:::$in/*"
	run3 env PROCESSED_BUCKET="$to-lost" s3ev-doctor -q -j
	assert_eq "$(jq -r .check <<<"$out" | paste -sd ' ')" 'source.read processed.bucket'
}

@test "each right that a destination needs" {
	local row rule check words
	for row in \
		"$(refuse PUT '/to-[^?]*nothing$')|processed.put|s3:PutObject on arn" \
		"$(jq -c '.match.header["x-amz-copy-source"] = "."' <<<"$(refuse PUT '/to-')")|processed.copy|s3:PutObjectTagging on arn" \
		"$(refuse GET '/to-[^?]*nothing$')|processed.read|s3:GetObject on arn" \
		"$(refuse DELETE '/to-[^?]*nothing$')|processed.delete|s3:DeleteObject on arn" \
		"$(refuse DELETE uploadId=)|processed.abort bad-data.abort|s3:AbortMultipartUpload"; do
		IFS='|' read -r rule check words <<<"$row"
		well "$rule"
		run3 s3ev-doctor -q -j
		assert_eq "$status $(jq -r .check <<<"$out" | paste -sd ' ')" "78 $check"
		[[ $out == *"$words"* ]]
	done
}

@test "what a source bucket lacks" {
	local row rule level check words all topic
	all=$(events s3:ObjectCreated:{Put,Post,Copy,CompleteMultipartUpload})
	topic=${all//Queue/Topic}
	for row in \
		"$(told "$all")||" \
		"$(told "$(events 's3:ObjectRemoved:*' 's3:ObjectCreated:*')")||" \
		"$(told "$(events s3:ObjectCreated:Copy)")|warn|source.events|multipart" \
		"{\"match\": {\"path\": \"versioning=\"}, \"reply\": {\"body\": \"<VersioningConfiguration/>\"}}|warn|source.versions|put-bucket-versioning" \
		"$(refuse GET versioning=)||" \
		"{\"match\": {\"path\": \"notification=\"}, \"reply\": {\"body\": \"<NotificationConfiguration/>\"}}|warn|source.events|tells nobody" \
		"{\"match\": {\"path\": \"notification=\"}, \"reply\": {\"body\": \"$(events s3:ObjectCreated:Put)\"}}|warn|source.events|multipart" \
		"{\"match\": {\"path\": \"notification=\"}, \"reply\": {\"body\": \"<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>\"}}||" \
		"$(refuse GET tagging=)|bad|source.tags|--no-tags"; do
		IFS='|' read -r rule level check words <<<"$row"
		well "$rule"
		run3 s3ev-doctor -q -j
		assert_eq "$(jq -r '.level + " " + .check' <<<"$out")" "${level:+$level $check}"
		[[ $out == *"$words"* ]]
	done
	export QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/123456789012/arrivals
	run3 s3ev-doctor -q -j
	[[ $out != *source.events* ]]
	QUEUE_URL=$QUEUE_URL/ run3 s3ev-doctor -q -j
	[[ $out != *source.events* ]]
	QUEUE_URL=${QUEUE_URL%arrivals}others run3 s3ev-doctor -q -j
	assert_eq "$(jq -r 'select(.level == "bad") | .check' <<<"$out" | grep events)" source.events
	# A topic may have the queue among its subscribers.
	well "$(told "$topic")"
	run3 s3ev-doctor -j
	assert_eq "$(jq -r 'select(.check == "source.events").level' <<<"$out")" skip
}

@test "a table that is not there, has other keys, or may not be written" {
	local options action
	well
	RECORD_TABLE=$table-lost only 78 bad table.table 'ddb-record --create'
	RECORD_TABLE=$table-lost RECORD_OPTIONS='--ttl 30 --create' named 0
	jq -n --arg t "$table-other" '{TableName: $t, BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: [{AttributeName: "pk", AttributeType: "S"}], KeySchema: [{AttributeName: "pk", KeyType: "HASH"}]}' |
		ddbc CreateTable >/dev/null
	wait_until table_is_active "$table-other"
	RECORD_TABLE=$table-other only 78 bad table.keys 'ddb-record --create'
	for options in '--ttl 30' --ttl=30; do
		RECORD_OPTIONS=$options only 0 warn table.ttl 'ddb-record --create --ttl'
	done
	for action in write:{Put,Update,Delete}Item read:{GetItem,Query}; do
		stub '[{"match": {"header": {"x-amz-target": "'"${action#*:}"'$"}}, "reply": {"status": 400,
			"body": "{\"__type\": \"com.amazonaws#AccessDeniedException\", \"Message\": \"not authorized\"}"}},
			{"upstream": "'"$AWS_ENDPOINT_URL_DYNAMODB"'"}]'
		AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL only 78 bad "table.${action%:*}" "allow dynamodb:${action#*:} on the table"
	done
}

@test "a server that looks at no condition: what was written is removed" {
	well '{"match": {"method": "PUT", "path": "nothing$"}, "times": 1, "reply": {"headers": {"etag": "\"e\""}}}'
	only 0 warn processed.put 'neither at If-Match nor at Content-MD5'
	assert_eq "$(jq -r 'select(.method == "DELETE" and (.target | test("nothing$")) and .headers["if-match"] == null).target' "$STUB_LOG")" "/$to/.s3ev-doctor/nothing"
}

@test "a destination that keeps versions, on a server that deletes without a condition: no marker stays" {
	well
	s3c versioning "$to" on
	named 0
	assert_eq "$(s3c dump "$to")$(jq -r 'select(.method == "DELETE" and (.target | test("nothing.versionId="))).method' "$STUB_LOG")" DELETE
	well "$(refuse DELETE 'nothing.versionId=')"
	s3c versioning "$to" on
	only 0 warn processed.delete 'remove the delete marker of .s3ev-doctor/nothing'
	assert_eq "$(s3c dump "$to" | jq -r .key)" .s3ev-doctor/nothing
}

@test "without s3:DeleteObject on AWS's S3 a wrong copy would stay" {
	make_ledger "ledger-$$"
	stub_as_aws '[{"match": {"method": "HEAD"}, "reply": {}},
		{"match": {"path": "versioning="}, "reply": {"body": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"}},
		{"match": {"path": "notification="}, "reply": {"body": "'"$(events 's3:ObjectCreated:*')"'"}},
		{"match": {"method": "DELETE", "header": {"if-match": "\"0{32}\""}}, "reply": '"$denied"'},
		{"reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}}]'
	export no_proxy=127.0.0.1 SOURCE_BUCKETS=in PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad RECORD_TABLE=ledger-$$
	named 0 'warn|processed.delete|s3:DeleteObject on arn:aws:s3:::to/*' 'warn|bad-data.delete|would stay'
}

@test "a queue: each fault, and nothing else" {
	well
	local row attributes rule checks options
	export QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/123456789012/arrivals
	local good='"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:arrivals", "VisibilityTimeout": "180", "MaximumMessageSize": "1048576"'
	local redrive='"RedrivePolicy": "{}"' policy='"Policy": "s3.amazonaws.com"'
	refused() { # ACTION CODE
		echo '{"match": {"header": {"x-amz-target": "'"$1"'"}}, "reply": {"status": 400, "headers": {"x-amzn-errortype": "'"$2"'"}, "body": "{}"}}'
	}
	while IFS='|' read -r attributes rule checks; do
		[ -z "$rule" ] || rule=$(refused $rule),
		stub "[$rule {\"match\": {\"header\": {\"x-amz-target\": \"GetQueueAttributes\"}},
			\"reply\": {\"body\": $(jq -n --argjson a "{$attributes}" '{Attributes: $a} | tojson')}},
			{\"reply\": {\"body\": \"{}\"}}]"
		AWS_ENDPOINT_URL_SQS=$STUB_URL run3 s3ev-doctor -q -j
		assert_eq "$attributes: $(jq -r '.level + " " + .check' <<<"$out" | paste -sd ' ')" "$attributes: $checks"
	done <<-TABLE
		$good, $redrive, $policy||
		$good, $policy||warn queue.redrive
		$good, $redrive||warn queue.policy
		${good/180/5}, $redrive, $policy||warn queue.visibility
		${good/1048576/1024}, $redrive, $policy||warn queue.size
		$good, $redrive, $policy, "KmsMasterKeyId": "alias/aws/sqs"||bad queue.key
		$good, $redrive, $policy, "KmsMasterKeyId": "alias/mine"||warn queue.key
		|GetQueueAttributes QueueDoesNotExist|bad queue.queue
		$good, $redrive, $policy|DeleteMessageBatch AccessDeniedException|bad queue.delete
		$good, $redrive, $policy|ChangeMessageVisibilityBatch AccessDeniedException|bad queue.give-back
	TABLE
	# The stub answers as for the last row.
	stub "[{\"match\": {\"header\": {\"x-amz-target\": \"GetQueueAttributes\"}},
		\"reply\": {\"body\": $(jq -n --argjson a "{$good, $redrive, $policy}" '{Attributes: $a} | tojson')}}, {\"reply\": {\"body\": \"{}\"}}]"
	for options in '--utf8 --timeout 600' '--utf8 --timeout=600'; do
		CHECKS=$options AWS_ENDPOINT_URL_SQS=$STUB_URL only 0 warn queue.visibility 'an object may take 600'
	done
	QUEUE_URL=nonsense only 78 bad queue.queue 'QUEUE_URL'
}

@test "a clock that is wrong" {
	well
	stub "[{\"reply\": {\"headers\": {\"date\": \"Thu, 01 Jan 2026 00:00:00 GMT\"}}, \"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL only 0 warn account.clock 'set the clock'
	# So wrong that no signature is taken, it is the clock, whatever code says so.
	stub '[{"reply": {"status": 403, "headers": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"},
		"body": "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL only 78 bad account.clock 'S3 takes no signature'
}

@test "keys that are not taken: where they come from, and how to get others" {
	local row code words
	well
	for row in 'ExpiredToken|get new ones' 'InvalidToken|AWS_SESSION_TOKEN' \
		'InvalidAccessKeyId|no such key' 'SignatureDoesNotMatch|secret access key'; do
		IFS='|' read -r code words <<<"$row"
		stub "[{\"reply\": {\"status\": 403, \"body\": \"<Error><Code>$code</Code><Message>no</Message></Error>\"}}]"
		AWS_ENDPOINT_URL_S3=$STUB_URL only 78 bad account.keys "$words"
	done
}

@test "seven faults at once: before anything is asked" {
	well
	printf '#!/bin/sh\r\n' >"$BATS_TEST_TMPDIR/crlf"
	chmod +x "$BATS_TEST_TMPDIR/crlf"
	export PROCESSED_BUCKET=s3://$to BAD_DATA_BUCKET=$bad SOURCE_BUCKETS=$bad,s3://$in PROCESSOR=$BATS_TEST_TMPDIR/crlf
	CHECKS='--utf8 --csv=many' RECORD_TABLE=$table-lost TMPDIR=$BATS_TEST_TMPDIR/none named 78 \
		'bad|settings.processed|the name alone' 'bad|settings.sources|s3://' 'bad|settings.loop|events again' \
		'bad|settings.processor|CRLF' 'bad|settings.options|number of columns' 'bad|settings.tmpdir|No such file' \
		'bad|table.table|ddb-record --create' 'warn|source.versions|put-bucket-versioning'
}

@test "seven faults at once: rights, events and what services lack" {
	well "$(told "$(events s3:ObjectCreated:Put)")" "$(refuse PUT '/to-[^?]*nothing$')" "$(refuse DELETE '/bad-.*uploadId=')" "$(refuse GET '/@in/.*tagging=')"
	s3c versioning "$in" off
	serve memory-sqs
	export QUEUE_URL=http://127.0.0.1:$port/000000000000/arrivals AWS_ENDPOINT_URL_SQS=http://127.0.0.1:$port
	RECORD_OPTIONS=--ttl=7 CHECKS='--utf8 --timeout 600' named 78 \
		'bad|processed.put|s3:PutObject on' 'bad|bad-data.abort|s3:AbortMultipartUpload on' 'bad|source.tags|--no-tags' \
		'warn|source.events|s3:ObjectCreated:*' 'warn|source.versions|put-bucket-versioning' \
		'warn|queue.redrive|RedrivePolicy' 'warn|queue.policy|sqs:SendMessage' 'warn|queue.visibility|600' \
		'warn|table.ttl|ddb-record --create --ttl'
}

@test "what a destination does to copies" {
	well '{"match": {"path": "/to-.*object-lock="}, "reply": {"body": "<ObjectLockConfiguration><Rule><DefaultRetention><Mode>COMPLIANCE</Mode></DefaultRetention></Rule></ObjectLockConfiguration>"}}' \
		'{"match": {"path": "/bad-.*encryption="}, "reply": {"body": "<ServerSideEncryptionConfiguration><Rule><SSEAlgorithm>aws:kms</SSEAlgorithm></Rule></ServerSideEncryptionConfiguration>"}}'
	named 0 'warn|processed.lock|Object Lock' 'warn|bad-data.encryption|kms:GenerateDataKey'
}

@test "what is not set is warned of, and good and bad data may share a bucket" {
	well
	SOURCE_BUCKETS='' named 0 'warn|settings.sources|any bucket'
	for checks in '' '--timeout 600' '--skip-folders -j 4' '-j 8 --env x' --allow-bom; do
		CHECKS=$checks named 0 'warn|settings.processor|every object is good'
	done
	for checks in --gz '-j 4 -z' -kz --max-unz=5M '--name *.csv' '--delim tab' '-x cat' -kxcat '-j8 -k --work cat'; do
		CHECKS=$checks named 0
	done
	BAD_DATA_BUCKET=$to ROUTE_OPTIONS='--bad-template=bad/{key}' named 0
	CHECKS=$'--utf8\t--csv\n --max-size=5' named 0
	PROCESSED_BUCKET=$in ROUTE_OPTIONS='--source-prefix=in/ -t out/{key}' named 0 'warn|settings.loop|--source-prefix'
}

@test "a bucket in another region, and an STS that is out of reach" {
	make_ledger "ledger-$$"
	stub_as_aws '[{"match": {"method": "HEAD"}, "reply": {"headers": {"x-amz-bucket-region": "eu-west-1"}}},
		{"match": {"path": "versioning="}, "reply": {"body": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"}},
		{"match": {"path": "notification="}, "reply": {"body": "'"$(events 's3:ObjectCreated:*')"'"}},
		{"reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}}]'
	export no_proxy=127.0.0.1 SOURCE_BUCKETS=in PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad RECORD_TABLE=ledger-$$
	named 0 'warn|source.region|AWS_REGION=eu-west-1' 'warn|processed.region|AWS_REGION=eu-west-1' 'warn|bad-data.region|AWS_REGION=eu-west-1'
	TARGET_REGION=us-east-1 named 0 'warn|source.region|AWS_REGION=eu-west-1' 'warn|processed.region|set TARGET_REGION=eu-west-1' 'warn|bad-data.region|set TARGET_REGION=eu-west-1'
	run3 s3ev-doctor
	[[ $out == *'skip  account.identity    STS, which the pipeline does not need: '* ]]
	# One that answers says whose keys they are, or that they are no good.
	stub '[{"times": 1, "reply": {"body": "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:a</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"}},
		{"reply": {"status": 403, "body": "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>too old</Message></Error></ErrorResponse>"}}]'
	AWS_ENDPOINT_URL_STS=$STUB_URL run3 s3ev-doctor
	[[ $out == *'ok    account.identity    arn:a, account 123456789012'* ]]
	AWS_ENDPOINT_URL_STS=$STUB_URL only 78 bad account.keys 'get new ones'
}

@test "--write: a server with odd ETags, one that keeps nothing, and a round that fails" {
	well '{"match": {"method": "PUT", "path": "/@in/"}, "reply": {"headers": {"etag": "\"00000000000000000000000000000000\""}}, "upstream": "'"$server"'"}' \
		'{"match": {"method": "HEAD", "path": "/@in/.s3ev-doctor/[^?]*$"}, "reply": {"status": 412}}'
	run3 s3ev-doctor --write -q -j
	assert_eq "$status $(jq -r 'select(.check | startswith("server")) | .level + " " + .check' <<<"$out" | paste -sd ' ')" \
		'78 bad server.etag warn server.if-match warn server.conditions'
	[[ $(jq -r 'select(.check == "server.etag").mend' <<<"$out") == *--no-etag-md5* ]]
	# An MD5 in capitals is one, too.
	well '{"match": {"method": "PUT", "path": "/@in/"}, "reply": {"headers": {"etag": "\"B576D85CA26219FF43616442D0EF578D\""}}, "upstream": "'"$server"'"}'
	run3 s3ev-doctor --write -q -j
	assert_eq "$(jq -r 'select(.check == "server.etag").what' <<<"$out")" ''
	well "$(refuse PUT '/to-.*/[0-9-]*$')"
	run3 s3ev-doctor --write -q -j
	assert_eq "$status $(jq -r 'select(.check == "round") | .level + " " + .what' <<<"$out")" '78 bad a good file fails: see the line above'
	[[ $err == 's3route: '*"AccessDenied: Access Denied (PUT in bucket $to)"* ]]
}

@test "--write: who reads may go, or end it: what was made is removed all the same" {
	new_places
	export SOURCE_BUCKETS=$in PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table
	{ s3ev-doctor --write || echo $? >"$BATS_TEST_TMPDIR/status"; } |
		while read -r _ check _; do [[ $check != server.* ]] || break; done
	assert_eq "$(<"$BATS_TEST_TMPDIR/status")" 141
	assert_eq "$(s3c ls "$in")$(s3c ls "$to")$(s3c ls "$bad")$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq .Count)" '[][][]0'
	stub "[{\"match\": {\"method\": \"PUT\", \"path\": \"/$to/.s3ev-doctor/[0-9]\"}, \"delayMs\": 500, \"upstream\": \"$AWS_ENDPOINT_URL_S3\"}, {\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	AWS_ENDPOINT_URL_S3=$STUB_URL s3ev-doctor --write >"$BATS_TEST_TMPDIR/out" 3>&- &
	wait_until eval 'jq -r .target "$STUB_LOG" | grep -q "^/$in/.s3ev-doctor/[0-9]"'
	kill "$!"
	wait "$!" || status=$?
	assert_eq "$status $(s3c ls "$in")$(s3c ls "$to")$(s3c ls "$bad")$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq .Count)" '143 [][][]0'
}

@test "--write replaces and removes nothing that was there" {
	new_places
	export SOURCE_BUCKETS=$in PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table
	echo precious | s3c put "$to" current.csv
	before=$(s3c ls "$to")
	for options in '-c replace -t current.csv' '-n -t current.csv'; do
		ROUTE_OPTIONS=$options run3 s3ev-doctor --write -j
		assert_eq "$options: $(s3c ls "$to")$(s3c ls "$bad")" "$options: ${before}[]"
		assert_eq "$(jq -r 'select(.check == "round").level' <<<"$out" | uniq)" "$([[ $options == -n* ]] && echo bad || echo ok)"
	done
}

@test "copies that go to another store are looked for there, and removed there" {
	well '{"match": {"path": "^/(to|bad)-"}, "reply": {"status": 404, "body": "<Error><Code>NoSuchBucket</Code></Error>"}}'
	for setting in "TARGET_ENDPOINT_URL=$server" "ROUTE_OPTIONS=--no-tags --target-endpoint $server"; do
		run3 env "$setting" s3ev-doctor --write -q
		assert_eq "$setting $status:$out$err" "$setting 0:"
		assert_eq "$(AWS_ENDPOINT_URL_S3=$server s3c ls "$to")$(AWS_ENDPOINT_URL_S3=$server s3c ls "$bad")$(s3c ls "$in")" '[][][]'
	done
	# A bucket of that name is another one there; one that is not there is said to be so.
	TARGET_ENDPOINT_URL=$server SOURCE_BUCKETS=$in,$to PROCESSED_BUCKET=$to-lost run3 s3ev-doctor -q -j
	assert_eq "$(jq -r .check <<<"$out" | grep -E 'loop|processed')" processed.bucket
	ROUTE_OPTIONS='' TARGET_PROFILE=nobody run3 s3ev-doctor -q -j --write
	assert_eq "$(jq -r .check <<<"$out")" settings.aws
}

@test "hostile words of a server come out as one safe line" {
	well '{"match": {"method": "GET", "path": "/@in/.*nothing$"}, "reply": {"status": 400, "body": "<Error><Code>Odd</Code><Message>a&#10;ok    all.well\u001b[2J</Message></Error>"}}'
	run3 s3ev-doctor -q
	assert_eq "$status $(wc -l <"$BATS_TEST_TMPDIR/out")" '78 1'
	[[ $out == 'bad   source.read'*'\x0aok    all.well'* ]]
}

@test "options, and a full disk" {
	run3 s3ev-doctor --nonsense
	assert_eq "$status" 64
	run3 s3ev-doctor word
	assert_eq "$status" 64
	run3 bash -c 's3ev-doctor >/dev/full'
	assert_eq "$status" 74
	run3 env EXPECTED_BUCKET_OWNER=me s3ev-doctor
	assert_eq "$status" 78
}
