/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_option: the options that all mouths of the driver have.
 *
 * A mouth adds DRIVER_OPTION_LETTERS to its short options, DRIVER_OPTION_WORDS
 * to its long ones and DRIVER_OPTION_USAGE to its usage.  Its struct
 * driver_options starts as DRIVER_OPTIONS.  Those that run all day add the
 * second lot too.  What follows "--" is the command.
 */
#ifndef S3EV_DRIVER_OPTION_H
#define S3EV_DRIVER_OPTION_H

#include <getopt.h>

#include "driver/driver.h"

#define DRIVER_OPTIONS ((struct driver_options){ \
	.pipelines = 1, .margin = DRIVER_MARGIN_MS, .start = DRIVER_START_MS, \
	.grace = DRIVER_GRACE_MS })

#define DRIVER_OPTION_LETTERS "d:eg:m:s:v"
#define DRIVER_OPTION_WORDS \
	{ "dropped", required_argument, NULL, 'd' }, \
	{ "each", no_argument, NULL, 'e' }, \
	{ "gone", required_argument, NULL, 'g' }, \
	{ "margin", required_argument, NULL, 'm' }, \
	{ "start", required_argument, NULL, 's' }, \
	{ "verbose", no_argument, NULL, 'v' }
#define DRIVER_OPTION_USAGE \
	"  -d, --dropped WHAT  records that do not come back: done or fail (fail)\n" \
	"  -e, --each          run COMMAND anew for each event\n" \
	"  -g, --gone WHAT     records whose object is gone: done or fail (done)\n" \
	"  -m, --margin MS     be done this long before the deadline (1000)\n" \
	"  -s, --start MS      wait this long for the first mark (8000)\n" \
	"  -v, --verbose       log each record\n"

/* Of those that run all day: they are stopped, and can have several. */
#define DRIVER_OPTION_DAY_LETTERS "G:w:"
#define DRIVER_OPTION_DAY_WORDS \
	{ "grace", required_argument, NULL, 'G' }, \
	{ "pipelines", required_argument, NULL, 'w' }
#define DRIVER_OPTION_DAY_USAGE \
	"  -G, --grace SECONDS to finish what is begun when stopped (25)\n" \
	"  -w, --pipelines N   run N of them side by side (1)\n"

/* Take one of either lot.  Returns NULL, or what is wrong with arg. */
const char *driver_option_take(struct driver_options *options, int option,
			       const char *arg);

#endif
