/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: bring the bytes of an object, or of what a processor made of it, to
 * another key, and make sure that they arrived.
 *
 * The server copies, with one CopyObject or, above options->part_size bytes (or
 * TRANSFER_PART_SIZE if that is 0), in parts (multipart.h); in_parts asks for
 * parts below that, too, because their key can be claimed.  Or the bytes go
 * through us, with GET and PutObject, in parts above PIECE_SIZE (piece.h): where
 * the server has no CopyObject or keeps no conditions on it, or is another one.
 * What an object has besides its bytes is then read first (metadata.h).
 *
 * A copy by the server is good when it has the source's ETag, or else its size
 * and, where both have a checksum of one kind over the whole object, its
 * checksum.  Any other is deleted again ("CopyDiffers"), as is what a server that
 * ignores conditions may have copied of a successor.  Of objects without version
 * that have one ETag only the one that was read is copied: its time is AWS's
 * condition (s3_has_time_condition()), what goes through us is compared, and
 * where another server copies, the source is looked at behind ("WrittenAgain").
 * What was put is good when the answer has an ETag; if not, a look decides.
 *
 * From state to state, each of which is one request (enum transfer_state):
 *
 *	an output ── in one ──► PUT ──────────────────────────────► END
 *	  └───────── in parts ► PARTS ────────────────► TARGET ───► END
 *	through us ─ in one ──► READ ► TAGS ► PUT ────────────────► END
 *	  └───────── in parts ► HEAD ► TAGS ► PARTS ──► TARGET ───► END
 *	a copy ───── in one ──► COPY ──┐
 *	  └───────── in parts ► HEAD ► TAGS ► PARTS ──┤
 *		the source's ETag, nobody else's ─────┼───────────► END
 *		another, source known and pinned ─────┼► TARGET
 *		another ──────────────────────────────┴► SOURCE
 *	HEAD ──── smaller than was said ──────► READ or COPY, in one
 *	PUT ───── no ETag in the answer ───────────────► TARGET
 *	SOURCE ── there still, or the condition held ──► TARGET, or END
 *	  ├────── written again, and copied perhaps ─────► UNDO ──► END failed
 *	  └────── overwritten since, and copied perhaps ─► UNDO ──► END gone
 *	TARGET ── same size and checksum ─────────────────────────► END
 *	  └────── not the same ─────────► UNDO ───────────────────► END failed
 */
#ifndef S3EV_TRANSFER_H
#define S3EV_TRANSFER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "hash/checksum.h"
#include "place/derived.h"
#include "place/metadata.h"
#include "place/multipart.h"
#include "place/piece.h"
#include "s3/s3.h"

#define TRANSFER_PART_SIZE (128ULL << 20)

enum transfer_state {
	TRANSFER_HEAD,		/* of the source: metadata for the parts */
	TRANSFER_READ,		/* GET of the source, all of it */
	TRANSFER_TAGS,		/* of the source, for parts or what was read */
	TRANSFER_COPY,		/* CopyObject */
	TRANSFER_PUT,		/* PutObject */
	TRANSFER_PARTS,		/* multipart.h */
	TRANSFER_SOURCE,	/* HEAD of the source once more: is it the same? */
	TRANSFER_TARGET,	/* HEAD of what was written */
	TRANSFER_UNDO,		/* DeleteObject of what was written */
	TRANSFER_END
};

struct transfer {
	/* Set by the caller; all borrowed until done. */
	struct s3_work work;		/* at the source */
	struct s3_work to_work;		/* at the destination */
	const struct derived *output;	/* to be put; NULL: from is copied */
	struct s3_object from;		/* with the ETag that it has */
	unsigned long long size;	/* of the source */
	struct s3_object to;
	enum s3_overwrite overwrite;
	struct pieces *pieces;
	bool through;			/* through us, not by the server */
	bool in_parts;			/* whatever its size */
	bool claims;			/* see multipart.h */
	bool doubtful;			/* the server may ignore conditions */
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/* The result, good when err.code is empty. */
	struct err err;
	struct str etag, version;	/* of the copy, where they are known */
	bool is_taken;			/* as in struct s3_call */
	bool is_gone;			/* overwritten while it was copied: */
	struct str now;			/* the ETag there, or "deleted" */

	enum transfer_state state;	/* private from here on */
	struct s3_call call;
	struct piece piece;
	unsigned long long part_size;
	struct multipart *multipart;	/* NULL: not in parts, or not yet */
	struct metadata metadata;
	struct s3_content content;
	enum checksum_kind checksum;	/* of the source */
	struct str checksum_value;
	bool seen_source;	/* the checksum is known, if there is one */
	bool was_lost;		/* the answer that completed the upload */
};

/* What the caller does not set is zero. */
void transfer_start(struct transfer *transfer);

/* The mark of the upload in parts (multipart.h), if there is one, or "". */
const char *transfer_mark(const struct transfer *transfer);

/*
 * Has what was written not got the annotations of its source?  S3 copies them
 * with CopyObject alone.
 */
bool transfer_left_annotations(const struct transfer *transfer);

/* Stop; done is not called.  Does nothing to what never started. */
void transfer_cancel(struct transfer *transfer);

#endif
