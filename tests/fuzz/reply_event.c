/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_event: the answer of a function on Lambda to any event.  The lines of
 * the pipeline are random, or are made for each message or task, so that the
 * right answer is known.
 *
 * Input: the event; letters: g (gone fails), d (filters may drop), c (the
 * pipeline is cut off); lines.
 */
#include "fuzz_json.h"

#include "../../lib/driver/results.c"
#include "../../lib/lambda/reply.c"

static const struct err late = { .code = "Late", .message = "too late" };

/* The event */

static const char *last_text(yajl_val object, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < YAJL_GET_OBJECT(object)->len; i++) {
		yajl_val value = YAJL_GET_OBJECT(object)->values[i];

		if (strcmp(YAJL_GET_OBJECT(object)->keys[i], name) == 0 &&
		    YAJL_IS_STRING(value))
			found = YAJL_GET_STRING(value);
	}
	return found;
}

/* The id of a message or a task, NULL if it is something else. */
static const char *id_of(yajl_val element, enum results_kind kind)
{
	const char *source;

	if (!YAJL_IS_OBJECT(element))
		return NULL;
	if (kind == RESULTS_TASKS)
		return last_text(element, "taskId");
	source = last_text(element, "eventSource");
	return source && strcmp(source, "aws:sqs") == 0 ?
	       last_text(element, "messageId") : NULL;
}

static void check_list(yajl_val list, enum results_kind kind,
		       const struct results_event *event, size_t *n)
{
	for (size_t i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
		const char *id = id_of(YAJL_GET_ARRAY(list)->values[i], kind);

		if (!id || (*n > 0 && event->kind != kind))
			continue;
		CHECK(event->kind == kind, "the first says who asks");
		CHECK(*n < event->count && str_is(event->units[*n].id, id),
		      "every message and task is known");
		++*n;
	}
}

static void check_event(struct str text, const struct results_event *event)
{
	yajl_val tree = fuzz_tree(text);
	size_t n = 0;

	CHECK(tree, "an event is JSON");
	for (size_t i = 0; YAJL_IS_OBJECT(tree) && fuzz_has_no_nul(text) &&
	     i < YAJL_GET_OBJECT(tree)->len; i++) {
		const char *name = YAJL_GET_OBJECT(tree)->keys[i];
		yajl_val value = YAJL_GET_OBJECT(tree)->values[i];

		if (!YAJL_IS_ARRAY(value))
			continue;
		if (strcmp(name, "Records") == 0)
			check_list(value, RESULTS_MESSAGES, event, &n);
		else if (strcmp(name, "tasks") == 0)
			check_list(value, RESULTS_TASKS, event, &n);
	}
	CHECK(!fuzz_has_no_nul(text) || n == event->count,
	      "nothing else is taken for a message or a task");
	CHECK((event->count > 0) == (event->kind != RESULTS_WHOLE),
	      "who asks for ids has some");
	yajl_tree_free(tree);
}

/* The answer */

static yajl_val member(yajl_val object, size_t at, const char *name)
{
	CHECK(object && YAJL_IS_OBJECT(object) &&
	      at < YAJL_GET_OBJECT(object)->len &&
	      strcmp(YAJL_GET_OBJECT(object)->keys[at], name) == 0,
	      "an answer has the members that are asked for");
	return YAJL_GET_OBJECT(object)->values[at];
}

static const char *text_member(yajl_val object, size_t at, const char *name)
{
	yajl_val value = member(object, at, name);

	CHECK(YAJL_IS_STRING(value), "ids and codes are texts");
	return YAJL_GET_STRING(value);
}

/* If an id is empty or comes twice, it is open whose record it is. */
static bool are_distinct(const struct results_event *event)
{
	for (size_t i = 0; i < event->count; i++)
		for (size_t j = 0; j <= i; j++)
			if (event->units[i].id.n == 0 ||
			    (j < i && str_eq(event->units[i].id,
					     event->units[j].id)))
				return false;
	return true;
}

/* Mark in failed the units that the answer names as failed. */
static void read_messages(const struct results_event *event, yajl_val tree,
			  bool *failed)
{
	yajl_val list = member(tree, 0, "batchItemFailures");
	size_t at = 0;

	CHECK(YAJL_IS_ARRAY(list) && YAJL_GET_OBJECT(tree)->len == 1,
	      "an answer is a list");
	for (size_t i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
		yajl_val item = YAJL_GET_ARRAY(list)->values[i];
		const char *id = text_member(item, 0, "itemIdentifier");

		CHECK(YAJL_GET_OBJECT(item)->len == 1, "an item is an id");
		while (at < event->count && !str_is(event->units[at].id, id))
			at++;
		CHECK(at < event->count,
		      "what failed are messages of the event, in its order");
		failed[at++] = true;
	}
	if (!event->is_fifo || !are_distinct(event))
		return;
	for (size_t i = 1; i < event->count; i++)
		CHECK(failed[i] || !failed[i - 1],
		      "a FIFO queue gets back all behind the first");
}

