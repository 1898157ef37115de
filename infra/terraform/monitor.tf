# Where logs, metrics and traces go.

resource "azurerm_log_analytics_workspace" "logs" {
  name                         = "log-${local.stem}"
  resource_group_name          = azurerm_resource_group.group.name
  location                     = var.location
  tags                         = local.tags
  sku                          = "PerGB2018"
  retention_in_days            = var.log_retention_days
  local_authentication_enabled = false
}

resource "azurerm_application_insights" "insights" {
  name                          = "appi-${local.stem}"
  resource_group_name           = azurerm_resource_group.group.name
  location                      = var.location
  tags                          = local.tags
  application_type              = "web"
  workspace_id                  = azurerm_log_analytics_workspace.logs.id
  local_authentication_disabled = true
}

locals {
  # Application Insights has none, as all that it takes is in this workspace already
  diagnostics = merge({
    events = { target = azurerm_eventhub_namespace.events.id, group = "allLogs", categories = [], metrics = "AllMetrics" }
    # reads are left out: each listing of a reader would be a line that is paid for
    lake = { target = "${azurerm_storage_account.lake.id}/blobServices/default", group = null, categories = ["StorageWrite", "StorageDelete"], metrics = "Transaction" }
    # who deleted a checkpoint; writes are left out, since every checkpoint is one
    host = { target = "${azurerm_storage_account.host.id}/blobServices/default", group = null, categories = ["StorageDelete"], metrics = "Transaction" }
    # who queried what
    logs     = { target = azurerm_log_analytics_workspace.logs.id, group = "audit", categories = [], metrics = "AllMetrics" }
    function = { target = local.function_app_id, group = null, categories = ["FunctionAppLogs"], metrics = "AllMetrics" }
    }, var.private_networking ? {
    network = { target = azurerm_virtual_network.network[0].id, group = null, categories = [], metrics = "AllMetrics" }
  } : {})
}

resource "azurerm_monitor_diagnostic_setting" "diagnostics" {
  for_each                   = local.diagnostics
  name                       = "to-log-analytics"
  target_resource_id         = each.value.target
  log_analytics_workspace_id = azurerm_log_analytics_workspace.logs.id

  dynamic "enabled_log" {
    for_each = each.value.group == null ? [] : [each.value.group]
    content {
      category_group = enabled_log.value
    }
  }

  dynamic "enabled_log" {
    for_each = each.value.categories
    content {
      category = enabled_log.value
    }
  }

  enabled_metric {
    category = each.value.metrics
  }
}
