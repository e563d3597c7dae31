/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* flock, O_DIRECTORY, renameat2, sync_file_range */
#include "listen/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "format/iso.h"
#include "hash/digest.h"

#define EVENT ".json"
#define HALF ".tmp"
#define WHY ".why"
#define REFUSED "refused"

enum { FILE_SIZE = 64, TRIES = 16, NAMES_FIRST = 64 };

static const char in_use[] = "JournalInUse", gone[] = "JournalGone",
	full[] = "RefusedFull";

/* Names */

/* The time of a name is digits, but for the four characters in between. */
bool journal_is_name(struct str name)
{
	static const char form[] = "00000000T000000.000000Z";

	if (name.n != JOURNAL_NAME_SIZE - 1)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (form[i] == '0' ? name.p[i] < '0' || name.p[i] > '9' :
				     name.p[i] != form[i])
			return false;
	return true;
}

/* Is this a name with prefix and ending?  Then name gets it. */
static bool is_file(const char *file, const char *prefix, const char *ending,
		    char name[JOURNAL_NAME_SIZE])
{
	size_t skip = strlen(prefix), n = strlen(file);
	struct str middle = { file + skip, JOURNAL_NAME_SIZE - 1 };

	if (n != skip + middle.n + strlen(ending) ||
	    strncmp(file, prefix, skip) != 0 ||
	    strcmp(middle.p + middle.n, ending) != 0 || !journal_is_name(middle))
		return false;
	memcpy(name, middle.p, middle.n);
	name[middle.n] = '\0';
	return true;
}

static void put_file(char file[FILE_SIZE], const char *prefix, const char *name,
		     const char *ending)
{
	snprintf(file, FILE_SIZE, "%s%s%s", prefix, name, ending);
}

/* A name later than those before, even if the clock was set back. */
static void new_name(struct journal *journal, char name[JOURNAL_NAME_SIZE])
{
	struct timespec now;
	char seconds[ISO_BASIC_SIZE];
	uint64_t us;

	clock_gettime(CLOCK_REALTIME, &now);
	us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (us <= journal->last)
		us = journal->last + 1;
	journal->last = us;
	iso_write_basic(seconds, (time_t)(us / 1000000));
	snprintf(name, JOURNAL_NAME_SIZE, "%.15s.%06uZ", seconds,
		 (unsigned)(us % 1000000));
}

/* The disk */

static int sync_timed(struct journal *journal, int fd, bool is_file)
{
	uint64_t began = clock_us();
	int status = is_file ? fdatasync(fd) : fsync(fd);

	journal->counts.syncs++;
	journal->counts.sync_us += clock_us() - began;
	return status;
}

/* Some file systems know no RENAME_NOREPLACE. */
static int rename_new(int from_folder, const char *from, int to_folder,
		      const char *to)
{
	if (renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(from_folder, from, to_folder, to, 0) < 0)
		return -1;
	return unlinkat(from_folder, from, 0);
}

