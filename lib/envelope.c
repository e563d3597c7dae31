/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope.h"

#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "json.h"
#include "uri.h"

_Static_assert(ENVELOPE_FIELDS <= 32, "a bit for each field");

static bool has(const struct envelope *e, enum envelope_field name)
{
	return e->set >> name & 1;
}

static struct str field(const struct envelope *e, enum envelope_field name)
{
	return has(e, name) ? e->fields[name] : STR_NONE;
}

void envelope_begin(struct envelope *e, const struct envelope_from *from)
{
	arena_reset(&e->arena);
	e->set = e->odd = 0;
	e->has_s3 = e->has_detail = e->has_list = false;
	e->from = *from;
	e->sign = NULL;
	e->name_count = 0;
}

void envelope_set_odd(struct envelope *e, enum envelope_field name)
{
	e->set &= ~(UINT32_C(1) << name);
	e->odd |= UINT32_C(1) << name;
}

int envelope_keep(struct envelope *e, const char *p, size_t n)
{
	for (unsigned i = 0; i < ENVELOPE_FIELDS; i++) {
		uintptr_t at = (uintptr_t)e->fields[i].p - (uintptr_t)p;

		if (!has(e, i) || at >= n)
			continue;
		e->fields[i] = arena_dup(&e->arena, e->fields[i]);
		if (!e->fields[i].p)
			return -1;
	}
	return 0;
}

/* What is no S3 event */

struct envelope_sign {
	const char *name, *what;
};

static const struct envelope_sign *find_sign(const struct envelope_sign *signs,
					     size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(name, signs[i].name))
			return &signs[i];
	return NULL;
}

/*
 * What a member, or one of requestContext, gives away of a document that is no
 * S3 event; what stands first here tells more.
 */
static const struct envelope_sign *sign_of_member(struct str name)
{
	static const struct envelope_sign signs[] = {
		{ "kinesis", "a Kinesis batch" },
		{ "awslogs", "a batch of CloudWatch Logs" },
		{ "logGroup", "a batch of CloudWatch Logs" },
		{ "deliveryStreamArn", "a Firehose batch" },
		{ "getObjectContext", "an S3 Object Lambda request" },
		{ "xAmzRequestId", "an S3 Object Lambda request" },
		{ "identityPoolId", "a Cognito event" },
		{ "triggerSource", "a Cognito event" },
		{ "userPoolId", "a Cognito event" },
		{ "fileSchema", "an S3 Inventory manifest" },
		{ "rmqMessagesByQueue", "a RabbitMQ batch" },
		{ "bootstrapServers", "a Kafka batch" },
		{ "invokingEvent", "an AWS Config event" },
		{ "CodePipeline.job", "a CodePipeline job" },
		{ "DetailType", "an entry for PutEvents" },
		{ "specversion", "a CloudEvent" },
		{ "ResponseURL", "a CloudFormation request" },
		{ "alarmArn", "a CloudWatch alarm" },
		{ "AlarmName", "a CloudWatch alarm" },
		{ "TopicArn", "an SNS message without text" },
		{ "MD5OfBody", "an SQS message without text" },
		{ "cf", "a CloudFront request" },
		{ "bot", "a Lex event" },
		{ "actionGroup", "a Bedrock agent's request" },
		{ "typeName", "an AppSync request" },
		{ "prev", "an AppSync request" },
		{ "methodArn", "an API Gateway authorizer request" },
		{ "routeArn", "an API Gateway authorizer request" },
		{ "authorizationToken", "an AppSync authorizer request" },
		{ "elb", "a load balancer request" },
		{ "serviceArn", "a VPC Lattice request" },
		{ "raw_path", "a VPC Lattice request" },
		{ "functionArn", "a record of a Lambda invocation" },
		{ "apiId", "an API Gateway request" },
		{ "httpMethod", "an API Gateway request" },
		{ "routeKey", "an API Gateway request" },
		{ "requestContext", "an HTTP request" },
		{ "session", "an Alexa request" },
		{ "mail", "an SES event" },
	};

	return find_sign(signs, sizeof(signs) / sizeof(*signs), name);
}

static const struct envelope_sign *sign_of_source(struct str source)
{
	static const struct envelope_sign signs[] = {
		{ "aws:kinesis", "a Kinesis batch" },
		{ "aws:dynamodb", "a DynamoDB stream" },
		{ "aws:ses", "an SES event" },
		{ "aws:codecommit", "a CodeCommit event" },
		{ "aws:kafka", "a Kafka batch" },
		{ "SelfManagedKafka", "a Kafka batch" },
		{ "aws:amq", "an ActiveMQ batch" },
		{ "aws:mq", "an ActiveMQ batch" },
		{ "aws:rmq", "a RabbitMQ batch" },
		{ "aws:docdb", "a DocumentDB stream" },
		{ "aws:sqs", "an SQS message without text" },
		{ "aws:sns", "an SNS message without text" },
	};

	return find_sign(signs, sizeof(signs) / sizeof(*signs), source);
}

