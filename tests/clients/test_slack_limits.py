"""R10: a server with a small rate limit, and the SDKs' own handlers. Every test waits for the limit of the one before to pass."""

import time

import pytest
from conftest import TOKEN, URL, form
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient


def use_up():
    """Calls until it is too often."""
    for _ in range(200):
        answer = form("teams.list", {"limit": 1})
        if answer.status != 200:
            return answer
    raise AssertionError("the limit was never reached")


def test_r10_too_often_is_429_with_whole_seconds():
    answer = use_up()
    assert (answer.status, answer.body["ok"], answer.body["error"]) == (429, False, "ratelimited")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["retry-after"].isdecimal() and 1 <= int(answer.headers["retry-after"]) <= 60


def test_r10_without_a_handler_it_is_an_error():
    use_up()
    with pytest.raises(SlackApiError) as refused:
        WebClient(token=TOKEN, base_url=f"{URL}/api").api_call("teams.list")
    assert (refused.value.response["error"], refused.value.response.status_code) == ("ratelimited", 429)
    assert int(refused.value.response.headers["Retry-After"]) >= 1


def test_r10_the_handler_waits_and_succeeds():
    client = WebClient(token=TOKEN, base_url=f"{URL}/api", retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=5)])
    use_up()
    began = time.monotonic()
    assert client.api_call("teams.list", params={"limit": 1})["ok"]
    assert time.monotonic() - began >= 1


@pytest.mark.asyncio
async def test_r10_the_async_handler_waits_and_succeeds():
    handler: AsyncRetryHandler = AsyncRateLimitErrorRetryHandler(max_retry_count=5)
    client = AsyncWebClient(token=TOKEN, base_url=f"{URL}/api", retry_handlers=[handler])
    use_up()
    began = time.monotonic()
    assert (await client.api_call("teams.list", params={"limit": 1}))["ok"]
    assert time.monotonic() - began >= 1
