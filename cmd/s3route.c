/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3route: copy good objects to processed, bad ones to bad data.
 *
 * The destination follows from the record alone, so the same event always leads
 * to the same key.  place.h makes the copy and overwrites nothing that differs;
 * why.h then explains a bad object beside it.  With --redo, redo.h removes what
 * an earlier decision has put elsewhere.  The source stays: see s3rm.
 *
 *	start -> (--once: ask_ledger ->) place -> (bad: explain ->)
 *	finish -> (--redo: put_right ->) end_record
 *
 * In the file the last step comes first, since each names the next.
 */

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/option_base.h"
#include "fetch/spool.h"
#include "filter/filter.h"
#include "filter/options.h"
#include "filter/say.h"
#include "filter/target_option.h"
#include "ledger/ledger_read.h"
#include "place/guard.h"
#include "place/place.h"
#include "place/route.h"
#include "place/why.h"
#include "record/allowed.h"
#include "record/dest_key.h"
#include "record/record_fault.h"
#include "record/record_was.h"
#include "redo/redo.h"
#include "s3/s3_option.h"

enum {
	OPTION_BAD_TEMPLATE = OPTION_BASE_TOOL, OPTION_COPY, OPTION_NO_WHY,
	OPTION_ONCE, OPTION_PREFIX, OPTION_REDO, OPTION_REQUIRE_VERSION,
	OPTION_UNGUARDED
};

struct side {
	const char *bucket;
	const char *template;	/* of keys */
	struct server server;
};

struct routes {
	struct side processed;
	struct side bad_data;	/* its template may be NULL: the same */
	bool once;		/* what the ledger says is done, is done */
	bool redo;		/* what was decided otherwise is put right */
	bool unguarded;		/* also where another may overwrite the copy */
	const char *table;	/* the ledger */
	const char *source_prefix; /* where events come from, or NULL */
	enum place_policy policy;
	bool dry;		/* look, but write nothing */
	bool no_why;		/* explain nothing */
	bool requires_version;	/* an ETag is not enough */
	struct s3_options s3;
	struct s3_options target_s3;
	struct s3_quirks target_quirks;
	struct target_options target;
	struct str endpoint;	/* of the copies, where it is another store */
	struct claims claims;
	struct pieces pieces;
	struct s3_quirks quirks;
	enum place_copy copy;
	struct filter filter;
	struct err err;		/* what is wrong with a template */
	bool has_buckets;	/* objects come from more than one */
	unsigned long long in, decided_before;	/* records, see warn_of_old() */
};

struct move {
	struct routes *routes;
	struct flow_item *item;
	struct record at;	/* the record, its object where its bytes are */
	struct ledger_read read;
	struct place place;
	struct why why;
	struct route route;	/* what becomes of it */
	bool has_was;		/* it is decided anew */
	struct record_was was;
	struct record_copy ours;	/* that may be replaced */
	struct redo *redo;	/* in the item's arena; NULL until it begins */
};

static const char usage[] =
	"s3route: copy good objects to one bucket and bad ones to another\n"
	"usage: s3route [-hknVv] [-p BUCKET] [-b BUCKET] [OPTION]... < RECORDS\n"
	"\n"
	"  -p, --processed BUCKET      where good objects go (PROCESSED_BUCKET)\n"
	"  -b, --bad-data BUCKET       where bad objects go (BAD_DATA_BUCKET)\n"
	"  -t, --template TEMPLATE     their keys ({key}); --bad-template for bad ones\n"
	"  -c, --collision POLICY      keep-both, fail or replace (keep-both)\n"
	"      --copy WAY              auto, server or through: who copies (auto)\n"
	"  -n, --dry-run               look at what is there, but write nothing\n"
	"  -j, --jobs JOBS             objects at once (32)\n"
	S3_OPTION_USAGE
	S3_OPTION_COPY_USAGE
	TARGET_OPTION_USAGE
	"      --no-why                write no .why.json beside bad objects\n"
	"      --once[=TABLE]          copy nothing that is in the ledger (RECORD_TABLE)\n"
	"      --redo[=TABLE]          put right what was decided otherwise; --unguarded\n"
	"      --require-version       fail what has no version, only an ETag\n"
	"      --source-prefix PREFIX  events come only from there\n"
	OPTIONS_USAGE;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3route", str_of(line));
}

