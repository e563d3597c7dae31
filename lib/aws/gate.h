/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: requests that wait for their turn, as many at once as pace.h allows.
 *
 * A turn lasts from gate_enter()'s call of go until gate_leave().  Requests
 * are let in in the order in which they came.
 */
#ifndef S3EV_GATE_H
#define S3EV_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/pace.h"
#include "io/loop.h"

struct gate_turn;

/* Private. */
struct gate {
	struct pace pace;
	void (*say)(void *ctx, const char *line);
	void *ctx;
	struct loop *loop;
	struct gate_turn *waiting, **last;
	struct loop_timer timer;
	uint64_t not_before;
};

/* Lies in the caller's memory; the caller zeroes it before the first use. */
struct gate_turn {
	void (*go)(void *arg);
	void *arg;

	struct gate_turn *next, **link;	/* private from here on */
	unsigned epoch;
	bool inside, urgent;
};

/* Borrows loop.  There is no limit until gate_limit() sets one. */
void gate_init(struct gate *gate, struct loop *loop);
void gate_free(struct gate *gate);

/*
 * Let at most max in at once, before any has entered.  say, which may be NULL,
 * is called with ctx and a line of text when the limit changes.
 */
void gate_limit(struct gate *gate, unsigned max,
		void (*say)(void *ctx, const char *line), void *ctx);

/* Call turn->go when it may begin, perhaps from in here. */
void gate_enter(struct gate *gate, struct gate_turn *turn);

/* The turn is over, or waits no longer; gate_admit() then lets in others. */
void gate_leave(struct gate *gate, struct gate_turn *turn);

/* Let in as many as there is room for, now or when the loop turns next. */
void gate_admit(struct gate *gate);
void gate_admit_later(struct gate *gate);

/* This turn has one try left: let nobody else in until it leaves. */
void gate_urgent(struct gate *gate, struct gate_turn *turn);

/* Are more inside than the limit allows, since it was cut? */
bool gate_is_over(const struct gate *gate);

/* Milliseconds between two requests, while the server throttles each. */
unsigned long gate_pause_ms(const struct gate *gate);

/*
 * Tell the gate that a request was sent, and how it ended.  See pace_clean(),
 * pace_throttled() and pace_gave_up().
 */
void gate_sent(struct gate *gate, struct gate_turn *turn);
void gate_clean(struct gate *gate);
void gate_throttled(struct gate *gate, const struct gate_turn *turn);
void gate_gave_up(struct gate *gate);

#endif
