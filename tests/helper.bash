# What the test files share. Each begins with `load helper` (bats 1.8).
#
# The servers are those of setup_suite.bash, their addresses and keys in the
# environment. Tests share nothing else: each makes the buckets it needs.
# shellcheck shell=bash disable=SC2034

tests=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
PATH=${BUILD:-$tests/../build}:$tests/servers:$PATH
# shellcheck source=/dev/null
. "$SERVERS_DIR/env"

servers=()

# A test file with a teardown of its own calls stop_servers there.
teardown() {
	stop_servers
}

stop_servers() {
	[ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null || :
	wait "${servers[@]}" 2>/dev/null || :
	servers=()
}

# Waits until a command succeeds, for 10 s at most.
wait_until() { # COMMAND...
	local _
	for _ in {1..500}; do
		"$@" && return
		sleep 0.02
	done
	echo "not within 10 s: $*" >&2
	return 1
}

# Starts a server that writes its port to a file, and sets port. The kernel
# ends it with the test, should that be killed.
serve() { # PORTFILE COMMAND...
	setpriv --pdeathsig KILL -- "${@:2}" 3>&- &
	servers+=($!)
	wait_until ended_or_exists $! "$1" && [ -e "$1" ] && port=$(<"$1")
}

ended_or_exists() { # PID FILE
	[ -e "$2" ] || ! kill -0 "$1" 2>/dev/null
}

# Starts servers/stub for this test. Sets STUB_URL and STUB_LOG.
stub() { # RULES_JSON|FILE [OPTION...]
	local dir rules=$1
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/stub.XXXXXX")
	if [ ! -f "$rules" ]; then
		rules=$dir/rules.json
		printf '%s\n' "$1" >"$rules"
	fi
	STUB_LOG=$dir/log
	serve "$dir/port" "$tests/servers/stub" "$dir/port" "$rules" --log "$STUB_LOG" "${@:2}" || return
	STUB_URL=http://127.0.0.1:$port
	[ "${2-}" != --tls ] || STUB_URL=https://127.0.0.1:$port
}

# Starts servers/receiver for this test. Sets RECEIVER_URL and RECEIVED, a file.
receiver() {
	RECEIVED=$BATS_TEST_TMPDIR/received
	serve "$RECEIVED.port" "$tests/servers/receiver" "$RECEIVED.port" "$RECEIVED" || return
	RECEIVER_URL=http://127.0.0.1:$port
}

# Makes a bucket for this test and puts its name into the variable NAME.
new_bucket() { # NAME
	printf -v "$1" '%s-%04x%04x%04x' "${1//_/-}" $RANDOM $RANDOM $RANDOM
	s3c mb "${!1}"
}

# Makes a table as ddb-record wants it, and waits until it can be written to.
make_ledger() { # TABLE
	jq -n --arg t "$1" '{TableName: $t, BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: [{AttributeName: "object", AttributeType: "S"}, {AttributeName: "seq", AttributeType: "S"}],
		KeySchema: [{AttributeName: "object", KeyType: "HASH"}, {AttributeName: "seq", KeyType: "RANGE"}]}' |
		ddbc CreateTable >/dev/null
	wait_until table_is_active "$1"
}

# Makes buckets and a ledger; sets in, to and bad, and table, to their names.
new_places() {
	local name
	for name in in to bad; do
		new_bucket $name
	done
	table=ledger-$RANDOM$RANDOM
	make_ledger "$table"
}

table_is_active() { # TABLE
	jq -n --arg t "$1" '{TableName: $t}' | ddbc DescribeTable | jq -e '.Table.TableStatus == "ACTIVE"' >/dev/null
}

# Runs a command. Sets out, err (with all their newlines) and status; the exact
# bytes are in the files out and err in $BATS_TEST_TMPDIR.
run3() { # COMMAND...
	status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	out=$(cat "$BATS_TEST_TMPDIR/out" && echo .)
	out=${out%.}
	err=$(cat "$BATS_TEST_TMPDIR/err" && echo .)
	err=${err%.}
}

assert_eq() { # GOT WANTED
	[ "$1" = "$2" ] && return
	diff -u --label wanted --label got <(printf '%s\n' "$2") <(printf '%s\n' "$1") >&2
	return 1
}

# There is at least one value in the JSON, and the filter is true of each.
assert_json() { # FILTER [JSON]; else $out
	local json=${2-$out}
	jq -en "[inputs | [$1] | length > 0 and all] | length > 0 and all" <<<"$json" >/dev/null && return
	printf 'not true: %s\n%s\n' "$1" "$json" >&2
	return 1
}

# Prints one record. size is a number, so is what NAME:=JSON makes one; without
# an id, it is a digest of the rest.
record() { # NAME=VALUE... NAME:=JSON...
	local id
	id=$(printf '%s\0' "$@" | sha256sum)
	jq -cn --arg id "${id:0:32}" '
		{$id, event: "ObjectCreated:Put", time: "2026-11-23T05:54:00.123Z", region: "us-east-1"} +
		($ARGS.positional | map(
			index("=") as $i | .[:$i] as $name | .[$i + 1:] as $value |
			if $name | endswith(":") then {($name[:-1]): ($value | fromjson)}
			elif $name == "size" then {size: ($value | tonumber)}
			else {($name): $value} end) | add // {})' --args -- "$@"
}
