"""What a state says of optimizers before and after a save and a load. It needs torch."""

import io
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from resumeproof.measure import Sketcher  # noqa: E402
from resumeproof.program import Program  # noqa: E402
from resumeproof.state import States  # noqa: E402


def program_of(model, optimizer, schedule):
    program = Program(torch)
    program.track("optimizer", optimizer)
    program.track("schedule", schedule)
    program.find_model()
    return program


class Counting(torch.optim.SGD):
    """Keeps its count as a number, and a history as a list, as optimizers of one's own do."""

    @torch.no_grad()
    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                state["step"] = state.get("step", 0) + 1
                state.setdefault("history", []).append(parameter.norm())


def trained(seed, rate):
    torch.manual_seed(seed)
    model = torch.nn.Linear(2, 1)
    optimizer = Counting(model.parameters(), lr=rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=9)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(4, 2)).square().sum().backward()
        optimizer.step()
        schedule.step()
    optimizer.zero_grad()
    return model, optimizer, schedule


def described(program):
    states = States(torch, Sketcher(torch))
    return states.counters(program, []), states.tensors(program, [], lambda parameter: parameter.grad is not None)


def test_what_a_load_changes_harmlessly_is_equal():
    saved, loaded = trained(0, 0.1), trained(1, torch.tensor(0.1))
    file = io.BytesIO()
    torch.save([one.state_dict() for one in saved], file)
    file.seek(0)
    for one, state in zip(loaded, torch.load(file)):
        one.load_state_dict(state)
    state = loaded[1].state[loaded[0].weight]
    # Seen in a real program: torch makes a tensor of the parameter's type of it.
    state["step"] = torch.tensor(float(state["step"]))
    loaded[1].param_groups[0]["lr"] = torch.tensor(loaded[1].param_groups[0]["lr"], dtype=torch.float64)
    loaded[1].param_groups[0]["betas"] = [0.9, 0.999]
    saved[1].param_groups[0]["betas"] = (0.9, 0.999)
    assert described(program_of(*loaded)) == described(program_of(*saved))


def test_other_values_are_not():
    saved, loaded = trained(0, 0.1), trained(0, 0.1)
    loaded[1].state[loaded[0].weight]["step"] += 1
    counters, tensors = described(program_of(*loaded))
    assert tensors == described(program_of(*saved))[1]
    assert counters != described(program_of(*saved))[0]
