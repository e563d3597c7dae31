/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddb: answers of DynamoDB, and items that are written and read again.
 *
 * Input: the status; the answer, which is also taken for texts of a record.
 */
#include "fuzz.h"

#include "../../lib/aws/aws_json.c"

#include <yajl/yajl_tree.h>

#include "ledger/ledger_item.h"
#include "ledger/ledger_page.h"

static void check_judge(long status, struct str body)
{
	struct aws_call call = { .arena = NULL };
	struct err err = { .code = "" };
	struct arena arena;
	int judged;

	arena_init(&arena, 16 << 20);
	http_init(&call.http);
	call.arena = &arena;
	call.http.status = status;
	buf_put_str(&call.http.body_in, body);
	judged = judge(&call, &err);
	CHECK(judged == 0 || err_is_set(&err), "an error has a code");
	CHECK(judged == 0 || err.status > 0, "an error has a status");
	CHECK(judged < 0 || status / 100 == 2, "only 2xx is good");
	CHECK(err.code[sizeof(err.code) - 1] == '\0' &&
	      err.request_id[sizeof(err.request_id) - 1] == '\0',
	      "texts of an error end in NUL");
	buf_free(&call.http.body_in);
	arena_free(&arena);
}

static void check_json(struct buf *body)
{
	char why[256];
	yajl_val tree;

	CHECK(!body->failed, "a request is made");
	tree = yajl_tree_parse(buf_cstr(body), why, sizeof(why));
	CHECK(tree && YAJL_IS_OBJECT(tree), "a request is one JSON object");
	yajl_tree_free(tree);
}

/* What was read can be changed. */
static void check_again(const struct ledger_seen *seen, struct arena *arena)
{
	struct ledger_item item = { .table = "table", .key = seen->key,
				    .facts = seen->facts,
				    .decision = seen->decision,
				    .stale = seen->stale, .old = seen,
				    .twin = seen };
	struct buf body;

	(void)arena;
	buf_init(&body, 16 << 20);
	ledger_item_put(&body, &item);
	check_json(&body);
	buf_reset(&body);
	ledger_item_settle(&body, "table", seen);
	check_json(&body);
	buf_reset(&body);
	ledger_item_delete(&body, "table", seen);
	check_json(&body);
	buf_free(&body);
}

static int see_item(void *ctx, struct str item, struct err *err)
{
	struct ledger_reader *reader = ledger_reader_new();
	struct ledger_seen seen;
	int status = ledger_reader_item(reader, item, ctx, &seen, err);

	if (status == 0)
		check_again(&seen, ctx);
	ledger_reader_free(reader);
	return status;
}

static void check_read(struct str answer)
{
	struct ledger_seen seen = { .is_old = false };
	struct ledger_page page;
	struct err err = { .code = "" };
	struct arena arena;
	char *copy = fuzz_copy(answer);

	arena_init(&arena, 16 << 20);
	if (ledger_item_read((struct str){ copy, answer.n }, &arena, &seen,
			&err) < 0)
		CHECK(err_is_set(&err), "an error says why");
	else
		CHECK(str_is_utf8(seen.decision.outcome) &&
		      str_is_utf8(seen.decision.reason) &&
		      str_is_utf8(seen.decision.destination), "texts are UTF-8");
	check_again(&seen, &arena);
	err.code[0] = '\0';
	if (ledger_page_read((struct str){ copy, answer.n }, &arena, see_item,
			     &arena, &page, &err) < 0)
		CHECK(err_is_set(&err), "an error says why");
	arena_free(&arena);
	free(copy);
}

/* An item that was written can be read. */
static void check_item(const struct record *record, unsigned long long count)
{
	struct ledger_item item = { .table = "table", .facts = ledger_facts(record),
				    .now = 1 };
	struct ledger_seen got;
	struct arena arena;
	struct buf body;
	struct err err;

	arena_init(&arena, 16 << 20);
	buf_init(&body, 4 << 20);
	item.key = ledger_item_key(record, count % 2 == 0, &arena);
	item.decision = ledger_decision(record, &arena);
	item.decision.count = count;
	item.days = (unsigned)(count % 3);
	CHECK(item.key.object.n > 0 && item.key.seq.n > 0 &&
	      item.key.seq.n <= 1024,
	      "an item has a key that DynamoDB takes");
	ledger_item_get(&body, "table", item.key);
	check_json(&body);
	buf_reset(&body);
	ledger_item_put(&body, &item);
	check_json(&body);
	CHECK(ledger_item_read(buf_str(&body), &arena, &got, &err) == 1,
	      "an item that was written can be read");
	CHECK(ledger_item_same(&item.decision, &got.decision) &&
	      got.decision.count == count,
	      "an item says what was written");
	buf_free(&body);
	arena_free(&arena);
}

static void check_record(struct str input)
{
	struct str rest = input;
	struct record r = { .id = STR("0123"), .has_size = true };
	struct str *const texts[] = {
		&r.bucket, &r.key, &r.version, &r.sequencer, &r.time, &r.etag,
		&r.event, &r.source, &r.bad_reason, &r.gone_code,
		&r.route_bucket, &r.route_key
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct str line = fuzz_line(&rest);

		*texts[i] = line.n > 0 ? line : STR_NONE;
	}
	r.size = rest.n;
	/* Texts of records came out of JSON. */
	if (!r.bucket.p || !r.key.p || !str_is_utf8(input))
		return;
	check_item(&r, 1);
	r.bad = r.bad_reason;
	check_item(&r, 2);
	r.gone = r.gone_code;
	check_item(&r, rest.n + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	char *first = fuzz_cstr(fuzz_line(&rest));
	long status = 100 + labs(atol(first)) % 500;

	free(first);
	check_judge(status, rest);
	check_read(rest);
	check_record(rest);
	return 0;
}
