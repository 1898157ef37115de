"""What a template deploys."""

from dataclasses import dataclass, field
from pathlib import Path


class Object(dict):
    """An object that knows on which line each of its properties stands."""

    def __init__(self, values=(), lines=None):
        super().__init__(values)
        self.lines: dict[str, int] = lines or {}


@dataclass
class Resource:
    type: str
    version: str
    id: str
    name: str
    body: Object
    file: Path
    line: int

    def get(self, key: str):
        if key in ("id", "name", "type"):
            return getattr(self, key)
        return Unset(self.id, self.body.get(key), key)


class Unset:
    """A property of a resource: what the template says, or a name for what Azure will say."""

    def __new__(cls, owner: str, value, key: str):
        if value is not None and not isinstance(value, dict):
            return value
        self = super().__new__(cls)
        self.owner, self.value, self.key = owner, value or {}, key
        return self

    def get(self, key: str):
        return Unset(self.owner, self.value.get(key), key)

    def settled(self) -> object:
        if self.value:
            return self.value
        if self.key == "blob":
            return f"https://{self.owner.rsplit('/', 1)[1]}.blob.core.windows.net/"
        return f"<{self.key[0].lower()}{self.key[1:]} of {self.owner}>"


@dataclass
class Deployed:
    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, object] = field(default_factory=dict)
