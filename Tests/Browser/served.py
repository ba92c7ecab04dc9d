# SPDX-License-Identifier: Apache-2.0
"""The parties as processes of their own that meet over mutual TLS, with HTTPS sites, and a browser
that trusts the scheme's authority."""
import json
import os
import subprocess
import sys
from pathlib import Path

from opal_process import SITES, free_port, read_secret

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Crash"))
from roles import LINK_PORT, OPAL_SERVER_PORT, Role  # noqa: E402

# The shop of a scheme that `opal found` made.
MERCHANT = "FARTHINGPRESS01"


class Served:
    """One scheme, whose merchant's agreement can be changed. `sites` holds the address of each site
    by its name."""

    def __init__(self, program: Path, folder: Path):
        self.program = program
        self.data = folder / "data"
        port = free_port()
        self.sites = {name: f"https://localhost:{port + after}" for name, after in SITES.items()}
        self._run("found", "--users", "1")
        self.authority = self.data / "ca" / "ca.pem"
        configuration = folder / "opal.json"
        configuration.write_text(json.dumps({
            "data": str(self.data),
            "cardholder": {"port": port + SITES["card"], "origin": self.sites["card"]},
            "shop": {"port": port + SITES["shop"], "origin": self.sites["shop"]},
            "console": {"port": port + SITES["console"]},
            "paymentServer": {"port": port + LINK_PORT},
            "opalServer": {"port": port + OPAL_SERVER_PORT},
        }))
        # The console shows the parties of its own process: that of the payment server.
        self._payment_server = Role(program, "payment-server", configuration, "console")
        self._opal_server = Role(program, "opal-server", configuration)
        self._shop = Role(program, "shop", configuration)

    def _run(self, *arguments: str):
        subprocess.run(
            [self.program, *arguments, "--data", self.data], check=True, stdout=subprocess.DEVNULL)

    def leave_comparison_to(self, policy: str):
        """Changes the agreement and starts anew who has to know; the OPAL server goes on."""
        changed = [self._payment_server, self._shop]
        for role in reversed(changed):
            status = role.stop()
            assert status == 0, f"{role.name} ended with {status} when asked to stop"
        self._run("merchant", "compare", MERCHANT, policy)
        if self._opal_server.has_ended():
            changed.append(self._opal_server)
        for role in changed:
            role.start()
        for role in changed:
            role.wait_until_ready()

    def secret(self, name: str) -> str:
        return read_secret(self.data / name)

    def stop(self) -> int:
        """- Returns: 0, or the exit status of a process that ended otherwise."""
        roles = (self._shop, self._opal_server, self._payment_server)
        return next((status for status in [role.stop() for role in roles] if status), 0)


def trusting(authority: Path, home: Path) -> dict[str, str]:
    """Makes a home folder in which a browser trusts an authority.

    - Returns: the environment of such a browser.
    """
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for arguments in (
            ("-N", "--empty-password"), ("-A", "-n", "opal", "-t", "C,,", "-i", authority)):
        subprocess.run(["certutil", "-d", f"sql:{database}", *arguments], check=True)
    return {**os.environ, "HOME": str(home)}
