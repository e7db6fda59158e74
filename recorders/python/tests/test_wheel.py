"""The wheel is built and installed into an empty environment. It needs pip and a registry that has hatchling, and no torch."""

import subprocess
import sys
import venv
import zipfile

from processes import RECORDER

PROGRAM = """
import sys, resumeproof
with resumeproof.record(None).step() as step:
    step.claim(loss=1.0)
print(resumeproof.__version__, resumeproof.__file__.startswith(sys.prefix), "torch" in sys.modules)
"""


def test_the_wheel_installs_into_an_empty_environment(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(RECORDER)],
        check=True,
        timeout=240,
    )
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name == "resumeproof-0.1.0-py3-none-any.whl"
    packed = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        str(file.relative_to(RECORDER / "src")) for file in (RECORDER / "src/resumeproof").rglob("*.py")
    }
    assert sources <= packed
    assert {name for name in packed if not name.startswith("resumeproof-0.1.0.dist-info/")} == sources

    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", wheel], check=True, timeout=240)
    done = subprocess.run([python, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "0.1.0 True False\n"
