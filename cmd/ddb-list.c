/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddb-list: the ledger as records again, to be looked at or processed anew.
 *
 * For each item that was asked for: the record as it was announced, pinned to its
 * version or ETag, and beside it, as was, what became of it.  Nothing of that
 * counts as an outcome, so the filters behind decide freshly.
 */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/diag.h"
#include "base/option_base.h"
#include "filter/options.h"
#include "filter/say.h"
#include "filter/source.h"
#include "format/iso.h"
#include "format/json_write.h"
#include "ledger/ledger_read.h"
#include "ledger/ledger_record.h"
#include "ledger/ledger_scan.h"
#include "list/found.h"
#include "list/resume.h"
#include "record/record.h"

enum { SEGMENTS = 4, PAGE_OUT_MAX = 16 << 20 };

enum {
	OPTION_CODE = OPTION_BASE_TOOL, OPTION_CONSISTENT, OPTION_INDEX,
	OPTION_MARKS, OPTION_MAX_RCU, OPTION_OBJECT, OPTION_OUTCOME,
	OPTION_PROGRESS, OPTION_RESUME, OPTION_SINCE, OPTION_UNTIL
};

struct list {
	struct source source;
	struct ledger_scan scan;
	const char *object, *resume_path;
	char since[ISO_SIZE], until[ISO_SIZE];
	bool marks;
	struct resume resume;
};

static const char usage[] =
	"ddb-list: write the ledger as records again\n"
	"usage: ddb-list [-hVv] [-j SEGMENTS] [-t TABLE] [OPTION]...\n"
	"\n"
	"  -t, --table TABLE         the table (RECORD_TABLE)\n"
	"      --code CODE           only what has this code\n"
	"      --consistent          also read what was written just now\n"
	"      --index               read only the index of what needs attention\n"
	"  -j, --jobs SEGMENTS       parts of the table read at once (4)\n"
	"      --marks               write a mark after each page\n"
	"      --max-rcu N           units of capacity read a second (no limit)\n"
	"      --object BUCKET/KEY   only the history of this object, oldest first\n"
	"      --outcome OUTCOME     only what is good, bad, gone or failed\n"
	"      --progress            show progress on a terminal\n"
	"      --resume FILE         go on where the last mark in FILE stands\n"
	"      --since TIME, --until TIME  only what was decided then\n"
	"      --stats FILE          append statistics to FILE\n"
	"  -v, --verbose             say what was read\n"
	"  -h, --help                print this text\n"
	"  -V, --version             print the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("ddb-list", str_of(line));
}

/* A record */

static void refuse(struct list *list, const struct ledger_seen *seen,
		   const char *fault)
{
	struct buf line;
	const char *text;

	buf_init(&line, 16 << 10);
	diag_put(&line, seen->key.object);
	buf_printf(&line, ": no record: %s", fault);
	text = buf_cstr(&line);
	source_say(&list->source, text ? text : fault);
	buf_free(&line);
	list->source.counts.stats.refused++;
	source_note(&list->source, EX_DATAERR);
}

/* DynamoDB removes what has expired within days. */
static bool has_expired(const struct ledger_seen *seen)
{
	unsigned long long expires;

	return str_number(seen->expires, &expires) == 0 &&
	       expires <= (unsigned long long)time(NULL);
}

/* The range of an index includes its end. */
static bool is_late(const struct list *list, const struct ledger_seen *seen)
{
	return list->scan.until.p &&
	       str_compare(seen->decision.recorded, list->scan.until) >= 0;
}

static enum record_outcome outcome_of(const struct ledger_seen *seen)
{
	enum record_outcome outcome = RECORD_GOOD;

	while (outcome < RECORD_FAILED &&
	       !str_is(seen->decision.outcome, record_outcome_name(outcome)))
		outcome++;
	return outcome;
}

static void on_item(void *ctx, const struct ledger_seen *seen)
{
	struct list *list = ctx;
	const char *fault = ledger_record_fault(seen);

	list->source.counts.stats.in++;
	if (has_expired(seen) || is_late(list, seen))
		return;
	if (fault) {
		refuse(list, seen, fault);
		return;
	}
	list->source.counts.stats.out[outcome_of(seen)]++;
	ledger_record_put(&list->source.out.buf, seen);
}

