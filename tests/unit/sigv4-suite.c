/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4-suite DIR...: run the published test suites of Signature Version 4.
 *
 * Two formats are known, in any mixture and at any depth below DIR:
 *
 *	NAME.req, and what is made of it: NAME.creq .sts .authz .sreq
 *	context.json, request.txt, and what is made of them by headers and by
 *	the query: {header,query}-{canonical-request,string-to-sign,
 *	signature,signed-request}.txt
 *
 * Each output file that exists is a stage to compare.  A line is printed for
 * each stage that fails, and at the end how many did.  The exit status is 1 if
 * a stage failed or if there was no stage.
 *
 * Lines may end in CRLF, and files in a newline or not.  The order of headers
 * and parameters in a signed request is the client's business: they are
 * sorted before they are compared.
 */
#define _DEFAULT_SOURCE		/* timegm */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <yajl/yajl_tree.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "format/uri.h"
#include "hash/digest.h"
#include "sign/canonical.h"
#include "sign/sigv4.h"

enum {
	MEMORY_MAX = 64 << 20,	/* of one case */
	LINES_MAX = 256
};

struct message {
	struct str method;
	struct str path;
	struct str query;
	struct str_pair headers[LINES_MAX];
	size_t n_headers;
	struct str body;
};

struct test_case {
	const char *name;
	struct message message;
	struct sigv4_credentials credentials;
	struct sigv4_request request;
	unsigned long seconds;	/* how long a presigned request is good */
	bool sign_body;
};

struct suite {
	struct arena arena;	/* of one case */
	struct sigv4_key key;
	struct sigv4_signed made;
	unsigned long cases;
	unsigned long passed;	/* stages */
	unsigned long failed;
};

/* Text */

