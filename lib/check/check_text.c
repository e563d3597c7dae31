/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_text.h"

#include <string.h>

#include "check/check_kind.h"

enum start { WAIT, TEXT, MARK, UTF16, UTF32 };

enum { ANY = -1 /* byte but NUL */ };

/* The longer ones first; RFC 4627, section 3, on text without a mark. */
static const struct {
	enum start start;
	unsigned char n;
	short bytes[CHECK_TEXT_FIRST];
} starts[] = {
	{ UTF32, 4, { 0xFF, 0xFE, 0, 0 } },
	{ UTF32, 4, { 0, 0, 0xFE, 0xFF } },
	{ UTF32, 4, { ANY, 0, 0, 0 } },
	{ UTF32, 4, { 0, 0, 0, ANY } },
	{ UTF16, 4, { ANY, 0, ANY, 0 } },
	{ UTF16, 4, { 0, ANY, 0, ANY } },
	{ MARK, 3, { 0xEF, 0xBB, 0xBF } },
	{ UTF16, 2, { 0xFF, 0xFE } },
	{ UTF16, 2, { 0xFE, 0xFF } },
};

static bool fits(const short *bytes, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == ANY ? p[i] == 0 : p[i] != bytes[i])
			return false;
	return true;
}

/* WAIT: more bytes are needed to tell. */
static enum start start_of(const struct check_text *t, bool is_end)
{
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		size_t n = starts[i].n;

		if (!fits(starts[i].bytes, t->first, n < t->n ? n : t->n))
			continue;
		if (t->n >= n)
			return starts[i].start;
		if (!is_end)
			return WAIT;
	}
	return TEXT;
}

/* Let the check have bytes, up to a NUL; JSON says itself where none may be. */
static void pass(struct check *c, const struct text_place *place,
		 const unsigned char *p, size_t n)
{
	const unsigned char *nul = c->kind == CHECK_JSON ? NULL :
							   memchr(p, '\0', n);
	size_t good = nul ? (size_t)(nul - p) : n;
	struct text_place at;

	if (good > 0)
		c->functions->update(c, place, p, good);
	if (!nul || c->is_bad)
		return;
	c->yields = true;
	at = check_kind_place(place, p, good);
	check_kind_fail(c, &at, at.byte, "NulByte",
			"a NUL byte, which is not text");
}

static void begin(struct check *c, enum start start)
{
	struct check_text *t = &c->text;

	t->begun = true;
	if (start == UTF16)
		check_kind_fail(c, &TEXT_START, t->n, "UTF16",
				"the text is in UTF-16, not in UTF-8");
	else if (start == UTF32)
		check_kind_fail(c, &TEXT_START, t->n, "UTF32",
				"the text is in UTF-32, not in UTF-8");
	else if (start == MARK && t->mark == CHECK_TEXT_REFUSE)
		check_kind_fail(c, &TEXT_START, t->n, "ByteOrderMark",
				"a byte order mark, which JSON does not have; "
				"leave it out, or allow it with --allow-bom");
	else if (start == TEXT || t->mark == CHECK_TEXT_KEEP)
		pass(c, &TEXT_START, t->first, t->n);
	/* However the bytes were cut, they were all needed to see this. */
	if (c->is_bad && c->decided < t->n)
		c->decided = t->n;
}

void check_text_update(struct check *c, const struct text_place *place,
		       const unsigned char *p, size_t n)
{
	struct check_text *t = &c->text;
	struct text_place at = *place;
	enum start start = WAIT;
	size_t used = 0;

	while (!t->begun && used < n) {
		t->first[t->n++] = p[used++];
		start = start_of(t, false);
		if (start != WAIT)
			begin(c, start);
	}
	if (used == n || c->is_bad)
		return;
	text_advance(&at, p, used);
	pass(c, &at, p + used, n - used);
}

void check_text_end(struct check *c, const struct text_place *place)
{
	if (!c->text.begun)
		begin(c, start_of(&c->text, true));
	if (!c->is_bad)
		c->functions->end(c, place);
}
