/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/object_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_endpoint.h"

enum {
	PIECE_MIN = 1 << 10,
	PIECE_MAX = 128 << 10,
	REST_MAX = 64 << 10,	/* bytes that cost less than a new connection */
	REST_PROVED_MAX = 8 << 20	/* that are read for their digest alone */
};

bool object_reader_is_remote(const struct record *record)
{
	return !record->fetch_path.p;
}

static void set_aborted(struct object_reader *reader)
{
	err_set(&reader->err, ERR_ABORTED, "nobody wants the rest");
}

/* From the spool file */

static int incomplete(const struct record *record, unsigned long long bytes,
		      unsigned long long wanted, struct err *err)
{
	err_set(err, "IncompleteBody", "%s has %llu bytes, not %llu",
		record->fetch_path.p, bytes, wanted);
	err->retry = true;
	return -1;
}

/* The file may have been cut since it was fetched. */
static int check_file(const struct record *record, int fd, struct err *err)
{
	unsigned long long bytes, size;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s", record->fetch_path.p);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_RECORD, "%s is not a regular file",
			       record->fetch_path.p);
	size = (unsigned long long)st.st_size;
	if (str_number(record->fetch_bytes, &bytes) == 0 && bytes != size)
		return incomplete(record, size, bytes, err);
	return 0;
}

