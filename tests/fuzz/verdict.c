/* SPDX-License-Identifier: Apache-2.0 */
/* verdict: a worker's answer about one record, compared with yajl's tree. */
#include "processor/verdict.h"

#include "fuzz_json.h"

/* The id of the record that is asked about. */
#define ID "1"

static bool is_about_another(yajl_val tree)
{
	yajl_val id = fuzz_last(tree, "id");

	return YAJL_IS_STRING(id) && strcmp(YAJL_GET_STRING(id), ID) != 0;
}

/* Has it a member that is no part of an answer? */
static bool has_other(yajl_val tree)
{
	static const char *const names[] = { "id", "good", "bad", "failed" };

	for (size_t i = 0; i < YAJL_GET_OBJECT(tree)->len; i++) {
		bool is_known = false;

		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++)
			is_known |= strcmp(YAJL_GET_OBJECT(tree)->keys[i],
					   names[j]) == 0;
		if (!is_known)
			return true;
	}
	return false;
}

/* The content of the text, if it is one object. */
static void check_outcome(yajl_val tree, enum record_outcome outcome,
			  const struct err *err)
{
	yajl_val good = fuzz_last(tree, "good"), bad = fuzz_last(tree, "bad");
	yajl_val failed = fuzz_last(tree, "failed");
	int told = fuzz_is_there(good) + fuzz_is_there(bad) +
		   fuzz_is_there(failed);

	CHECK(!is_about_another(tree), "it is about this record");
	switch (outcome) {
	case RECORD_GOOD:
		CHECK(told || !has_other(tree),
		      "what tells nothing has nothing else to say");
		CHECK(told == (int)fuzz_is_there(good) &&
		      (!told || YAJL_IS_TRUE(good) ||
		       (YAJL_IS_STRING(good) &&
			strcmp(YAJL_GET_STRING(good), "true") == 0)),
		      "good is what says so, and nothing else");
		break;
	case RECORD_BAD:
		CHECK(told == 1 && fuzz_is_there(bad) && YAJL_IS_OBJECT(bad),
		      "bad is what says so, and nothing else");
		break;
	case RECORD_FAILED:
		if (strcmp(err->code, "ProcessorFailed") != 0)
			break;
		CHECK(told == 1 && fuzz_is_there(failed) &&
		      YAJL_IS_OBJECT(failed),
		      "failed is what says so, and nothing else");
		CHECK(err->retry != fuzz_is_false(fuzz_last(failed, "retry")),
		      "it is tried again unless that is ruled out");
		break;
	case RECORD_GONE:
		CHECK(false, "nothing is gone that is there");
	}
}

/* An answer in the right form is never refused. */
static bool is_right(yajl_val tree, struct str line)
{
	yajl_val good = fuzz_last(tree, "good"), bad = fuzz_last(tree, "bad");
	yajl_val failed = fuzz_last(tree, "failed");

	if (!tree || !YAJL_IS_OBJECT(tree) || !fuzz_is_plain(line) ||
	    fuzz_is_there(bad) || is_about_another(tree))
		return false;
	return fuzz_is_there(good) != fuzz_is_there(failed) &&
	       (fuzz_is_there(good) ? YAJL_IS_TRUE(good) :
				      YAJL_IS_OBJECT(failed));
}

/* The answer becomes part of the record, which other filters must read. */
static void check_record(enum record_outcome outcome,
			 const struct record_bad *bad, const struct err *err)
{
	struct record_reader *reader = record_reader_new();
	struct record record = { .line = STR("{\"bucket\":\"b\",\"key\":\"k\"}") };
	struct err ignored;
	struct buf members, line;
	struct arena arena;

	buf_init(&members, RECORD_MAX);
	buf_init(&line, RECORD_MAX);
	arena_init(&arena, 1 << 20);
	if (outcome == RECORD_BAD)
		record_put_bad(&members, "fuzz", bad);
	else if (outcome == RECORD_FAILED)
		record_put_failed(&members, "fuzz", err);
	record_splice(&line, &record, buf_str(&members));
	CHECK(!line.failed && line.n > 0 &&
	      memchr(line.p, '\n', line.n) == line.p + line.n - 1,
	      "a record is one line");
	CHECK(record_parse(reader, buf_str(&line), &arena, &record,
			   &ignored) == 0, "a record can be read");
	CHECK(record_outcome(&record) == outcome, "it says the same");
	record_reader_free(reader);
	arena_free(&arena);
	buf_free(&members);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct record_bad nothing;
	struct str line = { (const char *)data, size };
	struct record_bad bad = nothing;
	struct err err = { .code = "" };
	yajl_val tree = fuzz_tree(line);
	char *copy = fuzz_copy(line);
	enum record_outcome outcome;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	outcome = verdict_read((struct str){ copy, size }, STR(ID), &arena, &bad,
			      &err);
	CHECK((outcome == RECORD_FAILED) == err_is_set(&err),
	      "an error is set when it failed");
	CHECK((outcome == RECORD_BAD) == (bad.reason.n > 0),
	      "a reason is there when it is bad");
	CHECK(outcome == RECORD_BAD ||
	      memcmp(&bad, &nothing, sizeof(bad)) == 0,
	      "of what is not bad, nothing is said");
	if (strcmp(err.code, "InvalidAnswer") == 0) {
		CHECK(err.retry, "what is no answer is tried again");
		CHECK(!is_right(tree, line), "an answer is taken");
	} else {
		CHECK(tree && YAJL_IS_OBJECT(tree),
		      "an answer is a JSON object");
		if (fuzz_has_no_nul(line))
			check_outcome(tree, outcome, &err);
	}
	check_record(outcome, &bad, &err);
	free(copy);
	yajl_tree_free(tree);
	arena_free(&arena);
	return 0;
}
