/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/text.h"

enum { LINE_MAX_BYTES = 64 << 10 };

/* Append s with each byte of what is hidden, and of the character also, as \xNN. */
static void put_escaped(struct buf *out, struct str s, char also)
{
	while (s.n > 0) {
		size_t shown = 0, n = 0;
		long c = 0;

		while (shown < s.n) {
			c = text_character(s.p + shown, s.n - shown, &n);
			if (c == also || text_is_hidden(c))
				break;
			shown += n;
		}
		buf_put(out, s.p, shown);
		s.p += shown;
		s.n -= shown;
		for (; s.n > 0 && n > 0; n--, s.n--)
			buf_printf(out, "\\x%02x", (unsigned char)*s.p++);
	}
}

void diag_put(struct buf *out, struct str s)
{
	put_escaped(out, s, '\\');
}

void diag_put_line(struct buf *out, struct str s)
{
	put_escaped(out, s, '\n');
}

void diag_put_error(struct buf *out, const struct err *err)
{
	char words[ERR_WORDS_SIZE];

	err_words(err, words);
	diag_put(out, str_of(err->code));
	if (words[0]) {
		buf_puts(out, ": ");
		diag_put(out, str_of(words));
	}
	if (err->request_id[0]) {
		buf_puts(out, " (request ");
		diag_put(out, str_of(err->request_id));
		buf_putc(out, ')');
	}
}

void diag_put_object(struct buf *out, struct str bucket, struct str key)
{
	diag_put(out, bucket);
	buf_putc(out, '/');
	diag_put(out, key);
}

void diag_report(void (*report)(void *ctx, const char *line), void *ctx,
		 const char *what, struct str text)
{
	const char *whole;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_puts(&line, what);
	diag_put(&line, text);
	whole = buf_cstr(&line);
	report(ctx, whole ? whole : what);
	buf_free(&line);
}

void diag_put_columns(struct buf *out, const char *outcome, struct str size,
		      unsigned long long ms)
{
	buf_printf(out, "%-*s %12.*s %7llu ms  ", (int)DIAG_OUTCOME, outcome,
		   size.p ? (int)size.n : 1, size.p ? size.p : "-", ms);
}
