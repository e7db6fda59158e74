"""What the program under test holds: optimizers, schedules, loss scalers, loaders, and the model that they belong to."""

import weakref

from .averages import Averages
from .model import Model

KINDS = ("optimizer", "schedule", "scaler", "loader")


class Program:
    def __init__(self, torch):
        self.torch = torch
        self.model = Model(torch)
        self.average = Averages(torch)
        self.tracked = {kind: [] for kind in KINDS}
        # Whether modules, parameters or optimizers may be others than when the model was last looked for.
        self.moved = True

    def give(self, kind, thing):
        """What the program names itself. A wrapper of accelerate stands for what it wraps."""
        inner = getattr(thing, kind if kind == "optimizer" else "scheduler", None)
        if inner is not None and hasattr(inner, "state_dict") and hasattr(thing, "accelerator_state"):
            thing = inner
        if not any(one is thing for one in self._alive(kind)):
            self.track(kind, thing)
        return thing

    def track(self, kind, thing):
        self.tracked[kind].append(weakref.ref(thing))
        self.moved = True

    def _alive(self, kind):
        """In the order of their construction."""
        return [thing for reference in self.tracked[kind] if (thing := reference()) is not None]

    def had_optimizers(self):
        """Whether the program ever made one, also if it is gone."""
        return len(self.tracked["optimizer"]) > 0

    def optimizers(self):
        return [one for one in self._alive("optimizer") if getattr(one, "param_groups", None)]

    def schedules(self):
        return self._alive("schedule")

    def scalers(self):
        return self._alive("scaler")

    def loaders(self):
        return self._alive("loader")

    def samplers(self):
        """Each sampler of the loaders that counts epochs, once."""
        found = {}
        for loader in self.loaders():
            batches = getattr(loader, "batch_sampler", None)
            for sampler in (getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None)):
                if isinstance(getattr(sampler, "epoch", None), int):
                    found.setdefault(id(sampler), sampler)
        return list(found.values())

    def groups(self):
        """Of each parameter that an optimizer holds, by identity: the group's label, its optimizer and its index."""
        optimizers = self.optimizers()
        return {
            id(parameter): (group_label(optimizers, at, index), optimizer, index)
            for at, optimizer in enumerate(optimizers)
            for index, group in enumerate(optimizer.param_groups)
            for parameter in group["params"]
        }

    def rates(self, only=None):
        """The learning rates of all groups, or of one optimizer's, by label."""
        optimizers = self.optimizers()
        return {
            group_label(optimizers, at, index): group["lr"]
            for at, optimizer in enumerate(optimizers)
            if only is None or optimizer is only
            for index, group in enumerate(optimizer.param_groups)
            if "lr" in group
        }

    def find_model(self):
        """Looks for the model again where it may be another one."""
        if self.moved:
            self.model.find(self.optimizers())
            self.moved = False

    def averages(self):
        """The averages of the model's weights."""
        return self.average.find(self.model)

    def everything(self):
        """Strong references: as long as they are held, nothing above is freed."""
        return [self.model.modules(), *(self._alive(kind) for kind in KINDS), self.averages()]


def group_label(optimizers, at, group):
    """Names a parameter group by the optimizer's place, where there are several, and by its own, where there are."""
    if len(optimizers) == 1:
        return str(group)
    return str(at) if len(optimizers[at].param_groups) == 1 else f"{at}.{group}"
