/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/consumer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "aws/aws_json.h"
#include "base/diag.h"
#include "hash/digest.h"
#include "sqs/sqs_message.h"

enum { CALL_MEMORY = 96 << 20,	/* texts of an answer, twice */
       BODY_MAX = 256 << 10, AGAIN_MIN_MS = 1000, ATTEMPT_MS = 300000,
       KEPT = 1 << 20 };	/* bytes that an idle call may keep */

/* A call that can be made again and again. */
struct call {
	struct aws_call aws;
	struct consumer *consumer;
	struct arena arena;
	struct buf body;
	bool is_running;
	unsigned asked, got, wait;	/* of a poll: messages, and s */
	bool was_idle;			/* nothing was held when it began */
	char attempt[DIGEST_HEX_SIZE(16)];	/* of a poll to be repeated */
	uint64_t attempted;
	struct held_batch batch;
	bool has_failed;		/* an entry of it, in a way to be said */
};

/* The code of the error that was said last. */
struct trouble {
	char code[96];
};

struct consumer {
	struct loop *loop;
	struct aws *aws;
	const struct consumer_handler *handler;
	void *ctx;
	const struct sqs_queue *queue;
	unsigned wait, visibility;	/* s */
	struct held *held;
	struct str region;
	struct buf url, arn;
	struct call look, polls[CONSUMER_POLLS], batches[CONSUMER_BATCHES];
	struct loop_timer poll_timer, tell_timer;
	uint64_t again;			/* ms until the next try */
	struct trouble looking, receiving, telling;
	struct consumer_counts refused;
	size_t room, least;
	bool is_found, is_full, is_stopped, is_waiting, hurry;
};

/* People */

/* Each code is said once, until a call succeeds. */
static void complain(struct consumer *c, struct trouble *trouble,
		     const char *what, const struct err *err)
{
	struct buf line;

	if (strcmp(trouble->code, err->code) == 0)
		return;
	snprintf(trouble->code, sizeof(trouble->code), "%s", err->code);
	buf_init(&line, 4096);
	buf_printf(&line, "%s: ", what);
	diag_put_error(&line, err);
	if (buf_cstr(&line))
		c->handler->say(c->ctx, buf_cstr(&line));
	buf_free(&line);
}

static void is_well(struct consumer *c, struct trouble *trouble)
{
	if (trouble->code[0])
		c->handler->say(c->ctx, trouble == &c->receiving ?
				"messages can be received again" :
				"messages can be answered for again");
	trouble->code[0] = '\0';
	if (trouble == &c->receiving)
		c->again = AGAIN_MIN_MS;
}

/* Of deletions and visibilities. */
static void complain_telling(struct call *call, const struct err *err)
{
	complain(call->consumer, &call->consumer->telling,
		 call->batch.is_delete ? "cannot delete" :
		 "cannot change the visibility", err);
	(*(call->batch.is_delete ? &call->consumer->refused.deletes :
	   &call->consumer->refused.changes))++;
	call->has_failed = true;
}

/* Calls */

static void start_call(struct call *call, const char *action,
		       void (*done)(void *arg))
{
	struct consumer *c = call->consumer;
	struct aws_call *aws = &call->aws;

	aws->service = CONFIG_SQS;
	aws->sign_service = "sqs";
	aws->region = c->region;
	aws->url = buf_cstr(&c->url);
	aws->answer_max = SQS_ANSWER_MAX;
	aws->arena = &call->arena;
	aws->done = done;
	aws->arg = call;
	call->is_running = true;
	action = arena_printf(&call->arena, "AmazonSQS.%s", action);
	if (call == &c->look)
		aws_json_start(c->aws, aws, action, buf_str(&call->body));
	else
		aws_json_start_unread(c->aws, aws, action,
				      buf_str(&call->body));
}

/* Of a call that is over; a large answer's memory is not kept. */
static void end_call(struct call *call)
{
	call->is_running = false;
	aws_call_free(&call->aws);
	buf_reset(&call->body);
	if (call->arena.total > KEPT)
		arena_free(&call->arena);
	else
		arena_reset(&call->arena);
}

static struct call *idle_call(struct call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!calls[i].is_running)
			return &calls[i];
	return NULL;
}

static void init_call(struct call *call, struct consumer *c)
{
	call->consumer = c;
	arena_init(&call->arena, CALL_MEMORY);
	buf_init(&call->body, BODY_MAX);
}

