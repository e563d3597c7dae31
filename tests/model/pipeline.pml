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
 *	it is served, the answer is lost, and it is sent again (lib/aws/aws.c);
 *	it is served, the answer is lost, and the worker gives up or is killed;
 *	it never arrives, and the worker gives up or is killed;
 *	it arrives at some later time, when its sender has given up or is dead.
 *
 * Steps have the names of the states of place.h and transfer.h, and of functions
 * of multipart.c and s3rm.c; which function does what stands beside them.
 * Content is 1 or 2; what is uploaded has sizes and ETags, here the content
 * itself, so "the same content" is exact.  Content 1 is good: good and bad are
 * treated alike, so the rest would be the same with the names swapped.  Chains of
 * retries have no end here; the code gives up sooner, and giving up is possible
 * at each of them.  The parts of an upload are pinned, each of them, so one read
 * stands for all.  Left out: outputs of processors, the probe of server.h,
 * ddb-record --failed, and other policies for collisions than keep-both.
 *
 * What the server at the destination keeps (server.h):
 *
 *	nothing said	the conditions of all writes: AWS
 *	PUTS	that of PutObject only, and s3rm's time: Ceph RGW.  What is small
 *		is read and put
 *	PARTS	the same, and what is uploaded is in parts, behind a claim; at
 *		choice, or one of each kind
 *	NONE	nothing: looks before and behind.  s3rm refuses what it has copied
 *	TIMELESS	with PUTS: it ignores the time that s3rm says, too
 *	ODD	it refuses conditions that hold
 *
 * What is asked of the pipeline:
 *
 *	ONE	one worker, and nothing arrives late
 *	VERSIONS	the source keeps versions
 *	MOVES	s3rm -r is at the end; the default
 *	UNGUARDED	with NONE: it is s3rm -r --unguarded
 *	STAYS	no s3rm: what was uploaded stays
 *	ALIKE	both versions have the same content
 *	UNLIKE	they have not
 *	CONSUMER	somebody takes a finished copy away, so all that is asked
 *		is that nothing is overwritten
 *	KEEPING	all that is asked is that nothing is lost
 *	WITNESS=...	instead of the properties: that this never happens; it
 *		must fail, or the properties would be about nothing
 *	BROKEN_...	a mistake, each where it would be made
 */

#ifdef PARTS
#define PUTS
#endif
#if defined(PUTS) || defined(NONE)
#define LOOKS		/* place.c: struct place, looks */
#endif
/* With CONSUMER, decisions have no end, and nothing is asked of the ledger. */
#if defined(BROKEN_RECORD) || defined(CONSUMER)
#define UNCOUNTED
#endif

#define FIRST		0	/* where place.c puts it: the name wanted */
#define SECOND(v)	(1 + (v))	/* dest_key_second(), made from the id */
#define SLOTS		3
#define PROCESSED	0
#define BAD_DATA	SLOTS
#define NOTHING		255
#define CLAIM(v)	(3 + (v))	/* beside contents: multipart.c, claim() */
#define IS_CLAIM(c)	((c) >= CLAIM(0))

mtype = { UNDECIDED, GOOD, BAD, GONE };		/* outcomes */
mtype = { GET, LOOK, HEAD, COPY, PUT, COMPLETE, PUT_ITEM, DELETE,
	DELETE_COPY };				/* requests */
mtype = { OK, NOT_FOUND, TAKEN, REFUSED, SILENCE };	/* answers */
/* What a worker does next: */
mtype = { IDLE, FETCH, FETCH_LOOK, PLACE_SOURCE, PLACE_WRITE, PLACE_TARGET,
	PLACE_LOOK, TRANSFER_READ, TRANSFER_PUT, MULTIPART_CLAIM,
	MULTIPART_CLAIM_SEEN, MULTIPART_COMPLETE, TRANSFER_TARGET,
	TRANSFER_SOURCE, TRANSFER_UNDO, RECORD, LOOK_AT_COPY,
	LOOK_BEFORE_REMOVAL, REMOVE, REMOVAL_LOOK };

byte content[2];	/* of versions 0 and 1 */
bool good[3];		/* what the processor says of a content */
bool keeps_versions;
#ifdef PARTS
bool in_parts[3];	/* is this content large? */
#endif

bool uploaded[2];
bool version[2];	/* there, if versions are kept */
byte current;		/* the content there, if they are not */
bool taken_away[2];	/* by the owner, not by us */

#ifdef PUTS
/* A server's times are in seconds. */
byte modified;		/* the second when what is current was written */
bool is_young;		/* the next upload may be in the same second */
#endif

