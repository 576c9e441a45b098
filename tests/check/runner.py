# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Runs the parts of scripts/check, which calls it with its table, side by side
on the processors that there are.

However the run ends, also by a signal, all its processes are ended, a table
says how long each part took, and the last line counts the tests as count.py
does.  A part that fails or leaves no report, without a failed test in its
reports, counts as one failed test.  untouched.py records the state of the
machine before the first part and compares it after the last."""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import count  # noqa: E402
from check import untouched  # noqa: E402

ENDED_BY = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
SIGNALS = {signal.SIGCHLD, *ENDED_BY}
LOGS = "build-check"
TAIL = 200  # lines of a failed part's output
SHOWN = 20  # findings of a kind


@dataclasses.dataclass
class Part:
    """One shell command.  `needs` are parts that must have succeeded, and
    `reports` the files that it leaves for count.py."""
    name: str
    command: str
    needs: tuple = ()
    reports: tuple = ()
    lanes: int = 1  # how many processors it occupies
    # Results of the run.
    state: str = "waits"  # runs, ended, not run
    status: int = 0
    seconds: float = 0
    cpu: float = 0
    counts: tuple = (0, 0, 0)
    why: list = dataclasses.field(default_factory=list)

    def judge(self):
        """Its counts, from its reports and its status."""
        rows = [(0, 0, 0)]
        if self.state != "ended":
            self.why.append("was not run to its end")
        for path in map(pathlib.Path, self.reports):
            try:
                rows += count.report(path)
            except count.NoReport as error:
                self.why.append(f"no report {path}: {error}")
                rows.append((0, 1, 0))
        self.counts = tuple(map(sum, zip(*rows)))
        if (self.status or self.state != "ended") and not self.counts[1]:
            self.why.append(f"ended with status {self.status}, without a "
                            "failed test in a report")
            self.counts = (self.counts[0], 1, self.counts[2])


# Variables that tests, the tool or what builds them obey, if they are there.
NOT_INHERITED = re.compile(
    r"(CLYDE|MESON|NINJA|PYTEST|PYTHON|XDG|LC)_.*|PYTHON.*|LANG(UAGE)?|TERM|"
    r"COLUMNS|LINES|DESTDIR|CC|CXX|CPP|LD|(C|CXX|CPP|LD)FLAGS|PKG_CONFIG.*|"
    r"(ASAN|UBSAN|TSAN|LSAN)_OPTIONS|LD_.*")


def as_from_a_login():
    """What a part must not inherit: in a job that a shell started with "&",
    SIGINT and SIGQUIT are ignored, and so in all its children, where a test
    that interrupts a program would wait for ever."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except OSError:  # the C library's own
            pass
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o022)


