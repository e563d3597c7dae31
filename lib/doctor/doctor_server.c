/* SPDX-License-Identifier: Apache-2.0 */
/* What a server that is not AWS's keeps of S3's promises. */
#include "doctor/doctor_server.h"

#include "config/config_endpoint.h"
#include "hash/digest.h"
#include "hash/etag.h"
#include "place/server.h"

static void on_told(void *arg)
{
	struct doctor *doctor = arg;

	doctor->ended = true;
}

static void tell(struct doctor *doctor, const struct server *server)
{
	static const char check[] = "server.conditions";

	switch (server->keeps) {
	case SERVER_KEEPS_ALL:
		doctor_tell(doctor, DOCTOR_OK, check, NULL,
			    "all writes keep their conditions");
		break;
	case SERVER_KEEPS_PUT:
		doctor_tell(doctor, DOCTOR_OK, check, NULL,
			    "PutObject keeps conditions and CopyObject does "
			    "not: copies go through this machine");
		break;
	case SERVER_KEEPS_NONE:
		doctor_tell(doctor, DOCTOR_WARN, check,
			    "run one pipeline at a time, or give each its own "
			    "keys (-t); see s3route(1)",
			    "no write keeps a condition: two pipelines at once "
			    "can overwrite each other's copies");
		break;
	case SERVER_UNKNOWN:
		doctor_tell_error(doctor, DOCTOR_BAD, check,
				  doctor->setup.processed, &server->err, NULL);
		break;
	}
}

static void look_at_conditions(struct doctor *doctor)
{
	struct server server = { .keeps = SERVER_UNKNOWN };
	struct server_wait wait = { .told = on_told, .arg = doctor };
	const struct s3_work work = {
		doctor->store->aws, &doctor->store->s3, NULL, &doctor->arena
	};

	server_init(&server, doctor->store->aws);
	doctor->ended = server.keeps != SERVER_UNKNOWN;
	if (!doctor->ended)
		server_find(&server, &work, str_of(doctor->setup.processed),
			    &wait);
	while (!doctor->ended && loop_turn(doctor->loop) == 0)
		;
	tell(doctor, &server);
	server_free(&server);
}

void doctor_server(struct doctor *doctor)
{
	if (config_endpoint_is_custom(aws_config(doctor->store->aws),
				      CONFIG_S3) &&
	    doctor_is_set(doctor->setup.processed))
		look_at_conditions(doctor);
}

static void look_at_digest(struct doctor *doctor,
			   const struct s3_object *object, struct str content)
{
	if (!etag_is_md5(object->etag) ||
	    digest_md5_is(content.p, content.n, object->etag) ||
	    doctor->store->s3.etag_is_no_md5)
		return;
	doctor_tell(doctor, DOCTOR_BAD, "server.etag",
		    "put --no-etag-md5 into FETCH_OPTIONS, CHECKS and "
		    "ROUTE_OPTIONS",
		    "its ETags look like MD5 sums and are none");
}

void doctor_etag(struct doctor *doctor, const struct s3_object *object,
		 struct str content)
{
	struct s3_object pinned = *object;
	struct err err;

	look_at_digest(doctor, object, content);
	pinned.version = STR_NONE;
	s3_head(doctor->store->aws, doctor_ask(doctor), &pinned);
	err = doctor_answer(doctor);
	if (err.status == 412)
		doctor_tell(doctor, DOCTOR_WARN, "server.if-match", NULL,
			    "it refuses its own ETags: the first record of each "
			    "run fails, the others are looked at first");
}
