/* SPDX-License-Identifier: Apache-2.0 */
/* xml: what S3 answers. */
#include <stddef.h>

#include "buf.h"
#include "tap.h"
#include "xml.h"

struct picked {
	struct str code, message, etag;
};

static const struct xml_field fields[] = {
	{ "Error/Code", offsetof(struct picked, code) },
	{ "Error/Message", offsetof(struct picked, message) },
	{ "CopyObjectResult/ETag", offsetof(struct picked, etag) },
};

static struct arena arena;

static int pick(struct str text, struct picked *p, struct str *root)
{
	struct err err;

	arena_reset(&arena);
	return xml_pick(text, fields, 3, &arena, p, root, &err);
}

struct listed {
	struct str key, value;
	struct buf seen;
};

static void see(void *ctx)
{
	struct listed *listed = ctx;

	buf_printf(&listed->seen, "%.*s=%.*s%s;", STR_FMT(listed->key),
		   STR_FMT(listed->value), listed->value.p ? "" : "-");
}

static void test_list(struct arena *memory)
{
	static const struct xml_field pair[] = {
		{ "L/T/K", offsetof(struct listed, key) },
		{ "L/T/V", offsetof(struct listed, value) },
	};
	struct listed listed;
	struct xml_list list = { "L/T", pair, 2, see, &listed };
	struct err err;

	buf_init(&listed.seen, 1000);
	ok(xml_each(STR("<L><K>x</K><T><K>a</K><V>1</V></T><T><K>b</K></T><T/>"
			"<X><T><K>y</K></T></X><T><V>2</V><V>3</V></T></L>"),
		    &list, memory, &listed, &err) == 0, "a list");
	is(listed.seen.p, listed.seen.n, "a=1;b=-;=-;=2;",
	   "each element once, and nothing of the one before it");
	ok(xml_each(STR("<L><T></L>"), &list, memory, &listed, &err) < 0,
	   "a list that is none");
	buf_free(&listed.seen);
}

int main(void)
{
	struct picked p;
	struct str root;

	arena_init(&arena, 100000);
	ok(pick(STR("<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code>"
		    "<Message>a &lt; b</Message></Error>"), &p, &root) == 0 &&
	   str_is(root, "Error") && str_is(p.code, "SlowDown") &&
	   str_is(p.message, "a < b") && !p.etag.p, "an error");
	ok(pick(STR(" \n\t <CopyObjectResult xmlns=\"http://s3/\"><ETag>"
		    "&quot;x&quot;</ETag></CopyObjectResult>"), &p,
		&root) == 0 && str_is(p.etag, "\"x\""),
	   "a result behind the blanks that kept the line alive");
	ok(pick(STR("<Error><Code>a</Code><Code>b</Code><X><Code>c</Code></X>"
		    "</Error>"), &p, &root) == 0 && str_is(p.code, "a"),
	   "the first counts, and only at its place");
	ok(pick(STR("<Error><Message/></Error>"), &p, &root) == 0 &&
	   p.message.p && p.message.n == 0, "empty is not absent");
	ok(pick(STR("<Error><Code>x</Code>"), &p, &root) < 0, "cut off");
	ok(pick(STR(""), &p, &root) < 0, "nothing");
	ok(pick(STR("<html>"), &p, &root) < 0, "no XML");
	ok(pick(STR("<!DOCTYPE a [<!ENTITY b \"c\">]><Error/>"), &p,
		&root) < 0, "a document type is refused");
	test_list(&arena);
	arena_free(&arena);
	return done();
}
