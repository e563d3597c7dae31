/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_keys: what has to be true of keys, whoever they came from.
 */
#ifndef S3EV_FUZZ_KEYS_H
#define S3EV_FUZZ_KEYS_H

#include "creds/creds.h"
#include "fuzz.h"

static inline void fuzz_check_keys(const struct creds_keys *keys)
{
	CHECK(keys->access_key_id.n > 0 && keys->secret_access_key.n > 0,
	      "keys come in pairs");
	CHECK(!fuzz_has_control(keys->access_key_id) &&
	      !fuzz_has_control(keys->secret_access_key) &&
	      !fuzz_has_control(keys->session_token) &&
	      !fuzz_has_control(keys->account),
	      "no control byte goes into a header");
}

#endif
