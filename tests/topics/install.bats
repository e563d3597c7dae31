#!/usr/bin/env bats
# What `make install` gives to strangers, and takes back. It starts no servers.
#
# Programs are compiled as a stranger does it: from another folder, with what
# pkg-config says and nothing else. They are those of s3ev-c(7).

# The names of the headers that are promised: a header that is included by one
# of them is, too, so this list grows only on purpose.
promised='base/arena.h
base/buf.h
base/err.h
base/option_base.h
base/str.h
filter.h
filter/filter.h
filter/flow.h
filter/options.h
filter/progress.h
filter/stats.h
filter/stats_file.h
format/json.h
format/json_write.h
hash/digest.h
io/loop.h
record/record.h
sign.h
sign/sigv4.h'

setup_file() {
	export ROOT DEST=$BATS_FILE_TMPDIR/dest WORK=$BATS_FILE_TMPDIR/work
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export USR=$DEST/opt/s3ev PKG_CONFIG_PATH=$DEST/opt/s3ev/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$DEST
	mkdir "$WORK"
	install_make install
	for program in file sign; do
		example "$program.c" >"$WORK/$program.c"
	done
}

setup() {
	cd "$WORK" || return
}

# Runs make with what was built, and no settings of another make.
install_make() { # ARGUMENT...
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CFLAGS -u LDFLAGS -u HARDENING make -s -C "$ROOT" \
		B="${BUILD:-build}" DESTDIR="$DEST" PREFIX=/opt/s3ev "$@"
}

# Prints the program that follows its name in the page.
example() { # NAME
	sed -n "/^\.\\\\\" $1\$/,/^\.Ed/{/^\./d;s/\\\\e/\\\\/g;p}" "$ROOT/man/s3ev-c.7"
}

assert_eq() { # GOT WANTED
	[ "$1" = "$2" ] && return
	diff -u --label wanted --label got <(printf '%s\n' "$2") <(printf '%s\n' "$1") >&2
	return 1
}

fail() { # MESSAGE
	echo "$1" >&2
	return 1
}

# Compiles a program against libs3ev.so, or against libs3ev.a.
compile() { # PROGRAM so|a [FLAG...]
	local libs
	libs=$(pkg-config --libs s3ev)
	[ "$2" = so ] || libs=$(pkg-config --static --libs s3ev | sed s/-ls3ev/-l:libs3ev.a/)
	# shellcheck disable=SC2046,SC2086
	env -u CPATH -u C_INCLUDE_PATH -u LIBRARY_PATH cc -std=c11 -Wall -Wextra -Wpedantic -Werror "${@:3}" \
		-o "$1-$2" "$1.c" $(pkg-config --cflags s3ev) $libs
}

# Runs a program, with the installed library.
run_program() { # PROGRAM ARGUMENT...
	LD_LIBRARY_PATH=$USR/lib "./$1" "${@:2}"
}

@test "the headers are those that are promised, and need nothing else" {
	assert_eq "$(cd "$USR/include/s3ev" && find . -name '*.h' | sed 's,^\./,,' | LC_ALL=C sort)" "$promised"
	while read -r header; do
		printf '#include <s3ev/%s>\n' "$header" >one.c
		# shellcheck disable=SC2046
		cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only one.c $(pkg-config --cflags s3ev)
	done <<<"$promised"
}

@test "libs3ev.so exports what the headers declare, and nothing else" {
	printf '#include <s3ev/%s>\n' $promised >all.c
	# shellcheck disable=SC2046
	gcc -std=c11 -fsyntax-only -aux-info declared all.c $(pkg-config --cflags s3ev)
	assert_eq "$(nm -D --defined-only "$USR/lib/libs3ev.so" | sed -n 's/.* [^A] \([^@]*\).*/\1/p' | LC_ALL=C sort)" \
		"$(grep -F "$USR/include/s3ev/" declared | sed -n 's/.*\*\/ extern [^(]*[ *]\([a-z0-9_]*\) (.*/\1/p' | LC_ALL=C sort)"
}

