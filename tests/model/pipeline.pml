/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline: check, copy, record, remove, as a model for spin.
 *
 * Two versions of one key are uploaded, 0 and then 1: of the same content or
 * of another, each good or bad, in a bucket that keeps versions or in one where
 * the second overwrites the first; the owner may also delete.  Each version has
 * an event.  Two workers, pipelines with s3rm -r at their end, take an event at
 * any time, also one that is being worked on, or has been decided long ago, in
 * any order.  At each request:
 *
 *	it is answered;
 *	it is served, the answer is lost, and it is sent again (lib/aws.c);
 *	it is served, the answer is lost, and the worker gives up or is killed;
 *	it never arrives, and the worker gives up or is killed;
 *	it arrives at some later time, when its sender has given up or is dead.
 *
 * Which step is which function stands beside it.  Content is 1 or 2; what is
 * uploaded has sizes and ETags, here the content itself, so "the same content"
 * is exact.  Chains of retries have no end here; the code gives up sooner, and
 * giving up is possible at each of them.  Left out: outputs of processors, parts,
 * ddb-record --failed, and other policies for collisions than keep-both.
 *
 *	LOOKS	a server that ignores conditions on copies and deletions, and
 *		place.c and s3rm.c as they work with one
 *	ONE	one worker, and nothing arrives late
 *	VERSIONS	the source keeps versions
 *	MOVES	s3rm -r is at the end; the default
 *	STAYS	no s3rm: what was uploaded stays
 *	ALIKE	both versions have the same content
 *	WITNESS=...	instead of the properties: that this never happens; it
 *		must fail, or the properties would be about nothing
 *	BROKEN_...	a mistake, each where it would be made
 */

#define FIRST		0	/* where place.c puts it: the name wanted */
#define SECOND(v)	(1 + (v))	/* template_second(), made from the id */
#define SLOTS		3
#define PROCESSED	0
#define BAD_DATA	SLOTS
#define NOTHING		255

mtype = { NONE, GOOD, BAD, GONE };		/* outcomes */
mtype = { GET, HEAD, COPY, PUT_ITEM, DELETE, DELETE_COPY };	/* requests */
mtype = { OK, NOT_FOUND, TAKEN, REFUSED, SILENCE };	/* answers */
mtype = { IDLE, FETCH, LOOK_AT_SOURCE, COPY_IT, LOOK_AT_TARGET,
	LOOK_WHO_REFUSED, LOOK_AT_SOURCE_AGAIN, UNDO, RECORD, LOOK_AT_COPY,
	LOOK_BEFORE_REMOVAL, REMOVE };	/* what a worker does next */

byte content[2];	/* of versions 0 and 1 */
bool good[3];		/* what the processor says of a content */
bool keeps_versions;

bool uploaded[2];
bool version[2];	/* there, if versions are kept */
byte current;		/* the content there, if they are not */
bool taken_away[2];	/* by the owner, not by us */

byte slot[2 * SLOTS];	/* contents in processed, then in bad data */

mtype outcome[2] = NONE;	/* the ledger: one item for each version */
byte destination[2] = NOTHING;
byte count[2];

bool decided[2];	/* the event came out of a pipeline, not as failed */
byte busy;		/* workers at work */

/* What the source bucket has under the pin of version v: its ETag or id. */
#define HAS(v)	(keeps_versions -> version[v] : current == content[v])

#define BUCKET(c)	(good[c] -> PROCESSED : BAD_DATA)

#define RECORDED(v)	(outcome[v] == GOOD || outcome[v] == BAD)

/* The ledger says where a copy is, and there it is. */
#define SAFE(v)	(RECORDED(v) && destination[v] != NOTHING && \
	slot[destination[v]] == content[v])

#define IS_SAFE(c)	((content[0] == c && SAFE(0)) || (content[1] == c && SAFE(1)))

bool lost, unchecked, twice, wrong, forgotten, witnessed;

/* The properties.  At any time: */

/* what was uploaded is there, or the owner took it away, or it is safe, */
#define NOT_LOST(v)	(!uploaded[v] || HAS(v) || taken_away[v] || \
	IS_SAFE(content[v]))

/* the buckets hold only what was checked, in the right one, */
#define CHECKED(s)	(slot[s] == 0 || s < BAD_DATA && good[slot[s]] || \
	s >= BAD_DATA && !good[slot[s]])
