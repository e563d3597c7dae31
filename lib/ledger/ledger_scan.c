/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_scan.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "format/json_each.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "ledger/ledger_page.h"

enum {
	BODY_MAX = 64 << 10,
	PAGE_MAX = 16 << 20,
	AFTER_MAX = 32 << 10,
	UNIT_ITEMS = 8	/* that a unit reads, of 1 KB each, if any will do */
};

static void go_on(struct ledger_scan *scan);

static bool is_scan(const struct ledger_scan *scan)
{
	return !scan->object.p && !scan->index;
}

/* The request */

static void put_value(struct buf *out, const char *name, struct str text)
{
	if (!text.p)
		return;
	json_member_open(out, name);
	json_member(out, "S", text);
	buf_putc(out, '}');
}

/*
 * An item with a stale copy counts as bad, because its bad copy is still there.
 * Key attributes may not stand in a filter.
 */
static void put_filter(struct buf *out, const struct ledger_scan *scan)
{
	const struct {
		bool is_asked;
		const char *text;
	} parts[] = {
		{ scan->outcome.p && !scan->index,
		  str_is(scan->outcome, "bad") ?
		  "(#outcome = :outcome OR attribute_exists(#stale))" :
		  "#outcome = :outcome" },
		{ scan->code.p, "#code = :code" },
		{ scan->since.p && !scan->index, "#recorded >= :since" },
		{ scan->until.p && !scan->index, "#recorded < :until" },
	};
	const char *before = ",\"FilterExpression\":\"";

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!parts[i].is_asked)
			continue;
		buf_puts(out, before);
		buf_puts(out, parts[i].text);
		before = " AND ";
	}
	buf_puts(out, *before == ',' ? "" : "\"");
}

static void put_key_condition(struct buf *out, const struct ledger_scan *scan)
{
	if (scan->object.p) {
		json_member(out, "KeyConditionExpression", STR("#object = :object"));
		return;
	}
	json_member(out, "IndexName", STR(LEDGER_INDEX));
	json_member(out, "KeyConditionExpression",
		    scan->since.p && scan->until.p ?
		    STR("#attention = :outcome AND #recorded BETWEEN :since "
			"AND :until") :
		    scan->since.p ? STR("#attention = :outcome AND #recorded "
					">= :since") :
		    scan->until.p ? STR("#attention = :outcome AND #recorded "
					"< :until") :
				    STR("#attention = :outcome"));
}

/* Only the names that are used may be given. */
static void put_names(struct buf *out, const struct ledger_scan *scan)
{
	bool is_bad = str_is(scan->outcome, "bad");

	if (!scan->object.p && !scan->outcome.p && !scan->code.p &&
	    !scan->since.p && !scan->until.p)
		return;
	json_member_open(out, "ExpressionAttributeNames");
	json_member(out, "#object", scan->object.p ? STR("object") : STR_NONE);
	json_member(out, "#attention", scan->index ? STR(LEDGER_INDEX) :
						     STR_NONE);
	json_member(out, "#outcome", scan->outcome.p && !scan->index ?
		    STR("outcome") : STR_NONE);
	json_member(out, "#stale", is_bad && !scan->index ? STR("stale") :
							    STR_NONE);
	json_member(out, "#code", scan->code.p ? STR("code") : STR_NONE);
	json_member(out, "#recorded", scan->since.p || scan->until.p ?
		    STR("recorded") : STR_NONE);
	buf_putc(out, '}');
	json_member_open(out, "ExpressionAttributeValues");
	put_value(out, ":object", scan->object);
	put_value(out, ":outcome", scan->outcome);
	put_value(out, ":code", scan->code);
	put_value(out, ":since", scan->since);
	put_value(out, ":until", scan->until);
	buf_putc(out, '}');
}

static unsigned long long page_items(const struct ledger_scan *scan)
{
	double each = scan->items > 0 ? scan->units / (double)scan->items :
					1.0 / UNIT_ITEMS;
	double n = each > 0 ? scan->max_units / each : 1000;

	return n < 1 ? 1 : n > 10000 ? 10000 : (unsigned long long)n;
}