static void on_page(void *ctx)
{
	struct list *list = ctx;
	struct buf *out = &list->source.out.buf;

	if (list->marks) {
		buf_puts(out, "{\"mark\":\"");
		buf_printf(out, "%llu\"", list->scan.pages);
		json_member(out, "list", str_of(list->scan.table));
		buf_puts(out, ",\"left\":");
		ledger_scan_put_left(out, &list->scan);
		buf_puts(out, "}\n");
	}
	source_write(&list->source);
}

static bool has_room(void *ctx)
{
	struct list *list = ctx;

	return source_has_room(&list->source);
}

static void go_on(void *ctx)
{
	struct list *list = ctx;

	ledger_scan_go_on(&list->scan);
}

static bool is_over(void *ctx)
{
	const struct list *list = ctx;

	return list->scan.is_over;
}

/* The run */

static void fail(struct list *list, const struct err *err)
{
	struct buf line;
	const char *text;

	buf_init(&line, 16 << 10);
	buf_puts(&line, "table ");
	diag_put(&line, str_of(list->scan.table));
	buf_puts(&line, ": ");
	diag_put_error(&line, err);
	if (list->scan.items > 0)
		buf_puts(&line, "; the list is not complete");
	text = buf_cstr(&line);
	source_say(&list->source, text ? text : err->message);
	buf_free(&line);
	source_note(&list->source, source_status(err));
}

static void say_read(struct list *list)
{
	struct buf line;

	if (!list->source.flow.verbose)
		return;
	buf_init(&line, 16 << 10);
	buf_printf(&line, "%llu items in %llu pages, %.1f units of capacity",
		   list->scan.items, list->scan.pages, list->scan.units);
	source_say(&list->source, buf_cstr(&line));
	buf_free(&line);
}

static int run(struct list *list)
{
	struct ledger_scan *scan = &list->scan;
	struct err err = { .code = "" };
	int status = source_open(&list->source);

	if (status != EX_OK)
		return status;
	scan->loop = list->source.loop;
	scan->aws = list->source.aws;
	scan->n_segments = list->source.flow.jobs;
	if (list->resume.left.p)
		scan->n_segments = ledger_scan_left_segments(list->resume.left);
	ledger_scan_init(scan);
	if ((list->resume.left.p &&
	     ledger_scan_take_left(scan, list->resume.left, &err) < 0) ||
	    ledger_scan_start(scan, &err) < 0)
		scan->err = err;
	else
		source_run(&list->source, is_over);
	if (err_is_set(&scan->err))
		fail(list, &scan->err);
	say_read(list);
	ledger_scan_free(scan);
	return source_close(&list->source);
}

static const char *take_time(char text[ISO_SIZE], struct str *to,
			     const char *arg)
{
	time_t when;

	if (found_time(str_of(arg), &when) < 0 || iso_write(text, when) < 0)
		return "not a time such as 2026-11-29 or 2026-11-29T12:00:00Z";
	*to = str_of(text);
	return NULL;
}

static const char *take_outcome(struct str *to, const char *arg)
{
	for (int i = RECORD_GOOD; i <= RECORD_FAILED; i++)
		if (strcmp(arg, record_outcome_name((enum record_outcome)i)) ==
		    0) {
			*to = str_of(arg);
			return NULL;
		}
	return "neither good nor bad nor gone nor failed";
}

