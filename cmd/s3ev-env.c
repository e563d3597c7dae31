/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-env: print which region, endpoints and credentials would be used.  It is
 * JSON, and on a terminal a table made from that.
 *
 * It goes on after an error, since what works is worth knowing, too.
 */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/harden.h"
#include "base/version.h"
#include "config/config.h"
#include "creds/creds.h"
#include "creds/creds_job.h"
#include "creds/creds_sts.h"
#include "creds/describe.h"
#include "filter/help.h"
#include "filter/option_next.h"
#include "filter/say.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "http/http.h"
#include "io/loop.h"

enum { OUT_MAX = 1 << 20 };

static const char name[] = "s3ev-env";

struct env {
	struct config *config;
	struct loop *loop;
	struct http *http;
	struct creds *creds;
	struct creds_wait wait;
	struct creds_job check;		/* GetCallerIdentity */
	const char *bucket;
	bool has_check;
	bool as_table;			/* for people, on a terminal */

	struct creds_set keys;		/* a copy of those found */
	bool ended;
	int status;
	struct buf out;
};

static const char usage[] =
	"s3ev-env: show which region, endpoints and credentials would be used\n"
	"usage: s3ev-env [-chjV] [-b BUCKET]\n"
	"\n"
	"  -b, --bucket BUCKET  also show the URL of this bucket\n"
	"  -c, --check          ask STS who owns the credentials\n"
	"  -j, --json           print JSON on a terminal, too, and not a table\n"
	"  -h, --help           print this text\n"
	"  -V, --version        print the version\n";

static void say(const char *text)
{
	say_line(name, str_of(text));
}

/* The first error decides the exit status. */
static void fail(struct env *env, const struct err *err)
{
	say(err->message);
	if (env->status != EX_OK)
		return;
	if (err_is(err, ERR_MEMORY))
		env->status = EX_OSERR;
	else if (err->retry)
		env->status = EX_UNAVAILABLE;
	else
		env->status = EX_CONFIG;
}

/* Credentials */

static void on_keys(void *arg, const struct creds_keys *keys,
		    const struct err *err)
{
	struct env *env = arg;
	struct err why;

	env->ended = true;
	if (err)
		fail(env, err);
	else if (creds_set_copy(&env->keys, keys, &why) < 0)
		fail(env, &why);
}

static void on_checked(void *arg)
{
	struct env *env = arg;

	env->ended = true;
	if (env->check.err.code[0])
		fail(env, &env->check.err);
}

static void wait_for_end(struct env *env)
{
	struct err err;

	while (!env->ended && loop_turn(env->loop) == 0)
		;
	if (env->ended)
		return;
	err_errno(&err, "poll");
	fail(env, &err);
}

static int start_client(struct env *env, struct err *err)
{
	struct http_options options = {
		.connect_timeout = (long)env->config->connect_timeout.value,
		.stall_timeout = (long)env->config->stall_timeout.value,
		.ca = env->config->ca.value.p,
		.user_agent = "s3ev/" S3EV_VERSION,
	};

	env->loop = loop_new();
	if (!env->loop)
		return err_memory(err);
	env->http = http_new(env->loop, &options, err);
	if (env->http)
		env->creds = creds_new(env->config, env->loop, env->http, err);
	return env->creds ? 0 : -1;
}

static void get_keys(struct env *env)
{
	struct err err;

	if (start_client(env, &err) < 0) {
		fail(env, &err);
		return;
	}
	env->wait.fn = on_keys;
	env->wait.arg = env;
	creds_get(env->creds, &env->wait);
	wait_for_end(env);
}

static void check_keys(struct env *env)
{
	static const struct creds_step identity = {
		.kind = CREDS_IDENTITY, .from = "GetCallerIdentity"
	};

	env->check.source = &creds_sts;
	env->check.config = env->config;
	env->check.loop = env->loop;
	env->check.http = env->http;
	env->check.step = &identity;
	env->check.keys = &env->keys.keys;
	env->check.done = on_checked;
	env->check.arg = env;
	env->ended = false;
	if (creds_job_start(&env->check) < 0)
		on_checked(env);
	wait_for_end(env);
}

/* Output */

/* What pipelines/process takes from the environment besides. */
static void put_pipeline(struct buf *out)
{
	static const struct {
		const char *member, *variable;
	} names[] = {
		{ "processed_bucket", "PROCESSED_BUCKET" },
		{ "bad_data_bucket", "BAD_DATA_BUCKET" },
		{ "source_buckets", "SOURCE_BUCKETS" },
		{ "record_table", "RECORD_TABLE" },
		{ "processor", "PROCESSOR" },
		{ "checks", "CHECKS" },
	};

	json_member_open(out, "pipeline");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		json_member(out, names[i].member,
			    str_of(getenv(names[i].variable)));
	buf_putc(out, '}');
}

/* For people: a line for each setting that has a value. */
struct row {
	struct str value, from;
};

