"""Logs, metrics, alert rules, the workbook."""

import json

from twin.plan import Bodies, Values, common, of, present


@of("azurerm_log_analytics_workspace")
def workspace(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.OperationalInsights/workspaces",
        {
            **common(values),
            "properties": {
                "features": {"disableLocalAuth": not values["local_authentication_enabled"]},
                "retentionInDays": values["retention_in_days"],
                "sku": {"name": values["sku"]},
            },
        },
    )


@of("azurerm_application_insights")
def insights(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.Insights/components",
        {
            **common(values),
            "kind": values["application_type"],
            "properties": {
                "Application_Type": values["application_type"],
                "DisableLocalAuth": values["local_authentication_disabled"],
                "WorkspaceResourceId": values["workspace_id"],
            },
        },
    )


@of("azurerm_monitor_diagnostic_setting")
def diagnostic_setting(values: Values) -> Bodies:
    properties = {
        "workspaceId": values["log_analytics_workspace_id"],
        "metrics": [
            {"category": metric["category"], "enabled": True} for metric in values["enabled_metric"]
        ],
    }
    logs = [
        present(
            {
                "category": log["category"] or None,
                "categoryGroup": log["category_group"] or None,
                "enabled": True,
            }
        )
        for log in values["enabled_log"]
    ]
    identity = f"{values['target_resource_id']}/providers/Microsoft.Insights/diagnosticSettings/{values['name']}"
    yield (
        identity,
        "Microsoft.Insights/diagnosticSettings",
        {
            "name": values["name"],
            "properties": {**properties, **({"logs": logs} if logs else {})},
        },
    )


@of("azurerm_monitor_metric_alert")
def metric_alert(values: Values) -> Bodies:
    criteria = [
        {
            "criterionType": "StaticThresholdCriterion",
            "name": criterion["metric_name"],
            "metricName": criterion["metric_name"],
            "metricNamespace": criterion["metric_namespace"],
            "timeAggregation": criterion["aggregation"],
            "operator": criterion["operator"],
            "threshold": criterion["threshold"],
        }
        for criterion in values["criteria"]
    ]
    yield (
        values.id,
        "Microsoft.Insights/metricAlerts",
        {
            "name": values["name"],
            "location": "global",
            "tags": values["tags"],
            "properties": {
                "description": values["description"],
                "severity": values["severity"],
                "enabled": values["enabled"],
                "scopes": values["scopes"],
                "targetResourceType": values["target_resource_type"],
                "evaluationFrequency": values["frequency"],
                "windowSize": values["window_size"],
                "autoMitigate": values["auto_mitigate"],
                "criteria": {
                    "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                    "allOf": criteria,
                },
                "actions": [
                    {"actionGroupId": action["action_group_id"]} for action in values["action"]
                ],
            },
        },
    )


@of("azurerm_monitor_scheduled_query_rules_alert_v2")
def query_alert(values: Values) -> Bodies:
    criteria = []
    for criterion in values["criteria"]:
        periods = criterion.only("failing_periods")
        measure = present({"metricMeasureColumn": criterion["metric_measure_column"]})
        criteria.append(
            {
                **measure,
                "query": criterion["query"],
                "timeAggregation": criterion["time_aggregation_method"],
                "dimensions": [
                    {
                        "name": dimension["name"],
                        "operator": dimension["operator"],
                        "values": dimension["values"],
                    }
                    for dimension in criterion["dimension"]
                ],
                "operator": criterion["operator"],
                "threshold": criterion["threshold"],
                "failingPeriods": {
                    "numberOfEvaluationPeriods": periods["number_of_evaluation_periods"],
                    "minFailingPeriodsToAlert": periods["minimum_failing_periods_to_trigger_alert"],
                },
            }
        )
    yield (
        values.id,
        "Microsoft.Insights/scheduledQueryRules",
        {
            **common(values),
            "properties": {
                "displayName": values["display_name"],
                "description": values["description"],
                "severity": values["severity"],
                "enabled": values["enabled"],
                "scopes": values["scopes"],
                "evaluationFrequency": values["evaluation_frequency"],
                "windowSize": values["window_duration"],
                "autoMitigate": values["auto_mitigation_enabled"],
                "skipQueryValidation": values["skip_query_validation"],
                "criteria": {"allOf": criteria},
                "actions": {"actionGroups": values.only("action")["action_groups"]},
            },
        },
    )


@of("azurerm_application_insights_workbook")
def workbook(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.Insights/workbooks",
        {
            **common(values),
            # azurerm sends it without being told
            "kind": "shared",
            "properties": {
                "displayName": values["display_name"],
                "category": values["category"],
                "sourceId": values["source_id"],
                "serializedData": json.loads(values["data_json"]),
            },
        },
    )
