"""dotdesk through Slack's Python SDK: answers what came in by text message.

    pip install slack_sdk
    export DOTDESK_URL=http://127.0.0.1:8080 DOTDESK_TOKEN=dd_live_…
    python examples/with_slack_sdk.py

The SDK is what it is; only the base URL is another. Every method of dotdesk is called as `api_call("<resource>.<method>")`.
"""

import json
import os
import uuid

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler

desk = WebClient(
    token=os.environ["DOTDESK_TOKEN"],
    base_url=os.environ["DOTDESK_URL"] + "/api",
    # Waits as long as the server says when there were too many calls, and tries again when it was not well.
    retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=5), ServerErrorRetryHandler(max_retry_count=3)],
)

who = desk.auth_test()
print(f"{who['user']} of {who['team']}, at {who['url']}")

# Lists come page by page. Use params= for them, not json=: that is where the SDK puts the cursor of the next page.
members = []
for page in desk.api_call("users.list", params={"limit": 200, "fields": "id,name"}):
    members += page["data"]
print(f"{len(members)} users")

# Objects and lists among the arguments go with json=. A key makes it safe to send the same call again.
team = desk.api_call(
    "teams.create",
    json={
        "name": "Sms Customer Service",
        "query": {"conversations": "source:*sms AND unread_count:[1 TO *]"},
        "user_ids": [member["id"] for member in members[:2]],
        "idempotency_key": str(uuid.uuid4()),
    },
)
print(f"Team {team['name']}: {team['id']}")

# With params=, objects and lists are JSON in a text.
team = desk.api_call("teams.update", params={"id": team["id"], "query": json.dumps({"conversations": "source:*sms"})})

for page in desk.api_call("teams.listConversations", params={"id": team["id"], "limit": 50}):
    for conversation in page["data"]:
        sent = desk.api_call("messages.send", json={"conversation_id": conversation["id"], "text": "We are on it."})
        print(f"Answered #{conversation['number']}: {sent['id']}")

# What goes wrong has a code, and every wrong argument a place.
try:
    desk.api_call("teams.update", json={"id": team["id"], "nmae": "x"})
except SlackApiError as error:
    print(error.response["error"])
    for problem in error.response["errors"]:
        print(f"  {problem['pointer']}: {problem['message']}")

desk.api_call("teams.delete", params={"id": team["id"]})
