/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/sqs_metrics.h"

static const struct metric received_total = {
	"s3ev_sqs_received_total",
	"Messages that were received, by what they were to us",
	"{message}", METRIC_COUNTER
};
static const struct metric messages_total = {
	"s3ev_sqs_messages_total",
	"Messages that were worked on; one that failed comes again",
	"{message}", METRIC_COUNTER
};
static const struct metric ended_total = {
	"s3ev_sqs_ended_total",
	"Messages that are not held any more, by what ended it",
	"{message}", METRIC_COUNTER
};
static const struct metric refused_total = {
	"s3ev_sqs_refused_total",
	"Calls, or entries of them, that the queue refused",
	"{call}", METRIC_COUNTER
};
static const struct metric records_total = {
	"s3ev_sqs_records_total", "Records of these messages",
	"{record}", METRIC_COUNTER
};
static const struct metric restarts_total = {
	"s3ev_sqs_pipeline_restarts_total", "Pipelines that were replaced",
	"{pipeline}", METRIC_COUNTER
};
static const struct metric held_messages = {
	"s3ev_sqs_held_messages", "Messages that are held", "{message}",
	METRIC_GAUGE
};
static const struct metric waiting_messages = {
	"s3ev_sqs_waiting_messages",
	"Messages that are held and wait for a pipeline", "{message}",
	METRIC_GAUGE
};
static const struct metric healthy = {
	"s3ev_sqs_healthy", "1 while a pipeline passes marks", "1",
	METRIC_GAUGE
};

static struct metric_sample *add(struct metrics *metrics,
				 const struct metric *metric, struct str queue)
{
	struct metric_sample *sample = metrics_add(metrics, metric);

	metric_label(sample, "queue", queue);
	return sample;
}

static void put(struct metrics *metrics, const struct metric *metric,
		struct str queue, const char *label, const char *value,
		unsigned long long count)
{
	struct metric_sample *sample = add(metrics, metric, queue);

	metric_label(sample, label, str_of(value));
	sample->count = count;
}

static void put_messages(struct metrics *metrics, struct str queue,
			 const struct pump_counts *counts)
{
	static const char *const kinds[] = {
		[HELD_NEW] = "new", [HELD_AGAIN] = "again",
		[HELD_DONE_BEFORE] = "done_before", [HELD_DAMAGED] = "damaged",
		[HELD_NOT_TAKEN] = "not_taken",
	};
	const struct held_counts *messages = counts->messages;

	for (size_t i = 0; i <= HELD_NOT_TAKEN; i++)
		put(metrics, &received_total, queue, "kind", kinds[i],
		    messages->received[i]);
	put(metrics, &messages_total, queue, "outcome", "done", counts->done);
	put(metrics, &messages_total, queue, "outcome", "failed",
	    counts->failed);
	put(metrics, &ended_total, queue, "how", "deleted", messages->deleted);
	put(metrics, &ended_total, queue, "how", "given_back",
	    messages->given_back);
	put(metrics, &ended_total, queue, "how", "lost", messages->lost);
}

static void put_records(struct metrics *metrics, struct str queue,
			const struct results_counts *records)
{
	static const char label[] = "outcome";

	put(metrics, &records_total, queue, label, "good", records->good);
	put(metrics, &records_total, queue, label, "bad", records->bad);
	put(metrics, &records_total, queue, label, "gone", records->gone);
	put(metrics, &records_total, queue, label, "failed", records->failed);
}

void sqs_metrics_put(struct metrics *metrics, struct str queue,
		     const struct pump_counts *counts)
{
	const struct consumer_counts *refused = counts->refused;

	put_messages(metrics, queue, counts);
	put(metrics, &refused_total, queue, "action", "receive",
	    refused->receives);
	put(metrics, &refused_total, queue, "action", "delete",
	    refused->deletes);
	put(metrics, &refused_total, queue, "action", "change",
	    refused->changes);
	put_records(metrics, queue, &counts->driver->records);
	add(metrics, &restarts_total, queue)->count = counts->driver->restarts;
	add(metrics, &held_messages, queue)->value = (double)counts->held;
	add(metrics, &waiting_messages, queue)->value = (double)counts->waiting;
	add(metrics, &healthy, queue)->value = counts->is_healthy;
}
