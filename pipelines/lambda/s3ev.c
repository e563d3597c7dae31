/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev - every tool in one program, called by the tool's name
 *
 * The bundle for Lambda holds this one, linked statically.  tools.h, which
 * pipelines/lambda/build writes, has a line for each tool:
 *
 *	TOOL("s3fetch", s3fetch_main)
 */
#define _DEFAULT_SOURCE		/* setenv, symlinkat */

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "filter/say.h"

struct tool {
	const char *name;
	int (*run)(int argc, char **argv);
};

#define TOOL(name, run) int run(int argc, char **argv);
#include "tools.h"
#undef TOOL

static const struct tool tools[] = {
#define TOOL(name, run) { name, run },
#include "tools.h"
#undef TOOL
};

enum { TOOLS = sizeof(tools) / sizeof(*tools), PATH_SIZE = 4096 };

static const struct tool *find_tool(const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < TOOLS; i++)
		if (strcmp(slash ? slash + 1 : path, tools[i].name) == 0)
			return &tools[i];
	return NULL;
}

static int fail(const char *path, const char *why)
{
	say_wrong("s3ev", path, why);
	return -1;
}

/*
 * A directory of ours alone, made where it is not there.  Others may have made
 * one by that name, or a link, in the hope that it would be taken.
 */
static int open_private(const char *path)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(path, strerror(errno));
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return fd;
	close(fd);
	return fail(path, "it is not this user's alone");
}

static bool has_link(int dir, const char *name, const char *target)
{
	char there[PATH_SIZE];
	ssize_t n = readlinkat(dir, name, there, sizeof(there));

	return n >= 0 && (size_t)n == strlen(target) &&
	       memcmp(there, target, (size_t)n) == 0;
}

/* In one step, so that others who start meanwhile find the old or the new. */
static int put_link(int dir, const char *name, const char *target)
{
	char new[64];

	snprintf(new, sizeof(new), ".new-%ld", (long)getpid());
	if (has_link(dir, name, target))
		return 0;
	if (unlinkat(dir, new, 0) < 0 && errno != ENOENT)
		return -1;
	return symlinkat(target, dir, new) < 0 ||
	       renameat(dir, new, dir, name) < 0 ? -1 : 0;
}

static int fill(const char *path, const char *target)
{
	int dir = open_private(path), status = 0;

	if (dir < 0)
		return -1;
	for (size_t i = 0; i < TOOLS && status == 0; i++)
		if (put_link(dir, tools[i].name, target) < 0)
			status = fail(path, strerror(errno));
	close(dir);
	return status;
}

/*
 * A zip file may lose its links, so they are made where the tools are to run,
 * in a directory below parent that is the same each time, and is printed.
 */
static int make_links(const char *parent)
{
	static const char exe[] = "/proc/self/exe";
	char self[PATH_SIZE], path[PATH_SIZE];
	struct stat st;
	ssize_t n = readlink(exe, self, sizeof(self) - 1);

	if (n < 0 || stat(exe, &st) < 0) {
		say_errno("s3ev", exe);
		return EX_OSERR;
	}
	self[n] = '\0';
	if (snprintf(path, sizeof(path), "%s/s3ev-bin.%lu-%llx-%llx", parent,
		     (unsigned long)geteuid(), (unsigned long long)st.st_dev,
		     (unsigned long long)st.st_ino) >= PATH_SIZE) {
		fail(parent, strerror(ENAMETOOLONG));
		return EX_CANTCREAT;
	}
	if (fill(path, self) < 0)
		return EX_CANTCREAT;
	return puts(path) < 0 || fflush(stdout) != 0 ? EX_IOERR : EX_OK;
}

/*
 * OpenSSL's first use of any cipher prepares all 124 that its provider has, and
 * so on with digests, keys and decoders; before that it lists the names of the
 * time before providers.  All this is half of what a TLS connection costs a
 * process.  So the provider is asked through a list of what TLS and certificates
 * can use.  Of the old names those of digests are needed, by RSA-PSS.  The texts
 * of OpenSSL's errors, which nobody shows, are not loaded either.
 */
static const char *const ciphers[] = {	/* the first two for random numbers */
	"AES-256-CTR", "AES-256-ECB", "AES-256-GCM", "AES-128-GCM",
	"ChaCha20-Poly1305", "AES-256-CCM", "AES-128-CCM", "AES-256-CBC",
	"AES-128-CBC", "AES-256-CBC-HMAC-SHA1", "AES-128-CBC-HMAC-SHA1",
	"AES-256-CBC-HMAC-SHA256", "AES-128-CBC-HMAC-SHA256", NULL
};
static const char *const digests[] = {
	"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512", "SHAKE-256",
	"MD5", "MD5-SHA1", NULL
};
static const char *const macs[] = { "HMAC", NULL };
static const char *const derivations[] = {
	"HKDF", "TLS13-KDF", "TLS1-PRF", NULL
};
static const char *const decoders[] = {
	"DER", "RSA", "RSA-PSS", "EC", "ED25519", "ED448", "X25519", "X448",
	NULL
};

