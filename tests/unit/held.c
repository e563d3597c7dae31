/* SPDX-License-Identifier: Apache-2.0 */
/* held: what the queue is told of each message, while the test moves the clock. */
#include "sqs/held.h"

#include <stdlib.h>

#include "tap.h"

/* MD5 of "x" */
#define SUM "9dd4e461268c8034f5c8564e155c67a6"

static const int job, other;	/* for their addresses */

static struct held *new_held(bool is_fifo)
{
	return held_new(&(struct held_options){ .visibility = 120,
			.backoff = 15, .is_fifo = is_fifo, .seed = 7 });
}

static enum held_taken take(struct held *held, const char *id,
			    const char *handle, const char *group,
			    unsigned receives, uint64_t now)
{
	const struct sqs_message message = {
		.id = str_of(id), .handle = str_of(handle), .body = STR("x"),
		.md5 = STR(SUM), .group = str_of(group), .receives = receives,
	};

	return held_take(held, &message, now);
}

/* Are the ids those of the event, in its order, and no more? */
static bool has_ids(const struct held *held, const void *whose, size_t n,
		    const char *event)
{
	struct str *ids = calloc(n + 1, sizeof(*ids));
	bool has = true;

	held_ids(held, whose, ids);
	for (size_t i = 0; i < n && has; i++) {
		char member[100];

		snprintf(member, sizeof(member), "\"messageId\":\"%.*s\"",
			 STR_FMT(ids[i]));
		event = strstr(event, member);
		has = event && ids[i].n > 0;
		event += has;
	}
	has = has && !strstr(event, "\"messageId\"") && !ids[n].p;
	free(ids);
	return has;
}

static size_t give(struct held *held, const void *whose, size_t max)
{
	struct buf event;
	size_t n;

	buf_init(&event, 1 << 20);
	n = held_give(held, whose, max, STR("arn"), STR("r"), &event);
	if (!has_ids(held, whose, n, buf_cstr(&event)))
		ok(false, "the ids of an event are not those of its messages");
	buf_free(&event);
	return n;
}

/*
 * failed is a string of '.' and 'f', one for each message; "f!": at once, and with
 * an '&' at its end those that failed are given alone from then on.
 */
static bool has_failed(void *ctx, size_t i)
{
	return ((const char *)ctx)[i] == 'f';
}

static size_t finish(struct held *held, const void *whose, const char *failed,
		     uint64_t now)
{
	const struct held_verdict verdict = {
		.failed = has_failed, .ctx = (void *)failed,
		.at_once = failed[0] == 'f' && failed[1] == '!',
		.is_shared = strchr(failed, '&'),
	};

	return held_finish(held, whose, &verdict, now);
}

/* The next call, as text: "delete h1 h2", "change h1:120"; "" if there is none. */
static void is_next(struct held *held, struct held_batch *batch, uint64_t now,
		    const char *want, const char *what)
{
	char got[1024] = "";

	held_due(held, now);
	if (held_batch(held, batch, false, now))
		strcpy(got, batch->is_delete ? "delete" : "change");
	for (size_t i = 0; i < batch->n; i++) {
		size_t n = strlen(got);

		if (batch->is_delete)
			snprintf(got + n, sizeof(got) - n, " %.*s",
				 STR_FMT(batch->entries[i].handle));
		else
			snprintf(got + n, sizeof(got) - n, " %.*s:%ld",
				 STR_FMT(batch->entries[i].handle),
				 batch->entries[i].timeout);
	}
	is(got, strlen(got), want, what);
}

static void answer(struct held *held, struct held_batch *batch,
		   const char *code, const char *message, uint64_t now)
{
	struct err err;

	if (code)
		err_set(&err, code, "%s", message);
	for (size_t i = 0; i < batch->n; i++)
		held_answer(held, batch, i, code ? &err : NULL, now);
	held_batch_end(held, batch, now);
}