class Run:
    def __init__(self, parts, lanes):
        self.parts, self.lanes = parts, lanes
        self.running = {}  # part by pid
        self.begin = {}
        # A short path: the path of a UNIX socket has 107 bytes at most.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clyde-check."))
        self.folder.chmod(0o755)  # tests become other users
        pathlib.Path(LOGS).mkdir(exist_ok=True)
        for part in parts:
            for report in part.reports:
                pathlib.Path(report).unlink(missing_ok=True)

    def log(self, part):
        return pathlib.Path(LOGS, part.name + ".log")

    def places(self, part):
        """Its home and its temporary folder."""
        top = self.folder / str(self.parts.index(part))
        return top / "home", top / "tmp"

    def start(self, part):
        home, temporary = self.places(part)
        home.mkdir(parents=True)
        temporary.mkdir()
        environment = {name: value for name, value in os.environ.items()
                       if not NOT_INHERITED.fullmatch(name)}
        environment.update({
            "HOME": str(home), "TMPDIR": str(temporary), "LC_ALL": "C.UTF-8",
            "TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1",
            # Meson calls ccache where it is installed, which would keep its
            # results in $HOME.
            "CCACHE_DISABLE": "1",
            "MESON_TESTTHREADS": str(part.lanes),
            "JOBS": str(max(1, self.lanes // 2)), untouched.PART: part.name})
        with open(self.log(part), "w") as log:
            process = subprocess.Popen(
                ["/bin/bash", "-c", part.command], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=environment,
                start_new_session=True, preexec_fn=as_from_a_login)
        part.state = "runs"
        self.running[process.pid] = part
        self.begin[process.pid] = time.monotonic()
        process.returncode = 0  # reap() gets the real one, not Popen

    def start_what_can(self):
        states = {part.name: part for part in self.parts}
        for part in self.parts:
            needed = [states[name] for name in part.needs]
            if part.state != "waits":
                continue
            if any(each.state == "not run" or each.state == "ended" and
                   each.status for each in needed):
                part.state = "not run"
                self.told(part)
            elif (all(each.state == "ended" for each in needed) and
                  part.lanes <= self.lanes - sum(
                      each.lanes for each in self.running.values())):
                self.start(part)

    def told(self, part):
        part.judge()
        bad = part.counts[1]
        print(f"== {part.name}: {part.seconds:.0f} s, {part.cpu:.0f} s of CPU, "
              + ", ".join(f"{number} {word}" for number, word in zip(
                  part.counts, ("passed", "failed", "skipped"))), flush=True)
        if bad and part.state == "ended":
            lines = self.log(part).read_text(errors="replace").splitlines()
            print("\n".join(lines[-TAIL:]), flush=True)
        for sentence in part.why:
            print(f"{part.name} {sentence}", flush=True)

    def reap(self):
        """Collect ended parts, and ended orphans, which were reparented."""
        while self.running:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            part = self.running.pop(pid, None)
            if part is None:
                continue
            part.status = os.waitstatus_to_exitcode(status)
            part.seconds = time.monotonic() - self.begin[pid]
            part.cpu = usage.ru_utime + usage.ru_stime
            part.state = "ended"
            self.told(part)

    def go(self):
        """Run the parts; return the signal that ended the run, or 0.  Signals
        are blocked, and fetched by sigwait() only, so none is missed."""
        self.start_what_can()
        while self.running:
            number = signal.sigwait(SIGNALS)
            if number != signal.SIGCHLD:
                self.stop()
                return number
            self.reap()
            self.start_what_can()
        self.stop()
        return 0

    def stop(self):
        """Send SIGTERM to the parts; end_leftovers() kills the rest."""
        for pid, part in self.running.items():
            try:
                os.killpg(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
            part.seconds = time.monotonic() - self.begin[pid]
            part.status = -signal.SIGTERM
        for part in self.parts:
            if part.state in ("waits", "runs"):
                part.state = "stopped"
                part.judge()

    def left_files(self):
        """Sentences about files that a part left in its $HOME or $TMPDIR."""
        for part in self.parts:
            home, temporary = self.places(part)
            for folder, name, others in (
                    (home, "$HOME", untouched.OTHERS_IN_HOME),
                    (temporary, "$TMPDIR", untouched.OTHERS_IN_TEMPORARY)):
                for sentence in untouched.left_in(folder, others):
                    yield f"{part.name}, in {name}: {sentence}"

    def table(self):
        width = max(len(part.name) for part in self.parts)
        print(f"\n{'part':{width}}  seconds  of CPU  passed  failed  skipped")
        for part in self.parts:
            print(f"{part.name:{width}}  {part.seconds:7.0f}  {part.cpu:6.0f}"
                  "  {:6}  {:6}  {:7}".format(*part.counts))


def check(parts, lanes=None, machine=None):
    """Run the parts, print the results, return the exit status."""
    lanes = lanes or max(1, len(os.sched_getaffinity(0)))
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    untouched.adopt_orphans()
    machine = machine or untouched.Machine()
    begin = time.monotonic()
    run = Run(parts, lanes)
    ended = run.go()
    # After a signal, processes get 5 s to end before they are killed.
    left = untouched.end_leftovers(*([5] if ended else []))
    nodes, files = machine.changes()
    kinds = {"a device node changed": nodes,
             "a file outside the tree changed": files,
             "a file was left": [] if ended else list(run.left_files()),
             "a process was left": [] if ended else left}
    shutil.rmtree(run.folder, ignore_errors=True)
    run.table()
    print(f"all in {time.monotonic() - begin:.0f} s by {lanes} lanes\n")
    for name, sentences in kinds.items():
        for sentence in sentences[:SHOWN]:
            print(f"{name}: {sentence}")
        if len(sentences) > SHOWN:
            print(f"{name}: and {len(sentences) - SHOWN} more")
    for part in run.parts:
        if part.counts[1]:
            print(f"failed in {part.name}: {part.counts[1]}, see "
                  f"{run.log(part)}")
    rows = [part.counts for part in run.parts] + [
        (int(not sentences), int(bool(sentences)), 0)
        for sentences in kinds.values()]
    passed, failed, skipped = map(sum, zip(*rows))
    line = f"{passed} passed, {failed} failed, {skipped} skipped"
    pathlib.Path(LOGS, "last-line").write_text(line + "\n")
    print(line, flush=True)
    if ended:
        return 128 + ended
    return 1 if failed else 0
