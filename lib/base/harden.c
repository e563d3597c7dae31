/* SPDX-License-Identifier: Apache-2.0 */
#include "base/harden.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

void harden_process(void)
{
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0);
#endif
}
