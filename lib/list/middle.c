/* SPDX-License-Identifier: Apache-2.0 */
#include "list/middle.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

enum { PLACES_MAX = 64, SET_MAX = 72, SEVERAL = 3,
       PLACES_SCALED = MIDDLE_END };

#define NUMBERS_MAX 1e15	/* that a double tells apart */

/* Characters that may follow at one place, in ascending order. */
struct set {
	unsigned long c[SET_MAX];
	size_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_word(char c)
{
	return is_digit(c) || is_upper(c) || is_lower(c);
}

static void add(struct set *set, unsigned long c)
{
	if (set->n < SET_MAX && (set->n == 0 || c > set->c[set->n - 1]))
		set->c[set->n++] = c;
}

static void add_range(struct set *set, char from, char to, char above)
{
	for (char c = from; c <= to; c++)
		if (c > above)
			add(set, (unsigned char)c);
}

/*
 * The word around a place tells what its characters are: digits, hexadecimal
 * ones as of UUIDs, letters.
 */
static void add_kind(struct set *set, struct str key, size_t at)
{
	bool digits = false, upper = false, lower = false, hex = true;
	char c = key.p[at];
	size_t from = at, to = at;

	while (from > 0 && is_word(key.p[from - 1]))
		from--;
	for (to = from; to < key.n && is_word(key.p[to]); to++) {
		char w = key.p[to];

		digits |= is_digit(w);
		upper |= is_upper(w);
		lower |= is_lower(w);
		hex &= is_digit(w) || (w >= 'A' && w <= 'F') ||
		       (w >= 'a' && w <= 'f');
	}
	hex &= digits;
	if (digits)
		add_range(set, '0', '9', c);
	if (upper)
		add_range(set, 'A', hex ? 'F' : 'Z', c);
	if (lower)
		add_range(set, 'a', hex ? 'f' : 'z', c);
}

void middle_learn(struct middle_seen *seen, struct str key)
{
	for (size_t i = 0; i < key.n && i < MIDDLE_PLACES; i++) {
		unsigned char c = (unsigned char)key.p[i];

		if (c < 0x80)
			seen->at[i][c >> 6] |= UINT64_C(1) << (c & 63);
	}
}

static unsigned count_bits(const uint64_t bits[2])
{
	unsigned n = 0;

	for (size_t i = 0; i < 128; i++)
		n += (unsigned)(bits[i >> 6] >> (i & 63) & 1);
	return n;
}

/*
 * Those that were seen there, if there are any: days begin with 0 to 3.  Where
 * several were seen, others are not to be expected.
 */
static void keep_seen(struct set *set, const struct middle_seen *seen,
		      size_t at)
{
	size_t n = 0;

	if (at >= MIDDLE_PLACES)
		return;
	for (size_t i = 0; i < set->n; i++)
		if (seen->at[at][set->c[i] >> 6] >> (set->c[i] & 63) & 1)
			set->c[n++] = set->c[i];
	if (n > 0 || count_bits(seen->at[at]) >= SEVERAL)
		set->n = n;
}

/* Keys of other kinds may follow. */
static void add_others(struct set *set, char c)
{
	static const char starts[] = { '0', 'A', 'a' };

	for (size_t i = 0; i < sizeof(starts); i++)
		if (starts[i] > c)
			add(set, (unsigned char)starts[i]);
	add(set, 0x80);
}

static void add_above(struct set *set, unsigned long c)
{
	for (unsigned long step = 0x10; step <= 0x10000; step <<= 4) {
		unsigned long next = c + step;

		if ((next < 0xD800 || next >= 0xE000) && next < 0xFFFE)
			add(set, next);
	}
}

/* What is expected at one place, or if seen is NULL whatever can be. */
static struct set set_at(const struct middle_seen *seen, struct str low,
			 size_t at, bool is_open)
{
	struct set set = { .n = 0 };
	char c = low.p[at];
	size_t n;
	long wide;

	if ((unsigned char)c < 0x80) {
		if (is_word(c))
			add_kind(&set, low, at);
		if (seen)
			keep_seen(&set, seen, at);
		if (is_open || !seen)
			add_others(&set, c);
		return set;
	}
	wide = text_character(low.p + at, low.n - at, &n);
	if (wide > 0)
		add_above(&set, (unsigned long)wide);
	return set;
}

static void encode(struct middle *guess, unsigned long c)
{
	char *p = guess->end;

	if (c < 0x80) {
		*p++ = (char)c;
	} else if (c < 0x800) {
		*p++ = (char)(0xC0 | c >> 6);
		*p++ = (char)(0x80 | (c & 0x3F));
	} else {
		*p++ = (char)(0xE0 | c >> 12);
		*p++ = (char)(0x80 | (c >> 6 & 0x3F));
		*p++ = (char)(0x80 | (c & 0x3F));
	}
	guess->end_n = (unsigned char)(p - guess->end);
}

/* low and the guess agree up to keep, and there the guess is above. */
static bool is_below(const struct middle *guess, struct str low,
		     struct str high)
{
	struct str head = { low.p, guess->keep }, tail = high;
	int order;

