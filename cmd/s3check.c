/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3check: is each record's object good?
 *
 * The checks go from cheap to dear: name and size, which the record tells; then
 * the bytes, which the built-in checks and a processor (-x) read side by side;
 * then a worker (-X).  The first step that finds a fault decides; between a
 * built-in check and the processor it is the check.
 *
 * Only AWS's word on a size is taken.  Others announce 0 for what is not empty,
 * or always the same.  Their bytes are counted, or if that size would decide
 * without reading any, the server is asked for it first.
 */

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "aws/aws.h"
#include "base/diag.h"
#include "check/check.h"
#include "check/check_option.h"
#include "config/config_endpoint.h"
#include "fetch/object_reader.h"
#include "fetch/unread.h"
#include "fetch/verify.h"
#include "filter/filter.h"
#include "filter/options.h"
#include "filter/say.h"
#include "format/json_write.h"
#include "processor/child.h"
#include "processor/inspect.h"
#include "processor/processor_option.h"
#include "processor/worker.h"
#include "s3/s3_look.h"
#include "s3/s3_option.h"

struct s3check {
	struct processor_options processor;
	struct check_rules rules;
	struct s3_options s3;
	struct s3_quirks quirks;
	struct workers *workers;	/* of -X, or NULL */
	bool is_misfit_told;		/* of a processor set up wrongly */
	struct flow_item *item;		/* any that was started, or NULL */
	enum { UNKNOWN, AWS, OTHER } server;	/* whom we would ask */
	struct filter filter;
};

enum { TRIES = 3, PAUSE_MS = 200 };

struct work {
	struct flow_item *item;
	struct s3check *checks;
	unsigned tries;			/* of the processor, so far */
	struct loop_timer timer;	/* until the next one */
	struct s3_call head;		/* asks for the size */
	struct inspect inspect;
	struct worker_job job;
	struct unread unread;
};

static const char usage[] =
	"s3check: decide whether the object of each record is good or bad\n"
	"usage: s3check [-hkoVvz] [-x CMD | -X CMD] [OPTION]... < RECORDS\n"
	"\n"
	PROCESSOR_OPTION_USAGE
	CHECK_OPTION_USAGE
	S3_OPTION_USAGE
	"  -j, --jobs JOBS             objects at once (32; with -x or -X, one per CPU)\n"
	OPTIONS_USAGE;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3check", str_of(line));
}

/* Begin the member "check": who decided, and which built-in checks ran. */
static void open_check(const struct s3check *checks, struct buf *members,
		       const char *by)
{
	json_member_open(members, "check");
	json_member(members, "by", str_of(by));
	check_put(members, &checks->rules);
}

static void put_check(const struct work *work)
{
	const struct inspect *x = &work->inspect;
	struct buf *members = &work->item->members;

	open_check(work->checks, members, x->by);
	inspect_put(members, x);
	if (x->processor_ran || work->job.arg)
		json_member_number(members, "took_ms",
				   x->processor.took_ms + work->job.took_ms);
	buf_putc(members, '}');
}

/* A note that cannot be read changes no verdict, but should be mended. */
static void complain(const struct record *r, const struct err *err)
{
	struct buf line;

	buf_init(&line, 8 << 10);
	diag_put_object(&line, r->bucket, r->key);
	buf_puts(&line, ": its note on descriptor 3: ");
	diag_put(&line, str_of(err->message));
	report(NULL, buf_cstr(&line));
	buf_free(&line);
}

static void start(void *ctx, struct flow_item *item);

static void on_looked(void *arg, enum unread_end end)
{
	struct work *work = arg;
	struct s3check *checks = work->checks;
	struct flow_item *item = work->item;
	const struct s3_look *look = &work->unread.look;

	switch (end) {
	case UNREAD_GONE:
		flow_gone(item, &look->err, look->now);
		break;
	case UNREAD_FAILED:
		flow_failed(item, &look->err);
		break;
	case UNREAD_AGAIN:
		memset(work, 0, sizeof(*work));
		start(checks, item);
		break;
	}
}

static void look_why(struct work *work)
{
	struct s3check *checks = work->checks;
	const struct s3_work what = { checks->filter.aws, &checks->s3,
				      &work->item->record,
				      &work->item->arena };

	unread_look(&work->unread, &what, &work->inspect.reader.marks,
		    on_looked, work);
}

/*
 * What it said when it failed, so that the log has the whole traceback.  Of one
 * that is set up wrongly each record would have the same.
 */
