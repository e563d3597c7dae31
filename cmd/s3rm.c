/* SPDX-License-Identifier: Apache-2.0 */
/* s3rm: delete each source whose copy is safe: the last step of a move. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "s3.h"
#include "s3_option.h"

struct removal {
	struct filter filter;
	struct s3_options s3;
	bool recorded;		/* only what the ledger has */
	bool dry;		/* look, but delete nothing */
};

struct victim {
	struct removal *removal;
	struct flow_item *item;
	struct s3_call call;
};

static const char usage[] =
	"usage: s3rm [-hknrVv] [-j JOBS] [--expected-bucket-owner ID]\n"
	"            [--request-payer] < RECORDS\n"
	"\n"
	"  -r, --recorded    delete only what ddb-record has recorded\n"
	"  -j, --jobs JOBS   objects at once (16)\n"
	S3_OPTION_USAGE
	"  -k, --keep-order  results in the order of the input\n"
	"  -n, --dry-run     look at copy and object, but delete nothing\n"
	OPTIONS_USAGE
	"  -v, --verbose     a line for each record\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "s3rm: %s\n", line);
}

static struct s3_call *next_call(struct victim *victim,
				 void (*done)(void *arg))
{
	struct s3_call *call = &victim->call;

	memset(call, 0, sizeof(*call));
	call->options = &victim->removal->s3;
	aws_call_for(&call->aws, &victim->item->record, &victim->item->arena);
	call->aws.done = done;
	call->aws.arg = victim;
	return call;
}

static struct err end_call(struct victim *victim)
{
	struct err err = victim->call.aws.err;

	aws_call_free(&victim->call.aws);
	return err;
}

static struct s3_object source_of(const struct victim *victim)
{
	const struct record *r = &victim->item->record;

	return (struct s3_object){ r->bucket, r->key, r->version, r->etag };
}

static void finish(struct victim *victim, const char *status)
{
	struct buf *members = &victim->item->members;

	json_member_open(members, "rm");
	json_member(members, "status", str_of(status));
	if (victim->removal->dry)
		json_member_bool(members, "dry", true);
	buf_putc(members, '}');
	flow_done(victim->item);
}

/* Somebody has deleted or overwritten it since: not ours to touch. */
static void on_deleted(void *arg)
{
	struct victim *victim = arg;
	struct err err = end_call(victim);

	if (!err_is_set(&err))
		finish(victim, "removed");
	else if (s3_is_gone(&err))
		finish(victim, "gone");
	else
		flow_failed(victim->item, &err);
}

static void on_source_seen(void *arg)
{
	struct victim *victim = arg;
	struct s3_object source = source_of(victim);
	struct err err = end_call(victim);

	if (s3_is_gone(&err))
		finish(victim, "gone");
	else if (err_is_set(&err))
		flow_failed(victim->item, &err);
	else if (victim->removal->dry)
		finish(victim, "removed");
	else
		s3_delete(victim->removal->filter.aws,
			  next_call(victim, on_deleted), &source);
}

/*
 * AWS deletes only what has the ETag; other servers do not look at that
 * condition, so we look ourselves.  A version cannot have changed.
 */
static void remove_source(struct victim *victim)
{
	struct aws *aws = victim->removal->filter.aws;
	struct s3_object source = source_of(victim);

	if (victim->removal->dry ||
	    (!record_is_version(source.version) &&
	     config_is_custom_endpoint(aws_config(aws), CONFIG_S3)))
		s3_head(aws, next_call(victim, on_source_seen), &source);
	else
		s3_delete(aws, next_call(victim, on_deleted), &source);
}

/* Nothing is deleted before the copy has been seen with our own eyes. */
static void on_copy_seen(void *arg)
{
	struct victim *victim = arg;
	struct err err = end_call(victim);

	if (s3_is_gone(&err))
		err_set(&err, "CopyMissing",
			"the copy is not at its destination: not deleted");
	if (err_is_set(&err))
		flow_failed(victim->item, &err);
	else
		remove_source(victim);
}

/* In a dry run, what other dry runs would have done counts as done. */
static bool is_routed(const struct removal *removal, const struct record *r)
{
	return r->route_bucket.n > 0 && r->route_key.n > 0 &&
	       (r->route_dry.p ? removal->dry : r->route_etag.n > 0);
}

static bool is_recorded(const struct removal *removal, const struct record *r)
{
	return r->record_status.p && (removal->dry || !r->record_dry.p);
}

static const char *why_not(const struct removal *removal,
			   const struct record *r)
{
	if (!is_routed(removal, r))
		return "no copy of it was made: not deleted";
	if (str_eq(r->route_bucket, r->bucket) && str_eq(r->route_key, r->key))
		return "the copy is the object itself: not deleted";
	if (removal->recorded && !is_recorded(removal, r))
		return "it was not recorded: not deleted";
	if (!record_is_version(r->version) && r->etag.n == 0)
		return "neither version nor ETag is known: not deleted";
	return NULL;
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct victim *victim = item->state;

	(void)ctx;
	aws_call_free(&victim->call.aws);
}

static void start(void *ctx, struct flow_item *item)
{
	struct removal *removal = ctx;
	struct victim *victim = item->state;
	const struct record *r = &item->record;
	const char *why = why_not(removal, r);
	struct s3_object copy = { .bucket = r->route_bucket,
				  .key = r->route_key,
				  .etag = r->route_etag };
	struct err err;

	if (why) {
		err_set(&err, "NotSafe", "%s", why);
		flow_failed(item, &err);
		return;
	}
	victim->removal = removal;
	victim->item = item;
	if (r->route_dry.p)
		remove_source(victim);
	else
		s3_head(removal->filter.aws, next_call(victim, on_copy_seen),
			&copy);
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct removal *removal = ctx;

	if (s3_option_is(option))
		return s3_option_take(&removal->s3, option, arg);
	if (option == 'n')
		removal->dry = true;
	else
		removal->recorded = true;
	return NULL;
}

int main(int argc, char **argv)
{
	struct removal removal = { .recorded = false };
	struct flow_options flow = { .jobs = 16 };
	static const struct option words[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ "recorded", no_argument, NULL, 'r' },
		S3_OPTION_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3rm",
		.usage = usage,
		.letters = "nr",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &removal,
		.flow = &flow,
	};
	const struct flow_filter filter = {
		.name = "s3rm",
		.passes = 1u << RECORD_GONE,
		.state_size = sizeof(struct victim),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &removal,
	};
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	return filter_run(&removal.filter, &filter, &flow);
}