#define ALL_CHECKED	(CHECKED(0) && CHECKED(1) && CHECKED(2) && \
	CHECKED(3) && CHECKED(4) && CHECKED(5))

/* once, */
#define TIMES(c)	((slot[0] == c) + (slot[1] == c) + (slot[2] == c) + \
	(slot[3] == c) + (slot[4] == c) + (slot[5] == c))
#define ONCE	(TIMES(1) <= 1 && TIMES(2) <= 1)

/* and what the ledger says is so. */
#define AGREES(v)	(!RECORDED(v) || SAFE(v) && \
	(outcome[v] == GOOD) == good[content[v]])

/* When all events are decided and nobody works, none has been forgotten: */
#define QUIET	(uploaded[0] && uploaded[1] && decided[0] && decided[1] && busy == 0)
#define SETTLED(v)	(RECORDED(v) || outcome[v] == GONE && \
	(taken_away[v] || !HAS(v)))

/* What the properties speak of: */
#define TWO_NAMES	(slot[PROCESSED + FIRST] && !HAS(0) && !HAS(1) && \
	(slot[PROCESSED + SECOND(0)] || slot[PROCESSED + SECOND(1)]))
#define GOOD_AND_BAD	(outcome[0] == GOOD && outcome[1] == BAD && !HAS(0) && !HAS(1))
#define REPLACED	(count[0] > 1)
#define OVERWRITTEN	(outcome[0] == GONE && outcome[1] == GOOD)
#define OVERTAKEN	(OVERWRITTEN && content[0] != content[1] && \
	TIMES(content[0]) > 0)

#ifndef ONE
chan late = [1] of { mtype, byte, byte, mtype, byte };
#endif

/*
 * What the servers do with one request, in one step.  v: whose version; s: the
 * slot; o, n: the outcome to write, and the count that was seen.  The answer is
 * in answer and seen, which are the worker's own.
 */
inline serve(request, v, s, o, n)
{
	answer = OK;
	if
	:: request == GET ->		/* s3_get(), s3_head() of the source */
#ifdef BROKEN_PIN
		if
		:: keeps_versions -> seen = (version[v] -> content[v] : 0)
		:: else -> seen = current
		fi;
#else
		seen = (HAS(v) -> content[v] : 0);
#endif
		if
		:: seen == 0 -> answer = NOT_FOUND
		:: else
		fi
	:: request == HEAD ->		/* s3_head() of the target */
		seen = slot[s];
		if
		:: seen == 0 -> answer = NOT_FOUND
		:: else
		fi
	:: request == COPY ->		/* s3_copy() */
		if
#if defined(LOOKS) || defined(BROKEN_PIN)
		:: !keeps_versions && current != 0 -> seen = current
#endif
		:: else ->
			seen = (HAS(v) -> content[v] : 0)
		fi;
		if
		/* Not every server says whose condition was not met. */
		:: seen == 0 && !keeps_versions && current != 0 -> answer = TAKEN
		:: seen == 0 -> answer = NOT_FOUND
#if defined(LOOKS) || defined(BROKEN_COPY)
		:: seen != 0 -> slot[s] = seen
#else
		:: seen != 0 && slot[s] != 0 -> answer = TAKEN
		:: seen != 0 && slot[s] == 0 -> slot[s] = seen
#endif
		fi
	:: request == PUT_ITEM ->	/* ledger_put() */
		if
#ifndef BROKEN_RECORD
		:: count[v] != n -> answer = REFUSED
		:: count[v] == n ->
#else
		:: true ->
#endif
			outcome[v] = o;
			destination[v] = s;
#ifndef BROKEN_RECORD
			count[v] = n + 1
#endif
		fi
	:: request == DELETE ->		/* s3_delete() of the source */
		if
		:: keeps_versions -> version[v] = false
#if !defined(LOOKS) && !defined(BROKEN_DELETE)
		:: !keeps_versions && !HAS(v) -> answer = NOT_FOUND
		:: !keeps_versions && HAS(v) -> current = 0
#else
		:: !keeps_versions -> current = 0
#endif
		fi
	:: request == DELETE_COPY ->	/* s3_delete() of what was copied */
		slot[s] = 0
	fi
}

/*
 * From aws_start() to aws_call.done.  SILENCE: no answer came; either the
 * request is sent again, or the worker is back at IDLE.
 */
