/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "config/config_bucket.h"
#include "config/config_endpoint.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

/* All variables that cases set; each is cleared before each case. */
static const char *const variables[] = {
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE",
	"AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB",
	"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SSO",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT",
	"AWS_USE_DUALSTACK_ENDPOINT", "AWS_S3_USE_ARN_REGION",
	"AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_CA_BUNDLE", "SSL_CERT_FILE",
	"SSL_CERT_DIR", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
	"AWS_REQUEST_CHECKSUM_CALCULATION",
	"AWS_RESPONSE_CHECKSUM_VALIDATION", "S3EV_CONNECT_TIMEOUT",
	"S3EV_STALL_TIMEOUT"
};

static char home[] = "/tmp/s3ev-config.XXXXXX";

static void clear(void)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", home, 1);
}

/* Write ~/.aws/NAME, or remove it if text is NULL. */
static void put_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/.aws", home);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/.aws/%s", home, name);
	unlink(path);
	if (!text)
		return;
	file = fopen(path, "w");
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

static void set_all(const char *const *pairs)
{
	clear();
	for (; *pairs; pairs += 2)
		setenv(pairs[0], pairs[1], 1);
}

#define SET(...) (const char *const[]){ __VA_ARGS__, NULL }
#define NOTHING (const char *const[]){ NULL }

/* The region and who set it, with a space between. */
static const struct {
	const char *what;
	const char *const *set;
	const char *config, *credentials;
	const char *want;	/* or "!" and a part of the error */
} regions[] = {
	{ "nothing is set", NOTHING, NULL, NULL, " default" },
	{ "AWS_REGION beats AWS_DEFAULT_REGION",
	  SET("AWS_REGION", "a-1", "AWS_DEFAULT_REGION", "b-1"),
	  "[default]\nregion=c-1", NULL, "a-1 AWS_REGION" },
	{ "AWS_DEFAULT_REGION beats the profile",
	  SET("AWS_REGION", "", "AWS_DEFAULT_REGION", " b-1 "),
	  "[default]\nregion=c-1", NULL, "b-1 AWS_DEFAULT_REGION" },
	{ "the profile", SET("AWS_PROFILE", "p"),
	  "[default]\nregion=c-1\n[profile p]\nregion=d-1", NULL,
	  "d-1 HOME/.aws/config:4" },
	{ "the credentials file beats the config file", NOTHING,
	  "[default]\nregion=c-1", "[default]\nregion=d-1",
	  "d-1 HOME/.aws/credentials:2" },
	{ "a profile that is not there", SET("AWS_PROFILE", "q"), NULL, NULL,
	  "!AWS_PROFILE: there is no profile \"q\"" },
	{ "a broken file", NOTHING, "[default]\nregion", NULL,
	  "!/.aws/config:2: " },
	{ "a line end in a variable", SET("AWS_REGION", "a-1\nX: y"), NULL,
	  NULL, "!AWS_REGION: control character" },
	{ "a line end in a value", NOTHING, "[default]\nregion = a-1\n b", NULL,
	  "!/.aws/config:2: region: control character" },
	{ "a region that could be another host",
	  SET("AWS_REGION", "a.example.com/"), NULL, NULL,
	  "!AWS_REGION: \"a.example.com/\"" },
	{ "adaptive retries", SET("AWS_RETRY_MODE", "adaptive"), NULL, NULL,
	  "!AWS_RETRY_MODE: the retry mode \"adaptive\" is not supported" },
	{ "a retry mode that nobody knows", NOTHING,
	  "[default]\nretry_mode=x", NULL, "!/.aws/config:2: \"x\"" },
	{ "a number of attempts that is none", SET("AWS_MAX_ATTEMPTS", "0"),
	  NULL, NULL, "!AWS_MAX_ATTEMPTS: \"0\"" },
	{ "a flag that is none", SET("AWS_USE_FIPS_ENDPOINT", "yes"), NULL,
	  NULL, "!AWS_USE_FIPS_ENDPOINT: \"yes\"" },
	{ "an endpoint that is no URL",
	  SET("AWS_ENDPOINT_URL", "localhost:9000"), NULL, NULL,
	  "!AWS_ENDPOINT_URL: \"localhost:9000\"" },
	{ "an endpoint with a user", SET("AWS_ENDPOINT_URL", "http://u:p@h"),
	  NULL, NULL, "!AWS_ENDPOINT_URL: " },
	{ "an endpoint with a query", SET("AWS_ENDPOINT_URL", "http://h/?q"),
	  NULL, NULL, "!AWS_ENDPOINT_URL: " },
	{ "an endpoint with a bad port", SET("AWS_ENDPOINT_URL", "http://h:0"),
	  NULL, NULL, "!AWS_ENDPOINT_URL: " },
	{ "a services section that is not there", NOTHING,
	  "[default]\nservices = x", NULL, "!there is no [services x]" },
};

