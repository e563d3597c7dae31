/* SPDX-License-Identifier: Apache-2.0 */
#include "list/handled.h"

/* Facts: that something is so, or a number. */

static struct digest_key key_of(const char *fact, struct str bucket,
				struct str key, struct str what)
{
	const struct str texts[] = { str_of(fact), bucket, key, what };

	return digest_key(texts, 4);
}

static uint64_t get(const struct handled *handled, struct digest_key key)
{
	return digest_map_get(&handled->facts, key);
}

static void put(struct handled *handled, struct digest_key key,
		uint64_t number)
{
	if (digest_map_put(&handled->facts, key, number) < 0)
		handled->is_out_of_memory = true;
}

static uint64_t number_of_etag(struct str etag)
{
	return digest_key(&etag, 1).a | 1;
}

/* "2026-11-23T05:54:00.123Z" is 20261123055400123: the later, the greater. */
static uint64_t number_of_time(struct str time)
{
	uint64_t number = 0;
	int digits = 0;

	for (size_t i = 0; i < time.n && digits < 17; i++)
		if (time.p[i] >= '0' && time.p[i] <= '9') {
			number = 10 * number + (uint64_t)(time.p[i] - '0');
			digits++;
		}
	for (; digits < 17; digits++)
		number *= 10;
	return number + 1;
}

void handled_free(struct handled *handled)
{
	digest_map_free(&handled->facts);
}

bool handled_is_new(struct handled *handled, const struct record *r)
{
	struct digest_key seen = key_of("seen: id", r->bucket, r->key, r->id);

	if (get(handled, seen))
		return false;
	put(handled, seen, 1);
	return true;
}

/* What was decided */

static bool is_good_or_bad(const struct record_was *was)
{
	return str_is(was->copy.outcome, "good") ||
	       str_is(was->copy.outcome, "bad");
}

/* What s3route -c replace has left, since a newer version was there, is decided. */
static bool is_overtaken(const struct record_was *was)
{
	return str_is(was->by, "s3route") &&
	       str_is(was->code, "PreconditionFailed");
}

static void note_decision(struct handled *handled, const struct record *r,
			  const struct record_was *was)
{
	bool is_version = record_is_version(r->version);

	if (is_version && (is_good_or_bad(was) || is_overtaken(was)))
		put(handled, key_of("decided: version", r->bucket, r->key,
				    r->version), 1);
	if (is_good_or_bad(was))
		put(handled, key_of("decided: ETag", r->bucket, r->key,
				    r->etag), 1);
	if (is_good_or_bad(was) && !is_version)
		put(handled, key_of("decided: ETag of any version", r->bucket,
				    r->key, r->etag), 1);
}

/*
 * By its version; an item of the ledger that has none decides about each version
 * that has its ETag.  Where the list has none, by the ETag.
 */
bool handled_is_decided(const struct handled *handled, const struct record *r)
{
	/* A marker of a folder is no data. */
	if (record_is_folder(r))
		return true;
	if (!record_is_version(r->version))
		return get(handled, key_of("decided: ETag", r->bucket, r->key,
					   r->etag));
	return get(handled, key_of("decided: version", r->bucket, r->key,
				   r->version)) ||
	       get(handled, key_of("decided: ETag of any version", r->bucket,
				   r->key, r->etag));
}

/* Copies */

void handled_copy(struct handled *handled, const struct record *copy)
{
	put(handled, key_of("there", copy->bucket, copy->key, STR_NONE),
	    number_of_etag(copy->etag));
}

bool handled_has_copy(const struct record_was *was)
{
	return is_good_or_bad(was) && was->copy.key.n > 0;
}

static const char *why_missing(const struct handled *handled,
			       const struct record_copy *copy, struct str key)
{
	uint64_t etag = get(handled, key_of("there", copy->bucket, key,
					    STR_NONE));

	if (!etag)
		return "not there";
	return str_eq(key, copy->key) && copy->etag.n > 0 &&
	       number_of_etag(copy->etag) != etag ? "something else" : NULL;
}

/* This place is that of copies of this object. */
static struct digest_key last_of(const struct record *r,
				 const struct record_was *was, struct str key)
{
	const struct str texts[] = { STR("last"), was->copy.bucket, key,
				     r->bucket, r->key };

	return digest_key(texts, 5);
}

/* The later, the greater; of the same time, what is there. */
static uint64_t rank_of(const struct record *r, bool is_there)
{
	return 2 * number_of_time(r->time.p ? r->time : r->modified) + is_there;
}

static void expect(struct handled *handled, const struct record *r,
		   const struct record_was *was, struct str key)
{
	bool is_there = !why_missing(handled, &was->copy, key);
	uint64_t rank = rank_of(r, is_there);
	struct digest_key last = last_of(r, was, key);

	if (rank > get(handled, last))
		put(handled, last, rank);
	handled->has_lacks |= !is_there;
}

/* Copies in other stores are not looked for. */
void handled_item(struct handled *handled, const struct record *item,
		  const struct record_was *was)
{
	note_decision(handled, item, was);
	if (!handled_has_copy(was) || was->copy.endpoint.p)
		return;
	expect(handled, item, was, was->copy.key);
	if (was->copy.why.n > 0)
		expect(handled, item, was, was->copy.why);
}

const char *handled_lacks(const struct handled *handled,
			  const struct record *item,
			  const struct record_was *was, struct str key)
{
	const char *why = why_missing(handled, &was->copy, key);

	return why && get(handled, last_of(item, was, key)) ==
		      rank_of(item, false) ? why : NULL;
}
