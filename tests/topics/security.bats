#!/usr/bin/env bats
# What a processor that its input has taken over cannot do: s3ev-security(7).
#
# Each attack is made by a processor that says what it got. Those that Landlock
# stops run as whoever runs the tests, and as nobody if that is root; those that
# it need not stop run without it, as nobody.

load ../lib/helper
load ../lib/s3check

setup() {
	# Not in BATS_TEST_TMPDIR, which nobody else may enter.
	dir=$(mktemp -d "${TMPDIR:-/tmp}/s3ev-security.XXXXXX")
	export dir TMPDIR=$dir/tmp
	chmod 711 "$dir"
	mkdir -m 777 "$TMPDIR" "$dir/loot"
	export AWS_SECRET_ACCESS_KEY=SeCrEt-of-s3ev
}

teardown() {
	stop_servers
	rm -rf "$dir"
}

# Skips the test where the kernel has no Landlock, or an older one.
needs_landlock() { # VERSION
	local version
	version=$(python3 -c 'import ctypes
print(ctypes.CDLL(None).syscall(444, None, 0, 1))')
	[ "$version" -ge "$1" ] || skip "LANDLOCK $1 IS NOT IN THIS KERNEL: NOTHING TESTED"
}

# A kernel without it, as far as COMMAND can tell.
without_landlock() { # COMMAND...
	python3 -c '
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
load, is_equal, answer = 0x20, 0x15, 0x06
ENOSYS, ALLOW = 0x00050000 | 38, 0x7fff0000
steps = ((load, 0, 0, 0), (is_equal, 0, 1, 444), (answer, 0, 0, ENOSYS), (answer, 0, 0, ALLOW))
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit("no seccomp")
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}

ordinary() { # COMMAND...
	if [ "$(id -u)" -eq 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; else "$@"; fi
}

# The records are for s3check, run with the words before it.
attack() { # OPTION... -- [COMMAND...]
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	run3 "${@:2}" timeout 60 s3check --env dir --allow-write "$dir/loot" "${options[@]}" <<<"$records"
}

# Runs a function with the words that run s3check as each user.
as_each() { # FUNCTION
	"$1" env
	[ "$(id -u)" -ne 0 ] || "$1" ordinary
}

# Two objects; anybody may read their files.
two_objects() {
	records=$(echo evil | spooled key=evil; echo victim | spooled key=victim)
	chmod 644 "$dir"/spool.*
	victim=$(jq -r 'select(.key == "victim") | .fetch.path' <<<"$records")
}

# Another's processes

@test "in the sandbox it reads neither environment, memory nor descriptors of any process, not even as root" {
	needs_landlock 1
	reads_nothing() {
		: >"$dir/loot/seen"
		chmod 666 "$dir/loot/seen"
		attack -x 'exec >>"$dir/loot/seen" 2>/dev/null
			cat /proc/[0-9]*/environ | tr "\0" "\n" | grep -a SeCrEt; readlink /proc/$PPID/fd/* /proc/$PPID/cwd /proc/$PPID/exe
			cat "/proc/$PPID/maps" "/proc/$PPID/auxv" "/proc/$PPID/stack" "/proc/$PPID/io"; head -c 1 "/proc/$PPID/mem"
			[ "$(tr "\0" "\n" <"/proc/$$/environ" | grep -c ^S3EV_KEY=)" = 1 ] && exit 3' -- "$1"
		assert_eq "$status $(outcomes | sort -u)" '0 bad the processor ended with status 3'
		assert_eq "$(<"$dir/loot/seen")" ''
	}
	two_objects
	as_each reads_nothing
}

@test "without it, an ordinary user's processor reads nothing of s3check either" {
	two_objects
	attack --sandbox=off -x 'cat "/proc/$PPID/environ" "/proc/$PPID/maps" "/proc/$PPID/auxv" >"$dir/loot/seen" 2>/dev/null
		ls -l "/proc/$PPID/fd/" >>"$dir/loot/seen" 2>/dev/null; exit 3' -- ordinary
	assert_eq "$status $(outcomes | sort -u)" '0 bad the processor ended with status 3'
	assert_eq "$(<"$dir/loot/seen")" ''
}

# shellcheck disable=SC2016
forge='echo "{\"id\":\"forged\",\"bucket\":\"in\",\"key\":\"victim\",\"check\":{\"by\":\"processor\"}}" >"/proc/$PPID/fd/1"; exit 0'

@test "it writes no records into the pipe of s3check" {
	forges_nothing() {
		run3 bash -c '"$@" | cat' bash "$1" timeout 60 s3check "${options[@]}" -x "$forge" <<<"$records"
		assert_eq "$(jq -r .key <<<"$out" | sort)" $'evil\nvictim'
	}
	two_objects
	export -f ordinary
	options=(--sandbox=off)
	forges_nothing ordinary
	needs_landlock 1
	options=(--sandbox=required)
	as_each forges_nothing
}

@test "the filters that hold credentials are closed to others of their user, and leave no core" {
	local as=(env) filter
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
	mkfifo "$dir/fifo"
	chmod 666 "$dir/fifo"
	# Its own files in /proc are root's as soon as it is closed.
	is_closed() { # PID NAME
		[ "$(<"/proc/$1/comm") $(stat -c %u "/proc/$1/environ")" = "$2 0" ]
	}
	for filter in s3ev-split s3fetch 's3check -x true' 's3route -p p -b b' 'ddb-record -t t' s3rm; do
		exec 7<>"$dir/fifo"
		# shellcheck disable=SC2086
		AWS_ENDPOINT_URL=http://127.0.0.1:1 "${as[@]}" $filter <"$dir/fifo" >/dev/null 2>&1 3>&- 7>&- &
		servers+=($!)
		wait_until is_closed $! "${filter%% *}"
		run3 ordinary cat "/proc/$!/environ"
		assert_eq "$filter: $status $out" "$filter: 1 "
		exec 7>&-
		stop_servers
	done
}

@test "in the sandbox it ends and stops nobody else" {
	needs_landlock 6
	kills_nobody() {
		attack -x 'kill -KILL $PPID 2>/dev/null && echo killed >"$dir/loot/killed"; kill -STOP -1 2>/dev/null; exit 0' -- "$1"
		assert_eq "$status $(outcomes)" $'0 good\ngood'
		[ ! -e "$dir/loot/killed" ]
	}
	two_objects
	as_each kills_nobody
}

# Another's files

@test "in the sandbox it reaches the files of no other object, and writes only into its folder" {
	needs_landlock 3
	export victim
	two_objects
	chmod 666 "$victim"
	mkdir -m 777 "$dir/home"
	echo SeCrEt >"$dir/home/credentials"
	chmod 644 "$dir/home/credentials"
	keeps_out() {
		HOME=$dir/home attack --env victim -j 1 -x 'exec 2>/dev/null
			[ $S3EV_KEY = evil ] || exec cat >"$dir/loot/got"
			cat "$victim" && echo read it >>"$dir/loot/got"
			(echo x >"$victim") && echo wrote it >>"$dir/loot/got"
			rm -f "$victim"; mv "$victim" mine; ln "$victim" mine; truncate -s 1 "$victim"; ls "${victim%/*}" >>"$dir/loot/got"
			cat "$dir/home/credentials" >>"$dir/loot/got"; mktemp -p "$dir/tmp" >>"$dir/loot/got"; (echo x >/tmp/s3ev-test.$$) && echo tmp >>"$dir/loot/got"
			touch "$dir/home/x" /var/tmp/s3ev-test.$$ && echo made it >>"$dir/loot/got"
			[ "$(cat "$S3EV_PATH")" = evil ] && [ "$(cat /dev/stdin)" = evil ] && echo x >file && [ -s file ] && mkdir d && mv file d && echo x >/dev/null && exit 3' -- "$1"
		assert_eq "$status $(outcomes | sort)" $'0 bad the processor ended with status 3\ngood'
		assert_eq "$(<"$dir/loot/got") $(<"$victim")" 'victim victim'
		rm -f "$dir/loot/got"
	}
	as_each keeps_out
}

@test "in the sandbox stdout has a name, and no file of -o can be read" {
	needs_landlock 3
	mkdir -m 777 "$dir/outputs"
	two_objects
	attack -o -d "$dir/outputs" -x 'echo first; echo "$S3EV_KEY" >>/dev/stdout; cat "$dir"/outputs/* >"$dir/loot/seen" 2>/dev/null; exit 0' -- env
	assert_eq "$status $(outcomes)" $'0 good\ngood'
	assert_eq "$(jq -r .output.path <<<"$out" | xargs cat | LC_ALL=C sort | paste -sd ' ') $(<"$dir/loot/seen")" 'evil first first victim '
}

@test "-X: in the sandbox it reaches the files that it is asked about, and nothing else there is" {
	needs_landlock 1
	mkdir "$dir/spool" "$dir/other"
	echo SeCrEt >"$dir/other/file"
	records=$(for key in a b; do
		echo "$key" >"$dir/spool/$key"
		record bucket=in key=$key fetch:="{\"path\":\"$dir/spool/$key\",\"bytes\":2}"
	done)
	attack -j 1 -X 'while read -r line; do path=${line#*\"path\":\"}; cat "${path%%\"*}" "$dir/other/file" >>"$dir/loot/seen" 2>/dev/null; echo "{}"; done' -- env
	assert_eq "$status $(outcomes)" $'0 good\ngood'
	assert_eq "$(<"$dir/loot/seen")" $'a\nb'
}

# The network

@test "in the sandbox there is no TCP, unless --network or --pass-credentials says so" {
	needs_landlock 4
	stub '[{"reply": {"body": "hello\n"}}]'
	export port=${STUB_URL##*:}
	records=$(echo x | spooled)
	chmod 644 "$dir"/spool.*
	# shellcheck disable=SC2016
	call='exec bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null'
	calls() {
		attack --env port -x "$call" -- "$1"
		assert_eq "$status $(outcomes)" '0 bad the processor ended with status 1'
		for option in --network --pass-credentials --sandbox=off; do
			attack --env port $option -x "$call" -- "$1"
			assert_eq "$option: $status $(outcomes)" "$option: 0 good"
		done
	}
	as_each calls
}

# What it needs is there

@test "the sandbox lets programs run where people have them" {
	needs_landlock 1
	mkdir -p "$dir/venv/bin" "$dir/venv/lib" "$dir/home/checks" "$dir/home/.tool/bin" "$dir/home/.tool/lib"
	ln -s "$(type -P bash)" "$dir/venv/bin/interpreter"
	echo 'from_lib=yes' >"$dir/venv/lib/module"
	printf '%s\n' "#!$dir/venv/bin/interpreter" '. "${BASH_SOURCE[0]%/*}/helper" && . "${0%/*}/../../venv/lib/module" && [ "$from_lib$helped" = yesyes ]' >"$dir/home/checks/script"
	echo helped=yes >"$dir/home/checks/helper"
	printf '%s\n' '#!/usr/bin/env bash' '. "${BASH_SOURCE[0]%/*}/../lib/module" && [ "$from_lib" = yes ]' >"$dir/home/.tool/bin/tool"
	cp "$dir/venv/lib/module" "$dir/home/.tool/lib/module"
	echo SeCrEt >"$dir/home/credentials"
	cp "$dir/home/.tool/bin/tool" "$dir/home/alone"
	sed -i '2s/.*/! cat "${0%\/*}\/credentials" 2>\/dev\/null/' "$dir/home/alone"
	chmod +x "$dir/home/checks/script" "$dir/home/.tool/bin/tool" "$dir/home/alone"
	records=$(echo x | spooled)
	export HOME=$dir/home PATH=$dir/home/.tool/bin:$PATH
	cd "$dir/home/checks"
	for processor in ./script "$dir/home/checks/script" '"$OLDPWD"/script' "bash $dir/home/checks/script" tool 'exec tool' "$dir/home/alone"; do
		attack -x "$processor" -- env
		assert_eq "$processor: $status $err$(outcomes)" "$processor: 0 good"
	done
	attack -x "cat $dir/home/checks/helper ../../../credentials" -- env
	attack --allow-read "$dir/home" -x 'cat "$dir/home/credentials" >/dev/null' -- env
	assert_eq "$status $(outcomes)" '0 good'
	attack --allow-read "$dir/none" -x true -- env
	assert_eq "$status $err" "78 s3check: $dir/none: No such file or directory"$'\n'
}

# Kernels without it

@test "where the kernel has no Landlock, auto does without and -v says so, and required does not start" {
	records=$(echo x | spooled)
	attack -x 'touch "$dir/loot/ran"' -- without_landlock
	assert_eq "$status $err$(outcomes)" '0 good'
	rm "$dir/loot/ran"
	attack -v -x true -- without_landlock
	[[ $err == 's3check: no sandbox: this kernel has no Landlock'$'\n'* ]]
	attack --sandbox=required -x 'touch "$dir/loot/ran"' -- without_landlock
	assert_eq "$status $out$err" $'78 s3check: --sandbox=required: this kernel has no Landlock, or it is switched off\n'
	[ ! -e "$dir/loot/ran" ]
}

@test "options of the sandbox are checked" {
	while IFS='|' read -r option what; do
		run3 s3check -x true "$option" </dev/null
		assert_eq "$option: $status $err" "$option: 64 s3check: $what"$'\n'
	done <<-'TABLE'
		--sandbox=on|neither auto, required nor off: on
		--env=A=b|a name without a value is taken: A=b
		--env=|the name is empty: 
		--allow-read=|the name is empty: 
	TABLE
}

# What it leaves behind

@test "what left its group and cleared its environment ends with it" {
	records=$(echo x | spooled)
	attack --sandbox=off -x 'setsid env -i sh -c "(echo \$\$ >$dir/loot/pid; exec sleep 100) & exec sleep 100" & until [ -s "$dir/loot/pid" ]; do sleep 0.01; done; exit 0' -- env
	assert_eq "$status $(outcomes)" '0 good'
	! kill -0 "$(<"$dir/loot/pid")" 2>/dev/null || grep -q '^State:.Z' "/proc/$(<"$dir/loot/pid")/status"
}

@test "a process that was there before s3check is none that it ends" {
	records=$(echo x | spooled)
	run3 bash -c 'sleep 100 3>&- & echo $! >"$dir/loot/pid"; exec s3check -x true' <<<"$records"
	assert_eq "$status $(outcomes)" '0 good'
	kill "$(<"$dir/loot/pid")"
}

# Directories

@test "only what has our marker is taken for a directory of ours" {
	records=$(echo x | spooled)
	text='s3ev removes this directory'
	mkdir -m 700 "$TMPDIR"/s3ev-work.{mine00,notes0,wrong0,link00,mode00,fifo00}
	for name in mine00 mode00 wrong0; do (umask 077 && echo "$text" >"$TMPDIR/s3ev-work.$name/made-by-s3ev"); done
	chmod 644 "$TMPDIR/s3ev-work.mode00/made-by-s3ev"
	echo more >>"$TMPDIR/s3ev-work.wrong0/made-by-s3ev"
	ln -s ../s3ev-work.mine00/made-by-s3ev "$TMPDIR/s3ev-work.link00/made-by-s3ev"
	mkfifo -m 600 "$TMPDIR/s3ev-work.fifo00/made-by-s3ev"
	ln -s s3ev-work.mine00 "$TMPDIR/s3ev-work.linked"
	attack -x true -- env
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_eq "$(cd "$TMPDIR" && echo *)" 's3ev-work.fifo00 s3ev-work.link00 s3ev-work.linked s3ev-work.mode00 s3ev-work.notes0 s3ev-work.wrong0'
}
