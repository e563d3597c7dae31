/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/listen_metrics.h"

#include "listen/listener.h"

void listen_statuses_add(struct listen_statuses *statuses, int status)
{
	size_t i = 0;

	while (i < LISTEN_STATUSES_MAX - 1 && statuses->status[i] != 0 &&
	       statuses->status[i] != status)
		i++;
	statuses->status[i] = status;
	statuses->count[i]++;
}

static void put_family(struct buf *out, const char *name, const char *type,
		       const char *help)
{
	buf_printf(out, "# HELP s3ev_listen_%s %s\n# TYPE s3ev_listen_%s %s\n",
		   name, help, name, type);
}

static void put_value(struct buf *out, const char *name, const char *label,
		      const char *value, unsigned long long count)
{
	buf_printf(out, "s3ev_listen_%s{%s=\"%s\"} %llu\n", name, label, value,
		   count);
}

static void put_one(struct buf *out, const char *name, const char *type,
		    const char *help, unsigned long long count)
{
	put_family(out, name, type, help);
	buf_printf(out, "s3ev_listen_%s %llu\n", name, count);
}

static void put_requests(struct buf *out, const struct listen_statuses *statuses)
{
	static const char name[] = "requests_total";

	put_family(out, name, "counter", "HTTP requests that were answered.");
	for (size_t i = 0; i < LISTEN_STATUSES_MAX && statuses->status[i]; i++)
		buf_printf(out, "s3ev_listen_%s{code=\"%d\"} %llu\n", name,
			   statuses->status[i], statuses->count[i]);
}

static void put_events(struct buf *out, const struct listener_counts *counts)
{
	static const char name[] = "events_total";

	put_one(out, "received_total", "counter", "Events that were taken.",
		counts->received);
	put_one(out, "repeated_total", "counter",
		"Requests with an event that was there already.",
		counts->repeated);
	put_one(out, "held_back_total", "counter",
		"Requests that were refused for want of room.",
		counts->held_back);
	put_family(out, name, "counter", "What became of events; one that "
		   "failed comes again.");
	put_value(out, name, "outcome", "done", counts->done);
	put_value(out, name, "outcome", "failed", counts->failed);
	put_value(out, name, "outcome", "refused", counts->refused);
}

static void put_records(struct buf *out, const struct results_counts *records)
{
	static const char name[] = "records_total";

	put_family(out, name, "counter", "Records of these events.");
	put_value(out, name, "outcome", "good", records->good);
	put_value(out, name, "outcome", "bad", records->bad);
	put_value(out, name, "outcome", "gone", records->gone);
	put_value(out, name, "outcome", "failed", records->failed);
}

static void put_journal(struct buf *out, const struct journal_counts *journal)
{
	put_one(out, "journal_writes_total", "counter",
		"Events that were written to the journal.", journal->written);
	put_one(out, "journal_syncs_total", "counter",
		"Calls of fdatasync and fsync.", journal->syncs);
	put_family(out, "journal_sync_seconds_total", "counter",
		   "Time that these took.");
	buf_printf(out, "s3ev_listen_journal_sync_seconds_total %llu.%06llu\n",
		   (unsigned long long)journal->sync_us / 1000000,
		   (unsigned long long)journal->sync_us % 1000000);
}

void listen_metrics_put(struct buf *out, const struct listen_metrics *metrics)
{
	put_requests(out, metrics->statuses);
	put_events(out, metrics->counts);
	put_records(out, &metrics->driver->records);
	put_one(out, "pipeline_restarts_total", "counter",
		"Pipelines that were replaced.", metrics->driver->restarts);
	put_one(out, "waiting_events", "gauge", "Events that are not done.",
		metrics->waiting);
	put_one(out, "connections", "gauge", "Connections that are open.",
		metrics->connections);
	put_one(out, "healthy", "gauge", "1 while a pipeline passes marks.",
		metrics->is_healthy);
	if (metrics->journal)
		put_journal(out, metrics->journal);
}
