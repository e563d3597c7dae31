/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	DescribeTable --> missing: CreateTable, then look again
 *	  |         `--> not active: look again later
 *	  `--> active, with our keys; if items are to expire:
 *	       DescribeTimeToLive --> set: done
 *	         `--> not set: UpdateTimeToLive --> done, or look once more
 */
#include "ledger/ledger_table.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "ledger/ddb.h"

enum {
	FIRST_LOOK = 50,	/* milliseconds; doubled each time, up to */
	LOOKS_APART = 2000,
	PATIENCE = 5 * 60 * 1000
};

struct table {
	struct loop *loop;
	struct aws *aws;
	const char *name;
	bool expires;

	struct arena arena;
	struct ddb_call call;
	struct loop_timer timer;
	uint64_t deadline;
	unsigned wait;		/* until the next look */
	bool is_asked_for;	/* CreateTable has been accepted */
	struct err refused;	/* the error of UpdateTimeToLive, if any */

	bool done;
	struct err err;
};

static void look(struct table *table);
static void look_at_expiry(struct table *table);

static void finish(struct table *table, const struct err *err)
{
	if (err)
		table->err = *err;
	table->done = true;
}

static void give_up(struct table *table, const char *code, const char *why)
{
	struct err err;

	err_set(&err, code, "%s", why);
	finish(table, &err);
}

/* POST {"TableName":...} and more members; more may be empty. */
static void call(struct table *table, const char *action, const char *more,
		 void (*done)(void *arg))
{
	struct str body;
	struct buf text;

	buf_init(&text, 4096);
	buf_putc(&text, '{');
	json_member(&text, "TableName", str_of(table->name));
	buf_puts(&text, more);
	buf_putc(&text, '}');
	body = arena_take(&table->arena, &text);
	if (!body.p) {
		give_up(table, "InvalidTable", "the name is too long");
		return;
	}
	ddb_begin(&table->call, &table->arena, done, table);
	ddb_start(table->aws, &table->call, action, body);
}

struct table_answer {
	struct str status, keys, expiry, attribute;
};

static const struct json_pick_field fields[] = {
	{ "Table.TableStatus", offsetof(struct table_answer, status), false },
	{ "Table.KeySchema", offsetof(struct table_answer, keys), false },
	{ "TimeToLiveDescription.TimeToLiveStatus",
	  offsetof(struct table_answer, expiry), false },
	{ "TimeToLiveDescription.AttributeName",
	  offsetof(struct table_answer, attribute), false },
};

/* A call has ended.  Returns 0 with its answer, or -1 with err. */
static int read_answer(struct table *table, struct table_answer *answer,
		       struct err *err)
{
	struct aws_call *aws = &table->call.aws;
	*err = aws->err;
	if (err_is_set(err))
		return -1;
	return json_pick(fields, sizeof(fields) / sizeof(*fields),
			 buf_str(&aws->http.body_in), &table->arena, answer,
			 err);
}

/* Items that expire */

static void on_expiry_set(void *arg)
{
	struct table *table = arg;

	table->refused = table->call.aws.err;
	aws_call_free(&table->call.aws);
	if (!err_is_set(&table->refused))
		finish(table, NULL);
	else if (err_is(&table->refused, "ValidationException"))
		look_at_expiry(table);	/* somebody else was faster */
	else
		finish(table, &table->refused);
}

static void set_expiry(struct table *table)
{
	call(table, "UpdateTimeToLive",
	     ",\"TimeToLiveSpecification\":"
	     "{\"AttributeName\":\"expires\",\"Enabled\":true}",
	     on_expiry_set);
}

static void on_expiry_seen(void *arg)
{
	struct table *table = arg;
	struct table_answer answer;
	struct err err;
	bool set;

	if (read_answer(table, &answer, &err) < 0) {
		aws_call_free(&table->call.aws);
		finish(table, &err);
		return;
	}
	set = str_is(answer.expiry, "ENABLED") ||
	      str_is(answer.expiry, "ENABLING");
	aws_call_free(&table->call.aws);
	if (set && !str_is(answer.attribute, "expires"))
		give_up(table, "InvalidTable",
			"its items expire by an attribute other than expires");
	else if (set)
		finish(table, NULL);
	else if (err_is_set(&table->refused))
		finish(table, &table->refused);
	else
		set_expiry(table);
}

static void look_at_expiry(struct table *table)
{
	call(table, "DescribeTimeToLive", "", on_expiry_seen);
}

/* The table */

static void on_time(void *arg)
{
	look(arg);
}

static void look_later(struct table *table)
{
	arena_reset(&table->arena);
	if (loop_now(table->loop) >= table->deadline) {
		give_up(table, "Timeout", "not active after five minutes");
		return;
	}
	loop_timer_set(table->loop, &table->timer, table->wait, on_time, table);
	table->wait *= 2;
	if (table->wait > LOOKS_APART)
		table->wait = LOOKS_APART;
}

static void on_created(void *arg)
{
	struct table *table = arg;
	struct err err = table->call.aws.err;

	aws_call_free(&table->call.aws);
	if (err_is_set(&err) &&
	    !err_is(&err, "ResourceInUseException")) {
		finish(table, &err);
		return;
	}
	table->is_asked_for = true;
	look_later(table);
}

static void create(struct table *table)
{
	call(table, "CreateTable",
	     ",\"BillingMode\":\"PAY_PER_REQUEST\","
	     "\"AttributeDefinitions\":["
	     "{\"AttributeName\":\"object\",\"AttributeType\":\"S\"},"
	     "{\"AttributeName\":\"seq\",\"AttributeType\":\"S\"},"
	     "{\"AttributeName\":\"attention\",\"AttributeType\":\"S\"},"
	     "{\"AttributeName\":\"recorded\",\"AttributeType\":\"S\"}],"
	     "\"KeySchema\":["
	     "{\"AttributeName\":\"object\",\"KeyType\":\"HASH\"},"
	     "{\"AttributeName\":\"seq\",\"KeyType\":\"RANGE\"}],"
	     "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"attention\","
	     "\"KeySchema\":["
	     "{\"AttributeName\":\"attention\",\"KeyType\":\"HASH\"},"
	     "{\"AttributeName\":\"recorded\",\"KeyType\":\"RANGE\"}],"
	     "\"Projection\":{\"ProjectionType\":\"ALL\"}}]",
	     on_created);
}

/* A new table may be unknown for a while to the server that we ask. */
static void on_missing(struct table *table, const struct err *err)
{
	if (!err_is(err, "ResourceNotFoundException"))
		finish(table, err);
	else if (table->is_asked_for)
		look_later(table);
	else
		create(table);
}

static void on_seen(void *arg)
{
	struct table *table = arg;
	struct table_answer answer;
	struct err err;
	bool is_there, is_ours;

	if (read_answer(table, &answer, &err) < 0) {
		aws_call_free(&table->call.aws);
		on_missing(table, &err);
		return;
	}
	is_there = str_is(answer.status, "ACTIVE") ||
		   str_is(answer.status, "UPDATING");
	is_ours = str_contains(answer.keys, "\"object\"") &&
		  str_contains(answer.keys, "\"seq\"");
	aws_call_free(&table->call.aws);
	if (!is_there)
		look_later(table);
	else if (!is_ours)
		give_up(table, "InvalidTable",
			"its keys are not object and seq");
	else if (table->expires)
		look_at_expiry(table);
	else
		finish(table, NULL);
}

static void look(struct table *table)
{
	call(table, "DescribeTable", "", on_seen);
}

int ledger_table_create(struct loop *loop, struct aws *aws, const char *name,
		 bool expires, struct err *err)
{
	struct table table = {
		.loop = loop, .aws = aws, .name = name, .expires = expires,
		.deadline = loop_now(loop) + PATIENCE, .wait = FIRST_LOOK,
	};

	arena_init(&table.arena, 1 << 20);
	look(&table);
	while (!table.done && loop_turn(loop) == 0)
		;
	if (!table.done) {
		err_errno(&table.err, "poll");
		loop_timer_stop(&table.timer);
		aws_call_free(&table.call.aws);
	}
	arena_free(&table.arena);
	if (!err_is_set(&table.err))
		return 0;
	*err = table.err;
	return -1;
}
