/* SPDX-License-Identifier: Apache-2.0 */
/* shortage: which last words mean that the machine had nothing left. */
#include "processor/shortage.h"
#include "tap.h"

static const struct {
	const char *said;
	bool wanted;
} table[] = {
	{ "sh: 1: Cannot fork\n", true },
	{ "bash: fork: retry: Resource temporarily unavailable\n", true },
	{ "sh: can't fork: Resource temporarily unavailable\r\n", true },
	{ "Traceback (most recent call last):\n  File \"x\", line 1\n"
	  "BlockingIOError: [Errno 11] Resource temporarily unavailable", true },
	{ "OSError: [Errno 24] Too many open files: 'x'\n", true },
	{ "x.rb:1:in `fork': Resource temporarily unavailable - fork(2) "
	  "(Errno::EAGAIN)\n", true },
	{ "fork/exec /bin/ls: resource temporarily unavailable\n", true },
	{ "sort: cannot read: x: Too many open files in system\n", true },
	{ "runtime: failed to create new OS thread (have 5 already; errno=11)",
	  true },
	{ "cp: x: Cannot allocate memory\n", true },
	{ "sort: write failed: /tmp/x: No space left on device\n", true },
	{ "OSError: [Errno 28] No space left on device: 'x'\n", true },
	{ "Error: ENOSPC: no space left on device, write\n", true },
	{ "cp: error writing 'x': Disk quota exceeded\n", true },
	{ "", false },
	{ "line 2: 1 field, not 2\n", false },
	{ "Cannot fork", false },
	{ "line 3: the text \"sh: 1: Cannot fork\" is not JSON\n", false },
	{ "line 3: Cannot forklift\n", false },
	{ "note: Cannot fork now that it is late\n", false },
};

int main(void)
{
	const struct str memory = STR("x: Cannot allocate memory");

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		ok(shortage_is_in(str_of(table[i].said), false) ==
		   table[i].wanted, "line %zu of the table", i + 1);
	ok(!shortage_is_in(memory, true), "a limit of memory is no shortage");
	return done();
}
