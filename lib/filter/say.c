/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/say.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"

enum { LINE_MAX_BYTES = 1 << 20 };

void say_line(const char *who, struct str line)
{
	say_coloured(who, line, 0, NULL);
}

void say_coloured(const char *who, struct str line, size_t n,
		  const char *colour)
{
	struct buf text;

	buf_init(&text, LINE_MAX_BYTES);
	if (who) {
		diag_put_line(&text, str_of(who));
		buf_puts(&text, ": ");
	}
	if (colour && n <= line.n) {
		buf_printf(&text, "\033[%sm", colour);
		diag_put_line(&text, (struct str){ line.p, n });
		buf_puts(&text, "\033[0m");
		line.p += n;
		line.n -= n;
	}
	diag_put_line(&text, line);
	buf_putc(&text, '\n');
	/* A line that cannot be written cannot be told either. */
	(void)file_write(STDERR_FILENO, text.failed ?
			 STR("(a line that is too long)\n") : buf_str(&text));
	buf_free(&text);
}

void say_wrong(const char *who, const char *what, const char *text)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_puts(&line, what);
	buf_puts(&line, ": ");
	diag_put(&line, str_of(text));
	say_line(who, buf_str(&line));
	buf_free(&line);
}

void say_errno(const char *who, const char *what)
{
	say_wrong(who, what, strerror(errno));
}
