"""Calls a function right after a module was imported for the first time."""

import sys


class _AfterImport:
    """A finder that finds nothing by itself. It lets the others find, and adds a call to what they found."""

    def __init__(self):
        self.callbacks = {}

    def find_spec(self, name, path=None, target=None):
        if name not in self.callbacks:
            return None
        spec = next(
            (
                found
                for finder in sys.meta_path
                if finder is not self
                and hasattr(finder, "find_spec")
                and (found := finder.find_spec(name, path, target)) is not None
            ),
            None,
        )
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        # Who finds a module need not import it: libraries ask so whether torch is installed.
        def exec_module(module):
            execute(module)
            callback = self.callbacks.pop(name, None)
            if callback is not None:
                callback(module)

        spec.loader.exec_module = exec_module
        return spec


_finder = _AfterImport()


def after_import(name, callback):
    """Calls `callback(module)` once `name` is imported; at once where it already is."""
    if name in sys.modules:
        callback(sys.modules[name])
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.callbacks[name] = callback
