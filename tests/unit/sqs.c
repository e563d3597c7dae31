/* SPDX-License-Identifier: Apache-2.0 */
/* sqs_queue and sqs_message: URLs, answers and calls. */
#include "sqs/sqs_message.h"
#include "sqs/sqs_queue.h"
#include "tap.h"

static void test_queues(void)
{
	static const struct {
		const char *url, *want;	/* "HOST REGION ARN", or the error */
	} rows[] = {
		{ "https://sqs.eu-west-1.amazonaws.com/123456789012/in",
		  "https://sqs.eu-west-1.amazonaws.com eu-west-1 "
		  "arn:aws:sqs:eu-west-1:123456789012:in" },
		{ "https://sqs.cn-north-1.amazonaws.com.cn/1/in-2_x.fifo",
		  "https://sqs.cn-north-1.amazonaws.com.cn cn-north-1 "
		  "arn:aws-cn:sqs:cn-north-1:1:in-2_x.fifo" },
		{ "https://eu-west-1.queue.amazonaws.com/1/in",
		  "https://eu-west-1.queue.amazonaws.com eu-west-1 "
		  "arn:aws:sqs:eu-west-1:1:in" },
		{ "https://queue.amazonaws.com/1/in",
		  "https://queue.amazonaws.com us-east-1 "
		  "arn:aws:sqs:us-east-1:1:in" },
		{ "https://vpce-0a.sqs.us-east-2.vpce.amazonaws.com/1/in",
		  "https://vpce-0a.sqs.us-east-2.vpce.amazonaws.com us-east-2 "
		  "arn:aws:sqs:us-east-2:1:in" },
		{ "https://sqs.us-east-2.api.aws/1/in",
		  "https://sqs.us-east-2.api.aws us-east-2 "
		  "arn:aws:sqs:us-east-2:1:in" },
		{ "http://localhost:4566/queue/us-west-1/000000000000/in",
		  "http://localhost:4566 - arn:aws:sqs:home:000000000000:in" },
		{ "http://127.0.0.1:9324/in",
		  "http://127.0.0.1:9324 - arn:aws:sqs:home:000000000000:in" },
		{ "in", "InvalidQueueUrl" },
		{ "https://sqs.eu-west-1.amazonaws.com/", "InvalidQueueUrl" },
		{ "https://sqs.eu-west-1.amazonaws.com", "InvalidQueueUrl" },
		{ "https://h/1/a:b", "InvalidQueueUrl" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sqs_queue queue;
		struct buf out;
		struct err err;

		buf_init(&out, 1000);
		if (sqs_queue_read(&queue, str_of(rows[i].url), &err) < 0) {
			buf_puts(&out, err.code);
		} else {
			buf_put_str(&out, queue.host);
			buf_putc(&out, ' ');
			buf_put_str(&out, queue.region.p ? queue.region :
							   STR("-"));
			buf_putc(&out, ' ');
			sqs_queue_put_arn(&out, &queue, STR("home"));
		}
		is(out.p, out.n, rows[i].want, rows[i].url);
		buf_free(&out);
	}
}

struct seen {
	struct buf text;
};

static void on_message(void *ctx, const struct sqs_message *m)
{
	struct seen *seen = ctx;

	buf_printf(&seen->text, "[%.*s %.*s %.*s %.*s %llu %s]", STR_FMT(m->id),
		   STR_FMT(m->handle), STR_FMT(m->body), STR_FMT(m->group),
		   m->receives, sqs_message_is_whole(m) ? "whole" : "damaged");
}

static void on_entry(void *ctx, struct str id, const struct err *err)
{
	struct seen *seen = ctx;

	buf_printf(&seen->text, "[%.*s %s]", STR_FMT(id), err ? err->code : "");
}

static void test_answers(void)
{
	static const struct {
		const char *answer, *want;
		bool is_batch;
	} rows[] = {
		{ "{}", "", false },
		{ "{\"Messages\":[]}", "", false },
		{ "{\"Messages\":null}", "", false },
		{ "{\"Messages\":[{\"MessageId\":\"1\",\"ReceiptHandle\":\"h\","
		  "\"MD5OfBody\":\"415290769594460e2e485922904f345d\","
		  "\"Body\":\"y\",\"New\":[{\"MessageId\":\"z\"}],\"Attributes\":"
		  "{\"ApproximateReceiveCount\":\"3\",\"MessageGroupId\":\"g\"}},"
		  "{\"MessageId\":\"2\",\"ReceiptHandle\":\"i\",\"Body\":\"x\","
		  "\"MD5OfBody\":\"415290769594460e2e485922904f345d\"}]}",
		  "[1 h y g 3 whole][2 i x  1 damaged]", false },
		{ "{\"Messages\":[{\"MessageId\":\"1\",\"Body\":\"\\u00e4\","
		  "\"MD5OfBody\":\"8419B71C87A225A2C70B50486FBEE545\"}]}",
		  "[1  \xC3\xA4  1 whole]", false },
		{ "{\"Messages\":[{\"MessageId\":\"1\"", "!", false },
		{ "<xml/>", "!", false },
		{ "{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\","
		  "\"Code\":\"InternalError\",\"SenderFault\":false},"
		  "{\"Id\":\"2\"}]}",
		  "[0 ][1 InternalError][2 UnexpectedAnswer]", true },
		{ "{\"Successful\":[],\"Failed\":[]}", "", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena;
		struct seen seen;
		struct err err;
		int status;

		arena_init(&arena, 1 << 20);
		buf_init(&seen.text, 1000);
		buf_puts(&seen.text, "");
		status = rows[i].is_batch ?
			sqs_message_read_batch(str_of(rows[i].answer), &arena,
					       on_entry, &seen, &err) :
			sqs_message_read(str_of(rows[i].answer), &arena,
					 on_message, &seen, &err);
		if (status < 0)
			buf_puts(&seen.text, "!");
		is(seen.text.p, seen.text.n, rows[i].want, rows[i].answer);
		buf_free(&seen.text);
		arena_free(&arena);
	}
}

static void test_errors(void)
{
	static const struct {
		const char *code, *message, *want;
	} rows[] = {
		{ "ReceiptHandleIsInvalid", "m", "lost" },
		{ "MessageNotInflight", "m", "lost" },
		{ "InvalidParameterValue", "Value h for parameter ReceiptHandle is "
		  "invalid. Reason: The receipt handle has expired.", "lost" },
		{ "InvalidParameterValue", "Total VisibilityTimeout for the message "
		  "is beyond the limit [43200 seconds]", "spent" },
		{ "InvalidParameterValue", "m", "" },
		{ "QueueDoesNotExist", "m", "nowhere" },
		{ "AWS.SimpleQueueService.NonExistentQueue", "m", "nowhere" },
		{ "InternalError", "m", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *got;
		struct err err;

		err_set(&err, rows[i].code, "%s", rows[i].message);
		got = sqs_message_is_lost(&err) ? "lost" :
		      sqs_message_is_spent(&err) ? "spent" :
		      sqs_message_is_nowhere(&err) ? "nowhere" : "";
		is(got, strlen(got), rows[i].want, rows[i].message);
	}
}

static void test_calls(void)
{
	const struct sqs_queue queue = { .url = STR("u") };
	const struct sqs_receive receive = { .max = 3, .wait = 20,
		.visibility = 120, .attempt = STR("a") };
	const struct sqs_entry entries[] = {
		{ STR("h\"1"), 0 }, { STR("h2"), -1 }
	};
	struct sqs_message message = { .id = STR("1"), .handle = STR("h"),
		.body = STR("{\"a\":1}"), .md5 = STR("5"),
		.attributes = STR("{\"SenderId\":\"S\"}") };
	struct buf out;

	buf_init(&out, 10000);
	sqs_message_put_receive(&out, &queue, &receive);
	is(out.p, out.n, "{\"QueueUrl\":\"u\",\"MaxNumberOfMessages\":3,"
	   "\"WaitTimeSeconds\":20,\"VisibilityTimeout\":120,"
	   "\"AttributeNames\":[\"All\"],\"MessageSystemAttributeNames\":[\"All\"],"
	   "\"ReceiveRequestAttemptId\":\"a\"}", "a receive");
	buf_reset(&out);
	sqs_message_put_batch(&out, &queue, entries, 2);
	is(out.p, out.n, "{\"QueueUrl\":\"u\",\"Entries\":[{\"Id\":\"0\","
	   "\"ReceiptHandle\":\"h\\\"1\",\"VisibilityTimeout\":0},"
	   "{\"Id\":\"1\",\"ReceiptHandle\":\"h2\"}]}", "a batch");
	buf_reset(&out);
	sqs_message_put_record(&out, &message, STR("arn"), STR("r"));
	is(out.p, out.n, "{\"messageId\":\"1\",\"receiptHandle\":\"h\","
	   "\"body\":\"{\\\"a\\\":1}\",\"attributes\":{\"SenderId\":\"S\"},"
	   "\"messageAttributes\":{},\"md5OfBody\":\"5\","
	   "\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"arn\","
	   "\"awsRegion\":\"r\"}", "a message as Lambda shows it");
	buf_free(&out);
}

int main(void)
{
	test_queues();
	test_answers();
	test_errors();
	test_calls();
	return done();
}
