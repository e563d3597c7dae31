/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/held.h"

#include <stdlib.h>
#include <string.h>

#include "sqs/failed_groups.h"
#include "sqs/known_ids.h"

enum { AGAIN_MIN_MS = 1000, AGAIN_MAX_MS = 30000,
       DELETE_TRIES = 8,	/* after that it comes again, and then is deleted */
       END_MARGIN = 10 };	/* s: the queue counts from before it answered */

static const uint64_t never = UINT64_MAX;

/* LEFT: it was received anew; only a call still has its handle. */
enum state { WAITING, WORKING, DONE, BACK, LEFT };

/* Its texts lie behind it, but for the handle, which may be replaced. */
struct held_message {
	struct held_message *next, *previous;	/* in the order of arrival */
	struct sqs_message message;
	char *handle, *lent;		/* the newest, and the one in a call */
	unsigned receipt;		/* how often it was received here */
	enum state state;
	const void *job;
	uint64_t until, end;		/* ours until then, and at most */
	uint64_t due;			/* of a renewal, a deletion, a return */
	unsigned tries;			/* of the deletion or return that failed */
	unsigned timeout;		/* s, of a return, */
	uint64_t free;			/* and when others may have it then */
	const struct held_batch *call;	/* that it is in, or NULL */
	bool alone;			/* it is to be given alone */
	bool is_damaged;
};

struct held {
	struct held_options options;
	struct held_message *first, *last;
	size_t count;
	struct held_counts counts;
	struct known_ids done, suspects;	/* these are to be alone */
	struct failed_groups failed;
	uint64_t random;
	bool is_leaving;
};

uint64_t held_singly(struct held *held, uint64_t now)
{
	return failed_groups_from(&held->failed, now);
}

struct held *held_new(const struct held_options *options)
{
	struct held *held = calloc(1, sizeof(*held));

	if (!held)
		return NULL;
	held->options = *options;
	held->random = options->seed | 1;
	if (known_ids_init(&held->done) == 0 &&
	    known_ids_init(&held->suspects) == 0)
		return held;
	held_free(held);
	return NULL;
}

static void free_message(struct held_message *m)
{
	free(m->handle);
	free(m);
}

static void drop(struct held *held, struct held_message *m)
{
	*(m->previous ? &m->previous->next : &held->first) = m->next;
	*(m->next ? &m->next->previous : &held->last) = m->previous;
	held->count--;
	free_message(m);
}

void held_free(struct held *held)
{
	if (!held)
		return;
	for (struct held_message *m = held->first, *next; m; m = next) {
		next = m->next;
		free_message(m);
	}
	known_ids_free(&held->done);
	known_ids_free(&held->suspects);
	free(held);
}

/* xorshift64: good enough to spread what comes again. */
static uint64_t random_below(struct held *held, uint64_t n)
{
	held->random ^= held->random << 13;
	held->random ^= held->random >> 7;
	held->random ^= held->random << 17;
	return n > 0 ? held->random % n : 0;
}

/* min(900, 2^receives x backoff), less up to a quarter. */
static unsigned backoff(struct held *held, unsigned long long receives)
{
	uint64_t delay = held->options.backoff;

	while (receives-- > 0 && delay > 0 && delay < HELD_BACKOFF_MAX)
		delay *= 2;
	if (delay > HELD_BACKOFF_MAX)
		delay = HELD_BACKOFF_MAX;
	return (unsigned)(delay - random_below(held, delay / 4 + 1));
}

/* Messages that come */

static char *copy(struct str *s, char *to)
{
	if (!s->p)
		return to;
	memcpy(to, s->p, s->n);
	s->p = to;
	return to + s->n;
}

/* With its texts, in one piece. */
static struct held_message *make(const struct sqs_message *message)
{
	size_t n = message->id.n + message->body.n + message->md5.n +
		   message->group.n + message->attributes.n;
	struct held_message *m = malloc(sizeof(*m) + n + 1);
	char *at;

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->message = *message;
	at = copy(&m->message.id, (char *)(m + 1));
	at = copy(&m->message.body, at);
	at = copy(&m->message.md5, at);
	at = copy(&m->message.group, at);
	copy(&m->message.attributes, at);
	return m;
}

