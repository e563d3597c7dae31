/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: the built-in checks give the same answer however the bytes are cut
 * into pieces, and the same as slower and simpler code.
 */
#include <strings.h>

#include "check/check.h"
#include "check/check_kind.h"
#include "fuzz.h"
#include "format/json.h"

static struct arena arena;
static const struct record record = {
	.bucket = STR("b"), .key = STR("k"),
	.etag = STR("d41d8cd98f00b204e9800998ecf8427e"),
};

struct answer {
	bool is_bad;
	const char *by;
	struct record_bad bad;
};

/* The answer for pieces of up to most bytes. */
static struct answer ask(const struct check_rules *rules, struct str data,
			 size_t most)
{
	uint32_t random = fuzz_seed(data);
	struct answer answer = { .by = NULL };
	struct checks checks;
	struct err err;

	if (checks_begin(&checks, rules, rules->kinds, &record, &arena,
			 &err) < 0)
		abort();
	while (data.n > 0 && !answer.is_bad) {
		size_t n = most < data.n ? most ? most : 1 : data.n;
		char *piece;

		if (n > 1 && most < SIZE_MAX)
			n = 1 + fuzz_random(&random) % n;
		piece = fuzz_copy((struct str){ data.p, n });
		answer.is_bad = checks_update(&checks, piece, n) < 0;
		free(piece);
		data.p += n;
		data.n -= n;
	}
	if (!answer.is_bad)
		answer.is_bad = checks_end(&checks) < 0;
	if (answer.is_bad) {
		answer.by = checks.by;
		answer.bad = checks.bad;
	}
	checks_free(&checks);
	return answer;
}

static struct answer ask_csv(struct str data, unsigned long long columns,
			     int delimiter)
{
	const struct check_rules rules = { .kinds = 1u << CHECK_CSV,
					   .columns = columns,
					   .delimiter = delimiter };

	return ask(&rules, data, SIZE_MAX);
}

static struct answer ask_one(enum check_kind kind, struct str data)
{
	const struct check_rules rules = { .kinds = 1u << kind };

	return ask(&rules, data, SIZE_MAX);
}

