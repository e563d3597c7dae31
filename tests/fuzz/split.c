/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split: from the bytes on stdin to the lines on stdout, the whole tool.
 *
 * The input runs twice, in one piece and in pieces of random sizes.  Every line
 * of output is one JSON object that the filters downstream accept, and marks
 * count the records before them.  If the input is of the simplest kind, the
 * number of records is compared with a count made by other means.
 */
#define _GNU_SOURCE		/* memrchr */

#include <errno.h>
#include <getopt.h>
#include <sysexits.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "fuzz.h"
#include "record/record_fault.h"

/* stdin and stdout of the tool. */
static struct {
	struct str in;
	uint32_t random;	/* of piece sizes; 0: as large as fits */
	char *out;
	size_t out_n, out_size;
} io;

static ssize_t fuzz_read(int fd, void *bytes, size_t n)
{
	(void)fd;
	if (io.random && n > 1)
		n = 1 + fuzz_random(&io.random) %
			(fuzz_random(&io.random) % 4 ? 8 : 300);
	if (n > io.in.n)
		n = io.in.n;
	if (n > 0)
		memcpy(bytes, io.in.p, n);
	io.in.p += n;
	io.in.n -= n;
	return (ssize_t)n;
}

static ssize_t fuzz_write(int fd, const void *bytes, size_t n)
{
	(void)fd;
	while (io.out_size - io.out_n < n) {
		io.out_size = io.out_size ? 2 * io.out_size : 4096;
		io.out = realloc(io.out, io.out_size);
		if (!io.out)
			abort();
	}
	if (n > 0)
		memcpy(io.out + io.out_n, bytes, n);
	io.out_n += n;
	return (ssize_t)n;
}

static FILE *nowhere;

/* The tool, with our own stdin, stdout and stderr. */
int split_main(int argc, char **argv);
#define main split_main
#define read fuzz_read
#define write fuzz_write
#define close(fd) ((void)(fd), 0)
#pragma push_macro("stderr")
#undef stderr
#define stderr nowhere
#include "../../lib/event/event_input.c"
#include "../../lib/io/output.c"
#include "../../cmd/s3ev-split.c"
#undef main
#undef read
#undef write
#undef close
#pragma pop_macro("stderr")

/* mode is one more option, or "-v". */
static struct str run_tool(const char *mode, struct str in, uint32_t random,
			   int *status)
{
	char *argv[] = { (char[]){ "s3ev-split" }, (char[]){ "-m" },
			 (char[3]){ mode[0], mode[1] }, (char[]){ "-e" },
			 (char[]){ "*" }, NULL };

	memset(&io, 0, sizeof(io));
	io.in = in;
	io.random = random;
	optind = 0;
	*status = split_main(5, argv);
	CHECK(io.in.n == 0, "all of the input is read");
	return (struct str){ io.out, io.out_n };
}

/* The lines that came out */

struct counts {
	unsigned long long records, total;
};

static void check_mark(yajl_val line, struct counts *counts)
{
	const char *mark[] = { "mark", NULL };
	const char *records[] = { "records", NULL };
	yajl_val n = yajl_tree_get(line, records, yajl_t_number);

	CHECK(yajl_tree_get(line, mark, yajl_t_string), "a mark has an id");
	CHECK(n && YAJL_IS_INTEGER(n) &&
	      (unsigned long long)YAJL_GET_INTEGER(n) == counts->records,
	      "a mark counts the records before it");
	counts->total += counts->records;
	counts->records = 0;
}

static void check_record(const struct record *record)
{
	char id[RECORD_ID_SIZE + 1];

	if (!record->bucket.p) {
		CHECK(record->failed.p, "only what cannot be read has none");
		return;
	}
	CHECK(record_is_bucket_name(record->bucket) ||
	      record_is_special_bucket(record->bucket), "buckets have names");
	CHECK(!str_has_control(record->etag) &&
	      !str_has_control(record->version), "no tag ends a header");
	CHECK(record->key.n <= RECORD_KEY_MAX, "no key is longer than S3's");
	record_id(record, id);
	CHECK(str_is(record->id, id), "the id is that of what the line says");
}

/* Each line is one JSON object, as another parser sees it, and a record. */
static void check_line(struct record_reader *reader, struct str line,
		       struct counts *counts)
{
	char *text = fuzz_cstr(line), why[256] = "";
	struct record record;
	struct arena arena;
	yajl_val tree;
	struct err err;

	CHECK(strlen(text) == line.n, "no NUL is in a line");
	tree = yajl_tree_parse(text, why, sizeof(why));
	CHECK(tree && YAJL_IS_OBJECT(tree), "each line is one JSON object");
	CHECK(str_is_utf8(line), "each line is UTF-8");
	CHECK(line.n <= RECORD_MAX, "no line is longer than a filter takes");
	arena_init(&arena, 16 << 20);
	CHECK(record_parse(reader, line, &arena, &record, &err) == 0,
	      "the filters take each line");
	if (record.mark.p) {
		check_mark(tree, counts);
	} else {
		counts->records++;
		check_record(&record);
	}
	arena_free(&arena);
	yajl_tree_free(tree);
	free(text);
}