static void repeat(struct work *work, const struct err *err, struct str said)
{
	const struct record *r = &work->item->record;
	bool is_misfit = err_is(err, ERR_PROCESSOR_CONFIG);
	struct str line;
	struct buf text;

	if (is_misfit && work->checks->is_misfit_told)
		return;
	work->checks->is_misfit_told |= is_misfit;
	buf_init(&text, 64 << 10);
	while ((line = str_next(&said, '\n')).p) {
		diag_put_object(&text, r->bucket, r->key);
		buf_puts(&text, ": processor: ");
		diag_put(&text, str_trim_end(line, "\r"));
		report(NULL, buf_cstr(&text));
		buf_reset(&text);
	}
	buf_free(&text);
}

/* One that is set up wrongly is for whoever started us to mend. */
static void fail(struct work *work, const struct err *err)
{
	if (err_is(err, ERR_PROCESSOR_CONFIG))
		flow_status(work->item, EX_CONFIG);
	flow_failed(work->item, err);
}

static void decide(struct work *work, enum record_outcome outcome,
		   const struct record_bad *bad, const struct err *err)
{
	switch (outcome) {
	case RECORD_GOOD:
		put_check(work);
		flow_done(work->item);
		break;
	case RECORD_BAD:
		put_check(work);
		flow_bad(work->item, bad);
		break;
	case RECORD_GONE:
		look_why(work);
		break;
	case RECORD_FAILED:
		fail(work, err);
		break;
	}
}

static void on_answered(void *arg)
{
	struct work *work = arg;

	work->inspect.by = "processor";
	if (work->job.outcome == RECORD_FAILED)
		repeat(work, &work->job.err, work->job.said);
	decide(work, work->job.outcome, &work->job.bad, &work->job.err);
}

static void ask(struct work *work)
{
	work->job.record = &work->item->record;
	work->job.arena = &work->item->arena;
	work->job.done = on_answered;
	work->job.arg = work;
	worker_ask(work->checks->workers, &work->job);
}

static void inspect(struct s3check *checks, struct flow_item *item);

static void inspect_again(void *arg)
{
	struct work *work = arg;

	inspect(work->checks, work->item);
}

/*
 * A processor that found no process to be had has not decided.  Others end
 * soon, so it is run again, on the bytes from their beginning.
 */
static bool tries_again(struct work *work)
{
	struct inspect *x = &work->inspect;

	if (x->outcome != RECORD_FAILED || !x->processor.may_run_again ||
	    ++work->tries == TRIES)
		return false;
	*x = (struct inspect){ .rules = x->rules, .record = x->record,
			       .counts_size = x->counts_size };
	loop_timer_set(work->checks->filter.loop, &work->timer,
		       (uint64_t)PAUSE_MS << work->tries, inspect_again, work);
	return true;
}

static void on_inspected(void *arg)
{
	struct work *work = arg;
	const struct inspect *x = &work->inspect;

	if (tries_again(work))
		return;
	if (err_is_set(&x->processor.complaint))
		complain(&work->item->record, &x->processor.complaint);
	if (x->outcome == RECORD_FAILED)
		repeat(work, &x->err, x->bad.stderr_text);
	outfile_put(&work->item->members, &x->output, x->how->output_type);
	if (x->outcome == RECORD_GOOD && work->checks->workers)
		ask(work);
	else
		decide(work, x->outcome, &x->bad, &x->err);
}

/* Open AWS if that has not been done.  Without it the record fails. */
static bool has_aws(struct s3check *checks, struct flow_item *item)
{
	struct err err;

	if (filter_aws(&checks->filter, &err))
		return true;
	flow_status(item, EX_CONFIG);
	flow_failed(item, &err);
	return false;
}

static void inspect(struct s3check *checks, struct flow_item *item)
{
	struct work *work = item->state;
	struct inspect *x = &work->inspect;

	if (inspect_is_remote(&checks->rules, &checks->processor,
			      &item->record) && !has_aws(checks, item))
		return;
	x->loop = checks->filter.loop;
	x->aws = checks->filter.aws;
	x->how = &checks->processor;
	x->options = &checks->s3;
	x->arena = &item->arena;
	x->done = on_inspected;
	x->arg = work;
	inspect_start(x);
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct work *work = item->state;

	(void)ctx;
	loop_timer_stop(&work->timer);
	aws_call_free(&work->head.aws);
	inspect_cancel(&work->inspect);
	unread_cancel(&work->unread);
	worker_cancel(&work->job);
}

/* A folder is not data: nothing looks at it, and nothing copies it. */
static void skip(struct flow_item *item)
{
	json_member_open(&item->members, "check");
	json_member(&item->members, "skipped", STR("folder"));
	buf_putc(&item->members, '}');
	flow_done(item);
}

static bool is_bad(const struct s3check *checks, const struct record *record,
		   struct arena *arena)
{
	struct record_bad bad;
	const char *by;

	return check_record(&checks->rules, record, arena, &bad, &by);
}

static bool is_skipped(const struct s3check *checks,
		       const struct record *record)
{
	return checks->rules.skip_folders && record_is_folder(record);
}

