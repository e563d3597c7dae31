/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3rm: delete each source whose copy is safe: the last step of a move.
 *
 * For each record: HEAD the copy; HEAD the source, if the server may ignore the
 * condition of DELETE; DELETE the source, only the version that was copied.
 */

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/option_base.h"
#include "config/config_endpoint.h"
#include "filter/filter.h"
#include "filter/options.h"
#include "filter/say.h"
#include "filter/target_option.h"
#include "format/iso.h"
#include "format/json_write.h"
#include "hash/etag.h"
#include "http/http_head.h"
#include "place/multipart.h"
#include "s3/s3.h"
#include "s3/s3_look.h"
#include "s3/s3_option.h"

enum { OPTION_UNGUARDED = OPTION_BASE_TOOL };
enum {
	WAITS_MAX = 5,		/* seconds that an object may be too young */
	CLOCKS_MAX = 5		/* seconds by which a server's clocks differ */
};

struct removal {
	struct filter filter;
	struct s3_options s3;
	bool recorded;		/* delete only what is in the ledger */
	bool dry;		/* look, but delete nothing */
	bool unguarded;		/* also where another may overwrite the copy */
	struct target_options target;
	struct s3_options target_s3;
	struct s3_quirks target_quirks;
	struct str endpoint;	/* of the copies, where it is another store */
	struct s3_quirks quirks;
};

struct victim {
	struct removal *removal;
	struct flow_item *item;
	struct s3_call call;
	struct s3_look look;
	struct loop_timer timer;
	unsigned waits;
	bool may_be_itself;	/* the copy may, see on_copy_seen() */
	long long copy_modified;
};

static const char usage[] =
	"s3rm: delete each record's object when its copy is safe\n"
	"usage: s3rm [-hknrVv] [-j JOBS] [OPTION]... < RECORDS\n"
	"\n"
	"  -r, --recorded              delete only what ddb-record has recorded\n"
	"  -j, --jobs JOBS             objects at once (16)\n"
	"      --unguarded             also where the server lets others overwrite\n"
	"                              the copy meanwhile\n"
	"  -n, --dry-run               look at copy and object, but delete nothing\n"
	S3_OPTION_USAGE
	TARGET_OPTION_USAGE
	OPTIONS_USAGE;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3rm", str_of(line));
}

static struct s3_work work_of(struct victim *victim)
{
	struct removal *removal = victim->removal;

	return (struct s3_work){ removal->filter.aws, &removal->s3,
				 &victim->item->record,
				 &victim->item->arena };
}

static struct s3_call *begin(struct victim *victim, void (*done)(void *arg))
{
	const struct s3_work work = work_of(victim);

	return s3_begin(&work, &victim->call, done, victim);
}

static struct s3_object source_of(const struct victim *victim)
{
	const struct record *r = &victim->item->record;

	return (struct s3_object){ .bucket = r->bucket, .key = r->key,
				   .version = r->version, .etag = r->etag };
}

static void finish(struct victim *victim, const char *status)
{
	struct buf *members = &victim->item->members;

	json_member_open(members, "rm");
	json_member(members, "status", str_of(status));
	if (victim->removal->dry)
		json_member_bool(members, "dry", true);
	buf_putc(members, '}');
	victim->item->note = str_of(victim->removal->dry &&
				    strcmp(status, "removed") == 0 ?
				    "would be removed" : status);
	flow_done(victim->item);
}

/*
 * The source is not what the record speaks of any more, or the server says so.
 * If somebody has deleted or overwritten it, it is not ours to touch.
 */
static void on_looked(void *arg)
{
	struct victim *victim = arg;
	const struct s3_look *look = &victim->look;

	if (look->sight == S3_SIGHT_GONE || look->sight == S3_SIGHT_OTHER)
		finish(victim, "gone");
	else
		flow_failed(victim->item, &look->err);
}

