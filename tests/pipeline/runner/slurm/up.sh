#!/usr/bin/env bash
# Starts Slurm on this machine alone, with its files in a new folder: up.sh DIR. Prints the path of its slurm.conf.
# Needs the Debian packages slurm-wlm and munge; no root, systemd, cgroups or accounting.
set -euo pipefail
dir=$1
PATH=$PATH:/usr/sbin
mkdir -p "$dir"/{state,munge,log}
chmod 700 "$dir/munge"
(umask 077; head -c 128 /dev/urandom >"$dir/munge/key")
# A unix socket's path has at most 107 bytes: the sockets of munge and of each running step need a short one.
short=$(mktemp -d /tmp/slurm.XXXXXX)
chmod 755 "$short"
echo "$short" >"$dir/short.path"
read -r controller_port node_port < <(python3 -c '
import socket
ends = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(end.getsockname()[1] for end in ends))')
host=$(hostname -s)
cat >"$dir/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$short/munge.sock
CryptoType=crypto/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$short/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
KillWait=2
SlurmdTimeout=20
SchedulerParameters=batch_sched_delay=0,sched_min_interval=200000
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=1024 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
PartitionName=closed Nodes=ALL State=DOWN
CONF
export SLURM_CONF=$dir/slurm.conf
trap '[ $? -eq 0 ] || "$(dirname "$0")/down.sh" "$dir"' EXIT
munged --force --key-file="$dir/munge/key" --socket="$short/munge.sock" --pid-file="$dir/munged.pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed" --num-threads=2
slurmctld -i
slurmd
for _ in $(seq 150); do
    [ "$(sinfo -h -p main -o %T 2>/dev/null)" = idle ] && { echo "$SLURM_CONF"; exit 0; }
    sleep 0.2
done
tail -n 15 "$dir"/log/*.log >&2
exit 1
