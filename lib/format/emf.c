/* SPDX-License-Identifier: Apache-2.0 */
#include "format/emf.h"

#include <stdbool.h>

#include "format/json_write.h"

static bool is_left_out(const struct emf_metric *metric)
{
	return metric->values && metric->n_values == 0;
}

static void put_definitions(struct buf *out, const struct emf *emf)
{
	const char *comma = "";

	for (size_t i = 0; i < emf->n; i++) {
		if (is_left_out(&emf->metrics[i]))
			continue;
		buf_printf(out, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", comma,
			   emf->metrics[i].name, emf->metrics[i].unit);
		comma = ",";
	}
}

static void put_value(struct buf *out, const struct emf_metric *metric)
{
	if (!metric->values) {
		json_member_number(out, metric->name, metric->value);
		return;
	}
	buf_printf(out, ",\"%s\":", metric->name);
	for (size_t i = 0; i < metric->n_values && i < EMF_VALUES_MAX; i++)
		buf_printf(out, "%c%.15g", i > 0 ? ',' : '[',
			   metric->values[i]);
	buf_putc(out, ']');
}

void emf_put(struct buf *out, const struct emf *emf)
{
	buf_puts(out, "{\"_aws\":{");
	json_member_number(out, "Timestamp", emf->time);
	buf_printf(out, ",\"CloudWatchMetrics\":[{\"Namespace\":\"s3ev\","
		   "\"Dimensions\":[[\"%s\"]],\"Metrics\":[", emf->dimension);
	put_definitions(out, emf);
	buf_puts(out, "]}]}");
	json_member(out, emf->dimension, emf->value);
	if (emf->members.n > 0) {
		buf_putc(out, ',');
		buf_put_str(out, emf->members);
	}
	for (size_t i = 0; i < emf->n; i++)
		if (!is_left_out(&emf->metrics[i]))
			put_value(out, &emf->metrics[i]);
	buf_puts(out, "}\n");
}
