// settings - the stack and its parameters from template.yml and the settings in serverless.yml, and which of these cannot be
'use strict'

const capital = (name) => name[0].toUpperCase() + name.slice(1)

// What a parameter of the stack does not take.
const refuses = (value, {Type, AllowedValues, AllowedPattern, MinValue, MaxValue, ConstraintDescription}) => {
	if (AllowedValues)
		return !AllowedValues.map(String).includes(value) && AllowedValues.join(' or ')
	if (Type === 'Number')
		return !(/^\d+$/.test(value) && value >= MinValue && value <= MaxValue) && `a number from ${MinValue} to ${MaxValue}`
	return AllowedPattern && !new RegExp(AllowedPattern).test(value) && ConstraintDescription
}

// What follows from others: AWS asks for six times the function's timeout, on
// top of the time that a batch waits.
const derived = {Visibility: ({timeout, window}) => 6 * timeout + Number(window)}

// Which settings cannot be together, each with the reason.
const conflict = (s, name, region) => {
	const longest = s.namespace === 'global' ? 38 : 36 - region.length
	if (!/^[a-z0-9][a-z0-9-]*$/.test(name) || name.length > longest)
		return `stage: ${name} must be small letters, digits and hyphens, at most ${longest}, since buckets are named so`
	if (s.batch > 10 && !(s.window > 0))
		return `batch: more than 10 messages (${s.batch}) need a window, such as --param window=5`
	// What is throttled goes back to the queue one try nearer to the dead letters.
	if (s.trigger === 'queue' && s.reservedConcurrency > 0 && s.reservedConcurrency - s.maximumConcurrency < 0)
		return `reservedConcurrency: ${s.reservedConcurrency} is less than what the queue may start, maximumConcurrency ${s.maximumConcurrency}`
	if (s.minimumPollers === '1' || s.minimumPollers - s.maximumPollers > 0)
		return `minimumPollers: ${s.minimumPollers} is not 0, or from 2 to maximumPollers, ${s.maximumPollers}`
	if (s.maxWrites > 0 && s.capacity !== 'on-demand')
		return 'maxWrites: only a ledger with capacity=on-demand has such a limit; writeCapacity is that of the other'
	if (s.trigger === 'direct' && s.incomingBucket)
		return 'trigger: direct needs a bucket of the stack; one that is there is announced by EventBridge, to the queue'
	const buckets = [s.incomingBucket, s.processedBucket, s.badDataBucket].filter((bucket) => bucket)
	if (new Set(buckets).size < buckets.length)
		return `incomingBucket, processedBucket, badDataBucket: ${buckets.join(', ')} must be different buckets`
}

const toNames = (names) => [...names].sort().join(', ')

// A text is thrown, since an error would be shown with its stack.
module.exports = async ({options, resolveVariable, resolveConfigurationProperty}) => {
	// The framework knows no rules; conflict() has them.
	const {Parameters, Rules, ...stack} = await resolveVariable('file(template.yml)')
	const params = await resolveConfigurationProperty(['params'])
	const known = Object.keys(params.default)
	const stage = await resolveVariable('sls:stage')
	const given = [options.param ?? []].flat().map((param) => param.split('=')[0])
	for (const name of [...given, ...Object.keys(params[stage] ?? {})])
		if (!known.includes(name))
			throw `${name}: there is no such parameter, only ${toNames(known)}`
	const settings = {}
	for (const name of known)
		settings[name] = String(await resolveVariable(`param:${name}`))
	const name = `${await resolveVariable('self:service')}-${stage}`
	const why = conflict(settings, name, await resolveVariable('self:provider.region'))
	for (const name of known) {
		const words = capital(name) in Parameters && refuses(settings[name], Parameters[capital(name)])
		if (words)
			throw `${name}: ${settings[name] || 'nothing'} is not ${words}`
	}
	if (why)
		throw why
	for (const name in derived)
		settings[name] = String(derived[name](settings))
	// The bundle is uploaded and named by the framework.
	const {CodeBucket, CodeKey, ...rest} = Parameters
	delete stack.Resources.ProcessLambdaFunction.Properties.Code
	return {
		parameters: Object.keys(rest).map((name) => ({ParameterKey: name,
			ParameterValue: settings[name] ?? settings[name[0].toLowerCase() + name.slice(1)]})),
		stack: {Parameters: rest, ...stack},
	}
}
