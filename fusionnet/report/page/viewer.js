// The slice viewer: two layers of a slice on one canvas, parted by a wipe or side by side, moved and zoomed in step.
// What is seen is held in `state`, and `state` in the address's fragment, so that an address is a view.

const MOST_ZOOM = 40;
const KEPT_PICTURES = 80;

// --- what there is to see

const { slices, layers } = JSON.parse(element("data").textContent);
const canvas = element("canvas");
const brush = canvas.getContext("2d");
const layer = (key) => layers.find((each) => each.key === key);
const second = layers.find((each) => each.key.startsWith("segments.")) || layers[layers.length - 1];
const state = { slice: 0, left: layers[0].key, right: second.key, layout: "wipe",
  wipe: 0.5, overlay: 0.6, zoom: 1, x: 0.5, y: 0.5, mark: null };
// x, y: the place in the slice that is in the middle of the view; like the wipe they are shares of its width and height.

const pictures = new Map(); // by slice and layer; the newest last
function picture(index, key) {
  const name = `${index} ${key}`;
  let image = pictures.get(name);
  if (!image) {
    image = new Image();
    image.src = `data:image/png;base64,${slices[index].pictures[key]}`;
    image.ready = image.decode();
    image.ready.then(draw);
  }
  pictures.delete(name);
  pictures.set(name, image);
  if (pictures.size > KEPT_PICTURES) pictures.delete(pictures.keys().next().value);
  return image;
}

// --- drawing

// Where a pane lies on the canvas, in CSS pixels, and how many of them a pixel of the slice takes.
function panes() {
  const { width, height } = slices[state.slice];
  const side = state.layout === "side";
  const whole = { width: canvas.clientWidth, height: canvas.clientHeight };
  const pane = { width: side ? (whole.width - 4) / 2 : whole.width, height: whole.height };
  const scale = Math.min(pane.width / width, pane.height / height) * state.zoom;
  return { whole, pane, scale, lefts: side ? [0, pane.width + 4] : [0, 0] };
}

// Give the canvas the shape of what it shows, as large as the window has room for.
function fit() {
  const { width, height } = slices[state.slice];
  const shape = (state.layout === "side" ? 2 : 1) * (width / height);
  element("viewer").classList.toggle("side", state.layout === "side");
  canvas.style.maxWidth = `${Math.round(window.innerHeight * 0.8 * shape)}px`;
  canvas.style.aspectRatio = shape;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
}

function draw() {
  const { whole, pane, scale, lefts } = panes();
  const ratio = canvas.width / whole.width;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, whole.width, whole.height);
  const divide = state.wipe * whole.width;
  const parts = state.layout === "side"
    ? [[lefts[0], pane.width], [lefts[1], pane.width]]
    : [[0, divide], [divide, whole.width - divide]];
  [state.left, state.right].forEach((key, number) => {
    brush.save();
    brush.beginPath();
    brush.rect(parts[number][0], 0, parts[number][1], whole.height);
    brush.clip();
    brush.translate(lefts[number] + pane.width / 2, pane.height / 2);
    brush.scale(scale, scale);
    drawLayer(key);
    brush.restore();
  });
  if (state.layout === "wipe") drawHandle(divide, whole.height);
}

function drawLayer(key) {
  const { width, height, pictures: there } = slices[state.slice];
  brush.translate(-state.x * width, -state.y * height);
  brush.imageSmoothingEnabled = panes().scale < 1;
  const over = layer(key).over_raw;
  for (const name of over ? ["raw", key] : [key]) {
    if (!there[name]) continue;
    const image = picture(state.slice, name);
    if (!image.complete) continue; // it draws again when it is ready
    brush.globalAlpha = over && name === key ? state.overlay : 1;
    brush.drawImage(image, 0, 0);
  }
  brush.globalAlpha = 1;
  if (state.mark) drawMark();
}

function drawMark() {
  const [x, y] = state.mark;
  const unit = 1 / panes().scale;
  for (const [colour, line] of [["#000", 4], ["#ffe14d", 2]]) {
    brush.strokeStyle = colour;
    brush.lineWidth = line * unit;
    brush.beginPath();
    brush.arc(x + 0.5, y + 0.5, Math.max(6, 22 * unit), 0, 2 * Math.PI);
    brush.stroke();
  }
}

function drawHandle(x, height) {
  brush.fillStyle = "#000";
  brush.fillRect(x - 1.5, 0, 3, height);
  brush.fillStyle = "#fff";
  brush.fillRect(x - 0.5, 0, 1, height);
  brush.beginPath();
  brush.arc(x, height / 2, 11, 0, 2 * Math.PI);
  brush.fill();
  brush.fillStyle = "#000";
  brush.font = "13px sans-serif";
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  brush.fillText("⇆", x, height / 2 + 1);
}

