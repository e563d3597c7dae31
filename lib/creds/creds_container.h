/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_container: the credentials endpoint of a container (ECS, EKS Pod
 * Identity, Greengrass).
 *
 * Its URL may be any with TLS, but without TLS only one of this host.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
#ifndef S3EV_CREDS_CONTAINER_H
#define S3EV_CREDS_CONTAINER_H

#include "creds/creds_job.h"

extern const struct creds_source creds_container;

#endif
