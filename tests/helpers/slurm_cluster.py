"""A Slurm cluster of two nodes on this machine, each with a GPU that is not there, for as long as a command runs.

    python tests/workflow/slurm_cluster.py sinfo

It needs root and Debian's packages slurmctld, slurmd, slurm-client and munge, whose own services it leaves alone: it
starts daemons of its own, and keeps all their files in a temporary folder.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = {"munged": "munge", "slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client"}
NODES = ("node0", "node1")
CHARACTER_DEVICE = 0o020600
CONFIGURATION = """
ClusterName=fusionnet
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=1,sched_interval=2
ReturnToService=2
# Long, since other work may share the machine.
SlurmdTimeout=30
MessageTimeout=60
BatchStartTimeout=60
KillWait=5
MinJobAge=3600
GresTypes=gpu,gpumem
NodeName=node0 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 RealMemory=40000 Gres=gpu:1,gpumem:24G
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 RealMemory=40000 Gres=gpu:1,gpumem:24G
# Above each time of the profile; a job beyond it is refused, where Slurm would let it wait for ever by default.
EnforcePartLimits=ALL
PartitionName=main Nodes=ALL Default=YES MaxTime=1-0 State=UP
"""
GENERIC_RESOURCES = """
AutoDetect=off
NodeName=node0 Name=gpu Flags=nvidia_gpu_env File={folder}/nvidia0
NodeName=node1 Name=gpu Flags=nvidia_gpu_env File={folder}/nvidia1
NodeName=node[0-1] Name=gpumem Count=24G
"""
# Snakemake's job step clears Slurm's variables, the place of the configuration among them, before it calls srun.
SRUN = """#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""


def what_is_missing() -> str:
    """Return why a cluster cannot be started here, and what to do; an empty string where it can."""
    missing = [package for program, package in PROGRAMS.items() if which(program) is None]
    if missing:
        return f"Slurm is not installed; on Debian: apt-get install --no-install-recommends {' '.join(missing)}"
    return "" if os.geteuid() == 0 else "a Slurm cluster is started by root alone"


def which(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class Cluster:
    """Starts the daemons on entry, and ends them and whatever still runs on the nodes on exit."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fusionnet-slurm-", dir="/tmp"))  # short: it has a socket
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        path = f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"SLURM_CONF": f"{self.folder}/slurm.conf", "PATH": path}

    def __enter__(self) -> "Cluster":
        try:
            self._configure()
            socket_option = f"--socket={self.folder}/munge.socket"
            keys = [f"--key-file={self.folder}/munge.key", f"--seed-file={self.folder}/munge.seed"]
            files = [f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log"]
            self._start("munged", "munged", "--foreground", "--force", socket_option, *keys, *files)
            self._wait(lambda: (self.folder / "munge.socket").exists(), "munged has no socket")
            self._start("slurmctld", "slurmctld", "-D", "-L", f"{self.folder}/slurmctld.log")
            for node in NODES:
                self.start_node(node)
            self._wait(lambda: self.run("sinfo", "-h", "-N", "-o", "%T").split() == ["idle"] * 2, "nodes are not idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if "slurmctld" in self.daemons:
            self.run("scancel", "--user=root")
        for node in NODES:
            self.kill_node(node)
        for daemon in reversed(self.daemons.values()):
            daemon.kill()
            daemon.wait()
        shutil.rmtree(self.folder)

    def run(self, *command: str) -> str:
        """Run a command of Slurm and return what it prints; empty if it fails."""
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True).stdout

    def state(self) -> str:
        """Return what the nodes and the jobs are doing, and why, with the end of the controller's log."""
        nodes = self.run("sinfo", "--Node", "--format=%N %T %E")
        jobs = self.run("squeue", "--states=all", "--format=%i %T %N %S %l %r %k")
        return nodes + jobs + "\n".join((self.folder / "slurmctld.log").read_text().splitlines()[-50:])

    def start_node(self, node: str) -> None:
        """Start a node's daemon."""
        self._start(node, "slurmd", "-D", "-N", node, "-L", f"{self.folder}/{node}.log")

    def kill_node(self, node: str) -> None:
        """End a node as a power cut does: its daemon first, then all that runs on it, nothing being told."""
        if node in self.daemons:
            self.daemons[node].kill()
            self.daemons[node].wait()
        tasks = processes_on(node, self.folder)
        for process in {
            ancestor for task in tasks for ancestor in ancestors(task) if name_of(ancestor) == "slurmstepd"
        }:
            kill(process)
        for process in tasks:
            kill(process)

    def _configure(self) -> None:
        for name in ("state", "bin", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(64))
        key.chmod(0o400)
        for index in range(len(NODES)):
            os.mknod(self.folder / f"nvidia{index}", CHARACTER_DEVICE, os.makedev(1, 3))
        places = {"folder": self.folder, "host": socket.gethostname().split(".")[0], "ports": free_ports(3)}
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(**places))
        (self.folder / "gres.conf").write_text(GENERIC_RESOURCES.format(**places))
        srun = self.folder / "bin/srun"
        srun.write_text(SRUN.format(folder=self.folder, srun=which("srun")))
        srun.chmod(0o755)

    def _start(self, name: str, program: str, *options: str) -> None:
        output = (self.folder / f"{name}.out").open("ab")
        command = [str(which(program)), *options]
        self.daemons[name] = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)

    def _wait(self, condition, complaint: str, seconds: float = 300.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            ended = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if ended or time.monotonic() > deadline:
                logs = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
                text = "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in logs)
                raise RuntimeError(f"{complaint}; ended: {ended}\n{text}")
            time.sleep(0.2)


def free_ports(number: int) -> list[int]:
    """Return ports that nothing listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def processes_on(node: str, folder: Path) -> list[int]:
    """Return the processes of this cluster's jobs that run on a node."""
    signs = (f"SLURMD_NODENAME={node}\0".encode(), str(folder).encode())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # it has ended
            continue
        if all(sign in environment for sign in signs):
            found.append(int(process.name))
    return found


def ancestors(process: int) -> list[int]:
    try:
        parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return []
    return [parent, *ancestors(parent)] if parent > 1 else []


def name_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""


def kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def main() -> int:
    complaint = what_is_missing()
    if complaint or not sys.argv[1:]:
        sys.stderr.write(f"slurm_cluster.py: error: {complaint or 'name a command to run beside the cluster'}\n")
        return 1
    with Cluster() as cluster:
        return subprocess.run(sys.argv[1:], env=cluster.environment).returncode


if __name__ == "__main__":
    sys.exit(main())
