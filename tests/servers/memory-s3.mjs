// Rules for the stub: an S3 in memory that keeps conditions, as AWS does and
// RGW does not on copies. PUT, copy, HEAD, GET and DELETE of objects, of which
// those in buckets whose names begin with "v" have versions. What there is at
// first is JSON in the file MEMORY_S3 of the environment, {"bucket/key": ["body", ...]}, all of it
// written as 2024 began, and what there is in the end, too. What a look says is old when it arrives, so that
// workers get into each other's way.
import {createHash} from 'node:crypto'
import fs from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'

const objects = new Map() // "bucket/key": versions, the newest last
let versions = 0
let file // what MEMORY_S3 says

// {name: "bucket/key", version}, of a target or of x-amz-copy-source
function locate(target, host = '') {
	const [path, query = ''] = target.replace(/^\//, '').split('?')
	const bucket = /^([^.]+)\.s3\./.exec(host)?.[1]
	const name = decodeURIComponent(bucket && !path.startsWith(`${bucket}/`) ? `${bucket}/${path}` : path)
	return {name, version: new URLSearchParams(query).get('versionId')}
}

function find({name, version}) {
	const all = objects.get(name) ?? []
	return version ? all.find((object) => object.version === version) : all.at(-1)
}

const quoted = (etag) => `"${etag}"`
const error = (status, code, more = '') => ({status, headers: {'x-amz-request-id': 'R'}, body: `<Error><Code>${code}</Code><Message>x</Message>${more}</Error>`})
const failed = (condition) => error(412, 'PreconditionFailed', `<Condition>${condition}</Condition>`)

function store(name, object, at = new Date()) {
	const versioned = name.startsWith('v')
	const stored = {...object, etag: createHash('md5').update(object.body).digest('hex'),
		version: versioned ? `v${++versions}` : undefined, modified: at.toUTCString()}
	objects.set(name, versioned ? [...objects.get(name) ?? [], stored] : [stored])
	return stored
}

function save() {
	const bodies = [...objects].map(([name, all]) => [name, all.map(({body}) => String(body))])
	fs.writeFileSync(file, JSON.stringify(Object.fromEntries(bodies)))
}

const shown = ({etag, version, modified, headers}) => ({ETag: quoted(etag), 'Last-Modified': modified, ...headers,
	...version && {'x-amz-version-id': version}})

// What keeps a write to `name` from being done.
function refusal(name, headers) {
	const there = find({name})
	if (headers['if-none-match'] && there)
		return failed('If-None-Match')
	if (headers['if-match'] && !there)
		return error(404, 'NoSuchKey')
	if (headers['if-match'] && headers['if-match'].replaceAll('"', '') !== there.etag)
		return failed('If-Match')
}

function copy(name, headers) {
	const source = locate(headers['x-amz-copy-source'])
	const from = find(source)
	const wanted = headers['x-amz-copy-source-if-match']
	if (!from)
		return error(404, source.version ? 'NoSuchVersion' : 'NoSuchKey')
	if (wanted && wanted !== quoted(from.etag))
		return failed('x-amz-copy-source-If-Match')
	// As on AWS, the time counts only where there is no ETag.
	const since = headers['x-amz-copy-source-if-unmodified-since']
	if (!wanted && since && Date.parse(from.modified) > Date.parse(since))
		return failed('x-amz-copy-source-If-Unmodified-Since')
	const refused = refusal(name, headers)
	if (refused)
		return refused
	const {etag} = store(name, from)
	return {body: `<CopyObjectResult><ETag>&quot;${etag}&quot;</ETag></CopyObjectResult>`}
}

function put(name, headers, body) {
	const kept = Object.entries(headers).filter(([header]) => /^(content-type|x-amz-meta-.*)$/.test(header))
	return refusal(name, headers) ?? {headers: shown(store(name, {body, headers: Object.fromEntries(kept)}))}
}

function get(where, headers, method) {
	const object = find(where)
	if (!object)
		return error(404, 'NoSuchKey')
	if (headers['if-match'] && headers['if-match'] !== quoted(object.etag))
		return error(412, 'PreconditionFailed')
	return {headers: {...shown(object), ...method === 'HEAD' && {'Content-Length': object.body.length}}, body: method === 'HEAD' ? undefined : object.body}
}

function remove({name, version}, headers) {
	const object = find({name, version})
	if (object && headers['if-match'] && headers['if-match'] !== quoted(object.etag))
		return error(412, 'PreconditionFailed')
	objects.set(name, (objects.get(name) ?? []).filter((other) => other !== object))
	if (objects.get(name).length === 0)
		objects.delete(name)
	return {status: 204}
}

function change({method, target, headers, body}) {
	const where = locate(target, headers.host)
	const answer = method === 'DELETE' ? remove(where, headers)
		: headers['x-amz-copy-source'] ? copy(where.name, headers)
		: put(where.name, headers, body)
	save()
	return answer
}

async function look({method, target, headers}) {
	const answer = get(locate(target, headers.host), headers, method)
	await sleep(Math.random() * 20)
	return answer
}

export default ({MEMORY_S3}) => {
	file = MEMORY_S3
	for (const [name, bodies] of Object.entries(JSON.parse(fs.readFileSync(file))))
		bodies.forEach((body) => store(name, {body}, new Date('2024-01-01T00:00:00Z')))
	return [{match: {method: 'HEAD'}, reply: look}, {match: {method: 'GET'}, reply: look}, {reply: change}]
}
