"""A certificate authority for one run, so that a client's checking of certificates is tested too."""

import pathlib
import ssl
import tempfile

import trustme


class Authority:
    def __init__(self, names, folder=None):
        """Certificates for `names`; the files live until `close`, or in `folder`."""
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="emulator-")
        self.folder = pathlib.Path(folder or self._temporary.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA()
        self.file = self.folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.file)
        self._certificate = self._authority.issue_cert(*names)
        # Another authority's file: with it a client must refuse.
        self.wrong_file = self.folder / "another-authority.pem"
        trustme.CA().cert_pem.write_to_path(self.wrong_file)

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._certificate.configure_cert(context)
        return context

    def close(self):
        if self._temporary:
            self._temporary.cleanup()