/* Make a file with this content, which is not on the disk yet. */
static int write_half(int folder, const char *half, struct str text)
{
	int fd = openat(folder, half,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	int error;

	if (fd < 0 || file_write(fd, text) == 0)
		return fd;
	error = errno;
	close(fd);
	unlinkat(folder, half, 0);
	errno = error;
	return -1;
}

/* A name that nobody has, but for somebody who wants to be in our way. */
static int put_once(struct journal *journal, struct str event,
		    char name[JOURNAL_NAME_SIZE])
{
	char half[FILE_SIZE], file[FILE_SIZE];
	int fd;

	new_name(journal, name);
	put_file(half, ".", name, HALF);
	put_file(file, "", name, EVENT);
	if (faccessat(journal->folder, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	fd = write_half(journal->folder, half, event);
	if (fd < 0)
		return -1;
	journal->halves[journal->half_count].fd = fd;
	memcpy(journal->halves[journal->half_count++].name, name,
	       JOURNAL_NAME_SIZE);
	return 0;
}

/* Give the disk all it will have to write, then wait for each. */
static int sync_halves(struct journal *journal)
{
	int status = 0;

	for (size_t i = 0; i < journal->half_count && journal->half_count > 1; i++)
		sync_file_range(journal->halves[i].fd, 0, 0,
				SYNC_FILE_RANGE_WRITE);
	for (size_t i = 0; i < journal->half_count && status == 0; i++)
		status = sync_timed(journal, journal->halves[i].fd, true);
	return status;
}

static int rename_halves(struct journal *journal)
{
	char half[FILE_SIZE], file[FILE_SIZE];

	for (size_t i = 0; i < journal->half_count; i++) {
		put_file(half, ".", journal->halves[i].name, HALF);
		put_file(file, "", journal->halves[i].name, EVENT);
		if (rename_new(journal->folder, half, journal->folder, file) < 0)
			return -1;
		journal->is_dirty = true;
		journal->counts.written++;
	}
	return 0;
}

static void forget_halves(struct journal *journal)
{
	char half[FILE_SIZE];

	while (journal->half_count > 0) {
		close(journal->halves[--journal->half_count].fd);
		put_file(half, ".", journal->halves[journal->half_count].name,
			 HALF);
		unlinkat(journal->folder, half, 0);
	}
}

/* Nothing is known of a file whose sync failed, not even by a second one. */
static int flush(struct journal *journal, struct err *err)
{
	int status = sync_halves(journal) == 0 ? rename_halves(journal) : -1;

	if (status < 0)
		err_errno(err, "the journal: events cannot be written");
	forget_halves(journal);
	return status;
}

int journal_put(struct journal *journal, struct str event,
		char name[JOURNAL_NAME_SIZE], struct err *err)
{
	int status = -1;

	if (journal->half_count == JOURNAL_GROUP_MAX &&
	    flush(journal, &journal->failed) < 0) {
		*err = journal->failed;
		return -1;
	}
	for (int i = 0; i < TRIES && status < 0; i++) {
		status = put_once(journal, event, name);
		if (status < 0 && errno != EEXIST)
			break;
	}
	return status == 0 ? 0 :
		err_errno(err, "the journal: an event cannot be written");
}

int journal_sync(struct journal *journal, struct err *err)
{
	int status = flush(journal, err);

	if (err_is_set(&journal->failed)) {
		*err = journal->failed;
		journal->failed = (struct err){ .status = 0 };
		return -1;
	}
	if (status < 0 || !journal->is_dirty)
		return status;
	if (sync_timed(journal, journal->folder, false) < 0)
		return err_errno(err, "the journal cannot be synced");
	journal->is_dirty = false;
	return 0;
}

/* Without O_NONBLOCK, a FIFO by such a name would hold us up. */
static int open_plain(int folder, const char *file)
{
	struct stat st;
	int fd = openat(folder, file,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = ELOOP; /* as for a link: it is no file of ours */
	return -1;
}

static int read_plain(const struct journal *journal, int folder,
		      const char *file, struct buf *text)
{
	int fd = open_plain(folder, file), status, error;

	buf_reset(text);
	if (fd < 0)
		return -1;
	status = file_read(fd, text);
	error = errno;
	close(fd);
	errno = error;
	if (status == 0 && text->n > journal->max) {
		errno = EFBIG;
		return -1;
	}
	return status;
}

int journal_read(struct journal *journal, const char *name, struct buf *text,
		 struct err *err)
{
	char file[FILE_SIZE];

	put_file(file, "", name, EVENT);
	if (read_plain(journal, journal->folder, file, text) == 0)
		return 0;
	if (errno == ENOENT || errno == ELOOP || errno == EFBIG)
		return err_set(err, gone, "%s is no event in the journal any "
			       "more", file);
	return err_errno(err, "the journal: %s", file);
}

int journal_remove(struct journal *journal, const char *name, struct err *err)
{
	char file[FILE_SIZE];

	put_file(file, "", name, EVENT);
	if (unlinkat(journal->folder, file, 0) == 0 || errno == ENOENT)
		return 0;
	return err_errno(err, "the journal: %s cannot be removed", file);
}

/* What is refused */

/* The directory's position is shared by its copies: each reader opens it anew. */
static DIR *open_dir(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static int count_refused(struct journal *journal)
{
	DIR *dir = open_dir(journal->refused);
	struct dirent *entry;

	journal->refused_count = 0;
	while (dir && (entry = readdir(dir)))
		journal->refused_count +=
			str_has_suffix(str_of(entry->d_name), STR(EVENT));
	return dir ? closedir(dir) : -1;
}

/* Somebody may have removed some since they were counted. */
static bool is_full(struct journal *journal)
{
	return journal->refused_count >= journal->refused_max &&
	       (count_refused(journal) < 0 ||
		journal->refused_count >= journal->refused_max);
}

/* Is the same text there?  A name from its digest alone proves little. */
static bool is_there(struct journal *journal, const char *file, struct str text)
{
	struct buf other;
	bool is;

	buf_init(&other, journal->max + JOURNAL_ROOM);
	is = read_plain(journal, journal->refused, file, &other) == 0 &&
	     str_eq(buf_str(&other), text);
	buf_free(&other);
	return is;
}

static int put_why(struct journal *journal, const char *name, struct str why)
{
	char half[FILE_SIZE], file[FILE_SIZE];
	int fd, status;

	put_file(half, ".", name, HALF);
	put_file(file, "", name, WHY);
	unlinkat(journal->refused, half, 0);
	fd = write_half(journal->refused, half, why);
	status = fd >= 0 ? sync_timed(journal, fd, true) : -1;
	if (fd >= 0)
		close(fd);
	if (status < 0)
		return -1;
	if (rename_new(journal->refused, half, journal->refused, file) == 0)
		return 0;
	unlinkat(journal->refused, half, 0);
	return errno == EEXIST ? 0 : -1;
}

/* Move the event there, unless it is there already. */
static int move(struct journal *journal, const char *from, const char *to,
		struct str text)
{
	if (rename_new(journal->folder, from, journal->refused, to) == 0) {
		journal->refused_count++;
		return 0;
	}
	if (errno != EEXIST || !is_there(journal, to, text))
		return -1;
	return unlinkat(journal->folder, from, 0);
}

static int refuse(struct journal *journal, const char *name, struct str text,
		  struct str why)
{
	unsigned char digest[DIGEST_SHA256_SIZE];
	char from[FILE_SIZE], to[FILE_SIZE], id[DIGEST_HEX_SIZE(16)];

	digest_sha256(text.p, text.n, digest);
	digest_hex(id, digest, 16);
	put_file(from, "", name, EVENT);
	put_file(to, "", id, EVENT);
	if (put_why(journal, id, why) < 0 ||
	    move(journal, from, to, text) < 0 ||
	    sync_timed(journal, journal->refused, false) < 0)
		return -1;
	journal->is_dirty = true;
	return sync_timed(journal, journal->folder, false);
}

int journal_refuse(struct journal *journal, const char *name, struct str why,
		   struct err *err)
{
	struct buf text;
	int status;

	if (is_full(journal))
		return err_set(err, full, "%zu events in " REFUSED " of the "
			       "journal: look at them and remove them",
			       journal->refused_count);
	buf_init(&text, journal->max + JOURNAL_ROOM);
	status = journal_read(journal, name, &text, err);
	if (status == 0) {
		status = refuse(journal, name, buf_str(&text), why);
		if (status < 0)
			err_errno(err, "the journal: %s cannot be moved to "
				  REFUSED, name);
	}
	buf_free(&text);
	return status;
}

/* What is there */

struct names {
	char (*names)[JOURNAL_NAME_SIZE];
	size_t n, size;
};

static int add_name(struct names *names, const char *name)
{
	if (names->n == names->size) {
		size_t size = names->size ? 2 * names->size : NAMES_FIRST;
		void *p = realloc(names->names, size * JOURNAL_NAME_SIZE);

		if (!p)
			return -1;
		names->names = p;
		names->size = size;
	}
	memcpy(names->names[names->n++], name, JOURNAL_NAME_SIZE);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, JOURNAL_NAME_SIZE);
}

/* A plain file of a size that an event may have? */
static bool is_event(const struct journal *journal, const char *file)
{
	struct stat st;

	return fstatat(journal->folder, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && st.st_size >= 0 &&
	       (uint64_t)st.st_size <= journal->max;
}

static bool is_known(const char *file)
{
	return strcmp(file, ".") == 0 || strcmp(file, "..") == 0 ||
	       strcmp(file, REFUSED) == 0;
}

static int collect(struct journal *journal, DIR *dir, struct names *names,
		   void (*foreign)(void *ctx, const char *name), void *ctx)
{
	char name[JOURNAL_NAME_SIZE];
	struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		const char *file = entry->d_name;

		if (is_known(file) ||
		    (is_file(file, ".", HALF, name) &&
		     unlinkat(journal->folder, file, 0) == 0))
			continue;
		if (!is_file(file, "", EVENT, name) ||
		    !is_event(journal, file))
			foreign(ctx, file);
		else if (add_name(names, name) < 0)
			return -1;
	}
	return errno == 0 ? 0 : -1;
}

int journal_scan(struct journal *journal,
		 int (*found)(void *ctx, const char *name, struct err *err),
		 void (*foreign)(void *ctx, const char *name), void *ctx,
		 struct err *err)
{
	struct names names = { .n = 0 };
	DIR *dir = open_dir(journal->folder);
	int status = dir ? collect(journal, dir, &names, foreign, ctx) : -1;

	if (status < 0)
		err_errno(err, "the journal cannot be read");
	if (names.n > 0)
		qsort(names.names, names.n, JOURNAL_NAME_SIZE, compare);
	for (size_t i = 0; status == 0 && i < names.n; i++)
		status = found(ctx, names.names[i], err);
	free(names.names);
	if (dir)
		closedir(dir);
	return status;
}

/* The name of a folder that was just made has to last, too. */
static int sync_parent(int folder)
{
	int parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = parent >= 0 ? fsync(parent) : -1, error = errno;

	if (parent >= 0)
		close(parent);
	errno = error;
	return status;
}

/* Open a folder, made if it is not there; the last name may be no link. */
static int open_folder(int at, const char *path, int follow)
{
	bool is_new = mkdirat(at, path, 0700) == 0;
	int folder;

	if (!is_new && errno != EEXIST)
		return -1;
	folder = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
	if (folder < 0 || !is_new || sync_parent(folder) == 0)
		return folder;
	close(folder);
	return -1;
}

int journal_open(struct journal *journal, const char *path, size_t max,
		 size_t refused_max, struct err *err)
{
	*journal = (struct journal){ .folder = -1, .refused = -1, .max = max,
				     .refused_max = refused_max };
	journal->folder = open_folder(AT_FDCWD, path, 0);
	if (journal->folder < 0)
		return err_errno(err, "%s", path);
	if (flock(journal->folder, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			err_set(err, in_use, "%s: another process works on "
				"this journal", path);
		else
			err_errno(err, "%s cannot be locked", path);
		journal_close(journal);
		return -1;
	}
	journal->refused = open_folder(journal->folder, REFUSED, O_NOFOLLOW);
	if (journal->refused >= 0 && count_refused(journal) == 0)
		return 0;
	err_errno(err, "%s/" REFUSED, path);
	journal_close(journal);
	return -1;
}

void journal_close(struct journal *journal)
{
	forget_halves(journal);
	if (journal->refused >= 0)
		close(journal->refused);
	if (journal->folder >= 0)
		close(journal->folder);
	journal->folder = journal->refused = -1;
}
