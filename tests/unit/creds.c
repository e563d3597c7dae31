/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds.h"

#include <stdlib.h>
#include <unistd.h>

#include "creds/creds_chain.h"
#include "creds/creds_job.h"
#include "tap.h"

static const char *const variables[] = {
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE",
	"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
	"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SSO", "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
	"AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID",
	"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_DISABLED",
	"AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "HOME"
};

static char path[] = "/tmp/s3ev-creds.XXXXXX";

/* Begin anew: no variable is set, and the config file has this text. */
static void begin(const char *text)
{
	FILE *file = fopen(path, "w");

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	setenv("AWS_CONFIG_FILE", path, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/*
 * A chain as text: for each step a letter, and what distinguishes it from other
 * steps.
 */
static void put_step(struct buf *out, const struct creds_step *step)
{
	buf_printf(out, "%c:%.*s%.*s%.*s%.*s ", "kpswciRI"[step->kind],
		   STR_FMT(step->access_key_id), STR_FMT(step->command),
		   STR_FMT(step->role_arn), STR_FMT(step->sso_role));
}

#define SET(...) (const char *const[]){ __VA_ARGS__, NULL }
#define KEYS(id) "aws_access_key_id=" id "\naws_secret_access_key=s\n"
#define NOTHING (const char *const[]){ NULL }

static const struct {
	const char *what;
	const char *const *set;
	const char *config;
	const char *want;	/* or "!" and the code of the error */
} chains[] = {
	{ "nothing", NOTHING, "", "!NoCredentials" },
	{ "the instance's metadata come last",
	  SET("AWS_EC2_METADATA_DISABLED", "false"), "", "i: " },
	{ "the environment", SET("AWS_ACCESS_KEY_ID", "a",
	  "AWS_SECRET_ACCESS_KEY", "b"), "[default]\n" KEYS("c"), "k:a " },
	{ "the environment beats a profile that was asked for",
	  SET("AWS_ACCESS_KEY_ID", "a", "AWS_SECRET_ACCESS_KEY", "b",
	      "AWS_PROFILE", "p"), "[profile p]\n" KEYS("c"), "k:a " },
	{ "blank variables are not set", SET("AWS_ACCESS_KEY_ID", " ",
	  "AWS_SECRET_ACCESS_KEY", ""), "[default]\n" KEYS("c"), "k:c " },
	{ "half a pair in the environment", SET("AWS_ACCESS_KEY_ID", "a"), "",
	  "!InvalidCredentials" },
	{ "the other half", SET("AWS_SECRET_ACCESS_KEY", "a"), "",
	  "!InvalidCredentials" },
	{ "a line end in a variable", SET("AWS_ACCESS_KEY_ID", "a\n",
	  "AWS_SECRET_ACCESS_KEY", "b"), "", "!InvalidConfig" },
	{ "half a pair in a file", NOTHING,
	  "[default]\naws_secret_access_key=x", "!InvalidCredentials" },
	{ "web identity beats keys in files",
	  SET("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", "AWS_ROLE_ARN", "r"),
	  "[default]\n" KEYS("c"), "w:r " },
	{ "a role of the profile beats web identity",
	  SET("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", "AWS_ROLE_ARN", "r"),
	  "[default]\nrole_arn=q\nsource_profile=p\n[profile p]\n" KEYS("c"),
	  "k:c R:q " },
	{ "web identity without a role",
	  SET("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), "", "!InvalidConfig" },
	{ "web identity of a profile", NOTHING,
	  "[default]\nrole_arn=q\nweb_identity_token_file=/t", "w:q " },
	{ "a process beats keys in the config file", NOTHING,
	  "[default]\ncredential_process=/bin/x y\n" KEYS("c"), "p:/bin/x y " },
	{ "SSO", NOTHING, "[default]\nsso_session=s\nsso_account_id=1\n"
	  "sso_role_name=o\n[sso-session s]\nsso_region=a-1\n"
	  "sso_start_url=u", "s:o " },
	{ "SSO without a session", NOTHING, "[default]\nsso_start_url=u\n"
	  "sso_region=a-1\nsso_account_id=1\nsso_role_name=o", "s:o " },
	{ "SSO without a role", NOTHING, "[default]\nsso_start_url=u\n"
	  "sso_region=a-1\nsso_account_id=1", "!InvalidConfig" },
	{ "a session that is not there", NOTHING, "[default]\nsso_session=s\n"
	  "sso_account_id=1\nsso_role_name=o", "!InvalidConfig" },
	{ "a session that says something else", NOTHING,
	  "[default]\nsso_session=s\nsso_account_id=1\nsso_role_name=o\n"
	  "sso_region=b-1\n[sso-session s]\nsso_region=a-1\nsso_start_url=u",
	  "!InvalidConfig" },
	{ "a container", SET("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://h",
	  "AWS_EC2_METADATA_DISABLED", "false"), "", "c: " },
	{ "a chain of roles", NOTHING,
	  "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nrole_arn=b\n"
	  "source_profile=c\n[profile c]\n" KEYS("k"), "k:k R:b R:a " },
	{ "a source's own keys beat its role", NOTHING,
	  "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nrole_arn=b\n"
	  "source_profile=c\n" KEYS("k") "[profile c]\n", "k:k R:a " },
	{ "a profile as its own source", NOTHING,
	  "[default]\nrole_arn=a\nsource_profile=default\n" KEYS("k"),
	  "k:k R:a " },
	{ "a profile as its own source without keys", NOTHING,
	  "[default]\nrole_arn=a\nsource_profile=default", "!InvalidConfig" },
	{ "roles in a circle", NOTHING, "[default]\nrole_arn=a\n"
	  "source_profile=b\n[profile b]\nrole_arn=b\nsource_profile=default",
	  "!InvalidConfig" },
	{ "a source that is not there", NOTHING,
	  "[default]\nrole_arn=a\nsource_profile=b", "!InvalidConfig" },
	{ "a source without keys", NOTHING,
	  "[default]\nrole_arn=a\nsource_profile=b\n[profile b]",
	  "!InvalidConfig" },
	{ "a role without a source", NOTHING, "[default]\nrole_arn=a",
	  "!InvalidConfig" },
	{ "a role with two sources", NOTHING, "[default]\nrole_arn=a\n"
	  "source_profile=b\ncredential_source=Environment", "!InvalidConfig" },
	{ "a container's role", SET("AWS_CONTAINER_CREDENTIALS_FULL_URI", "x"),
	  "[default]\nrole_arn=a\ncredential_source=EcsContainer", "c: R:a " },
	{ "a container's role outside of one", NOTHING,
	  "[default]\nrole_arn=a\ncredential_source=EcsContainer",
	  "!InvalidConfig" },
	{ "the instance's role", SET("AWS_EC2_METADATA_DISABLED", ""),
	  "[default]\nrole_arn=a\ncredential_source=Ec2InstanceMetadata",
	  "i: R:a " },
	{ "a credential_source that nobody knows", NOTHING,
	  "[default]\nrole_arn=a\ncredential_source=Moon", "!InvalidConfig" },
	{ "a duration that is none", NOTHING, "[default]\nrole_arn=a\n"
	  "source_profile=default\nduration_seconds=1h\n" KEYS("k"),
	  "!InvalidConfig" },
	{ "a role that wants a code", NOTHING, "[default]\nrole_arn=a\n"
	  "source_profile=default\nmfa_serial=m\n" KEYS("k"), "!NotSupported" },
	{ "a session of aws login", NOTHING, "[default]\nlogin_session=x",
	  "!NotSupported" },
};

static void check_chain(size_t i)
{
	const char *want = chains[i].want;
	struct creds_chain chain;
	struct err err = { .code = "" };
	struct config *config;
	struct arena arena;
	struct buf got;

	begin(chains[i].config);
	for (const char *const *set = chains[i].set; *set; set += 2)
		setenv(set[0], set[1], 1);
	buf_init(&got, 4096);
	arena_init(&arena, 1 << 20);
	config = config_load(NULL, &err);
	if (!config || creds_chain_find(config, &chain, &arena, &err) < 0) {
		ok(*want == '!' && strcmp(err.code, want + 1) == 0,
		   "%s: %s: %s", chains[i].what, err.code, err.message);
	} else {
		for (size_t n = 0; n < chain.count; n++)
			put_step(&got, &chain.steps[n]);
		is(got.p, got.n, want, chains[i].what);
	}
	config_free(config);
	arena_free(&arena);
	buf_free(&got);
}

/* Keys in the environment are another's. */
static void check_chosen(void)
{
	struct config_choice choice = { .profile = "a" };
	struct creds_chain chain;
	struct err err = { .code = "" };
	struct config *config;
	struct arena arena;

	begin("[profile a]\naws_access_key_id = A\n"
	      "aws_secret_access_key = S\n[profile none]\n");
	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "E", 1);
	arena_init(&arena, 1 << 20);
	config = config_load(&choice, &err);
	ok(config && creds_chain_find(config, &chain, &arena, &err) == 0 &&
	   str_is(chain.steps[0].access_key_id, "A"),
	   "the keys of a chosen profile are its own");
	config_free(config);
	choice.profile = "none";
	config = config_load(&choice, &err);
	ok(config && creds_chain_find(config, &chain, &arena, &err) < 0 &&
	   err_is(&err, "NoCredentials"), "or there are none");
	config_free(config);
	arena_free(&arena);
}

static void check_sets(void)
{
	struct creds_keys keys = {
		.access_key_id = STR("id"), .secret_access_key = STR("secret"),
		.from = "test"
	};
	struct creds_set set = { .bytes = NULL };
	struct err err;

	ok(creds_set_copy(&set, &keys, &err) == 0 &&
	   str_is(set.keys.secret_access_key, "secret") &&
	   !set.keys.session_token.p, "keys are copied");
	keys.session_token = STR("a\r\nX-Evil: b");
	ok(creds_set_copy(&set, &keys, &err) < 0 &&
	   strcmp(err.code, "InvalidCredentials") == 0 &&
	   str_is(set.keys.access_key_id, "id"),
	   "a token that would be two headers is refused");
	keys.session_token = STR_NONE;
	keys.secret_access_key = STR("");
	ok(creds_set_copy(&set, &keys, &err) < 0, "half a pair is refused");
	creds_set_free(&set);
}

/* Getting keys */

struct waiter {
	struct creds_wait wait;
	unsigned calls;
	char id[64];
	struct err err;
};

static void on_keys(void *arg, const struct creds_keys *keys,
		    const struct err *err)
{
	struct waiter *waiter = arg;

	waiter->calls++;
	if (keys)
		snprintf(waiter->id, sizeof(waiter->id), "%.*s",
			 STR_FMT(keys->access_key_id));
	else
		waiter->err = *err;
}

static void get(struct creds *creds, struct waiter *waiter)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->wait.fn = on_keys;
	waiter->wait.arg = waiter;
	creds_get(creds, &waiter->wait);
}

struct client {
	struct config *config;
	struct loop *loop;
	struct http *http;
	struct creds *creds;
};

static void open_client(struct client *client, const char *text)
{
	static const struct http_options options = {
		.connect_timeout = 1, .stall_timeout = 1
	};
	struct err err = { .code = "" };

	begin(text);
	client->config = config_load(NULL, &err);
	client->loop = loop_new();
	client->http = http_new(client->loop, &options, &err);
	client->creds = client->config ? creds_new(client->config,
						   client->loop, client->http,
						   &err) : NULL;
	ok(client->creds, "creds_new %s", err.message);
}

static void close_client(struct client *client)
{
	creds_free(client->creds);
	http_free(client->http);
	config_free(client->config);
	loop_free(client->loop);
}

static void check_static(void)
{
	struct client client;
	struct waiter waiter;

	open_client(&client, "[default]\n" KEYS("AK"));
	get(client.creds, &waiter);
	ok(waiter.calls == 1 && strcmp(waiter.id, "AK") == 0,
	   "keys of a file are there at once");
	creds_refuse(client.creds, STR("AK"));
	get(client.creds, &waiter);
	ok(waiter.calls == 1 && strcmp(waiter.id, "AK") == 0,
	   "and stay when a service refuses them: there are no others");
	close_client(&client);
}

/* The process counts its runs and puts the count into its keys. */
#define PROCESS(life) \
	"[default]\ncredential_process = sh -c 'echo >>\"$0\"; " \
	"printf \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AK%%s\\\"," \
	"\\\"SecretAccessKey\\\":\\\"s\\\",\\\"Expiration\\\":\\\"%%s\\\"}\" " \
	"$(wc -l <\"$0\") $(date -u -d @$(($(date +%%s) + " life ")) " \
	"+%%Y-%%m-%%dT%%H:%%M:%%SZ)' %s.runs\n"

static void begin_process(struct client *client, const char *format)
{
	char text[1024], runs[64];

	snprintf(runs, sizeof(runs), "%s.runs", path);
	unlink(runs);
	snprintf(text, sizeof(text), format, path);
	open_client(client, text);
}

static void wait_for(struct client *client, const struct waiter *waiter)
{
	while (waiter->calls == 0 && loop_turn(client->loop) == 0)
		;
}

static void check_refresh(void)
{
	struct client client;
	struct waiter a, b, c;

	begin_process(&client, PROCESS("3600"));
	get(client.creds, &a);
	get(client.creds, &b);
	get(client.creds, &c);
	ok(a.calls == 0 && b.calls == 0, "a process takes its time");
	creds_cancel(&b.wait);
	wait_for(&client, &c);
	ok(a.calls == 1 && c.calls == 1 && b.calls == 0 &&
	   strcmp(a.id, "AK1") == 0 && strcmp(c.id, "AK1") == 0,
	   "one run is for all who wait, and for nobody else: %s", a.err.message);
	get(client.creds, &a);
	ok(a.calls == 1 && strcmp(a.id, "AK1") == 0, "keys are kept");
	creds_refuse(client.creds, STR("another"));
	get(client.creds, &a);
	ok(strcmp(a.id, "AK1") == 0, "only the keys in use can be refused");
	creds_refuse(client.creds, STR("AK1"));
	get(client.creds, &a);
	wait_for(&client, &a);
	ok(strcmp(a.id, "AK2") == 0, "refused keys are fetched anew");
	creds_refuse(client.creds, STR("AK1"));
	get(client.creds, &a);
	ok(strcmp(a.id, "AK2") == 0, "a late refusal of old keys is nothing");
	close_client(&client);
}

static void check_ends(void)
{
	struct client client;
	struct waiter a;
	unsigned turns = 0;

	begin_process(&client, PROCESS("-5"));
	get(client.creds, &a);
	wait_for(&client, &a);
	ok(strcmp(a.id, "AK1") == 0, "keys that come expired are tried");
	close_client(&client);

	begin_process(&client, PROCESS("3600"));
	get(client.creds, &a);
	creds_free(client.creds);
	client.creds = NULL;
	ok(a.calls == 0, "who waits in vain is not called");
	while (!loop_is_idle(client.loop) && turns++ < 100 &&
	       loop_turn(client.loop) == 0)
		;
	ok(loop_is_idle(client.loop), "a process that nobody needs is ended");
	close_client(&client);
}

static const struct {
	const char *what, *command, *want;
} failures[] = {
	{ "no such program", "/nonexistent/program",
	  "cannot be executed: No such file" },
	{ "a status and its first line",
	  "sh -c 'echo \"log in again\" >&2; echo secret; exit 3'",
	  "ended with status 3: log in again" },
	{ "no JSON", "echo {", "InvalidJSON" },
	{ "another version", "echo '{\"Version\":2}'", "Version is \"2\"" },
	{ "no keys", "echo '{\"Version\":1}'", "there is no access key id" },
	{ "a header in a key", "printf '{\"Version\":1,\"AccessKeyId\":\"a\","
	  "\"SecretAccessKey\":\"b\",\"SessionToken\":\"c\\\\r\\\\nX: y\"}'",
	  "control character" },
	{ "a time that is none", "echo '{\"Version\":1,\"AccessKeyId\":\"a\","
	  "\"SecretAccessKey\":\"b\",\"Expiration\":\"soon\"}'",
	  "Expiration is not a time" },
	{ "too much", "head -c 1000000 /dev/zero", "more than 65536 bytes" },
	{ "no shell", "echo $HOME `id` ; exit", "InvalidJSON" },
	{ "a quote that is not closed", "echo 'a", "a quote is not closed" },
	{ "a signal", "sh -c 'kill -9 $$'", "killed by signal 9" },
};

static void check_failure(size_t i)
{
	struct client client;
	struct waiter a;
	char text[1024];

	snprintf(text, sizeof(text), "[default]\ncredential_process = %s\n",
		 failures[i].command);
	open_client(&client, text);
	get(client.creds, &a);
	wait_for(&client, &a);
	ok(strstr(a.err.message, failures[i].want) ||
	   strcmp(a.err.code, failures[i].want) == 0, "%s: %s: %s",
	   failures[i].what, a.err.code, a.err.message);
	ok(!strstr(a.err.message, "secret"), "%s: no output in the error",
	   failures[i].what);
	ok(a.err.retry == !!strstr(a.err.message, "signal"),
	   "%s: %s use to try again", failures[i].what,
	   a.err.retry ? "of" : "of no");
	close_client(&client);
}

int main(void)
{
	char runs[64];
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		check_chain(i);
	check_chosen();
	check_sets();
	check_static();
	check_refresh();
	check_ends();
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		check_failure(i);
	snprintf(runs, sizeof(runs), "%s.runs", path);
	unlink(runs);
	unlink(path);
	return done();
}
