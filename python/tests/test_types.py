# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""mypy, if it is installed, finds no error in the type hints."""

import shutil
import subprocess

import pytest

from conftest import PYTHON


@pytest.mark.skipif(shutil.which("mypy") is None, reason="no mypy")
def test_the_hints_hold(tmp_path):
    subprocess.run(
        ["mypy", "--python-version", "3.9", "--ignore-missing-imports",
         "--cache-dir", tmp_path, PYTHON / "clyde"], check=True)
