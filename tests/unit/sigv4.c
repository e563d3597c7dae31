/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* gmtime_r */

#include "sign/canonical.h"
#include "sign/sigv4.h"

#include <string.h>
#include <time.h>

#include "tap.h"

#define EMPTY_HASH \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct sigv4_credentials plain = {
	{ "AKIAIOSFODNN7EXAMPLE", 20 },
	{ "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40 },
	{ NULL, 0 }
};

static const struct sigv4_credentials temporary = {
	{ "AKIAIOSFODNN7EXAMPLE", 20 },
	{ "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40 },
	{ "a/token+==", 10 }
};

static const struct str_pair host = {
	{ "Host", 4 }, { "examplebucket.s3.amazonaws.com", 30 }
};

/* The smallest request to sign: GET / in May 2013, as in S3's manual. */
static struct sigv4_request get(void)
{
	return (struct sigv4_request){
		.method = STR("GET"),
		.path = STR("/"),
		.headers = &host,
		.n_headers = 1,
		.payload_hash = STR(EMPTY_HASH),
		.region = STR("us-east-1"),
		.service = STR("s3"),
		.time = 1369353600,
		.credentials = &plain
	};
}

static struct str line_of(struct str text, int number)
{
	while (number-- > 0) {
		const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;

		if (!end)
			return STR_NONE;
		text.n -= (size_t)(end + 1 - text.p);
		text.p = end + 1;
	}
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n')
			text.n = i;
	return text;
}

/* Check a line of the canonical request, or the error if want is NULL. */
static void check_line(const struct sigv4_request *request, int number,
		       const char *want, const char *what)
{
	struct err err = { .code = "" };
	struct str signed_headers, line;
	struct buf out;
	int result;

	buf_init(&out, SIGV4_MAX_TEXT);
	result = canonical_request(&out, &signed_headers, request, &err);
	line = line_of(buf_str(&out), number);
	if (!want)
		ok(result == -1 && strcmp(err.code, "InvalidRequest") == 0,
		   "refused: %s", what);
	else if (ok(result == 0, "accepted: %s", what))
		is(line.p, line.n, want, what);
	buf_free(&out);
}

/* Stages */

static void test_paths(void)
{
	enum {
		NORMALIZE = SIGV4_NORMALIZE_PATH,
		ENCODE = SIGV4_ENCODE_PATH,
		BOTH = NORMALIZE | ENCODE
	};
	static const struct {
		const char *path;
		unsigned flags;
		const char *want;
	} table[] = {
		{ "", 0, "/" }, { "", BOTH, "/" }, { "/", BOTH, "/" },
		{ "/a%20b//./c/../d/", 0, "/a%20b//./c/../d/" },
		{ "/a%20b//./c/../d/", NORMALIZE, "/a%20b/d/" },
		{ "/a%20b//./c/../d/", ENCODE, "/a%2520b//./c/../d/" },
		{ "/a%20b//./c/../d/", BOTH, "/a%2520b/d/" },
		{ "/\xe1\x88\xb4 $", BOTH, "/%E1%88%B4%20%24" },
		{ "//", NORMALIZE, "/" }, { "/..", NORMALIZE, "/" },
		{ "/../../a", NORMALIZE, "/a" }, { "/a/..", NORMALIZE, "/" },
		{ "/a/b/..", NORMALIZE, "/a" }, { "/a/.", NORMALIZE, "/a" },
		{ "/a/b/../", NORMALIZE, "/a/" }, { "a/b", BOTH, "/a/b" },
		{ "/.a/..b/c..", NORMALIZE, "/.a/..b/c.." },
		{ "/a\nb", 0, NULL }, { "/a\x7f", BOTH, NULL }
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sigv4_request request = get();

		request.path = str_of(table[i].path);
		request.flags = table[i].flags;
		check_line(&request, 1, table[i].want, "a path");
	}
}

static void test_queries(void)
{
	static const struct {
		const char *query;
		const char *want;
	} table[] = {
		{ "", "" }, { "&", "" }, { "acl", "acl=" }, { "acl=", "acl=" },
		{ "=", "=" }, { "a=b=c", "a=b%3Dc" },
		{ "b=2&a=1", "a=1&b=2" }, { "a&&b", "a=&b=" },
		{ "a=2&a=1&a", "a=&a=1&a=2" }, { "a=1&A=2", "A=2&a=1" },
		{ "P-3=3&P=2&%E1%88%B4=1", "%E1%88%B4=1&P=2&P-3=3" },
		{ "\xe1\x88\xb4=bar", "%E1%88%B4=bar" },
		{ "%7e=%41%2f%2F", "~=A%2F%2F" },
		{ "a=1+2%2B3", "a=1%2B2%2B3" },
		{ "a=100%&b=%zz", "a=100%25&b=%25zz" },
		{ "z=1&~=2&%ff=3&%00=4&%2f=5", "%00=4&%2F=5&%FF=3&z=1&~=2" },
		{ "a=b\nc", "a=b%0Ac" }
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sigv4_request request = get();

		request.query = str_of(table[i].query);
		check_line(&request, 2, table[i].want, "a query");
	}
}

static void test_header_values(void)
{
	static const struct {
		struct str value;
		const char *want;
	} table[] = {
		{ { NULL, 0 }, "a:" },
		{ { "", 0 }, "a:" }, { { " \t ", 3 }, "a:" },
		{ { "v", 1 }, "a:v" }, { { "  v\t", 4 }, "a:v" },
		{ { "v \t w  x", 8 }, "a:v w x" },
		{ { "\"a   b\"", 7 }, "a:\"a b\"" },
		{ { "v1\n  v2\r\n\tv3", 12 }, "a:v1 v2 v3" },
		{ { "\n v", 3 }, "a:v" }, { { "v\n ", 3 }, "a:v" },
		{ { "12345678 12345678 1", 19 }, "a:12345678 12345678 1" },
		{ { "1234567  1234567 ", 17 }, "a:1234567 1234567" },
		{ { "\xc3\xa4\xff\x80\x81\x82\x83\x84\x85", 9 },
		  "a:\xc3\xa4\xff\x80\x81\x82\x83\x84\x85" },
		{ { "v\nInjected: w", 13 }, NULL },
		{ { "v\r\nInjected: w", 14 }, NULL },
		{ { "12345678\n", 9 }, NULL }, { { "v\n", 2 }, NULL },
		{ { "v\r", 2 }, NULL }, { { "v\r w", 4 }, NULL },
		{ { "v\n\n w", 5 }, NULL }, { { "1234\x7f", 5 }, NULL },
		{ { "1234567\0", 8 }, NULL }, { { "\x1f""2345678", 8 }, NULL }
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str_pair header = { STR("A"), table[i].value };
		struct sigv4_request request = get();

		request.headers = &header;
		check_line(&request, 3, table[i].want, "a value");
	}
}

static void test_header_names(void)
{
	static const char *const refused[] = {
		"", "a b", "a:", "a\n", "a;b", "a,b", "a\x7f", "\xc3\xa4", "a="
	};
	struct str_pair headers[] = {
		{ STR("X-B"), STR("1") }, { STR("host"), STR("h") },
		{ STR("x-a"), STR("2") }, { STR("x-b"), STR("0") },
		{ STR("User-Agent"), STR("s3ev") }, { STR("X-A-1"), STR("3") },
		{ STR("Expect"), STR("100-continue") },
		{ STR("CONNECTION"), STR("close") }, { STR("X-b"), STR("1") },
		{ STR("Transfer-Encoding"), STR("chunked") },
		{ STR("Upgrade"), STR("h2c") },
		{ STR("X-Amzn-Trace-Id"), STR("Root=1") },
		{ STR("!#$%&'*+^`|~._"), STR("4") }
	};
	static const char *const lines[] = {
		"!#$%&'*+^`|~._:4", "host:h", "x-a:2", "x-a-1:3",
		"x-b:1,0,1", "", "!#$%&'*+^`|~._;host;x-a;x-a-1;x-b"
	};
	struct sigv4_request request = get();

	request.headers = headers;
	request.n_headers = sizeof(headers) / sizeof(headers[0]);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check_line(&request, 3 + (int)i, lines[i], "sorted headers");
	request.n_headers = 1;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		headers[0].name = str_of(refused[i]);
		check_line(&request, 0, NULL, "a name");
	}
	request.n_headers = 0;
	check_line(&request, 5, EMPTY_HASH, "no header at all");
}

