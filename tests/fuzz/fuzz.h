/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: functions that the fuzz targets share.
 *
 * A target is one file with LLVMFuzzerTestOneInput().  CHECK() states what must
 * hold for every input; a report names the property that was broken.
 */
#ifndef S3EV_FUZZ_H
#define S3EV_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(holds, what) ((holds) ? (void)0 : fuzz_fail(#holds, what))

/* Report the broken property what, and the expression that was false. */
static inline _Noreturn void fuzz_fail(const char *holds, const char *what)
{
	fprintf(stderr, "PROPERTY BROKEN: %s\n\t(%s)\n", what, holds);
	abort();
}

/* Show a text as a C string, before a CHECK that is about it. */
static inline void fuzz_show(const char *name, struct str s)
{
	fprintf(stderr, "%s: \"", name);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			fprintf(stderr, "\\%c", c);
		else if (c >= ' ' && c < 0x7F)
			fputc(c, stderr);
		else
			fprintf(stderr, "\\%03o", c);
	}
	fputs("\"\n", stderr);
}

/*
 * The next part of an input that is made of several texts: up to a line of
 * "%%", or to its end.  Empty when there is no more.
 */
static inline struct str fuzz_part(struct str *rest)
{
	static const char end[] = "%%\n";
	struct str part = *rest;

	for (size_t i = 0; i + 3 <= rest->n; i++) {
		if (memcmp(rest->p + i, end, 3) != 0 ||
		    (i > 0 && rest->p[i - 1] != '\n'))
			continue;
		part.n = i;
		rest->p += i + 3;
		rest->n -= i + 3;
		return part;
	}
	rest->p += rest->n;
	rest->n = 0;
	return part;
}

/* The next line of a part, without its end. */
static inline struct str fuzz_line(struct str *rest)
{
	struct str line = *rest;
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (end)
		line.n = (size_t)(end - line.p);
	rest->p += end ? line.n + 1 : line.n;
	rest->n -= end ? line.n + 1 : line.n;
	return line;
}

/* The next pseudo-random number (xorshift). */
static inline uint32_t fuzz_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A seed made from the input, so that the same input always runs the same. */
static inline uint32_t fuzz_seed(struct str input)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < input.n; i++)
		hash = (hash ^ (unsigned char)input.p[i]) * 16777619;
	return hash ? hash : 1;
}

/* A copy that ends where its block ends: sanitizers see a byte too many. */
static inline char *fuzz_copy(struct str s)
{
	char *copy = malloc(s.n ? s.n : 1);

	if (!copy)
		abort();
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return copy;
}

/* A copy as a C string. */
static inline char *fuzz_cstr(struct str s)
{
	char *copy = malloc(s.n + 1);

	if (!copy)
		abort();
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

static inline bool fuzz_has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return true;
	return false;
}

/* Is it free of bytes that could end a URL, a header or a line? */
static inline bool fuzz_is_url(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7F)
			return false;
	return s.n > 0;
}

#endif
