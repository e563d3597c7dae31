# The stack: what the Serverless Framework makes of serverless.yml.
bats_require_minimum_version 1.8.0
load ../lib/helper

setup_file() {
	cd "$tests/.." || return
	export ROOT=$PWD
	make -s pipelines/lambda/node_modules/.bin/osls
	[ -e build/lambda.zip ] || make -s lambda
}

setup() {
	dir=$BATS_TEST_TMPDIR
	unset AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_DYNAMODB
}

# Makes $dir/template.json, and $dir/stack.json, in which the parameters have been put; needs no network.
package() { # [OPTION...]
	local parameters
	(cd "$ROOT/pipelines/lambda" && node_modules/.bin/osls package --package "$dir/package" "$@" >"$dir/log" 2>&1) ||
		{ cat "$dir/log" >&2 && return 1; }
	cp "$dir/package/cloudformation-template-update-stack.json" "$dir/template.json"
	mapfile -t parameters < <(jq -r '.service.provider.stackParameters[] | "\(.ParameterKey)=\(.ParameterValue)"' "$dir/package/serverless-state.json")
	stack=$(jq -r '.service | .service + "-" + .provider.stage' "$dir/package/serverless-state.json")
	resolved "$stack" "${parameters[@]}" <"$dir/template.json" >"$dir/stack.json"
}

resolved() { # STACK [PARAMETER=VALUE...] <TEMPLATE
	node "$ROOT/tests/lambda/resolve.mjs" "$@"
}

is_true() { # FILTER
	jq -e "$1" "$dir/stack.json" >/dev/null && return
	echo "not true: $1" >&2
	return 1
}

all_of() { # TYPE FILTER
	is_true "[.Resources[] | select(.Type == \"AWS::$1\")] | length > 0 and all($2)"
}

@test "files lead to messages, messages to the function, which says what of a batch failed" {
	package
	is_true '.Resources.Incoming.Properties.NotificationConfiguration ==
		{QueueConfigurations: [{Event: "s3:ObjectCreated:*", Queue: {"Fn::GetAtt": ["Queue", "Arn"]}}]}'
	all_of Lambda::EventSourceMapping '.Properties |
		.FunctionResponseTypes == ["ReportBatchItemFailures"] and .EventSourceArn == {"Fn::GetAtt": ["Queue", "Arn"]} and
		.ScalingConfig.MaximumConcurrency == 10 and .ProvisionedPollerConfig == null and .Enabled'
	is_true '.Resources.ProcessLambdaFunction.Properties |
		.Runtime == "provided.al2023" and .Architectures == ["x86_64"] and (.Code.S3Key | endswith("/lambda.zip"))'
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
		 (.Condition | .ArnEquals["aws:SourceArn"] == "arn:aws:s3:::s3ev-dev-incoming-123456789012" and
		  .StringEquals["aws:SourceAccount"] == "123456789012"))'
	is_true '.Resources.Incoming.Properties.BucketName == "s3ev-dev-incoming-123456789012"'
}

@test "the role may do what the filters do, to what is named" {
	package
	is_true '[.Resources.Role.Properties.Policies[].PolicyDocument.Statement[]] |
		(map(.Resource | if type == "array" then .[] else . end) | all(. != "*" and
			((tostring | contains("*") | not) or (tostring | test("(/\\*|:\\*)(\"|$)")))))
		and (map(.Action | if type == "array" then .[] else . end) | all(contains("*") | not))
		and ([.[] | select([.Action] | flatten | any(contains("Delete") and (test("sqs|dynamodb") | not)))] | map([.Sid, .Action]) ==
			[["UndoCopies", "s3:DeleteObject"]])'
	# A copy is taken back by its ETag; the bucket that files come into loses nothing.
	is_true '.Resources.Role.Properties.Policies[].PolicyDocument.Statement[] | select(.Sid == "UndoCopies") |
		.Resource == [{"Fn::Sub": "arn:aws:s3:::${Processed}/*"}, {"Fn::Sub": "arn:aws:s3:::${BadData}/*"}] and .Condition.Null == {"s3:if-match": "false"}'
	is_true '[.Resources.Role.Properties.Policies[].PolicyDocument.Statement[] | select([.Action] | flatten | any(startswith("s3:")))] |
		length == 5 and all(.Condition.StringEquals == {"s3:ResourceAccount": "123456789012"})'
	is_true '.Resources.ProcessLambdaFunction.Properties.Environment.Variables |
		.SOURCE_BUCKETS == "s3ev-dev-incoming-123456789012" and .EXPECTED_BUCKET_OWNER == "123456789012"'
	all_of IAM::Role '.Properties.ManagedPolicyArns == null'
	# What the manual pages say that is needed. The stack's own buckets take no access control lists,
	# and it does not decide anew, which is what takes old versions away.
	for action in $(cat "$ROOT"/cmd/{s3fetch,s3route}.1 | grep -o 's3:[A-Z][A-Za-z]*' | sort -u) dynamodb:PutItem dynamodb:GetItem; do
		case $action in
		s3:PutObjectAcl | s3:DeleteObjectVersion) continue ;;
		esac
		is_true "[.Resources.Role.Properties.Policies[].PolicyDocument.Statement[].Action] | flatten | any(. == \"$action\")"
	done
}

@test "no bucket is public, all is encrypted, TLS is a must, uploads that were left are removed, data stays" {
	package
	is_true '[.Resources | .Incoming, .Processed, .BadData] | all(.Properties |
		(.PublicAccessBlockConfiguration | length == 4 and all) and
		.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm == "AES256" and
		.LifecycleConfiguration.Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation == 7)'
	all_of SQS::Queue '.Properties | .SqsManagedSseEnabled == true and .KmsMasterKeyId == null'
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
		.BillingMode == "PROVISIONED" and .ProvisionedThroughput == {ReadCapacityUnits: 1, WriteCapacityUnits: 1} and .OnDemandThroughput == null'
	package --param writeCapacity=25
	is_true '.Resources.Ledger.Properties.ProvisionedThroughput.WriteCapacityUnits == 25'
	package --param capacity=on-demand --param maxWrites=50
	is_true '.Resources.Ledger.Properties |
		.BillingMode == "PAY_PER_REQUEST" and .ProvisionedThroughput == null and .OnDemandThroughput == {MaxWriteRequestUnits: 50}'
	refuses 'maxWrites: only a ledger with capacity=on-demand' --param maxWrites=50
}

@test "the ledger can be had back and be protected, if that is set" {
	package
	is_true '.Resources.Ledger.Properties | [.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, .DeletionProtectionEnabled] == ["false", "false"]'
	package --param pointInTimeRecovery=true --param deletionProtection=true
	is_true '.Resources.Ledger.Properties | [.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, .DeletionProtectionEnabled] == ["true", "true"]'
}

