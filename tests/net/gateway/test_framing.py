"""Plain frames are taken apart as the protocol machine of websockets would."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, State
from websockets.server import ServerProtocol

from net.gateway.framing import FrameTracker, frame_size, plain_texts

LIMIT = 70_000


def frame_bytes(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


PAYLOADS = st.one_of(
    st.binary(max_size=130), st.sampled_from([b"", b"x" * 125, b"y" * 126, b"z" * 65_535, b"w" * 65_536])
)
FRAMES = st.lists(
    st.one_of(
        st.tuples(st.just(Opcode.TEXT), PAYLOADS),
        st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=20)),
        st.tuples(st.just(Opcode.BINARY), PAYLOADS),
    ),
    max_size=8,
)


class Receiver:
    """The two ways together, as ``Connection`` uses them."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.plain = 0
        self._tracker = FrameTracker()
        self._tracker.start()
        self._protocol = ServerProtocol(state=State.OPEN, max_size=LIMIT)
        assert self._protocol.side is SERVER

    def feed(self, data: bytes) -> None:
        if self._tracker.between_frames:
            texts, end = plain_texts(data, LIMIT)
            self.messages += texts
            self.plain += len(texts)
            data = data[end:]
            if not data:
                return
        self._tracker.skip(data)
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self.messages.append(bytes(event.data))


@given(FRAMES, st.lists(st.integers(0, 200_000), max_size=6))
def test_however_the_stream_is_cut_every_message_arrives_once_in_order(
    frames: list[tuple[Opcode, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(frame_bytes(opcode, payload) for opcode, payload in frames)
    receiver, start = Receiver(), 0
    for cut in [*sorted(cut for cut in cuts if cut < len(stream)), len(stream)]:
        if cut > start:
            receiver.feed(stream[start:cut])
            start = cut
    assert receiver.messages == [payload for opcode, payload in frames if opcode in (Opcode.TEXT, Opcode.BINARY)]


def test_a_stream_cut_at_every_byte_is_the_same() -> None:
    stream = frame_bytes(Opcode.TEXT, b"one") + frame_bytes(Opcode.PING, b"p") + frame_bytes(Opcode.TEXT, b"t" * 200)
    for cut in range(len(stream) + 1):
        receiver = Receiver()
        for part in (stream[:cut], stream[cut:]):
            if part:
                receiver.feed(part)
        assert receiver.messages == [b"one", b"t" * 200]


def test_whole_plain_frames_do_not_reach_the_protocol_machine() -> None:
    receiver = Receiver()
    receiver.feed(frame_bytes(Opcode.TEXT, b"one") + frame_bytes(Opcode.TEXT, b"two" * 100))
    assert (receiver.messages, receiver.plain) == ([b"one", b"two" * 100], 2)


def test_after_other_frames_the_short_way_is_taken_again() -> None:
    receiver = Receiver()
    receiver.feed(frame_bytes(Opcode.PING, b""))
    receiver.feed(frame_bytes(Opcode.TEXT, b"one"))
    assert receiver.plain == 1


def test_what_is_not_plain_is_left_alone() -> None:
    masked = frame_bytes(Opcode.TEXT, b"text")
    unmasked = Frame(Opcode.TEXT, b"text").serialize(mask=False)
    fragment = frame_bytes(Opcode.TEXT, b"text", fin=False)
    reserved = bytes((masked[0] | 0x40,)) + masked[1:]
    for data in (unmasked, fragment, reserved, frame_bytes(Opcode.BINARY, b"text"), masked[:-1], masked[:3]):
        assert plain_texts(data, LIMIT) == ([], 0)
    assert plain_texts(masked, 3) == ([], 0)


def test_sizes_include_the_header() -> None:
    for size in (0, 125, 126, 65_535, 65_536):
        data = frame_bytes(Opcode.TEXT, b"x" * size)
        assert frame_size(data, 0) == len(data)
    assert frame_size(struct.pack("!BB", 0x81, 0xFE), 0) is None
    assert frame_size(b"\x81", 0) is None
