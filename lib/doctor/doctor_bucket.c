/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets: can they be reached, and may we do there what the filters do?
 *
 *	HEAD of the bucket ── none, or another's: nothing else is asked
 *	  └─ of a source:      versioning, notification, GET, tags
 *	  └─ of a destination: PUT, CopyObject, DELETE and an upload's end, each of
 *	                       which must fail; Object Lock, encryption
 */
#include "doctor/doctor_bucket.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "doctor/doctor_account.h"
#include "format/xml_scan.h"
#include "http/http_head.h"
#include "record/record_fault.h"
#include "s3/s3_bucket.h"
#include "s3/s3_part.h"
#include "sqs/sqs_queue.h"

#define NOBODY DOCTOR_PREFIX "nothing"	/* a key where nothing is */
#define NO_ETAG "00000000000000000000000000000000"	/* that nothing has */

struct bucket {
	struct doctor *doctor;
	const char *name;
	const char *role;	/* "source", "processed", "bad-data" */
	bool may_list;		/* so that 404 means: nothing is there */
};

static struct s3_object nothing_in(const struct bucket *bucket)
{
	return (struct s3_object){ .bucket = str_of(bucket->name),
				   .key = STR(NOBODY) };
}

static const char *check_of(const struct bucket *bucket, const char *what)
{
	return doctor_text(bucket->doctor, "%s.%s", bucket->role, what);
}

static void tell(const struct bucket *bucket, enum doctor_level level,
		 const char *what, const char *mend, const char *text)
{
	doctor_tell(bucket->doctor, level, check_of(bucket, what), mend,
		    "%s: %s", bucket->name, text);
}

static void tell_error(const struct bucket *bucket, enum doctor_level level,
		       const char *what, const struct err *err,
		       const char *action)
{
	const char *need = action ? doctor_text(bucket->doctor,
		"%s on arn:aws:s3:::%s/*", action, bucket->name) : NULL;

	doctor_tell_error(bucket->doctor, level, check_of(bucket, what),
			  bucket->name, err, need);
}

static bool is_custom(const struct bucket *bucket)
{
	return config_endpoint_is_custom(aws_config(bucket->doctor->store->aws),
					 CONFIG_S3);
}

/* The bucket */

static void look_at_region(const struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct str ours = aws_config(doctor->store->aws)->region.value;
	struct str theirs = http_head_value(&doctor->call.aws.http,
					    "x-amz-bucket-region");
	bool is_target = doctor_is_elsewhere(doctor);

	if (is_custom(bucket) || theirs.n == 0 || str_eq(ours, theirs))
		return;
	doctor_tell(doctor, DOCTOR_WARN, check_of(bucket, "region"),
		    doctor_text(doctor, "set %s=%.*s, or move the bucket",
				is_target ? "TARGET_REGION" : "AWS_REGION",
				STR_FMT(theirs)),
		    "%s is in %.*s, and the region %s is %.*s: copies "
		    "between regions cost time and money", bucket->name,
		    STR_FMT(theirs), is_target ? "of the target" : "here",
		    STR_FMT(ours));
}

/* HEAD has no body to say why it is refused: GET of what is small has one. */
static struct err ask_for_bucket(const struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct err err;

	s3_head_bucket(doctor->store->aws, doctor_ask(doctor),
		       str_of(bucket->name));
	err = doctor_answer(doctor);
	if (err.status != 400 && err.status != 403)
		return err;
	s3_get_bucket(doctor->store->aws, doctor_ask(doctor),
		      str_of(bucket->name), "location");
	err = doctor_answer(doctor);
	if (!err_is_set(&err))
		err_set(&err, "AccessDenied", "access denied");
	return err;
}

