output "AZURE_RESOURCE_GROUP" {
  description = "Resource group that holds it all."
  value       = azurerm_resource_group.group.name
}

output "FUNCTION_APP_NAME" {
  description = "Function app."
  value       = local.function_app_name
}

output "EVENT_HUBS_HOST" {
  description = "Event Hubs namespace, as clients connect to it. Its Kafka endpoint is port 9093."
  value       = local.event_hubs_host
}

output "EVENT_HUB_NAME" {
  description = "Event hub to send to."
  value       = azurerm_eventhub.orders.name
}

output "LANDING_URL" {
  description = "The lake: what audit and replay take as --lake."
  value       = local.landing_url
}

output "PACKAGE_CONTAINER_URL" {
  description = "Where the package lies: what infra/publish takes as --container-url."
  value       = local.package_container_url
}

output "FUNCTION_CLIENT_ID" {
  description = "Client id of the identity that the function runs as."
  value       = local.client_id
}

output "LOG_WORKSPACE_ID" {
  description = "Log Analytics workspace to query."
  value       = azurerm_log_analytics_workspace.logs.id
}

output "DATABRICKS_CONNECTOR_ID" {
  description = "Resource id of the Databricks access connector; empty without one."
  value       = var.databricks_connector ? azurerm_databricks_access_connector.connector[0].id : ""
}
