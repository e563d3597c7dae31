#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// s3ev-processor.mjs - let a module in JavaScript say whether objects are good
//
// s3check -X 's3ev-processor.mjs /path/processor.mjs'
//
// Its process(path, record) is called, and awaited, for each object; else the
// module is named by PROCESSOR_JS. Returning is good; throwing something that has
// a member bad ({reason, code, line, column, byte, count}, see s3ev-processor(7))
// is bad; anything else is failed. What is logged goes to stderr. A module that
// cannot be used ends this with 78. Node 18 or later.
import {Console} from 'node:console'
import {writeSync} from 'node:fs'
import {resolve} from 'node:path'
import {createInterface} from 'node:readline'
import {pathToFileURL} from 'node:url'

globalThis.console = new Console(process.stderr, process.stderr)
process.stdout.write = process.stderr.write.bind(process.stderr)
const unusable = (why) => {
	writeSync(2, `${why}\n`)
	process.exit(78)
}
const path = process.argv[2] ?? process.env.PROCESSOR_JS ?? unusable('usage: s3ev-processor.mjs PROCESSOR.mjs')
const module = await import(pathToFileURL(resolve(process.env.OLDPWD ?? '.', path))).catch((error) => unusable(`${error?.stack}\n${error}`))
const judge = module.process ?? module.default?.process
if (typeof judge !== 'function')
	unusable(`s3ev-processor.mjs: ${path}: there is no process(path, record) in it`)
let hint = 's3ev-processor.mjs: failed, so it comes again: only to throw what has a member bad, {reason}, means that the data is bad\n'
if (process.env.S3EV_BUCKET !== undefined)
	unusable('s3ev-processor.mjs: for s3check -X only')

// As much of it as fits into an answer, whatever is in it.
const plain = (text) => new TextDecoder().decode(Buffer.from(text.replace(/(?![\t\n])\p{Cc}/gu, '\ufffd')).subarray(0, 1024), {stream: true})
const fault = (bad) => typeof bad.reason === 'string' ? {...bad, reason: plain(bad.reason)} : bad

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
	const record = JSON.parse(line)
	let answer = {}
	try {
		await judge(record.fetch.path, record)
	} catch (error) {
		if (!error?.bad) {
			writeSync(2, `${error?.stack ?? error}\n${hint}`)
			hint = ''
		}
		answer = error?.bad ? {bad: fault(error.bad)} : {failed: {message: plain(String(error).split('\n')[0])}}
	}
	writeSync(1, `${JSON.stringify({...answer, id: record.id})}\n`)
}
