# The bundle for Lambda: what is in it, and that it runs where nothing else is.
bats_require_minimum_version 1.8.0
load helper

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	export ROOT=$PWD BUNDLE=$BATS_FILE_TMPDIR/x86_64 ARM64=$BATS_FILE_TMPDIR/arm64
	make -s lambda ARCH=x86_64 ZIP="$BUNDLE.zip"
	make -s lambda ARCH=arm64 ZIP="$ARM64.zip"
	unzip -q "$BUNDLE.zip" -d "$BUNDLE"
	unzip -q "$ARM64.zip" -d "$ARM64"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	tools=$(cd "$ROOT/cmd" && printf '%s\n' *.c | sed 's,\.c$,,' | sort)
}

# Makes a certificate: NAME.crt, NAME.key. The options go to openssl.
certificate() { # NAME OPTION...
	openssl req -x509 -nodes -days 2 -subj "/CN=$1" -keyout "$dir/$1.key" -out "$dir/$1.crt" "${@:2}" 2>/dev/null
}

ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1)

# Puts a certificate where OpenSSL looks for it.
trust() { # FILE DIR
	mkdir -p "$2"
	cp "$1" "$2/$(openssl x509 -noout -subject_hash -in "$1").0"
}

# An empty directory with a program, hashed certificates and little else.
empty_root() { # BUNDLE
	mkdir -p "$dir/root"/{etc,proc,tmp,dev,task/certs}
	cp "$1/s3ev" "$dir/root/task"
	: >"$dir/root/etc/resolv.conf"
	echo '127.0.0.1 server.test' >"$dir/root/etc/hosts"
	trust "$dir/tls.crt" "$dir/root/task/certs"
}

# Runs a command in it.
# shellcheck disable=SC2016
in_root() { # COMMAND...
	unshare -rm sh -c 'mount --rbind /proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"' sh "$dir/root" "$@"
}

# Starts a server that has one object, good.
serve_object() { # [--tls CERT KEY]
	stub '[{"reply": {"status": 200, "headers": {"ETag": "\"e\""}, "body": "bytes"}}]' "$@"
}

object() {
	record bucket=in key=key etag=e size=5
}

@test "the zip is under 3 MB, whole, and each file as it is to be" {
	for zip in "$BUNDLE.zip" "$ARM64.zip"; do
		[ "$(stat -c %s "$zip")" -lt 3000000 ]
	done
	for bundle in "$BUNDLE" "$ARM64"; do
		cd "$bundle"
		[ -x bootstrap ] && [ -x s3ev ] && [ -x pipelines/process ] && [ -x pipelines/processor ]
		cmp pipelines/processor "$ROOT/pipelines/processor"
		[ "$(find certs -type f | wc -l)" -gt 100 ]
		[ "$(find . ! -type f ! -type d)" = '' ]
		[ "$(find . -perm /022)" = '' ]
		for name in LICENSES/{s3ev,curl,libssl-dev,libc6-dev,ca-certificates}; do [ -s $name ]; done
		grep -q "^libssl-dev $(dpkg-query -W -f '${Version}' libssl-dev:amd64)$" VERSIONS
	done
}

@test "another processor comes in its place, and one that is none is refused" {
	printf '#!/bin/sh\nexit 0\n' >"$dir/mine"
	cd "$ROOT"
	run3 env -u MAKELEVEL -u MAKEFLAGS make -s lambda ARCH=x86_64 ZIP="$dir/mine.zip" PROCESSOR="$dir/mine"
	assert_eq "$status $err" "2 build: $dir/mine: no program to be the processor
make: *** [Makefile:$(grep -n 'pipelines/lambda/build \$' Makefile | cut -d: -f1): lambda] Error 1
"
	chmod +x "$dir/mine"
	make -s lambda ARCH=x86_64 ZIP="$dir/mine.zip" PROCESSOR="$dir/mine" 2>/dev/null
	unzip -p "$dir/mine.zip" pipelines/processor | cmp - "$dir/mine"
	printf '#!/usr/bin/env python3\n' >"$dir/mine"
	run3 make -s lambda ARCH=x86_64 ZIP="$dir/mine.zip" PROCESSOR="$dir/mine"
	assert_eq "$status ${err%%$'\n'*}" "0 build: $dir/mine wants python3, which Lambda does not have"
	printf '#!/bin/sh\n# to find out\nexec s3check-file --gzip # a.tar\n/usr/bin/jq .|gzip\n' >"$dir/mine"
	run3 make -s lambda ARCH=x86_64 ZIP="$dir/mine.zip" PROCESSOR="$dir/mine"
	assert_eq "$(sed -n 's/.* wants \(.*\), .*/\1/p' <<<"$err" | paste -sd ' ')" 'gzip jq'
}

