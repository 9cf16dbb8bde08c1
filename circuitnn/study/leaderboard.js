"use strict";
const body = document.querySelector("#runs tbody");
const circuit = document.getElementById("circuit");
const words = document.getElementById("words");

function valueOf(row, column) {
  const cell = row.cells[column];
  if (column < 3) return cell.textContent;
  return cell.dataset.value === undefined ? Infinity : Number(cell.dataset.value);
}

function compared(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

let sorted = -1;
document.querySelectorAll("#runs th button").forEach((button, column) => {
  button.addEventListener("click", () => {
    const sign = sorted === column ? -1 : 1;
    sorted = sign > 0 ? column : -1;
    const rows = Array.from(body.rows);
    rows.sort((a, b) => sign * compared(valueOf(a, column), valueOf(b, column)));
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
}

circuit.addEventListener("change", filter);
words.addEventListener("input", filter);
