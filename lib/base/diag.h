/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag: how a diagnosis is worded, one line each.
 *
 *	incoming/in/a b.csv: AccessDenied: Access Denied (request 4JX...)
 *
 * Keys and messages come from outside and end up on terminals and in logs.  A
 * line must stay one line, send no escape codes, and look like what it is: a log
 * on Lambda makes metrics of a line that begins with {"_aws":.  So everything a
 * tool writes for people goes through diag_put_line(), in filter/say.h; what
 * text_is_hidden(), and what is not UTF-8, is then \xNN, byte by byte.
 */
#ifndef S3EV_DIAG_H
#define S3EV_DIAG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Append s, made safe, with \x5c for a backslash: what is escaped is certain. */
void diag_put(struct buf *out, struct str s);

/* The same for a whole line, whose parts may be safe already: \ stays. */
void diag_put_line(struct buf *out, struct str s);

/*
 * Append "CODE: message; see s3ev-doctor (request ID)", without the parts that
 * err lacks.
 */
void diag_put_error(struct buf *out, const struct err *err);

/* Append "bucket/key". */
void diag_put_object(struct buf *out, struct str bucket, struct str key);

/*
 * Call report, as in flow.h, with one line: what, then text, which is made
 * safe.
 */
void diag_report(void (*report)(void *ctx, const char *line), void *ctx,
		 const char *what, struct str text);

/*
 * Append outcome, size and milliseconds as columns; a name can follow.  The
 * outcome takes DIAG_OUTCOME columns.
 */
enum { DIAG_OUTCOME = 6 };
void diag_put_columns(struct buf *out, const char *outcome, struct str size,
		      unsigned long long ms);

#endif
