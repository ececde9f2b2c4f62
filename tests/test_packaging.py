"""The metadata of the package agree with each other, wherever they are written."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml

from namo.extras import EXTRAS
from namo.version import __version__
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def project():
    """The `project` section of pyproject.toml."""
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def citation():
    """The content of CITATION.cff."""
    return yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())


def test_the_version_is_declared_once_and_the_citation_agrees(project, citation):
    assert project["dynamic"] == ["version"]
    assert "version" not in project
    assert citation["version"] == __version__


def test_authors_and_licence_agree(project, citation):
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in project["authors"]
    ]
    assert citation["license"] == project["license"] == "MIT"
    (author,) = project["authors"]
    assert f"Copyright (c) 2026 {author['name']}" in (REPOSITORY / "LICENSE").read_text()


def test_the_citation_has_the_required_fields(project, citation):
    required = {"cff-version", "message", "title", "authors"}
    assert required <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"] == project["name"]


def test_addresses_in_the_citation_are_those_of_the_package(project, citation):
    addresses = {value for value in citation.values() if "://" in str(value)}
    assert addresses <= set(project.get("urls", {}).values())


def test_the_package_is_typed_and_package_data_exist(project):
    assert "Typing :: Typed" in project["classifiers"]
    configuration = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    for package, names in configuration["tool"]["setuptools"]["package-data"].items():
        folder = REPOSITORY / package.replace(".", "/")
        assert all((folder / name).is_file() for name in names)
    assert "py.typed" in configuration["tool"]["setuptools"]["package-data"]["namo"]


def test_classifiers_agree_with_the_supported_versions(project):
    lowest = project["requires-python"].removeprefix(">=")
    named = [
        name.removeprefix("Programming Language :: Python :: ")
        for name in project["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
    ]
    assert named[0] == lowest
    assert project["classifiers"] == sorted(project["classifiers"])


def names(requirements):
    """Names of distributions, as they are compared."""
    found = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def imported_packages():
    """Top-level names of what modules of `namo` import from outside, inside functions too."""
    for path in (REPOSITORY / "namo").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield str(node.module).partition(".")[0]


COMES_WITH = {"glfw": "mujoco", "markupsafe": "jinja2"}
"""Packages that another one always installs."""


def test_what_the_package_imports_is_declared_in_the_base_or_in_the_extra_that_is_named(project):
    installed = packages_distributions()
    known = {*sys.stdlib_module_names, "namo", "_typeshed"}  # the last for the type checker alone
    optional = {package: extra for extra, packages in EXTRAS.items() for package in packages}
    declared = {extra: names(of) for extra, of in project["optional-dependencies"].items()}
    used = set()
    for package in set(imported_packages()) - known:
        where = declared.get(optional.get(package), names(project["dependencies"]))
        by = {COMES_WITH.get(name, name) for name in names(installed[package])} & where
        assert by, f"{package} is imported and not declared"
        used |= by
    assert names(project["dependencies"]) - used == {"snakemake"}, "imported by the rules alone"
    for extra in EXTRAS:
        assert declared[extra] <= used, extra


def test_the_workflow_catalogue_finds_what_it_shows():
    """Its names of fields; the settings are described where it looks for them."""
    catalogue = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())
    usage = catalogue["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment"}
    assert usage["mandatory-flags"].keys() == {"desc", "flags"}
    deployment = usage["software-stack-deployment"]
    assert {name for name, works in deployment.items() if works} == {"conda", "apptainer"}
    assert deployment.keys() == {"conda", "apptainer", "apptainer+conda", "report"}
    described = (REPOSITORY / "config" / "README.md").read_text()
    files = {path.name for path in (REPOSITORY / "config").glob("*.yaml")}
    assert set(re.findall(r"\[(\w+\.yaml)\]", described)) == files
