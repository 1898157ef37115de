"""What a Terraform plan deploys, as the bodies that Azure's API takes.

A function for each resource type says which argument is which property. Every argument that a plan
sets must be read by it, so that none goes uncompared; what azurerm sends without being told stands in
the functions, too.
"""

from collections.abc import Callable, Iterator


Bodies = Iterator[tuple[str, str, dict]]
TYPES: dict[str, Callable[["Values"], Bodies]] = {}
# not a resource of Azure: what publishes the package, which azd does by itself
LOCAL = {"terraform_data"}
# what is no argument, or says where a resource is, as its id does
DECIDED = {"id", "resource_group_name", "primary_blob_endpoint"}


class PlanError(Exception):
    """The plan has something that this translation does not know."""


class Values:
    """The arguments of a planned resource, or of a block of one, which remember what was read."""

    def __init__(self, address: str, values: dict):
        self.address, self.values, self.read, self.inner = address, values, set(), []

    def __getitem__(self, name: str):
        self.read.add(name)
        if name not in self.values:
            raise PlanError(f"{self.address} has no argument `{name}`")
        value = self.values[name]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            blocks = [Values(f"{self.address}.{name}", block) for block in value]
            self.inner += blocks
            return blocks
        return value

    def only(self, name: str) -> "Values":
        """The one block of a name."""
        blocks = self[name]
        if not blocks:
            raise PlanError(f"{self.address} has no block `{name}`")
        return blocks[0]

    @property
    def id(self) -> str:
        return self["id"]

    def check(self) -> None:
        for name, value in self.values.items():
            decided = isinstance(value, str) and value.startswith("<")
            if value not in (None, [], {}) and not decided and name not in self.read | DECIDED:
                raise PlanError(f"{self.address}: `{name}` is set, and the twin check does not know it")
        for block in self.inner:
            block.check()


def bodies(plan: dict) -> dict[str, tuple[str, dict]]:
    """The resources of a plan: id to type and body."""
    found: dict[str, tuple[str, dict]] = {}
    for resource in plan["planned_values"]["root_module"].get("resources", []):
        if resource["type"] in LOCAL or resource["mode"] == "data":
            continue
        if resource["type"] not in TYPES:
            raise PlanError(f"{resource['address']}: the twin check does not know this type")
        values = Values(resource["address"], resource["values"])
        for identity, kind, body in TYPES[resource["type"]](values):
            if identity in found:
                _merge(found[identity][1], body)
            else:
                found[identity] = (kind, body)
        values.check()
    return found


def _merge(into: dict, body: dict) -> None:
    for name, value in body.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        elif isinstance(value, list) and isinstance(into.get(name), list):
            into[name] += value
        else:
            into[name] = value


def present(values: dict) -> dict:
    """Without what is null."""
    return {name: value for name, value in values.items() if value is not None}


def of(kind: str):
    def register(function):
        TYPES[kind] = function
        return function

    return register


def common(values: Values) -> dict:
    return {"name": values["name"], "location": values["location"], "tags": values["tags"]}


def enabled(value: bool) -> str:
    return "Enabled" if value else "Disabled"


@of("azurerm_resource_group")
def resource_group(values: Values) -> Bodies:
    yield values.id, "Microsoft.Resources/resourceGroups", common(values)


@of("azurerm_user_assigned_identity")
def identity(values: Values) -> Bodies:
    yield values.id, "Microsoft.ManagedIdentity/userAssignedIdentities", common(values)


@of("azurerm_eventhub_namespace")
def event_hubs(values: Values) -> Bodies:
    yield values.id, "Microsoft.EventHub/namespaces", {
        **common(values),
        "sku": {"name": values["sku"], "tier": values["sku"], "capacity": values["capacity"]},
        "properties": {
            "disableLocalAuth": not values["local_authentication_enabled"],
            "isAutoInflateEnabled": values["auto_inflate_enabled"],
            "maximumThroughputUnits": values["maximum_throughput_units"],
            "minimumTlsVersion": values["minimum_tls_version"],
            "publicNetworkAccess": enabled(values["public_network_access_enabled"]),
        },
    }


@of("azurerm_eventhub")
def event_hub(values: Values) -> Bodies:
    retention = values.only("retention_description")
    values["namespace_id"]
    yield values.id, "Microsoft.EventHub/namespaces/eventhubs", {
        "name": values["name"],
        "properties": {
            "partitionCount": values["partition_count"],
            "retentionDescription": {
                "cleanupPolicy": retention["cleanup_policy"],
                "retentionTimeInHours": retention["retention_time_in_hours"],
            },
        },
    }


@of("azurerm_eventhub_consumer_group")
def consumer_group(values: Values) -> Bodies:
    values["namespace_name"], values["eventhub_name"]
    yield values.id, "Microsoft.EventHub/namespaces/eventhubs/consumergroups", {"name": values["name"]}


