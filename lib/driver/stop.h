/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop: SIGHUP, SIGINT and SIGTERM, in the loop.
 *
 * The first means: take nothing more, and finish what is begun.  A second one
 * means: now, but SIGHUP is none, for it often comes twice.  Those that were
 * ignored at the start, as by nohup(1), stay so.
 */
#ifndef S3EV_STOP_H
#define S3EV_STOP_H

#include "io/loop.h"

struct stop {
	/* Called for each that counts, times is 1 for the first. */
	void (*asked)(void *ctx, unsigned times);
	void *ctx;

	struct loop *loop;	/* private from here on */
	int fd;
	unsigned times;
};

/*
 * From here on the signals wait until the loop sees them; programs that spawn.h
 * starts get them as ever.  Call it before loop_new().  -1 with errno.
 */
int stop_block(void);

/* The loop sees them.  -1 with errno. */
int stop_open(struct stop *stop, struct loop *loop);

/* The signals stay blocked. */
void stop_close(struct stop *stop);

#endif
