// Who may do what: nothing here is wider than the line above it says. The connector's role is beside it.

@description('Object id of the function\'s identity.')
param principalId string

@description('Event Hubs namespace.')
param namespaceName string

@description('Hub.')
param hubName string

@description('Landing account.')
param lakeAccountName string

@description('Container of the lake.')
param lakeContainerName string

@description('Account of the Functions host.')
param hostAccountName string

@description('Application Insights.')
param insightsName string

@description('Whether the HTTP API is on.')
param api bool

@description('Object id of the operator; empty for none.')
param operatorPrincipalId string

@description('What the operator is.')
param operatorPrincipalType string

@description('Whether the operator uploads the package itself.')
param operatorPublishes bool

var roles = {
  eventHubsDataReceiver: 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
  eventHubsDataSender: '2b629674-e913-4c01-ae53-ef4638d8f975'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}
var operates = !empty(operatorPrincipalId)

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = {
  parent: namespace
  name: hubName
}

resource lakeAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: lakeAccountName
}

resource lakeBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: lakeAccount
  name: 'default'
}

resource lake 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  parent: lakeBlobs
  name: lakeContainerName
}

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: hostAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// the trigger receives from this hub, and the platform reads how far behind it is in order to scale
resource receives 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hub
  name: guid(hub.id, principalId, roles.eventHubsDataReceiver)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataReceiver)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// the handler lists, creates and reads blobs of the lake, and deletes its own outbox entries
resource lands 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: lake
  name: guid(lake.id, principalId, roles.storageBlobDataContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// the host makes containers for its locks, checkpoints and keys, takes leases in them, and reads the
// package; queues are not opened to it, since no trigger here uses one
resource hosts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostAccount
  name: guid(hostAccount.id, principalId, roles.storageBlobDataOwner)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// the host writes its diagnostic events to a table
resource diagnoses 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostAccount
  name: guid(hostAccount.id, principalId, roles.storageTableDataContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// host and handler send telemetry with their token, as local authentication is off
resource reports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, roles.monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// with the HTTP API the handler publishes the orders that it takes
resource publishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (api) {
  scope: hub
  name: guid(hub.id, principalId, roles.eventHubsDataSender)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// the operator sends a first event
resource operatorSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (operates) {
  scope: hub
  name: guid(hub.id, operatorPrincipalId, roles.eventHubsDataSender)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
  }
}

// the operator asks the hub what it holds, and holds the lake against it
resource operatorAsks 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (operates) {
  scope: hub
  name: guid(hub.id, operatorPrincipalId, roles.eventHubsDataReceiver)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataReceiver)
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
  }
}

// the operator audits; to replay or sweep takes a Contributor's role, given for as long as it takes
resource operatorReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (operates) {
  scope: lake
  name: guid(lake.id, operatorPrincipalId, roles.storageBlobDataReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: hostAccount
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  parent: hostBlobs
  name: 'package'
}

// on Premium the package is a blob that the operator uploads; on Flex Consumption the platform does it
resource operatorPublishesPackage 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (operates && operatorPublishes) {
  scope: packages
  name: guid(packages.id, operatorPrincipalId, roles.storageBlobDataContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
  }
}