@of("azurerm_storage_account")
def storage_account(values: Values) -> Bodies:
    rules, blobs = values.only("network_rules"), values.only("blob_properties")
    yield values.id, "Microsoft.Storage/storageAccounts", {
        **common(values),
        "kind": values["account_kind"],
        "sku": {"name": f"{values['account_tier']}_{values['account_replication_type']}"},
        "properties": {
            "accessTier": values["access_tier"],
            "allowBlobPublicAccess": values["allow_nested_items_to_be_public"],
            "allowCrossTenantReplication": values["cross_tenant_replication_enabled"],
            "allowSharedKeyAccess": values["shared_access_key_enabled"],
            "defaultToOAuthAuthentication": values["default_to_oauth_authentication"],
            "isHnsEnabled": values["is_hns_enabled"],
            "isLocalUserEnabled": values["local_user_enabled"],
            "minimumTlsVersion": values["min_tls_version"],
            "networkAcls": {"bypass": ", ".join(rules["bypass"]), "defaultAction": rules["default_action"]},
            "publicNetworkAccess": enabled(values["public_network_access_enabled"]),
            "supportsHttpsTrafficOnly": values["https_traffic_only_enabled"],
        },
    }
    # a block of its own for each kind of retention is how azurerm enables it
    yield values.id + "/blobServices/default", "Microsoft.Storage/storageAccounts/blobServices", {
        "name": "default",
        "properties": {
            "containerDeleteRetentionPolicy": {"enabled": True, "days": blobs.only("container_delete_retention_policy")["days"]},
            "deleteRetentionPolicy": {"enabled": True, "days": blobs.only("delete_retention_policy")["days"]},
            "isVersioningEnabled": blobs["versioning_enabled"],
        },
    }


@of("azurerm_storage_container")
def storage_container(values: Values) -> Bodies:
    values["storage_account_id"]
    access = {"private": "None", "blob": "Blob", "container": "Container"}[values["container_access_type"]]
    yield values.id, "Microsoft.Storage/storageAccounts/blobServices/containers", {
        "name": values["name"],
        "properties": {"publicAccess": access},
    }


@of("azurerm_storage_management_policy")
def management_policy(values: Values) -> Bodies:
    values["storage_account_id"]
    rules = []
    for rule in values["rule"]:
        blob, filters = rule.only("actions").only("base_blob"), rule.only("filters")
        actions = {
            "tierToCool": blob["tier_to_cool_after_days_since_modification_greater_than"],
            "delete": blob["delete_after_days_since_modification_greater_than"],
        }
        rules.append(
            {
                "name": rule["name"],
                "type": "Lifecycle",
                "enabled": rule["enabled"],
                "definition": {
                    "filters": {"blobTypes": filters["blob_types"], "prefixMatch": filters["prefix_match"]},
                    "actions": {
                        "baseBlob": {
                            name: {"daysAfterModificationGreaterThan": days} for name, days in present(actions).items()
                        }
                    },
                },
            }
        )
    yield values.id, "Microsoft.Storage/storageAccounts/managementPolicies", {"name": "default", "properties": {"policy": {"rules": rules}}}


@of("azurerm_service_plan")
def service_plan(values: Values) -> Bodies:
    tier = "FlexConsumption" if values["sku_name"] == "FC1" else "ElasticPremium"
    elastic = values["maximum_elastic_worker_count"]
    yield values.id, "Microsoft.Web/serverfarms", {
        **common(values),
        # azurerm leaves the kind to the platform, which derives it from the size
        "kind": "functionapp" if tier == "FlexConsumption" else "elastic",
        "sku": {"name": values["sku_name"], "tier": tier},
        "properties": present({"reserved": values["os_type"] == "Linux", "maximumElasticWorkerCount": elastic}),
    }


@of("azapi_resource")
def azapi(values: Values) -> Bodies:
    identities = values.only("identity")
    values["parent_id"]
    yield values.id, values["type"].partition("@")[0], {
        **common(values),
        **_present_deep(values["body"]),
        "identity": {"type": identities["type"], "userAssignedIdentities": {name: {} for name in identities["identity_ids"]}},
    }


@of("azapi_update_resource")
def azapi_update(values: Values) -> Bodies:
    values["parent_id"]
    yield values.id, values["type"].partition("@")[0], {"name": values["name"], **values["body"]}


def _present_deep(value):
    if isinstance(value, dict):
        return {name: _present_deep(item) for name, item in value.items() if item is not None}
    return value


