/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ls: a record for each object that is in a bucket, or in an inventory of it.
 *
 * To count, all lists are read twice, and written only the second time.
 *
 * For each list: ask for pages, many at once; write a record for each entry that
 * was chosen, and after a page a mark if marks are wanted.  While stdout is
 * slow, nothing more is asked for.
 */

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/option_base.h"
#include "filter/options.h"
#include "filter/say.h"
#include "filter/source.h"
#include "list/found.h"
#include "list/inventory_source.h"
#include "list/listing.h"
#include "list/resume.h"
#include "list/walk.h"
#include "record/object_name.h"
#include "record/record_fault.h"
#include "s3/s3_list.h"
#include "s3/s3_option.h"

enum { JOBS = 16, PAGE_OUT_MAX = 16 << 20, LINE_SIZE = 16 << 10 };

enum {
	OPTION_CLASS = OPTION_BASE_TOOL, OPTION_COUNT, OPTION_INVENTORY,
	OPTION_MARKS,
	OPTION_MIN_SIZE, OPTION_NAME, OPTION_ORDERED, OPTION_PAGE_SIZE,
	OPTION_PROGRESS, OPTION_RESUME, OPTION_SINCE, OPTION_UNTIL,
	OPTION_V1, OPTION_VERSIONS
};

struct ls {
	struct found_choice choice;
	struct s3_options s3;
	unsigned page_size;
	bool marks, ordered, v1, is_inventory, count;
	const char *after, *resume_path;

	struct resume resume;
	struct source source;

	const char *list;		/* the present one, as it was given */
	struct str bucket;
	struct walk walk;
	struct listing listing;
	struct inventory_source inventory;
	unsigned long long out_of_list;	/* records */
	bool is_incomplete;		/* it, or one before it, has failed */
	bool is_counting;		/* nothing is written yet */
	bool is_told;			/* what they are in all */
	unsigned long long total;
	struct buf unwritten;		/* what it would write */
};

static const char usage[] =
	"s3ls: a record for each object that is in a bucket\n"
	"usage: s3ls [-hVv] [-a KEY] [-j JOBS] [OPTION]... s3://BUCKET[/PREFIX]...\n"
	"       s3ls [-hVv] [-a FILE] [OPTION]... --inventory MANIFEST...\n"
	"\n"
	"  -a, --after KEY       begin behind this key\n"
	"      --class GLOB      take only objects of this storage class\n"
	"      --count           count first, and tell the number in a mark\n"
	"      --expected-bucket-owner ID, --request-payer  as in the API of S3\n"
	"      --inventory       read S3 Inventories: s3://.../manifest.json, or copies\n"
	"  -j, --jobs JOBS       pages asked for at once (16)\n"
	"      --marks           write a mark after each page\n"
	"      --min-size BYTES  take only objects of this size at least\n"
	"      --name GLOB       take only objects whose key matches\n"
	"      --ordered         write keys in their order, page by page\n"
	"      --page-size N     entries of a page (1000)\n"
	"      --progress        show progress on a terminal\n"
	"      --resume FILE     go on where the last mark in FILE stands\n"
	"      --since TIME, --until TIME  take only what was written then\n"
	"      --stats FILE      append statistics to FILE\n"
	"      --v1              ask with ListObjects, not ListObjectsV2\n"
	"      --versions        take older versions, too\n"
	"  -v, --verbose         say how much of a list was taken\n"
	"  -h, --help; -V, --version   print this text; print the version\n";

static void report(void *ctx, const char *line)
{
	struct ls *ls = ctx;

	source_say(&ls->source, line);
}

static int status_of(const struct err *err)
{
	return err_is(err, ERR_SYSTEM) ? EX_IOERR : source_status(err);
}

/* Output */

static bool has_room(void *ctx)
{
	struct ls *ls = ctx;

	return source_has_room(&ls->source);
}

