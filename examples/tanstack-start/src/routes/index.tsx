import { createFileRoute } from '@tanstack/react-router'
import { createServerFn } from '@tanstack/react-start'
import { countVisit } from '../visits.server'

// runs in the app's process
const visit = createServerFn().handler(() => ({ visits: countVisit(), pid: process.pid }))

export const Route = createFileRoute('/')({
  loader: () => visit(),
  component: Home,
})

function Home() {
  const { visits, pid } = Route.useLoaderData()
  return (
    <main>
      <h1>Hello</h1>
      <p>{`Visit ${visits}, answered by process ${pid}.`}</p>
    </main>
  )
}
