/* SPDX-License-Identifier: Apache-2.0 */
/* check: what each check accepts, and where it finds a fault. */
#include <stdint.h>

#include "check/check.h"
#include "format/gunzip.h"
#include "tap.h"

static struct arena arena;

/* "" if data is good, else code, line, column and byte of the fault. */
static void ask(char answer[128], const struct check_rules *rules,
		struct str data, size_t piece)
{
	static const struct record record = {
		.etag = STR("900150983cd24fb0d6963f7d28e17f72"),
	};
	struct checks checks;
	struct err err;
	int status = 0;

	arena_reset(&arena);
	checks_begin(&checks, rules, rules->kinds, &record, &arena, &err);
	for (size_t i = 0; status == 0 && i < data.n; i += piece)
		status = checks_update(&checks, data.p + i, data.n - i < piece ?
				       data.n - i : piece);
	if (status == 0)
		status = checks_end(&checks);
	answer[0] = '\0';
	if (status < 0)
		snprintf(answer, 128, "%.*s %llu %llu %llu",
			 STR_FMT(checks.bad.code), checks.bad.line,
			 checks.bad.column, checks.bad.byte);
	checks_free(&checks);
}

static void expect(const struct check_rules *rules, struct str data,
		   const char *want, const char *what)
{
	char answer[128];

	ask(answer, rules, data, SIZE_MAX / 2);
	is(answer, strlen(answer), want, what);
	ask(answer, rules, data, 1);
	is(answer, strlen(answer), want, "the same byte by byte");
}

