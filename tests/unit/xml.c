/* SPDX-License-Identifier: Apache-2.0 */
/* xml: answers of S3. */
#include <stddef.h>

#include "base/buf.h"
#include "tap.h"
#include "format/xml.h"
#include "format/xml_scan.h"

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

/* "b=1 a= " for <a><b>1</b></a>, and how often it began. */
struct story {
	struct buf told;
	unsigned begun;
	const char *end;	/* stop at this element */
};

static void begin(void *ctx)
{
	struct story *story = ctx;

	story->begun++;
	buf_reset(&story->told);
}

static int open(void *ctx, struct str name, unsigned depth)
{
	struct story *story = ctx;

	(void)depth;
	return str_is(name, story->end) ? -1 : 0;
}

static int close(void *ctx, struct str name, struct str text, unsigned depth)
{
	struct story *story = ctx;

	buf_printf(&story->told, "%u%.*s=%.*s ", depth, STR_FMT(name),
		   STR_FMT(text));
	return 0;
}

static const struct {
	unsigned begun;	/* twice, where expat has to read it */
	const char *document, *told, *what;
} documents[] = {
	{ 1, "<a><b>1</b><c/>x</a>", "2b=1 2c= 1a=x ", "elements and text" },
	{ 1, " \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a xmlns=\"b\"/>\n",
	  "1a= ", "a declaration and a name space" },
	{ 1, "<a>&lt;&gt;&amp;&quot;&apos;&#34;&#x26;amp;\xC3\xA4></a>",
	  "1a=<>&\"'\"&amp;\xC3\xA4> ", "what references mean" },
	{ 2, "<a>&#xE4;</a>", "1a=\xC3\xA4 ", "a reference that is not ASCII" },
	{ 2, "<n:a xmlns:n='b'><n:b c=\"d\"/></n:a>", "2b= 1a= ",
	  "names with prefixes" },
	{ 2, "<a><b><![CDATA[<c>]]></b><!-- > --></a>", "2b=<c> 1a= ",
	  "CDATA and a comment" },
	{ 2, "<a>b\r\nc</a>", "1a=b\nc ", "an end of a line" },
	{ 2, "<a><b1></b1 ></a>", "2b1= 1a= ", "a blank in a tag" },
	{ 2, "<a>]]</a>", "1a=]] ", "brackets" },
	{ 2, "<a>]]></a>", NULL, "the end of CDATA" },
	{ 2, "<a>&b;</a>", NULL, "an entity" },
	{ 2, "<a>&lt;&amp<b/></a>", NULL, "half a reference, before an element" },
	{ 2, "<a>&#X22;</a>", NULL, "what is no reference" },
	{ 2, "<a xmlns=\"<\"/>", NULL, "a tag in a name space" },
	{ 2, "<a xmlns=\"a\" xmlns=\"a\"/>", NULL, "two name spaces" },
	{ 2, "<a><b></a></b>", NULL, "elements that cross" },
	{ 2, "<a><b></b>", NULL, "a document that is cut" },
	{ 2, "<a/><b/>", NULL, "two documents" },
	{ 2, "<a/>b", NULL, "text behind it" },
	{ 2, "<!DOCTYPE a><a/>", NULL, "a document type" },
};

static void test_scan(void)
{
	struct story story = { .end = "z" };
	const struct xml_scan scan = { begin, open, close, &story };
	struct err err;

	buf_init(&story.told, 1000);
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		const char *told = documents[i].told;
		int status;

		story.begun = 0;
		status = xml_scan(str_of(documents[i].document), &scan, &err);
		ok((told ? status == 0 && str_is(buf_str(&story.told), told) :
			   status < 0 && err_is(&err, "InvalidXML")) &&
		   story.begun == documents[i].begun, "%s",
		   documents[i].what);
	}
	ok(xml_scan(STR("<a><b/><z/>"), &scan, &err) < 0 &&
	   err_is(&err, ERR_STOPPED) &&
	   str_is(buf_str(&story.told), "2b= "), "a reader may stop");
	buf_free(&story.told);
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
	test_scan();
	arena_free(&arena);
	return done();
}
