/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_queue: the queue that events come from, if one is set.  No message is
 * received.
 */
#ifndef S3EV_DOCTOR_QUEUE_H
#define S3EV_DOCTOR_QUEUE_H

#include "doctor/doctor.h"

void doctor_queue(struct doctor *doctor);

#endif