@test "no build path is in the program, and it needs no loader" {
	for program in "$BUNDLE/s3ev" "$ARM64/s3ev"; do
		! strings -a "$program" | grep -F "$ROOT"
		! readelf -lW "$program" | grep -E 'INTERP|DYNAMIC'
	done
	readelf -h "$BUNDLE/s3ev" | grep -q 'X86-64'
	readelf -h "$ARM64/s3ev" | grep -q AArch64
}

@test "every tool is there, by its name, by a link, and after another unzip" {
	bin=$("$BUNDLE/s3ev" --links "$dir")
	assert_eq "$(cd "$bin" && printf '%s\n' *)" "$tools"
	python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "$BUNDLE.zip" "$dir/python"
	chmod +x "$dir/python/s3ev"
	for tool in $tools; do
		assert_eq "$("$bin/$tool" -V)" "$("$tool" -V)"
		assert_eq "$("$BUNDLE/s3ev" "$tool" --help)" "$("$tool" --help)"
		assert_eq "$("$dir/python/s3ev" "$tool" -V)" "$("$tool" -V)"
		assert_eq "$(qemu-aarch64-static "$ARM64/s3ev" "$tool" --help)" "$("$tool" --help)"
	done
	for wrong in '' nothing --links '-h x'; do
		# shellcheck disable=SC2086
		run3 "$BUNDLE/s3ev" $wrong
		assert_eq "$status $out" '64 '
		[[ $err == 'usage: s3ev TOOL'*s3route* ]]
	done
}

