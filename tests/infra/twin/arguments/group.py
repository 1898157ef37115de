"""The resource group, and what stands by itself in it."""

from twin.plan import Bodies, Values, common, of


@of("azurerm_resource_group")
def resource_group(values: Values) -> Bodies:
    yield values.id, "Microsoft.Resources/resourceGroups", common(values)


@of("azurerm_user_assigned_identity")
def identity(values: Values) -> Bodies:
    yield values.id, "Microsoft.ManagedIdentity/userAssignedIdentities", common(values)


@of("azurerm_databricks_access_connector")
def connector(values: Values) -> Bodies:
    yield (
        values.id,
        "Microsoft.Databricks/accessConnectors",
        {**common(values), "identity": {"type": values.only("identity")["type"]}},
    )
