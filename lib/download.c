/* SPDX-License-Identifier: Apache-2.0 */
#include "download.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	PROGRESS_MIN = 1 << 20,	/* bytes that are worth another request */
	ARENA_MAX = 1 << 20,
	BLOCK_SIZE = 64 << 10,
	DIGEST_STEP = 4 << 20	/* bytes digested before others get a turn */
};

#define NO_END UINT64_MAX

/* A range on its way, or the object in one piece. */
struct download_part {
	struct download *download;
	struct s3_call call;
	struct arena arena;
	unsigned long long end;		/* of the range, or NO_END */
	unsigned long long at;		/* what comes next */
	unsigned long long began;	/* where this request did */
	unsigned long long skip;	/* bytes of the answer to pass over */
	bool active;
	bool is_paused;
	struct err err;			/* ours about this range */
};

static void start_parts(struct download *d);
static void start_single(struct download *d);

static void stop(struct download *d)
{
	aws_call_free(&d->head.aws);
	loop_timer_stop(&d->timer);
	for (unsigned i = 0; i < d->n_parts; i++) {
		aws_call_free(&d->part[i].call.aws);
		arena_free(&d->part[i].arena);
	}
	d->n_parts = d->active = 0;
}

static void finish(struct download *d)
{
	d->bytes = d->verify.bytes;
	d->etag_is_md5 = d->verify.etag_is_md5;
	stop(d);
	d->done(d->arg);
}

static void fail(struct download *d, const struct err *err)
{
	d->err = *err;
	finish(d);
}

static int make_parts(struct download *d, unsigned n)
{
	struct err err;

	d->part = arena_alloc(d->arena, n * sizeof(*d->part));
	if (!d->part) {
		err_set(&err, "OutOfMemory", "out of memory");
		fail(d, &err);
		return -1;
	}
	d->n_parts = n;
	for (unsigned i = 0; i < n; i++) {
		d->part[i].download = d;
		arena_init(&d->part[i].arena, ARENA_MAX);
	}
	return 0;
}

/* Digests */

/* All bytes before this one are in the file. */
static unsigned long long whole_until(const struct download *d)
{
	unsigned long long until = d->next;

	for (unsigned i = 0; i < d->n_parts; i++)
		if (d->part[i].active && d->part[i].at < until)
			until = d->part[i].at;
	return until;
}

/* Digest some of what is in the file already. */
static int catch_up(struct download *d, unsigned long long most)
{
	unsigned long long until = whole_until(d);
	char block[BLOCK_SIZE];

	if (until > d->verify.bytes + most)
		until = d->verify.bytes + most;
	while (d->verify.bytes < until) {
		unsigned long long left = until - d->verify.bytes;
		ssize_t n = pread(d->fd, block, left < sizeof(block) ?
				  (size_t)left : sizeof(block),
				  (off_t)d->verify.bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			d->is_disk = true;
			return err_errno(&d->err, "%s", d->path);
		}
		verify_update(&d->verify, block, (size_t)n);
	}
	return 0;
}

/* The rest, a step at a time, so that other objects go on. */
static void digest_rest(void *arg)
{
	struct download *d = arg;

	if (catch_up(d, DIGEST_STEP) < 0) {
		finish(d);
	} else if (d->verify.bytes < whole_until(d)) {
		loop_timer_set(d->loop, &d->timer, 0, digest_rest, d);
	} else {
		verify_end(&d->verify, d->record, &d->err);
		finish(d);
	}
}

/* Bytes that come */

static int write_at(int fd, const char *bytes, size_t n,
		    unsigned long long offset)
{
	while (n > 0) {
		ssize_t written = pwrite(fd, bytes, n, (off_t)offset);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
			offset += (unsigned long long)written;
		}
	}
	return 0;
}

/* The headers are here: is it what was asked for?  The first answer counts. */
static int begin_answer(struct download_part *part)
{
	struct download *d = part->download;
	struct s3_call *call = &part->call;

	if (s3_read_on(call, d->etag, part->at, &part->skip, &part->err) < 0)
		return -1;
	if (!d->etag.p)
		d->etag = arena_dup(d->arena, call->etag);
	if (!d->verify.begun)
		verify_expect(&d->verify, d->arena);
	d->knows_no_ranges = d->in_ranges && call->aws.http.status != 206;
	return d->knows_no_ranges ? -1 : 0;
}

static int write_failed(struct download_part *part)
{
	struct download *d = part->download;
	int why = errno;

	if ((why == ENOSPC || why == EDQUOT) && d->full && d->full(d->arg)) {
		part->is_paused = true;
		return HTTP_PAUSE;
	}
	errno = why;
	err_errno(&part->err, "%s", d->path);
	d->is_disk = true;
	return HTTP_ABORT;
}

/* What is in its turn is digested at once, and if there is none, others. */
static int take(void *arg, const char *bytes, size_t n)
{
	struct download_part *part = arg;
	struct download *d = part->download;
	size_t skip;

	/* What an aborted http_resume() leaves may come here once more. */
	if (err_is_set(&part->err) || (part->call.aws.http.sunk == 0 &&
				       begin_answer(part) < 0))
		return HTTP_ABORT;
	skip = part->skip < n ? (size_t)part->skip : n;
	if (n - skip > part->end - part->at) {
		err_set(&part->err, "UnexpectedAnswer",
			"more bytes than were asked for");
		return HTTP_ABORT;
	}
	if (write_at(d->fd, bytes + skip, n - skip, part->at) < 0)
		return write_failed(part);
	if (part->at == d->verify.bytes)
		verify_update(&d->verify, bytes + skip, n - skip);
	part->skip -= skip;
	part->at += n - skip;
	if (catch_up(d, n) < 0) {
		part->err = d->err;
		return HTTP_ABORT;
	}
	return HTTP_TAKEN;
}