static void put_names(struct buf *out, const struct envelope *e)
{
	buf_puts(out, e->name_count ? "an object with " : "an empty object");
	for (size_t i = 0; i < e->name_count; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		buf_put_str(out, e->names[i]);
	}
}

void envelope_remember(struct envelope *e, struct str name)
{
	const struct envelope_sign *sign;

	if (has(e, ENVELOPE_EVENT_VERSION))
		return;
	sign = sign_of_member(name);
	if (sign && (!e->sign || sign < e->sign))
		e->sign = sign;
	if (e->name_count < ENVELOPE_NAMES_SHOWN && name.n <= 40)
		e->names[e->name_count++] = arena_dup(&e->arena, name);
}

static enum envelope_kind foreign(const struct envelope *e, struct err *err)
{
	struct str source = field(e, ENVELOPE_EVENT_SOURCE);
	const struct envelope_sign *sign = sign_of_source(source);
	struct buf what;

	buf_init(&what, sizeof(err->message));
	if (sign || e->sign)
		buf_puts(&what, sign ? sign->what : e->sign->what);
	else if (has(e, ENVELOPE_DETAIL_TYPE))
		buf_printf(&what, "an EventBridge event of %.*s, %.*s",
			   STR_FMT(field(e, ENVELOPE_SOURCE)),
			   STR_FMT(field(e, ENVELOPE_DETAIL_TYPE)));
	else if (source.p)
		buf_printf(&what, "a %srecord of %.*s",
			   str_has_suffix(source, STR(".amazonaws.com")) ?
			   "CloudTrail " : "", STR_FMT(source));
	else
		put_names(&what, e);
	err_set(err, "NotAnS3Event", "not an S3 event: it looks like %.*s",
		STR_FMT(buf_str(&what)));
	buf_free(&what);
	return ENVELOPE_REFUSED;
}

/* What is one */

struct str envelope_event_name(struct str detail_type, struct str reason,
			       struct str deletion_type)
{
	static const struct {
		const char *detail_type, *reason, *deletion_type, *name;
	} names[] = {
		{ "Object Created", "PutObject", NULL, "ObjectCreated:Put" },
		{ "Object Created", "POST Object", NULL, "ObjectCreated:Post" },
		{ "Object Created", "CopyObject", NULL, "ObjectCreated:Copy" },
		{ "Object Created", "CompleteMultipartUpload", NULL,
		  "ObjectCreated:CompleteMultipartUpload" },
		{ "Object Deleted", "DeleteObject", "Permanently Deleted",
		  "ObjectRemoved:Delete" },
		{ "Object Deleted", "DeleteObject", "Delete Marker Created",
		  "ObjectRemoved:DeleteMarkerCreated" },
		{ "Object Deleted", "Lifecycle Expiration",
		  "Permanently Deleted", "LifecycleExpiration:Delete" },
		{ "Object Deleted", "Lifecycle Expiration",
		  "Delete Marker Created",
		  "LifecycleExpiration:DeleteMarkerCreated" },
		/* Reasons come that are not known yet; deleted is deleted. */
		{ "Object Deleted", NULL, "Delete Marker Created",
		  "ObjectRemoved:DeleteMarkerCreated" },
		{ "Object Deleted", NULL, NULL, "ObjectRemoved:Delete" },
		{ "Object Restore Initiated", NULL, NULL, "ObjectRestore:Post" },
		{ "Object Restore Completed", NULL, NULL,
		  "ObjectRestore:Completed" },
		{ "Object Restore Expired", NULL, NULL, "ObjectRestore:Delete" },
		{ "Object Tags Added", NULL, NULL, "ObjectTagging:Put" },
		{ "Object Tags Deleted", NULL, NULL, "ObjectTagging:Delete" },
		{ "Object ACL Updated", NULL, NULL, "ObjectAcl:Put" },
		{ "Object Storage Class Changed", NULL, NULL,
		  "LifecycleTransition" },
		{ "Object Access Tier Changed", NULL, NULL,
		  "IntelligentTiering" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_is(detail_type, names[i].detail_type) &&
		    (!names[i].reason || str_is(reason, names[i].reason)) &&
		    (!names[i].deletion_type ||
		     str_is(deletion_type, names[i].deletion_type)))
			return str_of(names[i].name);
	return STR_NONE;
}

/* Empty stands for unknown in some sources (Ceph's versionId, awsRegion). */
static struct str known(struct str s)
{
	return s.n > 0 ? s : STR_NONE;
}

static struct str unquoted(struct str etag)
{
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

/* The last part of arn:aws:s3:::bucket; regions and accounts may be in it. */
static struct str arn_bucket(struct str arn)
{
	size_t i = arn.n;

