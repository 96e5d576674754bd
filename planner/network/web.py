"""DICOMweb: search (QIDO-RS), fetch (WADO-RS), store (STOW-RS), over https with bounded answers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress
from planner.network.dimse import Found
from planner.network.inbox import Inbox
from planner.network.settings import Archive, password_of

_TIMEOUT_S = (10, 60)
_MOST_JSON = 20 << 20
_MOST_PART = 2 << 30
_CHUNK = 1 << 16


def _ask(archive: Archive, method: str, path: str, **options: Any) -> Any:
    import requests

    if not archive.web_url:
        raise PlannerError("no_web", f"{archive.name} has no DICOMweb address set up.")
    user = (archive.web_user, password_of(archive) or "") if archive.web_user else None
    cert = (archive.cert_file, archive.key_file) if archive.cert_file else None
    try:
        answer = requests.request(
            method,
            archive.web_url.rstrip("/") + path,
            auth=user,
            cert=cert,
            verify=archive.ca_file or True,
            timeout=_TIMEOUT_S,
            allow_redirects=False,
            stream=True,
            **options,
        )
    except requests.RequestException as error:
        text = f"{archive.name} ({archive.web_url}) cannot be reached: {type(error).__name__}."
        raise PlannerError("archive_unreachable", text) from error
    if answer.status_code in (401, 403):
        raise PlannerError("archive_refused", f"{archive.name} does not accept this user and password.")
    if answer.status_code >= 300:
        raise PlannerError("archive_refused", f"{archive.name} answered with {answer.status_code}.")
    return answer


def _json(archive: Archive, answer: Any) -> list[dict[str, Any]]:
    import json

    data = b""
    for chunk in answer.iter_content(_CHUNK):
        data += chunk
        if len(data) > _MOST_JSON:
            raise PlannerError("too_many_answers", f"{archive.name} answers too much. Ask more narrowly.")
    if not data:
        return []
    try:
        value = json.loads(data)
    except ValueError as error:
        raise PlannerError("archive_refused", f"{archive.name} answers in no language known.") from error
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def find(
    archive: Archive, patient_id: str = "", patient_name: str = "", study_uid: str = "", date: str = ""
) -> tuple[Found, ...]:
    """QIDO-RS of studies, or of the series of one study."""
    facts = {"PatientID": patient_id, "PatientName": patient_name, "StudyDate": date, "limit": "500"}
    path = f"/studies/{quote(study_uid, safe='')}/series" if study_uid else "/studies"
    parameters = {"limit": "500"} if study_uid else {k: v for k, v in facts.items() if v}
    headers = {"Accept": "application/dicom+json"}
    answer = _ask(archive, "GET", path, params=parameters, headers=headers)
    return tuple(_found(item, study_uid) for item in _json(archive, answer))


def _found(item: dict[str, Any], study_uid: str) -> Found:
    def text(*tags: str) -> str:
        for tag in tags:
            values = (item.get(tag) or {}).get("Value") or []
            if values:
                first = values[0]
                return str(first.get("Alphabetic", "")) if isinstance(first, dict) else str(first)
        return ""

    return Found(
        text("0020000D") or study_uid,
        text("0020000E"),
        text("00100020"),
        text("00100010"),
        text("00080020"),
        text("00080060", "00080061"),
        text("0008103E", "00081030"),
        text("00201209", "00201208"),
    )


def get(
    archive: Archive, study_uid: str, series_uid: str, inbox: Inbox, progress: Progress = NULL_PROGRESS
) -> int:
    """WADO-RS of a study or one of its series into the inbox; returns the number of files."""
    path = f"/studies/{quote(study_uid, safe='')}"
    path += f"/series/{quote(series_uid, safe='')}" if series_uid else ""
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    answer = _ask(archive, "GET", path, headers={"Accept": accept})
    count = 0
    for part in _parts(archive, answer):
        inbox.take(part)
        count += 1
        progress.step(0.5, f"Fetching from {archive.name}, {count} files")
    return count


def _parts(archive: Archive, answer: Any) -> Iterator[bytes]:
    """Bodies of a multipart answer, one held in memory at a time."""
    kind = answer.headers.get("Content-Type", "")
    mark = next((p.split("=", 1)[1].strip(' "') for p in kind.split(";") if "boundary=" in p), "")
    if not mark:
        raise PlannerError("archive_refused", f"{archive.name} did not send images.")
    edge = b"\r\n--" + mark.encode()
    buffer = bytearray(b"\r\n")
    searched = 0
    for chunk in answer.iter_content(_CHUNK):
        buffer += chunk
        while (at := buffer.find(edge, max(0, searched - len(edge)))) >= 0:
            part, buffer = bytes(buffer[:at]), buffer[at + len(edge) :]
            searched = 0
            body = part.find(b"\r\n\r\n")
            if body >= 0:
                yield part[body + 4 :]
        searched = len(buffer)
        if len(buffer) > _MOST_PART:
            raise PlannerError("archive_refused", f"{archive.name} sent a file of more than 2 GiB.")


def send(archive: Archive, files: Sequence[Path], progress: Progress = NULL_PROGRESS) -> int:
    """STOW-RS of files, one request each so that memory stays bounded; returns their number."""
    if not files:
        raise PlannerError("nothing_to_send", "There is nothing to send.")
    for n, file in enumerate(files):
        progress.step(n / len(files), f"Sending to {archive.name}, {n} of {len(files)}")
        mark = secrets.token_hex(16)
        head = f"--{mark}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = head + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        kind = f'multipart/related; type="application/dicom"; boundary={mark}'
        headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
        _ask(archive, "POST", "/studies", data=body, headers=headers).close()
    return len(files)
