"""Sealed bytes open where they belong and nowhere else."""

import hmac
import os
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from infra.sealing import (
    HEADER_BYTES,
    NONCE_AT,
    UNNAMED_VERSION,
    Keyring,
    Mac,
    SealBroken,
    Sealer,
)

FIRST = "0f" * 32
SECOND = "a5" * 32
SEALER = Sealer(Keyring.from_hex(FIRST))
ROTATED = Sealer(Keyring.from_hex(SECOND, old=[FIRST]))
NONCES = 1_000_000 if "SOAK" in os.environ else 200_000
"""Of so few, too, some would meet if they had 32 bits."""

PLACE: dict[str, Any] = {"table": "appointments", "column": "notes", "row": 7, "account": "acct-1"}


@given(st.text())
def test_what_was_sealed_opens_again(text: str) -> None:
    sealed = SEALER.seal(text, **PLACE)

    assert SEALER.open_text(sealed, **PLACE) == text
    assert SEALER.open(SEALER.seal(text.encode(), **PLACE), **PLACE) == text.encode()


@pytest.mark.parametrize(
    "moved",
    [
        {"table": "patients"},
        {"column": "phone"},
        {"row": 8},
        {"account": "acct-2"},
    ],
)
def test_bytes_moved_to_another_place_do_not_open(moved: dict[str, object]) -> None:
    sealed = SEALER.seal("Ada Example", **PLACE)

    with pytest.raises(SealBroken):
        SEALER.open(sealed, **{**PLACE, **moved})


@given(st.dictionaries(st.sampled_from(["notes", "phone", "name"]), st.text()))
def test_the_cells_of_a_row_each_open_at_their_own_column(cells: dict[str, str]) -> None:
    sealed = SEALER.seal_cells(cells, table="appointments", row=7, account="acct-1")

    opened = {
        column: SEALER.open_text(blob, **{**PLACE, "column": column})
        for column, blob in sealed.items()
    }

    assert opened == cells
    assert len({blob[NONCE_AT:HEADER_BYTES] for blob in sealed.values()}) == len(cells)


def test_a_cell_of_a_row_does_not_open_at_its_neighbour() -> None:
    cells = {"notes": "Ada Example", "phone": "0491 570 156"}
    sealed = SEALER.seal_cells(cells, table="appointments", row=7, account="acct-1")

    with pytest.raises(SealBroken):
        SEALER.open(sealed["phone"], **PLACE)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=300))
def test_a_mac_whose_key_was_taken_in_before_is_that_of_the_standard(
    key: bytes, message: bytes
) -> None:
    assert Mac.of(key).digest(message) == hmac.digest(key, message, "sha256")


def test_parts_of_a_place_cannot_run_into_each_other() -> None:
    sealed = SEALER.seal("Ada Example", table="ab", column="c", row="1", account="23")

    with pytest.raises(SealBroken):
        SEALER.open(sealed, table="a", column="bc", row="1", account="23")
    with pytest.raises(SealBroken):
        SEALER.open(sealed, table="ab", column="c", row="12", account="3")


@given(st.data())
def test_a_flipped_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal("Ada Example", **PLACE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))

    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken):
        SEALER.open(bytes(sealed), **PLACE)


@pytest.mark.parametrize("kept", [0, 1, 5, 17, 32])
def test_truncated_bytes_do_not_open(kept: int) -> None:
    sealed = SEALER.seal("", **PLACE)[:kept]

    with pytest.raises(SealBroken):
        SEALER.open(sealed, **PLACE)


def test_another_key_opens_nothing_and_the_error_quotes_nothing() -> None:
    sealed = SEALER.seal("Ada Example", **PLACE)

    with pytest.raises(SealBroken) as caught:
        Sealer(Keyring.from_hex(SECOND)).open(sealed, **PLACE)

    assert "Ada" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_old_keys_stay_readable_and_new_bytes_use_the_new_key() -> None:
    rotated = Sealer(Keyring.from_hex(SECOND, old=[FIRST]))
    before = SEALER.seal("Ada Example", **PLACE)
    after = rotated.seal("Ada Example", **PLACE)

    assert rotated.open_text(before, **PLACE) == "Ada Example"
    assert not rotated.is_current(before)
    assert rotated.is_current(after)
    with pytest.raises(SealBroken):
        SEALER.open(after, **PLACE)


