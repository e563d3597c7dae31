// An S3 behind a proxy that weakens ETags (STUB_FORM=weak) or adds to them (STUB_FORM=gzip)
const md5 = '97570fe1797bcf3e469b9a17b9f0abf4', body = 'id,name\n1,a\n'
let there = false
export default ({STUB_FORM}) => {
	const etag = STUB_FORM === 'gzip' ? `"${md5}-gzip"` : `W/"${md5}"`
	const look = {status: 200, headers: {etag, 'content-length': String(body.length)}}
	return [
		{match: {method: 'GET', path: '^/in/'}, reply: {status: 200, headers: {etag}, body}},
		{match: {method: 'HEAD', path: '^/in/'}, reply: look},
		{match: {method: 'HEAD'}, reply: () => there ? look : {status: 404}},
		{match: {method: 'PUT'}, reply: () => { there = true; return {status: 200, body: `<CopyObjectResult><ETag>"${md5}"</ETag></CopyObjectResult>`} }},
	]
}
