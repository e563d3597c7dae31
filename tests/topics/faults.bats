#!/usr/bin/env bats
# The pipeline on the real servers, through a proxy that does what networks and services do.
# What it does to which request follows from a seed; FAULTS_SEED=... replays it.

load ../lib/helper

setup() {
	export S3EV_CONNECT_TIMEOUT=5 S3EV_STALL_TIMEOUT AWS_MAX_ATTEMPTS=3
	dir=$BATS_TEST_TMPDIR
	spool=$dir/spool
	mkdir "$spool"
	last=(cat)
	seed=${FAULTS_SEED-$RANDOM}
	echo "FAULTS_SEED=$seed"
}

# Makes the buckets in, to and bad, and a table; sets direct_s3, direct_ddb.
world() {
	new_places
	export PROCESSED_BUCKET=$to BAD_DATA_BUCKET=$bad RECORD_TABLE=$table TMPDIR=$spool
	direct_s3=$AWS_ENDPOINT_URL_S3 direct_ddb=$AWS_ENDPOINT_URL_DYNAMODB
}

# Puts COUNT good objects, as many bad ones and a few that are gone, and makes their events.
objects() { # COUNT
	s3c putmany "$in" good/ "$1" 40
	s3c putmany "$in" bad/ "$1" 50
	s3c ls "$in" >"$dir/objects"
	jq -c --arg in "$in" '.[], ({key: "gone/\(range(4))", size: 3, etag: "00000000000000000000000000000000"}) |
		{eventSource: "aws:s3", eventName: "ObjectCreated:Put", awsRegion: "us-east-1", eventTime: "2026-11-23T05:54:00.000Z",
		s3: {bucket: {name: $in}, object: {key: (.key | @uri), size, eTag: .etag, sequencer: "0055AE"}}} | {Records: [.]}' \
		"$dir/objects" >"$dir/events"
}

# Puts servers/faults between.
between() { # OPTION...
	faults=$dir/faults-$RANDOM
	serve faults "$direct_s3" "$direct_ddb" --seed "$seed" --log "$faults" "$@"
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$port AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$port S3EV_STALL_TIMEOUT=1
}

# The servers themselves are slow only where the machine is.
direct() {
	AWS_ENDPOINT_URL_S3=$direct_s3 AWS_ENDPOINT_URL_DYNAMODB=$direct_ddb S3EV_STALL_TIMEOUT=60
	stop_servers
}

# Its status is in $dir/statuses; on its own it is of no use, and || keeps bats out.
pipeline() {
	s3ev-split | s3fetch -d "$spool" | s3check -x 'case $S3EV_KEY in good/*) cat >/dev/null ;; *) echo "as told" >&2; exit 1 ;; esac' |
		s3route | ddb-record | "${last[@]}"
	statuses=("${PIPESTATUS[@]}")
	[ "${last[0]}" = s3rm ] || unset 'statuses[5]'
	echo "${statuses[*]}" >"$dir/statuses"
}

# Everything that went in came out, once; a status of 75 tells that something failed, 0 that nothing did.
tells() {
	assert_eq "$(jq -r .id "$dir/out" | sort)" "$(s3ev-split <"$dir/events" | jq -r .id | sort)"
	jq -cS 'select(.failed) | .failed' "$dir/out" >"$dir/failed"
	if [ -s "$dir/failed" ]; then
		assert_json '.retry and .code and .message' "$(<"$dir/failed")"
		[[ $(<"$dir/statuses") =~ ^0( 0)*( 75)+$ ]]
	else
		[[ $(<"$dir/statuses") =~ ^0( 0)*$ ]]
	fi
}

