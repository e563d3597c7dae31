/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: requests that wait for their turn, as many at once as pace.h allows.
 *
 * A turn lasts from gate_enter()'s call of go until gate_leave().  Those who
 * wait are let in in the order they came.
 */
#ifndef S3EV_GATE_H
#define S3EV_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "pace.h"

struct gate_turn;

struct gate {
	struct pace pace;

	/* The limit has changed, in words; may be NULL. */
	void (*say)(void *ctx, const char *line);
	void *ctx;

	struct loop *loop;		/* private from here on */
	struct gate_turn *waiting, **last;
	struct loop_timer timer;
	uint64_t not_before;
};

/* Lies in the caller's memory, zeroed before first use. */
struct gate_turn {
	void (*go)(void *arg);
	void *arg;

	struct gate_turn *next, **link;	/* private from here on */
	unsigned epoch;
	bool inside, urgent;
};

/* Borrows loop.  There is no limit until gate->pace has one. */
void gate_init(struct gate *gate, struct loop *loop);
void gate_free(struct gate *gate);

/* Call turn->go when it may begin, perhaps from in here. */
void gate_enter(struct gate *gate, struct gate_turn *turn);

/* It has ended, or waits no more; others are let in by gate_admit(). */
void gate_leave(struct gate *gate, struct gate_turn *turn);

/* Let in whom there is room for, at once or when the loop turns next. */
void gate_admit(struct gate *gate);
void gate_admit_later(struct gate *gate);

/* It has one try left: nobody else is let in until it leaves. */
void gate_urgent(struct gate *gate, struct gate_turn *turn);

/*
 * To be told: that something is sent, and how it was answered.  See
 * pace_clean() and pace_throttled().
 */
void gate_sent(struct gate *gate, struct gate_turn *turn);
void gate_clean(struct gate *gate);
void gate_throttled(struct gate *gate, const struct gate_turn *turn);

#endif
