#!/usr/bin/env bats
# The image for containers: what is in it, and that a worker runs in it where
# nothing else is. `make check-image` runs it.
bats_require_minimum_version 1.8.0
load ../lib/helper

setup_file() {
	cd "$tests/.." || return
	export ROOT=$PWD IMAGES=$BATS_FILE_TMPDIR
	for arch in x86_64 arm64; do
		image $arch "$IMAGES/$arch.tar" || return
		mkdir "$IMAGES/$arch"
		tar -xf "$IMAGES/$arch.tar" -C "$IMAGES/$arch"
		umoci unpack --rootless --image "$IMAGES/$arch:$(name $arch)" "$IMAGES/$arch/bundle" || return
	done
}

setup() {
	dir=$BATS_TEST_TMPDIR
	cd "$ROOT" || return
	root=$IMAGES/x86_64/bundle/rootfs
}

# unshare ignores what would end it.
teardown() {
	[ -z "${pid-}" ] || kill -KILL "$pid" 2>/dev/null || :
	stop_servers
}

image() { # ARCH FILE
	env -u MAKELEVEL -u MAKEFLAGS make -s image ARCH="$1" IMAGE="$2" 2>"$BATS_RUN_TMPDIR/said" || { cat "$BATS_RUN_TMPDIR/said" >&2 && return 1; }
}

name() { # ARCH
	jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$IMAGES/$1/index.json"
}

# A blob that a member of a document refers to.
blob() { # ARCH DOCUMENT MEMBER
	echo "$IMAGES/$1/blobs/sha256/$(jq -r "$3.digest" "$2" | cut -d: -f2)"
}

# Starts the image as a container does: its entry is the first process, and user
# 65532, nothing but /tmp can be written to, and nothing of our environment is
# there. Its lines go to the files said and shown. Sets pid, of the one around it.
container() { # [NAME=VALUE]... -- [ARGUMENT]...
	local config entry variables
	config=$(blob x86_64 "$(blob x86_64 "$IMAGES/x86_64/index.json" '.manifests[0]')" .config)
	mapfile -t entry < <(jq -r '.config.Entrypoint[]' "$config")
	mapfile -t variables < <(jq -r '.config.Env[]' "$config")
	for _; do
		[ "$1" != -- ] || break
		variables+=("$1")
		shift
	done
	[ -e "$dir/root" ] || cp -r "$root" "$dir/root"
	mkdir -p "$dir/root"/{dev,proc}
	start unshare -rmpf --kill-child=KILL sh -ec '
		mount --bind "$1" "$1" && cd "$1"
		mount -t proc proc proc
		mount -t tmpfs -o mode=755 dev dev
		ln -s /proc/self/fd dev/fd
		for file in null urandom; do : >dev/$file && mount --bind /dev/$file dev/$file; done
		mount -t tmpfs -o mode=1777 tmp tmp
		mount -o remount,bind,ro "$1"
		shift
		exec env -i "$@"' sh "$dir/root" "${variables[@]}" "$(type -P unshare)" -U --map-user=65532 --map-group=65532 --root="$dir/root" --wd=/ \
		/bin/bash -c 'exec "$@"' - "${entry[@]}" "${@:2}"
}

start() { # COMMAND...
	"$@" <&0 >"$dir/out" 2>"$dir/err" 3>&- &
	pid=$!
}

ended() {
	status=0
	wait "$pid" || status=$?
}

# A queue on which a second of a poll takes 20 ms, and what a worker for it is told.
queue() {
	serve memory-sqs '{"second":20,"receives":5}'
	SQS_URL=http://127.0.0.1:$port
	services
	settings+=(QUEUE_URL="$SQS_URL/000000000000/in")
}

# How a tool of the image finds the servers, and where objects go.
services() {
	settings=(PROCESSED_BUCKET="$to" BAD_DATA_BUCKET="$bad" RECORD_TABLE="$table")
	for name in AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_DYNAMODB; do
		settings+=("$name=${!name}")
	done
}

# Puts events into it: objects in bucket in, with these keys.
message() { # KEY...
	local messages
	messages=$(jq -c --arg in "$in" '. as $put | {queue: "in", messages: [$ARGS.positional[] as $key |
		{body: ($put | .Records[0].s3 |= (.bucket.name = $in | .object = {key: $key}) | tojson)}]}' --args "$@" <"$tests/data/events/s3-put-v21.json")
	untraced ask_resident ask "$SQS_URL/send" "$messages" >/dev/null
}

state() { # FILTER
	untraced ask_resident ask "$SQS_URL/state" | jq -c ".queues.in | $1"
}

polls() {
	untraced ask_resident ask "$SQS_URL/state" | jq -e '.calls.ReceiveMessage > 1' >/dev/null
}

