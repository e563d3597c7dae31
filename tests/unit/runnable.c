/* SPDX-License-Identifier: Apache-2.0 */
/* runnable: where PATH has a program, and where it has none. */
#include "processor/runnable.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char here[] = "/tmp/s3ev-runnable.XXXXXX";

static void put(const char *name, mode_t mode, const char *line)
{
	FILE *file = fopen(name, "w");

	if (!file || fprintf(file, "%s\n", line) < 0 || fclose(file) != 0 ||
	    chmod(name, mode) < 0)
		ok(false, "cannot write %s", name);
}

/*
 * Below here are bin/tool and bin/note, which is no program; other/tool is a
 * directory, and tool lies here as well.
 */
static void make_place(void)
{
	if (!mkdtemp(here) || chdir(here) < 0 || mkdir("bin", 0700) < 0 ||
	    mkdir("other", 0700) < 0 || mkdir("other/tool", 0700) < 0)
		ok(false, "cannot make %s", here);
	put("tool", 0700, "#!/bin/sh");
	put("bin/tool", 0700, "#!/bin/sh");
	put("bin/note", 0600, "#!/bin/sh");
}

static void remove_place(void)
{
	unlink("bin/note");
	unlink("bin/tool");
	unlink("tool");
	rmdir("other/tool");
	rmdir("other");
	rmdir("bin");
	if (chdir("/") == 0)
		rmdir(here);
}

/* H stands for here; what is found begins there, or "" if nothing is. */
static const struct {
	const char *path, *name, *found, *what;
} table[] = {
	{ "H/bin", "tool", "/bin/tool", "a program" },
	{ "H/no:H/bin:H", "tool", "/bin/tool", "the first one counts" },
	{ "H/other:H/bin", "tool", "/bin/tool", "a directory is none" },
	{ "H/other", "tool", "", "nor is it alone" },
	{ "H/bin", "note", "", "what may not be executed is none" },
	{ "", "tool", "", "an empty PATH names no place" },
	{ ":H/no", "tool", "", "nor does an empty entry" },
	{ "H/no:", "tool", "", "or a colon at the end" },
	{ "bin", "tool", "", "or a relative entry" },
	{ "bin::H/bin:", "tool", "/bin/tool", "what is behind them counts" },
};

static void set_path(const char *text)
{
	char path[256];
	size_t n = 0;

	for (; *text; text++)
		n += (size_t)snprintf(path + n, sizeof(path) - n, "%.*s",
				      *text == 'H' ? (int)sizeof(here) : 1,
				      *text == 'H' ? here : text);
	path[n] = '\0';
	setenv("PATH", path, 1);
}

static const struct {
	const char *line;
	bool runs;
} lines[] = {
	{ "#!/bin/sh", true },
	{ "#! /bin/sh -e", true },
	{ "#!\t/bin/sh\t-e", true },
	{ "#!/no/sh", false },
	{ "#!/usr/bin/env sh", true },
	{ "#!/usr/bin/env\tsh", true },
	{ "#!/usr/bin/env  -S\tA=b sh -e", true },
	{ "#!/usr/bin/env no-such-program", false },
	{ "#!/usr/bin/env /bin/sh", true },
	{ "#!/usr/bin/env -S /bin/sh -e", true },
	{ "#!/usr/bin/env /no/sh", false },
	{ "#!/usr/bin/env bin/tool", false },
};

/* The interpreter of a script has to be there. */
static void test_lines(void)
{
	struct err err;

	setenv("PATH", "/usr/bin:/bin", 1);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		put("tool", 0700, lines[i].line);
		ok((runnable_check("./tool", &err) == 0) == lines[i].runs,
		   "%s %s", lines[i].line, lines[i].runs ? "runs" : "does not");
	}
}

int main(void)
{
	char path[PATH_MAX], line[RUNNABLE_LINE_SIZE];
	struct err err;

	make_place();
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		bool found;

		set_path(table[i].path);
		found = runnable_find(str_of(table[i].name), path);
		ok(found == (table[i].found[0] != '\0') &&
		   (!found || strcmp(path + strlen(here),
				     table[i].found) == 0),
		   "PATH=%s: %s", table[i].path, table[i].what);
		ok((runnable_check(table[i].name, &err) == 0) == found,
		   "the check says the same");
	}
	unsetenv("PATH");
	ok(runnable_find(STR("sh"), path) && runnable_check("sh", &err) == 0,
	   "without PATH the system's programs are found");
	ok(!runnable_find(STR("tool"), path), "and what lies here is not");
	runnable_read_line("tool", line);
	ok(strcmp(line, "#!/bin/sh") == 0, "a first line");
	test_lines();
	remove_place();
	return done();
}
