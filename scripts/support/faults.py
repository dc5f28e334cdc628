"""Faults from outside: a system call that ends its process or fails, a disk without room."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest


def may_trace():
    """Whether strace is there and may look into another process, one that hides from its own user too."""
    return shutil.which("strace") is not None and os.geteuid() == 0


class Injection:
    """How often a fault has happened; known when the block is left."""

    def __init__(self):
        self.happened = 0


@contextlib.contextmanager
def injecting(pid, syscalls, what, when, folder):
    """Has `what` happen (`signal=SIGKILL`, `error=EIO`) when one of `pid`'s threads makes one of `syscalls`.

    `when` as strace counts: 3 is a thread's third call of that name, 3+ that and all later ones.
    """
    errors, trace = folder / "strace.err", folder / "strace.out"
    injection = Injection()
    with open(errors, "wb") as stream:
        tracer = subprocess.Popen(
            ["strace", "-f", "-o", trace, "-p", str(pid), "-e", f"trace={syscalls}",
             "-e", f"inject={syscalls}:{what}:when={when}"],
            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        deadline = time.monotonic() + 30
        while b"attached" not in errors.read_bytes():
            assert tracer.poll() is None and time.monotonic() < deadline, errors.read_text()
            time.sleep(0.01)
        yield injection
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        try:
            tracer.wait(10)
        except subprocess.TimeoutExpired:
            tracer.kill()
            tracer.wait()
        said = trace.read_text(errors="replace")
        injection.happened = said.count("(INJECTED)") + ("+++ killed by SIGKILL" in said)


@contextlib.contextmanager
def small_disk(folder):
    """A file system of 4 MiB in memory at `folder`."""
    folder.mkdir()
    result = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", folder], capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip(f"cannot mount a small file system here: {result.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Takes what room there is; answers the file that took it."""
    ballast = folder / "ballast"
    with open(ballast, "wb") as stream, contextlib.suppress(OSError):
        for size in [4096, 1]:
            with contextlib.suppress(OSError):
                while True:
                    os.write(stream.fileno(), b"x" * size)
    return ballast
