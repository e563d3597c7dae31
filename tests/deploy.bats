# The stack: what the Serverless Framework makes of serverless.yml.
bats_require_minimum_version 1.8.0
load helper

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	export ROOT=$PWD
	make -s pipelines/lambda/node_modules/.bin/osls
	[ -e build/lambda.zip ] || make -s lambda
}

setup() {
	dir=$BATS_TEST_TMPDIR
	unset AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_DYNAMODB
}

# Makes $dir/template.json; needs no network.
package() { # [OPTION...]
	(cd "$ROOT/pipelines/lambda" && node_modules/.bin/osls package --package "$dir/package" "$@" >"$dir/log" 2>&1) ||
		{ cat "$dir/log" >&2 && return 1; }
	cp "$dir/package/cloudformation-template-update-stack.json" "$dir/template.json"
}

is_true() { # FILTER
	jq -e "$1" "$dir/template.json" >/dev/null && return
	echo "not true: $1" >&2
	return 1
}

all_of() { # TYPE FILTER
	is_true "[.Resources[] | select(.Type == \"AWS::$1\")] | length > 0 and all($2)"
}

@test "files lead to messages, messages to the function, which says what of a batch failed" {
	package
	is_true '.Resources.Incoming.Properties.NotificationConfiguration.QueueConfigurations["Fn::If"] |
		.[0] == "Queued" and .[1] == [{Event: "s3:ObjectCreated:*", Queue: {"Fn::GetAtt": ["Queue", "Arn"]}}]'
	all_of Lambda::EventSourceMapping '.Properties |
		.FunctionResponseTypes == ["ReportBatchItemFailures"] and .EventSourceArn == {"Fn::GetAtt": ["Queue", "Arn"]} and
		.ScalingConfig.MaximumConcurrency >= 2 and .Enabled'
	is_true '.Resources.ProcessLambdaFunction.Properties |
		.Runtime == "provided.al2023" and .Architectures == ["x86_64"] and (.Code.S3Key | endswith("/lambda.zip"))'
	is_true '.Parameters | keys == ["Capacity", "Email", "ReservedConcurrency", "Trigger"]'
}

@test "a message comes again late enough and often enough, then is a dead letter" {
	package
	is_true '.Resources | .ProcessLambdaFunction.Properties.Timeout as $timeout | .Queue.Properties |
		.VisibilityTimeout == 6 * $timeout and .RedrivePolicy.maxReceiveCount >= 5 and
		.RedrivePolicy.deadLetterTargetArn == {"Fn::GetAtt": ["DeadLetters", "Arn"]}'
	is_true '[.Resources | .DeadLetters, .Queue] | all(.Properties.MessageRetentionPeriod == 1209600)'
	package --param timeout=900 --param batch=100 --param window=20
	is_true '.Resources.Queue.Properties.VisibilityTimeout == 5420'
}

@test "only the bucket may send to the queue" {
	package
	is_true '[.Resources.QueuePolicy.Properties.PolicyDocument.Statement[] | select(.Effect == "Allow")] | length == 1 and
		(.[0] | .Action == "sqs:SendMessage" and .Principal == {Service: "s3.amazonaws.com"} and
		 (.Condition | .ArnEquals["aws:SourceArn"]["Fn::Sub"] == "arn:${AWS::Partition}:s3:::s3ev-dev-incoming-${AWS::AccountId}" and
		  .StringEquals["aws:SourceAccount"] == {Ref: "AWS::AccountId"}))'
	is_true '.Resources.Incoming.Properties.BucketName["Fn::Sub"] == "s3ev-dev-incoming-${AWS::AccountId}"'
}

@test "the role may do what the filters do, to what is named" {
	package
	is_true '[.Resources.Role.Properties.Policies[].PolicyDocument.Statement[] | .["Fn::If"][1] // .] |
		(map(.Resource | if type == "array" then .[] else . end) | all(. != "*" and
			((tostring | contains("*") | not) or (tostring | test("(/\\*|:\\*)\"")))))
		and (map(.Action | if type == "array" then .[] else . end) | all(contains("*") | not))
		and (map(.Action | if type == "array" then .[] else . end) | any(contains("Delete") and (contains("sqs") | not)) | not)'
	all_of IAM::Role '.Properties.ManagedPolicyArns == null'
	# What the manual pages say that is needed.
	for action in $(cat "$ROOT"/cmd/{s3fetch,s3route}.1 | grep -o 's3:[A-Z][A-Za-z]*' | sort -u) dynamodb:PutItem dynamodb:GetItem; do
		is_true "[.Resources.Role.Properties.Policies[].PolicyDocument.Statement[].Action] | flatten | any(. == \"$action\")"
	done
}

