// The page of s3ev-report in a browser. SHOTS=DIR keeps what it looks like.
import assert from 'node:assert/strict'
import {after, test} from 'node:test'
import {browser, close, makePage, open, save} from './browser.mjs'
import {hostile, night} from './night.mjs'

after(close)

const records = night(1500)
const listed = records.filter((record) => record.bad || record.failed)
const url = makePage('night.html', records, ['-t', '2026-11-23T07:00:00Z'])
const PHONE = {viewport: {width: 360, height: 740}, deviceScaleFactor: 2, hasTouch: true, isMobile: true}

const rowsShown = (page) => page.locator('table.files tbody tr:visible').count()
const column = (page, n) => page.locator(`table.files tbody tr > :nth-child(${n})`).allTextContents()

// WCAG 2.2, 1.4.3, from the colours as they are computed. Returns what has too little.
const lowContrast = () => {
	const parse = (text) => text.match(/[\d.]+/g).map(Number)
	const luminance = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
	const behind = (element) => {
		for (; element; element = element.parentElement) {
			const colour = parse(getComputedStyle(element).backgroundColor)
			if (colour.length < 4 || colour[3] > 0)
				return colour
		}
		return [255, 255, 255]
	}
	const found = new Set()
	for (const element of document.body.querySelectorAll('*')) {
		const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
		const isBar = element.tagName === 'rect'
		if (!text && !isBar || element.closest('script'))
			continue
		const style = getComputedStyle(element)
		const a = luminance(parse(isBar ? style.fill : style.color)), b = luminance(behind(element))
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
		if (ratio < (isBar ? 3 : 4.5))
			found.add(`${element.tagName}.${element.className.baseVal ?? element.className}: ${ratio.toFixed(2)}`)
	}
	return [...found]
}

for (const [name, options, media] of [
	['light', {viewport: {width: 1200, height: 900}}, {colorScheme: 'light'}],
	['dark', {viewport: {width: 1200, height: 900}}, {colorScheme: 'dark'}],
	['phone', PHONE, {colorScheme: 'light'}],
	['phone-dark', PHONE, {colorScheme: 'dark'}],
	['print', {viewport: {width: 750, height: 1060}}, {media: 'print', colorScheme: 'dark'}],
]) {
	test(`${name}: nothing is refused, asked for or too wide, and all has contrast`, async () => {
		const page = await open(url, options, media)
		save(`${name}.png`, await page.screenshot())
		await page.locator('#files').scrollIntoViewIfNeeded()
		await page.evaluate(() => document.querySelector('#files').scrollIntoView())
		save(`${name}-files.png`, await page.screenshot())
		assert.deepEqual(page.complaints, [])
		assert.deepEqual(page.requests, [url])
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
		assert.deepEqual(await page.evaluate(lowContrast), [])
		await page.context().close()
	})
}

test('a click on a heading sorts, numbers as numbers, and says so; the third one undoes it', async () => {
	const page = await open(url)
	const before = await column(page, 2)
	assert.equal(before.length, listed.length)
	const button = page.locator('table.files th', {hasText: 'bytes'}).getByRole('button')
	for (const [sort, sign] of [['ascending', 1], ['descending', -1]]) {
		await button.click()
		assert.equal(await page.locator(`th[aria-sort=${sort}]`).textContent(), 'bytes')
		assert.deepEqual((await column(page, 6)).map(Number), listed.map((record) => record.size).sort((a, b) => sign * (a - b)))
	}
	await button.click()
	assert.equal(await page.locator('th[aria-sort]').count(), 0)
	assert.deepEqual(await column(page, 2), before)
	await page.context().close()
})

test('all can be done with the keyboard', async () => {
	const page = await open(url)
	await page.locator('#word').focus()
	await page.keyboard.type('SlowDown')
	assert.equal(await rowsShown(page), records.filter((record) => record.failed?.code === 'SlowDown').length)
	await page.keyboard.press('Tab')
	await page.keyboard.press('Tab')	// the table, which may be scrolled
	await page.keyboard.press('Tab')
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'outcome')
	assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none')
	await page.keyboard.press('Enter')
	assert.equal(await page.locator('th[aria-sort=ascending]').textContent(), 'outcome')
	await page.context().close()
})

