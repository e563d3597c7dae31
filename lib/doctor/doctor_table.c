/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger. */
#include "doctor/doctor_table.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "format/json_pick.h"
#include "format/json_write.h"

enum { BODY_MAX = 4096 };

struct table_answer {
	struct str status, keys, billing, writes, attribute, expiry;
};

static const struct json_pick_field fields[] = {
	{ "Table.TableStatus", offsetof(struct table_answer, status), false },
	{ "Table.KeySchema", offsetof(struct table_answer, keys), false },
	{ "Table.BillingModeSummary.BillingMode",
	  offsetof(struct table_answer, billing), false },
	{ "Table.ProvisionedThroughput.WriteCapacityUnits",
	  offsetof(struct table_answer, writes), false },
	{ "TimeToLiveDescription.TimeToLiveStatus",
	  offsetof(struct table_answer, expiry), false },
	{ "TimeToLiveDescription.AttributeName",
	  offsetof(struct table_answer, attribute), false },
};

/* {"TableName":...} and more members. */
static struct err ask(struct doctor *doctor, const char *action,
		      const char *more)
{
	struct str body;
	struct buf text;
	struct err err;

	buf_init(&text, BODY_MAX);
	buf_putc(&text, '{');
	json_member(&text, "TableName", str_of(doctor->setup.table));
	buf_puts(&text, more);
	buf_putc(&text, '}');
	body = arena_take(&doctor->arena, &text);
	if (body.p)
		return doctor_ask_ddb(doctor, action, body);
	err_set(&err, "InvalidTable", "the name is too long");
	return err;
}

static void read_answer(struct doctor *doctor, struct table_answer *answer)
{
	struct err ignored;

	*answer = (struct table_answer){ .status = STR_NONE };
	(void)json_pick(fields, sizeof(fields) / sizeof(*fields),
			buf_str(&doctor->ddb.aws.http.body_in),
			&doctor->arena, answer, &ignored);
}

static const char *need(struct doctor *doctor, const char *action)
{
	return doctor_text(doctor, "%s on the table %s", action,
			   doctor->setup.table);
}

/* Returns -1 if nothing can be in it. */
static int tell_table(struct doctor *doctor, const struct table_answer *is)
{
	const char *table = doctor->setup.table;

	if (!str_contains(is->keys, "\"object\"") ||
	    !str_contains(is->keys, "\"seq\"")) {
		doctor_tell(doctor, DOCTOR_BAD, "table.keys",
			    "give RECORD_TABLE another name: ddb-record "
			    "--create makes such a table",
			    "%s has other keys than object and seq", table);
		return -1;
	}
	if (!str_is(is->status, "ACTIVE") &&
		 !str_is(is->status, "UPDATING"))
		doctor_tell(doctor, DOCTOR_BAD, "table.table", "wait",
			    "%s is %.*s", table, STR_FMT(is->status));
	else if (str_is(is->billing, "PAY_PER_REQUEST") || is->writes.n == 0)
		doctor_tell(doctor, DOCTOR_OK, "table.table", NULL,
			    "%s is there, billed per request", table);
	else
		doctor_tell(doctor, DOCTOR_OK, "table.table", NULL,
			    "%s is there, with %.*s writes a second", table,
			    STR_FMT(is->writes));
	return 0;
}

/* Returns -1 if nothing else can be asked about it. */
static int look_at_table(struct doctor *doctor)
{
	struct err err = ask(doctor, "DescribeTable", "");
	struct table_answer answer;

	if (err_is(&err, "ResourceNotFoundException") &&
	    doctor_has_option(doctor->setup.record_options, "--create")) {
		doctor_tell(doctor, DOCTOR_SKIP, "table.table", NULL,
			    "there is no table %s yet, which --create makes",
			    doctor->setup.table);
		return -1;
	}
	if (err_is(&err, "ResourceNotFoundException")) {
		doctor_tell(doctor, DOCTOR_BAD, "table.table",
			    "make it: ddb-record --create </dev/null",
			    "there is no table %s in this region",
			    doctor->setup.table);
		return -1;
	}
	if (doctor_is_denied(&err)) {
		doctor_tell_error(doctor, DOCTOR_SKIP, "table.table",
				  doctor->setup.table, &err,
				  need(doctor, "dynamodb:DescribeTable"));
		return 0;
	}
	if (err_is_set(&err)) {
		doctor_tell_error(doctor, DOCTOR_BAD, "table.table",
				  doctor->setup.table, &err, NULL);
		return -1;
	}
	read_answer(doctor, &answer);
	return tell_table(doctor, &answer);
}

