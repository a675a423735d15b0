"""The rules of the Slack-compatible surface, R1 to R18, as they stand on the wire; the suites of the SDKs show what comes of them."""

import json
import urllib.parse

import pytest
from conftest import TOKEN, form, native, send

BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON = "application/json; charset=utf-8"


def methods(document):
    """All methods that end by themselves."""
    streams = [path for path, item in document["paths"].items() if "text/event-stream" in str(item["post"]["responses"])]
    return [path[1:] for path in document["paths"] if path not in streams]


def test_r1_r2_every_answer_is_200_and_an_object_with_ok(document):
    for method in methods(document):
        for answer in [
            form(method, {"no_such_argument": "x"}),
            form(method, {}, token=None),
            form(method, {}, token="nonsense"),
            send(f"/api/{method}", b"{", BEARER | {"Content-Type": "application/json"}),
        ]:
            assert answer.status == 200, (method, answer.status, answer.text)
            assert answer.headers["content-type"] == JSON, (method, answer.headers)
            assert isinstance(answer.body["ok"], bool), (method, answer.text)
            assert answer.body["ok"] or (isinstance(answer.body["error"], str) and answer.body["error"]), (method, answer.text)
            assert answer.headers["x-request-id"].startswith("req_"), method


def test_r1_what_is_no_method_is_200_too():
    answer = form("teams.lst", {})
    assert (answer.status, answer.body["ok"], answer.body["error"]) == (200, False, "unknown_method")
    assert answer.body["req_method"] == "teams.lst"
    assert form("teams.info", {"id": "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}).body["error"] == "team_not_found"


def test_r3_the_fields_of_the_object_stand_beside_ok():
    team = form("teams.create", {"name": "R3"}).body
    assert team.pop("ok") is True
    assert team == native("teams.info", id=team["id"])
    assert form("teams.delete", {"id": team["id"]}).body == {"ok": True}


def test_r4_lists_tell_where_the_next_page_is_and_empty_at_the_end():
    page = form("users.list", {"limit": 2}).body
    whole = native("users.list", limit=1000)["data"]
    assert page["data"] == whole[:2]
    assert page["response_metadata"]["next_cursor"] == page["next_cursor"] != ""
    last = form("users.list", {"limit": 1000}).body
    assert (last["data"], last["next_cursor"], last["response_metadata"]["next_cursor"]) == (whole, None, "")


def test_r5_arguments_are_the_query_and_the_body_and_the_query_wins():
    one = send("/api/users.list?limit=1", b"limit=2", BEARER | {"Content-Type": "application/x-www-form-urlencoded"})
    assert len(one.body["data"]) == 1
    both = send("/api/users.list?limit=2", b'{"fields":["id"]}', BEARER | {"Content-Type": "application/json"})
    assert [list(user) for user in both.body["data"]] == [["id"], ["id"]]
    read = send("/api/users.list?limit=1", None, BEARER, verb="GET")
    assert (read.status, read.body["data"]) == (200, one.body["data"])
    written = send("/api/teams.create?name=R5", None, BEARER, verb="GET")
    assert (written.status, written.body["ok"]) == (200, False), written.text
    assert "R5" not in [team["name"] for team in native("teams.list", limit=1000)["data"]]


@pytest.mark.parametrize("kind", ["application/json", "application/json;charset=utf-8", "application/x-www-form-urlencoded", "text/plain", ""])
def test_r6_an_empty_body_of_any_type_is_no_arguments(kind):
    answer = send("/api/users.list", b"", BEARER | {"Content-Type": kind})
    assert answer.body["ok"] and answer.body["data"] == native("users.list")["data"], answer.text


def test_r6_bodies_are_json_forms_and_multipart():
    wanted = native("users.list", limit=1)["data"]
    for kind, body in [
        ("application/json;charset=utf-8", b'{"limit":1}'),
        ("application/x-www-form-urlencoded;charset=utf-8", b"limit=1"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="limit"\r\n\r\n1\r\n--b--\r\n'),
        ("", b'{"limit":1}'),
    ]:
        answer = send("/api/users.list", body, BEARER | {"Content-Type": kind})
        assert answer.body.get("data") == wanted, (kind, answer.text)
    answer = send("/api/users.list", b"limit=1", BEARER | {"Content-Type": "application/x-www-form-urlencoded;charset=latin1"})
    assert (answer.status, answer.body["error"]) == (200, "invalid_charset")


def test_r7_values_of_forms_are_what_the_schema_says():
    users = [user["id"] for user in native("users.list", limit=2)["data"]]
    query = {"conversations": "source:*sms"}
    for name, value in [("commas", [("user_ids", ",".join(users))]), ("repeated", [("user_ids", user) for user in users]), ("json", [("user_ids", json.dumps(users))])]:
        team = form("teams.create", [("name", f"R7 {name}"), ("query", json.dumps(query)), *value]).body
        assert (team["ok"], team.get("user_ids"), team.get("query")) == (True, users, query), (name, team)
    for spelling, wanted in [("1", True), ("0", False), ("true", True), ("false", False), ("True", True), ("False", False)]:
        assert form("teams.update", {"id": team["id"], "is_support_enabled": spelling}).body["is_support_enabled"] is wanted
    assert form("teams.update", {"id": team["id"], "description": "Nights"}).body["description"] == "Nights"
    assert form("teams.update", {"id": team["id"], "description": ""}).body["description"] is None
    company = form("companies.create", {"name": "R7", "deal_value": "12.5", "currency": "EUR"}).body
    assert company["deal_value"] == 12.5, company
    assert form("companies.update", {"id": company["id"], "deal_value": "null"}).body["deal_value"] is None
    wrong = form("users.list", {"limit": "many"}).body
    assert (wrong["error"], wrong["errors"][0]["pointer"]) == ("invalid_arguments", "/limit"), wrong


def test_r8_a_python_repr_is_named_as_what_it_is():
    for repr_of in [{"conversations": "x"}, {"a": [1]}]:
        answer = form("teams.create", {"name": "R8", "query": str(repr_of)}).body
        assert answer["error"] == "invalid_arguments"
        message = answer["response_metadata"]["messages"][0]
        assert message.startswith("[ERROR] ") and message.endswith(" [json-pointer:/query]"), message
        assert "looks like a Python repr: pass json=… or json.dumps(value)" in message, message
    answer = form("teams.create", {"name": "R8", "user_ids": str(["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"])}).body
    assert "Python repr" in answer["response_metadata"]["messages"][0], answer


def test_r9_the_token_may_be_an_argument_and_team_id_is_dropped():
    bodies = [
        ("application/x-www-form-urlencoded", urllib.parse.urlencode({"token": TOKEN, "limit": 1, "team_id": "T1"}).encode()),
        ("application/json", json.dumps({"token": TOKEN, "limit": 1, "team_id": "T1"}).encode()),
    ]
    for kind, body in bodies:
        answer = send("/api/roles.list", body, {"Content-Type": kind})
        assert answer.body["ok"] and len(answer.body["data"]) == 1, answer.text
    assert send(f"/api/roles.list?token={TOKEN}&limit=1", b"").body["ok"]
    assert send("/api/roles.list", b"", {"Authorization": f"bEaReR {TOKEN}"}).body["ok"]
    # Node leaves a token in the body besides sending it as a header.
    assert form("roles.list", {"token": TOKEN, "limit": 1}).body["ok"]
    assert form("roles.list", {}, token=None).body["error"] == "not_authed"
    assert form("roles.list", {"token": "nonsense"}, token=None).body["error"] == "invalid_auth"
    # Where it means something, it stays.
    team = native("teams.list", limit=1)["data"][0]
    listed = form("conversations.list", {"team_id": team["id"]}).body
    assert listed["data"] == native("conversations.list", team_id=team["id"])["data"]


def test_r11_pages_have_what_sdks_ask_for():
    for limit in (1, 200, 1000):
        assert form("users.list", {"limit": limit}).body["ok"]
    assert form("users.list", {"limit": 1001}).body["errors"][0]["code"] == "too_large"


def test_r12_problems_are_pointers_and_messages():
    answer = form("teams.create", {"nmae": "x"}).body
    assert answer["error"] == "invalid_arguments"
    assert all(set(each) == {"pointer", "message", "code"} and all(isinstance(text, str) for text in each.values()) for each in answer["errors"])
    assert [(each["pointer"], each["code"]) for each in answer["errors"]] == [("/nmae", "unknown_field"), ("/name", "required")]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {each['message']} [json-pointer:{each['pointer']}]" for each in answer["errors"]]


def test_r13_what_is_deprecated_says_so(document):
    for path, item in document["paths"].items():
        if item["post"].get("deprecated"):
            answer = form(path[1:], {}).body
            assert "method_deprecated" in answer["warning"].split(","), (path, answer)
            assert "method_deprecated" in answer["response_metadata"]["warnings"]
            assert any(message.startswith("[WARN] ") for message in answer["response_metadata"]["messages"])


def test_r14_a_missing_scope_is_named(narrow_token):
    answer = form("teams.create", {"name": "R14"}, token=narrow_token)
    assert (answer.status, answer.body["error"]) == (200, "missing_scope")
    assert (answer.body["needed"], answer.body["provided"]) == ("teams:write", "teams:read")
    assert answer.headers["x-oauth-scopes"] == "teams:read"
    assert answer.headers["x-accepted-oauth-scopes"] == "teams:write"
    answer = form("teams.list", {}, token=narrow_token)
    assert (answer.body["ok"], answer.headers["x-oauth-scopes"], answer.headers["x-accepted-oauth-scopes"]) == (True, "teams:read", "teams:read")


def test_r15_auth_test_and_api_test():
    me = form("auth.test", {}).body
    assert me["ok"] and all(isinstance(me[name], str) for name in ("url", "team", "user", "team_id", "user_id")), me
    assert form("api.test", {"foo": "bar"}, token=None).body == {"ok": True, "args": {"foo": "bar"}}
    answer = form("api.test", {"error": "my_error", "foo": "bar"}, token=None).body
    assert (answer["ok"], answer["error"], answer["args"]["foo"]) == (False, "my_error", "bar")


def test_r17_nothing_is_redirected_and_large_answers_are_plain_json():
    assert send("/api/users.list/", b"", BEARER).status == 200
    answer = send("/api/users.list/", b"", BEARER)
    assert (answer.body["ok"], answer.body["error"]) == (False, "unknown_method")
    large = send("/api/api.methods", b"", BEARER | {"Accept-Encoding": "identity"})
    assert large.headers["content-type"] == JSON and large.headers["content-encoding"] is None


def multipart(fields, part):
    body = b"".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
    name, filename, kind, data = part
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
    return body + head.encode() + data + b"\r\n--b--\r\n"


def test_r18_a_file_where_none_belongs_is_refused():
    body = multipart({"name": "R18"}, ("description", "a.txt", "text/plain", b"hello"))
    answer = send("/api/teams.create", body, BEARER | {"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status, answer.body["error"]) == (200, "invalid_form_data"), answer.text


def test_a_replay_may_come_through_the_other_door():
    first = native("teams.create", name="Once", idempotency_key="door-1")
    second = form("teams.create", {"name": "Once", "idempotency_key": "door-1"}).body
    assert second == {"ok": True, **first}
    other = form("teams.create", {"name": "Twice", "idempotency_key": "door-1"}).body
    assert (other["ok"], other["error"]) == (False, "idempotency_key_reused")
