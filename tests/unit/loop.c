/* SPDX-License-Identifier: Apache-2.0 */
/* loop: the end of a child is seen at once, whatever other children do. */
#include "io/loop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static struct loop *loop;
static pid_t living;
static unsigned ended;
static bool is_late;

static pid_t start(bool ends)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		if (!ends)
			pause();
		_exit(0);
	}
	if (ends)
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	return pid;
}

static void on_first(void *arg, pid_t pid, int status)
{
	(void)arg;
	(void)pid;
	(void)status;
	ended++;
	loop_child_forget(loop, living);
}

static void on_other(void *arg, pid_t pid, int status)
{
	(void)arg;
	(void)pid;
	(void)status;
	ended++;
}

static void on_time(void *arg)
{
	(void)arg;
	is_late = true;
}

/*
 * The last child takes the place of one that was forgotten, a place that has
 * been looked at already.
 */
static void test_forget(void)
{
	struct loop_timer timer = { .next = NULL };

	living = start(false);
	loop_child(loop, living, on_other, NULL);
	loop_child(loop, start(true), on_first, NULL);
	loop_child(loop, start(true), on_other, NULL);
	loop_timer_set(loop, &timer, 5000, on_time, NULL);
	while (ended < 2 && !is_late && loop_turn(loop) == 0)
		;
	ok(ended == 2 && !is_late, "a callback may forget another child");
	loop_timer_stop(&timer);
	ok(loop_is_idle(loop), "then there is none");
	kill(living, SIGKILL);
	waitpid(living, NULL, 0);
}

int main(void)
{
	loop = loop_new();
	if (!ok(loop != NULL, "a loop"))
		return done();
	test_forget();
	loop_free(loop);
	return done();
}
