#!/usr/bin/env bats
# s3ev-missing: lists compared; topics/audit.bats has the lists made by real servers.
# shellcheck disable=SC2034 # lists() evaluates its words

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	cd "$dir" || return
	truncate -s 0 arrived copies ledger
}

missing() { # OPTION|LIST...
	run3 s3ev-missing -a arrived -c copies -l ledger "$@"
}

# Appends an entry: what stands before its words is FILE.
arrived() { # KEY ETAG [VERSION]
	printf '{"id":"%s","bucket":"in","key":"%s","etag":"%s"%s,"size":1}\n' "i$1$2${3-}" "$1" "$2" "${3:+,\"version\":\"$3\"}" | tr -d / >>arrived
}

copies() { # KEY ETAG
	printf '{"bucket":"to","key":"%s","etag":"%s"}\n' "$1" "$2" >>copies
}

ledger() { # KEY ETAG VERSION MEMBERS_OF_was [MEMBERS]
	printf '{"bucket":"in","key":"%s","etag":"%s"%s%s,"was":{%s}}\n' "$1" "$2" "${3:+,\"version\":\"$3\"}" "${5:+,$5}" "$4" >>ledger
}

# Empties the lists, and fills one of them as the words say.
lists() { # "COMMAND ARGUMENT..."...
	local words
	truncate -s 0 arrived copies ledger
	for words; do
		eval "$words"
	done
}

@test "an object is decided by its version, or else by its bytes" {
	good='"outcome":"good"' bad='"outcome":"bad"'
	newer='"outcome":"gone","by":"s3route","code":"PreconditionFailed"'
	while IFS='|' read -r wanted entry item; do
		lists "arrived $entry" "ledger $item"
		missing s3://in
		assert_eq "$entry | $item: $status $(jq -r '.was.missing' <<<"$out")$err" "$entry | $item: $wanted$([ "$wanted" = '0 ' ] || echo ' it is not in the ledger')"
	done <<-'E'
		0 |k e|k e "" "$good"
		0 |k e|k e "" "$bad"
		1|k e|k e "" '"outcome":"gone"'
		1|k e|k e "" '"outcome":"failed"'
		1|k e|k f "" "$good"
		1|k e|l e "" "$good"
		1|k e|k e "" "$good" '"bucket":"other"'
		0 |k e v|k f v "$good"
		1|k e v|k e w "$good"
		0 |k e v|k e "" "$good"
		0 |k e v|k e null "$good"
		1|k e v|k f "" "$good"
		0 |k e|k e v "$good"
		0 |k e null|k e v "$bad"
		0 |k e v|k e v "$newer"
		1|k e v|k e w "$newer"
		1|k e|k e v "$newer"
		1|k e v|k e v "${newer/s3route/s3fetch}"
		1|k e v|k e v '"outcome":"gone","by":"s3route","code":"NoSuchKey"'
	E
}

@test "a copy is there if its ETag is, and the explanation of a bad one beside it" {
	good='"outcome":"good","bucket":"to","key":"k"' bad='"outcome":"bad","bucket":"to","key":"k","etag":"e","why":"k.why.json"'
	while IFS='|' read -r wanted item there; do
		lists "ledger in/k x '' $item" "$there"
		missing s3://in/in/
		assert_eq "$item | $there: $status $(jq -r '.was.missing // empty' <<<"$out")$err" "$item | $there: $wanted"
	done <<-'E'
		0 |"$good"|copies k other
		0 |"$good,\"etag\":\"e\""|copies k e
		1 to/k is something else|"$good,\"etag\":\"e\""|copies k f
		1 to/k is not there|"$good,\"etag\":\"e\""|copies K e
		1 to/k is not there|"$good"|:
		0 |"$bad"|copies k e; copies k.why.json any
		1 to/k.why.json is not there|"$bad"|copies k e
		1 to/k is not there|"$bad"|copies k.why.json any
		1 to/k is not there|"$bad"|:
		0 |"$good,\"endpoint\":\"https://far\""|:
		0 |'"outcome":"good"'|:
		0 |'"outcome":"gone","bucket":"to","key":"k"'|:
	E
	# What is asked about is told by whole names, and by the beginning of a key.
	lists 'ledger in/k x "" "$good"'
	for list in s3://in s3://in/ s3://in/i s3://in/in/k; do
		missing s3://other "$list"
		assert_eq "$list $status" "$list 1"
	done
	for list in s3://i s3://inn s3://in/k s3://in/in/k/; do
		missing "$list"
		assert_eq "$list $status$out" "$list 0"
	done
}