/* Returns -1 if nothing else can be asked about it. */
static int look_at_bucket(struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct err err;

	/* doctor_settings.h has told of what is no name. */
	if (doctor->store->has_no_keys || doctor->store->has_no_s3 ||
	    !record_is_bucket(str_of(bucket->name)))
		return -1;
	err = ask_for_bucket(bucket);
	if (doctor_account_is_refused(doctor, doctor_is_elsewhere(doctor) ?
				      "S3 of the target" : "S3", &err,
				      &doctor->call.aws.http))
		return -1;
	doctor_account_clock(doctor, &doctor->call.aws.http);
	doctor->store->has_no_s3 = err.status == 0 && err_is_set(&err);
	if (err.status == 404 || err_is(&err, "NoSuchBucket")) {
		tell(bucket, DOCTOR_BAD, "bucket",
		     "create it, or correct its name",
		     "there is no such bucket");
		return -1;
	}
	bucket->may_list = !err_is_set(&err);
	if (err_is_set(&err) && !doctor_is_denied(&err)) {
		tell_error(bucket, DOCTOR_BAD, "bucket", &err, NULL);
		return -1;
	}
	if (bucket->may_list)
		tell(bucket, DOCTOR_OK, "bucket", NULL, "it is there");
	else
		tell(bucket, strcmp(bucket->role, "source") == 0 ?
		     DOCTOR_WARN : DOCTOR_SKIP, "bucket",
		     doctor_text(doctor, "allow s3:ListBucket on "
				 "arn:aws:s3:::%s, if it is yours",
				 bucket->name),
		     "access denied: without s3:ListBucket S3 does not say "
		     "whether an object is there or may not be read");
	look_at_region(bucket);
	return 0;
}

/*
 * Something about a bucket.  Returns the document, or one that is absent if it
 * was told why there is none.
 */
static struct str ask_about(const struct bucket *bucket, const char *what,
			    const char *check, const char *action)
{
	struct doctor *doctor = bucket->doctor;
	struct err err;

	s3_get_bucket(doctor->store->aws, doctor_ask(doctor),
		      str_of(bucket->name), what);
	err = doctor_answer(doctor);
	if (!err_is_set(&err))
		return buf_str(&doctor->call.aws.http.body_in);
	if (doctor_is_denied(&err))
		tell(bucket, DOCTOR_SKIP, check,
		     doctor_text(doctor, "allow %s on arn:aws:s3:::%s, only to "
				 "have it looked at", action, bucket->name),
		     "access denied");
	else if (err.status == 404 || doctor_is_unknown(&err))
		return STR("");
	else
		tell_error(bucket, DOCTOR_SKIP, check, &err, NULL);
	return STR_NONE;
}

static bool is_versioned(struct str document)
{
	return str_contains(document, "<Status>Enabled</Status>");
}

/* A bucket that files arrive in */

static void look_at_versions(const struct bucket *bucket)
{
	struct str said = ask_about(bucket, "versioning", "versions",
				    "s3:GetBucketVersioning");

	if (!said.p)
		return;
	if (is_versioned(said))
		tell(bucket, DOCTOR_OK, "versions", NULL,
		     "versions are kept: what is checked is what is copied");
	else
		tell(bucket, DOCTOR_WARN, "versions",
		     doctor_text(bucket->doctor, "aws s3api "
			"put-bucket-versioning --bucket %s "
			"--versioning-configuration Status=Enabled",
			bucket->name),
		     "no versions are kept: an ETag tells objects apart only "
		     "where nobody makes two with one MD5");
}

/* What is told of new objects: all of ALL, or "s3:ObjectCreated:*". */
enum {
	TOLD_PUT = 1, TOLD_POST = 2, TOLD_COPY = 4, TOLD_UPLOAD = 8,
	TOLD_ALL = TOLD_PUT | TOLD_POST | TOLD_COPY | TOLD_UPLOAD
};

