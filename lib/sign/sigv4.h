/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4: AWS Signature Version 4, in the stages that AWS describes.
 *
 *	request -> canonical request -> string to sign -> signature
 *
 * The room sign makes signatures and nothing else.  It is pure: the time is an
 * argument; there is no environment, no network and no state but the caller's
 * struct sigv4_key.  Each stage appends to a buffer of the caller's; a buffer
 * that is reset and used again needs no new memory.  All text in requests and
 * credentials is borrowed for the call.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#ifndef S3EV_SIGV4_H
#define S3EV_SIGV4_H

#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "hash/digest.h"

enum {
	SIGV4_MAX_HEADERS = 128,	/* with those that signing adds */
	SIGV4_MAX_PARAMETERS = 64,	/* of the query, likewise */
	SIGV4_MAX_SECRET = 256,		/* bytes of a secret access key */
	SIGV4_MAX_SCOPE = 256,		/* bytes of "day/region/service/..." */
	SIGV4_MAX_NAMES = 4096,		/* bytes of all header names */
	SIGV4_MAX_TEXT = 1 << 18,	/* bytes of a text in sigv4_signed */
	SIGV4_DATE_SIZE = sizeof("20150830T123600Z"),
	SIGV4_SIGNATURE_SIZE = DIGEST_HEX_SIZE(DIGEST_SHA256_SIZE)
};

/* Services differ.  For S3 none of these is set. */
enum {
	SIGV4_NORMALIZE_PATH = 1 << 0,	/* "/a//./b/../c" is signed as "/a/c" */
	SIGV4_ENCODE_PATH = 1 << 1,	/* the path is encoded once more */
	SIGV4_OMIT_TOKEN = 1 << 2	/* send the token, but do not sign it */
};

struct sigv4_credentials {
	struct str access_key_id;
	struct str secret_access_key;
	struct str session_token;	/* absent or empty: none */
};

/*
 * A request as it will be on the wire.
 *
 * path is without the query, query without the '?'; an empty path means "/".
 * Signing brings the query into canonical form: decoded, encoded, sorted.  To
 * send a space in a query, write "%20", not '+'.
 *
 * Headers come in any order and case, with Host.  All are signed but those that
 * change on the way: Connection, Expect, Transfer-Encoding, Upgrade, User-Agent
 * and X-Amzn-Trace-Id.  S3 wants a header X-Amz-Content-Sha256 with the value
 * of payload_hash.
 *
 * Signing fails for control characters in the path and in the values of
 * headers, for names of headers that are no HTTP token, and for more than fits
 * the limits.  A value may continue in a new line that is indented (RFC 9112,
 * 5.2).  The caller makes sure that the other members are one line each.
 */
struct sigv4_request {
	struct str method;
	struct str path;
	struct str query;
	const struct str_pair *headers;
	size_t n_headers;
	struct str payload_hash;	/* hex, or "UNSIGNED-PAYLOAD" */
	struct str region;
	struct str service;
	time_t time;			/* seconds since 1970, to year 9999 */
	unsigned flags;
	const struct sigv4_credentials *credentials;
};

/*
 * The signing key of a day, region and service.  It is kept from one signature
 * to the next, and derived anew when one of them or the secret changes.  Zero
 * it before the first use, and wipe it at the end: it can sign.
 */
struct sigv4_key {
	struct digest_hmac hmac;
	char secret[SIGV4_MAX_SECRET];
	char scope[SIGV4_MAX_SCOPE];
	size_t secret_n;
	size_t scope_n;
};

void sigv4_key_wipe(struct sigv4_key *key);

/*
 * The stages after canonical_request().  They return -1 with err if something
 * is refused or out is full.
 */

/* Append the string to sign; its third line is the credential scope. */
int sigv4_string_to_sign(struct buf *out, const struct sigv4_request *request,
			 struct str canonical_request, struct err *err);

/*
 * Write the signature in hex and a NUL.  The key is derived from the secret
 * access key and the scope in the string to sign, unless key holds it already.
 */
int sigv4_signature(char signature[SIGV4_SIGNATURE_SIZE],
		    struct sigv4_key *key, struct str secret,
		    struct str string_to_sign, struct err *err);

/* Append the value of the Authorization header. */
void sigv4_authorization(struct buf *out, struct str access_key_id,
			 struct str string_to_sign, struct str signed_headers,
			 const char *signature);

/*
 * The result of signing.  It holds the text of each stage, to be compared with
 * what a service expected when it answers SignatureDoesNotMatch; the session
 * token is in them.  Owned; the next signature reuses it.
 */
struct sigv4_signed {
	struct buf canonical_request;
	struct buf string_to_sign;
	struct buf authorization;	/* header value, or presigned query */
	char date[SIGV4_DATE_SIZE];
	char signature[SIGV4_SIGNATURE_SIZE];
};

void sigv4_signed_init(struct sigv4_signed *made);
void sigv4_signed_free(struct sigv4_signed *made);

/*
 * Sign a request by headers.  X-Amz-Date, X-Amz-Security-Token and
 * Authorization must not be among its headers; the first two are signed with
 * them.  The caller then sends, besides its own headers,
 *
 *	X-Amz-Date: made->date
 *	X-Amz-Security-Token: the session token, if there is one
 *	Authorization: made->authorization
 */
int sigv4_sign(struct sigv4_signed *made, struct sigv4_key *key,
	       const struct sigv4_request *request, struct err *err);

/*
 * Sign a request by its query.  made->authorization becomes the whole query to
 * send, the request's own first.  It is good for so many seconds from the
 * request's time (S3: 1 to 604800; 0 leaves that to the service).  Whoever
 * sends the request has to send all its headers unchanged.
 */
int sigv4_presign(struct sigv4_signed *made, struct sigv4_key *key,
		  const struct sigv4_request *request, unsigned long seconds,
		  struct err *err);

#endif
