# The bundle for Lambda: what is in it, and that it runs where nothing else is.
bats_require_minimum_version 1.8.0
load ../lib/helper

setup_file() {
	cd "$tests/.." || return
	export ROOT=$PWD BUNDLE=$BATS_FILE_TMPDIR/x86_64 ARM64=$BATS_FILE_TMPDIR/arm64 RELEASE=$BATS_FILE_TMPDIR/release
	# shellcheck disable=SC2046 # they are words
	pipelines/lambda/release "$RELEASE" $(cd cmd && printf '%s\n' *.c | sed 's,\.c$,,' | grep -vx s3ev-listen)
	ln -s "$RELEASE/s3ev-lambda-x86_64.zip" "$BUNDLE.zip"
	ln -s "$RELEASE/s3ev-lambda-arm64.zip" "$ARM64.zip"
	unzip -q "$BUNDLE.zip" -d "$BUNDLE"
	unzip -q "$ARM64.zip" -d "$ARM64"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	tools=$(cd "$ROOT/cmd" && printf '%s\n' *.c | sed 's,\.c$,,' | grep -vx s3ev-listen | sort) # it is linked with more
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

@test "the zip is about 3 MB, whole, and each file as it is to be" {
	for zip in "$BUNDLE.zip" "$ARM64.zip"; do
		[ "$(stat -L -c %s "$zip")" -lt 3200000 ]
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
	assert_eq "$status ${err%%$'\n'*}" "2 build: $dir/mine: it wants python3, which provided.al2023 does not have"
	printf '#!/bin/sh\n# to find out\nexec s3check-file --gzip # a.tar\n/usr/bin/jq .|gzip\n' >"$dir/mine"
	run3 make -s lambda ARCH=x86_64 FROM="$BUNDLE.zip" ZIP="$dir/mine.zip" PROCESSOR="$dir/mine"
	assert_eq "$(sed -n 's/.* wants \(.*\), .*/\1/p' <<<"$err" | paste -sd ' ')" 'gzip jq'
}

@test "no build path is in the program, it needs no loader, and it is built hard" {
	for program in "$BUNDLE/s3ev" "$ARM64/s3ev"; do
		strings -a "$program" >"$dir/strings"
		run ! grep -F "$ROOT" "$dir/strings"
		readelf -hlW "$program" >"$dir/headers"
		readelf -dW "$program" >"$dir/dynamic"
		run ! grep INTERP "$dir/headers"
		run ! grep NEEDED "$dir/dynamic"
		# Static, and at another address each time; what the loader has set is read-only after that.
		grep -q 'Type: *DYN' "$dir/headers"
		grep -q 'Flags: NOW PIE' "$dir/dynamic"
		grep -q GNU_RELRO "$dir/headers"
		grep -q 'GNU_STACK .* RW ' "$dir/headers"
		grep -q BIND_NOW "$dir/dynamic"
		run ! grep TEXTREL "$dir/dynamic"
	done
	readelf -h "$BUNDLE/s3ev" | grep -q 'X86-64'
	readelf -h "$ARM64/s3ev" | grep -q AArch64
}

@test "libcurl is built as hard as what is ours" {
	for arch in x86_64 arm64; do
		for archive in "$ROOT/build/lambda-$arch"/{libs3ev.a,libcurl-*/libcurl.a}; do
			members=$(ar t "$archive" | grep -c '\.o$')
			[ "$members" -gt 50 ]
			nm "$archive" 2>/dev/null >"$dir/symbols"
			grep -q ' U __stack_chk_fail$' "$dir/symbols"
			grep -q ' U __snprintf_chk$\| U __memcpy_chk$\| U __read_chk$\| U __recv_chk$\| U __fdelt_chk$\| U __vsnprintf_chk$\| U __explicit_bzero_chk$' "$dir/symbols"
			# Debian's libraries bear no such note, so that the linker takes it from the program.
			[ $arch = arm64 ] || assert_eq "$archive $(readelf -nW "$archive" | grep -c 'IBT, SHSTK')" "$archive $members"
		done
	done
}

@test "a release has bundles, layers, the template, what they are made of, and sums" {
	cd "$RELEASE"
	assert_eq "$(printf '%s\n' *)" "$(printf '%s\n' SHA256SUMS s3ev-{lambda-{arm64.{cdx.json,zip},x86_64.{cdx.json,zip}},layer-{arm64,x86_64}.zip} template.yml)"
	sha256sum --quiet -c SHA256SUMS
	assert_eq "$(wc -l <SHA256SUMS)" 7
	cmp template.yml "$ROOT/pipelines/lambda/template.yml"
	for arch in x86_64 arm64; do
		unzip -p s3ev-lambda-$arch.zip sbom.cdx.json | cmp - s3ev-lambda-$arch.cdx.json
		jq -e '.bomFormat == "CycloneDX" and .specVersion == "1.5" and (.components | all(.version and .licenses[0].expression and (.purl | startswith("pkg:deb/debian/"))))' s3ev-lambda-$arch.cdx.json
		assert_eq "$(jq -r '[.components[] | select(.type == "library").name | sub("gcc-.*"; "gcc")] | sort | join(" ")' s3ev-lambda-$arch.cdx.json)" \
			'c-ares curl expat gcc glibc openssl yajl zlib'
	done
	# Each version is the one of the package that is linked.
	while read -r package version; do
		case $package in s3ev | gcc | libcurl4-openssl-dev) continue ;; esac
		jq -e --arg v "$version" 'any(.components[]; .version == $v)' s3ev-lambda-x86_64.cdx.json >/dev/null || { echo "$package $version" >&2 && false; }
	done <"$BUNDLE/VERSIONS"
}

