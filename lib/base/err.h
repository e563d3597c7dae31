/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: why something did not work.
 *
 * A function of the library that can fail returns -1 and fills a struct err;
 * it never prints and never exits.  The struct owns nothing and may be copied.
 * If AWS answered, code, message and request_id are AWS's own words.
 */
#ifndef S3EV_ERR_H
#define S3EV_ERR_H

#include <stdbool.h>

struct err {
	char code[96];		/* "NoSuchKey", "SlowDown", ours: "Timeout" */
	char message[640];
	char request_id[128];	/* "" if there was no answer */
	long status;		/* HTTP status, 0 if there was no answer */
	bool retry;		/* the same work may succeed later */
};

/*
 * Our own codes, as far as code compares them.  AWS's codes are AWS's words.
 */
#define ERR_MEMORY "OutOfMemory"
#define ERR_SYSTEM "SystemError"	/* errno says why */
#define ERR_STOPPED "Stopped"		/* a callback asked to stop */
#define ERR_ABORTED "Aborted"		/* a sink refused more bytes */
#define ERR_CONNECTION_LOST "ConnectionLost"
#define ERR_JSON "InvalidJSON"
#define ERR_RECORD "InvalidRecord"
#define ERR_RECORD_FAILED "RecordFailed"
#define ERR_ANSWER "InvalidAnswer"	/* of a processor */
#define ERR_PROCESSOR_CONFIG "ProcessorConfig"	/* it is set up wrongly */
#define ERR_NO_REGION "NoRegion"

/* Is there an error?  A struct that is all zero holds none. */
bool err_is_set(const struct err *err);

/* Is it an error with this code, ours or AWS's? */
bool err_is(const struct err *err, const char *code);

/*
 * Set code and message, clear the rest.  Texts that are too long are cut.
 * Returns -1, so that a function can end with return err_set(...).
 */
int err_set(struct err *err, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The message as people get it: with "; see s3ev-doctor" if it is about what that
 * looks at, which is the set-up and not this object.
 */
enum { ERR_WORDS_SIZE = 672 };
void err_words(const struct err *err, char words[ERR_WORDS_SIZE]);

/* Memory is out: set ERR_MEMORY. */
int err_memory(struct err *err);

/*
 * As err_set(), with ": " and the text of errno at the end of the message.  The
 * code is ERR_MEMORY for ENOMEM, else ERR_SYSTEM, and retry is set.
 */
int err_errno(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