static void put_request(struct buf *out, const struct ledger_segment *segment)
{
	const struct ledger_scan *scan = segment->scan;

	buf_putc(out, '{');
	json_member(out, "TableName", str_of(scan->table));
	json_member(out, "ReturnConsumedCapacity", STR("TOTAL"));
	if (scan->consistent && !scan->index)
		json_member_bool(out, "ConsistentRead", true);
	if (scan->max_units > 0)
		json_member_number(out, "Limit", page_items(scan));
	if (is_scan(scan)) {
		json_member_number(out, "Segment", segment->number);
		json_member_number(out, "TotalSegments", scan->n_segments);
	} else {
		put_key_condition(out, scan);
	}
	put_filter(out, scan);
	put_names(out, scan);
	if (segment->after.n > 0) {
		buf_puts(out, ",\"ExclusiveStartKey\":");
		buf_put_str(out, buf_str(&segment->after));
	}
	buf_putc(out, '}');
}

/* The answer */

static void finish(struct ledger_scan *scan)
{
	for (unsigned i = 0; i < scan->n_segments; i++)
		if (scan->segment[i].is_active)
			return;
	scan->is_over = true;
}

static void stop(struct ledger_scan *scan, const struct err *err)
{
	if (!err_is_set(&scan->err))
		scan->err = *err;
}

static int see(void *ctx, struct str text, struct err *err)
{
	struct ledger_segment *segment = ctx;
	struct ledger_scan *scan = segment->scan;
	struct ledger_seen seen;

	if (ledger_reader_item(scan->reader, text, &segment->arena, &seen,
			       err) < 0) {
		if (!err_is(err, "InvalidItem"))
			return -1;
		/* One such item must not hide all others. */
		seen.decision.outcome = STR_NONE;
		*err = (struct err){ .code = "" };
	}
	scan->items++;
	scan->item(scan->ctx, &seen);
	return 0;
}

/* What was set aside is put right. */
static void pay(struct ledger_scan *scan, struct str units)
{
	double spent = 0;

	if (units.p)
		spent = strtod(units.p, NULL);
	scan->units += spent;
	scan->pages++;
	if (scan->max_units <= 0)
		return;
	scan->next += (spent - scan->estimate) * 1000 / scan->max_units;
	scan->estimate = spent;
}

static void on_page(void *arg)
{
	struct ledger_segment *segment = arg;
	struct ledger_scan *scan = segment->scan;
	struct aws_call *aws = &segment->call.aws;
	struct ledger_page page = { .last = STR_NONE };
	struct err err = aws->err;

	segment->is_active = false;
	if (!err_is_set(&err) &&
	    ledger_page_read(buf_str(&aws->http.body_in), &segment->arena, see,
			     segment, &page, &err) == 0) {
		buf_reset(&segment->after);
		buf_put_str(&segment->after, page.last);
		segment->is_done = !page.last.p;
		if (segment->after.failed)
			err_memory(&err);
	}
	pay(scan, page.units);
	aws_call_free(aws);
	arena_reset(&segment->arena);
	if (err_is_set(&err))
		stop(scan, &err);
	else
		scan->page(scan->ctx);
	go_on(scan);
}

/* The next pages */

static void ask(struct ledger_segment *segment)
{
	struct ledger_scan *scan = segment->scan;
	struct str kept;
	struct buf body;
	struct err err;

	buf_init(&body, BODY_MAX);
	put_request(&body, segment);
	kept = arena_take(&segment->arena, &body);
	if (!kept.p) {
		err_memory(&err);
		stop(scan, &err);
		return;
	}
	ddb_begin(&segment->call, &segment->arena, on_page, segment);
	segment->is_active = true;
	ddb_start(scan->aws, &segment->call, is_scan(scan) ? "Scan" : "Query",
		  kept);
}

static void on_time(void *arg)
{
	go_on(arg);
}

/* Are there units for a page?  If not, the timer is set to when there are. */
static bool has_units(struct ledger_scan *scan)
{
	double now = (double)loop_now(scan->loop);

	if (scan->max_units <= 0)
		return true;
	if (scan->next > now) {
		loop_timer_set(scan->loop, &scan->timer,
			       (unsigned)(scan->next - now) + 1, on_time, scan);
		return false;
	}
	if (scan->next < now - 1000)
		scan->next = now - 1000;
	scan->next += scan->estimate * 1000 / scan->max_units;
	return true;
}

static void go_on(struct ledger_scan *scan)
{
	bool is_left = false;

	for (unsigned i = 0; i < scan->n_segments; i++) {
		struct ledger_segment *segment = &scan->segment[i];

		if (segment->is_done || segment->is_active)
			continue;
		if (err_is_set(&scan->err) || !scan->has_room(scan->ctx) ||
		    !has_units(scan)) {
			is_left = true;
			break;
		}
		ask(segment);
	}
	if (!is_left || err_is_set(&scan->err))
		finish(scan);
}

