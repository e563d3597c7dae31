/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_read.h"

#include "ledger/ledger_item.h"
#include "record/object_name.h"

static void on_looked(void *arg)
{
	struct ledger_read *read = arg;
	const struct ledger_seen *seen = read->look.item;
	struct ledger_decision now = ledger_decision(read->record, read->arena);

	read->err = read->look.err;
	read->item = err_is_set(&read->err) ? NULL : seen;
	read->is_done = !err_is_set(&read->err) && seen &&
			ledger_item_repeats(&seen->decision, &now);
	if (read->is_done)
		read->destination = seen->decision.destination;
	read->done(read->arg);
}

static bool is_asked_about(const struct record *record)
{
	return record_is_pinned(record) || record->sequencer.n > 0;
}

void ledger_read_start(struct ledger_read *read)
{
	if (!is_asked_about(read->record)) {
		read->done(read->arg);
		return;
	}
	read->was_asked = true;
	read->look = (struct ledger_look){
		.aws = read->aws, .arena = read->arena, .record = read->record,
		.table = read->table, .done = on_looked, .arg = read,
	};
	ledger_look_start(&read->look);
}

void ledger_read_cancel(struct ledger_read *read)
{
	ledger_look_cancel(&read->look);
}

bool ledger_read_split(struct str destination, struct str *bucket,
		       struct str *key)
{
	object_name_split(destination, bucket, key);
	return bucket->n > 0 && key->n > 0;
}
