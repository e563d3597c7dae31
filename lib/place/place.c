/* SPDX-License-Identifier: Apache-2.0 */
#include "place/place.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "hash/etag.h"
#include "place/eldest.h"
#include "record/dest_key.h"
#include "s3/s3_part.h"

/* Which of n names it is, or -1. */
static int find_name(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -1;
}

int place_policy(const char *name, enum place_policy *policy)
{
	static const char *const names[] = {
		[PLACE_KEEP_BOTH] = "keep-both", [PLACE_FAIL] = "fail",
		[PLACE_REPLACE] = "replace",
	};
	int found = find_name(name, names, sizeof(names) / sizeof(*names));

	if (found < 0)
		return -1;
	*policy = (enum place_policy)found;
	return 0;
}

int place_copy(const char *name, enum place_copy *copy)
{
	static const char *const names[] = {
		[PLACE_COPY_AUTO] = "auto", [PLACE_COPY_SERVER] = "server",
		[PLACE_COPY_THROUGH] = "through",
	};
	int found = find_name(name, names, sizeof(names) / sizeof(*names));

	if (found < 0)
		return -1;
	*copy = (enum place_copy)found;
	return 0;
}

static bool has_output(const struct place *p)
{
	return derived_exists(p->work.record);
}

static struct s3_object source_of(const struct place *p)
{
	const struct record *r = p->work.record;

	struct s3_object source = s3_object_of(r);

	source.etag = p->source_etag;
	return source;
}

static struct s3_object target_of(const struct place *p)
{
	return (struct s3_object){ .bucket = p->bucket, .key = p->key };
}

static void step(struct place *p);

static void go(struct place *p, enum place_state state)
{
	p->state = state;
	step(p);
}

static void end(struct place *p, enum record_outcome outcome)
{
	p->outcome = outcome;
	go(p, PLACE_END);
}

static void fail(struct place *p, const struct err *err)
{
	p->err = *err;
	end(p, RECORD_FAILED);
}

static void end_gone(struct place *p, struct str now, const char *how)
{
	err_set(&p->err, "PreconditionFailed", "%s", how);
	p->now = now;
	end(p, RECORD_GONE);
}

/* Is what the last call saw what we are to place? */

/* The source's checksum may still tell what ETags do not. */
static bool may_ask_source(const struct place *p)
{
	return !p->seen_source && p->call.checksum != CHECKSUM_NONE;
}

static bool same_checksum(const struct place *p)
{
	return p->source_checksum != CHECKSUM_NONE &&
	       p->source_checksum == p->call.checksum &&
	       str_eq(p->source_checksum_value, p->call.checksum_value);
}

/*
 * A checksum over the whole that is another proves that the content is, although
 * two objects can be made that have one MD5.
 */
static bool has_other_checksum(const struct place *p)
{
	return (p->source_checksum != CHECKSUM_NONE &&
		p->source_checksum == p->call.checksum &&
		!str_eq(p->source_checksum_value, p->call.checksum_value)) ||
	       s3_has_other_checksum(&p->call, &p->work.record->read);
}

/*
 * An ETag that is an MD5 proves that an object of one with another MD5 is
 * another; what was made of parts, and what is encrypted, has none.
 */
static bool has_other_md5(const struct place *p)
{
	return p->call.etag_is_md5 && etag_is_md5(p->source_etag);
}

static bool same_size(const struct place *p)
{
	return !p->knows_size || !p->call.has_size || p->size == p->call.size;
}

/* Is the second name made of what nobody can know before the event comes? */
static bool has_own_name(const struct place *p)
{
	const struct record *r = p->work.record;

	return record_is_version(r->version) || r->sequencer.n > 0;
}

/* Where nothing can be compared, the second name says it. */
static bool is_second_of_ours(const struct place *p)
{
	return p->is_second && p->call.etag.n > 0 && !has_other_md5(p) &&
	       has_own_name(p);
}

