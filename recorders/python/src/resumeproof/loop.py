"""
For a loop of one's own: `record` tells the recorder what it cannot find by itself, and where a step begins and ends.

Outside of a proof nothing is done, and nothing is imported.
"""

import os

_recorder = None


def attach(recorder):
    global _recorder
    _recorder = recorder


def record(model, optimizer=None, *, scheduler=None, ema=None, sample=None, generator=None):
    """
    Tells what a program trains. All arguments are optional knowledge: what the recorder finds by itself need not be told.

    - model: a module, or a list of modules
    - optimizer, scheduler: one, or a list; a scheduler needs a `state_dict()`
    - ema: averages of the weights that are not modules: a dictionary of tensors by name, a list of tensors in the order of
      `model.parameters()`, an object that holds one as `shadow` or `shadow_params`, a function that returns one of these
      (for a variable that is assigned anew), or a list of averages
    - sample: a function without arguments. Returns an image or a text, or a list or a dictionary of them. An image is a PIL
      image, an array of (height, width, channels) or a tensor of (channels, height, width), of bytes or of numbers from 0
      to 1. It is called with seeded generators and without gradients, and only in a proof. It must put the model in
      evaluation mode
    - generator: a `torch.Generator` that no `DataLoader` holds, or a dictionary of them by name

    Returns an object whose `step()` is a context manager around each step:

        rec = resumeproof.record(model, optimizer, ema=average)
        for batch in data:
            with rec.step() as s:
                loss = train(batch)
                s.claim(loss=loss.item(), learning_rate=scheduler.get_last_lr()[0])

    Does nothing at all outside of a proof.
    """
    if _recorder is None and "RESUMEPROOF_TRACE" in os.environ:
        # The bootstrap did not run: `python -S`, or another PYTHONPATH.
        from .start import start

        start()
        if _recorder is not None:
            _recorder.is_late = True
    if _recorder is None:
        return _NOTHING
    _recorder.give(model, optimizer, scheduler, ema, sample, generator)
    return _Recording(_recorder)


class _Nothing:
    """Stands for the recording, and for its steps, where nothing is recorded."""

    __slots__ = ()

    def step(self):
        return self

    def claim(self, **claims):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


_NOTHING = _Nothing()


class _Recording:
    def __init__(self, recorder):
        self._recorder = recorder

    def step(self):
        """A context manager around one step. What belongs to the step after it, such as a save, still counts to it."""
        return _Step(self._recorder)


class _Step:
    def __init__(self, recorder):
        self._recorder = recorder

    def __enter__(self):
        self._recorder.told_step_begins()
        return self

    def claim(self, *, loss=None, learning_rate=None, batch=None):
        """
        What the program's log says about this step, which is compared with what is measured: the loss, the learning rate
        (a number, or a dictionary by parameter group), and the ids of the examples.
        """
        self._recorder.told(loss, learning_rate, batch)

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self._recorder.told_step_ends()
