/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/prom.h"

#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

/*
 * A label's value, or with quote 0 the text of HELP.  A byte that is not UTF-8
 * would make the whole file unreadable.
 */
static void put_escaped(struct buf *out, struct str s, char quote)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		long c = text_character(s.p + i, s.n - i, &n);

		if (c < 0)
			buf_puts(out, "\xEF\xBF\xBD");
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\\' || (quote && c == quote))
			buf_printf(out, "\\%c", (char)c);
		else
			buf_put(out, s.p + i, n);
	}
}

/* The labels, and one more, le, if it is not NULL. */
static void put_labels(struct buf *out, const struct metric_sample *sample,
		       const char *le)
{
	char open = '{';

	for (size_t i = 0; i < sample->n_labels; i++) {
		buf_putc(out, open);
		buf_put_str(out, sample->labels[i].name);
		buf_puts(out, "=\"");
		put_escaped(out, sample->labels[i].value, '"');
		buf_putc(out, '"');
		open = ',';
	}
	if (le)
		buf_printf(out, "%cle=\"%s\"", open, le);
	if (le || open == ',')
		buf_putc(out, '}');
}

static void put_number(struct buf *out, const struct metric_sample *sample,
		       const char *suffix, const char *le,
		       unsigned long long value)
{
	buf_printf(out, "%s%s", sample->metric->name, suffix);
	put_labels(out, sample, le);
	buf_printf(out, " %llu\n", value);
}

static void put_real(struct buf *out, const struct metric_sample *sample,
		     const char *suffix, double value)
{
	buf_printf(out, "%s%s", sample->metric->name, suffix);
	put_labels(out, sample, NULL);
	buf_printf(out, " %.15g\n", value);
}

/* Each bucket has what is below its bound, so the last one has all. */
static void put_histogram(struct buf *out, const struct metric_sample *sample)
{
	const struct histogram *histogram = sample->histogram;
	unsigned long long below = 0;
	char le[32];

	for (size_t i = 0; i < histogram->n_bounds; i++) {
		below += histogram->counts[i];
		snprintf(le, sizeof(le), "%.15g", histogram->bounds[i]);
		put_number(out, sample, "_bucket", le, below);
	}
	put_number(out, sample, "_bucket", "+Inf", histogram->count);
	put_real(out, sample, "_sum", histogram->sum);
	put_number(out, sample, "_count", NULL, histogram->count);
}

static void put_head(struct buf *out, const struct metric *metric)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	buf_printf(out, "# HELP %s ", metric->name);
	put_escaped(out, str_of(metric->help), 0);
	buf_printf(out, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
}

void prom_put(struct buf *out, const struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->n; i++) {
		const struct metric_sample *sample = &metrics->samples[i];

		if (i == 0 || sample->metric != sample[-1].metric)
			put_head(out, sample->metric);
		if (sample->metric->type == METRIC_HISTOGRAM)
			put_histogram(out, sample);
		else if (sample->metric->type == METRIC_GAUGE)
			put_real(out, sample, "", sample->value);
		else
			put_number(out, sample, "", NULL, sample->count);
	}
}

int prom_write(const char *path, const struct metrics *metrics,
	       struct err *err)
{
	struct buf text;
	int status;

	buf_init(&text, PROM_MAX);
	prom_put(&text, metrics);
	status = text.failed ? err_memory(err) :
			       file_replace(path, buf_str(&text), FILE_FOR_ALL,
					    err);
	buf_free(&text);
	return status;
}
