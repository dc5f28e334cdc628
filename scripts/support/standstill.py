"""What a process that stands still is waiting for, as far as /proc tells."""

import pathlib
import signal
import time


def describe(process, port):
    """Where the threads of a child stand, and what lies in the sockets of the port that it has called.

    A Python child that has registered faulthandler for SIGUSR1 writes its stacks to its standard error.
    Ends the child.
    """
    lines = [f"process {process.pid}:"]
    for task in sorted(pathlib.Path(f"/proc/{process.pid}/task").glob("*")):
        lines.append("  " + " ".join([task.name, read(task / "comm"), read(task / "wchan"), read(task / "syscall")]))
    lines.append(f"connections of port {port} (local remote state unsent:unread):")
    for table in ["tcp", "tcp6"]:
        for line in read(f"/proc/net/{table}").splitlines()[1:]:
            _, local, remote, state, queues, *_ = line.split()
            if f":{int(port):04X}" in [local[-5:], remote[-5:]]:
                lines.append(f"  {local} {remote} {state} {queues}")
    process.send_signal(signal.SIGUSR1)
    time.sleep(1)
    process.kill()
    output, errors = process.communicate()
    return "\n".join([*lines, output, errors])


def read(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError as error:
        return type(error).__name__
