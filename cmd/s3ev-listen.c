/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-listen: take events over HTTP, and give them to a pipeline.
 *
 * Servers that push their events (Ceph, MinIO, RustFS, VersityGW) send each in a
 * POST and want a 2xx.  With a journal they get it when the event is on the disk,
 * otherwise when all is decided.  See listen/listener.h.
 */

#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/diag.h"
#include "driver/driver_option.h"
#include "driver/notify.h"
#include "driver/stop.h"
#include "filter/command_line.h"
#include "filter/say.h"
#include "filter/show.h"
#include "io/loop.h"
#include "listen/listen_option.h"
#include "listen/listener.h"
#include "serve/serve_socket.h"

enum { LINE_SIZE = 4096, STATUS_MS = 10000 };

struct app {
	struct listen_options options;

	struct loop *loop;
	struct listener *listener;
	int sockets[LISTEN_ADDRESSES_MAX];
	size_t socket_count;
	struct notify notify;
	struct stop stop;
	struct loop_timer status_timer, watchdog_timer;
	bool was_ready, is_over;
	int status;
};

static const char usage[] =
	"s3ev-listen: give events that are pushed over HTTP to a pipeline of filters\n"
	"usage: s3ev-listen [-ehVv] [OPTION...] -- COMMAND [ARGUMENT...]\n"
	"\n"
	LISTEN_OPTION_USAGE
	DRIVER_OPTION_USAGE
	DRIVER_OPTION_DAY_USAGE
	LISTEN_OPTION_LONG_USAGE
	COMMAND_LINE_USAGE;

static void report(void *ctx, const struct err *err)
{
	struct buf line;

	(void)ctx;
	buf_init(&line, LINE_SIZE);
	diag_put_error(&line, err);
	say_line("s3ev-listen", buf_str(&line));
	buf_free(&line);
}

/* While it runs */

static void on_record(void *ctx, const struct driver_job *job, struct str line)
{
	struct app *app = ctx;

	(void)job;
	if (app->options.listener.driver.verbose)
		show_record(STR_NONE, line);
}

static void on_said(void *ctx, const struct driver_job *job, struct str line)
{
	(void)ctx;
	(void)job;
	say_line(NULL, line);
}

static void send_status(void *arg)
{
	struct app *app = arg;
	const struct listener_counts *counts = listener_counts(app->listener);

	notify_send(&app->notify, "STATUS=%llu events done, %zu waiting, "
		    "%llu failed tries, %llu refused", counts->done,
		    listener_waiting(app->listener), counts->failed,
		    counts->refused);
	loop_timer_set(app->loop, &app->status_timer, STATUS_MS, send_status,
		       app);
}

static void on_passes(void *ctx, bool yes)
{
	struct app *app = ctx;

	if (yes)
		notify_send(&app->notify, "WATCHDOG=1");
}

static void feed_watchdog(void *arg)
{
	struct app *app = arg;

	listener_probe(app->listener, on_passes, app);
	loop_timer_set(app->loop, &app->watchdog_timer,
		       app->notify.watchdog_ms / 2, feed_watchdog, app);
}

static int listen_on(struct app *app, int fd, struct err *err)
{
	bool is_public = serve_socket_is_public(fd);
	struct buf line;

	buf_init(&line, LINE_SIZE);
	buf_printf(&line, "listening on http%s://", app->options.cert ? "s" : "");
	serve_socket_put(&line, fd);
	if (is_public && !app->options.token_file && !app->options.listener.path)
		buf_puts(&line, ", where anybody may send events: see "
			 "--token-file and --path");
	say_line("s3ev-listen", buf_str(&line));
	buf_free(&line);
	return listener_listen(app->listener, fd, err);
}

static void end(struct app *app, int status)
{
	app->status = status;
	app->is_over = true;
}

/* Before the pipeline has proved itself, connections wait in the kernel. */
static void on_ready(void *ctx)
{
	struct app *app = ctx;
	struct err err;

	app->was_ready = true;
	while (app->socket_count > 0)
		if (listen_on(app, app->sockets[--app->socket_count],
			      &err) < 0) {
			report(app, &err);
			end(app, EX_OSERR);
			return;
		}
	notify_send(&app->notify, "READY=1");
	send_status(app);
	if (app->notify.watchdog_ms > 0)
		feed_watchdog(app);
}

