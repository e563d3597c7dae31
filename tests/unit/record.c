/* SPDX-License-Identifier: Apache-2.0 */
/* record: reading, outcome, id, splicing. */
#include "record/allowed.h"
#include "record/object_name.h"
#include "record/record.h"
#include "record/record_fault.h"
#include "record/record_shown.h"
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

static void test_fault(void)
{
	static const char *const good[] = {
		"b", "in", "acme-in.eu", "Old_Name", "_x", "0",
		"arn:aws:s3:eu-west-1:000000000000:accesspoint/point",
	};
	static const char *const bad[] = {
		"", "a/b", "-b", ".b", "..", "a b", "a\n", "\u00e9", "a:b",
		"arn:aws:s3:::a/b", "arn:aws:s3:eu-west-1:1:other/b",
		"arn:accesspoint/b", "a%2fb", "a?b", "a#b",
	};
	char line[200];
	struct record r;
	struct err err;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(line, sizeof(line),
			 "{\"bucket\":\"%s\",\"key\":\"k\"}", good[i]);
		ok(parse(line, &r, &err) == 0, "a bucket %s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line),
			 "{\"bucket\":\"%s\",\"key\":\"k\"}", bad[i]);
		ok(parse(line, &r, &err) < 0, "no bucket %zu", i);
	}
	/* Each place in and behind the words of eight bytes. */
	for (size_t i = 0; i < 20; i++) {
		char etag[21] = "abcdefghijklmnopqrst";

		etag[i] = "\t \"\x7F"[i % 4];
		r = (struct record){ .bucket = STR("b"),
				     .etag = { etag, 20 } };
		ok(record_fault(&r) != NULL, "a bad byte at %zu", i);
		etag[i] = "!~#z"[i % 4];
		ok(record_fault(&r) == NULL, "a good byte at %zu", i);
	}
	ok(parse("{\"bucket\":\"b\",\"key\":\"k\","
		 "\"time\":\"2026-03-27T01:01:58+08:00\"}", &r, &err) == 0 &&
	   str_is(r.time, "2026-03-26T17:01:58Z"), "a time in UTC");
	ok(parse("{\"bucket\":\"b\",\"key\":\"k\",\"time\":\"soon\"}", &r,
		 &err) == 0 && !r.time.p, "or none");
	ok(parse("{\"bucket\":\"b\",\"key\":\"k\",\"etag\":\"W/\\\"e\\\"\"}",
		 &r, &err) == 0 && str_is(r.etag, "e"), "a weak ETag is bare");
}

#define ARN "arn:aws:s3:us-east-1:123456789012:"
#define OUTPOST "arn:aws:s3-outposts:us-east-1:123456789012:"

