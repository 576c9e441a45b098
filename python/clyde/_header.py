# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Makes cffi's ffi from the text of clyde.h, for _library.py.

cffi parses C in 0.1 s, on PyPy in two seconds and with 250 MiB.  So the result
is cached, as Python caches bytecode: next to this file, or in the user's
cache, under a name that contains a hash of the header.  A cache that cannot be
read or written must not be an error.  Modules that only parsing needs are
imported there: a module takes 1 to 10 MiB on PyPy.
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


# A function of libc, which is loaded with libclyde
_LIBC = "int memcmp(const void *, const void *, size_t);"


def _declarations(header: str) -> str:
    """The header for cffi, which has no preprocessor: constants become enums,
    all other directives are removed."""
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


def _store(path: Path, code: str) -> bool:
    """Write the whole file or nothing, since another process may read it.
    False if it cannot be written."""
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
    any(_store(path, code) for path in paths)
    return code


def declare(header: Path) -> Any:
    """The ffi for a header.  Raises an ImportError that names the file."""
    namespace: dict[str, Any] = {}
    try:
        exec(_code(header.read_text()), namespace)
    except Exception as error:  # cffi's own classes are not imported here
        reason = str(error).replace("\n", "; ")
        raise ImportError(f"cannot read {header}: {reason}") from None
    return namespace["ffi"]
