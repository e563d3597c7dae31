/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "sigv4.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "uri.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { DAY_LENGTH = sizeof("20150830") - 1 };

/* The part of *rest before the first c; *rest moves on behind that. */
static struct str next_part(struct str *rest, char c)
{
	const char *found = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;
	struct str part = *rest;

	if (found) {
		part.n = (size_t)(found - part.p);
		rest->p = found + 1;
		rest->n -= part.n + 1;
	} else {
		*rest = STR_NONE;
	}
	return part;
}

static int check_out(const struct buf *out, struct err *err)
{
	if (out->failed)
		return err_set(err, "InvalidRequest",
			       "too long to be signed, or out of memory");
	return 0;
}

/* Time */

static char *put_two(char *p, unsigned number)
{
	p[0] = (char)('0' + number / 10);
	p[1] = (char)('0' + number % 10);
	return p + 2;
}

/*
 * gmtime_r() would read TZ and, the first time, a file.  Years are counted
 * from March here, so that a leap day is the last of its year, century and
 * cycle of 400 years.
 */
static int format_date(char date[SIGV4_DATE_SIZE], time_t time,
		       struct err *err)
{
	unsigned second, day, cycle, century, leap, year, month;

	if (time < 0 || time >= 253402300800)
		return err_set(err, "InvalidRequest",
			       "the time is not between 1970 and 9999");
	second = (unsigned)(time % 86400);
	day = (unsigned)(time / 86400) + 719468;	/* since 0000-03-01 */
	cycle = day / 146097;
	day %= 146097;
	century = day == 146096 ? 3 : day / 36524;
	day -= century * 36524;
	leap = day / 1461;
	day %= 1461;
	year = day == 1460 ? 3 : day / 365;
	day -= year * 365;
	/* Each five months from March have 153 days. */
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;

	year += 400 * cycle + 100 * century + 4 * leap + (month > 9);
	month = month > 9 ? month - 9 : month + 3;
	date = put_two(put_two(date, year / 100), year % 100);
	date = put_two(put_two(date, month), day + 1);
	*date++ = 'T';
	date = put_two(put_two(date, second / 3600), second / 60 % 60);
	date = put_two(date, second % 60);
	*date++ = 'Z';
	*date = '\0';
	return 0;
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

/* Path */

static void put_segment(struct buf *out, struct str segment, unsigned flags)
{
	if (flags & SIGV4_ENCODE_PATH)
		uri_encode_path(out, segment);
	else
		buf_put_str(out, segment);
}

static void put_path(struct buf *out, struct str path, unsigned flags)
{
	struct str rest = path;
	size_t start = out->n;

	if (!(flags & SIGV4_NORMALIZE_PATH)) {
		put_segment(out, path.n > 0 ? path : STR("/"), flags);
		return;
	}
	while (rest.n > 0) {
		struct str segment = next_part(&rest, '/');

		if (str_is(segment, "..")) {
			while (out->n > start && out->p[--out->n] != '/')
				;
		} else if (segment.n > 0 && !str_is(segment, ".")) {
			buf_putc(out, '/');
			put_segment(out, segment, flags);
		}
	}
	if (out->n == start || str_has_suffix(path, STR("/")))
		buf_putc(out, '/');
}

/* Query */

struct parameter {
	struct str name;
	struct str value;
};

/* Take the first byte off an encoded text. */
static char take_decoded(struct str *s)
{
	char bytes[3] = { s->p[0] };
	size_t taken = 1;

	if (bytes[0] == '%' && s->n >= sizeof(bytes) &&
	    uri_decode_percent(bytes, (struct str){ s->p, 3 }) == 1)
		taken = sizeof(bytes);
	s->p += taken;
	s->n -= taken;
	return bytes[0];
}

static void put_encoded_again(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t same = 0;

		while (same < s.n && uri_is_unreserved(s.p[same]))
			same++;
		buf_put(out, s.p, same);
		s.p += same;
		s.n -= same;
		if (s.n > 0) {
			char c = take_decoded(&s);

			uri_encode(out, (struct str){ &c, 1 });
		}
	}
}

/*
 * Where a byte stands in the order of encoded texts: "%" sorts before all
 * that is left as it is, and upper-case hex sorts as the number does.
 */
static int encoded_rank(char c)
{
	return uri_is_unreserved(c) ? 256 + c : (unsigned char)c;
}

/* Compare as if both were in canonical form. */
static int compare_encoded(struct str a, struct str b)
{
	while (a.n > 0 && b.n > 0) {
		int order = encoded_rank(take_decoded(&a)) -
			    encoded_rank(take_decoded(&b));

		if (order != 0)
			return order;
	}
	return (a.n > 0) - (b.n > 0);
}

static int compare_parameters(const struct parameter *a,
			      const struct parameter *b)
{
	int order = compare_encoded(a->name, b->name);

	return order != 0 ? order : compare_encoded(a->value, b->value);
}

