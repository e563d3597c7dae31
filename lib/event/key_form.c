/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE		/* memmem */
#include "event/key_form.h"

#include "event/envelope.h"

int key_form_read(struct str word, enum key_form *form)
{
	static const struct {
		const char *word;
		enum key_form form;
	} words[] = {
		{ "auto", KEY_FORM_AUTO }, { "form", KEY_FORM_FORM },
		{ "raw", KEY_FORM_RAW },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (str_is(word, words[i].word)) {
			*form = words[i].form;
			return 0;
		}
	}
	return -1;
}

/*
 * The text of a member of an object whose text was kept, without a parser: what
 * tells servers apart is spelled without escapes.  Absent if it is no string.
 */
static struct str find(const struct envelope *e, enum envelope_field field,
		       struct str quoted_name)
{
	struct str text = envelope_field(e, field);
	const char *p = text.p ? memmem(text.p, text.n, quoted_name.p,
					quoted_name.n) : NULL;
	struct str rest, value;

	if (!p)
		return STR_NONE;
	p += quoted_name.n;
	rest = (struct str){ p, text.n - (size_t)(p - text.p) };
	while (rest.n > 0 && rest.p[0] && strchr(" \t\r\n:", rest.p[0]))
		rest = (struct str){ rest.p + 1, rest.n - 1 };
	if (rest.n == 0 || rest.p[0] != '"')
		return STR_NONE;
	rest = (struct str){ rest.p + 1, rest.n - 1 };
	value = str_next(&rest, '"');
	return value;
}

static const struct str host_id = { "\"x-amz-id-2\"", 12 };

static bool is_from(const struct envelope *e, const char *source)
{
	return str_is(envelope_field(e, ENVELOPE_EVENT_SOURCE), source);
}

static bool is_ceph(const struct envelope *e)
{
	return is_from(e, "ceph:s3");
}

static bool is_scality(const struct envelope *e)
{
	return is_from(e, "scality:s3");
}

/* VersityGW says aws:s3, but it spells PrincipalId with a capital. */
static bool is_versity(const struct envelope *e)
{
	return find(e, ENVELOPE_IDENTITY, STR("\"PrincipalId\"")).p != NULL;
}

/*
 * NooBaa puts the name of its system before ":s3", which may be any word.  It
 * knows no regions, and gives the id of the request twice; the second is
 * another in AWS's events and MinIO's.
 */
static bool is_noobaa(const struct envelope *e)
{
	struct str id;

	if (is_from(e, "aws:s3") || envelope_known(e, ENVELOPE_REGION).p)
		return false;
	id = find(e, ENVELOPE_RESPONSE, STR("\"x-amz-request-id\""));
	return id.n > 0 && str_eq(id, find(e, ENVELOPE_RESPONSE, host_id));
}

/* Those who write keys as they are. */
static bool (*const raw_servers[])(const struct envelope *e) = {
	is_ceph, is_scality, is_versity, is_noobaa,
};

bool key_form_is_raw(const struct envelope *e)
{
	if (e->form != KEY_FORM_AUTO)
		return e->form == KEY_FORM_RAW;
	for (size_t i = 0; i < sizeof(raw_servers) / sizeof(*raw_servers); i++)
		if (raw_servers[i](e))
			return true;
	return false;
}

static bool is_base64(struct str s)
{
	s = str_trim_end(s, "=");
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '+' && s.p[i] != '/' &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
			return false;
	return true;
}

/*
 * AWS names a region, and in x-amz-id-2 the host that answered, in 56 bytes or
 * more of base64: at least 76 characters.  Others leave that empty, or give a
 * shorter id: MinIO 64 hexadecimal digits, emulators 32 characters.
 */
static bool is_aws(const struct envelope *e)
{
	struct str host;

	if (!is_from(e, "aws:s3") || !envelope_known(e, ENVELOPE_REGION).p)
		return false;
	host = find(e, ENVELOPE_RESPONSE, host_id);
	return host.n >= 76 && host.n % 4 == 0 && is_base64(host);
}

bool key_form_is_certain(const struct envelope *e)
{
	return e->form == KEY_FORM_FORM || is_aws(e);
}
