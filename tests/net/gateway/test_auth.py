from __future__ import annotations

from pathlib import Path

import pytest
from gateway_world import World
from websockets.exceptions import InvalidStatus

from net.gateway.auth import OriginPolicy, bearer_token, credential_of, new_token, token_file, token_matches


def test_a_token_matches_its_credential_and_no_other() -> None:
    token, other = new_token(), new_token()
    assert token_matches(token, credential_of(token))
    assert not token_matches(other, credential_of(token))
    assert token not in credential_of(token)
    assert credential_of(token) != credential_of(token)


@pytest.mark.parametrize("credential", ["", "sha256$", "sha256$salt$", "plain$salt$abc", "abc"])
def test_a_credential_that_is_none_matches_nothing(credential: str) -> None:
    assert not token_matches("", credential)
    assert not token_matches("abc", credential)


def test_a_token_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "admin.token"
    token = token_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert token_file(path) == token
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_token_file_is_no_password(tmp_path: Path) -> None:
    path = tmp_path / "admin.token"
    path.touch()
    assert len(token_file(path)) > 40


@pytest.mark.parametrize(
    ("header", "token"), [(None, None), ("Bearer x", "x"), ("bearer  x ", "x"), ("Basic x", None), ("Bearer ", None)]
)
def test_a_bearer_token_is_read_from_its_header(header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token


LOCAL = OriginPolicy("127.0.0.1", ["https://desk.example"])


@pytest.mark.parametrize(
    ("host", "origin", "allowed"),
    [
        ("127.0.0.1:8000", None, True),
        ("localhost:8000", "http://localhost:8000", True),
        ("[::1]:8000", None, True),
        ("localhost:8000", "https://desk.example", True),
        ("localhost:8000", "https://desk.example/", True),
        ("localhost:8000", "http://localhost:3000", False),
        ("localhost:8000", "http://evil.example", False),
        ("localhost:8000", "null", False),
        ("evil.example:8000", None, False),
        ("evil.example:8000", "http://evil.example:8000", False),
        ("[", None, False),
        (None, None, False),
    ],
)
def test_only_our_own_pages_and_programs_are_answered(host: str | None, origin: str | None, allowed: bool) -> None:
    assert LOCAL.allows(host, origin) is allowed


def test_a_gateway_for_the_network_may_be_called_by_any_name_but_not_by_foreign_pages() -> None:
    policy = OriginPolicy("0.0.0.0")  # noqa: S104 - the address that is tested
    assert policy.allows("exchange.lan:8000", None)
    assert policy.allows("192.168.1.7:8000", "http://192.168.1.7:8000")
    assert not policy.allows("exchange.lan:8000", "http://exchange.lan:8000")
    named = OriginPolicy("0.0.0.0", hosts=["exchange.lan"])  # noqa: S104 - the address that is tested
    assert named.allows("exchange.lan:8000", "http://exchange.lan:8000")
    assert not policy.allows("exchange.lan:8000", "http://evil.example")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ws", {"Origin": "http://evil.example"}, 403),
        ("/elsewhere", {}, 404),
    ],
)
async def test_an_upgrade_that_is_not_wanted_is_refused_before_it_happens(
    world: World, path: str, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await world.connect(path, additional_headers=headers)
    assert refused.value.response.status_code == status


async def test_a_foreign_page_gets_nothing_over_rest_either(world: World) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        answer = await world.http.get("/api/instruments", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert "access-control-allow-origin" not in answer.headers


async def test_no_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    client = await world.connect()
    token = (await client.register("Bob", agent_id="bob"))["token"]
    await client.ask("agent_register", "agent_registered", agent_id="bob", token=token)
    assert token not in caplog.text
    assert world.admin_token not in caplog.text
