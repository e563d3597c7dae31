/* SPDX-License-Identifier: Apache-2.0 */
#include "list/inventory.h"

#include <stddef.h>
#include <string.h>

#include "format/json_each.h"
#include "format/json_pick.h"
#include "format/uri.h"
#include "hash/etag.h"

enum { KEY_MAX = 64 << 10, NAME_SHOWN = 300 };

struct manifest {
	struct str bucket, format, schema, files;
};

static const struct json_pick_field manifest_fields[] = {
	{ "sourceBucket", offsetof(struct manifest, bucket), true },
	{ "fileFormat", offsetof(struct manifest, format), true },
	{ "fileSchema", offsetof(struct manifest, schema), true },
	{ "files", offsetof(struct manifest, files), false },
};

/* The files */

struct file {
	struct str key, md5, size;
};

static const struct json_pick_field file_fields[] = {
	{ "key", offsetof(struct file, key), true },
	{ "MD5checksum", offsetof(struct file, md5), true },
	{ "size", offsetof(struct file, size), false },
};

struct files_reader {
	struct inventory *inventory;
	struct arena *arena;
	struct json_pick *picker;
	size_t room;
};

static struct inventory_file *add_file(struct files_reader *r)
{
	struct inventory *inventory = r->inventory;

	if (inventory->n_files == r->room) {
		size_t room = r->room > 0 ? 4 * r->room : 64;
		struct inventory_file *more =
			arena_alloc(r->arena, room * sizeof(*more));

		if (!more)
			return NULL;
		if (r->room > 0)
			memcpy(more, inventory->files,
			       r->room * sizeof(*more));
		inventory->files = more;
		r->room = room;
	}
	return &inventory->files[inventory->n_files++];
}

static int read_file(void *ctx, struct str object, struct err *err)
{
	struct files_reader *r = ctx;
	struct inventory_file *file;
	struct file read;

	if (json_pick_object(r->picker, object, r->arena, &read, err) < 0)
		return -1;
	if (read.key.n == 0 || !etag_is_md5(read.md5))
		return err_set(err, "InvalidManifest",
			       "a file without its key or MD5checksum");
	file = add_file(r);
	if (!file)
		return err_memory(err);
	*file = (struct inventory_file){ .key = read.key, .md5 = read.md5 };
	file->has_size = read.size.p &&
			 str_number(read.size, &file->size) == 0;
	return 0;
}

static int read_files(struct inventory *inventory, struct str json,
		      struct arena *arena, struct err *err)
{
	struct files_reader r = {
		.inventory = inventory, .arena = arena,
		.picker = json_pick_new(file_fields, sizeof(file_fields) /
						     sizeof(*file_fields)),
	};
	int status;

	if (!r.picker)
		return err_memory(err);
	status = json_each(json, read_file, &r, err);
	json_pick_free(r.picker);
	return status < 0 && err_is(err, ERR_JSON) ?
	       err_set(err, "InvalidManifest", "files is no list of objects") :
	       status;
}

/* The columns */

static int column_of(struct str name)
{
	static const char *const names[] = {
		[INVENTORY_BUCKET] = "Bucket", [INVENTORY_KEY] = "Key",
		[INVENTORY_VERSION] = "VersionId",
		[INVENTORY_LATEST] = "IsLatest",
		[INVENTORY_MARKER] = "IsDeleteMarker",
		[INVENTORY_SIZE] = "Size",
		[INVENTORY_MODIFIED] = "LastModifiedDate",
		[INVENTORY_ETAG] = "ETag", [INVENTORY_CLASS] = "StorageClass",
	};

	for (int i = 0; i < INVENTORY_COLUMNS; i++)
		if (str_is_nocase(name, names[i]))
			return i;
	return -1;
}

static int read_schema(struct inventory *inventory, struct str schema,
		       struct err *err)
{
	struct str rest = schema;

	for (int i = 0; i < INVENTORY_COLUMNS; i++)
		inventory->columns[i] = -1;
	inventory->n_columns = 0;
	while (rest.p) {
		int column = column_of(str_trim(str_next(&rest, ','), " "));

		if (column >= 0)
			inventory->columns[column] =
				(int)inventory->n_columns;
		inventory->n_columns++;
	}
	if (inventory->columns[INVENTORY_KEY] >= 0 &&
	    inventory->n_columns <= CSV_FIELDS_MAX)
		return 0;
	return err_set(err, "InvalidManifest", "no column of fileSchema is Key,"
		       " or there are more than 64: %.*s", STR_FMT(schema));
}

int inventory_read(struct inventory *inventory, struct str manifest,
		   struct arena *arena, struct err *err)
{
	struct manifest m;

	*inventory = (struct inventory){ .bucket = STR_NONE };
	if (json_pick(manifest_fields,
		      sizeof(manifest_fields) / sizeof(*manifest_fields),
		      manifest, arena, &m, err) < 0)
		return -1;
	if (m.bucket.n == 0 || m.format.n == 0 || m.schema.n == 0 ||
	    m.files.n == 0)
		return err_set(err, "InvalidManifest", "no manifest.json of an "
			       "S3 Inventory: it needs sourceBucket, "
			       "fileFormat, fileSchema and files");
	if (!str_is_nocase(m.format, "CSV"))
		return err_set(err, "NotSupported", "an inventory in %.*s is "
			       "not read: have S3 write one in CSV, or make "
			       "records of it with DuckDB or Athena",
			       STR_FMT(m.format));
	inventory->bucket = m.bucket;
	if (read_schema(inventory, m.schema, err) < 0)
		return -1;
	return read_files(inventory, m.files, arena, err);
}