def test_a_great_many_nonces_are_all_different() -> None:
    nonces = {SEALER.seal(b"", **PLACE)[NONCE_AT:HEADER_BYTES] for _ in range(NONCES)}

    assert len(nonces) == NONCES


@pytest.mark.parametrize("how", ["table", "column", "row", "account", "key", "version", "bit"])
def test_of_a_thousand_that_were_moved_or_altered_none_opens(how: str) -> None:
    dice = random.Random(how)  # noqa: S311 - guards nothing
    opened = 0
    for trial in range(1000):
        place = {**PLACE, "row": trial, "account": f"acct-{trial % 7}"}
        sealed = bytearray(ROTATED.seal(f"Ada Example {trial}", **place))
        match how:
            case "key":
                sealed[1:NONCE_AT] = SEALER.key_id
            case "version":
                sealed[0] ^= 1 << dice.randrange(8)
            case "bit":
                sealed[dice.randrange(len(sealed))] ^= 1 << dice.randrange(8)
            case _:
                place[how] = f"{place[how]}{dice.randrange(10)}"
        try:
            ROTATED.open(bytes(sealed), **place)
        except SealBroken:
            continue
        opened += 1

    assert opened == 0


def test_what_is_sealed_anew_opens_where_it_did_and_only_there() -> None:
    rotated = ROTATED.reseal(SEALER.seal("Ada Example", **PLACE), **PLACE)

    assert ROTATED.is_current(rotated)
    assert Sealer(Keyring.from_hex(SECOND)).open_text(rotated, **PLACE) == "Ada Example"
    with pytest.raises(SealBroken):
        ROTATED.reseal(rotated, **{**PLACE, "row": 8})


def test_a_fingerprint_from_before_keys_were_named_is_known_again() -> None:
    unnamed = UNNAMED_VERSION + SEALER.fingerprint(b"one")[NONCE_AT:]

    assert unnamed in ROTATED.fingerprints(b"one")
    assert unnamed not in ROTATED.fingerprints(b"two")


def test_a_blind_index_is_equal_only_within_its_column_and_account() -> None:
    spot: dict[str, Any] = {"table": "patients", "column": "phone", "account": "acct-1"}
    index = SEALER.blind_index("+61400000001", **spot)

    assert index == SEALER.blind_index("+61400000001", **spot)
    assert index != SEALER.blind_index("+61400000002", **spot)
    assert index != SEALER.blind_index("+61400000001", **{**spot, "account": "acct-2"})
    assert index != SEALER.blind_index("+61400000001", **{**spot, "column": "mobile"})


def test_a_search_during_rotation_covers_every_readable_key() -> None:
    spot: dict[str, Any] = {"table": "patients", "column": "phone", "account": "acct-1"}
    rotated = Sealer(Keyring.from_hex(SECOND, old=[FIRST]))

    found = rotated.blind_indexes("+61400000001", **spot)

    assert SEALER.blind_index("+61400000001", **spot) in found
    assert rotated.blind_index("+61400000001", **spot) in found


def test_a_fingerprint_follows_the_document_and_names_its_version() -> None:
    print_ = SEALER.fingerprint(b"one")

    assert print_ == SEALER.fingerprint(b"one")
    assert print_ != SEALER.fingerprint(b"two")
    assert print_ != Sealer(Keyring.from_hex(SECOND)).fingerprint(b"one")
    assert print_.startswith(SEALER.print_stamp)


@pytest.mark.parametrize("key", ["", "zz" * 32, "0f" * 31, "0f" * 33])
def test_a_key_of_the_wrong_shape_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(BadInput) as caught:
        Keyring.from_hex(key)

    assert not key or key not in str(caught.value)


def test_keys_never_show_in_a_representation() -> None:
    assert FIRST not in repr(Keyring.from_hex(FIRST))
    assert "AESGCM" not in repr(Keyring.from_hex(FIRST))
