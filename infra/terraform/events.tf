# The hub that producers send to, by Event Hubs SDKs or Kafka clients.

locals {
  inflates = var.event_hubs_tier == "Standard" && var.event_hubs_maximum_capacity > var.event_hubs_capacity
}

resource "azurerm_eventhub_namespace" "events" {
  name                          = "evhns-${local.stem}"
  resource_group_name           = azurerm_resource_group.group.name
  location                      = var.location
  tags                          = local.tags
  sku                           = var.event_hubs_tier
  capacity                      = var.event_hubs_capacity
  auto_inflate_enabled          = local.inflates
  maximum_throughput_units      = local.inflates ? var.event_hubs_maximum_capacity : 0
  local_authentication_enabled  = false
  minimum_tls_version           = "1.2"
  public_network_access_enabled = !var.private_networking
}

resource "azurerm_eventhub" "orders" {
  name            = "orders"
  namespace_id    = azurerm_eventhub_namespace.events.id
  partition_count = var.partition_count

  retention_description {
    cleanup_policy          = "Delete"
    retention_time_in_hours = var.retention_days * 24
  }
}

# its own, since $Default is where portals and tools read along
resource "azurerm_eventhub_consumer_group" "bronzegate" {
  name                = "bronzegate"
  namespace_name      = azurerm_eventhub_namespace.events.name
  eventhub_name       = azurerm_eventhub.orders.name
  resource_group_name = azurerm_resource_group.group.name
}
