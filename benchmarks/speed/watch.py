"""Run a command and write its figures, in a small process, so that only the command is counted.

    python benchmarks/speed/watch.py OUT.json COMMAND ...

Linux includes the memory of the process that starts a command in the command's peak: a parent with
a million rows would raise it. This process imports nothing large.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

_KIB = 1024


def main() -> None:
    """Write seconds of wall time, seconds of CPU time, and bytes; exit with the command's code."""
    out, *command = sys.argv[1:]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    # Only this child, and the children that it waited for.
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    figures = [wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB]
    Path(out).write_text(json.dumps(figures), encoding="utf-8")
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
