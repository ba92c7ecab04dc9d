#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of a running system in a real Prometheus: `opal up` sells, refuses, and is stopped while
Prometheus scrapes it; what Prometheus was asked for afterwards is what happened.

    prometheus.py --opal .build/debug/opal
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Browser"))
from opal_process import Opal, free_port  # noqa: E402

PROMETHEUS = "/usr/bin/prometheus"
WAIT_SECONDS_MAX = 60
PAY_SECONDS_MAX = 60
# It costs little.
ARTICLE = "comma"
USER = "demo"


def fetch(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Prometheus:
    def __init__(self, folder: Path, target: str):
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "opal", "static_configs": [{"targets": [target]}]}],
        }))
        self.process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def value(self, query: str) -> float | None:
        """The sum over all series; None where there is none."""
        address = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode(
            {"query": f"sum({query})"})
        try:
            status, text = fetch(address)
        except OSError:
            return None
        assert status == 200, text
        result = json.loads(text)["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def waits_for(self, query: str, value: float):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while (found := self.value(query)) != value:
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < deadline, f"{query} is {found} and not {value}"
            time.sleep(0.5)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def pay(opal: Opal, folder: Path, address: str) -> tuple[int, dict]:
    done = subprocess.run(
        [opal.program, "pay", address, "--user", USER, "--password-file",
         opal.data / "demo-password", "--output", folder, "--json"],
        capture_output=True, text=True, timeout=PAY_SECONDS_MAX)
    return done.returncode, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def walk(opal: Opal, prometheus: Prometheus, folder: Path):
    site = opal.sites["telemetry"]
    assert fetch(site + "/health") == (200, "alive\n")
    status, parties = fetch(site + "/ready")
    assert status == 200 and "payment-server: ready" in parties, parties
    prometheus.waits_for('up{job="opal"}', 1)
    print("ok      a Prometheus scrapes the system", flush=True)

    article = f"{opal.sites['shop']}/articles/{ARTICLE}"
    for _ in range(3):
        status, said = pay(opal, folder, article)
        assert status == 0, said
    draws = 'opal_messages_total{party="payment-server",message="draw-request"'
    prometheus.waits_for(draws + ',outcome="debit-command"}', 3)
    prometheus.waits_for('opal_sales_counted{currency="0978"}', 3)
    prometheus.waits_for(
        'opal_messages_total{party="payment-server",message="debit-response",'
        'outcome="debit-result"}', 3)
    value = prometheus.value('opal_sales_counted_minor_units{currency="0978"}')
    assert value and value > 0, value
    assert prometheus.value(
        'histogram_quantile(0.5, sum by (le) (opal_message_seconds_bucket'
        '{message="draw-request"}))') is not None
    print("ok      three purchases are in its figures", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    program = parser.parse_args().opal.resolve()
    with tempfile.TemporaryDirectory(prefix="opal-prometheus-") as name:
        folder = Path(name)
        opal = Opal(program, folder / "data")
        prometheus = None
        try:
            opal.wait_until_ready()
            prometheus = Prometheus(
                folder, opal.sites["telemetry"].removeprefix("http://"))
            walk(opal, prometheus, folder)
        except Exception as error:
            print(f"FAILED  {type(error).__name__}: {error}", file=sys.stderr)
            print("\n".join(opal.lines), file=sys.stderr)
            return 1
        finally:
            if prometheus:
                prometheus.stop()
            opal.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
