# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A headless Chromium behind chromedriver, used by plain HTTP: opens a page
with a width and a colour scheme, and runs scripts in it.  For
test_report.py."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
SECONDS = 600


def available():
    return bool(shutil.which("chromedriver") and shutil.which("chromium"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    def __init__(self):
        self.port = free_port()
        self.profile = tempfile.TemporaryDirectory(
            prefix="clyde-chromium-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            ["chromedriver", f"--port={self.port}"], cwd=self.profile.name,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait()
            self.session = self._call("", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {
                    "binary": shutil.which("chromium"),
                    "args": FLAGS +
                    [f"--user-data-dir={self.profile.name}/data"],
                }}}}, session=False)["sessionId"]
        except BaseException:
            self.close()
            raise

    def _wait(self):
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _call(self, path, body, session=True):
        place = f"/{self.session}{path}" if session else path
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/session{place}",
            json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def devtools(self, command, **parameters):
        return self._call("/goog/cdp/execute",
                          {"cmd": command, "params": parameters})

    def show(self, path, width=1280, scheme="light"):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=900, deviceScaleFactor=1, mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])
        self._call("/url", {"url": f"file://{path}"})

    def ask(self, script):
        return self._call(
            "/execute/sync", {"script": script, "args": []})

    def screenshot(self, path):
        import base64
        size = self.ask("const e = document.documentElement;"
                        "return [e.clientWidth, e.scrollHeight];")
        data = self.devtools(
            "Page.captureScreenshot", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size[0], "height": size[1],
                  "scale": 1})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        try:
            if hasattr(self, "session"):
                request = urllib.request.Request(
                    f"http://127.0.0.1:{self.port}/session/{self.session}",
                    method="DELETE")
                urllib.request.urlopen(request, timeout=SECONDS).close()
        except OSError:
            pass
        self.process.terminate()
        self.process.wait(SECONDS)
        self.profile.cleanup()