@test "links are made once for a user and a bundle, mended if wrong, and only where nobody else can" {
	mkdir "$dir/tmp"
	bin=$("$BUNDLE/s3ev" --links "$dir/tmp")
	before=$(stat -c '%n %i %Z' "$bin"/* "$bin")
	assert_eq "$("$BUNDLE/s3ev" --links "$dir/tmp")" "$bin"
	assert_eq "$(stat -c '%n %i %Z' "$bin"/* "$bin") $(stat -c %a "$bin") $(ls -A "$dir/tmp" | wc -l)" "$before 700 1"
	ln -sf /nowhere "$bin/s3fetch"
	rm "$bin/s3route"
	for _ in {1..20}; do "$BUNDLE/s3ev" --links "$dir/tmp" >/dev/null & done
	wait
	assert_eq "$(readlink "$bin"/* | sort -u)" "$BUNDLE/s3ev"
	assert_eq "$(ls -A "$bin")" "$tools"
	cp "$BUNDLE/s3ev" "$dir"
	[ "$("$dir/s3ev" --links "$dir/tmp")" != "$bin" ]

	chmod 750 "$bin"
	run3 "$BUNDLE/s3ev" --links "$dir/tmp"
	assert_eq "$status $out$err" "73 s3ev: $bin: it is not this user's alone"$'\n'
	rm -r "$bin"
	mkdir -m 700 "$dir/elsewhere"
	ln -s "$dir/elsewhere" "$bin"
	run3 "$BUNDLE/s3ev" --links "$dir/tmp"
	assert_eq "$status $out$err" "73 s3ev: $bin: Not a directory"$'\n'
	run3 "$BUNDLE/s3ev" --links "$dir/none"
	[ "$status" -eq 73 ] && [[ $err == *': No such file or directory'$'\n' ]]
}

@test "it runs where there is nothing else, and reads nothing but names and certificates" {
	certificate tls "${ec[@]}" -addext subjectAltName=DNS:server.test
	empty_root "$BUNDLE"
	serve_object --tls "$dir/tls.crt" "$dir/tls.key"
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/server.test}
	run3 strace -f -qq -e trace=open,openat -o "$dir/trace" unshare -rm sh -c '
		mount --rbind /proc "$1/proc" && exec chroot "$1" /task/s3ev s3fetch -d /tmp' sh "$dir/root" <<<"$(object)"
	assert_eq "$status $err" '0 '
	assert_json '.fetch.bytes == 5'
	# What the shell, mount and chroot open comes before.
	sed -n '/"[^"]*hosts"/,$p; /resolv/p' "$dir/trace" | grep -o '"[^"]*"' | sort -u >"$dir/opened"
	assert_eq "$(grep -vE '^"/(etc/(hosts|resolv\.conf|nsswitch\.conf|localtime|host\.conf)|dev/u?random|task/certs/?.*|tmp.*)"$' "$dir/opened")" ''
}

@test "the pipeline runs in an empty root, arm64 as x86_64" {
	certificate tls "${ec[@]}" -addext subjectAltName=DNS:server.test
	serve_object --tls "$dir/tls.crt" "$dir/tls.key"
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/server.test}
	empty_root "$BUNDLE"
	event='{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"in"},"object":{"key":"a+b","size":5,"eTag":"e"}}}]}'
	in_root /task/s3ev s3ev-split <<<"$event" | in_root /task/s3ev s3fetch -d /tmp >"$dir/x86_64"
	assert_json '.key == "a b" and .fetch.bytes == 5' "$(<"$dir/x86_64")"
	cp "$ARM64/s3ev" "$dir/root/task/s3ev"
	cp "$(command -v qemu-aarch64-static)" "$dir/root"
	in_root /qemu-aarch64-static /task/s3ev s3ev-split <<<"$event" |
		in_root /qemu-aarch64-static /task/s3ev s3fetch -d /tmp >"$dir/arm64"
	assert_eq "$(jq -S 'del(.fetch.path)' "$dir/arm64")" "$(jq -S 'del(.fetch.path)' "$dir/x86_64")"
}

# A directory with the programs that Lambda has: of bash, coreutils, awk, grep and
# sed. No jq, gzip, find, flock.
lambda_programs() { # DIR
	local program
	mkdir "$1"
	for program in $(dpkg -L coreutils | sed -n 's,.*/bin/,,p') awk bash grep sed sh; do
		ln -s "$(type -P "$program")" "$1"
	done
}

# Runs the bundle's bootstrap where there is nothing else; the service is there.
bootstrap() {
	env -i PATH="$dir/bin" TMPDIR="$dir/tmp" AWS_LAMBDA_RUNTIME_API="127.0.0.1:$port" AWS_REGION=us-east-1 \
		AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY" \
		AWS_ENDPOINT_URL_S3="$AWS_ENDPOINT_URL_S3" PROCESSED_BUCKET="$processed" BAD_DATA_BUCKET="$bad" \
		LAMBDA_TASK_ROOT="$BUNDLE" PROCESSOR="$BUNDLE/pipelines/processor" CHECKS= LAMBDA_RT_OPTIONS= \
		"$BUNDLE/bootstrap" >>"$dir/logged" 2>&1 3>&- &
	servers+=($!)
}

@test "as it is built it does its job with the programs that Lambda has, and leaves nothing behind" {
	for bucket in in processed bad; do new_bucket $bucket; done
	printf 'a,b\n1,2\n' >"$dir/good.csv"
	printf 'a,b\n1\n' >"$dir/bad.csv"
	echo '{"order": 1}' >"$dir/good.json"
	echo '{"order": 1]' >"$dir/bad.json"
	gzip -k "$dir/good.csv"
	head -c 20 "$dir/good.csv.gz" >"$dir/bad.csv.gz"
	for name in {good,bad}.{csv,json,csv.gz}; do
		s3c put "$in" "$name" "$dir/$name" | jq -c --arg key "$name" '{key: $key, eTag: (.etag | gsub("\""; ""))}'
	done | jq -sc --arg bucket "$in" '{Records: map({eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3: {bucket: {name: $bucket}, object: .}})}' >"$dir/event"
	lambda_programs "$dir/bin"
	mkdir "$dir/tmp"
	serve "$dir/port" "$tests/servers/lambda" "$dir/port"
	for _ in 1 2; do
		bootstrap
		answer=$(curl -s --noproxy '*' --data-binary "@$dir/event" "http://127.0.0.1:$port/invoke")
		assert_json '.body | fromjson == {records: 6, good: 3, bad: 3, gone: 0}' "$answer"
		assert_eq "$(s3c ls "$processed" | jq -r .[].key | paste -sd ' ')" 'good.csv good.csv.gz good.json'
		assert_eq "$(s3c ls "$bad" | jq -r '.[].key | select(contains("why") | not)' | paste -sd ' ')" 'bad.csv bad.csv.gz bad.json'
		# What the one before left when it was killed is gone.
		assert_eq "$(ls "$dir/tmp" | sed 's/\.[^.]*$//')" $'s3ev-bin\ns3ev-rt'
		assert_eq "$(cd "$dir/tmp"/s3ev-rt.* && echo ./* ./*/*)" "$(cd "$dir/tmp"/s3ev-rt.* && echo ./s3ev.?????? './*/*')"
		kill -KILL "${servers[-1]}"
	done
	assert_eq "$(s3c get "$bad" bad.json.why.json | jq -r .bad.reason)" 'line 1, column 12: neither a comma nor } behind a member'
	assert_eq "$(cat "$dir/logged")" ''
}

# Prints what became of an object behind TLS.
over_tls() { # [VARIABLE=VALUE...]
	object | env AWS_ENDPOINT_URL_S3="${STUB_URL/127.0.0.1/localhost}" AWS_MAX_ATTEMPTS=1 \
		AWS_CA_BUNDLE="$dir/ca" "$@" "${program[@]}" s3fetch -d "$dir" |
		jq -r 'if .fetch then "\(.fetch.bytes) bytes" else .failed.code end'
}

@test "over TLS: EC and RSA; a wrong name, an unknown CA, an old certificate, another protocol are refused" {
	for name in ec name unknown; do
		certificate $name "${ec[@]}" -addext "subjectAltName=DNS:$([ $name = name ] && echo other.test || echo localhost)"
	done
	certificate rsa -newkey rsa:2048 -addext subjectAltName=DNS:localhost
	cp "$dir/ec.key" "$dir/expired.key"
	openssl req -new -key "$dir/ec.key" -subj /CN=expired |
		openssl x509 -req -days -1 -signkey "$dir/ec.key" -extfile <(echo subjectAltName=DNS:localhost) \
			-out "$dir/expired.crt" 2>/dev/null
	for name in ec rsa name expired; do trust "$dir/$name.crt" "$dir/ca"; done
	for arch in x86_64 arm64; do
		program=("$BUNDLE/s3ev")
		[ $arch = x86_64 ] || program=(qemu-aarch64-static "$ARM64/s3ev")
		for name in ec rsa name unknown expired; do
			want=TLSVerificationFailed
			[[ $name != [er][cs]* ]] || want='5 bytes'
			serve_object --tls "$dir/$name.crt" "$dir/$name.key"
			assert_eq "$arch $name $(over_tls)" "$arch $name $want"
		done
		serve_object
		STUB_URL=https://${STUB_URL#http://}
		assert_eq "$arch $(over_tls)" "$arch TLSError"
	done
}

@test "certificates: named, else beside the program; a file and a directory, one that is not there" {
	certificate tls "${ec[@]}" -addext subjectAltName=DNS:localhost
	serve_object --tls "$dir/tls.crt" "$dir/tls.key"
	trust "$dir/tls.crt" "$dir/task/certs"
	mkdir "$dir/ca"
	for arch in x86_64 arm64; do
		program=("$dir/task/s3ev")
		cp "$BUNDLE/s3ev" "$dir/task"
		[ $arch = x86_64 ] || { program=(qemu-aarch64-static "$dir/task/s3ev") && cp "$ARM64/s3ev" "$dir/task"; }
		assert_eq "$(over_tls AWS_CA_BUNDLE=)" '5 bytes'
		assert_eq "$(over_tls AWS_CA_BUNDLE= SSL_CERT_DIR="$BUNDLE/certs")" TLSVerificationFailed
		assert_eq "$(over_tls AWS_CA_BUNDLE="$dir/tls.crt" SSL_CERT_DIR="$BUNDLE/certs")" '5 bytes'
		assert_eq "$(over_tls AWS_CA_BUNDLE="$BUNDLE/certs")" TLSVerificationFailed
		run3 env AWS_CA_BUNDLE="$dir/nowhere" "${program[@]}" s3fetch -d "$dir" <<<"$(object)"
		assert_eq "$status $out" '78 '
		[[ $err == *"$dir/nowhere"* ]]
	done
}

# Runs a script where the network is a loopback and two name servers, of which
# the first is dead if DEAD is set.
alone() { # SCRIPT
	printf 'nameserver 127.0.0.%s\n' ${DEAD:+2} 1 >"$dir/resolv.conf"
	printf 'search search.test\noptions ndots:1\n' >>"$dir/resolv.conf"
	printf '127.0.0.1 localhost\n127.0.0.1 file.test alias.test\n' >"$dir/hosts"
	cat >"$dir/dnsmasq.conf" <<-E
		no-resolv
		no-hosts
		listen-address=127.0.0.1
		bind-interfaces
		pid-file=$dir/dnsmasq.pid
		user=
		address=/wild.test/127.0.0.1
		host-record=a.test,127.0.0.1
		host-record=aaaa.test,::1
		log-facility=$dir/dnsmasq.log
		host-record=short.search.test,127.0.0.1
		address=/nothing.test/
	E
	cat >"$dir/script" <<-'E'
		set -e
		ip link set lo up
		mount --bind "$dir/resolv.conf" /etc/resolv.conf
		mount --bind "$dir/hosts" /etc/hosts
		dnsmasq -C "$dir/dnsmasq.conf" -k --group= & dns=$!
		trap 'kill $dns $server' EXIT
		"$tests/servers/stub" "$dir/port" "$dir/rules" & server=$!
		for _ in {1..500}; do [ -e "$dir/port" ] && [ -e "$dir/dnsmasq.pid" ] && break; sleep 0.02; done
		get() { # HOST
			printf '%s\n' '{"id":"i","bucket":"in","key":"k","etag":"e","size":5}' |
				AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3="http://$1:$(<"$dir/port")" "$BUNDLE/s3ev" s3fetch -d "$dir" |
				jq -r 'if .fetch then "\(.fetch.bytes) bytes" else .failed.code end'
		}
	E
	cat >>"$dir/script"
	echo '[{"reply": {"status": 200, "headers": {"ETag": "\"e\""}, "body": "bytes"}}]' >"$dir/rules"
	export dir tests
	run3 unshare -rnm bash "$dir/script"
	assert_eq "$status" 0
}

@test "names: from hosts and from DNS, by the search list; one that is unknown is an error at once" {
	alone <<-'E'
		for host in 127.0.0.1 localhost x.localhost file.test alias.test a.test b.wild.test short nothing.test unknown.test aaaa.test; do
			echo "$host $(get $host)"
		done
	E
	assert_eq "$out" "$(printf '%s 5 bytes\n' 127.0.0.1 localhost x.localhost file.test alias.test a.test b.wild.test short
		printf '%s CouldNotResolve\n' nothing.test unknown.test; echo aaaa.test CouldNotConnect)
"
}