static void append(struct held *held, struct held_message *m)
{
	m->previous = held->last;
	*(held->last ? &held->last->next : &held->first) = m;
	held->last = m;
	held->count++;
}

static struct held_message *find(const struct held *held, struct str id)
{
	struct held_message *m = held->first;

	while (m && (m->state == LEFT || !str_eq(m->message.id, id)))
		m = m->next;
	return m;
}

static uint64_t visibility_ms(const struct held *held)
{
	return (uint64_t)held->options.visibility * 1000;
}

/* It was received at this time: the handle is new, and so are the times. */
static int set_receipt(struct held *held, struct held_message *m,
		       const struct sqs_message *message, uint64_t now)
{
	char *handle = malloc(message->handle.n + 1);

	if (!handle)
		return -1;
	memcpy(handle, message->handle.p, message->handle.n);
	handle[message->handle.n] = '\0';
	if (m->handle != m->lent)
		free(m->handle);
	m->handle = handle;
	m->message.handle = (struct str){ handle, message->handle.n };
	m->message.receives = message->receives;
	m->receipt++;
	m->until = now + visibility_ms(held);
	m->end = now + (uint64_t)(SQS_VISIBILITY_MAX - END_MARGIN) * 1000;
	m->tries = 0;
	if (m->state == WAITING || m->state == WORKING)
		m->due = now + visibility_ms(held) / 2;
	else
		m->due = now;
	return 0;
}

static void set_back(struct held_message *m, unsigned timeout, uint64_t now)
{
	m->state = BACK;
	m->job = NULL;
	m->tries = 0;
	m->timeout = timeout;
	m->free = never;
	m->due = now + HELD_FLUSH_MS;
}

/* The damaged one of its group that it is behind, so that it goes back, too. */
static const struct held_message *damaged_before(const struct held *held,
						 const struct held_message *m)
{
	const struct held_message *other = m->previous;

	if (!held->options.is_fifo)
		return NULL;
	while (other && !(other->state == BACK && other->is_damaged &&
			  str_eq(other->message.group, m->message.group)))
		other = other->previous;
	return other;
}

static enum held_taken take_new(struct held *held,
				const struct sqs_message *message, uint64_t now)
{
	struct held_message *m = make(message);
	const struct held_message *damaged;

	if (!m || set_receipt(held, m, message, now) < 0) {
		free(m);
		return HELD_NOT_TAKEN;
	}
	append(held, m);
	failed_groups_remove(&held->failed, m->message.group);
	if (known_ids_has(&held->done, m->message.id)) {
		m->state = DONE;
		m->due = now;
		return HELD_DONE_BEFORE;
	}
	m->alone = known_ids_has(&held->suspects, m->message.id);
	damaged = damaged_before(held, m);
	m->is_damaged = !sqs_message_is_whole(message);
	if (damaged)
		set_back(m, damaged->timeout, now);
	else if (m->is_damaged)
		set_back(m, backoff(held, message->receives), now);
	else if (held->is_leaving)
		set_back(m, 0, now);
	if (m->is_damaged)
		return HELD_DAMAGED;
	return HELD_NEW;
}

/*
 * Is it received as it was before it was ours?  The call that gives it back may
 * not be answered yet.  A FIFO queue brings nothing that is in flight, and what
 * it brings is in order.
 */
static bool is_anew(const struct held *held, const struct held_message *m,
		    uint64_t now)
{
	if (held->options.is_fifo)
		return m->state == BACK || m->state == WAITING;
	return m->state == BACK && m->free <= now;
}

static void leave(struct held *held, struct held_message *m)
{
	(*(m->state == BACK ? &held->counts.given_back : &held->counts.lost))++;
	if (!m->call) {
		drop(held, m);
		return;
	}
	m->state = LEFT;
	m->receipt++;
}

static enum held_taken take(struct held *held,
			    const struct sqs_message *message, uint64_t now)
{
	struct held_message *m;

	if (message->id.n == 0 || message->handle.n == 0 || !message->body.p)
		return HELD_NOT_TAKEN;
	m = find(held, message->id);
	if (m && is_anew(held, m, now)) {
		leave(held, m);
		m = NULL;
	}
	if (!m)
		return take_new(held, message, now);
	return set_receipt(held, m, message, now) < 0 ? HELD_NOT_TAKEN :
							HELD_AGAIN;
}

