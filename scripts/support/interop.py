"""The server of `interop` (Tests/Interop) as a process of its own, and what can be seen of it from outside."""

import subprocess

from support.house import find_binaries


def end(process):
    """Has a program that lives as long as its standard input end, by force if it must be."""
    process.stdin.close()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        process.stdout.close()


class InteropServer:
    """Serves grpc.testing.TestService on a port of 127.0.0.1 as long as the block."""

    def __init__(self, files=(), binaries=None):
        """`files`: certificate, key and authority; without them it speaks plaintext."""
        self.command = [find_binaries(binaries) / "interop", "server", *files]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        end(self.process)

    def handlers(self):
        """How many handlers were started so far, and how many ran at once at most."""
        self.process.stdin.write("\n")
        started, highest = self.process.stdout.readline().split()
        return int(started), int(highest)

    def memory(self, field="VmRSS"):
        """In bytes; VmHWM is the most that it ever was."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {field}")
