"""The official Python client of the Model Context Protocol, in both generations of the protocol that it speaks."""

import json

import pytest
from conftest import TOKEN, URL, native, send
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

pytestmark = pytest.mark.asyncio

# What the released client can speak: by itself the newest, and the handshake of the years before.
MODES = {"auto": "2026-07-28", "2026-07-28": "2026-07-28", "legacy": "2025-11-25"}


def client(path="/mcp", token=TOKEN, mode="auto"):
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {token}"})
    return Client(streamable_http_client(f"{URL}{path}", http_client=http), mode=mode)


async def tools(desk):
    """All tools, page by page."""
    found, cursor = [], None
    while True:
        page = await desk.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("mode", MODES)
async def test_every_method_is_a_tool_and_can_be_called(mode, document):
    async with client("/mcp/all", mode=mode) as desk:
        assert desk.protocol_version == MODES[mode]
        found = await tools(desk)
        names = [tool.name for tool in found]
        assert len(set(names)) == len(names)
        streams = [path for path, item in document["paths"].items() if "text/event-stream" in str(item["post"]["responses"])]
        methods = {path[1:].replace(".", "_") for path in document["paths"] if path not in streams}
        assert methods <= set(names), methods - set(names)
        by_name = {tool.name: tool for tool in found}
        create = by_name["teams_create"]
        assert create.title == "teams.create" and "name" in create.input_schema["properties"] and create.output_schema
        assert create.annotations.read_only_hint is False and by_name["teams_list"].annotations.read_only_hint is True
        assert by_name["teams_delete"].annotations.destructive_hint is True

        team = await desk.call_tool("teams_create", {"name": f"Made by {mode}", "query": {"conversations": "source:*sms"}})
        assert not team.is_error
        assert team.structured_content == native("teams.info", id=team.structured_content["id"])
        assert json.loads(team.content[0].text) == team.structured_content
        gone = await desk.call_tool("teams_delete", {"id": team.structured_content["id"]})
        assert not gone.is_error and json.loads(gone.content[0].text) == {"deleted": True}

        wrong = await desk.call_tool("teams_create", {"nmae": "x"})
        assert wrong.is_error
        error = json.loads(wrong.content[0].text)["error"]
        assert (error["code"], error["errors"][0]["pointer"]) == ("invalid_arguments", "/nmae")
        missing = await desk.call_tool("teams_info", {"id": team.structured_content["id"]})
        assert missing.is_error and json.loads(missing.content[0].text)["error"]["code"] == "team_not_found"


@pytest.mark.parametrize("mode", MODES)
async def test_the_curated_list_is_short_and_reaches_everything(mode):
    async with client(mode=mode) as desk:
        names = [tool.name for tool in await tools(desk)]
        assert len(names) <= 42 and {"conversations_list", "methods_search", "methods_call"} <= set(names)


@pytest.mark.parametrize("mode", MODES)
async def test_two_tools_reach_everything(mode):
    async with client("/mcp/minimal", mode=mode) as desk:
        found = {tool.name: tool for tool in await tools(desk)}
        assert set(found) == {"methods_search", "methods_call"}
        search = await desk.call_tool("methods_search", {"query": "add a member to a team"})
        assert not search.is_error and "teams.addMember" in search.content[0].text
        required = found["methods_call"].input_schema["properties"]
        name = next(each for each in required if each in ("method", "name"))
        arguments = next(each for each in required if each in ("arguments", "args"))
        called = await desk.call_tool("methods_call", {name: "teams.list", arguments: {"limit": 1}})
        assert not called.is_error, called
        assert json.loads(called.content[0].text)["data"] == native("teams.list", limit=1)["data"]


@pytest.mark.parametrize("mode", MODES)
async def test_what_a_token_may_not_do_it_does_not_see(mode, narrow_token):
    async with client("/mcp/all", narrow_token, mode=mode) as desk:
        names = {tool.name for tool in await tools(desk)}
        assert "teams_list" in names and not names & {"teams_create", "contacts_list", "users_list"}
        refused = await desk.call_tool("teams_list", {"limit": 1})
        assert not refused.is_error


@pytest.mark.parametrize("mode", MODES)
async def test_an_unknown_tool_is_an_error_of_the_protocol(mode):
    async with client(mode=mode) as desk:
        with pytest.raises(Exception) as refused:
            await desk.call_tool("no_such_tool", {})
        assert getattr(refused.value, "error", refused.value).code == -32602, refused.value


@pytest.mark.parametrize("token", ["nonsense", ""])
async def test_without_a_token_it_is_401(token):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = send("/mcp", b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}', headers)
    assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer")