static void look_why(struct victim *victim)
{
	victim->look = (struct s3_look){
		.work = work_of(victim), .etag = victim->item->record.etag,
		.done = on_looked, .arg = victim,
	};
	s3_look_start(&victim->look);
}

static void on_deleted(void *arg)
{
	struct victim *victim = arg;
	struct err err = s3_end(&victim->call);

	if (!err_is_set(&err))
		finish(victim, "removed");
	else if (s3_may_be_gone(&err))
		look_why(victim);
	else
		flow_failed(victim->item, &err);
}

static void look_at_source(void *arg);

/*
 * A server that compares times knows only seconds, so what was written in this
 * very second could be overwritten in it and not be told from what we saw.
 */
static bool is_too_young(const struct victim *victim, long long now)
{
	return now >= 0 && victim->call.modified >= now;
}

/*
 * That an answer shows no other ETag or version than those that were asked for is
 * not enough to delete anything: it may show none.
 */
static void check_shown(const struct victim *victim,
			const struct s3_object *wanted, const char *what,
			struct err *err)
{
	const struct s3_call *seen = &victim->call;

	if (etag_same(wanted->etag, seen->etag) ||
	    (record_is_version(wanted->version) &&
	     str_eq(wanted->version, seen->version)))
		return;
	err_set(err, "OddServer", "the server shows neither ETag nor version "
		"of %s: not deleted", what);
	err->retry = true;
}

/* Wait until it is older, unless its server's times never tell. */
static void wait_and_look(struct victim *victim)
{
	struct err err;

	if (++victim->waits <= WAITS_MAX) {
		loop_timer_set(victim->removal->filter.loop, &victim->timer,
			       1000, look_at_source, victim);
		return;
	}
	err_set(&err, "OddServer", "the server's Last-Modified of the object "
		"is not before its Date: not deleted");
	err.retry = true;
	flow_failed(victim->item, &err);
}

/*
 * s3route --once has left it to the ledger, which says that the copy was made
 * and that it is this object's.  There may be nothing to see any more.
 */
static bool is_by_ledger(const struct record *r)
{
	return str_is(r->route_by, "ledger");
}

/*
 * The same bytes may have been put again since, with the same ETag.  That is
 * another delivery with an event of its own, and the ledger's copy, which may be
 * away, is not the copy of it.
 */
static bool is_put_again(const struct victim *victim, long long modified)
{
	const struct record *r = &victim->item->record;
	time_t then;

	return is_by_ledger(r) && !record_is_version(r->version) &&
	       !victim->removal->s3.no_modified &&
	       iso_time(r->time.p ? r->time : r->modified, &then) == 0 &&
	       modified > then + CLOCKS_MAX;
}

static void on_source_seen(void *arg)
{
	struct victim *victim = arg;
	struct s3_object source = source_of(victim);
	long long now = http_head_date(&victim->call.aws.http);
	long long modified = victim->call.modified;
	struct err err = s3_end(&victim->call);
	struct s3_call *call;

	if (!err_is_set(&err))
		check_shown(victim, &source, "the object", &err);
	if (!err_is_set(&err) && victim->may_be_itself &&
	    modified == victim->copy_modified)
		err_set(&err, "NotSafe", "the copy seems to be the object "
			"itself, by another URL of its store: not deleted");
	if (s3_may_be_gone(&err)) {
		look_why(victim);
	} else if (err_is_set(&err)) {
		flow_failed(victim->item, &err);
	} else if (is_put_again(victim, modified)) {
		finish(victim, "gone");
	} else if (victim->removal->dry) {
		finish(victim, "removed");
	} else if (is_too_young(victim, now)) {
		wait_and_look(victim);
	} else {
		call = begin(victim, on_deleted);
		call->unmodified_since = modified;
		s3_delete(victim->removal->filter.aws, call, &source);
	}
}

static void look_at_source(void *arg)
{
	struct victim *victim = arg;
	struct s3_object source = source_of(victim);

	s3_head(victim->removal->filter.aws, begin(victim, on_source_seen),
		&source);
}