static struct str trimmed(struct str s)
{
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	while (s.n > 0 && strchr(" \t\r\n", s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

/* The part before c; *rest becomes what follows c, or absent without a c. */
static struct str cut(struct str *rest, char c)
{
	const char *found = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;
	struct str part = *rest;

	if (!found) {
		*rest = STR_NONE;
		return part;
	}
	part.n = (size_t)(found - part.p);
	*rest = (struct str){ found + 1, rest->n - part.n - 1 };
	return part;
}

static struct str cut_line(struct str *rest)
{
	struct str line = cut(rest, '\n');

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool same_name(struct str name, const char *literal)
{
	return name.n == strlen(literal) &&
	       strncasecmp(name.p, literal, name.n) == 0;
}

static void *checked(void *p)
{
	if (!p) {
		fputs("sigv4-suite: out of memory\n", stderr);
		exit(71);
	}
	return p;
}

static struct str keep(struct suite *suite, struct str s)
{
	struct str copy = arena_dup(&suite->arena, s);

	checked((void *)copy.p);
	return copy;
}

static struct str without_cr(struct suite *suite, struct str s)
{
	char *copy = checked(arena_alloc(&suite->arena, s.n + 1));
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r')
			copy[n++] = s.p[i];
	return (struct str){ copy, n };
}

/* A file's bytes, followed by a NUL, or an absent str. */
static struct str read_file(struct suite *suite, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	char *bytes;
	size_t n;

	if (!file)
		return STR_NONE;
	if (fstat(fileno(file), &status) < 0 || !S_ISREG(status.st_mode)) {
		fclose(file);
		return STR_NONE;
	}
	n = (size_t)status.st_size;
	bytes = checked(arena_alloc(&suite->arena, n + 1));
	n = fread(bytes, 1, n, file);
	fclose(file);
	return (struct str){ bytes, n };
}

static struct str read_in(struct suite *suite, const char *dir,
			  const char *prefix, const char *name)
{
	return read_file(suite, checked(arena_printf(&suite->arena, "%s/%s%s",
						     dir, prefix, name)));
}

/* Requests */

static struct str_pair *find_header(struct message *message,
					const char *name)
{
	for (size_t i = 0; i < message->n_headers; i++)
		if (same_name(message->headers[i].name, name))
			return &message->headers[i];
	return NULL;
}

static void add_header(struct message *message, const char *name,
		       struct str value)
{
	if (message->n_headers < LINES_MAX)
		message->headers[message->n_headers++] =
			(struct str_pair){ str_of(name), value };
}

/* The target may hold spaces, and the version may be missing. */
static void parse_request_line(struct message *message, struct str line)
{
	message->method = cut(&line, ' ');
	for (size_t i = line.n; i-- > 0;) {
		struct str last = { line.p + i, line.n - i };

		if (str_has_prefix(last, STR(" HTTP/"))) {
			line.n = i;
			break;
		}
	}
	message->path = cut(&line, '?');
	message->query = line;
}

static int parse_message(struct message *message, struct str text)
{
	memset(message, 0, sizeof(*message));
	parse_request_line(message, cut_line(&text));
	while (text.n > 0) {
		struct str value = cut_line(&text);
		struct str_pair *last;
		struct str name;

		if (value.n == 0)
			break;
		if (value.p[0] == ' ' || value.p[0] == '\t') {
			if (message->n_headers == 0)
				return -1;
			last = &message->headers[message->n_headers - 1];
			last->value.n = (size_t)(value.p - last->value.p) +
					value.n;
			continue;
		}
		name = cut(&value, ':');
		if (!value.p || message->n_headers == LINES_MAX)
			return -1;
		message->headers[message->n_headers++] =
			(struct str_pair){ name, value };
	}
	message->body = text;
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static void put_sorted(struct buf *out, struct str *texts, size_t n,
		       char separator)
{
	qsort(texts, n, sizeof(texts[0]), compare_texts);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, separator);
		buf_put_str(out, texts[i]);
	}
}

static struct str header_line(struct suite *suite,
			      const struct str_pair *header)
{
	struct str value = trimmed(header->value);
	char *line = checked(arena_printf(&suite->arena, "%.*s:%.*s",
					  STR_FMT(header->name),
					  STR_FMT(value)));

	for (size_t i = 0; i < header->name.n; i++)
		if (line[i] >= 'A' && line[i] <= 'Z')
			line[i] = (char)(line[i] - 'A' + 'a');
	return str_of(line);
}

/* A message as one text that does not depend on the order of its parts. */
static struct str rendered(struct suite *suite, const struct message *message)
{
	struct str texts[LINES_MAX];
	struct str query = message->query;
	struct str text;
	struct buf out;
	size_t n = 0;

	buf_init(&out, MEMORY_MAX / 4);
	buf_put_str(&out, message->method);
	buf_putc(&out, ' ');
	buf_put_str(&out, message->path);
	buf_putc(&out, ' ');
	while (query.n > 0 && n < LINES_MAX)
		texts[n++] = cut(&query, '&');
	put_sorted(&out, texts, n, '&');
	buf_putc(&out, '\n');
	for (n = 0; n < message->n_headers; n++)
		texts[n] = header_line(suite, &message->headers[n]);
	put_sorted(&out, texts, n, '\n');
	buf_puts(&out, "\n\n");
	buf_put_str(&out, trimmed(message->body));
	text = without_cr(suite, buf_str(&out));
	buf_free(&out);
	return text;
}

/* Stages */

static void print_line(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n')
			fputs("\\n", stdout);
		else
			putchar(text.p[i]);
	}
}

static void report(struct suite *suite, const struct test_case *test,
		   const char *stage, struct str got, struct str want)
{
	printf("%s: %s: got '", test->name, stage);
	print_line(got);
	fputs("', want '", stdout);
	print_line(want);
	puts("'");
	suite->failed++;
}

/* Compare with the text of a file, which is absent if there is no file. */
static void check(struct suite *suite, const struct test_case *test,
		  const char *stage, struct str got, struct str want)
{
	if (!want.p)
		return;
	got = trimmed(got);
	want = trimmed(without_cr(suite, want));
	if (str_eq(got, want))
		suite->passed++;
	else
		report(suite, test, stage, got, want);
}

static void check_message(struct suite *suite, const struct test_case *test,
			  const char *stage, const struct message *got,
			  struct str want)
{
	struct message message;

	if (!want.p)
		return;
	if (parse_message(&message, want) < 0)
		report(suite, test, stage, rendered(suite, got), want);
	else
		check(suite, test, stage, rendered(suite, got),
		      rendered(suite, &message));
}

/* Signing was refused: that fails the stage, if there is such a stage. */
static void check_refused(struct suite *suite, const struct test_case *test,
			  const char *stage, const struct err *err,
			  struct str want)
{
	char *text = checked(arena_printf(&suite->arena, "%s: %s", err->code,
					  err->message));

	check(suite, test, stage, str_of(text), want);
}

/* Cases */

static struct str sha256_of(struct suite *suite, struct str text)
{
	unsigned char digest[DIGEST_SHA256_SIZE];
	char hex[DIGEST_HEX_SIZE(sizeof(digest))];

	digest_sha256(text.p, text.n, digest);
	digest_hex(hex, digest, sizeof(digest));
	return keep(suite, str_of(hex));
}

/*
 * The caller gives the payload's hash.  Editors and version control may have
 * changed line ends in the files, so the body can be read in several ways: the
 * right one is that whose hash ends the expected canonical request.
 */
static struct str payload_hash(struct suite *suite, struct test_case *test,
			       struct str canonical_request)
{
	struct str_pair *given = find_header(&test->message,
						 "x-amz-content-sha256");
	struct str body = test->message.body;
	struct str bodies[] = {
		body, trimmed(body), without_cr(suite, body),
		trimmed(without_cr(suite, body)), STR("")
	};
	struct str want = trimmed(canonical_request);
	size_t n = sizeof(bodies) / sizeof(bodies[0]);

	while (want.n > 0 && memchr(want.p, '\n', want.n))
		cut(&want, '\n');
	if (given)
		return trimmed(given->value);
	if (str_is(want, "UNSIGNED-PAYLOAD"))
		return want;
	/* Without sign_body the last way is right: the hash of nothing. */
	for (size_t i = test->sign_body ? 0 : n - 1; i < n; i++)
		if (str_eq(sha256_of(suite, bodies[i]), want))
			return want;
	return sha256_of(suite, bodies[test->sign_body ? 0 : n - 1]);
}

/* "2015-08-30T12:36:00Z", with or without punctuation. */
static time_t parse_time(struct str text)
{
	int fields[6] = { 0 };
	static const size_t widths[6] = { 4, 2, 2, 2, 2, 2 };
	size_t field = 0, width = 0;
	struct tm tm = { 0 };

	for (size_t i = 0; i < text.n && field < 6; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			continue;
		fields[field] = fields[field] * 10 + text.p[i] - '0';
		if (++width == widths[field]) {
			field++;
			width = 0;
		}
	}
	tm.tm_year = fields[0] - 1900;
	tm.tm_mon = fields[1] - 1;
	tm.tm_mday = fields[2];
	tm.tm_hour = fields[3];
	tm.tm_min = fields[4];
	tm.tm_sec = fields[5];
	return timegm(&tm);
}

/*
 * Make the request from the message.  The suites have paths that no client
 * would send.  For S3, where a path is signed unchanged, it is encoded first.
 */
static void set_request(struct suite *suite, struct test_case *test,
			unsigned flags)
{
	struct sigv4_request *request = &test->request;
	struct buf path;

	request->method = test->message.method;
	request->path = test->message.path;
	request->query = test->message.query;
	request->headers = test->message.headers;
	request->n_headers = test->message.n_headers;
	request->credentials = &test->credentials;
	request->flags = flags;
	if (!str_is(request->service, "s3"))
		return;
	request->flags &= SIGV4_OMIT_TOKEN;
	request->path = keep(suite, request->path);
	request->path.n = uri_decode_percent((char *)request->path.p,
					     request->path);
	buf_init(&path, MEMORY_MAX / 4);
	uri_encode_path(&path, request->path);
	request->path = keep(suite, buf_str(&path));
	buf_free(&path);
}

/* The old format */

/* Scope and time come from the files, if those exist. */
static void read_scope(struct test_case *test, struct str string_to_sign,
		       struct str authorization)
{
	struct str_pair *date = find_header(&test->message, "x-amz-date");
	struct str scope;

	test->credentials = (struct sigv4_credentials){
		.access_key_id = STR("AKIDEXAMPLE"),
		.secret_access_key =
			STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	};
	test->request.region = STR("us-east-1");
	test->request.service = STR("service");
	test->request.time = parse_time(date ? trimmed(date->value) :
					STR("20150830T123600Z"));
	cut(&string_to_sign, '\n');
	if (string_to_sign.p)
		test->request.time = parse_time(cut_line(&string_to_sign));
	scope = cut_line(&string_to_sign);
	if (authorization.p) {
		cut(&authorization, '=');
		scope = cut(&authorization, ',');
		test->credentials.access_key_id = cut(&scope, '/');
	}
	cut(&scope, '/');
	if (scope.p) {
		test->request.region = cut(&scope, '/');
		test->request.service = cut(&scope, '/');
	}
}

static bool mentions_token(struct str text)
{
	return text.p && strstr(text.p, "x-amz-security-token");
}

/* The session token may be only in the files made from the request. */
static void add_token(struct message *message, struct str creq,
		      struct str sreq)
{
	struct message sent;
	struct str_pair *token;

	if (find_header(message, "x-amz-security-token"))
		return;
	parse_message(&sent, sreq);
	token = find_header(&sent, "x-amz-security-token");
	if (token)
		add_header(message, "X-Amz-Security-Token", token->value);
	while (!token && creq.n > 0) {
		struct str value = cut_line(&creq);

		if (!str_is(cut(&value, ':'), "x-amz-security-token"))
			continue;
		add_header(message, "X-Amz-Security-Token", value);
		return;
	}
}

/* One case of the suite has the right signature in .authz but not in .sreq. */
static bool is_contradiction(struct str authz, struct str sreq)
{
	struct message sent;
	struct str_pair *header;

	if (!authz.p || parse_message(&sent, sreq) < 0)
		return false;
	header = find_header(&sent, "authorization");
	return header && !str_eq(trimmed(header->value), trimmed(authz));
}

static void run_old(struct suite *suite, const char *dir, const char *stem)
{
	struct test_case test = { .sign_body = true };
	struct str req = read_in(suite, dir, stem, ".req");
	struct str creq = read_in(suite, dir, stem, ".creq");
	struct str sts = read_in(suite, dir, stem, ".sts");
	struct str authz = read_in(suite, dir, stem, ".authz");
	struct str sreq = read_in(suite, dir, stem, ".sreq");
	struct sigv4_signed *made = &suite->made;
	struct str signed_headers;
	struct err err;

	test.name = checked(arena_printf(&suite->arena, "%s/%s", dir, stem));
	suite->cases++;
	if (parse_message(&test.message, req) < 0) {
		report(suite, &test, "req", req, STR("an HTTP request"));
		return;
	}
	read_scope(&test, sts, authz);
	if (mentions_token(creq) || mentions_token(authz))
		add_token(&test.message, creq, sreq);
	set_request(suite, &test, SIGV4_NORMALIZE_PATH | SIGV4_ENCODE_PATH);
	test.request.payload_hash = payload_hash(suite, &test, creq);

	buf_reset(&made->canonical_request);
	buf_reset(&made->string_to_sign);
	buf_reset(&made->authorization);
	if (canonical_request(&made->canonical_request, &signed_headers,
				    &test.request, &err) < 0 ||
	    sigv4_string_to_sign(&made->string_to_sign, &test.request,
				 buf_str(&made->canonical_request),
				 &err) < 0 ||
	    sigv4_signature(made->signature, &suite->key,
			    test.credentials.secret_access_key,
			    buf_str(&made->string_to_sign), &err) < 0) {
		check_refused(suite, &test, "creq", &err, creq);
		check_refused(suite, &test, "sts", &err, sts);
		check_refused(suite, &test, "authz", &err, authz);
		check_refused(suite, &test, "sreq", &err, sreq);
		return;
	}
	sigv4_authorization(&made->authorization,
			    test.credentials.access_key_id,
			    buf_str(&made->string_to_sign), signed_headers,
			    made->signature);
	check(suite, &test, "creq", buf_str(&made->canonical_request), creq);
	check(suite, &test, "sts", buf_str(&made->string_to_sign), sts);
	check(suite, &test, "authz", buf_str(&made->authorization), authz);
	if (is_contradiction(authz, sreq)) {
		printf("%s: sreq: not what authz says, not run\n", test.name);
		return;
	}
	add_token(&test.message, STR_NONE, sreq);
	add_header(&test.message, "Authorization",
		   buf_str(&made->authorization));
	check_message(suite, &test, "sreq", &test.message, sreq);
}

/* The new format */

static struct str json_text(struct suite *suite, yajl_val root,
			    const char *parent, const char *name)
{
	const char *path[] = { parent ? parent : name, parent ? name : NULL,
			       NULL };
	yajl_val value = yajl_tree_get(root, path, yajl_t_string);

	return value ? keep(suite, str_of(YAJL_GET_STRING(value))) : STR_NONE;
}

static bool json_flag(yajl_val root, const char *name, bool otherwise)
{
	const char *path[] = { name, NULL };
	yajl_val value = yajl_tree_get(root, path, yajl_t_any);

	if (YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value))
		return YAJL_IS_TRUE(value);
	return otherwise;
}

/* Returns the flags, or -1 if this is not a context. */
static int read_context(struct suite *suite, struct test_case *test,
			struct str json)
{
	const char *expiration[] = { "expiration_in_seconds", NULL };
	yajl_val root = yajl_tree_parse(json.p, NULL, 0);
	yajl_val number;
	int flags = SIGV4_ENCODE_PATH;