@test "no bucket is public, all is encrypted, TLS is a must, uploads that were left are removed, data stays" {
	package
	is_true '[.Resources | .Incoming, .Processed, .BadData] | all(.Properties |
		(.PublicAccessBlockConfiguration | length == 4 and all) and
		.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm == "AES256" and
		.LifecycleConfiguration.Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation == 7)'
	all_of SQS::Queue '.Properties.SqsManagedSseEnabled'
	is_true '[.Resources[] | select(.Type | test("::(Bucket|Queue)Policy$"))] | length == 6 and
		all([.Properties.PolicyDocument.Statement[] | select(.Effect == "Deny" and .Principal == "*") |
			.Condition.Bool["aws:SecureTransport"]] == [false])'
	is_true '[.Resources | .Incoming, .Processed, .BadData, .Ledger] |
		all(.DeletionPolicy == "RetainExceptOnCreate" and .UpdateReplacePolicy == "Retain")'
}

@test "the ledger is what ddb-record needs, and what it costs is a setting" {
	package
	is_true '.Resources.Ledger.Properties |
		.KeySchema == [{AttributeName: "object", KeyType: "HASH"}, {AttributeName: "seq", KeyType: "RANGE"}] and
		.TimeToLiveSpecification == {AttributeName: "expires", Enabled: true} and
		.BillingMode == {"Fn::If": ["OnDemand", "PAY_PER_REQUEST", "PROVISIONED"]} and
		.ProvisionedThroughput["Fn::If"][2] == {ReadCapacityUnits: 1, WriteCapacityUnits: 1}'
	is_true '.Conditions.OnDemand == {"Fn::Equals": [{Ref: "Capacity"}, "on-demand"]}'
	package --param writeCapacity=25
	is_true '.Resources.Ledger.Properties.ProvisionedThroughput["Fn::If"][2].WriteCapacityUnits | tonumber == 25'
}

