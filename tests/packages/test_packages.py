# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the Debian packages as a new user meets them: installed by apt in a
fresh Debian that has nothing else, used there, and removed.

One script does all of that in one system, since making the system takes most
of the time; the output of each step belongs to one test.  CLYDE_SOURCE is the
root of the sources.  The system's tar file is kept in build-deb for the next
run.  No test may leave anything in the checkout.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"]).resolve()
OUT = SOURCE / "build-deb"
PROGRAM = SOURCE / "tests/support/serial.c"
SUITE = "bookworm"
SECONDS = 600

# Like the rule of the upstream package: it gives the device to a group.
NEIGHBOUR = """\
SUBSYSTEM=="usb", ATTRS{idVendor}=="20b7", ATTRS{idProduct}=="9db1", \
MODE="0660", GROUP="plugdev", TAG+="uaccess"
"""

PYTHON = """
import clyde
from pathlib import Path

with clyde.open("virtual:") as device:
    records = device.run("benchmark", modes=["source"], count="4MiB")
    device.fpga_load_image()
    device.attach(clyde.Core.BENCHMARK, clyde.PipeId.EP6_IN)
    pipe = device.pipe(clyde.PipeId.EP6_IN)
    device.core_write(clyde.Core.BENCHMARK, "mode", 1)
    total = 0
    while total < 4 << 20:
        total += len(pipe.read(65536))
    print(total, len(records), clyde.__file__)
"""

INSTALL = "apt-get install -y --no-install-recommends "
UDEV = "clyde virtual -- udevadm test /sys/bus/usb/devices/1-1"

# The steps run in this order, as root where the name says so. libclyde-dev
# comes late: all that is not for programmers must work without it.
STEPS = {
    "version": "clyde --version",
    "benchmark": "clyde -d virtual: run benchmark",
    "lsusb": "clyde virtual -- lsusb -d 20b7:9db1",
    "python": "python3 /in/stream.py",
    "program": "/in/program",
    "header": "test ! -e /usr/include/clyde.h",
    "dev-root": INSTALL + "/debs/libclyde-dev_*.deb && "
                "ls -L /usr/lib/*/libclyde.so /usr/include/clyde.h",
    "python-with-dev": "python3 /in/stream.py",
    "pages": "for page in man1/clyde.1 man5/clyde-benchmark.5 "
             "man7/clyde-virtual.7 man3/libclyde.3; do "
             "test -s /usr/share/man/$page.gz && echo $page; done",
    "completion": "bash -c '. /usr/share/bash-completion/completions/clyde; "
                  "complete -p clyde'",
    "rule-root": UDEV,
    "rule-with-neighbour-root":
        "cp /in/70-glasgow.rules /lib/udev/rules.d/ && " + UDEV,
    "python-root": "python3 /in/stream.py",
    "purge-root": "apt-get purge -y clyde libclyde0 libclyde-dev "
                  "python3-clyde",
    "left-root": "find /etc /lib /usr /var -iname '*clyde*' "
                 "! -path '/var/log/*'",
}


def run(*arguments, **more):
    return subprocess.run(arguments, check=True, text=True, timeout=SECONDS,
                          stdout=subprocess.PIPE, **more).stdout


