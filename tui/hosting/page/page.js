// Prepares the terminal before textual-serve's script opens it: where its console is, and how large its letters are.
"use strict";
const LETTER = { width: 0.6015, height: 1.33 }; // a cell of Roboto Mono, in parts of the font's size
const SHARED = { columns: 120, rows: 40 };

document.addEventListener("DOMContentLoaded", () => {
  const terminal = document.getElementById("terminal");
  terminal.dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + terminal.dataset.console;
  let size = Number(new URLSearchParams(location.search).get("fontsize")) || 15;
  if (terminal.dataset.console.endsWith("watch")) {
    const across = (innerWidth - 24) / SHARED.columns / LETTER.width;
    const down = (innerHeight - 12) / SHARED.rows / LETTER.height;
    size = Math.max(6, Math.min(18, Math.floor(across), Math.floor(down)));
  }
  terminal.dataset.fontSize = String(size);
  document.getElementById("again").addEventListener("click", () => location.reload());
});

// The terminal is there once textual-serve's own handler of this event has run: keys go to it without a click.
window.addEventListener("load", () => setTimeout(() => document.querySelector(".xterm-helper-textarea")?.focus()));