static void go_on(void *ctx)
{
	struct ls *ls = ctx;

	if (ls->is_inventory)
		inventory_source_go_on(&ls->inventory);
	else
		listing_go_on(&ls->listing);
}

static void refuse(struct ls *ls, struct str bucket,
		   const struct page_entry *entry, const char *fault)
{
	struct buf line;
	const char *text;

	buf_init(&line, LINE_SIZE);
	diag_put_object(&line, bucket, entry->key);
	buf_printf(&line, ": no record: %s", fault);
	text = buf_cstr(&line);
	report(ls, text ? text : fault);
	buf_free(&line);
	ls->source.counts.stats.refused++;
	source_note(&ls->source, EX_DATAERR);
}

/* A mark says that all before it is out: not once a list has failed. */
static void put_mark(struct ls *ls, struct str key, const struct walk *walk,
		     const unsigned long long *total)
{
	if (!ls->is_incomplete)
		resume_put(&ls->source.out.buf, str_of(ls->list), key, walk,
			   total);
}

/* What cannot be a record is told when it would be written. */
static void count_entry(struct ls *ls, struct str bucket,
			const struct page_entry *entry)
{
	const char *fault;

	if (found_put(&ls->unwritten, &ls->choice, bucket, entry, &fault) ==
	    FOUND_PUT)
		ls->total++;
	buf_reset(&ls->unwritten);
}

static void put_entry(struct ls *ls, struct str bucket,
		      const struct page_entry *entry)
{
	const char *fault;

	if (ls->is_counting) {
		count_entry(ls, bucket, entry);
		return;
	}
	ls->source.counts.stats.in++;
	switch (found_put(&ls->source.out.buf, &ls->choice, bucket, entry, &fault)) {
	case FOUND_PUT:
		ls->source.counts.stats.out[RECORD_GOOD]++;
		ls->source.counts.stats.bytes += entry->size;
		ls->out_of_list++;
		break;
	case FOUND_REFUSED:
		refuse(ls, bucket, entry, fault);
		break;
	case FOUND_LEFT_OUT:
		break;
	}
}

static void on_page(void *ctx, const struct page *page)
{
	struct ls *ls = ctx;

	for (size_t i = 0; i < page->n; i++)
		put_entry(ls, ls->bucket, &page->entries[i]);
	if (ls->marks && !ls->is_counting)
		put_mark(ls, walk_safe(&ls->walk), &ls->walk, NULL);
	source_write(&ls->source);
}

static void on_row(void *ctx, struct str bucket, const struct page_entry *entry)
{
	struct ls *ls = ctx;

	put_entry(ls, bucket, entry);
	source_write(&ls->source);
}

static void on_file(void *ctx, struct str key)
{
	struct ls *ls = ctx;

	if (ls->marks && !ls->is_counting)
		put_mark(ls, key, NULL, NULL);
	source_write(&ls->source);
}

/* Before the first list begins, so the mark says that all of it is left. */
static void tell_total(struct ls *ls, struct str key, const struct walk *walk)
{
	if (!ls->count || ls->is_counting || ls->is_told)
		return;
	ls->is_told = true;
	put_mark(ls, key, walk, &ls->total);
	source_write(&ls->source);
	progress_expect(&ls->source.counts, ls->total);
}

/* A list */

/* How to go on, if something is out. */
static void put_advice(struct ls *ls, struct buf *line)
{
	struct str key = ls->is_inventory || walk_is_done(&ls->walk) ?
			 STR_NONE : walk_safe(&ls->walk);

	if (ls->is_counting)
		return;
	if (ls->out_of_list > 0)
		buf_puts(line, "; the list is not complete");
	if (key.n == 0)
		return;
	buf_puts(line, "; all up to this key is listed, go on with -a '");
	diag_put(line, key);
	buf_putc(line, '\'');
}

