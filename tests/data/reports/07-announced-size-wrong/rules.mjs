// An S3 that has the object as its ETag was announced; only the size in the event is wrong.
const body = 'id,name\n1,a\n', etag = '"97570fe1797bcf3e469b9a17b9f0abf4"'
const look = {status: 200, headers: {etag, 'content-length': String(body.length)}}
const made = new Set()

export default [
	{match: {method: 'GET', path: '^/in/'}, reply: {status: 200, headers: {etag, 'content-type': 'text/csv'}, body}},
	{match: {method: 'HEAD', path: '^/in/'}, reply: look},
	{match: {method: 'HEAD', path: '^/(to|bad)/'}, reply: ({target}) => made.has(target) ? look : {status: 404}},
	{match: {method: 'PUT', path: '^/(to|bad)/', header: {'x-amz-copy-source': '.'}}, reply: ({target}) => {
		made.add(target)
		return {status: 200, headers: {'content-type': 'application/xml'}, body: `<CopyObjectResult><ETag>${etag}</ETag></CopyObjectResult>`}
	}},
	{match: {method: 'PUT'}, reply: {status: 200, headers: {etag: '"{{md5}}"'}}},
]
