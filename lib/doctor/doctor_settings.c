/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen without a network. */
#include "doctor/doctor_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/check.h"
#include "check/check_option.h"
#include "doctor/doctor_program.h"
#include "io/sandbox.h"
#include "io/spawn.h"
#include "processor/processor_option.h"
#include "record/record.h"
#include "record/record_fault.h"

enum { WORDS_MAX = 128, SAID_MAX = 512, MIB = 1 << 20, ROOM_MIN = 512 /* MiB */ };

/* Buckets */

static void look_at_name(struct doctor *doctor, const char *variable,
			 const char *check, const char *value)
{
	const char *mend = doctor_text(doctor, "set %s to the name alone",
				       variable);

	if (!doctor_is_set(value))
		doctor_tell(doctor, DOCTOR_BAD, check,
			    doctor_text(doctor, "set it to a bucket"),
			    "%s is not set", variable);
	else if (!record_is_bucket(str_of(value)))
		doctor_tell(doctor, DOCTOR_BAD, check, mend,
			    "%s is no bucket's name: %s", variable, value);
	else
		doctor_tell(doctor, DOCTOR_OK, check, NULL, "%s is %s",
			    variable, value);
}

/* Objects that are written where events come from are events again. */
static void look_for_loop(struct doctor *doctor, const char *variable,
			  const char *bucket)
{
	struct allowed sources;

	allowed_init(&sources, doctor->setup.sources);
	/* At another endpoint, a bucket of that name is another one. */
	if ((doctor->setup.target && doctor->setup.target->s3_endpoint) ||
	    !doctor_is_set(bucket) ||
	    !allowed_is_named(&sources, str_of(bucket)))
		return;
	if (doctor_has_option(doctor->setup.route_options, "--source-prefix"))
		doctor_tell(doctor, DOCTOR_WARN, "settings.loop", NULL,
			    "%s, %s, is in SOURCE_BUCKETS: only "
			    "--source-prefix keeps copies from being events",
			    variable, bucket);
	else
		doctor_tell(doctor, DOCTOR_BAD, "settings.loop",
			    "copy to another bucket, or see --source-prefix "
			    "in s3route(1)",
			    "%s, %s, is in SOURCE_BUCKETS: copies would be "
			    "events again", variable, bucket);
}

static void look_at_sources(struct doctor *doctor)
{
	const char *rest = doctor->setup.sources;
	struct str name = allowed_next(&rest);

	if (!name.p && rest && *doctor->setup.sources)
		doctor_tell(doctor, DOCTOR_BAD, "settings.sources",
			    "set SOURCE_BUCKETS to the buckets that files "
			    "arrive in",
			    "SOURCE_BUCKETS has no names, so no bucket is "
			    "allowed");
	else if (!name.p)
		doctor_tell(doctor, DOCTOR_WARN, "settings.sources",
			    "set SOURCE_BUCKETS to the buckets that files "
			    "arrive in",
			    "SOURCE_BUCKETS is not set: events may name any "
			    "bucket");
	for (; name.p; name = allowed_next(&rest))
		if (!record_is_bucket(name))
			doctor_tell(doctor, DOCTOR_BAD, "settings.sources",
				    "set SOURCE_BUCKETS to names alone, "
				    "between blanks or commas",
				    "no bucket's name: %.*s", STR_FMT(name));
}

static void look_at_names(struct doctor *doctor)
{
	const struct doctor_setup *setup = &doctor->setup;

	look_at_name(doctor, "PROCESSED_BUCKET", "settings.processed",
		     setup->processed);
	look_at_name(doctor, "BAD_DATA_BUCKET", "settings.bad-data",
		     setup->bad_data);
	if (doctor_is_set(setup->processed) && doctor_is_set(setup->bad_data) &&
	    strcmp(setup->processed, setup->bad_data) == 0 &&
	    !doctor_has_option(setup->route_options, "--bad-template"))
		doctor_tell(doctor, DOCTOR_BAD, "settings.differ",
			    "give bad data a bucket of its own, or keys, see "
			    "--bad-template in s3route(1)",
			    "PROCESSED_BUCKET and BAD_DATA_BUCKET are the "
			    "same: %s", setup->processed);
	look_at_sources(doctor);
	look_for_loop(doctor, "PROCESSED_BUCKET", setup->processed);
	look_for_loop(doctor, "BAD_DATA_BUCKET", setup->bad_data);
}

/* Options, which the tools themselves know best */

