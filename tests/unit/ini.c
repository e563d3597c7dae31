/* SPDX-License-Identifier: Apache-2.0 */
#include "format/ini.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tap.h"

/*
 * Entries as one text: a section is "K:name", K one of p, o (sso-session), s
 * (services); a property "name=value", a nested one "parent.name=value".
 */
static void put_entry(struct buf *out, const struct ini_entry *entry)
{
	if (!entry->name.p)
		buf_printf(out, "[%c:%.*s]", "pos"[entry->kind],
			   STR_FMT(entry->section));
	else
		buf_printf(out, "%.*s%s%.*s=%.*s;", STR_FMT(entry->parent),
			   entry->parent.p ? "." : "", STR_FMT(entry->name),
			   STR_FMT(entry->value));
}

static const struct {
	const char *what;
	enum ini_file kind;
	const char *text;
	const char *want;	/* entries, or "!" and a part of the error */
} cases[] = {
	{ "an empty file", INI_CONFIG, "", "" },
	{ "an empty profile", INI_CONFIG, "[profile a]", "[p:a]" },
	{ "blanks in a header", INI_CONFIG, "[ \tprofile \t a\t ] \n", "[p:a]" },
	{ "all characters of a name", INI_CONFIG, "[profile aZ0_-/.%@:+]",
	  "[p:aZ0_-/.%@:+]" },
	{ "a name with other characters is passed over", INI_CONFIG,
	  "[profile a!]\nx=1\n[profile b]\ny=2", "[p:b]y=2;" },
	{ "a quoted name may have blanks", INI_CONFIG,
	  "[profile \"a b\"]\nx=1", "[p:a b]x=1;" },
	{ "a header without its end", INI_CONFIG, "\n[profile a", "!f:2: " },
	{ "a header with a comment in it", INI_CONFIG, "[profile a # b]",
	  "!must end with ']'" },
	{ "comments behind headers", INI_CONFIG,
	  "[profile a]; b\n[profile c]# d\n[profile e] # f",
	  "[p:a][p:c][p:e]" },
	{ "a property before any section", INI_CONFIG, "a = b",
	  "!f:1: Expected a profile definition" },
	{ "blanks around names and values", INI_CONFIG,
	  "[default]\na \t= \tb \t", "[p:default]a=b;" },
	{ "an equals sign in a value", INI_CONFIG, "[default]\na=b=c",
	  "[p:default]a=b=c;" },
	{ "an empty value", INI_CONFIG, "[default]\na =", "[p:default]a=;" },
	{ "names are folded, values are not", INI_CONFIG, "[default]\nAb = Cd",
	  "[p:default]ab=Cd;" },
	{ "a property without a name", INI_CONFIG, "[default]\n = b\n= c",
	  "!f:2: Property did not have a name" },
	{ "a property without an equals sign", INI_CONFIG, "[default]\na: b",
	  "!f:2: Expected an '=' sign defining a property" },
	{ "a property whose name has a blank is passed over", INI_CONFIG,
	  "[default]\na b = c\n d\ne=f", "[p:default]e=f;" },
	{ "CRLF", INI_CONFIG, "[default]\r\na = b\r\n\r\nc = d\r\n",
	  "[p:default]a=b;c=d;" },
	{ "a byte order mark", INI_CONFIG, "\xEF\xBB\xBF[default]\na=b",
	  "[p:default]a=b;" },
	{ "comments", INI_CONFIG,
	  "# a\n; b\n[default]\nc = d # e\nf = g ; h\ni = j#k ;\n\t # l\n",
	  "[p:default]c=d;f=g;i=j#k;" },
	{ "a value that goes on", INI_CONFIG, "[default]\na = b\n  c\n\td # e \n",
	  "[p:default]a=b\nc\nd # e;" },
	{ "a blank line in a value", INI_CONFIG, "[default]\na = b\n \n c",
	  "[p:default]a=b\nc;" },
	{ "a value that goes on behind a comment", INI_CONFIG,
	  "[default]\na = b # long comment\n c\nd=e",
	  "[p:default]a=b\nc;d=e;" },
	{ "an indented line without a section", INI_CONFIG, " a",
	  "!Expected a profile definition" },
	{ "an indented line without a property", INI_CONFIG, "[default]\n a",
	  "!f:2: Expected a property definition" },
	{ "an indented line behind a header", INI_CONFIG,
	  "[default]\na=b\n[default]\n c",
	  "!Expected a property definition, found continuation" },
	{ "indented properties", INI_CONFIG,
	  "[default]\n  a = b\n  c =\n    d = e\n  f = g",
	  "[p:default]a=b;c=;c.d=e;f=g;" },
	{ "sub-properties", INI_CONFIG,
	  "[default]\ns3 =\n  a = b # c\n\n  # d\n  E=\nf=g",
	  "[p:default]s3=;s3.a=b;s3.e=;f=g;" },
	{ "a sub-property without an equals sign", INI_CONFIG,
	  "[default]\ns3=\n  a", "!f:3: Expected an '=' sign defining a sub-" },
	{ "a sub-property without a name", INI_CONFIG, "[default]\ns3=\n =a",
	  "!f:3: Sub-property did not have a name" },
	{ "[profile default] before [default]", INI_CONFIG,
	  "[profile default]\na=b\n[default]\nc=d\ns3=\n e=f",
	  "[p:default]a=b;" },
	{ "[profile default] behind [default]", INI_CONFIG,
	  "[default]\nc=d\n[profile x]\n[profile default]\na=b",
	  "[p:x][p:default]a=b;" },
	{ "other kinds of sections", INI_CONFIG,
	  "[sso-session a]\nb=c\n[services d]\ns3 =\n  endpoint_url = e",
	  "[o:a]b=c;[s:d]s3=;s3.endpoint_url=e;" },
	{ "sections that nobody knows", INI_CONFIG,
	  "[plugins]\na=b\n[sso-sesion c]\nd=e\n[profilef]\n[]\n", "" },
	{ "a broken line in a section that nobody knows", INI_CONFIG,
	  "[plugins]\na\n", "!f:2: " },
	{ "a credentials file", INI_CREDENTIALS,
	  "[default]\na=b\n[ c ]\nd=e\n[profile f]\ng=h\n[sso-session i]",
	  "[p:default]a=b;[p:c]d=e;" },
	{ "a credentials file's names may have blanks", INI_CREDENTIALS,
	  "[ a  b ]\nx=1\n[services]\ny=2\n[c d!]\nz=3\n[e\tf]",
	  "[p:a  b]x=1;[p:services]y=2;" },
};

