/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: one thread, one ppoll(2).
 *
 * Descriptors, timers and child processes of a filter all wait here; whoever
 * waits is called back from loop_turn().  Callbacks may add and remove
 * anything, themselves included.  Nothing here owns what arg points to.
 *
 * SIGCHLD is blocked from loop_new() on and let in only while ppoll waits, so
 * the death of a child can neither be missed nor interrupt anything else.
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

/* Milliseconds of the monotonic clock, read once a turn. */
uint64_t loop_now(const struct loop *loop);

/*
 * Call fn when one of events (POLLIN, POLLOUT) or POLLHUP, POLLERR is seen on
 * fd; a second call for fd replaces the first, events 0 forgets it.  -1 if
 * memory is out.  Forget a descriptor before closing it.
 */
typedef void loop_fd_fn(void *arg, int fd, short events);
int loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn,
	       void *arg);

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

/* Is pid waited for?  And wait for it no more. */
bool loop_has_child(const struct loop *loop, pid_t pid);
void loop_child_forget(struct loop *loop, pid_t pid);

/* Is anything waited for? */
bool loop_is_idle(const struct loop *loop);

/* Wait for the next events and call back.  -1 with errno if ppoll fails. */
int loop_turn(struct loop *loop);

#endif
