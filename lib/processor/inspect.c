/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/inspect.h"

#include <string.h>
#include <unistd.h>

#include "format/json_write.h"

/* Checks of the stored bytes, even where the object is unzipped. */
enum { STORED = 1u << CHECK_SIZE | 1u << CHECK_ETAG };

static void judge(struct inspect *x)
{
	if (x->is_bad) {
		x->outcome = RECORD_BAD;
	} else if (err_is_set(&x->err)) {
		x->outcome = s3_may_be_gone(&x->err) ? RECORD_GONE : RECORD_FAILED;
	} else if (x->processor_ran) {
		x->outcome = x->processor.outcome;
		x->err = x->processor.err;
		x->bad = x->processor.bad;
		x->by = "processor";
	} else {
		x->outcome = RECORD_GOOD;
		x->by = "builtin";
	}
}

static void clear(struct inspect *x)
{
	object_reader_free(&x->reader);
	processor_free(&x->processor);
	checks_free(&x->stored);
	checks_free(&x->content);
	gunzip_free(&x->gunzip);
}

/* Finish once neither the processor nor the reader is under way. */
static void settle(struct inspect *x)
{
	if (x->processor_runs || x->reader_runs)
		return;
	judge(x);
	if (x->outcome == RECORD_GOOD) {
		x->output = x->processor.output;
		x->processor.output.path = NULL;
	}
	clear(x);
	x->done(x->arg);
}

static void stop_processor(struct inspect *x)
{
	if (x->processor_runs)
		processor_kill(&x->processor);
}

/* A check that runs out of memory says nothing about the data. */
static int find_bad(struct inspect *x, const struct record_bad *bad,
		    const char *by)
{
	if (str_is(bad->code, ERR_MEMORY))
		return err_memory(&x->err);
	x->is_bad = true;
	x->bad = *bad;
	x->by = by;
	return -1;
}

static bool wants(const struct inspect *x, enum check_kind kind)
{
	return x->rules->kinds >> kind & 1;
}

static int find_bad_gzip(struct inspect *x)
{
	struct record_bad bad = {
		.code = STR("NotGzip"), .reason = STR("not a gzip file"),
		.byte = 1,
	};

	if (!x->gunzip.is_plain) {
		bad.code = str_of(x->gunzip.code);
		bad.reason = str_of(x->gunzip.reason);
		bad.byte = x->gunzip.in;
	}
	return find_bad(x, &bad, wants(x, CHECK_GZIP) ? "gzip" : "unzip");
}

/* The processor */

static bool has_checks(const struct inspect *x)
{
	return x->stored.n > 0 || x->content.n > 0 || x->rules->unzip;
}

static void resume(struct inspect *x)
{
	if (!x->reader_runs || !x->is_paused)
		return;
	x->is_paused = false;
	object_reader_resume(&x->reader);
}

/*
 * A program that ends early has seen enough, but the checks may not have.  If
 * every byte has come, the verdict waits until the digest is compared.
 */
static void on_ended(void *arg)
{
	struct inspect *x = arg;

	x->processor_runs = false;
	if (x->reader_runs && has_checks(x))
		resume(x);
	else if (x->reader_runs && object_reader_stop(&x->reader))
		x->reader_runs = false;
	settle(x);
}

static void on_ready(void *arg)
{
	resume(arg);
}

static int run(struct inspect *x, int fd)
{
	x->processor.loop = x->loop;
	x->processor.options = x->how;
	x->processor.record = x->record;
	x->processor.arena = x->arena;
	x->processor.ready = on_ready;
	x->processor.ended = on_ended;
	x->processor.arg = x;
	if (processor_start(&x->processor, fd, &x->err) < 0)
		return -1;
	x->processor_runs = x->processor_ran = true;
	return 0;
}

static int run_on_file(struct inspect *x)
{
	int fd = object_reader_open(x->record, &x->err), status;

	if (fd < 0)
		return -1;
	status = run(x, fd);
	close(fd);
	x->is_deaf = true;
	return status;
}

/*
 * Give bytes to the processor.  -1 when there is no use in going on.  What it
 * could not be given for want of memory is missing: it decides nothing.
 */
static int feed(struct inspect *x, const void *bytes, size_t n)
{
	if (!x->how->command || x->is_deaf)
		return 0;
	if (!x->processor_ran && run(x, -1) < 0)
		return -1;
	if (n > 0 && x->processor_runs &&
	    processor_write(&x->processor, bytes, n) < 0) {
		if (!processor_is_deaf(&x->processor))
			return err_memory(&x->err);
		x->is_deaf = true;
	}
	return x->is_deaf && !has_checks(x) ? -1 : 0;
}

static bool is_busy(struct inspect *x)
{
	x->is_paused = x->processor_runs && !x->is_deaf &&
		       processor_is_busy(&x->processor);
	return x->is_paused;
}

/* The object */

static int take_content(struct inspect *x, const void *bytes, size_t n)
{
	if (checks_update(&x->content, bytes, n) < 0)
		return find_bad(x, &x->content.bad, x->content.by);
	return feed(x, bytes, n);
}

static int take_block(struct inspect *x)
{
	if (x->gunzip.is_plain && wants(x, CHECK_GZIP))
		return find_bad_gzip(x);
	return take_content(x, x->gunzip.block, x->gunzip.block_n);
}

/* Block by block, as the processor can take them. */
static int take_gzip(struct inspect *x, const char *bytes, size_t n)
{
	const unsigned char *p = (const unsigned char *)bytes + x->used;
	size_t left = n - x->used;
	int status;

	while ((status = gunzip_next(&x->gunzip, &p, &left)) > 0) {
		if (take_block(x) < 0)
			return HTTP_ABORT;
		if (is_busy(x)) {
			x->used = n - left;
			return HTTP_PAUSE;
		}
	}
	if (status < 0) {
		find_bad_gzip(x);
		return HTTP_ABORT;
	}
	x->used = 0;
	return HTTP_TAKEN;
}

