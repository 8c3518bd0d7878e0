"""The texts of settings without passwords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pytest

from ivrkit.settings.redaction import has_secret


@dataclass
class Till:
    """A dataclass with a secret."""

    pin: str = field(default="", repr=False)


@dataclass
class Shelf:
    """A dataclass without a secret, which contains itself."""

    name: str = ""
    shelves: list[Shelf] = field(default_factory=list)


@dataclass
class Shop:
    """A dataclass with a secret in an inner dataclass."""

    shelf: Shelf
    till: Till


@pytest.mark.parametrize(
    "annotation", [Till, Shop, Till | None, Mapping[str, list[Till]], Annotated[list[Till], "x"]], ids=str
)
def test_a_type_with_a_secret(annotation):
    """A secret field is found at any depth of a type."""
    assert has_secret(annotation)


@pytest.mark.parametrize(
    "annotation", [str, int | None, list[str], Shelf, Mapping[str, Shelf], tuple[int, ...], list], ids=str
)
def test_a_type_without_a_secret(annotation):
    """A type without secret fields has no secret, even if the type contains itself."""
    assert not has_secret(annotation)
