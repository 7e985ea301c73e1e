export function countWords(payload: unknown): { words: number } {
  const { text } = payload as { text: string }
  return { words: text.split(/\s+/).filter(Boolean).length }
}
