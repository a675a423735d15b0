"""slack_sdk's WebClient, unmodified, with another base URL."""

import base64
import json

import pytest
from conftest import TOKEN, URL, native
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError


@pytest.fixture(scope="module")
def client():
    return WebClient(token=TOKEN, base_url=f"{URL}/api")


def test_r4_for_page_in_walks_a_list(client):
    seen = []
    for page in client.api_call("users.list", params={"limit": 2}):
        assert len(page["data"]) <= 2
        seen += page["data"]
    assert seen == native("users.list", limit=1000)["data"] and len(seen) > 4


def test_r4_the_helpers_of_slack_walk_too(client):
    seen = []
    for page in client.users_list(limit=3):
        seen += page["data"]
    assert seen == native("users.list", limit=1000)["data"]


def test_r7_nested_arguments_as_json_and_as_text(client):
    users = [user["id"] for user in native("users.list", limit=2)["data"]]
    query = {"conversations": "source:*sms"}
    one = client.api_call("teams.create", json={"name": "One", "query": query, "user_ids": users, "description": None})
    two = client.api_call("teams.create", params={"name": "Two", "query": json.dumps(query), "user_ids": json.dumps(users), "is_support_enabled": True})
    three = client.api_call("teams.create", data={"name": "Three", "query": json.dumps(query), "user_ids": ",".join(users)})
    for team in (one, two, three):
        assert team["ok"] and team["query"] == query and team["user_ids"] == users, team.data
        assert native("teams.info", id=team["id"])["name"] == team["name"]
    assert two["is_support_enabled"] is True


def test_r8_a_dictionary_in_params_is_a_clear_error(client):
    with pytest.raises(SlackApiError) as refused:
        client.api_call("teams.create", params={"name": "Repr", "query": {"conversations": "source:*sms"}})
    assert refused.value.response["error"] == "invalid_arguments"
    assert "json.dumps" in refused.value.response["response_metadata"]["messages"][0]


def test_r12_errors_are_slack_api_errors_with_the_code(client):
    with pytest.raises(SlackApiError) as refused:
        client.api_call("teams.info", params={"id": "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"})
    assert (refused.value.response["error"], refused.value.response.status_code) == ("team_not_found", 200)
    with pytest.raises(SlackApiError) as refused:
        client.api_call("teams.create", json={"nmae": "x"})
    assert [each["pointer"] for each in refused.value.response["errors"]] == ["/nmae", "/name"]
    with pytest.raises(SlackApiError) as refused:
        client.api_call("no.such.method")
    assert refused.value.response["error"] == "unknown_method"
    with pytest.raises(SlackApiError) as refused:
        WebClient(token="nonsense", base_url=f"{URL}/api/").api_call("teams.list")
    assert refused.value.response["error"] == "invalid_auth"


def test_r14_scopes_are_headers(client, narrow_token):
    narrow = WebClient(token=narrow_token, base_url=f"{URL}/api")
    assert narrow.api_call("teams.list").headers["x-oauth-scopes"] == "teams:read"
    with pytest.raises(SlackApiError) as refused:
        narrow.api_call("teams.create", params={"name": "No"})
    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", "teams:write")


def test_r15_auth_test_and_api_test(client):
    me = client.auth_test()
    assert me["ok"] and isinstance(me["user_id"], str) and isinstance(me["team"], str)
    assert client.api_test(foo="bar")["args"]["foo"] == "bar"
    with pytest.raises(SlackApiError) as refused:
        client.api_test(error="my_error")
    assert refused.value.response["error"] == "my_error"


def test_r1_methods_that_answer_nothing_answer_ok(client):
    team = client.api_call("teams.create", params={"name": "Short-lived"})
    gone = client.api_call("teams.delete", params={"id": team["id"]})
    assert (gone.status_code, gone.data) == (200, {"ok": True})


def test_a_write_with_a_key_happens_once(client):
    teams = [client.api_call("teams.create", params={"name": "Once only", "idempotency_key": "sync-1"}) for _ in range(2)]
    assert teams[0].data == teams[1].data
    again = client.api_call("teams.create", params={"name": "Once only"}, headers={"Idempotency-Key": "sync-1"})
    assert again["id"] == teams[0]["id"] and again.headers["idempotent-replayed"] == "true"


def test_r18_files_are_sent_as_they_are(client, tmp_path):
    path = tmp_path / "bytes.bin"
    path.write_bytes(bytes(range(256)))
    file = client.api_call("files.create", files={"file": str(path)}, data={"name": "bytes.bin", "content_type": "application/octet-stream"})
    assert (file["name"], file["size"]) == ("bytes.bin", 256)
    read = native("files.read", id=file["id"])
    assert base64.b64decode(read["content_base64"]) == path.read_bytes()
    with pytest.raises(SlackApiError) as refused:
        client.api_call("teams.create", files={"description": str(path)}, data={"name": "R18"})
    assert refused.value.response["error"] == "invalid_form_data"