/*
 * The record's id in the metadata.  Where all copies go through us, or were made
 * by us in parts, only we can have written it; where the server copies, whoever
 * uploaded the object.
 */
static bool has_our_id(const struct place *p)
{
	return p->call.etag.n > 0 && !has_other_md5(p) &&
	       str_eq(p->call.record_id, p->work.record->id);
}

/* Where two servers are involved, neither can copy. */
static bool has_two_servers(const struct place *p)
{
	return p->work.aws != p->to_work.aws;
}

static bool trusts_ids(const struct place *p)
{
	return p->dry || has_two_servers(p) ||
	       ((p->server->keeps == SERVER_KEEPS_PUT ||
		 p->server->keeps_versions) &&
		p->copy != PLACE_COPY_SERVER);
}

/* The upload that we have just completed, where the answer did not say so. */
static bool is_our_upload(const struct place *p)
{
	const char *mark = transfer_mark(&p->transfer);

	return mark[0] != '\0' && str_is(p->call.upload_mark, mark);
}

/*
 * 1, 0, or -1 with err.  A claim is not the copy of an empty object, although it
 * has its size and its ETag: what claims the key is about to take its place.
 */
static int is_same(const struct place *p, struct err *err)
{
	if (is_our_upload(p))
		return 1;
	if (multipart_is_claim(&p->call))
		return 0;
	if (has_output(p))
		return derived_is(&p->output, &p->call, err);
	return same_size(p) && !has_other_checksum(p) &&
	       (etag_same(p->source_etag, p->call.etag) || same_checksum(p) ||
		is_second_of_ours(p) || (trusts_ids(p) && has_our_id(p)));
}

static bool may_be_same(const struct place *p)
{
	return !has_output(p) && same_size(p) && may_ask_source(p) &&
	       !multipart_is_claim(&p->call);
}

/* Something else is there: take another name, or the place, or neither. */

static void take_second_name(struct place *p)
{
	struct err err;

	p->key = dest_key_second_in(p->key, p->work.record, p->work.arena);
	p->is_second = true;
	if (p->key.p) {
		go(p, p->looks ? PLACE_TARGET : PLACE_WRITE);
	} else {
		err_memory(&err);
		fail(p, &err);
	}
}

/* What is there is ours, of this version, and is to be replaced. */
static bool is_of_before(const struct place *p)
{
	const struct s3_object *ours = &p->ours;

	return ours->key.p && str_eq(ours->bucket, p->bucket) &&
	       str_eq(ours->key, p->key) &&
	       etag_same(ours->etag, p->call.etag) &&
	       (!record_is_version(ours->version) ||
		str_eq(ours->version, p->call.version));
}

/*
 * The ETag of what is there is known before the source is looked at, and is a
 * condition of the write: whoever has placed a successor meanwhile wins.  The
 * copy of what has no version is pinned itself.  A claim is not replaced, because
 * whoever has made it completes its copy without a condition.
 */
static void replace(struct place *p)
{
	struct err err;

	if (multipart_is_claim(&p->call) && p->server->keeps != SERVER_KEEPS_ALL) {
		err_set(&err, "Collision", "%.*s/%.*s is claimed for another "
			"copy, which is being made or was interrupted",
			STR_FMT(p->bucket), STR_FMT(p->key));
		err.retry = true;
		fail(p, &err);
		return;
	}
	p->replaces = p->call.etag;
	go(p, !is_of_before(p) && (p->work.record->version.p || has_output(p)) ?
	   PLACE_CURRENT : PLACE_PROBE);
}

static void collide(struct place *p)
{
	struct err err;

	if (p->policy == PLACE_REPLACE || is_of_before(p)) {
		replace(p);
	} else if (p->policy == PLACE_KEEP_BOTH && !p->is_second) {
		take_second_name(p);
	} else {
		err_set(&err, p->is_second ? "Collision" : "DestinationExists",
			"%.*s/%.*s%s", STR_FMT(p->bucket), STR_FMT(p->key),
			p->is_second ? " and its second name are both taken" :
				       " is taken by something else");
		fail(p, &err);
	}
}

