/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* TIOCGWINSZ */
#include "filter/rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "base/diag.h"
#include "filter/say.h"

enum { TEXT_MAX = 64 << 10, WIDTH = 80 };

int rows_width(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ?
	       size.ws_col : WIDTH;
}

void rows_init(struct rows *rows, int fd)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	*rows = (struct rows){
		.fd = fd,
		.has_colour = !(no_colour && *no_colour) &&
			      !(term && strcmp(term, "dumb") == 0),
	};
}

static void show_heading(const struct rows *rows, const char *who)
{
	bool is_narrow = rows_width(rows->fd) < ROWS_NARROW;

	say_line(who, is_narrow ? STR("outcome object") :
			STR("outcome       bytes       time  object"));
}

void rows_show(struct rows *rows, const char *who, const struct rows_row *row)
{
	static const char *const colours[] = {
		[RECORD_GOOD] = "32", [RECORD_BAD] = "31",
		[RECORD_GONE] = "36", [RECORD_FAILED] = "33",
	};
	const char *outcome = record_outcome_name(row->outcome);
	struct buf text;

	if (!rows->has_heading)
		show_heading(rows, who);
	rows->has_heading = true;
	buf_init(&text, TEXT_MAX);
	if (rows_width(rows->fd) < ROWS_NARROW)
		buf_printf(&text, "%-*s  ", (int)DIAG_OUTCOME, outcome);
	else
		diag_put_columns(&text, outcome, row->size, row->ms);
	buf_put_str(&text, row->text);
	say_coloured(who, buf_str(&text), strlen(outcome),
		     rows->has_colour ? colours[row->outcome] : NULL);
	buf_free(&text);
}
