import { keep } from 'vite-tether/keep'

export interface Note {
  id: number
  text: string
}

export interface Notes {
  all(): Note[]
  add(text: string): Note
}

const notes = keep('notes', (): Note[] => [])

export function createNotes(): Notes {
  return {
    all: () => notes,
    add(text) {
      const note = { id: notes.length + 1, text }
      notes.push(note)
      return note
    },
  }
}
