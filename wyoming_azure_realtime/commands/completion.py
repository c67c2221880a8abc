"""Command `completion`: what a shell needs to complete this program's commands and options."""

import argparse
import shlex
from collections.abc import Iterator

_BASH = """\
# Completion of {program} for bash{also}.
_{name}() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command=serve
    case "${{COMP_WORDS[1]}}" in
        {commands}) [ "$COMP_CWORD" -gt 1 ] && command="${{COMP_WORDS[1]}}" ;;
    esac
    COMPREPLY=()
    case "$command $before" in
{choices}
    esac
    case "$word" in
        -*)
            case "$command" in
{options}
            esac ;;
        *) [ "$COMP_CWORD" -eq 1 ] && COMPREPLY=( $(compgen -W "{words}" -- "$word") ) ;;
    esac
}}
complete -o default -F _{name} {program}
"""

_ZSH = "autoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n"
_SHELLS = ("bash", "zsh")


def add_completion_arguments(parser: argparse.ArgumentParser) -> None:
    """The shell."""
    parser.add_argument("shell", choices=_SHELLS, help="Whose completion is printed.")


def run_completion(args: argparse.Namespace) -> int:
    """Print what the shell shall read: `source <(wyoming-azure-realtime completion bash)`."""
    from wyoming_azure_realtime.cli import COMMANDS, PROGRAM, parser_of  # noqa: PLC0415 - it imports this

    parsers = {command: parser_of(command) for command in COMMANDS}
    script = _BASH.format(
        program=PROGRAM,
        also=" in zsh" if args.shell == "zsh" else "",
        name=PROGRAM.replace("-", "_"),
        commands="|".join(COMMANDS),
        words=" ".join(COMMANDS),
        choices="\n".join(line for command, parser in parsers.items() for line in _choices(command, parser)),
        options="\n".join(_options(command, parser) for command, parser in parsers.items()),
    )
    print((_ZSH if args.shell == "zsh" else "") + script, end="")  # noqa: T201
    return 0


def _options(command: str, parser: argparse.ArgumentParser) -> str:
    """The options of a command."""
    flags = [flag for action in parser._actions for flag in action.option_strings]  # noqa: SLF001 - no other way
    return f'                {command}) COMPREPLY=( $(compgen -W "{" ".join(flags)}" -- "$word") ) ;;'


def _choices(command: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """What may follow an option, or the command itself, where there are few possibilities."""
    for action in parser._actions:  # noqa: SLF001 - no other way
        for ahead in action.option_strings or [command]:
            if action.choices:
                words = " ".join(map(str, action.choices))
                case = shlex.quote(f"{command} {ahead}")
                yield f'        {case}) COMPREPLY=( $(compgen -W "{words}" -- "$word") ); return ;;'
