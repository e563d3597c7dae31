/* SPDX-License-Identifier: Apache-2.0 */
/* claim: one at a time for each destination. */
#include "place/claim.h"
#include "tap.h"

static char order[16];

static void on_granted(void *arg)
{
	strcat(order, arg);
}

static struct claim claim_of(const char *bucket, const char *key, char *name)
{
	return (struct claim){ .bucket = str_of(bucket), .key = str_of(key),
			       .granted = on_granted, .arg = name };
}

int main(void)
{
	struct claims claims = { NULL };
	char names[][2] = { "a", "b", "c", "d", "e" };
	struct claim a = claim_of("to", "k", names[0]);
	struct claim b = claim_of("to", "k", names[1]);
	struct claim c = claim_of("to", "k", names[2]);
	struct claim d = claim_of("to", "other", names[3]);
	struct claim e = claim_of("bad", "k", names[4]);

	claim_take(&claims, &a);
	claim_take(&claims, &b);
	claim_take(&claims, &c);
	claim_take(&claims, &d);
	claim_take(&claims, &e);
	is(order, strlen(order), "ade", "the first of each destination");
	claim_release(&claims, &d);
	is(order, strlen(order), "ade", "others wait for their own");
	claim_release(&claims, &b);
	is(order, strlen(order), "ade", "one that waits may go away");
	claim_release(&claims, &a);
	is(order, strlen(order), "adec", "then the next has its turn");
	claim_release(&claims, &a);
	claim_release(&claims, &b);
	is(order, strlen(order), "adec", "what is released is so once");
	claim_take(&claims, &a);
	claim_release(&claims, &c);
	is(order, strlen(order), "adeca", "and may come again");
	claim_release(&claims, &a);
	claim_release(&claims, &e);
	ok(!claims.first, "nothing is left");
	return done();
}
