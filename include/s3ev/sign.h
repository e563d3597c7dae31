/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev/sign.h: to sign a request to AWS.
 *
 * This is all of s3ev that signs: Signature Version 4, by headers or by query,
 * as pure functions of what they are given.  There is no network, no
 * environment, no clock and no global state, so threads may sign at the same
 * time, each with its own struct sigv4_key and struct sigv4_signed.
 *
 * Promised is the source: what compiles against this header and those that it
 * includes, and means what they say, goes on to do so for as long as the first
 * number of the version stays the same.  The layout of structs is not promised:
 * they may gain members, so a program names the members that it sets, leaves
 * the others zero, and is compiled anew when the second number changes; with
 * an older one it does not start.
 *
 * Ownership: the text of a request and its credentials is borrowed for the
 * call.  What signing made is owned by struct sigv4_signed: sigv4_signed_init()
 * before the first signature, sigv4_signed_free() after the last, and each
 * signature overwrites the one before.  struct sigv4_key holds what can sign:
 * sigv4_key_wipe() it.
 *
 * Errors: a function that can fail returns -1 and fills the struct err it was
 * given.  Nothing prints, nothing exits.
 *
 *	struct sigv4_signed made;
 *	struct sigv4_key key = { .secret_n = 0 };
 *	struct err err;
 *
 *	sigv4_signed_init(&made);
 *	if (sigv4_sign(&made, &key, &request, &err) == 0)
 *		send("Authorization", buf_str(&made.authorization));
 *	sigv4_signed_free(&made);
 *	sigv4_key_wipe(&key);
 *
 * A whole program is in s3ev-c(7).
 */
#ifndef S3EV_API_SIGN_H
#define S3EV_API_SIGN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "hash/digest.h"
#include "sign/sigv4.h"

#endif
