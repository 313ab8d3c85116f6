// Small pictures of what the galleries' links show, drawn when they come into sight.

async function drawSmall(link) {
  const words = new URLSearchParams(new URL(link.href).hash.slice(1));
  const index = slices.findIndex((each) => each.key === words.get("slice"));
  const { width, height } = slices[index];
  const side = Math.min(width, height) / parseFloat(words.get("zoom"));
  const pen = link.querySelector("canvas").getContext("2d");
  pen.scale(192 / side, 192 / side);
  const inside = (name, size) => clamp(parseFloat(words.get(name)), side / 2, size - side / 2);
  pen.translate(side / 2 - inside("x", width), side / 2 - inside("y", height));
  for (const key of ["raw", words.get("right")]) {
    const image = picture(index, key);
    await image.ready;
    pen.globalAlpha = key === "raw" ? 1 : 0.6;
    pen.drawImage(image, 0, 0);
  }
}

const sight = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    drawSmall(target);
  }
});
for (const link of document.querySelectorAll(".gallery a")) {
  const small = document.createElement("canvas");
  small.width = small.height = 192;
  link.prepend(small);
  sight.observe(link);
}