static void fail(struct ls *ls, const char *operation, const struct err *err)
{
	struct buf line;
	const char *text;

	buf_init(&line, LINE_SIZE);
	diag_put(&line, str_of(ls->list));
	if (operation)
		buf_printf(&line, ": %s", operation);
	buf_puts(&line, ": ");
	diag_put_error(&line, err);
	put_advice(ls, &line);
	text = buf_cstr(&line);
	report(ls, text ? text : err->message);
	buf_free(&line);
	source_note(&ls->source, status_of(err));
	ls->is_incomplete = true;
}

static void say_taken(struct ls *ls)
{
	struct buf line;
	const char *text;

	if (!ls->source.flow.verbose || ls->is_counting)
		return;
	buf_init(&line, LINE_SIZE);
	diag_put(&line, str_of(ls->list));
	buf_printf(&line, ": %llu records", ls->out_of_list);
	text = buf_cstr(&line);
	report(ls, text ? text : "out of memory");
	buf_free(&line);
}

static bool is_list_over(void *ctx)
{
	const struct ls *ls = ctx;

	return listing_is_over(&ls->listing);
}

static bool is_inventory_over(void *ctx)
{
	const struct ls *ls = ctx;

	return ls->inventory.is_over;
}

static struct str after(const struct ls *ls)
{
	return ls->resume.list.p ? ls->resume.mark : str_of(ls->after);
}

static void list_bucket(struct ls *ls, struct str prefix)
{
	unsigned jobs = ls->ordered ? 1 : ls->source.flow.jobs;
	struct err err;

	walk_init(&ls->walk, prefix, after(ls), jobs, ls->choice.versions);
	ls->listing = (struct listing){
		.aws = ls->source.aws, .options = &ls->s3, .bucket = ls->bucket,
		.kind = ls->choice.versions ? S3_LIST_VERSIONS :
			ls->v1 ? S3_LIST_V1 : S3_LIST_V2,
		.page_size = ls->page_size, .walk = &ls->walk,
		.page = on_page, .has_room = has_room, .ctx = ls,
	};
	if (ls->resume.left.p &&
	    resume_walk(&ls->resume, &ls->walk, &err) < 0) {
		ls->listing.err = err;
	} else {
		tell_total(ls, after(ls), &ls->walk);
		if (listing_start(&ls->listing, &err) < 0)
			ls->listing.err = err;
		else
			source_run(&ls->source, is_list_over);
	}
	if (err_is_set(&ls->listing.err))
		fail(ls, s3_list_name(ls->listing.kind), &ls->listing.err);
	listing_free(&ls->listing);
	walk_free(&ls->walk);
}

static void read_inventory(struct ls *ls, struct str key)
{
	bool is_remote = ls->bucket.p;
	struct str behind = after(ls);

	ls->inventory = (struct inventory_source){
		.loop = ls->source.loop, .aws = is_remote ? ls->source.aws : NULL,
		.options = &ls->s3, .bucket = ls->bucket,
		.manifest = is_remote ? key.p : ls->list, .after = behind,
		.row = on_row, .file = on_file, .has_room = has_room,
		.ctx = ls,
	};
	tell_total(ls, behind, NULL);
	inventory_source_start(&ls->inventory);
	source_run(&ls->source, is_inventory_over);
	if (err_is_set(&ls->inventory.err))
		fail(ls, NULL, &ls->inventory.err);
	inventory_source_free(&ls->inventory);
}

/* "s3://BUCKET/KEY"; the key may be empty.  False: it is something else. */
static bool split_url(const char *url, struct str *bucket, struct str *key)
{
	if (!object_name_url(str_of(url), bucket, key))
		return false;
	if (!key->p)
		*key = STR("");
	return record_is_bucket(*bucket);
}

/* What the last mark does not speak of was done before, or comes later. */
static bool is_done_before(struct ls *ls)
{
	return ls->resume.list.p && !str_is(ls->resume.list, ls->list);
}

