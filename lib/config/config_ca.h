/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_ca: which CA certificates to trust.
 *
 * The first of these that is set, or exists, counts: AWS_CA_BUNDLE or
 * ca_bundle, SSL_CERT_FILE, SSL_CERT_DIR, the directory "certs" beside the
 * program, the system's.  If the system has both a file and a directory of
 * hashes, the directory is used: OpenSSL reads one certificate of a directory,
 * but all of a file, which takes some 20 ms for the usual 150.
 */
#ifndef S3EV_CONFIG_CA_H
#define S3EV_CONFIG_CA_H

#include "config/config.h"

/*
 * Set config->ca.  If nothing is found it stays absent, and libcurl uses its
 * own default.  Whether a named file or directory exists is not checked here.
 */
int config_ca_load(struct config *config, struct err *err);

#endif