void ledger_scan_go_on(struct ledger_scan *scan)
{
	if (!scan->is_over)
		go_on(scan);
}

void ledger_scan_init(struct ledger_scan *scan)
{
	if (!is_scan(scan))
		scan->n_segments = 1;
	for (unsigned i = 0; i < scan->n_segments; i++) {
		struct ledger_segment *segment = &scan->segment[i];

		segment->scan = scan;
		segment->number = i;
		buf_init(&segment->after, AFTER_MAX);
		arena_init(&segment->arena, PAGE_MAX);
	}
}

int ledger_scan_start(struct ledger_scan *scan, struct err *err)
{
	scan->reader = ledger_reader_new();
	if (!scan->reader)
		return err_memory(err);
	scan->next = (double)loop_now(scan->loop);
	scan->estimate = scan->max_units;
	go_on(scan);
	return 0;
}

void ledger_scan_free(struct ledger_scan *scan)
{
	loop_timer_stop(&scan->timer);
	for (unsigned i = 0; i < scan->n_segments; i++) {
		struct ledger_segment *segment = &scan->segment[i];

		aws_call_free(&segment->call.aws);
		buf_free(&segment->after);
		arena_free(&segment->arena);
	}
	ledger_reader_free(scan->reader);
	scan->reader = NULL;
}

/* What is left */

void ledger_scan_put_left(struct buf *out, const struct ledger_scan *scan)
{
	const char *comma = "";

	buf_putc(out, '[');
	for (unsigned i = 0; i < scan->n_segments; i++) {
		const struct ledger_segment *segment = &scan->segment[i];

		if (segment->is_done)
			continue;
		buf_printf(out, "%s{\"segment\":%u,\"of\":%u", comma, i,
			   scan->n_segments);
		if (segment->after.n > 0) {
			buf_puts(out, ",\"after\":");
			buf_put_str(out, buf_str(&segment->after));
		}
		buf_putc(out, '}');
		comma = ",";
	}
	buf_putc(out, ']');
}

struct left {
	struct str segment, of, after;
};

/* -1 unless they are numbers. */
static int read_left(struct str object, struct arena *arena,
		     struct left *left, unsigned long long *segment,
		     unsigned long long *of, struct err *err)
{
	static const struct json_pick_field fields[] = {
		{ "segment", offsetof(struct left, segment), false },
		{ "of", offsetof(struct left, of), false },
		{ "after", offsetof(struct left, after), false },
	};

	if (json_pick(fields, sizeof(fields) / sizeof(*fields), object, arena,
		      left, err) < 0)
		return -1;
	if (str_number(left->segment, segment) < 0 ||
	    str_number(left->of, of) < 0 || *segment >= *of ||
	    *of > LEDGER_SEGMENTS_MAX)
		return err_set(err, "InvalidMark", "no segment: %.*s",
			       STR_FMT(object));
	return 0;
}

static int take_one(void *ctx, struct str object, struct err *err)
{
	struct ledger_scan *scan = ctx;
	unsigned long long segment = 0, of = 0;
	struct left left;

	if (read_left(object, &scan->segment[0].arena, &left, &segment, &of,
		      err) < 0)
		return -1;
	if (of != scan->n_segments)
		return err_set(err, "InvalidMark", "it is about %llu segments",
			       of);
	scan->segment[segment].is_done = false;
	buf_put_str(&scan->segment[segment].after, left.after);
	return 0;
}

static int count_one(void *ctx, struct str object, struct err *err)
{
	unsigned long long segment = 0, of = 0;
	unsigned *n = ctx;
	struct arena arena;
	struct left left;
	int status;

	arena_init(&arena, AFTER_MAX);
	status = read_left(object, &arena, &left, &segment, &of, err);
	arena_free(&arena);
	*n = (unsigned)of;
	return status;
}

unsigned ledger_scan_left_segments(struct str left)
{
	struct err ignored;
	unsigned n = 0;

	return json_each(left, count_one, &n, &ignored) < 0 ? 0 : n;
}

int ledger_scan_take_left(struct ledger_scan *scan, struct str left,
			  struct err *err)
{
	for (unsigned i = 0; i < scan->n_segments; i++)
		scan->segment[i].is_done = true;
	return json_each(left, take_one, scan, err);
}
