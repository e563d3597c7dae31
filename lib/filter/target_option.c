/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/target_option.h"

#include <stdlib.h>

/* A variable that is set but empty counts as not set. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

struct target_options target_option_defaults(void)
{
	return (struct target_options){
		.choice = {
			.s3_endpoint = variable("TARGET_ENDPOINT_URL"),
			.profile = variable("TARGET_PROFILE"),
			.region = variable("TARGET_REGION"),
		},
	};
}

bool target_option_is(int option)
{
	return option >= TARGET_OPTION_ENDPOINT &&
	       option <= TARGET_OPTION_REGION;
}

const char *target_option_take(struct target_options *options, int option,
			       const char *arg)
{
	if (*arg == '\0')
		return "it is empty";
	switch (option) {
	case TARGET_OPTION_ENDPOINT:
		options->choice.s3_endpoint = arg;
		return NULL;
	case TARGET_OPTION_PROFILE:
		options->choice.profile = arg;
		return NULL;
	case TARGET_OPTION_REGION:
		options->choice.region = arg;
		return NULL;
	default:
		options->owner = arg;
		return config_is_account(arg) ? NULL :
						"not an account of 12 digits";
	}
}
