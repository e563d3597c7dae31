/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* accept4 */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SOCKETS_MAX = 8,
	SWEEP_MS = 500,		/* how exact time-outs are */
	TURNS_MAX = 64,		/* then others in the loop have their turn */
	PAUSE_MS = 1000,	/* no descriptor is free: try again after it */
	LINGER_MS = 2000,
	LINGER_READS = 64,
	BACKLOG_TAKEN = 64,	/* connections to take in one turn */
	DISCARD_MAX = 8 << 20	/* no more is read of what is not wanted */
};

/* A connection of libmicrohttpd; see the picture in serve.h. */
struct link {
	struct serve *serve;
	int fd;
	bool idle;
	bool lingers;			/* it was answered before all was read */
	uint64_t deadline;		/* of the loop's clock; 0: none */
	struct link *next, **at;
};

/*
 * A connection that is closed while bytes of it are unread is reset by the
 * kernel, and the answer lost on the way (RFC 9112, 9.6).  So a copy of it is
 * kept a while, and what comes is thrown away.
 */
struct lingering {
	struct serve *serve;
	int fd;
	unsigned reads;
	struct loop_timer timer;
	struct lingering *next, **at;
};

/* A request, with what only we need. */
struct exchange {
	struct serve_request request;	/* the first member */
	struct link *link;
	struct MHD_Connection *connection;
	const struct serve_answer *refusal;
	struct MHD_Response *response;	/* owned; the answer */
	int status;
	unsigned long long seen;	/* bytes of the body */
	bool given, held;
};

struct serve {
	struct loop *loop;
	struct serve_options options;
	const struct serve_handler *handler;
	void *ctx;
	struct MHD_Daemon *daemon;
	int epoll;
	int sockets[SOCKETS_MAX];
	size_t socket_count;
	struct link *links;
	size_t link_count;
	struct lingering *lingers;
	size_t linger_count;
	size_t added;			/* connections that are no links yet */
	size_t memory;			/* of bodies */
	struct loop_timer soon, sweep, pause;
	bool stopping, closing;
};

static const char text_plain[] = "text/plain; charset=utf-8";

static const struct serve_answer
	odd_framing = { .status = 400, .type = text_plain,
			.body = { "the length of the body is not certain\n", 38 } },
	odd_authorization = { .status = 400, .type = text_plain,
			      .body = { "two Authorization headers\n", 26 } },
	too_large = { .status = 413, .type = text_plain,
		      .body = { "the event is too large\n", 23 } },
	no_room = { .status = 503, .type = text_plain,
		    .body = { "too much at once, try again later\n", 34 } };

/* Connections that are closed, but not yet for the kernel */

static void linger_end(void *arg)
{
	struct lingering *linger = arg;
	struct serve *serve = linger->serve;

	loop_timer_stop(&linger->timer);
	loop_watch(serve->loop, linger->fd, 0, NULL, NULL);
	close(linger->fd);
	*linger->at = linger->next;
	if (linger->next)
		linger->next->at = linger->at;
	serve->linger_count--;
	free(linger);
}

static void linger_end_all(struct serve *serve)
{
	struct lingering *linger = serve->lingers, *next;

	for (; linger; linger = next) {
		next = linger->next;
		linger_end(linger);
	}
}

static void on_lingering(void *arg, int fd, short events)
{
	struct lingering *linger = arg;
	char bytes[16 << 10];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)events;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) ||
	    ++linger->reads > LINGER_READS)
		linger_end(linger);
}

static void linger_begin(struct serve *serve, int fd)
{
	struct lingering *linger;

	if (serve->linger_count >= serve->options.connections)
		return;
	linger = calloc(1, sizeof(*linger));
	if (!linger)
		return;
	linger->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (linger->fd < 0) {
		free(linger);
		return;
	}
	linger->serve = serve;
	linger->next = serve->lingers;
	linger->at = &serve->lingers;
	if (linger->next)
		linger->next->at = &linger->next;
	serve->lingers = linger;
	serve->linger_count++;
	loop_timer_set(serve->loop, &linger->timer, LINGER_MS, linger_end,
		       linger);
	if (loop_watch(serve->loop, linger->fd, POLLIN, on_lingering,
		       linger) < 0)
		linger_end(linger);
}

