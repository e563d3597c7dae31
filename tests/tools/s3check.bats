#!/usr/bin/env bats
# s3check: the built-in checks, and the processor. See also topics/failure.bats.

load ../lib/helper
load ../lib/s3check

hello=b1946ac92492d2347c6235b4d2611184 # the MD5 of "hello\n"
other=0123456789abcdef0123456789abcdef

setup() {
	export AWS_MAX_ATTEMPTS=2
	dir=$BATS_TEST_TMPDIR
	export dir
}

# A server that has an object of 100,000 bytes, after the RULES.
server() { # [RULES]
	stub "[${1-}{\"reply\": {\"bodySize\": 100000}}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

# Sizes are those of AWS, and nothing can be asked for.
no_server() {
	unset AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
}

# Built-in checks

@test "without any check records pass as they are, and no request is made" {
	server
	line=$(record bucket=in key=k size=6)
	check "$line"
	assert_eq "$status $out$err" "0 $line"$'\n'
	[ ! -s "$STUB_LOG" ]
}

@test "--max-size: what is larger is bad, and no request is made" {
	no_server
	check "$(for size in 0 9 10 11 5368709121; do record bucket=in key=k size=$size; done)" -k --max-size 10
	assert_eq "$status $err$(outcomes)" '0 good
good
good
bad 11 bytes, more than the 10 allowed
bad 5368709121 bytes, more than the 10 allowed'
	check "$(record bucket=in key=k size=1)" --max-size 0
	assert_json '.bad == {by: "s3check", code: "TooLarge", reason: "1 bytes, more than the 0 allowed", count: 1} and .check == {by: "size", checks: ["size"]}'
}

@test "--name: a key has to match one of the globs, slashes and all" {
	keys() {
		for key in "$@"; do record bucket=in key="$key"; done
	}
	check "$(keys a.csv dir/b.csv a.CSV a.csv.gz $'new\nline.csv' é.json '.csv')" -k --name '*.csv' --name '*.json'
	assert_eq "$status $err$(jq -c .bad.reason <<<"$out" | sed 's/null/good/; s/"the name.*/bad/' | tr '\n' ' ')" \
		'0 good good bad bad good good good '
	check "$(keys 'in/[x].csv' '*')" -k --name 'in/\[x].csv'
	assert_eq "$(outcomes)" $'good\nbad the name matches no expected pattern'
}

@test "what a built-in check finds bad does not reach the processor" {
	no_server
	check "$(record bucket=in key=k size=11)" --max-size 10 -x 'touch "$dir/ran"'
	assert_eq "$status $(outcomes)" '0 bad 11 bytes, more than the 10 allowed'
	[ ! -e "$dir/ran" ]
}

@test "--min-size: what is smaller is bad, and what is empty has a reason of its own; sizes may have a unit" {
	no_server
	check "$(for size in 0 1 1023 1024; do record bucket=in key=k size=$size; done)" -k --min-size 1K --max-size 1k
	assert_eq "$status $err$(outcomes)" '0 bad empty file
bad 1 bytes, fewer than the 1024 required
bad 1023 bytes, fewer than the 1024 required
good'
	assert_eq "$(jq -c '[.bad.code, .bad.count]' <<<"$out" | tr '\n' ' ')" '["EmptyFile",0] ["TooSmall",1] ["TooSmall",1023] [null,null] '
	for size in '' x 1KB -1 1.5M; do
		run3 s3check --min-size "$size" </dev/null
		assert_eq "$status $out$err" "64 s3check: not a number of bytes: $size"$'\n'
	done
}

@test "a size that is not announced is counted, from the spool and from S3" {
	server
	for line in "$(record bucket=in key=k)" "$(head -c 100000 /dev/zero | spooled)"; do
		check "$line" --max-size 100000 --min-size 100000
		assert_eq "$status $err$(outcomes)" '0 good'
		check "$line" --max-size 99999
		assert_eq "$status $err$(outcomes)" '0 bad more than the 99999 bytes allowed'
		check "$line" --min-size 100001
		assert_eq "$status $err$(outcomes)" '0 bad 100000 bytes, fewer than the 100001 required'
	done
	assert_eq "$(wc -l <"$STUB_LOG")" 3
}

@test "content: each check says what is wrong and where" {
	while IFS='|' read -r options text expected; do
		check "$(printf "$text" | spooled)" $options
		assert_eq "$options $text: $status $err$(jq -r '.bad | if . then "\(.reason) [\(.code) \(.line) \(.column) \(.byte) \(.count)]" else "good" end' <<<"$out")" \
			"$options $text: 0 $expected"
	done <<-'TABLE'
		--utf8|h\303\251llo\n|good
		--utf8|h\303\251llo\nl\351\n|line 2, column 2: an incomplete character of UTF-8 [InvalidUTF8 2 2 9 null]
		--json|{"a": [1, "\303\251"]}\n|good
		--json|{"a": [1, 2}\n|line 1, column 12: neither a comma nor ] after a value [InvalidJSON 1 12 12 null]
		--json|{"a":\n[1, 2|line 2, column 6: the JSON is cut off [TruncatedJSON 2 6 12 null]
		--json||line 1, column 1: there is no JSON value [TruncatedJSON 1 1 1 null]
		--ndjson|{"a": 1}\n\n[2]|good
		--ndjson|{"a": 1}\n{"a"|line 2, column 5: the JSON is cut off [TruncatedJSON 2 5 14 null]
		--ndjson|{"a": 1}\n1 2\n|line 2, column 3: more than one value on a line [InvalidJSON 2 3 12 null]
		--csv|a,b\r\n"1,\n""2""",\r\n|good
		--csv|a,b\n1,2,3\n|line 2: 3 fields, the first row has 2 [FieldCount 2 1 5 3]
		--csv=3|a,b\n1,2,3\n|line 1: 2 fields, not 3 [FieldCount 1 1 1 2]
		--csv|a\n"b\n|line 2, column 1: a quoted field that does not end [UnclosedQuote 2 1 3 null]
		--gzip|plain\n|not a gzip file [NotGzip null null 1 null]
		--json|\357\273\277{"a": 1}\n|line 1, column 1: a byte order mark, which JSON does not have; leave it out, or allow it with --allow-bom [ByteOrderMark 1 1 1 null]
		--allow-bom --json|\357\273\277{"a": 1}\n|good
		--csv|\357\273\277a,b\n1,2\n|good
		--csv|\377\376a\000,\000b\000\n\000|line 1, column 1: the text is in UTF-16, not in UTF-8 [UTF16 1 1 1 null]
		--utf8 --csv=2|a\000,\000b\000\n\0001\000,\0002\000\n\000|line 1, column 1: the text is in UTF-16, not in UTF-8 [UTF16 1 1 1 null]
		--ndjson|1\n"\000"\n|line 2, column 2: a NUL byte, which is not text [NulByte 2 2 4 null]
		--csv --delimiter ;|a;b\n1;2;3\n4\n|line 2: 3 fields, the first row has 2 (delimiter ;) [FieldCount 2 1 5 3]
		--csv=2 --delimiter tab|a\tb\n1,2\n|line 2: 1 field, not 2 (delimiter tab) [FieldCount 2 1 5 1]
		--csv=2 --delimiter \t|a\tb\n1\t2\n|good
		--csv --delimiter auto|sep=;\r\na;b\r\n1\r\n|line 3: 1 field, the first row has 2 (delimiter ;) [FieldCount 3 1 13 1]
		--json --utf8|["\377"]|line 1, column 3: a byte that cannot begin a character of UTF-8 [InvalidUTF8 1 3 3 null]
		--utf8 --csv|a,b\nc\n\377|line 2: 1 field, the first row has 2 [FieldCount 2 1 5 1]
	TABLE
	run3 s3check --csv=0 </dev/null
	assert_eq "$status $err" $'64 s3check: not a number of columns: 0\n'
	for delimiter in '' '"' $'\n' ';;' é; do
		run3 s3check --csv --delimiter "$delimiter" </dev/null
		assert_eq "$status $out" '64 '
		[[ $err == 's3check: not a delimiter: one character of ASCII, tab, or auto'* ]]
	done
}

@test "the record says which checks were made, and which of them decided" {
	line=$(echo '{}' | spooled)
	check "$line" --name '*' --max-size 9 --utf8 --json
	assert_json '.check == {by: "builtin", checks: ["name", "size", "utf8", "json"]} and (.bad | not)'
	check "$line" --utf8 --csv=2
	assert_json '.check == {by: "csv", checks: ["utf8", "csv"]} and .bad.by == "s3check"'
	check "$line" --json -x 'echo no >&2; exit 1'
	assert_json '.check.by == "processor" and .check.checks == ["json"] and .bad.reason == "no"'
}

@test "--gzip: a whole file is good, half of it and what follows it are not" {
	printf 'hello\n' | gzip >"$dir/a.gz"
	check "$(cat "$dir/a.gz" "$dir/a.gz" | spooled)" --gzip
	assert_eq "$status $err$(outcomes)" '0 good'
	check "$( { cat "$dir/a.gz" && head -c 10000 /dev/zero; } | spooled)" --gzip
	assert_eq "$status $err$(outcomes)" '0 good'
	check "$( { cat "$dir/a.gz" && printf '\0\0 '; } | spooled)" --gzip
	assert_eq "$status $err$(outcomes)" '0 bad data that is not gzip follows the gzip data'
	check "$( { cat "$dir/a.gz" && echo; } | spooled)" --gzip
	assert_eq "$status $err$(outcomes)" '0 bad data that is not gzip follows the gzip data'
	check "$(head -c 20 "$dir/a.gz" | spooled)" --gzip
	assert_eq "$status $err$(outcomes)" '0 bad the gzip is cut off'
	check "$( { head -c -8 "$dir/a.gz" && printf 'wrong CRC'; } | spooled)" --gzip
	assert_json '.bad.code == "WrongCRC" and .bad.reason == "invalid gzip: incorrect data check"'
}

@test "-z: checks and processor get what is in gzip files, and plain files as they are" {
	server
	printf '{"a":1}\n' | gzip >"$dir/a.gz"
	for line in "$(spooled <"$dir/a.gz")" "$(printf '{"a":1}\n' | spooled)"; do
		check "$line" -z --json -x 'cat >"$dir/got"'
		assert_eq "$status $err$(outcomes) $(<"$dir/got")" '0 good {"a":1}'
	done
	check "$(spooled <"$dir/a.gz")" -z --json
	assert_json '.check == {by: "builtin", checks: ["json"], unzipped: 8}'
	check "$( { cat "$dir/a.gz" && head -c 10000 /dev/zero; } | spooled)" -z --json -x 'cat >"$dir/got"'
	assert_eq "$status $err$(outcomes) $(<"$dir/got")" '0 good {"a":1}'
	check "$(spooled <"$dir/a.gz")" -z --csv -x 'cat >"$dir/got"'
	assert_eq "$status $err$(outcomes)" '0 bad line 1, column 2: a quote in a field that does not begin with one'
	check "$(echo '[1]' | spooled)" -z --json --gzip
	assert_eq "$status $err$(outcomes)" '0 bad not a gzip file'
	check "$( { cat "$dir/a.gz" && echo; } | spooled)" -z -x 'cat >/dev/null; touch "$dir/end"'
	assert_eq "$status $err$(outcomes)" '0 bad data that is not gzip follows the gzip data'
	assert_json '.check.by == "unzip"'
	[ ! -e "$dir/end" ]
}

@test "-z is a check by itself: what is no whole gzip file is bad, whoever else looks at it" {
	server
	printf '{"a":1}\n' | gzip | head -c 20 >"$dir/a.gz"
	for options in -z '-z -x true' '-z -x cat' '--max-unzipped=5M'; do
		check "$(spooled <"$dir/a.gz")" $options
		assert_eq "$options $status $err$(outcomes)" "$options 0 bad the gzip is cut off"
		check "$(echo plain | spooled)" $options
		assert_eq "$options $status $err$(outcomes)" "$options 0 good"
	done
	check "$(record bucket=in key=k size=100000)" -z
	assert_eq "$status $err$(outcomes) $(jq -r .method "$STUB_LOG")" '0 good GET'
	# A worker is asked only about what is a whole file.
	worker='touch "$dir/asked"; while read -r line; do echo "{}"; done'
	check "$(spooled <"$dir/a.gz")" -z -X "$worker"
	assert_eq "$status $err$(outcomes)" '0 bad the gzip is cut off'
	[ ! -e "$dir/asked" ]
	check "$(echo plain | spooled)" -z -X "$worker"
	[ -e "$dir/asked" ]
}

@test "-z: a processor slower than its input gets every byte once, and so do the checks" {
	new_bucket in
	seq 1000000 >"$dir/plain"
	gzip -1 <"$dir/plain" >"$dir/gz"
	etag=$(s3c put "$in" k "$dir/gz" | jq -r .etag)
	for line in "$(spooled etag="$etag" <"$dir/gz" | jq -cS '.fetch.md5 = true')" "$(record bucket="$in" key=k etag="$etag")"; do
		check "$line" -z --etag --max-size 100M --ndjson --csv=1 -x 'head -c 10 >"$dir/got"; sleep 0.2; cat >>"$dir/got"'
		assert_eq "$status $err$(outcomes)" '0 good'
		cmp "$dir/got" "$dir/plain"
	done
	check "$(spooled <"$dir/gz")" -z --utf8 -x 'head -c 10 >/dev/null'
	assert_eq "$status $err$(outcomes)" '0 good'
}

@test "-z: a file that does not stop growing is bad" {
	head -c 3000000 /dev/zero | tr '\0' x | gzip >"$dir/zeros.gz"
	check "$(spooled <"$dir/zeros.gz")" -z --max-unzipped 2M --utf8 -x 'cat >/dev/null; touch "$dir/end"'
	assert_eq "$status $err$(outcomes)" '0 bad more than 2097152 bytes when unzipped'
	check "$(head -c 30000000 /dev/zero | gzip | spooled)" -z -x 'cat >/dev/null; touch "$dir/end"'
	assert_json '.bad.code == "ZipBomb" and (.bad.reason | test("^[0-9]+ bytes of gzip become [0-9]+, more than 250 times as many$"))'
	[ ! -e "$dir/end" ]
	check "$(spooled <"$dir/zeros.gz")" -z -x '[ "$(wc -c)" -eq 3000000 ]'
	assert_eq "$status $err$(outcomes)" '0 good'
}

@test "--etag: the bytes are those of the ETag, where it is one of bytes" {
	check "$(echo hello | spooled etag=$hello | jq -cS '.fetch.md5 = true')" --etag
	assert_json '.check == {by: "builtin", checks: ["etag"]} and (.bad | not)'
	check "$(echo Hello | spooled etag=$hello)" --etag
	assert_json '.check == {by: "builtin", checks: ["etag"], etag: "unknown"} and (.bad | not)'
	check "$(echo Hello | spooled etag=$hello | jq -cS '.fetch.md5 = true')" --etag
	assert_json '.bad == {by: "s3check", code: "WrongETag", reason: "the MD5 of the bytes is 09f7e02f1290be211da707a266f153b3, the ETag '$hello'"}'
	check "$(echo Hello | spooled etag=$hello-2)" --etag
	assert_json '.check == {by: "builtin", checks: ["etag"], etag: "unknown"} and (.bad | not)'
	new_bucket in
	echo hello >"$dir/hello"
	etag=$(s3c put "$in" k "$dir/hello" | jq -r .etag)
	check "$(record bucket="$in" key=k size=6 etag="$etag")" --etag --utf8
	assert_json '(.check | del(.modified)) == {by: "builtin", checks: ["etag", "utf8"]} and (.bad | not)'
	stub '[{"reply": {"headers": {"ETag": "\"'$hello'\"", "x-amz-server-side-encryption": "aws:kms"}, "body": "other\n"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(record bucket=in key=k size=6 etag=$hello)" --etag
	assert_json '.check.etag == "unknown" and (.bad | not)'
}

@test "checks and processor read the same GET, in one pass" {
	server
	check "$(record bucket=in key=k size=100000)" --utf8 --max-size 1M -x '[ "$(wc -c)" -eq 100000 ]'
	assert_eq "$status $err$(outcomes)" '0 good'
	assert_eq "$(wc -l <"$STUB_LOG")" 1
}

@test "an object larger than memory goes through checks and processor, on no disk" {
	size=$((${STREAM_MIB:-300} << 20))
	stub "[{\"reply\": {\"bodySize\": $size}}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL TMPDIR=$dir/tmp
	mkdir "$TMPDIR"
	mkfifo "$dir/fifo"
	s3check --env dir --allow-write "$dir" --utf8 --csv=1 -x 'openssl dgst -sha256 -r >"$dir/sum"; ls "$S3EV_FOLDER" >"$dir/files"' <"$dir/fifo" >"$dir/out" 2>"$dir/err" 3>&- &
	pid=$!
	exec 7>"$dir/fifo"
	record bucket=in key=k size=$size >&7
	for _ in {1..20}; do
		wait_until test -s "$dir/out" && break
	done
	kib=$(own_memory "$pid")
	! grep -q libasan "/proc/$pid/maps" || kib=0
	exec 7>&-
	wait $pid
	out=$(<"$dir/out")
	assert_eq "$(<"$dir/err")$(outcomes) $(<"$dir/sum") $(<"$dir/files")" \
		"good $(yes 0123456789abcde | head -c $size | openssl dgst -sha256 -r) "
	assert_eq "$(wc -l <"$STUB_LOG")" 1
	[ "$kib" -lt $((8 * 1024)) ] || { echo "$kib KiB" && return 1; }
}

@test "a processor on a spool file gets the file, checks or not" {
	check "$(seq 1000 | spooled)" --utf8 -x 'tail -c 5 >"$dir/got"; readlink /proc/self/fd/0 >"$dir/stdin"'
	assert_eq "$status $err$(outcomes) $(<"$dir/got") $(<"$dir/stdin")" "0 good 1000 $(jq -r .fetch.path <<<"$out")"
}

@test "a fault that a check finds decides, whatever the processor says" {
	server '{"match": {"path": "k$"}, "reply": {"bodySize": 3000000}},'
	for line in "$(record bucket=in key=k size=3000000)" "$( { head -c 3000000 /dev/zero && printf '\377'; } | spooled)"; do
		for processor in true false 'cat >/dev/null' 'exit 75' 'exec <&-; sleep 0.1' 'exec sleep 60'; do
			check "$line" --max-size 4M --utf8 --json -x "$processor"
			assert_eq "$processor: $status $err$(jq -r .bad.code <<<"$out")" "$processor: 0 InvalidJSON"
		done
	done
}

@test "of an object that is named and no more, the record tells which one was read from S3" {
	new_bucket in
	echo hello | s3c put "$in" k >/dev/null
	s3c put "$in" empty </dev/null >/dev/null
	check "$(record bucket="$in" key=k; record bucket="$in" key=empty; record bucket="$in" key=k etag=$hello; record bucket="$in" key=k version=null)" -k --utf8
	assert_eq "$status $(jq -r '.check.read_etag // "none"' <<<"$out" | paste -sd ' ')" "0 $hello $(md5sum </dev/null | head -c 32) none $hello"
	check "$(record bucket="$in" key=k)" --json
	assert_eq "$status $(jq -r '[.bad.code, .check.read_etag] | join(" ")' <<<"$out")" "0 InvalidJSON $hello"
	check "$(record bucket="$in" key=k)" --name 'k*'
	assert_eq "$status $(jq -c '[.bad, .check.read_etag]' <<<"$out")" '0 [null,null]'
}

@test "half an object is never bad, nor is one that is gone" {
	for fault in '"cutAfter": 70000' '"cutAfter": 1'; do
		server "{\"match\": {\"path\": \"k\$\"}, $fault, \"reply\": {\"body\": \"$(printf '[%s1]' "$(yes 1, | head -n 50000 | tr -d '\n')")\"}},"
		check "$(record bucket=in key=k)" --json --csv -x 'cat >/dev/null; touch "$dir/end"'
		assert_eq "$fault $status $(outcomes)" "$fault 75 failed ConnectionLost"
		[ ! -e "$dir/end" ]
		stop_servers
	done
	server '{"match": {"path": "digest"}, "reply": {"headers": {"ETag": "\"'$other'\""}, "body": "hello\n"}},
		{"match": {"path": "gone"}, "reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}},'
	check "$(record bucket=in key=digest size=6; record bucket=in key=gone)" -k --utf8
	assert_eq "$status $(outcomes)" $'75 failed BadDigest\ngone NoSuchKey'
}

@test "a small object that is bad costs no connection, and once it is bad, a cut changes nothing" {
	server '{"match": {"path": "cut"}, "cutAfter": 50000, "reply": {"headers": {"ETag": "\"x-1\""}, "bodySize": 60000}}, {"reply": {"bodySize": 60000}},'
	check "$(for key in a b c cut; do record bucket=in key=$key size=60000; done)" -j 1 --json
	assert_eq "$status $err$(jq -r .bad.code <<<"$out" | sort | uniq -c)" '0       4 InvalidJSON'
	assert_eq "$(jq -s -c '[length, (map(.conn) | unique | length)]' "$STUB_LOG")" '[4,1]'
}

@test "a deadline ends checks, -z and processor in the middle of an object" {
	head -c 300000 /dev/urandom | gzip >"$dir/gz"
	stub "[{\"stall\": 100000, \"reply\": {\"bodySize\": 300000}}]"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for options in '--utf8 --csv' '-z --utf8 --etag'; do
		check "$(record bucket=in key=k size=300000 deadline:=$(($(date +%s%3N) + 1500)); spooled <"$dir/gz")" $options -x 'cat >/dev/null'
		assert_eq "$options $status $(outcomes | sort | uniq -c | grep failed)" "$options 75       1 failed DeadlineExceeded"
	done
}

@test "--skip-folders: a folder marker passes, and the record says that nobody looked" {
	no_server
	check "$(record bucket=in key=a/ size=0; record bucket=in key=a/ size=1; record bucket=in key=a size=0)" -k --skip-folders --min-size 1
	assert_eq "$status $err$(outcomes)" $'0 good\ngood\nbad empty file'
	assert_eq "$(head -n 1 <<<"$out" | jq -c .check)" '{"skipped":"folder"}'
	check "$(record bucket=in key=a/ size=0)" --min-size 1
	assert_eq "$status $err$(outcomes)" '0 bad empty file'
}

# What the processor says

@test "exit status and stderr decide: good, bad and why, failed and why" {
	line=$(echo hello | spooled)
	while IFS='|' read -r processor expected; do
		check "$line" -x "$processor"
		assert_eq "$processor: $(outcomes)" "$processor: $expected"
		assert_eq "$processor: $status" "$processor: $([[ $expected == failed* ]] && echo 75 || echo 0)"
	done <<-'TABLE'
		exit 0|good
		echo looks fine >&2|good
		true|good
		exit 1|bad the processor ended with status 1
		false|bad the processor ended with status 1
		echo "no comma" >&2; exit 1|bad no comma
		echo; echo >&2; echo first >&2; echo second >&2; exit 65|bad first
		printf "no newline" >&2; exit 255|bad no newline
		printf "a\r\nb" >&2; exit 1|bad a
		exit 74|bad the processor ended with status 74
		exit 75|failed ProcessorFailed
		exit 126|failed ProcessorFailed
		exit 127|failed ProcessorFailed
		kill -KILL $$|failed ProcessorKilled
		kill -TERM $$|failed ProcessorKilled
		kill -SEGV $$|failed ProcessorKilled
		no-such-command in a shell|failed ProcessorFailed
	TABLE
}

@test "a processor that cannot be run is an error at the start, and no object's fault" {
	printf '#!/bin/sh\r\nexit 0\r\n' >"$dir/crlf"
	echo '#!/no/such/shell' >"$dir/lost"
	echo '#!/usr/bin/env -S A=1 no-such-program -x' >"$dir/env"
	chmod +x "$dir"/{crlf,lost,env}
	line=$(echo hello | spooled)
	while IFS='|' read -r processor expected; do
		for option in -x -X; do
			check "$line" $option "$processor"
			assert_eq "$status $out$err" "78 s3check: $processor$expected"$'\n'
		done
	done <<-TABLE
		/nonexistent/processor|: No such file or directory
		no-such-command|: there is no such program in PATH
		/etc|: it may not be executed: chmod +x, if it is a program
		/etc/passwd|: it may not be executed: chmod +x, if it is a program
		$dir/crlf| has Windows line ends (CRLF), so its first line names no program: sed -i 's/\\r$//' $dir/crlf
		$dir/lost| wants /no/such/shell: No such file or directory
		$dir/env| wants no-such-program, which is not in PATH
	TABLE
}

@test "the record says what was checked, how long it took, and why it failed" {
	line=$(echo hello | spooled)
	check "$line" -x true
	assert_json '.check.by == "processor" and (.check.took_ms | type == "number" and . >= 0) and (.bad | not)'
	check "$line" -x 'echo no >&2; exit 1'
	assert_json '.check.by == "processor" and .bad == {by: "s3check", reason: "no"}'
	check "$line" -x 'echo disk full >&2; exit 75'
	assert_json '.failed == {by: "s3check", code: "ProcessorFailed",
		message: "the processor ended with status 75: disk full", retry: true} and (.check or .bad | not)'
	assert_eq "$err" $'s3check: in/k: ProcessorFailed: the processor ended with status 75: disk full\n'
	check "$line" -x 'no-such-command x'
	[[ $err == 's3check: in/k: ProcessorFailed: '*'no-such-command: not found'$'\n' ]]
	check "$line" -x 'kill -KILL $$'
	assert_eq "$err" $'s3check: in/k: ProcessorKilled: the processor was killed by signal 9\n'
}

@test "a reason is text of 1024 bytes at most, whatever the processor writes" {
	line=$(echo hello | spooled)
	check "$line" -x 'printf "a\033[31m\"\\\\\tb\377\n" >&2; exit 1'
	assert_eq "$status" 0
	assert_json '.bad.reason | startswith("a\u001b[31m\"\\\tb")'
	check "$line" -x 'yes é | head -n 3000 | tr -d "\n" >&2; exit 1'
	assert_json '.bad.reason == "é" * 512'
	check "$line" -x 'printf "x\000y" >&2; exit 1' -v
	assert_json '.bad.reason | startswith("x")'
	[[ $err != *$'\e'* ]]
}

# What the processor gets

@test "it gets the bytes, from the spool as from S3" {
	new_bucket in
	head -c 3000000 /dev/urandom >"$dir/object"
	etag=$(s3c put "$in" k "$dir/object" | jq -r .etag)
	for line in "$(spooled <"$dir/object")" "$(record bucket="$in" key=k size=3000000 etag="$etag")"; do
		check "$line" -x 'cmp - "$dir/object"'
		assert_eq "$status $err$(outcomes)" '0 good'
		check "$line" -x 'cat >"$dir/got"'
		cmp "$dir/got" "$dir/object"
	done
	s3c mpu "$in" parts "$dir/object" 5242880 >"$dir/mpu"
	check "$(record bucket="$in" key=parts size=3000000 etag="$(jq -r .etag "$dir/mpu")")" -x 'cmp - "$dir/object"'
	assert_eq "$status $err$(outcomes)" '0 good'
}

@test "an empty object is seen, too" {
	new_bucket in
	: >"$dir/empty"
	etag=$(s3c put "$in" k "$dir/empty" | jq -r .etag)
	for line in "$(spooled <"$dir/empty")" "$(record bucket="$in" key=k size=0 etag="$etag")"; do
		check "$line" -x '[ "$(wc -c)" -gt 0 ] || { echo empty >&2; exit 1; }'
		assert_eq "$status $err$(outcomes)" '0 bad empty'
	done
}

@test "the environment says what the object is, as far as is known, and nothing of another record" {
	line=$(echo hello | spooled key=$'a b\n"é' size=6 etag=$hello version=v1 | jq -c '.x = 1e400' | sed 's/1[.]79[0-9]*e+308/1e400/')
	S3EV_SIZE=99 S3EV_VERSION=old S3EV_OTHER=1 OTHER=kept LC_NUMERIC=C TZ=UTC MORE=dropped \
		check "$line" --env OTHER --env NONE -x 'env -0 >"$dir/env"'
	assert_eq "$status $err" '0 '
	for variable in S3EV_BUCKET=in S3EV_KEY=$'a b\n"é' S3EV_SIZE=6 S3EV_ETAG=$hello S3EV_VERSION=v1 \
		S3EV_EVENT=ObjectCreated:Put S3EV_TIME=2026-11-23T05:54:00.123Z "S3EV_ID=$(jq -r .id <<<"$line")" \
		"S3EV_PATH=$(jq -r .fetch.path <<<"$line")" "S3EV_RECORD=$(sed 's/"path":"[^"]*",\?//' <<<"$line")" OTHER=kept LC_NUMERIC=C TZ=UTC "PATH=$PATH" "OLDPWD=$PWD"; do
		grep -Fqxz -- "$variable" "$dir/env" || grep -Fqz -- "${variable%%$'\n'*}" "$dir/env"
	done
	assert_eq "$(tr '\0' '\n' <"$dir/env" | grep -c '^S3EV_')" 11
	# The rest is dir of these tests, what env(1) and sh set, and the folder.
	tr '\0' '\n' <"$dir/env" | grep -v -e '^S3EV_' -e '^[^=]*$' | sed 's/=.*//' | grep -vx -e 'LC_.*' -e LANG -e LANGUAGE -e _ >"$dir/names"
	assert_eq "$(LC_ALL=C sort "$dir/names" | paste -sd ' ')" 'HOME OLDPWD OTHER PATH PWD TMPDIR TZ dir'

	S3EV_SIZE=99 S3EV_VERSION=old check "$(echo hello | spooled)" -x 'env >"$dir/env"'
	assert_eq "$(grep -c '^S3EV_\(SIZE\|VERSION\|ETAG\)=' "$dir/env")" 0
}

@test "credentials are not in its environment, nor anywhere in its process" {
	line=$(echo hello | spooled)
	AWS_SESSION_TOKEN=s3cr3t-token AWS_SECURITY_TOKEN=s3cr3t-token AWS_CONTAINER_AUTHORIZATION_TOKEN=s3cr3t-token \
		AWS_CONTAINER_CREDENTIALS_FULL_URI=http://s3cr3t-token AWS_WEB_IDENTITY_TOKEN_FILE=/s3cr3t-token \
		check "$line" -x 'env >"$dir/env"; tr "\0" "\n" </proc/$$/environ >>"$dir/env"; tr "\0" "\n" </proc/$$/cmdline >>"$dir/env"'
	assert_eq "$status $err" '0 '
	run3 grep -F -e "$AWS_ACCESS_KEY_ID" -e "$AWS_SECRET_ACCESS_KEY" -e s3cr3t-token "$dir/env"
	assert_eq "$out" ''
	[ -s "$dir/env" ] && ! grep -q '^AWS_' "$dir/env"
}

@test "it has descriptors 0 to 3 and no other, and its stdout is nowhere" {
	server
	# A child of the processor looks at it: a shell's own redirections do not show.
	echo 'ls /proc/$PPID/fd >"$dir/fds"; readlink /proc/$PPID/fd/1 >"$dir/stdout"' >"$dir/look"
	for line in "$(echo hello | spooled)" "$(record bucket=in key=k)"; do
		exec 8</dev/null
		check "$line" -x 'sh "$dir/look"; echo noise'
		exec 8<&-
		assert_eq "$status $err$(outcomes)" '0 good'
		assert_eq "$(<"$dir/fds") $(<"$dir/stdout")" $'0\n1\n2\n3 /dev/null'
		[[ $out != *noise* ]]
	done
}

@test "signals are as they would be without s3check" {
	printf '%s\n' '#!/bin/bash' 'while read -r line; do [[ $line != Sig[BI]* ]] || echo "$line"; done </proc/$$/status >"$dir/signals"' >"$dir/look"
	chmod +x "$dir/look"
	"$dir/look"
	mv "$dir/signals" "$dir/expected"
	run3 s3check --env dir --allow-write "$dir" -x "$dir/look" < <(echo hello | spooled)
	assert_eq "$(<"$dir/signals")" "$(<"$dir/expected")"
}

# Straight from S3

@test "a processor need not read: what it says counts" {
	server
	for processor in 'exit 0' 'exec <&-; wait_a_moment=1; exit 0' 'head -c 1 >/dev/null' 'exec 0<&-; yes | head -c 200000 >/dev/null'; do
		check "$(record bucket=in key=k size=100000)" -x "$processor"
		assert_eq "$processor: $status $err$(outcomes)" "$processor: 0 good"
	done
	server '{"match": {"path": "k$"}, "reply": {"bodySize": 30000000}},'
	for processor in 'exit 0' 'head -c 1 >/dev/null' 'exec 0<&-; yes | head -c 200000 >/dev/null' 'sleep 0.3; exit 0'; do
		check "$(record bucket=in key=k size=30000000)" -x "$processor"
		assert_eq "$processor: $status $err$(outcomes)" "$processor: 0 good"
	done
	check "$(record bucket=in key=k size=30000000)" -x 'echo enough >&2; exit 1'
	assert_eq "$status $err$(outcomes)" '0 bad enough'
	check "$(record bucket=in key=k size=30000000)" -x 'kill -KILL $$'
	assert_eq "$status $(outcomes)" '75 failed ProcessorKilled'
}

@test "many processors that do not read, beside some that do" {
	server
	check "$(for i in {1..40}; do record bucket=in key=$i size=100000; done)" -j 8 \
		-x 'case $S3EV_KEY in *[02468]) exit 1 ;; *[13]) exec 0<&- ;; *) [ "$(wc -c)" -eq 100000 ] ;; esac'
	assert_eq "$status $err$(outcomes | sort | uniq -c)" '0      20 bad the processor ended with status 1
     20 good'
}

@test "megabytes on stderr do not block it, and the first line is the reason" {
	server
	for line in "$(echo hello | spooled)" "$(record bucket=in key=k size=100000)"; do
		check "$line" -x 'echo first >&2; yes | head -c 8000000 >&2; cat >/dev/null; exit 1'
		assert_eq "$status $err$(outcomes)" '0 bad first'
	done
}

@test "half an object is never good: it is failed, and the processor sees no end of it" {
	for fault in '"cutAfter": 70000' '"cutAfter": 70000, "chunked": true' '"cutAfter": 1'; do
		server "{\"match\": {\"path\": \"k\$\"}, $fault, \"reply\": {\"bodySize\": 100000}},"
		check "$(record bucket=in key=k size=100000)" -x 'cat >/dev/null; touch "$dir/end"; exit 0'
		assert_eq "$fault $status $(outcomes)" "$fault 75 failed ConnectionLost"
		[ ! -e "$dir/end" ]
		stop_servers
	done
}

@test "other bytes than announced are never good: size and MD5 are verified before the end is seen" {
	server '{"match": {"path": "digest"}, "reply": {"headers": {"ETag": "\"'$other'\""}, "body": "hello\n"}},'
	check "$(record bucket=in key=size size=100001 version=x)" -x 'cat >/dev/null; touch "$dir/end"'
	assert_eq "$status $(outcomes)" '75 failed IncompleteBody'
	check "$(record bucket=in key=digest size=6)" -x 'cat >/dev/null; touch "$dir/end"'
	assert_eq "$status $(outcomes)" '75 failed BadDigest'
	[ ! -e "$dir/end" ]
}

@test "another object than was announced is never looked at, whatever the server does with If-Match" {
	server '{"match": {"path": "k"}, "reply": {"headers": {"ETag": "\"'$other-2'\""}, "body": "other\n"}},'
	check "$(record bucket=in key=k etag=$hello size=6)" -x 'cat >/dev/null'
	assert_eq "$status $(outcomes)" '0 gone PreconditionFailed'
}

@test "half a spool file is never good" {
	line=$(echo hello | spooled | jq -cS '.fetch.bytes = 600')
	check "$line" -x 'cat >/dev/null'
	[[ $(outcomes) == failed* ]]
	check "$(jq -cS '.fetch.path += ".none"' <<<"$line")" -x 'cat >/dev/null'
	assert_eq "$status $(outcomes)" '75 failed SystemError'
	[[ $err == 's3check: in/k: SystemError: '*'.none: No such file or directory'$'\n' ]]
}

@test "an object that is gone starts no processor; an answer lost before the first byte is asked again" {
	server '{"match": {"path": "gone"}, "reply": {"status": 404, "body": "<Error><Code>NoSuchKey</Code></Error>"}},
		{"match": {"path": "lost"}, "times": 1, "cutAfter": 0, "reply": {"body": "x"}},'
	check "$(record bucket=in key=gone; record bucket=in key=lost)" -k -x 'echo ran >>"$dir/ran"; cat >/dev/null'
	assert_eq "$status $err$(outcomes)" $'0 gone NoSuchKey\ngood'
	assert_eq "$(<"$dir/ran")" ran
}

@test "a processor may be slower than S3EV_STALL_TIMEOUT: it is the server that must not stall" {
	export S3EV_STALL_TIMEOUT=1
	server '{"match": {"path": "slow"}, "reply": {"bodySize": 3000000}},'
	check "$(record bucket=in key=slow size=3000000)" -x 'head -c 10 >/dev/null; sleep 2.5; [ "$(wc -c)" -eq 2999990 ]'
	assert_eq "$status $err$(outcomes)" '0 good'
}

@test "what a processor leaves behind in its group ends with it" {
	check "$(echo hello | spooled)" -x 'sleep 100 & echo $! >"$dir/pid"; exit 0'
	assert_eq "$status $err$(outcomes)" '0 good'
	wait_until not_running "$(<"$dir/pid")"
}

@test "no processor is left behind when stdout breaks" {
	{
		echo hello | spooled key=slow
		wait_until test -s "$dir/pid"
		echo hello | spooled key=quick
	} | run3 sh -c 's3check --env dir --allow-write "$dir" -j 2 -x "$1" >/dev/full' sh '[ $S3EV_KEY = quick ] || { echo $$ >"$dir/pid"; exec sleep 2; }'
	not_running "$(<"$dir/pid")"
}

not_running() { # PID
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

@test "-j is how many processors run at once" {
	for i in {1..6}; do
		echo hello | spooled key=$i
	done >"$dir/in"
	for jobs in 1 3; do
		rm -rf "$dir/most" "$dir/run"
		mkdir "$dir/run"
		run3 s3check --env dir --allow-write "$dir" -j $jobs -x 'touch "$dir/run/$$"; sleep 0.1; ls "$dir/run" | wc -l >>"$dir/most"; rm "$dir/run/$$"' <"$dir/in"
		assert_eq "$status $(sort -n "$dir/most" | tail -n 1)" "0 $jobs"
	done
}

@test "a processor that has read the last byte and ends waits for the digest of all" {
	# The body is not what its ETag says, and the connection ends late.
	stub '[{"reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6"}, "body": "hellO\n"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL check "$(record bucket=in key=k etag=$hello size=6)" -x 'head -c 6 >/dev/null'
	assert_eq "$status $(outcomes)" '75 failed BadDigest'
}

@test "a spool path that is no file is failed, and nobody waits for a FIFO" {
	mkfifo "$dir/pipe"
	check "$(record bucket=in key=k size=1 fetch:="{\"path\":\"$dir/pipe\"}")" -x true
	assert_eq "$status $(outcomes)" '75 failed InvalidRecord'
}

@test "--name matches characters, not bytes" {
	check "$(record bucket=in key=é.json size=1)" --name '?.json'
	assert_eq "$status $(outcomes)" '0 good'
}
