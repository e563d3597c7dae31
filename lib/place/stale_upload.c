/* SPDX-License-Identifier: Apache-2.0 */
#include "place/stale_upload.h"

#include <stdlib.h>
#include <string.h>

#include "format/iso.h"
#include "format/uri.h"
#include "format/xml.h"
#include "s3/s3_part.h"

enum { LEFT_ARENA_MAX = 64 << 10 };

static struct s3_call *begin(struct stale_upload *stale,
			     void (*done)(void *arg))
{
	return s3_begin(&stale->work, &stale->call, done, stale);
}

/* One by one: is it still being worked on? */

static void look(struct stale_upload *stale);

static void on_aborted(void *arg)
{
	struct stale_upload *stale = arg;

	s3_end(&stale->call);
	stale->at++;
	look(stale);
}

struct stale_parts {
	struct str modified;		/* of each in turn */
	struct str truncated, next;	/* of the page */
	struct stale_upload *stale;
};

static void see_part(void *ctx)
{
	struct stale_parts *parts = ctx;
	struct stale_upload *stale = parts->stale;
	time_t modified;

	/* What cannot be read may be a minute old. */
	if (iso_time(parts->modified, &modified) < 0)
		modified = stale->old + 1;
	if (modified > stale->newest)
		stale->newest = modified;
}

static int read_parts(struct stale_upload *stale, struct stale_parts *parts)
{
	static const struct xml_field part[] = {
		{ "ListPartsResult/Part/LastModified",
		  offsetof(struct stale_parts, modified) },
	};
	static const struct xml_field page[] = {
		{ "ListPartsResult/IsTruncated",
		  offsetof(struct stale_parts, truncated) },
		{ "ListPartsResult/NextPartNumberMarker",
		  offsetof(struct stale_parts, next) },
	};
	struct xml_list list = { "ListPartsResult/Part", part, 1, see_part,
				 parts };
	struct str document = buf_str(&stale->call.aws.http.body_in);
	struct err err = stale->call.aws.err;

	if (err_is_set(&err) ||
	    xml_each(document, &list, stale->work.arena, parts, &err) < 0)
		return -1;
	return xml_pick(document, page, 2, stale->work.arena, parts, NULL, &err);
}

static void on_parts(void *arg)
{
	struct stale_upload *stale = arg;
	struct stale_parts parts = { .stale = stale };
	int status = read_parts(stale, &parts);

	s3_end(&stale->call);
	if (status < 0 || stale->newest > stale->old) {
		stale->at++;
		look(stale);
	} else if (str_is(parts.truncated, "true") && parts.next.n > 0) {
		s3_list_parts(stale->work.aws, begin(stale, on_parts), &stale->to,
			      stale->found[stale->at], parts.next);
	} else {
		s3_abort_multipart_upload(stale->work.aws, begin(stale, on_aborted),
					  &stale->to, stale->found[stale->at]);
	}
}

static void look(struct stale_upload *stale)
{
	stale->newest = 0;
	if (stale->at == stale->n_found)
		stale->done(stale->arg);
	else
		s3_list_parts(stale->work.aws, begin(stale, on_parts), &stale->to,
			      stale->found[stale->at], STR_NONE);
}

/* All that are under way to our key */

struct upload {
	struct str key, id, initiator, initiated;
};

struct uploads {
	struct upload upload;		/* each in turn */
	struct upload own;
	bool is_url;			/* keys are encoded */
	struct stale_upload *stale;
};

static bool is_our_key(const struct uploads *uploads)
{
	struct str key = uploads->upload.key, ours = uploads->stale->to.key;

	return uploads->is_url ? uri_form_is(key, ours) : str_eq(key, ours);
}

static void find_own(void *ctx)
{
	struct uploads *uploads = ctx;

	if (str_eq(uploads->upload.id, uploads->stale->upload))
		uploads->own = uploads->upload;
}

static void find_old(void *ctx)
{
	struct uploads *uploads = ctx;
	const struct upload *upload = &uploads->upload;
	struct stale_upload *stale = uploads->stale;
	time_t begun;

	if (stale->n_found < STALE_UPLOAD_MAX && is_our_key(uploads) &&
	    str_eq(upload->initiator, uploads->own.initiator) &&
	    iso_time(upload->initiated, &begun) == 0 && begun <= stale->old)
		stale->found[stale->n_found++] = upload->id;
}

static void read_uploads(struct stale_upload *stale)
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
	struct uploads uploads = { .stale = stale };
	struct xml_list list = { "ListMultipartUploadsResult/Upload", fields,
				 4, find_own, &uploads };
	struct str document = buf_str(&stale->call.aws.http.body_in), type;
	struct err err;

	if (xml_pick(document, &encoding, 1, stale->work.arena, &type, NULL, &err) < 0 ||
	    xml_each(document, &list, stale->work.arena, &uploads.upload, &err) < 0 ||
	    uploads.own.initiator.n == 0 ||
	    iso_time(uploads.own.initiated, &stale->old) < 0)
		return;
	stale->old -= STALE_UPLOAD_AGE;
	uploads.is_url = str_is(type, "url");
	list.each = find_old;
	xml_each(document, &list, stale->work.arena, &uploads.upload, &err);
}

static void on_listed(void *arg)
{
	struct stale_upload *stale = arg;

	if (!err_is_set(&stale->call.aws.err))
		read_uploads(stale);
	s3_end(&stale->call);
	look(stale);
}

void stale_upload_start(struct stale_upload *stale)
{
	stale->n_found = stale->at = 0;
	s3_list_multipart_uploads(stale->work.aws, begin(stale, on_listed), &stale->to);
}

void stale_upload_cancel(struct stale_upload *stale)
{
	aws_call_free(&stale->call.aws);
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

void stale_upload_leave(struct aws *aws, const struct s3_options *options,
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
