/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: does the pipeline pass marks?  A part of listener.
 *
 * A mark that came just now is proof, and a pipeline that is at work has a
 * deadline.  One that is idle is sent a mark, and the answer waits for it.
 */
#ifndef S3EV_HEALTH_H
#define S3EV_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/driver.h"
#include "io/loop.h"

struct health {
	/* Set by the owner; borrowed. */
	struct loop *loop;
	struct driver *driver;
	const struct driver_options *options;
	void (*told)(void *ctx, bool is_well);
	void (*report)(void *ctx, const struct err *err);
	void *ctx;

	bool is_stopping;		/* then nothing is well */
	bool is_probing;		/* read only; a mark is on its way */
	bool is_broken;			/* private */
	uint64_t passed;		/* when a mark came, ms of the loop */
	struct driver_job probe;
};

/* A mark came back. */
void health_marked(struct health *health);

/* A pipeline does not pass one: are there others? */
void health_broken(struct health *health);

/* As far as is known now. */
bool health_is_well(const struct health *health);

/* Have told called, now or soon. */
void health_ask(struct health *health);

#endif
