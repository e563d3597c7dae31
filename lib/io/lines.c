/* SPDX-License-Identifier: Apache-2.0 */
#include "io/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 64 << 10 };

void lines_init(struct lines *lines, size_t max)
{
	*lines = (struct lines){ .max = max };
	buf_init(&lines->buf, max + 2 * READ_SIZE);
}

void lines_free(struct lines *lines)
{
	buf_free(&lines->buf);
}

int lines_read(struct lines *lines, int fd)
{
	char *room;
	ssize_t n;

	buf_consume(&lines->buf, lines->used);
	lines->used = 0;
	room = buf_room(&lines->buf, READ_SIZE);
	if (!room) {
		errno = ENOMEM;
		return -1;
	}
	n = read(fd, room, READ_SIZE);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	lines->buf.n += (size_t)n;
	lines->ended = n == 0;
	return 0;
}

/* The last n bytes that were read are not a whole line. */
static enum lines_what part_of_line(struct lines *lines, size_t n)
{
	bool told = lines->skipping;

	if (n > lines->max)
		lines->skipping = true;
	if (lines->skipping || lines->ended)
		lines->used += n;
	if (n == 0 || told || !(lines->skipping || lines->ended))
		return LINES_NONE;
	lines->number++;
	return lines->skipping ? LINES_TOO_LONG : LINES_CUT_OFF;
}

enum lines_what lines_next(struct lines *lines, struct str *line)
{
	for (;;) {
		char *start = lines->buf.p + lines->used;
		size_t left = lines->buf.n - lines->used;
		char *end = left > 0 ? memchr(start, '\n', left) : NULL;

		if (!end)
			return part_of_line(lines, left);
		*line = (struct str){ start, (size_t)(end - start) };
		lines->used += line->n + 1;
		if (lines->skipping) {
			lines->skipping = false;
			continue;
		}
		lines->number++;
		return line->n > lines->max ? LINES_TOO_LONG : LINES_LINE;
	}
}
