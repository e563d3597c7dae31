/* SPDX-License-Identifier: Apache-2.0 */
#include "carry.h"

#include <stdbool.h>
#include <string.h>

#include "uri.h"
#include "xml.h"

enum { TAGS_MAX = 32 << 10 };

static const char metadata[] = "x-amz-meta-", id[] = "x-amz-meta-s3ev-id";

static bool is_carried(struct str name)
{
	static const char *const names[] = {
		"Cache-Control", "Content-Disposition", "Content-Encoding",
		"Content-Language", "Content-Type", "Expires", NULL
	};

	for (const char *const *other = names; *other; other++)
		if (str_is_nocase(name, *other))
			return true;
	return name.n > strlen(metadata) && !str_is_nocase(name, id) &&
	       strncasecmp(name.p, metadata, strlen(metadata)) == 0;
}

static int add(struct carry *carry, struct str name, struct str value,
	       struct arena *arena, struct err *err)
{
	struct sigv4_header kept = { arena_dup(arena, name),
				     arena_dup(arena, value) };

	if (!kept.name.p || !kept.value.p)
		return err_set(err, "OutOfMemory", "out of memory");
	if (carry->n == CARRY_MAX)
		return err_set(err, "TooMuchMetadata",
			       "more than %d items of metadata", CARRY_MAX);
	carry->headers[carry->n++] = kept;
	return 0;
}

int carry_head(struct carry *carry, const struct http_request *answer,
	       struct str record_id, struct arena *arena, struct err *err)
{
	struct str rest = buf_str(&answer->head), name, value;

	carry->n = 0;
	while (http_next_header(&rest, &name, &value))
		if (is_carried(name) &&
		    add(carry, name, value, arena, err) < 0)
			return -1;
	return add(carry, str_of(id), record_id, arena, err);
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

int carry_tags(struct carry *carry, struct str document, struct arena *arena,
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
		status = err_set(err, "OutOfMemory", "no room for the tags");
	if (status == 0 && tags.text.n > 0)
		status = add(carry, STR("x-amz-tagging"), buf_str(&tags.text),
			     arena, err);
	buf_free(&tags.text);
	return status;
}