/* What each answer leads to */

static void keep_source(struct place *p)
{
	if (p->call.etag.n > 0)
		p->source_etag = p->call.etag;
	if (p->call.has_size)
		p->size = p->call.size;
	p->knows_size = p->knows_size || p->call.has_size;
	p->source_checksum = p->call.checksum;
	p->source_checksum_value = p->call.checksum_value;
}

/* A 404 of a HEAD may be the bucket's, too; CopyObject says which. */
static void seen_source(struct place *p, const struct err *err)
{
	p->missed_source = s3_may_be_gone(err);
	if (p->missed_source) {
		go(p, p->looks ? PLACE_TARGET : PLACE_LOOK);
	} else if (err_is_set(err)) {
		fail(p, err);
	} else {
		p->seen_source = true;
		keep_source(p);
		go(p, p->looks || p->looks_again ? PLACE_TARGET : PLACE_WRITE);
	}
}

static bool has_our_claim(const struct place *p)
{
	return multipart_is_claim(&p->call) &&
	       str_eq(p->call.claim_id, p->work.record->id);
}

/*
 * What a killed process has left on its way here is no object yet.  A copy that
 * the server made may have its metadata from anybody.
 */
static bool is_our_claim(const struct place *p)
{
	return has_our_claim(p) && trusts_ids(p);
}

/* May it be ours, or may others overwrite it?  The server decides. */
static bool depends_on_server(const struct place *p, bool same)
{
	return p->server->keeps == SERVER_UNKNOWN && !p->dry &&
	       (same || (same_size(p) && has_our_id(p)) || has_our_claim(p));
}

/*
 * Do the bytes go through us?  RGW says which version it has made when it is put,
 * but not when it is copied.
 */
static bool goes_through(const struct place *p)
{
	bool pins_parts = record_is_version(p->work.record->version) &&
			  p->size > PIECE_SIZE;

	if (p->copy == PLACE_COPY_THROUGH || p->server->lacks_copy ||
	    p->server->refuses_source || has_two_servers(p))
		return true;
	if (p->copy != PLACE_COPY_AUTO)
		return false;
	return p->server->keeps_versions ||
	       (p->server->keeps == SERVER_KEEPS_PUT && !pins_parts);
}

/*
 * May others overwrite the copy, or we theirs?  One that was there already was
 * made as we would make it.  In parts the key is claimed before.  A version that
 * is known stays, and who has put another on it takes that away again, but not
 * where the server copies and tells no version, or where nobody knows that there
 * are versions, because the probe was answered with 501 (Swift).
 */
static bool is_unguarded(const struct place *p, struct str version)
{
	const struct server *server = p->server;
	bool copies = p->copy == PLACE_COPY_SERVER && !has_output(p) &&
		      !goes_through(p);

	if (server->keeps == SERVER_KEEPS_ALL || p->dry)
		return false;
	if (copies)
		return true;
	if (record_is_version(version) && (server->keeps_versions ||
					   server->keeps == SERVER_KEEPS_PUT))
		return false;
	return server->keeps != SERVER_KEEPS_PUT || server->is_unproved;
}

/* The source was not there, or somebody has refused what the target has not. */
static bool has_to_look(const struct place *p, bool is_free)
{
	return p->missed_source ||
	       (is_free && p->refused > 0 && !has_output(p));
}

/* Did a process write it for this record, which was killed then, or is at it? */
static bool wrote_before(const struct place *p, bool is_same_content)
{
	return p->copy != PLACE_COPY_SERVER &&
	       str_eq(p->call.record_id, p->work.record->id) &&
	       (is_same_content || (!has_output(p) && !has_other_md5(p)));
}

