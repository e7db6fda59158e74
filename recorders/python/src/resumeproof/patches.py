"""What is changed in torch so that the recorder sees what a program does. Each patch calls the original with all it got."""

import functools
import os
import time
import types
import weakref
from typing import NamedTuple

from .groups import observe_groups
from .imports import after_import


class Save(NamedTuple):
    seconds: float
    bytes: int
    path: str | None  # None if it was not written to a file
    inode: int | None  # finds the file again where it, or its folder, was renamed


def patch(torch, recorder):
    import torch.utils.data

    _patch_modules(torch.nn.Module, recorder)
    _patch_backward(torch, recorder)
    _patch_hooks(torch.Tensor, recorder)
    _patch_optimizers(torch.optim, recorder)
    _track_new(torch.optim.lr_scheduler.LRScheduler, "schedule", recorder)
    _track(torch.amp.GradScaler, "scaler", recorder)
    _patch_scaler(torch.amp.GradScaler, recorder)
    _track(torch.utils.data.DataLoader, "loader", recorder)
    _patch_loads(torch, recorder)
    _patch_save(torch, "save", recorder, place=1)
    after_import("safetensors.torch", lambda module: _patch_save(module, "save_file", recorder, place=1))


def _replace(owner, name, make):
    """Replaces an attribute by `make(original)`, which keeps name, signature and documentation."""
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(make(original)))


def _around(owner, name, before=None, after=None):
    """Calls functions before and after a method, also where it raises."""

    def make(original):
        def wrapper(*args, **kwargs):
            if before is not None:
                before()
            try:
                return original(*args, **kwargs)
            finally:
                if after is not None:
                    after()

        return wrapper

    _replace(owner, name, make)


def _track(kind_of, kind, recorder):
    def make(original):
        def __init__(self, *args, **kwargs):
            original(self, *args, **kwargs)
            recorder.program.track(kind, self)

        return __init__

    _replace(kind_of, "__init__", make)


def _track_new(kind_of, kind, recorder):
    """For classes whose subclasses do not all call `__init__` of the class above."""

    def __new__(cls, *args, **kwargs):
        made = super(kind_of, cls).__new__(cls)
        recorder.program.track(kind, made)
        return made

    kind_of.__new__ = staticmethod(__new__)


def _patch_modules(module, recorder):
    def make(original):
        def __call__(self, *args, **kwargs):
            if recorder.waiting:
                recorder.forward(self, args, kwargs)
            return original(self, *args, **kwargs)

        return __call__

    _replace(module, "__call__", make)


def _patch_backward(torch, recorder):
    def make(original):
        def backward(tensors, *args, **kwargs):
            recorder.backward_begins()
            try:
                return original(tensors, *args, **kwargs)
            finally:
                roots = (
                    [tensors]
                    if torch.is_tensor(tensors)
                    else [root for root in tensors if torch.is_tensor(root)]
                )
                recorder.backward_ends(roots)

        return backward

    _replace(torch.autograd, "backward", make)


def _patch_hooks(tensor, recorder):
    def make(original):
        def register_post_accumulate_grad_hook(self, hook):
            recorder.observer.hooked.append(weakref.ref(self))

            @functools.wraps(hook, updated=())
            def observed(parameter):
                if recorder.opening is None or not recorder.is_recording():
                    return hook(parameter)
                return recorder.observer.run_hook(parameter, hook)

            return original(self, observed)

        return register_post_accumulate_grad_hook

    _replace(tensor, "register_post_accumulate_grad_hook", make)


def _patch_optimizers(optim, recorder):
    optimizer = optim.Optimizer
    _track(optimizer, "optimizer", recorder)

    def make_observed(original):
        def method(self, *args, **kwargs):
            result = original(self, *args, **kwargs)
            observe_groups(self, recorder.observer)
            recorder.program.moved = True
            return result

        return method

    def make_zeroing(original):
        def zero_grad(self, *args, **kwargs):
            recorder.observer.drop(_held(self))
            return original(self, *args, **kwargs)

        return zero_grad

    _replace(optimizer, "zero_grad", make_zeroing)
    _replace(optimizer, "add_param_group", make_observed)
    _replace(optimizer, "__setstate__", make_observed)

    # torch passes the `step` of each class through this when the first optimizer of the class is constructed.
    def make_profiled(original):
        def profile_hook_step(step):
            return _observed(recorder, step, original(step))

        return profile_hook_step

    optimizer.profile_hook_step = staticmethod(make_profiled(optimizer.profile_hook_step))

    # A program can replace `step` on the instance.
    def __setattr__(self, name, value):
        if name == "step" and callable(value):
            value = _observed_method(recorder, self, value)
        object.__setattr__(self, name, value)

    optimizer.__setattr__ = __setattr__


def _observed(recorder, named, step):
    """A `step` of a class that is observed, with the name and the documentation of `named`."""

    @functools.wraps(named)
    def observed(self, *args, **kwargs):
        with recorder.update(self, args, kwargs):
            return step(self, *args, **kwargs)

    return observed


def _observed_method(recorder, optimizer, step):
    if isinstance(step, types.MethodType):
        function = step.__func__
        return types.MethodType(_observed(recorder, function, function), step.__self__)

    @functools.wraps(step)
    def observed(*args, **kwargs):
        with recorder.update(optimizer, args, kwargs):
            return step(*args, **kwargs)

    return observed


def _patch_scaler(scaler, recorder):
    def make(original):
        def step(self, optimizer, *args, **kwargs):
            recorder.observer.step.attempts += 1
            try:
                return original(self, optimizer, *args, **kwargs)
            finally:
                # Gradients that overflow are used up too.
                for parameter in _held(optimizer):
                    recorder.observer.use(parameter)

        return step

    _replace(scaler, "step", make)


def _held(optimizer):
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _patch_loads(torch, recorder):
    for owner in (torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler):
        _around(owner, "load_state_dict", recorder.load_begins, recorder.load_ended)
    # Replaces no parameter by itself.
    _around(torch, "load", after=recorder.restored)


def _patch_save(module, name, recorder, place):
    def make(original):
        def save(*args, **kwargs):
            began = time.perf_counter()
            key = next((one for one in ("f", "filename") if one in kwargs), None)
            target = args[place] if len(args) > place else kwargs.get(key)
            if recorder.killing is not None and isinstance(target, (str, os.PathLike)):

                def save_to(file):
                    if len(args) > place:
                        return original(*args[:place], file, *args[place + 1 :], **kwargs)
                    return original(*args, **{**kwargs, key: file})

                result = recorder.killing.save_in_parts(target, save_to)
            else:
                result = original(*args, **kwargs)
            seconds = time.perf_counter() - began
            recorder.saved(Save(seconds, *_written(target)))
            return result

        return save

    _replace(module, name, make)


def _written(target):
    """Size, path and inode of the file that was written to: a path, or an open file."""
    try:
        if not isinstance(target, (str, os.PathLike)):
            found, path = os.fstat(target.fileno()), getattr(target, "name", None)
        else:
            found, path = os.stat(target), target
    except (AttributeError, OSError, ValueError):
        return 0, None, None  # a buffer in memory
    where = os.path.abspath(path) if isinstance(path, (str, os.PathLike)) else None
    return found.st_size, where, found.st_ino