static void free_call(struct call *call)
{
	aws_call_free(&call->aws);
	arena_free(&call->arena);
	buf_free(&call->body);
}

/* Polls */

static void poll_queue(struct consumer *c);

static void poll_again(void *arg)
{
	struct consumer *c = arg;

	c->is_waiting = false;
	poll_queue(c);
}

/* Up to a quarter earlier, so that many workers do not come together. */
static uint64_t next_wait(struct consumer *c)
{
	uint64_t wait = c->again;
	unsigned char random = 0;

	(void)!getrandom(&random, 1, 0);
	c->again = 2 * wait < CONSUMER_AGAIN_MAX_MS ? 2 * wait :
						     CONSUMER_AGAIN_MAX_MS;
	return wait - wait / 4 * random / 256;
}

static void take(void *ctx, const struct sqs_message *message)
{
	struct call *call = ctx;
	struct consumer *c = call->consumer;
	struct buf line;

	call->got++;
	switch (held_take(c->held, message, loop_now(c->loop))) {
	case HELD_NEW:
	case HELD_AGAIN:
	case HELD_DONE_BEFORE:
		return;
	case HELD_DAMAGED:
	case HELD_NOT_TAKEN:
		break;
	}
	buf_init(&line, 1024);
	buf_puts(&line, "message ");
	diag_put(&line, message->id.p ? message->id : STR("without an id"));
	buf_puts(&line, message->handle.n > 0 && message->body.p ?
		 ": MD5OfBody is not that of its body: it is given back" :
		 ": it has no id, handle or body: it is left");
	if (buf_cstr(&line))
		c->handler->say(c->ctx, buf_cstr(&line));
	buf_free(&line);
}

static void pause_polls(struct consumer *c, uint64_t ms)
{
	c->is_waiting = true;
	loop_timer_set(c->loop, &c->poll_timer, ms, poll_again, c);
}

static void poll_failed(struct consumer *c, const struct err *err)
{
	c->refused.receives++;
	if (c->handler->refused(c->ctx, err))
		return;
	complain(c, &c->receiving, "cannot receive", err);
	pause_polls(c, next_wait(c));
}

static void on_polled(void *arg)
{
	struct call *call = arg;
	struct consumer *c = call->consumer;
	struct err err = call->aws.err;
	bool was_empty;

	call->got = 0;
	if (!err_is_set(&err) &&
	    sqs_message_read(buf_str(&call->aws.http.body_in), &call->arena,
			     take, call, &err) < 0)
		err.status = 500;	/* another answer may be better */
	was_empty = call->got == 0 && call->wait == c->wait && call->was_idle &&
		    held_count(c->held) == 0;
	end_call(call);
	c->is_full = !err_is_set(&err) && call->got >= call->asked;
	consumer_tell(c, false);
	if (err_is_set(&err)) {
		poll_failed(c, &err);
		c->handler->moved(c->ctx);
		return;
	}
	call->attempt[0] = '\0';
	is_well(c, &c->receiving);
	if (call->got == 0 && c->wait == 0)
		pause_polls(c, AGAIN_MIN_MS);
	c->handler->polled(c->ctx, was_empty);
}

/*
 * If the answer is lost on its way, a FIFO queue gives the same messages again
 * to whoever repeats the call with the same id; else they were gone for as long
 * as they are invisible.
 */
static struct str attempt_of(struct call *call)
{
	struct consumer *c = call->consumer;
	uint64_t now = loop_now(c->loop);
	unsigned char random[16];

	if (!c->queue->is_fifo)
		return STR_NONE;
	if (call->attempt[0] && now - call->attempted < ATTEMPT_MS)
		return str_of(call->attempt);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STR_NONE;
	digest_hex(call->attempt, random, sizeof(random));
	call->attempted = now;
	return str_of(call->attempt);
}

/*
 * A poll that is still waiting when a message that failed is to be had would
 * take what is behind it, too.
 */
static void singly(struct consumer *c, struct sqs_receive *receive)
{
	uint64_t now = loop_now(c->loop), from = held_singly(c->held, now);

	if (from <= now + 1000)
		receive->max = 1;
	else if ((from - now) / 1000 < receive->wait)
		receive->wait = (unsigned)((from - now) / 1000);
}

