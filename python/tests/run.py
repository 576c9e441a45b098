# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Run pytest in this interpreter.  Debian has none for PyPy, but CPython's is
pure Python: it is taken from there, behind PyPy's own modules."""

import sys

try:
    import pytest
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")
    import pytest

sys.exit(pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]]))
