/* The chat on the clinic's site: a launcher and a panel in a shadow root. One file, no library, no build step. It works under a
   strict Content-Security-Policy: the style sheet is constructed, and every node is made by createElement and textContent.
   Nothing is asked of the server before the panel is opened, and nobody's words are sent or kept before they agree. */
(() => {
  "use strict";

  const FIRST = "{first}"; // the server fills in what is needed before it is asked anything: a few texts and the clinic
  const SCRIPT = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  if (!SCRIPT || customElements.get("clinic-chat")) return;

  const SERVER = new URL(".", SCRIPT.src);
  const SET = SCRIPT.dataset;
  const KEPT = `clinic-chat ${SERVER}`;
  const WAITS_S = [1, 2, 4, 8, 16]; // before each retry; then the person is told
  const SILENCE_S = 60; // a connection that says nothing for so long is dropped
  const MAX_EARLIER = 6; // what the server reads
  const MAX_EXCHANGES = 20; // of a conversation that is sent to the clinic, and
  const MAX_EXCHANGE = 2000; // characters of each answer in it: the server takes 64 kB
  const LEVELS = ["emergency", "same_day", "soon"]; // most urgent first
  const REASONS = {
    wrong: "reason_wrong",
    unclear: "reason_unclear",
    incomplete: "reason_incomplete",
    outdated: "reason_outdated",
    other: "reason_other",
  };
  const KINDS = { clinic: "kind_clinic", vendor: "kind_vendor", clinical: "kind_clinical" };
  const SMALL = matchMedia("(max-width: 30em), (max-height: 25em)"); // there the panel fills the screen, and is modal
  const IS_TOUCHED = matchMedia("(pointer: coarse)"); // focus in a text box would bring up the keyboard

  const STYLES = `
:host { all: initial !important; }
.root { all: initial; direction: ltr; color-scheme: light dark; font: 1em/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  --back: #fff; --text: #1b1f24; --muted: #4b5563; --soft: #f0f3f6; --line: #6b7480; --link: #0b57a4; --ring: #1d4ed8;
  --warn: #b45309; --warn-back: #fff6e9; --accent: #0f766e; --on: #fff; color: var(--text); }
.root[dir=rtl] { direction: rtl; }
@media (prefers-color-scheme: dark) { .root { --back: #14181d; --text: #f1f4f7; --muted: #b9c2cd; --soft: #222931;
  --line: #8591a0; --link: #93c8ff; --ring: #93c8ff; --warn: #f5a742; --warn-back: #33260f; } }
*, *::before { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, h3, p, ul { margin: 0; }
button, textarea, input, select { font: inherit; color: inherit; }
button { min-height: 2.25em; padding: .25em .8em; border: 1px solid var(--line); border-radius: .5em; background: var(--back);
  cursor: pointer; text-align: start; }
button:hover { text-decoration: underline; }
button.primary, .launcher, .header { background: var(--accent); color: var(--on); border-color: transparent; }
button.primary { font-weight: 600; }
button[aria-pressed=true] { background: var(--text); color: var(--back); }
a { color: var(--link); }
a[href^="tel:"] { white-space: nowrap; }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.launcher { position: fixed; z-index: 2147483647; bottom: 1em; inset-inline-end: 1em; max-width: calc(100vw - 2em);
  min-height: 3em; padding: .6em 1.2em; border: 2px solid var(--on); border-radius: 2em; font-weight: 600;
  box-shadow: 0 2px 12px rgb(0 0 0 / .35); }
.launcher:focus-visible { outline: 3px solid #fff; outline-offset: 0; box-shadow: 0 0 0 6px #000; }
dialog { position: fixed; z-index: 2147483647; inset: auto; bottom: 1em; inset-inline-end: 1em; margin: 0; padding: 0;
  width: min(26em, calc(100vw - 2em)); height: min(42em, calc(100dvh - 2em)); max-width: none; max-height: none;
  color: var(--text); background: var(--back); border: 1px solid var(--line); border-radius: .9em; overflow: clip;
  box-shadow: 0 6px 32px rgb(0 0 0 / .35); overscroll-behavior: contain; }
.left .launcher, .left dialog { inset-inline: auto; left: 1em; right: auto; }
.right .launcher, .right dialog { inset-inline: auto; left: auto; right: 1em; }
dialog[open] { display: flex; flex-direction: column; }
dialog:modal { inset: 0; top: var(--top, 0); width: 100vw; height: var(--height, 100dvh); border: 0; border-radius: 0; }
dialog::backdrop { background: var(--back); }
.header { display: flex; align-items: center; gap: .5em; padding: .5em .5em .5em 1em; padding-inline: 1em .5em; }
.header h2 { flex: 1; font-size: 1.1em; line-height: 1.3; font-weight: 650; overflow-wrap: anywhere; }
[tabindex="-1"]:focus { outline: 0; }
.header button { background: transparent; color: inherit; border-color: currentColor; font-size: .9em; }
.header :focus-visible { outline-color: currentColor; }
.contact { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1em; padding: .3em 1em; background: var(--soft);
  border-bottom: 1px solid var(--line); font-size: .9em; }
.contact a { font-weight: 600; display: inline-block; padding: .2em 0; }
.contact span { padding: .2em 0; }
.broken { padding: .5em 1em; background: #b91c1c; color: #fff; font-weight: 700; }
.pinned, .now { font-weight: 700; color: #fff; background: var(--level, #b91c1c); white-space: pre-line; }
.pinned { padding: .5em 1em; max-height: 30%; overflow-y: auto; flex: none; }
.emergency { --level: #b91c1c; } .same_day { --level: #92400e; } .soon { --level: #1d4ed8; }
.pinned a, .now a { display: inline-block; padding: 0 .6em; border-radius: .4em; background: #fff; color: var(--level, #b91c1c); }
.pinned:focus-visible, .pinned :focus-visible, .now :focus-visible { outline-color: #fff; box-shadow: 0 0 0 5px #000; }
.main { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.scroll { position: relative; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1em; display: flex;
  flex-direction: column; gap: .9em; overflow-wrap: anywhere; }
.scroll:focus-visible { outline-offset: -3px; }
.scroll > * { flex: none; }
h3 { font-size: 1em; }
.turn, .answer, .form { display: flex; flex-direction: column; gap: .6em; }
.asked { align-self: flex-end; max-width: 90%; padding: .4em .8em; border-radius: .9em; background: var(--accent);
  color: var(--on); white-space: pre-line; unicode-bidi: isolate; }
.answer p, .section, .greeting { white-space: pre-line; }
.about, .worse, .disputed { font-weight: 650; }
.dispute { padding: .4em .8em; border-inline-start: 4px solid var(--warn); background: var(--warn-back); }
.note { padding: .4em .8em; border-inline-start: 4px solid var(--accent); background: var(--soft); }
.urgent { border: 3px solid var(--level, #b91c1c); border-radius: .6em; overflow: hidden; display: flex; flex-direction: column;
  gap: .6em; padding-bottom: .6em; }
.urgent > * { margin-inline: .9em; }
.urgent > .now { margin: 0; padding: .6em .9em; font-size: 1.15em; }
.urgent ul { padding-inline-start: 1.2em; }
.why, .small { font-size: .87em; color: var(--muted); }
.cite { min-width: 1.75em; min-height: 1.75em; padding: 0 .4em; margin-inline-start: .3em; border-radius: 1em;
  font-size: .87em; text-align: center; }
details { border-top: 1px solid var(--line); }
summary { padding: .5em 0; cursor: pointer; font-size: .93em; }
summary:hover { text-decoration: underline; }
.section { padding: .6em .8em; margin-bottom: .5em; background: var(--soft); border-radius: .5em; font-size: .93em; }
mark { background: #fde68a; color: #1b1f24; }
.row { display: flex; flex-wrap: wrap; gap: .4em; align-items: center; }
.row.small button, .choices button { font-size: .93em; }
.choices { display: flex; flex-wrap: wrap; gap: .4em; align-items: flex-start; }
.choices h3 { flex-basis: 100%; font-size: .93em; }
.choices button { border-color: var(--accent); border-width: 2px; }
.composer { padding: .6em 1em; border-top: 1px solid var(--line); display: flex; flex-direction: column; gap: .4em; }
.ask { display: flex; gap: .5em; align-items: flex-end; }
textarea, input:not([type=checkbox]), select { width: 100%; padding: .45em .6em; border: 1px solid var(--line);
  border-radius: .5em; background: var(--back); }
::placeholder { color: var(--muted); opacity: 1; }
textarea { resize: vertical; min-height: 2.6em; max-height: 9em; field-sizing: content; }
label { display: block; }
.tick { display: flex; gap: .6em; align-items: flex-start; }
.tick input { flex: none; width: 1.5em; height: 1.5em; margin: 0; accent-color: var(--link); }
.pick { display: flex; gap: .5em; align-items: center; font-size: .87em; }
.pick span { flex: none; }
.pick select { min-height: 2em; padding: .1em .4em; text-overflow: ellipsis; min-width: 0; }
@media (max-width: 30em), (max-height: 34em) { .contact .hours { display: none; } }
@media (max-height: 22em) { .main { overflow-y: auto; display: block; } .scroll { overflow: visible; min-height: 8em; }
  .pinned { max-height: 40%; } }
@media (prefers-reduced-motion: no-preference) { .scroll { scroll-behavior: smooth; }
  dialog[open] { animation: rise .18s ease-out; } @keyframes rise { from { transform: translateY(1em); opacity: .3; } } }
@media (forced-colors: active) { .launcher, .header, .now, .pinned, .asked { border: 2px solid; } mark { outline: 2px solid; } }
`;

  /* Nodes */

  function el(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  }

  function button(text, press, className) {
    return el("button", { type: "button", class: className, click: press }, text);
  }

  /* A link, where the address is one that may be followed; the text alone otherwise. */
  function link(address, text) {
    const isSafe = /^(https?:\/\/|tel:|mailto:)/i.test(address || "");
    const isWeb = /^http/i.test(address || "");
    const goes = isWeb ? { target: "_blank", rel: "noopener noreferrer" } : { dir: "ltr" }; // a number, also among Arabic
    return isSafe ? el("a", { href: address, ...goes }, text) : document.createTextNode(text);
  }

  function linked(runs) {
    return runs.map((run) => (run.tel ? link(`tel:${run.tel}`, run.text) : run.text));
  }

  /* A text with nodes in the places of its {names}. */
  function filled(text, values) {
    return text.split(/\{(\w+)\}/).map((piece, position) => (position % 2 ? values[piece] : piece));
  }

  /* The relative luminance of WCAG 2, 0 to 1, of [red, green, blue], 0 to 255. */
  function luminance(rgb) {
    const [red, green, blue] = rgb
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  /* What is asked of the server */

  class Refused extends Error {} // a request that would be refused again

  class Away extends Error {
    constructor(said, isBusy, wait) {
      super(said);
      this.isBusy = isBusy;
      this.waitS = Math.min(Number(wait) || 0, 60);
    }
  }

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID(); // it is missing where the page came without https
    const random = () => crypto.getRandomValues(new Uint8Array(1))[0];
    return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (random() & (15 >> (c / 4)))).toString(16));
  }

  /* Raises Refused with the server's reason, or Away where asking again may help. */
  async function call(method, path, body, signal) {
    const response = await fetch(new URL(path, SERVER), {
      method,
      signal,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    const said = problem.detail || `status ${response.status}`;
    const isBusy = response.status === 429;
    if (isBusy || response.status === 408 || response.status >= 500)
      throw new Away(said, isBusy, response.headers.get("Retry-After"));
    throw new Refused(said);
  }

  /* The events of a stream, each {event, data}. */
  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const line = (name) => (block.match(new RegExp(`^${name}: (.*)$`, "m")) || [])[1];
        if (line("data")) yield { event: line("event"), data: JSON.parse(line("data")) };
      }
    }
  }

  function pause(seconds, signal) {
    return new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000);
      addEventListener("online", resolve, { once: true, signal });
      signal.addEventListener("abort", resolve, { once: true });
    });
  }

  /* The panel */

  class ClinicChat extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const [wanted] = (SET.language || document.documentElement.lang).toLowerCase().split("-");
      this.language = FIRST.texts[wanted] ? wanted : "en";
      this.texts = FIRST.texts[this.language];
      this.clinic = FIRST.clinic;
      this.conversation = null; // {id, treatment, turns}, once the person has agreed
      this.undeleted = []; // conversations that the server could not yet be told to delete
      this.stopping = new AbortController();
      this.restore();
      this.build();
      if (this.conversation && this.conversation.isOpen && !SMALL.matches) this.open(false);
    }

    say(key, values) {
      return filled(this.texts[key], values || {}).join("");
    }

    phrase(key, nodes) {
      return filled(this.texts[key], nodes);
    }

    get title() {
      return SET.title || this.texts.title;
    }

    /* What stays in this tab: nothing before the person agrees. */
    restore() {
      try {
        Object.assign(this, JSON.parse(sessionStorage.getItem(KEPT)) || {});
      } catch {
        this.conversation = null; // storage is forbidden, or holds what is not ours
      }
    }

    keep() {
      const { conversation, undeleted } = this;
      try {
        if (conversation || undeleted.length) sessionStorage.setItem(KEPT, JSON.stringify({ conversation, undeleted }));
        else sessionStorage.removeItem(KEPT);
      } catch {
        // storage is full or forbidden: the conversation then lasts until the page is left
      }
    }

    build() {
      const shadow = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLES);
      shadow.adoptedStyleSheets = [sheet];
      const side = ["left", "right"].includes(SET.position) ? SET.position : "";
      this.launcher = el("button", { class: "launcher", "aria-haspopup": "dialog", click: () => this.open(true) }, this.title);
      this.heading = el("h2", { id: "title", tabindex: -1 }, this.title);
      this.contact = el("div", { class: "contact" });
      this.pinned = el("section", { class: "pinned", hidden: true, tabindex: 0 });
      this.main = el("div", { class: "main" });
      this.closer = button(this.say("close"), () => this.close());
      this.dialog = el(
        "dialog",
        { "aria-labelledby": "title", keydown: (event) => this.key(event), cancel: (event) => this.escape(event) },
        el("div", { class: "header" }, this.heading, this.closer),
        this.contact,
        this.pinned,
        this.main,
      );
      this.root = el("div", { class: `root ${side}`, dir: FIRST.rtl.includes(this.language) ? "rtl" : "ltr", lang: this.language });
      this.root.append(this.launcher, this.dialog);
      shadow.append(this.root);
      this.paint(SET.colour);
      SMALL.addEventListener("change", () => this.refit());
      if (window.visualViewport) visualViewport.addEventListener("resize", () => this.fit()); // a phone's keyboard comes
    }

    /* The clinic's colour, with black or white on it, whichever can be read better. */
    paint(colour) {
      if (!colour || !CSS.supports("color", colour)) return;
      const probe = this.root.appendChild(el("span"));
      probe.style.color = colour;
      const rgb = getComputedStyle(probe).color.match(/^rgb\((\d+), (\d+), (\d+)\)$/);
      probe.remove();
      if (!rgb) return;
      this.root.style.setProperty("--accent", rgb[0]);
      this.root.style.setProperty("--on", luminance(rgb.slice(1).map(Number)) > 0.179 ? "#000" : "#fff");
    }

    /* Opening and closing */

    async open(byPerson) {
      this.showDialog();
      this.launcher.hidden = true;
      this.showContact();
      if (byPerson) this.heading.focus();
      if (this.conversation) this.keepOpen(true);
      if (!this.config) await this.load();
      else this.show(byPerson);
    }

    showDialog() {
      if (SMALL.matches) this.dialog.showModal();
      else this.dialog.open = true; // show() would take the focus from the page, also where it opens by itself
      this.fit();
    }

    close() {
      this.dialog.close();
      this.launcher.hidden = false;
      this.launcher.focus();
      if (this.conversation) this.keepOpen(false);
    }

    keepOpen(isOpen) {
      this.conversation.isOpen = isOpen;
      this.keep();
    }

    key(event) {
      if (event.key === "Escape") this.escape(event);
    }

    escape(event) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }

    /* The window became small, or large. */
    refit() {
      if (!this.dialog.open) return;
      const focused = this.shadowRoot.activeElement;
      this.dialog.close();
      this.showDialog();
      if (focused) focused.focus();
    }

    fit() {
      if (!window.visualViewport) return;
      this.root.style.setProperty("--height", `${visualViewport.height}px`);
      this.root.style.setProperty("--top", `${visualViewport.offsetTop}px`);
    }

    /* The texts, the clinic, the treatments: asked for when the panel is first opened. */
    async load() {
      this.main.replaceChildren(el("p", { class: "scroll", role: "status" }, this.say("loading")));
      const asked = new URLSearchParams({ language: this.language });
      if (SET.treatment) asked.set("treatment", SET.treatment);
      try {
        const response = await call("GET", `api/widget?${asked}`);
        this.config = await response.json();
      } catch {
        this.main.replaceChildren(this.awayBox());
        return;
      }
      const { texts, clinic } = this.config;
      Object.assign(this, { texts, clinic });
      this.pinned.setAttribute("aria-label", this.say("urgent"));
      this.showContact();
      this.forgetOld();
      this.show(this.shadowRoot.activeElement === this.heading);
    }

    show(takesFocus) {
      if (!this.conversation) this.showNotice();
      else if (!this.log) this.showChat();
      if (takesFocus && this.box && this.conversation && !IS_TOUCHED.matches) this.box.focus();
    }

    /* The clinic's numbers stay at the top. */
    showContact() {
      const { phone, phone_dialled: dialled, hours, emergency_number: emergency, emergency_dialled: help } = this.clinic;
      const number = emergency || this.say("emergency_unnamed");
      const ways = [el("span", {}, ...this.phrase("emergency", { number: help ? link(`tel:${help}`, number) : number }))];
      const words = this.phrase("call", { phone: el("bdi", { dir: "ltr" }, phone || "") });
      if (phone) ways.unshift(dialled ? el("a", { href: `tel:${dialled}` }, ...words) : el("span", {}, phone));
      if (hours) ways.push(el("span", { class: "hours", dir: "auto" }, hours));
      this.contact.replaceChildren(...ways);
      if (this.clinic.is_filled_in || this.warning) return;
      this.warning = el("p", { class: "broken", role: "alert" }, this.say("not_filled_in"));
      this.contact.after(this.warning);
    }

    callUs() {
      const { phone, phone_dialled: dialled } = this.clinic;
      if (!phone) return [this.say("away_contact")];
      return this.phrase("away_call", { phone: dialled ? link(`tel:${dialled}`, phone) : phone });
    }

    awayBox() {
      const again = () => {
        this.heading.focus(); // the button goes
        this.load();
      };
      const retry = button(this.say("try_again"), again, "primary");
      return el("div", { class: "scroll", role: "alert" }, el("p", {}, this.say("away")), el("p", {}, ...this.callUs()),
        el("div", { class: "row" }, retry));
    }

    /* Before the first message */

    showNotice(said) {
      this.log = this.box = null;
      this.pinned.hidden = true;
      this.main.replaceChildren(
        el(
          "div",
          { class: "scroll", tabindex: 0, role: "group", "aria-label": this.say("notice_title") },
          said && el("p", { role: "status" }, said),
          el("h3", {}, this.say("notice_title")),
          el("p", { class: "greeting" }, this.config.notice),
          el(
            "div",
            { class: "row" },
            button(this.say("agree"), () => this.agree(), "primary"),
            button(this.say("decline"), () => this.close()),
          ),
          button(this.say("ask_clinic"), () => this.showForm()),
        ),
      );
    }

    agree() {
      this.conversation = { id: uuid(), treatment: "", turns: [], isOpen: true };
      this.keep();
      this.showChat();
      if (IS_TOUCHED.matches) this.heading.focus();
      else this.box.focus();
    }

    /* The conversation */

    showChat() {
      this.log = el("div", {
        class: "scroll",
        role: "log",
        tabindex: 0,
        "aria-live": "polite",
        "aria-busy": "true",
        "aria-label": this.say("conversation"),
      });
      this.log.append(...this.beginning());
      this.main.replaceChildren(this.log, this.composer());
      for (const turn of this.conversation.turns) this.add(turn, true);
      this.log.setAttribute("aria-busy", "false");
      this.pin();
    }

    beginning() {
      const treatment = SET.treatment;
      const suggestions = SET.suggestions ? SET.suggestions.split("|").map((text) => text.trim()) : this.config.suggestions;
      const isForeign = this.config.language !== this.config.answers_in;
      return [
        el("p", { class: "greeting" }, SET.greeting || this.texts.greeting),
        el("p", { class: "small" }, this.say("about_answers")),
        isForeign ? el("p", { class: "small" }, this.say("answers_in", { language: this.languageName() })) : null,
        treatment ? el("p", { class: "small" }, this.say("scoped", { treatment })) : this.treatments(),
        this.choices(suggestions.filter(Boolean).map((question) => ({ label: question, question })), "suggestions"),
      ].filter(Boolean);
    }

    languageName() {
      const { language, answers_in: code } = this.config;
      return new Intl.DisplayNames([language], { type: "language" }).of(code);
    }

    composer() {
      this.box = el("textarea", {
        id: "box",
        rows: 1,
        enterkeyhint: "send",
        dir: "auto",
        placeholder: this.say("question"),
        keydown: (event) => this.typed(event),
      });
      this.tools = el("div", { class: "row small" });
      this.showTools();
      return el(
        "form",
        { class: "composer", submit: (event) => this.submitted(event) },
        el("label", { for: "box", class: "hidden" }, this.say("question")),
        el("div", { class: "ask" }, this.box, el("button", { class: "primary" }, this.say("send"))),
        this.tools,
      );
    }

    treatments() {
      const { treatments } = this.config;
      if (treatments.length < 2) return null;
      const pick = el("select", { change: () => this.picked(pick.value) }, el("option", { value: "" }, this.say("any_treatment")));
      pick.append(...treatments.map((name) => el("option", { value: name, lang: this.config.answers_in }, name)));
      pick.value = this.conversation.treatment;
      return el("label", { class: "pick" }, el("span", {}, this.say("treatment")), pick);
    }

    picked(treatment) {
      this.conversation.treatment = treatment;
      this.keep();
    }

    showTools() {
      const remove = button(this.say("delete"), () => this.confirmDelete());
      this.tools.replaceChildren(button(this.say("ask_clinic"), () => this.showForm()), remove);
    }

    typed(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submitted(event);
    }

    submitted(event) {
      event.preventDefault();
      const question = this.box.value;
      if (!question.trim()) return;
      this.box.value = "";
      this.ask(question);
    }

    ask(question) {
      const { turns, treatment } = this.conversation;
      const last = turns[turns.length - 1];
      const followed = turns.filter((turn) => turn.whole && !["urgent", "smalltalk"].includes(turn.whole.answer.status));
      const turn = {
        id: uuid(),
        typed: question.trim(),
        sent: {
          question,
          treatment: SET.treatment || treatment || null,
          earlier: followed.slice(-MAX_EARLIER).map((one) => one.whole.answer.question),
          day_asked: Boolean(last && last.whole && last.whole.day_asked),
        },
        parts: [],
        whole: null,
      };
      turns.push(turn);
      this.keep();
      for (const old of this.log.querySelectorAll(".choices")) old.remove();
      this.add(turn, false);
    }

    /* Show a turn; what it has no answer to yet is asked, or asked again. */
    add(turn, isOld) {
      const asked = el("p", { class: "asked", dir: "auto" }, el("span", { class: "hidden" }, `${this.say("you_asked")} `),
        el("span", { class: "words" }, turn.typed));
      const shown = el("div", { class: "turn", tabindex: -1 }, asked, el("div", { class: "answer" }), el("p", { class: "small", role: "status" }));
      this.log.append(shown);
      const view = new TurnView(this, turn, shown);
      if (IS_TOUCHED.matches && !isOld) shown.focus(); // a phone's keyboard would cover the answer
      if (turn.whole || turn.refused) view.restore();
      else view.fetch();
      this.bringUp(shown);
    }

    /* A long answer is read from its beginning. The page around the panel must not move, so scrollIntoView will not do. */
    bringUp(shown) {
      for (const box of [this.log, this.main])
        box.scrollTop += shown.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    }

    choices(some, key) {
      if (!some.length) return null;
      const press = (question) => {
        this.ask(question);
        if (!IS_TOUCHED.matches) this.box.focus();
      };
      const lang = this.config.answers_in;
      const buttons = some.map(({ label, question }) =>
        el("button", { type: "button", lang, dir: "auto", click: () => press(question) }, label));
      return el("div", { class: "choices" }, el("h3", {}, this.say(key)), ...buttons);
    }

    /* What to do now, of the most urgent answer; of equals, of the latest. */
    pin() {
      const urgent = this.conversation.turns.filter((turn) => turn.whole && turn.whole.answer.urgency).reverse();
      const level = (turn) => LEVELS.indexOf(turn.whole.answer.urgency);
      const [most] = urgent.sort((one, other) => level(one) - level(other));
      this.pinned.hidden = !most;
      if (!most || this.pinned.dataset.id === most.id) return;
      const now = most.parts.find((part) => part.kind === "now");
      this.pinned.dataset.id = most.id;
      this.pinned.className = `pinned ${most.whole.answer.urgency}`;
      this.pinned.replaceChildren(el("p", { lang: this.config.answers_in, dir: "auto" }, ...linked(now.runs)));
    }

    /* Deleting */

    confirmDelete() {
      const cancel = button(this.say("cancel"), () => {
        this.showTools();
        this.tools.lastChild.focus();
      });
      const yes = button(this.say("delete_yes"), () => this.remove(), "primary");
      this.tools.replaceChildren(el("span", { role: "status" }, this.say("delete_sure")), yes, cancel);
      cancel.focus();
    }

    async remove() {
      this.stopping.abort();
      this.stopping = new AbortController();
      this.undeleted.push(this.conversation.id);
      this.conversation = null;
      delete this.pinned.dataset.id;
      this.keep();
      const isGone = await this.forgetOld();
      this.showNotice(this.say(isGone ? "deleted" : "deleted_here"));
      this.heading.focus();
    }

    /* Tell the server what to delete; what it does not hear of is told again when the panel is next opened. */
    async forgetOld() {
      try {
        while (this.undeleted.length) {
          await call("DELETE", `api/conversations/${this.undeleted[0]}`);
          this.undeleted.shift();
          this.keep();
        }
      } catch {
        return false;
      }
      return true;
    }

    /* A message to the clinic */

    showForm() {
      const before = [...this.main.childNodes];
      const back = button(this.say("back"), () => {
        this.main.replaceChildren(...before);
        this.heading.focus();
      });
      this.main.replaceChildren(new MessageForm(this).shown(back));
      this.heading.focus();
    }
  }

  /* One question and its answer on the screen. */
  class TurnView {
    constructor(chat, turn, shown) {
      Object.assign(this, { chat, turn, shown });
      this.signal = chat.stopping.signal;
      [this.asked, this.answer, this.status] = shown.children;
    }

    say(key, values) {
      return this.chat.say(key, values);
    }

    /* Words of the documents, in their language. */
    theirs(tag, attributes, ...children) {
      return el(tag, { ...attributes, lang: this.chat.config.answers_in, dir: "auto" }, ...children);
    }

    restore() {
      this.isOld = true;
      this.turn.parts.forEach((part) => this.show(part));
      if (this.turn.refused) this.answer.append(this.theirs("p", {}, this.turn.refused));
      else this.finish();
    }

    /* Ask until there is an answer; the same id each time, so that it is one question to the server. */
    async fetch() {
      for (let tries = 0; !this.signal.aborted; tries += 1) {
        this.clear();
        if (!tries) this.status.textContent = this.say("thinking");
        try {
          await this.stream();
          this.status.textContent = "";
          if (!this.signal.aborted) this.done();
          return;
        } catch (error) {
          if (this.signal.aborted) return;
          if (error instanceof Refused) return this.refuse(error.message);
          if (tries === WAITS_S.length) return this.giveUp();
          this.status.textContent = this.say(error.isBusy ? "busy" : "retrying");
          if (error.isBusy) this.status.append(" ", this.theirs("span", {}, error.message)); // it has the emergency number
          await pause(Math.max(WAITS_S[tries], error.waitS || 0), this.signal);
        }
      }
    }

    async stream() {
      const { id, sent } = this.turn;
      const stop = new AbortController();
      const silent = () => setTimeout(() => stop.abort(), SILENCE_S * 1000);
      this.signal.addEventListener("abort", () => stop.abort(), { once: true });
      let timer = silent();
      try {
        const body = { id, conversation: this.chat.conversation.id, ...sent };
        for await (const { event, data } of events(await call("POST", "api/chat", body, stop.signal))) {
          clearTimeout(timer);
          timer = silent();
          if (event === "done") return;
          if (event === "answer") this.whole = data;
          if (event === "part") {
            this.parts.push(data);
            this.show(data);
          }
        }
        throw new Away("cut off"); // the connection ended before the answer did
      } finally {
        clearTimeout(timer);
      }
    }

    clear() {
      this.parts = [];
      this.whole = null;
      this.answer.replaceChildren();
    }

    done() {
      Object.assign(this.turn, { parts: this.parts, whole: this.whole });
      this.chat.keep();
      this.finish();
      this.chat.pin();
      this.chat.bringUp(this.shown);
    }

    refuse(reason) {
      this.turn.refused = reason;
      this.chat.keep();
      this.status.textContent = "";
      this.answer.append(this.theirs("p", {}, reason));
      if (!this.chat.box.value) this.chat.box.value = this.turn.typed;
    }

    giveUp() {
      const again = button(this.say("try_again"), () => {
        this.shown.focus(); // the button goes
        this.fetch();
      });
      this.status.replaceChildren(this.say("away"), " ", ...this.chat.callUs(), " ", again);
    }

    /* Parts */

    show(part) {
      const nodes = linked(part.runs);
      const kind = part.kind;
      if (kind === "about") this.answer.append(this.about(nodes));
      else if (kind === "quote") this.answer.append(this.quote(part));
      else if (kind === "dispute") this.answer.append(this.dispute(part));
      else if (kind === "note" || kind === "text") this.answer.append(this.theirs("p", { class: kind }, ...nodes));
      else this.showUrgent(kind, nodes);
    }

    about(nodes) {
      return el("p", { class: "about" }, ...this.chat.phrase("about", { treatment: this.theirs("span", {}, ...nodes) }));
    }

    quote(part) {
      const cite = button(`${part.citation}`, () => this.openSource(part.citation), "cite");
      cite.setAttribute("aria-label", this.say("show_source", { number: part.citation }));
      return el("p", {}, this.theirs("span", {}, ...linked(part.runs)), cite);
    }

    dispute(part) {
      return el("div", { class: "dispute" }, el("p", { class: "disputed" }, this.say("disputed")), this.quote(part));
    }

    showUrgent(kind, nodes) {
      if (kind === "now") {
        this.urgent = this.theirs("div", { class: "urgent" });
        this.answer.append(this.urgent);
      }
      const isItem = kind === "do" || kind === "sign";
      const last = this.urgent.lastElementChild;
      const list = isItem && (last && last.tagName === "UL" ? last : this.urgent.appendChild(el("ul")));
      const role = kind === "now" && !this.isOld ? "alert" : null; // once: what was said before a reload is not said again
      (list || this.urgent).append(el(isItem ? "li" : "p", { class: kind, role }, ...nodes));
    }

    openSource(number) {
      const source = this.shown.querySelector(`details[data-number="${number}"]`);
      if (!source) return;
      source.open = true;
      source.firstElementChild.focus();
    }

    /* What comes with the whole answer */

    finish() {
      const { answer, sources, choices, day_asked: isDay } = this.turn.whole || {};
      if (!answer) return;
      if (answer.urgency && this.urgent) this.urgent.classList.add(answer.urgency);
      if (this.turn.sent.day_asked) this.asked.querySelector(".words").textContent = answer.question;
      if (sources.length) this.answer.append(this.sources(sources));
      this.status.before(this.votes());
      const isLast = this.chat.conversation.turns[this.chat.conversation.turns.length - 1] === this.turn;
      const next = isLast && this.chat.choices(choices, isDay ? "when_treated" : "next");
      if (next) this.shown.append(next);
    }

    sources(some) {
      const isUnread = some.some((source) => !source.reviewed_by);
      const notice = isUnread && el("p", { class: "small" }, `${this.say("not_reviewed")} ${this.say("word_for_word")}`);
      return el("div", {}, ...some.map((source) => this.source(source)), notice || null);
    }

    source(source) {
      const { number, title, section, page, before, quote, after, kind, names, reviewed_by: reviewer } = source;
      const where = page ? `${title}, ${this.say("page", { page })}` : title;
      const review = reviewer ? this.say("reviewed", { name: reviewer }) : this.say("not_reviewed");
      const named = names.flatMap(({ name, address }, position) => [position ? "; " : "", link(address, name)]);
      return el(
        "details",
        { "data-number": number },
        el("summary", {}, `[${number}] `, this.theirs("span", {}, section), el("span", { class: "small" }, " (",
          this.theirs("span", {}, where), `; ${this.say(KINDS[kind] || "kind_unknown")})`)),
        this.theirs("div", { class: "section" }, before, el("mark", {}, quote), after),
        el("p", { class: "small" }, `${this.say("source")} `, ...named, `. ${review}`),
      );
    }

    /* Thumbs and copying */

    votes() {
      const thumb = (key, isHelpful) => {
        const made = button(this.say(key), () => this.vote(isHelpful));
        made.setAttribute("aria-pressed", String(this.turn.helpful === isHelpful));
        return made;
      };
      this.thumbs = [thumb("helpful", true), thumb("not_helpful", false)];
      const copy = navigator.clipboard ? button(this.say("copy"), () => this.copy()) : null; // only pages with https may
      return el("div", { class: "row small" }, ...this.thumbs, copy);
    }

    async vote(isHelpful) {
      if (this.turn.helpful === isHelpful) return;
      if (!(await this.send({ helpful: isHelpful }))) return;
      this.turn.helpful = isHelpful;
      this.chat.keep();
      this.thumbs.forEach((thumb, position) => thumb.setAttribute("aria-pressed", String(isHelpful === (position === 0))));
      if (this.reasons) this.reasons.remove();
      if (!isHelpful) this.askReason();
    }

    async send(vote) {
      this.status.textContent = "";
      try {
        await call("POST", "api/feedback", { conversation: this.chat.conversation.id, id: this.turn.id, ...vote });
      } catch {
        this.status.textContent = this.say("not_sent");
        return false;
      }
      this.status.textContent = this.say("thanks");
      return true;
    }

    askReason() {
      const pick = el("select", {}, el("option", { value: "" }, "–"));
      pick.append(...Object.entries(REASONS).map(([reason, key]) => el("option", { value: reason }, this.say(key))));
      const remark = el("input", { maxlength: 500, dir: "auto" });
      const sent = async (event) => {
        event.preventDefault();
        const vote = { helpful: false, reason: pick.value || null, remark: remark.value.trim() || null };
        if (!(await this.send(vote))) return;
        this.reasons.remove();
        this.thumbs[1].focus();
      };
      this.reasons = el(
        "form",
        { class: "form small", submit: sent },
        el("label", {}, this.say("reason"), pick),
        el("label", {}, this.say("remark"), remark),
        el("div", { class: "row" }, el("button", {}, this.say("send_reason"))),
      );
      this.status.before(this.reasons);
      pick.focus();
    }

    async copy() {
      const { answer, sources } = this.turn.whole;
      const named = sources.map(({ number, section, title, names }) =>
        `[${number}] ${section} (${title}). ${names.map(({ name, address }) => [name, address].filter(Boolean).join(" ")).join("; ")}`);
      const text = [answer.question, answer.text, ...named].join("\n\n");
      this.status.textContent = await navigator.clipboard.writeText(text).then(() => this.say("copied"), () => this.say("not_copied"));
    }
  }

  /* "Send us your question": it stays as it was typed until the clinic has it. */
  class MessageForm {
    constructor(chat) {
      this.chat = chat;
      this.id = uuid(); // the same for each try: it is one message
    }

    shown(back) {
      const { chat } = this;
      const { hours, email, website } = chat.clinic;
      const answered = chat.conversation ? chat.conversation.turns.filter((turn) => turn.whole) : [];
      const field = (key, made) => [made, el("label", {}, chat.say(key), made)];
      const tick = (key, required) => {
        const box = el("input", { type: "checkbox", required });
        return [box, el("label", { class: "tick" }, box, el("span", {}, chat.say(key)))];
      };
      const [name, nameLabel] = field("form_name", el("input", { required: true, maxlength: 200, autocomplete: "name", dir: "auto" }));
      const [contact, contactLabel] = field("form_contact", el("input", { required: true, maxlength: 200 }));
      const [message, messageLabel] = field(
        "form_message", el("textarea", { required: true, maxlength: 2000, rows: 4, dir: "auto" }));
      const [transcript, transcriptLabel] = tick("form_transcript", false);
      const [, consentLabel] = tick("form_consent", true);
      if (chat.box) message.value = chat.box.value;
      this.status = el("p", { role: "status", tabindex: -1 });
      const sent = (event) => {
        event.preventDefault();
        this.send({
          name: name.value,
          contact: contact.value,
          message: message.value,
          transcript: transcript.checked
            ? answered.slice(-MAX_EXCHANGES).map(({ whole: { answer } }) => ({
                question: answer.question,
                answer: answer.text.slice(0, MAX_EXCHANGE),
              }))
            : null,
        });
      };
      this.form = el(
        "form",
        { class: "form", submit: sent },
        nameLabel,
        contactLabel,
        messageLabel,
        answered.length ? transcriptLabel : null,
        consentLabel,
        el("div", { class: "row" }, el("button", { class: "primary" }, chat.say("form_send")), back),
      );
      return el(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": chat.say("ask_clinic") },
        el("h3", {}, chat.say("ask_clinic")),
        el("p", {}, chat.say("form_about")),
        hours ? el("p", {}, chat.say("hours", { hours })) : null,
        email ? el("p", {}, link(`mailto:${email}`, email)) : null,
        website ? el("p", {}, link(website, website)) : null,
        this.form,
        this.status,
      );
    }

    /* What to do now, first. The numbers that can be tapped are at the top of the panel. */
    urgentBox({ text, urgency }) {
      const [now, ...rest] = text.split("\n");
      const lang = this.chat.config.answers_in;
      return el("div", { class: `urgent ${urgency} greeting`, lang, dir: "auto" },
        el("p", { class: "now", role: "alert" }, now), el("p", {}, rest.join("\n").trim()));
    }

    async send(message) {
      const { chat } = this;
      const conversation = chat.conversation ? chat.conversation.id : null;
      this.status.textContent = chat.say("form_sending");
      try {
        const response = await call("POST", "api/messages", { id: this.id, conversation, consent: true, ...message });
        const { receipt, urgent } = await response.json();
        if (urgent) this.form.before(this.urgentBox(urgent)); // the clinic may read it too late
        this.form.querySelector("button.primary").remove();
        this.form.querySelectorAll("input, textarea").forEach((made) => made.setAttribute("disabled", ""));
        this.status.textContent = chat.say("form_sent", { receipt });
        this.status.focus(); // the button is gone
      } catch (error) {
        const why = error instanceof Refused ? [error.message] : chat.callUs();
        this.status.replaceChildren(chat.say("form_failed"), " ", ...why);
      }
    }
  }

  customElements.define("clinic-chat", ClinicChat);
  const add = () => document.body.append(document.createElement("clinic-chat"));
  if (document.body) add();
  else addEventListener("DOMContentLoaded", add);
})();
