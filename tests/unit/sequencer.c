/* SPDX-License-Identifier: Apache-2.0 */
/* sequencer: which of two events of a key is the later. */
#include "record/sequencer.h"

#include "tap.h"

#define ZEROS "00000000000000000000000000000000"

static const struct pair {
	const char *older, *newer;
	bool is_same;
} pairs[] = {
	{ "0055AED6DCD90281E5", "0055AED6DCD90281E6", false },
	{ "0055AED6DCD90281E5", "0055AED6DCD90281E501", false },
	{ "0055AED6DCD90281E5", "01", false },
	{ "9", "A", false },
	{ "9", "a", false },
	{ "0055aed6", "0055AED6", true },
	{ "0055AED6", "0055AED600", true },
	{ "", "0", true },
	{ "", "", true },
	{ "", "1", false },
	{ ZEROS "1", ZEROS "2", false },
	{ ZEROS, ZEROS "1", false },
};

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* The same by comparing the texts that sort. */
static int compare_texts(struct str a, struct str b)
{
	struct buf x, y;
	int order;

	buf_init(&x, 256);
	buf_init(&y, 256);
	sequencer_put(&x, a);
	sequencer_put(&y, b);
	order = strcmp(buf_cstr(&x), buf_cstr(&y));
	buf_free(&x);
	buf_free(&y);
	return sign(order);
}

static void test_order(void)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const struct pair *p = &pairs[i];
		struct str a = str_of(p->older), b = str_of(p->newer);
		int want = p->is_same ? 0 : -1;

		ok(sign(sequencer_compare(a, b)) == want &&
		   sign(sequencer_compare(b, a)) == -want,
		   "\"%s\" %s \"%s\"", p->older,
		   p->is_same ? "is" : "is older than", p->newer);
		ok(compare_texts(a, b) == want && compare_texts(b, a) == -want,
		   "and so they sort as text");
	}
}

static void puts_as(const char *sequencer, const char *want, const char *what)
{
	struct buf text;

	buf_init(&text, 256);
	sequencer_put(&text, str_of(sequencer));
	is(text.p, text.n, want, what);
	buf_free(&text);
}

static void test_put(void)
{
	puts_as("0055aed6dcd90281e5", "0055AED6DCD90281E500000000000000",
		"in upper case, padded on the right");
	puts_as(ZEROS, ZEROS, "one of full length stays as it is");
	puts_as(ZEROS "abc", ZEROS "ABC", "a longer one is not cut");
	puts_as("", ZEROS, "none is nothing but padding");
	puts_as("a-z", "A-Z" "00000000000000000000000000000",
		"what is no digit stays");
}

static void test_kind(void)
{
	struct record r = { .sequencer = STR("1") };

	ok(sequencer_is_ordered(&r), "S3's follow the rule");
	r.source = STR("minio:s3");
	ok(sequencer_is_ordered(&r), "so do those of others");
	r.source = STR("ceph:s3");
	ok(!sequencer_is_ordered(&r), "Ceph's do not");
	r = (struct record){ .sequencer = STR("") };
	ok(!sequencer_is_ordered(&r), "an empty one is none");
	r.sequencer = STR("x-1");
	ok(sequencer_is_ordered(&r), "any text has a place in the order");
	ok(sequencer_is_hex(STR("0123456789abcdefABCDEF")), "digits");
	ok(!sequencer_is_hex(STR("0g")) && !sequencer_is_hex(STR("-1")) &&
	   !sequencer_is_hex(STR(" 1")), "no digits");
	ok(!sequencer_is_hex(STR("1\0")), "a NUL is no digit");
	ok(!sequencer_is_hex(STR("")) && !sequencer_is_hex(STR_NONE),
	   "nothing is no number");
}

int main(void)
{
	test_order();
	test_put();
	test_kind();
	return done();
}
