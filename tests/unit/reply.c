/* SPDX-License-Identifier: Apache-2.0 */
/* results and reply: the answers to a queue, to a batch and to others. */
#include <stdio.h>

#include "lambda/reply.h"
#include "tap.h"

#define MESSAGE(id, body) \
	"{\"messageId\":\"" id "\",\"body\":\"" body "\"," \
	"\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"arn:aws:sqs:eu-west-1:1:in\"}"
#define ORDERED(id, body) \
	"{\"messageId\":\"" id "\",\"body\":\"" body "\"," \
	"\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"arn:aws:sqs:eu-west-1:1:in.fifo\"}"
#define S3 "{\\\"s3\\\":{\\\"bucket\\\":{\\\"name\\\":\\\"b\\\"},\\\"object\\\":{\\\"key\\\":\\\"k\\\"}}}"
#define ONE "{\\\"Records\\\":[" S3 "]}"
#define TWO "{\\\"Records\\\":[" S3 "," S3 "]}"
#define TEST "{\\\"Event\\\":\\\"s3:TestEvent\\\"}"
#define INNER "{\\\"messageId\\\":\\\"9\\\",\\\"body\\\":\\\"x\\\"}"
#define QUEUE "{\"Records\":[" MESSAGE("1", ONE) "," MESSAGE("2", ONE) "," \
	MESSAGE("3", ONE) "]}"
#define FIFO "{\"Records\":[" ORDERED("1", ONE) "," ORDERED("2", ONE) "," \
	ORDERED("3", ONE) "]}"
#define DOUBLE "{\"Records\":[" MESSAGE("1", TWO) "," MESSAGE("2", TEST) "]}"
#define BATCH "{\"invocationSchemaVersion\":\"1.0\",\"invocationId\":\"i\"," \
	"\"job\":{\"id\":\"j\"},\"tasks\":[{\"taskId\":\"a\"},{\"taskId\":\"b\"}]}"
#define NESTED "{\"Records\":[" MESSAGE("1", INNER) "," MESSAGE("2", ONE) "]}"
#define BESIDE "{\"Records\":[" MESSAGE("1", ONE) ",{\"s3\":{\"bucket\":" \
	"{\"name\":\"b\"},\"object\":{\"key\":\"k\"}}}]}"
#define MIXED "{\"invocationSchemaVersion\":\"1.0\",\"invocationId\":\"i\"," \
	"\"tasks\":[{\"taskId\":\"a\"},{\"taskId\":\"b\"}]," \
	"\"Records\":[" MESSAGE("1", ONE) "]}"
#define DIRECT "{\"Records\":[{\"s3\":{}}]}"

#define GOOD(id) "{\"bucket\":\"b\",\"key\":\"k\",\"from\":{\"sqs\":\"" id "\"}}\n"
#define ALONE "{\"bucket\":\"b\",\"key\":\"k\"}\n"
#define FAILED(id) "{\"from\":{\"sqs\":\"" id "\"},\"failed\":{\"code\":\"SlowDown\"," \
	"\"message\":\"later\",\"retry\":true}}\n"
#define BAD(id) "{\"from\":{\"sqs\":\"" id "\"},\"bad\":{\"reason\":\"r\"}}\n"
#define GONE(id) "{\"from\":{\"sqs\":\"" id "\"},\"gone\":{\"code\":\"NoSuchKey\"," \
	"\"message\":\"not there\"}}\n"
#define TASK(id, more) "{\"from\":{\"batch\":\"" id "\"}" more "}\n"
#define MARK(n) "{\"mark\":\"id\",\"records\":" n "}\n"
#define NONE_FAILED "{\"batchItemFailures\":[]}"
#define FAILURE(id) "{\"itemIdentifier\":\"" id "\"}"
#define RESULTS(a, b) "{\"invocationSchemaVersion\":\"1.0\"," \
	"\"treatMissingKeysAs\":\"PermanentFailure\",\"invocationId\":\"i\"," \
	"\"results\":[{\"taskId\":\"a\"," a "},{\"taskId\":\"b\"," b "}]}"
#define RESULT(code, text) "\"resultCode\":\"" code "\",\"resultString\":\"" text "\""

struct one {
	const char *what, *event, *lines;
	bool cut;			/* the mark never comes */
	const char *want;		/* the reply, or "!" and the message */
	struct results_options options;
};

