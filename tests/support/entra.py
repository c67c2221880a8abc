"""The part of the identity library that the program uses, so that tokens can be had without a cloud."""

import asyncio
import sys
from dataclasses import dataclass, field
from types import ModuleType

import pytest


@dataclass(frozen=True)
class Token:
    token: str


@dataclass
class Entra:
    """Gives `token-1`, `token-2`, …, or fails, or hangs."""

    scopes: list[str] = field(default_factory=list)
    failure: Exception | None = None
    hangs: bool = False
    closed: bool = False

    async def get_token(self, scope: str) -> Token:
        self.scopes.append(scope)
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.failure is not None:
            raise self.failure
        return Token(f"token-{len(self.scopes)}")

    async def close(self) -> None:
        self.closed = True


def install_entra(monkeypatch: pytest.MonkeyPatch) -> Entra:
    """Stands where the optional `azure-identity` package would stand."""
    entra = Entra()
    for name in ("azure", "azure.identity", "azure.identity.aio"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(
        sys.modules["azure.identity.aio"], "DefaultAzureCredential", lambda: entra, raising=False
    )
    return entra
