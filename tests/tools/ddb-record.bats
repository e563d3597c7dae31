#!/usr/bin/env bats
# ddb-record: the ledger in a real table, and a DynamoDB that fails. See also topics/failure.bats.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=3
	dir=$BATS_TEST_TMPDIR
	table=ledger-$RANDOM$RANDOM
}

new_table() {
	jq -n --arg t "$table" '{TableName: $t, BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: [{AttributeName: "object", AttributeType: "S"}, {AttributeName: "seq", AttributeType: "S"}],
		KeySchema: [{AttributeName: "object", KeyType: "HASH"}, {AttributeName: "seq", KeyType: "RANGE"}]}' |
		ddbc CreateTable >/dev/null
	wait_until is_active
}

is_active() {
	jq -n --arg t "$table" '{TableName: $t}' | ddbc DescribeTable | jq -e '.Table.TableStatus == "ACTIVE"' >/dev/null
}

# The items of an object in order, one a line, without types.
items() { # OBJECT
	jq -n --arg t "$table" --arg o "$1" '{TableName: $t, KeyConditionExpression: "#o = :o",
		ExpressionAttributeNames: {"#o": "object"}, ExpressionAttributeValues: {":o": {S: $o}}}' |
		ddbc Query | jq -cS '.Items[] | map_values(.S // .SS // (.L | arrays | map(.M | map_values(.S))) // (.N | tonumber))'
}

# Records stdin's records in $table.
ledger() { # OPTION...
	run3 timeout 60 ddb-record -t "$table" "$@"
}

routed() { # NAME=VALUE...
	record bucket=in key=k etag=E size=6 sequencer=0055AED6DCD90281E5 \
		route:='{"to":"processed","bucket":"processed","key":"x/k","etag":"E"}' "$@"
}

