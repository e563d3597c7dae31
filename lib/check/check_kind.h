/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_kind: what a check is made of, for check.c and for each kind.
 *
 * A kind is a struct for its state and a table of functions, which check.c
 * lists.  update() reads pieces of the object; at the first byte that cannot be
 * right it calls check_kind_fail(), and is not called again.
 */
#ifndef S3EV_CHECK_KIND_H
#define S3EV_CHECK_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/text.h"
#include "check/check.h"
#include "check/check_csv.h"
#include "check/check_gzip.h"
#include "check/check_json.h"
#include "check/check_text.h"
#include "hash/digest.h"
#include "record/record.h"

enum { CHECK_REASON_MAX = 200 };

/* A character may begin in one piece and end in the next. */
struct check_utf8 {
	struct text_utf8 utf8;
	struct text_place start;
};

struct check_etag {
	struct digest_md5 md5;
	struct str etag;
};

struct check_size {
	unsigned long long min, max, bytes;
};

struct check_functions;

struct check {
	enum check_kind kind;
	const struct check_functions *functions;
	struct check_text text;
	bool is_bad;
	bool yields;	/* another check says more about the same byte */
	unsigned long long decided;	/* bytes read until it was seen */
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

/* The functions of a kind; each piece has at least one byte. */
struct check_functions {
	const char *name;
	void (*begin)(struct check *check, const struct check_rules *rules,
		      const struct record *record, struct arena *arena);
	void (*update)(struct check *check, const struct text_place *place,
		       const unsigned char *p, size_t n);
	void (*end)(struct check *check, const struct text_place *place);
	void (*free)(struct check *check);
	enum check_text_mark mark;	/* of text; see check_text.h */
};

/*
 * Note the fault that the check has found at at, after it has read decided
 * bytes.  Unless at is NULL, "line 1, column 2: " is put before the reason.
 */
void check_kind_fail(struct check *check, const struct text_place *at,
		     unsigned long long decided, const char *code,
		     const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The place of the byte at offset in a piece. */
struct text_place check_kind_place(const struct text_place *piece,
				   const unsigned char *p, size_t offset);

#endif
