/* SPDX-License-Identifier: Apache-2.0 */
/* page: lists as servers write them, with keys that hold anything. */
#include "list/page.h"

#include "tap.h"

#define V2 "<ListBucketResult xmlns='x'><KeyCount>1</KeyCount>"
#define NEXT "<IsTruncated>true</IsTruncated>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define NO_UTF8 "\xFF\xFE\xFF\xFE\xFF\xFE\xFF\xFE\xFF\xFE"
#define URL "<EncodingType>url</EncodingType>"

static struct arena arena;
static struct page page;
static struct err err;

static int read_page(const char *text)
{
	arena_reset(&arena);
	err = (struct err){ .code = "" };
	return page_read(&page, str_of(text), STR_NONE, &arena, &err);
}

static void test_members(void)
{
	const struct page_entry *e;

	ok(read_page(" \n<?xml version='1.0'?>" V2 URL LAST
		     "<Contents><Key>a+b%2Fc%20d</Key><Owner><ID>Key</ID>"
		     "</Owner><LastModified>2026-11-23T05:54:00.000Z"
		     "</LastModified><ETag>&quot;abc&quot;</ETag>"
		     "<Size>12</Size><StorageClass>GLACIER</StorageClass>"
		     "</Contents><KeyCount>1</KeyCount></ListBucketResult>") ==
	   0 && page.n == 1 && page.is_v2 && !page.is_truncated &&
	   !page.is_versions, "a page of ListObjectsV2");
	e = page.entries;
	is(e->key.p, e->key.n, "a b/c d", "its key is decoded as of a form");
	is(e->etag.p, e->etag.n, "abc", "its ETag has no quotes");
	is(e->class.p, e->class.n, "GLACIER", "its class");
	is(e->modified.p, e->modified.n, "2026-11-23T05:54:00.000Z",
	   "when it was written");
	ok(e->has_size && e->size == 12 && !e->version.p && !e->is_old,
	   "its size; and it has no version");

	ok(read_page("<ListVersionsResult>" NEXT
		     "<Version><Key>a+b</Key><VersionId>v1</VersionId>"
		     "<IsLatest>false</IsLatest></Version><DeleteMarker>"
		     "<Key>k</Key><VersionId>null</VersionId><IsLatest>true"
		     "</IsLatest></DeleteMarker><NextKeyMarker>k"
		     "</NextKeyMarker><NextVersionIdMarker>null"
		     "</NextVersionIdMarker></ListVersionsResult>") == 0 &&
	   page.n == 2 && page.is_versions && page.is_truncated,
	   "a page of ListObjectVersions");
	e = page.entries;
	is(e->key.p, e->key.n, "a+b", "what is not encoded is not decoded");
	ok(e->is_old && !e->is_marker && str_is(e->version, "v1") &&
	   !e[1].is_old && e[1].is_marker && str_is(e[1].version, "null"),
	   "versions and markers, new and old");
	ok(str_is(page.token, "k") && str_is(page.next_version, "null"),
	   "where the server would go on");
}

static void test_bytes(void)
{
	static const struct {
		const char *written, *key, *what;
		size_t n;
	} keys[] = {
		{ "&#x1;", "\x01", "a control character, as a reference", 1 },
		{ "\x01", "\x01", "as it is", 1 },
		{ "a&#0;b", "a\0b", "a NUL", 3 },
		{ "&#xFFFF;", "\xEF\xBF\xBF", "U+FFFF", 3 },
		{ "\xEF\xBF\xBE", "\xEF\xBF\xBE", "U+FFFE", 3 },
		{ "\xEF\xB7\x90""41", "\xEF\xB7\x90""41",
		  "what is used within", 5 },
		{ "&#xFDD0;41", "\xEF\xB7\x90""41", "the same, otherwise", 5 },
		{ "\x01\xEF\xB7\x90", "\x01\xEF\xB7\x90", "both", 4 },
		{ "\xFF\x80", "\xFF\x80", "no UTF-8", 2 },
		{ "\xEF\xBF\xEA\x80\x80&#xFF41;",
		  "\xEF\xBF\xEA\x80\x80\xEF\xBD\x81",
		  "what begins like U+FFFF", 8 },
		{ NO_UTF8 NO_UTF8 NO_UTF8 NO_UTF8, NO_UTF8 NO_UTF8 NO_UTF8 NO_UTF8,
		  "much that is no UTF-8", 40 },
		{ "&#xD800;", "\xED\xA0\x80", "half a pair", 3 },
		{ "&#x1F600;&amp;&lt;", "\xF0\x9F\x98\x80&<", "what is fine",
		  6 },
		{ "<![CDATA[a&b]]>", "a&b", "CDATA", 3 },
	};
	char text[512];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(text, sizeof(text), V2 LAST "<Contents><Key>%s</Key>"
			 "</Contents></ListBucketResult>", keys[i].written);
		ok(read_page(text) == 0 && page.n == 1 &&
		   page.entries->key.n == keys[i].n &&
		   memcmp(page.entries->key.p, keys[i].key, keys[i].n) == 0,
		   "a key may hold %s", keys[i].what);
	}
	ok(read_page(V2 URL NEXT "<Contents><Key>v%2B%01</Key></Contents>"
		     "<NextContinuationToken>v+\x01</NextContinuationToken>"
		     "</ListBucketResult>") == 0 &&
	   str_is(page.entries->key, "v+\x01") && str_is(page.token, "v+\x01"),
	   "a token that is written raw breaks nothing");
}

static void test_faults(void)
{
	static const struct {
		const char *text, *code, *what;
	} faults[] = {
		{ V2 LAST, "InvalidXML", "half a document" },
		{ "", "InvalidXML", "nothing" },
		{ "<html/>", "InvalidList", "something else" },
		{ V2 "</ListBucketResult>", "InvalidList",
		  "no word whether it is the last" },
		{ V2 LAST "<Contents><Size>1</Size></Contents>"
		  "</ListBucketResult>", "InvalidList", "no key" },
		{ "<!DOCTYPE a [<!ENTITY b 'c'>]>" V2 LAST
		  "</ListBucketResult>", "InvalidXML", "entities" },
		{ "<Error><Code>SlowDown</Code><Message>slow</Message>"
		  "</Error>", "SlowDown", "an error in a good answer" },
		{ "<Error><Code>&#0;SlowDown</Code></Error>", "InternalError",
		  "one whose code is no word" },
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		ok(read_page(faults[i].text) < 0 &&
		   err_is(&err, faults[i].code) && err.status == 500,
		   "%s: %s", faults[i].what, err.code);
}

static void test_enough(void)
{
	arena_reset(&arena);
	ok(page_read(&page, STR(V2 URL LAST "<Contents><Key>a</Key></Contents>"
				"<Contents><Key>c</Key></Contents>"
				"<Contents><Key>"), STR("b"), &arena,
		     &err) == 0 && page.n == 2 && page.is_truncated,
	   "what is behind the end is not read");
}

int main(void)
{
	arena_init(&arena, 1 << 20);
	test_members();
	test_bytes();
	test_faults();
	test_enough();
	arena_free(&arena);
	return done();
}
