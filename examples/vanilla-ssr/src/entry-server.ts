import { app } from './app.ts'

export function render(path: string, pages: number): string {
  return app(path.replace(/[&<>"]/g, ''), pages)
}
