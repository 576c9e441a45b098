# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Calls of the library that have an observer and may take minutes.

Such a call is made on another thread, if it is for asyncio or if the caller is
the main thread, which handles signals meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Optional

from ._library import ffi, text
from ._object import callback
from ._signals import acall_interruptibly, call_interruptibly
from .errors import Error, Interrupted, check

if TYPE_CHECKING:
    from .context import Context

Progress = Callable[[str, int, int], None]


class Observed:
    """A call of the library with an observer, its memory, and how it ended."""

    def __init__(self, context: Context, call: Callable[[Any], int],
                 progress: Optional[Progress]) -> None:
        self._context = context
        self._call = call  # with the observer
        self._progress = progress
        self._raised: List[BaseException] = []  # by a callback
        self._ended: List[Error] = []
        self._result = 0

    def failed(self, _: Any, error: BaseException, __: Any) -> None:
        """For callbacks: what to do with an exception."""
        self._raised.append(error)
        self._interrupt()

    def _on_progress(self, _: Any, what: Any, done: int, total: int) -> None:
        if self._progress and not self._raised:
            self._progress(text(what), done, total)

    def _interrupt(self) -> None:
        self._context.interrupt()

    def _run(self) -> None:
        """The call itself, on the thread that gets its message."""
        observer, hook = ffi.NULL, None
        if self._progress:
            hook = ffi.callback(
                "void(void *, const char *, uint64_t, uint64_t)",
                callback(self._on_progress), onerror=self.failed)
            observer = ffi.new("struct clyde_observer *", {"progress": hook})
        try:
            self._result = check(self._call(observer))
        except Error as error:
            self._ended.append(error)

    def _end(self, error: Optional[BaseException] = None) -> None:
        """After _run(): raise `error`, if the wait for it raised one, or what
        a callback raised, or what the library says.  The sentence of an
        interrupted call, which says what it has done, is the cause."""
        raised = error or (self._raised[0] if self._raised else None)
        ended = self._ended[0] if self._ended else None
        try:
            if raised:
                self._context.resume()
                raise raised from (
                    ended if isinstance(ended, Interrupted) else None)
            if ended:
                raise ended
        finally:
            raised = ended = error = None  # their tracebacks show this frame
            self._raised, self._ended = [], []

    def make(self) -> int:
        """Make the call, and return its result."""
        try:
            call_interruptibly(self._run, self._interrupt)
        except BaseException as error:
            self._end(error)
        self._end()
        return self._result

    async def amake(self) -> int:
        try:
            await acall_interruptibly(self._run, self._interrupt)
        except BaseException as error:
            self._end(error)
        self._end()
        return self._result