@test "alarms go to a topic, the dashboard shows what the runtime counts, logs end" {
	package
	all_of CloudWatch::Alarm '.Properties | .AlarmActions == [{Ref: "Alarms"}] and .TreatMissingData == "notBreaching"'
	is_true '[.Resources[] | select(.Type == "AWS::CloudWatch::Alarm").Properties |
		.MetricName // (.Metrics[].MetricStat // empty | .Metric.MetricName)] | sort ==
		["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "Bad", "Failed", "Records"]'
	is_true '.Resources.Dashboard.Properties.DashboardBody["Fn::Sub"] | fromjson | tostring |
		contains("[\"s3ev\",\"Good\",\"Function\",\"s3ev-dev-process\"]") and contains("DurationMs")'
	all_of Logs::LogGroup '.Properties.RetentionInDays == 30'
}

@test "the outputs name the buckets and the rest" {
	package
	is_true '.Outputs | .IncomingBucket.Value == {Ref: "Incoming"} and
		(["ProcessedBucket", "BadDataBucket", "LedgerTable", "QueueUrl", "DeadLettersUrl", "FunctionName"] - keys == [])'
}

@test "by switch S3 calls the function directly; what fails twice more is a dead letter" {
	package --stage prod --param trigger=direct
	is_true '[.Resources[] | select(.Type == "AWS::Lambda::EventSourceMapping")] == []'
	is_true '.Resources.Incoming.Properties.NotificationConfiguration.LambdaConfigurations["Fn::If"][1][0].Function["Fn::Sub"] |
		endswith(":function:s3ev-prod-process")'
	is_true '.Resources.Incoming.Metadata.After["Fn::If"] == ["Direct", {Ref: "InvokeDirectly"}, "none"]'
	is_true '.Resources.InvokeDirectly | .Condition == "Direct" and .Properties.SourceAccount == {Ref: "AWS::AccountId"}'
	is_true '.Resources.DirectFailures.Properties.DestinationConfig.OnFailure.Destination ==
		{"Fn::GetAtt": ["DeadLetters", "Arn"]}'
}

@test "other settings reach where they belong; one that cannot be is refused" {
	package --param architecture=arm64 --param memory=1024 --param timeout=30 --param logDays=7 --param batch=100 --param window=5 --param disk=2048
	is_true '.Resources.ProcessLambdaFunction.Properties |
		.EphemeralStorage.Size == 2048 and .Architectures == ["arm64"] and .MemorySize == 1024 and .Timeout == 30 and
		.ReservedConcurrentExecutions == {"Fn::If": ["Reserved", {Ref: "ReservedConcurrency"}, {Ref: "AWS::NoValue"}]}'
	all_of Logs::LogGroup '.Properties.RetentionInDays == 7'
	all_of Lambda::EventSourceMapping '.Properties | .BatchSize == 100 and .MaximumBatchingWindowInSeconds == 5'
	run ! package --param trigger=nothing
	run ! package --param architecture=mips
}

refuses() { # WHY OPTION...
	run ! package "${@:2}"
	[[ $output == *"$1"* ]] && [[ $output != *'    at '* ]]
}

@test "what AWS would refuse, or what would lose messages, is refused before" {
	refuses 'batch: more than 10 messages (11) need a window' --param batch=11
	refuses 'timeout: 2 s leave nothing' --param timeout=2
	refuses 'reservedConcurrency: 9 is less than' --param reservedConcurrency=9
	package --param reservedConcurrency=10
	package --param reservedConcurrency=9 --param trigger=direct
	refuses 's3ev-Prod must be small letters' --stage Prod
	refuses 's3ev-p_d must be small letters' --stage p_d
	(unset AWS_REGION AWS_DEFAULT_REGION && refuses 'variable at "provider.region"')
}

@test "how files are looked at is a setting: the processor, built-in checks, options of the runtime" {
	package
	is_true '.Resources.ProcessLambdaFunction.Properties.Environment.Variables |
		.PROCESSOR == "/var/task/pipelines/processor" and .CHECKS == "" and .LAMBDA_RT_OPTIONS == ""'
	unzip -l "$ROOT/build/lambda.zip" pipelines/processor
	package --param processor=none --param 'checks=--name *.csv --csv=12' --param 'runtime=--gone=fail -v'
	is_true '.Resources.ProcessLambdaFunction.Properties.Environment.Variables |
		.PROCESSOR == "" and .CHECKS == "--name *.csv --csv=12" and .LAMBDA_RT_OPTIONS == "--gone=fail -v"'
	run ! package --param processor=mine
}

@test "cfn-lint finds nothing wrong" {
	command -v cfn-lint >/dev/null || skip "cfn-lint is not installed"
	for options in '' '--param trigger=direct --param capacity=on-demand --param reservedConcurrency=5'; do
		# shellcheck disable=SC2086
		package $options
		run3 cfn-lint -- "$dir/template.json"
		assert_eq "$status $out$err" '0 '
	done
}

has_moto() { # NAME
	command -v moto_server >/dev/null && command -v aws >/dev/null
}

# Starts an emulator of AWS and makes it the endpoint.
moto() { # NAME
	local log=$dir/moto-$1.log
	: >"$log"
	setpriv --pdeathsig KILL -- moto_server -H 127.0.0.1 -p 0 >"$log" 2>&1 3>&- &
	servers+=($!)
	wait_until grep -q 'Running on' "$log"
	AWS_ENDPOINT_URL=$(grep -om1 'http://127[0-9.:]*' "$log")
	export AWS_ENDPOINT_URL SLS_AWS_SDK_V3=1 SLS_AWS_MONITORING_FREQUENCY=100
}

# Deploys what was packaged.
deploy() {
	(cd "$ROOT/pipelines/lambda" && timeout 120 node_modules/.bin/osls deploy --package "$dir/package") >"$dir/log" 2>&1 ||
		{ cat "$dir/log" >&2 && return 1; }
}

aws() {
	command aws --endpoint-url "$AWS_ENDPOINT_URL" --output json "$@"
}

@test "the whole of it deploys, and deploys again, into an emulator of AWS" {
	has_moto || skip "moto_server and aws are not installed"
	for trigger in queue direct; do
		package --param trigger=$trigger
		moto $trigger
		for _ in 1 2; do deploy; done
		assert_json '.Stacks[0].StackStatus | endswith("_COMPLETE") and (test("ROLLBACK") | not)' \
			"$(aws cloudformation describe-stacks --stack-name s3ev-dev)"
		assert_json '.Configuration | .Runtime == "provided.al2023" and .CodeSize > 1000000' \
			"$(aws lambda get-function --function-name s3ev-dev-process)"
		assert_eq "$(aws s3api list-buckets | jq -r '[.Buckets[].Name | select(contains("deployment") | not)] | sort | .[]')" \
			"$(printf 's3ev-dev-%s-123456789012\n' bad-data incoming processed)"
		assert_eq "$(aws lambda list-event-source-mappings | jq -c '[.EventSourceMappings[].FunctionResponseTypes]')" \
			"$([ $trigger = direct ] && echo '[]' || echo '[["ReportBatchItemFailures"]]')"
		stop_servers
	done
}

# Prints key, secret of a new user who may do what the function's role may.
as_the_role() {
	local role
	role=$(aws iam list-roles | jq -r '.Roles[].RoleName | select(startswith("s3ev-dev-Role"))')
	# moto shows it as Python would.
	aws iam get-role-policy --role-name "$role" --policy-name process |
		jq -r '.PolicyDocument | if type == "string" then gsub("\u0027"; "\"") else tojson end' >"$dir/policy.json"
	aws iam create-user --user-name function >/dev/null
	aws iam put-user-policy --user-name function --policy-name process --policy-document "file://$dir/policy.json"
	aws iam create-access-key --user-name function | jq -r '.AccessKey | [.AccessKeyId, .SecretAccessKey] | join(" ")'
}

@test "what the role may do is enough for the pipeline, and does not reach further" {
	has_moto || skip "moto_server and aws are not installed"
	package
	moto role
	deploy
	read -r key secret < <(as_the_role)
	export AWS_ENDPOINT_URL_S3=$AWS_ENDPOINT_URL AWS_ENDPOINT_URL_DYNAMODB=$AWS_ENDPOINT_URL TMPDIR=$dir
	in=s3ev-dev-incoming-123456789012
	echo '{}' >"$dir/good.json"
	echo '{' >"$dir/bad.json"
	for name in good bad; do
		aws s3api put-object --bucket $in --key $name.json --body "$dir/$name.json" --tagging a=b >/dev/null
	done
	# From here on moto looks at who may do what, though not in which table.
	curl -sf --noproxy '*' -H 'Content-Type: text/plain' --data 0 "$AWS_ENDPOINT_URL/moto-api/reset-auth" >/dev/null
	export AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret \
		PROCESSED_BUCKET=s3ev-dev-processed-123456789012 BAD_DATA_BUCKET=s3ev-dev-bad-data-123456789012
	run3 "$ROOT/pipelines/process" -l <<<"$(printf "s3://$in/%s.json\n" good bad none)"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r '[.key, .route.to // .gone.code] | join(" ")' <<<"$out" | sort)" \
		$'bad.json bad-data\ngood.json processed\nnone.json NoSuchKey'
	run3 s3route -p $in -b "$BAD_DATA_BUCKET" <<<"$(record bucket="$BAD_DATA_BUCKET" key=bad.json.why.json)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
}

# Runs make as a user does.
make_deploy() { # [VARIABLE=VALUE...]
	run3 env -u MAKELEVEL -u MAKEFLAGS timeout 200 make -C "$ROOT" --no-print-directory deploy "$@"
}

@test "make deploy deploys with the settings given and says where to put files, also when there is nothing to do" {
	has_moto || skip "moto_server and aws are not installed"
	moto make
	for _ in 1 2; do
		make_deploy STAGE=prod REGION=eu-west-1 ZIP="$dir/mine.zip" DEPLOY='--param capacity=on-demand --param "checks=--utf8 --csv=12"'
		assert_eq "$status" 0
		printf '%s' "$out$err" >"$dir/log"
		grep -qx '  IncomingBucket: s3ev-prod-incoming-123456789012' "$dir/log"
		grep -qx '  FunctionName: s3ev-prod-process' "$dir/log"
	done
	export AWS_DEFAULT_REGION=eu-west-1
	assert_json ".Environment.Variables.CHECKS == \"--utf8 --csv=12\" and .CodeSize == $(stat -c %s "$dir/mine.zip")" \
		"$(aws lambda get-function-configuration --function-name s3ev-prod-process)"
	assert_json '.Table.BillingModeSummary.BillingMode == "PAY_PER_REQUEST"' \
		"$(aws dynamodb describe-table --table-name s3ev-prod-ledger)"
}

@test "make deploy says what is missing: a region, credentials" {
	export AWS_EC2_METADATA_DISABLED=true HOME=$dir
	unset "${!AWS_@}"
	make_deploy
	[ "$status" -eq 2 ] && [[ $err == *'no region: REGION='* ]]
	AWS_EC2_METADATA_DISABLED=true make_deploy REGION=eu-west-1
	[ "$status" -eq 2 ] && [[ $out$err == *'credentials not found'* ]]
}

@test "redrive puts the dead letters back and says how many; a stack without a queue is refused" {
	command -v aws >/dev/null || skip "aws is not installed"
	command aws sqs start-message-move-task --generate-cli-skeleton >/dev/null 2>&1 || skip "aws has no start-message-move-task"
	cat >"$dir/rules.mjs" <<-'E'
		const stack = (trigger) => `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
			<StackName>s3ev-dev</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
			<Parameters><member><ParameterKey>Trigger</ParameterKey><ParameterValue>${trigger}</ParameterValue></member></Parameters>
			<Outputs><member><OutputKey>DeadLettersArn</OutputKey><OutputValue>arn:aws:sqs:us-east-1:1:dead</OutputValue></member>
			<member><OutputKey>QueueArn</OutputKey><OutputValue>arn:aws:sqs:us-east-1:1:queue</OutputValue></member></Outputs>
			</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
		const json = (body) => ({status: 200, headers: {'content-type': 'application/x-amz-json-1.0'}, body: JSON.stringify(body)})
		const task = (Status, moved) => json({Results: [{Status, ApproximateNumberOfMessagesMoved: moved,
			ApproximateNumberOfMessagesToMove: 7, FailureReason: 'why'}]})
		const target = (name) => ({header: {'x-amz-target': name}})
		export default [
			{match: target('StartMessageMoveTask'), reply: json({TaskHandle: 'x'})},
			{match: target('ListMessageMoveTasks'), times: 1, reply: task('RUNNING', 3)},
			{match: target('ListMessageMoveTasks'), times: 1, reply: task('COMPLETED', 7)},
			{match: target('ListMessageMoveTasks'), reply: task('FAILED', 3)},
			{reply: ({body}) => ({status: 200, headers: {'content-type': 'text/xml'},
				body: stack(String(body).includes('direct') ? 'direct' : 'queue')})},
		]
	E
	stub "$dir/rules.mjs"
	mkdir "$dir/bin"
	printf '#!/bin/sh\nexec "%s" --endpoint-url "%s" "$@"\n' "$(type -P aws)" "$STUB_URL" >"$dir/bin/aws"
	chmod +x "$dir/bin/aws"
	PATH=$dir/bin:$PATH
	run3 make -s -C "$ROOT" --no-print-directory redrive REGION=eu-west-1
	assert_eq "$status $out$err" $'0 7 messages are back in the queue\n'
	assert_eq "$(jq -r '.headers.authorization // empty' "$STUB_LOG" | grep -o '/[a-z0-9-]*/sqs/' | uniq)" /eu-west-1/sqs/
	run3 "$ROOT/pipelines/lambda/redrive" s3ev-dev
	assert_eq "$status $out$err" $'1 redrive: arn:aws:sqs:us-east-1:1:dead: FAILED: why (3 of 7 moved)\n'
	run3 "$ROOT/pipelines/lambda/redrive" s3ev-direct
	assert_eq "$status $out" '1 '
	[[ $err == *'does not read from the queue'* ]]
	run3 env PATH="$dir" "$(type -P bash)" "$ROOT/pipelines/lambda/redrive" s3ev-dev
	assert_eq "$status $out$err" $'1 redrive: the aws command is not there\n'
}
