/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals: end by HUP, INT or TERM, but with something said first.
 *
 * The signals are held back, and come through a descriptor (signalfd(2)) when
 * there is time for them.  Those that were ignored at the start, as by
 * nohup(1), stay so.  io/spawn.h gives its programs a mask that is empty.
 */
#ifndef S3EV_SIGNALS_H
#define S3EV_SIGNALS_H

#include <signal.h>

struct signals {
	int fd;			/* readable when one has come; -1: none */

	sigset_t old_mask;	/* private */
};

/* HUP, INT and TERM, without those that were ignored at the start. */
void signals_name(sigset_t *set);

/* None are held back: signals_free() is allowed, and does nothing. */
void signals_init(struct signals *signals);

/* Hold them back from now on.  -1 with errno. */
int signals_hold(struct signals *signals);

/* Which one has come?  0: none. */
int signals_take(const struct signals *signals);

/*
 * Wait until in can be read.  Returns 0 then, -1 if nobody reads out any more,
 * or the signal that has come.
 */
int signals_wait(const struct signals *signals, int in, int out);

/* Let them through again. */
void signals_free(struct signals *signals);

/* The same, and end by this one, as if nobody had held it back. */
void signals_die(struct signals *signals, int signal);

#endif
