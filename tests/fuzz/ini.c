/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ini: the grammar of the shared files.
 *
 * Input: the text of a config file, then that of a credentials file.
 */
#include "format/ini.h"

#include "fuzz.h"

static bool add(struct ini *ini, enum ini_file kind, struct str text)
{
	struct err err = { .code = "" };
	char *copy = fuzz_copy(text);
	int status = ini_add(ini, kind, kind == INI_CONFIG ? "c" : "d",
			     (struct str){ copy, text.n }, &err);

	CHECK((status < 0) == err_is_set(&err), "an error says why");
	CHECK(status == 0 || memcmp(err.message, kind == INI_CONFIG ?
				    "c:" : "d:", 2) == 0,
	      "an error names the file");
	free(copy);
	return status == 0;
}

static size_t lines(struct str text)
{
	size_t n = 0;

	for (; text.n > 0; n++)
		fuzz_line(&text);
	return n;
}

static void check_entry(const struct ini *ini, const struct ini_entry *entry,
			size_t line_count)
{
	char *name, *parent;
	const struct ini_entry *found;

	CHECK(entry->section.n > 0, "a section has a name");
	for (size_t i = 0; i < entry->section.n; i++)
		CHECK((unsigned char)entry->section.p[i] >= ' ',
		      "a section's name is one line");
	CHECK(ini_has_section(ini, entry->kind, entry->section),
	      "a section that has entries is there");
	CHECK(entry->line >= 1 && entry->line <= line_count,
	      "the line is one of the file");
	if (!entry->name.p)
		return;
	for (size_t i = 0; i < entry->name.n; i++)
		CHECK(entry->name.p[i] != '\n' && entry->name.p[i] != '=' &&
		      !(entry->name.p[i] >= 'A' && entry->name.p[i] <= 'Z'),
		      "a property's name is in lower case");
	CHECK(entry->value.n == 0 ||
	      (!strchr(" \t\n", entry->value.p[0]) ||
	       entry->value.p[0] == '\0'), "a value has no blanks before it");
	name = fuzz_cstr(entry->name);
	parent = fuzz_cstr(entry->parent);
	found = ini_find(ini, entry->kind, entry->section,
			 entry->parent.p ? parent : NULL, name);
	if (!entry->parent.p && strlen(name) == entry->name.n)
		CHECK(found && found >= entry, "the last definition is found");
	if (found)
		CHECK(str_eq(found->name, entry->name) ||
		      strlen(name) != entry->name.n,
		      "what is found is what was looked for");
	free(name);
	free(parent);
}

static void check_entries(const struct ini *ini, size_t line_count)
{
	const struct ini_entry *entry;

	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++)
		check_entry(ini, entry, line_count);
	for (size_t i = 0; ini_warning(ini, i); i++)
		CHECK(!strchr(ini_warning(ini, i), '\n') &&
		      i < INI_MAX_WARNINGS, "warnings are one line each");
}

static bool same_entry(const struct ini_entry *a, const struct ini_entry *b)
{
	return a->kind == b->kind && str_eq(a->section, b->section) &&
	       str_eq(a->parent, b->parent) && str_eq(a->name, b->name) &&
	       str_eq(a->value, b->value) && a->line == b->line;
}

/* The same text with the other kind of line ends, and one more at its end. */
static void check_crlf(struct str text)
{
	struct ini *plain = ini_new(), *crlf = ini_new();
	char *copy = malloc(2 * text.n + 2);
	size_t n = 0;
	bool good, other;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n')
			copy[n++] = '\r';
		copy[n++] = text.p[i];
	}
	copy[n++] = '\r';
	copy[n++] = '\n';
	good = add(plain, INI_CONFIG, text);
	other = add(crlf, INI_CONFIG, (struct str){ copy, n });
	CHECK(good == other, "CR LF is taken where LF is");
	for (size_t i = 0; ini_entry_at(plain, i); i++)
		CHECK(ini_entry_at(crlf, i) &&
		      same_entry(ini_entry_at(plain, i), ini_entry_at(crlf, i)),
		      "CR LF means what LF means");
	free(copy);
	ini_free(plain);
	ini_free(crlf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str config = fuzz_part(&rest), credentials = fuzz_part(&rest);
	struct ini *ini = ini_new();
	size_t a = lines(config), b = lines(credentials);

	if (!ini)
		abort();
	add(ini, INI_CONFIG, config);
	add(ini, INI_CREDENTIALS, credentials);
	check_entries(ini, a > b ? a : b);
	ini_free(ini);
	if (!config.n || !memchr(config.p, '\r', config.n))
		check_crlf(config);
	return 0;
}
