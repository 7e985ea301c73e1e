/** The jobs that workers can do. Edit it while they run. */
export const handlers: Record<string, (payload: string) => unknown> = {
  shout: (text) => text.toUpperCase(),
  count: (text) => text.split(/\s+/).length,
}