/* A piece that was left untaken comes once more, from its beginning. */
static int take(void *arg, const char *bytes, size_t n)
{
	struct inspect *x = arg;
	int taken = HTTP_TAKEN;

	if (is_busy(x))
		return HTTP_PAUSE;
	if (checks_update(&x->stored, bytes + x->seen, n - x->seen) < 0) {
		find_bad(x, &x->stored.bad, x->stored.by);
		return HTTP_ABORT;
	}
	x->seen = n;
	if (x->rules->unzip)
		taken = take_gzip(x, bytes, n);
	else if (take_content(x, bytes, n) < 0)
		taken = HTTP_ABORT;
	if (taken == HTTP_TAKEN)
		x->seen = 0;
	return taken;
}

static int end_gzip(struct inspect *x)
{
	int status;

	while ((status = gunzip_end(&x->gunzip)) > 0)
		if (take_block(x) < 0)
			return -1;
	if (status < 0 || (x->gunzip.is_plain && wants(x, CHECK_GZIP)))
		return find_bad_gzip(x);
	return 0;
}

/* All bytes have come and are the right ones.  -1 if a check finds a fault. */
static int end_checks(struct inspect *x)
{
	if (object_reader_is_remote(x->record) && !x->reader.etag_is_md5 &&
	    checks_drop(&x->stored, CHECK_ETAG))
		x->is_etag_unknown = true;
	if (x->rules->unzip && end_gzip(x) < 0)
		return -1;
	if (checks_end(&x->stored) < 0)
		return find_bad(x, &x->stored.bad, x->stored.by);
	if (checks_end(&x->content) < 0)
		return find_bad(x, &x->content.bad, x->content.by);
	return 0;
}

/*
 * If the program closed its stdin, it is no error that it did not get the rest,
 * but that what it got was never the object is.
 * An empty object had no first byte, so its program starts here.
 */
static void on_read(void *arg)
{
	struct inspect *x = arg;

	x->reader_runs = false;
	if (x->reader.has_to_prove && err_is_set(&x->reader.err)) {
		x->err = x->reader.err;
		x->is_bad = false;
	} else if (!x->is_bad && !err_is_set(&x->err) &&
		   !(x->is_deaf && !has_checks(x))) {
		x->err = x->reader.err;
		if (!err_is_set(&x->err) && end_checks(x) == 0)
			feed(x, NULL, 0);
	}
	if (x->is_bad || err_is_set(&x->err))
		stop_processor(x);
	else if (x->processor_runs)
		processor_end_input(&x->processor);
	settle(x);
}

static int read_object(struct inspect *x)
{
	x->reader.loop = x->loop;
	x->reader.aws = x->aws;
	x->reader.record = x->record;
	x->reader.options = x->options;
	x->reader.arena = x->arena;
	x->reader.take = take;
	x->reader.done = on_read;
	x->reader.arg = x;
	if (object_reader_start(&x->reader, &x->err) < 0)
		return -1;
	x->reader_runs = true;
	return 0;
}

/* Beginning */

static unsigned kinds_of(const struct inspect *x)
{
	unsigned kinds = check_kinds(x->rules, x->record);

	if (x->options && x->options->etag_is_no_md5)
		kinds &= ~(1u << CHECK_ETAG);
	if (x->counts_size && check_has_sizes(x->rules))
		kinds |= 1u << CHECK_SIZE;
	return kinds;
}

static int begin_checks(struct inspect *x)
{
	unsigned kinds = kinds_of(x);
	unsigned on_content = kinds & ~(unsigned)STORED;

	x->is_etag_unknown = wants(x, CHECK_ETAG) &&
			     !(kinds >> CHECK_ETAG & 1);
	if (x->rules->unzip) {
		on_content &= ~(1u << CHECK_GZIP);
		gunzip_begin(&x->gunzip, x->rules->max_unzipped, x->arena);
	}
	if (checks_begin(&x->stored, x->rules, kinds & STORED, x->record,
			 x->arena, &x->err) < 0)
		return -1;
	return checks_begin(&x->content, x->rules, on_content, x->record,
			    x->arena, &x->err);
}

static int begin(struct inspect *x)
{
	bool has_file = !object_reader_is_remote(x->record) && !x->rules->unzip;

	if (x->how->command && memchr(x->record->key.p, '\0', x->record->key.n))
		return err_set(&x->err, "InvalidKey", "a key with a NUL cannot "
			       "be given to a processor");
	if (begin_checks(x) < 0)
		return -1;
	if (x->how->command && has_file && run_on_file(x) < 0)
		return -1;
	if (!has_checks(x) && (!x->how->command || has_file))
		return 0;
	return read_object(x);
}

bool inspect_is_remote(const struct check_rules *rules,
		       const struct processor_options *how,
		       const struct record *record)
{
	return object_reader_is_remote(record) &&
	       (how->command || rules->unzip ||
		check_kinds(rules, record) != 0);
}

void inspect_put(struct buf *members, const struct inspect *x)
{
	if (x->is_etag_unknown)
		json_member(members, "etag", STR("unknown"));
	if (x->rules->unzip && !x->gunzip.is_plain && x->gunzip.out > 0)
		json_member_number(members, "unzipped", x->gunzip.out);
	record_put_read(members, x->record, x->reader.etag,
			&x->reader.marks);
}

void inspect_start(struct inspect *x)
{
	if (begin(x) < 0)
		stop_processor(x);
	settle(x);
}

void inspect_cancel(struct inspect *x)
{
	stop_processor(x);
	clear(x);
}
