"""What schemathesis cannot know by itself: which objects there are, what would end the run, and which refusals contradict the document."""

import json
import os
import threading
import urllib.error
import urllib.request
import zlib

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

URL = os.environ["DOTDESK_URL"]
TOKEN = os.environ["DOTDESK_TOKEN"]

# Refusals that speak of the form of the arguments alone. A body that fits the schema is never refused so.
SHAPE = {"unknown_field", "wrong_type", "not_nullable", "too_long", "too_many_items", "too_large"}

# What may stand there depends on the fields that somebody has set up, and for a default on the field's own type.
AS_SET_UP = ("/custom_fields/", "/default", "/set/custom_fields/")

# How many methods have answered with success in the end; the rest need what nobody can make up, such as a token out of a mail, or
# an object in a state in which few are. A run in which methods are only ever refused would show little of them.
DONE_AT_LEAST = 190


def call(method, arguments):
    request = urllib.request.Request(
        f"{URL}/{method}",
        json.dumps(arguments).encode(),
        {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


class Objects:
    """The ids of what there is, by resource: what was there at the start, and what the run has made."""

    # The key that the run itself goes by must not be taken away.
    KEEP_OUT = {"apiKeys"}

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}
        with urllib.request.urlopen(f"{URL}/openapi.json") as answer:
            self.paths = json.load(answer)["paths"]
        for path, item in self.paths.items():
            resource, _, verb = path[1:].rpartition(".")
            schema = self.arguments(path[1:])
            if verb == "list" and not schema.get("required") and resource not in self.KEEP_OUT:
                for each in call(path[1:], {"limit": 50})["data"]:
                    self.add(path[1:], each)

    def make_more(self):
        """Calls what makes something, with its example, so that there is something of everything; what refers to others, last."""
        for number in range(3):
            for path, item in self.paths.items():
                resource, _, verb = path[1:].rpartition(".")
                if item["post"]["x-kind"] == "write" and verb.startswith(("create", "receive", "send", "request", "add", "draft")):
                    example = item["post"]["requestBody"]["content"]["application/json"].get("example", {})
                    try:
                        self.add(path[1:], call(path[1:], fill(example, "", resource, number + 1)))
                    except urllib.error.HTTPError:
                        pass  # refused: then the run will say whether it ever succeeds

    def arguments(self, method):
        return self.paths[f"/{method}"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    def add(self, method, each):
        """An object that a method has answered with: by its type, so that a job is a job whichever method began it."""
        resource = method.rpartition(".")[0]
        answers = self.paths[f"/{method}"]["post"]["responses"]
        success = next(iter(answers.values())).get("content", {}).get("application/json", {})
        kind = success.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if kind:
            kind = plural([kind[0].lower() + kind[1:]])
            resource = kind if f"/{kind}.info" in self.paths else resource
        if isinstance(each, dict) and isinstance(each.get("id"), str):
            with self.lock:
                self.known.setdefault(resource, []).append(each["id"])

    def pick(self, resource, number):
        with self.lock:
            ids = self.known.get(resource)
            # The newest ones too: what was there at the start may be gone by now.
            return ids[-1 - number % min(len(ids), 20)] if ids else None

    def resource_of(self, field, own):
        """`owner_user_id` is about users, `id` and `destination_id` about what the method is about."""
        words = field.removesuffix("_ids").removesuffix("_id").split("_")
        while words and field != "id":
            for name in (plural(words), words[0] + "".join(word.capitalize() for word in words[1:])):
                if name in self.known:
                    return name
            words.pop(0)
        return own


def plural(words):
    name = words[0] + "".join(word.capitalize() for word in words[1:])
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


OBJECTS = Objects()


def fill(value, field, own, number):
    """The same arguments with ids of objects that are there, and with addresses that lead no further than this machine."""
    if isinstance(value, dict):
        return {name: fill(each, name, own, number) for name, each in value.items()}
    if isinstance(value, list):
        return [fill(each, field, own, number + at) for at, each in enumerate(value)]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        # The one is fetched, what is posted to the other is answered.
        return f"{URL}/health" if field == "source_url" else f"{URL}/api.test"
    is_id = field == "id" or field.endswith(("_id", "_ids"))
    if is_id and isinstance(value, str) and len(value) == 36 and number % 8 != 0:
        return OBJECTS.pick(OBJECTS.resource_of(field, own), number) or value
    return value


OBJECTS.make_more()


@schemathesis.hook
def before_call(context, case, kwargs):
    if not isinstance(case.body, dict):
        return
    method = case.path[1:]
    number = zlib.crc32(case.id.encode())
    body = fill(case.body, "", method.rpartition(".")[0], number)
    is_negative = case.meta is not None and case.meta.generation.mode.is_negative
    if not is_negative:
        # Two calls with one key are one call, or refused; and the header and the argument are one key.
        if isinstance(body.get("idempotency_key"), str):
            body["idempotency_key"] = case.id
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = case.id
        # The objects of the answer have then these fields only, which a schema of the answer cannot say.
        if "cursor" in OBJECTS.arguments(method).get("properties", {}):
            body.pop("fields", None)
        # Versions are small numbers; with any other the write is not tried.
        case.headers.pop("If-Match", None)
        body.pop("if_version", None)
    if isinstance(body.get("wait_seconds"), int):
        body["wait_seconds"] = min(body["wait_seconds"], 0)
    if method == "events.stream" and not is_negative:
        body["after"] = "0"
        body.pop("types", None)
        body.pop("query", None)
    case.body = body


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code in (200, 202):
        try:
            OBJECTS.add(case.path[1:], response.json())
        except ValueError:
            pass


def may_be_null(schema):
    kinds = schema.get("type", [])
    return "null" in kinds or any(choice.get("type") == "null" for choice in schema.get("anyOf", []))


@schemathesis.check
def accepted_without_fitting(context, response, case):
    """What does not fit the schema is refused; but an empty text clears what may be null, since forms cannot send null."""
    if isinstance(case.body, dict):
        properties = OBJECTS.arguments(case.path[1:]).get("properties", {})
        if any(value == "" and may_be_null(properties.get(name, {})) for name, value in case.body.items()):
            return None
    return negative_data_rejection(context, response, case)


@schemathesis.check
def refused_for_its_shape(context, response, case):
    """Arguments that fit the schema are not refused for their form."""
    if response.status_code != 400 or case.meta is None or case.meta.generation.mode.is_negative:
        return
    wrong = [
        each
        for each in response.json()["error"].get("errors", [])
        if each["code"] in SHAPE and not each["pointer"].startswith(AS_SET_UP)
    ]
    if wrong:
        raise AssertionError(f"the document allows what the server refuses: {wrong}")


@schemathesis.check
class MethodsAreDone:
    """Most methods are not only ever refused."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tried = set()
        self.done = set()

    def after_response(self, context, response, case):
        if response.request.method == "POST":
            with self.lock:
                self.tried.add(case.path[1:])
                if response.status_code < 300:
                    self.done.add(case.path[1:])

    def after_run(self, context):
        print(f"{len(self.done)} of {len(self.tried)} methods have answered with success")
        if len(self.tried) == len(OBJECTS.paths) and len(self.done) < DONE_AT_LEAST:
            raise AssertionError(f"never answered with success: {', '.join(sorted(self.tried - self.done))}")
