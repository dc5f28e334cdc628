"""The vault's state in PostgreSQL: two replicas on one database, by one setting."""

import contextlib
import os
import signal
import subprocess
import time

import grpc
import pytest
from support.house import find_binaries
from support.postgres import PrivateCluster, free_port

SECRET = b"canary-pg-51c07e"


class VaultReplica:
    """A sluice-vault without a directory of its own: its state is in PostgreSQL."""

    def __init__(self, folder, name, certificates, settings):
        self.folder = folder / name
        self.folder.mkdir()
        self.port = free_port()
        self.log = self.folder / "log"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")} | {
            "SLUICE_LISTEN": f"127.0.0.1:{self.port}",
            "SLUICE_TLS_CERT": str(certificates / "vault.pem"),
            "SLUICE_TLS_KEY": str(certificates / "vault.key"),
            "SLUICE_TLS_CA": str(certificates / "ca.pem")} | settings
        self.process = None

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [find_binaries() / "sluice-vault"], env=self.environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self):
        deadline = time.monotonic() + 60
        while "listening" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def refusal(self):
        """Starts it where it must not start; answers its exit code and what it says."""
        result = subprocess.run([find_binaries() / "sluice-vault"], env=self.environment, cwd=self.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return result.returncode, result.stderr

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@pytest.fixture(scope="module")
def durable():
    with PrivateCluster(durable=True) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def settings(durable, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    for name, text in [("password", durable.password + "\n"), ("master.key", "7f" * 32)]:
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return {
        "SLUICE_STORE": f"postgresql://{durable.user}@127.0.0.1:{durable.port}/postgres",
        "SLUICE_STORE_PASSWORD_FILE": str(folder / "password"),
        "SLUICE_MASTER_KEY_FILE": str(folder / "master.key")}


@pytest.fixture
def replica(tmp_path, clients, settings):
    """Makes replicas; those that still run at the end are ended."""
    made = []

    def make(name, **changes):
        made.append(VaultReplica(tmp_path, name, clients.certificates, settings | changes))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.end(signal.SIGKILL)


@contextlib.contextmanager
def calling(replica, clients, stubs, role="operator"):
    address = f"127.0.0.1:{replica.port}"
    with grpc.secure_channel(address, clients.credentials(role), [("grpc.enable_retries", 0)]) as channel:
        yield stubs.vault_grpc.VaultStub(channel)


def put(vault, v, name, secret=SECRET):
    return vault.PutCredential(v.PutCredentialRequest(
        workspace="default", name=name, type=v.CREDENTIAL_KIND_PASSWORD, username="reader", secret=secret))


def release(vault, v, name):
    return vault.ReleaseSecret(v.ReleaseSecretRequest(
        workspace="default", name=name, purpose="test", run_id="r")).secret


def test_replicas_share_one_store_and_outlive_its_restart(replica, clients, stubs, durable):
    v = stubs.vault
    # At once: only one may make the tables, and the vault's identity.
    one, two = replica("one"), replica("two")
    for each in (one, two):
        each.start()
    for each in (one, two):
        each.wait()
    assert not list(one.folder.glob("*.db")), "nothing is kept beside PostgreSQL"
    with calling(one, clients, stubs) as first, calling(two, clients, stubs, "orchestrator") as second:
        assert put(first, v, "shared").credential.version == 1
        assert release(second, v, "shared") == SECRET
        # Neither is told that its connection is gone; both find the server again.
        durable._run("pg_ctl", "restart", "--pgdata", durable.folder / "data", "--wait", "--silent",
                     "--mode=fast", "--log", durable.folder / "log")
        assert put(first, v, "shared", b"second").credential.version == 2
        assert release(second, v, "shared") == b"second"
    # A replica that is killed loses nothing that it answered.
    with calling(one, clients, stubs) as first:
        assert put(first, v, "last-words").credential.version == 1
    one.end(signal.SIGKILL)
    with calling(two, clients, stubs, "orchestrator") as second:
        assert release(second, v, "last-words") == SECRET
    assert two.end() == 0
    dump = subprocess.run(
        [durable.binaries / "pg_dump", "--host", durable.folder, "--port", str(durable.port),
         "--username", durable.user, "--schema", "sluice_vault", "postgres"], capture_output=True, check=True).stdout
    assert b"last-words" in dump, "the dump has what is no secret"
    assert SECRET not in dump and SECRET.hex().encode() not in dump


def test_a_store_that_cannot_be_used_is_named(replica, settings, postgres):
    url = settings["SLUICE_STORE"]
    code, text = replica("a", SLUICE_STORE=url.replace("@", ":hunter2@")).refusal()
    assert code == 2 and "SLUICE_STORE_PASSWORD_FILE" in text and "hunter2" not in text
    code, text = replica("b", SLUICE_STORE=url + "?sslmode=prefer").refusal()
    assert code == 2 and "verify-full" in text
    code, text = replica("c", SLUICE_STORE_PASSWORD_FILE="/nonexistent").refusal()
    assert code == 1 and "SLUICE_STORE_PASSWORD_FILE" in text and "/nonexistent" in text
    code, text = replica("d", SLUICE_STORE=f"postgresql://u@127.0.0.1:{free_port()}/d").refusal()
    assert code == 1 and "cannot open the store d at 127.0.0.1" in text
    code, text = replica("e", SLUICE_STORE="").refusal()
    assert code == 2 and "SLUICE_DATA" in text
    # The fixture `postgres` is a server that is fast and forgetful.
    secret = replica("f").folder / "password"
    secret.write_text(postgres.password)
    code, text = replica("g", SLUICE_STORE=f"postgresql://{postgres.user}@127.0.0.1:{postgres.port}/postgres",
                         SLUICE_STORE_PASSWORD_FILE=str(secret)).refusal()
    assert code == 1 and "fsync = on" in text