static void check_region(size_t i)
{
	const char *want = regions[i].want;
	struct config *config;
	struct err err = { .code = "" };
	char got[512] = "", full[512];

	set_all(regions[i].set);
	put_file("config", regions[i].config);
	put_file("credentials", regions[i].credentials);
	config = config_load(NULL, &err);
	if (*want == '!') {
		ok(!config && strstr(err.message, want + 1), "%s: %s",
		   regions[i].what, err.message);
	} else if (!config) {
		ok(false, "%s: %s", regions[i].what, err.message);
	} else {
		const char *at = strstr(want, "HOME");

		snprintf(got, sizeof(got), "%.*s %s",
			 STR_FMT(config->region.value), config->region.from);
		snprintf(full, sizeof(full), "%.*s%s%s",
			 (int)(at ? at - want : (long)strlen(want)), want,
			 at ? home : "", at ? at + 4 : "");
		is(got, strlen(got), full, regions[i].what);
	}
	config_free(config);
}

/* URLs: of a service, or of a bucket with the region to sign with. */
static const struct {
	const char *what;
	const char *const *set;
	const char *config;
	enum config_service service;
	const char *bucket;
	const char *want;	/* or "!" and the code of the error */
} urls[] = {
	{ "S3", SET("AWS_REGION", "eu-west-1"), NULL, CONFIG_S3, NULL,
	  "https://s3.eu-west-1.amazonaws.com" },
	{ "no region", NOTHING, NULL, CONFIG_S3, NULL, "!NoRegion" },
	{ "DynamoDB in China", SET("AWS_REGION", "cn-north-1"), NULL,
	  CONFIG_DYNAMODB, NULL, "https://dynamodb.cn-north-1.amazonaws.com.cn" },
	{ "account-based endpoints", SET("AWS_REGION", "eu-west-1",
	  "AWS_ACCOUNT_ID_ENDPOINT_MODE", "required"), NULL, CONFIG_DYNAMODB,
	  NULL, "!NotSupported" },
	{ "STS with FIPS", SET("AWS_REGION", "us-east-1",
	  "AWS_USE_FIPS_ENDPOINT", "true"), NULL, CONFIG_STS, NULL,
	  "https://sts-fips.us-east-1.amazonaws.com" },
	{ "FIPS in GovCloud", SET("AWS_REGION", "us-gov-east-1",
	  "AWS_USE_FIPS_ENDPOINT", "true"), NULL, CONFIG_STS, NULL,
	  "https://sts.us-gov-east-1.amazonaws.com" },
	{ "STS without a region's name", SET("AWS_REGION", "aws-global"), NULL,
	  CONFIG_STS, NULL, "https://sts.amazonaws.com" },
	{ "dual-stack", SET("AWS_REGION", "us-east-1",
	  "AWS_USE_DUALSTACK_ENDPOINT", "true"), NULL, CONFIG_SQS, NULL,
	  "https://sqs.us-east-1.api.aws" },
	{ "SSO", SET("AWS_REGION", "us-east-1"), NULL, CONFIG_SSO, NULL,
	  "https://portal.sso.us-east-1.amazonaws.com" },
	{ "S3 has no FIPS in China", SET("AWS_REGION", "cn-north-1",
	  "AWS_USE_FIPS_ENDPOINT", "true"), NULL, CONFIG_S3, NULL,
	  "!InvalidConfig" },
	{ "the service's variable beats the general one",
	  SET("AWS_ENDPOINT_URL", "http://a", "AWS_ENDPOINT_URL_S3",
	      "http://b:1/c//"), NULL, CONFIG_S3, NULL, "http://b:1/c" },
	{ "the general variable beats the services section",
	  SET("AWS_ENDPOINT_URL", "http://a"),
	  "[default]\nservices=x\n[services x]\ns3=\n endpoint_url=http://b",
	  CONFIG_S3, NULL, "http://a" },
	{ "the services section beats the profile", NOTHING,
	  "[default]\nservices=x\nendpoint_url=http://a\n"
	  "[services x]\ns3=\n endpoint_url=http://b", CONFIG_S3, NULL,
	  "http://b" },
	{ "the profile's endpoint is for all other services", NOTHING,
	  "[default]\nservices=x\nendpoint_url=http://a\n"
	  "[services x]\ns3=\n endpoint_url=http://b", CONFIG_SQS, NULL,
	  "http://a" },
	{ "endpoints are ignored on demand", SET("AWS_REGION", "us-east-1",
	  "AWS_ENDPOINT_URL", "http://a", "AWS_ENDPOINT_URL_S3", "http://b",
	  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"),
	  "[default]\nendpoint_url=http://c", CONFIG_S3, NULL,
	  "https://s3.us-east-1.amazonaws.com" },
	{ "a bucket", SET("AWS_REGION", "eu-west-1"), NULL, 0, "b-1c",
	  "https://b-1c.s3.eu-west-1.amazonaws.com eu-west-1" },
	{ "a bucket with dots", SET("AWS_REGION", "eu-west-1"), NULL, 0,
	  "b.1c", "https://s3.eu-west-1.amazonaws.com/b.1c eu-west-1" },
	{ "a bucket with capitals", SET("AWS_REGION", "eu-west-1"), NULL, 0,
	  "Bbb", "https://s3.eu-west-1.amazonaws.com/Bbb eu-west-1" },
	{ "a bucket that would change the URL", SET("AWS_REGION", "eu-west-1"),
	  NULL, 0, "b/../?#\n",
	  "https://s3.eu-west-1.amazonaws.com/b%2F..%2F%3F%23%0A eu-west-1" },
	{ "path style on demand", SET("AWS_REGION", "eu-west-1"),
	  "[default]\ns3 =\n  addressing_style = path", 0, "bbb",
	  "https://s3.eu-west-1.amazonaws.com/bbb eu-west-1" },
	{ "a bucket with FIPS and dual-stack", SET("AWS_REGION", "us-west-2",
	  "AWS_USE_FIPS_ENDPOINT", "true"),
	  "[default]\ns3=\n use_dualstack_endpoint=true", 0, "bbb",
	  "https://bbb.s3-fips.dualstack.us-west-2.amazonaws.com us-west-2" },
	{ "a bucket in no region of its own", SET("AWS_REGION", "aws-global"),
	  NULL, 0, "bbb", "https://bbb.s3.amazonaws.com us-east-1" },
	{ "a bucket at a custom endpoint", SET("AWS_REGION", "x-1",
	  "AWS_ENDPOINT_URL", "http://h:9000/p/"), NULL, 0, "bbb",
	  "http://h:9000/p/bbb x-1" },
	{ "a custom endpoint with virtual hosts", SET("AWS_REGION", "x-1",
	  "AWS_ENDPOINT_URL", "https://h.example:9000/p"),
	  "[default]\ns3=\n addressing_style=virtual", 0, "bbb",
	  "https://bbb.h.example:9000/p x-1" },
	{ "an address takes no virtual hosts", SET("AWS_REGION", "x-1",
	  "AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
	  "[default]\ns3=\n addressing_style=virtual", 0, "bbb",
	  "http://127.0.0.1:9000/bbb x-1" },
	{ "an access point", SET("AWS_REGION", "us-east-1"), NULL, 0,
	  "arn:aws:s3:us-west-2:123456789012:accesspoint/ap",
	  "https://ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com "
	  "us-west-2" },
	{ "an access point in another partition", SET("AWS_REGION",
	  "us-east-1"), NULL, 0,
	  "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:ap",
	  "!InvalidBucket" },
	{ "an access point in another region, forbidden", SET("AWS_REGION",
	  "us-east-1", "AWS_S3_USE_ARN_REGION", "false"), NULL, 0,
	  "arn:aws:s3:us-west-2:123456789012:accesspoint/ap",
	  "!InvalidConfig" },
	{ "an access point at a custom endpoint", SET("AWS_REGION",
	  "us-west-2", "AWS_ENDPOINT_URL", "https://h.example"), NULL, 0,
	  "arn:aws:s3:us-west-2:123456789012:accesspoint/ap",
	  "https://ap-123456789012.h.example us-west-2" },
	{ "an ARN that is none", SET("AWS_REGION", "us-east-1"), NULL, 0,
	  "arn:aws:s3:::bucket", "!InvalidBucket" },
	{ "an ARN that would be another host", SET("AWS_REGION", "us-east-1"),
	  NULL, 0, "arn:aws:s3:us-west-2:1.evil.example/:accesspoint/ap",
	  "!InvalidBucket" },
	{ "a multi-region access point", SET("AWS_REGION", "us-east-1"), NULL,
	  0, "arn:aws:s3::123456789012:accesspoint:x.mrap", "!NotSupported" },
	{ "a directory bucket", SET("AWS_REGION", "us-west-2"), NULL, 0,
	  "b--usw2-az1--x-s3",
	  "https://b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2."
	  "amazonaws.com us-west-2" },
	{ "an empty name", SET("AWS_REGION", "us-west-2"), NULL, 0, "",
	  "!InvalidBucket" },
};

static int put_url(const struct config *config, size_t i, struct buf *url,
		   struct err *err)
{
	struct config_bucket how;

	if (!urls[i].bucket)
		return config_endpoint(config, urls[i].service, STR_NONE, url,
				       err);
	if (config_bucket_url(config, str_of(urls[i].bucket), STR_NONE, url,
			      &how, err) < 0)
		return -1;
	buf_putc(url, ' ');
	buf_put_str(url, how.region);
	return 0;
}

static void check_url(size_t i)
{
	const char *want = urls[i].want;
	struct config *config;
	struct err err = { .code = "" };
	struct buf url;

	buf_init(&url, 4096);
	set_all(urls[i].set);
	put_file("config", urls[i].config);
	put_file("credentials", NULL);
	config = config_load(NULL, &err);
	if (!config || put_url(config, i, &url, &err) < 0)
		ok(*want == '!' && strcmp(err.code, want + 1) == 0,
		   "%s: %s: %s", urls[i].what, err.code, err.message);
	else
		is(url.p, url.n, want, urls[i].what);
	config_free(config);
	buf_free(&url);
}

static void check_rest(void)
{
	struct config *config;
	struct err err;

	set_all(SET("AWS_RETRY_MODE", "LEGACY", "AWS_CA_BUNDLE", "/a",
		    "SSL_CERT_FILE", "/b", "S3EV_STALL_TIMEOUT", "7",
		    "AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"));
	put_file("config", "[default]\nmax_attempts = 5\n[x]\n");
	config = config_load(NULL, &err);
	ok(config && str_is(config->retry_mode.value, "standard"),
	   "legacy retries are standard ones");
	ok(config && config->max_attempts.value == 5 &&
	   strstr(config->max_attempts.from, "/.aws/config:2"),
	   "max_attempts of the profile");
	ok(config && str_is(config->ca.value, "/a"),
	   "AWS_CA_BUNDLE beats SSL_CERT_FILE");
	ok(config && config->connect_timeout.value == 10 &&
	   config->stall_timeout.value == 7, "time-outs");
	ok(config && config->request_checksums == CONFIG_WHEN_REQUIRED &&
	   config->response_checksums == CONFIG_WHEN_SUPPORTED, "checksums");
	ok(config && config->warnings[0] &&
	   strstr(config->warnings[0], "/.aws/config:3: [x] ") &&
	   !config->warnings[1], "what is passed over is warned about");
	config_free(config);
}

/* What is chosen counts more than the environment, and so does its profile. */
static void check_choice(void)
{
	static const char file[] = "[profile a]\nregion = eu-west-3\n"
		"endpoint_url = http://a/\n[profile b]\n";
	struct config_choice choice = { .profile = "a" };
	struct config *config, *other;
	struct err err;

	set_all(SET("AWS_PROFILE", "b", "AWS_REGION", "us-east-1",
		    "AWS_ENDPOINT_URL_S3", "http://env"));
	put_file("config", file);
	other = config_load(NULL, &err);
	config = config_load(&choice, &err);
	ok(config && str_is(config->profile.value, "a") &&
	   config->is_profile_chosen &&
	   str_is(config->region.value, "eu-west-3") &&
	   str_is(config->endpoint[CONFIG_S3].value, "http://a"),
	   "a chosen profile has its own region and endpoint");
	ok(config && other &&
	   !config_endpoint_is_same(config, other, CONFIG_S3) &&
	   config_endpoint_is_same(other, other, CONFIG_S3),
	   "which is another store");
	config_free(config);
	choice = (struct config_choice){ "http://c//", "b", "eu-west-2" };
	config = config_load(&choice, &err);
	ok(config && str_is(config->region.value, "eu-west-2") &&
	   str_is(config->endpoint[CONFIG_S3].value, "http://c"),
	   "endpoint and region are what was chosen");
	config_free(config);
	choice = (struct config_choice){ "aws", "b", NULL };
	config = config_load(&choice, &err);
	ok(config && str_is(config->region.value, "us-east-1") &&
	   !config_endpoint_is_custom(config, CONFIG_S3) && other &&
	   !config_endpoint_is_same(config, other, CONFIG_S3) &&
	   !config_endpoint_is_same(other, config, CONFIG_S3),
	   "\"aws\" is no custom endpoint");
	config_free(config);
	choice = (struct config_choice){ .profile = "c" };
	ok(!config_load(&choice, &err) && err_is(&err, "ProfileNotFound"),
	   "a chosen profile has to exist");
	choice = (struct config_choice){ .s3_endpoint = "c" };
	ok(!config_load(&choice, &err) && err_is(&err, "InvalidConfig"),
	   "a chosen endpoint has to be a URL");
	config_free(other);
}

static void check_open_file(void)
{
	struct config *config;
	struct err err;
	char path[256];

	set_all(NOTHING);
	put_file("config", "[default]\n");
	snprintf(path, sizeof(path), "%s/.aws/config", home);
	chmod(path, 0666);
	config = config_load(NULL, &err);
	ok(config && config->file_open[INI_CONFIG] &&
	   !config->file_open[INI_CREDENTIALS] && config->warnings[0] &&
	   strstr(config->warnings[0], "others can write"),
	   "a file that others can write is warned about");
	config_free(config);
	unlink(path);
	mkdir(path, 0700);
	config = config_load(NULL, &err);
	ok(config && config->warnings[0] &&
	   strstr(config->warnings[0], "cannot be read"),
	   "a file that cannot be read is warned about");
	config_free(config);
	rmdir(path);
}

static void check_follow(void)
{
	static const char here[] = "https://in.s3.us-east-1.amazonaws.com/k";
	static const struct {
		const char *endpoint, *from, *to;
		bool may;
	} cases[] = {
		{ NULL, here, "https://in.s3.eu-west-1.amazonaws.com/k", true },
		{ NULL, here, "https://in.s3-eu-west-1.amazonaws.com/k", true },
		{ NULL, here, "https://in.S3.eu-west-1.AmazonAWS.com/k", true },
		{ NULL, "https://in.s3.cn-north-1.amazonaws.com.cn/k",
		  "https://in.s3.cn-northwest-1.amazonaws.com.cn/k", true },
		{ NULL, here, "https://in.s3.cn-north-1.amazonaws.com.cn/k",
		  false },
		{ NULL, "https://in.s3.cn-north-1.amazonaws.com.cn/k", here,
		  false },
		{ NULL, here, "http://in.s3.eu-west-1.amazonaws.com/k", false },
		{ NULL, here, "https://in.s3.eu-west-1.amazonaws.com:8443/k",
		  false },
		{ NULL, here, "https://x.execute-api.us-east-1.amazonaws.com/k",
		  false },
		{ NULL, here, "https://s3-mine-12.us-east-1.elb.amazonaws.com/k",
		  false },
		{ NULL, here, "https://s3.mine.eu-west-1.amazonaws.com/k", false },
		{ NULL, here, "https://s3.evilamazonaws.com/k", false },
		{ NULL, here, "https://s3.amazonaws.com/in/k", true },
		{ NULL, here, "https://s3-eu-west-1.amazonaws.com/in/k", true },
		{ NULL, here, "https://in.s3.dualstack.eu-west-1.amazonaws.com/k",
		  true },
		{ NULL, here, "https://in.s3-fips.us-gov-west-1.amazonaws.com/k",
		  true },
		{ NULL, here, "https://in.s3-fips.dualstack.us-east-2."
		  "amazonaws.com/k", true },
		{ NULL, here, "https://in--use1-az4--x-s3.s3express-use1-az4."
		  "us-east-1.amazonaws.com/k", true },
		{ NULL, here, "https://p-1.s3-accesspoint.us-east-1."
		  "amazonaws.com/k", true },
		{ NULL, here, "https://s3.s3.eu-west-1.amazonaws.com/k", true },
		{ NULL, here, "https://s3.amazonaws.com.evil.example/k", false },
		{ NULL, here, "https://amazonaws.com/k", false },
		{ NULL, here, "http://169.254.169.254/latest", false },
		{ NULL, here, "https://evil.example/in.s3.amazonaws.com", false },
		{ NULL, here, "https://s3.amazonaws.com@evil.example/k", false },
		{ "http://store:9000", "http://store:9000/in/k",
		  "http://store:9000/in/other", true },
		{ "http://store", "http://store/in/k", "http://Store:80/in/k",
		  true },
		{ "http://store:9000", "http://store:9000/in/k",
		  "http://store:9001/in/k", false },
		{ "http://store:9000", "http://store:9000/in/k", here, false },
		{ "https://store", "https://store/in/k", "http://store/in/k",
		  false },
		{ "http://store:9000", "http://store:9000/in/k",
		  "http://169.254.169.254/latest", false },
		{ "http://store:9000", "http://store:9000/in/k", "/in/k", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config *config;
		struct err err;

		set_all(NOTHING);
		if (cases[i].endpoint)
			setenv("AWS_ENDPOINT_URL_S3", cases[i].endpoint, 1);
		config = config_load(NULL, &err);
		ok(config && config_endpoint_may_follow(config,
				str_of(cases[i].from), str_of(cases[i].to)) ==
				cases[i].may,
		   "%s is %sfollowed", cases[i].to, cases[i].may ? "" : "not ");
		config_free(config);
	}
}

int main(void)
{
	char path[256];

	if (!mkdtemp(home))
		return 1;
	for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++)
		check_region(i);
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		check_url(i);
	check_rest();
	check_follow();
	check_choice();
	check_open_file();
	snprintf(path, sizeof(path), "%s/.aws", home);
	rmdir(path);
	rmdir(home);
	return done();
}
