/* SPDX-License-Identifier: Apache-2.0 */
#include "event/mark.h"

#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "format/json_write.h"

void mark_init(struct mark *mark)
{
	*mark = (struct mark){ .document = 1 };
	buf_init(&mark->members, MARK_TEXT_MAX);
	buf_init(&mark->id, MARK_TEXT_MAX);
	buf_init(&mark->line, MARK_TEXT_MAX);
	buf_init(&mark->error, sizeof(((struct err *)0)->message));
}

void mark_free(struct mark *mark)
{
	buf_free(&mark->members);
	buf_free(&mark->id);
	buf_free(&mark->error);
	buf_free(&mark->line);
}

int mark_invocation(struct mark *mark,
		    const struct event_invocation *invocation)
{
	buf_reset(&mark->members);
	buf_reset(&mark->id);
	buf_put_str(&mark->id, invocation->id);
	if (invocation->deadline > 0)
		buf_printf(&mark->members, ",\"deadline\":%llu",
			   invocation->deadline);
	if (invocation->trace.p) {
		buf_puts(&mark->members, ",\"trace\":");
		json_put(&mark->members, invocation->trace);
	}
	return mark->members.failed || mark->id.failed ? -1 : 0;
}

const char *mark_refused(struct mark *mark, const struct err *err,
			 bool has_record)
{
	/* The mark has room for one error: the first that no record tells. */
	if (!has_record && mark->error.n == 0)
		buf_puts(&mark->error, err->message);
	if (strcmp(err->message, mark->told.message) == 0)
		return NULL;
	mark->told = *err;
	buf_reset(&mark->line);
	buf_printf(&mark->line, "document %llu: ", mark->document);
	diag_put(&mark->line, str_of(err->message));
	return buf_cstr(&mark->line);
}

/* In JSON, a newline can only be between two tokens, so a blank will do. */
static void put_on_one_line(struct buf *out, struct str text)
{
	size_t at = out->n;

	buf_put_str(out, text);
	if (text.n > 0 && !memchr(text.p, '\n', text.n) &&
	    !memchr(text.p, '\r', text.n))
		return;
	for (; at < out->n; at++)
		if (out->p[at] == '\n' || out->p[at] == '\r')
			out->p[at] = ' ';
}

void mark_ask(struct buf *out, const struct event_invocation *invocation,
	      struct str event)
{
	buf_puts(out, "{\"invocation\":{");
	json_member(out, "id", invocation->id);
	if (invocation->deadline > 0)
		json_member_number(out, "deadline", invocation->deadline);
	json_member(out, "trace", invocation->trace);
	buf_puts(out, "},\"event\":");
	put_on_one_line(out, event);
	buf_puts(out, "}\n");
}

void mark_put(struct buf *out, const struct mark *mark)
{
	char number[24];

	snprintf(number, sizeof(number), "%llu", mark->document);
	buf_putc(out, '{');
	json_member(out, "mark", mark->id.n > 0 ? buf_str(&mark->id) :
						  str_of(number));
	json_member_number(out, "records", mark->records);
	if (mark->error.n > 0 || mark->error.failed)
		json_member(out, "error", mark->error.failed ?
			    STR("out of memory") : buf_str(&mark->error));
	buf_puts(out, "}\n");
}

void mark_next(struct mark *mark)
{
	mark->document++;
	mark->position = mark->records = 0;
	mark->told.message[0] = '\0';
	buf_reset(&mark->members);
	buf_reset(&mark->id);
	buf_reset(&mark->error);
}
