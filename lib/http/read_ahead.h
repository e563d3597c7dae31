/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_ahead: answers over TLS, read with few system calls.
 *
 * By itself OpenSSL reads the five bytes of a record's head, then exactly that
 * record.  Here it takes as much as the socket has, up to READ_AHEAD_MAX.  Whole
 * records may be left then, which neither poll(2) nor libcurl sees: whoever reads
 * ahead has to ask, and to let libcurl read again.
 *
 * Nothing is read ahead if libcurl has another TLS library than OpenSSL, or if
 * TLS goes through a proxy that is itself asked over TLS.
 */
#ifndef S3EV_READ_AHEAD_H
#define S3EV_READ_AHEAD_H

#include <curl/curl.h>

enum { READ_AHEAD_MAX = 64 << 10 };

/* Read ahead on the connections that this transfer opens. */
void read_ahead_begin(CURL *easy);

enum read_ahead {
	READ_AHEAD_NOTHING,	/* the next bytes are the socket's */
	READ_AHEAD_PIECE,	/* of a record; the socket has the rest */
	READ_AHEAD_MORE		/* there may be a whole record */
};

/* What is left on the connection of a running transfer. */
enum read_ahead read_ahead_left(CURL *easy);

#endif
