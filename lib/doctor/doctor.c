/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 16 << 20, WHAT_MAX = 1500 };

void doctor_init(struct doctor *doctor)
{
	arena_init(&doctor->arena, ARENA_MAX);
	memset(&doctor->call, 0, sizeof(doctor->call));
	memset(&doctor->ddb, 0, sizeof(doctor->ddb));
	doctor_turn_here(doctor);
}

void doctor_turn_here(struct doctor *doctor)
{
	doctor->store = &doctor->here;
}

void doctor_turn_to_copies(struct doctor *doctor)
{
	doctor->store = doctor->target.aws ? &doctor->target : &doctor->here;
}

bool doctor_is_elsewhere(const struct doctor *doctor)
{
	return doctor->store == &doctor->target;
}

bool doctor_has_no_target(const struct doctor *doctor)
{
	return config_choice_is_set(doctor->setup.target) &&
	       !doctor->target.aws;
}

void doctor_free(struct doctor *doctor)
{
	aws_call_free(&doctor->call.aws);
	aws_call_free(&doctor->ddb.aws);
	arena_free(&doctor->arena);
}

void doctor_tell(struct doctor *doctor, enum doctor_level level,
		 const char *check, const char *mend, const char *format, ...)
{
	char what[WHAT_MAX];
	const struct doctor_finding finding = { level, check, what, mend };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (level == DOCTOR_BAD)
		doctor->is_misset = true;
	doctor->found(doctor->ctx, &finding);
}

const char *doctor_text(struct doctor *doctor, const char *format, ...)
{
	char text[WHAT_MAX];
	struct str kept;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kept = arena_dup(&doctor->arena, str_of(text));
	return kept.p ? kept.p : "";
}

static void on_end(void *arg)
{
	struct doctor *doctor = arg;

	doctor->ended = true;
}

static struct err wait_for(struct doctor *doctor, struct aws_call *call)
{
	struct err err;

	while (!doctor->ended && loop_turn(doctor->loop) == 0)
		;
	if (doctor->ended)
		return call->err;
	err_errno(&err, "poll");
	aws_cancel(call);
	return err;
}

struct s3_call *doctor_ask(struct doctor *doctor)
{
	const struct s3_work work = {
		doctor->store->aws, &doctor->store->s3, NULL, &doctor->arena
	};

	aws_call_free(&doctor->call.aws);
	doctor->ended = false;
	return s3_begin(&work, &doctor->call, on_end, doctor);
}

struct err doctor_answer(struct doctor *doctor)
{
	/* What is needed is said more exactly here. */
	doctor->call.needs = NULL;
	return wait_for(doctor, &doctor->call.aws);
}

struct err doctor_ask_ddb(struct doctor *doctor, const char *action,
			  struct str body)
{
	struct aws_call *call = &doctor->ddb.aws;

	aws_call_free(call);
	ddb_begin(&doctor->ddb, &doctor->arena, on_end, doctor);
	doctor->ended = false;
	ddb_start(doctor->here.aws, &doctor->ddb, action, body);
	return wait_for(doctor, call);
}

bool doctor_is_denied(const struct err *err)
{
	return err_is(err, "AccessDenied") ||
	       err_is(err, "AccessDeniedException");
}

bool doctor_is_unknown(const struct err *err)
{
	return err->status == 501 || err->status == 405 ||
	       err_is(err, "NotImplemented") ||
	       err_is(err, "UnknownOperationException");
}

static bool is_unreachable(const struct err *err)
{
	return err->status == 0 && err->retry;
}

void doctor_tell_error(struct doctor *doctor, enum doctor_level level,
		       const char *check, const char *subject,
		       const struct err *err, const char *need)
{
	const char *mend = NULL;
	bool was_misset = doctor->is_misset;

	if (is_unreachable(err)) {
		level = DOCTOR_BAD;
		mend = "see the endpoint that s3ev-env prints, proxies and the "
		       "network";
	} else if (doctor_is_denied(err) && need) {
		mend = doctor_text(doctor, "allow %s", need);
	}
	doctor_tell(doctor, level, check, mend, "%s: %s: %s%s%s%s", subject,
		    err->code, err->message,
		    err->request_id[0] ? " (request " : "", err->request_id,
		    err->request_id[0] ? ")" : "");
	if (!is_unreachable(err))
		return;
	doctor->is_unreachable = true;
	doctor->is_misset = was_misset;
}

bool doctor_is_set(const char *value)
{
	return value && value[0];
}

struct str doctor_word(struct str *words)
{
	static const char blanks[] = " \t\n";
	struct str word = { words->p, 0 };

	while (words->n > 0 && memchr(blanks, *words->p, 3)) {
		words->p++;
		words->n--;
	}
	word.p = words->p;
	while (words->n > 0 && !memchr(blanks, *words->p, 3)) {
		words->p++;
		words->n--;
		word.n++;
	}
	return word.n > 0 ? word : STR_NONE;
}

/* The words behind it, and what follows its "=", if there is one. */
static bool find_option(const char *words, const char *option,
			struct str *value, struct str *rest)
{
	*rest = str_of(words);
	while ((*value = doctor_word(rest)).p)
		if (str_is(str_next(value, '='), option))
			return true;
	return false;
}

bool doctor_has_option(const char *words, const char *option)
{
	struct str value, rest;

	return find_option(words, option, &value, &rest);
}

struct str doctor_option(const char *words, const char *option)
{
	struct str value, rest;

	if (!find_option(words, option, &value, &rest))
		return STR_NONE;
	return value.p ? value : doctor_word(&rest);
}
