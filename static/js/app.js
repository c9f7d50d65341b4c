// What pages do beyond HTML and htmx. Bound by data attributes only; every page also works without it.
"use strict";

// Trusted Types: htmx turns answers of this portal into HTML; scripts and script addresses stay shut.
if (window.trustedTypes && window.trustedTypes.createPolicy) {
  window.trustedTypes.createPolicy("default", { createHTML: (html) => html });
}

const all = (root, selector) => [...(root.matches && root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];

// -- Status region: results are told without moving the focus ----------------------------------------------------------
function announce(words) {
  const region = document.getElementById("status");
  if (!region || !words) return;
  region.textContent = "";
  // A region that changes in the same tick as the page is not read out.
  window.setTimeout(() => { region.textContent = words; }, 150);
}

function announceIn(root) {
  announce(all(root, "[data-announce]").map((part) => part.dataset.announce).filter(Boolean).join(" "));
}

// -- Focus: the error summary first --------------------------------------------------------------------------------------
function focusIn(root) {
  const target = all(root, "[data-focus]")[0];
  if (target) target.focus();
}

// -- Copying ---------------------------------------------------------------------------------------------------------------
async function copy(button) {
  const label = button.dataset.label || "";
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    announce(`${label}をコピーしました。`);
    button.classList.add("is-done");
  } catch {
    const shown = button.parentElement.querySelector("[data-select-all]");
    if (shown) window.getSelection().selectAllChildren(shown);
    announce(`${label}を選びました。コピーの操作をしてください。`);
  }
}

