"""A tripwire in a page: whatever hostile words could make a browser do, if any of it is done, a test fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Dialog, Page

# Set before the page's own scripts. Every tree is watched from its making on, open shadow roots too; `armed` leaves out
# what the page itself adds while it loads.
WIRES = """(() => {
  const tripped = window.tripped = [];
  let isArmed = false;
  window.arm = () => { isArmed = true; };
  const trip = what => { if (isArmed) tripped.push(String(what).slice(0, 300)); };
  for (const name of ["alert", "confirm", "prompt", "print", "open"])
    window[name] = (...given) => trip(`${name}(${given})`);
  for (const name of ["hacked", "HACKED", "Zq7"])
    Object.defineProperty(window, name, { set: value => trip(`${name} = ${value}`), get: () => undefined });
  document.addEventListener("securitypolicyviolation", event => trip(`${event.violatedDirective} ${event.blockedURI}`));
  const THINGS = "script, iframe, frame, frameset, object, embed, applet, base, img, image, video, audio, portal, meta";
  const ADDRESSES = ["href", "src", "action", "formaction", "xlink:href", "data", "srcdoc", "poster", "background"];
  const CODE = /^[\\s\\u0000-\\u0020]*(javascript|vbscript|data:text\\/html)/i;
  const look = element => {
    if (element.matches(THINGS)) trip(element.outerHTML);
    if (element.matches("style, link") && /Zq7|evil/.test(element.outerHTML)) trip(element.outerHTML);
    for (const { name, value } of element.attributes) {
      const isAddress = ADDRESSES.includes(name.toLowerCase());
      if (/^on/i.test(name) || (isAddress && (CODE.test(value) || /Zq7|evil\\./.test(value)))) trip(element.outerHTML);
    }
  };
  const watch = root => new MutationObserver(changes => {
    for (const { type, target, addedNodes } of changes) {
      const changed = type === "attributes" ? [target] : [...addedNodes].filter(node => node.nodeType === 1);
      for (const element of changed) [element, ...element.querySelectorAll("*")].forEach(look);
    }
  }).observe(root, { childList: true, subtree: true, attributes: true });
  watch(document);
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, { ...options, mode: "open" });
    watch(root);
    return root;
  };
})()"""


@contextmanager
def guarded(page: Page, address: str) -> Iterator[list[str]]:
    """A page whose tripwire is set before it is loaded: call `arm()` in it once it stands. At the end, nothing tripped.

    Gives what is seen from outside: dialogs, errors, pages that were opened, requests to anybody but the server.
    """
    done: list[str] = []

    def refuse(dialog: Dialog) -> None:
        done.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def is_left(url: str) -> bool:
        return not url.startswith((address, "data:", "blob:", "about:blank"))

    page.on("dialog", refuse)
    page.on("pageerror", lambda error: done.append(f"error {error}"))
    page.on("popup", lambda opened: done.append(f"page {opened.url}"))
    page.on("framenavigated", lambda frame: done.append(f"left for {frame.url}") if is_left(frame.url) else None)
    page.on("request", lambda sent: done.append(f"request {sent.url}") if is_left(sent.url) else None)
    page.add_init_script(WIRES)
    yield done
    assert page.evaluate("tripped") == []
    assert done == []
