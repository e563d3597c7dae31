'use strict'
// What the servers and the clients here share.
const fs = require('node:fs')
const http = require('node:http')

const newAgent = () => new http.Agent({keepAlive: true, maxSockets: 32})
const ownAgent = newAgent()

// RGW has been seen never to answer a PUT that it had announced. One test fails then, instead of all waiting.
const ANSWER_MS = 60000

// Lets a server listen on a free port of 127.0.0.1 and writes the port to a
// file, which appears when the server can be reached and never half-written.
function listen(server, portFile) {
	server.listen({port: 0, host: '127.0.0.1', backlog: 4096}, () => {
		fs.writeFileSync(`${portFile}.new`, String(server.address().port))
		fs.renameSync(`${portFile}.new`, portFile)
	})
}

// Sends one request, signed by aws4 with the keys in an environment, and
// resolves to {status, headers, body}. The path is sent as it is given. A server
// may close an idle connection just when it is used again: then it is sent anew.
function request(endpoint, what) {
	const {env = process.env, agent = ownAgent, service, method = 'GET', path = '/', headers = {}, body = ''} = what
	const {AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION} = env
	const {host, hostname, port} = new URL(endpoint)
	const options = require('aws4').sign(
		{service, region: AWS_REGION, method, path, body,
			// RGW takes a length of 0 for none when it checks what was signed.
			extraHeadersToIgnore: {'content-length': true}, headers: {host, 'content-length': Buffer.byteLength(body), ...headers}},
		{accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN})
	return new Promise((resolve, reject) => {
		const sent = http.request({...options, hostname, port, agent, timeout: ANSWER_MS}, async (res) => {
			try {
				resolve({status: res.statusCode, headers: res.headers, body: await readAll(res)})
			} catch (e) {
				reject(e)
			}
		})
		sent.on('error', (e) => sent.reusedSocket && e.code === 'ECONNRESET' ? resolve(request(endpoint, what)) : reject(e))
		sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in ${ANSWER_MS / 1000} seconds`)))
		sent.end(body)
	})
}

async function readAll(stream) {
	const pieces = []
	for await (const piece of stream)
		pieces.push(piece)
	return Buffer.concat(pieces)
}

// Runs a client as a program of its own: with this process's arguments, stdin,
// stdout and environment. servers/resident runs it with those of a test.
function runClient(name, run) {
	main(name, () => run(process.argv.slice(2), {
		env: process.env,
		agent: ownAgent,
		cwd: process.cwd(),
		readInput: () => readAll(process.stdin),
		write: (bytes) => new Promise((resolve) => process.stdout.write(bytes, resolve)),
	}))
}

// Runs a server as a program of its own, NAME PORTFILE ARGUMENT..., until it is
// killed. servers/resident runs any number of them in one process. start() gets
// the arguments and {env, cwd, report}, and resolves to a server that does not
// listen yet; it gets the event "stop" before its connections are cut.
function runServer(name, start) {
	main(name, async () => {
		const [, , portFile, ...args] = process.argv
		const report = (text) => process.stderr.write(`${name}: ${text}\n`)
		listen(await start(args, {env: process.env, cwd: process.cwd(), report}), portFile)
	})
}

// Runs a command's main function; what it throws is one line on stderr and exit 1.
function main(name, run) {
	run().then(() => ownAgent.destroy(), (e) => {
		process.stderr.write(`${name}: ${e.message}\n`)
		process.exit(e.status ?? 1)
	})
}

module.exports = {listen, main, newAgent, readAll, request, runClient, runServer}
