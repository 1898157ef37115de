"""Dockerfile, compose.yaml and .devcontainer, as far as they can be held to something without Docker."""

import json
import subprocess
from pathlib import Path

import yaml

from bicep.evaluate import deploy
from twin.scenarios import ALWAYS


def check(root: Path, tools) -> list[str]:
    """hadolint and the schema of compose files find nothing, and what is set is what the app has in Azure."""
    found = []
    programs = tools.hadolint.parent
    for command in (
        [programs / "hadolint", "--no-color", root / "Dockerfile"],
        [
            programs / "check-jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            root / "compose.yaml",
        ],
    ):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            found.append(
                f"{Path(command[0]).name}: {result.stdout}{result.stderr}".replace(
                    str(root) + "/", ""
                )
            )
    return found + _compose(root) + _emulator(root) + _devcontainer(root) + _dockerfile(root)


def _settings(root: Path) -> dict[str, str]:
    """The app settings that Bicep deploys."""
    app = next(
        resource
        for resource in deploy(root / "infra/bicep/main.bicep", ALWAYS).resources
        if resource.type == "Microsoft.Web/sites"
    )
    return {
        setting["name"]: setting["value"]
        for setting in app.body["properties"]["siteConfig"]["appSettings"]
    }


def _compose(root: Path) -> list[str]:
    services = yaml.safe_load((root / "compose.yaml").read_text())["services"]
    environment, deployed = services["function"]["environment"], _settings(root)
    found = []
    # an identity's settings have the emulator's connection string in their place
    local = {name.partition("__")[0] for name in deployed} - {
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "LANDING_CLIENT_ID",
    }
    for name in sorted(local - set(environment)):
        found.append(f"compose.yaml: the function lacks {name}")
    for name in sorted(set(environment) - local - {"AZURE_FUNCTIONS_ENVIRONMENT"}):
        found.append(f"compose.yaml: {name} is no setting of the app in Azure")
    for name in (
        "EVENT_HUB_NAME",
        "EVENT_HUB_CONSUMER_GROUP",
        "AzureWebJobs.IngestOrdersKafka.Disabled",
        "AzureWebJobs.SubmitOrder.Disabled",
    ):
        if environment.get(name) != deployed[name]:
            found.append(
                f"compose.yaml: {name} is {environment.get(name)!r}, and {deployed[name]!r} in Azure"
            )
    for service, settings in services.items():
        for port in settings.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                found.append(f"compose.yaml: {service} answers beyond this machine on {port}")
        for volume in settings.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./") and not (root / source).exists():
                found.append(f"compose.yaml: {service}: there is no {source}")
    return found


def _emulator(root: Path) -> list[str]:
    namespaces = json.loads((root / "infra/local/eventhubs.json").read_text())["UserConfig"][
        "NamespaceConfig"
    ]
    hubs = {
        hub["Name"]: {group["Name"] for group in hub["ConsumerGroups"]}
        for namespace in namespaces
        for hub in namespace["Entities"]
    }
    deployed = _settings(root)
    if deployed["EVENT_HUB_CONSUMER_GROUP"] not in hubs.get(deployed["EVENT_HUB_NAME"], set()):
        return [
            f"infra/local/eventhubs.json: the hub and consumer group of the app are not there: {hubs}"
        ]
    return []


def _devcontainer(root: Path) -> list[str]:
    features = json.loads((root / ".devcontainer/devcontainer.json").read_text())["features"]
    needed = ("node", "python", "terraform", "azd")
    return [
        f".devcontainer: {tool} is missing"
        for tool in needed
        if not any(f"/{tool}:" in feature for feature in features)
    ]


def _dockerfile(root: Path) -> list[str]:
    """The compiler is as new as Cargo.toml asks for."""
    version = next(
        line.split('"')[1]
        for line in (root / "Cargo.toml").read_text().splitlines()
        if line.startswith("rust-version")
    )
    return (
        []
        if f"FROM rust:{version}-" in (root / "Dockerfile").read_text()
        else [f"Dockerfile: the Rust is not {version}, which Cargo.toml asks for"]
    )