/* An object's way, from its end */

/* Of what is gone only the rest of an earlier decision was put right. */
static void end_record(struct move *move)
{
	struct flow_item *item = move->item;

	if (record_outcome(&item->record) != RECORD_GONE)
		route_put(&item->members, &move->route);
	if (move->redo)
		redo_put(&item->members, move->redo);
	flow_done(item);
}

static void on_redone(void *arg)
{
	struct move *move = arg;

	if (err_is_set(&move->redo->err))
		flow_failed(move->item, &move->redo->err);
	else
		end_record(move);
}

/* The object is where it belongs: what an earlier decision has left can go. */
static void put_right(struct move *move)
{
	const struct routes *routes = move->routes;
	const struct place *place = &move->place;
	struct flow_item *item = move->item;
	struct err err;

	move->redo = arena_alloc(&item->arena, sizeof(*move->redo));
	if (!move->redo) {
		err_memory(&err);
		flow_failed(item, &err);
		return;
	}
	*move->redo = (struct redo){
		.loop = routes->filter.loop, .work = place->to_work,
		.aws = routes->filter.aws, .table = routes->table,
		.dry = routes->dry, .was = move->was,
		.expects = move->read.was_asked,
		.expected = move->read.item ?
			    move->read.item->decision.count : 0,
		.good_template = routes->processed.template,
		.bad_template = routes->bad_data.template ?
			routes->bad_data.template : routes->processed.template,
		.has_buckets = routes->has_buckets,
		.is_unsafe = place->is_unguarded && !routes->unguarded,
		.now = {
			.bucket = place->bucket, .key = place->key,
			.etag = place->etag, .version = place->version,
			.endpoint = routes->endpoint, .why = move->why.key,
		},
		.done = on_redone, .arg = move,
	};
	if (record_outcome(&item->record) == RECORD_GONE)
		redo_gone(move->redo);
	else
		redo_start(move->redo);
}

static void finish(struct move *move)
{
	struct flow_item *item = move->item;

	move->route.why = move->why.key;
	if (move->routes->filter.options.verbose)
		item->note = route_note(&move->route, &item->arena);
	if (move->has_was)
		put_right(move);
	else
		end_record(move);
}

static void on_explained(void *arg)
{
	struct move *move = arg;

	if (err_is_set(&move->why.err))
		flow_failed(move->item, &move->why.err);
	else
		finish(move);
}

/* Put the reason why an object is bad beside its copy. */
static void explain(struct move *move)
{
	move->why = (struct why){ .route = &move->route, .now = time(NULL),
				  .done = on_explained, .arg = move };
	why_start(&move->why);
}

/* Remove the spool file, even if the record failed: a retry fetches again. */
static void end(void *ctx, struct flow_item *item)
{
	const struct routes *routes = ctx;

	if (!routes->dry)
		spool_remove(&item->record);
}

static void on_placed(void *arg)
{
	struct move *move = arg;
	struct flow_item *item = move->item;

	if (move->place.outcome == RECORD_FAILED)
		flow_failed(item, &move->place.err);
	else if (move->place.outcome == RECORD_GONE)
		flow_gone(item, &move->place.err, move->place.now);
	else if (move->route.is_bad && !move->routes->no_why)
		explain(move);
	else
		finish(move);
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct move *move = item->state;

	(void)ctx;
	ledger_read_cancel(&move->read);
	place_cancel(&move->place);
	why_cancel(&move->why);
	if (move->redo)
		redo_cancel(move->redo);
}

/* Is it still what the list says? */
static void catch_up(struct move *move)
{
	struct flow_item *item = move->item;
	struct err err;

	int status = redo_catch_up(&move->was, &move->ours, &item->record,
				   move->read.item, &item->arena, &err);

	if (record_outcome(&item->record) == RECORD_GONE) {
		if (status < 0)
			end_record(move);
		else
			put_right(move);
		return;
	}
	if (status < 0) {
		flow_failed(item, &err);
		return;
	}
	move->place.ours = redo_ours(&move->ours, move->routes->endpoint);
	place_start(&move->place);
}

