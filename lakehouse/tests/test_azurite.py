"""The pipeline straight from Blob Storage's emulator, by the driver that Spark has for Azure."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import figures
import pytest
from host import ROOT, bronzegate
from inputs import lines
from local.tables import Tables
from story import JARS

HOME = ROOT / "tests" / "azurite"
ACCOUNT = "devstoreaccount1"
# the emulator's well-known key
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def install() -> Path:
    """Installs Azurite once, under the lock of tests/support/npm.rs; its program."""
    installed, wanted = HOME / "node_modules" / ".installed", (HOME / "package-lock.json").read_bytes()
    with (HOME / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_bytes() != wanted:
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HOME, check=True)
            installed.write_bytes(wanted)
    return HOME / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


@pytest.fixture
def port(tmp_path):
    """A running Azurite."""
    main = install()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--silent"]
    arguments += ["--disableTelemetry", "--skipApiVersionCheck"]
    azurite = subprocess.Popen(["node", main, *arguments], cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    azurite.kill()
    azurite.wait()


def test_the_tables_of_a_container_are_made_and_shown(port, tmp_path):
    """By the command itself, `lakehouse/run`."""
    sent = lines(seed=3, count=600)
    file = tmp_path / "input.ndjson"
    file.write_text("\n".join(it.text for it in sent))
    bronzegate("local", "--ndjson", file, "--lake", f"http://127.0.0.1:{port}/{ACCOUNT}/lake", "--quiet")
    host = f"{ACCOUNT}.dfs.core.windows.net"
    # hadoop-azure's settings, whose names have dots
    azure = dict(
        abfs_endpoint=f"127.0.0.1:{port}",
        always_use_https="false",
        networking_library="JDK_HTTP_URL_CONNECTION",
        # the emulator has no hierarchical namespace, so blobs are read as blobs
        account_hns_enabled="false",
        fns_account_service_type="BLOB",
        account_auth_type="SharedKey",
    )
    settings = {f"spark.hadoop.fs.azure.{name.replace('_', '.')}": value for name, value in azure.items()}
    settings[f"spark.hadoop.fs.azure.account.key.{host}"] = KEY
    out = tmp_path / "tables"
    command = [sys.executable, "-m", "local", f"abfs://lake@{host}", "--out", out]
    command += [it for name, value in settings.items() for it in ("--set", f"{name}={value}")]
    environment = os.environ | {"LAKEHOUSE_JARS": str(JARS), "PYTHONPATH": str(ROOT / "lakehouse")}
    shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    tables = Tables(tmp_path / "tables")
    counted = figures.counted(sent)
    found = Counter((it["transaction_no"], it["price"], it["quantity"]) for it in tables.rows("order_transactions"))
    assert found == Counter((it.transaction, it.price, it.quantity) for it in counted)
    wanted = figures.sales(counted, "day", "country")
    for row in tables.rows("sales_by_day_and_country"):
        figure = wanted.pop((row["date"], row["country"]))
        assert {name: row[name] for name in figure} == figure
    assert not wanted
    rows = len(tables.rows("sales_by_day_and_country"))
    assert f"\nsales_by_day_and_country: {rows:,} rows\n" in shown.stdout
    best = max(figures.sales(counted, "product").values(), key=lambda it: it["net"])
    below = shown.stdout.split("\nsales_by_product: ")[1].splitlines()
    # the first row is the one with the most
    assert f"{best['net'].normalize():,f}" in below[2].split()
    assert (out / "sales_by_day.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert f"sales by day: {out / 'sales_by_day.png'}\n" in shown.stdout
    assert len(tables.rows("rejections_open")) == sum(figures.rejected(sent).values())
    assert all(it["_file_path"].startswith("abfs://lake@") for it in tables.rows("orders_bronze"))
