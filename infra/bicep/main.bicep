// The whole of bronzegate in one resource group. `azd up` deploys it; so does
// `az deployment sub create --location … --template-file main.bicep --parameters environment=…`.
// Its twin is infra/terraform: the same resources, names, parameters and outputs (`just infra` holds
// one against the other).
targetScope = 'subscription'

@description('Name of the environment: part of the names, and a tag. Lower case letters, digits and hyphens.')
@minLength(2)
@maxLength(20)
param environment string

@description('Region of all resources.')
@minLength(3)
param location string

@description('More tags for all resources.')
param tags object = {}

@description('Tier of the Event Hubs namespace. Basic is left out: it has no Kafka endpoint and one consumer group.')
@allowed(['Standard', 'Premium'])
param eventHubsTier string = 'Standard'

@description('Throughput units (Standard) or processing units (Premium: 1, 2, 4, 6, 8, 10, 12 or 16) of the namespace.')
@minValue(1)
@maxValue(40)
param eventHubsCapacity int = 1

@description('Throughput units up to which the namespace inflates by itself; the same as eventHubsCapacity turns that off. Standard only.')
@minValue(1)
@maxValue(40)
param eventHubsMaximumCapacity int = 10

@description('Partitions of the hub. They bound how many instances work at once, and can not be changed later on Standard.')
@minValue(1)
@maxValue(100)
param partitionCount int = 8

@description('Days that the hub keeps an event: the time there is to mend an outage. Standard takes 7 at most.')
@minValue(1)
@maxValue(90)
param retentionDays int = 7

@description('Plan of the function app.')
@allowed(['FlexConsumption', 'Premium'])
param functionPlan string = 'FlexConsumption'

@description('Size of an instance on the Premium plan.')
@allowed(['EP1', 'EP2', 'EP3'])
param premiumSize string = 'EP1'

@description('Memory of an instance on Flex Consumption, in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('Instances at most. More than there are partitions never have work. Premium takes 100 at most.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('HTTP API in the function app: SubmitOrder takes orders from whoever has a function key, and publishes them to the hub. Its package is `just package --api`. Excludes privateNetworking.')
param api bool = false

@description('Redundancy of the landing account.')
@allowed(['LRS', 'ZRS', 'GRS', 'RAGRS', 'GZRS', 'RAGZRS'])
param lakeRedundancy string = 'ZRS'

@description('Hierarchical namespace of the landing account (Data Lake Storage). Can not be changed later, and excludes versioning.')
param hierarchicalNamespace bool = false

@description('Keep former versions of blobs. Excludes the hierarchical namespace.')
param versioning bool = false

@description('Days for which a deleted blob or container can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Days after which bronze and rejections move to the cool tier; 0 leaves them.')
@minValue(0)
@maxValue(3650)
param lakeCoolAfterDays int = 30

@description('Days after which bronze and rejections are deleted; 0 keeps them. Not less than retentionDays: what is still in the hub would land again. Never said of the outbox.')
@minValue(0)
@maxValue(36500)
param lakeDeleteAfterDays int = 0

@description('Days that Log Analytics keeps logs.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Resource id of the action group that alerts notify; empty: they show in the portal alone.')
param actionGroupId string = ''

@description('Minutes that an event may be old when it is landed, before events-late notifies.')
@minValue(1)
@maxValue(1440)
param alertAgeMinutes int = 15

@description('Percent of a stream that may be rejected within an hour, before events-rejected notifies.')
@minValue(0)
@maxValue(100)
param alertRejectionPercent int = 5

@description('Minutes for which every try of a batch may fail, before partition-held notifies.')
@minValue(1)
@maxValue(25)
param alertHeldMinutes int = 10

@description('Virtual network with private endpoints of the hub and both storage accounts, which then refuse public traffic. Producers and readers need a way into the network.')
param privateNetworking bool = false

@description('Address range of the virtual network: a /24, or larger.')
@minLength(9)
@maxLength(18)
param addressPrefix string = '10.80.0.0/24'

@description('Databricks access connector that may read the lake. Unity Catalog needs the hierarchical namespace.')
param databricksConnector bool = false

@description('Object id of who may send and ask for events, read the lake and, on Premium, publish the package; empty: nobody but the function.')
@maxLength(36)
param operatorPrincipalId string = ''

@description('What operatorPrincipalId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

@description('More app settings, such as LOG_LEVEL or STREAM_NAME: the README lists what the handler reads.')
param handlerSettings object = {}

// what excludes one another is refused before anything is deployed
var refusals = concat(
  versioning && hierarchicalNamespace ? ['versioning and hierarchicalNamespace exclude one another'] : [],
  databricksConnector && !hierarchicalNamespace ? ['databricksConnector needs hierarchicalNamespace'] : [],
  lakeDeleteAfterDays > 0 && lakeDeleteAfterDays < retentionDays ? ['lakeDeleteAfterDays is less than retentionDays: what is deleted would land again'] : [],
  lakeDeleteAfterDays > 0 && lakeDeleteAfterDays <= lakeCoolAfterDays ? ['lakeDeleteAfterDays is not more than lakeCoolAfterDays'] : [],
  eventHubsTier == 'Standard' && retentionDays > 7 ? ['retentionDays is at most 7 on Standard'] : [],
  eventHubsTier == 'Standard' && partitionCount > 32 ? ['partitionCount is at most 32 on Standard'] : [],
  eventHubsTier == 'Standard' && eventHubsMaximumCapacity < eventHubsCapacity ? ['eventHubsMaximumCapacity is less than eventHubsCapacity'] : [],
  eventHubsTier == 'Premium' && !contains([1, 2, 4, 6, 8, 10, 12, 16], eventHubsCapacity) ? ['eventHubsCapacity is 1, 2, 4, 6, 8, 10, 12 or 16 on Premium'] : [],
  api && privateNetworking ? ['api and privateNetworking exclude one another: the API would be a public way into a private hub'] : [],
  functionPlan == 'Premium' && maximumInstanceCount > 100 ? ['maximumInstanceCount is at most 100 on Premium'] : []
)
var accepted = empty(refusals) ? environment : fail(join(refusals, '; '))

var suffix = uniqueString(subscription().id, environment, location)
var stem = '${accepted}-${suffix}'
var allTags = union(tags, { application: 'bronzegate', environment: environment, 'azd-env-name': environment })

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${accepted}'
  location: location
  tags: allTags
}

module monitor 'modules/monitor.bicep' = {
  name: 'monitor'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
    retentionDays: logRetentionDays
  }
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
    tier: eventHubsTier
    capacity: eventHubsCapacity
    maximumCapacity: eventHubsMaximumCapacity
    partitionCount: partitionCount
    retentionDays: retentionDays
    publicAccess: !privateNetworking
    workspaceId: monitor.outputs.workspaceId
  }
}

