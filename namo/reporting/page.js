"use strict";
(() => {
  const get = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(get(id).textContent);
  const make = (name, text, kind) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };

  // ---- the table: filtering, sorting, paging -------------------------------------------------
  const PAGE = 25;
  const data = read("table-data");
  const hasEpisodes = data.episode.some((number) => number > 0);
  const text = {
    difficulty: (row) => data.classes[data.difficulty[row]],
    outcome: (row) => data.outcomes[data.outcome[row]],
    length: (row) => data.length[row] ?? "–",
    pushes: (row) => data.pushes[row].toLocaleString("en"),
    seconds: (row) => data.seconds[row].toFixed(data.seconds[row] < 10 ? 2 : 1),
  };
  const COLUMNS = [
    ["environment", "environment", "n"],
    ...(hasEpisodes ? [["episode", "episode", "n"]] : []),
    ["difficulty", "difficulty", ""],
    ["outcome", "outcome", ""],
    ["length", "plan length", "n"],
    ["pushes", "pushes", "n"],
    ["seconds", "time (s)", "n"],
    ["file", "scene file", "file optional"],
  ];
  // Numbers and difficulty codes sort numerically, other texts alphabetically.
  const words = new Set(["outcome", "file"]);
  const value = (name, row) => (words.has(name) ? (text[name] ?? ((r) => data[name][r]))(row) : data[name][row]);
  const all = data.environment.map((_, row) => row);
  let rows = all;
  let page = 0;
  let order = { name: "environment", down: false };

  const compare = (a, b) => {
    const [x, y] = [value(order.name, a), value(order.name, b)];
    if (x === y) return a - b;
    if (x === null || y === null) return x === null ? 1 : -1; // missing values last
    return (x < y ? -1 : 1) * (order.down ? -1 : 1);
  };
  const filter = () => {
    const wanted = get("filter-text").value.trim().toLowerCase();
    const [kind, outcome] = [get("filter-class").value, get("filter-outcome").value];
    rows = all.filter((row) =>
      (kind === "" || data.difficulty[row] === Number(kind)) &&
      (outcome === "" || data.outcome[row] === Number(outcome)) &&
      (wanted === "" || String(data.environment[row]) === wanted ||
        (data.folder + data.file[row]).toLowerCase().includes(wanted)));
    page = 0;
    sort();
  };
  const sort = () => {
    rows.sort(compare);
    show();
  };
  const cell = (row, [name, , kind]) => {
    const element = make("td", undefined, kind);
    const content = String(text[name] ? text[name](row) : data[name][row]);
    if (name === "environment" && data.shown[row]) {
      const link = make("a", content);
      link.href = "#" + encodeURIComponent(data.shown[row]);
      link.title = "show in gallery";
      element.append(link);
    } else {
      element.textContent = content;
    }
    return element;
  };
  const show = () => {
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    const body = get("rows").tBodies[0];
    body.replaceChildren(...rows.slice(page * PAGE, (page + 1) * PAGE).map((row) => {
      const line = make("tr");
      line.append(...COLUMNS.map((column) => cell(row, column)));
      return line;
    }));
    get("matches").textContent = `${rows.length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`;
    get("page").textContent = `page ${page + 1} of ${pages}`;
    get("previous").disabled = page === 0;
    get("next").disabled = page >= pages - 1;
    for (const head of get("rows").tHead.rows[0].cells) {
      if (head.dataset.name === order.name) {
        head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      } else head.removeAttribute("aria-sort");
    }
  };
  for (const [name, title, kind] of COLUMNS) {
    const head = make("th", undefined, kind);
    head.scope = "col";
    head.dataset.name = name;
    const button = make("button", title);
    button.type = "button";
    button.addEventListener("click", () => {
      order = { name, down: order.name === name && !order.down };
      page = 0;
      sort();
    });
    head.append(button);
    get("rows").tHead.rows[0].append(head);
  }
  for (const [id, names] of [["filter-class", data.classes], ["filter-outcome", data.outcomes]]) {
    names.forEach((name, code) => get(id).add(new Option(name, code)));
    get(id).addEventListener("change", filter);
  }
  get("filter-text").addEventListener("input", filter);
  get("filters").addEventListener("submit", (event) => event.preventDefault());
  get("previous").addEventListener("click", () => { page -= 1; show(); });
  get("next").addEventListener("click", () => { page += 1; show(); });
  filter();

  // ---- the player -----------------------------------------------------------------------------
  const plans = read("plan-data");
  const frame = Number(get("plan-data").dataset.frameS);
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  const player = get("player");
  const decoded = (push) => {
    const width = 2 + 3 * push.moved.length;
    const now = new Array(width).fill(0);
    const frames = [];
    for (let start = 0; start < push.frames.length; start += width) {
      for (let n = 0; n < width; n += 1) now[n] += push.frames[start + n];
      frames.push(now.slice());
    }
    return { ...push, frames };
  };
  let playing = null;

  const open = (card) => {
    const pushes = plans[card.dataset.plan].map(decoded);
    const drawing = card.querySelector("svg").cloneNode(true);
    const movables = [...drawing.querySelectorAll(".movable")];
    const starts = movables.map((each) => each.getAttribute("transform"));
    // The first frame of a push is the last frame of the previous one.
    const begins = [];
    let length = 0;
    for (const push of pushes) {
      begins.push(length);
      length += push.frames.length - 1;
    }
    playing = { pushes, drawing, movables, starts, begins, length, at: 0, running: false, last: 0 };
    // In the player, movables, what pushes ask for, and the robot are drawn over ghosts and path.
    const above = [...movables, ...drawing.querySelectorAll(".request"), drawing.querySelector(".robot")];
    for (const each of above) each.parentNode.append(each);
    get("player-title").textContent = card.dataset.title;
    get("stage").replaceChildren(drawing);
    get("seek").max = length;
    player.showModal();
    get("toggle").focus();
    draw();
    if (!reducedMotion.matches) run(true);
  };
  const setPose = (element, x, y, angle) =>
    element.setAttribute("transform", `translate(${x} ${y}) rotate(${(angle * 180) / Math.PI / 1000})`);
  const draw = () => {
    const { pushes, drawing, movables, starts, begins, length, at } = playing;
    movables.forEach((each, n) => each.setAttribute("transform", starts[n]));
    let current = 0;
    pushes.forEach((push, number) => {
      if (at < begins[number] || (at === begins[number] && number > 0)) return;
      current = number;
      const time = Math.min(at - begins[number], push.frames.length - 1);
      const [before, fraction] = [Math.floor(time), time % 1];
      const [low, high] = [push.frames[before], push.frames[Math.min(before + 1, push.frames.length - 1)]];
      const now = low.map((each, n) => each + fraction * (high[n] - each));
      setPose(drawing.querySelector(".robot"), now[0], now[1], 0);
      push.moved.forEach((movable, n) => setPose(movables[movable], ...now.slice(2 + 3 * n, 5 + 3 * n)));
    });
    for (const each of drawing.querySelectorAll("[data-push]")) {
      each.classList.toggle("current", Number(each.dataset.push) === current);
    }
    get("seek").value = at;
    get("clock").textContent = `${(at * frame).toFixed(1)} / ${(length * frame).toFixed(1)} s`;
    const step = `Push ${current + 1} of ${pushes.length}: ${pushes[current].text}`;
    if (get("step").textContent !== step) get("step").textContent = step;
    get("toggle").textContent = playing.running ? "Pause" : "Play";
  };
  const tick = (now) => {
    if (!playing?.running) return;
    const passed = ((now - playing.last) / 1000) * Number(get("speed").value);
    playing.last = now;
    playing.at = Math.min(playing.at + passed / frame, playing.length);
    if (playing.at >= playing.length) playing.running = false;
    draw();
    requestAnimationFrame(tick);
  };
  const run = (running) => {
    if (running && playing.at >= playing.length) playing.at = 0;
    playing.running = running;
    playing.last = performance.now();
    draw();
    if (running) requestAnimationFrame(tick);
  };
  document.querySelectorAll("button.card[data-plan]").forEach((card) =>
    card.addEventListener("click", () => open(card)));
  get("toggle").addEventListener("click", () => run(!playing.running));
  get("seek").addEventListener("input", () => {
    playing.running = false;
    playing.at = Number(get("seek").value);
    draw();
  });
  get("close").addEventListener("click", () => player.close());
  player.addEventListener("click", (event) => { if (event.target === player) player.close(); });
  player.addEventListener("close", () => {
    playing = null;
    get("stage").replaceChildren();
  });

  // ---- why a search found no plan ------------------------------------------------------------
  document.querySelectorAll("button.card[data-dialog]").forEach((card) => {
    const why = get(card.dataset.dialog);
    card.addEventListener("click", () => why.showModal());
    why.querySelector(".close").addEventListener("click", () => why.close());
    why.addEventListener("click", (event) => { if (event.target === why) why.close(); });
  });

  // ---- commands -------------------------------------------------------------------------------
  document.querySelectorAll(".copy").forEach((button) => button.addEventListener("click", async () => {
    const command = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
    } catch { // not allowed for pages opened from a file: select the text instead
      getSelection().selectAllChildren(command);
    }
  }));
})();
