/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "format/iso.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "hash/digest.h"
#include "hash/etag.h"
#include "record/record_fault.h"
#include "record/sequencer.h"

#define FIELD(path, member) { path, offsetof(struct record, member), false }
#define TEXT(path, member) { path, offsetof(struct record, member), true }

static const struct json_pick_field fields[] = {
	FIELD("mark", mark),
	FIELD("records", mark_records),
	FIELD("error", mark_error),
	FIELD("total", mark_total),
	TEXT("id", id),
	TEXT("event", event),
	TEXT("time", time),
	TEXT("modified", modified),
	TEXT("region", region),
	TEXT("source", source),
	TEXT("bucket", bucket),
	TEXT("key", key),
	TEXT("spelled", spelled),
	TEXT("version", version),
	TEXT("etag", etag),
	FIELD("size", size_text),
	TEXT("sequencer", sequencer),
	FIELD("deadline", deadline_text),
	TEXT("trace", trace),
	FIELD("from.sqs", from_sqs),
	FIELD("from.batch", from_batch),
	TEXT("fetch.path", fetch_path),
	FIELD("fetch.bytes", fetch_bytes),
	FIELD("fetch.md5", fetch_md5),
	TEXT("fetch.read_etag", fetch_etag),
	TEXT("fetch.modified", fetch_modified),
	TEXT("fetch.checksum", fetch_checksum),
	FIELD("check.by", check_by),
	FIELD("check.skipped", check_skipped),
	FIELD("check.took_ms", check_took),
	TEXT("check.read_etag", check_etag),
	TEXT("check.modified", check_modified),
	TEXT("check.checksum", check_checksum),
	TEXT("output.path", output_path),
	FIELD("output.bytes", output_bytes),
	TEXT("output.type", output_type),
	TEXT("route.to", route_to),
	TEXT("route.bucket", route_bucket),
	TEXT("route.key", route_key),
	TEXT("route.etag", route_etag),
	TEXT("route.version", route_version),
	TEXT("route.endpoint", route_endpoint),
	TEXT("route.by", route_by),
	TEXT("route.why", route_why),
	FIELD("route.unguarded", route_unguarded),
	FIELD("route.already", route_already),
	FIELD("route.dry", route_dry),
	FIELD("was", was),
	FIELD("fetch.at", fetch_at),
	FIELD("redo.settled", redo_settled),
	FIELD("redo.decided", redo_decided),
	FIELD("record.status", record_status),
	FIELD("record.dry", record_dry),
	FIELD("bad", bad),
	FIELD("bad.by", bad_by),
	FIELD("bad.reason", bad_reason),
	FIELD("bad.code", bad_code),
	FIELD("bad.line", bad_line),
	FIELD("bad.column", bad_column),
	FIELD("bad.byte", bad_byte),
	FIELD("bad.count", bad_count),
	FIELD("gone", gone),
	FIELD("gone.by", gone_by),
	FIELD("gone.code", gone_code),
	FIELD("gone.message", gone_message),
	FIELD("failed", failed),
	FIELD("failed.by", failed_by),
	FIELD("failed.code", failed_code),
	FIELD("failed.message", failed_message),
	FIELD("failed.retry", failed_retry),
};

struct record_reader {
	struct json_pick *picker;
};

struct record_reader *record_reader_new(void)
{
	struct record_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->picker = json_pick_new(fields,
					 sizeof(fields) / sizeof(*fields));
	if (!reader->picker) {
		free(reader);
		return NULL;
	}
	return reader;
}

void record_reader_free(struct record_reader *reader)
{
	if (!reader)
		return;
	json_pick_free(reader->picker);
	free(reader);
}

/* A user's jq may take an outcome back by setting it to false. */
static void drop_false(struct str *member)
{
	if (str_is(*member, "false"))
		*member = STR_NONE;
}

/* In UTC, or absent if it is none. */
static int tidy_time(struct str *time, struct arena *arena)
{
	char room[ISO_UTC_SIZE];

	*time = iso_utc(*time, room);
	if (time->p != room)
		return 0;
	*time = arena_dup(arena, *time);
	return time->p ? 0 : -1;
}

/* As s3ev-split does it, for records made by hand. */
static int normalize(struct record *r, struct arena *arena)
{
	r->etag = str_trim(etag_bare(r->etag), "\"");
	if (r->etag.n == 0)
		r->etag = STR_NONE;
	if (r->version.n == 0)
		r->version = STR_NONE;
	return tidy_time(&r->time, arena) < 0 ||
	       tidy_time(&r->modified, arena) < 0 ? -1 : 0;
}

/* What was read last, s3check(1)'s word before s3fetch(1)'s. */
static int read_marks(struct record *r, struct err *err)
{
	struct str modified = r->check_modified.p ? r->check_modified :
						    r->fetch_modified;
	time_t seconds;

	if (modified.p && iso_time(modified, &seconds) < 0)
		return err_set(err, ERR_RECORD, "modified is not a time: %.*s",
			       STR_FMT(modified));
	if (modified.p)
		r->read.modified = seconds;
	r->read.checksum = r->check_checksum.p ? r->check_checksum :
						 r->fetch_checksum;
	return 0;
}

