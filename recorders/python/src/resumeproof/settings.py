"""What the parent process tells the recorder, by environment. docs/recorder.md documents each variable."""

import os
import sys
from dataclasses import dataclass


class SettingsError(Exception):
    """The parent process said something that the recorder cannot follow."""


@dataclass(frozen=True)
class Source:
    """The checkpoint that a process resumes from."""

    process: str
    checkpoint: str
    step: int


@dataclass(frozen=True)
class Kill:
    """In the save after a step, before an operation on files in a folder, counted from 1."""

    step: int
    operation: int
    folder: str


@dataclass(frozen=True)
class Settings:
    trace: str
    scenario: str
    id: str
    role: str
    horizon: int
    until: int
    seed: int
    passes: frozenset
    save_at: frozenset | None  # None if the parent does not say
    holds: frozenset
    source: Source | None
    stop: str
    step_is: str
    lacks: tuple | None
    random: frozenset | None
    saves: str | None
    kill: Kill | None


ROLES = ("control", "twin", "saver", "before", "after", "cold")
STOPS = ("0", "1", "exit")
STEP_IS = ("micro-batch", "update")


def settings_from(env=os.environ):
    """Reads RESUMEPROOF_*. Returns None where nothing is to be recorded."""
    trace = env.get("RESUMEPROOF_TRACE")
    if not trace:
        return None
    role = _one_of(env, "ROLE", ROLES, None)
    horizon = _integer(env, "HORIZON", None)
    until = _integer(env, "UNTIL", horizon)
    if not 0 <= until <= horizon:
        raise SettingsError(
            f"RESUMEPROOF_UNTIL is {until}, but must be from 0 to RESUMEPROOF_HORIZON, {horizon}"
        )
    source = _source(env.get("RESUMEPROOF_FROM"))
    if (role in ("after", "cold")) != (source is not None):
        raise SettingsError("RESUMEPROOF_FROM must be set for the roles after and cold, and for no other")
    return Settings(
        trace=trace,
        scenario=env.get("RESUMEPROOF_SCENARIO")
        or os.path.basename(sys.argv[0] if sys.argv else "")
        or "program",
        id=env.get("RESUMEPROOF_ID") or role,
        role=role,
        horizon=horizon,
        until=until,
        seed=_integer(env, "SEED", 0),
        passes=frozenset(_integers(env, "PASS")),
        save_at=frozenset(_integers(env, "SAVE_AT")) if "RESUMEPROOF_SAVE_AT" in env else None,
        holds=frozenset(_integers(env, "HOLD")),
        source=source,
        stop=_one_of(env, "STOP", STOPS, "0"),
        step_is=_one_of(env, "STEP", STEP_IS, "micro-batch"),
        lacks=_names(env, "LACKS"),
        random=None if (random := _names(env, "RANDOM")) is None else frozenset(random),
        saves=env.get("RESUMEPROOF_SAVES") or None,
        kill=_kill(env.get("RESUMEPROOF_IN_SAVE"), env.get("WORLD_SIZE", "1")),
    )


def _text(env, name, default):
    value = env.get(f"RESUMEPROOF_{name}", "")
    if value == "" and default is None:
        raise SettingsError(f"RESUMEPROOF_{name} is missing")
    return value if value != "" else default


def _integer(env, name, default):
    value = _text(env, name, default)
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"RESUMEPROOF_{name} is '{value}', but must be an integer") from None


def _integers(env, name):
    value = env.get(f"RESUMEPROOF_{name}", "")
    try:
        return [int(part) for part in value.split(",") if part]
    except ValueError:
        raise SettingsError(
            f"RESUMEPROOF_{name} is '{value}', but must be integers, separated by commas"
        ) from None


def _names(env, name):
    value = env.get(f"RESUMEPROOF_{name}")
    return None if value is None else tuple(filter(None, value.split(",")))


def _one_of(env, name, values, default):
    value = _text(env, name, default)
    if value not in values:
        raise SettingsError(f"RESUMEPROOF_{name} is '{value}', but must be one of {', '.join(values)}")
    return value


def _source(value):
    if not value:
        return None
    parts = value.split(":")
    if len(parts) != 3 or not parts[2].isdigit():
        raise SettingsError(f"RESUMEPROOF_FROM is '{value}', but must be process:checkpoint:step")
    return Source(parts[0], parts[1], int(parts[2]))


def _kill(value, ranks):
    if not value:
        return None
    if ranks != "1":
        raise SettingsError(
            f"RESUMEPROOF_IN_SAVE is set, but WORLD_SIZE is {ranks}: only a single process can be killed in a save"
        )
    step, operation, folder = (value.split(":", 2) + ["", ""])[:3]
    numbers = [int(part) if part.isdecimal() else 0 for part in (step, operation)]
    if min(numbers) < 1 or not os.path.isabs(folder):
        raise SettingsError(
            f"RESUMEPROOF_IN_SAVE is '{value}', but must be step:operation:folder, with numbers from 1 and an absolute path"
        )
    return Kill(*numbers, folder)
