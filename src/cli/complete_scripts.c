/* SPDX-License-Identifier: ISC */

/*
 * What the shells source.  All that is known of our command line is in the program
 * (complete.c): they hand over a line, and show what comes back.
 */

#include <stddef.h>
#include <string.h>

#include "src/cli/complete.h"

static const char bash[] =
    "# pemkeep completion bash\n"
    "_pemkeep()\n"
    "{\n"
    "	local line found\n"
    "	line=${COMP_LINE:0:COMP_POINT}\n"
    "	mapfile -t found < <(command pemkeep completion --words bash -- \\\n"
    "	    \"$COMP_WORDBREAKS\" \"$line\" 2>/dev/null)\n"
    "	COMPREPLY=(\"${found[@]:1}\")\n"
    "	case ${found[0]} in\n"
    "	files) compopt -o default ;;\n"
    "	open) compopt -o nospace ;;\n"
    "	esac\n"
    "}\n"
    "complete -F _pemkeep pemkeep connect\n";

static const char zsh[] =
    "#compdef pemkeep connect\n"
    "# pemkeep completion zsh\n"
    "_pemkeep()\n"
    "{\n"
    "	local line\n"
    "	local -a found texts shown\n"
    "	found=(\"${(@f)$(command pemkeep completion --words zsh -- \\\n"
    "	    \"${(@Q)words[1,CURRENT-1]}\" \"${(Q)words[CURRENT]}\" "
    "2>/dev/null)}\")\n"
    "	if [[ $found[1] = files ]]; then\n"
    "		_files\n"
    "		return\n"
    "	fi\n"
    "	for line in \"${(@)found[2,-1]}\"; do\n"
    "		texts+=(\"${line%%$'\\t'*}\")\n"
    "		shown+=(\"${line/$'\\t'/  -- }\")\n"
    "	done\n"
    "	if [[ $found[1] = open ]]; then\n"
    "		compadd -S '' -d shown -a texts\n"
    "	else\n"
    "		compadd -d shown -a texts\n"
    "	fi\n"
    "}\n"
    "if [[ $funcstack[1] = _pemkeep ]]; then\n"
    "	_pemkeep \"$@\"\n"
    "else\n"
    "	compdef _pemkeep pemkeep connect\n"
    "fi\n";

static const char fish[] =
    "# pemkeep completion fish\n"
    "function __pemkeep_complete\n"
    "	set -l current (commandline -ct)\n"
    "	set -l found (command pemkeep completion --words fish -- \\\n"
    "	    (commandline -opc) \"$current\" 2>/dev/null)\n"
    "	if test \"$found[1]\" = files\n"
    "		__fish_complete_path \"$current\"\n"
    "	else if set -q found[2]\n"
    "		string join \\n -- $found[2..-1]\n"
    "	end\n"
    "end\n"
    "complete -c pemkeep -e\n"
    "complete -c connect -e\n"
    "complete -c pemkeep -f -a '(__pemkeep_complete)'\n"
    "complete -c connect -f -a '(__pemkeep_complete)'\n";

const char *
complete_script(const char *shell)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (strcmp(scripts[i].shell, shell) == 0)
			return scripts[i].script;
	return NULL;
}
