/* SPDX-License-Identifier: Apache-2.0 */
/* version: what --version prints, and what the User-Agent header says. */
#ifndef S3EV_VERSION_H
#define S3EV_VERSION_H

#define S3EV_VERSION "0.1.0"

#endif
