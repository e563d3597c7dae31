/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_sso: IAM Identity Center gives keys for a token, see creds_token.h.
 *
 * https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
 */
#ifndef S3EV_CREDS_SSO_H
#define S3EV_CREDS_SSO_H

#include "creds/creds_job.h"

extern const struct creds_source creds_sso;

#endif
