# The workbook: infra/monitor/workbook.json with its queries put in; infra/bicep reads the same files.

locals {
  workbook         = jsondecode(file("${path.module}/../monitor/workbook.json"))
  workbook_queries = { for name in fileset("${path.module}/../monitor", "*.kql") : name => file("${path.module}/../monitor/${name}") }
  workbook_items = [
    for item in local.workbook.items : merge(item, {
      content = merge(item.content, { for key, value in item.content : key => local.workbook_queries[value] if key == "query" })
    })
  ]
}

resource "azurerm_application_insights_workbook" "workbook" {
  name                = uuidv5("oid", "workbook-${local.stem}")
  resource_group_name = azurerm_resource_group.group.name
  location            = var.location
  tags                = local.tags
  display_name        = "bronzegate ${local.stem}"
  category            = "workbook"
  # azurerm takes it in lower case alone
  source_id = lower(azurerm_log_analytics_workspace.logs.id)
  data_json = jsonencode({
    version             = local.workbook.version
    items               = local.workbook_items
    fallbackResourceIds = [azurerm_log_analytics_workspace.logs.id]
  })
}
