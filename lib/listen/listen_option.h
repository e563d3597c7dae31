/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen_option: the options that s3ev-listen has besides those of all mouths,
 * see driver_option.h, and the files that they name.
 */
#ifndef S3EV_LISTEN_OPTION_H
#define S3EV_LISTEN_OPTION_H

#include <getopt.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/option_base.h"
#include "base/str.h"
#include "listen/listener.h"

enum { LISTEN_ADDRESSES_MAX = 8 };

struct listen_options {
	struct listener_options listener;
	struct str addresses[LISTEN_ADDRESSES_MAX];	/* to listen on */
	size_t address_count;
	const char *cert, *key, *token_file;	/* files; NULL: none */

	struct buf cert_text, key_text, token_text;	/* private */
};

enum listen_option { LISTEN_OPTION_ANSWER_WITHIN = OPTION_BASE_TOOL,
	LISTEN_OPTION_BACKOFF, LISTEN_OPTION_CERT, LISTEN_OPTION_IDLE,
	LISTEN_OPTION_KEY, LISTEN_OPTION_JOURNAL_MAX, LISTEN_OPTION_PATH,
	LISTEN_OPTION_READ, LISTEN_OPTION_STRICT, LISTEN_OPTION_TIME,
	LISTEN_OPTION_TOKEN_FILE };

#define LISTEN_OPTION_LETTERS "b:c:J:l:"
#define LISTEN_OPTION_WORDS \
	{ "answer-within", required_argument, NULL, LISTEN_OPTION_ANSWER_WITHIN }, \
	{ "backoff", required_argument, NULL, LISTEN_OPTION_BACKOFF }, \
	{ "batch", required_argument, NULL, 'b' }, \
	{ "cert", required_argument, NULL, LISTEN_OPTION_CERT }, \
	{ "connections", required_argument, NULL, 'c' }, \
	{ "idle", required_argument, NULL, LISTEN_OPTION_IDLE }, \
	{ "journal", required_argument, NULL, 'J' }, \
	{ "journal-max", required_argument, NULL, LISTEN_OPTION_JOURNAL_MAX }, \
	{ "key", required_argument, NULL, LISTEN_OPTION_KEY }, \
	{ "listen", required_argument, NULL, 'l' }, \
	{ "path", required_argument, NULL, LISTEN_OPTION_PATH }, \
	{ "read", required_argument, NULL, LISTEN_OPTION_READ }, \
	{ "strict", no_argument, NULL, LISTEN_OPTION_STRICT }, \
	{ "time", required_argument, NULL, LISTEN_OPTION_TIME }, \
	{ "token-file", required_argument, NULL, LISTEN_OPTION_TOKEN_FILE }
#define LISTEN_OPTION_USAGE \
	"  -b, --batch N       give at most N events at once (100)\n" \
	"  -c, --connections N have at most N connections (256)\n" \
	"  -J, --journal DIR   keep events in DIR until they are done\n" \
	"  -l, --listen ADDRESS:PORT  where to listen, also several (127.0.0.1:8080)\n"
#define LISTEN_OPTION_LONG_USAGE \
	"      --answer-within SECONDS  answer by then if the journal has it (8)\n" \
	"      --backoff SECONDS  before an event of the journal is tried again (15)\n" \
	"      --cert FILE, --key FILE  for TLS, in PEM\n" \
	"      --idle, --read, --time SECONDS  for a head, a body, an event (60, 30, 300)\n" \
	"      --journal-max N take no more if N events are not done (10000)\n" \
	"      --path PATH, --token-file FILE  take events only there, only with that\n" \
	"      --strict        answer 400 to what is no event, also with a journal\n"

/* What holds without any option. */
void listen_options_init(struct listen_options *options);

/* Take one option, of these or of all mouths.  Returns NULL, or what is wrong. */
const char *listen_option_take(struct listen_options *options, int option,
			       const char *arg);

/*
 * Read the files, after all options: sets the listener's token, certificate and
 * key, which are borrowed from here.  -1 with err.
 */
int listen_options_load(struct listen_options *options, struct err *err);

/* Wipe what was read. */
void listen_options_free(struct listen_options *options);

#endif
