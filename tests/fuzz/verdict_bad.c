/* SPDX-License-Identifier: Apache-2.0 */
/* verdict_bad: a processor's note about a fault, compared with yajl's tree. */
#include "processor/verdict.h"

#include "fuzz_json.h"

static const struct record_bad before = {
	.reason = { "before", 6 }, .code = { "Before", 6 }, .line = 1000001,
	.column = 1000002, .byte = 1000003, .count = 1000004
};

static void check_text(yajl_val value, struct str got, struct str old)
{
	if (value && YAJL_IS_STRING(value) && *YAJL_GET_STRING(value))
		CHECK(str_is(got, YAJL_GET_STRING(value)),
		      "a text is taken as it is");
	else
		CHECK(got.p == old.p, "what is not said stays");
}

static void check_number(yajl_val value, unsigned long long got,
			 unsigned long long old)
{
	if (!fuzz_is_there(value))
		CHECK(got == old, "what is not said stays");
	else if (YAJL_IS_NUMBER(value))
		CHECK(strspn(YAJL_GET_NUMBER(value), "0123456789") ==
		      strlen(YAJL_GET_NUMBER(value)) &&
		      got == strtoull(YAJL_GET_NUMBER(value), NULL, 10),
		      "a number is taken as it is");
	else
		CHECK(YAJL_IS_STRING(value), "a number is no other thing");
}

static void check_said(struct str text, const struct record_bad *bad)
{
	yajl_val tree = fuzz_tree(text);

	CHECK(text.n <= VERDICT_BAD_MAX, "a note is short");
	CHECK(tree && YAJL_IS_OBJECT(tree), "a note is a JSON object");
	if (fuzz_has_no_nul(text)) {
		check_text(fuzz_last(tree, "reason"), bad->reason,
			   before.reason);
		check_text(fuzz_last(tree, "code"), bad->code, before.code);
		check_number(fuzz_last(tree, "line"), bad->line, before.line);
		check_number(fuzz_last(tree, "column"), bad->column,
			     before.column);
		check_number(fuzz_last(tree, "byte"), bad->byte, before.byte);
		check_number(fuzz_last(tree, "count"), bad->count,
			     before.count);
		CHECK(bad->has_count == fuzz_is_there(fuzz_last(tree, "count")),
		      "a count is known when it was said");
	}
	CHECK(bad->code.n > 0 && bad->code.n <= VERDICT_CODE_MAX,
	      "a code is short");
	for (size_t i = 0; i < bad->code.n; i++)
		CHECK(bad->code.p[i] && strchr("0123456789._-"
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		      bad->code.p[i]), "a code is a word");
	yajl_tree_free(tree);
}

/* The note becomes part of the record, which other filters must read. */
static void check_record(const struct record_bad *bad)
{
	struct record_reader *reader = record_reader_new();
	struct record record = { .line = STR("{\"bucket\":\"b\",\"key\":\"k\"}") };
	struct err err = { .code = "" };
	struct buf members, line;
	struct arena arena;

	buf_init(&members, RECORD_MAX);
	buf_init(&line, RECORD_MAX);
	arena_init(&arena, 1 << 20);
	record_put_bad(&members, "fuzz", bad);
	record_splice(&line, &record, buf_str(&members));
	CHECK(!line.failed && line.n > 0 &&
	      memchr(line.p, '\n', line.n) == line.p + line.n - 1,
	      "a record is one line");
	CHECK(record_parse(reader, buf_str(&line), &arena, &record, &err) == 0,
	      "a record can be read");
	CHECK(record_outcome(&record) == RECORD_BAD, "it is bad");
	CHECK(str_eq(record.bad_reason, bad->reason) &&
	      str_eq(record.bad_code, bad->code), "texts come back");
	record_reader_free(reader);
	arena_free(&arena);
	buf_free(&members);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct record_bad bad = before;
	struct err err = { .code = "" };
	char *copy = fuzz_copy(text);
	struct arena arena;
	int status;

	arena_init(&arena, 1 << 20);
	status = verdict_read_bad((struct str){ copy, size }, &arena, &bad, &err);
	free(copy);
	if (status == 0) {
		check_said(text, &bad);
		check_record(&bad);
	} else {
		CHECK(strcmp(err.code, "InvalidNote") == 0 && err.message[0],
		      "an error says why");
		CHECK(memcmp(&bad, &before, sizeof(bad)) == 0,
		      "what is no note sets nothing");
	}
	arena_free(&arena);
	return 0;
}
