/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/read_ahead.h"

/*
 * By default libcurl keeps four connections for each running request.  When
 * many requests end together it would close most of them, and soon open new.
 */
enum { IDLE_MAX = 64, KEPT_MAX = 1024, RECEIVE_BUFFER = 32 << 10 };

struct http {
	struct loop *loop;
	struct http_options options;
	CURLM *multi;
	CURLSH *share;			/* the TLS sessions */
	struct loop_timer timer;
	struct http_request *running;
	CURL *idle[IDLE_MAX];		/* handles to reuse */
	size_t idle_count;
	bool ca_is_directory;
};

static void finish_requests(struct http *http);

static void on_socket(void *arg, int fd, short events)
{
	struct http *http = arg;
	int mask = (events & POLLIN ? CURL_CSELECT_IN : 0) |
		   (events & POLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & (POLLERR | POLLHUP) ? CURL_CSELECT_ERR : 0);
	int running;

	curl_multi_socket_action(http->multi, fd, mask, &running);
	finish_requests(http);
}

static void on_timer(void *arg)
{
	struct http *http = arg;
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_requests(http);
}

/*
 * What was read ahead does not make the socket readable.  libcurl gets it at the
 * next turn of the loop, so that no answer holds up the others, and only if it
 * waits for bytes: it does not while a sink pauses.
 */
static void on_ahead(void *arg)
{
	struct http_request *request = arg;
	struct http *http = request->http;
	int running;

	if (request->fd < 0)
		return;
	curl_multi_socket_action(http->multi, request->fd, CURL_CSELECT_IN,
				 &running);
	finish_requests(http);
}

/*
 * libcurl calls this whenever it has worked on a request, and at its end.  A
 * connection on which more has come than the answer is not used again: it would
 * be taken for the next one's.
 */
static int look_ahead(void *arg, curl_off_t to_get, curl_off_t got,
		      curl_off_t to_send, curl_off_t sent)
{
	struct http_request *request = arg;
	enum read_ahead left = read_ahead_left(request->easy);
	bool unclean = left != READ_AHEAD_NOTHING;

	(void)to_get;
	(void)got;
	(void)to_send;
	(void)sent;
	if (unclean != request->unclean)
		curl_easy_setopt(request->easy, CURLOPT_FORBID_REUSE,
				 (long)unclean);
	request->unclean = unclean;
	if (left == READ_AHEAD_MORE)
		loop_timer_set(request->http->loop, &request->ahead, 0,
			       on_ahead, request);
	return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
			void *unused)
{
	struct http *http = arg;
	struct http_request *request = NULL;
	short events = 0;

	(void)unused;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= POLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= POLLOUT;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request);
	if (request && events & POLLIN)
		request->fd = fd;
	else if (request && request->fd == fd)
		request->fd = -1;
	return loop_watch(http->loop, fd, events, on_socket, http);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http *http = arg;

	(void)multi;
	if (ms < 0)
		loop_timer_stop(&http->timer);
	else
		loop_timer_set(http->loop, &http->timer, (uint64_t)ms,
			       on_timer, http);
	return 0;
}

/* Is it a directory, or several with colons between them, as OpenSSL has it? */
static bool is_directories(const char *ca)
{
	struct str rest = str_of(ca);
	char path[PATH_MAX];
	struct stat st;

	if (stat(ca, &st) == 0)	/* its name may have a colon */
		return S_ISDIR(st.st_mode);
	while (rest.n > 0) {
		struct str one = str_next(&rest, ':');

		if (one.n == 0 || one.n >= sizeof(path))
			continue;
		memcpy(path, one.p, one.n);
		path[one.n] = '\0';
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return true;
	}
	return false;
}

/* Look now: a missing store would only show as "unable to get local issuer". */
static int look_at_ca(struct http *http, struct err *err)
{
	const char *ca = http->options.ca;

	http->ca_is_directory = ca && is_directories(ca);
	if (!ca || http->ca_is_directory || access(ca, F_OK) == 0)
		return 0;
	err_errno(err, "CA certificates %s", ca);
	err->retry = false;
	return -1;
}

