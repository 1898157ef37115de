"""infra/publish, with an `az` that writes down what it is told."""

import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

# writes down what it is told; its first call fails, as before a role counts
AZ = """#!/bin/sh
echo "$@" >>"$AZ_LOG"
[ "$(wc -l <"$AZ_LOG")" -gt 1 ] || exit 1
case "$*" in *"functionapp show"*) echo /subscriptions/s/sites/app ;; esac
"""
FLEX = ["--resource-group", "g", "--app", "app", "--plan", "FlexConsumption"]
PREMIUM = ["--resource-group", "g", "--app", "app", "--plan", "Premium"]
# arguments, and the beginnings of what az has to be told, in order; none where it is refused
CASES = [
    (FLEX, ["functionapp deployment source config-zip --resource-group g --name app --src"] * 2),
    (
        [*PREMIUM, "--container-url", "https://host/package"],
        [
            *[
                "storage blob upload --auth-mode login --blob-url https://host/package/bronzegate.zip"
            ]
            * 2,
            "functionapp show --resource-group g --name app",
            "functionapp restart --resource-group g --name app",
            "rest --method post --url /subscriptions/s/sites/app/syncfunctiontriggers?api-version=",
        ],
    ),
    (PREMIUM, None),
    (FLEX[:-1], None),
    (FLEX[2:], None),
    ([*FLEX[:-1], "Consumption"], None),
    ([*FLEX, "--key", "x"], None),
    ([*FLEX, "--api", "yes"], None),
    # the package has it not
    ([*FLEX, "--api", "true"], None),
    (
        [*FLEX, "--package", "api.zip", "--api", "true"],
        ["functionapp deployment source config-zip --resource-group g --name app --src api.zip"] * 2,
    ),
]


def check(root: Path, tools) -> list[str]:
    """infra/publish tells az what each plan needs, and refuses what it can't publish."""
    found = []
    for arguments, wanted in CASES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "az").write_text(AZ)
            (folder / "az").chmod(0o755)
            for name, function in (("app.zip", "IngestOrders"), ("api.zip", "SubmitOrder")):
                with zipfile.ZipFile(folder / name, "w") as package:
                    package.writestr(f"{function}/function.json", "{}")
            log = folder / "log"
            log.touch()
            environment = {
                **os.environ,
                "PATH": f"{folder}:{os.environ['PATH']}",
                "AZ_LOG": str(log),
                "PUBLISH_PAUSE": "0",
            }
            command = [root / "infra/publish", "--package", folder / "app.zip", *arguments]
            result = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
            told = log.read_text().splitlines()
        if wanted is None:
            if result.returncode != 2 or told or not result.stderr:
                found.append(
                    f"infra/publish {' '.join(arguments)}: it is not refused, but tells az {told}"
                )
        elif (
            result.returncode != 0
            or len(told) != len(wanted)
            or not all(one.startswith(two) for one, two in zip(told, wanted))
        ):
            found.append(
                f"infra/publish {' '.join(arguments)}: it tells az {told}, not {wanted}: {result.stderr}"
            )
    return found
