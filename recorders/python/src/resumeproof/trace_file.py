"""Writes a trace: one JSON object per line, flushed as it happens."""

import json
import math
import os
import sys


def say(message):
    """One line on stderr: all that the recorder ever prints."""
    print(f"resumeproof: {message}", file=sys.stderr, flush=True)


def real(value):
    """JSON has no NaN and no infinities. None stays null."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def reals(values):
    return [real(value) for value in values]


class TraceFile:
    """
    Holds records back until the first one is known: what the `run` record says that the program lacks shows only in
    its first step.
    """

    def __init__(self, path):
        self.path = path
        self.file = None
        self.held = []

    def write(self, **record):
        if self.file is None:
            self.held.append(record)
        else:
            self._write(record)

    def is_held(self):
        return self.file is None

    def begin(self, records):
        """Opens the file with its first records. An older trace is never overwritten."""
        folder = os.path.dirname(self.path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        self.file = open(self.path, "x", encoding="utf-8", newline="\n")
        for record in [*records, *self.held]:
            self._write(record)
        self.held = []

    def _write(self, record):
        self.file.write(json.dumps(record, allow_nan=False, separators=(",", ":")) + "\n")
        self.file.flush()