/*
 * An option that no tool has, and no path to a file that could be made.  The
 * tool refuses it when it has read all that stands before it, and does nothing.
 */
#define NO_OPTION "--s3ev-doctor/none"

static bool is_refused_last(struct doctor *doctor, const char *tool,
			    struct str line)
{
	return str_is(line, doctor_text(doctor, "%s: unknown option " NO_OPTION
					"; see %s --help", tool, tool));
}

static void tell_options(struct doctor *doctor, const char *variable,
			 const char *tool, int status, const char *said)
{
	struct str rest = str_of(said);
	struct str line = str_next(&rest, '\n');

	if (status == EX_USAGE && is_refused_last(doctor, tool, line))
		doctor_tell(doctor, DOCTOR_OK, "settings.options", NULL,
			    "%s suits %s", variable, tool);
	else if (status == EX_OK)
		doctor_tell(doctor, DOCTOR_BAD, "settings.options",
			    doctor_text(doctor, "see %s --help", tool),
			    "%s: the last option lacks its argument, or one "
			    "asks for help or the version: %s would do nothing",
			    variable, tool);
	else if (status == 127)
		doctor_tell(doctor, DOCTOR_BAD, "settings.options",
			    "install it, or put it into PATH",
			    "%s cannot be found", tool);
	else
		doctor_tell(doctor, DOCTOR_BAD, "settings.options",
			    strstr(said, "--help") ? NULL :
			    doctor_text(doctor, "see %s --help", tool),
			    "%s: %.*s", variable, STR_FMT(line));
}

/* getopt_long(3) stops at the first word that is no option then, and so do we. */
static pid_t spawn_in_order(const struct spawn_plan *plan,
			    int ours[SPAWN_FDS_MAX])
{
	bool was_set = getenv("POSIXLY_CORRECT") != NULL;
	pid_t pid;
	int why;

	setenv("POSIXLY_CORRECT", "1", 0);
	pid = spawn(plan, ours);
	why = errno;
	if (!was_set)
		unsetenv("POSIXLY_CORRECT");
	errno = why;
	return pid;
}

/* Splits words in place. */
static void look_at_options(struct doctor *doctor, const char *variable,
			    const char *tool, const char *value)
{
	const char *argv[WORDS_MAX + 3] = { tool };
	struct spawn_plan plan = {
		.argv = argv,
		.fds = { { SPAWN_NULL, 0 }, { SPAWN_NULL, 0 },
			 { SPAWN_READ, 0 } },
		.n_fds = 3,
	};
	struct str rest = str_of(value), word;
	char said[SAID_MAX];
	int ours[SPAWN_FDS_MAX], status;
	size_t n = 1;
	pid_t pid;

	if (!doctor_is_set(value))
		return;
	while (n <= WORDS_MAX && (word = doctor_word(&rest)).p)
		argv[n++] = arena_dup(&doctor->arena, word).p;
	argv[n] = NO_OPTION;
	pid = spawn_in_order(&plan, ours);
	if (pid < 0 ||
	    doctor_program_end(pid, ours[2], said, sizeof(said), &status) < 0)
		doctor_tell(doctor, DOCTOR_SKIP, "settings.options", NULL,
			    "%s: %s", variable, strerror(errno));
	else
		tell_options(doctor, variable, tool, status, said);
}

static void look_at_all_options(struct doctor *doctor)
{
	const struct doctor_setup *setup = &doctor->setup;

	look_at_options(doctor, "SPLIT_OPTIONS", "s3ev-split",
			setup->split_options);
	look_at_options(doctor, "FETCH_OPTIONS", "s3fetch",
			setup->fetch_options);
	look_at_options(doctor, "CHECKS", "s3check", setup->checks);
	look_at_options(doctor, "ROUTE_OPTIONS", "s3route",
			setup->route_options);
	look_at_options(doctor, "RECORD_OPTIONS", "ddb-record",
			setup->record_options);
}

/* The processor */

/*
 * Does anything in these options of s3check decide?  What is wrong with them has
 * been told already.
 */