static const struct one ones[] = {
	{ "a queue: all is done", QUEUE,
	  GOOD("1") BAD("2") GONE("3") MARK("3"), false, NONE_FAILED, { 0 } },
	{ "a queue: one failed", QUEUE, FAILED("2") GOOD("1") GOOD("3") MARK("3"),
	  false, "{\"batchItemFailures\":[" FAILURE("2") "]}", { 0 } },
	{ "a queue: two failed, in the order of the batch", QUEUE,
	  FAILED("3") GOOD("2") FAILED("1") MARK("3"), false,
	  "{\"batchItemFailures\":[" FAILURE("1") "," FAILURE("3") "]}", { 0 } },
	{ "what is gone may count as failed", QUEUE,
	  GOOD("1") GONE("2") GOOD("3") MARK("3"), false,
	  "{\"batchItemFailures\":[" FAILURE("2") "]}", { .gone_fails = true } },
	{ "no mark: what is missing failed", QUEUE, GOOD("3") GOOD("1"), true,
	  "{\"batchItemFailures\":[" FAILURE("2") "]}", { 0 } },
	{ "no mark, no record: all failed", QUEUE, "", true,
	  "{\"batchItemFailures\":[" FAILURE("1") "," FAILURE("2") ","
	  FAILURE("3") "]}", { 0 } },
	{ "no mark: a message of which one record is missing failed", DOUBLE,
	  GOOD("1"), true, "{\"batchItemFailures\":[" FAILURE("1") "]}", { 0 } },
	{ "no mark: a test event needs no record", DOUBLE,
	  GOOD("1") GOOD("1"), true, NONE_FAILED, { 0 } },
	{ "no mark: what is missing of a message in a message is the outer one's",
	  NESTED, GOOD("2"), true, "{\"batchItemFailures\":[" FAILURE("1") "]}",
	  { 0 } },
	{ "no mark: a record is missing that is in no message: all failed",
	  BESIDE, GOOD("1"), true,
	  "{\"batchItemFailures\":[" FAILURE("1") "]}", { 0 } },
	{ "no mark: or it is there", BESIDE, GOOD("1") ALONE, true,
	  NONE_FAILED, { 0 } },
	{ "one of a message's records failed", DOUBLE,
	  FAILED("1") GOOD("1") MARK("2"), false,
	  "{\"batchItemFailures\":[" FAILURE("1") "]}", { 0 } },
	{ "a record that was left out failed", QUEUE, GOOD("1") GOOD("3") MARK("3"),
	  false, "{\"batchItemFailures\":[" FAILURE("2") "]}", { 0 } },
	{ "a record that came twice stands for no other", QUEUE,
	  GOOD("1") GOOD("1") GOOD("3") MARK("3"), false,
	  "{\"batchItemFailures\":[" FAILURE("2") "]}", { 0 } },
	{ "nor does one of no message", QUEUE, GOOD("1") GOOD("3") ALONE MARK("3"),
	  false, "{\"batchItemFailures\":[" FAILURE("2") "]}", { 0 } },
	{ "nor if nobody asked for a third", QUEUE, GOOD("1") GOOD("1") MARK("2"),
	  false, "{\"batchItemFailures\":[" FAILURE("2") "," FAILURE("3") "]}",
	  { 0 } },
	{ "a record that came twice, and none is missing", QUEUE,
	  GOOD("1") GOOD("1") GOOD("2") GOOD("3") MARK("3"), false, NONE_FAILED,
	  { 0 } },
	{ "a mark without a number says nothing: all failed", QUEUE,
	  GOOD("1") "{\"mark\":\"id\"}\n", false,
	  "{\"batchItemFailures\":[" FAILURE("1") "," FAILURE("2") ","
	  FAILURE("3") "]}", { 0 } },
	{ "as many records as messages, but not one each", DOUBLE,
	  GOOD("1") MARK("2"), false,
	  "{\"batchItemFailures\":[" FAILURE("1") "]}", { 0 } },
	{ "or not, if that is allowed", QUEUE, GOOD("1") GOOD("3") MARK("3"),
	  false, NONE_FAILED, { .may_drop = true } },
	{ "what nobody asked for is not missing", QUEUE, GOOD("1") MARK("1"),
	  false, NONE_FAILED, { 0 } },
	{ "a failed record of no message: all failed", QUEUE,
	  GOOD("1") GOOD("2") GOOD("3") FAILED("x") MARK("3"), false,
	  "{\"batchItemFailures\":[" FAILURE("1") "," FAILURE("2") ","
	  FAILURE("3") "]}", { 0 } },
	{ "another's mark is nothing", QUEUE,
	  GOOD("1") "{\"mark\":\"x\",\"records\":9}\n" GOOD("2") GOOD("3") MARK("3"),
	  false, NONE_FAILED, { 0 } },
	{ "failed that is false is good", QUEUE, GOOD("1") GOOD("2")
	  "{\"from\":{\"sqs\":\"3\"},\"failed\":false}\n" MARK("3"),
	  false, NONE_FAILED, { 0 } },
	{ "FIFO: the first that failed and all behind it", FIFO,
	  GOOD("3") FAILED("2") GOOD("1") MARK("3"), false,
	  "{\"batchItemFailures\":[" FAILURE("2") "," FAILURE("3") "]}", { 0 } },
	{ "FIFO: nothing failed", FIFO, GOOD("1") GOOD("2") GOOD("3") MARK("3"),
	  false, NONE_FAILED, { 0 } },
	{ "a batch: good and bad are done", BATCH,
	  TASK("b", ",\"bad\":{\"reason\":\"no \\\"x\\\"\"}") TASK("a", "") MARK("2"),
	  false, RESULTS(RESULT("Succeeded", "good"),
			 RESULT("Succeeded", "bad: no \\\"x\\\"")), { 0 } },
	{ "a batch: failed, to be tried again or not", BATCH,
	  TASK("a", ",\"failed\":{\"code\":\"SlowDown\",\"message\":\"m\",\"retry\":true}")
	  TASK("b", ",\"failed\":{\"code\":\"AccessDenied\",\"message\":\"m\",\"retry\":false}")
	  MARK("2"), false,
	  RESULTS(RESULT("TemporaryFailure", "SlowDown: m"),
		  RESULT("PermanentFailure", "AccessDenied: m")), { 0 } },
	{ "a batch: gone is done", BATCH,
	  TASK("a", ",\"gone\":{\"code\":\"NoSuchKey\"}") TASK("b", "") MARK("2"),
	  false, RESULTS(RESULT("Succeeded", "gone: NoSuchKey"),
			 RESULT("Succeeded", "good")), { 0 } },
	{ "a batch: or it failed for good", BATCH,
	  TASK("a", ",\"gone\":{\"code\":\"NoSuchKey\"}") TASK("b", "") MARK("2"),
	  false, RESULTS(RESULT("PermanentFailure", "gone: NoSuchKey"),
			 RESULT("Succeeded", "good")), { .gone_fails = true } },
	{ "a batch: what is missing is tried again", BATCH, TASK("a", ""), true,
	  RESULTS(RESULT("Succeeded", "good"),
		  RESULT("TemporaryFailure", "Late: too late")), { 0 } },
	{ "a batch: it is told of nothing but its tasks", MIXED,
	  TASK("a", "") TASK("b", "") GOOD("1") MARK("3"), false,
	  RESULTS(RESULT("Succeeded", "good"), RESULT("Succeeded", "good")),
	  { 0 } },
	{ "others hear how many there were", DIRECT,
	  "{\"bucket\":\"b\",\"key\":\"k\"}\n{\"bad\":{}}\n{\"gone\":{}}\n" MARK("3"),
	  false, "{\"records\":3,\"good\":1,\"bad\":1,\"gone\":1}", { 0 } },
	{ "or which failed the first", DIRECT,
	  "{\"bucket\":\"b\",\"key\":\"k\"}\n{\"bucket\":\"b\",\"key\":\"\\u0007\","
	  "\"failed\":{\"code\":\"SlowDown\",\"message\":\"m\"}}\n" MARK("2"), false,
	  "!1 of 2 failed: b/\\x07: SlowDown: m", { 0 } },
	{ "or what is gone, if that counts", DIRECT,
	  "{\"bucket\":\"b\",\"key\":\"k\",\"gone\":{\"message\":\"m\"}}\n" MARK("1"),
	  false, "!1 of 1 failed: b/k: gone: m", { .gone_fails = true } },
	{ "or that it is no event", DIRECT,
	  "{\"mark\":\"id\",\"records\":0,\"error\":\"not an S3 event\"}\n", false,
	  "!not an S3 event", { 0 } },
	{ "or that it is refused without a reason", DIRECT,
	  "{\"mark\":\"id\",\"records\":0,\"error\":\"\"}\n", false,
	  "!no reason is given", { 0 } },
	{ "or with one that cannot be shown", DIRECT,
	  "{\"mark\":\"id\",\"records\":0,\"error\":\"\\u0000x\"}\n", false,
	  "!no reason is given", { 0 } },
	{ "or what happened", DIRECT, "{\"bucket\":\"b\",\"key\":\"k\"}\n", true,
	  "!too late", { 0 } },
	{ "or that something is missing", DIRECT,
	  "{\"bucket\":\"b\",\"key\":\"k\"}\n" MARK("2"), false,
	  "!a filter left out 1 of 2 records", { 0 } },
	{ "an event of nothing", "{}", MARK("0"), false,
	  "{\"records\":0,\"good\":0,\"bad\":0,\"gone\":0}", { 0 } },
};