static void test_done(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;

	take(held, "1", "h1", NULL, 1, 0);
	take(held, "2", "h2", NULL, 1, 0);
	take(held, "3", "h3", NULL, 2, 0);
	ok(held_waiting(held) == 3 && give(held, &job, 2) == 2 &&
	   held_waiting(held) == 1, "two of three are given");
	is_next(held, &batch, 1000, "", "nothing is said before there is a reason");
	ok(finish(held, &job, ".f", 1000) == 1, "one of them failed");
	is_next(held, &batch, 1000, "", "what is to be said waits for more");
	ok(held_due(held, 1000) == 1500, "but not long");
	is_next(held, &batch, 1500, "delete h1", "what is done is deleted");
	answer(held, &batch, NULL, NULL, 1510);
	held_batch(held, &batch, false, 1510);
	ok(!batch.is_delete && batch.n == 1 &&
	   batch.entries[0].timeout <= 30 && batch.entries[0].timeout >= 22,
	   "what failed comes again in 2^1 x 15 s, or a little earlier");
	answer(held, &batch, NULL, NULL, 1520);
	ok(held_count(held) == 1, "then they are not ours");
	ok(take(held, "2", "h2b", NULL, 2, 40000) == HELD_NEW,
	   "what failed is new when it comes");
	ok(take(held, "1", "h1b", NULL, 2, 40000) == HELD_DONE_BEFORE,
	   "what was done is not, though it was deleted");
	is_next(held, &batch, 40000, "delete h1b", "it is deleted at once");
	answer(held, &batch, NULL, NULL, 40000);
	held_free(held);
}

/* One of an event may be at fault for all: it is not known which. */
static void test_alone(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;

	take(held, "1", "h1", NULL, 1, 0);
	take(held, "2", "h2", NULL, 1, 0);
	take(held, "3", "h3", NULL, 1, 0);
	give(held, &job, 10);
	ok(finish(held, &job, "f.f&", 1000) == 2, "two failed with their event");
	held_batch(held, &batch, true, 1500);
	answer(held, &batch, NULL, NULL, 1500);
	held_batch(held, &batch, true, 1500);
	answer(held, &batch, NULL, NULL, 1500);
	take(held, "4", "h4", NULL, 1, 40000);
	take(held, "1", "h1b", NULL, 2, 40000);
	take(held, "5", "h5", NULL, 1, 40000);
	take(held, "3", "h3b", NULL, 2, 40000);
	ok(give(held, &job, 10) == 2, "they are left out of the next");
	ok(give(held, &other, 10) == 1 && held_waiting(held) == 1,
	   "each is given alone");
	held_free(held);
}

static void test_renewal(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;

	take(held, "1", "h1", NULL, 1, 0);
	take(held, "2", "h2", NULL, 1, 9000);
	give(held, &job, 1);
	ok(held_due(held, 0) == 60000, "at half of the time");
	is_next(held, &batch, 59999, "", "not before");
	is_next(held, &batch, 60000, "change h1:120 h2:120",
		"what is worked on and what waits, those that are due soon too");
	ok(held_until(held, &job) == 120000, "ours until the queue agrees");
	answer(held, &batch, NULL, NULL, 61000);
	ok(held_until(held, &job) == 180000, "counted from the call");
	is_next(held, &batch, 120000, "change h1:120 h2:120", "and again");
	answer(held, &batch, "InternalError", "m", 120100);
	ok(held_due(held, 120100) == 120100 + (180000 - 120100) / 4,
	   "if that fails it is tried again in time");
	is_next(held, &batch, 140000, "change h1:120 h2:120", "so it is");
	answer(held, &batch, "ReceiptHandleIsInvalid", "m", 140100);
	ok(held_until(held, &job) == 140100 && held_count(held) == 1,
	   "lost: what waited is forgotten, what is worked on is not ours");
	ok(held_due(held, 140100) == UINT64_MAX, "nothing is left to say");
	ok(take(held, "1", "h1b", NULL, 2, 150000) == HELD_AGAIN &&
	   held_waiting(held) == 0 && held_until(held, &job) == 270000,
	   "received again it is ours again, and begun once");
	finish(held, &job, ".", 151000);
	is_next(held, &batch, 152000, "delete h1b", "the newest handle is used");
	answer(held, &batch, NULL, NULL, 152000);
	held_free(held);
}

