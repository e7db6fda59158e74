"""
Measures what recording adds to a step, in one process: blocks of steps with and without the recorder, interleaved.
Without, the patches are still in place, and do nothing. --clock process counts the time of the processor, which other
programs on the machine disturb less; set OMP_NUM_THREADS=1 with it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", default="cpu")
parser.add_argument("--rows", type=int, default=128)
parser.add_argument("--blocks", type=int, default=12)
parser.add_argument("--steps", type=int, default=5, help="of a block")
parser.add_argument("--clock", choices=("wall", "process"), default="wall")
options = parser.parse_args()
now = time.perf_counter if options.clock == "wall" else time.process_time

folder = tempfile.mkdtemp()
horizon = 2 * options.blocks * options.steps + 1
os.environ.update(
    RESUMEPROOF_TRACE=os.path.join(folder, "trace.jsonl"),
    RESUMEPROOF_ROLE="control",
    RESUMEPROOF_HORIZON=str(horizon),
)
sys.path.append(str(Path(__file__).resolve().parents[1] / "src"))  # another version on PYTHONPATH comes first

import torch  # noqa: E402
from resumeproof.patches import patch  # noqa: E402
from resumeproof.random_state import Generators  # noqa: E402
from resumeproof.recorder import Recorder  # noqa: E402
from resumeproof.settings import settings_from  # noqa: E402

recorder = Recorder(torch, settings_from(), Generators())
patch(torch, recorder)
torch.manual_seed(0)


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x):
        return x + self.down(torch.nn.functional.gelu(self.up(self.norm(x))))


# 24 blocks of 6 tensors, and 4 around them: 148 tensors of 10.2 million numbers.
width = 230
model = torch.nn.Sequential(
    torch.nn.Linear(64, width), *(Block(width) for _ in range(24)), torch.nn.Linear(width, 64)
).to(options.device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
x = torch.randn(options.rows, 64, device=options.device)


def synchronize():
    if options.device == "cuda":
        torch.cuda.synchronize()


def steps(count):
    synchronize()
    began = now()
    for _ in range(count):
        loss = torch.nn.functional.mse_loss(model(x), x)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
    synchronize()
    return (now() - began) / count


steps(2)
times = {True: [], False: []}
for block in range(2 * options.blocks):
    is_recorded = block % 2 == 0
    recorder.done, recorder.waiting = not is_recorded, is_recorded
    recorder.observer.next_step()
    steps(1)
    times[is_recorded].append(steps(options.steps))
recorded, plain = (statistics.median(times[key]) * 1000 for key in (True, False))
began = now()
recorder.describe()
synchronize()
described = (now() - began) * 1000
print(
    f"{options.device}, {options.rows} rows, {sum(p.numel() for p in model.parameters()) / 1e6:.1f} million numbers in "
    f"{len(list(model.parameters()))} tensors: {plain:.2f} ms a step, {recorded:.2f} ms recorded "
    f"({recorded / plain:.3f}), a state of {12 * sum(p.numel() for p in model.parameters()) / 1e6:.0f} MB {described:.0f} ms",
    flush=True,
)
os._exit(0)
