/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* ppoll */
#include "io/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/signals.h"

struct watch {
	loop_fd_fn *fn;
	void *arg;
};

struct waited {
	pid_t pid;
	loop_child_fn *fn;
	void *arg;
};

struct loop {
	/* Slot i of fds and watches belong together; fd -1 is a free slot. */
	struct pollfd *fds;
	struct watch *watches;
	size_t count, size;
	int *slots;		/* descriptor to slot, -1 none */
	size_t slots_size;

	struct waited *children;
	size_t child_count, child_size;
	bool reap;

	struct loop_timer *timers;	/* earliest first */
	uint64_t now;
	sigset_t waiting_mask, old_mask;

	struct signals signals;
	loop_signal_fn *on_signal;
	void *signal_arg;
};

/* Without a handler SIGCHLD would not interrupt ppoll. */
static void on_sigchld(int sig)
{
	(void)sig;
}

static void read_clock(struct loop *loop)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	loop->now = (uint64_t)now.tv_sec * 1000 +
		    (uint64_t)now.tv_nsec / 1000000;
}

/*
 * If we were started with stdin or stdout closed, the next file or socket would
 * get its number and be taken for it.  Put something in its place that can
 * neither be read nor written.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	struct sigaction action = { .sa_handler = on_sigchld };
	sigset_t chld;

	if (!loop)
		return NULL;
	fill_standard_descriptors();
	sigemptyset(&action.sa_mask);
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &loop->old_mask);
	signals_init(&loop->signals);
	loop->waiting_mask = loop->old_mask;
	sigdelset(&loop->waiting_mask, SIGCHLD);
	read_clock(loop);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	signals_free(&loop->signals);
	sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
	free(loop->fds);
	free(loop->watches);
	free(loop->slots);
	free(loop->children);
	free(loop);
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->now;
}

/* Make room for the descriptor's slot number. */
static int grow_slots(struct loop *loop, int fd)
{
	size_t size = loop->slots_size ? loop->slots_size : 64;
	int *slots;

	while (size <= (size_t)fd)
		size *= 2;
	if (size == loop->slots_size)
		return 0;
	slots = realloc(loop->slots, size * sizeof(*slots));
	if (!slots)
		return -1;
	for (size_t i = loop->slots_size; i < size; i++)
		slots[i] = -1;
	loop->slots = slots;
	loop->slots_size = size;
	return 0;
}

static int grow_watches(struct loop *loop)
{
	size_t size = loop->size ? 2 * loop->size : 16;
	struct pollfd *fds = realloc(loop->fds, size * sizeof(*fds));
	struct watch *watches;

	if (!fds)
		return -1;
	loop->fds = fds;
	watches = realloc(loop->watches, size * sizeof(*watches));
	if (!watches)
		return -1;
	loop->watches = watches;
	loop->size = size;
	return 0;
}

static int take_slot(struct loop *loop, int fd)
{
	size_t slot = 0;

	while (slot < loop->count && loop->fds[slot].fd >= 0)
		slot++;
	if (slot == loop->count) {
		if (loop->count == loop->size && grow_watches(loop) < 0)
			return -1;
		loop->count++;
	}
	loop->fds[slot] = (struct pollfd){ .fd = fd };
	loop->slots[fd] = (int)slot;
	return (int)slot;
}

static void drop_slot(struct loop *loop, int fd)
{
	loop->fds[loop->slots[fd]] = (struct pollfd){ .fd = -1 };
	loop->slots[fd] = -1;
	while (loop->count > 0 && loop->fds[loop->count - 1].fd < 0)
		loop->count--;
}

int loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn,
	       void *arg)
{
	int slot;

	if (grow_slots(loop, fd) < 0)
		return -1;
	slot = loop->slots[fd];
	if (events == 0) {
		if (slot >= 0)
			drop_slot(loop, fd);
		return 0;
	}
	if (slot < 0) {
		slot = take_slot(loop, fd);
		if (slot < 0)
			return -1;
	}
	loop->fds[slot].events = events;
	loop->watches[slot] = (struct watch){ fn, arg };
	return 0;
}

void loop_close(struct loop *loop, int *fd)
{
	if (*fd < 0)
		return;
	loop_watch(loop, *fd, 0, NULL, NULL);
	close(*fd);
	*fd = -1;
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (!timer->link)
		return;
	*timer->link = timer->next;
	if (timer->next)
		timer->next->link = timer->link;
	timer->link = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t ms,
		    void (*fn)(void *arg), void *arg)
{
	struct loop_timer **link = &loop->timers;

	loop_timer_stop(timer);
	timer->at = loop->now + ms;
	timer->fn = fn;
	timer->arg = arg;
	while (*link && (*link)->at <= timer->at)
		link = &(*link)->next;
	timer->next = *link;
	timer->link = link;
	if (timer->next)
		timer->next->link = &timer->next;
	*link = timer;
}

