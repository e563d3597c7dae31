/* SPDX-License-Identifier: Apache-2.0 */
#include "list/found.h"

#include "event/envelope.h"
#include "format/iso.h"
#include "format/json_write.h"
#include "record/record.h"

enum { DAY_N = sizeof("2026-11-29") - 1 };

int found_time(struct str text, time_t *seconds)
{
	char whole[ISO_SIZE];

	if (text.n != DAY_N)
		return iso_time(text, seconds);
	memcpy(whole, text.p, DAY_N);
	memcpy(whole + DAY_N, "T00:00:00Z", sizeof("T00:00:00Z"));
	return iso_time(str_of(whole), seconds);
}

/* What is not known cannot be left out. */
static bool is_in_time(const struct found_choice *choice, struct str modified)
{
	time_t when;

	if (!choice->has_since && !choice->has_until)
		return true;
	if (!modified.p || iso_time(modified, &when) < 0)
		return true;
	return (!choice->has_since || when >= choice->since) &&
	       (!choice->has_until || when < choice->until);
}

static struct str class_of(const struct page_entry *entry)
{
	return entry->class.n > 0 ? entry->class : STR("STANDARD");
}

static bool is_chosen(const struct found_choice *choice,
		      const struct page_entry *entry)
{
	if (entry->is_marker || (entry->is_old && !choice->versions))
		return false;
	if (choice->names.count > 0 &&
	    !globs_match(&choice->names, entry->key))
		return false;
	if (choice->classes.count > 0 &&
	    !globs_match(&choice->classes, class_of(entry)))
		return false;
	if (entry->has_size && entry->size < choice->min_size)
		return false;
	return is_in_time(choice, entry->modified);
}

enum found found_put(struct buf *out, const struct found_choice *choice,
		     struct str bucket, const struct page_entry *entry,
		     const char **fault)
{
	char id[RECORD_ID_SIZE + 1], room[ISO_UTC_SIZE];
	struct record record = {
		.bucket = bucket, .key = entry->key,
		.version = entry->version, .etag = entry->etag,
		.size = entry->size, .has_size = entry->has_size,
	};

	if (!is_chosen(choice, entry))
		return FOUND_LEFT_OUT;
	*fault = envelope_fault(&record);
	if (*fault)
		return FOUND_REFUSED;
	record_id(&record, id);
	record.id = (struct str){ id, RECORD_ID_SIZE };
	buf_putc(out, '{');
	record_put(out, &record);
	if (entry->modified.p)
		json_member(out, "modified", iso_utc(entry->modified, room));
	if (!str_is(class_of(entry), "STANDARD"))
		json_member(out, "class", entry->class);
	buf_puts(out, "}\n");
	return FOUND_PUT;
}
