/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: keys in event order, items, decisions. */
#define _GNU_SOURCE /* memmem */
#include "ledger/ledger_item.h"
#include "tap.h"

static struct arena arena;

static void seq_is(struct record r, const char *want, const char *what)
{
	struct ledger_item_key key;

	r.bucket = STR("b");
	r.key = STR("k");
	r.id = STR("id");
	key = ledger_item_key(&r, false, &arena);
	is(key.seq.p, key.seq.n, want, what);
	ok(str_is(key.object, "b/k"), "under the object's name");
}

static void test_key(void)
{
	seq_is((struct record){ .sequencer = STR("0055aed6dcd90281e5"),
				.version = STR("v1"), .etag = STR("e") },
	       "0055AED6DCD90281E500000000000000#v1",
	       "a sequencer in upper case, padded on the right");
	seq_is((struct record){ .sequencer = STR("0055"), .etag = STR("e") },
	       "00550000000000000000000000000000#e", "then the ETag");
	seq_is((struct record){ .time = STR("2026-11-23T05:54:00Z"),
				.etag = STR("e") },
	       "006B03D4F80000000000000000000000#e",
	       "without one, the time as AWS's sequencers have it");
	seq_is((struct record){ .time = STR("2026-11-29T00:00:00Z"),
				.modified = STR("2026-11-23T05:54:00.123Z"),
				.etag = STR("e") },
	       "006B03D4F80754D4C000000000000000#e",
	       "when it was written counts, not when it was listed");
	seq_is((struct record){ .sequencer = STR("B3DE036B44E8201B"),
				.source = STR("ceph:s3"),
				.time = STR("2026-11-23T06:35:31.450171Z"),
				.etag = STR("e") },
	       "006B03DEB31AD5107800000000000000#e",
	       "Ceph's do not sort: the time");
	seq_is((struct record){ .event = STR("x") },
	       "00000000000000000000000000000000#id",
	       "with nothing else, the id, before all others");
}

static void test_places(void)
{
	struct record r = { .bucket = STR("b"), .key = STR("k"),
			    .etag = STR("e"),
			    .modified = STR("2026-11-23T05:54:00.123Z") };
	struct record event = { .event = STR("ObjectCreated:Put"),
				.time = STR("2026-11-23T05:54:00.123Z"),
				.sequencer = STR("006B03D4F8D90281E5") };
	struct ledger_item_key key = ledger_item_key(&r, true, &arena);
	struct str earliest;

	is(key.seq.p, key.seq.n, "18EA96D4529084C00000000000000000#e",
	   "among sequencers in nanoseconds, as one of them");
	ok(ledger_key_is_ns(STR("18EA96D4529084C0"), r.modified) &&
	   !ledger_key_is_ns(STR("006B03D4F8D90281E5"), r.modified) &&
	   !ledger_key_is_ns(STR("18EA96D4529084C0"), STR_NONE) &&
	   !ledger_key_is_ns(STR("18EA96D4529084C0"),
			     STR("2025-11-23T05:54:00.123Z")),
	   "which are known by their time");
	earliest = ledger_key_earliest(&event, &arena);
	is(earliest.p, earliest.n, "006B03C6E80000000000000000000000",
	   "an object is written at most an hour before its event");
	event.event = STR("ObjectCreated:CompleteMultipartUpload");
	ok(!ledger_key_earliest(&event, &arena).p, "unless it came in parts");
	event.event = STR("ObjectCreated:Put");
	event.sequencer = STR("18EA96D4529084C0");
	ok(!ledger_key_earliest(&event, &arena).p,
	   "or its sequencer does not tell the time");
}

static void test_decision(void)
{
	struct record r = { .bad = STR("{}"), .bad_reason = STR("why"),
			    .route_bucket = STR("q"), .route_key = STR("k") };
	struct ledger_decision bad = ledger_decision(&r, &arena), old;
	struct ledger_seen seen;
	struct err err;

	ok(str_is(bad.outcome, "bad") && str_is(bad.reason, "why") &&
	   str_is(bad.destination, "q/k"), "outcome, reason, destination");
	ok(ledger_item_read(STR("{\"Item\":{\"outcome\":{\"S\":\"bad\"},"
			   "\"reason\":{\"S\":\"why\"},\"destination\":"
			   "{\"S\":\"q/k\"},\"decisions\":{\"N\":\"3\"}}}"),
		       &arena, &seen, &err) == 1 &&
	   seen.decision.count == 3 && seen.is_old &&
	   ledger_item_same(&bad, &seen.decision),
	   "read back as the same decision, from a table of before");
	old = seen.decision;
	old.reason = STR("because");
	ok(!ledger_item_same(&bad, &old), "another reason is another decision");
	old.reason = bad.reason;
	old.code = STR("Other");
	ok(!ledger_item_same(&bad, &old), "so is another code");
	ok(ledger_item_read(STR("{\"__type\":\"x\"}"), &arena, &seen, &err) == 0,
	   "an answer without an item");
	ok(ledger_item_read(STR("<html>"), &arena, &seen, &err) < 0,
	   "an answer that is none");
}

