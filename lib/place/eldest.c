/* SPDX-License-Identifier: Apache-2.0 */
#include "place/eldest.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "format/uri.h"
#include "format/xml.h"
#include "hash/etag.h"

struct entry {
	struct str key, version, etag;
};

struct versions {
	struct entry entry;		/* each in turn */
	struct str key;
	struct eldest *eldest;
	bool is_over;			/* a delete marker has come */
};

/* Both kinds are read as Version; a delete marker has no ETag. */
static void see(void *ctx)
{
	struct versions *versions = ctx;

	if (versions->is_over ||
	    !uri_form_is(versions->entry.key, versions->key))
		return;
	if (versions->entry.etag.n == 0) {
		versions->is_over = true;
		return;
	}
	versions->eldest->version = versions->entry.version;
	versions->eldest->etag = etag_bare(versions->entry.etag);
}

/* A copy of the document in which both elements have one name. */
static struct str alike(struct str document, struct arena *arena)
{
	static const struct str marker = { "DeleteMarker>", 13 };
	char *copy = arena_alloc(arena, document.n + 1);
	size_t n = 0;

	for (size_t i = 0; copy && i < document.n;) {
		struct str rest = { document.p + i, document.n - i };

		if (str_has_prefix(rest, marker)) {
			memcpy(copy + n, "Version>", 8);
			n += 8;
			i += marker.n;
		} else {
			copy[n++] = document.p[i++];
		}
	}
	return (struct str){ copy, n };
}

int eldest_find(struct str document, struct str key, struct arena *arena,
		struct eldest *eldest, struct err *err)
{
	static const struct xml_field fields[] = {
		{ "ListVersionsResult/Version/Key",
		  offsetof(struct entry, key) },
		{ "ListVersionsResult/Version/VersionId",
		  offsetof(struct entry, version) },
		{ "ListVersionsResult/Version/ETag",
		  offsetof(struct entry, etag) },
	};
	struct versions versions = { .key = key, .eldest = eldest };
	const struct xml_list list = { "ListVersionsResult/Version", fields, 3,
				       see, &versions };
	struct str text = alike(document, arena);

	*eldest = (struct eldest){ .version = STR_NONE };
	if (!text.p)
		return err_memory(err);
	return xml_each(text, &list, arena, &versions.entry, err);
}
