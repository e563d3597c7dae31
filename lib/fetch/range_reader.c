/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/range_reader.h"

#include <string.h>

#include "hash/etag.h"
#include "http/http_head.h"

enum {
	PROGRESS_MIN = 1 << 20,	/* bytes that are worth another request */
	CUTS_MAX = 2,		/* requests after what may have been cut */
	TEXTS_MAX = 1 << 20
};

/* The answer to a range has no checksum, which the whole has. */
static int learn(struct range_reader *r)
{
	if (!r->etag->p)
		*r->etag = arena_dup(r->arena, r->call.etag);
	if (!r->etag->p)
		return err_memory(&r->err);
	return s3_read_marks(&r->call, r->arena, r->marks, &r->err);
}

/* A version is what it is, whatever else is said of it. */
static bool is_another(const struct range_reader *r)
{
	return etag_differs(*r->etag, r->call.etag) ||
	       (!record_is_version(r->record->version) &&
		s3_is_rewritten(&r->call, r->marks));
}

/*
 * Of a part the size of the whole counts, not its own: a cache on the way may
 * send a part although all was asked for.
 */
static int begin_part(struct range_reader *r)
{
	struct http_part part;

	if (http_head_part(&r->call.aws.http, &part) < 0 ||
	    part.from != r->at ||
	    (r->end == RANGE_TO_END && r->at == 0 && !part.knows_whole)) {
		err_set(&r->err, "UnexpectedAnswer",
			"another range than asked for");
		r->err.retry = true;
		return -1;
	}
	r->call.has_size = part.knows_whole;
	r->call.size = r->whole = part.knows_whole ? part.whole : 0;
	return 0;
}

/* The headers are here: is it the object and the range that was asked for? */
static int check_answer(struct range_reader *r)
{
	bool is_range = r->call.aws.http.status == 206;

	if (s3_read_answer(&r->call, &r->err) < 0)
		return -1;
	r->is_zipped = s3_is_zipped(&r->call);
	if (r->is_zipped)
		return -1;
	r->skip = is_range ? 0 : r->at;
	r->whole = 0;
	if (is_another(r))
		return err_set(&r->err, "PreconditionFailed",
			       "the object is another one by now");
	if (is_range && begin_part(r) < 0)
		return -1;
	if (s3_prove_answer(&r->call, r->etag->n > 0 ? *r->etag :
				      r->record->etag, &r->err) < 0)
		return -1;
	return learn(r);
}

static int take(void *arg, const char *bytes, size_t n)
{
	struct range_reader *r = arg;
	size_t skip;
	int taken;

	if (r->is_unwanted)
		return HTTP_TAKEN;
	/* curl may deliver a paused piece again after we have aborted. */
	if (err_is_set(&r->err) ||
	    (r->call.aws.http.sunk == 0 &&
	     (check_answer(r) < 0 || r->begun(r->arg) < 0)))
		return HTTP_ABORT;
	skip = r->skip < n ? (size_t)r->skip : n;
	if (n - skip > r->end - r->at) {
		err_set(&r->err, "UnexpectedAnswer",
			"more bytes than were asked for");
		return HTTP_ABORT;
	}
	taken = skip == n ? HTTP_TAKEN :
		r->take(r->arg, bytes + skip, n - skip);
	r->is_paused = taken == HTTP_PAUSE;
	if (taken != HTTP_TAKEN)
		return taken;
	r->skip -= skip;
	r->at += n - skip;
	return HTTP_TAKEN;
}

static struct str range_of(struct range_reader *r)
{
	if (r->end == RANGE_TO_END && r->at == 0)
		return STR_NONE;
	return str_of(r->end == RANGE_TO_END ?
		      arena_printf(&r->texts, "bytes=%llu-", r->at) :
		      arena_printf(&r->texts, "bytes=%llu-%llu", r->at,
				   r->end - 1));
}