// -- Sending once ------------------------------------------------------------------------------------------------------------
function holdForm(event) {
  const form = event.target;
  if (!form.matches("[data-disable-on-submit]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-busy", "true");
  announce("送っています。");
}

function releaseForms(root) {
  for (const form of all(root, "[data-disable-on-submit]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
}

// -- Places: suggestions below an input (combobox with a listbox) ------------------------------------------------------------
class Suggest {
  constructor(input) {
    this.input = input;
    this.address = input.dataset.suggest;
    this.options = [];
    this.active = -1;
    this.asked = 0;
    this.list = document.createElement("ul");
    this.list.id = `${input.id}_list`;
    this.list.className = "suggest";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "候補");
    const box = document.createElement("div");
    box.className = "suggest-box";
    input.replaceWith(box);
    box.append(input, this.list);
    const settings = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id, autocomplete: "off" };
    for (const [name, value] of Object.entries(settings)) input.setAttribute(name, value);
    input.addEventListener("input", (event) => { if (!event.isComposing) this.ask(); });
    input.addEventListener("compositionend", () => this.ask());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    // Pressing an option must not take the focus from the input: it would close the list first.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(this.options.indexOf(option));
    });
  }

  ask() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.fetch(), 200);
  }

  async fetch() {
    const words = this.input.value.trim();
    const mine = ++this.asked;
    if (!words) return this.close();
    let answer = "";
    try {
      const address = new URL(this.address, window.location.href);
      address.searchParams.set("q", words);
      const response = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (!response.ok || response.redirected) return this.close();
      answer = await response.text();
    } catch {
      return this.close();
    }
    // An older answer must not replace a newer one.
    if (mine === this.asked && document.activeElement === this.input) this.show(answer);
  }

  show(answer) {
    const found = new DOMParser().parseFromString(answer, "text/html").querySelectorAll("[data-value]");
    this.options = [...found].map((item, index) => {
      const option = document.createElement("li");
      option.id = `${this.list.id}_${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.value = item.dataset.value;
      option.append(item.textContent.trim());
      if (item.dataset.note) {
        const note = document.createElement("span");
        note.className = "sub";
        note.textContent = ` ${item.dataset.note}`;
        option.append(note);
      }
      return option;
    });
    this.list.replaceChildren(...this.options);
    this.mark(-1);
    const open = this.options.length > 0;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    announce(open ? `候補が${this.options.length}件あります。上下の矢印キーで選べます。` : "候補はありません。");
  }

  close() {
    window.clearTimeout(this.timer);
    this.asked += 1;
    this.list.hidden = true;
    this.options = [];
    this.mark(-1);
    this.input.setAttribute("aria-expanded", "false");
  }

  mark(index) {
    this.active = index;
    this.options.forEach((option, n) => option.setAttribute("aria-selected", String(n === index)));
    const option = this.options[index];
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  take(index) {
    this.input.value = this.options[index].dataset.value;
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
    announce(`${this.input.value}を入れました。`);
    this.close();
  }

  key(event) {
    if (event.isComposing) return;
    const last = this.options.length - 1;
    if (event.key === "ArrowDown" && last < 0) {
      event.preventDefault();
      this.fetch();
    } else if (last < 0) {
      return;
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.mark(this.active === last ? 0 : this.active + 1);
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      this.mark(this.active <= 0 ? last : this.active - 1);
    } else if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.take(this.active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
  }
}

// -- Session: warned two minutes before it ends for want of use; all tabs share one session ---------------------------------
const WARN_SECONDS = 120;

class Session {
  constructor(body) {
    this.seconds = Number(body.dataset.sessionSeconds);
    this.box = document.querySelector("[data-session-warning]");
    this.left = document.querySelector("[data-session-left]");
    this.button = document.querySelector("[data-session-extend]");
    if (!this.box || !(this.seconds > 0)) return;
    this.tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
    if (this.tabs) this.tabs.onmessage = () => this.begin();
    this.button.addEventListener("click", () => this.extend());
    document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) this.used(); });
    window.setInterval(() => this.tick(), 1000);
    this.used();
  }

  used() {
    this.begin();
    if (this.tabs) this.tabs.postMessage("used");
  }

  begin() {
    this.end = Date.now() + this.seconds * 1000;
    this.warned = false;
    this.box.hidden = true;
  }

  tick() {
    const left = Math.ceil((this.end - Date.now()) / 1000);
    if (left > WARN_SECONDS) return;
    this.left.textContent = left > 60 ? `${Math.ceil(left / 60)}分` : `${Math.max(0, left)}秒`;
    if (!this.warned) {
      this.warned = true;
      this.box.hidden = false;
      announce("操作がないため、まもなくサインアウトします。続けるときは「操作を続ける」を押してください。");
    }
  }

  async extend() {
    try {
      const answer = await fetch(this.button.dataset.sessionExtend, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok || answer.redirected) throw new Error("session is over");
      this.used();
      announce("続けて操作できます。");
      document.getElementById("main").focus();
    } catch {
      announce("続けられませんでした。サインインし直してください。");
      this.left.textContent = "0秒";
    }
  }
}

// -- Binding: at the start, and for every part that htmx brings ----------------------------------------------------------------
function bind(root) {
  for (const part of all(root, "[data-copy][hidden], [data-print][hidden]")) part.hidden = false;
  for (const input of all(root, "input[data-suggest]:not([role])")) new Suggest(input);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const button = target.closest("[data-copy]");
  if (button) copy(button);
  if (target.closest("[data-print]")) window.print();
  const whole = target.closest("[data-select-all]");
  if (whole instanceof HTMLInputElement) whole.select();
  else if (whole) window.getSelection().selectAllChildren(whole);
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.matches("[data-pick-all]")) return;
  for (const row of box.closest("table").querySelectorAll("tbody .pick")) row.checked = box.checked;
});

document.addEventListener("submit", holdForm);
window.addEventListener("pageshow", (event) => { if (event.persisted) releaseForms(document); });

document.addEventListener("htmx:afterSettle", (event) => {
  bind(event.target);
  releaseForms(event.target);
  focusIn(event.target);
  announceIn(event.target);
});
document.addEventListener("htmx:responseError", () => announce("うまくいきませんでした。画面を読み込み直してください。"));
document.addEventListener("htmx:sendError", () => announce("つながりませんでした。通信を確かめて、もう一度お試しください。"));

bind(document);
focusIn(document);
announceIn(document);
new Session(document.body);