@of("azurerm_linux_function_app")
def linux_function_app(values: Values) -> Bodies:
    site, identities = values.only("site_config"), values.only("identity")
    if not (site.only("application_stack")["use_custom_runtime"] and values["storage_uses_managed_identity"]):
        raise PlanError(f"{values.address} is no custom runtime, or opens its storage by a key")
    settings = {
        **values["app_settings"],
        # what azurerm writes by its own arguments
        "AzureWebJobsStorage__accountName": values["storage_account_name"],
        "FUNCTIONS_EXTENSION_VERSION": values["functions_extension_version"],
        "FUNCTIONS_WORKER_RUNTIME": "custom",
    }
    yield values.id, "Microsoft.Web/sites", {
        **common(values),
        "kind": "functionapp,linux",
        "identity": {"type": identities["type"], "userAssignedIdentities": {name: {} for name in identities["identity_ids"]}},
        "properties": present(
            {
                "serverFarmId": values["service_plan_id"],
                "reserved": True,
                "httpsOnly": values["https_only"],
                "publicNetworkAccess": enabled(values["public_network_access_enabled"]),
                "virtualNetworkSubnetId": values["virtual_network_subnet_id"],
                "siteConfig": {
                    "appSettings": [{"name": name, "value": value} for name, value in settings.items()],
                    "functionAppScaleLimit": site["app_scale_limit"],
                    "ftpsState": site["ftps_state"],
                    "functionsRuntimeScaleMonitoringEnabled": site["runtime_scale_monitoring_enabled"],
                    "http20Enabled": site["http2_enabled"],
                    "minimumElasticInstanceCount": site["elastic_instance_minimum"],
                    "minTlsVersion": site["minimum_tls_version"],
                    "use32BitWorkerProcess": site["use_32_bit_worker"],
                    "vnetRouteAllEnabled": site["vnet_route_all_enabled"],
                },
            }
        ),
    }
    policies = {"ftp": "ftp_publish_basic_authentication_enabled", "scm": "webdeploy_publish_basic_authentication_enabled"}
    for name, argument in policies.items():
        identity = f"{values.id}/basicPublishingCredentialsPolicies/{name}"
        yield identity, "Microsoft.Web/sites/basicPublishingCredentialsPolicies", {"name": name, "properties": {"allow": values[argument]}}


@of("azurerm_role_assignment")
def role_assignment(values: Values) -> Bodies:
    body = {
        "properties": {
            "roleDefinitionId": values["role_definition_id"],
            "principalId": values["principal_id"],
            "principalType": values["principal_type"],
        }
    }
    yield assignment(values["scope"], body["properties"]), "Microsoft.Authorization/roleAssignments", body


def assignment(scope: str, properties: dict) -> str:
    """An id for a role assignment by what it says, since its name is a guid."""
    role = properties["roleDefinitionId"].rsplit("/", 1)[1]
    return f"{scope}/role/{role}/to/{properties['principalId']}"


@of("azurerm_databricks_access_connector")
def connector(values: Values) -> Bodies:
    yield values.id, "Microsoft.Databricks/accessConnectors", {**common(values), "identity": {"type": values.only("identity")["type"]}}


@of("azurerm_log_analytics_workspace")
def workspace(values: Values) -> Bodies:
    yield values.id, "Microsoft.OperationalInsights/workspaces", {
        **common(values),
        "properties": {
            "features": {"disableLocalAuth": not values["local_authentication_enabled"]},
            "retentionInDays": values["retention_in_days"],
            "sku": {"name": values["sku"]},
        },
    }


@of("azurerm_application_insights")
def insights(values: Values) -> Bodies:
    yield values.id, "Microsoft.Insights/components", {
        **common(values),
        "kind": values["application_type"],
        "properties": {
            "Application_Type": values["application_type"],
            "DisableLocalAuth": values["local_authentication_disabled"],
            "WorkspaceResourceId": values["workspace_id"],
        },
    }


@of("azurerm_monitor_diagnostic_setting")
def diagnostic_setting(values: Values) -> Bodies:
    properties = {
        "workspaceId": values["log_analytics_workspace_id"],
        "metrics": [{"category": metric["category"], "enabled": True} for metric in values["enabled_metric"]],
    }
    logs = [
        present({"category": log["category"] or None, "categoryGroup": log["category_group"] or None, "enabled": True})
        for log in values["enabled_log"]
    ]
    identity = f"{values['target_resource_id']}/providers/Microsoft.Insights/diagnosticSettings/{values['name']}"
    yield identity, "Microsoft.Insights/diagnosticSettings", {
        "name": values["name"],
        "properties": {**properties, **({"logs": logs} if logs else {})},
    }