/* What is there may be about to go again, where versions are all that is kept. */
static bool asks_for_eldest(const struct place *p)
{
	return !p->dry && p->policy != PLACE_REPLACE && !is_of_before(p) &&
	       record_is_version(p->call.version) &&
	       (p->server->keeps_versions ||
		p->server->keeps == SERVER_UNKNOWN);
}

static void seen_target(struct place *p, struct err *err)
{
	bool is_free = s3_may_be_gone(err) ||
		       (!err_is_set(err) && is_our_claim(p));
	int same = 0;

	p->replaces = STR_NONE;
	if (!is_free)
		same = err_is_set(err) ? -1 : is_same(p, err);
	if (same >= 0 && !is_free && asks_for_eldest(p)) {
		p->seen_version = p->call.version;
		p->seen_same = same > 0;
		p->seen_our_id = wrote_before(p, same > 0);
		p->after_probe = PLACE_TARGET;
		go(p, p->server->keeps == SERVER_UNKNOWN ? PLACE_PROBE :
							   PLACE_ELDEST);
	} else if (same == 0 && has_to_look(p, is_free)) {
		go(p, PLACE_LOOK);
	} else if (is_free) {
		go(p, PLACE_PROBE);
	} else if (same < 0) {
		fail(p, err);
	} else if (depends_on_server(p, same)) {
		p->after_probe = PLACE_TARGET;
		go(p, PLACE_PROBE);
	} else if (same) {
		p->already = true;
		p->is_unguarded = is_unguarded(p, p->call.version);
		p->etag = p->call.etag;
		p->version = p->call.version;
		end(p, RECORD_GOOD);
	} else if (may_be_same(p)) {
		p->looks_again = true;
		go(p, PLACE_SOURCE);
	} else {
		collide(p);
	}
}

/* Does the answer show anything that we know of the source, too? */
static bool can_compare(const struct place *p)
{
	struct str announced = p->work.record->version;

	return (!announced.p && !p->source_etag.p) ||
	       (announced.p && p->call.version.p) ||
	       (p->source_etag.p && p->call.etag.n > 0);
}

/* Where the answer names no version, the ETag has to do. */
static bool is_current(const struct place *p)
{
	return !etag_differs(p->work.record->version, p->call.version) &&
	       (!p->source_etag.p || etag_same(p->source_etag, p->call.etag));
}

/*
 * What has overwritten the source has an event of its own, and this version
 * must not take the place of that one.
 */
static void seen_current(struct place *p, const struct err *err, bool is_absent)
{
	const char *how = "overwritten since, so it replaces nothing";
	struct err odd;

	if (is_absent) {
		end_gone(p, STR("deleted"), how);
	} else if (err_is_set(err)) {
		fail(p, err);
	} else if (!can_compare(p)) {
		err_set(&odd, "OddServer", "the server shows neither ETag nor version");
		odd.retry = true;
		fail(p, &odd);
	} else if (!is_current(p)) {
		end_gone(p, p->call.etag, how);
	} else {
		go(p, PLACE_PROBE);
	}
}

static void yielded(struct place *p);

static void on_answer(void *arg)
{
	struct place *p = arg;
	bool is_absent = s3_is_absent(&p->call);
	struct err err = p->call.aws.err;

	if (!err_is_set(&err) &&
	    (p->state == PLACE_SOURCE || p->state == PLACE_CURRENT))
		s3_prove_answer(&p->call, p->source_etag, &err);
	s3_end(&p->call);
	switch (p->state) {
	case PLACE_SOURCE:
		seen_source(p, &err);
		break;
	case PLACE_TARGET:
		seen_target(p, &err);
		break;
	case PLACE_CURRENT:
		seen_current(p, &err, is_absent);
		break;
	case PLACE_YIELD:
		if (err_is_set(&err))
			fail(p, &err);
		else
			yielded(p);
		break;
	case PLACE_CLAIM:
	case PLACE_PROBE:
	case PLACE_WRITE:
	case PLACE_LOOK:
	case PLACE_ELDEST:
	case PLACE_END:
		fail(p, &err);
		break;
	}
}

