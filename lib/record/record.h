/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: one line between two filters.
 *
 * The room record knows what a record says, and what follows from it alone.
 *
 * A record is a JSON object on a line of its own.  A filter reads the members
 * it needs and inserts its own before the last brace; everything else passes
 * through byte for byte.  All text in a struct record is borrowed: the line
 * itself from the caller, decoded members from the arena.
 */
#ifndef S3EV_RECORD_H
#define S3EV_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

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

/*
 * What tells an object without a version from another that has its ETag, as the
 * answer to a read has it.  Last-Modified has whole seconds.
 */
struct record_marks {
	long long modified;	/* seconds since 1970; 0 or less: unknown */
	struct str checksum;	/* of the whole object, as S3 keeps it: its kind,
				 * ":" and base64, or absent */
};

struct record {
	struct str line;	/* as it came, without newline and blanks */
	struct str mark;	/* a mark has this, and the next three, alone */
	struct str mark_records, mark_error;	/* see mark.h */
	struct str mark_total;	/* see resume.h */

	struct str id;		/* computed if the record has none */
	struct str event, time, region, source;
	struct str modified;	/* when it was written, from a list */
	struct str bucket, key, version, etag, sequencer;
	struct str spelled;	/* the key as the event had it, if in doubt */
	struct str size_text;
	unsigned long long size;	/* bytes; see has_size */
	bool has_size;
	struct str deadline_text;
	unsigned long long deadline;	/* see clock.h */
	struct str trace;		/* for X-Amzn-Trace-Id */
	struct str from_sqs, from_batch;	/* ids of message and task */

	struct str fetch_path;
	struct str fetch_bytes;
	struct str fetch_md5;	/* "true": the ETag is the file's MD5 */
	struct str fetch_etag, check_etag;	/* see record_put_read() */
	struct str fetch_modified, check_modified;
	struct str fetch_checksum, check_checksum;
	struct record_marks read;	/* the last of them */
	struct str check_by;
	struct str check_skipped;	/* see record_is_skipped() */
	struct str check_took;		/* ms */
	struct str output_path;		/* ends in NUL */
	struct str output_bytes, output_type;
	struct str route_to, route_bucket, route_key, route_etag, route_version;
	struct str route_endpoint, route_by, route_why;
	struct str route_unguarded, route_already, route_dry;
	struct str was, fetch_at;	/* objects, see record_was.h */
	struct str redo_settled;	/* what was stale is away */
	struct str redo_decided;	/* how many decisions the ledger had */
	struct str record_status, record_dry;
	struct str bad, bad_by, bad_reason, bad_code;
	struct str bad_line, bad_column, bad_byte, bad_count;
	struct str gone, gone_by, gone_code, gone_message;
	struct str failed, failed_by, failed_code, failed_message;
	struct str failed_retry;	/* "false": it is of no use */
};

/*
 * What is wrong with the data, and where.  The reason, which is for people, is
 * always there.  Other members are absent or 0 if they are not known.
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
 * "InvalidRecord" if it is neither a record nor a mark.  A record has a bucket
 * and a key, both strings that are not empty; a record that failed because its
 * event could not be read has neither.  Its id, if there is one, consists of
 * letters, digits, '-' and '_'.  Its members must be fit for requests, see
 * record_fault.h.  Its time is in UTC, or absent if it is none.
 */
int record_parse(struct record_reader *reader, struct str line,
		 struct arena *arena, struct record *record, struct err *err);

/*
 * Read the members of a line at the end of a pipeline, where it only matters
 * what was decided: any JSON object will do.  No id is computed, numbers are
 * not read, and nothing is tidied up but outcomes that are false.  Returns -1
 * with "InvalidRecord" when it is no JSON object.
 */
int record_read(struct record_reader *reader, struct str line,
		struct arena *arena, struct record *record, struct err *err);

/* Does the event come from Ceph, which differs from S3 in some ways? */
bool record_is_from_ceph(const struct record *record);

/*
 * Does it name a version for good?  "null" does not: it stands for what has no
 * version, and is overwritten like that.
 */
bool record_is_version(struct str version);

/* Is it an empty object whose key ends in a slash, which marks a folder? */
bool record_is_folder(const struct record *record);

/* Does version or ETag tell exactly which object is meant? */
bool record_is_pinned(const struct record *record);

/*
 * Is the object pinned, or is at least its size known?  Not so for a record
 * that comes from a list of keys.
 */
bool record_is_described(const struct record *record);

/*
 * Append to the members of "fetch" or "check" what the copy must be made from:
 * "read_etag", the ETag of the object that was read, if the record itself is not
 * pinned; "modified" and "checksum" of it, if it has no version.
 */
void record_put_read(struct buf *members, const struct record *record,
		     struct str etag, const struct record_marks *read);

/* The ETag the object must have: as announced, or else as it was read. */
struct str record_etag(const struct record *record);

enum record_outcome record_outcome(const struct record *record);

/*
 * Did s3check skip it as a folder (--skip-folders), and did nobody decide
 * otherwise?  A folder is not data, so it is neither copied nor recorded.
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

/* Append the members that s3ev-split writes for an object, without braces. */
void record_put(struct buf *out, const struct record *record);

/*
 * Append the line of record with members ("\"a\":1,\"b\":{}", may be empty)
 * before its last brace, and a newline.
 */
void record_splice(struct buf *out, const struct record *record,
		   struct str members);

/*
 * The members that set an outcome: {"by":by,...}.  now is what is there instead
 * of what is gone: an ETag, "deleted", or absent.
 */
void record_put_bad(struct buf *members, const char *by,
		    const struct record_bad *bad);
void record_put_gone(struct buf *members, const char *by,
		     const struct err *err, struct str now);
void record_put_failed(struct buf *members, const char *by,
		       const struct err *err);

#endif
