# What is there by default, and what each switch changes.

mock_provider "azurerm" {
  mock_data "azurerm_subscription" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000" }
  }
}
mock_provider "azapi" {}

variables {
  environment = "dev"
  location    = "westeurope"
  package     = ""
}

run "defaults" {
  command = plan

  assert {
    condition     = !azurerm_eventhub_namespace.events.local_authentication_enabled && !azurerm_storage_account.lake.shared_access_key_enabled && !azurerm_storage_account.host.shared_access_key_enabled && azurerm_application_insights.insights.local_authentication_disabled
    error_message = "Something can be opened by a key."
  }

  assert {
    condition     = azurerm_eventhub_namespace.events.sku == "Standard" && azurerm_eventhub_namespace.events.auto_inflate_enabled && azurerm_eventhub_namespace.events.maximum_throughput_units == 10
    error_message = "The namespace is Standard (Kafka), and inflates by itself."
  }

  assert {
    condition     = azurerm_eventhub.orders.retention_description[0].retention_time_in_hours == 168
    error_message = "The hub keeps events for seven days."
  }

  assert {
    condition     = azurerm_storage_management_policy.lake[0].rule[0].filters[0].prefix_match == toset(["lake/bronze/", "lake/rejections/"])
    error_message = "The life-cycle rule reaches something else than bronze and rejections: never the outbox."
  }

  assert {
    condition     = azurerm_storage_management_policy.lake[0].rule[0].actions[0].base_blob[0].delete_after_days_since_modification_greater_than == null
    error_message = "Something is deleted without being asked for."
  }

  assert {
    condition     = length(azurerm_virtual_network.network) == 0 && length(azurerm_private_endpoint.endpoints) == 0 && length(azurerm_databricks_access_connector.connector) == 0 && length(azurerm_role_assignment.operator_reads) == 0
    error_message = "There is more than was asked for."
  }

  assert {
    condition     = length(azurerm_role_assignment.function) == 5
    error_message = "The function has five roles."
  }
}

run "api" {
  command = plan
  variables {
    api = true
  }

  assert {
    condition     = length(azurerm_role_assignment.function) == 6 && endswith(azurerm_role_assignment.function["publishes"].role_definition_id, "/2b629674-e913-4c01-ae53-ef4638d8f975")
    error_message = "The API can not publish, or the function may do more than that."
  }

  assert {
    condition     = local.settings["AzureWebJobs.SubmitOrder.Disabled"] == "false"
    error_message = "The API is not on."
  }
}

run "private_networking" {
  command = plan
  variables {
    private_networking = true
  }

  assert {
    condition     = !azurerm_eventhub_namespace.events.public_network_access_enabled && !azurerm_storage_account.lake.public_network_access_enabled && !azurerm_storage_account.host.public_network_access_enabled
    error_message = "Something answers outside the network."
  }

  assert {
    condition     = azurerm_storage_account.lake.network_rules[0].default_action == "Deny"
    error_message = "The lake's account takes what no rule names."
  }

  assert {
    condition     = toset(keys(azurerm_private_endpoint.endpoints)) == toset(["events", "lake-blob", "host-blob", "host-table"])
    error_message = "An endpoint is missing, or one too many."
  }

  assert {
    condition     = azurerm_subnet.function[0].delegation[0].service_delegation[0].name == "Microsoft.App/environments"
    error_message = "Flex Consumption needs a delegation to Microsoft.App."
  }
}

run "private_networking_on_premium_with_a_data_lake" {
  command = plan
  variables {
    private_networking     = true
    function_plan          = "Premium"
    hierarchical_namespace = true
  }

  assert {
    condition     = azurerm_subnet.function[0].delegation[0].service_delegation[0].name == "Microsoft.Web/serverFarms"
    error_message = "Premium needs a delegation to Microsoft.Web."
  }

  assert {
    condition     = contains(keys(azurerm_private_endpoint.endpoints), "lake-dfs")
    error_message = "The Data Lake endpoint is missing."
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].site_config[0].runtime_scale_monitoring_enabled && azurerm_linux_function_app.premium[0].site_config[0].vnet_route_all_enabled
    error_message = "The app can't scale by a hub in a private network."
  }
}

run "databricks_connector" {
  command = plan
  variables {
    databricks_connector   = true
    hierarchical_namespace = true
  }

  assert {
    condition     = endswith(azurerm_role_assignment.connector_reads[0].role_definition_id, "/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1")
    error_message = "The connector may do more, or less, than read."
  }
}

run "data_lake" {
  command = plan
  variables {
    hierarchical_namespace = true
  }

  assert {
    condition     = azurerm_storage_account.lake.is_hns_enabled && !azurerm_storage_account.lake.blob_properties[0].versioning_enabled
    error_message = "The landing account has no hierarchical namespace, or versions beside it."
  }
}

run "alerts" {
  command = plan
  variables {
    action_group_id = "/subscriptions/x/resourceGroups/ops/providers/Microsoft.Insights/actionGroups/ops"
  }

  assert {
    condition     = toset(keys(azurerm_monitor_metric_alert.alerts)) == toset([for rule in local.rules.metrics : rule.name]) && toset(keys(azurerm_monitor_scheduled_query_rules_alert_v2.alerts)) == toset([for rule in local.rules.queries : rule.name])
    error_message = "A rule of alerts.json is missing."
  }

  assert {
    condition     = alltrue([for alert in azurerm_monitor_metric_alert.alerts : one(alert.action).action_group_id == var.action_group_id]) && alltrue([for alert in azurerm_monitor_scheduled_query_rules_alert_v2.alerts : alert.action[0].action_groups == tolist([var.action_group_id])])
    error_message = "An alert does not reach the action group."
  }
}

run "a_package_is_published" {
  command = plan
  variables {
    # any file that is there
    package = "outputs.tf"
  }

  assert {
    condition     = terraform_data.package[0].triggers_replace[1] == filesha256("outputs.tf")
    error_message = "The package is not published anew when its bytes change."
  }
}