/* A refusal, looked into */

static struct s3_quirks *quirks_of(const struct place *p)
{
	return p->work.options ? p->work.options->quirks : NULL;
}

/* The time may be it that is refused: then the ETag is what to go by. */
static bool gives_up_time(struct place *p)
{
	struct s3_object source = source_of(p);

	if (!quirks_of(p) ||
	    !s3_has_time_condition(p->to_work.aws, p->to_work.options,
				   &source))
		return false;
	quirks_of(p)->refuses_modified = true;
	return true;
}

/*
 * The condition was that the source has the ETag that it has.  The first record
 * that meets this fails, and says so; those after it are copied another way.
 */
static void fail_odd(struct place *p)
{
	p->server->refuses_source = true;
	if (p->transfer.through && quirks_of(p))
		quirks_of(p)->refuses_etag = true;
	fail(p, &p->look.err);
}

static void on_looked(void *arg)
{
	struct place *p = arg;

	switch (p->look.sight) {
	case S3_SIGHT_GONE:
	case S3_SIGHT_OTHER:
		p->err = p->look.err;
		p->now = p->look.now;
		end(p, RECORD_GONE);
		break;
	case S3_SIGHT_UNKNOWN:
		fail(p, &p->look.err);
		break;
	case S3_SIGHT_SAME:
		if (p->replaces.p)
			go(p, PLACE_TARGET);
		else if ((p->odd++ == 0 && p->refused > 0) || gives_up_time(p))
			go(p, PLACE_WRITE);
		else
			fail_odd(p);
		break;
	}
}

static void look(struct place *p)
{
	p->look = (struct s3_look){ .work = p->work, .etag = p->source_etag,
				    .read = p->work.record->read,
				    .done = on_looked, .arg = p };
	s3_look_start(&p->look);
}

/* The write */

static void was_taken(struct place *p, struct err *err)
{
	if (p->refused++ < PLACE_REFUSED_MAX) {
		go(p, PLACE_TARGET);
		return;
	}
	if (p->replaces.p)
		err->retry = true;
	fail(p, err);
}

/*
 * The object is missing, or its bucket, or what was to be replaced.  That an
 * output could not be put says nothing about the source.  The copy may have been
 * made before the source went, so who has not looked at it yet does.
 */
static void was_missing(struct place *p, struct err *err)
{
	if (p->replaces.p && p->refused++ >= PLACE_REFUSED_MAX) {
		err->retry = true;
		fail(p, err);
	} else if (p->replaces.p && has_output(p)) {
		go(p, PLACE_TARGET);
	} else if (has_output(p)) {
		fail(p, err);
	} else if (!p->looks && !p->replaces.p) {
		p->missed_source = true;
		go(p, PLACE_TARGET);
	} else {
		go(p, PLACE_LOOK);
	}
}

static bool is_501(const struct err *err)
{
	return err_is(err, "NotImplemented") ||
	       (err->status == 501 && !err->retry);
}

static void was_written(struct place *p)
{
	p->etag = p->transfer.etag;
	p->version = p->transfer.version;
	p->is_unguarded = is_unguarded(p, p->version);
	if (p->etag.n == 0)
		server_say_no_etag(p->server);
	if (p->server->keeps_versions && record_is_version(p->version) &&
	    p->policy != PLACE_REPLACE && !p->replaces.p) {
		p->wrote = true;
		go(p, PLACE_ELDEST);
	} else {
		end(p, RECORD_GOOD);
	}
}

/* Is the eldest version what we are to place? */
static bool is_ours(const struct place *p)
{
	const struct eldest *eldest = &p->eldest;

	if (str_eq(eldest->version, p->seen_version))
		return p->seen_same;
	return !has_output(p) && etag_same(p->source_etag, eldest->etag);
}

