# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""pip installs the package from the checkout into a new virtual
environment."""

import os
import shutil
import subprocess
import sys

import pytest

from conftest import PYTHON


def can_install():
    needed = [sys.executable, "-c", "import setuptools, pip, wheel, cffi"]
    return sys.implementation.name == "cpython" and \
        subprocess.run(needed, stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(
    not can_install(), reason="needs CPython's pip, wheel and setuptools")
def test_pip_installs_it_without_a_network(tmp_path):
    source, venv = tmp_path / "python", tmp_path / "venv"
    shutil.copytree(PYTHON, source, ignore=shutil.ignore_patterns(
        "build", "*.egg-info", "__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages",
                    venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "-q", "--no-index",
                    "--no-build-isolation", source], check=True)
    library = os.environ.get(
        "CLYDE_LIBRARY", str(PYTHON.parent / "build/lib/libclyde.so.0"))
    output = subprocess.check_output(
        [venv / "bin/python", "-c", "import clyde; print(clyde.__file__, "
         "clyde.open('virtual:').info.serial)"], cwd=tmp_path, text=True,
        env=dict(os.environ, CLYDE_LIBRARY=library))
    assert output.startswith(str(venv))
    assert output.endswith(" C3-20230101T120000Z\n")
