#!/usr/bin/env bats
# What a run tells of itself: --stats, --progress, -v.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	file="$dir/the stats"
}

# Runs a command with stderr on a terminal of so many columns. Sets shown.
terminal() { # COLUMNS COMMAND
	cat >"$dir/terminal.in"
	script -qec "stty cols $1; $2 <'$dir/terminal.in' 2>&1 >/dev/null" /dev/null </dev/null >"$dir/shown" 3>&-
	shown=$(tr -d '\r' <"$dir/shown")
}

@test "--stats is one line of JSON about the run" {
	{
		record bucket=in key=a.csv size=10
		record bucket=in key=b size=7
		record bucket=in key=c.csv
		record bucket=in key=d failed:='{"by": "x"}' size=100
		record bucket=in key=e bad:='{"by": "x"}' size=100
		record bucket=in key=f gone:='{"by": "x"}' size=100
		echo '{"mark": 1}'
		echo nothing
	} >"$dir/in"
	run3 s3check --name '*.csv' --stats "$file" <"$dir/in"
	assert_eq "$status $(wc -l <"$file")" '75 1'
	assert_eq "$(jq -c 'del(.pid, .p50_ms, .p99_ms, .seconds)' "$file")" \
		'{"filter":"s3check","in":6,"good":2,"bad":2,"gone":1,"failed":1,"passed":3,"refused":1,"bytes":17,"requests":0,"retries":0,"throttles":0,"status":75}'
	assert_json '.p50_ms >= 0 and .p99_ms >= .p50_ms and .seconds >= 0 and .pid > 1' "$(cat "$file")"
}

@test "--stats counts requests, retries and throttling, and how long records took" {
	stub '[{"times": 2, "reply": {"status": 503, "body": "<Error><Code>SlowDown</Code></Error>"}},
		{"times": 1, "reply": {"status": 500}},
		{"match": {"path": "late"}, "delayMs": 300, "reply": {"body": "hello"}},
		{"reply": {"body": "hello"}}]'
	for key in a b c late; do
		record bucket=in key=$key
	done >"$dir/in"
	AWS_ENDPOINT_URL_S3=$STUB_URL AWS_MAX_ATTEMPTS=4 run3 s3fetch -j 1 -d "$dir" --stats "$file" <"$dir/in"
	assert_eq "$status $err" '0 '
	assert_json '.good == 4 and .requests == 7 and .retries == 3 and .throttles == 2' "$(cat "$file")"
	assert_json '.p99_ms >= 280 and .seconds * 1000 >= .p99_ms * 0.9' "$(cat "$file")"
}

@test "all filters of a pipeline share one file" {
	for key in a b c; do
		printf 's3://in/%s\n' $key
	done | s3ev-split -l --stats "$file" | s3check --stats "$file" | RECORD_TABLE='' ddb-record --stats "$file" >/dev/null
	assert_eq "$(jq -r '"\(.filter) \(.good)"' "$file" | sort)" $'ddb-record 3\ns3check 3\ns3ev-split 3'
}

@test "s3ev-split counts documents, and what it could not read" {
	run3 s3ev-split --stats "$file" <<<'{"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": "nothing"}]} {"a": 1}'
	assert_eq "$status" 65
	assert_json '.filter == "s3ev-split" and .in == 2 and .failed == 1 and .refused == 2 and .status == 65' "$(cat "$file")"
}

@test "a file that cannot be written is told before anything is read" {
	for filter in s3check s3ev-split; do
		run3 "$filter" --stats "$dir/none/file" <<<"$(record bucket=in key=a)"
		assert_eq "$status $out" '74 '
		[[ $err == "$filter: $dir/none/file: No such file"* ]]
	done
}

@test "a full disk under the file: 74, and the records are out" {
	run3 s3check --stats /dev/full <<<"$(record bucket=in key=a)"
	assert_eq "$status $(grep -c . <<<"$out") $err" $'74 1 s3check: stats: No space left on device\n'
}

