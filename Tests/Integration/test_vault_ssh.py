"""OpenSSH signs in with a key that is in the vault: its client asks an agent, and the agent the vault."""

import base64
import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import time

import asyncio
import asyncssh
import grpc
import pytest
from support.postgres import free_port
from support.ssh_agent import VaultAgent
from support.vault import VaultCalls, VaultProcess, make_certificates, make_master_key

USER = pwd.getpwuid(os.geteuid()).pw_name
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or os.environ.get("SLUICE_SSHD")


@pytest.fixture(scope="module")
def calls(tmp_path_factory, stubs):
    folder = tmp_path_factory.mktemp("vault")
    process = VaultProcess(folder, make_certificates(folder / "certificates"))
    make_master_key(process.key_file)
    with process:
        yield VaultCalls(process, stubs)


@pytest.fixture(params=["ed25519", "rsa"])
def tunnel(request, calls):
    """A key pair in the vault; answers its name and its line of authorized_keys."""
    name = f"tunnel-{request.param}"
    shown = calls.put(name, kind="SSH_KEY_PAIR", username=USER, algorithm=request.param).credential
    return name, shown.public_key


def signing(calls, name):
    def sign(data):
        try:
            return calls.vault("orchestrator").SignSSHUserAuth(calls.v.SignSSHUserAuthRequest(
                workspace="default", name=name, data=data, purpose="tunnel")).signature
        except grpc.RpcError:
            return None
    return sign


def sign_in(agent, port, folder, user=USER):
    """Runs `ssh` with nothing but the agent to sign in with."""
    options = {
        "IdentityAgent": agent.path, "PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no",
        "StrictHostKeyChecking": "no", "UserKnownHostsFile": folder / "known_hosts", "BatchMode": "yes",
        "IdentityFile": "none", "ConnectTimeout": "20"}
    return subprocess.run(
        ["ssh", "-F", "/dev/null", "-p", str(port), *[w for k, v in options.items() for w in ("-o", f"{k}={v}")],
         f"{user}@127.0.0.1", "echo signed in"],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def foreign_server(folder, authorized):
    """asyncssh's server on loopback; answers its port."""
    (folder / "authorized_keys").write_text(authorized + "\n")

    async def serve(ready, stop):
        def handle(process):
            process.stdout.write("signed in\n")
            process.exit(0)

        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=str(folder / "authorized_keys"), process_factory=handle)
        ready.append(server.get_port())
        while not stop:
            await asyncio.sleep(0.05)
        server.close()

    import threading
    ready, stop = [], []
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, stop)))
    thread.start()
    try:
        while not ready:
            assert thread.is_alive()
            time.sleep(0.02)
        yield ready[0]
    finally:
        stop.append(True)
        thread.join(20)


@contextlib.contextmanager
def openssh_server(folder, authorized):
    """A real sshd on loopback; answers its port."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host"], check=True)
    (folder / "authorized_keys").write_text(authorized + "\n")
    port = free_port()
    settings = folder / "sshd_config"
    settings.write_text(f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PidFile none
LogLevel VERBOSE
""")
    if os.geteuid() == 0:
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    with open(folder / "sshd.log", "wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", settings], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        while b"Server listening" not in (folder / "sshd.log").read_bytes():
            assert server.poll() is None, (folder / "sshd.log").read_text()
            time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(20)


SERVERS = [
    foreign_server,
    pytest.param(openssh_server, marks=pytest.mark.skipif(SSHD is None, reason="needs sshd (Debian: openssh-server)"))]


@pytest.mark.parametrize("server", SERVERS)
def test_ssh_signs_in_with_the_vaults_key(calls, tunnel, tmp_path, server):
    name, public_key = tunnel
    blob = base64.b64decode(public_key.split()[1])
    with server(tmp_path, public_key) as port, VaultAgent(tmp_path / "agent", blob, signing(calls, name)) as agent:
        result = sign_in(agent, port, tmp_path)
        assert (result.returncode, result.stdout) == (0, "signed in\n"), result.stderr
        assert len(agent.asked) == 1
        entries = calls.audit(name=name)
        assert (entries[-1].action, entries[-1].detail) == ("sign ssh login", f"as {USER}")
        # As anybody else the vault does not sign, whatever the server would say.
        result = sign_in(agent, port, tmp_path, user="somebody-else")
        assert result.returncode == 255 and "Permission denied" in result.stderr
        assert calls.audit(name=name) == entries
