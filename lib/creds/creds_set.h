/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_set: one set of keys, and the memory that they lie in.
 *
 * The memory is wiped before it is freed, and so should be the texts that keys
 * were copied from.
 */
#ifndef S3EV_CREDS_SET_H
#define S3EV_CREDS_SET_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "creds/creds.h"

/* All zero is empty. */
struct creds_set {
	struct creds_keys keys;
	char *bytes;		/* owned */
	size_t n;
};

/*
 * Copy keys into set, over what was there.  -1 with "InvalidCredentials" when
 * the key id or the secret is missing, or when any of the texts holds a
 * control character: they go into headers.
 */
int creds_set_copy(struct creds_set *set, const struct creds_keys *keys,
		   struct err *err);

/* Wipe and free. */
void creds_set_free(struct creds_set *set);

/* Wipe a text that keys were read from. */
void creds_set_wipe(struct str text);

#endif
