// Backblaze B2 as it was: it refuses requests with headers of checksums that it does not know.
const etag = '"97570fe1797bcf3e469b9a17b9f0abf4"'
const refusal = (header) => ({match: {header: {[header]: '.'}}, reply: {status: 400, headers: {'content-type': 'application/xml'},
	body: `<Error><Code>InvalidArgument</Code><Message>Unsupported header '${header}' received for this API call.</Message></Error>`}})

export default [
	refusal('x-amz-checksum-crc64nvme'),
	refusal('x-amz-sdk-checksum-algorithm'),
	{match: {method: 'HEAD', path: '^/in/'}, reply: {status: 200, headers: {etag, 'content-length': '12'}}},
	{match: {method: 'HEAD'}, reply: {status: 404}},
	{match: {method: 'PUT', header: {'x-amz-copy-source': '.'}}, reply: {status: 200, headers: {'content-type': 'application/xml'},
		body: `<CopyObjectResult><ETag>${etag}</ETag></CopyObjectResult>`}},
	{match: {method: 'PUT'}, reply: {status: 200, headers: {etag: '"{{md5}}"'}}},
]
