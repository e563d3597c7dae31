/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <stddef.h>
#include <sysexits.h>

static const int order[] = { EX_OK, EX_DATAERR, EX_TEMPFAIL, EX_UNAVAILABLE,
			     EX_CONFIG, EX_OSERR, EX_IOERR };

static size_t place(int status)
{
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (order[i] == status)
			return i;
	return 0;
}

int status_worse(int a, int b)
{
	return place(b) > place(a) ? b : a;
}