static bool has_check(struct doctor *doctor, const char *checks)
{
	static const char letters[] = ":j:z" PROCESSOR_OPTION_LETTERS;
	/* Only these can decide; the others are passed over. */
	static const struct option words[] = {
		CHECK_OPTION_WORDS,
		{ "processor", required_argument, NULL,
		  PROCESSOR_OPTION_COMMAND },
		{ "worker", required_argument, NULL, PROCESSOR_OPTION_WORKER },
		{ NULL, 0, NULL, 0 }
	};
	struct check_rules rules = CHECK_RULES;
	struct str rest = str_of(checks), word;
	char *argv[WORDS_MAX + 2] = { NULL };
	int argc = 1, option;

	while (argc <= WORDS_MAX && (word = doctor_word(&rest)).p &&
	       (argv[argc] = (char *)(size_t)
			     arena_dup(&doctor->arena, word).p))
		argc++;
	optind = 0; /* begin anew */
	while ((option = getopt_long(argc, argv, letters, words, NULL)) != -1) {
		if (option == PROCESSOR_OPTION_COMMAND ||
		    option == PROCESSOR_OPTION_WORKER)
			return true;
		if (check_option_is(option))
			(void)check_option_take(&rules, option, optarg);
	}
	return check_has_any(&rules);
}

static void look_at_processor(struct doctor *doctor)
{
	const char *processor = doctor->setup.processor;
	struct err err;

	if (!processor)
		doctor_tell(doctor, DOCTOR_WARN, "settings.processor",
			    "set PROCESSOR, or set it empty if there is none",
			    "PROCESSOR is not set: pipelines/process takes "
			    "the one that lies beside it, if any");
	else if (processor[0] == '\0' && !has_check(doctor, doctor->setup.checks))
		doctor_tell(doctor, DOCTOR_WARN, "settings.processor",
			    "set PROCESSOR or CHECKS",
			    "there is neither a processor nor a check: every "
			    "object is good");
	else if (processor[0] == '\0')
		doctor_tell(doctor, DOCTOR_OK, "settings.processor", NULL,
			    "none: the checks alone decide");
	else if (doctor_program_check(processor, &err) < 0)
		doctor_tell(doctor, DOCTOR_BAD, "settings.processor",
			    "see s3ev-processor(7)", "%s", err.message);
	else
		doctor_tell(doctor, DOCTOR_OK, "settings.processor", NULL,
			    "%s can be run", processor);
}

static void look_at_sandbox(struct doctor *doctor)
{
	int version = sandbox_version();

	if (version > 0)
		doctor_tell(doctor, DOCTOR_OK, "settings.sandbox", NULL,
			    "Landlock, version %d", version);
	else
		doctor_tell(doctor, DOCTOR_WARN, "settings.sandbox",
			    "see s3ev-security(7)",
			    "this kernel has no Landlock: processors can read "
			    "what this user can read");
}

/* Room */

/* A directory is made, as the pipeline does, and a file in it with a byte. */
static bool can_hold(const char *dir)
{
	char made[PATH_MAX], file[PATH_MAX + sizeof("/file")];
	bool holds;
	int fd, why;

	(void)snprintf(made, sizeof(made), "%s/s3ev.XXXXXX", dir);
	if (!mkdtemp(made))
		return false;
	(void)snprintf(file, sizeof(file), "%s/file", made);
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	holds = fd >= 0 && write(fd, "x", 1) == 1;
	why = errno;
	if (fd >= 0)
		close(fd);
	(void)unlink(file);
	(void)rmdir(made);
	errno = why;
	return holds;
}

static void look_at_tmpdir(struct doctor *doctor)
{
	const char *dir = doctor->setup.tmpdir;
	unsigned long long room;
	struct statvfs fs;

	if (!doctor_is_set(dir))
		dir = "/tmp";
	if (!can_hold(dir) || statvfs(dir, &fs) < 0) {
		doctor_tell(doctor, DOCTOR_BAD, "settings.tmpdir",
			    "set TMPDIR to a directory with room that can be "
			    "written to",
			    "%s: %s", dir, strerror(errno));
		return;
	}
	room = (unsigned long long)fs.f_bavail * fs.f_frsize / MIB;
	if (room < ROOM_MIN)
		doctor_tell(doctor, DOCTOR_WARN, "settings.tmpdir",
			    "set TMPDIR to where there is more",
			    "%s has room for %llu MiB: larger objects fail",
			    dir, room);
	else
		doctor_tell(doctor, DOCTOR_OK, "settings.tmpdir", NULL,
			    "%s has room for %llu MiB", dir, room);
}

void doctor_settings(struct doctor *doctor)
{
	look_at_names(doctor);
	look_at_processor(doctor);
	look_at_all_options(doctor);
	look_at_tmpdir(doctor);
	look_at_sandbox(doctor);
}
