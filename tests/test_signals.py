"""SIGTERM and Ctrl-C end a command with one sentence."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.signals import (
    Terminated,
    accept_stop,
    exit_status,
    explain,
    not_held_up,
    sentence,
    shielded,
    terminable,
)


@pytest.mark.parametrize(
    ("number", "kind", "said", "status"),
    [
        (signal.SIGTERM, Terminated, "stopped by SIGTERM; run it again, all is kept", 143),
        (signal.SIGINT, KeyboardInterrupt, "stopped by Ctrl-C; run it again, all is kept", 130),
    ],
)
def test_what_is_kept_is_said_by_who_is_closest_to_the_work(number, kind, said, status) -> None:
    with pytest.raises(kind) as caught, terminable(), disk_errors(), disk_errors(then="run it again, all is kept"):
        signal.raise_signal(number)
    assert sentence(caught.value) == said and exit_status(caught.value) == status


def test_a_second_sigterm_does_not_disturb_clearing_up_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    cleared = []
    with pytest.raises(Terminated), terminable():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            cleared.append(True)
    assert cleared and signal.getsignal(signal.SIGTERM) == before


def test_the_first_note_stays() -> None:
    interrupt = KeyboardInterrupt()
    explain(interrupt, "inner")
    explain(interrupt, "outer")
    assert sentence(interrupt) == "stopped by Ctrl-C; inner"


BUSY = """
import hashlib, os, sys, threading
from nlp_ssl.signals import not_held_up, terminable
with terminable(), not_held_up("all is kept"):
    threading.Timer(1, os.kill, (os.getpid(), int(sys.argv[1]))).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # many minutes, in which Python handles no signal
"""


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")])
def test_a_long_call_of_a_library_does_not_hold_up_a_signal(number: int, name: str) -> None:
    found = subprocess.run([sys.executable, "-c", BUSY, str(int(number))], capture_output=True, text=True, timeout=100)
    assert (found.stderr, found.returncode) == (f"nlp-ssl: stopped by {name}; all is kept\n", 128 + number)


def test_a_signal_that_python_handles_in_time_is_raised() -> None:
    before = signal.set_wakeup_fd(-1)
    with pytest.raises(Terminated), terminable(), not_held_up("all is kept"):
        signal.raise_signal(signal.SIGTERM)
    assert signal.set_wakeup_fd(before) == -1


def test_signals_wait_until_a_process_is_started_and_known() -> None:
    started = []
    with pytest.raises(Terminated), terminable(), shielded():
        signal.raise_signal(signal.SIGTERM)
        started.append(True)
    assert started


def test_a_signal_that_another_thread_receives_waits_too() -> None:
    started = []
    with pytest.raises(Terminated), terminable(), shielded():
        other = threading.Thread(target=signal.pthread_kill, args=(threading.main_thread().ident, signal.SIGTERM))
        waiting = threading.Thread(target=time.sleep, args=(0.2,))
        waiting.start()
        os.kill(os.getpid(), signal.SIGTERM)  # may be delivered to the waiting thread
        other.start()
        other.join()
        waiting.join()
        started.append(True)
    assert started


def test_a_process_that_was_started_shielded_ends_at_sigterm() -> None:
    with shielded():
        pid = os.fork()
        if pid == 0:
            accept_stop()
            signal.pause()
            os._exit(0)
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
