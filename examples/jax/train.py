"""
Trains a small network with JAX and Optax: AdamW with a warm-up, dropout, and an EMA of the weights. Saves a checkpoint
after every fourth step, and goes on from the newest one in --out.
"""

import argparse
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from record import Recorder

HORIZON = 16  # steps of the whole training, for which the schedule is made
SAVE_EVERY = 4
ROWS = 8
DECAY = 0.9

schedule = optax.warmup_cosine_decay_schedule(0.0, 1e-2, warmup_steps=6, decay_steps=HORIZON)
# The rate is in the optimizer's state, where the recorder reads what the update used.
optimizer = optax.inject_hyperparams(optax.adamw)(learning_rate=schedule)


def initial_state(key):
    key, first, second = jax.random.split(key, 3)
    params = {
        "hidden": {"kernel": jax.random.normal(first, (8, 16)) / 3, "bias": jnp.zeros(16)},
        "out": {"kernel": jax.random.normal(second, (16, 1)) / 4, "bias": jnp.zeros(1)},
    }
    return {
        "params": params,
        "optimizer": optimizer.init(params),
        "ema": params,
        "key": jax.random.key_data(key),
        "step": 0,
    }


def loss_of(params, key, x, y):
    hidden = jnp.tanh(x @ params["hidden"]["kernel"] + params["hidden"]["bias"])
    kept = jax.random.bernoulli(key, 0.9, hidden.shape)
    out = jnp.where(kept, hidden / 0.9, 0.0) @ params["out"]["kernel"] + params["out"]["bias"]
    return jnp.mean((out - y) ** 2)


@jax.jit
def train_step(state, x, y):
    key, drop = jax.random.split(jax.random.wrap_key_data(state["key"]))
    loss, gradients = jax.value_and_grad(loss_of)(state["params"], drop, x, y)
    updates, opt_state = optimizer.update(gradients, state["optimizer"], state["params"])
    params = optax.apply_updates(state["params"], updates)
    trained = {
        "params": params,
        "optimizer": opt_state,
        "ema": optax.incremental_update(params, state["ema"], 1 - DECAY),
        "key": jax.random.key_data(key),
        "step": state["step"] + 1,
    }
    return trained, loss, gradients


def rows_of(step, count):
    """The rows of a step's batch. Each epoch has an order of its own."""
    epoch, batch = divmod(step, count // ROWS)
    order = np.random.default_rng([1, epoch]).permutation(count)
    return order[batch * ROWS : (batch + 1) * ROWS]


def save(state, file):
    named = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(state)}
    unfinished = file.with_suffix(".unfinished")
    with open(unfinished, "wb") as stream:
        np.savez(stream, **named)
    os.replace(unfinished, file)


def load(file, like, forget):
    """The state in a file. What is to be forgotten is left as it is in a new process."""
    with np.load(file) as saved:
        state = jax.tree_util.tree_map_with_path(
            lambda path, _: jnp.asarray(saved[jax.tree_util.keystr(path)]), like
        )
    if forget == "optimizer":
        state["optimizer"] = like["optimizer"]
    elif forget == "schedule":
        held, new = state["optimizer"], like["optimizer"]
        state["optimizer"] = held._replace(
            count=new.count, hyperparams=new.hyperparams, hyperparams_states=new.hyperparams_states
        )
    elif forget == "key":
        state["key"] = like["key"]
    elif forget == "ema":
        state["ema"] = state["params"]
    return state


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--steps", type=int, default=HORIZON, help="stop after this step")
    parser.add_argument(
        "--forget",
        choices=["optimizer", "schedule", "key", "ema"],
        help="a bug: what a resume does not restore",
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    recorder = Recorder()
    x = np.random.default_rng(0).standard_normal((64, 8), dtype=np.float32)
    y = np.sin(x.sum(1, keepdims=True))
    state = initial_state(jax.random.key(0))
    checkpoints = sorted(
        options.out.glob("step-*.npz"), key=lambda file: int(file.stem.removeprefix("step-"))
    )
    if checkpoints:
        state = load(checkpoints[-1], state, options.forget)
    recorder.begin(state)
    for step in range(int(state["step"]), options.steps):
        rows = rows_of(step, len(x))
        state, loss, gradients = train_step(state, x[rows], y[rows])
        rate = float(schedule(step))
        print(f"step {step + 1} loss {loss:.9g} rate {rate:.6g}", flush=True)
        file = None
        if (step + 1) % SAVE_EVERY == 0:
            file = options.out / f"step-{step + 1}.npz"
            save(state, file)
        recorder.step(state, gradients, loss=loss, learning_rate=rate, batch=rows, saved=file)


if __name__ == "__main__":
    main()