@test "what became of an object is one item" {
	new_table
	line=$(routed key='a b/é"' version=v1)
	ledger <<<"$line"
	assert_eq "$status $out$err" "0 ${line%\}},\"record\":{\"table\":\"$table\",\"status\":\"written\"}}"$'\n'
	assert_eq "$(items 'in/a b/é"' | jq -S 'del(.recorded, .decisions[].recorded)')" "$(jq -S '{
		object: "in/a b/é\"", seq: "0055AED6DCD90281E500000000000000#v1", $id, event, time, bucket, key, version, etag,
		size, sequencer, outcome: "good", destination: "processed/x/k", destination_etag: "E",
		decided: 1, decisions: [{outcome: "good", destination: "processed/x/k"}]}' --arg id "$(jq -r .id <<<"$line")" <<<"$line")"
	[[ $(items 'in/a b/é"' | jq -r .recorded) =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
}

@test "those that the version null had one after the other are items of their own" {
	new_table
	record bucket=in key=k version=null etag=E1 time=2026-11-23T05:54:00Z >"$dir/in"
	record bucket=in key=k version=null etag=E2 time=2026-11-23T05:54:00Z >>"$dir/in"
	ledger -k <"$dir/in"
	assert_eq "$status $err$(jq -r .record.status <<<"$out" | tr '\n' ' ')" '0 written written '
	assert_eq "$(items in/k | jq -r .seq)" $'006B03D4F80000000000000000000000#E1\n006B03D4F80000000000000000000000#E2'
}

@test "each outcome is recorded, with its reason; what is not known is left out" {
	new_table
	{
		record bucket=in key=good etag=E
		record bucket=in key=bad etag=E bad:='{"by":"me","code":"Comma","reason":"no comma","line":7,"column":3,"byte":99,"count":2}' \
			route:='{"to":"bad-data","bucket":"bad-data","key":"bad","etag":"E"}'
		record bucket=in key=gone etag=E gone:='{"by":"me","code":"NoSuchKey","message":"x"}'
	} >"$dir/in"
	ledger -k <"$dir/in"
	assert_eq "$status $err" '0 '
	for key in good bad gone; do
		items "in/$key" | jq -cS 'del(.object, .seq, .id, .event, .time, .bucket, .key, .etag, .recorded, .decisions)'
	done | jq -S -c . >"$dir/items"
	assert_eq "$(<"$dir/items")" '{"decided":1,"outcome":"good"}
{"attention":"bad","by":"me","byte":99,"code":"Comma","column":3,"count":2,"decided":1,"destination":"bad-data/bad","destination_etag":"E","line":7,"outcome":"bad","reason":"no comma"}
{"by":"me","code":"NoSuchKey","decided":1,"outcome":"gone","reason":"x"}'
}

@test "again the same is 'repeated' and changes nothing" {
	new_table
	line=$(routed)
	ledger <<<"$line"
	first=$(items in/k)
	ledger -j 1 <<<"$line"$'\n'"$line"
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" $'0 repeated\nrepeated'
	assert_eq "$(items in/k)" "$first"
	# The same, whatever envelope it came in.
	ledger < <(jq -cS '.from = {sqs: "1"} | .time = "2027-01-01T00:00:00Z"' <<<"$line")
	assert_eq "$(jq -r .record.status <<<"$out") $(items in/k)" "repeated $first"
}

@test "another decision replaces the earlier one, and counts" {
	new_table
	line=$(routed)
	bad=$(jq -cS '.bad = {by: "me", reason: "first"}' <<<"$line")
	ledger -j 1 < <(echo "$bad"; jq -cS '.bad.reason = "second"' <<<"$bad"; echo "$line"; echo "$line"; echo "$bad")
	assert_eq "$status $err$(jq -r .record.status <<<"$out" | tr '\n' ' ')" '0 written replaced replaced repeated replaced '
	assert_eq "$(items in/k | jq -c '[.outcome, .reason, .decided]')" '["bad","first",4]'
	ledger < <(jq -cS '.route.key = "elsewhere"' <<<"$bad")
	assert_eq "$(items in/k | jq -c '[.destination, .decided]')" '["processed/elsewhere",5]'
}

@test "no table: records pass as they are, and nothing is asked" {
	stub '[]'
	line=$(routed)
	for set in -u\ RECORD_TABLE RECORD_TABLE=; do
		# shellcheck disable=SC2086
		AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 env $set ddb-record <<<"$line"
		assert_eq "$status $out$err" "0 $line"$'\n'
	done
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL RECORD_TABLE=$table run3 ddb-record -t '' <<<"$line"
	assert_eq "$status $out$err" "0 $line"$'\n'
	[ ! -s "$STUB_LOG" ]
}

@test "the table comes from -t, else from RECORD_TABLE" {
	new_table
	RECORD_TABLE=$table run3 ddb-record <<<"$(routed key=a)"
	assert_eq "$status $(jq -r .record.table <<<"$out")" "0 $table"
	RECORD_TABLE=none run3 ddb-record -t "$table" <<<"$(routed key=b)"
	assert_eq "$status $(items in/a | wc -l) $(items in/b | wc -l)" '0 1 1'
}

@test "no such table: failed, with its name and what makes it" {
	ledger <<<"$(routed)"
	assert_eq "$status $(jq -r '.failed | .code + " " + (.retry | tostring)' <<<"$out")" '75 ResourceNotFoundException false'
	[[ $err == "ddb-record: in/k: ResourceNotFoundException: there is no table $table here; ddb-record --create makes it; see s3ev-doctor"*$'\n' ]]
	assert_json '.record | not'
}

@test "one query gives an object's history in the order of its events, whatever that of arrival" {
	new_table
	# Sequencers compare as numbers written to the left: of different lengths, in any case.
	sequencers=(0055AED6DCD90281E4 0055aed6dcd90281e5 0055AED6DCD90281E501 0055AED6DCD90281E51 0055AED6DCD90281F 0056 1)
	for i in "${!sequencers[@]}"; do
		record bucket=in key=k etag="E$i" sequencer="${sequencers[i]}" time="2026-11-23T05:54:0$((7 - i)).000Z"
	done | shuf >"$dir/in"
	ledger <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_eq "$(items in/k | jq -r .etag | tr '\n' ' ')" 'E0 E1 E2 E3 E4 E5 E6 '
	assert_eq "$(items in/k | head -n 2 | jq -r .seq)" '0055AED6DCD90281E400000000000000#E0
0055AED6DCD90281E500000000000000#E1'
}

@test "Ceph's sequencers do not sort, so its times do; so for events that have none" {
	new_table
	{
		for i in 1 2 3; do
			record bucket=in key=ceph etag="E$i" source=ceph:s3 sequencer="$((9 - i))B9A" time="2026-11-23T05:54:00.00000${i}Z"
			record bucket=in key=none version="v$i" etag=E time="2026-11-23T05:54:0${i}Z"
		done
	} | shuf >"$dir/in"
	ledger <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_eq "$(items in/ceph | jq -r .seq)" '006B03D4F8000003E800000000000000#E1
006B03D4F8000007D000000000000000#E2
006B03D4F800000BB800000000000000#E3'
	assert_eq "$(items in/none | jq -r .seq)" '006B03D4F90000000000000000000000#v1
006B03D4FA0000000000000000000000#v2
006B03D4FB0000000000000000000000#v3'
}

@test "two versions with one sequencer, or none at all, do not share an item" {
	new_table
	ledger < <(
		record bucket=in key=k etag=E sequencer=01 version=v1
		record bucket=in key=k etag=E sequencer=01 version=v2
		record bucket=in key=l id=one
		record bucket=in key=l id=two
	)
	assert_eq "$status $err$(jq -r .record.status <<<"$out" | uniq -c)" '0       4 written'
	assert_eq "$(items in/k | wc -l) $(items in/l | wc -l)" '2 2'
}

@test "the same many times at once: written once, repeated by all others" {
	new_table
	line=$(routed)
	ledger -j 40 < <(for _ in {1..40}; do echo "$line"; done)
	assert_eq "$status $err$(jq -r .record.status <<<"$out" | sort | uniq -c)" '0      39 repeated
      1 written'
	assert_eq "$(items in/k | jq .decided)" 1
}

@test "different decisions at once: one after the other, none is lost in the count" {
	new_table
	for i in {1..6}; do
		routed bad:="{\"by\":\"me\",\"reason\":\"$i\"}"
	done >"$dir/in"
	ledger -j 6 <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r .record.status <<<"$out" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 5 replaced; 1 written;'
	assert_eq "$(items in/k | jq .decided)" 6
}

@test "throttled: tried again, and then written" {
	new_table
	stub "[{\"times\": 1, \"reply\": {\"status\": 400, \"body\":
		\"{\\\"__type\\\":\\\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\\\",\\\"message\\\":\\\"x\\\"}\"}},
		{\"times\": 1, \"reply\": {\"status\": 500}}, {\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $err$(jq -r .record.status <<<"$out") $(wc -l <"$STUB_LOG")" '0 written 4'
	assert_eq "$(items in/k | wc -l)" 1
}

@test "an answer that was lost: the item is known again, and counts once" {
	new_table
	stub "[{\"times\": 1, \"loseAnswer\": true, \"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}, {\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 repeated'
	assert_eq "$(items in/k | jq -c '[.outcome, .decided]')" '["good",1]'
}

@test "a server that does not send the item along is asked for it" {
	new_table
	ledger <<<"$(routed)"
	ledger <<<"$(record bucket=in key=named)"
	stub "[{\"match\": {\"header\": {\"x-amz-target\": \"PutItem\"}}, \"times\": 2, \"reply\": {\"status\": 400, \"body\":
		\"{\\\"__type\\\":\\\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\\\"}\"}},
		{\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger -j 1 < <(routed; record bucket=in key=named)
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" $'0 repeated\nrepeated'
	assert_eq "$(jq -r '.headers["x-amz-target"]' "$STUB_LOG")" $'DynamoDB_20120810.PutItem\nDynamoDB_20120810.Query\nDynamoDB_20120810.PutItem\nDynamoDB_20120810.GetItem'
}

@test "an item that others keep changing is failed in the end" {
	item='{\"outcome\":{\"S\":\"bad\"},\"decided\":{\"N\":\"7\"},\"object\":{\"S\":\"in/k\"},\"seq\":{\"S\":\"0055AED6DCD90281E500000000000000#E\"}}'
	stub "[{\"match\": {\"header\": {\"x-amz-target\": \"Query\"}}, \"reply\": {\"body\": \"{\\\"Items\\\":[$item]}\"}},
		{\"reply\": {\"status\": 400, \"body\": \"{\\\"__type\\\":\\\"x#ConditionalCheckFailedException\\\",\\\"Item\\\":$item}\"}}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $(jq -r '.failed | .code + " " + (.retry | tostring)' <<<"$out")" '75 ConditionalCheckFailedException true'
	[ "$(wc -l <"$STUB_LOG")" -lt 20 ]
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(record bucket=in key=k)"
	assert_eq "$status $(jq -r '.failed | .code + " " + (.retry | tostring)' <<<"$out")" '75 ConditionalCheckFailedException true'
}

@test "an answer that is none of DynamoDB's is failed" {
	for reply in '{"status": 200, "body": "<html>log in</html>"}' '{"status": 403, "body": "<html>"}' '{"status": 301}'; do
		stub "[{\"reply\": $reply}]"
		AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
		assert_eq "$reply $status $(jq -r '.failed | type' <<<"$out")" "$reply 75 object"
		stop_servers
	done
}

@test "wrong permission: failed, with AWS's code, message and request id" {
	stub '[{"reply": {"status": 400, "headers": {"x-amzn-RequestId": "R"}, "body":
		"{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"not authorized to perform: dynamodb:PutItem\"}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $err" $'75 ddb-record: in/k: AccessDeniedException: not authorized to perform: dynamodb:PutItem; see s3ev-doctor (request R)\n'
	assert_json '.failed == {by: "ddb-record", code: "AccessDeniedException",
		message: "not authorized to perform: dynamodb:PutItem; see s3ev-doctor", request_id: "R", retry: false}'
}

@test "a key of 1024 bytes, and one with control characters, are recorded as they are" {
	new_table
	long=$(printf 'é%.0s' {1..512})
	ledger < <(record bucket=in key="$long" etag=E; record bucket=in key=$'a\n\t\x01"\\b' etag=E)
	assert_eq "$status $err" '0 '
	assert_eq "$(items "in/$long" | jq -r .key)" "$long"
	assert_eq "$(items $'in/a\n\t\x01"\\b' | jq .key)" '"a\n\t\u0001\"\\b"'
}

# One version, one item

# The same version as an event, as a line of a list, and as one that has a time of its own.
told() { # event|list|timed|versions [NAME=VALUE...]
	local how=$1
	shift
	case $how in
	event) routed sequencer=006B03D4F8D90281E5 version=v1 "$@" ;;
	list) routed sequencer= modified=2026-11-23T05:54:00.000Z "$@" | jq -cS 'del(.sequencer, .time, .event, .id)' ;;
	timed) routed sequencer= time=2026-11-29T01:00:00Z "$@" | jq -cS 'del(.sequencer, .event, .id)' ;;
	versions) routed sequencer= version=v1 modified=2026-11-23T05:54:00.000Z "$@" | jq -cS 'del(.sequencer, .time, .event, .id)' ;;
	esac
}