static void check_place_is(const struct answer *a, struct str data)
{
	unsigned long long line = 1, column = 1;

	CHECK(a->bad.reason.n > 0 && a->bad.code.n > 0, "a fault has a name");
	if (a->bad.line == 0)
		return;
	CHECK(a->bad.byte >= 1 && a->bad.byte <= data.n + 1,
	      "the place is in the data");
	for (size_t i = 0; i + 1 < a->bad.byte; i++) {
		if (data.p[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)data.p[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	CHECK(a->bad.line == line && a->bad.column == column,
	      "line and column are those of the byte");
}

/* zlib may read a few bytes ahead of a fault, so its place is not compared. */
static void check_pieces(unsigned kinds, struct str data,
			 unsigned long long columns, int delimiter)
{
	const struct check_rules rules = { .kinds = kinds,
					   .columns = columns,
					   .delimiter = delimiter,
					   .allow_bom = columns & 1,
					   .min_size = 3, .max_size = 2000,
					   .has_max_size = true };
	static const size_t sizes[] = { 0, 2, 7, 40, 1000 };
	struct answer whole = ask(&rules, data, SIZE_MAX);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct answer cut = ask(&rules, data, sizes[i]);

		CHECK(cut.is_bad == whole.is_bad, "pieces change no verdict");
		if (!cut.is_bad || kinds & 1u << CHECK_GZIP)
			continue;
		CHECK(strcmp(cut.by, whole.by) == 0, "nor who finds it");
		CHECK(str_eq(cut.bad.code, whole.bad.code) &&
		      str_eq(cut.bad.reason, whole.bad.reason) &&
		      cut.bad.line == whole.bad.line &&
		      cut.bad.column == whole.bad.column &&
		      cut.bad.byte == whole.bad.byte &&
		      cut.bad.count == whole.bad.count, "nor what is said");
	}
	if (whole.is_bad)
		check_place_is(&whole, data);
}

static void check_utf8(struct str data)
{
	bool is_text = str_is_utf8(data) && !memchr(data.p, '\0', data.n);

	CHECK(ask_one(CHECK_UTF8, data).is_bad == !is_text,
	      "UTF-8 is what is UTF-8 without NULs");
}

/* Compare with yajl, as far as yajl goes. */

static int on_scalar(void *ctx, enum json_type type, struct str text)
{
	(void)ctx;
	(void)type;
	(void)text;
	return 0;
}

static int on_key(void *ctx, struct str name)
{
	(void)ctx;
	(void)name;
	return 0;
}

static int on_open(void *ctx, enum json_type type)
{
	(void)ctx;
	(void)type;
	return 0;
}

static bool has(struct str data, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= data.n; i++)
		if (memcmp(data.p + i, what, n) == 0)
			return true;
	return false;
}

static bool yajl_takes(struct str data)
{
	static const struct json_handler handler = { on_scalar, on_key,
						     on_open, on_open };
	struct json_parser *parser = json_new(&handler, NULL);
	struct err err;
	bool is_good;

	if (!parser)
		abort();
	is_good = json_whole(parser, data, &err) == 0;
	json_free(parser);
	return is_good;
}

/* Is the text nested too deep for yajl? */
static bool is_deep(struct str data)
{
	size_t opened = 0;

	for (size_t i = 0; i < data.n; i++)
		opened += data.p[i] == '[' || data.p[i] == '{';
	return opened > JSON_DEPTH_MAX;
}

static void check_json_text(struct str data)
{
	bool is_good = !ask_one(CHECK_JSON, data).is_bad;

	if (is_deep(data))
		return;
	/* A check knows nothing of lone surrogates. */
	if (is_good && !has(data, "\\ud") && !has(data, "\\uD"))
		CHECK(yajl_takes(data), "JSON is what yajl takes");
	if (!is_good)
		CHECK(!yajl_takes(data), "yajl takes nothing else");
}

static bool is_blank(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
			return false;
	return true;
}

static void check_lines(struct str data)
{
	bool is_good = true;
	struct str rest = data;

	while (rest.n > 0) {
		struct str line = fuzz_line(&rest);

		is_good = is_good && (is_blank(line) ||
			  !ask_one(CHECK_JSON, line).is_bad);
	}
	CHECK(ask_one(CHECK_NDJSON, data).is_bad == !is_good,
	      "NDJSON is JSON line by line");
}

/* The end of a field by the grammar of RFC 4180, or NULL. */
static const char *skip_field(const char *p, const char *end, char delimiter)
{
	if (p == end || *p != '"') {
		while (p < end && *p != delimiter && *p != '\r' && *p != '\n')
			if (*p++ == '"')
				return NULL;
		return p;
	}
	for (p++; p < end; p++) {
		if (*p != '"')
			continue;
		if (p + 1 < end && p[1] == '"')
			p++;
		else
			return p + 1;
	}
	return NULL;
}

/* Is there a line "sep=;" for just this delimiter?  Its bytes. */
static size_t excel_line(const char *p, size_t n, char delimiter)
{
	if (n < 5 || strncasecmp(p, "sep=", 4) != 0 || p[4] != delimiter)
		return 0;
	if (n == 5)
		return 5;
	if (p[5] == '\n')
		return 6;
	return n > 6 && p[5] == '\r' && p[6] == '\n' ? 7 : 0;
}

static bool is_csv(struct str data, unsigned long long width, int given)
{
	const char *p = data.p, *end = p + data.n;
	char delimiter = given ? (char)given : ',';

	if (memchr(p, '\0', data.n))
		return false;
	if (data.n >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 ||
			    memcmp(p, "\xFE\xFF", 2) == 0))
		return false;
	if (data.n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		p += 3;
	if (given)
		p += excel_line(p, (size_t)(end - p), delimiter);
	while (p < end) {
		unsigned long long fields = 0;

		do {
			p = skip_field(fields++ > 0 ? p + 1 : p, end,
				       delimiter);
			if (!p)
				return false;
		} while (p < end && *p == delimiter);
		if (width == 0)
			width = fields;
		if (fields != width)
			return false;
		if (p == end)
			break;
		if (*p == '\r' && (++p == end || *p != '\n'))
			return false;
		if (*p++ != '\n')
			return false;
	}
	return true;
}

static void check_csv_text(struct str data, unsigned long long columns,
			   int delimiter)
{
	if (delimiter == CHECK_DELIMITER_AUTO)
		return;
	CHECK(ask_csv(data, columns, delimiter).is_bad ==
	      !is_csv(data, columns, delimiter), "CSV is what the grammar says");
}

/* Text that zlib packs is accepted and comes out again, however it is cut. */

static void check_unzipped(struct str zipped, struct str want)
{
	uint32_t random = fuzz_seed(zipped);
	struct gunzip g;
	size_t got = 0;
	int status;

	gunzip_begin(&g, 1 << 20, &arena);
	while (zipped.n > 0) {
		size_t n = 1 + fuzz_random(&random) % zipped.n, left = n;
		const unsigned char *p = (const unsigned char *)zipped.p;

		while ((status = gunzip_next(&g, &p, &left)) > 0) {
			CHECK(g.block_n <= want.n - got &&
			      memcmp(g.block, want.p + got, g.block_n) == 0,
			      "what comes out went in");
			got += g.block_n;
		}
		CHECK(status == 0 && left == 0, "all of it is taken");
		zipped.p += n;
		zipped.n -= n;
	}
	CHECK(gunzip_end(&g) == 0 && got == want.n, "nothing is lost");
	gunzip_free(&g);
}

static void check_gzip_of(struct str data)
{
	static unsigned char zipped[64 << 10];
	z_stream z = { .zalloc = NULL };
	struct str packed = { (const char *)zipped, 0 };

	if (deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (const unsigned char *)data.p;
	z.avail_in = (uInt)data.n;
	z.next_out = zipped;
	z.avail_out = sizeof(zipped);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	packed.n = z.total_out;
	deflateEnd(&z);
	CHECK(!ask_one(CHECK_GZIP, packed).is_bad, "gzip is gzip");
	check_unzipped(packed, data);
	memset(zipped + packed.n, 0, 100);
	packed.n += 1 + data.n % 100;
	CHECK(!ask_one(CHECK_GZIP, packed).is_bad, "zeros may follow");
	check_unzipped(packed, data);
	packed.n = z.total_out - 1;
	CHECK(ask_one(CHECK_GZIP, packed).is_bad, "half of it is not");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	static const signed char delimiters[] = { 0, CHECK_DELIMITER_AUTO, ';',
						  '\t' };
	unsigned long long columns;
	int delimiter;
	char *copy;

	if (size < 2)
		return 0;
	arena_init(&arena, 64 << 20);
	columns = data[1] & 7;
	delimiter = delimiters[data[1] >> 3 & 3];
	copy = fuzz_copy((struct str){ rest.p + 2, size - 2 });
	rest = (struct str){ copy, size - 2 };
	check_pieces(data[0] & ((1u << CHECK_KINDS) - 1), rest, columns,
		     delimiter);
	for (unsigned kind = 0; kind < CHECK_KINDS; kind++)
		check_pieces(1u << kind, rest, columns, delimiter);
	check_utf8(rest);
	check_json_text(rest);
	check_lines(rest);
	check_csv_text(rest, columns, delimiter);
	check_gzip_of(rest);
	free(copy);
	arena_free(&arena);
	return 0;
}