static int put_query(struct buf *out, struct str query, struct err *err)
{
	struct parameter sorted[SIGV4_MAX_PARAMETERS];
	size_t n = 0;

	while (query.n > 0) {
		struct parameter next = { .value = next_part(&query, '&') };
		size_t i;

		if (next.value.n == 0)
			continue;
		next.name = next_part(&next.value, '=');
		if (n == SIGV4_MAX_PARAMETERS)
			return err_set(err, "InvalidRequest",
				       "more than %d parameters",
				       SIGV4_MAX_PARAMETERS);
		for (i = n++; i > 0; i--) {
			if (compare_parameters(&sorted[i - 1], &next) <= 0)
				break;
			sorted[i] = sorted[i - 1];
		}
		sorted[i] = next;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, '&');
		put_encoded_again(out, sorted[i].name);
		buf_putc(out, '=');
		put_encoded_again(out, sorted[i].value);
	}
	return 0;
}

/* Headers */

/* The headers to be signed in their order, with lower-case names. */
struct sorted_headers {
	struct sigv4_header at[SIGV4_MAX_HEADERS];
	size_t n;
	char names[SIGV4_MAX_NAMES];
	size_t names_n;
};

static int compare_names(struct str a, struct str b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Proxies and clients add and change these after the signature is made. */
static bool changes_on_the_way(struct str name)
{
	static const struct str names[] = {
		{ "connection", 10 }, { "expect", 6 },
		{ "transfer-encoding", 17 }, { "upgrade", 7 },
		{ "user-agent", 10 }, { "x-amzn-trace-id", 15 }
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.n == names[i].n && str_eq(name, names[i]))
			return true;
	return false;
}

/* A byte of a name (RFC 9110, 5.6.2) in lower case, or else ' ' or less. */
static char name_byte(char c)
{
	static const char bytes[256] =
		"                                "
		" ! #$%&'  *+ -. 0123456789      "
		" abcdefghijklmnopqrstuvwxyz   ^_"
		"`abcdefghijklmnopqrstuvwxyz | ~ ";

	return bytes[(unsigned char)c];
}

/* Add a name to those of sorted. */
static int keep_name(struct sorted_headers *sorted, struct str *name,
		     struct err *err)
{
	char *copy = sorted->names + sorted->names_n;

	if (name->n == 0 || name->n > SIGV4_MAX_NAMES - sorted->names_n)
		return err_set(err, "InvalidRequest",
			       "a header's name is empty, or names too long");
	for (size_t i = 0; i < name->n; i++) {
		copy[i] = name_byte(name->p[i]);
		if (copy[i] <= ' ')
			return err_set(err, "InvalidRequest",
				       "not a header's name: %.*s",
				       STR_FMT(*name));
	}
	sorted->names_n += name->n;
	name->p = copy;
	return 0;
}

/* A stable sort: headers of one name stay in their order. */
static int sort_headers(struct sorted_headers *sorted,
			const struct sigv4_request *request, struct err *err)
{
	sorted->n = 0;
	sorted->names_n = 0;
	for (size_t i = 0; i < request->n_headers; i++) {
		struct sigv4_header header = request->headers[i];
		size_t j;

		if (keep_name(sorted, &header.name, err) < 0)
			return -1;
		if (changes_on_the_way(header.name))
			continue;
		if (sorted->n == SIGV4_MAX_HEADERS)
			return err_set(err, "InvalidRequest",
				       "more than %d headers",
				       SIGV4_MAX_HEADERS);
		for (j = sorted->n++; j > 0; j--) {
			if (compare_names(sorted->at[j - 1].name,
					  header.name) <= 0)
				break;
			sorted->at[j] = sorted->at[j - 1];
		}
		sorted->at[j] = header;
	}
	return 0;
}

/* Is the i-th header the first of its name? */
static bool is_first(const struct sorted_headers *sorted, size_t i)
{
	return i == 0 ||
	       !str_eq(sorted->at[i - 1].name, sorted->at[i].name);
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7F;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.p[i]))
			return true;
	return false;
}

/*
 * Length of the blank at p: one byte, or the end of a line that an indented
 * one follows; or 0.
 */
static size_t blank(const char *p, const char *end)
{
	const char *line = p < end && *p == '\r' ? p + 1 : p;

	if (end - line > 1 && line[0] == '\n' &&
	    (line[1] == ' ' || line[1] == '\t'))
		return (size_t)(line + 1 - p);
	return p < end && (*p == ' ' || *p == '\t');
}

/* Are eight bytes free of spaces and control characters? */
static bool is_plain(const char *p)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t bytes, deletes;

	memcpy(&bytes, p, sizeof(bytes));
	deletes = bytes ^ ones * 0x7F;
	/* A subtraction borrows into the high bit of what is too small. */
	return !((((bytes - ones * 0x21) & ~bytes) |
		  ((deletes - ones) & ~deletes)) & ones * 0x80);
}

