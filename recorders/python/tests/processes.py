"""Runs real programs in real processes, with and without the recorder."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent
RECORDER = TESTS.parent
BOOTSTRAP = RECORDER / "src/resumeproof/bootstrap"
FIXTURES = RECORDER.parents[1] / "fixtures/pytorch"


def run(folder, *command, check=True, **environment):
    env = {name: value for name, value in os.environ.items() if not name.startswith("RESUMEPROOF_")}
    # The package can be imported, as if it were installed.
    paths = filter(None, [environment.pop("PYTHONPATH", None), str(RECORDER / "src")])
    env |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths), **environment}
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=folder, env=env, capture_output=True, text=True, timeout=240
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def train(folder, *command, **more):
    """The same for a script that imports torch, where it need not be a Python that was just started."""
    return run(folder, "-IS", TESTS / "warm_client.py", _server(), *command, **more)


@functools.cache
def _server():
    """Starts warm_server.py, which ends with this process. Returns its socket."""
    path = os.path.join(tempfile.mkdtemp(), "socket")
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, TESTS / "warm_server.py", path]
    server = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(shutil.rmtree, os.path.dirname(path))
    atexit.register(server.communicate)
    assert server.stdout.readline() == b"listening\n"
    return path


def recording(trace, role="control", horizon=12, **more):
    settings = {"TRACE": trace, "ROLE": role, "HORIZON": horizon, **more}
    path = {"PYTHONPATH": str(BOOTSTRAP)}
    return path | {f"RESUMEPROOF_{name}": str(value) for name, value in settings.items()}


def records(trace):
    return [json.loads(line) for line in trace.read_text().splitlines()]


def files(folder):
    """The bytes of all tensors that a script wrote. Frameworks write paths and dates to other files."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.glob("out/*.pt"))}


def steps_of(tmp_path, program, horizon, **more):
    (tmp_path / "train.py").write_text("import torch\ntorch.manual_seed(0)\n" + program)
    plain = train(tmp_path, "train.py")
    done = train(tmp_path, "train.py", **recording(tmp_path / "trace.jsonl", horizon=horizon, **more))
    assert done.stdout == plain.stdout
    return [record for record in records(tmp_path / "trace.jsonl") if record["kind"] == "step"]
