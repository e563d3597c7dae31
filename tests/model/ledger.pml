/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: one version, one item, as a model for spin.
 *
 * An event and one list, or two (LISTS) tell of the same version, each as often as it
 * likes and at the same time, and each with a decision of its own or the same.
 * The event's item stands at EVENT, those of the lists at LISTED and UNDATED
 * (ledger_key.h).  Each step is one request to the table (ledger_write.c).  A
 * worker may be killed between any two, and begins again.
 *
 *	LISTS	a second list, without times
 *	LATE	a write may arrive when its sender is dead
 *	WITNESS=...	that this never happens; it must fail
 *	BROKEN_...	a mistake, each where it would be made
 *
 * An item is its last decision, how many there were, and the set of all.  "Still
 * what was seen" compares the first two, as the code does with outcome, recorded
 * and decided.
 */

#define EVENT	0
#define LISTED	1
#define UNDATED	2
#define PLACES	3
#define NONE	255

mtype = { IDLE, PUT, LOOK, MEET, BOTH, DELETE };

byte last[PLACES];	/* 0: there is no item */
byte count[PLACES];
byte all[PLACES];	/* bit d: decision d is in the list */

bool begun;		/* there has been an item */
byte told;		/* decisions that were said to be recorded */
bool done[3], busy[3];
byte deaths;		/* so many are left */

/* The properties: no item, a decision that is in none, two items or the wrong one. */
bool lost, forgotten, twice, witnessed;

#define REPLACED	(count[EVENT] > 1)
#define REPEATED	(count[EVENT] == 1 && begun)

#ifdef LATE
chan late = [1] of { byte, byte };	/* place, decision: a first PutItem */
#endif

#define N_ITEMS	((last[0] != 0) + (last[1] != 0) + (last[2] != 0))
#ifdef LATE
#define NOTHING_LATE	empty(late)
#else
#define NOTHING_LATE	true
#endif
#define QUIET	(done[0] && done[1] && done[2] && !busy[0] && !busy[1] && !busy[2] && NOTHING_LATE)
#define KNOWN	(all[0] | all[1] | all[2])

/* The elder of two stays, if neither is an event's. */
#define FIRST_OF(i)	(last[EVENT] != 0 -> EVENT : (last[UNDATED] != 0 -> UNDATED : \
	(last[LISTED] != 0 -> LISTED : NONE)))

/* At any time there is an item, and what was said to be recorded is in one. */
inline look_at_all()
{
	lost = begun && N_ITEMS == 0;
	assert(!(lost));
	forgotten = (told & KNOWN) != told;
	assert(!(forgotten));
	if
	:: QUIET ->
		twice = N_ITEMS != 1 || last[EVENT] == 0;
		assert(!(twice));
#ifdef WITNESS
		witnessed = WITNESS;
		assert(!(witnessed))
#endif
	:: else
	fi
}

inline forget()
{
	own = NONE; item = NONE; twin = NONE; n = 0; t = 0; tn = 0; seen = 0; seen_n = 0; new_all = 0
}

inline die()
{
	deaths--; busy[me] = false; step = IDLE; forget()
}

inline finish()
{
	told = told | (1 << d); done[me] = true; busy[me] = false; step = IDLE; ended = true; forget(); look_at_all()
}

inline write(place, decision, n, set)
{
	last[place] = decision;
	count[place] = n;
	all[place] = set;
	begun = true;
	look_at_all()
}

