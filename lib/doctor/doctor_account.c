/* SPDX-License-Identifier: Apache-2.0 */
/* Whose keys they are, and whether they are taken. */
#include "doctor/doctor_account.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config_endpoint.h"
#include "format/xml.h"
#include "http/http_head.h"

/* Seconds that AWS's tools put up with, and that its services do. */
enum { CLOCK_WARN = 240, CLOCK_BAD = 900 };

struct identity {
	struct str account, arn, code, message;
};

#define RESULT "GetCallerIdentityResponse/GetCallerIdentityResult/"

static const struct xml_field fields[] = {
	{ RESULT "Account", offsetof(struct identity, account) },
	{ RESULT "Arn", offsetof(struct identity, arn) },
	{ "ErrorResponse/Error/Code", offsetof(struct identity, code) },
	{ "ErrorResponse/Error/Message", offsetof(struct identity, message) },
};

static void read_identity(const struct aws_call *call,
			  struct identity *identity)
{
	struct err ignored;

	if (xml_pick(buf_str(&call->http.body_in), fields,
		     sizeof(fields) / sizeof(*fields), call->arena, identity,
		     NULL, &ignored) < 0)
		*identity = (struct identity){ .account = STR_NONE };
}

static int judge(struct aws_call *call, struct err *err)
{
	struct identity identity;

	if (call->http.status / 100 == 2)
		return 0;
	read_identity(call, &identity);
	err_set(err, "", "%.*s", STR_FMT(identity.message));
	(void)snprintf(err->code, sizeof(err->code), "%.*s",
		       STR_FMT(identity.code.n > 0 ? identity.code :
						     STR("UnexpectedAnswer")));
	err->status = call->http.status;
	return -1;
}

static int address(struct doctor *doctor, struct aws_call *call,
		   struct err *err)
{
	const struct config *config = aws_config(doctor->store->aws);
	struct buf url;
	int status;

	buf_init(&url, CONFIG_URL_MAX);
	status = config_endpoint(config, CONFIG_STS, STR_NONE, &url, err);
	buf_putc(&url, '/');
	call->url = arena_take(&doctor->arena, &url).p;
	if (status == 0 && !call->url)
		status = err_memory(err);
	return status;
}

static struct err ask(struct doctor *doctor)
{
	struct aws_call *call = &doctor_ask(doctor)->aws;
	struct err err;

	call->service = CONFIG_STS;
	call->sign_service = "sts";
	call->region = config_endpoint_sign_region(
			aws_config(doctor->store->aws)->region.value);
	call->method = "POST";
	call->body = STR("Action=GetCallerIdentity&Version=2011-06-15");
	call->judge = judge;
	aws_call_header(call, "content-type",
			STR("application/x-www-form-urlencoded"));
	if (address(doctor, call, &err) < 0)
		aws_fail(doctor->store->aws, call, &err);
	else
		aws_start(doctor->store->aws, call);
	return doctor_answer(doctor);
}

/* The clock */

static const char clock_mend[] = "set the clock of this machine";

/* off is what must be added to our clock, in seconds. */
static void tell_clock(struct doctor *doctor, enum doctor_level level,
		       long long off, const char *so)
{
	doctor->store->knows_clock = true;
	doctor_tell(doctor, level, "account.clock", clock_mend,
		    "it is %lld seconds %s that of the server%s", llabs(off),
		    off > 0 ? "behind" : "ahead of", so);
}

void doctor_account_clock(struct doctor *doctor,
			  const struct http_request *http)
{
	long long off;

	if (doctor->store->knows_clock || !http_head_clock(http, &off))
		return;
	if (llabs(off) > CLOCK_WARN)
		tell_clock(doctor, DOCTOR_WARN, off, "");
	else
		doctor_tell(doctor, DOCTOR_OK, "account.clock", NULL,
			    "it agrees with that of the server");
	doctor->store->knows_clock = true;
}

/* The keys */

static const char unknown_key[] =
	"there is no such key on this server; s3ev-env says where it is set";
static const char wrong_secret[] =
	"correct the secret access key; s3ev-env says where it is set";
static const char expired[] =
	"get new ones, as with aws sso login; s3ev-env says where these come "
	"from";
static const struct {
	const char *code, *mend;
} refusals[] = {
	{ "InvalidAccessKeyId", unknown_key },
	{ "InvalidClientTokenId", unknown_key },
	{ "UnrecognizedClientException", unknown_key },
	{ "SignatureDoesNotMatch", wrong_secret },
	{ "InvalidSignatureException", wrong_secret },
	{ "ExpiredToken", expired },
	{ "ExpiredTokenException", expired },
	{ "TokenRefreshRequired", expired },
	{ "InvalidToken", "set AWS_SESSION_TOKEN to that of the key, or to "
			  "nothing" },
	{ "NoCredentials", "see s3ev-env" },
	{ "RequestTimeTooSkewed", clock_mend },
	{ "RequestExpired", clock_mend },
	{ "RequestInTheFuture", clock_mend },
};

/* What to do about it, or NULL if it is not about the keys. */
static const char *mend_for(const struct err *err)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (err_is(err, refusals[i].code))
			return refusals[i].mend;
	return NULL;
}

/* With a wrong clock every signature is wrong, whatever code says so. */
bool doctor_account_is_refused(struct doctor *doctor, const char *service,
			       const struct err *err,
			       const struct http_request *http)
{
	const char *mend = mend_for(err);
	long long off;

	if (!mend)
		return false;
	doctor->store->has_no_keys = true;
	if (http_head_clock(http, &off) && llabs(off) > CLOCK_BAD)
		tell_clock(doctor, DOCTOR_BAD, off,
			   doctor_text(doctor, ", so %s takes no signature: %s",
				       service, err->code));
	else
		doctor_tell(doctor, DOCTOR_BAD, "account.keys", mend,
			    "%s: %s: %s", service, err->code, err->message);
	return true;
}

/* The account */

/* Another S3 has accounts of its own, which STS of AWS does not know. */
static bool is_elsewhere(const struct config *config)
{
	return config_endpoint_is_custom(config, CONFIG_S3) &&
	       !config_endpoint_is_custom(config, CONFIG_STS);
}

int doctor_account(struct doctor *doctor)
{
	struct identity identity;
	struct err err;

	if (is_elsewhere(aws_config(doctor->store->aws))) {
		doctor_tell(doctor, DOCTOR_SKIP, "account.identity", NULL,
			    "the endpoint of S3 is not AWS's, so AWS is not "
			    "asked whose keys these are");
		return 0;
	}
	err = ask(doctor);
	if (doctor_account_is_refused(doctor, "STS", &err,
				      &doctor->call.aws.http))
		return -1;
	if (err_is_set(&err)) {
		doctor_tell(doctor, DOCTOR_SKIP, "account.identity", NULL,
			    "STS, which the pipeline does not need: %s: %s",
			    err.code, err.message);
		return 0;
	}
	doctor_account_clock(doctor, &doctor->call.aws.http);
	read_identity(&doctor->call.aws, &identity);
	doctor_tell(doctor, DOCTOR_OK, "account.identity", NULL,
		    "%.*s, account %.*s", STR_FMT(identity.arn),
		    STR_FMT(identity.account));
	return 0;
}
