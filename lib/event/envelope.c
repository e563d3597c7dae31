/* SPDX-License-Identifier: Apache-2.0 */
#include "event/envelope.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "event/dialect.h"
#include "format/iso.h"
#include "format/json_write.h"
#include "format/uri.h"
#include "format/url.h"
#include "hash/etag.h"
#include "record/record_fault.h"

_Static_assert(ENVELOPE_FIELDS <= 64, "a bit for each field");

void envelope_begin(struct envelope *e, const struct envelope_from *from)
{
	arena_reset(&e->arena);
	e->set = e->odd = 0;
	e->has_s3 = e->has_detail = e->has_list = e->has_context = false;
	e->keys = NULL;
	e->from = *from;
	e->sign = NULL;
	e->name_count = 0;
}

void envelope_set_odd(struct envelope *e, enum envelope_field name)
{
	e->set &= ~(UINT64_C(1) << name);
	e->odd |= UINT64_C(1) << name;
}

int envelope_add_key(struct envelope *e, struct str text)
{
	struct envelope_key *key = arena_alloc(&e->arena, sizeof(*key));

	if (!key)
		return -1;
	key->key = arena_dup(&e->arena, text);
	if (!e->keys)
		e->last_key = &e->keys;
	*e->last_key = key;
	e->last_key = &key->next;
	return key->key.p ? 0 : -1;
}

int envelope_keep(struct envelope *e, const char *p, size_t n)
{
	for (unsigned i = 0; i < ENVELOPE_FIELDS; i++) {
		uintptr_t at = (uintptr_t)e->fields[i].p - (uintptr_t)p;

		if (!envelope_has(e, i) || at >= n)
			continue;
		e->fields[i] = arena_dup(&e->arena, e->fields[i]);
		if (!e->fields[i].p)
			return -1;
	}
	return 0;
}

/* Documents that are not S3 events */

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
 * Guess from a member, or from one of requestContext, what a document is that
 * is not an S3 event.  An earlier row is a surer sign than a later one.
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
		{ "Contents", "a list of objects, which s3ls(1) makes records of" },
		{ "written", "an explanation, which says why its object was bad" },
		{ "outcome", "an item of the ledger, which ddb-list(1) reads" },
		{ "bucket", "a record, which the filters behind s3ev-split(1) read" },
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
	bool has_known = e->set || e->odd || e->has_detail;

	buf_puts(out, e->name_count ? "an object with " : has_known ?
		 "an envelope that holds no event" : "an empty object");
	for (size_t i = 0; i < e->name_count; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		buf_put_str(out, e->names[i]);
	}
}

void envelope_remember(struct envelope *e, struct str name)
{
	const struct envelope_sign *sign;

	if (envelope_has(e, ENVELOPE_EVENT_VERSION))
		return;
	sign = sign_of_member(name);
	if (sign && (!e->sign || sign < e->sign))
		e->sign = sign;
	if (e->name_count < ENVELOPE_NAMES_SHOWN && name.n <= 40)
		e->names[e->name_count++] = arena_dup(&e->arena, name);
}

static enum envelope_kind foreign(const struct envelope *e, struct err *err)
{
	struct str source = envelope_field(e, ENVELOPE_EVENT_SOURCE);
	const struct envelope_sign *sign = sign_of_source(source);
	struct buf what;

	buf_init(&what, sizeof(err->message));
	if (sign || e->sign)
		buf_puts(&what, sign ? sign->what : e->sign->what);
	else if (envelope_has(e, ENVELOPE_DETAIL_TYPE))
		buf_printf(&what, "an EventBridge event of %.*s, %.*s",
			   STR_FMT(envelope_field(e, ENVELOPE_SOURCE)),
			   STR_FMT(envelope_field(e, ENVELOPE_DETAIL_TYPE)));
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

/* S3 events */

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
		/* For reasons that we do not know: deleted is deleted. */
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

/* Some sources write "" for unknown (Ceph's versionId, awsRegion). */
static struct str known(struct str s)
{
	return s.n > 0 ? s : STR_NONE;
}

/* The last part of arn:aws:s3:::bucket; or the ARN, of an access point. */
static struct str arn_bucket(struct str arn)
{
	size_t i = arn.n;

