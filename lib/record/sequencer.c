/* SPDX-License-Identifier: Apache-2.0 */
#include "record/sequencer.h"

#include <string.h>

bool sequencer_is_ordered(const struct record *record)
{
	return record->sequencer.n > 0 && !record_is_from_ceph(record);
}

bool sequencer_is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' ||
		    !strchr("0123456789ABCDEF", sequencer_fold(s.p[i])))
			return false;
	return s.n > 0;
}

/* The digit at i of the padded sequencer. */
static char digit(struct str s, size_t i)
{
	return i < s.n ? sequencer_fold(s.p[i]) : '0';
}

int sequencer_compare(struct str a, struct str b)
{
	size_t n = a.n > b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++)
		if (digit(a, i) != digit(b, i))
			return digit(a, i) < digit(b, i) ? -1 : 1;
	return 0;
}

void sequencer_put(struct buf *out, struct str s)
{
	size_t n = s.n > SEQUENCER_DIGITS ? s.n : SEQUENCER_DIGITS;

	for (size_t i = 0; i < n; i++)
		buf_putc(out, digit(s, i));
}
