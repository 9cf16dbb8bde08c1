"use strict";
const body = document.querySelector("#runs tbody");
const circuit = document.getElementById("circuit");
const count = document.getElementById("count");
const words = document.getElementById("words");

function valueOf(row, column) {
  const cell = row.cells[column];
  if (column < 3) return cell.textContent;
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

// What has no value comes last, whichever way the others go.
function compared(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "string") return sign * a.localeCompare(b, undefined, { numeric: true });
  return sign * (a - b);
}

const heads = Array.from(document.querySelectorAll("#runs th"));
heads.forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => {
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const rows = Array.from(body.rows);
    rows.sort((a, b) => compared(valueOf(a, column), valueOf(b, column), sign));
    rows.forEach((row) => body.appendChild(row));
  });
});

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  Array.from(body.rows).forEach((row) => {
    const text = row.textContent.toLowerCase();
    const fits = !circuit.value || row.cells[0].textContent === circuit.value;
    row.hidden = !(fits && wanted.every((word) => text.includes(word)));
  });
  const rows = Array.from(body.rows);
  count.textContent = rows.filter((row) => !row.hidden).length + " of " + rows.length;
}

circuit.addEventListener("change", filter);
words.addEventListener("input", filter);
filter(); // a browser may have kept what was chosen before
