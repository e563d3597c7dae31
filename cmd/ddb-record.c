/* SPDX-License-Identifier: Apache-2.0 */
/* ddb-record: write what became of each record to a DynamoDB table. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "ddb.h"
#include "filter.h"
#include "ledger.h"
#include "options.h"

enum { BODY_MAX = 128 << 10, RACES_MAX = 8 };

struct ledger {
	const char *table;	/* NULL: keep no record */
	struct filter filter;
};

struct entry {
	struct ledger *ledger;
	struct flow_item *item;
	struct ddb_call call;
	struct ledger_key key;
	struct ledger_decision decision;
	unsigned races;		/* lost to others who wrote the same item */
};

static const char usage[] =
	"usage: ddb-record [-hkVv] [-j JOBS] [-t TABLE] < RECORDS\n"
	"\n"
	"  -t, --table TABLE  where to (RECORD_TABLE); none: records only pass\n"
	"  -j, --jobs JOBS    items at once (32)\n"
	"  -k, --keep-order   results in the order of the input\n"
	OPTIONS_USAGE
	"  -v, --verbose      a line for each record\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "ddb-record: %s\n", line);
}

static void done(struct entry *entry, const char *status)
{
	struct buf *members = &entry->item->members;

	json_member_open(members, "record");
	json_member(members, "table", str_of(entry->ledger->table));
	json_member(members, "status", str_of(status));
	buf_putc(members, '}');
	flow_done(entry->item);
}

static void call(struct entry *entry, const char *action, struct buf *body,
		 void (*then)(void *arg))
{
	struct aws_call *aws = &entry->call.aws;
	struct str kept = body->failed ? STR_NONE :
		arena_dup(&entry->item->arena, buf_str(body));
	struct err err;

	buf_free(body);
	memset(&entry->call, 0, sizeof(entry->call));
	if (!kept.p) {
		err_set(&err, "ItemTooLarge", "the item is too large");
		flow_failed(entry->item, &err);
		return;
	}
	aws->arena = &entry->item->arena;
	aws->done = then;
	aws->arg = entry;
	ddb_start(entry->ledger->filter.aws, &entry->call, action, kept);
}

static void on_put(void *arg);
static void on_got(void *arg);

static void put(struct entry *entry)
{
	struct buf body;

	buf_init(&body, BODY_MAX);
	ledger_put(&body, entry->ledger->table, &entry->item->record,
		   entry->key, &entry->decision, time(NULL));
	call(entry, "PutItem", &body, on_put);
}

static void get(struct entry *entry)
{
	struct buf body;

	buf_init(&body, BODY_MAX);
	ledger_get(&body, entry->ledger->table, entry->key);
	call(entry, "GetItem", &body, on_got);
}

/*
 * There is an item: the same decision once more changes nothing (this may
 * even be our own write, whose answer was lost); another one replaces it, if
 * nobody else does meanwhile.  That an object is gone by now is no news about
 * one that was decided before.
 */
static void meet(struct entry *entry, const struct ledger_decision *old)
{
	struct err err;

	if (ledger_same(old, &entry->decision)) {
		done(entry, "repeated");
	} else if (ledger_keeps(old, &entry->decision)) {
		done(entry, "kept");
	} else if (++entry->races > RACES_MAX) {
		err_set(&err, "ConditionalCheckFailedException",
			"others keep changing the item");
		err.retry = true;
		flow_failed(entry->item, &err);
	} else {
		entry->decision.count = old->count + 1;
		put(entry);
	}
}

/* No item: it was removed between two looks.  Begin again. */
static void begin_again(struct entry *entry)
{
	const struct ledger_decision nothing = { .count = 0 };

	meet(entry, &nothing);
}

static void on_got(void *arg)
{
	struct entry *entry = arg;
	struct aws_call *aws = &entry->call.aws;
	struct ledger_decision old;
	struct err err = aws->err;
	int found = err_is_set(&err) ? -1 :
		ledger_read(buf_str(&aws->http.body_in), aws->arena, &old,
			    &err);

	aws_call_free(aws);
	if (found < 0)
		flow_failed(entry->item, &err);
	else if (found > 0)
		meet(entry, &old);
	else
		begin_again(entry);
}

/* Emulators that do not send the item along are asked for it. */
static void on_put(void *arg)
{
	struct entry *entry = arg;
	struct aws_call *aws = &entry->call.aws;
	struct err err = aws->err;
	struct ledger_decision old;
	struct err unreadable;
	int found;

	if (!err_is_set(&err)) {
		aws_call_free(aws);
		done(entry, entry->decision.count > 1 ? "replaced" : "written");
		return;
	}
	if (strcmp(err.code, "ConditionalCheckFailedException") != 0) {
		aws_call_free(aws);
		flow_failed(entry->item, &err);
		return;
	}
	found = ledger_read(buf_str(&aws->http.body_in), aws->arena, &old,
			    &unreadable);
	aws_call_free(aws);
	if (found > 0)
		meet(entry, &old);
	else
		get(entry);
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct entry *entry = item->state;

	(void)ctx;
	aws_call_free(&entry->call.aws);
}

static void start(void *ctx, struct flow_item *item)
{
	struct ledger *ledger = ctx;
	struct entry *entry = item->state;
	struct err err;

	if (!ledger->table) {
		flow_done(item);
		return;
	}
	entry->ledger = ledger;
	entry->item = item;
	entry->key = ledger_key(&item->record, &item->arena);
	entry->decision = ledger_decision(&item->record, &item->arena);
	if (!entry->key.object.p || !entry->key.seq.p) {
		err_set(&err, "OutOfMemory", "out of memory");
		flow_failed(item, &err);
		return;
	}
	put(entry);
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct ledger *ledger = ctx;

	(void)option;
	ledger->table = arg;
	return NULL;
}

int main(int argc, char **argv)
{
	struct ledger ledger = { .table = getenv("RECORD_TABLE") };
	struct flow_options flow = { .jobs = 32 };
	static const struct option words[] = {
		{ "table", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "ddb-record",
		.usage = usage,
		.letters = "t:",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &ledger,
		.flow = &flow,
	};
	const struct flow_filter filter = {
		.name = "ddb-record",
		.state_size = sizeof(struct entry),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &ledger,
	};
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	if (ledger.table && *ledger.table == '\0')
		ledger.table = NULL;
	ledger.filter.lazy = !ledger.table;
	return filter_run(&ledger.filter, &filter, &flow);
}
