/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check_kind.h"
#include "json.h"
#include "s3.h"

void check_fail(struct check *check, const struct text_place *at,
		unsigned long long decided, const char *code,
		const char *format, ...)
{
	size_t n = 0;
	va_list args;

	if (at) {
		check->bad.line = at->line;
		check->bad.column = at->column;
		check->bad.byte = at->byte;
		n = (size_t)snprintf(check->reason, sizeof(check->reason),
				     "line %llu, column %llu: ", at->line,
				     at->column);
	}
	va_start(args, format);
	vsnprintf(check->reason + n, sizeof(check->reason) - n, format, args);
	va_end(args);
	check->bad.code = str_of(code);
	check->bad.reason = str_of(check->reason);
	check->decided = decided;
	check->is_bad = true;
}

struct text_place check_place(const struct text_place *piece,
			      const unsigned char *p, size_t offset)
{
	struct text_place place = *piece;

	text_advance(&place, p, offset);
	return place;
}

/* size: only counted where it is not announced */

static void begin_size(struct check *c, const struct check_rules *rules,
		       const struct record *record, struct arena *arena)
{
	(void)record;
	(void)arena;
	c->of.size.min = rules->min_size;
	c->of.size.max = rules->has_max_size ? rules->max_size : ~0ULL;
}

static void update_size(struct check *c, const struct text_place *place,
			const unsigned char *p, size_t n)
{
	struct check_size *size = &c->of.size;

	(void)place;
	(void)p;
	size->bytes += n;
	if (size->bytes > size->max)
		check_fail(c, NULL, size->max + 1, "TooLarge",
			   "more than the %llu bytes allowed", size->max);
}

static void count_bytes(struct record_bad *bad, unsigned long long bytes)
{
	bad->count = bytes;
	bad->has_count = true;
}

static void end_size(struct check *c, const struct text_place *place)
{
	struct check_size *size = &c->of.size;

	(void)place;
	if (size->bytes >= size->min)
		return;
	if (size->bytes == 0)
		check_fail(c, NULL, 0, "EmptyFile", "empty file");
	else
		check_fail(c, NULL, size->bytes, "TooSmall",
			   "%llu bytes, less than the %llu asked for",
			   size->bytes, size->min);
	count_bytes(&c->bad, size->bytes);
}

/* etag */

static void begin_etag(struct check *c, const struct check_rules *rules,
		       const struct record *record, struct arena *arena)
{
	(void)rules;
	(void)arena;
	c->of.etag.etag = record->etag;
	digest_md5_init(&c->of.etag.md5);
}

static void update_etag(struct check *c, const struct text_place *place,
			const unsigned char *p, size_t n)
{
	(void)place;
	digest_md5_update(&c->of.etag.md5, p, n);
}

static void end_etag(struct check *c, const struct text_place *place)
{
	unsigned char sum[DIGEST_MD5_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];
	struct str etag = c->of.etag.etag;

	digest_md5_final(&c->of.etag.md5, sum);
	digest_hex(hex, sum, sizeof(sum));
	if (!str_is_nocase(etag, hex))
		check_fail(c, NULL, place->byte - 1, "WrongETag",
			   "the MD5 of the bytes is %s, the ETag %.*s", hex,
			   STR_FMT(etag));
}

/* utf8 */

static void fail_utf8(struct check *c, const struct text_place *place,
		      const unsigned char *p, size_t good)
{
	struct check_utf8 *u = &c->of.utf8;
	struct text_place at = good >= u->utf8.have ?
		check_place(place, p, good - u->utf8.have) : u->start;

	check_fail(c, &at, place->byte + good, "InvalidUTF8", "%s",
		   u->utf8.have > 0 ? "a character of UTF-8 that is not whole" :
		   "a byte that begins no character of UTF-8");
}

static void update_utf8(struct check *c, const struct text_place *place,
			const unsigned char *p, size_t n)
{
	struct check_utf8 *u = &c->of.utf8;
	size_t good = text_utf8(&u->utf8, p, n);

	if (good < n)
		fail_utf8(c, place, p, good);
	else if (u->utf8.have > 0 && u->utf8.have <= n)
		u->start = check_place(place, p, n - u->utf8.have);
}

static void end_utf8(struct check *c, const struct text_place *place)
{
	if (c->of.utf8.utf8.have > 0)
		check_fail(c, &c->of.utf8.start, place->byte - 1,
			   "InvalidUTF8", "the text ends inside a character");
}

/* All of them */

static const struct check_functions check_size = {
	"size", begin_size, update_size, end_size, NULL
};
static const struct check_functions check_etag = {
	"etag", begin_etag, update_etag, end_etag, NULL
};
static const struct check_functions check_utf8 = {
	"utf8", NULL, update_utf8, end_utf8, NULL
};

static const struct check_functions *const kinds[CHECK_KINDS] = {
	[CHECK_SIZE] = &check_size, [CHECK_ETAG] = &check_etag,
	[CHECK_GZIP] = &check_gzip, [CHECK_UTF8] = &check_utf8,
	[CHECK_JSON] = &check_json, [CHECK_NDJSON] = &check_ndjson,
	[CHECK_CSV] = &check_csv,
};

const char *check_name(enum check_kind kind)
{
	return kinds[kind]->name;
}

bool check_has_any(const struct check_rules *rules)
{
	return rules->names.count > 0 || rules->has_max_size ||
	       rules->min_size > 0 || rules->kinds > 0;
}

