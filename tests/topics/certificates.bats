# Which CA certificates are trusted, against S3 over TLS.
bats_require_minimum_version 1.8.0
load ../lib/helper

setup() {
	dir=$BATS_TEST_TMPDIR http=$AWS_ENDPOINT_URL_S3
	export AWS_ENDPOINT_URL_S3=$S3_TLS_ENDPOINT
	cp "$(command -v s3fetch)" "$dir/s3fetch"
	program=$dir/s3fetch
	mkdir "$dir/spool" "$dir/certs"
	new_bucket in
	echo bytes | s3c put "$in" key >/dev/null
	record bucket="$in" key=key >"$dir/in"
}

s3c() {
	AWS_ENDPOINT_URL_S3=$http command s3c "$@"
}

# Prints what became of the record.
outcome() { # [VARIABLE=VALUE...]
	env AWS_MAX_ATTEMPTS=1 "$@" "$program" -d "$dir/spool" <"$dir/in" |
		jq -r 'if .fetch then "\(.fetch.bytes) bytes" else .failed.code end'
}

# Puts a certificate where OpenSSL looks for it.
add() { # FILE DIR
	cp "$1" "$2/$(openssl x509 -noout -subject_hash -in "$1").0"
}

other_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other \
		-keyout "$dir/other.key" -out "$dir/other.crt" 2>/dev/null
}

@test "the system's certificates are what is trusted unless something else is named" {
	assert_eq "$(outcome)" TLSVerificationFailed
	assert_eq "$(outcome AWS_CA_BUNDLE="$S3_CACERT")" '6 bytes'
}

@test "certificates beside the program come before the system's" {
	add "$S3_CACERT" "$dir/certs"
	assert_eq "$(outcome)" '6 bytes'
	mkdir "$dir/elsewhere"
	ln -s "$dir/s3fetch" "$dir/elsewhere/s3fetch"
	program=$dir/elsewhere/s3fetch
	assert_eq "$(outcome)" '6 bytes'
}

@test "a directory beside the program without a hash in it is none" {
	cp "$S3_CACERT" "$dir/certs/tls.crt"
	assert_eq "$(outcome)" TLSVerificationFailed
	cp "$(command -v s3ev-env)" "$dir"
	assert_json '.ca_from != "beside the program"' "$("$dir/s3ev-env")"
	add "$S3_CACERT" "$dir/certs"
	assert_json '.ca_from == "beside the program"' "$("$dir/s3ev-env")"
}

@test "AWS_CA_BUNDLE, then SSL_CERT_FILE, then SSL_CERT_DIR, then what is beside the program" {
	other_ca
	mkdir "$dir/good" "$dir/bad"
	add "$S3_CACERT" "$dir/good"
	add "$dir/other.crt" "$dir/bad"
	add "$dir/other.crt" "$dir/certs"
	assert_eq "$(outcome)" TLSVerificationFailed
	assert_eq "$(outcome SSL_CERT_DIR="$dir/good")" '6 bytes'
	assert_eq "$(outcome SSL_CERT_FILE="$S3_CACERT" SSL_CERT_DIR="$dir/bad")" '6 bytes'
	assert_eq "$(outcome SSL_CERT_FILE="$dir/other.crt" SSL_CERT_DIR="$dir/good")" TLSVerificationFailed
	assert_eq "$(outcome AWS_CA_BUNDLE="$dir/good" SSL_CERT_FILE="$dir/other.crt")" '6 bytes'
	assert_eq "$(outcome AWS_CA_BUNDLE="$dir/other.crt" SSL_CERT_FILE="$S3_CACERT")" TLSVerificationFailed
}

@test "SSL_CERT_DIR may name several directories, as for OpenSSL" {
	mkdir "$dir/good" "$dir/bad"
	other_ca
	add "$S3_CACERT" "$dir/good"
	add "$dir/other.crt" "$dir/bad"
	assert_eq "$(outcome SSL_CERT_DIR="$dir/bad:$dir/good")" '6 bytes'
	assert_eq "$(outcome SSL_CERT_DIR="$dir/nowhere:$dir/good")" '6 bytes'
	assert_eq "$(outcome SSL_CERT_DIR="$dir/bad:$dir/bad")" TLSVerificationFailed
	run3 env SSL_CERT_DIR="$dir/nowhere:$dir/neither" "$dir/s3fetch" -d "$dir/spool" <"$dir/in"
	assert_eq "$status $out" '78 '
	[[ $err == *"$dir/nowhere:$dir/neither"* ]]
	# A file is a file, though a directory has the first part of its name.
	mkdir "$dir/bad:x"
	cp "$S3_CACERT" "$dir/bad:x/ca.crt"
	assert_eq "$(outcome AWS_CA_BUNDLE="$dir/bad:x/ca.crt")" '6 bytes'
}

@test "a file or directory of certificates that is not there is named: 78" {
	for variable in AWS_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR; do
		run3 env $variable="$dir/nowhere" "$dir/s3fetch" -d "$dir/spool" <"$dir/in"
		assert_eq "$status $out" '78 '
		[[ $err == *"$dir/nowhere"* ]]
	done
}
