/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_token: the token that "aws sso login" has left in ~/.aws/sso/cache.
 *
 * It is renewed when it is about to expire and the session allows it, as AWS's
 * own tools do; the file is then replaced.  Who is refused, and has a token
 * that has expired, waits some seconds for another program to replace the file,
 * but not where the last job has failed.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
 * https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
 */
#ifndef S3EV_CREDS_TOKEN_H
#define S3EV_CREDS_TOKEN_H

#include "creds/creds_job.h"

/*
 * Put the token of a session of IAM Identity Center into job->token; then is
 * called when it is there, now or later, and sends the next request.  -1 with
 * job->err.
 */
int creds_token_start(struct creds_job *job,
		      int (*then)(struct creds_job *job));

/* -1 with "SSOTokenExpired": why, and what to run. */
int creds_token_log_in(struct creds_job *job, const char *why);

#endif