def mode():
    """Returns the mode in which mmdebstrap can work here, or skips with the
    reason."""
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    root = os.geteuid() == 0
    probe = ["unshare", "--mount", "true"] if root else \
        ["unshare", "--user", "--map-auto", "--map-root-user", "--mount",
         "true"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("needs root that may mount, or user namespaces with "
                    "subordinate ids")
    return "root" if root else "unshare"


def sources():
    """Returns where this machine's apt has Debian from."""
    lines = run("apt-get", "indextargets", "--format",
                "deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
                "Created-By: Packages", "Origin: Debian").splitlines()
    lines = [line for line in lines if line.split()[2].startswith(SUITE)]
    if not lines:
        pytest.skip(f"apt has no {SUITE} here, or was never updated")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def mmdebstrap(how, text, *arguments, **more):
    """Starts mmdebstrap; its standard input is the list of sources."""
    process = subprocess.Popen(
        ["mmdebstrap", "--quiet", f"--mode={how}", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, **more)
    process.stdin.write(text)
    process.stdin.close()
    return process


def ended(process):
    with process.stdout:
        output = process.stdout.read()
    assert process.wait() == 0, output
    return output


def build_program(folder):
    """Builds against the contents of the packages, which are not installed
    here."""
    for package in OUT.glob("libclyde*.deb"):
        run("dpkg-deb", "-x", str(package), str(folder / "root"))
    (pc,) = (folder / "root").rglob("clyde.pc")
    flags = run("pkg-config", "--cflags", "--libs", "clyde", env=dict(
        os.environ, PKG_CONFIG_PATH=str(pc.parent),
        PKG_CONFIG_SYSROOT_DIR=str(folder / "root"))).split()
    run("cc", "-Wall", "-Werror", str(PROGRAM), "-o",
        str(folder / "in/program"), *flags)


def write_script(path):
    lines = ["set -eu", "mkdir /out", "apt-get update -qq",
             INSTALL + "/debs/clyde_*.deb /debs/libclyde0_*.deb "
             "/debs/python3-clyde_*.deb udev usbutils", "set +e"]
    for name, command in STEPS.items():
        shell = "sh -c " + shlex.quote(command)
        if not name.endswith("-root"):
            shell = f"runuser -u nobody -- {shell}"
        lines.append(f"{shell} >/out/{name}.out 2>/out/{name}.err "
                     f"</dev/null; echo $? >/out/{name}.status")
    path.write_text("\n".join(lines) + "\n")


def environment():
    """Returns the environment of the new system: nothing of this one, which
    may for example tell Python to keep no bytecode, except how to reach the
    archive."""
    kept = {name: value for name, value in os.environ.items()
            if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
    return shlex.join(f"{name}={value}" for name, value in {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nowhere",
        "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
        **kept}.items())


@pytest.fixture(scope="session")
def used(tmp_path_factory):
    """Runs all steps; returns a folder with the output and status of each."""
    how, debian = mode(), sources()
    folder = tmp_path_factory.mktemp("packages")
    base, made = OUT / "base.tar", None
    OUT.mkdir(exist_ok=True)
    # The packages are built while mmdebstrap downloads.
    if not base.exists():
        made = mmdebstrap(how, debian, "--variant=apt", SUITE,
                          str(OUT / "base.part.tar"), "-")
    run(str(SOURCE / "scripts/deb"))
    if made:
        ended(made)
        # Without root, device nodes cannot be unpacked; mmdebstrap makes its
        # own.
        run("tar", "--delete", "--wildcards", "-f",
            str(OUT / "base.part.tar"), "./dev/?*")
        (OUT / "base.part.tar").rename(base)
    (folder / "in").mkdir()
    build_program(folder)
    (folder / "in/stream.py").write_text(PYTHON)
    (folder / "in/70-glasgow.rules").write_text(NEIGHBOUR)
    write_script(folder / "in/script")
    packages = " ".join(shlex.quote(str(path)) for path in OUT.glob("*.deb"))
    # Root in a user namespace cannot read another user's folder.
    folder.chmod(0o755)
    output = ended(mmdebstrap(
        how, debian, "--variant=custom", "--format=null", "--skip=update",
        "--skip=cleanup",
        f"--setup-hook=tar-in {shlex.quote(str(base))} /",
        "--customize-hook=mkdir \"$1/debs\" \"$1/in\"",
        f"--customize-hook=copy-in {packages} /debs",
        "--customize-hook=copy-in "
        + " ".join(shlex.quote(str(path))
                   for path in (folder / "in").iterdir()) + " /in",
        f"--customize-hook=chroot \"$1\" env -i {environment()} sh /in/script",
        f"--customize-hook=copy-out /out {shlex.quote(str(folder))}",
        SUITE, "-"))
    (folder / "log").write_text(output)
    return folder / "out"


@pytest.fixture
def step(used):
    def read(name):
        status = int((used / f"{name}.status").read_text())
        output = (used / f"{name}.out").read_text()
        assert status == 0, (output, (used / f"{name}.err").read_text())
        return output
    return read


def test_the_tool_is_of_this_version(step):
    changelog = (SOURCE / "debian/changelog").read_text()
    assert changelog.startswith(
        "clyde (" + step("version").split()[1] + ")")


def test_the_benchmark_has_four_lines(step):
    lines = step("benchmark").splitlines()
    assert lines[0].startswith("benchmark on C3-20230101T120000Z")
    assert [line.split()[0] for line in lines[1:]] == [
        "source", "sink", "loopback", "latency"]
    for line in lines[1:4]:
        assert re.search(r" 4\d\.\d\d MiB/s .* 99\.[7-9]\d % of ", line)
    assert "mean 125.00 us" in lines[4]


def test_another_program_sees_the_virtual_device(step):
    assert "ID 20b7:9db1" in step("lsusb")


def test_the_binding_streams(step):
    total, records, path = step("python").split()
    assert int(total) >= 4 << 20 and int(records) > 0
    assert path == "/usr/lib/python3/dist-packages/clyde/__init__.py"


def test_the_binding_needs_no_header_of_the_dev_package(step):
    step("header")
    assert step("python-with-dev") == step("python")


def test_a_program_built_with_the_dev_package_runs(step):
    assert step("program") == "C3-20230101T120000Z\n"


def test_every_manual_page_is_installed(step):
    step("dev-root")
    pages = {f"man{path.name.split('.')[1]}/{path.stem}"
             for path in (SOURCE / "man").glob("*.scd")}
    assert set(step("pages").split()) == pages


def test_bash_finds_the_completion(step):
    assert step("completion") == "complete -F _clyde clyde\n"


def read_rules(output):
    """Returns the tags that udev gives to a device."""
    tags = [line.split("=")[1] for line in output.splitlines()
            if line.startswith("TAGS=")]
    return "".join(tags).split(":")


def settings(used, name):
    text = (used / f"{name}.err").read_text() + \
        (used / f"{name}.out").read_text()
    return [line.split("rules.d/")[1] for line in text.splitlines()
            if line.startswith("1-1: ") and
            (" MODE " in line or " GROUP " in line or " OWNER " in line)]


def test_the_rule_gives_the_device_to_the_user_at_the_machine_and_sets_no_mode(
        step, used):
    assert "uaccess" in read_rules(step("rule-root"))
    assert not [line for line in settings(used, "rule-root")
                if "clyde" in line]


def test_the_rule_does_not_change_the_group_and_mode_of_another_rule(
        step, used):
    assert "uaccess" in read_rules(step("rule-with-neighbour-root"))
    last = settings(used, "rule-with-neighbour-root")[-2:]
    assert [line.split(":")[0] for line in last] == ["70-glasgow.rules"] * 2
    assert last[1].endswith("MODE 0660")


def test_udev_reports_nothing_about_the_rules(step, used):
    step("rule-root")
    complaints = [line for line in
                  (used / "rule-root.err").read_text().splitlines()
                  if "clyde.rules" in line and
                  not line.startswith("Reading rules file")]
    assert complaints == []


def test_purging_leaves_nothing_behind(step):
    step("python-root")  # Makes the binding keep its cache of the header.
    step("purge-root")
    assert step("left-root") == ""


def test_building_leaves_nothing_in_the_checkout(used):
    made = run("git", "-C", str(SOURCE), "status", "--porcelain",
               "--untracked-files=all")
    for name in ["debian/files", "debian/.debhelper", "debian/clyde/",
                 "debian/tmp", "obj-"]:
        assert name not in made