/* A copy that was recorded may have been taken away since, by its reader. */
static void on_asked(void *arg)
{
	struct move *move = arg;
	const struct ledger_read *read = &move->read;
	struct place *place = &move->place;
	struct str bucket, key;

	if (err_is_set(&read->err)) {
		flow_failed(move->item, &read->err);
		return;
	}
	if (move->has_was) {
		catch_up(move);
		return;
	}
	if (!read->is_done ||
	    !ledger_read_split(read->destination, &bucket, &key)) {
		place_start(place);
		return;
	}
	place->bucket = bucket;
	place->key = key;
	place->already = true;
	place->is_unguarded = read->item->decision.unguarded.p;
	move->route.by_ledger = true;
	move->route.endpoint = STR_NONE;
	finish(move);
}

static void ask_ledger(struct move *move)
{
	const struct routes *routes = move->routes;
	struct flow_item *item = move->item;

	move->read = (struct ledger_read){
		.aws = routes->filter.aws, .arena = &item->arena,
		.record = &item->record, .table = routes->table,
		.done = on_asked, .arg = move,
	};
	ledger_read_start(&move->read);
}

static void set_place(struct move *move, struct side *side)
{
	struct routes *routes = move->routes;
	struct flow_item *item = move->item;
	struct place *place = &move->place;

	place->work = (struct s3_work){ routes->filter.aws, &routes->s3,
					&move->at, &item->arena };
	place->to_work = (struct s3_work){ routes->filter.target_aws,
					   &routes->target_s3, &item->record,
					   &item->arena };
	place->server = &side->server;
	place->pieces = &routes->pieces;
	place->copy = routes->copy;
	place->claims = &routes->claims;
	place->policy = routes->policy;
	place->dry = routes->dry;
	place->done = on_placed;
	place->arg = move;
}

/*
 * A bad copy must not have the name of an explanation: whoever removes the one
 * would remove the other.  An explanation that was copied back, to be tried
 * again, would have it, and takes its second name.  -1 with err.
 */
static int leave_why_name(struct move *move, struct err *err)
{
	struct place *place = &move->place;
	struct flow_item *item = move->item;

	if (!dest_key_is_why(place->key))
		return 0;
	place->key = dest_key_second_in(place->key, &item->record, &item->arena);
	place->is_second = true;
	return place->key.p ? 0 : err_memory(err);
}

/*
 * Name the place.  Of two objects with one MD5, an ETag does not say which was
 * checked.  A bucket of the same name in another store is another bucket, so no
 * loop leads there.  -1 with err.
 */
static int name_place(struct move *move, const struct side *side,
		      struct err *err)
{
	const struct routes *routes = move->routes;
	const struct record *r = &move->item->record;
	struct place *place = &move->place;

	if (routes->requires_version && !record_is_version(r->version))
		return err_set(err, "VersionRequired", "the object has no "
			       "version, so nothing proves that what was "
			       "checked is what would be copied");
	place->bucket = str_of(side->bucket);
	if (dest_key_key(side->template ? side->template :
					  routes->processed.template,
			 r, &move->item->arena, &place->key, err) < 0 ||
	    (side == &routes->bad_data && leave_why_name(move, err) < 0))
		return -1;
	if (routes->endpoint.p ||
	    guard_check(routes->source_prefix, r, place->bucket, place->key,
			err) == 0)
		return 0;
	flow_status(move->item, EX_CONFIG);
	return -1;
}

/*
 * Where its bytes are, and what was decided before.  --once asks for the latter,
 * too, since what an audit has missed is to be placed again.  -1 with err.
 */
static int read_past(struct move *move, struct err *err)
{
	const struct routes *routes = move->routes;
	struct flow_item *item = move->item;
	struct record_copy at;
	int found = record_fetched_at(&item->record, &item->arena, &at, err);

	if (found < 0)
		return -1;
	move->at = found ? record_at(&item->record, &at) : item->record;
	if (!routes->redo && !routes->once)
		return 0;
	found = record_was(&item->record, &item->arena, &move->was, err);
	move->has_was = routes->redo && found > 0;
	move->ours = move->was.copy;
	return found < 0 ? -1 : 0;
}

