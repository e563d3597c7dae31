/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_gzip: is it a whole gzip file?  What is in it is thrown away.
 */
#ifndef S3EV_CHECK_GZIP_H
#define S3EV_CHECK_GZIP_H

#include "format/gunzip.h"

struct check_gzip {
	struct gunzip gunzip;
};

struct check_functions;
extern const struct check_functions check_gzip;

#endif
