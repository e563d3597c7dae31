/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: an HTTP/1.1 server inside a loop.
 *
 * The room serve takes requests.  No other room calls libmicrohttpd, and no tool
 * but s3ev-listen is linked with it.
 *
 * A connection is in one of four states, and can stay only in the second for as
 * long as it takes:
 *
 *	idle ──head──► reading ──end──► held ──answer──► answering ──► idle
 *	 │ idle_ms      │ read_ms                         │ read_ms
 *	 └──────────────┴──────────────► closed ◄─────────┘
 *
 * The time is that of the whole state, not of each byte, so a sender that sends
 * a byte now and then does not keep a connection.  If there are as many
 * connections as may be, the one that has been idle longest makes room for a new
 * one; if none is idle, new ones wait in the kernel's queue.
 *
 * libmicrohttpd accepts what two readers may take for two different requests:
 * several Content-Lengths, one beside a Transfer-Encoding, an encoding that is
 * not chunked.  All this is answered with 400, and the connection closed
 * (RFC 9112, 6.1 and 6.3).
 */
#ifndef S3EV_SERVE_H
#define S3EV_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

struct serve;

/* A request; it lives until it is answered, and its texts with it. */
struct serve_request {
	struct str method;
	struct str path;		/* as it was sent, without the query */
	struct str authorization;	/* absent if there is none */
	struct buf body;		/* see serve_drop_body() */

};

/* What a request is answered. */
struct serve_answer {
	int status;
	const char *type;	/* Content-Type */
	struct str body;	/* copied */
	const char *header;	/* one more: its name, NULL if there is none */
	const char *value;
};

struct serve_handler {
	/*
	 * The head of a request is here, its body is not.  NULL has it read;
	 * otherwise it is read and thrown away, and this is the answer, which
	 * must be static.
	 */
	const struct serve_answer *(*head)(void *ctx,
					   const struct serve_request *request);

	/* All of it is here: call serve_answer() now or later. */
	void (*request)(void *ctx, struct serve_request *request);

	/* All requests that had come were given out. */
	void (*given)(void *ctx);

	/* A request was answered with this status, also by serve itself. */
	void (*answered)(void *ctx, int status);
};

struct serve_options {
	uint64_t connections;	/* at most */
	size_t body_max;	/* bytes; more is answered with 413 */
	size_t memory_max;	/* bytes of all bodies together; more is 503 */
	uint64_t idle_ms;	/* for a request to begin and its head to end */
	uint64_t read_ms;	/* for a body, and for an answer */
	const char *cert, *key;	/* both as PEM, for TLS 1.2 or later; or NULL */
};

/* Borrows all of its arguments.  NULL with err. */
struct serve *serve_new(struct loop *loop, const struct serve_options *options,
			const struct serve_handler *handler, void *ctx,
			struct err *err);

/* Take connections from a socket that listens; owns it from here on. */
int serve_listen(struct serve *serve, int fd, struct err *err);

/* Answer; the request is freed. */
void serve_answer(struct serve *serve, struct serve_request *request,
		  const struct serve_answer *answer);

/* The body is needed no more; free it before the answer. */
void serve_drop_body(struct serve_request *request);

/* Connections that are open now. */
size_t serve_connections(const struct serve *serve);

/*
 * Take no more connections, close those that are idle, and the others when they
 * are answered.
 */
void serve_stop(struct serve *serve);

/* Close everything.  All requests must have been answered. */
void serve_free(struct serve *serve);

#endif
