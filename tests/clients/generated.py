"""Walks the lists of a server with the Python client that openapi-generator made of openapi.json: generated.py FOLDER."""

import importlib
import os
import pkgutil
import sys

sys.path.insert(0, sys.argv[1])
import dotdesk_client
from dotdesk_client import models
from dotdesk_client.exceptions import BadRequestException, NotFoundException

for module in pkgutil.walk_packages(dotdesk_client.__path__, "dotdesk_client."):
    importlib.import_module(module.name)

client = dotdesk_client.ApiClient(
    dotdesk_client.Configuration(host=os.environ["DOTDESK_URL"], access_token=os.environ["DOTDESK_TOKEN"])
)
contacts, teams = dotdesk_client.ContactsApi(client), dotdesk_client.TeamsApi(client)


def walk(list_page, arguments, **more):
    seen, cursor = [], None
    while True:
        page = list_page(arguments(limit=2, cursor=cursor, **more))
        seen.extend(page.data)
        cursor = page.next_cursor
        if cursor is None:
            return seen
        assert len(page.data) == 2, "a page is full while there are more"


# Lists, walked page by page, are what one large page has.
for list_page, arguments in [
    (contacts.contacts_list, models.ContactsListArguments),
    (teams.teams_list, models.TeamsListArguments),
    (dotdesk_client.UsersApi(client).users_list, models.UsersListArguments),
    (dotdesk_client.RolesApi(client).roles_list, models.RolesListArguments),
    (dotdesk_client.ChannelsApi(client).channels_list, models.ChannelsListArguments),
    (dotdesk_client.ConversationsApi(client).conversations_list, models.ConversationsListArguments),
    (dotdesk_client.AuditApi(client).audit_list, models.AuditListArguments),
]:
    walked = [each.id for each in walk(list_page, arguments)]
    whole = [each.id for each in list_page(arguments(limit=1000)).data]
    assert walked == whole and len(whole) > 2, (list_page, walked, whole)

# An object is made, read, changed with its version, found by a query, and taken away.
contact = contacts.contacts_create(contacts_create_arguments=models.ContactsCreateArguments(name="Ada Byron", email="ada.byron@example.com", metadata={"a": [1, None]}))
assert contact.name == "Ada Byron" and contact.metadata == {"a": [1, None]} and contact.version == 1
read = contacts.contacts_info(models.ContactsInfoArguments(id=contact.id))
assert read == contact, (read, contact)
changed = contacts.contacts_update(contacts_update_arguments=models.ContactsUpdateArguments(id=contact.id, title="Countess", if_version=1))
assert (changed.title, changed.version) == ("Countess", 2)
found = walk(contacts.contacts_list, models.ContactsListArguments, filters='name:"Ada Byron"')
assert [each.id for each in found] == [contact.id]
assert contacts.contacts_delete(contacts_delete_arguments=models.ContactsDeleteArguments(id=contact.id)) is None

# Errors are the documented object.
try:
    contacts.contacts_info(models.ContactsInfoArguments(id="0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"))
    raise SystemExit("nothing was refused")
except NotFoundException as refused:
    assert (refused.data.error.type, refused.data.error.code) == ("not_found", "contact_not_found")
try:
    teams.teams_create(teams_create_arguments=models.TeamsCreateArguments(name="Query", query={"conversations": "source:[sms"}))
    raise SystemExit("nothing was refused")
except BadRequestException as refused:
    assert refused.data.error.errors[0].pointer == "/query/conversations", refused.data

print("The generated Python client works.")
