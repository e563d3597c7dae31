/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_sts: the Security Token Service.  AssumeRole and GetCallerIdentity are
 * signed with job->keys, AssumeRoleWithWebIdentity is not signed.
 *
 * https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
 */
#ifndef S3EV_CREDS_STS_H
#define S3EV_CREDS_STS_H

#include "creds/creds_job.h"

extern const struct creds_source creds_sts;

#endif
