/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "format/html.h"
#include "format/iso.h"
#include "hash/digest.h"
#include "report/page_files.h"

enum {
	ROWS_WHEN = 40,			/* of the table of times */
	REASONS_LISTED = 100,
	REASONS_BYTES = 400 << 10,	/* of their part of the page */
	MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR
};

typedef void put_fn(struct buf *out, const struct page *page);

/* Worst first, as people ask. */
static const enum record_outcome order[] = {
	RECORD_FAILED, RECORD_BAD, RECORD_GONE, RECORD_GOOD
};
#define OUTCOMES (sizeof(order) / sizeof(*order))

/* Numbers and times */

/* In groups of three, between them a blank that is narrow and does not break. */
static void put_count(struct buf *out, unsigned long long n)
{
	if (n >= 1000) {
		put_count(out, n / 1000);
		buf_printf(out, "\xE2\x80\xAF%03llu", n % 1000);
	} else {
		buf_printf(out, "%llu", n);
	}
}

static void put_counted(struct buf *out, unsigned long long n,
			const char *what)
{
	put_count(out, n);
	buf_printf(out, " %s%s", what, n == 1 ? "" : "s");
}

static void put_bytes(struct buf *out, unsigned long long bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes / 1000;
	size_t i = 0;

	if (bytes < 1000) {
		put_counted(out, bytes, "byte");
		return;
	}
	while (value >= 999.5 && i + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1000;
		i++;
	}
	buf_printf(out, value < 99.5 ? "%.1f %s" : "%.0f %s", value, units[i]);
}

static void put_length(struct buf *out, long long seconds)
{
	if (seconds % DAY == 0)
		buf_printf(out, "%lld day%s", seconds / DAY,
			   seconds == DAY ? "" : "s");
	else if (seconds % HOUR == 0)
		buf_printf(out, "%lld hour%s", seconds / HOUR,
			   seconds == HOUR ? "" : "s");
	else if (seconds % MINUTE == 0)
		buf_printf(out, "%lld minute%s", seconds / MINUTE,
			   seconds == MINUTE ? "" : "s");
	else
		buf_printf(out, "%lld second%s", seconds,
			   seconds == 1 ? "" : "s");
}

/* n bytes of "2026-11-23 05:54:00"; the first ten are the day. */
static void put_time(struct buf *out, long long seconds, size_t n)
{
	char text[ISO_SIZE];

	if (iso_write(text, (time_t)seconds) < 0) {
		buf_puts(out, seconds < 0 ? "before the year 1" :
					    "after the year 9999");
		return;
	}
	text[10] = ' ';
	buf_put(out, text, n);
}

static unsigned long long all_of(const struct report *report)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < OUTCOMES; i++)
		n += report->outcomes[i];
	return n;
}

/* Bars: the numbers stand beside them, so that nobody has to see them. */

enum { BAR = 1000, VISIBLE = 3 };	/* widths */

/*
 * Nothing that happened is too small to be seen.  What this adds is taken from
 * the widest, for what lies beyond the end of the bar is not seen either.
 */
static void find_widths(double widths[OUTCOMES],
			const unsigned long long counts[RECORD_FAILED + 1],
			unsigned long long full)
{
	double all = 0;
	size_t widest = 0;

	for (size_t i = 0; i < OUTCOMES; i++) {
		unsigned long long n = counts[order[OUTCOMES - 1 - i]];

		widths[i] = full > 0 ? (double)n * BAR / (double)full : 0;
		if (n > 0 && widths[i] < VISIBLE)
			widths[i] = VISIBLE;
		if (widths[i] > widths[widest])
			widest = i;
		all += widths[i];
	}
	if (all > BAR)
		widths[widest] -= all - BAR;
}

static void put_bar(struct buf *out, const char *class,
		    const unsigned long long counts[RECORD_FAILED + 1],
		    unsigned long long full)
{
	double widths[OUTCOMES], x = 0;

	find_widths(widths, counts, full);
	buf_printf(out, "<svg%s viewBox=\"0 0 1000 10\" "
		   "preserveAspectRatio=\"none\" aria-hidden=\"true\">", class);
	for (size_t i = 0; i < OUTCOMES; i++) {
		if (widths[i] <= 0)
			continue;
		buf_printf(out, "<rect class=\"%s\" x=\"%.1f\" "
			   "width=\"%.1f\" height=\"10\"/>",
			   record_outcome_name(order[OUTCOMES - 1 - i]), x,
			   widths[i]);
		x += widths[i];
	}
	buf_puts(out, "</svg>");
}

