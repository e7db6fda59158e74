"""Kills this process in the middle of a save, before an operation on files that is told by its number."""

import os
import signal
import sys
import tempfile
import threading
import time

from .trace_file import say

# Each as CPython's audit events name it, and which of its arguments are paths and the folders that they start from.
OPERATIONS = {
    "os.link": ((0, 2), (1, 3)),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),  # of os.replace too
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
STARTS_EMPTY = os.O_TRUNC | os.O_EXCL


class KillInSave:
    """
    Counts what the program does to files in one folder: audit events, and the writes of `save_in_parts`. What C or another
    process does to a file is not seen.

    - kill: the step, the number of the operation, and the folder
    - in_save: whether operations count now, in this process
    - sign: the file that is made before the process dies
    """

    def __init__(self, kill, in_save, sign):
        self.step = kill.step
        self.folder = os.path.realpath(kill.folder)
        self.left = kill.operation
        self.in_save = in_save
        self.sign = sign
        self.lock = threading.RLock()
        self.paused = False
        sys.addaudithook(self.audit)

    def audit(self, event, args):
        if event == "open":
            path, _, flags = args
            # A descriptor was opened before.
            if not isinstance(path, int) and isinstance(flags, int) and flags & WRITES and self.counts(path):
                self.opens(path, flags)
        elif event in OPERATIONS:
            paths = [
                (args[path], args[folder] if folder is not None and len(args) > folder else -1)
                for path, folder in OPERATIONS[event]
            ]
            if any(self.counts(*one) for one in paths):
                self.operates(f"{event} {paths[0][0]}")

    def counts(self, path, folder=-1):
        return not self.paused and self.in_save() and self.is_inside(path, folder)

    def is_inside(self, path, folder=-1):
        """Whether a path, from an open folder if one is given, is in the folder that counts."""
        try:
            base = os.readlink(f"/proc/self/fd/{folder}") if folder not in (-1, None) else os.getcwd()
            if isinstance(path, int):
                base, path = "/", os.readlink(f"/proc/self/fd/{path}")
            path = os.path.join(base, os.fsdecode(path))
            # The last name may be a link, which is what is changed.
            found = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
            return os.path.commonpath([self.folder, found]) == self.folder
        except (OSError, TypeError, ValueError):
            return False

    def opens(self, path, flags):
        """A file that is opened as a new one is made empty first, and written then."""
        with self.lock:
            self.operates(f"open {path}")
            if not flags & STARTS_EMPTY:
                return
            if self.left == 1:
                self.make_empty(path, flags)
            self.operates(f"write {path}")

    def make_empty(self, path, flags):
        self.paused = True
        try:
            os.close(os.open(path, flags, 0o666))
        except OSError:
            pass  # as the program's own call will say
        finally:
            self.paused = False

    def operates(self, what):
        with self.lock:
            self.left -= 1
            if self.left == 0:
                self.die(f"before {what}")

    def save_in_parts(self, path, save):
        """
        The same as `save(path)`, which may write in C: the same bytes, but the file is made empty, then half of it is
        written, then the rest.
        """
        if not self.counts(path) or not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            return save(path)
        self.paused = True
        try:
            with tempfile.TemporaryDirectory() as folder:
                # torch writes the file's name into it.
                whole = os.path.join(folder, os.path.basename(path))
                result = save(whole)
                with open(whole, "rb") as file:
                    data = file.read()
        finally:
            self.paused = False
        with open(path, "wb") as file:
            half = len(data) // 2
            file.write(data[:half])
            file.flush()
            self.operates(f"write the second half of {path}")
            file.write(data[half:])
        return result

    def die(self, when):
        self.paused = True
        say(f"this process is killed in its save after step {self.step}, {when}")
        with open(self.sign, "w"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
        while True:  # the signal may take a moment, in which nothing else may happen
            time.sleep(1)