static void test_object_name(void)
{
	static const struct {
		const char *name, *bucket, *key;
	} cases[] = {
		{ "b/in/a", "b", "in/a" },
		{ "b/", "b", "" },
		{ "b", "b", NULL },
		{ "", "", NULL },
		{ "b//a:b", "b", "/a:b" },
		{ "arn:b/k", "arn:b", "k" },
		{ ARN "accesspoint/p/in/a", ARN "accesspoint/p", "in/a" },
		{ ARN "accesspoint/p/", ARN "accesspoint/p", "" },
		{ ARN "accesspoint/p", ARN "accesspoint/p", NULL },
		{ ARN "accesspoint:p/accesspoint/a", ARN "accesspoint:p",
		  "accesspoint/a" },
		{ ARN "accesspoint", ARN "accesspoint", NULL },
		{ ARN "accesspoint/", ARN "accesspoint/", NULL },
		{ "arn:aws:s3:::b/k:1/accesspoint/x", "arn:aws:s3:::b",
		  "k:1/accesspoint/x" },
		{ OUTPOST "outpost/op-1/accesspoint/p/a:/b",
		  OUTPOST "outpost/op-1/accesspoint/p", "a:/b" },
		{ OUTPOST "outpost:op-1:accesspoint:p/a",
		  OUTPOST "outpost:op-1:accesspoint:p", "a" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char url[200];
		struct str bucket, key;

		snprintf(url, sizeof(url), "s3://%s", cases[i].name);
		bool is_name = object_name_url(str_of(url), &bucket, &key);
		ok(is_name && str_is(bucket, cases[i].bucket) &&
		   str_eq(key, str_of(cases[i].key)) &&
		   !key.p == !cases[i].key, "%s: bucket %.*s, key %.*s", url,
		   STR_FMT(bucket), STR_FMT(key));
		ok(!object_name_url(str_of(cases[i].name), &bucket, &key),
		   "not without s3://");
	}
}

static void test_allowed(void)
{
	struct allowed allowed;

	allowed_init(&allowed, NULL);
	ok(allowed_bucket(&allowed, STR("b")), "no list allows any bucket");
	allowed_init(&allowed, "");
	ok(allowed_bucket(&allowed, STR("b")), "so does an empty one");
	allowed_init(&allowed, " , ");
	ok(!allowed_is_any(&allowed) && !allowed_bucket(&allowed, STR("b")),
	   "one without names allows none");
	allowed_init(&allowed, "one, two\tthree");
	ok(allowed_bucket(&allowed, STR("one")) &&
	   allowed_bucket(&allowed, STR("two")) &&
	   allowed_bucket(&allowed, STR("three")), "its names are");
	ok(!allowed_bucket(&allowed, STR("on")) &&
	   !allowed_bucket(&allowed, STR("one,")) &&
	   !allowed_bucket(&allowed, STR("ones")) &&
	   !allowed_bucket(&allowed, STR("ONE")), "no others are");
	ok(allowed_add(&allowed, "four") == 0 &&
	   allowed_bucket(&allowed, STR("four")) &&
	   allowed_bucket(&allowed, STR("one")), "one more is added");
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

/* At the end of a pipeline only what was decided matters. */
static void test_read(void)
{
	struct record r;
	struct err err;
	struct str line = STR("{\"from\":{\"sqs\":\"m\",\"batch\":\"t\"},"
		"\"failed\":{\"code\":\"c\",\"retry\":false}} \n");

	arena_reset(&arena);
	ok(record_read(reader, line, &arena, &r, &err) == 0 &&
	   record_outcome(&r) == RECORD_FAILED && str_is(r.failed_code, "c") &&
	   str_is(r.failed_retry, "false"), "an outcome without an object");
	ok(str_is(r.from_sqs, "m") && str_is(r.from_batch, "t"),
	   "where it came from");
	ok(record_read(reader, STR("{\"bad\":{},\"failed\":false}"), &arena, &r,
		       &err) == 0 && record_outcome(&r) == RECORD_BAD,
	   "an outcome that is false is none");
	ok(record_read(reader, STR("{\"size\":-1}"), &arena, &r, &err) == 0 &&
	   record_outcome(&r) == RECORD_GOOD && !r.id.p && !r.has_size,
	   "numbers are not read and no id is computed");
	ok(record_read(reader, STR("{\"mark\":\"1\",\"records\":2,"
				   "\"error\":\"e\"}"), &arena, &r, &err) == 0 &&
	   str_is(r.mark, "1") && str_is(r.mark_records, "2") &&
	   str_is(r.mark_error, "e"), "what a mark says");
	ok(record_read(reader, STR("[1]"), &arena, &r, &err) < 0 &&
	   strcmp(err.code, "InvalidRecord") == 0, "an array is no record");
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

static void test_shown(void)
{
	static const struct {
		const char *line, *shown;
	} cases[] = {
		{ "{}", "{}" },
		{ " { \"a\" : 1.50 , \"b\":[1,2] }", " { \"a\" : 1.50 , \"b\":[1,2] }" },
		{ "{\"from\":{\"sqs\":\"m\",\"receipt\":\"r\",\"position\":2},\"z\":1}",
		  "{\"from\":{\"sqs\":\"m\",\"position\":2},\"z\":1}" },
		{ "{\"from\":{\"receipt\" : \"r\" , \"sqs\":\"m\"}}",
		  "{\"from\":{ \"sqs\":\"m\"}}" },
		{ "{\"from\":{\"sqs\":12 ,\"receipt\":\"r\"}}", "{\"from\":{\"sqs\":12}}" },
		{ "{\"from\":{\"rec\\u0065ipt\":\"r\"}}", "{\"from\":{}}" },
		{ "{\"from\":{\"receipt\":\"r\",\"receipt\":{\"a\":[{}]},\"b\":[]}}",
		  "{\"from\":{\"b\":[]}}" },
		{ "{\"from\":{\"b\":{},\"receipt\":1,\"receipt\":2}}", "{\"from\":{\"b\":{}}}" },
		{ "{\"fetch\":{\"path\":\"/t/x\",\"bytes\":3},\"path\":\"p\",\"receipt\":\"q\"}",
		  "{\"fetch\":{\"bytes\":3},\"path\":\"p\",\"receipt\":\"q\"}" },
		{ "{\"from\":[\"receipt\"],\"x\":{\"from\":{\"receipt\":1}},\"from\":\"receipt\"}",
		  "{\"from\":[\"receipt\"],\"x\":{\"from\":{\"receipt\":1}},\"from\":\"receipt\"}" },
		{ "{\"key\":\"a\xE2\x80\xAE\x7F\",\t\"b\":\"\xC3\xA9\\n\"}",
		  "{\"key\":\"a\\u202e\\u007f\", \"b\":\"\xC3\xA9\\n\"}" },
		{ "[]", "" }, { "{\"a\":", "" }, { "{\"from\":{\"receipt\":1}", "" },
	};
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&out);
		buf_puts(&out, ">");
		record_put_shown(&out, str_of(cases[i].line));
		ok(str_is((struct str){ out.p + 1, out.n - 1 }, cases[i].shown),
		   "what is shown of %s", cases[i].line);
	}
	buf_free(&out);
}

/* What s3ev-doctor can explain says so; the rest does not. */
static void test_words(void)
{
	static const struct {
		const char *code, *message, *want;
	} table[] = {
		{ "AccessDenied", "no", "no; see s3ev-doctor" },
		{ "AccessDenied", "Not so.", "Not so; see s3ev-doctor" },
		{ "ExpiredToken", "", "see s3ev-doctor" },
		{ "NoSuchKey", "it is gone.", "it is gone." },
		{ "SlowDown", "", "" },
	};
	char words[ERR_WORDS_SIZE], long_text[sizeof(((struct err *)0)->message)];
	struct err err;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		err_set(&err, table[i].code, "%s", table[i].message);
		err_words(&err, words);
		is(words, strlen(words), table[i].want, table[i].code);
	}
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	err_set(&err, "AccessDenied", "%s", long_text);
	err_words(&err, words);
	ok(strcmp(words + strlen(long_text), "; see s3ev-doctor") == 0,
	   "behind the longest message, too");
}

int main(void)
{
	arena_init(&arena, 100000);
	reader = record_reader_new();
	test_parse();
	test_fault();
	test_object_name();
	test_allowed();
	test_outcome();
	test_read();
	test_id();
	test_splice();
	test_shown();
	test_words();
	record_reader_free(reader);
	arena_free(&arena);
	return done();
}
