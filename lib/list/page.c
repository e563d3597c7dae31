/* SPDX-License-Identifier: Apache-2.0 */
#include "list/page.h"

#include <string.h>

#include "format/uri.h"
#include "format/xml_scan.h"
#include "hash/etag.h"

enum { ROOM_MIN = 64 };

/* The copy in the arena is ours to change. */
static void decode(struct str *key)
{
	key->n = uri_decode_form((char *)(size_t)key->p, *key);
}

static int add_entry(struct page *page, bool is_marker)
{
	if (page->n == page->room) {
		size_t room = page->room > 0 ? 4 * page->room : ROOM_MIN;
		struct page_entry *more =
			arena_alloc(page->arena, room * sizeof(*more));

		if (!more)
			return -1;
		if (page->n > 0)
			memcpy(more, page->entries, page->n * sizeof(*more));
		page->entries = more;
		page->room = room;
	}
	page->entries[page->n++] = (struct page_entry){
		.is_marker = is_marker
	};
	page->in_entry = true;
	return 0;
}

static void begin(void *ctx)
{
	struct page *page = ctx;

	*page = (struct page){ .arena = page->arena, .upto = page->upto };
}

static int open(void *ctx, struct str name, unsigned depth)
{
	struct page *page = ctx;

	if (depth == 1) {
		page->is_versions = str_is(name, "ListVersionsResult");
		page->is_error = str_is(name, "Error");
		return page->is_versions || page->is_error ||
		       str_is(name, "ListBucketResult") ? 0 : -1;
	}
	if (depth != 2)
		return 0;
	if (str_is(name, "Contents") || str_is(name, "Version"))
		return add_entry(page, false);
	return str_is(name, "DeleteMarker") ? add_entry(page, true) : 0;
}

static int keep(struct page *page, struct str *to, struct str text)
{
	*to = arena_dup(page->arena, text);
	return to->p ? 0 : -1;
}

/* An empty text says nothing. */
static int keep_some(struct page *page, struct str *to, struct str text)
{
	return text.n > 0 ? keep(page, to, text) : 0;
}

static int close_member(struct page *page, struct str name, struct str text)
{
	struct page_entry *entry = &page->entries[page->n - 1];

	if (str_is(name, "Key"))
		return keep(page, &entry->key, text);
	if (str_is(name, "VersionId"))
		return keep_some(page, &entry->version, text);
	if (str_is(name, "LastModified"))
		return keep_some(page, &entry->modified, text);
	if (str_is(name, "ETag"))
		return keep_some(page, &entry->etag,
				 str_trim(etag_bare(text), "\""));
	if (str_is(name, "StorageClass"))
		return keep_some(page, &entry->class, text);
	if (str_is(name, "IsLatest"))
		entry->is_old = str_is(text, "false");
	else if (str_is(name, "Size"))
		entry->has_size = str_number(text, &entry->size) == 0;
	return 0;
}

static int close_top(struct page *page, struct str name, struct str text)
{
	if (str_is(name, "IsTruncated")) {
		page->has_truncated = true;
		page->is_truncated = str_is_nocase(text, "true");
	} else if (str_is(name, "EncodingType")) {
		page->is_encoded = str_is_nocase(text, "url");
	} else if (str_is(name, "KeyCount")) {
		page->is_v2 = true;
	} else if (str_is(name, "NextContinuationToken") ||
		   str_is(name, "NextKeyMarker") || str_is(name, "NextMarker")) {
		return keep_some(page, &page->token, text);
	} else if (str_is(name, "NextVersionIdMarker")) {
		return keep_some(page, &page->next_version, text);
	} else if (str_is(name, "Code")) {
		return keep_some(page, &page->code, text);
	} else if (str_is(name, "Message")) {
		return keep_some(page, &page->message, text);
	}
	return 0;
}

/*
 * Are the others of no use?  Only where all that has to be known stands before
 * the entries, as AWS and RGW have it.
 */
static bool is_above(struct page *page)
{
	struct page_entry *entry = &page->entries[page->n - 1];

	if (!page->upto.p || !page->has_truncated || !page->is_encoded ||
	    entry->key.n == 0)
		return false;
	decode(&entry->key);
	entry->is_decoded = true;
	return str_compare(entry->key, page->upto) > 0;
}

static int close(void *ctx, struct str name, struct str text, unsigned depth)
{
	struct page *page = ctx;

	if (depth == 3 && page->in_entry)
		return close_member(page, name, text);
	if (depth != 2)
		return 0;
	if (!page->in_entry)
		return close_top(page, name, text);
	page->in_entry = false;
	page->is_enough = is_above(page);
	return page->is_enough ? -1 : 0;
}

static int refuse(struct err *err, const char *what)
{
	err_set(err, "InvalidList", "%s", what);
	err->status = 500;
	return -1;
}

static int finish(struct page *page, struct err *err)
{
	if (page->is_error) {
		err_set(err, "InternalError", "%.*s", STR_FMT(page->message));
		if (str_is_visible(page->code) &&
		    page->code.n < sizeof(err->code))
			memcpy(err->code, page->code.p, page->code.n + 1);
		err->status = 500;
		return -1;
	}
	if (!page->has_truncated)
		return refuse(err, "a list that does not say whether it is "
			      "the last page (IsTruncated)");
	for (size_t i = 0; i < page->n; i++) {
		struct page_entry *entry = &page->entries[i];

		if (entry->key.n == 0)
			return refuse(err, "an entry of the list has no key");
		if (page->is_encoded && !entry->is_decoded)
			decode(&entry->key);
	}
	return 0;
}

int page_read(struct page *page, struct str document, struct str upto,
	      struct arena *arena, struct err *err)
{
	const struct xml_scan scan = { begin, open, close, page };

	*page = (struct page){ .arena = arena, .upto = upto };
	if (xml_scan(document, &scan, err) == 0 || page->is_enough) {
		page->is_truncated |= page->is_enough;
		return finish(page, err);
	}
	if (err_is(err, ERR_STOPPED))
		return refuse(err, "the answer is no list, or one too long");
	err->status = 500;
	return -1;
}
