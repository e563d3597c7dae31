/* SPDX-License-Identifier: Apache-2.0 */
#include "place/server.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "http/http_head.h"

enum { ARENA_MAX = 1 << 20 };

static const struct str probe_body = { "s3ev\n", 5 };

void server_init(struct server *server, const struct aws *aws)
{
	arena_init(&server->arena, ARENA_MAX);
	server->last_waiting = &server->waiting;
	server->keeps = config_endpoint_is_custom(aws_config(aws), CONFIG_S3) ?
			SERVER_UNKNOWN : SERVER_KEEPS_ALL;
}

void server_free(struct server *server)
{
	aws_call_free(&server->call.aws);
	arena_free(&server->arena);
}

static struct s3_call *begin(struct server *server, void (*done)(void *arg))
{
	return s3_begin(&server->work, &server->call, done, server);
}

static void tell(struct server *server)
{
	struct server_wait *wait = server->waiting;

	server->probing = false;
	server->waiting = NULL;
	server->last_waiting = &server->waiting;
	while (wait) {
		struct server_wait *next = wait->next;

		wait->told(wait->arg);
		wait = next;
	}
}

static struct s3_object probe_of(const struct server *server)
{
	return (struct s3_object){ .bucket = server->bucket,
				   .key = STR(SERVER_PROBE_KEY) };
}

/* Removing */

static void remove_probe(struct server *server);

/* That it cannot be removed is no reason not to work: it is five bytes. */
static void on_removed(void *arg)
{
	struct server *server = arg;

	s3_end(&server->call);
	server->n_removed++;
	remove_probe(server);
}

static void remove_probe(struct server *server)
{
	struct s3_object probe = probe_of(server);
	struct s3_call *call;

	if (server->n_removed == server->n_written) {
		tell(server);
		return;
	}
	probe.version = server->versions[server->n_removed];
	if (!record_is_version(probe.version))
		server->n_removed = server->n_written - 1;
	call = begin(server, on_removed);
	call->unmodified_since = server->other_at;
	s3_delete(server->work.aws, call, &probe);
}

/*
 * It is somebody else's: of one at work, or of one that was killed.  If another
 * removes it before us, the next one there is of one at work.
 */
static void on_other_seen(void *arg)
{
	struct server *server = arg;
	long long modified = server->call.modified;
	long long now = http_head_date(&server->call.aws.http);
	struct err err = s3_end(&server->call);

	if (!err_is_set(&err) && modified > 0 &&
	    now - modified > SERVER_PROBE_AGE) {
		server->n_written = 1;
		server->other_at = modified;
	}
	remove_probe(server);
}

/* Trying */

static void put_probe(struct server *server);

/*
 * Only S3 itself can say that it knows no conditions.  A proxy's page, a server
 * without time, a bucket that is not there yet and a lost connection say nothing:
 * a process that took them for that would overwrite what others have placed on
 * the server's word.
 */
static void learn_refusal(struct server *server, bool is_s3)
{
	const struct err *err = &server->err;

	if (!is_s3 || err->retry)
		return;
	if (err_is(err, "AccessDenied")) {
		server->is_unproved = true;
		server->keeps = SERVER_KEEPS_PUT;
	} else if (err->status == 501 || err_is(err, "NotImplemented") ||
		   err_is(err, "InvalidArgument") ||
		   err_is(err, "InvalidRequest")) {
		server->keeps = SERVER_KEEPS_NONE;
	}
}

static bool has_versions(const struct server *server)
{
	return server->n_written > 0 &&
	       record_is_version(server->versions[0]);
}

/*
 * What is written over what is there proves that conditions are ignored, but
 * another process may have removed it between.  A version stays.
 */
static bool is_proved(const struct server *server)
{
	return server->n_written == SERVER_PROBES ||
	       (server->n_written > 1 && has_versions(server));
}

static void on_put(void *arg)
{
	struct server *server = arg;
	struct str version = server->call.version;
	bool is_taken = server->call.is_taken, is_s3 = server->call.is_s3;
	struct s3_object probe = probe_of(server);

	server->err = s3_end(&server->call);
	if (!err_is_set(&server->err)) {
		server->versions[server->n_written++] = version;
		if (!is_proved(server)) {
			put_probe(server);
			return;
		}
		server->keeps = SERVER_KEEPS_NONE;
		server->keeps_versions = has_versions(server);
		server->refuses_conditions = server->keeps_versions;
	} else if (is_taken) {
		server->keeps = SERVER_KEEPS_PUT;
	} else {
		learn_refusal(server, is_s3);
	}
	if (is_taken && server->n_written == 0)
		s3_head(server->work.aws, begin(server, on_other_seen), &probe);
	else
		remove_probe(server);
}

static void put_probe(struct server *server)
{
	const struct s3_object probe = probe_of(server);
	const struct s3_content content = { .bytes = probe_body };

	s3_put(server->work.aws, begin(server, on_put), &probe, &content,
	       S3_KEEP);
}

void server_find(struct server *server, const struct s3_work *work,
		 struct str bucket, struct server_wait *wait)
{
	wait->next = NULL;
	*server->last_waiting = wait;
	server->last_waiting = &wait->next;
	if (server->probing)
		return;
	server->probing = true;
	server->work = (struct s3_work){ .aws = work->aws,
					 .options = work->options,
					 .arena = &server->arena };
	server->bucket = bucket;
	arena_reset(&server->arena);
	memset(server->versions, 0, sizeof(server->versions));
	server->n_written = server->n_removed = 0;
	server->other_at = 0;
	put_probe(server);
}

void server_forget(struct server *server, struct server_wait *wait)
{
	struct server_wait **link = &server->waiting;

	while (*link && *link != wait)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = wait->next;
	if (server->last_waiting == &wait->next)
		server->last_waiting = link;
}

void server_say_no_etag(struct server *server)
{
	if (!server->said_no_etag && server->say)
		server->say(server->ctx, "the server gives copies no ETag: "
			    "s3rm will not know them");
	server->said_no_etag = true;
}

bool server_learn_501(struct server *server)
{
	if (server->keeps == SERVER_KEEPS_ALL)
		server->keeps = SERVER_KEEPS_PUT;
	else if (server->keeps == SERVER_KEEPS_PUT)
		server->keeps = SERVER_KEEPS_NONE;
	else if (!server->refuses_conditions)
		server->refuses_conditions = true;
	else if (!server->lacks_copy)
		server->lacks_copy = true;
	else
		return false;
	return true;
}