static void start_poll(struct consumer *c, struct call *call, unsigned max)
{
	struct sqs_receive receive = {
		.max = max, .wait = c->is_full ? 0 : c->wait,
		.visibility = c->visibility,
		.attempt = attempt_of(call),
	};

	singly(c, &receive);
	call->asked = receive.max;
	call->wait = receive.wait;
	call->was_idle = held_count(c->held) == 0;
	sqs_message_put_receive(&call->body, c->queue, &receive);
	start_call(call, "ReceiveMessage", on_polled);
}

static void poll_queue(struct consumer *c)
{
	struct call *call;
	size_t taken;

	while (c->is_found && !c->is_stopped && !c->is_waiting &&
	       (call = idle_call(c->polls, CONSUMER_POLLS))) {
		taken = held_waiting(c->held);
		for (size_t i = 0; i < CONSUMER_POLLS; i++)
			taken += c->polls[i].is_running ? c->polls[i].asked : 0;
		if (taken + c->least > c->room ||
		    (!c->is_full && consumer_is_polling(c)))
			return;
		start_poll(c, call, c->room - taken < SQS_BATCH ?
			   (unsigned)(c->room - taken) : SQS_BATCH);
	}
}

void consumer_poll(struct consumer *c, size_t room, size_t least)
{
	c->room = room;
	c->least = least;
	poll_queue(c);
}

bool consumer_is_full(const struct consumer *c)
{
	return c->is_full;
}

void consumer_stop(struct consumer *c)
{
	c->is_stopped = true;
}

bool consumer_is_polling(const struct consumer *c)
{
	for (size_t i = 0; i < CONSUMER_POLLS; i++)
		if (c->polls[i].is_running)
			return true;
	return false;
}

/* Deletions and visibilities */

static void on_entry(void *ctx, struct str id, const struct err *err)
{
	struct call *call = ctx;
	struct consumer *c = call->consumer;
	unsigned long long i;

	if (str_number(id, &i) == 0 && i < SQS_BATCH &&
	    held_answer(c->held, &call->batch, (size_t)i, err,
			loop_now(c->loop)))
		complain_telling(call, err);
}

static void on_told(void *arg)
{
	struct call *call = arg;
	struct consumer *c = call->consumer;
	uint64_t now = loop_now(c->loop);
	struct err err = call->aws.err;

	call->has_failed = false;
	if (!err_is_set(&err))
		sqs_message_read_batch(buf_str(&call->aws.http.body_in),
				       &call->arena, on_entry, call, &err);
	if (err_is_set(&err))
		complain_telling(call, &err);
	if (!call->has_failed)
		is_well(c, &c->telling);
	held_batch_end(c->held, &call->batch, now);
	end_call(call);
	consumer_tell(c, false);
	c->handler->moved(c->ctx);
}

static void on_due(void *arg)
{
	struct consumer *c = arg;

	consumer_tell(c, false);
	c->handler->moved(c->ctx);
}

void consumer_tell(struct consumer *c, bool hurry)
{
	uint64_t now = loop_now(c->loop), due;
	struct call *call;

	held_due(c->held, now);
	c->hurry |= hurry;
	while ((call = idle_call(c->batches, CONSUMER_BATCHES)) &&
	       held_batch(c->held, &call->batch, c->hurry, now)) {
		sqs_message_put_batch(&call->body, c->queue,
				      call->batch.entries, call->batch.n);
		start_call(call, call->batch.is_delete ? "DeleteMessageBatch" :
			   "ChangeMessageVisibilityBatch", on_told);
	}
	c->hurry &= call == NULL;
	due = held_due(c->held, now);
	if (!call || due == UINT64_MAX)
		loop_timer_stop(&c->tell_timer);
	else
		loop_timer_set(c->loop, &c->tell_timer,
			       due > now ? due - now : 1, on_due, c);
}

/* The queue itself */

static void look(void *arg);

static void look_at(struct consumer *c, struct str answer)
{
	struct sqs_attributes attributes;
	struct err err;

	if (sqs_message_read_attributes(answer, &c->look.arena, &attributes,
					&err) < 0)
		return;
	if (attributes.arn.n > 0) {
		buf_reset(&c->arn);
		buf_put_str(&c->arn, attributes.arn);
	}
	if (attributes.redrive.n == 0)
		c->handler->say(c->ctx, "the queue has no redrive policy: what "
				"fails each time comes again until it is too "
				"old, and is lost then");
}

