/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: tell the service manager how we are, one datagram each; see
 * sd_notify(3).
 *
 * Without a service manager nothing is sent.  A datagram that cannot be sent is
 * no error: nobody listens then.
 */
#ifndef S3EV_NOTIFY_H
#define S3EV_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	uint64_t watchdog_ms;	/* WATCHDOG=1 is awaited so often; 0: it is not */

	int fd;			/* private from here on */
	struct sockaddr_un address;
	socklen_t length;
};

/*
 * Take NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so
 * that no child speaks in our name.  Call it before anything is started.
 */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Send assignments, with a newline between two: "READY=1\nSTATUS=...". */
void notify_send(const struct notify *notify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
