# What the test files share. Each begins with `load ../lib/helper` (bats 1.8).
#
# The servers are those of setup_suite.bash, their addresses and keys in the
# environment. Tests share nothing else: each makes the buckets it needs.
# shellcheck shell=bash disable=SC2034,SC2154

tests=${BATS_TEST_FILENAME%/*/*}
. "$tests/lib/trace.bash"
# shellcheck source=/dev/null
. "$SERVERS_DIR/env"
PATH=${BUILD:-$tests/../build}:$tests/servers:$PATH

# What tests write is UTF-8, wherever they run. The rest of the locale is C's, or
# each process reads twelve files more.
unset LANG "${!LC_@}"
export LC_CTYPE=C.UTF-8

servers=()
served= # something was started in the resident process

# Bats asks this when a test begins. Its own starts two processes more, for date.
get_mills_since_epoch() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# Runs a function without the trap with which bats follows each command, see
# trace.bash: it makes a loop of bash twenty times slower.
untraced() { # FUNCTION ARGUMENT...
	local -
	set +T
	"$@"
}

# Has servers/resident, a process that lives as long as the servers, run a
# command: its stdin, stdout, stderr and exit status are ours, but no process is
# started. How they talk to each other is told there.
ask_resident() { # COMMAND ARGUMENT...
	local LC_ALL=C IFS=$' \n' name status out_size err_size file text connection environment=()
	for name in "${!AWS_@}" "${!STUB_@}" MEMORY_S3; do
		environment+=("$name=${!name-}")
	done
	exec {connection}<>"/dev/tcp/127.0.0.1/$RESIDENT_PORT" || return
	printf '%s\0' "$RESIDENT_KEY" $((${#environment[@]} + $# + 2)) "$PWD" "${environment[@]}" '' "$@" >&"$connection"
	read -r status out_size err_size file <&"$connection" || :
	if [ "$status" = stdin ]; then
		# Bash has no NULs in variables: from the first one on, cat takes over.
		if IFS= read -rd '' text; then
			{ printf '%s\0' "$text" && cat; } >"$file" && printf '\0' >&"$connection"
		else
			printf '=%s\0' "$text" >&"$connection"
		fi
		read -r status out_size err_size file <&"$connection" || :
	fi
	[ -n "$status" ] || { exec {connection}>&-; echo "no answer, see $SERVERS_DIR/resident.log" >&2; return 70; }
	[ -z "$file" ] || { cat "$file" && rm "$file"; }
	IFS= read -r -N "$out_size" text <&"$connection" || :
	printf %s "$text"
	IFS= read -r -N "$err_size" text <&"$connection" || :
	printf %s "$text" >&2
	exec {connection}>&-
	return "$status"
}

# The jq of tests. It compiles its library whenever it starts, which takes 20 ms;
# gojq takes 2, but sorts the members of objects, also for .[]. So what has objects
# in it is printed by jq, unless a test makes it for others (-n), reads values
# (-r, -e) or wants them sorted (-cS). Scripts that a test runs have jq.
if command -v gojq >/dev/null; then
	jq() { # ARGUMENT...
		untraced one_jq "$@"
	}

	one_jq() {
		local text input='' status=0
		if [[ $1 == -cS ]]; then
			gojq -c "${@:2}"
			return
		fi
		if [[ $1 == -[!-]* && ($1 == *[re]* && $1 != *c* || $1 == *n* && $* != *input*) ]]; then
			gojq "$@"
			return
		fi
		# Jq may be asked after gojq. So it has what can be read once only, and text
		# (-R), of which a variable does not keep the end.
		if [[ $* != *--unbuffered* && $* != */dev/* && $1 != -*R* ]]; then
			[[ -f ${!#} ]] || input=$(</dev/stdin)
			text=$(gojq "$@" <<<"$input" 2>/dev/null) || status=$?
			if [[ $status -eq 0 && $text != *'{'* ]]; then
				[ -z "$text" ] || printf '%s\n' "$text"
				return
			fi
			[[ -f ${!#} ]] || { command jq "$@" <<<"$input"; return; }
		fi
		command jq "$@"
	}
fi

# The clients of S3 and of DynamoDB; servers/s3c and servers/ddbc say what they do.
s3c() { # COMMAND BUCKET ...
	untraced ask_resident s3c "$@"
}

ddbc() { # ACTION <REQUEST
	untraced ask_resident ddbc "$@"
}

# A test file with a teardown of its own calls stop_servers there.
teardown() {
	stop_servers
}

stop_servers() {
	[ -z "$served" ] || untraced ask_resident stop $$
	[ ${#servers[@]} -gt 0 ] || return 0
	kill "${servers[@]}" 2>/dev/null || :
	wait "${servers[@]}" 2>/dev/null || :
	servers=()
}

# Waits until a command succeeds, for 10 s at most.
wait_until() { # COMMAND...
	local tries
	for tries in {1..108}; do
		"$@" && return
		if [ "$tries" -le 10 ]; then pause 0.02; else pause 0.1; fi
	done
	echo "not within 10 s: $*" >&2
	return 1
}

# Sleeps without a process: nobody writes to this FIFO.
pause() { # SECONDS
	read -rt "$1" <>"$SERVERS_DIR/quiet" || :
}

# Starts servers/NAME in the resident process, for this test, and sets port.
serve() { # NAME ARGUMENT...
	served=1
	port=$(untraced ask_resident serve $$ "$@")
}

# Starts a server that is a process of its own and writes its port to a file;
# sets port. The kernel ends it with the test, should that be killed.
serve_alone() { # PORTFILE COMMAND...
	setpriv --pdeathsig KILL -- "${@:2}" 3>&- &
	servers+=($!)
	wait_until ended_or_told $! "$1" && [ -s "$1" ] && port=$(<"$1")
}

ended_or_told() { # PID FILE
	[ -s "$2" ] || ! kill -0 "$1" 2>/dev/null
}

# Starts servers/stub for this test. Sets STUB_URL and STUB_LOG.
stub() { # RULES_JSON|FILE [OPTION...]
	STUB_LOG=$BATS_TEST_TMPDIR/stub-${EPOCHREALTIME/[.,]/}.log
	serve stub "$1" --log "$STUB_LOG" "${@:2}" || return
	STUB_URL=http://127.0.0.1:$port
	[ "${2-}" != --tls ] || STUB_URL=https://127.0.0.1:$port
}

# Starts servers/receiver for this test. Sets RECEIVER_URL and RECEIVED, a file.
receiver() {
	RECEIVED=$BATS_TEST_TMPDIR/received
	serve receiver "$RECEIVED" || return
	RECEIVER_URL=http://127.0.0.1:$port
}

# Makes buckets for this test and puts their names into the variables NAME.
new_bucket() { # NAME...
	local name buckets=()
	for name; do
		printf -v "$name" '%s-%04x%04x%04x' "${name//_/-}" $RANDOM $RANDOM $RANDOM
		buckets+=("${!name}")
	done
	s3c mb "${buckets[@]}"
}

# Makes a table as ddb-record wants it, and waits until it can be written to.
make_ledger() { # TABLE
	ddbc CreateTable >/dev/null <<-REQUEST
		{"TableName": "$1", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "object", "AttributeType": "S"}, {"AttributeName": "seq", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "object", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}]}
	REQUEST
	wait_until table_is_active "$1"
}

# Starts servers/stub for this test in the place of AWS's S3.
stub_as_aws() { # RULES_JSON|FILE
	local d=$BATS_TEST_TMPDIR/aws
	rm -rf "$d"
	mkdir "$d"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=s3 \
		-addext 'subjectAltName=DNS:s3.us-east-1.amazonaws.com,DNS:*.s3.us-east-1.amazonaws.com' -keyout "$d/key" -out "$d/crt" 2>/dev/null
	stub "$1" --tls "$d/crt" "$d/key"
	serve tunnel "$port"
	unset AWS_ENDPOINT_URL_S3 no_proxy
	export https_proxy=http://127.0.0.1:$port AWS_CA_BUNDLE=$d/crt
}

# Makes buckets and a ledger; sets in, to and bad, and table, to their names.
new_places() {
	new_bucket in to bad
	table=ledger-$RANDOM$RANDOM
	make_ledger "$table"
}

table_is_active() { # TABLE
	[[ $(ddbc DescribeTable <<<"{\"TableName\": \"$1\"}") == *'"TableStatus":"ACTIVE"'* ]]
}

# Puts a file, with all its newlines and without its NULs, into the variable NAME.
read_file() { # NAME FILE
	local piece
	printf -v "$1" %s ''
	while IFS= read -rd '' piece; do
		printf -v "$1" '%s%s' "${!1}" "$piece"
	done <"$2"
	printf -v "$1" '%s%s' "${!1}" "$piece"
}

# Runs a command. Sets out, err (with all their newlines) and status; the exact
# bytes are in the files out and err in $BATS_TEST_TMPDIR.
run3() { # COMMAND...
	status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	untraced read_file out "$BATS_TEST_TMPDIR/out"
	untraced read_file err "$BATS_TEST_TMPDIR/err"
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
# an id, it is a digest of the rest. jq takes 20 ms to start, this one.
record() { # NAME=VALUE... NAME:=JSON...
	untraced make_record "$@"
}

make_record() {
	local LC_ALL=C argument name value line='' names=(id event time region)
	local -A values=([event]='"ObjectCreated:Put"' [time]='"2026-11-23T05:54:00.123Z"' [region]='"us-east-1"')
	digest id "$*"
	values[id]="\"$id\""
	for argument; do
		name=${argument%%=*} value=${argument#*=}
		case $name in
		*:) name=${name%:} && [[ $value != *[[:space:]]* ]] || value=$(jq -cS . <<<"$value") ;;
		size) ;;
		*) json_string value "$value" ;;
		esac
		[ -n "${values[$name]-}" ] || names+=("$name")
		values[$name]=$value
	done
	for name in "${names[@]}"; do
		line+=",\"$name\":${values[$name]}"
	done
	printf '{%s}\n' "${line#,}"
}

# Puts 32 hexadecimal digits that follow from a text into the variable NAME: two
# FNV-1a of 64 bits, of the text and of what comes behind it. Text of common
# characters is read ten digits at a time, to the base 64; a character that is no
# digit is written as two. The caller sets the C locale, where each byte counts.
digest() { # NAME TEXT
	local at i byte piece text=${2//_/__} a=-3750763034362895579 b
	text=${text// /_s} text=${text//=/_e} text=${text//-/_m} text=${text//\//_l} text=${text//./_p}
	text=${text//:/_c} text=${text//\"/_q}
	if [[ $text != *[!0-9a-zA-Z@_]* ]]; then
		for ((at = 0; at < ${#text}; at += 10)); do
			a=$(((a ^ 64#${text:at:10}) * 1099511628211))
		done
	else
		for ((at = 0; at < ${#2}; at += 64)); do
			piece=${2:at:64} # the whole of a long text is copied whenever it is looked at
			for ((i = 0; i < ${#piece}; i++)); do
				printf -v byte %d "'${piece:i:1}"
				a=$(((a ^ (byte & 255)) * 1099511628211))
			done
		done
	fi
	b=$(((a ^ ${#2}) * 1099511628211))
	b=$(((b ^ (b >> 29)) * 1099511628211))
	printf -v "$1" %016x%016x "$a" "$b"
}

# Puts a text as a string of JSON into the variable NAME, in the C locale.
json_string() { # NAME TEXT
	local i text=${2//\\/\\\\} escape
	text=${text//\"/\\\"}
	if [[ $text == *[[:cntrl:]]* ]]; then
		text=${text//$'\n'/\\n} text=${text//$'\t'/\\t} text=${text//$'\r'/\\r}
		text=${text//$'\b'/\\b} text=${text//$'\f'/\\f}
		for i in {1..31} 127; do
			printf -v escape '\\u%04x' "$i"
			printf -v i "\\x$(printf %x "$i")"
			text=${text//"$i"/"$escape"}
		done
	fi
	printf -v "$1" '"%s"' "$text"
}

# The most memory that a process has had, in KiB, without that of files: how much
# of the libraries is in memory is up to the kernel.
own_memory() { # PID
	awk '/^VmHWM/ { most = $2 } /^RssFile/ { print most - $2 }' "/proc/$1/status"
}
