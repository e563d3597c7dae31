#!/usr/bin/env bats
# s3ev-report: the page. What it looks like in a browser: tests/browser.

load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR
	page=$dir/page.html
}

# The text of the page, a line for each row; without its style and script.
text() {
	sed -e '/<style>/,/<\/style>/d' -e '/<script>/,/<\/script>/d' -e 's/<[^>]*>/ /g; s/  */ /g' "$page"
}

has() { # TEXT...
	local text
	for text; do
		text | grep -qF -- "$text" || { echo "not on the page: $text" >&2; return 1; }
	done
}

# How many the page says it has left out.
left_out() { # WHAT
	text | sed 's/\xe2\x80\xaf//g' | sed -nE "s/^ *([0-9]+) $1s? (is|are) counted above, but not listed here.*/\1/p"
}

makes() { # OPTION...; sets status and err
	run3 s3ev-report -o "$page" "$@" <"$dir/in"
	assert_eq "$out" ''
}

few() {
	cat <<-'JSON'
		{"bucket":"in","key":"a.csv","size":1234567,"time":"2026-11-23T05:54:00.123Z","check":{"by":"x","took_ms":1234},"route":{"to":"processed","bucket":"to","key":"a.csv","already":true}}
		{"bucket":"in","key":"b.csv","size":7,"time":"2026-11-23T06:10:00Z","bad":{"by":"s3check","code":"FieldCount","reason":"line 2: 2 fields, the first line has 3","line":2,"column":5},"route":{"to":"bad-data","bucket":"bad","key":"b.csv"}}
		{"mark":"one"}
		{"bucket":"in","key":"c.csv","time":"2026-11-23T08:10:59+01:00","bad":{"by":"me","reason":"row 7 is odd"}}
		{"bucket":"in","key":"d.csv","bad":{"by":"me","reason":"row 12 is odd"}}
		{"bucket":"in","key":"e.csv","time":"2026-11-23T07:10:00Z","gone":{"by":"s3fetch","code":"NoSuchKey","message":"deleted"}}
		{"bucket":"in","key":"f.csv","time":"2026-11-23T07:10:00Z","failed":{"by":"s3route","code":"AccessDenied","message":"Access Denied","retry":false}}
		{"from":{"sqs":"m"},"failed":{"by":"s3ev-split","code":"InvalidEvent","message":"not an event"}}
	JSON
}

@test "what and when, why, which, the largest, the slowest" {
	few >"$dir/in"
	makes
	assert_eq "$status $err" '0 '
	has 'What became of 7 files' 'from 2026-11-23 05:54:00 to 2026-11-23 07:10:59 UTC' \
		'failed: not done, comes again 2 28.6 %' 'bad: the data is wrong 3 42.9 %' 'good 1 14.3 %' 'data, as announced 1.2 MB' \
		' 2026-11-23 05:54 1 0 0 0 ' 'nothing for 15 minutes' ' 2026-11-23 07:10 0 1 1 1 ' \
		' 2 bad row # is odd me 2026-11-23 07:10 in/c.csv row 7 is odd in/d.csv row 12 is odd ' ' 1 gone NoSuchKey s3fetch 2026-11-23 07:10 deleted in/e.csv ' \
		' bad in/b.csv copy: bad/b.csv line 2: 2 fields, the first line has 3 FieldCount, s3check 2 5 7 2026-11-23 06:10:00 ' \
		' failed in/f.csv Access Denied AccessDenied, s3route; another try alone will not help 2026-11-23 07:10:00 ' \
		' failed unknown not an event InvalidEvent, s3ev-split ' ' 1.2 MB good in/a.csv ' ' 1.234 s good in/a.csv ' \
		'1 copy had been there before.' '2 records without the time of an event'
	[[ $(text) != *'How long from the event'* ]]
}