@test "a version has one item, whoever tells of it, in whatever order" {
	new_table
	for order in event,list,timed,versions list,event,timed versions,list,event timed,event,list list,timed,versions,event timed,list; do
		for how in ${order//,/ }; do
			told "$how" key="$order"
		done
	done >"$dir/in"
	ledger -j 1 <"$dir/in"
	assert_eq "$status $err$(jq -r '.key + " " + .record.status' <<<"$out" | sort | uniq -c | awk '$3 != "repeated" {print $1, $3}' | sort -u)" '0 1 written'
	for order in $(jq -r .key "$dir/in" | sort -u); do
		assert_eq "$order $(items "in/$order" | jq -c '[.decided, (.decisions | length)]')" "$order [1,1]"
		[[ $order != *event* ]] || assert_eq "$order $(items "in/$order" | jq -r '[.seq, .event, .time] | join(" ")')" \
			"$order 006B03D4F8D90281E500000000000000#v1 ObjectCreated:Put 2026-11-23T05:54:00.123Z"
	done
	assert_eq "$(items in/list,event,timed | jq -r .modified)" 2026-11-23T05:54:00.000Z
}

@test "told by an event and a list at once, twenty versions, twenty items" {
	new_table
	for i in {1..20}; do
		told event key="k$i" version="v$i"
		told list key="k$i" version= etag=E
		told versions key="k$i" version="v$i"
	done >"$dir/in"
	ledger -j 60 <"$dir/in"
	assert_eq "$status $err$(jq -r .record.status <<<"$out" | sort | uniq -c | awk '{print $2}' | tr '\n' ' ')" '0 repeated written '
	assert_eq "$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan |
		jq -r '.Items[] | [.seq.S[:32], .decided.N, (.decisions.L | length)] | join(" ")' | sort | uniq -c)" \
		'     20 006B03D4F8D90281E500000000000000 1 1'
}

