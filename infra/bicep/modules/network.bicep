// The private network: the function goes out through one subnet, the hub and the accounts stand in
// the other. The function app itself keeps its public name, since the package is published there;
// it has no function that is called from outside.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Address range, a /24 or larger.')
param addressPrefix string

@description('Plan of the function app: each has a delegation of its own.')
param functionPlan string

@description('Event Hubs namespace.')
param namespaceId string

@description('Landing account.')
param lakeAccountId string

@description('Account of the Functions host.')
param hostAccountId string

@description('Whether the landing account has a Data Lake endpoint.')
param hierarchicalNamespace bool

@description('Log Analytics workspace for its metrics.')
param workspaceId string

var delegation = functionPlan == 'Premium' ? 'Microsoft.Web/serverFarms' : 'Microsoft.App/environments'
var endpoints = concat(
  [
    { name: 'events', target: namespaceId, group: 'namespace', zone: 'servicebus' }
    { name: 'lake-blob', target: lakeAccountId, group: 'blob', zone: 'blob' }
    { name: 'host-blob', target: hostAccountId, group: 'blob', zone: 'blob' }
    { name: 'host-table', target: hostAccountId, group: 'table', zone: 'table' }
  ],
  hierarchicalNamespace ? [{ name: 'lake-dfs', target: lakeAccountId, group: 'dfs', zone: 'dfs' }] : []
)
var zones = union(
  {
    blob: 'privatelink.blob.${environment().suffixes.storage}'
    servicebus: 'privatelink.servicebus.windows.net'
    table: 'privatelink.table.${environment().suffixes.storage}'
  },
  hierarchicalNamespace ? { dfs: 'privatelink.dfs.${environment().suffixes.storage}' } : {}
)

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: 'vnet-${stem}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'snet-function'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          // telemetry and tokens leave the network
          defaultOutboundAccess: true
          delegations: [
            {
              name: 'function'
              properties: { serviceName: delegation }
            }
          ]
        }
      }
      {
        name: 'snet-endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

resource dnsZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in items(zones): {
    name: zone.value
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in items(zones): {
    parent: dnsZones[index]
    name: 'link-${stem}'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for endpoint in endpoints: {
    name: 'pep-${endpoint.name}-${stem}'
    location: location
    tags: tags
    properties: {
      subnet: { id: '${network.id}/subnets/snet-endpoints' }
      privateLinkServiceConnections: [
        {
          name: endpoint.name
          properties: {
            privateLinkServiceId: endpoint.target
            groupIds: [endpoint.group]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (endpoint, index) in endpoints: {
    parent: privateEndpoints[index]
    name: 'default'
    // a name is resolved only where its zone is linked
    dependsOn: [links]
    properties: {
      privateDnsZoneConfigs: [
        {
          name: endpoint.zone
          properties: {
            privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zones[endpoint.zone])
          }
        }
      ]
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: network
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Subnet that the function goes out through.')
output functionSubnetId string = '${network.id}/subnets/snet-function'
