/* SPDX-License-Identifier: Apache-2.0 */
/* spawn: a program gets what the plan says, and nothing else. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { IN, OUT, SAID, NOTE };
enum { PATIENCE_MS = 30000 };

/* What a run of a plan came to. */
struct run {
	pid_t pid;
	int ours[SPAWN_FDS_MAX];
	int status;			/* as of wait(2) */
	char out[512], said[512];	/* text, trimmed of its newline */
};

/* To the end of the pipe; false if that does not come. */
static bool read_all(int fd, char *text, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t used = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && poll(&ready, 1, PATIENCE_MS) > 0) {
		n = read(fd, text + used, size - 1 - used);
		if (n > 0)
			used += (size_t)n;
	}
	if (used > 0 && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return n == 0;
}

static void close_all(struct run *run)
{
	for (int i = 0; i < SPAWN_FDS_MAX; i++)
		if (run->ours[i] >= 0)
			close(run->ours[i]);
}

static struct run run(const struct spawn_plan *plan)
{
	struct run run = { .status = -1 };

	run.pid = spawn(plan, run.ours);
	if (run.pid < 0)
		return run;
	if (run.ours[IN] >= 0)
		close(run.ours[IN]);
	run.ours[IN] = -1;
	read_all(run.ours[OUT], run.out, sizeof(run.out));
	read_all(run.ours[SAID], run.said, sizeof(run.said));
	waitpid(run.pid, &run.status, 0);
	close_all(&run);
	return run;
}

static bool ended(const struct run *run, int status)
{
	return WIFEXITED(run->status) && WEXITSTATUS(run->status) == status;
}

/* What a shell script writes. */
static struct run shell(const char *script, struct spawn_plan plan)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	plan.argv = argv;
	plan.fds[OUT].kind = SPAWN_READ;
	plan.fds[SAID].kind = SPAWN_READ;
	return run(&plan);
}

static void says(const char *script, struct spawn_plan plan, const char *want,
		 const char *what)
{
	struct run run = shell(script, plan);

	is(run.out, strlen(run.out), want, what);
	if (run.said[0])
		printf("# stderr: %s\n", run.said);
}

static void fails(struct spawn_plan plan, const char *program, int status,
		  const char *want, const char *what)
{
	const char *argv[] = { program, NULL };
	struct run result;

	plan.argv = argv;
	plan.fds[SAID].kind = SPAWN_READ;
	result = run(&plan);
	ok(ended(&result, status), "%s: status %d", what, status);
	is(result.said, strlen(result.said), want, what);
}

static void test_failures(void)
{
	const struct spawn_plan plain = { .argv = NULL };

	fails(plain, "/nonexistent/program", 127, "/nonexistent/program: "
	      "cannot be executed: No such file or directory",
	      "a path that does not exist");
	fails(plain, "no-such-program-s3ev", 127, "no-such-program-s3ev: "
	      "cannot be executed: No such file or directory",
	      "a name that is not in PATH");
	fails(plain, "/dev/null", 126,
	      "/dev/null: cannot be executed: Permission denied",
	      "a file that is no program");
	fails((struct spawn_plan){ .name = "its name" }, "/nonexistent", 127,
	      "its name: cannot be executed: No such file or directory",
	      "it is called as the plan says");
	fails((struct spawn_plan){ .directory = "/nonexistent" }, "true", 126,
	      "true: cannot be executed: No such file or directory",
	      "a directory that does not exist");
	fails((struct spawn_plan){ .is_held = true, .ruleset = -1 }, "true",
	      126, "true: cannot be executed: Bad file descriptor",
	      "no ruleset: it does not run without");
}

static unsigned count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_descriptors(void)
{
	const char *argv[] = { "true", NULL };
	struct spawn_plan plan = { .argv = argv, .fds = {
		{ .kind = SPAWN_WRITE }, { .kind = SPAWN_READ },
		{ SPAWN_GIVE, 1000 } } };
	unsigned before = count_open();
	int ours[SPAWN_FDS_MAX];

	errno = 0;
	ok(spawn(&plan, ours) == -1 && errno == EBADF,
	   "a descriptor that is not open cannot be given");
	ok(ours[IN] == -1 && ours[OUT] == -1 && count_open() == before,
	   "nothing is left open then");
}

