/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-missing: what has arrived and is not in the ledger, and what is in the
 * ledger and not where it says.
 *
 * Lists are compared that s3ls and ddb-list have written.  The one of the copies
 * is read first, then the ledger, then the one of what has arrived.  Of each
 * entry only facts are kept, as digests.  Where copies are missing, the ledger
 * is read once more, and its entries about them are written.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/option_base.h"
#include "filter/help.h"
#include "filter/option_next.h"
#include "filter/say.h"
#include "io/output.h"
#include "list/handled.h"
#include "record/object_name.h"
#include "record/record.h"
#include "record/record_fault.h"
#include "record/record_was.h"

enum { ARENA_MAX = 16 << 20, OUT_MAX = 4 << 20, OUT_FULL = 64 << 10 };
enum { OPTION_PLACES = OPTION_BASE_TOOL };

struct entry {
	struct record record;
	struct record_was was;	/* of the ledger */
};

struct audit {
	const char *arrived, *copies, *ledger;	/* files */
	char **lists;			/* s3://BUCKET/PREFIX of what arrived */
	bool places;

	struct record_reader *reader;
	struct arena arena;
	struct handled handled;
	struct output out;
	bool is_quiet;			/* about what cannot be read */
	bool is_missing;		/* something was written */
	int status;
};

static const char name[] = "s3ev-missing";

static const char usage[] =
	"s3ev-missing: write what has arrived and was not handled, as lists tell\n"
	"usage: s3ev-missing [-hV] -a FILE -c FILE -l FILE s3://BUCKET[/PREFIX]...\n"
	"       s3ev-missing --places -l FILE s3://BUCKET[/PREFIX]...\n"
	"\n"
	"  -a, --arrived FILE  what s3ls has written of these buckets\n"
	"  -c, --copies FILE   what s3ls has written of the buckets of copies\n"
	"  -l, --ledger FILE   what ddb-list has written\n"
	"      --places        say of each copy which bucket it is in\n"
	"  -h, --help          print this text\n"
	"  -V, --version       print the version\n";

static int out_of_memory(void)
{
	say_line(name, STR("out of memory"));
	return EX_OSERR;
}

/* Output */

static void flush(struct audit *audit, size_t full)
{
	if (output_waiting(&audit->out) <= full ||
	    output_drain(&audit->out) == 0)
		return;
	say_errno(name, "stdout");
	audit->status = EX_IOERR;
}

/* Lists may overlap, and a copy and its explanation both be missing. */
static void write_missing(struct audit *audit, const struct record *r,
			  struct str why)
{
	if (!handled_is_new(&audit->handled, r))
		return;
	record_put_missing(&audit->out.buf, r, why);
	audit->is_missing = true;
	flush(audit, OUT_FULL);
}

/* The lists */

static void take_copy(struct audit *audit, const struct entry *entry)
{
	handled_copy(&audit->handled, &entry->record);
}

static void take_arrived(struct audit *audit, const struct entry *entry)
{
	if (!handled_is_decided(&audit->handled, &entry->record))
		write_missing(audit, &entry->record,
			      STR("it is not in the ledger"));
}

/* Is its object among those that were listed? */
static bool is_listed(const struct audit *audit, const struct entry *entry)
{
	struct str bucket, prefix;

	for (char **list = audit->lists; *list; list++)
		if (object_name_url(str_of(*list), &bucket, &prefix) &&
		    str_eq(bucket, entry->record.bucket) &&
		    str_has_prefix(entry->record.key, prefix))
			return true;
	return false;
}

static void take_item(struct audit *audit, const struct entry *entry)
{
	if (is_listed(audit, entry))
		handled_item(&audit->handled, &entry->record, &entry->was);
}

static void write_item(struct audit *audit, const struct entry *entry,
		       struct str key)
{
	const char *why = handled_lacks(&audit->handled, &entry->record,
					&entry->was, key);
	struct buf text;

	if (!why)
		return;
	buf_init(&text, OUT_MAX);
	buf_printf(&text, "%.*s/%.*s is %s", STR_FMT(entry->was.copy.bucket),
		   STR_FMT(key), why);
	write_missing(audit, &entry->record, buf_str(&text));
	buf_free(&text);
}

/* Does the ledger say that there is a copy of an object that was listed? */
static bool has_copy(const struct audit *audit, const struct entry *entry)
{
	return handled_has_copy(&entry->was) && is_listed(audit, entry);
}

static void take_item_again(struct audit *audit, const struct entry *entry)
{
	if (!has_copy(audit, entry))
		return;
	write_item(audit, entry, entry->was.copy.key);
	write_item(audit, entry, entry->was.copy.why);
}

/* A line "s3://BUCKET", or "elsewhere" for one in another store. */
static void take_place(struct audit *audit, const struct entry *entry)
{
	const struct record_copy *copy = &entry->was.copy;

	if (!has_copy(audit, entry))
		return;
	if (copy->endpoint.p)
		buf_puts(&audit->out.buf, "elsewhere\n");
	else
		buf_printf(&audit->out.buf, "s3://%.*s\n",
			   STR_FMT(copy->bucket));
	flush(audit, OUT_FULL);
}

/* The run */

