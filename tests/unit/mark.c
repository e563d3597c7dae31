/* SPDX-License-Identifier: Apache-2.0 */
/* mark: what the last line of an event says. */
#include "event/mark.h"

#include "tap.h"

static void put(const struct mark *mark, const char *line, const char *what)
{
	struct buf out;

	buf_init(&out, 4096);
	mark_put(&out, mark);
	is(out.p, out.n, line, what);
	buf_free(&out);
}

int main(void)
{
	struct mark mark;
	struct err err;

	mark_init(&mark);
	put(&mark, "{\"mark\":\"1\",\"records\":0}\n", "all was read");
	err_set(&err, "InvalidEvent", "no event");
	mark_refused(&mark, &err, false);
	put(&mark, "{\"mark\":\"1\",\"records\":0,\"error\":\"no event\"}\n",
	    "something was refused");
	mark_next(&mark);
	mark.error.max = 0;
	mark_refused(&mark, &err, false);
	put(&mark, "{\"mark\":\"2\",\"records\":0,"
	    "\"error\":\"out of memory\"}\n",
	    "so it was, where there is no room for the reason");
	mark_free(&mark);
	return done();
}
