"""
Follows one process through its steps, and writes its trace.

A step is closed, and the state after it described, at the first forward pass in training mode that follows: by then,
the program has updated, averaged, scheduled and saved whatever belongs to the step, and has drawn the next batch. A
process that resumes is described at the same moment, before its first forward pass.
"""

import atexit
import json
import os
import sys
import time
from contextlib import contextmanager

from .backend import backend_of, process_of
from .columns import Columns
from .groups import observe_groups
from .kill_in_save import KillInSave
from .measure import Readback, Sketcher, hex64, row_ids
from .observer import Observer
from .program import Program
from .samples import Sampler
from .state import States
from .trace_file import TraceFile, real, reals, say


class Recorder:
    def __init__(self, torch, settings, generators):
        self.torch = torch
        self.settings = settings
        self.generators = generators
        self.program = Program(torch)
        self.columns = Columns(torch)
        self.observer = Observer(torch, self.program, self.columns)
        sketcher = Sketcher(torch)
        self.states = States(torch, sketcher)
        self.sampler = Sampler(torch, sketcher, os.path.dirname(settings.trace))
        self.file = TraceFile(settings.trace)
        self.pid = os.getpid()
        self.started = time.perf_counter()
        self.seconds = {"startup": 0.0, "training": 0.0, "probing": 0.0, "sampling": 0.0}
        self.first = 0 if settings.source is None else settings.source.step
        self.last = self.first  # the last step that was closed
        self.opening = None  # the records of the state at the start, or at the resume
        self.waiting = True  # for the forward pass that closes a step; read at each call of a module
        self.backward_depth = 0
        self.forwards = 0  # of the model, since the last backward pass
        self.sees_forwards = False
        self.is_told = False  # whether the program tells where its steps begin
        self.is_sampling = False
        self.told_end = False  # whether the step that it told of has ended
        self.saved_after = []
        self.early_saves = []  # of a process that resumes, before its first step
        self.written = None  # the names and groups that were written last
        self.kept = None
        self.is_late = False  # whether the program had imported torch before
        self.exiting = False
        self.has_loaded = False  # whether the program has tried to load something
        self.trained_on = 0  # steps after the last one
        self.done = False
        self.was_left = False
        kill = settings.kill
        sign = None if kill is None else f"{settings.trace}.killed-{kill.step}"
        self.killing = None if kill is None else KillInSave(kill, self.in_save, sign)
        atexit.register(self.at_exit)

    def is_recording(self):
        """A forked process has a copy of the recorder, but this one writes the trace."""
        return not self.done and os.getpid() == self.pid

    # Between two steps

    def forward(self, module, args, kwargs):
        """A module is called while the recorder is waiting."""
        if self.backward_depth or not self.torch.is_grad_enabled():
            return
        if self.is_sampling or not self.is_recording():
            return
        if not self.program.optimizers():
            return
        self.program.find_model()
        if not self.program.model.trains(module):
            return
        self.forwards += 1
        if not module.training:
            return
        with self.probing():
            self.sees_forwards = True
            if self.observer.optimizing:
                self.waiting = False  # the closure of a step that has begun
            else:
                self.pass_boundary()
            if self.is_recording():
                self.observer.step.batch.append(row_ids(self.torch, _inputs(self.torch, (args, kwargs))))

    def pass_boundary(self, told=False):
        """Closes the step before, and describes the state after it where that is asked for."""
        self.waiting = False
        if self.is_told and not told:
            return
        if self.opening is None:
            self.open()
        elif self.is_complete():
            self.close_step()

    def is_complete(self):
        if self.is_told:
            return self.told_end
        seen = self.observer.step
        return (seen.attempts if self.settings.step_is == "update" else seen.backwards) > 0

    def open(self):
        if self.seconds["startup"] == 0.0:
            self.seconds["startup"] = time.perf_counter() - self.started
        self.columns.resolve(self.program)
        self.columns.remember()
        self.early_saves += self.observer.next_step().saves
        state = self.describe()
        if self.settings.source is None:
            self.opening = self.point(["start"], 0, state)
            return
        is_saved = self.is_to_save() and self.settings.save_at is not None and len(self.early_saves) > 0
        ends = ["end"] if self.first == self.settings.until and not is_saved else []
        self.opening = self.point(["resume", *(["save"] if is_saved else ends)], self.first, state)
        if is_saved:
            self.opening.append(self.saved_record(self.early_saves))

    def point(self, moments, step, state):
        """
        The records of a step's state and samples, which can be of two moments: a pass and the end. The state is described
        again after the samples, which must not have changed it.
        """
        records = [{"kind": "state", "at": at, "step": step, **state} for at in moments]
        if self.sampler.draw is None or moments == ["start"] or self.settings.role == "saver":
            return records
        drawn = self.draw()
        for at in moments:
            records += self.sampler.write(at, step, drawn)
        return [*records, {"kind": "state", "at": "sampled", "step": step, **self.describe()}]

    def draw(self):
        began, self.is_sampling = time.perf_counter(), True
        try:
            return self.sampler.drawn(self.program.model)
        finally:
            self.is_sampling = False
            self.seconds["sampling"] += time.perf_counter() - began

    def describe(self):
        averages = self.program.averages()
        return {
            "tensors": self.states.tensors(self.program, averages, self.observer.waits),
            "random": self.generators.digests(self.torch, self.program.loaders()),
            "counters": self.states.counters(self.program, averages),
        }

    def close_step(self):
        seen = self.observer.step
        seconds = max(0.0, time.perf_counter() - seen.began - seen.probing)
        self.last += 1
        is_last = self.last == self.settings.until
        is_described = (
            is_last
            or self.last in self.settings.passes | (self.settings.save_at or frozenset())
            or self.settings.role == "saver"
            and len(seen.saves) > 0
        )
        if self.program.moved or is_described:
            self.program.find_model()
            self.columns.resolve(self.program)
        self.write_step(seen, seconds)
        self.seconds["training"] += seconds
        if seen.saves:
            self.saved_after.append(self.last)
            self.tell_saves(seen.saves)
        state = self.describe() if is_described else None
        if self.file.is_held() and (seen.updates or is_last):
            self.begin_file(state)
        if is_described and self.is_recording():
            self.write_state(state, is_last, seen.saves)
        self.observer.next_step()
        if self.killing is not None and self.last == self.killing.step:
            self.killing.die("when the save had ended")
        if is_last and self.is_recording() and self.settings.stop == "0":
            # What the parent does to the program while it is held is no longer recorded.
            self.finish()
        if not self.done or is_last:
            self.hold()
        if is_last and self.is_recording():
            self.finish()

    def write_step(self, seen, seconds):
        columns, readback = self.columns, Readback(self.torch)
        measured = columns.measure(readback)
        gradients = columns.column(seen.gradients, readback)
        applied = columns.column(seen.applied, readback)
        rates = columns.column(seen.rates, readback)
        losses = [readback.number(loss) for loss in seen.losses_told or seen.losses]
        rates_claimed = {**seen.claimed_rates, **seen.rates_told}
        claimed = {label: readback.number(rate) for label, rate in rates_claimed.items()}
        readback.fetch()
        l2, update_l2, changed = measured()
        if (columns.names, columns.groups) != self.written:
            self.file.write(kind="parameters", names=columns.names, groups=columns.groups)
            self.written = (columns.names, columns.groups)
        self.file.write(
            kind="step",
            step=self.last,
            seconds=seconds,
            claimed={
                "step": None,
                "loss": real(float(sum(loss() for loss in losses))),
                "learningRates": {label: real(float(rate())) for label, rate in claimed.items()},
                "batch": _texts(self.torch, seen.batch) if seen.ids_told is None else seen.ids_told,
                "applied": bool(seen.updates) or self.observer.steps_in_hooks(),
            },
            l2=reals(l2),
            updateL2=reals(update_l2),
            changed=changed,
            gradientL2=reals(gradients()),
            appliedGradientL2=reals(applied()),
            hookCalls=[seen.hook_calls.get(id(p), 0) for p in columns.parameters],
            updates=[seen.updates.get(id(p), 0) for p in columns.parameters],
            learningRates=reals(rates()),
            strayHookCalls=columns.astray(seen.hook_calls),
            strayUpdates=columns.astray(seen.updates),
            random=self.generators.digests(self.torch, self.program.loaders()),
            counters=self.states.step_counters(self.program),
            evaluating=sorted(seen.evaluating),
        )

    def write_state(self, state, is_last, saves):
        settings = self.settings
        if self.is_to_save() and saves:
            self.write_all([*self.point(["save"], self.last, state), self.saved_record(saves)])
            if settings.role == "saver":
                self.file.write(kind="state", at="saved", step=self.last, **self.describe())
        elif self.is_to_save() and (is_last or settings.save_at is not None):
            points = ", ".join(map(str, self.saved_after)) or "none"
            self.fail(
                "save-failed",
                f"no save was seen after step {self.last}; saves were seen after steps: {points}",
            )
        else:
            passes = ["pass"] if self.last in settings.passes else []
            ends = ["end"] if is_last else []
            self.write_all(self.point([*passes, *ends], self.last, state))

    def saved_record(self, saves):
        return {
            "kind": "saved",
            "step": self.last,
            "checkpoint": f"step-{self.last}",
            "seconds": sum(save.seconds for save in saves),
            "bytes": sum(save.bytes for save in saves),
        }

    def write_all(self, records):
        for record in records:
            self.file.write(**record)

    def tell_saves(self, saves, **more):
        """Tells the parent which files were written in the step. A number of 64 bits is a text."""
        if self.settings.saves is None:
            return
        files = [{"path": one.path, "inode": str(one.inode)} for one in saves if one.path is not None]
        with open(self.settings.saves, "a", encoding="utf-8") as file:
            told = {"step": self.last, "files": files, "inSave": len(files) > 0, **more}
            file.write(json.dumps(told) + "\n")

    def saved(self, save):
        """The program saved something."""
        if os.getpid() != self.pid:
            return
        if self.is_past():
            # Nothing may come after it that could tell.
            self.tell_saves([save], late=True, trainedOn=self.trained_on)
        elif self.is_recording():
            self.observer.step.saves.append(save)
            if self.killing is not None and self.in_save():
                # The step may not come to its end.
                self.tell_saves([save], step=self.last + 1)

    def is_past(self):
        """Whether the last step that is asked for was described. The program may go on."""
        has_begun = self.last > self.first or self.done
        return self.last >= self.settings.until and has_begun

    def in_save(self):
        """Whether the program has trained the step after which it is to be killed in a save, and not begun the next."""
        seen = self.observer.step
        has_trained = (seen.attempts if self.settings.step_is == "update" else seen.backwards) > 0
        return self.last + 1 == self.settings.kill.step and has_trained and self.is_recording()

    def trains_on(self):
        """The program begins to train a step, which may be none that is asked for."""
        if os.getpid() != self.pid:
            return
        if self.was_left and self.settings.stop == "exit":
            say("the program goes on after SystemExit, and is ended")
            self.end_process()
        if self.is_past():
            self.trained_on += 1

    def is_to_save(self):
        """Whether this process is to save here, for another one to resume from. At the end, nothing is left to resume."""
        if self.settings.save_at is not None:
            return self.last in self.settings.save_at
        return self.settings.role in ("saver", "before", "after") and self.last < self.settings.horizon

    def hold(self):
        """Waits until the parent has copied what was saved, or ends the process."""
        if self.last not in self.settings.holds:
            return
        held = f"{self.settings.trace}.held-{self.last}"
        open(held, "x").close()
        while os.path.exists(held):
            time.sleep(0.01)
        self.observer.step.began = time.perf_counter()

    def begin_file(self, state=None):
        """Opens the trace. The control's first update shows what the program lacks; the parent tells the others."""
        settings = self.settings
        lacks = self.lacks(state) if settings.lacks is None else settings.lacks
        source = settings.source
        opening = []
        if source is not None:
            loaded = {"process": source.process, "checkpoint": source.checkpoint}
            opening.append({"kind": "resumed", "step": source.step, "from": loaded})
        opening += self.opening or []
        parameters = self.columns.parameters
        device = parameters[0].device if parameters else self.torch.device("cpu")
        run = {
            "kind": "run",
            "format": 2,
            "scenario": settings.scenario,
            "id": settings.id,
            "role": settings.role,
            "horizon": settings.horizon,
            "until": settings.until,
            "stepIs": settings.step_is,
            "seed": settings.seed,
            "lacks": list(lacks),
            "backend": backend_of(self.torch, device),
            "process": process_of(self.pid),
        }
        try:
            self.file.begin([run, *opening])
        except OSError as error:
            say(f"this process is not recorded: {error}")
            self.done = True

    def lacks(self, state):
        """What the program has not shown until now."""
        if self.opening is None:
            return []
        tensors = (state or self.describe())["tensors"]
        shown = {
            "hooks": len(self.observer.hooked) > 0,
            "slots": any(tensor["kind"] == "slot" for tensor in tensors),
            "samples": self.sampler.draw is not None,
            "batches": self.observer.step.ids_told or any(map(len, self.observer.step.batch)),
        }
        return [kind for kind, is_shown in shown.items() if not is_shown]

    # The end

    def finish(self):
        """The last step that is asked for was described."""
        # A process that is stopped after its save did not come to its end.
        is_stopped = self.settings.stop != "0" and not self.exiting
        if not (is_stopped and self.is_to_save()):
            self.file.write(kind="end", step=self.last, seconds=self.seconds)
        program = self.program
        found = [
            (self.columns.names, "parameter"),
            (program.optimizers(), "optimizer"),
            (program.schedules(), "schedule"),
            (program.averages(), "average"),
            (program.scalers(), "loss scaler"),
        ]
        steps = "no step" if self.last == self.first else f"steps {self.first + 1} to {self.last}"
        say(
            f"recorded {steps}: {', '.join(_count(*one) for one in found)}; "
            f"saves after steps: {', '.join(map(str, self.saved_after)) or 'none'}"
        )
        self.leave()

    def fail(self, code, message):
        if self.file.is_held():
            self.begin_file()
        if self.done:
            return
        self.file.write(kind="failure", code=code, step=self.last, message=message[:4096])
        say(message)
        self.leave()

    def leave(self):
        """Records no more; ends the process where the parent asked for it."""
        self.done, self.waiting, self.kept, self.was_left = True, False, None, True
        if self.settings.stop == "exit" and not self.exiting:
            raise SystemExit(0)
        if self.settings.stop == "1" and not self.exiting:
            self.end_process()

    def end_process(self):
        """As a preemption does it: nothing is cleaned up. Only what was printed is not lost."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    def at_exit(self):
        self.exiting = True
        if not self.is_recording():
            return
        error = getattr(sys, "last_value", None)
        # A launcher, which may import torch too, fails because the program does.
        is_program = self.program.had_optimizers() or self.settings.source is not None and self.has_loaded
        if error is not None and is_program:
            self.fail(self.code_of(error), f"{type(error).__name__}: {error}")
            return
        with self.probing():
            if self.opening is not None and self.is_complete():
                self.close_step()
        if not self.is_recording():
            return
        if self.opening is None:
            if self.program.optimizers():
                say("an optimizer was seen, but no training step")
            return
        if self.file.is_held():
            self.begin_file()
        say(f"the program ended after step {self.last}, before step {self.settings.until}")

    def code_of(self, error):
        if isinstance(error, self.torch.OutOfMemoryError):
            return "out-of-memory"
        return "error" if self.opening is not None or self.settings.source is None else "resume-refused"

    # What the program tells

    def give(self, model, optimizer, scheduler, ema, sample, generator):
        """What `resumeproof.record` was called with."""
        for one in _several(model):
            self.program.model.adopt(one)
        for one in _several(optimizer):
            held = self.program.give("optimizer", one)
            observe_groups(held, self.observer)
            if self.is_late:
                held.step = held.step  # observed from here on; its class was made before
        for one in _several(scheduler):
            self.program.give("schedule", one)
        if ema is not None:
            self.program.average.give(ema)
        if sample is not None:
            self.sampler.draw = sample
        if generator is not None:
            named = generator if isinstance(generator, dict) else {"generator": generator}
            self.generators.given.update(named)
        self.program.moved = True

    def told_step_begins(self):
        if not self.is_recording():
            return
        self.program.find_model()
        with self.probing():
            if not self.is_told and self.file.is_held():
                # What came before the first step was no training.
                self.opening = None
            self.is_told = True
            self.pass_boundary(told=True)
            self.told_end = False
            self.begin_if_told()
            self.hold_for_last()
        self.waiting = True

    def told_step_ends(self):
        self.told_end = True

    def told(self, loss, learning_rate, batch):
        seen = self.observer.step
        if loss is not None:
            seen.losses_told.append(loss)
        if learning_rate is not None:
            labels = self.program.rates()
            is_by_group = isinstance(learning_rate, dict)
            seen.rates_told = (
                {str(label): rate for label, rate in learning_rate.items()}
                if is_by_group
                else dict.fromkeys(labels, learning_rate)
            )
        if batch is not None:
            seen.ids_told = [str(one) for one in batch]

    # What the patches report

    @contextmanager
    def update(self, optimizer, args, kwargs):
        """Around each call of an optimizer's `step`."""
        has_closure = callable(kwargs.get("closure", args[0] if args else None))
        if self.settings.step_is == "update" and not self.observer.optimizing:
            self.trains_on()
        if has_closure and self.is_recording() and not self.observer.optimizing:
            # It makes its own forward and backward passes, which belong to one step.
            with self.probing():
                self.program.find_model()
                self.pass_boundary()
            self.begin_if_told()
            self.waiting = True  # for its batch
        if self.opening is None or not self.is_recording():
            yield
            return
        observer = self.observer
        with self.probing():
            begun = observer.optimizer_begins(optimizer, has_closure)
        try:
            yield
            with self.probing():
                observer.optimizer_updated(begun)
        finally:
            observer.optimizing -= 1
            if not self.backward_depth and not observer.optimizing:
                self.waiting = True

    def backward_begins(self):
        self.backward_depth += 1
        if self.backward_depth > 1:
            return
        if self.observer.optimizing:
            if self.is_recording():
                self.note_modes()
            return
        if self.settings.step_is == "micro-batch":
            self.trains_on()
        if not self.is_recording() or not self.program.optimizers():
            return
        with self.probing():
            # The forward pass went by unseen: in evaluation mode, or without a call of the module.
            if self.opening is None or self.is_complete() and (self.forwards > 0 or not self.sees_forwards):
                self.program.find_model()
                self.pass_boundary()
            self.note_modes()
            self.begin_if_told()
            self.hold_for_last()

    def note_modes(self):
        """The forward pass of this backward pass had these modes."""
        self.observer.step.evaluating.update(self.program.model.evaluating())

    def begin_if_told(self):
        """Only the control finds out what it lacks, and writes nothing until then."""
        if self.is_recording() and self.file.is_held() and self.settings.lacks is not None:
            self.begin_file()
            if self.is_recording() and self.settings.source is not None:
                self.leave_resume()

    def leave_resume(self):
        """What is asked for before the first step was described."""
        if self.early_saves:
            self.saved_after.append(self.first)
            self.tell_saves(self.early_saves)
        if self.settings.save_at is not None and self.is_to_save() and not self.early_saves:
            self.fail("save-failed", f"no save was seen between the load of step {self.first} and the next step")
            return
        self.hold()
        if self.first == self.settings.until:
            self.finish()

    def hold_for_last(self):
        """The last state is described when the process exits, and the program's variables are gone by then."""
        if self.last + 1 >= self.settings.until and self.kept is None:
            self.kept = self.program.everything()

    def backward_ends(self, roots):
        self.backward_depth -= 1
        if self.backward_depth or not self.is_recording() or self.opening is None:
            return
        with self.probing():
            self.observer.backward_ended(roots)
        self.forwards = 0
        # A closure may pass the same batch several times.
        self.waiting = not self.observer.optimizing

    def load_begins(self):
        """Parameters may be replaced now; names are those of the ones before."""
        if self.is_recording() and self.program.optimizers():
            self.program.find_model()

    def load_ended(self):
        self.program.moved = True
        self.restored()

    def restored(self):
        self.has_loaded = True
        if self.opening is not None and self.last == self.first and not self.observer.step.backwards:
            # What was described before the load is not what the process trains from.
            if self.file.is_held():
                self.opening, self.waiting = None, True

    def probing(self):
        return _Probing(self)


class _Probing:
    """Counts the time as measuring, and keeps autograd out of it."""

    def __init__(self, recorder):
        self.recorder = recorder

    def __enter__(self):
        self.began = time.perf_counter()
        self.step = self.recorder.observer.step
        self.no_grad = self.recorder.torch.no_grad()
        self.no_grad.__enter__()

    def __exit__(self, *error):
        self.no_grad.__exit__(*error)
        seconds = time.perf_counter() - self.began
        self.step.probing += seconds
        self.recorder.seconds["probing"] += seconds


def _several(value):
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _count(things, noun):
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _inputs(torch, value):
    """The tensors in the arguments of a call that no gradient flows through: the batch."""
    if torch.is_tensor(value):
        return [value] if value.dim() > 0 and not value.requires_grad else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _inputs(torch, item)]
    return []


def _texts(torch, batch):
    """The ids of a step's rows. Those that a GPU computed are numbers."""
    rows = [row for part in batch for row in (part.tolist() if torch.is_tensor(part) else part)]
    return [hex64(row) if isinstance(row, int) else row for row in rows]