@test "each is an image of one layer that umoci takes, and is under 4 MB, all of it" {
	for arch in x86_64 arm64; do
		[ "$(stat -c %s "$IMAGES/$arch.tar")" -lt 4000000 ]
		umoci ls --layout "$IMAGES/$arch" >"$dir/names"
		assert_eq "$(<"$dir/names")" "$(name $arch)"
		manifest=$(blob $arch "$IMAGES/$arch/index.json" '.manifests[0]')
		assert_eq "$(jq -c '[.schemaVersion, (.layers | length)]' "$manifest")" '[2,1]'
		for file in "$manifest" "$(blob $arch "$manifest" .config)" "$(blob $arch "$manifest" '.layers[0]')"; do
			assert_eq "$(sha256sum <"$file" | cut -d' ' -f1)" "${file##*/}"
		done
		assert_eq "$(jq -r '.rootfs.diff_ids[0]' "$(blob $arch "$manifest" .config)")" "sha256:$(zcat "$(blob $arch "$manifest" '.layers[0]')" | sha256sum | cut -d' ' -f1)"
		assert_eq "$(find "$IMAGES/$arch/blobs" -type f | wc -l)" 3
	done
}

@test "it is for its machine, and for a user who is not root" {
	version=$(s3ev-sqs -V | sed 's/.* //')
	for arch in x86_64 arm64; do
		debian=amd64 machine='Advanced Micro Devices X86-64'
		[ $arch = x86_64 ] || debian=arm64 machine=AArch64
		config=$(blob $arch "$(blob $arch "$IMAGES/$arch/index.json" '.manifests[0]')" .config)
		assert_eq "$(jq -c '[.architecture, .os, .created, .config.User, .config.Entrypoint, .config.Env, .config.StopSignal, .config.Labels["org.opencontainers.image.version"]]' "$config")" \
			"[\"$debian\",\"linux\",\"1980-01-02T00:00:00Z\",\"65532:65532\",[\"/usr/local/bin/s3ev-entry\"],[\"PATH=/usr/local/bin:/bin\"],\"SIGTERM\",\"$version\"]"
		assert_eq "$(jq -r '.manifests[0].platform | "\(.architecture) \(.os)"' "$IMAGES/$arch/index.json")" "$debian linux"
		for program in usr/local/bin/s3ev bin/bash; do
			assert_eq "$(readelf -hW "$IMAGES/$arch/bundle/rootfs/$program" | sed -n 's/^ *Machine: *//p')" "$machine"
			run ! grep -q INTERP <(readelf -lW "$IMAGES/$arch/bundle/rootfs/$program")
		done
	done
	root=$IMAGES/arm64/bundle/rootfs
	assert_eq "$(qemu-aarch64-static -0 s3ev-sqs "$root/usr/local/bin/s3ev" -V)" "$(s3ev-sqs -V)"
	assert_eq "$(qemu-aarch64-static "$root/bin/bash" -c 'echo "$((1 + 1))"')" 2
}

@test "it has what make install puts there, and the licences of all that is in it" {
	cd "$root"
	assert_eq "$(cd usr/local/bin && printf '%s\n' *)" "$(cd "$ROOT/cmd" && { printf '%s\n' *.c | sed 's,\.c$,,' && printf '%s\n' s3ev s3ev-entry s3ev-process; } | LC_ALL=C sort)"
	cmp usr/local/bin/s3ev-process "$ROOT/pipelines/process"
	cmp usr/local/share/s3ev/shims "$ROOT/pipelines/shims"
	[ "$(find etc/ssl/certs -type f | wc -l)" -gt 100 ]
	tar -tvzf "$(blob x86_64 "$(blob x86_64 "$IMAGES/x86_64/index.json" '.manifests[0]')" '.layers[0]')" >"$dir/list"
	# Only /tmp may be written to, and nothing belongs to its user.
	assert_eq "$(grep -v ' 0/0 ' "$dir/list")$(grep -E '^[^l].{4}w|^[^l].{7}w' "$dir/list" | awk '{ print $1, $NF }')" 'drwxrwxrwt tmp/'
	assert_eq "$(jq -r '[.components[] | select(.type == "application").name] | join(" ")' usr/local/share/doc/s3ev/sbom.cdx.json)" bash
	for file in LICENSES/{s3ev,curl,libmicrohttpd,libssl-dev,libc6-dev,ca-certificates,bash-static} VERSIONS; do [ -s "usr/local/share/doc/s3ev/$file" ]; done
	grep -qx "libmicrohttpd $(apt-cache policy libmicrohttpd-dev | sed -n 's/^ *Candidate: //p')" usr/local/share/doc/s3ev/VERSIONS
	grep -qx "bash-static $(apt-cache policy bash-static | sed -n 's/^ *Candidate: //p')" usr/local/share/doc/s3ev/VERSIONS
}

