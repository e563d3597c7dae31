/* SPDX-License-Identifier: Apache-2.0 */
#include "http/read_ahead.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

/*
 * TLS within TLS?  libcurl shows only one of the two connections, and what the
 * other has read ahead would never be asked for.
 */
static bool is_proxy_tls(void)
{
	static const char *const names[] = {
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"
	};
	const size_t n = sizeof(names) / sizeof(*names);

	for (size_t i = 0; i < n; i++) {
		const char *proxy = getenv(names[i]);

		if (proxy && strncasecmp(proxy, "https:", 6) == 0)
			return true;
	}
	return false;
}

/* Each connection has a context of its own. */
static CURLcode on_context(CURL *easy, void *context, void *unused)
{
	(void)easy;
	(void)unused;
	if (is_proxy_tls())
		return CURLE_OK;
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD_MAX);
	return CURLE_OK;
}

void read_ahead_begin(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
}

enum read_ahead read_ahead_left(CURL *easy)
{
	struct curl_tlssessioninfo *tls = NULL;
	SSL *ssl;

	curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls);
	if (!tls || tls->backend != CURLSSLBACKEND_OPENSSL || !tls->internals)
		return READ_AHEAD_NOTHING;
	ssl = tls->internals;
	if (!SSL_has_pending(ssl))
		return READ_AHEAD_NOTHING;
	return SSL_want_read(ssl) ? READ_AHEAD_PIECE : READ_AHEAD_MORE;
}
