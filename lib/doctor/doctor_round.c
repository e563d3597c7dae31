/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round: an object is put into the first source bucket, and two records of
 * it, one good and one bad, go through s3route and ddb-record as in
 * pipelines/process.  Then what they made is removed again.
 */
#include "doctor/doctor_round.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "doctor/doctor_program.h"
#include "doctor/doctor_server.h"
#include "format/json_write.h"
#include "io/spawn.h"
#include "ledger/ledger_item.h"
#include "record/dest_key.h"
#include "record/record.h"

enum { TEXT_MAX = 256 << 10, KEY_MAX = 2048 };

/*
 * Whatever the options say of an object that is in the way, and a template may
 * name one that matters: nothing is replaced for a trial.
 */
static const char pipeline[] =
	"set -f; route() { s3route -k $ROUTE_OPTIONS -c keep-both; }; "
	"if [ -n \"$RECORD_TABLE\" ]; "
	"then route | ddb-record -k $RECORD_OPTIONS; else route; fi";

struct round {
	struct doctor *doctor;
	struct s3_object source;
	unsigned left;		/* things that could not be removed */
	int signal;		/* to end by; 0: none has come */
};

/* Removing */

static void count_left(struct round *round, const struct err *err)
{
	if (err_is_set(err) && !s3_may_be_gone(err))
		round->left++;
}

static void remove_object(struct round *round, const struct s3_object *object)
{
	struct doctor *doctor = round->doctor;
	struct err err;

	s3_delete(doctor->store->aws, doctor_ask(doctor), object);
	err = doctor_answer(doctor);
	count_left(round, &err);
}

/* Beside a copy of what is bad.  It is removed as it is seen. */
static void remove_explanation(struct round *round, const struct record *copy)
{
	struct doctor *doctor = round->doctor;
	struct s3_object why = { .bucket = copy->route_bucket };
	struct err err;
	struct buf key;

	buf_init(&key, KEY_MAX);
	dest_key_why(&key, copy->route_key, copy);
	why.key = arena_take(&doctor->arena, &key);
	s3_head(doctor->store->aws, doctor_ask(doctor), &why);
	err = doctor_answer(doctor);
	why.version = doctor->call.version;
	why.etag = doctor->call.etag;
	if (!err_is_set(&err))
		remove_object(round, &why);
	else
		count_left(round, &err);
}

static void remove_item(struct round *round, const struct record *record)
{
	struct doctor *doctor = round->doctor;
	struct ledger_item_key key = ledger_item_key(record, false,
						       &doctor->arena);
	struct buf body;
	struct err err;

	buf_init(&body, TEXT_MAX);
	buf_putc(&body, '{');
	json_member(&body, "TableName", str_of(doctor->setup.table));
	json_member_open(&body, "Key");
	json_member_open(&body, "object");
	json_member(&body, "S", key.object);
	buf_putc(&body, '}');
	json_member_open(&body, "seq");
	json_member(&body, "S", key.seq);
	buf_puts(&body, "}}}");
	err = doctor_ask_ddb(doctor, "DeleteItem",
			     arena_take(&doctor->arena, &body));
	count_left(round, &err);
}

/* A copy that was there before, or that a dry run would make, is not. */
static bool is_made(const struct record *record)
{
	return record->route_key.n > 0 && !record->route_dry.p &&
	       !record->route_already.p;
}

static void remove_traces(struct round *round, const struct record *record)
{
	const struct s3_object copy = {
		.bucket = record->route_bucket, .key = record->route_key,
		.version = record->route_version, .etag = record->route_etag
	};

	doctor_turn_to_copies(round->doctor);
	if (is_made(record))
		remove_object(round, &copy);
	if (is_made(record) && record_outcome(record) == RECORD_BAD)
		remove_explanation(round, record);
	doctor_turn_here(round->doctor);
	if (record->record_status.p)
		remove_item(round, record);
}

/* The pipeline */

/* "a good file" or "a bad file", with what became of it. */
static void tell(struct round *round, const struct record *record, bool is_bad)
{
	const char *kind = is_bad ? "bad" : "good";

	if (record_outcome(record) == RECORD_FAILED)
		doctor_tell(round->doctor, DOCTOR_BAD, "round", NULL,
			    "a %s file fails: see the line above", kind);
	else if (record_outcome(record) != (is_bad ? RECORD_BAD : RECORD_GOOD))
		doctor_tell(round->doctor, DOCTOR_BAD, "round", NULL,
			    "a %s file came out as %s", kind,
			    record_outcome_name(record_outcome(record)));
	else if (record->route_dry.p || record->record_dry.p)
		doctor_tell(round->doctor, DOCTOR_BAD, "round",
			    "take -n out of ROUTE_OPTIONS and RECORD_OPTIONS",
			    "a %s file would be copied and recorded, but this "
			    "is a dry run", kind);
	else
		doctor_tell(round->doctor, DOCTOR_OK, "round", NULL,
			    "a %s file went to %.*s/%.*s%s", kind,
			    STR_FMT(record->route_bucket),
			    STR_FMT(record->route_key),
			    record->record_status.p ? ", and was recorded" : "");
}

