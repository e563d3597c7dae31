# Starts the servers once for a run of bats, unless SERVERS_DIR names some that
# run already: `SERVERS_DIR=/tmp/s3ev; tests/servers/up $SERVERS_DIR`.
# shellcheck shell=bash

setup_suite() {
	servers=$(cd "${BASH_SOURCE[0]%/*}/../servers" && pwd)
	own=
	running && return
	export SERVERS_DIR=$BATS_SUITE_TMPDIR/servers
	"$servers/up" "$SERVERS_DIR" --with $$ && own=1
}

teardown_suite() {
	[ -z "$own" ] || "$servers/down" "$SERVERS_DIR"
}

# The servers hold the lock as long as one of them lives.
running() {
	[ -e "${SERVERS_DIR-}/lock" ] && ! flock -s -n "$SERVERS_DIR/lock" true
}