/* Contents, or claims, in processed and then in bad data. */
byte slot[2 * SLOTS];

mtype outcome[2] = UNDECIDED;	/* the ledger: one item for each version */
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

bool lost, unchecked, twice, wrong, forgotten, overwritten, witnessed;

/* The properties.  At any time: */

/* what was uploaded is there, or the owner took it away, or it is safe, */
#define NOT_LOST(v)	(!uploaded[v] || HAS(v) || taken_away[v] || \
	IS_SAFE(content[v]))

/* the buckets hold only what was checked, in the right one, */
#define CHECKED(s)	(slot[s] == 0 || IS_CLAIM(slot[s]) || s < BAD_DATA && good[slot[s]] || \
	s >= BAD_DATA && !good[slot[s]])
#define ALL_CHECKED	(CHECKED(0) && CHECKED(1) && CHECKED(2) && \
	CHECKED(3) && CHECKED(4) && CHECKED(5))

/* once, */
#define TIMES(c)	((slot[0] == c) + (slot[1] == c) + (slot[2] == c) + \
	(slot[3] == c) + (slot[4] == c) + (slot[5] == c))
#define ONCE	(TIMES(1) <= 1 && TIMES(2) <= 1)

/* what the ledger says is so, */
#define AGREES(v)	(!RECORDED(v) || SAFE(v) && \
	(outcome[v] == GOOD) == good[content[v]])

/* and a copy is never overwritten by something else.  With CONSUMER only: */
#define OVERWRITES(s, c)	(slot[s] != 0 && !IS_CLAIM(slot[s]) && slot[s] != (c))

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

#define CLAIMED(s)	IS_CLAIM(slot[s])
#define CLAIM_LEFT	(CLAIMED(PROCESSED + FIRST) && outcome[0] == GONE && \
	outcome[1] == GOOD && slot[PROCESSED + SECOND(1)] == content[1])
#define PUT_AND_PARTS	(TWO_NAMES && in_parts[content[0]] != in_parts[content[1]])

#ifndef ONE
chan late = [1] of { mtype, byte, byte, mtype, byte };
#endif

/*
 * What the servers do with each request, in one step.  v: whose version; s: the
 * slot; o, n: the outcome to write, and the count that was seen; or n: the bytes
 * that were read, or the second that was seen.  The answer is in answer and
 * seen.  All of these are the worker's own, or the network's.
 */

/* s3_get(), s3_head() of the source */
inline serve_GET()
{
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
	:: seen != 0
#ifdef ODD
	:: seen != 0 -> answer = NOT_FOUND
#endif
	fi
}

/* s3_look_start(): no condition */
inline serve_LOOK()
{
	if
	:: !HAS(v) -> answer = NOT_FOUND
	:: else
	fi
}

/* s3_head() of the target */
inline serve_HEAD()
{
	seen = slot[s];
	if
	:: seen == 0 -> answer = NOT_FOUND
	:: else
	fi
}

#if !defined(PUTS)
/* s3_copy() */
inline serve_COPY()
{
	if
#if defined(NONE) || defined(BROKEN_PIN)
	:: !keeps_versions && current != 0 -> seen = current
#endif
	:: else ->
		seen = (HAS(v) -> content[v] : 0)
	fi;
	if
	/* Not every server says whose condition was not met. */
	:: seen == 0 && !keeps_versions && current != 0 -> answer = TAKEN
	:: seen == 0 -> answer = NOT_FOUND
#if defined(NONE) || defined(BROKEN_COPY)
	:: seen != 0 -> slot[s] = seen
#else
	:: seen != 0 && slot[s] != 0 -> answer = TAKEN
	:: seen != 0 && slot[s] == 0 -> slot[s] = seen
#endif
	fi
}
#else
/* s3_put() of what was read, or a claim */
inline serve_PUT()
{
	if
#ifndef BROKEN_PUT
	:: slot[s] != 0 -> answer = TAKEN
	:: slot[s] == 0 -> slot[s] = n
#else
	:: true ->
		overwritten = overwritten || OVERWRITES(s, n);
		slot[s] = n
#endif
	fi
}
#endif

#ifdef PARTS
/* s3_complete_multipart_upload() */
inline serve_COMPLETE()
{
	overwritten = overwritten || OVERWRITES(s, n);
	slot[s] = n
}
#endif

/* ledger_item_put() */
inline serve_PUT_ITEM()
{
	if
#ifndef UNCOUNTED
	:: count[v] != n -> answer = REFUSED
	:: count[v] == n ->
#else
	:: true ->
#endif
		outcome[v] = o;
		destination[v] = s;
#ifndef UNCOUNTED
		count[v] = n + 1
#endif
	fi
}

