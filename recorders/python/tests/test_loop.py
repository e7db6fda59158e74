"""`resumeproof.record` in loops of one's own, and what it cannot be spared for. They need torch."""

import struct
import zlib

import pytest

from processes import recording, records, run, train


def test_does_nothing_outside_of_a_proof(tmp_path):
    (tmp_path / "train.py").write_text(
        """
import sys, time, resumeproof
def never(): raise AssertionError
rec = resumeproof.record(object(), [], scheduler=None, ema=never, sample=never)
began = time.perf_counter()
for _ in range(100_000):
    with rec.step() as s:
        s.claim(loss=1.0)
took = (time.perf_counter() - began) / 100_000
print("torch" in sys.modules, sorted(name for name in sys.modules if "resumeproof" in name), took < 5e-6)
"""
    )
    assert run(tmp_path, "train.py").stdout == "False ['resumeproof', 'resumeproof.loop'] True\n"


LOOP = """
import random
import numpy
import torch
import resumeproof

random.seed(1); numpy.random.seed(2); torch.manual_seed(3)
model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout(0.5), torch.nn.Linear(3, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
average = {name: p.detach().clone() for name, p in model.named_parameters()}
noise = torch.Generator().manual_seed(4)

def draw():
    model.eval()
    pixels = model(torch.rand(4 * 5, 3) + random.random() + numpy.random.rand()).reshape(1, 4, 5)
    return {"picture": pixels, "two": torch.rand(2, 3, 2, 2), "words": "caf\\u00e9", "array": numpy.full((2, 3, 3), 7, "uint8")}

rec = resumeproof.record(model, optimizer, ema=lambda: average, sample=draw, generator=noise)
for at in range(4):
    with rec.step() as s:
        for _ in range(2):
            loss = model(torch.rand(6, 3, generator=noise)).square().mean() * random.random()
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        s.claim(loss=loss.item(), learning_rate=0.1, batch=[at])
    average = {name: average[name].lerp(p.detach(), 0.5) for name, p in model.named_parameters()}
print(average, model.training, random.random(), numpy.random.rand(), torch.rand(1), noise.get_state().sum())
"""


def test_steps_averages_and_samples_of_a_loop(tmp_path):
    (tmp_path / "train.py").write_text(LOOP)
    plain = train(tmp_path, "train.py")
    recorded = train(tmp_path, "train.py", **recording(tmp_path / "trace.jsonl", horizon=4, PASS=2))
    assert recorded.stdout == plain.stdout
    found = records(tmp_path / "trace.jsonl")
    steps = [record for record in found if record["kind"] == "step"]
    assert [step["claimed"]["batch"] for step in steps] == [["0"], ["1"], ["2"], ["3"]]
    assert [step["claimed"]["learningRates"] for step in steps] == [{"0": 0.1}] * 4
    assert all(step["updates"] == [1] * 4 for step in steps)
    moments = [(record["at"], record["step"]) for record in found if record["kind"] == "state"]
    assert moments == [("start", 0), ("pass", 2), ("sampled", 2), ("end", 4), ("sampled", 4)]
    states = {record["at"]: record for record in found if record["kind"] == "state"}
    averages = [one["name"] for one in states["end"]["tensors"] if one["kind"] == "ema"]
    assert averages == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert sorted(states["end"]["random"]) == ["generator", "numpy", "python", "torch"]
    samples = [record for record in found if record["kind"] == "sample" and record["step"] == 4]
    assert [(one["name"], one["type"], one.get("width"), one.get("height")) for one in samples] == [
        ("picture", "image", 5, 4),
        ("two 0", "image", 2, 2),
        ("two 1", "image", 2, 2),
        ("words", "text", None, None),
        ("array", "image", 3, 2),
    ]
    assert (tmp_path / samples[3]["file"]).read_text(encoding="utf-8") == "café"
    data = (tmp_path / samples[4]["file"]).read_bytes()
    assert struct.unpack(">II", data[16:24]) == (3, 2)
    at = data.index(b"IDAT")
    assert zlib.decompress(data[at + 4 : at + 4 + struct.unpack(">I", data[at - 4 : at])[0]]) == (b"\0" + b"\7" * 9) * 2


