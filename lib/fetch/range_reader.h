/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range_reader: the bytes of an object from one byte to another, each of them
 * once, however often the connection is cut.
 *
 * A GET that is cut off is followed by one that begins where it ended.  The
 * ETag of each answer has to be that of the first.  A server that knows no
 * ranges sends the object from its beginning; what was taken before is then
 * passed over.  An answer whose end shows only by that of its connection counts
 * as cut off, a few times, if the record announces more bytes than came.
 *
 *	request ──► answer begins ──► bytes, pauses ──► whole ──────────► done
 *	  ▲              │                  │ cut off, worth going on        ▲
 *	  └──────────────│──────────────────┘                                │
 *	                 └─ another object, another range, take aborts ──────┘
 *
 * The bytes are not verified here, see verify.h.
 */
#ifndef S3EV_RANGE_READER_H
#define S3EV_RANGE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "record/record.h"
#include "s3/s3.h"

#define RANGE_TO_END UINT64_MAX

struct range_reader {
	/* Set by the caller, the rest zeroed; all borrowed until done. */
	struct aws *aws;
	const struct record *record;
	const struct s3_options *options;	/* or NULL */
	struct arena *arena;		/* for texts that outlast a request */
	unsigned long long at;		/* the first byte; then the next one */
	unsigned long long end;		/* after the last byte, or RANGE_TO_END */

	/*
	 * The object's ETag, and what else tells it from another.  If they are
	 * absent the first answer sets them, for all readers that share them;
	 * until then requests have the record's.
	 */
	struct str *etag;
	struct record_marks *marks;

	/*
	 * Do not go on without an ETag, which alone shows that it is the same
	 * object.  For bytes that cannot be taken back once they are handed out.
	 */
	bool needs_etag;

	/*
	 * An answer begins: its headers are in call.  -1 to end here, with err
	 * empty or set.
	 */
	int (*begun)(void *arg);

	/* Take n bytes, 1 or more, the first of which is at; as a sink of http.h. */
	int (*take)(void *arg, const char *bytes, size_t n);

	/* Never called from range_reader_start() or range_reader_resume(). */
	void (*done)(void *arg);
	void *arg;

	bool is_unwanted;	/* set it from take: drop the rest, try no more */

	/* When done: empty, or why at has not come to the end. */
	struct err err;
	struct s3_call call;		/* the last request and its answer */

	struct arena texts;		/* private from here on; of one request */
	unsigned long long began;	/* where this request did */
	unsigned long long skip;	/* bytes of its answer to pass over */
	unsigned long long whole;	/* size, if its answer is a part; 0: unknown */
	bool is_paused;			/* take could not take more */
	bool is_cut;			/* the answer may not be whole */
	bool is_zipped;			/* its bytes are not those of the object */
	bool takes_no_gzip;		/* since they were not */
	unsigned cuts;			/* requests that were made for that */
};

void range_reader_start(struct range_reader *reader);

/* Bytes can be taken again.  Does nothing unless take has paused. */
void range_reader_resume(struct range_reader *reader);

/* Stop; done is not called. */
void range_reader_cancel(struct range_reader *reader);

/* Stop, and free everything.  Does nothing to one that never began. */
void range_reader_free(struct range_reader *reader);

#endif