/* What the record tells first, and then the bytes. */
static void look(struct work *work)
{
	struct s3check *checks = work->checks;
	struct flow_item *item = work->item;
	struct record_bad bad;
	const char *by;

	if (is_skipped(checks, &item->record)) {
		skip(item);
	} else if (check_record(&checks->rules, &item->record, &item->arena,
				&bad, &by)) {
		open_check(checks, &item->members, by);
		buf_putc(&item->members, '}');
		flow_bad(item, &bad);
	} else if (check_has_any(&checks->rules) || checks->processor.command) {
		inspect(checks, item);
	} else if (checks->workers) {
		ask(work);
	} else {
		flow_done(item);
	}
}

/* Sizes that may be wrong */

static bool is_endpoint_custom(const struct s3check *checks)
{
	struct config *config;
	struct err err;
	bool is_custom;

	if (checks->filter.aws)
		return config_endpoint_is_custom(aws_config(checks->filter.aws),
						 CONFIG_S3);
	config = config_load(NULL, &err);
	is_custom = config && config_endpoint_is_custom(config, CONFIG_S3);
	config_free(config);
	return is_custom;
}

/* A record has a source if that is not AWS; some servers pretend to be. */
static bool is_by_aws(struct s3check *checks, const struct record *record)
{
	if (record->source.p && !str_is(record->source, "aws:s3"))
		return false;
	if (checks->server == UNKNOWN)
		checks->server = is_endpoint_custom(checks) ? OTHER : AWS;
	return checks->server == AWS;
}

/* Does the announced size decide something? */
static bool does_size_matter(const struct s3check *checks,
			     struct flow_item *item)
{
	struct record unsized = item->record;

	unsized.has_size = false;
	return item->record.has_size &&
	       (is_skipped(checks, &item->record) ||
		(check_has_sizes(&checks->rules) &&
		 !is_bad(checks, &unsized, &item->arena)));
}

/* May the bytes be counted as they come?  Not if none are to be read. */
static bool can_count(const struct s3check *checks, struct flow_item *item)
{
	const struct record *r = &item->record;

	return inspect_is_remote(&checks->rules, &checks->processor, r) &&
	       !is_skipped(checks, r) && !is_bad(checks, r, &item->arena);
}

/* The record keeps what was announced; we go by what there is. */
static void set_size(struct flow_item *item, unsigned long long size)
{
	item->record.size = size;
	item->record.size_text = str_of(arena_printf(&item->arena, "%llu",
						     size));
}

static void on_sized(void *arg)
{
	struct work *work = arg;
	struct flow_item *item = work->item;
	struct s3_call *head = &work->head;
	struct err err = s3_end(head);

	if (!err_is_set(&err) && head->has_size &&
	    !record_is_pinned(&item->record))
		verify_size(head->size, &item->record, &err);
	if (err_is_set(&err)) {
		work->inspect.err = err;
		if (s3_may_be_gone(&err))
			look_why(work);
		else
			fail(work, &err);
		return;
	}
	if (head->has_size)
		set_size(item, head->size);
	item->record.has_size = head->has_size;
	look(work);
}

static void ask_size(struct work *work)
{
	struct s3check *checks = work->checks;
	struct flow_item *item = work->item;
	const struct record *r = &item->record;
	const struct s3_object object = s3_object_of(r);
	struct s3_work call = { NULL, &checks->s3, r, &item->arena };

	if (!has_aws(checks, item))
		return;
	call.aws = checks->filter.aws;
	s3_head(call.aws, s3_begin(&call, &work->head, on_sized, work),
		&object);
}

static void start(void *ctx, struct flow_item *item)
{
	struct s3check *checks = ctx;
	struct work *work = item->state;
	unsigned long long bytes;

	work->item = checks->item = item;
	work->checks = checks;
	unread_begin(&work->unread, &checks->s3);
	work->inspect.rules = &checks->rules;
	work->inspect.record = &item->record;
	if (!does_size_matter(checks, item) || is_by_aws(checks, &item->record)) {
		look(work);
	} else if (can_count(checks, item)) {
		work->inspect.counts_size = true;
		look(work);
	} else if (object_reader_is_remote(&item->record)) {
		ask_size(work);
	} else {
		if (str_number(item->record.fetch_bytes, &bytes) == 0)
			set_size(item, bytes);
		look(work);
	}
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct s3check *checks = ctx;

	if (s3_option_is(option))
		return s3_option_take(&checks->s3, option, arg);
	if (processor_option_is(option))
		return processor_option_take(&checks->processor, option, arg);
	return check_option_take(&checks->rules, option, arg);
}

/*
 * Signals.  One that would end us first ends what processors have started, and
 * removes their folders; then it ends us.
 */

