/* SPDX-License-Identifier: Apache-2.0 */
/* stat: bounds, spreads, whose metrics they are, and the forms in which they are written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "stat/histogram.h"
#include "stat/identity.h"
#include "stat/metrics.h"
#include "stat/otlp.h"
#include "stat/peers.h"
#include "stat/prom.h"
#include "stat/spread.h"
#include "tap.h"

static const double bounds[] = { 0.5, 1, 10 };

static void test_histogram(void)
{
	static const double values[] = { 0, 0.5, 0.500001, 1, 9, 10, 11, 1e300 };
	static const unsigned long long wanted[] = { 2, 2, 2, 2 };
	struct histogram h;

	histogram_init(&h, bounds, 3);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		histogram_add(&h, values[i]);
	ok(memcmp(h.counts, wanted, sizeof(wanted)) == 0 && h.count == 8,
	   "a value that equals a bound counts below it");
}

static void test_spread(void)
{
	struct spread spread = { .n = 0 };

	for (int i = 0; i < 100; i++)
		spread_add(&spread, i);
	ok(spread.n == 100 && spread.values[99] == 99, "a hundred are all kept");
	for (int i = 100; i < 100000; i++)
		spread_add(&spread, i);
	ok(spread.n > 50 && spread.n <= SPREAD_MAX, "of many, a hundred at most");
	for (size_t i = 1; i < spread.n; i++)
		if (spread.values[i] - spread.values[i - 1] !=
		    spread.values[1] - spread.values[0])
			ok(false, "not even: %g", spread.values[i]);
	ok(spread.values[0] == 0 && spread.values[spread.n - 1] > 98000,
	   "from the first to the last");
}

static const struct metric counter = { "c_total", "a \\ and\na line", "1",
				       METRIC_COUNTER };
static const struct metric gauge = { "g_seconds", "g", "s", METRIC_GAUGE };
static const struct metric times = { "h_seconds", "h", "s",
				     METRIC_HISTOGRAM };

static struct metrics metrics;
static struct histogram histogram;

static void fill(void)
{
	struct metric_sample *sample;

	histogram_init(&histogram, bounds, 3);
	histogram_add(&histogram, 1);
	histogram_add(&histogram, 100);
	metrics_begin(&metrics);
	sample = metrics_add(&metrics, &counter);
	metric_label(sample, "l", STR("a\"b\\c\nd"));
	sample->count = 18446744073709551615ULL;
	sample = metrics_add(&metrics, &counter);
	metric_label(sample, "l", STR("x"));
	metric_label(sample, "m", STR("y"));
	metrics_add(&metrics, &gauge)->value = 0.25;
	metrics_add(&metrics, &times)->histogram = &histogram;
}

static void test_prom(void)
{
	struct buf text;

	buf_init(&text, PROM_MAX);
	prom_put(&text, &metrics);
	is(text.p, text.n,
	   "# HELP c_total a \\\\ and\\na line\n# TYPE c_total counter\n"
	   "c_total{l=\"a\\\"b\\\\c\\nd\"} 18446744073709551615\n"
	   "c_total{l=\"x\",m=\"y\"} 0\n"
	   "# HELP g_seconds g\n# TYPE g_seconds gauge\ng_seconds 0.25\n"
	   "# HELP h_seconds h\n# TYPE h_seconds histogram\n"
	   "h_seconds_bucket{le=\"0.5\"} 0\nh_seconds_bucket{le=\"1\"} 1\n"
	   "h_seconds_bucket{le=\"10\"} 1\nh_seconds_bucket{le=\"+Inf\"} 2\n"
	   "h_seconds_sum 101\nh_seconds_count 2\n", "the text of Prometheus");
	buf_free(&text);
}

static void test_otlp(void)
{
	const struct otlp otlp = { &metrics, 1, 2, STR("me"), STR("id"),
				   STR("a=%2C,,b = c ,service.name=x") };
	struct buf text;

	buf_init(&text, OTLP_MAX);
	otlp_put(&text, &otlp);
	ok(strstr(buf_cstr(&text),
		  "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"me\"}},"
		  "{\"key\":\"a\",\"value\":{\"stringValue\":\",\"}},"
		  "{\"key\":\"b\",\"value\":{\"stringValue\":\"c\"}},"
		  "{\"key\":\"service.instance.id\",\"value\":"
		  "{\"stringValue\":\"id\"}}]},") != NULL,
	   "the attributes, of which the name is ours");
	ok(strstr(text.p, "\"sum\":{\"aggregationTemporality\":2,"
		  "\"isMonotonic\":true,\"dataPoints\":[{\"attributes\":[{"
		  "\"key\":\"l\",\"value\":{\"stringValue\":\"a\\\"b\\\\c\\nd\"}}],"
		  "\"startTimeUnixNano\":\"1000000\",\"timeUnixNano\":\"2000000\","
		  "\"asInt\":\"9223372036854775807\"},{") != NULL,
	   "a counter, no larger than there, and both of its points in one family");
	ok(strstr(text.p, "\"gauge\":{\"dataPoints\":[{\"attributes\":[],"
		  "\"timeUnixNano\":\"2000000\",\"asDouble\":0.25}]}}") != NULL,
	   "a gauge has no start");
	ok(strstr(text.p, "\"count\":\"2\",\"sum\":101,\"bucketCounts\":"
		  "[\"0\",\"1\",\"0\",\"1\"],\"explicitBounds\":[0.5,1,10]}]}}"
		  "]}]}]}") != NULL, "a histogram has each bucket for itself");
	buf_free(&text);
}

static void test_common(void)
{
	struct metric_sample *sample;
	struct buf text;

	metrics_begin(&metrics);
	metrics_common(&metrics, "service", STR_NONE);
	metrics_common(&metrics, "pipeline", STR("2"));
	metrics_add(&metrics, &gauge);
	sample = metrics_add(&metrics, &counter);
	metric_label(sample, "l", STR("x"));
	metric_label(sample, "m", STR("y"));
	buf_init(&text, PROM_MAX);
	prom_put(&text, &metrics);
	ok(strstr(buf_cstr(&text), "\ng_seconds{pipeline=\"2\"} 0\n") &&
	   strstr(text.p, "\nc_total{pipeline=\"2\",l=\"x\",m=\"y\"} 0\n"),
	   "all samples have the common labels that are set");
	buf_free(&text);
}

static void test_pipeline(void)
{
	static const struct { const char *set; unsigned long long n, of; } table[] = {
		{ "1/1", 1, 1 }, { "1/2", 1, 2 }, { "64/64", 64, 64 },
		{ "", 1, 1 }, { "2", 1, 1 }, { "0/2", 1, 1 }, { "3/2", 1, 1 },
		{ "2/x", 1, 1 }, { "/2", 1, 1 }, { "2/65", 1, 1 },
	};
	struct identity id;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		setenv("S3EV_PIPELINE", table[i].set, 1);
		identity_read(&id);
		ok(id.pipeline == table[i].n && id.pipelines == table[i].of &&
		   (id.number.p != NULL) == (id.pipelines > 1),
		   "pipeline: \"%s\"", table[i].set);
	}
	unsetenv("S3EV_PIPELINE");
}

static void test_instance(void)
{
	static const char one[] = "919108f7-52d1-4320-9bac-f847db4148a8";
	struct identity id, other;

	setenv("S3EV_INSTANCE", one, 1);
	identity_read(&id);
	is(id.instance, strlen(id.instance), one, "the id that is given");
	unsetenv("S3EV_INSTANCE");
	identity_read(&id);
	identity_read(&other);
	ok(strlen(id.instance) == strlen(one) && id.instance[14] == '4' &&
	   strchr("89ab", id.instance[19]), "one that is made: %s", id.instance);
	ok(strcmp(id.instance, other.instance) != 0, "each time another");
}

static void test_paths(void)
{
	static const struct {
		const char *path;
		unsigned long long pipeline;
		const char *wanted;
	} table[] = {
		{ "/x/a.prom", 1, "/x/a.prom" },
		{ "/x/a.prom", 12, "/x/a.pipeline-12.prom" },
		{ "/x.prom/a", 2, "/x.prom/a.pipeline-2" },
	};
	struct buf path;

	buf_init(&path, 256);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		buf_reset(&path);
		identity_put_path(&path, table[i].path, table[i].pipeline);
		is(path.p, path.n, table[i].wanted, "a pipeline's own file");
	}
	buf_free(&path);
}

static void test_full(void)
{
	metrics_begin(&metrics);
	for (int i = 0; i < METRICS_MAX; i++)
		metrics_add(&metrics, &counter);
	ok(!metrics.is_full, "as many as there is room for");
	metrics_add(&metrics, &gauge);
	ok(metrics.is_full && metrics.n == METRICS_MAX, "one more is told");
}

static void test_answers(void)
{
	static const struct {
		const char *answer;
		bool is_partial;
		const char *message;
	} table[] = {
		{ "", false, NULL }, { "{}", false, NULL },
		{ "{\"partialSuccess\":{}}", false, NULL },
		{ "no JSON", false, NULL },
		{ "{\"partialSuccess\":{\"rejectedDataPoints\":\"0\"}}", false,
		  NULL },
		{ "{\"partialSuccess\":{\"rejectedDataPoints\":\"3\"}}", true,
		  NULL },
		{ "{\"partialSuccess\":{\"rejectedDataPoints\":3,"
		  "\"errorMessage\":\"old\"}}", true, "old" },
		{ "{\"partialSuccess\":{\"errorMessage\":\"a warning\"}}",
		  false, "a warning" },
		{ "{\"partialSuccess\":{\"rejectedDataPoints\":\"0\","
		  "\"errorMessage\":\"a warning\"}}", false, "a warning" },
	};
	struct arena arena;

	arena_init(&arena, 64 << 10);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct otlp_answer got = otlp_answer(str_of(table[i].answer),
						     &arena);

		ok(got.is_partial == table[i].is_partial &&
		   (table[i].message ?
		    str_is(got.message, table[i].message) : !got.message.p),
		   "answer: %s", table[i].answer);
	}
	arena_free(&arena);
}

static void write_line(FILE *file, const char *filter, int pid, int requests,
		       const char *rest)
{
	fprintf(file, "{\"filter\":\"%s\",\"pid\":%d,\"requests\":%d,"
		"\"retries\":1,\"throttles\":0%s}\n", filter, pid, requests,
		rest);
	fflush(file);
}

static void test_peers(void)
{
	static struct peers peers;
	char path[] = "/tmp/s3ev-stat-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct err err;

	ok(file && peers_open(&peers, path, &err) == 0, "a file of --stats");
	write_line(file, "s3fetch", 7, 90, "");
	write_line(file, "s3fetch", 7, 100, ",\"status\":0");
	peers_read(&peers);
	write_line(file, "s3fetch", 7, 5, "");
	write_line(file, "s3route", 7, 1, "");
	peers_read(&peers);
	ok(peers_sum(&peers).requests == 106 && peers_sum(&peers).retries == 3,
	   "a process with the pid of another is counted besides");
	write_line(file, "s3route", 7, 1, ",\"status\":0");
	write_line(file, "s3route", 7, 4, ",\"status\":0");
	write_line(file, "s3route", 7, 4, ",\"status\":0");
	peers_read(&peers);
	ok(peers_sum(&peers).requests == 114 && peers_sum(&peers).retries == 5,
	   "also if it says as much as that, or more: that one has ended");
	for (int i = 0; i < 2 * PEERS_MAX; i++)
		write_line(file, "s3fetch", 1000 + i, 10, ",\"status\":0");
	peers_read(&peers);
	ok(peers_sum(&peers).requests == 114 + 2 * PEERS_MAX * 10 &&
	   peers.too_many == 0, "of those that have ended, there may be any number");
	for (int i = 0; i < PEERS_MAX; i++)
		write_line(file, "s3fetch", 2000 + i, 10, "");
	write_line(file, "s3rm", 1, 10, "");
	peers_read(&peers);
	ok(peers.too_many > 0 && peers.refused == 0,
	   "of those that have not, only so many");
	peers_close(&peers);
	fclose(file);
	unlink(path);
}

static void test_pairs(void)
{
	struct str list = STR(" a=1 ,=2"), none = STR_NONE;
	struct str_pair pair;
	char room[32];

	ok(otlp_next_pair(&list, room, &pair) == 1 && str_is(pair.name, "a") &&
	   str_is(pair.value, "1"), "a pair");
	ok(otlp_next_pair(&list, room, &pair) == -1, "one without a name");
	ok(otlp_next_pair(&none, room, &pair) == 0, "no list");
}

int main(void)
{
	test_histogram();
	test_spread();
	fill();
	test_prom();
	test_otlp();
	test_common();
	test_pipeline();
	test_instance();
	test_paths();
	test_full();
	test_answers();
	test_peers();
	test_pairs();
	return done();
}
