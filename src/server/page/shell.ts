/** The HTML of the page; its script fills it. */

/** The document, with the token that the script sends with actions. */
export function shell(token: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="tether-token" content="${token}">
<title>vite-tether</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script type="module" src="page.js"></script>
</head>
<body>
<a class="skip" href="#timeline">Skip to the timeline</a>
<header>
<h1>vite-tether</h1>
<p id="root"></p>
<p id="link" role="status">connecting</p>
</header>
<main>
<section id="errors" aria-labelledby="errors-title" hidden><h2 id="errors-title">Errors</h2><div class="list" role="alert"></div></section>
<section id="runners" aria-labelledby="runners-title"><h2 id="runners-title">Runners</h2><div class="list"></div></section>
<section id="timeline" aria-labelledby="timeline-title" tabindex="-1"><h2 id="timeline-title">Timeline</h2><ol class="list" reversed></ol></section>
<section id="graph" aria-labelledby="graph-title"><h2 id="graph-title">Modules</h2>
<label for="search">Search for a module</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="db.ts">
<p id="found" role="status"></p>
<div class="columns"><ul class="list"></ul><article id="place" aria-label="Module" tabindex="-1" hidden></article></div>
</section>
</main>
<p id="live" class="unseen" aria-live="polite"></p>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`
}
