from pathlib import Path

from tui.wallet import FILE, Key, Wallet

KEY = Key("agent-1", "secret")


def test_a_key_is_found_by_exchange_and_name(tmp_path: Path):
    Wallet(tmp_path).keep("ws://a/ws", "you", KEY)
    wallet = Wallet(tmp_path)
    assert wallet.find("ws://a/ws", "you") == KEY
    assert wallet.find("ws://a/ws", "me") is None
    assert wallet.find("ws://b/ws", "you") is None


def test_keys_are_readable_by_their_owner_only(tmp_path: Path):
    Wallet(tmp_path).keep("local", "you", KEY)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path):
    (tmp_path / FILE).write_text("{broken")
    assert Wallet(tmp_path).find("local", "you") is None
    Wallet(tmp_path).keep("local", "you", KEY)
    assert Wallet(tmp_path).find("local", "you") == KEY


def test_the_first_key_makes_the_data_directory(tmp_path: Path):
    Wallet(tmp_path / "not" / "yet").keep("local", "you", KEY)
    assert Wallet(tmp_path / "not" / "yet").find("local", "you") == KEY