@test "a name server that is dead costs no five seconds" {
	DEAD=1 alone <<-'E'
		start=$(date +%s%N)
		get a.test
		echo $((($(date +%s%N) - start) / 1000000)) >"$dir/ms"
	E
	assert_eq "$out" $'5 bytes\n'
	[ "$(<"$dir/ms")" -lt 3000 ]
}

# Prints the instructions of a command, in thousands.
instructions() { # COMMAND...
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null | sed -n 's/.*Collected : \([0-9]*\)...$/\1/p'
}

@test "it starts in a tenth of a million instructions, and speaks TLS after 25 million" {
	certificate tls "${ec[@]}" -addext subjectAltName=DNS:localhost
	serve_object --tls "$dir/tls.crt" "$dir/tls.key"
	trust "$dir/tls.crt" "$BUNDLE/certs"
	cat "$BUNDLE"/certs/* >"$dir/all"
	object >"$dir/in"
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/localhost}
	version=$(instructions "$BUNDLE/s3ev" s3fetch -V)
	directory=$(instructions "$BUNDLE/s3ev" s3fetch -d "$dir" <"$dir/in")
	file=$(AWS_CA_BUNDLE=$dir/all instructions "$BUNDLE/s3ev" s3fetch -d "$dir" <"$dir/in")
	echo "thousands of instructions: -V $version, TLS $directory, TLS with a bundle of all $file" >&3
	[ "$version" -lt 100 ] && [ "$directory" -lt 25000 ] && [ "$file" -gt $((4 * directory)) ]
}

@test "the same source gives the same bytes, wherever and whenever it is built" {
	umask 077
	mkdir "$dir/elsewhere"
	(cd "$ROOT" && git ls-files -z && git ls-files -zo --exclude-standard) |
		(cd "$ROOT" && xargs -0 tar cf -) | tar xf - -C "$dir/elsewhere"
	make -s -C "$dir/elsewhere" lambda ARCH=x86_64 2>"$dir/log"
	cmp "$dir/elsewhere/build/lambda.zip" "$BUNDLE.zip"
}