/* Links */

static void link_remove(struct link *link)
{
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	link->serve->link_count--;
	free(link);
}

static void set_deadline(struct link *link, bool idle, uint64_t ms)
{
	link->idle = idle;
	link->deadline = loop_now(link->serve->loop) + ms;
}

/* libmicrohttpd sees an end of its input and closes the connection. */
static void cut(struct link *link)
{
	shutdown(link->fd, SHUT_RDWR);
	link->idle = false;
	link->deadline = 0;
}

static void on_connection(void *cls, struct MHD_Connection *connection,
			  void **socket_context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct serve *serve = cls;
	struct link *link = *socket_context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (link && link->lingers)
			linger_begin(serve, link->fd);
		if (link)
			link_remove(link);
		return;
	}
	link = calloc(1, sizeof(*link));
	*socket_context = link;
	if (!link)
		return; /* its first request is refused */
	link->serve = serve;
	link->fd = MHD_get_connection_info(connection,
			MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	link->next = serve->links;
	link->at = &serve->links;
	if (link->next)
		link->next->at = &link->next;
	serve->links = link;
	serve->link_count++;
	set_deadline(link, true, serve->options.idle_ms);
}

/* The one that has been idle longest, or NULL.  New ones stand first. */
static struct link *longest_idle(const struct serve *serve)
{
	struct link *found = NULL;

	for (struct link *link = serve->links; link; link = link->next)
		if (link->idle && (!found || link->deadline <= found->deadline))
			found = link;
	return found;
}

/* Turns */

static void turn(struct serve *serve);

static void on_soon(void *arg)
{
	turn(arg);
}

static void on_ready(void *arg, int fd, short events)
{
	(void)fd;
	(void)events;
	turn(arg);
}

static void on_sweep(void *arg)
{
	struct serve *serve = arg;
	uint64_t now = loop_now(serve->loop);
	bool any = false;

	for (struct link *link = serve->links; link; link = link->next)
		if (link->deadline != 0 && link->deadline <= now) {
			cut(link);
			any = true;
		}
	if (any)
		turn(serve);
	if (serve->links)
		loop_timer_set(serve->loop, &serve->sweep, SWEEP_MS, on_sweep,
			       serve);
}

static void on_acceptable(void *arg, int fd, short events);

/* Listen only while there is room, so that the kernel keeps the others. */
static void watch(struct serve *serve)
{
	bool room = serve->link_count < serve->options.connections ||
		    longest_idle(serve);

	for (size_t i = 0; i < serve->socket_count; i++)
		if (loop_watch(serve->loop, serve->sockets[i],
			       room && !serve->pause.link ? POLLIN : 0,
			       on_acceptable, serve) < 0)
			loop_timer_set(serve->loop, &serve->soon, PAUSE_MS,
				       on_soon, serve);
}

/* libmicrohttpd says when it has work that no descriptor tells of. */
static bool has_more(const struct serve *serve)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(serve->daemon, &ms) == MHD_YES && ms == 0;
}

static void turn(struct serve *serve)
{
	int turns = 0;

	do {
		MHD_run(serve->daemon);
		serve->added = 0;
	} while (has_more(serve) && ++turns < TURNS_MAX);
	serve->handler->given(serve->ctx);
	if (has_more(serve))
		loop_timer_set(serve->loop, &serve->soon, 0, on_soon, serve);
	if (serve->links && !serve->sweep.link)
		loop_timer_set(serve->loop, &serve->sweep, SWEEP_MS, on_sweep,
			       serve);
	watch(serve);
}

static void on_pause(void *arg)
{
	watch(arg);
}

/*
 * Take one connection, for which the longest idle one makes room if there is no
 * other.  False if there is none, or none can be taken now.
 */