static void start(void *ctx, struct flow_item *item)
{
	struct routes *routes = ctx;
	const struct record *r = &item->record;
	struct move *move = item->state;
	bool bad = record_outcome(r) == RECORD_BAD;
	bool gone = record_outcome(r) == RECORD_GONE;
	struct side *side = bad ? &routes->bad_data : &routes->processed;
	struct err err;

	move->item = item;
	move->routes = routes;
	routes->in++;
	if (r->route_to.p || r->record_status.p)
		routes->decided_before++;
	if (read_past(move, &err) < 0 ||
	    (!gone && name_place(move, side, &err) < 0)) {
		flow_failed(item, &err);
		return;
	}
	set_place(move, side);
	move->route = (struct route){ .place = &move->place, .is_bad = bad,
				      .endpoint = routes->endpoint };
	if (gone && !move->has_was)
		end_record(move);
	else if (move->has_was || (routes->once && !move->was.missing.p))
		ask_ledger(move);
	else
		place_start(&move->place);
}

/* Options */

static const char *take_template(struct routes *routes, const char *arg,
				 const char **template)
{
	*template = arg;
	return dest_key_check(arg, &routes->err) < 0 ? routes->err.message :
						       NULL;
}

static const char *take_table(struct routes *routes, bool *is_on,
			      const char *arg)
{
	*is_on = true;
	routes->table = arg ? arg : routes->table;
	return NULL;
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct routes *routes = ctx;

	if (s3_option_is(option))
		return s3_option_take(&routes->s3, option, arg);
	if (target_option_is(option))
		return target_option_take(&routes->target, option, arg);
	switch (option) {
	case 'b': routes->bad_data.bucket = arg; return NULL;
	case 'c':
		return place_policy(arg, &routes->policy) < 0 ?
			"neither keep-both nor fail nor replace" : NULL;
	case 'n': routes->dry = true; return NULL;
	case 'p': routes->processed.bucket = arg; return NULL;
	case OPTION_COPY:
		return place_copy(arg, &routes->copy) < 0 ?
			"neither auto nor server nor through" : NULL;
	case OPTION_BAD_TEMPLATE:
		return take_template(routes, arg, &routes->bad_data.template);
	case OPTION_NO_WHY: routes->no_why = true; return NULL;
	case OPTION_ONCE: return take_table(routes, &routes->once, arg);
	case OPTION_PREFIX:
		routes->source_prefix = arg;
		return *arg ? NULL : "every key has this prefix";
	case OPTION_REDO: return take_table(routes, &routes->redo, arg);
	case OPTION_UNGUARDED: routes->unguarded = true; return NULL;
	case OPTION_REQUIRE_VERSION:
		routes->requires_version = true;
		return NULL;
	default:
		return take_template(routes, arg, &routes->processed.template);
	}
}

/* The run */

static int prepare(struct filter *filter)
{
	struct routes *routes = filter->flow->ctx;

	routes->target_s3 = routes->s3;
	if (filter_has_target(filter))
		routes->target_s3 = s3_option_elsewhere(&routes->s3,
				routes->target.owner, &routes->target_quirks);
	routes->endpoint = filter_target_endpoint(filter);
	server_init(&routes->processed.server, filter->target_aws);
	server_init(&routes->bad_data.server, filter->target_aws);
	routes->processed.server.say = routes->bad_data.server.say = report;
	return EX_OK;
}

/* A log of records that is fed in again says what was decided, not what is. */
static void warn_of_old(const struct routes *routes)
{
	if (routes->in > 0 && routes->decided_before == routes->in)
		report(NULL, "every record came with the verdict of an earlier "
		       "run, so nothing was decided anew: see --redo, and "
		       "ddb-list(1)");
}

static void clear(struct filter *filter)
{
	struct routes *routes = filter->flow->ctx;

	warn_of_old(routes);
	server_free(&routes->processed.server);
	server_free(&routes->bad_data.server);
}