/* The parts of the page, in the order of page.html */

static void put_digest(struct buf *out, const char *text)
{
	unsigned char sum[DIGEST_SHA256_SIZE];
	char base64[DIGEST_BASE64_SIZE(DIGEST_SHA256_SIZE)];

	digest_sha256(text, strlen(text), sum);
	digest_base64(base64, sum, sizeof(sum));
	buf_printf(out, "'sha256-%s'", base64);
}

static void put_policy(struct buf *out, const struct page *page)
{
	(void)page;
	buf_puts(out, "default-src 'none'; style-src ");
	put_digest(out, page_css);
	buf_puts(out, "; script-src ");
	put_digest(out, page_js);
	buf_puts(out, "; base-uri 'none'; form-action 'none'");
}

static void put_style(struct buf *out, const struct page *page)
{
	(void)page;
	buf_puts(out, page_css);
}

static void put_script(struct buf *out, const struct page *page)
{
	(void)page;
	buf_puts(out, page_js);
}

static void put_heading(struct buf *out, const struct page *page,
			void (*put)(struct buf *out, struct str s))
{
	if (page->title.n > 0) {
		put(out, page->title);
		return;
	}
	buf_puts(out, "What became of ");
	put_counted(out, all_of(page->report), "file");
}

/* Of the window, where no element can be. */
static void put_name(struct buf *out, const struct page *page)
{
	put_heading(out, page, html_put_plain);
}

static void put_title(struct buf *out, const struct page *page)
{
	put_heading(out, page, html_put);
}

static void put_period(struct buf *out, const struct page *page)
{
	const struct report *report = page->report;

	if (report->timeline.n > 0) {
		buf_puts(out, "Their events happened from ");
		put_time(out, report->oldest, 19);
		buf_puts(out, " to ");
		put_time(out, report->newest, 19);
		buf_puts(out, " UTC.");
	} else {
		buf_puts(out, "When their events happened is not known.");
	}
	if (page->made != 0) {
		buf_puts(out, " This page was made at ");
		put_time(out, page->made, 19);
		buf_puts(out, ".");
	}
}

static void put_share(struct buf *out, unsigned long long n,
		      unsigned long long all)
{
	double share = all > 0 ? 100 * (double)n / (double)all : 0;

	if (n > 0 && n < all && (share < 0.1 || share > 99.9))
		buf_puts(out, share < 50 ? "less than 0.1 %" :
					   "more than 99.9 %");
	else
		buf_printf(out, "%.1f %%", share);
}

static void put_summary(struct buf *out, const struct page *page)
{
	static const char *const meanings[] = {
		[RECORD_GOOD] = "good", [RECORD_BAD] = "bad: the data is wrong",
		[RECORD_GONE] = "gone: deleted or overwritten since",
		[RECORD_FAILED] = "failed: not done, comes again",
	};
	const struct report *report = page->report;
	unsigned long long all = all_of(report);

	put_bar(out, " class=\"all\"", report->outcomes, all);
	buf_puts(out, "<ul class=\"tiles\">\n");
	for (size_t i = 0; i < OUTCOMES; i++) {
		enum record_outcome outcome = order[i];

		buf_printf(out, "<li class=\"%s\">%s <b>",
			   record_outcome_name(outcome), meanings[outcome]);
		put_count(out, report->outcomes[outcome]);
		buf_puts(out, "</b> <small>");
		put_share(out, report->outcomes[outcome], all);
		buf_puts(out, "</small></li>\n");
	}
	buf_puts(out, "<li>data, as announced <b>");
	put_bytes(out, report->bytes);
	buf_puts(out, "</b></li>\n</ul>");
}

/* A span as people name it: a day by its date, shorter ones by their hour. */
static void put_span(struct buf *out, long long start, long long length)
{
	if (length < DAY) {
		put_time(out, start, 16);
		return;
	}
	put_time(out, start, 10);
	if (length > DAY) {
		buf_puts(out, " to ");
		put_time(out, start + length - DAY, 10);
	}
}

static void put_count_cells(struct buf *out, const struct timeline_span *span)
{
	for (size_t i = 0; i < OUTCOMES; i++) {
		buf_puts(out, "<td class=\"n\">");
		put_count(out, span->counts[order[OUTCOMES - 1 - i]]);
		buf_puts(out, "</td>");
	}
}