static void test_outcomes(void)
{
	struct record gone = { .gone = STR("{}"), .gone_by = STR("me"),
			       .gone_code = STR("NoSuchKey"),
			       .gone_message = STR("in so many words") };
	struct record failed = { .failed = STR("{}"), .failed_by = STR("me"),
				 .failed_code = STR("SlowDown"),
				 .failed_message = STR("not so fast") };
	struct ledger_decision good = { .outcome = STR("good"), .count = 2 };
	struct ledger_decision bad = { .outcome = STR("bad"), .count = 2 };
	struct ledger_decision none = { .count = 0 };
	struct ledger_decision g = ledger_decision(&gone, &arena);
	struct ledger_decision f = ledger_decision(&failed, &arena), other = g;

	ok(str_is(g.code, "NoSuchKey") && str_is(g.by, "me") &&
	   str_is(g.reason, "in so many words") && g.count == 1,
	   "gone has a code and a reason, and is a decision");
	ok(str_is(f.code, "SlowDown") && str_is(f.reason, "not so fast") &&
	   f.count == 0, "failed has them too, and is none");
	other.reason = STR("in others");
	other.code = STR("PreconditionFailed");
	ok(ledger_item_same(&g, &other), "gone is gone, in other words too");
	ok(ledger_item_keeps(&good, &g) && ledger_item_keeps(&bad, &g) &&
	   !ledger_item_keeps(&g, &bad) && !ledger_item_keeps(&f, &g),
	   "gone replaces no verdict, but a failure");
	ok(ledger_item_keeps(&good, &f) && ledger_item_keeps(&bad, &f) &&
	   ledger_item_keeps(&g, &f), "a failure replaces no decision");
	ok(!ledger_item_keeps(&f, &f) && !ledger_item_keeps(&none, &f) &&
	   !ledger_item_keeps(&f, &good) && !ledger_item_keeps(&none, &g),
	   "but nothing and an earlier failure; any decision replaces it");
}

static struct ledger_item item_of(const struct record *r)
{
	return (struct ledger_item){
		.table = "t", .facts = ledger_facts(r),
		.key = ledger_item_key(r, false, &arena),
		.decision = ledger_decision(r, &arena),
	};
}

static bool has(const struct buf *body, const char *text)
{
	return memmem(body->p, body->n, text, strlen(text)) != NULL;
}

static void test_put(void)
{
	struct record r = { .bucket = STR("b"), .key = STR("k\"\n"),
			    .id = STR("i"), .etag = STR("e"),
			    .size_text = STR("5"), .has_size = true };
	struct ledger_seen old = {
		.decision = { .outcome = STR("bad"), .count = 2,
			      .recorded = STR("1969-01-01T00:00:00Z") },
		.decided = STR("2"), .is_old = true,
	};
	struct ledger_item item = item_of(&r);
	struct buf body;

	buf_init(&body, 10000);
	ledger_item_put(&body, &item);
	is(body.p, body.n,
	   "{\"TableName\":\"t\",\"Item\":{\"object\":{\"S\":\"b/k\\\"\\n\"},"
	   "\"seq\":{\"S\":\"00000000000000000000000000000000#e\"},\"id\":{\"S\":\"i\"},"
	   "\"bucket\":{\"S\":\"b\"},\"key\":{\"S\":\"k\\\"\\n\"},"
	   "\"etag\":{\"S\":\"e\"},\"outcome\":{\"S\":\"good\"},"
	   "\"recorded\":{\"S\":\"1970-01-01T00:00:00Z\"},"
	   "\"size\":{\"N\":\"5\"},\"decided\":{\"N\":\"1\"},"
	   "\"decisions\":{\"L\":[{\"M\":{\"outcome\":{\"S\":\"good\"},"
	   "\"recorded\":{\"S\":\"1970-01-01T00:00:00Z\"}}}]}},"
	   "\"ExpressionAttributeNames\":{\"#object\":\"object\","
	   "\"#outcome\":\"outcome\"},"
	   "\"ExpressionAttributeValues\":{\":failed\":{\"S\":\"failed\"}},"
	   "\"ConditionExpression\":"
	   "\"attribute_not_exists(#object) OR #outcome = :failed\","
	   "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}",
	   "a first decision, if there is none");
	buf_reset(&body);
	item.decision.count = 3;
	item.old = &old;
	item.now = 1000000000;
	item.days = 36500;
	ledger_item_put(&body, &item);
	ok(has(&body, "\"#decided = :decided AND #recorded = :recorded AND "
		      "#outcome = :outcome\"") &&
	   has(&body, "{\"#decided\":\"decisions\",") &&
	   has(&body, "{\":decided\":{\"N\":\"2\"},"),
	   "a later one, if nobody was faster; the old number had another name");
	ok(has(&body, "[{\"M\":{\"outcome\":{\"S\":\"good\"},\"recorded\":"
		      "{\"S\":\"2001-09-09T01:46:40Z\"}}},{\"M\":{\"outcome\":"
		      "{\"S\":\"bad\"},\"recorded\":{\"S\":"
		      "\"1969-01-01T00:00:00Z\"}}}]"),
	   "the newest decision stands before the others");
	ok(has(&body, "\"expires\":{\"N\":\"4153600000\"}"),
	   "and for how many days");
	buf_free(&body);
}

