/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "creds/creds_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void creds_set_wipe(struct str text)
{
	if (text.n > 0)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
}

void creds_set_free(struct creds_set *set)
{
	if (set->bytes)
		explicit_bzero(set->bytes, set->n);
	free(set->bytes);
	memset(set, 0, sizeof(*set));
}

/* Copy to *at, which moves on behind it. */
static struct str copy_to(char **at, struct str s)
{
	char *p = *at;

	if (s.n == 0)
		return STR_NONE;
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	*at += s.n + 1;
	return (struct str){ p, s.n };
}

int creds_set_copy(struct creds_set *set, const struct creds_keys *keys,
		   struct err *err)
{
	struct creds_set made = { .keys = *keys };
	char *at;

	if (keys->access_key_id.n == 0 || keys->secret_access_key.n == 0)
		return err_set(err, "InvalidCredentials",
			       "%s: there is no %s", keys->from,
			       keys->access_key_id.n == 0 ? "access key id" :
			       "secret access key");
	if (str_has_control(keys->access_key_id) ||
	    str_has_control(keys->secret_access_key) ||
	    str_has_control(keys->session_token) ||
	    str_has_control(keys->account))
		return err_set(err, "InvalidCredentials",
			       "%s: control character in the keys", keys->from);
	made.n = keys->access_key_id.n + keys->secret_access_key.n +
		 keys->session_token.n + keys->account.n + 4;
	made.bytes = at = malloc(made.n);
	if (!at)
		return err_memory(err);
	memset(at, 0, made.n);
	made.keys.access_key_id = copy_to(&at, keys->access_key_id);
	made.keys.secret_access_key = copy_to(&at, keys->secret_access_key);
	made.keys.session_token = copy_to(&at, keys->session_token);
	made.keys.account = copy_to(&at, keys->account);
	creds_set_free(set);
	*set = made;
	return 0;
}
