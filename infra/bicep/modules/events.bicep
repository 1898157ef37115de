// The hub that producers send to, by Event Hubs SDKs or Kafka clients.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Standard or Premium.')
param tier string

@description('Throughput or processing units.')
param capacity int

@description('Throughput units up to which it inflates.')
param maximumCapacity int

@description('Partitions of the hub.')
param partitionCount int

@description('Days that an event is kept.')
param retentionDays int

@description('Whether it answers outside the private network.')
param publicAccess bool

@description('Log Analytics workspace for its logs and metrics.')
param workspaceId string

var inflates = tier == 'Standard' && maximumCapacity > capacity

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: 'evhns-${stem}'
  location: location
  tags: tags
  sku: {
    name: tier
    tier: tier
    capacity: capacity
  }
  properties: {
    disableLocalAuth: true
    isAutoInflateEnabled: inflates
    maximumThroughputUnits: inflates ? maximumCapacity : 0
    minimumTlsVersion: '1.2'
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: 'orders'
  properties: {
    partitionCount: partitionCount
    retentionDescription: {
      cleanupPolicy: 'Delete'
      retentionTimeInHours: retentionDays * 24
    }
  }
}

// its own, since $Default is where portals and tools read along
resource consumerGroup 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = {
  parent: hub
  name: 'bronzegate'
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the namespace.')
output namespaceId string = namespace.id

@description('Name of the namespace.')
output namespaceName string = namespace.name

@description('Name of the hub.')
output hubName string = hub.name

@description('Name of the consumer group.')
output consumerGroup string = consumerGroup.name

@description('Host name that clients connect to.')
output host string = '${namespace.name}.servicebus.windows.net'
