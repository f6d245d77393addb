"""Agents, channels, conflicts, capacity, phone ownership."""

from __future__ import annotations

from typing import Any

import pytest

from .world import LOOKUP, NUMBER, Client, World


def test_an_agent_is_created_with_its_config(world: World, client: Client) -> None:
    """The server holds the config as the client wrote it."""
    assert client.send("agent.create", agent_id="mara", voice="v/sarah", flash=False) == [
        {"event": "agent.created", "agent_id": "mara"}
    ]
    agent = world.server.registry.find("org_1", "mara")
    assert agent is not None
    assert agent.config == {"voice": "v/sarah", "flash": False}


@pytest.mark.parametrize(
    ("ids", "said"), [("plain", "My Agent"), ("slug", "my-agent"), ("org", "org_1:my-agent")]
)
def test_ids_come_back_in_the_form_asked_for(ids: str, said: str) -> None:
    """Ids come back plain, as slugs, or with the organisation."""
    client = World(ids=ids).client()
    assert client.send("agent.create", agent_id="My Agent")[0]["agent_id"] == said


def test_an_agent_is_found_by_id_slug_and_org(client: Client) -> None:
    """A command may name its agent in any form the server uses."""
    client.send("agent.create", agent_id="My_Agent")
    for name in ("My_Agent", "my-agent", "org_1:my-agent"):
        assert (
            client.send("agent.configure", agent_id=name, language="es")[0]["event"]
            == "agent.configured"
        )


def test_ids_without_latin_letters_are_kept_apart(client: Client) -> None:
    """Their slug is empty, so only the exact id matches."""
    client.send("agent.create", agent_id="поддержка", language="ru")
    client.send("agent.create", agent_id="продажи", language="ru")
    assert [f["agent_id"] for f in client.events("agent.created")] == ["поддержка", "продажи"]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"voice": 5}, "voice"),
        ({"language": True}, "language"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"name": "x"}]}, "tools[0]"),
        ({"tools": [LOOKUP, LOOKUP]}, "lookup_order"),
        (
            {"tools": [{"type": "function", "function": {"name": "x", "parameters": []}}]},
            "parameters",
        ),
        ({"skills": [{"description": "x"}]}, "skills[0]"),
        ({"skills": [{"name": "s", "tools": [{}]}]}, "skills[0].tools[0]"),
        ({"session_limits": {"idle_timeout_seconds": "60"}}, "idle_timeout_seconds"),
        ({"preparing": {"timeout_ms": "x"}}, "preparing.timeout_ms"),
    ],
)
def test_an_unusable_config_is_refused(client: Client, config: dict[str, Any], field: str) -> None:
    """The error names the field."""
    error = client.send("agent.create", agent_id="mara", **config)[0]
    assert (error["event"], error["code"]) == ("error", "REGISTRATION_ERROR")
    assert field in error["error"]


def test_configure_changes_only_the_given_keys(world: World, client: Client) -> None:
    """Other keys stay, and allowed_origins never change."""
    client.agent(voice="a", allowed_origins=["https://x.dev"])
    client.send("agent.configure", agent_id="mara", voice="b", allowed_origins=[])
    agent = world.server.registry.find("org_1", "mara")
    assert agent is not None
    assert (agent.config["voice"], agent.config["allowed_origins"]) == ("b", ["https://x.dev"])
    assert agent.config["llm"] == "openai/gpt-4.1-mini"


def test_another_connections_agent_cannot_be_configured(world: World, client: Client) -> None:
    """On another connection the agent does not exist."""
    client.agent()
    assert (
        world.client().send("agent.configure", agent_id="mara", voice="x")[0]["code"]
        == "AGENT_NOT_FOUND"
    )


def test_a_repeated_create_is_answered_again(client: Client) -> None:
    """On the same connection it replaces the config."""
    client.agent()
    assert client.send("agent.create", agent_id="mara", voice="x")[0]["event"] == "agent.created"


def test_a_live_holder_keeps_its_agent(world: World, client: Client) -> None:
    """The first conflict has a retry hint; once the holder answered the probe, it is fatal."""
    client.agent()
    rival = world.client()
    first = rival.send("agent.create", agent_id="mara")[0]
    assert (first["code"], first["holder_alive"]) == ("AGENT_CONFLICT", True)
    assert 0 < first["retry_after_s"] <= 5
    assert client.names()[-1] == "ping"
    client.send("pong")
    assert rival.send("agent.create", agent_id="mara")[0]["code"] == "AGENT_CONFLICT_FATAL"


def test_a_silent_holder_is_not_taken_for_alive(world: World, client: Client) -> None:
    """While the probe is not answered, the conflict may be retried."""
    client.agent()
    rival = world.client()
    codes = [rival.send("agent.create", agent_id="mara")[0]["code"] for _ in range(3)]
    assert codes == ["AGENT_CONFLICT"] * 3


def test_a_stale_holder_is_displaced(world: World, client: Client) -> None:
    """After 45 s without a sign of life it is closed with 4001, and the new one resumes."""
    client.agent()
    world.pass_time(46)
    rival = world.client()
    assert rival.send("agent.create", agent_id="mara")[0]["event"] == "agent.resumed"
    assert client.last("agent.displaced")["reason"] == "replaced_by_new_connection"
    assert client.closed is not None
    assert client.closed.code == 4001
    assert "Displaced" in client.closed.reason


