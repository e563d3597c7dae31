/* SPDX-License-Identifier: Apache-2.0 */
#include "place/multipart.h"

#include <string.h>

#include "aws/aws_request.h"
#include "hash/digest.h"
#include "s3/s3_metadata.h"

enum { JOB_ARENA_MAX = 4 << 20, XML_MAX = 4 << 20 };

unsigned long long multipart_part_size(unsigned long long size,
				       unsigned long long wanted)
{
	const unsigned long long mib = 1 << 20;
	unsigned long long least = (size + S3_PARTS_MAX - 1) / S3_PARTS_MAX;

	least = (least + mib - 1) / mib * mib;
	return wanted > least ? wanted : least;
}

static struct s3_call *begin(struct multipart *m, void (*done)(void *arg))
{
	return s3_begin(&m->work, &m->call, done, m);
}

static void stop_jobs(struct multipart *m)
{
	for (unsigned i = 0; m->jobs && i < MULTIPART_JOBS; i++) {
		aws_call_free(&m->jobs[i].call.aws);
		if (m->pieces)
			piece_free(&m->jobs[i].piece);
		arena_free(&m->jobs[i].arena);
	}
	m->jobs = NULL;
	buf_free(&m->xml);
}

static void finish(struct multipart *m)
{
	stop_jobs(m);
	m->whole.upload = STR_NONE;
	m->done(m->arg);
}

/* What became of the abort does not change m->err, which is why. */
static void on_aborted(void *arg)
{
	struct multipart *m = arg;

	s3_end(&m->call);
	finish(m);
}

static void abort_upload(struct multipart *m)
{
	stop_jobs(m);
	s3_abort_multipart_upload(m->work.aws, begin(m, on_aborted), &m->to,
				  m->whole.upload);
}

/* Completing */

static void put_element(struct buf *xml, const char *name, struct str text)
{
	buf_printf(xml, "<%s>", name);
	for (size_t i = 0; i < text.n; i++) {
		if (strchr("<>&", text.p[i]))
			buf_printf(xml, "&#%d;", text.p[i]);
		else
			buf_putc(xml, text.p[i]);
	}
	buf_printf(xml, "</%s>", name);
}

static void put_parts(struct multipart *m)
{
	struct buf *xml = &m->xml;

	buf_puts(xml, "<CompleteMultipartUpload xmlns="
		      "\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (unsigned i = 0; i < m->n_parts; i++) {
		buf_puts(xml, "<Part>");
		if (m->parts[i].checksum.n > 0)
			put_element(xml, "ChecksumCRC64NVME",
				    m->parts[i].checksum);
		put_element(xml, "ETag", m->parts[i].etag);
		buf_printf(xml, "<PartNumber>%u</PartNumber></Part>", i + 1);
	}
	buf_puts(xml, "</CompleteMultipartUpload>");
}

static void on_completed(void *arg)
{
	struct multipart *m = arg;

	m->err = s3_end(&m->call);
	m->etag = m->call.etag;
	m->version = err_is(&m->err, "NoSuchUpload") ? m->promised :
						      m->call.version;
	m->is_taken = m->call.is_taken;
	if (err_is_set(&m->err) && !err_is(&m->err, "NoSuchUpload"))
		abort_upload(m);
	else
		finish(m);
}

static void send_complete(struct multipart *m)
{
	s3_complete_multipart_upload(m->work.aws, begin(m, on_completed),
				     &m->whole, buf_str(&m->xml),
				     m->claims ? S3_UNGUARDED : m->overwrite);
}

static void fail_taken(struct multipart *m)
{
	m->is_taken = true;
	err_set(&m->err, "PreconditionFailed", "something is there already");
	abort_upload(m);
}

/* Is what has the key a claim of ours, or of one that worked on this before? */
static void on_claim_seen(void *arg)
{
	struct multipart *m = arg;
	struct err err = s3_end(&m->call);

	if (!err_is_set(&err) && multipart_is_claim(&m->call) &&
	    str_eq(m->call.claim_id, m->work.record->id)) {
		send_complete(m);
	} else if (!err_is_set(&err) || s3_may_be_gone(&err)) {
		fail_taken(m);
	} else {
		m->err = err;
		abort_upload(m);
	}
}

