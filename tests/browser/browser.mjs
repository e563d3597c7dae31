// Debian's Chromium, and a page of s3ev-report in it.
import {execFileSync} from 'node:child_process'
import {createRequire} from 'node:module'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {pathToFileURL} from 'node:url'

const root = path.join(import.meta.dirname, '../..')
const {chromium} = createRequire(path.join(root, 'tests/servers/'))('playwright-core')
const build = process.env.BUILD ?? path.join(root, 'build')

export const dir = mkdtempSync(path.join(tmpdir(), 's3ev-browser.'))

// Chromium's sandbox cannot be had as root; nothing here comes from outside.
export const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: process.getuid() === 0 ? ['--no-sandbox'] : []})

export async function close() {
	await browser.close()
	rmSync(dir, {recursive: true})
}

// Writes the page of these records, and returns its URL.
export function makePage(name, records, options = []) {
	const file = path.join(dir, name)
	const input = records.map((record) => `${JSON.stringify(record)}\n`).join('')
	execFileSync(path.join(build, 's3ev-report'), ['-o', file, ...options], {input, maxBuffer: 1 << 26})
	return pathToFileURL(file).href
}

// Opens a page. What it complains of, and what it asks the network for, is kept.
export async function open(url, options = {}, media = {}) {
	const context = await browser.newContext(options)
	const page = await context.newPage()
	page.complaints = []
	page.requests = []
	await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective}`))).catch(() => {})
	page.on('console', (message) => page.complaints.push(message.text()))
	page.on('pageerror', (error) => page.complaints.push(error.message))
	page.on('dialog', (dialog) => { page.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss() })
	page.on('request', (request) => page.requests.push(request.url()))
	await page.emulateMedia(media)
	await page.goto(url)
	return page
}

export function save(name, bytes) {
	if (process.env.SHOTS)
		writeFileSync(path.join(process.env.SHOTS, name), bytes)
}
