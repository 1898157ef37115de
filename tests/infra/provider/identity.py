"""The ids that Azure gives the resources of a plan, so that a plan is read without an account."""

import re

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"

# what is not `<resource group>/providers/<kind>/<name>`
IDS = {
    "azurerm_resource_group": "{subscription}/resourceGroups/{name}",
    "azurerm_eventhub": "{namespace_id}/eventhubs/{name}",
    "azurerm_eventhub_consumer_group": "{group}/providers/Microsoft.EventHub/namespaces/{namespace_name}/eventhubs/{eventhub_name}/consumergroups/{name}",
    "azurerm_storage_container": "{storage_account_id}/blobServices/default/containers/{name}",
    "azurerm_storage_management_policy": "{storage_account_id}/managementPolicies/default",
    "azurerm_subnet": "{group}/providers/Microsoft.Network/virtualNetworks/{virtual_network_name}/subnets/{name}",
    "azurerm_private_dns_zone_virtual_network_link": "{group}/providers/Microsoft.Network/privateDnsZones/{private_dns_zone_name}/virtualNetworkLinks/{name}",
    "azurerm_role_assignment": "{scope}/providers/Microsoft.Authorization/roleAssignments/{principal_id}",
    "azurerm_monitor_diagnostic_setting": "{target_resource_id}|{name}",
    "azapi_resource": "{parent_id}/providers/{kind}/{name}",
    "azapi_update_resource": "{parent_id}/{last}/{name}",
}

KINDS = {
    "azurerm_user_assigned_identity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "azurerm_eventhub_namespace": "Microsoft.EventHub/namespaces",
    "azurerm_storage_account": "Microsoft.Storage/storageAccounts",
    "azurerm_service_plan": "Microsoft.Web/serverfarms",
    "azurerm_linux_function_app": "Microsoft.Web/sites",
    "azurerm_databricks_access_connector": "Microsoft.Databricks/accessConnectors",
    "azurerm_log_analytics_workspace": "Microsoft.OperationalInsights/workspaces",
    "azurerm_application_insights": "Microsoft.Insights/components",
    "azurerm_application_insights_workbook": "Microsoft.Insights/workbooks",
    "azurerm_monitor_metric_alert": "Microsoft.Insights/metricAlerts",
    "azurerm_monitor_scheduled_query_rules_alert_v2": "Microsoft.Insights/scheduledQueryRules",
    "azurerm_virtual_network": "Microsoft.Network/virtualNetworks",
    "azurerm_private_dns_zone": "Microsoft.Network/privateDnsZones",
    "azurerm_private_endpoint": "Microsoft.Network/privateEndpoints",
}


def resource_id(kind: str, values: dict) -> str:
    """The id of a resource of a plan."""
    template = IDS.get(kind, "{group}/providers/{kind}/{name}")
    azure = KINDS.get(kind) or str(values.get("type", kind)).split("@")[0]
    known = {name: value for name, value in values.items() if isinstance(value, str)}
    return template.format_map(
        {
            **known,
            "subscription": SUBSCRIPTION,
            "group": f"{SUBSCRIPTION}/resourceGroups/{values.get('resource_group_name')}",
            "kind": azure,
            "last": azure.rsplit("/", 1)[-1],
        }
    )


def given(identity: str, attribute: str, values: dict) -> str:
    """What Azure answers for an attribute that it decides: a name for it, or the value where it has a form."""
    if attribute == "primary_blob_endpoint":
        return f"https://{values['name']}.blob.core.windows.net/"
    camel = re.sub(r"_(\w)", lambda letter: letter[1].upper(), attribute)
    return f"<{camel} of {identity}>"