int object_reader_open(const struct record *record, struct err *err)
{
	const char *path = record->fetch_path.p;
	/* A record could name a FIFO: do not wait for its writer. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (check_file(record, fd, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void end_file(struct object_reader *reader)
{
	unsigned long long bytes;

	if (!err_is_set(&reader->err) &&
	    str_number(reader->record->fetch_bytes, &bytes) == 0 &&
	    bytes != reader->bytes)
		incomplete(reader->record, reader->bytes, bytes, &reader->err);
	loop_close(reader->loop, &reader->fd);
	reader->done(reader->arg);
}

/* The next piece, unless one still waits; false at the end. */
static bool read_piece(struct object_reader *reader, int fd)
{
	ssize_t n;

	if (reader->piece_n > 0)
		return true;
	do
		n = read(fd, reader->piece, reader->piece_size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err_errno(&reader->err, "%s", reader->record->fetch_path.p);
	reader->piece_n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void on_readable(void *arg, int fd, short events)
{
	struct object_reader *reader = arg;

	(void)events;
	if (!read_piece(reader, fd)) {
		end_file(reader);
		return;
	}
	switch (reader->take(reader->arg, reader->piece, reader->piece_n)) {
	case HTTP_TAKEN:
		reader->bytes += reader->piece_n;
		reader->piece_n = 0;
		break;
	case HTTP_PAUSE:
		loop_watch(reader->loop, fd, 0, NULL, NULL);
		break;
	default:
		set_aborted(reader);
		end_file(reader);
	}
}

/* A file is always readable: each turn of the loop takes a piece of it. */
static int watch_file(struct object_reader *reader)
{
	return loop_watch(reader->loop, reader->fd, POLLIN, on_readable, reader);
}

/* Small files are many, so none takes more memory than it needs. */
static size_t piece_size(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size > PIECE_MAX)
		return PIECE_MAX;
	return st.st_size < PIECE_MIN ? PIECE_MIN : (size_t)st.st_size;
}

static int start_file(struct object_reader *reader, struct err *err)
{
	reader->fd = object_reader_open(reader->record, err);
	if (reader->fd < 0)
		return -1;
	reader->piece_size = piece_size(reader->fd);
	reader->piece = arena_alloc(reader->arena, reader->piece_size);
	if (reader->piece && watch_file(reader) == 0)
		return 0;
	loop_close(reader->loop, &reader->fd);
	return err_memory(err);
}

/* Straight from S3 */

/* The first answer says what to expect, and the next ones go on with that. */
static int begun(void *arg)
{
	struct object_reader *reader = arg;

	if (reader->verify.begun)
		return 0;
	verify_expect(&reader->verify, &reader->range.call, reader->record,
		      reader->arena);
	reader->has_to_prove = reader->verify.has_md5 &&
			       !reader->verify.is_announced;
	return 0;
}

static bool is_rest_within(const struct object_reader *reader,
			   unsigned long long n)
{
	const struct record *r = reader->record;

	return r->has_size && r->size >= reader->range.at &&
	       r->size - reader->range.at <= n;
}

/* So few bytes may as well come: to break off costs the connection. */
static bool is_rest_small(const struct object_reader *reader)
{
	return is_rest_within(reader, REST_MAX);
}

/*
 * Nobody wants the rest.  If it is short it is read all the same, and true is
 * returned: the digest shows whose bytes led to the decision.  Something before
 * a server that is not AWS's may have changed them, and have left the ETag.
 */
static bool read_on_to_prove(struct object_reader *reader)
{
	bool is_custom = config_endpoint_is_custom(aws_config(reader->aws),
						   CONFIG_S3);

	if (verify_has_digest(&reader->verify) &&
	    is_rest_within(reader, is_custom ? REST_PROVED_MAX : REST_MAX))
		reader->has_to_prove = true;
	if (reader->has_to_prove)
		reader->is_unwanted = true;
	return reader->has_to_prove;
}

static int take_bytes(void *arg, const char *bytes, size_t n)
{
	struct object_reader *reader = arg;
	int taken = reader->is_unwanted ? HTTP_TAKEN :
		    reader->take(reader->arg, bytes, n);

	if (taken == HTTP_ABORT && read_on_to_prove(reader)) {
		taken = HTTP_TAKEN;
	} else if (taken == HTTP_ABORT && is_rest_small(reader)) {
		reader->range.is_unwanted = true;
		return HTTP_TAKEN;
	}
	if (taken == HTTP_TAKEN)
		verify_update(&reader->verify, bytes, n);
	return taken;
}

static void on_answered(void *arg)
{
	struct object_reader *reader = arg;

	reader->err = reader->range.err;
	if (reader->range.is_unwanted) {
		set_aborted(reader);
	} else if (!err_is_set(&reader->err)) {
		/* begun() has not seen an object without bytes. */
		begun(reader);
		verify_end(&reader->verify, reader->record, &reader->err);
	}
	reader->etag_is_md5 = reader->verify.etag_is_md5;
	reader->done(reader->arg);
}

static void start_get(struct object_reader *reader)
{
	reader->range = (struct range_reader){
		.aws = reader->aws, .record = reader->record,
		.options = reader->options, .arena = reader->arena,
		.end = RANGE_TO_END, .etag = &reader->etag,
		.marks = &reader->marks,
		.needs_etag = true,
		.begun = begun, .take = take_bytes, .done = on_answered,
		.arg = reader,
	};
	range_reader_start(&reader->range);
}

int object_reader_start(struct object_reader *reader, struct err *err)
{
	reader->started = true;
	reader->fd = -1;
	if (!object_reader_is_remote(reader->record))
		return start_file(reader, err);
	start_get(reader);
	return 0;
}

void object_reader_resume(struct object_reader *reader)
{
	if (object_reader_is_remote(reader->record))
		range_reader_resume(&reader->range);
	else if (reader->fd >= 0)
		watch_file(reader);
}

bool object_reader_stop(struct object_reader *reader)
{
	const struct record *r = reader->record;

	if (!object_reader_is_remote(r)) {
		loop_close(reader->loop, &reader->fd);
		return true;
	}
	if (r->has_size && reader->range.at >= r->size &&
	    !reader->range.is_unwanted)
		return false;
	if (read_on_to_prove(reader)) {
		range_reader_resume(&reader->range);
		return false;
	}
	range_reader_cancel(&reader->range);
	return true;
}

void object_reader_free(struct object_reader *reader)
{
	if (!reader->started)
		return;
	if (object_reader_is_remote(reader->record))
		range_reader_free(&reader->range);
	else
		loop_close(reader->loop, &reader->fd);
}
