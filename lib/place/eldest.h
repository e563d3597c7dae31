/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eldest: which of two that wrote to one key came first, where a bucket keeps
 * versions and the server keeps no conditions (RGW).
 *
 * Nothing is lost there: who writes over an object buries it as an older version.
 * But whoever looks for it finds another.  So the eldest version stays, of those
 * above the last delete marker, and all writers agree on it: each lists the
 * versions after its own write, and takes its own away again, which its id names
 * exactly, if it is not the eldest.  So does who comes after one that was killed
 * in between.  What is not the eldest is not believed to
 * stay, either.  The list of a key has the newest first.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
#ifndef S3EV_ELDEST_H
#define S3EV_ELDEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct eldest {
	struct str version, etag;	/* absent: there is none */
};

/*
 * Find it in the answer of s3_list_object_versions(); text goes to the arena.
 * -1 with err if the answer cannot be read.
 */
int eldest_find(struct str document, struct str key, struct arena *arena,
		struct eldest *eldest, struct err *err);

#endif
