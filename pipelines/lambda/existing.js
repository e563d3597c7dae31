// existing - what is there already and is to be used by the stack: is it what the stack needs?
//
// A plugin of the framework. It looks before each deployment; `osls existing` only
// looks, and `osls announce` lets the incoming bucket tell EventBridge what arrives.
'use strict'

const {DescribeTableCommand, DynamoDBClient} = require('@aws-sdk/client-dynamodb')

// The parameters that name something, and of which the stack makes its own if they are empty.
const buckets = {IncomingBucket: 'incomingBucket', ProcessedBucket: 'processedBucket', BadDataBucket: 'badDataBucket'}
const keys = [['object', 'HASH', 'S'], ['seq', 'RANGE', 'S']]

module.exports = class Existing {
	constructor(serverless) {
		this.serverless = serverless
		this.provider = serverless.getProvider('aws')
		this.commands = {
			existing: {usage: 'Look at buckets and table that the stack is to use', lifecycleEvents: ['look']},
			announce: {usage: 'Let the incoming bucket tell EventBridge what arrives', lifecycleEvents: ['switch']},
		}
		this.hooks = {
			'existing:look': () => this.look(),
			'before:deploy:deploy': () => this.look(),
			'announce:switch': () => this.announce(),
		}
	}

	fail(text) {
		throw new this.serverless.classes.Error(text)
	}

	setting(name) {
		return this.serverless.service.provider.stackParameters.find(({ParameterKey}) => ParameterKey === name).ParameterValue
	}

	request(...call) {
		return this.provider.request('S3', ...call)
	}

	async look() {
		// Without credentials it ends here, before anything is built.
		const account = await this.provider.getAccountId()
		for (const [parameter, name] of Object.entries(buckets))
			if (this.setting(parameter))
				await this.lookAtBucket(name, this.setting(parameter), account)
		if (this.setting('IncomingBucket'))
			await this.lookAtNotifications(this.setting('IncomingBucket'))
		if (this.setting('LedgerTable'))
			await this.lookAtTable(this.setting('LedgerTable'))
	}

	async lookAtBucket(name, bucket, account) {
		try {
			await this.request('headBucket', {Bucket: bucket, ExpectedBucketOwner: account})
		} catch (error) {
			const status = error.providerError?.statusCode ?? error.$metadata?.httpStatusCode
			if (status === 404)
				this.fail(`${name}: there is no bucket ${bucket}`)
			this.fail(`${name}: ${bucket} is not this account's (${account}), or may not be looked at: ${error.message}`)
		}
		const location = (await this.request('getBucketLocation', {Bucket: bucket})).LocationConstraint || 'us-east-1'
		const there = location === 'EU' ? 'eu-west-1' : location // as it is called where the bucket was made so
		const here = this.provider.getRegion()
		if (there !== here)
			this.fail(`${name}: ${bucket} is in ${there}, the stack in ${here}; deploy it there`)
	}

	async lookAtNotifications(bucket) {
		if (!(await this.notifications(bucket)).EventBridgeConfiguration)
			this.fail(`incomingBucket: ${bucket} does not tell EventBridge what arrives; make announce ` +
				`REGION=${this.provider.getRegion()} DEPLOY='--param incomingBucket=${bucket}' switches that on and leaves its notifications as they are`)
	}

	async lookAtTable(table) {
		const {region, credentials, requestHandler} = this.provider.getV3Client('STS').config
		const {Table} = await new DynamoDBClient({region, credentials, requestHandler}).send(new DescribeTableCommand({TableName: table}))
			.catch((error) => this.fail(`ledgerTable: ${table}: ${error.name}: ${error.message}`))
		const types = Object.fromEntries(Table.AttributeDefinitions.map(({AttributeName, AttributeType}) => [AttributeName, AttributeType]))
		const there = Table.KeySchema.map(({AttributeName, KeyType}) => [AttributeName, KeyType, types[AttributeName]])
		const words = (list) => list.map((key) => key.join(' ')).join(', ')
		if (words(there) !== words(keys))
			this.fail(`ledgerTable: ${table} has other keys (${words(there)}) than the ledger needs (${words(keys)}); leave it as it is, and let the stack make its own`)
	}

	async notifications(bucket) {
		const {$metadata, ...configuration} = await this.request('getBucketNotificationConfiguration', {Bucket: bucket})
		return configuration
	}

	// S3 only takes the whole of a configuration, so what is there is put back.
	async announce() {
		const bucket = this.setting('IncomingBucket')
		if (!bucket)
			this.fail("incomingBucket: which one? --param incomingBucket=NAME; the stack's own needs nothing")
		const before = await this.notifications(bucket)
		if (before.EventBridgeConfiguration)
			return console.log(`${bucket} tells EventBridge already`)
		await this.request('putBucketNotificationConfiguration', {Bucket: bucket, SkipDestinationValidation: true,
			NotificationConfiguration: {...before, EventBridgeConfiguration: {}}})
		const kept = Object.values(before).flat().length
		console.log(`${bucket} tells EventBridge what arrives, and its ${kept} other notifications as before`)
	}
}
