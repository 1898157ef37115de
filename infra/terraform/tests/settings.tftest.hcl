# The app settings, as the host and the handler read them.

mock_provider "azurerm" {
  mock_data "azurerm_subscription" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000" }
  }
  override_resource {
    target = azurerm_storage_account.lake
    values = { id = "/lake", primary_blob_endpoint = "https://lake.example.net/" }
  }
  override_resource {
    target = azurerm_storage_account.host
    values = { id = "/host", primary_blob_endpoint = "https://host.example.net/" }
  }
  override_resource {
    target = azurerm_user_assigned_identity.function
    values = { id = "/identity", client_id = "the-client", principal_id = "the-principal" }
  }
  override_resource {
    target = azurerm_application_insights.insights
    values = { id = "/insights", connection_string = "InstrumentationKey=x" }
  }
}
mock_provider "azapi" {}

variables {
  environment = "dev"
  location    = "westeurope"
  package     = ""
}

run "flex_consumption" {
  assert {
    condition = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value } == {
      AzureWebJobsStorage__accountName          = azurerm_storage_account.host.name
      AzureWebJobsStorage__credential           = "managedidentity"
      AzureWebJobsStorage__clientId             = "the-client"
      EVENT_HUB__fullyQualifiedNamespace        = "${azurerm_eventhub_namespace.events.name}.servicebus.windows.net"
      EVENT_HUB__credential                     = "managedidentity"
      EVENT_HUB__clientId                       = "the-client"
      EVENT_HUB_NAME                            = "orders"
      EVENT_HUB_CONSUMER_GROUP                  = "bronzegate"
      LANDING_URL                               = "https://lake.example.net/lake"
      LANDING_CLIENT_ID                         = "the-client"
      APPLICATIONINSIGHTS_CONNECTION_STRING     = "InstrumentationKey=x"
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=the-client;Authorization=AAD"
      "AzureWebJobs.IngestOrdersKafka.Disabled" = "true"
      "AzureWebJobs.SubmitOrder.Disabled"       = "true"
    }
    error_message = "The settings are not what host and handler read."
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.functionAppConfig.runtime == { name = "custom", version = "1.0" }
    error_message = "The runtime is not custom 1.0."
  }

  assert {
    condition = azapi_resource.flex[0].body.properties.functionAppConfig.deployment.storage == {
      type           = "blobContainer"
      value          = "https://host.example.net/package"
      authentication = { type = "UserAssignedIdentity", userAssignedIdentityResourceId = "/identity" }
    }
    error_message = "The package is not read by the identity."
  }

  assert {
    condition     = length(azurerm_linux_function_app.premium) == 0 && azurerm_service_plan.plan.sku_name == "FC1"
    error_message = "Flex Consumption is the default."
  }
}

run "premium" {
  variables {
    function_plan = "Premium"
  }

  assert {
    condition = azurerm_linux_function_app.premium[0].app_settings == tomap({
      AzureWebJobsStorage__credential              = "managedidentity"
      AzureWebJobsStorage__clientId                = "the-client"
      EVENT_HUB__fullyQualifiedNamespace           = "${azurerm_eventhub_namespace.events.name}.servicebus.windows.net"
      EVENT_HUB__credential                        = "managedidentity"
      EVENT_HUB__clientId                          = "the-client"
      EVENT_HUB_NAME                               = "orders"
      EVENT_HUB_CONSUMER_GROUP                     = "bronzegate"
      LANDING_URL                                  = "https://lake.example.net/lake"
      LANDING_CLIENT_ID                            = "the-client"
      APPLICATIONINSIGHTS_CONNECTION_STRING        = "InstrumentationKey=x"
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING    = "ClientId=the-client;Authorization=AAD"
      "AzureWebJobs.IngestOrdersKafka.Disabled"    = "true"
      "AzureWebJobs.SubmitOrder.Disabled"          = "true"
      WEBSITE_RUN_FROM_PACKAGE                     = "https://host.example.net/package/bronzegate.zip"
      WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID = "/identity"
    })
    error_message = "The settings are not what host and handler read."
  }

  assert {
    condition     = length(azapi_resource.flex) == 0 && azurerm_service_plan.plan.sku_name == "EP1"
    error_message = "There is a Flex Consumption app beside the Premium one."
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].storage_uses_managed_identity && azurerm_linux_function_app.premium[0].site_config[0].application_stack[0].use_custom_runtime
    error_message = "The Premium app opens its storage by a key, or is no custom handler."
  }
}

run "a_handler_setting_is_added_and_wires_nothing_anew" {
  variables {
    handler_settings = { LOG_LEVEL = "debug", LANDING_URL = "file:///elsewhere" }
  }

  assert {
    condition     = local.settings["LOG_LEVEL"] == "debug" && local.settings["LANDING_URL"] == "https://lake.example.net/lake"
    error_message = "handler_settings is not what it says."
  }
}
