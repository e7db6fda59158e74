"""Starts recording in a process whose environment asks for it."""

import sys

from .imports import after_import
from .loop import attach
from .settings import SettingsError, settings_from


def start():
    try:
        settings = settings_from()
    except SettingsError as error:
        sys.exit(f"resumeproof: {error}")
    if settings is None:
        return
    # Imported here: a process that is not recorded pays for nothing.
    from .random_state import Generators

    generators = Generators(settings.random)
    after_import("numpy.random", generators.saw_numpy)

    def patch_torch(torch):
        from .patches import patch
        from .recorder import Recorder

        recorder = Recorder(torch, settings, generators)
        patch(torch, recorder)
        attach(recorder)

    after_import("torch", patch_torch)