/* Settings that cannot be meant */

/* In "processed/sub" guard.h would not see the bucket that it is. */
static bool is_set(const char *bucket, const char *if_not)
{
	if (!bucket || !*bucket)
		report(NULL, if_not);
	else if (!record_is_bucket(str_of(bucket)))
		say_wrong("s3route", "not the name of a bucket, which is given "
			  "alone", bucket);
	else
		return true;
	return false;
}

/* What is good and what is bad must be told apart, by bucket or by key. */
static bool do_differ(const struct routes *routes)
{
	const struct side *good = &routes->processed, *bad = &routes->bad_data;

	if (strcmp(good->bucket, bad->bucket) != 0 ||
	    (bad->template && strcmp(bad->template, good->template) != 0))
		return true;
	say_wrong("s3route", "good and bad objects would go to the same "
		  "bucket; see --bad-template", good->bucket);
	return false;
}

/* NULL, or what the options lack. */
static const char *what_is_wrong(const struct routes *routes)
{
	bool has_table = routes->table && *routes->table;

	if (routes->once && routes->redo)
		return "--once leaves what was decided, --redo does not: "
		       "give one of them";
	if (routes->redo && !has_table)
		return "--redo: no table: give --redo=TABLE or set "
		       "RECORD_TABLE";
	if (routes->once && !has_table)
		return "--once: no table: give --once=TABLE or set "
		       "RECORD_TABLE";
	if (routes->copy == PLACE_COPY_SERVER &&
	    config_choice_is_set(&routes->target.choice))
		return "--copy server: no server copies to another store";
	return NULL;
}

static bool has_several(const char *names)
{
	struct str first = allowed_next(&names);

	return first.p && allowed_next(&names).p;
}

int main(int argc, char **argv)
{
	struct routes routes = {
		.has_buckets = has_several(getenv("SOURCE_BUCKETS")),
		.processed = { .bucket = getenv("PROCESSED_BUCKET"),
			       .template = "{key}" },
		.bad_data.bucket = getenv("BAD_DATA_BUCKET"),
		.table = getenv("RECORD_TABLE"),
		.target = target_option_defaults(),
		.filter = { .prepare = prepare, .finish = clear },
		.s3.quirks = &routes.quirks,
	};
	struct flow_options flow = { .jobs = 32 };
	static const struct option words[] = {
		{ "bad-data", required_argument, NULL, 'b' },
		{ "bad-template", required_argument, NULL,
		  OPTION_BAD_TEMPLATE },
		{ "collision", required_argument, NULL, 'c' },
		{ "copy", required_argument, NULL, OPTION_COPY },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "no-why", no_argument, NULL, OPTION_NO_WHY },
		{ "once", optional_argument, NULL, OPTION_ONCE },
		{ "processed", required_argument, NULL, 'p' },
		{ "redo", optional_argument, NULL, OPTION_REDO },
		{ "require-version", no_argument, NULL,
		  OPTION_REQUIRE_VERSION },
		{ "source-prefix", required_argument, NULL, OPTION_PREFIX },
		{ "template", required_argument, NULL, 't' },
		{ "unguarded", no_argument, NULL, OPTION_UNGUARDED },
		S3_OPTION_WORDS,
		S3_OPTION_COPY_WORDS,
		TARGET_OPTION_WORDS,
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
	struct flow_work filter = {
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
	const char *what;

	if (status >= 0)
		return status;
	what = s3_option_end(&routes.s3);
	if (!what &&
	    (!is_set(routes.processed.bucket, "no bucket for processed data: "
		     "give -p or set PROCESSED_BUCKET") ||
	     !is_set(routes.bad_data.bucket, "no bucket for bad data: give -b "
		     "or set BAD_DATA_BUCKET") ||
	     !do_differ(&routes)))
		return EX_CONFIG;
	if (!what)
		what = what_is_wrong(&routes);
	if (what) {
		report(NULL, what);
		return EX_CONFIG;
	}
	routes.filter.target = &routes.target.choice;
	if (routes.redo)
		filter.passes = 0;
	return filter_run(&routes.filter, &filter, &flow);
}
