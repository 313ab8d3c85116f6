// Marks of charts say what they stand for, where the pointer is.
"use strict";

const element = (name) => document.getElementById(name);
const tip = element("tip");
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest?.(".chart [aria-label]:not([aria-roledescription='axis'])");
  const text = mark ? mark.getAttribute("aria-label") : "";
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const left = Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${event.clientY + 18}px`;
});
