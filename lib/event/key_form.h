/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_form: how an S3 notification writes the key of its object.
 *
 * AWS encodes it as forms do, and so do MinIO and RustFS.  Ceph, Scality,
 * VersityGW and NooBaa write it as it is, and only other members of the event
 * tell them from the rest.  Where nothing tells, the user can.
 */
#ifndef S3EV_KEY_FORM_H
#define S3EV_KEY_FORM_H

#include <stdbool.h>

#include "base/str.h"

enum key_form {
	KEY_FORM_AUTO,		/* as other members tell, else as forms */
	KEY_FORM_FORM,		/* encoded as forms do */
	KEY_FORM_RAW		/* as it is */
};

/* Read "auto", "form" or "raw".  Returns -1 if it is another word. */
int key_form_read(struct str word, enum key_form *form);

struct envelope;

/* Is the key of this S3 notification written as it is? */
bool key_form_is_raw(const struct envelope *envelope);

/*
 * Is it beyond doubt that the key was encoded: because the user says so, or
 * because AWS sent the event?  If not, the key may be another than the one
 * decoded, and a record should remember how it was spelled.
 */
bool key_form_is_certain(const struct envelope *envelope);

#endif
