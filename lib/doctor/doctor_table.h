/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_table: the ledger: is it there, has it our keys, may it be written and
 * read, and does it let items expire?
 */
#ifndef S3EV_DOCTOR_TABLE_H
#define S3EV_DOCTOR_TABLE_H

#include "doctor/doctor.h"

void doctor_table(struct doctor *doctor);

#endif