/* An option wants items to go; only the table lets them. */
static void look_at_expiry(struct doctor *doctor)
{
	struct table_answer answer;
	struct err err;

	if (!doctor_has_option(doctor->setup.record_options, "--ttl"))
		return;
	err = ask(doctor, "DescribeTimeToLive", "");
	if (err_is_set(&err)) {
		doctor_tell_error(doctor, DOCTOR_SKIP, "table.ttl",
				  doctor->setup.table, &err,
				  need(doctor, "dynamodb:DescribeTimeToLive"));
		return;
	}
	read_answer(doctor, &answer);
	if (str_contains(answer.attribute, "expires") &&
	    (str_is(answer.expiry, "ENABLED") ||
	     str_is(answer.expiry, "ENABLING")))
		doctor_tell(doctor, DOCTOR_OK, "table.ttl", NULL,
			    "items expire");
	else
		doctor_tell(doctor, DOCTOR_WARN, "table.ttl",
			    "ddb-record --create --ttl DAYS </dev/null",
			    "--ttl is asked for, but the table does not remove "
			    "items by the attribute expires");
}

#define KEY "{\"object\":{\"S\":\"" DOCTOR_PREFIX "\"},\"seq\":{\"S\":\"0\"}}"
#define NAMES ",\"ExpressionAttributeNames\":{\"#o\":\"object\"}"
/* Nothing can fulfil it. */
#define CONDITION NAMES ",\"ConditionExpression\":" \
	"\"attribute_exists(#o) AND attribute_not_exists(#o)\""

/* What ddb-record and s3route --once ask of the table. */
static const struct right {
	const char *check, *action, *body;
} rights[] = {
	{ "table.write", "PutItem", ",\"Item\":" KEY CONDITION },
	{ "table.write", "UpdateItem", ",\"Key\":" KEY CONDITION
	  ",\"UpdateExpression\":\"REMOVE nothing\"" },
	{ "table.write", "DeleteItem", ",\"Key\":" KEY CONDITION },
	{ "table.read", "GetItem", ",\"Key\":" KEY },
	{ "table.read", "Query", NAMES
	  ",\"KeyConditionExpression\":\"#o = :o\","
	  "\"ExpressionAttributeValues\":{\":o\":{\"S\":\""
	  DOCTOR_PREFIX "\"}},\"Limit\":1" },
};

static void look_at_right(struct doctor *doctor, const struct right *right)
{
	struct err err = ask(doctor, right->action, right->body);
	bool writes = strcmp(right->check, "table.write") == 0;

	if (writes ? err_is(&err, "ConditionalCheckFailedException") :
		     !err_is_set(&err))
		doctor_tell(doctor, DOCTOR_OK, right->check, NULL,
			    "%s: %s is allowed", doctor->setup.table,
			    right->action);
	else if (!err_is_set(&err))
		doctor_tell(doctor, DOCTOR_BAD, right->check,
			    "this server cannot hold a ledger",
			    "%s: %s was done though its condition was false",
			    doctor->setup.table, right->action);
	else
		doctor_tell_error(doctor, DOCTOR_BAD, right->check,
				  doctor->setup.table, &err,
				  need(doctor, doctor_text(doctor,
					"dynamodb:%s", right->action)));
}

void doctor_table(struct doctor *doctor)
{
	if (!doctor_is_set(doctor->setup.table)) {
		doctor_tell(doctor, DOCTOR_SKIP, "table.table",
			    "set RECORD_TABLE",
			    "RECORD_TABLE is not set: no ledger is kept");
		return;
	}
	if (doctor->here.has_no_keys || look_at_table(doctor) < 0)
		return;
	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++)
		look_at_right(doctor, &rights[i]);
	look_at_expiry(doctor);
}
