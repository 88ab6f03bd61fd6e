"""What this machine has: cores, memory, GPUs; and how much of it a job takes."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil

MB = 2**20
CGROUP = Path('/sys/fs/cgroup')
GPU_VARIABLE = 'CUDA_VISIBLE_DEVICES'
SECONDS_TO_LIST_GPUS = 30


def core_count() -> int:
    """How many cores this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def visible_gpus() -> list[str]:
    """Names of the GPUs that CUDA shows to this process, as `CUDA_VISIBLE_DEVICES` takes them.

    That variable counts if it is set; else all that `nvidia-smi` lists, which takes up to a second.
    """
    given = os.environ.get(GPU_VARIABLE)
    if given is not None:
        names = [name.strip() for name in given.split(',')]
        return names[: names.index('-1')] if '-1' in names else [name for name in names if name]
    program = shutil.which('nvidia-smi')
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, '-L'], capture_output=True, text=True, timeout=SECONDS_TO_LIST_GPUS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line for line in done.stdout.splitlines() if line.startswith('GPU ')] if done.returncode == 0 else []
    return [str(index) for index in range(len(lines))]


def available_memory() -> int:
    """How much memory more processes can use, in MB: of the machine, and of the container that this runs in."""
    free: list[int] = [psutil.virtual_memory().available // MB]
    try:
        limit, used = (CGROUP / name for name in ('memory.max', 'memory.current'))
        free.append((int(limit.read_text()) - int(used.read_text())) // MB)
    except (OSError, ValueError):  # no such limit, or another version of cgroups
        pass
    return max(0, min(free))


def memory_of(pid: int) -> int:
    """How much memory a process and those that it started hold, in MB; 0 if it has ended."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(_resident(member) for member in family) // MB


def _resident(process: psutil.Process) -> int:
    try:
        resident: int = process.memory_info().rss
        return resident
    except psutil.Error:
        return 0
