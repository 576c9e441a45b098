# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Finds libclyde and its header, loads the library with cffi, and exports
`ffi` and `lib` to the other modules.  Library, header and binding must be of
one version; any failure is an ImportError that says what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Iterator

from ._header import declare

VERSION = "0.1.0"

_LIBRARY = "libclyde.so.0"
_HEADER = Path("include") / "clyde.h"


def _prefixes() -> Iterator[Path]:
    for prefix in (sys.prefix, sys.base_prefix, "/usr/local", "/usr"):
        yield Path(prefix)


def _libraries() -> Iterator[Path]:
    """The paths at which the library may be: the checkout's build first, then
    where it may be installed."""
    yield Path(__file__).resolve().parents[2] / "build" / "lib" / _LIBRARY
    for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        if folder:
            yield Path(folder) / _LIBRARY
    for prefix in _prefixes():
        yield prefix / "lib" / _LIBRARY
        yield prefix / "lib64" / _LIBRARY
        yield from sorted((prefix / "lib").glob(f"*-linux-*/{_LIBRARY}"))


def _find_library() -> Path:
    chosen = os.environ.get("CLYDE_LIBRARY")
    if chosen:
        return Path(chosen).resolve()
    for path in _libraries():
        if path.exists():
            return path
    raise ImportError(
        f"{_LIBRARY} is neither in the checkout's build/lib nor installed: "
        "run make or make install in Clyde's checkout, or say where it is "
        "with CLYDE_LIBRARY")


def _find_header(library: Path) -> Path:
    """The header of a library.  In a checkout and in a prefix it is in an
    include folder above the library.  Debian's package has it beside this
    file."""
    chosen = os.environ.get("CLYDE_HEADER")
    if chosen:
        return Path(chosen)
    for folder in library.parents:
        if (folder / _HEADER).exists():
            return folder / _HEADER
    packaged = Path(__file__).with_name(_HEADER.name)
    if packaged.exists():
        return packaged
    raise ImportError(f"{library} has no {_HEADER} in a folder above it; "
                      "say where it is with CLYDE_HEADER")


def _load() -> tuple[Any, Any]:
    library = _find_library()
    header = _find_header(library)
    ffi = declare(header)
    try:
        # RTLD_NODELETE: a finalizer may call the library after this module
        # has been deleted.
        lib = ffi.dlopen(str(library), os.RTLD_NOW | os.RTLD_NODELETE)
        version = ffi.string(lib.clyde_version()).decode()
    except (OSError, AttributeError, ffi.error) as error:
        raise ImportError(f"cannot load {library}: {error}") from None
    if version != VERSION:
        raise ImportError(
            f"{library} is libclyde {version}, and this is the binding for "
            f"{VERSION}: install the two together")
    return ffi, lib


ffi, lib = _load()


def text(pointer: Any) -> str:
    """The text of a C string; empty for NULL."""
    if pointer == ffi.NULL:
        return ""
    return ffi.string(pointer).decode("utf-8", "replace")
