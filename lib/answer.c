/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stddef.h>

#include "note.h"
#include "pick.h"

struct answer {
	struct str id;
	struct str good, bad;
	struct str failed, message, retry;
};

static const struct pick_field fields[] = {
	{ "id", offsetof(struct answer, id), true },
	{ "good", offsetof(struct answer, good), false },
	{ "bad", offsetof(struct answer, bad), false },
	{ "failed", offsetof(struct answer, failed), false },
	{ "failed.message", offsetof(struct answer, message), true },
	{ "failed.retry", offsetof(struct answer, retry), false },
};

static enum record_outcome invalid(struct err *err, const char *why)
{
	err_set(err, "InvalidAnswer", "the processor's answer is none: %s",
		why);
	err->retry = true;
	return RECORD_FAILED;
}

static enum record_outcome bad_answer(const struct answer *answer,
				      struct arena *arena,
				      struct record_bad *bad, struct err *err)
{
	struct err why;

	if (note_read(answer->bad, arena, bad, &why) < 0)
		return invalid(err, why.message);
	if (bad->reason.n == 0)
		bad->reason = STR("the processor gave no reason");
	return RECORD_BAD;
}

static enum record_outcome failed_answer(const struct answer *answer,
					 struct err *err)
{
	if (*answer->failed.p != '{')
		return invalid(err, "failed is no object");
	err_set(err, "ProcessorFailed", "the processor failed%s%.*s",
		answer->message.n > 0 ? ": " : "", STR_FMT(answer->message));
	err->retry = !str_is(answer->retry, "false");
	return RECORD_FAILED;
}

enum record_outcome answer_read(struct str line, struct str id,
				struct arena *arena, struct record_bad *bad,
				struct err *err)
{
	struct pick *picker = pick_new(fields, sizeof(fields) / sizeof(*fields));
	struct answer answer = { .good = STR_NONE };
	struct err why;
	int status;

	if (!picker)
		return invalid(err, "out of memory");
	status = pick_object(picker, line, arena, &answer, &why);
	pick_free(picker);
	if (status < 0)
		return invalid(err, why.message);
	if (answer.id.p && !str_eq(answer.id, id))
		return invalid(err, "it is about another record");
	if ((answer.good.p != NULL) + (answer.bad.p != NULL) +
	    (answer.failed.p != NULL) > 1)
		return invalid(err, "it tells more than one outcome");
	if (answer.bad.p)
		return bad_answer(&answer, arena, bad, err);
	if (answer.failed.p)
		return failed_answer(&answer, err);
	if (answer.good.p && !str_is(answer.good, "true"))
		return invalid(err, "good is not true");
	return RECORD_GOOD;
}