/*
 * AWS deletes only what has the ETag.  Other servers may not look at that
 * condition, so we look ourselves, and say when what we saw was written, which
 * is a condition that some do look at (RGW).  A version cannot have changed.
 */
static void remove_source(struct victim *victim)
{
	struct aws *aws = victim->removal->filter.aws;
	struct s3_object source = source_of(victim);

	if (victim->removal->dry || victim->may_be_itself ||
	    (!record_is_version(source.version) &&
	     (is_by_ledger(&victim->item->record) ||
	      config_endpoint_is_custom(aws_config(aws), CONFIG_S3))))
		look_at_source(victim);
	else
		s3_delete(aws, begin(victim, on_deleted), &source);
}

/* Only on servers other than AWS's does s3route claim keys. */
static bool is_target_custom(const struct victim *victim)
{
	const struct aws *aws = victim->removal->filter.target_aws;

	return config_endpoint_is_custom(aws_config(aws), CONFIG_S3);
}

static struct s3_object copy_of(const struct victim *victim)
{
	const struct record *r = &victim->item->record;

	return (struct s3_object){ .bucket = r->route_bucket,
				   .key = r->route_key,
				   .version = r->route_version,
				   .etag = r->route_etag };
}

/* Has the copy the name of the object?  In the same store it is the object. */
static bool is_in_place(const struct record *r)
{
	return str_eq(r->route_bucket, r->bucket) &&
	       str_eq(r->route_key, r->key);
}

/*
 * One store may have several URLs.  What was copied to another one has gone
 * through s3route, which has left the record's id; what was there before has a
 * time of its own.
 */
static bool may_be_itself(const struct victim *victim)
{
	const struct record *r = &victim->item->record;

	return victim->removal->endpoint.p && is_in_place(r) &&
	       (r->id.n == 0 || !str_eq(victim->call.record_id, r->id));
}

/*
 * Nothing is deleted before we have seen the copy at its destination.  What only
 * claims the key there is not the copy, although it may look like an empty one.
 */
static void on_copy_seen(void *arg)
{
	struct victim *victim = arg;
	struct s3_object copy = copy_of(victim);
	bool is_claim = is_target_custom(victim) &&
			multipart_is_claim(&victim->call);
	bool may_be_away = is_by_ledger(&victim->item->record);
	struct err err = s3_end(&victim->call);

	victim->may_be_itself = may_be_itself(victim);
	victim->copy_modified = victim->call.modified;
	if (may_be_away && s3_may_be_gone(&err))
		err = (struct err){ .code = "" };
	if (s3_may_be_gone(&err) || (!err_is_set(&err) && is_claim))
		err_set(&err, "CopyMissing",
			"the copy is not at its destination: not deleted");
	if (!err_is_set(&err) && !may_be_away)
		check_shown(victim, &copy, "the copy", &err);
	if (err_is_set(&err))
		flow_failed(victim->item, &err);
	else
		remove_source(victim);
}

static void look_at_copy(struct victim *victim)
{
	struct removal *removal = victim->removal;
	const struct s3_object copy = copy_of(victim);
	struct s3_work work = work_of(victim);

	work.aws = removal->filter.target_aws;
	work.options = &removal->target_s3;
	s3_head(work.aws, s3_begin(&work, &victim->call, on_copy_seen, victim),
		&copy);
}

/* In a dry run, a copy that s3route -n would have made counts as made. */
static bool is_routed(const struct removal *removal, const struct record *r)
{
	return r->route_bucket.n > 0 && r->route_key.n > 0 &&
	       (!r->route_dry.p || removal->dry);
}

static bool is_recorded(const struct removal *removal, const struct record *r)
{
	return r->record_status.p && (removal->dry || !r->record_dry.p);
}

static const char *why_not_by_ledger(const struct removal *removal,
				     const struct record *r)
{
	if (!removal->recorded)
		return "its copy was not looked for, because the ledger has "
		       "it: not deleted, but see --recorded";
	if (!str_is(r->record_status, "repeated"))
		return "the ledger does not have its copy any more: not deleted";
	return NULL;
}