static void on_broken(void *ctx, const struct err *err)
{
	struct app *app = ctx;

	report(app, err);
	if (!app->was_ready)
		end(app, EX_CONFIG);
}

static void on_ended(void *ctx)
{
	end(ctx, EX_OK);
}

static void on_stop(void *ctx, unsigned times)
{
	struct app *app = ctx;
	uint64_t ms = times == 1 ? app->options.listener.driver.grace : 0;

	say_line("s3ev-listen", times == 1 ?
		 STR("stopping: what is begun is finished") :
		 STR("stopping now: what is begun is given up"));
	notify_send(&app->notify, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		    (unsigned long long)(ms + 5000) * 1000);
	listener_stop(app->listener, ms);
}

/* The beginning and the end */

/* Sockets that were passed are taken, or those that the options name opened. */
static int open_sockets(struct app *app, struct err *err)
{
	int passed = serve_socket_passed(err), fd;

	if (passed < 0)
		return -1;
	if (passed > LISTEN_ADDRESSES_MAX)
		return err_set(err, "InvalidSocket", "more than %d sockets "
			       "were passed", LISTEN_ADDRESSES_MAX);
	for (fd = 3; fd < 3 + passed; fd++)
		app->sockets[app->socket_count++] = fd;
	if (passed == 0 && app->options.address_count == 0)
		app->options.addresses[app->options.address_count++] = STR("127.0.0.1:8080");
	for (size_t i = 0; passed == 0 && i < app->options.address_count; i++) {
		fd = serve_socket_open(app->options.addresses[i], err);
		if (fd < 0)
			return -1;
		app->sockets[app->socket_count++] = fd;
	}
	return 0;
}

static int open_all(struct app *app, struct err *err)
{
	static const struct listener_handler handler = {
		.ready = on_ready, .broken = on_broken, .record = on_record,
		.said = on_said, .report = report, .ended = on_ended,
	};

	if (listen_options_load(&app->options, err) < 0 ||
	    open_sockets(app, err) < 0)
		return -1;
	if (stop_block() < 0)
		return err_errno(err, "signals");
	app->loop = loop_new();
	if (!app->loop)
		return err_memory(err);
	app->stop = (struct stop){ .asked = on_stop, .ctx = app };
	if (stop_open(&app->stop, app->loop) < 0)
		return err_errno(err, "signals");
	app->listener = listener_new(app->loop, &app->options.listener, &handler,
				     app, err);
	return app->listener ? 0 : -1;
}

static void close_all(struct app *app)
{
	listener_free(app->listener);
	if (app->loop)
		stop_close(&app->stop);
	loop_free(app->loop);
	notify_close(&app->notify);
	listen_options_free(&app->options);
}

static int status_of(const struct err *err)
{
	return err_is(err, "JournalInUse") ? EX_UNAVAILABLE :
	       err_is(err, ERR_SYSTEM) || err_is(err, ERR_MEMORY) ? EX_OSERR :
								    EX_CONFIG;
}

static int run(struct app *app)
{
	struct err err;

	notify_open(&app->notify);
	if (open_all(app, &err) < 0) {
		report(app, &err);
		end(app, status_of(&err));
	} else {
		listener_start(app->listener);
	}
	while (!app->is_over)
		if (loop_turn(app->loop) < 0) {
			say_errno("s3ev-listen", "poll");
			end(app, EX_OSERR);
		}
	close_all(app);
	return app->status;
}

static const char *take(void *ctx, int option, const char *arg)
{
	struct app *app = ctx;

	return listen_option_take(&app->options, option, arg);
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		LISTEN_OPTION_WORDS, DRIVER_OPTION_WORDS, DRIVER_OPTION_DAY_WORDS,
		COMMAND_LINE_WORDS, { NULL, 0, NULL, 0 }
	};
	struct app app = { .status = EX_OK };
	const struct command_line line = {
		.name = "s3ev-listen", .usage = usage, .words = words,
		.letters = "+" LISTEN_OPTION_LETTERS DRIVER_OPTION_LETTERS
			   DRIVER_OPTION_DAY_LETTERS COMMAND_LINE_LETTERS,
		.take = take, .ctx = &app,
	};
	int status;

	listen_options_init(&app.options);
	status = command_line_read(&line, argc, argv,
				   &app.options.listener.driver.command);
	return status >= 0 ? status : run(&app);
}
