# Names: Azure's abbreviations, the environment, and a suffix that is the same each time.

mock_provider "azurerm" {
  mock_data "azurerm_subscription" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000" }
  }
}
mock_provider "azapi" {}

variables {
  environment          = "dev"
  location             = "westeurope"
  package              = ""
  databricks_connector = true
  private_networking   = true
}

run "names" {
  command = plan
  variables {
    hierarchical_namespace = true
  }

  assert {
    condition     = local.suffix == substr(sha256("/subscriptions/00000000-0000-0000-0000-000000000000-dev-westeurope"), 0, 13)
    error_message = "The suffix is not the hash of subscription, environment and location."
  }

  assert {
    condition = [
      azurerm_resource_group.group.name,
      azurerm_eventhub_namespace.events.name,
      azapi_resource.flex[0].name,
      azurerm_service_plan.plan.name,
      azurerm_user_assigned_identity.function.name,
      azurerm_log_analytics_workspace.logs.name,
      azurerm_application_insights.insights.name,
      azurerm_virtual_network.network[0].name,
      azurerm_databricks_access_connector.connector[0].name,
      azurerm_storage_account.lake.name,
      azurerm_storage_account.host.name,
      ] == [
      "rg-dev",
      "evhns-dev-${local.suffix}",
      "func-dev-${local.suffix}",
      "asp-dev-${local.suffix}",
      "id-dev-${local.suffix}",
      "log-dev-${local.suffix}",
      "appi-dev-${local.suffix}",
      "vnet-dev-${local.suffix}",
      "dbac-dev-${local.suffix}",
      "stlake${local.suffix}",
      "sthost${local.suffix}",
    ]
    error_message = "A name is not what the naming rule makes of it."
  }

  assert {
    condition     = length(azurerm_storage_account.lake.name) <= 24 && length("evhns-${local.stem}") <= 50
    error_message = "A name is longer than Azure takes."
  }

  assert {
    condition     = azurerm_eventhub.orders.name == "orders" && azurerm_eventhub_consumer_group.bronzegate.name == "bronzegate"
    error_message = "The hub is called orders, and the consumer group is the function's own."
  }
}

run "the_longest_environment_fits" {
  command = plan
  variables {
    environment            = "a2345678901234567890"
    hierarchical_namespace = true
  }

  assert {
    condition     = length(azurerm_eventhub_namespace.events.name) <= 50 && length(azapi_resource.flex[0].name) <= 60 && length(azurerm_virtual_network.network[0].name) <= 64
    error_message = "A name is longer than Azure takes."
  }
}