static void on_signal(void *arg, int fd, short events)
{
	struct loop *loop = arg;
	int signal = signals_take(&loop->signals);

	(void)fd;
	(void)events;
	if (signal != 0)
		loop->on_signal(loop->signal_arg, signal);
}

/* ppoll, too, must not let them through. */
int loop_signals(struct loop *loop, loop_signal_fn *fn, void *arg)
{
	loop->on_signal = fn;
	loop->signal_arg = arg;
	if (signals_hold(&loop->signals) < 0 ||
	    loop_watch(loop, loop->signals.fd, POLLIN, on_signal, loop) < 0)
		return -1;
	sigprocmask(SIG_BLOCK, NULL, &loop->waiting_mask);
	sigdelset(&loop->waiting_mask, SIGCHLD);
	return 0;
}

void loop_die(struct loop *loop, int signal)
{
	signals_die(&loop->signals, signal);
}

int loop_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg)
{
	if (loop->child_count == loop->child_size) {
		size_t size = loop->child_size ? 2 * loop->child_size : 16;
		struct waited *children = realloc(loop->children,
						 size * sizeof(*children));

		if (!children)
			return -1;
		loop->children = children;
		loop->child_size = size;
	}
	loop->children[loop->child_count++] = (struct waited){ pid, fn, arg };
	loop->reap = true;
	return 0;
}

int loop_child_keep(struct loop *loop, pid_t pid)
{
	return loop_child(loop, pid, NULL, NULL);
}

static size_t find_child(const struct loop *loop, pid_t pid)
{
	size_t i = 0;

	while (i < loop->child_count && loop->children[i].pid != pid)
		i++;
	return i;
}

bool loop_has_child(const struct loop *loop, pid_t pid)
{
	return find_child(loop, pid) < loop->child_count;
}

bool loop_has_children(const struct loop *loop)
{
	return loop->child_count > 0;
}

void loop_child_forget(struct loop *loop, pid_t pid)
{
	size_t i = find_child(loop, pid);

	if (i == loop->child_count)
		return;
	loop->children[i] = loop->children[--loop->child_count];
	loop->reap = true; /* run_children() may be past its new place */
}

bool loop_is_idle(const struct loop *loop)
{
	return loop->count == 0 && !loop->timers && loop->child_count == 0;
}

/* Only those due at the start: one that sets itself again waits for its turn. */
static void run_timers(struct loop *loop)
{
	size_t due = 0;

	for (struct loop_timer *t = loop->timers; t && t->at <= loop->now;
	     t = t->next)
		due++;
	while (due-- > 0 && loop->timers && loop->timers->at <= loop->now) {
		struct loop_timer *timer = loop->timers;

		loop_timer_stop(timer);
		timer->fn(timer->arg);
	}
}

/* The last child in the list takes the place of one that ended. */
static void run_children(struct loop *loop)
{
	size_t i = 0;

	while (i < loop->child_count) {
		struct waited child = loop->children[i];
		int status;

		if (!child.fn ||
		    waitpid(child.pid, &status, WNOHANG) != child.pid) {
			i++;
			continue;
		}
		loop->children[i] = loop->children[--loop->child_count];
		child.fn(child.arg, child.pid, status);
	}
}

/* Has SIGCHLD come while ppoll returned for another reason? */
static bool child_signalled(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGCHLD) == 1;
}

/* A callback may drop a slot, or give it to another descriptor. */
static void run_watches(struct loop *loop, int ready)
{
	for (size_t slot = 0; slot < loop->count && ready > 0; slot++) {
		struct pollfd *p = &loop->fds[slot];
		short events = p->revents;

		if (p->fd < 0 || events == 0)
			continue;
		ready--;
		p->revents = 0;
		loop->watches[slot].fn(loop->watches[slot].arg, p->fd, events);
	}
}

int loop_turn(struct loop *loop)
{
	struct timespec wait = { 0, 0 }, *timeout = NULL;
	int ready;

	if (loop->reap) {
		timeout = &wait;
	} else if (loop->timers) {
		uint64_t at = loop->timers->at;
		uint64_t ms = at > loop->now ? at - loop->now : 0;

		wait.tv_sec = (time_t)(ms / 1000);
		wait.tv_nsec = (long)(ms % 1000) * 1000000;
		timeout = &wait;
	}
	ready = ppoll(loop->fds, (nfds_t)loop->count, timeout,
		      &loop->waiting_mask);
	if (ready < 0 && errno != EINTR)
		return -1;
	read_clock(loop);
	loop->reap = loop->child_count > 0 &&
		     (loop->reap || ready < 0 || child_signalled());
	if (ready > 0)
		run_watches(loop, ready);
	if (loop->reap) {
		loop->reap = false;
		run_children(loop);
	}
	run_timers(loop);
	return 0;
}
