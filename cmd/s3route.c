/* SPDX-License-Identifier: Apache-2.0 */
/* s3route: copy good objects to processed, bad ones to bad data. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "filter.h"
#include "guard.h"
#include "options.h"
#include "place.h"
#include "s3_option.h"
#include "served.h"
#include "template.h"
#include "why.h"

enum { OPTION_NO_WHY = 256, OPTION_PREFIX };

struct routes {
	const char *processed;	/* buckets */
	const char *bad_data;
	const char *template;	/* of keys */
	const char *source_prefix; /* where events come from, or NULL */
	enum place_policy policy;
	bool dry;		/* look, but write nothing */
	bool no_why;		/* explain nothing */
	struct s3_options s3;
	struct claims claims;
	struct filter filter;
	struct err err;		/* what is wrong with the template */
};

struct move {
	struct flow_item *item;
	struct place place;
	bool explains;
	struct why why;
};

static const char usage[] =
	"usage: s3route [-hknVv] [-b BUCKET] [-c POLICY] [-j JOBS] [-p BUCKET]\n"
	"               [-t TEMPLATE] [--expected-bucket-owner ID] [--no-tags]\n"
	"               [--no-why] [--part-size BYTES] [--request-payer]\n"
	"               [--source-prefix PREFIX]\n"
	"               [--sse METHOD] [--sse-kms-key-id ID]\n"
	"               [--storage-class CLASS] < RECORDS\n"
	"\n"
	"  -p, --processed BUCKET  where good objects go (PROCESSED_BUCKET)\n"
	"  -b, --bad-data BUCKET   where bad ones go (BAD_DATA_BUCKET)\n"
	"  -t, --template TEMPLATE what keys they get ({key})\n"
	"  -c, --collision POLICY  if a key is taken by something else: keep-both,\n"
	"                          fail or replace (keep-both)\n"
	"  -n, --dry-run           look at what is there, but write nothing\n"
	"  -j, --jobs JOBS         objects at once (32)\n"
	S3_OPTION_USAGE
	S3_OPTION_COPY_USAGE
	"      --no-why         put no .why.json beside bad objects\n"
	"      --source-prefix PREFIX\n"
	"                       events come from there, so it is safe to write\n"
	"                       elsewhere in that bucket\n"
	"  -k, --keep-order        results in the order of the input\n"
	OPTIONS_USAGE
	"  -v, --verbose           a line for each record\n"
	"  -h, --help              this text\n"
	"  -V, --version           the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "s3route: %s\n", line);
}

/* why is the key of the explanation, or absent. */
static void put_route(struct buf *members, const struct move *move,
		      struct str why)
{
	bool bad = record_outcome(&move->item->record) == RECORD_BAD;
	const struct place *place = &move->place;

	json_member_open(members, "route");
	json_member(members, "to", bad ? STR("bad-data") : STR("processed"));
	json_member(members, "bucket", place->bucket);
	json_member(members, "key", place->key);
	json_member(members, "etag", place->etag);
	json_member(members, "why", why);
	if (place->already)
		json_member_bool(members, "already", true);
	if (place->dry)
		json_member_bool(members, "dry", true);
	buf_putc(members, '}');
}

static void finish(struct move *move)
{
	struct flow_item *item = move->item;

	put_route(&item->members, move, move->why.key);
	flow_done(item);
}

static void on_explained(void *arg)
{
	struct move *move = arg;

	if (err_is_set(&move->why.err))
		flow_failed(move->item, &move->why.err);
	else
		finish(move);
}

/* Why the object is bad is put beside it. */
static void explain(struct move *move)
{
	const struct place *place = &move->place;
	struct flow_item *item = move->item;
	struct why *why = &move->why;
	struct buf members;

	buf_init(&members, RECORD_MAX);
	put_route(&members, move, STR_NONE);
	why->members = arena_dup(&item->arena, buf_str(&members));
	buf_free(&members);
	why->aws = place->aws;
	why->arena = &item->arena;
	why->record = &item->record;
	why->options = place->options;
	why->bucket = place->bucket;
	why->key = place->key;
	why->dry = place->dry;
	why->replaces = place->policy == PLACE_REPLACE;
	why->now = time(NULL);
	why->done = on_explained;
	why->arg = move;
	why_start(why);
}

