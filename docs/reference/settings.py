"""The settings: what each means, and what is allowed, from their declarations.

The order, the sections and the shipped values are those of the commented YAML files. What a setting
of scenes, learning and the benchmark means is what its comment says.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from namo.certification.settings import SceneSetSettings
from namo.collection.config import CollectionConfig
from namo.config_parsing import describe_type
from namo.declared_settings import declarations
from namo.errors import UsageError
from namo.pipeline.settings import PipelineSettings, pipeline_schema
from namo.training.benchmark_settings import BenchmarkSettings
from namo.training.learning_settings import LearningSettings
from namo.training.settings import TrainingSettings
from namo.wording import did_you_mean
from reference.markdown import code, fenced, prose, table

Names = tuple[str, ...]

_SECTION = re.compile(r"# -+ (.+?) -+$")
_KEY = re.compile(r"(?P<indent> *)(?P<key>[\w/]+):(?: +[^#]*?)?(?: +# (?P<comment>.*))?$")


@dataclass(frozen=True)
class Setting:
    """A setting in a commented file.

    Attributes:
        names: path to the setting: keys of the enclosing mappings, then its own.
        value: in the file.
        comment: in the file.
        below: whether it is a mapping whose settings follow on their own lines.
    """

    names: Names
    value: Any
    comment: str
    below: bool = False


@dataclass(frozen=True)
class CommentedFile:
    """A commented file of settings.

    Attributes:
        intro: lines of the comment at the top.
        sections: title -> settings, in order; those before the first title have an empty title.
    """

    intro: list[str]
    sections: Mapping[str, list[Setting]]

    @property
    def settings(self) -> list[Setting]:
        """All settings, in order."""
        return [setting for section in self.sections.values() for setting in section]


def settings(root: Path, name: str) -> str:
    """Return the reference of a file of settings.

    Args:
        root: of the repository.
        name: of the file in the folder `config`, without its suffix.

    Raises:
        UsageError: there is no such file, or it has a setting that the code does not know.
    """
    if name not in _ALLOWED:
        raise UsageError(f"unknown settings '{name}'; {did_you_mean(name, _ALLOWED)}")
    path = root / "config" / f"{name}.yaml"
    file = read_commented(path)
    schema = pipeline_schema()
    declared = declarations(PipelineSettings) | declarations(CollectionConfig)
    meanings = {key: one.meaning for key, one in declared.items()} if name == "config" else {}
    parts = [_intro(file.intro)]
    for title, section in file.sections.items():
        rows = []
        for setting in section:
            names = setting.names if name == "config" else setting.names[1:]
            if not names:
                continue
            try:
                allowed = _ALLOWED[name](schema, names)
            except KeyError:
                raise UsageError(f"{path}: the code has no setting {'.'.join(names)}") from None
            here = "" if setting.below else _shown(setting.value)
            key = ".".join(names)
            meaning = prose(meanings.get(key, setting.comment))
            rows.append((code(key), here, prose(allowed), meaning))
        if title:
            parts.append(f"### {prose(title[0].upper() + title[1:])}")
        if rows:
            parts.append(table(["setting", "default", "allowed", "meaning"], rows))
    return "\n\n".join(parts)


def read_commented(path: Path) -> CommentedFile:
    """Read a file of settings with its comments.

    A comment after a setting continues on following lines that contain only a comment. Titles are
    comments between dashes.

    Raises:
        UsageError: names a line that is neither a setting nor a comment.
    """
    text = path.read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    intro: list[str] = []
    sections: dict[str, list[Setting]] = {"": []}
    above: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if title := _SECTION.match(stripped):
            sections[title[1]] = []
        elif stripped.startswith("#"):
            section = next(reversed(sections.values()))
            if section:
                last = section.pop()
                comment = f"{last.comment} {stripped.lstrip('# ')}".strip()
                section.append(replace(last, comment=comment))
            else:
                intro.append(stripped.removeprefix("#").removeprefix(" "))
        elif entry := _KEY.match(line):
            above = [one for one in above if one[0] < len(entry["indent"])]
            above.append((len(entry["indent"]), entry["key"]))
            names = tuple(name for _, name in above)
            value = values
            for name in names:
                value = value[name]
            below = isinstance(value, dict) and "{" not in line
            setting = Setting(names, value, entry["comment"] or "", below)
            next(reversed(sections.values())).append(setting)
        elif stripped:
            raise UsageError(f"{path}, line {number}: neither a setting nor a comment: {line}")
    return CommentedFile(intro, sections)


def _intro(lines: list[str]) -> str:
    """Return the comment at the top; indented lines become code."""
    blocks: list[tuple[bool, list[str]]] = []
    for line in lines:
        is_command = line.startswith("  ")
        if not line.strip():
            blocks.append((False, []))
        elif not blocks or blocks[-1][0] is not is_command:
            blocks.append((is_command, [line.strip()]))
        else:
            blocks[-1][1].append(line.strip())
    return "\n\n".join(
        fenced("\n".join(block), "sh") if is_command else prose(" ".join(block))
        for is_command, block in blocks
        if block
    )


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever YAML holds
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    return code(text.removesuffix("\n").removesuffix("\n..."))


def _of_collection(schema: Mapping[str, Any], names: Names) -> str:
    (name,) = names
    return describe_rule(schema["properties"][name])


def _of_scenes(schema: Mapping[str, Any], names: Names) -> str:
    if names == ("output_dir",):
        return describe_rule(schema["properties"]["scenes"]["properties"]["output_dir"])
    return _describe_hint(typing.get_type_hints(SceneSetSettings), names)


def _of_learning(schema: Mapping[str, Any], names: Names) -> str:
    rules = schema["properties"]["learning"]["properties"]
    if len(names) == 1 and names[0] in rules:
        return describe_rule(rules[names[0]])
    if names[0] == "training":
        return _describe_hint(typing.get_type_hints(TrainingSettings), names[1:])
    return _describe_hint(typing.get_type_hints(LearningSettings), names)


def _of_benchmark(_schema: Mapping[str, Any], names: Names) -> str:
    return _describe_hint(typing.get_type_hints(BenchmarkSettings), names)


def _describe_hint(hints: Mapping[str, Any], names: Names) -> str:
    hint = hints[names[0]]
    for _ in names[1:]:  # an entry of a mapping
        hint = typing.get_args(hint)[1]
    return describe_type(hint)


def describe_rule(rule: Mapping[str, Any]) -> str:
    """Return the values that a rule of the schema allows, in words."""
    if "enum" in rule:
        return ", ".join(code(name) for name in rule["enum"])
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    words = " or ".join(_KINDS[kind] for kind in kinds if kind != "null")
    if "exclusiveMinimum" in rule:
        words += f" above {rule['exclusiveMinimum']}"
    if "minimum" in rule:
        words += f" from {rule['minimum']}"
    if "maximum" in rule:
        words += f" to {rule['maximum']}"
    if "pattern" in rule:
        words += f" as in {code(rule['pattern'])}"
    return f"{words}, or null" if "null" in kinds else words


_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "object": "a mapping",
}
_ALLOWED: Mapping[str, Callable[[Mapping[str, Any], Names], str]] = {
    "config": _of_collection,
    "scenes": _of_scenes,
    "learning": _of_learning,
    "benchmark": _of_benchmark,
}
