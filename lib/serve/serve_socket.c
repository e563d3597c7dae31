/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "serve/serve_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WHERE_MAX = 512, BACKLOG = 1024, FIRST_FD = 3, FDS_MAX = 64 };

/* Split "ADDRESS:PORT" and "[ADDRESS]:PORT". */
static int split(struct str where, struct buf *address, struct buf *port)
{
	size_t n = where.n;

	while (n > 0 && where.p[n - 1] != ':')
		n--;
	if (n < 2 || n == where.n)
		return -1;
	buf_put(port, where.p + n, where.n - n);
	where.n = n - 1;
	if (where.p[0] == '[' && where.p[where.n - 1] == ']') {
		where.p++;
		where.n -= 2;
	} else if (memchr(where.p, ':', where.n)) {
		return -1; /* an IPv6 address without brackets */
	}
	buf_put_str(address, where);
	return where.n > 0 && buf_cstr(address) && buf_cstr(port) ? 0 : -1;
}

/* A server that was just killed leaves connections behind: take its port. */
static int listen_on(const struct addrinfo *info)
{
	int fd = socket(info->ai_family,
			info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

int serve_socket_open(struct str where, struct err *err)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *info = NULL;
	struct buf address, port;
	int fd = -1, status;

	buf_init(&address, WHERE_MAX);
	buf_init(&port, WHERE_MAX);
	if (split(where, &address, &port) < 0) {
		err_set(err, "InvalidAddress", "%.*s is not ADDRESS:PORT or "
			"[ADDRESS]:PORT", STR_FMT(where));
	} else if ((status = getaddrinfo(address.p, port.p, &hints, &info)) != 0) {
		err_set(err, "InvalidAddress", "%.*s: %s", STR_FMT(where),
			gai_strerror(status));
	} else {
		fd = listen_on(info);
		if (fd < 0)
			err_errno(err, "%.*s: cannot listen", STR_FMT(where));
	}
	if (info)
		freeaddrinfo(info);
	buf_free(&address);
	buf_free(&port);
	return fd;
}

static bool is_listening(int fd)
{
	int is = 0;
	socklen_t n = sizeof(is);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &n) == 0 && is;
}

/* Ours, if the process that they were meant for is us. */
static unsigned long long count_passed(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	unsigned long long n, id;

	if (!count || !pid || str_number(str_of(count), &n) < 0 ||
	    str_number(str_of(pid), &id) < 0 ||
	    id != (unsigned long long)getpid())
		n = 0;
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return n;
}

int serve_socket_passed(struct err *err)
{
	unsigned long long n = count_passed();

	if (n > FDS_MAX)
		return err_set(err, "InvalidSocket", "LISTEN_FDS is too large");
	for (int fd = FIRST_FD; fd < FIRST_FD + (int)n; fd++)
		if (!is_listening(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
		    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
			return err_set(err, "InvalidSocket", "descriptor %d, "
				       "passed in LISTEN_FDS, is no stream "
				       "socket that listens", fd);
	return (int)n;
}

static int name_of(int fd, struct sockaddr_storage *address)
{
	socklen_t n = sizeof(*address);

	memset(address, 0, sizeof(*address));
	return getsockname(fd, (struct sockaddr *)address, &n);
}

void serve_socket_put(struct buf *out, int fd)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *v4 = (const void *)&address;
	const struct sockaddr_in6 *v6 = (const void *)&address;
	const struct sockaddr_un *local = (const void *)&address;
	char text[INET6_ADDRSTRLEN] = "";

	if (name_of(fd, &address) < 0)
		return;
	switch (address.ss_family) {
	case AF_INET:
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		buf_printf(out, "%s:%u", text, ntohs(v4->sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		buf_printf(out, "[%s]:%u", text, ntohs(v6->sin6_port));
		break;
	default:
		buf_puts(out, local->sun_path[0] ? local->sun_path : "a socket");
	}
}

bool serve_socket_is_public(int fd)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *v4 = (const void *)&address;
	const struct sockaddr_in6 *v6 = (const void *)&address;

	if (name_of(fd, &address) < 0)
		return true;
	switch (address.ss_family) {
	case AF_INET:
		return ntohl(v4->sin_addr.s_addr) >> 24 != 127;
	case AF_INET6:
		return !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	default:
		return false;
	}
}
