/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/aws_call.h"

void aws_call_header(struct aws_call *call, const char *name, struct str value)
{
	if (!value.p || call->n_headers == AWS_CALL_HEADERS)
		return;
	call->headers[call->n_headers++] =
		(struct str_pair){ str_of(name), value };
}

void aws_call_header_set(struct aws_call *call, const char *name,
			 struct str value)
{
	for (size_t i = 0; i < call->n_headers; i++) {
		if (!str_is(call->headers[i].name, name))
			continue;
		call->headers[i].value = value;
		return;
	}
	aws_call_header(call, name, value);
}
