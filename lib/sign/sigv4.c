/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "sign/sigv4.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "format/iso.h"
#include "format/uri.h"
#include "sign/canonical.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { DAY_LENGTH = sizeof("20150830") - 1 };

static int check_out(const struct buf *out, struct err *err)
{
	if (out->failed)
		return err_set(err, "InvalidRequest",
			       "too long to be signed, or out of memory");
	return 0;
}

/* Time */

static int format_date(char date[SIGV4_DATE_SIZE], time_t time,
		       struct err *err)
{
	_Static_assert((int)SIGV4_DATE_SIZE == (int)ISO_BASIC_SIZE,
		       "a signature has the basic format");

	if (time >= 0 && iso_write_basic(date, time) == 0)
		return 0;
	return err_set(err, "InvalidRequest",
		       "the time is not between 1970 and 9999");
}

/* "20150830/us-east-1/s3/aws4_request" */
static void put_scope(struct buf *out, const char *date,
		      const struct sigv4_request *request)
{
	buf_put(out, date, DAY_LENGTH);
	buf_putc(out, '/');
	buf_put_str(out, request->region);
	buf_putc(out, '/');
	buf_put_str(out, request->service);
	buf_put_str(out, STR("/aws4_request"));
}

/* Stages */

int sigv4_string_to_sign(struct buf *out, const struct sigv4_request *request,
			 struct str canonical_request, struct err *err)
{
	unsigned char digest[DIGEST_SHA256_SIZE];
	char hex[DIGEST_HEX_SIZE(sizeof(digest))];
	char date[SIGV4_DATE_SIZE];

	if (format_date(date, request->time, err) < 0)
		return -1;
	digest_sha256(canonical_request.p, canonical_request.n, digest);
	digest_hex(hex, digest, sizeof(digest));
	buf_put_str(out, STR(ALGORITHM "\n"));
	buf_put(out, date, sizeof(date) - 1);
	buf_putc(out, '\n');
	put_scope(out, date, request);
	buf_putc(out, '\n');
	buf_put(out, hex, sizeof(hex) - 1);
	return check_out(out, err);
}

/* The third line of a string to sign, or an absent str. */
static struct str scope_of(struct str string_to_sign)
{
	str_next(&string_to_sign, '\n');
	str_next(&string_to_sign, '\n');
	return str_next(&string_to_sign, '\n');
}

static bool is_key_of(const struct sigv4_key *key, struct str secret,
		      struct str scope)
{
	return str_eq((struct str){ key->secret, key->secret_n }, secret) &&
	       str_eq((struct str){ key->scope, key->scope_n }, scope);
}

/* Each part of the scope is signed with the key made from the part before. */
static void derive_key(struct sigv4_key *key, struct str secret,
		       struct str scope)
{
	char start[4 + SIGV4_MAX_SECRET] = "AWS4";
	unsigned char code[DIGEST_SHA256_SIZE];

	memcpy(key->secret, secret.p, secret.n);
	key->secret_n = secret.n;
	memcpy(key->scope, scope.p, scope.n);
	key->scope_n = scope.n;
	memcpy(start + 4, secret.p, secret.n);
	digest_hmac_key(&key->hmac, start, 4 + secret.n);
	while (scope.n > 0) {
		struct str part = str_next(&scope, '/');

		digest_hmac(&key->hmac, part.p, part.n, code);
		digest_hmac_key(&key->hmac, code, sizeof(code));
	}
	explicit_bzero(start, sizeof(start));
	explicit_bzero(code, sizeof(code));
}

int sigv4_signature(char signature[SIGV4_SIGNATURE_SIZE],
		    struct sigv4_key *key, struct str secret,
		    struct str string_to_sign, struct err *err)
{
	struct str scope = scope_of(string_to_sign);
	unsigned char code[DIGEST_SHA256_SIZE];

	if (secret.n == 0 || secret.n > SIGV4_MAX_SECRET)
		return err_set(err, "InvalidCredentials",
			       "the secret access key is empty or too long");
	if (scope.n == 0 || scope.n > SIGV4_MAX_SCOPE)
		return err_set(err, "InvalidRequest",
			       "the credential scope is empty or too long");
	if (!is_key_of(key, secret, scope))
		derive_key(key, secret, scope);
	digest_hmac(&key->hmac, string_to_sign.p, string_to_sign.n, code);
	digest_hex(signature, code, sizeof(code));
	return 0;
}

void sigv4_authorization(struct buf *out, struct str access_key_id,
			 struct str string_to_sign, struct str signed_headers,
			 const char *signature)
{
	buf_put_str(out, STR(ALGORITHM " Credential="));
	buf_put_str(out, access_key_id);
	buf_putc(out, '/');
	buf_put_str(out, scope_of(string_to_sign));
	buf_put_str(out, STR(", SignedHeaders="));
	buf_put_str(out, signed_headers);
	buf_put_str(out, STR(", Signature="));
	buf_puts(out, signature);
}

