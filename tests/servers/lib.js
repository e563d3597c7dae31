'use strict'
// What the servers and the clients here share.
const fs = require('node:fs')
const http = require('node:http')

const agent = new http.Agent({keepAlive: true, maxSockets: 32})

// Lets a server listen on a free port of 127.0.0.1 and writes the port to a
// file, which appears when the server can be reached and never half-written.
function listen(server, portFile) {
	server.listen({port: 0, host: '127.0.0.1', backlog: 4096}, () => {
		fs.writeFileSync(`${portFile}.new`, String(server.address().port))
		fs.renameSync(`${portFile}.new`, portFile)
	})
}

// Sends one request, signed by aws4 with the keys in the environment, and
// resolves to {status, headers, body}. The path is sent as it is given.
function request(endpoint, {service, method = 'GET', path = '/', headers = {}, body = ''}) {
	const {AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION} = process.env
	const {host, hostname, port} = new URL(endpoint)
	const options = require('aws4').sign(
		{service, region: AWS_REGION, method, path, body,
			// RGW takes a length of 0 for none when it checks what was signed.
			extraHeadersToIgnore: {'content-length': true}, headers: {host, 'content-length': Buffer.byteLength(body), ...headers}},
		{accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN})
	return new Promise((resolve, reject) => {
		const sent = http.request({...options, hostname, port, agent}, async (res) => {
			try {
				resolve({status: res.statusCode, headers: res.headers, body: await readAll(res)})
			} catch (e) {
				reject(e)
			}
		})
		sent.on('error', reject)
		sent.end(body)
	})
}

async function readAll(stream) {
	const pieces = []
	for await (const piece of stream)
		pieces.push(piece)
	return Buffer.concat(pieces)
}

// Runs a command's main function; what it throws is one line on stderr and exit 1.
function main(name, run) {
	run().then(() => agent.destroy(), (e) => {
		process.stderr.write(`${name}: ${e.message}\n`)
		process.exit(e.status ?? 1)
	})
}

module.exports = {listen, main, readAll, request}