@test "what is overwritten or deleted in the incoming bucket is kept for a while, or not at all" {
	package --param versions=90
	is_true '.Resources.Incoming.Properties | .VersioningConfiguration == {Status: "Enabled"} and
		(.LifecycleConfiguration.Rules[1] | .NoncurrentVersionExpiration.NoncurrentDays == 90 and .ExpiredObjectDeleteMarker)'
	is_true '[.Resources | .Processed, .BadData] | all(.Properties | .VersioningConfiguration == null and (.LifecycleConfiguration.Rules | length == 1))'
	package --param versions=0
	is_true '.Resources.Incoming.Properties | .VersioningConfiguration == null and (.LifecycleConfiguration.Rules | length == 1)'
}

@test "keys of the user encrypt buckets, queues, ledger and log, and the role may use just those, through their services" {
	local key=arn:aws:kms:us-east-1:123456789012:key/
	package --param bucketKey=${key}1 --param queueKey=${key}2 --param ledgerKey=${key}3 --param logsKey=${key}4
	is_true '.Resources | [.Incoming, .Processed, .BadData | .Properties.BucketEncryption.ServerSideEncryptionConfiguration[0]] |
		all(. == {BucketKeyEnabled: true, ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms", KMSMasterKeyID: "'$key'1"}})'
	all_of SQS::Queue '.Properties | .KmsMasterKeyId == "'$key'2" and .SqsManagedSseEnabled == false'
	is_true '.Resources.Ledger.Properties.SSESpecification == {SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: "'$key'3"}'
	all_of Logs::LogGroup '.Properties.KmsKeyId == "'$key'4"'
	is_true '[.Resources[] | select(.Type == "AWS::IAM::Policy") | .Properties.PolicyDocument.Statement[0] as $may |
		[.Properties.Roles[0].Ref, $may.Resource[-1:], $may.Condition.StringEquals["kms:ViaService"]]] | sort ==
		[["Role", "1", "s3.us-east-1.amazonaws.com"], ["Role", "2", "sqs.us-east-1.amazonaws.com"], ["Role", "3", "dynamodb.us-east-1.amazonaws.com"]]'
	package
	is_true '[.Resources[] | select(.Type == "AWS::IAM::Policy")] == []'
	refuses 'bucketKey: alias/mine is not the ARN of a KMS key' --param bucketKey=alias/mine
}

@test "only the queue's own dead letters come into the dead-letter queue" {
	package
	is_true '.Resources.DeadLetters.Properties.RedriveAllowPolicy == {redrivePermission: "byQueue",
		sourceQueueArns: ["arn:aws:sqs:us-east-1:123456789012:s3ev-dev-incoming"]}'
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
	is_true '.Resources.Incoming.Properties.NotificationConfiguration ==
		{LambdaConfigurations: [{Event: "s3:ObjectCreated:*", Function: "arn:aws:lambda:us-east-1:123456789012:function:s3ev-prod-process"}]}'
	is_true '.Resources.Incoming.Metadata.After == {Ref: "InvokeDirectly"}'
	is_true '.Resources.InvokeDirectly.Properties | .SourceAccount == "123456789012" and .SourceArn == "arn:aws:s3:::s3ev-prod-incoming-123456789012"'
	is_true '.Resources.DirectFailures.Properties.DestinationConfig.OnFailure.Destination ==
		{"Fn::GetAtt": ["DeadLetters", "Arn"]}'
}

@test "other settings reach where they belong; one that cannot be is refused" {
	package --param architecture=arm64 --param memory=1024 --param timeout=30 --param logDays=7 --param batch=100 --param window=5 --param disk=2048
	is_true '.Resources.ProcessLambdaFunction.Properties |
		.EphemeralStorage.Size == 2048 and .Architectures == ["arm64"] and .MemorySize == 1024 and .Timeout == 30 and
		.ReservedConcurrentExecutions == null'
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
	refuses 'timeout: 2 is not a number from 3 to 900' --param timeout=2
	refuses 'reservedConcurrency: 9 is less than' --param reservedConcurrency=9
	package --param reservedConcurrency=10
	is_true '.Resources.ProcessLambdaFunction.Properties.ReservedConcurrentExecutions == 10'
	package --param reservedConcurrency=9 --param trigger=direct
	refuses 'capasity: there is no such parameter, only architecture, badDataBucket, badPercent, batch,' --param capasity=on-demand
	refuses 'capacity: foo is not provisioned or on-demand' --param capacity=foo
	refuses 'memory: lots is not a number from 128 to 10240' --param memory=lots
	refuses 'versions: -1 is not a number from 0' --param versions=-1
	refuses 's3ev-Prod must be small letters' --stage Prod
	refuses 's3ev-p_d must be small letters' --stage p_d
	(unset AWS_REGION AWS_DEFAULT_REGION && refuses 'variable at "provider.region"')
}

@test "the plain template and what the framework makes are the same, resource by resource" {
	package
	# Beside the bucket that the bundle is uploaded to.
	jq -S 'del(.Resources.ServerlessDeploymentBucket, .Resources.ServerlessDeploymentBucketPolicy, .Outputs.ServerlessDeploymentBucketName,
		.Resources.ProcessLambdaFunction.Properties.Code)' "$dir/template.json" >"$dir/framework"
	template_json | jq -S 'del(.Rules, .Parameters.CodeBucket, .Parameters.CodeKey, .Resources.ProcessLambdaFunction.Properties.Code)' >"$dir/plain"
	[ "$(jq '.Resources | length' "$dir/plain")" -gt 25 ]
	diff "$dir/framework" "$dir/plain"
	# Neither has a default of its own.
	jq -c '[.service.provider.stackParameters[] | {(.ParameterKey): .ParameterValue}] | add' "$dir/package/serverless-state.json" >"$dir/settings"
	assert_eq "$(jq -cS . "$dir/settings")" "$(jq -cS '.Parameters | map_values(.Default | tostring)' "$dir/plain")"
	# CloudFormation does not understand YAML's anchors, nor more than 51,200 bytes.
	run ! grep -E '(: |- )[&*][a-z]' "$ROOT/pipelines/lambda/template.yml"
	[ "$(wc -c <"$ROOT/pipelines/lambda/template.yml")" -lt 51200 ]
}

