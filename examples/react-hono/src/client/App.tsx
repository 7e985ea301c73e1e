import { hc } from 'hono/client'
import { type SubmitEvent, useEffect, useState } from 'react'
import type { Api } from '../server/app.ts'

// the types of the routes, and none of their code
const { api } = hc<Api>('/')

async function loadNotes() {
  const response = await api.notes.$get()
  return response.json()
}

export function App() {
  const [notes, setNotes] = useState<Awaited<ReturnType<typeof loadNotes>>>([])
  useEffect(() => {
    loadNotes().then(setNotes)
  }, [])

  async function add(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    await api.notes.$post({ json: { text: String(new FormData(form).get('text')) } })
    form.reset()
    setNotes(await loadNotes())
  }

  return (
    <main>
      <h1>Notes</h1>
      <ul>
        {notes.map(({ id, text }) => (
          <li key={id}>{text}</li>
        ))}
      </ul>
      <form onSubmit={add}>
        <input name="text" aria-label="A new note" required />
        <button type="submit">Add</button>
      </form>
    </main>
  )
}
