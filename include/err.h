/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: why something did not work.
 *
 * A function of the library that can fail returns -1 and fills a struct err;
 * it never prints and never exits.  The struct owns nothing and may be copied.
 * For an answer of AWS, code, message and request_id are AWS's own words.
 */
#ifndef S3EV_ERR_H
#define S3EV_ERR_H

#include <stdbool.h>

struct err {
	char code[96];		/* "NoSuchKey", "SlowDown", ours: "Timeout" */
	char message[640];
	char request_id[128];	/* "" where there was no answer */
	long status;		/* HTTP status, 0 where there was no answer */
	bool retry;		/* the same work may succeed later */
};

/* All zero is no error. */
bool err_is_set(const struct err *err);

/*
 * Set code and message, clear the rest.  Longer texts are cut.  Returns -1,
 * so that a function can end with return err_set(...).
 */
int err_set(struct err *err, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": " and the text of errno behind, and the code for it. */
int err_errno(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
