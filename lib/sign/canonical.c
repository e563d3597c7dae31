/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/canonical.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "format/uri.h"

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
		struct str segment = str_next(&rest, '/');

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

/* Take the first byte off an encoded text, and decode it. */
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
 * The rank of a byte in the order of encoded texts: "%" sorts before all bytes
 * that are not encoded, and upper-case hex sorts as the number does.
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
		struct parameter next = { .value = str_next(&query, '&') };
		size_t i;

		if (next.value.n == 0)
			continue;
		next.name = str_next(&next.value, '=');
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

/* The headers to be signed, sorted, with names in lower case. */
struct sorted_headers {
	struct str_pair at[SIGV4_MAX_HEADERS];
	size_t n;
	char names[SIGV4_MAX_NAMES];
	size_t names_n;
};

static int compare_names(struct str a, struct str b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Proxies and clients add or change these after signing. */
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

/* A name's byte (RFC 9110, 5.6.2) in lower case; ' ' or less for others. */
static char name_byte(char c)
{
	static const char bytes[256] =
		"                                "
		" ! #$%&'  *+ -. 0123456789      "
		" abcdefghijklmnopqrstuvwxyz   ^_"
		"`abcdefghijklmnopqrstuvwxyz | ~ ";

	return bytes[(unsigned char)c];
}

/* Copy a name, in lower case, to the names of sorted. */
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
		struct str_pair header = request->headers[i];
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

/*
 * Length of the blank at p: one byte, or a line end before an indented line.  0
 * if there is none.
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
	/* A byte that is too small borrows, which sets its high bit. */
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
		if (str_is_control(*from))
			return NULL;
		if (!first)
			*p++ = ' ';
		first = false;
		for (; end - from >= 8 && is_plain(from); from += 8, p += 8)
			memcpy(p, from, 8);
		while (from < end && *from != ' ' && !str_is_control(*from))
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
		const struct str_pair *header = &sorted->at[i];

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

/* The whole */

int canonical_signed_headers(struct buf *out,
			     const struct sigv4_request *request,
			     struct err *err)
{
	struct sorted_headers sorted;

	if (sort_headers(&sorted, request, err) < 0)
		return -1;
	put_signed_headers(out, &sorted);
	return 0;
}

int canonical_request(struct buf *out, struct str *signed_headers,
		      const struct sigv4_request *request, struct err *err)
{
	struct sorted_headers sorted;
	size_t start, end;

	if (str_has_control(request->path))
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
	if (out->failed)
		return err_set(err, "InvalidRequest",
			       "too long to be signed, or out of memory");
	*signed_headers = (struct str){ out->p + start, end - start };
	return 0;
}