/*
 * Copy the words of a value to p with one space between each two.  Returns
 * the end of the copy, or NULL when there is a control character.
 */
static char *copy_value(char *p, struct str value)
{
	const char *from = value.p;
	const char *end;
	bool first = true;

	if (value.n == 0)
		return p;
	end = from + value.n;
	for (;;) {
		size_t n;

		while ((n = blank(from, end)) > 0)
			from += n;
		if (from == end)
			return p;
		if (is_control(*from))
			return NULL;
		if (!first)
			*p++ = ' ';
		first = false;
		for (; end - from >= 8 && is_plain(from); from += 8, p += 8)
			memcpy(p, from, 8);
		while (from < end && *from != ' ' && !is_control(*from))
			*p++ = *from++;
	}
}

static char *copy_name(char *p, struct str name)
{
	memcpy(p, name.p, name.n);
	return p + name.n;
}

static int put_headers(struct buf *out, const struct sorted_headers *sorted,
		       struct err *err)
{
	size_t room = 0;
	char *p;

	for (size_t i = 0; i < sorted->n; i++)
		room += sorted->at[i].name.n + sorted->at[i].value.n + 2;
	p = buf_room(out, room);
	if (!p)
		return 0;
	for (size_t i = 0; i < sorted->n; i++) {
		const struct sigv4_header *header = &sorted->at[i];

		if (is_first(sorted, i)) {
			p = copy_name(p, header->name);
			*p++ = ':';
		} else {
			p[-1] = ',';
		}
		p = copy_value(p, header->value);
		if (!p)
			return err_set(err, "InvalidRequest",
				       "header %.*s: control character",
				       STR_FMT(header->name));
		*p++ = '\n';
	}
	out->n = (size_t)(p - out->p);
	return 0;
}

static void put_signed_headers(struct buf *out,
			       const struct sorted_headers *sorted)
{
	char *p = buf_room(out, sorted->names_n + sorted->n);

	if (!p)
		return;
	for (size_t i = 0; i < sorted->n; i++) {
		if (!is_first(sorted, i))
			continue;
		if (i > 0)
			*p++ = ';';
		p = copy_name(p, sorted->at[i].name);
	}
	out->n = (size_t)(p - out->p);
}

/* Stages */

int sigv4_canonical_request(struct buf *out, struct str *signed_headers,
			    const struct sigv4_request *request,
			    struct err *err)
{
	struct sorted_headers sorted;
	size_t start, end;

	if (has_control(request->path))
		return err_set(err, "InvalidRequest",
			       "control character in the path");
	if (sort_headers(&sorted, request, err) < 0)
		return -1;
	buf_put_str(out, request->method);
	buf_putc(out, '\n');
	put_path(out, request->path, request->flags);
	buf_putc(out, '\n');
	if (put_query(out, request->query, err) < 0)
		return -1;
	buf_putc(out, '\n');
	if (put_headers(out, &sorted, err) < 0)
		return -1;
	buf_putc(out, '\n');
	start = out->n;
	put_signed_headers(out, &sorted);
	end = out->n;
	buf_putc(out, '\n');
	buf_put_str(out, request->payload_hash);
	if (check_out(out, err) < 0)
		return -1;
	*signed_headers = (struct str){ out->p + start, end - start };
	return 0;
}

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
	next_part(&string_to_sign, '\n');
	next_part(&string_to_sign, '\n');
	return next_part(&string_to_sign, '\n');
}

static bool is_key_of(const struct sigv4_key *key, struct str secret,
		      struct str scope)
{
	return str_eq((struct str){ key->secret, key->secret_n }, secret) &&
	       str_eq((struct str){ key->scope, key->scope_n }, scope);
}

/* Each part of the scope is the message for the key of the next one. */
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
		struct str part = next_part(&scope, '/');

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

/* From a request that has all it needs to its signature. */
static int run_stages(struct sigv4_signed *made, struct str *signed_headers,
		      struct sigv4_key *key,
		      const struct sigv4_request *request, struct err *err)
{
	if (sigv4_canonical_request(&made->canonical_request, signed_headers,
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
	struct sigv4_header headers[SIGV4_MAX_HEADERS];
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
	struct sorted_headers sorted;
	struct str signed_headers;

	signed_reset(made);
	if (format_date(made->date, request->time, err) < 0 ||
	    sort_headers(&sorted, request, err) < 0)
		return -1;
	buf_put_str(query, request->query);
	put_parameter(query, "X-Amz-Algorithm", STR(ALGORITHM));
	buf_put_str(scratch, request->credentials->access_key_id);
	buf_putc(scratch, '/');
	put_scope(scratch, made->date, request);
	put_parameter(query, "X-Amz-Credential", buf_str(scratch));
	put_parameter(query, "X-Amz-Date", str_of(made->date));
	buf_reset(scratch);
	put_signed_headers(scratch, &sorted);
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