inline ask(request)
{
	if
	:: serve(request, v, s, o, n)
	:: serve(request, v, s, o, n) -> answer = SILENCE
	:: give_up(); answer = SILENCE
#ifndef ONE
	:: (request == COPY || request == PUT_ITEM || request == DELETE ||
	    request == DELETE_COPY) && nfull(late) ->
		late!request(v, s, o, n);
		give_up();
		answer = SILENCE
#endif
	fi
}

/* flow_failed(), or SIGKILL: the event will come again. */
inline give_up()
{
#ifdef BROKEN_STATUS
	decided[v] = true;
#endif
	rest()
}

/* flow_done(): the record comes out, and whoever sent the event knows. */
inline decide()
{
	decided[v] = true;
	rest()
}

/* Nothing is known any more of what was. */
inline rest()
{
	step = IDLE;
	busy--;
	v = 0; s = NOTHING; n = 0; o = NONE; refused = false
}

inline take(event)
{
	v = event;
	busy++;
	step = FETCH
}

inline to_record(what)
{
	o = what;
	if
	:: what == GONE -> s = NOTHING
	:: else
	fi;
	refused = false;
#ifndef BROKEN_RM
	step = RECORD
#else
	step = (what == GONE -> RECORD : LOOK_AT_COPY)
#endif
}

inline recorded()
{
#if !defined(BROKEN_RM) && !defined(STAYS)
	if
	:: o == GONE -> decide()
	:: else -> n = 0; step = LOOK_AT_COPY
	fi
#else
	decide()
#endif
}

inline removed()
{
#ifndef BROKEN_RM
	decide()
#else
	step = RECORD
#endif
}

inline forget()
{
	answer = 0; seen = 0
}

#define IS_SECOND	(s != PROCESSED + FIRST && s != BAD_DATA + FIRST)

/* One pipeline, with one event at a time. */
proctype worker()
{
	mtype step = IDLE;
	byte v, n, seen, s = NOTHING;
	mtype answer, o = NONE;
	bool refused;

	do
	:: atomic { step == IDLE && uploaded[0] -> take(0) }
	:: atomic { step == IDLE && uploaded[1] -> take(1) }

	/*
	 * s3fetch.c, start(), on_fetched(); s3check.c: the processor judges
	 * what was fetched; s3route.c, start(): the bucket, and the key wanted.
	 */
	:: atomic { step == FETCH ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> to_record(GONE)
		:: answer == OK ->
			o = (good[seen] -> GOOD : BAD);
			s = BUCKET(seen) + FIRST;
#ifndef LOOKS
			step = COPY_IT
#else
			step = (keeps_versions -> LOOK_AT_TARGET : LOOK_AT_SOURCE)
#endif
		fi;
		forget() }

	/* place.c, place_start(), look_at_source(), on_source_seen() */
	:: atomic { step == LOOK_AT_SOURCE ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> to_record(GONE)
		:: answer == OK -> step = LOOK_AT_TARGET
		fi;
		forget() }

	/*
	 * place.c, write_target(), on_written(), on_taken(), on_missing();
	 * transfer.c, transfer_start(), check_copy()
	 */
	:: atomic { step == COPY_IT ->
		ask(COPY);
		if
		:: answer == SILENCE
		:: answer == TAKEN -> refused = true; step = LOOK_AT_TARGET
		:: answer == NOT_FOUND -> to_record(GONE)
		:: answer == OK ->
#ifdef LOOKS
			if
			:: !keeps_versions && seen != content[v] ->
				step = LOOK_AT_SOURCE_AGAIN
			:: else -> to_record(o)
			fi
#else
			to_record(o)
#endif
		fi;
		forget() }

	/*
	 * place.c, look_at_target(), on_target_seen(), compare(), collide(),
	 * take_second_name()
	 */
	:: atomic { step == LOOK_AT_TARGET ->
		ask(HEAD);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND ->
			step = (refused -> LOOK_WHO_REFUSED : COPY_IT)
		:: answer == OK ->
#ifdef BROKEN_SAME
			to_record(o)
#else
			if
			:: seen == content[v] || IS_SECOND -> to_record(o)
			:: else ->
				s = s - FIRST + SECOND(v);
#ifndef LOOKS
				step = COPY_IT
#endif
			fi
#endif
		fi;
		forget() }

	/* place.c, on_source_seen_refused() */
	:: atomic { step == LOOK_WHO_REFUSED ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> to_record(GONE)
		:: answer == OK -> step = COPY_IT
		fi;
		forget() }

#ifdef LOOKS
	/* transfer.c, on_source_seen_again() */
	:: atomic { step == LOOK_AT_SOURCE_AGAIN ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> step = UNDO
		:: answer == OK -> to_record(o)
		fi;
		forget() }

	/* transfer.c, undo(), on_undone() */
	:: atomic { step == UNDO ->
		ask(DELETE_COPY);
		if
		:: answer == SILENCE
		:: answer == OK -> to_record(GONE)
		fi;
		forget() }
#endif

	/*
	 * ddb-record.c, start(); entry.c, put(), on_put(): n decisions are
	 * known.  meet(), with the item that came with the refusal: repeated,
	 * kept (ledger_keeps()), or put once more.
	 */
	:: atomic { step == RECORD ->
		ask(PUT_ITEM);
		if
		:: answer == SILENCE
		:: answer == OK -> recorded()
		:: answer == REFUSED ->
			if
			:: outcome[v] == o && destination[v] == s -> recorded()
#ifndef BROKEN_KEEP
			:: o == GONE && RECORDED(v) -> recorded()
#endif
			:: else -> n = count[v]
			fi
		fi;
		forget() }

	/* s3rm.c, start(), on_copy_seen() */
	:: atomic { step == LOOK_AT_COPY ->
		ask(HEAD);
		if
		:: answer == SILENCE
		:: answer == OK && seen == content[v] ->
#ifdef LOOKS
			step = (keeps_versions -> REMOVE : LOOK_BEFORE_REMOVAL)
#else
			step = REMOVE
#endif
		:: else -> give_up()
		fi;
		forget() }

#ifdef LOOKS
	/* s3rm.c, remove_source(), on_source_seen() */
	:: atomic { step == LOOK_BEFORE_REMOVAL ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> decide()
		:: answer == OK -> step = REMOVE
		fi;
		forget() }
#endif

	/* s3rm.c, on_deleted(): removed or gone */
	:: atomic { step == REMOVE ->
		ask(DELETE);
		if
		:: answer == SILENCE
		:: else -> removed()
		fi;
		forget() }
	od
}

