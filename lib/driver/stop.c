/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/stop.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/signals.h"

/*
 * Where a terminal is closed, its shell sends SIGHUP, and the kernel once more
 * when the shell ends; a service manager may send it right behind SIGTERM.
 */
static bool is_echo(const struct stop *stop, uint32_t signal)
{
	return signal == SIGHUP && stop->times > 0;
}

static void on_signal(void *arg, int fd, short events)
{
	struct stop *stop = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
	    !is_echo(stop, info.ssi_signo))
		stop->asked(stop->ctx, ++stop->times);
}

int stop_block(void)
{
	sigset_t set;

	signals_name(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

int stop_open(struct stop *stop, struct loop *loop)
{
	sigset_t set;

	signals_name(&set);
	stop->loop = loop;
	stop->times = 0;
	stop->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stop->fd < 0)
		return -1;
	return loop_watch(loop, stop->fd, POLLIN, on_signal, stop);
}

void stop_close(struct stop *stop)
{
	loop_close(stop->loop, &stop->fd);
}