/* Requests */

static struct str range_of(struct download_part *part)
{
	if (part->end == NO_END && part->at == 0)
		return STR_NONE;
	return str_of(part->end == NO_END ?
		      arena_printf(&part->arena, "bytes=%llu-", part->at) :
		      arena_printf(&part->arena, "bytes=%llu-%llu", part->at,
				   part->end - 1));
}

/* The next try of a request goes on where the last one has come to. */
static int go_on(void *arg)
{
	struct download_part *part = arg;

	part->is_paused = false;
	aws_header_set(&part->call.aws, "range", range_of(part));
	return 0;
}

static void on_part(void *arg);

static void request(struct download_part *part)
{
	struct download *d = part->download;
	const struct record *r = d->record;
	struct s3_object object = { r->bucket, r->key, r->version, d->etag };

	arena_reset(&part->arena);
	memset(&part->call, 0, sizeof(part->call));
	memset(&part->err, 0, sizeof(part->err));
	part->is_paused = false;
	part->skip = 0;
	part->began = part->at;
	part->call.options = d->options;
	part->call.range = range_of(part);
	aws_call_for(&part->call.aws, r, &part->arena);
	part->call.aws.sink = take;
	part->call.aws.rewind = go_on;
	part->call.aws.done = on_part;
	part->call.aws.arg = part;
	if (!d->verify.begun)
		verify_init(&d->verify, &part->call);
	s3_get(d->aws, &part->call, &object);
}

/* What it has come to, and why it has not come further. */
static struct err end_of(struct download_part *part)
{
	struct err err = part->call.aws.err;

	if (err_is_set(&part->err)) {
		err = part->err;
	} else if (!err_is_set(&err) && part->end != NO_END &&
		   part->at < part->end) {
		err_set(&err, "IncompleteBody", "%llu bytes of a range missing",
			part->end - part->at);
		err.retry = true;
	}
	/* Of an object without bytes nothing else has looked at the answer. */
	if (!err_is_set(&err) && !part->download->verify.begun)
		verify_expect(&part->download->verify, part->download->arena);
	aws_call_free(&part->call.aws);
	return err;
}

static void on_part(void *arg)
{
	struct download_part *part = arg;
	struct download *d = part->download;
	struct err err = end_of(part);

	if (d->knows_no_ranges) {
		stop(d);
		start_single(d);
	} else if (err_is_set(&err) && err.retry &&
		   part->at - part->began >= PROGRESS_MIN) {
		request(part);
	} else if (err_is_set(&err)) {
		fail(d, &err);
	} else {
		part->active = false;
		d->active--;
		if (!d->in_ranges)
			d->next = part->at;
		start_parts(d);
	}
}

/* In one piece, from the beginning. */
static void start_single(struct download *d)
{
	d->in_ranges = d->knows_no_ranges = false;
	d->verify = (struct verify){ .begun = false };
	d->next = NO_END;
	if (make_parts(d, 1) < 0)
		return;
	d->part->end = NO_END;
	d->part->active = true;
	d->active = 1;
	request(d->part);
}

static void start_part(struct download *d, struct download_part *part)
{
	part->at = d->next;
	part->end = d->size - part->at > d->part_size ?
		    part->at + d->part_size : d->size;
	part->active = true;
	d->next = part->end;
	d->active++;
	request(part);
}

/* Begin as many as there may be; after the last, the rest of the digest. */
static void start_parts(struct download *d)
{
	for (unsigned i = 0; d->in_ranges && i < d->n_parts; i++)
		if (!d->part[i].active && d->next < d->size)
			start_part(d, &d->part[i]);
	if (d->active == 0)
		digest_rest(d);
}

/*
 * An answer to HEAD has no body to say what is wrong (a missing bucket looks
 * like a missing object): one to GET will.
 */
static void on_head(void *arg)
{
	struct download *d = arg;
	struct err err = d->head.aws.err;
	unsigned long long size = d->head.size, parts;

	if (!err_is_set(&err) && d->head.has_size)
		verify_size(size, d->record, &err);
	if (!err_is_set(&err)) {
		d->etag = arena_dup(d->arena, d->head.etag);
		verify_init(&d->verify, &d->head);
		verify_expect(&d->verify, d->arena);
	}
	aws_call_free(&d->head.aws);
	if (err_is_set(&err) && (err.retry || !err.status)) {
		fail(d, &err);
	} else if (err_is_set(&err) || !d->head.has_size ||
		   size <= d->part_size) {
		start_single(d);
	} else {
		d->in_ranges = true;
		d->size = size;
		parts = (size - 1) / d->part_size + 1;
		if (make_parts(d, parts < d->parts ? (unsigned)parts :
						     d->parts) == 0)
			start_parts(d);
	}
}

void download_start(struct download *d)
{
	const struct record *r = d->record;
	struct s3_object object = { r->bucket, r->key, r->version, r->etag };

	d->etag = r->etag;
	if (!r->has_size || r->size <= d->part_size) {
		start_single(d);
		return;
	}
	d->head.options = d->options;
	aws_call_for(&d->head.aws, r, d->arena);
	d->head.aws.done = on_head;
	d->head.aws.arg = d;
	s3_head(d->aws, &d->head, &object);
}

void download_go_on(struct download *d)
{
	for (unsigned i = 0; i < d->n_parts; i++) {
		struct download_part *part = &d->part[i];

		if (!part->is_paused)
			continue;
		part->is_paused = false;
		http_resume(&part->call.aws.http);
	}
}

void download_cancel(struct download *d)
{
	stop(d);
}
