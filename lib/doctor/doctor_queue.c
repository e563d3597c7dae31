/* SPDX-License-Identifier: Apache-2.0 */
/* The queue that events come from. */
#include "doctor/doctor_queue.h"

#include <stddef.h>

#include "aws/aws_json.h"
#include "config/config_endpoint.h"
#include "format/json_pick.h"
#include "sqs/sqs_message.h"
#include "sqs/sqs_queue.h"

enum { BODY_MAX = 8192 };

/* Messages of S3 are small, but one of a batch of others may be larger. */
#define MESSAGE_MIN 65536ULL
/* Less is too short for an object that takes a while; see --timeout of s3check. */
#define VISIBILITY_MIN 30ULL

/* Members of Attributes; numbers are text there. */
struct queue_answer {
	struct str arn, redrive, policy, visibility, message_max, key;
};

static const struct json_pick_field fields[] = {
	{ "Attributes.QueueArn", offsetof(struct queue_answer, arn), true },
	{ "Attributes.RedrivePolicy", offsetof(struct queue_answer, redrive),
	  true },
	{ "Attributes.Policy", offsetof(struct queue_answer, policy), true },
	{ "Attributes.VisibilityTimeout",
	  offsetof(struct queue_answer, visibility), true },
	{ "Attributes.MaximumMessageSize",
	  offsetof(struct queue_answer, message_max), true },
	{ "Attributes.KmsMasterKeyId", offsetof(struct queue_answer, key),
	  true },
};

struct asked {
	struct doctor *doctor;
	struct sqs_queue queue;
	const char *name;
	const char *arn;	/* as IAM wants it */
};

/* The body is freed. */
static struct err ask(struct asked *asked, const char *target, struct buf *body)
{
	struct doctor *doctor = asked->doctor;
	struct aws_call *call = &doctor_ask(doctor)->aws;
	const struct config *config = aws_config(doctor->here.aws);
	bool is_custom = config_endpoint_is_custom(config, CONFIG_SQS);
	struct err err;
	struct buf url;

	buf_init(&url, CONFIG_URL_MAX);
	call->service = CONFIG_SQS;
	call->sign_service = "sqs";
	call->region = asked->queue.region.p ? asked->queue.region :
					       config->region.value;
	if (!is_custom)
		buf_put_str(&url, asked->queue.host);
	else if (config_endpoint(config, CONFIG_SQS, STR_NONE, &url, &err) < 0)
		goto fail;
	buf_putc(&url, '/');
	call->url = arena_take(&doctor->arena, &url).p;
	aws_json_start(doctor->here.aws, call, target,
		       arena_take(&doctor->arena, body));
	return doctor_answer(doctor);
fail:
	buf_free(body);
	buf_free(&url);
	return err;
}

/* Returns -1 if there is no such queue. */
static int look_at_queue(struct asked *asked, struct queue_answer *answer)
{
	struct doctor *doctor = asked->doctor;
	struct err err, ignored;
	struct buf body;

	*answer = (struct queue_answer){ .arn = STR_NONE };
	buf_init(&body, BODY_MAX);
	sqs_message_put_attributes(&body, &asked->queue);
	err = ask(asked, "AmazonSQS.GetQueueAttributes", &body);
	if (sqs_message_is_nowhere(&err)) {
		doctor_tell(doctor, DOCTOR_BAD, "queue.queue",
			    "create it, or correct QUEUE_URL",
			    "there is no queue %s", asked->name);
		return -1;
	}
	if (err_is_set(&err)) {
		doctor_tell_error(doctor, DOCTOR_BAD, "queue.queue",
			asked->name, &err,
			doctor_text(doctor, "sqs:GetQueueAttributes on %s",
				    asked->arn));
		return doctor_is_denied(&err) ? 0 : -1;
	}
	(void)json_pick(fields, sizeof(fields) / sizeof(*fields),
			buf_str(&doctor->call.aws.http.body_in),
			&doctor->arena, answer, &ignored);
	doctor_tell(doctor, DOCTOR_OK, "queue.queue", NULL, "%s is there",
		    asked->name);
	return 0;
}

static void look_at_redrive(const struct asked *asked,
			    const struct queue_answer *answer)
{
	struct doctor *doctor = asked->doctor;

	if (answer->redrive.n > 0)
		doctor_tell(doctor, DOCTOR_OK, "queue.redrive", NULL,
			    "%s hands on what fails again and again",
			    asked->name);
	else
		doctor_tell(doctor, DOCTOR_WARN, "queue.redrive",
			    "give it a dead-letter queue (RedrivePolicy)",
			    "%s: what fails comes again until it is too old, "
			    "and is lost then", asked->name);
}

/* How many seconds an object may take, as far as the environment says. */
static unsigned long long longest_work(const struct doctor *doctor)
{
	unsigned long long seconds;

	if (str_number(doctor_option(doctor->setup.checks, "--timeout"),
		       &seconds) < 0 || seconds < VISIBILITY_MIN)
		return VISIBILITY_MIN;
	return seconds;
}

