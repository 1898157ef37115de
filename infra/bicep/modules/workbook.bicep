// The workbook: infra/monitor/workbook.json with its queries put in; infra/terraform reads the same files.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Log Analytics workspace that queries run in.')
param workspaceId string

var template = loadJsonContent('../../monitor/workbook.json')
// loadTextContent takes no variable: a line for each query of workbook.json
var queries = {
  'account.kql': loadTextContent('../../monitor/account.kql')
  'age.kql': loadTextContent('../../monitor/age.kql')
  'batches.kql': loadTextContent('../../monitor/batches.kql')
  'costs.kql': loadTextContent('../../monitor/costs.kql')
  'handler-log.kql': loadTextContent('../../monitor/handler-log.kql')
  'handler-restarts.kql': loadTextContent('../../monitor/handler-restarts.kql')
  'partition-held.kql': loadTextContent('../../monitor/partition-held.kql')
  'rejection-trend.kql': loadTextContent('../../monitor/rejection-trend.kql')
  'rejections.kql': loadTextContent('../../monitor/rejections.kql')
  'retries.kql': loadTextContent('../../monitor/retries.kql')
  'sequence-gaps.kql': loadTextContent('../../monitor/sequence-gaps.kql')
  'throughput.kql': loadTextContent('../../monitor/throughput.kql')
}
var sections = [
  for item in template.items: union(item, {
    content: union(item.content, contains(item.content, 'query') ? { query: queries[item.content.query] } : {})
  })
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid('workbook', stem)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'bronzegate ${stem}'
    category: 'workbook'
    sourceId: toLower(workspaceId)
    serializedData: string({ version: template.version, items: sections, fallbackResourceIds: [workspaceId] })
  }
}
