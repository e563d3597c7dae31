/* SPDX-License-Identifier: Apache-2.0 */
#include "format/csv.h"

#include <string.h>

void csv_init(struct csv *csv, int (*row)(void *ctx, const struct str *fields,
					  size_t n), void *ctx)
{
	*csv = (struct csv){ .row = row, .ctx = ctx, .n = 1 };
	buf_init(&csv->text, CSV_ROW_MAX);
}

void csv_free(struct csv *csv)
{
	buf_free(&csv->text);
}

static int refuse(const struct csv *csv, const char *what, struct err *err)
{
	return err_set(err, "InvalidCSV", "%s in row %llu", what,
		       csv->rows + 1);
}

static int end_row(struct csv *csv, struct err *err)
{
	struct str fields[CSV_FIELDS_MAX];

	if (csv->text.failed)
		return refuse(csv, "more than a megabyte", err);
	for (size_t i = 0; i < csv->n; i++) {
		size_t end = i + 1 < csv->n ? csv->starts[i + 1] : csv->text.n;

		fields[i].p = csv->text.p ? csv->text.p + csv->starts[i] : "";
		fields[i].n = end - csv->starts[i];
	}
	if (csv->row(csv->ctx, fields, csv->n) < 0)
		return err_set(err, ERR_STOPPED, "stopped by the reader");
	csv->rows++;
	csv->n = 1;
	csv->state = CSV_START;
	buf_reset(&csv->text);
	return 0;
}

static bool is_nothing(const struct csv *csv)
{
	return csv->state == CSV_START && csv->n == 1;
}

/* Between two fields, or two rows. */
static int end_field(struct csv *csv, char c, struct err *err)
{
	if (c == '\n')
		return is_nothing(csv) ? 0 : end_row(csv, err);
	if (csv->n == CSV_FIELDS_MAX)
		return refuse(csv, "more than 64 fields", err);
	csv->starts[csv->n++] = csv->text.n;
	csv->state = CSV_START;
	return 0;
}

static int take(struct csv *csv, char c, struct err *err)
{
	/* Outside of quotes a return belongs to the newline behind it. */
	if (csv->has_cr && c != '\n')
		return refuse(csv, "a carriage return alone", err);
	csv->has_cr = false;
	if (c == '\r') {
		csv->has_cr = true;
		return 0;
	}
	if (c == ',' || c == '\n')
		return end_field(csv, c, err);
	if (csv->state == CSV_QUOTE)
		return refuse(csv, "something behind a field in quotes", err);
	if (c == '"' && csv->state == CSV_PLAIN)
		return refuse(csv, "a quote within a field", err);
	if (c == '"') {
		csv->state = CSV_QUOTED;
		return 0;
	}
	csv->state = CSV_PLAIN;
	buf_putc(&csv->text, c);
	return 0;
}

int csv_feed(struct csv *csv, const char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		const char *quote;
		size_t used = 1;

		if (csv->state == CSV_QUOTED) {
			quote = memchr(bytes, '"', n);
			used = quote ? (size_t)(quote - bytes) : n;
			buf_put(&csv->text, bytes, used);
			if (quote) {
				csv->state = CSV_QUOTE;
				used++;
			}
		} else if (csv->state == CSV_QUOTE && !csv->has_cr &&
			   *bytes == '"') {
			buf_putc(&csv->text, '"');
			csv->state = CSV_QUOTED;
		} else if (take(csv, *bytes, err) < 0) {
			return -1;
		}
		bytes += used;
		n -= used;
	}
	return 0;
}

int csv_end(struct csv *csv, struct err *err)
{
	if (csv->state == CSV_QUOTED)
		return refuse(csv, "the file ends within quotes", err);
	if (csv->has_cr)
		return refuse(csv, "a carriage return alone", err);
	return is_nothing(csv) ? 0 : end_row(csv, err);
}
