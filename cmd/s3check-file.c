/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3check-file: the built-in checks of s3check for local files.
 *
 * A processor can call it, so it speaks as a processor must: see
 * s3ev-processor(7).
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "check/check.h"
#include "check/check_option.h"
#include "filter/help.h"
#include "filter/option_next.h"
#include "filter/say.h"

/* Exit statuses of a processor; UNKNOWN says nothing about the data. */
enum { GOOD = 0, BAD = 1, UNKNOWN = EX_TEMPFAIL };

enum { PIECE_SIZE = 128 << 10, MEMORY_MAX = 64 << 20, LINE_MAX_SIZE = 16 << 10 };

static const char usage[] =
	"s3check-file: decide whether files are good or bad\n"
	"usage: s3check-file [-hV] [--allow-bom] [--csv[=COLUMNS]]\n"
	"                    [--delimiter CHAR] [--gzip] [--json]\n"
	"                    [--max-size BYTES] [--min-size BYTES] [--ndjson]\n"
	"                    [--utf8] [FILE...]\n"
	"\n"
	"      --allow-bom       JSON may begin with a byte order mark\n"
	"      --csv[=COLUMNS]   CSV with the same number of fields in each row\n"
	"      --delimiter CHAR  of CSV: one character, tab, or auto (,)\n"
	"      --gzip            a whole gzip file\n"
	"      --json            one JSON value\n"
	"      --max-size BYTES  the largest size that is good; K, M, G and T work\n"
	"      --min-size BYTES  the smallest\n"
	"      --ndjson          one JSON value on each line\n"
	"      --utf8            text in UTF-8\n"
	"  -h, --help            print this text\n"
	"  -V, --version         print the version\n";

/*
 * Say what is wrong.  For standard input, name is NULL and the line is the
 * reason alone: it is then the reason of the processor that called us.
 */
static void say(const char *name, struct str what)
{
	struct buf line;

	buf_init(&line, LINE_MAX_SIZE);
	if (name) {
		diag_put(&line, str_of(name));
		buf_puts(&line, ": ");
	}
	diag_put(&line, what);
	say_line(NULL, buf_str(&line));
	buf_free(&line);
}

static ssize_t read_piece(int fd, char *piece)
{
	ssize_t n;

	do
		n = read(fd, piece, PIECE_SIZE);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Read to the end or to the first fault, and say what it is. */
static int look(struct checks *checks, const char *name, int fd)
{
	char piece[PIECE_SIZE];
	ssize_t n;

	while ((n = read_piece(fd, piece)) > 0)
		if (checks_update(checks, piece, (size_t)n) < 0)
			break;
	if (n < 0) {
		say(name, str_of(strerror(errno)));
		return UNKNOWN;
	}
	if (n == 0 && checks_end(checks) == 0)
		return GOOD;
	if (str_is(checks->bad.code, ERR_MEMORY)) {
		say(name, STR("out of memory"));
		return UNKNOWN;
	}
	say(name, checks->bad.reason);
	return BAD;
}

static int check(const struct check_rules *rules, const char *name, int fd)
{
	const struct record nothing = { .fetch_path = STR_NONE };
	struct arena arena;
	struct checks checks;
	struct err err;
	int status = UNKNOWN;

	arena_init(&arena, MEMORY_MAX);
	if (checks_begin(&checks, rules, check_kinds(rules, &nothing), &nothing,
			 &arena, &err) == 0)
		status = look(&checks, name, fd);
	else
		say(name, str_of(err.message));
	checks_free(&checks);
	arena_free(&arena);
	return status;
}

static int check_file(const struct check_rules *rules, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), status;

	if (fd < 0) {
		say(name, str_of(strerror(errno)));
		return UNKNOWN;
	}
	status = check(rules, name, fd);
	close(fd);
	return status;
}

static int check_files(const struct check_rules *rules, char **names)
{
	int status = GOOD;

	for (; *names; names++) {
		int one = check_file(rules, *names);

		if (one > status)
			status = one;
	}
	return status;
}

/* Take one option.  Returns -1 to go on, or the exit status. */
static int take(struct check_rules *rules, int option)
{
	const char *what;

	if (option == 'h')
		return help_print(usage);
	if (option == 'V')
		return help_version("s3check-file");
	if (!check_option_is(option))
		return EX_USAGE;
	what = check_option_take(rules, option, optarg);
	if (!what)
		return -1;
	say_wrong("s3check-file", what, optarg);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "allow-bom", no_argument, NULL, CHECK_OPTION_BOM },
		{ "csv", optional_argument, NULL, CHECK_OPTION_CSV },
		{ "delimiter", required_argument, NULL, CHECK_OPTION_DELIMITER },
		{ "gzip", no_argument, NULL, CHECK_OPTION_GZIP },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, CHECK_OPTION_JSON },
		{ "max-size", required_argument, NULL, CHECK_OPTION_MAX_SIZE },
		{ "min-size", required_argument, NULL, CHECK_OPTION_MIN_SIZE },
		{ "ndjson", no_argument, NULL, CHECK_OPTION_NDJSON },
		{ "utf8", no_argument, NULL, CHECK_OPTION_UTF8 },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	struct check_rules rules = CHECK_RULES;
	int c, status = -1;

	while (status < 0 &&
	       (c = option_next("s3check-file", argc, argv, "hV", words)) != -1)
		status = take(&rules, c);
	if (status >= 0)
		return status;
	if (!check_has_any(&rules)) {
		say_line("s3check-file", STR("nothing to check, see --help"));
		return EX_USAGE;
	}
	return optind == argc ? check(&rules, NULL, STDIN_FILENO) :
				check_files(&rules, argv + optind);
}
