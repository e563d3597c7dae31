/* SPDX-License-Identifier: Apache-2.0 */
/* help: what --help and --version say. */
#ifndef S3EV_HELP_H
#define S3EV_HELP_H

/* Write text to stdout and close it: the exit status, EX_OK or EX_IOERR. */
int help_print(const char *text);

/* The same with "NAME VERSION". */
int help_version(const char *name);

#endif
