"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const context = window.AudioContext ? new AudioContext() : null;
  const at = data.knobs.map((knob) => Math.floor(knob.positions.length / 2));
  const buffers = new Map();
  const state = { playing: false, isClean: false, sources: new Map(), start: 0 };
  const SVG = "http://www.w3.org/2000/svg";
  const plot = { left: 66, right: 628, top: 12, bottom: 318 };

  function current() {
    return data.takes.findIndex((take) => take.at.every((value, index) => value === data.knobs[index].positions[at[index]]));
  }

  // ---- the curve -----------------------------------------------------------------------------------------------------

  const first = Math.log10(data.freqs[0]), last = Math.log10(data.freqs.at(-1));
  const x = (freq) => plot.left + ((Math.log10(freq) - first) / (last - first)) * (plot.right - plot.left);
  const y = (level) => plot.bottom - ((level - data.floor) / (data.top - data.floor)) * (plot.bottom - plot.top);

  function drawn(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    byId("curve").append(made);
    return made;
  }

  function path(curve) {
    return curve.map((level, index) => `${index ? "L" : "M"}${x(data.freqs[index]).toFixed(1)} ${y(level).toFixed(1)}`).join("");
  }

  for (let level = data.floor; level <= data.top; level += 10) {
    drawn("line", { x1: plot.left, x2: plot.right, y1: y(level), y2: y(level), stroke: "#ddd" });
    if ((level - data.top) % 20 === 0) drawn("text", { x: plot.left - 6, y: y(level) + 4, "text-anchor": "end" }, level === data.top ? `${level} dB` : `${level}`);
  }
  for (const [freq, label] of [[20, "20 Hz"], [100, "100"], [1000, "1 kHz"], [10000, "10 kHz"], [20000, "20"]]) {
    if (freq < data.freqs[0] * 0.99 || freq > data.freqs.at(-1) * 1.01) continue;
    drawn("line", { x1: x(freq), x2: x(freq), y1: plot.top, y2: plot.bottom, stroke: "#ddd" });
    if (freq !== 20000) drawn("text", { x: x(freq), y: plot.bottom + 24, "text-anchor": freq === 20 ? "start" : "middle" }, label);
  }
  for (const curve of data.curves) drawn("path", { d: path(curve), fill: "none", stroke: "#bbb", "stroke-width": 1 });
  const shown = drawn("path", { fill: "none", stroke: "#0072b2", "stroke-width": 3.5 });

  // ---- the sound -----------------------------------------------------------------------------------------------------

  async function sound(name, address) {
    if (!buffers.has(name)) buffers.set(name, await decoded(context, address));
    return buffers.get(name);
  }

  // A take that is turned to goes on where the one before was; they fade into each other.
  async function hear() {
    if (!context || !state.playing) return;
    await context.resume();
    const name = state.isClean ? "clean" : current();
    const buffer = await sound(name, state.isClean ? data.clean : data.takes[name].sound);
    if (!state.playing || name !== (state.isClean ? "clean" : current())) return;
    if (!state.start) state.start = context.currentTime;
    if (!state.sources.has(name)) {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      const gain = new GainNode(context, { gain: 0 });
      source.connect(gain).connect(context.destination);
      source.start(0, (context.currentTime - state.start) % buffer.duration);
      state.sources.set(name, { source, gain });
    }
    for (const [each, { gain }] of state.sources) gain.gain.setTargetAtTime(each === name ? 1 : 0, context.currentTime, 0.01);
  }

  function stop() {
    for (const { source } of state.sources.values()) source.stop();
    state.sources.clear();
    state.start = 0;
  }

  // ---- what is turned ------------------------------------------------------------------------------------------------

  function update() {
    const index = current();
    shown.setAttribute("d", path(data.curves[index]));
    const words = data.knobs.map((knob, place) => `${knob.name} ${knob.positions[at[place]].toPrecision(2)}`);
    byId("told").textContent = state.isClean ? "Bypassed: what was played." : words.join(", ") || "This device has no knobs.";
    const highest = data.curves[index].indexOf(Math.max(...data.curves[index]));
    byId("curve").setAttribute("aria-label", `Small-signal response at ${words.join(", ") || "its only setting"}: highest, ` +
      `${data.curves[index][highest].toFixed(1)} dB, at ${data.freqs[highest].toPrecision(3)} hertz`);
    byId("play").setAttribute("aria-pressed", String(state.playing));
    byId("play").firstChild.textContent = state.playing ? "Stop " : "Play ";
    byId("clean").setAttribute("aria-pressed", String(state.isClean));
    hear();
  }

  for (const [place, knob] of data.knobs.entries()) {
    const label = document.createElement("label");
    label.className = "knob";
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: knob.positions.length - 1, step: 1, value: at[place] });
    const output = document.createElement("output");
    function turned() {
      at[place] = Number(slider.value);
      output.textContent = knob.positions[at[place]].toPrecision(2);
      slider.setAttribute("aria-valuetext", output.textContent);
      update();
    }
    label.append(Object.assign(document.createElement("span"), { textContent: knob.name }), output, slider);
    slider.addEventListener("input", turned);
    byId("knobs").append(label);
    turned();
  }
  function play() {
    state.playing = !state.playing;
    if (!state.playing) stop();
    update();
  }
  function bypass() {
    state.isClean = !state.isClean;
    update();
  }
  byId("play").addEventListener("click", play);
  byId("clean").addEventListener("click", bypass);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button")) return;  // which it presses
    const action = { " ": play, b: bypass }[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
  update();
})();
