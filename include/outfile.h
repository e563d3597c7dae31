/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outfile: what a processor writes to its standard output, as a file.
 *
 * It is named s3ev-ID-..., as filters behind expect of a file that they may
 * remove.
 */
#ifndef S3EV_OUTFILE_H
#define S3EV_OUTFILE_H

#include <stdbool.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "str.h"

struct outfile {
	char *path;		/* in the arena; NULL: there is none */
	int fd;			/* -1 when it is closed */
	unsigned long long bytes;
};

/* Make an empty file in directory that nobody else can read. */
int outfile_open(struct outfile *file, const char *directory, struct str id,
		 struct arena *arena, struct err *err);

/*
 * It is written: close it.  -1 with "OutputTooLarge" if it has more than max
 * bytes (0 is no limit), or "SpoolFull" if the disk is full, for then nobody
 * knows whether all came to be there.
 */
int outfile_close(struct outfile *file, unsigned long long max,
		  struct err *err);

/* Remove it, unless it has none. */
void outfile_drop(struct outfile *file);

/* Append the member output, if there is one. */
void outfile_put(struct buf *members, const struct outfile *file,
		 const char *type);

#endif
