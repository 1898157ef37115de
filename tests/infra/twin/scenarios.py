"""Parameters under which the twins are compared: together they reach every resource and every branch."""

ALWAYS = {"environment": "dev", "location": "westeurope"}

SAME = {
    "defaults": {},
    "premium plan": {"functionPlan": "Premium", "premiumSize": "EP2", "maximumInstanceCount": 20},
    "private network": {"privateNetworking": True, "addressPrefix": "10.1.0.0/22"},
    "premium plan in a private network, Data Lake": {
        "functionPlan": "Premium",
        "maximumInstanceCount": 100,
        "privateNetworking": True,
        "hierarchicalNamespace": True,
    },
    "api": {"api": True},
    "databricks connector": {"databricksConnector": True, "hierarchicalNamespace": True},
    "operator on premium": {
        "operatorPrincipalId": "11111111-1111-1111-1111-111111111111",
        "functionPlan": "Premium",
        "maximumInstanceCount": 1,
    },
    "operator group": {
        "operatorPrincipalId": "11111111-1111-1111-1111-111111111111",
        "operatorPrincipalType": "Group",
    },
    "versioning, and everything of its own size": {
        "versioning": True,
        "eventHubsCapacity": 4,
        "eventHubsMaximumCapacity": 4,
        "partitionCount": 32,
        "retentionDays": 3,
        "instanceMemory": 4096,
        "lakeRedundancy": "GRS",
        "softDeleteDays": 30,
        "logRetentionDays": 90,
    },
    "premium hub": {
        "eventHubsTier": "Premium",
        "eventHubsCapacity": 2,
        "partitionCount": 100,
        "retentionDays": 90,
    },
    "lake deleted": {"lakeCoolAfterDays": 0, "lakeDeleteAfterDays": 7},
    "lake cooled and deleted": {"lakeCoolAfterDays": 30, "lakeDeleteAfterDays": 365},
    "lake left alone": {"lakeCoolAfterDays": 0},
    "alerted, tagged and set": {
        "actionGroupId": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-ops/providers/Microsoft.Insights/actionGroups/ops",
        "alertAgeMinutes": 60,
        "alertHeldMinutes": 5,
        "alertRejectionPercent": 0,
        "tags": {"cost-center": "42"},
        "handlerSettings": {"LOG_LEVEL": "debug", "LANDING_URL": "file:///can/not/win"},
    },
}

REFUSED = {
    "versioning and a hierarchical namespace": {"versioning": True, "hierarchicalNamespace": True},
    "an API into a private hub": {"api": True, "privateNetworking": True},
    "a connector without a hierarchical namespace": {"databricksConnector": True},
    "a life cycle shorter than the retention": {"lakeCoolAfterDays": 0, "lakeDeleteAfterDays": 6},
    "a life cycle that deletes before it cools": {
        "lakeCoolAfterDays": 30,
        "lakeDeleteAfterDays": 30,
    },
    "eight days on Standard": {"retentionDays": 8},
    "33 partitions on Standard": {"partitionCount": 33},
    "inflating to less": {"eventHubsCapacity": 5, "eventHubsMaximumCapacity": 4},
    "three processing units": {"eventHubsTier": "Premium", "eventHubsCapacity": 3},
    "101 instances on Premium": {"functionPlan": "Premium", "maximumInstanceCount": 101},
    "a plan that there is not": {"functionPlan": "Consumption"},
    "a name that is too short": {"environment": "x"},
}