@test "a layer puts the tools in PATH, with the certificates beside them" {
	certificate tls "${ec[@]}" -addext subjectAltName=DNS:localhost
	serve_object --tls "$dir/tls.crt" "$dir/tls.key"
	for arch in x86_64 arm64; do
		unzip -q "$RELEASE/s3ev-layer-$arch.zip" -d "$dir/$arch"
		assert_eq "$(ls "$dir/$arch") $(ls "$dir/$arch/bin")" "bin"$'\n'"s3ev $tools"
		run=()
		[ $arch = x86_64 ] || run=(qemu-aarch64-static -0 "$dir/$arch/bin/s3fetch")
		assert_eq "$("${run[@]}" "$dir/$arch/bin/s3fetch" -V)" "$(s3fetch -V)"
	done
	trust "$dir/tls.crt" "$dir/x86_64/s3ev/certs"
	object | AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/localhost} PATH=$dir/x86_64/bin:$PATH s3fetch -d "$dir" >"$dir/out"
	assert_json '.fetch.bytes == 5' "$(<"$dir/out")"
}

@test "a bundle that is there takes another processor without a compiler; one for another machine is refused" {
	mkdir "$dir/bin"
	for program in bash env unzip zip od tr sed grep mkdir rm cp chmod touch find sort install stat flock cat printf readelf make basename dirname mv ln tail head nproc sha256sum gcc; do
		ln -s "$(type -P "$program")" "$dir/bin"
	done
	ln -sf /bin/false "$dir/bin/gcc"
	printf '#!/bin/sh\nexit 0\n' >"$dir/mine"
	chmod +x "$dir/mine"
	build() { # FROM
		run3 env PATH="$dir/bin" FROM="$1" "$ROOT/pipelines/lambda/build" x86_64 provided.al2023 "$dir/new.zip" "$dir/mine" s3fetch
	}
	build "$BUNDLE.zip"
	assert_eq "$status" 0
	unzip -p "$dir/new.zip" pipelines/processor | cmp - "$dir/mine"
	for file in s3ev VERSIONS bootstrap pipelines/process; do unzip -p "$dir/new.zip" $file | cmp - "$BUNDLE/$file"; done
	assert_eq "$(unzip -Z1 "$dir/new.zip" | sort)" "$(unzip -Z1 "$BUNDLE.zip" | sort)"
	build "$ARM64.zip"
	assert_eq "$status $err" "1 ready: $ARM64.zip: it is for arm64, not for x86_64: ARCH=arm64, or another file"$'\n'
	build "$dir/none.zip"
	assert_eq "$status $err" "1 ready: $dir/none.zip: there is no such file"$'\n'
	(cd "$dir" && zip -q some.zip mine)
	build "$dir/some.zip"
	assert_eq "$status $err" "1 ready: $dir/some.zip: it is no bundle of make lambda"$'\n'
	(cd "$dir" && cp "$BUNDLE.zip" older.zip && echo 's3ev 0.0.1' >VERSIONS && zip -q older.zip VERSIONS)
	build "$dir/older.zip"
	[ "$status" -eq 1 ] && [[ $err == *'older.zip has s3ev 0.0.1, and this source is '* ]]
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
	new_bucket in processed bad
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
	serve_alone "$dir/port" "$tests/servers/lambda" "$dir/port"
	for _ in 1 2; do
		bootstrap
		answer=$(curl -s --noproxy '*' --data-binary "@$dir/event" "http://127.0.0.1:$port/invoke")
		assert_json '.body | fromjson == {records: 6, good: 3, bad: 3, gone: 0}' "$answer"
		assert_eq "$(s3c ls "$processed" | jq -r .[].key | paste -sd ' ')" 'good.csv good.csv.gz good.json'
		assert_eq "$(s3c ls "$bad" | jq -r '.[].key | select(contains("why") | not)' | paste -sd ' ')" 'bad.csv bad.csv.gz bad.json'
		# What the one before left when it was killed is gone.
		assert_eq "$(ls "$dir/tmp" | sed 's/\.[^.]*$//')" $'s3ev-bin\ns3ev-rt'
		assert_eq "$(cd "$dir/tmp"/s3ev-rt.*/files && find . -mindepth 1)" ''
		# Its filters have its lock as well, and end a little later.
		kill -KILL "${servers[-1]}"
		wait_until flock -n "$dir/tmp"/s3ev-rt.* true
	done
	assert_eq "$(s3c get "$bad" bad.json.why.json | jq -r .bad.reason)" 'line 1, column 12: neither a comma nor } after a member'
	assert_eq "$(cat "$dir/logged")" ''
}

