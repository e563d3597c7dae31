/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: a folder that keeps events until they are done, as a maildir keeps
 * messages.
 *
 *	DIR/20261129T134215.123456Z.json	an event, as it was sent
 *	DIR/.20261129T134215.123456Z.tmp	one that is being written
 *	DIR/refused/				what is no event, each with a
 *						NAME.json and a NAME.why
 *
 * An event is written beside; journal_sync() syncs all that were, renames them in
 * and syncs the folder.  After that no crash takes them away, and cat and
 * s3ev-split can read them.  To sync many at once takes a disk hardly longer than
 * one.  An event is removed when it is done.  A name is the time in UTC, to the
 * microsecond, so their order is that of arrival.
 *
 * Whoever may write to the folder may put events into it: what has such a name
 * and is a plain file of no more than the allowed size is taken at the start.
 * All else in there is left alone.  No link is followed, and nothing is ever
 * overwritten.
 */
#ifndef S3EV_JOURNAL_H
#define S3EV_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* "20261129T134215.123456Z", with the NUL; files also have an ending. */
enum { JOURNAL_NAME_SIZE = 24, JOURNAL_GROUP_MAX = 64,
       JOURNAL_ROOM = 8 << 10 };

/* What has been done to the disk since journal_open(). */
struct journal_counts {
	unsigned long long written;	/* events */
	unsigned long long syncs;	/* of files and of the folder */
	uint64_t sync_us;		/* that these took */
};

struct journal {
	struct journal_counts counts;	/* read only */

	int folder, refused;		/* private */
	size_t max;
	size_t refused_count, refused_max;
	uint64_t last;			/* time of the newest name, us */
	struct {
		int fd;
		char name[JOURNAL_NAME_SIZE];
	} halves[JOURNAL_GROUP_MAX];	/* written, but not synced */
	size_t half_count;
	bool is_dirty;			/* a name is not synced */
	struct err failed;		/* what a sync between two puts met */
};

/*
 * Open the folder, made if it is not there, and lock it: it is ours alone until
 * journal_close().  Half-written files of a killed process are removed.  An event
 * has at most max bytes, and refused holds at most refused_max of them.  -1 with
 * err; the code is "JournalInUse" if another process has it.
 */
int journal_open(struct journal *journal, const char *path, size_t max,
		 size_t refused_max, struct err *err);
void journal_close(struct journal *journal);

/*
 * Call found for each event that is there, oldest first, and foreign for the name
 * of each entry that is none.  -1 with err if the folder cannot be read, or if
 * found returns -1.
 */
int journal_scan(struct journal *journal,
		 int (*found)(void *ctx, const char *name, struct err *err),
		 void (*foreign)(void *ctx, const char *name), void *ctx,
		 struct err *err);

/*
 * Write an event, and set its name.  It is there and safe after journal_sync()
 * only.  -1 with err, and nothing is left of it.
 */
int journal_put(struct journal *journal, struct str event,
		char name[JOURNAL_NAME_SIZE], struct err *err);

/*
 * Make safe all that was put since the last call.  -1 with err if that is not
 * certain of each: journal_remove() those, since some may be there.
 */
int journal_sync(struct journal *journal, struct err *err);

/*
 * Replace text, which can take JOURNAL_ROOM more than an event, by one.  -1
 * with err: "JournalGone" if there is no such file any more, or something else
 * by its name.
 */
int journal_read(struct journal *journal, const char *name, struct buf *text,
		 struct err *err);

/* It is done: remove it.  What is gone already is no error. */
int journal_remove(struct journal *journal, const char *name, struct err *err);

/*
 * It is no event: move it to refused, with the reason beside it, and sync both
 * folders.  Its name there is made from its bytes, so a repeat of it takes no more
 * room.  -1 with err, "RefusedFull" if there is none; then it stays where it is.
 */
int journal_refuse(struct journal *journal, const char *name, struct str why,
		   struct err *err);

/* Is this the name of an event? */
bool journal_is_name(struct str name);

#endif
