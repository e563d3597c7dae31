/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml: answers of S3.
 *
 * Input: the status and the lines of the head; the body.
 */
#include "fuzz.h"
#include "format/url.h"
#include "format/xml.h"
#include "http/http_head.h"
#include "s3/s3_answer.h"

struct answer {
	struct str code, message, condition, etag;
};

static const struct xml_field fields[] = {
	{ "Error/Code", offsetof(struct answer, code) },
	{ "Error/Message", offsetof(struct answer, message) },
	{ "Error/Condition", offsetof(struct answer, condition) },
	{ "CopyObjectResult/ETag", offsetof(struct answer, etag) },
};

/* Characters that XML cannot write, or that its reader changes. */
static bool can_be_written(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\n' &&
		    s.p[i] != '\t')
			return false;
	/* U+FFFE and U+FFFF */
	for (size_t i = 0; i + 3 <= s.n; i++)
		if (memcmp(s.p + i, "\xEF\xBF", 2) == 0 &&
		    (unsigned char)s.p[i + 2] >= 0xBE)
			return false;
	return str_is_utf8(s);
}

static void put_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("<>&\"'", s.p[i]))
			buf_printf(out, "&#%d;", s.p[i]);
		else
			buf_putc(out, s.p[i]);
	}
}

/* A text must be read as it was written. */
static void check_round_trip(struct str text)
{
	struct answer answer;
	struct arena arena;
	struct buf xml;
	struct str root;
	struct err err;

	if (!can_be_written(text))
		return;
	arena_init(&arena, 4 << 20);
	buf_init(&xml, 1 << 20);
	buf_puts(&xml, " \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
		 "<Error xmlns='x'><Code>NoSuchKey</Code><Message>");
	put_escaped(&xml, text);
	buf_puts(&xml, "</Message><Message>no</Message><Code/></Error>");
	CHECK(xml_pick(buf_str(&xml), fields,
		       sizeof(fields) / sizeof(*fields), &arena, &answer,
		       &root, &err) == 0, "a good answer is read");
	CHECK(str_is(root, "Error") && str_is(answer.code, "NoSuchKey"),
	      "the first of several is read");
	CHECK(answer.message.p && str_eq(answer.message, text),
	      "a text is read as it was written");
	buf_free(&xml);
	arena_free(&arena);
}

static void check_pick(struct str body)
{
	struct answer answer;
	struct arena arena;
	struct err err = { .code = "" };
	struct str root = STR_NONE;
	char *copy = fuzz_copy(body);

	arena_init(&arena, 4 << 20);
	if (xml_pick((struct str){ copy, body.n }, fields,
		     sizeof(fields) / sizeof(*fields), &arena, &answer, &root,
		     &err) == 0) {
		CHECK(root.n > 0, "a document has a root");
		CHECK(str_is_utf8(answer.code) && str_is_utf8(answer.message),
		      "texts are UTF-8");
		CHECK(!memchr(answer.code.p ? answer.code.p : "", '\0',
			      answer.code.n), "no NUL is in XML");
	} else {
		CHECK(err_is_set(&err), "an error says why");
	}
	arena_free(&arena);
	free(copy);
}

static void check_item(void *ctx)
{
	struct answer *item = ctx;

	CHECK(str_is_utf8(item->code), "what is listed is UTF-8");
}

static void check_each(struct str body)
{
	static const struct xml_field code = {
		"Error/Code", offsetof(struct answer, code)
	};
	struct answer item = { .code = STR_NONE };
	struct xml_list list = { "Error", &code, 1, check_item, &item };
	struct arena arena;
	struct err err = { .code = "" };
	char *copy = fuzz_copy(body);

	arena_init(&arena, 4 << 20);
	if (xml_each((struct str){ copy, body.n }, &list, &arena, &item,
		     &err) < 0)
		CHECK(err_is_set(&err), "an error says why");
	arena_free(&arena);
	free(copy);
}

/* A redirect must lead to a valid URL. */
static void check_elsewhere(struct s3_call *call, const struct err *err)
{
	struct url parts;
	struct str url;

	call->aws.err = *err;
	call->aws.url = "https://bucket.s3.eu-west-1.amazonaws.com/key";
	s3_answer_region(call);
	url = s3_answer_location(call);
	if (!url.p)
		return;
	CHECK(fuzz_is_url(url) && url_split(url, &parts) &&
	      parts.host.n > 0, "a place to go is a URL");
	CHECK(url_is_tls(&parts), "TLS is never given up");
}

static void check_judge(long status, struct str head, struct str body,
			bool is_copy)
{
	struct s3_call call = { .writes = is_copy, .needs = "needs",
				.root = is_copy ? "CopyObjectResult" : NULL };
	struct http_request *http = &call.aws.http;
	struct err err = { .code = "" };
	struct arena arena;
	int judged;

	arena_init(&arena, 8 << 20);
	http_init(http);
	call.aws.arena = &arena;
	call.aws.method = is_copy ? "PUT" : body.n > 0 ? "GET" : "HEAD";
	http->status = status;
	buf_put_str(&http->head, head);
	buf_put_str(&http->body_in, body);
	call.pinned_etag = STR("d41d8cd98f00b204e9800998ecf8427e");
	judged = s3_answer_judge(&call.aws, &err);
	http_head_date(http);
	if (judged < 0) {
		CHECK(err_is_set(&err), "an error has a code");
		CHECK(err.status > 0, "an error has a status");
		check_elsewhere(&call, &err);
	} else {
		CHECK(status / 100 == 2, "only 2xx is good");
		CHECK(!is_copy || body.n > 0, "a copy says that it is made");
		CHECK(is_copy || !call.etag_is_md5 || call.etag.n == 32,
		      "an MD5 has 32 digits");
		CHECK(call.etag.n == 0 || is_copy || call.etag.n == 32,
		      "the ETag is the pinned one");
		CHECK(!memchr(call.version.p ? call.version.p : "", '\n',
			      call.version.n), "a version is one line");
	}
	buf_free(&http->head);
	buf_free(&http->body_in);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str head = fuzz_part(&rest);
	char *first = fuzz_cstr(fuzz_line(&head));
	long status = 100 + labs(atol(first)) % 500;

	free(first);
	check_pick(rest);
	check_each(rest);
	check_round_trip(rest);
	check_judge(status, head, rest, false);
	check_judge(status, head, rest, true);
	return 0;
}
