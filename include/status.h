/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: one exit status for many reasons.
 *
 * What is worse counts: EX_OK, EX_DATAERR, EX_TEMPFAIL, EX_UNAVAILABLE,
 * EX_CONFIG, EX_OSERR, EX_IOERR, from good to bad.
 */
#ifndef S3EV_STATUS_H
#define S3EV_STATUS_H

/* The worse of two; one that is not in the list counts as EX_OK. */
int status_worse(int a, int b);

#endif
