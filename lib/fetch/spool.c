/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* fallocate */
#include "fetch/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TICK_MS = 50,
	LOOKS = 256,		/* files looked for in a tick */
	SAY_TICKS = 200		/* 10 seconds */
};

struct spool_kept {
	struct spool_kept *next;
	unsigned long long bytes;
	char path[];
};

void spool_init(struct spool *spool)
{
	spool->last_kept = &spool->kept;
	spool->last_waiting = &spool->waiting;
}

void spool_free(struct spool *spool)
{
	while (spool->kept) {
		struct spool_kept *kept = spool->kept;

		spool->kept = kept->next;
		free(kept);
	}
}

/* Files that were kept */

static void append_kept(struct spool *spool, struct spool_kept *kept)
{
	kept->next = NULL;
	*spool->last_kept = kept;
	spool->last_kept = &kept->next;
	spool->n_kept++;
}

static struct spool_kept *take_oldest(struct spool *spool)
{
	struct spool_kept *kept = spool->kept;

	spool->kept = kept->next;
	if (!spool->kept)
		spool->last_kept = &spool->kept;
	spool->n_kept--;
	return kept;
}

/*
 * See whether the n oldest are gone.  Those that are still there go to the end
 * of the list, so that files that stay for good do not hide the others.
 */
static void look(struct spool *spool, size_t n)
{
	if (n > spool->n_kept)
		n = spool->n_kept;
	while (n-- > 0 && spool->kept) {
		struct spool_kept *kept = take_oldest(spool);

		if (access(kept->path, F_OK) == 0 || errno != ENOENT) {
			append_kept(spool, kept);
		} else {
			spool->used -= kept->bytes;
			free(kept);
		}
	}
}

/* Files that wait */

static void on_tick(void *arg);

static void tick_in(struct spool *spool, uint64_t ms)
{
	loop_timer_set(spool->loop, &spool->timer, ms, on_tick, spool);
}

static void begin_waiting(struct spool *spool, struct spool_file *file)
{
	file->next = NULL;
	file->link = spool->last_waiting;
	*spool->last_waiting = file;
	spool->last_waiting = &file->next;
	spool->stuck += file->is_open;
	if (!spool->timer.link)
		tick_in(spool, TICK_MS);
}

static void stop_waiting(struct spool *spool, struct spool_file *file)
{
	if (!file->link)
		return;
	*file->link = file->next;
	if (file->next)
		file->next->link = file->link;
	else
		spool->last_waiting = file->link;
	file->link = NULL;
	spool->stuck -= file->is_open;
	if (!spool->waiting)
		loop_timer_stop(&spool->timer);
}

static bool fits(const struct spool *spool, const struct spool_file *file)
{
	return spool->max == 0 || spool->used == 0 ||
	       (spool->used <= spool->max &&
		file->bytes <= spool->max - spool->used);
}

/* The process and a number make it unique where a record comes twice. */
static int name(struct spool *spool, struct spool_file *file)
{
	const char *rest = arena_printf(file->arena, "%ld-%llu",
					(long)getpid(), ++spool->count);

	if (rest)
		file->path = spool_path(file->arena, spool->directory, file->id,
					rest);
	if (rest && file->path)
		file->part = arena_printf(file->arena, "%s/.%s.part",
					  spool->directory,
					  strrchr(file->path, '/') + 1);
	if (file->part)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* A file system that cannot reserve room takes it as the bytes come. */
static int reserve(const struct spool_file *file)
{
	if (file->bytes == 0 ||
	    fallocate(file->fd, 0, 0, (off_t)file->bytes) == 0 ||
	    errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR)
		return 0;
	return -1;
}

static int make(struct spool *spool, struct spool_file *file)
{
	int why;

	if (name(spool, file) < 0)
		return -1;
	file->fd = open(file->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
			O_CLOEXEC, 0600);
	if (file->fd < 0)
		return -1;
	if (reserve(file) == 0)
		return 0;
	why = errno;
	close(file->fd);
	unlink(file->part);
	errno = why;
	return -1;
}

/* The disk is full, but others may make room when they end or are removed. */
static bool has_hope(const struct spool *spool, unsigned others)
{
	return (errno == ENOSPC || errno == EDQUOT) &&
	       (others > 0 || spool->n_kept > 0);
}

/* False if the file has to wait. */
static bool try_open(struct spool *spool, struct spool_file *file)
{
	if (!fits(spool, file))
		return false;
	if (make(spool, file) == 0) {
		spool->used += file->bytes;
		spool->writing++;
	} else {
		file->fd = -1;
		if (has_hope(spool, spool->writing))
			return false;
		err_errno(&file->err, "%s",
			  file->part ? file->part : spool->directory);
	}
	return true;
}

static void admit(struct spool *spool)
{
	while (spool->waiting && !spool->waiting->is_open) {
		struct spool_file *file = spool->waiting;

		if (!try_open(spool, file))
			return;
		stop_waiting(spool, file);
		spool->ticks = 0;
		file->is_open = file->fd >= 0;
		file->opened(file->arg);
	}
}

static void say(struct spool *spool)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "waiting for room: %llu bytes are in %zu files that are not "
		 "removed", spool->used, spool->n_kept);
	spool->say(spool->ctx, line);
}