enum held_taken held_take(struct held *held, const struct sqs_message *message,
			  uint64_t now)
{
	enum held_taken taken = take(held, message, now);

	held->counts.received[taken]++;
	return taken;
}

/* Events */

size_t held_count(const struct held *held)
{
	return held->count;
}

const struct held_counts *held_counts(const struct held *held)
{
	return &held->counts;
}

/* Does an earlier message of its group keep this one back? */
static bool is_behind(const struct held *held, const struct held_message *m,
		      const void *job)
{
	const struct held_message *other;

	if (!held->options.is_fifo)
		return false;
	for (other = held->first; other != m; other = other->next)
		if (str_eq(other->message.group, m->message.group) &&
		    (other->state == WAITING || other->state == BACK ||
		     (other->state == WORKING && (!job || other->job != job))))
			return true;
	return false;
}

size_t held_waiting(const struct held *held)
{
	const struct held_message *m;
	size_t n = 0;

	for (m = held->first; m; m = m->next)
		n += m->state == WAITING;
	return n;
}

static bool may_give(const struct held *held, const struct held_message *m,
		     const void *job)
{
	return m->state == WAITING && !is_behind(held, m, job);
}

size_t held_give(struct held *held, const void *job, size_t max,
		 struct str arn, struct str region, struct buf *event)
{
	struct held_message *m;
	size_t n = 0;

	buf_puts(event, "{\"Records\":[");
	for (m = held->first; m && n < max && event->n < HELD_EVENT_MAX;
	     m = m->next) {
		if (!may_give(held, m, job) || (m->alone && n > 0))
			continue;
		if (n++ > 0)
			buf_putc(event, ',');
		sqs_message_put_record(event, &m->message, arn, region);
		m->state = WORKING;
		m->job = job;
		if (m->alone)
			break;
	}
	buf_puts(event, "]}");
	return n;
}

void held_ids(const struct held *held, const void *job, struct str *ids)
{
	const struct held_message *m;

	for (m = held->first; m; m = m->next)
		if (m->job == job && m->state == WORKING)
			*ids++ = m->message.id;
}

uint64_t held_until(const struct held *held, const void *job)
{
	const struct held_message *m;
	uint64_t until = 0;

	for (m = held->first; m; m = m->next)
		if (m->job == job && m->until > until)
			until = m->until;
	return until;
}

uint64_t held_end(const struct held *held, const void *job)
{
	const struct held_message *m;
	uint64_t end = never;

	for (m = held->first; m; m = m->next)
		if (m->job == job && m->end < end)
			end = m->end;
	return end;
}

static void set_done(struct held *held, struct held_message *m, uint64_t now)
{
	m->state = DONE;
	m->job = NULL;
	m->tries = 0;
	m->due = now + HELD_FLUSH_MS;
	known_ids_add(&held->done, m->message.id);
}

/* All of the group that is behind first goes back with it. */
static size_t set_group_back(struct held_message *first, const void *job,
			     unsigned timeout, uint64_t now)
{
	struct held_message *m;
	size_t n = 0;

	for (m = first->next; m; m = m->next) {
		if (!str_eq(m->message.group, first->message.group) ||
		    !(m->state == WAITING ||
		      (m->state == WORKING && m->job == job)))
			continue;
		set_back(m, timeout, now);
		n++;
	}
	return n;
}

size_t held_finish(struct held *held, const void *job,
		   const struct held_verdict *verdict, uint64_t now)
{
	struct held_message *m, *next;
	size_t i = 0, back = 0;
	unsigned timeout;

	/* What of the job has gone back with its group is counted, not asked. */
	for (m = held->first; m; m = m->next)
		if (m->job == job && m->state == WORKING)
			m->tries = verdict->failed(verdict->ctx, i++);
	for (m = held->first; m; m = next) {
		next = m->next;
		if (m->job != job || m->state != WORKING)
			continue;
		if (!m->tries) {
			set_done(held, m, now);
			continue;
		}
		timeout = verdict->at_once ? 0 :
			  backoff(held, m->message.receives);
		if (verdict->is_shared)
			known_ids_add(&held->suspects, m->message.id);
		set_back(m, timeout, now);
		back++;
		if (!held->options.is_fifo)
			continue;
		back += set_group_back(m, job, timeout, now);
		failed_groups_add(&held->failed, m->message.group,
			    now + (uint64_t)timeout * 1000);
	}
	return back;
}