static bool take_lines(struct results *results, const char *lines)
{
	struct str rest = str_of(lines);
	bool marked = false;
	struct err err;

	while (rest.n > 0)
		marked = results_line(results, str_next(&rest, '\n'), &err) > 0;
	return marked;
}

/* Begin anew as a sender who knows the ids of its messages. */
static void begin_messages(struct results *results, const struct one *one)
{
	const struct results_event *event = results_event(results);
	struct str ids[8];
	char texts[8][8];
	struct err err;
	size_t n = event->count;

	for (size_t i = 0; i < n; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%.*s",
			 STR_FMT(event->units[i].id));
		ids[i] = str_of(texts[i]);
	}
	ok(results_begin_messages(results, STR("id"), str_of(one->event), ids,
				  n, &err) == 0, "%s: by ids", one->what);
}

static void check(const struct one *one, bool by_ids)
{
	struct results *results = results_new(&one->options);
	struct err late, err = { .retry = false };
	struct buf out;

	err_set(&late, "Late", "too late");
	buf_init(&out, 10000);
	results_begin(results, STR("id"), str_of(one->event), &err);
	if (by_ids && results_event(results)->kind == RESULTS_MESSAGES &&
	    !results_event(results)->is_fifo)
		begin_messages(results, one);
	if (take_lines(results, one->lines) == one->cut)
		ok(false, "%s: the mark", one->what);
	results_end(results, one->cut ? &late : NULL);
	if (reply_put(&out, results, &err) < 0) {
		buf_putc(&out, '!');
		buf_puts(&out, err.message);
	}
	is(out.p, out.n, one->want, one->what);
	buf_free(&out);
	results_free(results);
}

