/* SPDX-License-Identifier: Apache-2.0 */
#include "base/globs.h"

#include <fnmatch.h>
#include <string.h>

int globs_add(struct globs *globs, const char *glob)
{
	if (globs->count == GLOBS_MAX)
		return -1;
	globs->list[globs->count++] = glob;
	return 0;
}

/* fnmatch(3) wants a C string, so the name is copied. */
bool globs_match(const struct globs *globs, struct str name)
{
	char text[GLOBS_NAME_MAX + 1];

	if (name.n > GLOBS_NAME_MAX || (name.n > 0 && memchr(name.p, '\0', name.n)))
		return false;
	if (name.n > 0)
		memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->list[i], text, 0) == 0)
			return true;
	return false;
}

/* Most names repeat the last one.  A name too long for last is never kept. */
bool globs_match_again(struct globs *globs, struct str name, bool *is_new)
{
	*is_new = name.n == 0 || !str_is(name, globs->last);
	if (!*is_new)
		return globs->last_matched;
	globs->last_matched = globs_match(globs, name);
	globs->last[0] = '\0';
	if (name.n > 0 && name.n < sizeof(globs->last)) {
		memcpy(globs->last, name.p, name.n);
		globs->last[name.n] = '\0';
	}
	return globs->last_matched;
}