static void test_limits(void)
{
	static char many[4 * SIGV4_MAX_PARAMETERS], name[SIGV4_MAX_NAMES + 1];
	struct str_pair headers[SIGV4_MAX_HEADERS + 1];
	struct sigv4_request request = get();
	struct err err = { .code = "" };
	struct str signed_headers;
	struct buf out;

	request.headers = headers;
	for (size_t i = 0; i < SIGV4_MAX_HEADERS + 1; i++)
		headers[i] = host;
	request.n_headers = SIGV4_MAX_HEADERS;
	check_line(&request, 0, "GET", "as many headers as fit");
	request.n_headers++;
	check_line(&request, 0, NULL, "one header too many");

	memset(name, 'n', sizeof(name));
	headers[0].name = (struct str){ name, SIGV4_MAX_NAMES };
	request.n_headers = 1;
	check_line(&request, 0, "GET", "a name as long as fits");
	headers[0].name.n++;
	check_line(&request, 0, NULL, "a name that is too long");

	request = get();
	for (size_t i = 0; i < sizeof(many); i += 2)
		memcpy(many + i, "p&", 2);
	request.query = (struct str){ many, 2 * SIGV4_MAX_PARAMETERS };
	check_line(&request, 0, "GET", "as many parameters as fit");
	request.query.n += 2;
	check_line(&request, 0, NULL, "one parameter too many");

	request = get();
	for (size_t max = 0; max < 200; max++) {
		buf_init(&out, max);
		err.code[0] = '\0';
		if (canonical_request(&out, &signed_headers, &request,
					    &err) == 0) {
			ok(out.n == max, "the ceiling is the text's length");
			buf_free(&out);
			break;
		}
		if (err.code[0] == '\0')
			ok(false, "no error with a ceiling of %zu", max);
		buf_free(&out);
	}
}

