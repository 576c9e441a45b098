# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Reads clyde.h: takes its text, gives an ffi that knows what it declares.

Parsing C takes cffi 0.1 s, and on PyPy two seconds and 250 MiB.  So what came
of it is kept, as Python keeps bytecode: next to this file, or in the user's
cache, under a name that changes with the header.  And what is not always
needed is imported when it is: a module is a MiB or ten on PyPy.
"""

from __future__ import annotations

import os
import re
import sys
import zlib
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Iterator

try:
    import _cffi_backend
except ImportError:
    raise ImportError(
        "clyde needs cffi: apt install python3-cffi, or pip install cffi; "
        "PyPy brings it along") from None


# Of C's own library, which libclyde brings along.
_LIBC = "int memcmp(const void *, const void *, size_t);"


def _declarations(header: str) -> str:
    """C without a preprocessor: constants become enums, the rest goes."""
    header = re.sub(r"^#ifdef __cplusplus\n.*?^#endif\n", "", header,
                    flags=re.M | re.S)
    header = re.sub(r"^#define (\w+) +(.+)$", r"enum { \1 = \2 };", header,
                    flags=re.M)
    return re.sub(r"^#.*$", "", header, flags=re.M) + _LIBC


def _folders() -> Iterator[Path]:
    if not sys.dont_write_bytecode:
        yield Path(cache_from_source(__file__)).parent
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    yield Path(cache).expanduser() / "clyde"


def _parse(header: str) -> str:
    import tempfile

    from cffi import FFI
    from cffi.recompiler import make_py_source
    ffi = FFI()
    ffi.cdef(_declarations(header))
    ffi.set_source("_clyde_h", None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "_clyde_h.py"
        make_py_source(ffi, "_clyde_h", str(path))
        return path.read_text()


def _keep(path: Path, code: str) -> bool:
    """All of it or nothing: others may be importing."""
    import tempfile
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(code)
        os.replace(draft, path)
        return True
    except OSError:
        return False


def _code(header: str) -> str:
    content = f"{_cffi_backend.__version__}\n{_LIBC}\n{header}".encode()
    digest = f"{zlib.crc32(content):08x}{zlib.adler32(content):08x}"
    paths = [folder / f"clyde_h-{digest}.txt" for folder in _folders()]
    for path in paths:
        try:
            return path.read_text()
        except OSError:
            pass
    code = _parse(header)
    any(_keep(path, code) for path in paths)
    return code


def declare(header: Path) -> Any:
    """The ffi for a header, or an ImportError that names it."""
    namespace: dict[str, Any] = {}
    try:
        exec(_code(header.read_text()), namespace)
    except Exception as error:  # what cffi raises is not imported yet
        reason = str(error).replace("\n", "; ")
        raise ImportError(f"cannot read {header}: {reason}") from None
    return namespace["ffi"]
