"""A receiver of images: on this computer alone unless told otherwise, from named senders alone."""

from __future__ import annotations

import ssl
from collections.abc import Set
from typing import Any

from imaging.errors import PlannerError
from planner.network.dimse import RECEIVED, SYNTAXES, VERIFICATION
from planner.network.inbox import Inbox

LOOPBACK = "127.0.0.1"
_MOST_ASSOCIATIONS = 4
_OVERHEAD = 64 << 20


class Receiver:
    """Listens while it is entered (``with``); keeps what comes in its inbox.

    Args:
        inbox: where objects go, with its bounds.
        ae_title: the name callers must use.
        senders: AE titles that may call; all others are turned away.
        port: to listen on; 0 takes a free one, told by ``port`` afterwards.
        host: address to listen on; this computer alone by default.
        tls: context that callers must speak, or None.
    """

    def __init__(
        self,
        inbox: Inbox,
        ae_title: str,
        senders: Set[str],
        port: int,
        host: str = LOOPBACK,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if not senders:
            text = "A receiver needs the AE titles of those that may send to it."
            raise PlannerError("no_senders", text)
        self._inbox, self._tls = inbox, tls
        self._title, self._senders = ae_title, sorted(senders)
        self._host, self.port = host, port
        self._arrived: dict[int, int] = {}
        self._server: Any = None

    def __enter__(self) -> Receiver:
        from pynetdicom import AE, evt
        from pynetdicom.presentation import build_context

        ae = AE(ae_title=self._title)
        ae.require_called_aet = True
        ae.require_calling_aet = self._senders
        ae.maximum_associations = _MOST_ASSOCIATIONS
        ae.supported_contexts = [
            build_context(VERIFICATION, list(SYNTAXES[:2])),
            *(build_context(uid, list(SYNTAXES)) for uid in RECEIVED),
        ]
        ae.network_timeout = ae.acse_timeout = ae.dimse_timeout = 60
        handlers = [
            (evt.EVT_C_STORE, self._inbox.take_event),
            (evt.EVT_C_ECHO, lambda _event: 0x0000),
            (evt.EVT_DATA_RECV, self._count),
        ]
        try:
            self._server = ae.start_server(
                (self._host, self.port), block=False, evt_handlers=handlers, ssl_context=self._tls
            )
        except OSError as error:
            text = f"Port {self.port} cannot be listened on: {error.strerror or error}. Choose another."
            raise PlannerError("port_taken", text) from error
        self.port = int(self._server.socket.getsockname()[1])
        return self

    def _count(self, event: Any) -> None:
        """Hang up on a sender that sends more than the inbox has room for, before it fills the memory."""
        key = id(event.assoc)
        self._arrived[key] = self._arrived.get(key, 0) + len(event.data)
        if self._arrived[key] > self._inbox.room + _OVERHEAD:
            event.assoc.abort()

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