bool check_is_folder(const struct record *record)
{
	return str_has_suffix(record->key, STR("/")) && record->has_size &&
	       record->size == 0;
}

static bool has_wrong_size(const struct check_rules *rules,
			   unsigned long long size, struct arena *arena,
			   struct record_bad *bad)
{
	if (rules->has_max_size && size > rules->max_size) {
		bad->code = STR("TooLarge");
		bad->reason = str_of(arena_printf(arena, "%llu bytes, more "
						  "than the %llu allowed",
						  size, rules->max_size));
	} else if (size == 0 && rules->min_size > 0) {
		bad->code = STR("EmptyFile");
		bad->reason = STR("empty file");
	} else if (size < rules->min_size) {
		bad->code = STR("TooSmall");
		bad->reason = str_of(arena_printf(arena, "%llu bytes, less "
						  "than the %llu asked for",
						  size, rules->min_size));
	} else {
		return false;
	}
	count_bytes(bad, size);
	return true;
}

bool check_record(const struct check_rules *rules, const struct record *record,
		  struct arena *arena, struct record_bad *bad, const char **by)
{
	memset(bad, 0, sizeof(*bad));
	if (rules->names.count > 0 && !globs_match(&rules->names, record->key)) {
		bad->code = STR("WrongName");
		bad->reason = STR("the name is none of those expected");
		*by = "name";
		return true;
	}
	*by = check_name(CHECK_SIZE);
	return record->has_size &&
	       has_wrong_size(rules, record->size, arena, bad);
}

static bool has_sizes(const struct check_rules *rules)
{
	return rules->has_max_size || rules->min_size > 0;
}

/*
 * In a file only s3fetch can know whether the ETag that looks like an MD5 is
 * one: that of what is encrypted with KMS is none.
 */
static bool has_md5(const struct record *record)
{
	return s3_etag_is_md5(record->etag) &&
	       (!record->fetch_path.p || str_is(record->fetch_md5, "true"));
}

unsigned check_kinds(const struct check_rules *rules,
		     const struct record *record)
{
	unsigned mask = rules->kinds;

	if (has_sizes(rules) && !record->has_size)
		mask |= 1u << CHECK_SIZE;
	if (!has_md5(record))
		mask &= ~(1u << CHECK_ETAG);
	return mask;
}

static void put_name(struct buf *members, size_t *count, const char *name)
{
	buf_puts(members, (*count)++ > 0 ? "," : ",\"checks\":[");
	json_put(members, str_of(name));
}

void check_put(struct buf *members, const struct check_rules *rules)
{
	size_t count = 0;

	if (rules->names.count > 0)
		put_name(members, &count, "name");
	for (size_t i = 0; i < CHECK_KINDS; i++)
		if (rules->kinds & 1u << i ||
		    (i == CHECK_SIZE && has_sizes(rules)))
			put_name(members, &count, kinds[i]->name);
	if (count > 0)
		buf_putc(members, ']');
}

/* A set of them */

int checks_begin(struct checks *checks, const struct check_rules *rules,
		 unsigned mask, const struct record *record,
		 struct arena *arena, struct err *err)
{
	size_t count = 0;

	memset(checks, 0, sizeof(*checks));
	checks->place = TEXT_START;
	for (unsigned i = 0; i < CHECK_KINDS; i++)
		count += mask >> i & 1;
	checks->list = arena_alloc(arena, count * sizeof(*checks->list));
	if (!checks->list)
		return err_set(err, "OutOfMemory", "out of memory");
	for (unsigned i = 0; i < CHECK_KINDS; i++) {
		struct check *c = &checks->list[checks->n];

		if (!(mask >> i & 1))
			continue;
		c->kind = (enum check_kind)i;
		if (kinds[i]->begin)
			kinds[i]->begin(c, rules, record, arena);
		checks->n++;
	}
	return 0;
}

/* The fault that took the fewest bytes to see, if there is one. */
static int judge(struct checks *checks)
{
	const struct check *worst = NULL;

	for (size_t i = 0; i < checks->n; i++) {
		const struct check *c = &checks->list[i];

		if (c->is_bad && (!worst || c->decided < worst->decided))
			worst = c;
	}
	if (!worst)
		return 0;
	checks->bad = worst->bad;
	checks->by = check_name(worst->kind);
	return -1;
}

int checks_update(struct checks *checks, const void *bytes, size_t n)
{
	if (checks->n == 0 || n == 0)
		return 0;
	for (size_t i = 0; i < checks->n; i++) {
		struct check *c = &checks->list[i];

		kinds[c->kind]->update(c, &checks->place, bytes, n);
	}
	text_advance(&checks->place, bytes, n);
	return judge(checks);
}

bool checks_drop(struct checks *checks, enum check_kind kind)
{
	for (size_t i = 0; i < checks->n; i++) {
		struct check *c = &checks->list[i];

		if (c->kind != kind)
			continue;
		if (kinds[kind]->free)
			kinds[kind]->free(c);
		memmove(c, c + 1, (checks->n - i - 1) * sizeof(*c));
		checks->n--;
		return true;
	}
	return false;
}

int checks_end(struct checks *checks)
{
	for (size_t i = 0; i < checks->n; i++) {
		struct check *c = &checks->list[i];

		kinds[c->kind]->end(c, &checks->place);
	}
	return judge(checks);
}

void checks_free(struct checks *checks)
{
	for (size_t i = 0; i < checks->n; i++)
		if (kinds[checks->list[i].kind]->free)
			kinds[checks->list[i].kind]->free(&checks->list[i]);
	checks->n = 0;
}
