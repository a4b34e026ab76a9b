"""Keeps one comment on a pull request up to date: comment.py REPORT EXIT_CODE BASE HEAD, called by run.sh.

It speaks GraphQL, which tells whether a comment is our own: anyone can write one that begins as ours does.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.request
import zlib
from pathlib import Path
from typing import Any, Final

FIND: Final = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id
      comments(first: 100, after: $after) {
        nodes { id viewerDidAuthor body }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
ADD: Final = """
mutation($subject: ID!, $body: String!) {
  addComment(input: {subjectId: $subject, body: $body}) { clientMutationId }
}"""
UPDATE: Final = """
mutation($comment: ID!, $body: String!) {
  updateIssueComment(input: {id: $comment, body: $body}) { clientMutationId }
}"""
SECONDS: Final = 30
DIFFERENT: Final = "4"


def ask(query: str, **variables: str | int | None) -> Any:  # Any: JSON of GitHub's
    """Return the data that a query or a mutation answers with.

    Raises:
        OSError: when there is no answer, or GitHub refuses.
    """
    request = urllib.request.Request(  # noqa: S310 - the runner says where GitHub is
        os.environ["GITHUB_GRAPHQL_URL"],
        data=json.dumps({"query": query, "variables": variables}).encode(),
        headers={"Authorization": f"Bearer {os.environ['KR_TOKEN']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
        found = json.load(answer)
    if found.get("errors"):
        raise OSError("; ".join(str(each.get("message")) for each in found["errors"]))
    return found["data"]


def find(marker: str) -> tuple[str, str | None]:
    """Return the ids of the pull request and of our comment there, if it has one."""
    owner, _, name = os.environ["GITHUB_REPOSITORY"].partition("/")
    number = int(os.environ["KR_PULL_REQUEST"])
    after: str | None = None
    while True:
        request = ask(FIND, owner=owner, name=name, number=number, after=after)["repository"]["pullRequest"]
        for comment in request["comments"]["nodes"]:
            if comment["viewerDidAuthor"] and comment["body"].startswith(marker):
                return request["id"], comment["id"]
        if not request["comments"]["pageInfo"]["hasNextPage"]:
            return request["id"], None
        after = request["comments"]["pageInfo"]["endCursor"]


def main(report: str, exit_code: str, base: str, head: str) -> None:
    """Write the comment; where nothing differs none is begun, but one that is there is told so."""
    # Jobs that compare other stacks have comments of their own.
    scope = zlib.crc32(
        "\0".join(os.environ[key] for key in ("KR_FOLDER", "KR_STACKS", "KR_OPTIONS")).encode(errors="replace")
    )
    marker = f"<!-- kusion-render diff {scope:08x} -->"
    text = Path(report).read_text(encoding="utf-8").strip() or "No manifest changes."
    body = f"{marker}\n{text}\n\n<sub>{base[:7]} → {head[:7]}</sub>\n"
    request, comment = find(marker)
    if comment is not None:
        ask(UPDATE, comment=comment, body=body)
    elif exit_code == DIFFERENT:
        ask(ADD, subject=request, body=body)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, http.client.HTTPException) as error:
        # A pull request from a fork has a token that may only read. The report stands in the summary all the same.
        said = str(error).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        sys.stdout.write(f"::warning::the comment on the pull request was not written: {said}\n")
