"""
The plugin for pytest: the fixture `resumeproof` proves that a training script resumes.

    def test_resume(resumeproof):
        resumeproof.prove("train.py", "--output_dir", "{run}", steps=14, resume_at=6)
"""

import json
import shlex
import subprocess
import sys

import pytest

from .command_line import NoCommandLine, find_command_line

_EXIT_CODES = {"proven": 0, "refuted": 1, "inconclusive": 1}


class ResumeproofError(Exception):
    """No verdict could be given: the usage is wrong, or the command line or its environment failed."""


@pytest.fixture
def resumeproof(tmp_path):
    """Proves that a training script resumes: `resumeproof.prove("train.py", …, steps=14, resume_at=6)`."""
    return Prover(tmp_path)


class Prover:
    def __init__(self, folder):
        self._folder = folder
        self._count = 0

    def prove(
        self,
        *args,
        steps,
        resume_at,
        resume_with=None,
        program=sys.executable,
        cwd=None,
        env=None,
        step_is=None,
        limit=None,
        step_limit=None,
        require_gpu=False,
    ):
        """
        Runs `program` with `args` as control and with resumes, as `resumeproof exec` does, in the folder that pytest runs
        in. Fails the test unless the resumes are proven.

        - args: the script and its arguments, those of the whole training. "{run}" stands for the output folder. Numbers
          and paths are made texts
        - steps: of the control
        - resume_at: the step after which to stop and resume, or a list of steps
        - resume_with: the arguments that a process gets which resumes: a list, or a text as for a shell. May hold
          "{checkpoint}" and "{step}". None: the script looks in "{run}" by itself
        - program: this Python by default
        - cwd: the working folder of the script, such as "{run}" or "{own}"
        - env: more variables of the environment, by name
        - step_is: "micro-batch" or "update"
        - limit, step_limit: the most seconds for a process, and for a step
        - require_gpu: whether a script that does not train on a GPU is an error

        Returns the verdict, a dictionary as in verdict.json. Raises ResumeproofError if there is none.

        Example: resumeproof.prove("train.py", "--out", "{run}", steps=14, resume_at=[6, 10])
        """
        __tracebackhide__ = True
        self._count += 1
        out = self._folder / ("resumeproof" if self._count == 1 else f"resumeproof-{self._count}")
        options = {
            "--steps": steps,
            "--resume-at": resume_at if isinstance(resume_at, int) else ",".join(map(str, resume_at)),
            "--resume-with": shlex.join(resume_with)
            if isinstance(resume_with, (list, tuple))
            else resume_with,
            "--cwd": cwd,
            "--step-is": step_is,
            "--limit": limit,
            "--step-limit": step_limit,
            "--out": out,
        }
        # `=`: a value may begin with a dash.
        words = [f"{name}={value}" for name, value in options.items() if value is not None]
        words += [f"--env={name}={value}" for name, value in (env or {}).items()]
        words += ["--require-gpu"] if require_gpu else []
        try:
            command = [*find_command_line(), "exec", *words, "--json", "--", program, *args]
        except NoCommandLine as error:
            raise ResumeproofError(str(error)) from None
        done = _run([str(word) for word in command])
        verdict, report = _verdict(done)
        if verdict["outcome"] != "proven":
            pytest.fail(_sentence(verdict, report))
        return verdict


def _run(command):
    __tracebackhide__ = True
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ResumeproofError(f"cannot start {command[0]}: {error.strerror}") from None


def _verdict(done):
    """The verdict, and the path of its report. What does not look like one, to the last member that is used, is none."""
    __tracebackhide__ = True
    code = done.returncode
    if code not in (0, 1):
        raise ResumeproofError(
            _error(done.stderr) or f"the command line ended with code {code} and said nothing"
        )
    try:
        gate = json.loads(done.stdout)
        [verdict] = gate["verdicts"]
        outcome, report = verdict["outcome"], gate["report"]["html"]
        expected = _EXIT_CODES[outcome]
        [verdict[name] for name in ("headline", "findings", "replay")]
        if outcome == "proven":
            judged = verdict["compared"]["steps"] > 0 and set(verdict["proofs"].values()) == {"proven"}
        else:
            judged = bool(verdict["headline"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ResumeproofError(
            f"the command line ended with code {code} and without a verdict: {_last_line(done)}"
        ) from None
    if code != expected:
        raise ResumeproofError(f"the command line ended with code {code}, but its verdict is {outcome}")
    if not judged:
        raise ResumeproofError(f"the command line says {outcome}, but judged nothing")
    return verdict, report


def _error(stderr):
    """The last thing that the command line said, with the script's last lines, which follow it."""
    said = "\n" + stderr.strip()
    return said[said.rfind("\nresumeproof: ") + 1 :].removeprefix("resumeproof: ").strip()


def _last_line(done):
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else "it printed nothing"


def _sentence(verdict, report):
    """What a reader needs to fix it: the diagnosis, the likely cause and the fix of its root, and where the report is."""
    lines = [f"{verdict['outcome']}: {verdict['headline']}"]
    for finding in verdict["findings"][:1]:
        # Which of the processes died, and of what, only this says.
        if not finding["refutes"]:
            lines += ["", f"Seen: {finding['seen']}"]
        lines += ["", f"Likely cause: {finding['likelyCause']}", f"Fix: {finding['fix']}"]
    return "\n".join([*lines, f"Run again: {verdict['replay']}", f"Report: {report}"])
