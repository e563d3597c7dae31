/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: one thread, one ppoll(2).
 *
 * All of a filter's descriptors, timers and child processes are waited for
 * here, and their callbacks are called from loop_turn().  Callbacks may add and
 * remove anything, themselves included.  arg is borrowed.
 *
 * SIGCHLD is blocked from loop_new() on, except while ppoll waits.  So the end
 * of a child is never missed, and never interrupts anything else.
 */
#ifndef S3EV_LOOP_H
#define S3EV_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;

/* Call it before opening anything.  NULL if memory is out. */
struct loop *loop_new(void);

/* Restores the signal mask.  Children are not waited for. */
void loop_free(struct loop *loop);

/*
 * Hold back HUP, INT and TERM, as signals.h says, and call fn with the one that
 * has come.  Once for a loop.  -1 with errno.
 */
typedef void loop_signal_fn(void *arg, int signal);
int loop_signals(struct loop *loop, loop_signal_fn *fn, void *arg);

/* End by this signal, as if it had not been held back. */
void loop_die(struct loop *loop, int signal);

/* Milliseconds of the monotonic clock, read once a turn. */
uint64_t loop_now(const struct loop *loop);

/*
 * Call fn when one of events (POLLIN, POLLOUT) or POLLHUP, POLLERR is seen on
 * fd; a second call for fd replaces the first, events 0 forgets it.  -1 if
 * memory is out.  Forget a descriptor before closing it: loop_close().
 */
typedef void loop_fd_fn(void *arg, int fd, short events);
int loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn,
	       void *arg);

/* Forget a descriptor, close it and set it to -1; nothing if it is that. */
void loop_close(struct loop *loop, int *fd);

/*
 * A timer lies in the caller's memory, zeroed before first use, and stays there
 * until it has fired or is stopped.  Setting one that is set moves it.
 */
struct loop_timer {
	struct loop_timer *next, **link;
	uint64_t at;
	void (*fn)(void *arg);
	void *arg;
};
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t ms,
		    void (*fn)(void *arg), void *arg);
void loop_timer_stop(struct loop_timer *timer);

/*
 * Call fn once, with the status of wait(2), when pid, a child of ours that
 * nobody else waits for, has ended.  -1 if memory is out.
 */
typedef void loop_child_fn(void *arg, pid_t pid, int wait_status);
int loop_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg);

/*
 * It has ended, but what it left running is waited for in another way: until
 * loop_child_forget() it counts as if it ran.  -1 if memory is out.
 */
int loop_child_keep(struct loop *loop, pid_t pid);

/* Is pid waited for? */
bool loop_has_child(const struct loop *loop, pid_t pid);

/* Is any child waited for? */
bool loop_has_children(const struct loop *loop);

/* Wait for pid no more; the caller has to. */
void loop_child_forget(struct loop *loop, pid_t pid);

/* Is anything waited for? */
bool loop_is_idle(const struct loop *loop);

/* Wait for the next events and call back.  -1 with errno if ppoll fails. */
int loop_turn(struct loop *loop);

#endif
