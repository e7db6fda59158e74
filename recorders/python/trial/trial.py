"""
Records scripts as the processes of a proof, and without the recorder beside it: control, twins, before, after-1 …
Prints whether the recorder changed the result, whether equal runs are equal, and what a step costs.

    python trial.py --out runs --resume-at 4,8 --horizon 12 ../../../fixtures/pytorch/ema_lost.py
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"
BOOTSTRAP = SOURCE / "resumeproof/bootstrap"


class Case:
    def __init__(self, options, script, flags):
        self.options = options
        self.script = Path(script).resolve()
        self.flags = flags
        self.name = "-".join([self.script.stem, *(flag.strip("-") for flag in flags)])
        self.folder = Path(options.out).resolve() / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.extra = {}

    def run(self, process, out, environment=(), resume=False):
        """Runs the script to its end, or to where the recorder stops it. Returns its exit code and what it printed."""
        command = [sys.executable, str(self.script), "--out", str(out), *self.flags, *self.options.arguments]
        if resume:
            command += ["--resume", "auto"]
        # The package is installed, as it were: a script may import it.
        env = {**os.environ, "PYTHONHASHSEED": str(len(process)), "OMP_NUM_THREADS": "1", **dict(environment)}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), str(SOURCE)]))
        began = time.monotonic()
        with open(self.folder / f"{process}.log", "wb") as log:
            code = subprocess.run(
                command, env=env, stdout=log, stderr=subprocess.STDOUT, timeout=300
            ).returncode
        seconds = time.monotonic() - began
        text = (self.folder / f"{process}.log").read_text(errors="replace")
        return code, seconds, text

    def record(self, process, role, until, source=None, out=None):
        trace = self.folder / process / "trace.jsonl"
        trace.parent.mkdir(exist_ok=True)
        horizon = self.options.horizon
        environment = {
            "RESUMEPROOF_TRACE": str(trace),
            "RESUMEPROOF_SCENARIO": self.name,
            "RESUMEPROOF_ID": process,
            "RESUMEPROOF_ROLE": role,
            "RESUMEPROOF_HORIZON": str(horizon),
            "RESUMEPROOF_UNTIL": str(until),
            "RESUMEPROOF_PASS": ",".join(map(str, self.options.resume_at)),
            "RESUMEPROOF_STOP": "1" if until < horizon else "0",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(BOOTSTRAP), os.environ.get("PYTHONPATH")])),
            **self.extra,
        }
        if source:
            environment["RESUMEPROOF_FROM"] = source
        code, seconds, text = self.run(
            process, out or self.folder / process / "out", environment, source is not None
        )
        if trace.exists():
            stopped = code == 0 and until < horizon
            outcome = "stopped-as-planned" if stopped else "exited" if code >= 0 else "crashed"
            record = {
                "kind": "process",
                "outcome": outcome,
                "exitCode": code if code >= 0 else None,
                "signal": None if code >= 0 else f"signal {-code}",
                "seconds": seconds,
                "stderr": [],
            }
            with open(trace, "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        return code, text

    def prove(self):
        points, horizon = self.options.resume_at, self.options.horizon
        code, recorded = self.record("control", "control", horizon)
        if code != 0:
            return f"{self.name:36} control failed: see {self.name}/control.log"
        seen = records(self.folder / "control")
        generators = {name for record in seen if record["kind"] == "state" for name in record["random"]}
        self.extra = {
            "RESUMEPROOF_LACKS": ",".join(seen[0]["lacks"]),
            "RESUMEPROOF_RANDOM": ",".join(sorted(generators)),
        }
        self.record("twin-1", "twin", horizon)
        equal = steps(self.folder / "control") == steps(self.folder / "twin-1")
        if not equal:
            for twin in ("twin-2", "twin-3"):
                self.record(twin, "twin", horizon)
        left = self.folder / "before" / "out"
        self.record("before", "before", points[0], out=left)
        source = "before"
        for n, point in enumerate(points, 1):
            process = f"after-{n}"
            out = self.folder / process / "out"
            shutil.copytree(left, out)
            until = points[n] if n < len(points) else horizon
            self.record(process, "after", until, f"{source}:step-{point}:{point}", out)
            left, source = out, process
        plain = []
        for process in ("plain-1", "plain-2")[: self.options.plain]:
            code, _, text = self.run(process, self.folder / process)
            plain.append((digest(self.folder / process / "final.pt"), milliseconds(text)))
        control = digest(self.folder / "control" / "out" / "final.pt")
        resumed = digest(self.folder / f"after-{len(points)}" / "out" / "final.pt")
        equals = [f"recorded = plain: {yes(control == plain[0][0])}"] if plain else []
        equals += [f"plain = plain: {yes(plain[0][0] == plain[1][0])}"] if len(plain) > 1 else []
        equals += [f"control = twin: {yes(equal)}", f"resumed = control: {yes(resumed == control)}"]
        steps_took = " / ".join(took for _, took in plain) or "not run"
        return f"{self.name:36} {'  '.join(equals)}  step {milliseconds(recorded)} ms recorded, {steps_took} ms plain"

    def clean(self):
        """Leaves the traces and the logs."""
        for out in (*self.folder.glob("*/out"), self.folder / "plain-1", self.folder / "plain-2"):
            shutil.rmtree(out, ignore_errors=True)


def records(folder):
    with open(folder / "trace.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def steps(folder):
    """What a process did in its steps, without how long it took."""
    return [{**record, "seconds": 0} for record in records(folder) if record["kind"] == "step"]


def digest(file):
    """Of a file's tensors: an archive holds its own file's name and differs by it."""
    if not file.exists():
        return f"{file} is missing"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def milliseconds(text):
    found = re.search(r"median step ([\d.]+) ms", text)
    return found[1] if found else "?"


def yes(value):
    return "yes" if value else "NO"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="runs")
    parser.add_argument(
        "--resume-at", type=lambda text: [int(part) for part in text.split(",")], default=[4, 8]
    )
    parser.add_argument("--horizon", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2, help="how many cases run beside each other")
    parser.add_argument(
        "--fixed", action="store_true", help="run each script that tells of --fixed with it, too"
    )
    parser.add_argument("--plain", type=int, default=2, help="how many runs are not recorded")
    parser.add_argument("--keep", action="store_true", help="keep the folders that the scripts wrote")
    parser.add_argument("--device")
    parser.add_argument("scripts", nargs="+")
    options = parser.parse_args()
    options.arguments = ["--device", options.device] if options.device else []
    cases = []
    for script in options.scripts:
        has_cure = options.fixed and "--fixed" in Path(script).read_text(encoding="utf-8")
        cases += [Case(options, script, flags) for flags in ([[], ["--fixed"]] if has_cure else [[]])]

    def prove(case):
        try:
            line = case.prove()
        except Exception as error:
            line = f"{case.name:36} {type(error).__name__}: {error}"
        if not options.keep:
            case.clean()
        print(line, flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(prove, cases))


if __name__ == "__main__":
    main()
