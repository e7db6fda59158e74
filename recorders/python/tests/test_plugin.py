"""The plugin for pytest, with a program in the place of the command line. scripts/wheel.slow.test.ts runs it with the real one."""

import json
import shlex
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
from resumeproof.command_line import NoCommandLine, find_command_line  # noqa: E402
from resumeproof.pytest_plugin import Prover, ResumeproofError  # noqa: E402

COMMAND_LINE = """
import json, sys
from pathlib import Path
folder = Path(__file__).parent
(folder / "words.json").write_text(json.dumps(sys.argv[1:]))
answer = json.loads((folder / "answer.json").read_text())
sys.stdout.write(answer["stdout"]), sys.stderr.write(answer["stderr"])
sys.exit(answer["code"])
"""
FINDING = {"refutes": True, "likelyCause": "it was never saved", "fix": "save it", "seen": "none"}
PROOFS = ("restored", "alive", "faithful")


def gate(outcome="proven", steps=8, **more):
    verdict = {
        "outcome": outcome,
        "headline": "The schedule starts over.",
        "proofs": {proof: outcome for proof in PROOFS},
        "compared": {"steps": steps},
        "findings": [] if outcome == "proven" else [FINDING],
        "replay": "resumeproof exec --steps 8",
        **more,
    }
    return {"verdicts": [verdict], "report": {"html": "/somewhere/index.html"}}


@pytest.fixture
def prove(tmp_path, monkeypatch):
    """Proves a script with a command line that gives this answer. What it was started with is in `words.json`."""
    program = tmp_path / "a folder" / "command_line.py"
    program.parent.mkdir()
    program.write_text(COMMAND_LINE)
    monkeypatch.setenv("RESUMEPROOF_CLI", shlex.join([sys.executable, str(program)]))

    def answered(answer, code, stderr="", **options):
        stdout = answer if isinstance(answer, str) else json.dumps(answer)
        (program.parent / "answer.json").write_text(
            json.dumps({"stdout": stdout, "stderr": stderr, "code": code})
        )
        return Prover(tmp_path).prove(Path("train.py"), "{run}", 8, **{"steps": 8, "resume_at": 4, **options})

    return answered


def test_starts_the_command_line_and_returns_its_verdict(prove, tmp_path):
    assert prove(gate(), 0)["outcome"] == "proven"
    words = json.loads((tmp_path / "a folder/words.json").read_text())
    out = f"--out={tmp_path / 'resumeproof'}"
    assert words == [
        *["exec", "--steps=8", "--resume-at=4", out, "--json", "--", sys.executable, "train.py", "{run}", "8"]
    ]

    prove(
        gate(),
        0,
        resume_at=[2, 4],
        resume_with=["--from", "{checkpoint}", "a b"],
        program=Path("launch"),
        cwd="{run}",
        env={"SEED": 1, "HOME": "{own}"},
        step_is="update",
        limit=60,
        step_limit=9,
        require_gpu=True,
    )
    words = json.loads((tmp_path / "a folder/words.json").read_text())
    assert words == [
        *["exec", "--steps=8", "--resume-at=2,4", "--resume-with=--from '{checkpoint}' 'a b'", "--cwd={run}"],
        *["--step-is=update", "--limit=60", "--step-limit=9", out, "--env=SEED=1", "--env=HOME={own}"],
        *["--require-gpu", "--json", "--", "launch", "train.py", "{run}", "8"],
    ]


def test_each_proof_of_a_test_has_a_report_of_its_own(prove, tmp_path):
    prove(gate(), 0)
    prover, outs = Prover(tmp_path), []
    for _ in range(2):
        prover.prove("train.py", "{run}", steps=8, resume_at=4)
        outs += [
            word
            for word in json.loads((tmp_path / "a folder/words.json").read_text())
            if word.startswith("--out")
        ]
    assert outs == [f"--out={tmp_path / name}" for name in ("resumeproof", "resumeproof-2")]


