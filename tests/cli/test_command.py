# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""clyde virtual starts COMMAND with the devices that it was promised, or does
not start it; and what stands in the way is named."""

import os
import pathlib
import resource
import subprocess

import pytest

from test_cli import SECONDS, only_line

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
INTERNAL, NOT_EXECUTABLE, NOT_FOUND = 70, 126, 127


def plugged(*command, folder, status=0, **more):
    done = subprocess.run(
        [CLYDE, "virtual", "--", *map(str, command)], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
        env=dict(os.environ, TMPDIR=str(folder)), **more)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


# ---- The folder


@pytest.mark.parametrize("name", [
    "a b", "a:b", "a;b", "$ORIGIN", "a\tb", "x" * 60])
def test_the_loader_gets_a_name_that_it_cannot_split(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    done = plugged(CLYDE, "list", folder=folder)
    assert done.stderr == "" and "usb:1:2" in done.stdout


@pytest.fixture
def short():
    """A folder whose path is short enough to be used."""
    folder = pathlib.Path("/tmp") / f"c{os.getpid()}"
    folder.mkdir()
    yield folder
    folder.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_a_folder_that_cannot_be_written_is_named(short):
    short.chmod(0o555)
    done = plugged("true", folder=short, status=INTERNAL, user="nobody")
    assert only_line(done) == (
        f"virtual: the files of the devices cannot be in {short}: "
        "Permission denied; set TMPDIR to another folder")


def test_a_folder_that_is_not_there_is_named():
    done = plugged("true", folder="/nonexistent", status=INTERNAL)
    assert only_line(done) == (
        "virtual: the files of the devices cannot be in /nonexistent: "
        "No such file or directory; set TMPDIR to another folder")


# A file system of so many KiB on a folder, in a mount namespace of its own.
FULL = """
mount -t tmpfs -o size="$1"k none "$2" 2>/dev/null || exit 99
shift; TMPDIR=$1; shift; export TMPDIR; exec "$@"
"""


@pytest.mark.parametrize("size", [8, 16, 32, 48])
def test_a_full_disk_is_named(size, short):
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", FULL, "sh", str(size), short, CLYDE,
         "virtual", "--", "true"], text=True, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=SECONDS)
    if done.returncode in (1, 99) and "clyde" not in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.returncode == INTERNAL, done.stderr
    assert only_line(done) == (
        f"virtual: the files of the devices cannot be in {short}: "
        "No space left on device; set TMPDIR to another folder")


def test_too_few_open_files_are_named(tmp_path):
    done = plugged("true", folder=tmp_path, status=INTERNAL, preexec_fn=lambda:
                   resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5)))
    assert "raise the limit of open files, see ulimit -n" in only_line(done)


def test_the_folder_of_a_killed_run_is_removed_by_the_next(tmp_path):
    with subprocess.Popen(
            [CLYDE, "virtual", "--", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=dict(os.environ, TMPDIR=str(tmp_path))) as process:
        process.stdout.readline()
        left = os.listdir(tmp_path)
        plugged("true", folder=tmp_path)
        assert os.listdir(tmp_path) == left  # the process lives
        process.kill()
        process.wait()
        process.stdin.close()
    assert os.listdir(tmp_path) == left
    # Neither is a run's: without a socket, and with one under another name.
    (tmp_path / "clyde-aaaaaa").mkdir()
    (tmp_path / "clyde-other").mkdir()
    plugged("true", folder=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["clyde-aaaaaa", "clyde-other"]


# ---- COMMAND


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Programs that do nothing, by how they are linked."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "nothing.c").write_text("int main(void) { return 0; }\n")
    for name, options in [("dynamic", []), ("static", ["-static"]),
                          ("pie", ["-static-pie"])]:
        subprocess.run(["cc", *options, "-o", folder / name,
                        folder / "nothing.c"], check=True)
    for name, interpreter in [("script", "static"), ("twice", "script"),
                              ("good", "dynamic")]:
        (folder / name).write_text(f"#! {folder / interpreter} -x\n")
        (folder / name).chmod(0o755)
    foreign = bytearray((folder / "dynamic").read_bytes())
    foreign[4] = 3 - foreign[4]  # 32 bits for 64, or the reverse
    (folder / "foreign").write_bytes(foreign)
    (folder / "foreign").chmod(0o755)
    return folder


@pytest.mark.parametrize("name, named, why", [
    ("static", "static", "is statically linked"),
    ("pie", "pie", "is statically linked"),
    ("script", "static", "is statically linked"),
    ("twice", "static", "is statically linked"),
    ("foreign", "foreign", "is for another kind of machine"),
])
def test_a_command_that_would_use_the_machines_usb_is_not_started(
        name, named, why, programs, tmp_path):
    done = plugged(programs / name, folder=tmp_path, status=NOT_EXECUTABLE)
    assert only_line(done) == (
        f"virtual: {programs / named} {why}: it would use this machine's USB, "
        "not the virtual devices")


@pytest.mark.parametrize("name", ["dynamic", "good"])
def test_a_command_that_loads_the_shim_is_started(name, programs, tmp_path):
    plugged(programs / name, folder=tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_command_with_another_users_rights_is_not_started(
        programs, tmp_path):
    program = tmp_path / "rights"
    program.write_bytes((programs / "dynamic").read_bytes())
    os.chown(program, 12345, 0)
    program.chmod(0o4755)
    done = plugged(program, folder=tmp_path, status=NOT_EXECUTABLE)
    assert "runs with another user's rights" in only_line(done)


def test_a_command_that_is_not_there_is_said(tmp_path):
    done = plugged("no-such-command", folder=tmp_path, status=NOT_FOUND)
    assert "cannot run no-such-command" in only_line(done)
    done = plugged("/etc/passwd", folder=tmp_path, status=NOT_EXECUTABLE)
    assert "Permission denied" in only_line(done)


# ---- The EEPROM's file


SAVE = """
mount -t tmpfs -o size=40k none "$1" 2>/dev/null || exit 99
"$2" -d virtual:eeprom="$1/e" info >/dev/null || exit 98
shift; exec "$@"
"""


@pytest.mark.parametrize("line", [
    ("-d", "virtual:eeprom={}/e", "voltage", "--limit", "A=3.3"),
    ("virtual", "-d", "virtual:eeprom={}/e", "--", CLYDE, "voltage", "--limit",
     "A=3.3"),
])
def test_an_eeprom_that_does_not_fit_its_disk_is_named(line, short):
    """The file is replaced, so there must be room for two."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", SAVE, "sh", short, CLYDE,
         *(str(word).format(short) for word in line)], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    if done.returncode in (1, 99) and "clyde" not in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.returncode == 73, done
    assert only_line(done).endswith(
        f"the EEPROM was not written to {short}/e: No space left on device")
