# The private network: the function goes out through one subnet, the hub and the accounts stand in the
# other. The function app itself keeps its public name, since the package is published there; it has no
# function that is called from outside.

locals {
  networks = var.private_networking ? 1 : 0
  prefix   = tonumber(split("/", var.address_prefix)[1])
  endpoints = var.private_networking ? merge({
    events     = { target = azurerm_eventhub_namespace.events.id, group = "namespace", zone = "servicebus" }
    lake-blob  = { target = azurerm_storage_account.lake.id, group = "blob", zone = "blob" }
    host-blob  = { target = azurerm_storage_account.host.id, group = "blob", zone = "blob" }
    host-table = { target = azurerm_storage_account.host.id, group = "table", zone = "table" }
    }, var.hierarchical_namespace ? {
    lake-dfs = { target = azurerm_storage_account.lake.id, group = "dfs", zone = "dfs" }
  } : {}) : {}
  zones = var.private_networking ? merge({
    blob       = "privatelink.blob.core.windows.net"
    servicebus = "privatelink.servicebus.windows.net"
    table      = "privatelink.table.core.windows.net"
    }, var.hierarchical_namespace ? {
    dfs = "privatelink.dfs.core.windows.net"
  } : {}) : {}
}

resource "azurerm_virtual_network" "network" {
  count               = local.networks
  name                = "vnet-${local.stem}"
  resource_group_name = azurerm_resource_group.group.name
  location            = var.location
  tags                = local.tags
  address_space       = [var.address_prefix]
}

resource "azurerm_subnet" "function" {
  count                = local.networks
  name                 = "snet-function"
  resource_group_name  = azurerm_resource_group.group.name
  virtual_network_name = azurerm_virtual_network.network[0].name
  address_prefixes     = [cidrsubnet(var.address_prefix, 26 - local.prefix, 0)]
  # telemetry and tokens leave the network
  default_outbound_access_enabled = true

  delegation {
    name = "function"

    service_delegation {
      name = local.premium ? "Microsoft.Web/serverFarms" : "Microsoft.App/environments"
    }
  }
}

resource "azurerm_subnet" "endpoints" {
  count                             = local.networks
  name                              = "snet-endpoints"
  resource_group_name               = azurerm_resource_group.group.name
  virtual_network_name              = azurerm_virtual_network.network[0].name
  address_prefixes                  = [cidrsubnet(var.address_prefix, 26 - local.prefix, 1)]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Disabled"
}

resource "azurerm_private_dns_zone" "zones" {
  for_each            = local.zones
  name                = each.value
  resource_group_name = azurerm_resource_group.group.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "links" {
  for_each              = local.zones
  name                  = "link-${local.stem}"
  resource_group_name   = azurerm_resource_group.group.name
  private_dns_zone_name = azurerm_private_dns_zone.zones[each.key].name
  virtual_network_id    = azurerm_virtual_network.network[0].id
  registration_enabled  = false
  tags                  = local.tags
}

resource "azurerm_private_endpoint" "endpoints" {
  for_each            = local.endpoints
  name                = "pep-${each.key}-${local.stem}"
  resource_group_name = azurerm_resource_group.group.name
  location            = var.location
  tags                = local.tags
  subnet_id           = azurerm_subnet.endpoints[0].id

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.target
    subresource_names              = [each.value.group]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.zones[each.value.zone].id]
  }

  # a name is resolved only where its zone is linked
  depends_on = [azurerm_private_dns_zone_virtual_network_link.links]
}
