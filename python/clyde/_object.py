# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The base class of all objects of the library: a handle for calls, and a
token for the close.

The garbage collector may close an object late, twice, on any thread or at
exit.  A close by token is safe at all of these times, since a token is never
used for another object.  The exception is a close inside a callback: the
library refuses it, because the close would wait for the call that made the
callback.  Such a close is deferred until the call is over.  Until then the
object must stay alive, since the library uses its memory and callbacks.
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
# Objects whose close is deferred
_deferred: Deque[Object] = deque()
open_contexts: Set[int] = set()  # tokens

Self = TypeVar("Self", bound="Object")


def _close_deferred() -> None:
    while _deferred:
        try:
            closed_object = _deferred.popleft()
        except IndexError:  # another thread took the last one
            return
        if not closed_object._close_now():
            return


def callback(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap a function that the library calls, so that a close in it is
    deferred."""
    def inside(*arguments: Any) -> None:
        depth = getattr(_inside, "depth", 0)
        _inside.depth = depth + 1
        try:
            function(*arguments)
        finally:
            _inside.depth = depth
    return inside


class Children:
    """Weak references to the objects that an object has opened.  Another
    thread may add one during on_closed()."""

    __slots__ = ("_objects",)

    def __init__(self) -> None:
        self._objects: WeakValueDictionary[int, Object] = WeakValueDictionary()

    def add(self, child: Object) -> None:
        self._objects[child._token] = child

    def on_closed(self) -> None:
        for reference in self._objects.valuerefs():
            child = reference()
            if child is not None:
                child._on_closed()


class Object:
    """An object of the library.  It is closed by `with`, by close(), or by the
    garbage collector."""

    __slots__ = ("_handle", "_token", "__weakref__")

    _handle: Any
    _token: int

    def _open(self, handle: Any, token: int) -> None:
        self._handle = handle
        self._token = token

    def close(self) -> None:
        """Close the object and all that was opened from it.  Any thread may
        call it, any number of times.  Inside a callback the close is
        deferred until the library's call is over."""
        if not getattr(self, "_token", 0):  # its constructor has failed
            return
        if getattr(_inside, "depth", 0):
            _deferred.append(self)
        elif self._close_now() and _deferred:
            _close_deferred()

    def _close_now(self) -> bool:
        """Close it, or defer the close and return False, if this thread is
        inside a callback.  When it has returned True, the library uses none of
        the object's memory, even if another thread's close did the work."""
        if _close_token(self._token) == lib.CLYDE_ERROR_INSIDE:
            _deferred.append(self)
            return False
        open_contexts.discard(self._token)
        self._on_closed()
        return True

    def _on_closed(self) -> None:
        """Called when the library has closed the object: free what Python
        holds for it."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if _close_token:  # None at exit, once this module is cleared
            self.close()


@atexit.register
def _close_all() -> None:
    for token in list(open_contexts):
        _close_token(token)
    _close_deferred()


def _forget_all() -> None:
    open_contexts.clear()
    _deferred.clear()


os.register_at_fork(after_in_child=_forget_all)
