/* SPDX-License-Identifier: Apache-2.0 */
/* why_same: which explanations are ours, and which only look so. */
#include "base/buf.h"
#include "place/why_same.h"
#include "tap.h"

static const char ours[] =
	"{\"id\":\"i\",\"bucket\":\"b\",\"key\":\"k\",\"version\":\"null\","
	"\"etag\":\"e\",\"size\":6,\"sequencer\":\"1\",\"trace\":\"Root=1-6a\","
	"\"deadline\":9,\"from\":{\"sqs\":\"b5-1\",\"position\":1},\"fetch\":{\"bytes\":6},"
	"\"check\":{\"by\":\"me\",\"took_ms\":5,\"modified\":\"2024-01-01T00:00:00Z\"},"
	"\"own\":[1.50,{\"a\":null}],"
	"\"bad\":{\"by\":\"me\",\"code\":\"C\",\"reason\":\"no\",\"line\":2},"
	"\"route\":{\"to\":\"bad-data\",\"bucket\":\"q\",\"key\":\"k\",\"etag\":\"e\"},"
	"\"written\":\"2026-01-01T00:00:00Z\"}\n";

/* What is there: ours, with from replaced by to. */
struct change {
	const char *from, *to;
	enum why_same want;
};

static const struct change changes[] = {
	{ "", "", WHY_SAME },
	/* Another run, another delivery. */
	{ "2026-01-01", "2025-12-31", WHY_SAME },
	{ "Root=1-6a", "Root=1-7b;Parent=0f;Sampled=1", WHY_SAME },
	{ "\"deadline\":9", "\"deadline\":10", WHY_SAME },
	{ "b5-1", "c6-2", WHY_SAME },
	{ "\"position\":1", "\"position\":2", WHY_SAME },
	{ "\"took_ms\":5", "\"took_ms\":7", WHY_SAME },
	{ "2024-01-01", "2024-02-01", WHY_SAME },
	{ "\"etag\":\"e\"}", "\"etag\":\"e\",\"already\":true}", WHY_SAME },
	/* Another decision, or more than we say. */
	{ "\"reason\":\"no\"", "\"reason\":\"call us\"", WHY_OLDER },
	{ "\"code\":\"C\"", "\"code\":\"D\"", WHY_OLDER },
	{ "\"by\":\"me\",\"code\"", "\"by\":\"us\",\"code\"", WHY_OLDER },
	{ "\"line\":2", "\"line\":3", WHY_OLDER },
	{ "\"line\":2", "\"line\":2,\"stderr\":\"call us\"", WHY_OLDER },
	{ "\"line\":2", "\"line\":2,\"line\":2", WHY_OLDER },
	{ "\"bad\":{", "\"bad\":{\"by\":\"us\"},\"bad\":{", WHY_OLDER },
	{ "\"size\":6", "\"size\":7", WHY_OLDER },
	{ "\"size\":6", "\"size\":6,\"note\":\"call us\"", WHY_OLDER },
	{ "1.50", "1.5", WHY_OLDER },
	{ "\"a\":null", "\"b\":null", WHY_OLDER },
	{ "{\"a\":null}", "\"a\",null", WHY_OLDER },
	{ "\"etag\":\"e\"}", "\"etag\":\"f\"}", WHY_OLDER },
	{ "\"etag\":\"e\"}", "\"etag\":\"e\",\"version\":\"v\"}", WHY_OLDER },
	{ "\"etag\":\"e\"}", "\"etag\":\"e\",\"already\":\"call us\"}",
	  WHY_OLDER },
	{ "\"etag\":\"e\"}", "\"etag\":\"e\",\"already\":false}", WHY_OLDER },
	{ "\"by\":\"me\",\"took", "\"by\":\"us\",\"took", WHY_OLDER },
	{ "\"took_ms\":5", "\"took_ms\":\"call us\"", WHY_OLDER },
	{ "\"took_ms\":5", "\"took_ms\":{\"call\":\"us\"}", WHY_OLDER },
	{ "\"took_ms\":5", "\"took_ms\":5,\"call us\":5", WHY_OLDER },
	{ "2024-01-01T00:00:00Z", "call us", WHY_OLDER },
	{ "Root=1-6a", "Root=call-us", WHY_OLDER },
	{ "Root=1-6a", "Call=1", WHY_OLDER },
	{ "\"deadline\":9", "\"deadline\":\"call us\"", WHY_OLDER },
	{ "b5-1", "call us", WHY_OLDER },
	{ "\"position\":1", "\"position\":true", WHY_OLDER },
	{ "\"from\":{\"sqs\":\"b5-1\",\"position\":1}", "\"from\":\"call us\"",
	  WHY_OLDER },
	{ "\"trace\":", "\"call us\":1,\"trace\":", WHY_OLDER },
	/* Of another object, or about another copy. */
	{ "\"id\":\"i\"", "\"id\":\"j\"", WHY_OF_OTHER },
	{ "\"bucket\":\"b\"", "\"bucket\":\"c\"", WHY_OF_OTHER },
	{ "\"key\":\"k\",\"version", "\"key\":\"l\",\"version", WHY_OF_OTHER },
	{ "\"version\":\"null\",", "", WHY_OF_OTHER },
	{ "\"version\":\"null\"", "\"version\":null", WHY_OF_OTHER },
	{ "\"etag\":\"e\",\"size", "\"etag\":\"f\",\"size", WHY_OF_OTHER },
	{ "\"sequencer\":\"1\"", "\"sequencer\":\"2\"", WHY_OF_OTHER },
	{ "\"size\":6", "\"size\":6,\"source\":\"s\"", WHY_OF_OTHER },
	{ "bad-data", "processed", WHY_OF_OTHER },
	{ "\"bucket\":\"q\"", "\"bucket\":\"r\"", WHY_OF_OTHER },
	{ "\"key\":\"k\",\"etag", "\"key\":\"l\",\"etag", WHY_OF_OTHER },
	{ "\"etag\":\"e\"}", "\"etag\":\"e\",\"endpoint\":\"h\"}", WHY_OF_OTHER },
	{ "\"route\":", "\"rout\":", WHY_OF_OTHER },
	/* None at all. */
	{ "\"written\":\"2026", "\"written\":\"soon 2026", WHY_NONE },
	{ ",\"written\":", ",\"wrote\":", WHY_NONE },
	{ "\"bad\":", "\"good\":", WHY_NONE },
	{ "}\n", "", WHY_NONE },
	{ "}\n", "}\n{}", WHY_NONE },
	{ "{\"id\"", "[\"id\"", WHY_NONE },
};

static void replace(struct buf *out, const struct change *change)
{
	const char *at = strstr(ours, change->from);

	buf_put(out, ours, (size_t)(at - ours));
	buf_puts(out, change->to);
	buf_puts(out, at + strlen(change->from));
}

int main(void)
{
	struct arena arena;
	struct buf there;

	arena_init(&arena, 1 << 20);
	buf_init(&there, 1 << 12);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		buf_reset(&there);
		replace(&there, &changes[i]);
		ok(why_same(buf_str(&there), str_of(ours), &arena) ==
		   changes[i].want, "change %zu: %.*s", i,
		   (int)strcspn(changes[i].to, "\n"), changes[i].to);
		arena_reset(&arena);
	}
	ok(why_same(STR_NONE, str_of(ours), &arena) == WHY_NONE, "nothing");
	buf_free(&there);
	arena_free(&arena);
	return done();
}