@of("azurerm_monitor_metric_alert")
def metric_alert(values: Values) -> Bodies:
    criteria = [
        {
            "criterionType": "StaticThresholdCriterion",
            "name": criterion["metric_name"],
            "metricName": criterion["metric_name"],
            "metricNamespace": criterion["metric_namespace"],
            "timeAggregation": criterion["aggregation"],
            "operator": criterion["operator"],
            "threshold": criterion["threshold"],
        }
        for criterion in values["criteria"]
    ]
    yield values.id, "Microsoft.Insights/metricAlerts", {
        "name": values["name"],
        "location": "global",
        "tags": values["tags"],
        "properties": {
            "description": values["description"],
            "severity": values["severity"],
            "enabled": values["enabled"],
            "scopes": values["scopes"],
            "targetResourceType": values["target_resource_type"],
            "evaluationFrequency": values["frequency"],
            "windowSize": values["window_size"],
            "autoMitigate": values["auto_mitigate"],
            "criteria": {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": criteria},
            "actions": [{"actionGroupId": action["action_group_id"]} for action in values["action"]],
        },
    }


@of("azurerm_monitor_scheduled_query_rules_alert_v2")
def query_alert(values: Values) -> Bodies:
    criteria = []
    for criterion in values["criteria"]:
        periods = criterion.only("failing_periods")
        criteria.append(
            {
                "query": criterion["query"],
                "timeAggregation": criterion["time_aggregation_method"],
                "operator": criterion["operator"],
                "threshold": criterion["threshold"],
                "failingPeriods": {
                    "numberOfEvaluationPeriods": periods["number_of_evaluation_periods"],
                    "minFailingPeriodsToAlert": periods["minimum_failing_periods_to_trigger_alert"],
                },
            }
        )
    yield values.id, "Microsoft.Insights/scheduledQueryRules", {
        **common(values),
        "properties": {
            "displayName": values["display_name"],
            "description": values["description"],
            "severity": values["severity"],
            "enabled": values["enabled"],
            "scopes": values["scopes"],
            "evaluationFrequency": values["evaluation_frequency"],
            "windowSize": values["window_duration"],
            "autoMitigate": values["auto_mitigation_enabled"],
            "skipQueryValidation": values["skip_query_validation"],
            "criteria": {"allOf": criteria},
            "actions": {"actionGroups": values.only("action")["action_groups"]},
        },
    }


@of("azurerm_virtual_network")
def virtual_network(values: Values) -> Bodies:
    yield values.id, "Microsoft.Network/virtualNetworks", {
        **common(values),
        "properties": {"addressSpace": {"addressPrefixes": values["address_space"]}, "subnets": []},
    }


@of("azurerm_subnet")
def subnet(values: Values) -> Bodies:
    values["virtual_network_name"]
    delegations = [
        {"name": delegation["name"], "properties": {"serviceName": delegation.only("service_delegation")["name"]}}
        for delegation in values["delegation"]
    ]
    policies = values["private_endpoint_network_policies"]
    properties = present(
        {
            "addressPrefix": values["address_prefixes"][0],
            "defaultOutboundAccess": values["default_outbound_access_enabled"],
            "delegations": delegations or None,
            "privateEndpointNetworkPolicies": None if (policies or "").startswith("<") else policies,
        }
    )
    network = values.id.rpartition("/subnets/")[0]
    yield network, "Microsoft.Network/virtualNetworks", {"properties": {"subnets": [{"name": values["name"], "properties": properties}]}}


@of("azurerm_private_dns_zone")
def dns_zone(values: Values) -> Bodies:
    yield values.id, "Microsoft.Network/privateDnsZones", {"name": values["name"], "location": "global", "tags": values["tags"]}


@of("azurerm_private_dns_zone_virtual_network_link")
def dns_link(values: Values) -> Bodies:
    values["private_dns_zone_name"]
    yield values.id, "Microsoft.Network/privateDnsZones/virtualNetworkLinks", {
        "name": values["name"],
        "location": "global",
        "tags": values["tags"],
        "properties": {
            "registrationEnabled": values["registration_enabled"],
            "virtualNetwork": {"id": values["virtual_network_id"]},
        },
    }


@of("azurerm_private_endpoint")
def private_endpoint(values: Values) -> Bodies:
    connection, group = values.only("private_service_connection"), values.only("private_dns_zone_group")
    if connection["is_manual_connection"]:
        raise PlanError(f"{values.address} waits for an approval")
    yield values.id, "Microsoft.Network/privateEndpoints", {
        **common(values),
        "properties": {
            "subnet": {"id": values["subnet_id"]},
            "privateLinkServiceConnections": [
                {
                    "name": connection["name"],
                    "properties": {
                        "privateLinkServiceId": connection["private_connection_resource_id"],
                        "groupIds": connection["subresource_names"],
                    },
                }
            ],
        },
    }
    zones = [{"properties": {"privateDnsZoneId": zone}} for zone in group["private_dns_zone_ids"]]
    yield f"{values.id}/privateDnsZoneGroups/{group['name']}", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups", {
        "name": group["name"],
        "properties": {"privateDnsZoneConfigs": zones},
    }
