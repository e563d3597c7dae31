/* SPDX-License-Identifier: Apache-2.0 */
/* s3fetch: GET each record's object, exactly the announced version, to a file. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "diag.h"
#include "filter.h"
#include "options.h"
#include "s3.h"
#include "s3_option.h"
#include "verify.h"

struct fetch {
	struct filter filter;
	const char *directory;
	struct s3_options s3;
	unsigned long long count;	/* makes names unique in the process */
};

/* One object on its way. */
struct spool {
	struct s3_call call;
	struct verify verify;
	struct flow_item *item;
	const char *path;	/* what it is called when it is whole */
	const char *part;	/* and until then */
	int fd;
	struct err err;		/* the disk's, not the network's */
};

static const char usage[] =
	"usage: s3fetch [-hkVv] [-d DIR] [-j JOBS]\n"
	"               [--expected-bucket-owner ID] [--request-payer] < RECORDS\n"
	"\n"
	"  -d, --directory DIR  where the files go (TMPDIR or /tmp)\n"
	"  -j, --jobs JOBS      objects at once (16)\n"
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

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
		}
	}
	return 0;
}

static int take_bytes(void *arg, const char *bytes, size_t n)
{
	struct spool *spool = arg;

	verify_update(&spool->verify, bytes, n);
	if (write_all(spool->fd, bytes, n) == 0)
		return HTTP_TAKEN;
	err_errno(&spool->err, "%s", spool->part);
	return HTTP_ABORT;
}

/* Another try writes the file from its beginning. */
static int begin_again(void *arg)
{
	struct spool *spool = arg;

	verify_init(&spool->verify, &spool->call);
	return lseek(spool->fd, 0, SEEK_SET) == 0 &&
	       ftruncate(spool->fd, 0) == 0 ? 0 : -1;
}

/* A whole file gets its name; whatever is not whole is removed. */
static int keep_file(struct spool *spool)
{
	int status = close(spool->fd);

	spool->fd = -1;
	if (status == 0)
		status = rename(spool->part, spool->path);
	return status < 0 ? err_errno(&spool->err, "%s", spool->part) : 0;
}

static void drop_file(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	unlink(spool->part);
}

static void put_fetch(struct buf *members, const struct spool *spool)
{
	json_member_open(members, "fetch");
	json_member(members, "path", str_of(spool->path));
	json_member_number(members, "bytes", spool->verify.bytes);
	buf_putc(members, '}');
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct spool *spool = item->state;

	(void)ctx;
	aws_call_free(&spool->call.aws);
	drop_file(spool);
}

static void on_fetched(void *arg)
{
	struct spool *spool = arg;
	struct flow_item *item = spool->item;
	struct err err = spool->call.aws.err;

	if (!err_is_set(&err))
		verify_end(&spool->verify, &item->record, &err);
	if (!err_is_set(&err) && !err_is_set(&spool->err))
		keep_file(spool);
	aws_call_free(&spool->call.aws);
	if (err_is_set(&spool->err)) {
		drop_file(spool);
		flow_status(item, EX_IOERR);
		flow_failed(item, &spool->err);
	} else if (err_is_set(&err)) {
		drop_file(spool);
		if (s3_is_gone(&err))
			flow_gone(item, &err);
		else
			flow_failed(item, &err);
	} else {
		put_fetch(&item->members, spool);
		flow_done(item);
	}
}

/*
 * The name is made of the id, never of the key, which may hold anything; the
 * rest makes it unique where the same record comes twice.
 */
static int open_file(struct fetch *fetch, struct spool *spool,
		     const struct record *record, struct arena *arena)
{
	char *name = arena_printf(arena, "s3ev-%.*s-%ld-%llu",
				  STR_FMT(record->id), (long)getpid(),
				  ++fetch->count);

	spool->path = name ? arena_printf(arena, "%s/%s", fetch->directory,
					  name) : NULL;
	spool->part = name ? arena_printf(arena, "%s/.%s.part",
					  fetch->directory, name) : NULL;
	if (!spool->path || !spool->part) {
		errno = ENOMEM;
		return err_errno(&spool->err, "%s", fetch->directory);
	}
	spool->fd = open(spool->part, O_WRONLY | O_CREAT | O_EXCL |
			 O_NOFOLLOW | O_CLOEXEC, 0600);
	return spool->fd < 0 ? err_errno(&spool->err, "%s", spool->part) : 0;
}

static void start(void *ctx, struct flow_item *item)
{
	struct fetch *fetch = ctx;
	struct spool *spool = item->state;
	const struct record *r = &item->record;
	struct s3_object object = { r->bucket, r->key, r->version, r->etag };

	spool->item = item;
	if (open_file(fetch, spool, r, &item->arena) < 0) {
		flow_status(item, EX_IOERR);
		flow_failed(item, &spool->err);
		return;
	}
	verify_init(&spool->verify, &spool->call);
	spool->call.options = &fetch->s3;
	aws_call_for(&spool->call.aws, r, &item->arena);
	spool->call.aws.sink = take_bytes;
	spool->call.aws.rewind = begin_again;
	spool->call.aws.done = on_fetched;
	spool->call.aws.arg = spool;
	s3_get(fetch->filter.aws, &spool->call, &object);
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct fetch *fetch = ctx;

	if (s3_option_is(option))
		return s3_option_take(&fetch->s3, option, arg);
	fetch->directory = arg;
	return *arg == '\0' ? "an empty directory" : NULL;
}

int main(int argc, char **argv)
{
	const char *tmpdir = getenv("TMPDIR");
	struct fetch fetch = { .directory = tmpdir && *tmpdir ? tmpdir : "/tmp" };
	struct flow_options flow = { .jobs = 16 };
	static const struct option words[] = {
		{ "directory", required_argument, NULL, 'd' },
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
		.state_size = sizeof(struct spool),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &fetch,
	};
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	return filter_run(&fetch.filter, &filter, &flow);
}
