/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/peers.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "format/json_pick.h"

enum { LINE_MAX_BYTES = 4096 };

static const struct metric requests_total = {
	"s3ev_requests_total", "Requests of filters to AWS, each try counted",
	"{request}", METRIC_COUNTER
};
static const struct metric retries_total = {
	"s3ev_retries_total", "Requests that repeated another",
	"{request}", METRIC_COUNTER
};
static const struct metric throttles_total = {
	"s3ev_throttles_total", "Answers of AWS that asked to slow down",
	"{request}", METRIC_COUNTER
};
static const struct metric median_seconds = {
	"s3ev_filter_p50_seconds",
	"Time within which half of the records were through the filter",
	"s", METRIC_GAUGE
};
static const struct metric slow_seconds = {
	"s3ev_filter_p99_seconds",
	"Time within which 99 of 100 records were through the filter",
	"s", METRIC_GAUGE
};

struct line {
	struct str filter, pid, requests, retries, throttles, p50, p99, status;
};

static const struct json_pick_field fields[] = {
	{ "filter", offsetof(struct line, filter), true },
	{ "pid", offsetof(struct line, pid), false },
	{ "requests", offsetof(struct line, requests), false },
	{ "retries", offsetof(struct line, retries), false },
	{ "throttles", offsetof(struct line, throttles), false },
	{ "p50_ms", offsetof(struct line, p50), false },
	{ "p99_ms", offsetof(struct line, p99), false },
	{ "status", offsetof(struct line, status), false },
};

int peers_open(struct peers *peers, const char *path, struct err *err)
{
	memset(peers, 0, sizeof(*peers));
	lines_init(&peers->lines, LINE_MAX_BYTES);
	peers->fd = -1;
	if (!path)
		return 0;
	peers->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (peers->fd < 0)
		return err_errno(err, "%s", path);
	lseek(peers->fd, 0, SEEK_END); /* of a FIFO there is none */
	return 0;
}

void peers_close(struct peers *peers)
{
	if (peers->fd >= 0)
		close(peers->fd);
	peers->fd = -1;
	lines_free(&peers->lines);
}

/* The text of a scalar ends in NUL. */
static double seconds_of(struct str ms)
{
	double value = ms.p ? strtod(ms.p, NULL) / 1000 : 0;

	return value >= 0 && value < 1e12 ? value : 0;
}

static bool is_name(struct str name)
{
	return name.n > 0 && name.n < PEERS_NAME_SIZE &&
	       !memchr(name.p, '\0', name.n);
}

static void add_counts(struct peer_counts *sum, const struct peer_counts *more)
{
	sum->requests += more->requests;
	sum->retries += more->retries;
	sum->throttles += more->throttles;
}

/* Another process takes its place. */
static void replace(struct peer *peer, unsigned long long pid)
{
	add_counts(&peer->before, &peer->counts);
	peer->counts = (struct peer_counts){ .requests = 0 };
	peer->pid = pid;
	peer->has_ended = false;
}

/* NULL if there are too many. */
static struct peer *find(struct peers *peers, struct str name,
			 unsigned long long pid)
{
	struct peer *ended = NULL, *peer;

	for (size_t i = 0; i < peers->n; i++) {
		peer = &peers->list[i];
		if (!str_eq(str_of(peer->name), name))
			continue;
		if (peer->pid == pid)
			return peer;
		if (peer->has_ended)
			ended = peer;
	}
	if (peers->n == PEERS_MAX) {
		if (ended)
			replace(ended, pid);
		return ended;
	}
	peer = &peers->list[peers->n++];
	memset(peer, 0, sizeof(*peer));
	memcpy(peer->name, name.p, name.n);
	peer->pid = pid;
	return peer;
}

static void take_counts(struct peer *peer, const struct peer_counts *now)
{
	const struct peer_counts *was = &peer->counts;

	if (peer->has_ended || now->requests < was->requests ||
	    now->retries < was->retries || now->throttles < was->throttles)
		replace(peer, peer->pid);
	peer->counts = *now;
}

