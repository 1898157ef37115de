"""Role assignments."""

from twin.plan import Bodies, Values, of


@of("azurerm_role_assignment")
def role_assignment(values: Values) -> Bodies:
    body = {
        "properties": {
            "roleDefinitionId": values["role_definition_id"],
            "principalId": values["principal_id"],
            "principalType": values["principal_type"],
        }
    }
    yield (
        assignment(values["scope"], body["properties"]),
        "Microsoft.Authorization/roleAssignments",
        body,
    )


def assignment(scope: str, properties: dict) -> str:
    """An id for a role assignment by what it says, since its name is a guid."""
    role = properties["roleDefinitionId"].rsplit("/", 1)[1]
    return f"{scope}/role/{role}/to/{properties['principalId']}"
