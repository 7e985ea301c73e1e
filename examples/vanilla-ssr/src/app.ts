export function app(path: string, pages: number): string {
  return `
      <h1>Hello from ${path}</h1>
      <p>Rendered by the server, which has made <b>${pages}</b> of these pages.</p>
      <button id="counter" type="button"></button>
    `
}