static bool take(struct serve *serve, int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	bool is_full = serve->link_count + serve->added >=
		       serve->options.connections;
	struct link *idle = is_full ? longest_idle(serve) : NULL;
	int taken;

	if (is_full && !idle)
		return false;
	taken = accept4(fd, (struct sockaddr *)&address, &length,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (taken >= 0) {
		size_t links = serve->link_count;

		if (idle)
			cut(idle);
		MHD_add_connection(serve->daemon, taken,
				   (struct sockaddr *)&address, length);
		serve->added += serve->link_count == links;
		return true;
	}
	/* No descriptor is free: without a pause the loop would spin. */
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
	    errno == ENOBUFS)
		loop_timer_set(serve->loop, &serve->pause, PAUSE_MS, on_pause,
			       serve);
	return errno == EINTR || errno == ECONNABORTED;
}

static void on_acceptable(void *arg, int fd, short events)
{
	struct serve *serve = arg;
	int taken = 0;

	(void)events;
	while (taken++ < BACKLOG_TAKEN && take(serve, fd))
		;
	turn(serve);
}

/* Requests */

struct framing {
	unsigned lengths, encodings, authorizations;
	bool chunked, odd;
};

/*
 * A blank before the colon hides a header from us that another server may see
 * (RFC 9112, 5.1).
 */
static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind,
				 const char *name, const char *value)
{
	struct framing *framing = cls;
	struct str header = str_of(name);

	(void)kind;
	framing->odd |= strpbrk(name, " \t") != NULL;
	if (str_is_nocase(header, MHD_HTTP_HEADER_CONTENT_LENGTH)) {
		framing->lengths++;
	} else if (str_is_nocase(header, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
		framing->encodings++;
		framing->chunked = str_is_nocase(str_of(value), "chunked");
	} else if (str_is_nocase(header, MHD_HTTP_HEADER_AUTHORIZATION)) {
		framing->authorizations++;
	}
	return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* What the head alone is answered, or NULL. */
static const struct serve_answer *judge(struct serve *serve,
					struct exchange *exchange)
{
	struct framing framing = { .lengths = 0 };
	const struct serve_answer *refusal;
	unsigned long long length;

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND,
				  on_header, &framing);
	if (framing.odd || framing.lengths + framing.encodings > 1 ||
	    (framing.encodings == 1 && !framing.chunked))
		return &odd_framing;
	if (framing.authorizations > 1)
		return &odd_authorization;
	refusal = serve->handler->head(serve->ctx, &exchange->request);
	if (refusal)
		return refusal;
	/* What comes up to the end of the connection would be dropped. */
	if (str_is(exchange->request.method, "POST") &&
	    framing.lengths + framing.encodings == 0)
		return &odd_framing;
	if (str_number(str_of(header(exchange->connection,
				     MHD_HTTP_HEADER_CONTENT_LENGTH)),
		       &length) == 0 && length > serve->options.body_max)
		return &too_large;
	return NULL;
}

/*
 * May the answer not wait for the body?  A sender that asks first sends none
 * then; too long a body is not read; and where it ends may be uncertain.
 */
static bool is_urgent(const struct exchange *exchange)
{
	const char *text = header(exchange->connection,
				  MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long long length;

	return exchange->refusal == &odd_framing ||
	       header(exchange->connection, MHD_HTTP_HEADER_EXPECT) ||
	       (text && str_number(str_of(text), &length) == 0 &&
		length > DISCARD_MAX);
}

static int respond(struct exchange *exchange, const struct serve_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->body.n, (void *)(uintptr_t)answer->body.p,
		MHD_RESPMEM_MUST_COPY);
	bool is_last = exchange->link->serve->stopping ||
		       exchange->refusal == &odd_framing;

	if (!response)
		return -1;
	exchange->response = response;
	exchange->status = answer->status;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				    answer->type) == MHD_NO ||
	    (answer->header && MHD_add_response_header(response, answer->header,
						       answer->value) == MHD_NO) ||
	    (is_last && MHD_add_response_header(response,
						MHD_HTTP_HEADER_CONNECTION,
						"close") == MHD_NO))
		return -1;
	return 0;
}