	while (i > 0 && arn.p[i - 1] != ':')
		i--;
	return known((struct str){ arn.p + i, arn.n - i });
}

typedef size_t decode_fn(char *out, struct str s);

static struct str decoded(struct envelope *e, struct str key,
			  decode_fn *decode)
{
	char *p = arena_alloc(&e->arena, key.n + 1);

	return p ? (struct str){ p, decode(p, key) } : STR_NONE;
}

const char *envelope_fault(struct record *r)
{
	if (r->bucket.n == 0)
		return "an S3 event without the name of a bucket";
	if (r->key.n == 0)
		return "an S3 event without the key of an object";
	if (r->key.n > RECORD_KEY_MAX)
		return "a key longer than 1024 bytes";
	if (!str_is_utf8(r->key))
		return "a key that is not UTF-8";
	if (!str_is_utf8(r->bucket))
		return "a bucket's name that is not UTF-8";
	if (r->size_text.p && str_number(r->size_text, &r->size) < 0)
		return "a size that is no number of bytes";
	return NULL;
}

void envelope_put_from(struct buf *out, const struct envelope_from *from,
		       unsigned long long position)
{
	if (!from->sqs.p && !from->receipt.p && !from->sns.p &&
	    !from->batch.p && position == 0)
		return;
	json_member_open(out, "from");
	json_member(out, "sqs", from->sqs);
	json_member(out, "receipt", from->receipt);
	json_member(out, "sns", from->sns);
	json_member(out, "batch", from->batch);
	json_member_number(out, "position", position);
	buf_putc(out, '}');
}

static enum envelope_kind give(const struct envelope *e, struct record *r,
			       char id[RECORD_ID_SIZE + 1], struct err *err)
{
	const char *fault = e->odd >> ENVELOPE_SIZE & 1 ?
		"a size that is no number of bytes" : envelope_fault(r);

	if (fault) {
		err_set(err, "InvalidEvent", "%s", fault);
		return ENVELOPE_REFUSED;
	}
	r->has_size = r->size_text.p != NULL;
	record_id(r, id);
	r->id = (struct str){ id, RECORD_ID_SIZE };
	return ENVELOPE_EVENT;
}

/* Every member that is ever set: clearing a whole record has its price. */
static void read_object(const struct envelope *e, struct record *r)
{
	r->event = r->time = r->region = r->source = STR_NONE;
	r->bucket = known(field(e, ENVELOPE_BUCKET));
	r->key = known(field(e, ENVELOPE_KEY));
	r->version = known(field(e, ENVELOPE_VERSION));
	r->etag = known(unquoted(field(e, ENVELOPE_ETAG)));
	r->size_text = field(e, ENVELOPE_SIZE);
	r->sequencer = known(field(e, ENVELOPE_SEQUENCER));
}

/*
 * Members may be added within a major version, so only that is looked at.
 * Ceph sends keys as they are; AWS and what follows it form-encode them.
 */
static enum envelope_kind read_s3(struct envelope *e, struct record *r,
				  char id[RECORD_ID_SIZE + 1], struct err *err)
{
	struct str source = field(e, ENVELOPE_EVENT_SOURCE);
	struct str version = field(e, ENVELOPE_EVENT_VERSION);

	if (source.p && !str_has_suffix(source, STR(":s3")))
		return foreign(e, err);
	if (version.p && !str_has_prefix(version, STR("2."))) {
		err_set(err, "InvalidEvent",
			"an S3 event of eventVersion %.*s, not 2.x",
			STR_FMT(version));
		return ENVELOPE_REFUSED;
	}
	read_object(e, r);
	r->event = known(field(e, ENVELOPE_NAME));
	if (str_has_prefix(r->event, STR("s3:")))
		r->event = (struct str){ r->event.p + 3, r->event.n - 3 };
	r->time = known(field(e, ENVELOPE_TIME));
	r->region = known(field(e, ENVELOPE_REGION));
	if (source.p && !str_is(source, "aws:s3"))
		r->source = source;
	if (!str_is(source, "ceph:s3"))
		r->key = decoded(e, r->key, uri_decode_form);
	return give(e, r, id, err);
}

/* CloudTrail's events have the same source, but no object. */
static bool is_eventbridge(const struct envelope *e)
{
	return e->has_detail && str_is(field(e, ENVELOPE_SOURCE), "aws.s3") &&
	       has(e, ENVELOPE_BUCKET);
}

/* "Object Created" has names only by its reason; Security Lake says no kind. */
static bool is_known_kind(struct str detail_type)
{
	return !detail_type.p || str_is(detail_type, "Object Created") ||
	       envelope_event_name(detail_type, STR_NONE, STR_NONE).p;
}

static enum envelope_kind read_eventbridge(const struct envelope *e,
					   struct record *r,
					   char id[RECORD_ID_SIZE + 1],
					   struct err *err)
{
	read_object(e, r);
	r->event = envelope_event_name(field(e, ENVELOPE_DETAIL_TYPE),
				       field(e, ENVELOPE_REASON),
				       field(e, ENVELOPE_DELETION_TYPE));
	r->time = known(field(e, ENVELOPE_BRIDGE_TIME));
	r->region = known(field(e, ENVELOPE_BRIDGE_REGION));
	return give(e, r, id, err);
}

static enum envelope_kind read_task(struct envelope *e, struct record *r,
				    char id[RECORD_ID_SIZE + 1],
				    struct err *err)
{
	struct str bucket = known(field(e, ENVELOPE_TASK_BUCKET));