static void test_twelve_hours(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;
	uint64_t now = 0;
	unsigned calls = 0;
	bool beyond = false;

	take(held, "1", "h1", NULL, 1, 0);
	give(held, &job, 1);
	ok(held_end(held, &job) == 43190000, "12 h in all, less what a call takes");
	while ((now = held_due(held, now)) != UINT64_MAX && calls < 1000) {
		if (!held_batch(held, &batch, false, now))
			break;
		calls++;
		if (now + (uint64_t)batch.entries[0].timeout * 1000 > 43190000)
			beyond = true;
		answer(held, &batch, NULL, NULL, now);
	}
	ok(!beyond, "no call asks for more");
	ok(calls < 1000 && held_until(held, &job) <= 43190000 &&
	   held_until(held, &job) > 43100000, "renewed up to that, %u times",
	   calls);
	held_free(held);

	held = new_held(false);
	take(held, "1", "h1", NULL, 1, 0);
	give(held, &job, 1);
	held_batch(held, &batch, false, 60000);
	answer(held, &batch, "InvalidParameterValue",
	       "Total VisibilityTimeout for the message is beyond the limit", 60000);
	ok(held_until(held, &job) == 120000, "what cannot be renewed ends");
	is_next(held, &batch, 119000, "", "and is asked for no more");
	held_free(held);
}

static void test_expired(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;

	take(held, "1", "h1", NULL, 1, 0);
	take(held, "2", "h2", NULL, 1, 0);
	give(held, &job, 1);
	is_next(held, &batch, 60000, "change h1:120 h2:120", "a renewal");
	answer(held, &batch, "ServiceUnavailable", "m", 119000);
	ok(held_count(held) == 2, "both are held");
	held_due(held, 120000);
	ok(held_count(held) == 1 && give(held, &other, 1) == 0,
	   "what waited and expired is not begun");
	finish(held, &job, ".", 130000);
	is_next(held, &batch, 131000, "delete h1",
		"what was done is deleted, though its time is over");
	answer(held, &batch, "InvalidParameterValue",
	       "Reason: The receipt handle has expired.", 131000);
	ok(held_count(held) == 0, "it is no error that it is not ours");
	ok(take(held, "1", "h1b", NULL, 2, 140000) == HELD_DONE_BEFORE,
	   "it is remembered");
	held_free(held);
}

static void test_lost_answers(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;

	take(held, "1", "h1", NULL, 1, 0);
	give(held, &job, 1);
	finish(held, &job, ".", 0);
	is_next(held, &batch, 1000, "delete h1", "a deletion");
	ok(take(held, "1", "h1b", NULL, 2, 1001) == HELD_AGAIN,
	   "while it is asked for, the message comes again");
	take(held, "1", "h1c", NULL, 3, 1002);
	answer(held, &batch, NULL, NULL, 1003);
	is_next(held, &batch, 1003, "delete h1c",
		"a deletion with an old handle does not count");
	held_batch_end(held, &batch, 1004);
	is_next(held, &batch, 1005, "", "an entry without an answer waits");
	is_next(held, &batch, 2004, "delete h1c", "and is tried again");
	answer(held, &batch, NULL, NULL, 2004);
	ok(held_count(held) == 0, "until it is deleted");
	held_free(held);
}

