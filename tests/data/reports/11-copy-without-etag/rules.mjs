// Copies have no ETag, neither in the answer nor later
const body = 'id,name\n1,a\n', etag = '"97570fe1797bcf3e469b9a17b9f0abf4"'
const made = new Set()
const length = {'content-length': String(body.length)}
export default [
	{match: {method: 'GET', path: '^/in/'}, reply: {status: 200, headers: {etag}, body}},
	{match: {method: 'HEAD', path: '^/in/'}, reply: {status: 200, headers: {etag, ...length}}},
	{match: {method: 'HEAD'}, reply: (r) => made.has(r.target) ? {status: 200, headers: length} : {status: 404}},
	{match: {method: 'PUT'}, reply: (r) => { made.add(r.target); return {status: 200, body: '<CopyObjectResult><LastModified>2026-01-29T08:17:21Z</LastModified></CopyObjectResult>'} }},
	{match: {method: 'DELETE'}, reply: {status: 204}},
]
