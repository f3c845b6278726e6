"""Facts to stored bytes and back: msgpack, private bodies sealed with their stream's key, old topics upcast."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder

from adapters.eventstore.keyring import NONCE, Keyring
from application.ports.facts.event_store import Recorded
from domain.event import TOPICS, UPCASTS, Envelope, Event, Shredded, Unknown

PLAIN, SEALED = b"\x00", b"\x01"
log = structlog.get_logger()


def untraced() -> str:
    """No trace is kept with what is stored."""
    return ""


class Body(msgspec.Struct, array_like=True, frozen=True):
    """What a stored event holds after its first byte, which says whether `data` is sealed. When, who and why stay
    readable after the key is gone."""

    at: datetime
    actor: str
    correlation_id: str
    causation_id: str
    data: msgspec.Raw
    trace_id: str = ""


class NoTranscoder(Transcoder):
    """The library asks for one; our mapper does its own encoding."""

    def encode(self, obj: Any) -> bytes:
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        raise NotImplementedError


class EnvelopeMapper(Mapper[str]):
    """The library's mapper seam, from our envelopes."""

    def __init__(self, keyring: Keyring) -> None:
        super().__init__(NoTranscoder())
        self._keyring, self.trace = keyring, untraced
        self._encode = msgspec.msgpack.Encoder().encode
        self._body = msgspec.msgpack.Decoder(Body)
        self._decoders: dict[str, msgspec.msgpack.Decoder[Event]] = {}

    def to_stored_event(self, envelope: Envelope) -> StoredEvent:  # type: ignore[override]  # our own envelope
        """LookupError when a private event's stream has no key in memory: it is never stored in the clear."""
        return self.to_stored_events([envelope], self._keyring.get(envelope.stream))[0]

    def to_stored_events(self, envelopes: Sequence[Envelope], cipher: AESGCM | None) -> list[StoredEvent]:
        """The same for facts of one stream, whose key is given."""
        nonces = os.urandom(NONCE * len(envelopes))  # one call for all: it costs more than the sealing
        return [
            self._stored(envelope, cipher, nonces[number * NONCE : (number + 1) * NONCE])
            for number, envelope in enumerate(envelopes)
        ]

    def _stored(self, envelope: Envelope, cipher: AESGCM | None, nonce: bytes) -> StoredEvent:
        event = envelope.event
        topic, data = type(event).TOPIC, self._encode(event)
        about = (envelope.at, envelope.actor, envelope.correlation_id, envelope.causation_id)
        trace_id = self.trace()
        behind = (trace_id,) if trace_id else ()  # who does not know it reads as far as it knows
        if not type(event).PRIVATE:
            state = PLAIN + self._encode((*about, msgspec.Raw(data), *behind))
        elif cipher is None:
            raise LookupError(f"no data key for {envelope.stream}")
        else:
            sealed = cipher.encrypt(nonce, data, _bound_to(topic, envelope.stream, envelope.version))
            state = SEALED + self._encode((*about, nonce + sealed, *behind))
        return StoredEvent(envelope.stream, envelope.version, topic, state)

    def to_domain_event(self, stored: StoredEvent) -> Envelope:  # type: ignore[override]  # our own envelope
        """An envelope; its event is `Shredded` when its key is gone, and `Unknown` when its topic is a newer program's.
        KeyUnusable when the key is there but not to be had, InvalidTag when bytes were moved or altered,
        ValidationError for a value that its topic does not have here."""
        return self.open(str(stored.originator_id), stored.originator_version, stored.topic, stored.state)

    def open(self, stream: str, version: int, topic: str, state: bytes, position: int = 0) -> Envelope:
        """The same from parts."""
        key = self._keyring.usable(stream) if state[:1] == SEALED else None
        return self.open_with(key, stream, version, topic, state, position)

    def open_with(
        self, key: AESGCM | None, stream: str, version: int, topic: str, state: bytes, position: int = 0
    ) -> Envelope:
        """The same with the stream's key, or with None when it has none, or no longer."""
        body = self._body.decode(memoryview(state)[1:])
        data: Event
        if state[:1] == SEALED:
            if key is None:
                data = Shredded(topic=topic)
            else:
                sealed = msgspec.msgpack.decode(body.data, type=bytes)
                data = self._event(
                    topic, key.decrypt(sealed[:NONCE], sealed[NONCE:], _bound_to(topic, stream, version))
                )
        else:
            data = self._event(topic, body.data)
        return _envelope(stream, version, position, body, data)

    def understood(
        self, key: AESGCM | None, stream: str, version: int, topic: str, state: bytes, position: int = 0
    ) -> Envelope:
        """The same for whoever goes on without what it does not understand: `Unknown` for such a value too."""
        try:
            return self.open_with(key, stream, version, topic, state, position)
        except msgspec.ValidationError:
            log.warning("fact_not_understood", stream=stream, version=version, topic=topic)
            body = self._body.decode(memoryview(state)[1:])
            return _envelope(stream, version, position, body, Unknown(topic=topic))

    def heading(self, recorded: Recorded) -> Envelope:
        """All but the event, which no key and no knowledge of its topic is needed for."""
        body = self._body.decode(memoryview(recorded.state)[1:])
        event = Shredded(topic=recorded.topic)
        return _envelope(recorded.stream, recorded.version, recorded.position, body, event)

    def _event(self, topic: str, data: bytes | msgspec.Raw) -> Event:
        if topic in UPCASTS:
            fields = msgspec.msgpack.decode(data)
            while topic in UPCASTS:
                topic, bring_forward = UPCASTS[topic]
                fields = bring_forward(fields)
            return msgspec.convert(fields, TOPICS[topic])
        decoder = self._decoders.get(topic)
        if decoder is None:
            if topic not in TOPICS:
                return Unknown(topic=topic)
            decoder = self._decoders[topic] = msgspec.msgpack.Decoder(TOPICS[topic])
        return decoder.decode(data)


def _envelope(stream: str, version: int, position: int, body: Body, event: Event) -> Envelope:
    return Envelope(
        stream=stream,
        version=version,
        at=body.at,
        event=event,
        actor=body.actor,
        correlation_id=body.correlation_id,
        causation_id=body.causation_id,
        position=position,
        trace_id=body.trace_id,
    )


def _bound_to(topic: str, stream: str, version: int) -> bytes:
    return f"{topic}|{stream}|{version}".encode()
