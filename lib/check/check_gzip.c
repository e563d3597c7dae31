/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_gzip.h"

#include "check/check_kind.h"

static void begin(struct check *c, const struct check_rules *rules,
		  const struct record *record, struct arena *arena)
{
	(void)rules;
	(void)record;
	gunzip_begin(&c->of.gzip.gunzip, 0, arena);
}

static void fail(struct check *c)
{
	const struct gunzip *g = &c->of.gzip.gunzip;

	check_kind_fail(c, NULL, g->in, g->code, "%s", g->reason);
	c->bad.byte = g->in;
}

static void not_gzip(struct check *c, unsigned long long decided)
{
	check_kind_fail(c, NULL, decided, "NotGzip", "not a gzip file");
	c->bad.byte = 1;
}

static void update(struct check *c, const struct text_place *place,
		   const unsigned char *p, size_t n)
{
	struct gunzip *g = &c->of.gzip.gunzip;
	int status;

	(void)place;
	/* The blocks are not used: inflating is what finds faults. */
	do
		status = gunzip_next(g, &p, &n);
	while (status > 0 && !g->is_plain);
	if (g->is_plain)
		not_gzip(c, n > 0 ? 2 : 1);
	else if (status < 0)
		fail(c);
}

static void end(struct check *c, const struct text_place *place)
{
	struct gunzip *g = &c->of.gzip.gunzip;
	int status = gunzip_end(g);

	if (g->is_plain)
		not_gzip(c, place->byte - 1);
	else if (status < 0)
		fail(c);
}

static void free_gunzip(struct check *c)
{
	gunzip_free(&c->of.gzip.gunzip);
}

const struct check_functions check_gzip = {
	"gzip", begin, update, end, free_gunzip, CHECK_TEXT_NONE
};
