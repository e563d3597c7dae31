/* SPDX-License-Identifier: Apache-2.0 */
/* report: whatever the records, the page is one page, and small. */
#include "report/page.h"

#include "fuzz.h"

static size_t count(struct str text, const char *word)
{
	size_t n = 0, length = strlen(word);

	const char *end = text.p + text.n, *at = text.p;

	/* Each word begins with '<'. */
	while ((at = memchr(at, '<', (size_t)(end - at)))) {
		n += (size_t)(end - at) >= length &&
		     memcmp(at, word, length) == 0;
		at++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, text;
	struct page page = { .title = STR_NONE };
	unsigned long long lines = 0, counted = 0;
	struct buf out;
	struct err err;

	page.report = report_new();
	if (!page.report)
		abort();
	while (rest.n > 0) {
		struct str line = fuzz_line(&rest);

		lines += report_add(page.report, line, 1800000000000ULL,
				    &err) == 0 || !err_is(&err, ERR_MEMORY);
	}
	for (int i = 0; i <= RECORD_FAILED; i++)
		counted += page.report->outcomes[i];
	CHECK(counted + page.report->refused <= lines, "no line counts twice");
	buf_init(&out, PAGE_MAX);
	page_put(&out, &page);
	CHECK(!out.failed, "it is smaller than it may be");
	text = buf_str(&out);
	CHECK(str_is_utf8(text), "it is UTF-8");
	CHECK(count(text, "<script") == 1 && count(text, "</script") == 1,
	      "there is one script");
	CHECK(count(text, "<style") == 1 && count(text, "<title>") == 1 &&
	      count(text, "<img") == 0, "and nothing that is not ours");
	CHECK(count(text, "<table") == count(text, "</table>") &&
	      count(text, "<tr") == count(text, "</tr>") &&
	      count(text, "<bdi>") == count(text, "</bdi>"),
	      "what begins ends");
	buf_free(&out);
	report_free(page.report);
	return 0;
}
