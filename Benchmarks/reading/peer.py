"""What the clients in `clients` share: where to read, the time it takes, and the line of JSON they end with."""

import argparse
import json
import pathlib
import sys
import time


def main(description, ways):
    """Runs one of `ways`, by name: functions of the emulator's announcement and of the source as `sources` prepared it, which
    read the table and answer how many rows, and bytes of values, it had. One may answer its seconds too."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--client", choices=ways, required=True)
    parser.add_argument("--announcement", type=pathlib.Path, required=True, help="a file with the emulator's line of JSON")
    parser.add_argument("--source", type=pathlib.Path, required=True, help="a file with what `prepare` answered")
    options = parser.parse_args()
    announcement, source = json.loads(options.announcement.read_text()), json.loads(options.source.read_text())
    # The clients' files are named as the packages that they import.
    here = pathlib.Path(sys.argv[0]).resolve().parent
    sys.path[:] = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != here]
    begin = time.perf_counter()
    rows, size, *seconds = ways[options.client](announcement, source)
    seconds = seconds[0] if seconds else time.perf_counter() - begin
    print(json.dumps({"rows": rows, "seconds": round(seconds, 3), "bytes": size}))
