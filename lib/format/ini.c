/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "format/ini.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { NAMES_MAX = 1 << 20 };

/* The text of one file; entries point into it. */
struct source {
	struct source *next;
	size_t n;
	char text[];
};

struct ini {
	struct source *sources;		/* owned */
	struct ini_entry *entries;	/* owned */
	size_t count, size;
	const char *warnings[INI_MAX_WARNINGS + 1];
	size_t warning_count;
	struct arena arena;		/* file names and warnings */
};

/* Where in a file we are. */
struct ini_reader {
	struct ini *ini;
	enum ini_file kind;
	const char *file;
	unsigned line;
	struct err *err;

	bool in_section;	/* a header was seen */
	bool skip_section;	/* ... of a section to be skipped */
	struct ini_entry section;

	bool in_property;
	bool skip_property;
	bool nested;		/* its value was empty: sub-properties follow */
	size_t indent;		/* of its name */
	struct ini_entry property;

	size_t first;		/* entry of this file */
	bool prefixed_default;	/* [profile default] was seen */
};

struct ini *ini_new(void)
{
	struct ini *ini = calloc(1, sizeof(*ini));

	if (ini)
		arena_init(&ini->arena, NAMES_MAX);
	return ini;
}

void ini_free(struct ini *ini)
{
	struct source *next;

	if (!ini)
		return;
	for (struct source *source = ini->sources; source; source = next) {
		next = source->next;
		explicit_bzero(source->text, source->n);
		free(source);
	}
	free(ini->entries);
	arena_free(&ini->arena);
	free(ini);
}

/* Text */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str trim(struct str s)
{
	return str_trim(s, " \t");
}

/*
 * The line without its comment.  In a header a comment may begin anywhere, in a
 * property only after white space.
 */
static struct str without_comment(struct str line, bool anywhere)
{
	for (size_t i = 0; i < line.n; i++) {
		bool here = anywhere || i == 0 || is_blank(line.p[i - 1]);

		if (here && (line.p[i] == '#' || line.p[i] == ';')) {
			line.n = i;
			break;
		}
	}
	return trim(line);
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("_-/.%@:+", c))))
			return false;
	}
	return s.n > 0;
}

/* Is it one name, or several with blanks between them? */
static bool is_words(struct str s)
{
	while (s.n > 0) {
		struct str word = str_next(&s, ' ');

		if (word.n > 0 && !is_name(word))
			return false;
	}
	return true;
}

/*
 * A name in quotes may hold blanks: AWS's command line tool writes
 * [profile "my name"].  The quotes are removed.
 */
static bool is_section_name(struct str *s)
{
	char quote = s->n > 2 ? s->p[0] : '\0';

	if ((quote != '"' && quote != '\'') || s->p[s->n - 1] != quote)
		return is_name(*s);
	s->p++;
	s->n -= 2;
	for (size_t i = 0; i < s->n; i++)
		if ((unsigned char)s->p[i] < ' ' || s->p[i] == quote)
			return false;
	return true;
}

/* To lower case, in place: the text is our own copy. */
static void fold(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			((char *)s.p)[i] = (char)(s.p[i] - 'A' + 'a');
}

/* Messages */

static int syntax(struct ini_reader *r, const char *why)
{
	return err_set(r->err, "InvalidConfig", "%s:%u: %s", r->file, r->line,
		       why);
}

static int no_memory(struct ini_reader *r)
{
	return err_set(r->err, ERR_MEMORY, "%s: out of memory", r->file);
}

static void warn(struct ini_reader *r, struct str what, const char *why)
{
	struct ini *ini = r->ini;

	if (ini->warning_count == INI_MAX_WARNINGS)
		return;
	ini->warnings[ini->warning_count] = arena_printf(
		&ini->arena, "%s:%u: [%.*s] %s", r->file, r->line,
		what.n > 128 ? 128 : (int)what.n, what.p, why);
	if (ini->warnings[ini->warning_count])
		ini->warning_count++;
}

/* Entries */

static int add_entry(struct ini_reader *r, struct ini_entry entry)
{
	struct ini *ini = r->ini;

	if (ini->count == ini->size) {
		size_t size = ini->size ? 2 * ini->size : 64;
		struct ini_entry *entries =
			realloc(ini->entries, size * sizeof(*entries));

		if (!entries)
			return no_memory(r);
		ini->entries = entries;
		ini->size = size;
	}
	entry.file = r->file;
	entry.file_kind = r->kind;
	entry.line = r->line;
	ini->entries[ini->count++] = entry;
	return 0;
}

/* Split [prefix name]; without a blank there is no prefix. */
static struct str split_header(struct str inside, struct str *name)
{
	size_t i = 0;

