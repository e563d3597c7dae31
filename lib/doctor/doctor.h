/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor: what the pipeline in this environment would use, looked at one by
 * one.
 *
 * The room doctor asks each service one question after the other and waits for
 * the answer, since nobody hurries here.  Each check tells what it found in one
 * line: how it is, what was seen, and how to mend it.
 *
 * Whether something may be written is tried with a request that must fail after
 * it was allowed, so nothing is changed: a condition that cannot be true, an
 * upload that does not exist, a digest that is wrong.  IAM's simulator is not
 * asked, because most users may not call it.
 */
#ifndef S3EV_DOCTOR_H
#define S3EV_DOCTOR_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "io/loop.h"
#include "ledger/ddb.h"
#include "record/allowed.h"
#include "s3/s3.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_SKIP,	/* not tried, or nobody lets us know */
	DOCTOR_WARN,	/* it works, but not as it could */
	DOCTOR_BAD,	/* files will fail */
	DOCTOR_LEVELS
};

/* All text is borrowed for the call, and may come from outside. */
struct doctor_finding {
	enum doctor_level level;
	const char *check;	/* "processed.write" */
	const char *what;	/* what was seen */
	const char *mend;	/* what to do about it, or NULL */
};

/* What the environment says; NULL or empty where it says nothing. */
struct doctor_setup {
	const char *processed, *bad_data;	/* buckets */
	const char *sources;			/* see allowed.h */
	const char *table;
	const char *queue;			/* URL */
	const char *processor;			/* NULL: not set */
	const char *tmpdir;
	const char *checks, *split_options, *fetch_options;
	const char *route_options, *record_options;
	const struct config_choice *target;	/* of where copies go; NULL: here */
};

/* A store, and what was found out of it. */
struct doctor_store {
	struct aws *aws;
	struct s3_options s3;
	bool has_no_keys;	/* S3 does not take the keys: ask no more */
	bool has_no_s3;		/* nor can it be reached */
	bool knows_clock;	/* it was told of */
};

struct doctor {
	/* Set by the caller; borrowed. */
	void (*found)(void *ctx, const struct doctor_finding *finding);
	void *ctx;
	struct doctor_setup setup;
	struct loop *loop;
	struct doctor_store here;	/* aws not for doctor_settings.h */
	struct doctor_store target;	/* aws NULL: copies go nowhere else */

	bool is_unreachable;	/* a service did not answer */
	bool is_misset;		/* something bad was said by one that did */

	struct doctor_store *store;	/* that is asked now */
	struct arena arena;	/* private */
	struct s3_call call;	/* for one question at a time; the same memory */
	struct ddb_call ddb;
	bool ended;
};

/* What is made for this, and whatever it makes, lies below it. */
#define DOCTOR_PREFIX ".s3ev-doctor/"

void doctor_init(struct doctor *doctor);
void doctor_free(struct doctor *doctor);

/* For the checks, doctor_*.c, only */

/* Tell what was found.  mend may be NULL. */
void doctor_tell(struct doctor *doctor, enum doctor_level level,
		 const char *check, const char *mend, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Text that lives as long as the doctor; "" if memory is out. */
const char *doctor_text(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ask the store that objects come from, as at the start, or that of copies. */
void doctor_turn_here(struct doctor *doctor);
void doctor_turn_to_copies(struct doctor *doctor);

/* Is another store asked than that which objects come from? */
bool doctor_is_elsewhere(const struct doctor *doctor);

/* Is another store set for copies, which cannot be asked?  It was told why. */
bool doctor_has_no_target(const struct doctor *doctor);

/* Begin a question to S3: the call, to be started by one of s3*.h. */
struct s3_call *doctor_ask(struct doctor *doctor);

/*
 * Wait for its answer, which stays in doctor->call until the next question, and
 * return its error.
 */
struct err doctor_answer(struct doctor *doctor);

/* The same for DynamoDB, whose answer is in doctor->ddb. */
struct err doctor_ask_ddb(struct doctor *doctor, const char *action,
			  struct str body);

/* Was it refused because it is not allowed? */
bool doctor_is_denied(const struct err *err);

/* Does the server not know such a request? */
bool doctor_is_unknown(const struct err *err);

/*
 * Tell of an error that nothing better is known of.  subject is what was asked
 * about, and need what it takes: "s3:PutObject on arn:aws:s3:::acme/..."
 */
void doctor_tell_error(struct doctor *doctor, enum doctor_level level,
		       const char *check, const char *subject,
		       const struct err *err, const char *need);

/* Is anything set? */
bool doctor_is_set(const char *value);

/*
 * Take the next of words between blanks, tabs and newlines, as a shell does;
 * absent at the end.
 */
struct str doctor_word(struct str *words);

/* Is option, "--ttl", among the words, also as "--ttl=30"? */
bool doctor_has_option(const char *words, const char *option);

/* What it is set to, here "30", also as "--ttl 30"; absent if it is not there. */
struct str doctor_option(const char *words, const char *option);

#endif
