/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* explicit_bzero */
#include "listen/listen_option.h"

#include <string.h>

#include "base/file.h"
#include "driver/driver_option.h"

OPTION_BASE_HOLDS(OPTION_BASE_TOOL, LISTEN_OPTION_TOKEN_FILE);

enum { FILE_MAX = 64 << 10, NUMBER_MAX = 1000000 };

void listen_options_init(struct listen_options *options)
{
	*options = (struct listen_options){
		.listener = {
			.driver = DRIVER_OPTIONS,
			.serve = { .connections = 256, .idle_ms = 60000,
				   .read_ms = 30000, .memory_max = 64 << 20 },
			.journal_max = 10000, .answer_ms = 8000,
			.backoff_ms = 15000, .time_ms = 300000, .batch = 100,
		},
	};
	buf_init(&options->cert_text, FILE_MAX);
	buf_init(&options->key_text, FILE_MAX);
	buf_init(&options->token_text, FILE_MAX);
}

/* A number in these bounds, multiplied by unit. */
static const char *take_number(const char *arg, unsigned lowest, unsigned most,
			       uint64_t unit, uint64_t *number)
{
	unsigned long long n;

	if (str_number(str_of(arg), &n) < 0 || n < lowest || n > most)
		return "not a number that this may be";
	*number = n * unit;
	return NULL;
}

static const char *take_seconds(const char *arg, unsigned lowest, uint64_t *ms)
{
	return take_number(arg, lowest, NUMBER_MAX, 1000, ms);
}

static const char *take_address(struct listen_options *options, const char *arg)
{
	if (options->address_count == LISTEN_ADDRESSES_MAX)
		return "one address too many";
	options->addresses[options->address_count++] = str_of(arg);
	return NULL;
}

const char *listen_option_take(struct listen_options *options, int option,
			       const char *arg)
{
	struct listener_options *o = &options->listener;

	switch (option) {
	case LISTEN_OPTION_ANSWER_WITHIN:
		return take_seconds(arg, 0, &o->answer_ms);
	case LISTEN_OPTION_BACKOFF:
		return take_seconds(arg, 1, &o->backoff_ms);
	case 'b':
		return take_number(arg, 1, LISTENER_BATCH_MAX, 1, &o->batch);
	case LISTEN_OPTION_CERT:
		options->cert = arg;
		return NULL;
	case 'c':
		return take_number(arg, 1, NUMBER_MAX, 1, &o->serve.connections);
	case LISTEN_OPTION_IDLE:
		return take_seconds(arg, 1, &o->serve.idle_ms);
	case 'J':
		o->journal = arg;
		return NULL;
	case LISTEN_OPTION_JOURNAL_MAX:
		return take_number(arg, 1, NUMBER_MAX, 1, &o->journal_max);
	case LISTEN_OPTION_KEY:
		options->key = arg;
		return NULL;
	case 'l':
		return take_address(options, arg);
	case LISTEN_OPTION_PATH:
		o->path = arg;
		return arg[0] == '/' ? NULL : "not a path";
	case LISTEN_OPTION_READ:
		return take_seconds(arg, 1, &o->serve.read_ms);
	case LISTEN_OPTION_STRICT:
		o->strict = true;
		return NULL;
	case LISTEN_OPTION_TIME:
		return take_seconds(arg, 1, &o->time_ms);
	case LISTEN_OPTION_TOKEN_FILE:
		options->token_file = arg;
		return NULL;
	default:
		return driver_option_take(&o->driver, option, arg);
	}
}

/* Room is made first: a buffer that grows leaves copies of secrets behind. */
static int load(const char *path, struct buf *text, const char **content,
		struct err *err)
{
	if (!path)
		return 0;
	if (!buf_room(text, FILE_MAX - 1))
		return err_memory(err);
	if (file_load(path, text, err) < 0)
		return -1;
	*content = buf_cstr(text);
	return *content ? 0 : err_memory(err);
}

int listen_options_load(struct listen_options *options, struct err *err)
{
	struct listener_options *o = &options->listener;
	const char *token = NULL;

	if (!options->cert != !options->key)
		return err_set(err, "InvalidTLS", "--cert and --key belong "
			       "together: give both");
	if (load(options->cert, &options->cert_text, &o->serve.cert, err) < 0 ||
	    load(options->key, &options->key_text, &o->serve.key, err) < 0 ||
	    load(options->token_file, &options->token_text, &token, err) < 0)
		return -1;
	if (!token)
		return 0;
	o->token = str_trim_end(buf_str(&options->token_text), "\r\n");
	return str_is_visible(o->token) ? 0 :
		err_set(err, "InvalidToken", "%s: the token is not one word",
			options->token_file);
}

static void wipe(struct buf *text)
{
	if (text->p)
		explicit_bzero(text->p, text->size);
	buf_free(text);
}

void listen_options_free(struct listen_options *options)
{
	wipe(&options->cert_text);
	wipe(&options->key_text);
	wipe(&options->token_text);
}
