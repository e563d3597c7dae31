/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/stats_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/output.h"

enum { LINE_MAX_BYTES = 1024, READER_MS = 5, TELL_MS = 5000,
       FREE_FD = 3 };	/* the first that is no standard one */

/* There is no event that tells of a FIFO's first reader. */
static int wait_for_reader(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLERR };

	if (poll(&out, 1, READER_MS) > 0 && (out.revents & (POLLERR | POLLHUP)))
		return output_broken();
	return 0;
}

/* Where stdout is closed, the file must not become it. */
static int beside_standard(int fd)
{
	int other, why;

	if (fd >= FREE_FD)
		return fd;
	other = fcntl(fd, F_DUPFD_CLOEXEC, FREE_FD);
	why = errno;
	close(fd);
	errno = why;
	return other;
}

int stats_file_open(struct stats_file *file, const char *path, struct err *err)
{
	int flags;

	file->fd = file->held_stdout = -1;
	if (!path)
		return 0;
	while ((file->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
				O_NONBLOCK, 0666)) < 0 &&
	       errno == ENXIO && wait_for_reader() == 0)
		;
	if (file->fd >= 0)
		file->fd = beside_standard(file->fd);
	if (file->fd < 0)
		return err_errno(err, "%s", path);
	flags = fcntl(file->fd, F_GETFL);
	(void)fcntl(file->fd, F_SETFL, flags & ~O_NONBLOCK);
	file->held_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FREE_FD);
	return 0;
}

/*
 * Whoever reads the lines may go: that is no reason to die of SIGPIPE, with the
 * work half done.
 */
static ssize_t write_unharmed(int fd, struct str line)
{
	const struct timespec at_once = { .tv_sec = 0 };
	sigset_t pipe, before, pending;
	ssize_t n;
	int why;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &pipe, &before);
	n = write(fd, line.p, line.n);
	why = errno;
	if (n < 0 && why == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = why;
	return n;
}

static int append(const struct stats_file *file, int status, struct err *err)
{
	const struct stats stats = file->now(file->ctx);
	struct buf line;
	ssize_t n = -1;
	int result = 0;

	buf_init(&line, LINE_MAX_BYTES);
	stats_put(&line, file->filter, &stats, status);
	errno = ENOMEM;	/* the reason, if the line could not be made */
	if (!line.failed)
		n = write_unharmed(file->fd, buf_str(&line));
	if (n < 0)
		result = err_errno(err, "stats");
	else if ((size_t)n < line.n)
		result = err_set(err, ERR_SYSTEM, "stats: cut short");
	buf_free(&line);
	return result;
}

static void tell_later(struct stats_file *file);

/* What cannot be told now is in the next line, too. */
static void tell(void *arg)
{
	struct stats_file *file = arg;
	struct err ignored;

	append(file, STATS_RUNNING, &ignored);
	tell_later(file);
}

static void tell_later(struct stats_file *file)
{
	loop_timer_set(file->loop, &file->timer, TELL_MS, tell, file);
}

void stats_file_tell(struct stats_file *file, struct loop *loop)
{
	struct stat status;

	if (file->fd < 0 || fstat(file->fd, &status) < 0 ||
	    !S_ISFIFO(status.st_mode) ||
	    fcntl(file->fd, F_SETFL, O_APPEND | O_NONBLOCK) < 0)
		return;
	file->loop = loop;
	tell_later(file);
}

int stats_file_end(struct stats_file *file, int status, struct err *err)
{
	int result;

	if (file->fd < 0)
		return 0;
	if (file->loop)
		loop_timer_stop(&file->timer);
	result = append(file, status, err);
	if (close(file->fd) < 0 && result == 0)
		result = err_errno(err, "stats");
	if (file->held_stdout >= 0)
		close(file->held_stdout);
	file->fd = file->held_stdout = -1;
	return result;
}
