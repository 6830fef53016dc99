"""A page that plays a run without a kernel: one HTML file, with the same front end, and all that it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from freepages.lab.front_end import script, style

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{margin:0;background:var(--jp-layout-color0)}}body{light}body[data-jp-theme-light=false]{dark}
{style}</style>
<body><div id="here"></div><pre id="words">{words}</pre>
<script id="kept" type="application/json">{kept}</script>
<script type="module">
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = light => document.body.dataset.jpThemeLight = light;
dark.addEventListener("change", () => theme(!dark.matches));
theme(!dark.matches);
// A page around this one may have a theme of its own.
addEventListener("message", told => typeof told.data?.light === "boolean" && theme(told.data.light));
document.getElementById("words").remove();
{script}
open(JSON.parse(document.getElementById("kept").textContent), document.getElementById("here"));
</script>
"""
COLOURS = {
    "light": "{--jp-layout-color0:#fff;--jp-layout-color2:#eee;--jp-border-color1:#bdbdbd;"
    "--jp-border-color2:#ddd;--jp-ui-font-color1:#1f1f1f;--jp-ui-font-color2:#616161;--jp-ui-font-color3:#767676;"
    "--jp-content-font-color1:#1f1f1f}",
    "dark": "{--jp-layout-color0:#111;--jp-layout-color2:#303030;--jp-border-color1:#757575;"
    "--jp-border-color2:#555;--jp-ui-font-color1:#f2f2f2;--jp-ui-font-color2:#b8b8b8;--jp-ui-font-color3:#999;"
    "--jp-content-font-color1:#f2f2f2;--jp-mirror-editor-keyword-color:#4caf50;"
    "--jp-mirror-editor-string-color:#ff7070;--jp-mirror-editor-def-color:#6cb2ff;"
    "--jp-mirror-editor-comment-color:#8fb8b8;--jp-mirror-editor-number-color:#66bb6a}",
}


def page(title: str, words: str, kept: Mapping[str, Any]) -> str:
    """An HTML page that needs nothing else, with the front end and all that it shows.

    `words` is what stands there without JavaScript.
    """
    data = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return PAGE.format(
        title=escape(title), words=escape(words), style=style(), script=script(), kept=data, **COLOURS
    )
