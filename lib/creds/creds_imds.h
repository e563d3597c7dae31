/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_imds: the metadata service of an EC2 instance, version 2 only: a token
 * for the session, the name of the role, its keys.
 *
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
#ifndef S3EV_CREDS_IMDS_H
#define S3EV_CREDS_IMDS_H

#include "creds/creds_job.h"

extern const struct creds_source creds_imds;

#endif
