/* SPDX-License-Identifier: Apache-2.0 */
/* s3ev-env: print which region, endpoints and credentials would be used. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "config.h"
#include "creds.h"
#include "creds_job.h"
#include "describe.h"
#include "diag.h"
#include "help.h"
#include "http.h"
#include "loop.h"
#include "version.h"

enum { OUT_MAX = 1 << 20 };

struct env {
	struct config *config;
	struct loop *loop;
	struct http *http;
	struct creds *creds;
	struct creds_wait wait;
	struct creds_job check;		/* GetCallerIdentity */
	const char *bucket;
	bool has_check;

	struct creds_set keys;		/* what would be used, a copy */
	bool ended;
	int status;
	struct buf out;
};

static const char usage[] =
	"usage: s3ev-env [-chV] [-b BUCKET]\n"
	"\n"
	"  -b, --bucket BUCKET  show the URL of this bucket, too\n"
	"  -c, --check          ask STS who that is\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n";

static void say(const char *text)
{
	struct buf line;

	buf_init(&line, OUT_MAX);
	diag_put(&line, str_of(text));
	fprintf(stderr, "s3ev-env: %.*s\n", STR_FMT(buf_str(&line)));
	buf_free(&line);
}

/* The first thing that is wrong decides the exit status. */
static void fail(struct env *env, const struct err *err)
{
	say(err->message);
	if (env->status != EX_OK)
		return;
	if (strcmp(err->code, "OutOfMemory") == 0)
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
		return err_set(err, "OutOfMemory", "out of memory");
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

static void put_all(struct env *env)
{
	struct buf *out = &env->out;
	struct err err;

	buf_putc(out, '{');
	if (describe_config(out, env->config, str_of(env->bucket), &err) < 0 &&
	    strcmp(err.code, "NoRegion") != 0)
		fail(env, &err);	/* a missing region is said already */
	if (env->creds)
		describe_keys(out, &env->keys.keys, creds_from(env->creds),
			      env->check.account, env->check.arn);
	buf_puts(out, "}\n");
}

static void write_out(struct env *env)
{
	if (!env->out.failed &&
	    fwrite(env->out.p, 1, env->out.n, stdout) == env->out.n &&
	    fflush(stdout) == 0 && fclose(stdout) == 0)
		return;
	perror("s3ev-env: stdout");
	env->status = EX_IOERR;
}

static void check_region(struct env *env)
{
	struct err err;

	if (env->config->region.value.p)
		return;
	err_set(&err, "NoRegion", "no region: set AWS_REGION, or region in "
		"the profile");
	fail(env, &err);
}

static int show(struct env *env)
{
	struct err err;

	env->config = config_load(&err);
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
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "b:chV", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			env->bucket = optarg;
			break;
		case 'c':
			env->has_check = true;
			break;
		case 'h':
			exit(help_print(usage));
		case 'V':
			exit(help_version("s3ev-env"));
		default:
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "s3ev-env: no arguments are taken: %s\n",
			argv[optind]);
		exit(EX_USAGE);
	}
}

int main(int argc, char **argv)
{
	struct env env = { .status = EX_OK };

	parse_options(&env, argc, argv);
	return show(&env);
}
