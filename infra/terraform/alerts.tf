# Alert rules as infra/monitor/alerts.json lists them; infra/bicep reads the same file.

locals {
  rules = jsondecode(file("${path.module}/../monitor/alerts.json"))
  targets = {
    events = { id = azurerm_eventhub_namespace.events.id, kind = "Microsoft.EventHub/namespaces" }
    lake   = { id = azurerm_storage_account.lake.id, kind = "Microsoft.Storage/storageAccounts" }
    host   = { id = azurerm_storage_account.host.id, kind = "Microsoft.Storage/storageAccounts" }
  }
  actions = var.action_group_id == "" ? [] : [var.action_group_id]
  # what users choose, by the name that a rule gives
  thresholds = {
    alertAgeMinutes       = var.alert_age_minutes
    alertHeldMinutes      = var.alert_held_minutes
    alertRejectionPercent = var.alert_rejection_percent
  }
}

resource "azurerm_monitor_metric_alert" "alerts" {
  for_each             = { for rule in local.rules.metrics : rule.name => rule }
  name                 = "alert-${each.key}-${local.stem}"
  resource_group_name  = azurerm_resource_group.group.name
  tags                 = local.tags
  description          = each.value.description
  severity             = each.value.severity
  enabled              = true
  scopes               = [local.targets[each.value.target].id]
  target_resource_type = local.targets[each.value.target].kind
  frequency            = each.value.frequency
  window_size          = each.value.window
  auto_mitigate        = true

  dynamic "criteria" {
    for_each = each.value.criteria
    content {
      metric_namespace = local.targets[each.value.target].kind
      metric_name      = criteria.value.metric
      aggregation      = criteria.value.aggregation
      operator         = criteria.value.operator
      threshold        = criteria.value.threshold
    }
  }

  dynamic "action" {
    for_each = local.actions
    content {
      action_group_id = action.value
    }
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "alerts" {
  for_each                = { for rule in local.rules.queries : rule.name => rule }
  name                    = "alert-${each.key}-${local.stem}"
  resource_group_name     = azurerm_resource_group.group.name
  location                = var.location
  tags                    = local.tags
  display_name            = each.value.name
  description             = each.value.description
  severity                = each.value.severity
  enabled                 = true
  scopes                  = [azurerm_log_analytics_workspace.logs.id]
  evaluation_frequency    = each.value.frequency
  window_duration         = each.value.window
  auto_mitigation_enabled = true
  # its tables are made when the first row comes
  skip_query_validation = true

  criteria {
    query                   = file("${path.module}/../monitor/${each.value.query}")
    time_aggregation_method = each.value.aggregation
    metric_measure_column   = each.value.measure
    operator                = each.value.operator
    threshold               = try(local.thresholds[each.value.threshold], each.value.threshold)

    # an alert of its own for each of their values
    dynamic "dimension" {
      for_each = each.value.dimensions
      content {
        name     = dimension.value
        operator = "Include"
        values   = ["*"]
      }
    }

    failing_periods {
      number_of_evaluation_periods             = 1
      minimum_failing_periods_to_trigger_alert = 1
    }
  }

  action {
    action_groups = local.actions
  }
}