@test "invoke shows what a bundle answers; a table with other keys is refused at the start" {
	new_bucket in processed bad
	export PROCESSED_BUCKET=$processed BAD_DATA_BUCKET=$bad TMPDIR=$dir
	echo '{"order": 1]' | s3c put "$in" bad.json | jq -c '{key: "bad.json", eTag: (.etag | gsub("\""; ""))}' |
		jq -c --arg bucket "$in" '{Records: [{eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3: {bucket: {name: $bucket}, object: .}}]}' >"$dir/event"
	run3 "$ROOT/pipelines/lambda/invoke" "$BUNDLE.zip" <"$dir/event"
	assert_eq "$status $err" '0 '
	assert_json '.body | fromjson == {records: 1, good: 0, bad: 1, gone: 0}' "$out"
	table=old-$RANDOM$RANDOM
	echo '{"TableName": "'$table'", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "file", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "file", "KeyType": "HASH"}]}' | ddbc CreateTable >/dev/null
	# What the stack sets where a table is named that was there.
	run3 env RECORD_TABLE=$table RECORD_OPTIONS=--create "$ROOT/pipelines/lambda/invoke" "$BUNDLE.zip" <"$dir/event"
	assert_eq "$status $out" '1 '
	[[ $err == *"table $table: InvalidTable: its keys are not object and seq"*'invoke: the function has ended before it has answered'* ]]
	run3 "$ROOT/pipelines/lambda/invoke" "$BUNDLE.zip" <<<'not JSON'
	[ "$status" -eq 1 ] && [[ $out == *'"type":"s3ev.InvalidJSON"'* ]]
	run3 "$ROOT/pipelines/lambda/invoke" "$dir/event" <<<'{}'
	[ "$status" -eq 1 ] && [[ $err == *'event is no bundle of make lambda'* ]]
	assert_eq "$(ls -d "$dir"/s3ev-invoke.* 2>/dev/null)" ''
}

# What Lambda does where a runtime has an interpreter, in /var/lang/bin, and a
# loop of its own, in /var/runtime: the wrapper is started with their names.
managed_bootstrap() { # BUNDLE INTERPRETER PROGRAM
	cat >"$dir/start" <<-'E'
		mount -t tmpfs none /var
		mkdir -p /var/lang/bin /var/runtime /var/task
		cp -r "$1/." /var/task
		ln -s "$3" "/var/lang/bin/$2"
		echo 'import sys; sys.exit("this is not ours")' >/var/runtime/bootstrap.py
		cd /var/task
		interpreter=/var/lang/bin/$2
		shift 3
		exec env -i "$@" /var/task/bootstrap "$interpreter" /var/runtime/bootstrap.py
	E
	unshare -rm sh -e "$dir/start" "$@" PATH="/var/lang/bin:$dir/bin" TMPDIR="$dir/tmp" \
		AWS_LAMBDA_EXEC_WRAPPER=/var/task/bootstrap LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime PYTHONPATH=/var/runtime \
		AWS_LAMBDA_RUNTIME_API="127.0.0.1:$port" AWS_REGION=us-east-1 \
		AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY" \
		AWS_ENDPOINT_URL_S3="$AWS_ENDPOINT_URL_S3" PROCESSED_BUCKET="$processed" BAD_DATA_BUCKET="$bad" \
		PROCESSOR=/var/task/pipelines/processor CHECKS= LAMBDA_RT_OPTIONS= >>"$dir/logged" 2>&1 3>&- &
	servers+=($!)
}