	while (i > 0 && arn.p[i - 1] != ':')
		i--;
	if (i < arn.n && memchr(arn.p + i, '/', arn.n - i))
		return arn;
	return known((struct str){ arn.p + i, arn.n - i });
}

typedef size_t decode_fn(char *out, struct str s);

static struct str decoded(struct envelope *e, struct str key,
			  decode_fn *decode)
{
	char *p = arena_alloc(&e->arena, key.n + 1);

	return p ? (struct str){ p, decode(p, key) } : STR_NONE;
}

/*
 * Set the key of a notification, decoded unless its server writes it as it is.
 * How it was spelled is remembered where that server is not known for sure.
 */
static void set_key(struct envelope *e, struct record *r)
{
	struct str key = r->key;

	if (key.n == 0 ||
	    (!memchr(key.p, '+', key.n) && !memchr(key.p, '%', key.n)) ||
	    key_form_is_raw(e))
		return;
	r->key = decoded(e, key, uri_decode_form);
	if (!str_eq(r->key, key) && !key_form_is_certain(e))
		r->spelled = key;
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
	if (r->size_text.p && str_number(r->size_text, &r->size) < 0)
		return "a size that is not a number of bytes";
	return record_fault(r);
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

/* The time in UTC; unknown if it is none. */
static int set_time(struct envelope *e, struct record *r, struct err *err)
{
	char room[ISO_UTC_SIZE];

	r->time = iso_utc(r->time, room);
	if (r->time.p != room)
		return 0;
	r->time = arena_dup(&e->arena, r->time);
	return r->time.p ? 0 : err_memory(err);
}

static enum envelope_kind give(struct envelope *e, struct record *r,
			       char id[RECORD_ID_SIZE + 1], struct err *err)
{
	const uint64_t sizes = UINT64_C(1) << ENVELOPE_SIZE |
			       UINT64_C(1) << ENVELOPE_OTHER_SIZE;
	const char *fault;

	r->size = 0;
	if (set_time(e, r, err) < 0)
		return ENVELOPE_REFUSED;
	fault = e->odd & sizes ? "a size that is not a number of bytes" :
				 envelope_fault(r);
	if (fault) {
		err_set(err, "InvalidEvent", "%s", fault);
		return ENVELOPE_REFUSED;
	}
	r->has_size = r->size_text.p != NULL;
	if (!url_is_label(r->region))
		r->region = STR_NONE;
	record_id(r, id);
	r->id = (struct str){ id, RECORD_ID_SIZE };
	return ENVELOPE_EVENT;
}

/* Assign every member that may be set: clearing a whole record is slow. */
static void read_object(const struct envelope *e, struct record *r)
{
	r->event = r->time = r->region = r->source = r->spelled = STR_NONE;
	r->bad_code = r->bad_reason = r->failed_code = r->failed_message =
		STR_NONE;
	r->bucket = envelope_known(e, ENVELOPE_BUCKET);
	r->key = envelope_known(e, ENVELOPE_KEY);
	r->version = envelope_known(e, ENVELOPE_VERSION);
	r->etag = known(etag_bare(envelope_field(e, ENVELOPE_ETAG)));
	r->size_text = envelope_field(e, ENVELOPE_SIZE);
	r->sequencer = envelope_known(e, ENVELOPE_SEQUENCER);
}

/*
 * Only the major version is compared: a new minor version only adds members.
 * Scality counts its versions from 1.0, and means the same members.
 */
static bool is_known_version(struct str version, struct str source)
{
	return !version.p || str_has_prefix(version, STR("2.")) ||
	       (str_is(version, "1.0") && str_is(source, "scality:s3"));
}

static enum envelope_kind read_s3(struct envelope *e, struct record *r,
				  char id[RECORD_ID_SIZE + 1], struct err *err)
{
	struct str source = envelope_field(e, ENVELOPE_EVENT_SOURCE);
	struct str version = envelope_field(e, ENVELOPE_EVENT_VERSION);

	if (source.p && !str_has_suffix(source, STR(":s3")))
		return foreign(e, err);
	if (!is_known_version(version, source)) {
		err_set(err, "InvalidEvent",
			"an S3 event of eventVersion %.*s, not 2.x",
			STR_FMT(version));
		return ENVELOPE_REFUSED;
	}
	read_object(e, r);
	r->event = envelope_known(e, ENVELOPE_NAME);
	if (str_has_prefix(r->event, STR("s3:")))
		r->event = (struct str){ r->event.p + 3, r->event.n - 3 };
	r->time = envelope_known(e, ENVELOPE_TIME);
	r->region = envelope_known(e, ENVELOPE_REGION);
	if (source.p && !str_is(source, "aws:s3"))
		r->source = source;
	set_key(e, r);
	return give(e, r, id, err);
}

/* An event of CloudTrail has the same source, but no bucket here. */
static bool is_eventbridge(const struct envelope *e)
{
	return e->has_detail && str_is(envelope_field(e, ENVELOPE_SOURCE), "aws.s3") &&
	       envelope_has(e, ENVELOPE_BUCKET);
}

/*
 * "Object Created" needs a reason to have a name.  Security Lake sends no
 * detail-type.
 */
static bool is_known_kind(struct str detail_type)
{
	return !detail_type.p || str_is(detail_type, "Object Created") ||
	       envelope_event_name(detail_type, STR_NONE, STR_NONE).p;
}

static enum envelope_kind read_eventbridge(struct envelope *e,
					   struct record *r,
					   char id[RECORD_ID_SIZE + 1],
					   struct err *err)
{
	read_object(e, r);
	r->event = envelope_event_name(envelope_field(e, ENVELOPE_DETAIL_TYPE),
				       envelope_field(e, ENVELOPE_REASON),
				       envelope_field(e, ENVELOPE_DELETION_TYPE));
	r->time = envelope_known(e, ENVELOPE_BRIDGE_TIME);
	r->region = envelope_known(e, ENVELOPE_BRIDGE_REGION);
	return give(e, r, id, err);
}

static enum envelope_kind read_task(struct envelope *e, struct record *r,
				    char id[RECORD_ID_SIZE + 1],
				    struct err *err)
{
	struct str bucket = envelope_known(e, ENVELOPE_TASK_BUCKET);

	e->from.batch = envelope_field(e, ENVELOPE_TASK_ID);
	read_object(e, r);
	r->bucket = bucket.p ? bucket :
			       arn_bucket(envelope_field(e, ENVELOPE_TASK_ARN));
	r->key = decoded(e, envelope_field(e, ENVELOPE_TASK_KEY), uri_decode_percent);
	r->version = envelope_known(e, ENVELOPE_TASK_VERSION);
	r->etag = r->size_text = r->sequencer = STR_NONE;
	return give(e, r, id, err);
}

enum envelope_kind envelope_read_key(struct envelope *e, struct record *r,
				     char id[RECORD_ID_SIZE + 1],
				     struct err *err)
{
	struct str key = e->keys->key;

	e->keys = e->keys->next;
	*r = (struct record){ .key = key };
	r->bucket = envelope_known(e, ENVELOPE_TASK_BUCKET);
	return give(e, r, id, err);
}

static unsigned base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (unsigned)(at - digits) : 64;
}

/* RFC 4648; absent if it is not that, or memory is out. */
static struct str decode_base64(struct envelope *e, struct str s)
{
	char *p = arena_alloc(&e->arena, s.n + 1);
	unsigned bits = 0, n = 0;
	size_t size = 0;