/* Let the file go on that has been stuck the longest; it may get stuck again. */
static void try_again(struct spool *spool)
{
	struct spool_file *file = spool->waiting;

	while (file && !file->is_open)
		file = file->next;
	if (!file)
		return;
	stop_waiting(spool, file);
	file->go_on(file->arg);
}

static void on_tick(void *arg)
{
	struct spool *spool = arg;

	look(spool, LOOKS);
	for (unsigned n = spool->stuck; n > 0; n--)
		try_again(spool);
	admit(spool);
	if (!spool->waiting) {
		spool->ticks = 0;
		return;
	}
	if (++spool->ticks == SAY_TICKS)
		say(spool);
	tick_in(spool, TICK_MS);
}

void spool_open(struct spool *spool, struct spool_file *file)
{
	file->spool = spool;
	file->fd = -1;
	begin_waiting(spool, file);
	admit(spool);
}

bool spool_wait(struct spool_file *file)
{
	struct spool *spool = file->spool;

	errno = ENOSPC;
	if (!has_hope(spool, spool->writing - spool->stuck - 1))
		return false;
	begin_waiting(spool, file);
	return true;
}

/* Open files that end */

static void let_go(struct spool_file *file)
{
	struct spool *spool = file->spool;

	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	file->is_open = false;
	spool->used -= file->bytes;
	spool->writing--;
	if (spool->waiting)
		tick_in(spool, 0);
}

int spool_keep(struct spool_file *file, unsigned long long bytes,
	       struct err *err)
{
	struct spool *spool = file->spool;
	size_t n = strlen(file->path) + 1;
	struct spool_kept *kept = malloc(sizeof(*kept) + n);
	int fd = file->fd, status = -1;

	if (kept && ftruncate(fd, (off_t)bytes) == 0) {
		file->fd = -1;
		status = close(fd);
	}
	if (status == 0)
		status = rename(file->part, file->path);
	if (status < 0) {
		err_errno(err, "%s", file->part);
		free(kept);
		return -1;
	}
	let_go(file);
	memcpy(kept->path, file->path, n);
	kept->bytes = bytes;
	spool->used += bytes;
	append_kept(spool, kept);
	look(spool, 2);
	return 0;
}

void spool_drop(struct spool_file *file)
{
	if (!file->spool)
		return;
	stop_waiting(file->spool, file);
	if (!file->is_open)
		return;
	unlink(file->part);
	let_go(file);
}

/* Names */

static const char prefix[] = "s3ev-";

char *spool_path(struct arena *arena, const char *directory, struct str id,
		 const char *rest)
{
	return arena_printf(arena, "%s/%s%.*s-%s", directory, prefix,
			    STR_FMT(id), rest);
}

bool spool_path_is_of(const char *path, struct str id)
{
	const char *slash = strrchr(path, '/');
	const size_t n = sizeof(prefix) - 1;

	return slash && id.n > 0 && strncmp(slash + 1, prefix, n) == 0 &&
	       strncmp(slash + 1 + n, id.p, id.n) == 0 &&
	       slash[1 + n + id.n] == '-';
}

static void remove_file(const struct record *record, const char *path)
{
	if (path && spool_path_is_of(path, record->id))
		unlink(path);
}

void spool_remove(const struct record *record)
{
	remove_file(record, record->fetch_path.p);
	remove_file(record, record->output_path.p);
}
