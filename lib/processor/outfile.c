/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkostemp */
#include "processor/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fetch/spool.h"
#include "format/json_write.h"

/* Reads of one turn: other work goes on even if a pipe is always full. */
enum { READS = 4, READ_SIZE = 64 << 10 };

int outfile_open(struct outfile *file, const char *directory, struct str id,
		 struct arena *arena, struct err *err)
{
	*file = (struct outfile){ .fd = -1, .from = -1 };
	file->path = spool_path(arena, directory, id, "out.XXXXXX");
	if (!file->path)
		return err_memory(err);
	file->fd = mkostemp(file->path, O_CLOEXEC);
	if (file->fd < 0) {
		err_errno(err, "%s", file->path);
		file->path = NULL;
		return -1;
	}
	return 0;
}

/* A write, or the last of all at the end, did not work. */
static void fail(struct outfile *file)
{
	bool is_full = errno == ENOSPC || errno == EDQUOT;

	err_errno(&file->err, "%s", file->path);
	if (!is_full)
		return;
	err_set(&file->err, "SpoolFull", "%s: the disk is full, so the output "
		"is cut off", file->path);
	file->err.retry = true;
}

static void put(struct outfile *file, const char *bytes, size_t n)
{
	file->bytes += n;
	if (file->max > 0 && file->bytes > file->max) {
		err_set(&file->err, "OutputTooLarge",
			"the processor wrote more than %llu bytes", file->max);
		return;
	}
	while (n > 0) {
		ssize_t taken = write(file->fd, bytes, n);

		if (taken < 0 && errno == EINTR)
			continue;
		if (taken < 0) {
			fail(file);
			return;
		}
		bytes += taken;
		n -= (size_t)taken;
	}
}

/* May there be more to read now?  Not after the end, nor when the output is lost. */
static bool take(struct outfile *file)
{
	char bytes[READ_SIZE];
	ssize_t n = read(file->from, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		loop_close(file->loop, &file->from);
	else
		put(file, bytes, (size_t)n);
	if (err_is_set(&file->err))
		loop_close(file->loop, &file->from);
	return file->from >= 0;
}

static void on_readable(void *arg, int fd, short events)
{
	struct outfile *file = arg;

	(void)fd;
	(void)events;
	for (int i = 0; i < READS && take(file); i++)
		;
	if (file->from < 0)
		file->over(file->arg);
}

int outfile_fill(struct outfile *file, struct loop *loop, int from,
		 unsigned long long max, void (*over)(void *arg), void *arg)
{
	file->loop = loop;
	file->from = from;
	file->max = max;
	file->over = over;
	file->arg = arg;
	return loop_watch(loop, from, POLLIN, on_readable, file);
}

bool outfile_is_open(const struct outfile *file)
{
	return file->from >= 0;
}

/* No more than there is now: what has left the processor may write for ever. */
int outfile_close(struct outfile *file)
{
	int left = 0;

	if (file->from >= 0)
		ioctl(file->from, FIONREAD, &left);
	for (; file->from >= 0 && left > 0; left -= READ_SIZE)
		take(file);
	loop_close(file->loop, &file->from);
	if (close(file->fd) < 0 && !err_is_set(&file->err))
		fail(file);
	file->fd = -1;
	return err_is_set(&file->err) ? -1 : 0;
}

void outfile_drop(struct outfile *file)
{
	if (!file->path)
		return;
	loop_close(file->loop, &file->from);
	if (file->fd >= 0)
		close(file->fd);
	unlink(file->path);
	*file = (struct outfile){ .fd = -1, .from = -1 };
}

void outfile_put(struct buf *members, const struct outfile *file,
		 const char *type)
{
	if (!file->path)
		return;
	json_member_open(members, "output");
	json_member(members, "path", str_of(file->path));
	json_member_number(members, "bytes", file->bytes);
	json_member(members, "type", str_of(type));
	buf_putc(members, '}');
}
