/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddb-record: write what became of each record to a DynamoDB table.
 *
 * The table is the ledger; ledger_write.h says when an item is replaced.
 */

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/option_base.h"
#include "filter/filter.h"
#include "filter/options.h"
#include "filter/say.h"
#include "format/json_write.h"
#include "ledger/ledger_table.h"
#include "ledger/ledger_write.h"

enum { DAYS_MAX = 36500 };

enum { OPTION_CREATE = OPTION_BASE_TOOL, OPTION_FAILED, OPTION_TTL };

struct ledger {
	const char *table;	/* NULL: keep no record */
	bool create;
	bool dry;		/* look, but write nothing */
	bool failed;		/* record failures, too */
	unsigned days;		/* until an item expires; 0: never */
	struct filter filter;
};

struct job {
	struct flow_item *item;
	struct ledger_write entry;
};

static const char usage[] =
	"ddb-record: write what became of each record to a DynamoDB table\n"
	"usage: ddb-record [-hknVv] [-j JOBS] [-t TABLE] [--create] [--failed]\n"
	"                  [--ttl DAYS] < RECORDS\n"
	"\n"
	"  -t, --table TABLE           the table (RECORD_TABLE); without one, do nothing\n"
	"      --create                create the table if it does not exist\n"
	"      --failed                record failures too, until there is a decision\n"
	"      --ttl DAYS              let items expire after this many days\n"
	"  -j, --jobs JOBS             items at once (32)\n"
	"  -n, --dry-run               look at what is there, but write nothing\n"
	OPTIONS_USAGE;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("ddb-record", str_of(line));
}

/* For -v. */
static struct str note_of(const struct ledger_write *entry)
{
	if (!entry->dry || strcmp(entry->status, "repeated") == 0)
		return str_of(entry->status);
	return strcmp(entry->status, "written") == 0 ? STR("would be written") :
						       STR("would be replaced");
}

static void on_entered(void *arg)
{
	struct job *job = arg;
	struct buf *members = &job->item->members;

	if (!job->entry.status) {
		flow_failed(job->item, &job->entry.err);
		return;
	}
	json_member_open(members, "record");
	json_member(members, "table", str_of(job->entry.table));
	json_member(members, "status", str_of(job->entry.status));
	if (job->entry.dry)
		json_member_bool(members, "dry", true);
	buf_putc(members, '}');
	job->item->note = note_of(&job->entry);
	flow_done(job->item);
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct job *job = item->state;

	(void)ctx;
	ledger_write_cancel(&job->entry);
}

static void start(void *ctx, struct flow_item *item)
{
	struct ledger *ledger = ctx;
	struct job *job = item->state;
	struct ledger_write *entry = &job->entry;
	struct err err;

	if (!ledger->table) {
		flow_done(item);
		return;
	}
	/* A copy that does not exist must not be recorded as a destination. */
	if (item->record.route_dry.p && !ledger->dry) {
		err_set(&err, "DryRun",
			"s3route made a dry run, so nothing is recorded");
		flow_failed(item, &err);
		return;
	}
	job->item = item;
	entry->aws = ledger->filter.aws;
	entry->arena = &item->arena;
	entry->record = &item->record;
	entry->table = ledger->table;
	entry->days = ledger->days;
	entry->dry = ledger->dry;
	entry->settles = str_is(item->record.redo_settled, "true");
	entry->expects = str_number(item->record.redo_decided,
				    &entry->expected) == 0;
	entry->done = on_entered;
	entry->arg = job;
	ledger_write_start(entry);
}

static int create_table(struct filter *filter)
{
	struct ledger *ledger = filter->flow->ctx;
	struct buf line;
	struct err err;
	const char *text;

	if (ledger_table_create(filter->loop, filter->aws, ledger->table,
			 ledger->days > 0, &err) == 0)
		return EX_OK;
	buf_init(&line, 4096);
	buf_puts(&line, "table ");
	diag_put(&line, str_of(ledger->table));
	buf_puts(&line, ": ");
	diag_put_error(&line, &err);
	text = buf_cstr(&line);
	report(NULL, text ? text : err.message);
	buf_free(&line);
	return EX_UNAVAILABLE;
}

static const char *take_days(struct ledger *ledger, const char *arg)
{
	unsigned long long days;

	if (str_number(str_of(arg), &days) < 0 || days < 1 || days > DAYS_MAX)
		return "not a number of days (1 to 36500)";
	ledger->days = (unsigned)days;
	return NULL;
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct ledger *ledger = ctx;

	switch (option) {
	case 'n':
		ledger->dry = true;
		return NULL;
	case 't':
		ledger->table = arg;
		return NULL;
	case OPTION_CREATE:
		ledger->create = true;
		return NULL;
	case OPTION_FAILED:
		ledger->failed = true;
		return NULL;
	default:
		return take_days(ledger, arg);
	}
}

int main(int argc, char **argv)
{
	struct ledger ledger = { .table = getenv("RECORD_TABLE") };
	struct flow_options flow = { .jobs = 32 };
	static const struct option words[] = {
		{ "create", no_argument, NULL, OPTION_CREATE },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "failed", no_argument, NULL, OPTION_FAILED },
		{ "table", required_argument, NULL, 't' },
		{ "ttl", required_argument, NULL, OPTION_TTL },
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "ddb-record",
		.usage = usage,
		.letters = "nt:",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &ledger,
		.flow = &flow,
	};
	struct flow_work filter = {
		.name = "ddb-record",
		.state_size = sizeof(struct job),
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
	if (ledger.create && ledger.table && !ledger.dry)
		ledger.filter.prepare = create_table;
	filter.takes_failed = ledger.failed;
	return filter_run(&ledger.filter, &filter, &flow);
}
