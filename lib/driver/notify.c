/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "driver/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

enum { TEXT_MAX = 1024 };

/* A name that begins with @ is one in the abstract namespace. */
static int set_address(struct notify *notify, const char *name)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 ||
	    n >= sizeof(notify->address.sun_path))
		return -1;
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, name, n);
	if (name[0] == '@')
		notify->address.sun_path[0] = '\0';
	notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
				     (name[0] == '/'));
	return 0;
}

static uint64_t watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long us, id;

	if (!usec || str_number(str_of(usec), &us) < 0)
		return 0;
	if (pid && (str_number(str_of(pid), &id) < 0 ||
		    id != (unsigned long long)getpid()))
		return 0;
	return us / 1000;
}

void notify_open(struct notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET");

	memset(notify, 0, sizeof(*notify));
	notify->fd = -1;
	if (name && set_address(notify, name) == 0)
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd >= 0)
		notify->watchdog_ms = watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void notify_send(const struct notify *notify, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list list;

	if (notify->fd < 0)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	sendto(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
	       (const struct sockaddr *)&notify->address, notify->length);
}