static void test_fifo(void)
{
	struct held *held = new_held(true);
	struct held_batch batch;

	take(held, "1", "a1", "a", 1, 0);
	take(held, "2", "b1", "b", 1, 0);
	take(held, "3", "a2", "a", 1, 0);
	take(held, "4", "a3", "a", 1, 0);
	take(held, "5", "b2", "b", 1, 0);
	ok(give(held, &job, 3) == 3 && give(held, &other, 9) == 0,
	   "what is behind its group elsewhere waits");
	ok(finish(held, &job, "f..", 0) == 3,
	   "the first that failed takes along all that are behind it");
	held_batch(held, &batch, true, 0);
	ok(batch.is_delete && batch.n == 1 &&
	   str_is(batch.entries[0].handle, "b1"), "the other group is done");
	answer(held, &batch, NULL, NULL, 0);
	held_batch(held, &batch, true, 0);
	ok(batch.n == 3 && str_is(batch.entries[0].handle, "a3") &&
	   str_is(batch.entries[2].handle, "a1") &&
	   batch.entries[0].timeout == batch.entries[2].timeout,
	   "they go back together, the last first");
	answer(held, &batch, NULL, NULL, 0);
	ok(give(held, &other, 9) == 1, "the other group goes on");
	held_free(held);
}

/* What goes back comes again, perhaps before the call about it is answered. */
static void test_anew(void)
{
	struct held *held = new_held(true);
	struct held_batch batch, second;

	take(held, "1", "a1", "a", 1, 0);
	take(held, "2", "a2", "a", 1, 0);
	give(held, &job, 1);
	ok(finish(held, &job, "f!", 0) == 2, "two go back at once");
	held_batch(held, &batch, true, 0);
	ok(take(held, "1", "a1b", "a", 2, 1) == HELD_NEW &&
	   take(held, "2", "a2b", "a", 2, 1) == HELD_NEW &&
	   take(held, "3", "a3", "a", 1, 1) == HELD_NEW,
	   "received again they are new");
	answer(held, &batch, NULL, NULL, 2);
	ok(held_count(held) == 3 && give(held, &job, 1) == 1 &&
	   give(held, &other, 9) == 0, "the first is given first");
	ok(!held_batch(held, &second, true, 3), "and not given back again");
	finish(held, &job, ".", 4);
	held_batch(held, &batch, true, 4);
	ok(batch.is_delete && batch.n == 1 &&
	   str_is(batch.entries[0].handle, "a1b"), "its new handle is used");
	answer(held, &batch, NULL, NULL, 4);
	held_free(held);

	held = new_held(false);
	take(held, "1", "h1", NULL, 1, 0);
	give(held, &job, 1);
	finish(held, &job, "f", 0);
	held_batch(held, &batch, true, 0);
	ok(take(held, "1", "h1b", NULL, 2, 1000) == HELD_AGAIN &&
	   held_waiting(held) == 0,
	   "what is to come later, but is brought twice, is not begun sooner");
	ok(take(held, "1", "h1c", NULL, 3, 31000) == HELD_NEW &&
	   held_waiting(held) == 1, "when its time has come, it is");
	answer(held, &batch, NULL, NULL, 31000);
	ok(held_count(held) == 1, "and what the first call said is over");
	held_free(held);
}

/* One that is lost before it is begun takes along what is behind it. */
static void test_fifo_lost(void)
{
	struct held *held = new_held(true);
	struct held_batch batch;

	take(held, "1", "a1", "a", 1, 0);
	take(held, "2", "a2", "a", 1, 9000);
	take(held, "3", "b1", "b", 1, 9000);
	held_due(held, 120000);
	ok(held_count(held) == 2 && held_waiting(held) == 1,
	   "what is behind it is not begun");
	held_batch(held, &batch, true, 120000);
	ok(!batch.is_delete && batch.entries[0].timeout == 120 &&
	   str_is(batch.entries[1].handle, "a2") &&
	   batch.entries[1].timeout == 0, "it goes back at once");
	answer(held, &batch, NULL, NULL, 120000);
	ok(give(held, &job, 9) == 1, "the other group goes on");
	held_free(held);
}

