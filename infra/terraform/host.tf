# The Functions host's own account: its locks, its checkpoints, and the package that it runs.

resource "azurerm_storage_account" "host" {
  name                             = "sthost${local.suffix}"
  resource_group_name              = azurerm_resource_group.group.name
  location                         = var.location
  tags                             = local.tags
  account_kind                     = "StorageV2"
  account_tier                     = "Standard"
  account_replication_type         = "LRS"
  access_tier                      = "Hot"
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  is_hns_enabled                   = false
  local_user_enabled               = false
  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  public_network_access_enabled    = !var.private_networking

  network_rules {
    bypass         = ["AzureServices"]
    default_action = var.private_networking ? "Deny" : "Allow"
  }

  blob_properties {
    versioning_enabled = false

    delete_retention_policy {
      days = var.soft_delete_days
    }

    container_delete_retention_policy {
      days = var.soft_delete_days
    }
  }
}

resource "azurerm_storage_container" "package" {
  name                  = "package"
  storage_account_id    = azurerm_storage_account.host.id
  container_access_type = "private"
}