static const struct {
	enum check_kind kind;
	unsigned columns;
	struct str data;
	const char *want;
} table[] = {
	{ CHECK_UTF8, 0, STR(""), "" },
	{ CHECK_UTF8, 0, STR("plain text of more than sixteen bytes\n"), "" },
	{ CHECK_UTF8, 0, STR("\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF"
			     "\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80"
			     "\xF4\x8F\xBF\xBF"), "" },
	{ CHECK_UTF8, 0, STR("\xEF\xBB\xBF""a"), "" },
	{ CHECK_UTF8, 0, STR("\0"), "NulByte 1 1 1" },
	{ CHECK_UTF8, 0, STR("ab\nc\0\0"), "NulByte 2 2 5" },
	{ CHECK_UTF8, 0, STR("a\0b"), "NulByte 1 2 2" },
	{ CHECK_UTF8, 0, STR("a\0b\0"), "UTF16 1 1 1" },
	{ CHECK_UTF8, 0, STR("\0a\0b\0\n"), "UTF16 1 1 1" },
	{ CHECK_UTF8, 0, STR("\xFF\xFE"), "UTF16 1 1 1" },
	{ CHECK_UTF8, 0, STR("\xFE\xFF\0a"), "UTF16 1 1 1" },
	{ CHECK_UTF8, 0, STR("\xFF\xFE\0\0"), "UTF32 1 1 1" },
	{ CHECK_UTF8, 0, STR("\0\0\xFE\xFF"), "UTF32 1 1 1" },
	{ CHECK_UTF8, 0, STR("a\0\0\0"), "UTF32 1 1 1" },
	{ CHECK_UTF8, 0, STR("\0\0\0a"), "UTF32 1 1 1" },
	{ CHECK_UTF8, 0, STR("\0\0a"), "NulByte 1 1 1" },
	{ CHECK_UTF8, 0, STR("\xFF"), "InvalidUTF8 1 1 1" },
	{ CHECK_UTF8, 0, STR("a\n\xC3\xA9\xFFz"), "InvalidUTF8 2 2 5" },
	{ CHECK_UTF8, 0, STR("\xC0\x80"), "InvalidUTF8 1 1 1" },
	{ CHECK_UTF8, 0, STR("ab\xE0\x9F\x80"), "InvalidUTF8 1 3 3" },
	{ CHECK_UTF8, 0, STR("ab\xED\xA0\x80"), "InvalidUTF8 1 3 3" },
	{ CHECK_UTF8, 0, STR("\xF4\x90\x80\x80"), "InvalidUTF8 1 1 1" },
	{ CHECK_UTF8, 0, STR("x\nna\xEFve"), "InvalidUTF8 2 3 5" },
	{ CHECK_UTF8, 0, STR("x\xF0\x90\x80"), "InvalidUTF8 1 2 2" },
	{ CHECK_UTF8, 0, STR("0123456789abcdef0123456789abcde\x80"),
	  "InvalidUTF8 1 32 32" },

	{ CHECK_JSON, 0, STR("{}"), "" },
	{ CHECK_JSON, 0, STR(" \t\r\n[ ] \n"), "" },
	{ CHECK_JSON, 0, STR("{\"a\":[1,-0.5e+10,true,false,null,\"\\u00e9\\n"
			     "\xC3\xA9 long enough for a vector\"]}"), "" },
	{ CHECK_JSON, 0, STR("\"\""), "" },
	{ CHECK_JSON, 0, STR("0"), "" },
	{ CHECK_JSON, 0, STR("\"\\ud800\""), "" },
	{ CHECK_JSON, 0, STR(""), "TruncatedJSON 1 1 1" },
	{ CHECK_JSON, 0, STR(" \n"), "TruncatedJSON 2 1 3" },
	{ CHECK_JSON, 0, STR("{\"a\":1"), "TruncatedJSON 1 7 7" },
	{ CHECK_JSON, 0, STR("[1] 2"), "InvalidJSON 1 5 5" },
	{ CHECK_JSON, 0, STR("[1,]"), "InvalidJSON 1 4 4" },
	{ CHECK_JSON, 0, STR("{\"a\":1,}"), "InvalidJSON 1 8 8" },
	{ CHECK_JSON, 0, STR("{a:1}"), "InvalidJSON 1 2 2" },
	{ CHECK_JSON, 0, STR("[1}"), "InvalidJSON 1 3 3" },
	{ CHECK_JSON, 0, STR("{\"a\" 1}"), "InvalidJSON 1 6 6" },
	{ CHECK_JSON, 0, STR("01"), "InvalidJSON 1 2 2" },
	{ CHECK_JSON, 0, STR("[1.]"), "InvalidJSON 1 4 4" },
	{ CHECK_JSON, 0, STR("-"), "TruncatedJSON 1 2 2" },
	{ CHECK_JSON, 0, STR("1e5e"), "InvalidJSON 1 4 4" },
	{ CHECK_JSON, 0, STR("+1"), "InvalidJSON 1 1 1" },
	{ CHECK_JSON, 0, STR("NaN"), "InvalidJSON 1 1 1" },
	{ CHECK_JSON, 0, STR("[tru]"), "InvalidJSON 1 5 5" },
	{ CHECK_JSON, 0, STR("'a'"), "InvalidJSON 1 1 1" },
	{ CHECK_JSON, 0, STR("\"a\nb\""), "InvalidJSON 1 3 3" },
	{ CHECK_JSON, 0, STR("\"\\x\""), "InvalidJSON 1 3 3" },
	{ CHECK_JSON, 0, STR("\"\\u00g0\""), "InvalidJSON 1 6 6" },
	{ CHECK_JSON, 0, STR("\"\xE9t\xE9\""), "InvalidJSON 1 3 3" },
	{ CHECK_JSON, 0, STR("\xEF\xBB\xBF{}"), "ByteOrderMark 1 1 1" },
	{ CHECK_JSON, 0, STR("\xEF\xBB\xBF"), "ByteOrderMark 1 1 1" },
	{ CHECK_JSON, 0, STR("\xEF\xBB"), "InvalidJSON 1 1 1" },
	{ CHECK_JSON, 0, STR("\xFF\xFE{\0}\0"), "UTF16 1 1 1" },
	{ CHECK_JSON, 0, STR("\0{\0}"), "UTF16 1 1 1" },
	{ CHECK_JSON, 0, STR("[\"a\0\"]"), "InvalidJSON 1 4 4" },
	{ CHECK_JSON, 0, STR("[1\v]"), "InvalidJSON 1 3 3" },

	{ CHECK_NDJSON, 0, STR(""), "" },
	{ CHECK_NDJSON, 0, STR("{}\n[1]\r\n \n\n2"), "" },
	{ CHECK_NDJSON, 0, STR("{} {}\n"), "InvalidJSON 1 4 4" },
	{ CHECK_NDJSON, 0, STR("1\n[1,\n2]"), "InvalidJSON 2 4 6" },
	{ CHECK_NDJSON, 0, STR("1\n{\"a\":"), "TruncatedJSON 2 6 8" },
	{ CHECK_NDJSON, 0, STR("1\ntru\n"), "InvalidJSON 2 4 6" },
	{ CHECK_NDJSON, 0, STR("\xEF\xBB\xBF{}\n"), "ByteOrderMark 1 1 1" },
	{ CHECK_NDJSON, 0, STR("1\n2\0\n"), "NulByte 2 2 4" },
	{ CHECK_NDJSON, 0, STR("\xFE\xFF\0{\0}"), "UTF16 1 1 1" },

	{ CHECK_CSV, 0, STR(""), "" },
	{ CHECK_CSV, 3, STR(""), "" },
	{ CHECK_CSV, 0, STR("a,b\r\n1,2\r\n"), "" },
	{ CHECK_CSV, 0, STR("a,b\n1,2"), "" },
	{ CHECK_CSV, 2, STR("\xEF\xBB\xBF\"a\",b\n"), "" },
	{ CHECK_CSV, 2, STR("\"a,\"\"\nb\",\"\"\n,\n"), "" },
	{ CHECK_CSV, 1, STR("a\n\nb\n"), "" },
	{ CHECK_CSV, 0, STR("a,b\n1\n"), "FieldCount 2 1 5" },
	{ CHECK_CSV, 0, STR("a,b\n\"x\ny\",2,3\n"), "FieldCount 2 1 5" },
	{ CHECK_CSV, 3, STR("a,b"), "FieldCount 1 1 1" },
	{ CHECK_CSV, 0, STR("a,b\n\n"), "FieldCount 2 1 5" },
	{ CHECK_CSV, 0, STR("a,b\nx\"y,1\n"), "BareQuote 2 2 6" },
	{ CHECK_CSV, 0, STR("a\n\"x\"y\n"), "TextAfterQuote 2 4 6" },
	{ CHECK_CSV, 0, STR("a\n\"x\n\n\n"), "UnclosedQuote 2 1 3" },
	{ CHECK_CSV, 0, STR("a\rb\r"), "BareCR 1 3 3" },
	{ CHECK_CSV, 0, STR("a,b\r"), "BareCR 1 5 5" },
	{ CHECK_CSV, 0, STR("\xEF\xBB\xBF""a,b\n1\n"), "FieldCount 2 1 8" },
	{ CHECK_CSV, 0, STR("\xEF\xBB"), "" },
	{ CHECK_CSV, 0, STR("\xFF\xFC,\xE9\n,\n"), "" },
	{ CHECK_CSV, 0, STR("\xFF"), "" },
	{ CHECK_CSV, 0, STR("a,b\n1,\0\n"), "NulByte 2 3 7" },
	{ CHECK_CSV, 0, STR("a,b\n\"\0\",1\n"), "NulByte 2 2 6" },
	{ CHECK_CSV, 0, STR("\xFF\xFE""a\0,\0b\0\n\0""1\0,\0""2\0\n\0"),
	  "UTF16 1 1 1" },
	{ CHECK_CSV, 0, STR("a;b\n1;2;3\n4\n"), "" },
	{ CHECK_CSV, 0, STR("sep=;\na,b\n"), "FieldCount 2 1 7" },

	{ CHECK_ETAG, 0, STR("abc"), "" },
	{ CHECK_ETAG, 0, STR("abd"), "WrongETag 0 0 0" },
	{ CHECK_GZIP, 0, STR(""), "NotGzip 0 0 1" },
	{ CHECK_GZIP, 0, STR("\x1F"), "NotGzip 0 0 1" },
	{ CHECK_GZIP, 0, STR("\x1Fx"), "NotGzip 0 0 1" },
	{ CHECK_GZIP, 0, STR("plain"), "NotGzip 0 0 1" },
};