#ifndef ONE
/* What arrives when nobody waits for an answer any more. */
proctype network()
{
	mtype request, o, answer;
	byte v, s, n, seen;

	do
	:: atomic {
		late?request(v, s, o, n) -> serve(request, v, s, o, n);
		request = 0; o = 0; answer = 0; v = 0; s = 0; n = 0; seen = 0
	}
	od
}
#endif

/* Uploads, and may delete what is there. */
proctype owner()
{
	atomic {
		uploaded[0] = true;
		version[0] = true;
		current = content[0]
	};
	do
	:: atomic {
		!uploaded[1] ->
		/* What is overwritten was taken away, if it was there. */
		taken_away[0] = taken_away[0] || (!keeps_versions && current != 0);
		uploaded[1] = true;
		version[1] = true;
		current = content[1];
		break
	}
	:: atomic {
		!keeps_versions && current != 0 ->
		taken_away[0] = true;
		current = 0
	}
	od;
	if
	:: atomic {
		!keeps_versions && current != 0 ->
		taken_away[1] = true;
		current = 0
	}
	:: true
	fi
}

active proctype monitor()
{
	if
#ifndef WITNESS
	:: atomic { !(NOT_LOST(0) && NOT_LOST(1)) -> lost = true; assert(!lost) }
	:: atomic { !ALL_CHECKED -> unchecked = true; assert(!unchecked) }
	:: atomic { !ONCE -> twice = true; assert(!twice) }
	:: atomic { !(AGREES(0) && AGREES(1)) -> wrong = true; assert(!wrong) }
	:: atomic { QUIET && !(SETTLED(0) && SETTLED(1)) ->
		forgotten = true; assert(!forgotten) }
#else
	:: atomic { QUIET && WITNESS -> witnessed = true; assert(!witnessed) }
#endif
	fi
}

init {
	atomic {
		content[0] = 1;
		if
		:: content[1] = 1
#ifndef ALIKE
		:: content[1] = 2
#endif
		fi;
		if
		:: good[1] = true
		:: good[1] = false
		fi;
		if
		:: content[1] == 2 -> good[2] = true
		:: true -> good[2] = false
		fi;
		if
		:: keeps_versions = true
#ifndef VERSIONS
		:: keeps_versions = false
#endif
		fi;
		run owner();
		run worker();
#ifndef ONE
		run worker();
		run network();
#endif
	}
}
