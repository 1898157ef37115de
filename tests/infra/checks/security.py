"""checkov, on what the twins deploy: expressions worked out, so that a rule sees values and not names."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from bicep.evaluate import Deployed, deploy
from provider.workspace import Workspace
from twin.scenarios import ALWAYS, SAME

SCENARIOS = ("defaults", "premium plan in a private network, Data Lake")

# each with the reason why the templates are right all the same
EXCEPTIONS = {
    "CKV_AZURE_17": "client certificates: the app has no function that is called by HTTP",
    "CKV_AZURE_18": "HTTP/2: Flex Consumption has no such setting; on Premium it is on",
    "CKV_AZURE_33": "logging of queues: no queue is used, and no role opens one",
    "CKV_AZURE_35": "public storage network: privateNetworking closes it, for who has a way into the network; keys are off in any case",
    "CKV_AZURE_59": "public storage network: the same; anonymous access is off in any case",
    "CKV_AZURE_67": "HTTP/2: the same",
    "CKV_AZURE_78": "FTP: Flex Consumption has none; on Premium it is off",
    "CKV_AZURE_206": "geo-replication: lakeRedundancy says it, ZRS by default; the host's account holds checkpoints, whose loss is harmless",
    "CKV_AZURE_212": "two instances at least: one is enough to be woken by the hub, which keeps events for days",
    "CKV_AZURE_213": "health check: the platform's pings need an HTTP function; the host probes the handler itself",
    "CKV_AZURE_221": "public function app: the package is published there; passwords are off, and no function is called from outside",
    "CKV_AZURE_222": "public function app: the same",
    "CKV_AZURE_225": "zone-redundant plan: three instances are paid for at all times; the hub keeps events meanwhile",
    "CKV2_AZURE_1": "customer-managed keys: a key vault that the events then depend on; Microsoft's keys encrypt them",
    "CKV2_AZURE_21": "logging of blob reads: each listing of a reader would be a line that is paid for; writes and deletes are logged",
    "CKV2_AZURE_31": "network security group: the subnets take nothing from outside by Azure's default rules",
    "CKV2_AZURE_33": "private endpoints of storage: privateNetworking makes them",
}


# what would be a secret in a template, a plan or a state
SECRETS = re.compile(
    r"listKeys|listAccountSas|access_key\b|_connection_string\b(?! *=)|AccountKey=|SharedAccessKey="
)


def check(root: Path, tools) -> list[str]:
    """No template reads a key; checkov finds nothing that is not argued, and every exception is needed."""
    found = secrets(root)
    if found:
        return found
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with Workspace(root / "infra/terraform", tools) as workspace:
            for index, name in enumerate(SCENARIOS):
                parameters = {**ALWAYS, **SAME[name]}
                deployed = deploy(root / "infra/bicep/main.bicep", parameters)
                (folder / f"bicep-{index}.json").write_text(json.dumps(arm(deployed)))
                (folder / f"terraform-{index}.json").write_text(
                    json.dumps(workspace.plan(parameters))
                )
        return _checkov(folder, tools)


def secrets(root: Path) -> list[str]:
    """Where a template reads a key or a connection string: Application Insights' is none, it only names it."""
    found = []
    for file in sorted(
        [*(root / "infra").rglob("*.bicep"), *(root / "infra/terraform").glob("*.tf")]
    ):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if SECRETS.search(line):
                found.append(f"{file.name}:{number}: this is a secret: {line.strip()}")
    return found


def arm(deployed: Deployed) -> dict:
    """The resources as a template of Azure Resource Manager's own language."""
    resources = [
        {"type": resource.type, "apiVersion": resource.version, **resource.body}
        for resource in deployed.resources
    ]
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}


def _checkov(folder: Path, tools) -> list[str]:
    command = [
        tools.checkov,
        "--directory",
        folder,
        "--framework",
        "arm",
        "terraform_plan",
        "--output",
        "json",
        "--quiet",
        "--skip-download",
    ]
    environment = {**os.environ, "BC_SKIP_MAPPING": "TRUE", "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    try:
        reports = json.loads(result.stdout)
    except ValueError:
        return [f"checkov does not run: {result.stdout}{result.stderr}"]
    found, needed = [], set()
    for report in reports if isinstance(reports, list) else [reports]:
        # a file that it can't read is no finding to checkov, and neither is none at all
        if report["summary"]["parsing_errors"] or not report["summary"]["resource_count"]:
            found.append(
                f"checkov reads nothing of {report['check_type']}: {report['results']['parsing_errors']}"
            )
        for fault in report["results"]["failed_checks"]:
            if fault["check_id"] in EXCEPTIONS:
                needed.add(fault["check_id"])
            else:
                found.append(f"{fault['check_id']}: {fault['resource']}: {fault['check_name']}")
    found += [
        f"{name}: the exception is not needed: {EXCEPTIONS[name]}"
        for name in sorted(EXCEPTIONS.keys() - needed)
    ]
    return sorted(set(found))
