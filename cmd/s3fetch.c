/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3fetch: GET each record's object, exactly the announced version, to a file.
 *
 * For each record: HEAD, only if its size is needed and not known; wait for
 * room in the spool; GET, in ranges; rename the file when it is whole and
 * verified.
 */

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/option_base.h"
#include "fetch/download.h"
#include "fetch/spool.h"
#include "fetch/unread.h"
#include "filter/filter.h"
#include "filter/options.h"
#include "filter/say.h"
#include "format/json_write.h"
#include "record/record_was.h"
#include "s3/s3.h"
#include "s3/s3_look.h"
#include "s3/s3_option.h"

enum { PART_SIZE = 16 << 20, PARTS = 8 };

struct fetch {
	struct filter filter;
	struct spool spool;
	struct s3_options s3;
	struct s3_quirks quirks;
	unsigned long long part_size;
	unsigned parts;
	bool redo;		/* a moved object is read where it was put */
};

/* One object being fetched. */
struct object {
	struct fetch *fetch;
	struct flow_item *item;
	struct s3_call head;
	struct spool_file file;
	struct download download;
	struct unread unread;
	struct record at;	/* the record's object, or a copy of it */
	const struct record_copy *copy;	/* that copy, if it is one */
	struct record_was was;
	struct err gone;	/* why the object itself is not there */
	struct str now;
};

static const char usage[] =
	"s3fetch: get the object of each record into a file\n"
	"usage: s3fetch [-hkVv] [-d DIR] [-j JOBS] [OPTION]... < RECORDS\n"
	"\n"
	"  -d, --directory DIR         where the files go (TMPDIR or /tmp)\n"
	"  -j, --jobs JOBS             objects at once (16)\n"
	"      --max-spool BYTES       limit for all files together (none)\n"
	"      --part-size BYTES       get larger objects in ranges of this size (16M)\n"
	"      --parts N               ranges of one object at once (8)\n"
	"      --redo                  if it is gone, get the copy that was names\n"
	S3_OPTION_USAGE
	OPTIONS_USAGE;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3fetch", str_of(line));
}

static void put_fetch(struct buf *members, const struct object *object)
{
	json_member_open(members, "fetch");
	json_member(members, "path", str_of(object->file.path));
	json_member_number(members, "bytes", object->download.bytes);
	if (object->download.etag_is_md5)
		json_member_bool(members, "md5", true);
	record_put_read(members, &object->item->record, object->download.etag,
			&object->download.marks);
	if (object->copy)
		record_put_at(members, object->copy);
	buf_putc(members, '}');
}

static void start(void *ctx, struct flow_item *item);
static void open_file(struct object *object);

/*
 * The object is gone.  If it was moved away, an earlier run has put a copy of it
 * elsewhere, which is pinned to what that run has written.
 */
static void find_copy(struct object *object, const struct s3_look *look)
{
	struct flow_item *item = object->item;
	const struct record_copy *copy;
	struct err err;
	int found = 0;

	if (object->fetch->redo)
		found = record_was(&item->record, &item->arena, &object->was,
				   &err);
	copy = found > 0 ? record_was_bytes(&object->was, &item->record,
					    object->copy) : NULL;
	if (found < 0) {
		flow_failed(item, &err);
	} else if (copy) {
		if (!object->copy) {
			object->gone = look->err;
			object->now = look->now;
		}
		object->copy = copy;
		object->at = record_at(&item->record, object->copy);
		memset(&object->download, 0, sizeof(object->download));
		open_file(object);
	} else if (err_is_set(&object->gone)) {
		flow_gone(item, &object->gone, object->now);
	} else {
		flow_gone(item, &look->err, look->now);
	}
}

static void on_looked(void *arg, enum unread_end end)
{
	struct object *object = arg;
	struct fetch *fetch = object->fetch;
	struct flow_item *item = object->item;

	switch (end) {
	case UNREAD_GONE:
		find_copy(object, &object->unread.look);
		break;
	case UNREAD_FAILED:
		flow_failed(item, &object->unread.look.err);
		break;
	case UNREAD_AGAIN:
		memset(object, 0, sizeof(*object));
		start(fetch, item);
		break;
	}
}

static void look_why(struct object *object)
{
	struct fetch *fetch = object->fetch;
	const struct s3_work what = { fetch->filter.aws, &fetch->s3,
				      &object->at, &object->item->arena };

	unread_look(&object->unread, &what, &object->download.marks, on_looked,
		    object);
}

/* A file that cannot be written ends in another exit status. */
static void fail(struct object *object, const struct err *err, bool is_disk)
{
	spool_drop(&object->file);
	if (is_disk)
		flow_status(object->item, EX_IOERR);
	if (s3_may_be_gone(err))
		look_why(object);
	else
		flow_failed(object->item, err);
}

static void on_downloaded(void *arg)
{
	struct object *object = arg;
	struct download *download = &object->download;
	struct err err;

	if (err_is_set(&download->err)) {
		fail(object, &download->err, download->is_disk);
	} else if (spool_keep(&object->file, download->bytes, &err) < 0) {
		fail(object, &err, true);
	} else {
		put_fetch(&object->item->members, object);
		flow_done(object->item);
	}
}

static bool on_full(void *arg)
{
	struct object *object = arg;

	return spool_wait(&object->file);
}

static void on_room(void *arg)
{
	struct object *object = arg;

	download_go_on(&object->download);
}

