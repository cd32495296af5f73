"""SIGTERM and Ctrl-C: a command ends at once, with one sentence that says what is kept and how to go on.

SIGTERM raises `Terminated` where Ctrl-C raises `KeyboardInterrupt`. Whoever knows what is kept adds it to the exception
as a note (see `nlp_ssl.disk_errors`); the command line prints it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """The process was asked to end with SIGTERM."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise `Terminated` at the first SIGTERM; the next ones are ignored, since what is begun is being cleared up."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


_STOPS = {signal.SIGINT, signal.SIGTERM}

PATIENCE = 2.0
"""Seconds that a call of a library may hold up a signal."""


@contextmanager
def not_held_up(kept: str) -> Iterator[None]:
    """End the process if a long call of a library, such as the draw of a huge layer's weights, holds up a signal.

    Python handles signals only between such calls. `kept` says what is kept and how to go on. Nothing is cleared up,
    as after a kill. No process may be forked meanwhile: its signals would end this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received, sent = os.pipe()
    os.set_blocking(sent, False)
    left = threading.Event()

    def watch() -> None:
        for number in iter(lambda: os.read(received, 1), b""):
            if number[0] in _STOPS and not left.wait(PATIENCE):
                interrupt = Terminated() if number[0] == signal.SIGTERM else KeyboardInterrupt()
                explain(interrupt, kept)
                os.write(2, f"nlp-ssl: {sentence(interrupt)}\n".encode())
                os._exit(exit_status(interrupt))

    thread = threading.Thread(target=watch, daemon=True)
    before = signal.set_wakeup_fd(sent)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        left.set()
        os.close(sent)
        thread.join()
        os.close(received)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold back SIGTERM and Ctrl-C while processes are started, so that none is started and then forgotten.

    The processes inherit the mask: each calls `accept_stop`. Other threads may still receive a signal, whose handler
    Python runs in this one: it is raised again at the end. Windows has no masks.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: held.append(number)) for number in _STOPS}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for late in held:
            signal.raise_signal(late)


def accept_stop() -> None:
    """Let SIGTERM end this process, which was started by another one; Ctrl-C is for its parent."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def explain(interrupt: KeyboardInterrupt, kept: str) -> None:
    """Note what is kept and how to go on; what was noted first, closest to the work, stays."""
    if not getattr(interrupt, "__notes__", []):
        interrupt.add_note(kept)


def sentence(interrupt: KeyboardInterrupt) -> str:
    """What to print about an interruption."""
    name = "SIGTERM" if isinstance(interrupt, Terminated) else "Ctrl-C"
    return f"stopped by {name}; {interrupt.__notes__[0]}"


def exit_status(interrupt: KeyboardInterrupt) -> int:
    """The exit status of an interrupted command: 143 after SIGTERM, 130 after Ctrl-C."""
    return 128 + (signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT)