/* What comes out, line by line. */
static void take_lines(struct round *round, struct str text)
{
	struct record_reader *reader = record_reader_new();
	unsigned n = 0;
	struct err err;

	while (reader && text.n > 0) {
		struct str line = str_next(&text, '\n');
		struct record record;

		if (record_parse(reader, line, &round->doctor->arena, &record,
				 &err) < 0)
			continue;
		tell(round, &record, str_is(record.id, "s3ev-doctor-bad"));
		remove_traces(round, &record);
		n++;
	}
	record_reader_free(reader);
	if (n < 2)
		doctor_tell(round->doctor, DOCTOR_BAD, "round",
			    "see the lines above",
			    "of two records %u came out of the pipeline", n);
}

static void put_record(struct buf *out, const struct s3_object *source,
		       const char *id, const char *rest)
{
	buf_putc(out, '{');
	json_member(out, "id", str_of(id));
	json_member(out, "event", STR("ObjectCreated:Put"));
	json_member(out, "bucket", source->bucket);
	json_member(out, "key", source->key);
	if (source->version.n > 0)
		json_member(out, "version", source->version);
	json_member(out, "etag", source->etag);
	buf_puts(out, rest);
	buf_puts(out, "}\n");
}

/* Both are so short that a pipe takes them at once. */
static int run(struct round *round, char *said, size_t size)
{
	const char *argv[] = { "sh", "-c", pipeline, NULL };
	const struct spawn_plan plan = {
		.argv = argv,
		.fds = { { SPAWN_WRITE, 0 }, { SPAWN_READ, 0 },
			 { SPAWN_GIVE, STDERR_FILENO } },
		.n_fds = 3,
	};
	int ours[SPAWN_FDS_MAX], status;
	ssize_t sent;
	struct buf in;
	pid_t pid;

	buf_init(&in, TEXT_MAX);
	put_record(&in, &round->source, "s3ev-doctor-good", "");
	put_record(&in, &round->source, "s3ev-doctor-bad",
		   ",\"bad\":{\"by\":\"s3ev-doctor\",\"reason\":\"a test\"}");
	pid = spawn(&plan, ours);
	if (pid < 0) {
		buf_free(&in);
		return -1;
	}
	sent = write(ours[0], in.p, in.n);
	close(ours[0]);
	buf_free(&in);
	return doctor_program_end(pid, ours[1], said, size, &status) < 0 ||
	       sent < 0 ? -1 : 0;
}

static void send_through(struct round *round)
{
	char *said = arena_alloc(&round->doctor->arena, TEXT_MAX);

	if (!said || run(round, said, TEXT_MAX) < 0)
		doctor_tell(round->doctor, DOCTOR_BAD, "round", NULL,
			    "the pipeline cannot be run: %s", strerror(errno));
	else
		take_lines(round, str_of(said));
}

/* The object */

static const struct s3_content content = {
	.bytes = STR("s3ev-doctor\n"), .type = STR("text/plain")
};

static int put_source(struct round *round)
{
	struct doctor *doctor = round->doctor;
	struct err err;

	s3_put(doctor->store->aws, doctor_ask(doctor), &round->source, &content,
	       S3_KEEP);
	err = doctor_answer(doctor);
	if (err_is_set(&err)) {
		doctor_tell_error(doctor, DOCTOR_SKIP, "round",
			doctor_text(doctor, "%.*s/%.*s",
				    STR_FMT(round->source.bucket),
				    STR_FMT(round->source.key)),
			&err, "s3:PutObject there, only to have it tried");
		return -1;
	}
	round->source.version = doctor->call.version;
	round->source.etag = doctor->call.etag;
	return 0;
}

static void try_round(struct round *round)
{
	struct doctor *doctor = round->doctor;

	round->source.key = str_of(doctor_text(doctor, DOCTOR_PREFIX "%lld-%ld",
					       (long long)time(NULL),
					       (long)getpid()));
	if (put_source(round) < 0)
		return;
	doctor_etag(doctor, &round->source, content.bytes);
	doctor_turn_to_copies(doctor);
	doctor_server(doctor);
	doctor_turn_here(doctor);
	send_through(round);
	remove_object(round, &round->source);
	if (round->left > 0)
		doctor_tell(doctor, DOCTOR_WARN, "round",
			    "allow s3:DeleteObject and dynamodb:DeleteItem "
			    "there, or remove what is below " DOCTOR_PREFIX,
			    "%u of the things that it made could not be removed",
			    round->left);
}

static void on_signal(void *arg, int signal)
{
	struct round *round = arg;

	round->signal = signal;
}

/* A signal that ends us has to wait until all is removed. */
void doctor_round(struct doctor *doctor)
{
	const char *sources = doctor->setup.sources;
	struct round round = { .doctor = doctor };

	if (doctor->here.has_no_keys || doctor->here.has_no_s3 ||
	    doctor->target.has_no_keys || doctor->target.has_no_s3 ||
	    doctor_has_no_target(doctor))
		return;
	round.source.bucket = allowed_next(&sources);
	if (!round.source.bucket.p) {
		doctor_tell(doctor, DOCTOR_SKIP, "round", "set SOURCE_BUCKETS",
			    "no bucket is known that files arrive in");
		return;
	}
	if (loop_signals(doctor->loop, on_signal, &round) < 0) {
		doctor_tell(doctor, DOCTOR_SKIP, "round", NULL,
			    "no signal can be held back: %s", strerror(errno));
		return;
	}
	try_round(&round);
	if (round.signal)
		loop_die(doctor->loop, round.signal);
}
