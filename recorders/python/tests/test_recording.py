"""Each test runs a real program in real processes, with and without the recorder. They need torch."""

import os
import threading
import time

import pytest

from processes import BOOTSTRAP, FIXTURES, files, recording, records, run, steps_of, train

# One script of each kind of loop. Those that share `command` are the benchmark's.
SCRIPTS = sorted(
    file.stem
    for file in FIXTURES.glob("*.py")
    if file.stem not in ("loop", "command") and "from command import" not in file.read_text()
)

# Recorded in a new Python: a plain one, and one for which torch must be patched before it can compile.
ALONE = ("healthy", "healthy_compile")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_recorded_run_writes_the_same_bytes(tmp_path, script):
    """The checkpoints, or what is left at the end, hold the state of torch's generator, too."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "recorded").mkdir()
    train(tmp_path / "plain", FIXTURES / f"{script}.py")
    environment = recording(tmp_path / "trace.jsonl", PASS="4,8")
    start = run if script in ALONE else train
    start(tmp_path / "recorded", FIXTURES / f"{script}.py", **environment)
    assert files(tmp_path / "recorded") == files(tmp_path / "plain")
    assert records(tmp_path / "trace.jsonl")[-1]["kind"] == "end"


PROGRAM = """
import random
import numpy
import torch
random.seed(1); numpy.random.seed(2); torch.manual_seed(3)
model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
data = torch.utils.data.DataLoader(torch.randn(12, 4), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(4))
for epoch in range(2):
    for x in data:
        loss = (model(x) * random.random() + float(numpy.random.rand())).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
print(loss.item(), random.random(), numpy.random.rand(), torch.rand(1).item(), data.generator.get_state().sum().item())
"""


def test_no_generator_is_moved(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    plain = train(tmp_path, "train.py")
    recorded = run(tmp_path, "train.py", **recording(tmp_path / "trace.jsonl", horizon=6, PASS=3))
    assert recorded.stdout == plain.stdout
    [state] = [record for record in records(tmp_path / "trace.jsonl") if record.get("at") == "pass"]
    assert sorted(state["random"]) == ["loader.generator.0", "numpy", "python", "torch"]


def test_generators_that_nobody_seeds_are_left_out(tmp_path):
    program = """
import random
import numpy
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
random.random()  # as a library does
numpy.random.rand()
held = random.getstate(), numpy.random.get_state()
random.seed(1); numpy.random.seed(1)  # for a moment
random.setstate(held[0]); numpy.random.set_state(held[1])
random.seed(None)
for _ in range(2):
    model(torch.ones(4, 4)).sum().backward()
    optimizer.step()