static void on_claimed(void *arg)
{
	struct multipart *m = arg;
	bool is_taken = m->call.is_taken;
	struct err err = s3_end(&m->call);

	if (is_taken) {
		s3_head(m->work.aws, begin(m, on_claim_seen), &m->to);
	} else if (err_is_set(&err)) {
		m->err = err;
		abort_upload(m);
	} else {
		send_complete(m);
	}
}

static void claim(struct multipart *m)
{
	struct str_pair header = { STR(S3_METADATA_CLAIM),
				   m->work.record->id };
	struct s3_content content = { .bytes = STR(""), .n_headers = 1 };

	m->claim_header = header;
	content.headers = &m->claim_header;
	s3_put(m->work.aws, begin(m, on_claimed), &m->to, &content,
	       m->overwrite);
}

bool multipart_is_claim(const struct s3_call *seen)
{
	return seen->claim_id.n > 0 && seen->has_size && seen->size == 0;
}

static void complete(struct multipart *m)
{
	put_parts(m);
	if (m->xml.failed) {
		err_memory(&m->err);
		abort_upload(m);
	} else if (m->claims && m->overwrite != S3_UNGUARDED) {
		claim(m);
	} else {
		send_complete(m);
	}
}

/* Parts */

static void start_jobs(struct multipart *m);

/* A server that does not tell an ETag cannot be told of the part. */
static int keep_part(struct multipart_job *job, struct err *err)
{
	struct multipart *m = job->multipart;
	struct multipart_done *part = &m->parts[job->part.number - 1];

	if (job->call.etag.n == 0)
		return err_set(err, "UnexpectedAnswer",
			       "no ETag for part %u", job->part.number);
	part->etag = arena_dup(m->work.arena, job->call.etag);
	if (job->call.checksum == CHECKSUM_CRC64NVME)
		part->checksum = arena_dup(m->work.arena,
					   job->call.checksum_value);
	return part->etag.p ? 0 : err_memory(err);
}

static bool is_busy(const struct multipart *m)
{
	for (unsigned i = 0; i < MULTIPART_JOBS; i++)
		if (m->jobs[i].busy)
			return true;
	return false;
}

/*
 * A part that S3 still works on when the upload is aborted may stay behind, so
 * after a failure no more are begun, and those under way come to their end.
 */
static void end_part(struct multipart_job *job, const struct err *err)
{
	struct multipart *m = job->multipart;

	job->busy = false;
	if (err_is_set(err) && !err_is_set(&m->err))
		m->err = *err;
	if (m->pieces)
		piece_free(&job->piece);
	arena_reset(&job->arena);
	m->n_ended++;
	if (!err_is_set(&m->err) && m->n_ended < m->n_parts)
		start_jobs(m);
	else if (!err_is_set(&m->err))
		complete(m);
	else if (!is_busy(m))
		abort_upload(m);
}

static void on_part(void *arg)
{
	struct multipart_job *job = arg;
	struct err err = job->call.aws.err;

	if (!err_is_set(&err))
		keep_part(job, &err);
	aws_call_free(&job->call.aws);
	end_part(job, &err);
}

static struct s3_work work_of(struct multipart_job *job,
			      const struct s3_work *work)
{
	struct s3_work mine = *work;

	mine.arena = &job->arena;
	return mine;
}

static void send_part(struct multipart_job *job,
		      const struct s3_content *content)
{
	struct multipart *m = job->multipart;
	struct s3_work work = work_of(job, &m->work);

	s3_upload_part(m->work.aws, s3_begin(&work, &job->call, on_part, job),
		       &job->part, content);
}

static void on_piece(void *arg)
{
	struct multipart_job *job = arg;
	struct s3_content content = { .bytes = buf_str(&job->piece.bytes) };

	if (err_is_set(&job->piece.err))
		end_part(job, &job->piece.err);
	else
		send_part(job, &content);
}

static void read_part(struct multipart_job *job)
{
	struct multipart *m = job->multipart;

	job->piece = (struct piece){
		.work = work_of(job, &m->source), .pieces = m->pieces,
		.from = m->from, .offset = job->part.offset,
		.size = job->part.size, .is_whole = m->n_parts == 1,
		.done = on_piece, .arg = job,
	};
	piece_start(&job->piece);
}

static void copy_part(struct multipart_job *job)
{
	struct multipart *m = job->multipart;
	struct s3_work work = work_of(job, &m->work);

	s3_upload_part_copy(m->work.aws,
			    s3_begin(&work, &job->call, on_part, job),
			    &job->part, &m->from);
}

