/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"

#include <string.h>
#include <unistd.h>

/* When neither the program nor the source is under way any more. */
static void settle(struct inspect *x)
{
	if (x->processor_runs || x->source_runs)
		return;
	if (err_is_set(&x->err)) {
		x->outcome = s3_is_gone(&x->err) ? RECORD_GONE : RECORD_FAILED;
	} else {
		x->outcome = x->processor.outcome;
		x->err = x->processor.err;
		x->bad = x->processor.bad;
	}
	if (x->outcome == RECORD_GOOD) {
		x->output = x->processor.output;
		x->processor.output.path = NULL;
	}
	source_free(&x->source);
	processor_free(&x->processor);
	x->done(x->arg);
}

/* The processor */

/*
 * A program that ends early has seen enough.  One that has had the last byte
 * must still wait for what the digest says of them all.
 */
static void on_ended(void *arg)
{
	struct inspect *x = arg;

	x->processor_runs = false;
	if (x->source_runs && source_stop(&x->source))
		x->source_runs = false;
	settle(x);
}

static void on_ready(void *arg)
{
	struct inspect *x = arg;

	if (x->source_runs)
		source_resume(&x->source);
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
	int fd = source_open(x->record, &x->err), status;

	if (fd < 0)
		return -1;
	status = run(x, fd);
	close(fd);
	return status;
}

/* The source */

static int take(void *arg, const char *bytes, size_t n)
{
	struct inspect *x = arg;

	if (!x->processor_ran && run(x, -1) < 0)
		return HTTP_ABORT;
	switch (processor_write(&x->processor, bytes, n)) {
	case 0:
		return HTTP_TAKEN;
	case 1:
		return HTTP_PAUSE;
	default:
		x->is_deaf = true;
		return HTTP_ABORT;
	}
}

/*
 * If the program closed its stdin, that it did not get the rest is no error.
 * An empty object has had no first byte: its program starts here.
 */
static void on_read(void *arg)
{
	struct inspect *x = arg;

	x->source_runs = false;
	if (!err_is_set(&x->err) && !x->is_deaf) {
		x->err = x->source.err;
		if (!err_is_set(&x->err) && !x->processor_ran)
			run(x, -1);
	}
	if (err_is_set(&x->err))
		processor_kill(&x->processor);
	else
		processor_end_input(&x->processor);
	settle(x);
}

static int read_source(struct inspect *x)
{
	x->source.loop = x->loop;
	x->source.aws = x->aws;
	x->source.record = x->record;
	x->source.options = x->options;
	x->source.arena = x->arena;
	x->source.take = take;
	x->source.done = on_read;
	x->source.arg = x;
	if (source_start(&x->source, &x->err) < 0)
		return -1;
	x->source_runs = true;
	return 0;
}

void inspect_start(struct inspect *x)
{
	int status;

	if (memchr(x->record->key.p, '\0', x->record->key.n))
		status = err_set(&x->err, "InvalidKey", "a key with a NUL "
				 "cannot be given to a processor");
	else if (source_is_remote(x->record))
		status = read_source(x);
	else
		status = run_on_file(x);
	if (status < 0)
		settle(x);
}

void inspect_cancel(struct inspect *x)
{
	processor_kill(&x->processor);
	source_free(&x->source);
	processor_free(&x->processor);
}
