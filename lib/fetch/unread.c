/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/unread.h"

void unread_begin(struct unread *unread, const struct s3_options *options)
{
	unread->is_unpinned = options->quirks->refuses_etag;
}

/* The server refuses a condition that holds. */
static enum unread_end end_odd(const struct unread *unread)
{
	struct s3_quirks *quirks = unread->look.work.options->quirks;

	if (quirks->refuses_etag && !unread->is_unpinned)
		return UNREAD_AGAIN;
	quirks->refuses_etag = true;
	return UNREAD_FAILED;
}

static enum unread_end end_of(const struct unread *unread)
{
	switch (unread->look.sight) {
	case S3_SIGHT_GONE:
	case S3_SIGHT_OTHER:
		return UNREAD_GONE;
	case S3_SIGHT_SAME:
		return end_odd(unread);
	case S3_SIGHT_UNKNOWN:
		break;
	}
	return UNREAD_FAILED;
}

static void on_looked(void *arg)
{
	struct unread *unread = arg;

	unread->done(unread->arg, end_of(unread));
}

/* Only a look without a condition tells whether it is gone. */
void unread_look(struct unread *unread, const struct s3_work *work,
		 const struct record_marks *read,
		 void (*done)(void *arg, enum unread_end end), void *arg)
{
	const struct record *r = work->record;

	unread->done = done;
	unread->arg = arg;
	unread->look = (struct s3_look){
		.work = *work, .etag = r->etag,
		.read = read->modified > 0 ? *read : r->read,
		.done = on_looked, .arg = unread,
	};
	s3_look_start(&unread->look);
}

void unread_cancel(struct unread *unread)
{
	s3_look_cancel(&unread->look);
}
