/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-report: a page that shows what became of records.
 *
 * Records are counted as they come; at the end one HTML file is written.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/option_base.h"
#include "filter/help.h"
#include "filter/option_next.h"
#include "filter/say.h"
#include "format/iso.h"
#include "io/lines.h"
#include "io/output.h"
#include "report/page.h"
#include "report/report.h"

enum { LINE_MAX_BYTES = RECORD_MAX + (64 << 10), REFUSALS_SAID = 10 };
enum { OPTION_TITLE = OPTION_BASE_TOOL };

struct job {
	struct page page;
	const char *path;	/* NULL: stdout */
	bool is_now;		/* the time is that of the clock */
	int status;
};

static const char name[] = "s3ev-report";

static const char usage[] =
	"s3ev-report: make a page of what became of records\n"
	"usage: s3ev-report [-hV] [-o FILE] [-t TIME] [--title TEXT] < RECORDS\n"
	"\n"
	"  -o, --output FILE  write the page to FILE, not to stdout\n"
	"  -t, --time TIME    when the page is made, as 2026-11-23T05:54:00Z or\n"
	"                     now; it then shows how old the events are\n"
	"      --title TEXT   what stands at its top\n"
	"  -h, --help         print this text\n"
	"  -V, --version      print the version\n";

/* The first few are told one by one; the page has their number. */
static void say_refused(struct job *job, unsigned long long line,
			const char *why)
{
	struct buf text;

	job->status = EX_DATAERR;
	if (job->page.report->refused > REFUSALS_SAID)
		return;
	buf_init(&text, 4096);
	buf_printf(&text, "line %llu: %s", line, why);
	if (job->page.report->refused == REFUSALS_SAID)
		buf_puts(&text, "; others are not told any more");
	say_line(name, buf_str(&text));
	buf_free(&text);
}

static uint64_t now_ms(const struct job *job)
{
	return job->is_now ? clock_now() : (uint64_t)job->page.made * 1000;
}

/* -1 if memory is out. */
static int take_lines(struct job *job, struct lines *lines)
{
	struct report *report = job->page.report;
	enum lines_what what;
	struct str line;
	struct err err;

	while ((what = lines_next(lines, &line)) != LINES_NONE) {
		if (what != LINES_LINE) {
			report->refused++;
			say_refused(job, lines->number,
				    what == LINES_TOO_LONG ? "too long" :
				    "cut off: no newline at its end");
		} else if (report_add(report, line, now_ms(job), &err) < 0) {
			if (err_is(&err, ERR_MEMORY))
				return -1;
			say_refused(job, lines->number, err.message);
		}
	}
	return 0;
}

static int read_records(struct job *job)
{
	struct lines lines;
	int status = 0;

	lines_init(&lines, LINE_MAX_BYTES);
	while (status == 0 && !lines.ended) {
		if (lines_read(&lines, STDIN_FILENO) < 0) {
			say_errno(name, "stdin");
			status = EX_IOERR;
		} else if (take_lines(job, &lines) < 0) {
			say_line(name, STR("out of memory"));
			status = EX_OSERR;
		}
	}
	lines_free(&lines);
	return status;
}

static int write_stdout(const struct buf *text)
{
	struct output out;
	int status;

	output_init(&out, STDOUT_FILENO, PAGE_MAX);
	buf_put_str(&out.buf, buf_str(text));
	status = output_drain(&out) < 0 || close(STDOUT_FILENO) < 0 ? -1 : 0;
	if (status < 0)
		say_errno(name, "stdout");
	output_free(&out);
	return status;
}

static int write_page(const struct job *job, const struct buf *text)
{
	struct err err;

	if (text->failed) {
		say_line(name, STR("out of memory"));
		return EX_OSERR;
	}
	if (!job->path)
		return write_stdout(text) < 0 ? EX_IOERR : EX_OK;
	if (file_replace(job->path, buf_str(text), FILE_AS_NEW, &err) == 0)
		return EX_OK;
	say_line(name, str_of(err.message));
	return EX_IOERR;
}

static int run(struct job *job)
{
	struct buf text;
	int status;

	job->page.report = report_new();
	if (!job->page.report) {
		say_line(name, STR("out of memory"));
		return EX_OSERR;
	}
	status = read_records(job);
	if (status == 0) {
		if (job->is_now)
			job->page.made = time(NULL);
		buf_init(&text, PAGE_MAX);
		page_put(&text, &job->page);
		status = write_page(job, &text);
		buf_free(&text);
	}
	report_free(job->page.report);
	return status ? status : job->status;
}

static int set_time(struct job *job, const char *text)
{
	job->is_now = strcmp(text, "now") == 0;
	if (job->is_now || (iso_time(str_of(text), &job->page.made) == 0 &&
			    job->page.made > 0))
		return -1;
	say_wrong(name, "neither a time as 2026-11-23T05:54:00Z nor now", text);
	return EX_USAGE;
}

/* Returns -1 to go on, or the exit status. */
static int take(struct job *job, int option)
{
	switch (option) {
	case 'h':
		return help_print(usage);
	case 'V':
		return help_version(name);
	case 'o':
		job->path = optarg;
		return -1;
	case 't':
		return set_time(job, optarg);
	case OPTION_TITLE:
		job->page.title = str_of(optarg);
		return -1;
	default:
		return EX_USAGE; /* why has been said */
	}
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ "time", required_argument, NULL, 't' },
		{ "title", required_argument, NULL, OPTION_TITLE },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	struct job job = { .status = EX_OK };
	int c, status = -1;

	harden_process();
	while (status < 0 &&
	       (c = option_next(name, argc, argv, "ho:t:V", words)) != -1)
		status = take(&job, c);
	if (status >= 0)
		return status;
	if (optind < argc) {
		say_wrong(name, "no arguments are taken", argv[optind]);
		return EX_USAGE;
	}
	return run(&job);
}
