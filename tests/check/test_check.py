# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests runner.py and untouched.py with made-up parts: however a part ends, it
is named and counted, and the last line is printed; and each kind of change
that a check must not make on the machine is reported."""

import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
SOURCE = TESTS.parent
SECONDS = 120

GOOD = """echo '{"name": "a", "result": "OK"}' >good.json"""
LAST = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped\n\Z")
# The check counts four tests of its own: nodes, files, files left, processes.
OWN_TESTS = 4


def script(parts):
    return f"""
import sys
SHARED = False
sys.path.insert(0, {str(TESTS)!r})
sys.dont_write_bytecode = True
from check import runner, untouched
from check.runner import Part
machine = untouched.Machine("dev", ["etc"], "dpkg", shared=SHARED)
if __name__ == "__main__":
    sys.exit(runner.check([{parts}], lanes=2, machine=machine))
"""


@pytest.fixture
def place(tmp_path):
    for name in ("dev", "etc"):
        (tmp_path / name).mkdir()
    (tmp_path / "dpkg").write_text("")
    (tmp_path / "etc/passwd").write_text("old")
    os.mkfifo(tmp_path / "dev/null", 0o666)
    (tmp_path / "dev/null").chmod(0o666)
    return tmp_path


def start(parts, place, **more):
    return subprocess.Popen([sys.executable, "-c", script(parts)], cwd=place,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **more)


def check(parts, place, status=1):
    process = start(parts, place)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == status, said
    return said


def counts(said):
    found = LAST.search(said)
    assert found, said
    return tuple(map(int, found.groups()))


def one(command, place, **more):
    """Returns what a check prints for a command that leaves a good report."""
    return check(f"Part('part', {command + chr(10) + GOOD!r}, "
                 "reports=('good.json',))", place, **more)


# ---- Counting ---------------------------------------------------------------


def test_a_good_part_counts_its_tests(place):
    said = one("true", place, status=0)
    assert counts(said) == (1 + OWN_TESTS, 0, 0)
    assert re.search(r"^part +\d+ +\d+ +1 +0 +0$", said, re.MULTILINE)


@pytest.mark.parametrize("command, why", [
    ("true", "No such file"),
    ("printf x >report.json", "not a whole report"),
    (": >report.json", "no test in it"),
    ("""printf '{"name": "a", "result": "OK"}\\n{"name": "b", "re' """
     ">report.json", "not a whole report"),
    ("kill -9 $$", "No such file"),
])
def test_a_report_that_is_not_there_or_cut_off_is_one_failed_test(
        place, command, why):
    said = check(f"Part('dies', {command!r}, reports=('report.json',))", place)
    assert counts(said) == (OWN_TESTS, 1, 0)
    assert re.search(f"^dies .*report.json: .*{why}", said, re.MULTILINE)


@pytest.mark.parametrize("text, why", [
    (None, "No such file"), ("", "not a whole report"),
    ("<testsuite tests='3' failures='0' ", "not a whole report"),
    ("<testsuite tests='3'/>", "not a whole report"),
    ("<testsuite tests='0' failures='0' errors='0' skipped='0'/>",
     "no test in it")])
def test_count_names_a_report_that_it_cannot_read(tmp_path, text, why):
    good, bad = tmp_path / "good.json", tmp_path / "bad.xml"
    good.write_text('{"name": "a", "result": "OK"}\n')
    if text is not None:
        bad.write_text(text)
    done = subprocess.run(
        [sys.executable, TESTS / "count.py", good, bad], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 1
    assert f"no report of {bad}: {why}" in done.stdout
    assert counts(done.stdout) == (1, 1, 0)


def test_a_status_without_a_failed_test_is_one_failed_test(place):
    said = check(f"Part('part', {GOOD + '; exit 3'!r}, "
                 "reports=('good.json',))", place)
    assert counts(said) == (1 + OWN_TESTS, 1, 0)
    assert "part ended with status 3" in said


def test_a_part_that_needs_a_failed_part_is_named_and_failed(place):
    said = check("Part('build', 'echo no compiler; exit 1'), "
                 "Part('unit', 'true', needs=('build',), reports=('a.json',)),"
                 "Part('other', 'true')", place)
    assert counts(said) == (OWN_TESTS, 2, 0)
    assert "no compiler" in said and "unit was not run to its end" in said
    assert "other was not" not in said


def test_an_old_report_does_not_stand_for_a_new_one(place):
    (place / "good.json").write_text('{"name": "a", "result": "OK"}\n')
    said = check("Part('dies', 'exit 1', reports=('good.json',))", place)
    assert counts(said) == (OWN_TESTS, 1, 0)


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_the_parts_and_the_last_line_is_there(place, number):
    # The second part reports its process by a line in a pipe, so it runs.
    os.mkfifo(place / "up")
    process = start(
        "Part('first', 'true'), "
        "Part('second', 'echo $$ >up; exec sleep 600', needs=('first',), "
        "reports=('a.json',)), Part('third', 'true', needs=('second',))",
        place)
    with open(place / "up") as up:
        pid = int(up.readline())
    process.send_signal(getattr(signal, number))
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + getattr(signal, number)
    assert counts(said) == (OWN_TESTS, 2, 0)
    for name in ("first", "second", "third"):
        assert re.search(rf"^{name} +\d+ ", said, re.MULTILINE)
    assert not pathlib.Path(f"/proc/{pid}").exists()


def test_parts_run_side_by_side_as_far_as_there_are_lanes(place):
    # Each part waits for the other one: one after the other they would never
    # end.
    for name in ("a", "b"):
        os.mkfifo(place / name)
    check("Part('a', 'echo >a; read line <b'), "
          "Part('b', 'read line <a; echo >b')", place, status=0)
    said = check("Part('a', 'test ! -e on && touch on && rm on', lanes=2), "
                 "Part('b', 'test ! -e on && touch on && rm on', lanes=2)",
                 place, status=0)
    assert counts(said) == (OWN_TESTS, 0, 0)


def ci(folder, packages):
    """Makes a tree that has .ci/run, and scripts that are made up."""
    for name, text in [(".ci/run", (SOURCE / ".ci/run").read_text()),
                       ("Makefile", (SOURCE / "Makefile").read_text()),
                       ("scripts/packages", packages),
                       ("scripts/check", "#!/bin/sh\necho 1 passed\n")]:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return [folder / ".ci/run"]


def test_ci_has_a_last_line_when_no_packages_can_be_had(tmp_path):
    done = subprocess.run(ci(tmp_path, "#!/bin/sh\nexit 1\n"), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 2  # make's
    assert counts(done.stdout) == (0, 1, 0)
    done = subprocess.run(ci(tmp_path, "#!/bin/sh\nexit 0\n"), text=True,
                          stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "1 passed"


def test_ci_ends_with_the_line_of_a_check_that_failed(tmp_path):
    command = ci(tmp_path, "#!/bin/sh\nexit 0\n")
    (tmp_path / "scripts/check").write_text(
        "#!/bin/sh\nmkdir build-check; echo '3 passed, 2 failed, 1 skipped' |"
        " tee build-check/last-line; exit 1\n")
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 2
    assert counts(done.stdout) == (3, 2, 1)


def test_ci_has_a_last_line_when_it_is_ended_among_the_packages(tmp_path):
    os.mkfifo(tmp_path / "up")
    process = subprocess.Popen(
        ci(tmp_path, f"#!/bin/sh\necho >{tmp_path}/up; exec sleep 600\n"),
        text=True, stdout=subprocess.PIPE, start_new_session=True)
    with open(tmp_path / "up") as up:
        up.readline()
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 143
    assert counts(said) == (0, 1, 0)


INHERITED = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGINT])
os.umask(0o077)
os.environ.update(CLYDE_OBJECTS="3", LC_ALL="tr_TR.UTF-8", CFLAGS="-O0",
                  PYTEST_ADDOPTS="--co", CC="none", LINES="2")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def public(signals):
    """Signals from a line of /proc/self/status, without the C library's own,
    32 and 33, which no program can set."""
    return int(signals, 16) & ~(3 << 31)


def test_a_part_does_not_inherit_the_state_of_the_shell_that_started_the_check(
        place):
    part = ("grep -E '^Sig(Ign|Blk)' /proc/self/status >state; umask >>state; "
            "env >environment")
    done = subprocess.run(
        [sys.executable, "-c", INHERITED, "-c", script(f"Part('a', {part!r})")],
        cwd=place, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    assert done.returncode == 0, done.stdout
    _, blocked, _, ignored, mask = (place / "state").read_text().split()
    assert not public(blocked) and not public(ignored) and mask == "0022"
    names = dict(line.split("=", 1) for line in
                 (place / "environment").read_text().splitlines())
    assert names["LC_ALL"] == "C.UTF-8" and names["CCACHE_DISABLE"] == "1"
    assert not {"CLYDE_OBJECTS", "CFLAGS", "PYTEST_ADDOPTS", "CC",
                "LINES"} & set(names)


def test_a_program_that_a_test_starts_has_no_signal_ignored():
    said = subprocess.run(["grep", "SigIgn", "/proc/self/status"],
                          stdout=subprocess.PIPE, text=True).stdout
    assert not public(said.split()[1])


def test_a_program_of_pytest_in_a_background_job_has_no_signal_ignored():
    name = test_a_program_that_a_test_starts_has_no_signal_ignored.__name__
    done = subprocess.run(
        [sys.executable, "-c", INHERITED.replace("PYTEST_ADDOPTS", "X"), "-m",
         "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{name}"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=SECONDS)
    assert "1 passed" in done.stdout, done.stdout


# ---- Changes of the machine -------------------------------------------------


@pytest.mark.parametrize("command, finding", [
    ("chmod 755 dev/null",
     "a device node changed: dev/null was pipe 0o666 .*, is pipe 0o755"),
    ("rm dev/null; echo >dev/null",
     "a device node changed: dev/null was pipe .*, is file"),
    ("rm dev/null", "a device node changed: dev/null is gone"),
    ("echo >dev/nul", "a device node changed: dev/nul is new, a file"),
    ("echo >etc/new", "a file outside the tree changed: etc/new is new"),
    ("echo new >etc/passwd",
     "a file outside the tree changed: etc/passwd was changed"),
    ("chmod 600 etc/passwd",
     "a file outside the tree changed: etc/passwd was changed"),
    ("rm etc/passwd", "a file outside the tree changed: etc/passwd is gone"),
    ("mkdir -p $HOME/.config && echo >$HOME/.config/rc",
     r"a file was left: part, in \$HOME: .config/rc was left"),
    ("mktemp", r"a file was left: part, in \$TMPDIR: tmp\.\w+ was left"),
    ("mkfifo $TMPDIR/pipe", r"\$TMPDIR: pipe was left, a pipe"),
])
def test_a_changed_file_or_node_is_named(
        place, command, finding):
    said = one(command, place)
    assert counts(said) == (OWN_TESTS, 1, 0)
    assert re.search(f"^{finding}" if finding[0] == "a" else finding, said,
                     re.MULTILINE), said


def test_folders_that_pytest_keeps_are_not_reported(place):
    said = one("mkdir -p $TMPDIR/pytest-of-me/0 $HOME/.cache/clyde; "
               "echo >$TMPDIR/pytest-of-me/0/file; "
               "echo >$HOME/.cache/clyde/clyde_h-0.txt", place, status=0)
    assert counts(said) == (1 + OWN_TESTS, 0, 0)


# A process in the background, with a session and a parent of its own.
STRAY = """({command}) </dev/null >/dev/null 2>&1 &
until test -e up; do sleep 0.01; done"""


def fast(parts):
    """The same with a short time for processes that end by themselves."""
    return script(parts).replace(
        "if __name__", "untouched.end_leftovers.__defaults__ = (0.1,)\n"
        "if __name__")


def strays(command, place):
    part = STRAY.format(command=command) + "\n" + GOOD
    done = subprocess.run(
        [sys.executable, "-c",
         fast(f"Part('part', {part!r}, reports=('good.json',))")],
        cwd=place, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    assert done.returncode == 1, done.stdout
    assert counts(done.stdout) == (OWN_TESTS, 1, 0)
    return done.stdout


def test_a_process_that_was_left_is_named_and_ended(place):
    said = strays("setsid sh -c 'echo $$ >up; exec sleep 599'", place)
    pid = (place / "up").read_text().strip()
    assert f"a process was left: process {pid}, sleep 599, of part" in said
    assert not pathlib.Path("/proc", pid).exists()


LISTENER = """
import socket, time
tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX)
tcp.bind(("127.0.0.1", 0)); tcp.listen()
unix.bind("mouth"); unix.listen()
open("port", "w").write(str(tcp.getsockname()[1]))
open("up", "w")
time.sleep(599)
"""


def test_the_sockets_of_a_process_that_was_left_are_named(place):
    (place / "listen.py").write_text(LISTENER)
    said = strays(f"setsid {sys.executable} listen.py", place)
    port = (place / "port").read_text()
    assert f"listens at tcp port {port}" in said
    assert "listens at mouth" in said


def test_a_process_that_ends_by_itself_is_not_reported(place):
    os.mkfifo(place / "end")
    parts = ("Part('a', 'setsid sh -c \"read line <end\" & true'), "
             "Part('b', 'exec 3<>end; echo >&3; sleep 0.2', needs=('a',))")
    assert counts(check(parts, place, status=0)) == (OWN_TESTS, 0, 0)


def test_changes_by_other_programs_are_not_reported(place):
    """A process, a socket and a temporary file of another user."""
    (place / "theirs").mkdir()
    other = subprocess.Popen(["sleep", "600"])
    try:
        with socket.create_server(("127.0.0.1", 0)):
            said = one("echo >theirs/file", place, status=0)
    finally:
        other.kill()
        other.wait()
    assert counts(said) == (1 + OWN_TESTS, 0, 0)


def test_as_root_only_files_with_clydes_name_are_reported(place):
    part = ("Part('part', 'echo >etc/other; echo >etc/70-clyde.rules; "
            "echo for a Glasgow >etc/passwd')")
    done = subprocess.run(
        [sys.executable, "-c",
         script(part).replace("SHARED = False", "SHARED = True")],
        cwd=place, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    assert counts(done.stdout) == (OWN_TESTS - 1, 1, 0)
    assert "note: etc/other is new by somebody" in done.stdout
    for name in ("etc/70-clyde.rules is new", "etc/passwd was changed"):
        assert f"a file outside the tree changed: {name}" in done.stdout


@pytest.mark.skipif(os.getuid() != 0, reason="only root owns for others")
def test_a_file_of_another_user_is_not_reported(place):
    said = one("echo >etc/theirs; chown 12345 etc/theirs", place, status=0)
    assert counts(said) == (1 + OWN_TESTS, 0, 0)


def test_changes_in_usr_are_not_judged_while_apt_installs():
    """apt's database has changed, so a change in /usr may be one of apt's."""
    sys.path.insert(0, str(TESTS))
    from check import untouched
    machine = untouched.Machine("/nonexistent", [], "/nonexistent",
                                shared=False)
    machine.files = {"/usr/bin/new": (1,), "/run/x": (1,)}
    machine.installed = 1  # None is installed now.
    nodes, files = machine.changes()
    assert nodes == [] and files == ["/run/x is gone"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes nodes")
def test_a_real_device_node_is_reported(place):
    try:
        os.mknod(place / "dev/zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("no device nodes in this container")
    said = one("chmod +x dev/zero", place)
    assert "dev/zero was character device" in said


def test_the_nodes_of_this_machine_are_compared():
    sys.path.insert(0, str(TESTS))
    from check import untouched
    machine = untouched.Machine(folders=())
    for name in untouched.FIXED[:2]:
        assert machine.nodes[f"/dev/{name}"][0] == "character device"
