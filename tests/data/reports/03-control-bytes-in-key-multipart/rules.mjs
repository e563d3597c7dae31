// What AWS answers about a key with U+0008: CreateMultipartUpload and
// CompleteMultipartUpload repeat it as &#x8;, which no XML 1.0 has.
const NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const copied = '"0cc175b9c0f1b6a831c399e2697726aa-2"'
const part = '"0cc175b9c0f1b6a831c399e269772661"'
const size = {'content-length': '10485760'}
let done = false

const quot = (s) => s.replaceAll('"', '&quot;')
const xml = (body, status = 200) => ({status, headers: {'content-type': 'application/xml'}, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`})

function keyOf({target}) {
	const key = decodeURIComponent(target.split('?')[0].split('/').slice(2).join('/'))
	return key.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, (c) => `&#x${c.charCodeAt(0).toString(16)};`)
}

function complete(request) {
	done = true
	return xml(`<CompleteMultipartUploadResult ${NS}><Location>http://x/to/${keyOf(request)}</Location><Bucket>to</Bucket>` +
		`<Key>${keyOf(request)}</Key><ETag>${quot(copied)}</ETag></CompleteMultipartUploadResult>`)
}

export default [
	{match: {method: 'POST', path: 'uploads'}, reply: (request) => xml(`<InitiateMultipartUploadResult ${NS}><Bucket>to</Bucket>` +
		`<Key>${keyOf(request)}</Key><UploadId>U1</UploadId></InitiateMultipartUploadResult>`)},
	{match: {method: 'PUT', path: 'partNumber'}, reply: xml('<CopyPartResult><LastModified>2026-01-01T00:00:00.000Z</LastModified>' +
		`<ETag>${quot(part)}</ETag></CopyPartResult>`)},
	{match: {method: 'POST', path: 'uploadId'}, reply: complete},
	{match: {method: 'GET', path: 'uploads'}, reply: xml('<ListMultipartUploadsResult></ListMultipartUploadsResult>')},
	{match: {method: 'GET', path: 'tagging'}, reply: xml('<Tagging><TagSet></TagSet></Tagging>')},
	{match: {method: 'HEAD', path: '^/in/'}, reply: {status: 200,
		headers: {etag: '"e9c6a6caff59de9773a6e7e13c0dd329-2"', 'content-type': 'text/plain', ...size}}},
	{match: {method: 'HEAD', path: '^/to/'}, reply: () => done ? {status: 200, headers: {etag: copied, ...size}} : {status: 404}},
	{match: {method: 'GET', path: '^/in/'}, reply: (request) => xml('<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>' +
		`<Key>${keyOf(request)}</Key><RequestId>R</RequestId><HostId>h</HostId></Error>`, 404)},
	{match: {method: 'DELETE'}, reply: {status: 204}},
]
