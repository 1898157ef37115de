# Who may do what: nothing here is wider than the line beside it says. The connector's role is beside it.

locals {
  roles = {
    event_hubs_data_receiver       = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"
    event_hubs_data_sender         = "2b629674-e913-4c01-ae53-ef4638d8f975"
    storage_blob_data_owner        = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
    storage_table_data_contributor = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
    storage_blob_data_contributor  = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    storage_blob_data_reader       = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    monitoring_metrics_publisher   = "3913510d-42f4-4e42-8a64-420c390055eb"
  }
  role_definitions = { for name, id in local.roles : name => "${data.azurerm_subscription.current.id}/providers/Microsoft.Authorization/roleDefinitions/${id}" }
  operates         = var.operator_principal_id != ""
}

resource "azurerm_role_assignment" "function" {
  for_each = merge({
    # the trigger receives from this hub, and the platform reads how far behind it is in order to scale
    receives = { scope = azurerm_eventhub.orders.id, role = "event_hubs_data_receiver" }
    # the handler lists, creates and reads blobs of the lake, and deletes its own outbox entries
    lands = { scope = azurerm_storage_container.lake.id, role = "storage_blob_data_contributor" }
    # the host makes containers for its locks, checkpoints and keys, takes leases in them, and reads the
    # package; queues are not opened to it, since no trigger here uses one
    hosts = { scope = azurerm_storage_account.host.id, role = "storage_blob_data_owner" }
    # the host writes its diagnostic events to a table
    diagnoses = { scope = azurerm_storage_account.host.id, role = "storage_table_data_contributor" }
    # host and handler send telemetry with their token, as local authentication is off
    reports = { scope = azurerm_application_insights.insights.id, role = "monitoring_metrics_publisher" }
    }, var.api ? {
    # with the HTTP API the handler publishes the orders that it takes
    publishes = { scope = azurerm_eventhub.orders.id, role = "event_hubs_data_sender" }
  } : {})
  scope              = each.value.scope
  role_definition_id = local.role_definitions[each.value.role]
  principal_id       = azurerm_user_assigned_identity.function.principal_id
  principal_type     = "ServicePrincipal"
}

# the operator sends a first event
resource "azurerm_role_assignment" "operator_sends" {
  count              = local.operates ? 1 : 0
  scope              = azurerm_eventhub.orders.id
  role_definition_id = local.role_definitions["event_hubs_data_sender"]
  principal_id       = var.operator_principal_id
  principal_type     = var.operator_principal_type
}

# the operator asks the hub what it holds, and holds the lake against it
resource "azurerm_role_assignment" "operator_asks" {
  count              = local.operates ? 1 : 0
  scope              = azurerm_eventhub.orders.id
  role_definition_id = local.role_definitions["event_hubs_data_receiver"]
  principal_id       = var.operator_principal_id
  principal_type     = var.operator_principal_type
}

# the operator audits; to replay or sweep takes a Contributor's role, given for as long as it takes
resource "azurerm_role_assignment" "operator_reads" {
  count              = local.operates ? 1 : 0
  scope              = azurerm_storage_container.lake.id
  role_definition_id = local.role_definitions["storage_blob_data_reader"]
  principal_id       = var.operator_principal_id
  principal_type     = var.operator_principal_type
}

# on Premium the package is a blob that the operator uploads; on Flex Consumption the platform does it
resource "azurerm_role_assignment" "operator_publishes" {
  count              = local.operates && local.premium ? 1 : 0
  scope              = azurerm_storage_container.package.id
  role_definition_id = local.role_definitions["storage_blob_data_contributor"]
  principal_id       = var.operator_principal_id
  principal_type     = var.operator_principal_type
}