static const char *take_units(struct ledger_scan *scan, const char *arg)
{
	unsigned long long n;

	if (str_number(str_of(arg), &n) < 0 || n < 1 || n > 1000000)
		return "not a number of units (1 to 1000000)";
	scan->max_units = (double)n;
	return NULL;
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct list *list = ctx;
	struct ledger_scan *scan = &list->scan;

	switch (option) {
	case 't': scan->table = arg; return NULL;
	case OPTION_CODE: scan->code = str_of(arg); return NULL;
	case OPTION_CONSISTENT: scan->consistent = true; return NULL;
	case OPTION_INDEX: scan->index = true; return NULL;
	case OPTION_MARKS: list->marks = true; return NULL;
	case OPTION_MAX_RCU: return take_units(scan, arg);
	case OPTION_OBJECT: scan->object = str_of(arg); return NULL;
	case OPTION_OUTCOME: return take_outcome(&scan->outcome, arg);
	case OPTION_PROGRESS: list->source.flow.progress = true; return NULL;
	case OPTION_RESUME: list->resume_path = arg; return NULL;
	case OPTION_SINCE: return take_time(list->since, &scan->since, arg);
	default: return take_time(list->until, &scan->until, arg);
	}
}

/* NULL, or what the options lack. */
static const char *what_is_wrong(const struct list *list)
{
	const struct ledger_scan *scan = &list->scan;
	struct str bucket, key;

	if (scan->object.p && !ledger_read_split(scan->object, &bucket, &key))
		return "--object: it is not BUCKET/KEY";
	if (scan->index && scan->object.p)
		return "--index: it knows no --object";
	if (scan->index && !str_is(scan->outcome, "bad") &&
	    !str_is(scan->outcome, "failed"))
		return "--index: it has only --outcome bad and failed";
	if (scan->since.p && scan->until.p &&
	    str_compare(scan->since, scan->until) >= 0)
		return "--until: it is not after --since";
	return NULL;
}

/* EX_OK, or what to end with; the mark has to be one of this table. */
static int load_resume(struct list *list)
{
	struct resume *resume = &list->resume;
	struct err err;

	if (!list->resume_path)
		return EX_OK;
	if (resume_load(resume, list->resume_path, &err) < 0) {
		say_wrong("ddb-list", list->resume_path, err.message);
		return err_is(&err, ERR_SYSTEM) ? EX_IOERR : EX_DATAERR;
	}
	if (!resume->list.p || str_is(resume->list, list->scan.table))
		return EX_OK;
	say_wrong("ddb-list", "--resume is about another table",
		  resume->list.p);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	static struct list list;
	static const struct option words[] = {
		{ "code", required_argument, NULL, OPTION_CODE },
		{ "consistent", no_argument, NULL, OPTION_CONSISTENT },
		{ "index", no_argument, NULL, OPTION_INDEX },
		{ "jobs", required_argument, NULL, 'j' },
		{ "marks", no_argument, NULL, OPTION_MARKS },
		{ "max-rcu", required_argument, NULL, OPTION_MAX_RCU },
		{ "object", required_argument, NULL, OPTION_OBJECT },
		{ "outcome", required_argument, NULL, OPTION_OUTCOME },
		{ "progress", no_argument, NULL, OPTION_PROGRESS },
		{ "resume", required_argument, NULL, OPTION_RESUME },
		{ "since", required_argument, NULL, OPTION_SINCE },
		{ "table", required_argument, NULL, 't' },
		{ "until", required_argument, NULL, OPTION_UNTIL },
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "ddb-list",
		.usage = usage,
		.letters = "j:t:",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &list,
		.flow = &list.source.flow,
		.no_flow = true,
	};
	const char *wrong;
	int status;

	list.scan.table = getenv("RECORD_TABLE");
	list.source.flow.jobs = SEGMENTS;
	status = options_read(&options, argc, argv);
	if (status >= 0)
		return status;
	wrong = what_is_wrong(&list);
	if (wrong) {
		report(NULL, wrong);
		return EX_USAGE;
	}
	if (!list.scan.table || !*list.scan.table) {
		report(NULL, "no table: give -t or set RECORD_TABLE");
		return EX_CONFIG;
	}
	list.scan.item = on_item;
	list.scan.page = on_page;
	list.scan.has_room = has_room;
	list.source.name = "ddb-list";
	list.source.go_on = go_on;
	list.source.most = (size_t)list.source.flow.jobs * PAGE_OUT_MAX;
	list.scan.ctx = list.source.ctx = &list;
	status = load_resume(&list);
	if (status == EX_OK)
		status = run(&list);
	resume_free(&list.resume);
	return status;
}
