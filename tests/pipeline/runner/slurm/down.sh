#!/usr/bin/env bash
# Stops what up.sh started: down.sh DIR.
set -uo pipefail
dir=$1
export SLURM_CONF=$dir/slurm.conf
# The first process of a container may be slow to reap a daemon, which then looks alive to kill -0.
runs() { grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null; }
[ -s "$dir/slurmctld.pid" ] && timeout 10 scancel --user="$(id -un)" 2>/dev/null
for _ in $(seq 50); do
    [ -z "$(timeout 5 squeue -h -t R,CG,CF 2>/dev/null)" ] && break
    sleep 0.2
done
for daemon in slurmd slurmctld munged; do
    pid=$(cat "$dir/$daemon.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null
    for _ in $(seq 50); do runs "$pid" || break; sleep 0.1; done
    runs "$pid" && kill -9 "$pid"
done
short=$(cat "$dir/short.path" 2>/dev/null)
case $short in /tmp/slurm.*) rm -rf "$short" ;; esac
exit 0
