"""Event Hubs."""

from twin.plan import Bodies, Values, common, enabled, of


@of("azurerm_eventhub_namespace")
def event_hubs(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.EventHub/namespaces",
        {
            **common(values),
            "sku": {"name": values["sku"], "tier": values["sku"], "capacity": values["capacity"]},
            "properties": {
                "disableLocalAuth": not values["local_authentication_enabled"],
                "isAutoInflateEnabled": values["auto_inflate_enabled"],
                "maximumThroughputUnits": values["maximum_throughput_units"],
                "minimumTlsVersion": values["minimum_tls_version"],
                "publicNetworkAccess": enabled(values["public_network_access_enabled"]),
            },
        },
    )


@of("azurerm_eventhub")
def event_hub(values: Values) -> Bodies:
    retention = values.only("retention_description")
    values["namespace_id"]
    yield (
        values.id,
        "Microsoft.EventHub/namespaces/eventhubs",
        {
            "name": values["name"],
            "properties": {
                "partitionCount": values["partition_count"],
                "retentionDescription": {
                    "cleanupPolicy": retention["cleanup_policy"],
                    "retentionTimeInHours": retention["retention_time_in_hours"],
                },
            },
        },
    )


@of("azurerm_eventhub_consumer_group")
def consumer_group(values: Values) -> Bodies:
    values["namespace_name"], values["eventhub_name"]
    yield (
        values.id,
        "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
        {"name": values["name"]},
    )