	if (!high.p)
		return true;
	if (high.n < head.n)
		return str_compare(head, high) < 0;
	tail.n = head.n;
	order = str_compare(head, tail);
	if (order != 0)
		return order < 0;
	tail.p += head.n;
	tail.n = high.n - head.n;
	return str_compare((struct str){ guess->end, guess->end_n },
			   tail) < 0;
}

static bool is_above(const struct middle *guess, struct str low)
{
	struct str tail = { low.p + guess->keep, low.n - guess->keep };

	return str_compare((struct str){ guess->end, guess->end_n },
			   tail) > 0;
}

static bool differs(const struct middle *a, const struct middle *b)
{
	return a->end_n != b->end_n || memcmp(a->end, b->end, a->end_n) != 0;
}

/* Leave out what is not below high: the guesses at one place ascend. */
static void bound(struct set *set, struct str low, struct str high, size_t at)
{
	struct middle guess = { .keep = at };

	while (set->n > 0) {
		encode(&guess, set->c[set->n - 1]);
		if (is_below(&guess, low, high))
			return;
		set->n--;
	}
}

static bool is_start(struct str s, size_t at)
{
	return ((unsigned char)s.p[at] & 0xC0) != 0x80;
}

static size_t taken(size_t n, size_t quota)
{
	return n < quota ? n : quota;
}

/* Places, and what may be there. */
struct places {
	struct set sets[PLACES_MAX];
	size_t at[PLACES_MAX];
	size_t n;
};

static void find_places(struct places *places, const struct middle_seen *seen,
			struct str low, struct str high, size_t first,
			size_t last)
{
	places->n = 0;
	for (size_t at = first;
	     at < last && at < low.n && places->n < PLACES_MAX; at++) {
		struct set *set = &places->sets[places->n];

		if (!is_start(low, at))
			continue;
		*set = set_at(seen, low, at, places->n == 0 && !high.p);
		bound(set, low, high, at);
		places->at[places->n] = at;
		places->n += set->n > 0;
	}
}

/*
 * As many at each place as make enough together.  The first places divide most;
 * the last ones come first in order.
 */
static size_t choose(const struct places *places, size_t want,
		     struct middle *guesses)
{
	size_t count = 0, quota = 0, total = 0;

	for (size_t before = 1; total < want && total != before;) {
		before = total;
		total = 0;
		quota++;
		for (size_t i = 0; i < places->n; i++)
			total += taken(places->sets[i].n, quota);
	}
	for (size_t i = places->n; i-- > 0;) {
		const struct set *set = &places->sets[i];
		size_t take = taken(set->n, quota);
		size_t surplus = total > want ? total - want : 0;

		surplus = surplus < take ? surplus : take;
		take -= surplus;
		total -= surplus;
		for (size_t k = 0; k < take; k++) {
			size_t at = (k + 1) * (set->n + 1) / (take + 1) - 1;

			guesses[count].keep = places->at[i];
			encode(&guesses[count++], set->c[at]);
		}
	}
	return count;
}

/*
 * Keys as numbers: behind what low and high have in common, each place
 * is a digit, whose base is the number of characters that are expected there.
 */
struct scale {
	size_t from, n;			/* the first place; how many */
	uint64_t at[PLACES_SCALED][2];	/* the characters */
	unsigned base[PLACES_SCALED];
};

/* No control characters: some servers repeat them in answers that nobody reads. */
static void add_bit(uint64_t bits[2], unsigned char c)
{
	if (c >= ' ' && c < 0x7F)
		bits[c >> 6] |= UINT64_C(1) << (c & 63);
}

static bool has_bit(const uint64_t bits[2], unsigned char c)
{
	return c < 0x80 && (bits[c >> 6] >> (c & 63) & 1);
}

/* What lies between characters of one kind is expected, too. */
static void fill(uint64_t bits[2], char from, char to)
{
	char low = from, high = to;

	while (low <= to && !has_bit(bits, (unsigned char)low))
		low++;
	while (high >= from && !has_bit(bits, (unsigned char)high))
		high--;
	for (; low <= high; low++)
		add_bit(bits, (unsigned char)low);
}

/* Is the word around a place a number? */
static bool in_number(struct str key, size_t at)
{
	size_t from = at, to = at;

	if (!is_digit(key.p[at]))
		return false;
	while (from > 0 && is_digit(key.p[from - 1]))
		from--;
	while (to < key.n && is_digit(key.p[to]))
		to++;
	return (from == 0 || !is_word(key.p[from - 1])) &&
	       (to == key.n || !is_word(key.p[to]));
}

/*
 * Characters that were seen at a place.  Where low has a number, others have
 * digits, and behind the first place they have slashes and dots where low has
 * them.  One digit or two may be those of the first page only.
 */
static void expect(uint64_t bits[2], const struct middle_seen *seen,
		   struct str low, size_t at, bool is_first)
{
	static const uint64_t digits = UINT64_C(0x3FF) << '0';

