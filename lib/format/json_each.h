/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_each: the objects of an array, one after the other, as text.
 *
 * Nothing is kept.  The ends of the objects are found without reading what is in
 * them: who gets one reads it.
 */
#ifndef S3EV_JSON_EACH_H
#define S3EV_JSON_EACH_H

#include "base/err.h"
#include "base/str.h"

/*
 * Call each with the text of every object of the array, which is borrowed; it
 * stops with -1 and its own err.  -1 with ERR_JSON if array is no array, or has
 * anything but objects; each may have been called by then.  What is wrong within
 * an object is not noticed.
 */
int json_each(struct str array,
	      int (*each)(void *ctx, struct str object, struct err *err),
	      void *ctx, struct err *err);

#endif