static void test_bad(void)
{
	struct record r = { .bucket = STR("b"), .key = STR("k"),
			    .bad = STR("{}"), .bad_by = STR("s3check"),
			    .bad_code = STR("Fields"), .bad_line = STR("7"),
			    .bad_column = STR("1.5"), .bad_byte = STR("many"),
			    .bad_count = STR("18446744073709551615") };
	struct ledger_item item = item_of(&r);
	struct buf body;

	buf_init(&body, 10000);
	ledger_item_put(&body, &item);
	ok(has(&body, "\"by\":{\"S\":\"s3check\"},"
		      "\"code\":{\"S\":\"Fields\"}") &&
	   has(&body, "\"line\":{\"N\":\"7\"},"
		      "\"count\":{\"N\":\"18446744073709551615\"}"),
	   "who says bad, and where");
	ok(!has(&body, "column") && !has(&body, "byte"),
	   "what is no whole number is left out");
	buf_free(&body);
}

/* DynamoDB refuses an item of more than 400 KB. */
static void test_trimmed(void)
{
	enum { LONG = 1 << 20 };
	char *text = arena_alloc(&arena, LONG);
	struct str all = { text, LONG };
	struct record r = { .bucket = STR("b"), .key = STR("k"), .bad = all,
			    .id = all, .event = all, .time = all,
			    .version = all, .etag = all, .sequencer = all,
			    .bad_by = all, .bad_code = all, .bad_reason = all };
	struct ledger_item item;
	struct ledger_decision old;
	struct buf body;

	for (size_t i = 0; i < LONG; i += 2)
		memcpy(text + i, "\303\251", 2);
	text[0] = 'a';
	text[1] = 'b';
	item = item_of(&r);
	buf_init(&body, 400000);
	ledger_item_put(&body, &item);
	ok(!body.failed && body.n < 100000, "nothing is too long for an item");
	ok(has(&body, "\"trimmed\":{\"SS\":[\"id\",\"event\",\"time\","
		      "\"version\",\"etag\",\"sequencer\",\"by\",\"code\","
		      "\"reason\"]}"), "the item says what was cut");
	old = item.decision;
	old.reason.n = LEDGER_TEXT_MAX;
	old.code.n = LEDGER_TEXT_MAX;
	ok(ledger_item_same(&old, &item.decision),
	   "and is the same decision when it is read again");
	r.bad_reason.n = LEDGER_TEXT_MAX + 1;
	r.bad_by = r.bad_code = r.id = r.event = r.time = r.version =
		r.etag = r.sequencer = STR("x");
	item = item_of(&r);
	buf_reset(&body);
	ledger_item_put(&body, &item);
	ok(has(&body, "\"trimmed\":{\"SS\":[\"reason\"]}"),
	   "one byte too many is cut");
	r.bad_reason.n--;
	item = item_of(&r);
	buf_reset(&body);
	ledger_item_put(&body, &item);
	ok(!has(&body, "trimmed"), "what fits is not");
	buf_free(&body);
}

int main(void)
{
	arena_init(&arena, 10000000);
	test_key();
	test_places();
	test_decision();
	test_outcomes();
	test_put();
	test_bad();
	test_trimmed();
	arena_free(&arena);
	return done();
}
