/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redo: a bad object is judged again and is good, as a model for spin.
 *
 * An object lies in bad data, with its explanation, and the ledger says so.  The
 * source is there, or was moved away.  Two workers, pipelines/redo, take the
 * ledger's item as it is at that time, at any time, and may be killed between
 * any two steps, each of which is one request (lib/redo/redo.h,
 * lib/redo/removal.h).  Somebody else may put something of his own under the
 * name of the bad copy.
 *
 *	MOVED	the source is gone
 *	WORSE	the second worker has the old processor, and says bad
 *	UNSEEN	a copy that the ledger does not name may be left
 *	WITNESS=...	that this never happens; it must fail
 *	BROKEN_...	a mistake, each where it would be made
 *
 * The ledger counts its decisions, and who decides knows which one was the last.
 * With WORSE a second run begins when no other is at work on the object: who relies
 * on a copy that another run was to remove looks again then.
 */

mtype = { IDLE, FETCH, ASK, PLACE, NOTE, LOOK, REMOVE, REMOVE_WHY, RECORD };
mtype = { NOTHING, OURS, THEIRS };

#define GOOD	0
#define BAD	1
#define NONE	2

mtype source = OURS, why = OURS;
mtype copy[2];		/* of the good and of the bad */
byte ledger = BAD;	/* its last decision, */
byte stale = NONE;	/* whose copy it says is still to be removed, */
byte decided = 1;	/* and how many decisions there were */
byte deaths = 2, runs[2], thefts = 1, busy;

bool lost, taken, lie, left, witnessed;
/* Nothing is lost: the bytes are somewhere. */
#define SOMEWHERE	(source == OURS || copy[GOOD] == OURS || copy[BAD] == OURS)
/*
 * What the ledger names is there; with WORSE this, or what it says is to be
 * removed, from which the next run puts it right.
 */
#ifndef WORSE
#define TRUE_NOW	(copy[ledger] == OURS || copy[ledger] == THEIRS && ledger == BAD)
#else
#define TRUE_NOW	(copy[ledger] == OURS || copy[ledger] == THEIRS && ledger == BAD || stale != NONE && copy[stale] == OURS)
#endif
#define SETTLED	(ledger == GOOD && stale == NONE && busy == 0)
#ifndef UNSEEN
#define LEFT	(SETTLED && (copy[BAD] == OURS || why == OURS && copy[BAD] == NOTHING))
#else
#define LEFT	false
#endif
#define MENDED	(SETTLED && copy[BAD] == NOTHING && why == NOTHING)
#define WORSENED	(ledger == BAD && stale == NONE && busy == 0 && copy[GOOD] == NOTHING && decided > 1)
#define THEIRS_STAYS	(SETTLED && copy[BAD] == THEIRS)
bool refused, relied;
#define REFUSED	refused
#define RELIED	relied

#ifdef WORSE
#define MAY_COME	(busy == 0 || runs[me] == 3)
#else
#define MAY_COME	true
#endif
/* Is the ledger's decision still the one that was seen? */
#ifndef BROKEN_COUNT
#define MAY_WRITE	(decided == expected)
#else
#define MAY_WRITE	true
#endif

inline look_at_all()
{
	lost = !SOMEWHERE;
	assert(!(lost));
	lie = !TRUE_NOW;
	assert(!(lie));
	left = LEFT;
	assert(!(left));
#ifdef WITNESS
	witnessed = WITNESS;
	assert(!(witnessed))
#endif
}

inline rest()
{
	step = IDLE; busy--; was = BAD; owes = NONE; gone = NONE; expected = 0; settles = false; relies = false
}

/* Which copy is the next to be removed? */
inline next()
{
	if
	:: owes != NONE && owes != verdict -> gone = owes; owes = NONE; step = LOOK
	:: else ->
		if
		:: was != verdict -> step = NOTE
		:: else -> step = RECORD
		fi
	fi
}

