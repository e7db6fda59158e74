"""
Records a training loop of JAX and Optax for resumeproof, as docs/recorder.md describes it. Outside of a proof, it does
nothing.

The loop's state is a dictionary: the pytrees `params`, `optimizer` and `ema`, a PRNG key's data as `key`, and `step`.
"""

import hashlib
import json
import math
import os
import platform
import sys
import time

import jax
import numpy as np
import optax


class Recorder:
    """Create it before the checkpoint is loaded, so that a load that fails is recorded too."""

    def __init__(self):
        self.file = None
        if "RESUMEPROOF_TRACE" not in os.environ:
            return
        self.file = open(os.environ["RESUMEPROOF_TRACE"], "x", encoding="utf-8")
        self.role, self.horizon = setting("ROLE"), int(setting("HORIZON"))
        self.until = int(setting("UNTIL", self.horizon))
        self.passes = {int(step) for step in setting("PASS", "").split(",") if step}
        self.source = setting("FROM", "")
        self.seconds = dict.fromkeys(("startup", "training", "probing", "sampling"), 0.0)
        self.saved_after, self.last, self.lap = [], 0, time.perf_counter()
        sys.excepthook = self.failed
        run = {"scenario": setting("SCENARIO", "train"), "role": self.role, "id": setting("ID", self.role)}
        run |= {"horizon": self.horizon, "until": self.until, "stepIs": setting("STEP", "micro-batch")}
        # This loop has neither hooks nor samples, in no process.
        run |= {"seed": int(setting("SEED", 0)), "lacks": ["hooks", "samples"]}
        self.write("run", format=2, **run, backend=backend(), process=process())
        if self.source:
            source, checkpoint, step = self.source.split(":")
            self.last = int(step)
            self.write("resumed", step=self.last, **{"from": {"process": source, "checkpoint": checkpoint}})

    def begin(self, state):
        """Call it before the first step, when the state is loaded."""
        if self.file is None:
            return
        self.spend("startup")
        self.write_state("resume" if self.source else "start", state)
        self.params = named(state["params"])
        self.write("parameters", names=list(self.params), groups=[None] * len(self.params))
        self.spend("probing")

    def step(self, state, gradients, *, loss, learning_rate, batch, saved):
        """Call it after each step. `saved` is the file that was written after it, if any."""
        if self.file is None:
            return
        self.last += 1
        before, self.params, count = self.params, named(state["params"]), len(self.params)
        updates = [self.params[name].astype("f8") - before[name] for name in before]
        # inject_hyperparams keeps the rate that the update used.
        rate = real(state["optimizer"].hyperparams["learning_rate"])
        self.write(
            "step",
            step=self.last,
            seconds=self.spend("training"),
            claimed={
                "step": int(state["step"]),
                "loss": real(loss),
                "learningRates": {"all": real(learning_rate)},
                "batch": [str(row) for row in batch],
                "applied": True,
            },
            l2=[norm(value) for value in self.params.values()],
            updateL2=[norm(update) for update in updates],
            changed=[bool(update.any()) for update in updates],
            gradientL2=[norm(value) for value in named(gradients).values()],
            hookCalls=[0] * count,
            updates=[1] * count,  # this loop updates in each step
            learningRates=[rate] * count,
            strayHookCalls=0,
            strayUpdates=0,
        )
        if saved is not None:
            self.saved_after.append(self.last)
            if "RESUMEPROOF_SAVES" in os.environ:
                with open(os.environ["RESUMEPROOF_SAVES"], "a", encoding="utf-8") as saves:
                    line = {"step": self.last, "files": [{"path": os.path.abspath(saved)}]}
                    saves.write(json.dumps(line) + "\n")
        self.write_point(state, saved)

    def write_point(self, state, saved):
        """The state after a step, where it is asked for, and the end after the last step."""
        is_last, is_asked = self.last == self.until, self.last in self.passes
        is_saver = self.role in ("before", "after") and self.last < self.horizon
        if is_saver and saved is not None and (is_last or is_asked):
            self.write_state("save", state)
            size = os.path.getsize(saved)
            self.write("saved", step=self.last, checkpoint=f"step-{self.last}", seconds=0, bytes=size)
        elif is_saver and is_last:
            message = f"nothing was saved after step {self.last}, but after steps {self.saved_after}"
            self.write("failure", code="save-failed", step=self.last, message=message)
        else:
            for at in ["pass"] * is_asked + ["end"] * is_last:
                self.write_state(at, state)
        self.spend("probing")
        if not is_last:
            return
        is_stopped = setting("STOP", "0") == "1"
        if not is_saver or (saved is not None and not is_stopped):
            self.write("end", step=self.last, seconds=self.seconds)
        self.file = None
        if is_stopped:
            sys.stdout.flush()
            os._exit(0)

    def write_state(self, at, state):
        params = named(state["params"])
        tensors, counters = [], {"step": int(state["step"])}
        for name, value in params.items():
            tensors.append({"kind": "parameter", "name": name, "trainable": True, **measured(value)})
        for name, value in named(state["ema"]).items():
            tensors.append({"kind": "ema", "name": name, "parameter": name, **measured(value)})
        for name, value in named(state["optimizer"]).items():
            if value.ndim == 0:
                # By its name, a counter belongs to the optimizer or to the schedule, which inject_hyperparams holds.
                kind = "optimizer" if name.startswith("inner_state/") else "schedule"
                counters[f"{kind}.{name}"] = real(value)
            else:
                [parameter] = [one for one in params if name.endswith(f"/{one}")]
                tensors.append({"kind": "slot", "name": name, "parameter": parameter, **measured(value)})
        for place, tensor in enumerate(tensors):
            tensor["storage"] = place  # nothing is tied
        random = {"key": digest(np.asarray(state["key"]))}
        self.write("state", at=at, step=self.last, tensors=tensors, random=random, counters=counters)

    def failed(self, kind, error, trace):
        """Python calls it for an error that ends the program."""
        if self.file is not None:
            refused = bool(self.source) and self.seconds["startup"] == 0
            code, message = "resume-refused" if refused else "error", f"{kind.__name__}: {error}"
            self.write("failure", code=code, step=self.last, message=message[:4096])
        sys.__excepthook__(kind, error, trace)

    def write(self, kind, **record):
        self.file.write(json.dumps({"kind": kind, **record}, allow_nan=False) + "\n")
        self.file.flush()

    def spend(self, on):
        """Adds the time since it was last called, and returns it."""
        seconds, self.lap = time.perf_counter() - self.lap, time.perf_counter()
        self.seconds[on] += seconds
        return seconds