static void put_spans(struct buf *out, const struct timeline *timeline)
{
	unsigned long long peak = timeline_peak(timeline);

	for (size_t i = 0; i < timeline->n; i++) {
		const struct timeline_span *span = &timeline->spans[i];
		long long gap = i == 0 ? 0 : span->start - span[-1].start -
					     timeline->length;

		if (gap > 0) {
			buf_puts(out, "<tr class=\"gap\"><td colspan=\"6\">"
				      "nothing for ");
			put_length(out, gap);
			buf_puts(out, "</td></tr>\n");
		}
		buf_puts(out, "<tr><th scope=\"row\" class=\"t\">");
		put_span(out, span->start, timeline->length);
		buf_puts(out, "</th><td class=\"bar\">");
		put_bar(out, "", span->counts, peak);
		buf_puts(out, "</td>");
		put_count_cells(out, span);
		buf_puts(out, "</tr>\n");
	}
}

/* A table that may be wider than a telephone can be scrolled with keys, too. */
static void open_table(struct buf *out, const char *id, const char *title,
		       const char *class)
{
	buf_printf(out, "<section aria-labelledby=\"%s\">\n"
		   "<h2 id=\"%s\">%s</h2>\n"
		   "<div class=\"wrap\" tabindex=\"0\" role=\"region\" "
		   "aria-labelledby=\"%s\">\n<table%s>\n",
		   id, id, title, id, class);
}

