// The account that events land in. Only the container's roles open it: there are no keys.

@description('What makes the name unique.')
param suffix string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Redundancy.')
param redundancy string

@description('Data Lake Storage.')
param hierarchicalNamespace bool

@description('Keep former versions.')
param versioning bool

@description('Days for which what is deleted can be brought back.')
param softDeleteDays int

@description('Days until the cool tier; 0 for never.')
param coolAfterDays int

@description('Days until deletion; 0 for never.')
param deleteAfterDays int

@description('Whether it answers outside the private network.')
param publicAccess bool

@description('Log Analytics workspace for its logs and metrics.')
param workspaceId string

var ages = coolAfterDays > 0 || deleteAfterDays > 0
var cool = coolAfterDays > 0 ? { tierToCool: { daysAfterModificationGreaterThan: coolAfterDays } } : {}
var remove = deleteAfterDays > 0 ? { delete: { daysAfterModificationGreaterThan: deleteAfterDays } } : {}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'stlake${suffix}'
  location: location
  tags: tags
  sku: { name: 'Standard_${redundancy}' }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isHnsEnabled: hierarchicalNamespace
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    isVersioningEnabled: versioning
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'lake'
  properties: { publicAccess: 'None' }
}

// `_outbox/` holds what is not published yet, and `_bronzegate.json` how the lake is written: no rule
// may reach them, so the prefixes are spelt out
resource ageing 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = if (ages) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'bronze-and-rejections'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['lake/bronze/', 'lake/rejections/']
            }
            actions: { baseBlob: union(cool, remove) }
          }
        }
      ]
    }
  }
}

// reads are left out: each listing of a reader would be a line that is paid for
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

@description('Resource id of the account.')
output accountId string = account.id

@description('Name of the account.')
output accountName string = account.name

@description('Name of the container.')
output containerName string = container.name

@description('What the handler lands in.')
output url string = '${account.properties.primaryEndpoints.blob}${container.name}'