static void take_line(struct peers *peers, struct str text, struct arena *arena)
{
	struct peer_counts counts;
	unsigned long long pid;
	struct peer *peer;
	struct line line;
	struct err err;

	if (json_pick(fields, sizeof(fields) / sizeof(*fields), text, arena,
		      &line, &err) < 0 ||
	    !is_name(line.filter) || str_number(line.pid, &pid) < 0 ||
	    str_number(line.requests, &counts.requests) < 0 ||
	    str_number(line.retries, &counts.retries) < 0 ||
	    str_number(line.throttles, &counts.throttles) < 0) {
		peers->refused++;
		return;
	}
	peer = find(peers, line.filter, pid);
	if (!peer) {
		peers->too_many++;
		return;
	}
	take_counts(peer, &counts);
	peer->has_ended = line.status.p != NULL;
	peer->p50 = seconds_of(line.p50);
	peer->p99 = seconds_of(line.p99);
}

static void take_lines(struct peers *peers)
{
	enum lines_what what;
	struct arena arena;
	struct str line;

	arena_init(&arena, 64 << 10);
	while ((what = lines_next(&peers->lines, &line)) != LINES_NONE) {
		if (what == LINES_LINE)
			take_line(peers, line, &arena);
		else
			peers->refused++;
		arena_reset(&arena);
	}
	arena_free(&arena);
}

/* Is this the end?  A FIFO has one when nobody writes to it any more. */
static bool read_once(struct peers *peers)
{
	peers->lines.ended = false;
	if (lines_read(&peers->lines, peers->fd) < 0)
		return true;
	take_lines(peers);
	return peers->lines.ended;
}

void peers_read(struct peers *peers)
{
	struct pollfd fd = { .fd = peers->fd, .events = POLLIN };

	while (peers->fd >= 0 && poll(&fd, 1, 0) > 0 && !read_once(peers))
		;
}

void peers_drain(struct peers *peers, int ms)
{
	struct pollfd fd = { .fd = peers->fd, .events = POLLIN };
	uint64_t end = clock_us() + (uint64_t)ms * 1000, now;

	while (peers->fd >= 0 && (now = clock_us()) < end &&
	       poll(&fd, 1, (int)((end - now) / 1000) + 1) > 0 &&
	       !read_once(peers))
		;
}

static bool is_first(const struct peers *peers, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(peers->list[j].name, peers->list[i].name) == 0)
			return false;
	return true;
}

static struct peer_counts counts_of(const struct peer *peer)
{
	struct peer_counts counts = peer->before;

	add_counts(&counts, &peer->counts);
	return counts;
}

struct peer_counts peers_sum(const struct peers *peers)
{
	struct peer_counts sum = { .requests = 0 };

	for (size_t i = 0; i < peers->n; i++) {
		struct peer_counts counts = counts_of(&peers->list[i]);

		add_counts(&sum, &counts);
	}
	return sum;
}

/* All processes of the filter that the i-th is one of; its slowest counts. */
static struct peer sum_of_filter(const struct peers *peers, size_t i)
{
	struct peer sum = { .pid = 0 };

	for (size_t j = i; j < peers->n; j++) {
		const struct peer *peer = &peers->list[j];
		struct peer_counts counts = counts_of(peer);

		if (strcmp(peer->name, peers->list[i].name) != 0)
			continue;
		add_counts(&sum.counts, &counts);
		if (peer->p50 > sum.p50)
			sum.p50 = peer->p50;
		if (peer->p99 > sum.p99)
			sum.p99 = peer->p99;
	}
	return sum;
}

static void put_family(struct metrics *metrics, const struct peers *peers,
		       const struct metric *metric)
{
	for (size_t i = 0; i < peers->n; i++) {
		struct metric_sample *sample;
		struct peer sum;

		if (!is_first(peers, i))
			continue;
		sum = sum_of_filter(peers, i);
		sample = metrics_add(metrics, metric);
		metric_label(sample, "filter", str_of(peers->list[i].name));
		sample->count = metric == &requests_total ?
				sum.counts.requests :
				metric == &retries_total ?
				sum.counts.retries : sum.counts.throttles;
		sample->value = metric == &median_seconds ? sum.p50 : sum.p99;
	}
}

void peers_put(struct metrics *metrics, const struct peers *peers)
{
	put_family(metrics, peers, &requests_total);
	put_family(metrics, peers, &retries_total);
	put_family(metrics, peers, &throttles_total);
	put_family(metrics, peers, &median_seconds);
	put_family(metrics, peers, &slow_seconds);
}
