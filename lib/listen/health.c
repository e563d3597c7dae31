/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/health.h"

#include "base/clock.h"

enum { FRESH_MS = 2000 };	/* so long a mark is proof */

void health_marked(struct health *health)
{
	health->is_broken = false;
	health->passed = loop_now(health->loop);
}

void health_broken(struct health *health)
{
	health->is_broken = !driver_is_healthy(health->driver);
}

bool health_is_well(const struct health *health)
{
	return !health->is_stopping && !health->is_broken &&
	       driver_is_healthy(health->driver);
}

static void on_probed(void *arg)
{
	struct health *health = arg;
	bool is_well = !err_is_set(&health->probe.err);

	health->is_probing = false;
	if (is_well)
		health_marked(health);
	else
		health->report(health->ctx, &health->probe.err);
	health->told(health->ctx, is_well && !health->is_stopping);
}

static bool is_proved(const struct health *health)
{
	return health->options->each || driver_room(health->driver) == 0 ||
	       loop_now(health->loop) - health->passed < FRESH_MS;
}

void health_ask(struct health *health)
{
	bool is_well = health_is_well(health);

	if (is_well && health->is_probing)
		return;
	if (!is_well || is_proved(health)) {
		health->told(health->ctx, is_well);
		return;
	}
	health->is_probing = true;
	health->probe = (struct driver_job){
		.invocation = {
			.id = STR("probe"),
			.deadline = clock_now() + health->options->start +
				    health->options->margin,
		},
		.event = STR("{\"Event\":\"s3:TestEvent\"}"),
		.done = on_probed, .arg = health,
	};
	driver_give(health->driver, &health->probe);
}
