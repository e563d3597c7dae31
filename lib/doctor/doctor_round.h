/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_round: send one object below DOCTOR_PREFIX through the filters, which are
 * found by PATH, and remove it, its copies and its item again.
 */
#ifndef S3EV_DOCTOR_ROUND_H
#define S3EV_DOCTOR_ROUND_H

#include "doctor/doctor.h"

void doctor_round(struct doctor *doctor);

#endif