static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
static volatile sig_atomic_t ended_by;
static int signal_pipe[2] = { -1, -1 };

static void on_signal(int signal)
{
	int why = errno;
	ssize_t ignored;

	ended_by = signal;
	ignored = write(signal_pipe[1], "", 1);
	(void)ignored; /* a full pipe wakes us as well */
	errno = why;
}

static void die(int signal_number)
{
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void on_told(void *arg, int fd, short events)
{
	struct s3check *checks = arg;

	(void)events;
	loop_watch(checks->filter.loop, fd, 0, NULL, NULL);
	if (checks->item) {
		flow_stop(checks->item);
	} else {
		workers_free(checks->workers);
		die(ended_by);
	}
}

/* What ignores a signal, as nohup(1) makes us, goes on ignoring it. */
static void catch(int signal)
{
	struct sigaction action;

	if (sigaction(signal, NULL, &action) < 0 ||
	    action.sa_handler == SIG_IGN)
		return;
	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigaction(signal, &action, NULL);
}

static int open_pipe(void)
{
	if (pipe(signal_pipe) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC) < 0 ||
		    fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK) < 0)
			return -1;
	return 0;
}

static int catch_signals(struct s3check *checks)
{
	if (open_pipe() < 0 ||
	    loop_watch(checks->filter.loop, signal_pipe[0], POLLIN, on_told,
		       checks) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		catch(ends[i]);
	return 0;
}

static int start_workers(struct filter *filter)
{
	struct s3check *checks = filter->flow->ctx;

	if (!checks->processor.worker && !checks->processor.command)
		return EX_OK;
	if (catch_signals(checks) < 0) {
		report(NULL, strerror(errno));
		return EX_OSERR;
	}
	if (!checks->processor.worker)
		return EX_OK;
	checks->workers = workers_new(filter->loop, &checks->processor,
				      filter->options.jobs);
	if (checks->workers)
		return EX_OK;
	report(NULL, "out of memory");
	return EX_OSERR;
}

/* Without a sandbox only the environment and the folder are kept apart. */
static void tell_sandbox(const struct s3check *checks, bool is_verbose)
{
	const struct processor_options *how = &checks->processor;

	if (is_verbose && !how->common.has_sandbox &&
	    how->sandbox == PROCESSOR_SANDBOX_AUTO &&
	    (how->command || how->worker))
		report(NULL, "no sandbox: this kernel has no Landlock");
}

static int prepare(struct filter *filter)
{
	struct s3check *checks = filter->flow->ctx;
	struct err err;

	if (processor_option_prepare(&checks->processor, &err) < 0) {
		child_finish(&checks->processor.common, filter->loop);
		report(NULL, err.message);
		return EX_CONFIG;
	}
	tell_sandbox(checks, filter->options.verbose);
	return start_workers(filter);
}

/* There are no items any more: a signal ends us when all have ended. */
static void end_workers(struct filter *filter)
{
	struct s3check *checks = filter->flow->ctx;

	if (signal_pipe[0] >= 0)
		loop_watch(filter->loop, signal_pipe[0], 0, NULL, NULL);
	workers_free(checks->workers);
	child_finish(&checks->processor.common, filter->loop);
}

int main(int argc, char **argv)
{
	struct s3check checks = {
		.processor = PROCESSOR_OPTIONS,
		.rules = CHECK_RULES,
		.s3.quirks = &checks.quirks,
		.filter = { .lazy = true, .prepare = prepare,
			    .finish = end_workers },
	};
	struct flow_options flow = { .jobs = 0 };
	static const struct option words[] = {
		CHECK_OPTION_WORDS,
		PROCESSOR_OPTION_WORDS,
		S3_OPTION_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3check",
		.usage = usage,
		.letters = PROCESSOR_OPTION_LETTERS "z",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &checks,
		.flow = &flow,
	};
	const struct flow_work filter = {
		.name = "s3check",
		.passes = 1u << RECORD_BAD | 1u << RECORD_GONE,
		.state_size = sizeof(struct work),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &checks,
	};
	int status = options_read(&options, argc, argv);
	const char *what = status < 0 ?
		processor_option_end(&checks.processor) : NULL;
	const char *owner = s3_option_end(&checks.s3);

	if (what || (status < 0 && owner)) {
		report(NULL, what ? what : owner);
		status = what ? EX_USAGE : EX_CONFIG;
	} else if (status < 0) {
		setlocale(LC_CTYPE, "C.UTF-8"); /* --name: ? is a character */
		if (flow.jobs == 0)
			flow.jobs = processor_option_jobs(
				&checks.processor, options_processors());
		status = filter_run(&checks.filter, &filter, &flow);
	}
	processor_option_free(&checks.processor);
	if (ended_by)
		die(ended_by);
	return status;
}
