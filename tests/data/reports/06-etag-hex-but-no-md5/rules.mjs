// A server whose ETags are 32 hexadecimal digits, but another digest than MD5.
const body = 'id,name\n1,a\n'
const etag = '"0123456789abcdef0123456789abcdef"', copied = '"fedcba9876543210fedcba9876543210"'
const length = {'content-length': String(body.length)}
const made = new Set()

export default [
	{match: {method: 'GET', path: '^/in/'}, reply: {status: 200, headers: {etag, 'content-type': 'text/csv'}, body}},
	{match: {method: 'HEAD', path: '^/in/'}, reply: {status: 200, headers: {etag, ...length}}},
	{match: {method: 'HEAD', path: '^/to/'}, reply: ({target}) => made.has(target) ? {status: 200, headers: {etag: copied, ...length}} : {status: 404}},
	{match: {method: 'PUT', path: '^/to/'}, reply: ({target}) => {
		made.add(target)
		return {status: 200, headers: {'content-type': 'application/xml'}, body: `<CopyObjectResult><ETag>${copied}</ETag></CopyObjectResult>`}
	}},
]
