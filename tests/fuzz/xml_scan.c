/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_scan: a document that is plain is read as expat reads it.
 *
 * Input: the document.
 */
#include "fuzz.h"
#include "base/buf.h"
#include "format/xml_scan.h"

enum { MEMORY = 16 << 20 };

static void begin(void *ctx)
{
	buf_reset(ctx);
}

static void tell(struct buf *told, char what, struct str s, unsigned n)
{
	buf_printf(told, "%c%u:%zu:", what, n, s.n);
	buf_put_str(told, s);
}

static int open(void *ctx, struct str name, unsigned depth)
{
	tell(ctx, '<', name, depth);
	return 0;
}

static int close(void *ctx, struct str name, struct str text, unsigned depth)
{
	tell(ctx, '>', name, depth);
	tell(ctx, '"', text, depth);
	return 0;
}

static int scan(struct str document, struct buf *told)
{
	const struct xml_scan callbacks = { begin, open, close, told };
	struct err err;

	buf_init(told, MEMORY);
	return xml_scan(document, &callbacks, &err);
}

/* Behind a comment, which changes nothing, no document is plain. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str document = { (const char *)data, size };
	struct buf more, told, slow;
	int status;

	buf_init(&more, MEMORY);
	buf_put_str(&more, document);
	buf_puts(&more, "<!---->");
	status = scan(document, &told);
	CHECK(scan(buf_str(&more), &slow) == status,
	      "expat takes what is taken");
	CHECK(status < 0 || str_eq(buf_str(&told), buf_str(&slow)),
	      "and finds the same in it");
	buf_free(&told);
	buf_free(&slow);
	buf_free(&more);
	return 0;
}
