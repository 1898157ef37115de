# The function app that runs the handler, on Flex Consumption or Premium.

locals {
  landing_url           = "${azurerm_storage_account.lake.primary_blob_endpoint}${azurerm_storage_container.lake.name}"
  package_container_url = "${azurerm_storage_account.host.primary_blob_endpoint}${azurerm_storage_container.package.name}"
  event_hubs_host       = "${azurerm_eventhub_namespace.events.name}.servicebus.windows.net"
  client_id             = azurerm_user_assigned_identity.function.client_id

  # later ones win: a handler's setting can't take the place of one that wires the app
  settings = merge(var.handler_settings, {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${local.client_id};Authorization=AAD"
    APPLICATIONINSIGHTS_CONNECTION_STRING     = azurerm_application_insights.insights.connection_string
    AzureWebJobsStorage__accountName          = azurerm_storage_account.host.name
    AzureWebJobsStorage__clientId             = local.client_id
    AzureWebJobsStorage__credential           = "managedidentity"
    EVENT_HUB__clientId                       = local.client_id
    EVENT_HUB__credential                     = "managedidentity"
    EVENT_HUB__fullyQualifiedNamespace        = local.event_hubs_host
    EVENT_HUB_CONSUMER_GROUP                  = azurerm_eventhub_consumer_group.bronzegate.name
    EVENT_HUB_NAME                            = azurerm_eventhub.orders.name
    LANDING_CLIENT_ID                         = local.client_id
    LANDING_URL                               = local.landing_url
    # the same hub is read by one trigger; the Kafka one is for those who have Kafka
    "AzureWebJobs.IngestOrdersKafka.Disabled" = "true"
    # a package may have it, and it is opened by the parameter alone
    "AzureWebJobs.SubmitOrder.Disabled" = var.api ? "false" : "true"
    }, local.premium ? {
    # a Premium plan without a file share, and so without a key, runs the package from a blob
    WEBSITE_RUN_FROM_PACKAGE                     = "${local.package_container_url}/bronzegate.zip"
    WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID = azurerm_user_assigned_identity.function.id
  } : {})
}

resource "azurerm_service_plan" "plan" {
  name                         = "asp-${local.stem}"
  resource_group_name          = azurerm_resource_group.group.name
  location                     = var.location
  tags                         = local.tags
  os_type                      = "Linux"
  sku_name                     = local.premium ? var.premium_size : "FC1"
  maximum_elastic_worker_count = local.premium ? var.maximum_instance_count : null
}

# azurerm's own resource for Flex Consumption adds an AzureWebJobsStorage with an empty key, which takes
# the place of the identity (hashicorp/terraform-provider-azurerm#29693); so this is the resource as Azure
# has it, the same body as in function.bicep
resource "azapi_resource" "flex" {
  count     = local.premium ? 0 : 1
  type      = "Microsoft.Web/sites@2024-11-01"
  name      = "func-${local.stem}"
  parent_id = azurerm_resource_group.group.id
  location  = var.location
  tags      = merge(local.tags, { azd-service-name = "ingest" })

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.function.id]
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId           = azurerm_service_plan.plan.id
      httpsOnly              = true
      publicNetworkAccess    = "Enabled"
      virtualNetworkSubnetId = var.private_networking ? azurerm_subnet.function[0].id : null
      functionAppConfig = {
        deployment = {
          storage = {
            type  = "blobContainer"
            value = local.package_container_url
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = azurerm_user_assigned_identity.function.id
            }
          }
        }
        runtime = { name = "custom", version = "1.0" }
        scaleAndConcurrency = {
          instanceMemoryMB     = var.instance_memory
          maximumInstanceCount = var.maximum_instance_count
        }
      }
      siteConfig = {
        appSettings   = [for name, value in local.settings : { name = name, value = value }]
        minTlsVersion = "1.2"
      }
    }
  }

  # the host reads its storage and the hub as it starts
  depends_on = [azurerm_role_assignment.function]
}

# what publishes is a token, not a password
resource "azapi_update_resource" "flex_password" {
  count     = local.premium ? 0 : 1
  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01"
  name      = "scm"
  parent_id = azapi_resource.flex[0].id
  body      = { properties = { allow = false } }
}

resource "azurerm_linux_function_app" "premium" {
  count                                          = local.premium ? 1 : 0
  name                                           = "func-${local.stem}"
  resource_group_name                            = azurerm_resource_group.group.name
  location                                       = var.location
  tags                                           = merge(local.tags, { azd-service-name = "ingest" })
  service_plan_id                                = azurerm_service_plan.plan.id
  storage_account_name                           = azurerm_storage_account.host.name
  storage_uses_managed_identity                  = true
  functions_extension_version                    = "~4"
  https_only                                     = true
  public_network_access_enabled                  = true
  virtual_network_subnet_id                      = var.private_networking ? azurerm_subnet.function[0].id : null
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false

  # storage_account_name writes this one itself
  app_settings = { for name, value in local.settings : name => value if name != "AzureWebJobsStorage__accountName" }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.function.id]
  }

  site_config {
    app_scale_limit          = var.maximum_instance_count
    elastic_instance_minimum = 1
    http2_enabled            = true
    ftps_state               = "Disabled"
    minimum_tls_version      = "1.2"
    use_32_bit_worker        = false
    vnet_route_all_enabled   = var.private_networking
    # the platform itself has no way to the hub in a private network: the host tells it how to scale
    runtime_scale_monitoring_enabled = var.private_networking

    application_stack {
      use_custom_runtime = true
    }
  }

  depends_on = [azurerm_role_assignment.function]
}

locals {
  function_app_id   = local.premium ? azurerm_linux_function_app.premium[0].id : azapi_resource.flex[0].id
  function_app_name = "func-${local.stem}"
}

# `terraform apply` publishes the package, and again where its bytes change; azd does this by itself
resource "terraform_data" "package" {
  count            = var.package == "" ? 0 : 1
  triggers_replace = [local.function_app_id, filesha256(var.package), var.api]

  provisioner "local-exec" {
    command = "${path.module}/../publish --package \"$PACKAGE\" --resource-group \"$GROUP\" --app \"$APP\" --plan \"$PLAN\" --container-url \"$CONTAINER_URL\" --api \"$API\""
    environment = {
      PACKAGE       = var.package
      GROUP         = azurerm_resource_group.group.name
      APP           = local.function_app_name
      PLAN          = var.function_plan
      API           = tostring(var.api)
      CONTAINER_URL = local.package_container_url
    }
  }

  depends_on = [azurerm_role_assignment.operator_publishes]
}
