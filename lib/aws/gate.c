/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/gate.h"

#include <stddef.h>
#include <stdio.h>

void gate_init(struct gate *gate, struct loop *loop)
{
	*gate = (struct gate){ .loop = loop };
	gate->last = &gate->waiting;
	pace_init(&gate->pace, 0);
}

void gate_free(struct gate *gate)
{
	loop_timer_stop(&gate->timer);
}

void gate_limit(struct gate *gate, unsigned max,
		void (*say)(void *ctx, const char *line), void *ctx)
{
	pace_init(&gate->pace, max);
	gate->say = say;
	gate->ctx = ctx;
}

static void stop_waiting(struct gate *gate, struct gate_turn *turn)
{
	if (!turn->link)
		return;
	*turn->link = turn->next;
	if (turn->next)
		turn->next->link = turn->link;
	else
		gate->last = turn->link;
	turn->link = NULL;
}

static void on_timer(void *arg)
{
	gate_admit(arg);
}

void gate_admit(struct gate *gate)
{
	while (gate->waiting && !pace_is_full(&gate->pace)) {
		struct gate_turn *turn = gate->waiting;
		uint64_t now = loop_now(gate->loop);

		if (now < gate->not_before) {
			loop_timer_set(gate->loop, &gate->timer,
				       gate->not_before - now, on_timer, gate);
			return;
		}
		stop_waiting(gate, turn);
		pace_begin(&gate->pace);
		turn->inside = true;
		turn->go(turn->arg);
	}
}

void gate_admit_later(struct gate *gate)
{
	loop_timer_set(gate->loop, &gate->timer, 0, on_timer, gate);
}

void gate_enter(struct gate *gate, struct gate_turn *turn)
{
	turn->next = NULL;
	turn->link = gate->last;
	*gate->last = turn;
	gate->last = &turn->next;
	gate_admit(gate);
}

void gate_leave(struct gate *gate, struct gate_turn *turn)
{
	stop_waiting(gate, turn);
	if (!turn->inside)
		return;
	gate->pace.urgent -= turn->urgent;
	turn->inside = turn->urgent = false;
	pace_end(&gate->pace);
	gate->not_before = loop_now(gate->loop) + gate->pace.pause_ms;
}

void gate_urgent(struct gate *gate, struct gate_turn *turn)
{
	gate->pace.urgent += !turn->urgent;
	turn->urgent = true;
}

bool gate_is_over(const struct gate *gate)
{
	return pace_is_over(&gate->pace);
}

unsigned long gate_pause_ms(const struct gate *gate)
{
	return gate->pace.pause_ms;
}

void gate_sent(struct gate *gate, struct gate_turn *turn)
{
	turn->epoch = gate->pace.epoch;
}

static void say_limit(struct gate *gate)
{
	unsigned limit = gate->pace.limit;
	char line[64];

	snprintf(line, sizeof(line), "%u request%s at once", limit,
		 limit == 1 ? "" : "s");
	if (gate->say)
		gate->say(gate->ctx, line);
}

void gate_clean(struct gate *gate)
{
	if (pace_clean(&gate->pace))
		say_limit(gate);
}

void gate_throttled(struct gate *gate, const struct gate_turn *turn)
{
	if (pace_throttled(&gate->pace, turn->epoch))
		say_limit(gate);
}

void gate_gave_up(struct gate *gate)
{
	pace_gave_up(&gate->pace);
}
