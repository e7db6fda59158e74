"""Digests of the random generators that a program can draw from. Reading them moves none."""

import functools
import hashlib
import random

from .measure import bytes_of


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


class Generators:
    """
    Python and NumPy seed their generators from the operating system. Until a program seeds such a generator, its state is
    another one in each process and says nothing, also if a library draws from it, so it is left out. A process that
    resumes may have loaded such a state, so only the control finds out by itself which generators count.
    """

    def __init__(self, wanted=None):
        self.wanted = wanted
        self.unseeded = {}  # the state that a generator had when it was first seeded, by name
        self.numpy = None
        self.given = {}  # by the program, by name
        self._watch("python", random, "seed", "setstate", lambda: repr(random.getstate()).encode())

    def saw_numpy(self, numpy_random):
        self.numpy = numpy_random
        self._watch("numpy", numpy_random, "seed", "set_state", self._numpy_state)

    def _numpy_state(self):
        name, keys, position, has_gauss, gauss = self.numpy.get_state()
        return keys.tobytes() + repr((name, int(position), int(has_gauss), float(gauss))).encode()

    def _watch(self, name, module, seed, set_state, state):
        """Notes when a generator is seeded, and when the state from before is put back, as after a moment of isolation."""
        seeds, sets = getattr(module, seed), getattr(module, set_state)

        @functools.wraps(seeds)
        def seeded(*args, **kwargs):
            # A seed of None is the operating system's.
            if name not in self.unseeded and any(one is not None for one in (*args, *kwargs.values())):
                self.unseeded[name] = state()
            return seeds(*args, **kwargs)

        @functools.wraps(sets)
        def put(*args, **kwargs):
            result = sets(*args, **kwargs)
            if name in self.unseeded and state() == self.unseeded[name]:
                del self.unseeded[name]
            return result

        setattr(module, seed, seeded)
        setattr(module, set_state, put)

    def digests(self, torch, loaders):
        found = {"torch": self._of_torch(torch, torch.default_generator)}
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            for index, generator in enumerate(torch.cuda.default_generators):
                found[f"torch.cuda.{index}"] = self._of_torch(torch, generator)
        if self._is_shown("python"):
            found["python"] = _sha256(repr(random.getstate()).encode())
        if self.numpy is not None and self._is_shown("numpy"):
            found["numpy"] = _sha256(self._numpy_state())
        seen = {id(torch.default_generator)}
        for generator in _generators_of(torch, loaders):
            if id(generator) in seen:
                continue
            seen.add(id(generator))
            found[f"loader.generator.{len(seen) - 2}"] = self._of_torch(torch, generator)
        for name, generator in self.given.items():
            if id(generator) not in seen:
                found[name] = self._of_torch(torch, generator)
        return found if self.wanted is None else {name: found[name] for name in found if name in self.wanted}

    def _is_shown(self, name):
        return name in (self.unseeded if self.wanted is None else self.wanted)

    @staticmethod
    def _of_torch(torch, generator):
        return _sha256(bytes_of(torch, generator.get_state()))


def _generators_of(torch, loaders):
    """The generators that loaders and their samplers hold, in the order of the loaders' construction."""
    for loader in loaders:
        batches = getattr(loader, "batch_sampler", None)
        for holder in (loader, getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None)):
            for name in ("generator", "synchronized_generator"):
                generator = getattr(holder, name, None)
                if isinstance(generator, torch.Generator):
                    yield generator
