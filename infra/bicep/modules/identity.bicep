// The one identity that the function runs as.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${stem}'
  location: location
  tags: tags
}

@description('Resource id.')
output id string = identity.id

@description('Client id: what app settings name it by.')
output clientId string = identity.properties.clientId

@description('Object id: what role assignments name it by.')
output principalId string = identity.properties.principalId