@test "libs3ev.so has its name, and its links" {
	version=$(pkg-config --modversion s3ev)
	assert_eq "$version" "$(sed -n 's/.*S3EV_VERSION "\(.*\)"/\1/p' "$ROOT/lib/base/version.h")"
	assert_eq "$(readelf -d "$USR/lib/libs3ev.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')" "libs3ev.so.${version%%.*}"
	assert_eq "$(readlink "$USR/lib/libs3ev.so") $(readlink "$USR/lib/libs3ev.so.${version%%.*}")" \
		"libs3ev.so.${version%%.*} libs3ev.so.$version"
	nm -D "$USR/lib/libs3ev.so" | grep -qF " flow_run@@S3EV_${version%.*}"
}

@test "a stranger signs a published request" {
	wanted=$(grep -E '^(Host|X-Amz-Date|Authorization):' "$ROOT/tests/data/aws-signing-test-suite/v4/get-vanilla/header-signed-request.txt")
	for library in so a; do
		compile sign $library
		assert_eq "$(run_program sign-$library)" "$wanted"
	done
	readelf -d sign-so | grep -q 'NEEDED.*libs3ev\.so\.0'
	! readelf -d sign-a | grep -q 'NEEDED.*libs3ev'
}

@test "a stranger's filter adds a member; marks, what is decided and what failed pass" {
	input='{"bucket":"in","key":"a/b c.csv","mine":[1, 2]}
{"bucket":"in","key":"d","failed":{"by":"s3fetch","code":"SlowDown"}}
{"mark":"m"}
{"bucket":"in","key":"e/f","bad":{"by":"s3check","reason":"r"}}'
	wanted='{"bucket":"in","key":"a/b c.csv","mine":[1, 2],"file":"b c.csv"}
{"bucket":"in","key":"d","failed":{"by":"s3fetch","code":"SlowDown"}}
{"mark":"m"}
{"bucket":"in","key":"e/f","bad":{"by":"s3check","reason":"r"}}'
	unset "${!AWS_@}"
	for library in so a; do
		compile file $library
		status=0
		out=$(run_program file-$library --stats stats-$library <<<"$input" 2>err) || status=$?
		assert_eq "$status $(<err)$out" "75 $wanted"
		grep -q '^{"filter":"file",.*"in":3,"good":1,"bad":1,"gone":0,"failed":1,"passed":2,.*"status":75}$' stats-$library
		status=0
		out=$(run_program file-$library <<<nothing 2>&1) || status=$?
		[[ $status == 65 && $out == 'file: line 1: '* ]]
	done
}

@test "a stranger's filter has options of its own" {
	{
		sed '/^int main/,$d' file.c
		example option.c
		cat <<-'C'
			int main(int argc, char **argv)
			{
				static unsigned long long most;
				struct flow_options flow = { .jobs = 1 };
				const struct options options = {
					.name = "option", .usage = usage, .letters = "", .words = words,
					.take = take, .report = report, .ctx = &most, .flow = &flow,
				};
				int status = options_read(&options, argc, argv);

				return status < 0 ? (int)most : status;
			}
		C
	} | sed 's/(const char \*)ctx, line/"option", line/' >option.c
	compile option so -Wno-unused-function -Wno-unused-parameter
	run run_program option-so --most 7
	assert_eq "$status $output" '7 '
	run run_program option-so --most many
	assert_eq "$status $output" '64 option: not a number: many'
}

@test "a program for another layout is not started" {
	compile sign so
	version=$(pkg-config --modversion s3ev)
	sed -i "s/S3EV_${version%.*}/S3EV_9.9/" sign-so
	run run_program sign-so
	[ "$status" -ne 0 ]
	[[ $output == *"version \`S3EV_9.9' not found"* ]]
}

@test "what is installed is hardened" {
	for file in "$USR/lib/libs3ev.so" $(sed -n '/^TOOLS/,/^$/s/^\t\([a-z0-9-]*\).*/\1/p' "$ROOT/Makefile" | sed "s,^,$USR/bin/,"); do
		# A build with sanitizers has flags of its own, but for the library.
		! nm -D "$file" | grep -q __asan_init || continue
		told=$(readelf -hlWd "$file"; nm -D "$file")
		grep -q 'Type: *DYN' <<<"$told" || fail "$file: not position-independent"
		grep -q GNU_RELRO <<<"$told" && grep -q 'FLAGS_1.*NOW' <<<"$told" || fail "$file: its table of calls can be written"
		grep -q 'GNU_STACK.* RW ' <<<"$told" || fail "$file: its stack can be run"
		grep -q ' __stack_chk_fail' <<<"$told" || fail "$file: its stack has no canaries"
		grep -q ' U __[a-z]*_chk@' <<<"$(grep -v __stack_chk <<<"$told")" || fail "$file: lengths are not checked"
		[ "$(uname -m)" != x86_64 ] || [ "$(objdump -d "$file" | grep -cm 20 endbr64)" -eq 20 ] || fail "$file: jumps are not checked"
	done
}

