/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: lists of buckets.
 *
 * Input: a key, up to which is read; the document.
 */
#include "fuzz.h"
#include "list/page.h"
#include "list/walk.h"

enum { MEMORY = 16 << 20 };

/* What is read up to a key is the beginning of what is read. */
static void check_beginning(struct str document, struct str upto,
			    const struct page *whole)
{
	struct arena arena;
	struct page page;
	struct err err;

	arena_init(&arena, MEMORY);
	CHECK(page_read(&page, document, upto, &arena, &err) == 0,
	      "less of a good page is good");
	CHECK(page.n <= whole->n, "it is not more");
	for (size_t i = 0; i < page.n; i++)
		CHECK(str_eq(page.entries[i].key, whole->entries[i].key),
		      "the entries are the same");
	CHECK(page.n == whole->n || page.is_truncated,
	      "what is left out is not the end");
	arena_free(&arena);
}

/* Whatever a page has, a walk goes on behind it, ends, or says why not. */
static void check_walk(struct page *page)
{
	struct err err = { .code = "" };
	struct buf left;
	struct walk walk;
	size_t n = page->n;

	walk_init(&walk, STR(""), STR_NONE, 8, page->is_versions);
	if (walk_take(&walk, walk_next(&walk), page, &err) == 0) {
		CHECK(page->n == n, "nothing is dropped");
		CHECK(walk_is_done(&walk) == !page->is_truncated,
		      "it ends with the last page");
		for (unsigned i = 0; walk_next(&walk); i++)
			CHECK(i < 8, "no more than there may be");
		buf_init(&left, MEMORY);
		walk_put_left(&walk, &left);
		CHECK(!left.failed && str_is_utf8(buf_str(&left)),
		      "what is left is JSON");
		buf_free(&left);
	} else {
		CHECK(err_is_set(&err), "an error says why");
	}
	walk_free(&walk);
}

/* A key comes through, whatever it holds. */
static void check_key(struct str key)
{
	struct arena arena;
	struct page page;
	struct buf text;
	struct err err;

	if (key.n == 0 || key.n > 1024)
		return;
	arena_init(&arena, MEMORY);
	buf_init(&text, MEMORY);
	buf_puts(&text, "<ListBucketResult><IsTruncated>false</IsTruncated>"
		 "<Contents><Key>");
	for (size_t i = 0; i < key.n; i++) {
		if (strchr("<>&\r\n\t", key.p[i]))
			buf_printf(&text, "&#%d;", key.p[i]);
		else
			buf_putc(&text, key.p[i]);
	}
	buf_puts(&text, "</Key></Contents></ListBucketResult>");
	/* A part of a reference may be in the key: it is written "&#38;#1;". */
	CHECK(page_read(&page, buf_str(&text), STR_NONE, &arena, &err) == 0,
	      "a list of one key is read");
	CHECK(page.n == 1 && str_eq(page.entries[0].key, key),
	      "its key is as it was");
	buf_free(&text);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str upto = fuzz_part(&rest);
	char *copy = fuzz_copy(rest);
	struct str document = { copy, rest.n };
	struct arena arena;
	struct page page;
	struct err err = { .code = "" };

	arena_init(&arena, MEMORY);
	check_key(upto);
	if (page_read(&page, document, STR_NONE, &arena, &err) == 0) {
		for (size_t i = 0; i < page.n; i++)
			CHECK(page.entries[i].key.n > 0, "each has a key");
		check_beginning(document, upto, &page);
		check_walk(&page);
	} else {
		CHECK(err_is_set(&err) && err.status == 500,
		      "an error says why");
	}
	arena_free(&arena);
	free(copy);
	return 0;
}
