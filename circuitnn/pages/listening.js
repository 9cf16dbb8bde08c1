"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const test = JSON.parse(byId("data").textContent);
  const isRating = test.kind === "mushra";
  const context = window.AudioContext ? new AudioContext() : null;
  // What is asked, in an order that is drawn for each listener: [item, the sound in question or null].
  const tasks = shuffled(test.items.flatMap((item, index) =>
    isRating ? [[index, null]] : others(item).map((name) => [index, name])));
  const answers = [];
  let place = -1, playing = null, asked = null, began = 0, isSaved = false;

  function others(item) {
    return Object.keys(item).filter((name) => name !== "reference");
  }

  function shuffled(list) {
    const draws = crypto.getRandomValues(new Uint32Array(list.length));
    return list.map((entry, index) => [draws[index], entry]).sort(([a], [b]) => a - b).map(([, entry]) => entry);
  }

  function button(label, key, action, isPressable) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(`${label} `, Object.assign(document.createElement("kbd"), { textContent: key === " " ? "space" : key }));
    made.dataset.key = key;
    if (isPressable) made.setAttribute("aria-pressed", "false");
    made.addEventListener("click", action);
    return made;
  }

  function stop() {
    for (const { source } of playing ? Object.values(playing.sounds) : []) source.stop();
    playing = null;
  }

  // All run in step; what is not heard has the gain 0, so that a switch can be made at any place.
  async function hear(name) {
    asked.heard = name;
    shown();
    if (!context) return;
    await context.resume();
    const mine = asked;
    if (!asked.buffers) {
      asked.buffers = {};
      for (const [each, address] of Object.entries(asked.sounds)) mine.buffers[each] = await decoded(context, address);
    }
    if (mine !== asked || Object.keys(asked.buffers).length < Object.keys(asked.sounds).length) return;
    if (!playing) {
      playing = { sounds: {} };
      const start = context.currentTime + 0.05;
      for (const [each, buffer] of Object.entries(asked.buffers)) {
        const source = new AudioBufferSourceNode(context, { buffer, loop: true });
        const gain = new GainNode(context, { gain: 0 });
        source.connect(gain).connect(context.destination);
        source.start(start);
        playing.sounds[each] = { source, gain };
      }
    }
    for (const [each, { gain }] of Object.entries(playing.sounds)) {
      gain.gain.cancelScheduledValues(context.currentTime);
      gain.gain.setTargetAtTime(each === asked.heard ? 1 : 0, context.currentTime, 0.004);
    }
  }

  function shown() {
    for (const each of document.querySelectorAll("button[data-sound]")) {
      each.setAttribute("aria-pressed", String(each.dataset.sound === asked.heard));
    }
    if (isRating) byId("next").disabled = [...byId("ratings").querySelectorAll("input")].some((input) => !input.dataset.isSet);
  }

  function next() {
    stop();
    place += 1;
    byId("begin").hidden = true;
    if (place === tasks.length) return finish();
    const [item, name] = tasks[place];
    const sounds = test.items[item];
    byId("task").hidden = false;
    byId("where").textContent = `${place + 1} of ${tasks.length}`;
    for (const id of ["heard", "ratings", "answer"]) byId(id).replaceChildren();
    byId("told").textContent = "";
    began = Date.now();
    if (isRating) rate(item, sounds);
    else compare(item, name, sounds);
    shown();
    byId("where").focus();
  }

  function heardButton(label, key, name) {
    const made = button(label, key, () => hear(name), true);
    made.dataset.sound = name;
    return made;
  }

  function rate(item, sounds) {
    asked = { sounds, heard: null };
    byId("heard").append(heardButton("Reference", "0", "reference"), button("Stop", " ", quiet));
    const scale = document.createElement("div");
    scale.className = "scale";
    for (const word of ["bad", "poor", "fair", "good", "excellent"]) scale.append(Object.assign(document.createElement("span"), { textContent: word }));
    byId("ratings").append(scale);
    const blind = shuffled(Object.keys(sounds).filter((name) => name !== "reference"));
    for (const [index, name] of blind.entries()) {
      const row = document.createElement("div");
      row.className = "sound";
      const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, value: 50 });
      const value = Object.assign(document.createElement("output"), { textContent: "?" });
      slider.setAttribute("aria-label", `Rating of sound ${index + 1}, from 0, bad, to 100, excellent`);
      slider.dataset.name = name;
      slider.addEventListener("input", () => {
        value.textContent = slider.value;
        slider.dataset.isSet = "yes";
        shown();
      });
      row.append(heardButton("Sound", index < 9 ? String(index + 1) : String.fromCharCode(88 + index), name), slider, value);
      byId("ratings").append(row);
    }
    const done = button("Next", "n", () => {
      const ratings = {};
      for (const slider of byId("ratings").querySelectorAll("input")) ratings[slider.dataset.name] = Number(slider.value);
      answers.push({ item, ratings, seconds: (Date.now() - began) / 1000 });
      next();
    });
    done.id = "next";
    byId("answer").append(done);
    byId("told").textContent = "Rate all of them to go on.";
  }

  function compare(item, name, sounds) {
    const trial = { right: 0, asked: 0 };
    function draw() {
      trial.isB = (crypto.getRandomValues(new Uint8Array(1))[0] & 1) === 1;
      byId("told").textContent = `${trial.asked} of ${test.trials} answered.`;
    }
    asked = { sounds: { reference: sounds.reference, [name]: sounds[name] }, heard: null };
    const x = button("X", "x", () => { hear(trial.isB ? name : "reference"); pressed(x); }, true);
    const a = button("A", "a", () => { hear("reference"); pressed(a); }, true);
    const b = button("B", "b", () => { hear(name); pressed(b); }, true);
    function pressed(which) {
      for (const each of [a, b, x]) each.setAttribute("aria-pressed", String(each === which));
    }
    function answer(isB) {
      trial.asked += 1;
      trial.right += isB === trial.isB ? 1 : 0;
      if (trial.asked === test.trials) {
        answers.push({ item, sound: name, right: trial.right, asked: trial.asked, seconds: (Date.now() - began) / 1000 });
        return next();
      }
      stop();  // the new X is not heard before it is asked for
      pressed(null);
      draw();
    }
    byId("heard").append(a, b, x, button("Stop", " ", () => { quiet(); pressed(null); }));
    byId("answer").append(button("X is A", "1", () => answer(false)), button("X is B", "2", () => answer(true)));
    draw();
  }

  function quiet() {
    stop();
    asked.heard = null;
    shown();
  }

  function result() {
    return JSON.stringify({ test: test.test, kind: test.kind, listener: byId("listener").value.trim(), finished: new Date().toISOString(), answers }, null, 1);
  }

  function finish() {
    byId("task").hidden = true;
    byId("end").hidden = false;
    byId("thanks").focus();
  }

  byId("start").addEventListener("click", next);
  byId("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = `data:application/json;charset=utf-8,${encodeURIComponent(result())}`;
    link.download = `answers-${byId("listener").value.trim().replace(/[^\w-]+/g, "-") || "listener"}.json`;
    link.click();
    isSaved = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input[type=text]")) return;
    if (event.key === " " && event.target.closest("button")) return;  // which it presses
    if (byId("task").hidden) return;
    const found = document.querySelector(`#task button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!found || found.disabled) return;
    event.preventDefault();
    found.click();
  });
  // Leaving would lose what was answered.
  addEventListener("beforeunload", (event) => { if (answers.length && !isSaved) event.preventDefault(); });
})();
