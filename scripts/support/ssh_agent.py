"""An SSH agent (draft-miller-ssh-agent) whose one key is in the vault, and signs there."""

import socket
import struct
import threading

FAILURE, REQUEST_IDENTITIES, IDENTITIES_ANSWER, SIGN_REQUEST, SIGN_RESPONSE = 5, 11, 12, 13, 14


def string(data):
    return struct.pack(">I", len(data)) + data


def take(data, at):
    (length,) = struct.unpack_from(">I", data, at)
    return data[at + 4:at + 4 + length], at + 4 + length


class VaultAgent:
    """Listens at `path` while it is entered; `sign` gets what is to be signed and answers the signature."""

    def __init__(self, path, blob, sign):
        self.path = str(path)
        self.blob = blob
        self.sign = sign
        self.asked = []

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                while (head := stream.read(4)):
                    body = stream.read(struct.unpack(">I", head)[0])
                    stream.write(string(self._answer(body)))
                    stream.flush()

    def _answer(self, body):
        if body[0] == REQUEST_IDENTITIES:
            return struct.pack(">BI", IDENTITIES_ANSWER, 1) + string(self.blob) + string(b"vault")
        if body[0] == SIGN_REQUEST:
            blob, at = take(body, 1)
            data, _ = take(body, at)
            self.asked.append(data)
            if blob == self.blob:
                signature = self.sign(data)
                if signature is not None:
                    return bytes([SIGN_RESPONSE]) + string(signature)
        return bytes([FAILURE])
