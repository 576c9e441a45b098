# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# Completion of clyde for bash.  "clyde complete" lists the candidates, see
# clyde(1); this file only handles the way in which bash splits a line.

# Set _clyde_words to the command's words up to the cursor.  COMP_WORDS is also
# split at "=" and ":", which separate no words for clyde.
_clyde_read_line() {
	local line=${COMP_LINE:0:COMP_POINT} word i
	local joined=0

	_clyde_words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		line=${line#"${line%%[![:space:]]*}"}
		((i == COMP_CWORD)) && word=$line
		if ((joined)); then
			_clyde_words[-1]+=$word
		else
			_clyde_words+=("$word")
		fi
		line=${line#"$word"}
		joined=1
		[[ -z $line || $line == [[:space:]]* ]] && joined=0
	done
}

# Complete the last $1 words as a command line of their own.
_clyde_command() {
	local last=${_clyde_words[-1]}

	if [[ $1 -gt 1 ]] && declare -F _command_offset >/dev/null; then
		_command_offset $((COMP_CWORD - $1 + 1))
	elif [[ $1 -gt 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$last")
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$last")
	fi
}

_clyde() {
	local _clyde_words line word last cut files='' prefix

	_clyde_read_line
	last=${_clyde_words[-1]}
	# bash replaces only the part of the word after the last "=" or ":".
	cut=${last%"${last##*[=:]}"}
	COMPREPLY=()
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		case $line in
		$'\tfiles '*)
			files=y
			prefix=${line#$'\tfiles '}
			;;
		$'\tcommand '*)
			_clyde_command "${line#$'\tcommand '}"
			return
			;;
		*)
			COMPREPLY+=("${word#"$cut"}")
			[[ $word == *[=:] ]] && compopt -o nospace 2>/dev/null
			;;
		esac
	done < <("$1" complete -- "${_clyde_words[@]:1}" 2>/dev/null)
	if [[ $files ]]; then
		compopt -o filenames 2>/dev/null
		while IFS= read -r line; do
			line=$prefix$line
			COMPREPLY+=("${line#"$cut"}")
		done < <(compgen -f -- "${last#"$prefix"}")
	fi
}

complete -F _clyde clyde
