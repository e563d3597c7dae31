/* SPDX-License-Identifier: Apache-2.0 */
/* region: regions learned from answers, and read from host names. */
#include "aws/region.h"

#include "tap.h"

static void test_table(void)
{
	static struct region_table table;
	char name[16];

	ok(!region_find(&table, STR("b")).p, "nothing is known at first");
	ok(!region_find(&table, STR("")).p, "nor of no bucket");
	region_learn(&table, STR("b"), STR("eu-west-1"));
	ok(str_is(region_find(&table, STR("b")), "eu-west-1"), "learned");
	region_learn(&table, STR("b"), STR("eu-west-2"));
	ok(str_is(region_find(&table, STR("b")), "eu-west-2"), "and anew");
	region_learn(&table, STR("c"), STR("evil.example/"));
	region_learn(&table, STR("c"), STR(""));
	ok(!region_find(&table, STR("c")).p, "what is no name is not");
	for (int i = 0; i < REGION_TABLE_SIZE; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		region_learn(&table, str_of(name), STR("us-west-2"));
	}
	ok(!region_find(&table, STR("b")).p, "the oldest is forgotten");
	ok(str_is(region_find(&table, STR("n0")), "us-west-2") &&
	   str_is(region_find(&table, str_of(name)), "us-west-2"),
	   "the others are not");
}

static void test_hosts(void)
{
	static const struct {
		const char *host, *region;
	} hosts[] = {
		{ "b.s3.eu-west-1.amazonaws.com", "eu-west-1" },
		{ "s3.eu-west-1.amazonaws.com", "eu-west-1" },
		{ "b.s3-eu-west-1.amazonaws.com", "eu-west-1" },
		{ "b.s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1" },
		{ "b.s3.cn-north-1.amazonaws.com.cn", "cn-north-1" },
		{ "s3.x.s3.eu-west-1.amazonaws.com", "eu-west-1" },
		{ "b.s3.amazonaws.com", "" },
		{ "example.com", "" },
		{ "", "" }
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		struct str region = region_of_host(str_of(hosts[i].host));

		is(region.p ? region.p : "", region.n, hosts[i].region,
		   hosts[i].host);
	}
}

int main(void)
{
	test_table();
	test_hosts();
	return done();
}
