/* SPDX-License-Identifier: Apache-2.0 */
#include "list/inventory_source.h"

#include <string.h>
#include <unistd.h>

enum { MANIFEST_MAX = 256 << 20, CHECKSUM_MAX = 4096,
       ARENA_MAX = 4 << 20 };

static void end(struct inventory_source *source, const struct err *err)
{
	if (err && !err_is_set(&source->err))
		source->err = *err;
	source->is_over = true;
}

/* Reading one file of the inventory */

/* The name of a file beside the manifest, or where S3 has put it. */
static struct str beside(struct inventory_source *source, const char *folder,
			 struct str name)
{
	const char *slash = strrchr(source->manifest, '/');
	int n = slash ? (int)(slash + 1 - source->manifest) : 0;

	return str_of(arena_printf(&source->arena, "%.*s%s%.*s", n,
				   source->manifest, folder, STR_FMT(name)));
}

/* The last part of a key. */
static struct str base_name(struct str key)
{
	for (size_t i = key.n; i-- > 0;)
		if (key.p[i] == '/')
			return (struct str){ key.p + i + 1, key.n - i - 1 };
	return key;
}

static struct str local_file(struct inventory_source *source, struct str key)
{
	static const char *const folders[] = { "../data/", "data/", "" };
	struct str name = base_name(key);

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		struct str path = beside(source, folders[i], name);

		if (path.p && access(path.p, R_OK) == 0)
			return path;
	}
	return beside(source, folders[0], name);
}

static void start_reader(struct inventory_source *source, struct str key,
			 int (*take)(void *arg, const char *bytes, size_t n),
			 void (*done)(void *arg))
{
	struct err err;

	source->record = (struct record){ .bucket = source->bucket,
					  .key = key };
	if (!source->aws)
		source->record.fetch_path = key;
	source->reader = (struct object_reader){
		.loop = source->loop, .aws = source->aws,
		.record = &source->record, .options = source->options,
		.arena = &source->arena, .take = take, .done = done,
		.arg = source,
	};
	source->is_reading = true;
	source->is_paused = false;
	if (!key.p)
		err_memory(&err);
	else if (object_reader_start(&source->reader, &err) == 0)
		return;
	source->is_reading = false;
	end(source, &err);
}

/* Frees what was read, and returns how it ended. */
static struct err end_reader(struct inventory_source *source)
{
	struct err err = source->reader.err, was = err;
	struct str key = source->record.key;

	object_reader_free(&source->reader);
	source->is_reading = false;
	if (key.n > 300)
		key.n = str_cut_utf8(key, 300);
	if (err_is_set(&err) && !err_is(&err, ERR_ABORTED)) {
		err_set(&err, was.code, "%.*s: %s", STR_FMT(key), was.message);
		memcpy(err.request_id, was.request_id, sizeof(err.request_id));
		err.status = was.status;
		err.retry = was.retry;
	}
	return err;
}

/* The files */

static void next_file(struct inventory_source *source);

static void on_row(void *ctx, const struct page_entry *entry)
{
	struct inventory_source *source = ctx;

	source->row(source->ctx, source->inventory.bucket, entry);
}

static int take_rows(void *arg, const char *bytes, size_t n)
{
	struct inventory_source *source = arg;

	if (!source->has_room(source->ctx)) {
		source->is_paused = true;
		return HTTP_PAUSE;
	}
	if (inventory_rows_feed(&source->rows, bytes, n,
				&source->row_err) == 0)
		return HTTP_TAKEN;
	source->is_failed = true;
	return HTTP_ABORT;
}

static void on_file(void *arg)
{
	struct inventory_source *source = arg;
	struct err err = end_reader(source);
	int status = 0;

	if (source->is_failed)
		err = source->row_err;
	else if (!err_is_set(&err))
		status = inventory_rows_end(&source->rows, &err);
	inventory_rows_free(&source->rows);
	if (source->is_failed || status < 0 || err_is_set(&err)) {
		end(source, &err);
		return;
	}
	source->file(source->ctx,
		     source->inventory.files[source->next++].key);
	next_file(source);
}

static void next_file(struct inventory_source *source)
{
	const struct inventory_file *file;

	if (source->next == source->inventory.n_files) {
		end(source, NULL);
		return;
	}
	file = &source->inventory.files[source->next];
	arena_reset(&source->arena);
	inventory_rows_begin(&source->rows, &source->inventory, file,
			     &source->arena);
	source->rows.row = on_row;
	source->rows.ctx = source;
	start_reader(source, source->aws ? file->key :
		     local_file(source, file->key), take_rows, on_file);
	if (!source->is_reading)
		inventory_rows_free(&source->rows);
}

/* Go on behind a file that was read before. */
static int skip_files(struct inventory_source *source, struct err *err)
{
	const struct inventory *inventory = &source->inventory;

	if (source->after.n == 0)
		return 0;
	for (size_t i = 0; i < inventory->n_files; i++)
		if (str_eq(inventory->files[i].key, source->after)) {
			source->next = i + 1;
			return 0;
		}
	return err_set(err, "InvalidManifest", "no file of the inventory is "
		       "called %.*s", STR_FMT(source->after));
}

/* The manifest, and its checksum, which S3 writes last */

static int take_text(void *arg, const char *bytes, size_t n)
{
	struct inventory_source *source = arg;

	buf_put(&source->text, bytes, n);
	return source->text.failed ? HTTP_ABORT : HTTP_TAKEN;
}

static int take_checksum(void *arg, const char *bytes, size_t n)
{
	struct inventory_source *source = arg;

	buf_put(&source->checksum, bytes, n);
	return source->checksum.failed ? HTTP_ABORT : HTTP_TAKEN;
}

static void on_checksum(void *arg)
{
	struct inventory_source *source = arg;
	struct err err = end_reader(source);
	struct str text = buf_str(&source->text);

	if (!err_is_set(&err) &&
	    inventory_check(text, buf_str(&source->checksum), &err) == 0 &&
	    inventory_read(&source->inventory, text, &source->kept,
			   &err) == 0 &&
	    skip_files(source, &err) == 0)
		next_file(source);
	else
		end(source, &err);
}

static void on_manifest(void *arg)
{
	struct inventory_source *source = arg;
	struct err err = end_reader(source);
	struct str name = str_of(source->manifest);
	struct str checksum;

	if (err_is_set(&err)) {
		end(source, &err);
		return;
	}
	arena_reset(&source->arena);
	name.n -= base_name(name).n;
	checksum = str_of(arena_printf(&source->kept, "%.*smanifest.checksum",
				       STR_FMT(name)));
	start_reader(source, checksum, take_checksum, on_checksum);
}

void inventory_source_start(struct inventory_source *source)
{
	arena_init(&source->kept, MANIFEST_MAX);
	arena_init(&source->arena, ARENA_MAX);
	buf_init(&source->text, MANIFEST_MAX);
	buf_init(&source->checksum, CHECKSUM_MAX);
	start_reader(source, str_of(source->manifest), take_text, on_manifest);
}

void inventory_source_go_on(struct inventory_source *source)
{
	if (!source->is_reading || !source->is_paused ||
	    !source->has_room(source->ctx))
		return;
	source->is_paused = false;
	object_reader_resume(&source->reader);
}

void inventory_source_free(struct inventory_source *source)
{
	if (source->is_reading) {
		object_reader_free(&source->reader);
		inventory_rows_free(&source->rows);
	}
	arena_free(&source->kept);
	arena_free(&source->arena);
	buf_free(&source->text);
	buf_free(&source->checksum);
}
