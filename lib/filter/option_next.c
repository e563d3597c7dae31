/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* getopt_long */
#include "filter/option_next.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"
#include "filter/say.h"

enum { LETTERS_MAX = 80, LINE_MAX_BYTES = 64 << 10 };

/* "--name" of "--name=value"; absent for other arguments. */
static struct str name_of(const char *arg)
{
	if (strncmp(arg, "--", 2) != 0)
		return STR_NONE;
	return (struct str){ arg + 2, strcspn(arg + 2, "=") };
}

static bool begins(const struct option *word, struct str name)
{
	return str_has_prefix(str_of(word->name), name);
}

static unsigned count_words(const struct option *words, struct str name)
{
	unsigned n = 0;

	for (; words->name; words++)
		n += begins(words, name);
	return n;
}

/*
 * The word that has got an argument and takes none, or NULL.  A letter that is
 * wrong has at most a word before it that was right.
 */
static const struct option *overfed(const char *arg, const struct option *words)
{
	struct str name = name_of(arg);

	if (optopt == 0 || !name.p || name.p[name.n] == '\0')
		return NULL;
	for (; words->name; words++)
		if (words->val == optopt && words->has_arg == no_argument &&
		    begins(words, name))
			return words;
	return NULL;
}

static void put_word(struct buf *line, struct str name)
{
	buf_puts(line, "--");
	diag_put(line, name);
}

static void put_possible(struct buf *line, const struct option *words,
			 struct str name)
{
	const char *between = " may be ";

	put_word(line, name);
	for (; words->name; words++) {
		if (!begins(words, name))
			continue;
		buf_printf(line, "%s--%s", between, words->name);
		between = " or ";
	}
}

static void put_letter(struct buf *line)
{
	char letter = (char)optopt;

	buf_putc(line, '-');
	diag_put(line, (struct str){ &letter, 1 });
}

static void put_lacking(struct buf *line, const char *arg)
{
	struct str name = name_of(arg);

	if (name.p)
		put_word(line, name);
	else
		put_letter(line);
	buf_puts(line, " needs an argument");
}

static void put_unknown(struct buf *line, const char *arg)
{
	buf_puts(line, "unknown option ");
	if (optopt == 0)
		put_word(line, name_of(arg));
	else
		put_letter(line);
}

static void say_fault(const char *tool, int c, const char *arg,
		      const struct option *words)
{
	const struct option *word = overfed(arg, words);
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	if (c == ':')
		put_lacking(&line, arg);
	else if (word)
		buf_printf(&line, "--%s takes no argument", word->name);
	else if (optopt == 0 && count_words(words, name_of(arg)) > 1)
		put_possible(&line, words, name_of(arg));
	else
		put_unknown(&line, arg);
	buf_printf(&line, "; see %s --help", tool);
	say_line(tool, line.failed ? STR("an option too long to be one") :
				     buf_str(&line));
	buf_free(&line);
}

int option_next(const char *tool, int argc, char **argv, const char *letters,
		const struct option *words)
{
	bool stops = letters[0] == '+';
	char with_colon[LETTERS_MAX];
	int c;

	snprintf(with_colon, sizeof(with_colon), "%s:%s", stops ? "+" : "",
		 letters + stops);
	opterr = 0;
	optopt = 0;
	c = getopt_long(argc, argv, with_colon, words, NULL);
	if (c != ':' && c != '?')
		return c;
	say_fault(tool, c, argv[optind - 1], words);
	return '?';
}