	if (!root)
		return -1;
	test->credentials = (struct sigv4_credentials){
		json_text(suite, root, "credentials", "access_key_id"),
		json_text(suite, root, "credentials", "secret_access_key"),
		json_text(suite, root, "credentials", "token")
	};
	test->request.region = json_text(suite, root, NULL, "region");
	test->request.service = json_text(suite, root, NULL, "service");
	test->request.time = parse_time(json_text(suite, root, NULL,
						  "timestamp"));
	test->sign_body = json_flag(root, "sign_body", false);
	number = yajl_tree_get(root, expiration, yajl_t_number);
	test->seconds = YAJL_IS_INTEGER(number) ?
		(unsigned long)YAJL_GET_INTEGER(number) : 3600;
	if (json_flag(root, "normalize", true))
		flags |= SIGV4_NORMALIZE_PATH;
	if (json_flag(root, "omit_session_token", false))
		flags |= SIGV4_OMIT_TOKEN;
	yajl_tree_free(root);
	return flags;
}

/* Append the headers that a client adds to a message it signed by headers. */
static void add_signature(struct test_case *test,
			  const struct sigv4_signed *made)
{
	struct message *message = &test->message;

	add_header(message, "X-Amz-Date", str_of(made->date));
	if (test->credentials.session_token.n > 0)
		add_header(message, "X-Amz-Security-Token",
			   test->credentials.session_token);
	add_header(message, "Authorization", buf_str(&made->authorization));
}

/* One way to sign: what is expected, and whether it is by the query. */
static void run_way(struct suite *suite, const char *dir, struct test_case test,
		    unsigned flags, bool by_query)
{
	static const char *const stages[] = {
		"canonical-request", "string-to-sign", "signature",
		"signed-request"
	};
	struct sigv4_signed *made = &suite->made;
	struct str want[4];
	char *names[4];
	struct err err;
	int result;

	for (size_t i = 0; i < 4; i++) {
		names[i] = checked(arena_printf(&suite->arena, "%s-%s",
						by_query ? "query" : "header",
						stages[i]));
		want[i] = read_in(suite, dir, names[i], ".txt");
	}
	if (str_has_prefix(want[1], STR("AWS4-ECDSA"))) {
		printf("%s: %s: signed by SigV4A, not run\n", test.name,
		       by_query ? "query" : "header");
		return;
	}
	test.request.payload_hash = payload_hash(suite, &test, want[0]);
	if (test.sign_body && !by_query)
		add_header(&test.message, "X-Amz-Content-Sha256",
			   test.request.payload_hash);
	set_request(suite, &test, flags);
	result = by_query ?
		sigv4_presign(made, &suite->key, &test.request, test.seconds,
			      &err) :
		sigv4_sign(made, &suite->key, &test.request, &err);
	if (result < 0) {
		for (size_t i = 0; i < 4; i++)
			check_refused(suite, &test, names[i], &err, want[i]);
		return;
	}
	if (by_query)
		test.message.query = buf_str(&made->authorization);
	else
		add_signature(&test, made);
	check(suite, &test, names[0], buf_str(&made->canonical_request),
	      want[0]);
	check(suite, &test, names[1], buf_str(&made->string_to_sign), want[1]);
	check(suite, &test, names[2], str_of(made->signature), want[2]);
	check_message(suite, &test, names[3], &test.message, want[3]);
}

static void run_new(struct suite *suite, const char *dir, struct str context)
{
	struct test_case test = { .name = dir };
	struct str request = read_in(suite, dir, "", "request.txt");
	int flags = read_context(suite, &test, context);

	suite->cases++;
	if (flags < 0) {
		report(suite, &test, "context", context, STR("JSON"));
	} else if (parse_message(&test.message, request) < 0) {
		report(suite, &test, "request", request,
		       STR("an HTTP request"));
	} else {
		run_way(suite, dir, test, (unsigned)flags, false);
		run_way(suite, dir, test, (unsigned)flags, true);
	}
}

/* The walk */

static void run_directory(struct suite *suite, const char *dir);

static void run_entry(struct suite *suite, const char *dir, const char *name)
{
	char *path = malloc(strlen(dir) + strlen(name) + 2);
	struct str context;
	struct stat status;
	char *stem;

	checked(path);
	sprintf(path, "%s/%s", dir, name);
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		run_directory(suite, path);
	} else if (str_has_suffix(str_of(name), STR(".req"))) {
		stem = arena_printf(&suite->arena, "%.*s",
				    (int)strlen(name) - 4, name);
		run_old(suite, dir, checked(stem));
	} else if (strcmp(name, "context.json") == 0) {
		context = read_file(suite, path);
		run_new(suite, dir, context);
	}
	arena_reset(&suite->arena);
	free(path);
}

static void run_directory(struct suite *suite, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	if (n < 0) {
		perror(dir);
		suite->failed++;
		return;
	}
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			run_entry(suite, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	static struct suite suite;

	if (argc < 2) {
		fputs("usage: sigv4-suite DIR...\n", stderr);
		return 64;
	}
	arena_init(&suite.arena, MEMORY_MAX);
	sigv4_signed_init(&suite.made);
	for (int i = 1; i < argc; i++)
		run_directory(&suite, argv[i]);
	printf("stages of %lu cases:\n%lu passed, %lu failed\n", suite.cases,
	       suite.passed, suite.failed);
	sigv4_signed_free(&suite.made);
	sigv4_key_wipe(&suite.key);
	arena_free(&suite.arena);
	return suite.failed > 0 || suite.passed == 0;
}