/* s3_delete() of the source */
inline serve_DELETE()
{
	if
	:: keeps_versions -> version[v] = false
#if defined(BROKEN_DELETE) || defined(NONE) || defined(TIMELESS) || \
	defined(BROKEN_TIME)
	:: !keeps_versions -> current = 0
#elif defined(PUTS)		/* whatever it is, if it is not newer */
	:: !keeps_versions && current != 0 && modified > n ->
		answer = NOT_FOUND
	:: !keeps_versions && (current == 0 || modified <= n) -> current = 0
#else
	:: !keeps_versions && !HAS(v) -> answer = NOT_FOUND
	:: !keeps_versions && HAS(v) -> current = 0
#endif
	fi
}

#ifdef NONE
/* s3_delete() of what was copied */
inline serve_DELETE_COPY()
{
	slot[s] = 0
}
#endif

/*
 * From aws_start() to aws_call.done.  SILENCE: no answer came; either the
 * request is sent again, or the worker is back at IDLE.  A read whose answer is
 * lost is sent again as if it had never been.
 */
#define ask(request) \
	if \
	:: answer = OK; serve_##request() \
	:: give_up(); answer = SILENCE \
	fi

#ifndef ONE
#define may_come_late(request) \
	:: nfull(late) -> \
		late!request(v, s, o, n); \
		give_up(); \
		answer = SILENCE
#else
#define may_come_late(request)
#endif

#define write(request) \
	if \
	:: answer = OK; serve_##request() \
	:: answer = OK; serve_##request(); answer = SILENCE \
	:: give_up(); answer = SILENCE \
	may_come_late(request) \
	fi

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
	v = 0; s = NOTHING; n = 0; o = UNDECIDED; refused = false;
#ifdef LOOKS
	missed = false;
#endif
#ifdef NONE
	is_unguarded = false
#endif
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
	n = 0;
	refused = false;
#ifdef LOOKS
	missed = false;
#endif
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
#if defined(NONE) && !defined(UNGUARDED)
	:: o != GONE && is_unguarded -> give_up()	/* s3rm.c, why_not() */
	:: o != GONE && !is_unguarded -> n = 0; o = UNDECIDED; step = LOOK_AT_COPY
#else
	:: else -> n = 0; o = UNDECIDED; step = LOOK_AT_COPY
#endif
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

#ifndef BROKEN_TRUST
#define MISSED(next)	step = next
#else
#define MISSED(next)	to_record(GONE)
#endif

#ifndef LOOKS
#define PLACE_NEXT	PLACE_WRITE
#define WRITE_FIRST	PLACE_WRITE
#else
#define PLACE_NEXT	PLACE_TARGET
#ifdef PUTS
#define WRITE_FIRST	TRANSFER_READ
#else
#define WRITE_FIRST	PLACE_WRITE
#endif
#endif

/* place.c, seen_target(): what is there is no object yet; or is this one. */
#define IS_FREE	(answer == NOT_FOUND || seen == CLAIM(v))
#ifndef BROKEN_EMPTY
#define IS_SAME	(seen == content[v] || IS_SECOND)
#else
#define IS_SAME	(seen == content[v] || IS_SECOND || \
	IS_CLAIM(seen) && !in_parts[content[v]])
#endif

/* One pipeline, with one event at a time. */
proctype worker()
{
	mtype step = IDLE;
	byte v, n, seen, s = NOTHING;
	mtype answer, o = UNDECIDED;
	bool refused;
#ifdef LOOKS
	bool missed;		/* place.c: missed_source */
#endif
#ifdef NONE
	bool is_unguarded;	/* the record's member, for s3rm */
#endif

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
		:: answer == NOT_FOUND -> MISSED(FETCH_LOOK)
		:: answer == OK ->
			o = (good[seen] -> GOOD : BAD);
			s = BUCKET(seen) + FIRST;
#ifndef LOOKS
			step = PLACE_WRITE
#else
			step = PLACE_SOURCE
#endif
		fi;
		forget() }

	/* s3fetch.c, on_looked() */
	:: atomic { step == FETCH_LOOK ->
		ask(LOOK);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> to_record(GONE)
		:: answer == OK -> give_up()
		fi;
		forget() }

#ifdef LOOKS
	/* place.c, seen_source() */
	:: atomic { step == PLACE_SOURCE ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> missed = true; step = PLACE_TARGET
		:: answer == OK -> step = PLACE_TARGET
		fi;
		forget() }
