"""Collects what the program does between two steps: backward passes, gradient hooks, updates and saves."""

import time

from .measure import dense, norms


class Step:
    """What was seen since the last step was closed. Parameters are keyed by identity."""

    def __init__(self):
        self.began = time.perf_counter()
        self.probing = 0.0
        self.backwards = 0
        self.attempts = 0  # updates that were tried; a loss scaler may skip one
        self.losses = []
        self.batch = []
        self.gradients = {}
        self.applied = {}
        self.hook_calls = {}
        self.updates = {}
        self.rates = {}
        self.claimed_rates = {}
        self.saves = []


class Observer:
    def __init__(self, torch, program, columns):
        self.torch = torch
        self.program = program
        self.columns = columns
        self.step = Step()
        self.seen_hooks = False
        self.hooked_in = {}  # parameter: the backward pass in which a hook of it was called last
        self.optimizing = 0
        self.hook_rate = None  # the learning rate that the running hook read from a parameter group
        self.in_hook = False

    def next_step(self):
        seen, self.step = self.step, Step()
        self.hooked_in = {}
        return seen

    # Backward passes

    def backward_ended(self, roots):
        seen = self.step
        seen.losses += [root.detach().sum().to(self.torch.float64) for root in roots]
        shown = [
            p for p in self.columns.parameters
            if p.grad is not None and self.hooked_in.get(id(p)) != seen.backwards
        ]
        for parameter, norm in zip(shown, norms(self.torch, [dense(p.grad) for p in shown])):
            seen.gradients[id(parameter)] = norm
        seen.backwards += 1

    # Gradient hooks

    def run_hook(self, parameter, hook):
        """Calls a hook of the program, and tells from the parameter and the group that it reads what the hook did."""
        seen, key = self.step, id(parameter)
        gradient = parameter.grad
        if gradient is not None and self.hooked_in.get(key) != seen.backwards:
            seen.gradients[key] = norms(self.torch, [dense(gradient)])[0]
        self.hooked_in[key] = seen.backwards
        version, updates = parameter._version, seen.updates.get(key, 0)
        outer = (self.in_hook, self.hook_rate)
        self.in_hook, self.hook_rate = True, None
        try:
            return hook(parameter)
        finally:
            rate = self.hook_rate
            self.in_hook, self.hook_rate = outer
            seen.hook_calls[key] = seen.hook_calls.get(key, 0) + 1
            stepped = seen.updates.get(key, 0) > updates
            if not stepped and (parameter._version != version or rate is not None):
                self.updated_by_hook(parameter, gradient, rate)

    def updated_by_hook(self, parameter, gradient, rate):
        """The hook updated its parameter without `optimizer.step`."""
        seen, key = self.step, id(parameter)
        seen.attempts += 1
        seen.updates[key] = seen.updates.get(key, 0) + 1
        if gradient is not None:
            # As the hook left it: clipping is in place.
            seen.applied[key] = norms(self.torch, [dense(gradient)])[0]
        if rate is not None:
            seen.rates[key] = _copied(self.torch, rate)
        _, optimizer, _ = self.columns.group_of.get(key, (None, None, None))
        if optimizer is not None:
            self.claim(optimizer)

    def claim(self, optimizer):
        """What a log shows: the rates of the groups that the optimizer has now."""
        rates = self.program.rates(optimizer)
        self.step.claimed_rates.update({label: _copied(self.torch, rate) for label, rate in rates.items()})

    # Optimizers

    def optimizer_begins(self, optimizer):
        """Returns what `optimizer_updated` needs: nothing inside of another call of `step`."""
        self.optimizing += 1
        if self.optimizing > 1:
            return []
        seen = self.step
        seen.attempts += 1
        self.claim(optimizer)
        held = [
            (parameter, _copied(self.torch, group.get("lr")))
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        used = norms(self.torch, [dense(parameter.grad) for parameter, _ in held])
        for (parameter, _), norm in zip(held, used):
            seen.gradients.setdefault(id(parameter), norm)
        return list(zip(held, used))

    def optimizer_updated(self, held):
        seen = self.step
        for (parameter, rate), norm in held:
            key = id(parameter)
            seen.updates[key] = seen.updates.get(key, 0) + 1
            seen.applied[key] = norm
            if rate is not None:
                seen.rates[key] = rate


def _copied(torch, value):
    """A learning rate may be a tensor, which the schedule then changes in place."""
    return value.detach().clone() if torch.is_tensor(value) else value
