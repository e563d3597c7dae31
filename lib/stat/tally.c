/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/tally.h"

#include <string.h>
#include <time.h>

#include "format/iso.h"
#include "format/json_write.h"
#include "format/url.h"

static const double check_bounds[] = {
	0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
	30, 60, 300
};

static const double lag_bounds[] = {
	0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400, 604800
};

static const struct metric records_total = {
	"s3ev_records_total", "Records that passed, by what became of them",
	"{record}", METRIC_COUNTER
};
static const struct metric reasons_total = {
	"s3ev_reasons_total",
	"Records that are not good, by the code of the reason",
	"{record}", METRIC_COUNTER
};
static const struct metric bytes_total = {
	"s3ev_object_bytes_total",
	"Announced sizes of their objects, as far as they are known",
	"By", METRIC_COUNTER
};
static const struct metric check_seconds = {
	"s3ev_check_seconds", "Time that s3check took for a record's object",
	"s", METRIC_HISTOGRAM
};
static const struct metric lag_seconds = {
	"s3ev_lag_seconds",
	"Time from a record's event until the record came here",
	"s", METRIC_HISTOGRAM
};
static const struct metric newest_seconds = {
	"s3ev_newest_event_timestamp_seconds",
	"When the newest of the events happened, in seconds since 1970",
	"s", METRIC_GAUGE
};
static const struct metric start_seconds = {
	"s3ev_start_timestamp_seconds",
	"When counting began, in seconds since 1970", "s", METRIC_GAUGE
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

void tally_init(struct tally *tally, uint64_t now)
{
	memset(tally, 0, sizeof(*tally));
	histogram_init(&tally->check, check_bounds, LENGTH(check_bounds));
	histogram_init(&tally->lag, lag_bounds, LENGTH(lag_bounds));
	tally->started = (double)now / 1000;
}

static struct str code_of(const struct record *record,
			  enum record_outcome outcome)
{
	struct str code = outcome == RECORD_FAILED ? record->failed_code :
			  outcome == RECORD_GONE ? record->gone_code :
			  record->bad_code;

	return code.n > 0 ? code : STR("none");
}

/* Counted one by one?  "other" is what all that are not are counted as. */
static bool is_word(struct str code)
{
	for (size_t i = 0; i < code.n; i++)
		if (!url_is_alnum(code.p[i]) && !memchr("._-", code.p[i], 3))
			return false;
	return code.n < TALLY_CODE_SIZE && !str_is(code, "other");
}

static void count_code(struct tally *tally, struct str code,
		       enum record_outcome outcome)
{
	struct tally_code *last;

	for (size_t i = 0; i < tally->n_codes; i++) {
		if (tally->codes[i].outcome != outcome ||
		    !str_eq(str_of(tally->codes[i].code), code))
			continue;
		tally->codes[i].count++;
		return;
	}
	if (tally->n_codes == TALLY_CODES_MAX || !is_word(code)) {
		tally->others[outcome]++;
		return;
	}
	last = &tally->codes[tally->n_codes++];
	memcpy(last->code, code.p, code.n);
	last->code[code.n] = '\0';
	last->outcome = outcome;
	last->count = 1;
}

/* The fraction of a time in UTC, ".123Z", in seconds. */
static double fraction_of(struct str time)
{
	const char *point = memchr(time.p, '.', time.n);
	const char *end = time.p + time.n;
	double fraction = 0, digit = 0.1;

	while (point && ++point < end && *point >= '0' && *point <= '9') {
		fraction += (*point - '0') * digit;
		digit /= 10;
	}
	return fraction;
}

static void add_lag(struct tally *tally, struct str time, uint64_t now)
{
	time_t seconds;
	double at, lag;

	if (!time.p || iso_time(time, &seconds) < 0)
		return;
	at = (double)seconds + fraction_of(time);
	/* A clock that is wrong must not hide that nothing comes any more. */
	if (at > (double)now / 1000)
		at = (double)now / 1000;
	lag = (double)now / 1000 - at;
	histogram_add(&tally->lag, lag);
	spread_add(&tally->lag_spread, lag);
	if (at > tally->newest)
		tally->newest = at;
}

void tally_add(struct tally *tally, const struct record *record,
	       enum record_outcome outcome, uint64_t now)
{
	unsigned long long ms;

	tally->records[outcome]++;
	tally->bytes[outcome] += record->size;
	if (outcome != RECORD_GOOD)
		count_code(tally, code_of(record, outcome), outcome);
	if (str_number(record->check_took, &ms) == 0) {
		histogram_add(&tally->check, (double)ms / 1000);
		spread_add(&tally->check_spread, (double)ms / 1000);
	}
	add_lag(tally, record->time, now);
}

static struct metric_sample *add_by_outcome(struct metrics *metrics,
					    const struct metric *metric,
					    enum record_outcome outcome,
					    unsigned long long count)
{
	struct metric_sample *sample = metrics_add(metrics, metric);

	metric_label(sample, "outcome", str_of(record_outcome_name(outcome)));
	sample->count = count;
	return sample;
}

/* All outcomes are there from the start, so that a rate can be made of each. */
static void put_outcomes(struct metrics *metrics, const struct metric *metric,
			 const unsigned long long counts[RECORD_FAILED + 1])
{
	for (int i = 0; i <= RECORD_FAILED; i++)
		add_by_outcome(metrics, metric, (enum record_outcome)i,
			       counts[i]);
}

static void put_codes(struct metrics *metrics, const struct tally *tally)
{
	for (size_t i = 0; i < tally->n_codes; i++) {
		const struct tally_code *code = &tally->codes[i];

		metric_label(add_by_outcome(metrics, &reasons_total,
					    code->outcome, code->count),
			     "code", str_of(code->code));
	}
	for (int i = 0; i <= RECORD_FAILED; i++)
		if (tally->others[i] > 0)
			metric_label(add_by_outcome(metrics, &reasons_total,
						    (enum record_outcome)i,
						    tally->others[i]),
				     "code", STR("other"));
}

void tally_put(struct metrics *metrics, const struct tally *tally)
{
	put_outcomes(metrics, &records_total, tally->records);
	put_codes(metrics, tally);
	put_outcomes(metrics, &bytes_total, tally->bytes);
	metrics_add(metrics, &check_seconds)->histogram = &tally->check;
	metrics_add(metrics, &lag_seconds)->histogram = &tally->lag;
	if (tally->newest > 0)
		metrics_add(metrics, &newest_seconds)->value = tally->newest;
	metrics_add(metrics, &start_seconds)->value = tally->started;
}

static void put_codes_of(struct buf *out, const struct tally *tally,
			 const struct tally *before,
			 enum record_outcome outcome)
{
	unsigned long long n = tally->others[outcome] - before->others[outcome];

	json_member_open(out, record_outcome_name(outcome));
	if (n > 0)
		json_member_number(out, "other", n);
	for (size_t i = 0; i < tally->n_codes; i++) {
		n = tally->codes[i].count -
		    (i < before->n_codes ? before->codes[i].count : 0);
		if (n > 0 && tally->codes[i].outcome == outcome)
			json_member_number(out, tally->codes[i].code, n);
	}
	buf_putc(out, '}');
}

void tally_put_codes(struct buf *out, const struct tally *tally,
		     const struct tally *before)
{
	json_member_open(out, "codes");
	put_codes_of(out, tally, before, RECORD_BAD);
	put_codes_of(out, tally, before, RECORD_GONE);
	put_codes_of(out, tally, before, RECORD_FAILED);
	buf_putc(out, '}');
}