static void read_results(const struct results_event *event, yajl_val tree,
			 bool *failed, bool *permanent)
{
	yajl_val list;
	size_t at = 0;

	if (event->schema.p)
		CHECK(str_is(event->schema,
			     text_member(tree, at++, "invocationSchemaVersion")),
		      "the schema is the event's");
	CHECK(strcmp(text_member(tree, at++, "treatMissingKeysAs"),
		     "PermanentFailure") == 0, "no task is missing");
	if (event->invocation.p)
		CHECK(str_is(event->invocation,
			     text_member(tree, at++, "invocationId")),
		      "the invocation is the event's");
	list = member(tree, at++, "results");
	CHECK(YAJL_GET_OBJECT(tree)->len == at && YAJL_IS_ARRAY(list) &&
	      YAJL_GET_ARRAY(list)->len == event->count,
	      "each task has a result");
	for (size_t i = 0; i < event->count; i++) {
		yajl_val result = YAJL_GET_ARRAY(list)->values[i];
		const char *code = text_member(result, 1, "resultCode");

		CHECK(str_is(event->units[i].id,
			     text_member(result, 0, "taskId")),
		      "results are the tasks', in their order");
		CHECK(strlen(text_member(result, 2, "resultString")) <=
		      RESULT_MAX && YAJL_GET_OBJECT(result)->len == 3,
		      "a result is short");
		permanent[i] = strcmp(code, "PermanentFailure") == 0;
		failed[i] = permanent[i] || strcmp(code, "TemporaryFailure") == 0;
		CHECK(failed[i] || strcmp(code, "Succeeded") == 0,
		      "a code is one of three");
	}
}

static void check_summary(const struct results_counts *counts, yajl_val tree)
{
	static const char *const names[] = { "records", "good", "bad", "gone" };
	const unsigned long long numbers[] = {
		counts->records, counts->good, counts->bad, counts->gone
	};

	for (size_t i = 0; i < 4; i++) {
		yajl_val value = member(tree, i, names[i]);

		CHECK(YAJL_IS_INTEGER(value) &&
		      (unsigned long long)YAJL_GET_INTEGER(value) == numbers[i],
		      "a summary counts");
	}
	CHECK(counts->good + counts->bad + counts->gone == counts->records,
	      "nothing has failed that went well");
}

/* The answer: which units failed; without units, whether the event failed. */
struct told {
	bool *failed, *permanent;
	bool any;
	bool unknown;		/* there is a NUL in an id */
};

static void read_answer(const struct results *results, struct told *told)
{
	const struct results_event *event = &results->event;
	struct err err = { .code = "" };
	struct buf out;
	yajl_val tree;
	int status;

	buf_init(&out, 16 << 20);
	status = reply_put(&out, results, &err);
	if (status < 0) {
		CHECK(event->kind == RESULTS_WHOLE && out.n == 0 &&
		      err_is_set(&err) && err.message[0],
		      "only who asks for nothing hears of an error, and why");
		told->any = true;
		return;
	}
	tree = fuzz_tree(buf_str(&out));
	CHECK(!out.failed && tree && !memchr(out.p, '\n', out.n),
	      "an answer is one line of JSON");
	if (event->kind == RESULTS_WHOLE)
		check_summary(&results->counts, tree);
	else if (!fuzz_has_no_nul(buf_str(&out)))
		told->any = told->unknown = true;
	else if (event->kind == RESULTS_MESSAGES)
		read_messages(event, tree, told->failed);
	else
		read_results(event, tree, told->failed, told->permanent);
	for (size_t i = 0; i < event->count; i++)
		told->any |= told->failed[i];
	yajl_tree_free(tree);
	buf_free(&out);
}

static void told_init(struct told *told, size_t count)
{
	told->failed = calloc(count + 1, sizeof(*told->failed));
	told->permanent = calloc(count + 1, sizeof(*told->permanent));
	told->any = told->unknown = false;
	if (!told->failed || !told->permanent)
		abort();
}

static void told_free(struct told *told)
{
	free(told->failed);
	free(told->permanent);
}

/* Any lines */

static bool is_failed(struct str line)
{
	yajl_val tree = fuzz_tree(line), failed = fuzz_last(tree, "failed");
	bool is = fuzz_has_no_nul(line) && fuzz_is_there(failed) &&
		  !fuzz_is_false(failed) &&
		  !fuzz_is_there(fuzz_last(tree, "mark"));

	yajl_tree_free(tree);
	return is;
}

static int feed(struct results *results, struct str line)
{
	struct err err = { .code = "" };
	char *copy = fuzz_copy(line);
	int status = results_line(results, (struct str){ copy, line.n }, &err);

	CHECK((status < 0) == err_is_set(&err), "an error says why");
	free(copy);
	return status;
}

static void check_lines(struct results *results, bool cut, struct str lines)
{
	bool marked = false, fails = false;
	struct told told;

	while (lines.n > 0 && !marked) {
		struct str line = fuzz_line(&lines);
		int status = feed(results, line);

		marked = status > 0;
		fails |= status == 0 && is_failed(line);
	}
	told_init(&told, results->event.count);
	results_end(results, cut || !marked ? &late : NULL);
	read_answer(results, &told);
	CHECK(told.any || !fails, "nothing that failed passes for done");
	told_free(&told);
}

