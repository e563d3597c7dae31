// settings - what follows from the parameters in serverless.yml, and which of them AWS would refuse, or we should
'use strict'
const names = ['timeout', 'window', 'batch', 'maximumConcurrency', 'reservedConcurrency']

// A text is thrown, since an error would be shown with its stack.
module.exports = async ({resolveVariable}) => {
	const [timeout, window, batch, most, reserved] = (await Promise.all(names.map((name) => resolveVariable(`param:${name}`)))).map(Number)
	const [name, trigger] = await Promise.all(['self:custom.name', 'param:trigger'].map(resolveVariable))
	if (!/^[a-z0-9][a-z0-9-]{0,37}$/.test(name))
		throw `stage: ${name} must be small letters, digits and hyphens, at most 38, since buckets are named so`
	if (timeout < 3)
		throw `timeout: ${timeout} s leave nothing for the work, since the answer is to be ready a second before`
	if (batch > 10 && !(window > 0))
		throw `batch: more than 10 messages (${batch}) need a window, such as --param window=5`
	// What is throttled goes back to the queue one try nearer to the dead letters.
	if (trigger === 'queue' && reserved > 0 && reserved < most)
		throw `reservedConcurrency: ${reserved} is less than what the queue may start, maximumConcurrency ${most}`
	// AWS asks for six times the function's timeout, on top of the time that a batch waits.
	return {visibility: 6 * timeout + window}
}
