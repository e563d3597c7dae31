// The records of a night, the same each time: for the tests of s3ev-report, and
// for its picture. `node night.mjs [COUNT]` prints them.

// What an uploader may call a file.
export const hostile = [
	'<script>alert(1)</script>', '</style><img src=x onerror=alert(1)>', '"quote\'s" & <b>', '{{script}}',
	'a\u202egpj.exe', 'line\nbreak', 'tab\there', ' two  blanks ', '\u200bno width', 'no\u00a0break', '\u3164filler',
	'\u05d0\u05d1\u05d2/1 2', '\u0000nul\u001b[31m', 'x'.repeat(900),
]

export function night(count) {
	let seed = 7
	const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
	const records = []
	for (let i = 0; i < count; i++) {
		const key = i < hostile.length ? `hostile/${hostile[i]}` : `in/2026/${i % 37}/orders-${i}.csv`
		const record = {
			id: `i${i}`, event: 'ObjectCreated:Put',
			time: new Date(Date.UTC(2026, 10, 22, 20) + Math.floor((i + random()) * 36e6 / count)).toISOString(),
			bucket: 'incoming', key, size: Math.floor(random() * 1e7), check: {by: 'processor', took_ms: Math.floor(Math.exp(9 * random()))},
		}
		const dice = random()
		if (i < hostile.length)
			record.bad = {by: 's3check', code: 'NotCSV', reason: `not CSV: ${hostile[i]}`, line: i + 1, column: 3}
		else if (dice < 0.05)
			record.bad = {by: 's3check', code: 'FieldCount', reason: `line ${i % 90}: 2 fields, the first line has 3`, line: i % 90, column: 1 + i % 7}
		else if (dice < 0.07)
			record.bad = {by: 'processor', reason: `no order number in row ${i}`}
		else if (dice < 0.08)
			record.failed = {by: 's3route', code: 'SlowDown', message: 'Please reduce your request rate.', retry: true}
		else if (dice < 0.083)
			record.failed = {by: 's3route', code: 'AccessDenied', message: 'Access Denied', retry: false}
		else if (dice < 0.09)
			record.gone = {by: 's3fetch', code: 'NoSuchKey', message: 'it was deleted', now: 'deleted'}
		if (record.bad)
			record.route = {to: 'bad-data', bucket: 'bad-data', key}
		records.push(record)
	}
	return records
}

if (process.argv[1] === import.meta.filename)
	for (const record of night(Number(process.argv[2] ?? 3000)))
		console.log(JSON.stringify(record))