static void check_date(time_t time, const char *want)
{
	struct sigv4_request request = get();
	struct err err = { .code = "" };
	struct str line;
	struct buf out;

	buf_init(&out, SIGV4_MAX_TEXT);
	request.time = time;
	if (sigv4_string_to_sign(&out, &request, STR(""), &err) < 0) {
		ok(!want && err.code[0] != '\0', "refused: a time");
	} else {
		line = line_of(buf_str(&out), 1);
		is(line.p, line.n, want ? want : "", "a date");
	}
	buf_free(&out);
}

/* Every third day until the year 9999, at various times of day. */
static void compare_dates(void)
{
	struct sigv4_request request = get();
	size_t wrong = 0;
	struct err err;
	struct buf out;

	buf_init(&out, SIGV4_MAX_TEXT);
	for (request.time = 0; request.time < 253402300800;
	     request.time += 257301) {
		char want[SIGV4_DATE_SIZE];
		struct tm tm;

		buf_reset(&out);
		strftime(want, sizeof(want), "%Y%m%dT%H%M%SZ",
			 gmtime_r(&request.time, &tm));
		if (sigv4_string_to_sign(&out, &request, STR(""), &err) < 0 ||
		    !str_is(line_of(buf_str(&out), 1), want))
			wrong++;
	}
	ok(wrong == 0, "all dates are those of gmtime_r");
	buf_free(&out);
}

