"""Digests of the random generators that a program can draw from. Reading them moves none."""

import hashlib
import random


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


class Generators:
    """
    Python and NumPy seed their generators from the operating system. Until a program seeds or uses such a generator, its
    state is another one in each process and says nothing, so it is left out. A process that resumes may have loaded
    such a state, so only the control finds out by itself which generators count.
    """

    def __init__(self, wanted=None):
        self.wanted = wanted
        self.python_at_start = random.getstate()
        self.numpy = None
        self.numpy_at_start = None
        self.given = {}  # by the program, by name

    def saw_numpy(self, numpy_random):
        self.numpy = numpy_random
        self.numpy_at_start = self._numpy_state()

    def _numpy_state(self):
        name, keys, position, has_gauss, gauss = self.numpy.get_state()
        return keys.tobytes() + repr((name, int(position), int(has_gauss), float(gauss))).encode()

    def digests(self, torch, loaders):
        found = {"torch": self._of_torch(torch, torch.default_generator)}
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            for index, generator in enumerate(torch.cuda.default_generators):
                found[f"torch.cuda.{index}"] = self._of_torch(torch, generator)
        state = random.getstate()
        if self._is_shown("python", state != self.python_at_start):
            found["python"] = _sha256(repr(state).encode())
        if self.numpy is not None:
            state = self._numpy_state()
            if self._is_shown("numpy", state != self.numpy_at_start):
                found["numpy"] = _sha256(state)
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

    def _is_shown(self, name, was_used):
        return was_used if self.wanted is None else name in self.wanted

    @staticmethod
    def _of_torch(torch, generator):
        return _sha256(bytes(generator.get_state().tolist()))


def _generators_of(torch, loaders):
    """The generators that loaders and their samplers hold, in the order of the loaders' construction."""
    for loader in loaders:
        batches = getattr(loader, "batch_sampler", None)
        for holder in (loader, getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None)):
            for name in ("generator", "synchronized_generator"):
                generator = getattr(holder, name, None)
                if isinstance(generator, torch.Generator):
                    yield generator
