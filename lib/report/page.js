
"use strict"
// Without this the page says the same, but cannot be sorted or searched.
for (const table of document.querySelectorAll("table.sort")) {
	const body = table.tBodies[0]
	const first = [...body.rows]
	table.tHead.rows[0].querySelectorAll("th").forEach((head, column) => {
		const button = document.createElement("button")
		button.type = "button"
		button.append(...head.childNodes)
		head.append(button)
		const isNumber = head.classList.contains("n")
		const value = (row) => {
			const text = row.cells[column].textContent
			return isNumber ? text === "" ? -1 : Number(text.replace(/\D/g, "")) : text
		}
		button.addEventListener("click", () => {
			const now = head.getAttribute("aria-sort")
			const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending"
			for (const other of table.tHead.rows[0].cells)
				other.removeAttribute("aria-sort")
			const rows = [...first]
			if (next) {
				head.setAttribute("aria-sort", next)
				const sign = next === "ascending" ? 1 : -1
				const values = new Map(rows.map((row) => [row, value(row)]))
				rows.sort((a, b) => {
					const x = values.get(a), y = values.get(b)
					return x < y ? -sign : x > y ? sign : 0
				})
			}
			body.append(...rows)
		})
	})
}
const find = document.querySelector(".find")
if (find) {
	const rows = [...document.querySelector("table.files").tBodies[0].rows]
	const texts = rows.map((row) => row.textContent.toLowerCase())
	const word = find.querySelector("input"), outcome = find.querySelector("select"), shown = find.querySelector("output")
	const show = () => {
		const wanted = word.value.toLowerCase()
		let n = 0
		rows.forEach((row, i) => {
			const fits = texts[i].includes(wanted) && (outcome.value === "" || row.cells[0].className === outcome.value)
			row.hidden = !fits
			n += fits
		})
		shown.textContent = n + " of " + rows.length + " shown"
	}
	find.hidden = false
	word.addEventListener("input", show)
	outcome.addEventListener("change", show)
	show()
}