@test "a module in Python or JavaScript runs in the layout of a runtime that has an interpreter" {
	new_bucket in
	for name in good bad; do
		echo $name | s3c put "$in" $name.txt | jq -c --arg key "$name.txt" '{key: $key, eTag: (.etag | gsub("\""; ""))}'
	done | jq -sc --arg bucket "$in" '{Records: map({eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3: {bucket: {name: $bucket}, object: .}})}' >"$dir/event"
	mkdir -p "$dir/python/words" "$dir/python/__pycache__" "$dir/javascript"
	touch "$dir/python/__pycache__/x.pyc"
	echo bad >"$dir/python/words/list"
	cat >"$dir/python/processor.py" <<-'E'
		import sys, helper
		from s3ev_processor import BadData
		def process(file, record):
		    assert sys.executable == "/var/lang/bin/python3", sys.executable
		    if file.read().decode() in helper.words:
		        raise BadData("a bad word")
	E
	echo 'words = open("words/list").readlines()' >"$dir/python/helper.py"
	cat >"$dir/javascript/processor.mjs" <<-'E'
		import {readFileSync} from 'node:fs'
		export const process = (path) => {
			if (readFileSync(path, 'utf8') === 'bad\n')
				throw {bad: {reason: 'a bad word'}}
		}
	E
	cd "$ROOT"
	lambda_programs "$dir/bin"
	mkdir "$dir/tmp"
	for language in "python:python3.13:python3:$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" \
		"javascript:nodejs22.x:node:$(node -p process.execPath)"; do
		IFS=: read -r language runtime interpreter program <<<"$language"
		new_bucket processed bad
		make -s lambda ARCH=x86_64 FROM="$BUNDLE.zip" ZIP="$dir/$language.zip" PROCESSOR="$dir/$language" INTERPRETER="$runtime" 2>/dev/null
		unzip -q "$dir/$language.zip" -d "$dir/$language.bundle"
		assert_eq "$(find "$dir/$language.bundle" -name __pycache__ -o ! -type f ! -type d -o -perm /022)" ''
		serve_alone "$dir/$language.port" "$tests/servers/lambda" "$dir/$language.port"
		managed_bootstrap "$dir/$language.bundle" "$interpreter" "$program"
		answer=$(curl -s --noproxy '*' --data-binary "@$dir/event" "http://127.0.0.1:$port/invoke")
		assert_json '.body | fromjson == {records: 2, good: 1, bad: 1, gone: 0}' "$answer"
		assert_eq "$(s3c get "$bad" bad.txt.why.json | jq -r .bad.reason)" 'a bad word'
		assert_eq "$(cat "$dir/logged")" ''
		stop_servers
	done
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

# Of the start, 0.3 million instructions are for putting it at another address.
@test "it starts in 0.4 million instructions, and speaks TLS after 16 million" {
	certificate tls "${ec[@]}" -addext subjectAltName=DNS:localhost
	serve_object --tls "$dir/tls.crt" "$dir/tls.key"
	trust "$dir/tls.crt" "$BUNDLE/certs"
	cat "$BUNDLE"/certs/* >"$dir/all"
	object >"$dir/in"
	export AWS_ENDPOINT_URL_S3=${STUB_URL/127.0.0.1/localhost}
	version=$(instructions "$BUNDLE/s3ev" s3ev-split -V)
	directory=$(instructions "$BUNDLE/s3ev" s3fetch -d "$dir" <"$dir/in")
	file=$(AWS_CA_BUNDLE=$dir/all instructions "$BUNDLE/s3ev" s3fetch -d "$dir" <"$dir/in")
	echo "thousands of instructions: -V $version, TLS $directory, TLS with a bundle of all $file" >&3
	[ "$version" -lt 400 ] && [ "$directory" -lt 16000 ] && [ "$file" -gt $((4 * directory)) ]
}

# Prints how many bytes come from a server with a key, a signature on its
# certificate, and a way to speak TLS.
speak() { # KEY SIGNATURE OPTION-OF-S_SERVER...
	local ways=("${@:3}")
	: >"$dir/serving"
	# shellcheck disable=SC2086 # words
	openssl req -new -nodes -subj /CN=leaf -newkey $1 -keyout "$dir/leaf.key" -out "$dir/leaf.csr" 2>/dev/null
	# shellcheck disable=SC2086
	openssl x509 -req -in "$dir/leaf.csr" -CA "$dir/tls.crt" -CAkey "$dir/tls.key" -days 2 $2 \
		-extfile <(echo subjectAltName=DNS:localhost) -out "$dir/leaf.crt" 2>/dev/null
	(cd "$dir" && exec openssl s_server -accept 127.0.0.1:0 -cert leaf.crt -key leaf.key -HTTP "${ways[@]}") \
		>"$dir/serving" 2>&1 </dev/zero 3>&- &
	servers+=($!)
	wait_until grep -q '^ACCEPT .*:[1-9]' "$dir/serving"
	AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3="https://localhost:$(sed -n 's/^ACCEPT.*://p' "$dir/serving")" \
		"$BUNDLE/s3ev" s3fetch -d "$dir" <"$dir/object" | jq -r '.fetch.bytes // .failed.message'
}

@test "what OpenSSL leaves out for speed is no key, signature, cipher or group that servers have" {
	pss='-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1'
	certificate tls -newkey rsa:2048
	trust "$dir/tls.crt" "$BUNDLE/certs"
	object >"$dir/object"
	mkdir "$dir/in"
	printf 'HTTP/1.0 200 OK\r\nETag: "e"\r\nContent-Length: 5\r\n\r\nbytes' >"$dir/in/key"
	while read -r key signature ways; do
		# shellcheck disable=SC2086 # words
		echo "$key $signature $ways: $(speak "$key" "${signature/#pss-/$pss -}" $ways)"
	done >"$dir/spoken" <<-E
		rsa:2048 -sha256
		rsa:2048 -sha512 -tls1_2 -cipher AES128-SHA
		rsa:2048 -sha384 -tls1_2 -cipher ECDHE-RSA-AES256-SHA384
		rsa:2048 -sha256 -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
		rsa:2048 pss-sha256
		rsa:2048 pss-sha384 -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
		rsa:2048 -sha256 -tls1_3 -groups X448
		rsa:2048 -sha256 -tls1_3 -groups P-521
		rsa:2048 -sha256 -tls1_3 -groups ffdhe2048
		rsa-pss -sha256
		ed25519 -sha256
		ed448 -sha256
	E
	run3 grep -v ': 5$' "$dir/spoken"
	assert_eq "$out$err" ''
	[ "$(wc -l <"$dir/spoken")" -eq 12 ]
}

@test "the same source gives the same bytes, wherever and whenever it is built" {
	umask 077
	mkdir "$dir/elsewhere"
	(cd "$ROOT" && git ls-files -z && git ls-files -zo --exclude-standard) |
		(cd "$ROOT" && xargs -0 tar cf -) | tar xf - -C "$dir/elsewhere"
	make -s -C "$dir/elsewhere" lambda ARCH=x86_64 2>"$dir/log"
	cmp "$dir/elsewhere/build/lambda.zip" "$BUNDLE.zip"
	# What is compiled is kept for the next processor, until a source or the compiler
	# changes.
	make -s -C "$dir/elsewhere" lambda ARCH=x86_64 2>"$dir/log"
	run ! grep tools "$dir/log"
	cmp "$dir/elsewhere/build/lambda.zip" "$BUNDLE.zip"
	mkdir "$dir/bin"
	printf '#!/bin/sh\ncase $* in --version) echo another ;; *cmd/*) echo another >&2; exit 1 ;; *) exec "%s" "$@" ;; esac\n' \
		"$(type -P x86_64-linux-gnu-gcc)" >"$dir/bin/x86_64-linux-gnu-gcc"
	chmod +x "$dir/bin/x86_64-linux-gnu-gcc"
	PATH=$dir/bin:$PATH run ! make -s -C "$dir/elsewhere" lambda ARCH=x86_64
	[[ $output == *another* ]]
	echo '#error changed' >>"$dir/elsewhere/cmd/s3ev-env.c"
	run ! make -s -C "$dir/elsewhere" lambda ARCH=x86_64
	[[ $output == *'#error changed'* ]]
}