/* Whoever may receive may not always look; a 4xx says so, and polls will tell. */
static void on_looked(void *arg)
{
	struct call *call = arg;
	struct consumer *c = call->consumer;
	struct err err = call->aws.err;
	bool is_there = !err_is_set(&err);

	if (is_there)
		look_at(c, buf_str(&call->aws.http.body_in));
	end_call(call);
	if (!is_there && c->handler->refused(c->ctx, &err))
		return;
	if (!is_there)
		complain(c, &c->looking, "cannot look at the queue", &err);
	if (is_there || (err.status / 100 == 4 && err.status != 429)) {
		c->again = AGAIN_MIN_MS;
		c->is_found = true;
		c->handler->found(c->ctx);
		return;
	}
	loop_timer_set(c->loop, &c->poll_timer, next_wait(c), look, c);
}

static void look(void *arg)
{
	struct consumer *c = arg;

	sqs_message_put_attributes(&c->look.body, c->queue);
	start_call(&c->look, "GetQueueAttributes", on_looked);
}

void consumer_start(struct consumer *c)
{
	look(c);
}

/*
 * Where the user says, else where the URL says.  Whatever limits the silence of
 * a connection must not end a long poll.
 */
static int set_up(struct consumer *c, const struct consumer_options *options,
		  struct err *err)
{
	const struct config *config = aws_config(c->aws);
	struct held_options held = options->held;
	unsigned long stall = config->stall_timeout.value;

	held.is_fifo = c->queue->is_fifo;
	if (getrandom(&held.seed, sizeof(held.seed), 0) < 0)
		return err_errno(err, "random numbers");
	c->held = held_new(&held);
	c->visibility = held.visibility;
	c->wait = options->wait;
	if (stall > 0 && c->wait > stall / 2)
		c->wait = (unsigned)(stall / 2);
	c->region = c->queue->region.p ? c->queue->region :
					 config->region.value;
	buf_put_str(&c->url, config->endpoint[CONFIG_SQS].value.p ?
		    config->endpoint[CONFIG_SQS].value : c->queue->host);
	buf_putc(&c->url, '/');
	sqs_queue_put_arn(&c->arn, c->queue, c->region);
	return c->held && !c->url.failed && !c->arn.failed ? 0 :
							  err_memory(err);
}

struct consumer *consumer_new(struct loop *loop, struct aws *aws,
			      const struct consumer_options *options,
			      const struct consumer_handler *handler, void *ctx,
			      struct err *err)
{
	struct consumer *c = calloc(1, sizeof(*c));

	if (!c) {
		err_memory(err);
		return NULL;
	}
	c->loop = loop;
	c->aws = aws;
	c->handler = handler;
	c->ctx = ctx;
	c->queue = options->queue;
	c->again = AGAIN_MIN_MS;
	buf_init(&c->url, CONFIG_URL_MAX + 1);
	buf_init(&c->arn, 4096);
	init_call(&c->look, c);
	for (size_t i = 0; i < CONSUMER_POLLS; i++)
		init_call(&c->polls[i], c);
	for (size_t i = 0; i < CONSUMER_BATCHES; i++)
		init_call(&c->batches[i], c);
	if (set_up(c, options, err) == 0)
		return c;
	consumer_free(c);
	return NULL;
}

void consumer_free(struct consumer *c)
{
	if (!c)
		return;
	loop_timer_stop(&c->poll_timer);
	loop_timer_stop(&c->tell_timer);
	free_call(&c->look);
	for (size_t i = 0; i < CONSUMER_POLLS; i++)
		free_call(&c->polls[i]);
	for (size_t i = 0; i < CONSUMER_BATCHES; i++) {
		free_call(&c->batches[i]);
		if (c->held)
			held_batch_end(c->held, &c->batches[i].batch, 0);
	}
	held_free(c->held);
	buf_free(&c->url);
	buf_free(&c->arn);
	free(c);
}

struct held *consumer_held(struct consumer *c)
{
	return c->held;
}

const struct consumer_counts *consumer_counts(const struct consumer *c)
{
	return &c->refused;
}

struct str consumer_arn(const struct consumer *c)
{
	return buf_str(&c->arn);
}

struct str consumer_region(const struct consumer *c)
{
	return c->region;
}