static void test_dates(void)
{
	check_date(0, "19700101T000000Z");
	check_date(951782399, "20000228T235959Z");
	check_date(951782400, "20000229T000000Z");
	check_date(951868800, "20000301T000000Z");
	check_date(1456790399, "20160229T235959Z");
	check_date(1735689599, "20241231T235959Z");
	check_date(4107542400, "21000301T000000Z");
	check_date(253402300799, "99991231T235959Z");
	check_date(253402300800, NULL);
	check_date(-1, NULL);
	compare_dates();
}

static void test_string_to_sign(void)
{
	struct sigv4_request request = get();
	struct err err;
	struct buf out;

	buf_init(&out, SIGV4_MAX_TEXT);
	ok(sigv4_string_to_sign(&out, &request, STR(""), &err) == 0,
	   "a string to sign is made");
	is(buf_str(&out).p, out.n,
	   "AWS4-HMAC-SHA256\n"
	   "20130524T000000Z\n"
	   "20130524/us-east-1/s3/aws4_request\n"
	   EMPTY_HASH, "it has four lines");
	buf_free(&out);
}

static void check_signature(struct sigv4_key *key, struct str secret,
			    const char *scope, const char *want)
{
	char signature[SIGV4_SIGNATURE_SIZE] = "";
	struct err err = { .code = "" };
	struct buf text;

	buf_init(&text, SIGV4_MAX_TEXT);
	buf_printf(&text, "AWS4-HMAC-SHA256\n20130524T000000Z\n%s\n"
		   "7344ae5b7ee6c3e7e6b0fe0640412a37"
		   "625d1fbfff95c48bbb2dc43964946972", scope);
	if (sigv4_signature(signature, key, secret, buf_str(&text), &err) < 0)
		ok(!want && err.code[0] != '\0', "refused: a signature");
	else
		is(signature, strlen(signature), want ? want : "",
		   "a signature");
	buf_free(&text);
}

/* Each case differs from the one before; the last one is the first again. */
static void test_signature(void)
{
	static char filled[SIGV4_MAX_SECRET + 1];
	static char long_scope[SIGV4_MAX_SCOPE + 2];
	const struct str secret = plain.secret_access_key;
	const struct {
		struct str secret;
		const char *scope;
		const char *want;
	} table[] = {
		{ secret, "20130524/us-east-1/s3/aws4_request",
		  "f0e8bdb87c964420e857bd35b5d6ed31"
		  "0bd44f0170aba48dd91039c6036bdb41" },
		{ secret, "20130525/us-east-1/s3/aws4_request",
		  "e681f8aaa18a1e43b9dd0e35d0a2dadc"
		  "54d66f615b83cca7316c22e652a9af60" },
		{ secret, "20130524/eu-west-1/s3/aws4_request",
		  "8bdd9c6217292101f488ae0d79dba625"
		  "094242b560bbb2874110d9f7242d47a8" },
		{ secret, "20130524/us-east-1/dynamodb/aws4_request",
		  "de8a647c07b8e16ca0eea5c63b677996"
		  "08b1c32d1835475c8ee99e36f3e7005e" },
		{ { secret.p, 39 }, "20130524/us-east-1/s3/aws4_request",
		  "1e6a79474ad0ba8a98b414ba1a12db33"
		  "c9c1d835befd7f3da97982487760776b" },
		{ { filled, SIGV4_MAX_SECRET },
		  "20130524/us-east-1/s3/aws4_request",
		  "5651c3a3d25c96b17f861faf0fed2baa"
		  "2c63f9df4d374da4a4d2209c2ec1cfd5" },
		{ { filled, SIGV4_MAX_SECRET + 1 },
		  "20130524/us-east-1/s3/aws4_request", NULL },
		{ STR_NONE, "20130524/us-east-1/s3/aws4_request", NULL },
		{ secret, "", NULL },
		{ secret, long_scope, NULL }
	};
	struct sigv4_key key, empty;

	memset(filled, 'x', sizeof(filled));
	memset(long_scope, 'x', sizeof(long_scope) - 1);
	memset(&key, 0, sizeof(key));
	memset(&empty, 0, sizeof(empty));
	for (size_t i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++)
		check_signature(&key, table[i / 2].secret, table[i / 2].scope,
				table[i / 2].want);
	check_signature(&key, secret, table[0].scope, table[0].want);
	sigv4_key_wipe(&key);
	ok(memcmp(&key, &empty, sizeof(key)) == 0, "a key is wiped");
	check_signature(&key, secret, table[0].scope, table[0].want);
}