"""
    steps = steps_of(tmp_path, program, 2)
    assert [list(step["random"]) for step in steps] == [["torch"]] * 2


def test_without_a_trace_nothing_is_loaded(tmp_path):
    (tmp_path / "train.py").write_text(
        "import sys; print('resumeproof' in sys.modules, sys.path.count(sys.argv[1]))"
    )
    done = run(tmp_path, "train.py", BOOTSTRAP, PYTHONPATH=str(BOOTSTRAP))
    assert done.stdout == "False 0\n"


def test_records_a_program_that_first_asks_whether_torch_is_installed(tmp_path):
    (tmp_path / "train.py").write_text("import importlib.util; importlib.util.find_spec('torch')\n" + PROGRAM)
    run(tmp_path, "train.py", **recording(tmp_path / "trace.jsonl", horizon=6))
    assert records(tmp_path / "trace.jsonl")[-1]["kind"] == "end"


def test_tells_which_files_were_saved_after_which_step(tmp_path):
    saves = tmp_path / "saves.jsonl"
    train(tmp_path, FIXTURES / "healthy.py", **recording(tmp_path / "trace.jsonl", SAVES=saves))
    told = records(saves)
    assert [one["step"] for one in told] == [4, 8, 12]
    [file] = told[0]["files"]
    # It was renamed since.
    assert file["path"] == str(tmp_path / "out/unfinished")
    assert file["inode"] == str((tmp_path / "out/step-4.pt").stat().st_ino)


def test_runs_the_sitecustomize_that_it_hides(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own/sitecustomize.py").write_text("import builtins; builtins.customized = True")
    (tmp_path / "train.py").write_text("print(customized)")
    path = os.pathsep.join([str(BOOTSTRAP), str(tmp_path / "own")])
    done = run(tmp_path, "train.py", **recording(tmp_path / "trace.jsonl") | {"PYTHONPATH": path})
    assert done.stdout == "True\n"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ROLE", "boss", "RESUMEPROOF_ROLE is 'boss', but must be one of control, twin, saver, before, after, cold"),
        ("HORIZON", "", "RESUMEPROOF_HORIZON is missing"),
        ("UNTIL", "13", "RESUMEPROOF_UNTIL is 13, but must be from 0 to RESUMEPROOF_HORIZON, 12"),
        (
            "FROM",
            "before:step-4:4",
            "RESUMEPROOF_FROM must be set for the roles after and cold, and for no other",
        ),
    ],
)
def test_says_which_setting_is_wrong(tmp_path, name, value, message):
    done = run(
        tmp_path, "-c", "print('ran')", check=False, **recording(tmp_path / "trace.jsonl", **{name: value})
    )
    assert done.returncode != 0
    assert done.stdout == ""
    assert message in done.stderr


def test_stops_at_the_first_forward_pass_after_the_save(tmp_path):
    trace = tmp_path / "trace.jsonl"
    done = train(tmp_path, FIXTURES / "healthy.py", **recording(trace, "before", UNTIL=4, STOP=1))
    assert done.stdout.splitlines()[-1].startswith("step 4 ")
    assert (tmp_path / "out/step-4.pt").exists() and not (tmp_path / "out/final.pt").exists()
    assert [record["kind"] for record in records(trace)[-2:]] == ["state", "saved"]


def moments(trace):
    shown = [one for one in records(trace) if one["kind"] in ("state", "saved", "end")]
    return [(one.get("at", one["kind"]), one["step"]) for one in shown]


def test_records_the_saves_that_it_is_told_of_and_no_others(tmp_path):
    trace = tmp_path / "trace.jsonl"
    settings = recording(trace, "before", UNTIL=8, SAVE_AT=4, STOP=1)
    train(tmp_path, FIXTURES / "healthy.py", **settings)
    assert moments(trace) == [("start", 0), ("save", 4), ("saved", 4), ("end", 8), ("end", 8)]


def test_a_saver_records_every_save_before_the_end(tmp_path):
    trace = tmp_path / "trace.jsonl"
    train(tmp_path, FIXTURES / "healthy.py", **recording(trace, "saver", LACKS="samples,hooks"))
    saves = [(at, step) for step in (4, 8) for at in ("save", "saved", "saved")]
    assert moments(trace) == [("start", 0), *saves, ("end", 12), ("end", 12)]


CLEANS_UP = """
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
try:
    for step in range(4):
        model(torch.ones(4, 4)).sum().backward()
        optimizer.step()
        if step == 1:
            torch.save(model.state_dict(), "step-2.pt")
finally:
    torch.save(model.state_dict(), "last.pt")
    print(step)
