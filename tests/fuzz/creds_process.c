/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_process: the command line of a credential_process, and what it prints.
 *
 * Input: the command; the output.
 */
#define _GNU_SOURCE		/* memmem */

#include "fuzz.h"
#include "fuzz_keys.h"

#undef _GNU_SOURCE
#include "../../lib/creds/creds_process.c"

static void check_words(struct creds_job *job, struct str command)
{
	char **words = split_command(job);
	struct str rest = command;
	size_t n = 0, bytes = 0;

	if (!words) {
		CHECK(err_is_set(&job->err), "an error says why");
		return;
	}
	for (; words[n]; n++)
		bytes += strlen(words[n]);
	CHECK(n >= 1 && n <= WORDS_MAX, "a command has words");
	CHECK(bytes <= command.n, "nothing is put into a word");
	for (size_t i = 0; i < command.n; i++)
		if (strchr("\"'\\", command.p[i]))
			return;
	/* Without quotes, words are the texts between blanks. */
	for (size_t i = 0; i < n; i++) {
		while (rest.n > 0 && (*rest.p == ' ' || *rest.p == '\t')) {
			rest.p++;
			rest.n--;
		}
		CHECK(str_has_prefix(rest, str_of(words[i])),
		      "a plain word stays as it is");
		rest.p += strlen(words[i]);
		rest.n -= strlen(words[i]);
		CHECK(rest.n == 0 || *rest.p == ' ' || *rest.p == '\t',
		      "words end at blanks");
	}
}

static void check_keys(struct creds_job *job, struct str text)
{
	struct run run = { .job = job, .out = -1, .err = -1 };
	const struct creds_keys *keys = &job->set.keys;

	buf_init(&run.text, OUT_MAX);
	buf_put_str(&run.text, text);
	take_keys(&run);
	if (err_is_set(&job->err)) {
		CHECK(!job->set.bytes, "an error gives no keys");
	} else {
		fuzz_check_keys(keys);
		CHECK(memmem(text.p, text.n, "Version", 7) ||
		      memchr(text.p, '\\', text.n), "the version is known");
	}
	buf_free(&run.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct creds_step step = { .kind = CREDS_PROCESS, .from = "test" };
	struct creds_job job = { .step = &step };

	step.command = fuzz_part(&rest);
	if (step.command.n > 0 && step.command.p[step.command.n - 1] == '\n')
		step.command.n--;
	/* A value of a config file has no control bytes. */
	if (fuzz_has_control(step.command))
		step.command = STR("a b");
	arena_init(&job.arena, 1 << 20);
	check_words(&job, step.command);
	memset(&job.err, 0, sizeof(job.err));
	check_keys(&job, rest);
	creds_set_free(&job.set);
	arena_free(&job.arena);
	return 0;
}