/* What cannot be read goes back, and nothing of its group is done before it. */
static void test_fifo_damaged(void)
{
	struct held *held = new_held(true);
	const struct sqs_message message = { .id = STR("1"),
		.handle = STR("a1"), .body = STR("y"), .md5 = STR(SUM),
		.group = STR("a"), .receives = 1 };
	struct held_batch batch;

	held_take(held, &message, 0);
	take(held, "2", "a2", "a", 1, 0);
	take(held, "3", "b1", "b", 1, 0);
	held_batch(held, &batch, true, 0);
	ok(batch.n == 2 && str_is(batch.entries[0].handle, "a2") &&
	   str_is(batch.entries[1].handle, "a1") &&
	   batch.entries[0].timeout == batch.entries[1].timeout,
	   "what is behind a damaged one goes back with it");
	answer(held, &batch, NULL, NULL, 0);
	ok(give(held, &job, 9) == 1, "only the other group is begun");
	held_free(held);
}

static void test_fifo_deletions(void)
{
	struct held *held = new_held(true);
	struct held_batch batch, second;

	take(held, "1", "a1", "a", 1, 0);
	take(held, "2", "a2", "a", 1, 0);
	take(held, "3", "b1", "b", 1, 0);
	give(held, &job, 1);
	finish(held, &job, ".", 0);
	held_batch(held, &batch, true, 0);
	give(held, &other, 9);
	finish(held, &other, "..", 0);
	ok(held_batch(held, &second, true, 0) && second.n == 1 &&
	   str_is(second.entries[0].handle, "b1"),
	   "a deletion waits for that of an earlier one of its group");
	ok(held_due(held, 9999) == UINT64_MAX, "and is not due until then");
	answer(held, &second, NULL, NULL, 10);
	answer(held, &batch, "InternalError", "m", 10);
	is_next(held, &batch, 600, "", "nor while that has to be tried again");
	is_next(held, &batch, 1010, "delete a1 a2", "then both go");
	answer(held, &batch, NULL, NULL, 1010);
	ok(held_count(held) == 0, "in one call");
	held_free(held);
}

static void test_singly(void)
{
	struct held *held = new_held(true);
	struct held_batch batch;
	uint64_t from;

	take(held, "1", "a1", "a", 1, 0);
	take(held, "2", "a2", "a", 1, 0);
	ok(held_singly(held, 0) == UINT64_MAX, "as many as there are");
	give(held, &job, 9);
	finish(held, &job, "f.", 0);
	held_batch(held, &batch, true, 0);
	from = held_singly(held, 0);
	ok(from >= 22000 && from <= (uint64_t)batch.entries[1].timeout * 1000,
	   "one failed: it is known from when it may come again");
	answer(held, &batch, NULL, NULL, 0);
	take(held, "3", "b1", "b", 1, 1);
	ok(held_singly(held, 1) == from, "another group changes nothing");
	take(held, "1", "a1b", "a", 2, 30000);
	ok(held_singly(held, 30000) == UINT64_MAX, "it is here");
	give(held, &job, 1);
	finish(held, &job, ".", 30000);
	give(held, &job, 9);
	finish(held, &job, "f", 30000);
	ok(held_singly(held, 30000 + 104000) < UINT64_MAX &&
	   held_singly(held, 30000 + 121000) == UINT64_MAX,
	   "what others have received is not waited for long");
	held_free(held);
}

