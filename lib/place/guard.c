/* SPDX-License-Identifier: Apache-2.0 */
#include "place/guard.h"

#include "base/buf.h"
#include "record/dest_key.h"

/* The name is not under the prefix, or -1 with err. */
static int check_name(struct str prefix, struct str name, struct err *err)
{
	if (!str_has_prefix(name, prefix))
		return 0;
	return err_set(err, "WouldLoop",
		       "what is written below --source-prefix %.*s would be an "
		       "event again, without end: %.*s", STR_FMT(prefix),
		       STR_FMT(name));
}

static int check_why(struct str prefix, const struct record *record,
		     struct str key, struct err *err)
{
	struct buf why;
	int status;

	buf_init(&why, RECORD_KEY_MAX);
	dest_key_why(&why, key, record);
	status = why.failed ? err_memory(err) :
			      check_name(prefix, buf_str(&why), err);
	buf_free(&why);
	return status;
}

static int check_second(struct str prefix, const struct record *record,
			struct str key, struct err *err)
{
	struct buf second;
	int status;

	buf_init(&second, RECORD_KEY_MAX);
	dest_key_second(&second, key, record);
	status = second.failed ? err_memory(err) :
				 check_name(prefix, buf_str(&second), err);
	if (status == 0)
		status = check_why(prefix, record, buf_str(&second), err);
	buf_free(&second);
	return status;
}

int guard_check(const char *source_prefix, const struct record *record,
		struct str bucket, struct str key, struct err *err)
{
	struct str prefix = str_of(source_prefix);

	if (!str_eq(bucket, record->bucket))
		return 0;
	if (prefix.n == 0)
		return err_set(err, "WouldLoop",
			       "this bucket is where the event comes from; what "
			       "is written to it would be an event again, "
			       "without end; see --source-prefix");
	if (!str_has_prefix(record->key, prefix))
		return err_set(err, "WouldLoop",
			       "the event does not come from --source-prefix "
			       "%.*s, so what is written elsewhere may be one "
			       "again, without end", STR_FMT(prefix));
	if (check_name(prefix, key, err) < 0 ||
	    check_why(prefix, record, key, err) < 0)
		return -1;
	return check_second(prefix, record, key, err);
}
