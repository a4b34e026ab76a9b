"""Which names and which values sound like secrets: what a report must hide, and what does not belong in plain text.

Hiding errs towards too much, warning towards too little; so whatever `names_secret` finds, `tells` finds too.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

TELLING: Final = (
    "password", "passwd", "passphrase", "pwd", "token", "secret", "credential",
    "apikey", "privatekey", "accesskey", "signingkey", "encryptionkey", "authkey", "tlskey", "kubeconfigcontent",
)  # fmt: skip
# Keys that sound secret but name the object that holds the secret.
NAMING: Final = frozenset({
    "secretname", "secretstore", "secretstoreref", "secretkeyref", "secretref", "externalsecrets",
    "passwordsecret", "existingsecret", "imagepullsecret", "imagepullsecrets",
})  # fmt: skip
# The last words of a name that holds the secret itself: `TOKEN_URL`, `SECRET_NAME` and `MAX_TOKENS` do not.
_LAST_WORDS: Final = frozenset(
    {"password", "passwd", "passphrase", "pass", "token", "secret", "credential", "credentials"}
)
_LAST_PAIRS: Final = frozenset({
    "apikey", "privatekey", "accesskey", "secretkey", "signingkey", "encryptionkey", "authkey", "keybase",
})  # fmt: skip
_WORD: Final = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+"
_HARMLESS: Final = (
    r"(?i:true|false|null|none|yes|no|on|off|enabled|disabled|required|optional|always|never|[-+.\d]*"
    r"|change[-_ ]?me\S*|replace[-_ ]?me\S*|todo|placeholder|dummy|example|redacted|(?:x{3,}|\*+|\.{3}|•+))"
)
# What is filled in elsewhere: `$(VAR)`, `${VAR}`, `{{ … }}`, `<path:…>`, `secret://…`, `vault:…`.
_FILLED_IN: Final = r"\$[({]|\{\{|<[^>]*>|%\(|(?:secret|config|ref)://|vault:"
_IN_ADDRESS: Final = r"[a-zA-Z][\w+.-]{0,40}://[^\s/:@]{0,200}:([^\s/@]{1,1000})@"
PRIVATE_KEY: Final = r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY-----"
# A line `name=value` or `"name": "value"`; what looks like code or structure is none. Repeats are bounded: hostile
# text must not take forever.
_SETTING: Final = (
    r"""[ \t]{0,200}(?:export[ \t]{1,9})?["']?([\w.-]{1,100})["']?[ \t]{0,40}[=:][ \t]{0,40}"""
    r"""["']?([^\s"',;{}\[\]()|>&*!@`%]{4,1000})["']?[ \t]{0,40}[,;]?[ \t]{0,40}(?:#.*)?$"""
)


def plain(key: str) -> str:
    """Return a key as it is compared: lower case, without what separates words."""
    return re.sub(r"[-_.\s]", "", key).lower()


def tells(key: str) -> bool:
    """Tell whether what stands under a `plain` key may be secret."""
    if key in NAMING or key.startswith("automount"):
        return False
    return key.endswith("pass") or any(word in key for word in TELLING)


def names_secret(name: str) -> bool:
    """Tell whether a variable or key is surely named after the secret that it holds: `DB_PASSWORD`, not `TOKEN_URL`."""
    words = [word.lower() for word in re.findall(_WORD, name[-200:])]
    if not words or not tells(plain(name)):
        return False
    return words[-1] in _LAST_WORDS or "".join(words[-2:]) in _LAST_PAIRS or words[-1] in _LAST_PAIRS


def reveals(name: str, value: str) -> bool:
    """Tell whether a value gives a secret away: by its name, or as an address or a text that holds one."""
    if names_secret(name) and "\n" not in value.strip():
        return _is_literal(value.strip())
    return holds_secret(value)


def holds_secret(text: str) -> bool:
    """Tell whether a text holds a private key, an address with a password, or a line that sets a secret."""
    if re.search(PRIVATE_KEY, text):
        return True
    if any(_is_literal(found.group(1)) for found in re.finditer(_IN_ADDRESS, text)):
        return True
    settings = (re.match(_SETTING, line) for line in text.splitlines())
    return any(found and _is_secret_setting(found.group(1), found.group(2)) for found in settings)


def _is_secret_setting(name: str, value: str) -> bool:
    # A bare `secret: NAME` mostly refers to a Secret.
    return plain(name) not in ("secret", plain(value)) and names_secret(name) and _is_literal(value)


def _is_literal(value: str) -> bool:
    """Tell whether a value under a secret's name is the secret: no switch, number, path, address or placeholder."""
    if re.fullmatch(_HARMLESS, value) or re.match(_FILLED_IN, value):
        return False
    return not value.startswith(("/", "./", "../", "file:")) and (
        "://" not in value or bool(re.match(_IN_ADDRESS, value))
    )