static unsigned long long check_lines(struct str out)
{
	struct record_reader *reader = record_reader_new();
	struct counts counts = { 0, 0 };

	if (!reader)
		abort();
	CHECK(out.n == 0 || out.p[out.n - 1] == '\n', "lines are complete");
	while (out.n > 0)
		check_line(reader, fuzz_line(&out), &counts);
	CHECK(counts.records == 0, "a mark comes after the last record");
	record_reader_free(reader);
	return counts.total;
}

/* The other count */

static bool is_in(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* A member of an object, NULL if there is none or more than one. */
static yajl_val only(yajl_val object, const char *name)
{
	yajl_val found = NULL;

	for (size_t i = 0; i < YAJL_GET_OBJECT(object)->len; i++) {
		if (strcmp(YAJL_GET_OBJECT(object)->keys[i], name) != 0)
			continue;
		if (found)
			return NULL;
		found = YAJL_GET_OBJECT(object)->values[i];
	}
	return found;
}

/* Is it an object whose members are all among names, each at most once? */
static bool is_plain_object(yajl_val object, const char *const *names)
{
	if (!object || !YAJL_IS_OBJECT(object))
		return false;
	for (size_t i = 0; i < YAJL_GET_OBJECT(object)->len; i++)
		if (!is_in(YAJL_GET_OBJECT(object)->keys[i], names) ||
		    !only(object, YAJL_GET_OBJECT(object)->keys[i]))
			return false;
	return true;
}

static bool is_text(yajl_val value, const char *text)
{
	return value && YAJL_IS_STRING(value) &&
	       strcmp(YAJL_GET_STRING(value), text) == 0;
}

static bool is_plain_text(yajl_val value)
{
	const char *s = value ? YAJL_GET_STRING(value) : NULL;

	return s && *s && strlen(s) < 100 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789/-.:_"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(s);
}

/* Is it the simplest kind of S3 record, without anything unusual? */
static bool is_simple(yajl_val value)
{
	static const char *const members[] = {
		"eventVersion", "eventSource", "awsRegion", "eventTime",
		"eventName", "s3", NULL
	};
	static const char *const parts[] = { "bucket", "object", NULL };
	static const char *const in_bucket[] = { "name", "arn", NULL };
	static const char *const in_object[] = { "key", "size", "eTag", NULL };
	yajl_val s3, bucket, object, size;

	if (!is_plain_object(value, members) ||
	    !is_text(only(value, "eventSource"), "aws:s3") ||
	    !is_text(only(value, "eventVersion"), "2.1") ||
	    !is_plain_text(only(value, "eventName")))
		return false;
	s3 = only(value, "s3");
	if (!is_plain_object(s3, parts))
		return false;
	bucket = only(s3, "bucket");
	object = only(s3, "object");
	if (!is_plain_object(bucket, in_bucket) ||
	    !is_plain_object(object, in_object) ||
	    !is_plain_text(only(bucket, "name")) ||
	    !is_plain_text(only(object, "key")))
		return false;
	size = only(object, "size");
	return !size || (YAJL_IS_INTEGER(size) && YAJL_GET_INTEGER(size) > 0);
}

/* The number of records of a document, or -1 if it is not that simple. */
static long long count(struct str in)
{
	static const char *const members[] = { "Records", NULL };
	char *text = fuzz_cstr(in), why[256];
	yajl_val list, tree = NULL;
	long long n = -1;

	/*
	 * The tree cuts names off at an escaped NUL, and takes vertical tabs
	 * and form feeds for blanks.
	 */
	if (in.n > 0 && in.n < 8192 && *text == '{' && strlen(text) == in.n &&
	    !strpbrk(text, "\\\v\f"))
		tree = yajl_tree_parse(text, why, sizeof(why));
	list = is_plain_object(tree, members) ? only(tree, "Records") : NULL;
	if (list && YAJL_IS_ARRAY(list)) {
		n = (long long)YAJL_GET_ARRAY(list)->len;
		for (size_t i = 0; i < YAJL_GET_ARRAY(list)->len; i++)
			if (!is_simple(YAJL_GET_ARRAY(list)->values[i]))
				n = -1;
	}
	if (tree)
		yajl_tree_free(tree);
	free(text);
	return n;
}

/* Run the tool on the input and check its output; returns the records. */
static unsigned long long check_mode(const char *mode, struct str in)
{
	unsigned long long records;
	int status, other;
	struct str whole = run_tool(mode, in, 0, &status);
	struct str pieces = run_tool(mode, in, fuzz_seed(in), &other);

	CHECK(status == EX_OK || status == EX_DATAERR,
	      "input is good or refused, never a failure of ours");
	records = check_lines(whole);
	if (!str_eq(whole, pieces)) {
		fuzz_show("whole", whole);
		fuzz_show("pieces", pieces);
	}
	CHECK(str_eq(whole, pieces), "pieces of any size give the same lines");
	CHECK(status == other, "pieces of any size give the same status");
	free((char *)(uintptr_t)whole.p);
	free((char *)(uintptr_t)pieces.p);
	return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	long long expected = count(in);
	unsigned long long records;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (str_has_prefix(in, STR("s3:"))) {
		check_mode("-l", in);
		return 0;
	}
	records = check_mode("-v", in);
	CHECK(expected < 0 || records == (unsigned long long)expected,
	      "the number of records is right");
	CHECK(check_mode("-u", in) <= records,
	      "the newest are not more than all");
	return 0;
}
