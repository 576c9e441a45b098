# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What every object of the library is in Python: a handle, and a token by
which it is closed.

The collector may come late, early, twice, on another thread or at exit: a
token is never used again, so closing by it is right at any time but one.
Inside a callback the library refuses to close, since it would wait for itself:
what is closed there is closed afterwards, and kept until then, since the
library uses memory of pipes and callbacks until they are closed.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from typing import Any, Callable, Deque, Optional, Set, Type, TypeVar
from weakref import WeakValueDictionary

from ._library import lib

_close_token = lib.clyde_close_token

_inside = threading.local()
# Closed inside a callback, and not yet by the library.
_late: Deque[Owner] = deque()
roots: Set[int] = set()  # tokens of open contexts

Self = TypeVar("Self", bound="Owner")


def _close_late() -> None:
    while _late:
        try:
            owner = _late.popleft()
        except IndexError:  # another thread was faster
            return
        if not owner._close_now():
            return


def callback(function: Callable[..., None]) -> Callable[..., None]:
    """Mark what the library calls."""
    def inside(*arguments: Any) -> None:
        depth = getattr(_inside, "depth", 0)
        _inside.depth = depth + 1
        try:
            function(*arguments)
        finally:
            _inside.depth = depth
    return inside


class Children:
    """What an object has opened, and has not lost since.  Others may add to
    it while it is looked at."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: WeakValueDictionary[int, Owner] = WeakValueDictionary()

    def add(self, child: Owner) -> None:
        self._known[child._token] = child

    def let_go(self) -> None:
        for reference in self._known.valuerefs():
            child = reference()
            if child is not None:
                child._let_go()


class Owner:
    """Closed by `with`, by close(), or by the collector."""

    __slots__ = ("_handle", "_token", "__weakref__")

    _handle: Any
    _token: int

    def _open(self, handle: Any, token: int) -> None:
        self._handle = handle
        self._token = token

    def close(self) -> None:
        """Close it and what it owns.  Again is fine, from any thread."""
        if not getattr(self, "_token", 0):  # it was never opened
            return
        if getattr(_inside, "depth", 0):
            _late.append(self)
        elif self._close_now() and _late:
            _close_late()

    def _close_now(self) -> bool:
        """False if the library is inside a callback, and it stays open.  When
        a close has returned, nothing that was lent is used any more, whichever
        thread's close it was that did the work."""
        if _close_token(self._token) == lib.CLYDE_ERROR_INSIDE:
            _late.append(self)
            return False
        roots.discard(self._token)
        self._let_go()
        return True

    def _let_go(self) -> None:
        """The library has closed it: what Python has of it may go."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if _close_token:  # None once the module is torn down
            self.close()


@atexit.register
def _close_all() -> None:
    for token in list(roots):
        _close_token(token)
    _close_late()


def _forget_all() -> None:
    roots.clear()
    _late.clear()


os.register_at_fork(after_in_child=_forget_all)
