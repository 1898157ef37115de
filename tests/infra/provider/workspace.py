"""Terraform on a configuration, with the provider that knows the schema alone."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bicep.evaluate import Refused

HERE = Path(__file__).resolve().parent.parent


class Workspace:
    """A context in which Terraform runs on a folder; nothing is written into it."""

    def __init__(self, folder: Path, tools):
        self.folder, self.tools = folder, tools

    def __enter__(self) -> "Workspace":
        self.scratch = tempfile.TemporaryDirectory()
        command = [
            sys.executable,
            "-m",
            "provider.server",
            str(self.tools.bindings),
            str(self.folder),
            str(self.tools.stubs),
        ]
        self.server = subprocess.Popen(
            command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        attached = self.server.stdout.readline()
        if not attached:
            raise RuntimeError("the provider's server did not start")
        self.environment = {
            **os.environ,
            "TF_REATTACH_PROVIDERS": attached,
            "TF_DATA_DIR": self.scratch.name,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            # what a developer has configured does not count
            "TF_CLI_CONFIG_FILE": os.devnull,
            "ARM_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000000",
        }
        return self

    def __exit__(self, *_) -> None:
        self.server.stdin.close()
        self.server.wait()
        self.scratch.cleanup()

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [self.tools.terraform, *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True
        )

    def plan(self, parameters: dict) -> dict:
        """The plan for parameters in Bicep's spelling; their refusal is an error, as Bicep's is."""
        variables = [
            f"-var={snake(name)}={value if isinstance(value, str) else json.dumps(value)}"
            for name, value in parameters.items()
        ]
        file = str(Path(self.scratch.name) / "plan")
        flags = [
            "-refresh=false",
            "-input=false",
            "-lock=false",
            "-no-color",
            "-out=" + file,
            "-var=package=",
        ]
        made = self.run("plan", *flags, *variables)
        if made.returncode != 0:
            raise Refused(made.stderr.strip() or made.stdout.strip())
        return json.loads(self.run("show", "-json", file).stdout)


def snake(name: str) -> str:
    """A Bicep parameter's name as Terraform's users write it."""
    return re.sub(r"(?<!^)([A-Z])", lambda letter: "_" + letter[1].lower(), name)
