/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help: print what --help and --version ask for.
 *
 * Nothing is kept.
 */
#ifndef S3EV_HELP_H
#define S3EV_HELP_H

/* Write text to stdout and close it.  Returns EX_OK or EX_IOERR. */
int help_print(const char *text);

/* The same with "NAME VERSION". */
int help_version(const char *name);

#endif
