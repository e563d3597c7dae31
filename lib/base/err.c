/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_is_set(const struct err *err)
{
	return err->code[0] != '\0';
}

bool err_is(const struct err *err, const char *code)
{
	return strcmp(err->code, code) == 0;
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

static bool is_for_doctor(const struct err *err)
{
	static const char *const codes[] = {
		"AccessDenied", "AccessDeniedException",
		"AuthorizationHeaderMalformed", "CouldNotConnect",
		"CouldNotResolve", "CredentialsRefused", "ExpiredToken",
		"ExpiredTokenException", "ForeignBucket", "InvalidAccessKeyId",
		"InvalidClientTokenId", "InvalidSignatureException",
		"InvalidToken", "NoCredentials", "NoSuchBucket", "OddServer",
		"PermanentRedirect", "QueueDoesNotExist", "RequestExpired",
		"RequestInTheFuture", "RequestTimeTooSkewed",
		"ResourceNotFoundException", "SignatureDoesNotMatch",
		"SpoolFull", "TokenRefreshRequired",
		"UnrecognizedClientException", "ValidationException",
		"WouldLoop"
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (err_is(err, codes[i]))
			return true;
	return false;
}

void err_words(const struct err *err, char words[ERR_WORDS_SIZE])
{
	size_t n = strlen(err->message);

	memcpy(words, err->message, n + 1);
	if (!is_for_doctor(err))
		return;
	/* AWS ends some with a full stop. */
	if (n > 0 && words[n - 1] == '.')
		n--;
	(void)snprintf(words + n, ERR_WORDS_SIZE - n, "%ssee s3ev-doctor",
		       n > 0 ? "; " : "");
}

int err_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "out of memory");
}

int err_errno(struct err *err, const char *format, ...)
{
	int saved = errno;	/* the calls below may change it */
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	err_set(err, saved == ENOMEM ? ERR_MEMORY : ERR_SYSTEM, "%s: %s",
		what, strerror(saved));
	/* Disks and tables that are full, and the like, may recover. */
	err->retry = true;
	return -1;
}