void sigv4_key_wipe(struct sigv4_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

/* All stages together */

void sigv4_signed_init(struct sigv4_signed *made)
{
	buf_init(&made->canonical_request, SIGV4_MAX_TEXT);
	buf_init(&made->string_to_sign, SIGV4_MAX_TEXT);
	buf_init(&made->authorization, SIGV4_MAX_TEXT);
}

void sigv4_signed_free(struct sigv4_signed *made)
{
	if (!made)
		return;
	buf_free(&made->canonical_request);
	buf_free(&made->string_to_sign);
	buf_free(&made->authorization);
}

static void signed_reset(struct sigv4_signed *made)
{
	buf_reset(&made->canonical_request);
	buf_reset(&made->string_to_sign);
	buf_reset(&made->authorization);
}

/* All stages, for a request that is complete. */
static int run_stages(struct sigv4_signed *made, struct str *signed_headers,
		      struct sigv4_key *key,
		      const struct sigv4_request *request, struct err *err)
{
	if (canonical_request(&made->canonical_request, signed_headers,
				    request, err) < 0 ||
	    sigv4_string_to_sign(&made->string_to_sign, request,
				 buf_str(&made->canonical_request), err) < 0)
		return -1;
	return sigv4_signature(made->signature, key,
			       request->credentials->secret_access_key,
			       buf_str(&made->string_to_sign), err);
}

int sigv4_sign(struct sigv4_signed *made, struct sigv4_key *key,
	       const struct sigv4_request *request, struct err *err)
{
	struct str token = request->credentials->session_token;
	struct str_pair headers[SIGV4_MAX_HEADERS];
	struct sigv4_request whole = *request;
	struct str signed_headers;
	size_t n = request->n_headers;

	signed_reset(made);
	if (format_date(made->date, request->time, err) < 0)
		return -1;
	if (n > SIGV4_MAX_HEADERS - 2)
		return err_set(err, "InvalidRequest", "more than %d headers",
			       SIGV4_MAX_HEADERS - 2);
	if (n > 0)
		memcpy(headers, request->headers, n * sizeof(headers[0]));
	headers[n].name = STR("X-Amz-Date");
	headers[n++].value = str_of(made->date);
	if (token.n > 0 && !(request->flags & SIGV4_OMIT_TOKEN)) {
		headers[n].name = STR("X-Amz-Security-Token");
		headers[n++].value = token;
	}
	whole.headers = headers;
	whole.n_headers = n;
	if (run_stages(made, &signed_headers, key, &whole, err) < 0)
		return -1;
	sigv4_authorization(&made->authorization,
			    request->credentials->access_key_id,
			    buf_str(&made->string_to_sign), signed_headers,
			    made->signature);
	return check_out(&made->authorization, err);
}

/* Append "&name=value", the value encoded. */
static void put_parameter(struct buf *query, const char *name,
			  struct str value)
{
	if (query->n > 0)
		buf_putc(query, '&');
	buf_puts(query, name);
	buf_putc(query, '=');
	uri_encode(query, value);
}

int sigv4_presign(struct sigv4_signed *made, struct sigv4_key *key,
		  const struct sigv4_request *request, unsigned long seconds,
		  struct err *err)
{
	bool omit = request->flags & SIGV4_OMIT_TOKEN;
	struct str token = request->credentials->session_token;
	struct buf *query = &made->authorization;
	struct buf *scratch = &made->string_to_sign;
	struct sigv4_request whole = *request;
	struct str signed_headers;

	signed_reset(made);
	if (format_date(made->date, request->time, err) < 0)
		return -1;
	buf_put_str(query, request->query);
	put_parameter(query, "X-Amz-Algorithm", STR(ALGORITHM));
	buf_put_str(scratch, request->credentials->access_key_id);
	buf_putc(scratch, '/');
	put_scope(scratch, made->date, request);
	put_parameter(query, "X-Amz-Credential", buf_str(scratch));
	put_parameter(query, "X-Amz-Date", str_of(made->date));
	buf_reset(scratch);
	if (canonical_signed_headers(scratch, request, err) < 0)
		return -1;
	put_parameter(query, "X-Amz-SignedHeaders", buf_str(scratch));
	buf_reset(scratch);
	if (seconds > 0) {
		buf_puts(query, "&X-Amz-Expires=");
		buf_printf(query, "%lu", seconds);
	}
	if (token.n > 0 && !omit)
		put_parameter(query, "X-Amz-Security-Token", token);
	whole.query = buf_str(query);
	if (check_out(query, err) < 0 ||
	    run_stages(made, &signed_headers, key, &whole, err) < 0)
		return -1;
	if (token.n > 0 && omit)
		put_parameter(query, "X-Amz-Security-Token", token);
	put_parameter(query, "X-Amz-Signature", str_of(made->signature));
	return check_out(query, err);
}