void held_leave(struct held *held, uint64_t now)
{
	struct held_message *m;

	held->is_leaving = true;
	for (m = held->first; m; m = m->next)
		if (m->state == WAITING)
			set_back(m, 0, now);
}

/* Calls */

/* Is it ours, so that it is renewed? */
static bool is_kept(const struct held_message *m)
{
	return m->state == WAITING || m->state == WORKING;
}

/*
 * Must its deletion wait?  In a FIFO queue an earlier one of its group that is
 * not deleted, and comes again, would be done after it.
 */
static bool waits_to_go(const struct held *held, const struct held_message *m,
			const struct held_batch *batch, uint64_t now)
{
	const struct held_message *other = m->previous;

	for (; held->options.is_fifo && other; other = other->previous)
		if (other->state == DONE &&
		    str_eq(other->message.group, m->message.group) &&
		    (other->call ? other->call != batch :
		     other->tries > 0 && other->due > now))
			return true;
	return false;
}

/* Is there something to be said about it, soon enough to be said now? */
static bool is_due(const struct held *held, const struct held_message *m,
		   const struct held_batch *batch, bool hurry, uint64_t now,
		   uint64_t early)
{
	if (m->call)
		return false;
	if (m->state == DONE)
		return batch->is_delete &&
		       (m->due <= now || (hurry && m->tries == 0)) &&
		       !waits_to_go(held, m, batch, now);
	if (batch->is_delete)
		return false;
	if (m->state == BACK)
		return m->due <= now || (hurry && m->tries == 0);
	return m->due != never && m->due <= now + early;
}

static void put_entry(struct held_batch *batch, struct held_message *m,
		      const struct held *held, uint64_t now)
{
	struct sqs_entry *entry = &batch->entries[batch->n];
	uint64_t left = m->end > now ? (m->end - now) / 1000 : 0;

	entry->handle = m->message.handle;
	entry->timeout = -1;
	if (!batch->is_delete)
		entry->timeout = m->state == BACK ? (long)m->timeout :
				 (long)held->options.visibility;
	if (entry->timeout > (long)left)
		entry->timeout = (long)left;
	if (is_kept(m) && entry->timeout == 0)
		entry->timeout = 1;	/* 0 would give it back */
	if (m->state == BACK)
		m->free = now + (uint64_t)entry->timeout * 1000;
	m->lent = m->handle;
	batch->messages[batch->n] = m;
	batch->receipts[batch->n] = m->receipt;
	batch->renewal[batch->n] = is_kept(m);
	batch->answered[batch->n] = false;
	m->call = batch;
	batch->n++;
}

/* In a FIFO queue what is behind goes back first, so that nothing overtakes. */
static void fill(struct held *held, struct held_batch *batch, bool hurry,
		 uint64_t now)
{
	bool is_backwards = held->options.is_fifo && !batch->is_delete;
	uint64_t early = visibility_ms(held) / 8;
	struct held_message *m = is_backwards ? held->last : held->first;

	for (; m && batch->n < SQS_BATCH;
	     m = is_backwards ? m->previous : m->next)
		if (is_due(held, m, batch, hurry, now, early))
			put_entry(batch, m, held, now);
}

/* Are there as many as a call takes, or is one of them due? */
static bool is_worth_it(const struct held *held,
			const struct held_batch *batch, bool hurry,
			uint64_t now)
{
	const struct held_message *m;
	size_t n = 0;

	for (m = held->first; m; m = m->next) {
		if (is_due(held, m, batch, hurry, now, 0))
			return true;
		n += is_due(held, m, batch, true, now, 0);
	}
	return n >= SQS_BATCH;
}

bool held_batch(struct held *held, struct held_batch *batch, bool hurry,
		uint64_t now)
{
	memset(batch, 0, sizeof(*batch));
	batch->begun = now;
	batch->is_delete = true;
	batch->is_delete = is_worth_it(held, batch, hurry, now);
	if (batch->is_delete || is_worth_it(held, batch, hurry, now))
		fill(held, batch, true, now);
	return batch->n > 0;
}

