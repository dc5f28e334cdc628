"""The three services on loopback under `sluice dev`, and the CLI that talks to them."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent

# Exit codes of the CLI (docs/cli.md).
OK, FAILURE, USAGE, REJECTED, DENIED, NOT_FOUND, CONFLICT, TIMED_OUT, UNREACHABLE = range(9)


class CommandFailed(Exception):
    pass


def find_binaries(given=None):
    """The folder with the built programs: as given, as the environment says, or the debug build."""
    folder = pathlib.Path(given or os.environ.get("SLUICE_BINARIES") or REPOSITORY / ".build/debug")
    for name in ["sluice", "sluice-vault", "sluice-orchestrator", "sluice-writer"]:
        if not (folder / name).exists():
            sys.exit(f"{folder / name} is not built: run `make build`")
    return folder.resolve()


class Client:
    """The CLI with a configuration of its own below `folder`; nothing outside is read or changed."""

    def __init__(self, folder, binaries=None):
        self.folder = pathlib.Path(folder)
        self.binaries = find_binaries(binaries)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        self.environment["XDG_CONFIG_HOME"] = str(self.folder / "config")
        self.environment["NO_COLOR"] = "1"

    def run(self, *arguments, stdin=None, timeout=600):
        """Runs the CLI and answers what came of it, whatever its exit code."""
        return subprocess.run(
            [str(self.binaries / "sluice"), *map(str, arguments)], cwd=self.folder,
            env=self.environment, capture_output=True, text=True, timeout=timeout,
            **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))

    def cli(self, *arguments, expect=OK, stdin=None, timeout=600):
        """Runs the CLI, which must end with `expect`; answers its standard output."""
        result = self.run(*arguments, stdin=stdin, timeout=timeout)
        if result.returncode != expect:
            raise CommandFailed(
                f"sluice {' '.join(map(str, arguments))}: exit {result.returncode}, not {expect}\n"
                f"{result.stdout}{result.stderr}\n{self.log_tail()}")
        return result.stdout

    def json(self, *arguments, expect=OK, timeout=600):
        return json.loads(self.cli(*arguments, "-o", "json", expect=expect, timeout=timeout))

    def lines(self, *arguments):
        """Runs the CLI and yields its standard output line by line, for what is too long to hold."""
        command = [str(self.binaries / "sluice"), *map(str, arguments)]
        with open(self.folder / "stderr", "w+") as errors, subprocess.Popen(
                command, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors) as process:
            yield from process.stdout
            if process.wait() != OK:
                errors.seek(0)
                raise CommandFailed(f"sluice {' '.join(map(str, arguments))}: exit {process.returncode}\n{errors.read()}")

    def apply(self, text):
        file = self.folder / "apply.yaml"
        file.write_text(text)
        return self.cli("apply", "-f", file)

    def credential(self, name, kind, username, secret):
        """Puts a credential by its manifest, with the secret in a file as an operator has it."""
        file = self.folder / f"{name}-secret"
        file.write_text(secret)
        file.chmod(0o600)
        return self.apply(
            f"kind: Credential\nname: {name}\ntype: {kind}\nusername: {username}\nsecretFile: {file}\n")

    def postgresql_source(self, postgres, user=None):
        """The source `db`, and its credential `db`, of a PrivateCluster."""
        self.credential("db", "password", user or postgres.user, postgres.password)
        return self.apply(
            f"kind: Source\nname: db\ntype: postgresql\nsettings: {json.dumps(postgres.source_settings())}\n"
            "credential: db\n")

    def run_sync(self, name, expect=OK, timeout=1200):
        """Runs a sync and waits for its end; answers the run's record."""
        return self.json("sync", "run", name, "--wait", expect=expect, timeout=timeout)

    def log_tail(self):
        return ""


class House(Client):
    """The three services; starts with `with`. Everything of theirs lives below `folder`.

    `options` go to `sluice dev`, `settings` into its environment.
    """

    def __init__(self, folder, binaries=None, options=(), settings=None):
        super().__init__(folder, binaries)
        self.options = options
        self.settings = settings or {}
        self.data = self.folder / "data"
        self.log = self.folder / "dev.log"
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            # Whoever interrupts the start must not leave services behind.
            for pid in [*children_of(self.process.pid), self.process.pid] if self.process else []:
                kill_if_there(pid)
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, patience=60):
        """Starts `sluice dev` and returns once all three services say that they serve."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "sluice", "dev", "--data", self.data, *self.options], cwd=self.folder,
                env=self.environment | self.settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # A group of its own: Ctrl-C is for the caller, who then stops the services in order.
                start_new_session=True)
        self.wait_until_healthy(patience)

    def wait_until_healthy(self, patience=60):
        deadline = time.monotonic() + patience
        while True:
            if self.process.poll() is not None:
                raise CommandFailed(f"sluice dev ended with {self.process.returncode}:\n{self.log_tail()}")
            result = self.run("health")
            if result.returncode == OK:
                return
            if time.monotonic() > deadline:
                raise CommandFailed(
                    f"the services were not healthy after {patience} s:\n{result.stderr}{self.log_tail()}")
            time.sleep(0.1)

    def stop(self, patience=40):
        """Asks `sluice dev` to stop; it has to end with 0 and take its services with it."""
        process, self.process = self.process, None
        if process is None:
            return
        children = children_of(process.pid)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            for pid in [process.pid, *children]:
                kill_if_there(pid)
            process.wait()
            raise CommandFailed(f"sluice dev did not stop within {patience} s:\n{self.log_tail()}")
        left = [pid for pid in children if os.path.exists(f"/proc/{pid}")]
        for pid in left:
            kill_if_there(pid)
        if code != 0 or left:
            raise CommandFailed(f"sluice dev ended with {code}, leaving {left}:\n{self.log_tail()}")

    def pid(self, service):
        """The process of `vault`, `orchestrator` or `writer`, or None while there is none."""
        for child in children_of(self.process.pid):
            try:
                if os.path.basename(os.readlink(f"/proc/{child}/exe")) == f"sluice-{service}":
                    return child
            except OSError:
                continue
        return None

    def peak_memory(self, service):
        """VmHWM in bytes: the most that the process ever had in memory at once."""
        with open(f"/proc/{self.pid(service)}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise RuntimeError("no VmHWM")

    def log_tail(self, lines=30):
        """The last lines of what `sluice dev` and the services wrote, for a report of what failed."""
        parts = []
        for file in [self.log, *sorted(self.data.glob("log/*.log"))]:
            if file.exists():
                tail = file.read_text(errors="replace").splitlines()[-lines:]
                parts += [f"--- {file.name}", *tail]
        return "\n".join(parts)


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                # The program's name may hold anything; what follows its last ")" is state and parent.
                if int(file.read().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry))
        except OSError:
            continue
    return found


def kill_if_there(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
