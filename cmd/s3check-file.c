/* SPDX-License-Identifier: Apache-2.0 */
/* s3check-file: are files good?  The built-in checks, for processors. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "check.h"
#include "check_option.h"
#include "diag.h"
#include "help.h"

/* A processor's words: 75 is for what says nothing about the data. */
enum { GOOD = 0, BAD = 1, UNKNOWN = EX_TEMPFAIL };

enum { PIECE_SIZE = 128 << 10, MEMORY_MAX = 64 << 20, LINE_MAX_SIZE = 16 << 10 };

static const char usage[] =
	"usage: s3check-file [-hV] [--csv[=COLUMNS]] [--gzip] [--json]\n"
	"                    [--max-size BYTES] [--min-size BYTES] [--ndjson]\n"
	"                    [--utf8] [FILE...]\n"
	"\n"
	"      --csv[=COLUMNS]   CSV, as many fields in each row\n"
	"      --gzip            a whole gzip file\n"
	"      --json            one JSON value\n"
	"      --max-size BYTES  files may not be larger,\n"
	"      --min-size BYTES  nor smaller; K, M, G and T are understood\n"
	"      --ndjson          one JSON value on each line\n"
	"      --utf8            text in UTF-8\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

/* The reason alone of standard input, since a processor's is read by programs. */
static void say(const char *name, struct str what)
{
	struct buf line;

	buf_init(&line, LINE_MAX_SIZE);
	if (name) {
		diag_put(&line, str_of(name));
		buf_puts(&line, ": ");
	}
	diag_put(&line, what);
	fprintf(stderr, "%.*s\n", STR_FMT(buf_str(&line)));
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

/* To the end, or to the first fault. */
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
	if (str_is(checks->bad.code, "OutOfMemory")) {
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

/* -1 to go on, or the exit status. */
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
	fprintf(stderr, "s3check-file: %s: %s\n", optarg, what);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "csv", optional_argument, NULL, CHECK_OPTION_CSV },
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

	while (status < 0 && (c = getopt_long(argc, argv, "hV", words, NULL)) != -1)
		status = take(&rules, c);
	if (status >= 0)
		return status;
	if (!check_has_any(&rules)) {
		fputs("s3check-file: nothing to check, see --help\n", stderr);
		return EX_USAGE;
	}
	return optind == argc ? check(&rules, NULL, STDIN_FILENO) :
				check_files(&rules, argv + optind);
}