/* All together */

/*
 * The examples in S3's manual: "Authenticating Requests: Using the
 * Authorization Header" and "Using Query Parameters".
 */
static void test_manual(void)
{
	static const struct {
		const char *method, *path, *query, *hash;
		struct str_pair header;
		const char *signature;
	} table[] = {
		{ "GET", "/test.txt", "", EMPTY_HASH,
		  { { "Range", 5 }, { "bytes=0-9", 9 } },
		  "f0e8bdb87c964420e857bd35b5d6ed31"
		  "0bd44f0170aba48dd91039c6036bdb41" },
		{ "PUT", "/test%24file.text", "",
		  "44ce7dd67c959e0d3524ffac1771dfbb"
		  "a87d2b6b4b4e99e42034a8b803f8b072",
		  { { "x-amz-storage-class", 19 },
		    { "REDUCED_REDUNDANCY", 18 } },
		  "98ad721746da40c64f1a55b78f14c238"
		  "d841ea1380cd77a1b5971af0ece108bd" },
		{ "GET", "/", "lifecycle", EMPTY_HASH,
		  { { "user-agent", 10 }, { "", 0 } },
		  "fea454ca298b7da1c68078a5d1bdbfbb"
		  "e0d65c699e0f91ac7a200a0136783543" },
		{ "GET", "/", "prefix=J&max-keys=2", EMPTY_HASH,
		  { { "expect", 6 }, { "", 0 } },
		  "34b48302e7b5fa45bde8084f4b7868a8"
		  "6f0a534bc59db6670ed5711ef69dc6f7" }
	};
	struct sigv4_key key = { .secret_n = 0 };
	struct sigv4_signed made;
	struct err err;

	sigv4_signed_init(&made);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sigv4_request request = get();
		struct str_pair headers[] = {
			table[i].header, host,
			{ STR("x-amz-content-sha256"), str_of(table[i].hash) },
			{ STR("Date"), STR("Fri, 24 May 2013 00:00:00 GMT") }
		};

		request.method = str_of(table[i].method);
		request.path = str_of(table[i].path);
		request.query = str_of(table[i].query);
		request.payload_hash = str_of(table[i].hash);
		request.headers = headers;
		request.n_headers = str_is(request.method, "PUT") ? 4 : 3;
		ok(sigv4_sign(&made, &key, &request, &err) == 0, "it signs");
		is(made.signature, strlen(made.signature), table[i].signature,
		   "as S3's manual does");
		is(made.date, strlen(made.date), "20130524T000000Z",
		   "the date is given");
	}
	sigv4_signed_free(&made);
	sigv4_signed_free(NULL);
	sigv4_key_wipe(&key);
}