	for (unsigned char c = ' '; at < MIDDLE_PLACES && c < 0x7F; c++)
		if (has_bit(seen->at[at], c))
			add_bit(bits, c);
	if (at >= low.n)
		return;
	if (in_number(low, at)) {
		bits[0] &= digits;
		bits[1] = 0;
	} else if (!is_first && !is_word(low.p[at])) {
		bits[0] = bits[1] = 0;
	}
	add_bit(bits, (unsigned char)low.p[at]);
	if (is_digit(low.p[at]) && count_bits(bits) < SEVERAL)
		bits[0] |= digits;
}

/* Is it more than ASCII? */
static bool is_wide(struct str key, size_t at)
{
	return at < key.n && (unsigned char)key.p[at] >= 0x80;
}

static void scale_init(struct scale *scale, const struct middle_seen *seen,
		       struct str low, struct str high)
{
	double size = 1;

	*scale = (struct scale){ .from = 0 };
	while (scale->from < low.n && scale->from < high.n &&
	       low.p[scale->from] == high.p[scale->from])
		scale->from++;
	for (; scale->n < PLACES_SCALED && size < NUMBERS_MAX; scale->n++) {
		size_t at = scale->from + scale->n;
		uint64_t *bits = scale->at[scale->n];

		expect(bits, seen, low, at, scale->n == 0);
		if (scale->n == 0 && (is_wide(low, at) || is_wide(high, at)))
			return;
		if (scale->n == 0 && at < high.n)
			add_bit(bits, (unsigned char)high.p[at]);
		fill(bits, '0', '9');
		fill(bits, 'A', 'Z');
		fill(bits, 'a', 'z');
		scale->base[scale->n] = count_bits(bits);
		if (scale->base[scale->n] == 0)
			return;
		size *= scale->base[scale->n];
	}
}

/* How many characters of a place are below. */
static unsigned rank(const uint64_t bits[2], unsigned char c)
{
	uint64_t below[2] = { bits[0], bits[1] };

	if (c < 64)
		below[0] &= (UINT64_C(1) << c) - 1;
	if (c < 64)
		below[1] = 0;
	else if (c < 128)
		below[1] &= (UINT64_C(1) << (c - 64)) - 1;
	return count_bits(below);
}

static double value(const struct scale *scale, struct str key)
{
	double sum = 0, unit = 1;

	for (size_t i = 0; i < scale->n && scale->from + i < key.n; i++) {
		unsigned char c = (unsigned char)key.p[scale->from + i];

		unit /= scale->base[i];
		sum += unit * rank(scale->at[i], c);
	}
	return sum;
}

double middle_share(const struct middle_seen *seen, struct str first,
		    struct str last, struct str high)
{
	struct scale scale;
	double done, left;

	scale_init(&scale, seen, first, high);
	done = value(&scale, last) - value(&scale, first);
	left = value(&scale, high) - value(&scale, last);
	/* If keys are no such numbers, nobody knows. */
	if (done <= 0 || left < 0)
		return MIDDLE_UNKNOWN;
	return left / done;
}

static unsigned char nth(const uint64_t bits[2], unsigned n)
{
	for (unsigned char c = 0; c < 128; c++)
		if (has_bit(bits, c) && n-- == 0)
			return c;
	return 0;
}

/* The key of a number, with as many places as tell it from its neighbours. */
static void put_number(struct middle *guess, const struct scale *scale,
		       double number, double step)
{
	double unit = 1;

	guess->keep = scale->from;
	guess->end_n = 0;
	for (size_t i = 0; i < scale->n && unit > step / 16 &&
			   guess->end_n < MIDDLE_END; i++) {
		unsigned digit;

		number *= scale->base[i];
		digit = (unsigned)number;
		if (digit >= scale->base[i])
			digit = scale->base[i] - 1;
		number -= digit;
		unit /= scale->base[i];
		guess->end[guess->end_n++] = (char)nth(scale->at[i], digit);
	}
}

/* What lies between low and high, in parts that are even if the keys are. */
static size_t divide(const struct middle_seen *seen, struct str low,
		     struct str high, size_t want, struct middle *guesses)
{
	struct scale scale;
	double from, step;
	size_t n = 0;

	scale_init(&scale, seen, low, high);
	if (scale.n == 0)
		return 0;
	from = value(&scale, low);
	step = (value(&scale, high) - from) / (double)(want + 1);
	if (step <= 0)
		return 0;
	for (size_t i = 1; i <= want; i++) {
		struct middle *guess = &guesses[n];

		put_number(guess, &scale, from + step * (double)i, step);
		if (is_above(guess, low) && is_below(guess, low, high) &&
		    (n == 0 || differs(guess, guess - 1)))
			n++;
	}
	return n;
}

size_t middle_guess(const struct middle_seen *seen, struct str low,
		    struct str high, bool even, size_t first, size_t last,
		    size_t want, struct middle *guesses)
{
	struct places places;
	size_t n;

	if (want > MIDDLE_MAX)
		want = MIDDLE_MAX;
	n = high.p && even ? divide(seen, low, high, want, guesses) : 0;
	if (n > 0)
		return n;
	find_places(&places, seen, low, high, first, last);
	if (places.n == 0)
		find_places(&places, NULL, low, high, first, last);
	return choose(&places, want, guesses);
}
