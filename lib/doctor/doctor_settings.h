/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_settings: what can be seen without a network: the names of buckets, the
 * processor, the options of the filters, room for files, the sandbox.
 */
#ifndef S3EV_DOCTOR_SETTINGS_H
#define S3EV_DOCTOR_SETTINGS_H

#include "doctor/doctor.h"

void doctor_settings(struct doctor *doctor);

#endif