// --- the state, its controls, and the fragment

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function change(changes) {
  const before = { ...state };
  Object.assign(state, changes);
  state.slice = clamp(Math.round(state.slice), 0, slices.length - 1);
  state.zoom = clamp(state.zoom, 1, MOST_ZOOM);
  for (const name of ["wipe", "overlay", "x", "y"]) state[name] = clamp(state[name], 0, 1);
  if ("slice" in changes && !("mark" in changes) && state.slice !== before.slice) state.mark = null;
  if (state.layout !== before.layout || state.slice !== before.slice) fit();
  keepInside();
  canvas.style.touchAction = state.zoom > 1 ? "none" : "pan-y";
  show();
  draw();
  remember();
}

// What is seen does not reach over the slice's edge.
function keepInside() {
  const { pane, scale } = panes();
  for (const [name, size, seen] of [["x", "width", pane.width], ["y", "height", pane.height]]) {
    const half = Math.min(0.5, seen / scale / slices[state.slice][size] / 2);
    state[name] = clamp(state[name], half, 1 - half);
  }
}

function show() {
  const here = slices[state.slice];
  for (const name of ["left", "right", "layout", "slice", "wipe", "overlay"]) element(name).value = state[name];
  element("wipe").closest("label").hidden = state.layout !== "wipe";
  element("title").textContent = here.title;
  element("slice").setAttribute("aria-valuetext", here.title);
  element("scores").textContent = here.scores.join("\n");
  const zoom = state.zoom > 1 ? `, magnified ${state.zoom.toFixed(1)} times` : "";
  canvas.setAttribute("aria-label", `${here.title}, left: ${layer(state.left).title}, right: ${layer(state.right).title}${zoom}`);
  showColours();
}

function showColours() {
  const colours = element("colours");
  colours.replaceChildren();
  for (const { title, legend } of new Set([layer(state.left), layer(state.right)])) {
    if (!legend.length) continue;
    const head = document.createElement("strong");
    head.textContent = title;
    colours.append(head);
    for (const [colour, meaning] of legend) {
      const entry = document.createElement("span");
      if (colour) {
        const patch = document.createElement("span");
        patch.className = "patch";
        patch.style.background = colour;
        entry.append(patch, " ");
      }
      entry.append(meaning);
      colours.append(entry);
    }
  }
}

// Browsers refuse to note an address too often, and some not at all where a page has no address of its own.
let noted = 0;
function remember() {
  clearTimeout(noted);
  noted = setTimeout(() => {
    try {
      history.replaceState(null, "", `#${fragment()}`);
    } catch (refused) {
      noted = 0;
    }
  }, 100);
}

function fragment() {
  const { width, height, key } = slices[state.slice];
  const words = new URLSearchParams({ slice: key, left: state.left, right: state.right, layout: state.layout,
    wipe: state.wipe.toFixed(2), overlay: state.overlay.toFixed(2), zoom: state.zoom.toFixed(2),
    x: (state.x * width).toFixed(1), y: (state.y * height).toFixed(1) });
  if (state.mark) words.set("mark", state.mark.join(","));
  return words.toString();
}

// What the fragment does not name, or names wrongly, stays as it is.
function recall() {
  const words = new URLSearchParams(location.hash.slice(1));
  if (!words.has("slice")) return false;
  const changes = { mark: null };
  const index = slices.findIndex((each) => each.key === words.get("slice"));
  if (index >= 0) changes.slice = index;
  const here = slices[index >= 0 ? index : state.slice];
  for (const side of ["left", "right"]) if (layer(words.get(side))) changes[side] = words.get(side);
  if (["wipe", "side"].includes(words.get("layout"))) changes.layout = words.get("layout");
  for (const [name, unit] of [["wipe", 1], ["overlay", 1], ["zoom", 1], ["x", here.width], ["y", here.height]]) {
    const number = parseFloat(words.get(name));
    if (Number.isFinite(number)) changes[name] = number / unit;
  }
  const mark = (words.get("mark") || "").split(",").map(parseFloat);
  if (mark.length === 2 && mark.every(Number.isFinite)) changes.mark = mark;
  change(changes);
  return true;
}

// Show the view of the address, if it is one, and bring it into sight.
function follow() {
  const found = recall();
  if (found) element("viewer").scrollIntoView({ block: "start" });
  return found;
}

window.addEventListener("hashchange", follow);
