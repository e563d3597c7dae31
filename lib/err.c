/* SPDX-License-Identifier: Apache-2.0 */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_is_set(const struct err *err)
{
	return err->code[0] != '\0';
}

int err_set(struct err *err, const char *code, const char *format, ...)
{
	va_list args;

	memset(err, 0, sizeof(*err));
	snprintf(err->code, sizeof(err->code), "%s", code);
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, const char *format, ...)
{
	int saved = errno;
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	err_set(err, saved == ENOMEM ? "OutOfMemory" : "SystemError", "%s: %s",
		what, strerror(saved));
	err->retry = true;
	return -1;
}
