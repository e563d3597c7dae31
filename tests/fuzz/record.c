/* SPDX-License-Identifier: Apache-2.0 */
/* record: lines between filters: read, spliced, read again. */
#include "record/record.h"

#include <yajl/yajl_tree.h>

#include "fuzz.h"

static struct record_reader *reader;

/* Read a copy that ends where its block ends. */
static int parse(struct str line, struct arena *arena, struct record *record,
		 char **copy)
{
	struct err err = { .code = "" };
	int status;

	*copy = fuzz_copy(line);
	status = record_parse(reader, (struct str){ *copy, line.n }, arena,
			      record, &err);
	CHECK((status < 0) == err_is_set(&err),
	      "an error is set when, and only when, a line is refused");
	return status;
}

static void check_object(struct str line)
{
	char *text = fuzz_cstr(line), why[256];
	yajl_val tree = yajl_tree_parse(text, why, sizeof(why));

	CHECK(tree && YAJL_IS_OBJECT(tree), "what is taken is a JSON object");
	yajl_tree_free(tree);
	free(text);
}

static void check_texts(const struct record *r)
{
	const struct str texts[] = {
		r->event, r->time, r->region, r->source, r->bucket, r->key,
		r->version, r->etag, r->sequencer, r->fetch_path, r->route_to
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK(str_is_utf8(texts[i]), "texts are UTF-8");
	for (size_t i = 0; !r->mark.p && i < r->id.n; i++)
		CHECK(r->id.p[i] && strchr("0123456789-_"
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		      r->id.p[i]), "an id can stand in a file's name");
}

static void put(struct buf *members, const struct record *record,
		enum record_outcome outcome)
{
	struct err err = { .code = "Code\n", .message = "a \"mess\\age\001" };
	struct record_bad bad = { .reason = record->key, .code = record->id,
				  .line = 1, .count = record->size,
				  .has_count = record->has_size };

	if (outcome == RECORD_BAD)
		record_put_bad(members, "fuzz", &bad);
	else if (outcome == RECORD_GONE)
		record_put_gone(members, "fuzz", &err, STR_NONE);
	else if (outcome == RECORD_FAILED)
		record_put_failed(members, "fuzz", &err);
}

/* Failed outranks gone, and gone outranks bad. */
static void check_outcome(const struct record *record,
			  const struct record *again,
			  enum record_outcome outcome)
{
	enum record_outcome before = record_outcome(record);

	CHECK(record_outcome(again) == (before > outcome ? before : outcome),
	      "the outcome is the one spliced in");
	if (outcome == RECORD_BAD)
		CHECK(str_is(again->bad_by, "fuzz") &&
		      (!record->key.p || str_eq(again->bad_reason, record->key)),
		      "who and why can be read back");
	if (outcome == RECORD_GONE)
		CHECK(str_is(again->gone_code, "Code\n"),
		      "the code can be read back");
}

static void check_splice(const struct record *record, struct arena *arena,
			 enum record_outcome outcome)
{
	struct buf members, line;
	struct record again;
	struct str text;
	char *copy;

	buf_init(&members, RECORD_MAX);
	buf_init(&line, 4 * RECORD_MAX);
	put(&members, record, outcome);
	record_splice(&line, record, buf_str(&members));
	text = buf_str(&line);
	CHECK(!line.failed && text.p[text.n - 1] == '\n', "a line is made");
	text.n--;
	CHECK(!memchr(text.p, '\n', text.n), "it is one line");
	CHECK(str_has_prefix(text, (struct str){ record->line.p,
						 record->line.n - 1 }),
	      "what was there passes through byte for byte");
	CHECK(outcome != RECORD_GOOD || str_eq(text, record->line),
	      "nothing spliced, nothing changed");
	CHECK(parse(text, arena, &again, &copy) == 0, "the result is a record");
	CHECK(str_eq(again.id, record->id) &&
	      str_eq(again.bucket, record->bucket) &&
	      str_eq(again.key, record->key) &&
	      str_eq(again.version, record->version) &&
	      again.size == record->size, "the object stays the same");
	check_outcome(record, &again, outcome);
	buf_free(&members);
	buf_free(&line);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str line = fuzz_line(&rest);
	struct record record;
	struct arena arena;
	char *copy;

	if (!reader)
		reader = record_reader_new();
	arena_init(&arena, 64 << 20);
	if (parse(line, &arena, &record, &copy) == 0) {
		check_object(record.line);
		check_texts(&record);
		CHECK(record.mark.p || record.failed.p ||
		      (record.bucket.n > 0 && record.key.n > 0),
		      "a record has a bucket and a key");
		for (int i = RECORD_GOOD; i <= RECORD_FAILED; i++)
			if (!record.mark.p)
				check_splice(&record, &arena,
					     (enum record_outcome)i);
	}
	free(copy);
	arena_free(&arena);
	return 0;
}
