"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const players = [...document.querySelectorAll("audio[data-name]")];
  const context = window.AudioContext ? new AudioContext() : null;
  if (!context || players.length < 2) return;
  byId("abx").hidden = false;
  const choices = [byId("first"), byId("second")];
  for (const [place, choice] of choices.entries()) {
    players.forEach((player, index) => choice.add(new Option(player.dataset.name, index)));
    choice.selectedIndex = place;
  }
  const buffers = new Map();
  const trial = { heard: "a", x: draw(), playing: null, right: 0, asked: 0 };

  function draw() {
    return crypto.getRandomValues(new Uint8Array(1))[0] & 1;
  }

  async function sound(index) {
    if (!buffers.has(index)) buffers.set(index, await decoded(context, players[index].src));
    return buffers.get(index);
  }

  function stop() {
    if (!trial.playing) return;
    for (const { source } of trial.playing) source.stop();
    trial.playing = null;
    shown();
  }

  // Both run all the time, in step; what is not heard has the gain 0, so that a switch can be made at any place.
  async function play() {
    await context.resume();
    const both = await Promise.all(choices.map((choice) => sound(Number(choice.value))));
    for (const player of document.querySelectorAll("audio")) player.pause();
    const start = context.currentTime + 0.05;
    trial.playing = both.map((buffer) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      const gain = new GainNode(context, { gain: 0 });
      source.connect(gain).connect(context.destination);
      source.start(start);
      return { source, gain };
    });
    hear(trial.heard);
  }

  function hear(which) {
    trial.heard = which;
    const audible = which === "a" ? 0 : which === "b" ? 1 : trial.x;
    (trial.playing || []).forEach(({ gain }, place) => {
      gain.gain.cancelScheduledValues(context.currentTime);
      gain.gain.setTargetAtTime(place === audible ? 1 : 0, context.currentTime, 0.004);
    });
    shown();
  }

  function shown() {
    byId("play").setAttribute("aria-pressed", String(Boolean(trial.playing)));
    byId("play").firstChild.textContent = trial.playing ? "Stop " : "Play ";
    for (const which of "abx") byId(`hear-${which}`).setAttribute("aria-pressed", String(trial.heard === which));
    const isSame = choices[0].value === choices[1].value;
    for (const id of ["play", "is-a", "is-b"]) byId(id).disabled = isSame;
    if (isSame) byId("tally").textContent = "Choose two different sounds.";
  }

  // How often somebody who guesses has as many right, or more.
  function chance(right, asked) {
    let ways = 1, sum = 0;
    for (let k = 0; k <= asked; k++) {
      if (k >= right) sum += ways;
      ways = (ways * (asked - k)) / (k + 1);
    }
    return sum / 2 ** asked;
  }

  function answer(place) {
    if (choices[0].value === choices[1].value) return;
    const isRight = place === trial.x;
    trial.asked += 1;
    trial.right += isRight ? 1 : 0;
    const p = chance(trial.right, trial.asked);
    byId("tally").textContent =
      `${isRight ? "Right" : "Wrong"}: X was ${"AB"[trial.x]}. ${trial.right} of ${trial.asked} right; ` +
      `who guesses has as many or more in ${(100 * p).toPrecision(2)} % of all tries.` +
      (trial.asked < 8 ? " Ten answers or more say something." : p < 0.05 ? " The difference is heard." : " That may be chance.");
    trial.x = draw();
    hear(trial.heard === "x" ? "a" : trial.heard);  // the new X is not heard before it is asked for
  }

  function again() {
    stop();
    Object.assign(trial, { x: draw(), right: 0, asked: 0 });
    byId("tally").textContent = "No answers yet.";
    shown();
  }

  const keys = {
    a: () => hear("a"), b: () => hear("b"), x: () => hear("x"),
    1: () => answer(0), 2: () => answer(1), " ": () => (trial.playing ? stop() : play()),
  };
  byId("play").addEventListener("click", keys[" "]);
  for (const which of "abx") byId(`hear-${which}`).addEventListener("click", keys[which]);
  byId("is-a").addEventListener("click", keys[1]);
  byId("is-b").addEventListener("click", keys[2]);
  byId("again").addEventListener("click", again);
  for (const choice of choices) choice.addEventListener("change", again);
  for (const player of document.querySelectorAll("audio")) player.addEventListener("play", stop);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, audio")) return;
    if (event.key === " " && event.target.closest("button")) return;  // which it presses
    const action = keys[event.key.toLowerCase()];
    if (!action || byId("play").disabled) return;
    event.preventDefault();
    action();
  });
  shown();
})();
