#!/usr/bin/env bats
# pipelines/try: what would become of local files.

load ../lib/helper

setup() {
	export BUILD=${BUILD:-$tests/../build}
	dir=$BATS_TEST_TMPDIR
	export TMPDIR=$dir/tmp
	mkdir "$TMPDIR" "$dir/files"
	cd "$dir/files" || return
	printf 'a,b\n1,2\n' >good.csv
	printf 'a,b\n1\n' >bad.csv
	unset "${!AWS_@}"
}

try() {
	run3 timeout 60 "$tests/../pipelines/try" "$@"
	# Times differ.
	table=$(sed 's/^\([a-z]* *[0-9]*\) *[0-9]* ms  /\1 ms /' <<<"${out%$'\n'}")
}

nothing_left() {
	assert_eq "$(ls -A "$TMPDIR")" ''
}

@test "a line for each file says outcome, bytes, time, name and why" {
	try "$tests/../pipelines/processor" good.csv bad.csv
	assert_eq "$status $err$table" '1 good              8 ms good.csv
bad               6 ms bad.csv: line 2: 1 fields, the first line has 2'
	[[ $out =~ ^good\ {14}8\ {1,7}[0-9]{1,7}\ ms\ \ good\.csv$'\n' ]]
	try "$tests/../pipelines/processor" ./good.csv "$PWD/good.csv"
	assert_eq "$status $err$table" "0 good              8 ms good.csv
good              8 ms $PWD/good.csv"
	try 'exit 75' good.csv
	assert_eq "$status $err$table" '75 failed            8 ms good.csv: ProcessorFailed: the processor ended with status 75'
	nothing_left
}

@test "names may hold anything that a key may" {
	name=$'a "b"\\\n\t\x01\x1f\x7f é😀 %s|*.csv'
	mkdir -- -d
	cp good.csv "$name"
	cp good.csv ./-d/-x
	try --allow-write "$dir" -- 'printf %s "$S3EV_KEY" >"'"$dir"'/key"' "$name"
	assert_eq "$status $err" '0 '
	assert_eq "$(<"$dir/key")" "$name"
	try --allow-write "$dir" -- 'printf %s "$S3EV_KEY" >"'"$dir"'/key"' -d/-x
	assert_eq "$status $(<"$dir/key")" '0 -d/-x'
}

@test "it works on copies: no file is changed or removed" {
	try 'echo x >>"$S3EV_PATH"; rm -f "$S3EV_PATH" *; cat >/dev/null' good.csv bad.csv
	assert_eq "$status $(ls -A) $(<good.csv)" $'0 bad.csv\ngood.csv a,b\n1,2'
	chmod 444 good.csv
	try 'cat >/dev/null' good.csv
	assert_eq "$status" 0
	nothing_left
}

@test "options before -- are those of s3check, and a processor need not be" {
	try --csv --max-size 7 -- - good.csv bad.csv
	assert_eq "$status $err$table" '1 bad               8 ms good.csv: 8 bytes, more than the 7 allowed
bad               6 ms bad.csv: line 2: 1 field, the first row has 2'
	try --timeout 1 -- 'sleep 100' good.csv
	assert_eq "$status $err$table" '75 failed            8 ms good.csv: ProcessorTimeout: the processor was ended after 1 s'
	try --no-such -- - good.csv
	assert_eq "$status" 64
	[[ $out == *no-such* ]]
}

@test "-o: the outputs stay, and lines say where" {
	try -o -- 'tr a-z A-Z' good.csv
	assert_eq "$status $err$(head -n 1 <<<"$table")" '0 good              8 ms good.csv'
	read -r word bytes path of key < <(tail -n 1 <<<"$table")
	assert_eq "$word $bytes $of $key $(<"$path")" $'output 8 of "good.csv" A,B\n1,2'
	[[ $path == "$TMPDIR"/s3ev-* ]]
	# That may have blanks, too.
	mkdir "$TMPDIR/a b"
	TMPDIR="$TMPDIR/a b" try -o -- 'tr a-z A-Z' good.csv
	path=$(echo "$TMPDIR/a b"/s3ev-*)
	assert_eq "$status $err$(tail -n 1 <<<"$table")" "0 output            8             $path of \"good.csv\""
}

@test "a TMPDIR that is told from the current directory is as good" {
	mkdir work
	TMPDIR=work try '[ "$S3EV_PATH" -ef /dev/stdin ]' good.csv
	assert_eq "$status $err$table$(ls work)" '0 good              8 ms good.csv'
}

@test "a processor in the current directory needs no ./" {
	printf '#!/bin/sh\necho mine >&2; exit 1\n' >mine
	chmod +x mine
	try mine good.csv
	assert_eq "$status $err$table" '1 bad               8 ms good.csv: mine'
}

@test "wrong usage is told, and nothing is run" {
	for arguments in '' true '-- true' '-x -- true'; do
		# shellcheck disable=SC2086
		try $arguments
		assert_eq "$arguments: $status $out$err" "$arguments: 64 try: usage: try [OPTION... --] PROCESSOR FILE..., see --help"$'\n'
	done
	try 'touch "$OLDPWD"/ran' good.csv none
	assert_eq "$status $out$err" $'64 try: none: no such file\n'
	try 'touch "$OLDPWD"/ran' .
	assert_eq "$status $out$err" $'64 try: .: not a file\n'
	cp good.csv $'\377'
	try 'touch "$OLDPWD"/ran' $'\377'
	assert_eq "$status $out$err" $'64 try: $\'\\377\': a name that is not UTF-8 cannot be a key\n'
	[ ! -e ran ]
	nothing_left
}

@test "--help says how it is called, and a forgotten -- is noticed" {
	try --help
	assert_eq "$status $err ${out%%$'\n'*}" '0  usage: try PROCESSOR FILE...'
	try --csv - good.csv
	assert_eq "$status $out$err" $'64 try: --csv is an option, and -- has to stand between the options and the processor (- for none)\n'
	try
	assert_eq "$status" 64
}