@test "the same again gives the same bytes, another time others" {
	image x86_64 "$dir/again.tar"
	cmp "$dir/again.tar" "$IMAGES/x86_64.tar"
	SOURCE_DATE_EPOCH=1700000000 image x86_64 "$dir/later.tar"
	tar -xf "$dir/later.tar" -C "$dir"
	assert_eq "$(cat "$dir"/blobs/sha256/* | grep -ao '"created":"[^"]*"')" '"created":"2023-11-14T22:13:20Z"'
}

@test "a worker in it copies a good file, explains a bad one, records both, and leaves the queue empty" {
	new_places
	queue
	echo '{}' | s3c put "$in" 'a b.json' >/dev/null
	echo '{' | s3c put "$in" bad.json >/dev/null
	message 'a+b.json' bad.json
	container "${settings[@]}" CHECKS=--json PROCESSOR= S3EV_SQS_OPTIONS=--drain -- -v
	ended
	assert_eq "$status $(state '.left')" '0 0'
	assert_eq "$(s3c get "$to" "a b.json") $(s3c ls "$to" | grep -c a)" '{} 1'
	assert_eq "$(s3c get "$bad" "bad.json")$(s3c get "$bad" "bad.json.why.json" | jq -r .bad.code)" '{TruncatedJSON'
	assert_eq "$(jq -n --arg t "$table" '{TableName: $t}' | ddbc Scan | jq -rc '[.Items[].outcome.S] | sort')" '["bad","good"]'
}

@test "a processor that is mounted is bash's, or a program that needs nothing else; without any it says what is missing" {
	new_places
	queue
	mkdir "$dir/mine"
	cat >"$dir/mine/processor" <<-'P'
		#!/bin/sh
		read -r line
		[ "$line" = good ] || { echo "line 1 is $line" >&2; exit 1; }
	P
	chmod +x "$dir/mine/processor"
	cp -r "$root" "$dir/root"
	cp -r "$dir/mine" "$dir/root/mine"
	echo good | s3c put "$in" g >/dev/null
	echo evil | s3c put "$in" e >/dev/null
	message g e
	container "${settings[@]}" PROCESSOR=/mine -- --drain
	ended
	assert_eq "$status $(state '.left') $(s3c get "$to" "g") $(s3c get "$bad" "e.why.json" | jq -r .bad.reason)" '0 0 good line 1 is evil'
	message g
	container "${settings[@]}" -- --drain
	ended
	[ "$status" -eq 78 ]
	grep -q 'PROCESSOR is not set' "$dir/err"
}

@test "s3ev-listen in it takes an event over HTTP, and leaves TLS to a proxy" {
	new_places
	services
	echo '{}' | s3c put "$in" a.json >/dev/null
	container "${settings[@]}" SOURCE_BUCKETS="$in" CHECKS=--json PROCESSOR= -- s3ev-listen -l 127.0.0.1:0 -J /tmp/journal -- s3ev-process -m
	wait_until grep -q 'listening on' "$dir/err"
	event=$(jq -c --arg in "$in" '.Records[0].s3 |= (.bucket.name = $in | .object = {key: "a.json"})' "$tests/data/events/s3-put-v21.json")
	exec {http}<>"/dev/tcp/127.0.0.1/$(sed -n 's/.* listening on http:.*://p' "$dir/err")"
	printf 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' "${#event}" "$event" >&"$http"
	answer=$(cat <&"$http")
	assert_eq "${answer:0:11} $(s3c get "$to" a.json)" 'HTTP/1.1 20 {}'
	read -r first <"/proc/$pid/task/$pid/children" || [ -n "$first" ]
	kill "$first"
	ended
	assert_eq "$status" 0
	container -- s3ev-listen --cert /etc/passwd --key /etc/passwd -- s3ev-process -m
	ended
	[[ $status -ne 0 && $(<"$dir/err") == *'was built without TLS: let a proxy do it'* ]]
}

@test "SIGTERM ends it at once when it waits, and as the first process it leaves nobody behind" {
	new_places
	queue
	container "${settings[@]}" PROCESSOR= CHECKS=--json -- -w 2
	wait_until polls
	read -r first <"/proc/$pid/task/$pid/children" || [ -n "$first" ] # no newline ends it
	assert_eq "$(tr '\0' ' ' <"/proc/$first/cmdline")" 's3ev-sqs -w 2 -- s3ev-process -m '
	kill "$first"
	ended
	assert_eq "$status $(<"$dir/err")" '0 s3ev-sqs: stopping: what is begun is finished'
}

@test "a tool by its name; names and CA certificates are found" {
	container AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b HOME=/tmp -- s3ev-env -j
	ended
	assert_eq "$status $(jq -r '.ca' "$dir/out")" '0 /etc/ssl/certs'
	container -- s3check-file --json /usr/local/share/doc/s3ev/sbom.cdx.json
	ended
	assert_eq "$status $(<"$dir/err")" '0 '
}
