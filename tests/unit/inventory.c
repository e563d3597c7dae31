/* SPDX-License-Identifier: Apache-2.0 */
/* inventory: manifests, and rows of CSV in gzip, in pieces of any size. */
#include "list/inventory.h"

#include <zlib.h>

#include "base/buf.h"
#include "tap.h"

#define SCHEMA "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, " \
	"LastModifiedDate, ETag, StorageClass"

static struct arena arena, work;
static struct inventory inventory;
static struct err err;
static struct buf seen;

static void manifest(struct buf *out, const char *format, const char *schema,
		     const char *files)
{
	buf_reset(out);
	buf_printf(out, "{\"sourceBucket\":\"b\",\"destinationBucket\":"
		   "\"arn:aws:s3:::d\",\"version\":\"2016-11-30\","
		   "\"creationTimestamp\":\"1764000000000\",\"fileFormat\":"
		   "\"%s\",\"fileSchema\":\"%s\",\"files\":%s}", format,
		   schema, files);
}

static void test_manifest(void)
{
	static const char files[] =
		"[{\"key\":\"a.csv.gz\",\"size\":12,\"MD5checksum\":"
		"\"0123456789abcdef0123456789ABCDEF\"},{\"size\":0,"
		"\"MD5checksum\":\"0123456789abcdef0123456789abcdef\","
		"\"key\":\"b\"}]";
	static const struct {
		const char *format, *schema, *files, *code;
	} faults[] = {
		{ "ORC", SCHEMA, files, "NotSupported" },
		{ "Parquet", SCHEMA, files, "NotSupported" },
		{ "CSV", "Bucket, Size", files, "InvalidManifest" },
		{ "CSV", SCHEMA, "{}", "InvalidManifest" },
		{ "CSV", SCHEMA, "[1]", "InvalidManifest" },
		{ "CSV", SCHEMA, "[{\"key\":\"a\"}]", "InvalidManifest" },
		{ "CSV", "", files, "InvalidManifest" },
	};
	struct buf text;

	buf_init(&text, 1 << 20);
	manifest(&text, "CSV", SCHEMA, files);
	ok(inventory_read(&inventory, buf_str(&text), &arena, &err) == 0 &&
	   str_is(inventory.bucket, "b") && inventory.n_files == 2 &&
	   str_is(inventory.files[0].key, "a.csv.gz") &&
	   inventory.files[0].size == 12 &&
	   str_is(inventory.files[1].key, "b") && inventory.n_columns == 9,
	   "a manifest");
	ok(inventory_check(STR("hello\n"),
			   STR("b1946ac92492d2347c6235b4d2611184\n"),
			   &err) == 0, "its checksum");
	ok(inventory_check(STR("hello"),
			   STR("b1946ac92492d2347c6235b4d2611184"),
			   &err) < 0 && err_is(&err, "BadDigest"),
	   "that of another");
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct inventory other;

		manifest(&text, faults[i].format, faults[i].schema,
			 faults[i].files);
		ok(inventory_read(&other, buf_str(&text), &arena, &err) < 0 &&
		   err_is(&err, faults[i].code), "%s %s %.10s: %s",
		   faults[i].format, faults[i].schema, faults[i].files,
		   err.message);
	}
	buf_free(&text);
}

static void on_row(void *ctx, const struct page_entry *e)
{
	(void)ctx;
	buf_printf(&seen, "%.*s|%.*s|%llu|%.*s|%.*s%s%s;", STR_FMT(e->key),
		   STR_FMT(e->version), e->size, STR_FMT(e->etag),
		   STR_FMT(e->class), e->is_old ? "|old" : "",
		   e->is_marker ? "|marker" : "");
}

/* Read a file in pieces; its MD5 is right. */
static int read_rows(const unsigned char *bytes, size_t n, size_t piece)
{
	char text[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];
	unsigned char digest[DIGEST_MD5_SIZE];
	struct inventory_rows rows = { .row = on_row };
	struct inventory_file file = { .key = STR("f"), .size = n,
				       .has_size = true };
	int status = 0;

	digest_md5(bytes, n, digest);
	digest_hex(text, digest, sizeof(digest));
	file.md5 = str_of(text);
	buf_reset(&seen);
	arena_reset(&work);
	inventory_rows_begin(&rows, &inventory, &file, &work);
	for (size_t at = 0; status == 0 && at < n; at += piece)
		status = inventory_rows_feed(&rows, bytes + at, piece < n - at ?
					     piece : n - at, &err);
	if (status == 0)
		status = inventory_rows_end(&rows, &err);
	inventory_rows_free(&rows);
	return status;
}