@test "a version that was only listed stands where it was written, before what is newer" {
	new_table
	for i in 2 4; do
		told event key=k version="v$i" sequencer="006B03D4F${i}D90281E5" time="2026-11-23T05:53:5${i}Z" etag="E$i"
	done >"$dir/in"
	told list key=k version= etag=E3 modified=2026-11-23T05:53:55.000Z >>"$dir/in" # 006B03D4F3
	told list key=k version= etag=E0 modified=2020-01-01T00:00:00.000Z >>"$dir/in"
	told list key=k version= etag=none modified= >>"$dir/in"
	told event key=k version=v1 sequencer=006B03D4F1D90281E5 time=2026-11-23T05:53:53Z etag=E1 >>"$dir/in"
	ledger -j 1 <"$dir/in"
	assert_eq "$status $err$(items in/k | jq -r .etag | tr '\n' ' ')" '0 none E0 E1 E2 E3 E4 '
	# Those of a server whose sequencers are nanoseconds.
	ledger -j 1 < <(
		told event key=ns version= sequencer=18EA96D4529084C0 etag=E1 time=2026-11-23T05:54:00.123Z
		told event key=ns version= sequencer=18EA96F000000000 etag=E3 time=2026-11-23T05:55:58Z
		told list key=ns version= etag=E2 modified=2026-11-23T05:55:00Z
	)
	assert_eq "$status $err$(items in/ns | jq -r .etag | tr '\n' ' ')" '0 E1 E2 E3 '
}

