"""Storage accounts, containers, life-cycle rules."""

from twin.plan import Bodies, Values, common, enabled, of, present


@of("azurerm_storage_account")
def storage_account(values: Values) -> Bodies:
    rules, blobs = values.only("network_rules"), values.only("blob_properties")
    yield (
        values.id,
        "Microsoft.Storage/storageAccounts",
        {
            **common(values),
            "kind": values["account_kind"],
            "sku": {"name": f"{values['account_tier']}_{values['account_replication_type']}"},
            "properties": {
                "accessTier": values["access_tier"],
                "allowBlobPublicAccess": values["allow_nested_items_to_be_public"],
                "allowCrossTenantReplication": values["cross_tenant_replication_enabled"],
                "allowSharedKeyAccess": values["shared_access_key_enabled"],
                "defaultToOAuthAuthentication": values["default_to_oauth_authentication"],
                "isHnsEnabled": values["is_hns_enabled"],
                "isLocalUserEnabled": values["local_user_enabled"],
                "minimumTlsVersion": values["min_tls_version"],
                "networkAcls": {
                    "bypass": ", ".join(rules["bypass"]),
                    "defaultAction": rules["default_action"],
                },
                "publicNetworkAccess": enabled(values["public_network_access_enabled"]),
                "supportsHttpsTrafficOnly": values["https_traffic_only_enabled"],
            },
        },
    )
    # a block of its own for each kind of retention is how azurerm enables it
    yield (
        values.id + "/blobServices/default",
        "Microsoft.Storage/storageAccounts/blobServices",
        {
            "name": "default",
            "properties": {
                "containerDeleteRetentionPolicy": {
                    "enabled": True,
                    "days": blobs.only("container_delete_retention_policy")["days"],
                },
                "deleteRetentionPolicy": {
                    "enabled": True,
                    "days": blobs.only("delete_retention_policy")["days"],
                },
                "isVersioningEnabled": blobs["versioning_enabled"],
            },
        },
    )


@of("azurerm_storage_container")
def storage_container(values: Values) -> Bodies:
    values["storage_account_id"]
    access = {"private": "None", "blob": "Blob", "container": "Container"}[
        values["container_access_type"]
    ]
    yield (
        values.id,
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        {
            "name": values["name"],
            "properties": {"publicAccess": access},
        },
    )


@of("azurerm_storage_management_policy")
def management_policy(values: Values) -> Bodies:
    values["storage_account_id"]
    rules = []
    for rule in values["rule"]:
        blob, filters = rule.only("actions").only("base_blob"), rule.only("filters")
        actions = {
            "tierToCool": blob["tier_to_cool_after_days_since_modification_greater_than"],
            "delete": blob["delete_after_days_since_modification_greater_than"],
        }
        rules.append(
            {
                "name": rule["name"],
                "type": "Lifecycle",
                "enabled": rule["enabled"],
                "definition": {
                    "filters": {
                        "blobTypes": filters["blob_types"],
                        "prefixMatch": filters["prefix_match"],
                    },
                    "actions": {
                        "baseBlob": {
                            name: {"daysAfterModificationGreaterThan": days}
                            for name, days in present(actions).items()
                        }
                    },
                },
            }
        )
    yield (
        values.id,
        "Microsoft.Storage/storageAccounts/managementPolicies",
        {"name": "default", "properties": {"policy": {"rules": rules}}},
    )