/* The id becomes part of file names and keys. */
static bool is_id(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", id.p[i]) ||
		    id.p[i] == '\0')
			return false;
	return id.n <= 2 * RECORD_ID_SIZE;
}

static int check(struct record *r, struct arena *arena, struct err *err)
{
	const char *fault;

	if (!is_id(r->id))
		return err_set(err, ERR_RECORD, "not a valid id");
	if (r->failed.p && !r->bucket.p)
		return 0;
	if (r->bucket.n == 0)
		return err_set(err, ERR_RECORD, "a record without bucket");
	if (r->key.n == 0)
		return err_set(err, ERR_RECORD, "a record without key");
	if (r->size_text.p) {
		if (str_number(r->size_text, &r->size) < 0)
			return err_set(err, ERR_RECORD,
				       "size is not a number of bytes: %.*s",
				       STR_FMT(r->size_text));
		r->has_size = true;
	}
	if (r->deadline_text.p &&
	    str_number(r->deadline_text, &r->deadline) < 0)
		return err_set(err, ERR_RECORD,
			       "deadline is not a number of milliseconds: %.*s",
			       STR_FMT(r->deadline_text));
	if (normalize(r, arena) < 0)
		return err_memory(err);
	if (read_marks(r, err) < 0)
		return -1;
	fault = record_fault(r);
	if (fault)
		return err_set(err, ERR_RECORD, "%s", fault);
	if (r->id.n == 0) {
		char id[RECORD_ID_SIZE + 1];

		record_id(r, id);
		r->id = arena_dup(arena, str_of(id));
		if (!r->id.p)
			return err_memory(err);
	}
	return 0;
}

static void begin(struct record *record, struct str line)
{
	memset(record, 0, sizeof(*record));
	record->line = str_trim_end(line, " \t\r\n");
}

static int read_members(struct record_reader *reader, struct arena *arena,
			struct record *record, struct err *err)
{
	if (json_pick_object(reader->picker, record->line, arena, record,
			     err) < 0) {
		if (err_is(err, ERR_JSON))
			memcpy(err->code, ERR_RECORD, sizeof(ERR_RECORD));
		return -1;
	}
	drop_false(&record->bad);
	drop_false(&record->gone);
	drop_false(&record->failed);
	drop_false(&record->route_dry);
	drop_false(&record->record_dry);
	return 0;
}

int record_read(struct record_reader *reader, struct str line,
		struct arena *arena, struct record *record, struct err *err)
{
	begin(record, line);
	return read_members(reader, arena, record, err);
}

int record_parse(struct record_reader *reader, struct str line,
		 struct arena *arena, struct record *record, struct err *err)
{
	begin(record, line);
	/* yajl accepts other characters as blanks, and overlong UTF-8. */
	if (!str_has_suffix(record->line, STR("}")) ||
	    !str_is_utf8(record->line))
		return err_set(err, ERR_RECORD, "not one line of JSON");
	if (read_members(reader, arena, record, err) < 0)
		return -1;
	return record->mark.p ? 0 : check(record, arena, err);
}

bool record_is_from_ceph(const struct record *record)
{
	return str_is(record->source, "ceph:s3");
}

bool record_is_version(struct str version)
{
	return version.n > 0 && !str_is(version, "null");
}

bool record_is_folder(const struct record *record)
{
	return str_has_suffix(record->key, STR("/")) && record->has_size &&
	       record->size == 0;
}

bool record_is_pinned(const struct record *record)
{
	return record_is_version(record->version) || record->etag.n > 0;
}

bool record_is_described(const struct record *record)
{
	return record_is_pinned(record) || record->has_size;
}

static void put_marks(struct buf *members, const struct record_marks *read)
{
	char time[ISO_SIZE];

	if (read->modified > 0 && iso_write(time, read->modified) == 0)
		json_member(members, "modified", str_of(time));
	json_member(members, "checksum", read->checksum);
}

void record_put_read(struct buf *members, const struct record *record,
		     struct str etag, const struct record_marks *read)
{
	if (etag.n > 0 && !record_is_pinned(record))
		json_member(members, "read_etag", etag);
	if (!record_is_version(record->version))
		put_marks(members, read);
}

struct str record_etag(const struct record *r)
{
	if (record_is_pinned(r))
		return r->etag;
	return r->check_etag.n > 0 ? r->check_etag : r->fetch_etag;
}

enum record_outcome record_outcome(const struct record *record)
{
	if (record->failed.p)
		return RECORD_FAILED;
	if (record->gone.p)
		return RECORD_GONE;
	return record->bad.p ? RECORD_BAD : RECORD_GOOD;
}

bool record_is_skipped(const struct record *record)
{
	return record->check_skipped.p &&
	       record_outcome(record) == RECORD_GOOD;
}

