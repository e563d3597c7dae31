# completions.awk -v shell=bash|zsh PAGE.1... - what shells complete, from the pages
#
# A page's options are its lines ".It Fl x , Fl -word Ar name"; tests compare them
# with those that getopt knows. The name of an argument says what it may be.

BEGIN {
	values["policy"] = "keep-both fail replace"
	values["how"] = "copy exclude"
	values["way"] = "auto server through"
	values["when"] = "auto required off"
	values["form"] = "form raw auto"
	values["method"] = "kms AES256"
	values["outcome"] = "good bad gone failed"
	files["file"] = files["path"] = files["directory"] = files["dir"] = 1
	commands["command"] = 1
	# Scripts that hand on to a tool what is not theirs.
	passes["s3ev-process"] = "s3ev-split"
	passes["s3ev-backfill"] = "s3ls"
	passes["s3ev-try"] = "s3check"
}

FNR == 1 {
	tool = FILENAME
	gsub(/.*\/|\.1$/, "", tool)
	tools[++n_tools] = tool
}

/^\.It Fl / && !/ Ta / {
	line = $0
	while (line ~ /\\$/ && (getline more) > 0)
		line = substr(line, 1, length(line) - 1) more
	gsub(/ Ns (Op|Oo) = Ns Ar [a-z]+( Oc)?/, "", line) # nothing need follow it
	gsub(/ Ns /, " ", line)
	n = split(substr(line, 5), parts, / , */)
	argument = kind = ""
	count = 0
	for (i = 1; i <= n; i++) {
		# One argument behind several options is that of each.
		m = split(parts[i], words, " ")
		option = words[2]
		option = substr(option, 1, 1) == "-" ? "-" option : "-" option
		rest = ""
		for (j = 3; j <= m; j++)
			rest = rest words[j] " "
		if (option == "-" || option == "--")
			continue
		pending[++count] = option
		if (rest == "" && i < n && length(option) == 2)
			continue
		for (j = 1; j <= count; j++)
			add(pending[j], rest)
		count = 0
	}
}

# rest: "Ar name ", "= Ar name ", "Cm done | fail ", or nothing.
function add(option, rest,   kind) {
	if ((tool, option) in kinds)
		return
	kind = "-"
	if (rest ~ /Cm /) {
		gsub(/Cm |[|=] */, "", rest)
		kind = "values " rest
	} else if (rest ~ /Ar /) {
		sub(/.*Ar /, "", rest)
		sub(/ .*/, "", rest)
		kind = rest in files ? "files" : rest in commands ? "commands" : \
			values[rest] != "" ? "values " values[rest] : "word"
	}
	sub(/ +$/, "", kind)
	options[tool] = options[tool] " " option
	kinds[tool, option] = kind
}

function add_passed(   script, n, list, i) {
	for (script in passes) {
		n = split(options[passes[script]], list, " ")
		for (i = 1; i <= n; i++)
			if (!((script, list[i]) in kinds)) {
				options[script] = options[script] " " list[i]
				kinds[script, list[i]] = kinds[passes[script], list[i]]
			}
	}
}

function bash(   t, i, n, list) {
	print "# bash completion for s3ev; made from its manual pages"
	print "_s3ev() {"
	print "\tlocal cur=$2 prev=$3 words kind"
	print "\tCOMPREPLY=()"
	print "\tcase ${1##*/} in"
	for (t = 1; t <= n_tools; t++) {
		printf "\t%s)\n\t\twords='%s'\n\t\tcase $prev in\n", tools[t], substr(options[tools[t]], 2)
		n = split(options[tools[t]], list, " ")
		for (i = 1; i <= n; i++)
			if (kinds[tools[t], list[i]] != "-")
				printf "\t\t%s) kind='%s' ;;\n", list[i], kinds[tools[t], list[i]]
		print "\t\tesac\n\t\t;;"
	}
	print "\tesac"
	print "\tcase $kind in"
	print "\tvalues*) mapfile -t COMPREPLY < <(compgen -W \"${kind#values}\" -- \"$cur\") ;;"
	print "\tcommands) mapfile -t COMPREPLY < <(compgen -c -f -- \"$cur\") ;;"
	print "\tfiles) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;"
	print "\tword) ;;"
	print "\t*)"
	print "\t\tif [[ $cur == -* ]]; then"
	print "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")"
	print "\t\telse"
	print "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
	print "\t\tfi"
	print "\t\t;;"
	print "\tesac"
	print "}"
	printf "complete -o filenames -F _s3ev"
	for (t = 1; t <= n_tools; t++)
		printf " %s", tools[t]
	print ""
}

function zsh(   t, i, n, list, what, kind) {
	printf "#compdef"
	for (t = 1; t <= n_tools; t++)
		printf " %s", tools[t]
	print ""
	print "# zsh completion for s3ev; made from its manual pages"
	print "local -a specs"
	print "case $service in"
	for (t = 1; t <= n_tools; t++) {
		printf "%s) specs=(\n", tools[t]
		n = split(options[tools[t]], list, " ")
		for (i = 1; i <= n; i++) {
			kind = kinds[tools[t], list[i]]
			what = kind == "-" ? "" : kind == "files" ? ":file:_files" : \
				kind == "commands" ? ":command:_command_names" : \
				kind == "word" ? ":word: " : ":value:(" substr(kind, 8) ")"
			printf "\t'%s%s'\n", list[i], what
		}
		print ") ;;"
	}
	print "esac"
	print "_arguments -s $specs '*:file:_files'"
}

END {
	add_passed()
	if (shell == "zsh")
		zsh()
	else
		bash()
}
