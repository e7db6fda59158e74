"""Programs that are killed in the middle of a save. They need torch."""

import json
import os
import signal

import pytest

from processes import recording, records, run, train

PROGRAM = """
import json, os, shutil, torch
from pathlib import Path
torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters())
def save(at):
    state = {"at": at, "model": model.state_dict()}
    SAVE
os.makedirs("out", exist_ok=True)
for at in range(1, 5):
    model(torch.full((2, 4), float(at))).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    Path("log.txt").write_text(str(at))  # beside the folder that counts
    if at % 2 == 0:
        save(at)
"""


def killed(folder, save, operation, step=4, **more):
    """What is in the folder, by name, once a program was killed there. Returns it and how the program ended."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.py").write_text(PROGRAM.replace("SAVE", save.strip().replace("\n", "\n    ")))
    in_save = {"IN_SAVE": f"{step}:{operation}:{folder / 'out'}"} if operation else {}
    environment = recording(
        folder / "trace.jsonl", "before", horizon=8, LACKS="hooks", SAVE_AT="2", SAVES=folder / "saves.jsonl"
    )
    environment |= {f"RESUMEPROOF_{name}": str(value) for name, value in (in_save | more).items()}
    done = train(folder, "train.py", check=False, **environment)
    left = {file.relative_to(folder / "out"): file for file in sorted((folder / "out").rglob("*")) if file.is_file()}
    return done, {str(name): file.read_bytes() for name, file in left.items()}


IN_PLACE = 'torch.save(state, "out/latest.pt")'
ATOMIC = 'torch.save(state, "out/new.pt"); os.replace("out/new.pt", "out/latest.pt")'


def test_a_file_of_torch_is_made_empty_and_written_in_two_halves_with_the_same_bytes(tmp_path):
    _, whole = killed(tmp_path / "whole", IN_PLACE, None)
    bytes_of = whole["latest.pt"]
    half = len(bytes_of) // 2
    for operation, expected in [(2, b""), (3, bytes_of[:half]), (4, bytes_of)]:
        done, left = killed(tmp_path / str(operation), IN_PLACE, operation)
        assert done.returncode == -signal.SIGKILL
        assert left == {"latest.pt": expected}, operation
        assert (tmp_path / str(operation) / "trace.jsonl.killed-4").exists()
        assert "this process is killed in its save after step 4" in done.stderr
        # The step that it was in has not ended, unless its save had.
        trace = records(tmp_path / str(operation) / "trace.jsonl")
        steps = [record["step"] for record in trace if record["kind"] == "step"]
        assert steps == ([1, 2, 3, 4] if operation == 4 else [1, 2, 3])
    told = [json.loads(line) for line in (tmp_path / "whole/saves.jsonl").read_text().splitlines()]
    assert [(line["step"], line["inSave"]) for line in told] == [(2, True), (4, True)]


def test_what_is_written_before_the_kill_is_told(tmp_path):
    killed(tmp_path, ATOMIC, 4)
    told = [json.loads(line) for line in (tmp_path / "saves.jsonl").read_text().splitlines()]
    assert [(line["step"], os.path.basename(line["files"][0]["path"])) for line in told] == [(2, "new.pt"), (4, "new.pt")]


def test_a_file_of_safetensors_is_written_in_halves_too(tmp_path):
    pytest.importorskip("safetensors")
    save = """
