// What a Databricks workspace (Unity Catalog) reads the lake as.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('The landing account.')
param lakeAccountName string

@description('The container of the lake.')
param lakeContainerName string

resource connector 'Microsoft.Databricks/accessConnectors@2024-05-01' = {
  name: 'dbac-${stem}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: lakeAccountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: account
  name: 'default'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  parent: blobs
  name: lakeContainerName
}

// Storage Blob Data Reader: Auto Loader lists and reads; nothing of Databricks writes bronze
resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: container
  name: guid(container.id, connector.id, '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')
    principalId: connector.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Resource id.')
output id string = connector.id
