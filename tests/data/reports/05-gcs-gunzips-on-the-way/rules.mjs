// An object with Content-Encoding gzip on GCS, which unzips it for who does not accept gzip
import {gzipSync} from 'node:zlib'
import {createHash} from 'node:crypto'
const plain = '{"a":1}\n'.repeat(20), gz = gzipSync(plain), etag = `"${createHash('md5').update(gz).digest('hex')}"`
export default [
	{match: {method: 'GET', header: {'accept-encoding': 'gzip'}}, reply: {status: 200, headers: {etag, 'content-encoding': 'gzip'}, body: gz}},
	{match: {method: 'GET'}, chunked: true, reply: {status: 200, headers: {'x-goog-stored-content-encoding': 'gzip', 'x-goog-stored-content-length': String(gz.length)}, body: plain}},
	{match: {method: 'HEAD'}, reply: {status: 200, headers: {etag, 'content-length': String(gz.length), 'content-encoding': 'gzip'}}},
]
