"""Renews what mail clients support: the data of caniemail.com (MIT, © 2019 HTeuMeuLeu), by npm's package `caniemail`.

npm pack caniemail && tar xzf caniemail-*.tgz
python -m tests.rendering.caniemail package/dist/data/caniemail.json 2.0.2
"""

import json
import sys
from pathlib import Path
from typing import Any

from services.rendering.mail_features import CLIENTS, DATA


def excerpt(everything: dict[str, Any], version: str) -> dict[str, Any]:
    """For each feature the last verdict of each of our clients: `y`, `n`, `a` (partly) or `u` (unknown), with notes."""
    features = {
        each["slug"]: {
            "verdicts": " ".join(_last(each["stats"], client) for client in CLIENTS),
            "notes": _notes(each),
        }
        for each in everything["data"]
        if each["category"] in ("css", "html", "image")
    }
    return {
        "source": f"https://www.caniemail.com, npm caniemail {version}; MIT License, (c) 2019 HTeuMeuLeu",
        "updated": everything["last_update_date"][:10],
        "clients": list(CLIENTS),
        "features": features,
    }


def _last(stats: dict[str, Any], client: str) -> str:
    family, platform = client.split(".")
    versions = stats.get(family, {}).get(platform, {})
    return str(list(versions.values())[-1]).replace(" ", "") if versions else "u"


def _notes(feature: dict[str, Any]) -> dict[str, str]:
    said = {f"#{number}" for client in CLIENTS for number in _last(feature["stats"], client).split("#")[1:]}
    return {number: note for number, note in (feature["notes_by_num"] or {}).items() if f"#{number}" in said}


if __name__ == "__main__":
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    made = json.dumps(excerpt(whole, sys.argv[2]), ensure_ascii=False, indent=1)
    DATA.write_text(made + "\n", encoding="utf-8")
