"""Describes the device and the software that a program trains with."""

import platform
import sys

PACKAGES = ("torch", "numpy", "accelerate", "transformers", "diffusers", "lightning", "pytorch_lightning")


def backend_of(torch, device):
    name = f"torch-{device.type}"
    is_cuda = device.type == "cuda"
    versions = {
        package: str(version)
        for package in PACKAGES
        if (version := getattr(sys.modules.get(package), "__version__", None)) is not None
    }
    if is_cuda:
        versions["cuda"] = str(torch.version.cuda)
        versions["cudnn"] = str(torch.backends.cudnn.version())
    return {
        "requested": name,
        "name": name,
        "adapter": torch.cuda.get_device_name(device) if is_cuda else _processor(),
        "driver": None,
        "hardware": is_cuda,
        # A program of which nothing is known can draw on anything. Twins tell whether equal runs are equal.
        "deterministic": False,
        "versions": versions,
    }


def process_of(pid):
    return {
        "pid": pid,
        "runtime": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{sys.platform} {platform.machine()}",
    }


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