#endif

#ifndef PUTS
	/*
	 * place.c, write_target(), on_written(), was_taken(), was_missing();
	 * transfer.c, TRANSFER_COPY, check_copy()
	 */
	:: atomic { step == PLACE_WRITE ->
		write(COPY);
		if
		:: answer == SILENCE
		:: answer == TAKEN -> refused = true; step = PLACE_TARGET
		:: answer == NOT_FOUND -> MISSED(PLACE_LOOK)
		:: answer == OK ->
#ifdef NONE
			is_unguarded = true;
			if
			:: !keeps_versions && seen != content[v] ->
				step = TRANSFER_SOURCE
			:: else -> to_record(o)
			fi
#else
			to_record(o)
#endif
		fi;
		forget() }
#endif

	/*
	 * place.c, seen_target(), has_to_look(), collide(), take_second_name()
	 */
	:: atomic { step == PLACE_TARGET ->
		ask(HEAD);
		if
		:: answer == SILENCE
#ifdef BROKEN_SAME
		:: answer == OK -> to_record(o)
#else
		:: answer == OK && !IS_FREE && IS_SAME ->
#if defined(NONE) && !defined(BROKEN_ALREADY)
			is_unguarded = true;
#endif
			to_record(o)
#ifdef LOOKS
		:: answer == OK && !IS_FREE && !IS_SAME && missed ->
			step = PLACE_LOOK
		:: answer == OK && !IS_FREE && !IS_SAME && !missed ->
#else
		:: answer == OK && !IS_FREE && !IS_SAME ->
#endif
			s = s - FIRST + SECOND(v);
			step = PLACE_NEXT
#endif
#ifdef LOOKS
		:: answer != SILENCE && IS_FREE && (missed || refused) ->
			step = PLACE_LOOK
		:: answer != SILENCE && IS_FREE && !missed && !refused ->
			step = WRITE_FIRST
#else
		:: answer == NOT_FOUND && refused -> step = PLACE_LOOK
		:: answer == NOT_FOUND && !refused -> step = PLACE_WRITE
#endif
		fi;
		forget() }

	/* place.c, on_looked() */
	:: atomic { step == PLACE_LOOK ->
		ask(LOOK);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> to_record(GONE)
		:: answer == OK && refused -> step = WRITE_FIRST
		:: answer == OK && !refused -> give_up()
		fi;
		forget() }

#ifdef PUTS
	/* transfer.c, on_read(); or multipart.c, on_piece(), for all parts */
	:: atomic { step == TRANSFER_READ ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> MISSED(PLACE_LOOK)
		:: answer == OK ->
			n = seen;
#ifdef PARTS
			step = (in_parts[seen] -> MULTIPART_CLAIM : TRANSFER_PUT)
#ifdef BROKEN_CLAIM
			step = (in_parts[seen] -> MULTIPART_COMPLETE : step)
#endif
#else
			step = TRANSFER_PUT
#endif
		fi;
		forget() }

	/* transfer.c, written(); place.c, was_taken() */
	:: atomic { step == TRANSFER_PUT ->
		write(PUT);
		if
		:: answer == SILENCE
		:: answer == TAKEN -> n = 0; refused = true; step = PLACE_TARGET
		:: answer == OK -> to_record(o)
		fi;
		forget() }
#endif

#ifdef PARTS
	/* multipart.c, claim(), on_claimed().  The bytes are in the upload. */
	:: atomic { step == MULTIPART_CLAIM ->
		n = CLAIM(v);
		write(PUT);
		if
		:: answer == SILENCE
		:: answer == TAKEN -> step = MULTIPART_CLAIM_SEEN
		:: answer == OK -> step = MULTIPART_COMPLETE
		fi;
		n = (step == IDLE -> 0 : content[v]);
		forget() }

	/* multipart.c, on_claim_seen(), fail_taken() */
	:: atomic { step == MULTIPART_CLAIM_SEEN ->
		ask(HEAD);
		if
		:: answer == SILENCE
#ifndef BROKEN_OWNER
		:: answer == OK && seen == CLAIM(v) -> step = MULTIPART_COMPLETE
#else
		:: answer == OK && IS_CLAIM(seen) -> step = MULTIPART_COMPLETE
#endif
		:: else -> n = 0; refused = true; step = PLACE_TARGET
		fi;
		forget() }

	/*
	 * multipart.c, on_completed().  If it was served and the answer was lost,
	 * it is sent again, finds no upload any more, and a look decides.
	 */
	:: atomic { step == MULTIPART_COMPLETE ->
		write(COMPLETE);
		if
		:: step == IDLE
		:: else -> n = 0; step = TRANSFER_TARGET
		fi;
		forget() }

	/* transfer.c, seen_target(), is_not_ours() */
	:: atomic { step == TRANSFER_TARGET ->
		ask(HEAD);
		if
		:: answer == SILENCE
		:: answer == OK && seen == content[v] -> to_record(o)
		:: else -> give_up()
		fi;
		forget() }
