// Rules for the stub: lists of a bucket that is never there, as servers write
// them. The file MEMORY_S3 of the environment says what is in it:
//
//	keys       [KEY, ...], or {"KEY": ["v2", "v1"], ...}: the newest version
//	           first; one that begins with "-" is the marker of a deletion
//	make       instead, {kind: "uuid" | "date" | "number" | "padded", count}
//	delayMs    for each answer
//	refuse     {after: N, status, code}: the Nth request and those behind it
//	quirks     [NAME, ...], see below
//
// AWS's way unless a quirk says otherwise: "v1" knows no list-type, "no-v2" says
// so; "raw" writes tokens as they are and blanks as %20, as Ceph's RGW does;
// "plain" encodes nothing; "empty" has a page without entries before each with
// some, whose token any document can hold; "hollow" only such pages; "stuck" begins each page at the beginning,
// "unsorted" has its entries in no order; "oldest" has older versions first;
// "inclusive" begins at a key-marker without a version, as RGW does; "quoted" writes quotes as &#34;; "error" answers 200 with an error in it, once;
// "cut" cuts the first document in its middle.
import fs from 'node:fs'

function* made({kind, count}) {
	let seed = 1
	const random = () => (seed = Math.imul(seed, 1103515245) + 12345 >>> 0) / 2 ** 32
	const hex = (n) => Array.from({length: n}, () => '0123456789abcdef'[Math.floor(random() * 16)]).join('')
	const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-')
	const two = (n) => String(n).padStart(2, '0')
	for (let i = 0; i < count; i++)
		yield {uuid, number: () => `in/${i * 7}.csv`, padded: () => `order-${String(i + 1).padStart(7, '0')}.csv`,
			date: () => `2025/${two(1 + i % 365 / 31 | 0)}/${two(1 + i % 365 % 31)}/${uuid()}.csv`}[kind]()
}

function load({keys, make, quirks}) {
	const list = make ? [...made(make)] : Array.isArray(keys) ? keys : Object.keys(keys)
	const versions = (key) => !make && !Array.isArray(keys) ? keys[key] : ['null']
	const bytes = new Map(list.map((key) => [key, Buffer.from(key)]))
	list.sort((a, b) => Buffer.compare(bytes.get(a), bytes.get(b)))
	return list.map((key) => ({key, bytes: bytes.get(key), versions: quirks.includes('oldest') ? [...versions(key)].reverse() : versions(key),
		latest: versions(key)[0]}))
}

