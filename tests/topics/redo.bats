#!/usr/bin/env bats
# Deciding anew: ddb-list | pipelines/redo, on real servers; no lie stays behind.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=3
	dir=$BATS_TEST_TMPDIR
	new_places
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table TMPDIR=$dir PROCESSOR=$dir/processor CHECKS='' BUILD=${BUILD-}
	[ -n "$BUILD" ] || unset BUILD
	# A file is good if it has what $WANTED says.
	export WANTED=none
	cat >"$PROCESSOR" <<-'END'
		#!/bin/sh
		grep -q "$WANTED" || { echo "no $WANTED" >&2; exit 1; }
		echo "made by $WANTED"
	END
	chmod +x "$PROCESSOR"
}

# Puts an object and prints the record of its event.
arrives() { # KEY CONTENT
	local etag
	s3c put "$in" "$1" <<<"$2" >/dev/null
	etag=$(md5sum <<<"$2")
	record bucket="$in" key="$1" etag="${etag%% *}" size=$((${#2} + 1)) sequencer="006B03D4F8D9$((RANDOM % 9000 + 1000))"
}

process() { # OPTION...
	run3 env CHECKS="--env WANTED $CHECKS" "$tests/../pipelines/process" "$@"
}

redo() { # OPTION of ddb-list...
	ddb-list "$@" >"$dir/listed"
	again
}

again() { # OPTION of redo...
	run3 env CHECKS="--env WANTED $CHECKS" "$tests/../pipelines/redo" "$@" <"$dir/listed"
}

keys() { # BUCKET
	s3c ls "$1" | jq -r '.[].key' | sort | tr '\n' ' '
}

# outcome, destination, what is stale, and all decisions, the newest first
ledger() {
	jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan |
		jq -r '.Items[] | [.key.S, .outcome.S, .destination.S, (.stale.M.key.S // "-"), ([.decisions.L[].M.outcome.S] | join(","))] | join(" ")' | sort
}

@test "mended: the good are placed, and the bad copies and their explanations are gone" {
	{ arrives a.csv one; arrives b.csv two; arrives c.csv three; } >"$dir/in"
	WANTED=one process -r <"$dir/in"
	assert_eq "$status $(keys "$to")|$(keys "$bad")" '0 a.csv |b.csv b.csv.why.json c.csv c.csv.why.json '
	export WANTED=o
	redo --outcome bad
	assert_eq "$status $err$(jq -c '[.key, .redo.from, .redo.to, .redo.changed, .redo.removed]' <<<"$out" | sort)" \
		"0 "'["b.csv","bad","good",true,["'"$bad"'/b.csv","'"$bad"'/b.csv.why.json"]]
["c.csv","bad","bad",true,null]'
	assert_eq "$(keys "$to")|$(keys "$bad")" 'a.csv b.csv |c.csv c.csv.why.json '
	assert_eq "$(ledger)" "a.csv good $to/a.csv - good
b.csv good $to/b.csv - good,bad
c.csv bad $bad/c.csv - bad,bad"
	# The explanation is that of the new decision.
	assert_eq "$(s3c get "$bad" c.csv.why.json | jq -r .bad.reason)" 'no o'
	# Once more changes nothing.
	before=$(ledger)
	again
	assert_eq "$status $err$(ledger)" "0 $before"
	redo
	assert_eq "$status $err$(jq -c 'select(.redo.changed)' <<<"$out")$(ledger)" "0 $before"
}

@test "-n shows what would change, and changes nothing" {
	{ arrives b.csv two; arrives c.csv three; } >"$dir/in"
	process -r <"$dir/in"
	before=$(keys "$to")$(keys "$bad")$(ledger)
	export WANTED=o
	ddb-list --outcome bad >"$dir/listed"
	again -n
	assert_eq "$status $err$(jq -c '[.key, .redo.from, .redo.to, .redo.removes, .route.key]' <<<"$out" | sort)" \
		"0 "'["b.csv","bad","good",["'"$bad"'/b.csv","'"$bad"'/b.csv.why.json"],"b.csv"]
["c.csv","bad","bad",null,"c.csv"]'
	assert_eq "$(keys "$to")$(keys "$bad")$(ledger)" "$before"
	WANTED=none again -n
	assert_eq "$status $err$out" '0 '
}

@test "a mended transformer's output replaces its own older one, and nothing else" {
	{ arrives a.csv one; arrives b.csv two; } >"$dir/in"
	export CHECKS=-o WANTED=o
	process -r <"$dir/in"
	assert_eq "$status $(s3c get "$to" a.csv)" '0 made by o'
	# Somebody else has overwritten the second.
	echo theirs | s3c put "$to" b.csv >/dev/null
	for WANTED in '[ot]' '[to]'; do
		redo
		assert_eq "$WANTED $status $err$(jq -c '[.key, .redo.changed]' <<<"$out" | sort | tr '\n' ' ')" "$WANTED 0 "'["a.csv",true] ["b.csv",true] '
		assert_eq "$(s3c get "$to" a.csv)|$(s3c get "$to" b.csv)" "made by $WANTED|theirs"
	done
	second=$(jq -r 'select(.key == "b.csv").route.key' <<<"$out")
	[[ $second == b~*.csv ]]
	assert_eq "$(keys "$to")" "a.csv b.csv $second "
	assert_eq "$(s3c get "$to" "$second")" "made by [to]"
	redo
	assert_eq "$status $(jq -c .redo.changed <<<"$out" | uniq)" '0 false'
}

@test "after a move the bytes come from bad data, under the name that they had" {
	{ arrives b.csv two; arrives c.csv three; } >"$dir/in"
	process -r <"$dir/in"
	s3rm -r <"$dir/out" >/dev/null
	assert_eq "$(keys "$in")" ''
	export WANTED=o
	redo --outcome bad
	assert_eq "$status $err$(jq -c '[.bucket, .key, .redo.to]' <<<"$out" | sort | tr '\n' ' ')" \
		'0 ["'"$in"'","b.csv","good"] ["'"$in"'","c.csv","bad"] '
	assert_eq "$(keys "$to")|$(keys "$bad")" 'b.csv |c.csv c.csv.why.json '
	assert_eq "$(s3c get "$to" b.csv)" two
	assert_eq "$(ledger)" "b.csv good $to/b.csv - good,bad
c.csv bad $bad/c.csv - bad,bad"
	WANTED=e redo --outcome bad
	assert_eq "$status $(keys "$to")|$(keys "$bad")" '0 b.csv c.csv |'
}

@test "what was thought good and is bad goes the other way" {
	arrives a.csv one >"$dir/in"
	WANTED=o process -r <"$dir/in"
	redo --outcome good
	assert_eq "$status $err$(jq -c .redo <<<"$out")" \
		'0 {"from":"good","to":"bad","changed":true,"decided":2,"removed":["'"$to"'/a.csv"],"settled":true}'
	assert_eq "$(keys "$to")|$(keys "$bad")|$(ledger)" "|a.csv a.csv.why.json |a.csv bad $bad/a.csv - bad,good"
}

@test "what is not ours, or not known to be, stays, and the record says so" {
	{ arrives b.csv two; arrives c.csv too; arrives d.csv to; } >"$dir/in"
	process -r <"$dir/in"
	echo theirs | s3c put "$bad" b.csv >/dev/null
	echo '{"id":"other","written":"x","bad":{}}' | s3c put "$bad" c.csv.why.json >/dev/null
	# An item of before does not have the ETag of the copy.
	jq -cn --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -c --arg t "$table" '.Items[] | select(.key.S == "d.csv") | {TableName: $t, Item: (del(.destination_etag, .decided) |
		.decisions = {N: "1"})}' | ddbc PutItem >/dev/null
	export WANTED=o
	redo --outcome bad
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out" | sort)" "0 $bad/b.csv is something else by now: not removed
$bad/c.csv.why.json explains something else: not removed
$bad/d.csv is not known to be ours, because the ledger does not have its ETag: not removed"
	assert_eq "$(keys "$to")|$(keys "$bad")" 'b.csv c.csv d.csv |b.csv b.csv.why.json c.csv.why.json d.csv d.csv.why.json '
	assert_eq "$(ledger)" "b.csv good $to/b.csv - good,bad
c.csv good $to/c.csv - good,bad
d.csv good $to/d.csv - good,bad"
}

@test "a copy that another version has as well stays until that is decided, too" {
	# The same bytes came twice, and are in bad data once.
	{ arrives b.csv two; arrives b.csv two; } >"$dir/in"
	process -r <"$dir/in"
	assert_eq "$status $(ledger)" "0 b.csv bad $bad/b.csv - bad
b.csv bad $bad/b.csv - bad"
	s3rm -r <"$dir/out" >/dev/null
	export WANTED=o CHECKS=-o
	ddb-list | head -n 1 >"$dir/listed"
	again -n
	assert_eq "$status $(jq -c '.redo.removes, .redo.kept' <<<"$out")" "0 [\"$bad/$(jq -r .was.why "$dir/listed")\"]
\"another object or version may have the same copy: it is not removed\""
	again
	assert_eq "$status $err$(jq -c .redo.removed <<<"$out")$(keys "$to")|$(keys "$bad" | cut -d ' ' -f 1)" "0 [\"$bad/$(jq -r .was.why "$dir/listed")\"]b.csv |b.csv"
	assert_eq "$(ledger)" "b.csv bad $bad/b.csv - bad
b.csv good $to/b.csv - good,bad"
	# All that are left at once.
	redo --outcome bad
	assert_eq "$status $err$(jq -c .redo.to <<<"$out")$(keys "$to")|$(ledger)" "0 \"good\"b.csv |b.csv good $to/b.csv - good,bad
b.csv good $to/b.csv - good,bad"
	assert_eq "$(keys "$bad")" ''
}

@test "a copy whose name other objects may have stays, and only its explanation goes" {
	export ROUTE_OPTIONS='-t {base}'
	{ arrives x/b.csv two; arrives y/b.csv two; } >"$dir/in"
	process -r <"$dir/in"
	assert_eq "$status $(keys "$bad" | grep -o 'b.csv ' | wc -l)" '0 1'
	s3rm -r <"$dir/out" >/dev/null
	export WANTED=o
	ddb-list --object "$in/x/b.csv" >"$dir/listed"
	again
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out")" '0 another object or version may have the same copy: it is not removed'
	[[ $(keys "$bad") == 'b.csv b'*'.why.json ' ]]
	# The other one still has its bytes.
	ddb-list --object "$in/y/b.csv" >"$dir/listed"
	again
	assert_eq "$status $err$(jq -r .redo.to <<<"$out")|$(keys "$bad")" '0 good|b.csv '
	# A template of now says nothing of a name that another has made.
	export ROUTE_OPTIONS='-t new/{key}' WANTED=none
	arrives z.csv two >"$dir/in"
	ROUTE_OPTIONS='' process -r <"$dir/in"
	WANTED=o
	ddb-list --object "$in/z.csv" >"$dir/listed"
	again
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out")" '0 another object or version may have the same copy: it is not removed'
}

@test "a copy that an old version has, too, stays, however many came between" {
	s3c put "$in" b.csv <<<two >/dev/null
	for seq in 006B030000000001 006B03D4F8D90001; do
		record bucket="$in" key=b.csv etag="$(md5sum <<<two | head -c 32)" size=4 sequencer=$seq
	done >"$dir/in"
	for i in {10..49}; do
		record bucket="$in" key=b.csv etag="between-$i" size=4 sequencer="006B0301000000$i"
	done | ddb-record >/dev/null
	process -r <"$dir/in"
	assert_eq "$status $(ledger | grep -c "bad $bad/b.csv -")" '0 2'
	export WANTED=o
	ddb-list --object "$in/b.csv" | jq -cS 'select(.sequencer == "006B03D4F8D90001")' >"$dir/listed"
	again
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out")" '0 another object or version may have the same copy: it is not removed'
	[[ $(keys "$bad") == 'b.csv '* ]]
}

@test "what an earlier run has left stays if another version has come to have it" {
	arrives b.csv two >"$dir/in"
	process -r <"$dir/in"
	# A server that lets others overwrite the new copy: the old one is left.
	stub "[{\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	export WANTED=o
	AWS_ENDPOINT_URL_S3=$STUB_URL redo --outcome bad
	assert_eq "$status $(ledger)" "0 b.csv good $to/b.csv b.csv good,bad"
	# The same bytes come again, and are bad to somebody else.
	jq -cS '.sequencer = "006B03D4F8DA0001" | del(.id)' "$dir/in" >"$dir/again"
	WANTED=none process -r <"$dir/again"
	ddb-list --object "$in/b.csv" | jq -cS 'select(.sequencer != "006B03D4F8DA0001")' >"$dir/listed"
	again
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out")" '0 another object or version may have the same copy: it is not removed'
	[[ $(keys "$bad") == 'b.csv '* ]]
	assert_eq "$(ledger)" "b.csv bad $bad/b.csv - bad
b.csv good $to/b.csv - good,bad"
}

@test "an explanation that was copied back is an object of its own: it does not go with the other" {
	export WANTED=^two
	arrives a.csv one >"$dir/a"
	process -r <"$dir/a"
	explanation=$(s3c get "$bad" a.csv.why.json)
	arrives a.csv.why.json "$explanation" >"$dir/why"
	process -r <"$dir/why"
	second=$(jq -r .route.key <<<"$out")
	[[ $second == a.csv.why~*.json ]]
	assert_eq "$status $(keys "$bad")" "0 a.csv a.csv.why.json $second $second.why.json "
	process -r <"$dir/why"
	assert_eq "$status $(jq -c '[.route.key, .route.already]' <<<"$out")" "0 [\"$second\",true]"
	export WANTED=^one
	redo --outcome bad
	assert_eq "$status $err$(keys "$to")|$(keys "$bad")" "0 a.csv |$second $second.why.json "
	assert_eq "$(ledger)" "a.csv good $to/a.csv - good,bad
a.csv.why.json bad $bad/$second - bad,bad"
	# A good one has the name that it came with.
	export WANTED=written
	redo --outcome bad
	assert_eq "$status $err$(keys "$to")|$(keys "$bad")" "0 a.csv a.csv.why.json |"
}

@test "no older version comes to light where a copy or its explanation was removed" {
	s3c versioning "$to" on
	s3c versioning "$bad" on
	arrives a.csv one >"$dir/in"
	export CHECKS=-o
	# Bad for two reasons, good with two outputs, bad, and good again.
	WANTED=none process -r <"$dir/in"
	WANTED=nobody redo
	assert_eq "$status $(keys "$to")|$(keys "$bad")" '0 |a.csv a.csv.why.json '
	WANTED=o redo
	assert_eq "$status $err$(keys "$to")|$(keys "$bad")" '0 a.csv |'
	WANTED='[ot]' redo
	assert_eq "$status $(s3c get "$to" a.csv)" '0 made by [ot]'
	WANTED=none redo
	assert_eq "$status $err$(keys "$to")|$(keys "$bad")" '0 |a.csv a.csv.why.json '
	# What others have put there stays.
	echo theirs | s3c put "$bad" a.csv >/dev/null
	WANTED=o redo
	assert_eq "$status $err$(keys "$to")|$(keys "$bad")$(s3c get "$bad" a.csv)" '0 a.csv |a.csv theirs'
}

# Runs the same again until it is done, each time through a server that breaks at
# the next request of a kind.
@test "broken off at any request, the same again ends it, also after a move" {
	export WANTED=o AWS_MAX_ATTEMPTS=1
	local breaks=(
		"S3 PUT /$to/m" "S3 HEAD /$to/" "S3 DELETE /$bad/m[0-9]+.csv(\\?.*)?\$" "S3 DELETE /$bad/m[0-9]+.csv.why" "S3 GET /$bad/m[0-9]+.csv.why"
		'DYNAMODB PutItem' 'DYNAMODB UpdateItem' 'DYNAMODB Query'
	)
	for i in "${!breaks[@]}"; do arrives "m$i.csv" "two $i"; done >"$dir/in"
	WANTED=none process -r <"$dir/in"
	s3rm -r <"$dir/out" >"$dir/moved"
	for i in "${!breaks[@]}"; do
		read -r service method path <<<"${breaks[i]}"
		endpoint=AWS_ENDPOINT_URL_$service
		[ "$service" = S3 ] && match="{\"method\": \"$method\", \"path\": \"${path//\\/\\\\}\"}" ||
			match="{\"header\": {\"x-amz-target\": \"$method\"}}"
		how='"cutAfter": "connect"'
		((i % 2)) || how="\"loseAnswer\": true, \"upstream\": \"${!endpoint}\""
		stub "[{\"match\": {\"path\": \"s3ev-probe\"}, \"upstream\": \"${!endpoint}\"}, {\"match\": $match, \"times\": 2, $how}, {\"upstream\": \"${!endpoint}\"}]"
		ddb-list --object "$in/m$i.csv" >"$dir/listed"
		before=${!endpoint}
		export "$endpoint=$STUB_URL"
		again
		export "$endpoint=$before"
		[[ $status == 0 || $status == 75 ]]
		ddb-list --outcome bad | jq -cS "select(.key == \"m$i.csv\")" >"$dir/listed"
		again
		assert_eq "${breaks[i]} $status $err$(ledger | grep "^m$i.csv")" "${breaks[i]} 0 m$i.csv good $to/m$i.csv - good,bad"
		assert_eq "${breaks[i]} $(keys "$bad" | tr ' ' '\n' | grep "^m$i.csv")" "${breaks[i]} "
		assert_eq "${breaks[i]} $(s3c get "$to" "m$i.csv")" "${breaks[i]} two $i"
	done
}

# The first of two has the mended processor, and is stopped before it removes.
stopped() { # KEY CONTENT
	arrives "$1" "$2" >"$dir/in"
	process -r <"$dir/in"
	s3rm -r <"$dir/out" >/dev/null
	stub "[{\"match\": {\"path\": \"s3ev-probe\"}, \"upstream\": \"$AWS_ENDPOINT_URL_S3\"}, {\"match\": {\"method\": \"DELETE\", \"path\": \"/$bad/$1(\\\\?.*)?$\"}, \"cutAfter\": \"connect\"}, {\"upstream\": \"$AWS_ENDPOINT_URL_S3\"}]"
	WANTED=o AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=$STUB_URL redo --outcome bad
	assert_eq "$status $(ledger)" "75 $1 good $to/$1 $1 good,bad"
}

@test "two with different processors: a removal that comes late takes nothing that counts" {
	stopped b.csv two
	# The other has the old one, and finds the copy that the first is about to remove.
	redo --outcome bad
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out")" '0 a run before was to remove the copy that counts now: the other one is not removed before the next run'
	assert_eq "$(ledger)$(keys "$to")|$(keys "$bad")" "b.csv bad $bad/b.csv b.csv bad,good,badb.csv |b.csv b.csv.why.json "
	s3c rm "$bad" b.csv
	redo --outcome bad
	assert_eq "$status $err$(jq -c .redo.to <<<"$out")" '0 "bad"'
	assert_eq "$(ledger)$(keys "$to")|$(keys "$bad")" "b.csv bad $bad/b.csv - bad,good,bad|b.csv b.csv.why.json "
	assert_eq "$(s3c get "$bad" b.csv)" two
}

@test "two with different processors: where nothing comes late, the next run removes the other copy" {
	stopped b.csv two
	redo --outcome bad
	redo --outcome bad
	assert_eq "$status $err$(jq -r .redo.kept <<<"$out")" '0 null'
	assert_eq "$(ledger)$(keys "$to")|$(keys "$bad")" "b.csv bad $bad/b.csv - bad,good,bad|b.csv b.csv.why.json "
}

@test "two with different processors: a list that is older than the ledger overturns nothing" {
	{ arrives b.csv two; arrives c.csv three; } >"$dir/in"
	process -r <"$dir/in"
	ddb-list --outcome bad >"$dir/old"
	WANTED=two redo --outcome bad
	before=$(ledger)$(keys "$to")$(keys "$bad")
	cp "$dir/old" "$dir/listed"
	again
	assert_eq "$status $(jq -r '[.key, .failed.by, .failed.code] | join(" ")' <<<"$out" | sort)" \
		"75 b.csv s3route DecidedSince
c.csv s3route DecidedSince"
	assert_eq "$(ledger)$(keys "$to")$(keys "$bad")" "$before"
	# The same decision once more changes nothing, whatever the list's age.
	WANTED=two again
	assert_eq "$status $err$(ledger)$(keys "$to")$(keys "$bad")" "0 $before"
}

@test "two with different processors: a decision that was made in between stays" {
	arrives b.csv two >"$dir/in"
	process -r <"$dir/in"
	ddb-list --outcome bad >"$dir/listed"
	# What was written behind the look of s3route: one more in the ledger.
	WANTED=nobody s3route --redo < <(jq -cS '.bad = {by: "me", reason: "no reason", code: "other"}' "$dir/listed") >"$dir/routed"
	WANTED=o again
	before=$(ledger)
	run3 ddb-record <"$dir/routed"
	assert_eq "$status $(jq -r .failed.code <<<"$out")$(ledger)" "75 DecidedSince$before"
}

@test "a log that is fed in again decides nothing, and s3route says so once" {
	{ arrives b.csv two; arrives c.csv three; } >"$dir/in"
	process -r <"$dir/in"
	mv "$dir/out" "$dir/log"
	run3 s3route <"$dir/log"
	assert_eq "$status $err" $'0 s3route: every record came with the verdict of an earlier run, so nothing was decided anew: see --redo, and ddb-list(1)\n'
	run3 s3route < <(cat "$dir/log" "$dir/in")
	assert_eq "$status $err" '0 '
	run3 s3route --redo --once <"$dir/in"
	assert_eq "$status $err" $'78 s3route: --once leaves what was decided, --redo does not: give one of them\n'
	RECORD_TABLE='' run3 s3route --redo <"$dir/in"
	assert_eq "$status $err" $'78 s3route: --redo: no table: give --redo=TABLE or set RECORD_TABLE\n'
}

@test "redo: wrong usage is told, and nothing is read" {
	for options in --nonsense '-n word' '-h x'; do
		# shellcheck disable=SC2086 # words
		run3 "$tests/../pipelines/redo" $options <<<nonsense
		assert_eq "$options: $status $out$err" "$options: 64 redo: not an option: ${options##* }"$'\n'
	done
	run3 "$tests/../pipelines/redo" --help
	assert_eq "$status $err${out%%$'\n'*}" '0 usage: ddb-list --outcome bad | redo [-hn]'
}

@test "what an earlier run has left to be removed stays, where the server does not show the copy that superseded it" {
	stub '[{"match": {"method": "DELETE"}, "reply": {"status": 204}}, {"match": {"path": "^/to/"}, "reply": {"headers": {"Content-Length": "6", "x-amz-request-id": "R"}, "body": "hello\n"}},
		{"reply": {"headers": {"ETag": "\"o\"", "x-amz-request-id": "R"}, "body": "hello\n"}}]'
	AWS_ENDPOINT_URL_S3=$STUB_URL run3 s3route --redo < <(record bucket=in key=k etag=e size=6 gone:='{"by": "s3fetch", "code": "NoSuchKey", "now": "deleted"}' \
		was:='{"outcome": "good", "bucket": "to", "key": "k", "etag": "e", "stale": {"outcome": "bad", "bucket": "bad", "key": "k", "etag": "o"}}')
	assert_eq "$status $(jq -r .failed.code <<<"$out") $(jq -r .method "$STUB_LOG" | grep -c DELETE)" '75 OddServer 0'
}