/* Also of a record that failed: whoever tries again fetches again. */
static void end(void *ctx, struct flow_item *item)
{
	const struct routes *routes = ctx;

	if (!routes->dry)
		served_remove(&item->record, &item->arena);
}

static void on_placed(void *arg)
{
	struct move *move = arg;
	struct flow_item *item = move->item;

	if (move->place.outcome == RECORD_FAILED) {
		flow_failed(item, &move->place.err);
	} else if (move->place.outcome == RECORD_GONE) {
		flow_gone(item, &move->place.err);
	} else if (move->explains) {
		explain(move);
	} else {
		finish(move);
	}
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct move *move = item->state;

	(void)ctx;
	place_cancel(&move->place);
	why_cancel(&move->why);
}

static void start(void *ctx, struct flow_item *item)
{
	struct routes *routes = ctx;
	const struct record *r = &item->record;
	struct move *move = item->state;
	struct place *place = &move->place;
	bool bad = record_outcome(r) == RECORD_BAD;
	struct err err;

	place->bucket = str_of(bad ? routes->bad_data : routes->processed);
	if (template_key(routes->template, r, &item->arena, &place->key,
			 &err) < 0) {
		flow_failed(item, &err);
		return;
	}
	if (guard_check(routes->source_prefix, r, place->bucket, place->key,
			&err) < 0) {
		flow_status(item, EX_CONFIG);
		flow_failed(item, &err);
		return;
	}
	move->item = item;
	move->explains = bad && !routes->no_why;
	place->aws = routes->filter.aws;
	place->arena = &item->arena;
	place->record = r;
	place->options = &routes->s3;
	place->claims = &routes->claims;
	place->policy = routes->policy;
	place->dry = routes->dry;
	place->done = on_placed;
	place->arg = move;
	place_start(place);
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct routes *routes = ctx;

	if (s3_option_is(option))
		return s3_option_take(&routes->s3, option, arg);
	switch (option) {
	case 'b':
		routes->bad_data = arg;
		return NULL;
	case 'c':
		return place_policy(arg, &routes->policy) < 0 ?
			"neither keep-both nor fail nor replace" : NULL;
	case 'n':
		routes->dry = true;
		return NULL;
	case 'p':
		routes->processed = arg;
		return NULL;
	case OPTION_NO_WHY:
		routes->no_why = true;
		return NULL;
	case OPTION_PREFIX:
		routes->source_prefix = arg;
		return *arg ? NULL : "every key has this prefix";
	default:
		routes->template = arg;
		return template_check(arg, &routes->err) < 0 ?
			routes->err.message : NULL;
	}
}

static bool is_set(const char *bucket, const char *option, const char *name)
{
	if (bucket && *bucket)
		return true;
	fprintf(stderr, "s3route: no bucket for %s data: %s, or set %s\n",
		*option == 'b' ? "bad" : "processed",
		*option == 'b' ? "-b" : "-p", name);
	return false;
}

int main(int argc, char **argv)
{
	struct routes routes = {
		.processed = getenv("PROCESSED_BUCKET"),
		.bad_data = getenv("BAD_DATA_BUCKET"),
		.template = "{key}",
	};
	struct flow_options flow = { .jobs = 32 };
	static const struct option words[] = {
		{ "bad-data", required_argument, NULL, 'b' },
		{ "collision", required_argument, NULL, 'c' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "no-why", no_argument, NULL, OPTION_NO_WHY },
		{ "processed", required_argument, NULL, 'p' },
		{ "source-prefix", required_argument, NULL, OPTION_PREFIX },
		{ "template", required_argument, NULL, 't' },
		S3_OPTION_WORDS,
		S3_OPTION_COPY_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3route",
		.usage = usage,
		.letters = "b:c:np:t:",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &routes,
		.flow = &flow,
	};
	const struct flow_filter filter = {
		.name = "s3route",
		.passes = 1u << RECORD_GONE,
		.state_size = sizeof(struct move),
		.start = start,
		.cancel = cancel,
		.end = end,
		.report = report,
		.ctx = &routes,
	};
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	if (!is_set(routes.processed, "p", "PROCESSED_BUCKET") ||
	    !is_set(routes.bad_data, "b", "BAD_DATA_BUCKET"))
		return EX_CONFIG;
	return filter_run(&routes.filter, &filter, &flow);
}
