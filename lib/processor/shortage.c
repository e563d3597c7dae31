/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/shortage.h"

#include <stddef.h>
#include <strings.h>

static const struct {
	const char *words;
	bool is_memory;
} table[] = {
	/* dash */
	{ "Cannot fork", false },
	/* strerror() of EAGAIN: bash, busybox, xargs, make, Python, Ruby, Go */
	{ "Resource temporarily unavailable", false },
	/* of ENOMEM, which fork() also gives */
	{ "Cannot allocate memory", true },
	/* of EMFILE and ENFILE */
	{ "Too many open files", false },
	{ "Too many open files in system", false },
	/* of ENOSPC and EDQUOT: what it wrote beside its output is cut off */
	{ "No space left on device", false },
	{ "Disk quota exceeded", false },
	/* Go and Java, of threads */
	{ "failed to create new OS thread", false },
	{ "unable to create native thread", false },
};

/* After "dash: 1: ", or "BlockingIOError: [Errno 11] ". */
static bool is_begin(struct str line, size_t at)
{
	return at >= 2 && line.p[at - 1] == ' ' &&
	       (line.p[at - 2] == ':' || line.p[at - 2] == ']');
}

/*
 * What may follow is what it was about: ": 'name'", " - fork(2)", " (have", and
 * of Node.js ", write".
 */
static bool is_end(struct str line, size_t at)
{
	struct str rest = { line.p + at, line.n - at };

	return rest.n == 0 || *rest.p == ':' ||
	       str_has_prefix(rest, STR(" - ")) ||
	       str_has_prefix(rest, STR(", ")) ||
	       str_has_prefix(rest, STR(" ("));
}

static bool reports(struct str line, struct str words)
{
	for (size_t i = 0; i + words.n <= line.n; i++)
		if (strncasecmp(line.p + i, words.p, words.n) == 0 &&
		    is_begin(line, i) && is_end(line, i + words.n))
			return true;
	return false;
}

bool shortage_is_in(struct str said, bool has_limit)
{
	while (said.n > 0) {
		struct str line = str_trim(str_next(&said, '\n'), "\r");

		for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
			if (!(has_limit && table[i].is_memory) &&
			    reports(line, str_of(table[i].words)))
				return true;
	}
	return false;
}