@test "each program has a manual page" {
	for program in "$USR"/bin/*; do
		[ -s "$USR/share/man/man1/${program##*/}.1" ] || fail "$program has none"
	done
	[ -s "$USR/share/man/man7/s3ev-c.7" ]
}

@test "s3ev-try, s3ev-process and s3ev-backfill find the tools that they are installed with" {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'a,b\n1\n' >bad.csv
	env=(env -i PATH="/usr/bin:/bin" AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret
		AWS_ENDPOINT_URL=http://127.0.0.1:1)
	run "${env[@]}" "$USR/bin/s3ev-try" "$USR/share/doc/s3ev/examples/processor" bad.csv
	[ "$status" -eq 1 ]
	[[ $output == 'bad '*'  bad.csv: line 2: 1 fields, the first line has 2' ]]
	run "${env[@]}" PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad PROCESSOR= CHECKS='--name *.csv' TMPDIR="$PWD" "$USR/bin/s3ev-process" \
		<<<'{"Records":[]}'
	assert_eq "$status $output" '0 '
	run "${env[@]}" "$USR/bin/s3ev-process" <<<'{"Records":[]}'
	assert_eq "$status $output" '78 s3ev-process: PROCESSOR is not set: a program, or empty if there is none'
	run "${env[@]}" PROCESSED_BUCKET=to BAD_DATA_BUCKET=bad PROCESSOR= CHECKS=--utf8 TMPDIR="$PWD" "$USR/bin/s3ev-backfill"
	assert_eq "$status $output" '64 s3ls: nothing to list: give s3://BUCKET/PREFIX'
}

@test "folders can be chosen, one by one" {
	install_make install DESTDIR="$WORK/other" PREFIX=/p BINDIR=/b LIBDIR=/p/l INCLUDEDIR=/i MANDIR=/m
	cd "$WORK/other" || return
	[ -x b/s3ev-split ] && [ -e p/l/libs3ev.so ] && [ -e i/s3ev/base/buf.h ] && [ -e m/man1/s3route.1 ] && [ -e p/share/doc/s3ev/LICENSE ]
	assert_eq "$(ls)" $'b\ni\nm\np'
	assert_eq "$(grep dir= p/l/pkgconfig/s3ev.pc)" $'libdir=${prefix}/l\nincludedir=/i'
	install_make uninstall DESTDIR="$WORK/other" PREFIX=/p BINDIR=/b LIBDIR=/p/l INCLUDEDIR=/i MANDIR=/m
	assert_eq "$(find . ! -type d)" ''
}

@test "service files run what is installed, and systemd finds nothing wrong with them" {
	units=("$USR"/lib/systemd/system/*)
	assert_eq "${units[*]##*/}" "$(cd "$ROOT/pipelines/service" && echo *@.*)"
	for unit in "${units[@]}"; do
		grep -oE '/[a-z0-9/]+/bin/[a-z0-9-]+' "$unit" | while read -r file; do
			[ -x "$DEST$file" ] || fail "$unit: $file is not there"
		done
		# As if it lay where it belongs.
		sed "s,/opt/s3ev,$USR,g" "$unit" >"${unit##*/}"
	done
	command -v systemd-analyze >/dev/null || return 0
	for unit in "${units[@]##*/}"; do
		said=$(MANPATH=$USR/share/man systemd-analyze verify "./${unit/@./@x.}" 2>&1) || fail "$said"
		assert_eq "$said" ''
	done
}

@test "what is not ours stays, and nothing of ours, when it is uninstalled" {
	cp -a "$DEST" "$WORK/copy"
	touch "$WORK/copy/opt/s3ev/bin/theirs"
	install_make uninstall DESTDIR="$WORK/copy"
	assert_eq "$(cd "$WORK/copy" && find . ! -type d)" ./opt/s3ev/bin/theirs
	assert_eq "$(cd "$WORK/copy/opt/s3ev" && find . -name '*s3ev*')" ''
}
