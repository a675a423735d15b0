"""What the suites share: the server that .ci/with-server has started, asked natively and as it stands on the wire."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import pytest

URL = os.environ["DOTDESK_URL"]
TOKEN = os.environ["DOTDESK_TOKEN"]


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        self.body = json.loads(text) if text else None


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def send(path, body=b"", headers=None, verb="POST"):
    """One request, byte for byte; every answer comes back, whatever its status."""
    request = urllib.request.Request(f"{URL}{path}", body, headers or {}, method=verb)
    if not any(name.lower() == "content-type" for name in headers or {}):
        # urllib would call it a form.
        request.add_unredirected_header("Content-type", "")
    try:
        with urllib.request.build_opener(NoRedirects).open(request) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.headers, answer.read().decode())


def form(method, fields, token=TOKEN):
    """One call with a form, as the SDKs send it; `fields` are pairs or a dictionary."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return send(f"/api/{method}", urllib.parse.urlencode(fields).encode(), headers)


def native(method, token=TOKEN, **arguments):
    """One call as dotdesk has it."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    answer = send(f"/{method}", json.dumps(arguments).encode(), headers)
    assert answer.status < 300, answer.text
    return answer.body


@pytest.fixture(scope="session")
def document():
    with urllib.request.urlopen(f"{URL}/openapi.json") as answer:
        return json.load(answer)


@pytest.fixture
def narrow_token():
    """A key that may read teams and nothing else."""
    return native("apiKeys.create", name="Narrow", scopes=["teams:read"])["secret"]
