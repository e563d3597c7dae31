/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4: canonical requests and signatures.
 *
 * Input: a byte of flags, then texts with a byte 0xFF between them: path,
 * query, session token, names and values of headers by turns.
 */
#include "sign/sigv4.h"

#include "sign/canonical.h"
#include "fuzz.h"
#include "format/uri.h"

enum { HEADERS = 24 };

static struct str lines_of(struct str text, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < text.n; i++)
		*n += text.p[i] == '\n';
	return text;
}

/* A query in canonical form must not change again. */
static void check_query(struct str query, const struct sigv4_request *request)
{
	struct sigv4_request again = *request;
	struct str signed_headers, rest, second;
	struct buf out;
	struct err err;

	CHECK(query.n == 0 || fuzz_is_url(query), "a query is encoded");
	buf_init(&out, 1 << 20);
	again.query = query;
	CHECK(canonical_request(&out, &signed_headers, &again, &err) == 0,
	      "a canonical query is taken");
	rest = buf_str(&out);
	fuzz_line(&rest);
	fuzz_line(&rest);
	second = fuzz_line(&rest);
	CHECK(str_eq(second, query), "a canonical query is canonical");
	buf_free(&out);
}

/* No byte of the text can begin another line. */
static void check_canonical(const struct sigv4_request *request)
{
	struct str signed_headers = STR_NONE, rest, query;
	struct err err = { .code = "" };
	struct buf out;
	size_t lines, names;

	buf_init(&out, 1 << 20);
	if (canonical_request(&out, &signed_headers, request, &err) < 0) {
		CHECK(err_is_set(&err), "an error says why");
		buf_free(&out);
		return;
	}
	names = signed_headers.n > 0;
	for (size_t i = 0; i < signed_headers.n; i++)
		names += signed_headers.p[i] == ';';
	rest = lines_of(buf_str(&out), &lines);
	CHECK(lines == names + 5, "a request has its lines and no more");
	for (size_t i = 0; i < rest.n; i++)
		CHECK((unsigned char)rest.p[i] >= ' ' || rest.p[i] == '\n',
		      "no control byte is in it");
	fuzz_line(&rest);
	CHECK(fuzz_line(&rest).p[0] == '/' || request->path.n == 0 ||
	      request->path.p[0] != '/', "a path stays one");
	query = fuzz_line(&rest);
	check_query(query, request);
	for (size_t i = 0; i < names; i++) {
		struct str line = fuzz_line(&rest);

		CHECK(line.n > 1 && memchr(line.p, ':', line.n),
		      "a header has a name");
	}
	CHECK(fuzz_line(&rest).n == 0 &&
	      str_eq(fuzz_line(&rest), signed_headers) &&
	      str_eq(rest, request->payload_hash), "then comes the rest");
	buf_free(&out);
}

static void check_signed(const struct sigv4_request *request)
{
	struct sigv4_signed made;
	struct sigv4_key key = { .secret_n = 0 }, fresh = { .secret_n = 0 };
	char signature[SIGV4_SIGNATURE_SIZE];
	struct err err = { .code = "" };

	sigv4_signed_init(&made);
	if (sigv4_sign(&made, &key, request, &err) == 0) {
		CHECK(!fuzz_has_control(buf_str(&made.authorization)),
		      "a header is one line");
		CHECK(strlen(made.signature) == SIGV4_SIGNATURE_SIZE - 1 &&
		      strlen(made.date) == SIGV4_DATE_SIZE - 1,
		      "date and signature are complete");
		memcpy(signature, made.signature, sizeof(signature));
		CHECK(sigv4_sign(&made, &fresh, request, &err) == 0 &&
		      sigv4_sign(&made, &key, request, &err) == 0 &&
		      strcmp(signature, made.signature) == 0,
		      "a kept key signs as a new one does");
	} else {
		CHECK(err_is_set(&err), "an error says why");
	}
	if (sigv4_presign(&made, &key, request, 60, &err) == 0) {
		struct str query = buf_str(&made.authorization);

		CHECK(fuzz_has_control(request->query) ||
		      !fuzz_has_control(query), "a query adds no line");
		CHECK(memchr(query.p, '=', query.n), "there is a query");
	}
	sigv4_signed_free(&made);
}

static struct str field(struct str *rest)
{
	struct str s = str_next(rest, '\xFF');

	return s.n > 0 ? s : STR("");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sigv4_credentials credentials = { STR("AKID"), STR("secret"),
						 STR_NONE };
	struct str_pair headers[HEADERS + 1] = {
		{ STR("Host"), STR("example.com") }
	};
	struct sigv4_request request = {
		.method = STR("GET"), .headers = headers, .n_headers = 1,
		.payload_hash = STR("UNSIGNED-PAYLOAD"),
		.region = STR("eu-west-1"), .service = STR("s3"),
		.time = 1440938160, .credentials = &credentials
	};
	char *copy = fuzz_copy((struct str){ (const char *)data, size });
	struct str rest = { copy, size };

	if (size > 0) {
		request.flags = data[0] & 7;
		rest = (struct str){ copy + 1, size - 1 };
	}
	request.path = field(&rest);
	request.query = field(&rest);
	credentials.session_token = field(&rest);
	if (fuzz_has_control(credentials.session_token))
		credentials.session_token = STR_NONE;
	while (rest.n > 0 && request.n_headers <= HEADERS) {
		struct str_pair *header = &headers[request.n_headers++];

		header->name = field(&rest);
		header->value = field(&rest);
	}
	check_canonical(&request);
	check_signed(&request);
	free(copy);
	return 0;
}
