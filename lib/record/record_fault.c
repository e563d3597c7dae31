/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record_fault.h"

#include <stdint.h>

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool is_made_of(struct str s, const char *others)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) &&
		    (s.p[i] == '\0' || !strchr(others, s.p[i])))
			return false;
	return s.n > 0;
}

static bool is_name_byte(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

bool record_is_bucket_name(struct str bucket)
{
	for (size_t i = 0; i < bucket.n; i++)
		if (!is_name_byte(bucket.p[i]))
			return false;
	return bucket.n > 0 && bucket.n <= RECORD_BUCKET_MAX &&
	       bucket.p[0] != '-' && bucket.p[0] != '.';
}

/* Only access points have ARNs that stand for buckets; see config_bucket.h. */
static bool is_access_point(struct str bucket)
{
	struct str rest = bucket, kind;

	if (bucket.n > RECORD_BUCKET_MAX || !is_made_of(bucket, "-.:/") ||
	    !str_has_prefix(bucket, STR("arn:")))
		return false;
	for (int i = 0; i < 5; i++)
		str_next(&rest, ':');
	kind = rest;
	return rest.p && (str_has_prefix(kind, STR("accesspoint")) ||
			  str_has_prefix(kind, STR("outpost")));
}

bool record_is_special_bucket(struct str bucket)
{
	return str_has_prefix(bucket, STR("arn:")) ||
	       str_has_suffix(bucket, STR("--x-s3")) ||
	       str_has_suffix(bucket, STR("--xa-s3"));
}

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS (0x80 * EACH_BYTE)

/* Are eight bytes all ASCII above the blank, and neither DEL nor a quote? */
static bool are_in_words(const char *p)
{
	uint64_t x, quote, del;

	memcpy(&x, p, sizeof(x));
	quote = x ^ '"' * EACH_BYTE;
	del = x ^ 0x7F * EACH_BYTE;
	return ((x | (x - 0x21 * EACH_BYTE) | (quote - EACH_BYTE) |
		 (del - EACH_BYTE)) & HIGH_BITS) == 0;
}

static bool is_in_word(char c)
{
	return c > ' ' && c <= '~' && c != '"';
}

/* One word that can stand between quotes: nothing that ends them, or a line. */
static bool is_word(struct str s, size_t max)
{
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8)
		if (!are_in_words(s.p + i))
			return false;
	for (; i < s.n; i++)
		if (!is_in_word(s.p[i]))
			return false;
	return s.n <= max;
}

/* Words with blanks between them, still all of it ASCII that can be seen. */
static bool is_line(struct str s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n <= max;
}

bool record_is_bucket(struct str bucket)
{
	return record_is_bucket_name(bucket) || is_access_point(bucket);
}

bool record_is_etag(struct str etag)
{
	return is_word(etag, RECORD_ETAG_MAX);
}

bool record_is_version_id(struct str version)
{
	return is_word(version, RECORD_VERSION_MAX);
}

const char *record_fault(const struct record *r)
{
	if (!record_is_bucket(r->bucket))
		return "not the name of a bucket";
	if (r->route_bucket.n > 0 && !record_is_bucket(r->route_bucket))
		return "a copy in what is not the name of a bucket";
	if (!record_is_etag(r->etag))
		return "an ETag with blanks, quotes or control characters, or "
		       "longer than 256";
	if (!record_is_version_id(r->version))
		return "a version with blanks, quotes or control characters, "
		       "or longer than 1024";
	if (!is_word(r->sequencer, RECORD_SEQUENCER_MAX) &&
	    !is_line(r->sequencer, RECORD_SEQUENCER_MAX))
		return "a sequencer that is not printable ASCII, or longer "
		       "than 64";
	if ((r->fetch_etag.n > 0 && !is_line(r->fetch_etag, RECORD_ETAG_MAX)) ||
	    (r->check_etag.n > 0 && !is_line(r->check_etag, RECORD_ETAG_MAX)))
		return "a read_etag that is not printable ASCII, or longer "
		       "than 256";
	if (r->read.checksum.n > 0 &&
	    !is_line(r->read.checksum, RECORD_ETAG_MAX))
		return "a checksum that is not printable ASCII, or longer "
		       "than 256";
	if (r->size > RECORD_SIZE_MAX)
		return "a size of more than 50 TB";
	if (r->event.n > RECORD_NAME_MAX || r->source.n > RECORD_NAME_MAX)
		return "an event's name or source longer than 256 bytes";
	if (r->trace.n > 0 && str_has_control(r->trace))
		return "a trace with control characters";
	return NULL;
}