static void test_counts(void)
{
	struct held *held = new_held(true);
	const struct held_counts *counts = held_counts(held);
	struct held_batch batch;

	take(held, "1", "a1", "a", 1, 0);
	take(held, "2", "b1", "b", 1, 0);
	take(held, "3", "c1", "c", 1, 0);
	take(held, "4", "d1", "d", 1, 0);
	give(held, &job, 3);
	take(held, "3", "c1b", "c", 2, 1);
	finish(held, &job, ".f.", 2);
	held_batch(held, &batch, true, 2);
	answer(held, &batch, NULL, NULL, 2);
	held_batch(held, &batch, true, 2);
	ok(take(held, "2", "b1b", "b", 2, 3) == HELD_NEW, "one comes anew");
	answer(held, &batch, NULL, NULL, 3);
	take(held, "1", "a1b", "a", 2, 4);
	held_batch(held, &batch, true, 4);
	answer(held, &batch, "ReceiptHandleIsInvalid", "m", 4);
	held_due(held, 120001);
	held_due(held, 130000);
	ok(counts->received[HELD_NEW] == 5 &&
	   counts->received[HELD_AGAIN] == 1 &&
	   counts->received[HELD_DONE_BEFORE] == 1, "what came is counted");
	ok(counts->deleted == 2 && counts->given_back == 1 &&
	   counts->lost == 3 && held_count(held) == 0, "and how each ended");
	held_free(held);
}

static void test_leave(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;

	take(held, "1", "h1", NULL, 5, 0);
	take(held, "2", "h2", NULL, 1, 0);
	give(held, &job, 1);
	held_leave(held, 0);
	take(held, "3", "h3", NULL, 1, 0);
	ok(held_waiting(held) == 0, "nothing is begun any more");
	finish(held, &job, "f!", 10);
	is_next(held, &batch, 1000, "change h1:0 h2:0 h3:0",
		"all that is not done goes back at once");
	answer(held, &batch, NULL, NULL, 1000);
	ok(held_count(held) == 0, "and nothing is held");
	held_free(held);
}

static void test_taking(void)
{
	struct held *held = new_held(false);
	struct sqs_message message = { .id = STR("1"), .handle = STR("h"),
		.body = STR("y"), .md5 = STR(SUM), .receives = 1 };
	struct held_batch batch;
	char id[24];

	ok(held_take(held, &message, 0) == HELD_DAMAGED &&
	   held_waiting(held) == 0, "a body that is not what was sent");
	held_batch(held, &batch, true, 0);
	ok(batch.n == 1 && batch.entries[0].timeout > 20, "goes back");
	answer(held, &batch, NULL, NULL, 0);
	message.handle = STR_NONE;
	ok(held_take(held, &message, 0) == HELD_NOT_TAKEN,
	   "a message without a handle");
	for (int i = 0; i < 25; i++) {
		snprintf(id, sizeof(id), "m%d", i);
		take(held, id, id, NULL, 1, 0);
	}
	ok(give(held, &job, 25) == 25, "25 are given");
	finish(held, &job, ".........................", 0);
	ok(held_batch(held, &batch, false, 0) && batch.n == 10,
	   "ten are deleted without waiting");
	answer(held, &batch, NULL, NULL, 0);
	ok(held_batch(held, &batch, false, 0) && batch.n == 10, "ten more");
	answer(held, &batch, NULL, NULL, 0);
	ok(!held_batch(held, &batch, false, 0), "the rest waits");
	held_free(held);
}

static void test_backoff(void)
{
	struct held *held = new_held(false);
	struct held_batch batch;
	long least = 10000, most = 0;
	char id[24];

	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "m%d", i);
		take(held, id, id, NULL, 40, 0);
		give(held, &job, 1);
		finish(held, &job, "f", 0);
		held_batch(held, &batch, true, 0);
		if (batch.entries[0].timeout < least)
			least = batch.entries[0].timeout;
		if (batch.entries[0].timeout > most)
			most = batch.entries[0].timeout;
		answer(held, &batch, NULL, NULL, 0);
	}
	ok(least >= 675 && most <= 900 && most - least > 50,
	   "no more than 15 min, and not all at once");
	held_free(held);
}

int main(void)
{
	test_done();
	test_alone();
	test_renewal();
	test_twelve_hours();
	test_expired();
	test_lost_answers();
	test_fifo();
	test_anew();
	test_fifo_lost();
	test_fifo_damaged();
	test_fifo_deletions();
	test_singly();
	test_counts();
	test_leave();
	test_taking();
	test_backoff();
	return done();
}
