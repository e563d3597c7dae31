/* SPDX-License-Identifier: Apache-2.0 */
/* spool: only a record's own files are removed with it. */
#include "fetch/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static struct arena arena;

static const struct {
	const char *path, *id;
	bool is_of;
} paths[] = {
	{ "/tmp/s3ev-0a1b-7-1", "0a1b", true },
	{ "./s3ev-0a1b-", "0a1b", true },
	{ "/tmp/s3ev-a-b-1", "a-b", true },
	{ "/tmp/s3ev-0a1b", "0a1b", false },
	{ "/tmp/s3ev-0a1b2-1", "0a1b", false },
	{ "/tmp/s3ev-0a1-1", "0a1b", false },
	{ "/tmp/other-0a1b-1", "0a1b", false },
	{ "/tmp/s3ev-0a1b-1/passwd", "0a1b", false },
	{ "/tmp/.s3ev-0a1b-1", "0a1b", false },
	{ "s3ev-0a1b-1", "0a1b", false },
	{ "/tmp/s3ev--1", "", false },
	{ "/", "0a1b", false },
	{ "", "0a1b", false },
};

static void test_names(void)
{
	char *path = spool_path(&arena, "/var/spool", STR("0a1b"), "out.1");

	is(path, strlen(path), "/var/spool/s3ev-0a1b-out.1", "a name");
	ok(spool_path_is_of(path, STR("0a1b")) &&
	   !spool_path_is_of(path, STR("0a1c")), "is that of its record");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		ok(spool_path_is_of(paths[i].path, str_of(paths[i].id)) ==
		   paths[i].is_of, "%s is %sone of %s", paths[i].path,
		   paths[i].is_of ? "" : "not ", paths[i].id);
	ok(!spool_path_is_of("/tmp/s3ev--1", STR_NONE), "no id has no files");
}

static char *make(const char *directory, const char *id)
{
	char *path = spool_path(&arena, directory, str_of(id), "1");
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	close(fd);
	return path;
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static void test_remove(void)
{
	char directory[] = "/tmp/s3ev-unit.XXXXXX";
	char *fetched, *output;
	struct record r = { .id = STR("r1") };

	if (!mkdtemp(directory)) {
		ok(false, "a directory is made");
		return;
	}
	fetched = make(directory, "r1");
	output = make(directory, "r2");
	r.fetch_path = str_of(fetched);
	r.output_path = str_of(output);
	spool_remove(&r);
	ok(!exists(fetched), "what was fetched for the record is removed");
	ok(exists(output), "a file that is not the record's stays");
	r.id = STR("r2");
	spool_remove(&r);
	ok(!exists(output), "so is its output");
	r.fetch_path = r.output_path = STR_NONE;
	spool_remove(&r);
	ok(rmdir(directory) == 0, "and nothing where there is no path");
}

int main(void)
{
	arena_init(&arena, 1 << 16);
	test_names();
	test_remove();
	arena_free(&arena);
	return done();
}
