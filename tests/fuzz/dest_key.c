/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dest_key: keys made of records.
 *
 * Input: the template, then, each in a line of its own, key, bucket, version,
 * sequencer, time, and the key that is taken.
 */
#define _GNU_SOURCE		/* memmem */

#include "record/dest_key.h"

#include "fuzz.h"

#define ID "0123456789abcdef0123456789abcdef"

/* A line that is not too long for a key; absent if it is empty. */
static struct str part(struct str *rest)
{
	struct str s = fuzz_line(rest);

	if (s.n > RECORD_KEY_MAX)
		s.n = RECORD_KEY_MAX;
	return s.n > 0 ? s : STR_NONE;
}

static bool is_utf8(const char *template, const struct record *r)
{
	struct str digits = { r->time.p, r->time.n < 16 ? r->time.n : 16 };

	for (size_t i = 0; i < digits.n; i++)
		if ((unsigned char)digits.p[i] >= 0x80)
			return false;
	return str_is_utf8(str_of(template)) && str_is_utf8(r->key) &&
	       str_is_utf8(r->bucket) && str_is_utf8(r->version) &&
	       str_is_utf8(r->sequencer);
}

static void check_key(struct str key, const char *template,
		      const struct record *r)
{
	static const char *const whole[] = { "{key}", "{dir}{base}",
					     "{dir}{stem}{ext}" };

	CHECK(key.n <= RECORD_KEY_MAX, "a key is one that S3 takes");
	CHECK(!is_utf8(template, r) || str_is_utf8(key), "UTF-8 stays UTF-8");
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		CHECK(strcmp(template, whole[i]) != 0 || str_eq(key, r->key),
		      "the parts make up the key");
}

static void check_expand(const char *template, const struct record *r)
{
	struct err err = { .code = "" };
	struct buf key, again;
	int status;

	buf_init(&key, 1 << 20);
	buf_init(&again, 1 << 20);
	buf_puts(&again, "before");
	status = dest_key_expand(&key, template, r, &err);
	CHECK(status == 0 || err_is_set(&err), "an error says why");
	CHECK(dest_key_expand(&again, template, r, &err) == status,
	      "what the record lacks, it lacks again");
	if (status == 0 && !key.failed && !again.failed) {
		check_key(buf_str(&key), template, r);
		CHECK(again.n == key.n + 6 &&
		      memcmp(again.p, "before", 6) == 0 &&
		      (key.n == 0 || memcmp(again.p + 6, key.p, key.n) == 0),
		      "the key depends on the record alone");
	}
	buf_free(&key);
	buf_free(&again);
}

/* The second name must be a different one, legal, and hold the id. */
static void check_second(struct str taken, const struct record *r)
{
	struct buf key;
	struct str second;

	buf_init(&key, 1 << 20);
	dest_key_second(&key, taken, r);
	second = buf_str(&key);
	CHECK(!key.failed && second.n <= RECORD_KEY_MAX,
	      "a second key is one that S3 takes");
	CHECK(!str_is_utf8(taken) || str_is_utf8(second),
	      "UTF-8 stays UTF-8");
	CHECK(memmem(second.p, second.n, "~" ID, sizeof(ID)),
	      "a second key has the id in it");
	CHECK(!str_eq(second, taken) ||
	      memmem(taken.p, taken.n, "~" ID, sizeof(ID)),
	      "a second key is another one");
	buf_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	char *template = fuzz_cstr(fuzz_line(&rest));
	struct record r = { .id = STR(ID) };
	struct err err = { .code = "" };

	r.key = part(&rest);
	r.bucket = part(&rest);
	r.version = part(&rest);
	r.sequencer = part(&rest);
	r.time = part(&rest);
	if (!r.key.p)
		r.key = STR("k");
	if (dest_key_check(template, &err) == 0)
		check_expand(template, &r);
	else
		CHECK(err_is_set(&err), "an error says why");
	check_second(r.key, &r);
	if (rest.n > RECORD_KEY_MAX)
		rest.n = RECORD_KEY_MAX;
	if (rest.n > 0)
		check_second(rest, &r);
	free(template);
	return 0;
}
