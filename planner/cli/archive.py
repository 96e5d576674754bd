"""``bvn-planner archive``: query, fetch from, send to, and receive from DICOM archives that were set up."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from imaging.errors import PlannerError
from planner.cli.console import ConsoleProgress, say

HELP = "talk to a DICOM archive: list, add, remove, echo, find, fetch, send, receive"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Actions and their flags."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="archives that were added; none means that the network is off")
    add = actions.add_parser("add", help="add an archive, or change it")
    add.add_argument("name")
    for flag in ("host", "ae-title", "own-ae-title", "listen", "web-url", "web-user"):
        add.add_argument(f"--{flag}")
    for flag in ("port", "own-port"):
        add.add_argument(f"--{flag}", type=int)
    for flag in ("ca-file", "cert-file", "key-file"):
        add.add_argument(f"--{flag}", help="PEM")
    add.add_argument("--tls", action="store_true", default=None, help="speak DICOM through TLS")
    add.add_argument("--ask-password", action="store_true", help="keep a password in the key store")
    for action, words in (("remove", "forget an archive"), ("echo", "ask whether it answers")):
        actions.add_parser(action, help=words).add_argument("name")
    find = actions.add_parser("find", help="studies, or the series of one study")
    find.add_argument("name")
    for flag in ("patient-id", "patient-name", "date", "study"):
        find.add_argument(f"--{flag}", default="", help="wildcards * and ? are allowed")
    fetch = actions.add_parser("fetch", help="fetch a study or series into a folder")
    fetch.add_argument("name")
    fetch.add_argument("--study", required=True, metavar="UID")
    fetch.add_argument("--series", default="", metavar="UID")
    fetch.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new or empty folder")
    fetch.add_argument("--by", choices=["get", "move", "web"], help="default get, or web without a host")
    send = actions.add_parser("send", help="send DICOM files, e.g. OUT/dicom of a plan")
    send.add_argument("name")
    send.add_argument("files", nargs="+", type=Path, metavar="FILE_OR_DIR")
    send.add_argument("--by", choices=["store", "web"], help="default store, or web without a host")
    receive = actions.add_parser("receive", help="listen for images until interrupted")
    receive.add_argument("--out", required=True, type=Path, metavar="DIR")
    receive.add_argument("--from", dest="senders", required=True, metavar="AE[,AE]", help="who may send")
    receive.add_argument("--ae-title", default="BVNPLANNER")
    receive.add_argument("--port", type=int, default=11112)
    receive.add_argument("--listen", default="127.0.0.1", help="address; this computer alone by default")
    for flag in ("cert-file", "key-file", "ca-file"):
        receive.add_argument(f"--{flag}", type=Path, help="PEM; speak TLS")


def run(options: argparse.Namespace) -> int:
    """Do one action."""
    actions = {
        "list": _list,
        "add": _add,
        "remove": _remove,
        "echo": _echo,
        "find": _find,
        "fetch": _fetch,
        "send": _send,
        "receive": _receive,
    }
    actions[options.action](options)
    return 0


def _list(_options: argparse.Namespace) -> None:
    from planner.network.settings import archives

    known = archives()
    for a in known:
        dicom = f"{a.ae_title}@{a.host}:{a.port}{' TLS' if a.tls else ''}" if a.host else "no DICOM host"
        print(f"{a.name}: {dicom}; {a.web_url or 'no DICOMweb'}")
    if not known:
        say("No archive is set up, so the network is off.")


def _add(options: argparse.Namespace) -> None:
    from planner.network.settings import Archive, archives, save_archive, set_password, with_values

    base = next((a for a in archives() if a.name == options.name), Archive(options.name))
    names = (set(vars(options)) & set(Archive.__dataclass_fields__)) - {"name"}
    values: dict[str, Any] = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    archive = with_values(base, values)
    if options.ask_password:
        if not archive.web_user:
            raise PlannerError("bad_call", "A password goes with --web-user.")
        terminal = sys.stdin.isatty()
        set_password(
            archive, getpass.getpass("Password: ") if terminal else sys.stdin.readline().rstrip("\n")
        )
    save_archive(archive)
    say(f"{archive.name} is set up.")


def _remove(options: argparse.Namespace) -> None:
    from planner.network.settings import remove_archive

    remove_archive(options.name)
    say(f"{options.name} is forgotten.")


def _echo(options: argparse.Namespace) -> None:
    from planner.network import dimse, web
    from planner.network.settings import archive_named

    archive = archive_named(options.name)
    if archive.host:
        dimse.echo(archive)
    else:
        web.find(archive, patient_id="bvn-planner-echo")
    say(f"{archive.name} answers.")


def _find(options: argparse.Namespace) -> None:
    from planner.network.settings import archive_named
    from planner.services.archive import find

    archive = archive_named(options.name)
    rows = find(archive, options.patient_id, options.patient_name, options.study, options.date)
    for r in rows:
        uid = f"{r.study_uid} {r.series_uid}".strip()
        print(
            f"{uid}\t{r.patient_id}\t{r.patient_name}\t{r.study_date}\t{r.modality}\t{r.images}\t{r.description}"
        )
    say(f"{len(rows)} found.")


def _fetch(options: argparse.Namespace) -> None:
    from planner.network.settings import archive_named
    from planner.services.archive import fetch

    archive = archive_named(options.name)
    progress = ConsoleProgress()
    try:
        count = fetch(archive, options.study, options.series, options.out, options.by, progress)
    finally:
        progress.close()
    say(f"{count} files are in {options.out}.")


def _send(options: argparse.Namespace) -> None:
    from planner.network.settings import archive_named
    from planner.services.archive import send

    archive = archive_named(options.name)
    progress = ConsoleProgress()
    try:
        count = send(archive, options.files, options.by, progress)
    finally:
        progress.close()
    say(f"{count} files were sent to {archive.name}.")


def _receive(options: argparse.Namespace) -> None:
    import time

    from planner.network.inbox import Inbox
    from planner.network.receiver import Receiver
    from planner.network.settings import server_tls

    tls = None
    if options.cert_file or options.key_file:
        if not (options.cert_file and options.key_file):
            raise PlannerError("bad_call", "TLS needs both --cert-file and --key-file.")
        tls = server_tls(options.cert_file, options.key_file, options.ca_file)
    senders = {s.strip() for s in options.senders.split(",") if s.strip()}
    inbox = Inbox(options.out)
    with Receiver(inbox, options.ae_title, senders, options.port, options.listen, tls) as receiver:
        say(f"{options.ae_title} listens at {options.listen}:{receiver.port}. Ctrl-C ends it.")
        try:
            while True:
                time.sleep(0.5)
        except KeyboardInterrupt:
            say(f"{inbox.files} files are in {inbox.folder}.")
