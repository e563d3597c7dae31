/* SPDX-License-Identifier: Apache-2.0 */
#include "diag.h"

enum { LINE_MAX_BYTES = 64 << 10 };

/* Length of the character at s if it may be shown as it is, else 0. */
static size_t printable(struct str s)
{
	unsigned char c = (unsigned char)*s.p;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7F && c != '\\';
	if (c == 0xC2 && s.n > 1 && (unsigned char)s.p[1] < 0xA0)
		return 0; /* C1 control characters */
	for (size_t n = 2; n <= 4 && n <= s.n; n++)
		if (str_is_utf8((struct str){ s.p, n }))
			return n;
	return 0;
}

void diag_put(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t n = printable(s);

		if (n > 0) {
			buf_put(out, s.p, n);
		} else {
			buf_printf(out, "\\x%02x", (unsigned char)*s.p);
			n = 1;
		}
		s.p += n;
		s.n -= n;
	}
}

void diag_put_error(struct buf *out, const struct err *err)
{
	diag_put(out, str_of(err->code));
	if (err->message[0]) {
		buf_puts(out, ": ");
		diag_put(out, str_of(err->message));
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
	buf_printf(out, "%-6s %12.*s %7llu ms  ", outcome,
		   size.p ? (int)size.n : 1, size.p ? size.p : "-", ms);
}
