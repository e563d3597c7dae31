/* SPDX-License-Identifier: Apache-2.0 */
#include "place/route.h"

#include "format/json_write.h"

void route_put(struct buf *members, const struct route *route)
{
	const struct place *place = route->place;

	json_member_open(members, "route");
	json_member(members, "to",
		    route->is_bad ? STR("bad-data") : STR("processed"));
	json_member(members, "bucket", place->bucket);
	json_member(members, "key", place->key);
	json_member(members, "etag", place->etag);
	if (record_is_version(place->version))
		json_member(members, "version", place->version);
	json_member(members, "why", route->why);
	json_member(members, "endpoint", route->endpoint);
	if (place->is_unguarded)
		json_member_bool(members, "unguarded", true);
	if (place->already)
		json_member_bool(members, "already", true);
	else if (place->left_annotations)
		json_member(members, "annotations", STR("excluded"));
	if (route->by_ledger)
		json_member(members, "by", STR("ledger"));
	if (place->dry)
		json_member_bool(members, "dry", true);
	buf_putc(members, '}');
}

struct str route_note(const struct route *route, struct arena *arena)
{
	const struct place *place = route->place;
	struct buf text;

	buf_init(&text, 4 * RECORD_KEY_MAX);
	buf_puts(&text, place->dry && !place->already ? "would go to " : "");
	buf_put_str(&text, place->bucket);
	buf_putc(&text, '/');
	buf_put_str(&text, place->key);
	if (place->is_second)
		buf_puts(&text, ", a second name");
	if (place->already)
		buf_puts(&text, route->by_ledger ?
			 ", already, says the ledger" : ", already");
	else if (place->replaces.p)
		buf_puts(&text, ", replaced");
	if (place->is_unguarded)
		buf_puts(&text, ", unguarded");
	return arena_take(arena, &text);
}
