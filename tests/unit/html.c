/* SPDX-License-Identifier: Apache-2.0 */
/* html: text from outside stays text; timeline: the order of records is none of its concern. */
#include <stdlib.h>
#include <string.h>

#include "format/html.h"
#include "report/timeline.h"
#include "tap.h"

#define X(text) "<b class=\"x\">" text "</b>"

static void test_put(void)
{
	static const struct { struct str text; const char *wanted; } table[] = {
		{ STR(""), "" },
		{ STR("in/a b.csv"), "in/a b.csv" },
		{ STR("<a href=\"x\" id='y'>&amp;"),
		  "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;" },
		{ STR("a\nb\rc\td\x1b\x7f"), "a" X("\\n") "b" X("\\r") "c"
		  X("\\t") "d" X("U+001B") X("U+007F") },
		{ STR("a\0b"), "a" X("U+0000") "b" },
		{ STR(" a  b "), X("\xE2\x90\xA3") "a" X("\xE2\x90\xA3")
		  X("\xE2\x90\xA3") "b" X("\xE2\x90\xA3") },
		{ STR("\xE2\x80\xAE\xE2\x81\xA6"), X("U+202E") X("U+2066") },
		{ STR("\xC2\xA0\xE3\x80\x80\xE3\x85\xA4"), X("U+00A0") X("U+3000")
		  X("U+3164") },
		{ STR("\xFF\xC3"), X("\\xff") X("\\xc3") },
		{ STR("\xEF\xBF\xBF\xF0\x9F\x98\x80"), X("U+FFFF")
		  "\xF0\x9F\x98\x80" },
		{ STR("\xF3\xA0\x81\x81"), X("U+E0041") },
		{ STR("\xC3\xA9\xD7\x90"), "\xC3\xA9\xD7\x90" },
	};
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		buf_reset(&out);
		html_put(&out, table[i].text);
		is(out.p ? out.p : "", out.n, table[i].wanted,
		   table[i].wanted);
	}
	buf_reset(&out);
	html_put_plain(&out, STR("<\n>"));
	is(out.p, out.n, "&lt;&lt;\\n&gt;&gt;", "no elements in a title");
	buf_reset(&out);
	html_put_cut(&out, STR("a\xC3\xA9z"), 2);
	is(out.p, out.n, "a\xE2\x80\xA6", "cut between characters");
	buf_free(&out);
}

enum { TIMES = 4000 };

/* The same times, from the first to the last or in another order. */
static void add_all(struct timeline *timeline, unsigned step)
{
	timeline_init(timeline);
	for (unsigned i = 0; i < TIMES; i++) {
		unsigned n = i * step % TIMES;

		timeline_add(timeline, (long long)n * n * 100 - 1000000,
			     (enum record_outcome)(n % 4));
	}
	timeline_fit(timeline, 30);
}

static void test_timeline(void)
{
	static struct timeline a, b;
	unsigned long long sum = 0;

	add_all(&a, 1);
	add_all(&b, 1237);
	ok(a.n > 1 && a.n <= 30 && a.n == b.n && a.length == b.length &&
	   memcmp(a.spans, b.spans, a.n * sizeof(*a.spans)) == 0,
	   "any order gives the same spans");
	for (size_t i = 0; i < a.n; i++) {
		sum += timeline_sum(&a.spans[i]);
		if (a.spans[i].start % a.length != 0 ||
		    (i > 0 && a.spans[i].start <= a.spans[i - 1].start))
			ok(false, "a span begins at %lld", a.spans[i].start);
	}
	ok(sum == TIMES, "all are counted");
	ok(timeline_peak(&a) > 0 && timeline_peak(&a) <= TIMES, "the peak");
}

int main(void)
{
	test_put();
	test_timeline();
	return done();
}
