#!/usr/bin/env bats
# ddb-record: the ledger in a real table, and a DynamoDB that fails. See also failure.bats.

load helper

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
		ddbc Query | jq -c '.Items[] | map_values(.S // (.N | tonumber))'
}

# Records stdin's records in $table.
ledger() { # OPTION...
	run3 timeout 20 ddb-record -t "$table" "$@"
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
	assert_eq "$(items 'in/a b/é"' | jq -S 'del(.recorded)')" "$(jq -S '{
		object: "in/a b/é\"", seq: "0055AED6DCD90281E500000000000000#v1", $id, event, time, bucket, key, version, etag,
		size, sequencer, outcome: "good", destination: "processed/x/k", count: 1}' --arg id "$(jq -r .id <<<"$line")" <<<"$line")"
	[[ $(items 'in/a b/é"' | jq -r .recorded) =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
}

@test "each outcome is recorded, with its reason; what is not known is left out" {
	new_table
	{
		record bucket=in key=good etag=E
		record bucket=in key=bad etag=E bad:='{"by":"me","reason":"line 7: no comma"}' \
			route:='{"to":"bad-data","bucket":"bad-data","key":"bad","etag":"E"}'
		record bucket=in key=gone etag=E gone:='{"by":"me","code":"NoSuchKey","message":"x"}'
	} >"$dir/in"
	ledger -k <"$dir/in"
	assert_eq "$status $err" '0 '
	for key in good bad gone; do
		items "in/$key" | jq -c '[.outcome, .reason, .destination, .size, .version, .sequencer]'
	done >"$dir/items"
	assert_eq "$(<"$dir/items")" '["good",null,null,null,null,null]
["bad","line 7: no comma","bad-data/bad",null,null,null]
["gone","NoSuchKey",null,null,null,null]'
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
	ledger < <(jq -c '.from = {sqs: "1"} | .time = "2027-01-01T00:00:00Z"' <<<"$line")
	assert_eq "$(jq -r .record.status <<<"$out") $(items in/k)" "repeated $first"
}

@test "another decision replaces the earlier one, and counts" {
	new_table
	line=$(routed)
	bad=$(jq -c '.bad = {by: "me", reason: "first"}' <<<"$line")
	ledger -j 1 < <(echo "$bad"; jq -c '.bad.reason = "second"' <<<"$bad"; echo "$line"; echo "$line"; echo "$bad")
	assert_eq "$status $err$(jq -r .record.status <<<"$out" | tr '\n' ' ')" '0 written replaced replaced repeated replaced '
	assert_eq "$(items in/k | jq -c '[.outcome, .reason, .count]')" '["bad","first",4]'
	ledger < <(jq -c '.route.key = "elsewhere"' <<<"$bad")
	assert_eq "$(items in/k | jq -c '[.destination, .count]')" '["processed/elsewhere",5]'
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

@test "no such table: failed, with DynamoDB's words" {
	ledger <<<"$(routed)"
	assert_eq "$status $(jq -r '.failed | .code + " " + (.retry | tostring)' <<<"$out")" '75 ResourceNotFoundException false'
	[[ $err == "ddb-record: in/k: ResourceNotFoundException: "*$'\n' ]]
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
	assert_eq "$(items in/ceph | jq -r .seq)" '2026-11-23T05:54:00.000001Z#E1
2026-11-23T05:54:00.000002Z#E2
2026-11-23T05:54:00.000003Z#E3'
	assert_eq "$(items in/none | jq -r .seq)" '2026-11-23T05:54:01Z#v1
2026-11-23T05:54:02Z#v2
2026-11-23T05:54:03Z#v3'
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
	assert_eq "$(items in/k | jq .count)" 1
}

@test "different decisions at once: one after the other, none is lost in the count" {
	new_table
	for i in {1..6}; do
		routed bad:="{\"by\":\"me\",\"reason\":\"$i\"}"
	done >"$dir/in"
	ledger -j 6 <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r .record.status <<<"$out" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 5 replaced; 1 written;'
	assert_eq "$(items in/k | jq .count)" 6
}

@test "throttled: tried again, and then written" {
	new_table
	stub "[{\"times\": 1, \"reply\": {\"status\": 400, \"body\":
		\"{\\\"__type\\\":\\\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\\\",\\\"message\\\":\\\"x\\\"}\"}},
		{\"times\": 1, \"reply\": {\"status\": 500}}, {\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $err$(jq -r .record.status <<<"$out") $(wc -l <"$STUB_LOG")" '0 written 3'
	assert_eq "$(items in/k | wc -l)" 1
}

@test "an answer that was lost: the item is known again, and counts once" {
	new_table
	stub "[{\"times\": 1, \"loseAnswer\": true, \"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}, {\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 repeated'
	assert_eq "$(items in/k | jq -c '[.outcome, .count]')" '["good",1]'
}

@test "a server that does not send the item along is asked for it" {
	new_table
	ledger <<<"$(routed)"
	stub "[{\"match\": {\"header\": {\"x-amz-target\": \"PutItem\"}}, \"times\": 1, \"reply\": {\"status\": 400, \"body\":
		\"{\\\"__type\\\":\\\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\\\"}\"}},
		{\"upstream\": \"$AWS_ENDPOINT_URL_DYNAMODB\"}]"
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger < <(routed; )
	assert_eq "$status $err$(jq -r .record.status <<<"$out")" '0 repeated'
	assert_eq "$(jq -r '.headers["x-amz-target"]' "$STUB_LOG")" $'DynamoDB_20120810.PutItem\nDynamoDB_20120810.GetItem'
}

@test "an item that others keep changing is failed in the end" {
	stub '[{"reply": {"status": 400, "body":
		"{\"__type\":\"x#ConditionalCheckFailedException\",\"Item\":{\"outcome\":{\"S\":\"bad\"},\"count\":{\"N\":\"7\"}}}"}}]'
	AWS_ENDPOINT_URL_DYNAMODB=$STUB_URL ledger <<<"$(routed)"
	assert_eq "$status $(jq -r '.failed | .code + " " + (.retry | tostring)' <<<"$out")" '75 ConditionalCheckFailedException true'
	[ "$(wc -l <"$STUB_LOG")" -lt 20 ]
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
	assert_eq "$status $err" $'75 ddb-record: in/k: AccessDeniedException: not authorized to perform: dynamodb:PutItem (request R)\n'
	assert_json '.failed == {by: "ddb-record", code: "AccessDeniedException",
		message: "not authorized to perform: dynamodb:PutItem", request_id: "R", retry: false}'
}

@test "a key of 1024 bytes, and one with control characters, are recorded as they are" {
	new_table
	long=$(printf 'é%.0s' {1..512})
	ledger < <(record bucket=in key="$long" etag=E; record bucket=in key=$'a\n\t\x01"\\b' etag=E)
	assert_eq "$status $err" '0 '
	assert_eq "$(items "in/$long" | jq -r .key)" "$long"
	assert_eq "$(items $'in/a\n\t\x01"\\b' | jq .key)" '"a\n\t\u0001\"\\b"'
}
