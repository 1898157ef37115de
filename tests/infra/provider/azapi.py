"""What the templates use of the azapi provider, written down from its documentation.

No package carries azapi's schema. `body` is of any type there, too: what is in it is held against
Microsoft's types, as the same body in Bicep is.
"""

from .schema import Attribute, Block, Nested


def _optional(kind: object) -> Attribute:
    return Attribute(kind, computed=False, optional=True, required=False)


def _required(kind: object) -> Attribute:
    return Attribute(kind, computed=False, optional=False, required=True)


def _either(kind: object) -> Attribute:
    return Attribute(kind, computed=True, optional=True, required=False)


def _computed(kind: object) -> Attribute:
    return Attribute(kind, computed=True, optional=False, required=False)


IDENTITY = Block(
    {
        "type": _required("string"),
        "identity_ids": _optional(["list", "string"]),
        "principal_id": _computed("string"),
        "tenant_id": _computed("string"),
    }
)

RESOURCE = Block(
    {
        "id": _computed("string"),
        "type": _required("string"),
        "name": _either("string"),
        "parent_id": _either("string"),
        "location": _either("string"),
        "tags": _either(["map", "string"]),
        "body": _optional("dynamic"),
        "locks": _optional(["list", "string"]),
        "response_export_values": _optional("dynamic"),
        "schema_validation_enabled": _optional("bool"),
        "ignore_casing": _optional("bool"),
        "ignore_missing_property": _optional("bool"),
        "output": _computed("dynamic"),
    },
    {"identity": Nested(IDENTITY, set=False, least=0, most=1)},
)

UPDATE = Block(
    {
        "id": _computed("string"),
        "type": _required("string"),
        "resource_id": _either("string"),
        "name": _either("string"),
        "parent_id": _either("string"),
        "body": _optional("dynamic"),
        "locks": _optional(["list", "string"]),
        "response_export_values": _optional("dynamic"),
        "ignore_casing": _optional("bool"),
        "ignore_missing_property": _optional("bool"),
        "output": _computed("dynamic"),
    }
)

PROVIDER = Block(
    {
        "subscription_id": _optional("string"),
        "tenant_id": _optional("string"),
        "use_oidc": _optional("bool"),
    }
)
RESOURCES = {"azapi_resource": RESOURCE, "azapi_update_resource": UPDATE}
