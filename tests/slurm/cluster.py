"""A real SLURM on this machine, in a scratch folder: munge, one slurmctld, two slurmd.

Nothing outside the folder is touched. The daemons are told where their configuration is; the
commands find it through `SLURM_CONF`. Snakemake's job step drops that variable before it calls
`srun`, so the folder of commands that stands first on the PATH, which jobs inherit, sets it again.
"""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

NODES = ("one", "two")
COMMANDS = ("sacct", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
DAEMONS = ("munged", "slurmctld", "slurmd")
NODE_MEMORY = 12_000
"""MB that each node says it has; the machine need not have them."""

CONFIG = """
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
SlurmctldPort={controller}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=1
MinJobAge=3600
KillWait=1
UnkillableStepTimeout=5
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=01:00:00 DefMemPerCPU=100 State=UP
PartitionName=gpu Nodes=ALL Default=NO MaxTime=01:00:00 DefMemPerCPU=100 State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=8 Boards=1"
    " SocketsPerBoard=1 CoresPerSocket=8 ThreadsPerCore=1 RealMemory={memory} Gres=gpu:toy:1"
)


def megabytes(job: dict[str, str]) -> int:
    """Return the memory that a job asked for, from its record."""
    return int(re.search(r"mem=(\d+)M", job["TRES"])[1])


def why_not() -> str | None:
    """Say why no cluster can be started here, or None."""
    if os.geteuid() != 0:
        return "a SLURM of our own needs root"
    missing = [name for name in (*DAEMONS, *COMMANDS) if not shutil.which(name)]
    if missing:
        return f"no {', '.join(missing)}: install slurm-wlm and munge"
    return None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _make_device(path: Path) -> None:
    """Make what stands for a GPU: a null device; where the kernel forbids it, a plain file."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        path.touch()


@dataclass
class Cluster:
    """A running cluster; `environment` is what a process needs to use it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self) -> None:
        """Write the configuration and start the daemons, in the foreground, as our children."""
        host = socket.gethostname().split(".")[0]
        for name in ("state", "spool", "commands", "seed"):
            (self.folder / name).mkdir(parents=True)
        nodes, devices = [], []
        for index, name in enumerate(NODES):
            port = _free_port()
            nodes.append(NODE.format(name=name, host=host, port=port, memory=NODE_MEMORY))
            device = self.folder / f"pretended_gpu{index}"
            _make_device(device)
            devices.append(f"NodeName={name} Name=gpu Type=toy File={device}")
        config = CONFIG.format(
            host=host, folder=self.folder, controller=_free_port(), nodes="\n".join(nodes)
        )
        (self.folder / "slurm.conf").write_text(config)
        (self.folder / "gres.conf").write_text("\n".join(devices) + "\n")
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        for command in COMMANDS:
            wrapper = self.folder / "commands" / command
            wrapper.write_text(
                f"#!/bin/sh\nexport SLURM_CONF={self.folder}/slurm.conf\n"
                f'exec {shutil.which(command)} "$@"\n'
            )
            wrapper.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{self.folder / 'commands'}{os.pathsep}{os.environ['PATH']}",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
        }
        self._start_munge()
        self.start_controller()
        for name in NODES:
            self._start(f"slurmd.{name}", "slurmd", "-D", "-N", name, "-f", self._conf())
        self.wait_until(lambda: self.states() == dict.fromkeys(NODES, "idle"), "idle nodes")

    def stop(self) -> None:
        """Cancel what runs and end our own children, the last one first."""
        subprocess.run(["scancel", "--user=root"], env=self.environment, capture_output=True)
        for process in reversed(list(self.daemons.values())):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.daemons.clear()

    def start_controller(self) -> None:
        """Start slurmctld, which takes up the state that it left, if any."""
        self._start("slurmctld", "slurmctld", "-D", "-f", self._conf())
        self.wait_until(lambda: "UP" in self.ask("scontrol", "ping"), "slurmctld")

    def stop_controller(self) -> None:
        """Stop slurmctld as an administrator does, who restarts it."""
        process = self.daemons.pop("slurmctld")
        process.terminate()
        process.wait()

    def ask(self, *command: str) -> str:
        """Return what a command of SLURM says, also if it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def states(self) -> dict[str, str]:
        """Return {node: state}."""
        lines = self.ask("sinfo", "-h", "-N", "-p", "cpu", "-o", "%N %t").splitlines()
        return dict(line.split() for line in lines if len(line.split()) == 2)

    def jobs(self) -> list[dict[str, str]]:
        """Return the record of every job, oldest first: what `scontrol show job` has of it."""
        records = []
        for text in self.ask("scontrol", "-o", "show", "job").splitlines():
            if not text.startswith("JobId="):
                continue
            words = (word.partition("=") for word in text.split() if "=" in word)
            records.append({key: value for key, _, value in words})
        return sorted(records, key=lambda record: int(record["JobId"]))

    def wait_until(self, happened, what: str, seconds: float = 60) -> None:
        """Wait until something is true; fail with the daemons' logs where it never is."""
        end = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > end:
                logs = [log.read_text()[-2000:] for log in self.folder.glob("*.log")]
                raise TimeoutError(f"no {what} after {seconds} s:\n" + "\n".join(logs))
            time.sleep(0.2)

    def _conf(self) -> str:
        return str(self.folder / "slurm.conf")

    def _start_munge(self) -> None:
        key, place = self.folder / "munge.key", self.folder / "munge.sock"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        command = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={place}"]
        command.append(f"--pid-file={self.folder}/munged.pid")
        command.append(f"--seed-file={self.folder}/seed/munge.seed")
        self._start("munged", *command)
        self.wait_until(place.exists, "munge socket")

    def _start(self, name: str, *command: str) -> None:
        # Killed tests stop nothing themselves: the kernel then ends their daemons.
        bound = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with (self.folder / f"{name}.out.log").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                [*bound, *command],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
