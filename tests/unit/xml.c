/* SPDX-License-Identifier: Apache-2.0 */
/* xml: what S3 answers. */
#include <stddef.h>

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
	arena_free(&arena);
	return done();
}
