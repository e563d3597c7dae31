/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: one line between two filters.
 *
 * A record is a JSON object on a line of its own.  A filter reads the members
 * it needs and splices its own in before the last brace; everything else
 * passes through byte for byte.  All text in a struct record is borrowed: the
 * line itself from whoever read it, decoded members from the arena.
 */
#ifndef S3EV_RECORD_H
#define S3EV_RECORD_H

#include <stdbool.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "json.h"
#include "str.h"

enum {
	RECORD_MAX = 1 << 20,	/* bytes of a line, without its newline */
	RECORD_ID_SIZE = 32,	/* hexadecimal digits of an id */
	RECORD_KEY_MAX = 1024	/* bytes of a key, S3's own limit */
};

/* What has been decided about an object; the first three are decisions. */
enum record_outcome {
	RECORD_GOOD,	/* none of the members below */
	RECORD_BAD,	/* "bad": the data is wrong */
	RECORD_GONE,	/* "gone": the announced version is no longer there */
	RECORD_FAILED	/* "failed": we could not do our work now */
};

struct record {
	struct str line;	/* as it came, without newline and blanks */
	struct str mark;	/* a mark has this and nothing else */

	struct str id;		/* computed where the record has none */
	struct str event, time, region, source;
	struct str bucket, key, version, etag, sequencer;
	struct str size_text;
	unsigned long long size;	/* bytes; see has_size */
	bool has_size;
	struct str deadline_text;
	unsigned long long deadline;	/* see deadline.h */
	struct str trace;		/* for X-Amzn-Trace-Id */

	struct str fetch_path;
	struct str fetch_bytes;
	struct str fetch_md5;	/* "true": that of the file is the ETag */
	struct str fetch_etag, check_etag;	/* see record_put_read() */
	struct str check_by;
	struct str check_skipped;	/* see record_is_skipped() */
	struct str output_path;		/* ends in NUL */
	struct str output_bytes, output_type;
	struct str route_to, route_bucket, route_key, route_etag, route_dry;
	struct str record_status, record_dry;
	struct str bad, bad_by, bad_reason, bad_code;
	struct str bad_line, bad_column, bad_byte, bad_count;
	struct str gone, gone_by, gone_code, gone_message;
	struct str failed, failed_by, failed_code, failed_message;
};

/*
 * What is wrong with the data, and where.  Only the reason, which is for
 * people, is always there; what is absent or 0 is not known.
 */
struct record_bad {
	struct str reason;
	struct str code;		/* a short word, "InvalidUTF8" */
	unsigned long long line;	/* the first is 1 */
	unsigned long long column;	/* in characters; the first is 1 */
	unsigned long long byte;	/* of the data; the first is 1 */
	unsigned long long count;	/* how many there are; see has_count */
	bool has_count;
	struct str stderr_text;	/* what a program said beyond the reason */
};

struct record_reader;

struct record_reader *record_reader_new(void);
void record_reader_free(struct record_reader *reader);

/*
 * Read one line (a newline at its end is allowed).  Returns -1 with
 * "InvalidRecord" when it is neither a record nor a mark: a record has at
 * least a bucket and a key, both strings that are not empty (only one that
 * failed because its event could not be read has none), and its id, if it has
 * one, is made of letters, digits, '-' and '_'.
 */
int record_parse(struct record_reader *reader, struct str line,
		 struct arena *arena, struct record *record, struct err *err);

/*
 * Does it name a version for good?  "null" does not: it stands for what has no
 * version, and is overwritten like that.
 */
bool record_is_version(struct str version);

/* Is it known which object is meant, by version or ETag? */
bool record_is_pinned(const struct record *record);

/* Is at least its size known?  Of what comes from a list nothing is. */
bool record_is_described(const struct record *record);

/*
 * Append to the members of "fetch" or "check" the ETag of the object that was
 * read, if the record itself is not pinned: what is copied has to be that one.
 */
void record_put_read(struct buf *members, const struct record *record,
		     struct str etag);

/* The ETag that the object has to have: the announced one, or what was read. */
struct str record_etag(const struct record *record);

enum record_outcome record_outcome(const struct record *record);

/*
 * Has s3check left it alone (--skip-folders), and nobody decided otherwise?
 * It is no data, and so neither copied nor recorded.
 */
bool record_is_skipped(const struct record *record);

/* "good", "bad", "gone", "failed". */
const char *record_outcome_name(enum record_outcome outcome);

/*
 * The idempotency key: the same whenever the same object version is announced,
 * whatever the envelope.  The first 128 bits, in hexadecimal, of a SHA-256
 * over bucket, key and the first of versionId (record_is_version()), sequencer
 * (in upper case), ETag and time (to the second, which is all that EventBridge
 * has).  Writes RECORD_ID_SIZE characters and a NUL.
 */
void record_id(const struct record *record, char id[RECORD_ID_SIZE + 1]);

/* Append what s3ev-split says of an object, without braces. */
void record_put(struct buf *out, const struct record *record);

/*
 * Append the line of record with members ("\"a\":1,\"b\":{}", may be empty)
 * before its last brace, and a newline.
 */
void record_splice(struct buf *out, const struct record *record,
		   struct str members);

/* The members that set an outcome: {"by":by,...}. */
void record_put_bad(struct buf *members, const char *by,
		    const struct record_bad *bad);
void record_put_gone(struct buf *members, const char *by,
		     const struct err *err);
void record_put_failed(struct buf *members, const char *by,
		       const struct err *err);

#endif
