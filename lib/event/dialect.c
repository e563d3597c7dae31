/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dialect.h"

#include "format/iso.h"

struct name {
	const char *theirs, *ours;
};

/* A name of the table, or theirs if it has none. */
static struct str translate(const struct name *names, size_t count,
			    struct str theirs)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(theirs, names[i].theirs))
			return str_of(names[i].ours);
	return theirs;
}

static void read_other(const struct envelope *e, struct record *r)
{
	r->bucket = envelope_known(e, ENVELOPE_OTHER_BUCKET);
	r->key = envelope_known(e, ENVELOPE_OTHER_KEY);
	r->version = envelope_known(e, ENVELOPE_OTHER_VERSION);
	r->etag = envelope_known(e, ENVELOPE_OTHER_ETAG);
	r->size_text = envelope_field(e, ENVELOPE_OTHER_SIZE);
	r->sequencer = envelope_known(e, ENVELOPE_OTHER_SEQUENCER);
}

/* Cloudflare R2 */

static bool is_r2(const struct envelope *e)
{
	return envelope_has(e, ENVELOPE_ACTION) &&
	       envelope_has(e, ENVELOPE_OTHER_BUCKET) &&
	       envelope_has(e, ENVELOPE_OTHER_KEY);
}

static void read_r2(const struct envelope *e, struct record *r)
{
	static const struct name names[] = {
		{ "PutObject", "ObjectCreated:Put" },
		{ "CopyObject", "ObjectCreated:Copy" },
		{ "CompleteMultipartUpload",
		  "ObjectCreated:CompleteMultipartUpload" },
		{ "DeleteObject", "ObjectRemoved:Delete" },
		{ "LifecycleDeletion", "LifecycleExpiration:Delete" },
	};

	read_other(e, r);
	r->event = translate(names, sizeof(names) / sizeof(*names),
			     envelope_known(e, ENVELOPE_ACTION));
	r->time = envelope_known(e, ENVELOPE_TIME);
	r->source = STR("cloudflare:r2");
}

/* Backblaze B2 */

static bool is_b2(const struct envelope *e)
{
	return str_has_prefix(envelope_field(e, ENVELOPE_EVENT_TYPE),
			      STR("b2:"));
}

/* Milliseconds since 1970, as a time. */
static struct str time_of(struct envelope *e, struct str milliseconds)
{
	unsigned long long ms;
	char text[ISO_SIZE], *p;

	if (str_number(milliseconds, &ms) < 0 ||
	    iso_write(text, (time_t)(ms / 1000)) < 0)
		return STR_NONE;
	p = arena_printf(&e->arena, "%.19s.%03uZ", text, (unsigned)(ms % 1000));
	return str_of(p);
}

static void read_b2(struct envelope *e, struct record *r)
{
	static const struct name names[] = {
		{ "ObjectCreated:Upload", "ObjectCreated:Put" },
		{ "ObjectCreated:MultipartUpload",
		  "ObjectCreated:CompleteMultipartUpload" },
		{ "ObjectDeleted:Delete", "ObjectRemoved:Delete" },
		{ "ObjectDeleted:LifecycleRule", "LifecycleExpiration:Delete" },
		{ "HideMarkerCreated:Hide",
		  "ObjectRemoved:DeleteMarkerCreated" },
		{ "HideMarkerCreated:LifecycleRule",
		  "LifecycleExpiration:DeleteMarkerCreated" },
	};
	struct str type = envelope_field(e, ENVELOPE_EVENT_TYPE);

	read_other(e, r);
	type = (struct str){ type.p + 3, type.n - 3 };
	r->event = translate(names, sizeof(names) / sizeof(*names), type);
	r->time = time_of(e, envelope_field(e, ENVELOPE_TIMESTAMP));
	r->source = STR("backblaze:b2");
}

/* The detail of an S3 event alone */

/* R2 has these two as well, and then an action. */
static bool is_detail(const struct envelope *e)
{
	return !envelope_has(e, ENVELOPE_ACTION) &&
	       !envelope_has(e, ENVELOPE_EVENT_TYPE) &&
	       envelope_has(e, ENVELOPE_OTHER_BUCKET) &&
	       envelope_has(e, ENVELOPE_OTHER_KEY) &&
	       !envelope_has(e, ENVELOPE_SCAN);
}

/* The type is not in the detail.  Only what is deleted has deletion-type. */
static void read_detail(const struct envelope *e, struct record *r)
{
	struct str deletion = envelope_known(e, ENVELOPE_DELETION_TYPE);

	read_other(e, r);
	r->event = envelope_event_name(deletion.p ? STR("Object Deleted") :
						    STR("Object Created"),
				       envelope_field(e, ENVELOPE_REASON),
				       deletion);
}

/* GuardDuty */

static bool is_scan(const struct envelope *e)
{
	struct str type = envelope_field(e, ENVELOPE_DETAIL_TYPE);

	return envelope_has(e, ENVELOPE_SCAN) &&
	       envelope_has(e, ENVELOPE_OTHER_KEY) &&
	       (!type.p || str_is(type, "GuardDuty Malware Protection Object "
				  "Scan Result"));
}

/*
 * What was not scanned is neither good nor bad, nor is what the result does not
 * name exactly: another object may be there by now.
 */
static void judge(struct envelope *e, struct record *r)
{
	struct str result = envelope_field(e, ENVELOPE_SCAN);
	struct str status = envelope_field(e, ENVELOPE_SCAN_STATUS);
	struct str threat = envelope_known(e, ENVELOPE_THREAT);
	bool is_clean = str_is(result, "NO_THREATS_FOUND");
	bool is_over = !status.p || str_is(status, "COMPLETED");

	if (str_is(result, "THREATS_FOUND") || (is_clean && threat.p)) {
		r->bad_code = STR("ThreatFound");
		r->bad_reason = threat.p ? threat : STR("a threat");
		return;
	}
	if (is_clean && is_over && (r->version.p || r->etag.p))
		return;
	r->failed_code = STR("NotScanned");
	r->failed_message = is_clean && is_over ?
		STR("GuardDuty names neither the version nor the ETag of what "
		    "it has scanned") :
		str_of(arena_printf(&e->arena, "GuardDuty did not scan it: %.*s",
				    STR_FMT(is_clean ? status : result)));
}

static void read_scan(struct envelope *e, struct record *r)
{
	read_other(e, r);
	r->time = envelope_known(e, ENVELOPE_BRIDGE_TIME);
	r->region = envelope_known(e, ENVELOPE_BRIDGE_REGION);
	r->source = STR("aws.guardduty");
	judge(e, r);
}

bool dialect_read(struct envelope *e, struct record *r)
{
	if (!envelope_has(e, ENVELOPE_OTHER_KEY))
		return false;
	*r = (struct record){ .size = 0 };
	if (is_scan(e))
		read_scan(e, r);
	else if (is_b2(e))
		read_b2(e, r);
	else if (is_r2(e))
		read_r2(e, r);
	else if (is_detail(e) && envelope_known(e, ENVELOPE_REASON).p)
		read_detail(e, r);
	else
		return false;
	return true;
}

struct str dialect_note(const struct envelope *e)
{
	return str_is(envelope_field(e, ENVELOPE_EVENT_TYPE), "b2:TestEvent") ?
		STR("b2:TestEvent") : STR_NONE;
}

const char *dialect_fault(const struct envelope *e)
{
	if (!is_detail(e))
		return NULL;
	return "the detail of an EventBridge event alone, which does not say "
	       "what happened: send the whole event, without InputPath";
}