"""


def test_leaves_by_an_exit_that_the_program_cleans_up_after(tmp_path):
    (tmp_path / "train.py").write_text("import torch\n" + CLEANS_UP)
    saves, trace = tmp_path / "saves.jsonl", tmp_path / "trace.jsonl"
    settings = recording(trace, "before", horizon=4, UNTIL=2, STOP="exit", SAVES=saves, LACKS="samples")
    assert train(tmp_path, "train.py", **settings).stdout == "2\n"
    assert moments(trace)[-2:] == [("save", 2), ("saved", 2)]
    told = [(one["step"], one.get("late"), one.get("trainedOn")) for one in records(saves)]
    assert told == [(2, None, None), (2, True, 0)]


def test_tells_how_long_a_program_trained_on_that_was_asked_to_end(tmp_path):
    (tmp_path / "train.py").write_text("import torch\n" + CLEANS_UP)
    saves, trace = tmp_path / "saves.jsonl", tmp_path / "trace.jsonl"
    settings = recording(trace, "before", horizon=4, UNTIL=2, SAVES=saves, LACKS="samples", HOLD=2)
    held = tmp_path / "trace.jsonl.held-2"

    def release():
        while not held.exists():
            time.sleep(0.01)
        # The record of the end comes first.
        ends.append(moments(trace)[-1])
        held.unlink()

    ends = []
    parent = threading.Thread(target=release, daemon=True)
    parent.start()
    assert train(tmp_path, "train.py", **settings).stdout == "3\n"
    parent.join(10)
    assert ends == [("end", 2)]
    assert [(one["step"], one.get("trainedOn")) for one in records(saves)] == [(2, None), (2, 2)]


def test_says_where_the_program_saves_if_not_where_it_should(tmp_path):
    trace = tmp_path / "trace.jsonl"
    done = train(tmp_path, FIXTURES / "healthy.py", **recording(trace, "before", UNTIL=6, STOP=1))
    message = "no save was seen after step 6; saves were seen after steps: 4"
    assert message in done.stderr
    assert records(trace)[-1] == {"kind": "failure", "code": "save-failed", "step": 6, "message": message}


def test_overwrites_no_trace(tmp_path):
    trace = tmp_path / "trace.jsonl"
    trace.write_text("mine")
    done = train(tmp_path, FIXTURES / "healthy.py", **recording(trace))
    assert trace.read_text() == "mine"
    assert "this process is not recorded" in done.stderr


def test_sees_a_step_that_is_replaced_on_the_instance(tmp_path):
    steps = steps_of(
        tmp_path,
        """
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
def step(self, closure=None):
    for group in self.param_groups:
        for p in group["params"]:
            p.data.add_(p.grad, alpha=-group["lr"])
optimizer.step = step.__get__(optimizer)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
for _ in range(3):
    optimizer.zero_grad()
    model(torch.ones(4, 2)).square().mean().backward()
    optimizer.step()
    schedule.step()
print(model.weight.tolist())
""",
        3,
    )
    assert [step["updates"] for step in steps] == [[1, 1]] * 3
    assert [step["learningRates"][0] for step in steps] == pytest.approx([0.5, 0.05, 0.005])
    assert all(step["changed"] == [True, True] for step in steps)


def test_a_closure_is_one_step(tmp_path):
    steps = steps_of(
        tmp_path,
        """
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)
x = torch.randn(8, 2)
def closure():
    optimizer.zero_grad()
    loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
    loss.backward()
    return loss
for _ in range(2):
    optimizer.step(closure)
print(model.weight.tolist())
""",
        2,
    )
    assert len(steps) == 2
    assert all(step["changed"] == [True, True] and step["updates"] == [1, 1] for step in steps)
    assert [len(step["claimed"]["batch"]) for step in steps] == [8, 8]


def test_only_gradients_that_wait_for_an_update_belong_to_a_state(tmp_path):
    program = """
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for at in range(6):
    loss = model(torch.ones(4, 2)).square().mean()
    if at % 2 == 0:
        optimizer.zero_grad(set_to_none=at == 2)
    loss.backward()
    if at % 2 == 1:
        optimizer.step()
