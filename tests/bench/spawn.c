/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn COUNT COMMAND - the least cost of running a command: fork, exec and
 * wait, COUNT times, one after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc == 3 ? strtol(argv[1], NULL, 10) : 0;

	if (count <= 0) {
		fputs("usage: spawn COUNT COMMAND\n", stderr);
		return 64;
	}
	while (count-- > 0) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			execlp(argv[2], argv[2], (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
			fprintf(stderr, "spawn: cannot run %s\n", argv[2]);
			return 71;
		}
	}
	return 0;
}