def test_an_agent_is_resumed_after_its_connection_was_lost(world: World, client: Client) -> None:
    """Within the window it is resumed; afterwards it is a new agent."""
    client.agent()
    client.gone()
    second = world.client()
    assert second.send("agent.create", agent_id="mara")[0]["event"] == "agent.resumed"
    second.gone()
    world.pass_time(31)
    assert world.client().send("agent.create", agent_id="mara")[0]["event"] == "agent.created"


def test_agent_resume_takes_a_waiting_agent_back(world: World, client: Client) -> None:
    """The agent has the config it had."""
    client.agent(voice="a")
    client.gone()
    second = world.client()
    assert second.send("agent.resume", agent_id="nobody")[0]["code"] == "AGENT_NOT_FOUND"
    assert second.send("agent.resume", agent_id="mara")[0]["event"] == "agent.resumed"


def test_organisations_do_not_see_each_other(world: World) -> None:
    """The same id in two organisations is two agents."""
    world = World({"a": "org_a", "b": "org_b"})
    first, second = world.client("a"), world.client("b")
    first.agent("mara", {"type": "chat"})
    second.agent("mara", {"type": "chat"})
    assert [c.names()[1] for c in (first, second)] == ["agent.created"] * 2


def test_capacity_counts_clients_with_agents(world: World, client: Client) -> None:
    """One client too many is refused with the figures; the one inside may add agents."""
    world.server.world.settings.capacity = 1
    client.agent("a", {"type": "chat"})
    client.agent("b", {"type": "chat"})
    error = world.client().send("agent.create", agent_id="c")[0]
    assert (error["code"], error["used"], error["limit"]) == ("SERVER_AT_CAPACITY", 1, 1)
    assert error["error"].startswith("SERVER_AT_CAPACITY:")
    assert len(client.events("agent.created")) == 2


def test_a_number_has_one_agent(world: World, client: Client) -> None:
    """A second claim is refused in normalised form and names the owner."""
    client.agent("mara")
    client.send("agent.create", agent_id="julia")
    error = client.send("channel.add", agent_id="julia", type="phone", ref="+1 (318) 633-0963")[0]
    assert error["code"] == "PHONE_IN_USE"
    assert (error["phone"], error["owner"], error["agent_id"]) == (NUMBER, "mara", "julia")


def test_a_developers_agent_may_share_the_number(client: Client) -> None:
    """An agent whose id begins with dev- gets the number's calls."""
    client.agent("mara")
    client.send("agent.create", agent_id="dev-mara")
    assert (
        client.send("channel.add", agent_id="dev-mara", type="phone", ref=NUMBER)[0]["event"]
        == "channel.added"
    )


def test_channels_are_added_once_updated_and_removed(world: World, client: Client) -> None:
    """Adding the same ref again updates it."""
    client.send("agent.create", agent_id="mara")
    assert client.send("channel.add", agent_id="mara", type="webrtc") == [
        {"event": "channel.added", "agent_id": "mara", "type": "webrtc"}
    ]
    for language in ("es", "en"):
        said = client.send(
            "channel.add", agent_id="mara", type="phone", ref=NUMBER, language=language
        )
        assert said[0]["ref"] == NUMBER
    agent = world.server.registry.find("org_1", "mara")
    assert agent is not None
    assert [(c.type, c.ref, c.config) for c in agent.channels] == [
        ("webrtc", None, {}),
        ("phone", NUMBER, {"language": "en"}),
    ]
    client.send("channel.configure", agent_id="mara", ref=NUMBER, voice="v")
    assert agent.channels[1].config == {"language": "en", "voice": "v"}
    removed = client.send("channel.remove", agent_id="mara", type="phone", ref=NUMBER)[0]
    assert (removed["event"], removed["ref"], len(agent.channels)) == ("channel.removed", NUMBER, 1)
    assert (
        client.send("channel.remove", agent_id="mara", ref=NUMBER)[0]["code"] == "CHANNEL_NOT_FOUND"
    )


@pytest.mark.parametrize(
    "channel",
    [
        {"type": "fax"},
        {"type": "phone"},
        {"type": "phone", "ref": "12"},
        {"type": "whatsapp", "ref": "1"},
    ],
)
def test_bad_channels_are_refused(client: Client, channel: dict[str, str]) -> None:
    """Unknown types, a missing number and a missing access token are refused."""
    client.send("agent.create", agent_id="mara")
    assert client.send("channel.add", agent_id="mara", **channel)[0]["code"] == "BAD_REQUEST"


def test_secrets_are_not_kept(world: World, client: Client) -> None:
    """A WhatsApp channel's tokens are not in what the server holds."""
    client.send("agent.create", agent_id="mara")
    client.send(
        "channel.add",
        agent_id="mara",
        type="whatsapp",
        ref="123",
        accessToken="EAAsecret",
        appSecret="s3",
    )
    agent = world.server.registry.find("org_1", "mara")
    assert agent is not None
    assert "EAAsecret" not in repr(agent.channels)


def test_numbers_outside_the_organisation_are_refused() -> None:
    """They are refused when the organisation's numbers are given."""
    client = World(numbers=frozenset({NUMBER})).client()
    client.agent()
    error = client.send("channel.add", agent_id="mara", type="phone", ref="+15550001111")[0]
    assert error["code"] == "PHONE_NOT_IN_ORG"