static void end_with_eldest(struct place *p)
{
	p->etag = p->eldest.etag;
	p->version = p->eldest.version;
	p->is_unguarded = is_unguarded(p, p->version);
	end(p, RECORD_GOOD);
}

/*
 * Of those that wrote at the same time the first stays.  Ours is taken away if
 * it is not that one, also if a process wrote it that was killed before it could
 * do so; what we found is believed only if it is.
 */
static void seen_versions(struct place *p)
{
	struct err err = p->call.aws.err;

	if (!err_is_set(&err))
		eldest_find(buf_str(&p->call.aws.http.body_in), p->key,
			    p->work.arena, &p->eldest, &err);
	s3_end(&p->call);
	if (err_is_set(&err)) {
		fail(p, &err);
	} else if (p->wrote && !str_eq(p->eldest.version, p->version)) {
		go(p, PLACE_YIELD);
	} else if (p->wrote) {
		end(p, RECORD_GOOD);
	} else if (p->eldest.version.n == 0) {
		go(p, PLACE_PROBE);
	} else if (is_ours(p)) {
		p->already = true;
		end_with_eldest(p);
	} else if (p->seen_our_id && p->server->keeps_versions &&
		   !str_eq(p->eldest.version, p->seen_version)) {
		p->version = p->seen_version;
		go(p, PLACE_YIELD);
	} else if (p->missed_source) {
		go(p, PLACE_LOOK);
	} else {
		collide(p);
	}
}

static void yielded(struct place *p)
{
	p->wrote = false;
	p->seen_version = STR_NONE;
	if (p->eldest.version.n == 0) {
		go(p, PLACE_TARGET);
	} else if (is_ours(p)) {
		p->already = true;
		end_with_eldest(p);
	} else {
		collide(p);
	}
}

static void on_versions(void *arg)
{
	seen_versions(arg);
}

static bool is_on_aws(const struct place *p)
{
	return !config_endpoint_is_custom(aws_config(p->work.aws), CONFIG_S3);
}

static void on_written(void *arg)
{
	struct place *p = arg;
	struct transfer *transfer = &p->transfer;
	struct err err = transfer->err;

	if (!err_is_set(&err)) {
		p->left_annotations = is_on_aws(p) &&
				      transfer_left_annotations(transfer);
		was_written(p);
	} else if (transfer->is_gone) {
		end_gone(p, transfer->now, err.message);
	} else if (transfer->is_taken) {
		was_taken(p, &err);
	} else if (is_501(&err) && server_learn_501(p->server)) {
		p->looks = true;
		go(p, PLACE_TARGET);
	} else if (s3_may_be_gone(&err)) {
		was_missing(p, &err);
	} else {
		fail(p, &err);
	}
}

static enum s3_overwrite overwrite(const struct place *p)
{
	if (p->server->refuses_conditions)
		return S3_UNGUARDED;
	return p->replaces.p ? S3_OVERWRITE : S3_KEEP;
}

static void write_target(struct place *p)
{
	struct s3_object target = target_of(p);
	bool keeps_put = p->server->keeps == SERVER_KEEPS_PUT;

	target.etag = p->replaces;
	p->transfer = (struct transfer){
		.work = p->work, .to_work = p->to_work,
		.output = has_output(p) ? &p->output : NULL,
		.from = source_of(p), .size = p->size, .to = target,
		.overwrite = overwrite(p), .pieces = p->pieces,
		.through = goes_through(p), .claims = keeps_put,
		.in_parts = keeps_put && p->copy != PLACE_COPY_SERVER &&
			    p->size > PIECE_SIZE,
		.doubtful = p->looks, .done = on_written, .arg = p,
	};
	transfer_start(&p->transfer);
}