def test_fails_with_what_helps_to_fix_it(prove):
    with pytest.raises(pytest.fail.Exception) as failure:
        prove(gate("refuted"), 1)
    assert str(failure.value).splitlines() == [
        "refuted: The schedule starts over.",
        "",
        "Likely cause: it was never saved",
        "Fix: save it",
        "Run again: resumeproof exec --steps 8",
        "Report: /somewhere/index.html",
    ]
    died = {**FINDING, "refutes": False, "seen": "its last lines: KeyError: 'step'"}
    with pytest.raises(
        pytest.fail.Exception, match="^inconclusive: .*\n\nSeen: its last lines: KeyError: 'step'\n"
    ):
        prove(gate("inconclusive", findings=[died]), 1)


NOT_JUDGED = {
    "proven, but nothing was compared": (gate(steps=0), 0, "says proven, but judged nothing"),
    "proven, but one proof is not": (
        gate(proofs={**dict.fromkeys(PROOFS, "proven"), "alive": "inconclusive"}),
        0,
        "says proven, but judged nothing",
    ),
    "proven without proofs": (gate(proofs={}), 0, "says proven, but judged nothing"),
    "proven without what was compared": (gate(compared=None), 0, "code 0 and without a verdict"),
    "skipped": (gate("skipped"), 0, "code 0 and without a verdict"),
    "no verdict": ({**gate(), "verdicts": []}, 0, "code 0 and without a verdict"),
    "two verdicts": ({**gate(), "verdicts": gate()["verdicts"] * 2}, 0, "code 0 and without a verdict"),
    "not JSON": ("Proven!", 0, "code 0 and without a verdict: Proven!"),
    "nothing": ("", 0, "code 0 and without a verdict: it printed nothing"),
    "a list": ([], 1, "code 1 and without a verdict"),
    "refuted, but code 0": (gate("refuted"), 0, "code 0, but its verdict is refuted"),
    "proven, but code 1": (gate(), 1, "code 1, but its verdict is proven"),
    "an unknown code": (gate(), 7, "code 7 and said nothing"),
    "ended by a signal": (gate(), 130, "code 130 and said nothing"),
}


@pytest.mark.parametrize(("answer", "code", "message"), NOT_JUDGED.values(), ids=NOT_JUDGED)
def test_an_answer_that_is_no_verdict_is_an_error(prove, answer, code, message):
    with pytest.raises(ResumeproofError, match=message):
        prove(answer, code)


def test_wrong_usage_is_an_error_with_the_last_lines_of_the_script(prove):
    said = "resumeproof: running 1 scenario …\nresumeproof: train: the program saves nothing\n  | resumeproof: recorded\n  | Bye\n"
    with pytest.raises(ResumeproofError) as error:
        prove("", 2, said)
    assert str(error.value) == "train: the program saves nothing\n  | resumeproof: recorded\n  | Bye"


def test_the_command_line_of_npm_is_found_on_the_path(tmp_path, monkeypatch):
    monkeypatch.delenv("RESUMEPROOF_CLI", raising=False)
    for name, first_line in {"python": f"#!{sys.executable}", "npm": "#!/usr/bin/env node"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "resumeproof").write_text(f"{first_line}\n")
        (tmp_path / name / "resumeproof").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'python'}:{tmp_path / 'npm'}")
    assert find_command_line() == [str(tmp_path / "npm" / "resumeproof")]

    monkeypatch.setenv("PATH", str(tmp_path / "python"))
    with pytest.raises(
        NoCommandLine, match="install the wheel .*, or the npm package, or .* RESUMEPROOF_CLI"
    ):
        find_command_line()
    with pytest.raises(ResumeproofError, match="install the wheel"):
        Prover(tmp_path).prove("train.py", "{run}", steps=8, resume_at=4)


def test_a_command_line_that_cannot_be_started_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("RESUMEPROOF_CLI", f"{tmp_path}/gone --flag")
    with pytest.raises(ResumeproofError, match="cannot start .*/gone: No such file"):
        Prover(tmp_path).prove("train.py", "{run}", steps=8, resume_at=4)