	s = str_trim_end(s, "=\r\n");
	for (size_t i = 0; p && i < s.n; i++) {
		unsigned digit = base64_digit(s.p[i]);

		if (digit > 63)
			return STR_NONE;
		bits = bits << 6 | digit;
		if (++n % 4 != 1)
			p[size++] = (char)(bits >> (3 - (n - 1) % 4) * 2);
	}
	return p ? (struct str){ p, size } : STR_NONE;
}

bool envelope_may_be_json(struct str text)
{
	text = envelope_skip_mark(text);
	while (text.n > 0 && strchr(" \t\r\n", text.p[0]) && text.p[0])
		text = (struct str){ text.p + 1, text.n - 1 };
	return text.n > 1 && strchr("{[\"", text.p[0]) && text.p[0];
}

struct str envelope_skip_mark(struct str text)
{
	return str_has_prefix(text, STR("\xEF\xBB\xBF")) ?
		(struct str){ text.p + 3, text.n - 3 } : text;
}

/*
 * The body of an HTTP request, as a function URL or API Gateway hands it on: a
 * webhook's event.  Requests of other kinds keep their own names.
 */
static bool read_request(struct envelope *e, struct str *text)
{
	if (!e->has_context || !envelope_has(e, ENVELOPE_BODY))
		return false;
	*text = envelope_field(e, ENVELOPE_BODY);
	if (envelope_has(e, ENVELOPE_BASE64))
		*text = decode_base64(e, *text);
	return text->p && envelope_may_be_json(*text);
}

/*
 * A message of a queue or of a topic.  If a queue's message holds another one,
 * as a dead letter may, keep the outer id: only that message is in a queue now.
 */
static bool read_message(struct envelope *e, struct str *text)
{
	bool has_body = envelope_has(e, ENVELOPE_BODY);

	if (envelope_has(e, ENVELOPE_MESSAGE_ID) && !e->from.sqs.p &&
	    (has_body || envelope_has(e, ENVELOPE_RECEIPT))) {
		e->from.sqs = envelope_field(e, ENVELOPE_MESSAGE_ID);
		e->from.receipt = envelope_field(e, ENVELOPE_RECEIPT);
	}
	if (has_body && envelope_has(e, ENVELOPE_MESSAGE_ID)) {
		*text = envelope_field(e, ENVELOPE_BODY);
	} else if (envelope_has(e, ENVELOPE_SNS_MESSAGE)) {
		e->from.sns = envelope_field(e, ENVELOPE_SNS_ID);
		*text = envelope_field(e, ENVELOPE_SNS_MESSAGE);
	} else if (str_is(envelope_field(e, ENVELOPE_TYPE), "Notification") &&
		   envelope_has(e, ENVELOPE_MESSAGE)) {
		e->from.sns = envelope_field(e, ENVELOPE_MESSAGE_ID);
		*text = envelope_field(e, ENVELOPE_MESSAGE);
	} else {
		return false;
	}
	return true;
}

/* Documents without events that are no fault, and events of future kinds. */
static bool read_note(const struct envelope *e, struct str *text)
{
	struct str type = envelope_field(e, ENVELOPE_TYPE);

	if (is_eventbridge(e))
		*text = STR("an S3 event of EventBridge of an unknown kind");
	else if (str_is(type, "SubscriptionConfirmation") ||
	    str_is(type, "UnsubscribeConfirmation"))
		*text = STR("a message about an SNS subscription");
	else if (str_is(envelope_field(e, ENVELOPE_TEST), "s3:TestEvent"))
		*text = STR("s3:TestEvent");
	else
		*text = dialect_note(e);
	return text->p != NULL;
}

static enum envelope_kind read_other(struct envelope *e, struct record *record,
				     char id[RECORD_ID_SIZE + 1],
				     struct err *err)
{
	const char *fault;

	if (dialect_read(e, record))
		return give(e, record, id, err);
	fault = dialect_fault(e);
	if (!fault)
		return foreign(e, err);
	err_set(err, "NotAnS3Event", "not an S3 event: %s", fault);
	return ENVELOPE_REFUSED;
}

enum envelope_kind envelope_read(struct envelope *e, struct record *record,
				 char id[RECORD_ID_SIZE + 1], struct str *text,
				 struct err *err)
{
	if (e->has_s3)
		return read_s3(e, record, id, err);
	if (is_eventbridge(e) && is_known_kind(envelope_field(e, ENVELOPE_DETAIL_TYPE)))
		return read_eventbridge(e, record, id, err);
	if (read_message(e, text) || read_request(e, text))
		return ENVELOPE_TEXT;
	if (read_note(e, text))
		return ENVELOPE_NOTE;
	if (envelope_has(e, ENVELOPE_TASK_ID) && envelope_has(e, ENVELOPE_TASK_KEY))
		return read_task(e, record, id, err);
	if (e->keys && envelope_has(e, ENVELOPE_TASK_BUCKET))
		return ENVELOPE_KEYS;
	return e->has_list ? ENVELOPE_LIST : read_other(e, record, id, err);
}