static void try_later(struct held_message *m, uint64_t now)
{
	uint64_t wait = AGAIN_MIN_MS;

	for (unsigned i = 0; i < m->tries && wait < AGAIN_MAX_MS; i++)
		wait *= 2;
	m->tries++;
	m->due = now + (wait < AGAIN_MAX_MS ? wait : AGAIN_MAX_MS);
}

/* Renew it at this time; but there is no use in it shortly before the end. */
static void renew_at(struct held_message *m, uint64_t due)
{
	m->due = due + AGAIN_MIN_MS < m->end ? due : never;
}

/* Try to renew a few times more before it is too late. */
static void renew_later(struct held_message *m, uint64_t now)
{
	uint64_t left = m->until > now ? m->until - now : 0;

	renew_at(m, now + (left / 4 > AGAIN_MIN_MS ? left / 4 : AGAIN_MIN_MS));
}

/* It waits and is not ours any more; nothing of its group is begun before it. */
static void forget(struct held *held, struct held_message *m, uint64_t now)
{
	if (held->options.is_fifo && m->state == WAITING)
		set_group_back(m, NULL, 0, now);
	held->counts.lost++;
	drop(held, m);
}

/* A visibility was to be renewed. */
static bool answer_renewal(struct held *held, struct held_message *m,
			   uint64_t begun, unsigned long timeout,
			   const struct err *err, uint64_t now)
{
	if (!err) {
		m->until = begun + timeout * 1000;
		if (is_kept(m))
			renew_at(m, begun + timeout * 1000 / 2);
		return false;
	}
	if (sqs_message_is_lost(err)) {
		m->until = now;
		if (m->state == WAITING)
			forget(held, m, now);
		else if (m->state == WORKING)
			m->due = never;
		return false;
	}
	if (!is_kept(m))
		return true;
	if (sqs_message_is_spent(err)) {
		m->due = never;
		return false;
	}
	renew_later(m, now);
	return true;
}

/* It was to be deleted or given back. */
static bool answer_end(struct held *held, struct held_message *m,
		       const struct err *err, uint64_t now)
{
	bool is_over = !err || sqs_message_is_lost(err);

	if (!is_over && m->state == DONE)
		is_over = m->tries + 1 >= DELETE_TRIES && now >= m->until;
	else if (!is_over)
		is_over = now >= m->until || sqs_message_is_spent(err);
	if (!is_over) {
		try_later(m, now);
		return true;
	}
	(*(err ? &held->counts.lost : m->state == DONE ? &held->counts.deleted :
	   &held->counts.given_back))++;
	drop(held, m);
	return err && !sqs_message_is_lost(err);
}

/* With a handle that is not the newest, nothing may have happened. */
bool held_answer(struct held *held, struct held_batch *batch, size_t i,
		 const struct err *err, uint64_t now)
{
	struct held_message *m;

	if (i >= batch->n || batch->answered[i])
		return false;
	m = batch->messages[i];
	batch->answered[i] = true;
	m->call = NULL;
	if (m->lent != m->handle)
		free(m->lent);
	m->lent = NULL;
	if (batch->receipts[i] != m->receipt) {
		if (m->state == LEFT)
			drop(held, m);
		return err && !sqs_message_is_lost(err);
	}
	if (batch->renewal[i])
		return answer_renewal(held, m, batch->begun,
				      (unsigned long)batch->entries[i].timeout,
				      err, now);
	return answer_end(held, m, err, now);
}

void held_batch_end(struct held *held, struct held_batch *batch, uint64_t now)
{
	static const struct err none = { .code = "NoAnswer" };

	for (size_t i = 0; i < batch->n; i++)
		held_answer(held, batch, i, &none, now);
	batch->n = 0;
}

/* Is it ours no more, although it waits, or is still to be given back? */
static bool is_over(const struct held_message *m, uint64_t now)
{
	return !m->call && m->until <= now &&
	       (m->state == WAITING || m->state == BACK);
}

uint64_t held_due(struct held *held, uint64_t now)
{
	struct held_message *m, *next;
	uint64_t due = never;

	for (m = held->first; m; m = next) {
		next = m->next;
		if (is_over(m, now)) {
			forget(held, m, now);
			continue;
		}
		if (m->call || (m->state == DONE &&
				waits_to_go(held, m, NULL, now)))
			continue;
		if (m->due < due)
			due = m->due;
		if (is_kept(m) && m->until > now && m->until < due)
			due = m->until;
	}
	return due;
}