static unsigned told_by(struct str event)
{
	static const struct {
		const char *event;
		unsigned told;
	} table[] = {
		{ "s3:ObjectCreated:*", TOLD_ALL },
		{ "s3:ObjectCreated:Put", TOLD_PUT },
		{ "s3:ObjectCreated:Post", TOLD_POST },
		{ "s3:ObjectCreated:Copy", TOLD_COPY },
		{ "s3:ObjectCreated:CompleteMultipartUpload", TOLD_UPLOAD },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (str_is(event, table[i].event))
			return table[i].told;
	return 0;
}

/* Who is told, and of what: TOLD_... */
struct notifications {
	const char *queue;		/* that is ours, an ARN's end, or NULL */
	unsigned anybody, ours, topics;

	/* Of the place that is being read. */
	unsigned told;
	bool is_ours;
};

/* "https://sqs.eu-west-1.amazonaws.com/123456789012/NAME" -> ":NAME" */
static const char *end_of_arn(struct doctor *doctor)
{
	struct sqs_queue queue;
	struct err ignored;

	if (!doctor_is_set(doctor->setup.queue) ||
	    sqs_queue_read(&queue, str_of(doctor->setup.queue), &ignored) < 0)
		return NULL;
	return doctor_text(doctor, ":%.*s", STR_FMT(queue.name));
}

static void begin_places(void *ctx)
{
	struct notifications *all = ctx;

	*all = (struct notifications){ .queue = all->queue };
}

static int open_place(void *ctx, struct str name, unsigned depth)
{
	struct notifications *all = ctx;

	(void)name;
	if (depth == 2) {
		all->told = 0;
		all->is_ours = false;
	}
	return 0;
}

/* EventBridge gets every event.  Whom it and a topic tell is not known here. */
static int close_place(void *ctx, struct str name, struct str text,
		       unsigned depth)
{
	struct notifications *all = ctx;

	if (depth == 3 && str_is(name, "Event"))
		all->told |= told_by(text);
	else if (depth == 3 && str_is(name, "Queue"))
		all->is_ours = all->queue &&
			       str_has_suffix(text, str_of(all->queue));
	if (depth != 2)
		return 0;
	if (str_is(name, "EventBridgeConfiguration"))
		all->told = all->topics = TOLD_ALL;
	else if (str_is(name, "TopicConfiguration"))
		all->topics |= all->told;
	all->anybody |= all->told;
	if (all->is_ours)
		all->ours |= all->told;
	return 0;
}

static void tell_places(const struct bucket *bucket,
			const struct notifications *all)
{
	const char *all_events = "ask for s3:ObjectCreated:*";

	if (all->queue && all->ours == 0 && all->topics == TOLD_ALL)
		tell(bucket, DOCTOR_SKIP, "events", NULL,
		     "it tells a topic or EventBridge of all new objects; "
		     "whether these tell QUEUE_URL is not looked at");
	else if (all->queue && all->ours == 0)
		tell(bucket, DOCTOR_BAD, "events",
		     "aws s3api put-bucket-notification-configuration",
		     "it does not tell QUEUE_URL of its objects");
	else if (all->queue && all->ours != TOLD_ALL)
		tell(bucket, DOCTOR_WARN, "events", all_events,
		     "it does not tell QUEUE_URL of all new objects, such as "
		     "copies and multipart uploads");
	else if (all->anybody == 0)
		tell(bucket, DOCTOR_WARN, "events",
		     "aws s3api put-bucket-notification-configuration",
		     "it tells nobody of new objects");
	else if (all->anybody != TOLD_ALL)
		tell(bucket, DOCTOR_WARN, "events", all_events,
		     "it tells nobody of all new objects, such as copies and "
		     "multipart uploads");
	else
		tell(bucket, DOCTOR_OK, "events", NULL,
		     "it tells of all new objects");
}

static void look_at_events(const struct bucket *bucket)
{
	struct notifications all = { .queue = end_of_arn(bucket->doctor) };
	const struct xml_scan scan = { begin_places, open_place, close_place,
				       &all };
	struct str said = ask_about(bucket, "notification", "events",
				    "s3:GetBucketNotification");
	struct err err;

	if (!said.p)
		return;
	if (said.n > 0 && xml_scan(said, &scan, &err) < 0)
		tell_error(bucket, DOCTOR_SKIP, "events", &err, NULL);
	else
		tell_places(bucket, &all);
}

/*
 * Reading what is not there: 404 is the answer to somebody who may read.  Where
 * nothing may be listed, a refusal leaves it open.
 */
static void look_at_reading(const struct bucket *bucket, const char *check,
			    const char *action, const char *mend)
{
	struct err err = doctor_answer(bucket->doctor);

	if (!err_is_set(&err) || err.status == 404)
		tell(bucket, DOCTOR_OK, check, NULL, "allowed");
	else if (doctor_is_unknown(&err))
		tell(bucket, DOCTOR_SKIP, check, NULL,
		     "the server does not know it");
	else if (!doctor_is_denied(&err))
		tell_error(bucket, DOCTOR_BAD, check, &err, NULL);
	else if (!bucket->may_list)
		tell(bucket, DOCTOR_SKIP, check, mend,
		     "it cannot be told without s3:ListBucket");
	else if (mend)
		tell(bucket, DOCTOR_BAD, check, mend, "access denied");
	else
		tell_error(bucket, DOCTOR_BAD, check, &err, action);
}

static bool is_tagging_off(const struct bucket *bucket)
{
	return doctor_has_option(bucket->doctor->setup.route_options,
				 "--no-tags");
}

/* Returns -1 if it cannot be reached. */
static int look_at_source(struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct s3_object nothing = nothing_in(bucket);

	if (look_at_bucket(bucket) < 0)
		return -1;
	look_at_versions(bucket);
	look_at_events(bucket);
	s3_get(doctor->store->aws, doctor_ask(doctor), &nothing);
	look_at_reading(bucket, "read", "s3:GetObject", NULL);
	if (is_tagging_off(bucket))
		return 0;
	s3_get_object_tagging(doctor->store->aws, doctor_ask(doctor), &nothing);
	look_at_reading(bucket, "tags", "s3:GetObjectTagging",
			doctor_text(doctor, "allow s3:GetObjectTagging on "
				"arn:aws:s3:::%s/*, or put --no-tags into "
				"ROUTE_OPTIONS", bucket->name));
	return 0;
}

/* A bucket that copies go to */

/* Was it refused for what is wrong with it, after it had been allowed? */
static bool is_allowed(const struct err *err)
{
	return err->status == 404 || err->status == 412 ||
	       err_is(err, "BadDigest") || err_is(err, "InvalidDigest") ||
	       err_is(err, "NoSuchUpload");
}

static void tell_writing(const struct bucket *bucket, const char *check,
			 const struct err *err, const char *action)
{
	if (is_allowed(err))
		tell(bucket, DOCTOR_OK, check, NULL, "allowed");
	else if (doctor_is_unknown(err))
		tell(bucket, DOCTOR_SKIP, check, NULL,
		     "the server does not know such a request");
	else
		tell_error(bucket, DOCTOR_BAD, check, err, action);
}

/*
 * On the condition that something is there, and with the MD5 of something else.
 * A server that looks at neither has written it, which is put right again.
 * Returns whether it is allowed, as a copy has to be, too.
 */
static bool look_at_put(const struct bucket *bucket)
{
	static const struct str_pair digest = {
		STR("content-md5"), STR("AAAAAAAAAAAAAAAAAAAAAA==")
	};
	static const struct s3_content content = {
		.bytes = STR("s3ev-doctor\n"), .headers = &digest,
		.n_headers = 1
	};
	struct doctor *doctor = bucket->doctor;
	struct s3_object to = nothing_in(bucket);
	struct err err;

	to.etag = STR(NO_ETAG);
	s3_put(doctor->store->aws, doctor_ask(doctor), &to, &content,
	       S3_OVERWRITE);
	err = doctor_answer(doctor);
	if (err_is_set(&err)) {
		tell_writing(bucket, "put", &err, "s3:PutObject");
		return !doctor_is_denied(&err);
	}
	to.etag = STR_NONE;
	to.version = doctor->call.version;
	s3_delete(doctor->store->aws, doctor_ask(doctor), &to);
	err = doctor_answer(doctor);
	tell(bucket, DOCTOR_WARN, "put", err_is_set(&err) ?
	     "remove " NOBODY : "see --unguarded in s3rm(1)",
	     "allowed, but the server looks neither at If-Match nor at "
	     "Content-MD5");
	return true;
}

/* Of nothing, so a source that may not be listed is refused like a right. */
static void look_at_copy(const struct bucket *bucket,
			 const struct bucket *source)
{
	struct doctor *doctor = bucket->doctor;
	struct s3_object from = nothing_in(source), to = nothing_in(bucket);
	struct err err;

	to.etag = STR(NO_ETAG);
	s3_copy(doctor->store->aws, doctor_ask(doctor), &from, &to,
		S3_OVERWRITE);
	err = doctor_answer(doctor);
	if (doctor_is_denied(&err) && !source->may_list)
		tell(bucket, DOCTOR_SKIP, "copy", NULL,
		     "it cannot be told without s3:ListBucket on the source");
	else
		tell_writing(bucket, "copy", &err, "s3:PutObject and "
			     "s3:PutObjectTagging");
}

static void look_at_abort(const struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct s3_object to = nothing_in(bucket);
	struct err err;

	s3_abort_multipart_upload(doctor->store->aws, doctor_ask(doctor), &to,
				  STR("s3ev-doctor-no-such-upload"));
	err = doctor_answer(doctor);
	if (!err_is_set(&err))
		tell(bucket, DOCTOR_OK, "abort", NULL, "allowed");
	else
		tell_writing(bucket, "abort", &err, "s3:AbortMultipartUpload");
}

/*
 * A server that looks at no condition has deleted nothing.  Where it keeps
 * versions it has left a delete marker, which is put right again.
 */
static void tell_deleted(const struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct s3_object marker = nothing_in(bucket);
	struct err err = { .status = 0 };

	marker.version = doctor->call.version;
	if (record_is_version(marker.version)) {
		s3_delete(doctor->store->aws, doctor_ask(doctor), &marker);
		err = doctor_answer(doctor);
	}
	if (err_is_set(&err))
		tell(bucket, DOCTOR_WARN, "delete",
		     "remove the delete marker of " NOBODY,
		     "allowed, but the server does not look at If-Match");
	else
		tell(bucket, DOCTOR_OK, "delete", NULL, "allowed");
}

/* By an ETag, as a copy is taken back: a policy may allow nothing else. */
static void look_at_delete(const struct bucket *bucket)
{
	struct doctor *doctor = bucket->doctor;
	struct s3_object nothing = nothing_in(bucket);
	struct err err;

	nothing.etag = STR(NO_ETAG);
	s3_delete(doctor->store->aws, doctor_ask(doctor), &nothing);
	err = doctor_answer(doctor);
	if (doctor_is_denied(&err) && !is_custom(bucket))
		tell(bucket, DOCTOR_WARN, "delete",
		     doctor_text(doctor, "allow s3:DeleteObject on "
				 "arn:aws:s3:::%s/*", bucket->name),
		     "access denied: a copy that turns out to be another "
		     "object than was checked would stay");
	else if (err_is_set(&err))
		tell_writing(bucket, "delete", &err, "s3:DeleteObject");
	else
		tell_deleted(bucket);
}

static void look_at_lock(const struct bucket *bucket)
{
	struct str said = ask_about(bucket, "object-lock", "lock",
				    "s3:GetBucketObjectLockConfiguration");

	if (str_contains(said, "<DefaultRetention>"))
		tell(bucket, DOCTOR_WARN, "lock", NULL,
		     "Object Lock keeps each copy for a time: a copy that turns "
		     "out to be another one than was checked stays");
}

static void look_at_encryption(const struct bucket *bucket)
{
	struct str said = ask_about(bucket, "encryption", "encryption",
				    "s3:GetEncryptionConfiguration");

	if (str_contains(said, "aws:kms"))
		tell(bucket, DOCTOR_WARN, "encryption",
		     "allow kms:GenerateDataKey and kms:Decrypt on its key",
		     "a KMS key encrypts copies, which cannot be tried without "
		     "writing: see --write");
}

static void look_at_destination(struct doctor *doctor, const char *role,
				const char *name, const struct bucket *source)
{
	struct bucket bucket = { doctor, name, role, false };
	struct s3_object nothing;

	if (!doctor_is_set(name) || look_at_bucket(&bucket) < 0)
		return;
	nothing = nothing_in(&bucket);
	/* From one store to another the bytes go through us. */
	if (look_at_put(&bucket) && source->name &&
	    !doctor_is_elsewhere(doctor))
		look_at_copy(&bucket, source);
	look_at_abort(&bucket);
	look_at_delete(&bucket);
	s3_get(doctor->store->aws, doctor_ask(doctor), &nothing);
	look_at_reading(&bucket, "read", "s3:GetObject", NULL);
	look_at_lock(&bucket);
	look_at_encryption(&bucket);
}

void doctor_buckets(struct doctor *doctor)
{
	const char *sources = doctor->setup.sources;
	struct bucket first = { .doctor = doctor };
	struct str name;

	while ((name = allowed_next(&sources)).p) {
		struct bucket source = { doctor, NULL, "source", false };

		source.name = arena_dup(&doctor->arena, name).p;
		if (source.name && look_at_source(&source) == 0 && !first.name)
			first = source;
	}
	if (doctor_has_no_target(doctor))
		return;
	doctor_turn_to_copies(doctor);
	look_at_destination(doctor, "processed", doctor->setup.processed,
			    &first);
	look_at_destination(doctor, "bad-data", doctor->setup.bad_data,
			    &first);
	doctor_turn_here(doctor);
}
