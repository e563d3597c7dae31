/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_process: a program of the user's that prints keys as JSON.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
#ifndef S3EV_CREDS_PROCESS_H
#define S3EV_CREDS_PROCESS_H

#include "creds/creds_job.h"

extern const struct creds_source creds_process;

#endif