enum { KEPT_MAX = 32 };

static struct operation {
	int id;
	const char *const *names;
	OSSL_ALGORITHM kept[KEPT_MAX];	/* of the provider's, with an end */
} operations[] = {
	{ .id = OSSL_OP_CIPHER, .names = ciphers },
	{ .id = OSSL_OP_DIGEST, .names = digests },
	{ .id = OSSL_OP_MAC, .names = macs },
	{ .id = OSSL_OP_KDF, .names = derivations },
	{ .id = OSSL_OP_DECODER, .names = decoders },
};

enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

/* Of an algorithm that has several names, separated by colons, the first. */
static bool has_name(const OSSL_ALGORITHM *algorithm, const char *const *names)
{
	const char *own = algorithm->algorithm_names;
	size_t n = strcspn(own, ":");

	while (*names && (strlen(*names) != n || memcmp(own, *names, n) != 0))
		names++;
	return *names;
}

static OSSL_FUNC_provider_query_operation_fn *query_all;

static const OSSL_ALGORITHM *query(void *provider, int id, int *no_cache)
{
	const OSSL_ALGORITHM *all = query_all(provider, id, no_cache);
	struct operation *operation = operations;
	size_t n = 0;

	while (operation < operations + OPERATIONS && operation->id != id)
		operation++;
	if (!all || operation == operations + OPERATIONS)
		return all;
	if (operation->kept[0].algorithm_names)
		return operation->kept;
	for (; all->algorithm_names && n < KEPT_MAX - 1; all++)
		if (has_name(all, operation->names))
			operation->kept[n++] = *all;
	return operation->kept;
}

extern OSSL_provider_init_fn ossl_default_provider_init;

static int start_provider(const OSSL_CORE_HANDLE *handle,
			  const OSSL_DISPATCH *core, const OSSL_DISPATCH **out,
			  void **provider)
{
	static OSSL_DISPATCH functions[KEPT_MAX];
	size_t n = 0;

	if (!ossl_default_provider_init(handle, core, out, provider))
		return 0;
	for (; (*out)[n].function_id; n++) {
		if (n == KEPT_MAX - 1)
			return 1;
		functions[n] = (*out)[n];
		if (functions[n].function_id !=
		    OSSL_FUNC_PROVIDER_QUERY_OPERATION)
			continue;
		query_all = OSSL_FUNC_provider_query_operation(&functions[n]);
		functions[n].function = (void (*)(void))query;
	}
	*out = functions;
	return 1;
}

/* If it does not work, OpenSSL works as ever. */
static void shorten_openssl(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
			    OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
			    OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
			    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
	EVP_add_digest(EVP_sha1());
	EVP_add_digest(EVP_sha256());
	EVP_add_digest(EVP_sha384());
	EVP_add_digest(EVP_sha512());
	if (OSSL_PROVIDER_add_builtin(NULL, "short", start_provider))
		OSSL_PROVIDER_load(NULL, "short");
}

static int usage(void)
{
	struct buf line;

	buf_init(&line, 4096);
	buf_puts(&line, "usage: s3ev TOOL [ARGUMENT...] | s3ev --links DIR; tools:");
	for (size_t i = 0; i < TOOLS; i++)
		buf_printf(&line, " %s", tools[i].name);
	say_line(NULL, buf_str(&line));
	buf_free(&line);
	return EX_USAGE;
}

/*
 * c-ares waits five seconds for a name server that is dead unless it is told
 * otherwise; glibc's word for it, "timeout", is not known to it.  s3ev-split
 * talks to nobody.
 */
static int run_tool(const struct tool *tool, int argc, char **argv)
{
	setenv("RES_OPTIONS", "retrans:500 retry:4", 0);
	if (strcmp(tool->name, "s3ev-split") != 0)
		shorten_openssl();
	return tool->run(argc, argv);
}

/* Tools close what they write; what is left to do at exit is a waste. */
int main(int argc, char **argv)
{
	const struct tool *tool = argc > 0 ? find_tool(argv[0]) : NULL;

	if (!tool && argc > 1) {
		tool = find_tool(argv[1]);
		argc--;
		argv++;
	}
	if (tool)
		_exit(run_tool(tool, argc, argv));
	if (argc == 2 && strcmp(argv[0], "--links") == 0)
		return make_links(argv[1]);
	return usage();
}