/* An entry that cannot be read is named, and hides nothing of the others. */
static void refuse(struct audit *audit, const char *path,
		   unsigned long long line, const struct err *err)
{
	struct buf text;

	if (audit->is_quiet)
		return;
	buf_init(&text, OUT_MAX);
	buf_printf(&text, "%s: line %llu: %s", path, line, err->message);
	say_line(name, buf_str(&text));
	buf_free(&text);
	audit->status = EX_DATAERR;
}

static int parse(struct audit *audit, struct str line, struct entry *entry,
		 struct err *err)
{
	arena_reset(&audit->arena);
	entry->was = (struct record_was){ .copy = { .key = STR_NONE } };
	if (!str_has_suffix(line, STR("\n"))) {
		err_set(err, ERR_RECORD, "cut off: no newline at its end");
		return -1;
	}
	if (record_parse(audit->reader, line, &audit->arena, &entry->record,
			 err) < 0 ||
	    record_was(&entry->record, &audit->arena, &entry->was, err) < 0)
		return -1;
	return 0;
}

static void read_lines(struct audit *audit, const char *path, FILE *file,
		       void (*take)(struct audit *audit,
				    const struct entry *entry))
{
	unsigned long long number = 0;
	struct entry entry;
	char *line = NULL;
	size_t size = 0;
	ssize_t n = 0;
	struct err err;

	while ((audit->status == EX_OK || audit->status == EX_DATAERR) &&
	       (n = getline(&line, &size, file)) >= 0) {
		number++;
		if (parse(audit, (struct str){ line, (size_t)n }, &entry,
			  &err) < 0)
			refuse(audit, path, number, &err);
		else if (!entry.record.mark.p)
			take(audit, &entry);
		if (audit->handled.is_out_of_memory)
			audit->status = out_of_memory();
	}
	/* -1 is also for what cannot be read, and for want of memory. */
	if (n < 0 && !feof(file)) {
		say_errno(name, path);
		audit->status = EX_IOERR;
	}
	free(line);
}

static void read_list(struct audit *audit, const char *path,
		      void (*take)(struct audit *audit,
				   const struct entry *entry))
{
	FILE *file = fopen(path, "re");

	if (!file) {
		say_errno(name, path);
		audit->status = EX_IOERR;
		return;
	}
	read_lines(audit, path, file, take);
	fclose(file);
}

/* What cannot be read is told once, by the first reading of a run. */
static void compare(struct audit *audit)
{
	read_list(audit, audit->copies, take_copy);
	read_list(audit, audit->ledger, take_item);
	read_list(audit, audit->arrived, take_arrived);
	audit->is_quiet = true;
	if (audit->handled.has_lacks)
		read_list(audit, audit->ledger, take_item_again);
}

static int run(struct audit *audit)
{
	audit->reader = record_reader_new();
	if (!audit->reader)
		return out_of_memory();
	arena_init(&audit->arena, ARENA_MAX);
	output_init(&audit->out, STDOUT_FILENO, OUT_MAX);
	audit->is_quiet = audit->places;
	if (audit->places)
		read_list(audit, audit->ledger, take_place);
	else
		compare(audit);
	flush(audit, 0);
	if (close(STDOUT_FILENO) < 0) {
		say_errno(name, "stdout");
		audit->status = EX_IOERR;
	}
	output_free(&audit->out);
	handled_free(&audit->handled);
	arena_free(&audit->arena);
	record_reader_free(audit->reader);
	return audit->status == EX_OK ? audit->is_missing : audit->status;
}

/* Returns -1 to go on, or the exit status. */
static int take_option(struct audit *audit, int option)
{
	switch (option) {
	case 'h': return help_print(usage);
	case 'V': return help_version(name);
	case 'a': audit->arrived = optarg; return -1;
	case 'c': audit->copies = optarg; return -1;
	case 'l': audit->ledger = optarg; return -1;
	case OPTION_PLACES: audit->places = true; return -1;
	default: return EX_USAGE; /* why has been said */
	}
}

/* EX_OK, or what to end with. */
static int check(const struct audit *audit)
{
	struct str bucket, prefix;

	if (!audit->ledger ||
	    (audit->places ? audit->arrived || audit->copies :
			     !audit->arrived || !audit->copies)) {
		say_line(name, STR("give -a, -c and -l, or --places and -l"));
		return EX_USAGE;
	}
	if (!*audit->lists) {
		say_line(name, STR("nothing to compare: give s3://BUCKET/PREFIX"));
		return EX_USAGE;
	}
	for (char **list = audit->lists; *list; list++)
		if (!object_name_url(str_of(*list), &bucket, &prefix) ||
		    !record_is_bucket(bucket)) {
			say_wrong(name, "not s3://BUCKET/PREFIX", *list);
			return EX_USAGE;
		}
	return EX_OK;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "arrived", required_argument, NULL, 'a' },
		{ "copies", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "ledger", required_argument, NULL, 'l' },
		{ "places", no_argument, NULL, OPTION_PLACES },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	struct audit audit = { .status = EX_OK };
	int c, status = -1;

	while (status < 0 &&
	       (c = option_next(name, argc, argv, "a:c:hl:V", words)) != -1)
		status = take_option(&audit, c);
	if (status >= 0)
		return status;
	audit.lists = argv + optind;
	status = check(&audit);
	return status == EX_OK ? run(&audit) : status;
}
