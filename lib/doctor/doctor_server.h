/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_server: what a server that is not AWS's keeps of S3's promises.  For
 * doctor_round.c only.
 */
#ifndef S3EV_DOCTOR_SERVER_H
#define S3EV_DOCTOR_SERVER_H

#include "doctor/doctor.h"

/* Which conditions it keeps; it writes and removes a probe, see place/server.h. */
void doctor_server(struct doctor *doctor);

/* Are its ETags what we take them for?  The object was just put. */
void doctor_etag(struct doctor *doctor, const struct s3_object *object,
		 struct str content);

#endif
