"""Settings: read once, frozen, unknown keys refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PLACEHOLDER = "SET ME"


class SettingsError(Exception):
    """The settings file cannot be used; the message names the key and what is wrong."""


class Clinic(BaseModel):
    """How to reach the clinic. A field that is left out is not shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(default=PLACEHOLDER, min_length=1)
    phone: str = Field(default=PLACEHOLDER, min_length=3)
    hours: str | None = None
    email: str | None = None
    website: str | None = None
    emergency_number: str = Field(default=PLACEHOLDER, min_length=2)

    @property
    def placeholders(self) -> list[str]:
        """The settings that the clinic has not filled in yet."""
        return [f"clinic.{name}" for name, value in self if value == PLACEHOLDER]


class Settings(BaseModel):
    """Everything that can be set. Paths are relative to the settings file's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    clinic: Clinic = Clinic()
    documents: Path = Path("kb/documents")
    data: Path = Path("var")
    encoder: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=1, le=65535)

    @property
    def indexes(self) -> Path:
        """Where the indexes are kept, one folder a folder of documents."""
        return self.data / "index"

    @property
    def records(self) -> Path:
        """Where the records of answers are kept."""
        return self.data / "records"


def load_settings(path: Path) -> Settings:
    """Read settings from a TOML file. Raises SettingsError for a file that is missing, broken or has an unknown key."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        settings = Settings.model_validate(content)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise SettingsError(f"{path}: no such file. The project's own settings.toml shows what goes in it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        reasons = [f"{'.'.join(str(step) for step in e['loc'])}: {e['msg'].lower()}" for e in error.errors()]
        raise SettingsError(f"{path}: {'; '.join(reasons)}. The README lists every setting.") from error
    base = path.resolve().parent
    paths: dict[str, Any] = {"documents": base / settings.documents, "data": base / settings.data}
    if settings.encoder and (base / settings.encoder).is_dir():
        paths["encoder"] = str(base / settings.encoder)
    return settings.model_copy(update=paths)
