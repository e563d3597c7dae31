// A server that refuses its own ETag in If-Match (STUB_WHERE=all) or only on copies (STUB_WHERE=copy)
const etag = '"97570fe1797bcf3e469b9a17b9f0abf4"', body = 'id,name\n1,a\n'
const refused = {status: 412, body: '<Error><Code>PreconditionFailed</Code><Message>a condition does not hold</Message><Condition>x-amz-copy-source-If-Match</Condition></Error>'}
const look = {status: 200, headers: {etag, 'content-length': String(body.length)}}
export default ({STUB_WHERE}) => [
	...STUB_WHERE !== 'copy' ? [{match: {method: 'GET', header: {'if-match': '.'}}, reply: refused}, {match: {method: 'HEAD', header: {'if-match': '.'}}, reply: {status: 412}}] : [],
	{match: {method: 'GET', path: '^/in/'}, reply: {status: 200, headers: {etag}, body}},
	{match: {method: 'HEAD', path: '^/in/'}, reply: look},
	{match: {method: 'HEAD'}, reply: {status: 404}},
	{match: {method: 'PUT', header: {'x-amz-copy-source-if-match': '.'}}, reply: refused},
]
