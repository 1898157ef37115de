"""Plants a mistake at a time in a copy of the templates, and looks whether its check says so."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checks import CHECKS

COPIED = ("infra", "docs", ".github", ".devcontainer", "azure.yaml", "Dockerfile", "compose.yaml", "Cargo.toml")


@dataclass
class Mistake:
    """A text in a file that is replaced, and what the check has to say of it."""

    name: str
    check: str
    file: str
    old: str
    new: str
    says: str


BICEP, TERRAFORM = "infra/bicep/", "infra/terraform/"
MODULES = BICEP + "modules/"
MISTAKES = [
    Mistake("misaligned Terraform", "format", TERRAFORM + "events.tf", "partition_count = var", "partition_count=var", "events.tf"),
    Mistake("misspelt argument", "validate", TERRAFORM + "events.tf", "partition_count = var", "partition_cuont = var", 'Did you mean\n"partition_count"'),
    Mistake("argument of the wrong type", "validate", TERRAFORM + "host.tf", "is_hns_enabled                   = false", 'is_hns_enabled                   = "no"', "a bool is required"),
    Mistake("missing argument", "validate", TERRAFORM + "main.tf", "  location = var.location\n  tags     = local.tags\n", "  tags     = local.tags\n", '"location" is required'),
    Mistake("unknown block", "validate", TERRAFORM + "lake.tf", "container_delete_retention_policy {", "container_retention_policy {", 'Blocks of type "container_retention_policy"'),
    Mistake("unknown resource", "validate", TERRAFORM + "connector.tf", 'resource "azurerm_databricks_access_connector"', 'resource "azurerm_databricks_accessconnector"', "does not support resource type"),
    Mistake("undeclared variable", "validate", TERRAFORM + "events.tf", "var.partition_count", "var.partitions", "undeclared input variable"),
    Mistake("renamed setting", "test", TERRAFORM + "function.tf", "EVENT_HUB_CONSUMER_GROUP  ", "EVENT_HUB_CONSUMERGROUP  ", "not what host and handler read"),
    Mistake("bound that is gone", "test", TERRAFORM + "variables.tf", "!(var.versioning && var.hierarchical_namespace)", "var.versioning || true", "Missing expected failure"),
    Mistake("life-cycle rule over the outbox", "test", TERRAFORM + "lake.tf", '["lake/bronze/", "lake/rejections/"]', '["lake/"]', "than bronze and rejections"),
    Mistake("no Bicep", "types", MODULES + "events.bicep", "parent: namespace", "parent namespace", "is no Bicep"),
    Mistake("misspelt property", "types", MODULES + "lake.bicep", "allowSharedKeyAccess", "allowSharedKeys", "is it `allowSharedKeyAccess`?"),
    Mistake("misspelt property of what a switch makes", "types", MODULES + "network.bicep", "registrationEnabled", "registrationEnable", "is it `registrationEnabled`?"),
    Mistake("misspelt type", "types", MODULES + "identity.bicep", "userAssignedIdentities@", "userAssignedIdentity@", "there is no type"),
    Mistake("wrong enum", "types", MODULES + "host.bicep", "'TLS1_2'", "'TLS1.2'", "not one of TLS1_0, TLS1_1, TLS1_2"),
    Mistake("wrong enum of an alert", "types", MODULES + "alerts.bicep", "timeAggregation: 'Count'", "timeAggregation: 'Counted'", "not one of Count"),
    Mistake("value of the wrong type", "types", MODULES + "events.bicep", "disableLocalAuth: true", "disableLocalAuth: 'true'", "not of type bool"),
    Mistake("missing property", "types", MODULES + "host.bicep", "  kind: 'StorageV2'\n", "", "`kind` is missing"),
    Mistake("missing property of an alert", "types", MODULES + "alerts.bicep", "      windowSize: rule.window\n      autoMitigate: true\n      criteria: {\n        'odata", "      autoMitigate: true\n      criteria: {\n        'odata", "`properties.windowSize` is missing"),
    Mistake("read-only property", "types", MODULES + "monitor.bicep", "DisableLocalAuth: true", "AppId: 'x'", "is read-only"),
    Mistake("another version", "types", MODULES + "events.bicep", "consumergroups@2024-01-01", "consumergroups@2017-04-01", "is held against 2024-01-01"),
    Mistake("undeclared name", "types", MODULES + "lake.bicep", "name: 'Standard_${redundancy}'", "name: 'Standard_${redundance}'", "`redundance` is not declared"),
    Mistake("unused parameter", "types", MODULES + "connector.bicep", "  tags: tags\n", "", "parameter `tags` is not used"),
    Mistake("parameter that a module has not", "types", BICEP + "main.bicep", "premiumSize: premiumSize", "premiumSku: premiumSize", "has no parameter `premiumSku`"),
    Mistake("output that a module has not", "types", BICEP + "main.bicep", "events.outputs.host", "events.outputs.hostName", "no output `hostName`"),
    Mistake("role removed from Bicep", "twin", MODULES + "roles.bicep", "roles.monitoringMetricsPublisher)\n    principalId: principalId", "roles.storageBlobDataReader)\n    principalId: principalId", "3913510d-42f4-4e42-8a64-420c390055eb"),
    Mistake("role removed from Terraform", "twin", TERRAFORM + "roles.tf", '    receives = { scope = azurerm_eventhub.orders.id, role = "event_hubs_data_receiver" }\n', "", "Bicep has it, Terraform has not"),
    Mistake("wider scope of a role", "twin", TERRAFORM + "roles.tf", "lands = { scope = azurerm_storage_container.lake.id", "lands = { scope = azurerm_storage_account.lake.id", "Terraform has it, Bicep has not"),
    Mistake("setting renamed in one twin", "twin", MODULES + "function.bicep", "LANDING_CLIENT_ID:", "LANDING_CLIENTID:", "LANDING_CLIENTID"),
    Mistake("value of one twin", "twin", TERRAFORM + "host.tf", 'account_replication_type         = "LRS"', 'account_replication_type         = "GRS"', "'Standard_LRS' in Bicep, and 'Standard_GRS' in Terraform"),
    Mistake("alert rule of one twin", "twin", MODULES + "alerts.bicep", "severity: rule.severity\n      enabled: true\n      scopes: [(", "severity: 4\n      enabled: true\n      scopes: [(", "properties.severity is 4 in Bicep"),
    Mistake("alert rule without its query", "twin", "infra/monitor/alerts.json", '"query": "failed-invocations.kql"', '"query": "other.kql"', "there is no `other.kql`"),
    Mistake("output of one twin", "twin", TERRAFORM + "outputs.tf", "value       = local.event_hubs_host", "value       = azurerm_eventhub_namespace.events.name", "output EVENT_HUBS_HOST"),
    Mistake("refusal of one twin", "twin", BICEP + "main.bicep", "retentionDays > 7", "retentionDays > 70", "eight days on Standard: Bicep takes it"),
    Mistake("resource of one twin", "twin", TERRAFORM + "network.tf", '    host-table = { target = azurerm_storage_account.host.id, group = "table", zone = "table" }\n', "", "pep-host-table"),
    Mistake("argument that the twin check does not know", "twin", TERRAFORM + "events.tf", "namespace_id    = azurerm_eventhub_namespace.events.id", 'namespace_id    = azurerm_eventhub_namespace.events.id\n  status          = "Disabled"', "the twin check does not know it"),
    Mistake("default of one twin", "parameters", BICEP + "main.bicep", "param partitionCount int = 8", "param partitionCount int = 4", "parameter partition_count: default is '4' in Bicep"),
    Mistake("bound of one twin", "parameters", TERRAFORM + "variables.tf", "var.soft_delete_days <= 365", "var.soft_delete_days <= 366", "parameter soft_delete_days: bounds"),
    Mistake("parameter without a description", "parameters", BICEP + "main.bicep", "@description('Region of all resources.')\n", "", "`location` has no description"),
    Mistake("parameter of one twin", "parameters", TERRAFORM + "variables.tf", 'variable "tags"', 'variable "more_tags"', "parameter tags: Terraform has it not"),
    Mistake("table of another day", "parameters", "docs/deploy.md", "| `retention_days` | `7` |", "| `retention_days` | `5` |", "--write"),
    Mistake("azd's parameters of another day", "parameters", BICEP + "main.parameters.json", "BRONZEGATE_VERSIONING", "BRONZEGATE_VERSIONS", "main.parameters.json"),
    Mistake("query that no rule uses", "queries", "infra/monitor/alerts.json", '"query": "failed-invocations.kql"', '"query": "other.kql"', "no rule uses it"),
    Mistake("window shorter than its frequency", "queries", "infra/monitor/alerts.json", '"window": "PT30M"', '"window": "PT1M"', "the window the longer one"),
    Mistake("rule without a severity", "queries", "infra/monitor/alerts.json", '      "severity": 1,\n', "", "severity is missing"),
    Mistake("tag that azd does not find", "azd", MODULES + "function.bicep", "'azd-service-name': 'ingest'", "'azd-service-name': 'orders'", "no resource has the tag azd-service-name: ingest"),
    Mistake("package that nobody makes", "azd", "azure.yaml", "dist: target/package/bronzegate.zip", "dist: target/package/app.zip", "does not make target/package/app.zip"),
    Mistake("upload with a key", "publish", "infra/publish", "--auth-mode login", "--auth-mode key", "it tells az"),
    Mistake("unpinned action", "workflows", ".github/workflows/deploy.yml", "azure/login@f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca # v3.0.1", "azure/login@main", "azure/login@main is not pinned"),
    Mistake("context that there is not", "workflows", ".github/workflows/ci.yml", "${{ github.ref }}", "${{ github.reff }}", '"reff" is not defined'),
    Mistake("key of a step that there is not", "workflows", ".github/workflows/ci.yml", "timeout-minutes: 90", "timeout: 90", 'unexpected key "timeout"'),
    Mistake("secret", "workflows", ".github/workflows/deploy.yml", "client-id: ${{ vars.AZURE_CLIENT_ID }}", "client-id: ${{ secrets.AZURE_CLIENT_ID }}", "a secret: the deployment has none"),
    Mistake("credentials that a checkout leaves", "workflows", ".github/workflows/ci.yml", "persist-credentials: false", "fetch-depth: 1", "zizmor"),
    Mistake("setting that compose has otherwise", "containers", "compose.yaml", "EVENT_HUB_CONSUMER_GROUP: bronzegate", "EVENT_HUB_CONSUMER_GROUP: $$Default", "EVENT_HUB_CONSUMER_GROUP is"),
    Mistake("key that compose does not know", "containers", "compose.yaml", "restart: unless-stopped", "restarts: unless-stopped", "restarts"),
    Mistake("port for everybody", "containers", "compose.yaml", '"127.0.0.1:5672:5672"', '"5672:5672"', "answers beyond this machine"),
    Mistake("instruction that Docker does not know", "containers", "Dockerfile", "WORKDIR /source", "WORKDIR source", "DL3000"),
    Mistake("consumer group that the emulator has not", "containers", "infra/local/eventhubs.json", '"Name": "bronzegate"', '"Name": "other"', "are not there"),
    Mistake("storage that takes old TLS", "security", MODULES + "lake.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'", "CKV_AZURE_44"),
]


def run(root: Path, tools) -> list[str]:
    """Every mistake is caught, by its check and with the words that name it."""
    with ThreadPoolExecutor(2) as pool:
        faults = pool.map(lambda mistake: plant(mistake, root, tools), MISTAKES)
        return [f"{mistake.name}: {fault}" for mistake, fault in zip(MISTAKES, faults) if fault]


def plant(mistake: Mistake, root: Path, tools) -> str | None:
    """What is wrong with the check of a mistake."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        file = copy / mistake.file
        text = file.read_text()
        if mistake.old not in text:
            return f"{mistake.file} has no {mistake.old!r} to plant it in"
        file.write_text(text.replace(mistake.old, mistake.new, 1))
        try:
            said = "\n".join(CHECKS[mistake.check](copy, tools))
        except Exception as error:
            # an error that names it is a finding, too
            said = str(error)
        if not said:
            return f"`{mistake.check}` does not see it"
        return None if mistake.says in said else f"`{mistake.check}` does not say {mistake.says!r}, but:\n{said}"
