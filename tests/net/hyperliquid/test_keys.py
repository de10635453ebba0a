from __future__ import annotations

from pathlib import Path

import pytest

from net.errors import StartupError
from net.hyperliquid.keys import KEY_VARIABLE, SdkSigner, read_key


def test_the_key_comes_from_the_environment_or_from_a_file_of_ones_own(tmp_path: Path) -> None:
    assert read_key(None, {KEY_VARIABLE: " 0xabc "}) == "0xabc"
    file = tmp_path / "key"
    file.write_text("0xdef\n")
    file.chmod(0o600)
    assert read_key(file, {}) == "0xdef"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused_and_not_quoted(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("0xdef")
    file.chmod(mode)
    with pytest.raises(StartupError, match="chmod 600") as refused:
        read_key(file, {})
    assert "0xdef" not in str(refused.value)


def test_without_a_key_there_is_one_line_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=KEY_VARIABLE):
        read_key(None, {})
    with pytest.raises(StartupError, match="cannot be read"):
        read_key(tmp_path / "none", {})


def test_a_signer_shows_its_address_and_never_its_key() -> None:
    pytest.importorskip("hyperliquid.utils.signing", reason="needs the extra hyperliquid-clients")
    key = "0x" + "a1" * 32
    signer = SdkSigner(key, mainnet=False)
    assert repr(signer) == f"SdkSigner({signer.address})"
    bad = "0x" + "zz" * 32
    with pytest.raises(StartupError) as refused:
        SdkSigner(bad, mainnet=False)
    assert "zz" not in str(refused.value)
    assert refused.value.__cause__ is None
