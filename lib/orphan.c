/* SPDX-License-Identifier: Apache-2.0 */
#include "orphan.h"

#include <stdlib.h>
#include <string.h>

#include "iso.h"
#include "s3_part.h"
#include "uri.h"
#include "xml.h"

enum { LEFT_ARENA_MAX = 64 << 10 };

static struct s3_call *next_call(struct orphan *o, void (*done)(void *arg))
{
	memset(&o->call, 0, sizeof(o->call));
	o->call.options = o->options;
	aws_call_for(&o->call.aws, o->record, o->arena);
	o->call.aws.done = done;
	o->call.aws.arg = o;
	return &o->call;
}

static bool end_call(struct orphan *o)
{
	bool good = !err_is_set(&o->call.aws.err);

	aws_call_free(&o->call.aws);
	return good;
}

/* One by one: is it still being worked on? */

static void look(struct orphan *o);

static void on_aborted(void *arg)
{
	struct orphan *o = arg;

	end_call(o);
	o->at++;
	look(o);
}

struct parts {
	struct str modified;		/* of each in turn */
	struct str truncated, next;	/* of the page */
	struct orphan *orphan;
};

static void see_part(void *ctx)
{
	struct parts *parts = ctx;
	struct orphan *o = parts->orphan;
	time_t modified;

	/* What cannot be read may be a minute old. */
	if (iso_time(parts->modified, &modified) < 0)
		modified = o->old + 1;
	if (modified > o->newest)
		o->newest = modified;
}

static int read_parts(struct orphan *o, struct parts *parts)
{
	static const struct xml_field part[] = {
		{ "ListPartsResult/Part/LastModified",
		  offsetof(struct parts, modified) },
	};
	static const struct xml_field page[] = {
		{ "ListPartsResult/IsTruncated",
		  offsetof(struct parts, truncated) },
		{ "ListPartsResult/NextPartNumberMarker",
		  offsetof(struct parts, next) },
	};
	struct xml_list list = { "ListPartsResult/Part", part, 1, see_part,
				 parts };
	struct str document = buf_str(&o->call.aws.http.body_in);
	struct err err = o->call.aws.err;

	if (err_is_set(&err) ||
	    xml_each(document, &list, o->arena, parts, &err) < 0)
		return -1;
	return xml_pick(document, page, 2, o->arena, parts, NULL, &err);
}

static void on_parts(void *arg)
{
	struct orphan *o = arg;
	struct parts parts = { .orphan = o };
	int status = read_parts(o, &parts);

	end_call(o);
	if (status < 0 || o->newest > o->old) {
		o->at++;
		look(o);
	} else if (str_is(parts.truncated, "true") && parts.next.n > 0) {
		s3_list_parts(o->aws, next_call(o, on_parts), &o->to,
			      o->found[o->at], parts.next);
	} else {
		s3_abort_multipart_upload(o->aws, next_call(o, on_aborted),
					  &o->to, o->found[o->at]);
	}
}

static void look(struct orphan *o)
{
	o->newest = 0;
	if (o->at == o->n_found)
		o->done(o->arg);
	else
		s3_list_parts(o->aws, next_call(o, on_parts), &o->to,
			      o->found[o->at], STR_NONE);
}

/* All that are under way to our key */

struct upload {
	struct str key, id, initiator, initiated;
};

struct uploads {
	struct upload upload;		/* each in turn */
	struct upload own;
	bool is_url;			/* keys are encoded */
	struct orphan *orphan;
};

static bool is_our_key(const struct uploads *uploads)
{
	struct orphan *o = uploads->orphan;
	struct str key = uploads->upload.key;
	char *decoded;

	if (!uploads->is_url)
		return str_eq(key, o->to.key);
	decoded = arena_alloc(o->arena, key.n + 1);
	if (!decoded)
		return false;
	return str_eq((struct str){ decoded, uri_decode_form(decoded, key) },
		      o->to.key);
}

static void find_own(void *ctx)
{
	struct uploads *uploads = ctx;

	if (str_eq(uploads->upload.id, uploads->orphan->upload))
		uploads->own = uploads->upload;
}

static void find_old(void *ctx)
{
	struct uploads *uploads = ctx;
	const struct upload *upload = &uploads->upload;
	struct orphan *o = uploads->orphan;
	time_t begun;

	if (o->n_found < ORPHAN_MAX && is_our_key(uploads) &&
	    str_eq(upload->initiator, uploads->own.initiator) &&
	    iso_time(upload->initiated, &begun) == 0 && begun <= o->old)
		o->found[o->n_found++] = upload->id;
}

static void read_uploads(struct orphan *o)
{
	static const struct xml_field fields[] = {
		{ "ListMultipartUploadsResult/Upload/Key",
		  offsetof(struct upload, key) },
		{ "ListMultipartUploadsResult/Upload/UploadId",
		  offsetof(struct upload, id) },
		{ "ListMultipartUploadsResult/Upload/Initiator/ID",
		  offsetof(struct upload, initiator) },
		{ "ListMultipartUploadsResult/Upload/Initiated",
		  offsetof(struct upload, initiated) },
	};
	static const struct xml_field encoding = {
		"ListMultipartUploadsResult/EncodingType", 0
	};
	struct uploads uploads = { .orphan = o };
	struct xml_list list = { "ListMultipartUploadsResult/Upload", fields,
				 4, find_own, &uploads };
	struct str document = buf_str(&o->call.aws.http.body_in), type;
	struct err err;

	if (xml_pick(document, &encoding, 1, o->arena, &type, NULL, &err) < 0 ||
	    xml_each(document, &list, o->arena, &uploads.upload, &err) < 0 ||
	    uploads.own.initiator.n == 0 ||
	    iso_time(uploads.own.initiated, &o->old) < 0)
		return;
	o->old -= ORPHAN_AGE;
	uploads.is_url = str_is(type, "url");
	list.each = find_old;
	xml_each(document, &list, o->arena, &uploads.upload, &err);
}

static void on_listed(void *arg)
{
	struct orphan *o = arg;

	if (!err_is_set(&o->call.aws.err))
		read_uploads(o);
	end_call(o);
	look(o);
}

void orphan_start(struct orphan *o)
{
	o->n_found = o->at = 0;
	s3_list_multipart_uploads(o->aws, next_call(o, on_listed), &o->to);
}

void orphan_cancel(struct orphan *o)
{
	aws_call_free(&o->call.aws);
}

/* Left */

struct left {
	struct s3_call call;
	struct aws_linger linger;
	struct arena arena;
};

static void free_left(void *arg)
{
	struct left *left = arg;

	aws_call_free(&left->call.aws);
	arena_free(&left->arena);
	free(left);
}

static void on_left_aborted(void *arg)
{
	struct left *left = arg;

	aws_linger_end(&left->linger);
	free_left(left);
}

void orphan_leave(struct aws *aws, const struct s3_options *options,
		  const struct s3_object *to, struct str upload)
{
	struct left *left = calloc(1, sizeof(*left));
	struct s3_object copy;

	if (!left)
		return;
	arena_init(&left->arena, LEFT_ARENA_MAX);
	copy = (struct s3_object){
		.bucket = arena_dup(&left->arena, to->bucket),
		.key = arena_dup(&left->arena, to->key),
	};
	upload = arena_dup(&left->arena, upload);
	left->call.options = options;
	left->call.aws.arena = &left->arena;
	left->call.aws.done = on_left_aborted;
	left->call.aws.arg = left;
	aws_linger(aws, &left->linger, free_left, left);
	s3_abort_multipart_upload(aws, &left->call, &copy, upload);
}