void serve_drop_body(struct serve_request *request)
{
	struct exchange *exchange = (struct exchange *)request;

	exchange->link->serve->memory -= request->body.size;
	buf_free(&request->body);
}

static enum MHD_Result queue(struct exchange *exchange)
{
	struct serve *serve = exchange->link->serve;

	if (!exchange->response)
		return MHD_NO;
	set_deadline(exchange->link, false, serve->options.read_ms);
	serve->handler->answered(serve->ctx, exchange->status);
	return MHD_queue_response(exchange->connection,
				  (unsigned)exchange->status,
				  exchange->response);
}

static enum MHD_Result refuse(struct exchange *exchange)
{
	return respond(exchange, exchange->refusal) == 0 ? queue(exchange) :
							   MHD_NO;
}

static enum MHD_Result begin(struct serve *serve, struct exchange **here,
			     struct MHD_Connection *connection,
			     const char *method, const char *url)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *exchange;

	if (!info || !info->socket_context)
		return MHD_NO;
	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return MHD_NO;
	*here = exchange;
	exchange->link = info->socket_context;
	exchange->connection = connection;
	exchange->request.method = str_of(method);
	exchange->request.path = str_of(url);
	exchange->request.authorization =
		str_of(header(connection, MHD_HTTP_HEADER_AUTHORIZATION));
	buf_init(&exchange->request.body, serve->options.body_max);
	set_deadline(exchange->link, false, serve->options.read_ms);
	exchange->refusal = judge(serve, exchange);
	if (!exchange->refusal || !is_urgent(exchange))
		return MHD_YES;
	exchange->link->lingers = true;
	return refuse(exchange);
}

/* More than is wanted is counted, up to a point, so that 413 can be said. */
static enum MHD_Result add(struct serve *serve, struct exchange *exchange,
			   const char *bytes, size_t n)
{
	struct buf *body = &exchange->request.body;
	size_t size = body->size;

	exchange->seen += n;
	if (exchange->seen > DISCARD_MAX)
		return MHD_NO;
	if (exchange->refusal)
		return MHD_YES;
	if (exchange->seen > serve->options.body_max)
		exchange->refusal = &too_large;
	else if (serve->memory + n > serve->options.memory_max)
		exchange->refusal = &no_room;
	else
		buf_put(body, bytes, n);
	serve->memory += body->size - size;
	if (body->failed)
		exchange->refusal = &no_room;
	if (exchange->refusal)
		serve_drop_body(&exchange->request);
	return MHD_YES;
}

static enum MHD_Result end(struct serve *serve, struct exchange *exchange)
{
	if (exchange->refusal)
		return refuse(exchange);
	exchange->given = true;
	exchange->link->deadline = 0;
	serve->handler->request(serve->ctx, &exchange->request);
	if (exchange->response)
		return queue(exchange);
	exchange->held = true;
	MHD_suspend_connection(exchange->connection);
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *bytes,
				  size_t *n, void **here)
{
	struct serve *serve = cls;
	struct exchange *exchange = *here;
	enum MHD_Result result;

	(void)version;
	if (serve->closing && !(exchange && exchange->given))
		return MHD_NO;
	if (!exchange)
		return begin(serve, (struct exchange **)here, connection,
			     method, url);
	if (exchange->given)
		return queue(exchange);
	if (*n == 0)
		return end(serve, exchange);
	result = add(serve, exchange, bytes, *n);
	*n = 0;
	return result;
}

static void on_completed(void *cls, struct MHD_Connection *connection,
			 void **here, enum MHD_RequestTerminationCode why)
{
	struct serve *serve = cls;
	struct exchange *exchange = *here;

	(void)connection;
	(void)why;
	if (!exchange)
		return;
	*here = NULL;
	set_deadline(exchange->link, true, serve->options.idle_ms);
	serve_drop_body(&exchange->request);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	free(exchange);
}

