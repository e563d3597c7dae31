/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_record.h"

#include "format/json_write.h"
#include "ledger/ledger_read.h"
#include "record/record.h"
#include "record/record_fault.h"

static void put_number(struct buf *out, const char *name, struct str text)
{
	unsigned long long number;

	if (str_number(text, &number) == 0)
		json_member_number(out, name, number);
}

static void put_stale(struct buf *out, const struct ledger_stale *stale)
{
	if (stale->bucket.n == 0)
		return;
	json_member_open(out, "stale");
	json_member(out, "outcome", stale->outcome);
	json_member(out, "bucket", stale->bucket);
	json_member(out, "key", stale->key);
	json_member(out, "etag", stale->etag);
	json_member(out, "version", stale->version);
	json_member(out, "why", stale->why);
	buf_putc(out, '}');
}

static void put_was(struct buf *out, const struct ledger_seen *seen)
{
	const struct ledger_decision *decision = &seen->decision;
	struct str bucket = STR_NONE, key = STR_NONE;

	ledger_read_split(decision->destination, &bucket, &key);
	json_member_open(out, "was");
	json_member(out, "outcome", decision->outcome);
	json_member(out, "by", decision->by);
	json_member(out, "code", decision->code);
	json_member(out, "reason", decision->reason);
	put_number(out, "line", decision->line);
	put_number(out, "column", decision->column);
	put_number(out, "byte", decision->byte);
	put_number(out, "count", decision->faults);
	json_member(out, "bucket", bucket);
	json_member(out, "key", key);
	json_member(out, "etag", decision->destination_etag);
	json_member(out, "version", decision->destination_version);
	json_member(out, "endpoint", decision->endpoint);
	json_member(out, "why", decision->why);
	json_member(out, "recorded", decision->recorded);
	json_member_number(out, "decided", decision->count);
	put_stale(out, &seen->stale);
	buf_putc(out, '}');
}

void ledger_record_put(struct buf *out, const struct ledger_seen *seen)
{
	const struct ledger_facts *facts = &seen->facts;
	struct record r = {
		.id = facts->id, .event = facts->event, .time = facts->time,
		.source = facts->source, .bucket = facts->bucket,
		.key = facts->key, .version = facts->version,
		.etag = facts->etag, .sequencer = facts->sequencer,
	};

	r.has_size = str_number(facts->size, &r.size) == 0;
	buf_putc(out, '{');
	record_put(out, &r);
	json_member(out, "modified", facts->modified);
	put_was(out, seen);
	buf_puts(out, "}\n");
}

const char *ledger_record_fault(const struct ledger_seen *seen)
{
	const struct ledger_facts *facts = &seen->facts;

	if (facts->bucket.n == 0 || facts->key.n == 0 ||
	    seen->decision.outcome.n == 0)
		return "it is no item of a ledger";
	return record_fault(&(struct record){
		.bucket = facts->bucket, .version = facts->version,
		.etag = facts->etag, .event = facts->event,
		.source = facts->source, .sequencer = facts->sequencer,
	});
}