static void test_table(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct check_rules rules = {
			.kinds = 1u << table[i].kind,
			.columns = table[i].columns,
		};
		char what[64];

		snprintf(what, sizeof(what), "%s: %.40s",
			 check_name(table[i].kind), table[i].data.p);
		what[strcspn(what, "\r\n")] = '\0';
		expect(&rules, table[i].data, table[i].want, what);
	}
}

static const struct {
	int delimiter;
	unsigned columns;
	struct str data;
	const char *want;
} delimited[] = {
	{ ';', 0, STR("a;b\n1;2\n"), "" },
	{ ';', 0, STR("a;b\n1;2;3\n4\n"), "FieldCount 2 1 5" },
	{ ';', 2, STR("\"a;\"\"\n\";b,c\r\n,;\n"), "" },
	{ ';', 0, STR("a;b\nx\"y;1\n"), "BareQuote 2 2 6" },
	{ '\t', 0, STR("a\tb\n1\n"), "FieldCount 2 1 5" },
	{ '|', 3, STR("\xEF\xBB\xBF""a|b|c"), "" },
	{ ' ', 2, STR("a b\n"), "" },
	{ ',', 0, STR("a,b\n1\n"), "FieldCount 2 1 5" },
	{ ';', 0, STR("sep=;\r\na;b;c\r\n1;2\r\n"), "FieldCount 3 1 15" },
	{ ';', 0, STR("SEP=;\na;b;c\n"), "" },
	{ ';', 0, STR("sep=,\na;b\n"), "FieldCount 2 1 7" },
	{ ';', 3, STR("sep=;\na;b\n"), "FieldCount 2 1 7" },
	{ CHECK_DELIMITER_AUTO, 0, STR(""), "" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a;b\n1;2\n"), "" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a;b\n1;2;3\n"), "FieldCount 2 1 5" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a;b"), "" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a,b\n1;2\n"), "FieldCount 2 1 5" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a\tb,c\td\n1\t2\t3\n"), "" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a|b\n1\n"), "FieldCount 2 1 5" },
	{ CHECK_DELIMITER_AUTO, 0, STR("\"a,b,c\";d\n1;2\n"), "" },
	{ CHECK_DELIMITER_AUTO, 2, STR("1,5;2,7\n1;2\n"), "" },
	{ CHECK_DELIMITER_AUTO, 3, STR("a;b\n"), "FieldCount 1 1 1" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a\nb\n"), "" },
	{ CHECK_DELIMITER_AUTO, 0, STR("a\nb,c\n"), "FieldCount 2 1 3" },
	{ CHECK_DELIMITER_AUTO, 0, STR("sep=;\na;b\n1;2\n"), "" },
	{ CHECK_DELIMITER_AUTO, 0, STR("sep=^\r\na^b\r\n1\r\n"),
	  "FieldCount 3 1 13" },
	{ CHECK_DELIMITER_AUTO, 0, STR("\xEF\xBB\xBFsep=\t\na\tb\n1,2\n"),
	  "FieldCount 3 1 14" },
	{ CHECK_DELIMITER_AUTO, 0, STR("sep=;x\n1\n"), "FieldCount 2 1 8" },
	{ CHECK_DELIMITER_AUTO, 0, STR("sep=;"), "" },
};

