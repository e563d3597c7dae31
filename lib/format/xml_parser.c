/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml_parser.h"

#include <string.h>
#include <sys/auxv.h>

/*
 * Expat would ask the kernel for random bytes for each document.  Those that
 * each process is given at its start do for all of them.
 */
static unsigned long salt(void)
{
	const char *random = (const char *)getauxval(AT_RANDOM);
	unsigned long bytes = 0;

	if (random)
		memcpy(&bytes, random, sizeof(bytes));
	return bytes;
}

XML_Parser xml_parser_new(const char *encoding)
{
	XML_Parser parser = XML_ParserCreate(encoding);

	if (parser)
		XML_SetHashSalt(parser, salt());
	return parser;
}