@test "a reason has its first and last time, and what all its files say is said once" {
	jq -cn '("05:54", "05:50", "06:10") | {bucket: "in", key: ., time: "2026-11-23T\(.):07Z", failed: {by: "s3fetch", code: "SlowDown", message: "Reduce."}}' >"$dir/in"
	jq -cn '("05:54:00", "05:54:59") | {bucket: "in", key: ., time: "2026-11-23T\(.)Z", bad: {by: "me", code: "Odd", reason: "odd \(.)"}}' >>"$dir/in"
	makes
	has ' 3 failed SlowDown s3fetch 2026-11-23 05:50 to 2026-11-23 06:10 Reduce. in/05:54 in/05:50 in/06:10 ' \
		' 2 bad Odd me 2026-11-23 05:54 in/05:54:00 odd 05:54:00 in/05:54:59 odd 05:54:59 '
}

@test "with a time, how long from the event; the same records make the same page" {
	few >"$dir/in"
	makes -t 2026-11-23T07:11:00Z --title 'Last <night>'
	has 'Last &lt;night&gt;' 'This page was made at 2026-11-23 07:11:00.' 'How long from the event to the end' 'Each file is in one row, the first that holds.' ' 1 second 1 ' ' 1 minute 2 ' ' 6 hours 2 '
	cp "$page" "$dir/before"
	makes -t 2026-11-23T07:11:00Z --title 'Last <night>'
	cmp "$page" "$dir/before"
	run3 s3ev-report -t 2026-11-23T07:11:00Z --title 'Last <night>' <"$dir/in"
	cmp "$dir/out" "$page"
	makes -t now
	has 'This page was made at 2' 'How long from the event to the end'
}

@test "names and words from outside are text, and what cannot be seen is" {
	jq -cn '"<script>\u202e\u200b\n \u0000&amp;\"'\''{{script}}</title>" as $x | {bucket: "in", key: $x, bad: {by: $x, code: $x, reason: $x}}' >"$dir/in"
	makes --title '<b>{{policy}}'
	shown='&lt;script&gt;<b class="x">U+202E</b><b class="x">U+200B</b><b class="x">\n</b> <b class="x">U+0000</b>&amp;amp;&quot;&#39;{{script}}&lt;/title&gt;'
	assert_eq "$(grep -oF "$shown" "$page" | wc -l)" 7
	assert_eq "$(grep -c '<title>&lt;b&gt;{{policy}}</title>' "$page") $(grep -c '<script' "$page") $(grep -c '</script' "$page")" '1 1 1'
	# Nothing is there as it came, and there is nothing that the page asks others for.
	assert_eq "$(LC_ALL=C grep -cP '\xe2\x80\xae|\x00' "$page") $(grep -cE 'https?://|url\(|@import' "$page")" '0 0'
}

@test "the policy allows the one style and the one script by their digests" {
	few >"$dir/in"
	makes
	for element in style script; do
		digest=$(perl -0ne "print \$1 if m{<$element>(.*?)</$element>}s" "$page" | openssl dgst -sha256 -binary | openssl base64)
		grep -q "Content-Security-Policy\" content=\"default-src 'none';.* $element-src 'sha256-$digest'" "$page"
	done
}

@test "tidy finds no fault with it" {
	command -v tidy >/dev/null || skip 'no tidy (apt-get install tidy; make check-browser)'
	few >"$dir/in"
	makes -t now
	run3 tidy -e -q -utf8 "$page"
	# What the script fills is empty before.
	assert_eq "$(grep -v 'trimming empty <output>' <<<"$err")" ''
}

