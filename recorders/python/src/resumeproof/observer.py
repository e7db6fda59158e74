"""Collects what the program does between two steps: backward passes, gradient hooks, updates and saves."""

import time
import weakref

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
        self.norms = {}  # of gradients, by identity and version
        self.hook_calls = {}
        self.updates = {}
        self.rates = {}
        self.claimed_rates = {}
        self.evaluating = set()  # the names of modules in evaluation mode
        self.losses_told = []  # by the program itself, as are the next two
        self.rates_told = {}
        self.ids_told = None
        self.saves = []


class Observer:
    def __init__(self, torch, program, columns):
        self.torch = torch
        self.program = program
        self.columns = columns
        self.step = Step()
        self.hooked = []  # the parameters that the program registered hooks of, weak
        self.steps_itself = False  # whether the program called `optimizer.step` outside of gradient hooks
        self.hooked_in = {}  # parameter: the backward pass in which a hook of it was called last
        self.used = {}  # parameter: the gradient that an update used last, weak, and its version
        self.dropped = set()  # the parameters whose gradients the program drops without using them
        self.optimizing = 0
        self.hook_rate = None  # the learning rate that the running hook read from a parameter group
        self.in_hook = False

    def steps_in_hooks(self):
        """
        Whether the program updates in gradient hooks only: then each of its backward passes is meant to update, also where
        the hooks lie on tensors that get no gradient.
        """
        if self.steps_itself:
            return False
        held = {id(p) for o in self.program.optimizers() for group in o.param_groups for p in group["params"]}
        return any(
            (parameter := reference()) is not None and id(parameter) in held for reference in self.hooked
        )

    def next_step(self):
        seen, self.step = self.step, Step()
        self.hooked_in = {}
        return seen

    def norms_of(self, gradients):
        """The norm of each gradient. One that was not written since it was measured is not measured again."""
        known = self.step.norms
        keys = [(id(gradient), gradient._version) for gradient in gradients]
        fresh = [(key, gradient) for key, gradient in zip(keys, gradients) if key not in known]
        for (key, gradient), norm in zip(
            fresh, norms(self.torch, [dense(gradient) for _, gradient in fresh])
        ):
            # Held with its gradient, so that no other one has its identity.
            known[key] = (norm, gradient)
        return [known[key][0] for key in keys]

    # Backward passes

    def backward_ended(self, roots):
        seen = self.step
        for parameter in self.columns.parameters:
            self.touched(parameter)
        seen.losses += [root.detach().sum().to(self.torch.float64) for root in roots]
        shown = [
            p
            for p in self.columns.parameters
            # What an update has used, and this pass has not touched, is of an earlier step.
            if p.grad is not None and id(p) not in self.used and self.hooked_in.get(id(p)) != seen.backwards
        ]
        for parameter, norm in zip(shown, self.norms_of([p.grad for p in shown])):
            seen.gradients[id(parameter)] = norm
        seen.backwards += 1
        for label, rate in self.program.rates().items():
            if label not in seen.claimed_rates:
                seen.claimed_rates[label] = _copied(self.torch, rate)

    # Gradient hooks

    def run_hook(self, parameter, hook):
        """Calls a hook of the program, and tells from the parameter and the group that it reads what the hook did."""
        seen, key = self.step, id(parameter)
        gradient = parameter.grad
        self.touched(parameter)
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
            self.use(parameter)
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

    def optimizer_begins(self, optimizer, has_closure):
        """Returns what `optimizer_updated` needs: nothing inside of another call of `step`."""
        self.optimizing += 1
        if self.optimizing > 1:
            return None
        seen = self.step
        seen.attempts += 1
        self.steps_itself = self.steps_itself or not self.in_hook
        self.claim(optimizer)
        held = [
            (parameter, _copied(self.torch, group.get("lr")))
            for group in optimizer.param_groups
            for parameter in group["params"]
        ]
        # A closure makes the gradients. Otherwise they are here, and `step` may change them.
        return held, None if has_closure else self.measured(held)

    def measured(self, held):
        """Those parameters that have a gradient, and its norm."""
        held = [(parameter, rate) for parameter, rate in held if parameter.grad is not None]
        return list(zip(held, self.norms_of([parameter.grad for parameter, _ in held])))

    def optimizer_updated(self, begun):
        if begun is None:
            return
        held, measured = begun
        seen = self.step
        for (parameter, rate), norm in self.measured(held) if measured is None else measured:
            key = id(parameter)
            seen.gradients.setdefault(key, norm)
            seen.updates[key] = seen.updates.get(key, 0) + 1
            seen.applied[key] = norm
            self.use(parameter)
            if rate is not None:
                seen.rates[key] = rate

    # Gradients that wait

    def use(self, parameter):
        """An update used the gradient that the parameter has now."""
        gradient = parameter.grad
        if gradient is not None:
            self.used[id(parameter)] = (weakref.ref(gradient), gradient._version)

    def touched(self, parameter):
        """A backward pass ended: a gradient that it has added to waits again."""
        reference, version = self.used.get(id(parameter), (None, None))
        if reference is not None and (reference() is not parameter.grad or parameter.grad._version != version):
            del self.used[id(parameter)]

    def drop(self, parameters):
        """Gradients are about to be cleared. Those that wait, as a critic's after a generator's loss, are never used."""
        self.dropped.update(id(parameter) for parameter in parameters if self.waits(parameter))

    def waits(self, parameter):
        """Whether the parameter has a gradient that no update has used yet, and that one will use."""
        if id(parameter) in self.dropped:
            return False
        reference, _ = self.used.get(id(parameter), (None, None))
        return parameter.grad is not None and (reference is None or reference() is not parameter.grad)


def _copied(torch, value):
    """A learning rate may be a tensor, which the schedule then changes in place."""
    return value.detach().clone() if torch.is_tensor(value) else value