static void test_none_left(void)
{
	unsigned before = count_open();

	shell("exit 0", (struct spawn_plan){ .n_fds = 4 });
	ok(count_open() == before, "only our ends of pipes are open afterwards");
}

static void test_pipes(void)
{
	const char *argv[] = { "cat", NULL };
	struct spawn_plan plan = { .argv = argv, .fds = {
		{ .kind = SPAWN_WRITE }, { .kind = SPAWN_READ } } };
	struct run run = { .status = -1 };

	run.pid = spawn(&plan, run.ours);
	ok(run.ours[SAID] == -1 && run.ours[NOTE] == -1,
	   "what is no pipe has no end of ours");
	for (int i = IN; i <= OUT; i++) {
		ok(fcntl(run.ours[i], F_GETFL) & O_NONBLOCK,
		   "our end of pipe %d does not block", i);
		ok(fcntl(run.ours[i], F_GETFD) & FD_CLOEXEC,
		   "our end of pipe %d is closed on exec", i);
	}
	ok(write(run.ours[IN], "hello\n", 6) == 6, "a pipe is written to");
	close(run.ours[IN]);
	run.ours[IN] = -1;
	read_all(run.ours[OUT], run.out, sizeof(run.out));
	is(run.out, strlen(run.out), "hello", "and another read from");
	waitpid(run.pid, &run.status, 0);
	ok(ended(&run, 0), "it ends well");
	close_all(&run);
}

