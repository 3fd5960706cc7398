"use strict";
const find = document.getElementById("find");
const level = document.getElementById("level");
const show = document.getElementById("show");
const rows = [...document.querySelectorAll("tr.case")];

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const text = (row.id + " " + row.querySelector("th").textContent).toLowerCase();
    const fits = words.every((word) => text.includes(word))
      && (!level.value || row.dataset.level === level.value)
      && (!show.value || row.dataset[show.value] === "1");
    row.hidden = !fits;
    count += fits;
  }
  for (const topic of document.querySelectorAll("tbody.topic")) {
    topic.hidden = !topic.querySelector("tr.case:not([hidden])");
  }
  document.getElementById("count").textContent = count === rows.length ? "" : count + " of " + rows.length;
  document.getElementById("none").hidden = count > 0;
}

for (const control of [find, level, show]) control.addEventListener("input", filter);
// A link to a case opens it.
function jump() {
  const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (row) { row.querySelector("details").open = true; row.scrollIntoView({ block: "center" }); }
}
addEventListener("hashchange", jump);
// A page that is loaded again keeps what its controls showed.
filter();
jump();