def test_a_process_without_the_bootstrap_is_recorded_from_its_first_line(tmp_path):
    (tmp_path / "train.py").write_text(LOOP)
    environment = recording(tmp_path / "trace.jsonl", horizon=4, PASS=2)
    del environment["PYTHONPATH"]
    train(tmp_path, "train.py", **environment)
    steps = [record for record in records(tmp_path / "trace.jsonl") if record["kind"] == "step"]
    assert len(steps) == 4 and all(step["updates"] == [1] * 4 for step in steps)


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        ("torch.rand(2, 5, 5)", "sample 'sample': expected an image of channels × height × width"),
        ("[torch.full((3, 2, 2), torch.nan)]", "sample '0': expected finite numbers from 0 to 1"),
        ("object()", "sample 'sample': expected a PIL image, an array, a tensor or a text, received object"),
    ],
)
def test_says_what_is_wrong_with_a_sample(tmp_path, drawn, message):
    (tmp_path / "train.py").write_text(
        f"""
import torch, resumeproof
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
resumeproof.record(model, optimizer, sample=lambda: {drawn})
for _ in range(3):
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
"""
    )
    trace = tmp_path / "trace.jsonl"
    done = train(tmp_path, "train.py", check=False, **recording(trace, horizon=3, PASS=1))
    assert done.returncode == 1 and message in done.stderr
    assert records(trace)[-1]["kind"] == "failure" and message in records(trace)[-1]["message"]


AVERAGES = {
    "diffusers": (
        "from diffusers.training_utils import EMAModel\nema = EMAModel(model.parameters(), decay=0.5)",
        "ema.step(model.parameters())",
        "",
    ),
    "torch_ema": (
        "from torch_ema import ExponentialMovingAverage\nema = ExponentialMovingAverage(model.parameters(), 0.5)",
        "ema.update()",
        "",
    ),
    "timm V2": ("from timm.utils import ModelEmaV2\nema = ModelEmaV2(model, 0.5)", "ema.update(model)", ""),
    "timm V3": ("from timm.utils import ModelEmaV3\nema = ModelEmaV3(model, 0.5)", "ema.update(model)", ""),
    "a class of one's own": (
        """
class EMA:
    def __init__(self):
        self.shadow = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        self.backup = dict(self.shadow)
    def update(self):
        for n, p in model.named_parameters():
            self.shadow[n].lerp_(p.detach(), 0.5)
ema = EMA()
""",
        "ema.update()",
        "",
    ),
    "a list": (
        "import resumeproof\nema = [p.detach().clone() for p in model.parameters()]",
        "for e, p in zip(ema, model.parameters()): e.lerp_(p.detach(), 0.5)",
        "resumeproof.record(model, optimizer, ema=ema)",
    ),
}


@pytest.mark.parametrize("kind", AVERAGES)
def test_finds_averages(tmp_path, kind):
    make, update, tell = AVERAGES[kind]
    (tmp_path / "train.py").write_text(
        f"""
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
{make}
{tell}
for _ in range(2):
    model(torch.ones(4, 2)).square().sum().backward()
    optimizer.step()
    {update}
"""
    )
    trace = tmp_path / "trace.jsonl"
    done = train(tmp_path, "train.py", **recording(trace, horizon=2))
    assert "1 average," in done.stderr
    start, end = [record for record in records(trace) if record["kind"] == "state"]
    tensors = {(one["kind"], one["name"]): one["digest"] for one in end["tensors"]}
    names = ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert [name for kind, name in tensors if kind == "ema"] == names
    before = {(one["kind"], one["name"]): one["digest"] for one in start["tensors"]}
    assert all(tensors["ema", name] not in (tensors["parameter", name], before["ema", name]) for name in names)


def test_says_that_an_average_does_not_match(tmp_path):
    (tmp_path / "train.py").write_text(
        """
import torch, resumeproof
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
resumeproof.record(model, optimizer, ema={"other": torch.ones(3)})
model(torch.ones(4, 2)).sum().backward()
optimizer.step()
"""
    )
    done = train(tmp_path, "train.py", **recording(tmp_path / "trace.jsonl", horizon=1))
    said = "an average is not recorded (dict): its tensors do not match the model's parameters by name and shape"
    assert said in done.stderr