#endif

#ifdef NONE
	/* transfer.c, seen_source() */
	:: atomic { step == TRANSFER_SOURCE ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> step = TRANSFER_UNDO
		:: answer == OK -> to_record(o)
		fi;
		forget() }

	/* transfer.c, seen_undone() */
	:: atomic { step == TRANSFER_UNDO ->
		write(DELETE_COPY);
		if
		:: answer == SILENCE
		:: answer == OK -> to_record(GONE)
		fi;
		forget() }
#endif

	/*
	 * ddb-record.c, start(); ledger_write.c, put(), on_put(): n decisions are
	 * known.  meet(), with the item that came with the refusal: repeated,
	 * kept (ledger_item_keeps()), or put once more.
	 */
	:: atomic { step == RECORD ->
		write(PUT_ITEM);
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
			step = (keeps_versions -> REMOVE : LOOK_BEFORE_REMOVAL);
#else
			step = REMOVE;
#endif
#ifndef BROKEN_RM
			s = NOTHING
#endif
		:: else -> give_up()
		fi;
		forget() }

#ifdef LOOKS
	/*
	 * s3rm.c, remove_source(), on_source_seen(), is_too_young(): the look
	 * that counts is one when the second of what it sees has passed.
	 */
	:: atomic { step == LOOK_BEFORE_REMOVAL ->
		ask(GET);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> step = REMOVAL_LOOK
#ifdef PUTS
		:: answer == OK ->
			n = modified;
#ifndef BROKEN_SECOND
			is_young = false;
#endif
			step = REMOVE
#else
		:: answer == OK -> step = REMOVE
#endif
		fi;
		forget() }
#endif

	/* s3rm.c, on_deleted(): removed */
	:: atomic { step == REMOVE ->
		write(DELETE);
		if
		:: answer == SILENCE
		:: answer == OK -> removed()
		:: answer == NOT_FOUND -> step = REMOVAL_LOOK
		fi;
		forget() }

	/* s3rm.c, on_looked(): gone */
	:: atomic { step == REMOVAL_LOOK ->
		ask(LOOK);
		if
		:: answer == SILENCE
		:: answer == NOT_FOUND -> removed()
		:: answer == OK -> give_up()
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
		late?request(v, s, o, n);
		if
#ifndef PUTS
		:: request == COPY -> serve_COPY()
#else
		:: request == PUT -> serve_PUT()
#endif
#ifdef PARTS
		:: request == COMPLETE -> serve_COMPLETE()
#endif
#ifdef NONE
		:: request == DELETE_COPY -> serve_DELETE_COPY()
#endif
		:: request == PUT_ITEM -> serve_PUT_ITEM()
		:: request == DELETE -> serve_DELETE()
		fi;
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
#ifdef PUTS
		if
		:: modified = 1
		:: is_young	/* in the same second */
		fi;
		is_young = false;
#endif
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

#ifdef CONSUMER
/* Takes what the ledger tells of, once, at any time. */
proctype consumer()
{
	if
	:: atomic { SAFE(0) -> slot[destination[0]] = 0 }
	:: atomic { SAFE(1) -> slot[destination[1]] = 0 }
	fi
}
#endif

active proctype monitor()
{
	if
#if defined(CONSUMER)
	:: atomic { overwritten -> assert(!overwritten) }
#elif defined(KEEPING)
	:: atomic { !(NOT_LOST(0) && NOT_LOST(1)) -> lost = true; assert(!lost) }
#elif !defined(WITNESS)
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
#ifndef UNLIKE
		:: content[1] = 1
#endif
#ifndef ALIKE
		:: content[1] = 2
#endif
		fi;
		good[1] = true;
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
#ifdef PARTS
		if
		:: in_parts[1] = true; in_parts[2] = true
		:: content[1] == 2 -> in_parts[1] = true
		fi;
#endif
#ifdef PUTS
		is_young = !keeps_versions;
#endif
#ifdef CONSUMER
		run consumer();
#endif
		run owner();
		run worker();
#ifndef ONE
		run worker();
		run network();
#endif
	}
}
