/* SPDX-License-Identifier: Apache-2.0 */
#include "place/metadata.h"

#include <stdbool.h>
#include <string.h>

#include "format/uri.h"
#include "format/xml.h"
#include "http/http_head.h"
#include "s3/s3_metadata.h"

enum { TAGS_MAX = 32 << 10 };

static bool begins(struct str name, const char *prefix)
{
	size_t n = strlen(prefix);

	return name.n > n && strncasecmp(name.p, prefix, n) == 0;
}

/* What an uploader says in our name is left behind. */
static bool is_carried(struct str name)
{
	static const char *const names[] = {
		"Cache-Control", "Content-Disposition", "Content-Encoding",
		"Content-Language", "Content-Type", "Expires", NULL
	};

	for (const char *const *other = names; *other; other++)
		if (str_is_nocase(name, *other))
			return true;
	return begins(name, S3_METADATA) && !begins(name, S3_METADATA_OURS);
}

static int add(struct metadata *metadata, struct str name, struct str value,
	       struct arena *arena, struct err *err)
{
	struct str_pair kept = { arena_dup(arena, name),
				     arena_dup(arena, value) };

	if (!kept.name.p || !kept.value.p)
		return err_memory(err);
	if (metadata->n == METADATA_MAX)
		return err_set(err, "TooMuchMetadata",
			       "more than %d items of metadata", METADATA_MAX);
	metadata->headers[metadata->n++] = kept;
	return 0;
}

int metadata_head(struct metadata *metadata, const struct http_request *answer,
	       struct str record_id, struct arena *arena, struct err *err)
{
	struct str rest = buf_str(&answer->head), name, value;

	metadata->n = 0;
	while (http_head_next(&rest, &name, &value))
		if (is_carried(name) &&
		    add(metadata, name, value, arena, err) < 0)
			return -1;
	return add(metadata, STR(S3_METADATA_ID), record_id, arena, err);
}

struct tag {
	struct str key, value;
};

struct tags {
	struct tag tag;
	struct buf text;
};

static void add_tag(void *ctx)
{
	struct tags *tags = ctx;

	if (tags->text.n > 0)
		buf_putc(&tags->text, '&');
	uri_encode(&tags->text, tags->tag.key);
	buf_putc(&tags->text, '=');
	uri_encode(&tags->text, tags->tag.value);
}

int metadata_tags(struct metadata *metadata, struct str document, struct arena *arena,
	       struct err *err)
{
	static const struct xml_field fields[] = {
		{ "Tagging/TagSet/Tag/Key", offsetof(struct tag, key) },
		{ "Tagging/TagSet/Tag/Value", offsetof(struct tag, value) },
	};
	struct tags tags;
	struct xml_list list = { "Tagging/TagSet/Tag", fields, 2, add_tag,
				 &tags };
	int status;

	buf_init(&tags.text, TAGS_MAX);
	status = xml_each(document, &list, arena, &tags.tag, err);
	if (status == 0 && tags.text.failed)
		status = err_set(err, ERR_MEMORY, "no room for the tags");
	if (status == 0 && tags.text.n > 0)
		status = add(metadata, STR("x-amz-tagging"), buf_str(&tags.text),
			     arena, err);
	buf_free(&tags.text);
	return status;
}
