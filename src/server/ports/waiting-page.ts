/** The page that a browser shows while an app has no process: it asks again, and goes where it was to lead as soon as it can. */
/** Why nobody answers. */
export interface Outage {
  name: string
  reason: string
  /** The crash report of the app's process; shown on this machine alone, as it contains code. */
  details: string | undefined
}

/** Its text. */
export function pageOf({ name, reason, details }: Outage): string {
  return `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${inHtml(name)} ${inHtml(reason)}</title>
<style>
  body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color-scheme: light dark }
  pre { padding: 1rem; overflow: auto; font: 13px/1.5 ui-monospace, monospace; border: 1px solid; border-radius: 6px }
</style>
<h1>${inHtml(name)}</h1>
<p>${inHtml(name)} ${inHtml(reason)}. This page comes back by itself.</p>
${details === undefined ? '' : `<pre>${inHtml(details)}</pre>`}
<script>
  const ask = async () => {
    try {
      const { status } = await fetch(location.href, { method: 'HEAD', cache: 'no-store' })
      if (status !== 503) return location.replace(location.href)
    } catch {}
    setTimeout(ask, 500)
  }
  setTimeout(ask, 500)
</script>
`
}

function inHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