static void check_case(size_t i)
{
	struct ini *ini = ini_new();
	struct err err;
	struct buf got;
	const char *want = cases[i].want;
	int status;

	buf_init(&got, 4096);
	status = ini_add(ini, cases[i].kind, "f", str_of(cases[i].text), &err);
	for (size_t n = 0; ini_entry_at(ini, n); n++)
		put_entry(&got, ini_entry_at(ini, n));
	if (*want == '!')
		ok(status < 0 && strstr(err.message, want + 1), "%s: %s",
		   cases[i].what, status < 0 ? err.message : "no error");
	else if (status < 0)
		ok(false, "%s: %s", cases[i].what, err.message);
	else
		is(buf_str(&got).p, got.n, want, cases[i].what);
	buf_free(&got);
	ini_free(ini);
}

static bool has(const struct ini *ini, const char *section, const char *parent,
		const char *name, const char *value)
{
	const struct ini_entry *entry = ini_find(ini, INI_PROFILE,
						 str_of(section), parent,
						 name);

	return value ? entry && str_is(entry->value, value) : !entry;
}

static void check_merging(void)
{
	static const char config[] =
		"[profile a]\nx = 1\ny = 2\ns3 =\n  p = 1\n  q = 2\n"
		"[profile b]\nx = 9\n"
		"[profile a]\nY = 3\ns3 =\n  q = 3\n";
	static const char credentials[] = "[a]\nx = 4\nz = 5\n";
	struct ini *ini = ini_new();
	struct err err;

	ok(ini_add(ini, INI_CONFIG, "config", str_of(config), &err) == 0 &&
	   ini_add(ini, INI_CREDENTIALS, "credentials", str_of(credentials),
		   &err) == 0, "two files are read");
	ok(has(ini, "a", NULL, "x", "4"), "credentials win over config");
	ok(has(ini, "a", NULL, "y", "3"), "the last of two properties wins");
	ok(has(ini, "a", NULL, "z", "5"), "what is only in one file is there");
	ok(has(ini, "b", NULL, "x", "9"), "profiles are kept apart");
	ok(has(ini, "a", "s3", "q", "3") && has(ini, "a", "s3", "p", NULL),
	   "a property replaces an earlier one with all that is nested in it");
	ok(has(ini, "a", NULL, "q", NULL) && has(ini, "a", "x", "q", NULL),
	   "nested properties are found below their own only");
	ok(ini_has_section(ini, INI_PROFILE, STR("b")) &&
	   !ini_has_section(ini, INI_PROFILE, STR("c")) &&
	   !ini_has_section(ini, INI_SERVICES, STR("b")),
	   "sections are known by kind and name");
	ini_free(ini);
}

static void check_warnings(void)
{
	struct ini *ini = ini_new();
	const struct ini_entry *entry;
	struct err err;
	char *text = malloc(INI_MAX_TEXT + 1);

	ini_add(ini, INI_CONFIG, "f", STR("\n[profile a]\n\nk=v\n[b]\n"), &err);
	entry = ini_find(ini, INI_PROFILE, STR("a"), NULL, "k");
	ok(entry && entry->line == 4 && strcmp(entry->file, "f") == 0,
	   "an entry knows its file and line");
	is(ini_warning(ini, 0), strlen(ini_warning(ini, 0)),
	   "f:5: [b] passed over: not [profile NAME]", "a warning");
	ok(!ini_warning(ini, 1), "no more warnings");
	for (int i = 0; i < 100; i++)
		ini_add(ini, INI_CONFIG, "f", STR("[b]\n"), &err);
	ok(ini_warning(ini, INI_MAX_WARNINGS - 1) &&
	   !ini_warning(ini, INI_MAX_WARNINGS), "warnings are bounded");
	memset(text, '\n', INI_MAX_TEXT + 1);
	ok(ini_add(ini, INI_CONFIG, "f", (struct str){ text, INI_MAX_TEXT },
		   &err) == 0 &&
	   ini_add(ini, INI_CONFIG, "f", (struct str){ text, INI_MAX_TEXT + 1 },
		   &err) < 0, "a file is bounded");
	free(text);
	ini_free(ini);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_case(i);
	check_merging();
	check_warnings();
	return done();
}
