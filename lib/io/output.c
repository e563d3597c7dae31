/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memrchr */
#include "io/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { USED_MAX = 256 << 10 };	/* written bytes that buf may still hold */

static size_t chunk_size(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return PIPE_BUF;
	return SIZE_MAX;
}

void output_init(struct output *output, int fd, size_t max)
{
	*output = (struct output){ .fd = fd, .chunk = chunk_size(fd) };
	buf_init(&output->buf, max + USED_MAX);
}

void output_free(struct output *output)
{
	buf_free(&output->buf);
}

size_t output_waiting(const struct output *output)
{
	return output->buf.n - output->used;
}

/* After poll() a pipe has room for PIPE_BUF bytes; more might block. */
static size_t next_chunk(const char *p, size_t n, size_t most)
{
	const char *end;

	if (n <= most)
		return n;
	end = memrchr(p, '\n', most);
	return end ? (size_t)(end - p) + 1 : most;
}

static void forget_written(struct output *output)
{
	buf_consume(&output->buf, output->used);
	output->used = 0;
}

int output_write(struct output *output)
{
	const char *p = output->buf.p + output->used;
	ssize_t n = write(output->fd, p, next_chunk(p, output_waiting(output),
						    output->chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	output->used += (size_t)n;
	if (output_waiting(output) == 0 || output->used >= USED_MAX)
		forget_written(output);
	return 0;
}

short output_events(const struct output *output)
{
	return output_waiting(output) > 0 ? POLLOUT : POLLERR;
}

int output_ready(struct output *output, short events)
{
	if (output_waiting(output) == 0 && (events & (POLLERR | POLLHUP)))
		return output_broken();
	return output_write(output);
}

int output_broken(void)
{
	raise(SIGPIPE);
	errno = EPIPE;
	return -1;
}

int output_drain(struct output *output)
{
	struct pollfd room = { .fd = output->fd, .events = POLLOUT };

	while (output_waiting(output) > 0) {
		ssize_t n = write(output->fd, output->buf.p + output->used,
				  output_waiting(output));

		if (n >= 0)
			output->used += (size_t)n;
		else if (errno == EAGAIN)
			poll(&room, 1, -1);
		else if (errno != EINTR)
			return -1;
	}
	forget_written(output);
	return 0;
}
