# rooms.awk ROOMS FILES... - does each file include only what its room may know?
#
# Prints each include that lib/ROOMS does not allow, and each room that ROOMS
# has not named before it is used, so that no circle can stand there.

function wrong(text) {
	print text
	bad = 1
}

FNR == NR {
	if ($1 ~ /^#/ || NF == 0)
		next
	room[$1]
	for (i = 1; i <= NF; i++) {
		if (!($i in room))
			wrong(FILENAME ":" FNR ": " $i " does not stand above " $1)
		may[$1, $i]
	}
	next
}

/^#include "[a-z0-9]+\// {
	split(FILENAME, path, "/")
	split($2, name, /["\/]/)
	if (!((path[2], name[2]) in may))
		wrong(FILENAME ":" FNR ": " path[2] " may not know " name[2])
}

/^#include "[^\/]*"/ { wrong(FILENAME ":" FNR ": an include without its room") }

END { exit bad }
