# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Runs pytest in this interpreter.  Debian has no pytest for PyPy.  CPython's
is pure Python, so its folder is added after PyPy's own."""

import sys

try:
    import pytest
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")
    import pytest

sys.exit(pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]]))