	while (i < inside.n && !is_blank(inside.p[i]))
		i++;
	if (i == inside.n) {
		*name = inside;
		return STR_NONE;
	}
	*name = trim((struct str){ inside.p + i, inside.n - i });
	return (struct str){ inside.p, i };
}

/*
 * Why a section is skipped, or NULL and its kind.  In a credentials file the tool
 * writes [my name], without quotes.
 */
static const char *section_kind(const struct ini_reader *r, struct str prefix,
				struct str *name, enum ini_kind *kind)
{
	static const struct {
		const char *prefix;
		enum ini_kind kind;
	} kinds[] = {
		{ "profile", INI_PROFILE },
		{ "sso-session", INI_SSO_SESSION },
		{ "services", INI_SERVICES }
	};

	*kind = INI_PROFILE;
	if (!prefix.p) {
		if (r->kind == INI_CONFIG && !str_is(*name, "default"))
			return "passed over: not [profile NAME]";
		return is_section_name(name) ? NULL :
		       "passed over: not a valid name";
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_is(prefix, kinds[i].prefix))
			continue;
		if (r->kind == INI_CREDENTIALS)
			return "passed over: a credentials file has [NAME] "
			       "only";
		*kind = kinds[i].kind;
		return is_section_name(name) ? NULL :
		       "passed over: not a valid name";
	}
	if (r->kind == INI_CONFIG)
		return "passed over: not a kind of section known here";
	*name = (struct str){ prefix.p,
		(size_t)(name->p + name->n - prefix.p) };
	return is_words(*name) ? NULL : "passed over: not a valid name";
}

static int read_header(struct ini_reader *r, struct str line)
{
	struct str name, prefix, inside = without_comment(line, true);
	const char *why;

	if (inside.n < 2 || inside.p[inside.n - 1] != ']')
		return syntax(r, "Profile definition must end with ']'");
	inside = trim((struct str){ inside.p + 1, inside.n - 2 });
	prefix = split_header(inside, &name);
	r->in_section = true;
	r->in_property = false;
	memset(&r->section, 0, sizeof(r->section));
	why = section_kind(r, prefix, &name, &r->section.kind);
	r->skip_section = why != NULL;
	if (why) {
		warn(r, inside, why);
		return 0;
	}
	r->section.section = name;
	r->section.bare = r->kind == INI_CONFIG && !prefix.p;
	if (r->section.kind == INI_PROFILE && prefix.p &&
	    str_is(name, "default"))
		r->prefixed_default = true;
	return add_entry(r, r->section);
}

/* Split "name = value"; sub: it is a sub-property, for messages. */
static int split_property(struct ini_reader *r, struct str line, bool sub,
			  struct str *name, struct str *value)
{
	const char *equals;

	line = without_comment(line, false);
	equals = line.n > 0 ? memchr(line.p, '=', line.n) : NULL;
	if (!equals)
		return syntax(r, sub ?
			"Expected an '=' sign defining a sub-property" :
			"Expected an '=' sign defining a property");
	*name = trim((struct str){ line.p, (size_t)(equals - line.p) });
	*value = trim((struct str){ equals + 1,
		line.n - (size_t)(equals + 1 - line.p) });
	if (name->n == 0)
		return syntax(r, sub ? "Sub-property did not have a name" :
				       "Property did not have a name");
	return 0;
}

static int read_property(struct ini_reader *r, struct str line, size_t indent)
{
	struct ini_entry *property = &r->property;

	if (!r->in_section)
		return syntax(r, "Expected a profile definition");
	*property = r->section;
	if (split_property(r, line, false, &property->name,
			   &property->value) < 0)
		return -1;
	r->in_property = true;
	r->indent = indent;
	r->nested = property->value.n == 0;
	r->skip_property = r->skip_section || !is_name(property->name);
	if (r->skip_property) {
		if (!r->skip_section)
			warn(r, r->section.section,
			     "property passed over: not a valid name");
		return 0;
	}
	fold(property->name);
	return add_entry(r, *property);
}

static int read_sub_property(struct ini_reader *r, struct str line)
{
	struct ini_entry entry = r->property;

	if (split_property(r, line, true, &entry.name, &entry.value) < 0)
		return -1;
	if (r->skip_property)
		return 0;
	fold(entry.name);
	entry.parent = r->property.name;
	return add_entry(r, entry);
}

/*
 * Another line of a value.  It is moved up to the end of the value, over the
 * line end, blanks and comments between.
 */
static int continue_value(struct ini_reader *r, struct str line)
{
	struct str *value;
	char *end;

	if (r->skip_property)
		return 0;
	value = &r->ini->entries[r->ini->count - 1].value;
	end = (char *)value->p + value->n;
	*end = '\n';
	memmove(end + 1, line.p, line.n);
	value->n += 1 + line.n;
	return 0;
}