static bool can_go_on(const struct range_reader *r)
{
	return !r->is_unwanted && (r->etag->n > 0 || !r->needs_etag);
}

/* The next try of a request begins where the last one ended. */
static int go_on(void *arg)
{
	struct range_reader *r = arg;

	r->is_paused = false;
	if (!can_go_on(r))
		return -1;
	aws_call_header_set(&r->call.aws, "range", range_of(r));
	return 0;
}

static void on_answered(void *arg);

static void request(struct range_reader *r)
{
	const struct record *record = r->record;
	const struct s3_work work = { r->aws, r->options, record, &r->texts };
	struct s3_object object = s3_object_of(record);

	if (r->etag->n > 0)
		object.etag = *r->etag;
	object.read = *r->marks;
	arena_reset(&r->texts);
	s3_begin(&work, &r->call, on_answered, r);
	memset(&r->err, 0, sizeof(r->err));
	r->is_paused = r->is_cut = r->is_zipped = false;
	r->skip = r->whole = 0;
	r->began = r->at;
	r->call.range = range_of(r);
	r->call.aws.sink = take;
	r->call.aws.rewind = go_on;
	r->call.no_gzip = r->takes_no_gzip;
	s3_get(r->aws, &r->call, &object);
}

/*
 * The end of an answer without length and chunks is that of its connection, so
 * it may have been cut.  The announced size alone says that more should come.
 */
static bool may_be_cut(const struct range_reader *r)
{
	return r->end == RANGE_TO_END && !r->call.has_size &&
	       !http_head_value(&r->call.aws.http, "transfer-encoding").p &&
	       r->record->has_size && r->at < r->record->size &&
	       can_go_on(r) && r->cuts < CUTS_MAX;
}

/* Nothing was missing from what looked as if it were cut. */
static bool is_past_end(const struct range_reader *r)
{
	return r->cuts > 0 && r->err.status == 416;
}

/* Why it has not come to its end, if it has not. */
static void end_request(struct range_reader *r)
{
	unsigned long long end;

	if (!err_is_set(&r->err))
		r->err = r->call.aws.err;
	if (!err_is_set(&r->err) && r->call.aws.http.sunk == 0)
		check_answer(r); /* take() has not seen one without bytes */
	if (is_past_end(r))
		memset(&r->err, 0, sizeof(r->err));
	else if (!err_is_set(&r->err) && may_be_cut(r))
		r->is_cut = true;
	if (err_is_set(&r->err))
		return;
	end = r->end == RANGE_TO_END ? r->whole : r->end;
	if (r->at >= end)
		return;
	err_set(&r->err, "IncompleteBody", "%llu bytes of a range missing",
		end - r->at);
	r->err.retry = true;
}

/* A request that brought much is not one of the tries that brought nothing. */
static void on_answered(void *arg)
{
	struct range_reader *r = arg;

	end_request(r);
	if (r->is_zipped && !r->is_unwanted) {
		r->takes_no_gzip = true;
		aws_call_free(&r->call.aws);
		request(r);
	} else if (r->is_cut || (r->err.retry && can_go_on(r) &&
			  r->at - r->began >= PROGRESS_MIN)) {
		r->cuts += r->is_cut;
		aws_call_free(&r->call.aws);
		request(r);
	} else {
		r->done(r->arg);
	}
}

void range_reader_start(struct range_reader *r)
{
	if (r->marks->modified <= 0 && !r->marks->checksum.p)
		*r->marks = r->record->read;
	arena_free(&r->texts);
	arena_init(&r->texts, TEXTS_MAX);
	request(r);
}

void range_reader_resume(struct range_reader *r)
{
	if (!r->is_paused)
		return;
	r->is_paused = false;
	http_resume(&r->call.aws.http);
}

void range_reader_cancel(struct range_reader *r)
{
	aws_cancel(&r->call.aws);
}

void range_reader_free(struct range_reader *r)
{
	aws_call_free(&r->call.aws);
	arena_free(&r->texts);
}