for (const [name, options] of [['a screen', {}], ['a telephone', PHONE]]) {
	test(`on ${name}, a word and an outcome choose rows, and the page says how many`, async () => {
		const page = await open(url, options)
		await page.getByLabel('Search names').fill('ACCESS DENIED')
		const n = records.filter((record) => record.failed?.code === 'AccessDenied').length
		assert.ok(n > 0)
		assert.equal(await rowsShown(page), n)
		assert.equal(await page.locator('output').textContent(), `${n} of ${listed.length} shown`)
		await page.getByLabel('Outcome').selectOption('bad')
		assert.equal(await rowsShown(page), 0)
		await page.getByLabel('Search names').fill('')
		assert.equal(await rowsShown(page), records.filter((record) => record.bad).length)
		await page.context().close()
	})
}

test('names are text, whatever they hold, and what cannot be seen is shown', async () => {
	const page = await open(url)
	const shown = hostile.map((name) => name.replace('\u202e', 'U+202E').replace('\n', '\\n').replace('\t', '\\t').replace('\u200b', 'U+200B')
		.replace('\u00a0', 'U+00A0').replace('\u3164', 'U+3164').replace('\u0000', 'U+0000').replace('\u001b', 'U+001B')
		.replace('two  blanks ', 'two␣␣blanks␣'))
	const names = (await page.locator('table.files th[scope=row] > bdi').allTextContents()).filter((name) => name.includes('/hostile/'))
	assert.deepEqual(names, shown.map((name) => `incoming/hostile/${name}`))
	assert.equal(await page.locator('img, iframe, object, a').count(), 0)
	assert.equal(await page.locator('script').count(), 1)
	// Only the style of what is shown for a character tells it from the same letters.
	assert.ok(await page.locator('table.files b.x', {hasText: 'U+202E'}).count() > 0)
	await page.context().close()
})

test('the policy lets nothing else run', async () => {
	const page = await open(url)
	await page.evaluate(() => {
		const script = document.createElement('script')
		script.textContent = 'document.title = "taken over"'
		document.body.append(script)
		document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="document.title = \'taken over\'"><p style="color: red">')
	})
	await page.waitForFunction(() => document.images.length > 0)
	assert.equal(await page.title(), `What became of 1\u202f500 files`)
	assert.ok(page.complaints.some((text) => text.includes('policy: script-src')))
	assert.ok(page.complaints.some((text) => text.includes('policy: style-src')))
	await page.context().close()
})

test('without scripts it says the same, and shows nothing that would not work', async () => {
	const page = await open(url, {javaScriptEnabled: false})
	assert.equal(await page.locator('table.files tbody tr').count(), listed.length)
	assert.equal(await page.locator('button').count(), 0)
	assert.equal(await page.locator('.find').isVisible(), false)
	await page.context().close()
})

test('headings are in order, everything that is put in has a label, rows and columns have heads', async () => {
	const page = await open(url)
	assert.deepEqual(await page.evaluate(() => {
		const wrong = []
		const levels = [...document.querySelectorAll('h1, h2, h3')].map((head) => Number(head.tagName[1]))
		levels.forEach((level, i) => i > 0 && level > levels[i - 1] + 1 && wrong.push(`h${level}`))
		for (const input of document.querySelectorAll('input, select'))
			input.labels.length || wrong.push(input.id)
		for (const table of document.querySelectorAll('table'))
			for (const row of table.tBodies[0].rows)
				row.className === 'gap' || row.querySelector('th[scope=row]') || wrong.push(row.textContent)
		const ids = [...document.querySelectorAll('[id]')].map((element) => element.id)
		new Set(ids).size === ids.length || wrong.push('an id stands twice')
		for (const element of document.querySelectorAll('[aria-labelledby]'))
			document.getElementById(element.getAttribute('aria-labelledby')) || wrong.push('no such label')
		return wrong
	}), [])
	await page.context().close()
})

test('few records, and none', async () => {
	for (const [name, some] of [['none.html', []], ['good.html', [{bucket: 'b', key: 'k'}]]]) {
		const page = await open(makePage(name, some))
		assert.deepEqual(page.complaints, [])
		assert.match(await page.locator('body').textContent(), /There are none\./)
		await page.context().close()
	}
	assert.ok(browser.isConnected())
})