static const char *why_not_by_copy(const struct removal *removal,
				   const struct record *r)
{
	if (!r->route_dry.p && r->route_etag.n == 0)
		return "its server gives copies no ETag, so nothing shows that "
		       "the copy is this object: not deleted";
	if (!str_eq(r->route_endpoint, removal->endpoint))
		return "its copy is in another store: not deleted, but see "
		       "--target-endpoint";
	return NULL;
}

static const char *why_not(const struct removal *removal,
			   const struct record *r)
{
	const char *why;

	if (!is_routed(removal, r))
		return "no copy of it was made: not deleted";
	if (removal->recorded && !is_recorded(removal, r))
		return "it was not recorded: not deleted";
	why = is_by_ledger(r) ? why_not_by_ledger(removal, r) :
				why_not_by_copy(removal, r);
	if (!why && !removal->endpoint.p && is_in_place(r))
		why = "the copy is the object itself: not deleted";
	if (!why && r->route_unguarded.p && !removal->unguarded)
		why = "its server lets others overwrite the copy: not "
		      "deleted, but see --unguarded";
	if (!why && !record_is_version(r->version) && r->etag.n == 0)
		why = "neither version nor ETag is known: not deleted";
	return why;
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct victim *victim = item->state;

	(void)ctx;
	aws_call_free(&victim->call.aws);
	s3_look_cancel(&victim->look);
	loop_timer_stop(&victim->timer);
}

static void start(void *ctx, struct flow_item *item)
{
	struct removal *removal = ctx;
	struct victim *victim = item->state;
	const struct record *r = &item->record;
	const char *why = why_not(removal, r);
	struct err err;

	if (why) {
		err_set(&err, "NotSafe", "%s", why);
		flow_failed(item, &err);
		return;
	}
	victim->removal = removal;
	victim->item = item;
	if (r->route_dry.p || (is_by_ledger(r) && !is_in_place(r)))
		remove_source(victim);
	else
		look_at_copy(victim);
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct removal *removal = ctx;

	if (s3_option_is(option))
		return s3_option_take(&removal->s3, option, arg);
	if (target_option_is(option))
		return target_option_take(&removal->target, option, arg);
	switch (option) {
	case 'n':
		removal->dry = true;
		return NULL;
	case OPTION_UNGUARDED:
		removal->unguarded = true;
		return NULL;
	default:
		removal->recorded = true;
		return NULL;
	}
}

static int set_target(struct filter *filter)
{
	struct removal *removal = filter->flow->ctx;

	removal->target_s3 = removal->s3;
	if (filter_has_target(filter))
		removal->target_s3 = s3_option_elsewhere(&removal->s3,
				removal->target.owner, &removal->target_quirks);
	removal->endpoint = filter_target_endpoint(filter);
	return EX_OK;
}

int main(int argc, char **argv)
{
	struct removal removal = {
		.s3.quirks = &removal.quirks,
		.target = target_option_defaults(),
		.filter.prepare = set_target,
	};
	struct flow_options flow = { .jobs = 16 };
	static const struct option words[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ "recorded", no_argument, NULL, 'r' },
		{ "unguarded", no_argument, NULL, OPTION_UNGUARDED },
		S3_OPTION_WORDS,
		TARGET_OPTION_WORDS,
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
	const struct flow_work filter = {
		.name = "s3rm",
		.passes = 1u << RECORD_GONE,
		.state_size = sizeof(struct victim),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &removal,
	};
	int status = options_read(&options, argc, argv);
	const char *what;

	if (status >= 0)
		return status;
	what = s3_option_end(&removal.s3);
	if (what) {
		report(NULL, what);
		return EX_CONFIG;
	}
	removal.filter.target = &removal.target.choice;
	return filter_run(&removal.filter, &filter, &flow);
}