static int open_text(const char *text)
{
	char path[] = "/tmp/s3ev-spawn.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	(void)!write(fd, text, strlen(text));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

#define LIST "for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do " \
	"[ ! -e /proc/$$/fd/$n ] || printf '%s ' $n; done"

static void test_descriptors(void)
{
	int fd = open_text("given"), open_fd = dup(fd), third;
	struct spawn_plan plan = { .fds = { { SPAWN_GIVE, fd } } };

	says("cat", plan, "given", "a descriptor of ours");
	ok(fcntl(fd, F_GETFD) >= 0, "it stays open for us");
	says("cat; echo end", (struct spawn_plan){ .n_fds = 3 }, "end",
	     "/dev/null is at its end at once");
	says(LIST,
	     (struct spawn_plan){ .n_fds = 3 }, "0 1 2 ",
	     "what we did not close on exec does not get through");
	says(LIST,
	     (struct spawn_plan){ .n_fds = 4 }, "0 1 2 3 ",
	     "a fourth one is asked for");
	third = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	lseek(fd, 0, SEEK_SET);
	plan = (struct spawn_plan){ .n_fds = 4, .fds = {
		[NOTE] = { SPAWN_GIVE, third } } };
	says("cat <&3", plan, "given", "one that is closed on exec for us");
	close(third);
	close(open_fd);
	close(fd);
}

/* In a child, whose own descriptors may be put in disorder. */
static int swapped(void)
{
	int first = open_text("first"), second = open_text("second");
	const char *argv[] = { "sh", "-c",
		"read -r a; read -r b <&3; [ $a-$b = second-first ]", NULL };
	struct spawn_plan plan = { .argv = argv, .n_fds = 4, .fds = {
		[IN] = { SPAWN_GIVE, 3 }, [NOTE] = { SPAWN_GIVE, 0 } } };
	int ours[SPAWN_FDS_MAX], status = -1, high = fcntl(second, F_DUPFD, 20);

	dup2(first, 0);
	dup2(high, 3);
	waitpid(spawn(&plan, ours), &status, 0);
	return status == 0 ? 0 : 1;
}

static void test_swap(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(swapped());
	waitpid(pid, &status, 0);
	ok(status == 0, "descriptors that change places");
}

static void test_group(void)
{
	const char *argv[] = { "sh", "-c", "sleep 60 & echo; wait", NULL };
	struct spawn_plan plan = { .argv = argv, .fds = {
		[OUT] = { .kind = SPAWN_READ } } };
	struct run run = { .status = -1 };
	struct pollfd ready = { .events = POLLIN };

	run.pid = spawn(&plan, run.ours);
	ok(getpgid(run.pid) == run.pid, "it leads a group when spawn() returns");
	ready.fd = run.ours[OUT];
	poll(&ready, 1, PATIENCE_MS);
	spawn_signal(0, SIGKILL);
	spawn_signal(run.pid, SIGTERM);
	waitpid(run.pid, &run.status, 0);
	ok(WIFSIGNALED(run.status) && WTERMSIG(run.status) == SIGTERM,
	   "a signal reaches it");
	/* The pipe ends when nobody has it open any more. */
	ok(read_all(run.ours[OUT], run.out, sizeof(run.out)),
	   "and its descendants");
	close_all(&run);
}

/* Whatever we do with signals. */
static void test_signals(void)
{
	sigset_t all, old;
	struct run run;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	run = shell("kill -PIPE $$; exit 3", (struct spawn_plan){ .n_fds = 3 });
	ok(WIFSIGNALED(run.status) && WTERMSIG(run.status) == SIGPIPE,
	   "SIGPIPE is not ignored");
	run = shell("kill -TERM $$; exit 3", (struct spawn_plan){ .n_fds = 3 });
	ok(WIFSIGNALED(run.status) && WTERMSIG(run.status) == SIGTERM,
	   "no signal is blocked");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_surroundings(void)
{
	const char *envp[] = { "A=1", "PATH=/nowhere", NULL };
	char here[512];

	says("pwd", (struct spawn_plan){ .directory = "/" }, "/",
	     "the plan's directory");
	says("pwd", (struct spawn_plan){ .n_fds = 3 },
	     getcwd(here, sizeof(here)), "else ours");
	says("echo $A-$S3EV_SPAWN-$PATH", (struct spawn_plan){ .envp = envp },
	     "1--/nowhere", "the plan's environment, found by our PATH");
	setenv("S3EV_SPAWN", "ours", 1);
	says("echo $S3EV_SPAWN", (struct spawn_plan){ .n_fds = 3 }, "ours",
	     "else ours");
}

static void test_limits(void)
{
	struct spawn_plan plan = { .limits = {
		.cpu_seconds = 5, .memory = 64 << 20, .file_size = 4096 } };
	struct rlimit low = { 2048, 2048 };
	int status;
	pid_t pid;

	says("echo $(ulimit -S -t) $(ulimit -H -t) $(ulimit -d) $(ulimit -f)",
	     plan, "5 6 65536 8", "limits");
	pid = fork();
	if (pid == 0) {
		struct run run;

		setrlimit(RLIMIT_FSIZE, &low);
		run = shell("ulimit -f", plan);
		_exit(strcmp(run.out, "4") != 0);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "a lower one is not raised");
}

/* It is told to die with the process that started it. */
static void test_death(void)
{
	const char *argv[] = { "sleep", "60", NULL };
	int ends[2], ours[SPAWN_FDS_MAX];
	char text[8];
	struct spawn_plan plan = { .argv = argv, .dies_with_us = true };
	pid_t pid;

	(void)!pipe(ends);
	pid = fork();
	if (pid == 0) {
		plan.fds[OUT] = (struct spawn_fd){ SPAWN_GIVE, ends[1] };
		_exit(spawn(&plan, ours) < 0);
	}
	close(ends[1]);
	waitpid(pid, NULL, 0);
	ok(read_all(ends[0], text, sizeof(text)), "it dies with us if it is to");
	close(ends[0]);
}

int main(void)
{
	test_failures();
	test_no_descriptors();
	test_none_left();
	test_pipes();
	test_descriptors();
	test_swap();
	test_group();
	test_signals();
	test_surroundings();
	test_limits();
	test_death();
	return done();
}