@test "of versions at one place the last is expected, in any order; of the same time, any" {
	was='"outcome":"good","bucket":"to","key":"k","etag"'
	first='ledger a e "" "$was:\"e\"" "\"time\":\"2026-11-23T05:54:00Z\""'
	second='ledger a f "" "$was:\"f\"" "\"time\":\"2026-11-23T05:54:00.020Z\""'
	third='ledger a g "" "$was:\"g\"" "\"modified\":\"2026-11-23T05:54:00.100Z\""'
	fourth='ledger a h "" "$was:\"h\"" "\"modified\":\"2026-11-23T05:54:00.1Z\""'
	other='ledger b i "" "$was:\"i\"" "\"time\":\"2026-11-23T05:55:00Z\""'
	while IFS='|' read -r there wanted items; do
		lists "$items" "copies k $there"
		missing s3://in
		assert_eq "$there $items: $status $(jq -r .etag <<<"$out" | paste -sd ' ')$err" "$there $items: $wanted"
	done <<-E
		f|0 |$first; $second
		f|0 |$second; $first
		e|1 f|$first; $second
		e|1 f|$second; $first
		g|0 |$second; $third; $first
		f|1 g|$second; $third; $first
		g|0 |$third; $fourth
		g|0 |$fourth; $third
		h|0 |$third; $fourth
		i|1 f|$second; $first; $other
		f|1 i|$second; $first; $other
	E
	# Without a time, too.
	lists 'ledger a e "" "$was:\"e\""'
	missing s3://in
	assert_eq "$status $(jq -r .was.missing <<<"$out")" '1 to/k is not there'
}

@test "an access point's name ends at its slash" {
	arn=arn:aws:s3:us-east-1:123456789012:accesspoint
	for name in point point2; do
		printf '{"bucket":"%s/%s","key":"in/%s","was":{"outcome":"good","bucket":"to","key":"k"}}\n' $arn $name $name $arn $name $name >>ledger
	done
	for list in point:in/point point/:in/point point2:in/point2 point/in/:in/point point/in/point:in/point point2/in/point:in/point2; do
		missing "s3://$arn/${list%:*}"
		assert_eq "$list $status $(jq -r .key <<<"$out")$err" "$list 1 ${list#*:}"
	done
	for list in poin point/in2 in; do
		missing "s3://$arn/$list"
		assert_eq "$list $status$out$err" "$list 0"
	done
}

@test "records come as they were, with was.missing behind; each once" {
	cat >arrived <<-'E'
		{"n":1e3,"key":"é\u0000\"\n","x":{"a" : [1.0]},"bucket":"in" }
		{"n":1e3,"key":"é\u0000\"\n","x":{"a" : [1.0]},"bucket":"in" }
		{"mark":"7"}
		{"bucket":"in","key":"folder/","size":0}
		{"bucket":"in","key":"no-folder/","size":1}
	E
	cat >ledger <<-'E'
		{"bucket":"in","was":{"outcome":"bad","bucket":"to","key":"b\u0001","why":"w","n":1.50},"key":"\u2028","y":[]}
	E
	missing s3://in s3://in/
	assert_eq "$status$err" 1
	assert_eq "$out" '{"n":1e3,"key":"é\u0000\"\n","x":{"a" : [1.0]},"bucket":"in" ,"was":{"missing":"it is not in the ledger"}}
{"bucket":"in","key":"no-folder/","size":1,"was":{"missing":"it is not in the ledger"}}
{"bucket":"in","was":{"outcome":"bad","bucket":"to","key":"b\u0001","why":"w","n":1.50,"missing":"to/b\u0001 is not there"},"key":"\u2028","y":[]}
'
}

