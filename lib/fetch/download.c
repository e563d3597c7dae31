/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/download.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fetch/range_reader.h"

enum {
	BLOCK_SIZE = 64 << 10,
	DIGEST_STEP = 4 << 20	/* bytes digested before others get a turn */
};

/* A range on its way, or the object in one piece. */
struct download_part {
	struct download *download;
	struct range_reader reader;
	bool active;
};

static void start_parts(struct download *d);
static void start_single(struct download *d);

static void stop(struct download *d)
{
	aws_call_free(&d->head.aws);
	loop_timer_stop(&d->timer);
	for (unsigned i = 0; i < d->n_parts; i++)
		range_reader_free(&d->part[i].reader);
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
		err_memory(&err);
		fail(d, &err);
		return -1;
	}
	d->n_parts = n;
	for (unsigned i = 0; i < n; i++)
		d->part[i] = (struct download_part){ .download = d };
	return 0;
}

/* Digests */

/* All bytes before this one are in the file. */
static unsigned long long whole_until(const struct download *d)
{
	unsigned long long until = d->next;

	for (unsigned i = 0; i < d->n_parts; i++)
		if (d->part[i].active && d->part[i].reader.at < until)
			until = d->part[i].reader.at;
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

/* Digest the rest, a step at a time, so that other objects go on. */
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

/* The first answer says what to expect of the whole object. */
static int begun(void *arg)
{
	struct download_part *part = arg;
	struct download *d = part->download;
	const struct s3_call *call = &part->reader.call;

	if (!d->verify.begun)
		verify_expect(&d->verify, call, d->record, d->arena);
	d->knows_no_ranges = d->in_ranges && call->aws.http.status != 206;
	return d->knows_no_ranges ? -1 : 0;
}

static int write_failed(struct download_part *part)
{
	struct download *d = part->download;
	int why = errno;

	if ((why == ENOSPC || why == EDQUOT) && d->full && d->full(d->arg))
		return HTTP_PAUSE;
	errno = why;
	err_errno(&part->reader.err, "%s", d->path);
	d->is_disk = true;
	return HTTP_ABORT;
}

/*
 * Bytes that come in their order are digested now.  Those of other ranges are
 * digested from the file, as much at a time as has come.
 */
static int take(void *arg, const char *bytes, size_t n)
{
	struct download_part *part = arg;
	struct download *d = part->download;
	struct range_reader *reader = &part->reader;

	if (write_at(d->fd, bytes, n, reader->at) < 0)
		return write_failed(part);
	if (reader->at == d->verify.bytes)
		verify_update(&d->verify, bytes, n);
	if (catch_up(d, n) < 0) {
		reader->err = d->err;
		return HTTP_ABORT;
	}
	return HTTP_TAKEN;
}

/* Requests */

static void on_part(void *arg)
{
	struct download_part *part = arg;
	struct download *d = part->download;
	struct err err = part->reader.err;

	/* take() has not seen the answer about an object without bytes. */
	if (!err_is_set(&err) && !d->verify.begun)
		verify_expect(&d->verify, &part->reader.call, d->record,
			      d->arena);
	if (d->knows_no_ranges) {
		stop(d);
		start_single(d);
	} else if (err_is_set(&err)) {
		fail(d, &err);
	} else {
		part->active = false;
		d->active--;
		if (!d->in_ranges)
			d->next = part->reader.at;
		start_parts(d);
	}
}

static void read_part(struct download_part *part, unsigned long long from,
		      unsigned long long end)
{
	struct download *d = part->download;

	range_reader_free(&part->reader);
	part->reader = (struct range_reader){
		.aws = d->aws, .record = d->record, .options = d->options,
		.arena = d->arena, .at = from, .end = end, .etag = &d->etag,
		.marks = &d->marks,
		.begun = begun, .take = take, .done = on_part, .arg = part,
	};
	part->active = true;
	d->active++;
	range_reader_start(&part->reader);
}

/* In one piece, from the beginning. */
static void start_single(struct download *d)
{
	d->in_ranges = d->knows_no_ranges = false;
	d->verify = (struct verify){ .begun = false };
	d->next = UINT64_MAX;
	if (make_parts(d, 1) == 0)
		read_part(d->part, 0, RANGE_TO_END);
}

static void start_part(struct download *d, struct download_part *part)
{
	unsigned long long from = d->next;

	d->next = d->size - from > d->part_size ? from + d->part_size : d->size;
	read_part(part, from, d->next);
}

/* Begin as many ranges as may be read at once; after the last, digest the rest. */
static void start_parts(struct download *d)
{
	for (unsigned i = 0; d->in_ranges && i < d->n_parts; i++)
		if (!d->part[i].active && d->next < d->size)
			start_part(d, &d->part[i]);
	if (d->active == 0)
		digest_rest(d);
}

/*
 * An answer to HEAD has no body to say what is wrong: a missing bucket looks
 * like a missing object.  So where HEAD is refused, a GET is asked.
 */
static void on_head(void *arg)
{
	struct download *d = arg;
	struct err err = d->head.aws.err;
	unsigned long long size = d->head.size, parts;

	if (!err_is_set(&err) && d->head.has_size &&
	    !verify_is_announced(&d->head, d->record))
		verify_size(size, d->record, &err);
	if (!err_is_set(&err)) {
		d->etag = arena_dup(d->arena, d->head.etag);
		if (!d->etag.p)
			err_memory(&err);
		else
			s3_read_marks(&d->head, d->arena, &d->marks, &err);
	}
	if (!err_is_set(&err))
		verify_expect(&d->verify, &d->head, d->record, d->arena);
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
	const struct s3_object object = s3_object_of(r);
	const struct s3_work work = { d->aws, d->options, r, d->arena };

	d->etag = r->etag;
	if (!r->has_size || r->size <= d->part_size) {
		start_single(d);
		return;
	}
	s3_head(d->aws, s3_begin(&work, &d->head, on_head, d), &object);
}

void download_go_on(struct download *d)
{
	for (unsigned i = 0; i < d->n_parts; i++)
		range_reader_resume(&d->part[i].reader);
}

void download_cancel(struct download *d)
{
	stop(d);
}