const char *record_outcome_name(enum record_outcome outcome)
{
	static const char *const names[] = {
		[RECORD_GOOD] = "good", [RECORD_BAD] = "bad",
		[RECORD_GONE] = "gone", [RECORD_FAILED] = "failed",
	};

	return names[outcome];
}

/* Short texts are gathered before they are hashed: each call costs time. */
struct gather {
	struct digest_sha256 sha;
	size_t n;
	char bytes[512];
};

/* Hash the gathered bytes if n more do not fit. */
static inline void make_room(struct gather *g, size_t n)
{
	if (n <= sizeof(g->bytes) - g->n)
		return;
	digest_sha256_update(&g->sha, g->bytes, g->n);
	g->n = 0;
}

static inline void gather_byte(struct gather *g, char c)
{
	make_room(g, 1);
	g->bytes[g->n++] = c;
}

static void gather(struct gather *g, struct str s)
{
	make_room(g, s.n);
	if (s.n > sizeof(g->bytes)) {
		digest_sha256_update(&g->sha, s.p, s.n);
	} else if (s.n > 0) {
		memcpy(g->bytes + g->n, s.p, s.n);
		g->n += s.n;
	}
}

static void gather_folded(struct gather *g, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		gather_byte(g, sequencer_fold(s.p[i]));
}

/*
 * Two different objects must never give the same text.  So a NUL ends bucket
 * and key (a bucket's name cannot hold one), and a letter says whether a
 * version id, a sequencer or an ETag follows.
 */
void record_id(const struct record *r, char id[RECORD_ID_SIZE + 1])
{
	static const size_t to_the_second = sizeof("2026-11-23T05:54:00") - 1;
	unsigned char sum[DIGEST_SHA256_SIZE];
	struct gather g;

	digest_sha256_init(&g.sha);
	g.n = 0;
	gather(&g, r->bucket);
	gather_byte(&g, '\0');
	gather(&g, r->key);
	gather_byte(&g, '\0');
	if (record_is_version(r->version)) {
		gather_byte(&g, 'v');
		gather(&g, r->version);
	} else if (r->sequencer.n > 0) {
		gather_byte(&g, 's');
		gather_folded(&g, r->sequencer);
	} else {
		gather_byte(&g, 'e');
		gather(&g, r->etag);
		gather_byte(&g, '\0');
		gather(&g, (struct str){ r->time.p,
					 r->time.n < to_the_second ?
					 r->time.n : to_the_second });
	}
	digest_sha256_update(&g.sha, g.bytes, g.n);
	digest_sha256_final(&g.sha, sum);
	digest_hex(id, sum, RECORD_ID_SIZE / 2);
}

void record_put(struct buf *out, const struct record *record)
{
	json_member(out, "id", record->id);
	json_member(out, "event", record->event);
	json_member(out, "time", record->time);
	json_member(out, "region", record->region);
	json_member(out, "source", record->source);
	json_member(out, "bucket", record->bucket);
	json_member(out, "key", record->key);
	json_member(out, "spelled", record->spelled);
	json_member(out, "version", record->version);
	json_member(out, "etag", record->etag);
	if (record->has_size)
		json_member_number(out, "size", record->size);
	json_member(out, "sequencer", record->sequencer);
}

void record_splice(struct buf *out, const struct record *record,
		   struct str members)
{
	struct str head = { record->line.p, record->line.n - 1 };

	buf_put_str(out, head);
	if (members.n > 0) {
		buf_putc(out, ',');
		buf_put_str(out, members);
	}
	buf_puts(out, "}\n");
}

static void put_place(struct buf *members, const char *name,
		      unsigned long long number)
{
	if (number > 0)
		json_member_number(members, name, number);
}

void record_put_bad(struct buf *members, const char *by,
		    const struct record_bad *bad)
{
	json_member_open(members, "bad");
	json_member(members, "by", str_of(by));
	json_member(members, "code", bad->code);
	json_member(members, "reason", bad->reason);
	put_place(members, "line", bad->line);
	put_place(members, "column", bad->column);
	put_place(members, "byte", bad->byte);
	if (bad->has_count)
		json_member_number(members, "count", bad->count);
	json_member(members, "stderr", bad->stderr_text);
	buf_putc(members, '}');
}

void record_put_gone(struct buf *members, const char *by,
		     const struct err *err, struct str now)
{
	json_member_open(members, "gone");
	json_member(members, "by", str_of(by));
	json_member(members, "code", str_of(err->code));
	json_member(members, "message", str_of(err->message));
	json_member(members, "now", now);
	buf_putc(members, '}');
}

void record_put_failed(struct buf *members, const char *by,
		       const struct err *err)
{
	char words[ERR_WORDS_SIZE];

	err_words(err, words);
	json_member_open(members, "failed");
	json_member(members, "by", str_of(by));
	json_member(members, "code", str_of(err->code));
	json_member(members, "message", str_of(words));
	if (err->request_id[0])
		json_member(members, "request_id", str_of(err->request_id));
	json_member_bool(members, "retry", err->retry);
	buf_putc(members, '}');
}