@test "the same content uploaded twice is two versions; a list means the newer" {
	new_table
	ledger -j 1 < <(
		told event key=k version= sequencer=006B03D4F2D90281E5
		told event key=k version= sequencer=006B03D4F4D90281E5
		told list key=k version= bad:='{"by":"me","reason":"no"}'
	)
	assert_eq "$status $err$(items in/k | jq -c '[.seq[:10], .outcome]' | tr '\n' ' ')" '0 ["006B03D4F2","good"] ["006B03D4F4","bad"] '
	# What replaces a decision leaves what is known of the version.
	assert_eq "$(items in/k | jq -c '[.sequencer, .event, .modified]' | tail -n 1)" \
		'["006B03D4F4D90281E5","ObjectCreated:Put","2026-11-23T05:54:00.000Z"]'
}

@test "killed between the two items of a version: whoever comes next makes them one" {
	new_table
	for how in event list; do
		told event key="$how" etag=E bad:='{"by":"me","reason":"first"}' | ledger_alone
		told list key="$how" version= etag=E >"$dir/list"
		# As it was written by one that saw no other, and was killed before its look.
		jq -cn --arg t "$table" --arg k "$how" '{TableName: $t, Item: ({object: "in/\($k)", seq: "006B03D4F80000000000000000000000#E",
			bucket: "in", key: $k, etag: "E", outcome: "good", recorded: "2026-11-23T06:00:00Z", destination: "processed/x/k"} |
			map_values({S: .}) + {decided: {N: "1"}})}' | ddbc PutItem >/dev/null
		assert_eq "$(items "in/$how" | wc -l)" 2
		told "$how" key="$how" version= etag=E bad:='{"by":"me","reason":"first"}' | ledger_alone
		assert_eq "$how $(items "in/$how" | jq -c '[.seq[:20], .outcome, .decided, [.decisions[].outcome]]')" \
			"$how "'["006B03D4F8D90281E500","bad",2,["bad","good"]]'
	done
}

ledger_alone() {
	ledger && assert_eq "$status $err" '0 '
}

@test "items of before are understood, and get a list when they change" {
	new_table
	for seq in 2026-11-23T05:54:00Z#E '#E' 006B03D4F8D90281E500000000000000#v1; do
		jq -cn --arg t "$table" --arg s "$seq" '{TableName: $t, Item: ({object: "in/\($s)", seq: $s, bucket: "in", key: $s, etag: "E",
			outcome: "bad", by: "me", reason: "old", recorded: "2026-01-01T00:00:00Z"} |
			map_values({S: .}) + {decisions: {N: "3"}})}' | ddbc PutItem >/dev/null
		ledger < <(told list key="$seq" version= route:=null bad:='{"by":"me","reason":"old"}')
		assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 repeated'
		ledger < <(told event key="$seq")
		assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 replaced'
		assert_eq "$(items "in/$seq" | jq -c '[.outcome, .decided, [.decisions[] | .outcome, .reason]]')" '["good",4,["good",null,"bad","old"]]'
	done
}

@test "every decision stays with its time, the last one on top, sixteen of them" {
	new_table
	line=$(told event)
	ledger -j 1 < <(for i in {1..20}; do jq -cS --arg i "$i" '.bad = {by: "me", reason: $i, code: "C"} | del(.route)' <<<"$line"; done)
	assert_eq "$status $err$(items in/k | jq -c '[.reason, .decided, (.decisions | length), .decisions[0], .decisions[15].reason] | del(.[3].recorded)')" \
		'0 ["20",20,16,{"by":"me","code":"C","outcome":"bad","reason":"20"},"5"]'
	assert_eq "$(items in/k | jq '.recorded == .decisions[0].recorded and all(.decisions[]; .recorded | endswith("Z"))')" true
}

# Failures

failed() { # RECORD
	jq -cS '.failed = {by: "s3fetch", code: "SlowDown", message: "not so fast", retry: true}' <<<"$1"
}

