/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag: how a diagnosis is worded, one line each.
 *
 *	incoming/in/a b.csv: AccessDenied: Access Denied (request 4JX...)
 *
 * Keys and messages come from outside and end up on terminals and in logs, so
 * control characters, backslashes and bytes that are not UTF-8 are written as
 * \xNN: a line stays one line and sends no escape codes.
 */
#ifndef S3EV_DIAG_H
#define S3EV_DIAG_H

#include "buf.h"
#include "err.h"
#include "str.h"

/* Append s, made safe. */
void diag_put(struct buf *out, struct str s);

/* Append "CODE: message (request ID)", as far as each is there. */
void diag_put_error(struct buf *out, const struct err *err);

/* Append "bucket/key". */
void diag_put_object(struct buf *out, struct str bucket, struct str key);

/*
 * Call report, as in flow.h, with what and text, made safe, in one line.
 */
void diag_report(void (*report)(void *ctx, const char *line), void *ctx,
		 const char *what, struct str text);

/* Append outcome, size and milliseconds, as columns to stand before a name. */
void diag_put_columns(struct buf *out, const char *outcome, struct str size,
		      unsigned long long ms);

#endif
