"""azure.yaml: that azd finds the template, the package and the app."""

import shlex
from pathlib import Path

import yaml

from bicep.evaluate import deploy
from twin.scenarios import ALWAYS

# hosts and languages that azd's own service targets and frameworks know, where a zip is taken as it is
TAKES_A_ZIP = {"host": "function", "language": "custom"}
FIELDS = {"name", "metadata", "infra", "services"}


def check(root: Path, tools) -> list[str]:
    """azd finds the template, makes the package that infra/package makes, and the app by its tags."""
    project = yaml.safe_load((root / "azure.yaml").read_text())
    found = [f"azure.yaml: `{name}` is not known to this check" for name in set(project) - FIELDS]
    infra = project["infra"]
    template = root / infra["path"] / (infra["module"] + ".bicep")
    if infra["provider"] != "bicep" or not template.is_file():
        return [*found, f"azure.yaml: there is no {template.name} in {infra['path']}"]
    if not template.with_suffix(".parameters.json").is_file():
        found.append(
            f"azure.yaml: there is no {template.stem}.parameters.json beside {template.name}"
        )
    deployed = deploy(template, ALWAYS)
    tagged = {
        resource.body.get("tags", {}).get("azd-service-name") for resource in deployed.resources
    }
    group = next(
        resource
        for resource in deployed.resources
        if resource.type == "Microsoft.Resources/resourceGroups"
    )
    if group.body["tags"].get("azd-env-name") != ALWAYS["environment"]:
        found.append("the resource group has no tag azd-env-name: azd does not find it again")
    for name, service in project["services"].items():
        if name not in tagged:
            found.append(f"azure.yaml: no resource has the tag azd-service-name: {name}")
        found += [
            f"azure.yaml: {name}: {key} is not {value}"
            for key, value in TAKES_A_ZIP.items()
            if service.get(key) != value
        ]
        hook = service.get("hooks", {}).get("prepackage", {})
        script = [word for word in shlex.split(hook.get("run", "")) if (root / word).is_file()]
        if hook.get("shell") != "sh" or not script:
            found.append(f"azure.yaml: {name}: the hook prepackage runs no script that is there")
        elif f'"{service["dist"]}"' not in (root / script[0]).read_text().replace("ROOT / ", ""):
            found.append(f"azure.yaml: {name}: {script[0]} does not make {service['dist']}")
    return found
