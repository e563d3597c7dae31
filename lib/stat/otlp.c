/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/otlp.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/version.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "format/uri.h"

static const char instance[] = "service.instance.id";

enum { CUMULATIVE = 2 };	/* AGGREGATION_TEMPORALITY_CUMULATIVE */

int otlp_next_pair(struct str *list, char *room, struct str_pair *pair)
{
	struct str item, value;

	do {
		if (!list->p)
			return 0;
		item = str_trim(str_next(list, ','), " \t");
	} while (item.n == 0);
	value = item;
	pair->name = str_trim(str_next(&value, '='), " \t");
	if (!value.p || pair->name.n == 0)
		return -1;
	value = str_trim(value, " \t");
	pair->value = (struct str){ room, uri_decode_percent(room, value) };
	return 1;
}

/* A brace or bracket, after a comma if something is before it. */
static void put_open(struct buf *out, const char *text)
{
	if (out->n > 0 && !strchr("[{:", out->p[out->n - 1]))
		buf_putc(out, ',');
	buf_puts(out, text);
}

static void put_attribute(struct buf *out, struct str name, struct str value)
{
	put_open(out, "{");
	json_member(out, "key", name);
	json_member_open(out, "value");
	json_member(out, "stringValue", value);
	buf_puts(out, "}}");
}

static void put_attributes(struct buf *out, const struct metric_sample *sample)
{
	buf_puts(out, "\"attributes\":[");
	for (size_t i = 0; i < sample->n_labels; i++)
		put_attribute(out, sample->labels[i].name,
			      sample->labels[i].value);
	buf_putc(out, ']');
}

static void put_histogram(struct buf *out, const struct histogram *histogram)
{
	buf_printf(out, ",\"count\":\"%llu\",\"sum\":%.15g,\"bucketCounts\":[",
		   histogram->count, histogram->sum);
	for (size_t i = 0; i <= histogram->n_bounds; i++)
		buf_printf(out, "%s\"%llu\"", i > 0 ? "," : "",
			   histogram->counts[i]);
	buf_puts(out, "],\"explicitBounds\":[");
	for (size_t i = 0; i < histogram->n_bounds; i++)
		buf_printf(out, "%s%.15g", i > 0 ? "," : "",
			   histogram->bounds[i]);
	buf_putc(out, ']');
}

/* It has a sign there: a body with a larger one would not be taken at all. */
static void put_count(struct buf *out, unsigned long long count)
{
	buf_printf(out, ",\"asInt\":\"%llu\"",
		   count < INT64_MAX ? count : (unsigned long long)INT64_MAX);
}

static void put_point(struct buf *out, const struct otlp *otlp,
		      const struct metric_sample *sample)
{
	put_open(out, "{");
	put_attributes(out, sample);
	if (sample->metric->type != METRIC_GAUGE)
		buf_printf(out, ",\"startTimeUnixNano\":\"%" PRIu64 "000000\"",
			   otlp->started);
	buf_printf(out, ",\"timeUnixNano\":\"%" PRIu64 "000000\"", otlp->now);
	if (sample->metric->type == METRIC_HISTOGRAM)
		put_histogram(out, sample->histogram);
	else if (sample->metric->type == METRIC_GAUGE)
		buf_printf(out, ",\"asDouble\":%.15g", sample->value);
	else
		put_count(out, sample->count);
	buf_putc(out, '}');
}

static void put_family(struct buf *out, const struct metric *metric)
{
	static const char *const kinds[] = {
		[METRIC_COUNTER] = "sum", [METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	put_open(out, "{");
	json_member(out, "name", str_of(metric->name));
	json_member(out, "description", str_of(metric->help));
	json_member(out, "unit", str_of(metric->unit));
	json_member_open(out, kinds[metric->type]);
	if (metric->type != METRIC_GAUGE)
		json_member_number(out, "aggregationTemporality", CUMULATIVE);
	if (metric->type == METRIC_COUNTER)
		json_member_bool(out, "isMonotonic", true);
	put_open(out, "\"dataPoints\":[");
}

static void put_resource(struct buf *out, const struct otlp *otlp)
{
	char *room = malloc(otlp->attributes.n + 1);
	struct str rest = otlp->attributes;
	struct str_pair pair;
	bool has_instance = false;

	buf_puts(out, "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[");
	put_attribute(out, STR("service.name"), otlp->service);
	while (room && otlp_next_pair(&rest, room, &pair) > 0) {
		has_instance |= str_is(pair.name, instance);
		if (!str_is(pair.name, "service.name"))
			put_attribute(out, pair.name, pair.value);
	}
	free(room);
	if (!has_instance)
		put_attribute(out, STR(instance), otlp->instance);
	buf_puts(out, "]},\"scopeMetrics\":[{\"scope\":{\"name\":\"s3ev\","
		      "\"version\":\"" S3EV_VERSION "\"},\"metrics\":[");
}

void otlp_put(struct buf *out, const struct otlp *otlp)
{
	const struct metrics *metrics = otlp->metrics;

	put_resource(out, otlp);
	for (size_t i = 0; i < metrics->n; i++) {
		const struct metric_sample *sample = &metrics->samples[i];

		if (i == 0 || sample->metric != sample[-1].metric)
			put_family(out, sample->metric);
		put_point(out, otlp, sample);
		if (i + 1 == metrics->n || sample->metric != sample[1].metric)
			buf_puts(out, "]}}");
	}
	buf_puts(out, "]}]}]}");
}

struct rejection {
	struct str points, message;
};

struct otlp_answer otlp_answer(struct str answer, struct arena *arena)
{
	static const struct json_pick_field fields[] = {
		{ "partialSuccess.rejectedDataPoints",
		  offsetof(struct rejection, points), false },
		{ "partialSuccess.errorMessage",
		  offsetof(struct rejection, message), true },
	};
	struct rejection rejection = { .points = STR_NONE };
	struct err err;

	if (answer.n > 0 && json_pick(fields, 2, answer, arena, &rejection,
				      &err) < 0)
		rejection = (struct rejection){ .points = STR_NONE };
	return (struct otlp_answer){
		.is_partial = rejection.points.n > 0 &&
			      !str_is(rejection.points, "0"),
		.message = rejection.message,
	};
}
