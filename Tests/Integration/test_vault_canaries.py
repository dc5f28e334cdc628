"""Every secret of a run from end to end is a text that occurs nowhere else: and is found nowhere else.

Not in the logs at `trace`, the databases and their write-ahead logs, the processes' arguments and
environments, what the CLI prints, a backup, nor in a core file of the vault as gcore(1) takes it.
"""

import base64
import json
import os
import pathlib
import secrets
import shutil
import subprocess

import grpc
import pytest
from conftest import Clients
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support import events
from support.house import House
from support.postgres import PrivateCluster

ROWS = 2000


class Canaries:
    """Secrets by name, each with every form in which it might lie about."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.forms = {}

    def text(self, name):
        """A new secret: printable, and 20 bytes of chance."""
        value = f"canary-{name}-{secrets.token_hex(20)}"
        raw = value.encode()
        # Base64 of a text within another depends on where it begins: three ways.
        shifted = [base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)]
        self.forms[name] = [raw, raw.hex().encode(), raw.hex().upper().encode(), *shifted]
        return value

    def key(self, name):
        """A new RSA key; its numbers as they lie in files, and as OpenSSL keeps them in memory."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = key.private_numbers()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        forms = []
        for number in [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]:
            size = (number.bit_length() + 7) // 8
            # The limbs of a BIGNUM are little-endian, the least first: the whole number backwards.
            for order in ["big", "little"]:
                digits = number.to_bytes(size, order)
                forms += [digits[16:48], digits[-48:-16]]
        # A public key has lines of its own: what follows is private.
        lines = pem.split(b"\n")[1:-2]
        forms += lines[8:-1]
        self.forms[name] = forms
        return pem, key

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    def found_in(self, data):
        return sorted({name for name, forms in self.forms.items() if any(form in data for form in forms)})


@pytest.fixture(scope="module")
def canaries(tmp_path_factory):
    return Canaries(tmp_path_factory.mktemp("canaries") / "secrets")


@pytest.fixture(scope="module")
def lived(tmp_path_factory, canaries, stubs):
    """A house in which every secret was used, and what its commands and calls said; it still runs."""
    folder = tmp_path_factory.mktemp("house")
    postgres = PrivateCluster()
    postgres.password = canaries.text("postgresql-password")
    with postgres, House(folder, options=["--log-level", "trace"]) as house:
        said = []

        def cli(*arguments, good=True):
            result = house.run(*arguments)
            said.append(f"$ sluice {' '.join(map(str, arguments))}\n{result.stdout}{result.stderr}")
            assert (result.returncode == 0) == good, said[-1]
            return result.stdout

        master = next(house.data.rglob("master.key")).read_bytes()
        assert len(master) == 32
        canaries.forms["master-key"] = [master, master.hex().encode(), master[::-1]]
        create_all(cli, canaries)
        secret = canaries.file("clicks-password", postgres.password)
        events.make_table(postgres, ROWS, 50)
        configure(cli, house, postgres, secret)
        cli("sync", "run", events.SYNC, "--wait")
        rotate_all(cli, canaries, house)
        make_errors(cli, canaries, house, stubs, said)
        backup = house.folder / "vault.backup"
        cli("vault", "backup", "-f", backup)
        cli("vault", "verify")
        cli("audit", "list", "--secret-file", canaries.folder / "bricks")
        yield house, said