/* Nothing of one invocation is left when the next one begins. */
static void test_again(void)
{
	static const struct results_options options;
	struct results *results = results_new(&options);
	struct buf out;
	struct err err;

	buf_init(&out, 10000);
	ok(results_begin(results, STR("id"), STR("{\"a\":"), &err) < 0,
	   "half an event has no answer");
	results_begin(results, STR("id"), STR(QUEUE), &err);
	results_end(results, &err);
	results_begin(results, STR("id"), STR(QUEUE), &err);
	ok(results_line(results, STR("text"), &err) < 0, "text is no record");
	take_lines(results, GOOD("1") BAD("2") GONE("3") MARK("3"));
	results_end(results, NULL);
	reply_put(&out, results, &err);
	is(out.p, out.n, NONE_FAILED, "the next event begins afresh");
	ok(results_counts(results)->good == 1 && results_counts(results)->bad == 1 &&
	   results_counts(results)->gone == 1 && results_counts(results)->failed == 0,
	   "its records are counted");
	buf_free(&out);
	results_free(results);
}

/* What has no room is no answer: a queue takes half of one for success. */
static void test_no_room(void)
{
	static const char *const events[] = { QUEUE, BATCH, DIRECT };
	static const struct results_options options;
	struct results *results = results_new(&options);

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct err err = { .retry = false };
		struct buf out;

		buf_init(&out, 20);
		results_begin(results, STR("id"), str_of(events[i]), &err);
		take_lines(results, MARK("0"));
		results_end(results, NULL);
		ok(reply_put(&out, results, &err) < 0 && err_is_set(&err),
		   "no room for an answer: none");
		buf_free(&out);
	}
	results_free(results);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++) {
		check(&ones[i], false);
		check(&ones[i], true);
	}
	test_again();
	test_no_room();
	return done();
}
