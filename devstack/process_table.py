"""Who a process id belongs to: ids are reused, so before a recorded one is signalled its start time must match."""

import os
import subprocess
import sys
import time
from pathlib import Path


def birth(pid: int) -> str | None:
    """A text that no other process with this id ever had on this boot, or None when there is no such process.

    A zombie counts as gone: it runs nothing and holds nothing.
    """
    return _linux_birth(pid) if sys.platform == "linux" else _portable_birth(pid)


def own_age() -> float:
    """Seconds since this process began, its imports included; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0.0
    ticks = int(_stat_fields(os.getpid())[19])
    return max(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"), 0.0)


def command_line(pid: int) -> str:
    """The process's arguments joined by blanks; empty when it is gone or hidden."""
    if sys.platform != "linux":
        return _ask_ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _linux_birth(pid: int) -> str | None:
    try:
        fields = _stat_fields(pid)
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, started = fields[0], fields[19]
    return None if state in {"Z", "X"} else f"{boot}/{started}"


def _stat_fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    # The name in brackets may hold blanks and brackets itself, so count the fields after the last one.
    return text.rpartition(")")[2].split()


def _portable_birth(pid: int) -> str | None:
    state = _ask_ps(pid, "state=")
    return None if not state or state.startswith("Z") else _ask_ps(pid, "lstart=")


def _ask_ps(pid: int, column: str) -> str:
    asked = subprocess.run(
        ["/bin/ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return asked.stdout.strip()