def create_all(cli, canaries):
    def create(name, kind, secret, *more):
        cli("credential", "create", name, "--type", kind, "--secret-file", canaries.file(name, secret), *more)

    create("bricks", "token", canaries.text("token"))
    create("braze", "api_key", canaries.text("api-key"))
    create("bricks-m2m", "oauth_client", canaries.text("oauth-secret"), "--username", "client-id")
    create("mail", "smtp", canaries.text("smtp-password"), "--username", "mailer")
    create("replaced", "password", canaries.text("replaced-password"), "--username", "u")
    create("replaced", "password", canaries.text("replacing-password"), "--username", "u")
    pem, key = canaries.key("imported-key")
    passphrase = canaries.text("passphrase")
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()))
    create("snow", "key_pair", locked, "--username", "LOADER",
           "--passphrase-file", canaries.file("snow.passphrase", passphrase))
    create("snow-plain", "key_pair", canaries.key("imported-plain-key")[0], "--username", "OTHER")
    pem, _ = canaries.key("service-account-key")
    create("bq", "service_account", json.dumps({
        "type": "service_account", "project_id": "project-1", "private_key_id": "abc123", "private_key": pem.decode(),
        "client_email": "loader@project-1.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token"}))
    cli("credential", "create", "tunnel", "--type", "ssh_key_pair", "--username", "sluice")


def configure(cli, house, postgres, secret):
    file = house.folder / "apply.yaml"
    file.write_text(events.CONFIGURATION.format(
        user=postgres.user, secret=secret, sync=events.SYNC, settings=json.dumps(postgres.source_settings())))
    cli("apply", "-f", file)
    cli("sync", "test", events.SYNC)
    cli("sync", "activate", events.SYNC)


def rotate_all(cli, canaries, house):
    shown = json.loads(cli("credential", "show", "snow", "-o", "json"))
    cli("credential", "promote", "snow", "--fingerprint", shown["fingerprint"])
    second, _ = canaries.key("rotated-key")
    cli("credential", "rotate", "snow", "--secret-file", canaries.file("second", second))
    shown = json.loads(cli("credential", "show", "snow", "-o", "json"))
    cli("credential", "promote", "snow", "--fingerprint", shown["keys"][0]["fingerprint"])
    cli("credential", "destroy-key", "snow", "1", "--yes")
    new = secrets.token_bytes(32)
    canaries.forms["new-master-key"] = [new, new.hex().encode(), new[::-1]]
    cli("vault", "rotate-master", "--new-key-file", canaries.file("new-master-key", new.hex()))
    next(house.data.rglob("master.key")).write_text(new.hex())
    cli("vault", "rotate-master", "--finish")
    cli("vault", "rotate-root")
    cli("vault", "seal")
    cli("vault", "unseal")