static void test_delimiters(void)
{
	for (size_t i = 0; i < sizeof(delimited) / sizeof(*delimited); i++) {
		const struct check_rules rules = {
			.kinds = 1u << CHECK_CSV,
			.columns = delimited[i].columns,
			.delimiter = delimited[i].delimiter,
		};
		char what[64];

		snprintf(what, sizeof(what), "delimiter %d: %.40s",
			 delimited[i].delimiter, delimited[i].data.p);
		what[strcspn(what, "\r\n")] = '\0';
		expect(&rules, delimited[i].data, delimited[i].want, what);
	}
}

static void test_mark(void)
{
	const struct check_rules rules = {
		.kinds = 1u << CHECK_JSON, .allow_bom = true,
	};

	expect(&rules, STR("\xEF\xBB\xBF{}"), "", "a mark that is allowed");
	expect(&rules, STR("\xEF\xBB\xBF{]"), "InvalidJSON 1 3 5",
	       "is a character of the line");
	expect(&rules, STR("\xEF\xBB\xBF\xEF\xBB\xBF{}"),
	       "InvalidJSON 1 2 4", "but no two");
	expect(&rules, STR("\xEF\xBB\xBF"), "TruncatedJSON 1 2 4",
	       "and it is no value");
}

static void test_depth(void)
{
	const struct check_rules rules = { .kinds = 1u << CHECK_JSON };
	static char deep[20001];

	memset(deep, '[', 10000);
	memset(deep + 10000, ']', 10000);
	expect(&rules, (struct str){ deep, 20000 }, "", "10000 levels");
	memset(deep, '[', 10001);
	expect(&rules, (struct str){ deep, 10001 },
	       "InvalidJSON 1 10001 10001", "and one more");
}