from safetensors.torch import save_file
save_file(model.state_dict(), filename="out/model.safetensors")"""
    _, whole = killed(tmp_path / "whole", save, None)
    bytes_of = whole["model.safetensors"]
    assert killed(tmp_path / "half", save, 3)[1] == {"model.safetensors": bytes_of[: len(bytes_of) // 2]}


ALONE = """
import os, shutil, sys
from pathlib import Path
from resumeproof.kill_in_save import KillInSave
from resumeproof.settings import Kill
Path("out/old").mkdir(parents=True); Path("out/old/a").write_text("old"); Path("out/log").write_text("1")
KillInSave(Kill(4, int(sys.argv[1]), os.path.abspath("out")), lambda: True, "sign")
SAVE
print("ended", end="")
"""


@pytest.mark.parametrize(
    "save, before",
    [
        (
            'Path("out/new").write_text("new"); os.replace("out/new", "out/log")',
            ["log=1", "log=1 new=", "log=1 new=new", "log=new"],
        ),
        (
            'open("out/new", "x").write("n"); Path("out/done").touch(); os.remove("out/done")',
            ["log=1", "log=1 new=", "log=1 new=n", "done= log=1 new=n", "log=1 new=n"],
        ),
        (
            'os.makedirs("out/n/a"); open("out/n/a/b", "wb").write(b"x"); shutil.rmtree("out/n")',
            ["log=1"] * 3 + ["log=1 n/a/b=", "log=1 n/a/b=x"] + ["log=1"] * 3,
        ),
        ('open("out/log", "a").write("2")', ["log=1", "log=12"]),
        ('with open("out/log", "r+") as f: f.truncate(0)', ["log=1", "log="]),
        ('os.symlink("log", "out/n"); os.truncate("out/n", 0)', ["log=1", "log=1 n=1", "log= n="]),
        # What is read, and what is elsewhere, is no operation, but what is moved from there is one.
        (
            'Path("beside").write_text("x"); os.mkdir("own"); os.rename("beside", "out/b"); Path("out/b").read_text()',
            ["log=1", "b=x log=1"],
        ),
    ],
)
def test_the_files_are_those_of_the_operations_before(tmp_path, save, before):
    for operation, expected in enumerate(before, 1):
        folder = tmp_path / str(operation)
        folder.mkdir()
        (folder / "save.py").write_text(ALONE.replace("SAVE", save))
        done = run(folder, "save.py", operation, check=False)
        files = [file for file in sorted(folder.glob("out/**/*")) if file.is_file() and file.name != "a"]
        left = [f"{file.relative_to(folder / 'out')}={file.read_text()}" for file in files]
        assert " ".join(left) == expected, operation
        has_ended = operation == len(before)
        assert (done.returncode, done.stdout) == ((0, "ended") if has_ended else (-signal.SIGKILL, "")), operation
        assert (folder / "sign").exists() != has_ended


def test_workers_neither_count_nor_are_killed(tmp_path):
    save = """
import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=Path("out/worker").write_text, args=("x",))
worker.start(); worker.join()
print("worker", worker.exitcode, flush=True)
torch.save(state, "out/latest.pt")"""
    done, left = killed(tmp_path, save, 2)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "worker 0\nworker 0\n"
    assert left == {"latest.pt": b"", "worker": b"x"}


@pytest.mark.parametrize("value", ["4", "4:1", "0:1:/run", "4:0:/run", "4:x:/run", "4:1:run", "4:1:"])
def test_a_wrong_kill_ends_the_program_with_a_message(tmp_path, value):
    (tmp_path / "train.py").write_text("print('trained')")
    done = run(tmp_path, "train.py", check=False, **recording(tmp_path / "trace.jsonl", IN_SAVE=value))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"RESUMEPROOF_IN_SAVE is '{value}', but must be step:operation:folder" in done.stderr


def test_a_load_that_fails_before_there_is_an_optimizer_is_recorded(tmp_path):
    (tmp_path / "torn.pt").write_bytes(b"")
    (tmp_path / "train.py").write_text("import torch\ntorch.load('torn.pt')\n")
    train(tmp_path, "train.py", check=False, **recording(tmp_path / "trace.jsonl", "after", FROM="before:step-2:2"))
    last = records(tmp_path / "trace.jsonl")[-1]
    assert (last["kind"], last["code"]) == ("failure", "resume-refused")


def test_several_ranks_are_refused(tmp_path):
    (tmp_path / "train.py").write_text("print('trained')")
    environment = recording(tmp_path / "ranks.jsonl", IN_SAVE=f"4:2:{tmp_path / 'out'}")
    done = run(tmp_path, "train.py", check=False, **environment, WORLD_SIZE="2")
    assert "only a single process can be killed in a save" in done.stderr