@test "failed records pass untouched, unless --failed records them" {
	new_table
	line=$(failed "$(routed)")
	ledger <<<"$line"
	assert_eq "$status $out$err$(items in/k)" "75 $line"$'\n'
	ledger --failed <<<"$line"
	assert_eq "$status $out$err" "75 ${line%\}},\"record\":{\"table\":\"$table\",\"status\":\"written\"}}"$'\n'
	assert_eq "$(items in/k | jq -c '[.outcome, .by, .code, .reason, .decided]')" '["failed","s3fetch","SlowDown","not so fast",0]'
	# One whose event could not even be read is recorded nowhere.
	ledger --failed <<<'{"failed":{"by":"me","code":"x"}}'
	assert_eq "$status $out$err" $'75 {"failed":{"by":"me","code":"x"}}\n'
}

@test "any decision replaces a failure, in one write, and is the first" {
	new_table
	stub "[{\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	export AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL
	line=$(routed)
	ledger --failed -j 1 < <(failed "$line"; jq -cS '.failed = {by: "me", code: "Timeout", message: "again"}' <<<"$line")
	assert_eq "$status $err$(items in/k | jq -c '[.code, .decided]')" '75 ["Timeout",0]'
	for outcome in '.' '.bad = {by: "me", reason: "no"}' '.gone = {by: "me", code: "NoSuchKey", message: "x"}'; do
		line=$(jq -cS '.key += "x"' <<<"$line")
		ledger --failed <<<"$(failed "$line")"
		before=$(wc -l <"$STUB_LOG")
		ledger < <(jq -cS "$outcome" <<<"$line")
		assert_eq "$outcome $status $err$(jq -r .record.status <<<"$out") $(($(wc -l <"$STUB_LOG") - before))" "$outcome 0 written 2"
		assert_eq "$(items "in/$(jq -r .key <<<"$line")" | jq .decided)" 1
	done
}

@test "a failure neither replaces nor hides a decision" {
	new_table
	for outcome in '.' '.bad = {by: "me", reason: "no"}' '.gone = {by: "me", code: "NoSuchKey", message: "x"}'; do
		line=$(routed | jq -cS --arg k "$outcome" '.key = $k')
		ledger < <(jq -cS "$outcome" <<<"$line")
		before=$(items "in/$outcome")
		ledger --failed < <(failed "$line")
		assert_eq "$status $err$(jq -r .record.status <<<"$out") $(items "in/$outcome")" "75 kept $before"
	done
}

@test "failures and decisions at the same instant: the decision stays" {
	new_table
	line=$(routed)
	for i in {1..30}; do
		failed "$(jq -cS --arg i "$i" '.from = $i' <<<"$line")"
		[ "$i" != 15 ] || echo "$line"
	done >"$dir/in"
	ledger --failed -j 31 <"$dir/in"
	assert_eq "$status $err$(jq -r 'select(.failed | not) | .record.status' <<<"$out")" '75 written'
	assert_eq "$(items in/k | jq -c '[.outcome, .decided]')" '["good",1]'
}

@test "a failure that cannot be recorded keeps its first reason" {
	stub '[{"reply": {"status": 400, "body": "{\"__type\":\"x#AccessDeniedException\",\"message\":\"no\"}"}}]'
	line=$(failed "$(routed)")
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger --failed <<<"$line"
	assert_eq "$status $out$err" "75 $line"$'\nddb-record: in/k: AccessDeniedException: no; see s3ev-doctor\n'
}

# What is long, and what ends

@test "an item is never too large: what is long is cut, and it says what" {
	new_table
	line=$(routed | jq -cS '.bad = {by: "me", reason: ("é" * 100000), code: ("c" * 5000)}')
	ledger <<<"$line"
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 written'
	assert_eq "$(items in/k | jq -c '[.reason, .code | utf8bytelength]')" '[4096,4096]'
	assert_eq "$(items in/k | jq -c '.trimmed | sort')" '["code","reason"]'
	ledger <<<"$line"
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 repeated'
}

@test "--ttl says when an item may go: a number, in seconds" {
	new_table
	before=$(date +%s)
	ledger --ttl 30 <<<"$(routed)"
	assert_eq "$status $err" '0 '
	expires=$(items in/k | jq .expires)
	[ "$expires" -ge $((before + 30 * 86400)) ]
	[ "$expires" -le $(($(date +%s) + 30 * 86400)) ]
	for days in 0 -1 1.5 '' 36501 forever; do
		ledger --ttl "$days" <<<nonsense
		assert_eq "$status $out$err" "64 ddb-record: not a number of days (1 to 36500): $days"$'\n'
	done
}

# Dry run

