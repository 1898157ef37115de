// The function app that runs the handler, on Flex Consumption or Premium.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('FlexConsumption or Premium.')
param plan string

@description('Size of a Premium instance.')
param premiumSize string

@description('MB of a Flex Consumption instance.')
param instanceMemory int

@description('Instances at most.')
param maximumInstanceCount int

@description('Resource id of the identity.')
param identityId string

@description('Client id of the identity.')
param clientId string

@description('Account of the Functions host.')
param hostAccountName string

@description('Where the package lies.')
param packageContainerUrl string

@description('Host name of the Event Hubs namespace.')
param namespaceHost string

@description('Hub.')
param hubName string

@description('Consumer group.')
param consumerGroup string

@description('What the handler lands in.')
param landingUrl string

@description('Connection string of Application Insights.')
param insightsConnectionString string

@description('More app settings.')
param handlerSettings object

@description('Whether the HTTP API is on.')
param api bool

@description('Whether it goes out through the private network.')
param privateNetworking bool

@description('Subnet to go out through; empty without a private network.')
param subnetId string

@description('Log Analytics workspace for its logs and metrics.')
param workspaceId string

var premium = plan == 'Premium'

// a Premium plan without a file share, and so without a key, runs the package from a blob
var premiumSettings = {
  FUNCTIONS_EXTENSION_VERSION: '~4'
  FUNCTIONS_WORKER_RUNTIME: 'custom'
  WEBSITE_RUN_FROM_PACKAGE: '${packageContainerUrl}/bronzegate.zip'
  WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID: identityId
}

// later ones win: a handler's setting can't take the place of one that wires the app
var settings = union(
  handlerSettings,
  {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
    AzureWebJobsStorage__accountName: hostAccountName
    AzureWebJobsStorage__clientId: clientId
    AzureWebJobsStorage__credential: 'managedidentity'
    EVENT_HUB__clientId: clientId
    EVENT_HUB__credential: 'managedidentity'
    EVENT_HUB__fullyQualifiedNamespace: namespaceHost
    EVENT_HUB_CONSUMER_GROUP: consumerGroup
    EVENT_HUB_NAME: hubName
    LANDING_CLIENT_ID: clientId
    LANDING_URL: landingUrl
    // the same hub is read by one trigger; the Kafka one is for those who have Kafka
    'AzureWebJobs.IngestOrdersKafka.Disabled': 'true'
    // a package may have it, and it is opened by the parameter alone
    'AzureWebJobs.SubmitOrder.Disabled': api ? 'false' : 'true'
  },
  premium ? premiumSettings : {}
)
var appSettings = [for setting in items(settings): { name: setting.key, value: setting.value }]

resource servicePlan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'asp-${stem}'
  location: location
  tags: tags
  kind: premium ? 'elastic' : 'functionapp'
  sku: premium ? { name: premiumSize, tier: 'ElasticPremium' } : { name: 'FC1', tier: 'FlexConsumption' }
  properties: union({ reserved: true }, premium ? { maximumElasticWorkerCount: maximumInstanceCount } : {})
}

resource flexApp 'Microsoft.Web/sites@2024-11-01' = if (!premium) {
  name: 'func-${stem}'
  location: location
  tags: union(tags, { 'azd-service-name': 'ingest' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: servicePlan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: privateNetworking ? subnetId : null
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'custom', version: '1.0' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      appSettings: appSettings
      minTlsVersion: '1.2'
    }
  }
}

resource premiumApp 'Microsoft.Web/sites@2024-11-01' = if (premium) {
  name: 'func-${stem}'
  location: location
  tags: union(tags, { 'azd-service-name': 'ingest' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: servicePlan.id
    reserved: true
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: privateNetworking ? subnetId : null
    siteConfig: {
      appSettings: appSettings
      functionAppScaleLimit: maximumInstanceCount
      ftpsState: 'Disabled'
      // the platform itself has no way to the hub in a private network: the host tells it how to scale
      functionsRuntimeScaleMonitoringEnabled: privateNetworking
      http20Enabled: true
      minimumElasticInstanceCount: 1
      minTlsVersion: '1.2'
      use32BitWorkerProcess: false
      vnetRouteAllEnabled: privateNetworking
    }
  }
}

// what publishes is a token, not a password
resource flexPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = if (!premium) {
  parent: flexApp
  name: 'scm'
  properties: { allow: false }
}

resource premiumPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [
  for name in (premium ? ['ftp', 'scm'] : []): {
    parent: premiumApp
    name: name
    properties: { allow: false }
  }
]

resource flexDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!premium) {
  scope: flexApp
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

resource premiumDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (premium) {
  scope: premiumApp
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Name of the function app.')
output name string = 'func-${stem}'
