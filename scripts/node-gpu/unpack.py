"""Extracts the shared libraries and the headers of TensorFlow's C API from wheels: unpack.py FOLDER WHEEL..."""

import os
import shutil
import sys
import zipfile
from fnmatch import fnmatchcase

LIBRARIES = ["tensorflow/libtensorflow_*.so.2", "nvidia/*/lib/*.so.*"]
HEADERS = "tensorflow/include/"


def target_of(name):
    """Returns where a member goes, relative to the folder, or None if it is not needed."""
    if any(fnmatchcase(name, pattern) for pattern in LIBRARIES):
        return os.path.join("lib", os.path.basename(name))
    if fnmatchcase(name, HEADERS + "tensorflow/*.h") or fnmatchcase(name, HEADERS + "tsl/*.h"):
        return os.path.join("include", *name[len(HEADERS) :].split("/"))
    return None


folder, *wheels = sys.argv[1:]
for wheel in wheels:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            target = target_of(member.filename)
            if target is None:
                continue
            if ".." in target.split(os.sep):
                sys.exit(f"{wheel} holds a path that leaves its folder: {member.filename}")
            path = os.path.join(folder, target)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(member) as source, open(path, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
