/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/sqs_queue.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "format/url.h"

/* The region in a host of AWS's, absent if it is no such host. */
static struct str region_of(struct str host)
{
	struct str before = STR_NONE, label, rest = host;

	if (!str_has_suffix(host, STR(".amazonaws.com")) &&
	    !str_has_suffix(host, STR(".amazonaws.com.cn")) &&
	    !str_has_suffix(host, STR(".amazonaws.eu")) &&
	    !str_has_suffix(host, STR(".api.aws")))
		return STR_NONE;
	while ((label = str_next(&rest, '.')).p) {
		if (str_is(label, "sqs") || str_is(label, "sqs-fips"))
			return str_next(&rest, '.');
		if (str_is(label, "queue"))
			return before.p ? before : STR("us-east-1");
		before = label;
	}
	return STR_NONE;
}

static bool is_name(struct str s)
{
	if (str_has_suffix(s, STR(".fifo")))
		s.n -= 5;
	for (size_t i = 0; i < s.n; i++)
		if (!url_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0;
}

static bool is_number(struct str s)
{
	unsigned long long number;

	return str_number(s, &number) == 0;
}

int sqs_queue_read(struct sqs_queue *queue, struct str text, struct err *err)
{
	struct str path, part, before = STR_NONE;
	struct url url;

	memset(queue, 0, sizeof(*queue));
	queue->url = text;
	if (!url_split(text, &url) || !url_is_plain(&url))
		return err_set(err, "InvalidQueueUrl", "\"%.*s\" is not a URL of "
			       "the form https://HOST/ACCOUNT/NAME",
			       STR_FMT(text));
	queue->host = (struct str){ text.p, (size_t)(url.path.p - text.p) };
	queue->region = region_of(url.host);
	path = url.path;
	while ((part = str_next(&path, '/')).p) {
		before = queue->name;
		queue->name = part;
	}
	if (!is_name(queue->name))
		return err_set(err, "InvalidQueueUrl", "\"%.*s\" does not end in "
			       "the name of a queue", STR_FMT(text));
	queue->account = is_number(before) ? before : STR_NONE;
	queue->is_fifo = str_has_suffix(queue->name, STR(".fifo"));
	return 0;
}

void sqs_queue_put_arn(struct buf *out, const struct sqs_queue *queue,
		       struct str region)
{
	struct str own = queue->region.p ? queue->region : region;

	buf_printf(out, "arn:%s:sqs:", config_endpoint_partition(own));
	buf_put_str(out, own);
	buf_putc(out, ':');
	buf_put_str(out, queue->account.p ? queue->account :
					    STR("000000000000"));
	buf_putc(out, ':');
	buf_put_str(out, queue->name);
}
