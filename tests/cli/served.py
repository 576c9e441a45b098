# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""An applet that serves clients, as tests of such applets start it."""

import re
import signal
import socket
import subprocess

INTERRUPTED = 130
# After this time a process counts as hung, even on the busiest machine.
SECONDS = 600


class Served:
    """A command that says where it listens: a port, a path, or a terminal."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.lines = []
        found = self.line(r"listening on tcp:.*:(\d+)|listening on unix:(.*)"
                          r"|^(/dev/pts/\d+)")
        self.port, self.path, self.tty = found.groups()

    def line(self, pattern):
        """Waits for a line that matches."""
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"no line like {pattern} in {self.lines}")

    def connect(self):
        if self.path:
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.path)
        else:
            client = socket.create_connection(("127.0.0.1", int(self.port)))
        client.settimeout(SECONDS)
        return client

    def end(self, status=INTERRUPTED):
        if status == INTERRUPTED:
            self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == status, (self.lines, rest)
        return "".join(self.lines) + rest

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