	e->from.batch = field(e, ENVELOPE_TASK_ID);
	read_object(e, r);
	r->bucket = bucket.p ? bucket :
			       arn_bucket(field(e, ENVELOPE_TASK_ARN));
	r->key = decoded(e, field(e, ENVELOPE_TASK_KEY), uri_decode_percent);
	r->version = known(field(e, ENVELOPE_TASK_VERSION));
	r->etag = r->size_text = r->sequencer = STR_NONE;
	return give(e, r, id, err);
}

/*
 * A message: of a queue or a topic, which its ids tell apart later.  Of one that
 * holds another of a queue, as a dead letter may, the outer is in a queue now.
 */
static bool read_message(struct envelope *e, struct str *text)
{
	bool has_body = has(e, ENVELOPE_BODY);

	if (has(e, ENVELOPE_MESSAGE_ID) && !e->from.sqs.p &&
	    (has_body || has(e, ENVELOPE_RECEIPT))) {
		e->from.sqs = field(e, ENVELOPE_MESSAGE_ID);
		e->from.receipt = field(e, ENVELOPE_RECEIPT);
	}
	if (has_body && has(e, ENVELOPE_MESSAGE_ID)) {
		*text = field(e, ENVELOPE_BODY);
	} else if (has(e, ENVELOPE_SNS_MESSAGE)) {
		e->from.sns = field(e, ENVELOPE_SNS_ID);
		*text = field(e, ENVELOPE_SNS_MESSAGE);
	} else if (str_is(field(e, ENVELOPE_TYPE), "Notification") &&
		   has(e, ENVELOPE_MESSAGE)) {
		e->from.sns = field(e, ENVELOPE_MESSAGE_ID);
		*text = field(e, ENVELOPE_MESSAGE);
	} else {
		return false;
	}
	return true;
}

/* What comes to queues and topics besides events, and what S3 may yet send. */
static bool read_note(const struct envelope *e, struct str *text)
{
	struct str type = field(e, ENVELOPE_TYPE);

	if (is_eventbridge(e))
		*text = STR("an S3 event of EventBridge of an unknown kind");
	else if (str_is(type, "SubscriptionConfirmation") ||
	    str_is(type, "UnsubscribeConfirmation"))
		*text = STR("a message about an SNS subscription");
	else if (str_is(field(e, ENVELOPE_TEST), "s3:TestEvent"))
		*text = STR("s3:TestEvent");
	else
		return false;
	return true;
}

enum envelope_kind envelope_read(struct envelope *e, struct record *record,
				 char id[RECORD_ID_SIZE + 1], struct str *text,
				 struct err *err)
{
	if (e->has_s3)
		return read_s3(e, record, id, err);
	if (is_eventbridge(e) && is_known_kind(field(e, ENVELOPE_DETAIL_TYPE)))
		return read_eventbridge(e, record, id, err);
	if (read_message(e, text))
		return ENVELOPE_TEXT;
	if (read_note(e, text))
		return ENVELOPE_NOTE;
	if (has(e, ENVELOPE_TASK_ID) && has(e, ENVELOPE_TASK_KEY))
		return read_task(e, record, id, err);
	return e->has_list ? ENVELOPE_LIST : foreign(e, err);
}
