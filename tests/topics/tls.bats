#!/usr/bin/env bats
# Answers over TLS, in many records of which several come at once.

load ../lib/helper

setup() {
	export AWS_MAX_ATTEMPTS=1 AWS_CA_BUNDLE=$SERVERS_DIR/tls.crt
	dir=$BATS_TEST_TMPDIR
	mkdir "$dir/spool"
	seq -f '%015.0f' 1 62500 >"$dir/whole"
	etag=$(md5sum <"$dir/whole" | head -c 32)
}

# Starts a stub that answers with the file whole, in records of 512 bytes, and
# with headers that are longer. RULE, of JavaScript, adds to that.
answers() { # [RULE]
	cat >"$dir/rules.mjs" <<-EOF
		import fs from 'node:fs'
		const body = fs.readFileSync('$dir/whole')
		const headers = {ETag: '"$etag"', 'x-amz-meta-long': 'x'.repeat(2000)}
		export default [{records: 512, reply: {headers, body}, ${1-}}]
	EOF
	stub "$dir/rules.mjs" --tls "$SERVERS_DIR/tls.crt" "$SERVERS_DIR/tls.key"
	export AWS_ENDPOINT_URL_S3=$STUB_URL
}

# Prints the records of COUNT objects.
objects() { # COUNT
	for ((i = 0; i < $1; i++)); do
		record bucket=in key=k$i etag="$etag"
	done
}

# Fetches COUNT objects; they are whole.
fetch() { # COUNT OPTION...
	run3 timeout 60 s3fetch -k -d "$dir/spool" "${@:2}" <<<"$(objects "$1")"
	assert_eq "$status $err" '0 '
	assert_eq "$(jq -r .fetch.path <<<"$out" | xargs md5sum | grep -c "^$etag ")" "$1"
	find "$dir/spool" -type f -delete
}

@test "an answer in many records is whole, with and without a length" {
	for rule in '' 'chunked: true' 'unsized: true'; do
		answers "$rule"
		fetch 1
		stop_servers
	done
}

@test "several such answers come at once, and connections are used again" {
	answers
	fetch 12 -j 4
	assert_json '. <= 4' "$(jq .conn "$STUB_LOG")"
}

@test "who reads slowly gets every record" {
	answers
	run3 timeout 60 s3check -x 'dd bs=700 status=none | md5sum >&2; exit 1' <<<"$(objects 2)"
	assert_eq "$status $(jq -r .bad.reason <<<"$out" | uniq -c | xargs)" "0 2 $etag -"
}

@test "what comes behind an answer is not taken for the next one's" {
	answers "reply: {headers: {...headers, 'Content-Length': body.length}, body: body.toString('latin1') +
		'HTTP/1.1 200 OK\r\nETag: \"$etag\"\r\nContent-Length: 6\r\n\r\nforged'.padEnd(5000)}"
	fetch 3 -j 1
	assert_eq "$(jq -c .conn "$STUB_LOG" | xargs)" '1 2 3'
}

@test "a server that closes the connection behind an answer is no trouble" {
	answers 'closeIdle: true'
	fetch 3 -j 1
}

# libcurl trusts a proxy by the system's certificates only. A record of 512 bytes
# is 534 on its way: each of the server's fills one of the proxy's.
@test "an answer that comes through TLS within TLS is whole" {
	truncate -s 20000 "$dir/whole"
	etag=$(md5sum <"$dir/whole" | head -c 32)
	answers
	serve tunnel "$port" "$SERVERS_DIR/tls.crt" "$SERVERS_DIR/tls.key" 534
	unset no_proxy
	for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
		run3 env $name="https://127.0.0.1:$port" unshare -rm sh -c '
			mount --bind "$AWS_CA_BUNDLE" /etc/ssl/certs/ca-certificates.crt
			exec timeout 60 s3fetch -d "$1"' sh "$dir/spool" <<<"$(objects 1)"
		assert_eq "$name $status $err" "$name 0 "
		assert_json '.fetch.bytes == 20000'
	done
	assert_eq "$(jq .conn "$STUB_LOG" | xargs)" '1 2 3 4'
}