static void look_at_times(const struct asked *asked,
			  const struct queue_answer *answer)
{
	struct doctor *doctor = asked->doctor;
	unsigned long long seconds, bytes, work = longest_work(doctor);

	if (str_number(answer->visibility, &seconds) == 0 && seconds < work)
		doctor_tell(doctor, DOCTOR_WARN, "queue.visibility",
			    "six times as long as an event may take, on "
			    "Lambda; s3ev-sqs has its own (--visibility)",
			    "%s: a message comes again after %llu seconds, and "
			    "an object may take %llu", asked->name, seconds,
			    work);
	if (str_number(answer->message_max, &bytes) == 0 && bytes < MESSAGE_MIN)
		doctor_tell(doctor, DOCTOR_WARN, "queue.size",
			    "set MaximumMessageSize to 262144 or more",
			    "%s takes messages of %llu bytes only, and S3's "
			    "are lost if they are larger", asked->name, bytes);
}

/* S3 uses a key only if the key's own policy lets it. */
static void look_at_key(const struct asked *asked,
			const struct queue_answer *answer)
{
	struct doctor *doctor = asked->doctor;

	if (answer->key.n == 0)
		return;
	if (str_has_suffix(answer->key, STR("alias/aws/sqs")))
		doctor_tell(doctor, DOCTOR_BAD, "queue.key",
			    "use SqsManagedSseEnabled, or a key of your own",
			    "%s: S3 cannot use the key alias/aws/sqs, so no "
			    "event arrives", asked->name);
	else
		doctor_tell(doctor, DOCTOR_WARN, "queue.key",
			    "allow kms:GenerateDataKey and kms:Decrypt to "
			    "s3.amazonaws.com in its policy",
			    "%s is encrypted with %.*s, whose policy is not "
			    "looked at", asked->name, STR_FMT(answer->key));
}

/* Who may send: S3, SNS or EventBridge; the conditions are not worked out. */
static void look_at_policy(const struct asked *asked,
			   const struct queue_answer *answer)
{
	struct doctor *doctor = asked->doctor;

	if (answer->arn.n == 0)
		return;
	if (str_contains(answer->policy, ".amazonaws.com") ||
	    str_contains(answer->policy, "\"*\""))
		doctor_tell(doctor, DOCTOR_OK, "queue.policy", NULL,
			    "%s: its policy lets a service send", asked->name);
	else
		doctor_tell(doctor, DOCTOR_WARN, "queue.policy",
			    "allow sqs:SendMessage to s3.amazonaws.com, on the "
			    "condition of aws:SourceArn and aws:SourceAccount",
			    "%s: its policy lets no service send, so no event "
			    "arrives", asked->name);
}

/* With a handle that nobody has got: it is refused after it was allowed. */
static void look_at_right(struct asked *asked, const char *check,
			  const char *action, const char *target, long timeout)
{
	struct doctor *doctor = asked->doctor;
	const struct sqs_entry entry = { STR("s3ev-doctor"), timeout };
	struct err err;
	struct buf body;

	buf_init(&body, BODY_MAX);
	sqs_message_put_batch(&body, &asked->queue, &entry, 1);
	err = ask(asked, target, &body);
	if (!err_is_set(&err) || sqs_message_is_lost(&err))
		doctor_tell(doctor, DOCTOR_OK, check, NULL, "%s: allowed",
			    asked->name);
	else
		doctor_tell_error(doctor, DOCTOR_BAD, check, asked->name, &err,
				  doctor_text(doctor, "%s on %s", action,
					      asked->arn));
}

static const char *arn_of(struct asked *asked)
{
	struct doctor *doctor = asked->doctor;
	struct buf arn;
	const char *kept;

	buf_init(&arn, BODY_MAX);
	sqs_queue_put_arn(&arn, &asked->queue,
			  aws_config(doctor->here.aws)->region.value);
	kept = doctor_text(doctor, "%.*s", STR_FMT(buf_str(&arn)));
	buf_free(&arn);
	return kept;
}

void doctor_queue(struct doctor *doctor)
{
	struct asked asked = { .doctor = doctor };
	struct queue_answer answer;
	struct err err;

	if (!doctor_is_set(doctor->setup.queue) || doctor->here.has_no_keys)
		return;
	if (sqs_queue_read(&asked.queue, str_of(doctor->setup.queue), &err) < 0) {
		doctor_tell(doctor, DOCTOR_BAD, "queue.queue",
			    "set QUEUE_URL to the URL of a queue", "%s",
			    err.message);
		return;
	}
	asked.name = doctor_text(doctor, "%.*s", STR_FMT(asked.queue.name));
	asked.arn = arn_of(&asked);
	if (look_at_queue(&asked, &answer) < 0)
		return;
	look_at_redrive(&asked, &answer);
	look_at_times(&asked, &answer);
	look_at_key(&asked, &answer);
	look_at_policy(&asked, &answer);
	look_at_right(&asked, "queue.delete", "sqs:DeleteMessage",
		      "AmazonSQS.DeleteMessageBatch", -1);
	look_at_right(&asked, "queue.give-back", "sqs:ChangeMessageVisibility",
		      "AmazonSQS.ChangeMessageVisibilityBatch", 0);
}
