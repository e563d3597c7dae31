/* SPDX-License-Identifier: Apache-2.0 */
/* s3fetch: GET each record's object, exactly the announced version, to a file. */

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "download.h"
#include "filter.h"
#include "options.h"
#include "s3.h"
#include "s3_option.h"
#include "spool.h"

enum { PART_SIZE = 16 << 20, PARTS = 8 };

struct fetch {
	struct filter filter;
	struct spool spool;
	struct s3_options s3;
	unsigned long long part_size;
	unsigned parts;
};

/* One object on its way. */
struct object {
	struct fetch *fetch;
	struct flow_item *item;
	struct s3_call head;
	struct spool_file file;
	struct download download;
};

static const char usage[] =
	"usage: s3fetch [-hkVv] [-d DIR] [-j JOBS] [--max-spool BYTES]\n"
	"               [--part-size BYTES] [--parts N]\n"
	"               [--expected-bucket-owner ID] [--request-payer] < RECORDS\n"
	"\n"
	"  -d, --directory DIR  where the files go (TMPDIR or /tmp)\n"
	"  -j, --jobs JOBS      objects at once (16)\n"
	"      --max-spool BYTES\n"
	"                       no more in all files that are there (no bound)\n"
	"      --part-size BYTES\n"
	"                       larger objects in ranges of so many (16M)\n"
	"      --parts N        ranges of one object at once (8)\n"
	S3_OPTION_USAGE
	"  -k, --keep-order     results in the order of the input\n"
	OPTIONS_USAGE
	"  -v, --verbose        a line for each record\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "s3fetch: %s\n", line);
}

static void put_fetch(struct buf *members, const struct object *object)
{
	json_member_open(members, "fetch");
	json_member(members, "path", str_of(object->file.path));
	json_member_number(members, "bytes", object->download.bytes);
	if (object->download.etag_is_md5)
		json_member_bool(members, "md5", true);
	record_put_read(members, &object->item->record, object->download.etag);
	buf_putc(members, '}');
}

/* A file that cannot be written ends in another exit status. */
static void fail(struct object *object, const struct err *err, bool is_disk)
{
	spool_drop(&object->file);
	if (is_disk)
		flow_status(object->item, EX_IOERR);
	if (s3_is_gone(err))
		flow_gone(object->item, err);
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
	download->record = &object->item->record;
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
	download_cancel(&object->download);
	spool_drop(&object->file);
}

/* What HEAD cannot say, GET will. */
static void on_looked(void *arg)
{
	struct object *object = arg;
	struct err err = object->head.aws.err;

	aws_call_free(&object->head.aws);
	if (err_is_set(&err) && err.retry) {
		fail(object, &err, false);
		return;
	}
	if (!err_is_set(&err) && object->head.has_size)
		object->file.bytes = object->head.size;
	spool_open(&object->fetch->spool, &object->file);
}

/* To make room for it, its size has to be known. */
static void look(struct object *object)
{
	const struct record *r = &object->item->record;
	struct s3_object what = { r->bucket, r->key, r->version, r->etag };

	object->head.options = &object->fetch->s3;
	aws_call_for(&object->head.aws, r, &object->item->arena);
	object->head.aws.done = on_looked;
	object->head.aws.arg = object;
	s3_head(object->fetch->filter.aws, &object->head, &what);
}

static void start(void *ctx, struct flow_item *item)
{
	struct fetch *fetch = ctx;
	struct object *object = item->state;

	object->fetch = fetch;
	object->item = item;
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

enum { OPTION_MAX_SPOOL = 256, OPTION_PART_SIZE, OPTION_PARTS };

static const char *take_parts(struct fetch *fetch, const char *arg)
{
	unsigned long long parts;

	if (str_number(str_of(arg), &parts) < 0 || parts < 1 ||
	    parts > DOWNLOAD_PARTS_MAX)
		return "not a number of parts";
	fetch->parts = (unsigned)parts;
	return NULL;
}

/* At least so much that the requests do not cost more than they bring. */
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
	default:
		fetch->spool.directory = arg;
		return *arg == '\0' ? "an empty directory" : NULL;
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
	};
	struct flow_options flow = { .jobs = 16 };
	static const struct option words[] = {
		{ "directory", required_argument, NULL, 'd' },
		{ "max-spool", required_argument, NULL, OPTION_MAX_SPOOL },
		{ "part-size", required_argument, NULL, OPTION_PART_SIZE },
		{ "parts", required_argument, NULL, OPTION_PARTS },
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
	const struct flow_filter filter = {
		.name = "s3fetch",
		.passes = 1u << RECORD_BAD | 1u << RECORD_GONE,
		.state_size = sizeof(struct object),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &fetch,
	};
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	spool_init(&fetch.spool);
	fetch.filter.requests = fetch.parts > flow.jobs ? fetch.parts : flow.jobs;
	status = filter_run(&fetch.filter, &filter, &flow);
	spool_free(&fetch.spool);
	return status;
}
