"""Archives that this program may talk to. None until a person adds one; passwords lie in the key store."""

from __future__ import annotations

import contextlib
import json
import os
import re
import ssl
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from imaging.errors import PlannerError
from planner.storage.atomic import whole_file

_SERVICE = "bvn-planner archive"
_AE = re.compile(r"[A-Za-z0-9 _.\-]{1,16}")


@dataclass(frozen=True)
class Archive:
    """One archive.

    Attributes:
        name: what people call it.
        host, port, ae_title: of its DICOM service; empty host where it has only DICOMweb.
        own_ae_title: how this program calls itself to it.
        own_port, listen: where this program listens while images are moved to it (C-MOVE only): on this
            computer alone unless another of its addresses is named.
        tls: whether DICOM is spoken through TLS; ``ca_file`` proves the archive, ``cert_file`` and
            ``key_file`` prove this program, where the archive asks.
        web_url: base of its DICOMweb service, e.g. https://pacs/dicom-web; empty without.
        web_user: user name there; the password lies in the system's key store.
    """

    name: str
    host: str = ""
    port: int = 104
    ae_title: str = "ARCHIVE"
    own_ae_title: str = "BVNPLANNER"
    own_port: int = 11112
    listen: str = "127.0.0.1"
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    web_url: str = ""
    web_user: str = ""


def settings_file() -> Path:
    """Where the archives are written: below ``BVN_PLANNER_CONFIG``, or the user's settings folder."""
    named = os.environ.get("BVN_PLANNER_CONFIG")
    folder = Path(named) if named else Path(platformdirs.user_config_dir("bvn-planner", appauthor=False))
    return folder / "archives.json"


def archives() -> tuple[Archive, ...]:
    """All archives that were added; PlannerError ``bad_settings`` where their file is damaged."""
    path = settings_file()
    try:
        document = json.loads(path.read_text("utf-8"))
        return tuple(checked(Archive(**entry)) for entry in document["archives"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlannerError("bad_settings", f"{path} is damaged ({error}). Correct or delete it.") from error


def archive_named(name: str) -> Archive:
    """The archive of that name; PlannerError ``network_off`` or ``unknown_archive``."""
    known = archives()
    if not known:
        text = "No archive is set up, so the network is off. Add one with 'bvn-planner archive add'."
        raise PlannerError("network_off", text)
    found = next((a for a in known if a.name == name), None)
    if found is None:
        names = ", ".join(a.name for a in known)
        raise PlannerError("unknown_archive", f"There is no archive '{name}'. Known: {names}.")
    return found


def checked(archive: Archive) -> Archive:
    """The archive, or PlannerError ``bad_archive_settings`` saying what is wrong with it."""
    for field in fields(Archive):
        value = getattr(archive, field.name)
        if type(value).__name__ != str(field.type):
            raise _bad(f"{field.name} must be of type {field.type}")
    for title in (archive.ae_title, archive.own_ae_title):
        if not _AE.fullmatch(title) or not title.strip():
            raise _bad(f"'{title}' is no AE title: 1 to 16 letters, digits, spaces, points or dashes")
    if not archive.name or not (archive.host or archive.web_url):
        raise _bad("it needs a name, and a host or a web address")
    if not (1 <= archive.port <= 65535 and 1 <= archive.own_port <= 65535):
        raise _bad("ports lie between 1 and 65535")
    if archive.web_url and not archive.web_url.startswith(
        ("https://", "http://127.0.0.1", "http://localhost")
    ):
        raise _bad("its web address must start with https:// (http:// only on this computer)")
    return archive


def _bad(why: str) -> PlannerError:
    return PlannerError("bad_archive_settings", f"This archive cannot be used: {why}.")


def save_archive(archive: Archive) -> None:
    """Add an archive, or replace the one of the same name."""
    checked(archive)
    _write([*(a for a in archives() if a.name != archive.name), archive])


def remove_archive(name: str) -> None:
    """Forget an archive and its password."""
    gone = archive_named(name)
    _write([a for a in archives() if a.name != name])
    if gone.web_user:
        with contextlib.suppress(PlannerError):
            set_password(gone, None)


def _write(known: list[Archive]) -> None:
    path = settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps({"archives": [asdict(a) for a in known]}, indent=1), "utf-8")


def password_of(archive: Archive) -> str | None:
    """The password from the system's key store; None where none is kept or needed."""
    if not archive.web_user:
        return None
    import keyring

    try:
        return keyring.get_password(_SERVICE, f"{archive.name}/{archive.web_user}")
    except keyring.errors.KeyringError as error:
        raise _no_key_store() from error


def set_password(archive: Archive, password: str | None) -> None:
    """Keep a password in the system's key store, or take it out with None."""
    import keyring

    try:
        if password is None:
            keyring.delete_password(_SERVICE, f"{archive.name}/{archive.web_user}")
        else:
            keyring.set_password(_SERVICE, f"{archive.name}/{archive.web_user}", password)
    except keyring.errors.KeyringError as error:
        raise _no_key_store() from error


def _no_key_store() -> PlannerError:
    text = "This computer has no key store that can be used, so no password is kept. Set one up first."
    return PlannerError("no_key_store", text)


def client_tls(archive: Archive) -> ssl.SSLContext | None:
    """TLS as the side that calls; None without. The archive's certificate must hold for its host."""
    if not archive.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=archive.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if archive.cert_file:
            context.load_cert_chain(archive.cert_file, archive.key_file or None)
    except (OSError, ssl.SSLError) as error:
        raise _bad(f"its certificates cannot be used ({error})") from error
    return context


def server_tls(cert_file: Path, key_file: Path, ca_file: Path | None) -> ssl.SSLContext:
    """TLS as the side that is called; with ``ca_file`` callers must show a certificate of it."""
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(cert_file, key_file)
        if ca_file is not None:
            context.load_verify_locations(ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise _bad(f"the certificates cannot be used ({error})") from error
    return context


def with_values(archive: Archive, values: dict[str, Any]) -> Archive:
    """The archive with some of its values changed, checked."""
    return checked(replace(archive, **values))
