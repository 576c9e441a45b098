# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Finds what scripts/check has changed on the machine: device nodes in /dev,
files in system folders, $HOME and $TMPDIR, and processes that were left.
Called by runner.py before and after all parts of scripts/check.

Other users change the same machine meanwhile, so a finding must be a change
that the check itself can have made.  Processes must be its descendants: a
subreaper adopts them when their parents end. $HOME and $TMPDIR are folders
made for each part.  In system folders only files of the check's own user are
compared.  Root owns all of them: as root, a finding must have Clyde's name in
its path or its text, and other changes are printed as notes.  If packages were
installed meanwhile, /etc, /opt and /usr are not compared."""

import ctypes
import os
import pathlib
import re
import signal
import stat
import time

NODES = "/dev"
FOLDERS = ("/etc", "/opt", "/run", "/usr", "/var/tmp")
PACKAGED = ("/etc", "/opt", "/usr")
DPKG = "/var/lib/dpkg/status"
PART = "CLYDE_CHECK_PART"  # In the environment of each part: its name.

# Terminals change owner and mode at a login.
PASSED_OVER = re.compile(
    r"/dev/(pts|shm|mqueue|hugepages)(/|$)|/dev/(tty[0-9A-Z]|vcs)|"
    r"/run/(user|lock|log|systemd|udev|dbus|utmp|docker|containerd)(/|$)|"
    r"/run/.*\.pid$|/etc/mtab$|.*/__pycache__$")
OWN = re.compile(rb"clyde|glasgow", re.IGNORECASE)
OWN_SIZE_MAX = 1 << 20  # The size of a file that is searched for Clyde's name.
# Nodes that always exist, so that a missing one is a finding.
FIXED = ("null", "zero", "full", "random", "urandom", "tty", "ptmx")
# Files that may be left: folders of pytest's last runs, the binding's cache of
# clyde.h, and caches and settings of other tools.
OTHERS_IN_TEMPORARY = re.compile(r"pytest-of-[^/]+/")
OTHERS_IN_HOME = re.compile(
    r"\.(pki|rustup|cargo)|\.cache/clyde/clyde_h-\w+\.txt$|"
    r"\.cache/(dconf|fontconfig|mesa_shader_cache\w*|pip|chromium)|"
    r"\.(config|local/share)/(chromium|wireshark|pki)")

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Makes this process the parent of descendants whose parents end."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


# ---- Files ------------------------------------------------------------------


def kind(mode):
    names = {stat.S_IFREG: "file", stat.S_IFDIR: "folder",
             stat.S_IFLNK: "link", stat.S_IFCHR: "character device",
             stat.S_IFBLK: "block device", stat.S_IFIFO: "pipe",
             stat.S_IFSOCK: "socket"}
    return names[stat.S_IFMT(mode)]


def walk(top):
    """Yields (path, lstat) of everything below a folder that is readable."""
    folders = [top]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if PASSED_OVER.match(entry.path):
                        continue
                    status = entry.stat(follow_symlinks=False)
                    yield entry.path, status
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(entry.path)
        except OSError:
            pass  # Removed meanwhile, or not readable for this user.


def node(status):
    return (kind(status.st_mode), oct(stat.S_IMODE(status.st_mode)),
            f"{status.st_uid}:{status.st_gid}", status.st_rdev)


def contents(status):
    """Returns what is compared of a file.  Of a folder only mode and owner:
    its size and time change with its files, which are compared themselves."""
    if stat.S_ISDIR(status.st_mode):
        return node(status)
    return node(status) + (status.st_size, status.st_mtime_ns,
                           status.st_ino)


def node_changes(top, before, after):
    for path, old in sorted(before.items()):
        if path not in after:
            if os.path.relpath(path, top) in FIXED:
                yield f"{path} is gone"
        elif old != after[path]:
            yield (f"{path} was " + " ".join(map(str, old[:3])) + ", is "
                   + " ".join(map(str, after[path][:3])))
    for path in sorted(after.keys() - before.keys()):
        if after[path][0] in ("file", "folder", "pipe", "socket"):
            yield f"{path} is new, a {after[path][0]}"


def file_changes(before, after):
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None:
            yield path, f"{path} is new"
        elif new is None:
            yield path, f"{path} is gone"
        elif old != new:
            yield path, f"{path} was changed"


def left_in(folder, others):
    """Returns sentences about files in a folder that should be empty; folders
    in it do not count."""
    for path, status in sorted(walk(str(folder)), key=lambda each: each[0]):
        name = os.path.relpath(path, folder)
        if not stat.S_ISDIR(status.st_mode) and not others.match(name):
            yield f"{name} was left, a {kind(status.st_mode)}"


def is_own(path):
    """Returns whether a file that root has written is Clyde's, by its name or
    text."""
    if OWN.search(os.fsencode(path)):
        return True
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return bool(OWN.search(file.read(OWN_SIZE_MAX)))
    except OSError:
        return False


class Machine:
    """The state of the machine, to be compared with a later one.  `shared`:
    other programs write files as the same user, as they do for root."""

    def __init__(self, nodes=NODES, folders=FOLDERS, packages=DPKG,
                 shared=None):
        self.top, self.folders, self.packages = nodes, folders, packages
        self.uid = os.getuid()
        self.shared = self.uid == 0 if shared is None else shared
        self.look()

    def look(self):
        self.nodes = {path: node(status) for path, status in walk(self.top)}
        self.files = {path: contents(status) for folder in self.folders
                      for path, status in walk(folder)
                      if status.st_uid == self.uid}
        try:
            self.installed = os.stat(self.packages).st_mtime_ns
        except OSError:
            self.installed = None

    def changes(self):
        """Returns two lists of sentences: of nodes, of files."""
        now = Machine(self.top, self.folders, self.packages, self.shared)
        before, after = self.files, now.files
        if self.installed != now.installed:
            print("packages were installed meanwhile; "
                  f"{' '.join(PACKAGED)} are not judged")
            before, after = (
                {path: each for path, each in files.items()
                 if not path.startswith(tuple(f"{top}/" for top in PACKAGED))}
                for files in (before, after))
        files = []
        for path, sentence in file_changes(before, after):
            if self.shared and not is_own(path):
                print(f"note: {sentence} by somebody who is root")
            else:
                files.append(sentence)
        return list(node_changes(self.top, self.nodes, now.nodes)), files


# ---- Processes --------------------------------------------------------------


def parents():
    """Returns the parent of every process that is not a zombie."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = pathlib.Path(f"/proc/{name}/stat").read_text(
                    errors="replace")
            except OSError:
                continue
            state, parent = text.rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                found[int(name)] = int(parent)
    return found


