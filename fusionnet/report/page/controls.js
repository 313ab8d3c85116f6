// How a person governs the slice viewer: form controls, keys, pointers.

// --- controls

for (const each of layers) {
  for (const side of ["left", "right"]) element(side).add(new Option(each.title, each.key));
}
element("slice").max = slices.length - 1;
for (const name of ["left", "right", "layout"]) {
  element(name).addEventListener("change", (event) => change({ [name]: event.target.value }));
}
for (const name of ["slice", "wipe", "overlay"]) {
  element(name).addEventListener("input", (event) => change({ [name]: parseFloat(event.target.value) }));
}
const swap = () => change({ left: state.right, right: state.left });
element("swap").addEventListener("click", swap);
element("closer").addEventListener("click", () => change({ zoom: state.zoom * 1.5 }));
element("farther").addEventListener("click", () => change({ zoom: state.zoom / 1.5 }));
element("whole").addEventListener("click", () => change({ zoom: 1 }));

const next = (side, step) => {
  const index = layers.findIndex((each) => each.key === state[side]);
  return { [side]: layers[(index + step + layers.length) % layers.length].key };
};
const move = (across, down) => {
  const { pane, scale } = panes();
  const { width, height } = slices[state.slice];
  return { x: state.x + (across * pane.width) / scale / width, y: state.y + (down * pane.height) / scale / height };
};
const keys = {
  ArrowLeft: () => ({ slice: state.slice - 1 }), ArrowRight: () => ({ slice: state.slice + 1 }),
  ArrowUp: () => ({ slice: state.slice - 1 }), ArrowDown: () => ({ slice: state.slice + 1 }),
  Home: () => ({ slice: 0 }), End: () => ({ slice: slices.length - 1 }),
  "+": () => ({ zoom: state.zoom * 1.25 }), "=": () => ({ zoom: state.zoom * 1.25 }), "-": () => ({ zoom: state.zoom / 1.25 }),
  "0": () => ({ zoom: 1 }), "[": () => ({ wipe: state.wipe - 0.05 }), "]": () => ({ wipe: state.wipe + 0.05 }),
  l: () => next("left", 1), r: () => next("right", 1), L: () => next("left", -1), R: () => next("right", -1),
  s: () => ({ left: state.right, right: state.left }),
};
const moves = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const changes = event.shiftKey && moves[event.key] ? move(...moves[event.key]) : keys[event.key] && keys[event.key]();
  if (!changes) return;
  event.preventDefault();
  change(changes);
});

// --- pointer: one drags the wipe, or the slice when it is magnified; two pinch

// The place of the slice under a point of the canvas, as shares.
function under(event) {
  const { pane, scale, lefts } = panes();
  const box = canvas.getBoundingClientRect();
  const across = event.clientX - box.left;
  const left = state.layout === "side" && across > pane.width ? lefts[1] : lefts[0];
  const { width, height } = slices[state.slice];
  return [state.x + (across - left - pane.width / 2) / scale / width, state.y + (event.clientY - box.top - pane.height / 2) / scale / height];
}

function zoomAt(event, factor) {
  const [x, y] = under(event);
  const zoom = clamp(state.zoom * factor, 1, MOST_ZOOM);
  const kept = state.zoom / zoom;
  change({ zoom, x: x + (state.x - x) * kept, y: y + (state.y - y) * kept });
}

const TURN = 40; // pixels that a wheel turns for a slice: a finger on a touchpad makes many small turns
let turned = 0;
canvas.addEventListener("wheel", (event) => {
  const focused = document.activeElement === canvas;
  if (!event.ctrlKey && !focused) return; // the page scrolls
  event.preventDefault();
  if (event.ctrlKey) zoomAt(event, Math.exp(-event.deltaY / 300));
  else {
    turned += event.deltaMode ? TURN * Math.sign(event.deltaY) : event.deltaY;
    if (Math.abs(turned) < TURN) return;
    change({ slice: state.slice + Math.sign(turned) });
    turned = 0;
  }
}, { passive: false });

const pointers = new Map();
let drags = "";
const wipeAt = (event) => ({ wipe: (event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth });
const spread = () => {
  const [first, second] = [...pointers.values()];
  return Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY);
};
canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return; // a right click opens the browser's menu
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  const near = Math.abs(wipeAt(event).wipe - state.wipe) * canvas.clientWidth < 18;
  drags = state.layout === "wipe" && (near || state.zoom === 1) ? "wipe" : "slice";
  if (drags === "wipe" && pointers.size === 1) change(wipeAt(event));
});
canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!event.buttons) pointers.delete(event.pointerId); // it was let go where nobody said so
  if (!before || !event.buttons) return;
  const apart = pointers.size === 2 ? spread() : 0;
  pointers.set(event.pointerId, event);
  if (apart) return zoomAt(event, spread() / apart);
  if (drags === "wipe") return change(wipeAt(event));
  const { pane } = panes();
  change(move((before.clientX - event.clientX) / pane.width, (before.clientY - event.clientY) / pane.height));
});
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));

new ResizeObserver(() => { fit(); draw(); }).observe(canvas);
fit();
if (!follow()) show(); // the address stays: it may be that of a section