const escape = (s, quoted) => s.replace(/[<>&"]|[\x00-\x1f\x7f]|[\ufffe\uffff]/g, (c) => ({'<': '&lt;', '>': '&gt;', '&': '&amp;', '"': quoted ? '&#34;' : '&quot;'}[c] ?? `&#x${c.codePointAt(0).toString(16)};`))
const formed = (s) => encodeURIComponent(s).replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replace(/%20/g, '+').replace(/%2F/g, '/')

export default ({MEMORY_S3}) => {
	const {quirks = [], delayMs, refuse, make, keys} = JSON.parse(fs.readFileSync(MEMORY_S3))
	const has = (name) => quirks.includes(name)
	const objects = load({keys, make, quirks})
	const etag = '9dd4e461268c8034f5c8564e155c67a6'
	let requests = 0

	// Of the entries the first behind a key.
	function find(after) {
		const bytes = Buffer.from(after)
		let low = 0, high = objects.length
		while (low < high) {
			const at = low + high >> 1
			if (Buffer.compare(objects[at].bytes, bytes) > 0)
				high = at
			else
				low = at + 1
		}
		return low
	}

	function body({key, version, latest, marker}, name, encode) {
		const tag = name === 'Contents' ? name : marker ? 'DeleteMarker' : 'Version'
		return `<${tag}><Key>${encode(key)}</Key>` +
			(name === 'Contents' ? '' : `<VersionId>${version}</VersionId><IsLatest>${latest}</IsLatest>`) +
			'<LastModified>2026-11-23T05:54:00.000Z</LastModified>' +
			(marker ? '' : `<ETag>${has('quoted') ? '&#34;' : '&quot;'}${etag}${has('quoted') ? '&#34;' : '&quot;'}</ETag><Size>1</Size><StorageClass>${/glacier/.test(key) ? 'GLACIER' : 'STANDARD'}</StorageClass>`) +
			`</${tag}>`
	}

	// What is made is many, and asked for again and again: it is written once.
	const offsets = [0]
	const written = make && Buffer.concat(objects.map(({key, bytes}) => {
		const text = Buffer.from(body({key}, 'Contents', formed))
		offsets.push(offsets.at(-1) + text.length)
		return text
	}))

	// What a token of ours stands for.
	function meant(token) {
		return /^1:/.test(token) ? decodeURIComponent(token.slice(2)) : has('raw') ? token : Buffer.from(token ?? '', 'base64').toString()
	}

	function slice(query) {
		const max = Number(query.get('max-keys') ?? 1000)
		const prefix = query.get('prefix') ?? ''
		const start = Math.max(find(meant(query.get('continuation-token')) || (query.get('start-after') ?? query.get('marker') ?? '')), prefix && find(prefix))
		let all = objects.length
		for (let i = start; prefix && i < all; i++)
			if (!objects[i].key.startsWith(prefix))
				all = i
		const end = Math.min(start + max, all)
		const next = end < all ? `<NextContinuationToken>${Buffer.from(objects[end - 1].key).toString('base64')}</NextContinuationToken>` : ''
		return Buffer.concat([Buffer.from(`<ListBucketResult><KeyCount>${end - start}</KeyCount><EncodingType>url</EncodingType>` +
			`<IsTruncated>${end < all}</IsTruncated>`), written.subarray(offsets[start], offsets[end]), Buffer.from(`${next}</ListBucketResult>`)])
	}

	function* entries(query) {
		const all = query.has('versions')
		const v2 = query.has('list-type') && !has('v1')
		const token = v2 && meant(query.get('continuation-token'))
		const after = has('stuck') ? '' : token || (all ? query.get('key-marker') : v2 ? query.get('start-after') : query.get('marker')) || ''
		const mark = all && query.get('version-id-marker')
		const prefix = query.get('prefix') ?? ''
		const at = find(after)
		const inclusive = has('inclusive') && all && !mark && objects[at - 1]?.key === after
		for (let i = Math.max(0, at - (mark || inclusive ? 1 : 0)); i < objects.length; i++) {
			const {key, versions, latest} = objects[i]
			if (!key.startsWith(prefix))
				continue
			let behind = !(mark && key === after)
			for (const version of all ? versions : versions.slice(0, 1)) {
				const marker = version.startsWith('-')
				if (behind && (all || !marker))
					yield {key, version: version.replace(/^-/, ''), latest: version === latest, marker}
				behind ||= version.replace(/^-/, '') === mark
			}
		}
	}

	function reply({target}) {
		const query = new URLSearchParams(target.split('?')[1])
		const all = query.has('versions'), v2 = query.has('list-type') && !has('v1')
		const n = ++requests
		if (refuse && n >= refuse.after)
			return {status: refuse.status, headers: {'x-amz-request-id': 'R'}, body: `<Error><Code>${refuse.code}</Code><Message>no</Message></Error>`}
		if (v2 && has('no-v2'))
			return {status: 501, headers: {'x-amz-request-id': 'R'}, body: '<Error><Code>NotImplemented</Code><Message>no</Message></Error>'}
		if (has('error') && n === 1)
			return {headers: {'x-amz-request-id': 'R'}, body: '<Error><Code>InternalError</Code><Message>We erred</Message></Error>'}
		if (make)
			return {headers: {'Content-Type': 'application/xml'}, body: slice(query)}
		const max = Number(query.get('max-keys') ?? 1000)
		const encodes = query.get('encoding-type') === 'url' && !has('plain')
		const encode = encodes ? has('raw') ? encodeURIComponent : formed : (s) => escape(s, has('quoted'))
		const hollow = has('hollow') || (has('empty') && !/:/.test(query.get('continuation-token') ?? ''))
		const page = []
		let truncated = hollow
		for (const entry of hollow ? [] : entries(query)) {
			truncated = page.length === max
			if (truncated)
				break
			page.push(entry)
		}
		const last = page.at(-1) ?? {key: query.get('start-after') ?? '', version: ''}
		if (has('unsorted'))
			page.reverse()
		const token = (s) => has('raw') ? s.replace(/[<>&]/g, '') : encode(s)
		const next = !truncated ? '' : all ? `<NextKeyMarker>${token(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.version}</NextVersionIdMarker>`
			: v2 ? `<NextContinuationToken>${hollow ? `1:${encodeURIComponent(last.key)}` : has('raw') ? token(last.key) : Buffer.from(last.key).toString('base64')}</NextContinuationToken>` : ''
		const root = all ? 'ListVersionsResult' : 'ListBucketResult'
		const document = `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix>` +
			(v2 ? `<KeyCount>${page.length}</KeyCount>` : `<Marker></Marker>`) + `<MaxKeys>${max}</MaxKeys>` +
			(encodes ? '<EncodingType>url</EncodingType>' : '') + `<IsTruncated>${truncated}</IsTruncated>` +
			page.map((entry) => body(entry, all ? 'Version' : 'Contents', encode)).join('') + next + `</${root}>`
		return {headers: {'Content-Type': 'application/xml', 'x-amz-request-id': 'R'}, body: Buffer.from(has('cut') && n === 1 ? document.slice(0, document.length / 2) : document)}
	}

	return [{match: {method: 'GET'}, delayMs, reply}]
}
