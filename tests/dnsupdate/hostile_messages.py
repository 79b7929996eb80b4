"""Messages that nobody sends by accident, for whoever answers messages: pieces to put together, and a good signature."""

import struct
import time

import dns.message
import dns.tsig
from hypothesis import strategies as st

HEADER = struct.Struct("!HHHHHH")

headers = st.builds(
    HEADER.pack,
    st.integers(0, 65535),
    st.sampled_from([0, 0x0100, 0x2800, 0x2000, 0x7800]),
    *[st.sampled_from([0, 1, 2, 65535])] * 4,
)
labels = st.binary(min_size=0, max_size=63).map(lambda label: bytes([len(label)]) + label)
pointers = st.integers(0, 0x3FFF).map(lambda offset: struct.pack("!H", 0xC000 | offset))
numbers = st.sampled_from([0, 1, 2, 5, 6, 16, 28, 41, 64, 250, 251, 252, 253, 254, 255, 65535])
pieces = st.one_of(
    labels,
    pointers,
    st.builds(struct.Struct("!HHIH").pack, numbers, numbers, st.sampled_from([0, 1, 2**32 - 1]), numbers),
    st.binary(max_size=20),
)


def signed(wire: bytes, key: dns.tsig.Key) -> bytes:
    """With a good signature, so that what is wrong inside is reached."""
    tsig = dns.message.Message._make_tsig(key.name, key.algorithm, 0, 300, b"", 1, 0, b"")
    tsig_rdata, _ = dns.tsig.sign(wire, key, tsig[0], int(time.time()), b"")
    rdata = tsig_rdata.to_wire()
    record = key.name.to_wire() + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
    return wire[:10] + struct.pack("!H", 1 + struct.unpack_from("!H", wire, 10)[0]) + wire[12:] + record
