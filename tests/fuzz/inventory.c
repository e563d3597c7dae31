/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory: manifests, and their rows.
 *
 * Input: a manifest; a file, which may be plain CSV.
 */
#include "fuzz.h"
#include "list/inventory.h"

enum { MEMORY = 16 << 20 };

static void on_row(void *ctx, const struct page_entry *entry)
{
	struct buf *seen = ctx;

	CHECK(entry->key.p, "each row has a key");
	buf_printf(seen, "%zu %zu %llu %d %d;", entry->key.n, entry->version.n,
		   entry->size, entry->is_old, entry->is_marker);
	buf_put_str(seen, entry->key);
}

/* Read the file in pieces; returns the status of the end. */
static int read_rows(const struct inventory *inventory, struct str bytes,
		     size_t piece, struct buf *seen, struct err *err)
{
	struct inventory_file file = { .key = STR("f"), .md5 = STR("x") };
	struct inventory_rows rows = { .row = on_row, .ctx = seen };
	struct arena arena;
	int status = 0;

	arena_init(&arena, MEMORY);
	inventory_rows_begin(&rows, inventory, &file, &arena);
	while (status == 0 && bytes.n > 0) {
		size_t n = piece < bytes.n ? piece : bytes.n;
		char *copy = fuzz_copy((struct str){ bytes.p, n });

		status = inventory_rows_feed(&rows, copy, n, err);
		free(copy);
		bytes.p += n;
		bytes.n -= n;
	}
	if (status == 0)
		CHECK(inventory_rows_end(&rows, err) < 0,
		      "a wrong MD5 is noticed");
	inventory_rows_free(&rows);
	arena_free(&arena);
	CHECK(err_is_set(err), "an error says why");
	return status;
}

static void check_rows(const struct inventory *inventory, struct str bytes)
{
	struct err whole = { .code = "" }, pieces = { .code = "" };
	struct buf a, b;
	int status;

	buf_init(&a, MEMORY);
	buf_init(&b, MEMORY);
	status = read_rows(inventory, bytes, SIZE_MAX, &a, &whole);
	CHECK(read_rows(inventory, bytes, 1, &b, &pieces) == status,
	      "pieces end as the whole does");
	CHECK(err_is(&whole, pieces.code), "with the same error");
	CHECK(str_eq(buf_str(&a), buf_str(&b)), "and have the same rows");
	buf_free(&a);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str manifest = fuzz_part(&rest);
	char *copy = fuzz_copy(manifest);
	struct inventory inventory;
	struct arena arena;
	struct err err = { .code = "" };

	arena_init(&arena, MEMORY);
	if (inventory_read(&inventory, (struct str){ copy, manifest.n },
			   &arena, &err) == 0) {
		CHECK(inventory.columns[INVENTORY_KEY] >= 0 &&
		      inventory.n_columns <= CSV_FIELDS_MAX,
		      "there is a column of keys");
		for (size_t i = 0; i < inventory.n_files; i++)
			CHECK(inventory.files[i].key.n > 0 &&
			      inventory.files[i].md5.n == 32,
			      "a file has its key and MD5");
		check_rows(&inventory, rest);
	} else {
		CHECK(err_is_set(&err), "an error says why");
	}
	arena_free(&arena);
	free(copy);
	return 0;
}
