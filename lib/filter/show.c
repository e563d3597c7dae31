/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/show.h"

#include <stdio.h>

#include "record/record_shown.h"

enum { LINE_MAX_BYTES = 16 << 20 };

void show_line(const struct buf *line)
{
	if (!line->failed)
		fwrite(line->p, 1, line->n, stdout);
	fflush(stdout);
}

void show_record(struct str prefix, struct str record)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_put_str(&line, prefix);
	record_put_shown(&line, record);
	buf_putc(&line, '\n');
	show_line(&line);
	buf_free(&line);
}
