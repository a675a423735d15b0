"""Prints a page of the server that .ci/with-server has started: fetch.py NAME."""

import os
import sys
import urllib.request

with urllib.request.urlopen(f"{os.environ['DOTDESK_URL']}/{sys.argv[1]}") as answer:
    sys.stdout.buffer.write(answer.read())
