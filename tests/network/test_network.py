"""Off until set up; secrets in the key store; a receiver that takes only what it should."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import keyring
import pydicom
import pytest
from keyring.backend import KeyringBackend

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
from certificates import make
from tiny_case import write_series

from imaging.errors import PlannerError
from planner.cli.main import main
from planner.network import dimse, settings
from planner.network.inbox import Inbox
from planner.network.receiver import Receiver
from planner.network.settings import Archive


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVN_PLANNER_CONFIG", str(tmp_path / "config"))


class MemoryStore(KeyringBackend):
    """A key store for one test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.kept.pop((service, username))


def local(port: int, **values: object) -> Archive:
    return Archive("here", "127.0.0.1", port, "INBOX", "PLANNER", **values)  # type: ignore[arg-type]


def test_the_network_is_off_until_an_archive_is_added(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["archive", "echo", "here"]) == 2
    assert "the network is off" in capsys.readouterr().err
    add = ["archive", "add", "here", "--host", "127.0.0.1", "--port", "4242", "--tls"]
    assert main(add) == 0
    assert settings.archive_named("here").tls
    assert main(["archive", "add", "here", "--web-url", "http://elsewhere/dicom-web"]) == 2
    assert main(["archive", "list"]) == 0
    assert "ARCHIVE@127.0.0.1:4242 TLS" in capsys.readouterr().out
    assert main(["archive", "remove", "here"]) == 0
    assert settings.archives() == ()
    settings.settings_file().write_text('{"archives": [{"name": 3}]}')
    with pytest.raises(PlannerError) as caught:
        settings.archives()
    assert caught.value.code in ("bad_settings", "bad_archive_settings")


def test_passwords_lie_in_the_key_store_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    monkeypatch.setattr(keyring, "get_keyring", lambda: store)
    monkeypatch.setattr(keyring, "set_password", store.set_password)
    monkeypatch.setattr(keyring, "get_password", store.get_password)
    monkeypatch.setattr(keyring, "delete_password", store.delete_password)
    archive = Archive("web", web_url="https://pacs.example/dicom-web", web_user="anna")
    settings.save_archive(archive)
    settings.set_password(archive, "open sesame")
    assert settings.password_of(archive) == "open sesame"
    assert "sesame" not in settings.settings_file().read_text()
    settings.remove_archive("web")
    assert store.kept == {}


def test_echo_and_store_arrive_in_the_inbox_only(tmp_path: Path) -> None:
    files = sorted(write_series(tmp_path / "in").glob("*.dcm"))[:3]
    inbox = Inbox(tmp_path / "inbox", most_files=2)
    with Receiver(inbox, "INBOX", {"PLANNER"}, 0) as receiver:
        here = local(receiver.port)
        dimse.echo(here)
        with pytest.raises(PlannerError, match="A700"):
            dimse.send(here, files)
    taken = list(inbox.folder.iterdir())
    assert len(taken) == 2
    assert {pydicom.dcmread(p).SOPInstanceUID for p in taken} <= {
        pydicom.dcmread(p).SOPInstanceUID for p in files
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "inbox"]
    with pytest.raises(PlannerError, match="cannot be reached"):
        dimse.echo(here)


def test_strangers_and_wrong_names_are_turned_away(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    with Receiver(inbox, "INBOX", {"PLANNER"}, 0) as receiver:
        for title, called in (("STRANGER", "INBOX"), ("PLANNER", "OTHER")):
            with pytest.raises(PlannerError, match="refused"):
                dimse.echo(Archive("x", "127.0.0.1", receiver.port, called, title))
        with pytest.raises(PlannerError, match="Port"), Receiver(inbox, "B", {"A"}, receiver.port):
            pass
        mine = {i[4][0] for i in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in mine - {"127.0.0.1"}:
            with socket.socket() as probe:
                probe.settimeout(1)
                assert probe.connect_ex((address, receiver.port)) != 0 or address.startswith("127.")
    with pytest.raises(PlannerError, match="AE titles"):
        Receiver(inbox, "INBOX", set(), 0)


def test_more_than_the_inbox_holds_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.network.receiver._OVERHEAD", 1000)
    files = sorted(write_series(tmp_path / "in").glob("*.dcm"))[:1]
    inbox = Inbox(tmp_path / "inbox", most_bytes=500)
    with Receiver(inbox, "INBOX", {"PLANNER"}, 0) as receiver, pytest.raises(PlannerError):
        dimse.send(local(receiver.port), files)
    assert list(inbox.folder.iterdir()) == []


def test_tls_both_ways_with_certificates_of_both_sides(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    ca, cert, key = make(tmp_path / "tls")
    files = sorted(write_series(tmp_path / "in").glob("*.dcm"))[:2]
    inbox = Inbox(tmp_path / "inbox")
    tls = settings.server_tls(cert, key, ca)
    with Receiver(inbox, "INBOX", {"PLANNER"}, 0, tls=tls) as receiver:
        own = {"tls": True, "ca_file": str(ca), "cert_file": str(cert), "key_file": str(key)}
        assert dimse.send(local(receiver.port, **own), files) == 2
        for broken in ({"tls": False}, {"tls": True}, {"tls": True, "ca_file": str(ca)}):
            with pytest.raises(PlannerError, match="cannot be reached"):
                dimse.echo(local(receiver.port, **broken))
    assert inbox.files == 2


@pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed")
def test_dcmtk_sends_to_us(tmp_path: Path) -> None:
    files = [str(p) for p in sorted(write_series(tmp_path / "in").glob("*.dcm"))]
    inbox = Inbox(tmp_path / "inbox")
    with Receiver(inbox, "INBOX", {"STORESCU"}, 0) as receiver:
        run = subprocess.run(
            ["storescu", "-aec", "INBOX", "127.0.0.1", str(receiver.port), *files],
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    assert inbox.files == 12


@pytest.mark.skipif(shutil.which("echoscu") is None, reason="dcmtk is not installed")
def test_dcmtk_calls_us_through_tls(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    ca, cert, key = make(tmp_path / "tls")
    tls = settings.server_tls(cert, key, ca)
    with Receiver(Inbox(tmp_path / "inbox"), "INBOX", {"ECHOSCU"}, 0, tls=tls) as receiver:
        call = ["echoscu", "-aec", "INBOX", "127.0.0.1", str(receiver.port)]
        proven = [*call, "+tls", str(key), str(cert), "+cf", str(ca)]
        trusted = subprocess.run(proven, capture_output=True, text=True, check=False, timeout=60)
        plain = subprocess.run([*call, "-to", "5"], capture_output=True, text=True, check=False, timeout=60)
    assert trusted.returncode == 0, trusted.stderr
    assert plain.returncode != 0


@pytest.mark.skipif(shutil.which("storescp") is None, reason="dcmtk is not installed")
def test_we_send_to_dcmtk(tmp_path: Path) -> None:
    files = sorted(write_series(tmp_path / "in").glob("*.dcm"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (tmp_path / "out").mkdir()
    server = subprocess.Popen(["storescp", "-od", str(tmp_path / "out"), "-aet", "INBOX", str(port)])
    try:
        for _ in range(100):
            try:
                dimse.echo(local(port))
                break
            except PlannerError:
                time.sleep(0.1)
        assert dimse.send(local(port), files) == 12
    finally:
        server.terminate()
        server.wait(20)
    sent = {pydicom.dcmread(p).SOPInstanceUID for p in files}
    assert {pydicom.dcmread(p).SOPInstanceUID for p in (tmp_path / "out").iterdir()} == sent
