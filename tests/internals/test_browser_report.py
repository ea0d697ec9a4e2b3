"""The pages of `skgan-resample compare` in a real browser: headless Chromium, driven by the DevTools protocol."""

import json
import os
import re
import select
import shutil
import subprocess
import time
from itertools import pairwise

import pytest
from _reports import write_all

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-extensions", "--hide-scrollbars"]
TASKS = ("regression", "classification", "robustness")
PATIENCE = 60  # seconds for one answer: the machine may be busy

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


class Browser:
    """Chromium on the other end of two pipes: one JSON message, one zero byte."""

    def __init__(self, profile):
        read_end, self.sending = os.pipe()
        self.receiving, write_end = os.pipe()
        command = f'exec "$@" 3<&{read_end} 4>&{write_end}'
        program = [CHROMIUM, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", command, "bash", *program],
            pass_fds=(read_end, write_end),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_end)
        os.close(write_end)
        self.buffer, self.n_sent, self.events = b"", 0, []

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.sending)
        os.close(self.receiving)

    def send(self, method, session=None, **params):
        """Send a command and return its result; events that come meanwhile are kept."""
        self.n_sent += 1
        message = {"id": self.n_sent, "method": method, "params": params}
        message |= {} if session is None else {"sessionId": session}
        os.write(self.sending, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.n_sent:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.receiving], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "Chromium does not answer."
            found = os.read(self.receiving, 1 << 20)
            assert found, "Chromium has ended."
            self.buffer += found
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)