struct http *http_new(struct loop *loop, const struct http_options *options,
		      struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(http);
		err_set(err, ERR_MEMORY, "cannot start libcurl");
		return NULL;
	}
	http->loop = loop;
	http->options = *options;
	http->multi = curl_multi_init();
	http->share = curl_share_init();
	if (!http->multi || !http->share) {
		err_set(err, ERR_MEMORY, "cannot start libcurl");
		http_free(http);
		return NULL;
	}
	if (look_at_ca(http, err) < 0) {
		http_free(http);
		return NULL;
	}
	curl_share_setopt(http->share, CURLSHOPT_SHARE,
			  CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_MAX);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	while (http->running)
		http_cancel(http->running);
	while (http->idle_count > 0)
		curl_easy_cleanup(http->idle[--http->idle_count]);
	if (http->multi)
		curl_multi_cleanup(http->multi);
	loop_timer_stop(&http->timer);
	if (http->share)
		curl_share_cleanup(http->share);
	curl_global_cleanup();
	free(http);
}

void http_init(struct http_request *request)
{
	memset(request, 0, sizeof(*request));
	buf_init(&request->head, HTTP_HEAD_MAX);
	buf_init(&request->body_in, HTTP_BODY_MAX);
}

void http_request_free(struct http_request *request)
{
	if (request->easy)
		http_cancel(request);
	buf_free(&request->head);
	buf_free(&request->body_in);
}

/*
 * Keep the header lines of the last answer.  Each status line begins anew: the
 * lines before it belong to a 100 Continue or to a proxy.
 */
static size_t on_header(char *line, size_t one, size_t n, void *arg)
{
	struct http_request *request = arg;

	(void)one;
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_reset(&request->head);
		request->head_ended = false;
		return n;
	}
	if (line[0] == '\r' || line[0] == '\n')
		request->head_ended = true;
	buf_put(&request->head, line, n);
	return request->head.failed ? 0 : n;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct http_request *request = arg;

	(void)one;
	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE,
			  &request->status);
	if (!request->sink || request->status / 100 != 2) {
		buf_put(&request->body_in, bytes, n);
		return request->body_in.failed ? 0 : n;
	}
	switch (request->sink(request->arg, bytes, n)) {
	case HTTP_TAKEN:
		request->sunk += n;
		return n;
	case HTTP_PAUSE:
		return CURL_WRITEFUNC_PAUSE;
	default:
		return 0;
	}
}

/* libcurl wants the next bytes of a body that is part of a file. */
static size_t on_send(char *bytes, size_t one, size_t n, void *arg)
{
	struct http_request *request = arg;
	ssize_t got = slice_read(request->slice, request->sent, bytes,
				 one * n, &request->err);

	if (got < 0)
		return CURL_READFUNC_ABORT;
	request->sent += (unsigned long long)got;
	return (size_t)got;
}

/* libcurl sends the body again from offset, on a new connection. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct http_request *request = arg;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	request->sent = (unsigned long long)offset;
	return CURL_SEEKFUNC_OK;
}

static unsigned long long body_size(const struct http_request *request)
{
	return request->slice ? request->slice->size : request->body.n;
}

/*
 * Switch off the headers that libcurl adds by itself, Expect for small bodies
 * among them; then come those of the request.
 */
static struct curl_slist *header_list(const struct http_request *request)
{
	const char *const own[] = {
		"Accept:", "Content-Type:",
		request->unasked || body_size(request) <= HTTP_EXPECT_ABOVE ?
			"Expect:" : NULL, NULL
	};
	struct curl_slist *list = NULL;

	for (int pass = 0; pass < 2; pass++) {
		const char *const *header = pass == 0 ? own : request->headers;

		for (; header && *header; header++) {
			struct curl_slist *longer =
				curl_slist_append(list, *header);

			if (!longer) {
				curl_slist_free_all(list);
				return NULL;
			}
			list = longer;
		}
	}
	return list;
}

static void set_slice(CURL *easy, struct http_request *request)
{
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)request->slice->size);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(easy, CURLOPT_READDATA, request);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, request);
}

static void set_method(CURL *easy, struct http_request *request)
{
	if (request->slice)
		set_slice(easy, request);
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	if (!request->body.p || request->slice)
		return;
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)request->body.n);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.p);
}

static void set_options(CURL *easy, struct http_request *request)
{
	struct http *http = request->http;
	const struct http_options *options = &http->options;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->slist);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SHARE, http->share);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
			 options->connect_timeout);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
			 request->patient ? 1L : (long)HTTP_RATE_MIN);
	if (request->patient)
		curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)HTTP_PATIENCE);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, options->stall_timeout);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS,
			 (long)HTTP_EXPECT_MS);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_ahead);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, request);
	read_ahead_begin(easy);
	if (request->direct)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (options->ca) {
		curl_easy_setopt(easy, CURLOPT_CAINFO,
				 http->ca_is_directory ? NULL : options->ca);
		curl_easy_setopt(easy, CURLOPT_CAPATH,
				 http->ca_is_directory ? options->ca : NULL);
	}
	set_method(easy, request);
}