static void start_part(struct multipart *m, struct multipart_job *job)
{
	unsigned long long offset = m->n_begun * m->part_size;
	unsigned long long left = m->size - offset;
	struct s3_content content = { .slice = &job->slice };

	job->busy = true;
	job->part = m->whole;
	job->part.number = ++m->n_begun;
	job->part.offset = offset;
	job->part.size = left < m->part_size ? left : m->part_size;
	if (m->pieces) {
		read_part(job);
	} else if (!m->slice) {
		copy_part(job);
	} else {
		job->slice = (struct slice){ m->slice->fd,
					     m->slice->offset + offset,
					     job->part.size };
		send_part(job, &content);
	}
}

static void start_jobs(struct multipart *m)
{
	for (unsigned i = 0; i < MULTIPART_JOBS; i++)
		if (!m->jobs[i].busy && m->n_begun < m->n_parts)
			start_part(m, &m->jobs[i]);
}

/* What others have left is a matter of its own, whatever became of it. */
static void on_tidied(void *arg)
{
	start_jobs(arg);
}

static void on_created(void *arg)
{
	struct multipart *m = arg;
	struct err err = s3_end(&m->call);

	if (!err_is_set(&err) && m->call.upload.n == 0)
		err_set(&err, "UnexpectedAnswer", "an upload without an id");
	if (err_is_set(&err)) {
		m->err = err;
		finish(m);
		return;
	}
	m->whole.upload = m->call.upload;
	m->promised = m->call.version;
	m->stale = (struct stale_upload){
		.work = m->work, .to = m->to, .upload = m->whole.upload,
		.done = on_tidied, .arg = m,
	};
	stale_upload_start(&m->stale);
}

/* No other upload has this mark, so an object that has it is ours. */
static int put_mark(struct multipart *m, struct err *err)
{
	unsigned char random[(MULTIPART_MARK - 1) / 2];
	size_t n = m->content.n_headers;
	struct str_pair *headers = arena_alloc(m->work.arena, (n + 1) *
					       sizeof(*headers));

	if (!headers)
		return err_memory(err);
	if (aws_request_random(random, sizeof(random), err) < 0)
		return -1;
	digest_hex(m->mark, random, sizeof(random));
	if (n > 0)
		memcpy(headers, m->content.headers, n * sizeof(*headers));
	headers[n] = (struct str_pair){ STR(S3_METADATA_UPLOAD),
					str_of(m->mark) };
	m->content.headers = headers;
	m->content.n_headers = n + 1;
	return 0;
}

static int prepare(struct multipart *m, struct err *err)
{
	m->n_parts = (unsigned)((m->size + m->part_size - 1) / m->part_size);
	m->n_begun = m->n_ended = 0;
	m->whole = (struct s3_part){ .to = m->to, .size = m->size };
	buf_init(&m->xml, XML_MAX);
	m->parts = arena_alloc(m->work.arena, m->n_parts * sizeof(*m->parts));
	m->jobs = arena_alloc(m->work.arena,
			      MULTIPART_JOBS * sizeof(*m->jobs));
	if (!m->parts || !m->jobs) {
		m->jobs = NULL;
		return err_memory(err);
	}
	for (unsigned i = 0; i < MULTIPART_JOBS; i++) {
		m->jobs[i].multipart = m;
		arena_init(&m->jobs[i].arena, JOB_ARENA_MAX);
		m->jobs[i].piece.pieces = m->pieces;
	}
	return put_mark(m, err);
}

void multipart_start(struct multipart *m)
{
	struct s3_call *call = begin(m, on_created);
	struct err err;

	memset(&m->err, 0, sizeof(m->err));
	m->is_taken = false;
	if (prepare(m, &err) < 0) {
		aws_fail(m->work.aws, &call->aws, &err);
		return;
	}
	s3_create_multipart_upload(m->work.aws, call, &m->to, &m->content);
}

void multipart_cancel(struct multipart *m)
{
	aws_call_free(&m->call.aws);
	stale_upload_cancel(&m->stale);
	stop_jobs(m);
	if (m->whole.upload.p)
		stale_upload_leave(m->work.aws, m->work.options, &m->to, m->whole.upload);
	m->whole.upload = STR_NONE;
}
