"""Origins in the settings: what a browser sends is taken, everything else is refused with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.origin import checked_origin
from chatbot.settings import SettingsError, load_settings


@pytest.mark.parametrize(
    "text",
    [
        "https://clinic.example", "http://clinic.example", "https://clinic.example:8443", "http://localhost:8000",
        "https://[::1]:8443", "https://xn--mller-kva.example", "http://192.168.0.7",
    ],
)  # fmt: skip
def test_scheme_host_and_port_are_taken_as_they_are(text: str) -> None:
    assert checked_origin(text) == text


def test_case_does_not_matter() -> None:
    assert checked_origin("HTTPS://Clinic.Example") == "https://clinic.example"


@pytest.mark.parametrize(
    ("text", "to_write"),
    [
        ("https://clinic.example/", "https://clinic.example"),
        ("https://clinic.example/contact?a=1#top", "https://clinic.example"),
        ("clinic.example", "https://clinic.example"),
        ("clinic.example:8443", "https://clinic.example:8443"),
        ("https://clinic.example:443", "https://clinic.example"),
        ("http://clinic.example:80", "http://clinic.example"),
        ("https://me:secret@clinic.example", "https://clinic.example"),
        ("https://müller.example", "https://xn--mller-kva.example"),
    ],
)
def test_a_slip_is_refused_with_what_to_write(text: str, to_write: str) -> None:
    with pytest.raises(ValueError, match=r"is not what a browser calls the site") as raised:
        checked_origin(text)
    assert str(raised.value).endswith(f'Write "{to_write}"')
    assert checked_origin(to_write) == to_write


@pytest.mark.parametrize("text", ["*", "null", "https://*", "https://*.clinic.example"])
def test_nobody_is_let_in_without_being_named(text: str) -> None:
    with pytest.raises(ValueError, match="pages that nobody named"):
        checked_origin(text)


@pytest.mark.parametrize(
    "text",
    ["", "https://", "file:///etc", "ftp://clinic.example", "javascript:alert(1)", "https://a b", "https://a:99999",
     "https://[::1", "https://a;b", "https://a'b", "//"],
)  # fmt: skip
def test_what_names_no_site_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no site"):
        checked_origin(text)


def test_every_wrong_origin_and_proxy_of_a_settings_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        'allowed_origins = ["https://a.example", "https://Clinic.example/", "*"]\n'
        'trusted_proxies = ["0.0.0.0/0", "*"]\n'
    )
    with pytest.raises(SettingsError) as raised:
        load_settings(path)
    said = str(raised.value)
    assert 'allowed_origins.1: "https://Clinic.example/" is not what a browser calls' in said
    assert 'allowed_origins.2: "*" would let in' in said
    assert 'trusted_proxies.0: "0.0.0.0/0" would believe everybody' in said
    assert 'trusted_proxies.1: "*" is no address' in said
    assert "allowed_origins.0" not in said


def test_a_proxy_is_an_address_or_a_network(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('trusted_proxies = ["127.0.0.1", "10.0.0.0/24", "::1"]\n')
    assert load_settings(path).trusted_proxies == ("127.0.0.1", "10.0.0.0/24", "::1")