static size_t zip(const char *text, unsigned char *to, size_t size)
{
	z_stream z = { .next_in = (const void *)text,
		       .avail_in = (unsigned)strlen(text), .next_out = to,
		       .avail_out = (unsigned)size };

	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static void test_rows(void)
{
	static const char csv[] =
		"\"b\",\"a+b%2Cc%22\",\"v2\",\"true\",\"false\",\"12\","
		"\"2020-12-10T17:51:10.000Z\",\"abc\",\"STANDARD\"\n"
		"\"b\",\"a+b%2Cc%22\",\"v1\",\"false\",\"false\",\"3\","
		"\"2020-12-09T17:51:10.000Z\",\"d\",\"GLACIER\"\r\n"
		"\"b\",\"q\"\"r\ns,\",\"\",\"true\",\"true\",\"\",\"\",\"\","
		"\"\"\n"
		"b,plain,,,,0,,e,\n"
		"\"b\",\"last\",\"\",\"true\",\"false\",\"1\",\"\",\"f\",\"\"";
	unsigned char zipped[1024];
	size_t n = zip(csv, zipped, sizeof(zipped));
	bool same = true;

	for (size_t piece = 1; piece <= n; piece++) {
		same &= read_rows(zipped, n, piece) == 0;
		same &= str_is(buf_str(&seen),
			       "a b,c\"|v2|12|abc|STANDARD;"
			       "a b,c\"|v1|3|d|GLACIER|old;"
			       "q\"r\ns,||0|||marker;"
			       "plain||0|e|;last||1|f|;");
	}
	ok(same, "rows, in pieces of any size");
	zipped[n - 5] ^= 1;
	ok(read_rows(zipped, n, 7) < 0, "damaged gzip: %s: %s", err.code,
	   err.message);
	zipped[n - 5] ^= 1;
	ok(read_rows(zipped, n - 9, 7) < 0, "cut off: %s: %s", err.code,
	   err.message);
}

static void test_faults(void)
{
	static const struct {
		const char *csv, *code;
	} faults[] = {
		{ "\"b\",\"k\"\n", "InvalidInventory" },
		{ "c,k,,,,1,,,\n", "InvalidInventory" },
		{ "b,k,,,,many,,,\n", "InvalidInventory" },
		{ "b,,,,,1,,,\n", "InvalidInventory" },
		{ "b,\"k", "InvalidCSV" },
		{ "b,\"k\"x,,,,1,,,\n", "InvalidCSV" },
		{ "b,k\"x,,,,1,,,\n", "InvalidCSV" },
		{ "b,k\rx,,,,1,,,\n", "InvalidCSV" },
	};
	unsigned char zipped[1024];

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		size_t n = zip(faults[i].csv, zipped, sizeof(zipped));

		ok(read_rows(zipped, n, 3) < 0 &&
		   err_is(&err, faults[i].code) &&
		   strncmp(err.message, "f: ", 3) == 0, "%s: %s", err.code,
		   err.message);
	}
}

static void test_digest(void)
{
	struct inventory_rows rows = { .row = on_row };
	struct inventory_file file = {
		.key = STR("f"), .md5 = STR("0123456789abcdef0123456789abcdef")
	};

	arena_reset(&work);
	inventory_rows_begin(&rows, &inventory, &file, &work);
	inventory_rows_feed(&rows, "b,k,,,,1,,,\n", 12, &err);
	ok(inventory_rows_end(&rows, &err) < 0 && err_is(&err, "BadDigest"),
	   "another MD5: %s", err.message);
	inventory_rows_free(&rows);
}

int main(void)
{
	arena_init(&arena, 1 << 20);
	arena_init(&work, 4 << 20);
	buf_init(&seen, 1 << 20);
	test_manifest();
	test_rows();
	test_faults();
	test_digest();
	arena_free(&arena);
	arena_free(&work);
	buf_free(&seen);
	return done();
}
