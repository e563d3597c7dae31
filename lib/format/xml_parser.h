/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_parser: a parser of expat, for xml.h and xml_scan.h.
 */
#ifndef S3EV_XML_PARSER_H
#define S3EV_XML_PARSER_H

#include <expat.h>

/*
 * encoding as in XML_ParserCreate().  Its hash table has a salt, without asking
 * the kernel.  NULL: memory is out.  XML_ParserFree() frees it.
 */
XML_Parser xml_parser_new(const char *encoding);

#endif
