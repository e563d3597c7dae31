/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/help.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/version.h"

int help_print(const char *text)
{
	int status = fputs(text, stdout);

	return fclose(stdout) == 0 && status >= 0 ? EX_OK : EX_IOERR;
}

int help_version(const char *name)
{
	printf("%s %s\n", name, S3EV_VERSION);
	return help_print("");
}
