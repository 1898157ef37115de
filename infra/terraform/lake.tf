# The account that events land in. Only the container's roles open it: there are no keys.

resource "azurerm_storage_account" "lake" {
  name                             = "stlake${local.suffix}"
  resource_group_name              = azurerm_resource_group.group.name
  location                         = var.location
  tags                             = local.tags
  account_kind                     = "StorageV2"
  account_tier                     = "Standard"
  account_replication_type         = var.lake_redundancy
  access_tier                      = "Hot"
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  is_hns_enabled                   = var.hierarchical_namespace
  local_user_enabled               = false
  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  public_network_access_enabled    = !var.private_networking

  network_rules {
    bypass         = ["AzureServices"]
    default_action = var.private_networking ? "Deny" : "Allow"
  }

  blob_properties {
    versioning_enabled = var.versioning

    delete_retention_policy {
      days = var.soft_delete_days
    }

    container_delete_retention_policy {
      days = var.soft_delete_days
    }
  }
}

resource "azurerm_storage_container" "lake" {
  name                  = "lake"
  storage_account_id    = azurerm_storage_account.lake.id
  container_access_type = "private"
}

# `_outbox/` holds what is not published yet, and `_bronzegate.json` how the lake is written: no rule
# may reach them, so the prefixes are spelt out
resource "azurerm_storage_management_policy" "lake" {
  count              = var.lake_cool_after_days > 0 || var.lake_delete_after_days > 0 ? 1 : 0
  storage_account_id = azurerm_storage_account.lake.id

  rule {
    name    = "bronze-and-rejections"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["lake/bronze/", "lake/rejections/"]
    }

    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = var.lake_cool_after_days > 0 ? var.lake_cool_after_days : null
        delete_after_days_since_modification_greater_than       = var.lake_delete_after_days > 0 ? var.lake_delete_after_days : null
      }
    }
  }
}