/* The fault that needs the fewest bytes decides, in any order of checks. */
static void test_first(void)
{
	const struct check_rules rules = {
		.kinds = 1u << CHECK_UTF8 | 1u << CHECK_JSON | 1u << CHECK_CSV,
	};

	expect(&rules, STR("[1,x\"\xFF"), "InvalidJSON 1 4 4",
	       "two faults in the same piece");
	expect(&rules, STR("[\"a\xFF\"]"), "BareQuote 1 2 2", "and others");
	expect(&rules, STR("[\0"), "InvalidJSON 1 2 2",
	       "JSON says more about a NUL");
	expect(&rules, STR("[\xFF"), "InvalidUTF8 1 2 2",
	       "of two at the same byte the first of the table");
}

static unsigned char file[4096];

static size_t zip(struct str data)
{
	z_stream z = { .zalloc = NULL };

	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (const unsigned char *)data.p;
	z.avail_in = (uInt)data.n;
	z.next_out = file;
	z.avail_out = sizeof(file);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static void test_gzip(void)
{
	const struct check_rules rules = { .kinds = 1u << CHECK_GZIP };
	size_t n = zip(STR("hello, hello, hello\n"));
	struct str whole = { (const char *)file, n };
	char want[32];

	expect(&rules, whole, "", "a gzip file");
	memcpy(file + n, file, n);
	whole.n = 2 * n;
	expect(&rules, whole, "", "two members");
	whole.n = n + 1;
	snprintf(want, sizeof(want), "TruncatedGzip 0 0 %zu", n + 1);
	expect(&rules, whole, want, "a member and the beginning of one");
	file[n] = '\n';
	snprintf(want, sizeof(want), "TrailingGarbage 0 0 %zu", n);
	expect(&rules, whole, want, "a member and a byte");
	memset(file + n, 0, 600);
	whole.n = n + 600;
	expect(&rules, whole, "", "a member and zeros, as bsdtar pads");
	whole.n = n + 1;
	expect(&rules, whole, "", "one zero");
	file[n + 599] = 0x1F;
	whole.n = n + 600;
	snprintf(want, sizeof(want), "TrailingGarbage 0 0 %zu", n + 599);
	expect(&rules, whole, want, "after zeros only zeros may come");
	file[n - 8] ^= 1;
	whole.n = n;
	snprintf(want, sizeof(want), "WrongCRC 0 0 %zu", n - 4);
	expect(&rules, whole, want, "another CRC");
	whole.n = n - 9;
	snprintf(want, sizeof(want), "TruncatedGzip 0 0 %zu", n - 9);
	expect(&rules, whole, want, "half a file");
}

/* Unzip n zeros with a bound: the bytes that come out, and the fault's code. */
static unsigned long long unzip_zeros(size_t zeros, unsigned long long max,
				      const char **code)
{
	static unsigned char zipped[64 << 10], block[64 << 10];
	z_stream z = { .zalloc = NULL };
	const unsigned char *p = zipped;
	struct gunzip g;
	size_t n;
	int status;

	deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
	z.next_out = zipped;
	z.avail_out = sizeof(zipped);
	for (size_t i = 0; i < zeros; i += sizeof(block)) {
		z.next_in = block;
		z.avail_in = sizeof(block);
		deflate(&z, Z_NO_FLUSH);
	}
	deflate(&z, Z_FINISH);
	n = z.total_out;
	deflateEnd(&z);
	arena_reset(&arena);
	gunzip_begin(&g, max, &arena);
	while ((status = gunzip_next(&g, &p, &n)) > 0)
		;
	*code = status < 0 ? g.code : "";
	gunzip_free(&g);
	return g.out;
}

static void test_bounds(void)
{
	const char *code;

	ok(unzip_zeros(1 << 20, 1 << 20, &code) == 1 << 20 && !*code,
	   "as many bytes as are allowed");
	ok(unzip_zeros(1 << 20, (1 << 20) - 1, &code) == (1 << 20) - 1 &&
	   strcmp(code, "UnzippedTooLarge") == 0, "not one more");
	ok(unzip_zeros(16 << 20, 1ULL << 40, &code) == 16 << 20 && !*code,
	   "16 MiB of nothing are let by");
	ok(unzip_zeros(17 << 20, 1ULL << 40, &code) <= 17 << 20 &&
	   strcmp(code, "ZipBomb") == 0, "more are a bomb");
}

int main(void)
{
	arena_init(&arena, 8 << 20);
	test_table();
	test_delimiters();
	test_mark();
	test_depth();
	test_first();
	test_gzip();
	test_bounds();
	arena_free(&arena);
	return done();
}
