/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE_MIN = 1 << 10,
	PIECE_MAX = 128 << 10,
	PROGRESS_MIN = 1 << 20,	/* bytes that are worth another request */
	REST_MAX = 64 << 10	/* bytes that cost less than a new connection */
};

bool source_is_remote(const struct record *record)
{
	return !record->fetch_path.p;
}

static void set_aborted(struct source *source)
{
	err_set(&source->err, "Aborted", "nobody wants the rest");
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

/* What came to disk may have been cut since. */
static int check_file(const struct record *record, int fd, struct err *err)
{
	unsigned long long bytes, size;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s", record->fetch_path.p);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "InvalidRecord", "%s is no file",
			       record->fetch_path.p);
	size = (unsigned long long)st.st_size;
	if (str_number(record->fetch_bytes, &bytes) == 0 && bytes != size)
		return incomplete(record, size, bytes, err);
	return 0;
}

int source_open(const struct record *record, struct err *err)
{
	const char *path = record->fetch_path.p;
	/* Of a FIFO, which a record could name, nobody waits for a writer. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (check_file(record, fd, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void close_file(struct source *source)
{
	if (source->fd < 0)
		return;
	loop_watch(source->loop, source->fd, 0, NULL, NULL);
	close(source->fd);
	source->fd = -1;
}

static void end_file(struct source *source)
{
	unsigned long long bytes;

	if (!err_is_set(&source->err) &&
	    str_number(source->record->fetch_bytes, &bytes) == 0 &&
	    bytes != source->bytes)
		incomplete(source->record, source->bytes, bytes, &source->err);
	close_file(source);
	source->done(source->arg);
}

/* The next piece, unless one still waits; false at the end. */
static bool read_piece(struct source *source, int fd)
{
	ssize_t n;

	if (source->piece_n > 0)
		return true;
	do
		n = read(fd, source->piece, source->piece_size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err_errno(&source->err, "%s", source->record->fetch_path.p);
	source->piece_n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void on_readable(void *arg, int fd, short events)
{
	struct source *source = arg;

	(void)events;
	if (!read_piece(source, fd)) {
		end_file(source);
		return;
	}
	switch (source->take(source->arg, source->piece, source->piece_n)) {
	case HTTP_TAKEN:
		source->bytes += source->piece_n;
		source->piece_n = 0;
		break;
	case HTTP_PAUSE:
		loop_watch(source->loop, fd, 0, NULL, NULL);
		break;
	default:
		set_aborted(source);
		end_file(source);
	}
}

/* A file is always readable: each turn of the loop takes a piece of it. */
static int watch_file(struct source *source)
{
	return loop_watch(source->loop, source->fd, POLLIN, on_readable, source);
}

/* Small files are many: none takes more memory than it needs. */
static size_t piece_size(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size > PIECE_MAX)
		return PIECE_MAX;
	return st.st_size < PIECE_MIN ? PIECE_MIN : (size_t)st.st_size;
}

static int start_file(struct source *source, struct err *err)
{
	source->fd = source_open(source->record, err);
	if (source->fd < 0)
		return -1;
	source->piece_size = piece_size(source->fd);
	source->piece = arena_alloc(source->arena, source->piece_size);
	if (source->piece && watch_file(source) == 0)
		return 0;
	close_file(source);
	return err_set(err, "OutOfMemory", "out of memory");
}

/* Straight from S3 */

/* The first answer says what to expect, and the next ones go on with that. */
static int begin_answer(struct source *source)
{
	if (source->bytes == 0) {
		s3_read_answer(&source->call);
		source->etag = source->call.etag;
		return 0;
	}
	return s3_read_on(&source->call, source->etag, source->bytes,
			  &source->skip, &source->err);
}

/* So few that they may as well come: to break off ends the connection. */
static bool is_rest_small(const struct source *source)
{
	const struct record *r = source->record;

	return r->has_size && r->size >= source->bytes &&
	       r->size - source->bytes <= REST_MAX;
}

static int take_bytes(void *arg, const char *bytes, size_t n)
{
	struct source *source = arg;
	size_t skip;
	int taken;

	if (source->is_unwanted)
		return HTTP_TAKEN;
	/* What an aborted http_resume() leaves may come here once more. */
	if (err_is_set(&source->err) || (source->call.aws.http.sunk == 0 &&
					 begin_answer(source) < 0))
		return HTTP_ABORT;
	skip = source->skip < n ? (size_t)source->skip : n;
	taken = skip == n ? HTTP_TAKEN :
		source->take(source->arg, bytes + skip, n - skip);
	if (taken == HTTP_ABORT && is_rest_small(source)) {
		source->is_unwanted = true;
		return HTTP_TAKEN;
	}
	if (taken != HTTP_TAKEN)
		return taken;
	verify_update(&source->verify, bytes + skip, n - skip);
	source->bytes += n - skip;
	source->skip -= skip;
	return HTTP_TAKEN;
}

static struct str rest_of(struct source *source)
{
	if (source->bytes == 0)
		return STR_NONE;
	return str_of(arena_printf(source->arena, "bytes=%llu-",
				   source->bytes));
}

/* Without an ETag it could be any object that goes on. */
static int go_on(void *arg)
{
	struct source *source = arg;

	if (source->etag.n == 0 || source->is_unwanted)
		return -1;
	aws_header_set(&source->call.aws, "range", rest_of(source));
	return 0;
}

static void start_get(struct source *source);

/* A try that brought much does not count among those that brought nothing. */
static bool has_come_on(const struct source *source)
{
	return source->call.aws.err.retry && source->etag.n > 0 &&
	       source->bytes - source->began >= PROGRESS_MIN;
}

static void on_answered(void *arg)
{
	struct source *source = arg;

	if (!err_is_set(&source->err))
		source->err = source->call.aws.err;
	if (source->etag.n == 0)
		source->etag = source->call.etag;
	if (source->is_unwanted) {
		set_aborted(source);
	} else if (err_is_set(&source->err) && has_come_on(source)) {
		aws_call_free(&source->call.aws);
		start_get(source);
		return;
	} else if (!err_is_set(&source->err)) {
		verify_end(&source->verify, source->record, &source->err);
	}
	source->done(source->arg);
}

/* From the first byte that is not there yet. */
static void start_get(struct source *source)
{
	const struct record *r = source->record;
	struct s3_object object = { r->bucket, r->key, r->version, r->etag };

	if (source->etag.n > 0)
		object.etag = source->etag;
	memset(&source->call, 0, sizeof(source->call));
	memset(&source->err, 0, sizeof(source->err));
	source->began = source->bytes;
	source->skip = 0;
	source->call.options = source->options;
	source->call.range = rest_of(source);
	aws_call_for(&source->call.aws, source->record, source->arena);
	source->call.aws.sink = take_bytes;
	source->call.aws.rewind = go_on;
	source->call.aws.done = on_answered;
	source->call.aws.arg = source;
	if (!source->verify.begun)
		verify_init(&source->verify, &source->call);
	s3_get(source->aws, &source->call, &object);
}

int source_start(struct source *source, struct err *err)
{
	source->started = true;
	source->fd = -1;
	if (!source_is_remote(source->record))
		return start_file(source, err);
	start_get(source);
	return 0;
}

void source_resume(struct source *source)
{
	if (source_is_remote(source->record))
		http_resume(&source->call.aws.http);
	else if (source->fd >= 0)
		watch_file(source);
}

bool source_stop(struct source *source)
{
	const struct record *r = source->record;

	if (!source_is_remote(r)) {
		close_file(source);
		return true;
	}
	if (r->has_size && source->bytes >= r->size)
		return false;
	aws_cancel(&source->call.aws);
	return true;
}

void source_free(struct source *source)
{
	if (!source->started)
		return;
	if (source_is_remote(source->record))
		aws_call_free(&source->call.aws);
	else
		close_file(source);
}