# Runs the pipeline, and again on the events of what failed, until all is
# decided; then on all of them.
until_decided() {
	local _
	cp "$dir/events" "$dir/all"
	for _ in {1..30}; do
		pipeline <"$dir/events" >"$dir/out" 2>"$dir/err" 3>&- || :
		tells
		[ -s "$dir/failed" ] || break
		jq -cS 'select(.failed) | {bucket, key}' "$dir/out" | jq -cS --slurpfile failed /dev/stdin '
			select(.Records[0].s3.object.key as $key | any($failed[]; .key | @uri == $key))' "$dir/all" >"$dir/events"
	done
	direct
	cp "$dir/all" "$dir/events"
	rm -f "$spool"/*
	pipeline <"$dir/events" >"$dir/out" 2>"$dir/err" 3>&- || :
	tells
	assert_eq "$(<"$dir/failed")$(<"$dir/err")" ''
	assert_json '.record.status == "repeated" or .record.status == "kept"' "$(<"$dir/out")"
}

# What s3route has found out the server with may stay where its DELETE was lost, until a later run finds it older.
keys() { # JSON
	jq -c '[.[].key | select(endswith(".why.json") or . == ".s3ev-probe" | not)] | sort' <<<"$1"
}

wanted_keys() { # PREFIX
	jq -c --arg prefix "$1" '[.[].key | select(startswith($prefix))] | sort' "$dir/objects"
}

# Each object is where it belongs, once, and the ledger says so.
holds() {
	assert_eq "$(keys "$(s3c ls "$to")")" "$(wanted_keys good/)"
	assert_eq "$(keys "$(s3c ls "$bad")")" "$(wanted_keys bad/)"
	assert_eq "$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan |
		jq -r '.Items[] | [.key.S, .outcome.S, .destination.S // "nowhere"] | join(" ")' | sort)" \
		"$({
			jq -r --arg to "$to" --arg bad "$bad" '.[].key | "\(.) " + if startswith("good/") then "good \($to)/\(.)" else "bad \($bad)/\(.)" end' "$dir/objects"
			printf 'gone/%d gone nowhere\n' {0..3}
		} | sort)"
	assert_eq "$(ls -A "$spool")" ''
}

@test "all kinds of faults: records are lost by none, and in the end each object is where it belongs" {
	world
	objects 20
	between --rate 0.3
	until_decided
	holds
	assert_eq "$(s3c ls "$in")" "$(<"$dir/objects")"
}

@test "answers are lost after the work is done: it is found done, nothing is there twice" {
	world
	objects 15
	between --rate 0.5 --kinds lose,late,truncate,errorServed,error200Served,closeIdle
	until_decided
	holds
	assert_eq "$(s3c ls "$in")" "$(<"$dir/objects")"
}

@test "a move through all of them: what is removed was copied and recorded before" {
	world
	objects 15
	last=(s3rm -r)
	between --rate 0.3 --conditional
	until_decided
	holds
	assert_eq "$(s3c ls "$in")" '[]'
	# When each was recorded, when its source was deleted.
	jq -es --arg in "$in" '
		(map(select(.action == "PutItem" and .status == 200) | {key: .item.key, value: .to}) | reverse | from_entries) as $recorded |
		map(select(.method == "DELETE" and .from)) | length >= 30 and
		all((.target | ltrimstr("/\($in)/") | sub("\\?.*"; "")) as $key | $recorded[$key] < .from)' "$faults" >/dev/null
}

@test "nothing gets through: every record is failed, 75, nothing is done" {
	world
	objects 5
	between --rate 1 --kinds cut,reset,cutWhile,error500,error503
	pipeline <"$dir/events" >"$dir/out" 2>"$dir/err" 3>&- || :
	tells
	assert_eq "$(wc -l <"$dir/failed") $(<"$dir/statuses")" '14 0 75 75 75 75'
	assert_eq "$(grep -c '^s3fetch: ' "$dir/err") $(wc -l <"$dir/err")" '14 14'
	direct
	assert_eq "$(s3c ls "$to")$(s3c ls "$bad")$(s3c ls "$in")$(ls -A "$spool")" "[][]$(<"$dir/objects")"
}

# What becomes of three requests for each of 30 targets, which are sent in ORDER.
schedule() { # ORDER
	local _ targets=()
	between --rate 0.5 --kinds error500,error503
	mapfile -t targets < <(printf "$AWS_ENDPOINT_URL_S3/$in/%d\n" {1..30} | sort "$1")
	for _ in 1 2 3; do
		curl -sSZ --output-dir "$dir" --remote-name-all "${targets[@]}" 2>/dev/null
	done
	direct
	jq -r '[.target, .fault] | @tsv' "$faults" | LC_ALL=C sort -s -k 1,1
}

@test "the proxy: one seed, one schedule, whatever is sent meanwhile; with --conditional, S3's conditions" {
	world
	schedule -V >"$dir/schedule.1"
	schedule -R >"$dir/schedule.2"
	assert_eq "$(wc -l <"$dir/schedule.1")" 90
	cmp "$dir/schedule.1" "$dir/schedule.2"
	seed+=1 schedule -V >"$dir/schedule.3"
	[ "$(<"$dir/schedule.1")" != "$(<"$dir/schedule.3")" ]
	assert_eq "$(cut -f 2 "$dir/schedule.1" | sort -u)" $'error500\nerror503\nnone'

	objects 1
	between --rate 0 --conditional
	source=(-H "x-amz-copy-source: /$in/good/000000")
	s3c put "$to" k /dev/null "${source[@]}" -H 'if-none-match: *' >/dev/null
	run3 s3c put "$to" k /dev/null "${source[@]}" -H 'if-none-match: *'
	assert_eq "$err" "s3c: PreconditionFailed: PUT /$to/k"$'\n'
	run3 s3c put "$to" other /dev/null "${source[@]}" -H 'x-amz-copy-source-if-match: "0"'
	assert_eq "$err" "s3c: PreconditionFailed: PUT /$to/other"$'\n'
	direct
	assert_eq "$(keys "$(s3c ls "$to")")" '["k"]'
}
