# What a Databricks workspace (Unity Catalog) reads the lake as.

resource "azurerm_databricks_access_connector" "connector" {
  count               = var.databricks_connector ? 1 : 0
  name                = "dbac-${local.stem}"
  resource_group_name = azurerm_resource_group.group.name
  location            = var.location
  tags                = local.tags

  identity {
    type = "SystemAssigned"
  }
}

# Storage Blob Data Reader: Auto Loader lists and reads; nothing of Databricks writes bronze
resource "azurerm_role_assignment" "connector_reads" {
  count              = var.databricks_connector ? 1 : 0
  scope              = azurerm_storage_container.lake.id
  role_definition_id = local.role_definitions["storage_blob_data_reader"]
  principal_id       = azurerm_databricks_access_connector.connector[0].identity[0].principal_id
  principal_type     = "ServicePrincipal"
}
