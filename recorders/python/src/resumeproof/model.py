"""Finds the modules that a program trains, by who holds the parameters of its optimizers, and names their tensors."""

import gc
import re
import weakref
from collections import Counter

from .trace_file import say

# torch.compile and DistributedDataParallel hold the model under one name. Without these, a program that wraps its model
# in only one of two processes would have other names there.
COMPILED = "_orig_mod."
DISTRIBUTED = "module."


AVERAGE = re.compile(r"EMA|Ema(?![a-z])|MovingAverage")


def short(name):
    return name.replace(COMPILED, "").removeprefix(DISTRIBUTED)


class Names:
    """Names of tensors, which stay with a tensor when its module drops it. Keyed by identity, held weakly."""

    def __init__(self):
        self.known = {}

    def set(self, tensor, name):
        self.known[id(tensor)] = (weakref.ref(tensor), name)

    def of(self, tensor):
        reference, name = self.known.get(id(tensor), (None, None))
        return name if reference is not None and reference() is tensor else None


class Alive:
    """
    What is alive of some classes. Objects are asked for their type only, and each type is judged once: a lazy proxy would
    load what it stands for, and a large program has a million objects.
    """

    def __init__(self):
        self.kinds = {}  # of each class: the name of what is looked for, or None

    def find(self, torch):
        """Returns the modules that are in no other, and the objects whose class is called an average."""
        kinds = self.kinds
        found = {"module": [], "average": []}
        for one in gc.get_objects():
            kind = type(one)
            try:
                wanted = kinds[kind]
            except KeyError:
                wanted = kinds[kind] = _kind_of(torch, kind)
            if wanted is not None:
                found[wanted].append(one)
        modules = [one for one in found["module"] if "_modules" in one.__dict__]
        inner = {id(child) for one in modules for child in one._modules.values() if child is not None}
        return [one for one in modules if id(one) not in inner], found["average"]


def _kind_of(torch, kind):
    if issubclass(kind, torch.nn.Module):
        return "module"
    # `EMA`, `EMAModel`, `LitEma`, `ExponentialMovingAverage`; not a class of classes
    is_average = AVERAGE.search(kind.__name__) is not None and not issubclass(kind, type)
    return "average" if is_average and kind.__dictoffset__ != 0 else None


def names_of(module, kind):
    """The parameters or buffers of a module; a tied one by each of its names."""
    found = getattr(module, f"named_{kind}")(remove_duplicate=False)
    return [(short(name), tensor) for name, tensor in found]


def _evaluating(module, path):
    if all(not part.training for part in module.modules()):
        yield path
        return
    if not module.training:
        yield path
    for name, part in module.named_children():
        yield from _evaluating(part, f"{path}.{name}" if path else name)


class Model:
    """The outermost modules that hold parameters of the program's optimizers."""

    def __init__(self, torch):
        self.torch = torch
        self.roots = []  # weak
        self.trained = set()
        self.names = Names()
        self.alive = Alive()

    def modules(self):
        return [module for reference in self.roots if (module := reference()) is not None]

    def find(self, optimizers):
        """Looks for the modules. Those that were found before stay, as their parameters may have been replaced."""
        wanted = {
            id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]
        }
        held = []
        for module in self.alive.find(self.torch)[0]:
            own = {id(parameter) for parameter in module.parameters()}
            if own & wanted:
                held.append((module, own))
        # The one that holds most comes first; what others hold besides follows.
        held.sort(key=lambda one: (-len(one[1] & wanted), type(one[0]).__name__, -len(one[1])))
        known = [(module, {id(p) for p in module.parameters()}) for module in self.modules()]
        covered = set().union(*(own for _, own in known)) if known else set()
        roots = [module for module, _ in known]
        for module, own in held:
            if own & wanted <= covered:
                continue
            covered |= own
            roots.append(module)
        order = {
            id(p): at
            for at, p in enumerate(p for o in optimizers for g in o.param_groups for p in g["params"])
        }
        first = lambda module: min(
            (order.get(id(p), len(order)) for p in module.parameters()), default=len(order)
        )
        roots.sort(key=first)
        self.roots = [weakref.ref(module) for module in roots]
        self.name()
        self.mark_trained()

    def name(self):
        """Names each parameter by the first of its names, as an optimizer's state has one entry for tied ones."""
        for name, parameter in self.parameters():
            if self.names.of(parameter) is None:
                self.names.set(parameter, name)

    def mark_trained(self):
        """Notes each module that holds a trainable parameter: a program may call a part of its model."""
        self.trained = {
            id(part)
            for module in self.modules()
            for part in module.modules()
            if any(parameter.requires_grad for parameter in part.parameters())
        }

    def trains(self, module):
        """Whether a module is the model or a part of it that is trained."""
        if not self.modules() and any(parameter.requires_grad for parameter in module.parameters()):
            say(f"no optimizer holds a parameter of {type(module).__name__}, which is trained")
            self.adopt(module)
        return id(module) in self.trained

    def adopt(self, module):
        """Takes a module that the program names, or that trains although no optimizer holds its parameters."""
        if all(one is not module for one in self.modules()):
            self.roots.append(weakref.ref(module))
        self.name()
        self.mark_trained()

    def _prefixed(self):
        """Each module with the prefix of its names: its type, if there are several."""
        modules = self.modules()
        if len(modules) == 1:
            return [("", modules[0])]
        types = Counter(type(module).__name__ for module in modules)
        seen = Counter()
        found = []
        for module in modules:
            prefix = type(module).__name__
            if types[prefix] > 1:
                seen[prefix] += 1
                prefix += str(seen[prefix])
            found.append((f"{prefix}.", module))
        return found

    def _named(self, kind):
        return [
            (prefix + name, tensor)
            for prefix, module in self._prefixed()
            for name, tensor in names_of(module, kind)
        ]

    def evaluating(self):
        """The modules in evaluation mode, by name. Those within one that is in it as a whole are left out."""
        return [
            short(prefix + name).rstrip(".") or type(module).__name__
            for prefix, module in self._prefixed()
            for name in _evaluating(module, "")
        ]

    def parameters(self):
        return self._named("parameters")

    def buffers(self):
        return self._named("buffers")
