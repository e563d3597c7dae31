/* SPDX-License-Identifier: Apache-2.0 */
#include "io/signals.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int held[] = { SIGHUP, SIGINT, SIGTERM };

void signals_init(struct signals *signals)
{
	signals->fd = -1;
}

void signals_name(sigset_t *set)
{
	struct sigaction action;

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		if (sigaction(held[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(set, held[i]);
}

int signals_hold(struct signals *signals)
{
	sigset_t set;

	signals_name(&set);
	signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals->fd < 0)
		return -1;
	return sigprocmask(SIG_BLOCK, &set, &signals->old_mask);
}

int signals_take(const struct signals *signals)
{
	struct signalfd_siginfo info;

	if (signals->fd < 0 ||
	    read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

int signals_wait(const struct signals *signals, int in, int out)
{
	struct pollfd fds[] = { { .fd = signals->fd, .events = POLLIN },
				{ .fd = in, .events = POLLIN },
				{ .fd = out, .events = POLLERR } };
	int signal;

	while (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0)
		if (errno != EINTR)
			return 0;
	signal = signals_take(signals);
	if (signal == 0 && (fds[2].revents & (POLLERR | POLLHUP)))
		return -1;
	return signal;
}

void signals_free(struct signals *signals)
{
	if (signals->fd < 0)
		return;
	close(signals->fd);
	signals->fd = -1;
	sigprocmask(SIG_SETMASK, &signals->old_mask, NULL);
}

void signals_die(struct signals *signals, int signal)
{
	signals_free(signals);
	raise(signal);
}
