"""Finds the averages of a model's weights: copies of the model, objects that hold a list or a dictionary, and what was given."""

from typing import NamedTuple

from .model import names_of
from .trace_file import say

SHADOWS = ("shadow_params", "shadow")


class Average(NamedTuple):
    prefix: str  # of its names, where there are several averages
    tensors: dict  # by the model's names
    buffers: dict
    counters: dict
    holder: object


class Averages:
    def __init__(self, torch):
        self.torch = torch
        self.given = []
        self.refused = set()

    def give(self, average):
        """@param average: what `record(ema=…)` accepts, or a list or a dictionary of these."""
        if isinstance(average, dict) and not self._is_average(average):
            average = list(average.values())
        several = isinstance(average, (list, tuple)) and not self._is_average(average)
        self.given += average if several else [average]

    def find(self, model):
        """Returns each `Average`, in the same order in every process."""
        named = model.parameters()
        shapes = {name: parameter.shape for name, parameter in named}
        places = {parameter.data_ptr() for _, parameter in named if parameter.numel()}
        roots = {id(module) for module in model.modules()}
        found, seen = [], set()
        for thing in self.given:
            average = self._of(thing() if self._is_function(thing) else thing, model, named)
            if average is None:
                self._refuse(thing, "its tensors do not match the model's parameters by name and shape")
            else:
                seen |= {id(tensor) for tensor in average[0].values()}
                found.append(average)
        modules, others = [], []
        outermost, objects = model.alive.find(self.torch)
        for one in outermost:
            if id(one) in roots:
                continue
            tensors = matching(dict(names_of(one, "parameters")), shapes)
            if tensors is not None and not any(t.data_ptr() in places for t in tensors.values() if t.numel()):
                modules.append((one, tensors))
        for one in objects:
            if _shadows(one) is None:
                continue
            average = self._of(one, model, named)
            if average is not None:
                others.append((type(one).__name__, average))
            else:
                self._refuse(
                    one, "its tensors do not match the model's parameters: pass it to resumeproof.record(ema=…)"
                )
        modules.sort(key=lambda one: (type(one[0]).__name__, sorted(one[1])))
        others.sort(key=lambda one: one[0])
        found += [
            (tensors, dict(one.named_buffers()), {}, one)
            for one, tensors in modules
            if not seen & {id(tensor) for tensor in tensors.values()}
        ]
        found += [one for _, one in others if not seen & {id(tensor) for tensor in one[0].values()}]
        return [Average("" if len(found) == 1 else f"{at}.", *one) for at, one in enumerate(found)]

    def _is_average(self, thing):
        """Whether a list or a dictionary is one average, and not several."""
        values = thing.values() if isinstance(thing, dict) else thing
        return isinstance(thing, (dict, list, tuple)) and all(map(self.torch.is_tensor, values))

    def _is_function(self, thing):
        return callable(thing) and not isinstance(thing, self.torch.nn.Module) and _shadows(thing) is None

    def _of(self, thing, model, named):
        """The tensors by the model's names, the buffers, the counters and what holds them; None where they do not match."""
        buffers, counters = {}, {}
        if isinstance(thing, self.torch.nn.Module):
            buffers, held = dict(thing.named_buffers()), dict(names_of(thing, "parameters"))
        elif isinstance(thing, (dict, list, tuple)):
            held = thing
        else:
            held = _shadows(thing)
            state = getattr(thing, "state_dict", None)
            told = state() if callable(state) else vars(thing)
            counters = {
                name: value
                for name, value in told.items()
                if value is None or isinstance(value, (bool, int, float, str)) or _is_single(self.torch, value)
            }
        if isinstance(held, dict):
            shapes = {name: tensor.shape for name, tensor in named}
            if isinstance(thing, dict):
                # The rest of a state dictionary: running statistics.
                rest = {name for name, _ in model.buffers()} - set(shapes)
                buffers = {name: held[name] for name in held if name in rest}
                held = {name: held[name] for name in held if name not in rest}
            trained = {name: tensor.shape for name, tensor in named if tensor.requires_grad}
            tensors = matching(held, shapes) or matching(held, trained)
        else:
            tensors = _by_place(held, named)
        return None if tensors is None else (tensors, buffers, counters, thing)

    def _refuse(self, thing, why):
        if id(thing) not in self.refused:
            self.refused.add(id(thing))
            say(f"an average is not recorded ({type(thing).__name__}): {why}")


def matching(held, shapes):
    """
    Tensors by the model's names for them, of which there must be exactly these. A prefix of names, as in `ema_model.`, is
    cut. None where they do not match.
    """
    for cut in range(3):
        found = {}
        for name, tensor in held.items():
            end = ".".join(str(name).split(".")[cut:])
            if shapes.get(end) != getattr(tensor, "shape", None):
                break
            found[end] = tensor
        else:
            return found if len(found) == len(shapes) > 0 else None
    return None


def _by_place(held, named):
    """A list of tensors, in the order of `model.parameters()`: of all, or of those that are trained."""
    once = list({id(tensor): (name, tensor) for name, tensor in reversed(named)}.values())[::-1]
    for some in (once, [(name, tensor) for name, tensor in once if tensor.requires_grad]):
        if held is not None and [t.shape for _, t in some] == [getattr(t, "shape", None) for t in held]:
            return {name: tensor for (name, _), tensor in zip(some, held)} or None
    return None


def _shadows(thing):
    for name in SHADOWS:
        held = getattr(thing, "__dict__", {}).get(name)
        if isinstance(held, (dict, list, tuple)) and len(held) > 0:
            return held
    return None


def _is_single(torch, value):
    return torch.is_tensor(value) and value.dim() == 0