proctype worker(byte me; byte home; byte d)
{
	mtype step = IDLE;
	byte own = NONE, item = NONE, twin = NONE, n, t, tn;
	byte seen, seen_n, new_all;
	bool ended;

	do
	:: atomic { step == IDLE && !ended ->
		busy[me] = true; done[me] = false; own = NONE;
		if
		:: home == EVENT -> step = PUT
		:: else -> step = LOOK
		fi }

	/* PutItem, if there is none */
	:: atomic { step == PUT && last[home] == 0 ->
		write(home, d, 1, 1 << d); own = home; step = LOOK }
	:: atomic { step == PUT && last[home] != 0 -> step = LOOK }

	/* Query: the item, and another one */
	:: atomic { step == LOOK ->
		item = FIRST_OF(0); twin = NONE;
		if
		:: item == EVENT && last[LISTED] != 0 -> twin = LISTED
		:: item == EVENT && last[UNDATED] != 0 -> twin = UNDATED
		:: item == UNDATED && last[LISTED] != 0 -> twin = LISTED
		:: else
		fi;
#ifdef BROKEN_LOOK
		/* An event that does not look behind its write */
		if
		:: home == EVENT && own == EVENT -> twin = NONE
		:: else
		fi;
#endif
#ifdef BROKEN_LIST
		/* A list that looks before its write only */
		if
		:: home != EVENT && own == home -> item = home; twin = NONE
		:: else
		fi;
#endif
		if
		:: item != NONE -> seen = last[item]; seen_n = count[item]
		:: else
		fi;
		if
		:: twin != NONE -> t = last[twin]; tn = count[twin]
		:: else
		fi;
		if
		:: item == NONE -> step = PUT
		:: item != NONE && twin != NONE -> step = BOTH
		:: item != NONE && twin == NONE && own == item ->
			finish()
		:: item != NONE && twin == NONE && own != item -> step = MEET
		fi }

	/* The same: repeated.  Another: PutItem, if it is still what was seen. */
	:: atomic { step == MEET ->
		if
		:: seen == d ->
			finish()
		:: seen != d && last[item] == seen && count[item] == seen_n ->
			new_all = all[item] | (1 << d);
			write(item, d, seen_n + 1, new_all);
			finish()
		:: seen != d && !(last[item] == seen && count[item] == seen_n) ->
			forget(); step = LOOK
		fi }

	/* PutItem with what both say; then DeleteItem of the twin. */
#ifndef BROKEN_ORDER
	:: atomic { step == BOTH ->
		if
		:: last[item] == seen && count[item] == seen_n ->
			new_all = all[item] | (1 << t);
#ifndef BROKEN_BOTH
			/* all that was read of it */
			new_all = new_all | (last[twin] == t && count[twin] == tn -> all[twin] : 0);
			if
			:: t != seen -> n = seen_n + tn
			:: else -> n = (seen_n > tn -> seen_n : tn)
			fi;
#else
			new_all = all[item]; n = seen_n;
#endif
			if
			:: write(item, seen, n, new_all)
			:: t != seen -> write(item, t, n, new_all)
			fi;
			step = DELETE
		:: else -> forget(); step = LOOK
		fi }
	:: atomic { step == DELETE ->
		if
#ifndef BROKEN_DELETE
		:: last[twin] == t && count[twin] == tn ->
#else
		:: last[twin] != 0 ->
#endif
			last[twin] = 0; count[twin] = 0; all[twin] = 0; look_at_all()
		:: else
		fi;
		forget();
		step = LOOK }
#else
	:: atomic { step == BOTH ->
		if
		:: last[twin] == t && count[twin] == tn ->
			new_all = all[twin];
			last[twin] = 0; count[twin] = 0; all[twin] = 0; look_at_all();
			step = DELETE
		:: else -> forget(); step = LOOK
		fi }
	:: atomic { step == DELETE ->
		if
		:: last[item] == seen && count[item] == seen_n ->
			write(item, seen, seen_n + tn, all[item] | new_all)
		:: else
		fi;
		forget();
		step = LOOK }
#endif

	/* Killed */
	:: atomic { step != IDLE && deaths > 0 -> die() }
#ifdef LATE
	:: atomic { step == PUT && deaths > 0 && nfull(late) -> late!home,d; die() }
#endif
	:: step == IDLE && ended -> break
	od
}

#ifdef LATE
proctype network()
{
	byte place, d;

end:	do
	:: atomic { late?place,d ->
		if
		:: last[place] == 0 -> write(place, d, 1, 1 << d)
		:: else
		fi }
	od
}
#endif

init
{
	byte a = 1, b = 1, c = 1;

	/* Each says the same, or something else. */
	if
	:: b = 1
	:: b = 2
	fi;
#ifdef LISTS
	if
	:: c = 1
	:: c = 2
	fi;
#endif
	atomic {
#ifdef LISTS
		deaths = 1;
#else
		deaths = 2;
#endif
#ifdef LATE
		run network();
#endif
		run worker(0, EVENT, a);
		run worker(1, LISTED, b);
#ifdef LISTS
		run worker(2, UNDATED, c)
#else
		done[2] = true
#endif
	}
}
