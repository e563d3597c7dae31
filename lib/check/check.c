/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check.h"

#include <string.h>

#include "check/check_kind.h"
#include "format/json_write.h"
#include "hash/etag.h"

/* size: bytes are counted if the record does not tell */

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
		check_kind_fail(c, NULL, size->max + 1, "TooLarge",
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
		check_kind_fail(c, NULL, 0, "EmptyFile", "empty file");
	else
		check_kind_fail(c, NULL, size->bytes, "TooSmall",
				"%llu bytes, fewer than the %llu required",
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
		check_kind_fail(c, NULL, place->byte - 1, "WrongETag",
				"the MD5 of the bytes is %s, the ETag %.*s",
				hex, STR_FMT(etag));
}

/* utf8 */

static void fail_utf8(struct check *c, const struct text_place *place,
		      const unsigned char *p, size_t good)
{
	struct check_utf8 *u = &c->of.utf8;
	struct text_place at = good >= u->utf8.have ?
		check_kind_place(place, p, good - u->utf8.have) : u->start;

	check_kind_fail(c, &at, place->byte + good, "InvalidUTF8", "%s",
			u->utf8.have > 0 ?
			"an incomplete character of UTF-8" :
			"a byte that cannot begin a character of UTF-8");
}

static void update_utf8(struct check *c, const struct text_place *place,
			const unsigned char *p, size_t n)
{
	struct check_utf8 *u = &c->of.utf8;
	size_t good = text_utf8(&u->utf8, p, n);

	if (good < n)
		fail_utf8(c, place, p, good);
	else if (u->utf8.have > 0 && u->utf8.have <= n)
		u->start = check_kind_place(place, p, n - u->utf8.have);
}

static void end_utf8(struct check *c, const struct text_place *place)
{
	if (c->of.utf8.utf8.have > 0)
		check_kind_fail(c, &c->of.utf8.start, place->byte - 1,
				"InvalidUTF8",
				"the text ends inside a character");
}

/* All kinds */

static const struct check_functions check_size = {
	"size", begin_size, update_size, end_size, NULL, CHECK_TEXT_NONE
};
static const struct check_functions check_etag = {
	"etag", begin_etag, update_etag, end_etag, NULL, CHECK_TEXT_NONE
};
static const struct check_functions check_utf8 = {
	"utf8", NULL, update_utf8, end_utf8, NULL, CHECK_TEXT_KEEP
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
	       rules->min_size > 0 || rules->kinds > 0 || rules->unzip;
}

bool check_has_sizes(const struct check_rules *rules)
{
	return rules->has_max_size || rules->min_size > 0;
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
		bad->reason = str_of(arena_printf(arena, "%llu bytes, fewer "
						  "than the %llu required",
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
	if (rules->names.count > 0 &&
	    !globs_match(&rules->names, record->key)) {
		bad->code = STR("WrongName");
		bad->reason = STR("the name matches no expected pattern");
		*by = "name";
		return true;
	}
	*by = check_name(CHECK_SIZE);
	return record->has_size &&
	       has_wrong_size(rules, record->size, arena, bad);
}

/*
 * An ETag that looks like an MD5 is none if the object is encrypted with KMS.
 * For a file, only s3fetch knows that, and says so in the record.
 */
static bool has_md5(const struct record *record)
{
	return etag_is_md5(record->etag) &&
	       (!record->fetch_path.p || str_is(record->fetch_md5, "true"));
}

unsigned check_kinds(const struct check_rules *rules,
		     const struct record *record)
{
	unsigned mask = rules->kinds;

	if (check_has_sizes(rules) && !record->has_size)
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
		    (i == CHECK_SIZE && check_has_sizes(rules)))
			put_name(members, &count, kinds[i]->name);
	if (count > 0)
		buf_putc(members, ']');
}

/* A set of checks */

static void begin_check(struct check *c, enum check_kind kind,
			const struct check_rules *rules,
			const struct record *record, struct arena *arena)
{
	c->kind = kind;
	c->functions = kinds[kind];
	c->text.mark = c->functions->mark;
	if (c->text.mark == CHECK_TEXT_REFUSE && rules->allow_bom)
		c->text.mark = CHECK_TEXT_DROP;
	if (c->functions->begin)
		c->functions->begin(c, rules, record, arena);
}

static void update_check(struct check *c, const struct text_place *place,
			 const unsigned char *p, size_t n)
{
	if (c->text.mark == CHECK_TEXT_NONE)
		c->functions->update(c, place, p, n);
	else
		check_text_update(c, place, p, n);
}

static void end_check(struct check *c, const struct text_place *place)
{
	if (c->text.mark == CHECK_TEXT_NONE)
		c->functions->end(c, place);
	else
		check_text_end(c, place);
}

static void free_check(struct check *c)
{
	if (c->functions->free)
		c->functions->free(c);
}

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
		return err_memory(err);
	for (unsigned i = 0; i < CHECK_KINDS; i++) {
		if (mask >> i & 1)
			begin_check(&checks->list[checks->n++],
				    (enum check_kind)i, rules, record, arena);
	}
	return 0;
}

/* Does the fault of a, which comes first in the table, decide? */
static bool decides(const struct check *a, const struct check *b)
{
	return a->decided < b->decided ||
	       (a->decided == b->decided && (!a->yields || b->yields));
}

/* Take the fault that was found in the fewest bytes, if there is one. */
static int judge(struct checks *checks)
{
	const struct check *worst = NULL;

	for (size_t i = 0; i < checks->n; i++) {
		const struct check *c = &checks->list[i];

		if (c->is_bad && (!worst || !decides(worst, c)))
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
	/* All checks see the piece: a later one may need fewer bytes. */
	for (size_t i = 0; i < checks->n; i++)
		update_check(&checks->list[i], &checks->place, bytes, n);
	text_advance(&checks->place, bytes, n);
	return judge(checks);
}

bool checks_drop(struct checks *checks, enum check_kind kind)
{
	for (size_t i = 0; i < checks->n; i++) {
		struct check *c = &checks->list[i];

		if (c->kind != kind)
			continue;
		free_check(c);
		memmove(c, c + 1, (checks->n - i - 1) * sizeof(*c));
		checks->n--;
		return true;
	}
	return false;
}

int checks_end(struct checks *checks)
{
	for (size_t i = 0; i < checks->n; i++)
		end_check(&checks->list[i], &checks->place);
	return judge(checks);
}

void checks_free(struct checks *checks)
{
	for (size_t i = 0; i < checks->n; i++)
		free_check(&checks->list[i]);
	checks->n = 0;
}
