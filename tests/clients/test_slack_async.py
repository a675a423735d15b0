"""slack_sdk's AsyncWebClient, unmodified: it sends params in the query, and nothing in the body."""

import base64
import json

import pytest
from conftest import TOKEN, URL, native
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

pytestmark = pytest.mark.asyncio


def client(token=TOKEN):
    return AsyncWebClient(token=token, base_url=f"{URL}/api")


async def test_r4_r5_async_for_page_in_walks_a_list():
    seen = []
    async for page in await client().api_call("users.list", params={"limit": 2}):
        seen += page["data"]
    assert seen == native("users.list", limit=1000)["data"] and len(seen) > 4


async def test_r5_a_list_called_with_json_is_walked_too():
    # The cursor comes in the query then, and the rest in the body.
    seen = []
    async for page in await client().api_call("users.list", json={"limit": 3, "fields": ["id"]}):
        seen += page["data"]
        assert len(seen) < 100
    assert seen == native("users.list", limit=1000, fields=["id"])["data"]


async def test_r7_nested_arguments():
    users = [user["id"] for user in native("users.list", limit=2)["data"]]
    query = {"conversations": "source:*sms"}
    one = await client().api_call("teams.create", json={"name": "One", "query": query, "user_ids": users, "description": None})
    two = await client().api_call("teams.create", params={"name": "Two", "query": json.dumps(query), "user_ids": json.dumps(users), "is_support_enabled": False})
    three = await client().api_call("teams.create", data={"name": "Three", "query": json.dumps(query), "user_ids": ",".join(users), "is_support_enabled": "True"})
    for team in (one, two, three):
        assert team["ok"] and team["query"] == query and team["user_ids"] == users, team.data
    assert (two["is_support_enabled"], three["is_support_enabled"]) == (False, True)


async def test_r5_get_reads():
    answer = await client().api_call("users.list", http_verb="GET", params={"limit": 1})
    assert answer["data"] == native("users.list", limit=1)["data"]


async def test_r12_r14_errors(narrow_token):
    with pytest.raises(SlackApiError) as refused:
        await client().api_call("teams.info", params={"id": "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"})
    assert refused.value.response["error"] == "team_not_found"
    with pytest.raises(SlackApiError) as refused:
        await client(narrow_token).api_call("teams.create", params={"name": "No"})
    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", "teams:write")


async def test_r15_r1_auth_test_and_an_empty_answer():
    me = await client().auth_test()
    assert isinstance(me["user_id"], str)
    team = await client().api_call("teams.create", params={"name": "Short-lived", "idempotency_key": "async-1"})
    assert (await client().api_call("teams.delete", params={"id": team["id"]})).data == {"ok": True}


async def test_r18_files_are_sent_as_they_are(tmp_path):
    path = tmp_path / "bytes.bin"
    path.write_bytes(bytes(range(256)))
    file = await client().api_call("files.create", files={"file": str(path)}, data={"name": "bytes.bin", "content_type": "application/octet-stream"})
    assert base64.b64decode(native("files.read", id=file["id"])["content_base64"]) == path.read_bytes()
