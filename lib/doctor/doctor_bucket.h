/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_bucket: each source bucket, and the two that copies go to: can they be
 * reached, and may we do there what the filters do?
 */
#ifndef S3EV_DOCTOR_BUCKET_H
#define S3EV_DOCTOR_BUCKET_H

#include "doctor/doctor.h"

void doctor_buckets(struct doctor *doctor);

#endif