@test "where copies are is told; what cannot be read is left to the comparison" {
	lists 'ledger a e "" "\"outcome\":\"good\",\"bucket\":\"to\",\"key\":\"k\""' 'ledger b e "" "\"outcome\":\"bad\",\"bucket\":\"far\",\"key\":\"k\",\"endpoint\":\"https://far\""' \
		'ledger c e "" "\"outcome\":\"gone\""' 'ledger a/d e "" "\"outcome\":\"bad\",\"bucket\":\"bad\",\"key\":\"k\""' 'echo nonsense >>ledger'
	run3 s3ev-missing --places -l ledger s3://in
	assert_eq "$status $out$err" $'0 s3://to\nelsewhere\ns3://bad\n'
	run3 s3ev-missing --places --ledger ledger s3://in/a
	assert_eq "$status $out$err" $'0 s3://to\ns3://bad\n'
}

@test "a line that cannot be read is named once, and hides none of the others" {
	lists 'arrived a e' 'ledger b e "" "\"outcome\":\"good\",\"bucket\":\"no bucket\",\"key\":\"k\""' 'ledger c e "" "\"outcome\":\"good\",\"bucket\":\"to\",\"key\":\"k\""'
	echo '[]' >>arrived
	printf '{"bucket":"to","key":"k"}' >copies
	missing s3://in
	assert_eq "$status $(jq -r .key <<<"$out")" $'65 a\nc'
	assert_eq "$err" 's3ev-missing: copies: line 1: cut off: no newline at its end
s3ev-missing: ledger: line 1: was is no copy that can be asked for
s3ev-missing: arrived: line 2: not one line of JSON
'
}

@test "a line that memory is out for does not end a list" {
	ldd "$(type -P s3ev-missing)" | grep -q libasan && skip 'ASan maps terabytes'
	truncate -s 200M arrived
	echo >>arrived
	arrived k e
	run3 bash -c 'ulimit -v 100000; s3ev-missing -a arrived -c copies -l ledger s3://in'
	assert_eq "$status $out$err" $'74 s3ev-missing: arrived: Cannot allocate memory\n'
}

@test "a file that is not there, a disk that is full, and wrong usage" {
	arrived a e
	run3 s3ev-missing -a arrived -c none -l ledger s3://in
	assert_eq "$status $err" $'74 s3ev-missing: none: No such file or directory\n'
	run3 s3ev-missing -a arrived -c copies -l "$dir" s3://in
	assert_eq "$status $err" "74 s3ev-missing: $dir: Is a directory"$'\n'
	s3ev-missing -a arrived -c copies -l ledger s3://in >/dev/full 2>err || status=$?
	assert_eq "$status $(<err)" '74 s3ev-missing: stdout: No space left on device'
	for words in '' '-l ledger s3://in' '-a arrived -l ledger s3://in' '-a arrived -c copies s3://in' '--places s3://in' '--places -l ledger -c copies s3://in'; do
		# shellcheck disable=SC2086
		run3 s3ev-missing $words
		assert_eq "$words: $status $out$err" "$words: 64 s3ev-missing: give -a, -c and -l, or --places and -l"$'\n'
	done
	missing
	assert_eq "$status $err" $'64 s3ev-missing: nothing to compare: give s3://BUCKET/PREFIX\n'
	for list in in s3:// s3:///k s3://a:b; do
		missing "$list"
		assert_eq "$status $err" "64 s3ev-missing: not s3://BUCKET/PREFIX: $list"$'\n'
	done
	run3 s3ev-missing -h
	assert_eq "$status ${out%%$'\n'*}$err" '0 s3ev-missing: write what has arrived and was not handled, as lists tell'
	run3 s3ev-missing --version
	assert_eq "$status$err ${out%% *}" '0 s3ev-missing'
}
