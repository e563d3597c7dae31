/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record_was.h"

#include <stddef.h>

#include "format/json_pick.h"
#include "format/json_write.h"
#include "hash/etag.h"
#include "record/record_fault.h"

#define FIELD(path, member) { path, offsetof(struct record_was, member), true }

static const struct json_pick_field fields[] = {
	FIELD("outcome", copy.outcome),
	FIELD("bucket", copy.bucket),
	FIELD("key", copy.key),
	FIELD("etag", copy.etag),
	FIELD("version", copy.version),
	FIELD("endpoint", copy.endpoint),
	FIELD("why", copy.why),
	FIELD("by", by),
	FIELD("code", code),
	FIELD("reason", reason),
	FIELD("recorded", recorded),
	{ "decided", offsetof(struct record_was, decided), false },
	FIELD("missing", missing),
	FIELD("stale.outcome", stale.outcome),
	FIELD("stale.bucket", stale.bucket),
	FIELD("stale.key", stale.key),
	FIELD("stale.etag", stale.etag),
	FIELD("stale.version", stale.version),
	FIELD("stale.why", stale.why),
};

/* What goes into a request is looked at as in record_fault.h. */
static int check(const struct record_copy *copy, const char *what,
		 struct err *err)
{
	if (copy->key.n == 0 || (record_is_bucket(copy->bucket) &&
				 record_is_etag(copy->etag) &&
				 record_is_version_id(copy->version)))
		return 0;
	return err_set(err, ERR_RECORD, "%s is no copy that can be asked for",
		       what);
}

int record_was(const struct record *record, struct arena *arena,
	       struct record_was *was, struct err *err)
{
	if (!record->was.p)
		return 0;
	if (json_pick(fields, sizeof(fields) / sizeof(*fields), record->was,
		      arena, was, err) < 0 ||
	    check(&was->copy, "was", err) < 0 ||
	    check(&was->stale, "was.stale", err) < 0)
		return -1;
	return 1;
}

bool record_copy_is_known(const struct record_copy *copy)
{
	return copy->key.n > 0 && (record_is_version(copy->version) ||
				   copy->etag.n > 0);
}

bool record_copy_same_place(const struct record_copy *a,
			    const struct record_copy *b)
{
	return str_eq(a->bucket, b->bucket) && str_eq(a->key, b->key) &&
	       str_eq(a->endpoint, b->endpoint);
}

/* Bad objects are always copied as they are. */
static bool has_bytes(const struct record_copy *copy, const struct record *r)
{
	return record_copy_is_known(copy) && !copy->endpoint.p &&
	       (str_is(copy->outcome, "bad") || etag_same(copy->etag, r->etag));
}

const struct record_copy *record_was_bytes(const struct record_was *was,
					   const struct record *record,
					   const struct record_copy *tried)
{
	if (!tried && has_bytes(&was->copy, record))
		return &was->copy;
	return tried != &was->stale && has_bytes(&was->stale, record) ?
	       &was->stale : NULL;
}

struct record record_at(const struct record *record,
			const struct record_copy *copy)
{
	struct record at = *record;

	at.bucket = copy->bucket;
	at.key = copy->key;
	at.version = copy->version.n > 0 ? copy->version : STR_NONE;
	at.etag = copy->etag.n > 0 ? copy->etag : STR_NONE;
	return at;
}

void record_put_missing(struct buf *out, const struct record *record,
			struct str why)
{
	struct str line = record->line, was = record->was;
	const char *end = line.p + line.n;
	const char *brace = was.p ? was.p + was.n - 1 : end - 1;

	buf_put(out, line.p, (size_t)(brace - line.p));
	if (!was.p)
		json_member_open(out, "was");
	json_member(out, "missing", why);
	if (!was.p)
		buf_putc(out, '}');
	buf_put(out, brace, (size_t)(end - brace));
	buf_putc(out, '\n');
}

void record_put_at(struct buf *members, const struct record_copy *copy)
{
	json_member_open(members, "at");
	json_member(members, "bucket", copy->bucket);
	json_member(members, "key", copy->key);
	json_member(members, "etag", copy->etag);
	json_member(members, "version", copy->version);
	buf_putc(members, '}');
}

int record_fetched_at(const struct record *record, struct arena *arena,
		      struct record_copy *copy, struct err *err)
{
	static const struct json_pick_field at[] = {
		{ "bucket", offsetof(struct record_copy, bucket), true },
		{ "key", offsetof(struct record_copy, key), true },
		{ "etag", offsetof(struct record_copy, etag), true },
		{ "version", offsetof(struct record_copy, version), true },
	};

	*copy = (struct record_copy){ .bucket = STR_NONE };
	if (!record->fetch_at.p)
		return 0;
	if (json_pick(at, sizeof(at) / sizeof(*at), record->fetch_at, arena,
		      copy, err) < 0 ||
	    check(copy, "fetch.at", err) < 0)
		return -1;
	return copy->key.n > 0;
}
