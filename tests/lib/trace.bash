# Where a test has failed, found out at a third of the cost.
#
# Bats knows the line because a trap runs before each command of a test, for 50 to
# 100 commands of bash: a fifth of what all tests take. These three functions, in
# the place of those of bats, keep the frames of the last two commands as they are
# and look at them when a test has failed. What bats says then is the same, see
# topics/servers.bats. `bats --trace` needs those of bats.
# shellcheck shell=bash disable=SC2034,SC2154

trace_last=() trace_before=()

if [[ ${BATS_TRACE_LEVEL:-0} -eq 0 ]] && declare -F bats_get_failure_stack_trace >/dev/null; then
	bats_debug_trap() { # SOURCE
		[[ $1 != "$BATS_ROOT"/* && ${FUNCNAME[1]} != bats_* && -z ${BATS_INTERRUPTED-}${BATS_TIMED_OUT-} ]] || return 0
		trace_before=("${trace_last[@]}") trace_last=("${BASH_LINENO[@]}" "${FUNCNAME[@]}" "${BASH_SOURCE[@]}")
	}

	# Before some commands fail, the trap has run once more, with another line.
	bats_error_trap() {
		bats_check_status_from_trap
		local n=${#FUNCNAME[@]}
		[[ -n $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ||
			"${BASH_LINENO[*]} ${BASH_SOURCE[*]}" != "${trace_last[*]:0:n} ${trace_last[*]:2*n}" ]] ||
			trace_last=("${trace_before[@]}")
		BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
	}

	# Puts LINE FUNCTION FILE of each frame into an array, the innermost first.
	bats_get_failure_stack_trace() { # NAME
		local -n frames=$1
		local i n
		[[ -n $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ]] || trace_last=("${trace_before[@]}")
		n=$((${#trace_last[@]} / 3))
		frames=()
		for ((i = 1; i < n; i++)); do
			frames+=("${trace_last[i - 1]} ${trace_last[n + i]} ${trace_last[2 * n + i]}")
			case ${trace_last[n + i]} in
			"${BATS_TEST_NAME-}" | setup | teardown | setup_file | teardown_file | setup_suite | teardown_suite) break ;;
			esac
		done
	}
fi
