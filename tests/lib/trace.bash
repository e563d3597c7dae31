# Where a test has failed, found out at a ninth of the cost.
#
# Bats knows the line because a trap runs before each command of a test, for 50 to
# 100 commands of bash: a fifth of what all tests take. Ours is two commands: it
# keeps, of the last two commands, the line and the calls that led there. They are
# looked at when a test has failed; the files are those in which bash knows the
# functions. What bats says then is the same, see topics/servers.bats. `bats
# --trace` needs the trap of bats.
# shellcheck shell=bash disable=SC2034,SC2154

trace_last='' trace_before=''

if [[ ${BATS_TRACE_LEVEL:-0} -eq 0 ]] && declare -F bats_get_failure_stack_trace >/dev/null; then
	# The trap is one line, since LINENO counts the lines of a trap, too. [@] joins
	# by blanks, whatever IFS is.
	trace_trap='[[ $FUNCNAME == bats_* || $BASH_SOURCE == */bats-core/* || ${BATS_INTERRUPTED-}${BATS_TIMED_OUT-} ]]'
	trace_trap+=' || trace_before=$trace_last trace_last="$LINENO ${BASH_LINENO[@]} ${FUNCNAME[@]}"'

	# What runs while a test file is read is followed as well. Before a test bats
	# sets its own trap once more, which calls this before the first command.
	bats_debug_trap() {
		trap "$trace_trap" DEBUG
	}
	bats_debug_trap

	# Before some commands fail, the trap has run once more, with another line.
	bats_error_trap() {
		bats_check_status_from_trap
		# shellcheck disable=SC2124
		local here="${BASH_LINENO[@]} ${FUNCNAME[@]:1}"
		[[ -n $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID || $here != "$trace_last" ]] || trace_last=$trace_before
		BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
	}

	# Puts LINE FUNCTION FILE of each frame into an array, the innermost first. What
	# stands in no function is the test file's.
	bats_get_failure_stack_trace() { # NAME
		local -n frames=$1
		local words names i known
		[[ -n $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ]] || trace_last=$trace_before
		IFS=' ' read -ra words <<<"$trace_last"
		names=("${words[@]:(${#words[@]} + 1) / 2}" '')
		frames=()
		shopt -s extdebug
		for ((i = 0; i < ${#names[@]} - 1; i++)); do
			known=$(declare -F "${names[i]}") || known="source 0 $BATS_TEST_SOURCE"
			frames+=("${words[i]} ${names[i]} ${known#* * }")
			case ${names[i]}:${names[i + 1]} in
			"${BATS_TEST_NAME-}":* | setup:* | teardown:* | setup_*:* | teardown_*:* | source:bats_*) break ;;
			esac
		done
		shopt -u extdebug
	}
fi
