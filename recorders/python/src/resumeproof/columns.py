"""The parameters that a step's columns stand for, and what a step did to them."""

from .measure import norm, norms


class Columns:
    def __init__(self, torch):
        self.torch = torch
        self.names = []
        self.groups = []
        self.parameters = []
        self.group_of = {}
        self.at = {}
        self.previous = {}

    def resolve(self, program):
        """Asks the model for its parameters, which may be other tensors than before."""
        named = program.model.parameters()
        self.group_of = program.groups()
        self.names = [name for name, _ in named]
        self.parameters = [parameter for _, parameter in named]
        self.groups = [self.group_of[id(p)][0] if id(p) in self.group_of else None for p in self.parameters]
        self.at = {id(parameter): at for at, parameter in enumerate(self.parameters)}

    def remember(self):
        """Keeps the values that the next step starts from."""
        self.previous = {name: p.detach().clone() for name, p in zip(self.names, self.parameters)}

    def measure(self, readback):
        """
        Queues the norms of each parameter, and of its difference from the values kept. Returns a function that gives the
        columns once the readback was fetched, and keeps the values of now.
        """
        torch = self.torch
        values = [parameter.detach() for parameter in self.parameters]
        kept = [self._kept(name, value) for name, value in zip(self.names, values)]
        self.previous = dict(zip(self.names, kept))
        if all(value.device.type == "cpu" for value in values):
            return self._measure_in_cache(values, kept)
        torch._foreach_sub_(kept, values)
        lengths = [readback.add(norm) for norm in norms(torch, values)]
        moved = [readback.add(norm) for norm in norms(torch, kept)]

        def columns():
            updates = [value() for value in moved]
            changed = [_is_change(*one) for one in zip(updates, kept)]
            torch._foreach_copy_(kept, values)
            return [value() for value in lengths], updates, changed

        return columns

    def _measure_in_cache(self, values, kept):
        """On a CPU, all that is done to one tensor is done while it lies in the cache."""
        lengths, updates, changed = [], [], []
        for before, value in zip(kept, values):
            update = norm(self.torch, before.sub_(value)).item()
            updates.append(update)
            changed.append(_is_change(update, before))
            before.copy_(value)
            lengths.append(norm(self.torch, value).item())
        return lambda: (lengths, updates, changed)

    def _kept(self, name, value):
        """The values before the step. A parameter that the model did not have then has not moved."""
        kept = self.previous.get(name)
        if kept is None or kept.shape != value.shape:
            return value.clone()
        return kept.to(device=value.device, dtype=value.dtype)

    def column(self, found, readback):
        """Queues what was seen of some parameters, by identity. The others have None."""
        queued = [readback.number(found.get(id(parameter))) for parameter in self.parameters]
        return lambda: [value() for value in queued]

    def astray(self, counts):
        """How many of the counts belong to tensors that are not, or no longer, parameters of the model."""
        return sum(count for key, count in counts.items() if key not in self.at)


def _is_change(update, difference):
    """The norm of tiny differences rounds to 0. Not a number is a change, too."""
    return update != 0 or bool(difference.any())
