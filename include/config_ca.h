/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_ca: which CA certificates to trust.
 *
 * The first of these that is set, or is there, counts: AWS_CA_BUNDLE or
 * ca_bundle, SSL_CERT_FILE, SSL_CERT_DIR, the directory "certs" beside the
 * program, the system's.  OpenSSL reads all of a file, which takes some 20 ms
 * for the usual hundred and fifty certificates, but only one file of a
 * directory of hashes: where the system has both, it is the directory.
 */
#ifndef S3EV_CONFIG_CA_H
#define S3EV_CONFIG_CA_H

#include "config.h"

/*
 * Set config->ca; it stays absent where nothing is found, for libcurl to know
 * better.  A file or directory that was named is not looked at here.
 */
int config_ca_load(struct config *config, struct err *err);

#endif