module lake 'modules/lake.bicep' = {
  name: 'lake'
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    redundancy: lakeRedundancy
    hierarchicalNamespace: hierarchicalNamespace
    versioning: versioning
    softDeleteDays: softDeleteDays
    coolAfterDays: lakeCoolAfterDays
    deleteAfterDays: lakeDeleteAfterDays
    publicAccess: !privateNetworking
    workspaceId: monitor.outputs.workspaceId
  }
}

module host 'modules/host.bicep' = {
  name: 'host'
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    softDeleteDays: softDeleteDays
    publicAccess: !privateNetworking
    workspaceId: monitor.outputs.workspaceId
  }
}

module connector 'modules/connector.bicep' = if (databricksConnector) {
  name: 'connector'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
    lakeAccountName: lake.outputs.accountName
    lakeContainerName: lake.outputs.containerName
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    namespaceName: events.outputs.namespaceName
    hubName: events.outputs.hubName
    lakeAccountName: lake.outputs.accountName
    lakeContainerName: lake.outputs.containerName
    hostAccountName: host.outputs.accountName
    insightsName: monitor.outputs.insightsName
    api: api
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
    operatorPublishes: functionPlan == 'Premium'
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
    addressPrefix: addressPrefix
    functionPlan: functionPlan
    namespaceId: events.outputs.namespaceId
    lakeAccountId: lake.outputs.accountId
    hostAccountId: host.outputs.accountId
    hierarchicalNamespace: hierarchicalNamespace
    workspaceId: monitor.outputs.workspaceId
  }
}

module ingest 'modules/function.bicep' = {
  name: 'function'
  scope: group
  // the host reads its storage and the hub as it starts
  dependsOn: [roles]
  params: {
    stem: stem
    location: location
    tags: allTags
    plan: functionPlan
    premiumSize: premiumSize
    instanceMemory: instanceMemory
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    hostAccountName: host.outputs.accountName
    packageContainerUrl: host.outputs.packageContainerUrl
    namespaceHost: events.outputs.host
    hubName: events.outputs.hubName
    consumerGroup: events.outputs.consumerGroup
    landingUrl: lake.outputs.url
    insightsConnectionString: monitor.outputs.connectionString
    handlerSettings: handlerSettings
    api: api
    privateNetworking: privateNetworking
    subnetId: privateNetworking ? network!.outputs.functionSubnetId : ''
    workspaceId: monitor.outputs.workspaceId
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
    actionGroupId: actionGroupId
    thresholds: {
      alertAgeMinutes: alertAgeMinutes
      alertHeldMinutes: alertHeldMinutes
      alertRejectionPercent: alertRejectionPercent
    }
    workspaceId: monitor.outputs.workspaceId
    namespaceId: events.outputs.namespaceId
    lakeAccountId: lake.outputs.accountId
    hostAccountId: host.outputs.accountId
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    stem: stem
    location: location
    tags: allTags
    workspaceId: monitor.outputs.workspaceId
  }
}

@description('Resource group that holds it all.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Function app.')
output FUNCTION_APP_NAME string = ingest.outputs.name

@description('Event Hubs namespace, as clients connect to it. Its Kafka endpoint is port 9093.')
output EVENT_HUBS_HOST string = events.outputs.host

@description('Event hub to send to.')
output EVENT_HUB_NAME string = events.outputs.hubName

@description('The lake: what audit and replay take as --lake.')
output LANDING_URL string = lake.outputs.url

@description('Where the package lies: what infra/publish takes as --container-url.')
output PACKAGE_CONTAINER_URL string = host.outputs.packageContainerUrl

@description('Client id of the identity that the function runs as.')
output FUNCTION_CLIENT_ID string = identity.outputs.clientId

@description('Log Analytics workspace to query.')
output LOG_WORKSPACE_ID string = monitor.outputs.workspaceId

@description('Resource id of the Databricks access connector; empty without one.')
output DATABRICKS_CONNECTOR_ID string = databricksConnector ? connector!.outputs.id : ''