/* Lines with a known meaning */

enum made { GOOD, BAD, GONE, FAILED, FAILED_FOR_GOOD, DROPPED, MADE };

static const char *const members[MADE] = {
	"}", ",\"bad\":{\"reason\":\"r\"}}", ",\"gone\":{\"code\":\"NoSuchKey\"}}",
	",\"failed\":{\"code\":\"SlowDown\",\"message\":\"m\",\"retry\":true}}",
	",\"failed\":{\"message\":\"m\",\"retry\":false}}", NULL
};

static enum made make(struct results *results, struct str id, uint32_t *random)
{
	enum made made = fuzz_random(random) % 4 ? GOOD :
			 fuzz_random(random) % MADE;
	struct buf line;

	if (made == DROPPED)
		return made;
	buf_init(&line, 1 << 20);
	buf_puts(&line, "{\"bucket\":\"b\",\"key\":\"k\",\"from\":{");
	json_member(&line, results->event.kind == RESULTS_TASKS ? "batch" : "sqs",
		    id);
	buf_putc(&line, '}');
	buf_puts(&line, members[made]);
	CHECK(feed(results, buf_str(&line)) == 0, "a record is taken");
	buf_free(&line);
	return made;
}

static bool fails(const struct results *results, bool cut, enum made made)
{
	return made == FAILED || made == FAILED_FOR_GOOD ||
	       (made == GONE && results->options.gone_fails) ||
	       (made == DROPPED && (cut || !results->options.may_drop));
}

/* Make the records of each unit of event, begun with any of them. */
static unsigned long long make_all(struct results *results,
				   const struct results_event *event, bool cut,
				   struct told *want, uint32_t *random)
{
	size_t first = event->count ? fuzz_random(random) % event->count : 0;
	unsigned long long records = event->others;

	for (size_t i = 0; i < event->count; i++) {
		size_t at = (first + i) % event->count;
		unsigned long long left = event->units[at].expected;

		for (; left > 0; left--) {
			enum made made = make(results, event->units[at].id,
					      random);

			records++;
			want->failed[at] |= fails(results, cut, made);
			want->permanent[at] |= made == FAILED_FOR_GOOD ||
				(made == GONE && results->options.gone_fails);
		}
	}
	if (event->kind == RESULTS_WHOLE) {
		records = fuzz_random(random) % 4;
		for (unsigned long long i = 0; i < records; i++)
			want->any |= fails(results, cut,
					   make(results, STR_NONE, random));
	}
	return records;
}

static void end(struct results *results, bool cut, unsigned long long records)
{
	struct buf mark;

	buf_init(&mark, 100);
	buf_printf(&mark, "{\"mark\":\"id\",\"records\":%llu}", records);
	CHECK(cut || feed(results, buf_str(&mark)) == 1, "a mark is seen");
	results_end(results, cut ? &late : NULL);
	buf_free(&mark);
}

static void check_made(struct results *results,
		       const struct results_event *event, bool cut,
		       uint32_t random)
{
	bool all = event->others > 0 && (cut || !results->options.may_drop);
	bool before = false, known;
	struct told want, told;

	told_init(&want, event->count);
	told_init(&told, event->count);
	end(results, cut, make_all(results, event, cut, &want, &random));
	read_answer(results, &told);
	known = are_distinct(event) && !told.unknown;
	for (size_t i = 0; i < event->count && known; i++) {
		before = want.failed[i] || (before && event->is_fifo);
		CHECK(told.failed[i] == (before || all),
		      "those failed that did, and no other");
		CHECK(event->kind != RESULTS_TASKS ||
		      told.permanent[i] == want.permanent[i],
		      "what need not be tried again is not");
	}
	if (event->kind == RESULTS_WHOLE)
		CHECK(told.any == (want.any || cut), "it failed if it did");
	told_free(&want);
	told_free(&told);
}

static bool has(struct str letters, char letter)
{
	return letters.n > 0 && memchr(letters.p, letter, letters.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str text = fuzz_part(&rest), letters = fuzz_part(&rest);
	struct results_options options = {
		.gone_fails = has(letters, 'g'), .may_drop = has(letters, 'd')
	};
	struct results *results = results_new(&options);
	struct err err = { .code = "" };
	char *copy = fuzz_copy(text);
	struct str event = { copy, text.n };
	struct results_event counted = { .count = 0 };

	if (results_begin(results, STR("id"), event, &err) < 0) {
		CHECK(err_is_set(&err), "an error says why");
	} else if (results_event_read(&counted, event, &err) == 0 &&
		   (counted.kind != RESULTS_MESSAGES ||
		    results_event_count(&counted, event, &err) == 0)) {
		check_event(event, &counted);
		check_lines(results, has(letters, 'c'), rest);
		results_begin(results, STR("id"), event, &err);
		check_made(results, &counted, has(letters, 'c'),
			   fuzz_seed(rest));
	}
	results_event_free(&counted);
	results_free(results);
	free(copy);
	return 0;
}
