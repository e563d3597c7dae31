/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: keys in event order, items, decisions. */
#define _GNU_SOURCE /* memmem */
#include "ledger.h"
#include "tap.h"

static struct arena arena;

static void seq_is(struct record r, const char *want, const char *what)
{
	struct ledger_key key;

	r.bucket = STR("b");
	r.key = STR("k");
	r.id = STR("id");
	key = ledger_key(&r, &arena);
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
	       "2026-11-23T05:54:00Z#e", "without one, the time");
	seq_is((struct record){ .sequencer = STR("B3DE036B44E8201B"),
				.source = STR("ceph:s3"),
				.time = STR("2026-11-23T06:35:31.450171Z"),
				.etag = STR("e") },
	       "2026-11-23T06:35:31.450171Z#e", "Ceph's do not sort: the time");
	seq_is((struct record){ .event = STR("x") }, "#id",
	       "with nothing else, the id");
}

static void test_decision(void)
{
	struct record r = { .bad = STR("{}"), .bad_reason = STR("why"),
			    .route_bucket = STR("q"), .route_key = STR("k") };
	struct ledger_decision bad = ledger_decision(&r, &arena), old;
	struct err err;

	ok(str_is(bad.outcome, "bad") && str_is(bad.reason, "why") &&
	   str_is(bad.destination, "q/k"), "outcome, reason, destination");
	ok(ledger_read(STR("{\"Item\":{\"outcome\":{\"S\":\"bad\"},"
			   "\"reason\":{\"S\":\"why\"},\"destination\":"
			   "{\"S\":\"q/k\"},\"count\":{\"N\":\"3\"}}}"),
		       &arena, &old, &err) == 1 && old.count == 3 &&
	   ledger_same(&bad, &old), "read back as the same decision");
	old.reason = STR("because");
	ok(!ledger_same(&bad, &old), "another reason is another decision");
	ok(ledger_read(STR("{\"__type\":\"x\"}"), &arena, &old, &err) == 0,
	   "an answer without an item");
	ok(ledger_read(STR("<html>"), &arena, &old, &err) < 0,
	   "an answer that is none");
}

static void test_put(void)
{
	struct record r = { .bucket = STR("b"), .key = STR("k\"\n"),
			    .id = STR("i"), .etag = STR("e"), .size = 5,
			    .has_size = true };
	struct ledger_decision decision = ledger_decision(&r, &arena);
	struct ledger_key key = ledger_key(&r, &arena);
	struct buf body;

	buf_init(&body, 10000);
	ledger_put(&body, "t", &r, key, &decision, 0);
	is(body.p, body.n,
	   "{\"TableName\":\"t\",\"Item\":{\"object\":{\"S\":\"b/k\\\"\\n\"},"
	   "\"seq\":{\"S\":\"#e\"},\"id\":{\"S\":\"i\"},"
	   "\"bucket\":{\"S\":\"b\"},\"key\":{\"S\":\"k\\\"\\n\"},"
	   "\"etag\":{\"S\":\"e\"},\"size\":{\"N\":\"5\"},"
	   "\"outcome\":{\"S\":\"good\"},"
	   "\"recorded\":{\"S\":\"1970-01-01T00:00:00Z\"},"
	   "\"count\":{\"N\":\"1\"}},"
	   "\"ConditionExpression\":\"attribute_not_exists(#object)\","
	   "\"ExpressionAttributeNames\":{\"#object\":\"object\"},"
	   "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}",
	   "a first decision, if there is none");
	buf_reset(&body);
	decision.count = 3;
	ledger_put(&body, "t", &r, key, &decision, 0);
	ok(memmem(body.p, body.n, "\"#count = :seen\"", 16) &&
	   memmem(body.p, body.n, "{\":seen\":{\"N\":\"2\"}}", 19),
	   "a later one, if nobody was faster");
	buf_free(&body);
}

int main(void)
{
	arena_init(&arena, 100000);
	test_key();
	test_decision();
	test_put();
	arena_free(&arena);
	return done();
}
