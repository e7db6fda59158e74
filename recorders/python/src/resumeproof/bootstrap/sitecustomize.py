"""Starts the recorder in a Python process that has this folder on PYTHONPATH. Python imports it before the program."""

import importlib.machinery
import importlib.util
import os
import sys


def _run_hidden_sitecustomize(here):
    """Runs the sitecustomize that this file hides, if there is one."""
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", [p for p in sys.path if p != here])
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _start_recorder(package):
    """Loads the package from its folder, so that nothing else in that folder becomes importable."""
    init = os.path.join(package, "__init__.py")
    spec = importlib.util.spec_from_file_location("resumeproof", init, submodule_search_locations=[package])
    module = importlib.util.module_from_spec(spec)
    sys.modules["resumeproof"] = module
    spec.loader.exec_module(module)
    from resumeproof.start import start

    start()


_here = os.path.dirname(os.path.abspath(__file__))
# Child processes find it through PYTHONPATH. Here, the program shall see the path that it would see without it.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _here]
if os.environ.get("RESUMEPROOF_TRACE"):
    _start_recorder(os.path.dirname(_here))
_run_hidden_sitecustomize(_here)
