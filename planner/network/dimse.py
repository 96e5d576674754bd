"""DICOM's own network services: echo, find, get, move, send. Each call opens one association and ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress
from planner.network.inbox import Inbox
from planner.network.settings import Archive, client_tls

_TIMEOUT_S = 20
_MOST_ANSWERS = 500
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
VERIFICATION = "1.2.840.10008.1.1"
RECEIVED = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.4.1",
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.66.1",
    "1.2.840.10008.5.1.4.1.1.481.3",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.104.1",
    "1.2.840.10008.5.1.4.1.1.104.3",
    "1.2.840.10008.5.1.4.1.1.7",
)
SYNTAXES = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.5",
)


@dataclass(frozen=True)
class Found:
    """One study or series that an archive has; texts as it gives them, empty where it is silent."""

    study_uid: str
    series_uid: str
    patient_id: str
    patient_name: str
    study_date: str
    modality: str
    description: str
    images: str


@contextmanager
def _association(archive: Archive, contexts: Sequence[Any], **options: Any) -> Iterator[Any]:
    from pynetdicom import AE

    if not archive.host:
        raise PlannerError("no_dimse", f"{archive.name} has no DICOM host set up, only DICOMweb.")
    ae = AE(ae_title=archive.own_ae_title)
    ae.acse_timeout = ae.connection_timeout = _TIMEOUT_S
    ae.dimse_timeout = ae.network_timeout = 3 * _TIMEOUT_S
    ae.requested_contexts = list(contexts)
    tls = client_tls(archive)
    if tls is not None:
        options["tls_args"] = (tls, archive.host)
    link = ae.associate(archive.host, archive.port, ae_title=archive.ae_title, **options)
    try:
        if not link.is_established:
            why = (
                f"it refused '{archive.own_ae_title}'"
                if link.is_rejected
                else "no answer, or the connection was refused" + (" or not trusted (TLS)" if tls else "")
            )
            text = f"{archive.name} ({archive.host}:{archive.port}) cannot be reached: {why}."
            raise PlannerError("archive_unreachable", text)
        yield link
    finally:
        if link.is_established:
            link.release()


def _contexts(*uids: str, syntaxes: Sequence[str] = SYNTAXES[:2]) -> list[Any]:
    from pynetdicom.presentation import build_context

    return [build_context(uid, list(syntaxes)) for uid in uids]


def _failed(archive: Archive, what: str, status: Any) -> PlannerError:
    code = int(getattr(status, "Status", 0) or 0)
    broke_off = f" (it broke off; perhaps it does not know '{archive.own_ae_title}')"
    detail = f" (status {code:04X})" if code else broke_off
    return PlannerError("archive_refused", f"{archive.name} did not {what}{detail}.")


def echo(archive: Archive) -> None:
    """C-ECHO; PlannerError archive_unreachable or archive_refused."""
    with _association(archive, _contexts(VERIFICATION)) as link:
        status = link.send_c_echo()
        if getattr(status, "Status", -1) != 0:
            raise _failed(archive, "answer", status)


def find(
    archive: Archive, patient_id: str = "", patient_name: str = "", study_uid: str = "", date: str = ""
) -> tuple[Found, ...]:
    """C-FIND of studies (wildcards * and ? allowed), or of the series of one study.

    Raises:
        PlannerError: archive_unreachable, archive_refused, too_many_answers.
    """
    from pydicom.dataset import Dataset

    ask = Dataset()
    ask.QueryRetrieveLevel = "SERIES" if study_uid else "STUDY"
    ask.StudyInstanceUID = study_uid
    if study_uid:
        ask.SeriesInstanceUID = ask.Modality = ask.SeriesDescription = ""
        ask.NumberOfSeriesRelatedInstances = None
    else:
        ask.PatientID, ask.PatientName, ask.StudyDate = patient_id, patient_name, date
        ask.StudyDescription = ask.ModalitiesInStudy = ""
        ask.NumberOfStudyRelatedInstances = None
    answers: list[Found] = []
    with _association(archive, _contexts(STUDY_ROOT_FIND)) as link:
        for status, item in link.send_c_find(ask, STUDY_ROOT_FIND):
            code = getattr(status, "Status", None)
            if code in (0xFF00, 0xFF01) and item is not None:
                answers.append(_found(item, study_uid))
                if len(answers) > _MOST_ANSWERS:
                    text = f"{archive.name} has more than {_MOST_ANSWERS} answers. Ask more narrowly."
                    raise PlannerError("too_many_answers", text)
            elif code != 0x0000:
                raise _failed(archive, "answer the query", status)
    return tuple(answers)


def _found(item: Any, study_uid: str) -> Found:
    def text(*names: str) -> str:
        return next((str(item.get(n)) for n in names if item.get(n) not in (None, "")), "")

    return Found(
        text("StudyInstanceUID") or study_uid,
        text("SeriesInstanceUID"),
        text("PatientID"),
        text("PatientName"),
        text("StudyDate"),
        text("Modality", "ModalitiesInStudy"),
        text("SeriesDescription", "StudyDescription"),
        text("NumberOfSeriesRelatedInstances", "NumberOfStudyRelatedInstances"),
    )


def _wanted(study_uid: str, series_uid: str) -> Any:
    from pydicom.dataset import Dataset

    ask = Dataset()
    ask.QueryRetrieveLevel = "SERIES" if series_uid else "STUDY"
    ask.StudyInstanceUID = study_uid
    if series_uid:
        ask.SeriesInstanceUID = series_uid
    return ask


def get(
    archive: Archive, study_uid: str, series_uid: str, inbox: Inbox, progress: Progress = NULL_PROGRESS
) -> int:
    """C-GET of a study or one of its series into the inbox; returns the number of files."""
    from pynetdicom import build_role, evt

    roles = [build_role(uid, scp_role=True) for uid in RECEIVED]
    contexts = [*_contexts(STUDY_ROOT_GET), *_contexts(*RECEIVED, syntaxes=SYNTAXES)]
    handlers = [(evt.EVT_C_STORE, inbox.take_event)]
    before = inbox.files
    with _association(archive, contexts, ext_neg=roles, evt_handlers=handlers) as link:
        answers = link.send_c_get(_wanted(study_uid, series_uid), STUDY_ROOT_GET)
        _follow(archive, answers, progress)
    return inbox.files - before


def move(
    archive: Archive, study_uid: str, series_uid: str, inbox: Inbox, progress: Progress = NULL_PROGRESS
) -> int:
    """C-MOVE to this program, which listens for it meanwhile; returns the number of files."""
    from planner.network.receiver import Receiver

    before = inbox.files
    senders = {archive.ae_title}
    own = Receiver(inbox, archive.own_ae_title, senders, archive.own_port, host=archive.listen)
    with own, _association(archive, _contexts(STUDY_ROOT_MOVE)) as link:
        answers = link.send_c_move(_wanted(study_uid, series_uid), archive.own_ae_title, STUDY_ROOT_MOVE)
        _follow(archive, answers, progress)
    return inbox.files - before


def _follow(archive: Archive, answers: Any, progress: Progress) -> None:
    for status, _ in answers:
        code = getattr(status, "Status", None)
        done = int(status.get("NumberOfCompletedSuboperations") or 0) if code is not None else 0
        left = int(status.get("NumberOfRemainingSuboperations") or 0) if code is not None else 0
        progress.step(done / max(1, done + left), f"Fetching from {archive.name}, {done} of {done + left}")
        if code not in (0xFF00, 0x0000):
            raise _failed(archive, "send all images", status)


def send(archive: Archive, files: Sequence[Path], progress: Progress = NULL_PROGRESS) -> int:
    """C-STORE of files to the archive; returns their number.

    Raises:
        PlannerError: archive_unreachable, archive_refused, nothing_to_send.
    """
    import pydicom
    from pynetdicom.presentation import build_context

    kinds: dict[tuple[str, str], None] = {}
    for file in files:
        ds = pydicom.dcmread(file, stop_before_pixels=True)
        kinds[str(ds.SOPClassUID), str(ds.file_meta.TransferSyntaxUID)] = None
    if not kinds:
        raise PlannerError("nothing_to_send", "There is nothing to send.")
    contexts = [build_context(kind, syntax) for kind, syntax in kinds]
    with _association(archive, contexts) as link:
        for n, file in enumerate(files):
            progress.step(n / len(files), f"Sending to {archive.name}, {n} of {len(files)}")
            try:
                status = link.send_c_store(file)
            except (ValueError, RuntimeError) as error:
                raise PlannerError(
                    "archive_refused", f"{archive.name} takes no {file.name}: {error}."
                ) from error
            if getattr(status, "Status", -1) not in (0x0000, 0xB000, 0xB006, 0xB007):
                raise _failed(archive, f"take {file.name}", status)
    return len(files)
