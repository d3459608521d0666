"""The settings file: what it says when it is right, and all that it says when it is wrong."""

import re
from pathlib import Path

import pytest
import trustme
from safezone_hub.channels import (
    ChannelSettings,
    GatewaySettings,
    Patience,
    SettingsError,
    SmppSettings,
    read_settings,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "channels.md"


def read(folder: Path, text: str) -> ChannelSettings:
    path = folder / "channels.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def faults(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    assert all(fault.remedy for fault in caught.value.faults)
    return {fault.field: str(fault) for fault in caught.value.faults}


def test_nothing_configured_is_allowed(tmp_path: Path) -> None:
    assert read(tmp_path, "") == ChannelSettings()


def test_all_examples_of_the_document_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA
) -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 3
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name in re.findall(r'_file = "([\w.-]+)"', "".join(examples)):
        if not name.endswith(".pem"):
            (tmp_path / name).write_text("secret\n", encoding="utf-8")
    for name in re.findall(r'_env = "(\w+)"', "".join(examples)):
        monkeypatch.setenv(name, "secret")
    for example in examples:
        read(tmp_path, example)


def test_smpp_with_its_password_from_a_file_and_waits(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("secret08\n", encoding="utf-8")
    settings = read(
        tmp_path,
        """
        [sms]
        kind = "smpp"
        host = "smsc.example.org"
        system_id = "zone"
        password_file = "pw"
        sender = "0212"
        [retry.urgent]
        first_s = 0.5
        """,
    )
    assert isinstance(settings.sms, SmppSettings)
    assert (settings.sms.password, settings.sms.port) == ("secret08", 2775)
    assert settings.urgent == Patience(0.5, 1.5, 15.0, 86_400.0)
    assert "secret08" not in repr(settings)


def test_gateway_with_its_token_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_TOKEN", "tok-123")
    settings = read(
        tmp_path,
        '[sms]\nkind="http"\nurl="https://sms.example.org/send?key=abc"\nsender="0212"\ntoken_env="SMS_TOKEN"',
    )
    assert isinstance(settings.sms, GatewaySettings)
    assert settings.sms.token == "tok-123"
    assert not re.search("tok-123|abc", repr(settings))


def test_every_fault_is_named_with_value_and_remedy(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """
        colour = "red"
        [smtp]
        host = ""
        port = 99999
        tls = "ssl"
        sender = "somebody"
        user = "zone"
        password = "hunter2!"
        pasword_file = "x"
        [sms]
        kind = "carrier"
        [webhook]
        timeout_s = "fast"
        max_redirects = 3
        allow_private = 1
        [retry.routine]
        first_s = 10
        max_s = 5
        """,
    )
    assert set(found) == {
        "colour",
        "smtp.host",
        "smtp.port",
        "smtp.tls",
        "smtp.sender",
        "smtp.password",
        "smtp.password_file",
        "smtp.pasword_file",
        "sms.kind",
        "sms.url",
        "sms.sender",
        "webhook.timeout_s",
        "webhook.max_redirects",
        "webhook.allow_private",
        "retry.routine.max_s",
    }
    assert found["smtp.port"] == "smtp.port = 99999: give a whole number from 1 to 65535"
    assert found["sms.kind"] == """sms.kind = 'carrier': give one of "http", "smpp\""""
    assert "use password_file or password_env" in found["smtp.password"]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("text", "field", "remedy"),
    [
        ('[smtp]\nhost="h"\nsender="a@b.test"\npassword_file="gone"', "smtp.password_file", "No such file"),
        ('[smtp]\nhost="h"\nsender="a@b.test"\npassword_env="NOT_SET"', "smtp.password_env", "set this"),
        ('[smtp]\nhost="h"\nsender="a@b.test"\nca_file="gone.pem"', "smtp.ca_file", "PEM"),
        ('[smtp]\nhost="h"\nsender="a@b.test"\nca_file="channels.toml"', "smtp.ca_file", "PEM"),
        ('[smtp]\nhost="h"\nsender="a@b.test"\nport=true', "smtp.port", "whole number"),
        ('[smtp]\nhost="h"\nsender="a@b.test"\ntls="none"\nuser="u"\npassword_env="PATH"', "smtp.tls", "starttls"),
        ("smtp = 3", "smtp", "[smtp]"),
        ('[sms]\nkind="http"\nsender="1"\nurl="https://u:pw@h/x"', "sms.url", "password in the URL"),
        ('[sms]\nkind="http"\nsender="1"\nurl="https://h/x"\n[sms.fields]\nto="t"', "sms.fields.text", "missing"),
        ('[sms]\nkind="http"\nsender="1"\nurl="https://h/x"\n[sms.fields]\nto="a"\ntext="a.b"', "sms.fields", "no JSON object"),
        ('[sms]\nkind="http"\nsender="1"\nurl="https://h/x"\n[sms.receipts]\nkind="callback"\nstatus="s"\nreference="r"', "sms.receipts.token_file", "missing"),
        ('[sms]\nkind="http"\nsender="1"\nurl="https://h/x"\n[sms.receipts]\nkind="poll"\nstatus="s"\nurl="https://h/y"', "sms.receipts.url", "{id}"),
        ('[sms]\nkind="smpp"\nhost="h"\nsystem_id="s"\nsender="1"\npassword_env="PATH"', "sms.password_file", "8 ASCII"),
        ('[retry.urgent]\nfactor=0.5', "retry.urgent.factor", "from 1 to 10"),
    ],
)  # fmt: skip
def test_single_faults(tmp_path: Path, text: str, field: str, remedy: str) -> None:
    found = faults(tmp_path, text)
    assert remedy in found[field], found
    assert "pw@" not in str(found)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_settings(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match="not TOML") as caught:
        read(tmp_path, '[smtp]\npassword = "hunter2')
    assert "hunter2" not in str(caught.value)