static void list_one(struct ls *ls, const char *list)
{
	struct str key = STR_NONE;

	ls->list = list;
	ls->out_of_list = 0;
	ls->bucket = STR_NONE;
	split_url(list, &ls->bucket, &key);
	if (is_done_before(ls))
		return;
	if (ls->is_inventory)
		read_inventory(ls, key);
	else
		list_bucket(ls, key);
	/* The lists behind it begin at their beginning. */
	ls->resume.list = ls->resume.left = STR_NONE;
	say_taken(ls);
}

/* The run */

static const char *add_glob(struct globs *globs, const char *arg)
{
	return globs_add(globs, arg) < 0 ? "too many patterns" : NULL;
}

static const char *take_number(unsigned *to, const char *arg, unsigned max,
			       const char *fault)
{
	unsigned long long n;

	if (str_number(str_of(arg), &n) < 0 || n < 1 || n > max)
		return fault;
	*to = (unsigned)n;
	return NULL;
}

static const char *take_time(time_t *to, bool *has, const char *arg)
{
	*has = true;
	return found_time(str_of(arg), to) < 0 ?
	       "not a time such as 2026-11-29 or 2026-11-29T12:00:00Z" : NULL;
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct ls *ls = ctx;

	switch (option) {
	case 'a': ls->after = arg; return NULL;
	case OPTION_CLASS: return add_glob(&ls->choice.classes, arg);
	case OPTION_COUNT: ls->count = true; return NULL;
	case OPTION_INVENTORY: ls->is_inventory = true; return NULL;
	case OPTION_MARKS: ls->marks = true; return NULL;
	case OPTION_MIN_SIZE:
		return str_bytes(str_of(arg), &ls->choice.min_size) < 0 ?
		       "not a number of bytes" : NULL;
	case OPTION_NAME: return add_glob(&ls->choice.names, arg);
	case OPTION_ORDERED: ls->ordered = true; return NULL;
	case OPTION_PAGE_SIZE:
		return take_number(&ls->page_size, arg, S3_LIST_PAGE_MAX,
				   "not a number of entries (1 to 1000)");
	case OPTION_PROGRESS: ls->source.flow.progress = true; return NULL;
	case OPTION_RESUME: ls->resume_path = arg; return NULL;
	case OPTION_SINCE:
		return take_time(&ls->choice.since, &ls->choice.has_since, arg);
	case OPTION_UNTIL:
		return take_time(&ls->choice.until, &ls->choice.has_until, arg);
	case OPTION_V1: ls->v1 = true; return NULL;
	case OPTION_VERSIONS: ls->choice.versions = true; return NULL;
	default: return s3_option_take(&ls->s3, option, arg);
	}
}

static int wrong(const char *what, const char *text)
{
	say_wrong("s3ls", what, text);
	return EX_USAGE;
}

/* Read the operands before anything is done.  EX_OK, or what to end with. */
static int check_lists(const struct ls *ls, char **lists)
{
	struct str bucket, key;
	size_t n = 0;

	if (!*lists)
		return wrong("nothing to list", "give s3://BUCKET/PREFIX");
	for (; lists[n]; n++) {
		bool is_url = split_url(lists[n], &bucket, &key);

		if (!is_url && (!ls->is_inventory ||
				str_has_prefix(str_of(lists[n]), STR("s3:"))))
			return wrong("not s3://BUCKET/PREFIX", lists[n]);
	}
	if (ls->after && n > 1)
		return wrong("-a is for one list, not for several", lists[1]);
	if (ls->after && ls->resume_path)
		return wrong("-a and --resume say two things", ls->resume_path);
	return EX_OK;
}

/* The mark has to be one of these lists. */
static int load_resume(struct ls *ls, char **lists)
{
	struct err err;

	if (!ls->resume_path)
		return EX_OK;
	if (resume_load(&ls->resume, ls->resume_path, &err) < 0) {
		say_wrong("s3ls", ls->resume_path, err.message);
		return err_is(&err, ERR_SYSTEM) ? EX_IOERR : EX_DATAERR;
	}
	for (; ls->resume.list.p && *lists; lists++)
		if (str_is(ls->resume.list, *lists))
			return EX_OK;
	if (!ls->resume.list.p)
		return EX_OK;
	say_wrong("s3ls", "--resume is about another list",
		  ls->resume.list.p);
	return EX_USAGE;
}