def make_errors(cli, canaries, house, stubs, said):
    """Calls that fail with a secret in their hands."""
    bad = canaries.file("bad-token", canaries.text("bad-token") + "\nand a second line")
    cli("credential", "create", "bad", "--type", "token", "--secret-file", bad, good=False)
    long = canaries.file("long", canaries.text("long-password") + "x" * 70_000)
    cli("credential", "create", "bad", "--type", "password", "--secret-file", long, good=False)
    wrong = canaries.file("wrong-passphrase", canaries.text("wrong-passphrase"))
    cli("credential", "create", "bad", "--type", "key_pair", "--secret-file", canaries.folder / "snow",
        "--passphrase-file", wrong, good=False)
    broken, _ = canaries.key("broken-key")
    cli("credential", "create", "bad", "--type", "key_pair", "--secret-file",
        canaries.file("broken", broken[:len(broken) // 2]), good=False)
    account = {"type": "service_account", "private_key": canaries.key("lost-key")[0].decode()}
    cli("credential", "create", "bad", "--type", "service_account", "--secret-file",
        canaries.file("account", json.dumps(account)), good=False)
    other = canaries.file("other-passphrase", canaries.text("vault-passphrase"))
    cli("vault", "seal")
    cli("vault", "unseal", "--passphrase-file", other, good=False)
    cli("vault", "unseal")
    clients = Clients(house, stubs)
    v = stubs.vault
    for name, role in [("bricks", "writer"), ("braze", "orchestrator"), ("snow", "orchestrator"), ("none", "orchestrator")]:
        with pytest.raises(grpc.RpcError) as caught:
            clients.vault(role).ReleaseSecret(v.ReleaseSecretRequest(workspace="default", name=name, purpose="error"))
        said.append(f"{caught.value}")
    # And the calls that give something out, as the services make them.
    use = {"workspace": "default", "purpose": "test", "run_id": "run"}
    for name, role in [("bricks", "orchestrator"), ("mail", "orchestrator"), ("bricks-m2m", "orchestrator"), ("braze", "writer")]:
        clients.vault(role).ReleaseSecret(v.ReleaseSecretRequest(name=name, **use))
    clients.vault("orchestrator").SignSnowflakeToken(v.SignSnowflakeTokenRequest(name="snow", account="myorg-acct", **use))
    clients.vault("orchestrator").SignSnowflakeToken(
        v.SignSnowflakeTokenRequest(name="snow-plain", account="myorg-acct", **use))
    clients.vault("orchestrator").SignGoogleAssertion(v.SignGoogleAssertionRequest(name="bq", scope="s", **use))
    clients.close()


def test_nothing_is_in_files_and_answers(lived, canaries):
    house, said = lived
    searched = {}
    for path in sorted(house.folder.rglob("*")):
        if path.is_file() and path.name != "master.key":
            searched[str(path.relative_to(house.folder))] = path.read_bytes()
    names = list(searched)
    # What was looked for is there: databases with a write-ahead log, logs at trace, a backup.
    assert any(name.endswith("vault.db") for name in names) and any(name.endswith("vault.db-wal") for name in names)
    assert any(name.endswith("vault.log") and b"trace" in data.lower() for name, data in searched.items()), names
    assert "vault.backup" in names
    searched["what was said"] = "\n".join(said).encode()
    assert {name: canaries.found_in(data) for name, data in searched.items() if canaries.found_in(data)} == {}
    # The search works: the files that the test itself wrote are full of them.
    own = b"\n".join(path.read_bytes() for path in canaries.folder.iterdir())
    assert len(canaries.found_in(own)) >= len(canaries.forms) - 3


def test_nothing_is_in_arguments_and_environments(lived, canaries):
    house, _ = lived
    pids = [house.process.pid, *[house.pid(service) for service in ["vault", "orchestrator", "writer"]]]
    for pid in pids:
        for file in ["cmdline", "environ", "comm"]:
            try:
                data = pathlib.Path(f"/proc/{pid}/{file}").read_bytes()
            except PermissionError:
                # The vault does not show it to its own user; see SecureHeap.forbidDumps.
                assert pid == house.pid("vault") and os.geteuid() != 0
                continue
            assert canaries.found_in(data) == [], (pid, file)


def without_empty_pages(file):
    """A core's bytes; most of its hundreds of megabytes were never written to."""
    empty = bytes(4096)
    with open(file, "rb") as stream:
        return b"".join(page for page in iter(lambda: stream.read(4096), b"") if page != empty)


@pytest.mark.skipif(
    shutil.which("gcore") is None or os.geteuid() != 0,
    reason="needs gcore (Debian: gdb), and root: a vault refuses its own user's debugger")
def test_nothing_is_in_a_core_file_of_the_vault(lived, canaries, tmp_path):
    house, _ = lived
    subprocess.run(["gcore", "-o", tmp_path / "core", str(house.pid("vault"))], check=True, capture_output=True)
    (core,) = tmp_path.glob("core.*")
    data = without_empty_pages(core)
    core.unlink()
    # What is no secret is in it, so that the search means something.
    assert b"shop" in data or b"bricks" in data
    assert canaries.found_in(data) == []


@pytest.mark.skipif(shutil.which("gcore") is None or os.geteuid() == 0, reason="root may look everywhere")
def test_the_vault_refuses_a_debugger_of_its_own_user(lived, tmp_path):
    house, _ = lived
    result = subprocess.run(["gcore", "-o", tmp_path / "core", str(house.pid("vault"))], capture_output=True, text=True)
    assert not list(tmp_path.glob("core.*")), result.stderr
