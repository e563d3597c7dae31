/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "format/json_write.h"
#include "io/output.h"

enum { LINE_MAX_BYTES = 1024, STEPS = 16, EXPONENT_MAX = 40, READER_MS = 5,
       FREE_FD = 3 };	/* the first that is no standard one */

void stats_init(struct stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->started = clock_us();
}

/* STEPS buckets for each power of two; below STEPS each number has its own. */
static unsigned bucket_of(uint64_t us)
{
	unsigned exponent = 4;

	if (us < STEPS)
		return (unsigned)us;
	while (exponent < EXPONENT_MAX && us >> (exponent + 1) > 0)
		exponent++;
	if (us >> (exponent + 1) > 0)
		return STATS_BUCKETS - 1;
	return (exponent - 3) * STEPS +
	       (unsigned)(us >> (exponent - 4)) % STEPS;
}

/* The middle of a bucket. */
static double middle_of(unsigned bucket)
{
	unsigned shift = bucket / STEPS - 1;

	if (bucket < STEPS)
		return bucket;
	return ((double)(STEPS + bucket % STEPS) + 0.5) *
	       (double)(1ULL << shift);
}

void stats_worked(struct stats *stats, uint64_t microseconds)
{
	stats->latencies[bucket_of(microseconds)]++;
}

double stats_latency(const struct stats *stats, unsigned percent)
{
	unsigned long long all = 0, seen = 0;
	unsigned bucket = 0;

	for (unsigned i = 0; i < STATS_BUCKETS; i++)
		all += stats->latencies[i];
	if (all == 0)
		return 0;
	while (bucket < STATS_BUCKETS - 1) {
		seen += stats->latencies[bucket];
		if (seen * 100 >= all * percent)
			break;
		bucket++;
	}
	return middle_of(bucket) / 1000;
}

unsigned long long stats_done(const struct stats *stats)
{
	unsigned long long done = 0;

	for (unsigned i = 0; i <= RECORD_FAILED; i++)
		done += stats->out[i];
	return done;
}

void stats_put(struct buf *out, const char *filter, const struct stats *stats,
	       int status)
{
	uint64_t took = clock_us() - stats->started;

	buf_putc(out, '{');
	json_member(out, "filter", str_of(filter));
	json_member_number(out, "pid", (unsigned long long)getpid());
	json_member_number(out, "in", stats->in);
	for (unsigned i = 0; i <= RECORD_FAILED; i++)
		json_member_number(out, record_outcome_name(i), stats->out[i]);
	json_member_number(out, "passed", stats->passed);
	json_member_number(out, "refused", stats->refused);
	json_member_number(out, "bytes", stats->bytes);
	json_member_number(out, "requests", stats->requests);
	json_member_number(out, "retries", stats->retries);
	json_member_number(out, "throttles", stats->throttles);
	buf_printf(out, ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"seconds\":%.3f",
		   stats_latency(stats, 50), stats_latency(stats, 99),
		   (double)took / 1e6);
	if (status != STATS_RUNNING)
		json_member_number(out, "status", (unsigned long long)status);
	buf_puts(out, "}\n");
}

/* There is no event that tells of a FIFO's first reader. */
static int wait_for_reader(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLERR };

	if (poll(&out, 1, READER_MS) > 0 && (out.revents & (POLLERR | POLLHUP)))
		return output_broken();
	return 0;
}

/* Where stdout is closed, the file must not become it. */
static int beside_standard(int fd)
{
	int other, why;

	if (fd >= FREE_FD)
		return fd;
	other = fcntl(fd, F_DUPFD_CLOEXEC, FREE_FD);
	why = errno;
	close(fd);
	errno = why;
	return other;
}

int stats_open(const char *path, struct err *err)
{
	int fd, flags;

	while ((fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
			  O_NONBLOCK, 0666)) < 0 &&
	       errno == ENXIO && wait_for_reader() == 0)
		;
	if (fd >= 0)
		fd = beside_standard(fd);
	if (fd < 0)
		return err_errno(err, "%s", path);
	flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return fd;
}

bool stats_is_fifo(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

int stats_hold_stdout(void)
{
	return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FREE_FD);
}

/*
 * Whoever reads the lines may go: that is no reason to die of SIGPIPE, with the
 * work half done.
 */
static ssize_t write_unharmed(int fd, struct str line)
{
	const struct timespec at_once = { .tv_sec = 0 };
	sigset_t pipe, before, pending;
	ssize_t n;
	int why;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &pipe, &before);
	n = write(fd, line.p, line.n);
	why = errno;
	if (n < 0 && why == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = why;
	return n;
}

int stats_append(int fd, const char *filter, const struct stats *stats,
		 int status, struct err *err)
{
	struct buf line;
	ssize_t n = -1;
	int result = 0;

	buf_init(&line, LINE_MAX_BYTES);
	stats_put(&line, filter, stats, status);
	errno = ENOMEM;	/* the reason, if the line could not be made */
	if (!line.failed)
		n = write_unharmed(fd, buf_str(&line));
	if (n < 0)
		result = err_errno(err, "stats");
	else if ((size_t)n < line.n)
		result = err_set(err, ERR_SYSTEM, "stats: cut short");
	buf_free(&line);
	return result;
}

int stats_write(int fd, const char *filter, const struct stats *stats,
		int status, struct err *err)
{
	int result = stats_append(fd, filter, stats, status, err);

	if (close(fd) < 0 && result == 0)
		result = err_errno(err, "stats");
	return result;
}