static const struct {
	const char *label, *path;
	const char *from;	/* the member that says where it is from, or */
	const char *variable;	/* that itself */
} rows[] = {
	{ "region", "region", "region_from", NULL },
	{ "profile", "profile", "profile_from", NULL },
	{ "access key", "credentials.access_key_id", "credentials.from", NULL },
	{ "expires", "credentials.expires", NULL, "" },
	{ "identity", "credentials.arn", NULL, "STS" },
	{ "S3", "endpoints.s3", "endpoints_from.s3", NULL },
	{ "DynamoDB", "endpoints.dynamodb", "endpoints_from.dynamodb", NULL },
	{ "STS", "endpoints.sts", "endpoints_from.sts", NULL },
	{ "SQS", "endpoints.sqs", "endpoints_from.sqs", NULL },
	{ "bucket", "bucket_url", NULL, "-b" },
	{ "CAs", "ca", "ca_from", NULL },
	{ "processed", "pipeline.processed_bucket", NULL, "PROCESSED_BUCKET" },
	{ "bad data", "pipeline.bad_data_bucket", NULL, "BAD_DATA_BUCKET" },
	{ "sources", "pipeline.source_buckets", NULL, "SOURCE_BUCKETS" },
	{ "ledger", "pipeline.record_table", NULL, "RECORD_TABLE" },
	{ "processor", "pipeline.processor", NULL, "PROCESSOR" },
	{ "checks", "pipeline.checks", NULL, "CHECKS" },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static void read_rows(struct str json, struct arena *arena,
		      struct row found[ROWS])
{
	struct json_pick_field fields[2 * ROWS];
	struct err ignored;
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++) {
		size_t at = i * sizeof(struct row);

		fields[n++] = (struct json_pick_field){
			rows[i].path, at + offsetof(struct row, value), false
		};
		if (rows[i].from)
			fields[n++] = (struct json_pick_field){
				rows[i].from, at + offsetof(struct row, from),
				false
			};
		found[i].from = str_of(rows[i].variable);
	}
	if (json_pick(fields, n, json, arena, found, &ignored) < 0)
		memset(found, 0, ROWS * sizeof(*found));
}

static void put_table(struct buf *out, struct str json)
{
	struct row found[ROWS];
	struct arena arena;

	arena_init(&arena, OUT_MAX);
	read_rows(json, &arena, found);
	for (size_t i = 0; i < ROWS; i++) {
		if (!found[i].value.p)
			continue;
		buf_printf(out, "%-11s ", rows[i].label);
		diag_put(out, found[i].value);
		if (found[i].from.n > 0) {
			buf_puts(out, "  (");
			diag_put(out, found[i].from);
			buf_putc(out, ')');
		}
		buf_putc(out, '\n');
	}
	arena_free(&arena);
}

static void put_all(struct env *env)
{
	struct buf *out = &env->out;
	struct err err;

	buf_putc(out, '{');
	if (describe_config(out, env->config, str_of(env->bucket), &err) < 0 &&
	    !err_is(&err, ERR_NO_REGION))
		fail(env, &err);	/* NoRegion is reported already */
	if (env->creds)
		describe_keys(out, &env->keys.keys, creds_from(env->creds),
			      env->check.account, env->check.arn);
	put_pipeline(out);
	buf_puts(out, "}\n");
}

static void write_out(struct env *env)
{
	if (!env->out.failed &&
	    fwrite(env->out.p, 1, env->out.n, stdout) == env->out.n &&
	    fflush(stdout) == 0 && fclose(stdout) == 0)
		return;
	say_errno(name, "stdout");
	env->status = EX_IOERR;
}

static void check_region(struct env *env)
{
	struct err err;

	if (env->config->region.value.p)
		return;
	err_set(&err, ERR_NO_REGION, "no region: set AWS_REGION, or region in "
		"the profile");
	fail(env, &err);
}

static int show(struct env *env)
{
	struct buf table;
	struct err err;

	env->config = config_load(NULL, &err);
	if (!env->config) {
		fail(env, &err);
		return env->status;
	}
	for (size_t i = 0; env->config->warnings[i]; i++)
		say(env->config->warnings[i]);
	buf_init(&env->out, OUT_MAX);
	check_region(env);
	get_keys(env);
	if (env->has_check && env->keys.bytes)
		check_keys(env);
	put_all(env);
	if (env->as_table) {
		buf_init(&table, OUT_MAX);
		put_table(&table, buf_str(&env->out));
		buf_free(&env->out);
		env->out = table;
	}
	write_out(env);
	buf_free(&env->out);
	creds_job_free(&env->check);
	creds_free(env->creds);
	http_free(env->http);
	loop_free(env->loop);
	creds_set_free(&env->keys);
	config_free(env->config);
	return env->status;
}

static void parse_options(struct env *env, int argc, char **argv)
{
	static const struct option options[] = {
		{ "bucket", required_argument, NULL, 'b' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = option_next(name, argc, argv, "b:chjV", options)) != -1) {
		switch (c) {
		case 'b':
			env->bucket = optarg;
			break;
		case 'c':
			env->has_check = true;
			break;
		case 'j':
			env->as_table = false;
			break;
		case 'h':
			exit(help_print(usage));
		case 'V':
			exit(help_version(name));
		default:
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		say_wrong(name, "no arguments are taken", argv[optind]);
		exit(EX_USAGE);
	}
}

int main(int argc, char **argv)
{
	struct env env = {
		.status = EX_OK, .as_table = isatty(STDOUT_FILENO) == 1
	};

	harden_process();
	parse_options(&env, argc, argv);
	return show(&env);
}
