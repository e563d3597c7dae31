/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 8192 };

static struct str set_or_none(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? str_of(value) : STR_NONE;
}

static void read_pipeline(struct identity *identity)
{
	struct str of = set_or_none("S3EV_PIPELINE");
	struct str number = str_next(&of, '/');
	unsigned long long n, all;

	if (str_number(number, &n) < 0 || str_number(of, &all) < 0 || n < 1 ||
	    n > all || all < 2 || all > IDENTITY_PIPELINES_MAX)
		return;
	identity->number = number;
	identity->pipeline = n;
	identity->pipelines = all;
}

void identity_read(struct identity *identity)
{
	struct str instance = set_or_none("S3EV_INSTANCE");

	*identity = (struct identity){ .pipeline = 1, .pipelines = 1 };
	identity->service = set_or_none("OTEL_SERVICE_NAME");
	read_pipeline(identity);
	if (instance.n == UUID_SIZE - 1)
		memcpy(identity->instance, instance.p, instance.n);
	else
		uuid_make(identity->instance);
}

void identity_put_path(struct buf *out, const char *path,
		       unsigned long long pipeline)
{
	struct str whole = str_of(path), suffix = STR_NONE;

	if (str_has_suffix(whole, STR(".prom")))
		suffix = STR(".prom");
	buf_put(out, whole.p, whole.n - suffix.n);
	if (pipeline > 1)
		buf_printf(out, ".pipeline-%llu", pipeline);
	buf_put_str(out, suffix);
}

void identity_sweep(const struct identity *identity, const char *path)
{
	unsigned long long i = identity->pipelines;
	struct buf other;

	if (identity->pipeline > 1)
		return;
	buf_init(&other, PATH_MAX_BYTES);
	while (++i <= IDENTITY_PIPELINES_MAX) {
		buf_reset(&other);
		identity_put_path(&other, path, i);
		if (buf_cstr(&other))
			unlink(other.p);
	}
	buf_free(&other);
}
