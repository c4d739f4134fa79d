"""Settings: read once, frozen, unknown keys refused."""

from __future__ import annotations

import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from chatbot.database import Database, checked_database
from chatbot.mailing.email_address import is_email_address
from chatbot.origin import checked_origin

PLACEHOLDER = "SET ME"
# What is said where the clinic has not filled in a number: never the placeholder.
UNNAMED = {
    "emergency_number": "your local emergency number",
    "urgent_care_line": "your local urgent-care line",
    "poison_line": "your local poison line",
    "crisis_line": "your local crisis line",
}


class SettingsError(Exception):
    """The settings file cannot be used; the message names the key and what is wrong."""


class Clinic(BaseModel):
    """How to reach the clinic. A field that is left out is not shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    name: str = Field(default=PLACEHOLDER, min_length=1)
    phone: str = Field(default=PLACEHOLDER, min_length=3)
    hours: str | None = None
    email: str | None = None
    website: str | None = None
    emergency_number: str = Field(default=PLACEHOLDER, min_length=2)
    urgent_care_line: str = Field(default=PLACEHOLDER, min_length=2)
    poison_line: str = Field(default=PLACEHOLDER, min_length=2)
    crisis_line: str = Field(default=PLACEHOLDER, min_length=2)

    @field_validator("hours", "email", "website")
    @classmethod
    def _placeholder_is_nothing(cls, value: str | None) -> str | None:
        return None if value == PLACEHOLDER else value

    @property
    def filled_in(self) -> dict[str, str]:
        """What the clinic has filled in: nobody is told to call a placeholder."""
        return {name: value for name, value in self if value is not None and value != PLACEHOLDER}

    @property
    def placeholders(self) -> list[str]:
        """The settings that the clinic has not filled in yet."""
        return [f"clinic.{name}" for name, value in self if value == PLACEHOLDER]


class Limits(BaseModel):
    """How much may be asked within a minute: by one visitor, and by all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    per_visitor_per_minute: int = Field(default=20, ge=1)
    overall_per_minute: int = Field(default=600, ge=1)


def _checked_proxy(text: str) -> str:
    """The address or network of a proxy. Raises ValueError for what is none, and for what would be everybody."""
    try:
        is_everybody = ip_network(text, strict=False).prefixlen == 0
    except ValueError as error:
        raise ValueError(f'"{text}" is no address. Write the proxy\'s own, as "127.0.0.1" or "10.0.0.0/24"') from error
    if is_everybody:
        raise ValueError(f'"{text}" would believe everybody. Write the proxy\'s own address, as "127.0.0.1"')
    return text


class MailSettings(BaseModel):
    """The mail server that takes visitors' messages, and the addresses that they go from and to.

    The password itself is in no file: `password_variable` names the environment variable that holds it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = Field(default=None, pattern=r"^[\x21-\x7e]+$")  # smtplib sends no others
    password_variable: str | None = Field(default=None, min_length=1)
    sender: str
    to: str

    @field_validator("sender", "to")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not is_email_address(value):
            raise ValueError("give one e-mail address, such as web@clinic.example, without a name")
        return value

    @model_validator(mode="after")
    def _logs_in_safely(self) -> Self:
        if (self.user is None) != (self.password_variable is None):
            raise ValueError("user and password_variable go together: give both, or neither")
        if self.user is not None and self.security == "none":
            raise ValueError('security = "none" would send the password for all to read: use "starttls" or "tls"')
        return self


class Widget(BaseModel):
    """What the chat widget says in words of the clinic's; what is left out stands in the interface's language."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    title: str | None = Field(default=None, min_length=1, max_length=60)
    greeting: str | None = Field(default=None, min_length=1, max_length=500)
    notice: str | None = Field(default=None, min_length=1, max_length=2000)
    suggestions: tuple[str, ...] = ()


class Settings(BaseModel):
    """Everything that can be set. Paths are relative to the settings file's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    clinic: Clinic = Clinic()
    mail: MailSettings | None = None
    widget: Widget = Widget()
    documents: Path = Path("kb/documents")
    data: Path = Path("var")
    database: Annotated[str, AfterValidator(checked_database)] | None = None
    database_password_variable: str | None = Field(default=None, min_length=1)
    encoder: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=1, le=65535)
    allowed_origins: tuple[Annotated[str, AfterValidator(checked_origin)], ...] = ()
    trusted_proxies: tuple[Annotated[str, AfterValidator(_checked_proxy)], ...] = ()
    limits: Limits = Limits()
    keep_days: int = Field(default=30, ge=1, le=3650)
    approved_only: bool = False
    withhold_overdue: bool = False
    session_hours: int = Field(default=12, ge=1, le=24 * 7)
    minutes_saved_per_answer: float | None = Field(default=None, gt=0, le=60)

    @property
    def indexes(self) -> Path:
        """Where the indexes are kept, one folder a folder of documents."""
        return self.data / "index"

    @property
    def library(self) -> Path:
        """Where the versions of the documents are kept that staff publish."""
        return self.data / "library"

    @property
    def store(self) -> Path | Database:
        """Where the store is: a file, unless `database` names a database."""
        if self.database is not None:
            return Database(self.database, self.database_password_variable)
        return self.data / "records.sqlite3"

    @model_validator(mode="after")
    def _has_a_password_for_something(self) -> Self:
        if self.database_password_variable is not None and self.database is None:
            raise ValueError("`database_password_variable` is the password of `database`: give that too")
        return self


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
        reasons = [f"{'.'.join(map(str, e['loc']))}: {_said(e['msg'])}" for e in error.errors()]
        raise SettingsError(f"{path}: {'; '.join(reasons)}. The README lists every setting.") from error
    base = path.resolve().parent
    paths: dict[str, Any] = {"documents": base / settings.documents, "data": base / settings.data}
    if settings.encoder and (base / settings.encoder).is_dir():
        paths["encoder"] = str(base / settings.encoder)
    return settings.model_copy(update=paths)


def _said(message: str) -> str:
    """A reason as it stands after a key: our own, which name what was written, word for word."""
    own = message.removeprefix("Value error, ")
    return message.lower() if own == message else own


def fill(text: str, clinic: Clinic) -> str:
    """The text with the clinic's numbers in place of {emergency}, {urgent_care}, {poison}, {crisis} and {clinic}."""
    numbers = {name: getattr(clinic, name) for name in UNNAMED}
    said = {name: UNNAMED[name] if number == PLACEHOLDER else number for name, number in numbers.items()}
    return text.format(
        emergency=said["emergency_number"],
        urgent_care=said["urgent_care_line"],
        poison=said["poison_line"],
        crisis=said["crisis_line"],
        clinic=_clinic(clinic),
    )


def _clinic(clinic: Clinic) -> str:
    name = "the clinic" if clinic.name == PLACEHOLDER else clinic.name
    if clinic.phone == PLACEHOLDER:
        return name
    hours = f" ({clinic.hours})" if clinic.hours else ""
    return f"{name} on {clinic.phone}{hours}"
