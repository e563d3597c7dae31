/* SPDX-License-Identifier: Apache-2.0 */
/* runner: what a pipeline says at the last moment counts, but it is at its end. */
#include "driver/runner.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

enum { ROUNDS = 20 };

static struct runner runner, *const run = &runner;
static bool is_proved, is_done, is_good, was_idle;

static void on_proved(void *ctx)
{
	(void)ctx;
	is_proved = true;
}

static void on_done(void *ctx)
{
	(void)ctx;
	is_done = true;
	is_good = !err_is_set(&run->err);
	was_idle = run->state == RUNNER_IDLE;
}

static void on_broken(void *ctx, const struct err *err)
{
	(void)ctx;
	printf("# %s\n", err->message);
}

static void on_down(void *ctx)
{
	(void)ctx;
}

static void on_line(void *ctx, struct str line)
{
	(void)ctx;
	(void)line;
}

static void on_odd(void *ctx, const struct err *err)
{
	on_broken(ctx, err);
}

/* Its mark comes when the loop has looked for it, and before its time is up. */
static void wait_for_mark(void *arg)
{
	struct pollfd out = { .fd = run->pipeline.out, .events = POLLIN };

	(void)arg;
	poll(&out, 1, 10000);
}

static void one_round(struct loop *loop)
{
	static const struct event_invocation invocation = { .id = STR("1") };
	static const struct runner_event event = {
		.invocation = &invocation,
		.text = STR("{\"Event\":\"s3:TestEvent\"}"),
	};
	struct loop_timer timer = { .next = NULL };

	is_proved = is_done = false;
	runner_prove(run);
	while (!is_proved && loop_turn(loop) == 0)
		;
	runner_give(run, &event);
	/* Both are due when what is to be written has been written. */
	while (output_waiting(&run->pipeline.input) > 0 && loop_turn(loop) == 0)
		;
	loop_timer_set(loop, &timer, 0, wait_for_mark, NULL);
	runner_until(run, 1);
	while (!is_done && loop_turn(loop) == 0)
		;
	while (run->state != RUNNER_DOWN && loop_turn(loop) == 0)
		;
}

int main(void)
{
	char *const command[] = { "sh", "-c", "while read -r line; do "
		"id=${line#*'\"id\":\"'}; sleep 0.05; "
		"echo '{\"mark\":\"'\"${id%%'\"'*}\"'\",\"records\":0}'; done",
		NULL };
	struct results_options options = { .may_drop = false };
	struct loop *loop = loop_new();
	struct err err;
	unsigned n_good = 0, n_idle = 0;

	runner = (struct runner){
		.loop = loop, .command = command, .number = 1, .of = 1,
		.start = 10000,
		.proved = on_proved, .broken = on_broken, .down = on_down,
		.done = on_done, .record = on_line, .said = on_line,
		.odd = on_odd,
	};
	if (!loop || runner_open(&runner, &options, "s3ev-unit.", &err) < 0)
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		one_round(loop);
		n_good += is_good;
		n_idle += was_idle;
	}
	ok(n_good == ROUNDS, "a mark that comes as the time is up counts");
	ok(n_idle == 0, "but what is killed gets no other event");
	runner_close(&runner);
	loop_free(loop);
	return done();
}
