/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place: put an object, or what a processor made of it, into another bucket
 * without overwriting anything, as far as the server keeps its word (server.h).
 *
 * The copy is pinned to the announced version and made on the condition that
 * the key is free.  If it is taken by the same content, the work is done
 * already; if by other content, the object gets a second name made from the
 * record's id (dest_key_second()), which only this version can have.  So the
 * work may be repeated, and done twice at once.
 *
 * Or, as the policy has it, the work fails, or what is there is overwritten: if
 * it still has the ETag that was seen, and if the source's version is the
 * current one, so that of two versions the newer stays, whoever is first.
 *
 * AWS keeps the conditions of all writes.  Where a server keeps only that of
 * PutObject (server.h), the bytes go through us and are put, or the key is
 * claimed before an upload is completed (multipart.h).  Where it keeps none, one
 * looks before and behind, and one process writes to a name one after the other
 * (claim.h).  That leaves a window between two processes, so the record says
 * that the copy is unguarded, unless the server has told its version.
 *
 * The same content is: no other checksum, equal size, and equal ETag or, since a
 * multipart upload and its copy have different ones, equal checksum of one kind
 * over the whole object.  What has neither counts as different: a second copy is
 * kept rather than none.  Metadata prove nothing where the server copies, since
 * CopyObject carries along what an uploader has written there.  Where all copies
 * go through us, the record's id in them is ours.
 *
 * From state to state, each of which is one request (enum place_state):
 *
 *	CLAIM ── known, and the server keeps all conditions ───► WRITE
 *	  └───── else ─────────────────────────────────────────► SOURCE
 *	SOURCE ─ there ──────────────► WRITE, or TARGET if one has to look
 *	  └───── refused, not there ─► LOOK, or first TARGET if one has to look
 *	TARGET ─ nothing there ──────► PROBE
 *	  │	   after a refusal ──► LOOK
 *	  ├───── a version there ────► ELDEST, where only versions are kept
 *	  ├───── the same content ───► END good, already
 *	  ├───── perhaps the same ───► SOURCE, once, for its checksum
 *	  └───── other content ──────► as the policy has it:
 *		 keep both ──► WRITE or TARGET, with the second name
 *		 fail ───────► END failed
 *		 replace ────► CURRENT, or PROBE where the copy is pinned itself
 *	CURRENT  ours is current ────► PROBE, on condition of the ETag seen
 *	  └───── overwritten since ──► END gone
 *	PROBE ── what the server keeps is known, or found out ─► WRITE, or back
 *		 to TARGET, where that says whose word counts
 *	WRITE ── written ────────────► END good, or ELDEST where a bucket with
 *	  │			       versions keeps no conditions
 *	  ├───── taken meanwhile ────► TARGET (PLACE_REFUSED_MAX times)
 *	  ├───── 501 ────────────────► TARGET, believing less of the server
 *	  ├───── source not there ───► LOOK
 *	  └───── cannot be ──────────► END failed
 *	ELDEST ─ the first is ours ──► END good
 *	  ├───── it is another's ────► as other content, after YIELD of our own
 *	  └───── none is left ───────► PROBE, or after YIELD TARGET
 *	LOOK ─── not there, another ─► END gone
 *	  ├───── ours, once ─────────► WRITE, or TARGET when replacing
 *	  └───── ours, again ────────► END failed: the server is odd
 */
#ifndef S3EV_PLACE_H
#define S3EV_PLACE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "hash/checksum.h"
#include "place/claim.h"
#include "place/derived.h"
#include "place/eldest.h"
#include "place/piece.h"
#include "place/server.h"
#include "place/transfer.h"
#include "record/record.h"
#include "s3/s3.h"
#include "s3/s3_look.h"

/* What to do when the key is taken by other content. */
enum place_policy {
	PLACE_KEEP_BOTH,	/* take the second name */
	PLACE_FAIL,		/* "DestinationExists" */
	PLACE_REPLACE		/* overwrite it */
};

/* "keep-both", "fail", "replace"; -1 if it is none. */
int place_policy(const char *name, enum place_policy *policy);

/* Who copies. */
enum place_copy {
	PLACE_COPY_AUTO,	/* the server, if it keeps the conditions */
	PLACE_COPY_SERVER,
	PLACE_COPY_THROUGH	/* the bytes go through us */
};

/* "auto", "server", "through"; -1 if it is none. */
int place_copy(const char *name, enum place_copy *copy);

enum { PLACE_REFUSED_MAX = 6 };

enum place_state {
	PLACE_CLAIM,	/* another record of this process has the name */
	PLACE_SOURCE,	/* HEAD of the source, for what is not known of it */
	PLACE_TARGET,	/* HEAD of the name wanted */
	PLACE_CURRENT,	/* HEAD of what the source's key is now */
	PLACE_PROBE,	/* server.h */
	PLACE_WRITE,	/* transfer.h */
	PLACE_LOOK,	/* s3_look.h: why was it refused? */
	PLACE_ELDEST,	/* eldest.h: does ours lie on another's? */
	PLACE_YIELD,	/* DELETE of our version, which came second */
	PLACE_END
};

struct place {
	/* Set by the caller; all borrowed until done. */
	struct s3_work work;		/* at the source */
	struct s3_work to_work;		/* at the destination */
	struct server *server;		/* of the destination's bucket */
	struct claims *claims;		/* of all places of the process, */
	struct pieces *pieces;		/* and their memory */
	enum place_policy policy;
	enum place_copy copy;
	bool dry;			/* look, but write nothing */
	struct str bucket;		/* where to */
	struct str key;			/* the name wanted; the one given */
	bool is_second;			/* it is the second name */
	struct s3_object ours;		/* of this version, as an earlier decision has
					 * put it: it is replaced, whatever the
					 * policy */
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/* RECORD_GOOD: placed; RECORD_GONE and RECORD_FAILED: err says why. */
	enum record_outcome outcome;
	struct err err;
	struct str now;			/* RECORD_GONE: see flow_gone() */
	struct str etag, version;	/* of the copy, where they are known */
	bool already;			/* it had been there before */
	bool left_annotations;		/* the source may have some on AWS, but
					 * not the copy that we have made */
	bool is_unguarded;		/* another process may overwrite it */

	enum place_state state;		/* private from here on */
	struct s3_call call;
	struct s3_look look;
	struct server_wait wait;
	enum place_state after_probe;
	struct claim claim;		/* on the name wanted */
	struct derived output;		/* of the processor, if there is one */
	struct transfer transfer;
	unsigned long long size;	/* of the source */
	bool knows_size;		/* that is not an event's word alone, which
					 * on other servers may be wrong */
	struct str source_etag;
	enum checksum_kind source_checksum;
	struct str source_checksum_value;
	bool seen_source;		/* the three above are its own words */
	bool missed_source;		/* it refused a condition, or is not there */
	bool looks;			/* the server may ignore conditions */
	bool looks_again;		/* at the target, with the source known */
	struct str replaces;		/* the ETag of what is overwritten */
	struct eldest eldest;
	struct str seen_version;	/* at the target, */
	bool seen_same;			/* and whether it is what we place, */
	bool seen_our_id;		/* or a killed process of this record wrote */
	bool wrote;			/* version is ours */
	unsigned refused;		/* writes, by a condition */
	unsigned odd;			/* refused, though nothing is wrong */
};

void place_start(struct place *place);

/* Stop; done is not called.  What S3 is doing already may still be done. */
void place_cancel(struct place *place);

#endif
