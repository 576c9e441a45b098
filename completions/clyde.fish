# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# Completion of clyde for fish.  "clyde complete" lists the candidates, see
# clyde(1).  Its lines have the form that fish expects, except those that begin
# with a tab.

function __clyde_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)[1]
    for line in (command $words[1] complete -- $words[2..] "$last" 2>/dev/null)
        set -l rest (string split -m 1 ' ' -- $line)[2]
        switch $line
            case \tfiles'*'
                # "--json=" stays in front of the path.
                set -l path (string sub -s (math (string length -- "$rest") + 1) -- "$last")
                for file in (__fish_complete_path "$path")
                    echo $rest$file
                end
            case \tcommand'*'
                set -l command
                if test $rest -gt 1
                    set command (string escape -- $words[(math 1 - $rest)..])
                end
                complete -C (string join ' ' -- $command "$last")
            case '*'
                echo $line
        end
    end
end

complete -c clyde -f -a '(__clyde_complete)' -k
