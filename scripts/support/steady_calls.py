"""A client that makes unary calls at a steady rate on one connection, as a process of its own.

`python3 -m support.steady_calls PORT RATE` calls until its standard input ends, and then prints for each call
when it ended and how long it took, both in seconds of the monotonic clock.
"""

import select
import sys
import time

from support.attacks import TEST_SERVICE, call, message, odd
from support.frames import END_STREAM, HEADERS, Connection, request


def main():
    port, rate = int(sys.argv[1]), float(sys.argv[2])
    asks = request(TEST_SERVICE + "EmptyCall")
    with Connection(port) as connection:
        due, index, ended = time.monotonic(), 0, []
        while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            # A call that could not be made in time, for the one before it was slow, waited as well: without
            # that a server that stood still for a second would show as one slow call. Waking up late is our own.
            start = due if time.monotonic() - due > 1 / rate else time.monotonic()
            connection.frames.clear()
            connection.send(call(odd(index), asks, message(b"")))
            if not connection.wait(lambda: connection.count(HEADERS, END_STREAM), 10):
                sys.exit("a call was not answered")
            now = time.monotonic()
            # Not printed yet: a pipe that nobody reads would fill up and stop us.
            ended.append(f"{now} {now - start}")
            due, index = due + 1 / rate, index + 1
    print("\n".join(ended))


main()