def descendants(top):
    found, of = [], parents()
    layer = [top]
    while layer:
        layer = [pid for pid, parent in of.items() if parent in layer]
        found += layer
    return found


def listening():
    """Returns the address of every listening socket, by inode."""
    found = {}
    for name, fields, state, place in (("tcp", 10, 3, 1), ("tcp6", 10, 3, 1)):
        try:
            rows = pathlib.Path(f"/proc/net/{name}").read_text().splitlines()
        except OSError:
            continue
        for row in rows[1:]:
            cells = row.split()
            if len(cells) >= fields and cells[state] == "0A":
                found[cells[9]] = f"{name} port {int(cells[place][-4:], 16)}"
    for row in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]:
        cells = row.split()
        if int(cells[3], 16) & 0x10000:  # __SO_ACCEPTCON
            found[cells[6]] = " ".join(cells[7:]) or "a socket without name"
    return found


def describe(pid):
    """Describes a process: its part, its command and where it listens."""
    def read(name):
        try:
            data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
        except OSError:
            data = b""
        return data.decode(errors="replace").rstrip("\0").split("\0")
    part = [word for word in read("environ") if word.startswith(PART + "=")]
    text = f"process {pid}, {' '.join(read('cmdline'))[:200]}"
    if part:
        text += f", of {part[0].split('=', 1)[1]}"
    sockets = listening()
    try:
        links = [os.readlink(f"/proc/{pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        links = []
    for link in links:
        found = re.fullmatch(r"socket:\[(\d+)\]", link)
        if found and found[1] in sockets:
            text += f", listens at {sockets[found[1]]}"
    return text


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_leftovers(grace_s=30):
    """Waits for descendants of this process to end, then kills those that are
    left; returns a sentence about each of these."""
    end = time.monotonic() + grace_s
    while True:
        reap()
        left = descendants(os.getpid())
        if not left or time.monotonic() > end:
            break
        time.sleep(0.05)
    sentences = [describe(pid) for pid in left]
    while left:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
        reap()
        left = descendants(os.getpid())
    try:
        while os.wait():
            pass
    except ChildProcessError:
        return sentences
