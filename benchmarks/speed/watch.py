"""Run a command and write what it used; a small process of its own, so that only it is counted.

    python benchmarks/speed/watch.py OUT.json COMMAND ...

Linux counts the memory of the process that starts a command into the command's peak: started from
a process that holds a million rows, it would never be below theirs. This one imports nothing large.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

_KIB = 1024


def main() -> None:
    """Write seconds on the clock, seconds of processor, and bytes; exit as the command did."""
    out, *command = sys.argv[1:]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    # Of this child alone, and of all that it waited for.
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    figures = [wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB]
    Path(out).write_text(json.dumps(figures), encoding="utf-8")
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