static void close_table(struct buf *out)
{
	buf_puts(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

static void put_when(struct buf *out, const struct page *page)
{
	struct timeline *timeline = &page->report->timeline;

	if (timeline->n == 0)
		return;
	timeline_fit(timeline, ROWS_WHEN);
	open_table(out, "when", "When", "");
	buf_puts(out, "<caption>Each row is ");
	put_length(out, timeline->length);
	buf_puts(out, ", in UTC, by the time of the event.</caption>\n"
		 "<thead><tr><th scope=\"col\">from</th><td></td>"
		 "<th scope=\"col\" class=\"n\">good</th>"
		 "<th scope=\"col\" class=\"n\">gone</th>"
		 "<th scope=\"col\" class=\"n\">bad</th>"
		 "<th scope=\"col\" class=\"n\">failed</th></tr></thead>\n"
		 "<tbody>\n");
	put_spans(out, timeline);
	close_table(out);
}

static void put_text(struct buf *out, const struct reason_text *text)
{
	buf_puts(out, "<bdi>");
	html_put(out, (struct str){ text->p, text->n });
	buf_puts(out, text->is_cut ? "\xE2\x80\xA6</bdi>" : "</bdi>");
}

static void put_words(struct buf *out, const struct reason_text *words)
{
	if (words->n == 0)
		return;
	buf_puts(out, "<small>");
	put_text(out, words);
	buf_puts(out, "</small>");
}

/* What all of them say is said once. */
static void put_examples(struct buf *out, const struct reason *reason)
{
	bool is_one = reason_is_one_text(reason);

	if (is_one)
		put_words(out, &reason->examples[0].text);
	buf_puts(out, "<ul>");
	for (size_t i = 0; i < REASON_EXAMPLES && i < reason->count; i++) {
		buf_puts(out, "<li>");
		put_text(out, &reason->examples[i].name);
		if (!is_one)
			put_words(out, &reason->examples[i].text);
		buf_puts(out, "</li>");
	}
	buf_puts(out, "</ul>");
}

/* To the minute. */
static void put_reason_time(struct buf *out, const struct reason *reason)
{
	enum { TO_MINUTE = 16 };

	if (!reason->is_dated)
		return;
	buf_puts(out, "<small>");
	put_time(out, reason->first, TO_MINUTE);
	if (reason->last / 60 != reason->first / 60) {
		buf_puts(out, " to ");
		put_time(out, reason->last, TO_MINUTE);
	}
	buf_puts(out, "</small>");
}

static void put_reason(struct buf *out, const struct reason *reason)
{
	const char *name = record_outcome_name(reason->outcome);

	buf_puts(out, "<tr><td class=\"n\">");
	put_count(out, reason->count);
	buf_printf(out, "</td><td class=\"%s\">%s</td><th scope=\"row\">",
		   name, name);
	put_text(out, &reason->text);
	buf_puts(out, "<small>");
	put_text(out, &reason->by);
	buf_puts(out, "</small>");
	put_reason_time(out, reason);
	buf_puts(out, "</th><td>");
	put_examples(out, reason);
	buf_puts(out, "</td></tr>\n");
}

/* Those that are listed, up to a number of bytes.  Returns how many. */
static size_t put_reason_rows(struct buf *out, const struct reasons *reasons)
{
	size_t start = out->n, i = 0;
	struct buf row;

	buf_init(&row, REASONS_BYTES);
	for (; i < reasons->n && i < REASONS_LISTED; i++) {
		buf_reset(&row);
		put_reason(&row, &reasons->list[i]);
		if (row.failed || out->n - start + row.n > REASONS_BYTES)
			break;
		buf_put_str(out, buf_str(&row));
	}
	buf_free(&row);
	return i;
}

static void put_left_out(struct buf *out, unsigned long long n,
			 const char *what)
{
	if (n == 0)
		return;
	buf_puts(out, "<p><strong>");
	put_counted(out, n, what);
	buf_printf(out, " %s counted above, but not listed here, to keep the "
		   "page small.</strong></p>\n", n == 1 ? "is" : "are");
}

static void put_reasons(struct buf *out, const struct page *page)
{
	struct reasons *reasons = &page->report->reasons;
	unsigned long long left_out = reasons->others;

	if (reasons->n == 0)
		return;
	reasons_sort(reasons);
	open_table(out, "reasons", "Why files are not good",
		   " class=\"reasons cards\"");
	buf_puts(out, "<caption>The most frequent first, each with the times of "
		 "its first and last event in UTC, and the first files that "
		 "had it.</caption>\n<thead><tr>"
		 "<th scope=\"col\" class=\"n\">files</th>"
		 "<th scope=\"col\">outcome</th><th scope=\"col\">reason, who "
		 "gave it, and when</th><th scope=\"col\">for example</th></tr></thead>\n"
		 "<tbody>\n");
	for (size_t i = put_reason_rows(out, reasons); i < reasons->n; i++)
		left_out += reasons->list[i].count;
	buf_puts(out, "</tbody>\n</table>\n</div>\n");
	put_left_out(out, left_out, "more file");
	buf_puts(out, "</section>\n");
}

static const char find_form[] =
	"<div class=\"find\" hidden>\n"
	"<div><label for=\"word\">Search names, reasons, times</label>"
	"<input id=\"word\" type=\"search\" autocomplete=\"off\" "
	"spellcheck=\"false\"></div>\n"
	"<div><label for=\"outcome\">Outcome</label><select id=\"outcome\">"
	"<option value=\"\">bad and failed</option>"
	"<option value=\"bad\">bad</option>"
	"<option value=\"failed\">failed</option></select></div>\n"
	"<output for=\"word outcome\" aria-live=\"polite\"></output>\n</div>\n";

static void put_files(struct buf *out, const struct page *page)
{
	const struct report *report = page->report;
	const struct report_list *bad = &report->bad, *failed = &report->failed;

	if (bad->listed + failed->listed + bad->left_out +
	    failed->left_out == 0) {
		buf_puts(out, "<section>\n<h2>Bad and failed files</h2>\n"
			      "<p>There are none.</p>\n</section>\n");
		return;
	}
	buf_puts(out, "<section aria-labelledby=\"files\">\n"
		 "<h2 id=\"files\">Bad and failed files</h2>\n");
	put_left_out(out, failed->left_out, "more failed file");
	put_left_out(out, bad->left_out, "more bad file");
	buf_puts(out, find_form);
	buf_puts(out, "<div class=\"wrap\" tabindex=\"0\" role=\"region\" "
		 "aria-labelledby=\"files\">\n<table class=\"files cards sort\">\n"
		 "<thead><tr><th scope=\"col\">outcome</th>"
		 "<th scope=\"col\">file</th><th scope=\"col\">reason</th>"
		 "<th scope=\"col\" class=\"n\">line</th>"
		 "<th scope=\"col\" class=\"n\">column</th>"
		 "<th scope=\"col\" class=\"n\">bytes</th>"
		 "<th scope=\"col\">event (UTC)</th></tr></thead>\n<tbody>\n");
	buf_put_str(out, buf_str(&failed->rows));
	buf_put_str(out, buf_str(&bad->rows));
	close_table(out);
}

static void put_top(struct buf *out, const struct report_tops *tops,
		    const char *id, const char *title, bool is_bytes)
{
	if (tops->n == 0)
		return;
	open_table(out, id, title, "");
	buf_printf(out, "<thead><tr><th scope=\"col\" class=\"n\">%s</th>"
		   "<th scope=\"col\">outcome</th><th scope=\"col\">file</th>"
		   "</tr></thead>\n<tbody>\n", is_bytes ? "size" : "time");
	for (size_t i = 0; i < tops->n; i++) {
		const struct report_top *top = &tops->list[i];
		const char *name = record_outcome_name(top->outcome);

		buf_puts(out, "<tr><td class=\"n\">");
		if (is_bytes)
			put_bytes(out, top->value);
		else
			buf_printf(out, "%.3f s", (double)top->value / 1000);
		buf_printf(out, "</td><td class=\"%s\">%s</td>"
			   "<th scope=\"row\">", name, name);
		put_text(out, &top->name);
		buf_puts(out, "</th></tr>\n");
	}
	close_table(out);
}

static void put_tops(struct buf *out, const struct page *page)
{
	put_top(out, &page->report->largest, "largest", "The largest", true);
	put_top(out, &page->report->slowest, "slowest",
		"The slowest to check", false);
}

static void put_lag(struct buf *out, const struct page *page)
{
	const struct histogram *lag = &page->report->lag;
	unsigned long long peak = 0;

	if (!page->report->has_lag)
		return;
	for (size_t i = 0; i <= lag->n_bounds; i++)
		peak = lag->counts[i] > peak ? lag->counts[i] : peak;
	open_table(out, "lag", "How long from the event to the end", "");
	buf_puts(out, "<caption>Each file is in one row, the first that holds."
		 "</caption>\n"
		 "<thead><tr><th scope=\"col\">within</th><td></td>"
		 "<th scope=\"col\" class=\"n\">files</th></tr></thead>\n"
		 "<tbody>\n");
	for (size_t i = 0; i <= lag->n_bounds; i++) {
		unsigned long long counts[RECORD_FAILED + 1] = {
			[RECORD_GONE] = lag->counts[i]
		};
		bool is_last = i == lag->n_bounds;

		buf_puts(out, is_last ? "<tr><th scope=\"row\">more than " :
					"<tr><th scope=\"row\">");
		put_length(out, (long long)lag->bounds[is_last ? i - 1 : i]);
		buf_puts(out, "</th><td class=\"bar\">");
		put_bar(out, "", counts, peak);
		buf_puts(out, "</td><td class=\"n\">");
		put_count(out, lag->counts[i]);
		buf_puts(out, "</td></tr>\n");
	}
	close_table(out);
}

static void put_note(struct buf *out, unsigned long long n, const char *what,
		     const char *rest)
{
	if (n == 0)
		return;
	buf_puts(out, "<p>");
	put_counted(out, n, what);
	buf_printf(out, "%s</p>\n", rest);
}

static void put_notes(struct buf *out, const struct page *page)
{
	const struct report *report = page->report;

	put_note(out, report->already, "copy", " had been there before.");
	put_note(out, report->folders, "folder marker",
		 " among the good files: nothing to copy.");
	put_note(out, report->undated, "record",
		 " without the time of an event: in no row of the times.");
	put_note(out, report->refused, "line",
		 " of the input that cannot be read as records: not counted.");
	buf_puts(out, "<p>Made by s3ev-report " S3EV_VERSION ". What looks like "
		 "<b class=\"x\">U+202E</b> stands for a character that cannot "
		 "be seen, or would change the order of the text.</p>\n");
}

static const struct part {
	const char *name;
	put_fn *put;
} parts[] = {
	{ "policy", put_policy }, { "name", put_name }, { "title", put_title },
	{ "style", put_style }, { "period", put_period },
	{ "summary", put_summary }, { "when", put_when },
	{ "reasons", put_reasons }, { "files", put_files },
	{ "tops", put_tops }, { "lag", put_lag }, { "notes", put_notes },
	{ "script", put_script },
};

static void put_part(struct buf *out, const struct page *page, struct str name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (str_is(name, parts[i].name))
			parts[i].put(out, page);
}

/* page.html with each {{name}} replaced by that part. */
void page_put(struct buf *out, const struct page *page)
{
	const char *rest = page_html, *open, *close;

	while ((open = strstr(rest, "{{")) && (close = strstr(open, "}}"))) {
		buf_put(out, rest, (size_t)(open - rest));
		put_part(out, page, (struct str){ open + 2, (size_t)
						  (close - open - 2) });
		rest = close + 2;
	}
	buf_puts(out, rest);
}
