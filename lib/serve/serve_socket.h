/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_socket: sockets that connections are taken from.
 *
 * They are opened by us, or passed by a service manager: LISTEN_FDS of them from
 * descriptor 3 on, if LISTEN_PID is our process; see sd_listen_fds(3).
 */
#ifndef S3EV_SERVE_SOCKET_H
#define S3EV_SERVE_SOCKET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Listen on ADDRESS:PORT: an IPv4 address, an IPv6 address in brackets, or a
 * name; port 0 is any that is free.  Returns a descriptor, or -1 with err.
 */
int serve_socket_open(struct str where, struct err *err);

/*
 * How many sockets were passed; the first is descriptor 3.  Takes the variables
 * out of the environment, so that no child believes they are its own, and has
 * the descriptors closed on exec.  -1 with err if one of them listens to nothing.
 */
int serve_socket_passed(struct err *err);

/* Append where it listens: "127.0.0.1:8080", "[::1]:8080" or a path. */
void serve_socket_put(struct buf *out, int fd);

/* Can other machines reach it? */
bool serve_socket_is_public(int fd);

#endif
