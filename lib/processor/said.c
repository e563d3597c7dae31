/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/said.h"

static const char traceback[] = "Traceback (most recent call last):";

static bool is_end(char c)
{
	return c == '\n' || c == '\r';
}

/* The next line that is not empty; it is absent when there is none. */
static struct str next(struct str *rest)
{
	struct str line;

	*rest = str_trim(*rest, "\r\n");
	line = (struct str){ rest->p, 0 };
	while (line.n < rest->n && !is_end(line.p[line.n]))
		line.n++;
	rest->p += line.n;
	rest->n -= line.n;
	return line.n > 0 ? line : STR_NONE;
}

/*
 * Below each traceback the frames are indented, and the exception is not.  The
 * last one is that which nobody caught; of it only the line with its name is
 * taken, since its text may have more.
 */
static struct str exception(struct str said)
{
	struct str line, found = STR_NONE;
	bool inside = false;

	while ((line = next(&said)).p) {
		if (str_is(line, traceback)) {
			inside = true;
		} else if (inside && *line.p != ' ') {
			found = line;
			inside = false;
		}
	}
	return inside ? STR_NONE : found;
}

struct str said_first(struct str said)
{
	struct str rest = said, line = next(&rest), found = STR_NONE;

	if (str_is(line, traceback))
		found = exception(said);
	return found.p ? found : line;
}

struct str said_last(struct str said)
{
	struct str last = str_trim(said, "\r\n");
	size_t n = last.n;

	while (n > 0 && !is_end(last.p[n - 1]))
		n--;
	return (struct str){ last.p + n, last.n - n };
}
