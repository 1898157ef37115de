// Alert rules as infra/monitor/alerts.json lists them; infra/terraform reads the same file.

@description('What names end in.')
param stem string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Action group to notify; empty for none.')
param actionGroupId string

@description('Thresholds that users choose, by the name that a rule gives.')
param thresholds object

@description('Log Analytics workspace that queries run in.')
param workspaceId string

@description('Event Hubs namespace.')
param namespaceId string

@description('Landing account.')
param lakeAccountId string

@description('Account of the Functions host.')
param hostAccountId string

var rules = loadJsonContent('../../monitor/alerts.json')
var targets = {
  events: { id: namespaceId, kind: 'Microsoft.EventHub/namespaces' }
  lake: { id: lakeAccountId, kind: 'Microsoft.Storage/storageAccounts' }
  host: { id: hostAccountId, kind: 'Microsoft.Storage/storageAccounts' }
}
// loadTextContent takes no variable: a line for each query of alerts.json
var queries = {
  'events-late.kql': loadTextContent('../../monitor/events-late.kql')
  'events-not-landed.kql': loadTextContent('../../monitor/events-not-landed.kql')
  'events-rejected.kql': loadTextContent('../../monitor/events-rejected.kql')
  'failed-invocations.kql': loadTextContent('../../monitor/failed-invocations.kql')
  'handler-restarts.kql': loadTextContent('../../monitor/handler-restarts.kql')
  'lake-throttled.kql': loadTextContent('../../monitor/lake-throttled.kql')
  'partition-held.kql': loadTextContent('../../monitor/partition-held.kql')
  'sequence-gaps.kql': loadTextContent('../../monitor/sequence-gaps.kql')
  'telemetry-dropped.kql': loadTextContent('../../monitor/telemetry-dropped.kql')
}
var metricActions = empty(actionGroupId) ? [] : [{ actionGroupId: actionGroupId }]
var queryActions = empty(actionGroupId) ? [] : [actionGroupId]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for rule in rules.metrics: {
    name: 'alert-${rule.name}-${stem}'
    location: 'global'
    tags: tags
    properties: {
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [(targets[rule.target]).id]
      targetResourceType: targets[rule.target].kind
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          for criterion in rule.criteria: {
            criterionType: 'StaticThresholdCriterion'
            name: criterion.metric
            metricName: criterion.metric
            metricNamespace: targets[rule.target].kind
            timeAggregation: criterion.aggregation
            operator: criterion.operator
            threshold: criterion.threshold
          }
        ]
      }
      actions: metricActions
    }
  }
]

resource queryAlerts 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [
  for rule in rules.queries: {
    name: 'alert-${rule.name}-${stem}'
    location: location
    tags: tags
    properties: {
      displayName: rule.name
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      autoMitigate: true
      // its tables are made when the first row comes
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: queries[rule.query]
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.measure
            // an alert of its own for each of their values
            dimensions: [for name in rule.dimensions: { name: name, operator: 'Include', values: ['*'] }]
            operator: rule.operator
            threshold: contains(thresholds, string(rule.threshold)) ? thresholds[string(rule.threshold)] : rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: queryActions }
    }
  }
]
