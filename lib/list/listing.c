/* SPDX-License-Identifier: Apache-2.0 */
#include "list/listing.h"

#include <stdlib.h>
#include <string.h>

#include "format/uri.h"

enum { ARENA_MAX = 64 << 20 };

struct listing_job {
	struct listing *listing;
	struct walk_span *span;		/* NULL: it has nothing to do */
	struct arena arenas[2];		/* of this page, and of the next */
	unsigned present;
	struct s3_call call;
	enum s3_list_kind kind;		/* that was asked for */
	struct page page;
};

static void ask(struct listing_job *job);

static struct arena *arena(struct listing_job *job)
{
	return &job->arenas[job->present];
}

static void fail(struct listing *listing, const struct err *err)
{
	if (!err_is_set(&listing->err))
		listing->err = *err;
}

static bool is_unknown(const struct err *err)
{
	return err->status == 501 || err->status == 405 ||
	       err_is(err, "NotImplemented") || err_is(err, "InvalidArgument");
}

/*
 * Ask in the old way, if that may be it.  A server that does not know list-type
 * answers as ever, and begins at the beginning each time.
 */
static bool turn_old(struct listing_job *job, const struct err *err)
{
	struct listing *listing = job->listing;

	if (job->kind != S3_LIST_V2)
		return false;
	/* Another answer may have said so while this one was on its way. */
	if (listing->kind == S3_LIST_V2 &&
	    (listing->is_known ||
	     (err_is_set(err) ? !is_unknown(err) : job->page.is_v2)))
		return false;
	listing->kind = S3_LIST_V1;
	ask(job);
	return true;
}

static int read_document(void *arg, struct str document, struct err *err)
{
	struct listing_job *job = arg;
	bool versions = job->kind == S3_LIST_VERSIONS;
	struct str upto = STR_NONE;

	/* The first answer is read whole, for what it tells of the server. */
	if (job->listing->is_known && !job->span->is_open)
		upto = buf_str(&job->span->upto);
	if (page_read(&job->page, document, upto, arena(job), err) < 0)
		return -1;
	if (job->page.is_versions == versions)
		return 0;
	return err_set(err, "InvalidList", versions ?
		       "the server does not list versions" :
		       "the server lists versions instead of objects");
}

/* The next page is asked for while this one is being written. */
static void end_job(struct listing_job *job)
{
	struct listing *listing = job->listing;
	struct page page = job->page;

	listing->active--;
	job->span = NULL;
	job->present ^= 1;
	listing_go_on(listing);
	listing->page(listing->ctx, &page);
}

static void on_answer(void *arg)
{
	struct listing_job *job = arg;
	struct listing *listing = job->listing;
	struct err err = s3_end(&job->call);

	if (turn_old(job, &err))
		return;
	if (err_is_set(&err) ||
	    walk_take(listing->walk, job->span, &job->page, &err) < 0) {
		fail(listing, &err);
		return;
	}
	listing->is_known = true;
	end_job(job);
}

/* A marker of versions may be encoded like the keys; RGW's never is. */
static struct str token_key(struct listing_job *job)
{
	struct str token = arena_dup(arena(job), buf_str(&job->span->token));

	if (token.p && job->kind != S3_LIST_V2)
		token.n = uri_decode_form((char *)(size_t)token.p, token);
	return token;
}

static struct str some(const struct buf *text)
{
	return text->n > 0 ? buf_str(text) : STR_NONE;
}

/* Without its token, the list would begin again. */
static void start(struct listing_job *job, const struct s3_list *list)
{
	struct aws *aws = job->listing->aws;
	struct err err;

	if (job->span->token.n == 0 || list->token.p || list->after.p) {
		s3_list(aws, &job->call, list);
		return;
	}
	err_memory(&err);
	aws_fail(aws, &job->call.aws, &err);
}

static void ask(struct listing_job *job)
{
	struct listing *listing = job->listing;
	struct walk_span *span = job->span;
	struct s3_work work = { listing->aws, listing->options, NULL,
				arena(job) };
	struct s3_list list = {
		.kind = listing->kind,
		.bucket = listing->bucket,
		.prefix = buf_str(&listing->walk->prefix),
		.after = some(&span->after),
		.version = some(&span->version),
		.max = listing->page_size,
	};

	arena_reset(arena(job));
	job->kind = listing->kind;
	if (span->token.n > 0 && job->kind == S3_LIST_V2) {
		list.token = token_key(job);
	} else if (span->token.n > 0) {
		list.after = token_key(job);
		list.version = some(&span->token_version);
	}
	s3_begin(&work, &job->call, on_answer, job);
	job->call.read = read_document;
	job->call.read_arg = job;
	start(job, &list);
}

static struct listing_job *find_free(struct listing *listing)
{
	for (unsigned i = 0; i < listing->n_jobs; i++)
		if (!listing->jobs[i].span)
			return &listing->jobs[i];
	return NULL;
}

void listing_go_on(struct listing *listing)
{
	struct listing_job *job;

	while (!err_is_set(&listing->err) && listing->has_room(listing->ctx) &&
	       (job = find_free(listing)) != NULL) {
		job->span = walk_next(listing->walk);
		if (!job->span)
			return;
		listing->active++;
		ask(job);
	}
}

static int refuse_directory(const struct listing *listing, struct err *err)
{
	if (!str_has_suffix(listing->bucket, STR("--x-s3")))
		return 0;
	return err_set(err, "NotSupported", "the list of a directory bucket "
		       "has no order to go on by: make records of what aws "
		       "s3api list-objects-v2 prints, as in s3ev(7)");
}

int listing_start(struct listing *listing, struct err *err)
{
	if (refuse_directory(listing, err) < 0)
		return -1;
	if (listing->walk->failed)
		return err_memory(err);
	listing->n_jobs = listing->walk->jobs;
	listing->jobs = calloc(listing->n_jobs, sizeof(*listing->jobs));
	if (!listing->jobs)
		return err_memory(err);
	for (unsigned i = 0; i < listing->n_jobs; i++) {
		listing->jobs[i].listing = listing;
		arena_init(&listing->jobs[i].arenas[0], ARENA_MAX);
		arena_init(&listing->jobs[i].arenas[1], ARENA_MAX);
	}
	listing_go_on(listing);
	return 0;
}

bool listing_is_over(const struct listing *listing)
{
	return err_is_set(&listing->err) ||
	       (listing->active == 0 && walk_is_done(listing->walk));
}

void listing_free(struct listing *listing)
{
	for (unsigned i = 0; listing->jobs && i < listing->n_jobs; i++) {
		aws_call_free(&listing->jobs[i].call.aws);
		arena_free(&listing->jobs[i].arenas[0]);
		arena_free(&listing->jobs[i].arenas[1]);
	}
	free(listing->jobs);
	listing->jobs = NULL;
}
