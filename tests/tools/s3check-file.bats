#!/usr/bin/env bats
# s3check-file: the built-in checks on files and standard input.

load ../lib/helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf '{"a": [1, 2]}\n' >good.json
	printf '{"a":\n 1]\n' >bad.json
	printf 'a,b\n1,2\n' >good.csv
	printf 'a,b\n1\n' >bad.csv
	gzip -k good.csv
	head -c 20 good.csv.gz >bad.csv.gz
	printf 'caf\351' >latin1
	: >empty
}

look() { # STATUS STDERR OPTION...
	run3 s3check-file "${@:3}"
	assert_eq "$status:$out$err" "$1:$2"
}

@test "standard input is good, or bad with the reason alone" {
	look 0 '' --json <good.json
	look 1 $'line 2, column 3: neither a comma nor } after a member\n' --json <bad.json
	look 0 '' --csv <good.csv
	look 1 $'line 2: 1 field, not 2\n' --csv=2 <bad.csv
	look 0 '' --gzip <good.csv.gz
	look 1 $'the gzip is cut off\n' --gzip <bad.csv.gz
	look 1 $'empty file\n' --min-size 1 <empty
	look 1 $'more than the 3 bytes allowed\n' --max-size 3 --json < <(cat good.json)
	look 1 $'line 1, column 4: the text ends inside a character\n' --utf8 <latin1
	look 0 '' --ndjson < <(cat good.json good.json)
	look 0 '' --delimiter auto < <(tr , ';' <good.csv)
	look 1 $'line 2: 1 field, the first row has 2 (delimiter |)\n' --csv --delimiter '|' < <(tr , '|' <bad.csv)
	look 0 '' --allow-bom --json < <(printf '\357\273\277' && cat good.json)
	look 0 '' --gzip < <(cat good.csv.gz && head -c 500 /dev/zero)
}

@test "of files each that is bad is named; what cannot be read counts for more" {
	look 0 '' --utf8 good.csv good.json empty
	look 1 $'empty: empty file\nlatin1: line 1, column 4: the text ends inside a character\n' --utf8 --min-size 1 empty good.csv latin1
	look 75 $'none: No such file or directory\nempty: empty file\n' --min-size 1 none empty
	look 75 $'.: Is a directory\n' --json .
	cp empty $'odd\n'
	look 1 $'odd\\x0a: empty file\n' --min-size 1 -- $'odd\n'
}

@test "large files cut anywhere are looked at in little memory" {
	awk 'BEGIN { print "["; while (n++ < 50000) printf "\"%0100d\",\n", n; print "1]" }' >large.json
	(ldd "$(type -P s3check-file)" | grep -q libasan || ulimit -d 4096
		look 0 '' --json --utf8 --max-size 6M <large.json)
	echo x >>large.json
	look 1 $'large.json: line 50003, column 1: something follows the value\n' --json large.json
}

@test "nothing to check, what is no option, and what is no number are usage errors" {
	look 64 $'s3check-file: nothing to check, see --help\n' good.json
	look 64 $'s3check-file: not a number of bytes: x\n' --max-size x good.json
	look 64 $'s3check-file: not a number of columns: 0\n' --csv=0 good.json
	run3 s3check-file --etag good.json
	assert_eq "$status $out" '64 '
	run3 s3check-file --help
	assert_eq "$status $err" '0 '
	[[ $out == 's3check-file: '*$'\nusage: s3check-file '* ]]
	run3 s3check-file -V
	assert_eq "$status $err" '0 '
	run3 bash -c 's3check-file --help >/dev/full'
	[ "$status" -ne 0 ]
}

@test "as a processor it says why" {
	cp bad.json spool
	run3 s3check -x 's3check-file --json' <<<"$(record bucket=in key=k size=10 fetch:="{\"path\":\"$PWD/spool\",\"bytes\":10}")"
	assert_eq "$status $err" '0 '
	assert_json '.bad.reason | startswith("line 2, column 3: ")'
}
