/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_ca.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config_source.h"

enum { PATH_SIZE = 4096 };

/* A name in OpenSSL's directories: eight hex digits, a dot, a number. */
static bool is_hash(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
	       name[9] >= '0' && name[9] <= '9';
}

/* OpenSSL takes a directory without hashes for an empty store. */
static bool has_hashes(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = is_hash(entry->d_name);
	closedir(dir);
	return found;
}

/* The program's directory, links resolved. */
static bool beside_program(char path[PATH_SIZE])
{
	static const char name[] = "certs";
	ssize_t n = readlink("/proc/self/exe", path, PATH_SIZE - sizeof(name));
	char *slash;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	memcpy(slash + 1, name, sizeof(name));
	return has_hashes(path);
}

/* Fedora and Amazon Linux have a file, Debian a directory and a file. */
static const char *of_system(void)
{
	static const char file[] = "/etc/pki/tls/certs/ca-bundle.crt",
			  hashes[] = "/etc/ssl/certs",
			  other_file[] = "/etc/ssl/certs/ca-certificates.crt";

	if (has_hashes(hashes))
		return hashes;
	if (access(file, R_OK) == 0)
		return file;
	return access(other_file, R_OK) == 0 ? other_file : NULL;
}

static int load_default(struct config *config, struct err *err)
{
	struct config_text *ca = &config->ca;
	char beside[PATH_SIZE];
	bool is_beside = beside_program(beside);
	const char *path = is_beside ? beside : of_system();

	if (!path)
		return 0;
	ca->from = is_beside ? "beside the program" : "default";
	ca->value = arena_dup(&config->arena, str_of(path));
	return ca->value.p ? 0 : err_memory(err);
}

int config_ca_load(struct config *config, struct err *err)
{
	struct config_text *ca = &config->ca;

	if (config_source_setting(config, "AWS_CA_BUNDLE", NULL, "ca_bundle",
				  ca, err) < 0 ||
	    (!ca->value.p &&
	     config_source_setting(config, "SSL_CERT_FILE", NULL, NULL, ca,
				   err) < 0) ||
	    (!ca->value.p &&
	     config_source_setting(config, "SSL_CERT_DIR", NULL, NULL, ca,
				   err) < 0))
		return -1;
	return ca->value.p ? 0 : load_default(config, err);
}