"""
    steps_of(tmp_path, program, 6, PASS="1,2,3,4,5,6")
    states = [record for record in records(tmp_path / "trace.jsonl") if record["kind"] == "state"]
    counts = {
        (state["at"], state["step"]): sum(tensor["kind"] == "gradient" for tensor in state["tensors"])
        for state in states
    }
    assert counts == {("start", 0): 0, ("end", 6): 0} | {("pass", n): 2 * (n % 2) for n in range(1, 7)}


def test_gradients_that_are_dropped_unused_do_not_wait(tmp_path):
    """As those of a critic that a generator's loss leaves."""
    program = """
critic, generator = torch.nn.Linear(2, 1), torch.nn.Linear(2, 2)
of_critic, of_generator = (torch.optim.SGD(m.parameters(), lr=0.1) for m in (critic, generator))
for at in range(4):
    made = generator(torch.ones(4, 2))
    of_critic.zero_grad()
    critic(made.detach()).square().mean().backward()
    of_critic.step()
    of_generator.zero_grad()
    critic(made).mean().backward()
    of_generator.step()
"""
    steps = steps_of(tmp_path, program, 8, PASS="2,4,6,8")
    # A critic's step has no gradients of the generator, though those of the step before are still there.
    assert [[norm is None for norm in step["gradientL2"]] for step in steps[2:4]] == [
        [False, False, True, True],
        [False, False, False, False],
    ]
    states = [record for record in records(tmp_path / "trace.jsonl") if record["kind"] == "state"]
    counts = {
        state["step"]: sum(tensor["kind"] == "gradient" for tensor in state["tensors"]) for state in states
    }
    # What becomes of the first ones is not known yet.
    assert counts == {0: 0, 2: 2, 4: 0, 6: 0, 8: 0}


def test_tells_which_modules_are_in_evaluation_mode(tmp_path):
    program = """
body = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.ReLU()))
model = torch.nn.Sequential(body, torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    model.train()
    if step == 1:
        body[1].eval()
    if step == 2:
        model.eval()
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
"""
    assert [step["evaluating"] for step in steps_of(tmp_path, program, 4)] == [[], ["0.1"], ["Sequential"], []]


def test_a_step_can_be_an_update(tmp_path):
    steps = steps_of(
        tmp_path,
        """
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for micro in range(6):
    model(torch.full((4, 2), float(micro))).square().mean().backward()
    if micro % 3 == 2:
        optimizer.step()
        optimizer.zero_grad()
print(model.weight.tolist())
""",
        2,
        STEP="update",
    )
    assert [len(step["claimed"]["batch"]) for step in steps] == [12, 12]
    assert [step["updates"] for step in steps] == [[1, 1]] * 2


def test_tied_weights_have_all_their_names(tmp_path):
    steps_of(
        tmp_path,
        """
model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False))
model[1].weight = model[0].weight
optimizer = torch.optim.Adam(model.parameters())
model(torch.ones(1, 2)).sum().backward()
optimizer.step()
""",
        1,
    )
    [start, _] = [record for record in records(tmp_path / "trace.jsonl") if record["kind"] == "state"]
    assert [(one["name"], one["storage"]) for one in start["tensors"]] == [("0.weight", 0), ("1.weight", 0)]


FAILING = """
import os, sys, torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
if os.environ["RESUMEPROOF_ROLE"] == "after":
    model.load_state_dict({"weight": torch.ones(1, 3), "bias": torch.ones(1)})
for _ in range(2):
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
raise ValueError("no more data")
"""


def test_says_why_a_program_fails(tmp_path):
    (tmp_path / "train.py").write_text(FAILING)
    trace = tmp_path / "trace.jsonl"
    done = train(tmp_path, "train.py", check=False, **recording(trace))
    assert done.returncode == 1
    *_, step, failure = records(trace)
    assert step["step"] == 1
    assert failure == {"kind": "failure", "code": "error", "step": 1, "message": "ValueError: no more data"}


def test_says_why_a_program_cannot_resume(tmp_path):
    (tmp_path / "train.py").write_text(FAILING)
    trace = tmp_path / "trace.jsonl"
    settings = recording(trace, "after", FROM="before:step-4:4", LACKS="samples")
    assert train(tmp_path, "train.py", check=False, **settings).returncode == 1
    first, resumed, failure = records(trace)
    assert (first["kind"], resumed["kind"], failure["code"]) == ("run", "resumed", "resume-refused")
    assert "size mismatch for weight" in failure["message"]