static bool is_md5_of(struct str hex, struct digest_md5 *md5)
{
	unsigned char digest[DIGEST_MD5_SIZE];
	char text[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];

	digest_md5_final(md5, digest);
	digest_hex(text, digest, sizeof(digest));
	return str_eq_nocase(hex, str_of(text));
}

int inventory_check(struct str manifest, struct str checksum, struct err *err)
{
	if (digest_md5_is(manifest.p, manifest.n,
			  str_trim(checksum, " \t\r\n")))
		return 0;
	return err_set(err, "BadDigest",
		       "the MD5 of manifest.json is not what "
		       "manifest.checksum says");
}

/* The rows */

static struct str field(const struct inventory_rows *rows,
			const struct str *fields, enum inventory_column column)
{
	int at = rows->inventory->columns[column];

	return at >= 0 && fields[at].n > 0 ? fields[at] : STR_NONE;
}

static int refuse_row(struct inventory_rows *rows, const char *what)
{
	return err_set(&rows->err, "InvalidInventory", "%s in row %llu", what,
		       rows->csv.rows + 1);
}

static int on_row(void *ctx, const struct str *fields, size_t n)
{
	struct inventory_rows *rows = ctx;
	struct page_entry entry = { .key = STR_NONE };
	struct str bucket, key, size;
	char *decoded;

	if (n != rows->inventory->n_columns)
		return refuse_row(rows, "another number of fields than "
				  "fileSchema has");
	bucket = field(rows, fields, INVENTORY_BUCKET);
	if (bucket.p && !str_eq(bucket, rows->inventory->bucket))
		return refuse_row(rows, "another bucket than sourceBucket");
	key = field(rows, fields, INVENTORY_KEY);
	buf_reset(&rows->key);
	decoded = key.n > 0 ? buf_room(&rows->key, key.n) : NULL;
	if (!decoded)
		return refuse_row(rows, "no key, or one too long");
	entry.key = (struct str){ decoded, uri_decode_form(decoded, key) };
	entry.version = field(rows, fields, INVENTORY_VERSION);
	entry.modified = field(rows, fields, INVENTORY_MODIFIED);
	entry.class = field(rows, fields, INVENTORY_CLASS);
	entry.etag = str_trim(etag_bare(field(rows, fields, INVENTORY_ETAG)),
			      "\"");
	size = field(rows, fields, INVENTORY_SIZE);
	entry.has_size = size.p && str_number(size, &entry.size) == 0;
	if (size.p && !entry.has_size)
		return refuse_row(rows, "a size that is no number");
	entry.is_old = str_is_nocase(field(rows, fields, INVENTORY_LATEST),
				     "false");
	entry.is_marker = str_is_nocase(field(rows, fields, INVENTORY_MARKER),
					"true");
	rows->row(rows->ctx, &entry);
	return 0;
}

void inventory_rows_begin(struct inventory_rows *rows,
			  const struct inventory *inventory,
			  const struct inventory_file *file,
			  struct arena *arena)
{
	rows->inventory = inventory;
	rows->file = file;
	rows->bytes = 0;
	rows->err = (struct err){ .code = "" };
	digest_md5_init(&rows->md5);
	csv_init(&rows->csv, on_row, rows);
	gunzip_begin(&rows->gunzip, 0, arena);
	buf_init(&rows->key, KEY_MAX);
}

void inventory_rows_free(struct inventory_rows *rows)
{
	csv_free(&rows->csv);
	gunzip_free(&rows->gunzip);
	buf_free(&rows->key);
}

/* Which file it is about. */
static int name_file(const struct inventory_rows *rows, struct err *err)
{
	struct err was = *err;
	struct str key = rows->file->key;

	if (key.n > NAME_SHOWN)
		key.n = str_cut_utf8(key, NAME_SHOWN);
	return err_set(err, was.code, "%.*s: %s", STR_FMT(key), was.message);
}

static int fail_unzip(struct inventory_rows *rows, struct err *err)
{
	err_set(err, rows->gunzip.code, "%s", rows->gunzip.reason);
	return name_file(rows, err);
}

static int take_block(struct inventory_rows *rows, struct err *err)
{
	if (csv_feed(&rows->csv, (const char *)rows->gunzip.block,
		     rows->gunzip.block_n, err) == 0)
		return 0;
	if (err_is(err, ERR_STOPPED))
		*err = rows->err;
	return name_file(rows, err);
}

int inventory_rows_feed(struct inventory_rows *rows, const void *bytes,
			size_t n, struct err *err)
{
	const unsigned char *p = bytes;
	int status;

	digest_md5_update(&rows->md5, bytes, n);
	rows->bytes += n;
	while ((status = gunzip_next(&rows->gunzip, &p, &n)) > 0)
		if (take_block(rows, err) < 0)
			return -1;
	return status < 0 ? fail_unzip(rows, err) : 0;
}

int inventory_rows_end(struct inventory_rows *rows, struct err *err)
{
	int status;

	if (rows->file->has_size && rows->bytes != rows->file->size) {
		err_set(err, "IncompleteBody", "it has %llu bytes, and %llu "
			"says the manifest", rows->bytes, rows->file->size);
		return name_file(rows, err);
	}
	if (!is_md5_of(rows->file->md5, &rows->md5)) {
		err_set(err, "BadDigest", "its MD5 is not MD5checksum of the "
			"manifest");
		return name_file(rows, err);
	}
	while ((status = gunzip_end(&rows->gunzip)) > 0)
		if (take_block(rows, err) < 0)
			return -1;
	if (status < 0)
		return fail_unzip(rows, err);
	if (csv_end(&rows->csv, err) == 0)
		return 0;
	if (err_is(err, ERR_STOPPED))
		*err = rows->err;
	return name_file(rows, err);
}
