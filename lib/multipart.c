/* SPDX-License-Identifier: Apache-2.0 */
#include "multipart.h"

#include <string.h>

enum { JOB_ARENA_MAX = 4 << 20, XML_MAX = 4 << 20 };

unsigned long long multipart_part_size(unsigned long long size,
				       unsigned long long wanted)
{
	const unsigned long long mib = 1 << 20;
	unsigned long long least = (size + S3_PARTS_MAX - 1) / S3_PARTS_MAX;

	least = (least + mib - 1) / mib * mib;
	return wanted > least ? wanted : least;
}

static void make_call(const struct multipart *m, struct s3_call *call,
		      struct arena *arena, void (*done)(void *arg), void *arg)
{
	memset(call, 0, sizeof(*call));
	call->options = m->options;
	aws_call_for(&call->aws, m->record, arena);
	call->aws.done = done;
	call->aws.arg = arg;
}

static struct s3_call *next_call(struct multipart *m, void (*done)(void *arg))
{
	make_call(m, &m->call, m->arena, done, m);
	return &m->call;
}

static struct err end_call(struct s3_call *call)
{
	struct err err = call->aws.err;

	aws_call_free(&call->aws);
	return err;
}

static void stop_jobs(struct multipart *m)
{
	for (unsigned i = 0; m->jobs && i < MULTIPART_JOBS; i++) {
		aws_call_free(&m->jobs[i].call.aws);
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

	end_call(&m->call);
	finish(m);
}

static void abort_upload(struct multipart *m)
{
	stop_jobs(m);
	s3_abort_multipart_upload(m->aws, next_call(m, on_aborted), &m->to,
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

	m->err = end_call(&m->call);
	m->etag = m->call.etag;
	m->is_taken = m->call.is_taken;
	if (err_is_set(&m->err) && strcmp(m->err.code, "NoSuchUpload") != 0)
		abort_upload(m);
	else
		finish(m);
}

static void complete(struct multipart *m)
{
	put_parts(m);
	if (m->xml.failed) {
		err_set(&m->err, "OutOfMemory", "out of memory");
		abort_upload(m);
		return;
	}
	s3_complete_multipart_upload(m->aws, next_call(m, on_completed),
				     &m->whole, buf_str(&m->xml),
				     m->overwrite);
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
	part->etag = arena_dup(m->arena, job->call.etag);
	if (job->call.checksum == CHECKSUM_CRC64NVME)
		part->checksum = arena_dup(m->arena,
					   job->call.checksum_value);
	return part->etag.p ? 0 : err_set(err, "OutOfMemory", "out of memory");
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
static void on_part(void *arg)
{
	struct multipart_job *job = arg;
	struct multipart *m = job->multipart;
	struct err err = job->call.aws.err;

	job->busy = false;
	if (!err_is_set(&err))
		keep_part(job, &err);
	if (err_is_set(&err) && !err_is_set(&m->err))
		m->err = err;
	aws_call_free(&job->call.aws);
	arena_reset(&job->arena);
	m->n_ended++;
	if (!err_is_set(&m->err) && m->n_ended < m->n_parts)
		start_jobs(m);
	else if (!err_is_set(&m->err))
		complete(m);
	else if (!is_busy(m))
		abort_upload(m);
}

static void start_part(struct multipart *m, struct multipart_job *job)
{
	unsigned long long offset = m->n_begun * m->part_size;
	unsigned long long left = m->size - offset;

	job->busy = true;
	job->part = m->whole;
	job->part.number = ++m->n_begun;
	job->part.offset = offset;
	job->part.size = left < m->part_size ? left : m->part_size;
	make_call(m, &job->call, &job->arena, on_part, job);
	if (!m->slice) {
		s3_upload_part_copy(m->aws, &job->call, &job->part, &m->from);
		return;
	}
	job->slice = (struct slice){ m->slice->fd, m->slice->offset + offset,
				     job->part.size };
	s3_upload_part(m->aws, &job->call, &job->part, &job->slice);
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
	struct err err = end_call(&m->call);

	if (!err_is_set(&err) && m->call.upload.n == 0)
		err_set(&err, "UnexpectedAnswer", "an upload without an id");
	if (err_is_set(&err)) {
		m->err = err;
		finish(m);
		return;
	}
	m->whole.upload = m->call.upload;
	m->orphan = (struct orphan){
		.aws = m->aws, .arena = m->arena, .record = m->record,
		.options = m->options, .to = m->to,
		.upload = m->whole.upload, .done = on_tidied, .arg = m,
	};
	orphan_start(&m->orphan);
}

static int prepare(struct multipart *m)
{
	m->n_parts = (unsigned)((m->size + m->part_size - 1) / m->part_size);
	m->n_begun = m->n_ended = 0;
	m->whole = (struct s3_part){ .to = m->to, .size = m->size };
	buf_init(&m->xml, XML_MAX);
	m->parts = arena_alloc(m->arena, m->n_parts * sizeof(*m->parts));
	m->jobs = arena_alloc(m->arena, MULTIPART_JOBS * sizeof(*m->jobs));
	if (!m->parts || !m->jobs) {
		m->jobs = NULL;
		return -1;
	}
	for (unsigned i = 0; i < MULTIPART_JOBS; i++) {
		m->jobs[i].multipart = m;
		arena_init(&m->jobs[i].arena, JOB_ARENA_MAX);
	}
	return 0;
}

void multipart_start(struct multipart *m)
{
	struct s3_call *call = next_call(m, on_created);
	struct err err;

	memset(&m->err, 0, sizeof(m->err));
	m->is_taken = false;
	if (prepare(m) < 0) {
		err_set(&err, "OutOfMemory", "out of memory");
		aws_fail(m->aws, &call->aws, &err);
		return;
	}
	s3_create_multipart_upload(m->aws, call, &m->to, &m->content);
}

void multipart_cancel(struct multipart *m)
{
	aws_call_free(&m->call.aws);
	orphan_cancel(&m->orphan);
	stop_jobs(m);
	if (m->whole.upload.p)
		orphan_leave(m->aws, m->options, &m->to, m->whole.upload);
	m->whole.upload = STR_NONE;
}