@test "-n says what would be done, and does nothing" {
	new_table
	line=$(routed)
	ledger -n <<<"$line"
	assert_eq "$status $out$err" "0 ${line%\}},\"record\":{\"table\":\"$table\",\"status\":\"written\",\"dry\":true}}"$'\n'
	ledger -n --failed < <(failed "$line")
	assert_eq "$status $err$(jq -c .record <<<"$out")" "75 {\"table\":\"$table\",\"status\":\"written\",\"dry\":true}"
	assert_eq "$(items in/k)" ''
	ledger <<<"$line"
	before=$(items in/k)
	ledger -k --dry-run --failed < <(
		echo "$line"
		jq -cS '.bad = {by: "me", reason: "no"}' <<<"$line"
		jq -cS '.gone = {by: "me", code: "NoSuchKey", message: "x"}' <<<"$line"
		failed "$line"
	)
	assert_eq "$status $err$(jq -r '.record.status' <<<"$out" | tr '\n' ' ')" '75 repeated replaced kept kept '
	assert_eq "$(items in/k)" "$before"
}

@test "what was routed in a dry run is not recorded" {
	new_table
	line=$(routed | jq -cS '.route.dry = true')
	ledger <<<"$line"
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(items in/k)" '75 DryRun '
	ledger -n <<<"$line"
	assert_eq "$status $(jq -c .record.dry <<<"$out")" '0 true'
}

# The table

@test "--create makes the table, and leaves one that is there as it is" {
	for _ in 1 2; do
		ledger --create <<<"$(routed)"
		assert_eq "$status $err" '0 '
	done
	assert_eq "$(jq -r .record.status <<<"$out") $(items in/k | wc -l)" 'repeated 1'
	assert_eq "$(jq -n --arg t "$table" '{TableName: $t}' | ddbc DescribeTable |
		jq -c '.Table | [.BillingModeSummary.BillingMode, (.KeySchema | map(.AttributeName + " " + .KeyType))]')" \
		'["PAY_PER_REQUEST",["object HASH","seq RANGE"]]'
}

@test "--create by many at once makes one table" {
	for i in {1..8}; do
		ddb-record -t "$table" --create <<<"$(routed key="$i")" >"$dir/$i" 3>&- &
	done
	wait
	assert_eq "$(cat "$dir"/[1-8] | jq -r .record.status | sort | uniq -c)" '      8 written'
}

@test "-n makes no table" {
	ledger --create -n <<<"$(routed)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 ResourceNotFoundException'
	run3 ddbc DescribeTable < <(jq -n --arg t "$table" '{TableName: $t}')
	assert_eq "$status" 1
}