# The plain template as JSON.
template_json() {
	(cd "$ROOT/pipelines/lambda" && node -e '
		const yaml = require("js-yaml")
		const schema = require("@serverless/utils/cloudformation-schema")
		console.log(JSON.stringify(yaml.load(require("fs").readFileSync("template.yml", "utf8"), {schema})))')
}

@test "the plain template refuses by itself what cannot be together" {
	template_json >"$dir/plain"
	plain() { # PARAMETER=VALUE...
		run3 resolved s3ev-plain CodeBucket=theirs CodeKey=1.zip "$@" <"$dir/plain"
	}
	for good in Trigger=direct 'IncomingBucket=a ProcessedBucket=b BadDataBucket=c' 'Capacity=on-demand MaxWrites=9' MinimumPollers=2; do
		# shellcheck disable=SC2086
		plain $good
		assert_eq "$good $status$err" "$good 0"
	done
	while IFS='|' read -r parameters why; do
		# shellcheck disable=SC2086
		plain $parameters
		assert_eq "$parameters: $status ${err%%[; ]*}$out" "$parameters: 65 $why"
	done <<-'E'
		Trigger=direct IncomingBucket=theirs|Trigger=direct
		IncomingBucket=a ProcessedBucket=a|IncomingBucket
		IncomingBucket=a BadDataBucket=a|IncomingBucket
		ProcessedBucket=a BadDataBucket=a|ProcessedBucket
		MaxWrites=9|MaxWrites
		MinimumPollers=1|MinimumPollers
	E
}

@test "only keys that begin and end so are announced, if that is set" {
	package --param prefix=in/ --param suffix=.csv
	rules='{S3Key: {Rules: [{Name: "prefix", Value: "in/"}, {Name: "suffix", Value: ".csv"}]}}'
	is_true ".Resources.Incoming.Properties.NotificationConfiguration.QueueConfigurations[0].Filter == $rules"
	package --param suffix=.csv --param trigger=direct
	is_true '.Resources.Incoming.Properties.NotificationConfiguration.LambdaConfigurations[0].Filter == {S3Key: {Rules: [{Name: "suffix", Value: ".csv"}]}}'
	refuses 'prefix: a* is not at most 512 characters, none of them * or' --param 'prefix=a*'
}

@test "buckets and a table that are there are used and left as they are" {
	package --param incomingBucket=in.theirs --param processedBucket=good-theirs --param badDataBucket=bad-theirs --param ledgerTable=Theirs
	is_true '[.Resources[] | select(.Type | test("S3|DynamoDB")) | select(.Properties | (.BlockPublicAcls // .PublicAccessBlockConfiguration // .Bucket.Ref) != "x")] |
		map(.Properties.Bucket.Ref // .Type) | unique == ["AWS::S3::Bucket", "ServerlessDeploymentBucket"] and length == 2'
	is_true '.Resources.ProcessLambdaFunction.Properties.Environment.Variables |
		.SOURCE_BUCKETS == "in.theirs" and .PROCESSED_BUCKET == "good-theirs" and .BAD_DATA_BUCKET == "bad-theirs" and
		.RECORD_TABLE == "Theirs" and (.RECORD_OPTIONS | startswith("--create"))'
	is_true '[.Resources.Role.Properties.Policies[].PolicyDocument.Statement[] | select(.Sid | IN("ReadIncoming", "WriteResults", "Record", "LookAtTheTable")) |
		[.Resource] | flatten[]] | unique == ["arn:aws:dynamodb:us-east-1:123456789012:table/Theirs",
		"arn:aws:s3:::bad-theirs/*", "arn:aws:s3:::good-theirs/*", "arn:aws:s3:::in.theirs/*"]'
	# Their notifications are S3's; ours come by a rule, which alone may send.
	is_true '.Resources.Arrivals.Properties | .EventPattern == {source: ["aws.s3"], "detail-type": ["Object Created"], account: ["123456789012"],
		detail: {bucket: {name: ["in.theirs"]}}} and .Targets[0].Arn == {"Fn::GetAtt": ["Queue", "Arn"]} and
		.Targets[0].DeadLetterConfig.Arn == {"Fn::GetAtt": ["DeadLetters", "Arn"]}'
	is_true '[.Resources | .QueuePolicy, .DeadLettersPolicy | .Properties.PolicyDocument.Statement[] | select(.Effect == "Allow") |
		[.Principal.Service, .Condition.ArnEquals["aws:SourceArn"]]] |
		unique == [["events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/s3ev-dev-arrivals"]] and length == 2'
	is_true '.Outputs | [.IncomingBucket, .ProcessedBucket, .BadDataBucket, .LedgerTable | .Value] == ["in.theirs", "good-theirs", "bad-theirs", "Theirs"]'
	package --param incomingBucket=theirs --param prefix=in/ --param suffix=.csv
	is_true '.Resources.Arrivals.Properties.EventPattern.detail.object == {key: [{wildcard: "in/*.csv"}]}'
	refuses 'incomingBucket: No is not the name of a bucket' --param incomingBucket=No
	refuses 'trigger: direct needs a bucket of the stack' --param incomingBucket=theirs --param trigger=direct
	refuses 'theirs, theirs must be different' --param incomingBucket=theirs --param processedBucket=theirs
}