static void after_probe(void *arg)
{
	struct place *p = arg;
	enum place_state next = p->after_probe;

	p->after_probe = PLACE_WRITE;
	if (p->server->keeps == SERVER_UNKNOWN && !p->dry)
		fail(p, &p->server->err);
	else
		go(p, next);
}

static void step(struct place *p)
{
	struct s3_object source = source_of(p), target = target_of(p);
	struct s3_object current = { .bucket = source.bucket,
				     .key = source.key };

	switch (p->state) {
	case PLACE_CLAIM:
		claim_take(p->claims, &p->claim);
		break;
	case PLACE_SOURCE:
		s3_head(p->work.aws,
			s3_begin(&p->work, &p->call, on_answer, p), &source);
		break;
	case PLACE_TARGET:
		s3_head(p->to_work.aws,
			s3_begin(&p->to_work, &p->call, on_answer, p),
			&target);
		break;
	case PLACE_CURRENT:
		s3_head(p->work.aws,
			s3_begin(&p->work, &p->call, on_answer, p), &current);
		break;
	case PLACE_PROBE:
		p->wait = (struct server_wait){ .told = after_probe, .arg = p };
		if (p->server->keeps == SERVER_UNKNOWN && !p->dry)
			server_find(p->server, &p->to_work, p->bucket,
				    &p->wait);
		else
			after_probe(p);
		break;
	case PLACE_WRITE:
		if (p->dry)
			end(p, RECORD_GOOD);
		else
			write_target(p);
		break;
	case PLACE_LOOK:
		look(p);
		break;
	case PLACE_ELDEST:
		s3_list_object_versions(p->to_work.aws,
			s3_begin(&p->to_work, &p->call, on_versions, p),
			&target);
		break;
	case PLACE_YIELD:
		target.version = p->version;
		s3_delete(p->to_work.aws,
			  s3_begin(&p->to_work, &p->call, on_answer, p),
			  &target);
		break;
	case PLACE_END:
		derived_close(&p->output);
		claim_release(p->claims, &p->claim);
		p->done(p->arg);
		break;
	}
}

/*
 * What the record does not know of its object has to be looked up: without an
 * ETag (one from a list has none) nothing could tell it from what is at the
 * target, and its size says how it is copied.  Sizes in the events of other
 * servers are not always those of the objects.
 */
static bool has_to_see_source(const struct place *p)
{
	return !has_output(p) && (!p->source_etag.p || p->looks ||
				  !p->knows_size);
}

/* Is the record's size AWS's word? */
static bool is_size_known(const struct place *p)
{
	const struct record *r = p->work.record;

	return r->has_size && is_on_aws(p) &&
	       (!r->source.p || str_is(r->source, "aws:s3"));
}

static void on_granted(void *arg)
{
	struct place *p = arg;
	struct err err;

	if (has_output(p) &&
	    derived_open(&p->output, p->work.record, &err) < 0)
		aws_fail(p->work.aws,
			 &s3_begin(&p->work, &p->call, on_answer, p)->aws,
			 &err);
	else if (has_to_see_source(p))
		go(p, PLACE_SOURCE);
	else
		go(p, p->looks ? PLACE_TARGET : PLACE_WRITE);
}

void place_start(struct place *p)
{
	p->looks = p->dry || p->server->keeps != SERVER_KEEPS_ALL;
	p->source_etag = record_etag(p->work.record);
	p->size = p->work.record->size;
	p->knows_size = is_size_known(p);
	p->output.slice.fd = -1;
	p->after_probe = PLACE_WRITE;
	p->claim = (struct claim){ .bucket = p->bucket, .key = p->key,
				   .granted = on_granted, .arg = p };
	go(p, PLACE_CLAIM);
}

void place_cancel(struct place *p)
{
	aws_call_free(&p->call.aws);
	s3_look_cancel(&p->look);
	server_forget(p->server, &p->wait);
	transfer_cancel(&p->transfer);
	derived_close(&p->output);
	claim_release(p->claims, &p->claim);
}
