"""No secret reaches the log of messages."""

from __future__ import annotations

import logging

import pytest

from soapkit.exchange.log import blanked, log_message
from soapkit.xml.names import WSSE


def test_a_password_is_blanked() -> None:
    message = f'<w:UsernameToken xmlns:w="{WSSE}"><w:Password>hunter2</w:Password></w:UsernameToken>'.encode()
    assert "hunter2" not in blanked(message)
    assert "***" in blanked(message)


def test_what_stands_inside_a_secret_element_goes_too() -> None:
    assert "hunter2" not in blanked(b"<a><password>x<b>hunter2</b>y</password></a>")


def test_what_is_not_xml_is_not_written_out() -> None:
    assert "hunter2" not in blanked(b"<a>hunter2")


def test_nothing_is_logged_unless_somebody_listens(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "soapkit.messages"):
        log_message("sent", "go", b"<a/>")
    assert caplog.text == ""
    with caplog.at_level(logging.DEBUG, "soapkit.messages"):
        log_message("sent", "go", b"<a/>")
    assert "sent go: <a/>" in caplog.text