static bool needs_aws(const struct ls *ls, char **lists)
{
	for (; ls->is_inventory && *lists; lists++)
		if (str_has_prefix(str_of(*lists), STR("s3:")))
			return true;
	return !ls->is_inventory;
}

/* Where it begins is still to be known when it is listed. */
static void count_all(struct ls *ls, char **lists)
{
	const struct str list = ls->resume.list, left = ls->resume.left;

	ls->is_counting = true;
	buf_init(&ls->unwritten, PAGE_OUT_MAX);
	for (; *lists && !ls->source.is_broken; lists++)
		list_one(ls, *lists);
	buf_free(&ls->unwritten);
	ls->is_counting = false;
	ls->resume.list = list;
	ls->resume.left = left;
}

static int list_all(struct ls *ls, char **lists)
{
	int status;

	ls->source.needs_no_aws = !needs_aws(ls, lists);
	ls->source.most = (size_t)ls->source.flow.jobs * PAGE_OUT_MAX;
	status = source_open(&ls->source);
	if (status != EX_OK)
		return status;
	if (ls->count)
		count_all(ls, lists);
	/* What could not be counted cannot be listed, either. */
	if (ls->source.status != EX_OK)
		return source_close(&ls->source);
	for (; *lists && !ls->source.is_broken; lists++)
		list_one(ls, *lists);
	return source_close(&ls->source);
}

int main(int argc, char **argv)
{
	struct ls ls = {
		.page_size = S3_LIST_PAGE_MAX,
		.source = { .name = "s3ls", .go_on = go_on, .ctx = &ls,
			    .flow.jobs = JOBS },
	};
	static const struct option words[] = {
		{ "after", required_argument, NULL, 'a' },
		{ "class", required_argument, NULL, OPTION_CLASS },
		{ "count", no_argument, NULL, OPTION_COUNT },
		{ "expected-bucket-owner", required_argument, NULL,
		  S3_OPTION_OWNER },
		{ "inventory", no_argument, NULL, OPTION_INVENTORY },
		{ "jobs", required_argument, NULL, 'j' },
		{ "marks", no_argument, NULL, OPTION_MARKS },
		{ "min-size", required_argument, NULL, OPTION_MIN_SIZE },
		{ "name", required_argument, NULL, OPTION_NAME },
		{ "ordered", no_argument, NULL, OPTION_ORDERED },
		{ "page-size", required_argument, NULL, OPTION_PAGE_SIZE },
		{ "progress", no_argument, NULL, OPTION_PROGRESS },
		{ "request-payer", no_argument, NULL, S3_OPTION_PAYER },
		{ "resume", required_argument, NULL, OPTION_RESUME },
		{ "since", required_argument, NULL, OPTION_SINCE },
		{ "until", required_argument, NULL, OPTION_UNTIL },
		{ "v1", no_argument, NULL, OPTION_V1 },
		{ "versions", no_argument, NULL, OPTION_VERSIONS },
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3ls",
		.usage = usage,
		.letters = "a:j:",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &ls,
		.flow = &ls.source.flow,
		.no_flow = true,
		.operands = true,
	};
	int status = options_read(&options, argc, argv);
	const char *fault;

	if (status >= 0)
		return status;
	fault = s3_option_end(&ls.s3);
	if (fault) {
		say_line("s3ls", str_of(fault));
		return EX_CONFIG;
	}
	status = check_lists(&ls, argv + optind);
	if (status == EX_OK)
		status = load_resume(&ls, argv + optind);
	if (status == EX_OK)
		status = list_all(&ls, argv + optind);
	resume_free(&ls.resume);
	return status;
}