class Page:
    """One tab."""

    def __init__(self, browser):
        self.browser = browser
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        browser.events.clear()

    def send(self, method, **params):
        return self.browser.send(method, self.session, **params)

    def open(self, folder, *, width=1300, height=900):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Page.navigate", url=(folder / "index.html").as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.browser.events):
            self.browser.events.append(self.browser.receive())
        return self

    def run(self, script):
        """Return the value of an expression on the page, as JSON."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def events(self, method):
        return [event["params"] for event in self.browser.events if event["method"] == method]

    def rows(self):
        """Return the rows of the table that can be sorted, as the texts of their cells."""
        return self.run(
            "[...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim()))"
        )


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium = Browser(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser):
    tab = Page(browser)
    yield tab
    browser.send("Target.closeTarget", targetId=tab.target)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("reports"))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.slow
def test_a_page_loads_whole_and_silently(page, reports, task):
    page.open(reports[task])
    pictures = page.run("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt.length])")
    assert len(pictures) == {"regression": 3, "classification": 1, "robustness": 1}[task]
    assert all(is_complete and width > 300 and n_letters > 60 for is_complete, width, n_letters in pictures)
    requested = [event["request"]["url"] for event in page.events("Network.requestWillBeSent")]
    assert len(requested) == 1 + len(pictures)
    assert all(url.startswith(("data:image/png", "file:")) for url in requested)
    assert not page.events("Runtime.exceptionThrown")
    assert not page.events("Runtime.consoleAPICalled")
    assert not page.events("Log.entryAdded")
    assert page.run("window.hacked === undefined && document.scripts.length === 1")
    assert page.run("document.querySelectorAll('code > *, figcaption > *, li > *').length") == 0  # names stay text


def first_number(text):
    """Return the number that a cell begins with; None for a cell without."""
    found = re.match(r"[<+-]?\d[\d.]*|-\d[\d.]*", text)
    return None if found is None else float(found.group().lstrip("<"))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.slow
def test_columns_are_sorted_as_numbers_in_both_directions(page, reports, task):
    page.open(reports[task])
    before = page.rows()
    last = page.run("[...document.querySelectorAll('tfoot tr')].map(r => r.innerText)")
    for j in range(len(before[0])):
        for direction in ("ascending", "descending"):
            page.run(f"document.querySelectorAll('thead button')[{j}].click()")
            shown = page.run("[...document.querySelectorAll('thead th')].map(h => h.getAttribute('aria-sort'))")
            assert shown == [direction if i == j else None for i in range(len(before[0]))]
            column = [row[j] for row in page.rows()]
            assert sorted(page.rows()) == sorted(before)  # whole rows move, none is lost
            if j == 0:
                assert column == sorted(column, reverse=direction == "descending")
                continue
            numbers = [first_number(text) for text in column]
            seen = [number for number in numbers if number is not None]
            assert numbers == sorted(seen, reverse=direction == "descending") + [None] * (len(numbers) - len(seen))
    seconds = [float(row[before_index(page, "seconds")]) for row in page.rows()]
    assert {9.0, 10.0, 100.0} <= set(seconds)  # text would be sorted otherwise
    assert last == page.run("[...document.querySelectorAll('tfoot tr')].map(r => r.innerText)")


def before_index(page, name):
    return page.run("[...document.querySelectorAll('thead th')].map(h => h.innerText.trim())").index(name)


def test_columns_are_sorted_by_keyboard(page, reports):
    page.open(reports["regression"])
    assert page.run("document.querySelector('thead button').innerText") == "method"
    page.run("document.querySelector('.scroll').focus()")
    page.press("Tab", 9)  # from the table's region to its first button
    page.press("Tab", 9)
    assert page.run("document.activeElement.innerText") == "SERA ratio"
    page.press("Enter", 13)
    assert page.rows()[0][0].startswith("smogn")
    page.press("Enter", 13)
    assert page.rows()[-1][0].startswith("smogn")


@pytest.mark.parametrize("task", TASKS)
def test_nothing_but_the_table_is_wider_than_a_phone(page, reports, task):
    page.open(reports[task], width=420, height=800)
    assert page.run("document.documentElement.scrollWidth") == 420
    assert page.run("document.querySelector('.scroll').scrollWidth > 420")  # so it scrolls within its own region
    page.run("document.querySelector('.scroll').scrollLeft = 500")
    left = "document.querySelector('tbody tr').cells[0].getBoundingClientRect().left"
    assert 0 <= page.run(left) < 30  # the names stay


def test_the_header_stays_while_rows_scroll(page, reports):
    page.open(reports["regression"], height=300)
    gap = (
        "document.querySelectorAll('thead th')[1].getBoundingClientRect().top"
        " - document.querySelector('.scroll').getBoundingClientRect().top"
    )
    page.run("document.querySelector('.scroll').scrollTop = 80")
    assert page.run("document.querySelector('.scroll').scrollTop") > 40
    assert 0 <= page.run(gap) < 3


@pytest.mark.parametrize("task", TASKS)
def test_headings_captions_and_scopes(page, reports, task):
    page.open(reports[task])
    levels = page.run("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("document.querySelectorAll('table').length") == 1
    assert page.run("document.querySelector('caption').innerText.length > 30")
    scopes = page.run("[...document.querySelectorAll('th')].map(h => h.scope)")
    n_rows, n_columns = len(page.rows()), len(page.rows()[0])
    n_last = page.run("document.querySelectorAll('tfoot tr').length")
    assert scopes == ["col"] * n_columns + ["row"] * (n_rows + n_last)
    badges = page.run("[...document.querySelectorAll('.badge')].map(b => b.closest('tr').cells[0].innerText)")
    assert [badge.split()[0] for badge in badges] == [
        {"regression": "smogn", "classification": "smote"}.get(task, "at")
    ]


CONTRAST = """
(() => {
  const light = c => c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = c => { const [r, g, b] = light(c); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    let behind = element;
    while (behind && numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const back = behind ? numbers(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
    const [a, b] = [numbers(getComputedStyle(element).color), back].map(c => luminance(c.slice(0, 3)));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([walker.currentNode.data.trim().slice(0, 40), ratio]);
  }
  return found;
})()
"""


@pytest.mark.parametrize("task", TASKS)
def test_all_text_stands_out_from_its_background(page, reports, task):
    assert page.open(reports[task]).run(CONTRAST) == []


@pytest.mark.parametrize("task", TASKS)
def test_without_scripts_everything_can_be_read(page, reports, task):
    rows = page.open(reports[task]).rows()
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.browser.events.clear()
    page.open(reports[task])
    assert page.rows() == rows
    assert page.run("document.querySelectorAll('button').length") == 0
    assert page.run("document.querySelector('pre').innerText.includes('import numpy as np')")


def test_no_other_script_style_or_request_is_allowed(page, reports):
    page.open(reports["regression"])
    page.run("""(() => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "https://example.invalid/x.png";
        document.body.append(image);
        document.body.insertAdjacentHTML("beforeend", "<b id=styled style='color: rgb(1, 2, 3)' onclick='hacked = 2'>");
        document.getElementById("styled").click();
    })()""")
    assert page.run("fetch('https://example.invalid').then(() => 'fetched', () => 'refused')") == "refused"
    assert page.run("window.hacked") is None
    assert page.run("getComputedStyle(document.getElementById('styled')).color") != "rgb(1, 2, 3)"
    refused = [event["entry"]["text"] for event in page.events("Log.entryAdded")]
    assert sum("Content Security Policy" in text for text in refused) >= 4


@pytest.mark.parametrize("task", TASKS)
def test_a_printed_table_is_not_cut(page, reports, task):
    page.open(reports[task], width=718)  # A4 between margins
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.run("document.querySelector('table').scrollWidth") <= 718
    assert page.run("document.documentElement.scrollWidth") <= 718
    assert page.run("getComputedStyle(document.querySelector('.copy')).display") == "none"


def test_the_code_is_copied_whole(page, reports):
    page.open(reports["regression"])
    page.run("document.querySelector('.copy').click()")
    code = (reports["regression"] / "pipeline.py").read_text()
    assert page.run("getSelection().toString()").strip() == code.strip()
    assert page.run("document.querySelector('pre').textContent") == code