void serve_answer(struct serve *serve, struct serve_request *request,
		  const struct serve_answer *answer)
{
	struct exchange *exchange = (struct exchange *)request;

	/* Without a response the connection is closed, which acknowledges nothing. */
	if (respond(exchange, answer) < 0 && exchange->response) {
		MHD_destroy_response(exchange->response);
		exchange->response = NULL;
	}
	serve_drop_body(&exchange->request);
	if (!exchange->held)
		return;
	MHD_resume_connection(exchange->connection);
	loop_timer_set(serve->loop, &serve->soon, 0, on_soon, serve);
}

/* The path is compared as it was sent: %00 would end it as a C string. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection,
			   char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

/* What senders do wrong is told by the status that they get. */
__attribute__((format(printf, 2, 0)))
static void no_log(void *cls, const char *format, va_list args)
{
	(void)cls;
	(void)format;
	(void)args;
}

static struct MHD_Daemon *start(struct serve *serve)
{
	const struct serve_options *o = &serve->options;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!o->cert)
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
			(o->cert ? MHD_USE_TLS : 0),
		0, NULL, NULL, on_request, serve,
		MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
		MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)(o->connections + BACKLOG_TAKEN),
		MHD_OPTION_CONNECTION_TIMEOUT, 0U,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, serve,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

struct serve *serve_new(struct loop *loop, const struct serve_options *options,
			const struct serve_handler *handler, void *ctx,
			struct err *err)
{
	struct serve *serve = calloc(1, sizeof(*serve));

	if (!serve) {
		err_memory(err);
		return NULL;
	}
	serve->loop = loop;
	serve->options = *options;
	serve->handler = handler;
	serve->ctx = ctx;
	serve->daemon = start(serve);
	if (!serve->daemon) {
		err_set(err, "NoServer", "libmicrohttpd %s", !options->cert ?
			"does not start" :
			MHD_is_feature_supported(MHD_FEATURE_SSL) != MHD_YES ?
			"was built without TLS: let a proxy do it" :
			"does not start: see whether certificate and key belong "
			"together");
		free(serve);
		return NULL;
	}
	serve->epoll = MHD_get_daemon_info(serve->daemon,
					   MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	if (loop_watch(loop, serve->epoll, POLLIN, on_ready, serve) == 0)
		return serve;
	err_memory(err);
	serve_free(serve);
	return NULL;
}

int serve_listen(struct serve *serve, int fd, struct err *err)
{
	if (serve->socket_count == SOCKETS_MAX) {
		close(fd);
		return err_set(err, "TooManySockets",
			       "more than %d sockets to listen on", SOCKETS_MAX);
	}
	serve->sockets[serve->socket_count++] = fd;
	watch(serve);
	return 0;
}

size_t serve_connections(const struct serve *serve)
{
	return serve->link_count;
}

static void close_sockets(struct serve *serve)
{
	while (serve->socket_count > 0) {
		int fd = serve->sockets[--serve->socket_count];

		loop_watch(serve->loop, fd, 0, NULL, NULL);
		close(fd);
	}
}

void serve_stop(struct serve *serve)
{
	serve->stopping = true;
	close_sockets(serve);
	for (struct link *link = serve->links; link; link = link->next)
		if (link->idle)
			cut(link);
	turn(serve);
}

/* Answers that were just given go out, as far as the kernel takes them. */
void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	close_sockets(serve);
	serve->closing = true;
	for (int i = 0; i < TURNS_MAX; i++)
		MHD_run(serve->daemon);
	loop_watch(serve->loop, serve->epoll, 0, NULL, NULL);
	loop_timer_stop(&serve->soon);
	loop_timer_stop(&serve->sweep);
	loop_timer_stop(&serve->pause);
	MHD_stop_daemon(serve->daemon);
	linger_end_all(serve);
	free(serve);
}