/*
 * An indented line continues a property that is less indented.  If there is no
 * such property, it is an indented property or header, which AWS's command line
 * tool accepts too.
 */
static int read_indented(struct ini_reader *r, struct str line, size_t indent)
{
	if (r->in_property && indent > r->indent)
		return r->nested ? read_sub_property(r, line) :
				   continue_value(r, line);
	if (line.p[0] == '[')
		return read_header(r, line);
	if (!r->in_section)
		return syntax(r, "Expected a profile definition");
	if (!memchr(line.p, '=', line.n))
		return syntax(r, "Expected a property definition, "
				 "found continuation");
	return read_property(r, line, indent);
}

static int read_line(struct ini_reader *r, struct str line)
{
	size_t indent = 0;

	r->line++;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	while (indent < line.n && is_blank(line.p[indent]))
		indent++;
	line = trim(line);
	if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
		return 0;
	if (indent > 0)
		return read_indented(r, line, indent);
	if (line.p[0] == '[')
		return read_header(r, line);
	return read_property(r, line, 0);
}

/* [profile default] takes the place of all [default] in the same file. */
static void drop_bare_default(struct ini_reader *r)
{
	struct ini *ini = r->ini;
	size_t kept = r->first;

	for (size_t i = r->first; i < ini->count; i++)
		if (!ini->entries[i].bare)
			ini->entries[kept++] = ini->entries[i];
	ini->count = kept;
}

/* A copy of text that the entries can point into. */
static struct source *add_source(struct ini *ini, struct str text)
{
	struct source *source = malloc(sizeof(*source) + text.n + 1);

	if (!source)
		return NULL;
	source->n = text.n;
	if (text.n > 0)
		memcpy(source->text, text.p, text.n);
	source->next = ini->sources;
	ini->sources = source;
	return source;
}

int ini_add(struct ini *ini, enum ini_file kind, const char *name,
	    struct str text, struct err *err)
{
	struct ini_reader r = { .ini = ini, .kind = kind, .file = name,
				.err = err, .first = ini->count };
	struct source *source;
	struct str rest;
	int status = 0;

	if (text.n > INI_MAX_TEXT)
		return err_set(err, "InvalidConfig",
			       "%s: larger than %d bytes", name, INI_MAX_TEXT);
	r.file = arena_dup(&ini->arena, str_of(name)).p;
	source = r.file ? add_source(ini, text) : NULL;
	if (!source)
		return err_set(err, ERR_MEMORY, "%s: out of memory", name);
	rest = (struct str){ source->text, source->n };
	if (str_has_prefix(rest, STR("\xEF\xBB\xBF"))) {
		rest.p += 3;
		rest.n -= 3;
	}
	while (status == 0 && rest.n > 0)
		status = read_line(&r, str_next(&rest, '\n'));
	if (r.prefixed_default)
		drop_bare_default(&r);
	return status;
}

/* Looking up */

static bool is_in(const struct ini_entry *entry, enum ini_kind kind,
		  struct str section)
{
	return entry->kind == kind && str_eq(entry->section, section);
}

bool ini_has_section(const struct ini *ini, enum ini_kind kind,
		     struct str section)
{
	for (size_t i = 0; i < ini->count; i++)
		if (is_in(&ini->entries[i], kind, section))
			return true;
	return false;
}

/* The last definition of a property that is not nested. */
static const struct ini_entry *find_property(const struct ini *ini,
					     enum ini_kind kind,
					     struct str section,
					     const char *name)
{
	for (size_t i = ini->count; i-- > 0;) {
		const struct ini_entry *entry = &ini->entries[i];

		if (!entry->parent.p && str_is(entry->name, name) &&
		    is_in(entry, kind, section))
			return entry;
	}
	return NULL;
}

/* Sub-properties follow their property; a later property replaces them all. */
const struct ini_entry *ini_find(const struct ini *ini, enum ini_kind kind,
				 struct str section, const char *parent,
				 const char *name)
{
	const struct ini_entry *end = ini->entries + ini->count;
	const struct ini_entry *found = NULL;
	const struct ini_entry *entry =
		find_property(ini, kind, section, parent ? parent : name);

	if (!entry || !parent)
		return entry;
	while (++entry < end && entry->parent.p)
		if (str_is(entry->name, name))
			found = entry;
	return found;
}

const struct ini_entry *ini_entry_at(const struct ini *ini, size_t i)
{
	return i < ini->count ? &ini->entries[i] : NULL;
}

const char *ini_warning(const struct ini *ini, size_t i)
{
	return i < ini->warning_count ? ini->warnings[i] : NULL;
}
