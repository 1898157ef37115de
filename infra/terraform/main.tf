data "azurerm_subscription" "current" {}

locals {
  # from what the environment is, not from chance: a second apply finds the first one's names
  suffix = substr(sha256(join("-", [data.azurerm_subscription.current.id, var.environment, var.location])), 0, 13)
  stem   = "${var.environment}-${local.suffix}"
  tags = merge(var.tags, {
    application  = "bronzegate"
    environment  = var.environment
    azd-env-name = var.environment
  })
  premium = var.function_plan == "Premium"
}

resource "azurerm_resource_group" "group" {
  name     = "rg-${var.environment}"
  location = var.location
  tags     = local.tags
}

# the one identity that the function runs as
resource "azurerm_user_assigned_identity" "function" {
  name                = "id-${local.stem}"
  resource_group_name = azurerm_resource_group.group.name
  location            = var.location
  tags                = local.tags
}