int http_start(struct http *http, struct http_request *request,
	       struct err *err)
{
	CURL *easy = http->idle_count > 0 ? http->idle[--http->idle_count] :
					    curl_easy_init();
	struct curl_slist *list = header_list(request);

	if (!easy || !list) {
		curl_easy_cleanup(easy);
		curl_slist_free_all(list);
		return err_memory(err);
	}
	buf_reset(&request->head);
	buf_reset(&request->body_in);
	memset(&request->err, 0, sizeof(request->err));
	request->status = 0;
	request->stale = false;
	request->sunk = 0;
	request->sent = 0;
	request->head_ended = false;
	request->unclean = false;
	request->fd = -1;
	request->http = http;
	request->easy = easy;
	request->slist = list;
	request->next = http->running;
	request->link = &http->running;
	if (request->next)
		request->next->link = &request->next;
	http->running = request;
	set_options(easy, request);
	if (curl_multi_add_handle(http->multi, easy) == CURLM_OK)
		return 0;
	http_cancel(request);
	return err_set(err, ERR_MEMORY, "libcurl takes no more requests");
}

/* Forget a running request, and keep its handle for another. */
static void detach(struct http_request *request)
{
	struct http *http = request->http;

	curl_multi_remove_handle(http->multi, request->easy);
	loop_timer_stop(&request->ahead);
	curl_slist_free_all(request->slist);
	if (http->idle_count < IDLE_MAX) {
		curl_easy_reset(request->easy);
		http->idle[http->idle_count++] = request->easy;
	} else {
		curl_easy_cleanup(request->easy);
	}
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	request->easy = request->slist = NULL;
}

void http_cancel(struct http_request *request)
{
	if (request->easy)
		detach(request);
}

void http_resume(struct http_request *request)
{
	if (request->easy)
		curl_easy_pause(request->easy, CURLPAUSE_CONT);
}

static const char *transport_code(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "CouldNotResolve";
	case CURLE_COULDNT_CONNECT:
		return "CouldNotConnect";
	case CURLE_OPERATION_TIMEDOUT:
		return "Timeout";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return "TLSVerificationFailed";
	case CURLE_SSL_CONNECT_ERROR:
		return "TLSError";
	case CURLE_OUT_OF_MEMORY:
		return ERR_MEMORY;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "InvalidEndpoint";
	case CURLE_WRITE_ERROR:
		return ERR_ABORTED;
	default:
		return ERR_CONNECTION_LOST;
	}
}

static bool is_permanent(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_URL_MALFORMAT ||
	       code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WRITE_ERROR;
}

/* No sink has refused anything then. */
static bool is_too_large(const struct http_request *request)
{
	return request->head.failed || request->body_in.failed;
}

/* A page of somebody before the server, who may be gone the next time. */
static bool is_large_page(const struct http_request *request)
{
	return is_too_large(request) && request->status / 100 != 2;
}

/*
 * The message names the host: "could not connect" alone helps nobody.  The URL
 * holds no proxy's credentials.
 */
static void transport_error(struct http_request *request, CURLcode code)
{
	const char *host = strstr(request->url, "://");
	const char *why = curl_easy_strerror(code);

	host = host ? host + 3 : request->url;
	if (is_too_large(request))
		why = "the answer is larger than it may be";
	else if (code == CURLE_PARTIAL_FILE)
		why = "the answer was cut off";
	err_set(&request->err, is_too_large(request) ? "UnexpectedAnswer" :
		transport_code(code), "%.*s: %s", (int)strcspn(host, "/?"),
		host, why);
	request->err.retry = is_large_page(request) || !is_permanent(code);
}

/*
 * Was a kept connection closed before the request arrived?  libcurl then tries
 * again by itself, except if it was sending a body.
 */
static bool is_stale(const struct http_request *request, CURLcode code)
{
	long connects = 1;

	curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 && request->head.n == 0 &&
	       (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
		code == CURLE_GOT_NOTHING);
}

static void finish_requests(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		CURLcode code = message->data.result;
		struct http_request *request = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				  (char **)&request);
		curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE,
				  &request->status);
		/* libcurl accepts an answer whose headers are cut off. */
		if (code == CURLE_OK && !request->head_ended)
			code = CURLE_PARTIAL_FILE;
		if (code != CURLE_OK && !err_is_set(&request->err))
			transport_error(request, code);
		request->stale = is_stale(request, code);
		detach(request);
		request->done(request->arg);
	}
}