static void test_sign(void)
{
	struct str_pair headers[SIGV4_MAX_HEADERS];
	struct sigv4_key key = { .secret_n = 0 };
	struct sigv4_request request = get();
	struct sigv4_signed made;
	struct str line;
	struct err err;

	sigv4_signed_init(&made);
	ok(sigv4_sign(&made, &key, &request, &err) == 0, "without a token");
	is(buf_str(&made.authorization).p, made.authorization.n,
	   "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
	   "us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, "
	   "Signature=a9fbf544a39d0dde459000ebc7dcb80e"
	   "db69e7a2b61d92296e36ea4114bea7a0", "the header's value");
	request.credentials = &temporary;
	ok(sigv4_sign(&made, &key, &request, &err) == 0, "with a token");
	line = line_of(buf_str(&made.canonical_request), 5);
	is(line.p, line.n, "x-amz-security-token:a/token+==",
	   "the token is signed");
	request.flags = SIGV4_OMIT_TOKEN;
	ok(sigv4_sign(&made, &key, &request, &err) == 0, "token omitted");
	line = line_of(buf_str(&made.canonical_request), 6);
	is(line.p, line.n, "host;x-amz-date", "the token is not signed");

	for (size_t i = 0; i < SIGV4_MAX_HEADERS; i++)
		headers[i] = host;
	request.headers = headers;
	request.n_headers = SIGV4_MAX_HEADERS - 2;
	ok(sigv4_sign(&made, &key, &request, &err) == 0, "many headers");
	request.n_headers++;
	ok(sigv4_sign(&made, &key, &request, &err) == -1 &&
	   strcmp(err.code, "InvalidRequest") == 0, "too many headers");
	ok(made.authorization.n == 0, "nothing is left of the last one");
	request.n_headers = 1;
	headers[0].value = STR("h\nX-Injected: 1");
	ok(sigv4_sign(&made, &key, &request, &err) == -1, "a line too many");
	headers[0] = host;
	request.time = -1;
	ok(sigv4_sign(&made, &key, &request, &err) == -1, "before 1970");
	sigv4_signed_free(&made);
	sigv4_key_wipe(&key);
}

static void check_presigned(const struct sigv4_request *request,
			    unsigned long seconds, const char *want,
			    const char *what)
{
	struct sigv4_key key = { .secret_n = 0 };
	struct sigv4_signed made;
	struct err err;

	sigv4_signed_init(&made);
	if (ok(sigv4_presign(&made, &key, request, seconds, &err) == 0, "%s",
	       what))
		is(buf_str(&made.authorization).p, made.authorization.n, want,
		   what);
	sigv4_signed_free(&made);
	sigv4_key_wipe(&key);
}

#define PRESIGNED \
	"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" \
	"AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" \
	"&X-Amz-Date=20130524T000000Z&X-Amz-SignedHeaders=host"

static void test_presign(void)
{
	struct sigv4_request request = get();

	request.path = STR("/test.txt");
	request.payload_hash = STR("UNSIGNED-PAYLOAD");
	check_presigned(&request, 86400, PRESIGNED "&X-Amz-Expires=86400"
			"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835"
			"f995330da4c265957d157751f604d404",
			"presigned as in S3's manual");
	request.query = STR("versionId=a%2Fb");
	request.credentials = &temporary;
	check_presigned(&request, 0, "versionId=a%2Fb&" PRESIGNED
			"&X-Amz-Security-Token=a%2Ftoken%2B%3D%3D"
			"&X-Amz-Signature=8761eaf272db60a8748d3c891dbd76e1"
			"07b21508a618cb80cb30d2986d56f2a9",
			"presigned with a token");
	request.flags = SIGV4_OMIT_TOKEN;
	check_presigned(&request, 0, "versionId=a%2Fb&" PRESIGNED
			"&X-Amz-Security-Token=a%2Ftoken%2B%3D%3D"
			"&X-Amz-Signature=18d07012de63de0d20c6261b72073b74"
			"01aa8fb4e01905ebd1d1732595ee5460",
			"presigned with a token that is not signed");
}

int main(void)
{
	test_paths();
	test_queries();
	test_header_values();
	test_header_names();
	test_limits();
	test_dates();
	test_string_to_sign();
	test_signature();
	test_manual();
	test_sign();
	test_presign();
	return done();
}
