/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_account: whose keys these are, by STS, whether they are taken, and
 * whether our clock is right.  Where the endpoint of S3 is not AWS's, AWS is not
 * asked.
 */
#ifndef S3EV_DOCTOR_ACCOUNT_H
#define S3EV_DOCTOR_ACCOUNT_H

#include "doctor/doctor.h"

/* -1 if nothing can be asked with the keys. */
int doctor_account(struct doctor *doctor);

/*
 * Tell of an answer that says the keys are not taken, or the clock is too wrong
 * for them, and set has_no_keys.  false if it says neither, and nothing is told.
 */
bool doctor_account_is_refused(struct doctor *doctor, const char *service,
			       const struct err *err,
			       const struct http_request *http);

/* Compare our clock with that of an answer, once. */
void doctor_account_clock(struct doctor *doctor,
			  const struct http_request *http);

#endif