@test "options of the filters, pollers of its own and an account's own names are settings" {
	package --param splitOptions=-v --param fetchOptions=-j4 --param 'routeOptions=--template={yyyy}/{key} --collision=fail' --param recordOptions=--ttl=90
	is_true '.Resources.ProcessLambdaFunction.Properties.Environment.Variables |
		[.SPLIT_OPTIONS, .FETCH_OPTIONS, .ROUTE_OPTIONS, .RECORD_OPTIONS] == ["-v", "-j4", "--template={yyyy}/{key} --collision=fail", "--ttl=90"]'
	# pipelines/process reads what the stack sets.
	for name in $(jq -r '.Resources.ProcessLambdaFunction.Properties.Environment.Variables | keys[] | select(test("_OPTIONS$"))' "$dir/stack.json"); do
		grep -q "[$]$name" "$ROOT"/pipelines/process "$ROOT/pipelines/lambda/bootstrap"
	done
	package --param minimumPollers=2 --param maximumPollers=20
	all_of Lambda::EventSourceMapping '.Properties | .ProvisionedPollerConfig == {MinimumPollers: 2, MaximumPollers: 20} and .ScalingConfig == null'
	refuses 'minimumPollers: 1 is not 0, or from 2' --param minimumPollers=1
	refuses 'minimumPollers: 30 is not 0, or from 2 to maximumPollers, 20' --param minimumPollers=30 --param maximumPollers=20
	package --param namespace=account-regional
	is_true '[.Resources | .Incoming, .Processed, .BadData | .Properties | [.BucketName, .BucketNamespace]] ==
		(["incoming", "processed", "bad-data"] | map(["s3ev-dev-\(.)-123456789012-us-east-1-an", "account-regional"]))'
	is_true '.Resources.ProcessLambdaFunction.Properties.Environment.Variables.SOURCE_BUCKETS == "s3ev-dev-incoming-123456789012-us-east-1-an"'
	package
	is_true '.Resources.Incoming.Properties.BucketNamespace == null'
	refuses 'at most 27, since buckets' --param namespace=account-regional --stage much-longer-than-that-ought-to-be
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

@test "an interpreter comes with a runtime of its own, which starts our bootstrap in place of its loop" {
	for interpreter in provided.al2023 python3.13 nodejs22.x; do
		package --param interpreter=$interpreter
		is_true ".Resources.ProcessLambdaFunction.Properties.Runtime == \"$interpreter\""
		is_true ".Resources.ProcessLambdaFunction.Properties.Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER ==
			$([ $interpreter = provided.al2023 ] && echo null || echo '"/var/task/bootstrap"')"
	done
	refuses 'interpreter: python3.9 is not provided.al2023, python3.12 or later' --param interpreter=python3.9
}

@test "cfn-lint finds nothing wrong" {
	command -v cfn-lint >/dev/null || skip "cfn-lint is not installed"
	run3 cfn-lint -- "$ROOT/pipelines/lambda/template.yml"
	assert_eq "$status $out$err" '0 '
	key=arn:aws:kms:us-east-1:123456789012:key/1-2
	for options in '' '--param trigger=direct --param capacity=on-demand --param reservedConcurrency=5 --param versions=0' \
		"--param bucketKey=$key --param queueKey=$key --param ledgerKey=$key --param pointInTimeRecovery=true --param deletionProtection=true"; do
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

@test "the plain template deploys whole; a bucket that is there keeps its notifications and leads to the queue" {
	has_moto || skip "moto_server and aws are not installed"
	moto plain
	aws s3api create-bucket --bucket theirs >/dev/null
	aws s3api put-object --bucket theirs --key 1.zip --body "$ROOT/build/lambda.zip" >/dev/null
	plain() { # STACK PARAMETER=VALUE...
		aws cloudformation deploy --stack-name "$1" --template-file "$ROOT/pipelines/lambda/template.yml" \
			--capabilities CAPABILITY_IAM --parameter-overrides CodeBucket=theirs CodeKey=1.zip "${@:2}" >"$dir/log"
		assert_json '.Stacks[0].StackStatus == "CREATE_COMPLETE"' "$(aws cloudformation describe-stacks --stack-name "$1")"
	}
	# As the page says it.
	cd "$ROOT"
	readme | grep -E '^aws (s3|cloudformation) ' | sed 's/MY-BUCKET/theirs/g' >"$dir/commands"
	assert_eq "$(wc -l <"$dir/commands")" 2
	. "$dir/commands" >"$dir/log"
	assert_json '.Stacks[0].StackStatus == "CREATE_COMPLETE"' "$(aws cloudformation describe-stacks --stack-name s3ev-prod)"
	assert_json '.Configuration.CodeSize > 1000000' "$(aws lambda get-function --function-name s3ev-prod-process)"
	plain s3ev-new Namespace=account-regional
	aws s3api head-bucket --bucket s3ev-new-bad-data-123456789012-us-east-1-an
	plain s3ev-old IncomingBucket=theirs
	assert_eq "$(aws s3api list-buckets | jq -r '[.Buckets[].Name | select(contains("s3ev-old"))] | sort | join(" ")')" \
		's3ev-old-bad-data-123456789012 s3ev-old-processed-123456789012'
	# Both the old place and ours hear of an object.
	aws sqs create-queue --queue-name theirs >/dev/null
	aws s3api put-bucket-notification-configuration --bucket theirs --notification-configuration \
		'{"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:123456789012:theirs", "Events": ["s3:ObjectCreated:*"]}]}'
	(cd "$ROOT/pipelines/lambda" && node_modules/.bin/osls announce --param incomingBucket=theirs) >"$dir/log"
	grep -qx 'theirs tells EventBridge what arrives, and its 1 other notifications as before' "$dir/log"
	aws s3api put-object --bucket theirs --key a.csv >/dev/null
	for queue in s3ev-old-incoming theirs; do
		aws sqs receive-message --queue-url "$AWS_ENDPOINT_URL/123456789012/$queue" --max-number-of-messages 10 |
			jq -c '.Messages[].Body' | jq -r . | s3ev-split | jq -r '[.bucket, .key] | join(" ")'
	done >"$dir/heard"
	assert_eq "$(<"$dir/heard")" $'theirs a.csv\ntheirs a.csv'
}

# The commands of README.md, each on a line.
readme() {
	awk '/^    +[a-z-]/ { sub(/^ +/, ""); if (sub(/ *\\$/, " ")) held = held $0; else { print held $0; held = "" } }' \
		"$ROOT/pipelines/lambda/README.md"
}

@test "README: make understands its commands, and its settings are there" {
	readme | grep '^make ' >"$dir/commands"
	[ "$(wc -l <"$dir/commands")" -eq 5 ]
	while read -r command; do
		eval "words=(${command#make })"
		run3 env -u MAKELEVEL -u MAKEFLAGS timeout 60 make -n -C "$ROOT" "${words[@]}" </dev/null
		assert_eq "$command $status $err" "$command 0 "
	done <"$dir/commands"
	sed -n 's/^    \([a-zA-Z]*\): .*/\1/p' "$ROOT/pipelines/lambda/serverless.yml" | sort -u >"$dir/settings"
	grep -oP '(--param |[`"])\K[a-z][A-Za-z]*(?==)' "$ROOT/pipelines/lambda/README.md" | sort -u >"$dir/named"
	[ "$(wc -l <"$dir/named")" -gt 15 ]
	assert_eq "$(comm -13 "$dir/settings" "$dir/named")" ''
}

# Looks at what is there; no network but moto or a stub.
existing() { # NAME=VALUE...
	local params=()
	for pair; do params+=(--param "$pair"); done
	run3 env -C "$ROOT/pipelines/lambda" node_modules/.bin/osls existing "${params[@]}"
	err=$(sed -n '/^Error:/,$p' <<<"$err$out" | sed '1d; /^$/d')
}

@test "what is there is looked at first: whose, where, whether it is announced, which keys a table has" {
	has_moto || skip "moto_server and aws are not installed"
	moto existing
	aws s3api create-bucket --bucket theirs >/dev/null
	aws s3api create-bucket --bucket afar --create-bucket-configuration LocationConstraint=eu-west-1 >/dev/null
	for table in 'old file:S:HASH' 'swapped seq:S:HASH object:S:RANGE' 'numbers object:S:HASH seq:N:RANGE' 'ledger object:S:HASH seq:S:RANGE'; do
		read -ra words <<<"$table"
		attributes=() keys=()
		for word in "${words[@]:1}"; do
			IFS=: read -r attribute type key <<<"$word"
			attributes+=("AttributeName=$attribute,AttributeType=$type") keys+=("AttributeName=$attribute,KeyType=$key")
		done
		aws dynamodb create-table --table-name "${words[0]}" --attribute-definitions "${attributes[@]}" \
			--key-schema "${keys[@]}" --billing-mode PAY_PER_REQUEST >/dev/null
	done
	while IFS='|' read -r settings why; do
		read -ra words <<<"$settings"
		existing "${words[@]}"
		[[ -n $why || $status = 0 ]]
		[[ $err == *"$why"* ]] || { echo "$settings: $err" >&2 && false; }
	done <<-'TABLE'
		ledgerTable=ledger processedBucket=theirs|
		badDataBucket=nowhere|badDataBucket: there is no bucket nowhere
		processedBucket=afar|processedBucket: afar is in eu-west-1, the stack in us-east-1
		incomingBucket=theirs|make announce REGION=us-east-1 DEPLOY='--param incomingBucket=theirs' switches that on
		ledgerTable=old|ledgerTable: old has other keys (file HASH S) than the ledger needs (object HASH S, seq RANGE S)
		ledgerTable=swapped|(seq HASH S, object RANGE S)
		ledgerTable=numbers|(object HASH S, seq RANGE N)
		ledgerTable=none|ledgerTable: none: ResourceNotFoundException
	TABLE
	stub "[{\"match\": {\"path\": \"^/afar.*location\"}, \"reply\": {\"headers\": {\"Content-Type\": \"application/xml\"},
		\"body\": \"<?xml version='1.0' encoding='UTF-8'?><LocationConstraint xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>EU</LocationConstraint>\"}}, {\"upstream\": \"$AWS_ENDPOINT_URL\"}]"
	AWS_ENDPOINT_URL=$STUB_URL AWS_REGION=eu-west-1 existing processedBucket=afar
	assert_eq "$status $err" '0 '
}

@test "a bucket is switched to EventBridge once, with all that it had" {
	cat >"$dir/rules.mjs" <<-'E'
		import {writeFileSync} from 'node:fs'
		const ns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
		const had = '<TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:us-east-1:1:t</Topic><Event>s3:ObjectRemoved:*</Event></TopicConfiguration>' +
			'<CloudFunctionConfiguration><Id>f</Id><CloudFunction>arn:aws:lambda:us-east-1:1:function:f</CloudFunction><Event>s3:ObjectCreated:*</Event>' +
			'<Filter><S3Key><FilterRule><Name>prefix</Name><Value>a/</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration>'
		const get = (more) => ({status: 200, headers: {'content-type': 'application/xml'},
			body: `<NotificationConfiguration ${ns}>${had}${more}</NotificationConfiguration>`})
		export default [
			{match: {method: 'PUT'}, reply: ({body}) => {
				writeFileSync(new URL('put', import.meta.url), body)
				return {status: 200}
			}},
			{match: {method: 'GET', path: '/theirs'}, times: 1, reply: get('')},
			{match: {method: 'GET', path: '/theirs'}, reply: get('<EventBridgeConfiguration/>')},
		]
	E
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL_S3=$STUB_URL SLS_AWS_SDK_V3=1
	for want in 'theirs tells EventBridge what arrives, and its 2 other notifications as before' 'theirs tells EventBridge already'; do
		run3 env -C "$ROOT/pipelines/lambda" node_modules/.bin/osls announce --param incomingBucket=theirs
		assert_eq "$status $(grep theirs <<<"$out")" "0 $want"
	done
	for kept in arn:aws:sns:us-east-1:1:t 's3:ObjectRemoved:\*' arn:aws:lambda:us-east-1:1:function:f '<Value>a/</Value>' '<EventBridgeConfiguration'; do
		assert_eq "$kept $(grep -o "$kept" "$dir/put" | wc -l)" "$kept 1"
	done
}

# Prints key, secret of a new user who may do what the function's role may.
as_the_role() {
	local role
	role=$(aws iam list-roles | jq -r '.Roles[].RoleName | select(startswith("s3ev-dev-Role"))')
	# moto shows it as Python would, and leaves None where CloudFormation leaves nothing.
	aws iam get-role-policy --role-name "$role" --policy-name process |
		jq -r '.PolicyDocument | if type == "string" then gsub("\u0027"; "\"") | gsub("None, "; "") else tojson end' >"$dir/policy.json"
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
	# What was never announced and is not there is a mistake of the list.
	assert_eq "$status" 75
	assert_eq "$(jq -r '[.key, .route.to // .failed.code] | join(" ")' <<<"$out" | sort)" \
		$'bad.json bad-data\ngood.json processed\nnone.json NoSuchKey'
	run3 s3route -p $in -b "$BAD_DATA_BUCKET" <<<"$(record bucket="$BAD_DATA_BUCKET" key=bad.json.why.json)"
	assert_eq "$status $(jq -r .failed.code <<<"$out")" '75 AccessDenied'
}

@test "the policy for who deploys allows what the types of the stack need, and nothing else" {
	policy=$ROOT/pipelines/lambda/deploy-policy.json
	# What the handlers of each type ask for in AWS's own schemas of resources, as far as the stack sets
	# such properties; the lower rows are what the framework, existing.js, redrive and the aws command call.
	tr -d '\t' >"$dir/needs" <<-'TABLE'
		AWS::S3::Bucket s3:CreateBucket s3:DeleteBucket s3:GetBucketNotification s3:GetBucketOwnershipControls s3:GetBucketPublicAccessBlock s3:GetBucketTagging s3:GetBucketVersioning s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration s3:ListBucket s3:PutBucketNotification s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock s3:PutBucketTagging s3:PutBucketVersioning s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration kms:DescribeKey kms:GenerateDataKey
		AWS::S3::BucketPolicy s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy
		AWS::SQS::Queue sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags sqs:ListQueues sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue
		AWS::SQS::QueuePolicy sqs:SetQueueAttributes
		AWS::IAM::Role iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies iam:PutRolePolicy iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy iam:UpdateRole
		AWS::IAM::Policy iam:DeleteRolePolicy iam:GetRolePolicy iam:PutRolePolicy
		AWS::Lambda::Function iam:PassRole lambda:CreateFunction lambda:DeleteFunction lambda:DeleteFunctionConcurrency lambda:GetFunction lambda:GetFunctionCodeSigningConfig lambda:GetFunctionConfiguration lambda:GetFunctionRecursionConfig lambda:GetRuntimeManagementConfig lambda:ListTags lambda:PutFunctionConcurrency lambda:TagResource lambda:UntagResource lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration s3:GetObject
		AWS::Lambda::EventSourceMapping kms:Decrypt lambda:CreateEventSourceMapping lambda:DeleteEventSourceMapping lambda:GetEventSourceMapping lambda:ListEventSourceMappings lambda:ListTags lambda:TagResource lambda:UntagResource lambda:UpdateEventSourceMapping
		AWS::Lambda::EventInvokeConfig lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig lambda:PutFunctionEventInvokeConfig lambda:UpdateFunctionEventInvokeConfig
		AWS::Lambda::Permission lambda:AddPermission lambda:GetPolicy lambda:RemovePermission
		AWS::Logs::LogGroup logs:AssociateKmsKey logs:CreateLogGroup logs:DeleteLogGroup logs:DeleteRetentionPolicy logs:DescribeLogGroups logs:DescribeResourcePolicies logs:DisassociateKmsKey logs:ListTagsForResource logs:PutRetentionPolicy logs:TagResource logs:UntagResource
		AWS::DynamoDB::Table dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeContinuousBackups dynamodb:DescribeContributorInsights dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:GetResourcePolicy dynamodb:ListTagsOfResource dynamodb:TagResource dynamodb:UntagResource dynamodb:UpdateContinuousBackups dynamodb:UpdateTable dynamodb:UpdateTimeToLive kms:CreateGrant kms:Decrypt kms:DescribeKey
		AWS::SNS::Topic sns:CreateTopic sns:DeleteTopic sns:GetDataProtectionPolicy sns:GetTopicAttributes sns:ListSubscriptionsByTopic sns:ListTagsForResource sns:SetTopicAttributes sns:Subscribe sns:TagResource sns:Unsubscribe sns:UntagResource
		AWS::CloudWatch::Alarm cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource
		AWS::CloudWatch::Dashboard cloudwatch:DeleteDashboards cloudwatch:GetDashboard cloudwatch:PutDashboard
		AWS::Events::Rule events:DeleteRule events:DescribeRule events:ListTagsForResource events:ListTargetsByRule events:PutRule events:PutTargets events:RemoveTargets events:TagResource events:UntagResource
		framework cloudformation:CreateStack cloudformation:DeleteStack cloudformation:DescribeStackEvents cloudformation:DescribeStackResource cloudformation:DescribeStackResources cloudformation:DescribeStacks cloudformation:GetTemplate cloudformation:ListStackResources cloudformation:UpdateStack cloudformation:ValidateTemplate ecr:DescribeRepositories s3:DeleteObject s3:DeleteObjectVersion s3:ListBucketVersions s3:PutObject
		existing dynamodb:DescribeTable s3:GetBucketLocation s3:GetBucketNotification s3:ListBucket s3:PutBucketNotification
		redrive cloudformation:DescribeStacks sqs:DeleteMessage sqs:GetQueueAttributes sqs:ListMessageMoveTasks sqs:ReceiveMessage sqs:SendMessage sqs:StartMessageMoveTask
		aws cloudformation:CreateChangeSet cloudformation:DeleteChangeSet cloudformation:DescribeChangeSet cloudformation:ExecuteChangeSet cloudformation:GetTemplateSummary
	TABLE
	assert_eq "$(template_json | jq -r '.Resources[].Type' | sort -u)" "$(cut -d' ' -f1 "$dir/needs" | grep :: | sort)"
	assert_eq "$(jq -r '.Statement[].Action | if type == "array" then .[] else . end' "$policy" | sort)" \
		"$(cut -d' ' -f2- "$dir/needs" | tr ' ' '\n' | sort -u)"
	# IAM takes 6,144 characters, and only what is named after the stack may be touched.
	[ "$(jq -c . "$policy" | wc -c)" -lt 6144 ]
	jq -e 'all(.Statement[]; .Effect == "Allow" and (.Sid == "Template" or .Sid == "Keys" or ([.Resource] | flatten | all(test("s3ev-|event-source-mapping")))))' "$policy"
}

@test "what deploying calls stands in that policy" {
	has_moto || skip "moto_server and aws are not installed"
	package
	moto policy
	cat >"$dir/rules.mjs" <<-'E'
		import {appendFileSync} from 'node:fs'
		// S3's actions by what a request looks like; the other services say theirs.
		const s3 = (method, path, query) => {
			const list = {location: 's3:GetBucketLocation', notification: `s3:${method === 'PUT' ? 'Put' : 'Get'}BucketNotification`, delete: 's3:DeleteObject'}
			const word = Object.keys(list).find((name) => query.has(name))
			const key = path.split('/').filter((part) => part).length > 1
			return word ? list[word] : key ? {PUT: 's3:PutObject', GET: 's3:GetObject', HEAD: 's3:GetObject'}[method] : 's3:ListBucket'
		}
		const called = ({method, target, headers, body}) => {
			const [, service] = headers.authorization.match(/[/]([a-z0-9]+)[/]aws4_request/)
			const url = new URL(target, 'http://x')
			const action = headers['x-amz-target']?.split('.').pop() ?? new URLSearchParams(String(body)).get('Action') ??
				(method === 'GET' && url.pathname.includes('/functions/') && 'GetFunction')
			appendFileSync(new URL('called', import.meta.url), (service === 's3' ? s3(method, url.pathname, url.searchParams) : `${service}:${action}`) + '\n')
			return {}
		}
		export default [{upstream: "UPSTREAM", reply: called}]
	E
	aws s3api create-bucket --bucket s3ev-theirs >/dev/null
	sed -i "s,UPSTREAM,$AWS_ENDPOINT_URL," "$dir/rules.mjs"
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL=$STUB_URL
	for _ in 1 2; do deploy; done
	existing processedBucket=s3ev-theirs
	assert_eq "$status" 0
	(cd "$ROOT/pipelines/lambda" && node_modules/.bin/osls info) >"$dir/log" 2>&1
	aws cloudformation deploy --stack-name s3ev-plain --template-file "$ROOT/pipelines/lambda/template.yml" --capabilities CAPABILITY_IAM \
		--parameter-overrides CodeBucket=s3ev-theirs CodeKey=none >"$dir/log" 2>&1 || :
	# moto cannot remove all of it.
	(cd "$ROOT/pipelines/lambda" && timeout 120 node_modules/.bin/osls remove) >"$dir/log" 2>&1 || :
	grep -qx cloudformation:DeleteStack "$dir/called"
	sort -u "$dir/called" >"$dir/calls"
	[ "$(wc -l <"$dir/calls")" -gt 12 ]
	assert_eq "$(jq -r '.Statement[].Action | if type == "array" then .[] else . end' "$ROOT/pipelines/lambda/deploy-policy.json" |
		sort -u | comm -13 - "$dir/calls")" sts:GetCallerIdentity
}

# Runs make as a user does.
make_deploy() { # [VARIABLE=VALUE...]
	run3 env -u MAKELEVEL -u MAKEFLAGS timeout 600 make -C "$ROOT" --no-print-directory deploy "$@"
}

@test "make deploy deploys with the settings given and says where to put files, also when there is nothing to do" {
	has_moto || skip "moto_server and aws are not installed"
	moto make
	zip=mine-$RANDOM$RANDOM.zip # which zip(1) must not take for its options
	for said in "$zip: $(stat -c %s "$ROOT/build/lambda.zip") bytes" "$zip is there, and is deployed as it is"; do
		make_deploy STAGE=prod REGION=eu-west-1 ZIP=$zip DEPLOY='--param capacity=on-demand --param "checks=--utf8 --csv=12"'
		assert_eq "$status" 0
		printf '%s' "$out$err" >"$dir/log"
		grep -qx '  IncomingBucket: s3ev-prod-incoming-123456789012' "$dir/log"
		grep -qx '  FunctionName: s3ev-prod-process' "$dir/log"
		grep -qF "$said" "$dir/log"
	done
	mv "$ROOT/$zip" "$dir/mine.zip"
	export AWS_DEFAULT_REGION=eu-west-1
	assert_json ".Environment.Variables.CHECKS == \"--utf8 --csv=12\" and .CodeSize == $(stat -c %s "$dir/mine.zip")" \
		"$(aws lambda get-function-configuration --function-name s3ev-prod-process)"
	assert_json '.Table.BillingModeSummary.BillingMode == "PAY_PER_REQUEST"' \
		"$(aws dynamodb describe-table --table-name s3ev-prod-ledger)"
}

# What is marked as console in the page for who comes from Python, without the prompt.
console() {
	awk '/^ *```/ { inside = $1 == "```console"; indent = match($0, /`/); next } inside { print substr($0, indent) }' \
		"$ROOT/pipelines/lambda/FROM-PYTHON.md" | sed 's/^\$ //'
}

@test "the page for who comes from Python: its commands for AWS deploy ours beside the old function, switch, and go back" {
	has_moto || skip "moto_server and aws are not installed"
	moto page
	# moto does not show that a bucket tells EventBridge, and runs functions in Docker unless told otherwise.
	curl -sf --noproxy '*' --data '{"lambda": {"use_docker": false}}' "$AWS_ENDPOINT_URL/moto-api/config" >/dev/null
	cat >"$dir/rules.mjs" <<-'E'
		import {appendFileSync} from 'node:fs'
		const had = '<CloudFunctionConfiguration><Id>f</Id><CloudFunction>OLD</CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>' +
			'<TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:eu-west-1:123456789012:t</Topic><Event>s3:ObjectRemoved:*</Event></TopicConfiguration>'
		const get = {method: 'GET', path: '[?]notification'}
		const says = (more) => ({status: 200, headers: {'content-type': 'application/xml'},
			body: `<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${had}${more}</NotificationConfiguration>`})
		export default [
			{match: get, times: 2, reply: says('')},
			{match: get, reply: says('<EventBridgeConfiguration/>')},
			{match: {method: 'PUT', path: '[?]notification'}, reply: ({body}) => {
				appendFileSync(new URL('put', import.meta.url), String(body).replace(/\s+/g, ' ') + '\n')
				return {status: 200}
			}},
			{upstream: 'UPSTREAM'},
		]
	E
	export YOUR_BUCKET=theirs OLD_FUNCTION_ARN=arn:aws:lambda:eu-west-1:123456789012:function:old AWS_DEFAULT_REGION=eu-west-1 AWS_REGION=eu-west-1
	aws s3api create-bucket --bucket theirs --create-bucket-configuration LocationConstraint=eu-west-1 >/dev/null
	aws iam create-role --role-name old --assume-role-policy-document '{}' >/dev/null
	(cd "$dir" && echo 1 >x && zip -q x.zip x)
	aws lambda create-function --function-name old --runtime python3.13 --handler x.x --role arn:aws:iam::123456789012:role/old \
		--zip-file "fileb://$dir/x.zip" >/dev/null
	sed -i "s,UPSTREAM,$AWS_ENDPOINT_URL,; s,OLD,$OLD_FUNCTION_ARN," "$dir/rules.mjs"
	stub "$dir/rules.mjs"
	export AWS_ENDPOINT_URL=$STUB_URL
	# A directory as whoever reads the page has it: ours, and the function beside it.
	mkdir -p "$dir/here/function"
	ln -s "$ROOT"/* "$dir/here"
	printf 'def process(file, record):\n    pass\n' >"$dir/here/function/processor.py"
	cd "$dir/here"
	rm build
	mkdir build
	ln -s "$ROOT/build/lambda-x86_64" build
	printf '{"Records": [{"n": %d}]}\n' 1 2 >replay.jsonl
	console >commands
	[ "$(grep -cE '^(aws|make|while|[A-Z_]*=.*pipelines/lambda/invoke) ' commands)" -eq 9 ]
	export NEW_PROCESSED=new-good NEW_BAD_DATA=new-bad
	for bucket in new-good new-bad; do
		aws s3api create-bucket --bucket $bucket --create-bucket-configuration LocationConstraint=eu-west-1 >/dev/null
	done
	echo 1,2 >one.csv
	aws s3api put-object --bucket theirs --key one.csv --body one.csv | jq -c '{Records: [{eventSource: "aws:s3", eventName: "ObjectCreated:Put",
		awsRegion: "eu-west-1", s3: {bucket: {name: "theirs"}, object: {key: "one.csv", size: 4, eTag: (.ETag | gsub("\""; ""))}}}]}' >event.json
	run3 env -u MAKELEVEL -u MAKEFLAGS PATH="$PATH" timeout 900 bash -e commands
	printf '%s' "$out$err" >"$dir/log"
	assert_eq "$status" 0
	grep -qx '  IncomingBucket: theirs' "$dir/log"
	# moto keeps the functions of a stack where it keeps those for Docker.
	curl -sf --noproxy '*' --data '{"lambda": {"use_docker": true}}' "$AWS_ENDPOINT_URL/moto-api/config" >/dev/null
	assert_json '.Runtime == "python3.13" and .Environment.Variables.SOURCE_BUCKETS == "theirs"' \
		"$(aws lambda get-function-configuration --function-name s3ev-shadow-process)"
	unzip -l build/lambda.zip pipelines/processor/processor.py
	# Announced: all, and EventBridge. Switched: without the old function. Back: without EventBridge.
	assert_eq "$(sed -E 's/function:old/OLD/; s/.*<NotificationConfiguration[^>]*>//' "$dir/put" | while read -r line; do
		for word in OLD EventBridge :sns:; do [[ $line != *"$word"* ]] || printf '%s ' "$word"; done
		echo
	done)" $'OLD EventBridge :sns: \nEventBridge :sns: \nOLD :sns: '
	assert_eq "$(grep -c '"StatusCode": 200' "$dir/log")" 2
	grep -qF '"body":"{\"records\":1,\"good\":1,' "$dir/log"
}

@test "make deploy says what is missing: a region, credentials" {
	export AWS_EC2_METADATA_DISABLED=true HOME=$dir
	unset "${!AWS_@}"
	make_deploy
	[ "$status" -eq 2 ] && [[ $err == *'no region: REGION='* ]]
	AWS_EC2_METADATA_DISABLED=true make_deploy REGION=eu-west-1
	[ "$status" -eq 2 ] && [[ $out$err == *'credentials not found'* ]]
}

@test "a region or a setting that is wrong is said before anything is built" {
	unset AWS_REGION AWS_DEFAULT_REGION
	make_deploy ZIP="$dir/none.zip"
	[ "$status" -eq 2 ] && [[ $err == *'no region: REGION='* ]]
	for setting in capasity=on-demand capacity=foo; do
		make_deploy REGION=eu-west-1 ZIP="$dir/none.zip" DEPLOY="--param $setting"
		[ "$status" -eq 2 ] && [[ $out$err == *"${setting%=*}: "* ]] && [[ $out$err != *pipelines/lambda/build* ]]
	done
	[ ! -e "$dir/none.zip" ]
}

# Programs that are told to be there or not, and write down what was asked of them.
fake_debian() { # MISSING...
	mkdir -p "$dir/bin"
	cat >"$dir/bin/dpkg-query" <<-'E'
		#!/bin/bash
		case " $MISSING " in *" ${*: -1} "*) exit 1 ;; esac
		echo installed
	E
	cat >"$dir/bin/apt-cache" <<-'E'
		#!/bin/bash
		for package in "${@:2}"; do printf '%s:\n  Installed: 1\n  Candidate: %s\n' "$package" "${CANDIDATE:-1}"; done
	E
	printf '#!/bin/sh\necho "$0 $*" >>"%s"\n' "$dir/installs" >"$dir/bin/apt-get"
	cp "$dir/bin/apt-get" "$dir/bin/dpkg"
	chmod +x "$dir"/bin/*
}

@test "make lambda names what is missing or old, and installs nothing; that is for make deps-lambda" {
	fake_debian
	lambda() { # WORD...
		run3 env -u MAKELEVEL -u MAKEFLAGS PATH="$dir/bin:$PATH" make -C "$ROOT" --no-print-directory "$@" ZIP="$dir/none.zip" PROCESSOR=/dev/null
	}
	MISSING='libyajl-dev dpkg-dev' lambda lambda
	[ "$status" -eq 2 ]
	assert_eq "$(head -n 2 <<<"$err")" "need: missing packages: dpkg-dev libyajl-dev
make deps-lambda ARCH=x86_64 installs them, as root; FROM=ZIP builds without them"
	MISSING=gcc-aarch64-linux-gnu lambda lambda ARCH=arm64
	[ "$status" -eq 2 ] && [[ $err == *'missing packages: gcc-aarch64-linux-gnu'*'make deps-lambda ARCH=arm64 '* ]]
	# What is old is said, and the building goes on, here to a processor that is none.
	CANDIDATE=2 lambda lambda
	[[ $err == *'older than what Debian has: libc6-dev libc-ares-dev'*'/dev/null: no program to be the processor'* ]]
	# With a bundle that is there it is enough that three programs are, also elsewhere.
	mkdir "$dir/elsewhere"
	need() {
		run3 env PATH="$dir/elsewhere" "$(type -P bash)" "$ROOT/tests/bin/need" -n "$@"
	}
	need lambda-from
	assert_eq "$status $(head -n 1 <<<"$err")" '69 need: missing packages: binutils unzip zip'
	[[ $err == *'this is not Debian'*'FROM=ZIP'* ]]
	for program in readelf unzip zip; do ln -s /bin/true "$dir/elsewhere/$program"; done
	need lambda-from
	assert_eq "$status $err" '0 '
	[ ! -e "$dir/installs" ]
	MISSING=libyajl-dev lambda deps-lambda
	[ "$(id -u)" -ne 0 ] || grep -q 'apt-get install .* libyajl-dev$' "$dir/installs"
}

@test "ZIP in the environment is for zip(1), not the name of the bundle" {
	run3 env -u MAKELEVEL -u MAKEFLAGS ZIP=-r make -n -C "$ROOT" --no-print-directory lambda
	[[ $out == *'build x86_64 provided.al2023 build/lambda.zip '* ]]
}

@test "make -n builds nothing" {
	for target in lambda deploy; do
		run3 env -u MAKELEVEL -u MAKEFLAGS timeout 60 make -n -C "$ROOT" --no-print-directory "$target" REGION=eu-west-1 ZIP="$dir/none.zip"
		assert_eq "$target $status $err" "$target 0 "
		[[ $out == *'pipelines/lambda/build x86_64 '* ]]
		[ ! -e "$dir/none.zip" ]
	done
}

@test "make lambda-outdated names what in a bundle is older than what Debian has" {
	mkdir "$dir/bin"
	printf '#!/bin/sh\nexit "${APT_FAILS:-0}"\n' >"$dir/bin/apt-get"
	cat >"$dir/bin/apt-cache" <<-'E'
		#!/bin/bash
		case ${*: -1} in
		libcurl4-openssl-dev) echo '  Candidate: 7.88.1-10' ;;
		libssl-dev) echo '  Candidate: 3.0.17-1' ;;
		zlib1g-dev) echo '  Candidate: 1:1.2.13' ;;
		esac
	E
	chmod +x "$dir"/bin/*
	PATH=$dir/bin:$PATH
	bundle() { # VERSION_OF_LIBSSL [PACKAGE]
		printf '%s\n' 's3ev 0.1.0' 'curl 7.88.1-10' "libssl-dev $1" "${2:-zlib1g-dev} 1:1.2.13" >"$dir/VERSIONS"
		(cd "$dir" && rm -f some.zip && zip -q some.zip VERSIONS)
		run3 env -u MAKELEVEL -u MAKEFLAGS make -s -C "$ROOT" lambda-outdated ZIP="$dir/some.zip"
	}
	bundle 3.0.17-1
	assert_eq "$status $out$err" '0 '
	bundle 3.0.15-1
	assert_eq "$status $out" $'2 libssl-dev 3.0.15-1 3.0.17-1\n'
	bundle 3.0.17-1 none
	[ "$status" -eq 2 ] && [[ $err == 'outdated: none: Debian has no such package'* ]]
	APT_FAILS=100 bundle 3.0.17-1
	[ "$status" -eq 2 ] && [[ $err == *"outdated: Debian's lists cannot be read"* ]]
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
