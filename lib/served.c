/* SPDX-License-Identifier: Apache-2.0 */
#include "served.h"

#include <string.h>
#include <unistd.h>

static void remove_file(const struct record *record, const char *path,
			struct arena *arena)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = arena_printf(arena, "s3ev-%.*s-",
					STR_FMT(record->id));

	if (slash && name && strncmp(slash + 1, name, strlen(name)) == 0)
		unlink(path);
}

void served_remove(const struct record *record, struct arena *arena)
{
	remove_file(record, record->fetch_path.p, arena);
	remove_file(record, record->output_path.p, arena);
}
