"""Indexes with their mappings, versions and aliases. What was written is not found until it was refreshed."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.elasticsearch.queries import Field, Fields, Refused, listed, only
from tests.support.elasticsearch.searches import search


@dataclass
class FakeIndex:
    """One index: documents by identifier with their versions, and what searches see of them."""

    name: str
    fields: Fields
    aliases: set[str]
    written: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict[str, Any])
    seen: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def refresh(self) -> None:
        self.seen = [{**document, "_id": name} for name, (_, document) in self.written.items()]

    def put(self, action: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one `index` of a bulk."""
        only(action, "_id", "version", "version_type")
        if action.get("version_type") != "external":
            raise Refused("unknown_in_this_fake", "versions other than external ones")
        told = {"_index": self.name, "_id": action["_id"]}
        known, _ = self.written.get(action["_id"], (-1, {}))
        if known >= action["version"]:
            reason = f"current version [{known}] is higher or equal to the one provided [{action['version']}]"
            return {**told, "status": 409, "error": {"type": "version_conflict_engine_exception", "reason": reason}}
        try:
            self.check(document)
        except Refused as refused:
            return {**told, "status": 400, "error": {"type": refused.kind, "reason": str(refused)}}
        self.written[action["_id"]] = (action["version"], document)
        return {**told, "status": 201 if known < 0 else 200, "_version": action["version"]}

    def check(self, document: Mapping[str, Any]) -> None:
        """The mapping is strict."""
        for name, value in document.items():
            if name not in self.fields:
                raise Refused("strict_dynamic_mapping_exception", f"introduction of [{name}] is not allowed")
            for each in listed(value):
                self.fields[name].check(each)


class FakeIndexes:
    """All indexes of the cluster."""

    def __init__(self) -> None:
        self.by_name: dict[str, FakeIndex] = {}

    def create(self, name: str, body: Mapping[str, Any]) -> None:
        only(body, "mappings", "aliases")
        if name in self.by_name:
            raise Refused("resource_already_exists_exception", f"index [{name}] already exists")
        if any(name in each.aliases for each in self.by_name.values()) or name != name.lower():
            raise Refused("invalid_index_name_exception", f"[{name}] cannot be an index")
        fields = mapped(body["mappings"])
        self.by_name[name] = FakeIndex(name, fields, set(body.get("aliases", {})))

    def named(self, name: str) -> FakeIndex:
        """By its own name or an alias that leads to it alone."""
        found = [each for each in self.by_name.values() if name == each.name or name in each.aliases]
        if not found:
            raise Refused("index_not_found_exception", f"no such index [{name}]", 404)
        if len(found) > 1:
            raise Refused("illegal_argument_exception", f"alias [{name}] has more than one index")
        return found[0]

    def matching(self, pattern: str) -> list[FakeIndex]:
        if "*" not in pattern:
            return [self.named(pattern)]
        return [each for each in self.by_name.values() if fnmatch.fnmatchcase(each.name, pattern)]

    def delete(self, name: str) -> None:
        if name not in self.by_name:
            self.named(name)
            raise Refused("illegal_argument_exception", f"[{name}] is an alias: name the index itself")
        del self.by_name[name]

    def change_aliases(self, actions: list[Mapping[str, Any]]) -> None:
        """All of them or none: indexes are taken away before anything else."""
        kept = dict(self.by_name)
        for each in actions:
            only(each, "remove_index", "add")
            if "remove_index" in each:
                only(each["remove_index"], "index")
                if kept.pop(each["remove_index"]["index"], None) is None:
                    raise Refused("index_not_found_exception", "no such index", 404)
        for each in actions:
            if "add" in each:
                only(each["add"], "index", "alias")
                if each["add"]["index"] not in kept:
                    raise Refused("index_not_found_exception", "no such index", 404)
        self.by_name = kept
        for each in actions:
            if "add" in each:
                kept[each["add"]["index"]].aliases.add(each["add"]["alias"])

    def bulk(self, target: str, lines: list[Mapping[str, Any]], *, wants_alias: bool) -> dict[str, Any]:
        """An action and its document by turns. Each item is answered for itself."""
        items: list[dict[str, Any]] = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            only(action, "index")
            if not wants_alias:
                raise Refused("unknown_in_this_fake", "a bulk that makes its index where there is none")
            if not any(target in each.aliases for each in self.by_name.values()):
                missing = {"type": "index_not_found_exception", "reason": f"[{target}] is not an alias"}
                items.append({"index": {"_index": target, "status": 404, "error": missing}})
            else:
                items.append({"index": self.named(target).put(action["index"], document)})
        return {"took": 1, "errors": any("error" in each["index"] for each in items), "items": items}

    def search(self, target: str, body: Mapping[str, Any]) -> dict[str, Any]:
        index = self.named(target)
        shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
        return {"took": 1, "timed_out": False, "_shards": shards, **search(body, index.seen, index.fields)}


def mapped(mappings: Mapping[str, Any]) -> Fields:
    only(mappings, "dynamic", "properties")
    if mappings.get("dynamic") != "strict":
        raise Refused("unknown_in_this_fake", "a mapping that is not strict")
    fields: dict[str, Field] = {}
    for name, given in mappings["properties"].items():
        only(given, "type", "doc_values")
        if given["type"] not in ("keyword", "long", "byte"):
            raise Refused("mapper_parsing_exception", f"no handler for type [{given['type']}]")
        fields[name] = Field(name, given["type"], given.get("doc_values", True))
    return fields
