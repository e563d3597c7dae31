'use strict'
// Requests to S3, and enough of XML to read and write their bodies.
const {request} = require('./lib')

// Sends a request; any answer but 2xx is thrown, by its code.
async function send({env = process.env, agent, service = 's3', method, bucket, key, query, body, headers}) {
	let path = '/'
	if (bucket !== undefined)
		path += bucket
	if (key !== undefined)
		path += '/' + key.split('/').map(urlEncode).join('/')
	if (query)
		path += `?${query}`
	const answer = await request(env.AWS_ENDPOINT_URL_S3, {env, agent, service, method, path, body, headers})
	if (answer.status < 200 || answer.status > 299) {
		const code = text(answer.body.toString(), 'Code') || `HTTP ${answer.status}`
		throw Object.assign(new Error(`${code}: ${method ?? 'GET'} ${path}`), {code})
	}
	return answer
}

// All objects of a bucket: [{key, size, etag}, ...].
async function list(bucket, pageSize = '1000', from = {}) {
	const objects = []
	let after = ''
	for (let more = true; more;) {
		const query = `list-type=2&encoding-type=url&max-keys=${pageSize}${after}`
		const page = (await send({...from, bucket, query})).body.toString()
		for (const item of elements(page, 'Contents'))
			objects.push({key: decoded(page, text(item, 'Key')), size: Number(text(item, 'Size')), etag: unquote(text(item, 'ETag'))})
		more = text(page, 'IsTruncated') === 'true'
		after = `&continuation-token=${encodeURIComponent(text(page, 'NextContinuationToken'))}`
	}
	return objects
}

// All versions and delete markers of a bucket: [{key, version, latest, marker}, ...].
// Where no object has versions, those that are there.
async function versions(bucket, from = {}) {
	const found = []
	let after = ''
	for (let more = true; more;) {
		const page = (await send({...from, bucket, query: `versions&encoding-type=url${after}`})).body.toString()
		if (!page.includes('<ListVersionsResult'))
			return (await list(bucket, undefined, from)).map(({key}) => ({key, latest: true, marker: false}))
		for (const [, name, item] of page.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs))
			found.push({key: decoded(page, text(item, 'Key')), version: text(item, 'VersionId').replace(/^null$/, '') || undefined,
				latest: text(item, 'IsLatest') === 'true', marker: name === 'DeleteMarker'})
		more = text(page, 'IsTruncated') === 'true'
		after = ['key', 'version-id'].map((name) => {
			const marker = name === 'key' ? decoded(page, text(page, 'NextKeyMarker')) : text(page, 'NextVersionIdMarker')
			return `&${name}-marker=${encodeURIComponent(marker)}`
		}).join('')
	}
	return found
}

async function inParallel(items, run) {
	const queue = items[Symbol.iterator]()
	await Promise.all(Array.from({length: 32}, async () => {
		for (const item of queue)
			await run(item)
	}))
}

// As RFC 3986 has it, and SigV4: encodeURIComponent leaves a few more as they are.
function urlEncode(s) {
	return encodeURIComponent(s).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase())
}

function urlDecode(s) {
	return decodeURIComponent(s.replace(/\+/g, ' '))
}

// A key as a list has it; not every server does with encoding-type as it is told.
function decoded(page, key) {
	return text(page, 'EncodingType') === 'url' ? urlDecode(key) : key
}

// Enough of XML for answers without attributes, comments and CDATA.
function elements(xml, name) {
	return Array.from(xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs')), (match) => match[1])
}

function text(xml, name) {
	const entities = {lt: '<', gt: '>', amp: '&', quot: '"', apos: '\''}
	return (elements(xml, name)[0] ?? '')
		.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
			entities[name] ?? String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)))
}

function escape(s) {
	return s.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

function unquote(s) {
	return s.replace(/"/g, '')
}

module.exports = {elements, escape, inParallel, list, send, text, unquote, urlDecode, urlEncode, versions}