def setting(name, default=None):
    value = os.environ.get(f"RESUMEPROOF_{name}") or default
    if value is None:
        sys.exit(f"RESUMEPROOF_{name} is missing")
    return value


def named(tree):
    """The arrays of a pytree by their paths, such as `out/kernel`."""
    found = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): np.array(leaf) for path, leaf in found}


def measured(value):
    # A few sums with random signs show where equal runs part, as a norm does not.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (4, value.size))
    sketch = [real(one) for one in signs @ value.astype("f8").ravel()]
    held = {"shape": list(value.shape), "dtype": str(value.dtype), "digest": digest(value)}
    return {**held, "l2": norm(value), "sketch": sketch}


def digest(value):
    return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()


def norm(value):
    return real(np.linalg.norm(value.astype("f8").ravel()))


def real(value):
    """JSON has no NaN and no infinities."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def backend():
    [device, *_] = jax.devices()
    name = f"jax-{device.platform}"
    return {
        "requested": name,
        "name": name,
        "adapter": device.device_kind,
        "driver": None,
        "hardware": device.platform == "gpu",
        "deterministic": False,  # a twin shows whether equal runs are equal
        "versions": {"jax": jax.__version__, "optax": optax.__version__, "numpy": np.__version__},
    }


def process():
    runtime, system = f"CPython {platform.python_version()}", f"{sys.platform} {platform.machine()}"
    return {"pid": os.getpid(), "runtime": runtime, "platform": system}
