"""The script that Slurm runs for a job."""

import shlex

# Slurm does not repeat a job that fails; `--requeue` is for nodes that fail. So the script tries again by itself. Wrong
# usage (2) is not tried again, nor what was cancelled. A trap ends a wait early, so it waits until the child is gone.
SCRIPT = """#!/bin/bash
export PYTHONUNBUFFERED=1
split=${{SLURM_ARRAY_TASK_ID:-0}}
exit_file={exit_path}${{SLURM_ARRAY_TASK_ID:+-$SLURM_ARRAY_TASK_ID}}.exit
rm -f "$exit_file"
child=
stopped=
stop() {{
    stopped=1
    [ -n "$child" ] && kill -TERM "$child" 2>/dev/null
}}
trap stop TERM INT
{setup}
for attempt in $(seq {attempts}); do
    {command} &
    child=$!
    while :; do
        wait "$child"
        code=$?
        kill -0 "$child" 2>/dev/null || break
    done
    [ "$code" -eq 0 ] || [ "$code" -eq 2 ] || [ -n "$stopped" ] && break
    echo "Attempt $attempt of {attempts} ended with exit code $code." >&2
done
echo "$code" >"$exit_file.part" && mv "$exit_file.part" "$exit_file"
exit "$code"
"""


def job_script(command: str, *, exit_path: str, attempts: int = 1, setup: str = '') -> str:
    """A script for sbatch that runs a command, again if it fails, and notes its exit code.

    Args:
        command: The command line, for a shell in which `$split` is the index of the task in its array.
        exit_path: Where to note the exit code, but for `-<index>.exit`, or `.exit` if this is no array.
        attempts: How often to try.
        setup: Lines of shell to run first.
    """
    return SCRIPT.format(command=command, exit_path=shlex.quote(exit_path), attempts=attempts, setup=setup)
