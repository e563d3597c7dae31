/* SPDX-License-Identifier: Apache-2.0 */
/* inbox and gatekeeper: what waits, when it is due, and who may come in. */
#include "listen/gatekeeper.h"
#include "listen/inbox.h"

#include "tap.h"

static unsigned held;

static void on_held(void *ctx, struct inbox_event *event)
{
	(void)ctx;
	(void)event;
	held++;
}

static void pass(struct inbox *inbox, uint64_t now)
{
	inbox_pass(inbox, now, false, on_held, NULL);
}

static void test_order(void)
{
	struct inbox *inbox = inbox_new();
	struct inbox_event *a = inbox_add(inbox, STR("a"), "one");
	struct inbox_event *b = inbox_add(inbox, STR("b"), NULL);

	ok(inbox_find(inbox, STR("a")) == a && inbox_find(inbox, STR("b")) == b &&
	   !inbox_find(inbox, STR("c")), "an event is found by its bytes");
	is(a->name, strlen(a->name), "one", "it has the name of the journal");
	is(b->name, strlen(b->name), "3e23e8160039594a33894f6564e1b134",
	   "or one of its digest");
	ok(inbox_next(inbox) == a, "the first comes first");
	inbox_take(inbox, a);
	ok(inbox_next(inbox) == b && inbox_count(inbox) == 2,
	   "what is worked on is not given again, but counts");
	inbox_take(inbox, b);
	inbox_put_back(inbox, a);
	ok(inbox_next(inbox) == a, "what was put back is the first");
	inbox_remove(inbox, a);
	ok(!inbox_next(inbox) && !inbox_find(inbox, STR("a")) &&
	   inbox_count(inbox) == 1, "what is done is gone");
	inbox_free(inbox);
}

static void test_backoff(void)
{
	static const uint64_t wait[] = { 15000, 30000, 60000, 120000, 240000,
					 480000, 900000, 900000 };
	struct inbox *inbox = inbox_new();
	struct inbox_event *event = inbox_add(inbox, STR("a"), "a");
	uint64_t now = 5;
	bool is_right = true;

	for (size_t i = 0; i < sizeof(wait) / sizeof(*wait); i++) {
		inbox_take(inbox, event);
		inbox_backoff(inbox, event, now, 15000);
		is_right &= inbox_due(inbox) == now + wait[i];
		pass(inbox, now + wait[i] - 1);
		is_right &= !inbox_next(inbox);
		now += wait[i];
		pass(inbox, now);
		is_right &= inbox_next(inbox) == event;
	}
	ok(is_right, "tries are further and further apart, up to 15 minutes");
	ok(inbox_due(inbox) == UINT64_MAX, "what is ready is not due");
	inbox_free(inbox);
}

static void test_due_order(void)
{
	struct inbox *inbox = inbox_new();
	struct inbox_event *events[3];

	for (size_t i = 0; i < 3; i++) {
		events[i] = inbox_add(inbox, (struct str){ &"abc"[i], 1 }, "e");
		inbox_take(inbox, events[i]);
	}
	inbox_backoff(inbox, events[0], 100, 50);
	inbox_backoff(inbox, events[1], 100, 10);
	inbox_backoff(inbox, events[2], 100, 30);
	ok(inbox_due(inbox) == 110, "the earliest is due first");
	pass(inbox, 130);
	ok(inbox_next(inbox) == events[1] && inbox_due(inbox) == 150,
	   "and comes first");
	inbox_free(inbox);
}

static void test_hold(void)
{
	static const uint64_t wait[] = { 1000, 2000, 4000, 8000, 8000 };
	struct inbox *inbox = inbox_new();
	struct inbox_event *event = inbox_add(inbox, STR("a"), NULL);
	uint64_t now = 0;
	bool is_right = true;

	for (size_t i = 0; i < sizeof(wait) / sizeof(*wait); i++) {
		inbox_take(inbox, event);
		inbox_hold(inbox, event, now);
		pass(inbox, now + wait[i] - 1);
		is_right &= held == i;
		now += wait[i];
		pass(inbox, now);
		is_right &= held == i + 1 && event->state == INBOX_KNOWN;
		inbox_add_again(inbox, event);
	}
	ok(is_right, "a refusal is held back longer and longer, up to 8 s");
	inbox_take(inbox, event);
	inbox_hold(inbox, event, now);
	held = 0;
	inbox_pass(inbox, now, true, on_held, NULL);
	ok(held == 1 && inbox_count(inbox) == 0, "or not, if it has to go out");
	pass(inbox, now + INBOX_KNOWN_MS);
	ok(!inbox_find(inbox, STR("a")), "it is forgotten after a minute");
	inbox_free(inbox);
}

static int judge(const struct gatekeeper *gatekeeper, const char *method,
		 const char *path, const char *authorization)
{
	const struct serve_request request = {
		.method = str_of(method), .path = str_of(path),
		.authorization = str_of(authorization),
	};
	const struct serve_answer *answer = gatekeeper_judge(gatekeeper,
							     &request);

	return answer ? answer->status : 0;
}

static void test_gatekeeper(void)
{
	static const struct {
		const char *method, *path, *authorization;
		int open, guarded;	/* with neither and with both secrets */
	} cases[] = {
		{ "POST", "/", NULL, 0, 404 },
		{ "POST", "/in", NULL, 0, 401 },
		{ "POST", "/in", "Bearer t", 0, 0 },
		{ "POST", "/in", "bEARER  t", 0, 0 },
		{ "POST", "/in", "Bearer t2", 0, 401 },
		{ "POST", "/in", "Bearer ", 0, 401 },
		{ "POST", "/in", "Bearer", 0, 401 },
		{ "POST", "/in", "t", 0, 401 },
		{ "POST", "/in", "", 0, 401 },
		{ "POST", "/in/", "Bearer t", 0, 404 },
		{ "GET", "/in", "Bearer t", 405, 405 },
		{ "DELETE", "/in", "Bearer t", 405, 405 },
		{ "post", "/in", "Bearer t", 405, 405 },
		{ "GET", "/health", NULL, 0, 0 },
		{ "HEAD", "/metrics", NULL, 0, 0 },
		{ "POST", "/metrics", "Bearer t", 405, 405 },
	};
	struct gatekeeper open, guarded;

	gatekeeper_init(&open, NULL, STR_NONE);
	gatekeeper_init(&guarded, "/in", STR("t"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(judge(&open, cases[i].method, cases[i].path,
			 cases[i].authorization) == cases[i].open &&
		   judge(&guarded, cases[i].method, cases[i].path,
			 cases[i].authorization) == cases[i].guarded,
		   "%s %s %s", cases[i].method, cases[i].path,
		   cases[i].authorization ? cases[i].authorization : "-");
}

int main(void)
{
	test_order();
	test_backoff();
	test_due_order();
	test_hold();
	test_gatekeeper();
	return done();
}
