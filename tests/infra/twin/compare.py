"""Holds two sets of resources against one another."""

from provider.identity import SUBSCRIPTION

MISSING = object()


def differences(left: dict, right: dict, names: tuple[str, str]) -> list[str]:
    """What one has and the other lacks, or has otherwise, in words."""
    found = []
    for identity in sorted(left.keys() | right.keys()):
        of = short(identity)
        if identity not in left or identity not in right:
            there, lacking = names if identity in left else names[::-1]
            found.append(f"{of}: {there} has it, {lacking} has not")
            continue
        (kind, body), (other_kind, other) = left[identity], right[identity]
        if kind != other_kind:
            found.append(f"{of}: a {kind} in {names[0]}, a {other_kind} in {names[1]}")
        one, two = flat(body), flat(other)
        for path in sorted(one.keys() | two.keys()):
            values = one.get(path, MISSING), two.get(path, MISSING)
            if values[0] is not values[1] and values[0] != values[1]:
                found.append(
                    f"{of}: {path} is {said(values[0])} in {names[0]}, and {said(values[1])} in {names[1]}"
                )
    return found


def short(identity: str) -> str:
    """An id without what all ids begin with."""
    group = identity.removeprefix(SUBSCRIPTION + "/resourceGroups/")
    return group.partition("/providers/")[2].replace("/providers/", " › ") or group


def said(value: object) -> str:
    return "not set" if value is MISSING else repr(value)


def flat(value: object, path: str = "") -> dict[str, object]:
    """Every value of a body by its path; what has a name stands under it, and other lists in order."""
    if isinstance(value, dict):
        found = {} if value or not path else {path: {}}
        for name, item in value.items():
            found.update(flat(item, f"{path}.{name}" if path else name))
        return found
    if isinstance(value, list):
        keys = [_key(item) for item in value]
        if value and all(keys):
            found = {}
            for key, item in zip(keys, value):
                found.update(flat(item, f"{path}[{key}]"))
            return found
        if all(isinstance(item, str) for item in value):
            return {path: sorted(value)}
        found = {} if value else {path: []}
        for index, item in enumerate(value):
            found.update(flat(item, f"{path}[{index}]"))
        return found
    return {path: value}


def _key(item: object) -> str | None:
    if not isinstance(item, dict):
        return None
    return next(
        (str(item[name]) for name in ("name", "category", "categoryGroup") if name in item), None
    )