@test "as many records as one likes: it stays small, and says what it does not list" {
	jq -cn --arg long "$(printf '\x01%.0s' {1..900})" 'range(9000) | {bucket: "in", key: "\(.)\($long)", size: ., time: "2026-11-23T05:54:00Z"} +
		(if . % 2 == 0 then {bad: {by: "x", reason: "\($long)\(.)\([range(. / 26 % 26; . / 26 % 26 + 1) | . + 97] | implode)\([. % 26 + 97] | implode)"}}
			else {failed: {by: "s3route", code: "C\(.)", message: $long}} end)' >"$dir/in"
	(ldd "$(type -P s3ev-report)" | grep -q libasan || ulimit -d 8192
		s3ev-report -o "$page" <"$dir/in")
	[ "$(stat -c %s "$page")" -lt 2000000 ]
	for outcome in bad failed; do
		listed=$(grep -c "^<tr><td class=\"$outcome\">" "$page")
		[ "$listed" -gt 10 ]
		assert_eq "$outcome $((listed + $(left_out "more $outcome file")))" "$outcome 4500"
	done
	listed=$(sed -n '/id="reasons"/,/<\/table>/s/^<tr><td class="n">\([^<]*\)<.*/\1/p' "$page" | sed 's/\xe2\x80\xaf//g' | paste -sd +)
	[ "$(left_out 'more file')" -gt 4000 ]
	assert_eq $((listed + $(left_out 'more file'))) 9000
}

@test "no record is too large for a row: those behind it are listed, too" {
	jq -cn --arg long "$(printf '\x01%.0s' {1..1200})" '{bucket: "in", key: $long, bad: {by: $long, code: $long, reason: $long},
		route: {to: "bad-data", bucket: $long, key: $long}}, {bucket: "in", key: "k", bad: {by: "x", reason: "y"}}' >"$dir/in"
	makes
	assert_eq "$(grep -c '^<tr><td class="bad">' "$page")" 2
}

@test "what happened once among many is seen in the bar, which ends where it ends" {
	jq -cn 'range(5000) | {bucket: "in", key: "k"} + if . == 0 then {failed: {by: "x", code: "A", message: "m"}}
		elif . == 1 then {bad: {by: "x", reason: "m"}} else {} end' >"$dir/in"
	makes
	assert_eq "$(grep -o '<svg class="all".*' "$page" | grep -o 'class="[a-z]*" x="[0-9.]*" width="[0-9.]*"')" 'class="good" x="0.0" width="994.0"
class="bad" x="994.0" width="3.0"
class="failed" x="997.0" width="3.0"'
}

@test "events of one minute, and of centuries, make a table that one can read" {
	jq -cn 'range(3000) | {bucket: "in", key: "k", time: "\(1950 + .)-02-03T04:05:06Z"}' >"$dir/in"
	makes
	[ "$(grep -c '<td class="bar">' "$page")" -le 40 ]
	has 'from 1950-02-03 04:05:06 to 4949-02-03 04:05:06'
	tac "$dir/in" | s3ev-report | cmp - "$page"
}

@test "lines that are no records are told, on the page too: 65" {
	{
		few
		echo nothing
		echo '{"a": 1}'
		printf cut
	} >"$dir/in"
	makes
	assert_eq "$status $(cut -d: -f-2 <<<"$err")" $'65 s3ev-report: line 9\ns3ev-report: line 10\ns3ev-report: line 11'
	has 'What became of 7 files' '3 lines of the input that cannot be read as records: not counted.'
	yes nothing | head -n 1000 >"$dir/in"
	makes
	assert_eq "$(wc -l <"$dir/err")" 10
}

@test "what cannot be written: 74, and what was there stays" {
	few >"$dir/in"
	run3 s3ev-report -o "$dir/none/page.html" <"$dir/in"
	assert_eq "$status $err" "74 s3ev-report: $dir/none/page.html: No such file or directory"$'\n'
	run3 sh -c 's3ev-report >/dev/full' <"$dir/in"
	assert_eq "$status $err" $'74 s3ev-report: stdout: No space left on device\n'
	run3 sh -c 's3ev-report <&-'
	assert_eq "$status $err" $'74 s3ev-report: stdin: Bad file descriptor\n'
	for options in '-t yesterday' x '-q'; do
		# shellcheck disable=SC2086
		run3 s3ev-report $options <"$dir/in"
		assert_eq "$options $status $(wc -l <"$dir/err")" "$options 64 1"
	done
}
