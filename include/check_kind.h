/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_kind: what a check is made of; for check.c and the kinds themselves.
 *
 * A kind reads pieces from the place of the set and ends with check_fail() at
 * the first byte that cannot be right.
 */
#ifndef S3EV_CHECK_KIND_H
#define S3EV_CHECK_KIND_H

#include "check.h"
#include "digest.h"
#include "gunzip.h"

enum { CHECK_JSON_DEPTH = 10000, CHECK_REASON_MAX = 200 };

/* A character that began in the piece before the one at hand. */
struct check_utf8 {
	struct text_utf8 utf8;
	struct text_place start;
};

struct check_json {
	bool by_lines;		/* one value a line, as NDJSON has it */
	unsigned char state;
	bool is_name;		/* the string is a member's name */
	unsigned char hex;	/* digits of \uXXXX that are to come */
	const char *literal;	/* what must follow of true, false, null */
	const char *fault;
	struct text_utf8 utf8;
	unsigned depth;
	unsigned char objects[CHECK_JSON_DEPTH / 8 + 1]; /* a bit a level */
};

struct check_csv {
	unsigned char state;
	unsigned char mark;		/* bytes of a byte order mark so far */
	unsigned long long width;	/* fields in each row, 0: not known */
	bool is_given;			/* it was asked for */
	unsigned long long commas;	/* of this row, so far */
	struct text_place row, quote;	/* where they began, if in a */
	long long row_at, quote_at;	/* piece before, else offsets here */
};

struct check_gzip {
	struct gunzip gunzip;
};

struct check_etag {
	struct digest_md5 md5;
	struct str etag;
};

struct check_size {
	unsigned long long min, max, bytes;
};

struct check {
	enum check_kind kind;
	bool is_bad;
	unsigned long long decided;	/* bytes that were needed to see it */
	struct record_bad bad;
	char reason[CHECK_REASON_MAX];
	union {
		struct check_utf8 utf8;
		struct check_json json;
		struct check_csv csv;
		struct check_gzip gzip;
		struct check_etag etag;
		struct check_size size;
	} of;
};

/* The functions of a kind; a piece has at least one byte. */
struct check_functions {
	const char *name;
	void (*begin)(struct check *check, const struct check_rules *rules,
		      const struct record *record, struct arena *arena);
	void (*update)(struct check *check, const struct text_place *place,
		       const unsigned char *p, size_t n);
	void (*end)(struct check *check, const struct text_place *place);
	void (*free)(struct check *check);
};

extern const struct check_functions check_gzip, check_json, check_ndjson,
	check_csv;

/*
 * The check has found a fault at at, and seen it after decided bytes.  Unless
 * at is NULL the reason gets "line 1, column 2: " in front.
 */
void check_fail(struct check *check, const struct text_place *at,
		unsigned long long decided, const char *code,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The place of the byte at offset in a piece. */
struct text_place check_place(const struct text_place *piece,
			      const unsigned char *p, size_t offset);

#endif
