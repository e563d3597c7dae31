# What the tests of s3check share: `load check` behind `load helper`. They put
# their files into $dir.
# shellcheck shell=bash disable=SC2034,SC2154

# Runs s3check on the records.
check() { # RECORDS OPTION...
	run3 timeout 60 s3check "${@:2}" <<<"$1"
}

# A record whose object, stdin, lies in the spool.
spooled() { # NAME=VALUE...
	local path
	path=$(mktemp "$dir/spool.XXXXXX")
	cat >"$path"
	record bucket=in key=k "$@" fetch:="$(jq -cn --arg path "$path" --argjson bytes "$(wc -c <"$path")" '{$path, $bytes}')"
}

# What became of each record: good, or bad or failed and why.
outcomes() {
	jq -r 'if .failed then "failed " + .failed.code elif .gone then "gone " + .gone.code
		elif .bad then "bad " + .bad.reason else "good" end' <<<"$out"
}
