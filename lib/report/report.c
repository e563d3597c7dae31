/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/html.h"
#include "format/iso.h"

/* A row has four names and three texts; a byte of them may become 24. */
enum { KEY_SHOWN = 1100, TEXT_SHOWN = 600, NUMBER_SHOWN = 20,
       ROW_MAX = 24 * (4 * KEY_SHOWN + 3 * TEXT_SHOWN) + 2000 };

static const double lag_bounds[] = {
	1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600
};

struct report *report_new(void)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	timeline_init(&report->timeline);
	histogram_init(&report->lag, lag_bounds,
		       sizeof(lag_bounds) / sizeof(*lag_bounds));
	buf_init(&report->bad.rows, REPORT_LIST_MAX);
	buf_init(&report->failed.rows, REPORT_LIST_MAX);
	arena_init(&report->arena, 8 * RECORD_MAX);
	report->reader = record_reader_new();
	if (report->reader)
		return report;
	report_free(report);
	return NULL;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	record_reader_free(report->reader);
	buf_free(&report->bad.rows);
	buf_free(&report->failed.rows);
	arena_free(&report->arena);
	free(report);
}

/* The first one stays before others that are as large. */
static void add_top(struct report_tops *tops, unsigned long long value,
		    const struct record *record)
{
	size_t i = tops->n;

	if (value == 0 || (i == REPORT_TOP && value <= tops->list[i - 1].value))
		return;
	if (i == REPORT_TOP)
		i--;
	else
		tops->n++;
	for (; i > 0 && tops->list[i - 1].value < value; i--)
		tops->list[i] = tops->list[i - 1];
	tops->list[i].value = value;
	tops->list[i].outcome = record_outcome(record);
	reason_name(&tops->list[i].name, record);
}

static void put_number(struct buf *row, struct str number)
{
	unsigned long long value;

	buf_puts(row, "<td class=\"n\">");
	if (number.n <= NUMBER_SHOWN && str_number(number, &value) == 0)
		buf_put_str(row, number);
	buf_puts(row, "</td>");
}

static void put_name(struct buf *row, const struct record *r)
{
	if (r->key.n == 0) {
		buf_puts(row, "<th scope=\"row\">unknown</th>");
		return;
	}
	buf_puts(row, "<th scope=\"row\"><bdi>");
	html_put_cut(row, r->bucket, KEY_SHOWN);
	buf_putc(row, '/');
	html_put_cut(row, r->key, KEY_SHOWN);
	buf_puts(row, "</bdi>");
	if (r->route_bucket.n > 0 && r->route_key.n > 0) {
		buf_puts(row, "<small>copy: <bdi>");
		html_put_cut(row, r->route_bucket, KEY_SHOWN);
		buf_putc(row, '/');
		html_put_cut(row, r->route_key, KEY_SHOWN);
		buf_puts(row, "</bdi></small>");
	}
	buf_puts(row, "</th>");
}

static void put_reason(struct buf *row, const struct record *r,
		       enum record_outcome outcome)
{
	const struct reason_of of = reason_of(r, outcome);

	buf_puts(row, "<td><bdi>");
	html_put_cut(row, of.text, TEXT_SHOWN);
	buf_puts(row, "</bdi><small>");
	if (of.code.n > 0) {
		html_put_cut(row, of.code, TEXT_SHOWN);
		buf_puts(row, ", ");
	}
	html_put_cut(row, of.by, TEXT_SHOWN);
	if (str_is(r->failed_retry, "false"))
		buf_puts(row, "; another try alone will not help");
	buf_puts(row, "</small></td>");
}

static void put_row(struct buf *row, const struct record *r,
		    enum record_outcome outcome)
{
	const char *name = record_outcome_name(outcome);
	char room[ISO_UTC_SIZE];
	struct str time = iso_utc(r->time, room);

	buf_printf(row, "<tr><td class=\"%s\">%s</td>", name, name);
	put_name(row, r);
	put_reason(row, r, outcome);
	put_number(row, outcome == RECORD_BAD ? r->bad_line : STR_NONE);
	put_number(row, outcome == RECORD_BAD ? r->bad_column : STR_NONE);
	put_number(row, r->size_text);
	buf_puts(row, "<td class=\"t\">");
	if (time.n >= 19)	/* without T and fraction */
		buf_printf(row, "%.10s %.8s", time.p, time.p + 11);
	buf_puts(row, "</td></tr>\n");
}

/* Once one has found no room, none is listed any more: no gaps. */
static void list(struct report_list *list, const struct record *record,
		 enum record_outcome outcome)
{
	struct buf row;

	if (list->left_out > 0) {
		list->left_out++;
		return;
	}
	buf_init(&row, ROW_MAX);
	put_row(&row, record, outcome);
	if (row.failed || row.n > list->rows.max - list->rows.n) {
		list->left_out++;
	} else {
		buf_put_str(&list->rows, buf_str(&row));
		list->listed++;
	}
	buf_free(&row);
}

/* The time of a record's event; -1 if there is none. */
static int time_of(const struct record *record, long long *at)
{
	char room[ISO_UTC_SIZE];
	struct str utc = iso_utc(record->time, room);
	time_t seconds = 0;
	int status = utc.p ? iso_time(utc, &seconds) : -1;

	*at = seconds;
	return status;
}

static void add_time(struct report *report, long long at,
		     enum record_outcome outcome, uint64_t now)
{
	double lag;

	if (report->timeline.n == 0 || at < report->oldest)
		report->oldest = at;
	if (report->timeline.n == 0 || at > report->newest)
		report->newest = at;
	timeline_add(&report->timeline, at, outcome);
	if (now == 0)
		return;
	lag = (double)now / 1000 - (double)at;
	histogram_add(&report->lag, lag > 0 ? lag : 0);
	report->has_lag = true;
}

static void add(struct report *report, const struct record *record,
		uint64_t now)
{
	enum record_outcome outcome = record_outcome(record);
	unsigned long long size = 0, took = 0;
	long long at;
	bool is_dated = time_of(record, &at) == 0;

	report->outcomes[outcome]++;
	report->folders += record_is_skipped(record);
	report->already += record->route_already.p != NULL;
	if (str_number(record->size_text, &size) == 0)
		report->bytes += size;
	if (str_number(record->check_took, &took) < 0)
		took = 0;
	if (is_dated)
		add_time(report, at, outcome, now);
	else
		report->undated++;
	add_top(&report->largest, size, record);
	add_top(&report->slowest, took, record);
	if (outcome != RECORD_GOOD)
		reasons_add(&report->reasons, record, outcome,
			    is_dated ? &at : NULL);
	if (outcome == RECORD_BAD || outcome == RECORD_FAILED)
		list(outcome == RECORD_BAD ? &report->bad : &report->failed,
		     record, outcome);
}

int report_add(struct report *report, struct str line, uint64_t now,
	       struct err *err)
{
	struct record record;
	int status;

	arena_reset(&report->arena);
	status = record_read(report->reader, line, &report->arena, &record,
			     err);
	if (status == 0 && record.mark.p)
		return 0;
	if (status == 0 && record.bucket.n == 0 && !record.failed.p)
		status = err_set(err, ERR_RECORD, "a record without bucket");
	if (status == 0)
		add(report, &record, now);
	else
		report->refused++;
	return status;
}
