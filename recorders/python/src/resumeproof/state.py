"""Describes everything that a resume must restore, as a `state` record."""

import math
import numbers

from .measure import Readback, dense, hex64, sha256, wrapping_digests
from .program import group_label
from .trace_file import real


class States:
    def __init__(self, torch, sketcher):
        self.torch = torch
        self.sketcher = sketcher

    def tensors(self, program, averages, waits):
        """
        A record of each tensor. Tied ones are measured once.

        @param waits: tells whether a parameter has a gradient that is yet to be used
        """
        torch = self.torch
        found = [
            (kind, name, dense(tensor), more) for kind, name, tensor, more in _tensors(program, averages, waits)
        ]
        readback = Readback(torch)
        measured = {}
        for _, _, tensor, _ in found:
            place = _place(tensor)
            if place not in measured:
                summary = [readback.add(value) for value in self.sketcher.summarize(tensor)]
                measured[place] = (len(measured), self._digests(tensor, readback), summary)
        readback.fetch()
        return [
            _record(kind, name, tensor, more, *measured[_place(tensor)]) for kind, name, tensor, more in found
        ]

    def _digests(self, tensor, readback):
        """On a GPU, what it can compute by itself; on the CPU, the SHA-256 of the bytes."""
        if tensor.device.type == "cpu":
            digest = sha256(self.torch, tensor)
            return lambda: {"digest": digest}
        ordered, unordered = map(readback.add, wrapping_digests(self.torch, tensor))
        return lambda: {"digest": hex64(ordered()), "unordered": hex64(unordered())}

    def counters(self, program, averages):
        """The scalars that optimizers, schedules, loss scales, samplers and averages hold."""
        return {**self.step_counters(program), **dict(_counters(self.torch, program, averages))}

    def step_counters(self, program):
        """Those that change with each step and lie on no device."""
        return dict(_step_counters(self.torch, program))


def _record(kind, name, tensor, more, storage, digests, summary):
    squares, *sketch = (value() for value in summary)
    return {
        "kind": kind,
        "name": name,
        **more,
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "storage": storage,
        **digests(),
        "l2": real(squares**0.5),
        "sketch": [real(value) for value in sketch],
    }


def _tensors(program, averages, waits):
    """Yields kind, name, tensor, and what else is to be said of it."""
    groups = program.groups()
    for name, parameter in program.model.parameters():
        more = {"trainable": parameter.requires_grad}
        if id(parameter) in groups:
            more["group"] = groups[id(parameter)][0]
        yield "parameter", name, parameter, more
        if waits(parameter):
            yield "gradient", name, parameter.grad, {"parameter": name}
    for name, buffer in program.model.buffers():
        yield "buffer", name, buffer, {}
    for name, slot, value in _slots(program):
        if program.torch.is_tensor(value) and value.dim() > 0:
            yield "slot", f"{name}.{slot}", value, {"parameter": name}
    for average in averages:
        for name, tensor in average.tensors.items():
            yield "ema", f"{average.prefix}{name}", tensor, {"parameter": name}
        for name, buffer in average.buffers.items():
            if buffer.dim() > 0:
                yield "buffer", f"ema.{average.prefix}{name}", buffer, {}


def _place(tensor):
    """Equal for tensors that share memory. Weights that lie beside each other in one storage are not tied."""
    held = dense(tensor)
    if held.numel() == 0:
        return ("empty", id(tensor))
    return (held.device, held.data_ptr(), tensor.shape, tensor.dtype)


def _slots(program):
    """Yields parameter, slot and value of each optimizer's state."""
    for optimizer in program.optimizers():
        for parameter, state in optimizer.state.items():
            name = program.model.names.of(parameter) if program.torch.is_tensor(parameter) else None
            if name is not None and isinstance(state, dict):
                for path, value in _flat("", state):
                    yield name, path, value


def _flat(path, value):
    """The values in a nest of lists and dictionaries, by path."""
    if isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _flat(f"{path}.{key}" if path else str(key), item)
    else:
        yield path, value


def _scalars(torch, path, value):
    for name, item in _flat(path, value):
        found = _scalar(torch, item)
        if found is not NO_SCALAR:
            yield name, found


def _step_counters(torch, program):
    for at, schedule in enumerate(program.schedules()):
        # Names with an underscore are torch's own: how often a schedule was called, for a warning.
        held = {key: value for key, value in schedule.state_dict().items() if not str(key).startswith("_")}
        yield from _scalars(torch, f"scheduler.{at}", held)
    for at, sampler in enumerate(program.samplers()):
        yield f"sampler.{at}.epoch", sampler.epoch


def _counters(torch, program, averages):
    def scalars(path, value):
        return _scalars(torch, path, value)

    optimizers = program.optimizers()
    for at, optimizer in enumerate(optimizers):
        for index, group in enumerate(optimizer.param_groups):
            held = {key: value for key, value in group.items() if key not in ("params", "param_names")}
            yield from scalars(f"optimizer.{group_label(optimizers, at, index)}", held)
    for name, slot, value in _slots(program):
        yield from scalars(f"optimizer.{name}.{slot}", value)
    for at, scaler in enumerate(program.scalers()):
        yield from scalars(f"loss_scale.{at}", scaler.state_dict())
    for average in averages:
        yield from scalars(f"ema.{average.prefix}".rstrip("."), {**average.buffers, **average.counters})


NO_SCALAR = object()


def _scalar(torch, value):
    """A counter's value. A tensor of one value and a number that are equal give the same."""
    if torch.is_tensor(value):
        if value.dim() > 0 or value.dtype.is_complex:
            return NO_SCALAR
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value[:4096]
    if isinstance(value, numbers.Real):
        number = float(value)
        if not math.isfinite(number):
            return repr(number)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return NO_SCALAR
