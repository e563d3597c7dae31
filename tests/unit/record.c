/* SPDX-License-Identifier: Apache-2.0 */
/* record: reading, outcome, id, splicing. */
#include "record.h"
#include "tap.h"

static struct record_reader *reader;
static struct arena arena;

static int parse(const char *line, struct record *r, struct err *err)
{
	arena_reset(&arena);
	return record_parse(reader, str_of(line), &arena, r, err);
}

static void test_parse(void)
{
	struct record r;
	struct err err;

	ok(parse("{\"bucket\":\"b\",\"key\":\"k\",\"size\":5497558138880}\n",
		 &r, &err) == 0 && r.has_size && r.size == 5497558138880ULL &&
	   r.id.n == RECORD_ID_SIZE, "a bucket and a key make a record");
	ok(parse("{\"mark\":\"7\"}", &r, &err) == 0 && str_is(r.mark, "7"),
	   "a mark is one too");
	ok(parse("{\"key\":\"k\"}", &r, &err) < 0 &&
	   strstr(err.message, "bucket"), "no bucket, no record");
	ok(parse("{\"bucket\":\"b\",\"key\":\"\"}", &r, &err) < 0 &&
	   strstr(err.message, "key"), "nor without a key");
	ok(parse("{\"bucket\":\"b\",\"key\":\"k\",\"size\":-1}", &r, &err) < 0,
	   "a negative size is refused");
	ok(parse("{\"bucket\":\"b\",\"key\":\"k\",\"id\":\"../x\"}", &r,
		 &err) < 0, "an id that could be a path is refused");
	ok(parse("{\"bucket\":\"b\",\"key\":\"k\"}\f", &r, &err) < 0,
	   "so is a line that ends in what is no blank");
	ok(parse("{\"bucket\":\"b\",\"key\":\"\xC1\x8A\"}", &r, &err) < 0,
	   "and what only looks like UTF-8");
	ok(parse("[1]", &r, &err) < 0 &&
	   strcmp(err.code, "InvalidRecord") == 0, "an array is no record");
	ok(parse("{\"from\":{},\"failed\":{\"code\":\"x\"}}", &r, &err) == 0 &&
	   record_outcome(&r) == RECORD_FAILED,
	   "a failed one needs no bucket");
}

static void test_outcome(void)
{
	static const struct {
		const char *members;
		enum record_outcome outcome;
	} cases[] = {
		{ "\"x\":1", RECORD_GOOD },
		{ "\"bad\":{\"reason\":\"r\"}", RECORD_BAD },
		{ "\"bad\":{}", RECORD_BAD },
		{ "\"bad\":null", RECORD_GOOD },
		{ "\"bad\":false", RECORD_GOOD },
		{ "\"bad\":{},\"gone\":{}", RECORD_GONE },
		{ "\"bad\":{},\"gone\":{},\"failed\":{}", RECORD_FAILED },
	};
	char line[200];
	struct record r;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(line, sizeof(line),
			 "{\"bucket\":\"b\",\"key\":\"k\",%s}",
			 cases[i].members);
		ok(parse(line, &r, &err) == 0 &&
		   record_outcome(&r) == cases[i].outcome, "%s is %s",
		   cases[i].members, record_outcome_name(cases[i].outcome));
	}
}

static bool same_id(struct record a, struct record b)
{
	char ida[RECORD_ID_SIZE + 1], idb[RECORD_ID_SIZE + 1];

	record_id(&a, ida);
	record_id(&b, idb);
	return strcmp(ida, idb) == 0;
}

static void test_id(void)
{
	struct record r = { .bucket = STR("b"), .key = STR("k") };
	struct record a = r, b = r;

	a.sequencer = STR("0055AED6");
	b.sequencer = STR("0055aed6");
	ok(same_id(a, b), "the case of a sequencer does not matter");
	a.version = b.version = STR("v");
	b.sequencer = STR("1");
	b.time = STR("2020");
	ok(same_id(a, b), "a version alone counts");
	a = b = r;
	a.version = STR("x");
	b.sequencer = STR("x");
	ok(!same_id(a, b), "a version is no sequencer");
	a = b = r;
	a.version = b.version = STR("null");
	a.sequencer = STR("1");
	b.sequencer = STR("2");
	ok(!same_id(a, b), "the version null names none");
	a = b = r;
	a.etag = b.etag = STR("e");
	a.time = STR("2026-11-23T05:54:00.123Z");
	b.time = STR("2026-11-23T05:54:00Z");
	ok(same_id(a, b), "EventBridge knows only seconds");
	b.time = STR("2026-11-23T05:54:01Z");
	ok(!same_id(a, b), "but those count");
	a = b = r;
	b.key = STR("kk");
	ok(!same_id(a, b), "another key is another object");
	a.bucket = STR("bk");
	a.key = STR("k");
	b.key = STR("kk");
	ok(!same_id(a, b), "bucket and key do not run together");
}

static void test_splice(void)
{
	struct record r;
	struct err err = { .retry = true };
	struct buf out, members;

	buf_init(&out, 1000);
	buf_init(&members, 1000);
	parse("{ \"bucket\":\"b\", \"key\":\"k\" ,\"n\":1.0e2 } \r\n", &r, &err);
	record_splice(&out, &r, STR_NONE);
	is(out.p, out.n, "{ \"bucket\":\"b\", \"key\":\"k\" ,\"n\":1.0e2 }\n",
	   "nothing to add changes nothing");
	buf_reset(&out);
	err_set(&err, "SlowDown", "not so fast");
	err.retry = true;
	record_put_failed(&members, "s3route", &err);
	record_splice(&out, &r, buf_str(&members));
	is(out.p, out.n, "{ \"bucket\":\"b\", \"key\":\"k\" ,\"n\":1.0e2 ,"
	   "\"failed\":{\"by\":\"s3route\",\"code\":\"SlowDown\","
	   "\"message\":\"not so fast\",\"retry\":true}}\n",
	   "members go before the last brace");
	buf_free(&out);
	buf_free(&members);
}

int main(void)
{
	arena_init(&arena, 100000);
	reader = record_reader_new();
	test_parse();
	test_outcome();
	test_id();
	test_splice();
	record_reader_free(reader);
	arena_free(&arena);
	return done();
}