proctype worker(byte me; byte verdict)
{
	mtype step = IDLE, seen = NOTHING;
	byte was = BAD, owes = NONE, gone = NONE, expected;
	bool settles, relies;

	do
	/* ddb-list --outcome bad */
	:: atomic { step == IDLE && runs[me] > 0 && (ledger == BAD || stale != NONE) && MAY_COME ->
		runs[me]--; busy++; was = ledger; owes = stale; expected = decided; step = FETCH }

	/* s3fetch --redo: the source, the copy, or the stale one; none: gone */
	:: atomic { step == FETCH ->
		if
		:: source == OURS || copy[was] == OURS || owes != NONE && copy[owes] == OURS -> step = ASK
		:: else -> rest()
		fi }

	/* s3route --redo: is it still what the list says? */
	:: atomic { step == ASK ->
		if
		:: decided != expected && ledger != verdict -> refused = true; rest()
		:: decided != expected && ledger == verdict ->
			expected = decided; owes = stale; step = PLACE
		:: decided == expected -> step = PLACE
		fi;
		look_at_all() }

	/* place.c, why.c */
	:: atomic { step == PLACE ->
		if
		:: copy[verdict] == OURS || source == OURS || copy[was] == OURS || owes != NONE && copy[owes] == OURS ->
			if
			:: copy[verdict] == THEIRS -> rest()
			:: else ->
				copy[verdict] = OURS;
				if
				:: verdict == BAD -> why = OURS
				:: else
				fi;
				relies = owes == verdict;
				settles = relies;
				next()
			fi
		:: else -> rest()
		fi;
#ifdef BROKEN_PLACE
		if
		:: step == NOTE -> copy[verdict] = NOTHING
		:: else
		fi;
#endif
#ifdef BROKEN_NOTE
		if
		:: step == NOTE -> gone = was; step = LOOK
		:: else
		fi;
#endif
		look_at_all() }

	/* redo.c, note() */
	:: atomic { step == NOTE ->
		if
		:: ledger == verdict -> gone = was; step = LOOK
		:: ledger != verdict && !MAY_WRITE -> refused = true; rest()
		:: ledger != verdict && MAY_WRITE ->
			ledger = verdict; decided++; expected = decided;
#ifndef BROKEN_STALE
			stale = was;
#else
			stale = NONE;
#endif
			settles = false;
#ifndef BROKEN_RELY
			if
			:: relies -> relied = true; step = RECORD
			:: else -> gone = was; step = LOOK
			fi
#else
			gone = was; step = LOOK
#endif
		fi;
		look_at_all() }

	/* removal.c: HEAD, DELETE on condition of what was seen */
	:: atomic { step == LOOK ->
		seen = copy[gone];
		if
		:: seen == OURS -> step = REMOVE
		:: seen == NOTHING -> step = REMOVE_WHY
		:: seen == THEIRS -> settles = true; next()
		fi }
	:: atomic { step == REMOVE ->
		if
#ifndef BROKEN_PIN
		:: copy[gone] == OURS -> copy[gone] = NOTHING; step = REMOVE_WHY
		:: else -> step = LOOK
#else
		:: true -> taken = (copy[gone] == THEIRS);
			assert(!(taken));
			copy[gone] = NOTHING; step = REMOVE_WHY
#endif
		fi;
		look_at_all() }
	:: atomic { step == REMOVE_WHY ->
		if
		:: gone == BAD -> why = NOTHING
		:: else
		fi;
		was = (gone == was -> verdict : was);
		settles = true; next(); look_at_all() }

	/* ddb-record: the same decision; what was stale is settled */
	:: atomic { step == RECORD ->
		if
		:: ledger == verdict && settles && MAY_WRITE -> stale = NONE
		:: ledger != verdict && MAY_WRITE -> ledger = verdict; decided++
		:: else
		fi;
		rest(); look_at_all() }

	/* Killed */
	:: atomic { step != IDLE && deaths > 0 -> deaths--; rest(); look_at_all() }
	:: step == IDLE && (runs[me] == 0 || ledger == GOOD && stale == NONE) -> break
	od
}

proctype stranger()
{
	if
	:: atomic { thefts > 0 && copy[BAD] == OURS && source == OURS -> thefts--; copy[BAD] = THEIRS }
	:: true
	fi
}

init
{
	atomic {
		copy[GOOD] = NOTHING; copy[BAD] = OURS;
		runs[0] = 3; runs[1] = 3;
#ifdef MOVED
		source = NOTHING;
#endif
		run worker(0, GOOD);
#ifdef WORSE
		run worker(1, BAD);
#else
		run worker(1, GOOD);
#endif
		run stranger()
	}
}
