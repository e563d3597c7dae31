/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_describe.h"

#include "http/http_head.h"

enum { WORDS_MAX = 80 };

/* The first words of a body, as one line without its tags. */
static void put_words(struct buf *text, struct str body)
{
	size_t end = text->n + WORDS_MAX;
	bool in_tag = false, after_blank = true;

	for (size_t i = 0; i < body.n && text->n < end; i++) {
		char c = body.p[i];

		if (c == '<')
			in_tag = true;
		if (!in_tag && c > ' ' && c <= '~')
			buf_putc(text, c);
		else if (!after_blank)
			buf_putc(text, ' ');
		after_blank = in_tag || c <= ' ' || c > '~';
		if (c == '>')
			in_tag = false;
	}
}

struct str http_describe(const struct http_request *answer, const char *service,
			 struct arena *arena)
{
	struct str type = http_head_value(answer, "content-type");
	struct str said;
	struct buf text;

	buf_init(&text, 4 * WORDS_MAX);
	buf_printf(&text, "HTTP %ld", answer->status);
	if (type.n > 0 && type.n < WORDS_MAX)
		buf_printf(&text, ", %.*s", STR_FMT(type));
	if (service)
		buf_printf(&text, ": not an answer of %s, perhaps of a proxy",
			   service);
	if (service && answer->body_in.n > 0) {
		buf_puts(&text, ": ");
		put_words(&text, buf_str(&answer->body_in));
	}
	said = arena_dup(arena, str_trim_end(buf_str(&text), " :"));
	buf_free(&text);
	return said.n > 0 ? said : STR("an answer in no form that is known");
}