# A DynamoDB that answers each action in turn with what is given for it.
acts() { # ACTION REPLY...
	local rules=() action reply
	while [ $# -gt 0 ]; do
		action=$1 reply=$2
		rules+=("$(jq -cn --arg a "\\.$action\$" --argjson r "$reply" \
			'{match: {header: {"x-amz-target": $a}}, times: 1, reply: {status: ($r.status // 200), body: ($r | tojson)}}')")
		shift 2
	done
	rules+=('{"match": {"header": {"x-amz-target": "PutItem"}}, "reply": {"body": "{}"}}'
		'{"match": {"header": {"x-amz-target": "Query"}}, "reply": {"body": "{\"Items\": []}"}}')
	stub "[$(IFS=,; echo "${rules[*]}")]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger --create --ttl 1 <<<"$(routed)"
}

acted() {
	jq -r '.headers["x-amz-target"] | ltrimstr("DynamoDB_20120810.")' "$STUB_LOG" | tr '\n' ' '
}

missing='{"status": 400, "__type": "x#ResourceNotFoundException"}'
table_is() { # STATUS
	printf '{"Table":{"TableStatus":"%s","KeySchema":[{"AttributeName":"object","KeyType":"HASH"},{"AttributeName":"seq","KeyType":"RANGE"}]}}' "$1"
}
expiry_is() { # STATUS [ATTRIBUTE]
	printf '{"TimeToLiveDescription":{"TimeToLiveStatus":"%s"%s}}' "$1" "${2:+,\"AttributeName\":\"$2\"}"
}

@test "--create waits until the table is active, then lets items expire" {
	acts DescribeTable "$missing" CreateTable '{}' DescribeTable "$missing" DescribeTable "$(table_is CREATING)" \
		DescribeTable "$(table_is ACTIVE)" DescribeTimeToLive "$(expiry_is DISABLED)" UpdateTimeToLive '{}'
	assert_eq "$status $err" '0 '
	assert_eq "$(acted)" 'DescribeTable CreateTable DescribeTable DescribeTable DescribeTable DescribeTimeToLive UpdateTimeToLive PutItem Query '
	stop_servers
	# A table that is being deleted is made again; what others did meanwhile is well.
	acts DescribeTable "$(table_is DELETING)" DescribeTable "$missing" CreateTable '{"status": 400, "__type": "x#ResourceInUseException"}' \
		DescribeTable "$(table_is UPDATING)" DescribeTimeToLive "$(expiry_is DISABLED)" \
		UpdateTimeToLive '{"status": 400, "__type": "x#ValidationException", "message": "TimeToLive is already enabled"}' \
		DescribeTimeToLive "$(expiry_is ENABLING expires)"
	assert_eq "$status $err" '0 '
	assert_eq "$(acted)" 'DescribeTable DescribeTable CreateTable DescribeTable DescribeTimeToLive UpdateTimeToLive DescribeTimeToLive PutItem Query '
}

@test "--create that does not work: 69, one line, and no record is read" {
	while IFS='|' read -r message replies; do
		eval "acts $replies"
		assert_eq "$status $out$err" "69 ddb-record: table $table: $message"$'\n'
		stop_servers
	done <<-'TABLE'
		AccessDeniedException: no; see s3ev-doctor|DescribeTable "$missing" CreateTable '{"status": 400, "__type": "x#AccessDeniedException", "message": "no"}'
		InvalidTable: its keys are not object and seq|DescribeTable '{"Table":{"TableStatus":"ACTIVE","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}'
		InvalidTable: its items expire by an attribute other than expires|DescribeTable "$(table_is ACTIVE)" DescribeTimeToLive "$(expiry_is ENABLED until)"
		ValidationException: no; see s3ev-doctor|DescribeTable "$(table_is ACTIVE)" DescribeTimeToLive "$(expiry_is DISABLING expires)" UpdateTimeToLive '{"status": 400, "__type": "x#ValidationException", "message": "no"}' DescribeTimeToLive "$(expiry_is DISABLING expires)"
	TABLE
}

@test "who else answers than DynamoDB is named by status, type and words, and has recorded nothing" {
	line=$(record bucket=in key=k etag=e size=1 sequencer=01 route:='{"to":"processed","bucket":"to","key":"k","etag":"e"}')
	while IFS='|' read -r reply code message; do
		stub "[{\"reply\": $reply}]"
		export AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL AWS_MAX_ATTEMPTS=1
		run3 ddb-record -t t <<<"$line"
		assert_eq "$reply $status $(jq -r '.failed | "\(.code)|\(.message) \(.retry)"' <<<"$out")" "$reply 75 $code|$message true"
		run3 ddb-list -t t
		[[ $status != 0 && -z $out && $err == "ddb-list: table t: $code: $message"* ]]
		stop_servers
	done <<-'TABLE'
		{"status": 403, "headers": {"Content-Type": "text/html"}, "body": "<h1>Forbidden</h1> by policy"}|UnexpectedAnswer|HTTP 403, text/html: not an answer of DynamoDB, perhaps of a proxy: Forbidden by policy
		{"status": 404}|UnexpectedAnswer|HTTP 404: not an answer of DynamoDB, perhaps of a proxy
		{"status": 502, "body": "bad gateway"}|InternalServerError|HTTP 502: not an answer of DynamoDB, perhaps of a proxy: bad gateway
		{"body": "{\"status\":\"UP\"}"}|UnexpectedAnswer|HTTP 200: not an answer of DynamoDB, perhaps of a proxy: {"status":"UP"}
		{"body": "<html>welcome</html>"}|UnexpectedAnswer|HTTP 200: not an answer of DynamoDB, perhaps of a proxy: welcome
		{"body": ""}|UnexpectedAnswer|HTTP 200: not an answer of DynamoDB, perhaps of a proxy
	TABLE
	# That is DynamoDB's answer to PutItem; what gives it to all is something else.
	stub '[{"reply": {"body": "{}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 ddb-list -t t
	assert_eq "$status $out$err" $'75 ddb-list: table t: UnexpectedAnswer: the answer has no Items, so it is none of DynamoDB\n'
	for written in "$line" "$(record bucket=in key=k etag=e size=1 sequencer= gone:='{"by":"me","code":"NoSuchKey","message":"x"}')"; do
		AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 ddb-record -t t <<<"$written"
		assert_eq "$status $(jq -r '.failed | .code, .retry' <<<"$out" | tr '\n' ' ')" '75 UnexpectedAnswer true '
	done
	stop_servers
	stub '[{"reply": {"status": 400, "body": "{\"__type\":\"x#ValidationException\"}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL run3 ddb-record -t t <<<"$line"
	assert_eq "$status $(jq -c '[.failed.code, .failed.message]' <<<"$out")" '75 ["ValidationException","HTTP 400; see s3ev-doctor"]'
}
