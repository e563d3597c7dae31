/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-doctor: say whether the pipeline will work in this environment.
 *
 * Settings first, without a network; then credentials, buckets and the ledger.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/harden.h"
#include "doctor/doctor_account.h"
#include "doctor/doctor_bucket.h"
#include "doctor/doctor_queue.h"
#include "doctor/doctor_round.h"
#include "doctor/doctor_settings.h"
#include "doctor/doctor_table.h"
#include "filter/help.h"
#include "filter/option_next.h"
#include "filter/say.h"
#include "filter/target_option.h"
#include "format/json_write.h"
#include "s3/s3_option.h"

enum { OUT_MAX = 1 << 20 };

static const char name[] = "s3ev-doctor";

static const char usage[] =
	"s3ev-doctor: say whether the pipeline will work in this environment\n"
	"usage: s3ev-doctor [-hjqV] [--write] [OPTION]...\n"
	"\n"
	"  -j, --json                  print a JSON object a line\n"
	"  -q, --quiet                 print only what is not well\n"
	"      --write                 send an object below .s3ev-doctor/ through\n"
	"                              the filters, and remove it again\n"
	S3_OPTION_USAGE
	"  -h, --help; -V, --version   print this text; print the version\n";

struct visit {
	struct doctor doctor;
	bool as_json, is_quiet, writes;
	bool has_failed;		/* stdout */
	bool is_unread;			/* because nobody reads it any more */
	struct target_options target;
	struct s3_quirks target_quirks;
};

static const char *const levels[DOCTOR_LEVELS] = {
	"ok", "skip", "warn", "bad"
};

/* Output */

static void put_json(struct buf *out, const struct doctor_finding *finding)
{
	buf_putc(out, '{');
	json_member(out, "level", str_of(levels[finding->level]));
	json_member(out, "check", str_of(finding->check));
	json_member(out, "what", str_of(finding->what));
	json_member(out, "mend", str_of(finding->mend));
	buf_puts(out, "}\n");
}

static void put_text(struct buf *out, const struct doctor_finding *finding)
{
	buf_printf(out, "%-5s %-19s ", levels[finding->level], finding->check);
	diag_put_line(out, str_of(finding->what));
	if (finding->mend) {
		buf_puts(out, "; ");
		diag_put_line(out, str_of(finding->mend));
	}
	buf_putc(out, '\n');
}

static void print(void *ctx, const struct doctor_finding *finding)
{
	struct visit *visit = ctx;
	struct buf out;

	if (visit->is_quiet && finding->level < DOCTOR_WARN)
		return;
	errno = 0;
	buf_init(&out, OUT_MAX);
	(visit->as_json ? put_json : put_text)(&out, finding);
	if (out.failed || fwrite(out.p, 1, out.n, stdout) != out.n ||
	    fflush(stdout) != 0)
		visit->has_failed = true;
	visit->is_unread |= visit->has_failed && errno == EPIPE;
	buf_free(&out);
}

/* The visit */

static void warn(void *ctx, const char *line)
{
	struct doctor *doctor = ctx;

	doctor_tell(doctor, DOCTOR_WARN, "settings.aws", NULL, "%s", line);
}

/* Where copies go, as s3route has it: its options, or the environment. */
static void read_target(struct visit *visit)
{
	static const struct {
		const char *word;
		int option;
	} table[] = {
		{ "--target-endpoint", TARGET_OPTION_ENDPOINT },
		{ "--target-profile", TARGET_OPTION_PROFILE },
		{ "--target-region", TARGET_OPTION_REGION },
		{ "--target-bucket-owner", TARGET_OPTION_OWNER },
	};
	struct doctor *doctor = &visit->doctor;

	visit->target = target_option_defaults();
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct str value = doctor_option(doctor->setup.route_options,
						 table[i].word);

		/* What is wrong with one, s3route says: settings.options. */
		if (value.n > 0)
			(void)target_option_take(&visit->target,
						 table[i].option,
						 doctor_text(doctor, "%.*s",
							     STR_FMT(value)));
	}
	doctor->setup.target = &visit->target.choice;
}

