/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: which of S3's promises the server at a destination keeps, found out
 * once a run.
 *
 * AWS keeps the conditions of all writes.  Of other servers some keep that of
 * PutObject only, some none, and CopyObject may be missing.  To find out, an
 * object of some bytes is put again and again on the condition that it is not
 * there, and removed again:
 *
 *	PUT ── written ─► PUT ── written, SERVER_PROBES times or
 *	  │	  │		  as a version ─► conditions are ignored ──┐
 *	  │	  └────── 412 ──► PutObject keeps conditions ────────┤
 *	  │		    DELETE of what we wrote, each version ◄──┘
 *	  └──── 412 ──► another is at it, or was killed: PutObject keeps them
 *	  └──── 501, or S3 itself knows no such request: it keeps none
 *	  └──── not allowed: as if it kept that of PutObject, but is_unproved
 *	  └──── anything else: not known, the next that asks tries again
 *
 * What a killed process has left is removed by the next one that finds it, once
 * it is older than SERVER_PROBE_AGE.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
#ifndef S3EV_SERVER_H
#define S3EV_SERVER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "s3/s3.h"

#define SERVER_PROBE_KEY ".s3ev-probe"
enum { SERVER_PROBE_AGE = 10 };		/* seconds, by the server's clock */
enum { SERVER_PROBES = 3 };

enum server_keeps {
	SERVER_UNKNOWN,
	SERVER_KEEPS_NONE,	/* look before a write, and after it */
	SERVER_KEEPS_PUT,	/* If-None-Match of PutObject */
	SERVER_KEEPS_ALL	/* that of every write, and If-Match too */
};

struct server {
	/* Set by the caller, the rest zeroed.  say may be NULL. */
	void (*say)(void *ctx, const char *line);	/* once about each */
	void *ctx;

	enum server_keeps keeps;
	bool is_unproved;	/* copies on its word are not safe */
	struct err err;		/* if it is unknown still */
	bool keeps_versions;	/* of what is overwritten, and no conditions */
	bool refuses_conditions;	/* of writes: 501, or whatever they are
					 * where versions are kept (RGW) */
	bool lacks_copy;	/* CopyObject: 501 */
	bool refuses_source;	/* x-amz-copy-source-if-match of its own ETag */
	bool said_no_etag;	/* copies have none */

	struct server_wait *waiting, **last_waiting;	/* private */
	struct s3_work work;
	struct s3_call call;
	struct arena arena;
	struct str bucket;
	struct str versions[SERVER_PROBES];	/* that the probe has made */
	long long other_at;	/* when another's was written, 0: it is ours */
	unsigned n_written, n_removed;
	bool probing;
};

/* Somebody who wants to know.  Borrowed until told. */
struct server_wait {
	void (*told)(void *arg);	/* from the loop */
	void *arg;
	struct server_wait *next;	/* private */
};

/* aws: the client that writes.  SERVER_KEEPS_ALL at once if that is AWS. */
void server_init(struct server *server, const struct aws *aws);

/*
 * Find out what the server keeps that bucket is on.  told is called when
 * server->keeps is known, or server->err says why not; not if it is already.
 * The client and the options of work are borrowed until server_free(), its
 * record and arena are not used.
 */
void server_find(struct server *server, const struct s3_work *work,
		 struct str bucket, struct server_wait *wait);

/* Do not tell any more.  Does nothing to one that does not wait. */
void server_forget(struct server *server, struct server_wait *wait);

/*
 * A write was answered with 501: believe the next less.  First that CopyObject
 * knows no condition, then that no write does, then that there is no CopyObject.
 * false: there is nothing less to believe.
 */
bool server_learn_501(struct server *server);

/* Say once that the server's copies have no ETag. */
void server_say_no_etag(struct server *server);

void server_free(struct server *server);

#endif
