/* SPDX-License-Identifier: Apache-2.0 */
#include "place/piece.h"

#include "hash/checksum.h"
#include "hash/digest.h"
#include "http/http_head.h"

static int take(void *arg, const char *bytes, size_t n)
{
	struct piece *piece = arg;

	buf_put(&piece->bytes, bytes, n);
	return piece->bytes.failed ? HTTP_ABORT : HTTP_TAKEN;
}

static int rewind_piece(void *arg)
{
	struct piece *piece = arg;

	buf_reset(&piece->bytes);
	return 0;
}

static bool has_other_md5(const struct piece *piece)
{
	struct str bytes = buf_str(&piece->bytes);

	return !digest_md5_is(bytes.p, bytes.n, piece->call.etag);
}

static bool has_other_checksum(const struct piece *piece)
{
	struct str bytes = buf_str(&piece->bytes);
	char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];
	struct checksum checksum;

	checksum_init(&checksum, piece->call.checksum);
	checksum_update(&checksum, bytes.p, bytes.n);
	checksum_base64(&checksum, text);
	return !str_is(piece->call.checksum_value, text);
}

/* Another range of the same length would be taken for it. */
static bool is_that_part(const struct piece *piece)
{
	struct http_part part;

	return http_head_part(&piece->call.aws.http, &part) == 0 &&
	       part.from == piece->offset;
}

/* Where there is no ETag to pin a range to, nothing tells whose bytes came. */
static int check(const struct piece *piece, struct err *err)
{
	const struct s3_call *call = &piece->call;

	if (piece->bytes.n != piece->size)
		err_set(err, "IncompleteBody", "%zu bytes came, not %llu",
			piece->bytes.n, piece->size);
	else if (piece->is_whole && call->etag_is_md5 && has_other_md5(piece))
		err_set(err, "BadDigest", "the bytes do not have the MD5 %.*s",
			STR_FMT(call->etag));
	else if (piece->is_whole && call->checksum != CHECKSUM_NONE &&
		 has_other_checksum(piece))
		err_set(err, "BadDigest", "the bytes have another %s",
			checksum_name(call->checksum));
	else if (!piece->is_whole && call->aws.http.status != 206)
		err_set(err, "UnexpectedAnswer", "the server knows no ranges");
	else if (!piece->is_whole && !is_that_part(piece))
		err_set(err, "UnexpectedAnswer",
			"another range than asked for");
	else
		return 0;
	err->retry = true;
	return -1;
}

static void on_read(void *arg)
{
	struct piece *piece = arg;

	piece->err = piece->call.aws.err;
	if (!err_is_set(&piece->err))
		check(piece, &piece->err);
	piece->done(piece->arg);
}

static void read_piece(struct piece *piece)
{
	struct s3_call *call = s3_begin(&piece->work, &piece->call, on_read,
					piece);
	struct err err;

	piece->pieces->used++;
	piece->holds = true;
	buf_init(&piece->bytes, piece->size + 1);
	call->aws.sink = take;
	call->aws.rewind = rewind_piece;
	if (!piece->is_whole)
		call->range = str_of(arena_printf(piece->work.arena,
			"bytes=%llu-%llu", piece->offset,
			piece->offset + piece->size - 1));
	if (!piece->is_whole && !call->range.p) {
		err_memory(&err);
		aws_fail(piece->work.aws, &call->aws, &err);
	} else {
		s3_get(piece->work.aws, call, &piece->from);
	}
}

void piece_start(struct piece *piece)
{
	struct piece **last = &piece->pieces->waiting;

	if (piece->pieces->used < PIECES_MAX) {
		read_piece(piece);
		return;
	}
	while (*last)
		last = &(*last)->next;
	*last = piece;
	piece->next = NULL;
	piece->waits = true;
}

static void stop_waiting(struct piece *piece)
{
	struct piece **link = &piece->pieces->waiting;

	while (*link && *link != piece)
		link = &(*link)->next;
	if (*link)
		*link = piece->next;
	piece->waits = false;
}

void piece_free(struct piece *piece)
{
	struct pieces *pieces = piece->pieces;
	struct piece *next;

	if (piece->waits)
		stop_waiting(piece);
	if (!piece->holds)
		return;
	aws_call_free(&piece->call.aws);
	buf_free(&piece->bytes);
	piece->holds = false;
	pieces->used--;
	next = pieces->waiting;
	if (next) {
		stop_waiting(next);
		read_piece(next);
	}
}
