/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_option: the options that name another store for what is written.
 *
 * The environment speaks of the store that objects come from.  That of the
 * copies may be another: at another endpoint, or with the keys of a profile.  A
 * filter puts TARGET_OPTION_WORDS among its long options, and what they say in
 * its usage, and gives the choice to struct filter.
 */
#ifndef S3EV_TARGET_OPTION_H
#define S3EV_TARGET_OPTION_H

#include <getopt.h>
#include <stdbool.h>

#include "base/option_base.h"
#include "base/str.h"
#include "config/config.h"

enum target_option {
	TARGET_OPTION_ENDPOINT = OPTION_BASE_TARGET, TARGET_OPTION_OWNER,
	TARGET_OPTION_PROFILE, TARGET_OPTION_REGION
};
OPTION_BASE_HOLDS(OPTION_BASE_TARGET, TARGET_OPTION_REGION);

#define TARGET_OPTION_WORDS \
	{ "target-bucket-owner", required_argument, NULL, \
	  TARGET_OPTION_OWNER }, \
	{ "target-endpoint", required_argument, NULL, \
	  TARGET_OPTION_ENDPOINT }, \
	{ "target-profile", required_argument, NULL, TARGET_OPTION_PROFILE }, \
	{ "target-region", required_argument, NULL, TARGET_OPTION_REGION }

#define TARGET_OPTION_USAGE \
	"      --target-endpoint URL, --target-region REGION, --target-profile NAME,\n" \
	"      --target-bucket-owner ID  copies go to another store (TARGET_...)\n"

struct target_options {
	struct config_choice choice;
	const char *owner;		/* an account, or NULL */
};

/* What the environment says; borrowed from it. */
struct target_options target_option_defaults(void);

bool target_option_is(int option);

/* Take one of them; arg is borrowed.  NULL, or what is wrong with it. */
const char *target_option_take(struct target_options *options, int option,
			       const char *arg);

#endif