@test "-v on a terminal is columns, elsewhere the name comes first" {
	{
		record bucket=in key=a.csv size=1234567
		record bucket=in key='b c'
	} >"$dir/in"
	terminal 100 "s3check -k -v --name '*.csv'" <"$dir/in"
	assert_eq "$(sed -E 's/ +[0-9]+ ms/ 0 ms/' <<<"$shown")" $'s3check: outcome       bytes       time  object
s3check: \e[32mgood\e[0m        1234567 0 ms  in/a.csv
s3check: \e[31mbad\e[0m               - 0 ms  in/b c: the name matches no expected pattern'
	NO_COLOR=1 terminal 100 "s3check -k -v --name '*.csv'" <"$dir/in"
	assert_eq "$(sed -nE 's/ +[0-9]+ ms/ 0 ms/; 2p' <<<"$shown")" 's3check: good        1234567 0 ms  in/a.csv'
	TERM=dumb terminal 40 "s3check -k -v --name '*.csv'" <"$dir/in"
	assert_eq "$shown" 's3check: outcome object
s3check: good    in/a.csv
s3check: bad     in/b c: the name matches no expected pattern'
	run3 s3check -k -v --name '*.csv' <"$dir/in"
	assert_eq "$err" $'s3check: in/a.csv: good\ns3check: in/b c: bad: the name matches no expected pattern\n'
}

@test "--progress on a terminal tells the state while the run lasts, and at its end" {
	mkfifo "$dir/go"
	record bucket=in key=a.csv >"$dir/first"
	record bucket=in key=b >"$dir/second"
	script -qefc "{ cat '$dir/first'; cat '$dir/go'; cat '$dir/second'; } | s3check --name '*.csv' --progress 2>&1 >/dev/null" \
		"$dir/shown" </dev/null >/dev/null 3>&- &
	wait_until grep -qF 's3check: 1 record; 1 good; ' "$dir/shown"
	echo >"$dir/go" # an empty line, which is no record: told on a line of its own
	wait $! || assert_eq $? 65
	[[ $(tr '\r' '\n' <"$dir/shown") == *$'\n'$'\033''[Ks3check: line 2: not one line of JSON'$'\n'* ]]
	[[ $(tr '\r' '\n' <"$dir/shown") == *'s3check: 2 records, 0:0'?'; 1 bad, 1 good; '*/s* ]]
}

@test "--progress elsewhere shows nothing" {
	run3 s3check --progress <<<"$(record bucket=in key=a)"
	assert_eq "$status $err" '0 '
}

@test "--progress of a file has a total, a share and the time left, and fits the line" {
	stub '[{"match": {"path": "last"}, "delayMs": 1600, "reply": {"body": "x"}}, {"reply": {"body": "x"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for key in a b c last; do
		record bucket=in key=$key
	done >"$dir/in"
	terminal 100 "s3fetch -d '$dir' --progress" <"$dir/in"
	[[ $(tr '\r' '\n' <"$dir/shown") =~ 's3fetch: 3 of ~4 records, 7'[0-9]' %, 0:00 left; 3 good; '[0-9]+/s ]]
	terminal 40 "s3fetch -d '$dir' --progress" <"$dir/in"
	[[ $(tr '\r' '\n' <"$dir/shown") =~ 's3fetch: 3 records, 7'[0-9]' %, 0:00 left'$'\n' ]]
	assert_eq "$(tr '\r' '\n' <"$dir/shown" | sed 's/\x1b\[K//' | awk 'length > 39')" ''
}

@test "--progress of a file that grows has no share any more" {
	stub '[{"match": {"path": "first"}, "delayMs": 400, "reply": {"body": "x"}}, {"match": {"path": "last"}, "delayMs": 1600, "reply": {"body": "x"}}, {"reply": {"body": "x"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for key in b c last; do
		record bucket=in key=$key
	done >"$dir/more"
	(wait_until grep -q first "$STUB_LOG" && cat "$dir/more" >>"$dir/terminal.in") 3>&- &
	terminal 100 "s3fetch -j 1 -d '$dir' --progress" <<<"$(record bucket=in key=first)"
	wait $!
	[[ $(tr '\r' '\n' <"$dir/shown") =~ 's3fetch: 3 records; 3 good; '[0-9]+/s ]]
}

@test "--progress has a total where s3ls --count told it, until more come" {
	stub '[{"match": {"path": "last|more"}, "delayMs": 1600, "reply": {"body": "x"}}, {"reply": {"body": "x"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	{
		record bucket=in key=before
		echo '{"mark":"","list":"s3://in/","total":4,"left":[[""]]}'
		for key in a b c last; do record bucket=in key=$key; done
	} >"$dir/in"
	terminal 100 "{ cat | s3fetch -d '$dir' --progress; }" <"$dir/in"
	[[ $(tr '\r' '\n' <"$dir/shown") =~ 's3fetch: 4 of 5 records, 80 %, 0:00 left; 4 good; '[0-9]+/s ]]
	terminal 40 "{ cat | s3fetch -d '$dir' --progress; }" <"$dir/in"
	[[ $(tr '\r' '\n' <"$dir/shown") =~ 's3fetch: 4 records, 80 %, 0:00 left'$'\n' ]]
	record bucket=in key=more >>"$dir/in"
	terminal 100 "{ cat | s3fetch -d '$dir' --progress; }" <"$dir/in"
	[[ $(tr '\r' '\n' <"$dir/shown") =~ 's3fetch: 4 records; 4 good; '[0-9]+/s ]]
}

@test "a signal leaves the line of --progress clean, writes --stats, and ends as it would" {
	mkfifo "$dir/in"
	for command in s3check s3ev-split; do
		for signal in HUP:129 INT:130 TERM:143; do
			rm -f "$file" "$dir/pid" "$dir/shown"
			# What is started in the background ignores INT, unless it is told otherwise. The
			# shell of script is that of the user, or sh, so its own words are those of sh.
			script -qefc "trap - INT; (sh -c 'echo \$\$ >\"\$0\"; exec \"\$@\"' '$dir/pid' env --default-signal=INT $command --stats '$file' \
				$([ $command != s3check ] || echo --progress) <'$dir/in' 2>&1 >/dev/null); echo ended \$?" "$dir/shown" </dev/null >/dev/null 3>&- &
			exec {in}>"$dir/in"
			[ $command != s3check ] || wait_until grep -qs 'records' "$dir/shown"
			wait_until test -e "$file"
			wait_until test -s "$dir/pid"
			pid=$(<"$dir/pid")
			wait_until is_held "$pid"
			kill -"${signal%:*}" "$pid"
			exec {in}>&-
			wait $! || :
			assert_json ".filter == \"$command\" and .status == ${signal#*:}" "$(<"$file")"
			grep -q "^ended ${signal#*:}" <(tr -d '\r' <"$dir/shown")
		done
	done
}

# Are TERM and the like blocked there?
is_held() { # PID
	[ $(($(sed -n 's/^SigBlk:\t/0x/p' "/proc/$1/status") & 0x4003)) -eq $((0x4003)) ]
}

@test "a FIFO gets statistics while the run lasts, and is not waited for" {
	mkfifo "$dir/in" "$dir/fifo"
	s3check --stats "$dir/fifo" <"$dir/in" >/dev/null 3>&- &
	pid=$!
	exec {in}>"$dir/in" {fifo}<"$dir/fifo"
	read -r -t 9 line <&"$fifo"
	assert_json '.filter == "s3check" and (has("status") | not)' "$line"
	exec {in}>&-
	wait "$pid"
	read -r line <&"$fifo"
	assert_json '.status == 0' "$line"
}

@test "who reads a FIFO may go: the work goes on" {
	mkfifo "$dir/in" "$dir/fifo"
	s3check --utf8 --stats "$dir/fifo" <"$dir/in" >"$dir/out" 2>"$dir/err" 3>&- &
	pid=$!
	exec {in}>"$dir/in" {fifo}<"$dir/fifo"
	exec {fifo}<&-
	record bucket=in key=a bad:='{"by":"me","reason":"x"}' >&"$in"
	exec {in}>&-
	wait "$pid" || status=$?
	assert_eq "$status $(jq -r .key "$dir/out") $(<"$dir/err")" '74 a s3check: stats: Broken pipe'
}

@test "a tool that lists keeps a FIFO open to its end, and waits for no second reader" {
	stub '[{"delayMs": 200, "reply": {"body": "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"}}]'
	mkfifo "$dir/fifo"
	cat "$dir/fifo" >"$dir/lines" 3>&- &
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 timeout 20 s3ls --stats "$dir/fifo" s3://bucket
	wait $!
	assert_eq "$status $err" '0 '
	assert_json '.filter == "s3ls" and .status == 0' "$(<"$dir/lines")"
}

@test "where there is no stdout, no records come into the file of --stats" {
	stub '[{"reply": {"body": "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>1</Size><ETag>e</ETag></Contents></ListBucketResult>"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 sh -c 's3ls --stats "$0" s3://bucket >&-' "$file"
	assert_eq "$status $(jq -r '.filter // "a record"' "$file" | xargs)" '74 s3ls'
	rm "$file"
	run3 sh -c 's3ev-split --stats "$0" >&-' "$file" <<<'{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "in"}, "object": {"key": "k"}}}]}'
	assert_eq "$status $(jq -r '.filter // "a record"' "$file" | xargs)" '74 s3ev-split'
}

@test "a tool that lists tells a FIFO while it runs, and ends by a signal with its line" {
	stub '[{"match": {"path": "never"}, "reply": {"body": "<never/>"}, "stall": 0}, {"times": 1, "delayMs": 5600, "reply": {"body": "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"}},
		{"reply": {"body": "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	s3ls --stats "$file" s3://never 3>&- &
	wait_until grep -q never "$STUB_LOG"
	kill "$!"
	wait "$!" || status=$?
	assert_eq "$status" 143
	assert_json '.filter == "s3ls" and .requests >= 1 and .status == 143' "$(<"$file")"
	mkfifo "$dir/fifo"
	cat "$dir/fifo" >"$dir/lines" 3>&- &
	s3ls --stats "$dir/fifo" s3://bucket
	wait $!
	assert_eq "$(jq -c .status "$dir/lines" | uniq | xargs)" 'null 0'
}

@test "who reads stdout sees its end when the line of --stats is there" {
	stub '[{"reply": {"body": "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	record bucket=in key=a bad:='{"by":"me","reason":"x"}' >"$dir/in"
	for tool in 's3check --utf8' s3ev-split 's3ls s3://bucket'; do
		for _ in {1..20}; do
			: >"$file"
			# shellcheck disable=SC2086 # words
			$tool --stats "$file" <"$dir/in" 2>"$dir/err" |
				{ mapfile -t && mapfile -t seen <"$file" && printf '%s\n' "${seen[@]}"; } >"$dir/seen"
			assert_json '.seconds >= 0' "$(<"$dir/seen")"
		done
	done
}

@test "-v tells where to, and whether it was there already, under a second name, or replaced" {
	hello=b1946ac92492d2347c6235b4d2611184
	stub '[{"match": {"method": "HEAD", "path": "^/to/there"}, "reply": {"headers": {"ETag": "\"'$hello'\"", "Content-Length": "6", "x-amz-request-id": "R"}}},
		{"match": {"method": "HEAD", "path": "^/to/taken$"}, "reply": {"headers": {"ETag": "\"00000000000000000000000000000000\"", "Content-Length": "6", "x-amz-request-id": "R"}}},
		{"match": {"method": "HEAD", "path": "^/to/"}, "reply": {"status": 404, "headers": {"x-amz-request-id": "R"}}},
		{"match": {"path": "[?]tagging"}, "reply": {"body": "<Tagging><TagSet/></Tagging>"}},
		{"match": {"method": "PUT", "path": "/\\.s3ev-probe$"}, "reply": {"status": 412, "headers": {"x-amz-request-id": "R"}, "body": "<Error><Code>PreconditionFailed</Code></Error>"}},
		{"match": {"method": "PUT"}, "reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "<CopyObjectResult><ETag>\"'$hello'\"</ETag></CopyObjectResult>"}},
		{"reply": {"headers": {"ETag": "\"'$hello'\""}, "body": "hello\n"}}]'
	export AWS_ENDPOINT_URL_S3=$STUB_URL
	for key in new there taken; do
		record id=id$key bucket=in key=$key size=6 etag=$hello
	done >"$dir/in"
	run3 s3route -v -p to -b bad <"$dir/in"
	assert_eq "$status" 0
	assert_eq "$(sed 's/, unguarded//' <<<"${err%$'\n'}" | sort)" 's3route: in/new: good: to/new
s3route: in/taken: good: to/taken~idtaken, a second name
s3route: in/there: good: to/there, already'
	run3 s3route -v -p to -b bad -n <"$dir/in"
	assert_eq "$(sed 's/, unguarded//' <<<"${err%$'\n'}" | sort)" 's3route: in/new: good: would go to to/new
s3route: in/taken: good: would go to to/taken~idtaken, a second name
s3route: in/there: good: to/there, already'
	tail -n 1 "$dir/in" >"$dir/taken"
	run3 s3route -v -c replace -p to -b bad <"$dir/taken"
	assert_eq "$(sed 's/, unguarded//' <<<"${err%$'\n'}")" 's3route: in/taken: good: to/taken, replaced'
}