static void on_opened(void *arg)
{
	struct object *object = arg;
	struct fetch *fetch = object->fetch;
	struct download *download = &object->download;

	if (err_is_set(&object->file.err)) {
		fail(object, &object->file.err, true);
		return;
	}
	download->loop = fetch->filter.loop;
	download->aws = fetch->filter.aws;
	download->record = &object->at;
	download->options = &fetch->s3;
	download->arena = &object->item->arena;
	download->part_size = fetch->part_size;
	download->parts = fetch->parts;
	download->fd = object->file.fd;
	download->path = object->file.part;
	download->full = on_full;
	download->done = on_downloaded;
	download->arg = object;
	download_start(download);
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct object *object = item->state;

	(void)ctx;
	aws_call_free(&object->head.aws);
	unread_cancel(&object->unread);
	download_cancel(&object->download);
	spool_drop(&object->file);
}

/* What HEAD cannot say, GET will. */
static void on_size_seen(void *arg)
{
	struct object *object = arg;
	struct err err = s3_end(&object->head);

	if (err_is_set(&err) && err.retry) {
		fail(object, &err, false);
		return;
	}
	if (!err_is_set(&err) && object->head.has_size)
		object->file.bytes = object->head.size;
	spool_open(&object->fetch->spool, &object->file);
}

/* Ask for the size: --max-spool needs it to set room aside. */
static void look(struct object *object)
{
	struct fetch *fetch = object->fetch;
	const struct s3_work work = { fetch->filter.aws, &fetch->s3,
				      &object->at, &object->item->arena };
	const struct s3_object what = s3_object_of(&object->at);

	s3_head(work.aws, s3_begin(&work, &object->head, on_size_seen, object),
		&what);
}

static void open_file(struct object *object)
{
	struct fetch *fetch = object->fetch;
	struct flow_item *item = object->item;

	object->file.id = item->record.id;
	object->file.bytes = item->record.size;
	object->file.arena = &item->arena;
	object->file.opened = on_opened;
	object->file.go_on = on_room;
	object->file.arg = object;
	fetch->spool.loop = fetch->filter.loop;
	if (fetch->spool.max > 0 && !item->record.has_size)
		look(object);
	else
		spool_open(&fetch->spool, &object->file);
}

static void start(void *ctx, struct flow_item *item)
{
	struct object *object = item->state;

	object->fetch = ctx;
	object->item = item;
	object->at = item->record;
	unread_begin(&object->unread, &object->fetch->s3);
	open_file(object);
}

enum {
	OPTION_MAX_SPOOL = OPTION_BASE_TOOL, OPTION_PART_SIZE, OPTION_PARTS,
	OPTION_REDO
};

static const char *take_parts(struct fetch *fetch, const char *arg)
{
	unsigned long long parts;

	if (str_number(str_of(arg), &parts) < 0 || parts < 1 ||
	    parts > DOWNLOAD_PARTS_MAX)
		return "not a number of parts (1 to 64)";
	fetch->parts = (unsigned)parts;
	return NULL;
}

/* There is a minimum, because tiny ranges cost more time than they save. */
static const char *take_part_size(struct fetch *fetch, const char *arg)
{
	if (str_bytes(str_of(arg), &fetch->part_size) < 0 ||
	    fetch->part_size < 1 << 16)
		return "not a size of parts (64K or more)";
	return NULL;
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct fetch *fetch = ctx;

	if (s3_option_is(option))
		return s3_option_take(&fetch->s3, option, arg);
	switch (option) {
	case OPTION_MAX_SPOOL:
		return str_bytes(str_of(arg), &fetch->spool.max) < 0 ?
			"not a number of bytes" : NULL;
	case OPTION_PART_SIZE:
		return take_part_size(fetch, arg);
	case OPTION_PARTS:
		return take_parts(fetch, arg);
	case OPTION_REDO:
		fetch->redo = true;
		return NULL;
	default:
		fetch->spool.directory = arg;
		return *arg == '\0' ? "the directory has no name" : NULL;
	}
}

int main(int argc, char **argv)
{
	const char *tmpdir = getenv("TMPDIR");
	struct fetch fetch = {
		.spool.directory = tmpdir && *tmpdir ? tmpdir : "/tmp",
		.spool.say = report,
		.part_size = PART_SIZE,
		.parts = PARTS,
		.s3.quirks = &fetch.quirks,
	};
	struct flow_options flow = { .jobs = 16 };
	static const struct option words[] = {
		{ "directory", required_argument, NULL, 'd' },
		{ "max-spool", required_argument, NULL, OPTION_MAX_SPOOL },
		{ "part-size", required_argument, NULL, OPTION_PART_SIZE },
		{ "parts", required_argument, NULL, OPTION_PARTS },
		{ "redo", no_argument, NULL, OPTION_REDO },
		S3_OPTION_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3fetch",
		.usage = usage,
		.letters = "d:",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &fetch,
		.flow = &flow,
	};
	const struct flow_work filter = {
		.name = "s3fetch",
		.passes = 1u << RECORD_BAD | 1u << RECORD_GONE,
		.state_size = sizeof(struct object),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &fetch,
	};
	int status = options_read(&options, argc, argv);
	const char *what;

	if (status >= 0)
		return status;
	what = s3_option_end(&fetch.s3);
	if (what) {
		report(NULL, what);
		return EX_CONFIG;
	}
	spool_init(&fetch.spool);
	/* Even a single object may use all its ranges at once. */
	fetch.filter.requests = fetch.parts > flow.jobs ? fetch.parts : flow.jobs;
	status = filter_run(&fetch.filter, &filter, &flow);
	spool_free(&fetch.spool);
	return status;
}