static void open_target(struct visit *visit)
{
	struct doctor *doctor = &visit->doctor;
	struct err err;

	if (!config_choice_is_set(&visit->target.choice))
		return;
	doctor->target.s3 = s3_option_elsewhere(&doctor->here.s3,
						visit->target.owner,
						&visit->target_quirks);
	doctor->target.aws = aws_new(doctor->loop, &visit->target.choice, warn,
				     doctor, &err);
	if (!doctor->target.aws)
		doctor_tell(doctor, DOCTOR_BAD, "settings.aws",
			    "see Another store in s3route(1)",
			    "the target: %s: %s", err.code, err.message);
}

static void look(struct visit *visit)
{
	struct doctor *doctor = &visit->doctor;
	struct err err;

	read_target(visit);
	doctor_settings(doctor);
	doctor->here.aws = aws_new(doctor->loop, NULL, warn, doctor, &err);
	if (!doctor->here.aws) {
		doctor_tell(doctor, DOCTOR_BAD, "settings.aws", "see s3ev-env",
			    "%s: %s", err.code, err.message);
		return;
	}
	open_target(visit);
	if (doctor_account(doctor) < 0)
		return;
	doctor_buckets(doctor);
	doctor_queue(doctor);
	doctor_table(doctor);
	if (visit->writes)
		doctor_round(doctor);
	else
		doctor_tell(doctor, DOCTOR_SKIP, "round", "see --write",
			    "no file is sent through, and no server asked what "
			    "it keeps of conditions");
}

static int status_of(const struct visit *visit)
{
	if (visit->has_failed)
		return EX_IOERR;
	if (visit->doctor.is_misset)
		return EX_CONFIG;
	return visit->doctor.is_unreachable ? EX_UNAVAILABLE : EX_OK;
}

static struct doctor_setup setup_of_environment(void)
{
	return (struct doctor_setup){
		.processed = getenv("PROCESSED_BUCKET"),
		.bad_data = getenv("BAD_DATA_BUCKET"),
		.sources = getenv("SOURCE_BUCKETS"),
		.table = getenv("RECORD_TABLE"),
		.queue = getenv("QUEUE_URL"),
		.processor = getenv("PROCESSOR"),
		.tmpdir = getenv("TMPDIR"),
		.checks = getenv("CHECKS"),
		.split_options = getenv("SPLIT_OPTIONS"),
		.fetch_options = getenv("FETCH_OPTIONS"),
		.route_options = getenv("ROUTE_OPTIONS"),
		.record_options = getenv("RECORD_OPTIONS"),
	};
}

static void take_option(struct visit *visit, int option)
{
	const char *what;

	switch (option) {
	case 'j':
		visit->as_json = true;
		break;
	case 'q':
		visit->is_quiet = true;
		break;
	case 'w':
		visit->writes = true;
		break;
	case 'h':
		exit(help_print(usage));
	case 'V':
		exit(help_version(name));
	case '?':
		exit(EX_USAGE);
	default:
		what = s3_option_take(&visit->doctor.here.s3, option, optarg);
		if (!what)
			break;
		say_wrong(name, what, optarg);
		exit(EX_USAGE);
	}
}

static void parse_options(struct visit *visit, int argc, char **argv)
{
	static const struct option words[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "write", no_argument, NULL, 'w' },
		S3_OPTION_WORDS,
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	const char *what;
	int c;

	while ((c = option_next(name, argc, argv, "jqhV", words)) != -1)
		take_option(visit, c);
	if (optind < argc) {
		say_wrong(name, "no arguments are taken", argv[optind]);
		exit(EX_USAGE);
	}
	what = s3_option_end(&visit->doctor.here.s3);
	if (what) {
		say_line(name, str_of(what));
		exit(EX_CONFIG);
	}
}

int main(int argc, char **argv)
{
	struct s3_quirks quirks = { .no_checksums = false };
	struct visit visit = {
		.doctor = { .found = print, .here.s3.quirks = &quirks,
			    .setup = setup_of_environment() },
	};
	struct doctor *doctor = &visit.doctor;

	harden_process();
	doctor->ctx = &visit;
	parse_options(&visit, argc, argv);
	/* What was made has to be removed, whoever reads what is said. */
	signal(SIGPIPE, SIG_IGN);
	doctor_init(doctor);
	doctor->loop = loop_new();
	if (!doctor->loop) {
		say_errno(name, "loop");
		return EX_OSERR;
	}
	look(&visit);
	doctor_free(doctor);
	aws_free(doctor->target.aws);
	aws_free(doctor->here.aws);
	loop_free(doctor->loop);
	if (visit.is_unread) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return status_of(&visit);
}
